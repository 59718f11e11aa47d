/* test_event.c - the event codec: what it takes, what it refuses and in which words. */
#include "schemas/event.h"
#include "schemas/cursor.h"
#include "util.h"

/* Decodes an exact copy; texts of the event point into *copy, which the caller frees. */
static enum verdict
decode(struct slice bytes, struct event *event, size_t *used, struct event_fault *fault, uint8_t **copy)
{
	*copy = exact(bytes);
	return event_decode(event, (struct slice){*copy, bytes.n}, used, fault);
}

/* bytes must be refused as a whole value with this code and a sentence that holds `words`. */
static void
refused(struct slice bytes, enum verdict code, const char *words)
{
	struct event event;
	struct event_fault fault;
	size_t used;
	uint8_t *copy;
	enum verdict got = decode(bytes, &event, &used, &fault, &copy);
	if (got != code || fault.code != code || strstr(fault.text, words) == NULL)
		fail_msg("got %s \"%s\", wanted %s \"%s\"", verdict_name(got), fault.text, verdict_name(code), words);
	assert_int_equal(used, bytes.n);
	free(copy);
}

/* bytes cannot be skipped: bad_msgpack, used 0. */
static void
broken(struct slice bytes)
{
	struct event event;
	struct event_fault fault;
	size_t used = 99;
	uint8_t *copy;
	assert_int_equal(decode(bytes, &event, &used, &fault, &copy), VERDICT_BAD_MSGPACK);
	assert_int_equal(used, 0);
	assert_true(strlen(fault.text) > 0);
	free(copy);
}

static void
taken(struct slice bytes, struct event *event)
{
	struct event_fault fault;
	size_t used;
	/* in place: the literal outlives the event */
	enum verdict got = event_decode(event, bytes, &used, &fault);
	if (got != VERDICT_OK)
		fail_msg("refused: %s", fault.text);
	assert_int_equal(used, bytes.n);
}

/* A map of one pair: key, raw value. */
static struct slice
pair(struct buf *buf, const char *key, const void *value, size_t n)
{
	uint8_t head[2] = {0x81, (uint8_t)(0xa0 + strlen(key))};
	buf->len = 0;
	buf_add(buf, head, 2);
	buf_add(buf, key, strlen(key));
	buf_add(buf, value, n);
	return buf_slice(buf);
}

static void
every_key_is_known_by_its_name(void **state)
{
	struct buf buf = {0};
	struct event event;
	(void)state;
	for (unsigned text = 0; text < EVENT_TEXTS; text++) {
		taken(pair(&buf, event_text_key(text), "\xa2hi", 3), &event);
		assert_int_equal(event.text_mask, 1u << text);
		assert_int_equal(event.num_mask, 0);
		assert_slice(event.text[text], "hi");
	}
	for (unsigned num = 0; num < EVENT_NUMS; num++) {
		taken(pair(&buf, event_num_key(num), "\xd1\xff\x00", 3), &event);
		assert_int_equal(event.num_mask, 1u << num);
		assert_int_equal(event.text_mask, 0);
		assert_true(event.num[num] == -256);
	}
	buf_fini(&buf);
}

static void
every_word_of_type_stage_and_kind_is_known(void **state)
{
	struct buf buf = {0}, word = {0};
	struct event event;
	(void)state;
	const struct {
		const char *key;
		const char *(*name)(unsigned);
		unsigned (*of)(struct slice);
		unsigned count;
	} sets[] = {{"t", event_type_name, event_type_of, EVENT_TYPE_COUNT},
	            {"stage", event_stage_name, event_stage_of, STAGE_COUNT},
	            {"kind", event_kind_name, event_kind_of, KIND_COUNT}};
	for (int set = 0; set < 3; set++) {
		for (unsigned value = 1; value < sets[set].count; value++) {
			const char *name = sets[set].name(value);
			assert_int_equal(sets[set].of(slice_of(name)), value);
			for (int form = 0; form < 2; form++) { /* fixstr and str8 */
				uint8_t head[2] = {form ? 0xd9 : (uint8_t)(0xa0 + strlen(name)), (uint8_t)strlen(name)};
				word.len = 0;
				buf_add(&word, head, form ? 2 : 1);
				buf_add(&word, name, strlen(name));
				taken(pair(&buf, sets[set].key, word.data, word.len), &event);
				assert_int_equal(set == 0 ? event.type : set == 1 ? event.stage : event.kind, value);
			}
		}
		assert_null(sets[set].name(0));
		assert_null(sets[set].name(sets[set].count));
		assert_int_equal(sets[set].of(slice_of("nothing")), 0);
	}
	buf_fini(&buf);
	buf_fini(&word);
}

