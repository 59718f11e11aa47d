/* log_memory.c - records in memory: a ring of copies, oldest first. */
#include "common/mem.h"
#include "journal/log.h"
#include "journal/store.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct record {
	uint8_t *data;
	uint32_t n;
};

struct memory_store {
	struct record *ring;
	uint32_t cap;      /* a power of two; record lsn stands at lsn % cap */
	uint64_t first;    /* oldest kept */
	uint64_t end;      /* one behind the newest; first == end: none kept */
	uint64_t bytes;
};

struct memory_store *
memory_store_new(void)
{
	struct memory_store *store = mem_zalloc(1, sizeof(*store));
	store->cap = 64;
	store->ring = mem_zalloc(store->cap, sizeof(*store->ring));
	store->first = store->end = 1;
	return store;
}

void
memory_store_free(struct memory_store *store)
{
	if (store == NULL)
		return;
	memory_store_trim(store, store->end);
	free(store->ring);
	free(store);
}

static void
store_grow(struct memory_store *store)
{
	if (store->end - store->first < store->cap)
		return;
	struct record *ring = mem_zalloc(2 * store->cap, sizeof(*ring));
	for (uint64_t lsn = store->first; lsn < store->end; lsn++)
		ring[lsn % (2 * store->cap)] = store->ring[lsn % store->cap];
	free(store->ring);
	store->ring = ring;
	store->cap *= 2;
}

int
memory_store_put(struct memory_store *store, uint64_t lsn, struct slice record)
{
	assert(lsn == store->end);
	if (store->bytes + record.n > LOG_MEMORY_BYTES_MAX)
		return -ENOSPC;
	store_grow(store);
	struct record *slot = &store->ring[lsn % store->cap];
	slot->data = mem_alloc(record.n);
	slot->n = record.n;
	memcpy(slot->data, record.p, record.n);
	store->bytes += record.n;
	store->end++;
	return 0;
}

int
memory_store_get(const struct memory_store *store, uint64_t lsn, struct slice *record)
{
	if (lsn < store->first || lsn >= store->end)
		return -ENOENT;
	const struct record *slot = &store->ring[lsn % store->cap];
	*record = (struct slice){slot->data, slot->n};
	return 0;
}

void
memory_store_trim(struct memory_store *store, uint64_t lsn)
{
	for (; store->first < lsn && store->first < store->end; store->first++) {
		struct record *slot = &store->ring[store->first % store->cap];
		store->bytes -= slot->n;
		free(slot->data);
	}
}

uint64_t
memory_store_first(const struct memory_store *store)
{
	return store->first;
}

uint64_t
memory_store_bytes(const struct memory_store *store)
{
	return store->bytes;
}
