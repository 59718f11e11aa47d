/* test_dead_letters.c - the newest refusals, in bounded memory. */
#include "tests/publisher/support.h"
#include "publisher/dead_letters.h"
#include <stdlib.h>

static void
add(struct dead_letters *letters, const char *code, uint32_t raw_bytes, uint64_t seq)
{
	static uint8_t raw[DEAD_RAW_BYTES_MAX + 1];
	struct dead_row dead = {.at_ms = 5,
	                        .peer = slice_of("p"),
	                        .code = slice_of(code),
	                        .text = slice_of("why"),
	                        .raw = {raw, raw_bytes}};

	dead_letters_add(letters, &dead, seq);
}

static void
the_oldest_letter_goes_first_and_is_counted(void **unused)
{
	struct dead_letters *letters = dead_letters_new(3, 1 << 20);
	struct dead_counters counters;
	struct dead_view view;
	(void)unused;

	for (uint64_t i = 1; i <= 5; i++)
		add(letters, i % 2 ? "too_late" : "bad_field", 10, 100 + i);
	dead_letters_count(letters, &counters);
	assert_int_equal(counters.kept, 3);
	assert_int_equal(counters.added, 5);
	assert_int_equal(counters.dropped, 2);
	assert_true(dead_letters_from(letters, 0, &view));
	assert_int_equal(view.number, 3);
	assert_int_equal(view.seq, 103);
	assert_true(slice_is(view.topic, "dlq/too_late"));
	assert_true(dead_letters_from(letters, 4, &view));
	assert_true(slice_is(view.topic, "dlq/bad_field"));
	assert_false(dead_letters_from(letters, 6, &view));
	dead_letters_free(letters);
}

static void
bytes_are_bounded_too(void **unused)
{
	struct dead_letters *letters = dead_letters_new(1000, 10000);
	struct dead_counters counters;
	(void)unused;

	for (uint64_t i = 1; i <= 100; i++)
		add(letters, "too_big", 1000, i);
	dead_letters_count(letters, &counters);
	assert_true(counters.bytes <= 10000);
	assert_in_range(counters.kept, 8, 9);
	assert_int_equal(counters.kept + counters.dropped, counters.added);
	dead_letters_free(letters);
}

static void
a_letter_reads_back_as_it_was(void **unused)
{
	struct dead_letters *letters = dead_letters_new(10, 1 << 20);
	struct dead_view view;
	struct dead_row dead;
	(void)unused;

	add(letters, "odd/code", 17, 9);
	assert_true(dead_letters_from(letters, 1, &view));
	assert_true(slice_is(view.topic, "dlq/odd%2Fcode"));
	assert_int_equal(dead_decode(&dead, view.row), 0);
	assert_int_equal(dead.number, 1);
	assert_int_equal(dead.at_ms, 5);
	assert_true(slice_is(dead.code, "odd/code"));
	assert_true(slice_is(dead.text, "why"));
	assert_int_equal(dead.raw.n, 17);
	dead_letters_free(letters);
}

/* A row must fit a snapshot chunk; which event it was is still told. */
static void
oversize_bytes_are_not_kept_and_the_text_says_so(void **unused)
{
	struct dead_letters *letters = dead_letters_new(10, 1 << 20);
	struct dead_view view;
	struct dead_row dead;
	(void)unused;

	add(letters, "too_big", DEAD_RAW_BYTES_MAX, 1);
	add(letters, "too_big", DEAD_RAW_BYTES_MAX + 1, 2);
	assert_true(dead_letters_from(letters, 1, &view));
	assert_int_equal(dead_decode(&dead, view.row), 0);
	assert_int_equal(dead.raw.n, DEAD_RAW_BYTES_MAX);
	assert_true(dead_letters_from(letters, 2, &view));
	assert_int_equal(dead_decode(&dead, view.row), 0);
	assert_int_equal(dead.raw.n, 0);
	assert_true(slice_is(dead.text, "why (its 131073 bytes were not kept)"));
	dead_letters_free(letters);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_oldest_letter_goes_first_and_is_counted),
	    cmocka_unit_test(bytes_are_bounded_too),
	    cmocka_unit_test(a_letter_reads_back_as_it_was),
	    cmocka_unit_test(oversize_bytes_are_not_kept_and_the_text_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
