/* test_log.c - the log, in memory and on disk: places, times, reading back, trimming, ticks; against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/journal/place.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool on_disk; /* which of the two is tested */

/* On disk in a directory of its own. */
static struct log *
new_log(void)
{
	static const struct log_options options = {.map_bytes = 256 << 20, .durability = LOG_WRITE};
	char place[PLACE_BYTES], why[LOG_WHY_BYTES];
	struct log *log;
	if (!on_disk)
		return log_memory_new(true);
	place_new(place);
	if (log_open(&log, place, &options, why) < 0)
		fail_msg("%s", why);
	return log;
}

static int
append(struct log *log, const char *text, int64_t recv_ms)
{
	struct group *group = group_of(text, recv_ms);
	int rc = log_append(log, group);
	if (rc == 0)
		rc = log_commit(log);
	group_free(group);
	return rc;
}

static void
records_are_numbered_from_one_and_time_never_goes_back(void **state)
{
	static const struct {
		int64_t recv_ms, time_ms;
	} rows[] = {{NOON, NOON}, {NOON + 5, NOON + 5}, {NOON - 1000, NOON + 5}, {NOON + 6, NOON + 6}};
	(void)state;
	for (int keep = 0; keep < 2; keep++) {
		struct log *log = keep ? new_log() : log_memory_new(false);
		assert_int_equal(log_last(log), 0);
		assert_int_equal(log_first(log), 1);
		assert_true(log_time(log) == INT64_MIN);
		for (uint64_t i = 0; i < 4; i++) {
			struct group *group = group_of("x", rows[i].recv_ms);
			assert_int_equal(log_append(log, group), 0);
			assert_int_equal(group->lsn, i + 1);
			assert_int_equal(group->time_ms, rows[i].time_ms);
			assert_int_equal(log_last(log), i + 1);
			assert_int_equal(log_commit(log), 0);
			assert_int_equal(log_durable(log), i + 1);
			assert_int_equal(log_time(log), rows[i].time_ms);
			group_free(group);
		}
		log_free(log);
	}
}

static void
what_was_appended_is_read_back(void **state)
{
	(void)state;
	struct log *log = new_log();
	struct group *group = group_new(GROUP_BATCHES);
	assert_int_equal(append(log, "one", NOON), 0);
	assert_int_equal(append(log, "two", NOON - 7), 0);
	assert_int_equal(log_read(log, 2, group), 0);
	assert_int_equal(group->lsn, 2);
	assert_int_equal(group->recv_ms, NOON - 7);
	assert_int_equal(group->time_ms, NOON);
	assert_true(slice_is(group_raw(group, &group->events[0]), "two"));
	assert_int_equal(log_read(log, 1, group), 0);
	assert_true(slice_is(group_raw(group, &group->events[0]), "one"));
	assert_int_equal(log_read(log, 0, group), -ENOENT);
	assert_int_equal(log_read(log, 3, group), -ENOENT);
	group_free(group);
	log_free(log);
}

static void
counting_log_keeps_nothing(void **state)
{
	(void)state;
	struct log *log = log_memory_new(false);
	struct group *group = group_new(GROUP_BATCHES);
	assert_int_equal(append(log, "one", NOON), 0);
	assert_int_equal(log_bytes(log), 0);
	assert_int_equal(log_read(log, 1, group), -ENOENT);
	log_trim(log, 2);
	assert_int_equal(append(log, "two", NOON), 0);
	assert_int_equal(log_last(log), 2);
	group_free(group);
	log_free(log);
}

/* Appends, trims and reads in random order against an array of texts. */
static void
trimmed_records_are_gone_and_the_others_stay(void **state)
{
	enum { RECORDS = 3000 };
	static char text[RECORDS + 1][24];
	seed_of("trimmed_records_are_gone_and_the_others_stay");
	(void)state;
	struct log *log = new_log();
	struct group *group = group_new(GROUP_BATCHES);
	uint64_t first = 1;
	for (uint64_t lsn = 1; lsn <= RECORDS; lsn++) {
		snprintf(text[lsn], sizeof(text[lsn]), "record %" PRIu64, lsn);
		assert_int_equal(append(log, text[lsn], NOON), 0);
		if (rand() % 50 == 0) {
			uint64_t to = first + (uint64_t)rand() % (lsn - first + 3); /* now and then beyond the end */
			log_trim_all(log, to);
			first = to > lsn ? lsn + 1 : to > first ? to : first;
			assert_true((log_bytes(log) == 0) == (first > lsn));
			assert_int_equal(log_first(log), first);
		}
		uint64_t at = (uint64_t)rand() % (lsn + 2);
		int rc = log_read(log, at, group);
		assert_int_equal(rc, at < first || at > lsn ? -ENOENT : 0);
		if (rc == 0)
			assert_true(slice_is(group_raw(group, &group->events[0]), text[at]));
	}
	for (uint64_t at = first; at <= RECORDS; at++)
		assert_int_equal(log_read(log, at, group), 0);
	log_trim_all(log, UINT64_MAX);
	assert_int_equal(log_bytes(log), 0);
	assert_int_equal(log_last(log), RECORDS); /* numbering goes on */
	log_trim(log, 1);
	assert_int_equal(append(log, "next", NOON), 0);
	assert_int_equal(log_read(log, RECORDS + 1, group), 0);
	group_free(group);
	log_free(log);
}

