/* chunks.c - whole chunks are cut from huge pages, shorter ones come from malloc(). */
#include "common/chunks.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
count_of(uint32_t cap)
{
	return cap / CHUNK_BYTES + (cap % CHUNK_BYTES > 0);
}

/* Of chunk number i. */
static uint32_t
bytes_of(uint32_t cap, uint32_t i)
{
	return i + 1 < count_of(cap) ? CHUNK_BYTES : cap - i * CHUNK_BYTES;
}

static uint8_t *
chunk_new(uint32_t bytes)
{
	return bytes == CHUNK_BYTES ? blocks_take(CHUNK_BYTES) : mem_alloc(bytes);
}

static void
chunk_free(uint8_t *chunk, uint32_t bytes)
{
	if (bytes == CHUNK_BYTES)
		blocks_give_back(chunk, CHUNK_BYTES);
	else
		free(chunk);
}

static uint8_t *
chunk_resize(uint8_t *chunk, uint32_t from, uint32_t to)
{
	if (from < CHUNK_BYTES && to < CHUNK_BYTES)
		return mem_realloc(chunk, to);
	uint8_t *moved = chunk_new(to);
	memcpy(moved, chunk, from < to ? from : to);
	chunk_free(chunk, from);
	return moved;
}

/* Room for one chunk's address more than there are. Their list has room for a power of two. */
static void
list_grow(struct chunks *chunks, uint32_t count)
{
	if (count == 1) {
		uint8_t **many = mem_alloc(2 * sizeof(*many));
		many[0] = chunks->one;
		chunks->many = many;
	} else if ((count & (count - 1)) == 0) {
		chunks->many = mem_realloc(chunks->many, (size_t)count * 2 * sizeof(*chunks->many));
	}
}

/* The last chunk gets another size, or there is one more. */
static void
set_cap(struct chunks *chunks, uint32_t cap)
{
	uint32_t had = count_of(chunks->cap), count = count_of(cap);
	if (cap == chunks->cap)
		return;
	if (count > had && had > 0)
		list_grow(chunks, had);
	uint8_t **last = count == 1 ? &chunks->one : &chunks->many[count - 1];
	*last = count > had ? chunk_new(bytes_of(cap, count - 1))
	                    : chunk_resize(*last, bytes_of(chunks->cap, count - 1), bytes_of(cap, count - 1));
	chunks->cap = cap;
}

void
chunks_grow(struct chunks *chunks, uint32_t bytes)
{
	uint32_t room = CHUNK_BYTES - chunks->len % CHUNK_BYTES;
	assert(bytes <= CHUNK_BYTES && chunks->len < UINT32_MAX - 2 * CHUNK_BYTES);
	if (room < bytes) {
		set_cap(chunks, chunks->len + room);
		memset(chunks_at(chunks, chunks->len), CHUNK_GAP, room);
		chunks->len += room;
		room = CHUNK_BYTES;
	}
	uint64_t cap = chunks->cap + (uint64_t)chunks->cap / 2 + bytes, end = chunks->len + room;
	set_cap(chunks, (uint32_t)(cap < end ? cap : end));
}

void
chunks_shrink(struct chunks *chunks)
{
	set_cap(chunks, chunks->len);
}

void
chunks_drop(struct chunks *chunks, uint32_t from, uint32_t to)
{
	for (uint32_t i = from / CHUNK_BYTES; i < to / CHUNK_BYTES; i++)
		chunk_free(chunks_at(chunks, i * CHUNK_BYTES), CHUNK_BYTES);
}

void
chunks_fini(struct chunks *chunks, uint32_t dropped)
{
	for (uint32_t i = dropped / CHUNK_BYTES; i < count_of(chunks->cap); i++)
		chunk_free(chunks_at(chunks, i * CHUNK_BYTES), bytes_of(chunks->cap, i));
	if (chunks->cap > CHUNK_BYTES)
		free(chunks->many);
	*chunks = (struct chunks){0};
}

uint64_t
chunks_bytes(const struct chunks *chunks, uint32_t dropped)
{
	uint64_t list = 2;
	while (list < count_of(chunks->cap))
		list *= 2;
	return chunks->cap - dropped / CHUNK_BYTES * CHUNK_BYTES +
	       (chunks->cap > CHUNK_BYTES ? list * sizeof(*chunks->many) : 0);
}