static void
long_forms_of_keys_and_texts_are_the_same_event(void **state)
{
	static const struct slice forms[] = {
	    B("\x82\xa2id\xa1x\xa3src\xa2gg"), B("\x82\xd9\x02id\xd9\x01x\xda\x00\x03src\xda\x00\x02gg"),
	    B("\xde\x00\x02\xdb\x00\x00\x00\x02id\xdb\x00\x00\x00\x01x\xa3src\xa2gg"),
	    B("\xdf\x00\x00\x00\x02\xa3src\xd9\x02gg\xa2id\xc4\x01x"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct event event;
		taken(forms[i], &event);
		assert_slice(event.text[TEXT_ID], "x");
		assert_slice(event.text[TEXT_SRC], "gg");
		assert_int_equal(event.text_mask, 1u << TEXT_ID | 1u << TEXT_SRC);
	}
}

static void
nil_is_absent_and_an_empty_text_is_given(void **state)
{
	struct event event;
	(void)state;
	taken(B("\x86\xa2id\xc0\xa1t\xc0\xa3" "amt\xc0\xa5stage\xc0\xa4kind\xc0\xa4" "camp\xa0"), &event);
	assert_int_equal(event.text_mask, 1u << TEXT_CAMP);
	assert_int_equal(event.num_mask, 0);
	assert_int_equal(event.text[TEXT_CAMP].n, 0);
	assert_int_equal(event.type | event.stage | event.kind, 0);
	taken(B("\x80"), &event);
	assert_int_equal(event.text_mask | event.num_mask, 0);
}

static void
unknown_keys_and_keys_that_are_no_text_are_skipped(void **state)
{
	static const struct slice cases[] = {
	    B("\x82\xa2id\xa1x\xa5" "extra\x81\xa1" "a\x91\x91\x01"), B("\x82\xa2ix\xa1y\xa2id\xa1x"), B("\x82\x01\x02\xa2id\xa1x"),
	    B("\x82\xc4\x02id\xa1y\xa2id\xa1x"), B("\x82\xc0\xc0\xa2id\xa1x"), B("\x82\x91\x91\x01\xa1y\xa2id\xa1x"),
	    B("\x82\xa3id\0\xa1y\xa2id\xa1x"), B("\x82\xa0\xa1y\xa2id\xa1x"), B("\x82\xa8ref_urls\xa1y\xa2id\xa1x"),
	    B("\x82\xa1\xff\xa1y\xa2id\xa1x"), B("\x83\xa1z\x01\xa1z\x02\xa2id\xa1x"), B("\x82\xa1z\xc7\x01\x01q\xa2id\xa1x"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event;
		taken(cases[i], &event);
		assert_int_equal(event.text_mask, 1u << TEXT_ID);
		assert_slice(event.text[TEXT_ID], "x");
	}
}

static void
a_known_key_given_twice_is_refused_by_name(void **state)
{
	(void)state;
	refused(B("\x82\xa2id\xa1x\xa2id\xa1x"), VERDICT_BAD_FIELD, "id is given twice");
	refused(B("\x82\xa2id\xa1x\xd9\x02id\xa1y"), VERDICT_BAD_FIELD, "id is given twice");
	refused(B("\x82\xa2id\xc0\xa2id\xa1x"), VERDICT_BAD_FIELD, "id is given twice");
	refused(B("\x82\xa1t\xa4sale\xa1t\xa4sale"), VERDICT_BAD_FIELD, "t is given twice");
	refused(B("\x82\xa5stage\xa3mql\xa5stage\xa3mql"), VERDICT_BAD_FIELD, "stage is given twice");
	refused(B("\x82\xa3" "amt\x01\xa3" "amt\x02"), VERDICT_BAD_FIELD, "amt is given twice");
}

static void
wrong_types_are_refused_by_name(void **state)
{
	(void)state;
	refused(B("\x81\xa2id\x05"), VERDICT_BAD_FIELD, "id must be a text");
	refused(B("\x81\xa2id\x90"), VERDICT_BAD_FIELD, "id must be a text");
	refused(B("\x81\xa4" "camp\xc4\x01x"), VERDICT_BAD_FIELD, "camp must be a text");
	refused(B("\x81\xa4" "camp\x81\x01\x02"), VERDICT_BAD_FIELD, "camp must be a text");
	refused(B("\x81\xa4" "camp\xc3"), VERDICT_BAD_FIELD, "camp must be a text");
	refused(B("\x81\xa1t\x01"), VERDICT_BAD_FIELD, "t must be a text");
	refused(B("\x81\xa1t\xc4\x04sale"), VERDICT_BAD_FIELD, "t must be a text");
	refused(B("\x81\xa1t\xa5sales"), VERDICT_BAD_FIELD, "t is not one of");
	refused(B("\x81\xa1t\xa0"), VERDICT_BAD_FIELD, "t is not one of");
	refused(B("\x81\xa5stage\xa4" "cold"), VERDICT_BAD_STAGE, "stage is not one of");
	refused(B("\x81\xa5stage\x02"), VERDICT_BAD_FIELD, "stage must be a text");
	refused(B("\x81\xa4kind\xa4" "love"), VERDICT_BAD_FIELD, "kind is not one of");
	refused(B("\x81\xa2ts\xa3" "123"), VERDICT_BAD_FIELD, "ts must be an integer");
	refused(B("\x81\xa2ts\xcb\x42\x78\x00\x00\x00\x00\x00\x00"), VERDICT_BAD_FIELD, "ts is a float");
	refused(B("\x81\xa3qty\xca\x3f\x80\x00\x00"), VERDICT_BAD_FIELD, "qty is a float");
	refused(B("\x81\xa3" "amt\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"), VERDICT_BAD_AMOUNT, "amt is a float; give integer minor units");
	refused(B("\x81\xa3" "amt\xca\x3f\x80\x00\x00"), VERDICT_BAD_AMOUNT, "amt is a float; give integer minor units");
	refused(B("\x81\xa3" "amt\xa4" "1.50"), VERDICT_BAD_FIELD, "amt must be an integer");
	refused(B("\x81\xa3" "amt\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), VERDICT_BAD_AMOUNT, "amt is above");
	refused(B("\x81\xa1n\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), VERDICT_BAD_FIELD, "n is above");
}

static void
bad_texts_are_refused_by_name(void **state)
{
	(void)state;
	refused(B("\x81\xa4" "camp\xa2\xc3("), VERDICT_BAD_FIELD, "camp is not valid UTF-8");
	refused(B("\x81\xa4" "camp\xa2\xc0\x80"), VERDICT_BAD_FIELD, "camp is not valid UTF-8");
	refused(B("\x81\xa4" "camp\xa3\xed\xa0\x80"), VERDICT_BAD_FIELD, "camp is not valid UTF-8");
	refused(B("\x81\xa4" "camp\xa4\xf4\x90\x80\x80"), VERDICT_BAD_FIELD, "camp is not valid UTF-8");
	refused(B("\x81\xa2id\xa1\x80"), VERDICT_BAD_FIELD, "id is not valid UTF-8");
	refused(B("\x81\xa4" "camp\xa3" "a\nb"), VERDICT_BAD_FIELD, "camp holds a control character");
	refused(B("\x81\xa4" "team\xa1\0"), VERDICT_BAD_FIELD, "team holds a control character");
	refused(B("\x81\xa2id\xa5" "a\x1b[0m"), VERDICT_BAD_FIELD, "id holds a control character");
}

static void
a_binary_id_may_hold_any_bytes(void **state)
{
	struct event event;
	(void)state;
	taken(B("\x81\xa2id\xc4\x05\x00\xff\x80\n\x1b"), &event);
	assert_slice(event.text[TEXT_ID], "\x00\xff\x80\n\x1b");
	taken(B("\x81\xa2id\xc5\x00\x01\xff"), &event);
	taken(B("\x81\xa2id\xc6\x00\x00\x00\x01\xff"), &event);
	assert_slice(event.text[TEXT_ID], "\xff");
}

static void
each_text_is_taken_at_its_limit_and_refused_beyond(void **state)
{
	static const struct {
		const char *key;
		uint32_t max;
		const char *words;
	} cases[] = {{"id", 64, "id is longer than 64 bytes"},
	             {"camp", 255, "camp is longer than 255 bytes"},
	             {"cur", 255, "cur is longer than 255 bytes"},
	             {"ref_url", 2048, "ref_url is longer than 2048 bytes"},
	             {"t", 255, "t is longer than 255 bytes"}};
	struct buf buf = {0}, value = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t n = cases[i].max; n <= cases[i].max + 1; n++) {
			struct event event;
			uint8_t head[3] = {0xda, (uint8_t)(n >> 8), (uint8_t)n};
			value.len = 0;
			buf_add(&value, head, 3);
			memset(buf_reserve(&value, n), 'x', n);
			value.len += n;
			struct slice bytes = pair(&buf, cases[i].key, value.data, value.len);
			if (n > cases[i].max)
				refused(bytes, VERDICT_TOO_BIG, cases[i].words);
			else if (strcmp(cases[i].key, "t") != 0)
				taken(bytes, &event);
		}
	}
	/* a long binary id as well */
	uint8_t binary[2 + 65] = {0xc4, 65};
	refused(pair(&buf, "id", binary, sizeof(binary)), VERDICT_TOO_BIG, "id is longer than 64 bytes");
	buf_fini(&buf);
	buf_fini(&value);
}

static void
an_event_is_taken_up_to_16_kib(void **state)
{
	struct buf buf = {0};
	struct event event;
	(void)state;
	for (uint32_t over = 0; over < 2; over++) {
		uint8_t head[] = {0x81, 0xa3, 'p', 'a', 'd', 0xc5, 0, 0};
		uint32_t n = EVENT_BYTES_MAX - (uint32_t)sizeof(head) + over;
		head[6] = (uint8_t)(n >> 8);
		head[7] = (uint8_t)n;
		buf.len = 0;
		buf_add(&buf, head, sizeof(head));
		memset(buf_reserve(&buf, n), 0, n);
		buf.len += n;
		if (over)
			refused(buf_slice(&buf), VERDICT_TOO_BIG, "the event is longer than 16384 bytes");
		else
			taken(buf_slice(&buf), &event);
	}
	buf_fini(&buf);
}

static void
nesting_is_taken_to_depth_4_and_refused_beyond(void **state)
{
	struct event event;
	(void)state;
	taken(B("\x81\xa1z\x91\x91\x90"), &event);
	taken(B("\x81\xa1z\x91\x91\x91\x01"), &event);
	refused(B("\x81\xa1z\x91\x91\x91\x90"), VERDICT_BAD_MSGPACK, "nested deeper than 4");
	refused(B("\x81\x91\x91\x91\x90\x01"), VERDICT_BAD_MSGPACK, "nested deeper than 4");
	/* a bomb: 10,000 deep, skipped whole without recursion */
	uint8_t bomb[10003];
	memset(bomb, 0x91, sizeof(bomb));
	memcpy(bomb, "\x81\xa1z", 3);
	bomb[sizeof(bomb) - 1] = 0x01;
	refused((struct slice){bomb, sizeof(bomb)}, VERDICT_BAD_MSGPACK, "nested deeper than 4");
}

static void
what_is_no_map_is_refused_but_skipped(void **state)
{
	static const struct slice cases[] = {B("\x01"), B("\xc0"), B("\xa3xyz"), B("\x92\x01\x02"), B("\xcb\1\2\3\4\5\6\7\x08"), B("\xc4\x02zz")};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i], VERDICT_BAD_MSGPACK, "not a map");
}

static void
what_cannot_be_skipped_says_so(void **state)
{
	static const struct slice cases[] = {
	    B(""), B("\xc1"), B("\xdd\xff\xff\xff\xff\xc0"), B("\xdf\xff\xff\xff\xff\xa2id"), B("\xde\xff\xff"), B("\x8f"),
	    B("\x81\xc1\x01"), B("\x81\xa2id\xc1"), B("\x81\xa2id\xdb\xff\xff\xff\xff"), B("\x81\xa2id\xc6\xff\xff\xff\xffz"),
	    B("\x81\xa1z\xdd\xff\xff\xff\xff"), B("\x82\xa2id\xa1x"), B("\x81\xa1z\xc9\xff\xff\xff\xff\x01"),
	    B("\x82\xa3" "amt\xca\x01\x02\x03\x04\xa2id"), /* a fault first, then cut off: cut off counts */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		broken(cases[i]);
}

static void
a_refused_event_leaves_its_neighbour_alone(void **state)
{
	/* id as a number, then a good event */
	struct slice two = B("\x82\xa2id\x05\xa4" "camp\xa1" "c\x81\xa2id\xa1x");
	struct event event;
	struct event_fault fault;
	size_t used;
	(void)state;
	assert_int_equal(event_decode(&event, two, &used, &fault), VERDICT_BAD_FIELD);
	assert_int_equal(used, 12);
	struct slice rest = {two.p + used, two.n - (uint32_t)used};
	assert_int_equal(event_decode(&event, rest, &used, &fault), VERDICT_OK);
	assert_int_equal(used, rest.n);
	assert_slice(event.text[TEXT_ID], "x");
}

/* A random event whose texts point into store. */
static void
random_event(uint64_t *seed, struct event *event, uint8_t store[EVENT_TEXTS][EVENT_URL_BYTES_MAX])
{
	memset(event, 0, sizeof(*event));
	for (unsigned text = 0; text < EVENT_TEXTS; text++) {
		if (rnd(seed) & 1)
			continue;
		uint32_t max = text == TEXT_ID ? EVENT_ID_BYTES_MAX : text == TEXT_REF_URL ? EVENT_URL_BYTES_MAX : EVENT_TEXT_BYTES_MAX;
		event->text[text] = rnd_text(seed, max, store[text]);
		event->text_mask |= 1u << text;
	}
	if (rnd(seed) & 1) {
		for (int i = 0; i < 16; i++)
			store[TEXT_ID][i] = (uint8_t)rnd(seed);
		event->text[TEXT_ID] = (struct slice){store[TEXT_ID], 16};
		event->text_mask |= 1u << TEXT_ID;
	}
	for (unsigned num = 0; num < EVENT_NUMS; num++)
		if (rnd(seed) & 1) {
			event->num[num] = rnd_int(seed);
			event->num_mask |= 1u << num;
		}
	event->type = (uint8_t)rnd_below(seed, EVENT_TYPE_COUNT);
	event->stage = (uint8_t)rnd_below(seed, STAGE_COUNT);
	event->kind = (uint8_t)rnd_below(seed, KIND_COUNT);
}

static void
assert_same_event(const struct event *a, const struct event *b)
{
	assert_int_equal(a->text_mask, b->text_mask);
	assert_int_equal(a->num_mask, b->num_mask);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->stage, b->stage);
	assert_int_equal(a->kind, b->kind);
	assert_memory_equal(a->num, b->num, sizeof(a->num));
	for (unsigned text = 0; text < EVENT_TEXTS; text++)
		assert_true(slice_equal(a->text[text], b->text[text]));
}

static void
what_is_encoded_is_decoded_as_it_was(void **state)
{
	static uint8_t store[EVENT_TEXTS][EVENT_URL_BYTES_MAX];
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct event event, back;
		struct event_fault fault;
		size_t used;
		uint8_t *copy;
		random_event(&seed, &event, store);
		buf.len = 0;
		event_encode(&event, &buf);
		assert_int_equal(decode(buf_slice(&buf), &back, &used, &fault, &copy), VERDICT_OK);
		assert_int_equal(used, buf.len);
		assert_same_event(&event, &back);
		free(copy);
	}
	buf_fini(&buf);
}

/* The pairs of an encoded event, in another order. */
static void
shuffled(uint64_t *seed, struct slice bytes, struct buf *out)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice pairs[EVENT_TEXTS + EVENT_NUMS + 3];
	uint32_t count;
	assert_true(cursor_map(&cursor, &count));
	const uint8_t *body = cursor.p;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *from = cursor.p;
		assert_true(cursor_skip(&cursor) && cursor_skip(&cursor));
		pairs[i] = (struct slice){from, (uint32_t)(cursor.p - from)};
	}
	out->len = 0;
	buf_add(out, bytes.p, (size_t)(body - bytes.p));
	for (uint32_t left = count; left > 0; left--) {
		uint32_t pick = rnd_below(seed, left);
		buf_add(out, pairs[pick].p, pairs[pick].n);
		pairs[pick] = pairs[left - 1];
	}
}

