/* test_snapshot.c - the snapshot protocol's messages. */
#include "schemas/snapshot.h"
#include "util.h"
#include <errno.h>

static void
a_request_comes_back_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	uint8_t text[240];
	char why[120];
	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct snapshot_request request = {.prefix = rnd_text(&seed, 240, text), .has_since = rnd(&seed) & 1, .has_lsn = rnd(&seed) & 1, .credit = rnd_below(&seed, SNAPSHOT_CREDIT_MAX + 1)}, back;
		if (request.has_since) {
			request.since_epoch = rnd(&seed);
			request.since_seq = rnd(&seed) >> 40;
		}
		if (request.has_lsn)
			request.lsn = rnd(&seed);
		if (rnd_below(&seed, 5) == 0)
			request = (struct snapshot_request){.credit_only = true, .credit = rnd_below(&seed, SNAPSHOT_CREDIT_MAX + 1)};
		buf.len = 0;
		snapshot_request_encode(&request, &buf);
		assert_int_equal(snapshot_request_decode(&back, buf_slice(&buf), why), 0);
		assert_int_equal(request.credit_only, back.credit_only);
		assert_true(slice_equal(request.prefix, back.prefix));
		assert_int_equal(request.has_since, back.has_since);
		assert_int_equal(request.has_lsn, back.has_lsn);
		assert_true(request.since_epoch == back.since_epoch && request.since_seq == back.since_seq && request.lsn == back.lsn);
		assert_int_equal(request.credit, back.credit);
		if (round < 20)
			for (uint32_t n = 0; n < buf.len; n++) {
				assert_int_equal(snapshot_request_decode(&back, (struct slice){buf.data, n}, why), -EBADMSG);
				assert_true(strlen(why) > 0);
			}
	}
	buf_fini(&buf);
}

