/* index.c - incremental open-addressing index. */
#include "common/index.h"
#include "common/mem.h"
#include <assert.h>

enum { FIRST_CAPACITY = 64, MOVE_PER_INSERT = 16 };
#define GONE UINT32_MAX

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static void
table_init(struct index_table *table, uint64_t capacity)
{
	table->slot = mem_table(capacity * sizeof(*table->slot));
	table->mask = capacity - 1;
	table->used = 0;
}

static void
table_fini(struct index_table *table)
{
	mem_table_free(table->slot, (table->mask + 1) * sizeof(*table->slot));
	table->slot = NULL;
}

void
index_init(struct index *index)
{
	*index = (struct index){0};
	table_init(&index->now, FIRST_CAPACITY);
}

void
index_fini(struct index *index)
{
	table_fini(&index->now);
	table_fini(&index->old);
	*index = (struct index){0};
}

uint64_t
index_bytes(const struct index *index)
{
	uint64_t slots = index->now.mask + 1 + (index->old.slot != NULL ? index->old.mask + 1 : 0);
	return slots * sizeof(struct index_slot);
}

static void
table_put(struct index_table *table, uint32_t tag, uint32_t entry)
{
	uint64_t at = index_place(tag) & table->mask;
	while (table->slot[at].entry != 0 && table->slot[at].entry != GONE)
		at = (at + 1) & table->mask;
	table->used += table->slot[at].entry == 0;
	table->slot[at] = (struct index_slot){tag, entry};
}

static void
move_some(struct index *index, uint64_t slots)
{
	if (index->old.slot == NULL)
		return;
	for (; slots > 0 && index->moved <= index->old.mask; slots--, index->moved++) {
		struct index_slot *slot = &index->old.slot[index->moved];
		if (slot->entry == 0 || slot->entry == GONE)
			continue;
		table_put(&index->now, slot->tag, slot->entry);
		slot->entry = GONE; /* keeps the probe chains of those not yet moved */
	}
	if (index->moved > index->old.mask) {
		table_fini(&index->old);
	}
}

static void
grow(struct index *index)
{
	move_some(index, UINT64_MAX);
	uint64_t capacity = index->now.mask + 1;
	if (index->count * 2 >= capacity)
		capacity *= 2; /* else: only sweeps the removed ones out */
	index->old = index->now;
	index->moved = 0;
	table_init(&index->now, capacity);
}

void
index_insert(struct index *index, uint64_t hash, uint32_t value)
{
	assert(value < INDEX_VALUE_END);
	if ((index->now.used + 1) * 4 > (index->now.mask + 1) * 3)
		grow(index);
	move_some(index, MOVE_PER_INSERT);
	table_put(&index->now, tag_of(hash), value + 1);
	index->count++;
}

static uint32_t
walk_on(const struct index *index, struct index_walk *walk)
{
	for (;;) {
		const struct index_slot *slot = &walk->table->slot[walk->at];
		if (slot->entry == 0) {
			if (walk->table == &index->old || index->old.slot == NULL)
				return INDEX_NONE;
			walk->table = &index->old;
			walk->at = index_place(walk->tag) & index->old.mask;
			continue;
		}
		walk->at = (walk->at + 1) & walk->table->mask;
		if (slot->tag == walk->tag && slot->entry != GONE)
			return slot->entry - 1;
	}
}

uint32_t
index_first(const struct index *index, struct index_walk *walk, uint64_t hash)
{
	walk->tag = tag_of(hash);
	walk->table = &index->now;
	walk->at = index_place(walk->tag) & index->now.mask;
	return walk_on(index, walk);
}

uint32_t
index_next(const struct index *index, struct index_walk *walk)
{
	return walk_on(index, walk);
}

static bool
table_remove(struct index_table *table, uint32_t tag, uint32_t entry)
{
	for (uint64_t at = index_place(tag) & table->mask; table->slot[at].entry != 0; at = (at + 1) & table->mask)
		if (table->slot[at].entry == entry && table->slot[at].tag == tag) {
			table->slot[at].entry = GONE;
			return true;
		}
	return false;
}

void
index_remove(struct index *index, uint64_t hash, uint32_t value)
{
	bool found = table_remove(&index->now, tag_of(hash), value + 1) ||
	             (index->old.slot != NULL && table_remove(&index->old, tag_of(hash), value + 1));
	assert(found);
	(void)found;
	index->count--;
}
