/* facts.c - the table of facts. */
#include "aggregator/facts.h"
#include "aggregator/entities.h"
#include "aggregator/leads.h"
#include <assert.h>
#include <stdlib.h>

void
facts_init(struct facts *facts)
{
	*facts = (struct facts){0};
	pool_init(&facts->pool, sizeof(struct fact), FACT_CHUNK);
	index_init(&facts->by_id);
	index_init(&facts->by_target);
}

void
facts_fini(struct facts *facts)
{
	for (uint32_t n = 0; n < facts->pool.end; n++)
		if (fact_at(facts, n)->live && fact_at(facts, n)->type == EVENT_SALE)
			free(fact_at(facts, n)->refunds);
	pool_fini(&facts->pool);
	index_fini(&facts->by_id);
	index_fini(&facts->by_target);
}

static bool
same(struct hash128 a, struct hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static bool
waits(const struct fact *fact)
{
	return fact->type == EVENT_CORRECT || fact->type == EVENT_VOID;
}

uint32_t
facts_make(struct facts *facts, struct hash128 id, unsigned type)
{
	uint32_t past = facts_find(facts, id), number = pool_take(&facts->pool);
	struct fact *fact = fact_at(facts, number);
	bool is_waiting = type == EVENT_CORRECT || type == EVENT_VOID;
	*fact = (struct fact){.id = id, .seq = facts->seq++, .type = (uint8_t)type, .live = true};
	fact->given = fact->booking.at[0].tuple = fact->booking.at[1].tuple = TUPLE_NONE;
	fact->cust = fact->order = fact->visit = ENTITY_NONE;
	fact->lead = LEAD_NONE;
	if (type == EVENT_REFUND)
		fact->sale = FACT_NONE;
	if (past != FACT_NONE && !is_waiting)
		fact_at(facts, past)->is_past = true;
	facts->parked += is_waiting;
	index_insert(&facts->by_id, id.lo, number);
	return number;
}

void
facts_drop(struct facts *facts, uint32_t number)
{
	struct fact *fact = fact_at(facts, number);
	assert(fact->live && fact->booking.at[0].tuple == TUPLE_NONE && fact->given == TUPLE_NONE);
	index_remove(&facts->by_id, fact->id.lo, number);
	facts->parked -= waits(fact);
	fact->live = false;
	pool_give_back(&facts->pool, number);
}

uint32_t
facts_find(const struct facts *facts, struct hash128 id)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&facts->by_id, &walk, id.lo); n != INDEX_NONE; n = index_next(&facts->by_id, &walk)) {
		const struct fact *fact = fact_at(facts, n);
		if (same(fact->id, id) && !waits(fact) && !fact->is_past)
			return n;
	}
	return FACT_NONE;
}

uint32_t
facts_waiting(const struct facts *facts, struct hash128 id, uint32_t found[FACT_PARKED_MAX])
{
	struct index_walk walk;
	uint32_t count = 0;
	for (uint32_t n = index_first(&facts->by_id, &walk, id.lo); n != INDEX_NONE; n = index_next(&facts->by_id, &walk)) {
		const struct fact *fact = fact_at(facts, n);
		if (!same(fact->id, id) || !waits(fact))
			continue;
		assert(count < FACT_PARKED_MAX);
		uint32_t at = count++;
		for (; at > 0 && (int32_t)(fact->seq - fact_at(facts, found[at - 1])->seq) < 0; at--)
			found[at] = found[at - 1];
		found[at] = n;
	}
	return count;
}

void
facts_target(struct facts *facts, uint32_t refund, struct hash128 target)
{
	fact_at(facts, refund)->target = target;
	index_insert(&facts->by_target, target.lo, refund);
}

void
facts_untarget(struct facts *facts, uint32_t refund)
{
	struct fact *fact = fact_at(facts, refund);
	if ((fact->target.lo | fact->target.hi) != 0)
		index_remove(&facts->by_target, fact->target.lo, refund);
	fact->target = (struct hash128){0};
}

uint32_t
facts_refunds(const struct facts *facts, struct hash128 target, facts_each_fn *each, void *context)
{
	struct index_walk walk;
	uint32_t count = 0;
	for (uint32_t n = index_first(&facts->by_target, &walk, target.lo); n != INDEX_NONE;
	     n = index_next(&facts->by_target, &walk)) {
		if (!same(fact_at(facts, n)->target, target))
			continue;
		count++;
		if (each != NULL)
			each(context, n);
	}
	return count;
}

uint64_t
facts_bytes(const struct facts *facts)
{
	return pool_bytes(&facts->pool) + facts->bytes + index_bytes(&facts->by_id) + index_bytes(&facts->by_target);
}
