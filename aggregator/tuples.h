/*
 * tuples.h - tuples: what kinds of event there are, and where each one counts.
 *
 * A *form* is one combination of event type, stage, kind, cost type and the used
 * dimensions; of a refund also how it is booked. A tuple is a form that something counts
 * under or refers to. It is found by the form's keyed 128-bit hash (accept computes it of events as
 * they come), keeps the form's texts, knows its columns (what a cell stores of an event: a
 * count, some numbers), its measures, and, while it has cells, for each rollup the series
 * and the measures' positions in it. Its measures by addition come first, those by
 * touches (touch.c) behind them. Freed with the last cell or reference. Internal; one
 * thread at a time.
 */
#ifndef AGGREGATOR_TUPLES_H
#define AGGREGATOR_TUPLES_H
#include "aggregator/panes.h"
#include "aggregator/series.h"
#include "common/stream.h"
#include "schemas/group.h"

enum form_booking {
	FORM_AS_SOLD = 1,   /* a refund at its sale's time; else at its own */
	FORM_UNMATCHED = 2, /* a refund whose sale is not known */
};

struct form {
	uint8_t type, stage, kind;          /* as in group_event */
	uint8_t booking;                    /* of refunds: enum form_booking */
	struct slice text[EVENT_DIMS + 1];  /* the dimensions in use, and TEXT_CTYPE */
};

/* Cohorts: which stage's entry, and which one is reached. */
enum { COHORTS = 6 };
static inline unsigned
cohort_of(unsigned entered, unsigned reached)
{
	static const uint8_t first[] = {[STAGE_LEAD] = 0, [STAGE_MQL] = 3, [STAGE_SQL] = 5};
	return first[entered] + reached - entered - 1;
}

enum {
	TUPLE_CHUNK = 1024,
	/* Sources of a column: enum event_num up to EVENT_MEASURABLE, then: */
	COLUMN_COUNT = EVENT_MEASURABLE, /* 1 an event */
	COLUMN_MARKS,                    /* 1 if a fact bears a mark (facts.h): */
	COLUMN_NEW = COLUMN_MARKS,       /* it is its customer's first sale */
	COLUMN_STAGE,                    /* + stage - STAGE_LEAD: its lead entered the stage with it */
	COLUMN_COHORT = COLUMN_STAGE + STAGE_CUSTOMER, /* + cohort_of() */
	COLUMN_SOURCES = COLUMN_COHORT + COHORTS,
	MARKS = COLUMN_SOURCES - COLUMN_MARKS,
	/* of[] of a measure by touches: its class, and its take */
	TOUCH_TAKE_SHIFT = 4,
	TOUCH_CLASS_MASK = (1 << TOUCH_TAKE_SHIFT) - 1,
};

#define TUPLE_NONE UINT32_MAX

struct tuple {
	struct hash128 hash;
	uint32_t cells;                   /* that refer to it */
	uint32_t refs;                    /* others that do */
	uint8_t *texts;                   /* the form's: for each u16 length + bytes */
	uint16_t text_bytes;
	uint8_t type, stage, kind, booking;
	uint8_t columns;
	uint8_t measures, touches;        /* by addition; by touches. None of either: it has no series */
	uint8_t classes;                  /* bit per class of its touches */
	uint8_t given;                    /* bit per dimension whose text is not empty */
	uint8_t column[PANE_COLUMNS_MAX]; /* COLUMN_* */
	bool folded, live, attached;      /* attached: it has series */
	/*
	 * then: uint32_t series[rollups]; uint8_t of[measures + touches]: column of each measure, class of each
	 * touch; uint8_t measure[measures + touches]; uint8_t position[rollups][measures + touches]
	 */
};

struct tuple_set {
	const struct kernel_config *config;
	uint8_t dims_mask;                 /* dimensions in use */
	uint32_t class_count;              /* see measure_same_class() */
	uint8_t class_of[MEASURES_MAX];    /* of a measure by touches */
	uint8_t class_kind[CLASSES_MAX];   /* enum entity_kind */
	uint32_t measures_max, stride;
	struct pool pool;
	struct index index;
	struct slab texts;
	uint64_t folded;                   /* tuples attached whose key folded in some rollup */
};

void tuple_set_init(struct tuple_set *set, const struct kernel_config *config, uint8_t dims_mask);
void tuple_set_fini(struct tuple_set *set);

static inline struct tuple *
tuple_at(const struct tuple_set *set, uint32_t id)
{
	return pool_at(&set->pool, id, set->stride, TUPLE_CHUNK);
}

static inline bool
tuple_counts(const struct tuple *tuple)
{
	return tuple->measures + tuple->touches > 0;
}

/* Of a tuple that is attached. */
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
tuple_measures(const struct tuple_set *set, const struct tuple *tuple)
{
	return tuple_of(set, tuple) + set->measures_max;
}

static inline uint8_t *
tuple_positions(const struct tuple_set *set, const struct tuple *tuple, uint32_t rollup)
{
	return tuple_of(set, tuple) + (size_t)set->measures_max * (2 + rollup);
}

/* The kinds of entity whose classes are among these. */
uint8_t tuple_kinds(const struct tuple_set *set, uint8_t classes);

/* The form of an event as it came; its texts are the group's. */
void form_of_event(const struct tuple_set *set, const struct group *group, const struct group_event *event,
                   struct form *form);
/* The form of a tuple; its texts are the tuple's. */
void form_of_tuple(const struct tuple_set *set, uint32_t id, struct form *form);
struct hash128 form_hash(const struct tuple_set *set, const struct form *form);

static inline bool
tuple_is(const struct tuple *tuple, struct hash128 hash)
{
	return tuple->live && tuple->hash.lo == hash.lo && tuple->hash.hi == hash.hi;
}

/* TUPLE_NONE: not there. */
uint32_t tuple_find(const struct tuple_set *set, struct hash128 hash);
/* Makes the tuple of a form that has none. It has neither cell nor reference yet: give it one before anything else. */
uint32_t tuple_make(struct tuple_set *set, const struct form *form, struct hash128 hash);
/* For an image. load: into an empty one, after the series. */
void tuple_set_save(const struct tuple_set *set, struct stream_out *out);
void tuple_set_load(struct tuple_set *set, struct series_set *series, struct stream_in *in);
/* Finds the series that it counts in, or makes them; keys beyond series_max fold to ~other. */
void tuple_attach(struct tuple_set *set, struct series_set *series, uint32_t id);
/*
 * True when an event may make a key fold, or one that folded come back. One event may move many sales to new keys, so
 * that is from half of series_max on. The owner then finishes its drains first: folding is a function of the log.
 */
bool tuple_might_fold(const struct tuple_set *set, const struct series_set *series);
/* A cell less: the last one takes the series with it, and the tuple if nobody refers to it. */
void tuple_cell_gone(struct tuple_set *set, struct series_set *series, uint32_t id);
/* A reference less. */
void tuple_release(struct tuple_set *set, uint32_t id);
uint64_t tuple_bytes(const struct tuple_set *set);
#endif
