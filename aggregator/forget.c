/*
 * forget.c - once a day: facts, leads and touches that nothing can ask for any more are dropped.
 *
 * No number changes by it. What is remembered is a matter of event time (I5) and was decided
 * when it was asked; this only gives the memory back, a few records at a time.
 */
#include "aggregator/state.h"

static bool
older(const struct kernel *kernel, int64_t ts_ms, int64_t age_ms)
{
	return ts_ms < kernel->now_ms - age_ms;
}

static void
forget_refund(struct kernel *kernel, uint32_t number)
{
	uint32_t known = fact_money(&kernel->facts, fact_at(&kernel->facts, number))->sale;
	if (known != FACT_NONE && known != FACT_PAST) {
		struct fact *sale = fact_at(&kernel->facts, known);
		if (is_remembered(kernel, sale))
			return; /* it takes its part of what can be refunded */
		chain_remove(&kernel->facts, &sale->refunds, number);
	}
	fact_drop(kernel, number);
}

static void
forget_sale(struct kernel *kernel, uint32_t number)
{
	struct fact *sale = fact_at(&kernel->facts, number);
	while (sale->refunds.first != FACT_NONE) {
		uint32_t refund = sale->refunds.first;
		struct fact *its = fact_at(&kernel->facts, refund);
		chain_remove(&kernel->facts, &sale->refunds, refund);
		fact_money(&kernel->facts, its)->sale = sale->is_void ? FACT_NONE : FACT_PAST; /* its booking stands */
		if (!is_remembered(kernel, its))
			fact_drop(kernel, refund);
	}
	if (!sale->is_void && sale->cust != ENTITY_NONE) {
		struct entity *cust = entity_at(&kernel->entities, sale->cust);
		firsts_keep(&kernel->firsts, cust->hash, 1);
		timeline_remove(&cust->sales, moment_of(sale->ts_ms, sale->tie, number), &kernel->entities.slab);
	}
	if (!sale->is_void && sale->lead != LEAD_NONE)
		chain_remove(&kernel->facts, &lead_at(&kernel->leads, sale->lead)->sales, number);
	fact_drop(kernel, number);
}

/*
 * A lead's event counts as long as its lead is remembered, and a sale that came by then may
 * ask what it said, or come from where it did: as long as that sale is remembered.
 */
static void
forget_lead_event(struct kernel *kernel, uint32_t number)
{
	struct fact *event = fact_at(&kernel->facts, number);
	struct lead *lead = lead_at(&kernel->leads, event->lead);
	if (!lead_event_is_over(kernel, event))
		return;
	settle_generation(kernel, event->lead); /* how far it got is kept */
	chain_remove(&kernel->facts, &lead->events, number);
	lead->event_count--;
	fact_drop(kernel, number);
}

static void
forget_fact(struct kernel *kernel, uint32_t number)
{
	struct fact *fact = fact_at(&kernel->facts, number);
	bool waits = fact->live && (fact->type == EVENT_CORRECT || fact->type == EVENT_VOID);
	if (!fact->live || !older(kernel, waits ? fact->since_ms : fact->ts_ms, kernel->config.horizon_ms))
		return;
	kernel->counters.parked_expired += waits;
	if (fact->type == EVENT_LEAD)
		forget_lead_event(kernel, number);
	else if (fact->type == EVENT_SALE)
		forget_sale(kernel, number);
	else if (fact->type == EVENT_REFUND)
		forget_refund(kernel, number);
	else
		fact_drop(kernel, number);
}

/* Touches that no sale can ask for. */
static void
forget_touches(struct kernel *kernel, uint32_t number)
{
	struct entity *entity = entity_at(&kernel->entities, number);
	if (!entity->live || entity->touches == NULL)
		return;
	const struct moment *first;
	while ((first = timeline_first(entity->touches)) != NULL &&
	       older(kernel, moment_ts(first), kernel->config.horizon_ms + kernel->look_back_ms)) {
		tuple_release(&kernel->tuples, first->ref);
		timeline_drop_first(&entity->touches, &kernel->entities.slab);
	}
	entity_settle(&kernel->entities, number);
}

/* The tables in order: whom a fact refers to goes after it. */
bool
forget_some(struct kernel *kernel, uint64_t *budget)
{
	void (*const forget[])(struct kernel *, uint32_t) = {forget_fact, forget_touches};
	const struct pool *const pool[] = {&kernel->facts.pool, &kernel->entities.pool};
	enum { TABLES = sizeof(forget) / sizeof(forget[0]) };
	for (; kernel->forget_table < TABLES; kernel->forget_table++, kernel->forget_next = 0)
		for (; kernel->forget_next < pool[kernel->forget_table]->end; kernel->forget_next++) {
			if (*budget == 0)
				return false;
			forget[kernel->forget_table](kernel, kernel->forget_next);
			--*budget;
		}
	return true;
}
