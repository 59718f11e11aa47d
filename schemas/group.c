/* group.c - groups in memory: filling them, their sentences, their hashes. The log's form is in group_log.c. */
#include "schemas/group.h"
#include "common/mem.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(GROUP_READ_EVENTS_MAX >= GROUP_EVENTS_MAX + 5000, "the log takes what ingest seals");

struct group *
group_new(enum group_kind kind)
{
	struct group *group = mem_zalloc(1, sizeof(*group));
	group->kind = (uint8_t)kind;
	return group;
}

void
group_free(struct group *group)
{
	if (group == NULL)
		return;
	free(group->batches);
	free(group->events);
	free(group->faults);
	buf_fini(&group->bytes);
	free(group);
}

void
group_reset(struct group *group)
{
	group->lsn = 0;
	group->refusal = 0;
	group->recv_ms = group->time_ms = 0;
	group->dims_mask = 0;
	group->batch_count = group->event_count = group->fault_count = 0;
	group->bytes.len = 0;
}

/* Room for one more entry of `size` bytes. Doubles. */
static void *
grown(void *entries, uint32_t count, uint32_t *cap, size_t size)
{
	if (count < *cap)
		return entries;
	*cap = *cap ? *cap * 2 : 64;
	return mem_realloc(entries, *cap * size);
}

struct group_batch *
group_add_batch(struct group *group)
{
	group->batches = grown(group->batches, group->batch_count, &group->batch_cap, sizeof(*group->batches));
	struct group_batch *batch = &group->batches[group->batch_count++];
	memset(batch, 0, sizeof(*batch));
	return batch;
}

struct group_event *
group_add_event(struct group *group)
{
	group->events = grown(group->events, group->event_count, &group->event_cap, sizeof(*group->events));
	struct group_event *event = &group->events[group->event_count++];
	memset(event, 0, sizeof(*event));
	return event;
}

void
group_link_fault(struct group *group, struct group_fault fault)
{
	assert(fault.event < group->event_count);
	group->faults = grown(group->faults, group->fault_count, &group->fault_cap, sizeof(*group->faults));
	group->faults[group->fault_count++] = fault;
	group->events[fault.event].fault = group->fault_count;
}

void
group_add_fault(struct group *group, uint32_t event, const char *text)
{
	size_t n = strnlen(text, GROUP_FAULT_BYTES_MAX + 1);
	assert(event < group->event_count);
	if (n > GROUP_FAULT_BYTES_MAX)
		for (n = GROUP_FAULT_BYTES_MAX; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80;)
			n--;
	struct group_fault fault = {event, (uint32_t)group->bytes.len, (uint32_t)n};
	uint32_t index = group->events[event].fault;
	if (index != 0)
		group->faults[index - 1] = fault;
	else if (group->fault_count < GROUP_FAULTS_MAX)
		group_link_fault(group, fault);
	else
		return;
	buf_add(&group->bytes, text, n);
}

static const char *
verdict_sentence(unsigned verdict)
{
	static const char *const sentences[VERDICT_COUNT] = {
	    [VERDICT_OK] = "the event was accepted",
	    [VERDICT_DUPLICATE] = "the event was already counted",
	    [VERDICT_BAD_MSGPACK] = "the event is not a well-formed MessagePack map",
	    [VERDICT_MISSING_FIELD] = "a key that this type of event needs is missing",
	    [VERDICT_BAD_FIELD] = "a key has a value of the wrong form",
	    [VERDICT_BAD_AMOUNT] = "the amount or its currency cannot be used",
	    [VERDICT_TOO_LATE] = "ts is more than 63 days before log time",
	    [VERDICT_FUTURE_TS] = "ts is more than 5 minutes after log time",
	    [VERDICT_ID_CONFLICT] = "the id was used before with other content",
	    [VERDICT_BAD_STAGE] = "the stage is unknown",
	    [VERDICT_TOO_BIG] = "the event or one of its texts is too long",
	    [VERDICT_NOT_AUTHORIZED] = "the peer may not send this event",
	};
	return verdict < VERDICT_COUNT ? sentences[verdict] : "the event was refused";
}

/* A time that would lie in this century if it were seconds. */
static bool
looks_like_seconds(int64_t ts_ms)
{
	return ts_ms > INT64_C(946684800) && ts_ms < INT64_C(4102444800);
}

static const char *
generic_text(const struct group_event *event, char scratch[128])
{
	const char *sentence = verdict_sentence(event->verdict);
	if (event->verdict != VERDICT_TOO_LATE || !looks_like_seconds(event->ts_ms))
		return sentence;
	snprintf(scratch, 128, "%s; it looks like Unix seconds, give milliseconds", sentence);
	return scratch;
}

const char *
group_fault_text(const struct group *group, uint32_t event, char scratch[128])
{
	assert(event < group->event_count);
	uint32_t index = group->events[event].fault;
	if (index == 0)
		return generic_text(&group->events[event], scratch);
	const struct group_fault *fault = &group->faults[index - 1];
	assert(fault->text_len <= GROUP_FAULT_BYTES_MAX);
	if (fault->text_len > 0)
		memcpy(scratch, group->bytes.data + fault->text_off, fault->text_len);
	scratch[fault->text_len] = '\0';
	return scratch;
}

static uint8_t *
dims_text(uint8_t *to, const struct group *group, const struct group_event *event, enum event_text text)
{
	struct slice value = group_text(group, event, text);
	assert(value.n <= EVENT_TEXT_BYTES_MAX);
	to[0] = (uint8_t)value.n;
	to[1] = (uint8_t)(value.n >> 8);
	if (value.n > 0)
		memcpy(to + 2, value.p, value.n);
	return to + 2 + value.n;
}

static uint8_t *
identity_text(uint8_t *to, struct slice text)
{
	uint16_t n = (uint16_t)text.n;
	assert(text.n <= EVENT_TEXT_BYTES_MAX);
	memcpy(to, &n, 2);
	if (n > 0)
		memcpy(to + 2, text.p, n);
	return to + 2 + n;
}

/* The lengths keep ("a", "bc") and ("ab", "c") apart. */
struct hash128
group_identity_hash(struct slice cust, struct slice id, const struct hash_key *key)
{
	uint8_t bytes[2 * (EVENT_TEXT_BYTES_MAX + 2)];
	uint8_t *end = identity_text(identity_text(bytes, cust), id);
	return hash_id(key, bytes, (size_t)(end - bytes));
}

struct hash128
group_cust_hash(struct slice cust, const struct hash_key *key)
{
	return hash_id(key, cust.p, cust.n);
}

struct hash128
group_dims_hash(const struct group *group, const struct group_event *event, uint8_t dims_mask,
                const struct hash_key *key)
{
	uint8_t canonical[3 + (1 + EVENT_DIMS) * (2 + EVENT_TEXT_BYTES_MAX)];
	uint8_t *to = canonical;
	*to++ = event->type;
	*to++ = event->stage;
	*to++ = event->kind;
	to = dims_text(to, group, event, TEXT_CTYPE);
	for (unsigned dim = 0; dim < EVENT_DIMS; dim++)
		if (dims_mask >> dim & 1)
			to = dims_text(to, group, event, (enum event_text)dim);
	return hash_dims(key, canonical, (size_t)(to - canonical));
}
