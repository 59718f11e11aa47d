/*
 * settle.c - what facts count as: leads' stages, attribution, refunds, new customers (KPI.md sections 2 and 6).
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

static struct moment
moment_of(const struct fact *fact, uint32_t ref)
{
	return (struct moment){fact->ts_ms, fact->id.lo, ref};
}

static bool
is_touch(const struct kernel *kernel, const struct fact *fact)
{
	return kernel->attributes && fact->type == EVENT_LEAD && !fact->is_void && (fact->flags & EVENT_HAS_TOUCH) &&
	       !(fact->flags & EVENT_IS_DIRECT);
}

static uint32_t
tuple_of_form(struct kernel *kernel, const struct form *form)
{
	struct hash128 hash = form_hash(&kernel->tuples, form);
	uint32_t id = tuple_find(&kernel->tuples, hash);
	return id != TUPLE_NONE ? id : tuple_make(&kernel->tuples, form, hash);
}

static struct booking
no_booking(void)
{
	struct booking booking = {0};
	booking.at[0].tuple = booking.at[1].tuple = TUPLE_NONE;
	return booking;
}

/* As it is worded. */
static struct booking
plain_booking(const struct fact *fact)
{
	struct booking booking = no_booking();
	if (fact->is_void)
		return booking;
	memcpy(booking.num, fact->num, sizeof(booking.num));
	booking.at[0].ts_ms = fact->ts_ms;
	booking.at[0].tuple = fact->given;
	return booking;
}

/* ---- leads ---- */

static int64_t
generation_last(const struct kernel *kernel, const struct lead *lead, uint32_t generation)
{
	for (uint32_t i = timeline_count(lead->events); i-- > 0;)
		if (fact_at(&kernel->facts, lead->events->at[i].ref)->generation == generation)
			return lead->events->at[i].ts_ms;
	return INT64_MIN;
}

/* The tuple's text of a dimension. */
static struct slice
text_of(const struct kernel *kernel, uint32_t tuple, unsigned dim)
{
	struct form form;
	form_of_tuple(&kernel->tuples, tuple, &form);
	return form.text[dim];
}

/*
 * What the sale's lead last said about team or person. Of a generation that was forgotten
 * before the sale came nothing is known any more.
 */
static struct slice
lead_says(const struct kernel *kernel, const struct fact *sale, unsigned dim)
{
	const struct lead *lead = lead_at(&kernel->leads, sale->lead);
	for (uint32_t i = timeline_from(lead->events, sale->ts_ms + 1); i-- > 0;) {
		const struct fact *event = fact_at(&kernel->facts, lead->events->at[i].ref);
		struct slice text = text_of(kernel, event->given, dim);
		int64_t last = generation_last(kernel, lead, event->generation);
		if (!event->is_void && text.n > 0 &&
		    (sale->since_ms <= event->known_ms || sale->since_ms <= last + kernel->config.horizon_ms))
			return text;
	}
	return (struct slice){0};
}

/* The events by which a lead first entered each stage: one that names the stage, else one that implies it. */
struct entries {
	uint32_t by[STAGE_CUSTOMER + 1]; /* fact; FACT_NONE: never */
	bool is_named[STAGE_CUSTOMER + 1];
	bool rejected;
};

static struct entries
find_entries(const struct kernel *kernel, const struct lead *lead, uint32_t generation)
{
	struct entries entries = {0};
	for (unsigned stage = 0; stage <= STAGE_CUSTOMER; stage++)
		entries.by[stage] = FACT_NONE;
	for (uint32_t i = 0; i < timeline_count(lead->events); i++) {
		const struct fact *event = fact_at(&kernel->facts, lead->events->at[i].ref);
		unsigned at = tuple_at(&kernel->tuples, event->given)->stage;
		if (event->generation != generation || event->is_void)
			continue;
		entries.rejected = at == STAGE_REJECTED; /* its last word counts */
		for (unsigned stage = STAGE_LEAD; stage <= at && at <= STAGE_CUSTOMER; stage++) {
			if (entries.by[stage] != FACT_NONE && (entries.is_named[stage] || stage != at))
				continue;
			entries.by[stage] = lead->events->at[i].ref;
			entries.is_named[stage] = stage == at;
		}
	}
	return entries;
}

