/* stream.c - see stream.h. */
#include "common/stream.h"
#include <assert.h>
#include <xxhash.h>

enum { HEAD_BYTES = 12, VAR_BYTES_MAX = 10, ZEROES = 256 };

static void
put_head(struct stream_out *out, uint8_t head[HEAD_BYTES])
{
	uint32_t n = (uint32_t)out->block.len;
	uint64_t sum = XXH3_64bits_withSeed(out->block.data, n, out->blocks);
	for (int i = 0; i < 4; i++)
		head[i] = (uint8_t)(n >> (8 * i));
	for (int i = 0; i < 8; i++)
		head[4 + i] = (uint8_t)(sum >> (8 * i));
}

static void
flush(struct stream_out *out)
{
	uint8_t head[HEAD_BYTES];
	if (out->block.len == 0)
		return;
	put_head(out, head);
	if (!out->failed)
		out->failed = !out->write(out->context, head, HEAD_BYTES) ||
		              !out->write(out->context, out->block.data, (uint32_t)out->block.len);
	out->block.len = 0;
	out->blocks++;
}

uint8_t *
stream_room(struct stream_out *out, uint32_t n)
{
	assert(n <= STREAM_PIECE_MAX);
	if (out->block.len + n > STREAM_BLOCK_BYTES)
		flush(out);
	uint8_t *room = buf_reserve(&out->block, n);
	out->block.len += n;
	return room;
}

bool
stream_end(struct stream_out *out)
{
	flush(out);
	return !out->failed;
}

void
stream_out_fini(struct stream_out *out)
{
	buf_fini(&out->block);
}

void
stream_put_var(struct stream_out *out, uint64_t value)
{
	uint8_t bytes[VAR_BYTES_MAX];
	uint32_t n = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (uint8_t)(value | 0x80);
	bytes[n++] = (uint8_t)value;
	stream_put(out, bytes, n);
}

bool
stream_good(const struct stream_in *in)
{
	return !in->failed;
}

void
stream_fail(struct stream_in *in)
{
	in->failed = true;
	in->at = in->block.len = 0;
}

static bool
read_block(struct stream_in *in, const uint8_t head[HEAD_BYTES])
{
	uint64_t sum = 0;
	uint32_t n = 0;
	for (int i = 3; i >= 0; i--)
		n = n << 8 | head[i];
	for (int i = 7; i >= 0; i--)
		sum = sum << 8 | head[4 + i];
	if (n == 0 || n > STREAM_PIECE_MAX)
		return false;
	in->block.len = in->at = 0;
	buf_reserve(&in->block, n);
	if (!in->read(in->context, in->block.data, n) || XXH3_64bits_withSeed(in->block.data, n, in->blocks) != sum)
		return false;
	in->block.len = n;
	in->blocks++;
	return true;
}

static bool
next_block(struct stream_in *in)
{
	uint8_t head[HEAD_BYTES];
	return !in->failed && in->at == in->block.len && in->read(in->context, head, HEAD_BYTES) && read_block(in, head);
}

bool
stream_check(struct stream_in *in)
{
	uint8_t head[HEAD_BYTES];
	while (in->read(in->context, head, 1)) {
		if (!in->read(in->context, head + 1, HEAD_BYTES - 1) || !read_block(in, head))
			return false;
	}
	return in->blocks > 0;
}

const uint8_t *
stream_bytes(struct stream_in *in, uint32_t n)
{
	static const uint8_t zeroes[ZEROES];
	bool there = !in->failed && (in->block.len - in->at >= n || (next_block(in) && in->block.len >= n));
	if (!there) {
		stream_fail(in);
		return n <= ZEROES ? zeroes : NULL;
	}
	in->at += n;
	return in->block.data + in->at - n;
}

bool
stream_get(struct stream_in *in, void *to, uint32_t n)
{
	const uint8_t *from = n > 0 ? stream_bytes(in, n) : NULL;
	if (n > 0 && !in->failed)
		memcpy(to, from, n);
	else if (n > 0)
		memset(to, 0, n);
	return !in->failed;
}

uint64_t
stream_get_var(struct stream_in *in)
{
	uint64_t value = 0;
	uint32_t n = 0;
	if (in->at == in->block.len && !next_block(in)) {
		stream_fail(in);
		return 0;
	}
	/* A varint was put at once: all of it is in this block. */
	while (in->at + n < in->block.len && n < VAR_BYTES_MAX) {
		uint8_t byte = in->block.data[in->at + n];
		value |= (uint64_t)(byte & 0x7f) << (7 * n++);
		if (byte < 0x80) {
			in->at += n;
			return value;
		}
	}
	stream_fail(in);
	return 0;
}

void
stream_in_fini(struct stream_in *in)
{
	buf_fini(&in->block);
}
