/*
 * test_kpis.c - the shipped KPIs against their page, docs/kpis.md: every KPI is on it with its formula, and
 * the numbers of its worked example come out, by the formulas alone and through a whole node.
 *
 * Runs from the repository's root, as ctest does.
 */
#include "aggregator/formula.h"
#include "laju/kpi_file.h"
#include "laju/replay.h"
#include "schemas/event.h"
#include "schemas/row.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const int64_t NOON = 1795435200000 /* 2026-11-23 12:00 UTC */, HOUR = 3600000, DAY = 86400000;

/* What the day of the page adds up to, counted by hand; money in minor units. */
static const struct {
	const char *measure;
	int64_t total;
} totals[] = {
    {"visits", 200},           {"organic_visits", 40},        {"organic_all_visits", 50},    {"referral_visits", 10},
    {"visitors", 120},         {"customers", 8},              {"customers_kept", 4},         {"customers_before", 5},
    {"orders", 9},             {"converted_visits", 9},       {"new_customers", 4},          {"new_customers_paid", 2},
    {"leads", 20},             {"mql", 8},                    {"sql", 5},                    {"mql_now_sql", 4},
    {"leads_won", 2},          {"lead_events", 21},           {"mql_events", 7},             {"sql_events", 5},
    {"customer_events", 2},    {"sale_events", 10},           {"sales_amount", 250000000},   {"units_sold", 14},
    {"refund_events", 3},      {"refunds_unmatched", 1},      {"refunds_amount", 40000000},
    {"refunds_as_sold", 30000000},
    {"units_returned", 3},     {"spend", 100000000},          {"media_spend", 80000000},     {"engagement", 34},
    {"reach", 1000},           {"impressions", 1700},
};

/* ---- the page ---- */

/* "... = 1,234.50" or "1,234.50": 123450 / 100. */
struct shown {
	int64_t num, den;
};

struct line {
	char name[64], formula[200], here[200];
};

static char *
page_read(void)
{
	struct buf page = {0};
	FILE *file = fopen("docs/kpis.md", "r");
	size_t n;
	if (file == NULL)
		fail_msg("docs/kpis.md cannot be read: the test runs from the repository's root");
	while ((n = fread(buf_reserve(&page, 4096), 1, 4096, file)) > 0)
		page.len += n;
	fclose(file);
	buf_add(&page, "", 1);
	return (char *)page.data;
}

/* Between two bars, without blanks and back-quotes around it. Returns what follows. */
static const char *
cell_read(const char *at, char *out, size_t size)
{
	size_t n = strcspn(at, "|\n");
	const char *end = at + n;
	while (n > 0 && strchr(" `", *at) != NULL) {
		at++;
		n--;
	}
	while (n > 0 && strchr(" `", at[n - 1]) != NULL)
		n--;
	if (*end != '|' || n >= size)
		fail_msg("docs/kpis.md: not a cell of the table: %.60s", at);
	memcpy(out, at, n);
	out[n] = '\0';
	return end + 1;
}

/* The lines of the table of the shipped KPIs. */
static uint32_t
table_read(const char *page, struct line line[KPIS_MAX])
{
	const char *at = strstr(page, "\n## The shipped KPIs");
	char means[400];
	uint32_t count = 0;
	assert_non_null(at);
	while ((at = strstr(at, "\n| `")) != NULL && count < KPIS_MAX) {
		at = cell_read(at + 2, line[count].name, sizeof(line->name));
		at = cell_read(at, means, sizeof(means));
		if (means[0] == '\0')
			fail_msg("docs/kpis.md does not say what %s means", line[count].name);
		at = cell_read(at, line[count].formula, sizeof(line->formula));
		at = cell_read(at, line[count].here, sizeof(line->here));
		count++;
	}
	return count;
}

static struct shown
shown_read(const struct line *line)
{
	struct shown shown = {0, 1};
	const char *at = strrchr(line->here, '=');
	bool point = false;
	for (at = at != NULL ? at + 1 : line->here; *at != '\0'; at++) {
		if (*at >= '0' && *at <= '9') {
			shown.num = shown.num * 10 + (*at - '0');
			shown.den *= point ? 10 : 1;
		} else if (*at == '.' && !point) {
			point = true;
		} else if (*at != ' ' && *at != ',') {
			fail_msg("docs/kpis.md: %s does not end with a number: %s", line->name, line->here);
		}
	}
	return shown;
}

