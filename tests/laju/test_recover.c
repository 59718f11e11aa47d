/* test_recover.c - state from a log: as if it were applied record by record, up to the first that cannot be read. */
#include "laju/recover.h"
#include "laju/solo.h"
#include "schemas/batch.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define START INT64_C(1795413600000)
#define MINUTE INT64_C(60000)
enum { LARGE_EVENTS = 1500 };

static struct config config;

static int
set_up(void **state)
{
	static const char text[] =
	    "rollups: [all, campaign]\n"
	    "alerts: [{name: few, kpi: visits, rows: 'r1d/campaign/*', op: below, value: 900, severity: info}]\n";
	struct config_problems problems = {0};
	uint8_t key[HASH_KEY_BYTES] = {7};
	(void)state;
	bool good = config_parse(&config, "recover.yaml", slice_of(text), NULL, 0, &problems);
	problems_fini(&problems);
	hash_key_init(&config.kernel.key, key);
	return good ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	config_fini(&config);
	return 0;
}

static void
add_visit(struct buf *out, uint32_t number, int64_t ts_ms)
{
	struct event event = {.type = EVENT_VISIT, .num_mask = 1u << NUM_TS, .num = {[NUM_TS] = ts_ms}};
	char id[32], camp[16], cust[16];
	snprintf(id, sizeof(id), "v%u", number % 5000); /* later ones: duplicates and conflicts */
	snprintf(camp, sizeof(camp), "c%u", number % 7);
	snprintf(cust, sizeof(cust), "k%u", number % 900);
	event.text[TEXT_ID] = slice_of(id);
	event.text[TEXT_CAMP] = slice_of(camp);
	event.text[TEXT_CUST] = slice_of(cust);
	event.text_mask = 1u << TEXT_ID | 1u << TEXT_CAMP | 1u << TEXT_CUST;
	event_encode(&event, out);
}

/* Stretches of small batches alone, which fill a chunk by their number, and some where a few large ones do. */
static uint32_t
events_of(uint32_t batch)
{
	bool large = batch % 256 >= 128 && batch % 16 == 15;
	return large ? LARGE_EVENTS : 1 + batch % 2;
}

/* So many batches, and ticks where minutes passed without any. */
static void
fill(struct log *log, uint32_t batches)
{
	const struct solo_config solo_config = {.config = &config, .log = log, .epoch = 1};
	struct solo *solo = solo_new(&solo_config);
	struct buf batch = {0};
	uint32_t number = 0;
	int64_t now_ms = START;
	for (uint32_t b = 0; b < batches; b++, now_ms += b % 9 == 0 ? 2 * MINUTE : 700) {
		uint32_t count = events_of(b);
		batch.len = 0;
		batch_begin(&batch, b, count);
		for (uint32_t i = 0; i < count; i++)
			add_visit(&batch, number++, now_ms);
		solo_receive(solo, PORT_ACKED, slice_of("peer"), buf_slice(&batch), now_ms);
		solo_step(solo, now_ms);
	}
	buf_fini(&batch);
	solo_free(solo);
}

/* A record that log_read() refuses. */
static void
append_damaged(struct log *log)
{
	struct group *group = group_new(GROUP_BATCHES);
	group_add_batch(group)->count = 1;
	group_add_event(group)->type = EVENT_TYPE_COUNT;
	assert_int_equal(log_append(log, group), 0);
	group_free(group);
}

static void
on_alert(void *context, struct slice topic, const struct alert_row *row)
{
	buf_printf(context, "[%lld] %.*s %.*s\n", (long long)row->at_ms, (int)topic.n, (const char *)topic.p, (int)row->to.n,
	           (const char *)row->to.p);
}

static struct aggregator *
fresh(struct buf *story)
{
	const struct aggregator_config core = {
	    .kernel = &config.kernel,
	    .rules = config.rules,
	    .rule_count = config.rule_count,
	    .alert = on_alert,
	    .context = story,
	};
	return aggregator_new(&core);
}

