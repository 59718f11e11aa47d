/* test_accept.c - what is decided about events, batches and push messages before the kernel sees them. */
#include "support.h"
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>

enum { TS = 1700000000 };
#define TS_MS (TS * INT64_C(1000))

struct world {
	struct accept_config config;
	struct group *group;
	struct buf message;
};

static int
setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	accept_config_init(&world->config);
	world->group = group_new(GROUP_BATCHES);
	*state = world;
	return 0;
}

static int
teardown(void **state)
{
	struct world *world = *state;
	accept_config_fini(&world->config);
	group_free(world->group);
	buf_fini(&world->message);
	free(world);
	return 0;
}

static enum batch_code
batch_in(struct world *world, char why[120])
{
	struct slice id;
	return accept_batch(&world->config, world->group, 3, buf_slice(&world->message), &id, why);
}

/* One event in a batch of its own; the newest event of the group. */
static const struct group_event *
one(struct world *world, const struct event *event)
{
	char why[120];
	world->message.len = 0;
	batch_begin(&world->message, 1, 1);
	event_encode(event, &world->message);
	assert_int_equal(batch_in(world, why), BATCH_OK);
	return &world->group->events[world->group->event_count - 1];
}

static void
assert_refused(struct world *world, const struct event *event, enum verdict verdict, const char *text)
{
	char scratch[128];
	const struct group_event *out = one(world, event);
	assert_int_equal(out->verdict, verdict);
	assert_string_equal(group_fault_text(world->group, (uint32_t)(out - world->group->events), scratch), text);
	assert_int_equal(out->type, 0);
	assert_int_equal(out->text_len[TEXT_ID], 0);
	for (unsigned i = 0; i < EVENT_MEASURABLE; i++)
		assert_int_equal(out->num[i], 0);
	assert_int_equal(out->given, 0);
	assert_int_equal(out->rev, 0);
	assert_int_equal(out->cur[0], 0);
	assert_int_equal(out->flags, 0);
}

static void
assert_text(const struct world *world, const struct group_event *event, enum event_text text, const char *value)
{
	struct slice got = group_text(world->group, event, text);
	if (!slice_is(got, value))
		fail_msg("%s is \"%.*s\", expected \"%s\"", event_text_key(text), (int)got.n, (const char *)got.p, value);
}

static void
every_type_is_taken_with_its_needed_keys(void **state)
{
	for (unsigned type = EVENT_VISIT; type < EVENT_TYPE_COUNT; type++) {
		struct event event = event_good((enum event_type)type, "e", TS_MS);
		const struct group_event *out = one(*state, &event);
		assert_int_equal(out->verdict, VERDICT_OK);
		assert_int_equal(out->type, type);
		assert_int_equal(out->ts_ms, TS_MS);
	}
}

static void
event_without(struct event *event, enum event_num num)
{
	event->num_mask &= ~(1u << num);
}

static void
missing_key_is_named(void **state)
{
	struct event event = event_good(EVENT_SALE, "", TS_MS);
	assert_refused(*state, &event, VERDICT_MISSING_FIELD, "id is missing; sale needs it");
	event = event_good(EVENT_NONE, "e", TS_MS);
	assert_refused(*state, &event, VERDICT_MISSING_FIELD, "t is missing");
	event = event_good(EVENT_VISIT, "e", TS_MS);
	event_without(&event, NUM_TS);
	assert_refused(*state, &event, VERDICT_MISSING_FIELD, "ts is missing; visit needs it");
	event = event_make(EVENT_LEAD, "e", TS_MS);
	assert_refused(*state, &event, VERDICT_MISSING_FIELD, "lead is missing; lead needs it");
	for (unsigned type = EVENT_SALE; type <= EVENT_SPEND; type++) {
		char text[64];
		snprintf(text, sizeof(text), "amt is missing; %s needs it", event_type_name(type));
		event = event_make((enum event_type)type, "e", TS_MS);
		assert_refused(*state, &event, VERDICT_MISSING_FIELD, text);
	}
	event = event_make(EVENT_ENGAGE, "e", TS_MS);
	assert_refused(*state, &event, VERDICT_MISSING_FIELD, "kind is missing; engage needs it");
	for (unsigned type = EVENT_CORRECT; type <= EVENT_VOID; type++) {
		char text[64];
		snprintf(text, sizeof(text), "ref is missing; %s needs it", event_type_name(type));
		event = event_make((enum event_type)type, "e", TS_MS);
		assert_refused(*state, &event, VERDICT_MISSING_FIELD, text);
		snprintf(text, sizeof(text), "ts is missing; %s needs it", event_type_name(type));
		event = event_good((enum event_type)type, "e", TS_MS);
		event_without(&event, NUM_TS);
		assert_refused(*state, &event, VERDICT_MISSING_FIELD, text);
		snprintf(text, sizeof(text), "id is missing; %s needs it", event_type_name(type));
		event = event_good((enum event_type)type, "", TS_MS);
		assert_refused(*state, &event, VERDICT_MISSING_FIELD, text);
	}
}

