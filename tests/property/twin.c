/* twin.c - the kernel and the oracle side by side. */
#include "tests/property/twin.h"
#include <assert.h>
#include <stdlib.h>

static const int64_t MINUTE = 60000, DAY = 86400000;

/* ---- measures ---- */

static void
add_measure(struct twin *twin, const char *name, enum event_type from, int field)
{
	uint32_t m = twin->kpis.measure_count++;
	struct measure *measure = &twin->kpis.measure[m];
	snprintf(measure->name, sizeof(measure->name), "%s", name);
	measure->from = (uint8_t)from;
	measure->take = field < 0 ? TAKE_COUNT : TAKE_SUM;
	measure->num = (uint8_t)(field < 0 ? 0 : field);
	twin->oracle_measure[m] = (struct oracle_measure){.name = name, .type = (int)from, .field = field};
}

static void
add_where(struct twin *twin, unsigned field, const char *value, int number)
{
	uint32_t m = twin->kpis.measure_count - 1;
	struct measure *measure = &twin->kpis.measure[m];
	struct oracle_measure *model = &twin->oracle_measure[m];
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
add_touch(struct twin *twin, const char *name, enum event_type from, enum measure_take take, enum entity_kind entity)
{
	add_measure(twin, name, from, -1);
	uint32_t m = twin->kpis.measure_count - 1;
	twin->kpis.measure[m].take = (uint8_t)take;
	twin->kpis.measure[m].entity = (uint8_t)entity;
	twin->oracle_measure[m].take = take == TAKE_DISTINCT   ? ORACLE_DISTINCT
	                               : take == TAKE_RETAINED ? ORACLE_RETAINED
	                                                       : ORACLE_PREVIOUS;
	twin->oracle_measure[m].entity = (int)entity;
}

static void
add_stage(struct twin *twin, const char *name, enum event_stage stage, enum event_stage of)
{
	add_measure(twin, name, EVENT_LEAD, -1);
	uint32_t m = twin->kpis.measure_count - 1;
	twin->kpis.measure[m].take = of == STAGE_NONE ? TAKE_STAGE : TAKE_COHORT;
	twin->kpis.measure[m].stage = (uint8_t)stage;
	twin->kpis.measure[m].of = (uint8_t)of;
	twin->oracle_measure[m].take = of == STAGE_NONE ? ORACLE_STAGE : ORACLE_COHORT;
	twin->oracle_measure[m].stage = (int)stage;
	twin->oracle_measure[m].cohort_of = (int)of;
}

static void
as_sold(struct twin *twin)
{
	twin->kpis.measure[twin->kpis.measure_count - 1].as_sold = true;
	twin->oracle_measure[twin->kpis.measure_count - 1].as_sold = true;
}

static void
make_measures(struct twin *twin)
{
	add_measure(twin, "visits", EVENT_VISIT, -1);
	add_measure(twin, "c1_visits", EVENT_VISIT, -1);
	add_where(twin, TEXT_CHAN, "c1", 0);
	add_measure(twin, "leads", EVENT_LEAD, -1);
	add_measure(twin, "mql", EVENT_LEAD, -1);
	add_where(twin, WHERE_STAGE, NULL, STAGE_MQL);
	add_measure(twin, "sales", EVENT_SALE, -1);
	add_measure(twin, "amount", EVENT_SALE, NUM_AMT);
	add_measure(twin, "units", EVENT_SALE, NUM_QTY);
	add_measure(twin, "spend", EVENT_SPEND, NUM_AMT);
	add_measure(twin, "media", EVENT_SPEND, NUM_AMT);
	add_where(twin, WHERE_COST_TYPE, "media", 0);
	add_touch(twin, "visitors", EVENT_VISIT, TAKE_DISTINCT, ENTITY_CUST);
	add_touch(twin, "buyers", EVENT_SALE, TAKE_DISTINCT, ENTITY_CUST);
	add_touch(twin, "kept", EVENT_SALE, TAKE_RETAINED, ENTITY_CUST);
	add_touch(twin, "buyers_before", EVENT_SALE, TAKE_PREVIOUS, ENTITY_CUST);
	add_touch(twin, "c1_before", EVENT_VISIT, TAKE_PREVIOUS, ENTITY_CUST);
	add_where(twin, TEXT_CHAN, "c1", 0);
	add_touch(twin, "c1_visitors", EVENT_VISIT, TAKE_DISTINCT, ENTITY_CUST);
	add_where(twin, TEXT_CHAN, "c1", 0);
	add_touch(twin, "c1_returning", EVENT_VISIT, TAKE_RETAINED, ENTITY_CUST);
	add_where(twin, TEXT_CHAN, "c1", 0);
	add_measure(twin, "new", EVENT_SALE, -1);
	twin->kpis.measure[twin->kpis.measure_count - 1].take = TAKE_NEW;
	twin->oracle_measure[twin->kpis.measure_count - 1].take = ORACLE_NEW;
	add_measure(twin, "c1_new", EVENT_SALE, -1);
	twin->kpis.measure[twin->kpis.measure_count - 1].take = TAKE_NEW;
	twin->oracle_measure[twin->kpis.measure_count - 1].take = ORACLE_NEW;
	add_where(twin, TEXT_CHAN, "c1", 0);
	add_touch(twin, "orders", EVENT_SALE, TAKE_DISTINCT, ENTITY_ORDER);
	add_touch(twin, "conversions", EVENT_SALE, TAKE_DISTINCT, ENTITY_VISIT);
	add_stage(twin, "new_leads", STAGE_LEAD, STAGE_NONE);
	add_stage(twin, "new_mql", STAGE_MQL, STAGE_NONE);
	add_stage(twin, "new_sql", STAGE_SQL, STAGE_NONE);
	add_stage(twin, "c1_sql", STAGE_SQL, STAGE_NONE);
	add_where(twin, TEXT_CHAN, "c1", 0);
	add_stage(twin, "lead_to_customer", STAGE_CUSTOMER, STAGE_LEAD);
	add_stage(twin, "lead_to_mql", STAGE_MQL, STAGE_LEAD);
	add_stage(twin, "mql_to_sql", STAGE_SQL, STAGE_MQL);
	add_stage(twin, "sql_to_customer", STAGE_CUSTOMER, STAGE_SQL);
	add_measure(twin, "refunds", EVENT_REFUND, -1);
	add_measure(twin, "refunded", EVENT_REFUND, NUM_AMT);
	add_measure(twin, "units_sold_back", EVENT_REFUND, NUM_QTY);
	as_sold(twin);
	add_measure(twin, "refunded_as_sold", EVENT_REFUND, NUM_AMT);
	as_sold(twin);
	add_measure(twin, "unmatched", EVENT_REFUND, NUM_AMT);
	add_where(twin, WHERE_MATCHED, NULL, 0);
	add_measure(twin, "c0_matched_as_sold", EVENT_REFUND, -1);
	as_sold(twin);
	add_where(twin, WHERE_MATCHED, NULL, 1);
	add_where(twin, TEXT_CAMP, "c0", 0);
	add_touch(twin, "refunded_custs", EVENT_REFUND, TAKE_DISTINCT, ENTITY_CUST);
	as_sold(twin);
	add_touch(twin, "likers", EVENT_ENGAGE, TAKE_DISTINCT, ENTITY_CUST); /* a tuple without any column */
}

/* ---- money and order ---- */

static struct money_rates *rates;
static const struct zone *rates_zone;

static int
by_tie(const char *cust_a, const char *id_a, const char *cust_b, const char *id_b)
{
	(void)cust_a, (void)cust_b; /* only events of one customer are ordered */
	uint64_t a = hash_tie(slice_of(id_a)), b = hash_tie(slice_of(id_b));
	return a < b ? -1 : a > b;
}

int64_t
twin_amount(const char *cur, int64_t given, int64_t ts_ms)
{
	int64_t amt;
	if (cur == NULL)
		return given;
	return money_convert(rates, slice_of(cur), zone_day_of(rates_zone, ts_ms), given, &amt) == 0 ? amt
	                                                                                             : ORACLE_NO_RATE;
}

/* Once for all twins. Dollars are worth more, or less, every third day. */
static void
make_rates(void)
{
	if (rates != NULL)
		return;
	rates = money_rates_new(slice_of("IDR"));
	for (int64_t day = 13000; day < 21500; day += 3)
		money_rates_add(rates, slice_of("USD"), day, 15000 + day % 97, 10000);
}

/* ---- both ---- */

/* Read once: to read a zone takes longer than to run many a history. */
static const struct zone *
zone_named(const char *name)
{
	enum { ZONES_MAX = 16 };
	static struct zone *zones[ZONES_MAX];
	unsigned n = 0;
	while (n < ZONES_MAX && zones[n] != NULL && strcmp(zones[n]->name, name) != 0)
		n++;
	assert(n < ZONES_MAX);
	if (zones[n] != NULL)
		return zones[n];
	zones[n] = malloc(sizeof(*zones[n]));
	assert(zones[n] != NULL && zone_load(zones[n], name) == 0);
	return zones[n];
}

void
twin_init(struct twin *twin, const char *zone)
{
	static const uint8_t sip[HASH_KEY_BYTES] = {1, 2, 3};
	memset(twin, 0, sizeof(*twin));
	make_measures(twin);
	make_rates();
	rates_zone = zone_named(zone);
	twin->config = (struct kernel_config){
	    .zone = rates_zone,
	    .kpis = &twin->kpis,
	    .rates = rates,
	    .horizon_ms = 63 * DAY,
	    .future_ms = 5 * MINUTE,
	    .slide_min = {1, 15, 60},
	    .series_max = 1000000,
	};
	hash_key_init(&twin->config.key, sip);
	twin->oracle_config.zone = zone;
}

void
twin_rollup(struct twin *twin, const char *name, uint8_t dims_mask)
{
	struct rollup *rollup = &twin->config.rollup[twin->config.rollup_count];
	snprintf(rollup->name, sizeof(rollup->name), "%s", name);
	rollup->dims_mask = dims_mask;
	twin->oracle_config.rollup[twin->config.rollup_count++] = dims_mask;
}

void
twin_start(struct twin *twin)
{
	const struct kernel_config *config = &twin->config;
	struct oracle_config *model = &twin->oracle_config;
	model->week_start = config->week_start;
	model->clock_events = config->clock_events;
	model->horizon_ms = config->horizon_ms;
	model->future_ms = config->future_ms;
	memcpy(model->slide_min, config->slide_min, sizeof(model->slide_min));
	model->rollup_count = (int)config->rollup_count;
	model->measure_count = (int)twin->kpis.measure_count;
	model->measure = twin->oracle_measure;
	model->people = true;
	model->look_back_ms = config->look_back_ms;
	model->convert = twin_amount;
	model->tie = by_tie;
	twin->kernel = kernel_new(config);
	twin->oracle = oracle_new(model);
	assert(twin->oracle != NULL);
}

void
twin_fini(struct twin *twin)
{
	kernel_free(twin->kernel);
	oracle_free(twin->oracle);
	kpi_set_fini(&twin->kpis);
}

/* ---- events ---- */

static void
put_text(struct group *group, struct group_event *event, enum event_text text, const char *value)
{
	if (value == NULL)
		return;
	event->text_off[text] = (uint32_t)group->bytes.len;
	event->text_len[text] = (uint16_t)strlen(value);
	buf_add(&group->bytes, value, strlen(value));
}

void
twin_put(const struct twin *twin, struct group *group, const struct oracle_event *from)
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
	event->id =
	    group_identity_hash(slice_of(from->cust != NULL ? from->cust : ""), slice_of(from->id), &twin->config.key);
	event->rev = from->rev;
	event->given = from->given;
	if (from->cur != NULL)
		memcpy(event->cur, from->cur, 4);
	event->flags =
	    (uint8_t)((from->has_touch ? EVENT_HAS_TOUCH : 0) | (from->has_amt ? EVENT_HAS_AMT : 0) |
	              (from->dim[TEXT_CHAN] != NULL && strcmp(from->dim[TEXT_CHAN], "Direct") == 0 ? EVENT_IS_DIRECT
	                                                                                           : 0));
	event->content = from->content * 0x9e3779b97f4a7c15u >> 17; /* the low bits differ, as a hash's do */
	event->dims = group_dims_hash(group, event, group->dims_mask, &twin->config.key);
}

