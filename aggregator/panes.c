/* panes.c - days of panes of cells. */
#include "aggregator/pane.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const int level_min[PANE_LEVELS] = {1, 15, 60};

/*
 * While a day is merged, its first `begun` panes belong to those of `next`. All of them are
 * empty but the last one: what is left of it has not been moved yet.
 */
struct day {
	int64_t day, lo, hi;
	int level;
	bool used, merging;
	uint32_t begun;
	uint32_t pane_count, next_count;
	struct pane *pane, *next;
};

struct panes {
	struct grid *grid;
	int keep_days[PANE_LEVELS];
	struct pane_set set;
	struct day days[PANE_DAYS_MAX]; /* by day modulo PANE_DAYS_MAX */
	int64_t oldest;                 /* no day before it is used */
	int64_t newest_ms;
	uint64_t moves;
};

struct panes *
panes_new(struct grid *grid, const int keep_days[PANE_LEVELS], const struct panes_owner *owner)
{
	struct panes *panes = mem_zalloc(1, sizeof(*panes));
	panes->grid = grid;
	memcpy(panes->keep_days, keep_days, sizeof(panes->keep_days));
	assert(keep_days[PANE_LEVELS - 1] < PANE_DAYS_MAX - 4);
	panes->set.owner = *owner;
	panes->oldest = INT64_MAX;
	panes->newest_ms = INT64_MIN;
	return panes;
}

static void
run_fini(struct panes *panes, struct pane *run, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		pane_fini(&panes->set, &run[i]);
	free(run);
	panes->set.bytes -= count * sizeof(*run);
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

static int64_t
size_ms(int level)
{
	return level_min[level] * MINUTE_MS;
}

/* Slots of a level in a day; the last one may be short. */
static uint32_t
slots_of(const struct day *day, int level)
{
	return (uint32_t)((day->hi - day->lo + size_ms(level) - 1) / size_ms(level));
}

/* Panes of a day that is merged which go into one of the next level. */
static uint32_t
panes_per_next(const struct day *day)
{
	return (uint32_t)(level_min[day->level + 1] / level_min[day->level]);
}

static struct pane *
run_new(struct panes *panes, uint32_t count)
{
	panes->set.bytes += count * sizeof(struct pane);
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

static uint32_t
slot_at(const struct day *day, int64_t ts_ms)
{
	return (uint32_t)((ts_ms - day->lo) / size_ms(day->level));
}

static int64_t
slot_start(const struct day *day, uint32_t slot)
{
	return day->lo + slot * size_ms(day->level);
}

/* The pane of a day to which an event at ts is added (or that starts at it), with its start. */
static struct pane *
pane_at(struct day *day, int64_t ts_ms, int64_t *start_ms)
{
	uint32_t slot = slot_at(day, ts_ms), per;
	if (!day->merging || slot >= day->begun) {
		*start_ms = slot_start(day, slot);
		return &day->pane[slot];
	}
	per = panes_per_next(day);
	*start_ms = slot_start(day, slot / per * per);
	return &day->next[slot / per];
}

struct place
panes_add(struct panes *panes, int64_t ts_ms, uint32_t tuple, const int64_t *sum, uint32_t columns, bool *made)
{
	struct place place;
	struct day *day = day_open(panes, ts_ms);
	struct pane *pane = pane_at(day, ts_ms, &place.start_ms);
	place.offset = pane_add(&panes->set, pane, tuple, sum, columns, made);
	if (place.start_ms > panes->newest_ms)
		panes->newest_ms = place.start_ms;
	return place;
}

/*
 * The pane of a day that starts at start_ms, and where the next one starts: all panes, and what is left of the one
 * that is being merged, which follows what it is merged into.
 */
static const struct pane *
pane_walked(const struct day *day, int64_t start_ms, int64_t *next_ms)
{
	uint32_t slot = slot_at(day, start_ms), next = slot + 1;
	const struct pane *pane = &day->pane[slot];
	assert(slot_start(day, slot) == start_ms); /* edges stand on pane starts */
	if (day->merging && slot < day->begun && slot % panes_per_next(day) == 0) {
		uint32_t left = day->begun - 1, end = slot + panes_per_next(day);
		pane = &day->next[slot / panes_per_next(day)];
		if (left > slot)
			next = left < end ? left : end;
	}
	*next_ms = slot_start(day, next) < day->hi ? slot_start(day, next) : day->hi;
	return pane;
}

/* The first pane with something at or behind *at and before end_ms, which *at then is in; NULL: none. */
static const struct pane *
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
		int64_t next_ms;
		const struct pane *pane = pane_walked(day, at->start_ms, &next_ms);
		uint32_t taken = lists ? pane->who_taken : pane->cells_taken;
		if (at->offset < taken)
			at->offset = taken;
		if (at->offset < (lists ? pane_listed_count(pane) : pane->cells.len))
			return pane;
		*at = (struct place){next_ms, 0};
	}
	return NULL;
}

