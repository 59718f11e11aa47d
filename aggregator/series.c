/* series.c - the table of series. */
#include "aggregator/series.h"
#include "aggregator/numbers.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

void
series_set_init(struct series_set *set, const struct kernel_config *config)
{
	const struct kpi_set *kpis = config->kpis;
	*set = (struct series_set){.config = config};
	pool_init(&set->pool, sizeof(struct series), SERIES_CHUNK);
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		uint32_t d = 0;
		if (kpis->measure[m].take != TAKE_PREVIOUS)
			continue;
		while (kpis->measure[d].take != TAKE_DISTINCT || !measure_same_class(&kpis->measure[m], &kpis->measure[d]))
			d++; /* the configuration was checked: there is one */
		set->distinct_of[m] = (uint8_t)d;
	}
	index_init(&set->index);
}

static size_t
block_bytes(uint32_t cap)
{
	return cap * ((1 + SLOT_COUNT) * sizeof(uint64_t) + 1);
}

void
series_set_fini(struct series_set *set)
{
	for (uint32_t id = 0; id < set->pool.end; id++) {
		struct series *series = series_at(set, id);
		slab_free(&set->slab, series->block, block_bytes(series->cap));
		slab_free(&set->slab, series->key, series->key_bytes);
	}
	slab_fini(&set->slab);
	pool_fini(&set->pool);
	for (uint32_t c = 0; c < set->dirty_chunks; c++)
		blocks_give_back(set->dirty[c], DIRTY_CHUNK * sizeof(uint32_t));
	free(set->dirty);
	index_fini(&set->index);
}

static uint64_t
key_hash(const struct series_set *set, uint32_t rollup, struct slice key)
{
	return hash_content(&set->config->key, key.p, key.n) + rollup * UINT64_C(0x9e3779b97f4a7c15);
}

static bool
key_is(const struct series *series, uint32_t rollup, struct slice key)
{
	return series->rollup == rollup && series->key_bytes == key.n &&
	       (key.n == 0 || memcmp(series->key, key.p, key.n) == 0);
}

uint32_t
series_find(const struct series_set *set, uint32_t rollup, struct slice key)
{
	struct index_walk walk;
	uint64_t hash = key_hash(set, rollup, key);
	for (uint32_t id = index_first(&set->index, &walk, hash); id != INDEX_NONE;
	     id = index_next(&set->index, &walk))
		if (key_is(series_at(set, id), rollup, key))
			return id;
	return UINT32_MAX;
}

uint32_t
series_make(struct series_set *set, uint32_t rollup, struct slice key, uint32_t parts)
{
	uint32_t id = pool_take(&set->pool);
	struct series *series = series_at(set, id);
	*series = (struct series){.rollup = (uint8_t)rollup,
	                          .key_bytes = key.n,
	                          .key_parts = (uint8_t)parts,
	                          .hash = key_hash(set, rollup, key),
	                          .live = true};
	if (key.n > 0) {
		series->key = slab_alloc(&set->slab, key.n);
		memcpy(series->key, key.p, key.n);
	}
	memcpy(series->period, set->period, sizeof(series->period));
	index_insert(&set->index, series->hash, id);
	set->rollup_count[rollup]++;
	set->live++;
	return id;
}

void
series_drop(struct series_set *set, uint32_t id)
{
	struct series *series = series_at(set, id);
	series_turn(set, series);
	for (uint32_t p = 0; p < series->measures; p++)
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
				assert(series_total(series, p, w, part) == 0);
	index_remove(&set->index, series->hash, id);
	set->rollup_count[series->rollup]--;
	set->live--;
	slab_free(&set->slab, series->block, block_bytes(series->cap));
	slab_free(&set->slab, series->key, series->key_bytes);
	series->block = NULL;
	series->key = NULL;
	series->cap = 0;
	series->live = false;
	series->audited = 0;
	series_mark(set, series, id); /* its id is free once the loss was told */
}

void
series_release(struct series_set *set, uint32_t id)
{
	pool_give_back(&set->pool, id);
}

