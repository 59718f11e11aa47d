/*
 * oracle.c - see oracle.h. Three parts: local days by libc, the bounds of a window, and the sums.
 * Slow and obvious is the point; the only things remembered are day starts (per zone, for the process) and the answers
 * for one log time.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* tm_gmtoff, setenv */
#endif
#undef NDEBUG /* a model that goes on after a broken contract proves nothing */
#include "oracle.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
enum { DAY_S = 86400, BLOCK_DATES = 64 };

_Static_assert(ORACLE_R1D == 0 && ORACLE_R7D == 1 && ORACLE_R30D == 2, "rolling windows index slide_min[]");

/* ---- local days ---- */

/* A date is a number of days since 1970-01-01, as a calendar without zones counts them. */

struct day_block { /* the first instants of BLOCK_DATES dates in a row */
	int64_t index;
	int64_t start_s[BLOCK_DATES];
	struct day_block *next;
};

struct zone { /* kept for the whole process: property tests make thousands of oracles */
	char *name;
	struct day_block *blocks;
	struct zone *next;
};

static struct zone *zones;

static void *
xalloc(size_t count, size_t bytes)
{
	void *memory = calloc(count != 0 ? count : 1, bytes);

	assert(memory != NULL);
	return memory;
}

static char *
xstrdup(const char *text)
{
	char *copy = strdup(text);

	assert(copy != NULL);
	return copy;
}

static int64_t
floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0 ? 1 : 0);
}