/* num / den is what the page shows, or rounds to it where two decimals or more are shown. */
static void
assert_shown(const struct line *line, int64_t num, int64_t den, bool money)
{
	struct shown shown = shown_read(line);
	__int128 value_den = (__int128)den * (money ? 100 : 1);
	__int128 difference = (__int128)num * shown.den - shown.num * value_den;
	if (difference < 0)
		difference = -difference;
	if (difference != 0 && (shown.den < 100 || 2 * difference > value_den))
		fail_msg("docs/kpis.md: %s is %s, not %lld / %lld", line->name, line->here, (long long)num, (long long)den);
}

static int64_t
total_of(const char *measure)
{
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
		if (strcmp(totals[i].measure, measure) == 0)
			return totals[i].total;
	fail_msg("what does %s add up to?", measure);
	return 0;
}

static struct config *
shipped(void)
{
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	assert_true(config_load(config, NULL, NULL, 0, &problems));
	return config;
}

static void
the_page_names_every_kpi_with_its_formula_and_none_besides(void **state)
{
	(void)state;
	struct line line[KPIS_MAX] = {0};
	struct config *config = shipped();
	char *page = page_read();
	uint32_t count = table_read(page, line);
	for (uint32_t k = 0; k < count && k < config->kpis.kpi_count; k++) {
		assert_string_equal(line[k].name, config->kpis.kpi[k].name);
		assert_string_equal(line[k].formula, config->kpis.kpi[k].text);
	}
	assert_int_equal(count, config->kpis.kpi_count);
	free(page);
	config_fini(config);
	free(config);
}

static void
the_worked_example_follows_from_the_formulas(void **state)
{
	(void)state;
	struct line line[KPIS_MAX] = {0};
	struct config *config = shipped();
	const struct kpi_set *set = &config->kpis;
	char *page = page_read();
	int64_t total[MEASURES_MAX];
	uint32_t count = table_read(page, line);
	assert_int_equal(sizeof(totals) / sizeof(totals[0]), set->measure_count);
	for (uint32_t m = 0; m < set->measure_count; m++)
		total[m] = total_of(set->measure[m].name);
	for (uint32_t i = 0; i < count; i++) {
		int k = kpi_find(set, slice_of(line[i].name));
		assert_true(k >= 0);
		struct kpi_value value = formula_value(&set->kpi[k].formula, total);
		assert_int_not_equal(value.kind, KPI_NONE);
		assert_shown(&line[i], value.num, value.den, set->kpi[k].unit == UNIT_MONEY);
	}
	free(page);
	config_fini(config);
	free(config);
}

static void
every_shipped_kpi_has_a_label_in_both_languages(void **state)
{
	(void)state;
	struct config *config = shipped();
	for (uint32_t k = 0; k < config->kpis.kpi_count; k++)
		if (config->kpis.kpi[k].label_id == NULL || config->kpis.kpi[k].label_en == NULL)
			fail_msg("%s has no label", config->kpis.kpi[k].name);
	config_fini(config);
	free(config);
}

/* The file that the page shows to explain the language is one. */
static void
the_example_of_the_language_is_a_good_file(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct kpi_set *set = calloc(1, sizeof(*set));
	char *page = page_read(), *start = strstr(page, "```yaml\n"), *end;
	assert_non_null(start);
	start += strlen("```yaml\n");
	end = strstr(start, "```");
	assert_non_null(end);
	*end = '\0';
	if (!kpi_file_parse(set, "docs/kpis.md", slice_of(start), 2, &problems))
		fail_msg("%.*s", (int)problems.text.len, (const char *)problems.text.data);
	assert_int_equal(set->spend_dims, SPEND_DIMS_DEFAULT); /* "this is the default" */
	problems_fini(&problems);
	kpi_set_fini(set);
	free(set);
	free(page);
}

/* ---- the day, through a node ---- */

struct day {
	struct replay *replay;
	const struct kpi_set *kpis;
	unsigned number, visit, sale;
	char first_sale[32]; /* the id of the first sale of the day */
	struct row row;
	bool found;
};

static void
text(struct event *event, enum event_text which, const char *value)
{
	event->text[which] = slice_of(value);
	event->text_mask |= 1u << which;
}

static void
number(struct event *event, enum event_num which, int64_t value)
{
	event->num[which] = value;
	event->num_mask |= 1u << which;
}

