/*
 * ahead.c - fetching what the next events will touch.
 *
 * Almost every access of the kernel is a miss, and most lead on to another one: index to record,
 * record to array. So a few events are looked at before the first of them is
 * applied, one step for all of them at a time: the misses of a step overlap. What was found is a hint
 * for when the event is applied: it may have been wrong, or have changed since. What crosses an edge is fetched
 * in the same way.
 */
#include "aggregator/state.h"

static void
fetch_tuple(const struct kernel *kernel, uint32_t id)
{
	const char *tuple = (const char *)tuple_at(&kernel->tuples, id);
	for (uint32_t line = 0; line < kernel->tuples.stride; line += 64)
		__builtin_prefetch(tuple + line);
}

static void
fetch_series(const struct kernel *kernel, uint32_t id)
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, id);
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple->attached; r++)
		__builtin_prefetch(series_at(&kernel->series, tuple_series(&kernel->tuples, tuple)[r]));
}

static void
fetch_slots(const struct kernel *kernel, const struct group_event *event, const struct names *names)
{
	ids_prefetch(kernel->ids, event->id);
	index_prefetch(&kernel->tuples.index, event->dims.lo);
	if (event->type != EVENT_VISIT && event->type != EVENT_ENGAGE)
		index_prefetch(&kernel->facts.by_id, event->id.lo);
	if (event->type == EVENT_SALE)
		index_prefetch(&kernel->facts.by_target, event->id.lo);
	for (unsigned kind = 0; kind < ENTITY_KINDS; kind++)
		if (names_given(names->who[kind]))
			index_prefetch(&kernel->entities.index, names->who[kind].lo);
	if (names_given(names->lead))
		index_prefetch(&kernel->leads.index, names->lead.lo);
	if (names_given(names->target)) {
		index_prefetch(&kernel->facts.by_id, names->target.lo);
		index_prefetch(&kernel->facts.by_target, names->target.lo);
	}
}

static uint32_t
guess(const struct index *index, struct hash128 hash)
{
	return names_given(hash) ? index_guess(index, hash.lo) : INDEX_NONE;
}

static void
fetch_records(const struct kernel *kernel, const struct group_event *event, struct names *names)
{
	names->tuple_hint = guess(&kernel->tuples.index, event->dims);
	if (names->tuple_hint != INDEX_NONE)
		fetch_tuple(kernel, names->tuple_hint);
	for (unsigned kind = 0; kind < ENTITY_KINDS; kind++) {
		names->who_hint[kind] = guess(&kernel->entities.index, names->who[kind]);
		if (names->who_hint[kind] != INDEX_NONE)
			__builtin_prefetch(entity_at(&kernel->entities, names->who_hint[kind]), 1);
	}
	names->lead_hint = guess(&kernel->leads.index, names->lead);
	if (names->lead_hint != INDEX_NONE)
		__builtin_prefetch(lead_at(&kernel->leads, names->lead_hint), 1);
}

static void
fetch_arrays(const struct kernel *kernel, const struct group_event *event, const struct names *names)
{
	if (names->tuple_hint != INDEX_NONE) {
		panes_prefetch(kernel->panes, event->ts_ms, names->tuple_hint);
		fetch_series(kernel, names->tuple_hint);
	}
	for (unsigned kind = 0; kind < ENTITY_KINDS; kind++) {
		if (names->who_hint[kind] == INDEX_NONE)
			continue;
		const struct entity *entity = entity_at(&kernel->entities, names->who_hint[kind]);
		if (entity->cap > 0)
			__builtin_prefetch(entity->activity, 1);
		if (entity->touches != NULL)
			__builtin_prefetch(entity->touches, 1);
		if (entity->sales != NULL)
			__builtin_prefetch(entity->sales);
	}
	if (names->lead_hint != INDEX_NONE && lead_at(&kernel->leads, names->lead_hint)->events.last != FACT_NONE)
		__builtin_prefetch(fact_at(&kernel->facts, lead_at(&kernel->leads, names->lead_hint)->events.last), 1);
}

