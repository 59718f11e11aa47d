/*
 * test_oracle.c - the oracle against examples worked by hand from DESIGN.md sections 4 and 11 and KPI.md.
 *
 * All times are written in UTC ("...Z"); the comment above says what the wall clock shows there. Zone rules used, each
 * with the UTC instant of the change: New York 2024-03-10 07:00 (-5 -> -4), 2024-11-03 06:00 (-4 -> -5); Lord Howe
 * 2024-04-06 15:00 (+11 -> +10:30), 2024-10-05 15:30 (+10:30 -> +11); Cairo 2024-04-25 22:00 (+2 -> +3), 2024-10-31
 * 21:00 (+3 -> +2); Apia 2011-12-30 10:00 (-10 -> +14); St John's 2006-04-02 03:31 (-3:30 -> -2:30), 2006-10-29 02:31
 * (-2:30 -> -3:30).
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* setenv, localtime_r, open_memstream */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "oracle.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

enum { VISIT = 1, SALE, SPEND, ENGAGE };                              /* event types: any numbers do */
enum { CAMPAIGN, CHANNEL, SOURCE, MEDIUM, TEAM, PERSON, PRODUCT };    /* dimensions */
enum { ALL, BY_CAMPAIGN, BY_CHANNEL, BY_CAMPAIGN_CHANNEL, ROLLUPS };  /* rollups of the fixture */
enum { VISITS, REVENUE, UNITS, MEDIA, LIKES, ORGANIC, WON, MEASURES }; /* measures of the fixture */

static const struct oracle_measure measures[MEASURES] = {
	[VISITS] = { .name = "visits", .type = VISIT, .field = -1 },
	[REVENUE] = { .name = "revenue", .type = SALE, .field = 0 },
	[UNITS] = { .name = "units", .type = SALE, .field = 1 },
	[MEDIA] = { .name = "media", .type = SPEND, .field = 0, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_COST_TYPE, .value_count = 2, .text = { "media", "agency" } } } },
	[LIKES] = { .name = "likes", .type = ENGAGE, .field = 2, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_KIND, .value_count = 2, .number = { 7, 9 } } } },
	[ORGANIC] = { .name = "organic", .type = VISIT, .field = -1, .filter_count = 2,
	    .filter = { { .what = CHANNEL, .value_count = 1, .text = { "organic" } },
	        { .what = TEAM, .value_count = 2, .text = { "north", "~none" } } } },
	[WON] = { .name = "won", .type = SALE, .field = -1, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_STAGE, .value_count = 1, .number = { 4 } } } },
};

static struct oracle_config
config_in(const char *zone)
{
	struct oracle_config config = {
		.zone = zone, .horizon_ms = 63 * DAY, .future_ms = 5 * MINUTE, .slide_min = { 1, 15, 60 },
		.rollup_count = ROLLUPS, .rollup = { 0, 1u << CAMPAIGN, 1u << CHANNEL, 1u << CAMPAIGN | 1u << CHANNEL },
		.measure_count = MEASURES, .measure = measures,
	};
	return config;
}

/*
 * "2026-11-22T10:30:30.125Z", seconds and ms may be left out. Counts days one month at a time, so that it cannot be
 * clever.
 */
static int64_t
utc(const char *text)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day, hour, minute, second = 0, ms = 0;
	int64_t date = 0;

	assert_true(sscanf(text, "%d-%d-%dT%d:%d:%d.%d", &year, &month, &day, &hour, &minute, &second, &ms) >= 5);
	for (int y = 1970; y < year; y++)
		date += y % 4 == 0 ? 366 : 365; /* good for 1970..2099 */
	for (int m = 1; m < month; m++)
		date += days[m - 1] + (m == 2 && year % 4 == 0 ? 1 : 0);
	date += day - 1;
	return date * DAY + hour * HOUR + minute * MINUTE + second * INT64_C(1000) + ms;
}

