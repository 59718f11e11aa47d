/* test_group.c - groups in memory and in the log. */
#include "schemas/group.h"
#include "util.h"
#include <errno.h>

static struct group *
random_group(uint64_t *seed)
{
	struct group *group = group_new(rnd(seed) & 7 ? GROUP_BATCHES : GROUP_TICK);
	static const uint8_t verdicts[] = {VERDICT_OK, VERDICT_OK, VERDICT_OK, VERDICT_BAD_MSGPACK, VERDICT_BAD_AMOUNT, VERDICT_TOO_BIG, VERDICT_NOT_AUTHORIZED};
	uint32_t batches = group->kind == GROUP_TICK ? 0 : rnd_below(seed, 6);
	group->dims_mask = (uint8_t)rnd_below(seed, 1 << EVENT_DIMS);
	group->lsn = rnd(seed) >> rnd_below(seed, 64);
	group->recv_ms = rnd_int(seed);
	group->time_ms = rnd_int(seed);
	for (uint32_t b = 0; b < batches; b++) {
		struct group_batch *batch = group_add_batch(group);
		*batch = (struct group_batch){.peer = (uint32_t)rnd(seed), .first = group->event_count, .acked = rnd(seed) & 1};
		batch->id_off = (uint32_t)group->bytes.len;
		batch->id_len = rnd_below(seed, 10);
		for (uint32_t i = 0; i < batch->id_len; i++)
			buf_add(&group->bytes, "\x05", 1);
		if (rnd_below(seed, 5) == 0) {
			batch->has_tick = 1;
			batch->tick_ms = rnd_int(seed);
			continue;
		}
		batch->count = rnd_below(seed, 20);
		for (uint32_t i = 0; i < batch->count; i++) {
			struct group_event *event = group_add_event(group);
			uint8_t text[300];
			event->id = (struct hash128){rnd(seed), rnd(seed)};
			event->content = rnd(seed);
			event->dims = (struct hash128){rnd(seed), rnd(seed)};
			event->ts_ms = rnd_int(seed);
			event->index = (uint16_t)i;
			event->type = (uint8_t)rnd_below(seed, EVENT_TYPE_COUNT);
			event->stage = (uint8_t)rnd_below(seed, STAGE_COUNT);
			event->kind = (uint8_t)rnd_below(seed, KIND_COUNT);
			event->verdict = verdicts[rnd_below(seed, sizeof(verdicts))];
			event->raw_off = (uint32_t)group->bytes.len;
			for (unsigned t = 0; t < TEXT_CUR; t++) {
				struct slice value = rnd_text(seed, rnd(seed) & 1 ? t == TEXT_ID ? EVENT_ID_BYTES_MAX : EVENT_TEXT_BYTES_MAX : 0, text);
				if (value.n > 0)
					event->text_off[t] = (uint32_t)group->bytes.len;
				event->text_len[t] = (uint16_t)value.n;
				buf_add(&group->bytes, value.p, value.n);
			}
			event->raw_len = (uint32_t)group->bytes.len - event->raw_off;
			for (unsigned num = 0; num < EVENT_MEASURABLE; num++)
				event->num[num] = rnd(seed) & 1 ? rnd_int(seed) : 0;
			event->given = rnd(seed) & 1 ? rnd_int(seed) : event->num[NUM_AMT];
			event->rev = rnd(seed) & 1 ? rnd_int(seed) : 0;
			if (rnd(seed) & 1)
				for (unsigned letter = 0; letter < 3; letter++)
					event->cur[letter] = (char)('A' + rnd_below(seed, 26));
			event->flags = (uint8_t)rnd_below(seed, EVENT_FLAGS_ALL + 1);
			if (event->verdict != VERDICT_OK && rnd(seed) & 1)
				group_add_fault(group, group->event_count - 1, "the reason");
		}
	}
	return group;
}

