/*
 * grid.h - the time grid: panes, periods, and where every window's edges stand.
 *
 * DESIGN: panes are slots of elapsed minutes since the local day's start; the
 * last pane of a day is cut at the next day's start. Pure functions of the zone
 * and an instant; struct grid only remembers the day it looked at last.
 */
#ifndef AGGREGATOR_GRID_H
#define AGGREGATOR_GRID_H
#include "aggregator/zone.h"
#include "schemas/window.h"

enum { MINUTE_MS = 60000 };

struct grid {
	const struct zone *zone;
	int week_start;                /* 0 = Monday */
	int slide_min[WINDOW_ROLLING]; /* minutes */
	/* the day looked at last */
	int64_t day, day_lo, day_hi;
};

/* A local day that holds an instant: [lo, hi). */
struct grid_day {
	int64_t day, lo, hi;
};

void grid_init(struct grid *grid, const struct zone *zone, int week_start, const int slide_min[WINDOW_ROLLING]);
struct grid_day grid_day_at(struct grid *grid, int64_t ts_ms);
/* The pane of `minutes` that holds ts. */
struct span_ms grid_pane(struct grid *grid, int64_t ts_ms, int minutes);
/* First day of the calendar period (WINDOW_D, _W, _M) that holds a day, and of the next and the previous one. */
int64_t grid_period_first(const struct grid *grid, enum window window, int64_t day);
int64_t grid_period_next(const struct grid *grid, enum window window, int64_t first);
int64_t grid_period_previous(const struct grid *grid, enum window window, int64_t first);
/* Bounds of all parts of a window when log time is now_ms. */
void grid_bounds(struct grid *grid, enum window window, int64_t now_ms, struct window_bounds *out);
/* Where the part before prev begins: prev's own prev, [that, prev.lo). */
int64_t grid_before_lo(struct grid *grid, enum window window, int64_t now_ms);
/* Length of a rolling window, ms. */
int64_t grid_rolling_ms(enum window window);
#endif
