/* test_show.c - what people see: numbers, tables, the rows a client holds. */
#include "laju/number.h"
#include "laju/rowset.h"
#include "laju/table.h"
#include "schemas/topic.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void
numbers_are_rounded_exactly_and_grouped(void **state)
{
	(void)state;
	static const struct {
		int64_t num, den;
		int decimals;
		const char *text;
	} cases[] = {
	    {1234567, 1, 0, "1,234,567"}, {1, 3, 4, "0.3333"},       {2, 3, 2, "0.67"},   {-1, 2, 0, "-1"},
	    {5, 2, 0, "3"},               {-1, 1000, 2, "0.00"},     {999, 1000, 2, "1.00"}, {INT64_MAX, 1, 0, "9,223,372,036,854,775,807"},
	    {INT64_MIN, 1, 0, "-9,223,372,036,854,775,808"},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[NUMBER_TEXT_MAX];
		number_fraction(cases[i].num, cases[i].den, cases[i].decimals, true, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void
a_change_names_its_base_and_never_divides_by_zero(void **state)
{
	(void)state;
	char text[NUMBER_TEXT_MAX];
	const struct row_value ten = {.kind = 0, .num = 10}, eight = {.kind = 0, .num = 8}, zero = {.kind = 0}, none = {.kind = 2};
	assert_int_equal(number_change(&ten, &eight, text), TREND_UP);
	assert_string_equal(text, "+25.0 %");
	assert_int_equal(number_change(&eight, &ten, text), TREND_DOWN);
	assert_string_equal(text, "-20.0 %");
	assert_int_equal(number_change(&ten, &zero, text), TREND_NEW);
	assert_int_equal(number_change(&ten, &none, text), TREND_NONE);
	const struct row_value half = {.kind = 1, .num = 1, .den = 2}, third = {.kind = 1, .num = 1, .den = 3};
	number_change(&half, &third, text);
	assert_string_equal(text, "+50.0 %");
	const struct row_value most = {.kind = 1, .num = INT64_MAX, .den = 1}, least = {.kind = 1, .num = 1, .den = INT64_MAX};
	assert_int_equal(number_change(&most, &least, text), TREND_UP);
}

static void
columns_are_aligned_by_width_and_dropped_from_the_right(void **state)
{
	(void)state;
	struct buf out = {0};
	struct text_table *table = text_table_new();
	text_table_column(table, "kampanye", false);
	text_table_column(table, "revenue", true);
	text_table_column(table, "visits", true);
	text_table_cell_text(table, "\xe5\xa4\xa7\xe5\xae\x89\xe5\x85\xa8"); /* three wide characters */
	text_table_cell_text(table, "1,000");
	text_table_cell_text(table, "7");
	text_table_text(table, 0, UINT32_MAX, &out);
	buf_add(&out, "", 1);
	assert_string_equal((const char *)out.data, "kampanye  revenue  visits\n\xe5\xa4\xa7\xe5\xae\x89\xe5\x85\xa8      1,000       7\n");
	out.len = 0;
	text_table_text(table, 20, UINT32_MAX, &out);
	buf_add(&out, "", 1);
	assert_string_equal((const char *)out.data, "kampanye  revenue\n\xe5\xa4\xa7\xe5\xae\x89\xe5\x85\xa8      1,000\n");
	text_table_free(table);
	buf_fini(&out);
}

/* What must not reach a terminal: as text, as JSON, in CSV. */
static const struct {
	const char *text, *clean, *json, *csv;
} unfit[] = {
    {"a\033[2Jb", "a?[2Jb", "\"a\\u001b[2Jb\"", "a?[2Jb"},
    {"a\nb\r\tc\x7f", "a?b??c?", "\"a\\u000ab\\u000d\\u0009c\\u007f\"", "a?b??c?"},
    /* C1; U+00A0 is none */
    {"\xc2\x80\xc2\x9b" "2J\xc2\x9f\xc2\xa0", "??2J?\xc2\xa0", "\"\\u0080\\u009b2J\\u009f\xc2\xa0\"", "??2J?\xc2\xa0"},
    {"\xe2\x80\xaa\xe2\x80\xae|\xe2\x81\xa6\xe2\x81\xa9", "??|??", "\"\\u202a\\u202e|\\u2066\\u2069\"", "??|??"},
    {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "???", "\"\\u200e\\u200f\\u061c\"", "???"},
    {"\xe2\x80\xa8\xe2\x80\xa9", "??", "\"\\u2028\\u2029\"", "??"},
    {"a\xe2\x80\x8d", "a\xe2\x80\x8d", "\"a\xe2\x80\x8d\"", "a\xe2\x80\x8d"}, /* a joiner turns nothing */
    {"x\xffy\xe2\x80", "x\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd", "\"x\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd\"",
     "x\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd"},
    {"\"a\\b\",c", "\"a\\b\",c", "\"\\\"a\\\\b\\\",c\"", "\"\"\"a\\b\"\",c\""},
    {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\xc3\xa9\xf0\x9f\x98\x80"},
};

static void
names_from_outside_cannot_move_the_cursor_in_any_form(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		struct buf clean = {0}, json = {0}, csv = {0}, fit = {0};
		struct text_table *table = text_table_new();
		text_clean(&clean, slice_of(unfit[i].text));
		text_json(&json, slice_of(unfit[i].text));
		text_fit(&fit, slice_of(unfit[i].text), 100, false);
		text_table_column(table, "key", false);
		text_table_cell_text(table, unfit[i].text);
		text_table_csv(table, &csv);
		if (!slice_is(buf_slice(&clean), unfit[i].clean) || !slice_is(buf_slice(&json), unfit[i].json) ||
		    csv.len != 5 + strlen(unfit[i].csv) || memcmp(csv.data + 4, unfit[i].csv, strlen(unfit[i].csv)) != 0)
			fail_msg("case %u: %.*s, %.*s, %.*s", i, (int)clean.len, (char *)clean.data, (int)json.len, (char *)json.data,
			         (int)csv.len, (char *)csv.data);
		assert_int_equal(text_is_clean(slice_of(unfit[i].text)), slice_is(buf_slice(&clean), unfit[i].text));
		assert_true(text_is_clean(buf_slice(&fit)));
		text_table_free(table);
		buf_fini(&clean);
		buf_fini(&json);
		buf_fini(&csv);
		buf_fini(&fit);
	}
}

static void
json_of_another_writer_keeps_its_lines_and_loses_its_controls(void **state)
{
	(void)state;
	struct buf out = {0};
	text_json_clean(&out, slice_of("{\n  \"a\": \"\\u001b\xc2\x9b\x7f\xe2\x80\xae\xc3\xa9\"\n}\n"));
	assert_true(slice_is(buf_slice(&out), "{\n  \"a\": \"\\u001b\\u009b\\u007f\\u202e\xc3\xa9\"\n}\n"));
	buf_fini(&out);
}

static void
csv_quotes_what_needs_it(void **state)
{
	(void)state;
	struct buf out = {0};
	struct text_table *table = text_table_new();
	text_table_column(table, "key", false);
	text_table_cell_text(table, "a,\"b\"");
	text_table_csv(table, &out);
	buf_add(&out, "", 1);
	assert_string_equal((const char *)out.data, "key\n\"a,\"\"b\"\"\"\n");
	text_table_free(table);
	buf_fini(&out);
}

static struct slice
row_of(struct buf *out, uint64_t epoch, uint64_t seq, uint32_t flags)
{
	static struct row row;
	memset(&row, 0, sizeof(row));
	row.epoch = epoch;
	row.seq = seq;
	row.flags = flags;
	out->len = 0;
	row_encode(&row, out);
	return buf_slice(out);
}

static void
the_higher_version_stays_whatever_comes_last(void **state)
{
	(void)state;
	struct rowset set = {0};
	struct buf packed = {0};
	struct slice topic = slice_of("kpi/d/all/all");
	assert_int_equal(rowset_put(&set, topic, row_of(&packed, 1, 5, 0)), ROWSET_NEW);
	assert_int_equal(rowset_put(&set, topic, row_of(&packed, 1, 4, 0)), ROWSET_OLD);
	assert_int_equal(rowset_put(&set, topic, row_of(&packed, 1, 5, 0)), ROWSET_OLD);
	assert_int_equal(rowset_put(&set, topic, row_of(&packed, 2, 1, 0)), ROWSET_NEW);
	assert_non_null(rowset_find(&set, topic));
	assert_int_equal(rowset_put(&set, topic, row_of(&packed, 2, 2, ROW_GONE)), ROWSET_NEW);
	assert_null(rowset_find(&set, topic));
	assert_int_equal(rowset_put(&set, topic, row_of(&packed, 2, 1, 0)), ROWSET_OLD); /* late: does not bring it back */
	assert_null(rowset_find(&set, topic));
	buf_fini(&packed);
	rowset_fini(&set);
}

static void
patterns_are_completed_and_a_wrong_window_is_told(void **state)
{
	(void)state;
	struct buf pattern = {0};
	const char *near;
	assert_true(pattern_of("d/campaign/*", &pattern, &near));
	assert_true(slice_is(buf_slice(&pattern), "kpi/d/campaign/*"));
	assert_true(slice_is(pattern_prefix(buf_slice(&pattern)), "kpi/d/campaign/"));
	assert_true(pattern_of("m", &pattern, &near));
	assert_true(glob_match(buf_slice(&pattern), slice_of("kpi/m/all/all")));
	assert_false(glob_match(buf_slice(&pattern), slice_of("kpi/d/all/all")));
	assert_false(pattern_of("r30/all", &pattern, &near));
	assert_string_equal(near, "r30d");
	buf_fini(&pattern);
}

int
main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_rounded_exactly_and_grouped),
	    cmocka_unit_test(a_change_names_its_base_and_never_divides_by_zero),
	    cmocka_unit_test(columns_are_aligned_by_width_and_dropped_from_the_right),
	    cmocka_unit_test(names_from_outside_cannot_move_the_cursor_in_any_form),
	    cmocka_unit_test(json_of_another_writer_keeps_its_lines_and_loses_its_controls),
	    cmocka_unit_test(csv_quotes_what_needs_it),
	    cmocka_unit_test(the_higher_version_stays_whatever_comes_last),
	    cmocka_unit_test(patterns_are_completed_and_a_wrong_window_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
