/* panes.c - days of panes of cells. */
#include "aggregator/panes.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_FROM = 12 /* cells; below it looking through is as fast */, LARGE_FROM = 4096, CELL_HEAD = 4 };
static const int level_min[PANE_LEVELS] = {1, 15, 60};

/*
 * While a day is merged, its panes before `merged` (in slots of the next level)
 * are already in `next`, the others still in `pane`.
 */
struct day {
	int64_t day, lo, hi;
	int level;
	bool used, merging;
	uint32_t merged;
	uint32_t pane_count, next_count;
	struct pane *pane, *next;
};

struct panes {
	struct grid *grid;
	int keep_days[PANE_LEVELS];
	struct panes_owner owner;
	struct day days[PANE_DAYS_MAX]; /* by day modulo PANE_DAYS_MAX */
	int64_t oldest;                 /* no day before it is used */
	int64_t newest_ms;
	uint64_t cells, panes_used, moves, bytes;
};

struct panes *
panes_new(struct grid *grid, const int keep_days[PANE_LEVELS], const struct panes_owner *owner)
{
	struct panes *panes = mem_zalloc(1, sizeof(*panes));
	panes->grid = grid;
	memcpy(panes->keep_days, keep_days, sizeof(panes->keep_days));
	assert(keep_days[PANE_LEVELS - 1] < PANE_DAYS_MAX - 4);
	panes->owner = *owner;
	panes->oldest = INT64_MAX;
	panes->newest_ms = INT64_MIN;
	return panes;
}

static void
index_drop(struct panes *panes, struct pane *pane)
{
	panes->bytes -= pane->index_cap * sizeof(uint32_t);
	free(pane->index);
	pane->index = NULL;
	pane->index_cap = 0;
	if (pane->large == NULL)
		return;
	panes->bytes -= index_bytes(pane->large);
	index_fini(pane->large);
	free(pane->large);
	pane->large = NULL;
}

static void
pane_fini(struct panes *panes, struct pane *pane)
{
	if (pane->cells == NULL)
		return;
	panes->bytes -= pane->cap + pane->who_cap * sizeof(uint32_t);
	panes->cells -= pane->count;
	panes->panes_used--;
	index_drop(panes, pane);
	free(pane->cells);
	free(pane->who);
	*pane = (struct pane){0};
}

static void
run_fini(struct panes *panes, struct pane *run, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		pane_fini(panes, &run[i]);
	free(run);
	panes->bytes -= count * sizeof(*run);
}

static void
day_fini(struct panes *panes, struct day *day)
{
	run_fini(panes, day->pane, day->pane_count);
	if (day->merging)
		run_fini(panes, day->next, day->next_count);
	day->used = day->merging = false;
}

void
panes_free(struct panes *panes)
{
	if (panes == NULL)
		return;
	for (int i = 0; i < PANE_DAYS_MAX; i++)
		if (panes->days[i].used)
			day_fini(panes, &panes->days[i]);
	free(panes);
}

/* Slots of a level in a day; the last one may be short. */
static uint32_t
slots_of(const struct day *day, int level)
{
	int64_t size = (int64_t)level_min[level] * MINUTE_MS;
	return (uint32_t)((day->hi - day->lo + size - 1) / size);
}

static struct pane *
run_new(struct panes *panes, uint32_t count)
{
	panes->bytes += count * sizeof(struct pane);
	return mem_zalloc(count, sizeof(struct pane));
}

static struct day *
day_slot(struct panes *panes, int64_t day)
{
	return &panes->days[(uint64_t)day % PANE_DAYS_MAX];
}

static struct day *
day_open(struct panes *panes, int64_t ts_ms)
{
	struct grid_day at = grid_day_at(panes->grid, ts_ms);
	struct day *day = day_slot(panes, at.day);
	if (!day->used) {
		*day = (struct day){.day = at.day, .lo = at.lo, .hi = at.hi, .used = true};
		day->pane_count = slots_of(day, 0);
		day->pane = run_new(panes, day->pane_count);
		if (at.day < panes->oldest)
			panes->oldest = at.day;
	}
	assert(day->day == at.day); /* the owner refuses what is too late and ages before it adds */
	return day;
}

