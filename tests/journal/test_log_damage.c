/*
 * test_log_damage.c - files of the log that are not as they were: a named refusal, or nothing that mattered; never
 * a wrong record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "journal/environment.h"
#include "tests/journal/place.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGE = 4096, FIRST = 41, LAST = 160 };
static const struct log_options options = {.map_bytes = 64 << 20, .durability = LOG_WRITE};

/* A whole log: values of many sizes, free pages, FIRST to LAST to be read. */
struct original {
	char place[PLACE_BYTES];
	uint8_t *data;
	size_t n;
};

static uint32_t
size_of(uint64_t lsn)
{
	return lsn % 9 == 0 ? 9000 : lsn % 5 == 0 ? 20 : 700;
}

static void
append_and_commit(struct log *log, uint64_t upto)
{
	while (log_last(log) < upto) {
		uint64_t lsn = log_last(log) + 1;
		struct group *group = group_of_size(lsn, size_of(lsn), NOON);
		assert_int_equal(log_append(log, group), 0);
		group_free(group);
		if (lsn % 4 == 0 || lsn % 7 == 0)
			assert_int_equal(log_commit(log), 0);
	}
	assert_int_equal(log_commit(log), 0);
}

/* The first record of the commit that lsn was in. */
static uint64_t
first_of_value(uint64_t lsn)
{
	while ((lsn - 1) % 4 != 0 && (lsn - 1) % 7 != 0)
		lsn--;
	return lsn;
}

static void
make_original(struct original *original)
{
	char why[LOG_WHY_BYTES];
	struct log *log;
	place_new(original->place);
	assert_int_equal(log_open(&log, original->place, &options, why), 0);
	append_and_commit(log, 100);
	assert_int_equal(log_trim(log, FIRST), 0);
	append_and_commit(log, LAST);
	assert_int_equal(log_first(log), FIRST);
	log_free(log);
	original->data = place_read(original->place, "data.mdb", &original->n);
}

static void
assert_whole(const struct log *log, uint64_t first, uint64_t last)
{
	struct group *group = group_new(GROUP_BATCHES);
	assert_in_range(log_first(log), 1, first);
	assert_int_equal(log_last(log), last);
	for (uint64_t lsn = first; lsn <= last; lsn++) {
		assert_int_equal(log_read(log, lsn, group), 0);
		assert_true(group_is_right(group, lsn));
	}
	group_free(group);
}

/* Opened, read, written to, trimmed, and whole after that. */
static void
assert_usable(const struct original *original, struct log *log)
{
	char why[LOG_WHY_BYTES];
	struct log_check check;
	assert_whole(log, FIRST, LAST);
	append_and_commit(log, LAST + 40);
	assert_int_equal(log_trim(log, FIRST + 60), 0);
	append_and_commit(log, LAST + 80);
	assert_whole(log, FIRST + 60, LAST + 80);
	log_free(log);
	if (log_verify(original->place, 0, &check, why) < 0)
		fail_msg("%s", why);
	assert_int_equal(check.last, LAST + 80);
}

/* Was it refused? */
static bool
open_damaged(const struct original *original, const uint8_t *data, size_t n)
{
	char why[LOG_WHY_BYTES] = "";
	struct log *log;
	place_write(original->place, "data.mdb", data, n);
	int rc = log_open(&log, original->place, &options, why);
	if (rc == 0) {
		assert_usable(original, log);
		return false;
	}
	if (strstr(why, original->place) == NULL || (rc == -EBADMSG && strstr(why, "restore") == NULL))
		fail_msg("%d: '%s' names neither the place nor what to do", rc, why);
	return true;
}

static bool
flip(const struct original *original, uint8_t *copy, size_t at)
{
	uint8_t mask = (uint8_t)(rand() % 2 == 0 ? 1 << rand() % 8 : 1 + rand() % 255);
	memcpy(copy, original->data, original->n);
	copy[at] ^= mask;
	print_message("\rbyte %zu ^ %02x ", at, mask); /* seen when it fails */
	return open_damaged(original, copy, original->n);
}

static void
flipped_byte_is_named_or_did_not_matter(void **state)
{
	enum { PLACES = 250 };
	struct original original;
	unsigned refused = 0, fine = 0;
	(void)state;
	seed_of("flipped_byte_is_named_or_did_not_matter");
	make_original(&original);
	uint8_t *copy = malloc(original.n);
	for (int i = 0; i < PLACES; i++) {
		bool was = flip(&original, copy, (size_t)rand() % original.n);
		refused += was, fine += !was;
	}
	for (int i = 0; i < PLACES; i++) { /* where LMDB keeps what it trusts */
		size_t page = i % 3 == 0 ? (size_t)rand() % 2 : (size_t)rand() % (original.n / PAGE);
		bool was = flip(&original, copy, page * PAGE + (size_t)rand() % (page < 2 ? 152 : 64));
		refused += was, fine += !was;
	}
	print_message("\n%u flips were refused, %u did not matter\n", refused, fine);
	assert_true(refused > PLACES / 4);
	assert_true(fine > PLACES / 20);
	free(copy);
	free(original.data);
}