static void
broken_requests_are_refused_in_words(void **state)
{
	static const struct {
		struct slice bytes;
		const char *words;
	} cases[] = {
	    {B(""), "the request is not"}, {B("\x92\xa2S2\x80"), "\"S1\""}, {B("\x92\xa2S1\x90"), "map"}, {B("\x92\xa2S1\x80"), "missing"},
	    {B("\x92\xa2S1\x81\xa1n\x05"), "missing"}, {B("\x92\xa2S1\x81\xa1p\x05"), "p is not"}, {B("\x92\xa2S1\x81\xa1p\xa1\xff"), "p is not"},
	    {B("\x92\xa2S1\x81\xa1p\xa1\x00"), "p is not a text in UTF-8 without control characters"},
	    {B("\x92\xa2S1\x82\xa1p\xa0\xa5since\x91\x01"), "since"}, {B("\x92\xa2S1\x82\xa1p\xa0\xa5since\x92\x01\xff"), "since"},
	    {B("\x92\xa2S1\x82\xa1p\xa0\xa3lsn\xff"), "lsn"}, {B("\x92\xa2S1\x82\xa1p\xa0\xa1n\xff"), "n is not"},
	    {B("\x92\xa2S1\x82\xa1p\xa0\xa1n\xa1" "1"), "n is not"}, {B("\x92\xa2S1\x81\xa1p\xa0\x01"), "behind"},
	    {B("\x92\xa2" "C1\xff"), "credit"}, {B("\x92\xa2" "C1\xc0"), "credit"}, {B("\x92\xa2" "C1\x01\x01"), "behind"},
	    {B("\x92\xa2S1\x81\xa1p\xdb\xff\xff\xff\xff"), "p is not"}, {B("\xdd\xff\xff\xff\xff"), "the request is not"}, {B("\x93\xa2" "C1\x01\x01"), "the request is not"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot_request request;
		char why[120];
		uint8_t *copy = exact(cases[i].bytes);
		if (snapshot_request_decode(&request, (struct slice){copy, cases[i].bytes.n}, why) != -EBADMSG || strstr(why, cases[i].words) == NULL)
			fail_msg("case %zu: \"%s\"", i, why);
		free(copy);
	}
}

static void
credit_is_capped_and_defaults_to_one(void **state)
{
	struct snapshot_request request;
	char why[120];
	(void)state;
	assert_int_equal(snapshot_request_decode(&request, B("\x92\xa2S1\x81\xa1p\xa0"), why), 0);
	assert_int_equal(request.credit, 1);
	assert_int_equal(snapshot_request_decode(&request, B("\x92\xa2" "C1\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), why), 0);
	assert_int_equal(request.credit, SNAPSHOT_CREDIT_MAX);
	assert_int_equal(snapshot_request_decode(&request, B("\x92\xa2S1\x84\xa1p\xa0\xa5since\xc0\xa3lsn\xc0\xa3new\x91\x01"), why), 0);
	assert_false(request.has_since || request.has_lsn);
}

static void
a_prefix_longer_than_a_topic_is_refused(void **state)
{
	struct buf buf = {0};
	struct snapshot_request request;
	uint8_t text[241];
	char why[120];
	(void)state;
	memset(text, 'k', sizeof(text));
	for (uint32_t n = 240; n <= 241; n++) {
		buf.len = 0;
		snapshot_request_encode(&(struct snapshot_request){.prefix = {text, n}, .credit = 1}, &buf);
		assert_int_equal(snapshot_request_decode(&request, buf_slice(&buf), why), n > 240 ? -EBADMSG : 0);
	}
	buf_fini(&buf);
}

static void
a_chunk_comes_back_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	for (uint32_t rows = 0; rows < 3000; rows = rows * 4 + 1) {
		struct snapshot_chunk chunk;
		struct snapshot_reply reply;
		struct slice topic, row;
		uint8_t text[300] = {0}; /* a row is what the text before it left there */
		uint64_t first = seed;
		buf.len = 0;
		buf_add(&buf, "before", 6); /* the chunk need not start the buffer */
		snapshot_chunk_begin(&chunk, &buf);
		for (uint32_t i = 0; i < rows; i++) {
			topic = rnd_text(&seed, 240, text);
			snapshot_chunk_add(&chunk, topic, (struct slice){text, rnd_below(&seed, 300)});
		}
		snapshot_chunk_end(&chunk);
		assert_int_equal(chunk.rows, rows);
		uint8_t *copy = exact((struct slice){buf.data + 6, (uint32_t)buf.len - 6});
		assert_int_equal(snapshot_reply_decode(&reply, (struct slice){copy, (uint32_t)buf.len - 6}), 0);
		assert_int_equal(reply.kind, SNAPSHOT_ROWS);
		assert_int_equal(reply.rows, rows);
		memset(text, 0, sizeof(text));
		for (uint32_t i = 0; i < rows; i++) {
			assert_true(snapshot_reply_next(&reply, &topic, &row));
			assert_true(slice_equal(topic, rnd_text(&first, 240, text)));
			assert_true(slice_equal(row, (struct slice){text, rnd_below(&first, 300)}));
		}
		assert_false(snapshot_reply_next(&reply, &topic, &row));
		if (rows == 5)
			for (uint32_t n = 0; n < buf.len - 6; n++)
				assert_int_equal(snapshot_reply_decode(&reply, (struct slice){copy, n}), -EBADMSG);
		free(copy);
	}
	buf_fini(&buf);
}

static void
the_end_and_a_refusal_come_back_as_they_were(void **state)
{
	struct buf buf = {0};
	struct snapshot_reply reply;
	(void)state;
	snapshot_end_encode(UINT64_MAX, 7, true, &buf);
	assert_int_equal(snapshot_reply_decode(&reply, buf_slice(&buf)), 0);
	assert_int_equal(reply.kind, SNAPSHOT_END);
	assert_true(reply.epoch == UINT64_MAX && reply.seq == 7 && reply.reset);
	buf.len = 0;
	snapshot_refusal_encode("overloaded", "too many at once", &buf);
	assert_int_equal(snapshot_reply_decode(&reply, buf_slice(&buf)), 0);
	assert_int_equal(reply.kind, SNAPSHOT_REFUSED);
	assert_slice(reply.code, "overloaded");
	assert_slice(reply.text, "too many at once");
	buf_fini(&buf);
}

static void
broken_replies_are_refused(void **state)
{
	static const struct slice cases[] = {
	    B(""), B("\x92\xa2R2\x90"), B("\x92\xa2R1\x80"), B("\x92\xa2R1\xdd\xff\xff\xff\xff"), B("\x92\xa2R1\x91\x91\xa1x"), B("\x92\xa2R1\x91\x92\xa1x\xa1y"),
	    B("\x92\xa2R1\x91\x92\x01\xc4\x00"), B("\x92\xa2R1\x90\x01"), B("\x92\xa2Z1\x81\xa1" "e\xff"), B("\x92\xa2Z1\x81\xa5reset\x01"), B("\x92\xa2X1\x81\xa4" "code\x01"), B("\x92\xa2Z1\x90"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot_reply reply;
		uint8_t *copy = exact(cases[i]);
		assert_int_equal(snapshot_reply_decode(&reply, (struct slice){copy, cases[i].n}), -EBADMSG);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_comes_back_as_it_was),
	    cmocka_unit_test(broken_requests_are_refused_in_words),
	    cmocka_unit_test(credit_is_capped_and_defaults_to_one),
	    cmocka_unit_test(a_prefix_longer_than_a_topic_is_refused),
	    cmocka_unit_test(a_chunk_comes_back_as_it_was),
	    cmocka_unit_test(the_end_and_a_refusal_come_back_as_they_were),
	    cmocka_unit_test(broken_replies_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