/* The pane of a day that holds ts (or starts at it), with its start. */
static struct pane *
pane_at(struct day *day, int64_t ts_ms, int64_t *start_ms)
{
	if (day->merging) {
		int64_t size = (int64_t)level_min[day->level + 1] * MINUTE_MS;
		uint32_t slot = (uint32_t)((ts_ms - day->lo) / size);
		if (slot < day->merged) {
			*start_ms = day->lo + slot * size;
			return &day->next[slot];
		}
	}
	int64_t size = (int64_t)level_min[day->level] * MINUTE_MS;
	uint32_t slot = (uint32_t)((ts_ms - day->lo) / size);
	*start_ms = day->lo + slot * size;
	return &day->pane[slot];
}

static uint32_t
cell_tuple(const struct pane *pane, uint32_t offset)
{
	uint32_t tuple;
	memcpy(&tuple, pane->cells + offset, sizeof(tuple));
	return tuple;
}

static uint32_t
cell_bytes(const struct panes *panes, uint32_t tuple)
{
	return CELL_HEAD + 8 * panes->owner.columns(panes->owner.context, tuple);
}

static uint32_t
index_slot(uint32_t tuple, uint32_t cap)
{
	return (uint32_t)((uint64_t)(tuple * 2654435769u) * cap >> 32);
}

static uint64_t
index_hash(uint32_t tuple)
{
	return tuple * UINT64_C(0x9e3779b97f4a7c15);
}

static void
index_put(struct panes *panes, struct pane *pane, uint32_t tuple, uint32_t offset)
{
	if (pane->large != NULL) {
		uint64_t bytes = index_bytes(pane->large);
		index_insert(pane->large, index_hash(tuple), offset);
		panes->bytes += index_bytes(pane->large) - bytes;
		return;
	}
	uint32_t at = index_slot(tuple, pane->index_cap);
	while (pane->index[at] != 0)
		at = at + 1 == pane->index_cap ? 0 : at + 1;
	pane->index[at] = offset + 1;
}

/* Of very many cells one that never copies much at a time. */
static void
index_build(struct panes *panes, struct pane *pane)
{
	index_drop(panes, pane);
	if (pane->count >= LARGE_FROM) {
		pane->large = mem_alloc(sizeof(*pane->large));
		index_init(pane->large);
		panes->bytes += index_bytes(pane->large);
	} else {
		pane->index_cap = pane->count * 2;
		pane->index = mem_zalloc(pane->index_cap, sizeof(uint32_t));
		panes->bytes += pane->index_cap * sizeof(uint32_t);
	}
	for (uint32_t offset = 0; offset < pane->len; offset += cell_bytes(panes, cell_tuple(pane, offset)))
		index_put(panes, pane, cell_tuple(pane, offset), offset);
}

/* Offset of the tuple's cell, or UINT32_MAX. */
static uint32_t
cell_find(struct panes *panes, struct pane *pane, uint32_t tuple)
{
	if (pane->count < INDEX_FROM) {
		for (uint32_t offset = 0; offset < pane->len;) {
			uint32_t at = cell_tuple(pane, offset);
			if (at == tuple)
				return offset;
			offset += cell_bytes(panes, at);
		}
		return UINT32_MAX;
	}
	if (pane->index_cap == 0 && pane->large == NULL)
		index_build(panes, pane);
	if (pane->large != NULL) {
		struct index_walk walk;
		uint32_t offset = index_first(pane->large, &walk, index_hash(tuple));
		while (offset != INDEX_NONE && cell_tuple(pane, offset) != tuple)
			offset = index_next(pane->large, &walk);
		return offset; /* INDEX_NONE is UINT32_MAX */
	}
	for (uint32_t at = index_slot(tuple, pane->index_cap); pane->index[at] != 0;
	     at = at + 1 == pane->index_cap ? 0 : at + 1)
		if (cell_tuple(pane, pane->index[at] - 1) == tuple)
			return pane->index[at] - 1;
	return UINT32_MAX;
}

