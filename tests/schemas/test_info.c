/* test_info.c - questions and answers: how a server is, and what became of an event. */
#include "schemas/alarm.h"
#include "schemas/event_view.h"
#include "schemas/info.h"
#include "util.h"
#include <errno.h>

/* Random figures, in names of their own. */
static void
info_fill(uint64_t *seed, struct info *info, char names[INFO_GROUPS][INFO_FIGURES_MAX][24])
{
	*info = (struct info){.epoch = rnd(seed), .seq = rnd(seed) >> 30, .lsn = rnd(seed), .rows_lsn = rnd(seed) >> 50};
	info->now_ms = rnd_int(seed);
	info->lag_ms = rnd_int(seed);
	info->at_ms = rnd_below(seed, 4) > 0 ? rnd_int(seed) : INT64_MIN;
	info->version = slice_of("0.1.0");
	info->zone = slice_of("Asia/Jakarta");
	info->currency = slice_of("IDR");
	info->clock = slice_of("events");
	info->durability = slice_of("none");
	info->decimals = (int)rnd_below(seed, 7);
	info->demo = rnd(seed) & 1;
	info_alarms(info, rnd_below(seed, 1 << ALARM_COUNT));
	for (unsigned g = 0; g < INFO_GROUPS; g++) {
		uint32_t count = rnd_below(seed, INFO_FIGURES_MAX + 1);
		for (uint32_t i = 0; i < count; i++) {
			snprintf(names[g][i], sizeof(names[g][i]), "figure-%u", i);
			info_add(info, g, names[g][i], rnd(seed) >> rnd_below(seed, 64));
		}
	}
}

static void
an_info_comes_back_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	static char names[INFO_GROUPS][INFO_FIGURES_MAX][24];
	static struct info info, back;
	struct buf buf = {0};
	(void)state;
	for (int round = 0; round < 300; round++) {
		info_fill(&seed, &info, names);
		buf.len = 0;
		info_encode(&info, &buf);
		uint8_t *copy = exact(buf_slice(&buf));
		assert_int_equal(info_decode(&back, (struct slice){copy, (uint32_t)buf.len}), 0);
		assert_true(back.epoch == info.epoch && back.seq == info.seq && back.lsn == info.lsn);
		assert_true(back.rows_lsn == info.rows_lsn && back.now_ms == info.now_ms && back.lag_ms == info.lag_ms);
		assert_true(back.at_ms == info.at_ms && back.decimals == info.decimals && back.demo == info.demo);
		assert_true(slice_equal(back.version, info.version) && slice_equal(back.zone, info.zone));
		assert_true(slice_equal(back.currency, info.currency) && slice_equal(back.clock, info.clock));
		assert_true(slice_equal(back.durability, info.durability));
		assert_int_equal(back.alarms, info.alarms);
		for (uint32_t i = 0; i < info.alarms; i++)
			assert_true(slice_equal(back.alarm[i], info.alarm[i]));
		for (unsigned g = 0; g < INFO_GROUPS; g++) {
			assert_int_equal(back.group[g].count, info.group[g].count);
			for (uint32_t i = 0; i < info.group[g].count; i++) {
				assert_true(slice_equal(back.group[g].figure[i].name, info.group[g].figure[i].name));
				assert_true(back.group[g].figure[i].value == info.group[g].figure[i].value);
			}
		}
		for (uint32_t n = 0; n < buf.len && round < 3; n++)
			assert_int_equal(info_decode(&back, (struct slice){copy, n}), -EBADMSG);
		free(copy);
	}
	buf_fini(&buf);
}

/* A reader of this version meets a server that tells more, or another order. */
static void
more_figures_than_fit_are_passed_over(void **state)
{
	struct buf buf = {0};
	static struct info info;
	uint64_t value;
	(void)state;
	buf_add(&buf, "\x92\xa2J1\x82\xa3new\x91\x01\xa5state\xde\x00\x50", 20);
	for (int i = 0; i < 0x50; i++)
		buf_printf(&buf, "\xa3" "f%02d%c", i, i);
	assert_int_equal(info_decode(&info, buf_slice(&buf)), 0);
	assert_int_equal(info.group[INFO_STATE].count, INFO_FIGURES_MAX);
	assert_true(info_find(&info, INFO_STATE, "f07", &value));
	assert_int_equal(value, 7);
	assert_false(info_find(&info, INFO_STATE, "f79", &value));
	assert_int_equal(value, 0);
	assert_false(info_find(&info, INFO_BYTES, "f07", &value));
	assert_true(info.at_ms == INT64_MIN);
	buf_fini(&buf);
}

