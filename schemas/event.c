/*
 * event.c - the event decoder and encoder.
 *
 * All known keys are at most 7 bytes, so a key with its fixstr head is one 64-bit word and a
 * multiplication finds its place in a table without collisions: no chain of comparisons to mispredict
 * when senders order their keys differently. What is not the plain case (long forms, nil, faults)
 * goes through the *_slow functions, once.
 */
#include "schemas/event.h"
#include "schemas/cursor.h"
#include "schemas/pack.h"
#include <stdarg.h>
#include <stdio.h>

enum key_kind { KEY_UNKNOWN = 0, KEY_TEXT, KEY_NUM, KEY_TYPE, KEY_STAGE, KEY_KIND };

struct key_slot {
	uint64_t word; /* as word_at() reads it; 0: free */
	uint8_t kind, index;
};

/* A fixstr of 0..7 bytes as its 8 bytes in little-endian order: head, then the text, then zeros. */
#define WORD(n, a, b, c, d, e, f, g)                                                                                   \
	((uint64_t)(0xa0 + (n)) | (uint64_t)(a) << 8 | (uint64_t)(b) << 16 | (uint64_t)(c) << 24 | (uint64_t)(d) << 32 |   \
	 (uint64_t)(e) << 40 | (uint64_t)(f) << 48 | (uint64_t)(g) << 56)
#define SLOT(word) ((uint64_t)((word) * SLOT_MAGIC) >> 58)
#define KEY(kind, index, ...) [SLOT(WORD(__VA_ARGS__))] = {WORD(__VA_ARGS__), kind, index}

/* Found by trying odd random numbers until all keys have a slot of their own. After adding a key: -Woverride-init tells when it needs another. */
#define SLOT_MAGIC UINT64_C(0xb6a8f921f7435bf5)
enum { SLOTS = 64 };

static const struct key_slot slots[SLOTS] = {
    KEY(KEY_TYPE, 0, 1, 't', 0, 0, 0, 0, 0, 0),
    KEY(KEY_STAGE, 0, 5, 's', 't', 'a', 'g', 'e', 0, 0),
    KEY(KEY_KIND, 0, 4, 'k', 'i', 'n', 'd', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_CAMP, 4, 'c', 'a', 'm', 'p', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_CHAN, 4, 'c', 'h', 'a', 'n', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_SRC, 3, 's', 'r', 'c', 0, 0, 0, 0),
    KEY(KEY_TEXT, TEXT_MED, 3, 'm', 'e', 'd', 0, 0, 0, 0),
    KEY(KEY_TEXT, TEXT_TEAM, 4, 't', 'e', 'a', 'm', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_PERS, 4, 'p', 'e', 'r', 's', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_PROD, 4, 'p', 'r', 'o', 'd', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_CTYPE, 5, 'c', 't', 'y', 'p', 'e', 0, 0),
    KEY(KEY_TEXT, TEXT_CUST, 4, 'c', 'u', 's', 't', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_LEAD, 4, 'l', 'e', 'a', 'd', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_ORDER, 5, 'o', 'r', 'd', 'e', 'r', 0, 0),
    KEY(KEY_TEXT, TEXT_VISIT, 5, 'v', 'i', 's', 'i', 't', 0, 0),
    KEY(KEY_TEXT, TEXT_REF, 3, 'r', 'e', 'f', 0, 0, 0, 0),
    KEY(KEY_TEXT, TEXT_FEED, 4, 'f', 'e', 'e', 'd', 0, 0, 0),
    KEY(KEY_TEXT, TEXT_ID, 2, 'i', 'd', 0, 0, 0, 0, 0),
    KEY(KEY_TEXT, TEXT_CUR, 3, 'c', 'u', 'r', 0, 0, 0, 0),
    KEY(KEY_TEXT, TEXT_CLICK, 5, 'c', 'l', 'i', 'c', 'k', 0, 0),
    KEY(KEY_TEXT, TEXT_REF_URL, 7, 'r', 'e', 'f', '_', 'u', 'r', 'l'),
    KEY(KEY_NUM, NUM_AMT, 3, 'a', 'm', 't', 0, 0, 0, 0),
    KEY(KEY_NUM, NUM_QTY, 3, 'q', 't', 'y', 0, 0, 0, 0),
    KEY(KEY_NUM, NUM_N, 1, 'n', 0, 0, 0, 0, 0, 0),
    KEY(KEY_NUM, NUM_REACH, 5, 'r', 'e', 'a', 'c', 'h', 0, 0),
    KEY(KEY_NUM, NUM_IMP, 3, 'i', 'm', 'p', 0, 0, 0, 0),
    KEY(KEY_NUM, NUM_REV, 3, 'r', 'e', 'v', 0, 0, 0, 0),
    KEY(KEY_NUM, NUM_TS, 2, 't', 's', 0, 0, 0, 0, 0),
};

