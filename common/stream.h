/*
 * stream.h - records into blocks with sums, and back, for files that are written once and read once.
 *
 * A block is u32 bytes, u64 sum (XXH3 of its content, the seed is the number of the block), content; what is put at once is
 * never split between two. What is got is checked before it is seen: a block that is missing, out of its place or
 * changed ends the reading, and so does what asks for more, or for something else, than was put. After that everything got
 * is 0: who reads asks stream_good() now and then, and before it believes the last of it. Numbers are
 * little-endian; varints have 7 bits a byte, lowest first. Where blocks go is the owner's. One thread at a time.
 */
#ifndef COMMON_STREAM_H
#define COMMON_STREAM_H
#include "common/buf.h"
#include <stdbool.h>
#include <string.h>

enum { STREAM_BLOCK_BYTES = 256 << 10, STREAM_PIECE_MAX = 16 << 20 /* what can be put at once */ };

struct stream_out {
	bool (*write)(void *context, const void *bytes, uint32_t n); /* false: it failed, nothing more is asked of it */
	void *context;
	struct buf block;
	uint64_t blocks;
	bool failed;
};

struct stream_in {
	bool (*read)(void *context, void *bytes, uint32_t n); /* exactly n; false: there are not so many */
	void *context;
	struct buf block;
	size_t at;
	uint64_t blocks;
	bool failed;
};

/* Where n bytes may be written, valid until the next put. */
uint8_t *stream_room(struct stream_out *out, uint32_t n);
/* The last block. False: something could not be written. */
bool stream_end(struct stream_out *out);
void stream_out_fini(struct stream_out *out);

/* n bytes, valid until the next get; zeroes (of n up to 256) or NULL once it has failed. */
const uint8_t *stream_bytes(struct stream_in *in, uint32_t n);
/* Reads on to the end and believes nothing: true, every block was right; then the owner's read() found an end. */
bool stream_check(struct stream_in *in);
bool stream_good(const struct stream_in *in);
/* What was read makes no sense. */
void stream_fail(struct stream_in *in);
void stream_in_fini(struct stream_in *in);

static inline void
stream_put(struct stream_out *out, const void *bytes, uint32_t n)
{
	if (n > 0)
		memcpy(stream_room(out, n), bytes, n);
}

/* False: there are not so many; to is zeroed. */
bool stream_get(struct stream_in *in, void *to, uint32_t n);

void stream_put_var(struct stream_out *out, uint64_t value);
uint64_t stream_get_var(struct stream_in *in);

static inline void
stream_put_int(struct stream_out *out, int64_t value)
{
	stream_put_var(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static inline int64_t
stream_get_int(struct stream_in *in)
{
	uint64_t value = stream_get_var(in);
	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

/* Below limit, or the reading fails. */
static inline uint32_t
stream_get_below(struct stream_in *in, uint64_t limit)
{
	uint64_t value = stream_get_var(in);
	if (value < limit)
		return (uint32_t)value;
	stream_fail(in);
	return 0;
}

/* A mark between parts, so that a reader that lost its way sees it. */
static inline void
stream_put_mark(struct stream_out *out, const char mark[5])
{
	stream_put(out, mark, 4);
}

static inline void
stream_get_mark(struct stream_in *in, const char mark[5])
{
	const uint8_t *there = stream_bytes(in, 4);
	if (there != NULL && memcmp(there, mark, 4) != 0)
		stream_fail(in);
}
#endif
