/* grid.c - panes, periods and window bounds. */
#include "aggregator/grid.h"
#include <assert.h>

static const int64_t DAY_MS = 86400000;
static const int rolling_days[WINDOW_ROLLING] = {1, 7, 30};
/* Slots of ptd: minutes for d, w, m. */
static const int ptd_slot_min[WINDOW_COUNT] = {[WINDOW_D] = 1, [WINDOW_W] = 15, [WINDOW_M] = 60};

void
grid_init(struct grid *grid, const struct zone *zone, int week_start, const int slide_min[WINDOW_ROLLING])
{
	*grid = (struct grid){.zone = zone, .week_start = week_start, .day_lo = 1, .day_hi = 0};
	for (int w = 0; w < WINDOW_ROLLING; w++)
		grid->slide_min[w] = slide_min[w];
}

struct grid_day
grid_day_at(struct grid *grid, int64_t ts_ms)
{
	if (ts_ms < grid->day_lo || ts_ms >= grid->day_hi) {
		grid->day = zone_day_of(grid->zone, ts_ms);
		grid->day_lo = zone_day_start(grid->zone, grid->day);
		grid->day_hi = zone_day_start(grid->zone, grid->day + 1);
	}
	return (struct grid_day){grid->day, grid->day_lo, grid->day_hi};
}

struct span_ms
grid_pane(struct grid *grid, int64_t ts_ms, int minutes)
{
	struct grid_day day = grid_day_at(grid, ts_ms);
	int64_t size = (int64_t)minutes * MINUTE_MS;
	int64_t lo = day.lo + (ts_ms - day.lo) / size * size;
	int64_t hi = lo + size < day.hi ? lo + size : day.hi;
	return (struct span_ms){lo, hi};
}

int64_t
grid_rolling_ms(enum window window)
{
	assert(window < WINDOW_ROLLING);
	return rolling_days[window] * DAY_MS;
}

int64_t
grid_period_first(const struct grid *grid, enum window window, int64_t day)
{
	int year, month, dom;
	switch (window) {
	case WINDOW_W:
		return day - (weekday_of_day(day) - grid->week_start + 7) % 7;
	case WINDOW_M:
		civil_of_day(day, &year, &month, &dom);
		return day - (dom - 1);
	default:
		return day;
	}
}

int64_t
grid_period_next(const struct grid *grid, enum window window, int64_t first)
{
	int64_t inside_next = first + (window == WINDOW_D ? 1 : window == WINDOW_W ? 7 : 31);
	return grid_period_first(grid, window, inside_next);
}

int64_t
grid_period_previous(const struct grid *grid, enum window window, int64_t first)
{
	return grid_period_first(grid, window, first - 1);
}

static void
rolling_bounds(struct grid *grid, enum window window, int64_t now_ms, struct window_bounds *out)
{
	int slide = grid->slide_min[window];
	int64_t length = grid_rolling_ms(window);
	struct span_ms now = grid_pane(grid, now_ms, slide);
	/* The first pane that starts after X is the one behind the pane holding X. */
	int64_t lo = grid_pane(grid, now.lo - length, slide).hi;
	int64_t prev_lo = grid_pane(grid, now.lo - 2 * length, slide).hi;
	out->part[PART_CUR] = (struct span_ms){lo, now.hi};
	out->part[PART_PREV] = (struct span_ms){prev_lo, lo};
	out->part[PART_PTD] = (struct span_ms){0, 0};
}

static void
calendar_bounds(struct grid *grid, enum window window, int64_t now_ms, struct window_bounds *out)
{
	struct grid_day today = grid_day_at(grid, now_ms);
	int64_t first = grid_period_first(grid, window, today.day);
	int64_t before = grid_period_previous(grid, window, first);
	int64_t lo = zone_day_start(grid->zone, first);
	int64_t hi = zone_day_start(grid->zone, grid_period_next(grid, window, first));
	int64_t prev_lo = zone_day_start(grid->zone, before);

	int64_t slot_ms = (int64_t)ptd_slot_min[window] * MINUTE_MS;
	int64_t elapsed = (now_ms - today.lo) / slot_ms * slot_ms;
	int64_t same_day = before + (today.day - first);
	int64_t ptd_hi = lo; /* a day that the previous period does not have: all of it */
	if (same_day < first) {
		int64_t day_hi = zone_day_start(grid->zone, same_day + 1);
		ptd_hi = zone_day_start(grid->zone, same_day) + elapsed;
		if (ptd_hi > day_hi)
			ptd_hi = day_hi;
	}
	out->part[PART_CUR] = (struct span_ms){lo, hi};
	out->part[PART_PREV] = (struct span_ms){prev_lo, lo};
	out->part[PART_PTD] = (struct span_ms){prev_lo, ptd_hi};
}

void
grid_bounds(struct grid *grid, enum window window, int64_t now_ms, struct window_bounds *out)
{
	if (window < WINDOW_ROLLING)
		rolling_bounds(grid, window, now_ms, out);
	else
		calendar_bounds(grid, window, now_ms, out);
}

int64_t
grid_before_lo(struct grid *grid, enum window window, int64_t now_ms)
{
	if (window < WINDOW_ROLLING) {
		struct span_ms now = grid_pane(grid, now_ms, grid->slide_min[window]);
		return grid_pane(grid, now.lo - 3 * grid_rolling_ms(window), grid->slide_min[window]).hi;
	}
	int64_t first = grid_period_first(grid, window, grid_day_at(grid, now_ms).day);
	int64_t before = grid_period_previous(grid, window, grid_period_previous(grid, window, first));
	return zone_day_start(grid->zone, before);
}