enum verdict
twin_expect(struct twin *twin, const struct oracle_event *event)
{
	switch ((int)oracle_add(twin->oracle, event)) {
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
	case ORACLE_BAD_REF:
		return VERDICT_BAD_FIELD;
	case ORACLE_BAD_AMOUNT:
		return VERDICT_BAD_AMOUNT;
	case ORACLE_MISSING:
		return VERDICT_MISSING_FIELD;
	}
	return VERDICT_COUNT;
}

/* ---- differences ---- */

#define DIFFER(twin, ...) (snprintf((twin)->difference, sizeof((twin)->difference), __VA_ARGS__), false)

bool
twin_verdicts(struct twin *twin, const struct group *group, const enum verdict *expected)
{
	for (uint32_t i = 0; i < group->event_count; i++)
		if (group->events[i].verdict != expected[i])
			return DIFFER(twin, "event %u at %lld, now %lld: kernel %s, oracle %s", i,
			              (long long)group->events[i].ts_ms, (long long)kernel_now(twin->kernel),
			              verdict_name(group->events[i].verdict), verdict_name(expected[i]));
	return true;
}

static bool
bounds_equal(struct twin *twin)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		struct window_bounds bounds;
		kernel_bounds(twin->kernel, (enum window)w, &bounds);
		for (unsigned part = 0; part < PART_COUNT; part++) {
			int64_t lo, hi;
			if (!oracle_bounds(twin->oracle, (enum oracle_window)w, (enum oracle_part)part, &lo, &hi))
				continue;
			if (bounds.part[part].lo != lo || bounds.part[part].hi != hi)
				return DIFFER(twin, "bounds of %s part %u: kernel [%lld, %lld), oracle [%lld, %lld)",
				              window_name((enum window)w), part, (long long)bounds.part[part].lo,
				              (long long)bounds.part[part].hi, (long long)lo, (long long)hi);
		}
	}
	return true;
}

