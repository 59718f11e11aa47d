/*
 * oracle.c - see oracle.h. In this order: local days by libc, the bounds of a window, the list of events and their
 * arrival, what each counts as (its versions, then what it takes from others), and the sums.
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

/* A part behind the public ones: the whole period (or window) before prev, at which retained's prev and ptd look. */
#define PART_BEFORE ((enum oracle_part)ORACLE_PARTS)
enum { PARTS = ORACLE_PARTS + 1 };

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

/* The start of the last pane inside: now's, or for the parts before it the instant one or two lengths earlier. */
static int64_t
rolling_limit(struct zone *zone, int slide_min, enum oracle_window window, enum oracle_part part, int64_t now)
{
	int back = part == PART_BEFORE ? 2 : part == ORACLE_PREV ? 1 : 0;

	return pane_of(zone, now, slide_min).lo - back * rolling_length(window);
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
	int64_t limit = rolling_limit(zone, slide_min, window, part, now);
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

	if (part == PART_BEFORE) {
		span.lo = date_start(zone, period_first(window, week_start, prev_first - 1));
		span.hi = date_start(zone, prev_first);
		return span;
	}
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

/* ---- the list of events ---- */

enum { TEXT_LISTS = 1024, NO_ENTITY = -1, NO_LEAD = -1 };
enum { CAMPAIGN, CHANNEL, SOURCE, MEDIUM, TEAM, PERSON }; /* dimensions that a sale may inherit */
enum { AMT, QTY };                                        /* numbers that refunds may not exceed */
#define DIRECT "Direct"

struct text {
	char *text;
	struct text *next;
};

struct entity {
	const char *cust, *text; /* kept texts */
};

struct series {
	int rollup;
	char *key[ORACLE_DIMS]; /* NULL outside the rollup */
	int64_t *total;         /* [window][part][measure], right while !stale */
};

struct entry { /* an accepted event, as it came; entries are in order of arrival */
	struct oracle_event event;         /* its texts are kept, missing ones are NULL */
	int64_t arrived_ms;                /* log time then */
	int64_t pane_ms[3];                /* start of its pane in r1d, r7d, r30d */
	size_t series[ORACLE_ROLLUPS_MAX]; /* what its own dimensions project to */
	int entity[ORACLE_ENTITIES];       /* or NO_ENTITY */
	struct fact *fact;                 /* what became of it, made anew as that is; NULL: a correction */
	bool is_parked;                    /* a correction that still waits for its event */
};

struct version { /* what was said about an event from some log time on */
	const struct entry *body; /* its own entry, or the correction that replaces it */
	const struct entry *since; /* with which it came into force; entries are in order of arrival */
	int64_t since_ms;
	int64_t rev;
	bool is_void;
	int lead; /* number of the lead that a lead event belongs to, or NO_LEAD */
};

struct fact { /* an event that is no correction, made anew from all entries on a question */
	const struct entry *origin;
	struct version *version; /* the last one is in force */
	size_t version_count;
	/* The rest is settled once the versions of all events are known. */
	struct oracle_event event; /* as it counts */
	bool voided;
	const struct entry *at, *sold_at; /* whose time it counts at; a refund's with as_sold */
	size_t series[ORACLE_ROLLUPS_MAX];
	int entity[ORACLE_ENTITIES];
	uint32_t where, where_sold; /* part_bit() of every part of every window that holds it */
	bool is_matched;            /* a refund with a sale */
	bool is_fully_refunded;     /* a sale */
	bool is_new;                /* the first sale of its customer */
	unsigned entered;           /* bit x: its lead first entered stage x with it */
	/* Bit y of [x]: its lead first entered stage x with it and has reached stage y. */
	unsigned reached[ORACLE_STAGE_CUSTOMER + 1];
};

struct oracle {
	struct oracle_config config;
	struct oracle_measure *measure;
	struct zone *zone;
	int64_t now;
	struct text *text[TEXT_LISTS];
	struct entity *entity[ORACLE_ENTITIES];
	int entity_count[ORACLE_ENTITIES], entity_room[ORACLE_ENTITIES];
	struct entry *entry;
	size_t entry_count, entry_room;
	struct fact *fact;
	size_t fact_count;
	int lead_count;
	struct series *series;
	size_t series_count, series_room;
	size_t series_last; /* the one last asked for: questions come in runs */
	bool stale;         /* now, entries or series changed since the sums were made */
	struct span span[ORACLE_WINDOWS][PARTS];
	int64_t limit[3][PARTS]; /* rolling: the last pane inside starts here or before */
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

static bool
is_null(const struct oracle *oracle, int measure, enum oracle_window window, enum oracle_part part)
{
	if (!has_part(window, part))
		return true;
	int take = oracle->measure[measure].take;
	if ((take != ORACLE_RETAINED && take != ORACLE_PREVIOUS) || part == ORACLE_CUR)
		return false;
	return window == ORACLE_R30D || window == ORACLE_M;
}

static void
check_config(const struct oracle_config *config)
{
	assert(config->week_start >= 0 && config->week_start <= 6);
	assert(config->horizon_ms >= 0 && config->future_ms >= 0 && config->look_back_ms >= 0);
	for (int i = 0; i < 3; i++)
		assert(config->slide_min[i] > 0);
	assert(config->rollup_count >= 0 && config->rollup_count <= ORACLE_ROLLUPS_MAX);
	for (int i = 0; i < config->rollup_count; i++)
		assert(config->rollup[i] < 1u << ORACLE_DIMS);
	assert(config->measure_count >= 0);
	for (int i = 0; i < config->measure_count; i++) {
		const struct oracle_measure *measure = &config->measure[i];
		assert(measure->field >= -1 && measure->field < ORACLE_NUMS);
		assert(measure->take >= ORACLE_ADD && measure->take <= ORACLE_PREVIOUS);
		assert(measure->entity >= 0 && measure->entity < ORACLE_ENTITIES);
		assert(measure->take < ORACLE_NEW || measure->take == ORACLE_PREVIOUS || config->people);
		assert(measure->take != ORACLE_NEW || measure->type == ORACLE_SALE);
		if (measure->take == ORACLE_STAGE || measure->take == ORACLE_COHORT) {
			assert(measure->type == ORACLE_LEAD);
			assert(measure->stage >= ORACLE_STAGE_LEAD && measure->stage <= ORACLE_STAGE_CUSTOMER);
		}
		if (measure->take == ORACLE_COHORT) {
			assert(measure->cohort_of >= 0 && measure->cohort_of <= ORACLE_STAGE_SQL);
			assert(measure->cohort_of <= ORACLE_STAGE_LEAD || measure->stage > measure->cohort_of);
		}
		assert(measure->filter_count >= 0 && measure->filter_count <= ORACLE_FILTERS_MAX);
		for (int j = 0; j < measure->filter_count; j++) {
			assert(measure->filter[j].what >= 0 && measure->filter[j].what <= ORACLE_BY_MATCHED);
			assert(measure->filter[j].value_count >= 0);
			assert(measure->filter[j].value_count <= ORACLE_VALUES_MAX);
		}
	}
}

static bool
filter_has_texts(const struct oracle_filter *filter)
{
	return filter->what < ORACLE_DIMS || filter->what == ORACLE_BY_COST_TYPE;
}

/* The copies own their texts; oracle_free() is the other half. */
static struct oracle_measure *
copy_measures(const struct oracle_config *config)
{
	struct oracle_measure *copy = xalloc((size_t)config->measure_count, sizeof(*copy));

	for (int i = 0; i < config->measure_count; i++) {
		copy[i] = config->measure[i];
		copy[i].name = xstrdup(copy[i].name != NULL ? copy[i].name : "?");
		if (copy[i].cohort_of == 0)
			copy[i].cohort_of = ORACLE_STAGE_LEAD;
		for (int j = 0; j < copy[i].filter_count; j++) {
			struct oracle_filter *filter = &copy[i].filter[j];
			bool texts = filter_has_texts(filter);
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
	if (config->look_back_ms == 0)
		oracle->config.look_back_ms = 30 * DAY_MS;
	oracle->measure = copy_measures(config);
	oracle->config.measure = oracle->measure;
	oracle->zone = zone;
	oracle->now = ORACLE_NEVER;
	oracle->stale = true;
	return oracle;
}

static void
forget_facts(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->fact_count; i++)
		free(oracle->fact[i].version);
	free(oracle->fact);
	oracle->fact = NULL;
	oracle->fact_count = 0;
	oracle->lead_count = 0;
}

void
oracle_free(struct oracle *oracle)
{
	if (oracle == NULL)
		return;
	for (int i = 0; i < TEXT_LISTS; i++) {
		while (oracle->text[i] != NULL) {
			struct text *text = oracle->text[i];
			oracle->text[i] = text->next;
			free(text->text);
			free(text);
		}
	}
	for (int i = 0; i < ORACLE_ENTITIES; i++)
		free(oracle->entity[i]);
	for (size_t i = 0; i < oracle->series_count; i++) {
		for (int d = 0; d < ORACLE_DIMS; d++)
			free(oracle->series[i].key[d]);
		free(oracle->series[i].total);
	}
	free_measures(oracle->measure, oracle->config.measure_count);
	forget_facts(oracle);
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

/* The one copy of a text, so that equal texts are equal pointers; NULL for a missing one. */
static const char *
keep_text(struct oracle *oracle, const char *text)
{
	uint32_t list = 0;

	if (text == NULL || strcmp(text_or_none(text), ORACLE_NONE) == 0)
		return NULL;
	for (const char *at = text; *at != '\0'; at++)
		list = list * 31 + (unsigned char)*at;
	struct text **head = &oracle->text[list % TEXT_LISTS];
	for (struct text *known = *head; known != NULL; known = known->next) {
		if (strcmp(known->text, text) == 0)
			return known->text;
	}
	struct text *made = xalloc(1, sizeof(*made));
	made->text = xstrdup(text);
	made->next = *head;
	*head = made;
	return made->text;
}

static int
entity_make(struct oracle *oracle, enum oracle_entity kind, const char *cust, const char *text)
{
	struct entity **list = &oracle->entity[kind];
	int *count = &oracle->entity_count[kind];

	if (text == NULL)
		return NO_ENTITY;
	for (int i = 0; i < *count; i++) {
		if ((*list)[i].cust == cust && (*list)[i].text == text)
			return i;
	}
	if (*count == oracle->entity_room[kind]) {
		oracle->entity_room[kind] = oracle->entity_room[kind] * 2 + 16;
		*list = realloc(*list, (size_t)oracle->entity_room[kind] * sizeof(**list));
		assert(*list != NULL);
	}
	(*list)[*count] = (struct entity){ .cust = cust, .text = text };
	return (*count)++;
}

static bool
filter_passes(const struct oracle_filter *filter, const struct fact *fact)
{
	const struct oracle_event *event = &fact->event;

	for (int i = 0; i < filter->value_count; i++) {
		bool same;
		if (filter->what == ORACLE_BY_STAGE)
			same = event->stage == filter->number[i];
		else if (filter->what == ORACLE_BY_KIND)
			same = event->kind == filter->number[i];
		else if (filter->what == ORACLE_BY_MATCHED)
			same = (fact->is_matched ? 1 : 0) == filter->number[i];
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
measure_value(const struct oracle_measure *measure, const struct fact *fact)
{
	if (fact->voided || fact->event.type != measure->type)
		return 0;
	for (int i = 0; i < measure->filter_count; i++) {
		if (!filter_passes(&measure->filter[i], fact))
			return 0;
	}
	switch ((enum oracle_take)measure->take) {
	case ORACLE_ADD:
		return measure->field < 0 ? 1 : fact->event.num[measure->field];
	case ORACLE_NEW:
		return fact->is_new ? 1 : 0;
	case ORACLE_STAGE:
		return fact->entered >> measure->stage & 1;
	case ORACLE_COHORT:
		return fact->reached[measure->cohort_of] >> measure->stage & 1;
	case ORACLE_DISTINCT:
	case ORACLE_RETAINED:
	case ORACLE_PREVIOUS:
		break;
	}
	return 1;
}

static uint32_t
measure_parts(const struct oracle_measure *measure, const struct fact *fact)
{
	return measure->as_sold ? fact->where_sold : fact->where;
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
id_find(const struct oracle *oracle, const char *cust, const char *id)
{
	for (size_t i = 0; i < oracle->entry_count; i++) {
		const struct oracle_event *event = &oracle->entry[i].event;
		bool forgotten = event->ts_ms < oracle->now - oracle->config.horizon_ms;
		if (!forgotten && event->id == id && event->cust == cust)
			return &oracle->entry[i];
	}
	return NULL;
}

static void
keep_event(struct oracle *oracle, struct oracle_event *event)
{
	event->cust = keep_text(oracle, event->cust);
	event->id = keep_text(oracle, event->id);
	event->lead = keep_text(oracle, event->lead);
	event->order = keep_text(oracle, event->order);
	event->visit = keep_text(oracle, event->visit);
	event->ref = keep_text(oracle, event->ref);
	event->cost_type = keep_text(oracle, event->cost_type);
	event->cur = keep_text(oracle, event->cur);
	for (int d = 0; d < ORACLE_DIMS; d++)
		event->dim[d] = keep_text(oracle, event->dim[d]);
}

/* The event's texts are kept. */
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
	entry->event = *event;
	entry->arrived_ms = oracle->now;
	for (int i = 0; i < 3; i++)
		entry->pane_ms[i] = pane_of(oracle->zone, event->ts_ms, oracle->config.slide_min[i]).lo;
	for (int r = 0; r < oracle->config.rollup_count; r++)
		entry->series[r] = series_make(oracle, r, event->dim);
	entry->entity[ORACLE_CUST] = entity_make(oracle, ORACLE_CUST, event->cust, event->cust);
	entry->entity[ORACLE_ORDER] = entity_make(oracle, ORACLE_ORDER, event->cust, event->order);
	entry->entity[ORACLE_VISIT_ID] = entity_make(oracle, ORACLE_VISIT_ID, event->cust, event->visit);
	oracle->stale = true;
}

/* ---- corrections ---- */

static bool
is_correction(const struct oracle *oracle, const struct oracle_event *event)
{
	return oracle->config.people && (event->type == ORACLE_CORRECT || event->type == ORACLE_VOID);
}

static bool
is_correctable(int type)
{
	return type == ORACLE_LEAD || type == ORACLE_SALE || type == ORACLE_REFUND || type == ORACLE_SPEND;
}

static const struct version *
version_now(const struct fact *fact)
{
	return &fact->version[fact->version_count - 1];
}

/* NULL: the event had not come yet. */
static const struct version *
version_at(const struct fact *fact, int64_t at_ms)
{
	const struct version *version = NULL;

	for (size_t i = 0; i < fact->version_count; i++) {
		if (fact->version[i].since_ms <= at_ms)
			version = &fact->version[i];
	}
	return version;
}

static bool
is_remembered(const struct oracle *oracle, const struct version *version, int64_t at_ms)
{
	return version->body->event.ts_ms >= at_ms - oracle->config.horizon_ms;
}

/*
 * The lead that an event of (cust, lead) belongs to when it comes at at_ms: the one of an event still remembered, else
 * a new one. So a lead is forgotten as a whole, when the last of its events is.
 */
static int
lead_join(struct oracle *oracle, const struct fact *joining, const char *lead, int64_t at_ms)
{
	if (lead == NULL)
		return NO_LEAD;
	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		if (fact == joining || fact->origin->event.type != ORACLE_LEAD ||
		    fact->origin->event.cust != joining->origin->event.cust)
			continue;
		const struct version *version = version_now(fact);
		if (version->body->event.lead == lead && is_remembered(oracle, version, at_ms))
			return version->lead;
	}
	return oracle->lead_count++;
}

static void
version_push(struct oracle *oracle, struct fact *fact, struct version version)
{
	const struct version *before = fact->version_count > 0 ? version_now(fact) : NULL;
	const char *lead = version.body->event.lead;

	if (fact->origin->event.type != ORACLE_LEAD)
		version.lead = NO_LEAD;
	else if (before != NULL && before->body->event.lead == lead)
		version.lead = before->lead;
	else
		version.lead = lead_join(oracle, fact, lead, version.since_ms);
	fact->version = realloc(fact->version, (fact->version_count + 1) * sizeof(*fact->version));
	assert(fact->version != NULL);
	fact->version[fact->version_count++] = version;
}

/* The highest rev wins, a void before a correct of the same one, and any of them before the event itself. */
static void
correct(struct oracle *oracle, struct fact *fact, struct entry *by, int64_t since_ms)
{
	const struct version *now = version_now(fact);
	bool is_void = by->event.type == ORACLE_VOID;

	if (fact->version_count > 1 &&
	    (by->event.rev < now->rev || (by->event.rev == now->rev && (now->is_void || !is_void))))
		return;
	version_push(oracle, fact, (struct version){ .body = is_void ? now->body : by,
		.since = by > fact->origin ? by : fact->origin, .since_ms = since_ms,
		.rev = by->event.rev, .is_void = is_void });
}

/*
 * What a correction that comes at at_ms behind the first `count` entries applies to: the last event that took the id.
 * NULL: none has, or it is forgotten, or a correction itself; what took the id before cannot be corrected any more.
 */
static struct fact *
fact_find(const struct oracle *oracle, size_t count, const char *cust, const char *id, int64_t at_ms)
{
	while (count-- > 0) {
		const struct entry *entry = &oracle->entry[count];
		if (entry->event.id != id || entry->event.cust != cust)
			continue;
		bool known = entry->fact != NULL && is_remembered(oracle, version_now(entry->fact), at_ms);
		return known ? entry->fact : NULL;
	}
	return NULL;
}

/* What a correct cannot say of an event of this type: it would not be one. A void says nothing else. */
static enum oracle_verdict
correction_fault(const struct oracle_event *event, int type)
{
	if (event->type == ORACLE_VOID)
		return ORACLE_OK;
	if (type == ORACLE_LEAD ? event->lead == NULL : !event->has_amt)
		return ORACLE_MISSING;
	if (event->has_amt && event->num[AMT] < 0 && type != ORACLE_SPEND)
		return ORACLE_BAD_AMOUNT;
	return ORACLE_OK;
}

/* Is this entry a correction that waits for (cust, ref), and has not waited too long? */
static bool
waits_for(const struct oracle *oracle, const struct entry *entry, const char *cust, const char *ref, int64_t at_ms)
{
	return entry->is_parked && entry->event.ref == ref && entry->event.cust == cust &&
	    entry->arrived_ms >= at_ms - oracle->config.horizon_ms;
}

/* What is at fault waits no more either: its event has come. */
static void
apply_parked(struct oracle *oracle, struct fact *fact)
{
	const struct entry *origin = fact->origin;

	for (struct entry *entry = oracle->entry; entry < origin; entry++) {
		if (!waits_for(oracle, entry, origin->event.cust, origin->event.id, origin->arrived_ms))
			continue;
		entry->is_parked = false;
		if (correction_fault(&entry->event, origin->event.type) == ORACLE_OK)
			correct(oracle, fact, entry, origin->arrived_ms);
	}
}

/* All events with all their versions, by going through the entries in order of arrival. */
static void
replay(struct oracle *oracle)
{
	forget_facts(oracle);
	oracle->fact = xalloc(oracle->entry_count, sizeof(*oracle->fact));
	for (size_t i = 0; i < oracle->entry_count; i++) {
		struct entry *entry = &oracle->entry[i];
		if (is_correction(oracle, &entry->event)) {
			struct fact *fact =
			    fact_find(oracle, i, entry->event.cust, entry->event.ref, entry->arrived_ms);
			entry->is_parked = fact == NULL;
			if (fact != NULL)
				correct(oracle, fact, entry, entry->arrived_ms);
			continue;
		}
		struct fact *fact = &oracle->fact[oracle->fact_count++];
		fact->origin = entry;
		entry->fact = fact;
		version_push(oracle, fact, (struct version){ .body = entry, .since = entry, .since_ms = entry->arrived_ms });
		if (is_correctable(entry->event.type))
			apply_parked(oracle, fact);
	}
}

static int
parked_count(const struct oracle *oracle, const char *cust, const char *ref)
{
	int count = 0;

	for (size_t i = 0; i < oracle->entry_count; i++)
		count += waits_for(oracle, &oracle->entry[i], cust, ref, oracle->now) ? 1 : 0;
	return count;
}

/* The correction that has said this revision, remembered as an id is: by its own time, whatever became of its event. */
static const struct entry *
revision_find(const struct oracle *oracle, const struct oracle_event *event)
{
	for (size_t i = 0; i < oracle->entry_count; i++) {
		const struct oracle_event *said = &oracle->entry[i].event;
		bool forgotten = said->ts_ms < oracle->now - oracle->config.horizon_ms;
		if (!forgotten && said->type == event->type && said->rev == event->rev && said->ref == event->ref &&
		    said->cust == event->cust)
			return &oracle->entry[i];
	}
	return NULL;
}

static enum oracle_verdict
correction_verdict(struct oracle *oracle, const struct oracle_event *event)
{
	const struct entry *named = event->ref != NULL ? id_find(oracle, event->cust, event->ref) : NULL;

	if (event->ref == NULL || (named != NULL && !is_correctable(named->event.type)))
		return ORACLE_BAD_REF;
	replay(oracle);
	const struct fact *fact = fact_find(oracle, oracle->entry_count, event->cust, event->ref, oracle->now);
	if (fact == NULL && parked_count(oracle, event->cust, event->ref) >= ORACLE_PARKED_MAX)
		return ORACLE_BAD_REF;
	const struct entry *same = revision_find(oracle, event);
	if (same != NULL)
		return same->event.content == event->content ? ORACLE_DUPLICATE : ORACLE_ID_CONFLICT;
	return fact != NULL ? correction_fault(event, fact->origin->event.type) : ORACLE_OK;
}

/* ---- arrival ---- */

enum oracle_verdict
oracle_add(struct oracle *oracle, const struct oracle_event *given)
{
	struct oracle_event event = *given;
	const struct entry *known;
	enum oracle_verdict verdict;

	keep_event(oracle, &event);
	assert(event.id != NULL);
	if (oracle->config.clock_events)
		oracle_time(oracle, event.ts_ms);
	assert(oracle->now != ORACLE_NEVER);
	if (event.ts_ms < oracle->now - oracle->config.horizon_ms)
		return ORACLE_TOO_LATE;
	if (!oracle->config.clock_events && event.ts_ms > oracle->now + oracle->config.future_ms)
		return ORACLE_FUTURE;
	known = id_find(oracle, event.cust, event.id);
	if (known != NULL)
		return known->event.content == event.content ? ORACLE_DUPLICATE : ORACLE_ID_CONFLICT;
	verdict = is_correction(oracle, &event) ? correction_verdict(oracle, &event) : ORACLE_OK;
	if (verdict == ORACLE_OK)
		entry_append(oracle, &event);
	return verdict;
}

static uint32_t
part_bit(int window, int part)
{
	return UINT32_C(1) << (window * PARTS + part);
}

static void
recompute_bounds(struct oracle *oracle)
{
	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < PARTS; p++) {
			enum oracle_window window = (enum oracle_window)w;
			enum oracle_part part = (enum oracle_part)p;
			if (!has_part(window, part))
				continue;
			if (!is_rolling(window)) {
				oracle->span[w][p] =
				    calendar_bounds(oracle->zone, oracle->config.week_start, window, part, oracle->now);
				continue;
			}
			int slide_min = oracle->config.slide_min[w];
			oracle->limit[w][p] = rolling_limit(oracle->zone, slide_min, window, part, oracle->now);
			oracle->span[w][p] = rolling_bounds(oracle->zone, slide_min, window, part, oracle->now);
		}
	}
}

/* Rolling: by the start of the event's own pane, as section 11 words it, and not by the bounds made from that. */
static bool
entry_inside(const struct oracle *oracle, const struct entry *entry, enum oracle_window window, enum oracle_part part)
{
	if (!has_part(window, part))
		return false;
	if (is_rolling(window)) {
		int64_t limit = oracle->limit[window][part];
		int64_t start = entry->pane_ms[window];
		return limit - rolling_length(window) < start && start <= limit;
	}
	const struct span *span = &oracle->span[window][part];
	return span->lo <= entry->event.ts_ms && entry->event.ts_ms < span->hi;
}

static uint32_t
parts_of(const struct oracle *oracle, const struct entry *entry)
{
	uint32_t where = 0;

	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < PARTS; p++) {
			if (entry_inside(oracle, entry, (enum oracle_window)w, (enum oracle_part)p))
				where |= part_bit(w, p);
		}
	}
	return where;
}

/* ---- what an event counts as ---- */

/* The order of events: by time, then by id. */
static bool
is_before(const struct oracle *oracle, const struct fact *a, int64_t a_ms, const struct fact *b, int64_t b_ms)
{
	const char *a_cust = a->origin->event.cust, *b_cust = b->origin->event.cust;
	const char *a_id = a->origin->event.id, *b_id = b->origin->event.id;
	int order;

	if (a_ms != b_ms)
		return a_ms < b_ms;
	if (oracle->config.tie == NULL)
		order = strcmp(a_id, b_id);
	else
		order = oracle->config.tie(a_cust != NULL ? a_cust : "", a_id, b_cust != NULL ? b_cust : "", b_id);
	return order != 0 ? order < 0 : a->origin < b->origin;
}

static bool
fact_is_before(const struct oracle *oracle, const struct fact *a, const struct fact *b)
{
	return is_before(oracle, a, a->event.ts_ms, b, b->event.ts_ms);
}

/*
 * As the version in force has it. A correction replaces all but id, type, cust (which it repeats) and what ref means;
 * what does not belong to the type it drops.
 */
static void
settle_plain(struct oracle *oracle, struct fact *fact)
{
	const struct oracle_event *origin = &fact->origin->event;
	const struct version *version = version_now(fact);

	fact->event = version->body->event;
	fact->event.id = origin->id;
	fact->event.type = origin->type;
	fact->event.ref = origin->ref;
	if (version->body != fact->origin && origin->type != ORACLE_LEAD)
		fact->event.stage = 0;
	if (version->body != fact->origin && origin->type != ORACLE_SPEND)
		fact->event.cost_type = NULL;
	if (oracle->config.people && origin->type == ORACLE_LEAD && fact->event.stage == 0)
		fact->event.stage = ORACLE_STAGE_LEAD;
	fact->voided = version->is_void;
	fact->at = fact->sold_at = version->body;
	memcpy(fact->series, version->body->series, sizeof(fact->series));
	memcpy(fact->entity, version->body->entity, sizeof(fact->entity));
}

/* The last ms at which what comes can still change the event. */
static int64_t
forgotten_at(const struct oracle *oracle, const struct fact *fact)
{
	return fact->event.ts_ms + oracle->config.horizon_ms;
}

static bool
is_of_its_lead(const struct fact *sale, const struct fact *fact, const struct version *version)
{
	return fact->origin->event.type == ORACLE_LEAD && fact->event.cust == sale->event.cust &&
	    sale->event.lead != NULL && version->body->event.lead == sale->event.lead;
}

static bool
is_touch(const struct fact *fact, const struct version *version)
{
	const char *channel = version->body->event.dim[CHANNEL];
	int type = fact->origin->event.type;

	return (type == ORACLE_VISIT || type == ORACLE_LEAD) && !version->is_void && version->body->event.has_touch &&
	    strcmp(text_or_none(channel), DIRECT) != 0;
}

/*
 * The sale's last touch, as things stood at at_ms: of its own lead, or of its customer. NULL: none. Of those of one ts
 * the last id's.
 */
static const struct oracle_event *
last_touch(const struct oracle *oracle, const struct fact *sale, bool of_lead, int64_t at_ms)
{
	const struct fact *last = NULL;
	const struct oracle_event *touch = NULL;

	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		const struct version *version = version_at(fact, at_ms);
		if (version == NULL || !is_touch(fact, version))
			continue;
		const struct oracle_event *event = &version->body->event;
		bool is_own = of_lead ? is_of_its_lead(sale, fact, version) :
		    sale->event.cust != NULL && fact->event.cust == sale->event.cust;
		if (!is_own || event->ts_ms > sale->event.ts_ms ||
		    event->ts_ms <= sale->event.ts_ms - oracle->config.look_back_ms)
			continue;
		if (last == NULL || is_before(oracle, last, touch->ts_ms, fact, event->ts_ms)) {
			last = fact;
			touch = event;
		}
	}
	return touch;
}

