/* facts.c - the table of facts. */
#include "aggregator/facts.h"
#include "aggregator/entities.h"
#include "aggregator/leads.h"
#include <assert.h>

void
facts_init(struct facts *facts)
{
	*facts = (struct facts){0};
	pool_init(&facts->pool, sizeof(struct fact), FACT_CHUNK);
	pool_init(&facts->money, sizeof(struct money_part), FACT_CHUNK);
	index_init(&facts->by_id);
	index_init(&facts->by_target);
}

void
facts_fini(struct facts *facts)
{
	pool_fini(&facts->pool);
	pool_fini(&facts->money);
	index_fini(&facts->by_id);
	index_fini(&facts->by_target);
}

static bool
same(struct hash128 a, struct hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static bool
waits(unsigned type)
{
	return type == EVENT_CORRECT || type == EVENT_VOID;
}

static bool
has_money(unsigned type)
{
	return type == EVENT_REFUND || waits(type);
}

uint32_t
facts_make(struct facts *facts, struct hash128 id, unsigned type)
{
	uint32_t past = waits(type) ? FACT_NONE : facts_find(facts, id), number = pool_take(&facts->pool);
	struct fact *fact = fact_at(facts, number);
	fact->id = id;
	fact->type = (uint8_t)type;
	fact->live = true;
	fact->given = fact->booked[0] = fact->booked[1] = TUPLE_NONE;
	fact->cust = fact->order = fact->visit = ENTITY_NONE;
	fact->lead = LEAD_NONE;
	fact->prev = fact->next = FACT_NONE;
	if (type == EVENT_SALE)
		fact->refunds = (struct chain){FACT_NONE, FACT_NONE};
	facts->seq++;
	if (waits(type))
		fact->since_seq = facts->seq;
	if (has_money(type)) {
		fact->money = pool_take(&facts->money);
		fact_money(facts, fact)->sale = FACT_NONE;
	}
	if (past != FACT_NONE)
		fact_at(facts, past)->is_past = true;
	facts->parked += waits(type);
	index_insert(&facts->by_id, id.lo, number);
	return number;
}

void
facts_drop(struct facts *facts, uint32_t number)
{
	struct fact *fact = fact_at(facts, number);
	assert(fact->live && fact->booked[0] == TUPLE_NONE && fact->given == TUPLE_NONE);
	index_remove(&facts->by_id, fact->id.lo, number);
	if (has_money(fact->type)) {
		struct hash128 target = fact_money(facts, fact)->target;
		if ((target.lo | target.hi) != 0)
			index_remove(&facts->by_target, target.lo, number);
		pool_give_back(&facts->money, fact->money);
	}
	facts->parked -= waits(fact->type);
	fact->live = false;
	pool_give_back(&facts->pool, number);
}

uint32_t
facts_find(const struct facts *facts, struct hash128 id)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&facts->by_id, &walk, id.lo); n != INDEX_NONE; n = index_next(&facts->by_id, &walk)) {
		const struct fact *fact = fact_at(facts, n);
		if (same(fact->id, id) && !waits(fact->type) && !fact->is_past)
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
		if (!same(fact->id, id) || !waits(fact->type))
			continue;
		assert(count < FACT_PARKED_MAX);
		uint32_t at = count++;
		for (; at > 0 && fact->since_seq < fact_at(facts, found[at - 1])->since_seq; at--)
			found[at] = found[at - 1];
		found[at] = n;
	}
	return count;
}

void
facts_target(struct facts *facts, uint32_t refund, struct hash128 target)
{
	fact_money(facts, fact_at(facts, refund))->target = target;
	index_insert(&facts->by_target, target.lo, refund);
}

void
facts_refunds(const struct facts *facts, struct hash128 target, facts_each_fn *each, void *context)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&facts->by_target, &walk, target.lo); n != INDEX_NONE;
	     n = index_next(&facts->by_target, &walk))
		if (same(fact_money(facts, fact_at(facts, n))->target, target))
			each(context, n);
}

/* What comes in time order is the last. Sales of a lead need no order within a moment, and may be many. */
void
chain_add(struct facts *facts, struct chain *chain, uint32_t number)
{
	struct fact *fact = fact_at(facts, number);
	uint32_t before = chain->last;
	for (; before != FACT_NONE; before = fact_at(facts, before)->prev) {
		const struct fact *other = fact_at(facts, before);
		if (other->ts_ms != fact->ts_ms ? other->ts_ms < fact->ts_ms
		    : fact->type == EVENT_SALE || other->tie != fact->tie
		        ? fact->type == EVENT_SALE || other->tie < fact->tie
		        : other->id.lo < fact->id.lo) /* ties can be made on purpose, keyed hashes cannot */
			break;
	}
	fact->prev = before;
	fact->next = before == FACT_NONE ? chain->first : fact_at(facts, before)->next;
	*(fact->prev == FACT_NONE ? &chain->first : &fact_at(facts, fact->prev)->next) = number;
	*(fact->next == FACT_NONE ? &chain->last : &fact_at(facts, fact->next)->prev) = number;
}

void
chain_remove(struct facts *facts, struct chain *chain, uint32_t number)
{
	struct fact *fact = fact_at(facts, number);
	*(fact->prev == FACT_NONE ? &chain->first : &fact_at(facts, fact->prev)->next) = fact->next;
	*(fact->next == FACT_NONE ? &chain->last : &fact_at(facts, fact->next)->prev) = fact->prev;
	fact->prev = fact->next = FACT_NONE;
}

uint64_t
facts_bytes(const struct facts *facts)
{
	return pool_bytes(&facts->pool) + pool_bytes(&facts->money) + index_bytes(&facts->by_id) +
	       index_bytes(&facts->by_target);
}