/* libc takes UTC for a name it does not know, without a word: hence the look at the file. */
static bool
zone_exists(const char *name)
{
	const char *directory = getenv("TZDIR");
	char path[PATH_MAX];
	int length;

	if (name == NULL || name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL)
		return false;
	length = snprintf(path, sizeof(path), "%s/%s", directory != NULL ? directory : "/usr/share/zoneinfo", name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return false;
	FILE *file = fopen(path, "rb");
	char magic[4] = "";
	bool found = file != NULL && fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

static struct zone *
zone_find(const char *name)
{
	struct zone *zone;

	for (zone = zones; zone != NULL; zone = zone->next) {
		if (strcmp(zone->name, name) == 0)
			return zone;
	}
	if (!zone_exists(name))
		return NULL;
	zone = xalloc(1, sizeof(*zone));
	zone->name = xstrdup(name);
	zone->next = zones;
	zones = zone;
	return zone;
}

static int64_t
year_month_day(const struct tm *tm)
{
	return (tm->tm_year + INT64_C(1900)) * 10000 + (tm->tm_mon + 1) * 100 + tm->tm_mday;
}

static struct tm
civil(int64_t date)
{
	time_t midnight = (time_t)(date * DAY_S);
	struct tm tm;

	assert(gmtime_r(&midnight, &tm) != NULL);
	return tm;
}

static struct tm
clock_face(int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm tm;

	assert(localtime_r(&at, &tm) != NULL);
	return tm;
}

/*
 * The first second whose local date is `date` or a later one; TZ is set. "Or later" gives a date that never occurs the start
 * of the date after it, so length 0. Looks at one quarter hour after the other: where its two ends have one offset to UTC the
 * clock runs straight and midnight is arithmetic, else every second of it is looked at. 16 h before UTC's midnight is
 * earlier than any zone ever was.
 */
static int64_t
date_start_s(int64_t date)
{
	struct tm wanted_tm = civil(date);
	int64_t wanted = year_month_day(&wanted_tm);

	for (int64_t from = date * DAY_S - 16 * 3600; from < date * DAY_S + 48 * 3600; from += 900) {
		struct tm first = clock_face(from);
		struct tm last = clock_face(from + 899);
		if (first.tm_gmtoff == last.tm_gmtoff) {
			if (year_month_day(&first) >= wanted)
				return from;
			if (year_month_day(&last) >= wanted)
				return date * DAY_S - first.tm_gmtoff;
			continue;
		}
		for (int64_t at = from; at < from + 900; at++) {
			struct tm face = clock_face(at);
			if (year_month_day(&face) >= wanted)
				return at;
		}
	}
	abort(); /* every date starts within two days of UTC's */
}

static void
block_fill(const char *zone, struct day_block *block)
{
	const char *before = getenv("TZ");
	char *saved = before != NULL ? xstrdup(before) : NULL;

	assert(setenv("TZ", zone, 1) == 0);
	tzset();
	for (int64_t i = 0; i < BLOCK_DATES; i++)
		block->start_s[i] = date_start_s(block->index * BLOCK_DATES + i);
	if (saved != NULL)
		assert(setenv("TZ", saved, 1) == 0);
	else
		assert(unsetenv("TZ") == 0);
	tzset();
	free(saved);
}

static int64_t
date_start(struct zone *zone, int64_t date)
{
	int64_t index = floor_div(date, BLOCK_DATES);
	struct day_block *block;

	for (block = zone->blocks; block != NULL; block = block->next) {
		if (block->index == index)
			return block->start_s[date - index * BLOCK_DATES] * 1000;
	}
	block = xalloc(1, sizeof(*block));
	block->index = index;
	block_fill(zone->name, block);
	block->next = zone->blocks;
	zone->blocks = block;
	return date_start(zone, date);
}

/* The local day an instant belongs to: the last one that has begun. Never a day of length 0. */
static int64_t
date_of(struct zone *zone, int64_t at_ms)
{
	int64_t date = floor_div(at_ms, DAY_MS) + 2;

	while (date_start(zone, date) > at_ms)
		date--;
	return date;
}

/* ---- panes and bounds ---- */

struct span {
	int64_t lo, hi; /* [lo, hi) */
};

/* Slots of slot_min minutes follow each other from the day's first instant; the day's last one may be cut short. */
static struct span
pane_of(struct zone *zone, int64_t at_ms, int slot_min)
{
	int64_t size = slot_min * MINUTE_MS;
	int64_t date = date_of(zone, at_ms);
	int64_t day_lo = date_start(zone, date);
	int64_t day_hi = date_start(zone, date + 1);
	struct span pane;

	pane.lo = day_lo + (at_ms - day_lo) / size * size;
	pane.hi = pane.lo + size < day_hi ? pane.lo + size : day_hi;
	return pane;
}

static bool
is_rolling(enum oracle_window window)
{
	return window == ORACLE_R1D || window == ORACLE_R7D || window == ORACLE_R30D;
}

static int64_t
rolling_length(enum oracle_window window)
{
	return (window == ORACLE_R1D ? 1 : window == ORACLE_R7D ? 7 : 30) * DAY_MS;
}

/*
 * Inside are the panes with limit - W < start <= limit. So the window begins where the pane that holds the instant limit - W
 * ends, and ends where the pane that holds `limit` does; those instants are pane starts themselves except across a change
 * of the clock by less than a pane.
 */
static struct span
rolling_bounds(struct zone *zone, int slide_min, enum oracle_window window, enum oracle_part part, int64_t now)
{
	int64_t length = rolling_length(window);
	int64_t limit = pane_of(zone, now, slide_min).lo - (part == ORACLE_PREV ? length : 0);
	struct span span;

	span.lo = pane_of(zone, limit - length, slide_min).hi;
	span.hi = pane_of(zone, limit, slide_min).hi;
	return span;
}

/* The first date of the period that holds `date`. */
static int64_t
period_first(enum oracle_window window, int week_start, int64_t date)
{
	if (window == ORACLE_D)
		return date;
	if (window == ORACLE_M)
		return date - (civil(date).tm_mday - 1);
	/* tm_wday has Sunday = 0, week_start has Monday = 0. */
	return date - ((civil(date).tm_wday + 6) % 7 - week_start + 7) % 7;
}

/* The first date of the period after the one that begins at `first`. */
static int64_t
period_next(enum oracle_window window, int64_t first)
{
	int64_t date = first + (window == ORACLE_W ? 7 : 1);

	while (window == ORACLE_M && civil(date).tm_mday != 1)
		date++;
	return date;
}

/* From the previous period's start to slot s of its day k, where now stands in slot s of day k of its own period. */
static struct span
ptd_bounds(struct zone *zone, enum oracle_window window, int64_t this_first, int64_t prev_first, int64_t now)
{
	int64_t slot = (window == ORACLE_D ? 1 : window == ORACLE_W ? 15 : 60) * MINUTE_MS;
	int64_t today = date_of(zone, now);
	int64_t s = (now - date_start(zone, today)) / slot;
	int64_t then = prev_first + (today - this_first);
	int64_t day_hi = date_start(zone, then + 1);
	int64_t period_hi = date_start(zone, this_first);
	struct span span;

	span.lo = date_start(zone, prev_first);
	span.hi = date_start(zone, then) + s * slot;
	if (span.hi > day_hi)
		span.hi = day_hi;
	if (span.hi > period_hi)
		span.hi = period_hi;
	return span;
}

static struct span
calendar_bounds(struct zone *zone, int week_start, enum oracle_window window, enum oracle_part part, int64_t now)
{
	int64_t this_first = period_first(window, week_start, date_of(zone, now));
	int64_t prev_first = period_first(window, week_start, this_first - 1);
	struct span span;

	if (part == ORACLE_PTD)
		return ptd_bounds(zone, window, this_first, prev_first, now);
	if (part == ORACLE_PREV) {
		span.lo = date_start(zone, prev_first);
		span.hi = date_start(zone, this_first);
	} else {
		span.lo = date_start(zone, this_first);
		span.hi = date_start(zone, period_next(window, this_first));
	}
	return span;
}

/* ---- events and sums ---- */

struct series {
	int rollup;
	char *key[ORACLE_DIMS]; /* NULL outside the rollup */
	int64_t *total;         /* [window][part][measure], right while !stale */
};

struct entry { /* an accepted event */
	char *cust, *id;
	uint64_t content;
	int64_t ts_ms;
	int64_t pane_ms[3];                /* start of its pane in r1d, r7d, r30d */
	size_t series[ORACLE_ROLLUPS_MAX]; /* what it projects to */
	int64_t *value;                    /* per measure, 0 where it does not count */
};

struct oracle {
	struct oracle_config config;
	struct oracle_measure *measure;
	struct zone *zone;
	int64_t now;
	struct entry *entry;
	size_t entry_count, entry_room;
	struct series *series;
	size_t series_count, series_room;
	size_t series_last; /* the one last asked for: questions come in runs */
	bool stale;         /* now, entries or series changed since the sums were made */
	struct span span[ORACLE_WINDOWS][ORACLE_PARTS];
};

static const char *
text_or_none(const char *text)
{
	return text == NULL || text[0] == '\0' ? ORACLE_NONE : text;
}

static bool
has_part(enum oracle_window window, enum oracle_part part)
{
	return part != ORACLE_PTD || !is_rolling(window);
}

static void
check_config(const struct oracle_config *config)
{
	assert(config->week_start >= 0 && config->week_start <= 6);
	assert(config->horizon_ms >= 0 && config->future_ms >= 0);
	for (int i = 0; i < 3; i++)
		assert(config->slide_min[i] > 0);
	assert(config->rollup_count >= 0 && config->rollup_count <= ORACLE_ROLLUPS_MAX);
	for (int i = 0; i < config->rollup_count; i++)
		assert(config->rollup[i] < 1u << ORACLE_DIMS);
	assert(config->measure_count >= 0);
	for (int i = 0; i < config->measure_count; i++) {
		const struct oracle_measure *measure = &config->measure[i];
		assert(measure->field >= -1 && measure->field < ORACLE_NUMS);
		assert(measure->filter_count >= 0 && measure->filter_count <= ORACLE_FILTERS_MAX);
		for (int j = 0; j < measure->filter_count; j++) {
			assert(measure->filter[j].what >= 0 && measure->filter[j].what <= ORACLE_BY_COST_TYPE);
			assert(measure->filter[j].value_count >= 0);
			assert(measure->filter[j].value_count <= ORACLE_VALUES_MAX);
		}
	}
}

/* The copies own their texts; oracle_free() is the other half. */
static struct oracle_measure *
copy_measures(const struct oracle_config *config)
{
	struct oracle_measure *copy = xalloc((size_t)config->measure_count, sizeof(*copy));

	for (int i = 0; i < config->measure_count; i++) {
		copy[i] = config->measure[i];
		copy[i].name = xstrdup(copy[i].name != NULL ? copy[i].name : "?");
		for (int j = 0; j < copy[i].filter_count; j++) {
			struct oracle_filter *filter = &copy[i].filter[j];
			bool texts = filter->what != ORACLE_BY_STAGE && filter->what != ORACLE_BY_KIND;
			for (int k = 0; k < filter->value_count; k++)
				filter->text[k] = texts ? xstrdup(text_or_none(filter->text[k])) : NULL;
		}
	}
	return copy;
}

static void
free_measures(struct oracle_measure *measure, int count)
{
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < measure[i].filter_count; j++) {
			for (int k = 0; k < measure[i].filter[j].value_count; k++)
				free((void *)(uintptr_t)measure[i].filter[j].text[k]);
		}
		free((void *)(uintptr_t)measure[i].name);
	}
	free(measure);
}

