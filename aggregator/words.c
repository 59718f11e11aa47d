/*
 * words.c - what an event says, kept as a fact; and corrections, which say it anew.
 *
 * A correction replaces all of an event but its id, its type, its customer and what a refund
 * refers to. The highest revision is in force, of one revision the void.
 */
#include "aggregator/state.h"
#include <assert.h>

static const char *const too_many_events = "the lead has 4,096 events; one more is not taken";
static const char *const too_many_refunds = "the sale has 1,024 refunds; one more is not taken";
static const char *const too_many_waiting = "16 corrections wait for the event that ref names; one more is not taken";

static bool
is_correction(unsigned type)
{
	return type == EVENT_CORRECT || type == EVENT_VOID;
}

static bool
has_amount(unsigned type)
{
	return type == EVENT_SALE || type == EVENT_REFUND || type == EVENT_SPEND;
}

/* What is known under (kind, rev) of the event meant. */
static struct hash128
revision_of(const struct kernel *kernel, const struct group_event *event, struct hash128 target)
{
	struct {
		struct hash128 target;
		int64_t rev, type;
	} bytes = {target, event->rev, event->type};
	return hash_id(&kernel->config.key, &bytes, sizeof(bytes));
}

/* Those that have waited too long are as good as gone already. */
static void
drop_expired(struct kernel *kernel, struct hash128 target)
{
	uint32_t found[FACT_PARKED_MAX], count = facts_waiting(&kernel->facts, target, found);
	for (uint32_t i = 0; i < count; i++) {
		if (fact_at(&kernel->facts, found[i])->since_ms >= kernel->now_ms - kernel->config.horizon_ms)
			continue;
		kernel->counters.parked_expired++;
		fact_drop(kernel, found[i]);
	}
}

/* Of those that wait, as long as they may. */
static uint32_t
waiting(const struct kernel *kernel, struct hash128 target)
{
	uint32_t found[FACT_PARKED_MAX], count = facts_waiting(&kernel->facts, target, found), left = 0;
	for (uint32_t i = 0; i < count; i++)
		left += fact_at(&kernel->facts, found[i])->since_ms >= kernel->now_ms - kernel->config.horizon_ms;
	return left;
}

/* The fact of this id, if it is remembered. */
static uint32_t
remembered(const struct kernel *kernel, struct hash128 id)
{
	uint32_t number = facts_find(&kernel->facts, id);
	return number != FACT_NONE && is_remembered(kernel, fact_at(&kernel->facts, number)) ? number : FACT_NONE;
}

static uint32_t
find_lead(const struct kernel *kernel, const struct names *names)
{
	uint32_t hint = names->lead_hint;
	if (hint != INDEX_NONE && lead_is(lead_at(&kernel->leads, hint), names->lead))
		return hint;
	return leads_find(&kernel->leads, names->lead);
}

/* What an event of `type` cannot be worded as; NULL: it can. */
static const char *
wording_fault(unsigned type, unsigned flags, int64_t amt, bool names_lead, enum verdict *verdict)
{
	*verdict = VERDICT_MISSING_FIELD;
	if (has_amount(type) && !(flags & EVENT_HAS_AMT))
		return "amt is missing; the event that ref names needs it";
	if (type == EVENT_LEAD && !names_lead)
		return "lead is missing; the event that ref names needs it";
	*verdict = VERDICT_BAD_AMOUNT;
	if (amt < 0 && (flags & EVENT_HAS_AMT) && type != EVENT_SPEND)
		return "amt is negative; only a spend may be";
	return NULL;
}

/* The correction makes it an event of another lead, which takes no more. */
static bool
moves_to_full(const struct kernel *kernel, const struct fact *fact, uint32_t lead)
{
	return lead != LEAD_NONE && lead != fact->lead && lead_is_full(kernel, lead);
}

