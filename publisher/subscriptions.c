/*
 * subscriptions.c - a hash set of prefixes, and how many there are of each length.
 *
 * Matching hashes the topic byte by byte and probes at the lengths that occur.
 * A trie would cost a node per byte of each of 100,000 prefixes.
 */
#include "publisher/subscriptions.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

struct prefix {
	uint64_t hash;
	uint32_t holders;
	uint32_t n;
	uint8_t bytes[];
};

struct subscriptions {
	struct prefix **cell; /* open addressing, linear; at most half full */
	uint32_t cells;       /* a power of two */
	uint32_t count, max;
	uint64_t seed;
	uint32_t of_length[SUBSCRIPTION_BYTES_MAX + 1];
	uint32_t longest;     /* no prefix is longer */
};

static inline uint64_t
hash_step(uint64_t hash, uint8_t byte)
{
	hash = (hash ^ byte) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

struct subscriptions *
subscriptions_new(uint32_t max, uint64_t seed)
{
	struct subscriptions *subscriptions = mem_zalloc(1, sizeof(*subscriptions));

	subscriptions->max = max;
	subscriptions->seed = hash_step(seed ^ 0xd6e8feb86659fd93u, 0);
	subscriptions->cells = 64;
	subscriptions->cell = mem_zalloc(subscriptions->cells, sizeof(struct prefix *));
	return subscriptions;
}

void
subscriptions_free(struct subscriptions *subscriptions)
{
	if (subscriptions == NULL)
		return;
	for (uint32_t i = 0; i < subscriptions->cells; i++)
		free(subscriptions->cell[i]);
	free(subscriptions->cell);
	free(subscriptions);
}

/* The cell of a prefix, or the empty one where it would go. */
static uint32_t
cell_find(const struct subscriptions *subscriptions, struct slice prefix, uint64_t hash)
{
	uint32_t mask = subscriptions->cells - 1, i = (uint32_t)hash & mask;

	for (; subscriptions->cell[i] != NULL; i = (i + 1) & mask) {
		const struct prefix *here = subscriptions->cell[i];
		if (here->hash == hash && slice_equal((struct slice){here->bytes, here->n}, prefix))
			break;
	}
	return i;
}

static uint64_t
hash_of(const struct subscriptions *subscriptions, struct slice prefix)
{
	uint64_t hash = subscriptions->seed;

	for (uint32_t i = 0; i < prefix.n; i++)
		hash = hash_step(hash, prefix.p[i]);
	return hash;
}

static void
grow(struct subscriptions *subscriptions)
{
	struct prefix **old = subscriptions->cell;
	uint32_t cells = subscriptions->cells, mask = cells * 2 - 1;

	subscriptions->cells = cells * 2;
	subscriptions->cell = mem_zalloc(subscriptions->cells, sizeof(struct prefix *));
	for (uint32_t i = 0; i < cells; i++) {
		if (old[i] == NULL)
			continue;
		uint32_t at = (uint32_t)old[i]->hash & mask;
		while (subscriptions->cell[at] != NULL)
			at = (at + 1) & mask;
		subscriptions->cell[at] = old[i];
	}
	free(old);
}

enum subscription_outcome
subscriptions_add(struct subscriptions *subscriptions, struct slice prefix)
{
	if (prefix.n > SUBSCRIPTION_BYTES_MAX)
		return SUBSCRIPTION_REFUSED;
	uint64_t hash = hash_of(subscriptions, prefix);
	uint32_t at = cell_find(subscriptions, prefix, hash);
	if (subscriptions->cell[at] != NULL) {
		subscriptions->cell[at]->holders++;
		return SUBSCRIPTION_AGAIN;
	}
	if (subscriptions->count == subscriptions->max)
		return SUBSCRIPTION_REFUSED;
	struct prefix *fresh = mem_alloc(sizeof(*fresh) + prefix.n);
	fresh->hash = hash;
	fresh->holders = 1;
	fresh->n = prefix.n;
	if (prefix.n > 0)
		memcpy(fresh->bytes, prefix.p, prefix.n);
	subscriptions->cell[at] = fresh;
	subscriptions->of_length[prefix.n]++;
	if (prefix.n > subscriptions->longest)
		subscriptions->longest = prefix.n;
	if (++subscriptions->count > subscriptions->cells / 2)
		grow(subscriptions);
	return SUBSCRIPTION_FIRST;
}

/* Empties a cell and moves up what had been pushed past it. */
static void
cell_clear(struct subscriptions *subscriptions, uint32_t hole)
{
	uint32_t mask = subscriptions->cells - 1;

	free(subscriptions->cell[hole]);
	subscriptions->cell[hole] = NULL;
	for (uint32_t i = (hole + 1) & mask; subscriptions->cell[i] != NULL; i = (i + 1) & mask) {
		uint32_t home = (uint32_t)subscriptions->cell[i]->hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue; /* its home is behind the hole */
		subscriptions->cell[hole] = subscriptions->cell[i];
		subscriptions->cell[i] = NULL;
		hole = i;
	}
}

enum subscription_outcome
subscriptions_remove(struct subscriptions *subscriptions, struct slice prefix)
{
	if (prefix.n > SUBSCRIPTION_BYTES_MAX)
		return SUBSCRIPTION_REFUSED;
	uint32_t at = cell_find(subscriptions, prefix, hash_of(subscriptions, prefix));
	if (subscriptions->cell[at] == NULL)
		return SUBSCRIPTION_REFUSED;
	assert(subscriptions->cell[at]->holders > 0);
	if (--subscriptions->cell[at]->holders > 0)
		return SUBSCRIPTION_AGAIN;
	cell_clear(subscriptions, at);
	subscriptions->count--;
	subscriptions->of_length[prefix.n]--;
	while (subscriptions->longest > 0 && subscriptions->of_length[subscriptions->longest] == 0)
		subscriptions->longest--;
	return SUBSCRIPTION_LAST;
}

bool
subscriptions_match(const struct subscriptions *subscriptions, struct slice topic)
{
	uint32_t longest = subscriptions->longest < topic.n ? subscriptions->longest : topic.n;
	uint64_t hash = subscriptions->seed;

	if (subscriptions->count == 0)
		return false;
	for (uint32_t n = 0;; n++) {
		if (subscriptions->of_length[n] > 0 &&
		    subscriptions->cell[cell_find(subscriptions, (struct slice){topic.p, n}, hash)] != NULL)
			return true;
		if (n == longest)
			return false;
		hash = hash_step(hash, topic.p[n]);
	}
}

uint32_t
subscriptions_count(const struct subscriptions *subscriptions)
{
	return subscriptions->count;
}
