/*
 * settle.c - what sales and refunds count as: attribution, refunds, new customers (KPI.md sections 2 and 6).
 *
 * What a fact counts as depends on what else is known: a touch or a lead that came late
 * gives an older sale its campaign, a refund caps the next one, a void makes another sale
 * the first. So nothing is decided for good: fact_enter() and fact_leave() change who is there, and settle again
 * exactly those that may look different then. A fact is settled as long as it is remembered
 * (I5); what two facts had settled by then stands.
 */
#include "aggregator/state.h"
#include <assert.h>

bool
is_remembered(const struct kernel *kernel, const struct fact *fact)
{
	return fact->ts_ms >= kernel->now_ms - kernel->config.horizon_ms;
}

static uint32_t
tuple_of_form(struct kernel *kernel, const struct form *form)
{
	struct hash128 hash = form_hash(&kernel->tuples, form);
	uint32_t id = tuple_find(&kernel->tuples, hash);
	return id != TUPLE_NONE ? id : tuple_make(&kernel->tuples, form, hash);
}

struct booking
settle_as_worded(const struct fact *fact)
{
	struct booking booking = book_none();
	if (fact->is_void)
		return booking;
	memcpy(booking.num, fact->num, sizeof(booking.num));
	booking.at[0].ts_ms = fact->ts_ms;
	booking.at[0].tuple = fact->given;
	return booking;
}

/* ---- attribution ---- */

uint32_t
settle_cust_touch(const struct kernel *kernel, uint32_t cust, int64_t ts_ms, int64_t *touch_ms)
{
	if (cust == ENTITY_NONE)
		return TUPLE_NONE;
	const struct moment *touch = timeline_last_before(entity_at(&kernel->entities, cust)->touches, ts_ms + 1);
	if (touch == NULL || moment_ts(touch) <= ts_ms - kernel->look_back_ms)
		return TUPLE_NONE;
	*touch_ms = moment_ts(touch);
	return touch->ref;
}

static void
take_touch(struct kernel *kernel, const struct fact *sale, struct form *form)
{
	int64_t touch_ms;
	uint32_t touch = settle_lead_touch(kernel, sale->lead, sale->ts_ms, &touch_ms);
	struct form from = {.text[TEXT_CHAN] = slice_of("Direct")};
	if (touch == TUPLE_NONE)
		touch = settle_cust_touch(kernel, sale->cust, sale->ts_ms, &touch_ms);
	if (touch != TUPLE_NONE)
		form_of_tuple(&kernel->tuples, touch, &from);
	for (unsigned d = TEXT_CAMP; d <= TEXT_MED; d++)
		if (kernel->tuples.dims_mask >> d & 1)
			form->text[d] = from.text[d];
}

/* The tuple that a sale counts under: its own words, what its last touch and its lead say. */
static uint32_t
attributed(struct kernel *kernel, const struct fact *sale)
{
	struct form form;
	bool touch = kernel->attributes && !(sale->flags & EVENT_HAS_TOUCH);
	if (!touch && sale->lead == LEAD_NONE)
		return sale->given;
	unsigned missing = kernel->tuples.dims_mask & ~tuple_at(&kernel->tuples, sale->given)->given;
	bool lead = sale->lead != LEAD_NONE && (missing & (1 << TEXT_TEAM | 1 << TEXT_PERS));
	if (!touch && !lead)
		return sale->given;
	form_of_tuple(&kernel->tuples, sale->given, &form);
	if (touch)
		take_touch(kernel, sale, &form);
	for (unsigned d = TEXT_TEAM; d <= TEXT_PERS && lead; d++)
		if (missing >> d & 1)
			form.text[d] = lead_says(kernel, sale, d);
	return tuple_of_form(kernel, &form);
}

/* ---- new customers ---- */

/* A customer's first sale, if it can still change. */
static uint32_t
first_sale(const struct kernel *kernel, uint32_t cust)
{
	const struct moment *first =
	    cust != ENTITY_NONE ? timeline_first(entity_at(&kernel->entities, cust)->sales) : NULL;
	return first != NULL ? first->ref : FACT_NONE;
}

static bool
is_first_ever(const struct kernel *kernel, uint32_t number, const struct fact *sale)
{
	return first_sale(kernel, sale->cust) == number &&
	       firsts_get(&kernel->firsts, entity_at(&kernel->entities, sale->cust)->hash) == 0;
}

/* ---- refunds ---- */

/* In the reporting currency: at the rate of its sale's day, so that a full refund takes back what the sale gave. */
static int64_t
amount_of(struct kernel *kernel, const struct fact *refund, const struct fact *sale)
{
	const struct money_part *money = fact_money(&kernel->facts, refund);
	int64_t amt;
	if (money->cur[0] == '\0' || kernel->config.rates == NULL)
		return refund->num[NUM_AMT];
	int64_t day = grid_day_at(&kernel->grid, sale->ts_ms).day;
	int rc = money_convert(kernel->config.rates, slice_of(money->cur), day, money->given_amt, &amt);
	return rc == 0 ? amt : refund->num[NUM_AMT];
}

