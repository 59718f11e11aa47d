/* test_kernel_explain.c - what the kernel says of one event, beside what it counts. */
#include "aggregator/aggregator.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const int64_t HOUR = 3600000, DAY = 86400000;
static const int64_t NOW = 1700006400000; /* 2023-11-15 00:00:00 UTC */

struct fixture {
	struct zone zone;
	struct kpi_set kpis;
	struct kernel_config config;
	struct kernel *kernel;
	struct event_view view;
};

static struct fixture *
fixture_new(void)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	static const uint8_t sip[HASH_KEY_BYTES] = {9};
	f->zone = (struct zone){.name = "UTC", .count = 1, .change = {{INT64_MIN, 0}}};
	f->kpis.measure_count = 4;
	f->kpis.measure[0] = (struct measure){.name = "sales", .from = EVENT_SALE, .take = TAKE_COUNT};
	f->kpis.measure[1] = (struct measure){.name = "mql", .from = EVENT_LEAD, .take = TAKE_STAGE, .stage = STAGE_MQL};
	f->kpis.measure[2] = (struct measure){.name = "refunds", .from = EVENT_REFUND, .take = TAKE_SUM, .num = NUM_AMT};
	f->kpis.measure[3] = (struct measure){.name = "new", .from = EVENT_SALE, .take = TAKE_NEW};
	f->config = (struct kernel_config){
	    .zone = &f->zone,
	    .kpis = &f->kpis,
	    .horizon_ms = 63 * DAY,
	    .future_ms = 300000,
	    .slide_min = {1, 15, 60},
	    .rollup_count = 3,
	    .rollup = {{.name = "all"},
	               {.name = "campaign", .dims_mask = 1 << TEXT_CAMP},
	               {.name = "channel+team", .dims_mask = 1 << TEXT_CHAN | 1 << TEXT_TEAM}},
	    .series_max = 1000,
	};
	hash_key_init(&f->config.key, sip);
	f->kernel = kernel_new(&f->config);
	return f;
}

static void
fixture_free(struct fixture *f)
{
	kernel_free(f->kernel);
	test_free(f);
}

struct said {
	const char *id, *cust, *camp, *chan, *team, *lead, *ref;
	unsigned type, stage;
	int64_t ts_ms, amt, rev;
};

static void
text_put(struct group *group, struct group_event *event, enum event_text text, const char *value)
{
	if (value == NULL)
		return;
	event->text_off[text] = (uint32_t)group->bytes.len;
	event->text_len[text] = (uint16_t)strlen(value);
	buf_add(&group->bytes, value, strlen(value));
}

static struct slice
maybe(const char *text)
{
	return text != NULL ? slice_of(text) : (struct slice){0};
}

/* As accept would have it. */
static void
send(struct fixture *f, int64_t now_ms, struct said said)
{
	struct group *group = group_new(GROUP_BATCHES);
	group->time_ms = group->recv_ms = now_ms;
	group->dims_mask = kernel_dims_mask(&f->config);
	group_add_batch(group)->count = 1;
	struct group_event *event = group_add_event(group);
	event->type = (uint8_t)said.type;
	event->stage = (uint8_t)said.stage;
	event->ts_ms = said.ts_ms;
	event->num[NUM_AMT] = said.amt;
	event->num[NUM_QTY] = said.type == EVENT_SALE || said.type == EVENT_REFUND;
	event->rev = said.rev;
	event->id = group_identity_hash(maybe(said.cust), slice_of(said.id), &f->config.key);
	event->content = event->id.lo;
	event->flags = (uint8_t)(EVENT_HAS_AMT | (said.camp != NULL || said.chan != NULL ? EVENT_HAS_TOUCH : 0));
	text_put(group, event, TEXT_ID, said.id);
	text_put(group, event, TEXT_CUST, said.cust);
	text_put(group, event, TEXT_CAMP, said.camp);
	text_put(group, event, TEXT_CHAN, said.chan);
	text_put(group, event, TEXT_TEAM, said.team);
	text_put(group, event, TEXT_LEAD, said.lead);
	text_put(group, event, TEXT_REF, said.ref);
	event->dims = group_dims_hash(group, event, group->dims_mask, &f->config.key);
	kernel_apply(f->kernel, group);
	if (event->verdict != VERDICT_OK)
		fail_msg("%s: %s", said.id, verdict_name(event->verdict));
	group_free(group);
}

