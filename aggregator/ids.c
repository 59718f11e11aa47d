/*
 * ids.c - the table of event ids. Linear probing over slots in hash order.
 *
 * The next table is made and its pages are touched one by one before it is needed: new
 * memory is cleared by the first touch, and all of a large table's pages are touched
 * within a few thousand random insertions (a stall of 139 ms was measured). Then the old
 * one is copied a few slots with each insertion.
 */
#include "aggregator/ids.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { MARK_BITS = 20, CONTENT_BITS = 19, FIRST_SLOTS = 1024, MOVE_PER_ADD = 8 };
#define CONTENT_MASK ((UINT64_C(1) << CONTENT_BITS) - 1)
#define MARK (UINT64_C(1) << CONTENT_BITS)

struct slot {
	struct hash128 id;
	uint64_t ts_content; /* ts << 20 | mark << 19 | content bits; 0 with an all-zero id: never used */
};

struct table {
	struct slot *slot;
	uint64_t count; /* slots; any number: the place is a scaled hash, not a mask */
	uint64_t used;
};

struct ids {
	struct table now, old;
	uint64_t moved;   /* slots of old already copied */
	struct table next; /* in preparation */
	size_t touched;   /* bytes of it */
	uint64_t adds;
};

static uint64_t
place(const struct table *table, struct hash128 id)
{
	return (uint64_t)(((unsigned __int128)id.lo * table->count) >> 64);
}

static bool
never_used(const struct slot *slot)
{
	return slot->ts_content == 0 && slot->id.lo == 0 && slot->id.hi == 0;
}

static bool
expired(const struct slot *slot, int64_t forget_before_ms)
{
	return (int64_t)(slot->ts_content >> MARK_BITS) < forget_before_ms;
}

static struct table
table_make(uint64_t count)
{
	return (struct table){mem_table(count * sizeof(struct slot)), count, 0};
}

static void
table_free(struct table *table)
{
	mem_table_free(table->slot, table->count * sizeof(struct slot));
	*table = (struct table){0};
}

struct ids *
ids_new(void)
{
	struct ids *ids = mem_zalloc(1, sizeof(*ids));
	ids->now = table_make(FIRST_SLOTS);
	return ids;
}

void
ids_free(struct ids *ids)
{
	if (ids == NULL)
		return;
	table_free(&ids->now);
	table_free(&ids->old);
	table_free(&ids->next);
	free(ids);
}

static const struct slot *
table_find(const struct table *table, struct hash128 id)
{
	if (table->slot == NULL)
		return NULL;
	for (uint64_t at = place(table, id);; at = at + 1 == table->count ? 0 : at + 1) {
		const struct slot *slot = &table->slot[at];
		if (slot->id.lo == id.lo && slot->id.hi == id.hi)
			return never_used(slot) ? NULL : slot;
		if (never_used(slot))
			return NULL;
	}
}

/* Reuses the first expired slot of the chain: the id is known to be nowhere behind it. */
static void
table_put(struct table *table, const struct slot *entry, int64_t forget_before_ms)
{
	uint64_t at = place(table, entry->id);
	while (!never_used(&table->slot[at]) && !expired(&table->slot[at], forget_before_ms))
		at = at + 1 == table->count ? 0 : at + 1;
	table->used += never_used(&table->slot[at]);
	table->slot[at] = *entry;
}

static void
move_some(struct ids *ids, uint64_t slots, int64_t forget_before_ms)
{
	if (ids->old.slot == NULL)
		return;
	for (; slots > 0 && ids->moved < ids->old.count; slots--, ids->moved++) {
		const struct slot *slot = &ids->old.slot[ids->moved];
		if (!never_used(slot) && !expired(slot, forget_before_ms))
			table_put(&ids->now, slot, forget_before_ms);
	}
	if (ids->moved == ids->old.count)
		table_free(&ids->old);
}

/* How many of a sample of slots are live, scaled up. Deterministic: fixed stride. */
static uint64_t
live_estimate(const struct table *table, int64_t forget_before_ms)
{
	uint64_t stride = table->count / 4096 + 1, seen = 0, live = 0;
	for (uint64_t at = 0; at < table->count; at += stride, seen++)
		live += !never_used(&table->slot[at]) && !expired(&table->slot[at], forget_before_ms);
	return table->count / seen * live + table->count % seen;
}

