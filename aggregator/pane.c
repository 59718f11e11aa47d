/* pane.c - cells in chunks, found through an index that is built in small steps. */
#include "aggregator/pane.h"
#include "common/index.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	INDEX_FROM = 12,    /* cells; below it looking through is as fast */
	LARGE_FROM = 4096,
	INDEX_STEP = 32,    /* cells that an addition puts into an unfinished index */
	CELL_HEAD = 4,      /* tuple, and columns in the upper bits */
	TUPLE_BITS = 28,
};

#define GAP_HEAD UINT32_MAX /* CHUNK_GAP, four times: no cell, go on with the next chunk */
#define TUPLE_END ((UINT32_C(1) << TUPLE_BITS) - 1)
_Static_assert(CELL_HEAD % 4 == 0 && CHUNK_BYTES % 4 == 0, "a gap between chunks is seen");
_Static_assert(PANE_COLUMNS_MAX < 1 << (32 - TUPLE_BITS), "columns fit into a cell's head");

/* Has the cells before done and those from rest on: what is between was there before the index. */
struct cell_index {
	struct index *large;  /* of very many cells: offset by tuple */
	uint32_t cap;         /* slots; 0: it is large */
	uint32_t done, rest;
	uint32_t slot[];      /* offset + 1 by tuple */
};

static uint64_t
index_size(const struct cell_index *index)
{
	return sizeof(*index) + index->cap * sizeof(uint32_t) +
	       (index->large != NULL ? sizeof(*index->large) + index_bytes(index->large) : 0);
}

static void
index_drop(struct pane_set *set, struct pane *pane)
{
	struct cell_index *index = pane->index;
	if (index == NULL)
		return;
	set->bytes -= index_size(index);
	if (index->large != NULL)
		index_fini(index->large);
	free(index->large);
	free(index);
	pane->index = NULL;
}

void
pane_fini(struct pane_set *set, struct pane *pane)
{
	if (pane_is_empty(pane))
		return;
	set->bytes -= chunks_bytes(&pane->cells, pane->cells_taken) + chunks_bytes(&pane->who, pane->who_taken * 4);
	set->cells -= pane->count;
	set->used--;
	index_drop(set, pane);
	chunks_fini(&pane->cells, pane->cells_taken);
	chunks_fini(&pane->who, pane->who_taken * 4);
	*pane = (struct pane){0};
}

void
pane_shrink(struct pane_set *set, struct pane *pane)
{
	assert(pane->cells_taken == 0 && pane->who_taken == 0);
	set->bytes -= chunks_bytes(&pane->cells, 0) + chunks_bytes(&pane->who, 0);
	chunks_shrink(&pane->cells);
	chunks_shrink(&pane->who);
	set->bytes += chunks_bytes(&pane->cells, 0) + chunks_bytes(&pane->who, 0);
	index_drop(set, pane); /* a late event begins it again */
}

static uint32_t
cell_head(const struct pane *pane, uint32_t offset)
{
	uint32_t head;
	memcpy(&head, chunks_at(&pane->cells, offset), sizeof(head));
	return head;
}

static uint32_t
cell_tuple(const struct pane *pane, uint32_t offset)
{
	return cell_head(pane, offset) & TUPLE_END;
}

static uint32_t
cell_columns(const struct pane *pane, uint32_t offset)
{
	return cell_head(pane, offset) >> TUPLE_BITS;
}

static uint32_t
cell_bytes(const struct pane *pane, uint32_t offset)
{
	return CELL_HEAD + 8 * cell_columns(pane, offset);
}

/* Where the cell that follows at or behind offset begins. There must be one. */
static uint32_t
cell_at(const struct pane *pane, uint32_t offset)
{
	return cell_head(pane, offset) == GAP_HEAD ? (offset / CHUNK_BYTES + 1) * CHUNK_BYTES : offset;
}

static uint32_t
index_place_of(uint32_t tuple, uint32_t cap)
{
	return (uint32_t)((uint64_t)(tuple * 2654435769u) * cap >> 32);
}

static uint64_t
index_hash(uint32_t tuple)
{
	return tuple * UINT64_C(0x9e3779b97f4a7c15);
}