struct oracle *
oracle_new(const struct oracle_config *config)
{
	struct zone *zone = zone_find(config->zone);
	struct oracle *oracle;

	check_config(config);
	if (zone == NULL)
		return NULL;
	oracle = xalloc(1, sizeof(*oracle));
	oracle->config = *config;
	oracle->config.zone = zone->name;
	oracle->measure = copy_measures(config);
	oracle->config.measure = oracle->measure;
	oracle->zone = zone;
	oracle->now = ORACLE_NEVER;
	oracle->stale = true;
	return oracle;
}

void
oracle_free(struct oracle *oracle)
{
	if (oracle == NULL)
		return;
	for (size_t i = 0; i < oracle->entry_count; i++) {
		free(oracle->entry[i].cust);
		free(oracle->entry[i].id);
		free(oracle->entry[i].value);
	}
	for (size_t i = 0; i < oracle->series_count; i++) {
		for (int d = 0; d < ORACLE_DIMS; d++)
			free(oracle->series[i].key[d]);
		free(oracle->series[i].total);
	}
	free_measures(oracle->measure, oracle->config.measure_count);
	free(oracle->entry);
	free(oracle->series);
	free(oracle);
}

int64_t
oracle_now(const struct oracle *oracle)
{
	return oracle->now;
}