static enum verdict
correction_verdict(const struct kernel *kernel, const struct group_event *event, const struct names *names,
                   const char **why)
{
	int64_t forget_before = kernel->now_ms - kernel->config.horizon_ms;
	struct hash128 target = names->target;
	uint32_t known = remembered(kernel, target);
	enum verdict verdict;
	if (ids_is_marked(kernel->ids, target, forget_before)) {
		*why = "ref names an event that cannot be corrected: only lead, sale, refund and spend can";
		return VERDICT_BAD_FIELD;
	}
	if (known == FACT_NONE && waiting(kernel, target) >= FACT_PARKED_MAX) {
		*why = too_many_waiting;
		return VERDICT_BAD_FIELD;
	}
	switch (ids_find(kernel->ids, revision_of(kernel, event, target), event->content, forget_before)) {
	case IDS_DUPLICATE:
		return VERDICT_DUPLICATE;
	case IDS_CONFLICT:
		*why = "another correction of that event has the same rev";
		return VERDICT_ID_CONFLICT;
	case IDS_NEW:
		break;
	}
	if (known == FACT_NONE || event->type == EVENT_VOID)
		return VERDICT_OK;
	const struct fact *fact = fact_at(&kernel->facts, known);
	*why = wording_fault(fact->type, event->flags, event->num[NUM_AMT], names_given(names->lead), &verdict);
	if (*why == NULL && fact->type == EVENT_LEAD && moves_to_full(kernel, fact, find_lead(kernel, names))) {
		*why = too_many_events;
		verdict = VERDICT_BAD_FIELD;
	}
	return *why != NULL ? verdict : VERDICT_OK;
}

struct tally {
	const struct kernel *kernel;
	uint32_t count;
};

/* One that is not forgotten, nor kept for its sale's sake alone: whether forget.c has been there makes no difference. */
static void
tally_refund(void *context, uint32_t number)
{
	struct tally *tally = context;
	const struct facts *facts = &tally->kernel->facts;
	uint32_t sale = fact_money(facts, fact_at(facts, number))->sale;
	bool has_sale = sale != FACT_NONE && sale != FACT_PAST;
	tally->count += is_remembered(tally->kernel, fact_at(facts, number)) ||
	                (has_sale && is_remembered(tally->kernel, fact_at(facts, sale)));
}

enum verdict
words_verdict(const struct kernel *kernel, const struct group_event *event, const struct names *names,
              const char **why)
{
	if (is_correction(event->type))
		return correction_verdict(kernel, event, names, why);
	if (event->type == EVENT_LEAD) {
		if (!names_given(names->lead))
			return VERDICT_MISSING_FIELD;
		uint32_t lead = find_lead(kernel, names);
		if (lead != LEAD_NONE && lead_is_full(kernel, lead))
			*why = too_many_events;
	} else if (event->type == EVENT_REFUND && names_given(names->target)) {
		struct tally tally = {kernel, 0};
		facts_refunds(&kernel->facts, names->target, tally_refund, &tally);
		if (tally.count >= FACT_REFUNDS_MAX)
			*why = too_many_refunds;
	}
	return *why != NULL ? VERDICT_BAD_FIELD : VERDICT_OK;
}

void
words_remember(struct kernel *kernel, const struct group_event *event, const struct names *names)
{
	int64_t forget_before = kernel->now_ms - kernel->config.horizon_ms;
	bool correctable = event->type == EVENT_LEAD || has_amount(event->type);
	ids_add(kernel->ids, event->id, event->content, event->ts_ms, !correctable, forget_before);
	if (is_correction(event->type)) /* its revision is taken, too */
		ids_add(kernel->ids, revision_of(kernel, event, names->target), event->content, event->ts_ms, false,
		        forget_before);
}

/* ---- an event as a fact ---- */

static uint32_t
refer_entity(struct kernel *kernel, const struct names *names, unsigned kind)
{
	uint32_t id = touch_whom(kernel, names, kind);
	if (id != ENTITY_NONE)
		entity_at(&kernel->entities, id)->refs++;
	return id;
}

static uint32_t
refer_lead(struct kernel *kernel, const struct names *names)
{
	if (!names_given(names->lead))
		return LEAD_NONE;
	uint32_t number = find_lead(kernel, names);
	if (number == LEAD_NONE)
		number = leads_make(&kernel->leads, names->lead);
	lead_at(&kernel->leads, number)->refs++;
	return number;
}

