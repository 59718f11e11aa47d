/*
 * accept.c - reading messages into a group. What is decided about one event is decide.c.
 *
 * A message is copied into the group once, as it came; everything else points into
 * that copy. What turns out unreadable behind its first events is rolled back.
 */
#include "ingest/accept.h"
#include "ingest/decide.h"
#include <assert.h>
#include <stdio.h>

/* Enough of a group's state to take back what was added. */
struct mark {
	uint32_t batches, events, faults;
	size_t bytes;
};

static struct mark
mark_of(const struct group *group)
{
	return (struct mark){group->batch_count, group->event_count, group->fault_count, group->bytes.len};
}

static void
roll_back(struct group *group, struct mark mark)
{
	group->batch_count = mark.batches;
	group->event_count = mark.events;
	group->fault_count = mark.faults;
	group->bytes.len = mark.bytes;
}

static void
refuse(struct group *group, struct group_event *event, enum verdict code, const char *text)
{
	event->verdict = (uint8_t)code;
	group_add_fault(group, (uint32_t)(event - group->events), text);
}

/* The announced events behind a broken one: refused, without bytes, without sentences of their own. */
static void
refuse_rest(struct group *group, uint32_t from, uint32_t count)
{
	for (uint32_t i = from; i < count; i++) {
		struct group_event *event = group_add_event(group);
		event->index = (uint16_t)i;
		event->verdict = VERDICT_BAD_MSGPACK;
	}
}

/* The bytes behind the last event; NULL when a broken one hid where that is. */
static const uint8_t *
read_events(struct decider *decider, struct slice body, uint32_t count)
{
	struct group *group = decider->group;
	const uint8_t *at = body.p, *end = body.p + body.n;
	for (uint32_t i = 0; i < count; i++) {
		struct event event;
		struct event_fault fault;
		size_t used = 0;
		enum verdict verdict = event_decode(&event, (struct slice){at, (uint32_t)(end - at)}, &used, &fault);
		struct group_event *out = group_add_event(group);
		out->index = (uint16_t)i;
		out->raw_off = decider_offset(decider, at);
		out->raw_len = (uint32_t)(used > 0 ? used : (size_t)(end - at));
		if (verdict == VERDICT_OK)
			verdict = decide(decider, &event, out, &fault);
		if (verdict != VERDICT_OK)
			refuse(group, out, verdict, fault.text);
		if (used == 0) {
			refuse_rest(group, i + 1, count);
			return NULL;
		}
		at += used;
	}
	return at;
}

/* The batch itself and the copy of its message; points decider at it. */
static void
batch_start(struct decider *decider, const struct accept_config *config, struct group *group, uint32_t peer,
            struct slice message)
{
	*decider = (struct decider){.config = config, .group = group, .message = message.p,
	                            .base = (uint32_t)group->bytes.len};
	buf_add(&group->bytes, message.p, message.n);
	struct group_batch *batch = group_add_batch(group);
	batch->peer = peer;
	batch->first = group->event_count;
}

static enum batch_code
check_envelope(const struct accept_config *config, const struct batch_envelope *envelope, struct slice message,
               char why[120])
{
	if (message.n > BATCH_BYTES_MAX) {
		snprintf(why, 120, "the batch has %u bytes, at most %d are taken", message.n, BATCH_BYTES_MAX);
		return BATCH_TOO_BIG;
	}
	if (envelope->is_tick && !config->ticks) {
		snprintf(why, 120, "a tick (T1) is only taken under clock: events");
		return BATCH_WRONG_CLOCK;
	}
	if (envelope->is_tick && (envelope->tick_ms < 0 || envelope->tick_ms >= ACCEPT_TS_END)) {
		snprintf(why, 120, "the tick's time is not a Unix time in ms between 1970 and 2100");
		return BATCH_BAD_MSGPACK;
	}
	if (!envelope->is_tick && envelope->events > BATCH_EVENTS_MAX) {
		snprintf(why, 120, "the batch has %u events, at most %d are taken", envelope->events, BATCH_EVENTS_MAX);
		return BATCH_TOO_BIG;
	}
	return BATCH_OK;
}