/* When this entry had come. */
static bool
lead_is_remembered(const struct oracle *oracle, int lead, const struct entry *at)
{
	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		const struct version *version = NULL;
		for (size_t v = 0; v < fact->version_count; v++) {
			if (fact->version[v].since <= at)
				version = &fact->version[v];
		}
		if (version != NULL && version->lead == lead && is_remembered(oracle, version, at->arrived_ms))
			return true;
	}
	return false;
}

/*
 * What the sale's lead last said about team or person, at or before the sale and as things stood at at_ms. The lead
 * must have been remembered when the later one of the two came.
 */
static const char *
lead_says(const struct oracle *oracle, const struct fact *sale, int dim, int64_t at_ms)
{
	const struct fact *last = NULL;
	const struct oracle_event *said = NULL;

	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		const struct version *version = version_at(fact, at_ms);
		if (version == NULL || version->is_void || !is_of_its_lead(sale, fact, version))
			continue;
		const struct oracle_event *event = &version->body->event;
		const struct entry *met = version_now(sale)->since;
		if (version->since > met)
			met = version->since;
		if (event->dim[dim] == NULL || event->ts_ms > sale->event.ts_ms ||
		    !lead_is_remembered(oracle, version->lead, met))
			continue;
		if (last == NULL || is_before(oracle, last, said->ts_ms, fact, event->ts_ms)) {
			last = fact;
			said = event;
		}
	}
	return said != NULL ? said->dim[dim] : NULL;
}

