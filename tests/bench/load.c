/* load.c - the bench's events. */
#include "tests/bench/load.h"
#include "common/mem.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 15, FIELD_BYTES = 32, EVENT_BYTES = 320, ID_BYTES = 16, ENVELOPE_BYTES = 32 };

/* One event before its keys are put in order. */
struct draft {
	uint8_t bytes[FIELDS_MAX][FIELD_BYTES];
	uint8_t size[FIELDS_MAX];
	unsigned fields, id, ts;
};

struct load {
	struct load_shape shape;
	uint64_t random, next_id;
	uint8_t *bytes;
	size_t *message;       /* start of each, and the end of the last */
	uint32_t messages;
	uint32_t *id_at, *ts_at; /* of each event, behind its message's start */
};

/* splitmix64's finish: one to one, so that a counter makes ids that never repeat. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint32_t
below(struct load *load, uint32_t count)
{
	load->random += UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)((mix(load->random) >> 32) * count >> 32);
}

static uint8_t *
put_text(uint8_t *at, const char *text)
{
	size_t n = strlen(text);
	assert(n < 32);
	*at = (uint8_t)(0xa0 | n);
	memcpy(at + 1, text, n);
	return at + 1 + n;
}

static uint8_t *
put_u64(uint8_t *at, uint64_t value)
{
	*at = 0xcf;
	for (int byte = 0; byte < 8; byte++)
		at[1 + byte] = (uint8_t)(value >> (56 - 8 * byte));
	return at + 9;
}

static void
draft_end(struct draft *draft, const uint8_t *end)
{
	size_t size = (size_t)(end - draft->bytes[draft->fields]);
	assert(size <= FIELD_BYTES);
	draft->size[draft->fields++] = (uint8_t)size;
}

static void
draft_text(struct draft *draft, const char *key, const char *text)
{
	draft_end(draft, put_text(put_text(draft->bytes[draft->fields], key), text));
}

/* format takes one unsigned. */
static void
draft_name(struct draft *draft, const char *key, const char *format, unsigned number)
{
	char text[32];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, number);
#pragma GCC diagnostic pop
	draft_text(draft, key, text);
}

static void
draft_number(struct draft *draft, const char *key, uint32_t number)
{
	uint8_t *at = put_text(draft->bytes[draft->fields], key);
	if (number < 128) {
		*at++ = (uint8_t)number;
	} else {
		*at++ = 0xce;
		for (int byte = 0; byte < 4; byte++)
			*at++ = (uint8_t)(number >> (24 - 8 * byte));
	}
	draft_end(draft, at);
}

static void
draft_dimensions(struct load *load, struct draft *draft)
{
	static const char *const sources[] = {"google", "meta", "bing", "newsletter", "partner", "direct", "tiktok", "linkedin"};
	static const char *const mediums[] = {"cpc", "organic", "email", "social", "referral"};
	const struct load_shape *shape = &load->shape;
	uint32_t campaign = below(load, shape->campaigns), person;
	if (shape->persons_each == 0)
		person = below(load, shape->persons);
	else
		person = (campaign * shape->persons_each + below(load, shape->persons_each)) % shape->persons;
	draft_name(draft, "camp", "cmp-%06u", campaign);
	if (shape->channels > 0)
		draft_name(draft, "chan", "Channel %02u", below(load, shape->channels));
	draft_text(draft, "src", sources[below(load, 8)]);
	draft_text(draft, "med", mediums[below(load, 5)]);
	draft_name(draft, "team", "team-%02u", person % 50);
	draft_name(draft, "pers", "own-%05u", person);
}

/* In thousandths; see load.h. */
static const char *
draw_type(struct load *load)
{
	uint32_t dice = below(load, 1000);
	if (load->shape.shop)
		return dice < 870 ? "visit" : dice < 940 ? "lead" : dice < 985 ? "sale" : dice < 990 ? "refund" : "spend";
	return dice < 600 ? "visit" : dice < 850 ? "lead" : dice < 980 ? "sale" : "refund";
}

static void
draft_event(struct load *load, struct draft *draft)
{
	const char *type = draw_type(load);
	draft->fields = 0;
	draft->id = draft->fields;
	draft_text(draft, "id", "0123456789abcdef"); /* ID_BYTES, written over */
	draft_text(draft, "t", type);
	draft->ts = draft->fields;
	draft_end(draft, put_u64(put_text(draft->bytes[draft->fields], "ts"), 0));
	uint32_t customer = below(load, load->shape.customers > 0 ? load->shape.customers : 10000000);
	draft_name(draft, "cust", "v%015u", customer);
	draft_dimensions(load, draft);
	draft_name(draft, "prod", "sku-%07u", below(load, 20000));
	if (type[0] == 'v')
		draft_name(draft, "visit", "s%011u", below(load, 1000000000));
	else
		draft_name(draft, "lead", "L%09u", load->shape.customers == 1 ? below(load, 2000000) : customer);
	if (type[0] == 's' || type[0] == 'r') {
		draft_number(draft, "amt", 100 + below(load, 100000));
		draft_text(draft, "cur", "IDR");
		draft_number(draft, "qty", 1 + below(load, 9));
	}
}