/* Never far smaller than the table before: a sample of so few live ones would tell too little. */
static struct table
table_for(const struct ids *ids, uint64_t live)
{
	uint64_t count = live * 2 > ids->now.count / 16 ? live * 2 : ids->now.count / 16;
	return table_make(count > FIRST_SLOTS ? count : FIRST_SLOTS);
}

/* From 5/8 full on: half as many slots again when mostly live, else as many as the live ones will need. */
static void
prepare_next(struct ids *ids, int64_t forget_before_ms)
{
	if (ids->next.slot == NULL) {
		uint64_t live = live_estimate(&ids->now, forget_before_ms) * 6 / 5; /* when it will be full, at 6/8 */
		ids->next = table_for(ids, live);
		ids->touched = 0;
	}
	size_t bytes = ids->next.count * sizeof(struct slot);
	bool huge = bytes >= MEM_TABLE_HUGE;
	size_t page = huge ? 2 << 20 : 4096;
	uint64_t every = huge ? 4096 : 8; /* additions; all pages are touched well before 6/8 */
	if (ids->touched < bytes && ids->adds % every == 0) {
		((volatile uint8_t *)ids->next.slot)[ids->touched] = 0;
		ids->touched += page;
	}
}

/* Full at 6/8. */
static void
make_room(struct ids *ids, int64_t forget_before_ms)
{
	move_some(ids, UINT64_MAX, forget_before_ms);
	uint64_t live = live_estimate(&ids->now, forget_before_ms);
	if (ids->next.count < live + live / 2) { /* expired slots were used again while it was prepared */
		table_free(&ids->next);
		ids->next = table_for(ids, live);
	}
	ids->old = ids->now;
	ids->moved = 0;
	ids->now = ids->next;
	ids->next = (struct table){0};
}

static const struct slot *
known(const struct ids *ids, struct hash128 id, int64_t forget_before_ms)
{
	const struct slot *slot = table_find(&ids->now, id);
	if (slot == NULL || expired(slot, forget_before_ms))
		slot = table_find(&ids->old, id);
	return slot == NULL || expired(slot, forget_before_ms) ? NULL : slot;
}

bool
ids_is_marked(const struct ids *ids, struct hash128 id, int64_t forget_before_ms)
{
	const struct slot *slot = known(ids, id, forget_before_ms);
	return slot != NULL && (slot->ts_content & MARK) != 0;
}

enum ids_verdict
ids_find(const struct ids *ids, struct hash128 id, uint64_t content, int64_t forget_before_ms)
{
	const struct slot *slot = known(ids, id, forget_before_ms);
	if (slot == NULL)
		return IDS_NEW;
	return (slot->ts_content & CONTENT_MASK) == (content & CONTENT_MASK) ? IDS_DUPLICATE : IDS_CONFLICT;
}

void
ids_add(struct ids *ids, struct hash128 id, uint64_t content, int64_t ts_ms, bool marked, int64_t forget_before_ms)
{
	assert(ts_ms >= 0 && ts_ms < INT64_C(1) << (64 - MARK_BITS));
	ids->adds++;
	if (ids->now.used * 8 > ids->now.count * 5)
		prepare_next(ids, forget_before_ms);
	if (ids->now.used * 8 > ids->now.count * 6)
		make_room(ids, forget_before_ms);
	move_some(ids, MOVE_PER_ADD, forget_before_ms);
	struct slot entry = {id, (uint64_t)ts_ms << MARK_BITS | (marked ? MARK : 0) | (content & CONTENT_MASK)};
	if (never_used(&entry))
		entry.ts_content = 1;
	table_put(&ids->now, &entry, forget_before_ms);
}

void
ids_prefetch(const struct ids *ids, struct hash128 id)
{
	__builtin_prefetch(&ids->now.slot[place(&ids->now, id)]);
}

uint64_t
ids_slots_used(const struct ids *ids)
{
	return ids->now.used + ids->old.used;
}

uint64_t
ids_bytes(const struct ids *ids)
{
	return (ids->now.count + ids->old.count + ids->next.count) * sizeof(struct slot);
}