static const struct event_view *
explain(struct fixture *f, const char *cust, const char *id, bool known)
{
	assert_int_equal(kernel_explain(f->kernel, maybe(cust), slice_of(id), &f->view), known);
	return &f->view;
}

static void
assert_dim(const struct event_view *view, unsigned dim, const char *given, const char *counted)
{
	assert_true(slice_is(view->given[dim], given));
	assert_true(slice_is(view->counted[dim], counted));
}

static void
what_never_came_is_not_known_and_an_id_is_its_customers(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	explain(f, "ani", "s", false);
	send(f, NOW, (struct said){.id = "s", .cust = "ani", .type = EVENT_SALE, .ts_ms = NOW, .amt = 5});
	assert_int_equal(explain(f, "ani", "s", true)->known, KNOWN_KEPT);
	assert_int_equal(explain(f, "budi", "s", false)->known, KNOWN_NOT);
	assert_int_equal(explain(f, NULL, "s", false)->known, KNOWN_NOT);
	send(f, NOW, (struct said){.id = "v", .cust = "ani", .type = EVENT_VISIT, .ts_ms = NOW});
	assert_int_equal(explain(f, "ani", "v", true)->known, KNOWN_ID);
	fixture_free(f);
}

static void
a_sale_names_the_touch_it_takes_and_a_later_one_moves_it(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	send(f, NOW, (struct said){.id = "s", .cust = "ani", .type = EVENT_SALE, .ts_ms = NOW, .amt = 5, .lead = "L"});
	const struct event_view *view = explain(f, "ani", "s", true);
	assert_int_equal(view->origin, ORIGIN_DIRECT);
	assert_dim(view, TEXT_CHAN, "", "Direct");
	send(f, NOW, (struct said){.id = "v", .cust = "ani", .camp = "spring", .chan = "Email", .type = EVENT_VISIT,
	                           .ts_ms = NOW - HOUR});
	view = explain(f, "ani", "s", true);
	assert_int_equal(view->origin, ORIGIN_CUSTOMER);
	assert_int_equal(view->touch_ms, NOW - HOUR);
	assert_dim(view, TEXT_CAMP, "", "spring");
	assert_dim(view, TEXT_CHAN, "", "Email");
	/* the lead's own touch goes first, even an older one */
	send(f, NOW, (struct said){.id = "l", .cust = "ani", .camp = "fair", .chan = "SMS", .team = "north", .lead = "L",
	                           .type = EVENT_LEAD, .stage = STAGE_MQL, .ts_ms = NOW - 2 * HOUR});
	view = explain(f, "ani", "s", true);
	assert_int_equal(view->origin, ORIGIN_LEAD);
	assert_int_equal(view->touch_ms, NOW - 2 * HOUR);
	assert_dim(view, TEXT_CAMP, "", "fair");
	assert_dim(view, TEXT_TEAM, "", "north");
	assert_int_equal(view->by_lead, 1 << TEXT_TEAM);
	fixture_free(f);
}

static void
own_words_inherit_nothing(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	send(f, NOW, (struct said){.id = "v", .cust = "ani", .camp = "spring", .chan = "Email", .type = EVENT_VISIT,
	                           .ts_ms = NOW - HOUR});
	send(f, NOW, (struct said){.id = "s", .cust = "ani", .camp = "own", .type = EVENT_SALE, .ts_ms = NOW, .amt = 5});
	const struct event_view *view = explain(f, "ani", "s", true);
	assert_int_equal(view->origin, ORIGIN_OWN);
	assert_dim(view, TEXT_CAMP, "own", "own");
	assert_dim(view, TEXT_CHAN, "", "");
	fixture_free(f);
}