static void
the_order_of_keys_does_not_matter(void **state)
{
	static uint8_t store[EVENT_TEXTS][EVENT_URL_BYTES_MAX];
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0}, other = {0};
	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct event event, back;
		struct event_fault fault;
		size_t used;
		uint8_t *copy;
		random_event(&seed, &event, store);
		buf.len = 0;
		event_encode(&event, &buf);
		shuffled(&seed, buf_slice(&buf), &other);
		assert_int_equal(decode(buf_slice(&other), &back, &used, &fault, &copy), VERDICT_OK);
		assert_same_event(&event, &back);
		free(copy);
	}
	buf_fini(&buf);
	buf_fini(&other);
}

static void
an_event_cut_anywhere_is_bad_msgpack(void **state)
{
	static uint8_t store[EVENT_TEXTS][EVENT_URL_BYTES_MAX];
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct event event;
		random_event(&seed, &event, store);
		event.text_mask &= ~(1u << TEXT_REF_URL);
		buf.len = 0;
		event_encode(&event, &buf);
		for (uint32_t n = 0; n < buf.len; n++)
			broken((struct slice){buf.data, n});
	}
	buf_fini(&buf);
}

/* Whatever one byte becomes: no crash, no read beyond, and *used is either 0 or what can be skipped. */
static void
any_byte_may_be_any_other(void **state)
{
	static uint8_t store[EVENT_TEXTS][EVENT_URL_BYTES_MAX];
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	for (int round = 0; round < 30000; round++) {
		struct event event;
		struct event_fault fault;
		size_t used;
		random_event(&seed, &event, store);
		event.text_mask &= ~(1u << TEXT_REF_URL);
		buf.len = 0;
		event_encode(&event, &buf);
		for (uint32_t changes = 1 + rnd_below(&seed, 3); changes > 0; changes--)
			buf.data[rnd_below(&seed, (uint32_t)buf.len)] = (uint8_t)rnd(&seed);
		uint8_t *copy;
		enum verdict verdict = decode(buf_slice(&buf), &event, &used, &fault, &copy);
		const uint8_t *next = at_skip(copy, copy + buf.len);
		assert_int_equal(used, next ? (size_t)(next - copy) : 0);
		assert_int_equal(verdict, fault.code);
		assert_true((verdict == VERDICT_OK) == (fault.text[0] == '\0'));
		free(copy);
	}
	buf_fini(&buf);
}