static const char *
show(int64_t at_ms)
{
	static char text[4][40];
	static int turn;
	time_t at = (time_t)(at_ms / 1000);
	struct tm tm;

	turn = (turn + 1) % 4;
	gmtime_r(&at, &tm);
	strftime(text[turn], sizeof(text[turn]), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text[turn];
}

static struct oracle *
start(const char *zone, const char *now)
{
	struct oracle_config config = config_in(zone);
	struct oracle *oracle = oracle_new(&config);

	assert_non_null(oracle);
	oracle_time(oracle, utc(now));
	return oracle;
}

static void
bounds_are(struct oracle *oracle, enum oracle_window window, enum oracle_part part, const char *lo, const char *hi,
    int line)
{
	int64_t got_lo, got_hi;

	assert_true(oracle_bounds(oracle, window, part, &got_lo, &got_hi));
	if (got_lo != utc(lo) || got_hi != utc(hi))
		fail_msg("line %d: [%s, %s) expected, [%s, %s) found", line, lo, hi, show(got_lo), show(got_hi));
}
#define BOUNDS(window, part, lo, hi) bounds_are(oracle, ORACLE_##window, ORACLE_##part, lo, hi, __LINE__)

/* A visit with an id of its own. */
static enum oracle_verdict
visit(struct oracle *oracle, int64_t ts_ms)
{
	static int made;
	char id[24];
	struct oracle_event event = { .id = id, .type = VISIT, .ts_ms = ts_ms };

	snprintf(id, sizeof(id), "made-%d", ++made);
	return oracle_add(oracle, &event);
}

static int64_t
visits(struct oracle *oracle, enum oracle_window window, enum oracle_part part)
{
	return oracle_total(oracle, ALL, NULL, VISITS, window, part);
}
#define VISITS_ARE(window, part, count) assert_int_equal(visits(oracle, ORACLE_##window, ORACLE_##part), count)

/* ---- rolling ---- */

/*
 * 10:30:30 on 22 November 2026, UTC. Panes of now: 10:30 (1 min), 10:30 (15 min), 10:00 (1 h). The pane exactly W older
 * is outside, so each window begins one pane after that and is W long: 21st 10:31, 15th 10:45, 23 October 11:00 (30
 * days before 22 November: 22 days to 31 October, 8 more).
 */
static void
rolling_windows_are_w_long_with_the_pane_of_now_as_their_last(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	(void)state;

	BOUNDS(R1D, CUR, "2026-11-21T10:31Z", "2026-11-22T10:31Z");
	BOUNDS(R1D, PREV, "2026-11-20T10:31Z", "2026-11-21T10:31Z");
	BOUNDS(R7D, CUR, "2026-11-15T10:45Z", "2026-11-22T10:45Z");
	BOUNDS(R7D, PREV, "2026-11-08T10:45Z", "2026-11-15T10:45Z");
	BOUNDS(R30D, CUR, "2026-10-23T11:00Z", "2026-11-22T11:00Z");
	BOUNDS(R30D, PREV, "2026-09-23T11:00Z", "2026-10-23T11:00Z");
	oracle_free(oracle);
}

/* 10:29:59.999: still the panes 10:29, 10:15 and 10:00. 10:30:00.000: a new 1 min and 15 min pane, the same hour. */
static void
a_window_slides_exactly_at_the_start_of_a_pane(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:29:59.999Z");
	(void)state;

	BOUNDS(R1D, CUR, "2026-11-21T10:30Z", "2026-11-22T10:30Z");
	BOUNDS(R7D, CUR, "2026-11-15T10:30Z", "2026-11-22T10:30Z");
	BOUNDS(R30D, CUR, "2026-10-23T11:00Z", "2026-11-22T11:00Z");
	oracle_time(oracle, utc("2026-11-22T10:30:00Z"));
	BOUNDS(R1D, CUR, "2026-11-21T10:31Z", "2026-11-22T10:31Z");
	BOUNDS(R7D, CUR, "2026-11-15T10:45Z", "2026-11-22T10:45Z");
	BOUNDS(R30D, CUR, "2026-10-23T11:00Z", "2026-11-22T11:00Z");
	oracle_free(oracle);
}

/* 10:33:30 with slides of 5, 60 and 15 min: panes 10:30, 10:00 and 10:30. */
static void
the_slide_of_each_window_is_its_own_setting(void **state)
{
	struct oracle_config config = config_in("UTC");
	(void)state;

	config.slide_min[0] = 5;
	config.slide_min[1] = 60;
	config.slide_min[2] = 15;
	struct oracle *oracle = oracle_new(&config);
	oracle_time(oracle, utc("2026-11-22T10:33:30Z"));
	BOUNDS(R1D, CUR, "2026-11-21T10:35Z", "2026-11-22T10:35Z");
	BOUNDS(R7D, CUR, "2026-11-15T11:00Z", "2026-11-22T11:00Z");
	BOUNDS(R30D, CUR, "2026-10-23T10:45Z", "2026-11-22T10:45Z");
	oracle_free(oracle);
}

/*
 * Kathmandu is UTC+5:45, so local hours begin at a quarter past the UTC hour. 03:10Z = 08:55 local: panes 08:55 = 03:10Z,
 * 08:45 = 03:00Z and 08:00 = 02:15Z.
 */
static void
hourly_panes_follow_the_local_hour_in_kathmandu(void **state)
{
	struct oracle *oracle = start("Asia/Kathmandu", "2026-11-22T03:10:00Z");
	(void)state;

	BOUNDS(R1D, CUR, "2026-11-21T03:11Z", "2026-11-22T03:11Z");
	BOUNDS(R7D, CUR, "2026-11-15T03:15Z", "2026-11-22T03:15Z");
	BOUNDS(R30D, CUR, "2026-10-23T03:15Z", "2026-11-22T03:15Z");
	BOUNDS(R30D, PREV, "2026-09-23T03:15Z", "2026-10-23T03:15Z");
	BOUNDS(D, CUR, "2026-11-21T18:15Z", "2026-11-22T18:15Z");
	/* Sunday, day 6 of its week, 8:55 after midnight: Sunday 15 November (from the 14th 18:15Z) until its 8:45. */
	BOUNDS(W, PTD, "2026-11-08T18:15Z", "2026-11-15T03:00Z");
	/* Day 21, hour 8: 22 October (from the 21st 18:15Z) until 8:00. */
	BOUNDS(M, PTD, "2026-09-30T18:15Z", "2026-10-22T02:15Z");
	oracle_free(oracle);
}

/* W is 24 h elapsed, not one date: Sunday 10 March 2024 12:00 EDT = 16:00Z looks back to Saturday 11:00 EST. */
static void
rolling_counts_elapsed_hours_across_a_change_of_the_clock(void **state)
{
	struct oracle *oracle = start("America/New_York", "2024-03-10T16:00:30Z");
	(void)state;

	BOUNDS(R1D, CUR, "2024-03-09T16:01Z", "2024-03-10T16:01Z");
	BOUNDS(R7D, CUR, "2024-03-03T16:15Z", "2024-03-10T16:15Z");
	BOUNDS(R30D, PREV, "2024-01-10T17:00Z", "2024-02-09T17:00Z");
	oracle_free(oracle);
}

/*
 * Lord Howe, 6 October 2024: midnight is 13:30Z (+10:30), the next 13:00Z (+11), 23.5 h later. At 12:45Z slot 23 (from
 * 12:30Z) is the last of the day and cut at 13:00Z. 30 days earlier 12:30Z began a pane too (23:00 local), so the
 * window begins at its end.
 */
static void
the_last_pane_of_a_day_is_cut_where_the_next_day_starts(void **state)
{
	struct oracle *oracle = start("Australia/Lord_Howe", "2024-10-06T12:45:00Z");
	(void)state;

	BOUNDS(D, CUR, "2024-10-05T13:30Z", "2024-10-06T13:00Z");
	BOUNDS(R30D, CUR, "2024-09-06T13:30Z", "2024-10-06T13:00Z");
	BOUNDS(R30D, PREV, "2024-08-07T13:30Z", "2024-09-06T13:30Z");
	oracle_free(oracle);
}

/*
 * The same place half an hour later, 13:10Z = 00:10 on the 7th: the pane of now starts 13:00Z. 30 days before that is
 * the middle of the pane [12:30Z, 13:30Z), whose start is older than now's - W: all of it is outside, an event at
 * 13:05Z with it. The window is 30 days and 30 min long. `prev` takes that pane and those back to 7 August: limit - 30
 * d = 7 August 13:00Z, again the middle.
 */
static void
an_event_is_judged_by_the_start_of_its_pane_not_by_its_own_time(void **state)
{
	struct oracle *oracle = start("Australia/Lord_Howe", "2024-10-06T13:10:00Z");
	(void)state;

	BOUNDS(R30D, CUR, "2024-09-06T13:30Z", "2024-10-06T14:00Z");
	BOUNDS(R30D, PREV, "2024-08-07T13:30Z", "2024-09-06T13:30Z");
	assert_int_equal(visit(oracle, utc("2024-09-06T13:05:00Z")), ORACLE_OK);
	VISITS_ARE(R30D, CUR, 0);
	VISITS_ARE(R30D, PREV, 1);
	assert_int_equal(visit(oracle, utc("2024-09-06T13:30:00Z")), ORACLE_OK);
	VISITS_ARE(R30D, CUR, 1);
	oracle_free(oracle);
}

/* ---- days ---- */

/* Jakarta is UTC+7 all year: 00:00:00 and 23:59:59 of 22 November 2026. */
static void
a_day_is_the_local_day_in_jakarta(void **state)
{
	struct oracle *oracle = start("Asia/Jakarta", "2026-11-21T17:00:00Z");
	(void)state;

	BOUNDS(D, CUR, "2026-11-21T17:00Z", "2026-11-22T17:00Z");
	BOUNDS(D, PREV, "2026-11-20T17:00Z", "2026-11-21T17:00Z");
	BOUNDS(D, PTD, "2026-11-20T17:00Z", "2026-11-20T17:00Z");
	oracle_time(oracle, utc("2026-11-22T16:59:59.999Z"));
	BOUNDS(D, CUR, "2026-11-21T17:00Z", "2026-11-22T17:00Z");
	BOUNDS(D, PTD, "2026-11-20T17:00Z", "2026-11-21T16:59Z");
	BOUNDS(W, CUR, "2026-11-15T17:00Z", "2026-11-22T17:00Z");
	BOUNDS(W, PREV, "2026-11-08T17:00Z", "2026-11-15T17:00Z");
	BOUNDS(W, PTD, "2026-11-08T17:00Z", "2026-11-15T16:45Z");
	BOUNDS(M, CUR, "2026-10-31T17:00Z", "2026-11-30T17:00Z");
	BOUNDS(M, PREV, "2026-09-30T17:00Z", "2026-10-31T17:00Z");
	BOUNDS(M, PTD, "2026-09-30T17:00Z", "2026-10-22T16:00Z");
	BOUNDS(R30D, CUR, "2026-10-23T17:00Z", "2026-11-22T17:00Z");
	oracle_free(oracle);
}

/* 10 March 2024: 00:00 EST = 05:00Z, next midnight EDT = 04:00Z. 3 November: 00:00 EDT = 04:00Z, next EST = 05:00Z. */
static void
a_day_has_23_or_25_hours_in_new_york(void **state)
{
	struct oracle *oracle = start("America/New_York", "2024-03-10T16:00:00Z");
	(void)state;

	BOUNDS(D, CUR, "2024-03-10T05:00Z", "2024-03-11T04:00Z");
	BOUNDS(D, PREV, "2024-03-09T05:00Z", "2024-03-10T05:00Z");
	BOUNDS(M, CUR, "2024-03-01T05:00Z", "2024-04-01T04:00Z");
	oracle_time(oracle, utc("2024-11-04T04:30:00Z"));
	BOUNDS(D, CUR, "2024-11-03T04:00Z", "2024-11-04T05:00Z");
	BOUNDS(D, PREV, "2024-11-02T04:00Z", "2024-11-03T04:00Z");
	BOUNDS(W, CUR, "2024-10-28T04:00Z", "2024-11-04T05:00Z");
	oracle_free(oracle);
}

/*
 * 7 April 2024 has 24.5 h: 13:00Z (+11) to 13:30Z (+10:30). 13:20Z is in its slot 24, [13:00Z, 13:30Z), cut to half an
 * hour.
 */
static void
a_day_has_24_and_a_half_hours_at_lord_howe(void **state)
{
	struct oracle *oracle = start("Australia/Lord_Howe", "2024-04-07T13:20:00Z");
	(void)state;

	BOUNDS(D, CUR, "2024-04-06T13:00Z", "2024-04-07T13:30Z");
	BOUNDS(R30D, CUR, "2024-03-08T14:00Z", "2024-04-07T13:30Z");
	/* 24:20 after midnight, but the 6th had 24 h: its end. */
	BOUNDS(D, PTD, "2024-04-05T13:00Z", "2024-04-06T13:00Z");
	oracle_free(oracle);
}

/*
 * On 26 April 2024 the clock went from 00:00 to 01:00: the day's first instant reads 01:00 (+3) = 22:00Z, its last
 * 20:59Z.
 */
static void
a_day_without_midnight_starts_at_one_o_clock_in_cairo(void **state)
{
	struct oracle *oracle = start("Africa/Cairo", "2024-04-25T22:00:00Z");
	(void)state;

	BOUNDS(D, CUR, "2024-04-25T22:00Z", "2024-04-26T21:00Z");
	BOUNDS(D, PREV, "2024-04-24T22:00Z", "2024-04-25T22:00Z");
	/* 02:30 on the wall is 1:30 elapsed, so yesterday until 01:30 = 23:30Z. */
	oracle_time(oracle, utc("2024-04-25T23:30:00Z"));
	BOUNDS(D, PTD, "2024-04-24T22:00Z", "2024-04-24T23:30Z");
	oracle_time(oracle, utc("2024-04-25T21:59:59.999Z")); /* too old: stays */
	BOUNDS(D, CUR, "2024-04-25T22:00Z", "2024-04-26T21:00Z");
	oracle_free(oracle);
	oracle = start("Africa/Cairo", "2024-04-25T21:59:59.999Z");
	BOUNDS(D, CUR, "2024-04-24T22:00Z", "2024-04-25T22:00Z");
	oracle_free(oracle);
}

/* 31 October 2024, 24:00 (+3) = 21:00Z became 23:00 (+2): 1 November had not begun, so the hour is the 25th of the 31st. */
static void
an_hour_repeated_before_the_day_began_belongs_to_the_earlier_day(void **state)
{
	struct oracle *oracle = start("Africa/Cairo", "2024-10-31T21:30:00Z");
	(void)state;

	BOUNDS(D, CUR, "2024-10-30T21:00Z", "2024-10-31T22:00Z");
	BOUNDS(M, CUR, "2024-09-30T21:00Z", "2024-10-31T22:00Z");
	oracle_time(oracle, utc("2024-10-31T22:00:00Z"));
	BOUNDS(D, CUR, "2024-10-31T22:00Z", "2024-11-01T22:00Z");
	oracle_free(oracle);
}

/*
 * St John's changed at 00:01. 29 October 2006: 00:00 (-2:30) = 02:30Z begins the day; at 02:31Z the clock falls to
 * 23:01 of the 28th (-3:30). That hour belongs to the 29th, which so has 25 h, to 03:30Z. 2 April 2006: 00:00 (-3:30) =
 * 03:30Z, at 00:01 on to 01:01, ends 02:30Z (-2:30): 23 h.
 */
static void
an_hour_repeated_after_the_day_began_belongs_to_the_later_day(void **state)
{
	struct oracle *oracle = start("America/St_Johns", "2006-10-29T02:29:59Z");
	(void)state;

	BOUNDS(D, CUR, "2006-10-28T02:30Z", "2006-10-29T02:30Z");
	oracle_time(oracle, utc("2006-10-29T03:00:00Z")); /* the wall reads 23:30 of the 28th */
	BOUNDS(D, CUR, "2006-10-29T02:30Z", "2006-10-30T03:30Z");
	BOUNDS(D, PREV, "2006-10-28T02:30Z", "2006-10-29T02:30Z");
	BOUNDS(D, PTD, "2006-10-28T02:30Z", "2006-10-28T03:00Z");
	BOUNDS(R30D, CUR, "2006-09-29T03:30Z", "2006-10-29T03:30Z");
	oracle_free(oracle);
	oracle = start("America/St_Johns", "2006-04-02T12:00:00Z");
	BOUNDS(D, CUR, "2006-04-02T03:30Z", "2006-04-03T02:30Z");
	oracle_free(oracle);
}

/*
 * Apia had no 30 December 2011: the 29th (from 10:00Z, -10) ends 30th 10:00Z, where the 31st (+14) begins. The 30th is
 * an empty day at that same instant: the day before the 31st, by date, and day 4 of its week (Monday the 26th), 29 of
 * its month.
 */
static void
a_date_that_never_occurs_is_a_day_of_length_0_in_apia(void **state)
{
	struct oracle *oracle = start("Pacific/Apia", "2011-12-30T09:59:59Z");
	(void)state;

	BOUNDS(D, CUR, "2011-12-29T10:00Z", "2011-12-30T10:00Z");
	oracle_time(oracle, utc("2011-12-30T22:00:00Z")); /* Saturday 31st, 12:00 */
	BOUNDS(D, CUR, "2011-12-30T10:00Z", "2011-12-31T10:00Z");
	BOUNDS(D, PREV, "2011-12-30T10:00Z", "2011-12-30T10:00Z");
	BOUNDS(D, PTD, "2011-12-30T10:00Z", "2011-12-30T10:00Z");
	BOUNDS(R1D, CUR, "2011-12-29T22:01Z", "2011-12-30T22:01Z");
	BOUNDS(W, CUR, "2011-12-26T10:00Z", "2012-01-01T10:00Z"); /* six days of 24 h */
	BOUNDS(M, CUR, "2011-12-01T10:00Z", "2011-12-31T10:00Z"); /* thirty */
	oracle_time(oracle, utc("2011-12-31T10:00:00Z")); /* 1 January, 00:00 */
	BOUNDS(D, PREV, "2011-12-30T10:00Z", "2011-12-31T10:00Z");
	/* Friday 6 January 12:00: day 4 of last week is the 30th, over as soon as it begins. Saturday: the 31st, 12:00. */
	oracle_time(oracle, utc("2012-01-05T22:00:00Z"));
	BOUNDS(W, PTD, "2011-12-26T10:00Z", "2011-12-30T10:00Z");
	oracle_time(oracle, utc("2012-01-06T22:00:00Z"));
	BOUNDS(W, PTD, "2011-12-26T10:00Z", "2011-12-30T22:00Z");
	/* 30 and 31 January, 12:00: days 29 and 30. */
	oracle_time(oracle, utc("2012-01-29T22:00:00Z"));
	BOUNDS(M, PTD, "2011-12-01T10:00Z", "2011-12-30T10:00Z");
	oracle_time(oracle, utc("2012-01-30T22:00:00Z"));
	BOUNDS(M, PTD, "2011-12-01T10:00Z", "2011-12-30T22:00Z");
	oracle_free(oracle);
}

/*
 * Monrovia kept -0:44:30 until 7 January 1972, when its midnight (00:44:30Z) became 00:44:30 (+0). The 6th starts
 * 00:44:30Z, and so does the 7th, in another way; the 8th starts 00:00Z. The hour pane of 12:00Z on the 6th began
 * 11:44:30Z.
 */
static void
a_day_may_start_at_an_odd_second_in_monrovia(void **state)
{
	struct oracle *oracle = start("Africa/Monrovia", "1972-01-06T12:00:00Z");
	(void)state;

	BOUNDS(D, CUR, "1972-01-06T00:44:30Z", "1972-01-07T00:44:30Z");
	BOUNDS(R30D, CUR, "1971-12-07T12:44:30Z", "1972-01-06T12:44:30Z");
	oracle_time(oracle, utc("1972-01-07T12:00:00Z"));
	BOUNDS(D, CUR, "1972-01-07T00:44:30Z", "1972-01-08T00:00:00Z");
	oracle_free(oracle);
}

/* ---- calendar ---- */

/* Sunday 22 November 2026, 10:37:30. Week from Monday the 16th; day 6, so last week until Sunday the 15th. Month day 21. */
static void
calendar_windows_are_whole_periods(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:37:30Z");
	int64_t lo, hi;
	(void)state;

	BOUNDS(D, CUR, "2026-11-22T00:00Z", "2026-11-23T00:00Z");
	BOUNDS(D, PREV, "2026-11-21T00:00Z", "2026-11-22T00:00Z");
	BOUNDS(W, CUR, "2026-11-16T00:00Z", "2026-11-23T00:00Z");
	BOUNDS(W, PREV, "2026-11-09T00:00Z", "2026-11-16T00:00Z");
	BOUNDS(M, CUR, "2026-11-01T00:00Z", "2026-12-01T00:00Z");
	BOUNDS(M, PREV, "2026-10-01T00:00Z", "2026-11-01T00:00Z");
	for (int w = ORACLE_R1D; w <= ORACLE_R30D; w++)
		assert_false(oracle_bounds(oracle, (enum oracle_window)w, ORACLE_PTD, &lo, &hi));
	oracle_free(oracle);
}

/* The slot of 10:37:30 is 10:37 by the minute, 10:30 by the quarter, 10:00 by the hour, and is itself excluded. */
static void
ptd_ends_before_the_slot_of_now_by_minute_quarter_or_hour(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:37:30Z");
	(void)state;

	BOUNDS(D, PTD, "2026-11-21T00:00Z", "2026-11-21T10:37Z");
	BOUNDS(W, PTD, "2026-11-09T00:00Z", "2026-11-15T10:30Z");
	BOUNDS(M, PTD, "2026-10-01T00:00Z", "2026-10-22T10:00Z");
	assert_int_equal(visit(oracle, utc("2026-11-21T10:36:59.999Z")), ORACLE_OK);
	VISITS_ARE(D, PTD, 1);
	assert_int_equal(visit(oracle, utc("2026-11-21T10:37:00Z")), ORACLE_OK);
	VISITS_ARE(D, PTD, 1);
	VISITS_ARE(D, PREV, 2);
	oracle_free(oracle);
}

/* Day 30 of March has no brother in February: all of February, as long as the slots last. 29 March has one in 2024 only. */
static void
ptd_on_31_march_is_all_of_february(void **state)
{
	struct oracle *oracle = start("UTC", "2024-03-01T00:00:00Z");
	(void)state;

	BOUNDS(M, PTD, "2024-02-01T00:00Z", "2024-02-01T00:00Z");
	oracle_time(oracle, utc("2024-03-29T10:10:00Z"));
	BOUNDS(M, PTD, "2024-02-01T00:00Z", "2024-02-29T10:00Z");
	oracle_time(oracle, utc("2024-03-31T10:10:00Z"));
	BOUNDS(M, PTD, "2024-02-01T00:00Z", "2024-03-01T00:00Z");
	oracle_time(oracle, utc("2026-03-29T10:10:00Z"));
	BOUNDS(M, PTD, "2026-02-01T00:00Z", "2026-03-01T00:00Z");
	oracle_time(oracle, utc("2026-03-31T23:59:59Z"));
	BOUNDS(M, PREV, "2026-02-01T00:00Z", "2026-03-01T00:00Z");
	BOUNDS(M, PTD, "2026-02-01T00:00Z", "2026-03-01T00:00Z");
	oracle_free(oracle);
}

/*
 * Monday 11 March 2024, 23:30 EDT = 03:30Z: 23:30 elapsed, but Sunday had 23 h only: its end. Sunday 3 November 23:30 EST =
 * 04:30Z: 24:30 elapsed, but Saturday had 24 h: its end, and in the week's ptd the end of Sunday 27 October.
 */
static void
ptd_is_clamped_to_the_end_of_a_shorter_day(void **state)
{
	struct oracle *oracle = start("America/New_York", "2024-03-12T03:30:00Z");
	(void)state;

	BOUNDS(D, PTD, "2024-03-10T05:00Z", "2024-03-11T04:00Z");
	oracle_time(oracle, utc("2024-11-04T04:30:00Z"));
	BOUNDS(D, PTD, "2024-11-02T04:00Z", "2024-11-03T04:00Z");
	BOUNDS(W, PTD, "2024-10-21T04:00Z", "2024-10-28T04:00Z");
	/* Day 2 of the month: 24:30 into 3 October is its end, 4 October 04:00Z, which is not the period's. */
	BOUNDS(M, PTD, "2024-10-01T04:00Z", "2024-10-04T04:00Z");
	oracle_free(oracle);
}

/*
 * Slots are elapsed, not read off the wall. Sunday 10 March 12:00 EDT is 11 h into the day: Saturday until 11:00 EST.
 * Tuesday the 12th 10:00 EDT is 10 h in: Tuesday the 5th until 10:00 EST = 15:00Z.
 */
static void
ptd_compares_elapsed_time_across_a_change_of_the_clock(void **state)
{
	struct oracle *oracle = start("America/New_York", "2024-03-10T16:00:00Z");
	(void)state;

	BOUNDS(D, PTD, "2024-03-09T05:00Z", "2024-03-09T16:00Z");
	BOUNDS(W, PTD, "2024-02-26T05:00Z", "2024-03-03T16:00Z");
	BOUNDS(M, PTD, "2024-02-01T05:00Z", "2024-02-10T16:00Z");
	oracle_time(oracle, utc("2024-03-12T14:00:00Z"));
	BOUNDS(W, CUR, "2024-03-11T04:00Z", "2024-03-18T04:00Z");
	BOUNDS(W, PREV, "2024-03-04T05:00Z", "2024-03-11T04:00Z");
	BOUNDS(W, PTD, "2024-03-04T05:00Z", "2024-03-05T15:00Z");
	oracle_free(oracle);
}

/* Sunday 22 November 2026: the seventh day of a Monday week, the first of a Sunday week, the second of a Saturday week. */
static void
a_week_starts_on_the_configured_day(void **state)
{
	static const struct {
		int week_start;
		const char *lo, *hi, *ptd_lo, *ptd_hi;
	} cases[] = {
		{ 0, "2026-11-16T00:00Z", "2026-11-23T00:00Z", "2026-11-09T00:00Z", "2026-11-15T10:30Z" },
		{ 1, "2026-11-17T00:00Z", "2026-11-24T00:00Z", "2026-11-10T00:00Z", "2026-11-15T10:30Z" },
		{ 5, "2026-11-21T00:00Z", "2026-11-28T00:00Z", "2026-11-14T00:00Z", "2026-11-15T10:30Z" },
		{ 6, "2026-11-22T00:00Z", "2026-11-29T00:00Z", "2026-11-15T00:00Z", "2026-11-15T10:30Z" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oracle_config config = config_in("UTC");
		config.week_start = cases[i].week_start;
		struct oracle *oracle = oracle_new(&config);
		oracle_time(oracle, utc("2026-11-22T10:37:30Z"));
		BOUNDS(W, CUR, cases[i].lo, cases[i].hi);
		BOUNDS(W, PREV, cases[i].ptd_lo, cases[i].lo);
		BOUNDS(W, PTD, cases[i].ptd_lo, cases[i].ptd_hi);
		oracle_free(oracle);
	}
}

/* January follows December, and a Monday week spans the year: Thursday 1 January 2026 is in the week of 29 December. */
static void
periods_run_across_the_new_year(void **state)
{
	struct oracle *oracle = start("UTC", "2026-01-01T08:00:00Z");
	(void)state;

	BOUNDS(M, CUR, "2026-01-01T00:00Z", "2026-02-01T00:00Z");
	BOUNDS(M, PREV, "2025-12-01T00:00Z", "2026-01-01T00:00Z");
	BOUNDS(M, PTD, "2025-12-01T00:00Z", "2025-12-01T08:00Z");
	BOUNDS(W, CUR, "2025-12-29T00:00Z", "2026-01-05T00:00Z");
	BOUNDS(D, PREV, "2025-12-31T00:00Z", "2026-01-01T00:00Z");
	oracle_free(oracle);
}

/* Dates before 1970 count down: Monday 29 December 1969 begins the week of Thursday 1 January 1970. */
static void
dates_before_1970_are_dates_too(void **state)
{
	struct oracle *oracle = start("UTC", "1970-01-01T00:00:00Z");
	int64_t lo, hi;
	(void)state;

	assert_true(oracle_bounds(oracle, ORACLE_W, ORACLE_CUR, &lo, &hi));
	assert_int_equal(lo, -3 * DAY);
	assert_int_equal(hi, 4 * DAY);
	assert_true(oracle_bounds(oracle, ORACLE_M, ORACLE_PREV, &lo, &hi));
	assert_int_equal(lo, -31 * DAY);
	assert_int_equal(visit(oracle, -1), ORACLE_OK);
	VISITS_ARE(D, PREV, 1);
	VISITS_ARE(R1D, CUR, 1);
	oracle_free(oracle);
}

/* ---- edges ---- */

/*
 * r1d at 10:30:30 is [21st 10:31, 22nd 10:31). The event at 10:31 comes in when its minute does, the one at the old lo
 * leaves.
 */
static void
rolling_edges_are_exact_to_the_millisecond(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	(void)state;

	visit(oracle, utc("2026-11-21T10:30:59.999Z"));
	VISITS_ARE(R1D, CUR, 0);
	VISITS_ARE(R1D, PREV, 1);
	visit(oracle, utc("2026-11-21T10:31:00.000Z"));
	VISITS_ARE(R1D, CUR, 1);
	visit(oracle, utc("2026-11-22T10:30:59.999Z")); /* ahead of now, in now's pane */
	VISITS_ARE(R1D, CUR, 2);
	assert_int_equal(visit(oracle, utc("2026-11-22T10:31:00.000Z")), ORACLE_OK); /* accepted, not inside yet */
	VISITS_ARE(R1D, CUR, 2);
	VISITS_ARE(R30D, CUR, 4);
	oracle_time(oracle, utc("2026-11-22T10:31:00Z")); /* now [21st 10:32, 22nd 10:32) */
	VISITS_ARE(R1D, CUR, 2);
	VISITS_ARE(R1D, PREV, 2);
	oracle_free(oracle);
}

/* 23:58 on Monday 30 November 2026: two minutes on it is tomorrow and next month, still the same week. */
static void
calendar_edges_are_exact_to_the_millisecond(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-30T23:58:00Z");
	(void)state;

	visit(oracle, utc("2026-11-30T00:00:00.000Z")); /* first of the Monday, day and week */
	visit(oracle, utc("2026-11-29T23:59:59.999Z"));
	visit(oracle, utc("2026-11-01T00:00:00.000Z"));
	visit(oracle, utc("2026-10-31T23:59:59.999Z"));
	visit(oracle, utc("2026-11-30T23:59:59.999Z")); /* ahead of now, today */
	visit(oracle, utc("2026-12-01T00:00:00.000Z")); /* ahead of now, tomorrow */
	VISITS_ARE(D, CUR, 2);
	VISITS_ARE(D, PREV, 1);
	VISITS_ARE(W, CUR, 3);
	VISITS_ARE(W, PREV, 1);
	VISITS_ARE(M, CUR, 4);
	VISITS_ARE(M, PREV, 1);
	oracle_time(oracle, utc("2026-12-01T00:00:00Z"));
	VISITS_ARE(D, CUR, 1);
	VISITS_ARE(D, PREV, 2);
	VISITS_ARE(M, CUR, 1);
	VISITS_ARE(M, PREV, 4);
	oracle_free(oracle);
}

/* Arrived on 22 November, happened on 25 September: in r30d's prev (23 September 11:00 on) and nowhere else. */
static void
a_late_event_counts_in_every_window_that_holds_it(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	(void)state;

	assert_int_equal(visit(oracle, utc("2026-09-25T12:00:00Z")), ORACLE_OK);
	VISITS_ARE(R30D, PREV, 1);
	VISITS_ARE(M, PREV, 0);
	/* 12 November: r30d, last week until Sunday 10:30, this month; 10 days ago, so r7d's prev. */
	assert_int_equal(visit(oracle, utc("2026-11-12T12:00:00Z")), ORACLE_OK);
	VISITS_ARE(R30D, CUR, 1);
	VISITS_ARE(R7D, CUR, 0);
	VISITS_ARE(R7D, PREV, 1);
	VISITS_ARE(W, PREV, 1);
	VISITS_ARE(W, PTD, 1);
	VISITS_ARE(M, CUR, 1);
	VISITS_ARE(M, PTD, 0);
	VISITS_ARE(R1D, PREV, 0);
	oracle_free(oracle);
}

/* One visit a day for 60 days fill r30d and its prev. In February both are empty, and so is January (m's prev). */
static void
all_expired_is_exactly_0(void **state)
{
	struct oracle *oracle = start("Asia/Jakarta", "2026-11-22T10:30:30Z");
	(void)state;

	for (int i = 0; i < 60; i++)
		assert_int_equal(visit(oracle, utc("2026-11-22T10:30:30Z") - i * DAY), ORACLE_OK);
	VISITS_ARE(R30D, CUR, 30);
	VISITS_ARE(R30D, PREV, 30);
	oracle_time(oracle, utc("2027-02-01T00:00:00Z"));
	for (int w = 0; w < ORACLE_WINDOWS; w++) {
		for (int p = 0; p < ORACLE_PARTS; p++)
			assert_int_equal(visits(oracle, (enum oracle_window)w, (enum oracle_part)p), 0);
	}
	oracle_free(oracle);
}

/* ---- refusals ---- */

static void
an_event_is_too_late_only_beyond_the_horizon(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	int64_t now = oracle_now(oracle);
	(void)state;

	assert_int_equal(visit(oracle, now - 63 * DAY), ORACLE_OK);
	assert_int_equal(visit(oracle, now - 63 * DAY - 1), ORACLE_TOO_LATE);
	oracle_free(oracle);
}

static void
an_event_is_from_the_future_only_beyond_five_minutes(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	int64_t now = oracle_now(oracle);
	(void)state;

	assert_int_equal(visit(oracle, now + 5 * MINUTE), ORACLE_OK);
	assert_int_equal(visit(oracle, now + 5 * MINUTE + 1), ORACLE_FUTURE);
	VISITS_ARE(D, CUR, 1);
	oracle_free(oracle);
}

/* A record stamped earlier than the one before it takes effect at the former's time: what was too late stays too late. */
static void
record_time_never_goes_back(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	int64_t now = oracle_now(oracle);
	(void)state;

	oracle_time(oracle, now - HOUR);
	assert_int_equal(oracle_now(oracle), now);
	assert_int_equal(visit(oracle, now - 63 * DAY - 1), ORACLE_TOO_LATE);
	assert_int_equal(visit(oracle, now + 1), ORACLE_OK);
	BOUNDS(R1D, CUR, "2026-11-21T10:31Z", "2026-11-22T10:31Z");
	oracle_free(oracle);
}

static void
the_same_id_counts_once_and_other_content_is_a_conflict(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	int64_t now = oracle_now(oracle);
	struct oracle_event event = { .id = "a", .content = 1, .type = VISIT, .ts_ms = now };
	struct oracle_event other = { .id = "a", .content = 2, .type = VISIT, .ts_ms = now - HOUR };
	(void)state;

	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	assert_int_equal(oracle_add(oracle, &event), ORACLE_DUPLICATE);
	assert_int_equal(oracle_add(oracle, &other), ORACLE_ID_CONFLICT);
	assert_int_equal(oracle_add(oracle, &event), ORACLE_DUPLICATE); /* the conflict changed nothing */
	VISITS_ARE(D, CUR, 1);
	other.id = "b";
	assert_int_equal(oracle_add(oracle, &other), ORACLE_OK);
	VISITS_ARE(D, CUR, 2);
	oracle_free(oracle);
}

/* Section 11: identity is (cust, id). NULL and "" are both no customer. */
static void
one_id_of_two_customers_is_two_events(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	struct oracle_event event = { .id = "a", .content = 1, .type = VISIT, .ts_ms = oracle_now(oracle), .cust = "c1" };
	(void)state;

	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	event.cust = "c2";
	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	event.cust = NULL;
	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	event.cust = "";
	assert_int_equal(oracle_add(oracle, &event), ORACLE_DUPLICATE);
	event.cust = "c1";
	assert_int_equal(oracle_add(oracle, &event), ORACLE_DUPLICATE);
	event.content = 2;
	assert_int_equal(oracle_add(oracle, &event), ORACLE_ID_CONFLICT);
	oracle_free(oracle);
}

/* Too late, from the future and in conflict: none of them takes its id, so a good event may have it. */
static void
a_refused_event_leaves_no_id(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	int64_t now = oracle_now(oracle);
	struct oracle_event late = { .id = "a", .content = 1, .type = VISIT, .ts_ms = now - 63 * DAY - 1 };
	struct oracle_event future = { .id = "a", .content = 2, .type = VISIT, .ts_ms = now + HOUR };
	struct oracle_event good = { .id = "a", .content = 3, .type = VISIT, .ts_ms = now };
	(void)state;

	assert_int_equal(oracle_add(oracle, &late), ORACLE_TOO_LATE);
	assert_int_equal(oracle_add(oracle, &future), ORACLE_FUTURE);
	assert_int_equal(oracle_add(oracle, &good), ORACLE_OK);
	assert_int_equal(oracle_add(oracle, &good), ORACLE_DUPLICATE);
	/* The same event that was from the future may come again when its time has: here against a taken id. */
	oracle_time(oracle, now + HOUR);
	assert_int_equal(oracle_add(oracle, &future), ORACLE_ID_CONFLICT);
	VISITS_ARE(D, CUR, 1);
	oracle_free(oracle);
}

/* Remembered while ts >= now - H. One ms later any event with that ts would be too late, so forgetting it is safe (I5). */
static void
an_id_is_forgotten_one_millisecond_after_the_horizon(void **state)
{
	struct oracle *oracle = start("UTC", "2026-09-01T12:00:00Z");
	int64_t first_ms = oracle_now(oracle);
	struct oracle_event first = { .id = "a", .content = 1, .type = VISIT, .ts_ms = first_ms };
	struct oracle_event second = { .id = "a", .content = 2, .type = VISIT, .ts_ms = first_ms + 63 * DAY };
	(void)state;

	assert_int_equal(oracle_add(oracle, &first), ORACLE_OK);
	oracle_time(oracle, first_ms + 63 * DAY);
	assert_int_equal(oracle_add(oracle, &first), ORACLE_DUPLICATE);
	assert_int_equal(oracle_add(oracle, &second), ORACLE_ID_CONFLICT);
	oracle_time(oracle, first_ms + 63 * DAY + 1);
	assert_int_equal(oracle_add(oracle, &second), ORACLE_OK);
	assert_int_equal(oracle_add(oracle, &second), ORACLE_DUPLICATE);
	oracle_free(oracle);
}

/* A retry of an event that was counted long ago is too late, not a duplicate: nothing could know any more. */
static void
lateness_and_future_are_tested_before_the_id(void **state)
{
	struct oracle *oracle = start("UTC", "2026-09-01T12:00:00Z");
	int64_t now = oracle_now(oracle);
	struct oracle_event event = { .id = "a", .content = 1, .type = VISIT, .ts_ms = now };
	struct oracle_event future = { .id = "a", .content = 2, .type = VISIT, .ts_ms = now + HOUR };
	(void)state;

	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	assert_int_equal(oracle_add(oracle, &future), ORACLE_FUTURE);
	oracle_time(oracle, now + 63 * DAY + 1);
	assert_int_equal(oracle_add(oracle, &event), ORACLE_TOO_LATE);
	oracle_free(oracle);
}

/* ---- clock: events ---- */

static void
under_clock_events_log_time_is_the_largest_event_time(void **state)
{
	struct oracle_config config = config_in("UTC");
	(void)state;

	config.clock_events = true;
	struct oracle *oracle = oracle_new(&config);
	assert_true(oracle_now(oracle) == ORACLE_NEVER);
	assert_int_equal(visit(oracle, utc("2011-03-01T08:00:00Z")), ORACLE_OK);
	assert_int_equal(oracle_now(oracle), utc("2011-03-01T08:00:00Z"));
	BOUNDS(D, CUR, "2011-03-01T00:00Z", "2011-03-02T00:00Z");
	assert_int_equal(visit(oracle, utc("2011-03-01T07:00:00Z")), ORACLE_OK); /* late: time stands */
	assert_int_equal(oracle_now(oracle), utc("2011-03-01T08:00:00Z"));
	assert_int_equal(visit(oracle, utc("2011-04-01T00:00:00Z")), ORACLE_OK); /* a month ahead is no future */
	assert_int_equal(oracle_now(oracle), utc("2011-04-01T00:00:00Z"));
	VISITS_ARE(M, PREV, 2);
	oracle_time(oracle, utc("2011-05-01T00:00:00Z")); /* a tick */
	VISITS_ARE(M, CUR, 0);
	VISITS_ARE(M, PREV, 1);
	oracle_free(oracle);
}

/* The event itself moves time first, so it can make an id forgotten that it bears: its own is tested after that. */
static void
under_clock_events_time_moves_before_the_tests(void **state)
{
	struct oracle_config config = config_in("UTC");
	int64_t first_ms = utc("2011-03-01T08:00:00Z");
	struct oracle_event first = { .id = "a", .content = 1, .type = VISIT, .ts_ms = first_ms };
	struct oracle_event within = { .id = "a", .content = 2, .type = VISIT, .ts_ms = first_ms + 63 * DAY };
	struct oracle_event beyond = { .id = "a", .content = 3, .type = VISIT, .ts_ms = first_ms + 63 * DAY + 1 };
	(void)state;

	config.clock_events = true;
	struct oracle *oracle = oracle_new(&config);
	assert_int_equal(oracle_add(oracle, &first), ORACLE_OK);
	assert_int_equal(oracle_add(oracle, &within), ORACLE_ID_CONFLICT);
	assert_int_equal(oracle_now(oracle), within.ts_ms); /* refused, yet it moved time */
	assert_int_equal(oracle_add(oracle, &beyond), ORACLE_OK);
	assert_int_equal(oracle_add(oracle, &first), ORACLE_TOO_LATE);
	oracle_free(oracle);
}

/* ---- series and measures ---- */

static enum oracle_verdict
sale(struct oracle *oracle, const char *id, const char *campaign, const char *channel, int64_t amt, int64_t qty)
{
	struct oracle_event event = { .id = id, .type = SALE, .stage = 4, .ts_ms = oracle_now(oracle),
		.dim = { [CAMPAIGN] = campaign, [CHANNEL] = channel, [TEAM] = "north" }, .num = { amt, qty } };

	return oracle_add(oracle, &event);
}

/* all = 100 + 20 + 3 = 123; campaign c1 = 120, c2 = 3; channel x = 103, y = 20; (c1, y) = 20. */
static void
each_rollup_projects_an_event_to_one_series(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	const char *const c1_y[ORACLE_DIMS] = { [CAMPAIGN] = "c1", [CHANNEL] = "y", [TEAM] = "not read" };
	const char *const c2_x[ORACLE_DIMS] = { [CAMPAIGN] = "c2", [CHANNEL] = "x" };
	const char *const c3_x[ORACLE_DIMS] = { [CAMPAIGN] = "c3", [CHANNEL] = "x" };
	(void)state;

	assert_int_equal(sale(oracle, "1", "c1", "x", 100, 1), ORACLE_OK);
	assert_int_equal(sale(oracle, "2", "c1", "y", 20, 2), ORACLE_OK);
	assert_int_equal(sale(oracle, "3", "c2", "x", 3, 4), ORACLE_OK);
	assert_int_equal(oracle_total(oracle, ALL, NULL, REVENUE, ORACLE_D, ORACLE_CUR), 123);
	assert_int_equal(oracle_total(oracle, ALL, NULL, UNITS, ORACLE_D, ORACLE_CUR), 7);
	assert_int_equal(oracle_total(oracle, ALL, c3_x, WON, ORACLE_R7D, ORACLE_CUR), 3);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, c1_y, REVENUE, ORACLE_M, ORACLE_CUR), 120);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, c2_x, REVENUE, ORACLE_W, ORACLE_CUR), 3);
	assert_int_equal(oracle_total(oracle, BY_CHANNEL, c2_x, REVENUE, ORACLE_R1D, ORACLE_CUR), 103);
	assert_int_equal(oracle_total(oracle, BY_CHANNEL, c1_y, UNITS, ORACLE_R30D, ORACLE_CUR), 2);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN_CHANNEL, c1_y, REVENUE, ORACLE_D, ORACLE_CUR), 20);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN_CHANNEL, c3_x, REVENUE, ORACLE_D, ORACLE_CUR), 0);
	assert_int_equal(oracle_total(oracle, ALL, NULL, REVENUE, ORACLE_D, ORACLE_PREV), 0);
	assert_int_equal(oracle_total(oracle, ALL, NULL, VISITS, ORACLE_D, ORACLE_CUR), 0);
	oracle_free(oracle);
}

