/* image.c - the kernel's tables, one after the other: whom others refer to comes first. */
#include "aggregator/image.h"
#include "aggregator/numbers.h"
#include "aggregator/state.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

/* Who did what */

static void
save_timeline(const struct timeline *timeline, struct stream_out *out)
{
	struct timeline_walk walk;
	stream_put_var(out, timeline_count(timeline));
	for (const struct moment *at = timeline_walk(&walk, timeline, 0); at != NULL; at = timeline_next(&walk))
		stream_put(out, at, sizeof(*at));
}

static void
load_timeline(struct kernel *kernel, struct timeline **timeline, struct stream_in *in)
{
	struct moment moment;
	for (uint64_t n = stream_get_var(in); n > 0 && stream_get(in, &moment, sizeof(moment)); n--)
		timeline_add(timeline, moment, &kernel->entities.slab);
}

static void
save_activities(const struct entity *entity, struct stream_out *out)
{
	if (!entity->is_busy) {
		stream_put_var(out, entity->count);
		for (uint32_t i = 0; i < entity->count; i++)
			stream_put(out, &entity_activities(entity)[i], sizeof(struct activity));
		return;
	}
	stream_put_var(out, busy_count(entity->busy));
	for (uint32_t i = 0; i < busy_end(entity->busy); i++) {
		const struct busy_activity *busy = busy_at(entity->busy, i);
		if (busy->tuple == BUSY_NONE)
			continue;
		const struct activity activity = {busy->start_s, busy->at, busy->tuple, busy->count};
		stream_put(out, &activity, sizeof(activity));
	}
}

static void
save_entities(const struct entity_set *set, struct stream_out *out)
{
	uint32_t next = 0;
	stream_put_mark(out, "ENT1");
	stream_put_var(out, set->pool.end);
	stream_put_var(out, set->pool.live);
	for (uint32_t id = 0; id < set->pool.end; id++) {
		const struct entity *entity = entity_at(set, id);
		if (!entity->live)
			continue;
		number_save(out, &next, id);
		stream_put(out, &entity->hash, sizeof(entity->hash));
		stream_put_var(out, (uint64_t)entity->refs << 3 | (uint64_t)entity->is_busy << 2 | entity->kind);
		save_activities(entity, out);
		save_timeline(entity->touches, out);
		save_timeline(entity->sales, out);
	}
}

/* Activities that are looked through stand as they are. */
static void
load_activities(struct kernel *kernel, struct entity *entity, bool is_busy, struct stream_in *in)
{
	uint32_t count = stream_get_below(in, STREAM_PIECE_MAX);
	if (count == 0 || !stream_good(in))
		return;
	struct activity *activity = is_busy     ? mem_alloc(count * sizeof(*activity))
	                            : count == 1 ? &entity->one
	                                         : slab_alloc(&kernel->entities.slab, count * sizeof(*activity));
	for (uint32_t i = 0; i < count; i++)
		if (stream_get(in, &activity[i], sizeof(*activity)) && activity[i].tuple >= kernel->tuples.pool.end)
			stream_fail(in);
	kernel->entities.activities += count;
	if (is_busy) {
		if (stream_good(in))
			touch_excite(kernel, entity, activity, count);
		free(activity);
		return;
	}
	entity->count = count;
	entity->cap = count > 1 ? count : 0;
	if (count > 1)
		entity->activity = activity;
}

static void
load_entities(struct kernel *kernel, struct stream_in *in)
{
	struct numbers numbers;
	uint32_t id;
	stream_get_mark(in, "ENT1");
	numbers_begin(&numbers, &kernel->entities.pool, in);
	while (numbers_next(&numbers, in, &id)) {
		struct entity *entity = entity_at(&kernel->entities, id);
		stream_get(in, &entity->hash, sizeof(entity->hash));
		uint64_t word = stream_get_var(in);
		if ((word & 3) >= ENTITY_KINDS)
			stream_fail(in);
		entity->kind = word & 3;
		entity->refs = (uint32_t)(word >> 3);
		entity->live = true;
		load_activities(kernel, entity, word >> 2 & 1, in);
		load_timeline(kernel, &entity->touches, in);
		load_timeline(kernel, &entity->sales, in);
		index_insert(&kernel->entities.index, entity->hash.lo, id);
	}
}

/* What can still change */

static bool
has_money(const struct fact *fact)
{
	return fact->type == EVENT_REFUND || fact->type == EVENT_CORRECT || fact->type == EVENT_VOID;
}

static void
save_facts(const struct facts *facts, struct stream_out *out)
{
	uint32_t next = 0;
	stream_put_mark(out, "FAC1");
	stream_put_var(out, facts->seq);
	stream_put_var(out, facts->parked);
	stream_put_var(out, facts->pool.end);
	stream_put_var(out, facts->pool.live);
	for (uint32_t n = 0; n < facts->pool.end; n++) {
		const struct fact *fact = fact_at(facts, n);
		if (!fact->live)
			continue;
		number_save(out, &next, n);
		stream_put(out, fact, sizeof(*fact));
		if (has_money(fact))
			stream_put(out, fact_money(facts, fact), sizeof(struct money_part));
	}
}

