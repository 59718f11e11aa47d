/* test_batch.c - the acked wire's envelopes. */
#include "schemas/batch.h"
#include "schemas/event.h"
#include "util.h"
#include <errno.h>

static enum batch_code
open_batch(struct slice message, struct batch_envelope *envelope, char why[120])
{
	return batch_open(envelope, message, why);
}

static void
a_batch_opens_up_to_its_first_event(void **state)
{
	struct batch_envelope envelope;
	char why[120];
	(void)state;
	assert_int_equal(open_batch(B("\x92\xa2" "E1\x92\x07\x92\x80\x80"), &envelope, why), BATCH_OK);
	assert_false(envelope.is_tick);
	assert_slice(envelope.id, "\x07");
	assert_int_equal(envelope.events, 2);
	assert_slice(envelope.body, "\x80\x80");
	assert_int_equal(open_batch(B("\x92\xa2" "E1\x92\xa3" "abc\x90"), &envelope, why), BATCH_OK);
	assert_slice(envelope.id, "\xa3" "abc");
	assert_int_equal(envelope.events, 0);
}

static void
ids_of_every_form_are_echoed_as_they_came(void **state)
{
	static const struct slice ids[] = {B("\x00"), B("\xff"), B("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), B("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
	                                   B("\xa0"), B("\xd9\x01x"), B("\xc4\x02\x00\xff"), B("\xdb\x00\x00\x00\x01x")};
	struct buf buf = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct batch_envelope envelope;
		struct answer answer;
		char why[120];
		buf.len = 0;
		buf_add(&buf, "\x92\xa2" "E1\x92", 5);
		buf_add(&buf, ids[i].p, ids[i].n);
		buf_add(&buf, "\x90", 1);
		struct buf out = {0};
		assert_int_equal(open_batch(buf_slice(&buf), &envelope, why), BATCH_OK);
		assert_true(slice_equal(envelope.id, ids[i]));
		ack_encode(&(struct ack){.id = envelope.id}, &out);
		assert_int_equal(answer_decode(&answer, buf_slice(&out)), 0);
		assert_true(slice_equal(answer.id, ids[i]));
		buf_fini(&out);
	}
	buf_fini(&buf);
}

static void
broken_envelopes_are_refused_in_words(void **state)
{
	static const struct {
		struct slice message;
		enum batch_code code;
		const char *words;
	} cases[] = {
	    {B(""), BATCH_BAD_MSGPACK, "the message is not"},
	    {B("\xc1"), BATCH_BAD_MSGPACK, "the message is not"},
	    {B("\x80"), BATCH_BAD_MSGPACK, "the message is not"},
	    {B("\xdd\xff\xff\xff\xff\xa2" "E1"), BATCH_BAD_MSGPACK, "the message is not"},
	    {B("\x93\xa2" "E1\x92\x01\x90\x01"), BATCH_BAD_MSGPACK, "the message is not"},
	    {B("\x92\x01\x92\x01\x90"), BATCH_BAD_MSGPACK, "version"},
	    {B("\x92\xa2" "E2\x92\x01\x90"), BATCH_WRONG_VERSION, "version"},
	    {B("\x92\xa2" "e1\x92\x01\x90"), BATCH_WRONG_VERSION, "version"},
	    {B("\x92\xa2" "E1\x01"), BATCH_BAD_MSGPACK, "batch id"},
	    {B("\x92\xa2" "E1\x90"), BATCH_BAD_MSGPACK, "batch id"},
	    {B("\x92\xa2" "E1\x92\xc0\x90"), BATCH_BAD_MSGPACK, "batch id"},
	    {B("\x92\xa2" "E1\x92\x91\x01\x90"), BATCH_BAD_MSGPACK, "batch id"},
	    {B("\x92\xa2" "E1\x92\xc6\xff\xff\xff\xff"), BATCH_BAD_MSGPACK, "batch id"},
	    {B("\x92\xa2" "E1\x91\x01"), BATCH_BAD_MSGPACK, "two values"},
	    {B("\x92\xa2" "E1\x93\x01\x90\x01"), BATCH_BAD_MSGPACK, "two values"},
	    {B("\x92\xa2" "E1\x92\x01\x80"), BATCH_BAD_MSGPACK, "events"},
	    {B("\x92\xa2" "E1\x92\x01\xdd\xff\xff\xff\xff"), BATCH_BAD_MSGPACK, "events"},
	    {B("\x92\xa2" "E1\x92\x01\x93\x80\x80"), BATCH_BAD_MSGPACK, "events"},
	    {B("\x92\xa2T1\x92\x01\xa1x"), BATCH_BAD_MSGPACK, "time"},
	    {B("\x92\xa2T1\x92\x01\xcb\1\2\3\4\5\6\7\x08"), BATCH_BAD_MSGPACK, "time"},
	    {B("\x92\xa2T1\x92\x01\x05\x05"), BATCH_BAD_MSGPACK, "behind the tick"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct batch_envelope envelope;
		char why[120];
		uint8_t *copy = exact(cases[i].message);
		enum batch_code code = batch_open(&envelope, (struct slice){copy, cases[i].message.n}, why);
		if (code != cases[i].code || strstr(why, cases[i].words) == NULL)
			fail_msg("case %zu: %s \"%s\"", i, batch_code_name(code), why);
		free(copy);
	}
}

static void
the_id_is_told_even_where_the_rest_is_refused(void **state)
{
	static const struct slice cases[] = {B("\x92\xa2" "E9\x92\x05\x90"), B("\x92\xa2" "E1\x91\x05"), B("\x92\xa2" "E1\x92\x05\xc0"), B("\x92\xa2T1\x92\x05\xc0")};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct batch_envelope envelope;
		char why[120];
		assert_int_not_equal(batch_open(&envelope, cases[i], why), BATCH_OK);
		assert_slice(envelope.id, "\x05");
	}
}

