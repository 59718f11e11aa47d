/* pool.c - records by number. */
#include "common/pool.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
pool_init(struct pool *pool, size_t stride, uint32_t per_chunk)
{
	*pool = (struct pool){.stride = (uint32_t)stride, .per_chunk = per_chunk};
}

void
pool_fini(struct pool *pool)
{
	for (uint32_t c = 0; c < pool->chunk_count; c++)
		blocks_give_back(pool->chunk[c], (size_t)pool->per_chunk * pool->stride);
	free(pool->chunk);
	free(pool->given_back);
	*pool = (struct pool){0};
}

static uint32_t
take_new(struct pool *pool)
{
	if (pool->end == pool->chunk_count * pool->per_chunk) {
		pool->chunk = mem_realloc(pool->chunk, (pool->chunk_count + 1) * sizeof(*pool->chunk));
		pool->chunk[pool->chunk_count++] = blocks_take((size_t)pool->per_chunk * pool->stride);
	}
	return pool->end++;
}

uint32_t
pool_take(struct pool *pool)
{
	pool->live++;
	if (pool->back_count == 0)
		return take_new(pool);
	uint32_t number = pool->given_back[--pool->back_count];
	memset(pool_at(pool, number, pool->stride, pool->per_chunk), 0, pool->stride);
	return number;
}

void
pool_restore(struct pool *pool, uint32_t end)
{
	assert(pool->end == 0);
	while (pool->end < end)
		take_new(pool);
	pool->live = end;
}

void
pool_give_back(struct pool *pool, uint32_t number)
{
	if (pool->back_count == pool->back_cap) {
		pool->back_cap = pool->back_cap ? pool->back_cap * 2 : 256;
		pool->given_back = mem_realloc(pool->given_back, pool->back_cap * sizeof(*pool->given_back));
	}
	pool->given_back[pool->back_count++] = number;
	pool->live--;
}

uint64_t
pool_bytes(const struct pool *pool)
{
	return (uint64_t)pool->chunk_count * (pool->per_chunk * (uint64_t)pool->stride + sizeof(*pool->chunk)) +
	       pool->back_cap * sizeof(*pool->given_back);
}
