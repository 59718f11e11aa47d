/*
 * subscriptions.c - a hash set of prefixes, how many there are of each length, and who holds them.
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

struct holder {
	struct prefix **prefix;
	uint32_t count, cap;
};

struct subscriptions {
	struct holder *holder; /* by number */
	uint32_t holders;
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
	for (uint32_t h = 0; h < subscriptions->holders; h++)
		free(subscriptions->holder[h].prefix);
	free(subscriptions->holder);
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

static struct holder *
holder_at(struct subscriptions *subscriptions, uint32_t number)
{
	uint32_t holders = subscriptions->holders;

	assert(number < SUBSCRIPTION_HOLDERS_END);
	if (number >= holders) {
		while (holders <= number)
			holders = holders > 0 ? holders * 2 : 64;
		subscriptions->holder = mem_realloc(subscriptions->holder, holders * sizeof(struct holder));
		memset(subscriptions->holder + subscriptions->holders, 0,
		       (holders - subscriptions->holders) * sizeof(struct holder));
		subscriptions->holders = holders;
	}
	return &subscriptions->holder[number];
}

/* UINT32_MAX: it does not hold it. */
static uint32_t
holder_find(const struct holder *holder, const struct prefix *prefix)
{
	for (uint32_t i = 0; i < holder->count; i++)
		if (holder->prefix[i] == prefix)
			return i;
	return UINT32_MAX;
}

static void
holder_take(struct holder *holder, struct prefix *prefix)
{
	if (holder->count == holder->cap) {
		holder->cap = holder->cap + holder->cap / 2 + 2;
		holder->prefix = mem_realloc(holder->prefix, holder->cap * sizeof(struct prefix *));
	}
	holder->prefix[holder->count++] = prefix;
	prefix->holders++;
}

static struct prefix *
prefix_make(struct subscriptions *subscriptions, struct slice bytes, uint64_t hash, uint32_t at)
{
	struct prefix *fresh = mem_alloc(sizeof(*fresh) + bytes.n);

	fresh->hash = hash;
	fresh->holders = 0;
	fresh->n = bytes.n;
	if (bytes.n > 0)
		memcpy(fresh->bytes, bytes.p, bytes.n);
	subscriptions->cell[at] = fresh;
	subscriptions->of_length[bytes.n]++;
	if (bytes.n > subscriptions->longest)
		subscriptions->longest = bytes.n;
	if (++subscriptions->count > subscriptions->cells / 2)
		grow(subscriptions);
	return fresh;
}

enum subscription_outcome
subscriptions_add(struct subscriptions *subscriptions, uint32_t number, struct slice bytes)
{
	struct holder *holder = holder_at(subscriptions, number);

	if (bytes.n > SUBSCRIPTION_BYTES_MAX)
		return SUBSCRIPTION_REFUSED;
	uint64_t hash = hash_of(subscriptions, bytes);
	uint32_t at = cell_find(subscriptions, bytes, hash);
	struct prefix *prefix = subscriptions->cell[at];
	if (prefix != NULL && holder_find(holder, prefix) != UINT32_MAX)
		return SUBSCRIPTION_AGAIN;
	if (holder->count == SUBSCRIPTIONS_EACH_MAX || (prefix == NULL && subscriptions->count == subscriptions->max))
		return SUBSCRIPTION_REFUSED;
	if (prefix == NULL)
		prefix = prefix_make(subscriptions, bytes, hash, at);
	holder_take(holder, prefix);
	return prefix->holders == 1 ? SUBSCRIPTION_FIRST : SUBSCRIPTION_AGAIN;
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

/* One holder less. True: it was the last, and the prefix is gone. */
static bool
prefix_drop(struct subscriptions *subscriptions, struct prefix *prefix)
{
	struct slice bytes = {prefix->bytes, prefix->n};

	assert(prefix->holders > 0);
	if (--prefix->holders > 0)
		return false;
	subscriptions->count--;
	subscriptions->of_length[prefix->n]--;
	while (subscriptions->longest > 0 && subscriptions->of_length[subscriptions->longest] == 0)
		subscriptions->longest--;
	cell_clear(subscriptions, cell_find(subscriptions, bytes, prefix->hash));
	return true;
}

enum subscription_outcome
subscriptions_remove(struct subscriptions *subscriptions, uint32_t number, struct slice bytes)
{
	struct holder *holder = holder_at(subscriptions, number);

	if (bytes.n > SUBSCRIPTION_BYTES_MAX)
		return SUBSCRIPTION_REFUSED;
	struct prefix *prefix = subscriptions->cell[cell_find(subscriptions, bytes, hash_of(subscriptions, bytes))];
	uint32_t i = prefix != NULL ? holder_find(holder, prefix) : UINT32_MAX;
	if (i == UINT32_MAX)
		return SUBSCRIPTION_REFUSED;
	holder->prefix[i] = holder->prefix[--holder->count];
	return prefix_drop(subscriptions, prefix) ? SUBSCRIPTION_LAST : SUBSCRIPTION_AGAIN;
}

void
subscriptions_gone(struct subscriptions *subscriptions, uint32_t number, subscriptions_last_fn *last, void *context)
{
	struct holder *holder = holder_at(subscriptions, number);
	uint8_t bytes[SUBSCRIPTION_BYTES_MAX];

	while (holder->count > 0) {
		struct prefix *prefix = holder->prefix[--holder->count];
		uint32_t n = prefix->n;
		memcpy(bytes, prefix->bytes, n);
		if (prefix_drop(subscriptions, prefix))
			last(context, (struct slice){bytes, n});
	}
	free(holder->prefix);
	*holder = (struct holder){0};
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
