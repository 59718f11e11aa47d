/*
 * ingest.c - messages in, groups out, answers back.
 *
 * Groups stand in one ring in the order in which they were filled:
 *   head .. take: with the journal and the aggregator; take .. tail: sealed, not yet taken;
 * and one more, the open one, takes in messages. So order needs no numbers and a settled
 * group must be the one at head.
 */
#include "ingest/ingest.h"
#include "common/mem.h"
#include "ingest/peers.h"
#include "ingest/settle.h"
#include <assert.h>
#include <stdlib.h>

enum {
	RING = INGEST_GROUPS_IN_FLIGHT_MAX,
	POOL_MAX = 4, /* emptied groups kept: enough for a steady flow, at most some 4 MiB each */
	/* Above this many events the next batch might not fit. */
	SEAL_EVENTS = GROUP_EVENTS_MAX - BATCH_EVENTS_MAX,
};
_Static_assert((RING & (RING - 1)) == 0, "ring positions wrap");
/* What one batch can add: itself, a phone number and a sentence per event, a name, the channels' names. */
enum { EVENT_ADDS_MAX = PHONE_BYTES_MAX + 121 };
_Static_assert(GROUP_SEAL_BYTES + BATCH_BYTES_MAX + BATCH_EVENTS_MAX * EVENT_ADDS_MAX + 1024 <= GROUP_BYTES_MAX,
               "a group has room");
_Static_assert(PUSH_BYTES_MAX <= BATCH_BYTES_MAX, "a push message fits where a batch does");
_Static_assert(GROUP_EVENTS_MAX <= GROUP_FAULTS_MAX, "every event can have its sentence");

struct flight {
	struct group *group;
	uint64_t bytes; /* messages and the structs made of them: what they really hold */
};

struct ingest {
	struct ingest_config config;
	struct ingest_counters counters;
	struct peers *peers;
	struct settle_scratch *scratch;
	struct flight ring[RING];
	uint32_t head, take, tail;
	struct flight open;
	struct group *pool[POOL_MAX];
	uint32_t pool_count;
	int64_t event_ms; /* clock: events: the largest event time or tick so far */
	bool stopping, full; /* full: ingest_memory() */
	struct buf answer;
};

struct ingest *
ingest_new(const struct ingest_config *config)
{
	struct ingest *ingest = mem_zalloc(1, sizeof(*ingest));
	ingest->config = *config;
	ingest->config.accept.ticks = config->clock_events;
	ingest->peers = peers_new(&ingest->config.accept.key);
	ingest->scratch = settle_scratch_new();
	return ingest;
}

void
ingest_free(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	for (; ingest->take != ingest->tail; ingest->take++) /* those taken belong to who took them */
		group_free(ingest->ring[ingest->take % RING].group);
	group_free(ingest->open.group);
	while (ingest->pool_count > 0)
		group_free(ingest->pool[--ingest->pool_count]);
	peers_free(ingest->peers);
	settle_scratch_free(ingest->scratch);
	buf_fini(&ingest->answer);
	free(ingest);
}

static void
send(struct ingest *ingest, enum ingest_port port, struct slice peer, enum batch_code code)
{
	ingest->counters.batch[code]++;
	ingest->config.send(ingest->config.context, port, peer, buf_slice(&ingest->answer));
}

static void
send_nack(struct ingest *ingest, enum ingest_port port, struct slice peer, struct slice id, enum batch_code code,
          const char *text)
{
	bool permanent = code == BATCH_WRONG_VERSION || code == BATCH_BAD_MSGPACK || code == BATCH_TOO_BIG ||
	                 code == BATCH_WRONG_CLOCK;
	bool storage = code == BATCH_STORAGE_FULL || code == BATCH_STORAGE_FAILED;
	uint32_t retry_ms = storage        ? INGEST_STORAGE_RETRY_MS
	                    : ingest->full ? INGEST_MEMORY_RETRY_MS
	                                   : INGEST_RETRY_MS;
	ingest->answer.len = 0;
	nack_encode(id, code, text, permanent ? 0 : retry_ms, &ingest->answer);
	send(ingest, port, peer, code);
}

/* A refusal before anything of the message was read: only its id is looked for. */
static void
turn_away(struct ingest *ingest, enum ingest_port port, struct slice peer, struct slice message, enum batch_code code,
          const char *text)
{
	struct batch_envelope envelope = {0};
	char why[120];
	batch_open(&envelope, message, why);
	send_nack(ingest, port, peer, envelope.id, code, text);
}

bool
ingest_has_room(const struct ingest *ingest)
{
	return ingest->counters.in_flight_batches < INGEST_BATCHES_IN_FLIGHT_MAX &&
	       ingest->counters.in_flight_bytes < INGEST_BYTES_IN_FLIGHT_MAX &&
	       (ingest->open.group != NULL || ingest->tail - ingest->head < RING);
}

void
ingest_memory(struct ingest *ingest, bool full)
{
	ingest->counters.memory_full += full && !ingest->full;
	ingest->full = full;
}