/* Whatever it corrects: a sale's amount, a lead's stage, a spend's cost type. */
static void
a_correct_keeps_all_that_it_may_replace(void **state)
{
	struct event event = event_good(EVENT_CORRECT, "e", TS_MS);
	for (unsigned i = TEXT_CAMP; i < TEXT_CUR; i++)
		if (i != TEXT_ID)
			event_text(&event, (enum event_text)i, event_text_key(i));
	event_num(&event, NUM_AMT, -1000);
	event_num(&event, NUM_QTY, 3);
	event_num(&event, NUM_REV, INT64_MIN);
	event_num(&event, NUM_N, 4); /* of an engagement, which cannot be corrected */
	event.stage = STAGE_SQL;
	event.kind = KIND_TAG;
	const struct group_event *out = one(*state, &event);
	assert_int_equal(out->verdict, VERDICT_OK);
	assert_int_equal(out->type, EVENT_CORRECT);
	for (unsigned i = TEXT_CAMP; i < TEXT_CUR; i++)
		assert_text(*state, out, (enum event_text)i, i == TEXT_ID ? "e" : event_text_key(i));
	assert_int_equal(out->num[NUM_AMT], -1000);
	assert_int_equal(out->num[NUM_QTY], 3);
	assert_int_equal(out->num[NUM_N], 0);
	assert_int_equal(out->rev, INT64_MIN);
	assert_int_equal(out->stage, STAGE_SQL);
	assert_int_equal(out->kind, KIND_NONE);
}

static void
a_correct_needs_no_more_than_its_ref(void **state)
{
	struct event event = event_good(EVENT_CORRECT, "e", TS_MS);
	const struct group_event *out = one(*state, &event);
	assert_int_equal(out->stage, STAGE_NONE); /* perhaps it is of a sale */
	assert_int_equal(out->num[NUM_AMT], 0);
	assert_int_equal(out->num[NUM_QTY], 1);
	assert_int_equal(out->rev, 0);
	assert_int_equal(out->flags, 0);
	assert_text(*state, out, TEXT_CHAN, "");
	event_text(&event, TEXT_SRC, "google");
	assert_text(*state, one(*state, &event), TEXT_CHAN, "Organic Search");
	event_text(&event, TEXT_CUR, "USD"); /* says nothing without an amt, not even whether it is known */
	assert_string_equal(one(*state, &event)->cur, "");
	event_text(&event, TEXT_CUR, "DOGE");
	assert_int_equal(one(*state, &event)->verdict, VERDICT_OK);
	event_num(&event, NUM_QTY, -1);
	assert_refused(*state, &event, VERDICT_BAD_FIELD, "qty of a correct is negative");
	event = event_good(EVENT_CORRECT, "e", TS_MS);
	event_num(&event, NUM_AMT, 1);
	event_text(&event, TEXT_CUR, "DOGE");
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "cur DOGE is unknown or has no rate at that day");
}

static void
a_void_has_a_revision_and_no_numbers(void **state)
{
	struct event event = event_good(EVENT_VOID, "e", TS_MS);
	event_num(&event, NUM_AMT, INT64_MIN);
	event_num(&event, NUM_QTY, -1);
	event_num(&event, NUM_REV, 7);
	event_text(&event, TEXT_CUR, "???");
	event.stage = STAGE_MQL;
	const struct group_event *out = one(*state, &event);
	assert_int_equal(out->verdict, VERDICT_OK);
	for (unsigned i = 0; i < EVENT_MEASURABLE; i++)
		assert_int_equal(out->num[i], 0);
	assert_int_equal(out->given, 0);
	assert_int_equal(out->cur[0], 0);
	assert_int_equal(out->stage, STAGE_NONE);
	assert_int_equal(out->rev, 7);
	assert_text(*state, out, TEXT_REF, "r1");
}

static void
a_revision_is_of_corrections_only(void **state)
{
	for (unsigned type = EVENT_VISIT; type < EVENT_TYPE_COUNT; type++) {
		struct event event = event_good((enum event_type)type, "e", TS_MS);
		event_num(&event, NUM_REV, 5);
		assert_int_equal(one(*state, &event)->rev, type >= EVENT_CORRECT ? 5 : 0);
	}
}

static void
a_refund_needs_no_ref(void **state)
{
	struct event event = event_good(EVENT_REFUND, "e", TS_MS);
	assert_int_equal(one(*state, &event)->verdict, VERDICT_OK);
	event_text(&event, TEXT_REF, "s1");
	assert_text(*state, one(*state, &event), TEXT_REF, "s1");
}

static void
a_touch_is_what_the_sender_said_of_it(void **state)
{
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	assert_int_equal(one(*state, &event)->flags, EVENT_IS_DIRECT); /* its channel is derived, not given */
	for (unsigned i = 0; i < EVENT_TEXTS; i++) {
		bool touch = i == TEXT_CAMP || i == TEXT_CHAN || i == TEXT_SRC || i == TEXT_MED || i == TEXT_REF_URL ||
		             i == TEXT_CLICK;
		event = event_good(EVENT_SALE, "e", TS_MS);
		event_text(&event, (enum event_text)i, i == TEXT_CUR ? "IDR" : "v");
		if ((one(*state, &event)->flags & EVENT_HAS_TOUCH) != (touch ? EVENT_HAS_TOUCH : 0))
			fail_msg("%s: %d", event_text_key(i), touch);
		event_text(&event, (enum event_text)i, "");
		if (i != TEXT_ID)
			assert_int_equal(one(*state, &event)->flags & EVENT_HAS_TOUCH, 0);
	}
}

