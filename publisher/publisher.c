/*
 * publisher.c - the publisher core: brings table, subscriptions, alerts, dead
 * letters, feeds and snapshots together.
 *
 * Most rows of most updates are wanted by nobody, or by all: each channel counts
 * the prefixes that cover it whole and those that name a part of it, so that only
 * rows of the latter have to be looked up one by one.
 */
#include "publisher/publisher.h"
#include "common/mem.h"
#include "publisher/alerts.h"
#include "publisher/dead_letters.h"
#include "publisher/feeds.h"
#include "publisher/figures.h"
#include "publisher/row_writer.h"
#include "publisher/rows.h"
#include "publisher/snapshot_server.h"
#include "publisher/subscriptions.h"
#include "publisher/table.h"
#include "schemas/event_view.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RESEND_PAUSES_MAX = 10, /* of ROWS_SCAN_MAX series, walked twice: some 40 ms for one subscription at the worst */
	CHUNKS_A_TURN = 4,
	PUT_AHEAD = 6, /* series */
	CHANNEL_NAME_BYTES = 80,
	CHANNELS_MAX = ROLLUPS_MAX * WINDOW_COUNT,
};

struct publisher {
	struct publisher_config config;
	struct publisher_out out;
	struct versions versions;
	struct row_table *table;
	struct row_writer *writer;
	struct subscriptions *subscriptions;
	struct alerts *alerts;
	struct dead_letters *dead;
	struct feeds *feeds;
	struct snapshot_server *snapshots;
	struct rows rows;
	/* Prefixes that begin kpi/<window>/<rollup>/ (all its rows match), and those that begin with it. */
	uint32_t whole[ROLLUPS_MAX][WINDOW_COUNT], partly[ROLLUPS_MAX][WINDOW_COUNT];
	char channel[ROLLUPS_MAX][WINDOW_COUNT][CHANNEL_NAME_BYTES]; /* "kpi/r1d/campaign/" */
	struct eras eras;
	struct window_bounds rolled[WINDOW_COUNT]; /* last told by roll/ */
	int64_t log_ms;       /* INT64_MIN before the first update */
	uint64_t lsn;
	bool updated;         /* since the last heartbeat */
	struct figures figures;
	struct log_figures log;
	struct log_images images;
	int64_t beat_ms;      /* wall clock of the last heartbeat */
	uint32_t alarms;      /* publisher_alarm(): bits 1 << enum alarm */
	int64_t arrival_ms;   /* wall clock of the first heartbeat after the last update */
	struct publisher_counters counters;
	struct buf topic, row;
};

static enum row_peek
source_peek(void *context, const struct row_query *query, struct row_cursor *cursor, struct slice *topic,
            struct slice *row)
{
	struct publisher *publisher = context;

	return rows_peek(&publisher->rows, query, cursor, topic, row);
}

static void
source_advance(void *context, struct row_cursor *cursor)
{
	(void)context;
	rows_advance(cursor);
}

static void
source_state(void *context, struct snapshot_state *out)
{
	const struct publisher *publisher = context;
	uint64_t rows = row_table_forgotten_seq(publisher->table), alerts = alerts_forgotten_seq(publisher->alerts);

	out->epoch = publisher->versions.epoch;
	out->seq = publisher->versions.seq;
	out->lsn = publisher->lsn;
	out->forgotten_seq = rows > alerts ? rows : alerts;
}

struct publisher *
publisher_new(const struct publisher_config *config, const struct publisher_out *out)
{
	struct publisher *publisher = mem_zalloc(1, sizeof(*publisher));
	struct snapshot_source source = {publisher, source_peek, source_advance, source_state};

	publisher->config = *config;
	publisher->out = *out;
	publisher->versions.epoch = config->epoch;
	publisher->log_ms = publisher->figures.now_ms = INT64_MIN;
	publisher->table = row_table_new(config->kernel);
	publisher->writer = row_writer_new(config);
	publisher->subscriptions = subscriptions_new(PUBLISHER_SUBSCRIPTIONS_MAX, config->epoch);
	publisher->alerts = alerts_new(ALERTS_MAX);
	publisher->dead = dead_letters_new(PUBLISHER_DEAD_MAX, PUBLISHER_DEAD_BYTES_MAX);
	publisher->feeds = feeds_new();
	for (uint32_t i = 0; i < config->feed_count; i++)
		feeds_expect(publisher->feeds, slice_of(config->feed[i].name), config->feed[i].expect_every_ms);
	publisher->snapshots = snapshot_server_new(&source, out->reply, out->context, PUBLISHER_SNAPSHOTS_MAX);
	publisher->rows = (struct rows){
	    .table = publisher->table,
	    .alerts = publisher->alerts,
	    .dead = publisher->dead,
	    .writer = publisher->writer,
	    .kernel = config->kernel,
	    .eras = &publisher->eras,
	};
	for (uint32_t r = 0; r < config->kernel->rollup_count; r++)
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			snprintf(publisher->channel[r][w], CHANNEL_NAME_BYTES, "kpi/%s/%s/", window_name(w),
			         config->kernel->rollup[r].name);
	return publisher;
}

