/* test_ndjson.c - lines of JSON become events, or a reason with its place. */
#include "laju/ndjson.h"
#include "laju/unknown_keys.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static enum verdict
read_line(const char *line, struct event *event, struct ndjson_fault *fault)
{
	static struct buf packed;
	struct event_fault event_fault;
	size_t used;
	packed.len = 0;
	enum verdict verdict = ndjson_event(slice_of(line), &packed, NULL, NULL, fault);
	if (verdict != VERDICT_OK) {
		assert_int_equal(packed.len, 0);
		buf_fini(&packed);
		return verdict;
	}
	/* Into memory that outlives the call; small, and freed with the process's test. */
	static uint8_t bytes[EVENT_BYTES_MAX];
	assert_true(packed.len <= sizeof(bytes));
	memcpy(bytes, packed.data, packed.len);
	struct slice whole = {bytes, (uint32_t)packed.len};
	assert_int_equal(event_decode(event, whole, &used, &event_fault), VERDICT_OK);
	assert_int_equal(used, whole.n);
	buf_fini(&packed);
	return VERDICT_OK;
}

static void
times_and_amounts_are_taken_as_people_write_them(void **state)
{
	(void)state;
	struct event event;
	struct ndjson_fault fault;
	assert_int_equal(read_line("{\"id\":\"s\",\"t\":\"sale\",\"ts\":\"2026-11-23T13:05:09.5+07:00\",\"amt\":\"1234.50\","
	                           "\"cur\":\"IDR\",\"qty\":2,\"camp\":\"gajian\"}",
	                           &event, &fault),
	                 VERDICT_OK);
	assert_int_equal(event.type, EVENT_SALE);
	assert_int_equal(event.num[NUM_TS], INT64_C(1795413909500));
	assert_int_equal(event.num[NUM_AMT], 123450);
	assert_int_equal(event.num[NUM_QTY], 2);
	assert_true(slice_is(event.text[TEXT_CAMP], "gajian"));
	assert_int_equal(read_line("{\"id\":\"s\",\"t\":\"visit\",\"ts\":\"2026-11-23\",\"src\":null}", &event, &fault), VERDICT_OK);
	assert_int_equal(event.num[NUM_TS], INT64_C(1795392000000));
	assert_false(event.text_mask >> TEXT_SRC & 1);
}

static void
corrections_and_voids_can_be_sent(void **state)
{
	(void)state;
	struct event event;
	struct ndjson_fault fault;
	assert_int_equal(read_line("{\"id\":\"k\",\"t\":\"correct\",\"ts\":\"2026-11-23T13:05:09.5+07:00\",\"cust\":\"ani\","
	                           "\"ref\":\"s\",\"rev\":2,\"amt\":\"-12.50\",\"cur\":\"USD\",\"ctype\":\"media\"}",
	                           &event, &fault),
	                 VERDICT_OK);
	assert_int_equal(event.type, EVENT_CORRECT);
	assert_int_equal(event.num[NUM_REV], 2);
	assert_int_equal(event.num[NUM_AMT], -1250);
	assert_true(slice_is(event.text[TEXT_CUR], "USD"));
	assert_true(slice_is(event.text[TEXT_REF], "s"));
	assert_true(slice_is(event.text[TEXT_CUST], "ani"));
	assert_int_equal(read_line("{\"id\":\"k\",\"t\":\"void\",\"ts\":1795413909500,\"ref\":\"s\",\"rev\":-9223372036854775808}",
	                           &event, &fault),
	                 VERDICT_OK);
	assert_int_equal(event.type, EVENT_VOID);
	assert_int_equal(event.num[NUM_REV], INT64_MIN);
	assert_int_equal(read_line("{\"id\":\"k\",\"t\":\"void\",\"ts\":1795413909500,\"ref\":\"s\",\"rev\":null}", &event, &fault),
	                 VERDICT_OK);
	assert_false(event.num_mask >> NUM_REV & 1);
}

