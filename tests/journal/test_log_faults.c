/*
 * test_log_faults.c - a disk that fails: the k-th write or sync says EIO or ENOSPC, once or from then on, for every
 * k of a story; and what log_reopen() makes good.
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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What fails. Everything counts, k from 1; 0: nothing fails. */
static struct {
	unsigned calls, k;
	int error;
	bool from_then_on;
	bool part; /* the write that fails does half of it, as on a full disk */
	bool done; /* the k-th, a pwrite, does all of it and says that it did not */
	bool full; /* the disk shows no free room */
} fault;

static bool
fails(void)
{
	fault.calls++;
	return fault.k > 0 && (fault.calls == fault.k || (fault.calls > fault.k && fault.from_then_on));
}

static int
refuse(void)
{
	errno = fault.error;
	return -1;
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	if (!fails())
		return syscall(SYS_pwrite64, fd, bytes, n, offset);
	if (fault.part && n > 1)
		return syscall(SYS_pwrite64, fd, bytes, n / 2, offset);
	if (fault.done && fault.calls == fault.k)
		syscall(SYS_pwrite64, fd, bytes, n, offset);
	return refuse();
}

ssize_t
writev(int fd, const struct iovec *vectors, int count)
{
	if (!fails())
		return syscall(SYS_writev, fd, vectors, count);
	if (fault.part)
		return syscall(SYS_writev, fd, vectors, 1);
	return refuse();
}

int
fdatasync(int fd)
{
	return fails() ? refuse() : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fails() ? refuse() : (int)syscall(SYS_fsync, fd);
}

int
msync(void *at, size_t n, int flags)
{
	return fails() ? refuse() : (int)syscall(SYS_msync, at, n, flags);
}

int
statvfs(const char *path, struct statvfs *disk)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	if (fd < 0)
		return -1;
	rc = fstatvfs(fd, disk);
	close(fd);
	if (rc == 0 && fault.full)
		disk->f_bavail = 0;
	return rc;
}

static const struct log_options options[] = {
    {.map_bytes = 64 << 20, .durability = LOG_SYNC},
    {.map_bytes = 64 << 20, .durability = LOG_WRITE},
};

enum { RECORDS_MAX = 1000 };
static uint32_t told[RECORDS_MAX]; /* bytes of the record that was appended last under a number */
static uint32_t appended;

/* Each has a size of its own: one that was dropped is told from the one that got its number afterwards. */
static int
append(struct log *log)
{
	uint64_t lsn = log_last(log) + 1;
	uint32_t n = appended++ * 7919 % 30000;
	struct group *group = group_of_size(lsn, n, NOON);
	int rc = log_append(log, group);
	assert_in_range(lsn, 1, RECORDS_MAX - 1);
	if (rc == 0)
		told[lsn] = n;
	assert_int_equal(group->lsn, rc == 0 ? lsn : 0);
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
		assert_int_equal(group->events[0].raw_len, told[lsn]);
	}
	assert_int_equal(log_read(log, log_last(log) + 1, group), -ENOENT);
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

/* What was durable goes on without a gap, what was gathered is nowhere. */
static void
assert_mended(struct log *log, uint64_t durable)
{
	assert_int_equal(log_reopen(log), 0);
	assert_int_equal(log_failed(log), 0);
	assert_int_equal(log_last(log), durable);
	assert_int_equal(log_durable(log), durable);
	assert_int_equal(log_gathered(log), 0);
	assert_int_equal(log_time(log), NOON);
	assert_records(log, durable);
}

/* Too early first, when every write fails still: it is as before. */
static void
mend_and_go_on(struct log *log, bool too_early)
{
	uint64_t durable = log_durable(log);
	if (too_early) {
		fault.k = 1;
		assert_mended(log, durable);
		assert_int_equal(append(log), 0);
		assert_int_equal(log_commit(log), -ENOSPC);
	}
	fault.k = 0;
	fault.full = false;
	assert_mended(log, durable);
	assert_true(log_takes(log, 1));
	assert_int_equal(tell_story(log), 0);
	assert_records(log, log_last(log));
}

/* As fail_at(), of a disk that is full and then has room again. */
static bool
fill_at(unsigned k, const struct log_options *how, bool from_then_on, bool part)
{
	char why[LOG_WHY_BYTES];
	static char place[PLACE_BYTES];
	struct log *log;
	if (place[0] == '\0')
		place_new(place);
	place_remove(place);
	assert_int_equal(log_open(&log, place, how, why), 0);
	assert_int_equal(tell_story(log), 0);
	fault.calls = 0;
	fault.k = k;
	fault.error = ENOSPC;
	fault.from_then_on = from_then_on;
	fault.part = fault.full = part;
	int rc = tell_story(log);
	bool failed = fault.calls >= k;
	assert_int_equal(rc, failed ? -ENOSPC : 0);
	if (failed) {
		assert_int_equal(log_failed(log), -ENOSPC);
		assert_int_equal(append(log), -ENOSPC);
		assert_records(log, log_durable(log));
		mend_and_go_on(log, from_then_on);
	}
	fault.k = 0;
	uint64_t last = log_last(log);
	log_free(log);
	assert_reopened(place, how, last, last);
	return failed;
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
log_that_met_a_full_disk_goes_on_when_there_is_room(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++)
		for (int on = 0; on < 2; on++) {
			unsigned k = 1;
			while (fill_at(k, &options[how], on, false))
				k++;
			assert_in_range(k, 24, 1000);
		}
}

