/* edges.c - time: where the windows' edges are, and what crosses them. */
#include "aggregator/state.h"
#include <assert.h>

/* The number of a calendar period; the next one has the next number. */
static uint32_t
period_number(const struct kernel *kernel, unsigned window, int64_t day)
{
	int year, month, dom;
	int64_t first = grid_period_first(&kernel->grid, window, day);
	if (window == WINDOW_D)
		return (uint32_t)first;
	if (window == WINDOW_W)
		return (uint32_t)((first + 7000000) / 7);
	civil_of_day(first, &year, &month, &dom);
	return (uint32_t)(year * 12 + month);
}

void
edges_init(struct kernel *kernel)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		kernel->edge[EDGE_HI + w] = (struct edge){.plus = (uint8_t)slot_of(w, PART_CUR), .minus = SLOT_NONE};
	for (unsigned w = 0; w < WINDOW_ROLLING; w++) {
		uint8_t cur = (uint8_t)slot_of(w, PART_CUR), prev = (uint8_t)slot_of(w, PART_PREV);
		kernel->edge[EDGE_MID + w] = (struct edge){.plus = prev, .minus = cur};
		kernel->edge[EDGE_LO + w] = (struct edge){.plus = SLOT_NONE, .minus = prev};
	}
	for (unsigned c = 0; c < CALENDAR_WINDOWS; c++)
		kernel->edge[EDGE_PTD + c] =
		    (struct edge){.plus = (uint8_t)slot_of(WINDOW_ROLLING + c, PART_PTD), .minus = SLOT_NONE};
	for (int e = 0; e < EDGE_COUNT; e++)
		kernel->edge[e].at.start_ms = INT64_MIN;
}

/* After the bounds were computed for a new now. */
static void
set_targets(struct kernel *kernel)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		kernel->edge[EDGE_HI + w].target_ms = kernel->bounds[w].part[PART_CUR].hi;
	for (unsigned w = 0; w < WINDOW_ROLLING; w++) {
		kernel->edge[EDGE_MID + w].target_ms = kernel->bounds[w].part[PART_CUR].lo;
		kernel->edge[EDGE_LO + w].target_ms = kernel->bounds[w].part[PART_PREV].lo;
	}
	for (unsigned c = 0; c < CALENDAR_WINDOWS; c++)
		kernel->edge[EDGE_PTD + c].target_ms = kernel->bounds[WINDOW_ROLLING + c].part[PART_PTD].hi;
	touch_set_targets(kernel);
}

static void
turn_periods(struct kernel *kernel, int64_t today)
{
	for (unsigned c = 0; c < CALENDAR_WINDOWS; c++) {
		uint32_t number = period_number(kernel, WINDOW_ROLLING + c, today);
		if (number == kernel->series.period[c])
			continue;
		kernel->series.period[c] = number;
		kernel->sweep = 0;
		kernel->forget_table = kernel->forget_next = 0;
		auditor_abandon(kernel);
		/* What was to come of the old period is now all of prev; ptd begins anew. */
		kernel->edge[EDGE_PTD + c].at =
		    (struct place){kernel->bounds[WINDOW_ROLLING + c].part[PART_PTD].lo, 0};
	}
}

static void
head_range(struct kernel *kernel)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		if (kernel->bounds[w].part[PART_CUR].lo > lo)
			lo = kernel->bounds[w].part[PART_CUR].lo;
		if (kernel->edge[EDGE_HI + w].at.start_ms < hi)
			hi = kernel->edge[EDGE_HI + w].at.start_ms;
	}
	kernel->head_lo = lo;
	kernel->head_hi = hi;
}

/* The next instant at which any pane or slot ends: panes of a minute are the finest of all. */
static int64_t
next_turn(struct kernel *kernel)
{
	return grid_pane(&kernel->grid, kernel->now_ms, 1).hi;
}

static void
forget_abs(struct kernel *kernel, int64_t today)
{
	for (int i = 0; i < PANE_DAYS_MAX; i++) {
		struct abs_day *day = &kernel->abs_day[i];
		if (!day->used || today - day->day <= kernel->keep_days[PANE_LEVELS - 1])
			continue;
		for (unsigned n = 0; n < EVENT_MEASURABLE; n++)
			kernel->abs[n] -= day->sum[n];
		*day = (struct abs_day){0};
	}
}

static void
arrive(struct edge *edge, int count)
{
	for (int e = 0; e < count; e++)
		edge[e].at = (struct place){edge[e].target_ms, 0};
}

