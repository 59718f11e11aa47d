/*
 * firsts.h - what happened for the first time so long ago that nothing can change it.
 *
 * The customers who have bought, and the stages that leads have entered. Kept for ever, unlike everything else
 * in the kernel: about 28 bytes each. As long as a first sale or entry can still be moved or
 * taken back it is among the facts. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_FIRSTS_H
#define AGGREGATOR_FIRSTS_H
#include "common/hash.h"
#include "common/index.h"
#include "common/pool.h"

enum { FIRST_CHUNK = 4096, FIRST_BITS = 4 };

struct firsts {
	struct pool pool;
	struct index index;
};

void firsts_init(struct firsts *firsts);
void firsts_fini(struct firsts *firsts);
/* The bits that were kept under a hash (its own low bits do not count); 0: none. */
unsigned firsts_get(const struct firsts *firsts, struct hash128 of);
/* Adds some: those below 1 << FIRST_BITS. */
void firsts_keep(struct firsts *firsts, struct hash128 of, unsigned bits);
uint64_t firsts_bytes(const struct firsts *firsts);
#endif
