/* test_stream.c - what is put is got; what is changed, missing, moved or cut off is found before it is believed. */
#include "common/stream.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { PIECES = 8000 /* some four blocks */, LARGE = 70000, HEAD_BYTES = 12 };

static bool
into_memory(void *context, const void *bytes, uint32_t n)
{
	buf_add(context, bytes, n);
	return true;
}

static bool
from_memory(void *context, void *bytes, uint32_t n)
{
	struct slice *rest = context;
	if (rest->n < n)
		return false;
	memcpy(bytes, rest->p, n);
	*rest = (struct slice){rest->p + n, rest->n - n};
	return true;
}

/* A piece that follows from its number: a number, a signed one, and some bytes, now and then many. */
static uint32_t
size_of(uint32_t i)
{
	return i % 500 == 7 ? LARGE : i % 23;
}

static uint64_t
number_of(uint32_t i)
{
	return UINT64_C(0x9e3779b97f4a7c15) * i >> i % 64;
}

static void
put_all(struct buf *bytes)
{
	static uint8_t filling[LARGE];
	struct stream_out out = {.write = into_memory, .context = bytes};
	stream_put_mark(&out, "TEST");
	for (uint32_t i = 0; i < PIECES; i++) {
		stream_put_var(&out, number_of(i));
		stream_put_int(&out, (int64_t)(0 - number_of(i)));
		memset(filling, (int)i, size_of(i));
		stream_put(&out, filling, size_of(i));
	}
	assert_true(stream_end(&out));
	stream_out_fini(&out);
}

/* True: all of it came, as it was put. What came before the reading failed must be right as well. */
static bool
get_all(struct slice bytes)
{
	static uint8_t filling[LARGE];
	struct stream_in in = {.read = from_memory, .context = &bytes};
	stream_get_mark(&in, "TEST");
	for (uint32_t i = 0; i < PIECES && stream_good(&in); i++) {
		uint64_t number = stream_get_var(&in);
		int64_t negative = stream_get_int(&in);
		bool good = stream_get(&in, filling, size_of(i)) && stream_good(&in);
		if (!good)
			break;
		assert_true(number == number_of(i) && negative == (int64_t)(0 - number));
		for (uint32_t b = 0; b < size_of(i); b++)
			assert_int_equal(filling[b], (uint8_t)i);
	}
	bool good = stream_good(&in) && bytes.n == 0;
	stream_in_fini(&in);
	return good;
}

static bool
check(struct slice bytes)
{
	struct stream_in in = {.read = from_memory, .context = &bytes};
	bool good = stream_check(&in) && bytes.n == 0;
	stream_in_fini(&in);
	return good;
}

static void
what_is_put_is_got(void **state)
{
	(void)state;
	struct buf bytes = {0};
	put_all(&bytes);
	assert_true(bytes.len > 3 * STREAM_BLOCK_BYTES);
	assert_true(get_all(buf_slice(&bytes)));
	assert_true(check(buf_slice(&bytes)));
	buf_fini(&bytes);
}

static void
a_changed_bit_is_found_wherever_it_is(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	struct buf bytes = {0};
	put_all(&bytes);
	for (int i = 0; i < 60; i++) {
		uint64_t at = i < 8 * HEAD_BYTES / 2 ? (uint64_t)i * 2 : random_below(&random, bytes.len * 8);
		bytes.data[at / 8] ^= (uint8_t)(1u << at % 8);
		assert_false(check(buf_slice(&bytes)));
		assert_false(get_all(buf_slice(&bytes)));
		bytes.data[at / 8] ^= (uint8_t)(1u << at % 8);
	}
	assert_true(check(buf_slice(&bytes)));
	buf_fini(&bytes);
}

static void
what_is_cut_off_is_found(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	struct buf bytes = {0};
	put_all(&bytes);
	for (int i = 0; i < 40; i++) {
		struct slice cut = {bytes.data, (uint32_t)random_below(&random, bytes.len)};
		assert_false(get_all(cut));
	}
	assert_false(check((struct slice){bytes.data, 0}));
	assert_false(check((struct slice){bytes.data, HEAD_BYTES}));
	assert_false(check((struct slice){bytes.data, (uint32_t)bytes.len - 1}));
	buf_fini(&bytes);
}