uint32_t
series_position(struct series_set *set, uint32_t id, uint32_t measure)
{
	struct series *series = series_at(set, id);
	for (uint32_t p = 0; p < series->measures; p++)
		if (series_measures(series)[p] == measure)
			return p;
	if (series->measures == series->cap) {
		struct series old = *series;
		uint32_t cap = old.cap < 4 ? old.cap + 1 : old.cap + old.cap / 2;
		series->block = slab_alloc(&set->slab, block_bytes(cap));
		memset(series->block, 0, block_bytes(cap));
		series->cap = (uint8_t)cap;
		if (old.cap > 0) {
			memcpy(series->block, old.block, old.measures * sizeof(uint64_t));
			for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
				memcpy(series_slot(series, slot), series_slot(&old, slot), old.measures * sizeof(uint64_t));
			memcpy(series_measures(series), series_measures(&old), old.measures);
		}
		slab_free(&set->slab, old.block, block_bytes(old.cap));
	}
	series_measures(series)[series->measures] = (uint8_t)measure;
	return series->measures++;
}

void
series_mark_slow(struct series_set *set, uint32_t id)
{
	series_at(set, id)->dirty = true;
	if (set->dirty_end == set->dirty_chunks * DIRTY_CHUNK) {
		set->dirty = mem_realloc(set->dirty, (set->dirty_chunks + 1) * sizeof(*set->dirty));
		set->dirty[set->dirty_chunks++] = blocks_take(DIRTY_CHUNK * sizeof(uint32_t));
	}
	set->dirty[set->dirty_end / DIRTY_CHUNK][set->dirty_end % DIRTY_CHUNK] = id;
	set->dirty_end++;
}

uint32_t
series_take_dirty(struct series_set *set)
{
	uint32_t id = series_dirty_at(set, set->dirty_from++);
	series_at(set, id)->dirty = false;
	if (set->dirty_from == DIRTY_CHUNK) { /* the chunk is the last one from now on */
		uint32_t *told = set->dirty[0];
		memmove(set->dirty, set->dirty + 1, (set->dirty_chunks - 1) * sizeof(*set->dirty));
		set->dirty[set->dirty_chunks - 1] = told;
		set->dirty_from = 0;
		set->dirty_end -= DIRTY_CHUNK;
	}
	return id;
}

void
series_set_save(const struct series_set *set, struct stream_out *out)
{
	uint32_t next = 0;
	stream_put_mark(out, "SER1");
	stream_put(out, set->period, sizeof(set->period));
	stream_put_var(out, set->pool.end);
	stream_put_var(out, set->live); /* a dropped one that nobody was told of yet is not among them */
	for (uint32_t id = 0; id < set->pool.end; id++) {
		const struct series *series = series_at(set, id);
		if (!series->live)
			continue;
		assert(series_current(set, series));
		number_save(out, &next, id);
		const uint8_t bytes[] = {series->rollup, series->key_parts, series->measures};
		stream_put(out, bytes, sizeof(bytes));
		stream_put_var(out, series->key_bytes);
		stream_put(out, series->key, series->key_bytes);
		if (series->measures == 0)
			continue;
		stream_put(out, series_measures(series), series->measures);
		for (uint32_t p = 0; p < series->measures; p++)
			stream_put_int(out, (int64_t)series->block[p]);
		for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
			for (uint32_t p = 0; p < series->measures; p++)
				stream_put_int(out, (int64_t)series_slot(series, slot)[p]);
	}
}

static void
load_block(struct series_set *set, struct series *series, struct stream_in *in)
{
	if (series->measures == 0)
		return;
	series->cap = series->measures;
	series->block = slab_alloc(&set->slab, block_bytes(series->cap));
	stream_get(in, series_measures(series), series->measures);
	for (uint32_t p = 0; p < series->measures; p++)
		series->block[p] = (uint64_t)stream_get_int(in);
	for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
		for (uint32_t p = 0; p < series->measures; p++)
			series_slot(series, slot)[p] = (uint64_t)stream_get_int(in);
}