static void
assert_same_group(const struct group *a, const struct group *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->dims_mask, b->dims_mask);
	assert_true(a->lsn == b->lsn && a->recv_ms == b->recv_ms && a->time_ms == b->time_ms);
	assert_int_equal(a->batch_count, b->batch_count);
	assert_int_equal(a->event_count, b->event_count);
	assert_int_equal(a->fault_count, b->fault_count);
	assert_true(slice_equal(buf_slice(&a->bytes), buf_slice(&b->bytes)));
	for (uint32_t i = 0; i < a->batch_count; i++)
		assert_memory_equal(&a->batches[i], &b->batches[i], sizeof(a->batches[i]));
	for (uint32_t i = 0; i < a->event_count; i++)
		assert_memory_equal(&a->events[i], &b->events[i], sizeof(a->events[i]));
	for (uint32_t i = 0; i < a->fault_count; i++)
		assert_memory_equal(&a->faults[i], &b->faults[i], sizeof(a->faults[i]));
}

static void
what_is_written_is_read_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct group *back = group_new(GROUP_BATCHES);
	struct buf bytes = {0};
	char why[120];
	(void)state;
	for (int round = 0; round < 500; round++) {
		struct group *group = random_group(&seed);
		bytes.len = 0;
		group_write(group, &bytes);
		if (group_read(back, buf_slice(&bytes), why) != 0)
			fail_msg("%s", why);
		assert_same_group(group, back);
		group_free(group);
	}
	group_free(back);
	buf_fini(&bytes);
}

static void
a_record_cut_anywhere_or_with_bytes_behind_is_refused(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct group *group = NULL, *back = group_new(GROUP_BATCHES);
	struct buf bytes = {0};
	char why[120];
	(void)state;
	do {
		group_free(group);
		group = random_group(&seed);
	} while (group->event_count < 3 || group->event_count > 8);
	group_write(group, &bytes);
	for (uint32_t n = 0; n < bytes.len; n++) {
		uint8_t *copy = exact((struct slice){bytes.data, n});
		assert_int_equal(group_read(back, (struct slice){copy, n}, why), -EBADMSG);
		assert_true(strlen(why) > 0);
		assert_int_equal(back->event_count + back->batch_count + back->fault_count, 0);
		free(copy);
	}
	buf_add(&bytes, "\0", 1);
	assert_int_equal(group_read(back, buf_slice(&bytes), why), -EBADMSG);
	assert_non_null(strstr(why, "behind"));
	group_free(group);
	group_free(back);
	buf_fini(&bytes);
}

/* Whatever is read: no offset leads out of the bytes, no enum out of its range, no index out of its table. */
static void
a_damaged_record_is_refused_or_harmless(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct group *back = group_new(GROUP_BATCHES);
	struct buf bytes = {0};
	char why[120];
	int took = 0;
	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct group *group = random_group(&seed);
		bytes.len = 0;
		group_write(group, &bytes);
		for (uint32_t changes = 1 + rnd_below(&seed, 3); changes > 0; changes--)
			bytes.data[rnd_below(&seed, (uint32_t)bytes.len)] = (uint8_t)rnd(&seed);
		group_free(group);
		if (group_read(back, buf_slice(&bytes), why) != 0)
			continue;
		took++;
		for (uint32_t i = 0; i < back->batch_count; i++) {
			const struct group_batch *batch = &back->batches[i];
			assert_true(batch->first <= back->event_count && batch->count <= back->event_count - batch->first);
			assert_true(batch->id_off <= back->bytes.len && batch->id_len <= back->bytes.len - batch->id_off);
		}
		for (uint32_t i = 0; i < back->event_count; i++) {
			const struct group_event *event = &back->events[i];
			assert_true(event->type < EVENT_TYPE_COUNT && event->stage < STAGE_COUNT && event->kind < KIND_COUNT);
			assert_true(event->verdict < VERDICT_COUNT && event->fault <= back->fault_count);
			assert_true(event->flags <= EVENT_FLAGS_ALL);
			assert_true(strspn(event->cur, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == (event->cur[0] ? 3u : 0u));
			assert_int_equal(event->cur[3], 0);
			assert_true(event->raw_off <= back->bytes.len && event->raw_len <= back->bytes.len - event->raw_off);
			for (unsigned text = 0; text < TEXT_CUR; text++) {
				assert_true(event->text_len[text] <= EVENT_TEXT_BYTES_MAX);
				assert_true(event->text_off[text] + (size_t)event->text_len[text] <= back->bytes.len);
			}
			char scratch[128];
			assert_non_null(group_fault_text(back, i, scratch));
		}
	}
	assert_true(took > 1000); /* many changes only touch hashes and texts */
	group_free(back);
	buf_fini(&bytes);
}