static void
direct_is_a_channel_given_or_derived(void **state)
{
	struct event event = event_good(EVENT_SALE, "e", TS_MS);
	assert_int_equal(one(*state, &event)->flags & EVENT_IS_DIRECT, 0); /* none at all */
	event_text(&event, TEXT_CHAN, "Direct");
	assert_int_equal(one(*state, &event)->flags, EVENT_IS_DIRECT | EVENT_HAS_TOUCH | EVENT_HAS_AMT);
	event_text(&event, TEXT_CHAN, "Direct Mail");
	assert_int_equal(one(*state, &event)->flags & EVENT_IS_DIRECT, 0);
	event = event_good(EVENT_LEAD, "e", TS_MS);
	event_text(&event, TEXT_SRC, "(direct)");
	event_text(&event, TEXT_MED, "(none)");
	assert_int_equal(one(*state, &event)->flags, EVENT_IS_DIRECT | EVENT_HAS_TOUCH);
	event = event_good(EVENT_VISIT, "e", TS_MS);
	event_text(&event, TEXT_SRC, "google");
	assert_int_equal(one(*state, &event)->flags, EVENT_HAS_TOUCH);
}

/* 0 given is not none given: a correct without amt is none of a sale. */
static void
an_amount_of_nothing_was_given(void **state)
{
	struct event event = event_good(EVENT_CORRECT, "e", TS_MS);
	assert_int_equal(one(*state, &event)->flags & EVENT_HAS_AMT, 0);
	event_num(&event, NUM_AMT, 0);
	assert_int_equal(one(*state, &event)->flags & EVENT_HAS_AMT, EVENT_HAS_AMT);
}

static void
time_outside_1970_to_2100_is_refused(void **state)
{
	static const int64_t bad[] = {-1, ACCEPT_TS_END, INT64_MAX, INT64_MIN}, good[] = {0, ACCEPT_TS_END - 1};
	for (size_t i = 0; i < 4; i++) {
		struct event event = event_good(EVENT_VISIT, "e", bad[i]);
		assert_refused(*state, &event, VERDICT_BAD_FIELD, "ts is not a Unix time in ms between 1970 and 2100");
	}
	for (size_t i = 0; i < 2; i++) {
		struct event event = event_good(EVENT_VISIT, "e", good[i]);
		assert_int_equal(one(*state, &event)->verdict, VERDICT_OK);
	}
}

static void
defaults_are_filled_in(void **state)
{
	struct event event = event_good(EVENT_SALE, "e", TS_MS);
	assert_int_equal(one(*state, &event)->num[NUM_QTY], 1);
	event_num(&event, NUM_QTY, 0);
	assert_int_equal(one(*state, &event)->num[NUM_QTY], 0);
	event = event_good(EVENT_REFUND, "e", TS_MS);
	assert_int_equal(one(*state, &event)->num[NUM_QTY], 1);
	event = event_good(EVENT_ENGAGE, "e", TS_MS);
	assert_int_equal(one(*state, &event)->num[NUM_N], 1);
	event_num(&event, NUM_N, -3);
	assert_int_equal(one(*state, &event)->num[NUM_N], -3);
	event = event_good(EVENT_LEAD, "e", TS_MS);
	assert_int_equal(one(*state, &event)->stage, STAGE_LEAD);
	event.stage = STAGE_SQL;
	assert_int_equal(one(*state, &event)->stage, STAGE_SQL);
	event = event_good(EVENT_VISIT, "e", TS_MS);
	assert_int_equal(one(*state, &event)->num[NUM_QTY], 0);
}

static void
keys_that_say_nothing_for_a_type_are_ignored_but_content(void **state)
{
	struct event plain = event_good(EVENT_VISIT, "e", TS_MS), event = plain;
	uint64_t content = one(*state, &plain)->content;
	event_num(&event, NUM_AMT, INT64_MIN); /* would be bad_amount in a sale */
	event_num(&event, NUM_REACH, 7);
	event_text(&event, TEXT_CUR, "???");
	event_text(&event, TEXT_CTYPE, "media");
	event.stage = STAGE_MQL;
	event.kind = KIND_TAG;
	const struct group_event *out = one(*state, &event);
	assert_int_equal(out->verdict, VERDICT_OK);
	for (unsigned i = 0; i < EVENT_MEASURABLE; i++)
		assert_int_equal(out->num[i], 0);
	assert_int_equal(out->stage, 0);
	assert_int_equal(out->kind, 0);
	assert_int_equal(out->text_len[TEXT_CTYPE], 0);
	assert_true(out->content != content);
	event = event_good(EVENT_SPEND, "e", TS_MS);
	event_text(&event, TEXT_CTYPE, "media");
	assert_text(*state, one(*state, &event), TEXT_CTYPE, "media");
}

static void
negative_amounts_are_credits_of_a_spend_only(void **state)
{
	struct event event = event_good(EVENT_SPEND, "e", TS_MS);
	event_num(&event, NUM_AMT, -500);
	assert_int_equal(one(*state, &event)->num[NUM_AMT], -500);
	event.type = EVENT_SALE;
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "amt of a sale is negative");
	event.type = EVENT_REFUND;
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "amt of a refund is negative");
	event = event_good(EVENT_SALE, "e", TS_MS);
	event_num(&event, NUM_QTY, -1);
	assert_refused(*state, &event, VERDICT_BAD_FIELD, "qty of a sale is negative");
}

static void
numbers_beyond_two_to_the_53_are_refused(void **state)
{
	struct event event = event_good(EVENT_SPEND, "e", TS_MS);
	event_num(&event, NUM_AMT, ACCEPT_AMOUNT_MAX);
	assert_int_equal(one(*state, &event)->verdict, VERDICT_OK);
	event_num(&event, NUM_AMT, -ACCEPT_AMOUNT_MAX - 1);
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "amt is beyond 2^53");
	event_num(&event, NUM_AMT, INT64_MIN);
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "amt is beyond 2^53");
	event_text(&event, TEXT_CUR, "USD");
	event_num(&event, NUM_AMT, ACCEPT_AMOUNT_MAX / 1000); /* times 16000: fits in 63 bits, but is too much */
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "amt is beyond 2^53 in the reporting currency");
	event_num(&event, NUM_AMT, ACCEPT_AMOUNT_MAX / 2);
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "amt in USD does not fit");
	event = event_good(EVENT_ENGAGE, "e", TS_MS);
	event_num(&event, NUM_IMP, ACCEPT_AMOUNT_MAX + 1);
	assert_refused(*state, &event, VERDICT_BAD_FIELD, "imp is beyond 2^53");
}