static void
wrong_lines_are_refused_with_a_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum verdict code;
		const char *word;
	} wrong[] = {
	    {"", VERDICT_BAD_MSGPACK, "JSON"},
	    {"[1]", VERDICT_BAD_MSGPACK, "array"},
	    {"{\"id\":\"a\",\"id\":\"b\"}", VERDICT_BAD_MSGPACK, "duplicate"},
	    {"{\"id\":'a'}", VERDICT_BAD_MSGPACK, "JSON"},
	    {"{\"id\":\"a\"} x", VERDICT_BAD_MSGPACK, "JSON"},
	    {"{\"amt\":12.5}", VERDICT_BAD_AMOUNT, "amt"},
	    {"{\"amt\":\"12.5\"}", VERDICT_BAD_AMOUNT, "cur"},
	    {"{\"amt\":\"12.5\",\"cur\":\"XXQ\"}", VERDICT_BAD_AMOUNT, "XXQ"},
	    {"{\"amt\":\"12.345\",\"cur\":\"USD\"}", VERDICT_BAD_AMOUNT, "'12.345' has more decimals than the 2 of USD"},
	    {"{\"amt\":\"250.000\",\"cur\":\"IDR\"}", VERDICT_BAD_AMOUNT, "'250.000' has more decimals than the 2 of IDR"},
	    {"{\"amt\":\"250.0\",\"cur\":\"JPY\"}", VERDICT_BAD_AMOUNT, "the 0 of JPY"},
	    {"{\"amt\":\"250,00\",\"cur\":\"IDR\"}", VERDICT_BAD_AMOUNT, "decimal number"},
	    {"{\"amt\":\"99999999999999999999\",\"cur\":\"USD\"}", VERDICT_BAD_AMOUNT, "fit"},
	    {"{\"ts\":\"yesterday\"}", VERDICT_BAD_FIELD, "ts"},
	    {"{\"ts\":\"2026-11-23T13:05:09\"}", VERDICT_BAD_FIELD, "offset"},
	    {"{\"ts\":\"2026-02-30T00:00:00Z\"}", VERDICT_BAD_FIELD, "ts"},
	    {"{\"stage\":\"mqll\"}", VERDICT_BAD_STAGE, "'mqll', did you mean 'mql'?"},
	    {"{\"t\":\"vist\"}", VERDICT_BAD_FIELD, "'vist', did you mean 'visit'?"},
	    {"{\"t\":\"sael\"}", VERDICT_BAD_FIELD, "'sael', did you mean 'sale'?"},
	    {"{\"t\":\"purchase\"}", VERDICT_BAD_FIELD, "'purchase'"},
	    {"{\"kind\":\"liek\"}", VERDICT_BAD_FIELD, "'liek', did you mean 'like'?"},
	    {"{\"qty\":\"two\"}", VERDICT_BAD_FIELD, "qty"},
	    {"{\"camp\":7}", VERDICT_BAD_FIELD, "camp"},
	    {"{\"rev\":\"2\"}", VERDICT_BAD_FIELD, "rev must be an integer, not a text"},
	    {"{\"rev\":1.5}", VERDICT_BAD_FIELD, "rev must be an integer"},
	    {"{\"ref\":7}", VERDICT_BAD_FIELD, "ref"},
	    {"{\"t\":\"corect\"}", VERDICT_BAD_FIELD, "'corect', did you mean 'correct'?"},
	    {"{\"id\":\"\xff\"}", VERDICT_BAD_MSGPACK, "JSON"},
	};
	struct event event;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ndjson_fault fault = {0};
		enum verdict verdict = read_line(wrong[i].line, &event, &fault);
		if (verdict != wrong[i].code || strstr(fault.text, wrong[i].word) == NULL)
			fail_msg("%s: %s: %s", wrong[i].line, verdict_name(verdict), fault.text);
	}
}

struct unknown {
	char key[64], near[64];
};

static void
on_unknown(void *context, const char *key, const char *near)
{
	struct unknown *unknown = context;
	snprintf(unknown->key, sizeof(unknown->key), "%s", key);
	snprintf(unknown->near, sizeof(unknown->near), "%s", near != NULL ? near : "");
}

static void
an_unknown_key_is_passed_over_and_told(void **state)
{
	(void)state;
	struct buf packed = {0};
	struct ndjson_fault fault;
	struct unknown unknown = {0};
	assert_int_equal(ndjson_event(slice_of("{\"id\":\"a\",\"t\":\"visit\",\"campp\":\"x\"}"), &packed, on_unknown, &unknown, &fault),
	                 VERDICT_OK);
	assert_string_equal(unknown.key, "campp");
	assert_string_equal(unknown.near, "camp");
	/* Nobody need listen. */
	struct slice line = slice_of("{\"id\":\"a\",\"t\":\"visit\",\"foo\":1}");
	assert_int_equal(ndjson_event(line, &packed, NULL, NULL, &fault), VERDICT_OK);
	buf_fini(&packed);
}

static void
an_unknown_key_is_said_once_and_not_for_ever(void **state)
{
	(void)state;
	struct unknown_keys *keys = calloc(1, sizeof(*keys));
	char long_name[200];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_true(unknown_keys_add(keys, "campp"));
	assert_false(unknown_keys_add(keys, "campp"));
	assert_true(unknown_keys_add(keys, long_name));
	assert_false(unknown_keys_add(keys, long_name));
	for (int i = 0; i < 200; i++) {
		char name[16];
		snprintf(name, sizeof(name), "k%d", i);
		assert_int_equal(unknown_keys_add(keys, name), i < UNKNOWN_KEYS_MAX - 2);
	}
	free(keys);
}

static void
times_are_printed_as_they_are_read(void **state)
{
	(void)state;
	const int64_t instants[] = {0, 1, 951782400000, 1795413909500, 4102444799999};
	for (unsigned i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		char text[32];
		int64_t back;
		const char *why;
		time_format(instants[i], text);
		assert_int_equal(time_parse(slice_of(text), &back, &why), 0);
		assert_int_equal(back, instants[i]);
	}
}

static void
a_time_outside_the_calendar_is_plain_milliseconds(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
	    {INT64_MIN, "-9223372036854775808"},
	    {INT64_MAX, "9223372036854775807"},
	    {-1, "1969-12-31T23:59:59.999Z"},
	    {-1000, "1969-12-31T23:59:59.000Z"},
	    {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
	    {INT64_C(-62167219200001), "-62167219200001"},
	    {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
	    {INT64_C(253402300800000), "253402300800000"},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[32];
		time_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_and_amounts_are_taken_as_people_write_them),
	    cmocka_unit_test(corrections_and_voids_can_be_sent),
	    cmocka_unit_test(wrong_lines_are_refused_with_a_sentence),
	    cmocka_unit_test(an_unknown_key_is_passed_over_and_told),
	    cmocka_unit_test(an_unknown_key_is_said_once_and_not_for_ever),
	    cmocka_unit_test(times_are_printed_as_they_are_read),
	    cmocka_unit_test(a_time_outside_the_calendar_is_plain_milliseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