static void
settle_attribution(struct oracle *oracle, struct fact *sale)
{
	int64_t at_ms = forgotten_at(oracle, sale);

	if (!sale->event.has_touch) {
		static const struct oracle_event direct = { .dim = { [CHANNEL] = DIRECT } };
		const struct oracle_event *touch = last_touch(oracle, sale, true, at_ms);
		if (touch == NULL)
			touch = last_touch(oracle, sale, false, at_ms);
		if (touch == NULL)
			touch = &direct;
		for (int d = CAMPAIGN; d <= MEDIUM; d++)
			sale->event.dim[d] = touch->dim[d];
	}
	for (int d = TEAM; d <= PERSON; d++) {
		if (sale->event.dim[d] == NULL)
			sale->event.dim[d] = lead_says(oracle, sale, d, at_ms);
	}
	for (int r = 0; r < oracle->config.rollup_count; r++)
		sale->series[r] = series_make(oracle, r, sale->event.dim);
}

/* Whether another event had taken the sale's id by the time the refund's words came. */
static bool
is_superseded(const struct oracle *oracle, const struct fact *sale, const struct fact *refund,
    const struct version *version)
{
	const struct entry *words = version->body > refund->origin ? version->body : refund->origin;

	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct entry *other = oracle->fact[i].origin;
		if (other->event.id == sale->event.id && other->event.cust == sale->event.cust &&
		    other > sale->origin && other < words)
			return true;
	}
	return false;
}

