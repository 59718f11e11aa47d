/* decide.c - needed keys, identity, content, money, channel of one event. */
#include "ingest/decide.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define BIT(i) (1u << (i))

/* One row a type: what it needs, and which keys mean something for it (the others are ignored). */
static const struct form {
	uint32_t texts, nums; /* needed */
	uint32_t kept;        /* numbers that measures may sum */
	bool kind, stage, cost_type, rev;
	bool credit;          /* amt may be negative */
} forms[EVENT_TYPE_COUNT] = {
    [EVENT_VISIT] = {.texts = BIT(TEXT_ID), .nums = BIT(NUM_TS)},
    [EVENT_LEAD] = {.texts = BIT(TEXT_ID) | BIT(TEXT_LEAD), .nums = BIT(NUM_TS), .stage = true},
    [EVENT_SALE] = {.texts = BIT(TEXT_ID), .nums = BIT(NUM_TS) | BIT(NUM_AMT), .kept = BIT(NUM_AMT) | BIT(NUM_QTY)},
    [EVENT_REFUND] = {.texts = BIT(TEXT_ID), .nums = BIT(NUM_TS) | BIT(NUM_AMT), .kept = BIT(NUM_AMT) | BIT(NUM_QTY)},
    [EVENT_SPEND] = {.texts = BIT(TEXT_ID), .nums = BIT(NUM_TS) | BIT(NUM_AMT), .kept = BIT(NUM_AMT),
                     .cost_type = true, .credit = true},
    [EVENT_ENGAGE] = {.texts = BIT(TEXT_ID), .nums = BIT(NUM_TS), .kept = BIT(NUM_N) | BIT(NUM_REACH) | BIT(NUM_IMP),
                      .kind = true},
    /* It takes the place of a lead, sale, refund or spend; which of them is not known here. */
    [EVENT_CORRECT] = {.texts = BIT(TEXT_ID) | BIT(TEXT_REF), .nums = BIT(NUM_TS), .kept = BIT(NUM_AMT) | BIT(NUM_QTY),
                       .stage = true, .cost_type = true, .rev = true, .credit = true},
    [EVENT_VOID] = {.texts = BIT(TEXT_ID) | BIT(TEXT_REF), .nums = BIT(NUM_TS), .rev = true},
};

/* Texts that make an event a touch. */
#define TOUCH_TEXTS                                                                                                    \
	(BIT(TEXT_CAMP) | BIT(TEXT_CHAN) | BIT(TEXT_SRC) | BIT(TEXT_MED) | BIT(TEXT_REF_URL) | BIT(TEXT_CLICK))

/* The largest content: every text at its limit with its length, every number, the masks and the enums. */
enum {
	CONTENT_BYTES_MAX = EVENT_TEXTS * (EVENT_TEXT_BYTES_MAX + 2) + EVENT_URL_BYTES_MAX + EVENT_NUMS * 8 + 16,
};

static enum verdict __attribute__((format(printf, 3, 4), cold))
refuse(struct event_fault *fault, enum verdict code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	fault->code = code;
	return code;
}

static enum verdict __attribute__((cold))
refuse_missing(const struct event *event, uint32_t texts, uint32_t nums, struct event_fault *fault)
{
	const char *key = NULL;
	for (unsigned i = 0; i < EVENT_TEXTS && key == NULL; i++)
		if ((texts & BIT(i)) && event->text[i].n == 0)
			key = event_text_key(i);
	for (unsigned i = 0; i < EVENT_NUMS && key == NULL; i++)
		if (nums & BIT(i) & ~event->num_mask)
			key = event_num_key(i);
	return refuse(fault, VERDICT_MISSING_FIELD, "%s is missing; %s needs it", key, event_type_name(event->type));
}

static enum verdict
check_keys(const struct event *event, struct event_fault *fault)
{
	if (event->type == EVENT_NONE)
		return refuse(fault, VERDICT_MISSING_FIELD, "t is missing");
	const struct form *form = &forms[event->type];
	bool missing = (form->nums & ~event->num_mask) != 0 || event->text[TEXT_ID].n == 0 ||
	               ((form->texts & BIT(TEXT_LEAD)) && event->text[TEXT_LEAD].n == 0) ||
	               ((form->texts & BIT(TEXT_REF)) && event->text[TEXT_REF].n == 0);
	if (missing)
		return refuse_missing(event, form->texts, form->nums, fault);
	if (form->kind && event->kind == KIND_NONE)
		return refuse(fault, VERDICT_MISSING_FIELD, "kind is missing; %s needs it", event_type_name(event->type));
	if (event->num[NUM_TS] < 0 || event->num[NUM_TS] >= ACCEPT_TS_END)
		return refuse(fault, VERDICT_BAD_FIELD, "ts is not a Unix time in ms between 1970 and 2100");
	return VERDICT_OK;
}

static bool
is_huge(int64_t num)
{
	return num > ACCEPT_AMOUNT_MAX || num < -ACCEPT_AMOUNT_MAX;
}