static uint32_t
refund_tuple(struct kernel *kernel, uint32_t like, unsigned how)
{
	struct form form;
	form_of_tuple(&kernel->tuples, like, &form);
	form.type = EVENT_REFUND;
	form.booking = (uint8_t)how;
	form.text[TEXT_CTYPE] = (struct slice){0};
	return tuple_of_form(kernel, &form);
}

static void
settle_unmatched(struct kernel *kernel, struct fact *refund)
{
	struct booking booking = settle_as_worded(refund);
	booking.at[0].tuple = refund_tuple(kernel, refund->given, FORM_UNMATCHED);
	if (kernel->books_sold) {
		booking.at[1].ts_ms = refund->ts_ms;
		booking.at[1].tuple = refund_tuple(kernel, refund->given, FORM_UNMATCHED | FORM_AS_SOLD);
	}
	book(kernel, refund, &booking);
}

/* tuple: what the sale counts under; TUPLE_NONE: it is void, as if it had never come. */
static void
settle_refunds(struct kernel *kernel, struct fact *sale, uint32_t tuple)
{
	int64_t left[FACT_NUMS];
	memcpy(left, sale->num, sizeof(left));
	for (uint32_t n = sale->refunds.first; n != FACT_NONE; n = fact_at(&kernel->facts, n)->next) {
		struct fact *refund = fact_at(&kernel->facts, n);
		if (tuple == TUPLE_NONE) {
			settle_unmatched(kernel, refund);
			continue;
		}
		struct booking booking = settle_as_worded(refund);
		booking.num[NUM_AMT] = amount_of(kernel, refund, sale);
		booking.at[0].tuple = refund_tuple(kernel, tuple, 0);
		if (kernel->books_sold) {
			booking.at[1].ts_ms = sale->ts_ms;
			booking.at[1].tuple = refund_tuple(kernel, tuple, FORM_AS_SOLD);
		}
		for (unsigned i = 0; i < FACT_NUMS; i++) {
			booking.num[i] = booking.num[i] < left[i] ? booking.num[i] : left[i];
			left[i] -= booking.num[i];
		}
		book(kernel, refund, &booking);
	}
	sale->is_spent = tuple != TUPLE_NONE && sale->num[NUM_AMT] > 0 && left[NUM_AMT] == 0;
}

/* ---- sales ---- */

void
settle_sale(struct kernel *kernel, uint32_t number)
{
	struct fact *sale = fact_at(&kernel->facts, number);
	struct booking booking = settle_as_worded(sale);
	if (!is_remembered(kernel, sale))
		return;
	if (!sale->is_void)
		booking.at[0].tuple = attributed(kernel, sale);
	if (booking.at[0].tuple != TUPLE_NONE) /* while the refunds are looked at */
		tuple_at(&kernel->tuples, booking.at[0].tuple)->refs++;
	settle_refunds(kernel, sale, booking.at[0].tuple);
	if (!sale->is_void && !sale->is_spent && is_first_ever(kernel, number, sale))
		booking.marks = 1u << (COLUMN_NEW - COLUMN_MARKS);
	book(kernel, sale, &booking);
	if (booking.at[0].tuple != TUPLE_NONE)
		tuple_release(&kernel->tuples, booking.at[0].tuple);
}

/* A touch at ts_ms came or went: those sales for which it is, or would be, the last one. */
void
settle_touched(struct kernel *kernel, uint32_t cust, int64_t ts_ms)
{
	const struct entity *entity = entity_at(&kernel->entities, cust);
	struct timeline_walk walk;
	int64_t to_ms = ts_ms + kernel->look_back_ms;
	if (entity->sales == NULL)
		return;
	const struct moment *next = timeline_walk(&walk, entity->touches, ts_ms + 1);
	if (next != NULL && moment_ts(next) < to_ms)
		to_ms = moment_ts(next);
	for (const struct moment *sale = timeline_walk(&walk, entity->sales, ts_ms); sale != NULL && moment_ts(sale) < to_ms;
	     sale = timeline_next(&walk))
		settle_sale(kernel, sale->ref);
}

/* Of touches of one ts only the last one is ever asked for. */
static bool
is_hidden(const struct timeline *touches, struct moment touch)
{
	const struct moment *last = timeline_last_before(touches, moment_ts(&touch) + 1);
	return last != NULL && moment_ts(last) == moment_ts(&touch) && last->ref != touch.ref &&
	       (last->key > touch.key || (last->key == touch.key && last->tie > touch.tie));
}

void
settle_visit(struct kernel *kernel, uint32_t cust, struct moment touch)
{
	struct entity *entity = entity_at(&kernel->entities, cust);
	tuple_at(&kernel->tuples, touch.ref)->refs++;
	timeline_add(&entity->touches, touch, &kernel->entities.slab);
	if (entity->sales != NULL && !is_hidden(entity->touches, touch))
		settle_touched(kernel, cust, moment_ts(&touch));
}