bool
panes_next(struct panes *panes, struct place *at, int64_t end_ms, struct cell *cell)
{
	const struct pane *pane = walk(panes, at, end_ms, false);
	if (pane == NULL)
		return false;
	cell->place.start_ms = at->start_ms;
	pane_cell(pane, &at->offset, cell);
	return true;
}

struct place
panes_who_add(struct panes *panes, int64_t start_ms, uint32_t who)
{
	struct place place;
	struct pane *pane = pane_at(day_open(panes, start_ms), start_ms, &place.start_ms);
	assert(place.start_ms == start_ms);
	place.offset = pane_list(&panes->set, pane, who);
	return place;
}

bool
panes_who_next(struct panes *panes, struct place *at, int64_t end_ms, struct listed *listed)
{
	const struct pane *pane = walk(panes, at, end_ms, true);
	if (pane == NULL)
		return false;
	*listed = (struct listed){*at, pane_listed(pane, at->offset)};
	at->offset++;
	return true;
}

int64_t
panes_merging(const struct panes *panes, int64_t start_ms)
{
	struct grid_day when = grid_day_at(panes->grid, start_ms);
	const struct day *day = &panes->days[(uint64_t)when.day % PANE_DAYS_MAX];
	assert(day->used && day->day == when.day);
	if (!day->merging || day->begun == 0)
		return start_ms;
	int64_t left_ms = slot_start(day, day->begun - 1);
	return left_ms >= start_ms && left_ms < start_ms + size_ms(day->level + 1) ? left_ms : start_ms;
}

/* Cells whose tuple is already there go away. False: out of budget. */
static bool
cells_merge(struct panes *panes, struct pane *to, struct pane *from, uint64_t *budget)
{
	const struct panes_owner *owner = &panes->set.owner;
	struct cell cell;
	bool made;
	for (; from->count > 0; --*budget) {
		if (*budget == 0 || !pane_index(&panes->set, to, budget) || *budget == 0)
			return false;
		pane_take_cell(&panes->set, from, &cell);
		pane_add(&panes->set, to, cell.tuple, cell.sum, cell.columns, &made);
		if (!made)
			owner->cell_gone(owner->context, cell.tuple);
	}
	return true;
}

static bool
lists_merge(struct panes *panes, struct pane *to, int64_t to_ms, struct pane *from, int64_t from_ms, uint64_t *budget)
{
	const struct panes_owner *owner = &panes->set.owner;
	struct listed listed = {.place.start_ms = from_ms};
	for (; *budget > 0 && pane_take_listed(&panes->set, from, &listed); --*budget)
		if (owner->who_moved(owner->context, listed.who, listed.place, (struct place){to_ms, pane_listed_count(to)}))
			pane_list(&panes->set, to, listed.who);
	return from->who_taken == pane_listed_count(from);
}

