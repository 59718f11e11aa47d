/*
 * panes.h - what happened when: cells (tuple, pane) of sums, stored once, by event time.
 *
 * Days hold panes of one of three sizes: 1 min while young, merged into 15 min,
 * then 1 h, then dropped. A pane is an append-only run of cells; a cell is a tuple
 * number and one sum per column of that tuple, packed. The place of a cell (pane
 * start, byte offset) orders all cells: an edge that moves forward has passed a
 * cell, or has not, also in the middle of a pane. Aggregator thread.
 */
#ifndef AGGREGATOR_PANES_H
#define AGGREGATOR_PANES_H
#include "aggregator/grid.h"
#include <stdbool.h>

enum { PANE_LEVELS = 3, PANE_DAYS_MAX = 80, PANE_COLUMNS_MAX = 6 };

/* Where a cell or an edge is. Compare start first, then offset. */
struct place {
	int64_t start_ms; /* a pane's start */
	uint32_t offset;  /* bytes into its cells; an edge at 0 has passed nothing of the pane */
};

static inline bool
place_before(struct place a, struct place b)
{
	return a.start_ms != b.start_ms ? a.start_ms < b.start_ms : a.offset < b.offset;
}

struct pane {
	uint8_t *cells;       /* {u32 tuple, i64 sum[columns of tuple]} packed */
	uint32_t len, cap;    /* bytes */
	uint32_t count;       /* cells */
	uint32_t index_cap;   /* slots in index; 0: none, look through */
	uint32_t *index;      /* offset + 1 by tuple */
};

/* Number of columns of a tuple; the panes do not know tuples. */
typedef uint32_t panes_columns_fn(const void *owner, uint32_t tuple);
/* A cell went away by merging into another one of its tuple (panes_merge) or by expiry (panes_drop). */
typedef void panes_gone_fn(void *owner, uint32_t tuple);

struct panes;

/* keep_days[l]: a day older than that leaves level l; ascending; the last one is when it is dropped. */
struct panes *panes_new(struct grid *grid, const int keep_days[PANE_LEVELS], panes_columns_fn *columns,
                        panes_gone_fn *gone, void *owner);
void panes_free(struct panes *panes);

/* Adds to the (tuple, pane of ts) cell, made if missing (*made = true, then the owner has one more). */
struct place panes_add(struct panes *panes, int64_t ts_ms, uint32_t tuple, const int64_t *sum, uint32_t columns,
                       bool *made);
void panes_prefetch(struct panes *panes, int64_t ts_ms, uint32_t tuple);

/* The next cell at or behind *at and before end. False: none. On true *at is behind the cell. */
struct cell {
	struct place place;
	uint32_t tuple;
	int64_t sum[PANE_COLUMNS_MAX];
};
bool panes_next(struct panes *panes, struct place *at, int64_t end_ms, struct cell *cell);

/* Days to be merged or dropped when today is `today`: works on up to budget cells. True: nothing left. */
bool panes_age(struct panes *panes, int64_t today, uint64_t *budget);
/* The last instant any cell's pane starts at; INT64_MIN: none. Never goes back. */
int64_t panes_newest(const struct panes *panes);
/* Shrinks a pane that is no longer the current one. */
void panes_close(struct panes *panes, int64_t ts_ms);

uint64_t panes_cells(const struct panes *panes);
uint64_t panes_count(const struct panes *panes);
uint64_t panes_bytes(const struct panes *panes);
#endif
