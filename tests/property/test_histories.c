/*
 * test_histories.c - the kernel against the oracle on random histories.
 *
 * One seed is one history: a zone, a week start, slides, measures, rollups, then
 * groups of events (fresh, late, ahead, duplicate, conflicting, negative), ticks,
 * silences, month ends and clock changes, with drains cut into random slices.
 * At random moments every series x window x part x measure is compared.
 *
 *     LAJU_SEED=n   runs that seed alone      LAJU_SEEDS=n   runs n seeds (default 200)
 */
#include "aggregator/kernel.h"
#include "tests/oracle/oracle.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { EVENTS_KEPT = 400 };
static const int64_t MINUTE = 60000, HOUR = 3600000, DAY = 86400000;

struct random {
	uint64_t state;
};

static uint64_t
next(struct random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int64_t
below(struct random *random, int64_t n)
{
	return (int64_t)(next(random) % (uint64_t)n);
}

static bool
chance(struct random *random, int percent)
{
	return below(random, 100) < percent;
}

/* Zones and an instant near which something odd happens there. */
static const struct {
	const char *zone, *around;
	int64_t at_ms;
} places[] = {
    {"UTC", "new year", 1704067200000},
    {"Asia/Jakarta", "no changes", 1795392000000},
    {"America/New_York", "spring forward", 1710054000000},
    {"America/New_York", "fall back", 1730613600000},
    {"Australia/Lord_Howe", "half an hour back", 1712415600000},
    {"Australia/Lord_Howe", "half an hour forward", 1728142200000},
    {"Asia/Kathmandu", "offset +05:45", 1709251200000},
    {"Africa/Cairo", "day starts 01:00", 1714082400000},
    {"Africa/Cairo", "midnight repeats", 1730408400000},
    {"America/St_Johns", "changes at 00:01", 1162090000000},
    {"Pacific/Apia", "a date that never was", 1325239200000},
    {"America/Santiago", "midnight skipped", 1725768000000},
};

struct world {
	struct random random;
	uint64_t seed;
	struct zone zone;
	struct kpi_set kpis;
	struct kernel_config config;
	struct oracle_config oracle_config;
	struct oracle_measure oracle_measure[MEASURES_MAX];
	struct kernel *kernel;
	struct oracle *oracle;
	int64_t recv_ms;
	uint32_t next_id;
	/* past events, to be repeated or contradicted */
	struct past {
		char id[16];
		struct oracle_event event;
		char dim[EVENT_DIMS][8], cust[8], order[8], visit[8], lead[8], ref[16];
	} past[EVENTS_KEPT];
	uint32_t past_count;
	uint64_t compared;
	struct kernel_view *told; /* by series, as they were last told */
	uint32_t told_cap;
};

static void
add_measure(struct world *world, const char *name, enum event_type from, int field)
{
	uint32_t m = world->kpis.measure_count++;
	struct measure *measure = &world->kpis.measure[m];
	snprintf(measure->name, sizeof(measure->name), "%s", name);
	measure->from = (uint8_t)from;
	measure->take = field < 0 ? TAKE_COUNT : TAKE_SUM;
	measure->num = (uint8_t)(field < 0 ? 0 : field);
	world->oracle_measure[m] = (struct oracle_measure){.name = name, .type = (int)from, .field = field};
}

static void
add_where(struct world *world, unsigned field, const char *value, int number)
{
	uint32_t m = world->kpis.measure_count - 1;
	struct measure *measure = &world->kpis.measure[m];
	struct oracle_measure *model = &world->oracle_measure[m];
	struct where *where = &measure->where[measure->where_count++];
	where->field = (uint8_t)field;
	where->count = 1;
	where->number[0] = (uint8_t)number;
	where->value[0] = value != NULL ? strdup(value) : NULL;
	struct oracle_filter *filter = &model->filter[model->filter_count++];
	filter->what = (int)field;
	filter->value_count = 1;
	filter->text[0] = value;
	filter->number[0] = number;
}

static void
add_touch(struct world *world, const char *name, enum event_type from, enum measure_take take, enum entity_kind entity)
{
	add_measure(world, name, from, -1);
	uint32_t m = world->kpis.measure_count - 1;
	world->kpis.measure[m].take = (uint8_t)take;
	world->kpis.measure[m].entity = (uint8_t)entity;
	world->oracle_measure[m].take = take == TAKE_DISTINCT   ? ORACLE_DISTINCT
	                                : take == TAKE_RETAINED ? ORACLE_RETAINED
	                                                        : ORACLE_PREVIOUS;
	world->oracle_measure[m].entity = (int)entity;
}

static void
add_stage(struct world *world, const char *name, enum event_stage stage, enum event_stage of)
{
	add_measure(world, name, EVENT_LEAD, -1);
	uint32_t m = world->kpis.measure_count - 1;
	world->kpis.measure[m].take = of == STAGE_NONE ? TAKE_STAGE : TAKE_COHORT;
	world->kpis.measure[m].stage = (uint8_t)stage;
	world->kpis.measure[m].of = (uint8_t)of;
	world->oracle_measure[m].take = of == STAGE_NONE ? ORACLE_STAGE : ORACLE_COHORT;
	world->oracle_measure[m].stage = (int)stage;
	world->oracle_measure[m].cohort_of = (int)of;
}

static void
as_sold(struct world *world)
{
	world->kpis.measure[world->kpis.measure_count - 1].as_sold = true;
	world->oracle_measure[world->kpis.measure_count - 1].as_sold = true;
}

static void
make_measures(struct world *world)
{
	add_measure(world, "visits", EVENT_VISIT, -1);
	add_measure(world, "c1_visits", EVENT_VISIT, -1);
	add_where(world, TEXT_CHAN, "c1", 0);
	add_measure(world, "leads", EVENT_LEAD, -1);
	add_measure(world, "mql", EVENT_LEAD, -1);
	add_where(world, WHERE_STAGE, NULL, STAGE_MQL);
	add_measure(world, "sales", EVENT_SALE, -1);
	add_measure(world, "amount", EVENT_SALE, NUM_AMT);
	add_measure(world, "units", EVENT_SALE, NUM_QTY);
	add_measure(world, "spend", EVENT_SPEND, NUM_AMT);
	add_measure(world, "media", EVENT_SPEND, NUM_AMT);
	add_where(world, WHERE_COST_TYPE, "media", 0);
	add_touch(world, "visitors", EVENT_VISIT, TAKE_DISTINCT, ENTITY_CUST);
	add_touch(world, "buyers", EVENT_SALE, TAKE_DISTINCT, ENTITY_CUST);
	add_touch(world, "kept", EVENT_SALE, TAKE_RETAINED, ENTITY_CUST);
	add_touch(world, "buyers_before", EVENT_SALE, TAKE_PREVIOUS, ENTITY_CUST);
	add_touch(world, "c1_before", EVENT_VISIT, TAKE_PREVIOUS, ENTITY_CUST);
	add_where(world, TEXT_CHAN, "c1", 0);
	add_touch(world, "c1_visitors", EVENT_VISIT, TAKE_DISTINCT, ENTITY_CUST);
	add_where(world, TEXT_CHAN, "c1", 0);
	add_touch(world, "c1_returning", EVENT_VISIT, TAKE_RETAINED, ENTITY_CUST);
	add_where(world, TEXT_CHAN, "c1", 0);
	add_measure(world, "new", EVENT_SALE, -1);
	world->kpis.measure[world->kpis.measure_count - 1].take = TAKE_NEW;
	world->oracle_measure[world->kpis.measure_count - 1].take = ORACLE_NEW;
	add_measure(world, "c1_new", EVENT_SALE, -1);
	world->kpis.measure[world->kpis.measure_count - 1].take = TAKE_NEW;
	world->oracle_measure[world->kpis.measure_count - 1].take = ORACLE_NEW;
	add_where(world, TEXT_CHAN, "c1", 0);
	add_touch(world, "orders", EVENT_SALE, TAKE_DISTINCT, ENTITY_ORDER);
	add_touch(world, "conversions", EVENT_SALE, TAKE_DISTINCT, ENTITY_VISIT);
	add_stage(world, "new_leads", STAGE_LEAD, STAGE_NONE);
	add_stage(world, "new_mql", STAGE_MQL, STAGE_NONE);
	add_stage(world, "new_sql", STAGE_SQL, STAGE_NONE);
	add_stage(world, "c1_sql", STAGE_SQL, STAGE_NONE);
	add_where(world, TEXT_CHAN, "c1", 0);
	add_stage(world, "lead_to_customer", STAGE_CUSTOMER, STAGE_LEAD);
	add_stage(world, "lead_to_mql", STAGE_MQL, STAGE_LEAD);
	add_stage(world, "mql_to_sql", STAGE_SQL, STAGE_MQL);
	add_stage(world, "sql_to_customer", STAGE_CUSTOMER, STAGE_SQL);
	add_measure(world, "refunds", EVENT_REFUND, -1);
	add_measure(world, "refunded", EVENT_REFUND, NUM_AMT);
	add_measure(world, "units_sold_back", EVENT_REFUND, NUM_QTY);
	as_sold(world);
	add_measure(world, "refunded_as_sold", EVENT_REFUND, NUM_AMT);
	as_sold(world);
	add_measure(world, "unmatched", EVENT_REFUND, NUM_AMT);
	add_where(world, WHERE_MATCHED, NULL, 0);
	add_measure(world, "c0_matched_as_sold", EVENT_REFUND, -1);
	as_sold(world);
	add_where(world, WHERE_MATCHED, NULL, 1);
	add_where(world, TEXT_CAMP, "c0", 0);
	add_touch(world, "refunded_custs", EVENT_REFUND, TAKE_DISTINCT, ENTITY_CUST);
	as_sold(world);
	add_touch(world, "likers", EVENT_ENGAGE, TAKE_DISTINCT, ENTITY_CUST); /* a tuple without any column */
}

static void
add_rollup(struct world *world, const char *name, uint8_t mask)
{
	struct rollup *rollup = &world->config.rollup[world->config.rollup_count];
	snprintf(rollup->name, sizeof(rollup->name), "%s", name);
	rollup->dims_mask = mask;
	world->oracle_config.rollup[world->config.rollup_count++] = mask;
	world->oracle_config.rollup_count = (int)world->config.rollup_count;
}

/* The oracle's callbacks have no context. */
static struct money_rates *rates;
static const struct zone *rates_zone;

static int
by_tie(const char *cust_a, const char *id_a, const char *cust_b, const char *id_b)
{
	(void)cust_a, (void)cust_b; /* only events of one customer are ordered */
	uint64_t a = hash_tie(slice_of(id_a)), b = hash_tie(slice_of(id_b));
	return a < b ? -1 : a > b;
}

static int64_t
at_rate(const char *cur, int64_t given, int64_t ts_ms)
{
	int64_t amt;
	if (cur == NULL)
		return given;
	return money_convert(rates, slice_of(cur), zone_day_of(rates_zone, ts_ms), given, &amt) == 0 ? amt : ORACLE_NO_RATE;
}

static void
make_world(struct world *world, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->random.state = seed * 7919 + 1;
	struct random *random = &world->random;
	unsigned place = (unsigned)below(random, sizeof(places) / sizeof(places[0]));
	assert_int_equal(zone_load(&world->zone, places[place].zone), 0);
	rates_zone = &world->zone;
	make_measures(world);
	struct kernel_config *config = &world->config;
	static const int slides[] = {1, 5, 15, 60};
	static const uint8_t sip[HASH_KEY_BYTES] = {1, 2, 3};
	config->zone = &world->zone;
	config->kpis = &world->kpis;
	hash_key_init(&config->key, sip);
	config->week_start = (int)below(random, 7);
	config->clock_events = chance(random, 20);
	config->horizon_ms = 63 * DAY;
	config->future_ms = 5 * MINUTE;
	config->series_max = 1000000;
	config->look_back_ms = (int64_t[]){0, 2 * DAY, 45 * DAY}[below(random, 3)];
	config->rates = rates;
	config->busy_from = (uint32_t[]){0, 1, 3, 10}[below(random, 4)];
	config->busy_run = config->busy_from > 0 ? 3 : 0;
	config->slide_min[0] = 1;
	config->slide_min[1] = 15;
	config->slide_min[2] = 60;
	if (chance(random, 40))
		for (int w = 0; w < WINDOW_ROLLING; w++)
			config->slide_min[w] = slides[below(random, 4)];
	add_rollup(world, "all", 0);
	add_rollup(world, "campaign", 1 << TEXT_CAMP);
	add_rollup(world, "campaign+channel", 1 << TEXT_CAMP | 1 << TEXT_CHAN);
	add_rollup(world, "product", 1 << TEXT_PROD);
	add_rollup(world, "team", 1 << TEXT_TEAM);

	struct oracle_config *model = &world->oracle_config;
	model->zone = places[place].zone;
	model->week_start = config->week_start;
	model->clock_events = config->clock_events;
	model->horizon_ms = config->horizon_ms;
	model->future_ms = config->future_ms;
	memcpy(model->slide_min, config->slide_min, sizeof(model->slide_min));
	model->measure_count = (int)world->kpis.measure_count;
	model->measure = world->oracle_measure;
	model->people = true;
	model->look_back_ms = config->look_back_ms;
	model->convert = at_rate;
	model->tie = by_tie;
	world->kernel = kernel_new(config);
	world->oracle = oracle_new(model);
	assert_non_null(world->oracle);
	/* Start before the odd moment, near enough to live through it. */
	world->recv_ms = places[place].at_ms - below(random, 70 * DAY);
	if (chance(random, 30))
		world->recv_ms = places[place].at_ms - below(random, 3 * HOUR);
}

static void
free_world(struct world *world)
{
	kernel_free(world->kernel);
	oracle_free(world->oracle);
	kpi_set_fini(&world->kpis);
	free(world->told);
}

/* A time in a pane at which some edge stands or has just arrived: where a drain may be half done. */
static int64_t
edge_time(struct world *world)
{
	struct window_bounds bounds;
	struct random *random = &world->random;
	unsigned window = (unsigned)below(random, WINDOW_COUNT), part = (unsigned)below(random, PART_COUNT);
	if (kernel_now(world->kernel) == INT64_MIN)
		return world->recv_ms;
	kernel_bounds(world->kernel, (enum window)window, &bounds);
	int64_t at = chance(random, 50) ? bounds.part[part].lo : bounds.part[part].hi;
	if (part == PART_PTD && window < WINDOW_R30D) /* where what is before prev begins */
		at = 2 * bounds.part[PART_PREV].lo - bounds.part[PART_CUR].lo;
	if (at <= 0)
		return world->recv_ms;
	return chance(random, 50) ? at + below(random, 4 * MINUTE) - 2 * MINUTE : at - below(random, 75 * MINUTE);
}

static int64_t
event_time(struct world *world)
{
	struct random *random = &world->random;
	int64_t now = world->recv_ms;
	switch (below(random, 12)) {
	case 6:
	case 7:
		return edge_time(world);
	case 0:
		return now - below(random, 66 * DAY); /* some are too late */
	case 1:
		return now - below(random, 32 * DAY);
	case 2:
		return now - below(random, 3 * DAY);
	case 3:
		return now + below(random, 7 * MINUTE); /* some are too early */
	case 4:
		return (now - below(random, 62 * DAY)) / HOUR * HOUR - (chance(random, 50) ? 1 : 0);
	case 5:
		return now - 63 * DAY + below(random, 3) - 1; /* at the horizon */
	default:
		return now - below(random, 2 * HOUR);
	}
}

static void
name(struct random *random, char *to, const char *format, int64_t n, const char **field, int percent)
{
	if (!chance(random, percent))
		return;
	snprintf(to, 8, format, (int)below(random, n));
	*field = to;
}

/* Some event of the past, which is then corrected, taken back or refunded; mostly of a type for which that makes sense. */
static void
refer(struct world *world, struct past *past)
{
	struct random *random = &world->random;
	struct oracle_event *event = &past->event;
	bool refund = event->type == EVENT_REFUND;
	uint32_t span = world->past_count < EVENTS_KEPT ? world->past_count : EVENTS_KEPT;
	if (span < 2 || chance(random, 8)) { /* something that comes later, or never */
		snprintf(past->ref, sizeof(past->ref), "e%u", world->next_id + (uint32_t)below(random, 12));
		event->ref = past->ref;
		return;
	}
	const struct past *to = NULL;
	for (int tries = 0; tries < 12; tries++) {
		to = &world->past[below(random, span)];
		int type = to->event.type;
		if (to != past && (refund ? type == EVENT_SALE : type >= EVENT_LEAD && type <= EVENT_SPEND))
			break;
	}
	memcpy(past->ref, to->id, sizeof(past->ref));
	event->ref = past->ref;
	memcpy(past->cust, to->cust, sizeof(past->cust));
	event->cust = to->event.cust != NULL && !chance(random, 3) ? past->cust : NULL;
	if (chance(random, 60)) /* near it */
		event->ts_ms = to->event.ts_ms + below(random, 2 * DAY) - HOUR;
}

static int64_t
look_back(const struct world *world)
{
	return world->config.look_back_ms > 0 ? world->config.look_back_ms : 30 * DAY;
}

/* What accept makes of money: dollars are worth more from day to day. */
static void
price(struct world *world, struct oracle_event *event)
{
	struct random *random = &world->random;
	event->has_amt = event->type != EVENT_CORRECT || chance(random, 90);
	event->given = below(random, 2000);
	if (event->type == EVENT_SPEND || (event->type == EVENT_CORRECT && chance(random, 10)))
		event->given -= 500;
	if (!event->has_amt)
		event->given = 0;
	event->cur = chance(random, 30) ? "USD" : NULL;
	event->num[NUM_AMT] = at_rate(event->cur, event->given, event->ts_ms);
	event->num[NUM_QTY] = below(random, 5);
}

static void
fresh_event(struct world *world, struct past *past)
{
	struct random *random = &world->random;
	static const int types[] = {EVENT_VISIT, EVENT_VISIT, EVENT_LEAD, EVENT_LEAD, EVENT_SALE, EVENT_SALE, EVENT_SALE,
	                            EVENT_REFUND, EVENT_SPEND, EVENT_ENGAGE, EVENT_CORRECT, EVENT_VOID};
	static const char *const cost_types[] = {NULL, "media", "tool"};
	struct oracle_event *event = &past->event;
	*event = (struct oracle_event){.type = types[below(random, sizeof(types) / sizeof(types[0]))],
	                               .ts_ms = event_time(world)};
	snprintf(past->id, sizeof(past->id), "e%u", world->next_id++);
	event->id = past->id;
	event->content = next(random);
	name(random, past->cust, "p%d", chance(random, 70) ? 6 : 300, &event->cust, 85);
	if (event->type == EVENT_CORRECT || event->type == EVENT_VOID || (event->type == EVENT_REFUND && chance(random, 85)))
		refer(world, past);
	else if (world->past_count > 20 && chance(random, 8)) /* at the very moment of another */
		event->ts_ms = world->past[below(random, 20)].event.ts_ms;
	else if (world->past_count > 20 && chance(random, 4)) /* where the look-back of another ends, or its own */
		event->ts_ms = world->past[below(random, 20)].event.ts_ms + (chance(random, 50) ? 1 : -1) * look_back(world);
	if (event->type == EVENT_CORRECT || event->type == EVENT_VOID)
		event->rev = below(random, 4) - 1;
	if (event->type == EVENT_LEAD || event->type == EVENT_CORRECT)
		event->stage = (int)below(random, 5) + (event->type == EVENT_LEAD ? 1 : 0);
	if (event->type == EVENT_SPEND || event->type == EVENT_CORRECT)
		event->cost_type = cost_types[below(random, 3)];
	if (event->type == EVENT_SALE || event->type == EVENT_REFUND || event->type == EVENT_SPEND ||
	    event->type == EVENT_CORRECT)
		price(world, event);
	if (event->type == EVENT_LEAD || event->type == EVENT_SALE || event->type == EVENT_CORRECT)
		name(random, past->lead, "l%d", 8, &event->lead, event->type == EVENT_LEAD ? 100 : 60);
	if (event->type == EVENT_SALE || event->type == EVENT_CORRECT)
		name(random, past->order, "o%d", 12, &event->order, 70);
	name(random, past->visit, "v%d", 12, &event->visit, 30);
	bool bare = chance(random, 50); /* it says not where from */
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (!bare || d > TEXT_MED)
			name(random, past->dim[d], "c%d", d == TEXT_PROD ? 40 : 2, &event->dim[d], d > TEXT_MED ? 50 : 70);
	if (!bare && chance(random, 10))
		event->dim[TEXT_CHAN] = "Direct";
	for (unsigned d = 0; d <= TEXT_MED; d++)
		event->has_touch |= event->dim[d] != NULL;
	if (event->type == EVENT_VISIT && !event->has_touch)
		event->dim[TEXT_CHAN] = "Direct";
}

/* The same once more a little later or earlier: cells and activities that will merge. */
static void
like_another(struct world *world, struct past *past, const struct past *other)
{
	struct oracle_event *event = &past->event;
	char id[16];
	memcpy(id, past->id, sizeof(id));
	if (other == past)
		return;
	*past = *other;
	memcpy(past->id, id, sizeof(id));
	event->id = past->id;
	event->content = next(&world->random);
	event->ts_ms += below(&world->random, 40 * MINUTE) - 20 * MINUTE;
	if (event->num[NUM_AMT] != 0)
		event->num[NUM_AMT] = at_rate(event->cur, event->given, event->ts_ms);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (event->dim[d] == other->dim[d])
			event->dim[d] = past->dim[d];
	event->cust = event->cust != NULL ? past->cust : NULL;
	event->order = event->order != NULL ? past->order : NULL;
	event->visit = event->visit != NULL ? past->visit : NULL;
	event->lead = event->lead != NULL ? past->lead : NULL;
	event->ref = event->ref != NULL ? past->ref : NULL;
}

static void
put_text(struct group *group, struct group_event *event, enum event_text text, const char *value)
{
	if (value == NULL)
		return;
	event->text_off[text] = (uint32_t)group->bytes.len;
	event->text_len[text] = (uint16_t)strlen(value);
	buf_add(&group->bytes, value, strlen(value));
}

static void
put_event(struct world *world, struct group *group, const struct oracle_event *from)
{
	struct group_event *event = group_add_event(group);
	event->type = (uint8_t)from->type;
	event->stage = (uint8_t)from->stage;
	event->kind = (uint8_t)from->kind;
	event->ts_ms = from->ts_ms;
	memcpy(event->num, from->num, sizeof(event->num));
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		put_text(group, event, (enum event_text)d, from->dim[d]);
	put_text(group, event, TEXT_CTYPE, from->cost_type);
	put_text(group, event, TEXT_CUST, from->cust);
	put_text(group, event, TEXT_ORDER, from->order);
	put_text(group, event, TEXT_VISIT, from->visit);
	put_text(group, event, TEXT_LEAD, from->lead);
	put_text(group, event, TEXT_REF, from->ref);
	put_text(group, event, TEXT_ID, from->id);
	event->id = group_identity_hash(slice_of(from->cust != NULL ? from->cust : ""), slice_of(from->id), &world->config.key);
	event->rev = from->rev;
	event->given = from->given;
	if (from->cur != NULL)
		memcpy(event->cur, from->cur, 4);
	event->flags = (uint8_t)((from->has_touch ? EVENT_HAS_TOUCH : 0) | (from->has_amt ? EVENT_HAS_AMT : 0) |
	                         (from->dim[TEXT_CHAN] != NULL && strcmp(from->dim[TEXT_CHAN], "Direct") == 0 ? EVENT_IS_DIRECT : 0));
	event->content = from->content * 0x9e3779b97f4a7c15u >> 17; /* the low bits differ, as a hash's do */
	event->dims = group_dims_hash(group, event, group->dims_mask, &world->config.key);
}

static enum verdict
oracle_says(struct world *world, const struct oracle_event *event)
{
	enum oracle_verdict verdict = oracle_add(world->oracle, event);
	if (verdict == ORACLE_BAD_REF)
		return VERDICT_BAD_FIELD;
	if (verdict == ORACLE_BAD_AMOUNT)
		return VERDICT_BAD_AMOUNT;
	if (verdict == ORACLE_MISSING)
		return VERDICT_MISSING_FIELD;
	switch (verdict) {
	case ORACLE_OK:
		return VERDICT_OK;
	case ORACLE_DUPLICATE:
		return VERDICT_DUPLICATE;
	case ORACLE_ID_CONFLICT:
		return VERDICT_ID_CONFLICT;
	case ORACLE_TOO_LATE:
		return VERDICT_TOO_LATE;
	case ORACLE_FUTURE:
		return VERDICT_FUTURE_TS;
	}
	return VERDICT_COUNT;
}

static void
pass_time(struct world *world)
{
	struct random *random = &world->random;
	switch (below(random, 16)) {
	case 12: /* the same minute: drains are still under way */
	case 13:
	case 14:
	case 15:
		break;
	case 0:
		world->recv_ms += below(random, 4 * DAY);
		break;
	case 1:
		world->recv_ms += below(random, 10 * HOUR);
		break;
	case 2:
		world->recv_ms += chance(random, 10) ? below(random, 40 * DAY) : below(random, 2 * MINUTE);
		break;
	case 3: /* to the very edge of a minute, hour or so */
		world->recv_ms = (world->recv_ms / HOUR + 1) * HOUR - (chance(random, 50) ? 1 : 0);
		break;
	case 4:
		if (chance(random, 3))
			world->recv_ms += below(random, 200 * DAY);
		break;
	default:
		world->recv_ms += below(random, 3 * MINUTE);
	}
}

static void
apply_some(struct world *world)
{
	struct random *random = &world->random;
	struct group *group = group_new(GROUP_BATCHES);
	enum verdict expected[40];
	uint32_t count = chance(random, 10) ? 0 : (uint32_t)below(random, 24) + 1;
	group->dims_mask = kernel_dims_mask(&world->config);
	if (chance(random, 10))
		group->dims_mask = (uint8_t)below(random, 128); /* logged by a node with other rollups */
	group->recv_ms = group->time_ms = world->recv_ms;
	if (!world->config.clock_events) {
		oracle_time(world->oracle, world->recv_ms);
		group->time_ms = oracle_now(world->oracle);
	}
	struct group_batch *batch = group_add_batch(group);
	batch->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct past *past = &world->past[world->past_count % EVENTS_KEPT];
		if (world->past_count > 20 && chance(random, 12)) { /* again, or in contradiction */
			uint32_t span = world->past_count < EVENTS_KEPT ? world->past_count : EVENTS_KEPT;
			past = &world->past[below(random, span)];
			struct oracle_event again = past->event;
			if (chance(random, 40)) {
				again.content++;
				if (chance(random, 50))
					again.ts_ms = event_time(world);
			}
			past->event = again;
		} else {
			fresh_event(world, past);
			if (world->past_count > 20 && chance(random, 25))
				like_another(world, past, &world->past[(world->past_count - 1 - (uint32_t)below(random, 15)) % EVENTS_KEPT]);
			world->past_count++;
		}
		put_event(world, group, &past->event);
		expected[i] = oracle_says(world, &past->event);
		if (world->config.clock_events && past->event.ts_ms > world->recv_ms)
			world->recv_ms = past->event.ts_ms;
	}
	kernel_apply(world->kernel, group);
	for (uint32_t i = 0; i < count; i++)
		if (group->events[i].verdict != expected[i])
			fail_msg("seed %llu: event %u at %lld, now %lld: kernel %s, oracle %s", (unsigned long long)world->seed, i,
			         (long long)group->events[i].ts_ms, (long long)kernel_now(world->kernel),
			         verdict_name(group->events[i].verdict), verdict_name(expected[i]));
	group_free(group);
}

