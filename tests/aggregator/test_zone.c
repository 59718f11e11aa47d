/* test_zone.c - local days against libc, second by second where it matters, and the calendar. */
#include "aggregator/grid.h"
#include "tests/common/random.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static const char *const names[] = {"UTC", "Asia/Jakarta", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
                                    "Africa/Cairo", "America/St_Johns", "Pacific/Apia", "America/Santiago",
                                    "Africa/Casablanca", "Europe/London"};

static void
offsets_are_libcs_at_random_instants(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	for (unsigned n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct zone zone;
		assert_int_equal(zone_load(&zone, names[n]), 0);
		setenv("TZ", names[n], 1);
		tzset();
		for (int i = 0; i < 20000; i++) {
			time_t at = (time_t)random_below(&random, 4102444800);
			struct tm tm;
			localtime_r(&at, &tm);
			assert_int_equal(zone_offset(&zone, (int64_t)at * 1000), tm.tm_gmtoff * 1000);
		}
		unsetenv("TZ");
		tzset();
	}
}

static void
days_follow_each_other_and_hold_their_instants(void **state)
{
	(void)state;
	for (unsigned n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct zone zone;
		assert_int_equal(zone_load(&zone, names[n]), 0);
		for (int64_t day = 0; day < 47000; day++) {
			int64_t lo = zone_day_start(&zone, day), hi = zone_day_start(&zone, day + 1);
			assert_true(lo <= hi);
			if (lo == hi)
				continue; /* a date that never was */
			assert_int_equal(zone_day_of(&zone, lo), day);
			assert_int_equal(zone_day_of(&zone, hi - 1), day);
		}
	}
}

static void
cairo_begins_a_day_at_one_and_apia_skips_one(void **state)
{
	(void)state;
	struct zone zone;
	assert_int_equal(zone_load(&zone, "Africa/Cairo"), 0);
	int64_t day = day_of_civil(2024, 4, 26); /* 00:00 becomes 01:00, UTC+2 to +3 */
	assert_int_equal(zone_day_start(&zone, day), INT64_C(1714082400000)); /* 2024-04-25T22:00Z = 01:00 local */
	assert_int_equal(zone_day_start(&zone, day + 1) - zone_day_start(&zone, day), 23 * 3600000);
	assert_int_equal(zone_load(&zone, "Pacific/Apia"), 0);
	day = day_of_civil(2011, 12, 30);
	assert_int_equal(zone_day_start(&zone, day), zone_day_start(&zone, day + 1));
}

static void
an_unknown_zone_is_an_error_and_not_utc(void **state)
{
	(void)state;
	struct zone zone;
	const char *const wrong[] = {"Asia/Jakrta", "", "/etc/passwd", "../../etc/passwd", "Asia", "zone.tab", ":UTC"};
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(zone_load(&zone, wrong[i]), -ENOENT);
}

static void
loading_a_zone_leaves_the_processs_own_alone(void **state)
{
	(void)state;
	struct zone zone;
	setenv("TZ", "Asia/Tokyo", 1);
	zone_load(&zone, "America/New_York");
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	unsetenv("TZ");
	zone_load(&zone, "America/New_York");
	assert_null(getenv("TZ"));
}

static void
the_calendar_goes_there_and_back(void **state)
{
	(void)state;
	for (int64_t day = -200000; day < 200000; day++) {
		int year, month, dom;
		civil_of_day(day, &year, &month, &dom);
		assert_int_equal(day_of_civil(year, month, dom), day);
	}
	assert_int_equal(weekday_of_day(day_of_civil(2026, 11, 23)), 0); /* a Monday */
	assert_int_equal(weekday_of_day(day_of_civil(1969, 12, 31)), 2); /* a Wednesday */
}

static void
panes_of_a_quarter_and_an_hour_hold_whole_minutes_on_every_day(void **state)
{
	(void)state;
	const int slides[WINDOW_ROLLING] = {1, 15, 60};
	struct random random = random_start(__func__);
	for (unsigned n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct zone zone;
		struct grid grid;
		assert_int_equal(zone_load(&zone, names[n]), 0);
		grid_init(&grid, &zone, 0, slides);
		for (int i = 0; i < 20000; i++) {
			int64_t at = (int64_t)random_below(&random, UINT64_C(4102444800000));
			struct span_ms minute = grid_pane(&grid, at, 1), quarter = grid_pane(&grid, at, 15), hour = grid_pane(&grid, at, 60);
			assert_true(minute.lo <= at && at < minute.hi);
			assert_true(quarter.lo <= minute.lo && minute.hi <= quarter.hi);
			assert_true(hour.lo <= quarter.lo && quarter.hi <= hour.hi);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(offsets_are_libcs_at_random_instants),
	    cmocka_unit_test(days_follow_each_other_and_hold_their_instants),
	    cmocka_unit_test(cairo_begins_a_day_at_one_and_apia_skips_one),
	    cmocka_unit_test(an_unknown_zone_is_an_error_and_not_utc),
	    cmocka_unit_test(loading_a_zone_leaves_the_processs_own_alone),
	    cmocka_unit_test(the_calendar_goes_there_and_back),
	    cmocka_unit_test(panes_of_a_quarter_and_an_hour_hold_whole_minutes_on_every_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
