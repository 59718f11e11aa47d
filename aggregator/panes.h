/*
 * panes.h - what happened when: cells (tuple, pane) of sums, stored once, by event time; and who was there.
 *
 * Days hold panes of one of three sizes: 1 min while young, merged into 15 min,
 * then 1 h, then dropped. A pane is an append-only run of cells; a cell is a tuple
 * number and one sum per column of that tuple, packed. The place of a cell (pane
 * start, byte offset) orders all cells: an edge that moves forward has passed a
 * cell, or has not, also in the middle of a pane. Beside its cells a pane lists the
 * numbers of those who did something in it (entities.h); they have places
 * of their own, by position in that list.
 *
 * Merging and dropping stop in the middle of a pane when their budget is spent. What is then added to a
 * pane that is half merged goes to the one that it is merged into, while what was there before may still be in the
 * old one. No edge stands in between. Late additions to a large pane may begin a second cell of a tuple (pane.h). One
 * thread at a time.
 */
#ifndef AGGREGATOR_PANES_H
#define AGGREGATOR_PANES_H
#include "aggregator/grid.h"
#include "common/stream.h"
#include <stdbool.h>

enum { PANE_LEVELS = 3, PANE_DAYS_MAX = 80, PANE_COLUMNS_MAX = 12 };

/* Where a cell or an edge is. Compare start first, then offset. */
struct place {
	int64_t start_ms; /* a pane's start */
	uint32_t offset;  /* bytes into its cells, or position in its list; an edge at 0 has passed nothing of the pane */
};

static inline bool
place_before(struct place a, struct place b)
{
	return a.start_ms != b.start_ms ? a.start_ms < b.start_ms : a.offset < b.offset;
}

/* The panes know neither tuples nor who the numbers are. */
struct panes_owner {
	void *context;
	/* A cell went away, by merging into another one of its tuple or by expiry. */
	void (*cell_gone)(void *context, uint32_t tuple);
	/* A pane merges into the one at to: true, one listing more there, as to.offset says. */
	bool (*who_moved)(void *context, uint32_t who, struct place from, struct place to);
	/* A pane expires. */
	void (*who_gone)(void *context, uint32_t who, struct place place);
};

struct panes;

/* keep_days[l]: a day older than that leaves level l; ascending; the last one is when it is dropped. */
struct panes *panes_new(struct grid *grid, const int keep_days[PANE_LEVELS], const struct panes_owner *owner);
void panes_free(struct panes *panes);

/*
 * How many cells a tuple has in a pane, and in which order they go, may depend on how drains are cut; what they sum
 * up to does not.
 */

/* Adds to the (tuple, pane of ts) cell, made if missing (*made = true, then the owner has one more). */
struct place panes_add(struct panes *panes, int64_t ts_ms, uint32_t tuple, const int64_t *sum, uint32_t columns,
                       bool *made);
/* Starts fetching where a tuple's cell is found; a step later, the cell. */
void panes_prefetch(struct panes *panes, int64_t ts_ms, uint32_t tuple);
void panes_prefetch_cell(struct panes *panes, int64_t ts_ms, uint32_t tuple);

/* The next cell at or behind *at and before end. False: none. On true *at is behind the cell. */
struct cell {
	struct place place;
	uint32_t tuple;
	uint8_t columns;
	int64_t sum[PANE_COLUMNS_MAX];
};
bool panes_next(struct panes *panes, struct place *at, int64_t end_ms, struct cell *cell);

/* Lists who in the pane that starts at start_ms, in which a cell is. */
struct place panes_who_add(struct panes *panes, int64_t start_ms, uint32_t who);
/* As panes_next(), over the lists. */
struct listed {
	struct place place;
	uint32_t who;
};
bool panes_who_next(struct panes *panes, struct place *at, int64_t end_ms, struct listed *listed);

/*
 * When a pane is half merged into the one that starts at start_ms: its start. Who was listed there may still be.
 * Else start_ms.
 */
int64_t panes_merging(const struct panes *panes, int64_t start_ms);

/* Days to be merged or dropped when today is `today`: works on up to budget cells and listed ones. True: nothing left. */
bool panes_age(struct panes *panes, int64_t today, uint64_t *budget);
/*
 * For an image: nothing may be left to merge or drop. load: into an empty one; calls cell for every cell's tuple, and
 * positions in the lists are as they were.
 */
void panes_save(const struct panes *panes, struct stream_out *out);
void panes_load(struct panes *panes, struct stream_in *in, void (*cell)(void *context, uint32_t tuple), void *context);
/* The last instant any cell's pane starts at; INT64_MIN: none. Never goes back. */
int64_t panes_newest(const struct panes *panes);
/* How often something has got another place, or has gone. */
uint64_t panes_moves(const struct panes *panes);
/* Cells read on the way to others. */
uint64_t panes_looks(const struct panes *panes);
uint64_t panes_cells(const struct panes *panes);
uint64_t panes_count(const struct panes *panes);
uint64_t panes_bytes(const struct panes *panes);
#endif
