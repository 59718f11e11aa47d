/*
 * firsts.h - the customers whose first sale was so long ago that nothing can change it.
 *
 * Kept for ever, unlike everything else in the kernel: about 28 bytes a customer. Whoever is
 * in it is not new any more. As long as a first sale can still be moved or taken back
 * it is among the customer's sales (entities.h). Internal to the aggregator room; one
 * thread at a time.
 */
#ifndef AGGREGATOR_FIRSTS_H
#define AGGREGATOR_FIRSTS_H
#include "common/hash.h"
#include "common/index.h"
#include <stdbool.h>

enum { FIRST_CHUNK = 4096 };

struct firsts {
	struct hash128 **chunk;
	uint32_t chunk_count, count;
	struct index index;
};

void firsts_init(struct firsts *firsts);
void firsts_fini(struct firsts *firsts);
bool firsts_has(const struct firsts *firsts, struct hash128 cust);
/* Once is enough. */
void firsts_add(struct firsts *firsts, struct hash128 cust);
uint64_t firsts_bytes(const struct firsts *firsts);
#endif
