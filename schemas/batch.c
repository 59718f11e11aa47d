/* batch.c - the acked wire's envelopes: E1 and T1 in, A1 and N1 out. */
#include "schemas/batch.h"
#include "schemas/cursor.h"
#include "schemas/pack.h"
#include <errno.h>
#include <stdio.h>

static enum batch_code
refuse(char why[120], enum batch_code code, const char *sentence)
{
	snprintf(why, 120, "%s", sentence);
	return code;
}

/* An int, or a text or binary of at most BATCH_ID_BYTES_MAX bytes, as raw value. */
static bool
id_read(struct cursor *cursor, struct slice *id)
{
	const uint8_t *from = cursor->p;
	struct slice bytes = {0};
	int64_t num;
	uint64_t wide;
	const uint8_t *next = NULL;
	switch (cursor_type(cursor)) {
	case CURSOR_INT:
		if ((next = at_int(from, cursor->end, &num)) == NULL)
			next = at_uint(from, cursor->end, &wide);
		break;
	case CURSOR_STR:
		next = at_str(from, cursor->end, &bytes);
		break;
	case CURSOR_BIN:
		next = at_bin(from, cursor->end, &bytes);
		break;
	default:
		break;
	}
	if (next == NULL || bytes.n > BATCH_ID_BYTES_MAX)
		return cursor_fail(cursor);
	cursor->p = next;
	*id = (struct slice){from, (uint32_t)(next - from)};
	return true;
}

enum batch_code
batch_open(struct batch_envelope *envelope, struct slice message, char why[120])
{
	struct cursor cursor = cursor_of(message);
	struct slice version = {0};
	uint32_t count;
	bool has_id;

	*envelope = (struct batch_envelope){0};
	why[0] = '\0';
	if (!cursor_array(&cursor, &count) || count != 2)
		return refuse(why, BATCH_BAD_MSGPACK, "the message is not [\"E1\", [batch_id, [event...]]]");
	if (!cursor_text(&cursor, &version))
		return refuse(why, BATCH_BAD_MSGPACK, "the message does not begin with its version, \"E1\" or \"T1\"");
	/* Read even in a version we do not know: the sender wants to know which batch was refused. */
	has_id = cursor_array(&cursor, &count) && count >= 1 && id_read(&cursor, &envelope->id);
	envelope->is_tick = slice_is(version, "T1");
	if (!envelope->is_tick && !slice_is(version, "E1"))
		return refuse(why, BATCH_WRONG_VERSION, "the version is not \"E1\" or \"T1\"");
	if (!has_id)
		return refuse(why, BATCH_BAD_MSGPACK, "the batch id is not an integer, or a text or binary of at most 64 bytes");
	if (count != 2)
		return refuse(why, BATCH_BAD_MSGPACK, "behind the version there are not exactly two values");
	if (envelope->is_tick) {
		if (!cursor_int(&cursor, &envelope->tick_ms))
			return refuse(why, BATCH_BAD_MSGPACK, "the tick's time is not an integer");
		if (!cursor_done(&cursor))
			return refuse(why, BATCH_BAD_MSGPACK, "there are bytes behind the tick");
		return BATCH_OK;
	}
	if (!cursor_array(&cursor, &envelope->events))
		return refuse(why, BATCH_BAD_MSGPACK, "the events are not an array, or it claims more than the message holds");
	envelope->body = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return BATCH_OK;
}

void
batch_begin(struct buf *out, uint64_t batch_id, uint32_t count)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "E1");
	msgpack_pack_array(&packer, 2);
	msgpack_pack_uint64(&packer, batch_id);
	msgpack_pack_array(&packer, count);
}

void
batch_tick(struct buf *out, uint64_t batch_id, int64_t ts_ms)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "T1");
	msgpack_pack_array(&packer, 2);
	msgpack_pack_uint64(&packer, batch_id);
	msgpack_pack_int64(&packer, ts_ms);
}

static void
pack_id(msgpack_packer *packer, struct slice id)
{
	pack_word(packer, "b");
	if (id.n > 0)
		pack_raw(packer, id);
	else
		msgpack_pack_nil(packer);
}

