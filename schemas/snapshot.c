/* snapshot.c - the snapshot protocol's messages. */
#include "schemas/snapshot.h"
#include "schemas/cursor.h"
#include "schemas/pack.h"
#include "schemas/topic.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>

void
snapshot_request_encode(const struct snapshot_request *request, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	if (request->credit_only) {
		pack_word(&packer, "C1");
		msgpack_pack_uint32(&packer, request->credit);
		return;
	}
	pack_word(&packer, "S1");
	msgpack_pack_map(&packer, 2u + request->has_since + request->has_lsn);
	pack_key_text(&packer, "p", request->prefix);
	if (request->has_since) {
		pack_word(&packer, "since");
		msgpack_pack_array(&packer, 2);
		msgpack_pack_uint64(&packer, request->since_epoch);
		msgpack_pack_uint64(&packer, request->since_seq);
	}
	if (request->has_lsn)
		pack_key_u64(&packer, "lsn", request->lsn);
	pack_key_u64(&packer, "n", request->credit);
}

static int
refuse(char why[120], const char *sentence)
{
	snprintf(why, 120, "%s", sentence);
	return -EBADMSG;
}

/* More than the server would ever use is not an error. */
static bool
credit_read(struct cursor *cursor, uint32_t *credit)
{
	uint64_t wide;
	if (!cursor_uint(cursor, &wide))
		return false;
	*credit = wide < SNAPSHOT_CREDIT_MAX ? (uint32_t)wide : SNAPSHOT_CREDIT_MAX;
	return true;
}

/* True: a nil was stepped over, which means "not given". */
static bool
is_absent(struct cursor *cursor)
{
	return cursor_type(cursor) == CURSOR_NIL && cursor_nil(cursor);
}

static const char *
request_field(struct cursor *cursor, struct slice key, struct snapshot_request *request)
{
	uint32_t two;
	if (slice_is(key, "p")) {
		if (!cursor_text(cursor, &request->prefix))
			return "p is not a text in UTF-8 without control characters";
		return request->prefix.n <= TOPIC_BYTES_MAX ? NULL : "p is longer than a topic can be (240 bytes)";
	}
	if (slice_is(key, "since")) {
		if (is_absent(cursor))
			return NULL;
		request->has_since = cursor_array(cursor, &two) && two == 2 && cursor_uint(cursor, &request->since_epoch) &&
		                     cursor_uint(cursor, &request->since_seq);
		return request->has_since ? NULL : "since is not [epoch, seq]";
	}
	if (slice_is(key, "lsn")) {
		if (is_absent(cursor))
			return NULL;
		request->has_lsn = cursor_uint(cursor, &request->lsn);
		return request->has_lsn ? NULL : "lsn is not an integer of 0 or more";
	}
	if (slice_is(key, "n"))
		return credit_read(cursor, &request->credit) ? NULL : "n is not an integer of 0 or more";
	return cursor_skip(cursor) ? NULL : "the request is broken or cut off";
}

int
snapshot_request_decode(struct snapshot_request *request, struct slice bytes, char why[120])
{
	struct cursor cursor = cursor_of(bytes);
	struct slice word, key;
	uint32_t count;
	bool has_prefix = false;

	*request = (struct snapshot_request){.credit = 1};
	why[0] = '\0';
	if (!cursor_array(&cursor, &count) || count != 2 || !cursor_text(&cursor, &word))
		return refuse(why, "the request is not [\"S1\", {p, since, lsn, n}] or [\"C1\", n]");
	if (slice_is(word, "C1")) {
		request->credit_only = true;
		if (!credit_read(&cursor, &request->credit))
			return refuse(why, "the credit is not an integer of 0 or more");
		return cursor_done(&cursor) ? 0 : refuse(why, "there are bytes behind the request");
	}
	if (!slice_is(word, "S1"))
		return refuse(why, "the request is not an \"S1\" or a \"C1\"");
	if (!cursor_map(&cursor, &count))
		return refuse(why, "behind \"S1\" there is not a map");
	while (count-- > 0) {
		if (!cursor_key(&cursor, &key))
			return refuse(why, "the request is broken or cut off");
		const char *sentence = request_field(&cursor, key, request);
		if (sentence != NULL)
			return refuse(why, sentence);
		has_prefix |= slice_is(key, "p");
	}
	if (!has_prefix)
		return refuse(why, "p, the prefix of the wanted topics, is missing");
	return cursor_done(&cursor) ? 0 : refuse(why, "there are bytes behind the request");
}