/* As things stood when the sale was forgotten, if it is: sale and refund must have been remembered at one time. */
static const struct version *
refund_of(const struct oracle *oracle, const struct fact *refund, const struct fact *sale)
{
	const struct version *version = version_at(refund, forgotten_at(oracle, sale));
	int64_t met_ms = sale->origin->arrived_ms;

	if (refund->event.type != ORACLE_REFUND || refund->event.ref != sale->event.id ||
	    refund->event.cust != sale->event.cust || refund->is_matched || version == NULL || version->is_void)
		return NULL;
	if (version->since_ms > met_ms)
		met_ms = version->since_ms;
	if (is_superseded(oracle, sale, refund, version) || met_ms > forgotten_at(oracle, sale))
		return NULL;
	return is_remembered(oracle, version, met_ms) ? version : NULL;
}

static void
book_refund(const struct oracle *oracle, struct fact *refund, const struct fact *sale, int64_t amt, int64_t qty)
{
	refund->is_matched = true;
	refund->event.num[AMT] = amt;
	refund->event.num[QTY] = qty;
	refund->sold_at = sale->at;
	for (int d = 0; d < ORACLE_DIMS; d++)
		refund->event.dim[d] = sale->event.dim[d];
	memcpy(refund->series, sale->series, (size_t)oracle->config.rollup_count * sizeof(refund->series[0]));
}

