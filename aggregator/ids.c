/*
 * ids.c - the table of event ids, in a thousand small tables.
 *
 * In each the entries stand in the order of their hashes, as near behind the place that a hash stands for as
 * there was room: a search ends at the first larger one, however full the table is. It is made anew by itself when it is
 * full, so that there is never a large one to copy (a stall of 139 ms was measured), nor twice the
 * memory while that goes on.
 */
#include "aggregator/ids.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum {
	MARK_BITS = 20,
	CONTENT_BITS = 19,
	SHARDS = 1024,
	FIRST_PLACES = 4,
	FULL_PERCENT = 86,
	NEW_PERCENT = 69, /* and up to NEW_SPREAD more: the tables fill at one pace, and should not all be full at once */
	NEW_SPREAD = 11,
};
#define CONTENT_MASK ((UINT64_C(1) << CONTENT_BITS) - 1)
#define MARK (UINT64_C(1) << CONTENT_BITS)

struct slot {
	struct hash128 id;
	uint64_t ts_content; /* ts << 20 | mark << 19 | content bits; 0: never used */
};

struct shard {
	struct slot *slot;
	uint32_t places; /* any number: a place is a scaled hash, not a mask */
	uint32_t end;    /* slots: some more, for those that are pushed behind the last place */
	uint32_t used;   /* expired ones too */
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
		blocks_give_back(ids->shard[s].slot, ids->shard[s].end * sizeof(struct slot));
	free(ids);
}

static bool
never_used(const struct slot *slot)
{
	return slot->ts_content == 0;
}

static bool
expired(const struct slot *slot, int64_t forget_before_ms)
{
	return (int64_t)(slot->ts_content >> MARK_BITS) < forget_before_ms;
}

/* Never 0, so that no entry is. */
static uint64_t
content_bits(uint64_t content)
{
	uint64_t bits = content & CONTENT_MASK;
	return bits != 0 ? bits : 1;
}

static uint32_t
place(const struct shard *shard, struct hash128 id)
{
	return (uint32_t)(((unsigned __int128)id.lo * shard->places) >> 64);
}

/* Where an id is, or would be put: before the first larger hash, or into the gap before that. */
static uint32_t
seek(const struct shard *shard, struct hash128 id)
{
	uint32_t at = shard->places > 0 ? place(shard, id) : 0;
	for (; at < shard->end && !never_used(&shard->slot[at]); at++) {
		const struct slot *slot = &shard->slot[at];
		if (slot->id.lo > id.lo || (slot->id.lo == id.lo && slot->id.hi == id.hi))
			break;
	}
	return at;
}

static bool
is_at(const struct shard *shard, uint32_t at, struct hash128 id)
{
	if (at >= shard->end)
		return false;
	const struct slot *slot = &shard->slot[at];
	return !never_used(slot) && slot->id.lo == id.lo && slot->id.hi == id.hi;
}

static const struct slot *
known(const struct ids *ids, struct hash128 id, int64_t forget_before_ms)
{
	const struct shard *shard = &ids->shard[id.hi % SHARDS];
	uint32_t at = seek(shard, id);
	return is_at(shard, at, id) && !expired(&shard->slot[at], forget_before_ms) ? &shard->slot[at] : NULL;
}

/* False: there is no room behind it. An expired one, its own too, ends what is pushed on, as a gap does. */
static bool
put(struct shard *shard, const struct slot *entry, int64_t forget_before_ms)
{
	uint32_t at = seek(shard, entry->id), gap = at;
	while (gap < shard->end && !never_used(&shard->slot[gap]) && !expired(&shard->slot[gap], forget_before_ms))
		gap++;
	if (gap == shard->end)
		return false;
	shard->used += never_used(&shard->slot[gap]);
	for (; gap > at; gap--) /* a few: cheaper than memmove() */
		shard->slot[gap] = shard->slot[gap - 1];
	shard->slot[at] = *entry;
	return true;
}

/* Empty, with so many places; a large one has more, as many as the units of its block hold. */
static struct shard
shard_new(uint32_t places)
{
	struct shard shard = {.places = places, .end = places + places / 64 + 2};
	size_t bytes = shard.end * sizeof(*shard.slot);
	if (bytes >= BLOCK_MIN) {
		uint32_t more = (uint32_t)((BLOCK_MIN - bytes % BLOCK_MIN) % BLOCK_MIN / sizeof(*shard.slot));
		shard.places += more;
		shard.end += more;
	}
	shard.slot = blocks_take(shard.end * sizeof(*shard.slot));
	return shard;
}