static void
a_refund_says_whether_it_is_matched_and_what_was_cut_off(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	send(f, NOW, (struct said){.id = "r", .cust = "ani", .ref = "s", .type = EVENT_REFUND, .ts_ms = NOW, .amt = 70});
	const struct event_view *view = explain(f, "ani", "r", true);
	assert_false(view->is_matched);
	assert_int_equal(view->amt_counts, 70);
	send(f, NOW + HOUR, (struct said){.id = "s", .cust = "ani", .camp = "spring", .type = EVENT_SALE, .ts_ms = NOW - HOUR,
	                                  .amt = 50});
	view = explain(f, "ani", "r", true);
	assert_true(view->is_matched);
	assert_int_equal(view->amt, 70);
	assert_int_equal(view->amt_counts, 50);
	assert_int_equal(view->sale_ms, NOW - HOUR);
	assert_dim(view, TEXT_CAMP, "", "spring");
	view = explain(f, "ani", "s", true);
	assert_true(view->is_spent);
	assert_false(view->is_first); /* while it is fully refunded, the customer is new nowhere */
	assert_int_equal(view->refunds, 1);
	assert_int_equal(view->refunded, 50);
	/* a void sale is as if it had never come */
	send(f, NOW + HOUR, (struct said){.id = "k", .cust = "ani", .ref = "s", .rev = 1, .type = EVENT_VOID, .ts_ms = NOW});
	assert_false(explain(f, "ani", "r", true)->is_matched);
	fixture_free(f);
}

static void
a_correction_shows_its_revision_and_a_void_that_nothing_counts(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	send(f, NOW, (struct said){.id = "k", .cust = "ani", .ref = "s", .rev = 3, .type = EVENT_CORRECT, .ts_ms = NOW,
	                           .amt = 9});
	const struct event_view *view = explain(f, "ani", "s", true);
	assert_int_equal(view->known, KNOWN_NOT);
	assert_int_equal(view->waiting, 1);
	assert_int_equal(explain(f, "ani", "k", true)->known, KNOWN_ID);
	send(f, NOW + HOUR, (struct said){.id = "s", .cust = "ani", .camp = "a", .type = EVENT_SALE, .ts_ms = NOW, .amt = 5});
	view = explain(f, "ani", "s", true);
	assert_true(view->is_corrected && view->counts && view->is_first);
	assert_int_equal(view->rev, 3);
	assert_int_equal(view->waiting, 0);
	assert_int_equal(view->since_ms, NOW + HOUR);
	assert_int_equal(view->amt_counts, 9);
	send(f, NOW + HOUR, (struct said){.id = "w", .cust = "ani", .ref = "s", .rev = 3, .type = EVENT_VOID, .ts_ms = NOW});
	view = explain(f, "ani", "s", true);
	assert_true(view->is_void && !view->counts && !view->is_first);
	assert_int_equal(view->amt_counts, 0);
	fixture_free(f);
}

static void
a_lead_event_says_which_stages_were_entered_with_it(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	send(f, NOW, (struct said){.id = "1", .cust = "ani", .lead = "L", .type = EVENT_LEAD, .stage = STAGE_LEAD,
	                           .ts_ms = NOW});
	send(f, NOW + HOUR, (struct said){.id = "2", .cust = "ani", .lead = "L", .type = EVENT_LEAD, .stage = STAGE_SQL,
	                                  .ts_ms = NOW + HOUR});
	assert_int_equal(explain(f, "ani", "1", true)->entered, 1 << STAGE_LEAD);
	const struct event_view *view = explain(f, "ani", "2", true);
	assert_int_equal(view->entered, 1 << STAGE_MQL | 1 << STAGE_SQL);
	assert_int_equal(view->stage, STAGE_SQL);
	send(f, NOW + HOUR, (struct said){.id = "3", .cust = "ani", .lead = "L", .type = EVENT_LEAD, .stage = STAGE_REJECTED,
	                                  .ts_ms = NOW + HOUR + 1});
	assert_int_equal(explain(f, "ani", "2", true)->entered, 0);
	fixture_free(f);
}