static void
fetch_sums(const struct kernel *kernel, const struct group_event *event, const struct names *names)
{
	if (names->tuple_hint == INDEX_NONE)
		return;
	const struct tuple *tuple = tuple_at(&kernel->tuples, names->tuple_hint);
	panes_prefetch_cell(kernel->panes, event->ts_ms, names->tuple_hint);
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple->attached; r++)
		__builtin_prefetch(series_at(&kernel->series, tuple_series(&kernel->tuples, tuple)[r])->block, 1);
}

void
fetch_ahead(struct kernel *kernel, const struct group *group, uint32_t from, uint32_t to)
{
	const struct group_event *event = &group->events[from];
	struct names *names = kernel->named;
	uint32_t count = to - from;
	for (uint32_t i = 0; i < count; i++) {
		names_of(kernel, group, &event[i], &names[i]);
		fetch_slots(kernel, &event[i], &names[i]);
	}
	for (uint32_t i = 0; i < count; i++)
		fetch_records(kernel, &event[i], &names[i]);
	for (uint32_t i = 0; i < count; i++)
		fetch_arrays(kernel, &event[i], &names[i]);
	for (uint32_t i = 0; i < count; i++)
		fetch_sums(kernel, &event[i], &names[i]);
}

/* Where these of the tuple's measures stand in one slot of a series: a line or two. */
static void
fetch_slot(const struct series *series, unsigned slot, const uint8_t *position, uint32_t first, uint32_t end)
{
	if (slot >= SLOT_COUNT || first == end)
		return;
	__builtin_prefetch(&series_slot(series, slot)[position[first]], 1);
	__builtin_prefetch(&series_slot(series, slot)[position[end - 1]], 1);
}

static void
fetch_totals(const struct kernel *kernel, const struct edge *edge, uint32_t id, bool touches)
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, id);
	uint32_t first = touches ? tuple->measures : 0, end = touches ? first + tuple->touches : tuple->measures;
	for (uint32_t r = 0; r < kernel->config.rollup_count && tuple->attached; r++) {
		const struct series *series = series_at(&kernel->series, tuple_series(&kernel->tuples, tuple)[r]);
		const uint8_t *position = tuple_positions(&kernel->tuples, tuple, r);
		fetch_slot(series, edge->plus, position, first, end);
		fetch_slot(series, edge->minus, position, first, end);
	}
}

void
fetch_cells(const struct kernel *kernel, const struct edge *edge, const struct cell *cell, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		fetch_tuple(kernel, cell[i].tuple);
	for (uint32_t i = 0; i < count; i++)
		fetch_series(kernel, cell[i].tuple);
	for (uint32_t i = 0; i < count; i++)
		fetch_totals(kernel, edge, cell[i].tuple, false);
}

/* Of a busy one nothing: its activities are elsewhere. */
static struct run
run_of(const struct kernel *kernel, const struct listed *listed, const struct activity **activities)
{
	const struct entity *entity = entity_at(&kernel->entities, listed->who);
	*activities = NULL;
	if (entity->is_busy)
		return (struct run){0};
	*activities = entity_activities(entity);
	return entity_run(entity, (uint32_t)(listed->place.start_ms / 1000));
}

void
fetch_listed(const struct kernel *kernel, const struct edge *edge, const struct listed *listed, uint32_t count)
{
	struct run run[DRAIN_AHEAD];
	const struct activity *activities[DRAIN_AHEAD];
	for (uint32_t i = 0; i < count; i++)
		__builtin_prefetch(entity_at(&kernel->entities, listed[i].who));
	for (uint32_t i = 0; i < count; i++) {
		const struct entity *entity = entity_at(&kernel->entities, listed[i].who);
		if (!entity->is_busy && entity->cap > 0)
			__builtin_prefetch(entity->activity);
	}
	for (uint32_t i = 0; i < count; i++) {
		run[i] = run_of(kernel, &listed[i], &activities[i]);
		for (uint32_t a = run[i].from; a < run[i].to; a++)
			fetch_tuple(kernel, activities[i][a].tuple);
	}
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t a = run[i].from; a < run[i].to; a++)
			fetch_series(kernel, activities[i][a].tuple);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t a = run[i].from; a < run[i].to; a++)
			fetch_totals(kernel, edge, activities[i][a].tuple, true);
}