void
publisher_free(struct publisher *publisher)
{
	if (publisher == NULL)
		return;
	snapshot_server_free(publisher->snapshots);
	feeds_free(publisher->feeds);
	dead_letters_free(publisher->dead);
	alerts_free(publisher->alerts);
	subscriptions_free(publisher->subscriptions);
	row_writer_free(publisher->writer);
	row_table_free(publisher->table);
	rows_fini(&publisher->rows);
	eras_fini(&publisher->eras);
	buf_fini(&publisher->topic);
	buf_fini(&publisher->row);
	free(publisher);
}

static void
send_out(struct publisher *publisher, struct slice topic, struct slice row)
{
	publisher->counters.rows_sent++;
	publisher->counters.bytes_sent += topic.n + row.n;
	publisher->out.send(publisher->out.context, topic, row);
}

/* Updates */

static void
send_changed(struct publisher *publisher, const struct row_table_view *view, uint8_t changed,
             const struct update_head *head)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		uint32_t whole = publisher->whole[view->rollup][w], partly = publisher->partly[view->rollup][w];
		if ((changed >> w & 1) == 0 || (whole | partly) == 0)
			continue;
		row_writer_topic(publisher->writer, view, w, &publisher->topic);
		if (whole == 0 && !subscriptions_match(publisher->subscriptions, buf_slice(&publisher->topic)))
			continue;
		row_writer_row(publisher->writer, view, w, &head->bounds[w], head->now_ms, &publisher->row);
		send_out(publisher, buf_slice(&publisher->topic), buf_slice(&publisher->row));
	}
}

/*
 * After the rows, and only when all of them are as of the same edges: who has seen a
 * window roll holds its rows as they are for the new bounds. While edges move faster
 * than rounds end, rows keep the bounds they came with, which are right.
 */
static void
send_rolls(struct publisher *publisher, const struct era *era)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		const struct window_bounds *bounds = &era->bounds[w];
		if (memcmp(bounds, &publisher->rolled[w], sizeof(*bounds)) == 0)
			continue;
		publisher->rolled[w] = *bounds;
		publisher->topic.len = publisher->row.len = 0;
		buf_printf(&publisher->topic, "roll/%s", window_name(w));
		if (!subscriptions_match(publisher->subscriptions, buf_slice(&publisher->topic)))
			continue;
		roll_encode(publisher->versions.epoch, publisher->versions.seq, era->now_ms, bounds, &publisher->row);
		send_out(publisher, buf_slice(&publisher->topic), buf_slice(&publisher->row));
	}
}

