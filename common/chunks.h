/*
 * chunks.h - bytes that grow at their end, copying at most one chunk at a time.
 *
 * A piece is added whole and never lies across two chunks; where it does not fit, the rest of a chunk is filled
 * with CHUNK_GAP: pieces are multiples of 4 bytes and do not begin with four of these, so that a gap is seen. The
 * first chunk and the last may be shorter than the others: few bytes take up little. One thread at a time; without
 * memory the process ends (mem.h).
 */
#ifndef COMMON_CHUNKS_H
#define COMMON_CHUNKS_H
#include <stdint.h>

enum { CHUNK_BYTES = 64 << 10, CHUNK_GAP = 0xff };

/* Zeroed is empty. */
struct chunks {
	union {
		uint8_t *one;   /* cap is at most CHUNK_BYTES */
		uint8_t **many;
	};
	uint32_t len, cap;  /* bytes; cap is in the chunk that len is in */
};

static inline uint8_t *
chunks_at(const struct chunks *chunks, uint32_t offset)
{
	return chunks->cap <= CHUNK_BYTES ? chunks->one + offset
	                                  : chunks->many[offset / CHUNK_BYTES] + offset % CHUNK_BYTES;
}

void chunks_grow(struct chunks *chunks, uint32_t bytes);

/* The offset of a new piece of at most CHUNK_BYTES, for the caller to fill. */
static inline uint32_t
chunks_add(struct chunks *chunks, uint32_t bytes)
{
	if (chunks->cap - chunks->len < bytes)
		chunks_grow(chunks, bytes);
	chunks->len += bytes;
	return chunks->len - bytes;
}

/* Gives back what was never added to. */
void chunks_shrink(struct chunks *chunks);
/*
 * From the front: gives back chunks that end at or before `to`. from: what `to` was the last time, 0 at first. No more
 * may be added.
 */
void chunks_drop(struct chunks *chunks, uint32_t from, uint32_t to);
/* All but what was dropped up to here. */
void chunks_fini(struct chunks *chunks, uint32_t dropped);
uint64_t chunks_bytes(const struct chunks *chunks, uint32_t dropped);
#endif