static const char *const text_keys[EVENT_TEXTS] = {
    [TEXT_CAMP] = "camp",   [TEXT_CHAN] = "chan",   [TEXT_SRC] = "src",   [TEXT_MED] = "med",     [TEXT_TEAM] = "team",
    [TEXT_PERS] = "pers",   [TEXT_PROD] = "prod",   [TEXT_CTYPE] = "ctype", [TEXT_CUST] = "cust", [TEXT_LEAD] = "lead",
    [TEXT_ORDER] = "order", [TEXT_VISIT] = "visit", [TEXT_REF] = "ref",   [TEXT_FEED] = "feed",   [TEXT_ID] = "id",
    [TEXT_CUR] = "cur",     [TEXT_CLICK] = "click", [TEXT_REF_URL] = "ref_url",
};
static const char *const num_keys[EVENT_NUMS] = {
    [NUM_AMT] = "amt", [NUM_QTY] = "qty", [NUM_N] = "n",     [NUM_REACH] = "reach",
    [NUM_IMP] = "imp", [NUM_REV] = "rev", [NUM_TS] = "ts",
};
static const char *const type_names[EVENT_TYPE_COUNT] = {NULL,    "visit",  "lead",    "sale", "refund",
                                                         "spend", "engage", "correct", "void"};
static const char *const stage_names[STAGE_COUNT] = {NULL, "lead", "mql", "sql", "customer", "rejected"};
static const char *const kind_names[KIND_COUNT] = {NULL, "like", "share", "comment", "post", "tag", "mention"};
static const char *const dim_names[EVENT_DIMS] = {"campaign", "channel", "source", "medium", "team", "person", "product"};

