/*
 * kernel.h - the state: every KPI total of every series, exact, in memory.
 *
 * A pure state machine: state = f(groups applied in log order). No clock, no
 * I/O, no float, no random number; time is in the groups. One thread at a time.
 *
 * Words. A *tuple* is one combination of event type, stage, kind, cost type and
 * used dimensions. A *rollup* projects tuples to *series* (rollup + key). A
 * *cell* is what one tuple did in one *pane* of event time. A *slot* is one part
 * of one window ("r7d prev"); per series and measure one running total per slot
 * is kept, and changed only by an event, or by a cell crossing a slot's edge.
 */
#ifndef AGGREGATOR_KERNEL_H
#define AGGREGATOR_KERNEL_H
#include "aggregator/kernel_config.h"
#include "schemas/group.h"

struct kernel;

struct kernel *kernel_new(const struct kernel_config *config);
void kernel_free(struct kernel *kernel); /* accepts NULL */

/* Dimensions that any rollup or `where` uses: what accept should hash into group_event.dims. */
uint8_t kernel_dims_mask(const struct kernel_config *config);

/*
 * Applies one group at its time_ms: moves the edges, then decides each event that
 * accept has not refused (writes its verdict and, for a refusal, a fault text).
 * A tick only moves the edges. Finishes due drains of the moment before, not the
 * new ones: see kernel_drain().
 */
void kernel_apply(struct kernel *kernel, struct group *group);

/*
 * Does up to `budget` cells of due work (cells crossing edges, series crossing
 * midnight, merging, expiry). True: nothing is left, totals agree with the bounds.
 */
bool kernel_drain(struct kernel *kernel, uint64_t budget);
bool kernel_due(const struct kernel *kernel); /* something is left */
int64_t kernel_turns_at(const struct kernel *kernel); /* from this log time on edges move again; INT64_MIN: no group yet */

/*
 * Called whenever log time is about to move into another minute, with all drains of
 * the minute before finished: what is judged "once a log minute" is judged here, as
 * a function of the log, however the drains were sliced.
 */
typedef void kernel_turn_fn(void *context);
void kernel_on_turn(struct kernel *kernel, kernel_turn_fn *turn, void *context);

/* Log time; INT64_MIN before the first group. */
int64_t kernel_now(const struct kernel *kernel);
void kernel_bounds(const struct kernel *kernel, enum window window, struct window_bounds *out);

/* Series. Ids are dense, reused after a series was freed. All below ask for kernel_drain() == true. */
uint32_t kernel_series_end(const struct kernel *kernel); /* ids are below this */
bool kernel_series_live(const struct kernel *kernel, uint32_t series);
uint32_t kernel_series_rollup(const struct kernel *kernel, uint32_t series);
/* One text per dimension in the rollup's mask, ascending; absent is "~none", folded "~other". Valid until the next apply. */
uint32_t kernel_series_key(const struct kernel *kernel, uint32_t series, struct slice key[EVENT_DIMS]);
/* UINT32_MAX: none. */
uint32_t kernel_series_find(const struct kernel *kernel, uint32_t rollup, const struct slice *key);
/* totals[m] for every measure of the set; 0 where the series has none. */
void kernel_totals(struct kernel *kernel, uint32_t series, enum window window, enum window_part part,
                   int64_t totals[MEASURES_MAX]);

/* All totals of a series at once: the measures it has, ascending. */
struct kernel_view {
	uint32_t measures;
	uint8_t measure[MEASURES_MAX];
	int64_t total[MEASURES_MAX][SLOT_COUNT];
};
void kernel_view(const struct kernel *kernel, uint32_t series, struct kernel_view *out);

/*
 * Series whose totals may have changed since they were last told, each once, with those
 * freed since (live is then false; its id is reused only after this). At most `limit` of
 * them, in the order of their first change. Returns how many are left.
 */
typedef void kernel_dirty_fn(void *context, uint32_t series, bool live);
uint32_t kernel_take_dirty(struct kernel *kernel, uint32_t limit, kernel_dirty_fn *each, void *context);
uint32_t kernel_dirty(const struct kernel *kernel);

/* Counters since the start. */
struct kernel_counters {
	uint64_t verdict[VERDICT_COUNT]; /* of events that reached the kernel */
	uint64_t folded;      /* times that an event was counted under ~other in some rollup */
	uint64_t drained;     /* cells that crossed an edge */
	uint64_t touched;     /* entities whose activities of a pane crossed an edge */
	uint64_t ids, cells, tuples, series, panes, entities, activities; /* now */
	uint64_t facts, leads, parked; /* now; parked: corrections that wait for their event */
	uint64_t parked_expired, parked_unfit; /* those whose event never came, or was none that they fit */
	uint64_t audited, audit_mismatch; /* series recounted; those of them whose totals were wrong */
	uint32_t mismatch_series;         /* the last of these */
	uint64_t firsts;      /* customers and leads whose first sale or entries are too old to change */
	uint64_t bytes;       /* all tables */
	uint64_t bytes_series, bytes_cells, bytes_tuples, bytes_ids, bytes_entities, bytes_facts, bytes_leads, bytes_firsts;
};
void kernel_count(const struct kernel *kernel, struct kernel_counters *out);

/*
 * I3, in production: goes on with recounting a few series, up to `budget` cells and entities; does nothing while
 * something is due. What is found wrong is in the counters.
 */
void kernel_audit_some(struct kernel *kernel, uint32_t budget);

/*
 * I3: recomputes a series' totals from the cells and activities; true if all agree. O(cells + activities). For
 * tests and audits; drained state only.
 */
bool kernel_audit(struct kernel *kernel, uint32_t series);
#endif