static uint32_t
lead_marks(const struct entries *entries, uint32_t event)
{
	uint32_t marks = 0;
	for (unsigned stage = STAGE_LEAD; stage <= STAGE_CUSTOMER && !entries->rejected; stage++) {
		if (entries->by[stage] != event)
			continue;
		marks |= 1u << (COLUMN_STAGE - COLUMN_MARKS + stage - STAGE_LEAD);
		for (unsigned reached = stage + 1; reached <= STAGE_CUSTOMER; reached++)
			if (entries->by[reached] != FACT_NONE)
				marks |= 1u << (COLUMN_COHORT - COLUMN_MARKS + cohort_of(stage, reached));
	}
	return marks;
}

static void
settle_lead(struct kernel *kernel, uint32_t number, uint32_t generation)
{
	const struct lead *lead = lead_at(&kernel->leads, number);
	struct entries entries = find_entries(kernel, lead, generation);
	for (uint32_t i = 0; i < timeline_count(lead->events); i++) {
		struct fact *event = fact_at(&kernel->facts, lead->events->at[i].ref);
		if (event->generation != generation)
			continue;
		struct booking booking = plain_booking(event);
		booking.marks = event->is_void ? 0 : lead_marks(&entries, lead->events->at[i].ref);
		book(kernel, event, &booking);
	}
}

/* ---- sales ---- */

/* The tuple of the last touch at or before ts_ms, within the look-back; TUPLE_NONE. */
static uint32_t
last_touch(const struct kernel *kernel, const struct timeline *touches, int64_t ts_ms)
{
	uint32_t behind = timeline_from(touches, ts_ms + 1);
	if (behind == 0 || touches->at[behind - 1].ts_ms <= ts_ms - kernel->look_back_ms)
		return TUPLE_NONE;
	return touches->at[behind - 1].ref;
}

static void
take_touch(struct kernel *kernel, const struct fact *sale, struct form *form)
{
	uint32_t touch = TUPLE_NONE;
	struct form from = {.text[TEXT_CHAN] = slice_of("Direct")};
	if (sale->lead != LEAD_NONE)
		touch = last_touch(kernel, lead_at(&kernel->leads, sale->lead)->touches, sale->ts_ms);
	if (touch == TUPLE_NONE && sale->cust != ENTITY_NONE)
		touch = last_touch(kernel, entity_at(&kernel->entities, sale->cust)->touches, sale->ts_ms);
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
	bool touch = kernel->attributes && !(sale->flags & EVENT_HAS_TOUCH), lead = false;
	form_of_tuple(&kernel->tuples, sale->given, &form);
	for (unsigned d = TEXT_TEAM; d <= TEXT_PERS; d++)
		lead |= (kernel->tuples.dims_mask >> d & 1) && form.text[d].n == 0 && sale->lead != LEAD_NONE;
	if (!touch && !lead)
		return sale->given;
	if (touch)
		take_touch(kernel, sale, &form);
	for (unsigned d = TEXT_TEAM; d <= TEXT_PERS && lead; d++)
		if ((kernel->tuples.dims_mask >> d & 1) && form.text[d].n == 0)
			form.text[d] = lead_says(kernel, sale, d);
	return tuple_of_form(kernel, &form);
}

/* A customer's first sale, if it can still change. */
static uint32_t
first_sale(const struct kernel *kernel, uint32_t cust)
{
	const struct entity *entity = cust != ENTITY_NONE ? entity_at(&kernel->entities, cust) : NULL;
	return entity != NULL && entity->sales != NULL ? entity->sales->at[0].ref : FACT_NONE;
}

static bool
is_first_ever(const struct kernel *kernel, uint32_t number, const struct fact *sale)
{
	return first_sale(kernel, sale->cust) == number &&
	       !firsts_has(&kernel->firsts, entity_at(&kernel->entities, sale->cust)->hash);
}

/* ---- refunds ---- */

