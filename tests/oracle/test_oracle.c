/*
 * test_oracle.c - the oracle against examples worked by hand from DESIGN.md sections 4 and 11.
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
		cmocka_unit_test(before_the_first_record_there_is_no_window),
		cmocka_unit_test(an_unknown_zone_is_refused_and_not_taken_for_utc),
		cmocka_unit_test(the_process_keeps_its_own_zone),
		cmocka_unit_test(the_oracle_keeps_copies),
		cmocka_unit_test(the_dump_lists_what_is_not_0),
		cmocka_unit_test(every_total_is_the_sum_of_the_events_between_its_bounds),
		cmocka_unit_test(rollups_add_up_and_order_does_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