static void
broken_infos_are_refused(void **state)
{
	static const struct slice cases[] = {
	    B(""), B("\x92\xa2J2\x80"), B("\x92\xa2J1\x90"), B("\x92\xa2J1\x80\x01"), B("\x92\xa2J1\x81\xa1" "e\xff"),
	    B("\x92\xa2J1\x81\xa3" "dec\x13"), B("\x92\xa2J1\x81\xa3" "dec\xff"), B("\x92\xa2J1\x81\xa2" "at\xa0"),
	    B("\x92\xa2J1\x81\xa4" "demo\x01"), B("\x92\xa2J1\x81\xa4" "zone\x01"), B("\x92\xa2J1\x81\xa4" "zone\xa1\xff"),
	    B("\x92\xa2J1\x81\xa5state\x90"), B("\x92\xa2J1\x81\xa5state\x81\xa1" "a\xff"),
	    B("\x92\xa2J1\x81\xa5state\x81\xa1\x07\x01"), B("\x92\xa2J1\x81\xa5state\xdf\xff\xff\xff\xff"),
	    B("\x92\xa2J1\xdf\xff\xff\xff\xff"), B("\x93\xa2J1\x80\x80"),
	};
	static struct info info;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i]);
		if (info_decode(&info, (struct slice){copy, cases[i].n}) != -EBADMSG)
			fail_msg("case %zu was taken", i);
		free(copy);
	}
}

static void
a_request_is_told_from_others_and_must_be_whole(void **state)
{
	static const struct {
		struct slice bytes;
		bool is, good;
	} cases[] = {
	    {B("\x92\xa2I1\x80"), true, true},       {B("\x92\xa2I1\x81\xa3new\x91\x01"), true, true},
	    {B("\x92\xa2I1\x80\x01"), true, false},  {B("\x92\xa2I1\x90"), true, false},
	    {B("\x91\xa2I1"), true, false},          {B("\x93\xa2I1\x80\x80"), true, false},
	    {B("\x92\xa2I1\x81\x01"), true, false},  {B("\x92\xa2I1"), true, false},
	    {B("\x92\xa2I2\x80"), false, false},     {B("\x92\xa2S1\x80"), false, false},
	    {B(""), false, false},                   {B("\x80"), false, false},
	    {B("\x92\xa2I1\xdf\xff\xff\xff\xff"), true, false},
	};
	struct buf made = {0};
	char why[120];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i].bytes);
		struct slice bytes = {copy, cases[i].bytes.n};
		if (info_is_request(bytes) != cases[i].is || (info_request_decode(bytes, why) == 0) != cases[i].good)
			fail_msg("case %zu: \"%s\"", i, why);
		assert_true((why[0] == '\0') == cases[i].good);
		free(copy);
	}
	info_request_encode(&made);
	assert_slice(buf_slice(&made), "\x92\xa2I1\x80");
	buf_fini(&made);
}

/* ---- events ---- */

static void
an_event_question_comes_back_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	uint8_t id[EVENT_ID_BYTES_MAX], cust[EVENT_TEXT_BYTES_MAX];
	struct buf buf = {0};
	char why[120];
	(void)state;
	for (int round = 0; round < 500; round++) {
		struct event_ask ask = {rnd_text(&seed, sizeof(id), id), rnd_text(&seed, sizeof(cust), cust)}, back;
		if (ask.id.n == 0)
			continue;
		buf.len = 0;
		event_ask_encode(&ask, &buf);
		assert_true(event_ask_is(buf_slice(&buf)));
		assert_int_equal(event_ask_decode(&back, buf_slice(&buf), why), 0);
		assert_true(slice_equal(ask.id, back.id) && slice_equal(ask.cust, back.cust));
		for (uint32_t n = 0; n < buf.len && round < 20; n++) {
			assert_int_equal(event_ask_decode(&back, (struct slice){buf.data, n}, why), -EBADMSG);
			assert_true(strlen(why) > 0);
		}
	}
	buf_fini(&buf);
}