static void
a_claim_of_many_takes_no_memory(void **state)
{
	static const struct slice cases[] = {
	    B("LJG2\x01\x00\x00\x00\x00\x00\xff\xff\xff\xff\x0f\x00\x00"), B("LJG2\x01\x00\x00\x00\x00\x00\x00\x80\x80\x01\x00"),
	    B("LJG2\x01\x00\x00\x00\x00\xff\xff\xff\x03\x00\x00\x00"), B("LJG2\x01\x00\x00\x00\x00\x00\x01\x00\x00"),
	    B("LJG2\x01\x00\x00\x00\x00\x00\x00\x00\x01"),
	};
	struct group *group = group_new(GROUP_BATCHES);
	char why[120];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(group_read(group, cases[i], why), -EBADMSG);
		assert_int_equal(group->batch_cap | group->event_cap | group->fault_cap, 0);
		assert_true(group->bytes.cap == 0);
	}
	assert_int_equal(group_read(group, B("LJG1\x01\x00\x00\x00\x00\x00\x00\x00\x00"), why), -EBADMSG);
	assert_non_null(strstr(why, "version"));
	assert_int_equal(group_read(group, B("LJG2\x03\x00\x00\x00\x00\x00\x00\x00\x00"), why), -EBADMSG);
	assert_int_equal(group_read(group, B("LJG2\x01\x80\x00\x00\x00\x00\x00\x00\x00"), why), -EBADMSG);
	assert_int_equal(group_read(group, B("LJG2\x02\x00\x07\x02\x04\x00\x00\x00\x00"), why), 0);
	assert_true(group->kind == GROUP_TICK && group->lsn == 7 && group->recv_ms == 1 && group->time_ms == 2);
	group_free(group);
}

static struct group *
group_of_one(struct group_event **event)
{
	struct group *group = group_new(GROUP_BATCHES);
	group_add_batch(group)->count = 1;
	*event = group_add_event(group);
	return group;
}

static size_t
written_bytes(const struct group *group)
{
	struct buf bytes = {0};
	group_write(group, &bytes);
	size_t n = bytes.len;
	buf_fini(&bytes);
	return n;
}

/* Most events are in the reporting currency and correct nothing: they shall not pay for those that do. */
static void
an_event_pays_only_for_what_it_has(void **state)
{
	struct group_event *event;
	struct group *group = group_of_one(&event);
	(void)state;
	event->type = EVENT_SALE;
	event->num[NUM_AMT] = event->given = 1000000;
	size_t plain = written_bytes(group);
	event->flags = EVENT_FLAGS_ALL;
	assert_int_equal(written_bytes(group), plain);
	memcpy(event->cur, "USD", 4);
	assert_int_equal(written_bytes(group), plain + 3);
	event->given = 60;
	assert_int_equal(written_bytes(group), plain + 3 + 1);
	event->rev = -1;
	assert_int_equal(written_bytes(group), plain + 3 + 1 + 1);
	group_free(group);
}

/* A record of one event with nothing in it but these three bytes of its head and what stands where its numbers do. */
static int
event_read_of(uint8_t outcome, uint8_t numbers, struct slice body, struct group *back, char why[120])
{
	struct buf bytes = {0};
	static const uint8_t zeros[16 + 8 + 16 + 4];
	const uint8_t head[6] = {EVENT_CORRECT, 0, outcome, numbers, 0, 0};
	buf_add(&bytes, "LJG2\x01\x00\x00\x00\x00\x00\x01\x01\x00", 13);
	buf_add(&bytes, "\x00\x00\x01\x00\x00\x00", 6); /* a batch of one event */
	buf_add(&bytes, head, sizeof(head));
	buf_add(&bytes, zeros, sizeof(zeros));
	buf_add(&bytes, body.p, body.n);
	int rc = group_read(back, buf_slice(&bytes), why);
	buf_fini(&bytes);
	return rc;
}

