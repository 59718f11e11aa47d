/*
 * index.h - an open-addressing index from hashes to numbers that never copies much at a time.
 *
 * Holds (tag, value) pairs; the owner keeps the records and compares them. A small one is one
 * table; a large one is many, each made anew by itself when it is full: a single table of
 * millions would stall its thread for as long as the copy takes. Many entries of one hash cost each of them
 * a walk past the others.
 */
#ifndef COMMON_INDEX_H
#define COMMON_INDEX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX
#define INDEX_VALUE_END (UINT32_MAX - 1)

struct index_slot {
	uint32_t tag;   /* the hash's upper 32 bits; the place follows from them */
	uint32_t entry; /* value + 1; 0: never used, UINT32_MAX: removed. Zeroed memory is an empty table */
};

struct index_table {
	struct index_slot *slot;
	uint32_t mask;  /* capacity - 1 */
	uint32_t used;  /* with removed ones */
	uint32_t count; /* live entries */
};

enum { INDEX_TABLES = 256 };

struct index {
	struct index_table one;
	struct index_table *many; /* INDEX_TABLES by the tag's upper bits; NULL: there is one */
	uint64_t count;           /* live entries */
	uint64_t slots;
};

void index_init(struct index *index);
void index_fini(struct index *index);
uint64_t index_bytes(const struct index *index);
/* The entry must not be there already. */
void index_insert(struct index *index, uint64_t hash, uint32_t value);
/* The entry must be there. */
void index_remove(struct index *index, uint64_t hash, uint32_t value);

/* Walks the values that may belong to a hash: for (v = index_first(...); v != INDEX_NONE; v = index_next(...)). */
struct index_walk {
	const struct index_table *table;
	uint64_t at;
	uint32_t tag;
};
uint32_t index_first(const struct index *index, struct index_walk *walk, uint64_t hash);
uint32_t index_next(const struct index *index, struct index_walk *walk);

/* The first that may belong to a hash, without looking further; INDEX_NONE. */
static inline uint32_t
index_guess(const struct index *index, uint64_t hash)
{
	struct index_walk walk;
	return index_first(index, &walk, hash);
}

/* Where a tag is looked for first; any table size takes the low bits. */
static inline uint64_t
index_place(uint32_t tag)
{
	uint64_t x = (uint64_t)tag * 0x9e3779b97f4a7c15u;
	return x ^ (x >> 32);
}

static inline const struct index_table *
index_table_of(const struct index *index, uint32_t tag)
{
	return index->many != NULL ? &index->many[tag >> 24] : &index->one;
}

static inline void
index_prefetch(const struct index *index, uint64_t hash)
{
	const struct index_table *table = index_table_of(index, (uint32_t)(hash >> 32));
	__builtin_prefetch(&table->slot[index_place((uint32_t)(hash >> 32)) & table->mask]);
}
#endif
