/* test_rules.c - the alert states, told as a story: one row on a board of our own, a number per minute. */
#include "aggregator/rules.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { SPEND = 0, LEADS, MEASURES };
static const int64_t MINUTE = 60000;

struct board {
	struct kpi_set kpis;
	struct kernel_config kernel;
	struct rule rule;
	struct rules *rules;
	int64_t minutes, now_ms;
	struct window_bounds bounds[WINDOW_COUNT];
	bool live;
	int64_t total[MEASURES];
	char story[2000];
	struct alert told; /* the last one */
};

static bool
live(void *context, uint32_t series)
{
	(void)series;
	return ((struct board *)context)->live;
}

static uint32_t
rollup(void *context, uint32_t series)
{
	(void)context, (void)series;
	return 1;
}

static uint32_t
key(void *context, uint32_t series, struct slice out[EVENT_DIMS])
{
	(void)context, (void)series;
	out[0] = slice_of("harbolnas");
	return 1;
}

static void
totals(void *context, uint32_t series, enum window window, int64_t out[MEASURES_MAX])
{
	const struct board *board = context;
	(void)series, (void)window;
	memset(out, 0, MEASURES_MAX * sizeof(*out));
	memcpy(out, board->total, sizeof(board->total));
}

static void
tell(void *context, const struct alert *alert)
{
	static const char *const states[] = {"ok", "pending", "firing", "clearing"};
	struct board *board = context;
	size_t used = strlen(board->story);
	board->told = *alert;
	snprintf(board->story + used, sizeof(board->story) - used, "%lld %s>%s%s\n", (long long)(alert->at_ms / MINUTE),
	         states[alert->from], states[alert->to], alert->gone ? " gone" : "");
}

/* cost: spend / leads above 10, clear at 8 */
static struct board *
board_by(struct rule rule, uint8_t dims_mask)
{
	struct board *board = test_calloc(1, sizeof(*board));
	board->kpis.spend_dims = SPEND_DIMS_DEFAULT;
	board->kpis.measure_count = MEASURES;
	board->kpis.measure[SPEND] = (struct measure){.name = "spend", .from = EVENT_SPEND, .take = TAKE_SUM, .unit = UNIT_MONEY};
	board->kpis.measure[LEADS] = (struct measure){.name = "leads", .from = EVENT_LEAD};
	board->kpis.kpi_count = 2;
	board->kpis.kpi[0] = (struct kpi){.name = "cost", .min_denominator = 3};
	board->kpis.kpi[1] = (struct kpi){.name = "leads"};
	char why[120];
	uint32_t at;
	enum unit unit;
	assert_int_equal(formula_compile(&board->kpis.kpi[0].formula, &board->kpis, "spend / leads", &unit, &at, why), 0);
	assert_int_equal(formula_compile(&board->kpis.kpi[1].formula, &board->kpis, "leads", &unit, &at, why), 0);
	board->rule = rule;
	board->live = true;
	board->kernel = (struct kernel_config){
	    .kpis = &board->kpis,
	    .rollup_count = 2,
	    .rollup = {{.name = "all"}, {.name = "one", .dims_mask = dims_mask}},
	};
	board->rules = rules_new(&board->rule, 1, &board->kernel);
	return board;
}

static struct board *
board_new(struct rule rule)
{
	return board_by(rule, 1 << TEXT_CAMP);
}

static struct rule
cost_above_ten(int for_min, int keep_min)
{
	return (struct rule){.name = "cost",
	                     .window = WINDOW_D,
	                     .rollup = 1,
	                     .op = RULE_ABOVE,
	                     .key = (char *)(uintptr_t) "harb*",
	                     .num = 10,
	                     .den = 1,
	                     .clear_num = 8,
	                     .clear_den = 1,
	                     .for_ms = for_min * MINUTE,
	                     .keep_ms = keep_min * MINUTE};
}

static void
evaluate(struct board *board)
{
	struct rules_source source = {board, board->now_ms, board->bounds, 1, live, rollup, key, totals};
	rules_evaluate_source(board->rules, &source, tell, board);
}

/*
 * One evaluation a minute with this spend and these leads. Log time is that of the minute's last event: each
 * comes a little earlier in its minute, so that a minute by them is shorter than one.
 */
static void
minute(struct board *board, int64_t spend, int64_t leads)
{
	board->minutes++;
	board->now_ms = board->minutes * (MINUTE - 50);
	board->total[SPEND] = spend;
	board->total[LEADS] = leads;
	evaluate(board);
}

static void
board_end(struct board *board, const char *story)
{
	assert_string_equal(board->story, story);
	rules_free(board->rules);
	test_free(board);
}

static void
it_fires_when_the_condition_has_held_for_long_enough(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(2, 0));
	minute(board, 100, 10); /* 10: not above */
	minute(board, 110, 10);
	minute(board, 120, 10);
	minute(board, 130, 10); /* two minutes later */
	minute(board, 130, 10);
	board_end(board, "2 ok>pending\n4 pending>firing\n");
}