void
publisher_update(struct publisher *publisher, struct slice update)
{
	struct update_reader reader;
	struct update_head head;
	struct update_entry entry;
	struct row_table_view view;

	rows_changed(&publisher->rows);
	update_open(&reader, &head, update);
	eras_update(&publisher->eras, &head, publisher->versions.seq);
	publisher->log_ms = head.now_ms;
	struct update_reader ahead = reader;
	struct update_entry later;
	for (unsigned i = 0; i < PUT_AHEAD && update_next(&ahead, &later); i++)
		row_table_prefetch(publisher->table, later.series);
	while (update_next(&reader, &entry)) {
		if (update_next(&ahead, &later))
			row_table_prefetch(publisher->table, later.series);
		uint8_t changed = entry.live ? row_table_put(publisher->table, &entry, &publisher->versions, &view)
		                             : row_table_drop(publisher->table, entry.series, head.now_ms,
		                                          &publisher->versions, &view);
		if (changed == 0)
			continue;
		publisher->counters.rows_changed += (unsigned)__builtin_popcount(changed);
		if (subscriptions_count(publisher->subscriptions) > 0)
			send_changed(publisher, &view, changed, &head);
	}
	if (head.lsn > publisher->lsn) { /* else the round goes on */
		publisher->lsn = head.lsn;
		eras_round_end(&publisher->eras);
	}
	publisher->updated = true;
	publisher->counters.updates++;
	if (eras_only(&publisher->eras) != NULL)
		send_rolls(publisher, eras_only(&publisher->eras));
	row_table_forget(publisher->table, publisher->log_ms);
	alerts_forget(publisher->alerts, publisher->log_ms);
	snapshot_server_work(publisher->snapshots, CHUNKS_A_TURN);
}

/* Heartbeat */

static int64_t
lag_of(const struct publisher *publisher)
{
	return publisher->beat_ms > publisher->arrival_ms ? publisher->beat_ms - publisher->arrival_ms : 0;
}

static uint32_t
channels_list(const struct publisher *publisher, struct heartbeat_channel *out)
{
	uint32_t count = 0;

	for (uint32_t r = 0; r < publisher->config.kernel->rollup_count; r++) {
		for (unsigned w = 0; w < WINDOW_COUNT; w++) {
			struct slice name = slice_of(publisher->channel[r][w]);
			/* without "kpi/" before and "/" behind */
			out[count++] = (struct heartbeat_channel){{name.p + 4, name.n - 5},
			                                          publisher->versions.channel[r][w]};
		}
	}
	return count;
}

/* How things were at the last beat. */
static void
send_heartbeat(struct publisher *publisher)
{
	struct heartbeat_channel channel[CHANNELS_MAX];
	struct heartbeat_feed feed[FEEDS_MAX];
	bool by_log = publisher->config.clock_events && publisher->log_ms != INT64_MIN;
	struct heartbeat hb = {
	    .epoch = publisher->versions.epoch,
	    .seq = publisher->versions.seq,
	    .lsn = publisher->lsn,
	    .now_ms = publisher->beat_ms,
	    .lag_ms = lag_of(publisher),
	    .durability = slice_of(publisher->config.durability),
	    .demo = publisher->config.demo,
	    .full = publisher->alarms >> ALARM_MEMORY_FULL & 1,
	    .alarms = publisher->alarms,
	    .channels = channels_list(publisher, channel),
	    .channel = channel,
	    .feeds = feeds_list(publisher->feeds, by_log ? publisher->log_ms : publisher->beat_ms, feed),
	    .feed = feed,
	};
	publisher->row.len = 0;
	heartbeat_encode(&hb, &publisher->row);
	send_out(publisher, slice_of("hb/"), buf_slice(&publisher->row));
}

/* Subscriptions */

static void
channels_count(struct publisher *publisher, struct slice prefix, uint32_t step)
{
	for (uint32_t r = 0; r < publisher->config.kernel->rollup_count; r++) {
		for (unsigned w = 0; w < WINDOW_COUNT; w++) {
			struct slice channel = slice_of(publisher->channel[r][w]);
			uint32_t n = prefix.n < channel.n ? prefix.n : channel.n;
			if (n > 0 && memcmp(prefix.p, channel.p, n) != 0)
				continue;
			if (prefix.n <= channel.n)
				publisher->whole[r][w] += step;
			else
				publisher->partly[r][w] += step;
		}
	}
}

