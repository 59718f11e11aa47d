/*
 * test_rounds.c - the real aggregator tells the real publisher in slices, while edges
 * move: at any moment every row of a snapshot must be what a plain recount gives for
 * the bounds that it bears.
 */
#include "tests/publisher/support.h"
#include "aggregator/aggregator.h"
#include <stdio.h>
#include <stdlib.h>

enum { CAMPAIGNS = 400 /* more than two slices */, SALES = 3000, STEPS = 400 };
static const int64_t MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
static const int64_t BEGIN = 1700006400000; /* 2023-11-15 00:00:00 UTC */

struct scene {
	struct zone zone;
	struct kpi_set kpis;
	struct kernel_config kernel;
	struct aggregator *aggregator;
	struct publisher *publisher;
	uint64_t lsn, random;
	int64_t now_ms;
	struct {
		int64_t ts_ms;
		uint32_t campaign;
	} sale[SALES];
	uint32_t rows;
	bool ended;
};

static int64_t
recount(const struct scene *scene, uint32_t campaign, struct span_ms span)
{
	int64_t count = 0;

	for (unsigned i = 0; i < SALES; i++)
		count += scene->sale[i].campaign == campaign && span.lo <= scene->sale[i].ts_ms &&
		         scene->sale[i].ts_ms < span.hi;
	return count;
}

static void
row_check(struct scene *scene, struct slice topic, struct slice bytes)
{
	static struct row row;
	char text[80], window[8];
	unsigned campaign;

	assert_int_equal(row_decode(&row, bytes), 0);
	snprintf(text, sizeof(text), "%.*s", (int)topic.n, (const char *)topic.p);
	assert_int_equal(sscanf(text, "kpi/%7[^/]/campaign/c%u", window, &campaign), 2);
	scene->rows++;
	if (row.flags & ROW_GONE)
		return;
	for (unsigned p = 0; p < 2u + row.has_ptd; p++)
		assert_int_equal(row.part[p].measure[0].value, recount(scene, campaign, row.part[p].bounds));
}

static void
on_send(void *context, struct slice topic, struct slice row)
{
	row_check(context, topic, row);
}

static void
on_reply(void *context, struct slice peer, struct slice bytes)
{
	struct scene *scene = context;
	struct snapshot_reply reply;
	struct slice topic, row;
	(void)peer;

	assert_int_equal(snapshot_reply_decode(&reply, bytes), 0);
	if (reply.kind != SNAPSHOT_ROWS) {
		assert_int_equal(reply.kind, SNAPSHOT_END);
		scene->ended = true;
		return;
	}
	while (snapshot_reply_next(&reply, &topic, &row))
		row_check(scene, topic, row);
}

static struct scene *
scene_new(uint64_t seed)
{
	static const uint8_t sip[HASH_KEY_BYTES] = {9};
	struct scene *scene = calloc(1, sizeof(*scene));
	struct publisher_config config = support_config();
	struct publisher_out out = {on_send, on_reply, scene, NULL, NULL};
	struct aggregator_config aggregator = {.kernel = &scene->kernel};

	scene->random = seed;
	scene->zone = (struct zone){.name = "UTC", .count = 1, .change = {{INT64_MIN, 0}}};
	scene->kpis.measure_count = 1;
	scene->kpis.measure[0] = (struct measure){.name = "sales", .from = EVENT_SALE, .take = TAKE_COUNT};
	scene->kernel = (struct kernel_config){
	    .zone = &scene->zone,
	    .kpis = &scene->kpis,
	    .horizon_ms = 63 * DAY,
	    .future_ms = 5 * MINUTE,
	    .slide_min = {1, 15, 60},
	    .rollup_count = 1,
	    .rollup = {{.name = "campaign", .dims_mask = 1 << TEXT_CAMP}},
	    .series_max = 10000,
	};
	hash_key_init(&scene->kernel.key, sip);
	config.kernel = &scene->kernel;
	config.kpis = &scene->kpis;
	scene->aggregator = aggregator_new(&aggregator);
	scene->publisher = publisher_new(&config, &out);
	return scene;
}