/* What was given beside what it was converted to. A code that has a rate, or is the reporting one, has 3 letters. */
static void
keep_given(const struct accept_config *config, const struct event *event, struct group_event *out)
{
	struct slice code = event->text[TEXT_CUR];
	out->given = event->num[NUM_AMT];
	if (code.n == 0 || slice_equal(code, money_reporting(config->rates)))
		return;
	assert(code.n == sizeof(out->cur) - 1);
	memcpy(out->cur, code.p, code.n);
}

static enum verdict
convert(const struct accept_config *config, const struct event *event, struct group_event *out,
        struct event_fault *fault)
{
	struct slice code = event->text[TEXT_CUR];
	int64_t given = event->num[NUM_AMT], ts_ms = event->num[NUM_TS];
	int64_t day = 0, *amt = &out->num[NUM_AMT];
	if (is_huge(given))
		return refuse(fault, VERDICT_BAD_AMOUNT, "amt is beyond 2^53");
	if (given < 0 && !forms[event->type].credit)
		return refuse(fault, VERDICT_BAD_AMOUNT, "amt of a %s is negative", event_type_name(event->type));
	if (code.n > 0) /* without one it is the reporting currency, whatever the day */
		day = config->day_of ? config->day_of(config->zone, ts_ms) : ts_ms / 86400000;
	int rc = money_convert(config->rates, code, day, given, amt);
	if (rc == 0 && !is_huge(*amt)) {
		keep_given(config, event, out);
		return VERDICT_OK;
	}
	if (rc == 0 || code.n == 0)
		return refuse(fault, VERDICT_BAD_AMOUNT, "amt is beyond 2^53 in the reporting currency");
	/* The code may be any text of 255 bytes: a glimpse is enough. A cut inside a character would not be UTF-8. */
	unsigned shown = code.n < 24 ? code.n : 24;
	while (shown > 0 && shown < code.n && (code.p[shown] & 0xc0) == 0x80)
		shown--;
	return refuse(fault, VERDICT_BAD_AMOUNT,
	              rc == -ERANGE ? "amt in %.*s does not fit" : "cur %.*s is unknown or has no rate at that day",
	              (int)shown, (const char *)code.p);
}

/* The numbers that measures may sum, defaults filled in. out->num is zeroed. */
static enum verdict
fill_nums(const struct accept_config *config, const struct event *event, struct group_event *out,
          struct event_fault *fault)
{
	uint32_t kept = forms[event->type].kept;
	for (unsigned i = NUM_QTY; i < EVENT_MEASURABLE; i++) {
		if (!(kept & BIT(i)))
			continue;
		bool given = event->num_mask & BIT(i);
		out->num[i] = given ? event->num[i] : (i == NUM_QTY || i == NUM_N);
		if (is_huge(out->num[i]))
			return refuse(fault, VERDICT_BAD_FIELD, "%s is beyond 2^53", event_num_key(i));
	}
	if (out->num[NUM_QTY] < 0)
		return refuse(fault, VERDICT_BAD_FIELD, "qty of a %s is negative", event_type_name(event->type));
	return kept & BIT(NUM_AMT) & event->num_mask ? convert(config, event, out, fault) : VERDICT_OK;
}