static void
load_money(struct facts *facts, struct fact *fact, uint32_t number, struct stream_in *in)
{
	fact->money = pool_take(&facts->money);
	struct money_part *money = fact_money(facts, fact);
	stream_get(in, money, sizeof(*money));
	if ((money->target.lo | money->target.hi) != 0)
		index_insert(&facts->by_target, money->target.lo, number);
}

static void
load_facts(struct facts *facts, struct stream_in *in)
{
	struct numbers numbers;
	uint32_t n;
	stream_get_mark(in, "FAC1");
	facts->seq = stream_get_var(in);
	facts->parked = stream_get_var(in);
	numbers_begin(&numbers, &facts->pool, in);
	while (numbers_next(&numbers, in, &n)) {
		struct fact *fact = fact_at(facts, n);
		if (!stream_get(in, fact, sizeof(*fact)))
			return;
		if (has_money(fact))
			load_money(facts, fact, n, in);
		index_insert(&facts->by_id, fact->id.lo, n);
	}
}

static void
save_leads(const struct leads *leads, struct stream_out *out)
{
	uint32_t next = 0;
	stream_put_mark(out, "LEA1");
	stream_put_var(out, leads->pool.end);
	stream_put_var(out, leads->pool.live);
	for (uint32_t n = 0; n < leads->pool.end; n++) {
		if (!lead_at(leads, n)->live)
			continue;
		number_save(out, &next, n);
		stream_put(out, lead_at(leads, n), sizeof(struct lead));
	}
}

static void
load_leads(struct leads *leads, struct stream_in *in)
{
	struct numbers numbers;
	uint32_t n;
	stream_get_mark(in, "LEA1");
	numbers_begin(&numbers, &leads->pool, in);
	while (numbers_next(&numbers, in, &n))
		if (stream_get(in, lead_at(leads, n), sizeof(struct lead)))
			index_insert(&leads->index, lead_at(leads, n)->name.lo, n);
}

static void
save_firsts(const struct firsts *firsts, struct stream_out *out)
{
	stream_put_mark(out, "FIR1");
	stream_put_var(out, firsts->pool.end);
	for (uint32_t n = 0; n < firsts->pool.end; n++)
		stream_put(out, pool_at(&firsts->pool, n, sizeof(struct hash128), FIRST_CHUNK), sizeof(struct hash128));
}

static void
load_firsts(struct firsts *firsts, struct stream_in *in)
{
	struct hash128 kept;
	stream_get_mark(in, "FIR1");
	for (uint64_t n = stream_get_var(in); n > 0 && stream_get(in, &kept, sizeof(kept)); n--)
		firsts_keep(firsts, kept, (unsigned)(kept.hi & ((1u << FIRST_BITS) - 1)));
}

/* The whole */

void
kernel_save(struct kernel *kernel, struct stream_out *out)
{
	assert(kernel->now_ms != INT64_MIN);
	kernel_drain(kernel, UINT64_MAX);
	stream_put_mark(out, "KER1");
	stream_put_int(out, kernel->now_ms);
	stream_put(out, kernel->abs, sizeof(kernel->abs));
	stream_put(out, kernel->abs_day, sizeof(kernel->abs_day));
	series_set_save(&kernel->series, out);
	tuple_set_save(&kernel->tuples, out);
	panes_save(kernel->panes, out);
	ids_save(kernel->ids, kernel->now_ms - kernel->config.horizon_ms, out);
	save_entities(&kernel->entities, out);
	save_facts(&kernel->facts, out);
	save_leads(&kernel->leads, out);
	save_firsts(&kernel->firsts, out);
	stream_put_mark(out, "END1");
}

static void
count_cell(void *context, uint32_t tuple)
{
	struct kernel *kernel = context;
	if (tuple < kernel->tuples.pool.end) /* else activities and all that follows will fail as well */
		tuple_at(&kernel->tuples, tuple)->cells++;
}

bool
kernel_load(struct kernel *kernel, struct stream_in *in)
{
	assert(kernel->now_ms == INT64_MIN);
	stream_get_mark(in, "KER1");
	int64_t now_ms = stream_get_int(in);
	stream_get(in, kernel->abs, sizeof(kernel->abs));
	stream_get(in, kernel->abs_day, sizeof(kernel->abs_day));
	if (!stream_good(in))
		return false;
	edges_restore(kernel, now_ms);
	series_set_load(&kernel->series, in);
	tuple_set_load(&kernel->tuples, &kernel->series, in);
	panes_load(kernel->panes, in, count_cell, kernel);
	ids_load(kernel->ids, in);
	load_entities(kernel, in);
	load_facts(&kernel->facts, in);
	load_leads(&kernel->leads, in);
	load_firsts(&kernel->firsts, in);
	stream_get_mark(in, "END1");
	kernel->sweep = kernel->series.pool.end;
	kernel->forget_table = UINT32_MAX; /* until a period turns */
	return stream_good(in);
}