static void
step_to(struct kernel *kernel, int64_t now_ms)
{
	bool first = kernel->now_ms == INT64_MIN;
	kernel->now_ms = now_ms;
	int64_t today = grid_day_at(&kernel->grid, now_ms).day;
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		grid_bounds(&kernel->grid, (enum window)w, now_ms, &kernel->bounds[w]);
	set_targets(kernel);
	turn_periods(kernel, today);
	if (first) { /* there are no cells yet: every edge is where it is going */
		arrive(kernel->edge, EDGE_COUNT);
		arrive(kernel->touch_edge, TOUCH_EDGES);
	}
	forget_abs(kernel, today);
	kernel->turn_ms = next_turn(kernel);
	kernel->edge_next = kernel->touch_next = 0;
	kernel->due = true;
	head_range(kernel);
}

void
edges_restore(struct kernel *kernel, int64_t now_ms)
{
	kernel->now_ms = now_ms;
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		grid_bounds(&kernel->grid, (enum window)w, now_ms, &kernel->bounds[w]);
	set_targets(kernel);
	arrive(kernel->edge, EDGE_COUNT);
	arrive(kernel->touch_edge, TOUCH_EDGES);
	kernel->turn_ms = next_turn(kernel);
	kernel->edge_next = EDGE_COUNT;
	kernel->touch_next = TOUCH_EDGES;
	kernel->due = false;
	head_range(kernel);
}

void
edges_advance(struct kernel *kernel, int64_t target_ms)
{
	while (target_ms > kernel->now_ms) {
		if (target_ms < kernel->turn_ms) {
			kernel->now_ms = target_ms;
			return;
		}
		kernel_drain(kernel, UINT64_MAX);
		if (kernel->turn != NULL && kernel->now_ms != INT64_MIN)
			kernel->turn(kernel->turn_context);
		int64_t day_end = kernel->bounds[WINDOW_D].part[PART_CUR].hi, step = target_ms;
		/*
		 * A series turns a period lazily by "prev = cur", which is right only if cur held all
		 * that is in the period. So never step over a day's end with cells behind it.
		 */
		if (kernel->now_ms != INT64_MIN && target_ms >= day_end && panes_newest(kernel->panes) >= day_end)
			step = day_end;
		bool jump = kernel->now_ms == INT64_MIN || step - kernel->now_ms > 3600000;
		step_to(kernel, step);
		if (jump)
			kernel_drain(kernel, UINT64_MAX); /* the ring of days must have its slots free */
	}
}

static void
slot_change(const struct series *series, unsigned slot, const uint8_t *position, const uint8_t *of, uint32_t measures,
            const int64_t *sum, uint64_t sign)
{
	uint64_t *total = series_slot(series, slot);
	for (uint32_t j = 0; j < measures; j++)
		total[position[j]] += sign * (uint64_t)sum[of[j]];
}

static void
cross(struct kernel *kernel, const struct edge *edge, const struct cell *cell)
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, cell->tuple);
	const uint8_t *of = tuple_of(&kernel->tuples, tuple);
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple_counts(tuple); r++) {
		uint32_t id = tuple_series(&kernel->tuples, tuple)[r];
		struct series *series = series_at(&kernel->series, id);
		const uint8_t *position = tuple_positions(&kernel->tuples, tuple, r);
		series_turn(&kernel->series, series);
		series_mark(&kernel->series, series, id);
		if (series->audited && auditor_has_passed(kernel, cell->place)) {
			auditor_sum(kernel, id, slot_bit(edge->plus), position, of, tuple->measures, cell->sum, 1);
			auditor_sum(kernel, id, slot_bit(edge->minus), position, of, tuple->measures, cell->sum, (uint64_t)-1);
		}
		if (edge->plus != SLOT_NONE)
			slot_change(series, edge->plus, position, of, tuple->measures, cell->sum, 1);
		if (edge->minus != SLOT_NONE)
			slot_change(series, edge->minus, position, of, tuple->measures, cell->sum, (uint64_t)-1);
	}
	kernel->counters.drained++;
}

/* True: arrived. */
static bool
edge_drain(struct kernel *kernel, struct edge *edge, uint64_t *budget)
{
	struct cell cell[DRAIN_AHEAD];
	while (edge->at.start_ms < edge->target_ms) {
		struct place at = edge->at;
		uint32_t count = 0, most = *budget < DRAIN_AHEAD ? (uint32_t)*budget : DRAIN_AHEAD;
		if (*budget == 0)
			return false;
		while (count < most && panes_next(kernel->panes, &at, edge->target_ms, &cell[count]))
			count++;
		if (count == 0)
			break;
		fetch_cells(kernel, edge, cell, count);
		for (uint32_t i = 0; i < count; i++) { /* inside until the very step that takes it out */
			edge->at = i + 1 < count ? cell[i + 1].place : at;
			cross(kernel, edge, &cell[i]);
		}
		*budget -= count;
	}
	edge->at = (struct place){edge->target_ms, 0};
	return true;
}

