/* test_explain.c - a KPI, a row and an event in words. The shipped file of KPIs is what most are explained from. */
#include "laju/explain.h"
#include "laju/config.h"
#include "laju/info_json.h"
#include "laju/kpi_file.h"
#include "laju/kpi_words.h"
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const int64_t AT = 1795413909500; /* 2026-11-23T06:05:09.500Z */

static struct kpi_set *
shipped(void)
{
	static struct kpi_set set;
	struct config_problems problems = {0};
	if (set.kpi_count == 0)
		assert_true(kpi_file_parse(&set, "kpis.yaml", config_default_kpis(), 2, &problems));
	problems_fini(&problems);
	return &set;
}

static const char *
text_of(struct buf *out)
{
	buf_add(out, "", 1);
	return (const char *)out->data;
}

static void
assert_has(struct buf *out, const char *words)
{
	if (strstr(text_of(out), words) == NULL)
		fail_msg("\"%s\" is not in:\n%s", words, (const char *)out->data);
	out->len--; /* the terminator */
}

static void
assert_has_not(struct buf *out, const char *words)
{
	if (strstr(text_of(out), words) != NULL)
		fail_msg("\"%s\" is in:\n%s", words, (const char *)out->data);
	out->len--;
}

/* ---- formulas ---- */

/* Parentheses stay where they are needed, and the text compiles to the same operations. */
static void
a_formula_in_words_is_the_same_formula(void **state)
{
	static const struct {
		const char *written, *words;
	} cases[] = {
	    {"spend / (leads - mql)", "spend / (leads - mql)"},
	    {"(spend / leads) * 2", "spend / leads * 2"},
	    {"visits - (lead_events - sale_events)", "visits - (lead_events - sale_events)"},
	    {"visits - lead_events + sale_events", "visits - lead_events + sale_events"},
	    {"visits + (lead_events + sale_events)", "visits + lead_events + sale_events"},
	    {"spend / (leads / 2)", "spend / (leads / 2)"},
	    {"0.35 * spend - 1.50 * spend", "0.35 * spend - 1.5 * spend"},
	    {"(visits + lead_events) * -2", "(visits + lead_events) * 2 * (-1)"},
	    {"roas", "(sales_amount - refunds_as_sold) / spend"},
	    {"visits * 1.05", "visits * 1.05"},
	};
	struct formula formula, again;
	enum unit unit;
	uint32_t at;
	char why[120];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};
		if (formula_compile(&formula, shipped(), cases[i].written, &unit, &at, why) != 0)
			fail_msg("%s: %s", cases[i].written, why);
		formula_names(&formula, shipped(), &out);
		assert_string_equal(text_of(&out), cases[i].words);
		assert_int_equal(formula_compile(&again, shipped(), (const char *)out.data, &unit, &at, why), 0);
		buf_fini(&out);
	}
	for (uint32_t k = 0; k < shipped()->kpi_count; k++) {
		struct buf out = {0};
		const struct kpi *kpi = &shipped()->kpi[k];
		formula_names(&kpi->formula, shipped(), &out);
		if (formula_compile(&again, shipped(), text_of(&out), &unit, &at, why) != 0)
			fail_msg("%s: %s: %s", kpi->name, (const char *)out.data, why);
		int64_t totals[MEASURES_MAX];
		for (uint32_t m = 0; m < MEASURES_MAX; m++)
			totals[m] = 1000 + (int64_t)m * 7;
		struct kpi_value here = formula_value(&kpi->formula, totals), there = formula_value(&again, totals);
		assert_true(here.kind == there.kind && here.num == there.num && here.den == there.den);
		buf_fini(&out);
	}
}

