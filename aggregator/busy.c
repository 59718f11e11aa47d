/* busy.c - activities by (pane, tuple), and runs of them by (pane, position). */
#include "aggregator/busy.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

struct run {
	uint32_t start_s, at;
	uint32_t first, count;
	uint32_t next_free;
};

struct busy {
	struct busy_activity *activity;
	uint32_t end, cap, free, live;
	struct run *run;
	uint32_t run_end, run_cap, run_free;
	struct index by_tuple, by_place, open; /* activities; runs; the newest run of each pane */
	struct presences *presences;
};

struct busy *
busy_new(void)
{
	struct busy *busy = mem_zalloc(1, sizeof(*busy));
	index_init(&busy->by_tuple);
	index_init(&busy->by_place);
	index_init(&busy->open);
	busy->free = busy->run_free = BUSY_NONE;
	busy->presences = presences_new();
	return busy;
}

void
busy_free(struct busy *busy)
{
	if (busy == NULL)
		return;
	index_fini(&busy->by_tuple);
	index_fini(&busy->by_place);
	index_fini(&busy->open);
	presences_free(busy->presences);
	free(busy->activity);
	free(busy->run);
	free(busy);
}

uint64_t
busy_bytes(const struct busy *busy)
{
	return sizeof(*busy) + busy->cap * sizeof(struct busy_activity) + busy->run_cap * sizeof(struct run) +
	       index_bytes(&busy->by_tuple) + index_bytes(&busy->by_place) + index_bytes(&busy->open) +
	       presences_bytes(busy->presences);
}

uint32_t
busy_count(const struct busy *busy)
{
	return busy->live;
}

uint32_t
busy_end(const struct busy *busy)
{
	return busy->end;
}

struct presences *
busy_presences(struct busy *busy)
{
	return busy->presences;
}

static uint64_t
hash_of(uint32_t a, uint32_t b)
{
	uint64_t x = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);
	return (x ^ (x >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
}

struct busy_activity *
busy_at(const struct busy *busy, uint32_t number)
{
	return &busy->activity[number];
}

uint32_t
busy_find(const struct busy *busy, uint32_t start_s, uint32_t tuple)
{
	struct index_walk walk;
	for (uint32_t i = index_first(&busy->by_tuple, &walk, hash_of(start_s, tuple)); i != INDEX_NONE;
	     i = index_next(&busy->by_tuple, &walk))
		if (busy->activity[i].start_s == start_s && busy->activity[i].tuple == tuple)
			return i;
	return BUSY_NONE;
}

static uint32_t
run_find(const struct busy *busy, uint32_t start_s, uint32_t at)
{
	struct index_walk walk;
	for (uint32_t r = index_first(&busy->by_place, &walk, hash_of(start_s, at)); r != INDEX_NONE;
	     r = index_next(&busy->by_place, &walk))
		if (busy->run[r].start_s == start_s && busy->run[r].at == at)
			return r;
	return BUSY_NONE;
}

static uint32_t
open_find(const struct busy *busy, uint32_t start_s)
{
	struct index_walk walk;
	for (uint32_t r = index_first(&busy->open, &walk, hash_of(start_s, 0)); r != INDEX_NONE;
	     r = index_next(&busy->open, &walk))
		if (busy->run[r].start_s == start_s)
			return r;
	return BUSY_NONE;
}

uint32_t
busy_run(const struct busy *busy, uint32_t start_s, uint32_t at)
{
	uint32_t r = run_find(busy, start_s, at);
	return r == BUSY_NONE ? BUSY_NONE : busy->run[r].first;
}

bool
busy_room(const struct busy *busy, uint32_t start_s, uint32_t run_max, uint32_t *at)
{
	uint32_t r = open_find(busy, start_s);
	if (r == BUSY_NONE || busy->run[r].count >= run_max)
		return false;
	*at = busy->run[r].at;
	return true;
}

static uint32_t
run_new(struct busy *busy, uint32_t start_s, uint32_t at)
{
	uint32_t r = busy->run_free, newest = open_find(busy, start_s);
	if (r != BUSY_NONE) {
		busy->run_free = busy->run[r].next_free;
	} else {
		if (busy->run_end == busy->run_cap) {
			busy->run_cap = busy->run_cap + busy->run_cap / 2 + 8;
			busy->run = mem_realloc(busy->run, busy->run_cap * sizeof(*busy->run));
		}
		r = busy->run_end++;
	}
	busy->run[r] = (struct run){.start_s = start_s, .at = at, .first = BUSY_NONE};
	index_insert(&busy->by_place, hash_of(start_s, at), r);
	if (newest != BUSY_NONE)
		index_remove(&busy->open, hash_of(start_s, 0), newest);
	index_insert(&busy->open, hash_of(start_s, 0), r);
	return r;
}

static uint32_t
activity_new(struct busy *busy)
{
	uint32_t i = busy->free;
	busy->live++;
	if (i != BUSY_NONE) {
		busy->free = busy->activity[i].next;
		return i;
	}
	if (busy->end == busy->cap) {
		busy->cap = busy->cap + busy->cap / 2 + 64;
		busy->activity = mem_realloc(busy->activity, busy->cap * sizeof(*busy->activity));
	}
	return busy->end++;
}

void
busy_add(struct busy *busy, uint32_t start_s, uint32_t at, uint32_t tuple, uint32_t count)
{
	uint32_t r = run_find(busy, start_s, at), i = activity_new(busy);
	if (r == BUSY_NONE)
		r = run_new(busy, start_s, at);
	busy->activity[i] = (struct busy_activity){start_s, at, tuple, count, busy->run[r].first};
	busy->run[r].first = i;
	busy->run[r].count++;
	index_insert(&busy->by_tuple, hash_of(start_s, tuple), i);
}

uint32_t
busy_take(struct busy *busy, uint32_t start_s, uint32_t at)
{
	uint32_t r = run_find(busy, start_s, at);
	assert(r != BUSY_NONE);
	uint32_t first = busy->run[r].first;
	for (uint32_t i = first; i != BUSY_NONE; i = busy->activity[i].next)
		index_remove(&busy->by_tuple, hash_of(start_s, busy->activity[i].tuple), i);
	index_remove(&busy->by_place, hash_of(start_s, at), r);
	if (open_find(busy, start_s) == r)
		index_remove(&busy->open, hash_of(start_s, 0), r);
	busy->run[r].next_free = busy->run_free;
	busy->run_free = r;
	return first;
}

void
busy_release(struct busy *busy, uint32_t number)
{
	busy->activity[number] = (struct busy_activity){.tuple = BUSY_NONE};
	busy->activity[number].next = busy->free;
	busy->free = number;
	busy->live--;
}