static void
tick(struct world *world)
{
	struct group *group = group_new(GROUP_TICK);
	oracle_time(world->oracle, world->recv_ms);
	group->recv_ms = group->time_ms = oracle_now(world->oracle);
	kernel_apply(world->kernel, group);
	group_free(group);
}

static void
compare_bounds(struct world *world)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		struct window_bounds bounds;
		kernel_bounds(world->kernel, (enum window)w, &bounds);
		for (unsigned part = 0; part < PART_COUNT; part++) {
			int64_t lo, hi;
			if (!oracle_bounds(world->oracle, (enum oracle_window)w, (enum oracle_part)part, &lo, &hi))
				continue;
			if (bounds.part[part].lo != lo || bounds.part[part].hi != hi)
				fail_msg("seed %llu: bounds of %s part %u: kernel [%lld, %lld), oracle [%lld, %lld)",
				         (unsigned long long)world->seed, window_name((enum window)w), part,
				         (long long)bounds.part[part].lo, (long long)bounds.part[part].hi, (long long)lo, (long long)hi);
		}
	}
}

static void
compare_series(struct world *world, int rollup, const char *const key[EVENT_DIMS])
{
	struct slice parts[EVENT_DIMS];
	uint32_t count = 0;
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (world->config.rollup[rollup].dims_mask >> d & 1)
			parts[count++] = slice_of(key[d] != NULL ? key[d] : "~none");
	uint32_t id = kernel_series_find(world->kernel, (uint32_t)rollup, parts);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++) {
			int64_t totals[MEASURES_MAX] = {0};
			if (id != UINT32_MAX) /* else freed: all must be 0 */
				kernel_totals(world->kernel, id, (enum window)w, (enum window_part)part, totals);
			for (int m = 0; m < (int)world->kpis.measure_count; m++) {
				if (oracle_null(world->oracle, m, (enum oracle_window)w, (enum oracle_part)part)) {
					assert_true(measures_missing(&world->kpis, (enum window)w, (enum window_part)part) >> m & 1);
					continue;
				}
				int64_t expected = oracle_total(world->oracle, rollup, key, m, (enum oracle_window)w, (enum oracle_part)part);
				world->compared++;
				if (totals[m] != expected)
					fail_msg("seed %llu: %s/%s part %u %s of series %u (%s...): kernel %lld, oracle %lld, now %lld",
					         (unsigned long long)world->seed, window_name((enum window)w),
					         world->config.rollup[rollup].name, part, world->kpis.measure[m].name, id,
					         key[TEXT_CAMP] != NULL ? key[TEXT_CAMP] : "-", (long long)totals[m], (long long)expected,
					         (long long)kernel_now(world->kernel));
			}
		}
}

