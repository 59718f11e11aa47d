/* firsts.c - a table of hashes whose lowest bits say what is kept. */
#include "aggregator/firsts.h"

#define BITS_MASK ((UINT64_C(1) << FIRST_BITS) - 1)

void
firsts_init(struct firsts *firsts)
{
	pool_init(&firsts->pool, sizeof(struct hash128), FIRST_CHUNK);
	index_init(&firsts->index);
}

void
firsts_fini(struct firsts *firsts)
{
	pool_fini(&firsts->pool);
	index_fini(&firsts->index);
}

static struct hash128 *
find(const struct firsts *firsts, struct hash128 of)
{
	struct index_walk walk;
	for (uint32_t n = index_first(&firsts->index, &walk, of.lo); n != INDEX_NONE;
	     n = index_next(&firsts->index, &walk)) {
		struct hash128 *kept = pool_at(&firsts->pool, n, sizeof(*kept), FIRST_CHUNK);
		if (kept->lo == of.lo && ((kept->hi ^ of.hi) & ~BITS_MASK) == 0)
			return kept;
	}
	return NULL;
}

unsigned
firsts_get(const struct firsts *firsts, struct hash128 of)
{
	const struct hash128 *kept = find(firsts, of);
	return kept != NULL ? (unsigned)(kept->hi & BITS_MASK) : 0;
}

void
firsts_keep(struct firsts *firsts, struct hash128 of, unsigned bits)
{
	struct hash128 *kept = find(firsts, of);
	if (kept == NULL) {
		uint32_t number = pool_take(&firsts->pool);
		kept = pool_at(&firsts->pool, number, sizeof(*kept), FIRST_CHUNK);
		*kept = (struct hash128){of.lo, of.hi & ~BITS_MASK};
		index_insert(&firsts->index, of.lo, number);
	}
	kept->hi |= bits & BITS_MASK;
}

uint64_t
firsts_bytes(const struct firsts *firsts)
{
	return pool_bytes(&firsts->pool) + index_bytes(&firsts->index);
}
