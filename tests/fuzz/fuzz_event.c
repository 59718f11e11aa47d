/*
 * fuzz_event.c - arbitrary bytes as an event, against msgpack-c and a slow, obvious model on top of it.
 *
 * Holds: taken if and only if the model finds nothing wrong, with the same values; what msgpack-c
 * reads as a map within our limits is never bad_msgpack; the size told is msgpack-c's; what was
 * taken is encoded and taken again, the same.
 */
#include "schemas/event.h"
#include <assert.h>
#include <msgpack.h>

/* msgpack-c allocates what a count claims: let it fail instead of the fuzzer. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=64";
}

static unsigned
depth_of(const msgpack_object *object)
{
	unsigned deepest = 0, depth;
	if (object->type == MSGPACK_OBJECT_ARRAY) {
		for (uint32_t i = 0; i < object->via.array.size; i++)
			if ((depth = depth_of(&object->via.array.ptr[i])) > deepest)
				deepest = depth;
		return deepest + 1;
	}
	if (object->type != MSGPACK_OBJECT_MAP)
		return 0;
	for (uint32_t i = 0; i < object->via.map.size; i++) {
		if ((depth = depth_of(&object->via.map.ptr[i].key)) > deepest)
			deepest = depth;
		if ((depth = depth_of(&object->via.map.ptr[i].val)) > deepest)
			deepest = depth;
	}
	return deepest + 1;
}

/* RFC 3629 by decoding: no control characters, shortest form, no surrogates. */
static bool
is_text(struct slice text)
{
	for (uint32_t i = 0; i < text.n;) {
		uint8_t head = text.p[i];
		uint32_t more = head < 0x80 ? 0 : head >> 5 == 6 ? 1 : head >> 4 == 14 ? 2 : head >> 3 == 30 ? 3 : 9;
		static const uint32_t least[] = {0x20, 0x80, 0x800, 0x10000};
		if (more == 9 || text.n - i <= more)
			return false;
		uint32_t point = more == 0 ? head : head & (0x3fu >> more);
		for (uint32_t k = 1; k <= more; k++) {
			if (text.p[i + k] >> 6 != 2)
				return false;
			point = point << 6 | (text.p[i + k] & 0x3f);
		}
		if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return false;
		i += more + 1;
	}
	return true;
}

static bool
model_text(const msgpack_object *value, uint32_t max, bool binary, struct slice *out)
{
	if (value->type == MSGPACK_OBJECT_BIN && binary) {
		*out = (struct slice){(const uint8_t *)value->via.bin.ptr, value->via.bin.size};
		return out->n <= max;
	}
	if (value->type != MSGPACK_OBJECT_STR)
		return false;
	*out = (struct slice){(const uint8_t *)value->via.str.ptr, value->via.str.size};
	return out->n <= max && is_text(*out);
}

static bool
model_num(const msgpack_object *value, int64_t *out)
{
	if (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 <= INT64_MAX) {
		*out = (int64_t)value->via.u64;
		return true;
	}
	*out = value->via.i64;
	return value->type == MSGPACK_OBJECT_NEGATIVE_INTEGER;
}

/* One of the three words. */
static bool
model_word(const msgpack_object *value, unsigned (*of)(struct slice), uint8_t *out)
{
	struct slice word;
	if (!model_text(value, EVENT_TEXT_BYTES_MAX, false, &word))
		return false;
	*out = (uint8_t)of(word);
	return *out != 0;
}

/* The place of a known key, EVENT_TEXTS + EVENT_NUMS + 3 of them; -1: unknown. */
static int
place_of(struct slice key)
{
	for (unsigned i = 0; i < EVENT_TEXTS; i++)
		if (slice_is(key, event_text_key(i)))
			return (int)i;
	for (unsigned i = 0; i < EVENT_NUMS; i++)
		if (slice_is(key, event_num_key(i)))
			return (int)(EVENT_TEXTS + i);
	const char *words[] = {"t", "stage", "kind"};
	for (unsigned i = 0; i < 3; i++)
		if (slice_is(key, words[i]))
			return (int)(EVENT_TEXTS + EVENT_NUMS + i);
	return -1;
}