static void
a_missing_dimension_is_the_key_none(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	const char *const none[ORACLE_DIMS] = { [CAMPAIGN] = "~none" };
	const char *const null[ORACLE_DIMS] = { NULL };
	(void)state;

	sale(oracle, "1", NULL, "x", 100, 1);
	sale(oracle, "2", "", "x", 20, 1);
	sale(oracle, "3", "~none", "x", 3, 1);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, none, REVENUE, ORACLE_D, ORACLE_CUR), 123);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, null, REVENUE, ORACLE_D, ORACLE_CUR), 123);
	oracle_free(oracle);
}

/* Two sales of (c1, x) and (c1, none): all, c1, x, c1+x, then none and c1+none. A refused event adds nothing. */
static void
the_series_are_those_of_accepted_events_each_once(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	struct oracle_event late = { .id = "9", .type = SALE, .ts_ms = 0, .dim = { "c9", "z" } };
	char story[200] = "";
	const char *key[ORACLE_DIMS];
	int rollup;
	(void)state;

	sale(oracle, "1", "c1", "x", 100, 1);
	sale(oracle, "2", "c1", NULL, 20, 1);
	sale(oracle, "2", "c5", NULL, 20, 1); /* duplicate id */
	oracle_add(oracle, &late);
	oracle_time(oracle, oracle_now(oracle) + 400 * DAY); /* all 0 again: still listed */
	for (size_t i = 0; oracle_series(oracle, i, &rollup, key); i++) {
		char line[40];
		snprintf(line, sizeof(line), "%d/%s/%s/%s ", rollup, key[CAMPAIGN] ? key[CAMPAIGN] : "",
		    key[CHANNEL] ? key[CHANNEL] : "", key[TEAM] ? key[TEAM] : "");
		strcat(story, line);
	}
	assert_string_equal(story, "0/// 1/c1// 2//x/ 3/c1/x/ 2//~none/ 3/c1/~none/ ");
	oracle_free(oracle);
}

/*
 * MEDIA takes spend of cost type media or agency: 100 + 20 - 5 (a correction by the network); not tool, not without
 * one, no sale.
 */
static void
a_measure_takes_its_type_and_any_listed_cost_type(void **state)
{
	static const char *const cost_types[] = { "media", "agency", "tool", NULL, "media" };
	static const int64_t amounts[] = { 100, 20, 3, 7, -5 };
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	(void)state;

	for (int i = 0; i < 5; i++) {
		char id[2] = { (char)('a' + i), 0 };
		struct oracle_event spend = { .id = id, .type = SPEND, .ts_ms = oracle_now(oracle), .cost_type = cost_types[i],
			.num = { amounts[i] } };
		assert_int_equal(oracle_add(oracle, &spend), ORACLE_OK);
	}
	struct oracle_event not_spend = { .id = "s", .type = SALE, .ts_ms = oracle_now(oracle), .cost_type = "media",
		.num = { 1000 } };
	assert_int_equal(oracle_add(oracle, &not_spend), ORACLE_OK);
	assert_int_equal(oracle_total(oracle, ALL, NULL, MEDIA, ORACLE_D, ORACLE_CUR), 115);
	oracle_free(oracle);
}

/* LIKES sums n of kinds 7 and 9: 10 + 4 - 1 (undone). WON counts sales of stage 4 only. */
static void
a_measure_filters_by_kind_and_by_stage(void **state)
{
	static const int kinds[] = { 7, 8, 9, 7 };
	static const int64_t counts[] = { 10, 100, 4, -1 };
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	(void)state;

	for (int i = 0; i < 4; i++) {
		char id[2] = { (char)('a' + i), 0 };
		struct oracle_event engage = { .id = id, .type = ENGAGE, .kind = kinds[i], .ts_ms = oracle_now(oracle),
			.num = { 0, 0, counts[i], 500, 500 } };
		struct oracle_event won = { .id = id, .cust = "c", .type = SALE, .stage = i + 2, .ts_ms = oracle_now(oracle) };
		assert_int_equal(oracle_add(oracle, &engage), ORACLE_OK);
		assert_int_equal(oracle_add(oracle, &won), ORACLE_OK);
	}
	assert_int_equal(oracle_total(oracle, ALL, NULL, LIKES, ORACLE_D, ORACLE_CUR), 13);
	assert_int_equal(oracle_total(oracle, ALL, NULL, WON, ORACLE_D, ORACLE_CUR), 1);
	oracle_free(oracle);
}

/* ORGANIC wants channel organic *and* team north or none. Of the six below the first two pass. */
static void
all_filters_of_a_measure_must_pass(void **state)
{
	static const char *const channels[] = { "organic", "organic", "organic", "paid", NULL, "organi" };
	static const char *const teams[] = { "north", NULL, "south", "north", "north", NULL };
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	(void)state;

	for (int i = 0; i < 6; i++) {
		char id[2] = { (char)('a' + i), 0 };
		struct oracle_event event = { .id = id, .type = VISIT, .ts_ms = oracle_now(oracle),
			.dim = { [CHANNEL] = channels[i], [TEAM] = teams[i] } };
		assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	}
	assert_int_equal(oracle_total(oracle, ALL, NULL, ORGANIC, ORACLE_D, ORACLE_CUR), 2);
	VISITS_ARE(D, CUR, 6);
	oracle_free(oracle);
}

/* ---- distinct and retained ---- */

/* A configuration of its own: these measures in the rollups of the fixture, zone UTC. */
static struct oracle *
start_measuring(const struct oracle_measure *measure, int measure_count, const char *now)
{
	struct oracle_config config = config_in("UTC");

	config.measure = measure;
	config.measure_count = measure_count;
	struct oracle *oracle = oracle_new(&config);
	assert_non_null(oracle);
	oracle_time(oracle, utc(now));
	return oracle;
}

static void
total_is(struct oracle *oracle, int measure, enum oracle_window window, enum oracle_part part, int64_t expected,
    int line)
{
	int64_t total = oracle_total(oracle, ALL, NULL, measure, window, part);

	assert_false(oracle_null(oracle, measure, window, part));
	if (total != expected)
		fail_msg("line %d: %lld expected, %lld found", line, (long long)expected, (long long)total);
}
#define TOTAL_IS(measure, window, part, count) \
	total_is(oracle, measure, ORACLE_##window, ORACLE_##part, count, __LINE__)

/* A sale with an id of its own, of campaign and channel. */
static void
sold_to(struct oracle *oracle, const char *cust, const char *order, const char *visit_id, const char *campaign,
    const char *at)
{
	static int made;
	char id[24];
	struct oracle_event event = { .id = id, .type = ORACLE_SALE, .ts_ms = utc(at), .cust = cust, .order = order,
		.visit = visit_id, .dim = { [CAMPAIGN] = campaign } };

	snprintf(id, sizeof(id), "sold-%d", ++made);
	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
}

enum { BUYERS, ORDERS, VISITS_THAT_BOUGHT, C1_BUYERS, RETAINED, C1_RETAINED, BEFORE, ENTITY_MEASURES };
static const struct oracle_measure entity_measures[ENTITY_MEASURES] = {
	[BUYERS] = { .type = ORACLE_SALE, .take = ORACLE_DISTINCT, .entity = ORACLE_CUST },
	[ORDERS] = { .type = ORACLE_SALE, .take = ORACLE_DISTINCT, .entity = ORACLE_ORDER },
	[VISITS_THAT_BOUGHT] = { .type = ORACLE_SALE, .take = ORACLE_DISTINCT, .entity = ORACLE_VISIT_ID },
	[C1_BUYERS] = { .type = ORACLE_SALE, .take = ORACLE_DISTINCT, .filter_count = 1,
	    .filter = { { .what = CAMPAIGN, .value_count = 1, .text = { "c1" } } } },
	[RETAINED] = { .type = ORACLE_SALE, .take = ORACLE_RETAINED, .entity = ORACLE_CUST },
	[BEFORE] = { .type = ORACLE_SALE, .take = ORACLE_PREVIOUS, .entity = ORACLE_CUST },
	[C1_RETAINED] = { .type = ORACLE_SALE, .take = ORACLE_RETAINED, .filter_count = 1,
	    .filter = { { .what = CAMPAIGN, .value_count = 1, .text = { "c1" } } } },
};

/*
 * Today a buys two lines of order 1 and one of order 2, b one of order 1 (his own order of that name), and somebody
 * without a name one without an order. Customers a and b; orders a/1, a/2, b/1; visits a/v only. a bought in c1 and in
 * c2: he is one customer of all, though 1 + 1 of the campaigns; b has no campaign. Yesterday a: one more in prev.
 */
static void
distinct_counts_an_entity_once_in_each_series(void **state)
{
	struct oracle *oracle = start_measuring(entity_measures, ENTITY_MEASURES, "2026-11-22T10:30:30Z");
	const char *const c1[ORACLE_DIMS] = { "c1" }, *const c2[ORACLE_DIMS] = { "c2" };
	const char *const none[ORACLE_DIMS] = { NULL };
	(void)state;

	sold_to(oracle, "a", "1", "v", "c1", "2026-11-22T01:00Z");
	sold_to(oracle, "a", "1", "v", "c2", "2026-11-22T02:00Z");
	sold_to(oracle, "a", "2", NULL, "c1", "2026-11-22T03:00Z");
	sold_to(oracle, "b", "1", NULL, NULL, "2026-11-22T04:00Z");
	sold_to(oracle, NULL, "", "", NULL, "2026-11-22T05:00Z");
	sold_to(oracle, "a", "0", NULL, "c1", "2026-11-21T05:00Z");
	TOTAL_IS(BUYERS, D, CUR, 2);
	TOTAL_IS(ORDERS, D, CUR, 3);
	TOTAL_IS(VISITS_THAT_BOUGHT, D, CUR, 1);
	TOTAL_IS(C1_BUYERS, D, CUR, 1);
	TOTAL_IS(BUYERS, D, PREV, 1);
	TOTAL_IS(BUYERS, D, PTD, 1);
	TOTAL_IS(ORDERS, W, CUR, 4);
	TOTAL_IS(BUYERS, R30D, CUR, 2);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, c1, BUYERS, ORACLE_D, ORACLE_CUR), 1);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, c2, BUYERS, ORACLE_D, ORACLE_CUR), 1);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, c2, ORDERS, ORACLE_D, ORACLE_CUR), 1);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, none, BUYERS, ORACLE_D, ORACLE_CUR), 1);
	oracle_time(oracle, utc("2027-02-22T10:30:30Z"));
	TOTAL_IS(BUYERS, R30D, CUR, 0);
	oracle_free(oracle);
}

/*
 * Sunday 22 November 2026, 10:30:30. Sales: a 20th, 21st and 22nd, each 08:00; b 21st 11:00 and 22nd 08:00; c 20th
 * 11:00 and 22nd 08:00; d 20th and 21st, each 09:00.
 * d: cur (22nd) and prev (21st): a, b. prev and the 20th: a, d. ptd (21st until 10:30: a, d) and the 20th: a, d.
 * r1d, parts from the 21st, 20th and 19th 10:31: cur a, b, b, c; prev a (21st), c, d (21st); before a, d. So cur a, c;
 * prev a, d. All lie in one week, one r7d, one month: nobody is retained there.
 */
static void
retained_is_in_the_window_and_in_the_one_before(void **state)
{
	struct oracle *oracle = start_measuring(entity_measures, ENTITY_MEASURES, "2026-11-22T10:30:30Z");
	(void)state;

	sold_to(oracle, "a", NULL, NULL, "c1", "2026-11-20T08:00Z");
	sold_to(oracle, "a", NULL, NULL, "c1", "2026-11-21T08:00Z");
	sold_to(oracle, "a", NULL, NULL, "c1", "2026-11-22T08:00Z");
	sold_to(oracle, "b", NULL, NULL, "c1", "2026-11-21T11:00Z");
	sold_to(oracle, "b", NULL, NULL, "c2", "2026-11-22T08:00Z");
	sold_to(oracle, "c", NULL, NULL, "c1", "2026-11-20T11:00Z");
	sold_to(oracle, "c", NULL, NULL, "c1", "2026-11-22T08:00Z");
	sold_to(oracle, "d", NULL, NULL, "c1", "2026-11-20T09:00Z");
	sold_to(oracle, "d", NULL, NULL, "c1", "2026-11-21T09:00Z");
	sold_to(oracle, NULL, NULL, NULL, "c1", "2026-11-21T09:00Z");
	sold_to(oracle, NULL, NULL, NULL, "c1", "2026-11-22T09:00Z");
	TOTAL_IS(RETAINED, D, CUR, 2);
	TOTAL_IS(RETAINED, D, PREV, 2);
	TOTAL_IS(RETAINED, D, PTD, 2);
	TOTAL_IS(RETAINED, R1D, CUR, 2);
	TOTAL_IS(RETAINED, R1D, PREV, 2);
	TOTAL_IS(C1_RETAINED, D, CUR, 1); /* b came back, but not to c1 */
	TOTAL_IS(RETAINED, W, CUR, 0);
	TOTAL_IS(RETAINED, R7D, CUR, 0);
	TOTAL_IS(RETAINED, M, CUR, 0);
	oracle_free(oracle);
}

/*
 * The same day. Weeks begin on the 16th, the 9th and the 2nd; ptd ends on Sunday the 15th 10:30. a bought on the 3rd,
 * 15th 11:00 (after ptd's end) and 16th, b on the 3rd, 15th 10:00 and 20th, c on the 15th and 3rd, e on 26 October and
 * the 10th: the week between is empty.
 * cur a, b; prev a, b, c; ptd b, c (15th 10:00). r7d begins the 15th 10:45: cur a (15th 11:00, 16th), b (20th); prev
 * from the 8th 10:45: b, c, e; before that from the 1st 10:45: a, b, c. So cur b; prev b, c. Those of the period
 * before, back or not: of w cur a, b, c, e; of w prev and ptd a, b, c.
 */
static void
retained_of_prev_and_ptd_looks_at_the_whole_period_before(void **state)
{
	struct oracle *oracle = start_measuring(entity_measures, ENTITY_MEASURES, "2026-11-22T10:30:30Z");
	(void)state;

	sold_to(oracle, "a", NULL, NULL, NULL, "2026-11-03T20:00Z");
	sold_to(oracle, "a", NULL, NULL, NULL, "2026-11-15T11:00Z");
	sold_to(oracle, "a", NULL, NULL, NULL, "2026-11-16T00:00Z");
	sold_to(oracle, "b", NULL, NULL, NULL, "2026-11-03T20:00Z");
	sold_to(oracle, "b", NULL, NULL, NULL, "2026-11-15T10:00Z");
	sold_to(oracle, "b", NULL, NULL, NULL, "2026-11-20T10:00Z");
	sold_to(oracle, "c", NULL, NULL, NULL, "2026-11-03T20:00Z");
	sold_to(oracle, "c", NULL, NULL, NULL, "2026-11-15T10:00Z");
	sold_to(oracle, "e", NULL, NULL, NULL, "2026-10-26T10:00Z");
	sold_to(oracle, "e", NULL, NULL, NULL, "2026-11-10T10:00Z");
	TOTAL_IS(RETAINED, W, CUR, 2);
	TOTAL_IS(RETAINED, W, PREV, 3);
	TOTAL_IS(RETAINED, W, PTD, 2);
	TOTAL_IS(RETAINED, R7D, CUR, 1);
	TOTAL_IS(RETAINED, R7D, PREV, 2);
	TOTAL_IS(RETAINED, M, CUR, 1); /* e, in October and November */
	TOTAL_IS(BEFORE, W, CUR, 4);
	TOTAL_IS(BEFORE, W, PREV, 3);
	TOTAL_IS(BEFORE, W, PTD, 3);
	oracle_free(oracle);
}

/*
 * KPI.md row 4: 4 customers in October, of whom 3 came back in November, and 2 new ones: 3 / 4. g of September is in
 * neither.
 */
static void
retention_is_retained_by_the_customers_of_the_period_before(void **state)
{
	static const char *const october[] = { "a", "b", "c", "d" }, *const november[] = { "a", "b", "c", "e", "f" };
	struct oracle *oracle = start_measuring(entity_measures, ENTITY_MEASURES, "2026-11-22T10:30:30Z");
	(void)state;

	for (int i = 0; i < 4; i++)
		sold_to(oracle, october[i], NULL, NULL, NULL, "2026-10-15T10:00Z");
	for (int i = 0; i < 5; i++)
		sold_to(oracle, november[i], NULL, NULL, NULL, "2026-11-15T10:00Z");
	sold_to(oracle, "g", NULL, NULL, NULL, "2026-09-30T10:00Z");
	TOTAL_IS(RETAINED, M, CUR, 3);
	TOTAL_IS(BUYERS, M, PREV, 4);
	TOTAL_IS(BEFORE, M, CUR, 4);
	assert_true(oracle_null(oracle, BEFORE, ORACLE_M, ORACLE_PREV));
	assert_int_equal(oracle_total(oracle, ALL, NULL, BEFORE, ORACLE_M, ORACLE_PREV), 0);
	oracle_free(oracle);
}

static void
what_lies_beyond_the_horizon_is_null(void **state)
{
	struct oracle *oracle = start_measuring(entity_measures, ENTITY_MEASURES, "2026-11-22T10:30:30Z");
	(void)state;

	assert_true(oracle_null(oracle, RETAINED, ORACLE_R30D, ORACLE_PREV));
	assert_true(oracle_null(oracle, RETAINED, ORACLE_M, ORACLE_PREV));
	assert_true(oracle_null(oracle, RETAINED, ORACLE_M, ORACLE_PTD));
	assert_false(oracle_null(oracle, RETAINED, ORACLE_R30D, ORACLE_CUR));
	assert_false(oracle_null(oracle, RETAINED, ORACLE_M, ORACLE_CUR));
	for (int w = ORACLE_R1D; w <= ORACLE_R30D; w++) {
		assert_true(oracle_null(oracle, BUYERS, (enum oracle_window)w, ORACLE_PTD));
		assert_false(oracle_null(oracle, BUYERS, (enum oracle_window)w, ORACLE_PREV));
	}
	assert_false(oracle_null(oracle, BUYERS, ORACLE_M, ORACLE_PTD));
	sold_to(oracle, "a", NULL, NULL, NULL, "2026-09-28T10:00Z"); /* 55 days ago: r30d's prev */
	sold_to(oracle, "a", NULL, NULL, NULL, "2026-10-02T10:00Z"); /* m's prev and ptd */
	assert_int_equal(oracle_total(oracle, ALL, NULL, RETAINED, ORACLE_M, ORACLE_PREV), 0);
	assert_int_equal(oracle_total(oracle, ALL, NULL, RETAINED, ORACLE_M, ORACLE_PTD), 0);
	assert_int_equal(oracle_total(oracle, ALL, NULL, RETAINED, ORACLE_R30D, ORACLE_PREV), 0);
	oracle_free(oracle);
}

/* ---- people ---- */

/* Measures and rollups of all the tests below. */
enum {
	SOLD, SALES, REFUNDED, REFUNDED_AS_SOLD, REFUNDS, RETURNED, NEW, NEW_C1, LEADS, MQL, SQL, CUSTOMERS,
	    LEAD_COHORT,
	MQL_COHORT, SQL_COHORT, CUSTOMER_COHORT, MQL_TO_SQL, MQL_TO_SQL_C2, MQL_TO_CUSTOMER, SQL_TO_CUSTOMER,
	LEAD_EVENTS, SPENT, SPENDS, BUYING_CUSTOMERS, BUYING_VISITS, ALL_VISITS, MATCHED, UNMATCHED, MATCHED_OR_NOT,
	MATCHED_SALES, UNMATCHED_SALES, PEOPLE_MEASURES
};
static const struct oracle_measure people_measures[PEOPLE_MEASURES] = {
	[SOLD] = { .name = "sold", .type = ORACLE_SALE, .field = 0 },
	[SALES] = { .name = "sales", .type = ORACLE_SALE, .field = -1 },
	[REFUNDED] = { .name = "refunded", .type = ORACLE_REFUND, .field = 0 },
	[REFUNDED_AS_SOLD] = { .name = "refunded_as_sold", .type = ORACLE_REFUND, .field = 0, .as_sold = true },
	[REFUNDS] = { .name = "refunds", .type = ORACLE_REFUND, .field = -1 },
	[RETURNED] = { .name = "returned", .type = ORACLE_REFUND, .field = 1 },
	[NEW] = { .name = "new", .type = ORACLE_SALE, .take = ORACLE_NEW },
	[NEW_C1] = { .name = "new_c1", .type = ORACLE_SALE, .take = ORACLE_NEW, .filter_count = 1,
	    .filter = { { .what = CAMPAIGN, .value_count = 1, .text = { "c1" } } } },
	[LEADS] = { .name = "leads", .type = ORACLE_LEAD, .take = ORACLE_STAGE, .stage = ORACLE_STAGE_LEAD },
	[MQL] = { .name = "mql", .type = ORACLE_LEAD, .take = ORACLE_STAGE, .stage = ORACLE_STAGE_MQL },
	[SQL] = { .name = "sql", .type = ORACLE_LEAD, .take = ORACLE_STAGE, .stage = ORACLE_STAGE_SQL },
	[CUSTOMERS] = { .name = "customers", .type = ORACLE_LEAD, .take = ORACLE_STAGE,
	    .stage = ORACLE_STAGE_CUSTOMER },
	[LEAD_COHORT] = { .name = "lead_cohort", .type = ORACLE_LEAD, .take = ORACLE_COHORT,
	    .stage = ORACLE_STAGE_LEAD },
	[MQL_COHORT] = { .name = "mql_cohort", .type = ORACLE_LEAD, .take = ORACLE_COHORT, .stage = ORACLE_STAGE_MQL },
	[SQL_COHORT] = { .name = "sql_cohort", .type = ORACLE_LEAD, .take = ORACLE_COHORT, .stage = ORACLE_STAGE_SQL },
	[CUSTOMER_COHORT] = { .name = "won", .type = ORACLE_LEAD, .take = ORACLE_COHORT,
	    .stage = ORACLE_STAGE_CUSTOMER, .cohort_of = ORACLE_STAGE_LEAD }, /* the same as 0 */
	[MQL_TO_SQL] = { .name = "mql_to_sql", .type = ORACLE_LEAD, .take = ORACLE_COHORT, .stage = ORACLE_STAGE_SQL,
	    .cohort_of = ORACLE_STAGE_MQL },
	[MQL_TO_SQL_C2] = { .name = "mql_to_sql_c2", .type = ORACLE_LEAD, .take = ORACLE_COHORT,
	    .stage = ORACLE_STAGE_SQL, .cohort_of = ORACLE_STAGE_MQL, .filter_count = 1,
	    .filter = { { .what = CAMPAIGN, .value_count = 1, .text = { "c2" } } } },
	[MQL_TO_CUSTOMER] = { .name = "mql_to_customer", .type = ORACLE_LEAD, .take = ORACLE_COHORT,
	    .stage = ORACLE_STAGE_CUSTOMER, .cohort_of = ORACLE_STAGE_MQL },
	[SQL_TO_CUSTOMER] = { .name = "sql_to_customer", .type = ORACLE_LEAD, .take = ORACLE_COHORT,
	    .stage = ORACLE_STAGE_CUSTOMER, .cohort_of = ORACLE_STAGE_SQL },
	[LEAD_EVENTS] = { .name = "lead_events", .type = ORACLE_LEAD, .field = -1, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_STAGE, .value_count = 1, .number = { ORACLE_STAGE_LEAD } } } },
	[SPENT] = { .name = "spent", .type = ORACLE_SPEND, .field = 0 },
	[SPENDS] = { .name = "spends", .type = ORACLE_SPEND, .field = -1 },
	[BUYING_CUSTOMERS] = { .name = "buyers", .type = ORACLE_SALE, .take = ORACLE_DISTINCT, .entity = ORACLE_CUST },
	[BUYING_VISITS] = { .name = "buying_visits", .type = ORACLE_SALE, .take = ORACLE_DISTINCT,
	    .entity = ORACLE_VISIT_ID },
	[ALL_VISITS] = { .name = "visits", .type = ORACLE_VISIT, .field = -1 },
	[MATCHED] = { .name = "matched", .type = ORACLE_REFUND, .field = 0, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_MATCHED, .value_count = 1, .number = { 1 } } } },
	[UNMATCHED] = { .name = "unmatched", .type = ORACLE_REFUND, .field = -1, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_MATCHED, .value_count = 1, .number = { 0 } } } },
	[MATCHED_OR_NOT] = { .name = "matched_or_not", .type = ORACLE_REFUND, .field = -1, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_MATCHED, .value_count = 2, .number = { 0, 1 } } } },
	[MATCHED_SALES] = { .name = "matched_sales", .type = ORACLE_SALE, .field = -1, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_MATCHED, .value_count = 1, .number = { 1 } } } },
	[UNMATCHED_SALES] = { .name = "unmatched_sales", .type = ORACLE_SALE, .field = -1, .filter_count = 1,
	    .filter = { { .what = ORACLE_BY_MATCHED, .value_count = 1, .number = { 0 } } } },
};
enum { BY_TOUCH = BY_CHANNEL + 1, BY_TEAM_PERSON, PEOPLE_ROLLUPS }; /* behind ALL, BY_CAMPAIGN, BY_CHANNEL */

