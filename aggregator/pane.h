/*
 * pane.h - one pane: a run of cells, an index of them, and a list of who was there. Internal to panes.c.
 *
 * No step over it is longer than a few dozen cells, whatever it holds: it grows by chunks, its index is built a
 * few cells at a time. A cell that the index does not have yet is not found, so that its tuple may get
 * another one: a tuple's cells in a pane are one sum in parts.
 *
 * A pane may be taken apart from its front; it gets nothing more then.
 */
#ifndef AGGREGATOR_PANE_H
#define AGGREGATOR_PANE_H
#include "aggregator/panes.h"
#include "common/chunks.h"

struct cell_index;

/* Zeroed is empty. */
struct pane {
	struct chunks cells;      /* {u32 tuple and number of columns, i64 sum[columns]} packed */
	struct chunks who;        /* u32 */
	struct cell_index *index; /* NULL: none; few cells are looked through */
	uint32_t count;           /* cells, without those taken */
	uint32_t cells_taken;     /* bytes of cells; of what was taken whole chunks are free */
	uint32_t who_taken;       /* positions */
};

/* What all panes have in common. */
struct pane_set {
	struct panes_owner owner;
	uint64_t cells, used, bytes; /* used: panes with a cell */
	uint64_t looks;              /* cells read on the way to others: the work that steps bound */
};

static inline bool
pane_is_empty(const struct pane *pane)
{
	return pane->cells.len == 0;
}

static inline uint32_t
pane_listed_count(const struct pane *pane)
{
	return pane->who.len / 4;
}

void pane_fini(struct pane_set *set, struct pane *pane);
/* Gives back what it does not need while nothing is added. */
void pane_shrink(struct pane_set *set, struct pane *pane);

/* A cell behind all others, though its tuple may have one. */
uint32_t pane_append(struct pane_set *set, struct pane *pane, uint32_t tuple, const int64_t *sum, uint32_t columns);
/* The offset of the tuple's cell, to which sum was added; *made: it is a new one. */
uint32_t pane_add(struct pane_set *set, struct pane *pane, uint32_t tuple, const int64_t *sum, uint32_t columns,
                  bool *made);
/* The cell at *offset, which then is behind it. The place's offset is set, not its start. */
void pane_cell(const struct pane *pane, uint32_t *offset, struct cell *cell);
/* The position at which who was listed. */
uint32_t pane_list(struct pane_set *set, struct pane *pane, uint32_t who);
uint32_t pane_listed(const struct pane *pane, uint32_t position);

/* Takes the first one off. False: there is none. */
bool pane_take_cell(struct pane_set *set, struct pane *pane, struct cell *cell);
bool pane_take_listed(struct pane_set *set, struct pane *pane, struct listed *listed);

/* Goes on with the index where there are cells enough for one, with at most budget cells. True: it has all of them. */
bool pane_index(struct pane_set *set, struct pane *pane, uint64_t *budget);
/* See panes_prefetch(). */
void pane_prefetch(const struct pane *pane, uint32_t tuple);
void pane_prefetch_cell(const struct pane *pane, uint32_t tuple);
#endif
