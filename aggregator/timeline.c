/* timeline.c - sorted moments, flat or in blocks. */
#include "aggregator/timeline.h"
#include "common/mem.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MOMENTS = 256 };

struct block {
	uint32_t count;
	struct moment at[BLOCK_MOMENTS];
};

/* Flat: cap moments behind it. Long: cap is 0 and the blocks are elsewhere; none is empty. */
struct timeline {
	uint32_t count, cap;
	union {
		struct {
			struct block **block;
			uint32_t blocks, blocks_cap;
		};
		struct moment flat[2]; /* as many as there is room for anyway */
	};
};

/* A place: of a flat one the block is 0. */
struct spot {
	uint32_t block, at;
};

static size_t
flat_bytes(uint32_t cap)
{
	return offsetof(struct timeline, flat) + cap * sizeof(struct moment);
}

uint32_t
timeline_count(const struct timeline *timeline)
{
	return timeline != NULL ? timeline->count : 0;
}

static bool
is_long(const struct timeline *timeline)
{
	return timeline->cap == 0;
}

static uint32_t
block_count(const struct timeline *timeline, uint32_t block)
{
	return is_long(timeline) ? timeline->block[block]->count : timeline->count;
}

static const struct moment *
moments(const struct timeline *timeline, uint32_t block)
{
	return is_long(timeline) ? timeline->block[block]->at : timeline->flat;
}

static bool
is_before(struct moment a, struct moment b)
{
	return a.key != b.key ? a.key < b.key : a.tie < b.tie;
}