/* What the refund gave back, at the rate of its sale. */
static int64_t
refund_amount(const struct oracle *oracle, const struct oracle_event *refund, const struct fact *sale)
{
	int64_t amt = ORACLE_NO_RATE;

	if (oracle->config.convert != NULL)
		amt = oracle->config.convert(refund->cur, refund->given, sale->event.ts_ms);
	return amt != ORACLE_NO_RATE ? amt : refund->num[AMT];
}

static int64_t
take_from(int64_t *left, int64_t wanted)
{
	int64_t taken = wanted < *left ? wanted : *left;

	*left -= taken;
	return taken;
}

/*
 * Each takes its amount and units of what those before it left. One that has changed since the sale was forgotten took
 * its part then, but stands alone now.
 */
static void
settle_refunds(struct oracle *oracle, struct fact *sale)
{
	struct refund {
		struct fact *fact;
		const struct version *version;
	} *refund = xalloc(oracle->fact_count, sizeof(*refund));
	size_t count = 0;
	int64_t amt_left = sale->event.num[AMT], qty_left = sale->event.num[QTY];

	for (size_t i = 0; i < oracle->fact_count; i++) {
		struct refund new = { &oracle->fact[i], refund_of(oracle, &oracle->fact[i], sale) };
		size_t at = count;
		if (new.version == NULL)
			continue;
		for (; at > 0 && is_before(oracle, new.fact, new.version->body->event.ts_ms, refund[at - 1].fact,
		    refund[at - 1].version->body->event.ts_ms); at--)
			refund[at] = refund[at - 1];
		refund[at] = new;
		count++;
	}
	for (size_t i = 0; i < count; i++) {
		const struct oracle_event *event = &refund[i].version->body->event;
		int64_t amt = take_from(&amt_left, refund_amount(oracle, event, sale));
		int64_t qty = take_from(&qty_left, event->num[QTY]);
		if (refund[i].version == version_now(refund[i].fact))
			book_refund(oracle, refund[i].fact, sale, amt, qty);
	}
	sale->is_fully_refunded = sale->event.num[AMT] > 0 && amt_left == 0;
	free(refund);
}