static int64_t
day_shifted(const void *zone, int64_t ts_ms)
{
	return (ts_ms + *(const int64_t *)zone) / 86400000;
}

/* 1 USD = 16000 IDR before day 20000, 15000 from it on; both have 2 decimals. */
static void
money_is_converted_at_the_local_day(void **state)
{
	struct world *world = *state;
	struct event event = event_good(EVENT_SALE, "e", INT64_C(20000) * 86400000 - 1);
	event_text(&event, TEXT_CUR, "USD");
	assert_int_equal(one(world, &event)->num[NUM_AMT], 16000000);
	int64_t east = 7 * 3600000; /* in Jakarta it is already day 20000 */
	world->config.day_of = day_shifted;
	world->config.zone = &east;
	assert_int_equal(one(world, &event)->num[NUM_AMT], 15000000);
	event_text(&event, TEXT_CUR, "IDR");
	assert_int_equal(one(world, &event)->num[NUM_AMT], 1000);
	event_text(&event, TEXT_CUR, "");
	assert_int_equal(one(world, &event)->num[NUM_AMT], 1000);
}

/* A refund is converted by its sale's rate: for that it takes what was given. */
static void
the_amount_as_given_is_kept_beside_the_converted_one(void **state)
{
	static const enum event_type types[] = {EVENT_SALE, EVENT_REFUND, EVENT_SPEND, EVENT_CORRECT};
	for (size_t i = 0; i < 4; i++) {
		struct event event = event_good(types[i], "e", TS_MS);
		event_num(&event, NUM_AMT, 1250);
		event_text(&event, TEXT_CUR, "USD");
		const struct group_event *out = one(*state, &event);
		assert_int_equal(out->num[NUM_AMT], 1250 * 16000);
		assert_int_equal(out->given, 1250);
		assert_string_equal(out->cur, "USD");
		event_text(&event, TEXT_CUR, i % 2 == 0 ? "IDR" : "");
		out = one(*state, &event);
		assert_int_equal(out->num[NUM_AMT], 1250);
		assert_int_equal(out->given, 1250);
		assert_string_equal(out->cur, "");
	}
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	event_num(&event, NUM_AMT, 1250);
	event_text(&event, TEXT_CUR, "USD");
	const struct group_event *out = one(*state, &event);
	assert_int_equal(out->given, 0);
	assert_string_equal(out->cur, "");
}

static void
unknown_currency_is_named(void **state)
{
	struct event event = event_good(EVENT_SALE, "e", TS_MS);
	event_text(&event, TEXT_CUR, "DOGE");
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "cur DOGE is unknown or has no rate at that day");
	event_text(&event, TEXT_CUR, "aaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9""b"); /* cut before the character, not inside */
	assert_refused(*state, &event, VERDICT_BAD_AMOUNT, "cur aaaaaaaaaaaaaaaaaaaaaaa is unknown or has no rate at that day");
}

static void
identity_is_customer_and_id(void **state)
{
	struct event event = event_good(EVENT_VISIT, "bc", TS_MS);
	struct hash128 alone = one(*state, &event)->id;
	event_text(&event, TEXT_CUST, "a");
	struct hash128 first = one(*state, &event)->id;
	event_text(&event, TEXT_SRC, "google"); /* other content, same identity */
	event_num(&event, NUM_TS, TS_MS + 1);
	struct hash128 again = one(*state, &event)->id;
	event_text(&event, TEXT_CUST, "ab");
	event_text(&event, TEXT_ID, "c");
	struct hash128 second = one(*state, &event)->id;
	assert_memory_equal(&first, &again, sizeof(first));
	assert_memory_not_equal(&first, &second, sizeof(first));
	assert_memory_not_equal(&first, &alone, sizeof(first));
	/* By this the aggregator finds what a ref means. */
	struct hash128 meant = group_identity_hash(slice_of("ab"), slice_of("c"), &((struct world *)*state)->config.key);
	assert_memory_equal(&second, &meant, sizeof(second));
}

/* One person in three ways of writing: the same identity, customer and content, and a retry is one. */
static void
a_phone_number_is_one_customer_by_option_only(void **state)
{
	static const char *const written[] = {"0812-3456 7890", "+62 812 3456 7890", "6281234567890"};
	struct world *world = *state;
	struct group_event first = {0}, plain;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		struct event event = event_good(EVENT_SALE, "s1", TS_MS);
		event_text(&event, TEXT_CUST, written[i]);
		world->config.phone_country[0] = '\0';
		plain = *one(world, &event);
		assert_text(world, &plain, TEXT_CUST, written[i]);
		strcpy(world->config.phone_country, "62");
		const struct group_event *out = one(world, &event);
		assert_text(world, out, TEXT_CUST, "+6281234567890");
		assert_memory_not_equal(&out->id, &plain.id, sizeof(plain.id));
		if (i == 0)
			first = *out;
		assert_memory_equal(&out->id, &first.id, sizeof(first.id));
		assert_memory_equal(&out->cust, &first.cust, sizeof(first.cust));
		assert_int_equal(out->content, first.content);
		/* The raw event says what came. */
		struct event raw;
		struct event_fault fault;
		size_t used;
		assert_int_equal(event_decode(&raw, group_raw(world->group, out), &used, &fault), VERDICT_OK);
		assert_true(slice_is(raw.text[TEXT_CUST], written[i]));
	}
	struct hash128 meant = group_identity_hash(slice_of("+6281234567890"), slice_of("s1"), &world->config.key);
	assert_memory_equal(&first.id, &meant, sizeof(meant));
	struct hash128 cust = group_cust_hash(slice_of("+6281234567890"), &world->config.key);
	assert_memory_equal(&first.cust, &cust, sizeof(cust));
}

