/* people.c - a kernel that is told events by hand and asked for sums. */
#include "tests/aggregator/people.h"

enum { TODAY = 19676 /* NOON's days since 1970 */ };

static const struct measure measures[] = {
    {.name = "visits", .from = EVENT_VISIT, .take = TAKE_COUNT},
    {.name = "sales", .from = EVENT_SALE, .take = TAKE_COUNT},
    {.name = "amount", .from = EVENT_SALE, .take = TAKE_SUM, .num = NUM_AMT},
    {.name = "new", .from = EVENT_SALE, .take = TAKE_NEW},
    {.name = "buyers", .from = EVENT_SALE, .take = TAKE_DISTINCT, .entity = ENTITY_CUST},
    {.name = "refunds", .from = EVENT_REFUND, .take = TAKE_COUNT},
    {.name = "refunded", .from = EVENT_REFUND, .take = TAKE_SUM, .num = NUM_AMT},
    {.name = "returned", .from = EVENT_REFUND, .take = TAKE_SUM, .num = NUM_QTY},
    {.name = "refunded_as_sold", .from = EVENT_REFUND, .take = TAKE_SUM, .num = NUM_AMT, .as_sold = true},
    {.name = "unmatched",
     .from = EVENT_REFUND,
     .take = TAKE_SUM,
     .num = NUM_AMT,
     .where_count = 1,
     .where = {{.field = WHERE_MATCHED, .count = 1, .number = {0}}}},
    {.name = "spend", .from = EVENT_SPEND, .take = TAKE_SUM, .num = NUM_AMT},
    {.name = "lead_events", .from = EVENT_LEAD, .take = TAKE_COUNT},
    {.name = "leads", .from = EVENT_LEAD, .take = TAKE_STAGE, .stage = STAGE_LEAD},
    {.name = "mql", .from = EVENT_LEAD, .take = TAKE_STAGE, .stage = STAGE_MQL},
    {.name = "sql", .from = EVENT_LEAD, .take = TAKE_STAGE, .stage = STAGE_SQL},
    {.name = "customers", .from = EVENT_LEAD, .take = TAKE_STAGE, .stage = STAGE_CUSTOMER},
    {.name = "mql_to_sql", .from = EVENT_LEAD, .take = TAKE_COHORT, .stage = STAGE_SQL, .of = STAGE_MQL},
    {.name = "won", .from = EVENT_LEAD, .take = TAKE_COHORT, .stage = STAGE_CUSTOMER, .of = STAGE_LEAD},
};
enum { MEASURES = sizeof(measures) / sizeof(measures[0]) };

struct people *
people_new(void)
{
	struct people *f = test_calloc(1, sizeof(*f));
	static const uint8_t sip[HASH_KEY_BYTES] = {9};
	f->zone = (struct zone){.name = "UTC", .count = 1, .change = {{INT64_MIN, 0}}};
	f->kpis.measure_count = MEASURES;
	memcpy(f->kpis.measure, measures, sizeof(measures));
	f->rates = money_rates_new(slice_of("IDR"));
	money_rates_add(f->rates, slice_of("USD"), TODAY - 60, 1, 2); /* half a rupiah, */
	money_rates_add(f->rates, slice_of("USD"), TODAY, 3, 1);      /* and from today on three */
	f->config = (struct kernel_config){
	    .zone = &f->zone,
	    .kpis = &f->kpis,
	    .rates = f->rates,
	    .horizon_ms = H,
	    .future_ms = 5 * MINUTE,
	    .slide_min = {1, 15, 60},
	    .rollup_count = 5,
	    .rollup = {{.name = "all"},
	               {.name = "campaign", .dims_mask = 1 << TEXT_CAMP},
	               {.name = "channel", .dims_mask = 1 << TEXT_CHAN},
	               {.name = "team", .dims_mask = 1 << TEXT_TEAM},
	               {.name = "person", .dims_mask = 1 << TEXT_PERS}},
	    .series_max = 1000,
	};
	hash_key_init(&f->config.key, sip);
	f->kernel = kernel_new(&f->config);
	f->now_ms = NOON;
	return f;
}

void
people_free(struct people *f)
{
	kernel_drain(f->kernel, UINT64_MAX);
	for (uint32_t id = 0; id < kernel_series_end(f->kernel); id++)
		if (kernel_series_live(f->kernel, id))
			assert_true(kernel_audit(f->kernel, id));
	kernel_free(f->kernel);
	money_rates_free(f->rates);
	test_free(f);
}

/* ---- telling ---- */

static void
put_text(struct group *group, struct group_event *event, enum event_text text, const char *value)
{
	if (value == NULL)
		return;
	event->text_off[text] = (uint32_t)group->bytes.len;
	event->text_len[text] = (uint16_t)strlen(value);
	buf_add(&group->bytes, value, strlen(value));
}

