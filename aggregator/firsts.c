/* firsts.c - the table of first sales. */
#include "aggregator/firsts.h"
#include "common/mem.h"
#include <stdlib.h>

void
firsts_init(struct firsts *firsts)
{
	*firsts = (struct firsts){0};
	index_init(&firsts->index);
}

void
firsts_fini(struct firsts *firsts)
{
	for (uint32_t c = 0; c < firsts->chunk_count; c++)
		free(firsts->chunk[c]);
	free(firsts->chunk);
	index_fini(&firsts->index);
}

static struct first *
first_at(const struct firsts *firsts, uint32_t number)
{
	return &firsts->chunk[number / FIRST_CHUNK][number % FIRST_CHUNK];
}

struct first *
firsts_find(const struct firsts *firsts, struct hash128 cust)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&firsts->index, &walk, cust.lo); n != INDEX_NONE;
	     n = index_next(&firsts->index, &walk)) {
		struct first *first = first_at(firsts, n);
		if (first->cust.lo == cust.lo && first->cust.hi == cust.hi)
			return first;
	}
	return NULL;
}

struct first *
firsts_add(struct firsts *firsts, struct hash128 cust)
{
	if (firsts->count == firsts->chunk_count * FIRST_CHUNK) {
		firsts->chunk = mem_realloc(firsts->chunk, (firsts->chunk_count + 1) * sizeof(*firsts->chunk));
		firsts->chunk[firsts->chunk_count++] = mem_zalloc(FIRST_CHUNK, sizeof(struct first));
	}
	struct first *first = first_at(firsts, firsts->count);
	first->cust = cust;
	index_insert(&firsts->index, cust.lo, firsts->count++);
	return first;
}

void
firsts_prefetch(const struct firsts *firsts, struct hash128 cust)
{
	index_prefetch(&firsts->index, cust.lo);
}

uint64_t
firsts_bytes(const struct firsts *firsts)
{
	return (uint64_t)firsts->chunk_count * FIRST_CHUNK * sizeof(struct first) + index_bytes(&firsts->index);
}