static void
times_told_are_whole_minutes(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(1, 0));
	minute(board, 110, 10);
	minute(board, 110, 10);
	assert_int_equal(board->told.at_ms, 2 * MINUTE);
	assert_int_equal(board->told.since_ms, 2 * MINUTE);
	assert_int_equal(board->told.holds_since_ms, MINUTE);
	board_end(board, "1 ok>pending\n2 pending>firing\n");
}

static void
a_short_excess_is_only_pending(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(5, 0));
	minute(board, 110, 10);
	minute(board, 100, 10);
	board_end(board, "1 ok>pending\n2 pending>ok\n");
}

static void
it_is_over_only_past_the_clear_level_and_after_the_keep_time(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(0, 2));
	minute(board, 110, 10);
	minute(board, 90, 10); /* below 10, not yet at 8 */
	minute(board, 80, 10);
	minute(board, 120, 10); /* again, before it was over */
	minute(board, 70, 10);
	minute(board, 70, 10);
	minute(board, 70, 10);
	board_end(board, "1 ok>firing\n3 firing>clearing\n4 clearing>firing\n5 firing>clearing\n7 clearing>ok\n");
}

static void
few_leads_change_nothing_but_spend_without_any_is_above_every_limit(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(0, 0));
	minute(board, 90, 2); /* 45 each, but fewer than min_denominator: not judged */
	minute(board, 0, 0);  /* no value */
	minute(board, 90, 0); /* worse than any cost */
	minute(board, 50, 2); /* not judged: stays */
	minute(board, 50, 10);
	board_end(board, "3 ok>firing\n5 firing>ok\n");
}

static void
a_freed_row_ends_its_alert(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(0, 10));
	minute(board, 110, 10);
	board->live = false;
	minute(board, 0, 0);
	board_end(board, "1 ok>firing\n2 firing>ok gone\n");
}

static void
the_same_minute_is_judged_once(void **state)
{
	(void)state;
	struct board *board = board_new(cost_above_ten(0, 0));
	minute(board, 110, 10);
	board->total[SPEND] = 10;
	board->now_ms = MINUTE - 1;
	evaluate(board);
	board_end(board, "1 ok>firing\n");
}

static void
pace_scales_the_value_by_the_elapsed_share_of_the_period(void **state)
{
	(void)state;
	struct rule rule = cost_above_ten(0, 0);
	rule.kpi = 1;
	rule.op = RULE_BELOW;
	rule.pace = true;
	rule.num = rule.clear_num = 100;
	struct board *board = board_new(rule);
	board->bounds[WINDOW_D].part[PART_CUR] = (struct span_ms){0, 100 * MINUTE};
	board->minutes = 49;
	minute(board, 0, 50); /* half the period, half the leads: not below */
	minute(board, 0, 50); /* 51 % of it */
	minute(board, 0, 52);
	board_end(board, "51 ok>firing\n52 firing>ok\n");
}

static void
a_key_that_the_pattern_does_not_take_is_not_watched(void **state)
{
	(void)state;
	struct rule rule = cost_above_ten(0, 0);
	rule.key = (char *)(uintptr_t) "gajian*";
	struct board *board = board_new(rule);
	minute(board, 110, 10);
	struct rules_counters counters;
	rules_count(board->rules, &counters);
	assert_int_equal(counters.watched, 0);
	board_end(board, "");
}

/* A team's share of the spend is nowhere written: without it a team with leads would be cheap, one without them dear. */
static void
a_cost_is_not_judged_where_spend_is_not_known(void **state)
{
	(void)state;
	struct rules_counters counters;
	struct board *board = board_by(cost_above_ten(0, 0), 1 << TEXT_TEAM);
	minute(board, 110, 10);
	minute(board, 110, 0);
	rules_count(board->rules, &counters);
	assert_int_equal(counters.watched, 0);
	board_end(board, "");
	struct rule many_leads = cost_above_ten(0, 0);
	many_leads.kpi = 1;
	board = board_by(many_leads, 1 << TEXT_TEAM);
	minute(board, 0, 11);
	board_end(board, "1 ok>firing\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_fires_when_the_condition_has_held_for_long_enough),
	    cmocka_unit_test(times_told_are_whole_minutes),
	    cmocka_unit_test(a_short_excess_is_only_pending),
	    cmocka_unit_test(it_is_over_only_past_the_clear_level_and_after_the_keep_time),
	    cmocka_unit_test(few_leads_change_nothing_but_spend_without_any_is_above_every_limit),
	    cmocka_unit_test(a_freed_row_ends_its_alert),
	    cmocka_unit_test(the_same_minute_is_judged_once),
	    cmocka_unit_test(pace_scales_the_value_by_the_elapsed_share_of_the_period),
	    cmocka_unit_test(a_key_that_the_pattern_does_not_take_is_not_watched),
	    cmocka_unit_test(a_cost_is_not_judged_where_spend_is_not_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