/* A dollar is 10 until 20 November and 12 from then on; nothing else has a rate. */
static int64_t
dollars(const char *cur, int64_t given, int64_t ts_ms)
{
	if (cur == NULL || strcmp(cur, "USD") != 0)
		return ORACLE_NO_RATE;
	return given * (ts_ms < utc("2026-11-20T00:00Z") ? 10 : 12);
}

static struct oracle_config
people_config(void)
{
	struct oracle_config config = config_in("UTC");

	config.people = true;
	config.convert = dollars;
	config.measure = people_measures;
	config.measure_count = PEOPLE_MEASURES;
	config.rollup_count = PEOPLE_ROLLUPS;
	config.rollup[BY_TOUCH] = 1u << CAMPAIGN | 1u << CHANNEL | 1u << SOURCE | 1u << MEDIUM;
	config.rollup[BY_TEAM_PERSON] = 1u << TEAM | 1u << PERSON;
	return config;
}

/* Sunday 22 November 2026, 10:30:30Z: d from the 22nd, w from the 16th, w's prev from the 9th, m from the 1st. */
#define TODAY "2026-11-22T10:30:30Z"

static struct oracle *
start_people(const char *now)
{
	struct oracle_config config = people_config();
	struct oracle *oracle = oracle_new(&config);

	assert_non_null(oracle);
	oracle_time(oracle, utc(now));
	return oracle;
}

struct told { /* an event whose time is written out; its content is its place in the array */
	const char *at;
	struct oracle_event event;
};

static enum oracle_verdict
tell(struct oracle *oracle, const char *at, struct oracle_event event)
{
	event.ts_ms = utc(at);
	return oracle_add(oracle, &event);
}
#define ANSWER(verdict, at, ...) assert_int_equal(tell(oracle, at, (struct oracle_event){ __VA_ARGS__ }), verdict)
#define TELL(at, ...) ANSWER(ORACLE_OK, at, __VA_ARGS__)

#define AMOUNT(...) .has_amt = true, .num = { __VA_ARGS__ } /* of a correct */

#define KEY(...) ((const char *const[ORACLE_DIMS]){ __VA_ARGS__ })

static void
people_total_is(struct oracle *oracle, int rollup, const char *const key[ORACLE_DIMS], int measure,
    enum oracle_window window, enum oracle_part part, int64_t expected, int line)
{
	int64_t total = oracle_total(oracle, rollup, key, measure, window, part);

	if (total != expected)
		fail_msg("line %d: %s %lld expected, %lld found", line, people_measures[measure].name,
		    (long long)expected, (long long)total);
}
#define IS(measure, window, part, count) \
	people_total_is(oracle, ALL, NULL, measure, ORACLE_##window, ORACLE_##part, count, __LINE__)
#define KEY_IS(rollup, key, measure, window, part, count) \
	people_total_is(oracle, rollup, key, measure, ORACLE_##window, ORACLE_##part, count, __LINE__)

static void
check_order(const struct told *told, const int *order, int count, void (*check)(struct oracle *))
{
	struct oracle *oracle = start_people(TODAY);

	for (int i = 0; i < count; i++) {
		struct oracle_event event = told[order[i]].event;
		event.content = (uint64_t)order[i] + 1;
		assert_int_equal(tell(oracle, told[order[i]].at, event), ORACLE_OK);
	}
	check(oracle);
	oracle_free(oracle);
}

/* All arrive at TODAY, in each order (Heap's algorithm): each must answer as `check` says. */
static void
in_every_order(const struct told *told, int count, void (*check)(struct oracle *))
{
	int order[] = { 0, 1, 2, 3, 4, 5 }, wheel[] = { 0, 0, 0, 0, 0, 0 };

	assert_true(count <= 6);
	check_order(told, order, count, check);
	for (int turn = 0; turn < count;) {
		if (wheel[turn] == turn) {
			wheel[turn++] = 0;
			continue;
		}
		int with = turn % 2 == 0 ? 0 : wheel[turn], kept = order[turn];
		order[turn] = order[with];
		order[with] = kept;
		check_order(told, order, count, check);
		wheel[turn]++;
		turn = 0;
	}
}
#define IN_EVERY_ORDER(told, check) in_every_order(told, (int)(sizeof(told) / sizeof((told)[0])), check)

/* ---- new ---- */

/* a's first sale was yesterday in c1, b's today in c2; the nameless one is nobody's. */
static void
two_are_new(struct oracle *oracle)
{
	IS(NEW, D, PREV, 1);
	IS(NEW, D, CUR, 1);
	IS(NEW, W, CUR, 2);
	IS(NEW_C1, W, CUR, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), NEW, D, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), NEW, D, CUR, 0);
	KEY_IS(BY_CAMPAIGN, KEY("c2"), NEW, D, CUR, 1);
}

/*
 * Row 6, CAC: spend 90 in the week / 2 new customers = 45; in c1, 90 / 1. The media bought a's first sale, not his
 * second.
 */
static void
new_is_the_customer_of_the_first_sale_ever(void **state)
{
	static const struct told told[] = {
		{ "2026-11-21T12:00Z", { .id = "s1", .type = ORACLE_SALE, .cust = "a", .dim = { "c1" },
		    .has_touch = true } },
		{ "2026-11-22T08:00Z", { .id = "s2", .type = ORACLE_SALE, .cust = "a", .dim = { "c1" },
		    .has_touch = true } },
		{ "2026-11-22T09:00Z", { .id = "s3", .type = ORACLE_SALE, .cust = "b", .dim = { "c2" },
		    .has_touch = true } },
		{ "2026-11-22T09:00Z", { .id = "s4", .type = ORACLE_SALE, .dim = { "c2" }, .has_touch = true } },
	};
	(void)state;

	IN_EVERY_ORDER(told, two_are_new);
}

/* First sale on the 22nd; then one of the 21st arrives and is it; then that one is voided. */
static void
a_late_earlier_sale_or_a_void_moves_the_first(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "s2", .type = ORACLE_SALE, .cust = "a");
	IS(NEW, D, CUR, 1);
	TELL("2026-11-21T08:00Z", .id = "s1", .type = ORACLE_SALE, .cust = "a");
	IS(NEW, D, CUR, 0);
	IS(NEW, D, PREV, 1);
	TELL("2026-11-22T10:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "s1");
	IS(NEW, D, CUR, 1);
	IS(NEW, D, PREV, 0);
	oracle_free(oracle);
}

/* s1 (100) is refunded by 60 and 40: nobody is new, s2 of today neither. */
static void
nobody_is_new(struct oracle *oracle)
{
	IS(NEW, R30D, CUR, 0);
	IS(SALES, W, CUR, 2);
	IS(BUYING_CUSTOMERS, W, CUR, 1);
}

static void
a_fully_refunded_first_sale_makes_nobody_new(void **state)
{
	static const struct told told[] = {
		{ "2026-11-20T12:00Z", { .id = "s1", .type = ORACLE_SALE, .cust = "a", .num = { 100, 1 } } },
		{ "2026-11-22T08:00Z", { .id = "s2", .type = ORACLE_SALE, .cust = "a", .num = { 10, 1 } } },
		{ "2026-11-21T08:00Z", { .id = "r1", .type = ORACLE_REFUND, .cust = "a", .ref = "s1",
		    .num = { 60, 1 } } },
		{ "2026-11-21T09:00Z", { .id = "r2", .type = ORACLE_REFUND, .cust = "a", .ref = "s1",
		    .num = { 40, 1 } } },
	};
	(void)state;

	IN_EVERY_ORDER(told, nobody_is_new);
	struct oracle *oracle = start_people(TODAY);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tell(oracle, told[i].at, told[i].event), ORACLE_OK);
	IS(NEW, W, CUR, 1); /* 60 of 100 only */
	IS(NEW, D, CUR, 0);
	assert_int_equal(tell(oracle, told[3].at, told[3].event), ORACLE_OK);
	IS(NEW, W, CUR, 0);
	TELL("2026-11-22T10:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "r1");
	IS(NEW, W, CUR, 1);
	oracle_free(oracle);
}

/* A free sample is a first sale; it cannot be refunded. */
static void
a_first_sale_of_0_is_new(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a");
	TELL("2026-11-22T09:00Z", .id = "r", .type = ORACLE_REFUND, .cust = "a", .ref = "s");
	IS(NEW, D, CUR, 1);
	oracle_free(oracle);
}

static int
last_id_first(const char *cust_a, const char *id_a, const char *cust_b, const char *id_b)
{
	assert_string_equal(cust_a, cust_b);
	return strcmp(id_b, id_a);
}

/*
 * Two first sales, two touches and two events of a lead, of one ms each: the first by id is the first sale, the last by
 * id the touch and the lead's last word, which is that it is rejected.
 */
static void
ties_go_by_id_or_as_the_caller_says(void **state)
{
	static const struct told told[] = {
		{ "2026-11-22T08:00Z", { .id = "s1", .type = ORACLE_SALE, .cust = "a", .dim = { "c1" },
		    .has_touch = true } },
		{ "2026-11-22T08:00Z", { .id = "s2", .type = ORACLE_SALE, .cust = "a", .dim = { "c2" },
		    .has_touch = true } },
		{ "2026-11-22T09:00Z", { .id = "v1", .type = ORACLE_VISIT, .cust = "a", .dim = { "c3" },
		    .has_touch = true } },
		{ "2026-11-22T09:00Z", { .id = "v2", .type = ORACLE_VISIT, .cust = "a", .dim = { "c4" },
		    .has_touch = true } },
		{ "2026-11-22T10:00Z", { .id = "s3", .type = ORACLE_SALE, .cust = "a" } },
		{ "2026-11-22T10:00Z", { .id = "l1", .type = ORACLE_LEAD, .lead = "l" } },
		{ "2026-11-22T10:00Z", { .id = "l2", .type = ORACLE_LEAD, .lead = "l",
		    .stage = ORACLE_STAGE_REJECTED } },
	};
	(void)state;

	for (int turn = 0; turn < 4; turn++) {
		struct oracle_config config = people_config();
		bool reversed = turn / 2 == 1;
		if (reversed)
			config.tie = last_id_first;
		struct oracle *oracle = oracle_new(&config);
		oracle_time(oracle, utc(TODAY));
		for (int i = 0; i < 7; i++) {
			const struct told *next = &told[turn % 2 == 0 ? i : 6 - i];
			assert_int_equal(tell(oracle, next->at, next->event), ORACLE_OK);
		}
		KEY_IS(BY_CAMPAIGN, KEY("c1"), NEW, D, CUR, reversed ? 0 : 1);
		KEY_IS(BY_CAMPAIGN, KEY("c2"), NEW, D, CUR, reversed ? 1 : 0);
		KEY_IS(BY_CAMPAIGN, KEY("c3"), SALES, D, CUR, reversed ? 1 : 0);
		KEY_IS(BY_CAMPAIGN, KEY("c4"), SALES, D, CUR, reversed ? 0 : 1);
		IS(LEADS, D, CUR, reversed ? 1 : 0);
		oracle_free(oracle);
	}
}

/* Bought in January, voids it too late in November: still the first, for ever. */
static void
a_first_sale_is_remembered_for_ever(void **state)
{
	struct oracle *oracle = start_people("2026-01-10T10:00Z");
	(void)state;

	TELL("2026-01-10T10:00Z", .id = "s1", .type = ORACLE_SALE, .cust = "a");
	IS(NEW, D, CUR, 1);
	oracle_time(oracle, utc(TODAY));
	TELL("2026-11-22T08:00Z", .id = "s2", .type = ORACLE_SALE, .cust = "a");
	TELL("2026-11-22T08:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "s1");
	IS(NEW, R30D, CUR, 0);
	IS(SALES, R30D, CUR, 1);
	oracle_free(oracle);
}

/* ---- refunds ---- */

/*
 * Row 1. Last week 100 were sold in c1, this week 50 in c2 and 30 of c1's came back, one unit of two. Gross 100, 50.
 * Net by the refund's time 100, 50 - 30 = 20; attributed by the sale's 100 - 30 = 70, 50. Both refunds belong to c1;
 * the sale stays an order. Row 2: 2 units last week, this week 1 - 1.
 */
static void
thirty_came_back(struct oracle *oracle)
{
	IS(SOLD, W, PREV, 100);
	IS(SOLD, W, CUR, 50);
	IS(SALES, W, PREV, 1);
	IS(REFUNDED, W, PREV, 0);
	IS(REFUNDED, W, CUR, 30);
	IS(REFUNDED_AS_SOLD, W, PREV, 30);
	IS(REFUNDED_AS_SOLD, W, CUR, 0);
	IS(REFUNDS, W, CUR, 1);
	IS(RETURNED, D, CUR, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, D, CUR, 30);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED_AS_SOLD, W, PREV, 30);
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED, D, CUR, 0);
	KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "north"), REFUNDED, D, CUR, 30);
}

static void
a_refund_counts_under_its_sale_at_its_own_or_the_sales_time(void **state)
{
	static const struct told told[] = {
		{ "2026-11-15T12:00Z", { .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 100, 2 },
		    .dim = { [CAMPAIGN] = "c1", [TEAM] = "north" }, .has_touch = true } },
		{ "2026-11-22T08:00Z", { .id = "r", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 30, 1 },
		    .dim = { [CAMPAIGN] = "c9", [TEAM] = "south" }, .has_touch = true } },
		{ "2026-11-22T09:00Z", { .id = "t", .type = ORACLE_SALE, .cust = "a", .num = { 50, 1 }, .dim = { "c2" },
		    .has_touch = true } },
	};
	(void)state;

	IN_EVERY_ORDER(told, thirty_came_back);
}

/*
 * Row 5: 40 spent, 100 and 60 sold, the 60 refunded: (100 + 60 - 60 - 40) / 40 = 1.5. The order counts, its money nets
 * to 0.
 */
static void
a_full_refund_nets_to_0_in_the_campaign(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-16T08:00Z", .id = "x", .type = ORACLE_SPEND, .num = { 40 }, .dim = { "c1" }, .has_touch = true);
	TELL("2026-11-17T08:00Z", .id = "s1", .type = ORACLE_SALE, .num = { 100, 1 }, .dim = { "c1" },
	    .has_touch = true);
	TELL("2026-11-18T08:00Z", .id = "s2", .type = ORACLE_SALE, .num = { 60, 1 }, .dim = { "c1" },
	    .has_touch = true);
	TELL("2026-11-22T08:00Z", .id = "r", .type = ORACLE_REFUND, .ref = "s2", .num = { 60, 1 });
	KEY_IS(BY_CAMPAIGN, KEY("c1"), SPENT, W, CUR, 40);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), SOLD, W, CUR, 160);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED_AS_SOLD, W, CUR, 60);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), SALES, W, CUR, 2);
	oracle_free(oracle);
}

/* The sale of another customer is another sale. */
static void
a_refund_is_unmatched_until_its_sale_is_known(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "r", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 30, 1 },
	    .dim = { "c9" });
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED, D, CUR, 30);
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED_AS_SOLD, D, CUR, 30);
	TELL("2026-11-21T08:00Z", .id = "s", .type = ORACLE_SALE, .cust = "b", .num = { 100, 1 }, .dim = { "c2" },
	    .has_touch = true);
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED, D, CUR, 30);
	TELL("2026-11-21T08:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 20, 1 }, .dim = { "c1" },
	    .has_touch = true);
	IS(REFUNDED, D, CUR, 20); /* capped */
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, D, CUR, 20);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED_AS_SOLD, D, PREV, 20);
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED, D, CUR, 0);
	TELL("2026-11-22T08:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "s");
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED, D, CUR, 30);
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED_AS_SOLD, D, CUR, 30);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, D, CUR, 0);
	oracle_free(oracle);
}

/* 100 and 2 units sold; 60, 60 and 10 come back, a unit each, on the 20th, 21st and 22nd: 60 + 40 + 0, 1 + 1 + 0. */
static void
only_a_hundred_came_back(struct oracle *oracle)
{
	IS(REFUNDED, D, CUR, 0);
	IS(REFUNDED, D, PREV, 40);
	IS(REFUNDED, W, CUR, 100);
	IS(REFUNDED_AS_SOLD, W, PREV, 100);
	IS(RETURNED, D, CUR, 0);
	IS(RETURNED, W, CUR, 2);
	IS(REFUNDS, D, CUR, 1);
}

static void
refunds_are_capped_in_the_order_of_their_times(void **state)
{
	static const struct told told[] = {
		{ "2026-11-15T12:00Z", { .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 100, 2 } } },
		{ "2026-11-20T08:00Z", { .id = "r1", .type = ORACLE_REFUND, .cust = "a", .ref = "s",
		    .num = { 60, 1 } } },
		{ "2026-11-21T08:00Z", { .id = "r2", .type = ORACLE_REFUND, .cust = "a", .ref = "s",
		    .num = { 60, 1 } } },
		{ "2026-11-22T08:00Z", { .id = "r3", .type = ORACLE_REFUND, .cust = "a", .ref = "s",
		    .num = { 10, 1 } } },
	};
	(void)state;

	IN_EVERY_ORDER(told, only_a_hundred_came_back);
	struct oracle *oracle = start_people(TODAY);
	for (int i = 0; i < 4; i++)
		assert_int_equal(tell(oracle, told[i].at, told[i].event), ORACLE_OK);
	TELL("2026-11-22T08:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "r1");
	IS(REFUNDED, D, PREV, 60);
	IS(REFUNDED, D, CUR, 10);
	TELL("2026-11-22T08:00Z", .id = "k", .type = ORACLE_CORRECT, .cust = "a", .ref = "s", AMOUNT(65, 1));
	IS(REFUNDED, D, CUR, 5);
	IS(REFUNDED_AS_SOLD, D, CUR, 65);
	oracle_free(oracle);
}

/*
 * 1 September + 63 days = 3 November. A refund that comes then finds its sale, one that comes 1 ms later does not; that
 * the sale is forgotten moves nothing. A correction of the first one later on applies, but it is a refund of no known
 * sale.
 */
static void
a_refund_stays_with_a_sale_that_is_forgotten(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 100, 9 }, .dim = { "c1" },
	    .has_touch = true);
	oracle_time(oracle, utc("2026-11-02T00:00Z"));
	TELL("2026-11-02T00:00Z", .id = "r1", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 40, 1 });
	oracle_time(oracle, utc("2026-11-03T00:00Z"));
	TELL("2026-11-02T00:00Z", .id = "r2", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 70, 1 });
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, M, CUR, 100);
	oracle_time(oracle, utc("2026-11-03T00:00:00.001Z"));
	TELL("2026-11-02T00:00Z", .id = "r3", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 30, 1 });
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, M, CUR, 100);
	KEY_IS(BY_CAMPAIGN, KEY(NULL), REFUNDED, M, CUR, 30);
	IS(MATCHED, M, CUR, 100);
	IS(UNMATCHED, M, CUR, 1);
	TELL("2026-11-02T00:00Z", .id = "k", .type = ORACLE_CORRECT, .cust = "a", .ref = "r1", AMOUNT(5, 1));
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, M, CUR, 60); /* r2, capped when the sale was known */
	KEY_IS(BY_CAMPAIGN, KEY(NULL), REFUNDED, M, CUR, 35);
	IS(UNMATCHED, M, CUR, 2);
	oracle_free(oracle);
}

/* It came on 1 September and is forgotten when its sale comes on 10 November: nothing of that was refunded. */
static void
a_forgotten_refund_finds_no_sale(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "r", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 30, 1 });
	oracle_time(oracle, utc("2026-11-10T00:00Z"));
	TELL("2026-11-10T00:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 30, 1 });
	IS(REFUNDED_AS_SOLD, M, CUR, 0);
	IS(NEW, M, CUR, 1);
	oracle_free(oracle);
}

/* 30 of s came back, 40 of nothing known, 50 of t, which is void. A sale is never matched. */
static void
thirty_are_matched(struct oracle *oracle)
{
	IS(MATCHED, D, CUR, 30);
	IS(UNMATCHED, D, CUR, 2);
	IS(MATCHED_OR_NOT, D, CUR, 3);
	IS(MATCHED_SALES, R30D, CUR, 0);
	IS(UNMATCHED_SALES, D, PREV, 1);
}

static void
a_filter_tells_whether_a_refund_has_a_sale(void **state)
{
	static const struct told told[] = {
		{ "2026-11-21T08:00Z", { .id = "s", .type = ORACLE_SALE, .num = { 100 } } },
		{ "2026-11-21T08:00Z", { .id = "t", .type = ORACLE_SALE, .num = { 100 } } },
		{ "2026-11-22T08:00Z", { .id = "r1", .type = ORACLE_REFUND, .ref = "s", .num = { 30 } } },
		{ "2026-11-22T08:00Z", { .id = "r2", .type = ORACLE_REFUND, .ref = "u", .num = { 40 } } },
		{ "2026-11-22T08:00Z", { .id = "r3", .type = ORACLE_REFUND, .ref = "t", .num = { 50 } } },
		{ "2026-11-22T09:00Z", { .id = "v", .type = ORACLE_VOID, .ref = "t" } },
	};
	(void)state;

	IN_EVERY_ORDER(told, thirty_are_matched);
}

/*
 * 100 dollars were sold for 1000; 50 and 60 of them come back when they are 600 and 720. At the sale's 10 a dollar they
 * are 500 and 600, of which 500 are left: all of the sale, and nobody is new. (At their own rate 600 and 400.)
 */
static void
a_hundred_dollars_came_back(struct oracle *oracle)
{
	IS(REFUNDED, D, PREV, 500);
	IS(REFUNDED, D, CUR, 500);
	IS(REFUNDED_AS_SOLD, W, PREV, 1000);
	IS(NEW, W, PREV, 0);
}

static void
a_refund_is_worth_what_it_was_when_sold(void **state)
{
	static const struct told told[] = {
		{ "2026-11-15T12:00Z", { .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 1000 } } },
		{ "2026-11-21T08:00Z", { .id = "r1", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 600 },
		    .cur = "USD", .given = 50 } },
		{ "2026-11-22T08:00Z", { .id = "r2", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 720 },
		    .cur = "USD", .given = 60 } },
	};
	(void)state;

	IN_EVERY_ORDER(told, a_hundred_dollars_came_back);
}

/*
 * 50 dollars, 650 as they came, without a sale; 500 with one of the 15th, 600 when that turns out to be of the 21st;
 * corrected to 20 dollars they are 240, though the correction says 260; and that they are when the sale is void.
 */