/* Appends the event at `at` and notes where its id and time are. */
static uint8_t *
write_event(struct load *load, uint32_t event, const uint8_t *message, uint8_t *at)
{
	struct draft draft;
	unsigned order[FIELDS_MAX];
	draft_event(load, &draft);
	for (unsigned f = 0; f < draft.fields; f++)
		order[f] = f;
	for (unsigned f = draft.fields; load->shape.shuffled && f > 1; f--) {
		unsigned other = below(load, f), moved = order[f - 1];
		order[f - 1] = order[other];
		order[other] = moved;
	}
	*at++ = (uint8_t)(0x80 | draft.fields);
	for (unsigned f = 0; f < draft.fields; f++) {
		/* "id" and "ts" take 3 bytes, the head of their value one more */
		if (order[f] == draft.id)
			load->id_at[event] = (uint32_t)(at - message) + 4;
		if (order[f] == draft.ts)
			load->ts_at[event] = (uint32_t)(at - message) + 3;
		memcpy(at, draft.bytes[order[f]], draft.size[order[f]]);
		at += draft.size[order[f]];
	}
	return at;
}

static uint8_t *
write_head(const struct load_shape *shape, uint8_t *at)
{
	if (shape->wire == LOAD_ACKED) {
		*at++ = 0x92;
		at = put_text(at, "E1");
		*at++ = 0x92;
		at = put_u64(at, 0);
	} else if (shape->batch == 1) {
		return at;
	}
	*at++ = 0xdc;
	*at++ = (uint8_t)(shape->batch >> 8);
	*at++ = (uint8_t)shape->batch;
	return at;
}

enum { ACKED_NUMBER_AT = 5 /* the message's number, behind 0x92 "E1" 0x92 */ };

struct load_shape
load_shape_model(enum load_wire wire, uint32_t batch)
{
	return (struct load_shape){
	    .wire = wire, .batch = batch, .events = 131072, .campaigns = 5000, .persons = 5000};
}

struct load *
load_new(const struct load_shape *shape)
{
	struct load *load = mem_zalloc(1, sizeof(*load));
	static uint64_t loads;
	load->shape = *shape;
	load->next_id = ++loads << 48; /* no two corpora of a process share ids */
	load->messages = shape->events / shape->batch;
	load->bytes = mem_alloc((size_t)shape->events * EVENT_BYTES + (size_t)load->messages * ENVELOPE_BYTES);
	load->message = mem_zalloc(load->messages + 1u, sizeof(*load->message));
	load->id_at = mem_zalloc(shape->events, sizeof(*load->id_at));
	load->ts_at = mem_zalloc(shape->events, sizeof(*load->ts_at));
	uint8_t *at = load->bytes;
	for (uint32_t m = 0; m < load->messages; m++) {
		uint8_t *start = at;
		load->message[m] = (size_t)(start - load->bytes);
		at = write_head(shape, at);
		for (uint32_t i = 0; i < shape->batch; i++)
			at = write_event(load, m * shape->batch + i, start, at);
	}
	load->message[load->messages] = (size_t)(at - load->bytes);
	return load;
}

void
load_free(struct load *load)
{
	free(load->bytes);
	free(load->message);
	free(load->id_at);
	free(load->ts_at);
	free(load);
}

/* 16 letters a to p: a text of any 64 bits, in a few instructions. */
static void
write_id(uint8_t *at, uint64_t bits)
{
	for (int half = 0; half < 2; half++) {
		uint64_t x = bits >> (32 * half) & 0xffffffff;
		x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
		x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
		x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
		x += UINT64_C(0x6161616161616161);
		memcpy(at + 8 * half, &x, 8);
	}
}

struct slice
load_message(struct load *load, uint64_t n, int64_t ts_ms)
{
	uint32_t m = (uint32_t)(n % load->messages);
	uint8_t *bytes = load->bytes + load->message[m], ts[9];
	if (load->shape.span_ms > 0)
		ts_ms = load->shape.start_ms + load->shape.span_ms / load->messages * m;
	put_u64(ts, (uint64_t)ts_ms);
	for (uint32_t i = m * load->shape.batch; i < (m + 1) * load->shape.batch; i++) {
		write_id(bytes + load->id_at[i], mix(++load->next_id));
		memcpy(bytes + load->ts_at[i], ts, sizeof(ts));
	}
	if (load->shape.wire == LOAD_ACKED)
		put_u64(bytes + ACKED_NUMBER_AT, n);
	return (struct slice){bytes, (uint32_t)(load->message[m + 1] - load->message[m])};
}

uint32_t
load_messages(const struct load *load)
{
	return load->messages;
}

double
load_event_bytes(const struct load *load)
{
	return (double)load->message[load->messages] / load->shape.events;
}