void
oracle_time(struct oracle *oracle, int64_t recv_ms)
{
	if (recv_ms <= oracle->now)
		return;
	oracle->now = recv_ms;
	oracle->stale = true;
}

static bool
filter_passes(const struct oracle_filter *filter, const struct oracle_event *event)
{
	for (int i = 0; i < filter->value_count; i++) {
		bool same;
		if (filter->what == ORACLE_BY_STAGE)
			same = event->stage == filter->number[i];
		else if (filter->what == ORACLE_BY_KIND)
			same = event->kind == filter->number[i];
		else if (filter->what == ORACLE_BY_COST_TYPE)
			same = strcmp(text_or_none(event->cost_type), filter->text[i]) == 0;
		else
			same = strcmp(text_or_none(event->dim[filter->what]), filter->text[i]) == 0;
		if (same)
			return true;
	}
	return false;
}

static int64_t
measure_value(const struct oracle_measure *measure, const struct oracle_event *event)
{
	if (event->type != measure->type)
		return 0;
	for (int i = 0; i < measure->filter_count; i++) {
		if (!filter_passes(&measure->filter[i], event))
			return 0;
	}
	return measure->field < 0 ? 1 : event->num[measure->field];
}

static bool
series_is(const struct oracle *oracle, size_t index, int rollup, const char *const key[ORACLE_DIMS])
{
	const struct series *series = &oracle->series[index];

	if (series->rollup != rollup)
		return false;
	for (int d = 0; d < ORACLE_DIMS; d++) {
		if (series->key[d] != NULL && strcmp(series->key[d], text_or_none(key[d])) != 0)
			return false;
	}
	return true;
}

/* series_count: there is none. */
static size_t
series_find(struct oracle *oracle, int rollup, const char *const key[ORACLE_DIMS])
{
	if (oracle->series_last < oracle->series_count && series_is(oracle, oracle->series_last, rollup, key))
		return oracle->series_last;
	for (size_t i = 0; i < oracle->series_count; i++) {
		if (series_is(oracle, i, rollup, key))
			return oracle->series_last = i;
	}
	return oracle->series_count;
}

static size_t
series_make(struct oracle *oracle, int rollup, const char *const key[ORACLE_DIMS])
{
	size_t index = series_find(oracle, rollup, key);
	struct series *series;

	if (index < oracle->series_count)
		return index;
	if (oracle->series_count == oracle->series_room) {
		oracle->series_room = oracle->series_room * 2 + 16;
		oracle->series = realloc(oracle->series, oracle->series_room * sizeof(*series));
		assert(oracle->series != NULL);
	}
	series = &oracle->series[oracle->series_count++];
	series->rollup = rollup;
	for (int d = 0; d < ORACLE_DIMS; d++) {
		bool in_key = (oracle->config.rollup[rollup] >> d & 1u) != 0;
		series->key[d] = in_key ? xstrdup(text_or_none(key[d])) : NULL;
	}
	series->total = xalloc((size_t)(ORACLE_WINDOWS * ORACLE_PARTS * oracle->config.measure_count), sizeof(int64_t));
	return index;
}

