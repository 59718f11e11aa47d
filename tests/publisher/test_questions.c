/* test_questions.c - what the publisher answers on the snapshot port beside snapshots. */
#include "tests/publisher/support.h"
#include "publisher/figures.h"
#include "schemas/event_view.h"
#include <stdio.h>
#include <stdlib.h>

struct bench {
	struct publisher_config config;
	struct publisher *publisher;
	struct buf replies; /* "peer:J1 " */
	struct buf last;
	bool full;          /* the aggregator takes no question */
	struct buf asked;   /* "peer/cust/id " */
	int64_t jump_ms;    /* of a clock that waits for its confirmation */
};

static void
on_send(void *context, struct slice topic, struct slice row)
{
	(void)context, (void)topic, (void)row;
}

static void
on_reply(void *context, struct slice peer, struct slice reply)
{
	struct bench *bench = context;
	struct snapshot_reply got;
	struct info info;
	struct confirmed confirmed;
	bench->last.len = 0;
	buf_add(&bench->last, reply.p, reply.n);
	buf_printf(&bench->replies, "%.*s:", (int)peer.n, (const char *)peer.p);
	if (info_decode(&info, reply) == 0) {
		buf_printf(&bench->replies, "J1 ");
		return;
	}
	if (confirmed_decode(&confirmed, reply) == 0) {
		buf_printf(&bench->replies, "L1 %lld %lld ", (long long)confirmed.jump_ms, (long long)confirmed.now_ms);
		return;
	}
	assert_int_equal(snapshot_reply_decode(&got, reply), 0);
	if (got.kind == SNAPSHOT_REFUSED)
		buf_printf(&bench->replies, "X1 %.*s ", (int)got.code.n, (const char *)got.code.p);
	else
		buf_printf(&bench->replies, got.kind == SNAPSHOT_END ? "Z1 " : "R1 ");
}

static bool
on_ask(void *context, struct slice peer, struct slice cust, struct slice id)
{
	struct bench *bench = context;
	if (!bench->full)
		buf_printf(&bench->asked, "%.*s/%.*s/%.*s ", (int)peer.n, (const char *)peer.p, (int)cust.n, (const char *)cust.p,
		           (int)id.n, (const char *)id.p);
	return !bench->full;
}

static void
on_confirm(void *context, struct confirmed *confirmed)
{
	struct bench *bench = context;
	*confirmed = (struct confirmed){bench->jump_ms, 9000};
	bench->jump_ms = 0;
}

static struct bench *
bench_new(bool asks)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct publisher_out out = {on_send, on_reply, bench, asks ? on_ask : NULL, asks ? on_confirm : NULL};
	bench->config = support_config();
	bench->config.memory_max = 12345;
	bench->config.demo = true;
	bench->publisher = publisher_new(&bench->config, &out);
	return bench;
}

static void
bench_free(struct bench *bench)
{
	publisher_free(bench->publisher);
	buf_fini(&bench->replies);
	buf_fini(&bench->asked);
	buf_fini(&bench->last);
	free(bench);
}

static void
request(struct bench *bench, const char *peer, struct slice message)
{
	publisher_request(bench->publisher, slice_of(peer), message);
}

static void
expect(struct buf *log, const char *text)
{
	buf_add(log, "", 1);
	assert_string_equal((const char *)log->data, text);
	log->len = 0;
}

#define M(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})

static void
the_figures_are_those_last_told(void **unused)
{
	struct bench *bench = bench_new(true);
	struct figures figures = {.lsn = 42, .now_ms = 1000, .resident_bytes = 777};
	struct info info;
	uint64_t value;
	(void)unused;
	request(bench, "p", M("\x92\xa2I1\x80"));
	expect(&bench->replies, "p:J1 ");
	assert_int_equal(info_decode(&info, buf_slice(&bench->last)), 0);
	assert_true(info.at_ms == INT64_MIN && info.lsn == 0 && info.demo);
	figures.verdict[VERDICT_TOO_LATE] = 3;
	figures.kernel.parked = 4;
	figures.kernel.parked_unfit = 5;
	figures.kernel.bytes_facts = 6;
	figures.kernel.audit_mismatch = 1;
	assert_int_equal(info.alarms, 0);
	publisher_figures(bench->publisher, &figures);
	publisher_heartbeat(bench->publisher, 5000);
	publisher_heartbeat(bench->publisher, 6500);
	request(bench, "p", M("\x92\xa2I1\x80"));
	assert_int_equal(info_decode(&info, buf_slice(&bench->last)), 0);
	assert_true(info.at_ms == 1000 && info.lsn == 42 && info.rows_lsn == 0 && info.epoch == 7);
	assert_true(info.now_ms == 6500 && info.lag_ms == 1500);
	assert_true(info.alarms == 1 && slice_is(info.alarm[0], "audit_mismatch"));
	assert_true(slice_is(info.clock, "wall") && slice_is(info.durability, "none") && slice_is(info.zone, "UTC"));
	assert_true(info_find(&info, INFO_EVENTS, "too_late", &value) && value == 3);
	assert_true(info_find(&info, INFO_STATE, "parked", &value) && value == 4);
	assert_true(info_find(&info, INFO_SINCE, "parked_unfit", &value) && value == 5);
	assert_true(info_find(&info, INFO_BYTES, "facts", &value) && value == 6);
	assert_true(info_find(&info, INFO_BYTES, "resident", &value) && value == 777);
	assert_true(info_find(&info, INFO_BYTES, "memory_max", &value) && value == 12345);
	bench_free(bench);
}