static void
the_rate_is_that_of_the_sale_as_it_counts(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "r", .type = ORACLE_REFUND, .ref = "s", .num = { 650 }, .cur = "USD",
	    .given = 50);
	IS(REFUNDED, D, CUR, 650);
	TELL("2026-11-15T12:00Z", .id = "s", .type = ORACLE_SALE, .num = { 2000 });
	IS(REFUNDED, D, CUR, 500);
	TELL("2026-11-21T08:00Z", .id = "k1", .type = ORACLE_CORRECT, .ref = "s", AMOUNT(2000));
	IS(REFUNDED, D, CUR, 600);
	TELL("2026-11-22T08:00Z", .id = "k2", .type = ORACLE_CORRECT, .ref = "r", AMOUNT(260), .cur = "USD",
	    .given = 20);
	IS(REFUNDED, D, CUR, 240);
	TELL("2026-11-22T08:00Z", .id = "v", .type = ORACLE_VOID, .ref = "s");
	IS(REFUNDED, D, CUR, 260);
	oracle_free(oracle);
}

/* Of krona the caller knows no rate; one refund names no currency; and then the caller converts nothing. */
static void
without_a_rate_a_refund_is_worth_what_it_says(void **state)
{
	(void)state;

	for (int convert = 0; convert < 2; convert++) {
		struct oracle_config config = people_config();
		config.convert = convert ? dollars : NULL;
		struct oracle *oracle = oracle_new(&config);
		oracle_time(oracle, utc(TODAY));
		TELL("2026-11-15T12:00Z", .id = "s", .type = ORACLE_SALE, .num = { 2000 });
		TELL("2026-11-20T08:00Z", .id = "r1", .type = ORACLE_REFUND, .ref = "s", .num = { 7 }, .cur = "SEK",
		    .given = 1);
		TELL("2026-11-21T08:00Z", .id = "r2", .type = ORACLE_REFUND, .ref = "s", .num = { 30 }, .given = 1);
		TELL("2026-11-22T08:00Z", .id = "r3", .type = ORACLE_REFUND, .ref = "s", .num = { 650 }, .cur = "USD",
		    .given = 50);
		IS(REFUNDED, D, CUR, convert ? 500 : 650);
		IS(REFUNDED, D, PREV, 30);
		IS(REFUNDED, W, CUR, convert ? 537 : 687);
		oracle_free(oracle);
	}
}

/* ---- corrections and voids ---- */

/* The network takes 105 back of the 100 it charged on the 21st, and it was the 20th, and c2. */
static void
spend_is_corrected(struct oracle *oracle)
{
	IS(SPENT, D, PREV, 0);
	IS(SPENT, W, CUR, -5);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), SPENT, W, CUR, 0);
	KEY_IS(BY_CAMPAIGN, KEY("c2"), SPENT, W, CUR, -5);
}

static void
a_correction_replaces_time_place_and_numbers(void **state)
{
	static const struct told told[] = {
		{ "2026-11-21T08:00Z", { .id = "x", .type = ORACLE_SPEND, .num = { 100 }, .dim = { "c1" } } },
		{ "2026-11-20T08:00Z", { .id = "k", .type = ORACLE_CORRECT, .ref = "x", .rev = 1, AMOUNT(-5),
		    .dim = { "c2" } } },
	};
	(void)state;

	IN_EVERY_ORDER(told, spend_is_corrected);
}

static void
seventy_were_sold(struct oracle *oracle)
{
	IS(SOLD, D, CUR, 70);
	IS(SALES, D, CUR, 1);
}

static void
nothing_was_sold(struct oracle *oracle)
{
	IS(SOLD, D, CUR, 0);
	IS(SALES, D, CUR, 0);
}

static void
the_highest_revision_wins_and_of_two_the_void(void **state)
{
	const struct told sale = { "2026-11-22T08:00Z", { .id = "s", .type = ORACLE_SALE, .num = { 100, 1 } } };
	const struct told to_50 = { "2026-11-22T08:00Z",
		{ .id = "k1", .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(50, 1) } };
	const struct told to_70 = { "2026-11-22T08:00Z",
		{ .id = "k2", .type = ORACLE_CORRECT, .ref = "s", .rev = 2, AMOUNT(70, 1) } };
	const struct told void_1 = { "2026-11-22T08:00Z", { .id = "v1", .type = ORACLE_VOID, .ref = "s", .rev = 1 } };
	const struct told void_2 = { "2026-11-22T08:00Z", { .id = "v2", .type = ORACLE_VOID, .ref = "s", .rev = 2 } };
	const struct told revised[] = { sale, to_50, to_70 }, unvoided[] = { sale, void_1, to_50, to_70 };
	const struct told voided[] = { sale, to_50, to_70, void_2 }, once[] = { sale, void_1 };
	(void)state;

	IN_EVERY_ORDER(revised, seventy_were_sold);
	IN_EVERY_ORDER(unvoided, seventy_were_sold);
	IN_EVERY_ORDER(voided, nothing_was_sold);
	IN_EVERY_ORDER(once, nothing_was_sold);
}

/* A rev may be any number, 0 when none is given: the first correction comes behind the event all the same. */
static void
any_revision_is_above_the_event_itself(void **state)
{
	static const struct told told[] = {
		{ "2026-11-22T08:00Z", { .id = "s", .type = ORACLE_SALE, .num = { 100, 1 } } },
		{ "2026-11-22T08:00Z", { .id = "k", .type = ORACLE_CORRECT, .ref = "s", .rev = -3, AMOUNT(70, 1) } },
	};
	(void)state;

	IN_EVERY_ORDER(told, seventy_were_sold);
}

/* The correction of a refund bears the refund's id in `ref`: the sale it belongs to cannot be corrected. */
static void
ten_came_back(struct oracle *oracle)
{
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, D, CUR, 10);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED_AS_SOLD, D, PREV, 10);
	IS(REFUNDED, W, CUR, 10);
	IS(SALES, W, CUR, 1);
}

static void
a_corrected_refund_keeps_its_sale(void **state)
{
	static const struct told told[] = {
		{ "2026-11-21T08:00Z", { .id = "s", .type = ORACLE_SALE, .num = { 100, 1 }, .dim = { "c1" },
		    .has_touch = true } },
		{ "2026-11-21T09:00Z", { .id = "r", .type = ORACLE_REFUND, .ref = "s", .num = { 90, 1 } } },
		{ "2026-11-22T08:00Z", { .id = "k", .type = ORACLE_CORRECT, .ref = "r", AMOUNT(10, 1) } },
	};
	(void)state;

	IN_EVERY_ORDER(told, ten_came_back);
}

/* k2 has no amount at first: that is looked at when the revision is free. */
static void
one_revision_cannot_say_two_things(void **state)
{
	struct oracle_event sale = { .id = "s", .type = ORACLE_SALE, .cust = "a" };
	struct oracle_event k1 = { .id = "k1", .content = 5, .type = ORACLE_CORRECT, .cust = "a", .ref = "s",
	    .rev = 1, .has_amt = true };
	struct oracle_event k2 = { .id = "k2", .content = 6, .type = ORACLE_CORRECT, .cust = "a", .ref = "s",
	    .rev = 1 };
	struct oracle_event v1 = { .id = "v1", .content = 7, .type = ORACLE_VOID, .cust = "a", .ref = "s", .rev = 1 };
	struct oracle_event v2 = { .id = "v2", .content = 8, .type = ORACLE_VOID, .cust = "a", .ref = "s", .rev = 1 };
	(void)state;

	for (int sale_first = 0; sale_first < 2; sale_first++) {
		struct oracle *oracle = start_people(TODAY);
		if (sale_first)
			assert_int_equal(tell(oracle, TODAY, sale), ORACLE_OK);
		assert_int_equal(tell(oracle, TODAY, k1), ORACLE_OK);
		assert_int_equal(tell(oracle, TODAY, k2), ORACLE_ID_CONFLICT);
		k2.content = 5;
		assert_int_equal(tell(oracle, TODAY, k2), ORACLE_DUPLICATE);
		k2.content = 6;
		k2.has_amt = true;
		assert_int_equal(tell(oracle, TODAY, v1), ORACLE_OK); /* of that rev, but another thing to say */
		assert_int_equal(tell(oracle, TODAY, v2), ORACLE_ID_CONFLICT);
		k2.rev = 2;
		assert_int_equal(tell(oracle, TODAY, k2), ORACLE_OK); /* a refused one had left no id */
		k2.rev = 1;
		k2.has_amt = false;
		v2.cust = "b";
		assert_int_equal(tell(oracle, TODAY, v2), ORACLE_OK); /* of another event */
		v2.cust = "a";
		oracle_free(oracle);
	}
}

/*
 * Sold on 1 November; k1 says 70 of 1 October, k2 50 of 1 November. 63 days after 1 October is 3 December: until then
 * what k1 said is remembered, and then another may say that revision, behind k2.
 */
static void
a_revision_is_remembered_by_its_own_time(void **state)
{
	(void)state;

	for (int late = 0; late < 2; late++) {
		struct oracle *oracle = start_people("2026-11-01T00:00Z");
		TELL("2026-11-01T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100 });
		TELL("2026-10-01T00:00Z", .id = "k1", .content = 5, .type = ORACLE_CORRECT, .ref = "s", .rev = 1,
		    AMOUNT(70));
		TELL("2026-11-01T00:00Z", .id = "k2", .content = 6, .type = ORACLE_CORRECT, .ref = "s", .rev = 2,
		    AMOUNT(50));
		oracle_time(oracle, utc(late ? "2026-12-03T00:00:00.001Z" : "2026-12-03T00:00Z"));
		ANSWER(late ? ORACLE_OK : ORACLE_ID_CONFLICT, "2026-12-02T00:00Z", .id = "k3", .content = 7,
		    .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(30));
		ANSWER(late ? ORACLE_ID_CONFLICT : ORACLE_DUPLICATE, "2026-12-02T00:00Z", .id = "k4", .content = 5,
		    .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(70));
		IS(SOLD, M, PREV, 50);
		IS(SOLD, M, CUR, 0);
		oracle_free(oracle);
	}
}

/* The sale of 1 September is forgotten on 10 November, but not its void of 20 October. */
static void
a_revision_may_be_remembered_longer_than_its_event(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE);
	oracle_time(oracle, utc("2026-10-20T00:00Z"));
	TELL("2026-10-20T00:00Z", .id = "v1", .content = 1, .type = ORACLE_VOID, .ref = "s", .rev = 1);
	oracle_time(oracle, utc("2026-11-10T00:00Z"));
	ANSWER(ORACLE_ID_CONFLICT, "2026-11-10T00:00Z", .id = "v2", .content = 2, .type = ORACLE_VOID, .ref = "s",
	    .rev = 1);
	ANSWER(ORACLE_DUPLICATE, "2026-11-10T00:00Z", .id = "v2", .content = 1, .type = ORACLE_VOID, .ref = "s",
	    .rev = 1);
	oracle_free(oracle);
}

/*
 * Before its sale of 5 November comes, k1 of 1 September, forgotten on 4 November, and k2 of that day say one revision:
 * it was on 1 September.
 */
static void
of_two_of_one_revision_the_first_stays_in_force(void **state)
{
	struct oracle *oracle = start_people("2026-11-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "k1", .content = 1, .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(70));
	oracle_time(oracle, utc("2026-11-04T00:00Z"));
	TELL("2026-11-04T00:00Z", .id = "k2", .content = 2, .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(50));
	oracle_time(oracle, utc("2026-11-05T00:00Z"));
	TELL("2026-11-05T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100 });
	IS(SALES, M, CUR, 0);
	oracle_free(oracle);
}

/*
 * On 22 November something of the 22nd; a correct of rev 2 says that it was on the 21st, one of rev 1 on the 20th. At
 * fault, the first is refused when the event is known; when not, it holds its id and revision and does nothing.
 */
static void
a_correct_says_what_its_event_needs(void **state)
{
	static const struct {
		int type, measure;
		struct oracle_event correct;
		enum oracle_verdict verdict;
	} cases[] = {
		{ ORACLE_SALE, SALES, { AMOUNT(0) }, ORACLE_OK },
		{ ORACLE_SALE, SALES, { .lead = "l" }, ORACLE_MISSING },
		{ ORACLE_SALE, SALES, { AMOUNT(-1) }, ORACLE_BAD_AMOUNT },
		{ ORACLE_REFUND, REFUNDS, { AMOUNT(0) }, ORACLE_OK },
		{ ORACLE_REFUND, REFUNDS, { .lead = "l" }, ORACLE_MISSING },
		{ ORACLE_REFUND, REFUNDS, { AMOUNT(-1) }, ORACLE_BAD_AMOUNT },
		{ ORACLE_SPEND, SPENDS, { AMOUNT(-1) }, ORACLE_OK },
		{ ORACLE_SPEND, SPENDS, { .lead = "l" }, ORACLE_MISSING },
		{ ORACLE_LEAD, LEAD_EVENTS, { .lead = "l" }, ORACLE_OK },
		{ ORACLE_LEAD, LEAD_EVENTS, { AMOUNT(1) }, ORACLE_MISSING },
		{ ORACLE_LEAD, LEAD_EVENTS, { AMOUNT(-1) }, ORACLE_MISSING }, /* tested first */
		{ ORACLE_LEAD, LEAD_EVENTS, { .lead = "l", AMOUNT(-1) }, ORACLE_BAD_AMOUNT },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int known = 0; known < 2; known++) {
			struct oracle *oracle = start_people(TODAY);
			struct oracle_event event = { .id = "e", .type = cases[i].type, .lead = "l" };
			struct oracle_event rev_2 = cases[i].correct;
			bool fits = cases[i].verdict == ORACLE_OK;
			rev_2.id = "k2";
			rev_2.type = ORACLE_CORRECT;
			rev_2.ref = "e";
			rev_2.rev = 2;
			if (known)
				assert_int_equal(tell(oracle, "2026-11-22T08:00Z", event), ORACLE_OK);
			assert_int_equal(tell(oracle, "2026-11-21T08:00Z", rev_2),
			    known ? cases[i].verdict : ORACLE_OK);
			TELL("2026-11-20T08:00Z", .id = "k1", .type = ORACLE_CORRECT, .ref = "e", .rev = 1, .lead = "l",
			    AMOUNT(1));
			if (!known)
				assert_int_equal(tell(oracle, "2026-11-22T08:00Z", event), ORACLE_OK);
			IS(cases[i].measure, W, CUR, 1);
			IS(cases[i].measure, D, PREV, fits ? 1 : 0);
			IS(cases[i].measure, D, CUR, 0);
			ANSWER(known && !fits ? ORACLE_OK : ORACLE_ID_CONFLICT, "2026-11-21T08:00Z", .id = "k2",
			    .content = 1, .type = ORACLE_CORRECT, .ref = "e", .rev = 3, .lead = "l", AMOUNT(1));
			ANSWER(known && !fits ? ORACLE_OK : ORACLE_ID_CONFLICT, "2026-11-21T08:00Z", .id = "k3",
			    .content = 1, .type = ORACLE_CORRECT, .ref = "e", .rev = 2, .lead = "l", AMOUNT(1));
			oracle_free(oracle);
		}
	}
}

/*
 * A void, or a correct to 20 October without an amount, comes on 1 November before its sale, which is just not too late
 * and forgotten 1 ms later. The lead event that takes the id then finds neither waiting.
 */
static void
what_has_met_its_event_waits_no_more(void **state)
{
	static const int types[] = { ORACLE_VOID, ORACLE_CORRECT };
	(void)state;

	for (int i = 0; i < 2; i++) {
		struct oracle *oracle = start_people("2026-11-01T00:00Z");
		TELL("2026-10-20T00:00Z", .id = "k", .type = types[i], .ref = "s", .lead = "l");
		TELL("2026-08-30T00:00Z", .id = "s", .type = ORACLE_SALE);
		oracle_time(oracle, utc("2026-11-01T00:00:00.001Z"));
		TELL("2026-11-01T00:00Z", .id = "s", .content = 1, .type = ORACLE_LEAD, .lead = "l");
		IS(LEADS, D, CUR, 1);
		oracle_free(oracle);
	}
}

/* Voids of s, or corrects of it without an amount, of the revisions from `rev` to before `end`, all accepted. */
static void
park(struct oracle *oracle, int type, const char *at, int rev, int end)
{
	for (; rev < end; rev++) {
		char id[16];
		snprintf(id, sizeof(id), "k%d", rev);
		TELL(at, .id = id, .content = (uint64_t)rev, .type = type, .ref = "s", .rev = rev);
	}
}

/* The 17th is refused, before its revision is looked at, until the event comes: by then all 16 apply. */
static void
sixteen_corrections_wait_for_one_event(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	struct oracle_event k16 = { .id = "k16", .content = 16, .type = ORACLE_VOID, .ref = "s", .rev = 16 };
	(void)state;

	TELL(TODAY, .id = "of a", .type = ORACLE_VOID, .cust = "a", .ref = "s");
	TELL(TODAY, .id = "of t", .type = ORACLE_VOID, .ref = "t");
	park(oracle, ORACLE_VOID, TODAY, 0, 15);
	TELL(TODAY, .id = "k15", .content = 15, .type = ORACLE_CORRECT, .ref = "s", .rev = 15, AMOUNT(70));
	assert_int_equal(tell(oracle, TODAY, k16), ORACLE_BAD_REF);
	ANSWER(ORACLE_BAD_REF, TODAY, .id = "again", .content = 3, .type = ORACLE_VOID, .ref = "s", .rev = 3);
	ANSWER(ORACLE_DUPLICATE, TODAY, .id = "k3", .content = 3, .type = ORACLE_VOID, .ref = "s", .rev = 3);
	TELL(TODAY, .id = "of b", .type = ORACLE_VOID, .cust = "b", .ref = "s");
	TELL(TODAY, .id = "of u", .type = ORACLE_VOID, .ref = "u");
	TELL(TODAY, .id = "s", .type = ORACLE_SALE, .num = { 100 });
	IS(SOLD, D, CUR, 70);
	ANSWER(ORACLE_DUPLICATE, TODAY, .id = "again", .content = 3, .type = ORACLE_VOID, .ref = "s", .rev = 3);
	assert_int_equal(tell(oracle, TODAY, k16), ORACLE_OK);
	IS(SALES, D, CUR, 0);
	oracle_free(oracle);
}

/*
 * 16 of 1 September wait until 3 November and 1 ms later no more. And of 1 November: their event of 30 August comes,
 * they apply or are passed over, it is forgotten 1 ms later, and another 16 may wait.
 */
static void
only_those_that_still_wait_are_counted(void **state)
{
	(void)state;

	for (int late = 0; late < 2; late++) {
		struct oracle *oracle = start_people("2026-09-01T00:00Z");
		park(oracle, ORACLE_VOID, "2026-09-01T00:00Z", 0, 16);
		oracle_time(oracle, utc(late ? "2026-11-03T00:00:00.001Z" : "2026-11-03T00:00Z"));
		ANSWER(late ? ORACLE_OK : ORACLE_BAD_REF, "2026-11-02T00:00Z", .id = "k", .type = ORACLE_VOID,
		    .ref = "s", .rev = 16);
		oracle_free(oracle);

		oracle = start_people("2026-11-01T00:00Z");
		park(oracle, late ? ORACLE_VOID : ORACLE_CORRECT, "2026-11-01T00:00Z", 0, 16);
		TELL("2026-08-30T00:00Z", .id = "s", .type = ORACLE_SALE);
		oracle_time(oracle, utc("2026-11-01T00:00:00.001Z"));
		park(oracle, ORACLE_VOID, "2026-11-01T00:00Z", 16, 32);
		ANSWER(ORACLE_BAD_REF, "2026-11-01T00:00Z", .id = "k", .type = ORACLE_VOID, .ref = "s", .rev = 32);
		oracle_free(oracle);
	}
}

/*
 * One correct says all. A stage is a lead's, a cost type a spend's: neither what it says nor what the event had said is
 * left of the others'.
 */
static void
a_correct_drops_what_does_not_belong(void **state)
{
	static const struct {
		int type;
		int64_t staged, unstaged, media, no_cost_type;
	} cases[] = {
		{ ORACLE_LEAD, 1, 0, 0, 1 }, { ORACLE_SALE, 0, 1, 0, 1 }, { ORACLE_REFUND, 0, 1, 0, 1 },
		{ ORACLE_SPEND, 0, 1, 1, 0 },
	};
	(void)state;

	for (int i = 0; i < 8; i++) {
		const struct oracle_measure by_type[] = {
			{ .type = cases[i / 2].type, .field = -1, .filter_count = 1,
			    .filter = { { ORACLE_BY_STAGE, 1, .number = { ORACLE_STAGE_CUSTOMER } } } },
			{ .type = cases[i / 2].type, .field = -1, .filter_count = 1,
			    .filter = { { ORACLE_BY_STAGE, 1, .number = { 0 } } } },
			{ .type = cases[i / 2].type, .field = -1, .filter_count = 1,
			    .filter = { { ORACLE_BY_COST_TYPE, 1, .text = { "media" } } } },
			{ .type = cases[i / 2].type, .field = -1, .filter_count = 1,
			    .filter = { { ORACLE_BY_COST_TYPE, 1, .text = { NULL } } } },
		};
		struct oracle_config config = people_config();
		config.measure = by_type;
		config.measure_count = 4;
		struct oracle *oracle = oracle_new(&config);
		oracle_time(oracle, utc(TODAY));
		for (int turn = 0; turn < 2; turn++) {
			if (turn == i % 2)
				TELL(TODAY, .id = "e", .type = cases[i / 2].type, .lead = "l", .cost_type = "tool",
				    .stage = ORACLE_STAGE_SQL);
			else
				TELL(TODAY, .id = "k", .type = ORACLE_CORRECT, .ref = "e", .lead = "l", AMOUNT(1),
				    .stage = ORACLE_STAGE_CUSTOMER, .cost_type = "media");
		}
		TOTAL_IS(0, D, CUR, cases[i / 2].staged);
		TOTAL_IS(1, D, CUR, cases[i / 2].unstaged);
		TOTAL_IS(2, D, CUR, cases[i / 2].media);
		TOTAL_IS(3, D, CUR, cases[i / 2].no_cost_type);
		oracle_free(oracle);
	}
}

static void
only_lead_sale_refund_and_spend_can_be_corrected(void **state)
{
	static const int types[] = { ORACLE_LEAD, ORACLE_SALE, ORACLE_REFUND, ORACLE_SPEND, ORACLE_VISIT,
	    ORACLE_ENGAGE };
	struct oracle *oracle = start_people(TODAY);
	struct oracle_event nothing = { .id = "n", .type = ORACLE_VOID };
	struct oracle_event parked = { .id = "p", .type = ORACLE_VOID, .ref = "later" };
	struct oracle_event of_void = { .id = "o", .type = ORACLE_VOID, .ref = "p" };
	(void)state;

	for (int i = 0; i < 6; i++) {
		char id[2] = { (char)('a' + i), 0 }, void_id[2] = { (char)('A' + i), 0 };
		TELL(TODAY, .id = id, .type = types[i]);
		struct oracle_event taken_back = { .id = void_id, .type = ORACLE_VOID, .ref = id };
		assert_int_equal(tell(oracle, TODAY, taken_back), i < 4 ? ORACLE_OK : ORACLE_BAD_REF);
	}
	assert_int_equal(tell(oracle, TODAY, nothing), ORACLE_BAD_REF);
	assert_int_equal(tell(oracle, TODAY, parked), ORACLE_OK);
	assert_int_equal(tell(oracle, TODAY, of_void), ORACLE_BAD_REF);
	TELL(TODAY, .id = "later", .type = ORACLE_VISIT);
	IS(ALL_VISITS, D, CUR, 2); /* what came before its visit does nothing to it */
	oracle_free(oracle);
}

static void
a_correction_is_late_or_early_as_any_event(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	struct oracle_event to_70 = { .id = "k", .type = ORACLE_CORRECT, .ref = "s", AMOUNT(70, 1) };
	(void)state;

	TELL(TODAY, .id = "s", .type = ORACLE_SALE, .num = { 100, 1 });
	to_70.ts_ms = oracle_now(oracle) - 63 * DAY - 1;
	assert_int_equal(oracle_add(oracle, &to_70), ORACLE_TOO_LATE);
	to_70.ts_ms = oracle_now(oracle) + 5 * MINUTE + 1;
	assert_int_equal(oracle_add(oracle, &to_70), ORACLE_FUTURE);
	IS(SOLD, D, CUR, 100);
	to_70.ts_ms = oracle_now(oracle) - 63 * DAY;
	assert_int_equal(oracle_add(oracle, &to_70), ORACLE_OK);
	IS(SOLD, R30D, CUR, 0);
	oracle_free(oracle);
}

/* It came on 1 September; 63 days later is 3 November. */
static void
a_correction_waits_for_its_event_as_long_as_the_horizon(void **state)
{
	(void)state;

	for (int late = 0; late < 2; late++) {
		struct oracle *oracle = start_people("2026-09-01T00:00Z");
		TELL("2026-09-01T00:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "s", .rev = 1);
		oracle_time(oracle, utc(late ? "2026-11-03T00:00:00.001Z" : "2026-11-03T00:00Z"));
		/* A second one of that rev: in conflict only while the first is remembered. */
		struct oracle_event again = { .id = "w", .content = 1, .type = ORACLE_CORRECT, .cust = "a", .ref = "s",
			.rev = 1, AMOUNT(70, 1) };
		assert_int_equal(tell(oracle, "2026-11-02T00:00Z", again), ORACLE_OK);
		again.id = "x";
		again.type = ORACLE_VOID;
		assert_int_equal(tell(oracle, "2026-11-02T00:00Z", again), late ? ORACLE_OK : ORACLE_ID_CONFLICT);
		again.id = "y";
		again.rev = 0;
		again.type = ORACLE_CORRECT;
		assert_int_equal(tell(oracle, "2026-11-02T00:00Z", again), ORACLE_OK);
		oracle_free(oracle);

		oracle = start_people("2026-09-01T00:00Z");
		TELL("2026-09-01T00:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "s", .rev = 1);
		oracle_time(oracle, utc(late ? "2026-11-03T00:00:00.001Z" : "2026-11-03T00:00Z"));
		TELL("2026-11-02T00:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a");
		IS(SALES, M, CUR, late ? 1 : 0);
		oracle_free(oracle);
	}
}

/* Sold on 1 September, corrected to 2 November when it is known no more, or 1 ms earlier. */
static void
an_event_is_corrected_until_it_is_forgotten(void **state)
{
	(void)state;

	for (int late = 0; late < 2; late++) {
		struct oracle *oracle = start_people("2026-09-01T00:00Z");
		TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100, 1 });
		oracle_time(oracle, utc(late ? "2026-11-03T00:00:00.001Z" : "2026-11-03T00:00Z"));
		TELL("2026-11-02T00:00Z", .id = "k", .type = ORACLE_CORRECT, .ref = "s", AMOUNT(70, 1));
		IS(SOLD, M, CUR, late ? 0 : 70);
		oracle_free(oracle);
	}
}

/* The void of October does not make the sale of 1 September younger: on 10 November it is known no more. */
static void
a_voided_event_is_as_old_as_it_was(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100, 1 });
	oracle_time(oracle, utc("2026-10-01T00:00Z"));
	TELL("2026-10-01T00:00Z", .id = "v", .type = ORACLE_VOID, .ref = "s", .rev = 1);
	oracle_time(oracle, utc("2026-11-10T00:00Z"));
	TELL("2026-11-10T00:00Z", .id = "k", .type = ORACLE_CORRECT, .ref = "s", .rev = 2, AMOUNT(70, 1));
	IS(SALES, M, CUR, 0);
	oracle_free(oracle);
}