static uint32_t
block_bytes(const uint8_t *block)
{
	return HEAD_BYTES + (block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16 | (uint32_t)block[3] << 24);
}

/* Each block is whole by itself: only its place says that it is not the one that was put there. */
static void
a_block_that_is_missing_or_elsewhere_is_found(void **state)
{
	(void)state;
	struct buf bytes = {0}, other = {0};
	put_all(&bytes);
	uint32_t first = block_bytes(bytes.data), second = block_bytes(bytes.data + first);
	buf_add(&other, bytes.data + first, bytes.len - first);
	assert_false(check(buf_slice(&other)));
	other.len = 0;
	buf_add(&other, bytes.data, first);
	buf_add(&other, bytes.data + first + second, bytes.len - first - second);
	assert_false(check(buf_slice(&other)));
	other.len = 0;
	buf_add(&other, bytes.data + first, second);
	buf_add(&other, bytes.data, first);
	buf_add(&other, bytes.data + first + second, bytes.len - first - second);
	assert_false(check(buf_slice(&other)));
	buf_fini(&bytes);
	buf_fini(&other);
}

static void
a_reader_that_asks_for_something_else_fails_and_gets_zeroes(void **state)
{
	(void)state;
	struct buf bytes = {0};
	struct stream_out out = {.write = into_memory, .context = &bytes};
	uint8_t got[4] = {1, 2, 3, 4};
	stream_put_mark(&out, "ONE1");
	stream_put_var(&out, 300);
	assert_true(stream_end(&out));
	stream_out_fini(&out);

	struct slice rest = buf_slice(&bytes);
	struct stream_in in = {.read = from_memory, .context = &rest};
	stream_get_mark(&in, "TWO2");
	assert_false(stream_good(&in));
	assert_int_equal(stream_get_var(&in), 0);
	assert_false(stream_get(&in, got, sizeof(got)));
	assert_int_equal(got[0] | got[3], 0);
	stream_in_fini(&in);

	rest = buf_slice(&bytes);
	in = (struct stream_in){.read = from_memory, .context = &rest};
	stream_get_mark(&in, "ONE1");
	assert_int_equal(stream_get_below(&in, 300), 0);
	assert_false(stream_good(&in));
	stream_in_fini(&in);

	rest = buf_slice(&bytes);
	in = (struct stream_in){.read = from_memory, .context = &rest};
	stream_get_mark(&in, "ONE1");
	assert_int_equal(stream_get_below(&in, 301), 300);
	assert_true(stream_good(&in));
	assert_int_equal(stream_get_var(&in), 0); /* there is no more */
	assert_false(stream_good(&in));
	stream_in_fini(&in);
	buf_fini(&bytes);
}

static bool
no_room(void *context, const void *bytes, uint32_t n)
{
	uint32_t *calls = context;
	(void)bytes, (void)n;
	return ++*calls < 3;
}

static void
a_write_that_fails_is_the_last_one(void **state)
{
	(void)state;
	uint32_t calls = 0;
	struct stream_out out = {.write = no_room, .context = &calls};
	for (uint32_t i = 0; i < 4 * STREAM_BLOCK_BYTES; i += 8)
		stream_put(&out, &i, sizeof(i));
	assert_false(stream_end(&out));
	assert_int_equal(calls, 3);
	stream_out_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_got),
	    cmocka_unit_test(a_changed_bit_is_found_wherever_it_is),
	    cmocka_unit_test(what_is_cut_off_is_found),
	    cmocka_unit_test(a_block_that_is_missing_or_elsewhere_is_found),
	    cmocka_unit_test(a_reader_that_asks_for_something_else_fails_and_gets_zeroes),
	    cmocka_unit_test(a_write_that_fails_is_the_last_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