/* What is left of the last pane that was begun. False: out of budget. */
static bool
merge_left(struct panes *panes, struct day *day, uint64_t *budget)
{
	uint32_t left = day->begun - 1, per = panes_per_next(day);
	struct pane *from = &day->pane[left], *to = &day->next[left / per];
	if (!cells_merge(panes, to, from, budget) ||
	    !lists_merge(panes, to, slot_start(day, left / per * per), from, slot_start(day, left), budget))
		return false;
	pane_fini(&panes->set, from);
	if (day->begun % per == 0 || day->begun == day->pane_count)
		pane_shrink(&panes->set, to);
	return true;
}

/* The first pane of a slot moves as it is: nothing is ever left at the start that the two share. */
static void
merge_begin(struct panes *panes, struct day *day)
{
	uint32_t slot = day->begun++, per = panes_per_next(day);
	struct pane *from = &day->pane[slot], *to = &day->next[slot / per];
	panes->moves += !pane_is_empty(from);
	if (pane_is_empty(from) || !pane_is_empty(to) || (slot % per > 0 && pane_listed_count(from) > 0))
		return;
	*to = *from;
	*from = (struct pane){0};
}

/* False: out of budget. */
static bool
day_merge(struct panes *panes, struct day *day, uint64_t *budget)
{
	if (!day->merging) {
		day->next_count = slots_of(day, day->level + 1);
		day->next = run_new(panes, day->next_count);
		day->begun = 0;
		day->merging = true;
	}
	for (;; merge_begin(panes, day)) {
		if (day->begun > 0 && !merge_left(panes, day, budget))
			return false;
		if (day->begun == day->pane_count)
			break;
	}
	free(day->pane);
	panes->set.bytes -= day->pane_count * sizeof(*day->pane);
	day->pane = day->next;
	day->pane_count = day->next_count;
	day->level++;
	day->merging = false;
	return true;
}

/* False: out of budget. */
static bool
pane_drop(struct panes *panes, struct pane *pane, int64_t start_ms, uint64_t *budget)
{
	const struct panes_owner *owner = &panes->set.owner;
	struct listed listed = {.place.start_ms = start_ms};
	struct cell cell;
	/* Those who are listed before the tuples that they name can go. */
	for (; *budget > 0 && pane_take_listed(&panes->set, pane, &listed); --*budget)
		owner->who_gone(owner->context, listed.who, listed.place);
	for (; *budget > 0 && pane_take_cell(&panes->set, pane, &cell); --*budget)
		owner->cell_gone(owner->context, cell.tuple);
	if (pane->count > 0)
		return false;
	pane_fini(&panes->set, pane);
	return true;
}