static void
flip_in_every_kept_record_is_refused_with_its_place(void **state)
{
	struct original original;
	char why[LOG_WHY_BYTES], at[48];
	struct log *log;
	(void)state;
	make_original(&original);
	uint8_t *copy = malloc(original.n);
	for (uint64_t lsn = FIRST; lsn <= LAST; lsn++) {
		struct group *group = group_of_size(lsn, size_of(lsn), NOON);
		uint8_t *where = memmem(original.data, original.n, group->bytes.data, group->bytes.len);
		assert_non_null(where);
		memcpy(copy, original.data, original.n);
		for (uint8_t *more = where; more != NULL;) { /* a page may have been copied on writing: all of them */
			copy[more - original.data] ^= 0x20;
			more++;
			more = memmem(more, original.n - (size_t)(more - original.data), group->bytes.data, group->bytes.len);
		}
		place_write(original.place, "data.mdb", copy, original.n);
		assert_int_equal(log_open(&log, original.place, &options, why), -EBADMSG);
		snprintf(at, sizeof(at), "damaged at record %" PRIu64 ":", first_of_value(lsn));
		if (strstr(why, at) == NULL || strstr(why, "checksum") == NULL)
			fail_msg("'%s' does not say '%s'", why, at);
		group_free(group);
	}
	free(copy);
	free(original.data);
}

static void
file_that_was_cut_is_refused(void **state)
{
	struct original original;
	char why[LOG_WHY_BYTES];
	struct log *log;
	(void)state;
	seed_of("file_that_was_cut_is_refused");
	make_original(&original);
	for (int i = 0; i < 60; i++) {
		size_t n = i < 4 ? (size_t)i * PAGE : (size_t)rand() % original.n;
		place_write(original.place, "data.mdb", original.data, n);
		int rc = log_open(&log, original.place, &options, why);
		if (rc == 0) { /* the end was unused */
			assert_usable(&original, log);
			continue;
		}
		assert_non_null(strstr(why, original.place));
	}
	place_write(original.place, "data.mdb", original.data, original.n / 2);
	assert_int_equal(log_open(&log, original.place, &options, why), -EBADMSG);
	place_write(original.place, "data.mdb", "", 0);
	assert_int_equal(log_open(&log, original.place, &options, why), -EBADMSG);
	assert_non_null(strstr(why, "missing or cut short"));
	free(original.data);
}

/* What a snapshot of one commit earlier would look like. */
static void
older_file_is_a_log_of_its_own(void **state)
{
	struct original original;
	char why[LOG_WHY_BYTES];
	struct log *log;
	(void)state;
	make_original(&original);
	assert_int_equal(log_open(&log, original.place, &options, why), 0);
	append_and_commit(log, LAST + 1);
	log_free(log);
	place_write(original.place, "data.mdb", original.data, original.n);
	assert_int_equal(log_open(&log, original.place, &options, why), 0);
	assert_usable(&original, log);
	free(original.data);
}

/* Either meta page alone is a log that is one commit short: the other must not just be ignored. */
static void
older_of_two_snapshots_is_not_taken_for_the_newest(void **state)
{
	struct original original;
	(void)state;
	make_original(&original);
	for (size_t page = 0; page < 2; page++) {
		uint8_t *copy = malloc(original.n);
		for (size_t byte = 0; byte < 8; byte++) {
			memcpy(copy, original.data, original.n);
			copy[page * PAGE + 144 + byte] ^= 1;
			assert_true(open_damaged(&original, copy, original.n));
		}
		free(copy);
	}
	free(original.data);
}

/* What LMDB keeps about the list of free pages; flags that it never sets would end the next commit. */
static void
flags_of_the_free_list_are_looked_at(void **state)
{
	struct original original;
	unsigned refused = 0;
	(void)state;
	make_original(&original);
	uint8_t *copy = malloc(original.n);
	for (size_t bit = 0; bit < 32; bit++) {
		memcpy(copy, original.data, original.n);
		copy[bit / 16 * PAGE + 44 + bit % 16 / 8] ^= (uint8_t)(1 << bit % 8);
		refused += open_damaged(&original, copy, original.n);
	}
	assert_int_equal(refused, 16); /* those of the newer meta page */
	free(copy);
	free(original.data);
}