static void
only_one_form_of_an_amount_as_given_is_read(void **state)
{
	static const struct {
		uint8_t outcome, numbers;
		struct slice body;
		const char *word; /* NULL: taken */
	} cases[] = {
	    {0x70, 0xe1, B("\x02\x04\x06USD"), NULL},
	    {0x80, 0x00, B(""), "flag"},
	    {0x0f, 0x00, B(""), "verdict"},
	    {0x00, 0x21, B("\x02\x02"), "twice"},
	    {0x00, 0x20, B("\x00"), "twice"},
	    {0x00, 0x40, B("\x00"), "revision"},
	    {0x00, 0x80, B("USd"), "currency"},
	    {0x00, 0x80, B("\0\0\0"), "currency"},
	    {0x00, 0x80, B("US\xc3"), "currency"},
	    {0x00, 0x80, B("US"), "cut off"},
	};
	struct group *back = group_new(GROUP_BATCHES);
	char why[120];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = event_read_of(cases[i].outcome, cases[i].numbers, cases[i].body, back, why);
		assert_int_equal(rc, cases[i].word == NULL ? 0 : -EBADMSG);
		if (cases[i].word != NULL && strstr(why, cases[i].word) == NULL)
			fail_msg("case %zu: %s", i, why);
	}
	assert_int_equal(event_read_of(0x50, 0xe1, B("\x02\x04\x06USD"), back, why), 0);
	assert_int_equal(back->events[0].flags, EVENT_HAS_TOUCH | EVENT_HAS_AMT);
	assert_int_equal(back->events[0].num[NUM_AMT], 1);
	assert_int_equal(back->events[0].given, 2);
	assert_int_equal(back->events[0].rev, 3);
	assert_string_equal(back->events[0].cur, "USD");
	assert_int_equal(event_read_of(0, 0x01, B("\x02"), back, why), 0);
	assert_int_equal(back->events[0].given, 1); /* as amt, when it is not there */
	group_free(back);
}

static void
verdicts_of_the_aggregator_are_not_written(void **state)
{
	struct group *group = group_new(GROUP_BATCHES), *back = group_new(GROUP_BATCHES);
	struct buf bytes = {0};
	char why[120];
	(void)state;
	struct group_batch *batch = group_add_batch(group);
	batch->count = VERDICT_COUNT;
	for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++)
		group_add_event(group)->verdict = (uint8_t)verdict;
	group_write(group, &bytes);
	assert_int_equal(group_read(back, buf_slice(&bytes), why), 0);
	for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		bool needs_state = verdict == VERDICT_DUPLICATE || verdict == VERDICT_TOO_LATE || verdict == VERDICT_FUTURE_TS || verdict == VERDICT_ID_CONFLICT;
		assert_int_equal(back->events[verdict].verdict, needs_state ? VERDICT_OK : verdict);
	}
	group_free(group);
	group_free(back);
	buf_fini(&bytes);
}

static void
each_event_keeps_its_own_sentence(void **state)
{
	struct group *group = group_new(GROUP_BATCHES);
	char scratch[128], text[32];
	(void)state;
	for (int i = 0; i < 500; i++)
		group_add_event(group)->verdict = VERDICT_TOO_LATE;
	for (uint32_t i = 0; i < 500; i += 2) { /* in an order of its own */
		uint32_t event = (i * 7) % 500;
		snprintf(text, sizeof(text), "sentence %u", event);
		group_add_fault(group, event, text);
	}
	for (uint32_t i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "sentence %u", i);
		assert_string_equal(group_fault_text(group, i, scratch), i % 2 == 0 ? text : "ts is more than 63 days before log time");
	}
	group->events[1].ts_ms = 1795392000;
	assert_string_equal(group_fault_text(group, 1, scratch),
	                    "ts is more than 63 days before log time; it looks like Unix seconds, give milliseconds");
	group_add_fault(group, 4, "another");
	assert_string_equal(group_fault_text(group, 4, scratch), "another");
	assert_int_equal(group->fault_count, 250);
	for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		group->events[1].verdict = (uint8_t)verdict;
		assert_true(strlen(group_fault_text(group, 1, scratch)) > 5);
	}
	group_free(group);
}