static bool
sweep(struct kernel *kernel, uint64_t *budget)
{
	for (; kernel->sweep < kernel->series.pool.end; kernel->sweep++) {
		if (*budget == 0)
			return false;
		struct series *series = series_at(&kernel->series, kernel->sweep);
		if (series->live && series_turn(&kernel->series, series))
			series_mark(&kernel->series, series, kernel->sweep);
		--*budget;
	}
	return true;
}

bool
kernel_drain(struct kernel *kernel, uint64_t budget)
{
	if (!kernel->due)
		return true;
	for (; kernel->edge_next < EDGE_COUNT; kernel->edge_next++) {
		if (!edge_drain(kernel, &kernel->edge[kernel->edge_next], &budget))
			return false;
		if (kernel->edge_next + 1 == EDGE_HI + WINDOW_COUNT)
			head_range(kernel);
	}
	if (!touch_drain(kernel, &budget))
		return false;
	if (!sweep(kernel, &budget))
		return false;
	if (!panes_age(kernel->panes, grid_day_at(&kernel->grid, kernel->now_ms).day, &budget))
		return false;
	if (!forget_some(kernel, &budget))
		return false;
	kernel->due = false;
	return true;
}

bool
kernel_due(const struct kernel *kernel)
{
	return kernel->due;
}

int64_t
kernel_turns_at(const struct kernel *kernel)
{
	return kernel->turn_ms;
}

uint32_t
edges_holding(const struct kernel *kernel, const struct edge *edge, struct place place)
{
	uint32_t slots = 0;
	for (unsigned w = 0; w < WINDOW_ROLLING; w++) {
		bool hi = edge_passed(&edge[EDGE_HI + w], place), mid = edge_passed(&edge[EDGE_MID + w], place);
		bool lo = edge_passed(&edge[EDGE_LO + w], place);
		slots |= (uint32_t)(hi && !mid) << slot_of(w, PART_CUR);
		slots |= (uint32_t)(mid && !lo) << slot_of(w, PART_PREV);
	}
	for (unsigned c = 0; c < CALENDAR_WINDOWS; c++) {
		unsigned w = WINDOW_ROLLING + c;
		const struct window_bounds *bounds = &kernel->bounds[w];
		bool in_period = place.start_ms >= bounds->part[PART_CUR].lo;
		bool in_last = !in_period && place.start_ms >= bounds->part[PART_PREV].lo;
		slots |= (uint32_t)(in_period && edge_passed(&edge[EDGE_HI + w], place)) << slot_of(w, PART_CUR);
		slots |= (uint32_t)in_last << slot_of(w, PART_PREV);
		slots |= (uint32_t)(in_last && edge_passed(&edge[EDGE_PTD + c], place)) << slot_of(w, PART_PTD);
	}
	return slots;
}

void
edges_add(struct kernel *kernel, uint32_t tuple_id, struct place place, int64_t ts_ms, const int64_t *sum)
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, tuple_id);
	const uint8_t *of = tuple_of(&kernel->tuples, tuple);
	bool in_head = ts_ms >= kernel->head_lo && ts_ms < kernel->head_hi;
	uint32_t slots = in_head ? 0 : edges_holding(kernel, kernel->edge, place);
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple_counts(tuple); r++) {
		uint32_t id = tuple_series(&kernel->tuples, tuple)[r];
		struct series *series = series_at(&kernel->series, id);
		const uint8_t *position = tuple_positions(&kernel->tuples, tuple, r);
		series_turn(&kernel->series, series);
		series_mark(&kernel->series, series, id);
		if (series->audited && auditor_has_passed(kernel, place))
			auditor_sum(kernel, id, edges_holding(kernel, kernel->edge, place), position, of, tuple->measures, sum, 1);
		if (in_head) {
			for (uint32_t j = 0; j < tuple->measures; j++)
				series->block[position[j]] += (uint64_t)sum[of[j]];
			continue;
		}
		for (uint32_t rest = slots; rest != 0; rest &= rest - 1)
			slot_change(series, (unsigned)__builtin_ctz(rest), position, of, tuple->measures, sum, 1);
	}
}
