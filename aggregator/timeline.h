/*
 * timeline.h - moments in the order of event time, then of tie: a customer's touches and sales.
 *
 * NULL while it is empty; a sorted array while it is short; blocks of sorted moments when
 * it is long, so that one that comes late, into the middle of a hundred thousand, moves
 * a few hundred at most. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_TIMELINE_H
#define AGGREGATOR_TIMELINE_H
#include "common/slab.h"
#include <stddef.h>
#include <stdint.h>

struct moment {
	uint64_t key;  /* event time, then the upper bits of the tie that decides between events of one ts */
	uint32_t tie;  /* its lower bits: 52 in all */
	uint32_t ref;  /* the owner's */
};

enum { MOMENT_TIE_BITS = 20 };

/* ts_ms: 0 .. 2^44 - 1. */
static inline struct moment
moment_of(int64_t ts_ms, uint64_t tie, uint32_t ref)
{
	return (struct moment){(uint64_t)ts_ms << MOMENT_TIE_BITS | tie >> (64 - MOMENT_TIE_BITS), (uint32_t)tie, ref};
}

static inline int64_t
moment_ts(const struct moment *moment)
{
	return (int64_t)(moment->key >> MOMENT_TIE_BITS);
}

struct timeline;

uint32_t timeline_count(const struct timeline *timeline);
void timeline_add(struct timeline **timeline, struct moment moment, struct slab *slab);
/* It must be there. */
void timeline_remove(struct timeline **timeline, struct moment moment, struct slab *slab);
/* The first one. */
void timeline_drop_first(struct timeline **timeline, struct slab *slab);
void timeline_free(struct timeline **timeline, struct slab *slab);

/* NULL: there is none. Valid until the timeline changes. */
const struct moment *timeline_first(const struct timeline *timeline);
const struct moment *timeline_last_before(const struct timeline *timeline, int64_t ts_ms);

/* Those at ts_ms and later: for (m = timeline_walk(&walk, timeline, ts_ms); m != NULL; m = timeline_next(&walk)). */
struct timeline_walk {
	const struct timeline *timeline;
	uint32_t block, at;
};
const struct moment *timeline_walk(struct timeline_walk *walk, const struct timeline *timeline, int64_t ts_ms);
const struct moment *timeline_next(struct timeline_walk *walk);
#endif
