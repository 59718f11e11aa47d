/*
 * pool.h - records of one size, known by number; a number given back is used again.
 *
 * Records stand in chunks, so that they never move and growing costs one chunk. What
 * they hold is their owner's. One thread at a time.
 */
#ifndef COMMON_POOL_H
#define COMMON_POOL_H
#include <stddef.h>
#include <stdint.h>

struct pool {
	uint8_t **chunk;
	uint32_t stride;      /* bytes a record */
	uint32_t per_chunk;   /* records */
	uint32_t chunk_count;
	uint32_t end;         /* numbers are below it */
	uint32_t *given_back, back_count, back_cap;
	uint32_t live;        /* taken and not given back */
};

void pool_init(struct pool *pool, size_t stride, uint32_t per_chunk);
void pool_fini(struct pool *pool);
/* The number of a zeroed record. */
uint32_t pool_take(struct pool *pool);
/*
 * Of an empty one: the numbers below end are taken, their records zeroed; give back those that are not wanted, the last
 * one given back is the next one taken.
 */
void pool_restore(struct pool *pool, uint32_t end);
void pool_give_back(struct pool *pool, uint32_t number);
uint64_t pool_bytes(const struct pool *pool);

/* per_chunk as a constant makes this cheap: tables wrap it with theirs. */
static inline void *
pool_at(const struct pool *pool, uint32_t number, size_t stride, uint32_t per_chunk)
{
	return pool->chunk[number / per_chunk] + (number % per_chunk) * stride;
}
#endif
