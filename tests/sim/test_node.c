/*
 * test_node.c - a whole node in one thread on one seed: fake clock, kept log, fake wire.
 *
 * Senders make batches of good, bad, late and repeated events. The wire delays,
 * drops and repeats their messages and the answers; a sender without an answer sends
 * the same bytes again. A subscriber loses rows and heals itself by heartbeats and
 * snapshots. Now and then the node is thrown away and recovered from its log. At the
 * end: every batch was answered, every number that the subscriber holds is the
 * oracle's over the log, and a fresh node over the same log publishes the same rows
 * and the same alerts (I1, I2, I4).
 *
 * And the same on a disk: commits come late, a crash at any place between append and
 * answer loses what was not committed, and commits fail, for want of room or for
 * good. Then, too, what was acked is in the log.
 *
 *     LAJU_SEED=n   runs that seed alone      LAJU_SEEDS=n   runs n seeds (default 40; 200 on a disk)
 *     test_node '*disk*'   runs the tests of such a name
 */
#include "common/mem.h"
#include "laju/rowset.h"
#include "laju/solo.h"
#include "schemas/batch.h"
#include "schemas/topic.h"
#include "tests/oracle/oracle.h"
#include "tests/sim/disk.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SENDERS = 3, BATCHES = 25, BATCHES_ON_DISK = 6, EVENTS = 30, EVENTS_ON_DISK = 8, WIRE_MAX = 4096, RESEND_MS = 10000, CAMPAIGNS = 5 };
static const int64_t MINUTE = 60000, DAY = 86400000;

static const char config_text[] =
    "zone: America/New_York\n"
    "currency: USD\n"
    "week_start: sunday\n"
    "alerts:\n"
    "  - {name: spend-high, kpi: spend, rows: 'd/campaign/*', op: above, value: 40, for: 3m, severity: warning}\n"
    "  - {name: visits-low, kpi: visits, rows: 'r1d/all/all', op: below, value: 20, severity: critical}\n";
static const char rollups[] = "[all, campaign, channel, campaign+channel]";
static const char rollups_on_disk[] = "[all, campaign]"; /* more seeds instead */

/* A message under way. */
struct parcel {
	int64_t due_ms;
	uint8_t kind;   /* 0 to the node, 1 answer to a sender */
	uint8_t sender;
	struct buf bytes;
};

struct sender {
	char name[16];
	struct buf batch[BATCHES];
	uint32_t events[BATCHES];
	bool answered[BATCHES];
	int64_t sent_ms[BATCHES];
	uint32_t made, ok, dup, refused;
};

/* What happened, over all seeds: a run in which something never did proves nothing of it. */
struct tally {
	uint64_t compared, events, transitions;
	uint64_t lost;     /* crashes that lost records that were appended and not committed */
	uint64_t unsaid;   /* crashes after a commit and before its answers */
	uint64_t full;     /* commits without room, made good by log_reopen() */
	uint64_t failed;   /* commits that ended the log */
	uint64_t too_late; /* reopening refused, since the commit was there all the same */
	uint64_t refused;  /* batches with N1 storage_full or storage_failed */
};

struct sim {
	uint64_t seed, random;
	struct tally *tally;
	struct disk *disk;  /* NULL: the log is in memory */
	uint32_t batches, batch_max; /* of a sender; events of one */
	int64_t now_ms;
	struct config *config;
	struct log *log;
	struct solo *node;
	uint64_t epoch;
	struct sender sender[SENDERS];
	struct parcel wire[WIRE_MAX];
	uint32_t parcels;
	/* the subscriber */
	struct rowset rows;
	uint64_t seen_epoch, seen_seq;
	bool resync, subscribed;
	bool more;              /* its snapshot is not complete */
	uint32_t lost_rows;
	int64_t answering;      /* sender that the node is answering, by routing id */
	/* alert transitions in order, as text */
	struct buf story;
};

static uint64_t running; /* seed; what fails outside of the simulation does not know it */