static void
a_measure_in_words_says_what_when_and_where(void **state)
{
	static const struct {
		const char *name, *take, *words;
	} cases[] = {
	    {"visits", "count", "number of visit events"},
	    {"customers", "distinct(cust)", "different customers of sale events, each once"},
	    {"orders", "distinct(order)", "different orders of sale events, each once"},
	    {"customers_kept", "retained(cust)", "customers of sale events who were also there in the window before"},
	    {"customers_before", "previous(cust)", "customers of sale events in the window before"},
	    {"new_customers", "new(cust)", "customers whose first sale ever it is"},
	    {"mql", "stage(mql)", "leads that first entered the stage mql"},
	    {"mql_now_sql", "cohort(sql, mql)", "leads that entered the stage mql and have reached sql by now"},
	    {"sales_amount", "sum(amt)", "sum of amt over sale events"},
	    {"refunds_as_sold", "sum(amt)", "sum of amt over refund events, at the time of their sale"},
	    {"refunds_unmatched", "count", "number of refund events, where matched is no, at the time of the refund"},
	    {"media_spend", "sum(amt)", "sum of amt over spend events, where cost_type is media"},
	    {"mql_events", "count", "number of lead events, where stage is mql"},
	    {"organic_all_visits", "count",
	     "number of visit events, where channel is Organic Search, Organic Social, Organic Video or Organic Shopping"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf take = {0}, words = {0};
		int m = measure_find(shipped(), slice_of(cases[i].name));
		assert_true(m >= 0);
		measure_take_words(&shipped()->measure[m], &take);
		measure_words(&shipped()->measure[m], &words);
		assert_string_equal(text_of(&take), cases[i].take);
		assert_string_equal(text_of(&words), cases[i].words);
		buf_fini(&take);
		buf_fini(&words);
	}
}

static void
notes_are_those_that_matter(void **state)
{
	static const struct {
		const char *kpi, *has, *has_not;
	} cases[] = {
	    {"customers", "cannot be added up", "Refunds"},
	    {"orders", "Different orders", "Different customers"},
	    {"retention", "beyond the 63 days", "Spend is known"},
	    {"roi", "Spend is known by campaign, channel, source, medium", "as_refunded"},
	    {"roi", "as_sold", "cannot be added up"},
	    {"revenue", "as_refunded", "as_sold"},
	    {"mql_to_sql", "still grows", "first sale ever"},
	    {"cac", "first sale ever", "still grows"},
	    {"cac", "below 5 it is shown", "as_sold"},
	    {"visits", "number of visit events", "to know"},
	    {"spend", "neither way is better", "as_sold"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};
		int k = kpi_find(shipped(), slice_of(cases[i].kpi));
		assert_true(k >= 0);
		explain_kpi_text(shipped(), (uint32_t)k, &out);
		assert_has(&out, cases[i].has);
		assert_has_not(&out, cases[i].has_not);
		buf_fini(&out);
	}
}

/* ---- a row ---- */

static void
row_fill(struct row *row, struct info *info, int64_t sales, int64_t refunds, int64_t spend)
{
	memset(row, 0, sizeof(*row));
	*info = (struct info){.decimals = 2};
	row->at_ms = AT;
	for (unsigned p = 0; p < 2; p++) {
		struct row_part *part = &row->part[p];
		part->bounds = (struct span_ms){AT - 1000 * (p + 1), AT - 1000 * p};
		part->measure[part->measures++] = (struct row_measure){slice_of("sales_amount"), p == 0 ? sales : 0};
		part->measure[part->measures++] = (struct row_measure){slice_of("refunds_as_sold"), p == 0 ? refunds : 0};
		part->measure[part->measures++] = (struct row_measure){slice_of("spend"), p == 0 ? spend : 0};
		part->measure[part->measures++] = (struct row_measure){slice_of("refunds_unmatched"), 3};
		part->kpi[part->kpis++] = (struct row_value){.name = slice_of("roas"), .kind = p == 0 ? 1 : 2, .num = sales - refunds,
		                                             .den = spend, .reason = slice_of("no spend")};
	}
}

static struct explain_row
explain_of(const struct info *info, const char *kpi)
{
	int k = kpi_find(shipped(), slice_of(kpi));
	assert_true(k >= 0);
	return (struct explain_row){.set = shipped(), .kpi = (uint32_t)k, .info = info};
}

static void
a_row_shows_the_arithmetic_and_its_result(void **state)
{
	struct row *row = malloc(sizeof(*row));
	struct info info;
	struct buf out = {0};
	(void)state;
	row_fill(row, &info, 250000000, 30000000, 100000000);
	struct explain_row explain = explain_of(&info, "roas");
	explain_row_text(&explain, slice_of("kpi/r30d/campaign/spring%20sale"), row, &out);
	assert_has(&out, "r30d/campaign/spring sale  (numbers of 2026-11-23T06:05:09.500Z)\n");
	assert_has(&out, "  cur   2026-11-23T06:05:08.500Z to 2026-11-23T06:05:09.500Z\n");
	assert_has(&out, "        sales_amount     2,500,000.00\n");
	assert_has(&out, "(2,500,000.00 - 300,000.00) / 1,000,000.00 = 2.200\n");
	assert_has(&out, "(0.00 - 0.00) / 0.00 = no value: no spend\n");
	assert_has(&out, "refunds in cur whose sale is not known: 3\n");
	assert_false(explain.differs || explain.missing);
	buf_fini(&out);
	row_fill(row, &info, 500, 700, 100); /* below zero: as if the formula had it in parentheses */
	row->part[PART_CUR].measure[0].value = -500;
	row->part[PART_CUR].kpi[0].num = -1200;
	explain_row_text(&explain, slice_of("kpi/r30d/all/all"), row, &out);
	assert_has(&out, "((-5.00) - 7.00) / 1.00 = -12.00\n");
	assert_false(explain.differs);
	buf_fini(&out);
	free(row);
}

static void
a_row_of_another_file_of_kpis_is_told(void **state)
{
	struct row *row = malloc(sizeof(*row));
	struct info info;
	struct buf out = {0};
	(void)state;
	row_fill(row, &info, 500, 0, 100);
	row->part[PART_CUR].kpi[0].num = 501;
	struct explain_row explain = explain_of(&info, "roas");
	explain_row_json(&explain, slice_of("kpi/r1d/all/all"), row, &out);
	assert_true(explain.differs);
	row_fill(row, &info, 500, 0, 100);
	row->part[PART_CUR].measures = 2; /* the server does not know spend */
	explain = explain_of(&info, "roas");
	explain_row_text(&explain, slice_of("kpi/r1d/all/all"), row, &out);
	assert_true(explain.differs);
	assert_has(&out, "not told");
	explain = explain_of(&info, "aov");
	explain_row_text(&explain, slice_of("kpi/r1d/all/all"), row, &out);
	assert_true(explain.missing);
	buf_fini(&out);
	free(row);
}

/* ---- JSON ---- */

static json_t *
json_of(struct buf *out)
{
	json_error_t error;
	json_t *json = json_loadb((const char *)out->data, out->len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s at %d: %.*s", error.text, error.position, (int)out->len, (const char *)out->data);
	return json;
}

static void
json_is_json_and_says_the_same(void **state)
{
	struct row *row = malloc(sizeof(*row));
	struct info info;
	(void)state;
	for (uint32_t k = 0; k < shipped()->kpi_count; k++) {
		struct buf out = {0};
		buf_printf(&out, "{");
		explain_kpi_json(shipped(), k, &out);
		buf_printf(&out, "}");
		json_t *json = json_of(&out);
		assert_string_equal(json_string_value(json_object_get(json, "kpi")), shipped()->kpi[k].name);
		assert_true(json_array_size(json_object_get(json, "measures")) > 0);
		json_decref(json);
		buf_fini(&out);
	}
	struct buf out = {0};
	row_fill(row, &info, 500, 100, 100);
	struct explain_row explain = explain_of(&info, "roas");
	explain_row_json(&explain, slice_of("kpi/r1d/all/all"), row, &out);
	json_t *json = json_of(&out), *cur = json_object_get(json, "cur");
	assert_string_equal(json_string_value(json_object_get(cur, "arithmetic")), "(5.00 - 1.00) / 1.00");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(cur, "measures"), "sales_amount")), 500);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(cur, "value"), 0)), 400);
	assert_null(json_object_get(json, "ptd"));
	json_decref(json);
	out.len = 0;
	info_add(&info, INFO_EVENTS, "ok", 5);
	info_add(&info, INFO_EVENTS, "too_late", 2);
	info_add(&info, INFO_STATE, "parked", 1);
	explain_left_out_json(&info, &out);
	json = json_of(&out);
	assert_int_equal(json_integer_value(json_object_get(json, "too_late")), 2);
	assert_int_equal(json_integer_value(json_object_get(json, "parked")), 1);
	assert_null(json_object_get(json, "ok"));
	json_decref(json);
	out.len = 0;
	info.at_ms = INT64_MIN;
	info_json(&out, &info);
	json = json_of(&out);
	assert_true(json_is_null(json_object_get(json, "at")));
	json_decref(json);
	buf_fini(&out);
	free(row);
}