/* a's and b's sales are both called s; b's is voided, in either order. */
static void
a_s_sale_is_there(struct oracle *oracle)
{
	IS(SOLD, D, CUR, 100);
	IS(SALES, W, CUR, 1);
}

static void
a_correction_is_of_its_customers_event(void **state)
{
	static const struct told told[] = {
		{ "2026-11-22T08:00Z", { .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 100 } } },
		{ "2026-11-22T09:00Z", { .id = "s", .type = ORACLE_SALE, .cust = "b", .num = { 20 } } },
		{ "2026-11-22T09:00Z", { .id = "v", .type = ORACLE_VOID, .cust = "b", .ref = "s" } },
	};
	(void)state;

	IN_EVERY_ORDER(told, a_s_sale_is_there);
}

/*
 * Sold on 1 September, 100, of which 30 came back; on 31 October corrected to that day and 70. On 4 November, 64 days
 * later, the id may be taken again, though the sale is known. What corrected and refunded the first has nothing to do
 * with the second; what comes now is the second's, also a rev below the first's. But k's own is k's until 2 January.
 */
static void
an_id_that_is_taken_again_starts_anew(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100 }, .dim = { "c1" }, .has_touch = true);
	oracle_time(oracle, utc("2026-10-31T00:00Z"));
	TELL("2026-10-31T00:00Z", .id = "r", .type = ORACLE_REFUND, .ref = "s", .num = { 30 });
	TELL("2026-10-31T00:00Z", .id = "k", .content = 1, .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(70),
	    .dim = { "c1" }, .has_touch = true);
	oracle_time(oracle, utc("2026-11-04T00:00Z"));
	TELL("2026-11-04T00:00Z", .id = "s", .content = 1, .type = ORACLE_SALE, .num = { 500 }, .dim = { "c2" },
	    .has_touch = true);
	IS(SOLD, M, PREV, 70);
	IS(SOLD, M, CUR, 500);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), REFUNDED, M, PREV, 30);
	ANSWER(ORACLE_ID_CONFLICT, "2026-11-04T00:00Z", .id = "k2", .content = 2, .type = ORACLE_CORRECT, .ref = "s",
	    .rev = 1, AMOUNT(400));
	TELL("2026-11-04T00:00Z", .id = "k2", .content = 2, .type = ORACLE_CORRECT, .ref = "s", .rev = 0, AMOUNT(400));
	IS(SOLD, M, PREV, 70);
	IS(SOLD, M, CUR, 400);
	oracle_free(oracle);
}

/*
 * As above, but what takes the id on 4 November is of 10 September and forgotten on 13 November: nothing of that name
 * can be corrected then, though the first, of 31 October, would still be known. Nor when no sale had taken the id.
 */
static void
what_had_an_id_before_cannot_be_corrected(void **state)
{
	static const int types[] = { ORACLE_SALE, ORACLE_VISIT, ORACLE_VOID };
	(void)state;

	for (int i = 0; i < 3; i++) {
		struct oracle *oracle = start_people("2026-09-01T00:00Z");
		TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100 });
		oracle_time(oracle, utc("2026-10-31T00:00Z"));
		TELL("2026-10-31T00:00Z", .id = "k", .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(70));
		oracle_time(oracle, utc("2026-11-04T00:00Z"));
		TELL("2026-09-10T00:00Z", .id = "s", .content = 1, .type = types[i], .ref = "z");
		oracle_time(oracle, utc("2026-11-13T00:00Z"));
		TELL("2026-11-13T00:00Z", .id = "v", .type = ORACLE_VOID, .ref = "s", .rev = 9);
		IS(SOLD, M, PREV, 70);
		oracle_free(oracle);
	}
}

/*
 * On 1 September it is said that s was on 1 July; s comes on 15 October, when that is forgotten already: it counts
 * nowhere, and its refund, of 1 September, waits on. But it was the first sale.
 */
static void
an_event_may_be_forgotten_when_it_comes(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-07-01T00:00Z", .id = "k", .type = ORACLE_CORRECT, .cust = "a", .ref = "s", AMOUNT(100));
	TELL("2026-09-01T00:00Z", .id = "r", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 30 },
	    .dim = { "c9" });
	oracle_time(oracle, utc("2026-10-15T00:00Z"));
	TELL("2026-10-14T00:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 100 });
	TELL("2026-10-14T00:00Z", .id = "t", .type = ORACLE_SALE, .cust = "a", .num = { 20 });
	IS(SOLD, R30D, CUR, 20);
	IS(NEW, R30D, CUR, 0);
	KEY_IS(BY_CAMPAIGN, KEY("c9"), REFUNDED, R30D, PREV, 30);
	oracle_free(oracle);
}

/* Sold on 1 September, on 1 October corrected to that day; on 20 November it is 50 days old, not 80. */
static void
a_corrected_event_is_as_old_as_its_new_time(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100, 1 });
	oracle_time(oracle, utc("2026-10-01T00:00Z"));
	TELL("2026-10-01T00:00Z", .id = "k1", .type = ORACLE_CORRECT, .ref = "s", .rev = 1, AMOUNT(70, 1));
	oracle_time(oracle, utc("2026-11-20T00:00Z"));
	IS(SOLD, M, PREV, 70);
	TELL("2026-11-19T00:00Z", .id = "k2", .type = ORACLE_CORRECT, .ref = "s", .rev = 2, AMOUNT(30, 1));
	IS(SOLD, M, PREV, 0);
	IS(SOLD, M, CUR, 30);
	oracle_free(oracle);
}

/* Without `people` correct and void are types as any other, and a refund counts where it says. */
static void
without_people_a_correction_is_an_event_and_no_more(void **state)
{
	static const struct oracle_measure types[] = {
		{ .type = ORACLE_SALE, .field = 0 }, { .type = ORACLE_CORRECT, .field = 0 },
		{ .type = ORACLE_VOID, .field = -1 },
		{ .type = ORACLE_REFUND, .field = 0, .as_sold = true },
	};
	struct oracle *oracle = start_measuring(types, 4, TODAY);
	(void)state;

	TELL("2026-11-21T08:00Z", .id = "s", .type = ORACLE_SALE, .num = { 100 }, .dim = { "c1" });
	TELL(TODAY, .id = "k", .type = ORACLE_CORRECT, .ref = "s", .num = { 70 });
	TELL(TODAY, .id = "k2", .content = 1, .type = ORACLE_CORRECT, .ref = "s", .num = { 7 });
	TELL(TODAY, .id = "v", .type = ORACLE_VOID);
	TELL(TODAY, .id = "r", .type = ORACLE_REFUND, .ref = "s", .num = { 170 }, .dim = { "c2" });
	TOTAL_IS(0, D, PREV, 100);
	TOTAL_IS(1, D, CUR, 77);
	TOTAL_IS(2, D, CUR, 1);
	TOTAL_IS(3, D, CUR, 170);
	assert_int_equal(oracle_total(oracle, BY_CAMPAIGN, KEY("c2"), 3, ORACLE_D, ORACLE_CUR), 170);
	assert_int_equal(oracle_total(oracle, BY_CHANNEL, KEY([CHANNEL] = "Direct"), 0, ORACLE_D, ORACLE_PREV), 0);
	oracle_free(oracle);
}

/* ---- leads ---- */

/*
 * Rows 7 and 8. a's lead: created on the 10th (last week) in c1, MQL on the 16th in c2 and again on the 21st, SQL today
 * in c3. Each stage counts once, when and where it was entered; the cohorts, last week and in c1; of those that became
 * MQL, this week and in c2.
 */
static void
each_stage_counts_when_it_is_entered(struct oracle *oracle)
{
	IS(LEADS, W, PREV, 1);
	IS(LEADS, W, CUR, 0);
	IS(MQL, W, CUR, 1);
	IS(MQL, D, PREV, 0);
	IS(MQL, M, CUR, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c2"), MQL, W, CUR, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c3"), SQL, D, CUR, 1);
	IS(SQL, W, PREV, 0);
	IS(CUSTOMERS, M, CUR, 0);
	IS(LEAD_COHORT, W, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), MQL_COHORT, W, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c1"), SQL_COHORT, W, PREV, 1);
	IS(SQL_COHORT, W, CUR, 0);
	IS(CUSTOMER_COHORT, M, CUR, 0);
	KEY_IS(BY_CAMPAIGN, KEY("c2"), MQL_TO_SQL, W, CUR, 1);
	IS(MQL_TO_SQL_C2, W, CUR, 1);
	IS(MQL_TO_SQL, M, CUR, 1);
	IS(MQL_TO_SQL, W, PREV, 0);
	IS(MQL_TO_SQL, D, CUR, 0);
	IS(MQL_TO_CUSTOMER, M, CUR, 0);
	IS(SQL_TO_CUSTOMER, M, CUR, 0);
}

static void
a_lead_counts_in_a_stage_when_it_first_enters_it(void **state)
{
	static const struct told told[] = {
		{ "2026-11-10T12:00Z", { .id = "1", .type = ORACLE_LEAD, .cust = "a", .lead = "l", .dim = { "c1" } } },
		{ "2026-11-16T12:00Z", { .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .cust = "a",
		    .lead = "l", .dim = { "c2" } } },
		{ "2026-11-21T12:00Z", { .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .cust = "a",
		    .lead = "l", .dim = { "c3" } } },
		{ "2026-11-22T01:00Z", { .id = "4", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .cust = "a",
		    .lead = "l", .dim = { "c3" } } },
	};
	(void)state;

	IN_EVERY_ORDER(told, each_stage_counts_when_it_is_entered);
}

/* Lead on the 10th, SQL yesterday: MQL too, then and there. Customer today. */
static void
the_skipped_stage_is_entered_too(struct oracle *oracle)
{
	IS(LEADS, W, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c3"), MQL, D, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c3"), SQL, D, PREV, 1);
	IS(MQL, M, CUR, 1);
	IS(CUSTOMERS, D, CUR, 1);
	IS(MQL_COHORT, W, PREV, 1);
	IS(CUSTOMER_COHORT, W, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c3"), MQL_TO_SQL, D, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c3"), MQL_TO_CUSTOMER, D, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c3"), SQL_TO_CUSTOMER, D, PREV, 1);
	IS(SQL_TO_CUSTOMER, M, CUR, 1);
}

static void
a_lead_that_skips_a_stage_enters_it_at_the_same_time(void **state)
{
	static const struct told told[] = {
		{ "2026-11-10T12:00Z", { .id = "1", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_LEAD, .lead = "l" } },
		{ "2026-11-21T12:00Z", { .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "l",
		    .dim = { "c3" } } },
		{ "2026-11-22T01:00Z", { .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_CUSTOMER,
		    .lead = "l" } },
	};
	(void)state;

	IN_EVERY_ORDER(told, the_skipped_stage_is_entered_too);
}

/* SQL on the 20th implies MQL and lead; but MQL is said of the 21st, and lead of the 22nd: created then. */
static void
what_is_said_counts_and_not_what_is_implied(struct oracle *oracle)
{
	IS(LEADS, D, CUR, 1);
	IS(LEADS, W, CUR, 1);
	IS(MQL, D, PREV, 1);
	IS(MQL, W, CUR, 1);
	IS(SQL, D, PREV, 0);
	IS(SQL, W, CUR, 1);
	IS(SQL_COHORT, D, CUR, 1);
	IS(SQL_COHORT, W, CUR, 1);
	IS(MQL_TO_SQL, D, PREV, 1);
	IS(MQL_TO_SQL, W, CUR, 1);
}

static void
an_explicit_stage_beats_an_implied_one(void **state)
{
	static const struct told told[] = {
		{ "2026-11-20T12:00Z", { .id = "1", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "l" } },
		{ "2026-11-21T12:00Z", { .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "l" } },
		{ "2026-11-22T01:00Z", { .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_LEAD, .lead = "l" } },
	};
	(void)state;

	IN_EVERY_ORDER(told, what_is_said_counts_and_not_what_is_implied);
}

/* The event that said `lead` is still counted as an event. */
static void
the_lead_is_gone(struct oracle *oracle)
{
	IS(LEADS, M, CUR, 0);
	IS(MQL, M, CUR, 0);
	IS(LEAD_COHORT, M, CUR, 0);
	IS(MQL_COHORT, M, CUR, 0);
	IS(LEAD_EVENTS, M, CUR, 1);
}

/* As before it was rejected: MQL of the 16th is the first, not the one of the 21st. */
static void
the_lead_is_back(struct oracle *oracle)
{
	IS(LEADS, W, PREV, 1);
	IS(MQL, W, CUR, 1);
	IS(MQL, D, PREV, 0);
	IS(MQL_COHORT, W, PREV, 1);
}

static void
the_lead_is_new(struct oracle *oracle)
{
	IS(LEADS, W, PREV, 0);
	IS(LEADS, D, PREV, 1);
	IS(MQL, D, PREV, 1);
}

static void
a_rejected_lead_counts_nowhere_until_it_is_reopened(void **state)
{
	static const struct told told[] = {
		{ "2026-11-10T12:00Z", { .id = "1", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_LEAD, .lead = "l" } },
		{ "2026-11-16T12:00Z", { .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "l" } },
		{ "2026-11-20T12:00Z", { .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_REJECTED,
		    .lead = "l" } },
		{ "2026-11-21T12:00Z", { .id = "4", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "l" } },
	};
	static const struct told anew[] = { /* a rejection implies no stage: created when reopened */
		{ "2026-11-10T12:00Z", { .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_REJECTED,
		    .lead = "l" } },
		{ "2026-11-21T12:00Z", { .id = "4", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "l" } },
	};
	static const struct told at_once[] = { /* the last id says what holds */
		{ "2026-11-20T12:00Z", { .id = "1", .type = ORACLE_LEAD, .lead = "l" } },
		{ "2026-11-20T12:00Z", { .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_REJECTED,
		    .lead = "l" } },
	};
	(void)state;

	in_every_order(told, 3, the_lead_is_gone);
	IN_EVERY_ORDER(told, the_lead_is_back);
	IN_EVERY_ORDER(at_once, the_lead_is_gone);
	IN_EVERY_ORDER(anew, the_lead_is_new);
}

/* a and b both call theirs l; a has m as well; the two without a customer are one. 4 leads, of 6 events. */
static void
four_leads(struct oracle *oracle)
{
	IS(LEADS, D, CUR, 4);
	IS(LEAD_EVENTS, D, CUR, 6);
}

static void
a_lead_is_one_of_its_customer(void **state)
{
	static const struct told told[] = {
		{ "2026-11-22T01:00Z", { .id = "1", .type = ORACLE_LEAD, .cust = "a", .lead = "l" } },
		{ "2026-11-22T02:00Z", { .id = "2", .type = ORACLE_LEAD, .cust = "b", .lead = "l" } },
		{ "2026-11-22T03:00Z", { .id = "3", .type = ORACLE_LEAD, .cust = "a", .lead = "m" } },
		{ "2026-11-22T04:00Z", { .id = "4", .type = ORACLE_LEAD, .lead = "l" } },
		{ "2026-11-22T05:00Z", { .id = "5", .type = ORACLE_LEAD, .lead = "l" } },
		{ "2026-11-22T06:00Z", { .id = "6", .type = ORACLE_LEAD, .cust = "a" } }, /* of no lead */
	};
	(void)state;

	IN_EVERY_ORDER(told, four_leads);
}

/*
 * Rows 3 and 9. Last week 90 were spent and four leads came, one of which was rejected this week and one won: cost per
 * lead 90 / 3 = 30, lead conversion 1 / 3, in prev, by what is known now. Row 9's other half: four visits, two sales in
 * the first of them, one in the second, one in none: 2 / 4.
 */
static void
cost_per_lead_and_conversions(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-10T08:00Z", .id = "x", .type = ORACLE_SPEND, .num = { 90 });
	for (int i = 0; i < 4; i++) {
		char id[2] = { (char)('a' + i), 0 }, visit_id[2] = { (char)('A' + i), 0 };
		TELL("2026-11-11T08:00Z", .id = id, .type = ORACLE_LEAD, .cust = id, .lead = "l");
		TELL("2026-11-22T08:00Z", .id = visit_id, .type = ORACLE_VISIT, .cust = "v", .visit = visit_id);
	}
	TELL("2026-11-17T08:00Z", .id = "n", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_REJECTED, .cust = "a",
	    .lead = "l");
	TELL("2026-11-18T08:00Z", .id = "y", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_CUSTOMER, .cust = "b",
	    .lead = "l");
	IS(SPENT, W, PREV, 90);
	IS(LEADS, W, PREV, 3);
	IS(CUSTOMER_COHORT, W, PREV, 1);
	IS(CUSTOMER_COHORT, W, CUR, 0);
	IS(CUSTOMERS, W, CUR, 1);
	TELL("2026-11-22T08:10Z", .id = "s1", .type = ORACLE_SALE, .cust = "v", .visit = "A");
	TELL("2026-11-22T08:20Z", .id = "s2", .type = ORACLE_SALE, .cust = "v", .visit = "A");
	TELL("2026-11-22T08:30Z", .id = "s3", .type = ORACLE_SALE, .cust = "v", .visit = "B");
	TELL("2026-11-22T08:40Z", .id = "s4", .type = ORACLE_SALE, .cust = "v");
	IS(ALL_VISITS, D, CUR, 4);
	IS(BUYING_VISITS, D, CUR, 2);
	oracle_free(oracle);
}

/*
 * Row 8. Last week three became MQL: a, b, in c2, and c, who was SQL at once; today b is SQL too: 2 / 3, by cohort. d
 * was SQL last week but is rejected: nowhere, until that is taken back: 3 / 4. e became MQL this week: 0 / 1; then he
 * is SQL: 1 / 1.
 */
static void
mql_to_sql_is_of_those_that_became_mql_in_the_window(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-10T08:00Z", .id = "1", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "a");
	TELL("2026-11-22T08:00Z", .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "b",
	    .dim = { "c3" });
	TELL("2026-11-11T08:00Z", .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "b",
	    .dim = { "c2" });
	TELL("2026-11-02T08:00Z", .id = "4", .type = ORACLE_LEAD, .lead = "b", .dim = { "c1" });
	TELL("2026-11-12T08:00Z", .id = "5", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "c");
	TELL("2026-11-10T08:00Z", .id = "6", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "d");
	TELL("2026-11-11T08:00Z", .id = "7", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "d");
	TELL("2026-11-17T08:00Z", .id = "8", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_REJECTED, .lead = "d");
	TELL("2026-11-17T08:00Z", .id = "9", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "e");
	IS(MQL, W, PREV, 3);
	IS(MQL_TO_SQL, W, PREV, 2);
	IS(MQL_TO_SQL_C2, W, PREV, 1);
	KEY_IS(BY_CAMPAIGN, KEY("c2"), MQL_TO_SQL, W, PREV, 1);
	IS(MQL, W, CUR, 1);
	IS(MQL_TO_SQL, W, CUR, 0);
	TELL("2026-11-22T08:00Z", .id = "v", .type = ORACLE_VOID, .ref = "8");
	IS(MQL, W, PREV, 4);
	IS(MQL_TO_SQL, W, PREV, 3);
	TELL("2026-11-22T08:00Z", .id = "10", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "e");
	IS(MQL_TO_SQL, W, CUR, 1);
	IS(MQL_TO_SQL, D, CUR, 0);
	oracle_free(oracle);
}

/* MQL of the 16th was SQL of the 21st, in truth: so MQL is implied there. */
static void
the_stage_is_corrected(struct oracle *oracle)
{
	IS(MQL, D, PREV, 1);
	IS(SQL, D, PREV, 1);
	IS(MQL, W, CUR, 1);
	IS(LEADS, W, PREV, 1);
}

/* It was of lead m: l has nothing but its creation, and m is a lead of the 16th. */
static void
the_lead_is_corrected(struct oracle *oracle)
{
	IS(LEADS, W, PREV, 1);
	IS(MQL_COHORT, W, PREV, 0);
	IS(LEADS, W, CUR, 1);
	IS(MQL_COHORT, W, CUR, 1);
}