static uint32_t
cell_append(struct panes *panes, struct pane *pane, uint32_t tuple, const int64_t *sum, uint32_t columns)
{
	uint32_t bytes = CELL_HEAD + 8 * columns, offset = pane->len;
	assert(pane->len <= UINT32_MAX - bytes);
	if (pane->cells == NULL)
		panes->panes_used++;
	if (pane->cap - pane->len < bytes) {
		uint32_t cap = pane->cap + pane->cap / 2 + bytes;
		panes->bytes += cap - pane->cap;
		pane->cells = mem_realloc(pane->cells, cap);
		pane->cap = cap;
	}
	memcpy(pane->cells + offset, &tuple, sizeof(tuple));
	memcpy(pane->cells + offset + CELL_HEAD, sum, 8 * columns);
	pane->len += bytes;
	pane->count++;
	panes->cells++;
	if (pane->index_cap != 0 && pane->count * 4 > pane->index_cap * 3)
		index_build(panes, pane);
	else if (pane->index_cap != 0 || pane->large != NULL)
		index_put(panes, pane, tuple, offset);
	return offset;
}

/* Sums are modulo 2^64: the kernel refuses an event before a total could overflow. */
static void
cell_sum(struct pane *pane, uint32_t offset, const int64_t *sum, uint32_t columns)
{
	for (uint32_t c = 0; c < columns; c++) {
		uint64_t value;
		uint8_t *at = pane->cells + offset + CELL_HEAD + 8 * c;
		memcpy(&value, at, sizeof(value));
		value += (uint64_t)sum[c];
		memcpy(at, &value, sizeof(value));
	}
}

struct place
panes_add(struct panes *panes, int64_t ts_ms, uint32_t tuple, const int64_t *sum, uint32_t columns, bool *made)
{
	struct place place;
	struct day *day = day_open(panes, ts_ms);
	struct pane *pane = pane_at(day, ts_ms, &place.start_ms);
	place.offset = cell_find(panes, pane, tuple);
	*made = place.offset == UINT32_MAX;
	if (*made)
		place.offset = cell_append(panes, pane, tuple, sum, columns);
	else
		cell_sum(pane, place.offset, sum, columns);
	if (place.start_ms > panes->newest_ms)
		panes->newest_ms = place.start_ms;
	return place;
}

/* The first pane with something at or behind *at and before end_ms, which *at then is in; NULL: none. */
static struct pane *
walk(struct panes *panes, struct place *at, int64_t end_ms, bool lists)
{
	if (panes->newest_ms == INT64_MIN)
		return NULL;
	/* Nothing lies outside the kept days: do not walk through empty years. */
	int64_t lo = zone_day_start(panes->grid->zone, panes->oldest);
	if (at->start_ms < lo)
		*at = (struct place){lo, 0};
	if (end_ms > panes->newest_ms + 1)
		end_ms = panes->newest_ms + 1;
	while (at->start_ms < end_ms) {
		struct grid_day when = grid_day_at(panes->grid, at->start_ms);
		struct day *day = day_slot(panes, when.day);
		if (!day->used || day->day != when.day) {
			*at = (struct place){when.hi, 0};
			continue;
		}
		int64_t start;
		struct pane *pane = pane_at(day, at->start_ms, &start);
		assert(start == at->start_ms); /* edges stand on pane starts */
		if (at->offset < (lists ? pane->who_count : pane->len))
			return pane;
		bool merged = day->merging && pane >= day->next && pane < day->next + day->next_count;
		int64_t next = start + (int64_t)level_min[day->level + merged] * MINUTE_MS;
		*at = (struct place){next < day->hi ? next : day->hi, 0};
	}
	return NULL;
}

bool
panes_next(struct panes *panes, struct place *at, int64_t end_ms, struct cell *cell)
{
	const struct pane *pane = walk(panes, at, end_ms, false);
	if (pane == NULL)
		return false;
	uint32_t tuple = cell_tuple(pane, at->offset), bytes = cell_bytes(panes, tuple);
	cell->place = *at;
	cell->tuple = tuple;
	memcpy(cell->sum, pane->cells + at->offset + CELL_HEAD, bytes - CELL_HEAD);
	at->offset += bytes;
	return true;
}

static uint32_t
who_append(struct panes *panes, struct pane *pane, uint32_t who)
{
	if (pane->who_count == pane->who_cap) {
		uint32_t cap = pane->who_cap + pane->who_cap / 2 + 2;
		panes->bytes += (cap - pane->who_cap) * sizeof(uint32_t);
		pane->who = mem_realloc(pane->who, cap * sizeof(uint32_t));
		pane->who_cap = cap;
	}
	pane->who[pane->who_count] = who;
	return pane->who_count++;
}