/* By these, (cust, ref), the aggregator finds the sale; other texts beside the customer are not touched. */
static void
a_refund_and_a_void_bear_the_same_customer(void **state)
{
	struct world *world = *state;
	static const enum event_type types[] = {EVENT_SALE, EVENT_REFUND, EVENT_CORRECT, EVENT_VOID, EVENT_LEAD, EVENT_VISIT};
	strcpy(world->config.phone_country, "62");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct event event = event_good(types[i], "081234567890", TS_MS);
		event_text(&event, TEXT_CUST, i % 2 ? "(0812) 3456-7890" : "+6281234567890");
		event_text(&event, TEXT_CAMP, "0812 3456 7890");
		const struct group_event *out = one(world, &event);
		assert_int_equal(out->verdict, VERDICT_OK);
		assert_text(world, out, TEXT_CUST, "+6281234567890");
		assert_text(world, out, TEXT_ID, "081234567890");
		assert_text(world, out, TEXT_CAMP, "0812 3456 7890");
	}
	struct event event = event_good(EVENT_SALE, "s", TS_MS);
	event_text(&event, TEXT_CUST, "C-1024");
	assert_text(world, one(world, &event), TEXT_CUST, "C-1024");
	event = event_good(EVENT_SALE, "", TS_MS); /* refused: nothing is kept of it */
	event_text(&event, TEXT_CUST, "0812 3456 7890");
	assert_refused(world, &event, VERDICT_MISSING_FIELD, "id is missing; sale needs it");
}

static void
pack_pair(msgpack_packer *packer, const char *key, const char *value)
{
	msgpack_pack_str_with_body(packer, key, strlen(key));
	msgpack_pack_str_with_body(packer, value, strlen(value));
}

/* t, ts and three texts, rotated; an unknown key and an empty text now and then. */
static uint64_t
content_rotated(struct world *world, int turn, bool noise, const char *camp)
{
	msgpack_packer packer;
	world->message.len = 0;
	batch_begin(&world->message, 1, 1);
	msgpack_packer_init(&packer, &world->message, buf_msgpack_write);
	msgpack_pack_map(&packer, noise ? 7 : 5);
	for (int i = 0; i < 5; i++) {
		switch ((i + turn) % 5) {
		case 0:
			pack_pair(&packer, "id", "x");
			break;
		case 1:
			pack_pair(&packer, "t", "visit");
			break;
		case 2:
			msgpack_pack_str_with_body(&packer, "ts", 2);
			if (turn % 2 != 0)
				msgpack_pack_fix_int64(&packer, TS_MS);
			else
				msgpack_pack_int64(&packer, TS_MS);
			break;
		case 3:
			pack_pair(&packer, "camp", camp);
			break;
		default:
			pack_pair(&packer, "src", "google");
		}
	}
	if (noise) {
		pack_pair(&packer, "utm_id", "unknown");
		pack_pair(&packer, "team", "");
	}
	char why[120];
	assert_int_equal(batch_in(world, why), BATCH_OK);
	const struct group_event *out = &world->group->events[world->group->event_count - 1];
	assert_int_equal(out->verdict, VERDICT_OK);
	return out->content;
}

static void
content_does_not_depend_on_key_order_or_unknown_keys(void **state)
{
	uint64_t content = content_rotated(*state, 0, false, "c");
	for (int turn = 0; turn < 5; turn++) {
		assert_true(content_rotated(*state, turn, false, "c") == content);
		assert_true(content_rotated(*state, turn, true, "c") == content);
		assert_true(content_rotated(*state, turn, false, "d") != content);
	}
}

/* Two corrections of one revision that say the same are no conflict, whatever their ids. */
static void
every_known_key_but_the_id_is_content(void **state)
{
	uint64_t contents[1 + EVENT_TEXTS - 1 + EVENT_NUMS + 2];
	size_t count = 0;
	struct event base = event_good(EVENT_SALE, "e", TS_MS);
	contents[count++] = one(*state, &base)->content;
	for (unsigned i = 0; i < EVENT_TEXTS; i++) {
		struct event event = base;
		event_text(&event, (enum event_text)i, i == TEXT_CUR ? "IDR" : "v");
		if (i == TEXT_ID) {
			assert_true(one(*state, &event)->content == contents[0]);
			continue;
		}
		contents[count++] = one(*state, &event)->content;
	}
	for (unsigned i = 0; i < EVENT_NUMS; i++) {
		struct event event = base;
		event_num(&event, (enum event_num)i, 1); /* qty 1 given is not qty absent: see accept.h */
		contents[count++] = one(*state, &event)->content;
	}
	struct event event = base;
	event.stage = STAGE_MQL;
	contents[count++] = one(*state, &event)->content;
	event = base;
	event.kind = KIND_TAG;
	contents[count++] = one(*state, &event)->content;
	assert_int_equal(count, 1 + EVENT_TEXTS - 1 + EVENT_NUMS + 2);
	for (size_t i = 0; i < count; i++) {
		assert_true(contents[i] != 0);
		for (size_t j = 0; j < i; j++)
			assert_true(contents[i] != contents[j]);
	}
}

