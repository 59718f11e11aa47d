/* test_publisher.c - the publisher core: updates in, rows out, and subscribers that lose messages and get well again. */
#include "tests/publisher/support.h"
#include "schemas/topic.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What was sent, as text: "kpi/d/campaign/a#3 ", and the newest frames of each topic kept for a look. */
struct sent {
	struct buf log;
	struct buf topic, row; /* the last frame */
	uint32_t frames;
	struct buf reply;      /* the last reply */
	uint32_t replies;
};

static void
on_send(void *context, struct slice topic, struct slice row)
{
	struct sent *sent = context;
	struct row decoded;

	sent->frames++;
	sent->topic.len = sent->row.len = 0;
	buf_add(&sent->topic, topic.p, topic.n);
	buf_add(&sent->row, row.p, row.n);
	buf_printf(&sent->log, "%.*s", (int)topic.n, (const char *)topic.p);
	if (topic.n > 4 && memcmp(topic.p, "kpi/", 4) == 0) {
		assert_int_equal(row_decode(&decoded, row), 0);
		buf_printf(&sent->log, "#%" PRIu64 "%s", decoded.seq, decoded.flags & ROW_GONE ? "gone" : "");
	}
	buf_printf(&sent->log, " ");
}

static void
on_reply(void *context, struct slice peer, struct slice reply)
{
	struct sent *sent = context;
	(void)peer;

	sent->replies++;
	sent->reply.len = 0;
	buf_add(&sent->reply, reply.p, reply.n);
}

struct bench {
	struct publisher_config config;
	struct publisher *publisher;
	struct sent sent;
	struct updater updater;
	uint64_t lsn;
};

static struct bench *
bench_new(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct publisher_out out = {on_send, on_reply, &bench->sent, NULL, NULL};

	bench->config = support_config();
	bench->publisher = publisher_new(&bench->config, &out);
	return bench;
}

static void
bench_free(struct bench *bench)
{
	publisher_free(bench->publisher);
	updater_fini(&bench->updater);
	buf_fini(&bench->sent.log);
	buf_fini(&bench->sent.topic);
	buf_fini(&bench->sent.row);
	buf_fini(&bench->sent.reply);
	free(bench);
}

static void
expect(struct bench *bench, const char *log)
{
	buf_add(&bench->sent.log, "", 1);
	assert_string_equal((const char *)bench->sent.log.data, log);
	bench->sent.log.len = 0;
}

static void
subscribe(struct bench *bench, const char *prefix, bool on)
{
	struct buf frame = {0};

	buf_printf(&frame, "%c%s", on ? 1 : 2, prefix);
	frame.data[0] = on;
	publisher_subscription(bench->publisher, 1, buf_slice(&frame));
	buf_fini(&frame);
}

static void
update(struct bench *bench, int64_t now_ms, uint32_t id, const struct model_series *series)
{
	updater_begin(&bench->updater, ++bench->lsn, now_ms);
	if (series != NULL)
		updater_add(&bench->updater, id, series);
	publisher_update(bench->publisher, updater_end(&bench->updater));
}

static struct model_series
campaign(const char *name, int64_t visits)
{
	struct model_series series = {0};

	model_name(&series, R_CAMPAIGN, name, NULL);
	model_set(&series, WINDOW_D, M_VISITS, visits);
	return series;
}

static void
only_changed_rows_that_somebody_wants_are_sent(void **unused)
{
	struct bench *bench = bench_new();
	struct model_series a = campaign("a", 1), b = campaign("b", 1);
	struct publisher_counters counters;
	(void)unused;

	update(bench, 1000, 0, &a);
	expect(bench, "");
	subscribe(bench, "kpi/d/campaign/b", true);
	update(bench, 1000, 1, &b);
	expect(bench, "kpi/d/campaign/b#2 ");
	update(bench, 1000, 1, &b);
	model_set(&a, WINDOW_D, M_VISITS, 2);
	update(bench, 1000, 0, &a);
	expect(bench, "");
	subscribe(bench, "kpi/d/camp", true);
	expect(bench, "kpi/d/campaign/a#3 kpi/d/campaign/b#2 ");
	model_set(&a, WINDOW_D, M_VISITS, 3);
	model_set(&a, WINDOW_W, M_VISITS, 3);
	update(bench, 1000, 0, &a);
	expect(bench, "kpi/d/campaign/a#4 "); /* w changed too (5), nobody asked */
	subscribe(bench, "kpi/d/camp", false);
	model_set(&a, WINDOW_D, M_VISITS, 4);
	model_set(&b, WINDOW_D, M_VISITS, 4);
	update(bench, 1000, 0, &a);
	update(bench, 1000, 1, &b);
	expect(bench, "kpi/d/campaign/b#7 ");
	subscribe(bench, "kpi/d/campaign/b", false);
	model_set(&b, WINDOW_D, M_VISITS, 5);
	update(bench, 1000, 1, &b);
	expect(bench, "");
	publisher_count(bench->publisher, &counters);
	assert_int_equal(counters.rows_changed, 8);
	assert_int_equal(counters.rows, 3);
	bench_free(bench);
}