/* Only accepted events are in the list, and of those an id is known as long as its event's time is within the horizon. */
static const struct entry *
id_find(const struct oracle *oracle, const struct oracle_event *event)
{
	for (size_t i = 0; i < oracle->entry_count; i++) {
		const struct entry *entry = &oracle->entry[i];
		bool forgotten = entry->ts_ms < oracle->now - oracle->config.horizon_ms;
		if (!forgotten && strcmp(entry->id, event->id) == 0 &&
		    strcmp(entry->cust, text_or_none(event->cust)) == 0)
			return entry;
	}
	return NULL;
}

static void
entry_append(struct oracle *oracle, const struct oracle_event *event)
{
	struct entry *entry;

	if (oracle->entry_count == oracle->entry_room) {
		oracle->entry_room = oracle->entry_room * 2 + 64;
		oracle->entry = realloc(oracle->entry, oracle->entry_room * sizeof(*entry));
		assert(oracle->entry != NULL);
	}
	entry = &oracle->entry[oracle->entry_count++];
	memset(entry, 0, sizeof(*entry));
	entry->cust = xstrdup(text_or_none(event->cust));
	entry->id = xstrdup(event->id);
	entry->content = event->content;
	entry->ts_ms = event->ts_ms;
	for (int i = 0; i < 3; i++)
		entry->pane_ms[i] = pane_of(oracle->zone, event->ts_ms, oracle->config.slide_min[i]).lo;
	for (int r = 0; r < oracle->config.rollup_count; r++)
		entry->series[r] = series_make(oracle, r, event->dim);
	entry->value = xalloc((size_t)oracle->config.measure_count, sizeof(int64_t));
	for (int m = 0; m < oracle->config.measure_count; m++)
		entry->value[m] = measure_value(&oracle->measure[m], event);
	oracle->stale = true;
}

enum oracle_verdict
oracle_add(struct oracle *oracle, const struct oracle_event *event)
{
	const struct entry *known;

	assert(event->id != NULL);
	if (oracle->config.clock_events)
		oracle_time(oracle, event->ts_ms);
	assert(oracle->now != ORACLE_NEVER);
	if (event->ts_ms < oracle->now - oracle->config.horizon_ms)
		return ORACLE_TOO_LATE;
	if (!oracle->config.clock_events && event->ts_ms > oracle->now + oracle->config.future_ms)
		return ORACLE_FUTURE;
	known = id_find(oracle, event);
	if (known != NULL)
		return known->content == event->content ? ORACLE_DUPLICATE : ORACLE_ID_CONFLICT;
	entry_append(oracle, event);
	return ORACLE_OK;
}

/* Rolling: by the start of the event's own pane, as section 11 words it, and not by the bounds made from that. */
static bool
entry_inside(const struct oracle *oracle, const struct entry *entry, enum oracle_window window, enum oracle_part part)
{
	if (is_rolling(window)) {
		int slide_min = oracle->config.slide_min[window];
		int64_t length = rolling_length(window);
		int64_t limit = pane_of(oracle->zone, oracle->now, slide_min).lo - (part == ORACLE_PREV ? length : 0);
		int64_t start = entry->pane_ms[window];
		return limit - length < start && start <= limit;
	}
	const struct span *span = &oracle->span[window][part];
	return span->lo <= entry->ts_ms && entry->ts_ms < span->hi;
}

static size_t
slot_of(const struct oracle *oracle, enum oracle_window window, enum oracle_part part)
{
	return (size_t)(((int)window * ORACLE_PARTS + (int)part) * oracle->config.measure_count);
}

static void
recompute_part(struct oracle *oracle, enum oracle_window window, enum oracle_part part)
{
	struct span *span = &oracle->span[window][part];
	size_t slot = slot_of(oracle, window, part);

	if (is_rolling(window))
		*span = rolling_bounds(oracle->zone, oracle->config.slide_min[window], window, part, oracle->now);
	else
		*span = calendar_bounds(oracle->zone, oracle->config.week_start, window, part, oracle->now);
	for (size_t i = 0; i < oracle->entry_count; i++) {
		const struct entry *entry = &oracle->entry[i];
		if (!entry_inside(oracle, entry, window, part))
			continue;
		for (int r = 0; r < oracle->config.rollup_count; r++) {
			int64_t *total = oracle->series[entry->series[r]].total + slot;
			for (int m = 0; m < oracle->config.measure_count; m++)
				total[m] = (int64_t)((uint64_t)total[m] + (uint64_t)entry->value[m]);
		}
	}
}