static void
content_keeps_neighbouring_texts_apart(void **state)
{
	struct event event = event_good(EVENT_SALE, "e", TS_MS);
	event_text(&event, TEXT_CAMP, "ab");
	event_text(&event, TEXT_CHAN, "c");
	uint64_t first = one(*state, &event)->content;
	event_text(&event, TEXT_CAMP, "a");
	event_text(&event, TEXT_CHAN, "bc");
	assert_true(one(*state, &event)->content != first);
}

/* A new channel list must not turn retries into conflicts. */
static void
content_does_not_depend_on_the_lists(void **state)
{
	struct world *world = *state;
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	event_text(&event, TEXT_SRC, "foo");
	uint64_t before = one(world, &event)->content;
	channel_lists_add((struct channel_lists *)world->config.channels, LIST_VIDEO, slice_of("foo"));
	const struct group_event *out = one(world, &event);
	assert_text(world, out, TEXT_CHAN, "Organic Video");
	assert_true(out->content == before);
}

static void
dims_are_those_of_the_group(void **state)
{
	struct world *world = *state;
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	event_text(&event, TEXT_PROD, "p1"); /* not in the mask */
	event_text(&event, TEXT_TEAM, "t1");
	const struct group_event *out = one(world, &event);
	struct hash128 first = out->dims, again = group_dims_hash(world->group, out, world->config.dims_mask, &world->config.key);
	assert_memory_equal(&first, &again, sizeof(first));
	event_text(&event, TEXT_PROD, "p2");
	again = one(world, &event)->dims;
	assert_memory_equal(&first, &again, sizeof(first));
	event_text(&event, TEXT_CHAN, "Email"); /* the derived channel (Direct) was part of it */
	again = one(world, &event)->dims;
	assert_memory_not_equal(&first, &again, sizeof(first));
}

static void
channel_is_derived_when_absent(void **state)
{
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	assert_text(*state, one(*state, &event), TEXT_CHAN, "Direct"); /* a visit with nothing known */
	event_text(&event, TEXT_REF_URL, "https://www.google.co.id/");
	assert_text(*state, one(*state, &event), TEXT_CHAN, "Organic Search");
	event_text(&event, TEXT_CHAN, "my own");
	assert_text(*state, one(*state, &event), TEXT_CHAN, "my own");
	event = event_good(EVENT_SALE, "e", TS_MS);
	assert_text(*state, one(*state, &event), TEXT_CHAN, ""); /* left to attribution */
	for (unsigned i = 0; i < 5; i++) {
		static const struct {
			enum event_text text;
			const char *value, *channel;
		} known[] = {{TEXT_SRC, "google", "Organic Search"}, {TEXT_MED, "email", "Email"},
		             {TEXT_CAMP, "spring", "Unassigned"}, {TEXT_REF_URL, "http://a.example/", "Referral"},
		             {TEXT_CLICK, "gclid:x", "Paid Search"}};
		event = event_good(EVENT_SALE, "e", TS_MS);
		event_text(&event, known[i].text, known[i].value);
		assert_text(*state, one(*state, &event), TEXT_CHAN, known[i].channel);
	}
}

static void
texts_and_raw_point_into_the_group(void **state)
{
	struct world *world = *state;
	char why[120], id[16];
	for (int batch = 0; batch < 3; batch++) {
		world->message.len = 0;
		batch_begin(&world->message, 7, 50);
		for (int i = 0; i < 50; i++) {
			snprintf(id, sizeof(id), "e%d", i);
			struct event event = event_good(EVENT_SALE, id, TS_MS + i);
			event_text(&event, TEXT_CAMP, id);
			event_text(&event, TEXT_ORDER, "o1");
			event_encode(&event, &world->message);
		}
		assert_int_equal(batch_in(world, why), BATCH_OK);
	}
	memset(world->message.data, 'X', world->message.len); /* nothing may point to the caller's bytes */
	assert_int_equal(world->group->batch_count, 3);
	for (uint32_t i = 0; i < 150; i++) {
		const struct group_event *out = &world->group->events[i];
		struct event event;
		struct event_fault fault;
		size_t used;
		snprintf(id, sizeof(id), "e%d", (int)i % 50);
		assert_int_equal(out->index, i % 50);
		assert_text(world, out, TEXT_ID, id);
		assert_text(world, out, TEXT_CAMP, id);
		assert_text(world, out, TEXT_CHAN, "Unassigned");
		assert_text(world, out, TEXT_ORDER, "o1");
		assert_int_equal(event_decode(&event, group_raw(world->group, out), &used, &fault), VERDICT_OK);
		assert_int_equal(used, out->raw_len);
		assert_true(slice_is(event.text[TEXT_ID], id));
	}
	const struct group_batch *batch = &world->group->batches[2];
	assert_int_equal(batch->first, 100);
	assert_int_equal(batch->count, 50);
	assert_int_equal(batch->peer, 3);
	assert_int_equal(batch->acked, 1);
	assert_int_equal(batch->id_len, 1);
	assert_int_equal(world->group->bytes.data[batch->id_off], 7);
}