static bool
part_equal(struct twin *twin, uint32_t id, int rollup, const char *const key[EVENT_DIMS], unsigned w, unsigned part)
{
	int64_t totals[MEASURES_MAX] = {0};
	if (id != UINT32_MAX) /* else freed: all must be 0 */
		kernel_totals(twin->kernel, id, (enum window)w, (enum window_part)part, totals);
	for (int m = 0; m < (int)twin->kpis.measure_count; m++) {
		bool missing = measures_missing(&twin->kpis, (enum window)w, (enum window_part)part) >> m & 1;
		if (oracle_null(twin->oracle, m, (enum oracle_window)w, (enum oracle_part)part)) {
			if (!missing)
				return DIFFER(twin, "%s part %u of %s has a value", window_name((enum window)w), part,
				              twin->kpis.measure[m].name);
			continue;
		}
		int64_t expected =
		    oracle_total(twin->oracle, rollup, key, m, (enum oracle_window)w, (enum oracle_part)part);
		twin->compared++;
		if (totals[m] != expected)
			return DIFFER(twin, "%s/%s part %u %s of series %u (%s...): kernel %lld, oracle %lld, now %lld",
			              window_name((enum window)w), twin->config.rollup[rollup].name, part,
			              twin->kpis.measure[m].name, id, key[TEXT_CAMP] != NULL ? key[TEXT_CAMP] : "-",
			              (long long)totals[m], (long long)expected, (long long)kernel_now(twin->kernel));
	}
	return true;
}

