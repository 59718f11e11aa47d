/* kernel.c - events in, totals out. */
#include "aggregator/state.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { TELL_AHEAD = 6 /* series */ };
#define LOOK_BACK_MS (INT64_C(30) * 86400000)
#define REACH_MS (INT64_C(63) * 86400000) /* m.prev reaches back 62 days and an hour */
#define ABS_MAX (UINT64_C(1) << 62) /* no total can come near INT64_MAX */

/* Days that each level must keep so that no edge of a window with a finer slide stands inside a pane. */
static void
keep_days(const struct kernel_config *config, int keep[PANE_LEVELS])
{
	static const int days[WINDOW_ROLLING] = {1, 7, 30};
	keep[0] = 3;  /* two days and a part for d.ptd and d.prev */
	keep[1] = 16; /* w.ptd */
	bool looks_back = false; /* the far edges of touches move as soon as there are any */
	for (uint32_t m = 0; m < config->kpis->measure_count; m++)
		looks_back |= take_is_touch(config->kpis->measure[m].take);
	for (unsigned w = 0; w < WINDOW_ROLLING; w++) {
		int parts = looks_back && w != WINDOW_R30D ? 3 : 2, reach = parts * days[w] + 1;
		if (config->slide_min[w] < 15 && keep[0] < reach)
			keep[0] = reach;
		if (config->slide_min[w] < 60 && keep[1] < reach)
			keep[1] = reach;
	}
	if (keep[1] < keep[0])
		keep[1] = keep[0];
	int horizon = (int)(config->horizon_ms / 86400000);
	keep[2] = horizon + 2 > 64 ? horizon + 2 : 64; /* m.prev reaches back 62 days, with its last pane 63 */
}

static void
cell_gone(void *owner, uint32_t tuple_id)
{
	struct kernel *kernel = owner;
	tuple_cell_gone(&kernel->tuples, &kernel->series, tuple_id);
}

/* What nobody asks need not be kept. */
static void
what_is_asked(struct kernel *kernel)
{
	const uint8_t where_from = 1 << TEXT_CAMP | 1 << TEXT_CHAN | 1 << TEXT_SRC | 1 << TEXT_MED;
	const struct kpi_set *kpis = kernel->config.kpis;
	for (uint32_t m = 0; m < kpis->measure_count; m++)
		if (take_is_touch(kpis->measure[m].take)) {
			kernel->kinds[kpis->measure[m].from] |= (uint8_t)(1u << kpis->measure[m].entity);
			kernel->kinds[EVENT_CORRECT] |= (uint8_t)(1u << kpis->measure[m].entity);
		}
	kernel->attributes = (kernel->tuples.dims_mask & where_from) != 0;
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		kernel->books_sold |= kpis->measure[m].as_sold;
		kernel->cohorts |= kpis->measure[m].take == TAKE_COHORT;
	}
	kernel->look_back_ms = kernel->config.look_back_ms > 0 ? kernel->config.look_back_ms : LOOK_BACK_MS;
	kernel->reach_ms = kernel->config.horizon_ms > REACH_MS ? kernel->config.horizon_ms : REACH_MS;
}

struct kernel *
kernel_new(const struct kernel_config *config)
{
	struct kernel *kernel = mem_zalloc(1, sizeof(*kernel));
	kernel->config = *config;
	kernel->now_ms = kernel->turn_ms = INT64_MIN;
	grid_init(&kernel->grid, config->zone, config->week_start, config->slide_min);
	keep_days(config, kernel->keep_days);
	const struct panes_owner owner = {kernel, cell_gone, touch_moved, touch_gone};
	kernel->panes = panes_new(&kernel->grid, kernel->keep_days, &owner);
	tuple_set_init(&kernel->tuples, &kernel->config, kernel_dims_mask(config));
	series_set_init(&kernel->series, &kernel->config);
	kernel->ids = ids_new();
	entity_set_init(&kernel->entities);
	facts_init(&kernel->facts);
	leads_init(&kernel->leads);
	firsts_init(&kernel->firsts);
	kernel->named = mem_zalloc(AHEAD, sizeof(*kernel->named));
	what_is_asked(kernel);
	edges_init(kernel);
	touch_init(kernel);
	return kernel;
}