/* Alerts first, then every row's numbers, and what became of the events. */
static void
tell_all(struct aggregator *aggregator, struct buf *story)
{
	struct buf update = {0};
	struct figures figures;
	enum aggregator_told told;
	do {
		while (!aggregator_work(aggregator))
			;
		told = aggregator_publish(aggregator, &update);
		buf_add(story, update.data, told == AGGREGATOR_NOTHING ? 0 : update.len);
	} while (told == AGGREGATOR_MORE);
	aggregator_figures(aggregator, &figures);
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		buf_printf(story, "%llu ", (unsigned long long)figures.verdict[v]);
	buf_printf(story, "lsn %llu", (unsigned long long)figures.lsn);
	buf_fini(&update);
	aggregator_free(aggregator);
}

/* The records up to last, one by one in this thread. */
static void
tell_applied(const struct log *log, uint64_t last, struct buf *story, uint64_t *events)
{
	struct aggregator *aggregator = fresh(story);
	struct group *group = group_new(GROUP_BATCHES);
	for (uint64_t lsn = 1; lsn <= last; lsn++) {
		assert_int_equal(log_read(log, lsn, group), 0);
		aggregator_apply(aggregator, group);
		*events += group->event_count;
	}
	group_free(group);
	tell_all(aggregator, story);
}

struct progress {
	uint64_t lsn, events;
};

static void
on_progress(void *context, uint64_t lsn, uint64_t events)
{
	struct progress *progress = context;
	assert_true(lsn > progress->lsn && events >= progress->events);
	*progress = (struct progress){lsn, events};
}

/* Recovers; what it must say, and that the records below lsn were applied, in their order, and no other. */
static void
check(const struct log *log, int rc, uint64_t lsn)
{
	struct buf expected = {0}, story = {0};
	struct aggregator *aggregator = fresh(&story);
	struct progress progress = {0};
	uint64_t reached = 0, events = 0;
	assert_int_equal(recover(log, aggregator, UINT64_MAX, on_progress, &progress, &reached), rc);
	assert_int_equal(reached, lsn);
	tell_all(aggregator, &story);
	tell_applied(log, lsn - 1, &expected, &events);
	assert_int_equal(progress.lsn, lsn - 1);
	assert_int_equal(progress.events, events);
	assert_int_equal(story.len, expected.len);
	assert_memory_equal(story.data, expected.data, expected.len);
	buf_fini(&expected);
	buf_fini(&story);
}

static void
recovers_what_applying_record_by_record_gives(void **state)
{
	static const uint32_t batches[] = {1, 2, 63, 64, 65, 700};
	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		struct log *log = log_memory_new(true);
		fill(log, batches[i]);
		check(log, 0, log_last(log) + 1);
		log_free(log);
	}
}

static void
the_first_record_that_cannot_be_read_stops_it_behind_all_before(void **state)
{
	static const uint32_t before[] = {0, 1, 55, 56, 57, 64, 300}; /* batches; ticks come between them */
	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		struct log *log = log_memory_new(true);
		fill(log, before[i]);
		append_damaged(log);
		uint64_t damaged = log_last(log);
		for (unsigned after = 0; after < 2; after++) { /* it is the last, then one in the middle */
			check(log, -EBADMSG, damaged);
			fill(log, 300);
			append_damaged(log);
		}
		log_free(log);
	}
}

static void
an_empty_log_is_no_state_and_one_that_lost_its_beginning_is_refused(void **state)
{
	struct log *log = log_memory_new(true);
	struct aggregator *aggregator = fresh(NULL);
	uint64_t lsn = 0;
	(void)state;
	check(log, 0, 1);
	fill(log, 10);
	log_trim(log, 2);
	assert_int_equal(recover(log, aggregator, UINT64_MAX, NULL, NULL, &lsn), -ENOENT);
	assert_int_equal(lsn, 1);
	aggregator_free(aggregator);
	log_free(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(recovers_what_applying_record_by_record_gives),
	    cmocka_unit_test(the_first_record_that_cannot_be_read_stops_it_behind_all_before),
	    cmocka_unit_test(an_empty_log_is_no_state_and_one_that_lost_its_beginning_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
