/*
 * kernel_config.h - what a kernel is told once, and how its slots are numbered.
 */
#ifndef AGGREGATOR_KERNEL_CONFIG_H
#define AGGREGATOR_KERNEL_CONFIG_H
#include "aggregator/measure.h"
#include "aggregator/zone.h"
#include "common/hash.h"
#include "schemas/money.h"
#include "schemas/window.h"

enum {
	ROLLUPS_MAX = 16,
	SLOT_COUNT = 15, /* 3 rolling windows x (cur, prev) + 3 calendar x (cur, prev, ptd) */
	SERIES_KEY_MAX = 7 * (EVENT_TEXT_BYTES_MAX + 1),
};

/* The slot of a part of a window: 0 .. SLOT_COUNT-1. Rolling windows have no ptd. */
static inline unsigned
slot_of(unsigned window, unsigned part)
{
	return window < WINDOW_ROLLING ? window * 2 + part : 6 + (window - WINDOW_ROLLING) * 3 + part;
}

struct rollup {
	char name[64];     /* "all", "campaign", "campaign+channel" */
	uint8_t dims_mask; /* 0: all */
};

struct kernel_config {
	const struct zone *zone;      /* outlives the kernel */
	const struct kpi_set *kpis;   /* outlives the kernel */
	const struct money_rates *rates; /* outlives the kernel; for refunds in another currency. NULL: their own amounts stand */
	struct hash_key key;
	int week_start;               /* 0 = Monday .. 6 = Sunday */
	bool clock_events;            /* log time is per event: the largest event time seen */
	int64_t horizon_ms;           /* 63 days: lateness, ids */
	int64_t future_ms;            /* 5 min */
	int64_t look_back_ms;         /* of attribution; 0: 30 days */
	int slide_min[WINDOW_ROLLING]; /* 1, 5, 15 or 60; defaults 1, 15, 60 */
	uint32_t rollup_count;
	struct rollup rollup[ROLLUPS_MAX];
	uint32_t series_max;          /* per rollup; beyond it keys fold to ~other. default 1,000,000 */
	uint32_t busy_from;           /* activities from which an entity is kept as busy.h says; 0: 256 */
	uint32_t busy_run;            /* activities of a busy one that cross an edge together; 0: 32 */
};
#endif