static void
load_one(struct series_set *set, uint32_t id, struct stream_in *in)
{
	struct series *series = series_at(set, id);
	uint8_t bytes[3];
	stream_get(in, bytes, sizeof(bytes));
	uint32_t key_bytes = stream_get_below(in, SERIES_KEY_MAX + 2 * EVENT_DIMS);
	if (!stream_good(in) || bytes[0] >= set->config->rollup_count || bytes[2] > MEASURES_MAX) {
		stream_fail(in);
		return;
	}
	*series = (struct series){.rollup = bytes[0], .key_parts = bytes[1], .measures = bytes[2], .key_bytes = key_bytes};
	if (key_bytes > 0) {
		series->key = slab_alloc(&set->slab, key_bytes);
		stream_get(in, series->key, key_bytes);
	}
	series->hash = key_hash(set, series->rollup, (struct slice){series->key, key_bytes});
	memcpy(series->period, set->period, sizeof(series->period));
	series->live = true;
	load_block(set, series, in);
	index_insert(&set->index, series->hash, id);
	set->rollup_count[series->rollup]++;
	set->live++;
	series_mark(set, series, id);
}

void
series_set_load(struct series_set *set, struct stream_in *in)
{
	struct numbers numbers;
	uint32_t id;
	stream_get_mark(in, "SER1");
	stream_get(in, set->period, sizeof(set->period));
	numbers_begin(&numbers, &set->pool, in);
	while (numbers_next(&numbers, in, &id))
		load_one(set, id, in);
}

int64_t
series_total(const struct series *series, uint32_t position, unsigned window, unsigned part)
{
	uint64_t head = part == PART_CUR ? series->block[position] : 0;
	return (int64_t)(series_slot(series, slot_of(window, part))[position] + head);
}

/* Those who were there in the part before: at a turn they are those of the new prev, which DISTINCT still has as cur. */
static bool
turn_previous(const struct series_set *set, const struct series *series, unsigned window, uint32_t turns)
{
	bool changed = false;
	for (uint32_t p = 0; p < series->measures; p++) {
		uint8_t m = series_measures(series)[p];
		if (set->config->kpis->measure[m].take != TAKE_PREVIOUS)
			continue;
		uint32_t d = 0;
		while (series_measures(series)[d] != set->distinct_of[m])
			d++; /* whoever has the one has the other */
		uint64_t *cur = series_slot(series, slot_of(window, PART_CUR));
		uint64_t *prev = series_slot(series, slot_of(window, PART_PREV));
		uint64_t was = cur[p] + series->block[p], present = cur[d] + series->block[d];
		uint64_t before = turns == 1 ? was : turns == 2 ? present : 0, is = turns == 1 ? present : 0;
		if (window == WINDOW_M)
			before = 0; /* beyond the horizon */
		changed |= is != was || before != prev[p];
		cur[p] = is - series->block[p];
		prev[p] = series_slot(series, slot_of(window, PART_PTD))[p] = before;
	}
	return changed;
}

bool
series_turn(struct series_set *set, struct series *series)
{
	bool changed = false;
	if (series_current(set, series))
		return false;
	for (unsigned c = 0; c < CALENDAR_WINDOWS; c++) {
		uint32_t turns = set->period[c] - series->period[c];
		if (turns == 0)
			continue;
		unsigned window = WINDOW_ROLLING + c;
		changed |= turn_previous(set, series, window, turns);
		for (uint32_t p = 0; p < series->measures; p++) {
			if (set->config->kpis->measure[series_measures(series)[p]].take == TAKE_PREVIOUS)
				continue;
			uint64_t *cur = series_slot(series, slot_of(window, PART_CUR)), head = series->block[p];
			uint64_t *prev = series_slot(series, slot_of(window, PART_PREV));
			uint64_t *ptd = series_slot(series, slot_of(window, PART_PTD)), total = cur[p] + head;
			changed |= total != 0 || prev[p] != 0 || ptd[p] != 0;
			prev[p] = turns == 1 ? total : 0;
			ptd[p] = 0;
			cur[p] = 0 - head;
		}
		series->period[c] = set->period[c];
	}
	return changed;
}