struct place
panes_who_add(struct panes *panes, int64_t start_ms, uint32_t who)
{
	struct place place;
	struct pane *pane = pane_at(day_open(panes, start_ms), start_ms, &place.start_ms);
	assert(place.start_ms == start_ms && pane->cells != NULL);
	place.offset = who_append(panes, pane, who);
	return place;
}

bool
panes_who_next(struct panes *panes, struct place *at, int64_t end_ms, struct listed *listed)
{
	const struct pane *pane = walk(panes, at, end_ms, true);
	if (pane == NULL)
		return false;
	*listed = (struct listed){*at, pane->who[at->offset++]};
	return true;
}

/* Cells whose tuple is already there go away. */
static void
cells_merge(struct panes *panes, struct pane *to, const struct pane *from)
{
	for (uint32_t offset = 0; offset < from->len;) {
		uint32_t tuple = cell_tuple(from, offset), columns = panes->owner.columns(panes->owner.context, tuple);
		int64_t sum[PANE_COLUMNS_MAX];
		memcpy(sum, from->cells + offset + CELL_HEAD, 8 * columns);
		uint32_t at = cell_find(panes, to, tuple);
		if (at == UINT32_MAX) {
			cell_append(panes, to, tuple, sum, columns);
		} else {
			cell_sum(to, at, sum, columns);
			panes->owner.cell_gone(panes->owner.context, tuple);
		}
		offset += CELL_HEAD + 8 * columns;
	}
}

static void
lists_merge(struct panes *panes, struct pane *to, int64_t to_ms, const struct pane *from, int64_t from_ms)
{
	for (uint32_t i = 0; i < from->who_count; i++)
		if (panes->owner.who_moved(panes->owner.context, from->who[i], (struct place){from_ms, i},
		                           (struct place){to_ms, to->who_count}))
			who_append(panes, to, from->who[i]);
}

static void
pane_merge(struct panes *panes, struct pane *to, int64_t to_ms, struct pane *from, int64_t from_ms)
{
	if (to->cells == NULL && from->cells != NULL && (to_ms == from_ms || from->who_count == 0)) {
		*to = *from; /* the first one moves as it is */
		*from = (struct pane){0};
		return;
	}
	cells_merge(panes, to, from);
	lists_merge(panes, to, to_ms, from, from_ms);
	pane_fini(panes, from);
}

static void
pane_shrink(struct panes *panes, struct pane *pane)
{
	if (pane->cells == NULL)
		return;
	panes->bytes -= pane->cap - pane->len;
	pane->cells = mem_realloc(pane->cells, pane->len);
	pane->cap = pane->len;
	index_drop(panes, pane); /* a late event builds it again */
	if (pane->who_cap > pane->who_count) {
		panes->bytes -= (pane->who_cap - pane->who_count) * sizeof(uint32_t);
		if (pane->who_count == 0) {
			free(pane->who);
			pane->who = NULL;
		} else {
			pane->who = mem_realloc(pane->who, pane->who_count * sizeof(uint32_t));
		}
		pane->who_cap = pane->who_count;
	}
}

/* False: out of budget. */
static bool
day_merge(struct panes *panes, struct day *day, uint64_t *budget)
{
	if (!day->merging) {
		day->next_count = slots_of(day, day->level + 1);
		day->next = run_new(panes, day->next_count);
		day->merged = 0;
		day->merging = true;
	}
	uint32_t per = (uint32_t)(level_min[day->level + 1] / level_min[day->level]);
	int64_t step_ms = (int64_t)level_min[day->level] * MINUTE_MS;
	for (; day->merged < day->next_count; day->merged++) {
		if (*budget == 0)
			return false;
		struct pane *to = &day->next[day->merged];
		panes->moves++;
		for (uint32_t i = day->merged * per; i < (day->merged + 1) * per && i < day->pane_count; i++) {
			uint64_t cost = day->pane[i].count + day->pane[i].who_count;
			pane_merge(panes, to, day->lo + day->merged * per * step_ms, &day->pane[i], day->lo + i * step_ms);
			*budget -= cost < *budget ? cost : *budget;
		}
		pane_shrink(panes, to);
	}
	free(day->pane);
	panes->bytes -= day->pane_count * sizeof(*day->pane);
	day->pane = day->next;
	day->pane_count = day->next_count;
	day->level++;
	day->merging = false;
	return true;
}

