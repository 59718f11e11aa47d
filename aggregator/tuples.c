/* tuples.c - the table of tuples. */
#include "aggregator/tuples.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

/* Most measures that events of one type can feed. */
static uint32_t
measures_of_type_max(const struct kpi_set *kpis)
{
	uint32_t count[EVENT_TYPE_COUNT] = {0}, max = 1;
	for (uint32_t m = 0; m < kpis->measure_count; m++)
		if (++count[kpis->measure[m].from] > max)
			max = count[kpis->measure[m].from];
	return max;
}

static void
make_classes(struct tuple_set *set, const struct kpi_set *kpis)
{
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		const struct measure *measure = &kpis->measure[m];
		uint32_t like = 0;
		if (!take_is_touch(measure->take))
			continue;
		while (like < m && !measure_same_class(measure, &kpis->measure[like]))
			like++;
		if (like < m) {
			set->class_of[m] = set->class_of[like];
			continue;
		}
		assert(set->class_count < CLASSES_MAX); /* the configuration was checked */
		set->class_kind[set->class_count] = measure->entity;
		set->class_of[m] = (uint8_t)set->class_count++;
	}
}

uint8_t
tuple_kinds(const struct tuple_set *set, uint8_t classes)
{
	uint8_t kinds = 0;
	for (uint32_t k = 0; k < set->class_count; k++)
		if (classes >> k & 1)
			kinds |= (uint8_t)(1u << set->class_kind[k]);
	return kinds;
}

void
tuple_set_init(struct tuple_set *set, const struct kernel_config *config)
{
	*set = (struct tuple_set){.config = config, .measures_max = measures_of_type_max(config->kpis)};
	assert(set->measures_max <= MEASURES_MAX);
	size_t stride = sizeof(struct tuple) + config->rollup_count * sizeof(uint32_t) +
	                (size_t)set->measures_max * (1 + config->rollup_count);
	set->stride = (uint32_t)((stride + 7) / 8 * 8);
	make_classes(set, config->kpis);
	index_init(&set->index);
}

void
tuple_set_fini(struct tuple_set *set)
{
	for (uint32_t c = 0; c < set->chunk_count; c++)
		free(set->chunk[c]);
	free(set->chunk);
	free(set->free_ids);
	index_fini(&set->index);
}

uint32_t
tuple_find(const struct tuple_set *set, struct hash128 hash)
{
	struct index_walk walk;
	for (uint32_t id = index_first(&set->index, &walk, hash.lo); id != INDEX_NONE;
	     id = index_next(&set->index, &walk)) {
		const struct tuple *tuple = tuple_at(set, id);
		if (tuple->hash.lo == hash.lo && tuple->hash.hi == hash.hi)
			return id;
	}
	return UINT32_MAX;
}

static struct slice
where_text(const struct group *group, const struct group_event *event, unsigned field)
{
	struct slice text = group_text(group, event, field == WHERE_COST_TYPE ? TEXT_CTYPE : (enum event_text)field);
	return text.n > 0 ? text : slice_of("~none");
}

static bool
where_holds(const struct where *where, const struct group *group, const struct group_event *event)
{
	for (unsigned v = 0; v < where->count; v++) {
		if (where->field == WHERE_STAGE || where->field == WHERE_KIND) {
			if (where->number[v] == (where->field == WHERE_STAGE ? event->stage : event->kind))
				return true;
		} else if (slice_is(where_text(group, event, where->field), where->value[v])) {
			return true;
		}
	}
	return false;
}

static bool
measure_takes(const struct measure *measure, const struct group *group, const struct group_event *event)
{
	if (measure->from != event->type)
		return false;
	for (unsigned w = 0; w < measure->where_count; w++)
		if (!where_holds(&measure->where[w], group, event))
			return false;
	return true;
}

static uint8_t
column_for(struct tuple *tuple, uint8_t source)
{
	for (uint8_t c = 0; c < tuple->columns; c++)
		if (tuple->column[c] == source)
			return c;
	assert(tuple->columns < PANE_COLUMNS_MAX);
	tuple->column[tuple->columns] = source;
	return tuple->columns++;
}

/* Key of a rollup: u16 length + bytes for each of its dimensions. Returns the parts. */
static uint32_t
rollup_key(const struct group *group, const struct group_event *event, uint8_t dims_mask, struct buf *key)
{
	uint32_t parts = 0;
	key->len = 0;
	for (unsigned d = 0; d < EVENT_DIMS; d++) {
		if (!(dims_mask >> d & 1))
			continue;
		struct slice text = event != NULL ? where_text(group, event, d) : slice_of("~other");
		uint16_t n = (uint16_t)text.n;
		buf_add(key, &n, sizeof(n));
		buf_add(key, text.p, n);
		parts++;
	}
	return parts;
}

