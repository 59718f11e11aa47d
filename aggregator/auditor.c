/*
 * auditor.c - I3 in production: totals recounted, a few series at a time, while the state goes on.
 *
 * A *shadow* of some series is summed up by walking through all cells and then through all
 * entities, in small steps. Whatever changes behind the walk is added to the shadow as it is to the
 * totals (auditor_cell(), auditor_presence()), whatever changes before it will be met. At the end
 * the two must be equal. When a day turns or panes merge, places change: then the walk is begun anew.
 */
#include "aggregator/state.h"

static uint64_t
bit_of(uint32_t series)
{
	return UINT64_C(1) << (series & 63);
}

void
auditor_abandon(struct kernel *kernel)
{
	struct auditor *auditor = &kernel->auditor;
	for (uint32_t i = 0; i < auditor->count; i++)
		series_at(&kernel->series, auditor->series[i])->audited = 0;
	auditor->count = 0;
	auditor->filter = 0;
}

bool
auditor_holds(const struct kernel *kernel, uint32_t i)
{
	return series_at(&kernel->series, kernel->auditor.series[i])->audited == i + 1;
}

static uint64_t *
shadow_row(struct kernel *kernel, uint32_t i, uint32_t position)
{
	return kernel->auditor.shadow[i][position];
}

static void
begin(struct kernel *kernel)
{
	struct auditor *auditor = &kernel->auditor;
	uint32_t end = kernel->series.pool.end;
	for (uint32_t tried = 0; tried < end && auditor->count < AUDIT_SERIES; tried++) {
		uint32_t id = auditor->next++ % end;
		struct series *series = series_at(&kernel->series, id);
		if (!series->live || series->audited != 0)
			continue;
		auditor->series[auditor->count++] = id;
		auditor->filter |= bit_of(id);
		series->audited = (uint8_t)auditor->count;
	}
	memset(auditor->shadow, 0, sizeof(auditor->shadow));
	auditor->at = (struct place){INT64_MIN, 0};
	auditor->entity = 0;
	auditor->moves = panes_moves(kernel->panes);
}

/* A cell that the walk comes to. */
static void
meet_cell(struct kernel *kernel, const struct cell *cell)
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, cell->tuple);
	const uint32_t *series = tuple_series(&kernel->tuples, tuple);
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple_counts(tuple); r++)
		if ((kernel->auditor.filter & bit_of(series[r])) && series_at(&kernel->series, series[r])->audited)
			auditor_sum(kernel, series[r], edges_holding(kernel, kernel->edge, cell->place),
			            tuple_positions(&kernel->tuples, tuple, r), tuple_of(&kernel->tuples, tuple), tuple->measures,
			            cell->sum, 1);
}

void
auditor_sum(struct kernel *kernel, uint32_t id, uint32_t slots, const uint8_t *position, const uint8_t *of,
            uint32_t measures, const int64_t *sum, uint64_t sign)
{
	uint32_t i = series_at(&kernel->series, id)->audited - 1u;
	for (uint32_t rest = slots; rest != 0; rest &= rest - 1)
		for (uint32_t j = 0; j < measures; j++)
			shadow_row(kernel, i, position[j])[__builtin_ctz(rest)] += sign * (uint64_t)sum[of[j]];
}

bool
auditor_has_passed(const struct kernel *kernel, struct place place)
{
	return kernel->auditor.count > 0 && place_before(place, kernel->auditor.at);
}

void
auditor_presence(struct kernel *kernel, uint32_t id, uint32_t who, uint32_t position, uint32_t before, uint32_t after)
{
	if (who >= kernel->auditor.entity)
		return;
	uint64_t *row = shadow_row(kernel, series_at(&kernel->series, id)->audited - 1u, position);
	for (uint32_t rest = before ^ after; rest != 0; rest &= rest - 1) {
		unsigned slot = (unsigned)__builtin_ctz(rest);
		row[slot] += after >> slot & 1 ? 1 : (uint64_t)-1;
	}
}

/* False: a total is not what it should be. */
static bool
compare(const struct kernel *kernel, uint32_t i)
{
	const struct series *series = series_at(&kernel->series, kernel->auditor.series[i]);
	for (uint32_t p = 0; p < series->measures; p++)
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++) {
				uint64_t missing = measures_missing(kernel->config.kpis, (enum window)w, (enum window_part)part);
				if (!(missing >> series_measures(series)[p] & 1) &&
				    series_total(series, p, w, part) != (int64_t)kernel->auditor.shadow[i][p][slot_of(w, part)])
					return false;
			}
	return true;
}

static void
finish(struct kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->auditor.count; i++) {
		if (!auditor_holds(kernel, i))
			continue;
		kernel->counters.audited++;
		if (compare(kernel, i))
			continue;
		kernel->counters.audit_mismatch++;
		kernel->counters.mismatch_series = kernel->auditor.series[i];
	}
	auditor_abandon(kernel);
}

void
kernel_audit_some(struct kernel *kernel, uint32_t budget)
{
	struct auditor *auditor = &kernel->auditor;
	struct cell cell;
	if (kernel->due)
		return;
	if (auditor->count > 0 && auditor->moves != panes_moves(kernel->panes))
		auditor_abandon(kernel);
	if (auditor->count == 0)
		begin(kernel);
	for (; auditor->at.start_ms != INT64_MAX && budget > 0; budget--) {
		if (panes_next(kernel->panes, &auditor->at, INT64_MAX, &cell))
			meet_cell(kernel, &cell);
		else
			auditor->at.start_ms = INT64_MAX;
	}
	for (; auditor->entity < kernel->entities.pool.end && budget > 0; budget--)
		touch_audit_one(kernel, auditor->entity++);
	if (budget > 0 && auditor->count > 0)
		finish(kernel);
}
