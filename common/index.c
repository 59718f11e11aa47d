/* index.c - open addressing with linear probing, in one table or many. */
#include "common/index.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 64, SPLIT_FROM = 8192 /* entries */ };
#define GONE UINT32_MAX

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static void
table_init(struct index *index, struct index_table *table, uint32_t capacity)
{
	*table = (struct index_table){.slot = blocks_take(capacity * sizeof(*table->slot)), .mask = capacity - 1};
	index->slots += capacity;
}

static void
table_fini(struct index *index, struct index_table *table)
{
	index->slots -= table->mask + UINT64_C(1);
	blocks_give_back(table->slot, (table->mask + (size_t)1) * sizeof(*table->slot));
}

void
index_init(struct index *index)
{
	*index = (struct index){0};
	table_init(index, &index->one, FIRST_CAPACITY);
}

void
index_fini(struct index *index)
{
	for (unsigned t = 0; index->many != NULL && t < INDEX_TABLES; t++)
		table_fini(index, &index->many[t]);
	free(index->many);
	if (index->one.slot != NULL)
		table_fini(index, &index->one);
	*index = (struct index){0};
}

uint64_t
index_bytes(const struct index *index)
{
	return index->slots * sizeof(struct index_slot) + (index->many ? INDEX_TABLES * sizeof(*index->many) : 0);
}

static void
table_put(struct index_table *table, uint32_t tag, uint32_t entry)
{
	uint64_t at = index_place(tag) & table->mask;
	while (table->slot[at].entry != 0 && table->slot[at].entry != GONE)
		at = (at + 1) & table->mask;
	table->used += table->slot[at].entry == 0;
	table->count++;
	table->slot[at] = (struct index_slot){tag, entry};
}

/* A fuller copy would leave no empty slot, at which every walk ends. */
static bool
is_full(const struct index_table *table)
{
	return (table->used + UINT64_C(1)) * 4 > (table->mask + UINT64_C(1)) * 3;
}

static void
grow(struct index *index, struct index_table *table)
{
	struct index_table old = *table;
	uint32_t capacity = old.mask + 1;
	assert(capacity < UINT32_C(1) << 31);
	if (old.count * UINT64_C(2) >= capacity)
		capacity *= 2; /* else: only sweeps the removed ones out */
	table_init(index, table, capacity);
	for (uint64_t at = 0; at <= old.mask; at++)
		if (old.slot[at].entry != 0 && old.slot[at].entry != GONE)
			table_put(table, old.slot[at].tag, old.slot[at].entry);
	table_fini(index, &old);
}

static void
put(struct index *index, uint32_t tag, uint32_t entry)
{
	struct index_table *table = index->many != NULL ? &index->many[tag >> 24] : &index->one;
	if (is_full(table))
		grow(index, table);
	table_put(table, tag, entry);
}

static void
split(struct index *index)
{
	struct index_table old = index->one;
	index->one = (struct index_table){0};
	index->many = mem_zalloc(INDEX_TABLES, sizeof(*index->many));
	for (unsigned t = 0; t < INDEX_TABLES; t++) /* four times as much as they hold on average */
		table_init(index, &index->many[t], SPLIT_FROM * 4 / INDEX_TABLES);
	for (uint64_t at = 0; at <= old.mask; at++) /* they need not be spread evenly */
		if (old.slot[at].entry != 0 && old.slot[at].entry != GONE)
			put(index, old.slot[at].tag, old.slot[at].entry);
	table_fini(index, &old);
}

void
index_insert(struct index *index, uint64_t hash, uint32_t value)
{
	assert(value < INDEX_VALUE_END);
	if (index->many == NULL && index->count == SPLIT_FROM)
		split(index);
	put(index, tag_of(hash), value + 1);
	index->count++;
}

uint32_t
index_next(const struct index *index, struct index_walk *walk)
{
	(void)index;
	for (;;) {
		const struct index_slot *slot = &walk->table->slot[walk->at];
		if (slot->entry == 0)
			return INDEX_NONE;
		walk->at = (walk->at + 1) & walk->table->mask;
		if (slot->tag == walk->tag && slot->entry != GONE)
			return slot->entry - 1;
	}
}

uint32_t
index_first(const struct index *index, struct index_walk *walk, uint64_t hash)
{
	walk->tag = tag_of(hash);
	walk->table = index_table_of(index, walk->tag);
	walk->at = index_place(walk->tag) & walk->table->mask;
	return index_next(index, walk);
}

void
index_remove(struct index *index, uint64_t hash, uint32_t value)
{
	uint32_t tag = tag_of(hash);
	struct index_table *table = index->many != NULL ? &index->many[tag >> 24] : &index->one;
	uint64_t at = index_place(tag) & table->mask;
	while (table->slot[at].entry != value + 1 || table->slot[at].tag != tag) {
		assert(table->slot[at].entry != 0); /* it must be there */
		at = (at + 1) & table->mask;
	}
	table->slot[at].entry = GONE;
	table->count--;
	index->count--;
}