static bool
model_value(unsigned place, const msgpack_object *value, struct event *event)
{
	if (value->type == MSGPACK_OBJECT_NIL)
		return true;
	if (place < EVENT_TEXTS) {
		uint32_t max = place == TEXT_ID ? EVENT_ID_BYTES_MAX : place == TEXT_REF_URL ? EVENT_URL_BYTES_MAX
		                                                                          : EVENT_TEXT_BYTES_MAX;
		event->text_mask |= 1u << place;
		return model_text(value, max, place == TEXT_ID, &event->text[place]);
	}
	if (place < EVENT_TEXTS + EVENT_NUMS) {
		event->num_mask |= 1u << (place - EVENT_TEXTS);
		return model_num(value, &event->num[place - EVENT_TEXTS]);
	}
	switch (place - EVENT_TEXTS - EVENT_NUMS) {
	case 0:
		return model_word(value, event_type_of, &event->type);
	case 1:
		return model_word(value, event_stage_of, &event->stage);
	default:
		return model_word(value, event_kind_of, &event->kind);
	}
}

/* False: something is wrong with a known key. */
static bool
model_event(const msgpack_object *map, struct event *event)
{
	uint64_t seen = 0;
	*event = (struct event){0};
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];
		if (pair->key.type != MSGPACK_OBJECT_STR)
			continue;
		int place = place_of((struct slice){(const uint8_t *)pair->key.via.str.ptr, pair->key.via.str.size});
		if (place < 0)
			continue;
		if (seen >> place & 1 || !model_value((unsigned)place, &pair->val, event))
			return false;
		seen |= UINT64_C(1) << place;
	}
	return true;
}

static void
check_same(const struct event *a, const struct event *b)
{
	assert(a->type == b->type && a->stage == b->stage && a->kind == b->kind);
	assert(a->text_mask == b->text_mask && a->num_mask == b->num_mask);
	for (int i = 0; i < EVENT_TEXTS; i++)
		assert(slice_equal(a->text[i], b->text[i]));
	for (int i = 0; i < EVENT_NUMS; i++)
		assert(a->num[i] == b->num[i]);
}

static void
check_round_trip(const struct event *event)
{
	struct buf bytes = {0};
	struct event back;
	struct event_fault fault;
	size_t used;
	event_encode(event, &bytes);
	assert(event_decode(&back, buf_slice(&bytes), &used, &fault) == VERDICT_OK);
	assert(used == bytes.len);
	check_same(event, &back);
	buf_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event event, model;
	struct event_fault fault;
	size_t used = 0, off = 0;
	msgpack_unpacked unpacked;

	enum verdict verdict = event_decode(&event, (struct slice){data, (uint32_t)size}, &used, &fault);
	msgpack_unpacked_init(&unpacked);
	bool formed = msgpack_unpack_next(&unpacked, (const char *)data, size, &off) == MSGPACK_UNPACK_SUCCESS;
	assert(fault.code == verdict && (fault.text[0] == '\0') == (verdict == VERDICT_OK));
	if (verdict == VERDICT_OK)
		assert(formed);
	if (formed) {
		bool fits = unpacked.data.type == MSGPACK_OBJECT_MAP && depth_of(&unpacked.data) <= EVENT_DEPTH_MAX;
		assert(used == off);
		if (!fits)
			assert(verdict != VERDICT_OK);
		else if (model_event(&unpacked.data, &model))
			assert(verdict == (off <= EVENT_BYTES_MAX ? VERDICT_OK : VERDICT_TOO_BIG));
		else
			assert(verdict != VERDICT_OK && verdict != VERDICT_BAD_MSGPACK);
	}
	if (verdict == VERDICT_OK) {
		check_same(&event, &model);
		check_round_trip(&event);
	}
	msgpack_unpacked_destroy(&unpacked);
	return 0;
}
