/* event_view.c - a question about one event, and the answer. */
#include "schemas/event_view.h"
#include "schemas/cursor.h"
#include "schemas/pack.h"
#include <errno.h>
#include <stdio.h>

static const char *const known_names[KNOWN_COUNT] = {"no", "id", "kept"};
static const char *const origin_names[ORIGIN_COUNT] = {"own", "lead", "customer", "direct", "settled"};

const char *
event_known_name(enum event_known known)
{
	return known_names[known];
}

const char *
event_origin_name(enum event_origin origin)
{
	return origin_names[origin];
}

void
event_ask_encode(const struct event_ask *ask, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "V1");
	msgpack_pack_map(&packer, 1u + (ask->cust.n > 0));
	pack_key_text(&packer, "id", ask->id);
	if (ask->cust.n > 0)
		pack_key_text(&packer, "cust", ask->cust);
}

/* Up to the map behind the word. */
static bool
envelope_read(struct cursor *cursor, const char *word)
{
	struct slice text;
	uint32_t two;
	return cursor_array(cursor, &two) && two == 2 && cursor_text(cursor, &text) && slice_is(text, word);
}

bool
event_ask_is(struct slice message)
{
	struct cursor cursor = cursor_of(message);
	return envelope_read(&cursor, "V1");
}

static int
refuse(char why[120], const char *sentence)
{
	snprintf(why, 120, "%s", sentence);
	return -EBADMSG;
}

int
event_ask_decode(struct event_ask *ask, struct slice bytes, char why[120])
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;

	*ask = (struct event_ask){0};
	why[0] = '\0';
	if (!envelope_read(&cursor, "V1") || !cursor_map(&cursor, &count))
		return refuse(why, "the request is not [\"V1\", {id, cust}]");
	while (count-- > 0) {
		bool read = cursor_key(&cursor, &key) && (slice_is(key, "id")     ? cursor_text(&cursor, &ask->id)
		                                          : slice_is(key, "cust") ? cursor_text(&cursor, &ask->cust)
		                                                                  : cursor_skip(&cursor));
		if (!read)
			return refuse(why, "id or cust is not a text in UTF-8 without control characters, or the request is cut off");
	}
	if (ask->id.n == 0 || ask->id.n > EVENT_ID_BYTES_MAX)
		return refuse(why, "id, the event's, must be a text of 1 to 64 bytes");
	if (ask->cust.n > EVENT_TEXT_BYTES_MAX)
		return refuse(why, "cust is longer than 255 bytes");
	return cursor_done(&cursor) ? 0 : refuse(why, "there are bytes behind the request");
}

static void
dims_pack(msgpack_packer *packer, const char *name, uint8_t mask, const struct slice dims[EVENT_DIMS])
{
	pack_word(packer, name);
	msgpack_pack_map(packer, (size_t)__builtin_popcount(mask));
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (mask >> d & 1)
			pack_key_text(packer, event_dim_name(d), dims[d]);
}

static void
stages_pack(msgpack_packer *packer, uint8_t entered)
{
	pack_word(packer, "entered");
	msgpack_pack_array(packer, (size_t)__builtin_popcount(entered));
	for (unsigned stage = STAGE_LEAD; stage <= STAGE_CUSTOMER; stage++)
		if (entered >> stage & 1)
			pack_word(packer, event_stage_name(stage));
}

static void
by_lead_pack(msgpack_packer *packer, uint8_t dims)
{
	pack_word(packer, "by_lead");
	msgpack_pack_array(packer, (size_t)__builtin_popcount(dims));
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (dims >> d & 1)
			pack_word(packer, event_dim_name(d));
}

/* Fields that are plain numbers or yes and no. One row each, so that writer and reader agree. */
#define NUMBERS(X) \
	X("ts", ts_ms) X("since", since_ms) X("rev", rev) X("amt", amt) X("qty", qty) X("amt_counts", amt_counts) \
	X("qty_counts", qty_counts) X("touch", touch_ms) X("refunded", refunded) X("sale_ts", sale_ms)
#define FLAGS(X) \
	X("corrected", is_corrected) X("void", is_void) X("open", is_open) X("counts", counts) X("first", is_first) \
	X("spent", is_spent) X("matched", is_matched)
#define ONE(key, member) +1