/* So many events, each a copy of the given one with an id of its own. */
static void
happen(struct day *day, unsigned times, struct event event)
{
	bool named = event.text[TEXT_CUST].n > 0;
	for (unsigned i = 0; i < times; i++) {
		char id[32];
		struct buf packed = {0};
		snprintf(id, sizeof(id), "e%u", day->number++);
		text(&event, TEXT_ID, id);
		text(&event, TEXT_CAMP, "harbolnas");
		if (!(event.num_mask & 1u << NUM_TS))
			number(&event, NUM_TS, NOON);
		char cust[16], order[16], visit[16];
		if (event.type == EVENT_VISIT) { /* 200 visits of 120 visitors */
			snprintf(cust, sizeof(cust), "c%u", day->visit % 120);
			snprintf(visit, sizeof(visit), "v%u", day->visit++);
			text(&event, TEXT_CUST, cust);
			text(&event, TEXT_VISIT, visit);
		}
		if (event.type == EVENT_SALE && !named) {
			/* The first two are lines of one order; then each is one, the last of a customer who had one already. */
			unsigned order_number = day->sale < 1 ? 0 : day->sale - 1;
			if (day->sale++ == 0)
				snprintf(day->first_sale, sizeof(day->first_sale), "%s", id);
			snprintf(cust, sizeof(cust), "c%u", order_number % 8);
			snprintf(order, sizeof(order), "o%u", order_number);
			snprintf(visit, sizeof(visit), "v%u", order_number);
			text(&event, TEXT_CUST, cust);
			text(&event, TEXT_ORDER, order);
			text(&event, TEXT_VISIT, visit);
			text(&event, TEXT_CHAN, order_number == 4 || order_number == 5 ? "Paid Search" : "Direct");
		}
		event_encode(&event, &packed);
		replay_add(day->replay, buf_slice(&packed));
		buf_fini(&packed);
	}
}

static struct event
of(enum event_type type)
{
	return (struct event){.type = (uint8_t)type};
}

static struct event
visit(const char *channel)
{
	struct event event = of(EVENT_VISIT);
	text(&event, TEXT_CHAN, channel);
	return event;
}

/* Lead `number` reaches a stage, the higher the later: so many hours before noon. */
static void
reach(struct day *day, unsigned number_of_lead, enum event_stage stage, int64_t hours)
{
	struct event event = of(EVENT_LEAD);
	char cust[16], lead[16];
	event.stage = (uint8_t)stage;
	snprintf(cust, sizeof(cust), "p%u", number_of_lead);
	snprintf(lead, sizeof(lead), "L%u", number_of_lead);
	text(&event, TEXT_CUST, cust);
	text(&event, TEXT_LEAD, lead);
	number(&event, NUM_TS, NOON - hours * HOUR);
	happen(day, 1, event);
}

/* Leads 0..20 of the day; 0..7 become MQL (3 by going straight to SQL), 0..3 SQL, 0 and 1 are won, 20 is rejected. */
static void
the_leads(struct day *day)
{
	reach(day, 99, STAGE_LEAD, 30);
	reach(day, 99, STAGE_MQL, 29);
	for (unsigned l = 0; l <= 20; l++)
		reach(day, l, STAGE_LEAD, 4);
	for (unsigned l = 0; l <= 7; l++)
		if (l != 3)
			reach(day, l, STAGE_MQL, 3);
	for (unsigned l = 0; l <= 3; l++)
		reach(day, l, STAGE_SQL, 2);
	reach(day, 99, STAGE_SQL, 2);
	reach(day, 0, STAGE_CUSTOMER, 1);
	reach(day, 1, STAGE_CUSTOMER, 1);
	reach(day, 20, STAGE_REJECTED, 0);
}

static struct event
money(enum event_type type, int64_t rupiah, int64_t units, const char *cost_type)
{
	struct event event = of(type);
	number(&event, NUM_AMT, rupiah * 100);
	if (units > 0)
		number(&event, NUM_QTY, units);
	if (cost_type != NULL)
		text(&event, TEXT_CTYPE, cost_type);
	return event;
}

static struct event
engage(enum event_kind kind, int64_t n)
{
	struct event event = of(EVENT_ENGAGE);
	event.kind = (uint8_t)kind;
	number(&event, NUM_N, n);
	return event;
}

/* A sale of the day before. */
static struct event
bought_yesterday(const char *cust)
{
	struct event event = money(EVENT_SALE, 100000, 1, NULL);
	text(&event, TEXT_CUST, cust);
	number(&event, NUM_TS, NOON - DAY);
	return event;
}