/* Everything, from nothing, for the log time now in force. */
static void
recompute(struct oracle *oracle)
{
	size_t total_count = slot_of(oracle, ORACLE_WINDOWS, ORACLE_CUR);

	if (!oracle->stale || oracle->now == ORACLE_NEVER)
		return;
	for (size_t i = 0; i < oracle->series_count; i++)
		memset(oracle->series[i].total, 0, total_count * sizeof(int64_t));
	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < ORACLE_PARTS; p++) {
			if (has_part((enum oracle_window)w, (enum oracle_part)p))
				recompute_part(oracle, (enum oracle_window)w, (enum oracle_part)p);
		}
	}
	oracle->stale = false;
}

bool
oracle_bounds(struct oracle *oracle, enum oracle_window window, enum oracle_part part, int64_t *lo, int64_t *hi)
{
	if (!has_part(window, part) || oracle->now == ORACLE_NEVER)
		return false;
	recompute(oracle);
	*lo = oracle->span[window][part].lo;
	*hi = oracle->span[window][part].hi;
	return true;
}

int64_t
oracle_total(struct oracle *oracle, int rollup, const char *const key[ORACLE_DIMS], int measure, enum oracle_window window,
    enum oracle_part part)
{
	static const char *const no_key[ORACLE_DIMS];
	size_t index;

	assert(rollup >= 0 && rollup < oracle->config.rollup_count);
	assert(measure >= 0 && measure < oracle->config.measure_count);
	index = series_find(oracle, rollup, key != NULL ? key : no_key);
	if (index == oracle->series_count)
		return 0;
	recompute(oracle);
	return oracle->series[index].total[slot_of(oracle, window, part) + (size_t)measure];
}

bool
oracle_series(const struct oracle *oracle, size_t index, int *rollup, const char *key[ORACLE_DIMS])
{
	if (index >= oracle->series_count)
		return false;
	*rollup = oracle->series[index].rollup;
	for (int d = 0; d < ORACLE_DIMS; d++)
		key[d] = oracle->series[index].key[d];
	return true;
}

/* ---- the dump ---- */

static const char *const window_names[ORACLE_WINDOWS] = { "r1d", "r7d", "r30d", "d", "w", "m" };
static const char *const part_names[ORACLE_PARTS] = { "cur", "prev", "ptd" };

static void
print_time(FILE *out, int64_t at_ms)
{
	time_t at = (time_t)floor_div(at_ms, 1000);
	struct tm tm;

	assert(gmtime_r(&at, &tm) != NULL);
	fprintf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(at_ms - at * 1000));
}

static void
print_series(const struct oracle *oracle, const struct series *series, FILE *out)
{
	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < ORACLE_PARTS; p++) {
			size_t slot = slot_of(oracle, (enum oracle_window)w, (enum oracle_part)p);
			for (int m = 0; m < oracle->config.measure_count; m++) {
				if (series->total[slot + (size_t)m] == 0)
					continue;
				fprintf(out, "%s.%s rollup %d", window_names[w], part_names[p], series->rollup);
				for (int d = 0; d < ORACLE_DIMS; d++) {
					if (series->key[d] != NULL)
						fprintf(out, "/%s", series->key[d]);
				}
				fprintf(out, " %s = %lld\n", oracle->measure[m].name,
				    (long long)series->total[slot + (size_t)m]);
			}
		}
	}
}

void
oracle_print(struct oracle *oracle, FILE *out)
{
	if (oracle->now == ORACLE_NEVER) {
		fprintf(out, "now never\n");
		return;
	}
	recompute(oracle);
	fprintf(out, "now ");
	print_time(out, oracle->now);
	fprintf(out, " zone %s, %zu events\n", oracle->config.zone, oracle->entry_count);
	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < ORACLE_PARTS; p++) {
			if (!has_part((enum oracle_window)w, (enum oracle_part)p))
				continue;
			fprintf(out, "%s.%s [", window_names[w], part_names[p]);
			print_time(out, oracle->span[w][p].lo);
			fprintf(out, ", ");
			print_time(out, oracle->span[w][p].hi);
			fprintf(out, ")\n");
		}
	}
	for (size_t i = 0; i < oracle->series_count; i++)
		print_series(oracle, &oracle->series[i], out);
}