static void
an_id_of_64_bytes_is_taken_and_of_65_refused(void **state)
{
	struct batch_envelope envelope;
	char why[120];
	struct buf buf = {0};
	(void)state;
	for (int n = BATCH_ID_BYTES_MAX; n <= BATCH_ID_BYTES_MAX + 1; n++) {
		uint8_t id[70] = "\x92\xa2" "E1\x92\xd9";
		buf.len = 0;
		id[6] = (uint8_t)n;
		buf_add(&buf, id, 7);
		memset(buf_reserve(&buf, (size_t)n), 'b', (size_t)n);
		buf.len += (size_t)n;
		buf_add(&buf, "\x90", 1);
		assert_int_equal(batch_open(&envelope, buf_slice(&buf), why), n > BATCH_ID_BYTES_MAX ? BATCH_BAD_MSGPACK : BATCH_OK);
	}
	buf_fini(&buf);
}

static void
a_client_s_batch_and_tick_are_opened(void **state)
{
	struct batch_envelope envelope;
	struct event event = {.type = EVENT_VISIT}, back;
	struct event_fault fault;
	size_t used;
	char why[120];
	struct buf buf = {0};
	(void)state;
	for (uint32_t count = 0; count < 70000; count = count * 20 + 1) {
		buf.len = 0;
		batch_begin(&buf, UINT64_MAX, count);
		for (uint32_t i = 0; i < count; i++)
			event_encode(&event, &buf);
		assert_int_equal(batch_open(&envelope, buf_slice(&buf), why), BATCH_OK);
		assert_int_equal(envelope.events, count);
		struct slice rest = envelope.body;
		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(event_decode(&back, rest, &used, &fault), VERDICT_OK);
			rest = (struct slice){rest.p + used, rest.n - (uint32_t)used};
		}
		assert_int_equal(rest.n, 0);
	}
	buf.len = 0;
	batch_tick(&buf, 3, -5);
	assert_int_equal(batch_open(&envelope, buf_slice(&buf), why), BATCH_OK);
	assert_true(envelope.is_tick && envelope.tick_ms == -5 && envelope.events == 0);
	buf_fini(&buf);
}