static uint64_t
draw(struct sim *sim, uint64_t below)
{
	uint64_t z = (sim->random += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

static bool
chance(struct sim *sim, uint64_t percent)
{
	return draw(sim, 100) < percent;
}

/* --- the wire --- */

static void
post(struct sim *sim, unsigned kind, unsigned sender, struct slice bytes)
{
	if (chance(sim, 12))
		return; /* lost */
	for (unsigned copy = 0; copy < (chance(sim, 8) ? 2u : 1u); copy++) {
		assert_true(sim->parcels < WIRE_MAX);
		struct parcel *parcel = &sim->wire[sim->parcels++];
		*parcel = (struct parcel){.kind = (uint8_t)kind, .sender = (uint8_t)sender};
		parcel->due_ms = sim->now_ms + (int64_t)draw(sim, chance(sim, 10) ? 30000 : 300);
		buf_add(&parcel->bytes, bytes.p, bytes.n);
	}
}

static void
on_answer(void *context, enum ingest_port port, struct slice peer, struct slice answer)
{
	struct sim *sim = context;
	(void)port;
	post(sim, 1, (unsigned)(peer.p[1] - '0'), answer);
}

static void
take_row(struct sim *sim, struct slice topic, struct slice bytes)
{
	struct row *row = calloc(1, sizeof(*row));
	assert_int_equal(row_decode(row, bytes), 0);
	if (row->epoch < sim->seen_epoch) {
		free(row);
		return;
	}
	rowset_put(&sim->rows, topic, bytes);
	free(row);
}

static void
on_row(void *context, struct slice topic, struct slice row)
{
	struct sim *sim = context;
	struct heartbeat_head head;
	if (chance(sim, 15)) {
		sim->lost_rows++;
		return;
	}
	if (topic.n >= 4 && memcmp(topic.p, "kpi/", 4) == 0)
		take_row(sim, topic, row);
	if (topic.n >= 3 && memcmp(topic.p, "hb/", 3) == 0 && heartbeat_decode(&head, row) == 0)
		if (head.epoch != sim->seen_epoch || head.seq != sim->seen_seq)
			sim->resync = true; /* lazily: whatever is behind the last snapshot is asked for again */
}

static void
on_reply(void *context, struct slice peer, struct slice bytes)
{
	struct sim *sim = context;
	struct snapshot_reply reply;
	struct slice topic, row;
	(void)peer;
	assert_int_equal(snapshot_reply_decode(&reply, bytes), 0);
	assert_int_not_equal(reply.kind, SNAPSHOT_REFUSED);
	if (reply.kind == SNAPSHOT_END) {
		if (reply.epoch != sim->seen_epoch)
			rowset_drop_before(&sim->rows, reply.epoch);
		sim->seen_epoch = reply.epoch;
		sim->seen_seq = reply.seq;
		sim->more = false;
		return;
	}
	while (snapshot_reply_next(&reply, &topic, &row))
		take_row(sim, topic, row);
}

static void
on_alert(void *context, struct slice topic, const struct alert_row *row)
{
	struct sim *sim = context;
	buf_printf(&sim->story, "[%lld] %.*s %.*s -> %.*s\n", (long long)row->at_ms, (int)topic.n, (const char *)topic.p,
	           (int)row->from.n, (const char *)row->from.p, (int)row->to.n, (const char *)row->to.p);
}

static void
subscriber_syncs(struct sim *sim)
{
	struct buf request = {0};
	struct snapshot_request ask = {.prefix = slice_of("kpi/"), .credit = 1 + (uint32_t)draw(sim, 3)};
	if (sim->seen_epoch != 0) {
		ask.has_since = true;
		ask.since_epoch = sim->seen_epoch;
		ask.since_seq = sim->seen_seq;
	}
	sim->more = true;
	snapshot_request_encode(&ask, &request);
	solo_request(sim->node, slice_of("sub"), buf_slice(&request));
	while (sim->more) {
		const struct snapshot_request go_on = {.credit_only = true, .credit = 1};
		request.len = 0;
		snapshot_request_encode(&go_on, &request);
		solo_request(sim->node, slice_of("sub"), buf_slice(&request));
	}
	buf_fini(&request);
	sim->resync = false;
}

/* --- events --- */

static void
set_text(struct event *event, enum event_text text, const char *value)
{
	event->text[text] = slice_of(value);
	event->text_mask |= 1u << text;
}

static void
set_num(struct event *event, enum event_num num, int64_t value)
{
	event->num[num] = value;
	event->num_mask |= 1u << num;
}

static void
add_event(struct sim *sim, unsigned sender, struct buf *out)
{
	static const uint8_t types[] = {EVENT_VISIT, EVENT_VISIT, EVENT_LEAD, EVENT_SALE, EVENT_REFUND, EVENT_SPEND,
	                                EVENT_ENGAGE, EVENT_CORRECT, EVENT_VOID};
	struct event event = {.type = types[draw(sim, sizeof(types))]};
	char id[32], camp[16], cust[16], order[16], visit[16], lead[16], ref[32];
	snprintf(id, sizeof(id), "%u-%u", sender, (unsigned)draw(sim, 3000)); /* sometimes an id again: a conflict */
	snprintf(camp, sizeof(camp), "c%u", (unsigned)draw(sim, CAMPAIGNS));
	int64_t ts = sim->now_ms - (int64_t)draw(sim, chance(sim, 20) ? (uint64_t)(70 * DAY) : (uint64_t)(2 * MINUTE));
	set_num(&event, NUM_TS, chance(sim, 3) ? ts + 20 * MINUTE : ts);
	set_text(&event, TEXT_ID, id);
	snprintf(cust, sizeof(cust), "k%u", (unsigned)draw(sim, 30));
	snprintf(order, sizeof(order), "o%u", (unsigned)draw(sim, 20));
	snprintf(visit, sizeof(visit), "v%u", (unsigned)draw(sim, 20));
	if (chance(sim, 70))
		set_text(&event, TEXT_CUST, cust);
	if (event.type == EVENT_SALE && chance(sim, 70))
		set_text(&event, TEXT_ORDER, order);
	if (chance(sim, 40))
		set_text(&event, TEXT_VISIT, visit);
	if (chance(sim, 80))
		set_text(&event, TEXT_CAMP, camp);
	if (chance(sim, 50))
		set_text(&event, TEXT_SRC, chance(sim, 50) ? "google" : "newsletter");
	snprintf(lead, sizeof(lead), "l%u", (unsigned)draw(sim, 30));
	if (event.type == EVENT_LEAD)
		event.stage = (uint8_t)(1 + draw(sim, 5));
	if (event.type == EVENT_LEAD || (event.type == EVENT_SALE && chance(sim, 30)))
		set_text(&event, TEXT_LEAD, lead);
	if (event.type == EVENT_REFUND || event.type == EVENT_CORRECT || event.type == EVENT_VOID) {
		snprintf(ref, sizeof(ref), "%u-%u", sender, (unsigned)draw(sim, 3000));
		set_text(&event, TEXT_REF, ref);
		set_num(&event, NUM_REV, (int64_t)draw(sim, 3));
	}
	if (event.type == EVENT_SALE || event.type == EVENT_REFUND || event.type == EVENT_SPEND || event.type == EVENT_CORRECT) {
		if (!chance(sim, 5)) /* else amt is missing: refused */
			set_num(&event, NUM_AMT, (int64_t)draw(sim, 5000));
		if (chance(sim, 50))
			set_text(&event, TEXT_CTYPE, "media");
	}
	if (event.type == EVENT_ENGAGE)
		event.kind = (uint8_t)(1 + draw(sim, 6));
	if (chance(sim, 2))
		buf_add(out, "\xc0", 1); /* nil instead of an event */
	else
		event_encode(&event, out);
}

static void
send_batch(struct sim *sim, unsigned s)
{
	struct sender *sender = &sim->sender[s];
	struct buf events = {0};
	uint32_t count = 1 + (uint32_t)draw(sim, sim->batch_max);
	for (uint32_t i = 0; i < count; i++)
		add_event(sim, s, &events);
	struct buf *message = &sender->batch[sender->made];
	batch_begin(message, sender->made + 1, count);
	buf_add(message, events.data, events.len);
	buf_fini(&events);
	sender->events[sender->made] = count;
	sender->sent_ms[sender->made] = sim->now_ms;
	sender->made++;
	post(sim, 0, s, buf_slice(message));
}

static void
take_answer(struct sim *sim, unsigned s, struct slice bytes)
{
	struct sender *sender = &sim->sender[s];
	struct answer answer;
	assert_int_equal(answer_decode(&answer, bytes), 0);
	uint64_t id = answer_id(&answer);
	assert_true(id >= 1 && id <= sender->made);
	if (!answer.is_ack) {
		sim->tally->refused++;
		sender->sent_ms[id - 1] = sim->now_ms - RESEND_MS + answer.retry_ms;
		return;
	}
	/* Whatever happened to it on the way: each event of it is decided. */
	assert_int_equal(answer.ok + answer.dup + answer.refused, sender->events[id - 1]);
	if (sender->answered[id - 1])
		return; /* a repeated answer, or one to a repeated message */
	sender->answered[id - 1] = true;
	sender->ok += answer.ok;
	sender->dup += answer.dup;
	sender->refused += answer.refused;
}

/* --- the run --- */

static void
node_starts(struct sim *sim)
{
	const struct solo_config config = {.config = sim->config,
	                                   .log = sim->log,
	                                   .epoch = ++sim->epoch,
	                                   .answer = on_answer,
	                                   .row = on_row,
	                                   .reply = on_reply,
	                                   .alert = on_alert,
	                                   .context = sim};
	sim->node = solo_new(&config);
	uint8_t frame[] = {1};
	assert_int_equal(solo_recover(sim->node), 0);
	solo_subscription(sim->node, (struct slice){frame, 1});
	solo_publish(sim->node);
}

/* The process is gone. What was appended and not committed is, too. */
static void
crash(struct sim *sim)
{
	if (log_last(sim->log) > log_durable(sim->log))
		sim->tally->lost++;
	solo_free(sim->node);
	if (sim->disk != NULL) {
		disk_fail(NULL);
		log_free(sim->log);
		sim->log = disk_log(sim->disk);
	}
	sim->story.len = 0; /* what alerts said before is not said again */
	node_starts(sim);
}

/* A commit has a write of its pages, with LOG_WRITE no sync, and a write of the root. */
static void
disk_goes_wrong(struct sim *sim)
{
	static const int errors[] = {ENOSPC, ENOSPC, EIO};
	struct disk_fault fault = {.k = 1 + (unsigned)draw(sim, 3), .error = errors[draw(sim, 3)]};
	fault.from_then_on = chance(sim, 50);
	fault.part = chance(sim, 20);
	fault.done = chance(sim, 50);
	disk_fail(&fault);
}

/* Somebody makes room, or not yet; who failed for good is started anew some time. */
static void
disk_is_looked_after(struct sim *sim)
{
	int failed = log_failed(sim->log);
	if (failed == 0 || !chance(sim, 20))
		return;
	if (failed != -ENOSPC) {
		sim->tally->failed++;
		crash(sim);
		return;
	}
	if (chance(sim, 70))
		disk_fail(NULL);
	if (log_reopen(sim->log) == 0)
		sim->tally->full++;
	else
		sim->tally->too_late++;
}

/* As solo_step(), with all that can come in between. */
static void
node_steps_on_disk(struct sim *sim)
{
	solo_append(sim->node, sim->now_ms);
	if (chance(sim, 40))
		return; /* the disk is busy: more comes together */
	if (chance(sim, 3)) {
		crash(sim);
		return;
	}
	if (chance(sim, 5))
		disk_goes_wrong(sim);
	uint64_t durable = log_durable(sim->log);
	assert_true(solo_commit(sim->node));
	if (chance(sim, 3)) {
		sim->tally->unsaid += log_durable(sim->log) > durable;
		crash(sim);
		return;
	}
	solo_apply(sim->node);
	disk_is_looked_after(sim);
}

static void
deliver_due(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->parcels;) {
		struct parcel parcel = sim->wire[i];
		if (parcel.due_ms > sim->now_ms) {
			i++;
			continue;
		}
		sim->wire[i] = sim->wire[--sim->parcels];
		if (parcel.kind == 0)
			solo_receive(sim->node, PORT_ACKED, slice_of(sim->sender[parcel.sender].name), buf_slice(&parcel.bytes),
			             sim->now_ms);
		else
			take_answer(sim, parcel.sender, buf_slice(&parcel.bytes));
		buf_fini(&parcel.bytes);
	}
}

static bool
resend_due(struct sim *sim)
{
	bool open = false;
	for (unsigned s = 0; s < SENDERS; s++) {
		struct sender *sender = &sim->sender[s];
		open |= sender->made < sim->batches;
		for (uint32_t b = 0; b < sender->made; b++) {
			if (sender->answered[b])
				continue;
			open = true;
			if (sim->now_ms - sender->sent_ms[b] < RESEND_MS)
				continue;
			sender->sent_ms[b] = sim->now_ms;
			post(sim, 0, s, buf_slice(&sender->batch[b]));
		}
	}
	return open;
}

static void
run(struct sim *sim)
{
	int64_t heartbeat = sim->now_ms;
	node_starts(sim);
	while (resend_due(sim)) {
		sim->now_ms += (int64_t)draw(sim, chance(sim, 4) ? (uint64_t)(3 * MINUTE) : 400);
		if (chance(sim, 1))
			sim->now_ms += (int64_t)draw(sim, (uint64_t)(5 * DAY));
		for (unsigned s = 0; s < SENDERS; s++)
			if (sim->sender[s].made < sim->batches && chance(sim, 25))
				send_batch(sim, s);
		deliver_due(sim);
		if (sim->disk != NULL)
			node_steps_on_disk(sim);
		else
			solo_step(sim->node, sim->now_ms);
		if (chance(sim, 40))
			solo_publish(sim->node);
		if (sim->now_ms - heartbeat >= 1000) {
			heartbeat = sim->now_ms;
			solo_heartbeat(sim->node, sim->now_ms);
		}
		if (sim->resync && chance(sim, 50))
			subscriber_syncs(sim);
		if (sim->disk == NULL && chance(sim, 1))
			crash(sim);
	}
	if (sim->disk != NULL && (log_failed(sim->log) != 0 || chance(sim, 50)))
		crash(sim);
	disk_fail(NULL);
	solo_step(sim->node, sim->now_ms);
	solo_publish(sim->node);
	subscriber_syncs(sim);
}

/* --- what must hold --- */

static int
by_tie(const char *cust_a, const char *id_a, const char *cust_b, const char *id_b)
{
	(void)cust_a, (void)cust_b; /* only events of one customer are ordered */
	uint64_t a = hash_tie(slice_of(id_a)), b = hash_tie(slice_of(id_b));
	return a < b ? -1 : a > b;
}

static void
setup_oracle(struct sim *sim, struct oracle_measure measure[MEASURES_MAX], struct oracle_config *model)
{
	const struct kpi_set *kpis = &sim->config->kpis;
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		const struct measure *from = &kpis->measure[m];
		measure[m] = (struct oracle_measure){
		    .name = from->name, .type = from->from, .field = from->take == TAKE_SUM ? from->num : -1};
		static const uint8_t take[] = {[TAKE_DISTINCT] = ORACLE_DISTINCT, [TAKE_RETAINED] = ORACLE_RETAINED,
		                               [TAKE_PREVIOUS] = ORACLE_PREVIOUS, [TAKE_NEW] = ORACLE_NEW,
		                               [TAKE_STAGE] = ORACLE_STAGE,       [TAKE_COHORT] = ORACLE_COHORT};
		measure[m].entity = from->entity;
		measure[m].take = from->take > TAKE_SUM ? take[from->take] : ORACLE_ADD;
		measure[m].stage = from->stage;
		measure[m].cohort_of = from->of;
		measure[m].as_sold = from->as_sold;
		for (unsigned w = 0; w < from->where_count; w++) {
			struct oracle_filter *filter = &measure[m].filter[measure[m].filter_count++];
			filter->what = from->where[w].field;
			for (unsigned v = 0; v < from->where[w].count; v++) {
				filter->text[v] = from->where[w].value[v];
				filter->number[v] = from->where[w].number[v];
			}
			filter->value_count = from->where[w].count;
		}
	}
	*model = (struct oracle_config){.zone = sim->config->zone_name,
	                                .week_start = sim->config->week_start,
	                                .horizon_ms = sim->config->kernel.horizon_ms,
	                                .future_ms = sim->config->kernel.future_ms,
	                                .slide_min = {1, 15, 60},
	                                .rollup_count = (int)sim->config->kernel.rollup_count,
	                                .measure_count = (int)kpis->measure_count,
	                                .measure = measure,
	                                .people = true,
	                                .tie = by_tie};
	for (uint32_t r = 0; r < sim->config->kernel.rollup_count; r++)
		model->rollup[r] = sim->config->kernel.rollup[r].dims_mask;
}