static void
send_hello(struct publisher *publisher)
{
	const struct publisher_config *config = &publisher->config;
	struct slice rollup[ROLLUPS_MAX];
	struct hello_kpi kpi[KPIS_MAX];
	struct hello hello = {
	    .epoch = publisher->versions.epoch,
	    .seq = publisher->versions.seq,
	    .version = slice_of(config->version),
	    .zone = slice_of(config->zone),
	    .currency = slice_of(config->currency),
	    .durability = slice_of(config->durability),
	    .decimals = config->decimals,
	    .demo = config->demo,
	    .rollups = config->kernel->rollup_count,
	    .rollup = rollup,
	    .kpis = config->kpis->kpi_count,
	    .kpi = kpi,
	};

	for (uint32_t r = 0; r < hello.rollups; r++)
		rollup[r] = slice_of(config->kernel->rollup[r].name);
	for (uint32_t k = 0; k < hello.kpis; k++) {
		const struct kpi *from = &config->kpis->kpi[k];
		kpi[k] = (struct hello_kpi){
		    .name = slice_of(from->name),
		    .unit = slice_of(unit_name(from->unit)),
		    .direction = slice_of(direction_name(from->direction)),
		    .label_id = slice_of(from->label_id != NULL ? from->label_id : ""),
		    .label_en = slice_of(from->label_en != NULL ? from->label_en : ""),
		};
	}
	publisher->row.len = 0;
	hello_encode(&hello, &publisher->row);
	send_out(publisher, slice_of("hello/"), buf_slice(&publisher->row));
}

/* True: at most PUBLISHER_RESEND_ROWS_MAX rows match, and finding that out passed not too many series without any. */
static bool
few_match(struct publisher *publisher, const struct row_query *query)
{
	struct row_cursor cursor = {0};
	uint32_t rows = 0, pauses = 0;

	rows_changed(&publisher->rows);
	while (rows <= PUBLISHER_RESEND_ROWS_MAX && pauses < RESEND_PAUSES_MAX) {
		switch (rows_peek(&publisher->rows, query, &cursor, NULL, NULL)) {
		case ROW_FOUND:
			rows++;
			rows_advance(&cursor);
			break;
		case ROW_PAUSE:
			pauses++;
			break;
		case ROW_END:
			return rows <= PUBLISHER_RESEND_ROWS_MAX;
		}
	}
	return false;
}

static void
resend(struct publisher *publisher, struct slice prefix)
{
	struct row_query query = {.prefix_bytes = prefix.n, .full = true, .without_dead = true};
	struct row_cursor cursor = {0};
	struct slice topic, row;

	assert(prefix.n <= sizeof(query.prefix));
	if (prefix.n > 0)
		memcpy(query.prefix, prefix.p, prefix.n);
	if (!few_match(publisher, &query))
		return;
	rows_changed(&publisher->rows);
	for (enum row_peek peek; (peek = rows_peek(&publisher->rows, &query, &cursor, &topic, &row)) != ROW_END;) {
		if (peek == ROW_PAUSE)
			continue;
		send_out(publisher, topic, row);
		publisher->counters.resends++;
		rows_advance(&cursor);
	}
	rows_changed(&publisher->rows); /* cursor's memory ends here */
}

static void
on_last(void *publisher, struct slice prefix)
{
	channels_count(publisher, prefix, UINT32_MAX); /* minus one */
}

void
publisher_subscription(struct publisher *publisher, uint32_t holder, struct slice frame)
{
	if (holder >= SUBSCRIPTION_HOLDERS_END || frame.n == 0 || frame.p[0] > 1)
		return; /* a user message that a SUB may send up the pipe */
	struct slice prefix = {frame.p + 1, frame.n - 1};
	bool subscribe = frame.p[0] == 1;
	enum subscription_outcome outcome = subscribe ? subscriptions_add(publisher->subscriptions, holder, prefix)
	                                              : subscriptions_remove(publisher->subscriptions, holder, prefix);
	if (outcome == SUBSCRIPTION_FIRST)
		channels_count(publisher, prefix, 1);
	else if (outcome == SUBSCRIPTION_LAST)
		on_last(publisher, prefix);
	else if (outcome == SUBSCRIPTION_REFUSED)
		publisher->counters.subscriptions_refused += subscribe;
	if (!subscribe || outcome == SUBSCRIPTION_REFUSED)
		return;
	if (prefix.n <= 6 && memcmp("hello/", prefix.p, prefix.n) == 0)
		send_hello(publisher);
	if (prefix.n <= 3 && memcmp("hb/", prefix.p, prefix.n) == 0 && publisher->beat_ms > 0)
		send_heartbeat(publisher);
	resend(publisher, prefix);
}

void
publisher_subscriber_gone(struct publisher *publisher, uint32_t holder)
{
	if (holder < SUBSCRIPTION_HOLDERS_END)
		subscriptions_gone(publisher->subscriptions, holder, on_last, publisher);
}

/* Questions */