/* The live ones into a table of so many places. False: they did not fit. */
static bool
copy(const struct shard *old, struct shard *new, uint32_t places, int64_t forget_before_ms)
{
	*new = shard_new(places);
	uint32_t next = 0; /* they come in order */
	for (uint32_t at = 0; at < old->end; at++) {
		const struct slot *slot = &old->slot[at];
		if (never_used(slot) || expired(slot, forget_before_ms))
			continue;
		uint32_t to = place(new, slot->id) > next ? place(new, slot->id) : next;
		if (to == new->end) {
			blocks_give_back(new->slot, new->end * sizeof(*new->slot));
			return false;
		}
		new->slot[to] = *slot;
		new->used++;
		next = to + 1;
	}
	return true;
}

static uint32_t
live_in(const struct shard *shard, int64_t forget_before_ms)
{
	uint32_t live = 0;
	for (uint32_t at = 0; at < shard->end; at++)
		live += !never_used(&shard->slot[at]) && !expired(&shard->slot[at], forget_before_ms);
	return live;
}

static uint32_t
places_for(const struct ids *ids, const struct shard *shard, uint32_t live)
{
	uint32_t percent = NEW_PERCENT + (uint32_t)(shard - ids->shard) % (NEW_SPREAD + 1);
	return (uint32_t)(live * UINT64_C(100) / percent) + FIRST_PLACES;
}

static void
make_room(struct ids *ids, struct shard *shard, uint32_t least, int64_t forget_before_ms)
{
	struct shard old = *shard;
	uint32_t places = places_for(ids, shard, live_in(&old, forget_before_ms));
	places = places > least ? places : least;
	while (!copy(&old, shard, places, forget_before_ms))
		places += places / 8 + 1;
	ids->slots += shard->end - (uint64_t)old.end;
	blocks_give_back(old.slot, old.end * sizeof(*old.slot));
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
	return (slot->ts_content & CONTENT_MASK) == content_bits(content) ? IDS_DUPLICATE : IDS_CONFLICT;
}

void
ids_add(struct ids *ids, struct hash128 id, uint64_t content, int64_t ts_ms, bool marked, int64_t forget_before_ms)
{
	struct shard *shard = &ids->shard[id.hi % SHARDS];
	assert(ts_ms >= 0 && ts_ms < INT64_C(1) << (64 - MARK_BITS));
	uint32_t used = shard->used;
	if ((shard->used + 1) * UINT64_C(100) > shard->places * (uint64_t)FULL_PERCENT)
		make_room(ids, shard, 0, forget_before_ms);
	struct slot entry = {id, (uint64_t)ts_ms << MARK_BITS | (marked ? MARK : 0) | content_bits(content)};
	while (!put(shard, &entry, forget_before_ms))
		make_room(ids, shard, shard->places + 1 + shard->places / 8, forget_before_ms);
	ids->used += shard->used - (uint64_t)used;
}

void
ids_save(const struct ids *ids, int64_t forget_before_ms, struct stream_out *out)
{
	stream_put_mark(out, "IDS1");
	for (uint32_t s = 0; s < SHARDS; s++) {
		const struct shard *shard = &ids->shard[s];
		stream_put_var(out, live_in(shard, forget_before_ms));
		for (uint32_t at = 0; at < shard->end; at++)
			if (!never_used(&shard->slot[at]) && !expired(&shard->slot[at], forget_before_ms))
				stream_put(out, &shard->slot[at], sizeof(shard->slot[at]));
	}
}

/* In the order in which they were saved, which is that of a table without gaps. */
static void
load_shard(struct ids *ids, struct shard *shard, uint32_t live, struct stream_in *in)
{
	struct shard full = {.end = live, .used = live};
	if (live == 0)
		return;
	full.slot = mem_alloc(live * sizeof(*full.slot));
	for (uint32_t at = 0; at < live; at++)
		stream_get(in, &full.slot[at], sizeof(full.slot[at]));
	for (uint32_t places = places_for(ids, shard, live); !copy(&full, shard, places, INT64_MIN);)
		places += places / 8 + 1;
	ids->slots += shard->end;
	ids->used += shard->used;
	free(full.slot);
}

void
ids_load(struct ids *ids, struct stream_in *in)
{
	stream_get_mark(in, "IDS1");
	for (uint32_t s = 0; s < SHARDS && stream_good(in); s++)
		load_shard(ids, &ids->shard[s], stream_get_below(in, 1u << 26), in);
}

void
ids_prefetch(const struct ids *ids, struct hash128 id)
{
	const struct shard *shard = &ids->shard[id.hi % SHARDS];
	if (shard->places == 0)
		return;
	const struct slot *slot = &shard->slot[place(shard, id)];
	__builtin_prefetch(slot);
	for (uint32_t ahead = 3; ahead <= 9; ahead += 3) /* about where the search ends, and what it pushes on */
		__builtin_prefetch(slot + ahead);
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