static void
bad_event_in_the_middle_is_refused_alone(void **state)
{
	struct world *world = *state;
	char why[120], scratch[128];
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	world->message.len = 0;
	batch_begin(&world->message, 1, 3);
	event_encode(&event, &world->message);
	buf_add(&world->message, "\xa3" "abc", 4); /* a text, not a map */
	event_encode(&event, &world->message);
	assert_int_equal(batch_in(world, why), BATCH_OK);
	const struct group_event *out = world->group->events;
	assert_int_equal(out[0].verdict, VERDICT_OK);
	assert_int_equal(out[1].verdict, VERDICT_BAD_MSGPACK);
	assert_int_equal(out[2].verdict, VERDICT_OK);
	assert_true(slice_is(group_raw(world->group, &out[1]), "\xa3" "abc"));
	assert_string_equal(group_fault_text(world->group, 1, scratch), "the event is not a map");
}

static void
broken_event_takes_the_announced_rest_with_it(void **state)
{
	struct world *world = *state;
	char why[120];
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	world->message.len = 0;
	batch_begin(&world->message, 1, 4);
	event_encode(&event, &world->message);
	buf_add(&world->message, "\x81\xc1zzzz", 6); /* 0xc1 is no MessagePack: its end is unknown */
	assert_int_equal(batch_in(world, why), BATCH_OK);
	assert_int_equal(world->group->batches[0].count, 4);
	const struct group_event *out = world->group->events;
	assert_int_equal(out[0].verdict, VERDICT_OK);
	assert_true(slice_is(group_raw(world->group, &out[1]), "\x81\xc1zzzz"));
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(out[i].verdict, VERDICT_BAD_MSGPACK);
		assert_int_equal(out[i].index, i);
		assert_true((out[i].raw_len > 0) == (i == 1));
	}
}

static void
bytes_behind_the_last_event_take_the_batch_back(void **state)
{
	struct world *world = *state;
	char why[120];
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	one(world, &event);
	size_t bytes = world->group->bytes.len;
	event_text(&event, TEXT_ID, ""); /* a fault, to be taken back too */
	world->message.len = 0;
	batch_begin(&world->message, 1, 1);
	event_encode(&event, &world->message);
	buf_add(&world->message, "\xc0\xc0", 2);
	assert_int_equal(batch_in(world, why), BATCH_BAD_MSGPACK);
	assert_string_equal(why, "2 bytes behind the last event");
	assert_int_equal(world->group->batch_count, 1);
	assert_int_equal(world->group->event_count, 1);
	assert_int_equal(world->group->fault_count, 0);
	assert_int_equal(world->group->bytes.len, bytes);
}

static void
too_many_events_or_bytes_refuse_the_batch(void **state)
{
	struct world *world = *state;
	char why[120];
	for (uint32_t count = BATCH_EVENTS_MAX; count <= BATCH_EVENTS_MAX + 1; count++) {
		world->message.len = 0;
		batch_begin(&world->message, 1, count);
		for (uint32_t i = 0; i < count; i++)
			buf_add(&world->message, "\x80", 1);
		assert_int_equal(batch_in(world, why), count == BATCH_EVENTS_MAX ? BATCH_OK : BATCH_TOO_BIG);
	}
	assert_string_equal(why, "the batch has 5001 events, at most 5000 are taken");
	for (uint32_t more = 0; more < 2; more++) {
		world->message.len = 0;
		batch_begin(&world->message, 1, 1);
		uint32_t body = BATCH_BYTES_MAX + more - (uint32_t)world->message.len - 5;
		uint8_t head[5] = {0xc6, (uint8_t)(body >> 24), (uint8_t)(body >> 16), (uint8_t)(body >> 8), (uint8_t)body};
		buf_add(&world->message, head, 5);
		memset(buf_reserve(&world->message, body), 0, body);
		world->message.len += body;
		assert_int_equal(batch_in(world, why), more ? BATCH_TOO_BIG : BATCH_OK);
	}
}

static void
ticks_are_taken_under_clock_events_only(void **state)
{
	struct world *world = *state;
	char why[120];
	batch_tick(&world->message, 9, TS_MS);
	assert_int_equal(batch_in(world, why), BATCH_WRONG_CLOCK);
	assert_int_equal(world->group->batch_count, 0);
	world->config.ticks = true;
	assert_int_equal(batch_in(world, why), BATCH_OK);
	assert_int_equal(world->group->batches[0].has_tick, 1);
	assert_int_equal(world->group->batches[0].tick_ms, TS_MS);
	assert_int_equal(world->group->batches[0].count, 0);
	world->message.len = 0;
	batch_tick(&world->message, 9, ACCEPT_TS_END); /* time cannot be turned back: no slip may send it to 2100 */
	assert_int_equal(batch_in(world, why), BATCH_BAD_MSGPACK);
}

static void
batch_id_comes_back_when_it_could_be_read(void **state)
{
	struct world *world = *state;
	struct slice id;
	char why[120];
	static const char other[] = "\x92\xa2" "E9" "\x92\x2a\x90";
	assert_int_equal(accept_batch(&world->config, world->group, 0, slice_of(other), &id, why), BATCH_WRONG_VERSION);
	assert_true(slice_is(id, "\x2a"));
	assert_true(why[0] != '\0');
	assert_int_equal(accept_batch(&world->config, world->group, 0, slice_of("hello"), &id, why), BATCH_BAD_MSGPACK);
	assert_int_equal(id.n, 0);
}

static struct group_batch *
push(struct world *world)
{
	accept_push(&world->config, world->group, 5, buf_slice(&world->message));
	return &world->group->batches[world->group->batch_count - 1];
}

