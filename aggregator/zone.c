/* zone.c - local days from a list of offset changes. */
#include "aggregator/zone.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCAN_STEP_S = 6 * 3600 }; /* no zone changes twice within six hours and back */
static const int64_t DAY_MS = 86400000;
static const int64_t SCAN_END_S = 4102444800; /* 2100-01-01 */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t
libc_offset_ms(int64_t at_s)
{
	struct tm tm;
	time_t t = (time_t)at_s;
	localtime_r(&t, &tm);
	return (int64_t)tm.tm_gmtoff * 1000;
}

static bool
name_is_safe(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && name[0] != ':' && strlen(name) <= ZONE_NAME_MAX &&
	       strstr(name, "..") == NULL;
}

/* libc takes an unknown zone silently as UTC, so the file must be there and must be zone data. */
static bool
zone_file_exists(const char *name)
{
	char path[256], magic[4] = {0};
	const char *dir = getenv("TZDIR");
	snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : "/usr/share/zoneinfo", name);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return false;
	size_t got = fread(magic, 1, sizeof(magic), file);
	fclose(file);
	return got == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
}

/* The first second in (lo, hi] with another offset than lo's. */
static int64_t
change_between(int64_t lo, int64_t hi, int64_t offset_ms)
{
	while (hi - lo > 1) {
		int64_t middle = lo + (hi - lo) / 2;
		if (libc_offset_ms(middle) == offset_ms)
			lo = middle;
		else
			hi = middle;
	}
	return hi;
}

static int
scan(struct zone *zone)
{
	int64_t offset = libc_offset_ms(0);
	zone->count = 1;
	zone->change[0] = (struct zone_change){INT64_MIN, offset};
	for (int64_t s = 0; s < SCAN_END_S; s += SCAN_STEP_S) {
		int64_t lo = s, hi = s + SCAN_STEP_S;
		while (libc_offset_ms(hi) != offset) {
			lo = change_between(lo, hi, offset);
			offset = libc_offset_ms(lo);
			if (zone->count == ZONE_CHANGES_MAX)
				return -E2BIG;
			zone->change[zone->count++] = (struct zone_change){lo * 1000, offset};
		}
	}
	return 0;
}

int
zone_load(struct zone *zone, const char *name)
{
	if (!name_is_safe(name) || !zone_file_exists(name))
		return -ENOENT;
	memset(zone, 0, sizeof(*zone));
	snprintf(zone->name, sizeof(zone->name), "%s", name);
	const char *before = getenv("TZ");
	char *saved = before != NULL ? strdup(before) : NULL;
	setenv("TZ", name, 1);
	tzset();
	int rc = scan(zone);
	if (saved != NULL)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	tzset();
	free(saved);
	return rc;
}

/* The change in force at ts_ms. */
static uint32_t
change_at(const struct zone *zone, int64_t ts_ms)
{
	uint32_t lo = 0, hi = zone->count;
	while (hi - lo > 1) {
		uint32_t middle = lo + (hi - lo) / 2;
		if (zone->change[middle].at_ms <= ts_ms)
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}

int64_t
zone_offset(const struct zone *zone, int64_t ts_ms)
{
	return zone->change[change_at(zone, ts_ms)].offset_ms;
}

int64_t
zone_day_start(const struct zone *zone, int64_t day)
{
	int64_t midnight = day * DAY_MS; /* local */
	/* No offset exceeds 26 hours: before this change no local date is as late as day. */
	uint32_t i = change_at(zone, midnight - 26 * 3600 * 1000);
	for (;; i++) {
		int64_t from = zone->change[i].at_ms;
		int64_t start = midnight - zone->change[i].offset_ms;
		if (start < from)
			start = from;
		if (i + 1 == zone->count || start < zone->change[i + 1].at_ms)
			return start;
	}
}

int64_t
zone_day_of(const struct zone *zone, int64_t ts_ms)
{
	int64_t day = floor_div(ts_ms + zone_offset(zone, ts_ms), DAY_MS);
	/* A repeated hour before midnight belongs to the day that had already begun. */
	while (zone_day_start(zone, day + 1) <= ts_ms)
		day++;
	return day;
}

/* Days from civil and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
void
civil_of_day(int64_t day, int *year, int *month, int *dom)
{
	int64_t z = day + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*dom = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

int64_t
day_of_civil(int year, int month, int dom)
{
	int64_t y = year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + dom - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

int
weekday_of_day(int64_t day)
{
	int64_t since_monday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
	return (int)(since_monday < 0 ? since_monday + 7 : since_monday);
}
