/*
 * series.h - series (rollup + key) and their running totals.
 *
 * Per measure present: one `head` and SLOT_COUNT slots. Nearly every
 * event falls in the current part of all six windows and in nothing else: it is
 * added to `head` alone, one addition instead of six. The total of a slot is
 * what stands there, plus head where the slot is a cur part; when a cell leaves a window
 * that slot goes down (below zero, rightly) and head stays. What an event adds to, and what an
 * edge takes a cell's sums from, are one slot of all measures: these stand together. All sums are
 * modulo 2^64; the kernel refuses an event before a true total could overflow.
 *
 * Calendar periods turn lazily: a series keeps the period numbers that its slots
 * are for and is turned when it is next touched, or by the kernel's paced sweep.
 * Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_SERIES_H
#define AGGREGATOR_SERIES_H
#include "aggregator/kernel_config.h"
#include "common/index.h"
#include "common/pool.h"
#include "common/slab.h"
#include "common/stream.h"

enum { CALENDAR_WINDOWS = WINDOW_COUNT - WINDOW_ROLLING, SERIES_CHUNK = 4096, DIRTY_CHUNK = 16384 };

struct series {
	uint64_t *block;     /* head[cap], slot[SLOT_COUNT][cap], then uint8_t measure id[cap] */
	uint8_t *key;        /* parts: u16 length + bytes */
	uint64_t hash;
	uint32_t key_bytes;
	uint32_t refs;       /* tuples that project here */
	uint32_t period[CALENDAR_WINDOWS];
	uint8_t rollup, key_parts, measures, cap;
	uint8_t audited;     /* 1 + its place among those that are recounted; 0: it is not */
	bool live, dirty;
	uint64_t unused;     /* fills the cache line: one miss a series, not two */
};
_Static_assert(sizeof(struct series) == 64, "a cache line");

struct series_set {
	const struct kernel_config *config;
	struct pool pool;
	uint32_t **dirty, dirty_chunks;     /* in order of their first change */
	uint32_t dirty_from, dirty_end;     /* those that are not told yet; from is in the first chunk */
	struct index index;
	uint32_t rollup_count[ROLLUPS_MAX]; /* live series */
	uint32_t period[CALENDAR_WINDOWS];  /* numbers of the present periods */
	uint8_t distinct_of[MEASURES_MAX];  /* of a PREVIOUS measure: the DISTINCT one of its class */
	struct slab slab;                   /* blocks and keys */
	uint64_t live;
};

void series_set_init(struct series_set *set, const struct kernel_config *config);
void series_set_fini(struct series_set *set);

static inline struct series *
series_at(const struct series_set *set, uint32_t id)
{
	return pool_at(&set->pool, id, sizeof(struct series), SERIES_CHUNK);
}

/* key: parts as u16 length + bytes. UINT32_MAX: none. */
uint32_t series_find(const struct series_set *set, uint32_t rollup, struct slice key);
/* key must not exist yet. */
uint32_t series_make(struct series_set *set, uint32_t rollup, struct slice key, uint32_t parts);
/* The last tuple is gone: all totals must be 0 by now. */
void series_drop(struct series_set *set, uint32_t id);
/* A dropped series was told of: its id may be used again. */
void series_release(struct series_set *set, uint32_t id);
/* The measure's position in the block, made if missing; it never changes. */
uint32_t series_position(struct series_set *set, uint32_t id, uint32_t measure);

/* For an image: all have turned to the present periods. load: into an empty set; every one is dirty then. */
void series_set_save(const struct series_set *set, struct stream_out *out);
void series_set_load(struct series_set *set, struct stream_in *in);

void series_mark_slow(struct series_set *set, uint32_t id);

static inline uint32_t
series_dirty_at(const struct series_set *set, uint32_t at)
{
	return set->dirty[at / DIRTY_CHUNK][at % DIRTY_CHUNK];
}

/* The first one that is dirty is so no more: dirty_from. */
uint32_t series_take_dirty(struct series_set *set);
/* Turns calendar periods that have passed; true if a number may have changed. */
bool series_turn(struct series_set *set, struct series *series);

static inline void
series_mark(struct series_set *set, struct series *series, uint32_t id)
{
	if (!series->dirty)
		series_mark_slow(set, id);
}

static inline bool
series_current(const struct series_set *set, const struct series *series)
{
	return series->period[0] == set->period[0] && series->period[1] == set->period[1] &&
	       series->period[2] == set->period[2];
}

/* By position. */
static inline uint64_t *
series_slot(const struct series *series, unsigned slot)
{
	return series->block + series->cap * (1 + slot);
}

static inline uint8_t *
series_measures(const struct series *series)
{
	return (uint8_t *)(series->block + series->cap * (1 + SLOT_COUNT));
}

int64_t series_total(const struct series *series, uint32_t position, unsigned window, unsigned part);
#endif