void
event_view_encode(const struct event_view *view, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	const char *type = event_type_name(view->type), *stage = event_stage_name(view->stage);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "W1");
	msgpack_pack_map(&packer, 10 NUMBERS(ONE) FLAGS(ONE));
	pack_key_text(&packer, "known", slice_of(known_names[view->known]));
	pack_key_text(&packer, "t", slice_of(type != NULL ? type : ""));
	pack_key_text(&packer, "stage", slice_of(stage != NULL ? stage : ""));
	pack_key_text(&packer, "origin", slice_of(origin_names[view->origin]));
	pack_key_u64(&packer, "waiting", view->waiting);
	pack_key_u64(&packer, "refunds", view->refunds);
#define PACK(key, member) pack_key_i64(&packer, key, view->member);
	NUMBERS(PACK)
#undef PACK
#define PACK(key, member) pack_key_bool(&packer, key, view->member);
	FLAGS(PACK)
#undef PACK
	dims_pack(&packer, "given", view->dims_mask, view->given);
	dims_pack(&packer, "counted", view->dims_mask, view->counted);
	by_lead_pack(&packer, view->by_lead);
	stages_pack(&packer, view->entered);
}

/* What a newer version calls by a word that is not known here is no reason to read nothing. */
static bool
word_read(struct cursor *cursor, const char *const *names, unsigned count, uint8_t *out)
{
	struct slice word;
	if (!cursor_text(cursor, &word))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (slice_is(word, names[i]))
			*out = (uint8_t)i;
	return true;
}

static bool
dims_read(struct cursor *cursor, uint8_t *mask, struct slice dims[EVENT_DIMS])
{
	struct slice key, text;
	uint32_t count;
	if (!cursor_map(cursor, &count))
		return false;
	while (count-- > 0 && cursor_text(cursor, &key) && cursor_text(cursor, &text)) {
		int dim = event_dim_of(key);
		if (dim < 0)
			continue;
		*mask |= (uint8_t)(1u << dim);
		dims[dim] = text;
	}
	return !cursor->failed;
}

static bool
stages_read(struct cursor *cursor, uint8_t *entered)
{
	struct slice word;
	uint32_t count;
	if (!cursor_array(cursor, &count))
		return false;
	*entered = 0;
	while (count-- > 0 && cursor_text(cursor, &word)) {
		unsigned stage = event_stage_of(word);
		if (stage >= STAGE_LEAD && stage <= STAGE_CUSTOMER)
			*entered |= (uint8_t)(1u << stage);
	}
	return !cursor->failed;
}

static bool
by_lead_read(struct cursor *cursor, uint8_t *dims)
{
	struct slice word;
	uint32_t count;
	if (!cursor_array(cursor, &count))
		return false;
	*dims = 0;
	while (count-- > 0 && cursor_text(cursor, &word)) {
		int dim = event_dim_of(word);
		if (dim >= 0)
			*dims |= (uint8_t)(1u << dim);
	}
	return !cursor->failed;
}

static bool
field_read(struct cursor *cursor, struct slice key, struct event_view *view)
{
	struct slice word;
	if (slice_is(key, "known"))
		return word_read(cursor, known_names, KNOWN_COUNT, &view->known);
	if (slice_is(key, "origin"))
		return word_read(cursor, origin_names, ORIGIN_COUNT, &view->origin);
	if (slice_is(key, "t") && cursor_text(cursor, &word))
		return view->type = (uint8_t)event_type_of(word), true;
	if (slice_is(key, "stage") && cursor_text(cursor, &word))
		return view->stage = (uint8_t)event_stage_of(word), true;
	if (slice_is(key, "waiting"))
		return cursor_u32(cursor, &view->waiting);
	if (slice_is(key, "refunds"))
		return cursor_u32(cursor, &view->refunds);
#define READ(name, member)    \
	if (slice_is(key, name)) \
		return cursor_int(cursor, &view->member);
	NUMBERS(READ)
#undef READ
#define READ(name, member)    \
	if (slice_is(key, name)) \
		return cursor_bool(cursor, &view->member);
	FLAGS(READ)
#undef READ
	if (slice_is(key, "given"))
		return dims_read(cursor, &view->dims_mask, view->given);
	if (slice_is(key, "counted"))
		return dims_read(cursor, &view->dims_mask, view->counted);
	if (slice_is(key, "by_lead"))
		return by_lead_read(cursor, &view->by_lead);
	if (slice_is(key, "entered"))
		return stages_read(cursor, &view->entered);
	return cursor_skip(cursor);
}

int
event_view_decode(struct event_view *view, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;

	*view = (struct event_view){0};
	if (!envelope_read(&cursor, "W1") || !cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		field_read(&cursor, key, view);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}