static void
lead_events_can_be_corrected_and_voided(void **state)
{
	const struct told lead = { "2026-11-10T12:00Z", { .id = "1", .type = ORACLE_LEAD, .cust = "a", .lead = "l" } };
	const struct told mql = { "2026-11-16T12:00Z",
		{ .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .cust = "a", .lead = "l" } };
	const struct told to_sql = { "2026-11-21T12:00Z",
		{ .id = "k", .type = ORACLE_CORRECT, .ref = "2", .stage = ORACLE_STAGE_SQL, .cust = "a",
		    .lead = "l" } };
	const struct told to_m = { "2026-11-16T12:00Z",
		{ .id = "k", .type = ORACLE_CORRECT, .ref = "2", .stage = ORACLE_STAGE_MQL, .cust = "a",
		    .lead = "m" } };
	const struct told rejected = { "2026-11-21T12:00Z",
		{ .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_REJECTED, .cust = "a", .lead = "l" } };
	const struct told not_rejected = { "2026-11-21T12:00Z",
		{ .id = "v", .type = ORACLE_VOID, .ref = "3", .cust = "a" } };
	const struct told stage[] = { lead, mql, to_sql }, name[] = { lead, mql, to_m };
	const struct told back[] = { lead, mql, rejected, not_rejected };
	(void)state;

	IN_EVERY_ORDER(stage, the_stage_is_corrected);
	IN_EVERY_ORDER(name, the_lead_is_corrected);
	IN_EVERY_ORDER(back, the_lead_is_back);
}

/*
 * Lead on 1 September, MQL on 20 October, which is corrected on 10 November, SQL on that day: 70 days after its
 * creation it is still the same lead, and never a new one of October. 63 days after that, 12 January, it is forgotten;
 * what comes then is a new lead of that name, which enters only the stage that the first one had not reached.
 */
static void
a_lead_is_forgotten_as_a_whole(void **state)
{
	struct oracle *oracle = start_people("2026-09-01T00:00Z");
	(void)state;

	TELL("2026-09-01T00:00Z", .id = "1", .type = ORACLE_LEAD, .lead = "l");
	oracle_time(oracle, utc("2026-10-20T00:00Z"));
	TELL("2026-10-20T00:00Z", .id = "2", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_MQL, .lead = "l");
	oracle_time(oracle, utc("2026-11-10T00:00Z"));
	IS(LEADS, M, PREV, 0);
	IS(MQL, M, PREV, 1);
	TELL("2026-10-21T00:00Z", .id = "k", .type = ORACLE_CORRECT, .ref = "2", .stage = ORACLE_STAGE_MQL,
	    .lead = "l");
	IS(LEADS, M, PREV, 0);
	IS(MQL, M, PREV, 1);
	TELL("2026-11-10T00:00Z", .id = "3", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_SQL, .lead = "l");
	IS(LEADS, M, PREV, 0);
	IS(LEADS, M, CUR, 0);
	IS(MQL, M, CUR, 0);
	IS(SQL, M, CUR, 1);
	oracle_time(oracle, utc("2027-01-12T00:00:00.001Z"));
	TELL("2027-01-12T00:00Z", .id = "4", .type = ORACLE_LEAD, .stage = ORACLE_STAGE_CUSTOMER, .lead = "l");
	IS(LEADS, D, CUR, 0);
	IS(SQL, D, CUR, 0);
	IS(CUSTOMERS, D, CUR, 1);
	oracle_free(oracle);
}

/* ---- attribution ---- */

#define EMAIL "c1", "Email", "s1", "m1"
#define SEARCH "c2", "Paid Search", "s2", "m2"

/*
 * a came by mail on the 16th, by search on the 18th, directly on the 20th, bought on the 21st, and came by another way
 * today. b's visit is not his. The sale is search's, with all four dimensions of that visit, and so are the new
 * customer and the refund.
 */
static void
search_has_sold(struct oracle *oracle)
{
	KEY_IS(BY_TOUCH, KEY(SEARCH), SOLD, D, PREV, 100);
	KEY_IS(BY_TOUCH, KEY(SEARCH), NEW, D, PREV, 1);
	KEY_IS(BY_CHANNEL, KEY([CHANNEL] = "Paid Search"), SALES, W, CUR, 1);
	IS(SOLD, W, CUR, 100);
	IS(ALL_VISITS, W, CUR, 5);
}

static void
a_sale_takes_all_of_the_last_touch_that_is_not_direct(void **state)
{
	static const struct told told[] = {
		{ "2026-11-16T10:00Z", { .id = "1", .type = ORACLE_VISIT, .cust = "a", .dim = { EMAIL },
		    .has_touch = true } },
		{ "2026-11-18T10:00Z", { .id = "2", .type = ORACLE_VISIT, .cust = "a", .dim = { SEARCH },
		    .has_touch = true } },
		{ "2026-11-20T10:00Z", { .id = "3", .type = ORACLE_VISIT, .cust = "a",
		    .dim = { NULL, "Direct", "(direct)" }, .has_touch = true } },
		{ "2026-11-21T10:00Z", { .id = "4", .type = ORACLE_SALE, .cust = "a", .num = { 100, 1 } } },
		{ "2026-11-22T10:00Z", { .id = "5", .type = ORACLE_VISIT, .cust = "a", .dim = { EMAIL },
		    .has_touch = true } },
		{ "2026-11-21T09:00Z", { .id = "6", .type = ORACLE_VISIT, .cust = "b", .dim = { EMAIL },
		    .has_touch = true } },
	};
	(void)state;

	IN_EVERY_ORDER(told, search_has_sold);
}

/*
 * Sold at 10:00:00.000 today. 30 days before is 23 October 10:00:00.000: just too old. The sale's own ms is not too
 * new.
 */
static void
a_touch_counts_for_30_days_up_to_the_sale(void **state)
{
	static const struct {
		const char *at;
		int64_t look_back_ms;
		bool counts;
	} cases[] = {
		{ "2026-10-23T10:00:00.000Z", 0, false }, { "2026-10-23T10:00:00.001Z", 0, true },
		{ "2026-11-22T10:00:00.000Z", 0, true }, { "2026-11-22T10:00:00.001Z", 0, false },
		{ "2026-11-21T10:00:00.000Z", DAY, false }, { "2026-11-21T10:00:00.001Z", DAY, true },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oracle_config config = people_config();
		config.look_back_ms = cases[i].look_back_ms;
		struct oracle *oracle = oracle_new(&config);
		oracle_time(oracle, utc(TODAY));
		TELL(cases[i].at, .id = "1", .type = ORACLE_VISIT, .cust = "a", .dim = { EMAIL }, .has_touch = true);
		TELL("2026-11-22T10:00Z", .id = "2", .type = ORACLE_SALE, .cust = "a");
		KEY_IS(BY_TOUCH, KEY(EMAIL), SALES, D, CUR, cases[i].counts ? 1 : 0);
		KEY_IS(BY_TOUCH, KEY([CHANNEL] = "Direct"), SALES, D, CUR, cases[i].counts ? 0 : 1);
		oracle_free(oracle);
	}
}

/*
 * s1 names a campaign, s2 had a click id of which nothing followed: they inherit nothing. s3 has team and product only:
 * it takes the mail's four and keeps its own. s4 has nobody: no person, no touch. A visit that says nothing is no
 * touch. A lead event without a lead is a touch, but no sale's own lead.
 */
static void
a_sale_with_a_touch_of_its_own_inherits_nothing(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-20T10:00Z", .id = "1", .type = ORACLE_VISIT, .cust = "a", .dim = { EMAIL }, .has_touch = true);
	TELL("2026-11-20T11:00Z", .id = "2", .type = ORACLE_VISIT, .cust = "a");
	TELL("2026-11-20T12:00Z", .id = "3", .type = ORACLE_VISIT, .dim = { EMAIL }, .has_touch = true);
	TELL("2026-11-22T07:00Z", .id = "s1", .type = ORACLE_SALE, .cust = "a", .num = { 1 }, .dim = { "c7" },
	    .has_touch = true);
	TELL("2026-11-22T08:00Z", .id = "s2", .type = ORACLE_SALE, .cust = "a", .num = { 20 }, .has_touch = true);
	TELL("2026-11-22T09:00Z", .id = "s3", .type = ORACLE_SALE, .cust = "a", .num = { 300 },
	    .dim = { [TEAM] = "north", [PRODUCT] = "p" });
	TELL("2026-11-22T10:00Z", .id = "s4", .type = ORACLE_SALE, .num = { 4000 });
	TELL("2026-11-19T10:00Z", .id = "4", .type = ORACLE_LEAD, .cust = "a", .dim = { SEARCH, "west" },
	    .has_touch = true);
	KEY_IS(BY_TOUCH, KEY("c7"), SOLD, D, CUR, 1);
	KEY_IS(BY_TOUCH, KEY(NULL), SOLD, D, CUR, 20);
	KEY_IS(BY_TOUCH, KEY(EMAIL), SOLD, D, CUR, 300);
	KEY_IS(BY_TOUCH, KEY([CHANNEL] = "Direct"), SOLD, D, CUR, 4000);
	KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "north"), SOLD, D, CUR, 300);
	KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "west"), SOLD, D, CUR, 0);
	oracle_free(oracle);
}

/*
 * Touches of a: lead l by search on the 16th, direct on the 18th; lead k by mail on the 19th. Sales today: s1 of l:
 * search, though mail is later. s2 of no lead, s3 of a lead n that nobody knows: mail. s4 of l, but of customer b:
 * Direct.
 */
static void
its_own_lead_first(struct oracle *oracle)
{
	KEY_IS(BY_TOUCH, KEY(SEARCH), SOLD, D, CUR, 1);
	KEY_IS(BY_TOUCH, KEY(EMAIL), SOLD, D, CUR, 320);
	KEY_IS(BY_TOUCH, KEY([CHANNEL] = "Direct"), SOLD, D, CUR, 4000);
}

static void
the_touches_of_its_own_lead_come_first(void **state)
{
	static const struct told leads[] = {
		{ "2026-11-16T10:00Z", { .id = "1", .type = ORACLE_LEAD, .cust = "a", .lead = "l", .dim = { SEARCH },
		    .has_touch = true } },
		{ "2026-11-18T10:00Z", { .id = "2", .type = ORACLE_LEAD, .cust = "a", .lead = "l",
		    .dim = { NULL, "Direct" }, .has_touch = true } },
		{ "2026-11-19T10:00Z", { .id = "3", .type = ORACLE_LEAD, .cust = "a", .lead = "k", .dim = { EMAIL },
		    .has_touch = true } },
	};
	static const struct told sales[] = {
		{ "2026-11-22T08:00Z", { .id = "s1", .type = ORACLE_SALE, .cust = "a", .lead = "l", .num = { 1 } } },
		{ "2026-11-22T08:00Z", { .id = "s2", .type = ORACLE_SALE, .cust = "a", .num = { 20 } } },
		{ "2026-11-22T08:00Z", { .id = "s3", .type = ORACLE_SALE, .cust = "a", .lead = "n", .num = { 300 } } },
		{ "2026-11-22T08:00Z", { .id = "s4", .type = ORACLE_SALE, .cust = "b", .lead = "l", .num = { 4000 } } },
	};
	(void)state;

	for (int first = 0; first < 4; first++) { /* all of one kind first, or between the sales */
		struct oracle *oracle = start_people(TODAY);
		for (int i = 0; i < 4; i++) {
			for (int j = 0; j < 3 && i == first; j++)
				assert_int_equal(tell(oracle, leads[j].at, leads[j].event), ORACLE_OK);
			assert_int_equal(tell(oracle, sales[i].at, sales[i].event), ORACLE_OK);
		}
		its_own_lead_first(oracle);
		oracle_free(oracle);
	}
}

/*
 * l belongs to north / ani since 10 October, older than any look-back, to ben since the 20th, to south after the sale.
 * A sale of l today is north / ben's; one that names its own team keeps it; the visit's team is nobody's, nor is k's.
 */
static void
team_and_person_come_from_the_lead_alone(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "s1", .type = ORACLE_SALE, .cust = "a", .lead = "l", .num = { 1 });
	oracle_time(oracle, utc(TODAY) + MINUTE);
	TELL("2026-10-10T10:00Z", .id = "1", .type = ORACLE_LEAD, .cust = "a", .lead = "l",
	    .dim = { [TEAM] = "north", [PERSON] = "ani" });
	KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "north", [PERSON] = "ani"), SOLD, D, CUR, 1);
	TELL("2026-11-20T10:00Z", .id = "2", .type = ORACLE_LEAD, .cust = "a", .lead = "l",
	    .dim = { [PERSON] = "ben" });
	TELL("2026-11-22T09:00Z", .id = "3", .type = ORACLE_LEAD, .cust = "a", .lead = "l",
	    .dim = { [TEAM] = "south" });
	TELL("2026-11-20T10:00Z", .id = "4", .type = ORACLE_LEAD, .cust = "a", .lead = "k", .dim = { [TEAM] = "west" });
	TELL("2026-11-21T10:00Z", .id = "5", .type = ORACLE_VISIT, .cust = "a",
	    .dim = { "c1", "Email", [TEAM] = "east" }, .has_touch = true);
	TELL("2026-11-22T08:00Z", .id = "s2", .type = ORACLE_SALE, .cust = "a", .lead = "l", .num = { 20 },
	    .dim = { "c7", [TEAM] = "own" }, .has_touch = true);
	TELL("2026-11-22T08:00Z", .id = "s3", .type = ORACLE_SALE, .cust = "a", .num = { 300 });
	KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "north", [PERSON] = "ben"), SOLD, D, CUR, 1);
	KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "own", [PERSON] = "ben"), SOLD, D, CUR, 20);
	KEY_IS(BY_TEAM_PERSON, KEY(NULL), SOLD, D, CUR, 300);
	oracle_free(oracle);
}

/* A sale today of a lead that said its team on 1 September, and nothing since, or an MQL on 20 October. */
static void
a_forgotten_lead_gives_no_team(void **state)
{
	(void)state;

	for (int alive = 0; alive < 2; alive++) {
		struct oracle *oracle = start_people("2026-09-01T00:00Z");
		TELL("2026-09-01T00:00Z", .id = "1", .type = ORACLE_LEAD, .lead = "l", .dim = { [TEAM] = "north" });
		TELL("2026-09-01T00:00Z", .id = "s0", .type = ORACLE_SALE, .lead = "l", .num = { 20 });
		oracle_time(oracle, utc("2026-10-20T00:00Z"));
		if (alive)
			TELL("2026-10-20T00:00Z", .id = "2", .type = ORACLE_LEAD, .lead = "l",
			    .stage = ORACLE_STAGE_MQL);
		TELL("2026-10-20T00:00Z", .id = "s1", .type = ORACLE_SALE, .lead = "l", .num = { 20 });
		oracle_time(oracle, utc(TODAY));
		TELL(TODAY, .id = "s2", .type = ORACLE_SALE, .lead = "l", .num = { 1 });
		KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "north"), SOLD, D, CUR, alive ? 1 : 0);
		KEY_IS(BY_TEAM_PERSON, KEY([TEAM] = "north"), SOLD, M, PREV, 20); /* it knew its lead when it came */
		oracle_free(oracle);
	}
}

/*
 * all, ~none and the empty keys of the other rollups are of the event as it came; Direct and Direct's are where it
 * counts.
 */
static void
the_series_of_what_is_attributed_are_listed_too(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	const char *key[ORACLE_DIMS];
	char story[200] = "";
	int rollup;
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "s", .type = ORACLE_SALE);
	size_t count = 0;
	for (; oracle_series(oracle, count, &rollup, key); count++) {
		char line[40];
		snprintf(line, sizeof(line), "%d/%s ", rollup, key[CHANNEL] ? key[CHANNEL] : "");
		strcat(story, line);
		assert_true(count > 0 || oracle_series(oracle, 6, &rollup, key)); /* from the first question on */
	}
	assert_string_equal(story, "0/ 1/ 2/~none 3/~none 4/ 2/Direct 3/Direct ");
	oracle_free(oracle);
}

/*
 * Direct; then a mail of last week arrives; then a lead of yesterday; which is corrected to the day before the mail;
 * voided.
 */
static void
a_late_touch_attributes_the_sale_anew(void **state)
{
	struct oracle *oracle = start_people(TODAY);
	(void)state;

	TELL("2026-11-22T08:00Z", .id = "s", .type = ORACLE_SALE, .cust = "a", .num = { 100, 1 });
	TELL("2026-11-22T09:00Z", .id = "r", .type = ORACLE_REFUND, .cust = "a", .ref = "s", .num = { 30, 1 });
	KEY_IS(BY_TOUCH, KEY([CHANNEL] = "Direct"), SOLD, D, CUR, 100);
	TELL("2026-11-12T08:00Z", .id = "1", .type = ORACLE_VISIT, .cust = "a", .dim = { EMAIL }, .has_touch = true);
	KEY_IS(BY_TOUCH, KEY(EMAIL), SOLD, D, CUR, 100);
	KEY_IS(BY_TOUCH, KEY(EMAIL), REFUNDED, D, CUR, 30);
	TELL("2026-11-21T08:00Z", .id = "2", .type = ORACLE_LEAD, .cust = "a", .lead = "l", .dim = { SEARCH },
	    .has_touch = true);
	KEY_IS(BY_TOUCH, KEY(SEARCH), SOLD, D, CUR, 100);
	KEY_IS(BY_TOUCH, KEY(SEARCH), REFUNDED_AS_SOLD, D, CUR, 30);
	KEY_IS(BY_TOUCH, KEY(EMAIL), SOLD, D, CUR, 0);
	TELL("2026-11-11T08:00Z", .id = "k", .type = ORACLE_CORRECT, .cust = "a", .ref = "2", .rev = 1, .lead = "l",
	    .dim = { SEARCH }, .has_touch = true);
	KEY_IS(BY_TOUCH, KEY(EMAIL), SOLD, D, CUR, 100);
	TELL("2026-11-21T08:00Z", .id = "k2", .type = ORACLE_CORRECT, .cust = "a", .ref = "2", .rev = 2, .lead = "l",
	    .dim = { SEARCH }, .has_touch = true);
	KEY_IS(BY_TOUCH, KEY(SEARCH), SOLD, D, CUR, 100);
	TELL("2026-11-21T08:00Z", .id = "v", .type = ORACLE_VOID, .cust = "a", .ref = "2", .rev = 3);
	KEY_IS(BY_TOUCH, KEY(EMAIL), SOLD, D, CUR, 100);
	TELL("2026-11-22T08:00Z", .id = "k3", .type = ORACLE_CORRECT, .cust = "a", .ref = "s", AMOUNT(100, 1),
	    .dim = { "c7" }, .has_touch = true);
	KEY_IS(BY_TOUCH, KEY("c7"), SOLD, D, CUR, 100);
	KEY_IS(BY_TOUCH, KEY("c7"), REFUNDED, D, CUR, 30);
	oracle_free(oracle);
}

/* ---- contracts ---- */

static void
before_the_first_record_there_is_no_window(void **state)
{
	struct oracle_config config = config_in("UTC");
	struct oracle *oracle = oracle_new(&config);
	int64_t lo = 1, hi = 2;
	(void)state;

	assert_true(oracle_now(oracle) == ORACLE_NEVER);
	assert_false(oracle_bounds(oracle, ORACLE_D, ORACLE_CUR, &lo, &hi));
	assert_int_equal(lo, 1);
	assert_int_equal(hi, 2);
	VISITS_ARE(D, CUR, 0);
	oracle_free(oracle);
}

static void
an_unknown_zone_is_refused_and_not_taken_for_utc(void **state)
{
	static const char *const wrong[] = { "Asia/Jakart", "", "Asia", "../zoneinfo/UTC", "tzdata.zi" };
	(void)state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct oracle_config config = config_in(wrong[i]);
		assert_null(oracle_new(&config));
	}
}

/* Two oracles in two zones by turns, and the process in a third: none disturbs the other. */
static void
the_process_keeps_its_own_zone(void **state)
{
	time_t midsummer = (time_t)(utc("2026-07-01T12:00:00Z") / 1000);
	struct tm tm;
	(void)state;

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	struct oracle *oracle = start("Pacific/Kiritimati", "2026-07-01T12:00:00Z"); /* +14 */
	struct oracle *other = start("Pacific/Pago_Pago", "2026-07-01T12:00:00Z");   /* -11 */
	BOUNDS(D, CUR, "2026-07-01T10:00Z", "2026-07-02T10:00Z");
	bounds_are(other, ORACLE_D, ORACLE_CUR, "2026-07-01T11:00Z", "2026-07-02T11:00Z", __LINE__);
	oracle_time(oracle, utc("2027-07-01T12:00:00Z"));
	BOUNDS(D, CUR, "2027-07-01T10:00Z", "2027-07-02T10:00Z");
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	localtime_r(&midsummer, &tm);
	assert_int_equal(tm.tm_hour, 21);
	unsetenv("TZ");
	tzset();
	oracle_time(other, utc("2027-07-01T12:00:00Z"));
	bounds_are(other, ORACLE_D, ORACLE_CUR, "2027-07-01T11:00Z", "2027-07-02T11:00Z", __LINE__);
	assert_null(getenv("TZ"));
	oracle_free(oracle);
	oracle_free(other);
}

/* The measures and texts of the caller may go once oracle_new() and oracle_add() are back. */
static void
the_oracle_keeps_copies(void **state)
{
	char channel[] = "organic", id[] = "a", zone[] = "UTC", name[] = "n";
	struct oracle_measure measure = { .name = name, .type = VISIT, .field = -1, .filter_count = 1,
		.filter = { { .what = CHANNEL, .value_count = 1, .text = { channel } } } };
	struct oracle_config config = config_in(zone);
	(void)state;

	config.measure_count = 1;
	config.measure = &measure;
	struct oracle *oracle = oracle_new(&config);
	zone[0] = name[0] = channel[0] = '!';
	measure.type = SALE;
	oracle_time(oracle, utc("2026-11-22T10:30:30Z"));
	char text[] = "organic";
	struct oracle_event event = { .id = id, .type = VISIT, .ts_ms = oracle_now(oracle), .dim = { [CHANNEL] = text } };
	assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
	id[0] = text[0] = '?';
	const char *const key[ORACLE_DIMS] = { [CHANNEL] = "organic" };
	assert_int_equal(oracle_total(oracle, BY_CHANNEL, key, 0, ORACLE_D, ORACLE_CUR), 1);
	id[0] = 'a';
	text[0] = 'o';
	assert_int_equal(oracle_add(oracle, &event), ORACLE_DUPLICATE);
	oracle_free(oracle);
}

/* Sale of 5 at 10:30:30: in cur of all six windows, for revenue and won (units is 0), and for all and c1's rollups. */
static void
the_dump_lists_what_is_not_0(void **state)
{
	struct oracle *oracle = start("UTC", "2026-11-22T10:30:30Z");
	char *text = NULL;
	size_t bytes = 0;
	(void)state;

	FILE *out = open_memstream(&text, &bytes);
	assert_non_null(out);
	sale(oracle, "1", "c1", "x", 5, 0);
	oracle_print(oracle, out);
	fclose(out);
	assert_non_null(strstr(text, "now 2026-11-22T10:30:30.000Z zone UTC, 1 events\n"));
	assert_non_null(strstr(text, "\nd.ptd [2026-11-21T00:00:00.000Z, 2026-11-21T10:30:00.000Z)\n"));
	assert_non_null(strstr(text, "\nr7d.cur rollup 3/c1/x revenue = 5\n"));
	assert_non_null(strstr(text, "\nm.cur rollup 0 won = 1\n"));
	assert_null(strstr(text, "units"));
	assert_null(strstr(text, "r1d.ptd"));
	int lines = 0;
	for (const char *at = text; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 1 + 15 + 6 * 2 * ROLLUPS); /* time, bounds, windows x measures x rollups */
	free(text);
	oracle_free(oracle);
}

/* ---- laws on random input ---- */

static uint64_t
next_random(uint64_t *seed)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
	uint64_t z = *seed;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

enum { RANDOM_EVENTS = 300, RANDOM_QUESTIONS = 30, RANDOM_CASES = 40 };

static const struct {
	const char *zone, *at; /* `at` lies shortly after something odd */
} odd_places[] = {
	{ "UTC", "2024-03-01T01:00Z" }, { "Asia/Jakarta", "2026-11-22T10:00Z" },
	{ "America/New_York", "2024-03-12T00:00Z" }, { "America/New_York", "2024-11-05T00:00Z" },
	{ "Australia/Lord_Howe", "2024-10-07T00:00Z" }, { "Australia/Lord_Howe", "2024-04-08T00:00Z" },
	{ "Asia/Kathmandu", "2026-11-22T10:00Z" }, { "Africa/Cairo", "2024-04-27T00:00Z" },
	{ "Pacific/Apia", "2012-01-02T00:00Z" }, { "America/St_Johns", "2006-10-30T00:00Z" },
};
enum { ODD_PLACES = sizeof(odd_places) / sizeof(odd_places[0]) };

