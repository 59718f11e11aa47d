/* test_kernel.c - the kernel's own promises, one at a time. The totals as such are proved by tests/property. */
#include "aggregator/state.h" /* to spoil a total */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const int64_t MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
static const int64_t NOW = 1700006400000; /* 2023-11-15 00:00:00 UTC, a Wednesday */

struct fixture {
	struct zone zone;
	struct kpi_set kpis;
	struct kernel_config config;
	struct kernel *kernel;
	char said[128]; /* of the last refusal */
};

static struct fixture *
fixture_new(uint32_t series_max)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	static const uint8_t sip[HASH_KEY_BYTES] = {9};
	f->zone = (struct zone){.name = "UTC", .count = 1, .change = {{INT64_MIN, 0}}};
	f->kpis.measure_count = 2;
	f->kpis.measure[0] = (struct measure){.name = "sales", .from = EVENT_SALE, .take = TAKE_COUNT};
	f->kpis.measure[1] = (struct measure){.name = "amount", .from = EVENT_SALE, .take = TAKE_SUM, .num = NUM_AMT};
	f->config = (struct kernel_config){
	    .zone = &f->zone,
	    .kpis = &f->kpis,
	    .horizon_ms = 63 * DAY,
	    .future_ms = 5 * MINUTE,
	    .slide_min = {1, 15, 60},
	    .rollup_count = 2,
	    .rollup = {{.name = "all"}, {.name = "campaign", .dims_mask = 1 << TEXT_CAMP}},
	    .series_max = series_max,
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

/* One sale, alone in its group; returns the verdict. */
static enum verdict
sale(struct fixture *f, int64_t now_ms, int64_t ts_ms, const char *campaign, int64_t amount, uint64_t id)
{
	struct group *group = group_new(GROUP_BATCHES);
	group->time_ms = group->recv_ms = now_ms;
	group->dims_mask = kernel_dims_mask(&f->config);
	group_add_batch(group)->count = 1;
	struct group_event *event = group_add_event(group);
	event->type = EVENT_SALE;
	event->ts_ms = ts_ms;
	event->num[NUM_AMT] = amount;
	event->id = (struct hash128){id, id};
	event->content = id;
	event->flags = EVENT_HAS_TOUCH; /* nothing is inherited */
	event->text_len[TEXT_CAMP] = (uint16_t)strlen(campaign);
	buf_add(&group->bytes, campaign, strlen(campaign));
	event->dims = group_dims_hash(group, event, group->dims_mask, &f->config.key);
	kernel_apply(f->kernel, group);
	enum verdict verdict = (enum verdict)event->verdict;
	char scratch[128];
	snprintf(f->said, sizeof(f->said), "%s", group_fault_text(group, 0, scratch));
	group_free(group);
	return verdict;
}

static void
tick(struct fixture *f, int64_t now_ms)
{
	struct group *group = group_new(GROUP_TICK);
	group->time_ms = group->recv_ms = now_ms;
	kernel_apply(f->kernel, group);
	group_free(group);
}

static int64_t
total(struct fixture *f, const char *campaign, uint32_t measure, enum window window, enum window_part part)
{
	int64_t totals[MEASURES_MAX];
	struct slice key = slice_of(campaign);
	uint32_t id = kernel_series_find(f->kernel, campaign[0] != '\0' ? 1 : 0, &key);
	if (id == UINT32_MAX)
		return 0;
	kernel_totals(f->kernel, id, window, part, totals);
	return totals[measure];
}

static void
audit_all(struct fixture *f)
{
	for (uint32_t id = 0; id < kernel_series_end(f->kernel); id++)
		if (kernel_series_live(f->kernel, id))
			assert_true(kernel_audit(f->kernel, id));
}

static void
late_events_on_a_half_drained_pane_are_counted_once(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	int64_t hour = NOW + 3 * HOUR; /* a pane of r30d */
	assert_int_equal(sale(f, hour, hour, "a", 1, 1), VERDICT_OK);
	assert_int_equal(sale(f, hour, hour, "b", 2, 2), VERDICT_OK);
	assert_int_equal(sale(f, hour, hour, "c", 4, 3), VERDICT_OK);
	assert_true(kernel_drain(f->kernel, UINT64_MAX));
	/* By hours first, so that only r30d's edge has something to do in the last step. */
	for (int64_t at = hour + HOUR; at < hour + 30 * DAY; at += HOUR) {
		tick(f, at);
		assert_true(kernel_drain(f->kernel, UINT64_MAX));
	}
	assert_int_equal(total(f, "", 1, WINDOW_R30D, PART_CUR), 7);
	int64_t now = hour + 30 * DAY; /* the pane leaves r30d and enters its prev */
	tick(f, now);
	assert_false(kernel_drain(f->kernel, 2)); /* "a" and "b" have crossed, "c" has not */
	assert_int_equal(total(f, "b", 1, WINDOW_R30D, PART_PREV), 2);
	assert_int_equal(total(f, "c", 1, WINDOW_R30D, PART_PREV), 0);
	assert_int_equal(sale(f, now, hour + 1, "a", 10, 4), VERDICT_OK);
	assert_int_equal(sale(f, now, hour + 1, "c", 20, 5), VERDICT_OK);
	assert_int_equal(sale(f, now, hour + 1, "d", 40, 6), VERDICT_OK);
	assert_true(kernel_drain(f->kernel, UINT64_MAX));
	assert_int_equal(total(f, "", 1, WINDOW_R30D, PART_CUR), 0);
	assert_int_equal(total(f, "", 1, WINDOW_R30D, PART_PREV), 77);
	assert_int_equal(total(f, "a", 1, WINDOW_R30D, PART_PREV), 11);
	assert_int_equal(total(f, "c", 1, WINDOW_R30D, PART_PREV), 24);
	assert_int_equal(total(f, "d", 1, WINDOW_R30D, PART_PREV), 40);
	audit_all(f);
	fixture_free(f);
}

static void
windows_decay_with_no_traffic(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	sale(f, NOW, NOW, "a", 5, 1);
	for (int64_t at = NOW; at <= NOW + DAY; at += MINUTE) {
		tick(f, at);
		assert_true(kernel_drain(f->kernel, UINT64_MAX));
		assert_int_equal(total(f, "a", 1, WINDOW_R1D, PART_CUR), at - NOW < DAY ? 5 : 0);
	}
	assert_int_equal(total(f, "a", 1, WINDOW_R1D, PART_PREV), 5);
	assert_int_equal(total(f, "a", 1, WINDOW_D, PART_PREV), 5);
	assert_int_equal(total(f, "a", 1, WINDOW_W, PART_CUR), 5);
	fixture_free(f);
}

static void
an_event_a_few_minutes_ahead_counts_when_its_pane_comes(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	assert_int_equal(sale(f, NOW + 10 * HOUR, NOW + 10 * HOUR + 4 * MINUTE, "a", 5, 1), VERDICT_OK);
	assert_int_equal(sale(f, NOW + 10 * HOUR, NOW + 10 * HOUR + 5 * MINUTE + 1, "a", 5, 2), VERDICT_FUTURE_TS);
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(total(f, "a", 1, WINDOW_R1D, PART_CUR), 0);
	assert_int_equal(total(f, "a", 1, WINDOW_R7D, PART_CUR), 5); /* its pane is a quarter of an hour */
	tick(f, NOW + 10 * HOUR + 4 * MINUTE);
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(total(f, "a", 1, WINDOW_R1D, PART_CUR), 5);
	fixture_free(f);
}

static void
a_refused_event_leaves_no_id_behind(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	assert_int_equal(sale(f, NOW, NOW + HOUR, "a", 5, 1), VERDICT_FUTURE_TS);
	assert_int_equal(sale(f, NOW + HOUR, NOW + HOUR, "a", 5, 1), VERDICT_OK);
	assert_int_equal(sale(f, NOW + HOUR, NOW + HOUR, "a", 5, 1), VERDICT_DUPLICATE);
	fixture_free(f);
}

static void
a_sum_that_could_overflow_is_refused_and_room_returns_with_expiry(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	int64_t half = INT64_C(1) << 61;
	assert_int_equal(sale(f, NOW, NOW, "a", half, 1), VERDICT_OK);
	assert_int_equal(sale(f, NOW, NOW, "a", -half, 2), VERDICT_OK); /* magnitudes count: a part of them may stand alone */
	assert_int_equal(sale(f, NOW, NOW, "a", 1, 3), VERDICT_BAD_AMOUNT);
	assert_string_equal(f->said, "a sum over the last 63 days would overflow");
	tick(f, NOW + 80 * DAY);
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(sale(f, NOW + 80 * DAY, NOW + 80 * DAY, "a", 1, 3), VERDICT_OK);
	fixture_free(f);
}

static void
keys_beyond_the_guard_fold_to_other_and_all_stays_whole(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(2);
	sale(f, NOW, NOW, "a", 1, 1);
	sale(f, NOW, NOW, "b", 2, 2);
	sale(f, NOW, NOW, "c", 4, 3);
	sale(f, NOW, NOW, "d", 8, 4);
	sale(f, NOW, NOW, "a", 16, 5);
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(total(f, "a", 1, WINDOW_D, PART_CUR), 17);
	assert_int_equal(total(f, "c", 1, WINDOW_D, PART_CUR), 0);
	assert_int_equal(total(f, "~other", 1, WINDOW_D, PART_CUR), 12);
	assert_int_equal(total(f, "", 1, WINDOW_D, PART_CUR), 31);
	struct kernel_counters counters;
	kernel_count(f->kernel, &counters);
	assert_int_equal(counters.folded, 2);
	/* When the first ones have expired and are freed there is room again. */
	tick(f, NOW + 80 * DAY);
	kernel_drain(f->kernel, UINT64_MAX);
	sale(f, NOW + 80 * DAY, NOW + 80 * DAY, "c", 32, 6);
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(total(f, "c", 1, WINDOW_D, PART_CUR), 32);
	fixture_free(f);
}

struct told {
	uint32_t live, freed;
};

static void
count_told(void *context, uint32_t series, bool live)
{
	struct told *told = context;
	(void)series;
	told->live += live;
	told->freed += !live;
}

static void
each_changed_series_is_told_once_and_freed_ones_too(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	struct told told = {0};
	sale(f, NOW, NOW, "a", 1, 1);
	sale(f, NOW, NOW, "a", 1, 2);
	sale(f, NOW, NOW, "b", 1, 3);
	kernel_drain(f->kernel, UINT64_MAX);
	kernel_take_dirty(f->kernel, UINT32_MAX, count_told, &told);
	assert_int_equal(told.live, 3); /* all, a, b */
	told = (struct told){0};
	kernel_take_dirty(f->kernel, UINT32_MAX, count_told, &told);
	assert_int_equal(told.live, 0);
	tick(f, NOW + 80 * DAY);
	kernel_drain(f->kernel, UINT64_MAX);
	kernel_take_dirty(f->kernel, UINT32_MAX, count_told, &told);
	assert_int_equal(told.freed, 3);
	assert_int_equal(told.live, 0);
	fixture_free(f);
}

static void
midnight_turns_every_series_whether_it_is_touched_or_not(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	struct told told = {0};
	sale(f, NOW, NOW, "a", 1, 1);
	sale(f, NOW, NOW, "b", 2, 2);
	kernel_drain(f->kernel, UINT64_MAX);
	kernel_take_dirty(f->kernel, UINT32_MAX, count_told, &told);
	told = (struct told){0};
	tick(f, NOW + DAY);
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(total(f, "a", 1, WINDOW_D, PART_CUR), 0);
	assert_int_equal(total(f, "a", 1, WINDOW_D, PART_PREV), 1);
	assert_int_equal(total(f, "b", 1, WINDOW_D, PART_PTD), 0);
	kernel_take_dirty(f->kernel, UINT32_MAX, count_told, &told);
	assert_int_equal(told.live, 3);
	tick(f, NOW + DAY + MINUTE); /* the first minute of yesterday is now part of ptd */
	kernel_drain(f->kernel, UINT64_MAX);
	assert_int_equal(total(f, "b", 1, WINDOW_D, PART_PTD), 2);
	fixture_free(f);
}

static void
the_auditor_finds_a_total_that_is_wrong(void **state)
{
	(void)state;
	struct fixture *f = fixture_new(1000);
	struct kernel_counters counters;
	for (uint64_t i = 0; i < 40; i++)
		sale(f, NOW, NOW - (int64_t)i * HOUR, i % 2 ? "a" : "b", 5, i + 1);
	assert_true(kernel_drain(f->kernel, UINT64_MAX));
	for (int steps = 0; steps < 100; steps++) { /* events come while it walks */
		sale(f, NOW, NOW - (int64_t)(steps * 7 % 40) * HOUR, "a", 3, 1000 + (uint64_t)steps);
		kernel_audit_some(f->kernel, 3);
	}
	kernel_count(f->kernel, &counters);
	assert_true(counters.audited >= 3);
	assert_int_equal(counters.audit_mismatch, 0);
	struct slice key = slice_of("b");
	uint32_t spoiled = kernel_series_find(f->kernel, 1, &key);
	series_slot(series_at(&f->kernel->series, spoiled), slot_of(WINDOW_R7D, PART_CUR))[0]++;
	for (int steps = 0; steps < 100; steps++)
		kernel_audit_some(f->kernel, 7);
	kernel_count(f->kernel, &counters);
	assert_true(counters.audit_mismatch > 0);
	assert_int_equal(counters.mismatch_series, spoiled);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(late_events_on_a_half_drained_pane_are_counted_once),
	    cmocka_unit_test(windows_decay_with_no_traffic),
	    cmocka_unit_test(an_event_a_few_minutes_ahead_counts_when_its_pane_comes),
	    cmocka_unit_test(a_refused_event_leaves_no_id_behind),
	    cmocka_unit_test(a_sum_that_could_overflow_is_refused_and_room_returns_with_expiry),
	    cmocka_unit_test(keys_beyond_the_guard_fold_to_other_and_all_stays_whole),
	    cmocka_unit_test(each_changed_series_is_told_once_and_freed_ones_too),
	    cmocka_unit_test(midnight_turns_every_series_whether_it_is_touched_or_not),
	    cmocka_unit_test(the_auditor_finds_a_total_that_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