bool
ingest_wants_push(const struct ingest *ingest)
{
	return ingest_has_room(ingest) && !ingest->full;
}

static struct group *
open_group(struct ingest *ingest)
{
	if (ingest->open.group == NULL) {
		ingest->open.group =
		    ingest->pool_count > 0 ? ingest->pool[--ingest->pool_count] : group_new(GROUP_BATCHES);
		ingest->open.group->kind = GROUP_BATCHES;
		ingest->open.group->dims_mask = ingest->config.accept.dims_mask;
		ingest->open.bytes = 0;
	}
	return ingest->open.group;
}

static void
seal(struct ingest *ingest)
{
	assert(ingest->tail - ingest->head < RING);
	ingest->ring[ingest->tail++ % RING] = ingest->open;
	ingest->open.group = NULL;
}

/* Events without a feed get the peer's name; the name is added once, when needed. */
static void
name_feeds(struct group *group, const struct group_batch *batch, const char *name)
{
	uint32_t off = 0, len = 0;
	for (uint32_t i = batch->first; i < batch->first + batch->count; i++) {
		struct group_event *event = &group->events[i];
		if (event->verdict != VERDICT_OK || event->text_len[TEXT_FEED] != 0)
			continue;
		if (len == 0) {
			len = (uint32_t)strlen(name);
			off = (uint32_t)group->bytes.len;
			buf_add(&group->bytes, name, len);
		}
		event->text_off[TEXT_FEED] = off;
		event->text_len[TEXT_FEED] = (uint16_t)len;
	}
}

static void
follow_events(struct ingest *ingest, struct group *group, const struct group_batch *batch)
{
	int64_t newest = batch->has_tick ? batch->tick_ms : 0;
	for (uint32_t i = batch->first; i < batch->first + batch->count; i++)
		if (group->events[i].verdict == VERDICT_OK && group->events[i].ts_ms > newest)
			newest = group->events[i].ts_ms;
	if (newest > ingest->event_ms)
		ingest->event_ms = newest;
	group->recv_ms = ingest->event_ms;
}

/* The newest batch of the open group is in: book it. */
static void
batch_booked(struct ingest *ingest, uint32_t message_bytes)
{
	struct group *group = ingest->open.group;
	const struct group_batch *batch = &group->batches[group->batch_count - 1];
	uint64_t bytes = message_bytes + (uint64_t)batch->count * sizeof(struct group_event);
	name_feeds(group, batch, peers_name(ingest->peers, batch->peer));
	if (ingest->config.clock_events)
		follow_events(ingest, group, batch);
	peers_hold(ingest->peers, batch->peer);
	ingest->open.bytes += bytes;
	ingest->counters.in_flight_bytes += bytes;
	ingest->counters.in_flight_batches++;
	ingest->counters.events += batch->count;
	if (group->event_count > SEAL_EVENTS || group->bytes.len >= GROUP_SEAL_BYTES)
		seal(ingest);
}

static void
dead_message(struct ingest *ingest, const char *code, const char *text, const char *peer, struct slice raw,
             int64_t now_ms)
{
	struct dead_letter letter = {now_ms, code, text, peer, raw};
	if (ingest->config.dead != NULL)
		ingest->config.dead(ingest->config.context, &letter);
}

static bool
is_tick(struct slice message)
{
	struct batch_envelope envelope = {0};
	char why[120];
	return batch_open(&envelope, message, why) == BATCH_OK && envelope.is_tick;
}

static void
receive_acked(struct ingest *ingest, enum ingest_port port, struct slice peer, struct slice user,
              struct slice message, int64_t now_ms)
{
	if (ingest->stopping) {
		turn_away(ingest, port, peer, message, BATCH_SHUTTING_DOWN, "the service is shutting down");
		return;
	}
	if (ingest->full && !is_tick(message)) {
		ingest->counters.memory_refused++;
		turn_away(ingest, port, peer, message, BATCH_OVERLOADED, "memory_max is used up");
		return;
	}
	uint32_t number = peers_find(ingest->peers, port, peer, user);
	if (number == PEER_NONE) {
		turn_away(ingest, port, peer, message, BATCH_OVERLOADED, "too many peers have batches in flight");
		return;
	}
	if (peers_in_flight(ingest->peers, number) >= INGEST_CREDIT) {
		turn_away(ingest, port, peer, message, BATCH_OVERLOADED, "more batches in flight than the credit (cr) allows");
		return;
	}
	if (!ingest_has_room(ingest)) {
		turn_away(ingest, port, peer, message, BATCH_OVERLOADED, "too much is in flight");
		return;
	}
	struct slice id;
	char why[120];
	enum batch_code code =
	    accept_batch(&ingest->config.accept, open_group(ingest), number, message, &id, why);
	if (code == BATCH_OK) {
		batch_booked(ingest, message.n);
		return;
	}
	send_nack(ingest, port, peer, id, code, why);
	dead_message(ingest, batch_code_name(code), why, peers_name(ingest->peers, number), message, now_ms);
}

