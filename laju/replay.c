/* replay.c - a solo node fed by instants. */
#include "laju/replay.h"
#include "common/mem.h"
#include "laju/solo.h"
#include "schemas/batch.h"
#include <stdio.h>
#include <stdlib.h>

enum { REPLAY_BATCH = ACK_REJECTS_MAX }; /* an answer lists no more refusals, and all are to be told */
static const char peer_name[] = "replay";

struct entry {
	uint64_t offset;
	uint32_t bytes;
	int64_t ts_ms; /* INT64_MIN: none could be read; goes in with the first instant and is refused */
	bool done;
};

struct replay {
	struct config *config;
	struct log *log;
	struct solo *solo;
	struct buf bytes;
	struct entry *entry;
	uint64_t count, cap;
	int64_t last_ms;
	struct buf message;
	uint64_t batch_number[REPLAY_BATCH]; /* entries of the batch under way */
	uint32_t batched;
	uint64_t batches;
	/* during the run */
	int64_t at_ms;
	replay_row_fn *row;
	replay_refused_fn *refused;
	void *context;
	bool more;  /* the snapshot has not ended */
};

static void
on_answer(void *context, enum ingest_port port, struct slice peer, struct slice bytes)
{
	struct replay *replay = context;
	struct answer answer;
	uint32_t index;
	struct slice code, text;
	(void)port, (void)peer;
	if (answer_decode(&answer, bytes) != 0 || !answer.is_ack)
		return;
	while (answer_next_reject(&answer, &index, &code, &text)) {
		char code_text[32], reason[160];
		snprintf(code_text, sizeof(code_text), "%.*s", (int)code.n, (const char *)code.p);
		snprintf(reason, sizeof(reason), "%.*s", (int)text.n, (const char *)text.p);
		if (replay->refused != NULL && index < replay->batched)
			replay->refused(replay->context, replay->batch_number[index], code_text, reason);
	}
}

static void
on_reply(void *context, struct slice peer, struct slice bytes)
{
	struct replay *replay = context;
	struct snapshot_reply reply;
	struct slice topic, row;
	(void)peer;
	if (snapshot_reply_decode(&reply, bytes) != 0)
		return;
	replay->more = reply.kind == SNAPSHOT_ROWS;
	while (reply.kind == SNAPSHOT_ROWS && snapshot_reply_next(&reply, &topic, &row))
		replay->row(replay->context, replay->at_ms, topic, row);
}

struct replay *
replay_new(struct config *config)
{
	struct replay *replay = mem_zalloc(1, sizeof(*replay));
	uint8_t key[HASH_KEY_BYTES] = {0}; /* nobody else sends: no need of a secret, and equal runs are equal */
	config->clock = CLOCK_EVENTS;
	config->kernel.clock_events = true;
	hash_key_init(&config->kernel.key, key);
	replay->config = config;
	replay->last_ms = INT64_MIN;
	replay->log = log_memory_new(false);
	const struct solo_config solo = {
	    .config = config, .log = replay->log, .epoch = 1, .answer = on_answer, .reply = on_reply, .context = replay};
	replay->solo = solo_new(&solo);
	return replay;
}

void
replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	solo_free(replay->solo);
	log_free(replay->log);
	buf_fini(&replay->bytes);
	buf_fini(&replay->message);
	free(replay->entry);
	free(replay);
}

void
replay_add(struct replay *replay, struct slice bytes)
{
	struct event event;
	struct event_fault fault;
	size_t used;
	if (replay->count == replay->cap) {
		replay->cap = replay->cap ? replay->cap * 2 : 1024;
		replay->entry = mem_realloc(replay->entry, replay->cap * sizeof(*replay->entry));
	}
	bool good = event_decode(&event, bytes, &used, &fault) == VERDICT_OK && (event.num_mask >> NUM_TS & 1) != 0;
	replay->entry[replay->count++] = (struct entry){replay->bytes.len, bytes.n, good ? event.num[NUM_TS] : INT64_MIN, false};
	buf_add(&replay->bytes, bytes.p, bytes.n);
	if (good && event.num[NUM_TS] > replay->last_ms)
		replay->last_ms = event.num[NUM_TS];
}

uint64_t
replay_count(const struct replay *replay)
{
	return replay->count;
}

int64_t
replay_last_ms(const struct replay *replay)
{
	return replay->last_ms;
}

static void
send_batch(struct replay *replay, struct buf *events)
{
	if (replay->batched == 0)
		return;
	replay->message.len = 0;
	batch_begin(&replay->message, ++replay->batches, replay->batched);
	buf_add(&replay->message, events->data, events->len);
	solo_receive(replay->solo, PORT_ACKED, slice_of(peer_name), buf_slice(&replay->message), 0);
	solo_step(replay->solo, 0);
	replay->batched = 0;
	events->len = 0;
}

/* Events up to an instant that have not been in yet, in the order given. */
static void
send_until(struct replay *replay, int64_t at_ms)
{
	struct buf events = {0};
	for (uint64_t i = 0; i < replay->count; i++) {
		struct entry *entry = &replay->entry[i];
		if (entry->done || entry->ts_ms > at_ms)
			continue;
		entry->done = true;
		replay->batch_number[replay->batched++] = i;
		buf_add(&events, replay->bytes.data + entry->offset, entry->bytes);
		if (replay->batched == REPLAY_BATCH || events.len > BATCH_BYTES_MAX / 2)
			send_batch(replay, &events);
	}
	send_batch(replay, &events);
	buf_fini(&events);
}

static void
tick(struct replay *replay, int64_t at_ms)
{
	replay->message.len = 0;
	batch_tick(&replay->message, ++replay->batches, at_ms);
	solo_receive(replay->solo, PORT_ACKED, slice_of(peer_name), buf_slice(&replay->message), 0);
	solo_step(replay->solo, 0);
}

static void
ask(struct replay *replay, struct slice prefix)
{
	struct buf request = {0};
	const struct snapshot_request all = {.prefix = prefix, .credit = SNAPSHOT_CREDIT_MAX};
	const struct snapshot_request go_on = {.credit_only = true, .credit = SNAPSHOT_CREDIT_MAX};
	replay->more = true;
	snapshot_request_encode(&all, &request);
	solo_request(replay->solo, slice_of(peer_name), buf_slice(&request));
	while (replay->more) {
		request.len = 0;
		snapshot_request_encode(&go_on, &request);
		solo_request(replay->solo, slice_of(peer_name), buf_slice(&request));
	}
	buf_fini(&request);
}

void
replay_run(struct replay *replay, const int64_t *at_ms, uint32_t count, struct slice prefix, replay_row_fn *row,
           replay_refused_fn *refused, void *context)
{
	replay->row = row;
	replay->refused = refused;
	replay->context = context;
	for (uint32_t i = 0; i < count; i++) {
		replay->at_ms = at_ms[i];
		send_until(replay, at_ms[i]);
		tick(replay, at_ms[i]);
		solo_publish(replay->solo);
		ask(replay, prefix);
	}
}

uint64_t
replay_later(const struct replay *replay)
{
	uint64_t later = 0;
	for (uint64_t i = 0; i < replay->count; i++)
		later += !replay->entry[i].done;
	return later;
}

uint64_t
replay_verdicts(const struct replay *replay, enum verdict verdict)
{
	struct ingest_counters counters;
	ingest_count(solo_ingest(replay->solo), &counters);
	return counters.verdict[verdict];
}