static void
a_long_sentence_is_cut_between_characters(void **state)
{
	struct group *group = group_new(GROUP_BATCHES);
	char scratch[128], text[200];
	(void)state;
	for (int i = 0; i < 3; i++)
		group_add_event(group);
	memset(text, 'x', sizeof(text));
	text[199] = '\0';
	group_add_fault(group, 0, text);
	assert_int_equal(strlen(group_fault_text(group, 0, scratch)), GROUP_FAULT_BYTES_MAX);
	memcpy(text + 119, "\xe2\x82\xac", 3);
	group_add_fault(group, 1, text);
	assert_int_equal(strlen(group_fault_text(group, 1, scratch)), 119);
	text[120] = '\0';
	text[119] = 'x';
	group_add_fault(group, 2, text);
	assert_int_equal(strlen(group_fault_text(group, 2, scratch)), 120);
	group_free(group);
}

static void
sentences_beyond_the_limit_fall_back_to_the_verdict_s(void **state)
{
	struct group *group = group_new(GROUP_BATCHES);
	char scratch[128];
	(void)state;
	for (uint32_t i = 0; i <= GROUP_FAULTS_MAX; i++) {
		group_add_event(group)->verdict = VERDICT_BAD_STAGE;
		group_add_fault(group, i, "mine");
	}
	assert_int_equal(group->fault_count, GROUP_FAULTS_MAX);
	assert_string_equal(group_fault_text(group, GROUP_FAULTS_MAX - 1, scratch), "mine");
	assert_string_equal(group_fault_text(group, GROUP_FAULTS_MAX, scratch), "the stage is unknown");
	group_free(group);
}

static void
text_set(struct group *group, struct group_event *event, enum event_text which, const char *text)
{
	event->text_off[which] = (uint32_t)group->bytes.len;
	event->text_len[which] = (uint16_t)strlen(text);
	buf_add(&group->bytes, text, strlen(text));
}