/* What it depends on, and what it is */

enum {
	IMAGE_KERNEL_FORM = 1, /* one more when a record means something else than before */
	FINGERPRINT_DAYS = 130 /* twice the horizon: nothing that is older has a pane, or a part of a window */,
};

struct print {
	XXH3_state_t *state;
};

static void
add(struct print *print, const void *bytes, size_t n)
{
	XXH3_128bits_update(print->state, bytes, n);
}

static void
add_number(struct print *print, int64_t number)
{
	add(print, &number, sizeof(number));
}

static void
add_text(struct print *print, const char *text)
{
	add(print, text, strlen(text) + 1);
}

static void
add_measure(struct print *print, const struct measure *measure)
{
	const uint8_t bytes[] = {measure->from,  measure->take, measure->num,     measure->entity,
	                         measure->stage, measure->of,   measure->as_sold, measure->where_count};
	add_text(print, measure->name);
	add(print, bytes, sizeof(bytes));
	for (unsigned w = 0; w < measure->where_count; w++) {
		const struct where *where = &measure->where[w];
		add_number(print, where->field);
		add_number(print, where->count);
		for (unsigned v = 0; v < where->count; v++) {
			add_number(print, where->number[v]);
			add_text(print, where->value[v] != NULL ? where->value[v] : "");
		}
	}
}

static struct hash128
print_end(struct print *print)
{
	XXH128_hash_t hash = XXH3_128bits_digest(print->state);
	XXH3_freeState(print->state);
	return (struct hash128){hash.low64, hash.high64};
}

static struct print
print_begin(void)
{
	struct print print = {XXH3_createState()};
	XXH3_128bits_reset(print.state);
	return print;
}

struct hash128
kernel_fingerprint(const struct kernel_config *config, int64_t now_ms)
{
	struct print print = print_begin();
	const int64_t numbers[] = {
	    /* the form of what is written as it lies in memory */
	    sizeof(struct fact), sizeof(struct money_part), sizeof(struct lead), sizeof(struct moment), sizeof(struct activity),
	    sizeof(struct abs_day), offsetof(struct fact, type), offsetof(struct lead, live), EVENT_TYPE_COUNT, STAGE_CUSTOMER,
	    MARKS, COLUMN_SOURCES, SLOT_COUNT, PRESENCE_BITS, IMAGE_KERNEL_FORM,
	    config->week_start, config->clock_events, config->horizon_ms, config->future_ms, config->look_back_ms,
	    config->rollup_count, config->series_max, config->kpis->spend_dims, config->kpis->measure_count,
	};
	add(&print, config->key.sip, sizeof(config->key.sip));
	add(&print, numbers, sizeof(numbers));
	add(&print, config->slide_min, sizeof(config->slide_min));
	int64_t today = zone_day_of(config->zone, now_ms);
	for (int64_t day = today - FINGERPRINT_DAYS; day <= today + 1; day++)
		add_number(&print, zone_day_start(config->zone, day));
	for (uint32_t r = 0; r < config->rollup_count; r++)
		add_number(&print, config->rollup[r].dims_mask);
	for (uint32_t m = 0; m < config->kpis->measure_count; m++)
		add_measure(&print, &config->kpis->measure[m]);
	return print_end(&print);
}

/* Measures in the order of their numbers; without those that are 0 everywhere. */
static XXH128_hash_t
series_digest(const struct kernel *kernel, const struct series *series)
{
	int64_t total[MEASURES_MAX * (SLOT_COUNT + 1)];
	uint32_t n = 0;
	for (uint32_t m = 0; m < kernel->config.kpis->measure_count; m++) {
		uint32_t p = 0;
		while (p < series->measures && series_measures(series)[p] != m)
			p++;
		if (p == series->measures)
			continue;
		int64_t any = 0;
		total[n] = m;
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
				any |= total[n + 1 + slot_of(w, part)] = series_total(series, p, w, part);
		n += any != 0 ? SLOT_COUNT + 1 : 0;
	}
	XXH128_hash_t key = XXH3_128bits_withSeed(series->key, series->key_bytes, series->rollup);
	return XXH3_128bits_withSeed(total, n * sizeof(total[0]), key.low64 ^ key.high64);
}

struct hash128
kernel_digest(struct kernel *kernel, uint32_t series_max)
{
	struct print print = print_begin();
	uint64_t lo = 0, hi = 0;
	kernel_drain(kernel, UINT64_MAX);
	for (uint32_t id = 0; id < kernel->series.pool.end; id++) {
		const struct series *series = series_at(&kernel->series, id);
		if (!series->live || kernel->series.rollup_count[series->rollup] > series_max)
			continue;
		XXH128_hash_t one = series_digest(kernel, series);
		lo += one.low64;
		hi += one.high64;
	}
	/* Not how many records there are: when what is too old is forgotten depends on how drains are cut. */
	const uint64_t numbers[] = {(uint64_t)kernel->now_ms, lo, hi, kernel->facts.seq};
	add(&print, numbers, sizeof(numbers));
	return print_end(&print);
}
