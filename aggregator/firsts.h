/*
 * firsts.h - each customer's first sale ever: what makes a customer new, once.
 *
 * Kept for ever, unlike everything else in the kernel (about 50 bytes a customer). The
 * first is the earliest by event time, then by id hash, whenever it arrives: a late
 * earlier sale takes the place of a later one. Internal to the aggregator room; one
 * thread at a time.
 */
#ifndef AGGREGATOR_FIRSTS_H
#define AGGREGATOR_FIRSTS_H
#include "common/hash.h"
#include "common/index.h"

enum { FIRST_CHUNK = 4096 };

struct first {
	struct hash128 cust;
	uint64_t id;     /* of the sale's id hash, the low half: decides between sales of one moment */
	int64_t ts_ms;
	uint32_t tuple;  /* where it counts, as long as its pane is kept */
};

struct firsts {
	struct first **chunk;
	uint32_t chunk_count, count;
	struct index index;
};

void firsts_init(struct firsts *firsts);
void firsts_fini(struct firsts *firsts);

/* The customer's, or NULL. The pointer stays valid. */
struct first *firsts_find(const struct firsts *firsts, struct hash128 cust);
/* The customer has none yet. */
struct first *firsts_add(struct firsts *firsts, struct hash128 cust);
void firsts_prefetch(const struct firsts *firsts, struct hash128 cust);
uint64_t firsts_bytes(const struct firsts *firsts);

static inline bool
first_is_before(int64_t ts_ms, uint64_t id, const struct first *first)
{
	return ts_ms != first->ts_ms ? ts_ms < first->ts_ms : id < first->id;
}
#endif