/* A push message that is not taken in has nobody to be told: a counter and the dead letters. */
static void
push_drop(struct ingest *ingest, enum batch_code code, const char *text, const char *peer, struct slice message,
          int64_t now_ms)
{
	ingest->counters.push_dropped++;
	dead_message(ingest, batch_code_name(code), text, peer, message, now_ms);
}

static void
receive_push(struct ingest *ingest, struct slice peer, struct slice user, struct slice message, int64_t now_ms)
{
	uint32_t number = peers_find(ingest->peers, PORT_PUSH, peer, user);
	const char *name = number == PEER_NONE ? "unnamed" : peers_name(ingest->peers, number);
	if (ingest->stopping) {
		push_drop(ingest, BATCH_SHUTTING_DOWN, "the service is shutting down", name, message, now_ms);
	} else if (message.n > PUSH_BYTES_MAX) {
		push_drop(ingest, BATCH_TOO_BIG, "a push message has at most 64 KiB", name, message, now_ms);
	} else if (number == PEER_NONE || !ingest_has_room(ingest)) {
		push_drop(ingest, BATCH_OVERLOADED, "too much is in flight", name, message, now_ms);
	} else {
		accept_push(&ingest->config.accept, open_group(ingest), number, message);
		batch_booked(ingest, message.n);
	}
}

void
ingest_receive(struct ingest *ingest, enum ingest_port port, struct slice peer, struct slice user,
               struct slice message, int64_t now_ms)
{
	ingest->counters.messages++;
	ingest->counters.bytes += message.n;
	if (port != PORT_PUSH)
		receive_acked(ingest, port, peer, user, message, now_ms);
	else
		receive_push(ingest, peer, user, message, now_ms);
}

bool
ingest_knows(const struct ingest *ingest, enum ingest_port port, struct slice peer)
{
	return port != PORT_PUSH && peers_know(ingest->peers, port, peer);
}

bool
ingest_ready(const struct ingest *ingest)
{
	return ingest->take != ingest->tail || (ingest->open.group != NULL && ingest->open.group->batch_count > 0);
}

struct group *
ingest_take(struct ingest *ingest, int64_t now_ms)
{
	if (!ingest_ready(ingest))
		return NULL;
	if (ingest->take == ingest->tail)
		seal(ingest);
	struct group *group = ingest->ring[ingest->take++ % RING].group;
	if (!ingest->config.clock_events)
		group->recv_ms = now_ms;
	return group;
}

static const char *
refusal_text(uint8_t refusal)
{
	return refusal == BATCH_STORAGE_FULL ? "there is no room for it on the disk or within journal_max"
	                                     : "the log cannot be written any more; the service must be restarted";
}

static void
settle_batch(struct ingest *ingest, struct group *group, const struct group_batch *batch)
{
	struct slice peer = peers_id(ingest->peers, batch->peer);
	struct slice id = {group->bytes.data + batch->id_off, batch->id_len};
	peers_release(ingest->peers, batch->peer); /* the peer's number is ours until we return */
	enum ingest_port port = peers_port(ingest->peers, batch->peer);
	if (group->lsn == 0) { /* the log refused it: not stored, not counted, to be sent again */
		ingest->counters.events -= batch->count;
		if (batch->acked)
			send_nack(ingest, port, peer, id, group->refusal, refusal_text(group->refusal));
		else
			ingest->counters.push_dropped++;
		return;
	}
	struct ack ack = {.id = id, .lsn = group->lsn,
	                  .credit = INGEST_CREDIT - peers_in_flight(ingest->peers, batch->peer)};
	settle_events(ingest->scratch, &ingest->config, group, batch, peers_name(ingest->peers, batch->peer),
	              ingest->counters.verdict, &ack);
	if (!batch->acked)
		return;
	ingest->answer.len = 0;
	ack_encode(&ack, &ingest->answer);
	send(ingest, port, peer, BATCH_OK);
}

void
ingest_settle(struct ingest *ingest, struct group *group)
{
	assert(ingest->head != ingest->take);
	struct flight *flight = &ingest->ring[ingest->head % RING];
	assert(flight->group == group);

	for (uint32_t i = 0; i < group->batch_count; i++)
		settle_batch(ingest, group, &group->batches[i]);
	if (group->lsn != 0 && ingest->config.feed != NULL)
		settle_feeds(ingest->scratch, &ingest->config, group);

	ingest->counters.in_flight_batches -= group->batch_count;
	ingest->counters.in_flight_bytes -= flight->bytes;
	ingest->head++;
	if (ingest->pool_count < POOL_MAX) {
		group_reset(group);
		ingest->pool[ingest->pool_count++] = group;
	} else {
		group_free(group);
	}
}

void
ingest_stop(struct ingest *ingest)
{
	ingest->stopping = true;
}

void
ingest_count(const struct ingest *ingest, struct ingest_counters *out)
{
	*out = ingest->counters;
	out->peers = peers_count(ingest->peers);
}
