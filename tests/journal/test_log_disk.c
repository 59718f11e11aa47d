/*
 * test_log_disk.c - the log in a directory: reopened, killed, full, beside other processes; and against a plain
 * list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "common/mem.h"
#include "tests/journal/place.h"
#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct log_options quick = {.map_bytes = 256 << 20, .durability = LOG_WRITE};
static const struct log_options synced = {.map_bytes = 256 << 20, .durability = LOG_SYNC};

static struct log *
open_log(const char *place, const struct log_options *options)
{
	char why[LOG_WHY_BYTES];
	struct log *log;
	if (log_open(&log, place, options, why) < 0)
		fail_msg("%s", why);
	return log;
}

/* The next record, of n bytes of its own. */
static int
append(struct log *log, uint32_t n, int64_t recv_ms)
{
	struct group *group = group_of_size(log_last(log) + 1, n, recv_ms);
	int rc = log_append(log, group);
	group_free(group);
	return rc;
}

static int
append_tick(struct log *log)
{
	struct group *tick = group_new(GROUP_TICK);
	tick->recv_ms = NOON;
	int rc = log_append(log, tick);
	group_free(tick);
	return rc;
}

static void
assert_records(const struct log *log, uint64_t first, uint64_t last)
{
	struct group *group = group_new(GROUP_BATCHES);
	for (uint64_t lsn = first; lsn <= last; lsn++) {
		assert_int_equal(log_read(log, lsn, group), 0);
		assert_true(group_is_right(group, lsn));
	}
	assert_int_equal(log_read(log, last + 1, group), -ENOENT);
	group_free(group);
}

static void
assert_refused(const char *place, const struct log_options *options, int rc, const char *words)
{
	char why[LOG_WHY_BYTES] = "";
	struct log *log;
	assert_int_equal(log_open(&log, place, options, why), rc);
	if (strstr(why, words) == NULL || strstr(why, place) == NULL)
		fail_msg("'%s' should name the place and say '%s'", why, words);
}

static void
reopened_log_goes_on_where_it_was(void **state)
{
	static const struct log_options *const both[] = {&quick, &synced};
	char place[PLACE_BYTES];
	(void)state;
	for (int b = 0; b < 2; b++) {
		place_new(place);
		for (uint64_t epoch = 1; epoch <= 4; epoch++) {
			struct log *log = open_log(place, both[b]);
			uint64_t last = 3 * (epoch - 1);
			assert_int_equal(log_epoch(log), epoch);
			assert_int_equal(log_last(log), last);
			assert_int_equal(log_durable(log), last);
			assert_true(log_time(log) == (epoch == 1 ? INT64_MIN : NOON + (int64_t)last));
			assert_records(log, 1, last);
			for (uint64_t i = 1; i <= 3; i++)
				assert_int_equal(append(log, 100, NOON + (int64_t)(last + i)), 0);
			assert_int_equal(log_durable(log), last);
			assert_true(log_gathered(log) > 300);
			assert_records(log, 1, last + 3); /* gathered ones too */
			assert_int_equal(log_commit(log), 0);
			assert_int_equal(log_durable(log), last + 3);
			assert_int_equal(log_gathered(log), 0);
			assert_int_equal(append(log, 100, NOON + 1000), 0); /* never committed */
			log_free(log);
		}
	}
}

static void
numbers_and_time_survive_a_log_that_was_trimmed_empty(void **state)
{
	char place[PLACE_BYTES];
	(void)state;
	place_new(place);
	struct log *log = open_log(place, &quick);
	for (int i = 0; i < 5; i++)
		assert_int_equal(append(log, 5000, NOON + i), 0);
	assert_int_equal(log_commit(log), 0);
	log_trim_all(log, 3); /* inside of the only value: nothing is deleted */
	assert_int_equal(log_first(log), 3);
	assert_true(log_bytes(log) > 5 * 5000);
	log_trim_all(log, UINT64_MAX);
	assert_int_equal(log_bytes(log), 0);
	log_free(log);
	log = open_log(place, &quick);
	assert_int_equal(log_first(log), 6);
	assert_int_equal(log_last(log), 5);
	assert_true(log_time(log) == NOON + 4);
	assert_int_equal(append(log, 10, NOON), 0);
	assert_int_equal(log_commit(log), 0);
	assert_records(log, 6, 6);
	log_free(log);
	log = open_log(place, &quick);
	assert_records(log, 6, 6);
	assert_true(log_time(log) == NOON + 4);
	log_free(log);
}