static void
beyond_the_horizon_what_was_settled_stands(void **state)
{
	struct fixture *f = fixture_new();
	(void)state;
	int64_t then = NOW + 63 * DAY;
	send(f, NOW + HOUR, (struct said){.id = "s", .cust = "ani", .type = EVENT_SALE, .ts_ms = NOW + HOUR, .amt = 5});
	send(f, then, (struct said){.id = "t", .cust = "budi", .type = EVENT_SALE, .ts_ms = then, .amt = 5});
	kernel_drain(f->kernel, UINT64_MAX); /* what is too old at midnight is forgotten */
	assert_true(explain(f, "ani", "s", true)->is_open);
	send(f, then + HOUR + 1, (struct said){.id = "u", .cust = "budi", .type = EVENT_SALE, .ts_ms = then, .amt = 5});
	const struct event_view *view = explain(f, "ani", "s", true);
	assert_false(view->is_open);
	assert_int_equal(view->origin, ORIGIN_SETTLED);
	fixture_free(f);
}

/* received = ok + duplicate + refused, accept's refusals among them. */
static void
figures_count_every_event_by_its_verdict(void **state)
{
	struct fixture *f = fixture_new();
	struct aggregator_config config = {.kernel = &f->config};
	struct aggregator *aggregator = aggregator_new(&config);
	struct figures figures;
	(void)state;
	aggregator_figures(aggregator, &figures);
	assert_true(figures.now_ms == INT64_MIN && figures.lsn == 0);
	for (unsigned lsn = 0; lsn < 4; lsn++) { /* 0: the log did not take it */
		struct group *group = group_new(GROUP_BATCHES);
		group->time_ms = group->recv_ms = NOW;
		group->lsn = lsn;
		group_add_batch(group)->count = 3;
		for (unsigned i = 0; i < 3; i++) {
			struct group_event *event = group_add_event(group);
			event->type = EVENT_VISIT;
			event->ts_ms = i == 1 ? NOW - 64 * DAY : NOW;
			event->id = (struct hash128){i + 1, 1};
			event->verdict = i == 2 ? VERDICT_BAD_FIELD : VERDICT_OK;
			event->dims = group_dims_hash(group, event, group->dims_mask, &f->config.key);
		}
		aggregator_apply(aggregator, group);
		group_free(group);
	}
	aggregator_figures(aggregator, &figures);
	assert_int_equal(figures.lsn, 3);
	assert_true(figures.now_ms == NOW);
	assert_int_equal(figures.verdict[VERDICT_OK], 1);
	assert_int_equal(figures.verdict[VERDICT_DUPLICATE], 2);
	assert_int_equal(figures.verdict[VERDICT_TOO_LATE], 3);
	assert_int_equal(figures.verdict[VERDICT_BAD_FIELD], 3);
	assert_int_equal(figures.kernel.ids, 1);
	assert_true(figures.kernel.bytes > 0);
	aggregator_free(aggregator);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_never_came_is_not_known_and_an_id_is_its_customers),
	    cmocka_unit_test(a_sale_names_the_touch_it_takes_and_a_later_one_moves_it),
	    cmocka_unit_test(own_words_inherit_nothing),
	    cmocka_unit_test(a_refund_says_whether_it_is_matched_and_what_was_cut_off),
	    cmocka_unit_test(a_correction_shows_its_revision_and_a_void_that_nothing_counts),
	    cmocka_unit_test(a_lead_event_says_which_stages_were_entered_with_it),
	    cmocka_unit_test(beyond_the_horizon_what_was_settled_stands),
	    cmocka_unit_test(figures_count_every_event_by_its_verdict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