bool
tuple_would_fold(const struct series_set *series)
{
	for (uint32_t r = 0; r < series->config->rollup_count; r++)
		if (series->rollup_count[r] >= series->config->series_max)
			return true;
	return false;
}

static uint32_t
series_for(struct series_set *series, uint32_t rollup, const struct group *group, const struct group_event *event,
           struct buf *key, bool *folded)
{
	uint8_t mask = series->config->rollup[rollup].dims_mask;
	uint32_t parts = rollup_key(group, event, mask, key);
	uint32_t id = series_find(series, rollup, buf_slice(key));
	if (id == UINT32_MAX && mask != 0 && series->rollup_count[rollup] >= series->config->series_max) {
		*folded = true;
		parts = rollup_key(group, NULL, mask, key);
		id = series_find(series, rollup, buf_slice(key));
	}
	return id != UINT32_MAX ? id : series_make(series, rollup, buf_slice(key), parts);
}

static uint32_t
new_id(struct tuple_set *set)
{
	if (set->free_count > 0)
		return set->free_ids[--set->free_count];
	if (set->end == set->chunk_count * TUPLE_CHUNK) {
		set->chunk = mem_realloc(set->chunk, (set->chunk_count + 1) * sizeof(*set->chunk));
		set->chunk[set->chunk_count++] = mem_zalloc(TUPLE_CHUNK, set->stride);
	}
	return set->end++;
}

/* What a measure by addition adds up. */
static uint8_t
source_of(const struct measure *measure)
{
	switch (measure->take) {
	case TAKE_COUNT:
		return COLUMN_COUNT;
	case TAKE_NEW:
		return COLUMN_NEW;
	default:
		return measure->num;
	}
}

/* Fills of[]; measure gets the measures in the same order. */
static void
find_measures(const struct tuple_set *set, struct tuple *tuple, const struct group *group,
              const struct group_event *event, uint8_t measure[MEASURES_MAX])
{
	const struct kpi_set *kpis = set->config->kpis;
	uint8_t touch[MEASURES_MAX], touches = 0;
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		if (!measure_takes(&kpis->measure[m], group, event))
			continue;
		if (take_is_touch(kpis->measure[m].take)) {
			touch[touches++] = (uint8_t)m;
			continue;
		}
		uint8_t source = source_of(&kpis->measure[m]);
		tuple_of(set, tuple)[tuple->measures] = column_for(tuple, source);
		measure[tuple->measures++] = (uint8_t)m;
	}
	for (; tuple->touches < touches; tuple->touches++) {
		uint8_t m = touch[tuple->touches], class = set->class_of[m];
		tuple_of(set, tuple)[tuple->measures + tuple->touches] =
		    (uint8_t)(class | kpis->measure[m].take << TOUCH_TAKE_SHIFT);
		measure[tuple->measures + tuple->touches] = m;
		tuple->classes |= (uint8_t)(1u << class);
	}
}

uint32_t
tuple_make(struct tuple_set *set, struct series_set *series, const struct group *group,
           const struct group_event *event, struct hash128 hash)
{
	uint32_t id = new_id(set);
	struct tuple *tuple = tuple_at(set, id);
	uint8_t measure[MEASURES_MAX];
	*tuple = (struct tuple){.hash = hash, .live = true};
	find_measures(set, tuple, group, event, measure);
	struct buf key = {0};
	for (uint32_t r = 0; r < set->config->rollup_count && tuple_counts(tuple); r++) {
		uint32_t to = series_for(series, r, group, event, &key, &tuple->folded);
		tuple_series(set, tuple)[r] = to;
		series_at(series, to)->refs++;
		for (uint32_t j = 0; j < tuple->measures + (uint32_t)tuple->touches; j++)
			tuple_positions(set, tuple, r)[j] = (uint8_t)series_position(series, to, measure[j]);
	}
	buf_fini(&key);
	index_insert(&set->index, hash.lo, id);
	set->live++;
	return id;
}

void
tuple_drop(struct tuple_set *set, struct series_set *series, uint32_t id)
{
	struct tuple *tuple = tuple_at(set, id);
	assert(tuple->live && tuple->cells == 0);
	for (uint32_t r = 0; r < set->config->rollup_count && tuple_counts(tuple); r++) {
		uint32_t to = tuple_series(set, tuple)[r];
		if (--series_at(series, to)->refs == 0)
			series_drop(series, to);
	}
	index_remove(&set->index, tuple->hash.lo, id);
	tuple->live = false;
	set->live--;
	if (set->free_count == set->free_cap) {
		set->free_cap = set->free_cap ? set->free_cap * 2 : 256;
		set->free_ids = mem_realloc(set->free_ids, set->free_cap * sizeof(*set->free_ids));
	}
	set->free_ids[set->free_count++] = id;
}

uint64_t
tuple_bytes(const struct tuple_set *set)
{
	return (uint64_t)set->chunk_count * TUPLE_CHUNK * set->stride + index_bytes(&set->index);
}
