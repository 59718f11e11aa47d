/* measure.c - looking measures and KPIs up; their words. */
#include "aggregator/measure.h"
#include "aggregator/formula.h"
#include <stdio.h>
#include <stdlib.h>

static bool
same_where(const struct where *a, const struct where *b)
{
	if (a->field != b->field || a->count != b->count)
		return false;
	for (unsigned v = 0; v < a->count; v++)
		if (a->number[v] != b->number[v] || (a->value[v] == NULL) != (b->value[v] == NULL) ||
		    (a->value[v] != NULL && strcmp(a->value[v], b->value[v]) != 0))
			return false;
	return true;
}

bool
measure_same_class(const struct measure *a, const struct measure *b)
{
	if (!take_is_touch(a->take) || !take_is_touch(b->take) || a->from != b->from || a->entity != b->entity ||
	    a->as_sold != b->as_sold || a->where_count != b->where_count)
		return false;
	for (unsigned w = 0; w < a->where_count; w++)
		if (!same_where(&a->where[w], &b->where[w]))
			return false;
	return true;
}

uint64_t
measures_missing(const struct kpi_set *set, enum window window, enum window_part part)
{
	uint64_t measures = 0;
	if (part == PART_CUR || (window != WINDOW_R30D && window != WINDOW_M))
		return 0;
	for (uint32_t m = 0; m < set->measure_count; m++)
		measures |= (uint64_t)take_looks_back(set->measure[m].take) << m;
	return measures;
}

bool
kpi_known_by(const struct kpi_set *set, uint32_t kpi, uint8_t dims_mask)
{
	uint64_t measures = formula_measures(&set->kpi[kpi].formula);
	if ((dims_mask & ~set->spend_dims) == 0)
		return true;
	for (uint32_t m = 0; m < set->measure_count; m++)
		if ((measures >> m & 1) != 0 && set->measure[m].from == EVENT_SPEND)
			return false;
	return true;
}

void
dims_text(unsigned dims_mask, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if ((dims_mask >> d & 1) != 0 && n < size)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " and " : "", event_dim_name(d));
}

int
measure_find(const struct kpi_set *set, struct slice name)
{
	for (uint32_t m = 0; m < set->measure_count; m++)
		if (slice_is(name, set->measure[m].name))
			return (int)m;
	return -1;
}

int
kpi_find(const struct kpi_set *set, struct slice name)
{
	for (uint32_t k = 0; k < set->kpi_count; k++)
		if (slice_is(name, set->kpi[k].name))
			return (int)k;
	return -1;
}

static void
measure_fini(struct measure *measure)
{
	for (uint32_t w = 0; w < measure->where_count; w++)
		for (uint32_t v = 0; v < measure->where[w].count; v++)
			free(measure->where[w].value[v]); /* NULL where the value is a number */
}

void
kpi_set_fini(struct kpi_set *set)
{
	for (uint32_t m = 0; m < set->measure_count; m++)
		measure_fini(&set->measure[m]);
	for (uint32_t k = 0; k < set->kpi_count; k++) {
		free(set->kpi[k].text);
		free(set->kpi[k].label_id);
		free(set->kpi[k].label_en);
	}
	*set = (struct kpi_set){0};
}

const char *
unit_name(enum unit unit)
{
	static const char *const names[] = {[UNIT_COUNT] = "count", [UNIT_MONEY] = "money", [UNIT_RATIO] = "ratio"};
	return (unsigned)unit < sizeof(names) / sizeof(names[0]) ? names[unit] : "unknown";
}

const char *
direction_name(enum direction direction)
{
	static const char *const names[] = {
	    [DIRECTION_UP] = "up", [DIRECTION_DOWN] = "down", [DIRECTION_RANGE] = "range"};
	return (unsigned)direction < sizeof(names) / sizeof(names[0]) ? names[direction] : "unknown";
}