void
publisher_figures(struct publisher *publisher, const struct figures *figures)
{
	publisher->figures = *figures;
	publisher_alarm(publisher, ALARM_AUDIT_MISMATCH, figures->kernel.audit_mismatch > 0);
}

void
publisher_log(struct publisher *publisher, const struct log_figures *figures, const struct log_images *images)
{
	publisher->log = *figures;
	publisher->images = *images;
}

static void
tell_info(struct publisher *publisher)
{
	const struct publisher_config *config = &publisher->config;
	struct publisher_counters counters;
	struct info info = {
	    .epoch = publisher->versions.epoch,
	    .seq = publisher->versions.seq,
	    .lsn = publisher->figures.lsn,
	    .rows_lsn = publisher->lsn,
	    .now_ms = publisher->beat_ms,
	    .lag_ms = lag_of(publisher),
	    .at_ms = publisher->figures.now_ms,
	    .version = slice_of(config->version),
	    .zone = slice_of(config->zone),
	    .currency = slice_of(config->currency),
	    .clock = slice_of(config->clock_events ? "events" : "wall"),
	    .durability = slice_of(config->durability),
	    .decimals = config->decimals,
	    .demo = config->demo,
	};
	publisher_count(publisher, &counters);
	info_alarms(&info, publisher->alarms);
	figures_tell(&info, &publisher->figures, &publisher->log, &publisher->images, &counters, config->memory_max);
	info_encode(&info, &publisher->row);
}

static void
tell_confirmed(struct publisher *publisher)
{
	struct confirmed confirmed = {.now_ms = publisher->beat_ms};
	if (publisher->out.confirm != NULL)
		publisher->out.confirm(publisher->out.context, &confirmed);
	confirmed_encode(&confirmed, &publisher->row);
}

/* A question is answered with one message, or refused as a snapshot is. False: it is none. */
static bool
answer(struct publisher *publisher, struct slice peer, struct slice message)
{
	struct event_ask ask;
	char why[120] = "";
	publisher->row.len = 0;
	if (info_is_request(message)) {
		if (info_request_decode(message, why) == 0)
			tell_info(publisher);
		else
			snapshot_refusal_encode("bad_request", why, &publisher->row);
	} else if (confirm_is_request(message)) {
		if (confirm_request_decode(message, why) == 0)
			tell_confirmed(publisher);
		else
			snapshot_refusal_encode("bad_request", why, &publisher->row);
	} else if (event_ask_is(message)) {
		if (event_ask_decode(&ask, message, why) != 0)
			snapshot_refusal_encode("bad_request", why, &publisher->row);
		else if (publisher->out.ask != NULL && publisher->out.ask(publisher->out.context, peer, ask.cust, ask.id))
			return true;
		else
			snapshot_refusal_encode("too_many", "too many questions are under way; ask again in a second",
			                        &publisher->row);
	} else {
		return false;
	}
	publisher->out.reply(publisher->out.context, peer, buf_slice(&publisher->row));
	return true;
}

/* Snapshots */

void
publisher_request(struct publisher *publisher, struct slice peer, struct slice message)
{
	if (peer.n > 0 && peer.n <= SNAPSHOT_PEER_BYTES_MAX && answer(publisher, peer, message))
		return;
	rows_changed(&publisher->rows);
	snapshot_server_request(publisher->snapshots, peer, message);
	snapshot_server_work(publisher->snapshots, CHUNKS_A_TURN);
}

bool
publisher_work(struct publisher *publisher)
{
	return snapshot_server_work(publisher->snapshots, CHUNKS_A_TURN);
}

/* Alerts, dead letters, feeds */

void
publisher_alert(struct publisher *publisher, struct slice topic, const struct alert_row *alert)
{
	struct alert_row row = *alert;

	rows_changed(&publisher->rows);
	alerts_forget(publisher->alerts, alert->at_ms); /* a recovery tells of months without an update */
	row.epoch = publisher->versions.epoch;
	row.seq = ++publisher->versions.seq;
	publisher->row.len = 0;
	alert_encode(&row, &publisher->row);
	alerts_put(publisher->alerts, topic, buf_slice(&publisher->row), row.seq, slice_is(alert->to, "ok"),
	           alert->at_ms);
	if (subscriptions_match(publisher->subscriptions, topic))
		send_out(publisher, topic, buf_slice(&publisher->row));
}