void
kernel_free(struct kernel *kernel)
{
	if (kernel == NULL)
		return;
	panes_free(kernel->panes);
	tuple_set_fini(&kernel->tuples);
	series_set_fini(&kernel->series);
	ids_free(kernel->ids);
	entity_set_fini(&kernel->entities);
	facts_fini(&kernel->facts);
	leads_fini(&kernel->leads);
	firsts_fini(&kernel->firsts);
	free(kernel->named);
	free(kernel);
}

uint8_t
kernel_dims_mask(const struct kernel_config *config)
{
	uint8_t mask = 0;
	for (uint32_t r = 0; r < config->rollup_count; r++)
		mask |= config->rollup[r].dims_mask;
	for (uint32_t m = 0; m < config->kpis->measure_count; m++)
		for (unsigned w = 0; w < config->kpis->measure[m].where_count; w++)
			if (config->kpis->measure[m].where[w].field < EVENT_DIMS)
				mask |= (uint8_t)(1u << config->kpis->measure[m].where[w].field);
	return mask;
}

/* Magnitude of a number as it will be added up. */
static uint64_t
magnitude(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static bool
would_overflow(const struct kernel *kernel, const struct group_event *event)
{
	for (unsigned n = 0; n < EVENT_MEASURABLE; n++)
		if (magnitude(event->num[n]) > ABS_MAX - kernel->abs[n])
			return true;
	return false;
}

static void
count_abs(struct kernel *kernel, const struct group_event *event)
{
	int64_t day = grid_day_at(&kernel->grid, event->ts_ms).day;
	struct abs_day *slot = &kernel->abs_day[(uint64_t)day % PANE_DAYS_MAX];
	assert(!slot->used || slot->day == day);
	slot->used = true;
	slot->day = day;
	for (unsigned n = 0; n < EVENT_MEASURABLE; n++) {
		slot->sum[n] += magnitude(event->num[n]);
		kernel->abs[n] += magnitude(event->num[n]);
	}
}

static enum verdict
decide(struct kernel *kernel, const struct group_event *event, const struct names *names, const char **why)
{
	int64_t forget_before = kernel->now_ms - kernel->config.horizon_ms;
	if (event->ts_ms < forget_before)
		return VERDICT_TOO_LATE;
	if (!kernel->config.clock_events && event->ts_ms > kernel->now_ms + kernel->config.future_ms)
		return VERDICT_FUTURE_TS;
	switch (ids_find(kernel->ids, event->id, event->content, forget_before)) {
	case IDS_DUPLICATE:
		return VERDICT_DUPLICATE;
	case IDS_CONFLICT:
		return VERDICT_ID_CONFLICT;
	case IDS_NEW:
		break;
	}
	enum verdict verdict = words_verdict(kernel, event, names, why);
	if (verdict != VERDICT_OK)
		return verdict;
	if (would_overflow(kernel, event)) {
		*why = "a sum over the last 63 days would overflow";
		return VERDICT_BAD_AMOUNT;
	}
	words_remember(kernel, event, names);
	return VERDICT_OK;
}

static uint32_t
tuple_for(struct kernel *kernel, const struct group *group, const struct group_event *event, struct hash128 dims,
          uint32_t hint)
{
	struct form form;
	if (hint != INDEX_NONE && tuple_is(tuple_at(&kernel->tuples, hint), dims))
		return hint;
	uint32_t id = tuple_find(&kernel->tuples, dims);
	if (id != TUPLE_NONE)
		return id;
	form_of_event(&kernel->tuples, group, event, &form);
	return tuple_make(&kernel->tuples, &form, dims);
}

/* A visit or an engagement: nothing can change it any more. */
static void
count_event(struct kernel *kernel, const struct group_event *event, const struct names *names, uint32_t id)
{
	int64_t value[COLUMN_SOURCES] = {0};
	memcpy(value, event->num, sizeof(event->num));
	value[COLUMN_COUNT] = 1;
	struct place place = book_add(kernel, id, event->ts_ms, value);
	kernel->counters.folded += tuple_at(&kernel->tuples, id)->folded;
	if (tuple_at(&kernel->tuples, id)->touches > 0)
		touch_add(kernel, names, id, place.start_ms);
	if (kernel->attributes && event->type == EVENT_VISIT && names_given(names->who[ENTITY_CUST]) &&
	    (event->flags & EVENT_HAS_TOUCH) && !(event->flags & EVENT_IS_DIRECT))
		settle_visit(kernel, touch_whom(kernel, names, ENTITY_CUST),
		             moment_of(event->ts_ms, names->tie, id));
}

static void
count_any(struct kernel *kernel, const struct group_event *event, const struct names *names, uint32_t tuple)
{
	switch (event->type) {
	case EVENT_VISIT:
	case EVENT_ENGAGE:
		count_event(kernel, event, names, tuple);
		break;
	case EVENT_CORRECT:
	case EVENT_VOID:
		words_correct(kernel, event, names, tuple);
		break;
	default:
		words_add(kernel, event, names, tuple);
	}
}

static struct hash128
dims_of(const struct kernel *kernel, const struct group *group, const struct group_event *event, uint8_t mask)
{
	if (group->dims_mask == mask)
		return event->dims;
	return group_dims_hash(group, event, mask, &kernel->config.key); /* logged under another configuration */
}

static void
apply_event(struct kernel *kernel, struct group *group, struct group_event *event, const struct names *names,
            uint8_t mask)
{
	if (event->verdict != VERDICT_OK)
		return; /* accept refused it */
	if (kernel->config.clock_events)
		edges_advance(kernel, event->ts_ms);
	const char *why = NULL;
	enum verdict verdict = decide(kernel, event, names, &why);
	event->verdict = (uint8_t)verdict;
	kernel->counters.verdict[verdict]++;
	if (why != NULL)
		group_add_fault(group, (uint32_t)(event - group->events), why);
	if (verdict != VERDICT_OK)
		return;
	count_abs(kernel, event);
	if (kernel->due && tuple_might_fold(&kernel->tuples, &kernel->series))
		kernel_drain(kernel, UINT64_MAX); /* what is to be freed is free: folding is a function of the log */
	count_any(kernel, event, names, tuple_for(kernel, group, event, dims_of(kernel, group, event, mask), names->tuple_hint));
}

void
kernel_apply(struct kernel *kernel, struct group *group)
{
	uint8_t mask = kernel_dims_mask(&kernel->config);
	if (!kernel->config.clock_events || group->kind == GROUP_TICK)
		edges_advance(kernel, group->time_ms);
	uint32_t from = 0, fetched = 0; /* over all the group's events: batches of one are common */
	for (uint32_t b = 0; b < group->batch_count; b++) {
		const struct group_batch *batch = &group->batches[b];
		if (batch->has_tick)
			edges_advance(kernel, batch->tick_ms);
		for (uint32_t i = batch->first; i < batch->first + batch->count; i++) {
			if (i >= fetched) {
				from = i;
				fetched = group->event_count - i < AHEAD ? group->event_count : i + AHEAD;
				fetch_ahead(kernel, group, from, fetched);
			}
			apply_event(kernel, group, &group->events[i], &kernel->named[i - from], mask);
		}
	}
}

void
kernel_on_turn(struct kernel *kernel, kernel_turn_fn *turn, void *context)
{
	kernel->turn = turn;
	kernel->turn_context = context;
}

int64_t
kernel_now(const struct kernel *kernel)
{
	return kernel->now_ms;
}

void
kernel_bounds(const struct kernel *kernel, enum window window, struct window_bounds *out)
{
	*out = kernel->bounds[window];
}

uint32_t
kernel_series_end(const struct kernel *kernel)
{
	return kernel->series.pool.end;
}

bool
kernel_series_live(const struct kernel *kernel, uint32_t series)
{
	return series_at(&kernel->series, series)->live;
}

uint32_t
kernel_series_rollup(const struct kernel *kernel, uint32_t series)
{
	return series_at(&kernel->series, series)->rollup;
}

uint32_t
kernel_series_key(const struct kernel *kernel, uint32_t id, struct slice key[EVENT_DIMS])
{
	const struct series *series = series_at(&kernel->series, id);
	const uint8_t *at = series->key;
	for (uint32_t part = 0; part < series->key_parts; part++) {
		uint16_t n;
		memcpy(&n, at, sizeof(n));
		key[part] = (struct slice){at + sizeof(n), n};
		at += sizeof(n) + n;
	}
	return series->key_parts;
}

uint32_t
kernel_series_find(const struct kernel *kernel, uint32_t rollup, const struct slice *key)
{
	struct buf bytes = {0};
	uint32_t parts = (uint32_t)__builtin_popcount(kernel->config.rollup[rollup].dims_mask);
	for (uint32_t part = 0; part < parts; part++) {
		uint16_t n = (uint16_t)key[part].n;
		buf_add(&bytes, &n, sizeof(n));
		buf_add(&bytes, key[part].p, n);
	}
	uint32_t id = series_find(&kernel->series, rollup, buf_slice(&bytes));
	buf_fini(&bytes);
	return id;
}

void
kernel_totals(struct kernel *kernel, uint32_t id, enum window window, enum window_part part,
              int64_t totals[MEASURES_MAX])
{
	const struct series *series = series_at(&kernel->series, id);
	memset(totals, 0, MEASURES_MAX * sizeof(*totals));
	for (uint32_t p = 0; p < series->measures; p++)
		totals[series_measures(series)[p]] = series_total(series, p, window, part);
}

void
kernel_view(const struct kernel *kernel, uint32_t id, struct kernel_view *out)
{
	const struct series *series = series_at(&kernel->series, id);
	out->measures = series->measures;
	for (uint32_t p = 0; p < series->measures; p++) {
		uint8_t measure = series_measures(series)[p];
		uint32_t at = p; /* a few, nearly in order: insertion */
		for (; at > 0 && out->measure[at - 1] > measure; at--) {
			out->measure[at] = out->measure[at - 1];
			memcpy(out->total[at], out->total[at - 1], sizeof(out->total[at]));
		}
		out->measure[at] = measure;
		for (unsigned s = 0; s < SLOT_COUNT; s++)
			out->total[at][s] = (int64_t)series_slot(series, s)[p];
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			out->total[at][slot_of(w, PART_CUR)] = series_total(series, p, w, PART_CUR);
	}
}

uint32_t
kernel_dirty(const struct kernel *kernel)
{
	return kernel->series.dirty_end - kernel->series.dirty_from;
}

/* What telling a series touches: first its struct, a few steps later its totals and its key. */
static void
prefetch_dirty(const struct series_set *set, uint32_t at)
{
	if (at + 2 * TELL_AHEAD < set->dirty_end)
		__builtin_prefetch(series_at(set, series_dirty_at(set, at + 2 * TELL_AHEAD)));
	if (at + TELL_AHEAD >= set->dirty_end)
		return;
	const struct series *series = series_at(set, series_dirty_at(set, at + TELL_AHEAD));
	const char *block = (const char *)series->block;
	if (block == NULL)
		return; /* it was freed */
	for (size_t line = 0; line < series->cap * (1 + SLOT_COUNT) * sizeof(uint64_t) + series->cap; line += 64)
		__builtin_prefetch(block + line);
	__builtin_prefetch(series->key);
}

uint32_t
kernel_take_dirty(struct kernel *kernel, uint32_t limit, kernel_dirty_fn *each, void *context)
{
	struct series_set *set = &kernel->series;
	for (; limit > 0 && set->dirty_from < set->dirty_end; limit--) {
		prefetch_dirty(set, set->dirty_from);
		uint32_t id = series_take_dirty(set);
		const struct series *series = series_at(set, id);
		each(context, id, series->live);
		if (!series->live)
			series_release(set, id);
	}
	return kernel_dirty(kernel);
}

void
kernel_count(const struct kernel *kernel, struct kernel_counters *out)
{
	*out = kernel->counters;
	out->ids = ids_slots_used(kernel->ids);
	out->cells = panes_cells(kernel->panes);
	out->panes = panes_count(kernel->panes);
	out->tuples = kernel->tuples.pool.live;
	out->series = kernel->series.live;
	out->bytes_ids = ids_bytes(kernel->ids);
	out->bytes_cells = panes_bytes(kernel->panes);
	out->bytes_tuples = tuple_bytes(&kernel->tuples);
	out->bytes_series = kernel->series.slab.bytes + pool_bytes(&kernel->series.pool) +
	                    index_bytes(&kernel->series.index);
	out->entities = kernel->entities.pool.live;
	out->activities = kernel->entities.activities;
	out->firsts = kernel->firsts.pool.live;
	out->facts = kernel->facts.pool.live;
	out->parked = kernel->facts.parked;
	out->leads = kernel->leads.pool.live;
	out->bytes_facts = facts_bytes(&kernel->facts);
	out->bytes_leads = leads_bytes(&kernel->leads);
	out->bytes_entities = entity_bytes(&kernel->entities);
	out->bytes_firsts = firsts_bytes(&kernel->firsts);
	out->bytes = out->bytes_firsts + out->bytes_entities + out->bytes_facts + out->bytes_leads + out->bytes_ids +
	             out->bytes_cells + out->bytes_tuples + out->bytes_series + sizeof(*kernel);
}

/* Adds one cell into the totals it belongs to, by the bounds alone: independent of edges and slots. */
static void
audit_cell(const struct kernel *kernel, const struct cell *cell, uint32_t series,
           uint64_t totals[MEASURES_MAX][SLOT_COUNT])
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, cell->tuple);
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple_counts(tuple); r++) {
		if (tuple_series(&kernel->tuples, tuple)[r] != series)
			continue;
		for (uint32_t j = 0; j < tuple->measures; j++)
			for (unsigned w = 0; w < WINDOW_COUNT; w++)
				for (unsigned part = 0; part < PART_COUNT; part++) {
					struct span_ms span = kernel->bounds[w].part[part];
					if (cell->place.start_ms >= span.lo && cell->place.start_ms < span.hi)
						totals[tuple_positions(&kernel->tuples, tuple, r)[j]][slot_of(w, part)] +=
						    (uint64_t)cell->sum[tuple_of(&kernel->tuples, tuple)[j]];
				}
	}
}

static bool
part_is_missing(const struct kernel *kernel, uint8_t measure, unsigned window, unsigned part)
{
	return measures_missing(kernel->config.kpis, (enum window)window, (enum window_part)part) >> measure & 1;
}

bool
kernel_audit(struct kernel *kernel, uint32_t id)
{
	const struct series *series = series_at(&kernel->series, id);
	static _Thread_local uint64_t totals[MEASURES_MAX][SLOT_COUNT];
	memset(totals, 0, sizeof(totals));
	struct place at = {INT64_MIN, 0};
	struct cell cell;
	while (panes_next(kernel->panes, &at, INT64_MAX, &cell))
		audit_cell(kernel, &cell, id, totals);
	touch_audit(kernel, id, totals);
	for (uint32_t p = 0; p < series->measures; p++)
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
				if (series_total(series, p, w, part) != (int64_t)totals[p][slot_of(w, part)] &&
				    !part_is_missing(kernel, series_measures(series)[p], w, part))
					return false;
	return true;
}