static struct oracle_event
random_event(uint64_t *seed, int64_t now, char *id, size_t id_bytes)
{
	static const char *const campaigns[] = { "c1", "c2", "c3", NULL };
	static const char *const channels[] = { "x", "y", "" };
	struct oracle_event event = { .id = id };

	snprintf(id, id_bytes, "%016llx", (unsigned long long)next_random(seed));
	event.type = VISIT + (int)(next_random(seed) % 4);
	event.ts_ms = now - (int64_t)(next_random(seed) % (uint64_t)(62 * DAY));
	event.dim[CAMPAIGN] = campaigns[next_random(seed) % 4];
	event.dim[CHANNEL] = channels[next_random(seed) % 3];
	event.num[0] = (int64_t)(next_random(seed) % 1000) - 200;
	return event;
}

/*
 * Rolling membership is decided by panes and bounds are derived: this joins the two again, for every part of every
 * window. Also: prev ends where cur begins, ptd is the beginning of prev, now is inside cur, and edges never move back.
 */
static void
every_total_is_the_sum_of_the_events_between_its_bounds(void **state)
{
	static int64_t ts[RANDOM_EVENTS], amount[RANDOM_EVENTS];
	(void)state;

	for (uint64_t number = 0; number < RANDOM_CASES; number++) {
		uint64_t seed = number;
		struct oracle *oracle = start(odd_places[number % ODD_PLACES].zone, odd_places[number % ODD_PLACES].at);
		int64_t last_lo[ORACLE_WINDOWS][ORACLE_PARTS], last_hi[ORACLE_WINDOWS][ORACLE_PARTS];
		int count = 0;
		for (int i = 0; i < RANDOM_EVENTS; i++) {
			char id[24];
			struct oracle_event event = random_event(&seed, oracle_now(oracle), id, sizeof(id));
			event.type = SALE;
			if (i % 3 == 0) /* on an edge: bounds lie on whole quarters, and panes of 1 min too */
				event.ts_ms -= event.ts_ms % (15 * MINUTE) + (i % 2);
			assert_int_equal(oracle_add(oracle, &event), ORACLE_OK);
			ts[count] = event.ts_ms;
			amount[count++] = event.num[0];
		}
		for (int q = 0; q < RANDOM_QUESTIONS; q++) {
			for (int w = 0; w < ORACLE_WINDOWS; w++) {
				int64_t lo[ORACLE_PARTS], hi[ORACLE_PARTS];
				for (int p = 0; p < ORACLE_PARTS; p++) {
					enum oracle_window window = (enum oracle_window)w;
					enum oracle_part part = (enum oracle_part)p;
					int64_t sum = 0;
					if (!oracle_bounds(oracle, window, part, &lo[p], &hi[p])) {
						lo[p] = hi[p] = lo[ORACLE_PREV];
						continue;
					}
					for (int i = 0; i < count; i++)
						sum += lo[p] <= ts[i] && ts[i] < hi[p] ? amount[i] : 0;
					if (oracle_total(oracle, ALL, NULL, REVENUE, window, part) != sum)
						fail_msg("seed %d window %d part %d", (int)number, w, p);
					assert_true(lo[p] <= hi[p]);
					assert_true(q == 0 || (last_lo[w][p] <= lo[p] && last_hi[w][p] <= hi[p]));
					last_lo[w][p] = lo[p];
					last_hi[w][p] = hi[p];
				}
				assert_int_equal(hi[ORACLE_PREV], lo[ORACLE_CUR]);
				assert_int_equal(lo[ORACLE_PTD], lo[ORACLE_PREV]);
				assert_true(hi[ORACLE_PTD] <= hi[ORACLE_PREV]);
				assert_true(lo[ORACLE_CUR] <= oracle_now(oracle) && oracle_now(oracle) < hi[ORACLE_CUR]);
			}
			oracle_time(oracle, oracle_now(oracle) + (int64_t)(next_random(&seed) % (uint64_t)(2 * DAY)));
		}
		oracle_free(oracle);
	}
}

/* `all` is the sum over campaigns, over channels and over both, and the order of arrival does not matter. */
static void
rollups_add_up_and_order_does_not_matter(void **state)
{
	(void)state;

	for (uint64_t number = 0; number < RANDOM_CASES; number++) {
		const char *zone = odd_places[number % ODD_PLACES].zone, *at = odd_places[number % ODD_PLACES].at;
		struct oracle *oracle = start(zone, at), *backward = start(zone, at);
		struct oracle_event event[RANDOM_EVENTS];
		char id[RANDOM_EVENTS][24];
		uint64_t seed = number;
		for (int i = 0; i < RANDOM_EVENTS; i++) {
			event[i] = random_event(&seed, oracle_now(oracle), id[i], sizeof(id[i]));
			assert_int_equal(oracle_add(oracle, &event[i]), ORACLE_OK);
		}
		for (int i = RANDOM_EVENTS - 1; i >= 0; i--)
			assert_int_equal(oracle_add(backward, &event[i]), ORACLE_OK);
		for (int w = 0; w < ORACLE_WINDOWS; w++) {
			for (int p = 0; p < ORACLE_PARTS; p++) {
				int64_t sum[ROLLUPS] = { 0 };
				const char *key[ORACLE_DIMS];
				int rollup;
				for (size_t i = 0; oracle_series(oracle, i, &rollup, key); i++) {
					int64_t total = oracle_total(oracle, rollup, key, REVENUE, (enum oracle_window)w, (enum oracle_part)p);
					sum[rollup] += total;
					assert_int_equal(total,
					    oracle_total(backward, rollup, key, REVENUE, (enum oracle_window)w, (enum oracle_part)p));
				}
				for (int r = 1; r < ROLLUPS; r++) {
					if (sum[r] != sum[ALL])
						fail_msg("seed %d window %d part %d rollup %d", (int)number, w, p, r);
				}
			}
		}
		oracle_free(oracle);
		oracle_free(backward);
	}
}

/* ---- laws of people on random input ---- */

enum { PEOPLE_EVENTS = 120, PEOPLE_VOIDED = 30, PEOPLE_CASES = 60 };

struct random_person_event {
	char id[12], ref[12], cust[4], lead[4], visit_id[4], dim[ORACLE_DIMS][4];
	struct oracle_event event;
};

/* The customer of event `number`, so that what refers to it can repeat it; one in five has none. */
static const char *
customer_of(int number)
{
	static const char *const customers[] = { "a", "b", "c", "d", NULL };

	return customers[number % 5];
}

static int
random_below(uint64_t *seed, int limit)
{
	return (int)(next_random(seed) % (uint64_t)limit);
}

/* An event of 63 days at whole hours, so that many come at once, of few leads, campaigns and channels. */
static void
random_person_event(struct random_person_event *made, int number, int type, uint64_t *seed)
{
	static const char *const channels[] = { "Direct", "Email", "Paid Search" };
	struct oracle_event *event = &made->event;

	memset(made, 0, sizeof(*made));
	snprintf(made->id, sizeof(made->id), "e%d", number);
	snprintf(made->lead, sizeof(made->lead), "l%d", random_below(seed, 2));
	snprintf(made->visit_id, sizeof(made->visit_id), "v%d", random_below(seed, 9));
	*event = (struct oracle_event){ .id = made->id, .content = (uint64_t)number, .type = type,
	    .visit = made->visit_id,
		.cust = customer_of(number), .ts_ms = utc(TODAY) / HOUR * HOUR - random_below(seed, 62 * 24) * HOUR };
	if (type == ORACLE_LEAD || random_below(seed, 2) == 0)
		event->lead = made->lead;
	event->stage = random_below(seed, 6);
	event->num[0] = random_below(seed, 200);
	event->num[1] = random_below(seed, 3);
	event->has_amt = random_below(seed, 8) != 0;
	if (type == ORACLE_CORRECT && random_below(seed, 8) == 0)
		event->num[0] = -event->num[0];
	if (random_below(seed, 2) == 0) {
		event->cur = "USD";
		event->given = random_below(seed, 20);
	}
	if (random_below(seed, 2) == 0) {
		event->has_touch = true;
		event->dim[CHANNEL] = channels[random_below(seed, 3)];
		event->dim[CAMPAIGN] = made->dim[CAMPAIGN];
		snprintf(made->dim[CAMPAIGN], sizeof(made->dim[CAMPAIGN]), "c%d", random_below(seed, 3));
	}
	if (random_below(seed, 3) == 0) {
		event->dim[TEAM] = made->dim[TEAM];
		snprintf(made->dim[TEAM], sizeof(made->dim[TEAM]), "t%d", random_below(seed, 3));
	}
}

static void
refer_to(struct random_person_event *made, int number)
{
	snprintf(made->ref, sizeof(made->ref), "e%d", number);
	made->event.ref = made->ref;
	made->event.cust = customer_of(number);
}

/* One in three is a visit, the others what can be corrected; behind two thirds come refunds of them and corrections. */
static void
random_people(struct random_person_event *made, uint64_t *seed)
{
	static const int types[] = { ORACLE_VISIT, ORACLE_VISIT, ORACLE_LEAD, ORACLE_LEAD, ORACLE_SALE, ORACLE_SPEND };
	int plain = PEOPLE_EVENTS * 2 / 3;

	for (int i = 0; i < PEOPLE_EVENTS; i++) {
		if (i < plain) {
			random_person_event(&made[i], i, types[i % 6], seed);
			continue;
		}
		int of = random_below(seed, plain / 6) * 6 + (i % 2 == 0 ? 4 : 2 + random_below(seed, 4));
		random_person_event(&made[i], i, i % 2 == 0 ? ORACLE_REFUND : ORACLE_CORRECT + random_below(seed, 2),
		    seed);
		refer_to(&made[i], of);
		made[i].event.rev = i; /* no two of one */
	}
}

/* Sales, leads, refunds and spend, each with its void: PEOPLE_VOIDED pairs. */
static void
random_voided(struct random_person_event *made, uint64_t *seed)
{
	static const int types[] = { ORACLE_SALE, ORACLE_LEAD, ORACLE_REFUND, ORACLE_SPEND };

	for (int i = 0; i < PEOPLE_VOIDED; i++) {
		int number = PEOPLE_EVENTS + 2 * i;
		random_person_event(&made[2 * i], number, types[i % 4], seed);
		if (types[i % 4] == ORACLE_REFUND)
			refer_to(&made[2 * i], 4 + (number + 1) % 5 * 6); /* a sale of the same customer */
		random_person_event(&made[2 * i + 1], number + 1, ORACLE_VOID, seed);
		refer_to(&made[2 * i + 1], number);
	}
}

/* What is wrong with a correct is said when its event has come before it; if not, it is to do nothing. */
static void
add_shuffled(struct oracle *oracle, const struct random_person_event *made, int count, uint64_t *seed)
{
	int order[PEOPLE_EVENTS + 2 * PEOPLE_VOIDED];

	for (int i = 0; i < count; i++) {
		int at = random_below(seed, i + 1);
		order[i] = order[at];
		order[at] = i;
	}
	for (int i = 0; i < count; i++) {
		const struct oracle_event *event = &made[order[i]].event;
		enum oracle_verdict verdict = oracle_add(oracle, event);
		if (event->type != ORACLE_CORRECT || (verdict != ORACLE_MISSING && verdict != ORACLE_BAD_AMOUNT))
			assert_int_equal(verdict, ORACLE_OK);
	}
}

static void
same_totals(uint64_t seed, struct oracle *one, struct oracle *other)
{
	const char *key[ORACLE_DIMS];
	int rollup;

	for (size_t i = 0; oracle_series(one, i, &rollup, key); i++) {
		for (int at = 0; at < PEOPLE_MEASURES * ORACLE_WINDOWS * ORACLE_PARTS; at++) {
			enum oracle_window window = (enum oracle_window)(at / ORACLE_PARTS % ORACLE_WINDOWS);
			enum oracle_part part = (enum oracle_part)(at % ORACLE_PARTS);
			int measure = at / ORACLE_PARTS / ORACLE_WINDOWS;
			if (oracle_total(one, rollup, key, measure, window, part) !=
			    oracle_total(other, rollup, key, measure, window, part))
				fail_msg("seed %d: %s", (int)seed, people_measures[measure].name);
		}
	}
}

/* What is counted, and not told apart by whom, adds up over every rollup. */
static void
rollups_add_up(uint64_t seed, struct oracle *oracle)
{
	for (int measure = 0; measure < PEOPLE_MEASURES; measure++) {
		int64_t sum[PEOPLE_ROLLUPS] = { 0 };
		const char *key[ORACLE_DIMS];
		int rollup;
		for (size_t i = 0; oracle_series(oracle, i, &rollup, key); i++)
			sum[rollup] += oracle_total(oracle, rollup, key, measure, ORACLE_R30D, ORACLE_CUR);
		for (int r = 1; r < PEOPLE_ROLLUPS && people_measures[measure].take != ORACLE_DISTINCT; r++) {
			if (sum[r] != sum[ALL])
				fail_msg("seed %d: %s of rollup %d", (int)seed, people_measures[measure].name, r);
		}
	}
}

/*
 * Arrival order does not matter, what is voided was never there, cohorts stay below their leads, and when all has
 * expired all is 0.
 */
static void
order_does_not_matter_and_add_and_void_is_nothing(void **state)
{
	static struct random_person_event made[PEOPLE_EVENTS + 2 * PEOPLE_VOIDED];
	(void)state;

	for (uint64_t number = 0; number < PEOPLE_CASES; number++) {
		uint64_t seed = number;
		struct oracle *oracle = start_people(TODAY), *other = start_people(TODAY),
		    *nothing = start_people(TODAY);
		random_people(made, &seed);
		random_voided(made + PEOPLE_EVENTS, &seed);
		add_shuffled(oracle, made, PEOPLE_EVENTS, &seed);
		add_shuffled(other, made, PEOPLE_EVENTS + 2 * PEOPLE_VOIDED, &seed);
		same_totals(number, oracle, other);
		same_totals(number, other, oracle);
		rollups_add_up(number, oracle);
		assert_true(oracle_total(oracle, ALL, NULL, SOLD, ORACLE_R30D, ORACLE_PREV) > 0);
		assert_true(oracle_total(oracle, ALL, NULL, SQL_COHORT, ORACLE_R30D, ORACLE_CUR) <=
		    oracle_total(oracle, ALL, NULL, LEADS, ORACLE_R30D, ORACLE_CUR));
		assert_true(oracle_total(oracle, ALL, NULL, MQL_TO_SQL, ORACLE_R30D, ORACLE_CUR) <=
		    oracle_total(oracle, ALL, NULL, MQL, ORACLE_R30D, ORACLE_CUR));
		oracle_time(other, utc(TODAY) + 140 * DAY);
		oracle_time(nothing, utc(TODAY) + 140 * DAY);
		same_totals(number, other, nothing);
		oracle_free(oracle);
		oracle_free(other);
		oracle_free(nothing);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rolling_windows_are_w_long_with_the_pane_of_now_as_their_last),
		cmocka_unit_test(a_window_slides_exactly_at_the_start_of_a_pane),
		cmocka_unit_test(the_slide_of_each_window_is_its_own_setting),
		cmocka_unit_test(hourly_panes_follow_the_local_hour_in_kathmandu),
		cmocka_unit_test(rolling_counts_elapsed_hours_across_a_change_of_the_clock),
		cmocka_unit_test(the_last_pane_of_a_day_is_cut_where_the_next_day_starts),
		cmocka_unit_test(an_event_is_judged_by_the_start_of_its_pane_not_by_its_own_time),
		cmocka_unit_test(a_day_is_the_local_day_in_jakarta),
		cmocka_unit_test(a_day_has_23_or_25_hours_in_new_york),
		cmocka_unit_test(a_day_has_24_and_a_half_hours_at_lord_howe),
		cmocka_unit_test(a_day_without_midnight_starts_at_one_o_clock_in_cairo),
		cmocka_unit_test(an_hour_repeated_before_the_day_began_belongs_to_the_earlier_day),
		cmocka_unit_test(an_hour_repeated_after_the_day_began_belongs_to_the_later_day),
		cmocka_unit_test(a_date_that_never_occurs_is_a_day_of_length_0_in_apia),
		cmocka_unit_test(a_day_may_start_at_an_odd_second_in_monrovia),
		cmocka_unit_test(calendar_windows_are_whole_periods),
		cmocka_unit_test(ptd_ends_before_the_slot_of_now_by_minute_quarter_or_hour),
		cmocka_unit_test(ptd_on_31_march_is_all_of_february),
		cmocka_unit_test(ptd_is_clamped_to_the_end_of_a_shorter_day),
		cmocka_unit_test(ptd_compares_elapsed_time_across_a_change_of_the_clock),
		cmocka_unit_test(a_week_starts_on_the_configured_day),
		cmocka_unit_test(periods_run_across_the_new_year),
		cmocka_unit_test(dates_before_1970_are_dates_too),
		cmocka_unit_test(rolling_edges_are_exact_to_the_millisecond),
		cmocka_unit_test(calendar_edges_are_exact_to_the_millisecond),
		cmocka_unit_test(a_late_event_counts_in_every_window_that_holds_it),
		cmocka_unit_test(all_expired_is_exactly_0),
		cmocka_unit_test(an_event_is_too_late_only_beyond_the_horizon),
		cmocka_unit_test(an_event_is_from_the_future_only_beyond_five_minutes),
		cmocka_unit_test(record_time_never_goes_back),
		cmocka_unit_test(the_same_id_counts_once_and_other_content_is_a_conflict),
		cmocka_unit_test(one_id_of_two_customers_is_two_events),
		cmocka_unit_test(a_refused_event_leaves_no_id),
		cmocka_unit_test(an_id_is_forgotten_one_millisecond_after_the_horizon),
		cmocka_unit_test(lateness_and_future_are_tested_before_the_id),
		cmocka_unit_test(under_clock_events_log_time_is_the_largest_event_time),
		cmocka_unit_test(under_clock_events_time_moves_before_the_tests),
		cmocka_unit_test(each_rollup_projects_an_event_to_one_series),
		cmocka_unit_test(a_missing_dimension_is_the_key_none),
		cmocka_unit_test(the_series_are_those_of_accepted_events_each_once),
		cmocka_unit_test(a_measure_takes_its_type_and_any_listed_cost_type),
		cmocka_unit_test(a_measure_filters_by_kind_and_by_stage),
		cmocka_unit_test(all_filters_of_a_measure_must_pass),
		cmocka_unit_test(distinct_counts_an_entity_once_in_each_series),
		cmocka_unit_test(retained_is_in_the_window_and_in_the_one_before),
		cmocka_unit_test(retained_of_prev_and_ptd_looks_at_the_whole_period_before),
		cmocka_unit_test(retention_is_retained_by_the_customers_of_the_period_before),
		cmocka_unit_test(what_lies_beyond_the_horizon_is_null),
		cmocka_unit_test(new_is_the_customer_of_the_first_sale_ever),
		cmocka_unit_test(a_late_earlier_sale_or_a_void_moves_the_first),
		cmocka_unit_test(a_fully_refunded_first_sale_makes_nobody_new),
		cmocka_unit_test(a_first_sale_of_0_is_new),
		cmocka_unit_test(ties_go_by_id_or_as_the_caller_says),
		cmocka_unit_test(a_first_sale_is_remembered_for_ever),
		cmocka_unit_test(a_refund_counts_under_its_sale_at_its_own_or_the_sales_time),
		cmocka_unit_test(a_full_refund_nets_to_0_in_the_campaign),
		cmocka_unit_test(a_refund_is_unmatched_until_its_sale_is_known),
		cmocka_unit_test(refunds_are_capped_in_the_order_of_their_times),
		cmocka_unit_test(a_refund_stays_with_a_sale_that_is_forgotten),
		cmocka_unit_test(a_forgotten_refund_finds_no_sale),
		cmocka_unit_test(a_filter_tells_whether_a_refund_has_a_sale),
		cmocka_unit_test(a_refund_is_worth_what_it_was_when_sold),
		cmocka_unit_test(the_rate_is_that_of_the_sale_as_it_counts),
		cmocka_unit_test(without_a_rate_a_refund_is_worth_what_it_says),
		cmocka_unit_test(a_correction_replaces_time_place_and_numbers),
		cmocka_unit_test(the_highest_revision_wins_and_of_two_the_void),
		cmocka_unit_test(any_revision_is_above_the_event_itself),
		cmocka_unit_test(a_corrected_refund_keeps_its_sale),
		cmocka_unit_test(one_revision_cannot_say_two_things),
		cmocka_unit_test(a_revision_is_remembered_by_its_own_time),
		cmocka_unit_test(a_revision_may_be_remembered_longer_than_its_event),
		cmocka_unit_test(of_two_of_one_revision_the_first_stays_in_force),
		cmocka_unit_test(a_correct_says_what_its_event_needs),
		cmocka_unit_test(what_has_met_its_event_waits_no_more),
		cmocka_unit_test(sixteen_corrections_wait_for_one_event),
		cmocka_unit_test(only_those_that_still_wait_are_counted),
		cmocka_unit_test(a_correct_drops_what_does_not_belong),
		cmocka_unit_test(only_lead_sale_refund_and_spend_can_be_corrected),
		cmocka_unit_test(a_correction_is_late_or_early_as_any_event),
		cmocka_unit_test(a_correction_waits_for_its_event_as_long_as_the_horizon),
		cmocka_unit_test(an_event_is_corrected_until_it_is_forgotten),
		cmocka_unit_test(a_voided_event_is_as_old_as_it_was),
		cmocka_unit_test(a_correction_is_of_its_customers_event),
		cmocka_unit_test(an_id_that_is_taken_again_starts_anew),
		cmocka_unit_test(what_had_an_id_before_cannot_be_corrected),
		cmocka_unit_test(an_event_may_be_forgotten_when_it_comes),
		cmocka_unit_test(a_corrected_event_is_as_old_as_its_new_time),
		cmocka_unit_test(without_people_a_correction_is_an_event_and_no_more),
		cmocka_unit_test(a_lead_counts_in_a_stage_when_it_first_enters_it),
		cmocka_unit_test(a_lead_that_skips_a_stage_enters_it_at_the_same_time),
		cmocka_unit_test(an_explicit_stage_beats_an_implied_one),
		cmocka_unit_test(a_rejected_lead_counts_nowhere_until_it_is_reopened),
		cmocka_unit_test(a_lead_is_one_of_its_customer),
		cmocka_unit_test(cost_per_lead_and_conversions),
		cmocka_unit_test(mql_to_sql_is_of_those_that_became_mql_in_the_window),
		cmocka_unit_test(lead_events_can_be_corrected_and_voided),
		cmocka_unit_test(a_lead_is_forgotten_as_a_whole),
		cmocka_unit_test(a_sale_takes_all_of_the_last_touch_that_is_not_direct),
		cmocka_unit_test(a_touch_counts_for_30_days_up_to_the_sale),
		cmocka_unit_test(a_sale_with_a_touch_of_its_own_inherits_nothing),
		cmocka_unit_test(the_touches_of_its_own_lead_come_first),
		cmocka_unit_test(team_and_person_come_from_the_lead_alone),
		cmocka_unit_test(a_forgotten_lead_gives_no_team),
		cmocka_unit_test(the_series_of_what_is_attributed_are_listed_too),
		cmocka_unit_test(a_late_touch_attributes_the_sale_anew),
		cmocka_unit_test(before_the_first_record_there_is_no_window),
		cmocka_unit_test(an_unknown_zone_is_refused_and_not_taken_for_utc),
		cmocka_unit_test(the_process_keeps_its_own_zone),
		cmocka_unit_test(the_oracle_keeps_copies),
		cmocka_unit_test(the_dump_lists_what_is_not_0),
		cmocka_unit_test(every_total_is_the_sum_of_the_events_between_its_bounds),
		cmocka_unit_test(rollups_add_up_and_order_does_not_matter),
		cmocka_unit_test(order_does_not_matter_and_add_and_void_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