static void
release_entity(struct kernel *kernel, uint32_t *id)
{
	if (*id != ENTITY_NONE) {
		entity_at(&kernel->entities, *id)->refs--;
		entity_settle(&kernel->entities, *id);
	}
	*id = ENTITY_NONE;
}

static void
release_lead(struct kernel *kernel, uint32_t *number)
{
	if (*number != LEAD_NONE) {
		lead_at(&kernel->leads, *number)->refs--;
		settle_lead_gone(kernel, *number);
	}
	*number = LEAD_NONE;
}

static uint32_t
refer_tuple(struct kernel *kernel, const struct form *form, struct hash128 hash)
{
	uint32_t id = tuple_find(&kernel->tuples, hash);
	if (id == TUPLE_NONE)
		id = tuple_make(&kernel->tuples, form, hash);
	tuple_at(&kernel->tuples, id)->refs++;
	return id;
}

static uint32_t
fact_of_event(struct kernel *kernel, const struct group_event *event, const struct names *names, struct hash128 id,
              uint32_t given)
{
	uint32_t number = facts_make(&kernel->facts, id, event->type);
	struct fact *fact = fact_at(&kernel->facts, number);
	fact->given = given;
	tuple_at(&kernel->tuples, given)->refs++;
	fact->ts_ms = event->ts_ms;
	fact->tie = names->tie;
	if (event->type == EVENT_SALE || is_correction(event->type))
		fact->since_ms = kernel->now_ms;
	if (event->type == EVENT_SALE)
		fact->since_seq = kernel->facts.seq;
	fact->rev = event->rev;
	fact->flags = event->flags & (unsigned)EVENT_FLAGS_ALL;
	memcpy(fact->num, event->num, sizeof(fact->num));
	fact->cust = refer_entity(kernel, names, ENTITY_CUST);
	fact->order = refer_entity(kernel, names, ENTITY_ORDER);
	fact->visit = refer_entity(kernel, names, ENTITY_VISIT);
	fact->lead = refer_lead(kernel, names);
	if (event->type == EVENT_REFUND || event->type == EVENT_CORRECT) {
		struct money_part *money = fact_money(&kernel->facts, fact);
		money->given_amt = event->given;
		memcpy(money->cur, event->cur, sizeof(money->cur));
	}
	if (event->type == EVENT_REFUND && names_given(names->target))
		facts_target(&kernel->facts, number, names->target);
	return number;
}

void
fact_drop(struct kernel *kernel, uint32_t number)
{
	struct fact *fact = fact_at(&kernel->facts, number);
	book_release(kernel, fact);
	tuple_release(&kernel->tuples, fact->given);
	fact->given = TUPLE_NONE;
	release_entity(kernel, &fact->cust);
	release_entity(kernel, &fact->order);
	release_entity(kernel, &fact->visit);
	release_lead(kernel, &fact->lead);
	facts_drop(&kernel->facts, number);
}

/* ---- corrections ---- */

/* The correction's words become the event's, where they belong to its type. */
static void
reword(struct kernel *kernel, struct fact *fact, struct fact *by)
{
	struct form form;
	uint32_t given = fact->given, order = fact->order, visit = fact->visit, lead = fact->lead;
	form_of_tuple(&kernel->tuples, by->given, &form);
	form.type = fact->type;
	form.stage = fact->type != EVENT_LEAD ? 0 : form.stage != 0 ? form.stage : (uint8_t)STAGE_LEAD;
	if (fact->type != EVENT_SPEND)
		form.text[TEXT_CTYPE] = (struct slice){0};
	fact->given = refer_tuple(kernel, &form, form_hash(&kernel->tuples, &form));
	tuple_release(&kernel->tuples, given);
	fact->ts_ms = by->ts_ms;
	fact->flags = by->flags;
	fact->num[NUM_AMT] = has_amount(fact->type) ? by->num[NUM_AMT] : 0;
	fact->num[NUM_QTY] = fact->type == EVENT_SALE || fact->type == EVENT_REFUND ? by->num[NUM_QTY] : 0;
	fact->order = by->order; /* the references change hands */
	by->order = order;
	fact->visit = by->visit;
	by->visit = visit;
	if (fact->type == EVENT_LEAD || fact->type == EVENT_SALE) {
		fact->lead = by->lead;
		by->lead = lead;
	}
	if (fact->type == EVENT_REFUND) {
		struct money_part *money = fact_money(&kernel->facts, fact), *new = fact_money(&kernel->facts, by);
		money->given_amt = new->given_amt;
		memcpy(money->cur, new->cur, sizeof(money->cur));
	}
	if (fact->type == EVENT_LEAD && fact->lead != lead)
		fact->generation = settle_generation(kernel, fact->lead);
}

