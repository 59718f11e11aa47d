/* leads.c - the table of leads. */
#include "aggregator/leads.h"
#include <assert.h>

void
leads_init(struct leads *leads)
{
	*leads = (struct leads){0};
	pool_init(&leads->pool, sizeof(struct lead), LEAD_CHUNK);
	index_init(&leads->index);
}

void
leads_fini(struct leads *leads)
{
	pool_fini(&leads->pool);
	index_fini(&leads->index);
}

uint32_t
leads_find(const struct leads *leads, struct hash128 name)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&leads->index, &walk, name.lo); n != INDEX_NONE; n = index_next(&leads->index, &walk))
		if (lead_is(lead_at(leads, n), name))
			return n;
	return LEAD_NONE;
}

void
entries_clear(struct entries *entries)
{
	*entries = (struct entries){0};
	for (unsigned i = 0; i < STAGE_CUSTOMER; i++)
		entries->by[i] = FACT_NONE;
}

uint32_t
leads_make(struct leads *leads, struct hash128 name)
{
	uint32_t number = pool_take(&leads->pool);
	struct lead *lead = lead_at(leads, number);
	*lead = (struct lead){.name = name, .live = true};
	lead->events = lead->sales = (struct chain){FACT_NONE, FACT_NONE};
	entries_clear(&lead->entries);
	index_insert(&leads->index, name.lo, number);
	return number;
}

void
leads_drop(struct leads *leads, uint32_t number)
{
	struct lead *lead = lead_at(leads, number);
	assert(lead->refs == 0 && lead->events.first == FACT_NONE && lead->sales.first == FACT_NONE);
	index_remove(&leads->index, lead->name.lo, number);
	lead->live = false;
	pool_give_back(&leads->pool, number);
}

uint64_t
leads_bytes(const struct leads *leads)
{
	return pool_bytes(&leads->pool) + index_bytes(&leads->index);
}
