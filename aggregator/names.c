/*
 * names.c - whom and what an event names, as hashes.
 *
 * An order, a visit and a lead are their customer's, so that what belongs together stays in
 * one partition.
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
