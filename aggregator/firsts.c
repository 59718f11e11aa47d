/* firsts.c - the table of customers who are not new any more. */
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

static struct hash128 *
first_at(const struct firsts *firsts, uint32_t number)
{
	return &firsts->chunk[number / FIRST_CHUNK][number % FIRST_CHUNK];
}

bool
firsts_has(const struct firsts *firsts, struct hash128 cust)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&firsts->index, &walk, cust.lo); n != INDEX_NONE;
	     n = index_next(&firsts->index, &walk))
		if (first_at(firsts, n)->lo == cust.lo && first_at(firsts, n)->hi == cust.hi)
			return true;
	return false;
}

void
firsts_add(struct firsts *firsts, struct hash128 cust)
{
	if (firsts_has(firsts, cust))
		return;
	if (firsts->count == firsts->chunk_count * FIRST_CHUNK) {
		firsts->chunk = mem_realloc(firsts->chunk, (firsts->chunk_count + 1) * sizeof(*firsts->chunk));
		firsts->chunk[firsts->chunk_count++] = mem_alloc(FIRST_CHUNK * sizeof(struct hash128));
	}
	*first_at(firsts, firsts->count) = cust;
	index_insert(&firsts->index, cust.lo, firsts->count++);
}

uint64_t
firsts_bytes(const struct firsts *firsts)
{
	return (uint64_t)firsts->chunk_count * FIRST_CHUNK * sizeof(struct hash128) + index_bytes(&firsts->index);
}