static void
broken_event_questions_are_refused_in_words(void **state)
{
	static const struct {
		struct slice bytes;
		const char *words;
	} cases[] = {
	    {B(""), "the request is not"}, {B("\x92\xa2V2\x80"), "the request is not"},
	    {B("\x92\xa2V1\x90"), "the request is not"},
	    {B("\x92\xa2V1\x80"), "1 to 64"}, {B("\x92\xa2V1\x81\xa2id\xa0"), "1 to 64"},
	    {B("\x92\xa2V1\x81\xa4" "cust\xa1x"), "1 to 64"},
	    {B("\x92\xa2V1\x81\xa2id\x01"), "is not a text"}, {B("\x92\xa2V1\x81\xa2id\xa1\xff"), "is not a text"},
	    {B("\x92\xa2V1\x81\xa2id\xa1\x07"), "is not a text"},
	    {B("\x92\xa2V1\x82\xa2id\xa1x\xa4" "cust\xc0"), "is not a text"},
	    {B("\x92\xa2V1\x81\xa2id\xa1x\x01"), "behind"}, {B("\x92\xa2V1\x81\xa2id\xdb\xff\xff\xff\xff"), "is not a text"},
	};
	struct buf long_one = {0};
	struct event_ask ask;
	char why[120];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i].bytes);
		int rc = event_ask_decode(&ask, (struct slice){copy, cases[i].bytes.n}, why);
		if (rc != -EBADMSG || strstr(why, cases[i].words) == NULL)
			fail_msg("case %zu: \"%s\"", i, why);
		free(copy);
	}
	uint8_t text[EVENT_TEXT_BYTES_MAX + 1];
	memset(text, 'x', sizeof(text));
	event_ask_encode(&(struct event_ask){.id = {text, EVENT_ID_BYTES_MAX + 1}}, &long_one);
	assert_int_equal(event_ask_decode(&ask, buf_slice(&long_one), why), -EBADMSG);
	long_one.len = 0;
	event_ask_encode(&(struct event_ask){.id = {text, 1}, .cust = {text, sizeof(text)}}, &long_one);
	assert_int_equal(event_ask_decode(&ask, buf_slice(&long_one), why), -EBADMSG);
	assert_non_null(strstr(why, "255"));
	buf_fini(&long_one);
}

static void
view_fill(uint64_t *seed, struct event_view *view)
{
	static const char *const texts[] = {"", "promo", "Paid Search", "north"};
	*view = (struct event_view){
	    .known = (uint8_t)rnd_below(seed, KNOWN_COUNT), .type = (uint8_t)rnd_below(seed, EVENT_TYPE_COUNT),
	    .stage = (uint8_t)rnd_below(seed, STAGE_COUNT), .origin = (uint8_t)rnd_below(seed, ORIGIN_COUNT),
	    .waiting = rnd_below(seed, 17), .ts_ms = rnd_int(seed), .since_ms = rnd_int(seed), .rev = rnd_int(seed),
	    .is_corrected = rnd(seed) & 1, .is_void = rnd(seed) & 1, .is_open = rnd(seed) & 1, .counts = rnd(seed) & 1,
	    .amt = rnd_int(seed), .qty = rnd_int(seed), .amt_counts = rnd_int(seed), .qty_counts = rnd_int(seed),
	    .dims_mask = (uint8_t)rnd_below(seed, 1u << EVENT_DIMS), .touch_ms = rnd_int(seed),
	    .by_lead = (uint8_t)rnd_below(seed, 1u << EVENT_DIMS), .entered = (uint8_t)(rnd_below(seed, 16) << STAGE_LEAD),
	    .is_first = rnd(seed) & 1, .is_spent = rnd(seed) & 1, .refunds = rnd_below(seed, 1024), .refunded = rnd_int(seed),
	    .is_matched = rnd(seed) & 1, .sale_ms = rnd_int(seed)};
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (view->dims_mask >> d & 1) {
			view->given[d] = slice_of(texts[rnd_below(seed, 4)]);
			view->counted[d] = slice_of(texts[rnd_below(seed, 4)]);
		}
}

static void
an_event_view_comes_back_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0}, again = {0};
	struct event_view view, back;
	(void)state;
	for (int round = 0; round < 500; round++) {
		view_fill(&seed, &view);
		buf.len = again.len = 0;
		event_view_encode(&view, &buf);
		uint8_t *copy = exact(buf_slice(&buf));
		assert_int_equal(event_view_decode(&back, (struct slice){copy, (uint32_t)buf.len}), 0);
		event_view_encode(&back, &again); /* equal views are equal bytes */
		assert_true(slice_equal(buf_slice(&buf), buf_slice(&again)));
		assert_int_equal(back.known, view.known);
		assert_int_equal(back.by_lead, view.by_lead);
		assert_int_equal(back.entered, view.entered);
		assert_true(back.amt_counts == view.amt_counts && back.sale_ms == view.sale_ms && back.is_open == view.is_open);
		for (unsigned d = 0; d < EVENT_DIMS; d++)
			assert_true(slice_equal(back.counted[d], view.counted[d]));
		for (uint32_t n = 0; n < buf.len && round < 3; n++)
			assert_int_equal(event_view_decode(&back, (struct slice){copy, n}), -EBADMSG);
		free(copy);
	}
	buf_fini(&buf);
	buf_fini(&again);
}

