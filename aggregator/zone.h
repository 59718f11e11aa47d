/*
 * zone.h - the reporting zone: when local days start.
 *
 * A zone is a list of offset changes, read once from the system's zone data by
 * zone_load() (the only function here that reads the environment; called at
 * start-up, before threads) and carried in the log's configuration. Everything
 * else is a pure function of that list.
 *
 * Day D (days since 1970-01-01) starts at the first instant whose local date is
 * D or later: a day may start at 01:00, a date that never occurs has length 0.
 */
#ifndef AGGREGATOR_ZONE_H
#define AGGREGATOR_ZONE_H
#include <stdbool.h>
#include <stdint.h>

enum { ZONE_NAME_MAX = 63, ZONE_CHANGES_MAX = 1024 };

struct zone_change {
	int64_t at_ms;    /* from this instant on ... */
	int64_t offset_ms; /* ... local time = UTC + offset */
};

struct zone {
	char name[ZONE_NAME_MAX + 1];
	uint32_t count;   /* >= 1; change[0].at_ms is INT64_MIN */
	struct zone_change change[ZONE_CHANGES_MAX];
};

/* 0; -ENOENT: no such zone in the system's data; -E2BIG. Covers 1970 to 2100. */
int zone_load(struct zone *zone, const char *name);

int64_t zone_day_start(const struct zone *zone, int64_t day);
/* The day that has begun last at ts_ms. */
int64_t zone_day_of(const struct zone *zone, int64_t ts_ms);
int64_t zone_offset(const struct zone *zone, int64_t ts_ms);

/* Proleptic Gregorian calendar on day numbers. month 1..12, dom 1..31. */
void civil_of_day(int64_t day, int *year, int *month, int *dom);
int64_t day_of_civil(int year, int month, int dom);
/* 0 = Monday .. 6 = Sunday. */
int weekday_of_day(int64_t day);
#endif