static bool
day_drop(struct panes *panes, struct day *day, uint64_t *budget)
{
	for (uint32_t i = 0; i < day->pane_count; i++) {
		struct pane *pane = &day->pane[i];
		panes->moves += !pane_is_empty(pane);
		if (!pane_is_empty(pane) && !pane_drop(panes, pane, slot_start(day, i), budget))
			return false;
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

static void
pane_save(const struct pane *pane, uint32_t slot, struct stream_out *out)
{
	struct cell cell;
	assert(pane->cells_taken == 0 && pane->who_taken == 0);
	stream_put_var(out, slot + 1);
	stream_put_var(out, pane->count);
	for (uint32_t at = 0, n = 0; n < pane->count; n++) {
		pane_cell(pane, &at, &cell);
		stream_put_var(out, (uint64_t)cell.tuple << 4 | cell.columns);
		for (uint32_t c = 0; c < cell.columns; c++)
			stream_put_int(out, cell.sum[c]);
	}
	stream_put_var(out, pane_listed_count(pane));
	for (uint32_t at = 0; at < pane_listed_count(pane); at++)
		stream_put_var(out, pane_listed(pane, at));
}

void
panes_save(const struct panes *panes, struct stream_out *out)
{
	stream_put_mark(out, "PAN1");
	stream_put_int(out, panes->newest_ms);
	stream_put_int(out, panes->oldest);
	for (uint32_t d = 0; d < PANE_DAYS_MAX; d++) {
		const struct day *day = &panes->days[d];
		if (!day->used)
			continue;
		assert(!day->merging);
		stream_put_var(out, d + 1);
		stream_put_int(out, day->day);
		stream_put_var(out, (uint64_t)day->level);
		for (uint32_t slot = 0; slot < day->pane_count; slot++)
			if (!pane_is_empty(&day->pane[slot]))
				pane_save(&day->pane[slot], slot, out);
		stream_put_var(out, 0);
	}
	stream_put_var(out, 0);
}

static void
pane_load(struct panes *panes, struct pane *pane, struct stream_in *in, void (*each)(void *context, uint32_t tuple),
          void *context)
{
	int64_t sum[PANE_COLUMNS_MAX];
	for (uint64_t n = stream_get_var(in); n > 0 && stream_good(in); n--) {
		uint64_t head = stream_get_var(in);
		uint32_t columns = head & 15, tuple = (uint32_t)(head >> 4);
		if (columns > PANE_COLUMNS_MAX)
			stream_fail(in);
		for (uint32_t c = 0; c < columns && stream_good(in); c++)
			sum[c] = stream_get_int(in);
		if (!stream_good(in))
			return;
		pane_append(&panes->set, pane, tuple, sum, columns);
		each(context, tuple);
	}
	for (uint64_t n = stream_get_var(in); n > 0 && stream_good(in); n--)
		pane_list(&panes->set, pane, (uint32_t)stream_get_var(in));
}

static void
day_load(struct panes *panes, struct day *day, struct stream_in *in, void (*each)(void *context, uint32_t tuple),
         void *context)
{
	int64_t number = stream_get_int(in);
	int level = (int)stream_get_below(in, PANE_LEVELS);
	if (!stream_good(in) || day != day_slot(panes, number) || day->used) {
		stream_fail(in);
		return;
	}
	int64_t lo = zone_day_start(panes->grid->zone, number), hi = zone_day_start(panes->grid->zone, number + 1);
	*day = (struct day){.day = number, .lo = lo, .hi = hi, .level = level, .used = true};
	day->pane_count = slots_of(day, level);
	day->pane = run_new(panes, day->pane_count);
	for (uint32_t slot; (slot = stream_get_below(in, day->pane_count + UINT64_C(1))) > 0;) {
		struct pane *pane = &day->pane[slot - 1];
		if (!pane_is_empty(pane))
			stream_fail(in);
		pane_load(panes, pane, in, each, context);
		if (level > 0 && !pane_is_empty(pane))
			pane_shrink(&panes->set, pane);
	}
}

void
panes_load(struct panes *panes, struct stream_in *in, void (*each)(void *context, uint32_t tuple), void *context)
{
	stream_get_mark(in, "PAN1");
	panes->newest_ms = stream_get_int(in);
	panes->oldest = stream_get_int(in);
	for (uint32_t d; (d = stream_get_below(in, PANE_DAYS_MAX + 1)) > 0;)
		day_load(panes, &panes->days[d - 1], in, each, context);
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
	if (pane != NULL)
		pane_prefetch(pane, tuple);
}

void
panes_prefetch_cell(struct panes *panes, int64_t ts_ms, uint32_t tuple)
{
	const struct pane *pane = pane_of(panes, ts_ms);
	if (pane != NULL)
		pane_prefetch_cell(pane, tuple);
}

int64_t
panes_newest(const struct panes *panes)
{
	return panes->newest_ms;
}

uint64_t
panes_cells(const struct panes *panes)
{
	return panes->set.cells;
}

uint64_t
panes_moves(const struct panes *panes)
{
	return panes->moves;
}

uint64_t
panes_looks(const struct panes *panes)
{
	return panes->set.looks;
}

uint64_t
panes_count(const struct panes *panes)
{
	return panes->set.used;
}

uint64_t
panes_bytes(const struct panes *panes)
{
	return panes->set.bytes + sizeof(*panes);
}