static inline uint64_t
word_load(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The word of a fixstr of at most 7 bytes at p, where 8 bytes can be read; steps over it. 0: something else. */
static inline uint64_t
word_at(const uint8_t **p, const uint8_t *end)
{
	const uint8_t *at = *p;
	if (end - at < 8 || (*at & 0xf8) != 0xa0)
		return 0;
	unsigned n = *at & 7u;
	*p = at + 1 + n;
	return word_load(at) & (~UINT64_C(0) >> (8 * (7 - n)));
}

static uint64_t
word_of(struct slice text)
{
	uint8_t bytes[8] = {0};
	if (text.n > 7)
		return 0;
	bytes[0] = (uint8_t)(0xa0 + text.n);
	if (text.n > 0)
		memcpy(bytes + 1, text.p, text.n);
	return word_load(bytes);
}

/* Any other key: a long form, near the end of the bytes, longer than 7 bytes, or not a text. *word 0: not one of ours. */
static const uint8_t *
key_slow(const uint8_t *p, const uint8_t *end, uint64_t *word, bool *deep)
{
	struct slice text;
	*word = 0;
	if (at_type(p, end) != CURSOR_STR)
		return at_skip_depth(p, end, EVENT_DEPTH_MAX - 1, deep);
	p = at_str(p, end, &text);
	if (p != NULL)
		*word = word_of(text);
	return p;
}

static const char *
slot_key(const struct key_slot *slot)
{
	switch (slot->kind) {
	case KEY_TEXT:
		return text_keys[slot->index];
	case KEY_NUM:
		return num_keys[slot->index];
	case KEY_TYPE:
		return "t";
	case KEY_STAGE:
		return "stage";
	default:
		return "kind";
	}
}

/* The first fault stays. Returns NULL, for `return refuse(...)`. */
static const uint8_t *__attribute__((format(printf, 3, 4), cold))
refuse(struct event_fault *fault, enum verdict code, const char *format, ...)
{
	va_list args;
	if (fault->code != VERDICT_OK)
		return NULL;
	fault->code = code;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return NULL;
}

static uint32_t
text_max(const struct key_slot *slot)
{
	if (slot->kind != KEY_TEXT)
		return EVENT_TEXT_BYTES_MAX;
	return slot->index == TEXT_ID        ? EVENT_ID_BYTES_MAX
	       : slot->index == TEXT_REF_URL ? EVENT_URL_BYTES_MAX
	                                     : EVENT_TEXT_BYTES_MAX;
}

/* A text in any form, or why not. An id may be binary (any bytes). nil gives p == NULL in out: absent. */
static const uint8_t *__attribute__((noinline))
text_slow(const struct key_slot *slot, const uint8_t *p, const uint8_t *end, struct slice *out, struct event_fault *fault)
{
	const char *key = slot_key(slot);
	enum cursor_type type = at_type(p, end);
	bool binary = type == CURSOR_BIN && slot->kind == KEY_TEXT && slot->index == TEXT_ID;

	*out = (struct slice){0};
	if (type == CURSOR_NIL)
		return p + 1;
	if (type == CURSOR_END || type == CURSOR_BROKEN)
		return NULL;
	if (type != CURSOR_STR && !binary)
		return refuse(fault, VERDICT_BAD_FIELD, "%s must be a text", key);
	p = binary ? at_bin(p, end, out) : at_str(p, end, out);
	if (p == NULL)
		return NULL;
	if (out->n > text_max(slot))
		return refuse(fault, VERDICT_TOO_BIG, "%s is longer than %u bytes", key, text_max(slot));
	switch (binary ? TEXT_FINE : text_check_slow(*out)) {
	case TEXT_CONTROL:
		return refuse(fault, VERDICT_BAD_FIELD, "%s holds a control character", key);
	case TEXT_NOT_UTF8:
		return refuse(fault, VERDICT_BAD_FIELD, "%s is not valid UTF-8", key);
	default:
		return p;
	}
}

/* nil (given stays false), or why the value at p is no int64. */
static const uint8_t *__attribute__((noinline))
num_slow(const struct key_slot *slot, const uint8_t *p, const uint8_t *end, struct event_fault *fault)
{
	const char *key = slot_key(slot);
	bool amount = slot->index == NUM_AMT;
	enum verdict bad = amount ? VERDICT_BAD_AMOUNT : VERDICT_BAD_FIELD;
	uint64_t wide;

	switch (at_type(p, end)) {
	case CURSOR_NIL:
		return p + 1;
	case CURSOR_FLOAT:
		return refuse(fault, bad, amount ? "%s is a float; give integer minor units" : "%s is a float; give an integer", key);
	case CURSOR_INT:
		if (at_uint(p, end, &wide) != NULL)
			return refuse(fault, bad, "%s is above 9223372036854775807", key);
		return NULL; /* cut off */
	case CURSOR_END:
	case CURSOR_BROKEN:
		return NULL;
	default:
		return refuse(fault, VERDICT_BAD_FIELD, "%s must be an integer", key);
	}
}

/* One of the three keys whose texts are a fixed set of words. */
static const uint8_t *
word_slow(const struct key_slot *slot, const uint8_t *p, const uint8_t *end, uint8_t *out, struct event_fault *fault)
{
	struct slice text;
	unsigned value;
	p = text_slow(slot, p, end, &text, fault);
	if (p == NULL || text.p == NULL)
		return p;
	value = slot->kind == KEY_TYPE    ? event_type_of(text)
	        : slot->kind == KEY_STAGE ? event_stage_of(text)
	                                  : event_kind_of(text);
	*out = (uint8_t)value;
	if (value != 0)
		return p;
	if (slot->kind == KEY_TYPE)
		return refuse(fault, VERDICT_BAD_FIELD,
		              "t is not one of visit, lead, sale, refund, spend, engage, correct, void");
	if (slot->kind == KEY_STAGE)
		return refuse(fault, VERDICT_BAD_STAGE, "stage is not one of lead, mql, sql, customer, rejected");
	return refuse(fault, VERDICT_BAD_FIELD, "kind is not one of like, share, comment, post, tag, mention");
}

static unsigned
type_of_word(uint64_t word)
{
	switch (word) {
	case WORD(5, 'v', 'i', 's', 'i', 't', 0, 0):
		return EVENT_VISIT;
	case WORD(4, 'l', 'e', 'a', 'd', 0, 0, 0):
		return EVENT_LEAD;
	case WORD(4, 's', 'a', 'l', 'e', 0, 0, 0):
		return EVENT_SALE;
	case WORD(6, 'r', 'e', 'f', 'u', 'n', 'd', 0):
		return EVENT_REFUND;
	case WORD(5, 's', 'p', 'e', 'n', 'd', 0, 0):
		return EVENT_SPEND;
	case WORD(6, 'e', 'n', 'g', 'a', 'g', 'e', 0):
		return EVENT_ENGAGE;
	case WORD(7, 'c', 'o', 'r', 'r', 'e', 'c', 't'):
		return EVENT_CORRECT;
	case WORD(4, 'v', 'o', 'i', 'd', 0, 0, 0):
		return EVENT_VOID;
	default:
		return EVENT_NONE;
	}
}

/* The end of every refusal: how much of the message is this event, and the words when none were found yet. */
static enum verdict __attribute__((noinline, cold))
event_refuse(struct slice bytes, bool deep, size_t *used, struct event_fault *fault)
{
	const uint8_t *end = bytes.p + bytes.n;
	const uint8_t *next = bytes.n == 0 ? NULL : at_skip(bytes.p, end);
	*used = next == NULL ? 0 : (size_t)(next - bytes.p);
	if (next == NULL) {
		fault->code = VERDICT_OK; /* a value that cannot be read to its end outweighs what was found in its first part */
		refuse(fault, VERDICT_BAD_MSGPACK, "the event is broken or cut off");
	} else if (at_type(bytes.p, end) != CURSOR_MAP) {
		refuse(fault, VERDICT_BAD_MSGPACK, "the event is not a map");
	} else if (deep) {
		refuse(fault, VERDICT_BAD_MSGPACK, "the event is nested deeper than %d", EVENT_DEPTH_MAX);
	}
	if (fault->code == VERDICT_OK) /* cannot be, as long as at_skip() takes no more than the readers */
		refuse(fault, VERDICT_BAD_MSGPACK, "the event is not well-formed");
	return fault->code;
}

/* The value of a known key. Inlined into the one loop that matters. */
static inline const uint8_t *
value_read(struct event *event, const struct key_slot *slot, const uint8_t *p, const uint8_t *end,
           struct event_fault *fault)
{
	struct slice text;
	int64_t num;
	const uint8_t *next;

	switch (slot->kind) {
	case KEY_TEXT:
		/* fixstr: at most 31 bytes, so within every limit */
		if (p < end && (*p & 0xe0) == 0xa0 && (size_t)(end - p) > (*p & 31u)) {
			text = (struct slice){p + 1, *p & 31u};
			next = text.p + text.n;
			if (text_check_ascii(text, end)) {
				event->text[slot->index] = text;
				event->text_mask |= 1u << slot->index;
				return next;
			}
		}
		next = text_slow(slot, p, end, &text, fault);
		if (next != NULL && text.p != NULL) {
			event->text[slot->index] = text;
			event->text_mask |= 1u << slot->index;
		}
		return next;
	case KEY_NUM:
		next = at_int(p, end, &num);
		if (next == NULL)
			return num_slow(slot, p, end, fault);
		event->num[slot->index] = num;
		event->num_mask |= 1u << slot->index;
		return next;
	case KEY_TYPE:
		next = p;
		event->type = (uint8_t)type_of_word(word_at(&next, end));
		return event->type != EVENT_NONE ? next : word_slow(slot, p, end, &event->type, fault);
	case KEY_STAGE:
		return word_slow(slot, p, end, &event->stage, fault);
	default:
		return word_slow(slot, p, end, &event->kind, fault);
	}
}

enum verdict
event_decode(struct event *event, struct slice bytes, size_t *used, struct event_fault *fault)
{
	const uint8_t *p = bytes.p, *end = p + bytes.n;
	uint64_t seen = 0; /* bit: slot */
	uint32_t count;
	bool deep = false;

	memset(event, 0, sizeof(*event));
	fault->code = VERDICT_OK;
	fault->text[0] = '\0';
	if (bytes.n > 0 && (*p & 0xf0) == 0x80)
		count = *p++ & 15u; /* the loop checks each step, so the count needs no check */
	else if ((p = at_map(p, end, &count)) == NULL)
		return event_refuse(bytes, false, used, fault);
	while (count-- > 0) {
		uint64_t word = word_at(&p, end);
		if (word == 0 && (p = key_slow(p, end, &word, &deep)) == NULL)
			break;
		const struct key_slot *slot = &slots[SLOT(word)];
		if (slot->word != word || word == 0) {
			if ((p = at_skip_depth(p, end, EVENT_DEPTH_MAX - 1, &deep)) == NULL)
				break;
			continue;
		}
		uint64_t bit = UINT64_C(1) << (slot - slots);
		if (seen & bit)
			p = refuse(fault, VERDICT_BAD_FIELD, "%s is given twice", slot_key(slot));
		else
			p = value_read(event, slot, p, end, fault);
		if (p == NULL)
			break;
		seen |= bit;
	}
	if (p == NULL)
		return event_refuse(bytes, deep, used, fault);
	*used = (size_t)(p - bytes.p);
	if (*used > EVENT_BYTES_MAX)
		refuse(fault, VERDICT_TOO_BIG, "the event is longer than %d bytes", EVENT_BYTES_MAX);
	return fault->code;
}

static void
pack_text_key(msgpack_packer *packer, const struct event *event, unsigned text)
{
	struct slice value = event->text[text];
	if (!(event->text_mask >> text & 1))
		return;
	pack_word(packer, text_keys[text]);
	if (text == TEXT_ID && text_check_slow(value) != TEXT_FINE) {
		pack_bin(packer, value);
	} else {
		pack_text(packer, value);
	}
}

static void
pack_num_key(msgpack_packer *packer, const struct event *event, unsigned num)
{
	if (!(event->num_mask >> num & 1))
		return;
	pack_key_i64(packer, num_keys[num], event->num[num]);
}

void
event_encode(const struct event *event, struct buf *out)
{
	static const struct {
		uint8_t kind, index;
	} order[] = {
	    {KEY_TEXT, TEXT_ID},    {KEY_TYPE, 0},          {KEY_NUM, NUM_TS},       {KEY_TEXT, TEXT_CUST},
	    {KEY_TEXT, TEXT_CAMP},  {KEY_TEXT, TEXT_CHAN},  {KEY_TEXT, TEXT_SRC},    {KEY_TEXT, TEXT_MED},
	    {KEY_TEXT, TEXT_REF_URL}, {KEY_TEXT, TEXT_TEAM}, {KEY_TEXT, TEXT_PERS},  {KEY_TEXT, TEXT_PROD},
	    {KEY_TEXT, TEXT_LEAD},  {KEY_STAGE, 0},         {KEY_NUM, NUM_AMT},      {KEY_TEXT, TEXT_CUR},
	    {KEY_NUM, NUM_QTY},     {KEY_KIND, 0},          {KEY_NUM, NUM_N},        {KEY_TEXT, TEXT_REF},
	    {KEY_NUM, NUM_REV},     {KEY_TEXT, TEXT_ORDER}, {KEY_TEXT, TEXT_VISIT},  {KEY_TEXT, TEXT_CLICK},
	    {KEY_TEXT, TEXT_CTYPE}, {KEY_NUM, NUM_REACH},   {KEY_NUM, NUM_IMP},      {KEY_TEXT, TEXT_FEED},
	};
	_Static_assert(sizeof(order) / sizeof(order[0]) == EVENT_TEXTS + EVENT_NUMS + 3, "every key is packed");
	const char *type = event_type_name(event->type), *stage = event_stage_name(event->stage),
	           *kind = event_kind_name(event->kind);
	msgpack_packer packer = pack_to(out);

	msgpack_pack_map(&packer, (size_t)__builtin_popcount(event->text_mask) +
	                              (size_t)__builtin_popcount(event->num_mask) + (type != NULL) + (stage != NULL) +
	                              (kind != NULL));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i].kind == KEY_TEXT)
			pack_text_key(&packer, event, order[i].index);
		else if (order[i].kind == KEY_NUM)
			pack_num_key(&packer, event, order[i].index);
		else if (order[i].kind == KEY_TYPE && type != NULL)
			pack_key_text(&packer, "t", slice_of(type));
		else if (order[i].kind == KEY_STAGE && stage != NULL)
			pack_key_text(&packer, "stage", slice_of(stage));
		else if (order[i].kind == KEY_KIND && kind != NULL)
			pack_key_text(&packer, "kind", slice_of(kind));
	}
}