static void
index_put(struct pane_set *set, struct cell_index *index, uint32_t tuple, uint32_t offset)
{
	if (index->large != NULL) {
		uint64_t bytes = index_bytes(index->large);
		index_insert(index->large, index_hash(tuple), offset);
		set->bytes += index_bytes(index->large) - bytes;
		return;
	}
	uint32_t at = index_place_of(tuple, index->cap);
	while (index->slot[at] != 0)
		at = at + 1 == index->cap ? 0 : at + 1;
	index->slot[at] = offset + 1;
}

/* An empty one with room for all cells; of very many cells one that never copies much at a time. */
static struct cell_index *
index_new(struct pane_set *set, const struct pane *pane)
{
	uint32_t cap = pane->count < LARGE_FROM ? pane->count * 2 : 0;
	struct cell_index *index = mem_zalloc(1, sizeof(*index) + cap * sizeof(uint32_t));
	index->cap = cap;
	index->rest = pane->cells.len;
	if (cap == 0) {
		index->large = mem_alloc(sizeof(*index->large));
		index_init(index->large);
	}
	set->bytes += index_size(index);
	return index;
}

/* It was one of few cells. */
static void
index_renew(struct pane_set *set, struct pane *pane)
{
	struct cell_index *old = pane->index, *index = index_new(set, pane);
	index->done = old->done;
	index->rest = old->rest;
	for (uint32_t at = 0; at < old->cap; at++)
		if (old->slot[at] != 0)
			index_put(set, index, cell_tuple(pane, old->slot[at] - 1), old->slot[at] - 1);
	index_drop(set, pane);
	pane->index = index;
}

bool
pane_index(struct pane_set *set, struct pane *pane, uint64_t *budget)
{
	if (pane->count < INDEX_FROM)
		return true;
	if (pane->index == NULL)
		pane->index = index_new(set, pane);
	struct cell_index *index = pane->index;
	for (; index->done < index->rest && *budget > 0; --*budget) {
		uint32_t offset = cell_at(pane, index->done), tuple = cell_tuple(pane, offset);
		index_put(set, index, tuple, offset);
		index->done = offset + cell_bytes(pane, offset);
		set->looks++;
	}
	return index->done >= index->rest;
}

/* Offset of a cell of the tuple, or UINT32_MAX: none is known. */
static uint32_t
find(struct pane_set *set, struct pane *pane, uint32_t tuple)
{
	uint64_t budget = INDEX_STEP;
	if (pane->count < INDEX_FROM) { /* so few fit into one chunk */
		for (uint32_t offset = 0; offset < pane->cells.len;) {
			if (cell_tuple(pane, offset) == tuple)
				return offset;
			offset += cell_bytes(pane, offset);
			set->looks++;
		}
		return UINT32_MAX;
	}
	pane_index(set, pane, &budget);
	const struct cell_index *index = pane->index;
	if (index->large != NULL) {
		struct index_walk step;
		uint32_t offset = index_first(index->large, &step, index_hash(tuple));
		while (offset != INDEX_NONE && cell_tuple(pane, offset) != tuple)
			offset = index_next(index->large, &step);
		return offset; /* INDEX_NONE is UINT32_MAX */
	}
	for (uint32_t at = index_place_of(tuple, index->cap); index->slot[at] != 0; at = at + 1 == index->cap ? 0 : at + 1)
		if (cell_tuple(pane, index->slot[at] - 1) == tuple)
			return index->slot[at] - 1;
	return UINT32_MAX;
}

/* As chunks_add(). */
static uint32_t
grow(struct pane_set *set, struct chunks *chunks, uint32_t bytes)
{
	if (chunks->cap - chunks->len >= bytes)
		return chunks_add(chunks, bytes);
	set->bytes -= chunks_bytes(chunks, 0);
	uint32_t offset = chunks_add(chunks, bytes);
	set->bytes += chunks_bytes(chunks, 0);
	return offset;
}

uint32_t
pane_append(struct pane_set *set, struct pane *pane, uint32_t tuple, const int64_t *sum, uint32_t columns)
{
	set->used += pane_is_empty(pane);
	uint32_t offset = grow(set, &pane->cells, CELL_HEAD + 8 * columns);
	uint8_t *cell = chunks_at(&pane->cells, offset);
	uint32_t head = tuple | columns << TUPLE_BITS;
	assert(tuple < TUPLE_END);
	memcpy(cell, &head, sizeof(head));
	memcpy(cell + CELL_HEAD, sum, 8 * columns);
	pane->count++;
	set->cells++;
	if (pane->index == NULL)
		return offset;
	if (pane->index->cap != 0 && pane->count * 4 > pane->index->cap * 3)
		index_renew(set, pane);
	index_put(set, pane->index, tuple, offset);
	return offset;
}