void
snapshot_chunk_begin(struct snapshot_chunk *chunk, struct buf *out)
{
	static const uint8_t count_later[5] = {0xdd}; /* array32: its size does not depend on the count */
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "R1");
	*chunk = (struct snapshot_chunk){.out = out, .count_at = out->len + 1};
	buf_add(out, count_later, sizeof(count_later));
}

void
snapshot_chunk_add(struct snapshot_chunk *chunk, struct slice topic, struct slice row)
{
	msgpack_packer packer = pack_to(chunk->out);
	msgpack_pack_array(&packer, 2);
	pack_text(&packer, topic);
	pack_bin(&packer, row);
	chunk->rows++;
}

void
snapshot_chunk_end(struct snapshot_chunk *chunk)
{
	uint8_t *at = chunk->out->data + chunk->count_at;
	assert(chunk->count_at + 4 <= chunk->out->len);
	at[0] = (uint8_t)(chunk->rows >> 24);
	at[1] = (uint8_t)(chunk->rows >> 16);
	at[2] = (uint8_t)(chunk->rows >> 8);
	at[3] = (uint8_t)chunk->rows;
}

void
snapshot_end_encode(uint64_t epoch, uint64_t seq, bool reset, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "Z1");
	msgpack_pack_map(&packer, 3);
	pack_key_u64(&packer, "e", epoch);
	pack_key_u64(&packer, "s", seq);
	pack_key_bool(&packer, "reset", reset);
}

void
snapshot_refusal_encode(const char *code, const char *text, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "X1");
	msgpack_pack_map(&packer, 2);
	pack_key_text(&packer, "code", slice_of(code));
	pack_key_text(&packer, "text", slice_of(text));
}

/* Checks the form of all rows, so that snapshot_reply_next() only walks. */
static bool
rows_read(struct cursor *cursor, struct snapshot_reply *reply)
{
	struct slice topic, row;
	uint32_t two;
	if (!cursor_array(cursor, &reply->rows))
		return false;
	reply->rest = (struct slice){cursor->p, (uint32_t)(cursor->end - cursor->p)};
	for (uint32_t i = 0; i < reply->rows; i++)
		if (!cursor_array(cursor, &two) || two != 2 || !cursor_text(cursor, &topic) || !cursor_bin(cursor, &row))
			return cursor_fail(cursor);
	return true;
}

static bool
reply_field(struct cursor *cursor, struct slice key, struct snapshot_reply *reply)
{
	if (reply->kind == SNAPSHOT_END) {
		if (slice_is(key, "e"))
			return cursor_uint(cursor, &reply->epoch);
		if (slice_is(key, "s"))
			return cursor_uint(cursor, &reply->seq);
		if (slice_is(key, "reset"))
			return cursor_bool(cursor, &reply->reset);
	} else {
		if (slice_is(key, "code"))
			return cursor_text(cursor, &reply->code);
		if (slice_is(key, "text"))
			return cursor_text(cursor, &reply->text);
	}
	return cursor_skip(cursor);
}

int
snapshot_reply_decode(struct snapshot_reply *reply, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice word, key;
	uint32_t count;

	*reply = (struct snapshot_reply){0};
	if (!cursor_array(&cursor, &count) || count != 2 || !cursor_text(&cursor, &word))
		return -EBADMSG;
	if (slice_is(word, "R1")) {
		reply->kind = SNAPSHOT_ROWS;
		rows_read(&cursor, reply);
		return cursor_done(&cursor) ? 0 : -EBADMSG;
	}
	reply->kind = slice_is(word, "Z1") ? SNAPSHOT_END : slice_is(word, "X1") ? SNAPSHOT_REFUSED : 0;
	if (reply->kind == 0 || !cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		reply_field(&cursor, key, reply);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}

bool
snapshot_reply_next(struct snapshot_reply *reply, struct slice *topic, struct slice *row)
{
	struct cursor cursor = cursor_of(reply->rest);
	uint32_t two;
	if (reply->rows == 0)
		return false;
	if (!cursor_array(&cursor, &two) || two != 2 || !cursor_text(&cursor, topic) || !cursor_bin(&cursor, row))
		return false;
	reply->rows--;
	reply->rest = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return true;
}