static void
trim_deletes_so_many_commits_a_call(void **state)
{
	enum { VALUES = 3 * LOG_TRIM_VALUES_MAX - 10 };
	char place[PLACE_BYTES];
	(void)state;
	place_new(place);
	struct log *log = open_log(place, &quick);
	for (int i = 0; i < VALUES; i++) {
		assert_int_equal(append(log, 3000, NOON), 0);
		assert_int_equal(log_commit(log), 0);
	}
	assert_int_equal(log_trim(log, VALUES), 1);
	assert_int_equal(log_counters(log).trimmed, LOG_TRIM_VALUES_MAX);
	assert_int_equal(log_first(log), VALUES); /* they cannot be read any more at once */
	assert_int_equal(log_trim(log, VALUES), 1);
	assert_int_equal(log_trim(log, VALUES), 0);
	assert_int_equal(log_counters(log).trimmed, VALUES - 1);
	assert_int_equal(log_trim(log, VALUES), 0);
	assert_int_equal(log_counters(log).trims, 3);
	assert_records(log, VALUES, VALUES);
	log_free(log);
}

/* What a child that is about to die has done; shared with it. */
struct account {
	uint64_t durable, committing; /* the newest lsn whose commit has returned, and the newest one handed to a commit */
};

static struct account *
new_account(void)
{
	struct account *account = mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(account != MAP_FAILED);
	return account;
}

/* In a child: appends, commits and trims until it is killed; a byte down the pipe for each commit. */
_Noreturn static void
work_until_killed(const char *place, const struct log_options *options, volatile struct account *account, int pipe_end)
{
	struct log *log = open_log(place, options);
	for (;;) {
		for (int i = rand() % 8; i >= 0; i--)
			if (append(log, (uint32_t)(rand() % 20000), NOON) < 0)
				_exit(1);
		account->committing = log_last(log);
		if (log_commit(log) < 0)
			_exit(1);
		account->durable = log_durable(log);
		if (log_last(log) > 200 && rand() % 8 == 0)
			log_trim(log, log_last(log) - 150);
		if (write(pipe_end, "", 1) != 1)
			_exit(1);
	}
}

static pid_t
start_worker(const char *place, const struct log_options *options, volatile struct account *account, int *pipe_end)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	srand((unsigned)rand());
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		work_until_killed(place, options, account, ends[1]);
	}
	close(ends[1]);
	*pipe_end = ends[0];
	return child;
}

static void
end_worker(pid_t child, int pipe_end)
{
	int status;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status)); /* else it failed by itself */
	close(pipe_end);
}

static void
killed_writer_loses_nothing_that_was_durable(void **state)
{
	enum { KILLS = 40 };
	char place[PLACE_BYTES];
	struct account *account = new_account();
	int pipe_end;
	char byte;
	(void)state;
	seed_of("killed_writer_loses_nothing_that_was_durable");
	place_new(place);
	for (uint64_t kills = 0; kills < KILLS; kills++) {
		const struct log_options *options = kills % 2 == 0 ? &quick : &synced;
		pid_t child = start_worker(place, options, account, &pipe_end);
		for (int n = rand() % 30; n >= 0; n--)
			assert_int_equal(read(pipe_end, &byte, 1), 1);
		for (int n = rand() % 100000; n > 0; n--) /* into the middle of whatever it does */
			__asm__ volatile("");
		end_worker(child, pipe_end);
		struct log *log = open_log(place, options);
		assert_int_equal(log_epoch(log), 2 * kills + 2);
		assert_true(log_last(log) >= account->durable);
		assert_true(log_last(log) <= account->committing);
		assert_true(log_first(log) <= log_last(log));
		assert_records(log, log_first(log), log_last(log));
		log_free(log);
	}
	munmap(account, sizeof(*account));
}