/* The first that is not before `moment`, among sorted ones. Most are asked for near the end. */
static uint32_t
search(const struct moment *at, uint32_t count, struct moment moment)
{
	uint32_t lo = 0, hi = count;
	if (hi > 0 && is_before(at[hi - 1], moment))
		return hi;
	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;
		if (is_before(at[middle], moment))
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

/* The place of the first that is not before `moment`; of a long one that may be behind the last of a block. */
static struct spot
find(const struct timeline *timeline, struct moment moment)
{
	struct spot spot = {0};
	if (is_long(timeline)) { /* the last block that begins before it */
		uint32_t lo = 0, hi = timeline->blocks - 1;
		while (lo < hi) {
			uint32_t middle = lo + (hi - lo + 1) / 2;
			if (is_before(timeline->block[middle]->at[0], moment))
				lo = middle;
			else
				hi = middle - 1;
		}
		spot.block = lo;
	}
	spot.at = search(moments(timeline, spot.block), block_count(timeline, spot.block), moment);
	return spot;
}

static struct block *
block_new(struct slab *slab)
{
	struct block *block = slab_alloc(slab, sizeof(*block));
	block->count = 0;
	return block;
}

static void
block_insert(struct timeline *timeline, uint32_t at, struct block *block)
{
	if (timeline->blocks == timeline->blocks_cap) {
		timeline->blocks_cap = timeline->blocks_cap * 2 + 4;
		timeline->block = mem_realloc(timeline->block, timeline->blocks_cap * sizeof(*timeline->block));
	}
	memmove(timeline->block + at + 1, timeline->block + at, (timeline->blocks - at) * sizeof(*timeline->block));
	timeline->block[at] = block;
	timeline->blocks++;
}

static void
make_long(struct timeline **timeline, struct slab *slab)
{
	struct timeline *flat = *timeline, *made = slab_alloc(slab, sizeof(*made));
	struct block *block = block_new(slab);
	assert(flat->count == BLOCK_MOMENTS);
	memcpy(block->at, flat->flat, sizeof(block->at));
	block->count = flat->count;
	*made = (struct timeline){.count = flat->count};
	block_insert(made, 0, block);
	slab_free(slab, flat, flat_bytes(flat->cap));
	*timeline = made;
}

/* Room at the spot of a long one: a full block gets its second half, or what comes behind it, a block of its own. */
static struct spot
make_room(struct timeline *timeline, struct spot spot, struct slab *slab)
{
	struct block *full = timeline->block[spot.block];
	if (full->count < BLOCK_MOMENTS)
		return spot;
	uint32_t keep = spot.at == BLOCK_MOMENTS ? BLOCK_MOMENTS : BLOCK_MOMENTS / 2;
	struct block *rest = block_new(slab);
	rest->count = full->count - keep;
	memcpy(rest->at, full->at + keep, rest->count * sizeof(*rest->at));
	full->count = keep;
	block_insert(timeline, spot.block + 1, rest);
	return spot.at >= keep ? (struct spot){spot.block + 1, spot.at - keep} : spot;
}

void
timeline_add(struct timeline **timeline, struct moment moment, struct slab *slab)
{
	struct timeline *to = *timeline;
	if (to != NULL && !is_long(to) && to->count == BLOCK_MOMENTS) {
		make_long(timeline, slab);
		to = *timeline;
	}
	if (to == NULL || (!is_long(to) && to->count == to->cap)) {
		uint32_t count = timeline_count(to), cap = count + count / 4 + 1;
		cap = cap < BLOCK_MOMENTS ? cap : BLOCK_MOMENTS;
		*timeline = to = slab_resize(slab, to, to != NULL ? flat_bytes(to->cap) : 0, flat_bytes(cap));
		to->count = count;
		to->cap = cap;
	}
	struct spot spot = find(to, moment);
	if (is_long(to))
		spot = make_room(to, spot, slab);
	struct moment *at = is_long(to) ? to->block[spot.block]->at : to->flat;
	uint32_t *count = is_long(to) ? &to->block[spot.block]->count : NULL;
	uint32_t behind = (count != NULL ? *count : to->count) - spot.at;
	memmove(at + spot.at + 1, at + spot.at, behind * sizeof(*at));
	at[spot.at] = moment;
	to->count++;
	if (count != NULL)
		++*count;
}

void
timeline_free(struct timeline **timeline, struct slab *slab)
{
	struct timeline *gone = *timeline;
	*timeline = NULL;
	if (gone == NULL)
		return;
	if (!is_long(gone)) {
		slab_free(slab, gone, flat_bytes(gone->cap));
		return;
	}
	for (uint32_t b = 0; b < gone->blocks; b++)
		slab_free(slab, gone->block[b], sizeof(struct block));
	free(gone->block);
	slab_free(slab, gone, sizeof(*gone));
}

/* A long one never becomes flat again: whoever was that busy may be so again. */
static void
cut(struct timeline **timeline, struct spot spot, struct slab *slab)
{
	struct timeline *of = *timeline;
	struct moment *at = is_long(of) ? of->block[spot.block]->at : of->flat;
	uint32_t behind = block_count(of, spot.block) - spot.at - 1;
	memmove(at + spot.at, at + spot.at + 1, behind * sizeof(*at));
	of->count--;
	if (is_long(of) && --of->block[spot.block]->count == 0) {
		slab_free(slab, of->block[spot.block], sizeof(struct block));
		of->blocks--;
		memmove(of->block + spot.block, of->block + spot.block + 1,
		        (of->blocks - spot.block) * sizeof(*of->block));
	}
	if (of->count == 0)
		timeline_free(timeline, slab);
}

/* The walk stands on a moment, or behind the last one. */
static const struct moment *
standing(struct timeline_walk *walk)
{
	const struct timeline *timeline = walk->timeline;
	if (timeline == NULL)
		return NULL;
	if (walk->at == block_count(timeline, walk->block)) {
		if (!is_long(timeline) || walk->block + 1 == timeline->blocks)
			return NULL;
		walk->block++;
		walk->at = 0;
	}
	return moments(timeline, walk->block) + walk->at;
}

const struct moment *
timeline_walk(struct timeline_walk *walk, const struct timeline *timeline, int64_t ts_ms)
{
	struct spot spot = timeline != NULL ? find(timeline, moment_of(ts_ms, 0, 0)) : (struct spot){0};
	*walk = (struct timeline_walk){timeline, spot.block, spot.at};
	return standing(walk);
}

const struct moment *
timeline_next(struct timeline_walk *walk)
{
	walk->at++;
	return standing(walk);
}

void
timeline_remove(struct timeline **timeline, struct moment moment, struct slab *slab)
{
	struct spot spot = find(*timeline, moment);
	struct timeline_walk walk = {*timeline, spot.block, spot.at};
	const struct moment *at = standing(&walk);
	while (at != NULL && at->ref != moment.ref && at->key == moment.key)
		at = timeline_next(&walk); /* of one id and time there are two when it was taken again */
	assert(at != NULL && at->key == moment.key && at->tie == moment.tie);
	cut(timeline, (struct spot){walk.block, walk.at}, slab);
}

void
timeline_drop_first(struct timeline **timeline, struct slab *slab)
{
	cut(timeline, (struct spot){0}, slab);
}

const struct moment *
timeline_first(const struct timeline *timeline)
{
	return timeline != NULL ? moments(timeline, 0) : NULL;
}

const struct moment *
timeline_last_before(const struct timeline *timeline, int64_t ts_ms)
{
	if (timeline == NULL)
		return NULL;
	struct spot spot = find(timeline, moment_of(ts_ms, 0, 0));
	if (spot.at == 0) /* only of the first block: another one would begin before ts_ms */
		return NULL;
	return moments(timeline, spot.block) + spot.at - 1;
}
