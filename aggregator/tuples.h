/*
 * tuples.h - tuples: what kinds of event there are, and where each one counts.
 *
 * A tuple is one combination of event type, stage, kind, cost type and the used
 * dimensions. It is found by the keyed 128-bit hash of these (accept computes it),
 * knows its columns (what a cell stores of an event: a count, some numbers), its
 * measures, and for each rollup the series and the measures' positions in it. Its
 * measures by addition come first, those by touches (touch.c) behind them.
 * Made at its first event, freed with its last cell. Internal; one thread at a time.
 */
#ifndef AGGREGATOR_TUPLES_H
#define AGGREGATOR_TUPLES_H
#include "aggregator/panes.h"
#include "aggregator/series.h"
#include "schemas/group.h"

enum {
	TUPLE_CHUNK = 1024,
	COLUMN_COUNT = EVENT_MEASURABLE, /* after the enum event_num: 1 an event */
	COLUMN_NEW,                      /* 1 if it is its customer's first sale */
	COLUMN_SOURCES,
	/* of[] of a measure by touches: its class, and its take */
	TOUCH_TAKE_SHIFT = 4,
	TOUCH_CLASS_MASK = (1 << TOUCH_TAKE_SHIFT) - 1,
};

struct tuple {
	struct hash128 hash;
	uint32_t cells;                   /* that refer to it; freed at 0 */
	uint8_t columns;
	uint8_t measures, touches;        /* by addition; by touches. None of either: it has no series */
	uint8_t classes;                  /* bit per class of its touches */
	uint8_t column[PANE_COLUMNS_MAX]; /* enum event_num, or one of COLUMN_* */
	bool folded, live;
	/*
	 * then: uint32_t series[rollups]; uint8_t of[measures + touches]: column of each measure, class of each
	 * touch; uint8_t position[rollups][measures + touches]
	 */
};

struct tuple_set {
	const struct kernel_config *config;
	uint32_t class_count;              /* see measure_same_class() */
	uint8_t class_of[MEASURES_MAX];    /* of a measure by touches */
	uint8_t class_kind[CLASSES_MAX];   /* enum entity_kind */
	uint32_t measures_max, stride;
	uint8_t **chunk;
	uint32_t chunk_count, end;
	uint32_t *free_ids, free_count, free_cap;
	struct index index;
	uint64_t live;
};

void tuple_set_init(struct tuple_set *set, const struct kernel_config *config);
void tuple_set_fini(struct tuple_set *set);

static inline struct tuple *
tuple_at(const struct tuple_set *set, uint32_t id)
{
	return (struct tuple *)(void *)(set->chunk[id / TUPLE_CHUNK] + (size_t)(id % TUPLE_CHUNK) * set->stride);
}

static inline bool
tuple_counts(const struct tuple *tuple)
{
	return tuple->measures + tuple->touches > 0;
}

static inline uint32_t *
tuple_series(const struct tuple_set *set, const struct tuple *tuple)
{
	(void)set;
	return (uint32_t *)(uintptr_t)(tuple + 1);
}

static inline uint8_t *
tuple_of(const struct tuple_set *set, const struct tuple *tuple)
{
	return (uint8_t *)(tuple_series(set, tuple) + set->config->rollup_count);
}

static inline uint8_t *
tuple_positions(const struct tuple_set *set, const struct tuple *tuple, uint32_t rollup)
{
	return tuple_of(set, tuple) + (size_t)set->measures_max * (1 + rollup);
}

/* The kinds of entity whose classes are among these. */
uint8_t tuple_kinds(const struct tuple_set *set, uint8_t classes);
/* UINT32_MAX: not there. */
uint32_t tuple_find(const struct tuple_set *set, struct hash128 hash);
/*
 * Makes the tuple of an event, and the series it needs; keys beyond series_max
 * fold to ~other. The tuple has no cell yet: add one before anything else.
 */
uint32_t tuple_make(struct tuple_set *set, struct series_set *series, const struct group *group,
                    const struct group_event *event, struct hash128 hash);
/* True when a new key of some rollup would fold: the owner finishes its drains first, so that folding is a function of the log. */
bool tuple_would_fold(const struct series_set *series);
/* Its last cell is gone. */
void tuple_drop(struct tuple_set *set, struct series_set *series, uint32_t id);
uint64_t tuple_bytes(const struct tuple_set *set);
#endif