/* LMDB calls half a write EIO; the disk shows what it was. */
static void
half_a_write_on_a_full_disk_is_a_full_disk(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++)
		for (unsigned k = 1; k <= 2; k++)
			assert_true(fill_at(k, &options[how], false, true));
}

static uint64_t
file_bytes(const char *place)
{
	size_t n;
	free(place_read(place, "data.mdb", &n));
	return n;
}

/* The last room of the disk went to half of a commit: as long as there is none, nothing is tried; then it comes back. */
static void
what_a_commit_took_in_vain_is_given_back(void **state)
{
	char place[PLACE_BYTES], why[LOG_WHY_BYTES];
	struct log *log;
	(void)state;
	place_new(place);
	assert_int_equal(log_open(&log, place, &options[0], why), 0);
	assert_int_equal(append(log), 0);
	assert_int_equal(log_commit(log), 0);
	uint64_t bytes = file_bytes(place), durable = log_durable(log);
	while (log_gathered(log) < 100000)
		assert_int_equal(append(log), 0);
	fault.calls = 0;
	fault.k = 2; /* the first write is of pages that the file has */
	fault.from_then_on = false;
	fault.part = fault.full = true;
	assert_int_equal(log_commit(log), -ENOSPC);
	fault.k = 0;
	assert_true(file_bytes(place) > bytes);
	assert_int_equal(log_reopen(log), -ENOSPC);
	assert_ended(log, -ENOSPC, durable);
	assert_int_equal(file_bytes(place), bytes);
	fault.full = false;
	mend_and_go_on(log, false);
	log_free(log);
}

static void
only_a_full_disk_is_made_good(void **state)
{
	char place[PLACE_BYTES], why[LOG_WHY_BYTES];
	struct log *log;
	(void)state;
	place_new(place);
	assert_int_equal(log_open(&log, place, &options[0], why), 0);
	assert_int_equal(log_reopen(log), -EINVAL); /* it is well */
	assert_int_equal(tell_story(log), 0);
	uint64_t durable = log_durable(log);
	fault.calls = 0;
	fault.k = 1;
	fault.error = EIO;
	fault.part = fault.from_then_on = false;
	assert_int_equal(tell_story(log), -EIO);
	fault.k = 0;
	for (int again = 0; again < 2; again++) {
		assert_int_equal(log_reopen(log), -EIO);
		assert_ended(log, -EIO, durable);
	}
	log_free(log);
	log = log_memory_new(true);
	assert_int_equal(log_reopen(log), -ENOTSUP);
	log_free(log);
}

/*
 * The last write of a commit arrives and says that it did not, and LMDB cannot take it back: those records were
 * answered as refused, so going on behind them would count them, and going on in front of them would need a write.
 */
static void
commit_that_is_there_all_the_same_is_not_built_upon(void **state)
{
	char place[PLACE_BYTES], why[LOG_WHY_BYTES];
	struct log *log;
	unsigned refused = 0;
	(void)state;
	place_new(place);
	for (unsigned k = 1; k <= 4; k++) {
		place_remove(place);
		assert_int_equal(log_open(&log, place, &options[1], why), 0);
		assert_int_equal(tell_story(log), 0);
		uint64_t durable = log_durable(log);
		fault.calls = 0;
		fault.k = k;
		fault.error = ENOSPC;
		fault.from_then_on = fault.done = true;
		fault.part = false;
		int rc = append(log) < 0 ? 0 : log_commit(log);
		fault.k = 0;
		fault.done = false;
		if (rc == -ENOSPC && log_reopen(log) < 0) {
			refused++;
			assert_ended(log, -EIO, durable);
			assert_int_equal(log_reopen(log), -EIO);
		}
		log_free(log);
		assert_reopened(place, &options[1], durable, durable + 1);
	}
	assert_int_equal(refused, 1); /* at the last write */
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
	    cmocka_unit_test(log_that_met_a_full_disk_goes_on_when_there_is_room),
	    cmocka_unit_test(half_a_write_on_a_full_disk_is_a_full_disk),
	    cmocka_unit_test(what_a_commit_took_in_vain_is_given_back),
	    cmocka_unit_test(only_a_full_disk_is_made_good),
	    cmocka_unit_test(commit_that_is_there_all_the_same_is_not_built_upon),
	    cmocka_unit_test(log_that_cannot_be_opened_says_so_and_can_be_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
