/* pool.c - records by number. */
#include "common/pool.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { RUN = 16 /* chunks; so many at once, once there are so many */ };

static size_t
run_bytes(const struct pool *pool)
{
	return (size_t)RUN * pool->per_chunk * pool->stride;
}

static void
add_chunks(struct pool *pool)
{
	uint32_t n = pool->chunk_count >= RUN ? RUN : 1;
	pool->chunk = mem_realloc(pool->chunk, (pool->chunk_count + n) * sizeof(*pool->chunk));
	if (n == 1) {
		pool->chunk[pool->chunk_count++] = mem_zalloc(pool->per_chunk, pool->stride);
		return;
	}
	uint8_t *run = mem_table(run_bytes(pool));
	for (uint32_t i = 0; i < n; i++)
		pool->chunk[pool->chunk_count++] = run + i * (run_bytes(pool) / RUN);
}

void
pool_init(struct pool *pool, size_t stride, uint32_t per_chunk)
{
	*pool = (struct pool){.stride = (uint32_t)stride, .per_chunk = per_chunk};
}

void
pool_fini(struct pool *pool)
{
	for (uint32_t c = 0; c < pool->chunk_count && c < RUN; c++)
		free(pool->chunk[c]);
	for (uint32_t c = RUN; c < pool->chunk_count; c += RUN)
		mem_table_free(pool->chunk[c], run_bytes(pool));
	free(pool->chunk);
	free(pool->given_back);
	*pool = (struct pool){0};
}

uint32_t
pool_take(struct pool *pool)
{
	pool->live++;
	if (pool->back_count > 0) {
		uint32_t number = pool->given_back[--pool->back_count];
		memset(pool_at(pool, number, pool->stride, pool->per_chunk), 0, pool->stride);
		return number;
	}
	if (pool->end == pool->chunk_count * pool->per_chunk)
		add_chunks(pool);
	return pool->end++;
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