static void
an_ack_comes_back_as_it_was(void **state)
{
	const struct ack_reject rejects[] = {{0, VERDICT_BAD_FIELD, "id must be a text"}, {4999, VERDICT_TOO_LATE, ""}};
	struct buf buf = {0}, id = {0};
	struct answer answer;
	struct slice code, text;
	uint32_t index;
	(void)state;
	buf_add(&id, "\xcd\x01\x00", 3);
	ack_encode(&(struct ack){buf_slice(&id), UINT64_MAX, 1, 2, 7, 64, 2, rejects}, &buf);
	assert_int_equal(answer_decode(&answer, buf_slice(&buf)), 0);
	assert_true(answer.is_ack && answer.lsn == UINT64_MAX);
	assert_true(answer_id(&answer) == 256);
	assert_int_equal(answer.ok, 1);
	assert_int_equal(answer.dup, 2);
	assert_int_equal(answer.refused, 7);
	assert_int_equal(answer.credit, 64);
	assert_int_equal(answer.reject_count, 2);
	assert_true(answer_next_reject(&answer, &index, &code, &text));
	assert_int_equal(index, 0);
	assert_slice(code, "bad_field");
	assert_slice(text, "id must be a text");
	assert_true(answer_next_reject(&answer, &index, &code, &text));
	assert_int_equal(index, 4999);
	assert_slice(code, "too_late");
	assert_false(answer_next_reject(&answer, &index, &code, &text));
	for (uint32_t n = 0; n < buf.len; n++)
		assert_int_equal(answer_decode(&answer, (struct slice){buf.data, n}), -EBADMSG);
	buf_add(&buf, "\xc0", 1);
	assert_int_equal(answer_decode(&answer, buf_slice(&buf)), -EBADMSG);
	buf_fini(&buf);
	buf_fini(&id);
}

static void
an_ack_lists_at_most_100_refusals(void **state)
{
	struct ack_reject rejects[150];
	struct buf buf = {0};
	struct answer answer;
	struct slice code, text;
	uint32_t index, listed = 0;
	(void)state;
	for (uint32_t i = 0; i < 150; i++)
		rejects[i] = (struct ack_reject){i, VERDICT_TOO_BIG, "x"};
	ack_encode(&(struct ack){.refused = 150, .reject_count = 150, .reject = rejects}, &buf);
	assert_int_equal(answer_decode(&answer, buf_slice(&buf)), 0);
	assert_int_equal(answer.refused, 150);
	while (answer_next_reject(&answer, &index, &code, &text))
		assert_int_equal(index, listed++);
	assert_int_equal(listed, ACK_REJECTS_MAX);
	buf_fini(&buf);
}

static void
a_nack_comes_back_as_it_was(void **state)
{
	struct buf buf = {0};
	struct answer answer;
	(void)state;
	nack_encode((struct slice){0}, BATCH_OVERLOADED, "too much at once", 200, &buf);
	assert_int_equal(answer_decode(&answer, buf_slice(&buf)), 0);
	assert_false(answer.is_ack);
	assert_int_equal(answer.id.n, 0);
	assert_true(answer_id(&answer) == 0);
	assert_slice(answer.code, "overloaded");
	assert_slice(answer.text, "too much at once");
	assert_int_equal(answer.retry_ms, 200);
	buf_fini(&buf);
}

static void
broken_answers_are_refused(void **state)
{
	static const struct slice cases[] = {
	    B(""), B("\x92\xa2" "E1\x80"), B("\x92\xa2" "A1\x90"), B("\x91\xa2" "A1"), B("\x92\xa2" "A1\x81\xa2ok\xff"),
	    B("\x92\xa2" "A1\x81\xa3rej\x91\x92\x01\xa1x"), B("\x92\xa2" "A1\x81\xa3rej\xdd\xff\xff\xff\xff"),
	    B("\x92\xa2" "A1\x81\xa2ok\xcf\x00\x00\x00\x01\x00\x00\x00\x00"), B("\x92\xa2N1\x81\xa4" "code\x05"), B("\x92\xa2N1\x81\xa1" "b\x90"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer;
		uint8_t *copy = exact(cases[i]);
		assert_int_equal(answer_decode(&answer, (struct slice){copy, cases[i].n}), -EBADMSG);
		free(copy);
	}
	struct answer answer;
	assert_int_equal(answer_decode(&answer, B("\x92\xa2" "A1\x81\xa3new\x91\x01")), 0); /* a later version's key */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_batch_opens_up_to_its_first_event),
	    cmocka_unit_test(ids_of_every_form_are_echoed_as_they_came),
	    cmocka_unit_test(broken_envelopes_are_refused_in_words),
	    cmocka_unit_test(the_id_is_told_even_where_the_rest_is_refused),
	    cmocka_unit_test(an_id_of_64_bytes_is_taken_and_of_65_refused),
	    cmocka_unit_test(a_client_s_batch_and_tick_are_opened),
	    cmocka_unit_test(an_ack_comes_back_as_it_was),
	    cmocka_unit_test(an_ack_lists_at_most_100_refusals),
	    cmocka_unit_test(a_nack_comes_back_as_it_was),
	    cmocka_unit_test(broken_answers_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
