/*
 * test_log_faults.c - a disk that fails: the k-th write or sync says EIO or ENOSPC, once or from then on, for every
 * k of a story.
 *
 * The functions by which LMDB writes are defined here: a program's own come before libc's, for shared libraries as
 * well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/journal/place.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What fails. Everything counts, k from 1; 0: nothing fails. */
static struct {
	unsigned calls, k;
	int error;
	bool from_then_on;
	bool part; /* the write that fails does half of it, as on a full disk */
} fault;

static bool
fails(void)
{
	fault.calls++;
	if (fault.k == 0 || fault.calls < fault.k || (fault.calls > fault.k && !fault.from_then_on))
		return false;
	errno = fault.error;
	return true;
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	if (!fails())
		return syscall(SYS_pwrite64, fd, bytes, n, offset);
	return fault.part && n > 1 ? syscall(SYS_pwrite64, fd, bytes, n / 2, offset) : -1;
}

ssize_t
writev(int fd, const struct iovec *vectors, int count)
{
	if (!fails())
		return syscall(SYS_writev, fd, vectors, count);
	return fault.part ? syscall(SYS_writev, fd, vectors, 1) : -1;
}

int
fdatasync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int
msync(void *at, size_t n, int flags)
{
	return fails() ? -1 : (int)syscall(SYS_msync, at, n, flags);
}

static const struct log_options options[] = {
    {.map_bytes = 64 << 20, .durability = LOG_SYNC},
    {.map_bytes = 64 << 20, .durability = LOG_WRITE},
};

static uint32_t
size_of(uint64_t lsn)
{
	return (uint32_t)(lsn * 7919 % 30000);
}

static int
append(struct log *log)
{
	struct group *group = group_of_size(log_last(log) + 1, size_of(log_last(log) + 1), NOON);
	int rc = log_append(log, group);
	group_free(group);
	return rc;
}

static void
assert_records(const struct log *log, uint64_t last)
{
	struct group *group = group_new(GROUP_BATCHES);
	for (uint64_t lsn = log_first(log); lsn <= last; lsn++) {
		assert_int_equal(log_read(log, lsn, group), 0);
		assert_true(group_is_right(group, lsn));
	}
	group_free(group);
}

/* Commits of one to four records, and trims; until one fails or the story ends. Its errno. */
static int
tell_story(struct log *log)
{
	int rc = 0;
	for (int step = 0; step < 12; step++) {
		for (int i = 0; i <= step % 4; i++)
			if ((rc = append(log)) < 0)
				return rc;
		if ((rc = log_commit(log)) < 0)
			return rc;
		if (step % 5 == 4 && (rc = log_trim(log, log_last(log) - 4)) < 0)
			return rc;
	}
	return rc;
}

/* An error is final: nothing is taken any more, but all that was durable can be read. */
static void
assert_ended(struct log *log, int rc, uint64_t durable)
{
	uint64_t last = log_last(log);
	assert_int_equal(log_failed(log), rc);
	assert_int_equal(append(log), rc);
	assert_int_equal(log_commit(log), rc);
	assert_int_equal(log_trim(log, log_first(log)), rc);
	assert_int_equal(log_last(log), last);
	assert_int_equal(log_durable(log), durable);
	assert_records(log, last); /* those that were gathered as well */
}

static void
assert_reopened(const char *place, const struct log_options *how, uint64_t durable, uint64_t last)
{
	char why[LOG_WHY_BYTES];
	struct log *log;
	if (log_open(&log, place, how, why) < 0)
		fail_msg("%s", why);
	assert_in_range(log_last(log), durable, last);
	assert_records(log, log_last(log));
	assert_int_equal(tell_story(log), 0);
	assert_records(log, log_last(log));
	log_free(log);
}

/* The story with a fault at its k-th write or sync; false: it has not so many. */
static bool
fail_at(unsigned k, const struct log_options *how, int error, bool from_then_on, bool part)
{
	char why[LOG_WHY_BYTES];
	static char place[PLACE_BYTES];
	struct log *log;
	if (place[0] == '\0')
		place_new(place);
	place_remove(place); /* log_open() makes it again */
	assert_int_equal(log_open(&log, place, how, why), 0);
	assert_int_equal(tell_story(log), 0);
	fault.calls = 0;
	fault.k = k;
	fault.error = error;
	fault.from_then_on = from_then_on;
	fault.part = part;
	int rc = tell_story(log);
	bool failed = fault.calls >= k;
	fault.k = 0;
	assert_int_equal(rc < 0, failed);
	uint64_t durable = log_durable(log), last = log_last(log);
	if (failed) {
		assert_int_equal(rc, part ? -EIO : -error); /* half a write while the disk has room is not for want of room */
		fault.k = from_then_on ? 1 : 0;
		assert_ended(log, rc, durable);
	}
	log_free(log);
	fault.k = 0;
	assert_reopened(place, how, durable, last);
	return failed;
}

static void
fail_everywhere(int error, bool from_then_on, bool part)
{
	for (int how = 0; how < 2; how++) {
		unsigned k = 1;
		while (fail_at(k, &options[how], error, from_then_on, part))
			k++;
		assert_in_range(k, 24, 1000); /* the story has as many writes at least */
	}
}

static void
one_io_error_ends_the_log(void **state)
{
	(void)state;
	fail_everywhere(EIO, false, false);
}

static void
disk_that_went_away_ends_the_log(void **state)
{
	(void)state;
	fail_everywhere(EIO, true, false);
}

static void
disk_that_is_full_is_told_apart(void **state)
{
	(void)state;
	fail_everywhere(ENOSPC, false, false);
	fail_everywhere(ENOSPC, true, false);
}

static void
half_a_write_ends_the_log(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) /* a sync has no halves: writes only, which come first in each commit */
		for (unsigned k = 1; k <= 2; k++)
			assert_true(fail_at(k, &options[how], EIO, false, true));
}

static void
log_that_cannot_be_opened_says_so_and_can_be_later(void **state)
{
	char place[PLACE_BYTES], why[LOG_WHY_BYTES];
	struct log *log;
	(void)state;
	for (int how = 0; how < 4; how++) {
		int rc = -1;
		fault.part = how / 2;
		place_new(place);
		for (unsigned k = 1; rc < 0; k++) {
			fault.calls = 0;
			fault.k = k;
			fault.error = EIO;
			fault.from_then_on = true;
			rc = log_open(&log, place, &options[how % 2], why);
			fault.k = 0;
			if (rc < 0 && ((rc != -EIO && rc != -ENOSPC) || strstr(why, place) == NULL))
				fail_msg("%u: %d: %s", k, rc, why); /* LMDB calls half a first write ENOSPC */
			assert_in_range(k, 1, 100);
		}
		assert_int_equal(tell_story(log), 0);
		uint64_t last = log_last(log);
		log_free(log);
		assert_reopened(place, &options[how % 2], last, last);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_io_error_ends_the_log),
	    cmocka_unit_test(disk_that_went_away_ends_the_log),
	    cmocka_unit_test(disk_that_is_full_is_told_apart),
	    cmocka_unit_test(half_a_write_ends_the_log),
	    cmocka_unit_test(log_that_cannot_be_opened_says_so_and_can_be_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
