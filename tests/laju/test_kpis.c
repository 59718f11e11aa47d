/* test_kpis.c - the shipped KPIs on the worked example of docs/kpis.md, through a whole node. */
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

static const int64_t NOON = 1795435200000 /* 2026-11-23 12:00 UTC */, DAY = 86400000;

struct day {
	struct replay *replay;
	unsigned number, visit, sale;
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
			day->sale++;
			snprintf(cust, sizeof(cust), "c%u", order_number % 8);
			snprintf(order, sizeof(order), "o%u", order_number);
			snprintf(visit, sizeof(visit), "v%u", order_number);
			text(&event, TEXT_CUST, cust);
			text(&event, TEXT_ORDER, order);
			text(&event, TEXT_VISIT, visit);
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

static struct event
lead(enum event_stage stage)
{
	struct event event = of(EVENT_LEAD);
	event.stage = (uint8_t)stage;
	text(&event, TEXT_LEAD, "L");
	return event;
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

static void
the_day(struct day *day)
{
	static const char *const yesterday[] = {"c0", "c1", "c2", "c3", "c99"};
	for (unsigned i = 0; i < 5; i++)
		happen(day, 1, bought_yesterday(yesterday[i]));
	happen(day, 150, visit("Direct"));
	happen(day, 40, visit("Organic Search"));
	happen(day, 10, visit("Referral"));
	happen(day, 20, lead(STAGE_LEAD));
	happen(day, 8, lead(STAGE_MQL));
	happen(day, 4, lead(STAGE_SQL));
	happen(day, 6, money(EVENT_SALE, 250000, 1, NULL));
	happen(day, 4, money(EVENT_SALE, 250000, 2, NULL));
	happen(day, 1, money(EVENT_REFUND, 250000, 1, NULL));
	happen(day, 2, money(EVENT_SPEND, 400000, 0, "media"));
	happen(day, 1, money(EVENT_SPEND, 200000, 0, "agency"));
	happen(day, 1, engage(KIND_LIKE, 30));
	happen(day, 1, engage(KIND_SHARE, 5));
	happen(day, 1, engage(KIND_LIKE, -1));
}

static void
on_row(void *context, int64_t at_ms, struct slice topic, struct slice row)
{
	struct day *day = context;
	(void)at_ms;
	if (!slice_is(topic, "kpi/d/campaign/harbolnas"))
		return;
	assert_int_equal(row_decode(&day->row, row), 0);
	/* Names point into the row's bytes, which end with the call: compare here. */
	static const struct {
		const char *name;
		int64_t num, den; /* money in minor units; den 1: a whole number */
	} expected[] = {
	    {"revenue", 225000000, 1},      {"revenue_gross", 250000000, 1}, {"sales_volume", 13, 1},
	    {"sale_events", 10, 1},         {"refund_events", 1, 1},         {"aov_events", 25000000, 1},
	    {"spend", 100000000, 1},        {"roi", 5, 4},                   {"roas", 9, 4},
	    {"roas_media", 45, 16},         {"cpl_events", 5000000, 1},      {"lead_events", 20, 1},
	    {"mql_events", 8, 1},           {"sql_events", 4, 1},            {"customer_events", 0, 1},
	    {"mql_to_sql_events", 1, 2},    {"visits", 200, 1},              {"organic", 40, 1},
	    {"referral", 10, 1},            {"conversion_events", 1, 20},    {"engagement", 34, 1},
	    {"visitors", 120, 1},           {"customers", 8, 1},             {"orders", 9, 1},
	    {"aov", 250000000, 9},          {"conversion", 9, 200},          {"retention", 4, 5},
	};
	const struct row_part *part = &day->row.part[PART_CUR];
	assert_int_equal(part->kpis, sizeof(expected) / sizeof(expected[0])); /* the table of docs/kpis.md is complete */
	for (unsigned e = 0; e < part->kpis; e++) {
		const struct row_value *value = NULL;
		for (unsigned k = 0; k < part->kpis; k++)
			if (slice_is(part->kpi[k].name, expected[e].name))
				value = &part->kpi[k];
		if (value == NULL)
			fail_msg("%s is not there", expected[e].name);
		int64_t den = value->kind == 1 ? value->den : 1;
		if (value->kind > 1 || (__int128)value->num * expected[e].den != (__int128)expected[e].num * den)
			fail_msg("%s: %lld / %lld", expected[e].name, (long long)value->num, (long long)den);
	}
	day->found = true;
}

static void
the_worked_example_of_the_documents_comes_out(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	struct day *day = calloc(1, sizeof(*day));
	assert_true(config_load(config, NULL, NULL, 0, &problems));
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
	    cmocka_unit_test(the_worked_example_of_the_documents_comes_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