enum batch_code
accept_batch(const struct accept_config *config, struct group *group, uint32_t peer, struct slice message,
             struct slice *batch_id, char why[120])
{
	struct batch_envelope envelope = {0};
	why[0] = '\0';
	enum batch_code code = batch_open(&envelope, message, why);
	*batch_id = envelope.id;
	if (code == BATCH_OK)
		code = check_envelope(config, &envelope, message, why);
	if (code != BATCH_OK)
		return code;

	struct mark mark = mark_of(group);
	struct decider decider;
	batch_start(&decider, config, group, peer, message);
	const uint8_t *rest = envelope.is_tick ? NULL : read_events(&decider, envelope.body, envelope.events);
	if (rest != NULL && rest != envelope.body.p + envelope.body.n) {
		roll_back(group, mark);
		snprintf(why, 120, "%u bytes behind the last event",
		         (unsigned)(envelope.body.p + envelope.body.n - rest));
		return BATCH_BAD_MSGPACK;
	}
	struct group_batch *batch = &group->batches[group->batch_count - 1];
	batch->count = group->event_count - batch->first;
	batch->id_off = decider_offset(&decider, envelope.id.p);
	batch->id_len = envelope.id.n;
	batch->acked = 1;
	batch->has_tick = envelope.is_tick;
	batch->tick_ms = envelope.tick_ms;
	assert(envelope.is_tick || batch->count == envelope.events);
	return BATCH_OK;
}

/* The head of an array: its elements and the bytes behind it. False: not an array, or cut off. */
static bool
array_open(struct slice message, uint32_t *count, struct slice *body)
{
	const uint8_t *p = message.p;
	uint32_t head;
	if (message.n >= 1 && (p[0] & 0xf0) == 0x90) {
		*count = p[0] & 15u;
		head = 1;
	} else if (message.n >= 3 && p[0] == 0xdc) {
		*count = (uint32_t)p[1] << 8 | p[2];
		head = 3;
	} else if (message.n >= 5 && p[0] == 0xdd) {
		*count = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
		head = 5;
	} else {
		return false;
	}
	*body = (struct slice){p + head, message.n - head};
	return true;
}

/* A push message as one refused event. */
static void
push_refuse(struct decider *decider, struct slice message, enum verdict code, const char *text)
{
	struct group_event *event = group_add_event(decider->group);
	event->raw_off = decider->base;
	event->raw_len = message.n;
	refuse(decider->group, event, code, text);
}

void
accept_push(const struct accept_config *config, struct group *group, uint32_t peer, struct slice message)
{
	struct decider decider;
	struct slice body = message;
	uint32_t count = 1;
	batch_start(&decider, config, group, peer, message);
	struct mark mark = mark_of(group);
	array_open(message, &count, &body); /* else one map, or whatever event_decode() says of it */

	if (count == 0 || message.n == 0) {
		push_refuse(&decider, message, VERDICT_BAD_MSGPACK, "the message holds no event");
	} else if (count > body.n && body.n < message.n) {
		push_refuse(&decider, message, VERDICT_BAD_MSGPACK, "the array claims more events than it has bytes");
	} else if (count > BATCH_EVENTS_MAX) {
		push_refuse(&decider, message, VERDICT_TOO_BIG, "the array has more than 5000 events");
	} else {
		const uint8_t *rest = read_events(&decider, body, count);
		if (rest != NULL && rest != body.p + body.n) {
			roll_back(group, mark);
			push_refuse(&decider, message, VERDICT_BAD_MSGPACK, "there are bytes behind the last event");
		}
	}
	struct group_batch *batch = &group->batches[group->batch_count - 1];
	batch->count = group->event_count - batch->first;
}