static void
writer_that_exits_after_a_commit_leaves_it_and_no_more(void **state)
{
	char place[PLACE_BYTES];
	int status;
	(void)state;
	place_new(place);
	pid_t child = fork();
	if (child == 0) {
		struct log *log = open_log(place, &synced);
		for (int i = 0; i < 3; i++)
			append(log, 1000, NOON);
		int rc = log_commit(log);
		append(log, 1000, NOON);
		_exit(rc == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	struct log *log = open_log(place, &synced);
	assert_int_equal(log_last(log), 3);
	assert_records(log, 1, 3);
	log_free(log);
}

static void
second_writer_is_refused_and_a_reader_is_not(void **state)
{
	static const struct log_options reading = {.read_only = true};
	char place[PLACE_BYTES], words[32];
	int status;
	(void)state;
	place_new(place);
	struct log *log = open_log(place, &quick);
	append(log, 1000, NOON);
	log_commit(log);
	snprintf(words, sizeof(words), "process %ld writes", (long)getpid());
	assert_refused(place, &quick, -EBUSY, words); /* this process is a second one too */
	pid_t child = fork();
	if (child == 0) {
		assert_refused(place, &quick, -EBUSY, words);
		struct log *reader = open_log(place, &reading);
		assert_records(reader, 1, 1);
		assert_int_equal(append(reader, 10, NOON), -EROFS);
		assert_int_equal(log_trim(reader, 1), -EROFS);
		assert_int_equal(log_epoch(reader), 1);
		log_free(reader);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	append(log, 1000, NOON);
	assert_int_equal(log_commit(log), 0);
	assert_records(log, 1, 2);
	log_free(log);
	log_free(open_log(place, &quick)); /* the lock is gone with the log */
}

static void
log_can_be_checked_beside_its_writer(void **state)
{
	char place[PLACE_BYTES], why[LOG_WHY_BYTES], byte;
	struct account *account = new_account();
	struct log_check check;
	int pipe_end;
	(void)state;
	seed_of("log_can_be_checked_beside_its_writer");
	place_new(place);
	pid_t child = start_worker(place, &quick, account, &pipe_end);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(read(pipe_end, &byte, 1), 1);
		uint64_t durable = *(volatile uint64_t *)&account->durable;
		if (log_verify(place, i % 2 == 0 ? 0 : durable, &check, why) < 0)
			fail_msg("%s", why);
		assert_true(check.last >= durable);
	}
	end_worker(child, pipe_end);
	munmap(account, sizeof(*account));
}

static void
wrong_places_and_options_are_named(void **state)
{
	static const struct log_options reading = {.read_only = true}, tiny = {.map_bytes = 1 << 20},
	                                more = {.map_bytes = 32 << 20, .journal_max = 17 << 20};
	char place[PLACE_BYTES], inside[PLACE_BYTES + 32];
	(void)state;
	place_new(place);
	assert_refused(place, &reading, -ENOENT, "no log");
	assert_refused(place, &tiny, -EINVAL, "16 MiB");
	assert_refused(place, &more, -EINVAL, "half");
	place_write(place, "file", "x", 1);
	snprintf(inside, sizeof(inside), "%s/file", place);
	assert_refused(inside, &quick, -ENOTDIR, "not a directory");
	snprintf(inside, sizeof(inside), "%s/none/none", place);
	assert_refused(inside, &quick, -ENOENT, "cannot be made");
	snprintf(inside, sizeof(inside), "%s/new", place);
	log_free(open_log(inside, &quick)); /* made */
	place_remove(inside);
}

/* Fills it with commits of several records until it says no; the number of records. */
static uint64_t
fill(struct log *log, uint32_t n)
{
	int rc = 0;
	while (rc == 0) {
		for (int i = 0; i < 7 && (rc = append(log, n, NOON)) == 0; i++)
			;
		assert_int_equal(log_commit(log), 0);
	}
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(log_failed(log), 0);
	assert_int_equal(log_durable(log), log_last(log));
	return log_last(log);
}

static void
assert_full_and_going_on(const struct log_options *options)
{
	char place[PLACE_BYTES];
	struct group *group = group_of_size(1, 60000, NOON);
	place_new(place);
	struct log *log = open_log(place, options);
	uint64_t last = fill(log, 60000);
	assert_true(last > 30); /* of 60 KB: more than 2 MB */
	assert_int_equal(log_append(log, group), -ENOSPC);
	assert_int_equal(group->lsn, 0);
	assert_int_equal(log_last(log), last);
	for (int i = 0; i < 1000; i++) { /* 16 hours of them */
		assert_int_equal(append_tick(log), 0);
		assert_int_equal(log_commit(log), 0);
	}
	assert_int_equal(log_append(log, group), -ENOSPC);
	for (int round = 0; round < 20; round++) {
		log_trim_all(log, log_last(log) - last / 2);
		uint64_t full = fill(log, 40000 + (uint32_t)round * 3000);
		assert_true(full > last);
	}
	log_free(log);
	log = open_log(place, options);
	assert_int_equal(append(log, 60000, NOON), -ENOSPC);
	assert_int_equal(append_tick(log), 0);
	log_free(log);
	group_free(group);
}

static void
full_log_refuses_before_it_takes_and_goes_on_after_a_trim(void **state)
{
	static const struct log_options by_journal = {.map_bytes = 64 << 20, .journal_max = 6 << 20, .durability = LOG_WRITE},
	                                by_map = {.map_bytes = LOG_MAP_BYTES_MIN, .durability = LOG_WRITE};
	(void)state;
	assert_full_and_going_on(&by_journal);
	assert_full_and_going_on(&by_map);
}

static void
log_that_is_never_committed_is_bounded(void **state)
{
	static const struct log_options large = {.map_bytes = 1 << 30, .durability = LOG_WRITE};
	char place[PLACE_BYTES];
	int rc;
	(void)state;
	place_new(place);
	struct log *log = open_log(place, &large);
	struct group *group = group_new(GROUP_BATCHES);
	memset(buf_reserve(&group->bytes, GROUP_BYTES_MAX), 'x', GROUP_BYTES_MAX);
	group->bytes.len = GROUP_BYTES_MAX;
	while ((rc = log_append(log, group)) == 0)
		group->lsn = 0;
	assert_int_equal(rc, -ENOSPC);
	assert_true(log_gathered(log) <= LOG_GATHERED_MAX);
	assert_true(log_gathered(log) > LOG_GATHERED_MAX - GROUP_BYTES_MAX - 1000);
	assert_int_equal(log_commit(log), 0);
	assert_int_equal(log_append(log, group), 0);
	group_free(group);
	log_free(log);
}

/* In a child: a transaction of an LMDB reader, open until it is killed. */
_Noreturn static void
read_until_killed(const char *place, int pipe_end)
{
	MDB_env *env;
	MDB_txn *txn;
	if (mdb_env_create(&env) != 0 || mdb_env_open(env, place, MDB_RDONLY, 0600) != 0 ||
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || write(pipe_end, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t
start_reader(const char *place)
{
	char byte;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0)
		read_until_killed(place, ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return child;
}

static void
end_reader(pid_t child)
{
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
killed_reader_does_not_keep_pages_for_ever(void **state)
{
	char place[PLACE_BYTES], path[PLACE_BYTES + 16];
	struct stat file;
	(void)state;
	place_new(place);
	struct log *log = open_log(place, &quick);
	append(log, 100000, NOON);
	assert_int_equal(log_commit(log), 0);
	end_reader(start_reader(place));
	for (int i = 0; i < 200; i++) { /* 20 MB through a log that keeps 200 KB */
		assert_int_equal(append(log, 100000, NOON), 0);
		assert_int_equal(log_commit(log), 0);
		assert_int_equal(log_trim(log, log_last(log)), 0);
	}
	assert_int_equal(log_counters(log).dead_readers, 1);
	snprintf(path, sizeof(path), "%s/data.mdb", place);
	assert_int_equal(stat(path, &file), 0);
	assert_in_range(file.st_size, 100000, 2 << 20);
	log_free(log);
}

/* Room that is there, but kept by a reader: only the commit finds out. Nothing is lost by that. */
static void
commit_without_room_keeps_what_is_gathered_until_there_is(void **state)
{
	static const struct log_options options = {.map_bytes = LOG_MAP_BYTES_MIN, .durability = LOG_WRITE};
	char place[PLACE_BYTES];
	int rc = 0;
	(void)state;
	place_new(place);
	struct log *log = open_log(place, &options);
	append(log, 100000, NOON);
	assert_int_equal(log_commit(log), 0);
	pid_t child = start_reader(place);
	while (rc == 0) {
		assert_int_equal(append(log, 100000, NOON), 0);
		rc = log_commit(log);
		if (rc == 0)
			assert_int_equal(log_trim(log, log_last(log)), 0);
	}
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(log_failed(log), 0);
	assert_int_equal(append(log, 10, NOON), -ENOSPC);
	assert_int_equal(append_tick(log), -ENOSPC);
	assert_int_equal(log_durable(log), log_last(log) - 1);
	assert_records(log, log_last(log) - 1, log_last(log));
	assert_int_equal(log_commit(log), -ENOSPC);
	end_reader(child);
	assert_int_equal(log_trim(log, log_last(log)), 0);
	assert_int_equal(log_commit(log), 0);
	assert_int_equal(log_durable(log), log_last(log));
	assert_int_equal(append(log, 10, NOON), 0);
	assert_records(log, log_last(log) - 1, log_last(log));
	log_free(log);
}

/* What the log must hold: sizes by lsn follow from the seed, so that only bounds are kept. */
struct model {
	struct log *log;
	uint64_t first, last, durable, epoch;
	uint64_t pieces; /* commits that found no room in one piece */
};

static void
model_read(struct model *model, struct group *group)
{
	uint64_t lsn = (uint64_t)rand() % (model->last + 3);
	for (int n = rand() % 20; n >= 0; n--, lsn++) {
		int rc = log_read(model->log, lsn, group);
		assert_int_equal(rc, lsn < model->first || lsn > model->last ? -ENOENT : 0);
		if (rc == 0)
			assert_true(group_is_right(group, lsn));
	}
}

static void
model_append(struct model *model)
{
	uint32_t n = rand() % 10 == 0 ? (uint32_t)(rand() % 600000) : (uint32_t)(rand() % 6000);
	int rc = append(model->log, n, NOON);
	assert_true(rc == 0 || rc == -ENOSPC);
	if (rc == 0)
		model->last++;
}

static void
model_commit(struct model *model)
{
	int rc = log_commit(model->log);
	assert_int_equal(log_failed(model->log), 0);
	if (rc == 0)
		model->durable = model->last;
	else
		assert_int_equal(rc, -ENOSPC);
	model->pieces += rc != 0;
}

static void
model_trim(struct model *model)
{
	uint64_t to = rand() % 4 == 0 ? model->durable + (uint64_t)(rand() % 3) : model->first + (uint64_t)rand() % 40;
	log_trim_all(model->log, to);
	if (to > model->durable + 1)
		to = model->durable + 1;
	if (to > model->first)
		model->first = to;
}

static void
model_reopen(struct model *model, const char *place, const struct log_options *options)
{
	log_free(model->log);
	model->log = open_log(place, options);
	model->last = model->durable;
	assert_int_equal(log_epoch(model->log), ++model->epoch);
	assert_true(log_first(model->log) <= model->first); /* a trim inside of a value is not kept */
	model->first = log_first(model->log);
}

static void
log_on_disk_is_a_list(void **state)
{
	static const struct log_options options = {.map_bytes = 32 << 20, .journal_max = 15 << 20, .durability = LOG_WRITE};
	char place[PLACE_BYTES];
	struct group *group = group_new(GROUP_BATCHES);
	(void)state;
	seed_of("log_on_disk_is_a_list");
	place_new(place);
	struct model model = {.log = open_log(place, &options), .first = 1, .epoch = 1};
	for (int step = 0; step < 6000; step++) {
		int dice = rand() % 100;
		if (dice < 50)
			model_append(&model);
		else if (dice < 70)
			model_commit(&model);
		else if (dice < 93)
			model_read(&model, group);
		else if (dice < 99)
			model_trim(&model);
		else
			model_reopen(&model, place, &options);
		assert_int_equal(log_first(model.log), model.first);
		assert_int_equal(log_last(model.log), model.last);
		assert_int_equal(log_durable(model.log), model.durable);
	}
	model_commit(&model);
	assert_records(model.log, model.first, model.last);
	print_message("%llu records, %llu commits refused for room in pieces\n", (unsigned long long)model.last,
	              (unsigned long long)model.pieces);
	log_free(model.log);
	group_free(group);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reopened_log_goes_on_where_it_was),
	    cmocka_unit_test(numbers_and_time_survive_a_log_that_was_trimmed_empty),
	    cmocka_unit_test(trim_deletes_so_many_commits_a_call),
	    cmocka_unit_test(killed_writer_loses_nothing_that_was_durable),
	    cmocka_unit_test(writer_that_exits_after_a_commit_leaves_it_and_no_more),
	    cmocka_unit_test(second_writer_is_refused_and_a_reader_is_not),
	    cmocka_unit_test(log_can_be_checked_beside_its_writer),
	    cmocka_unit_test(wrong_places_and_options_are_named),
	    cmocka_unit_test(full_log_refuses_before_it_takes_and_goes_on_after_a_trim),
	    cmocka_unit_test(log_that_is_never_committed_is_bounded),
	    cmocka_unit_test(killed_reader_does_not_keep_pages_for_ever),
	    cmocka_unit_test(commit_without_room_keeps_what_is_gathered_until_there_is),
	    cmocka_unit_test(log_on_disk_is_a_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