/* As accept would. */
static void
put_event(const struct people *f, struct group *group, struct group_event *event, const struct told *told)
{
	bool direct = told->chan != NULL && strcmp(told->chan, "Direct") == 0;
	event->type = (uint8_t)told->type;
	event->stage = (uint8_t)told->stage;
	event->ts_ms = told->ts_ms;
	event->num[NUM_AMT] = told->amt;
	event->num[NUM_QTY] = told->qty;
	event->given = told->given;
	event->rev = told->rev;
	if (told->cur != NULL)
		memcpy(event->cur, told->cur, sizeof(event->cur));
	event->flags = (uint8_t)((told->camp != NULL || told->chan != NULL ? EVENT_HAS_TOUCH : 0) |
	                         (direct ? EVENT_IS_DIRECT : 0) | (told->no_amt ? 0 : EVENT_HAS_AMT));
	put_text(group, event, TEXT_CAMP, told->camp);
	put_text(group, event, TEXT_CHAN, told->chan);
	put_text(group, event, TEXT_TEAM, told->team);
	put_text(group, event, TEXT_PERS, told->pers);
	put_text(group, event, TEXT_CUST, told->cust);
	put_text(group, event, TEXT_LEAD, told->lead);
	put_text(group, event, TEXT_REF, told->ref);
	event->id = group_identity_hash(group_text(group, event, TEXT_CUST), slice_of(told->id), &f->config.key);
	event->content = hash_content(&f->config.key, group->bytes.data, group->bytes.len) ^
	                 hash_content(&f->config.key, event->num, sizeof(event->num)) ^ (uint64_t)event->ts_ms;
	put_text(group, event, TEXT_ID, told->id); /* not part of the content */
	event->dims = group_dims_hash(group, event, group->dims_mask, &f->config.key);
}

enum verdict
people_tell(struct people *f, const struct told *told)
{
	char scratch[128];
	struct group *group = group_new(GROUP_BATCHES);
	group->time_ms = group->recv_ms = f->now_ms;
	group->dims_mask = kernel_dims_mask(&f->config);
	group_add_batch(group)->count = 1;
	put_event(f, group, group_add_event(group), told);
	kernel_apply(f->kernel, group);
	enum verdict verdict = (enum verdict)group->events[0].verdict;
	snprintf(f->said, sizeof(f->said), "%s", group_fault_text(group, 0, scratch));
	group_free(group);
	return verdict;
}

void
be_at(struct people *f, int64_t now_ms)
{
	struct group *group = group_new(GROUP_TICK);
	f->now_ms = group->time_ms = group->recv_ms = now_ms;
	kernel_apply(f->kernel, group);
	group_free(group);
}

void
creep_to(struct people *f, int64_t now_ms)
{
	be_at(f, now_ms - HOUR / 2);
	be_at(f, now_ms);
}

/* ---- asking ---- */

int64_t
part(struct people *f, const char *name, const char *rollup, const char *key, enum window window, enum window_part part)
{
	int64_t totals[MEASURES_MAX];
	struct slice slice = slice_of(key);
	uint32_t r = 0;
	int m = measure_find(&f->kpis, slice_of(name));
	assert_true(m >= 0);
	while (strcmp(f->config.rollup[r].name, rollup) != 0)
		assert_true(++r < f->config.rollup_count);
	assert_true(kernel_drain(f->kernel, UINT64_MAX));
	uint32_t id = kernel_series_find(f->kernel, r, &slice);
	if (id == UINT32_MAX)
		return 0;
	kernel_totals(f->kernel, id, window, part, totals);
	return totals[m];
}

int64_t
of(struct people *f, const char *name, const char *rollup, const char *key)
{
	return part(f, name, rollup, key, WINDOW_R30D, PART_CUR) + part(f, name, rollup, key, WINDOW_R30D, PART_PREV);
}

int64_t
all(struct people *f, const char *name)
{
	return of(f, name, "all", "");
}

int64_t
camp(struct people *f, const char *name, const char *key)
{
	return of(f, name, "campaign", key);
}

int64_t
today(struct people *f, const char *name)
{
	return part(f, name, "all", "", WINDOW_D, PART_CUR);
}

int64_t
yesterday(struct people *f, const char *name)
{
	return part(f, name, "all", "", WINDOW_D, PART_PREV);
}

struct kernel_counters
counters(const struct people *f)
{
	struct kernel_counters now;
	kernel_count(f->kernel, &now);
	return now;
}

const char *
lower_hash(const struct people *f, const char *cust, const char *a, const char *b)
{
	(void)f, (void)cust;
	return hash_tie(slice_of(a)) < hash_tie(slice_of(b)) ? a : b;
}

const char *
higher_hash(const struct people *f, const char *cust, const char *a, const char *b)
{
	return lower_hash(f, cust, a, b) == a ? b : a;
}