static void
scene_free(struct scene *scene)
{
	publisher_free(scene->publisher);
	aggregator_free(scene->aggregator);
	free(scene);
}

static void
sale_add(struct scene *scene, struct group *group, unsigned i)
{
	struct group_event *event = group_add_event(group);
	char name[16];
	int n = snprintf(name, sizeof(name), "c%u", scene->sale[i].campaign);

	event->type = EVENT_SALE;
	event->ts_ms = scene->sale[i].ts_ms;
	event->id = (struct hash128){i + 1, 7};
	event->content = i;
	event->flags = EVENT_HAS_TOUCH; /* nothing is inherited */
	event->text_off[TEXT_CAMP] = (uint32_t)group->bytes.len;
	event->text_len[TEXT_CAMP] = (uint16_t)n;
	buf_add(&group->bytes, name, (size_t)n);
	event->dims = group_dims_hash(group, event, group->dims_mask, &scene->kernel.key);
}

/* Moves log time; with the sales, once. */
static void
apply(struct scene *scene, bool sales)
{
	struct group *group = group_new(sales ? GROUP_BATCHES : GROUP_TICK);

	group->lsn = ++scene->lsn;
	group->time_ms = group->recv_ms = scene->now_ms;
	group->dims_mask = kernel_dims_mask(&scene->kernel);
	if (sales)
		group_add_batch(group)->count = SALES;
	for (unsigned i = 0; sales && i < SALES; i++)
		sale_add(scene, group, i);
	aggregator_apply(scene->aggregator, group); /* drains are left for when a round asks for them */
	group_free(group);
}

static enum aggregator_told
tell(struct scene *scene)
{
	struct buf out = {0};
	enum aggregator_told told = aggregator_publish(scene->aggregator, &out);

	if (told == AGGREGATOR_BUSY)
		aggregator_work(scene->aggregator);
	if (told == AGGREGATOR_MORE || told == AGGREGATOR_DONE)
		publisher_update(scene->publisher, buf_slice(&out));
	buf_fini(&out);
	return told;
}

static void
snapshot_check(struct scene *scene)
{
	struct snapshot_request request = {.prefix = slice_of("kpi/"), .credit = SNAPSHOT_CREDIT_MAX};
	struct buf out = {0};

	scene->ended = false;
	snapshot_request_encode(&request, &out);
	publisher_request(scene->publisher, slice_of("p"), buf_slice(&out));
	while (publisher_work(scene->publisher))
		;
	assert_true(scene->ended);
	buf_fini(&out);
}

/* All sales are known and told before the edges begin to move, so that only the bounds decide. */
static void
every_row_is_exact_for_its_bounds_at_any_moment_of_a_round(void **unused)
{
	struct scene *scene = scene_new(support_seed(__func__));
	unsigned between = 0;
	(void)unused;

	scene->now_ms = BEGIN + 30 * DAY;
	for (unsigned i = 0; i < SALES; i++) {
		int64_t back = (int64_t)random_below(&scene->random, i % 2 ? 2 * (uint64_t)DAY : 60 * (uint64_t)DAY);
		scene->sale[i].ts_ms = scene->now_ms - back;
		scene->sale[i].campaign = (uint32_t)random_below(&scene->random, CAMPAIGNS);
	}
	apply(scene, true);
	while (tell(scene) != AGGREGATOR_NOTHING)
		;
	snapshot_check(scene);
	assert_true(scene->rows >= CAMPAIGNS);
	publisher_subscription(scene->publisher, 1, (struct slice){(const uint8_t *)"\1kpi/", 5});
	for (unsigned step = 0; step < STEPS; step++) {
		switch (random_below(&scene->random, 8)) {
		case 0:
			scene->now_ms += (int64_t)random_below(&scene->random, 24 * (uint64_t)HOUR);
			apply(scene, false);
			break;
		case 1:
			snapshot_check(scene);
			break;
		default:
			between += tell(scene) == AGGREGATOR_MORE;
		}
	}
	print_message("%u pauses within rounds\n", between);
	assert_true(between > 0); /* else nothing was tried */
	scene_free(scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_is_exact_for_its_bounds_at_any_moment_of_a_round)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