void
ack_encode(const struct ack *ack, struct buf *out)
{
	uint32_t listed = ack->reject_count < ACK_REJECTS_MAX ? ack->reject_count : ACK_REJECTS_MAX;
	msgpack_packer packer = pack_to(out);

	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "A1");
	msgpack_pack_map(&packer, 7);
	pack_id(&packer, ack->id);
	pack_key_u64(&packer, "lsn", ack->lsn);
	pack_key_u64(&packer, "ok", ack->ok);
	pack_key_u64(&packer, "dup", ack->dup);
	pack_word(&packer, "rej");
	msgpack_pack_array(&packer, listed);
	for (uint32_t i = 0; i < listed; i++) {
		msgpack_pack_array(&packer, 3);
		msgpack_pack_uint32(&packer, ack->reject[i].index);
		pack_word(&packer, verdict_name(ack->reject[i].code));
		pack_word(&packer, ack->reject[i].text);
	}
	pack_key_u64(&packer, "nrej", ack->refused);
	pack_key_u64(&packer, "cr", ack->credit);
}

void
nack_encode(struct slice id, enum batch_code code, const char *text, uint32_t retry_ms, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "N1");
	msgpack_pack_map(&packer, 4);
	pack_id(&packer, id);
	pack_key_text(&packer, "code", slice_of(batch_code_name(code)));
	pack_key_text(&packer, "text", slice_of(text));
	pack_key_u64(&packer, "retry_ms", retry_ms);
}

/* The raw array of rejects, its form checked, so that answer_next_reject() only walks. */
static bool
rejects_read(struct cursor *cursor, struct answer *answer)
{
	struct slice code, text;
	uint32_t count, index, fields;
	if (!cursor_array(cursor, &count))
		return false;
	answer->reject_count = count;
	answer->rejects.p = cursor->p;
	for (uint32_t i = 0; i < count && !cursor->failed; i++) {
		if (!cursor_array(cursor, &fields) || fields != 3)
			return cursor_fail(cursor);
		cursor_u32(cursor, &index);
		cursor_text(cursor, &code);
		cursor_text(cursor, &text);
	}
	answer->rejects.n = (uint32_t)(cursor->p - answer->rejects.p);
	return !cursor->failed;
}

static bool
answer_field(struct cursor *cursor, struct slice key, struct answer *answer)
{
	if (slice_is(key, "b"))
		return cursor_type(cursor) == CURSOR_NIL ? cursor_nil(cursor) : id_read(cursor, &answer->id);
	if (answer->is_ack) {
		if (slice_is(key, "lsn"))
			return cursor_uint(cursor, &answer->lsn);
		if (slice_is(key, "ok"))
			return cursor_u32(cursor, &answer->ok);
		if (slice_is(key, "dup"))
			return cursor_u32(cursor, &answer->dup);
		if (slice_is(key, "nrej"))
			return cursor_u32(cursor, &answer->refused);
		if (slice_is(key, "cr"))
			return cursor_u32(cursor, &answer->credit);
		if (slice_is(key, "rej"))
			return rejects_read(cursor, answer);
	} else {
		if (slice_is(key, "code"))
			return cursor_text(cursor, &answer->code);
		if (slice_is(key, "text"))
			return cursor_text(cursor, &answer->text);
		if (slice_is(key, "retry_ms"))
			return cursor_u32(cursor, &answer->retry_ms);
	}
	return cursor_skip(cursor);
}

int
answer_decode(struct answer *answer, struct slice message)
{
	struct cursor cursor = cursor_of(message);
	struct slice word, key;
	uint32_t count;

	*answer = (struct answer){0};
	if (!cursor_array(&cursor, &count) || count != 2 || !cursor_text(&cursor, &word))
		return -EBADMSG;
	answer->is_ack = slice_is(word, "A1");
	if ((!answer->is_ack && !slice_is(word, "N1")) || !cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		answer_field(&cursor, key, answer);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}

uint64_t
answer_id(const struct answer *answer)
{
	uint64_t id;
	if (answer->id.n == 0) /* N1 with b: nil */
		return 0;
	const uint8_t *end = answer->id.p + answer->id.n;
	return at_uint(answer->id.p, end, &id) == end ? id : 0;
}

bool
answer_next_reject(struct answer *answer, uint32_t *index, struct slice *code, struct slice *text)
{
	struct cursor cursor = cursor_of(answer->rejects);
	uint32_t fields;
	if (answer->reject_count == 0)
		return false;
	if (!cursor_array(&cursor, &fields) || fields != 3 || !cursor_u32(&cursor, index) || !cursor_text(&cursor, code) ||
	    !cursor_text(&cursor, text))
		return false;
	answer->reject_count--;
	answer->rejects = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return true;
}
