/* test_clock_start.c - with which time a service begins. */
#include "laju/clock_start.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define YEAR (365 * 24 * 60 * MINUTE)
#define BOOT INT64_C(5000)
#define WALL INT64_C(1795413909500)

struct kept {
	uint8_t bytes[CLOCK_KEPT_BYTES];
};

/* "": nothing was kept. */
static struct kept
kept(const char *boot, int64_t offset_ms)
{
	struct kept made = {{0}};
	if (boot[0] != '\0')
		snprintf((char *)made.bytes, CLOCK_BOOT_ID_BYTES + 1, "%-36s", boot);
	for (int i = 0; i < 8; i++)
		made.bytes[CLOCK_BOOT_ID_BYTES + i] = (uint8_t)((uint64_t)offset_ms >> (8 * i));
	return made;
}

static int64_t
start(const char *boot_then, int64_t offset_then, const char *boot_now, int64_t wall_ms, int64_t log_ms)
{
	struct kept then = kept(boot_then, offset_then), now = kept(boot_now, wall_ms - BOOT);
	return clock_start_ms(then.bytes, now.bytes, BOOT, log_ms);
}

static void
the_same_boot_goes_on_whatever_the_wall_clock_says(void **state)
{
	(void)state;
	for (int64_t jump = -YEAR; jump <= YEAR; jump += YEAR)
		assert_int_equal(start("a", WALL - BOOT, "a", WALL + jump, WALL - MINUTE), WALL);
	assert_int_equal(start("a", -YEAR, "a", WALL, INT64_MIN), BOOT - YEAR); /* also one that was confirmed */
}

static void
another_boot_believes_the_wall_clock_unless_the_log_was_further(void **state)
{
	(void)state;
	assert_int_equal(start("a", 77, "b", WALL, WALL - YEAR), WALL); /* it was off for a year */
	assert_int_equal(start("a", 77, "b", WALL, WALL + 5 * MINUTE), WALL);
	assert_int_equal(start("a", 77, "b", WALL, WALL + 5 * MINUTE + 1), WALL + 5 * MINUTE + 1);
	assert_int_equal(start("a", 77, "b", MINUTE, WALL), WALL); /* a clock without a battery */
}

static void
a_new_log_and_a_system_without_a_boot_id_believe_the_wall_clock(void **state)
{
	(void)state;
	assert_int_equal(start("", 0, "a", WALL, INT64_MIN), WALL);
	assert_int_equal(start("", 0, "", WALL, WALL - YEAR), WALL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_boot_goes_on_whatever_the_wall_clock_says),
	    cmocka_unit_test(another_boot_believes_the_wall_clock_unless_the_log_was_further),
	    cmocka_unit_test(a_new_log_and_a_system_without_a_boot_id_believe_the_wall_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