const char *
event_type_name(unsigned type)
{
	return type < EVENT_TYPE_COUNT ? type_names[type] : NULL;
}

const char *
event_stage_name(unsigned stage)
{
	return stage < STAGE_COUNT ? stage_names[stage] : NULL;
}

const char *
event_kind_name(unsigned kind)
{
	return kind < KIND_COUNT ? kind_names[kind] : NULL;
}

const char *
event_text_key(unsigned text)
{
	return text < EVENT_TEXTS ? text_keys[text] : NULL;
}

const char *
event_num_key(unsigned num)
{
	return num < EVENT_NUMS ? num_keys[num] : NULL;
}

static unsigned
name_of(const char *const *names, unsigned count, struct slice word)
{
	for (unsigned i = 1; i < count; i++)
		if (slice_is(word, names[i]))
			return i;
	return 0;
}

unsigned
event_type_of(struct slice word)
{
	return name_of(type_names, EVENT_TYPE_COUNT, word);
}

unsigned
event_stage_of(struct slice word)
{
	return name_of(stage_names, STAGE_COUNT, word);
}

unsigned
event_kind_of(struct slice word)
{
	return name_of(kind_names, KIND_COUNT, word);
}

const char *
event_dim_name(unsigned dim)
{
	return dim < EVENT_DIMS ? dim_names[dim] : NULL;
}

int
event_dim_of(struct slice name)
{
	for (int dim = 0; dim < EVENT_DIMS; dim++)
		if (slice_is(name, dim_names[dim]))
			return dim;
	return -1;
}