void
publisher_save_alerts(const struct publisher *publisher, struct stream_out *out)
{
	struct alert_view view;
	struct slice from = {(const uint8_t *)"", 0};
	stream_put_mark(out, "ALE1");
	for (bool more = false; alerts_from(publisher->alerts, from, more, &view); more = true) {
		stream_put_var(out, view.topic.n);
		stream_put(out, view.topic.p, view.topic.n);
		stream_put_var(out, view.row.n);
		stream_put(out, view.row.p, view.row.n);
		from = view.topic;
	}
	stream_put_var(out, 0);
}

void
publisher_load_alerts(struct publisher *publisher, struct stream_in *in)
{
	struct buf row = {0};
	stream_get_mark(in, "ALE1");
	for (uint32_t n; (n = stream_get_below(in, ALERT_TOPIC_MAX + 1)) > 0 && stream_good(in);) {
		uint8_t topic[ALERT_TOPIC_MAX];
		struct alert_row alert;
		stream_get(in, topic, n);
		uint32_t bytes = stream_get_below(in, STREAM_PIECE_MAX);
		row.len = 0;
		buf_reserve(&row, bytes);
		row.len = bytes;
		stream_get(in, row.data, bytes);
		if (stream_good(in) && alert_decode(&alert, buf_slice(&row)) == 0)
			publisher_alert(publisher, (struct slice){topic, n}, &alert);
	}
	buf_fini(&row);
}

void
publisher_dead(struct publisher *publisher, int64_t at_ms, struct slice peer, struct slice code, struct slice text,
               struct slice raw)
{
	struct dead_row dead = {.at_ms = at_ms, .peer = peer, .code = code, .text = text, .raw = raw};
	struct dead_view view;

	rows_changed(&publisher->rows);
	dead_letters_add(publisher->dead, &dead, ++publisher->versions.seq);
	if (subscriptions_count(publisher->subscriptions) == 0 ||
	    !dead_letters_from(publisher->dead, dead.number, &view))
		return;
	if (subscriptions_match(publisher->subscriptions, view.topic))
		send_out(publisher, view.topic, view.row);
}

void
publisher_feed(struct publisher *publisher, struct slice feed, int64_t at_ms)
{
	feeds_heard(publisher->feeds, feed, at_ms);
}

void
publisher_alarm(struct publisher *publisher, enum alarm alarm, bool on)
{
	if (on)
		publisher->alarms |= 1u << alarm;
	else
		publisher->alarms &= ~(1u << alarm);
}

void
publisher_heartbeat(struct publisher *publisher, int64_t now_ms)
{
	if (publisher->updated || publisher->arrival_ms == 0)
		publisher->arrival_ms = now_ms;
	publisher->updated = false;
	publisher->beat_ms = now_ms;
	snapshot_server_tick(publisher->snapshots, now_ms);
	snapshot_server_work(publisher->snapshots, CHUNKS_A_TURN);
	if (subscriptions_match(publisher->subscriptions, slice_of("hb/")))
		send_heartbeat(publisher);
}

void
publisher_count(const struct publisher *publisher, struct publisher_counters *out)
{
	struct row_table_counters table;
	struct alert_counters alerts;
	struct dead_counters dead;
	struct snapshot_counters snapshots;

	row_table_count(publisher->table, &table);
	alerts_count(publisher->alerts, &alerts);
	dead_letters_count(publisher->dead, &dead);
	snapshot_server_count(publisher->snapshots, &snapshots);
	*out = publisher->counters;
	out->snapshots = snapshots.begun;
	out->snapshots_refused = snapshots.refused;
	out->chunks = snapshots.chunks;
	out->series = table.series;
	out->rows = table.rows;
	out->tombstones = table.tombstones;
	out->bytes = table.bytes;
	out->collided = table.collided;
	out->eras_merged = publisher->eras.merged;
	out->subscriptions = subscriptions_count(publisher->subscriptions);
	out->dead_letters = dead.added;
	out->dead_dropped = dead.dropped;
	out->alerts_active = alerts.active;
	out->alerts_not_kept = alerts.not_kept;
	out->feeds_unlisted = feeds_unlisted(publisher->feeds);
}