static const struct row_measure *
measure_of(const struct row_part *part, const char *name)
{
	for (uint32_t m = 0; m < part->measures; m++)
		if (slice_is(part->measure[m].name, name))
			return &part->measure[m];
	return NULL;
}

static const struct row_value *
kpi_of(const struct row_part *part, const char *name)
{
	for (uint32_t k = 0; k < part->kpis; k++)
		if (slice_is(part->kpi[k].name, name))
			return &part->kpi[k];
	return NULL;
}

static void
a_row_is_complete_measures_kpis_and_bounds_of_every_part(void **unused)
{
	static struct row row;
	struct bench *bench = bench_new();
	struct model_series series = campaign("a", 40);
	(void)unused;

	series.totals[WINDOW_D][PART_CUR][M_LEADS] = 3;
	series.totals[WINDOW_D][PART_PREV][M_SPEND] = 500;
	series.totals[WINDOW_D][PART_PTD][M_LEADS] = 2;
	series.totals[WINDOW_D][PART_PTD][M_SPEND] = 900;
	for (unsigned p = 0; p < PART_COUNT; p++)
		bench->updater.head.bounds[WINDOW_D].part[p] = (struct span_ms){100 + p, 200 + p};
	subscribe(bench, "kpi/d/", true);
	update(bench, 150, 0, &series);
	assert_int_equal(row_decode(&row, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(row.epoch, 7);
	assert_int_equal(row.seq, 1);
	assert_int_equal(row.channel_seq, 1);
	assert_int_equal(row.at_ms, 150);
	assert_int_equal(row.flags, 0);
	assert_true(row.has_ptd);
	for (unsigned p = 0; p < PART_COUNT; p++) {
		assert_int_equal(row.part[p].bounds.lo, 100 + p);
		assert_int_equal(row.part[p].bounds.hi, 200 + p);
		assert_int_equal(row.part[p].measures, M_COUNT);
		assert_int_equal(row.part[p].kpis, 3);
	}
	assert_int_equal(measure_of(&row.part[PART_CUR], "visit_count")->value, 40);
	assert_int_equal(measure_of(&row.part[PART_CUR], "spend")->value, 0);
	assert_int_equal(measure_of(&row.part[PART_PREV], "spend")->value, 500);
	const struct row_value *value = kpi_of(&row.part[PART_CUR], "conversion");
	assert_int_equal(value->kind, 1);
	assert_int_equal(value->num, 3);
	assert_int_equal(value->den, 40);
	value = kpi_of(&row.part[PART_PREV], "cpl");
	assert_int_equal(value->kind, 2);
	assert_true(slice_is(value->reason, "no lead_count"));
	value = kpi_of(&row.part[PART_PTD], "cpl");
	assert_int_equal(value->num, 900);
	assert_int_equal(value->den, 2);
	assert_int_equal(kpi_of(&row.part[PART_CUR], "visits")->num, 40);
	bench_free(bench);
}

static void
a_slide_without_change_sends_only_roll(void **unused)
{
	struct bench *bench = bench_new();
	struct model_series a = campaign("a", 1);
	(void)unused;

	subscribe(bench, "kpi/", true);
	subscribe(bench, "roll/", true);
	bench->updater.head.bounds[WINDOW_R1D].part[PART_CUR] = (struct span_ms){0, 60000};
	update(bench, 1000, 0, &a);
	expect(bench, "kpi/d/campaign/a#1 roll/r1d ");
	update(bench, 2000, 0, &a);
	expect(bench, "");
	bench->updater.head.bounds[WINDOW_R1D].part[PART_CUR] = (struct span_ms){60000, 120000};
	update(bench, 61000, 0, &a);
	expect(bench, "roll/r1d ");
	bench_free(bench);
}

/* A round's updates all but the last bear the lsn of the round before. */
static void
slice(struct bench *bench, bool last, int64_t now_ms, int64_t edge_ms, uint32_t id, const struct model_series *series)
{
	bench->updater.head.bounds[WINDOW_D].part[PART_CUR] = (struct span_ms){edge_ms, edge_ms + 1000};
	bench->lsn -= !last;
	update(bench, now_ms, id, series);
}

/* The lower bound with which a new subscriber gets a row. */
static int64_t
bound_of(struct bench *bench, const char *topic)
{
	static struct row row;

	subscribe(bench, topic, true);
	subscribe(bench, topic, false);
	assert_true(slice_is(buf_slice(&bench->sent.topic), topic));
	assert_int_equal(row_decode(&row, buf_slice(&bench->sent.row)), 0);
	bench->sent.log.len = 0;
	return row.part[PART_CUR].bounds.lo;
}

static void
a_row_keeps_the_bounds_its_numbers_are_exact_for_until_it_is_told(void **unused)
{
	struct bench *bench = bench_new();
	struct model_series a = campaign("a", 1), b = campaign("b", 1), still = campaign("still", 1);
	(void)unused;

	slice(bench, true, 1000, 10, 0, &a);
	slice(bench, true, 1000, 10, 1, &b);
	slice(bench, true, 1000, 10, 2, &still);
	model_set(&a, WINDOW_D, M_VISITS, 2);
	model_set(&b, WINDOW_D, M_VISITS, 2);
	slice(bench, false, 2000, 20, 0, &a);
	assert_int_equal(bound_of(bench, "kpi/d/campaign/a"), 20);
	assert_int_equal(bound_of(bench, "kpi/d/campaign/b"), 10);
	slice(bench, true, 3000, 30, 1, &b); /* the edge has moved again meanwhile: what that changed comes next round */
	assert_int_equal(bound_of(bench, "kpi/d/campaign/a"), 20);
	assert_int_equal(bound_of(bench, "kpi/d/campaign/b"), 30);
	assert_int_equal(bound_of(bench, "kpi/d/campaign/still"), 20); /* had not changed when the round began */
	slice(bench, true, 3000, 30, 0, &a);
	assert_int_equal(bound_of(bench, "kpi/d/campaign/a"), 30);
	assert_int_equal(bound_of(bench, "kpi/d/campaign/still"), 30);
	bench_free(bench);
}

static void
roll_waits_until_all_rows_are_as_of_the_same_edges(void **unused)
{
	struct bench *bench = bench_new();
	struct model_series a = campaign("a", 1);
	(void)unused;

	subscribe(bench, "roll/", true);
	slice(bench, true, 1000, 10, 0, &a);
	expect(bench, "roll/d ");
	slice(bench, false, 2000, 20, 0, &a);
	slice(bench, false, 2000, 20, 0, &a);
	expect(bench, "");
	slice(bench, true, 3000, 30, 0, &a);
	expect(bench, ""); /* some rows are as of 20 */
	slice(bench, true, 3000, 30, 0, &a);
	expect(bench, "roll/d ");
	slice(bench, true, 3000, 30, 0, &a);
	expect(bench, "");
	bench_free(bench);
}

static void
a_freed_series_is_told_gone(void **unused)
{
	struct bench *bench = bench_new();
	struct model_series a = campaign("a", 1), freed = {0};
	static struct row row;
	(void)unused;

	subscribe(bench, "kpi/", true);
	update(bench, 1000, 0, &a);
	update(bench, 1000, 0, &freed);
	expect(bench, "kpi/d/campaign/a#1 kpi/d/campaign/a#2gone ");
	assert_int_equal(row_decode(&row, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(row.channel_seq, 2);
	subscribe(bench, "kpi/d", true); /* tombstones are not re-sent */
	expect(bench, "");
	bench_free(bench);
}

static void
a_new_subscription_gets_hello_and_its_rows_if_they_are_few(void **unused)
{
	struct bench *bench = bench_new();
	struct model_series series;
	(void)unused;

	updater_begin(&bench->updater, 1, 1000);
	for (unsigned i = 0; i < PUBLISHER_RESEND_ROWS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof(name), "c%u", i);
		series = campaign(name, 1);
		updater_add(&bench->updater, i, &series);
	}
	publisher_update(bench->publisher, updater_end(&bench->updater));
	subscribe(bench, "hel", true);
	expect(bench, "hello/ ");
	subscribe(bench, "kpi/d/campaign/c49", true);
	expect(bench, "kpi/d/campaign/c49#50 kpi/d/campaign/c490#491 kpi/d/campaign/c491#492 kpi/d/campaign/c492#493 "
	              "kpi/d/campaign/c493#494 kpi/d/campaign/c494#495 kpi/d/campaign/c495#496 kpi/d/campaign/c496#497 "
	              "kpi/d/campaign/c497#498 kpi/d/campaign/c498#499 kpi/d/campaign/c499#500 ");
	bench->sent.frames = 0;
	subscribe(bench, "", true);
	assert_int_equal(bench->sent.frames, 1 + PUBLISHER_RESEND_ROWS_MAX);
	series = campaign("one more", 1);
	update(bench, 1000, PUBLISHER_RESEND_ROWS_MAX, &series);
	bench->sent.frames = 0;
	subscribe(bench, "kpi/", true);
	assert_int_equal(bench->sent.frames, 0);
	subscribe(bench, "kpi/d/campaign/c1", true);
	assert_int_equal(bench->sent.frames, 111);
	subscribe(bench, "kpi/r1d/", true);
	assert_int_equal(bench->sent.frames, 111);
	bench_free(bench);
}

/* Three rows of a window stand among thousands of series that have none in it. */
static void
few_rows_among_many_series_are_re_sent_all_the_same(void **unused)
{
	enum { SERIES = 12000 };
	struct bench *bench = bench_new();
	char name[16];
	(void)unused;

	updater_begin(&bench->updater, 1, 1000);
	for (unsigned i = 0; i < SERIES; i++) {
		snprintf(name, sizeof(name), "c%05u", i);
		struct model_series series = campaign(name, 1);
		if (i == 0 || i == 7000 || i == SERIES - 1)
			model_set(&series, WINDOW_M, M_VISITS, 1);
		updater_add(&bench->updater, i, &series);
	}
	publisher_update(bench->publisher, updater_end(&bench->updater));
	subscribe(bench, "kpi/m/", true);
	expect(bench, "kpi/m/campaign/c00000#2 kpi/m/campaign/c07000#7003 kpi/m/campaign/c11999#12003 ");
	bench_free(bench);
}

static void
a_prefix_longer_than_any_topic_is_counted_and_ignored(void **unused)
{
	struct bench *bench = bench_new();
	struct publisher_counters counters;
	char longest[242];
	(void)unused;

	memset(longest, 'k', sizeof(longest));
	longest[241] = 0;
	subscribe(bench, longest, true);
	subscribe(bench, longest, false);
	publisher_count(bench->publisher, &counters);
	assert_int_equal(counters.subscriptions, 0);
	assert_int_equal(counters.subscriptions_refused, 1);
	bench_free(bench);
}

static void
alert(struct bench *bench, const char *topic, const char *to)
{
	struct alert_row row = {
	    .at_ms = 1000, .rule = slice_of("r"), .to = slice_of(to), .from = slice_of("ok"), .text = slice_of("t")};

	publisher_alert(bench->publisher, slice_of(topic), &row);
}

static void
present_alerts_are_kept_versioned_and_re_sent(void **unused)
{
	struct bench *bench = bench_new();
	struct publisher_counters counters;
	struct alert_row row;
	(void)unused;

	alert(bench, "alert/warning/r/a", "firing");
	alert(bench, "alert/warning/r/b", "pending");
	subscribe(bench, "alert/", true);
	expect(bench, "alert/warning/r/a alert/warning/r/b ");
	assert_int_equal(alert_decode(&row, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(row.epoch, 7);
	assert_int_equal(row.seq, 2);
	alert(bench, "alert/warning/r/a", "ok");
	expect(bench, "alert/warning/r/a ");
	subscribe(bench, "alert/w", true);
	expect(bench, "alert/warning/r/b ");
	publisher_count(bench->publisher, &counters);
	assert_int_equal(counters.alerts_active, 1);
	bench_free(bench);
}

static void
dead_letters_are_sent_as_they_come(void **unused)
{
	struct bench *bench = bench_new();
	(void)unused;

	publisher_dead(bench->publisher, 5, slice_of("p"), slice_of("too_late"), slice_of("t"), slice_of("raw"));
	subscribe(bench, "dlq/", true);
	expect(bench, ""); /* old ones are had by snapshot */
	publisher_dead(bench->publisher, 5, slice_of("p"), slice_of("too_late"), slice_of("t"), slice_of("raw"));
	expect(bench, "dlq/too_late ");
	bench_free(bench);
}

/* The raw value of a key in a raw MessagePack map, as text: good enough to look for. */
static bool
holds(struct slice bytes, const char *text, uint32_t n)
{
	return memmem(bytes.p, bytes.n, text, n) != NULL;
}

static void
heartbeats_tell_channels_lag_and_silent_feeds(void **unused)
{
	static const struct publisher_feed_config feeds[] = {{"web", 1000}, {"shop", 100000}};
	struct bench *bench = bench_new();
	struct heartbeat_head head;
	struct model_series a = campaign("a", 1);
	struct publisher_out out = {on_send, on_reply, &bench->sent, NULL, NULL};
	(void)unused;

	publisher_free(bench->publisher);
	bench->config.feed = feeds;
	bench->config.feed_count = 2;
	bench->publisher = publisher_new(&bench->config, &out);
	publisher_heartbeat(bench->publisher, 1000);
	expect(bench, "");
	subscribe(bench, "hb/", true);
	expect(bench, "hb/ "); /* at once, how things were at the last one */
	assert_int_equal(heartbeat_decode(&head, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(head.now_ms, 1000);
	subscribe(bench, "hbx", true);
	subscribe(bench, "kpi/", true);
	subscribe(bench, "kpi/", false);
	expect(bench, "");
	update(bench, 900, 0, &a);
	publisher_feed(bench->publisher, slice_of("web"), 900);
	publisher_feed(bench->publisher, slice_of("other"), 950);
	publisher_heartbeat(bench->publisher, 2000);
	expect(bench, "hb/ ");
	assert_int_equal(heartbeat_decode(&head, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(head.epoch, 7);
	assert_int_equal(head.seq, 1);
	assert_int_equal(head.lsn, 1);
	assert_int_equal(head.now_ms, 2000);
	assert_int_equal(head.lag_ms, 0);
	assert_true(holds(head.channels, "\xaa" "d/campaign\x01", 12));
	assert_true(holds(head.channels, "\xac" "r1d/campaign\x00", 14));
	assert_true(holds(head.feeds, "\xa3web", 4));
	assert_true(holds(head.feeds, "\xa4shop", 5));
	assert_true(holds(head.feeds, "\xa5other", 6));
	publisher_heartbeat(bench->publisher, 5000);
	assert_int_equal(heartbeat_decode(&head, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(head.lag_ms, 3000);
	bench_free(bench);
}

static void
beat_has(struct bench *bench, bool full, const char *alarms)
{
	struct heartbeat_head head;
	struct buf names = {0};
	struct slice name;
	publisher_heartbeat(bench->publisher, 1000);
	assert_int_equal(heartbeat_decode(&head, buf_slice(&bench->sent.row)), 0);
	assert_int_equal(head.full, full);
	uint32_t left = row_walk_begin(&head.alarms);
	while (row_names_next(&head.alarms, &left, &name))
		buf_printf(&names, "%.*s ", (int)name.n, (const char *)name.p);
	buf_add(&names, "", 1);
	assert_string_equal((const char *)names.data, alarms);
	buf_fini(&names);
}

static void
heartbeats_tell_alarms(void **unused)
{
	struct bench *bench = bench_new();
	struct figures figures = {0};
	(void)unused;
	subscribe(bench, "hb/", true);
	beat_has(bench, false, "");
	publisher_alarm(bench->publisher, ALARM_MEMORY_FULL, true);
	publisher_alarm(bench->publisher, ALARM_CLOCK_JUMP, true);
	publisher_alarm(bench->publisher, ALARM_CLOCK_JUMP, true);
	beat_has(bench, true, "clock_jump memory_full ");
	publisher_alarm(bench->publisher, ALARM_MEMORY_FULL, false);
	figures.kernel.audit_mismatch = 1;
	publisher_figures(bench->publisher, &figures);
	beat_has(bench, false, "clock_jump audit_mismatch ");
	publisher_alarm(bench->publisher, ALARM_CLOCK_JUMP, false);
	beat_has(bench, false, "audit_mismatch ");
	bench_free(bench);
}

/* ---- property: a subscriber that loses messages and resynchronises ends with the table ---- */

enum { CLIENT_ROWS = 8000, IDS = 30, NAMES = 24 };
struct client_row {
	char topic[80];
	uint64_t seq;
	bool gone, met; /* met: in the snapshot under way */
	struct buf row;
};
struct client {
	struct client_row rows[CLIENT_ROWS];
	uint32_t count;
	bool asking, has_since, hungry; /* hungry: a chunk came, its credit is not returned yet */
	uint64_t since, applied, older;
	uint32_t lose; /* of 100 live messages */
	uint64_t *random;
	/* late messages: kept and applied again much later */
	struct buf late_topic[64], late_row[64];
	uint32_t late;
	bool wants_reset_only;
	uint64_t resets;
};

static struct client_row *
client_row(struct client *client, struct slice topic)
{
	for (uint32_t i = 0; i < client->count; i++)
		if (slice_is(topic, client->rows[i].topic))
			return &client->rows[i];
	assert_true(client->count < CLIENT_ROWS);
	struct client_row *fresh = &client->rows[client->count++];
	memset(fresh, 0, sizeof(*fresh));
	snprintf(fresh->topic, sizeof(fresh->topic), "%.*s", (int)topic.n, (const char *)topic.p);
	return fresh;
}

static void
client_apply(struct client *client, struct slice topic, struct slice bytes, bool in_snapshot)
{
	static struct row row;

	if (topic.n < 4 || memcmp(topic.p, "kpi/", 4) != 0)
		return;
	assert_int_equal(row_decode(&row, bytes), 0);
	struct client_row *mine = client_row(client, topic);
	mine->met |= in_snapshot;
	if (row.seq <= mine->seq) {
		client->older += row.seq < mine->seq;
		return;
	}
	client->applied++;
	mine->seq = row.seq;
	mine->gone = row.flags & ROW_GONE;
	mine->row.len = 0;
	buf_add(&mine->row, bytes.p, bytes.n);
}

static void
client_send(void *context, struct slice topic, struct slice row)
{
	struct client *client = context;

	if (random_below(client->random, 100) < client->lose)
		return;
	client_apply(client, topic, row, false);
	if (random_below(client->random, 20) == 0) {
		uint32_t i = client->late++ % 64;
		client->late_topic[i].len = client->late_row[i].len = 0;
		buf_add(&client->late_topic[i], topic.p, topic.n);
		buf_add(&client->late_row[i], row.p, row.n);
	}
}

static void
client_reply(void *context, struct slice peer, struct slice bytes)
{
	struct client *client = context;
	struct snapshot_reply reply;
	struct slice topic, row;
	(void)peer;

	assert_int_equal(snapshot_reply_decode(&reply, bytes), 0);
	assert_int_not_equal(reply.kind, SNAPSHOT_REFUSED);
	if (reply.kind == SNAPSHOT_ROWS) {
		while (snapshot_reply_next(&reply, &topic, &row))
			client_apply(client, topic, row, true);
		client->hungry = true;
		return;
	}
	client->asking = false;
	client->resets += reply.reset;
	for (uint32_t i = 0; i < client->count; i++) {
		struct client_row *mine = &client->rows[i];
		if (reply.reset && !mine->met && mine->seq <= reply.seq)
			mine->gone = true; /* not told: it is no more */
		mine->met = false;
	}
	client->has_since = true;
	client->since = reply.seq;
}

static void
client_ask(struct client *client, struct publisher *publisher, const char *prefix)
{
	struct buf out = {0};
	struct snapshot_request request = {
	    .prefix = slice_of(prefix),
	    .has_since = client->has_since,
	    .since_epoch = 7,
	    .since_seq = client->since,
	    .credit = 1,
	};

	if (client->asking && client->hungry) {
		client->hungry = false;
		request = (struct snapshot_request){.credit_only = true, .credit = 1};
	} else if (!client->asking) {
		client->asking = true;
		client->hungry = false;
		for (uint32_t i = 0; i < client->count; i++)
			client->rows[i].met = false;
	} else {
		return;
	}
	snapshot_request_encode(&request, &out);
	publisher_request(publisher, slice_of("peer"), buf_slice(&out));
	buf_fini(&out);
}

/* Row by row the same: every live row of fresh is in worn at the same version and bytes but for `at` and bounds; and nothing more. */
static void
clients_agree(const struct client *worn, struct client *fresh)
{
	uint32_t live_worn = 0, live_fresh = 0;

	for (uint32_t i = 0; i < worn->count; i++)
		live_worn += !worn->rows[i].gone;
	for (uint32_t i = 0; i < fresh->count; i++)
		live_fresh += !fresh->rows[i].gone;
	assert_int_equal(live_worn, live_fresh);
	for (uint32_t i = 0; i < worn->count; i++) {
		static struct row a, b;
		if (worn->rows[i].gone)
			continue;
		const struct client_row *twin = client_row(fresh, slice_of(worn->rows[i].topic));
		assert_int_equal(twin->seq, worn->rows[i].seq);
		assert_int_equal(row_decode(&a, buf_slice(&worn->rows[i].row)), 0);
		assert_int_equal(row_decode(&b, buf_slice(&twin->row)), 0);
		for (uint32_t m = 0; m < M_COUNT; m++)
			for (unsigned p = 0; p < 2u + a.has_ptd; p++)
				assert_int_equal(a.part[p].measure[m].value, b.part[p].measure[m].value);
	}
}

static void
client_fini(struct client *client)
{
	for (uint32_t i = 0; i < client->count; i++)
		buf_fini(&client->rows[i].row);
	for (unsigned i = 0; i < 64; i++) {
		buf_fini(&client->late_topic[i]);
		buf_fini(&client->late_row[i]);
	}
	free(client);
}

/* A second publisher's worth of truth: a full snapshot by a client that knows nothing and loses nothing. */
static struct client *current;
static void
any_send(void *context, struct slice topic, struct slice row)
{
	(void)context;
	client_send(current, topic, row);
}
static void
any_reply(void *context, struct slice peer, struct slice bytes)
{
	(void)context;
	client_reply(current, peer, bytes);
}

static void
who_loses_messages_and_asks_since_ends_with_the_table(void **unused)
{
	uint64_t state = support_seed(__func__);
	struct publisher_config config = support_config();
	struct publisher_out out = {any_send, any_reply, NULL, NULL, NULL};
	struct publisher *publisher = publisher_new(&config, &out);
	struct client *worn = calloc(1, sizeof(*worn)), *fresh = calloc(1, sizeof(*fresh));
	static struct model_series series[IDS];
	int name_of[IDS];
	struct updater updater = {0};
	uint64_t lsn = 0;
	int64_t now = 1000000;
	(void)unused;

	current = worn;
	worn->random = fresh->random = &state;
	worn->lose = 40;
	memset(series, 0, sizeof(series));
	memset(name_of, -1, sizeof(name_of));
	publisher_subscription(publisher, 1, (struct slice){(const uint8_t *)"\1", 1});
	for (unsigned step = 0; step < 3000; step++) {
		now += (int64_t)random_below(&state, PUBLISHER_TOMBSTONE_MS / 40);
		if (random_below(&state, 100) == 0)
			now += PUBLISHER_TOMBSTONE_MS * 2; /* tombstones go: the next since may be too old */
		updater_begin(&updater, ++lsn, now);
		for (unsigned i = 0; i < 1 + random_below(&state, 5); i++) {
			uint32_t id = (uint32_t)random_below(&state, IDS);
			struct model_series *one = &series[id];
			bool taken = false;
			int name = (int)random_below(&state, NAMES);
			for (unsigned k = 0; k < IDS; k++)
				taken |= name_of[k] == name;
			if (name_of[id] < 0 && taken)
				continue;
			if (name_of[id] < 0) {
				char key[32];
				snprintf(key, sizeof(key), "k %d", name);
				memset(one, 0, sizeof(*one));
				model_name(one, name % 3 == 0 ? R_CAMPAIGN_CHANNEL : R_CAMPAIGN, key,
				           name % 3 == 0 ? "ch" : NULL);
				name_of[id] = name;
			} else if (random_below(&state, 6) == 0) {
				one->live = false;
				name_of[id] = -1;
			}
			if (one->live)
				model_set(one, (enum window)random_below(&state, WINDOW_COUNT),
				          (unsigned)random_below(&state, M_COUNT), (int64_t)random_below(&state, 5));
			updater_add(&updater, id, one);
		}
		publisher_update(publisher, updater_end(&updater));
		if (random_below(&state, 30) == 0 || worn->asking)
			client_ask(worn, publisher, "kpi/");
		if (random_below(&state, 10) == 0 && worn->late > 0) {
			uint32_t i = (uint32_t)random_below(&state, worn->late < 64 ? worn->late : 64);
			client_apply(worn, buf_slice(&worn->late_topic[i]), buf_slice(&worn->late_row[i]), false);
		}
		if (step % 250 == 0) { /* get well: ask until a whole snapshot has come, then compare with who asks for all */
			while (worn->asking) {
				publisher_work(publisher);
				client_ask(worn, publisher, "kpi/");
			}
			client_ask(worn, publisher, "kpi/");
			while (worn->asking) {
				publisher_work(publisher);
				client_ask(worn, publisher, "kpi/");
			}
			current = fresh;
			for (uint32_t i = 0; i < fresh->count; i++)
				buf_fini(&fresh->rows[i].row);
			fresh->count = 0;
			fresh->has_since = false;
			client_ask(fresh, publisher, "kpi/");
			while (fresh->asking) {
				publisher_work(publisher);
				client_ask(fresh, publisher, "kpi/");
			}
			clients_agree(worn, fresh);
			current = worn;
		}
	}
	assert_true(worn->resets > 1);
	assert_true(worn->older > 0); /* late copies of old rows did come */
	assert_true(worn->applied > 1000);
	client_fini(worn);
	client_fini(fresh);
	updater_fini(&updater);
	publisher_free(publisher);
}

/* Rows that change while a snapshot of many chunks is under way: none is missed, each at its newest version. */
static void
a_snapshot_in_many_chunks_misses_no_row_while_the_table_changes(void **unused)
{
	enum { SERIES = 6000, FREED = 1000 /* of these every other one */ };
	uint64_t state = support_seed(__func__);
	struct publisher_config config = support_config();
	struct publisher_out out = {any_send, any_reply, NULL, NULL, NULL};
	struct publisher *publisher = publisher_new(&config, &out);
	struct client *client = calloc(1, sizeof(*client));
	struct updater updater = {0};
	struct model_series one;
	char name[40];
	(void)unused;

	current = client;
	client->random = &state;
	updater_begin(&updater, 1, 1000);
	for (unsigned i = 0; i < SERIES; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		one = campaign(name, 1);
		updater_add(&updater, i, &one);
	}
	publisher_update(publisher, updater_end(&updater));
	client_ask(client, publisher, "kpi/d/");
	uint64_t lsn = 1;
	unsigned freed = 0;
	while (client->asking) {
		updater_begin(&updater, ++lsn, 1000);
		for (unsigned i = 0; i < 40; i++) { /* change some, free some, add some */
			uint32_t id = (uint32_t)random_below(&state, SERIES);
			snprintf(name, sizeof(name), "c%u", id);
			one = campaign(name, (int64_t)random_below(&state, 1000));
			if (id < FREED && id % 2 == 0) {
				one.live = false;
				freed++;
			} else if (id < FREED) {
				continue;
			}
			updater_add(&updater, id, &one);
			snprintf(name, sizeof(name), "new%u", (unsigned)(lsn * 100 + i));
			one = campaign(name, 1);
			updater_add(&updater, (uint32_t)(SERIES + lsn * 100 + i), &one);
		}
		publisher_update(publisher, updater_end(&updater));
		client_ask(client, publisher, "kpi/d/");
	}
	assert_true(freed > 0);
	assert_true(lsn > 3);
	unsigned had = 0;
	for (uint32_t i = 0; i < client->count; i++)
		had += strncmp(client->rows[i].topic, "kpi/d/campaign/c", 16) == 0;
	assert_in_range(had, SERIES - FREED / 2, SERIES); /* all that were there from beginning to end */
	for (unsigned i = FREED; i < SERIES; i++) {
		snprintf(name, sizeof(name), "kpi/d/campaign/c%u", i);
		uint32_t before = client->count;
		client_row(client, slice_of(name));
		assert_int_equal(client->count, before);
	}
	client_fini(client);
	updater_fini(&updater);
	publisher_free(publisher);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_changed_rows_that_somebody_wants_are_sent),
	    cmocka_unit_test(a_row_is_complete_measures_kpis_and_bounds_of_every_part),
	    cmocka_unit_test(a_slide_without_change_sends_only_roll),
	    cmocka_unit_test(a_row_keeps_the_bounds_its_numbers_are_exact_for_until_it_is_told),
	    cmocka_unit_test(roll_waits_until_all_rows_are_as_of_the_same_edges),
	    cmocka_unit_test(a_freed_series_is_told_gone),
	    cmocka_unit_test(a_new_subscription_gets_hello_and_its_rows_if_they_are_few),
	    cmocka_unit_test(few_rows_among_many_series_are_re_sent_all_the_same),
	    cmocka_unit_test(a_prefix_longer_than_any_topic_is_counted_and_ignored),
	    cmocka_unit_test(present_alerts_are_kept_versioned_and_re_sent),
	    cmocka_unit_test(dead_letters_are_sent_as_they_come),
	    cmocka_unit_test(heartbeats_tell_channels_lag_and_silent_feeds),
	    cmocka_unit_test(heartbeats_tell_alarms),
	    cmocka_unit_test(who_loses_messages_and_asks_since_ends_with_the_table),
	    cmocka_unit_test(a_snapshot_in_many_chunks_misses_no_row_while_the_table_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
