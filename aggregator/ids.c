/*
 * ids.c - the table of event ids, in a thousand small tables.
 *
 * Each is probed linearly and made anew by itself when it is full, so that there is never a
 * large one to copy (a stall of 139 ms was measured), nor twice the memory while that goes on.
 */
#include "aggregator/ids.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { MARK_BITS = 20, CONTENT_BITS = 19, SHARDS = 1024, FIRST_SLOTS = 4 };
#define CONTENT_MASK ((UINT64_C(1) << CONTENT_BITS) - 1)
#define MARK (UINT64_C(1) << CONTENT_BITS)

struct slot {
	struct hash128 id;
	uint64_t ts_content; /* ts << 20 | mark << 19 | content bits; 0 with an all-zero id: never used */
};

struct shard {
	struct slot *slot;
	uint32_t count; /* slots; any number: the place is a scaled hash, not a mask */
	uint32_t used;  /* expired ones too */
};

struct ids {
	struct shard shard[SHARDS];
	uint64_t slots, used;
};

struct ids *
ids_new(void)
{
	return mem_zalloc(1, sizeof(struct ids));
}

void
ids_free(struct ids *ids)
{
	for (uint32_t s = 0; ids != NULL && s < SHARDS; s++)
		blocks_give_back(ids->shard[s].slot, ids->shard[s].count * sizeof(struct slot));
	free(ids);
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

static uint32_t
place(const struct shard *shard, struct hash128 id)
{
	return (uint32_t)(((unsigned __int128)id.lo * shard->count) >> 64);
}

static uint32_t
next(const struct shard *shard, uint32_t at)
{
	return at + 1 == shard->count ? 0 : at + 1;
}

static const struct slot *
known(const struct ids *ids, struct hash128 id, int64_t forget_before_ms)
{
	const struct shard *shard = &ids->shard[id.hi % SHARDS];
	if (shard->count == 0)
		return NULL;
	for (uint32_t at = place(shard, id);; at = next(shard, at)) {
		const struct slot *slot = &shard->slot[at];
		if (never_used(slot))
			return NULL;
		if (slot->id.lo == id.lo && slot->id.hi == id.hi)
			return expired(slot, forget_before_ms) ? NULL : slot;
	}
}

/* Takes the place of an expired one, also of its own: an id is in the table once. */
static void
put(struct shard *shard, const struct slot *entry, int64_t forget_before_ms)
{
	struct slot *free_slot = NULL;
	for (uint32_t at = place(shard, entry->id);; at = next(shard, at)) {
		struct slot *slot = &shard->slot[at];
		bool same = slot->id.lo == entry->id.lo && slot->id.hi == entry->id.hi;
		if (same || never_used(slot)) {
			shard->used += !same && free_slot == NULL;
			*(same || free_slot == NULL ? slot : free_slot) = *entry;
			return;
		}
		if (free_slot == NULL && expired(slot, forget_before_ms))
			free_slot = slot;
	}
}

/*
 * As many slots as the live ones need to be about 5/8 full; the others are left out. The tables fill
 * at one pace, so each makes a room of its own size: else all would be full at once.
 */
static void
make_room(struct ids *ids, struct shard *shard, int64_t forget_before_ms)
{
	struct shard old = *shard;
	uint32_t live = 0;
	for (uint32_t at = 0; at < old.count; at++)
		live += !never_used(&old.slot[at]) && !expired(&old.slot[at], forget_before_ms);
	uint32_t of = (uint32_t)(shard - ids->shard) % 32;
	shard->count = live + (uint32_t)(live * (40 + (uint64_t)of) / 80) + FIRST_SLOTS;
	shard->slot = blocks_take(shard->count * sizeof(*shard->slot));
	shard->used = 0;
	for (uint32_t at = 0; at < old.count; at++)
		if (!never_used(&old.slot[at]) && !expired(&old.slot[at], forget_before_ms))
			put(shard, &old.slot[at], forget_before_ms);
	ids->slots += shard->count - (uint64_t)old.count;
	blocks_give_back(old.slot, old.count * sizeof(*old.slot));
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
	struct shard *shard = &ids->shard[id.hi % SHARDS];
	assert(ts_ms >= 0 && ts_ms < INT64_C(1) << (64 - MARK_BITS));
	uint32_t used = shard->used;
	if ((shard->used + 1) * UINT64_C(5) > shard->count * UINT64_C(4))
		make_room(ids, shard, forget_before_ms);
	struct slot entry = {id, (uint64_t)ts_ms << MARK_BITS | (marked ? MARK : 0) | (content & CONTENT_MASK)};
	if (never_used(&entry))
		entry.ts_content = 1;
	put(shard, &entry, forget_before_ms);
	ids->used += shard->used - (uint64_t)used;
}

void
ids_prefetch(const struct ids *ids, struct hash128 id)
{
	const struct shard *shard = &ids->shard[id.hi % SHARDS];
	if (shard->count == 0)
		return;
	const struct slot *slot = &shard->slot[place(shard, id)];
	__builtin_prefetch(slot);
	__builtin_prefetch(slot + 3); /* about where the search ends */
}

uint64_t
ids_slots_used(const struct ids *ids)
{
	return ids->used;
}

uint64_t
ids_bytes(const struct ids *ids)
{
	return sizeof(*ids) + ids->slots * sizeof(struct slot);
}