/* The oracle reads the log: raw decisions of accept, no totals of ours. */
static struct oracle *
oracle_over_log(struct sim *sim)
{
	struct oracle_measure measure[MEASURES_MAX];
	struct oracle_config model;
	setup_oracle(sim, measure, &model);
	struct oracle *oracle = oracle_new(&model);
	struct group *group = group_new(GROUP_BATCHES);
	for (uint64_t lsn = 1; lsn <= log_last(sim->log); lsn++) {
		assert_int_equal(log_read(sim->log, lsn, group), 0);
		oracle_time(oracle, group->time_ms);
		for (uint32_t i = 0; i < group->event_count; i++) {
			const struct group_event *from = &group->events[i];
			char texts[TEXT_CUR][260];
			if (from->verdict != VERDICT_OK)
				continue;
			struct oracle_event event = {.type = from->type, .stage = from->stage, .kind = from->kind, .ts_ms = from->ts_ms};
			for (unsigned t = 0; t < TEXT_CUR; t++)
				snprintf(texts[t], sizeof(texts[t]), "%.*s", from->text_len[t],
				         (const char *)group_text(group, from, (enum event_text)t).p);
			for (unsigned d = 0; d < EVENT_DIMS; d++)
				event.dim[d] = texts[d];
			event.cost_type = texts[TEXT_CTYPE];
			event.cust = texts[TEXT_CUST];
			event.order = texts[TEXT_ORDER];
			event.visit = texts[TEXT_VISIT];
			memcpy(event.num, from->num, sizeof(event.num));
			event.lead = texts[TEXT_LEAD];
			event.ref = texts[TEXT_REF];
			event.id = texts[TEXT_ID];
			event.rev = from->rev;
			event.has_touch = from->flags & EVENT_HAS_TOUCH;
			event.has_amt = from->flags & EVENT_HAS_AMT;
			event.content = from->content;
			oracle_add(oracle, &event);
		}
	}
	group_free(group);
	return oracle;
}