static bool
series_equal(struct twin *twin, int rollup, const char *const key[EVENT_DIMS])
{
	struct slice parts[EVENT_DIMS];
	uint32_t count = 0;
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (twin->config.rollup[rollup].dims_mask >> d & 1)
			parts[count++] = slice_of(key[d] != NULL ? key[d] : "~none");
	uint32_t id = kernel_series_find(twin->kernel, (uint32_t)rollup, parts);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
			if (!part_equal(twin, id, rollup, key, w, part))
				return false;
	return true;
}

bool
twin_equal(struct twin *twin)
{
	int rollup;
	const char *key[EVENT_DIMS];
	if (kernel_now(twin->kernel) != oracle_now(twin->oracle))
		return DIFFER(twin, "log time: kernel %lld, oracle %lld", (long long)kernel_now(twin->kernel),
		              (long long)oracle_now(twin->oracle));
	if (!bounds_equal(twin))
		return false;
	for (size_t i = 0; oracle_series(twin->oracle, i, &rollup, key); i++)
		if (!series_equal(twin, rollup, key))
			return false;
	return true;
}

bool
twin_empty(struct twin *twin)
{
	struct kernel_counters left;
	kernel_count(twin->kernel, &left);
	if (left.cells + left.tuples + left.series + left.entities + left.activities + left.facts + left.leads +
	        left.parked ==
	    0)
		return true;
	return DIFFER(twin,
	              "when all has expired there are left: %llu cells, %llu tuples, %llu series, %llu entities, "
	              "%llu activities, %llu facts, %llu leads, %llu parked",
	              (unsigned long long)left.cells, (unsigned long long)left.tuples, (unsigned long long)left.series,
	              (unsigned long long)left.entities, (unsigned long long)left.activities,
	              (unsigned long long)left.facts, (unsigned long long)left.leads, (unsigned long long)left.parked);
}