static void
full_memory_refuses_and_leaves_everything_as_it_was(void **state)
{
	(void)state;
	struct log *log = log_memory_new(true);
	struct group *group = group_new(GROUP_BATCHES);
	group->recv_ms = NOON;
	memset(buf_reserve(&group->bytes, GROUP_BYTES_MAX), 'x', GROUP_BYTES_MAX);
	group->bytes.len = GROUP_BYTES_MAX;
	int rc;
	while ((rc = log_append(log, group)) == 0) {
		group->lsn = 0;
		group->recv_ms++;
	}
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(group->lsn, 0);
	assert_int_equal(group->time_ms, log_time(log)); /* what the append before left in it */
	assert_true(log_bytes(log) <= LOG_MEMORY_BYTES_MAX);
	assert_true(log_bytes(log) > LOG_MEMORY_BYTES_MAX - GROUP_BYTES_MAX - 1000);
	uint64_t last = log_last(log);
	log_trim(log, 2);
	assert_int_equal(log_append(log, group), 0);
	assert_int_equal(group->lsn, last + 1);
	group_free(group);
	log_free(log);
}

static void
assert_tick(const struct log *log, int64_t now_ms, int64_t due_ms)
{
	struct group *tick = log_tick_due(log, now_ms);
	assert_int_equal(tick != NULL, due_ms != 0);
	if (tick == NULL)
		return;
	assert_int_equal(tick->kind, GROUP_TICK);
	assert_int_equal(tick->recv_ms, due_ms);
	assert_int_equal(tick->event_count, 0);
	group_free(tick);
}

static void
tick_is_due_once_a_whole_minute_has_passed(void **state)
{
	(void)state;
	struct log *log = new_log();
	int64_t minute = NOON - 20000;
	assert_tick(log, NOON, minute); /* empty: windows exist from the first moment */
	append(log, "x", NOON);
	assert_tick(log, NOON, 0);
	assert_tick(log, NOON - 100000, 0); /* a clock that went back */
	assert_tick(log, minute + 59999, 0);
	assert_tick(log, minute + 60000, minute + 60000);
	assert_tick(log, minute + 60001, minute + 60000);
	assert_tick(log, minute + 200000, minute + 180000); /* one for all that passed */
	struct group *tick = log_tick_due(log, minute + 60001);
	assert_int_equal(log_append(log, tick), 0);
	group_free(tick);
	assert_int_equal(log_time(log), minute + 60000);
	assert_tick(log, minute + 60001, 0);
	assert_tick(log, minute + 120000, minute + 120000);
	log_free(log);
}

static void
tick_record_survives_the_log(void **state)
{
	(void)state;
	struct log *log = new_log();
	struct group *tick = log_tick_due(log, NOON), *group = group_new(GROUP_BATCHES);
	assert_int_equal(log_append(log, tick), 0);
	assert_int_equal(log_read(log, 1, group), 0);
	assert_int_equal(group->kind, GROUP_TICK);
	assert_int_equal(group->time_ms, NOON - 20000);
	group_free(tick);
	group_free(group);
	log_free(log);
}

int
main(void)
{
	const struct CMUnitTest both[] = {
	    cmocka_unit_test(records_are_numbered_from_one_and_time_never_goes_back),
	    cmocka_unit_test(what_was_appended_is_read_back),
	    cmocka_unit_test(trimmed_records_are_gone_and_the_others_stay),
	    cmocka_unit_test(tick_is_due_once_a_whole_minute_has_passed),
	    cmocka_unit_test(tick_record_survives_the_log),
	};
	const struct CMUnitTest memory[] = {
	    cmocka_unit_test(counting_log_keeps_nothing),
	    cmocka_unit_test(full_memory_refuses_and_leaves_everything_as_it_was),
	};
	int failures = cmocka_run_group_tests_name("memory", both, NULL, NULL);
	failures += cmocka_run_group_tests_name("memory alone", memory, NULL, NULL);
	on_disk = true;
	return failures + cmocka_run_group_tests_name("disk", both, NULL, NULL);
}