static void
push_takes_one_event_or_an_array(void **state)
{
	struct world *world = *state;
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	event_encode(&event, &world->message);
	struct group_batch *batch = push(world);
	assert_int_equal(batch->count, 1);
	assert_int_equal(batch->acked, 0);
	assert_int_equal(batch->peer, 5);
	assert_int_equal(world->group->events[0].verdict, VERDICT_OK);
	world->message.len = 0;
	buf_add(&world->message, "\x93", 1);
	for (int i = 0; i < 3; i++)
		event_encode(&event, &world->message);
	assert_int_equal(push(world)->count, 3);
	for (int i = 1; i < 4; i++)
		assert_int_equal(world->group->events[i].verdict, VERDICT_OK);
}

static void
unreadable_push_message_is_one_refused_event(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t n;
		enum verdict verdict;
	} bad[] = {{"", 0, VERDICT_BAD_MSGPACK}, {"\x90", 1, VERDICT_BAD_MSGPACK}, {"hello", 5, VERDICT_BAD_MSGPACK},
	           {"\xdd\xff\xff\xff\xff\x80", 6, VERDICT_BAD_MSGPACK}, {"\xdc\x00", 2, VERDICT_BAD_MSGPACK},
	           {"\xc1", 1, VERDICT_BAD_MSGPACK}, {"\x80\x80", 2, VERDICT_BAD_MSGPACK},
	           {"\x91\x80\x80", 3, VERDICT_BAD_MSGPACK}, {"\x80", 1, VERDICT_MISSING_FIELD}};
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct slice message = {(const uint8_t *)bad[i].bytes, bad[i].n};
		accept_push(&world->config, world->group, 5, message);
		assert_int_equal(world->group->event_count, i + 1);
		const struct group_event *out = &world->group->events[i];
		assert_int_equal(out->verdict, bad[i].verdict);
		assert_true(out->fault != 0);
		assert_true(slice_equal(group_raw(world->group, out), message));
	}
	world->message.len = 0;
	buf_add(&world->message, "\xdc\x13\x89", 3); /* 5001 */
	for (int i = 0; i < 5001; i++)
		buf_add(&world->message, "\x80", 1);
	assert_int_equal(push(world)->count, 1);
	assert_int_equal(world->group->events[world->group->event_count - 1].verdict, VERDICT_TOO_BIG);
}

/* What the log gives back is what accept decided. */
static void
group_survives_the_logs_form(void **state)
{
	struct world *world = *state;
	struct buf first = {0}, second = {0};
	char why[128];
	for (unsigned type = EVENT_NONE; type < EVENT_TYPE_COUNT; type++) {
		struct event event = event_good((enum event_type)type, "e", TS_MS);
		event_text(&event, TEXT_CUR, "USD");
		event_num(&event, NUM_REV, -9);
		event_text(&event, TEXT_CUST, "0812 3456 7890");
		strcpy(world->config.phone_country, type % 2 ? "62" : "");
		one(world, &event);
	}
	group_write(world->group, &first);
	struct group *copy = group_new(GROUP_BATCHES);
	assert_int_equal(group_read(copy, buf_slice(&first), why), 0);
	group_write(copy, &second);
	assert_true(slice_equal(buf_slice(&first), buf_slice(&second)));
	assert_int_equal(copy->event_count, world->group->event_count);
	for (uint32_t i = 0; i < copy->event_count; i++) {
		struct group_event decided;
		memcpy(&decided, &world->group->events[i], sizeof(decided));
		decided.cust = (struct hash128){0}; /* not in the log */
		assert_memory_equal(&copy->events[i], &decided, sizeof(decided));
	}
	group_free(copy);
	buf_fini(&first);
	buf_fini(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(every_type_is_taken_with_its_needed_keys),
	    TEST(missing_key_is_named),
	    TEST(a_correct_keeps_all_that_it_may_replace),
	    TEST(a_correct_needs_no_more_than_its_ref),
	    TEST(a_void_has_a_revision_and_no_numbers),
	    TEST(a_revision_is_of_corrections_only),
	    TEST(a_refund_needs_no_ref),
	    TEST(a_touch_is_what_the_sender_said_of_it),
	    TEST(direct_is_a_channel_given_or_derived),
	    TEST(an_amount_of_nothing_was_given),
	    TEST(time_outside_1970_to_2100_is_refused),
	    TEST(defaults_are_filled_in),
	    TEST(keys_that_say_nothing_for_a_type_are_ignored_but_content),
	    TEST(negative_amounts_are_credits_of_a_spend_only),
	    TEST(numbers_beyond_two_to_the_53_are_refused),
	    TEST(money_is_converted_at_the_local_day),
	    TEST(the_amount_as_given_is_kept_beside_the_converted_one),
	    TEST(unknown_currency_is_named),
	    TEST(identity_is_customer_and_id),
	    TEST(a_phone_number_is_one_customer_by_option_only),
	    TEST(a_refund_and_a_void_bear_the_same_customer),
	    TEST(content_does_not_depend_on_key_order_or_unknown_keys),
	    TEST(every_known_key_but_the_id_is_content),
	    TEST(content_keeps_neighbouring_texts_apart),
	    TEST(content_does_not_depend_on_the_lists),
	    TEST(dims_are_those_of_the_group),
	    TEST(channel_is_derived_when_absent),
	    TEST(texts_and_raw_point_into_the_group),
	    TEST(bad_event_in_the_middle_is_refused_alone),
	    TEST(broken_event_takes_the_announced_rest_with_it),
	    TEST(bytes_behind_the_last_event_take_the_batch_back),
	    TEST(too_many_events_or_bytes_refuse_the_batch),
	    TEST(ticks_are_taken_under_clock_events_only),
	    TEST(batch_id_comes_back_when_it_could_be_read),
	    TEST(push_takes_one_event_or_an_array),
	    TEST(unreadable_push_message_is_one_refused_event),
	    TEST(group_survives_the_logs_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