static void
dimensions_have_names(void **state)
{
	(void)state;
	for (int dim = 0; dim < EVENT_DIMS; dim++)
		assert_int_equal(event_dim_of(slice_of(event_dim_name((unsigned)dim))), dim);
	assert_int_equal(event_dim_of(slice_of("channel")), TEXT_CHAN);
	assert_int_equal(event_dim_of(slice_of("chan")), -1);
	assert_null(event_dim_name(EVENT_DIMS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_is_known_by_its_name),
	    cmocka_unit_test(every_word_of_type_stage_and_kind_is_known),
	    cmocka_unit_test(long_forms_of_keys_and_texts_are_the_same_event),
	    cmocka_unit_test(nil_is_absent_and_an_empty_text_is_given),
	    cmocka_unit_test(unknown_keys_and_keys_that_are_no_text_are_skipped),
	    cmocka_unit_test(a_known_key_given_twice_is_refused_by_name),
	    cmocka_unit_test(wrong_types_are_refused_by_name),
	    cmocka_unit_test(bad_texts_are_refused_by_name),
	    cmocka_unit_test(a_binary_id_may_hold_any_bytes),
	    cmocka_unit_test(each_text_is_taken_at_its_limit_and_refused_beyond),
	    cmocka_unit_test(an_event_is_taken_up_to_16_kib),
	    cmocka_unit_test(nesting_is_taken_to_depth_4_and_refused_beyond),
	    cmocka_unit_test(what_is_no_map_is_refused_but_skipped),
	    cmocka_unit_test(what_cannot_be_skipped_says_so),
	    cmocka_unit_test(a_refused_event_leaves_its_neighbour_alone),
	    cmocka_unit_test(what_is_encoded_is_decoded_as_it_was),
	    cmocka_unit_test(the_order_of_keys_does_not_matter),
	    cmocka_unit_test(an_event_cut_anywhere_is_bad_msgpack),
	    cmocka_unit_test(any_byte_may_be_any_other),
	    cmocka_unit_test(dimensions_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