/* In every page that leads to others, each byte: a way that leads astray must not be taken later. */
static void
every_byte_of_a_branch_is_looked_at(void **state)
{
	struct original original;
	unsigned branches = 0;
	(void)state;
	make_original(&original);
	uint8_t *copy = malloc(original.n);
	for (size_t page = 2 * PAGE; page < original.n; page += PAGE) {
		const uint8_t *head = original.data + page;
		size_t upper = head[14] | (size_t)head[15] << 8;
		if (head[10] != 1 || head[11] != 0 || upper >= PAGE || upper < PAGE - 512)
			continue;
		branches++;
		for (size_t at = upper; at < PAGE; at++) {
			memcpy(copy, original.data, original.n);
			copy[page + at] ^= (uint8_t)(1 << at % 8);
			open_damaged(&original, copy, original.n);
		}
	}
	assert_true(branches > 0);
	free(copy);
	free(original.data);
}

static void
record_that_changes_while_the_log_is_open_is_not_given_out(void **state)
{
	struct original original;
	char why[LOG_WHY_BYTES];
	struct log *log;
	struct group *group = group_of_size(90, size_of(90), NOON), *read = group_new(GROUP_BATCHES);
	(void)state;
	make_original(&original);
	uint8_t *where = memmem(original.data, original.n, group->bytes.data, group->bytes.len);
	assert_non_null(where);
	assert_int_equal(log_open(&log, original.place, &options, why), 0);
	place_poke(original.place, "data.mdb", (size_t)(where - original.data), (uint8_t)~*where);
	for (int times = 0; times < 2; times++) {
		assert_int_equal(log_read(log, 90, read), -EBADMSG);
		assert_int_equal(log_read(log, 100, read), 0);
		assert_true(group_is_right(read, 100));
	}
	place_poke(original.place, "data.mdb", (size_t)(where - original.data), *where);
	assert_int_equal(log_read(log, 90, read), 0);
	assert_true(group_is_right(read, 90));
	log_free(log);
	group_free(group);
	group_free(read);
	free(original.data);
}

/* Deletes the value under the key, as nobody but the log should. */
static void
delete_value(const char *place, uint64_t lsn)
{
	uint8_t bytes[8];
	MDB_val key = {sizeof(bytes), bytes};
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi journal;
	lsn_key(bytes, lsn);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, DATABASES_MAX), 0);
	assert_int_equal(mdb_env_open(env, place, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "journal", 0, &journal), 0);
	assert_int_equal(mdb_del(txn, journal, &key, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void
missing_values_are_named(void **state)
{
	static const struct {
		uint64_t lsn;
		const char *words;
	} rows[] = {{LAST, "at record 157: the newest records are missing"},
	            {FIRST, "at record 43: the oldest records are missing"},
	            {101, "at record 101: records are missing"}};
	struct original original;
	char why[LOG_WHY_BYTES];
	struct log *log;
	(void)state;
	make_original(&original);
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		place_write(original.place, "data.mdb", original.data, original.n);
		delete_value(original.place, first_of_value(rows[r].lsn));
		assert_int_equal(log_open(&log, original.place, &options, why), -EBADMSG);
		if (strstr(why, rows[r].words) == NULL)
			fail_msg("'%s' does not say '%s'", why, rows[r].words);
	}
	free(original.data);
}

static void
check_of_the_end_leaves_the_rest_alone(void **state)
{
	struct original original;
	char why[LOG_WHY_BYTES];
	struct log_check check;
	(void)state;
	make_original(&original);
	assert_int_equal(log_verify(original.place, 0, &check, why), 0);
	assert_int_equal(check.first, FIRST);
	assert_int_equal(check.last, LAST);
	assert_int_equal(check.epoch, 1);
	assert_true(check.time_ms == NOON);
	struct group *group = group_of_size(90, size_of(90), NOON);
	uint8_t *where = memmem(original.data, original.n, group->bytes.data, group->bytes.len);
	assert_non_null(where);
	*where ^= 1;
	place_write(original.place, "data.mdb", original.data, original.n);
	assert_int_equal(log_verify(original.place, 0, &check, why), -EBADMSG);
	assert_in_range(check.damaged, 85, 90);
	assert_int_equal(check.last, check.damaged - 1);
	assert_int_equal(log_verify(original.place, 90, &check, why), -EBADMSG);
	assert_int_equal(log_verify(original.place, 100, &check, why), 0);
	assert_int_equal(check.last, LAST);
	assert_int_equal(log_verify(original.place, LAST + 5, &check, why), 0);
	group_free(group);
	free(original.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(flipped_byte_is_named_or_did_not_matter),
	    cmocka_unit_test(flip_in_every_kept_record_is_refused_with_its_place),
	    cmocka_unit_test(file_that_was_cut_is_refused),
	    cmocka_unit_test(older_file_is_a_log_of_its_own),
	    cmocka_unit_test(older_of_two_snapshots_is_not_taken_for_the_newest),
	    cmocka_unit_test(flags_of_the_free_list_are_looked_at),
	    cmocka_unit_test(every_byte_of_a_branch_is_looked_at),
	    cmocka_unit_test(record_that_changes_while_the_log_is_open_is_not_given_out),
	    cmocka_unit_test(missing_values_are_named),
	    cmocka_unit_test(check_of_the_end_leaves_the_rest_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