static uint8_t *
put(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static uint8_t *
put_text(uint8_t *at, struct slice text)
{
	uint16_t n = (uint16_t)text.n;
	return text.n ? put(put(at, &n, 2), text.p, text.n) : put(at, &n, 2);
}

/* Without the id: that is what events are looked up by, and two corrections may say the same under two ids. */
static uint64_t
hash_known_keys(const struct accept_config *config, const struct event *event)
{
	uint8_t bytes[CONTENT_BYTES_MAX];
	uint8_t enums[4] = {event->type, event->stage, event->kind, 0};
	uint32_t texts = 0;
	uint8_t *at = put(bytes, enums, 4);
	uint8_t *masks = at;
	at += 8;
	for (uint32_t left = event->text_mask & ~BIT(TEXT_ID); left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		if (event->text[i].n == 0)
			continue;
		texts |= BIT(i);
		at = put_text(at, event->text[i]);
	}
	for (uint32_t left = event->num_mask; left != 0; left &= left - 1)
		at = put(at, &event->num[__builtin_ctz(left)], 8);
	memcpy(masks, &texts, 4);
	memcpy(masks + 4, &event->num_mask, 4);
	assert(at <= bytes + sizeof(bytes));
	return hash_content(&config->key, bytes, (size_t)(at - bytes));
}

/* All but those in `apart`, which are not in the message. */
static void
fill_texts(const struct decider *decider, const struct event *event, uint32_t apart, struct group_event *out)
{
	for (uint32_t left = event->text_mask & (BIT(TEXT_CUR) - 1) & ~apart; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		if (event->text[i].n == 0)
			continue;
		out->text_off[i] = decider_offset(decider, event->text[i].p);
		out->text_len[i] = (uint16_t)event->text[i].n;
	}
	if (!forms[event->type].cost_type)
		out->text_len[TEXT_CTYPE] = 0;
}

/* The customer as a phone number, if that is what it is written like; into phone. */
static bool
customer_to_phone(const struct accept_config *config, struct event *event, char phone[PHONE_BYTES_MAX])
{
	struct slice *cust = &event->text[TEXT_CUST];
	if (config->phone_country[0] == '\0')
		return false;
	uint32_t n = phone_normalise(*cust, slice_of(config->phone_country), phone);
	if (n == 0)
		return false;
	*cust = (struct slice){(const uint8_t *)phone, n};
	return true;
}

/* Behind the message, which stays as it came. */
static void
put_customer(struct decider *decider, struct slice cust, struct group_event *out)
{
	out->text_off[TEXT_CUST] = (uint32_t)decider->group->bytes.len;
	out->text_len[TEXT_CUST] = (uint16_t)cust.n;
	buf_add(&decider->group->bytes, cust.p, cust.n);
}

/* Channel names are static, so the pointer tells them apart. */
static void
set_channel(struct decider *decider, const char *name, struct group_event *out)
{
	uint32_t i = 0;
	while (i < decider->name_count && decider->name[i].name != name)
		i++;
	if (i == decider->name_count) {
		assert(i < CHANNEL_NAMES_MAX);
		decider->name[i].name = name;
		decider->name[i].off = (uint32_t)decider->group->bytes.len;
		decider->name[i].len = (uint16_t)strlen(name);
		buf_add(&decider->group->bytes, name, decider->name[i].len);
		decider->name_count++;
	}
	out->text_off[TEXT_CHAN] = decider->name[i].off;
	out->text_len[TEXT_CHAN] = decider->name[i].len;
}

static void
derive_channel(struct decider *decider, const struct event *event, struct group_event *out)
{
	const struct slice *text = event->text;
	if (text[TEXT_CHAN].n > 0)
		return;
	bool known = (text[TEXT_SRC].n | text[TEXT_MED].n | text[TEXT_CAMP].n | text[TEXT_REF_URL].n |
	              text[TEXT_CLICK].n) != 0;
	if (!known && event->type != EVENT_VISIT)
		return;
	struct channel_input input = {text[TEXT_SRC], text[TEXT_MED], text[TEXT_CAMP], text[TEXT_REF_URL],
	                              text[TEXT_CLICK]};
	set_channel(decider, channel_of(decider->config->channels, &input), out);
}

/* To be called when the channel is settled. */
static uint8_t
flags_of(const struct decider *decider, const struct event *event, const struct group_event *out)
{
	unsigned flags = 0;
	for (uint32_t left = event->text_mask & TOUCH_TEXTS; left != 0; left &= left - 1)
		if (event->text[__builtin_ctz(left)].n > 0)
			flags |= EVENT_HAS_TOUCH;
	if (slice_is(group_text(decider->group, out, TEXT_CHAN), "Direct"))
		flags |= EVENT_IS_DIRECT;
	if (event->num_mask & BIT(NUM_AMT))
		flags |= EVENT_HAS_AMT;
	return (uint8_t)flags;
}

/* The words and the revision. Only a lead has a default stage: what a correct leaves out may be no lead's. */
static void
fill_words(const struct event *event, struct group_event *out)
{
	const struct form *form = &forms[event->type];
	if (form->stage)
		out->stage = event->stage;
	if (event->type == EVENT_LEAD && event->stage == STAGE_NONE)
		out->stage = STAGE_LEAD;
	if (form->kind)
		out->kind = event->kind;
	if (form->rev)
		out->rev = event->num[NUM_REV];
}

enum verdict
decide(struct decider *decider, struct event *event, struct group_event *out, struct event_fault *fault)
{
	char phone[PHONE_BYTES_MAX];
	enum verdict verdict = check_keys(event, fault);
	if (verdict == VERDICT_OK)
		verdict = fill_nums(decider->config, event, out, fault);
	if (verdict != VERDICT_OK) {
		memset(out->num, 0, sizeof(out->num));
		return verdict;
	}
	out->type = event->type;
	out->ts_ms = event->num[NUM_TS];
	fill_words(event, out);
	bool is_phone = customer_to_phone(decider->config, event, phone);
	out->id = group_identity_hash(event->text[TEXT_CUST], event->text[TEXT_ID], &decider->config->key);
	if (event->text[TEXT_CUST].n > 0)
		out->cust = group_cust_hash(event->text[TEXT_CUST], &decider->config->key);
	out->content = hash_known_keys(decider->config, event);
	fill_texts(decider, event, is_phone ? BIT(TEXT_CUST) : 0, out);
	if (is_phone)
		put_customer(decider, event->text[TEXT_CUST], out);
	derive_channel(decider, event, out);
	out->flags = flags_of(decider, event, out);
	out->dims = group_dims_hash(decider->group, out, decider->config->dims_mask, &decider->config->key);
	return VERDICT_OK;
}
