/* alerts.c - alert rows by topic, in topic order; the recovered ones also in the order they recovered. */
#include "publisher/alerts.h"
#include "common/mem.h"
#include "publisher/publisher.h"
#include <assert.h>
#include <stdlib.h>

struct kept {
	uint8_t *bytes; /* topic, row; NULL: free slot */
	uint32_t topic_bytes, row_bytes;
	uint64_t seq;
	int64_t ok_at_ms;
	uint32_t next, prev; /* ring of the recovered, or `next` of the free ones */
	bool ok;
};

enum { NONE = UINT32_MAX };

struct alerts {
	struct kept *slot;
	uint32_t end, cap, max, free_slot;
	uint32_t oldest, newest; /* recovered */
	struct order order;
	uint64_t forgotten_seq, not_kept;
	uint32_t recovered;
};

static struct slice
topic_of(const void *context, uint32_t leaf)
{
	const struct alerts *alerts = context;

	return (struct slice){alerts->slot[leaf].bytes, alerts->slot[leaf].topic_bytes};
}

struct alerts *
alerts_new(uint32_t max)
{
	struct alerts *alerts = mem_zalloc(1, sizeof(*alerts));

	alerts->max = max;
	alerts->free_slot = alerts->oldest = alerts->newest = NONE;
	order_init(&alerts->order, topic_of, alerts);
	return alerts;
}

void
alerts_free(struct alerts *alerts)
{
	if (alerts == NULL)
		return;
	for (uint32_t i = 0; i < alerts->end; i++)
		free(alerts->slot[i].bytes);
	free(alerts->slot);
	order_fini(&alerts->order);
	free(alerts);
}

static void
recovered_add(struct alerts *alerts, uint32_t i)
{
	struct kept *kept = &alerts->slot[i];

	kept->next = NONE;
	kept->prev = alerts->newest;
	if (alerts->newest != NONE)
		alerts->slot[alerts->newest].next = i;
	else
		alerts->oldest = i;
	alerts->newest = i;
	alerts->recovered++;
}

static void
recovered_remove(struct alerts *alerts, uint32_t i)
{
	struct kept *kept = &alerts->slot[i];

	if (kept->prev != NONE)
		alerts->slot[kept->prev].next = kept->next;
	else
		alerts->oldest = kept->next;
	if (kept->next != NONE)
		alerts->slot[kept->next].prev = kept->prev;
	else
		alerts->newest = kept->prev;
	alerts->recovered--;
}

static uint32_t
slot_new(struct alerts *alerts)
{
	uint32_t i = alerts->free_slot;

	if (i != NONE) {
		alerts->free_slot = alerts->slot[i].next;
		return i;
	}
	if (alerts->end == alerts->cap) {
		alerts->cap = alerts->cap * 2 + 16;
		alerts->slot = mem_realloc(alerts->slot, alerts->cap * sizeof(struct kept));
	}
	return alerts->end++;
}

static void
kept_fill(struct kept *kept, struct slice topic, struct slice row)
{
	uint8_t *bytes = mem_alloc((size_t)topic.n + row.n);

	memcpy(bytes, topic.p, topic.n);
	if (row.n > 0)
		memcpy(bytes + topic.n, row.p, row.n);
	free(kept->bytes);
	kept->bytes = bytes;
	kept->topic_bytes = topic.n;
	kept->row_bytes = row.n;
}

bool
alerts_put(struct alerts *alerts, struct slice topic, struct slice row, uint64_t seq, bool ok, int64_t now_ms)
{
	bool whole = topic.n > 0 && topic.n <= ALERT_TOPIC_MAX && memchr(topic.p, 0, topic.n) == NULL;
	uint32_t i = whole ? order_find(&alerts->order, topic) : ORDER_NONE;

	if (i == ORDER_NONE) {
		if (!whole || alerts->order.leaves == alerts->max) {
			alerts->not_kept++;
			return false;
		}
		i = slot_new(alerts);
		alerts->slot[i] = (struct kept){0};
		kept_fill(&alerts->slot[i], topic, row);
		order_insert(&alerts->order, i);
	} else {
		if (alerts->slot[i].ok)
			recovered_remove(alerts, i);
		kept_fill(&alerts->slot[i], topic, row);
	}
	alerts->slot[i].seq = seq;
	alerts->slot[i].ok = ok;
	alerts->slot[i].ok_at_ms = now_ms;
	if (ok)
		recovered_add(alerts, i);
	return true;
}

void
alerts_forget(struct alerts *alerts, int64_t now_ms)
{
	while (alerts->oldest != NONE) {
		uint32_t i = alerts->oldest;
		struct kept *kept = &alerts->slot[i];
		if (now_ms - kept->ok_at_ms < PUBLISHER_TOMBSTONE_MS)
			return;
		if (kept->seq > alerts->forgotten_seq)
			alerts->forgotten_seq = kept->seq;
		recovered_remove(alerts, i);
		order_remove(&alerts->order, i);
		free(kept->bytes);
		kept->bytes = NULL;
		kept->next = alerts->free_slot;
		alerts->free_slot = i;
	}
}

uint64_t
alerts_forgotten_seq(const struct alerts *alerts)
{
	return alerts->forgotten_seq;
}

bool
alerts_from(const struct alerts *alerts, struct slice from, bool after, struct alert_view *view)
{
	struct order_cursor cursor;

	order_seek(&cursor, &alerts->order, from);
	uint32_t i = order_next(&cursor);
	if (i != ORDER_NONE && after && slice_equal(topic_of(alerts, i), from))
		i = order_next(&cursor);
	if (i == ORDER_NONE)
		return false;
	const struct kept *kept = &alerts->slot[i];
	*view = (struct alert_view){
	    .topic = {kept->bytes, kept->topic_bytes},
	    .row = {kept->bytes + kept->topic_bytes, kept->row_bytes},
	    .seq = kept->seq,
	    .ok = kept->ok,
	};
	return true;
}

void
alerts_count(const struct alerts *alerts, struct alert_counters *out)
{
	*out = (struct alert_counters){alerts->order.leaves - alerts->recovered, alerts->recovered, alerts->not_kept};
}