static bool
day_drop(struct panes *panes, struct day *day, uint64_t *budget)
{
	int64_t step_ms = (int64_t)level_min[day->level] * MINUTE_MS;
	for (uint32_t i = 0; i < day->pane_count; i++) {
		struct pane *pane = &day->pane[i];
		if (pane->cells == NULL)
			continue;
		if (*budget == 0)
			return false;
		uint64_t cost = pane->count + pane->who_count;
		*budget -= cost < *budget ? cost : *budget;
		panes->moves++;
		for (uint32_t w = 0; w < pane->who_count; w++) /* before the tuples that they name can go */
			panes->owner.who_gone(panes->owner.context, pane->who[w], (struct place){day->lo + i * step_ms, w});
		for (uint32_t offset = 0; offset < pane->len;) {
			uint32_t tuple = cell_tuple(pane, offset);
			offset += cell_bytes(panes, tuple);
			panes->owner.cell_gone(panes->owner.context, tuple);
		}
		pane_fini(panes, pane);
	}
	day_fini(panes, day);
	return true;
}

/* One step towards the level that a day's age asks for. True: nothing left. */
static bool
day_age(struct panes *panes, struct day *day, int64_t age, uint64_t *budget)
{
	while (day->used) {
		if (day->level + 1 < PANE_LEVELS && (day->merging || age > panes->keep_days[day->level])) {
			if (!day_merge(panes, day, budget))
				return false;
		} else if (age > panes->keep_days[PANE_LEVELS - 1]) {
			return day_drop(panes, day, budget);
		} else {
			break;
		}
	}
	return true;
}

bool
panes_age(struct panes *panes, int64_t today, uint64_t *budget)
{
	if (panes->newest_ms == INT64_MIN)
		return true;
	/* Days of the ring, oldest first; a long silence leaves gaps. */
	for (int64_t day = panes->oldest; day < panes->oldest + PANE_DAYS_MAX && day < today; day++) {
		struct day *slot = day_slot(panes, day);
		if (slot->used && slot->day == day && !day_age(panes, slot, today - day, budget))
			return false;
	}
	while (panes->oldest < today && !day_slot(panes, panes->oldest)->used &&
	       today - panes->oldest > panes->keep_days[PANE_LEVELS - 1])
		panes->oldest++;
	return true;
}

static const struct pane *
pane_of(struct panes *panes, int64_t ts_ms)
{
	struct grid_day when = grid_day_at(panes->grid, ts_ms);
	struct day *day = day_slot(panes, when.day);
	int64_t start;
	return day->used && day->day == when.day ? pane_at(day, ts_ms, &start) : NULL;
}

void
panes_prefetch(struct panes *panes, int64_t ts_ms, uint32_t tuple)
{
	const struct pane *pane = pane_of(panes, ts_ms);
	if (pane == NULL)
		return;
	if (pane->index_cap != 0)
		__builtin_prefetch(&pane->index[index_slot(tuple, pane->index_cap)]);
	else if (pane->large != NULL)
		index_prefetch(pane->large, index_hash(tuple));
}

void
panes_prefetch_cell(struct panes *panes, int64_t ts_ms, uint32_t tuple)
{
	const struct pane *pane = pane_of(panes, ts_ms);
	uint32_t offset = UINT32_MAX;
	if (pane == NULL)
		return;
	if (pane->index_cap != 0)
		offset = pane->index[index_slot(tuple, pane->index_cap)] - 1; /* empty: UINT32_MAX */
	else if (pane->large != NULL)
		offset = index_guess(pane->large, index_hash(tuple));
	if (offset != UINT32_MAX)
		__builtin_prefetch(pane->cells + offset, 1);
}

int64_t
panes_newest(const struct panes *panes)
{
	return panes->newest_ms;
}

uint64_t
panes_cells(const struct panes *panes)
{
	return panes->cells;
}

uint64_t
panes_moves(const struct panes *panes)
{
	return panes->moves;
}

uint64_t
panes_count(const struct panes *panes)
{
	return panes->panes_used;
}

uint64_t
panes_bytes(const struct panes *panes)
{
	return panes->bytes + sizeof(*panes);
}