/* ---- events ---- */

static void
an_event_in_words(void **state)
{
	const struct event_ask ask = {slice_of("o-1"), slice_of("c\x1b[2J")};
	struct event_view view = {.known = KNOWN_KEPT, .type = EVENT_SALE, .origin = ORIGIN_CUSTOMER, .ts_ms = AT,
	                          .since_ms = AT, .touch_ms = AT - 1000, .is_open = true, .counts = true, .amt = 500,
	                          .amt_counts = 500, .qty = 1, .qty_counts = 1, .dims_mask = 1 << TEXT_CAMP | 1 << TEXT_TEAM, .by_lead = 1 << TEXT_TEAM,
	                          .is_first = true, .refunds = 2, .refunded = 300};
	struct buf out = {0};
	(void)state;
	view.counted[TEXT_CAMP] = slice_of("spring");
	view.counted[TEXT_TEAM] = slice_of("north");
	explain_event_text(&ask, &view, 2, &out);
	assert_has(&out, "o-1 of c?[2J: a sale of 2026-11-23T06:05:09.500Z\n");
	assert_has(&out, "last touch of its customer, at 2026-11-23T06:05:08.500Z\n");
	assert_has(&out, "refunds: 2, together 3.00\n");
	assert_has(&out, "its customer's first sale");
	assert_has(&out, "spring        its customer's last touch\n");
	assert_has(&out, "north         its lead\n");
	out.len = 0;
	view.is_corrected = view.is_void = true;
	view.counts = false;
	view.rev = 4;
	explain_event_text(&ask, &view, 2, &out);
	assert_has(&out, "a void of revision 4 is in force");
	assert_has(&out, "it does not count");
	assert_has_not(&out, "touch");
	out.len = 0;
	view = (struct event_view){.known = KNOWN_KEPT, .type = EVENT_REFUND, .counts = true, .amt = 700, .amt_counts = 500,
	                           .is_matched = true, .sale_ms = AT};
	explain_event_text(&ask, &view, 0, &out);
	assert_has(&out, "it counts with amt 500 of 700");
	assert_has(&out, "matched with its sale of 2026-11-23T06:05:09.500Z");
	assert_has(&out, "cut off");
	assert_has(&out, "beyond the horizon");
	out.len = 0;
	view = (struct event_view){.known = KNOWN_KEPT, .type = EVENT_LEAD, .stage = STAGE_SQL, .counts = true,
	                           .entered = 1 << STAGE_MQL | 1 << STAGE_SQL};
	explain_event_text(&ask, &view, 0, &out);
	assert_has(&out, "a lead, stage sql of");
	assert_has(&out, "its lead entered mql, sql with it\n");
	out.len = 0;
	view = (struct event_view){.waiting = 2};
	explain_event_text(&ask, &view, 0, &out);
	assert_has(&out, "not known");
	assert_has(&out, "2 corrections or voids wait for it\n");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_formula_in_words_is_the_same_formula),
	    cmocka_unit_test(a_measure_in_words_says_what_when_and_where),
	    cmocka_unit_test(notes_are_those_that_matter),
	    cmocka_unit_test(a_row_shows_the_arithmetic_and_its_result),
	    cmocka_unit_test(a_row_of_another_file_of_kpis_is_told),
	    cmocka_unit_test(json_is_json_and_says_the_same),
	    cmocka_unit_test(an_event_in_words),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	kpi_set_fini(shipped());
	return failed;
}
