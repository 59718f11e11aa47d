/* test_topic.c - topics: encoding, splitting, globs. */
#include "schemas/topic.h"
#include "util.h"

static void
parts_are_percent_encoded_and_come_back(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct buf encoded = {0}, decoded = {0};
	(void)state;
	topic_part_encode(B("a b/c+d%~_.-Z9\xc3\xa9\x00"), &encoded);
	assert_slice(buf_slice(&encoded), "a%20b%2Fc%2Bd%25~_.-Z9%C3%A9%00");
	for (int round = 0; round < 3000; round++) {
		uint8_t bytes[60];
		uint32_t n = rnd_below(&seed, sizeof(bytes));
		for (uint32_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)rnd(&seed);
		encoded.len = decoded.len = 0;
		topic_part_encode((struct slice){bytes, n}, &encoded);
		assert_true(topic_part_decode(buf_slice(&encoded), &decoded));
		assert_true(slice_equal(buf_slice(&decoded), (struct slice){bytes, n}));
		for (size_t i = 0; i < encoded.len; i++)
			assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~%", encoded.data[i], 67));
	}
	buf_fini(&encoded);
	buf_fini(&decoded);
}

static void
broken_escapes_are_refused(void **state)
{
	static const struct slice cases[] = {B("%"), B("a%"), B("%2"), B("%2g"), B("%g2"), B("%%41"), B("% 41"), B("%-1"), B("%0x41"), B("%4\0")};
	struct buf out = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i]);
		out.len = 0;
		assert_false(topic_part_decode((struct slice){copy, cases[i].n}, &out));
		free(copy);
	}
	assert_true(topic_part_decode(B("%2f%2F"), &out));
	buf_fini(&out);
}

static void
a_topic_is_built_and_split(void **state)
{
	struct buf topic = {0};
	const struct slice key[] = {B("Sale 11/11"), B("~none")};
	enum window window;
	struct slice rollup, rest;
	(void)state;
	assert_false(topic_row(WINDOW_R30D, B("campaign+channel"), key, 2, &topic));
	assert_slice(buf_slice(&topic), "kpi/r30d/campaign+channel/Sale%2011%2F11/~none");
	assert_true(topic_row_split(buf_slice(&topic), &window, &rollup, &rest));
	assert_int_equal(window, WINDOW_R30D);
	assert_slice(rollup, "campaign+channel");
	assert_slice(rest, "Sale%2011%2F11/~none");
	assert_false(topic_row(WINDOW_D, B("all"), NULL, 0, &topic));
	assert_slice(buf_slice(&topic), "kpi/d/all/all");
	buf_fini(&topic);
}

static void
what_is_no_row_topic_is_not_split(void **state)
{
	static const struct slice cases[] = {B(""), B("kpi"), B("kpi/"), B("kpi/d"), B("kpi/d/"), B("kpi/d/all"), B("kpi/d//x"), B("kpi/r2d/all/all"),
	                                     B("kpj/d/all/all"), B("KPI/d/all/all"), B("/kpi/d/all/all"), B("hb/")};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum window window;
		struct slice rollup, key;
		uint8_t *copy = exact(cases[i]);
		assert_false(topic_row_split((struct slice){copy, cases[i].n}, &window, &rollup, &key));
		free(copy);
	}
}

static void
a_topic_of_240_bytes_stays_and_a_longer_one_is_hashed(void **state)
{
	struct buf topic = {0}, other = {0};
	uint8_t text[300];
	const uint32_t head = (uint32_t)strlen("kpi/d/campaign/");
	(void)state;
	memset(text, 'k', sizeof(text));
	struct slice key = {text, TOPIC_BYTES_MAX - head};
	assert_false(topic_row(WINDOW_D, B("campaign"), &key, 1, &topic));
	assert_int_equal(topic.len, TOPIC_BYTES_MAX);
	key.n++;
	assert_true(topic_row(WINDOW_D, B("campaign"), &key, 1, &topic));
	assert_int_equal(topic.len, head + 17);
	assert_int_equal(topic.data[head], '~');
	text[0] = 'K';
	assert_true(topic_row(WINDOW_D, B("campaign"), &key, 1, &other));
	assert_false(slice_equal(buf_slice(&topic), buf_slice(&other)));
	text[0] = 'k';
	assert_true(topic_row(WINDOW_D, B("campaign"), &key, 1, &other));
	assert_true(slice_equal(buf_slice(&topic), buf_slice(&other)));
	buf_fini(&topic);
	buf_fini(&other);
}

/* The obvious model. Exponential, so for short texts only. */
static bool
glob_model(struct slice pattern, struct slice text)
{
	if (pattern.n == 0)
		return text.n == 0;
	struct slice rest = {pattern.p + 1, pattern.n - 1}, behind = {text.p + 1, text.n - 1};
	if (pattern.p[0] == '*')
		return glob_model(rest, text) || (text.n > 0 && glob_model(pattern, behind));
	return text.n > 0 && (pattern.p[0] == '?' || pattern.p[0] == text.p[0]) && glob_model(rest, behind);
}

static void
globs_agree_with_the_model(void **state)
{
	uint64_t seed = seed_of(__func__);
	int matched = 0;
	(void)state;
	for (int round = 0; round < 100000; round++) {
		uint8_t pattern[8], text[10];
		uint32_t p = rnd_below(&seed, sizeof(pattern)), t = rnd_below(&seed, sizeof(text));
		for (uint32_t i = 0; i < p; i++)
			pattern[i] = (uint8_t)"ab*?*"[rnd_below(&seed, 5)];
		for (uint32_t i = 0; i < t; i++)
			text[i] = (uint8_t)"ab"[rnd_below(&seed, 2)];
		bool match = glob_match((struct slice){pattern, p}, (struct slice){text, t});
		assert_int_equal(match, glob_model((struct slice){pattern, p}, (struct slice){text, t}));
		matched += match;
	}
	assert_true(matched > 1000);
	assert_true(glob_match(B("r30d/campaign/*"), B("r30d/campaign/a/b")));
	assert_true(glob_match(B(""), B("")));
	assert_false(glob_match(B(""), B("a")));
}

/* n stars against a text that nearly matches must not take forever. */
static void
many_stars_stay_cheap(void **state)
{
	uint8_t pattern[400], text[4000];
	(void)state;
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)"*a"[i & 1];
	pattern[sizeof(pattern) - 1] = 'b';
	memset(text, 'a', sizeof(text));
	assert_false(glob_match((struct slice){pattern, sizeof(pattern)}, (struct slice){text, sizeof(text)}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_are_percent_encoded_and_come_back),
	    cmocka_unit_test(broken_escapes_are_refused),
	    cmocka_unit_test(a_topic_is_built_and_split),
	    cmocka_unit_test(what_is_no_row_topic_is_not_split),
	    cmocka_unit_test(a_topic_of_240_bytes_stays_and_a_longer_one_is_hashed),
	    cmocka_unit_test(globs_agree_with_the_model),
	    cmocka_unit_test(many_stars_stay_cheap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