/* In the reporting currency: at the rate of its sale's day, so that a full refund takes back what the sale gave. */
static int64_t
amount_of(struct kernel *kernel, const struct fact *refund, const struct fact *sale)
{
	int64_t amt;
	if (refund->cur[0] == '\0' || kernel->config.rates == NULL)
		return refund->num[NUM_AMT];
	int64_t day = grid_day_at(&kernel->grid, sale->ts_ms).day;
	int rc = money_convert(kernel->config.rates, slice_of(refund->cur), day, refund->given_amt, &amt);
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
	struct booking booking = plain_booking(refund);
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
	for (uint32_t i = 0; i < timeline_count(sale->refunds); i++) {
		struct fact *refund = fact_at(&kernel->facts, sale->refunds->at[i].ref);
		if (tuple == TUPLE_NONE) {
			settle_unmatched(kernel, refund);
			continue;
		}
		struct booking booking = plain_booking(refund);
		booking.num[NUM_AMT] = amount_of(kernel, refund, sale);
		booking.at[0].tuple = refund_tuple(kernel, tuple, 0);
		if (kernel->books_sold) {
			booking.at[1].ts_ms = sale->ts_ms;
			booking.at[1].tuple = refund_tuple(kernel, tuple, FORM_AS_SOLD);
		}
		for (unsigned n = 0; n < FACT_NUMS; n++) {
			booking.num[n] = booking.num[n] < left[n] ? booking.num[n] : left[n];
			left[n] -= booking.num[n];
		}
		book(kernel, refund, &booking);
	}
	sale->is_spent = tuple != TUPLE_NONE && sale->num[NUM_AMT] > 0 && left[NUM_AMT] == 0;
}