static void
a_question_about_an_event_goes_to_the_aggregator(void **unused)
{
	struct bench *bench = bench_new(true);
	(void)unused;
	request(bench, "p", M("\x92\xa2V1\x82\xa2id\xa2o1\xa4" "cust\xa3" "ani"));
	request(bench, "q", M("\x92\xa2V1\x81\xa2id\xa2o2"));
	expect(&bench->asked, "p/ani/o1 q//o2 ");
	bench->full = true;
	request(bench, "p", M("\x92\xa2V1\x81\xa2id\xa2o1"));
	expect(&bench->replies, "p:X1 too_many ");
	bench_free(bench);
	bench = bench_new(false);
	request(bench, "p", M("\x92\xa2V1\x81\xa2id\xa2o1"));
	expect(&bench->replies, "p:X1 too_many ");
	bench_free(bench);
}

static void
a_clock_is_confirmed_where_there_is_one(void **unused)
{
	struct bench *bench = bench_new(true);
	(void)unused;
	bench->jump_ms = -5;
	request(bench, "p", M("\x92\xa2K1\x80"));
	request(bench, "p", M("\x92\xa2K1\x80"));
	expect(&bench->replies, "p:L1 -5 9000 p:L1 0 9000 ");
	bench->jump_ms = 7;
	request(bench, "p", M("\x92\xa2K1\x90"));
	expect(&bench->replies, "p:X1 bad_request ");
	assert_int_equal(bench->jump_ms, 7);
	bench_free(bench);
	bench = bench_new(false);
	publisher_heartbeat(bench->publisher, 5000);
	request(bench, "p", M("\x92\xa2K1\x80"));
	expect(&bench->replies, "p:L1 0 5000 ");
	bench_free(bench);
}

static void
broken_questions_are_refused_and_others_are_about_rows(void **unused)
{
	struct bench *bench = bench_new(true);
	(void)unused;
	request(bench, "p", M("\x92\xa2I1\x90"));
	expect(&bench->replies, "p:X1 bad_request ");
	request(bench, "p", M("\x92\xa2V1\x80"));
	expect(&bench->replies, "p:X1 bad_request ");
	request(bench, "p", M("\x92\xa2I2\x80"));
	expect(&bench->replies, "p:X1 bad_request ");
	request(bench, "p", M("\x92\xa2S1\x81\xa1p\xa0"));
	expect(&bench->replies, "p:Z1 ");
	request(bench, "", M("\x92\xa2I1\x80")); /* a peer that cannot be answered */
	expect(&bench->replies, "");
	expect(&bench->asked, "");
	bench_free(bench);
}

/* A peer's snapshot goes on around its question. */
static void
a_question_leaves_a_snapshot_alone(void **unused)
{
	struct bench *bench = bench_new(true);
	struct model_series series = {0};
	struct updater updater = {0};
	(void)unused;
	model_name(&series, R_ALL, NULL, NULL);
	model_set(&series, WINDOW_D, M_VISITS, 1);
	updater_begin(&updater, 1, 1000);
	updater_add(&updater, 1, &series);
	publisher_update(bench->publisher, updater_end(&updater));
	updater_fini(&updater);
	request(bench, "p", M("\x92\xa2S1\x82\xa1p\xa0\xa1n\x00"));
	request(bench, "p", M("\x92\xa2I1\x80"));
	request(bench, "p", M("\x92\xa2" "C1\x01"));
	expect(&bench->replies, "p:J1 p:R1 p:Z1 ");
	bench_free(bench);
}

/* Every figure is in the document with its meaning, so that `laju status` and it say the same. */
static void
info_md_lists_every_figure(void **unused)
{
	struct buf page = {0};
	FILE *file = fopen("schemas/info.md", "r");
	char line[300];
	size_t n;
	(void)unused;
	if (file == NULL)
		fail_msg("schemas/info.md cannot be read: the test runs from the repository's root");
	while ((n = fread(buf_reserve(&page, 4096), 1, 4096, file)) > 0)
		page.len += n;
	fclose(file);
	buf_add(&page, "", 1);
	for (unsigned g = INFO_STATE; g < INFO_GROUPS; g++) {
		const char *name;
		uint32_t i = 0;
		for (; (name = figures_name(g, i)) != NULL; i++) {
			snprintf(line, sizeof(line), "| `%s` | %s |", name, figures_meaning(g, slice_of(name)));
			if (strstr((const char *)page.data, line) == NULL)
				fail_msg("schemas/info.md does not have the line: %s", line);
		}
		assert_in_range(i, 1, INFO_FIGURES_MAX);
	}
	assert_string_equal(figures_meaning(INFO_STATE, slice_of("nonsense")), "");
	assert_string_equal(figures_name(INFO_EVENTS, 1), "duplicate");
	buf_fini(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_figures_are_those_last_told),
	    cmocka_unit_test(a_question_about_an_event_goes_to_the_aggregator),
	    cmocka_unit_test(a_clock_is_confirmed_where_there_is_one),
	    cmocka_unit_test(broken_questions_are_refused_and_others_are_about_rows),
	    cmocka_unit_test(a_question_leaves_a_snapshot_alone),
	    cmocka_unit_test(info_md_lists_every_figure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