/* New is the customer of the first sale ever, and nobody while that one is fully refunded. */
static void
settle_new(struct oracle *oracle, struct fact *sale)
{
	sale->is_new = sale->event.cust != NULL && !sale->is_fully_refunded;
	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *other = &oracle->fact[i];
		if (other->event.type == ORACLE_SALE && !other->voided && other->event.cust == sale->event.cust &&
		    fact_is_before(oracle, other, sale))
			sale->is_new = false;
	}
}

/* The first event that says the stage itself, else the first that implies it; NULL: the lead never got there. */
static struct fact *
first_entry(struct oracle *oracle, int lead, int stage)
{
	struct fact *first = NULL;

	for (size_t i = 0; i < oracle->fact_count; i++) {
		struct fact *fact = &oracle->fact[i];
		if (fact->voided || version_now(fact)->lead != lead || fact->event.stage < stage ||
		    fact->event.stage > ORACLE_STAGE_CUSTOMER)
			continue;
		bool is_explicit = fact->event.stage == stage;
		if (first == NULL || (is_explicit && first->event.stage != stage) ||
		    (is_explicit == (first->event.stage == stage) && fact_is_before(oracle, fact, first)))
			first = fact;
	}
	return first;
}

/* A lead of the same name that was forgotten before had got as far: then it is no first entry any more. */
static bool
was_reached(const struct oracle *oracle, int lead, int stage)
{
	const struct fact *now = NULL;

	for (size_t i = 0; i < oracle->fact_count && now == NULL; i++) {
		if (version_now(&oracle->fact[i])->lead == lead)
			now = &oracle->fact[i];
	}
	for (size_t i = 0; i < oracle->fact_count && now != NULL; i++) {
		const struct fact *fact = &oracle->fact[i];
		const struct version *version = version_now(fact);
		if (fact->event.type == ORACLE_LEAD && !fact->voided && version->lead < lead &&
		    fact->event.cust == now->event.cust && fact->event.lead == now->event.lead &&
		    fact->event.stage >= stage && fact->event.stage <= ORACLE_STAGE_CUSTOMER)
			return true;
	}
	return false;
}