static int64_t
row_measure(const struct row_part *part, const char *name)
{
	for (uint32_t m = 0; m < part->measures; m++)
		if (slice_is(part->measure[m].name, name))
			return part->measure[m].value;
	return 0;
}

static void
compare_row(struct sim *sim, struct oracle *oracle, int rollup, const char *const key[EVENT_DIMS], enum window window,
            uint64_t *compared)
{
	struct slice parts[EVENT_DIMS];
	uint32_t count = 0;
	struct buf topic = {0};
	struct row *row = calloc(1, sizeof(*row));
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (sim->config->kernel.rollup[rollup].dims_mask >> d & 1)
			parts[count++] = slice_of(key[d]);
	topic_row(window, slice_of(sim->config->kernel.rollup[rollup].name), parts, count, &topic);
	const struct rowset_entry *entry = rowset_find(&sim->rows, buf_slice(&topic));
	if (entry != NULL)
		assert_int_equal(row_decode(row, buf_slice(&entry->row)), 0);
	for (unsigned part = 0; part < (window < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
		for (uint32_t m = 0; m < sim->config->kpis.measure_count; m++) {
			if (oracle_null(oracle, (int)m, (enum oracle_window)window, (enum oracle_part)part))
				continue;
			int64_t expected = oracle_total(oracle, rollup, key, (int)m, (enum oracle_window)window, (enum oracle_part)part);
			int64_t held = row_measure(&row->part[part], sim->config->kpis.measure[m].name);
			++*compared;
			if (expected != held)
				fail_msg("seed %llu: %.*s part %u %s: subscriber %lld, oracle %lld", (unsigned long long)sim->seed,
				         (int)topic.len, (const char *)topic.data, part, sim->config->kpis.measure[m].name,
				         (long long)held, (long long)expected);
		}
	buf_fini(&topic);
	free(row);
}

static void
compare_with_oracle(struct sim *sim)
{
	struct oracle *oracle = oracle_over_log(sim);
	int rollup;
	const char *key[EVENT_DIMS];
	for (size_t i = 0; oracle_series(oracle, i, &rollup, key); i++)
		for (unsigned w = 0; w < WINDOW_COUNT; w++)
			compare_row(sim, oracle, rollup, key, (enum window)w, &sim->tally->compared);
	oracle_free(oracle);
}

static void
full_snapshot(struct sim *sim)
{
	rowset_fini(&sim->rows);
	sim->rows = (struct rowset){0};
	sim->seen_epoch = sim->seen_seq = 0;
	subscriber_syncs(sim);
}

/* A row without what may differ between two equal histories: epoch, versions, time of publication. */
static void
strip(struct row *row)
{
	row->epoch = row->seq = row->channel_seq = 0;
	row->at_ms = 0;
}

static void
compare_with_replay(struct sim *sim)
{
	/* All rows anew: a row that did not change keeps the bounds it was last sent with. */
	full_snapshot(sim);
	struct rowset live = sim->rows;
	struct buf story = sim->story, a = {0}, b = {0};
	struct row *row = calloc(1, sizeof(*row));
	sim->rows = (struct rowset){0};
	sim->story = (struct buf){0};
	crash(sim); /* the same log; from a disk, what is on it */
	full_snapshot(sim);
	for (uint32_t i = 0; i < sim->rows.count; i++) {
		const struct rowset_entry *again = &sim->rows.entry[i];
		const struct rowset_entry *first = rowset_find(&live, buf_slice(&again->topic));
		a.len = b.len = 0;
		assert_int_equal(row_decode(row, buf_slice(&again->row)), 0);
		if (first == NULL) /* never non-zero while somebody looked; now it must be zero, too */
			continue;
		strip(row);
		row_encode(row, &a);
		assert_int_equal(row_decode(row, buf_slice(&first->row)), 0);
		strip(row);
		row_encode(row, &b);
		if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
			fail_msg("seed %llu: %.*s differs between the live run and its replay", (unsigned long long)sim->seed,
			         (int)again->topic.len, (const char *)again->topic.data);
	}
	if (story.len != sim->story.len || (story.len > 0 && memcmp(story.data, sim->story.data, story.len) != 0))
		fail_msg("seed %llu: alerts differ:\n%.*s--- replay:\n%.*s", (unsigned long long)sim->seed, (int)story.len,
		         (const char *)story.data, (int)sim->story.len, (const char *)sim->story.data);
	rowset_fini(&live);
	buf_fini(&story);
	buf_fini(&a);
	buf_fini(&b);
	free(row);
}

/* Every batch was acked: its bytes are in a record. What the log says is what counts: see the oracle. */
static void
check_log(struct sim *sim)
{
	struct group *group = group_new(GROUP_BATCHES);
	struct buf all = {0};
	assert_int_equal(log_durable(sim->log), log_last(sim->log));
	for (uint64_t lsn = 1; lsn <= log_last(sim->log); lsn++) {
		assert_int_equal(log_read(sim->log, lsn, group), 0);
		buf_add(&all, group->bytes.data, group->bytes.len);
	}
	for (unsigned s = 0; s < SENDERS; s++)
		for (uint32_t b = 0; b < sim->batches; b++) {
			const struct buf *batch = &sim->sender[s].batch[b];
			assert_true(sim->sender[s].answered[b]);
			if (memmem(all.data, all.len, batch->data, batch->len) == NULL)
				fail_msg("seed %llu: batch %u of sender %u was acked and is not in the log", (unsigned long long)sim->seed,
				         b + 1, s);
		}
	group_free(group);
	buf_fini(&all);
}

static void
check_accounts(struct sim *sim)
{
	for (unsigned s = 0; s < SENDERS; s++) {
		uint64_t sent = 0;
		for (uint32_t b = 0; b < BATCHES; b++)
			sent += sim->sender[s].events[b];
		assert_int_equal(sent, sim->sender[s].ok + sim->sender[s].dup + sim->sender[s].refused);
		sim->tally->events += sent;
	}
}

static struct config *
config_new(const char *rollups_text)
{
	struct config *config = calloc(1, sizeof(*config));
	struct config_problems problems = {0};
	struct buf text = {0};
	uint8_t key[HASH_KEY_BYTES] = {7};
	buf_printf(&text, "rollups: %s\n%s", rollups_text, config_text);
	assert_true(config_parse(config, "sim.yaml", buf_slice(&text), NULL, 0, &problems));
	problems_fini(&problems);
	buf_fini(&text);
	hash_key_init(&config->kernel.key, key);
	return config;
}

static void
run_seed(uint64_t seed, struct config *config, struct disk *disk, struct tally *tally)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	sim->seed = seed;
	sim->tally = tally;
	sim->disk = disk;
	sim->batches = disk != NULL ? BATCHES_ON_DISK : BATCHES;
	sim->batch_max = disk != NULL ? EVENTS_ON_DISK : EVENTS;
	sim->random = seed * 104729 + 17;
	sim->now_ms = 1710000000000 + (int64_t)draw(sim, (uint64_t)(365 * DAY));
	sim->config = config;
	sim->log = disk != NULL ? disk_log(disk) : log_memory_new(true);
	for (unsigned s = 0; s < SENDERS; s++)
		snprintf(sim->sender[s].name, sizeof(sim->sender[s].name), "s%u", s);
	run(sim);
	check_log(sim);
	check_accounts(sim);
	compare_with_oracle(sim);
	for (size_t i = 0; i < sim->story.len; i++)
		tally->transitions += sim->story.data[i] == '\n';
	compare_with_replay(sim);

	solo_free(sim->node);
	log_free(sim->log);
	for (uint32_t i = 0; i < sim->parcels; i++)
		buf_fini(&sim->wire[i].bytes);
	for (unsigned s = 0; s < SENDERS; s++)
		for (uint32_t b = 0; b < BATCHES; b++)
			buf_fini(&sim->sender[s].batch[b]);
	rowset_fini(&sim->rows);
	buf_fini(&sim->story);
	free(sim);
}

static void
run_seeds(uint64_t by_default, bool on_disk, struct tally *tally)
{
	const char *one = getenv("LAJU_SEED"), *many = getenv("LAJU_SEEDS");
	uint64_t from = one != NULL ? strtoull(one, NULL, 10) : 1;
	uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : by_default;
	struct config *config = config_new(on_disk ? rollups_on_disk : rollups); /* its zone takes long to load */
	*tally = (struct tally){0};
	for (uint64_t seed = from; seed < from + count; seed++) {
		struct disk disk;
		if (on_disk)
			disk_make(&disk);
		running = seed;
		run_seed(seed, config, on_disk ? &disk : NULL, tally);
		if (on_disk)
			disk_remove(&disk);
	}
	running = 0;
	config_fini(config);
	free(config);
	print_message("seeds %llu..%llu: %llu events, %llu totals compared, %llu alert transitions\n",
	              (unsigned long long)from, (unsigned long long)(from + count - 1), (unsigned long long)tally->events,
	              (unsigned long long)tally->compared, (unsigned long long)tally->transitions);
	assert_true(tally->compared > 0);
}

static void
a_node_on_a_bad_wire_is_exact_and_repeatable(void **state)
{
	struct tally tally;
	(void)state;
	run_seeds(40, false, &tally);
}

static void
a_node_on_a_bad_disk_keeps_what_it_acked(void **state)
{
	struct tally tally;
	(void)state;
	run_seeds(200, true, &tally);
	print_message("%llu crashes lost records, %llu before answers; %llu commits without room, %llu that failed, %llu that "
	              "were there all the same; %llu batches refused\n",
	              (unsigned long long)tally.lost, (unsigned long long)tally.unsaid, (unsigned long long)tally.full,
	              (unsigned long long)tally.failed, (unsigned long long)tally.too_late, (unsigned long long)tally.refused);
	if (getenv("LAJU_SEED") != NULL || getenv("LAJU_SEEDS") != NULL)
		return;
	assert_true(tally.lost > 50 && tally.unsaid > 50 && tally.full > 50 && tally.failed > 20 && tally.refused > 100);
	assert_true(tally.too_late > 0);
}

/* Whatever fails, and wherever: which seed it was. */
static int
name_seed(void **state)
{
	(void)state;
	if (running != 0)
		print_message("LAJU_SEED=%llu runs the last seed alone\n", (unsigned long long)running);
	return 0;
}

static void
on_abort(int number)
{
	(void)number;
	name_seed(NULL);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(a_node_on_a_bad_wire_is_exact_and_repeatable, name_seed),
	    cmocka_unit_test_teardown(a_node_on_a_bad_disk_keeps_what_it_acked, name_seed),
	};
	signal(SIGABRT, on_abort); /* an assertion of ours */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