static void
words_of_newer_versions_are_passed_over(void **state)
{
	struct event_view view;
	(void)state;
	const struct slice bytes = B("\x92\xa2W1\x85\xa5known\xa5maybe\xa1t\xa5gift!\xa7" "entered\x91\xa5" "later"
	                             "\xa5given\x81\xa5shape\xa5round\xa3new\x91\x01");
	assert_int_equal(event_view_decode(&view, bytes), 0);
	assert_int_equal(view.known, KNOWN_NOT);
	assert_int_equal(view.type, EVENT_NONE);
	assert_int_equal(view.entered, 0);
	assert_int_equal(view.dims_mask, 0);
}

static void
broken_event_views_are_refused(void **state)
{
	static const struct slice cases[] = {
	    B(""), B("\x92\xa2W2\x80"), B("\x92\xa2W1\x90"), B("\x92\xa2W1\x80\x01"), B("\x92\xa2W1\x81\xa5known\x01"),
	    B("\x92\xa2W1\x81\xa1t\x01"), B("\x92\xa2W1\x81\xa5stage\x01"), B("\x92\xa2W1\x81\xa7waiting\xff"),
	    B("\x92\xa2W1\x81\xa2ts\xa0"), B("\x92\xa2W1\x81\xa4void\x01"), B("\x92\xa2W1\x81\xa5given\x90"),
	    B("\x92\xa2W1\x81\xa5given\x81\xa8" "campaign\x01"), B("\x92\xa2W1\x81\xa7" "entered\x91\x01"),
	    B("\x92\xa2W1\x81\xa7" "by_lead\x80"), B("\x92\xa2W1\x81\xa5given\xdf\xff\xff\xff\xff"),
	};
	struct event_view view;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *copy = exact(cases[i]);
		if (event_view_decode(&view, (struct slice){copy, cases[i].n}) != -EBADMSG)
			fail_msg("case %zu was taken", i);
		free(copy);
	}
}

static void
a_confirmed_clock_comes_back_as_it_was_and_broken_ones_are_refused(void **state)
{
	static const struct slice bad[] = {
	    B(""), B("\x92\xa2L1\x90"), B("\x91\xa2L1"), B("\x93\xa2L1\x80\x80"), B("\x92\xa2J1\x80"),
	    B("\x92\xa2L1\x81\xa4jump\xa1x"), B("\x92\xa2L1\x81\xa3now\xc0"), B("\x92\xa2L1\x80\x00"),
	};
	const struct confirmed confirmed = {INT64_MIN, INT64_MAX};
	struct confirmed back;
	struct buf buf = {0};
	char why[120];
	(void)state;
	confirmed_encode(&confirmed, &buf);
	assert_int_equal(confirmed_decode(&back, buf_slice(&buf)), 0);
	assert_true(back.jump_ms == INT64_MIN && back.now_ms == INT64_MAX);
	for (uint32_t n = 0; n < buf.len; n++)
		assert_int_equal(confirmed_decode(&back, (struct slice){buf.data, n}), -EBADMSG);
	assert_int_equal(confirmed_decode(&back, B("\x92\xa2L1\x82\xa3new\x90\xa4jump\x07")), 0);
	assert_true(back.jump_ms == 7 && back.now_ms == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t *copy = exact(bad[i]);
		if (confirmed_decode(&back, (struct slice){copy, bad[i].n}) != -EBADMSG)
			fail_msg("case %zu was taken", i);
		free(copy);
	}
	assert_true(confirm_is_request(B("\x92\xa2K1\x07")) && !confirm_is_request(B("\x92\xa2I1\x80")));
	assert_int_equal(confirm_request_decode(B("\x92\xa2K1\x81\xa1x\x01"), why), 0);
	assert_string_equal(why, "");
	assert_int_equal(confirm_request_decode(B("\x92\xa2K1\x07"), why), -EBADMSG);
	assert_string_equal(why, "the request is not [\"K1\", {}]");
	buf_fini(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_info_comes_back_as_it_was),
	    cmocka_unit_test(more_figures_than_fit_are_passed_over),
	    cmocka_unit_test(broken_infos_are_refused),
	    cmocka_unit_test(a_request_is_told_from_others_and_must_be_whole),
	    cmocka_unit_test(an_event_question_comes_back_as_it_was),
	    cmocka_unit_test(broken_event_questions_are_refused_in_words),
	    cmocka_unit_test(an_event_view_comes_back_as_it_was),
	    cmocka_unit_test(words_of_newer_versions_are_passed_over),
	    cmocka_unit_test(broken_event_views_are_refused),
	    cmocka_unit_test(a_confirmed_clock_comes_back_as_it_was_and_broken_ones_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
