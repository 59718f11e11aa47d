/* test_cursor.c - the bounded MessagePack cursor. */
#include "schemas/cursor.h"
#include "util.h"

static void
integers_of_every_form_are_read(void **state)
{
	static const struct {
		struct slice bytes;
		int64_t value;
	} cases[] = {
	    {B("\x00"), 0}, {B("\x7f"), 127}, {B("\xff"), -1}, {B("\xe0"), -32}, {B("\xcc\xff"), 255},
	    {B("\xcd\xff\xfe"), 65534}, {B("\xce\xff\xff\xff\xff"), 4294967295}, {B("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
	    {B("\xcf\x00\x00\x00\x00\x00\x00\x00\x05"), 5}, {B("\xd0\x80"), -128}, {B("\xd0\x7f"), 127}, {B("\xd1\x80\x00"), -32768},
	    {B("\xd2\x80\x00\x00\x00"), INT32_MIN}, {B("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), INT64_MIN},
	    {B("\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i].bytes);
		const uint8_t *end = copy + cases[i].bytes.n;
		int64_t value = 0;
		assert_ptr_equal(at_int(copy, end, &value), end);
		assert_true(value == cases[i].value);
		for (const uint8_t *cut = copy; cut < end; cut++)
			assert_null(at_int(copy, cut, &value));
		free(copy);
	}
}

static void
what_is_no_int64_is_not_read_as_one(void **state)
{
	static const struct slice cases[] = {
	    B("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), B("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), B("\xca\x00\x00\x00\x00"),
	    B("\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), B("\xc0"), B("\xc3"), B("\xa1" "1"), B("\x90"), B("\x80"), B("\xc1"),
	    B("\xd4\x00\x00"), B(""),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value;
		assert_null(at_int(cases[i].p, cases[i].p + cases[i].n, &value));
	}
}

static void
unsigned_reads_the_whole_range_and_no_negative(void **state)
{
	struct slice top = B("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), minus = B("\xff"), high = B("\xd3\x80\x00\x00\x00\x00\x00\x00\x00");
	uint64_t value;
	(void)state;
	assert_non_null(at_uint(top.p, top.p + top.n, &value));
	assert_true(value == UINT64_MAX);
	assert_null(at_uint(top.p, top.p + 8, &value));
	assert_null(at_uint(minus.p, minus.p + 1, &value));
	assert_null(at_uint(high.p, high.p + 9, &value));
}

static void
texts_and_binaries_of_every_form_are_read(void **state)
{
	static const struct {
		struct slice bytes;
		bool binary;
	} cases[] = {
	    {B("\xa3" "abc"), false}, {B("\xd9\x03" "abc"), false}, {B("\xda\x00\x03" "abc"), false},
	    {B("\xdb\x00\x00\x00\x03" "abc"), false}, {B("\xc4\x03" "abc"), true}, {B("\xc5\x00\x03" "abc"), true},
	    {B("\xc6\x00\x00\x00\x03" "abc"), true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i].bytes);
		const uint8_t *end = copy + cases[i].bytes.n;
		struct slice out, none;
		assert_ptr_equal(cases[i].binary ? at_bin(copy, end, &out) : at_str(copy, end, &out), end);
		assert_slice(out, "abc");
		assert_null(cases[i].binary ? at_str(copy, end, &none) : at_bin(copy, end, &none));
		for (const uint8_t *cut = copy; cut < end; cut++)
			assert_null(cases[i].binary ? at_bin(copy, cut, &none) : at_str(copy, cut, &none));
		free(copy);
	}
}

static void
a_count_beyond_the_bytes_left_is_refused(void **state)
{
	static const struct slice arrays[] = {B("\xdd\xff\xff\xff\xff\xc0"), B("\xdd\xff\xff\xff\xff"), B("\xdc\x00\x02\xc0"), B("\x92\xc0"), B("\xdd\x00\x00"), B("\xdc")};
	static const struct slice maps[] = {B("\xdf\xff\xff\xff\xff\xc0"), B("\xdf\x80\x00\x00\x00"), B("\xde\x00\x01\xc0"), B("\x81\xc0"), B("\x82\xc0\xc0\xc0")};
	uint32_t count;
	(void)state;
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		assert_null(at_array(arrays[i].p, arrays[i].p + arrays[i].n, &count));
		assert_null(at_skip(arrays[i].p, arrays[i].p + arrays[i].n));
	}
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		assert_null(at_map(maps[i].p, maps[i].p + maps[i].n, &count));
		assert_null(at_skip(maps[i].p, maps[i].p + maps[i].n));
	}
	assert_non_null(at_array(B("\xdc\x00\x01\xc0").p, B("\xdc\x00\x01\xc0").p + 4, &count));
	assert_int_equal(count, 1);
}

static void
skipping_steps_over_every_form_and_stops_at_every_cut(void **state)
{
	static const struct slice cases[] = {
	    B("\xc0"), B("\xc2"), B("\xc3"), B("\x05"), B("\xf0"), B("\xca\1\2\3\4"), B("\xcb\1\2\3\4\5\6\7\x08"), B("\xcc\1"),
	    B("\xcd\1\2"), B("\xce\1\2\3\4"), B("\xcf\1\2\3\4\5\6\7\x08"), B("\xd0\1"), B("\xd1\1\2"), B("\xd2\1\2\3\4"),
	    B("\xd3\1\2\3\4\5\6\7\x08"), B("\xd4\1\2"), B("\xd5\1\2\3"), B("\xd6\1\2\3\4\5"), B("\xd7\1\2\3\4\5\6\7\x08\x09"),
	    B("\xd8\1" "0123456789abcdef"), B("\xc7\x02\x01zz"), B("\xc8\x00\x02\x01zz"), B("\xc9\x00\x00\x00\x02\x01zz"),
	    B("\xa2zz"), B("\xd9\x02zz"), B("\xda\x00\x02zz"), B("\xdb\x00\x00\x00\x02zz"), B("\xc4\x02zz"), B("\xc5\x00\x02zz"),
	    B("\xc6\x00\x00\x00\x02zz"), B("\x92\x01\x91\xc0"), B("\x81\xa1k\x92\x01\x02"), B("\xdc\x00\x02\x01\x02"),
	    B("\xdd\x00\x00\x00\x01\x02"), B("\xde\x00\x01\x01\x02"), B("\xdf\x00\x00\x00\x01\x01\x02"), B("\x90"), B("\x80"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i]);
		const uint8_t *end = copy + cases[i].n;
		bool deep = false;
		assert_ptr_equal(at_skip(copy, end), end);
		assert_ptr_equal(at_skip_depth(copy, end, 4, &deep), end);
		for (const uint8_t *cut = copy; cut < end; cut++) {
			assert_null(at_skip(copy, cut));
			assert_null(at_skip_depth(copy, cut, 4, &deep));
		}
		assert_false(deep);
		free(copy);
	}
	assert_null(at_skip(B("\xc1").p, B("\xc1").p + 1));
}

static void
depth_is_bounded_where_asked_and_free_elsewhere(void **state)
{
	uint8_t nest[1000];
	bool deep = false;
	(void)state;
	memset(nest, 0x91, sizeof(nest));
	nest[sizeof(nest) - 1] = 0xc0;
	assert_ptr_equal(at_skip(nest, nest + sizeof(nest)), nest + sizeof(nest));
	assert_null(at_skip_depth(nest, nest + sizeof(nest), 4, &deep));
	assert_true(deep);
	for (unsigned depth = 0; depth <= CURSOR_DEPTH_MAX; depth++) {
		const uint8_t *end = nest + sizeof(nest);
		deep = false;
		assert_ptr_equal(at_skip_depth(end - 1 - depth, end, depth, &deep), end);
		assert_false(deep);
		assert_null(at_skip_depth(end - 2 - depth, end, depth, &deep));
		assert_true(deep);
	}
}

/* The slow obvious model: decode code points. */
static enum text_fault
text_model(struct slice text)
{
	bool control = false;
	for (uint32_t i = 0; i < text.n;) {
		uint32_t first = text.p[i], size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
		if (size == 0 || size > text.n - i)
			return TEXT_NOT_UTF8;
		uint32_t code = size == 1 ? first : first & (0x7fu >> size);
		for (uint32_t k = 1; k < size; k++) {
			if (text.p[i + k] >> 6 != 2)
				return TEXT_NOT_UTF8;
			code = code << 6 | (text.p[i + k] & 63u);
		}
		static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
		if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return TEXT_NOT_UTF8;
		control |= code < 0x20;
		i += size;
	}
	return control ? TEXT_CONTROL : TEXT_FINE;
}

static void
text_check_agrees_with_the_model(void **state)
{
	uint64_t seed = seed_of(__func__);
	(void)state;
	for (int round = 0; round < 200000; round++) {
		uint8_t bytes[40];
		uint32_t n = rnd_below(&seed, 30);
		struct slice text = rnd_text(&seed, n, bytes);
		/* most of them broken in one place by a byte of the interesting kind */
		if (text.n > 0 && rnd(&seed) & 3) {
			static const uint8_t odd[] = {0x00, 0x1f, 0x20, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff, 0x9f, 0xa0, 0x8f, 0x90};
			bytes[rnd_below(&seed, text.n)] = odd[rnd_below(&seed, sizeof(odd))];
		}
		uint8_t *copy = exact(text);
		struct slice own = {copy, text.n};
		assert_int_equal(text_check(own, copy + text.n), text_model(own));
		/* the same with readable bytes behind it, whatever they are */
		memset(bytes + text.n, rnd(&seed) & 1 ? 0xff : 0, sizeof(bytes) - text.n);
		assert_int_equal(text_check(text, bytes + sizeof(bytes)), text_model(own));
		free(copy);
	}
}

/* The borders of RFC 3629, which random texts seldom hit. */
static void
utf8_is_taken_and_refused_at_its_borders(void **state)
{
	static const struct slice good[] = {B("\xc2\x80"), B("\xdf\xbf"), B("\xe0\xa0\x80"), B("\xed\x9f\xbf"), B("\xee\x80\x80"),
	                                    B("\xef\xbf\xbf"), B("\xf0\x90\x80\x80"), B("\xf4\x8f\xbf\xbf"), B("\x7f"), B("")};
	static const struct slice bad[] = {B("\x80"), B("\xbf"), B("\xc0\x80"), B("\xc1\xbf"), B("\xe0\x9f\xbf"), B("\xed\xa0\x80"),
	                                   B("\xed\xbf\xbf"), B("\xf0\x8f\xbf\xbf"), B("\xf4\x90\x80\x80"), B("\xf5\x80\x80\x80"),
	                                   B("\xff"), B("\xc2"), B("\xe2\x82"), B("\xf0\x9f\x98"), B("\xc2 "), B("\xe2\x82 ")};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(text_check(good[i], good[i].p + good[i].n), TEXT_FINE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_check(bad[i], bad[i].p + bad[i].n), TEXT_NOT_UTF8);
}

static void
the_sticky_reader_stops_at_the_first_misfit(void **state)
{
	struct cursor cursor = cursor_of(B("\x93\x01\xa1x\xc3"));
	uint32_t count;
	int64_t num;
	struct slice text;
	bool flag;
	(void)state;
	assert_true(cursor_array(&cursor, &count));
	assert_int_equal(count, 3);
	assert_false(cursor_text(&cursor, &text));
	assert_false(cursor_int(&cursor, &num)); /* would fit, but the reader has failed */
	assert_int_equal(num, 0);
	assert_false(cursor_done(&cursor));
	cursor = cursor_of(B("\x93\x01\xa1x\xc3"));
	assert_true(cursor_array(&cursor, &count) && cursor_int(&cursor, &num) && cursor_text(&cursor, &text) && cursor_bool(&cursor, &flag));
	assert_true(num == 1 && flag);
	assert_slice(text, "x");
	assert_true(cursor_done(&cursor));
	assert_int_equal(cursor_type(&cursor), CURSOR_END);
}

static void
an_empty_message_is_refused_by_every_reader(void **state)
{
	struct slice text;
	uint32_t count;
	int64_t num;
	bool flag;
	struct cursor empty = cursor_of((struct slice){0}), cursor;
	(void)state;
	assert_false((cursor = empty, cursor_array(&cursor, &count)));
	assert_false((cursor = empty, cursor_map(&cursor, &count)));
	assert_false((cursor = empty, cursor_int(&cursor, &num)));
	assert_false((cursor = empty, cursor_text(&cursor, &text)));
	assert_false((cursor = empty, cursor_bin(&cursor, &text)));
	assert_false((cursor = empty, cursor_bool(&cursor, &flag)));
	assert_false((cursor = empty, cursor_nil(&cursor)));
	assert_false((cursor = empty, cursor_skip(&cursor)));
	assert_false((cursor = empty, cursor_key(&cursor, &text)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_of_every_form_are_read),
	    cmocka_unit_test(what_is_no_int64_is_not_read_as_one),
	    cmocka_unit_test(unsigned_reads_the_whole_range_and_no_negative),
	    cmocka_unit_test(texts_and_binaries_of_every_form_are_read),
	    cmocka_unit_test(a_count_beyond_the_bytes_left_is_refused),
	    cmocka_unit_test(skipping_steps_over_every_form_and_stops_at_every_cut),
	    cmocka_unit_test(depth_is_bounded_where_asked_and_free_elsewhere),
	    cmocka_unit_test(text_check_agrees_with_the_model),
	    cmocka_unit_test(utf8_is_taken_and_refused_at_its_borders),
	    cmocka_unit_test(the_sticky_reader_stops_at_the_first_misfit),
	    cmocka_unit_test(an_empty_message_is_refused_by_every_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