static bool
same_hash(struct hash128 a, struct hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static void
the_dims_hash_sees_what_is_in_the_mask_and_no_more(void **state)
{
	struct group *group = group_new(GROUP_BATCHES);
	struct hash_key key, other;
	(void)state;
	hash_key_init(&key, (const uint8_t *)"0123456789abcdef");
	hash_key_init(&other, (const uint8_t *)"0123456789abcdeg");
	for (int i = 0; i < 4; i++)
		group_add_event(group)->type = EVENT_SALE;
	struct group_event *a = &group->events[0], *b = &group->events[1], *c = &group->events[2], *d = &group->events[3];
	text_set(group, a, TEXT_CAMP, "ab");
	text_set(group, a, TEXT_CHAN, "c");
	text_set(group, b, TEXT_CAMP, "a"); /* the same bytes in a row, cut elsewhere */
	text_set(group, b, TEXT_CHAN, "bc");
	text_set(group, c, TEXT_CAMP, "ab");
	text_set(group, c, TEXT_CHAN, "c");
	text_set(group, c, TEXT_TEAM, "north");
	text_set(group, c, TEXT_CUST, "somebody");
	uint8_t mask = 1 << TEXT_CAMP | 1 << TEXT_CHAN;
	struct hash128 hash = group_dims_hash(group, a, mask, &key);
	assert_false(same_hash(hash, group_dims_hash(group, b, mask, &key)));
	assert_true(same_hash(hash, group_dims_hash(group, c, mask, &key)));
	assert_false(same_hash(group_dims_hash(group, a, 0x7f, &key), group_dims_hash(group, c, 0x7f, &key)));
	assert_false(same_hash(hash, group_dims_hash(group, a, mask, &other)));
	assert_false(same_hash(hash, group_dims_hash(group, d, mask, &key)));
	c->stage = STAGE_MQL;
	assert_false(same_hash(hash, group_dims_hash(group, c, mask, &key)));
	c->stage = 0;
	c->kind = KIND_LIKE;
	assert_false(same_hash(hash, group_dims_hash(group, c, mask, &key)));
	c->kind = 0;
	c->type = EVENT_SPEND;
	assert_false(same_hash(hash, group_dims_hash(group, c, mask, &key)));
	c->type = EVENT_SALE;
	text_set(group, c, TEXT_CTYPE, "media");
	assert_false(same_hash(hash, group_dims_hash(group, c, mask, &key)));
	group_free(group);
}

static void
the_identity_is_of_customer_and_id_and_nothing_else(void **state)
{
	struct hash_key key, other;
	(void)state;
	hash_key_init(&key, (const uint8_t *)"0123456789abcdef");
	hash_key_init(&other, (const uint8_t *)"0123456789abcdeg");
	struct hash128 hash = group_identity_hash(B("a"), B("bc"), &key);
	assert_true(same_hash(hash, group_identity_hash(B("a"), B("bc"), &key)));
	assert_false(same_hash(hash, group_identity_hash(B("ab"), B("c"), &key)));
	assert_false(same_hash(hash, group_identity_hash(B("bc"), B("a"), &key)));
	assert_false(same_hash(hash, group_identity_hash(B("a"), B("bc"), &other)));
	assert_false(same_hash(group_identity_hash(B(""), B("bc"), &key), group_identity_hash(B("bc"), B(""), &key)));
	/* What ids are in every log: lengths of two bytes before the texts. */
	const uint16_t lengths[2] = {1, 2};
	uint8_t bytes[7];
	memcpy(bytes, &lengths[0], 2);
	bytes[2] = 'a';
	memcpy(bytes + 3, &lengths[1], 2);
	memcpy(bytes + 5, "bc", 2);
	assert_true(same_hash(hash, hash_id(&key, bytes, sizeof(bytes))));
	/* A ref may be as long as any text. */
	uint8_t text[EVENT_TEXT_BYTES_MAX];
	memset(text, 'x', sizeof(text));
	struct slice longest = {text, sizeof(text)};
	assert_false(same_hash(hash, group_identity_hash(longest, longest, &key)));
}

static void
a_reset_group_is_empty_and_keeps_its_memory(void **state)
{
	struct group *group = group_new(GROUP_BATCHES);
	(void)state;
	group_add_batch(group);
	group_add_event(group)->type = EVENT_SALE;
	group_add_fault(group, 0, "x");
	struct group_event *events = group->events;
	group_reset(group);
	assert_int_equal(group->batch_count + group->event_count + group->fault_count + group->bytes.len, 0);
	assert_int_equal(group->kind, GROUP_BATCHES);
	struct group_event *event = group_add_event(group);
	assert_ptr_equal(event, events);
	assert_int_equal(event->type | (int)event->fault, 0);
	group_free(group);
	group_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_as_it_was),
	    cmocka_unit_test(a_record_cut_anywhere_or_with_bytes_behind_is_refused),
	    cmocka_unit_test(a_damaged_record_is_refused_or_harmless),
	    cmocka_unit_test(a_claim_of_many_takes_no_memory),
	    cmocka_unit_test(an_event_pays_only_for_what_it_has),
	    cmocka_unit_test(only_one_form_of_an_amount_as_given_is_read),
	    cmocka_unit_test(verdicts_of_the_aggregator_are_not_written),
	    cmocka_unit_test(each_event_keeps_its_own_sentence),
	    cmocka_unit_test(a_long_sentence_is_cut_between_characters),
	    cmocka_unit_test(sentences_beyond_the_limit_fall_back_to_the_verdict_s),
	    cmocka_unit_test(the_dims_hash_sees_what_is_in_the_mask_and_no_more),
	    cmocka_unit_test(the_identity_is_of_customer_and_id_and_nothing_else),
	    cmocka_unit_test(a_reset_group_is_empty_and_keeps_its_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