static void
compare_all(struct world *world)
{
	while (!kernel_drain(world->kernel, (uint64_t)below(&world->random, 40) + 1))
		;
	assert_int_equal(kernel_now(world->kernel), oracle_now(world->oracle));
	compare_bounds(world);
	int rollup;
	const char *key[EVENT_DIMS];
	for (size_t i = 0; oracle_series(world->oracle, i, &rollup, key); i++)
		compare_series(world, rollup, key);
	for (uint32_t id = 0; id < kernel_series_end(world->kernel); id++)
		if (kernel_series_live(world->kernel, id) && chance(&world->random, 5))
			assert_true(kernel_audit(world->kernel, id));
}

static void
on_told(void *context, uint32_t series, bool live)
{
	struct world *world = context;
	if (series >= world->told_cap) {
		world->told = realloc(world->told, (series + 64) * sizeof(*world->told));
		world->told_cap = series + 64;
	}
	if (live)
		kernel_view(world->kernel, series, &world->told[series]);
}

/* What was not told has not changed. */
static void
tell(struct world *world)
{
	while (!kernel_drain(world->kernel, UINT64_MAX))
		;
	kernel_take_dirty(world->kernel, UINT32_MAX, on_told, world);
	for (uint32_t id = 0; id < kernel_series_end(world->kernel); id++) {
		struct kernel_view now;
		if (!kernel_series_live(world->kernel, id))
			continue;
		kernel_view(world->kernel, id, &now);
		assert_int_equal(now.measures, world->told[id].measures);
		for (uint32_t m = 0; m < now.measures; m++)
			if (memcmp(now.total[m], world->told[id].total[m], sizeof(now.total[m])) != 0)
				fail_msg("seed %llu: %s of series %u has changed and was not told", (unsigned long long)world->seed,
				         world->kpis.measure[now.measure[m]].name, id);
	}
}

