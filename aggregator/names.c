/*
 * names.c - whom and what an event names, as hashes; and fetching what these lead to ahead of time.
 *
 * An order, a visit and a lead are their customer's, so that what belongs together stays in
 * one partition. All hashes of a few dozen events are made first, and each step towards the
 * records they lead to is taken for all of them at once: the misses overlap.
 */
#include "aggregator/state.h"
#include <assert.h>

static struct hash128
part_hash(const struct kernel *kernel, struct slice cust, struct slice text)
{
	uint8_t bytes[1 + 2 * EVENT_TEXT_BYTES_MAX];
	assert(cust.n <= EVENT_TEXT_BYTES_MAX && text.n <= EVENT_TEXT_BYTES_MAX);
	bytes[0] = (uint8_t)cust.n;
	if (cust.n > 0)
		memcpy(bytes + 1, cust.p, cust.n);
	memcpy(bytes + 1 + cust.n, text.p, text.n);
	return hash_id(&kernel->config.key, bytes, 1 + cust.n + text.n);
}

void
names_of(const struct kernel *kernel, const struct group *group, const struct group_event *event, struct names *names)
{
	static const uint8_t text_of[ENTITY_KINDS] = {TEXT_CUST, TEXT_ORDER, TEXT_VISIT};
	struct slice cust = group_text(group, event, TEXT_CUST);
	unsigned type = event->type;
	bool leads = type == EVENT_LEAD || type == EVENT_SALE || type == EVENT_CORRECT;
	bool refers = type == EVENT_REFUND || type == EVENT_CORRECT || type == EVENT_VOID;
	*names = (struct names){0};
	if (cust.n > 0)
		names->who[ENTITY_CUST] = (event->cust.lo | event->cust.hi) != 0
		                              ? event->cust
		                              : group_cust_hash(cust, &kernel->config.key);
	for (unsigned kind = ENTITY_ORDER; kind < ENTITY_KINDS; kind++)
		if (kernel->kinds[type] >> kind & 1 && event->text_len[text_of[kind]] > 0)
			names->who[kind] = part_hash(kernel, cust, group_text(group, event, (enum event_text)text_of[kind]));
	if (leads && event->text_len[TEXT_LEAD] > 0)
		names->lead = part_hash(kernel, cust, group_text(group, event, TEXT_LEAD));
	names->tie = hash_tie(group_text(group, event, TEXT_ID));
	if (refers && event->text_len[TEXT_REF] > 0)
		names->target = group_identity_hash(cust, group_text(group, event, TEXT_REF), &kernel->config.key);
}

void
names_ahead(const struct kernel *kernel, const struct names *names, uint32_t count)
{
	uint32_t entity[AHEAD * ENTITY_KINDS], lead[AHEAD], entities = 0, leads = 0;
	for (uint32_t i = 0; i < count; i++) {
		for (unsigned kind = 0; kind < ENTITY_KINDS; kind++)
			if (names_given(names[i].who[kind]))
				index_prefetch(&kernel->entities.index, names[i].who[kind].lo);
		if (names_given(names[i].lead))
			index_prefetch(&kernel->leads.index, names[i].lead.lo);
		if (names_given(names[i].target)) {
			index_prefetch(&kernel->facts.by_id, names[i].target.lo);
			index_prefetch(&kernel->facts.by_target, names[i].target.lo);
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		for (unsigned kind = 0; kind < ENTITY_KINDS; kind++) {
			uint32_t id = names_given(names[i].who[kind])
			                  ? index_guess(&kernel->entities.index, names[i].who[kind].lo)
			                  : INDEX_NONE;
			if (id != INDEX_NONE)
				__builtin_prefetch(entity_at(&kernel->entities, entity[entities++] = id), 1);
		}
		uint32_t id = names_given(names[i].lead) ? index_guess(&kernel->leads.index, names[i].lead.lo) : INDEX_NONE;
		if (id != INDEX_NONE)
			__builtin_prefetch(lead_at(&kernel->leads, lead[leads++] = id), 1);
	}
	for (uint32_t i = 0; i < entities; i++) {
		const struct entity *known = entity_at(&kernel->entities, entity[i]);
		if (known->cap > 0)
			__builtin_prefetch(known->activity, 1);
		if (known->touches != NULL)
			__builtin_prefetch(known->touches, 1);
		if (known->sales != NULL)
			__builtin_prefetch(known->sales);
	}
	for (uint32_t i = 0; i < leads; i++)
		if (lead_at(&kernel->leads, lead[i])->events.last != FACT_NONE)
			__builtin_prefetch(fact_at(&kernel->facts, lead_at(&kernel->leads, lead[i])->events.last), 1);
}
