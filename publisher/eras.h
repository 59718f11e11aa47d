/*
 * eras.h - which bounds a row's numbers are exact for, while updates come in slices.
 *
 * The aggregator tells what has changed in rounds of several updates, and the edges
 * may move between them. A row told in an update is exact for that update's bounds;
 * one not yet told is exact for older ones only. When a round is over, every row
 * that did not change in it is exact for the bounds at which it began (a round begins
 * with all drains done, see aggregator_publish()): all that had
 * changed by then was told. So a row's seq says which bounds are its own.
 *
 * An era is a run of updates with equal bounds. Nearly always there is one. Beyond
 * ERAS_MAX (edges that move with every one of thousands of slices: history sent
 * fast) the newest era takes the later bounds, and that is counted. One thread owns it.
 */
#ifndef PUBLISHER_ERAS_H
#define PUBLISHER_ERAS_H
#include "aggregator/update.h"

enum { ERAS_MAX = 16384 /* 5 MiB */ };

struct era {
	uint64_t after_seq; /* its rows have a higher one */
	int64_t now_ms;     /* log time of its last update */
	struct window_bounds bounds[WINDOW_COUNT];
};

struct eras {           /* zeroed: before the first update */
	struct era *era;    /* oldest first */
	uint32_t count, cap;
	uint32_t round_era; /* the era in which the round under way began */
	bool in_round;
	uint64_t merged;    /* updates whose bounds found no room */
};

void eras_fini(struct eras *eras);
/* Before the rows of an update are taken in; seq is the last one given out. */
void eras_update(struct eras *eras, const struct update_head *head, uint64_t seq);
/* After the last update of a round. */
void eras_round_end(struct eras *eras);
/* The era of a row with this seq. There has been an update. */
const struct era *eras_of(const struct eras *eras, uint64_t seq);
/* The era that all rows are in; NULL: they are in several, or a round is under way. */
const struct era *eras_only(const struct eras *eras);
#endif
