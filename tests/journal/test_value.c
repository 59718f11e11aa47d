/*
 * test_value.c - the records of a commit as bytes: as log_lmdb.md shows them, found in any order, and nothing else
 * is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "journal/value.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECORDS = 40, FIRST = 1000 };

/* The bytes of the document's example; runs from the repository's root, as ctest does. */
static size_t
documented(uint8_t *bytes, size_t cap)
{
	char line[256];
	size_t n = 0;
	bool inside = false;
	FILE *file = fopen("journal/log_lmdb.md", "r");
	if (file == NULL)
		fail_msg("journal/log_lmdb.md cannot be read: the test runs from the repository's root");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] == '`')
			inside = strcmp(line, "```hex\n") == 0;
		for (char *at = line, *end; inside && isxdigit((unsigned char)*at) && n < cap; at = end + strspn(end, " "))
			bytes[n++] = (uint8_t)strtoul(at, &end, 16);
	}
	fclose(file);
	return n;
}

static void
value_is_as_documented(void **state)
{
	uint8_t bytes[256];
	struct value value = {0};
	(void)state;
	value_start(&value, 7);
	value_add(&value, slice_of("one"));
	value_add(&value, slice_of("three"));
	struct slice made = value_seal(&value), known = {bytes, (uint32_t)documented(bytes, sizeof(bytes))};
	if (!slice_equal(made, known)) {
		for (uint32_t i = 0; i < made.n; i++)
			printf("%02x ", made.p[i]);
		fail_msg("is what the document should show");
	}
	buf_fini(&value.bytes);
}

/* Of 0 to 39 bytes. */
static struct slice
make(struct value *value)
{
	uint8_t text[RECORDS];
	value_start(value, FIRST);
	for (uint32_t i = 0; i < RECORDS; i++) {
		memset(text, (int)i, sizeof(text));
		value_add(value, (struct slice){text, i});
	}
	return value_seal(value);
}

static void
assert_record(struct slice bytes, uint64_t lsn, struct value_place *place)
{
	struct slice record = value_record(bytes, FIRST, lsn, place);
	assert_int_equal(record.n, lsn - FIRST);
	for (uint32_t i = 0; i < record.n; i++)
		assert_int_equal(record.p[i], lsn - FIRST);
}

static void
records_are_found_in_any_order(void **state)
{
	struct value value = {0};
	struct value_place place = {0};
	(void)state;
	struct slice bytes = make(&value);
	assert_null(value_fault(bytes, FIRST));
	assert_int_equal(value_count(bytes), RECORDS);
	for (uint64_t lsn = FIRST; lsn < FIRST + RECORDS; lsn++)
		assert_record(bytes, lsn, &place);
	for (uint64_t lsn = FIRST + RECORDS; lsn-- > FIRST;)
		assert_record(bytes, lsn, &place);
	place = (struct value_place){0};
	for (uint64_t step = 0; step < 1000; step++)
		assert_record(bytes, FIRST + step * step % RECORDS, &place);
	buf_fini(&value.bytes);
}

/* A place in one value says nothing about the next one, which may begin where the place stands. */
static void
place_of_another_value_is_not_used(void **state)
{
	struct value value = {0};
	struct value_place place = {0};
	(void)state;
	value_start(&value, 1);
	value_add(&value, slice_of("a long record"));
	assert_true(slice_is(value_record(value_seal(&value), 1, 1, &place), "a long record"));
	value_start(&value, 2);
	value_add(&value, slice_of("two"));
	assert_true(slice_is(value_record(value_seal(&value), 2, 2, &place), "two"));
	buf_fini(&value.bytes);
}

static void
sealed_value_can_be_added_to(void **state)
{
	struct value value = {0};
	struct value_place place = {0};
	(void)state;
	value_start(&value, 1);
	value_add(&value, slice_of("one"));
	value_seal(&value);
	value_add(&value, slice_of("two"));
	struct slice bytes = value_seal(&value);
	assert_null(value_fault(bytes, 1));
	assert_int_equal(value_count(bytes), 2);
	assert_true(slice_is(value_record(bytes, 1, 2, &place), "two"));
	buf_fini(&value.bytes);
}

static void
any_changed_bit_is_found(void **state)
{
	struct value value = {0};
	(void)state;
	struct slice bytes = make(&value);
	for (size_t bit = 0; bit < 8 * bytes.n; bit++) {
		value.bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_non_null(value_fault(bytes, FIRST));
		value.bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (uint32_t n = 0; n < bytes.n; n++)
		assert_non_null(value_fault((struct slice){bytes.p, n}, FIRST));
	assert_non_null(value_fault(bytes, FIRST + 1)); /* under another key */
	assert_null(value_fault(bytes, FIRST));
	buf_fini(&value.bytes);
}

/* Its sum is right, but its lengths are not: whoever made it. */
static void
lengths_are_checked_though_the_sum_is_right(void **state)
{
	static const struct {
		uint32_t off, value;
	} rows[] = {{20, 2}, {20, 4}, {20, 0}, {20, UINT32_MAX}, {40, 2}, {40, 4}, {40, UINT32_MAX}, {47, 100}, {32, 1}};
	struct value value = {0};
	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
		value_start(&value, 1);
		for (int i = 0; i < 3; i++)
			value_add(&value, slice_of("abc"));
		struct slice bytes = value_seal(&value);
		put_u32(value.bytes.data + rows[r].off, rows[r].value);
		value_sum(value.bytes.data + VALUE_SUM_BYTES, bytes.n - VALUE_SUM_BYTES, value.bytes.data);
		assert_non_null(value_fault(bytes, 1));
	}
	buf_fini(&value.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(value_is_as_documented),
	    cmocka_unit_test(records_are_found_in_any_order),
	    cmocka_unit_test(place_of_another_value_is_not_used),
	    cmocka_unit_test(sealed_value_can_be_added_to),
	    cmocka_unit_test(any_changed_bit_is_found),
	    cmocka_unit_test(lengths_are_checked_though_the_sum_is_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