static void
sale_enter(struct kernel *kernel, uint32_t number, struct fact *sale, bool enters)
{
	struct entity *cust = sale->cust != ENTITY_NONE ? entity_at(&kernel->entities, sale->cust) : NULL;
	struct chain *of_lead = sale->lead != LEAD_NONE ? &lead_at(&kernel->leads, sale->lead)->sales : NULL;
	struct moment moment = moment_of(sale->ts_ms, sale->tie, number);
	uint32_t was_first = first_sale(kernel, sale->cust);
	if (!sale->is_void && cust != NULL)
		(enters ? timeline_add : timeline_remove)(&cust->sales, moment, &kernel->entities.slab);
	if (!sale->is_void && of_lead != NULL)
		(enters ? chain_add : chain_remove)(&kernel->facts, of_lead, number);
	if (enters) {
		settle_sale(kernel, number);
	} else {
		struct booking none = book_none();
		book(kernel, sale, &none);
	}
	uint32_t first = first_sale(kernel, sale->cust);
	if (was_first != first) {
		if (was_first != FACT_NONE && was_first != number)
			settle_sale(kernel, was_first);
		if (first != FACT_NONE && first != number)
			settle_sale(kernel, first);
	}
}

static void
refund_enter(struct kernel *kernel, uint32_t number, struct fact *refund)
{
	struct money_part *money = fact_money(&kernel->facts, refund);
	bool names = (money->target.lo | money->target.hi) != 0;
	uint32_t known = names ? facts_find(&kernel->facts, money->target) : FACT_NONE;
	struct fact *sale = known != FACT_NONE ? fact_at(&kernel->facts, known) : NULL;
	if (refund->is_void)
		return;
	/* The refund, too: a correction that waited for it may have moved it beyond the horizon. */
	if (sale == NULL || sale->type != EVENT_SALE || !is_remembered(kernel, sale) || !is_remembered(kernel, refund)) {
		settle_unmatched(kernel, refund);
		return;
	}
	money->sale = known;
	chain_add(&kernel->facts, &sale->refunds, number);
	settle_sale(kernel, known);
}

static void
refund_leave(struct kernel *kernel, uint32_t number, struct fact *refund)
{
	struct booking none = book_none();
	struct money_part *money = fact_money(&kernel->facts, refund);
	uint32_t known = money->sale;
	book(kernel, refund, &none);
	money->sale = FACT_NONE;
	if (known == FACT_NONE || known == FACT_PAST)
		return;
	chain_remove(&kernel->facts, &fact_at(&kernel->facts, known)->refunds, number);
	settle_sale(kernel, known);
}

void
fact_enter(struct kernel *kernel, uint32_t number)
{
	struct fact *fact = fact_at(&kernel->facts, number);
	if (fact->type == EVENT_LEAD) {
		lead_enter(kernel, number);
	} else if (fact->type == EVENT_SALE) {
		sale_enter(kernel, number, fact, true);
	} else if (fact->type == EVENT_REFUND) {
		refund_enter(kernel, number, fact);
	} else {
		struct booking booking = settle_as_worded(fact);
		book(kernel, fact, &booking);
	}
}

void
fact_leave(struct kernel *kernel, uint32_t number)
{
	struct fact *fact = fact_at(&kernel->facts, number);
	if (fact->type == EVENT_LEAD) {
		lead_leave(kernel, number);
	} else if (fact->type == EVENT_SALE) {
		sale_enter(kernel, number, fact, false);
	} else if (fact->type == EVENT_REFUND) {
		refund_leave(kernel, number, fact);
	} else {
		struct booking none = book_none();
		book(kernel, fact, &none);
	}
}

struct meeting {
	struct kernel *kernel;
	uint32_t sale;
};

static void
meet_refund(void *context, uint32_t number)
{
	struct meeting *meeting = context;
	struct kernel *kernel = meeting->kernel;
	struct fact *refund = fact_at(&kernel->facts, number), *sale = fact_at(&kernel->facts, meeting->sale);
	struct money_part *money = fact_money(&kernel->facts, refund);
	if (money->sale == FACT_PAST || refund->is_void || !is_remembered(kernel, refund))
		return;
	if (money->sale != FACT_NONE) { /* an earlier sale of that id: a void one is as if it had never come */
		struct fact *earlier = fact_at(&kernel->facts, money->sale);
		if (!earlier->is_void)
			return;
		chain_remove(&kernel->facts, &earlier->refunds, number);
	}
	money->sale = meeting->sale;
	chain_add(&kernel->facts, &sale->refunds, number);
}

void
settle_meet(struct kernel *kernel, uint32_t sale)
{
	struct meeting meeting = {kernel, sale};
	if (is_remembered(kernel, fact_at(&kernel->facts, sale)))
		facts_refunds(&kernel->facts, fact_at(&kernel->facts, sale)->id, meet_refund, &meeting);
}