static uint64_t audited; /* series, by the auditor that runs along */

static uint64_t
run_seed(uint64_t seed)
{
	struct world *world = calloc(1, sizeof(*world));
	make_world(world, seed);
	int steps = 10 + (int)below(&world->random, 30);
	bool any = false;
	for (int i = 0; i < steps; i++) {
		pass_time(world);
		if (chance(&world->random, 20)) {
			tick(world);
			any = true;
		} else {
			apply_some(world);
		}
		any |= oracle_now(world->oracle) != ORACLE_NEVER;
		if (chance(&world->random, 40))
			kernel_drain(world->kernel, (uint64_t)below(&world->random, chance(&world->random, 60) ? 4 : 30));
		if (chance(&world->random, 50))
			kernel_audit_some(world->kernel, (uint32_t)below(&world->random, chance(&world->random, 50) ? 20 : 4000));
		if (any && chance(&world->random, 35))
			compare_all(world);
		if (chance(&world->random, 30))
			tell(world);
	}
	if (any) {
		compare_all(world);
		/* I3: when all has expired every total is 0, every series is freed. */
		world->recv_ms += 200 * DAY;
		tick(world);
		compare_all(world);
		tell(world);
		struct kernel_counters counters;
		kernel_count(world->kernel, &counters);
		assert_int_equal(counters.cells, 0);
		assert_int_equal(counters.tuples, 0);
		assert_int_equal(counters.series, 0);
		assert_int_equal(counters.entities, 0);
		assert_int_equal(counters.activities, 0);
		assert_int_equal(counters.facts, 0);
		assert_int_equal(counters.leads, 0);
	}
	struct kernel_counters counted;
	kernel_count(world->kernel, &counted);
	if (counted.audit_mismatch > 0)
		fail_msg("seed %llu: the audit found series %u wrong", (unsigned long long)seed, counted.mismatch_series);
	audited += counted.audited;
	uint64_t compared = world->compared;
	free_world(world);
	free(world);
	return compared;
}

static void
kernel_equals_oracle_on_random_histories(void **state)
{
	(void)state;
	const char *one = getenv("LAJU_SEED"), *many = getenv("LAJU_SEEDS");
	uint64_t from = one != NULL ? strtoull(one, NULL, 10) : 1;
	uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 200;
	uint64_t compared = 0;
	for (uint64_t seed = from; seed < from + count; seed++)
		compared += run_seed(seed);
	print_message("seeds %llu..%llu: %llu totals compared\n", (unsigned long long)from,
	              (unsigned long long)(from + count - 1), (unsigned long long)compared);
	assert_true(compared > 0);
	print_message("%llu series audited\n", (unsigned long long)audited);
	assert_true(count < 100 || audited > 0);
}

int
main(void)
{
	rates = money_rates_new(slice_of("IDR"));
	for (int64_t day = 13000; day < 21500; day += 3)
		money_rates_add(rates, slice_of("USD"), day, 15000 + day % 97, 10000);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kernel_equals_oracle_on_random_histories),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	money_rates_free(rates);
	return failed;
}
