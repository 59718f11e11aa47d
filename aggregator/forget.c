/*
 * forget.c - once a day: facts, touches and leads that nothing can ask for any more are dropped.
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
	struct fact *refund = fact_at(&kernel->facts, number);
	if (refund->sale != FACT_NONE && refund->sale != FACT_PAST) {
		struct fact *sale = fact_at(&kernel->facts, refund->sale);
		if (is_remembered(kernel, sale))
			return; /* it takes its part of what can be refunded */
		timeline_remove(&sale->refunds, (struct moment){refund->ts_ms, refund->id.lo, number}, &kernel->facts.bytes);
	}
	fact_drop(kernel, number);
}

static void
forget_sale(struct kernel *kernel, uint32_t number)
{
	struct fact *sale = fact_at(&kernel->facts, number);
	struct moment moment = {sale->ts_ms, sale->id.lo, number};
	for (uint32_t i = timeline_count(sale->refunds); i-- > 0;) {
		uint32_t refund = sale->refunds->at[i].ref;
		fact_at(&kernel->facts, refund)->sale = FACT_PAST; /* its booking stands */
		if (!is_remembered(kernel, fact_at(&kernel->facts, refund)))
			fact_drop(kernel, refund);
	}
	timeline_free(&sale->refunds, &kernel->facts.bytes);
	if (!sale->is_void && sale->cust != ENTITY_NONE) {
		struct entity *cust = entity_at(&kernel->entities, sale->cust);
		firsts_add(&kernel->firsts, cust->hash);
		timeline_remove(&cust->sales, moment, &kernel->entities.bytes);
	}
	if (!sale->is_void && sale->lead != LEAD_NONE)
		timeline_remove(&lead_at(&kernel->leads, sale->lead)->sales, moment, &kernel->leads.bytes);
	fact_drop(kernel, number);
}

/*
 * A lead's event counts as long as its lead is remembered, and a sale that came by then may
 * ask what it said: as long as that sale is remembered.
 */
static void
forget_lead_event(struct kernel *kernel, uint32_t number)
{
	struct fact *event = fact_at(&kernel->facts, number);
	struct lead *lead = lead_at(&kernel->leads, event->lead);
	int64_t sales_ms = kernel->config.horizon_ms + kernel->config.future_ms;
	if (!older(kernel, settle_lead_last(kernel, event), kernel->config.horizon_ms + sales_ms) ||
	    !older(kernel, event->known_ms, sales_ms))
		return;
	timeline_remove(&lead->events, (struct moment){event->ts_ms, event->id.lo, number}, &kernel->leads.bytes);
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
forget_touches(struct kernel *kernel, struct timeline **touches, uint64_t *bytes)
{
	uint32_t n = timeline_from(*touches, kernel->now_ms - kernel->config.horizon_ms - kernel->look_back_ms);
	for (uint32_t i = 0; i < n; i++)
		tuple_release(&kernel->tuples, (*touches)->at[i].ref);
	timeline_drop(touches, n, bytes);
}

static void
forget_of_lead(struct kernel *kernel, uint32_t number)
{
	struct lead *lead = lead_at(&kernel->leads, number);
	if (!lead->live)
		return;
	forget_touches(kernel, &lead->touches, &kernel->leads.bytes);
	lead_settle(&kernel->leads, number);
}

static void
forget_of_entity(struct kernel *kernel, uint32_t number)
{
	struct entity *entity = entity_at(&kernel->entities, number);
	if (!entity->live || entity->touches == NULL)
		return;
	forget_touches(kernel, &entity->touches, &kernel->entities.bytes);
	entity_settle(&kernel->entities, number);
}

/* The tables in order: what a fact refers to goes after it. */
bool
forget_some(struct kernel *kernel, uint64_t *budget)
{
	void (*const forget[])(struct kernel *, uint32_t) = {forget_fact, forget_of_lead, forget_of_entity};
	const struct pool *const pool[] = {&kernel->facts.pool, &kernel->leads.pool, &kernel->entities.pool};
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