/* Its last event says so. */
static bool
is_rejected(const struct oracle *oracle, int lead)
{
	const struct fact *last = NULL;

	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		if (!fact->voided && version_now(fact)->lead == lead &&
		    (last == NULL || fact_is_before(oracle, last, fact)))
			last = fact;
	}
	return last != NULL && last->event.stage == ORACLE_STAGE_REJECTED;
}

/* By its entries alone: whatever it reached, it has reached for the cohort of each stage that it entered. */
static void
settle_lead(struct oracle *oracle, int lead)
{
	struct fact *entry[ORACLE_STAGE_CUSTOMER + 1] = { NULL };
	unsigned reached = 0;

	if (is_rejected(oracle, lead))
		return;
	for (int stage = ORACLE_STAGE_LEAD; stage <= ORACLE_STAGE_CUSTOMER; stage++) {
		entry[stage] = was_reached(oracle, lead, stage) ? NULL : first_entry(oracle, lead, stage);
		if (entry[stage] != NULL)
			reached |= 1u << stage;
	}
	for (int stage = ORACLE_STAGE_LEAD; stage <= ORACLE_STAGE_CUSTOMER; stage++) {
		if (entry[stage] == NULL)
			continue;
		entry[stage]->entered |= 1u << stage;
		entry[stage]->reached[stage] = reached;
	}
}