/* Whether a correction is above what is in force. */
static bool
is_above(const struct fact *by, const struct fact *fact)
{
	if (!fact->is_corrected || by->rev != fact->rev)
		return !fact->is_corrected || by->rev > fact->rev;
	return by->type == EVENT_VOID && !fact->is_void;
}

/* To a fact that is not entered. */
static void
apply_correction(struct kernel *kernel, struct fact *fact, struct fact *by)
{
	if (by->type == EVENT_CORRECT)
		reword(kernel, fact, by);
	fact->is_void = by->type == EVENT_VOID;
	fact->rev = by->rev;
	fact->is_corrected = true;
	if (fact->type == EVENT_SALE) {
		fact->since_ms = kernel->now_ms;
		fact->since_seq = kernel->facts.seq;
	}
}

static void
apply_waiting(struct kernel *kernel, struct fact *fact)
{
	uint32_t found[FACT_PARKED_MAX], count = facts_waiting(&kernel->facts, fact->id, found);
	enum verdict verdict;
	for (uint32_t i = 0; i < count; i++) {
		struct fact *by = fact_at(&kernel->facts, found[i]);
		bool in_time = by->since_ms >= kernel->now_ms - kernel->config.horizon_ms;
		bool worded = wording_fault(fact->type, by->flags, by->num[NUM_AMT], by->lead != LEAD_NONE, &verdict) == NULL;
		bool moves = fact->type == EVENT_LEAD && moves_to_full(kernel, fact, by->lead);
		bool fits = by->type == EVENT_VOID || (worded && !moves);
		if (in_time && fits && is_above(by, fact))
			apply_correction(kernel, fact, by);
		kernel->counters.parked_expired += !in_time;
		kernel->counters.parked_unfit += in_time && !fits;
		fact_drop(kernel, found[i]);
	}
}

void
words_add(struct kernel *kernel, const struct group_event *event, const struct names *names, uint32_t given)
{
	uint32_t number = fact_of_event(kernel, event, names, event->id, given);
	struct fact *fact = fact_at(&kernel->facts, number);
	fact->rev = 0;
	if (fact->type == EVENT_LEAD)
		fact->generation = settle_generation(kernel, fact->lead);
	if (kernel->facts.parked > 0)
		apply_waiting(kernel, fact);
	if (fact->type == EVENT_SALE)
		settle_meet(kernel, number);
	fact_enter(kernel, number);
}

void
words_correct(struct kernel *kernel, const struct group_event *event, const struct names *names, uint32_t given)
{
	uint32_t known = remembered(kernel, names->target);
	tuple_at(&kernel->tuples, given)->refs++; /* those that are dropped may have had the same form */
	if (known == FACT_NONE && kernel->facts.parked > 0)
		drop_expired(kernel, names->target);
	uint32_t number = fact_of_event(kernel, event, names, names->target, given);
	tuple_release(&kernel->tuples, given);
	if (known == FACT_NONE)
		return; /* it waits */
	struct fact *fact = fact_at(&kernel->facts, known), *by = fact_at(&kernel->facts, number);
	if (is_above(by, fact)) {
		fact_leave(kernel, known);
		apply_correction(kernel, fact, by);
		fact_enter(kernel, known);
	}
	fact_drop(kernel, number);
}