static void
settle_sale(struct kernel *kernel, uint32_t number)
{
	struct fact *sale = fact_at(&kernel->facts, number);
	struct booking booking = plain_booking(sale);
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

/* Sales in [from_ms, to_ms). */
static void
settle_sales(struct kernel *kernel, const struct timeline *sales, int64_t from_ms, int64_t to_ms)
{
	for (uint32_t i = timeline_from(sales, from_ms); i < timeline_count(sales) && sales->at[i].ts_ms < to_ms; i++)
		settle_sale(kernel, sales->at[i].ref);
}

/* A touch at ts_ms came or went: those for whom it is, or would be, the last one. */
static void
settle_touched(struct kernel *kernel, const struct timeline *touches, const struct timeline *sales, int64_t ts_ms)
{
	uint32_t next = timeline_from(touches, ts_ms + 1);
	int64_t to_ms = ts_ms + kernel->look_back_ms;
	if (next < timeline_count(touches) && touches->at[next].ts_ms < to_ms)
		to_ms = touches->at[next].ts_ms;
	settle_sales(kernel, sales, ts_ms, to_ms);
}

void
settle_visit(struct kernel *kernel, uint32_t cust, const struct group_event *event, uint32_t tuple)
{
	struct entity *entity = entity_at(&kernel->entities, cust);
	tuple_at(&kernel->tuples, tuple)->refs++;
	timeline_add(&entity->touches, (struct moment){event->ts_ms, event->id.lo, tuple}, &kernel->entities.bytes);
	settle_touched(kernel, entity->touches, entity->sales, event->ts_ms);
}

/* ---- coming and going ---- */

static void
touch_enter(struct kernel *kernel, const struct fact *event, bool enters)
{
	struct lead *lead = lead_at(&kernel->leads, event->lead);
	struct entity *cust = event->cust != ENTITY_NONE ? entity_at(&kernel->entities, event->cust) : NULL;
	struct moment moment = moment_of(event, event->given);
	struct tuple *tuple = tuple_at(&kernel->tuples, event->given);
	uint32_t lists = cust != NULL ? 2 : 1;
	if (enters) {
		tuple->refs += lists;
		timeline_add(&lead->touches, moment, &kernel->leads.bytes);
		if (cust != NULL)
			timeline_add(&cust->touches, moment, &kernel->entities.bytes);
	} else {
		tuple->refs -= lists; /* the fact has one itself */
		timeline_remove(&lead->touches, moment, &kernel->leads.bytes);
		if (cust != NULL)
			timeline_remove(&cust->touches, moment, &kernel->entities.bytes);
	}
	if (cust != NULL)
		settle_touched(kernel, cust->touches, cust->sales, event->ts_ms);
}

/* An event is about to leave its generation, which may be forgotten by that, but was not until now. */
static void
generation_known(struct kernel *kernel, const struct lead *lead, uint32_t generation)
{
	for (uint32_t i = 0; i < timeline_count(lead->events); i++) {
		struct fact *event = fact_at(&kernel->facts, lead->events->at[i].ref);
		if (event->generation == generation)
			event->known_ms = kernel->now_ms;
	}
}

static void
lead_enter(struct kernel *kernel, uint32_t number, struct fact *event, bool enters)
{
	struct lead *lead = lead_at(&kernel->leads, event->lead);
	if (enters) {
		timeline_add(&lead->events, moment_of(event, number), &kernel->leads.bytes);
	} else {
		struct booking none = no_booking();
		generation_known(kernel, lead, event->generation);
		timeline_remove(&lead->events, moment_of(event, number), &kernel->leads.bytes);
		book(kernel, event, &none);
	}
	settle_lead(kernel, event->lead, event->generation);
	if (is_touch(kernel, event))
		touch_enter(kernel, event, enters);
	if (!event->is_void) /* they may inherit its touch, its team, its person */
		settle_sales(kernel, lead->sales, event->ts_ms, INT64_MAX);
}

static void
sale_enter(struct kernel *kernel, uint32_t number, struct fact *sale, bool enters)
{
	struct entity *cust = sale->cust != ENTITY_NONE ? entity_at(&kernel->entities, sale->cust) : NULL;
	struct lead *lead = sale->lead != LEAD_NONE ? lead_at(&kernel->leads, sale->lead) : NULL;
	struct moment moment = moment_of(sale, number);
	uint32_t was_first = first_sale(kernel, sale->cust);
	void (*change)(struct timeline **, struct moment, uint64_t *) = enters ? timeline_add : timeline_remove;
	if (!sale->is_void && cust != NULL)
		change(&cust->sales, moment, &kernel->entities.bytes);
	if (!sale->is_void && lead != NULL)
		change(&lead->sales, moment, &kernel->leads.bytes);
	if (enters) {
		settle_sale(kernel, number);
	} else {
		struct booking none = no_booking();
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
	uint32_t known = (refund->target.lo | refund->target.hi) != 0 ? facts_find(&kernel->facts, refund->target) : FACT_NONE;
	struct fact *sale = known != FACT_NONE ? fact_at(&kernel->facts, known) : NULL;
	if (refund->is_void)
		return;
	/* The refund, too: a correction that waited for it may have moved it beyond the horizon. */
	if (sale == NULL || sale->type != EVENT_SALE || !is_remembered(kernel, sale) || !is_remembered(kernel, refund)) {
		settle_unmatched(kernel, refund);
		return;
	}
	refund->sale = known;
	timeline_add(&sale->refunds, moment_of(refund, number), &kernel->facts.bytes);
	settle_sale(kernel, known);
}

static void
refund_leave(struct kernel *kernel, uint32_t number, struct fact *refund)
{
	struct booking none = no_booking();
	uint32_t known = refund->sale;
	book(kernel, refund, &none);
	refund->sale = FACT_NONE;
	if (known == FACT_NONE || known == FACT_PAST)
		return;
	timeline_remove(&fact_at(&kernel->facts, known)->refunds, moment_of(refund, number), &kernel->facts.bytes);
	settle_sale(kernel, known);
}

void
fact_enter(struct kernel *kernel, uint32_t number)
{
	struct fact *fact = fact_at(&kernel->facts, number);
	struct booking booking = plain_booking(fact);
	switch (fact->type) {
	case EVENT_LEAD:
		lead_enter(kernel, number, fact, true);
		break;
	case EVENT_SALE:
		sale_enter(kernel, number, fact, true);
		break;
	case EVENT_REFUND:
		refund_enter(kernel, number, fact);
		break;
	default:
		book(kernel, fact, &booking);
	}
}

void
fact_leave(struct kernel *kernel, uint32_t number)
{
	struct fact *fact = fact_at(&kernel->facts, number);
	struct booking none = no_booking();
	switch (fact->type) {
	case EVENT_LEAD:
		lead_enter(kernel, number, fact, false);
		break;
	case EVENT_SALE:
		sale_enter(kernel, number, fact, false);
		break;
	case EVENT_REFUND:
		refund_leave(kernel, number, fact);
		break;
	default:
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
	if (refund->sale != FACT_NONE || refund->is_void || !is_remembered(kernel, refund))
		return;
	refund->sale = meeting->sale;
	timeline_add(&sale->refunds, moment_of(refund, number), &kernel->facts.bytes);
}

void
settle_meet(struct kernel *kernel, uint32_t sale)
{
	struct meeting meeting = {kernel, sale};
	if (is_remembered(kernel, fact_at(&kernel->facts, sale)))
		facts_refunds(&kernel->facts, fact_at(&kernel->facts, sale)->id, meet_refund, &meeting);
}

uint32_t
settle_generation(struct kernel *kernel, uint32_t number)
{
	struct lead *lead = lead_at(&kernel->leads, number);
	if (generation_last(kernel, lead, lead->generation) < kernel->now_ms - kernel->config.horizon_ms)
		lead->generation++;
	return lead->generation;
}

int64_t
settle_lead_last(const struct kernel *kernel, const struct fact *event)
{
	return generation_last(kernel, lead_at(&kernel->leads, event->lead), event->generation);
}