/* Sums are modulo 2^64: the kernel refuses an event before a total could overflow. */
static void
sum_up(struct pane *pane, uint32_t offset, const int64_t *sum, uint32_t columns)
{
	uint8_t *at = chunks_at(&pane->cells, offset) + CELL_HEAD;
	for (uint32_t c = 0; c < columns; c++, at += 8) {
		uint64_t value;
		memcpy(&value, at, sizeof(value));
		value += (uint64_t)sum[c];
		memcpy(at, &value, sizeof(value));
	}
}

uint32_t
pane_add(struct pane_set *set, struct pane *pane, uint32_t tuple, const int64_t *sum, uint32_t columns, bool *made)
{
	assert(pane->cells_taken == 0);
	uint32_t offset = find(set, pane, tuple);
	*made = offset == UINT32_MAX;
	if (*made)
		return pane_append(set, pane, tuple, sum, columns);
	sum_up(pane, offset, sum, columns);
	return offset;
}

void
pane_cell(const struct pane *pane, uint32_t *offset, struct cell *cell)
{
	uint32_t at = cell_at(pane, *offset);
	cell->place.offset = at;
	cell->tuple = cell_tuple(pane, at);
	cell->columns = (uint8_t)cell_columns(pane, at);
	memcpy(cell->sum, chunks_at(&pane->cells, at) + CELL_HEAD, 8 * (size_t)cell->columns);
	*offset = at + cell_bytes(pane, at);
}

uint32_t
pane_list(struct pane_set *set, struct pane *pane, uint32_t who)
{
	assert(!pane_is_empty(pane) && pane->who_taken == 0);
	uint32_t offset = grow(set, &pane->who, sizeof(who));
	memcpy(chunks_at(&pane->who, offset), &who, sizeof(who));
	return offset / (uint32_t)sizeof(who);
}

uint32_t
pane_listed(const struct pane *pane, uint32_t position)
{
	uint32_t who;
	memcpy(&who, chunks_at(&pane->who, position * (uint32_t)sizeof(who)), sizeof(who));
	return who;
}

static void
drop(struct pane_set *set, struct chunks *chunks, uint32_t from, uint32_t to)
{
	set->bytes -= chunks_bytes(chunks, from) - chunks_bytes(chunks, to);
	chunks_drop(chunks, from, to);
}

bool
pane_take_cell(struct pane_set *set, struct pane *pane, struct cell *cell)
{
	uint32_t was = pane->cells_taken;
	if (was == pane->cells.len)
		return false;
	index_drop(set, pane); /* nobody looks for one any more */
	pane_cell(pane, &pane->cells_taken, cell);
	set->looks++;
	if (pane->cells_taken / CHUNK_BYTES > was / CHUNK_BYTES)
		drop(set, &pane->cells, was, pane->cells_taken);
	pane->count--;
	set->cells--;
	return true;
}

bool
pane_take_listed(struct pane_set *set, struct pane *pane, struct listed *listed)
{
	uint32_t was = pane->who_taken;
	if (was == pane_listed_count(pane))
		return false;
	listed->place.offset = was;
	listed->who = pane_listed(pane, was);
	pane->who_taken++;
	if (pane->who_taken * 4 / CHUNK_BYTES > was * 4 / CHUNK_BYTES)
		drop(set, &pane->who, was * 4, pane->who_taken * 4);
	return true;
}

void
pane_prefetch(const struct pane *pane, uint32_t tuple)
{
	const struct cell_index *index = pane->index;
	if (index == NULL)
		return;
	if (index->large != NULL)
		index_prefetch(index->large, index_hash(tuple));
	else
		__builtin_prefetch(&index->slot[index_place_of(tuple, index->cap)]);
}

void
pane_prefetch_cell(const struct pane *pane, uint32_t tuple)
{
	const struct cell_index *index = pane->index;
	if (index == NULL)
		return;
	uint32_t offset = index->large != NULL ? index_guess(index->large, index_hash(tuple))
	                                       : index->slot[index_place_of(tuple, index->cap)] - 1; /* empty: UINT32_MAX */
	if (offset != UINT32_MAX)
		__builtin_prefetch(chunks_at(&pane->cells, offset), 1);
}