static struct event
refund(const char *cust, const char *sale, int64_t rupiah)
{
	struct event event = money(EVENT_REFUND, rupiah, 1, NULL);
	text(&event, TEXT_CUST, cust);
	text(&event, TEXT_REF, sale);
	return event;
}

static struct event
post(void)
{
	struct event event = engage(KIND_LIKE, 30);
	number(&event, NUM_REACH, 1000);
	number(&event, NUM_IMP, 1700);
	return event;
}

static void
the_day(struct day *day)
{
	static const char *const yesterday[] = {"c0", "c1", "c2", "c3", "c99"};
	for (unsigned i = 0; i < 5; i++)
		happen(day, 1, bought_yesterday(yesterday[i]));
	happen(day, 140, visit("Direct"));
	happen(day, 40, visit("Organic Search"));
	happen(day, 10, visit("Organic Social"));
	happen(day, 10, visit("Referral"));
	the_leads(day);
	happen(day, 6, money(EVENT_SALE, 250000, 1, NULL));
	happen(day, 4, money(EVENT_SALE, 250000, 2, NULL));
	happen(day, 1, refund("c0", day->first_sale, 250000));
	happen(day, 1, refund("c99", "e4", 100000)); /* the fifth sale of yesterday */
	happen(day, 1, refund("c50", "nobody knows", 50000));
	happen(day, 2, money(EVENT_SPEND, 400000, 0, "media"));
	happen(day, 1, money(EVENT_SPEND, 200000, 0, "agency"));
	happen(day, 1, post());
	happen(day, 1, engage(KIND_SHARE, 5));
	happen(day, 1, engage(KIND_LIKE, -1));
}

static void
check_measures(const struct row_part *part)
{
	assert_int_equal(part->measures, sizeof(totals) / sizeof(totals[0]));
	for (uint32_t m = 0; m < part->measures; m++) {
		char name[MEASURE_NAME_MAX + 1];
		snprintf(name, sizeof(name), "%.*s", (int)part->measure[m].name.n, (const char *)part->measure[m].name.p);
		if (part->measure[m].value != total_of(name))
			fail_msg("%s: %lld, by hand %lld", name, (long long)part->measure[m].value, (long long)total_of(name));
	}
}

static void
check_kpis(const struct row_part *part, const struct kpi_set *set)
{
	struct line line[KPIS_MAX] = {0};
	char *page = page_read();
	assert_int_equal(part->kpis, table_read(page, line));
	for (uint32_t k = 0; k < part->kpis; k++) {
		const struct row_value *value = &part->kpi[k];
		uint32_t i = 0;
		while (i < part->kpis && !slice_is(value->name, line[i].name))
			i++;
		assert_true(i < part->kpis);
		if (value->kind > 1)
			fail_msg("%s has no value: %.*s", line[i].name, (int)value->reason.n, (const char *)value->reason.p);
		assert_shown(&line[i], value->num, value->kind == 1 ? value->den : 1,
		             set->kpi[kpi_find(set, value->name)].unit == UNIT_MONEY);
	}
	free(page);
}

/* Names point into the row's bytes, which end with the call: compared here. */
static void
on_row(void *context, int64_t at_ms, struct slice topic, struct slice row)
{
	struct day *day = context;
	(void)at_ms;
	if (!slice_is(topic, "kpi/d/campaign/harbolnas"))
		return;
	assert_int_equal(row_decode(&day->row, row), 0);
	check_measures(&day->row.part[PART_CUR]);
	check_kpis(&day->row.part[PART_CUR], day->kpis);
	day->found = true;
}

static void
the_worked_example_comes_out_of_a_node(void **state)
{
	(void)state;
	struct config *config = shipped();
	struct day *day = calloc(1, sizeof(*day));
	day->kpis = &config->kpis;
	day->replay = replay_new(config);
	the_day(day);
	replay_run(day->replay, &NOON, 1, slice_of("kpi/d/campaign/"), on_row, NULL, day);
	assert_true(day->found);
	assert_int_equal(replay_verdicts(day->replay, VERDICT_OK), replay_count(day->replay));
	replay_free(day->replay);
	config_fini(config);
	free(config);
	free(day);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_page_names_every_kpi_with_its_formula_and_none_besides),
	    cmocka_unit_test(the_worked_example_follows_from_the_formulas),
	    cmocka_unit_test(every_shipped_kpi_has_a_label_in_both_languages),
	    cmocka_unit_test(the_example_of_the_language_is_a_good_file),
	    cmocka_unit_test(the_worked_example_comes_out_of_a_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