static void
settle(struct oracle *oracle)
{
	for (size_t i = 0; i < oracle->fact_count; i++)
		settle_plain(oracle, &oracle->fact[i]);
	if (!oracle->config.people)
		return;
	for (size_t i = 0; i < oracle->fact_count; i++) {
		struct fact *fact = &oracle->fact[i];
		if (fact->event.type != ORACLE_SALE || fact->voided)
			continue;
		settle_attribution(oracle, fact);
		settle_refunds(oracle, fact);
		settle_new(oracle, fact);
	}
	for (int lead = 0; lead < oracle->lead_count; lead++)
		settle_lead(oracle, lead);
}

static void
recompute_facts(struct oracle *oracle)
{
	replay(oracle);
	settle(oracle);
	for (size_t i = 0; i < oracle->fact_count; i++) {
		struct fact *fact = &oracle->fact[i];
		fact->where = parts_of(oracle, fact->at);
		fact->where_sold = parts_of(oracle, fact->sold_at);
	}
}

/* ---- sums ---- */

static size_t
slot_of(const struct oracle *oracle, enum oracle_window window, enum oracle_part part)
{
	return (size_t)(((int)window * ORACLE_PARTS + (int)part) * oracle->config.measure_count);
}

/* Adds value to the measure's total in every part that `where` names. */
static void
add_to_parts(struct oracle *oracle, size_t series, int measure, uint32_t where, int64_t value)
{
	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < ORACLE_PARTS; p++) {
			size_t slot = slot_of(oracle, (enum oracle_window)w, (enum oracle_part)p) + (size_t)measure;
			int64_t *total = &oracle->series[series].total[slot];
			if ((where & part_bit(w, p)) != 0)
				*total = (int64_t)((uint64_t)*total + (uint64_t)value);
		}
	}
}

static void
recompute_sum(struct oracle *oracle, int measure)
{
	const struct oracle_measure *asked = &oracle->measure[measure];

	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		int64_t value = measure_value(asked, fact);
		for (int r = 0; r < oracle->config.rollup_count && value != 0; r++)
			add_to_parts(oracle, fact->series[r], measure, measure_parts(asked, fact), value);
	}
}

/* Those parts where the entity had been in the period (or window) before; RETAINED: and in the part itself. */
static uint32_t
retained_parts(const struct oracle *oracle, int measure, uint32_t where)
{
	uint32_t retained = 0;

	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < ORACLE_PARTS; p++) {
			bool null = is_null(oracle, measure, (enum oracle_window)w, (enum oracle_part)p);
			uint32_t both = part_bit(w, p == ORACLE_CUR ? ORACLE_PREV : PART_BEFORE);
			if (oracle->measure[measure].take == ORACLE_RETAINED)
				both |= part_bit(w, p);
			if ((where & both) == both && !null)
				retained |= part_bit(w, p);
		}
	}
	return retained;
}

/* For every series and entity the parts in which they met, then one for each of those. */
static void
recompute_entities(struct oracle *oracle, int measure)
{
	const struct oracle_measure *asked = &oracle->measure[measure];
	size_t entities = (size_t)oracle->entity_count[asked->entity];
	uint32_t *where = xalloc(oracle->series_count * entities, sizeof(*where));

	for (size_t i = 0; i < oracle->fact_count; i++) {
		const struct fact *fact = &oracle->fact[i];
		int entity = fact->entity[asked->entity];
		if (entity == NO_ENTITY || measure_value(asked, fact) == 0)
			continue;
		for (int r = 0; r < oracle->config.rollup_count; r++)
			where[fact->series[r] * entities + (size_t)entity] |= measure_parts(asked, fact);
	}
	for (size_t s = 0; s < oracle->series_count; s++) {
		for (size_t e = 0; e < entities; e++) {
			uint32_t parts = where[s * entities + e];
			if (asked->take != ORACLE_DISTINCT)
				parts = retained_parts(oracle, measure, parts);
			if (parts != 0)
				add_to_parts(oracle, s, measure, parts, 1);
		}
	}
	free(where);
}

/* Everything, from nothing, for the log time now in force. */
static void
recompute(struct oracle *oracle)
{
	size_t total_count = slot_of(oracle, ORACLE_WINDOWS, ORACLE_CUR);

	if (!oracle->stale || oracle->now == ORACLE_NEVER)
		return;
	recompute_bounds(oracle);
	recompute_facts(oracle);
	for (size_t i = 0; i < oracle->series_count; i++)
		memset(oracle->series[i].total, 0, total_count * sizeof(int64_t));
	for (int m = 0; m < oracle->config.measure_count; m++) {
		int take = oracle->measure[m].take;
		if (take == ORACLE_DISTINCT || take == ORACLE_RETAINED || take == ORACLE_PREVIOUS)
			recompute_entities(oracle, m);
		else
			recompute_sum(oracle, m);
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
	recompute(oracle); /* before the search: what is attributed may make the series */
	index = series_find(oracle, rollup, key != NULL ? key : no_key);
	if (index == oracle->series_count)
		return 0;
	return oracle->series[index].total[slot_of(oracle, window, part) + (size_t)measure];
}

bool
oracle_null(struct oracle *oracle, int measure, enum oracle_window window, enum oracle_part part)
{
	assert(measure >= 0 && measure < oracle->config.measure_count);
	return is_null(oracle, measure, window, part);
}

bool
oracle_series(struct oracle *oracle, size_t index, int *rollup, const char *key[ORACLE_DIMS])
{
	recompute(oracle); /* what is attributed may make a series */
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
