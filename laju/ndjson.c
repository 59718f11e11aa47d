/* ndjson.c - one line of JSON to one packed event, and times as people write them. */
#include "laju/ndjson.h"
#include "laju/guess.h"
#include "schemas/money.h"
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { FIELD_TYPE = EVENT_TEXTS + EVENT_NUMS, FIELD_STAGE, FIELD_KIND, FIELDS };

static const char *
field_key(unsigned field)
{
	if (field < EVENT_TEXTS)
		return event_text_key(field);
	if (field < FIELD_TYPE)
		return event_num_key(field - EVENT_TEXTS);
	return field == FIELD_TYPE ? "t" : field == FIELD_STAGE ? "stage" : "kind";
}

static unsigned
field_of(const char *key)
{
	unsigned field = 0;
	while (field < FIELDS && strcmp(field_key(field), key) != 0)
		field++;
	return field;
}

static enum verdict __attribute__((format(printf, 3, 4)))
refuse(struct ndjson_fault *fault, enum verdict code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fault->code = code;
	fault->column = 0;
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return code;
}

/* --- time --- */

/* Exactly n digits; -1: not so. Moves on. */
static int
digits(const char **p, int n)
{
	int value = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool
skip(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static int
month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool
parse_date(const char **p, struct tm *tm)
{
	int year = digits(p, 4);
	bool dash = skip(p, '-');
	int month = digits(p, 2);
	dash = skip(p, '-') && dash;
	int day = digits(p, 2);
	if (!dash || year < 0 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	*tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	return true;
}

static bool
parse_clock(const char **p, struct tm *tm, int *ms)
{
	int hour = digits(p, 2);
	bool colon = skip(p, ':');
	int minute = digits(p, 2);
	colon = skip(p, ':') && colon;
	int second = digits(p, 2);
	/* 60 is a leap second: the same instant as the next minute's 00 in Unix time. */
	if (!colon || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	tm->tm_hour = hour;
	tm->tm_min = minute;
	tm->tm_sec = second;
	*ms = 0;
	if (!skip(p, '.'))
		return true;
	int scale = 100, seen = 0;
	for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10, seen++)
		*ms += (**p - '0') * scale;
	return seen > 0;
}

/* Minutes east of UTC. */
static bool
parse_offset(const char **p, int *minutes)
{
	*minutes = 0;
	if (skip(p, 'Z') || skip(p, 'z'))
		return true;
	int sign = **p == '-' ? -1 : 1;
	if (!skip(p, '+') && !skip(p, '-'))
		return false;
	int hour = digits(p, 2);
	bool colon = skip(p, ':');
	int minute = digits(p, 2);
	*minutes = sign * (hour * 60 + minute);
	return colon && hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59;
}

static bool
parse_integer(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end || !strchr("-0123456789", text[0]))
		return false;
	*out = value;
	return true;
}

int
time_parse(struct slice text, int64_t *ms, const char **why)
{
	char copy[64];
	const char *p = copy;
	struct tm tm;
	int millis, minutes;
	*why = "a time is an RFC 3339 text such as 2026-11-23T13:05:09+07:00, a date, or Unix ms";
	if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, 0, text.n))
		return -EINVAL;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (!memchr(copy + 1, '-', text.n - 1) && parse_integer(copy, ms))
		return 0;
	if (!parse_date(&p, &tm))
		return -EINVAL;
	if (*p == '\0') {
		*ms = (int64_t)timegm(&tm) * 1000;
		return 0;
	}
	if ((!skip(&p, 'T') && !skip(&p, 't') && !skip(&p, ' ')) || !parse_clock(&p, &tm, &millis))
		return -EINVAL;
	if (*p == '\0') {
		*why = "a time needs its UTC offset: end it with Z or +07:00";
		return -EINVAL;
	}
	if (!parse_offset(&p, &minutes) || *p)
		return -EINVAL;
	*ms = ((int64_t)timegm(&tm) - minutes * 60) * 1000 + millis;
	return 0;
}

void
time_format(int64_t ms, char out[32])
{
	int64_t rest = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm tm;
	if (seconds < -62167219200 || seconds > 253402300799 || !gmtime_r(&seconds, &tm)) {
		snprintf(out, 32, "%lld", (long long)ms);
		return;
	}
	/* The modulo only tells the compiler what the test above has made sure of. */
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(tm.tm_year + 1900) % 10000,
	         (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
	         (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100, (unsigned)rest % 1000);
}

/* --- fields --- */

static const char *
kind_of_value(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with a fraction or exponent";
	case JSON_NULL:
		return "null";
	default:
		return "a truth value";
	}
}

static struct slice
json_slice(const json_t *text)
{
	return (struct slice){(const uint8_t *)json_string_value(text), (uint32_t)json_string_length(text)};
}

/* ", did you mean 'sale'?" or "". */
static const char *
near_word(unsigned field, struct slice word, struct guess *guess)
{
	unsigned count = field == FIELD_TYPE ? EVENT_TYPE_COUNT : field == FIELD_STAGE ? STAGE_COUNT : KIND_COUNT;
	guess_begin(guess, word);
	for (unsigned i = 1; i < count; i++)
		guess_offer(guess, field == FIELD_TYPE    ? event_type_name(i)
		                   : field == FIELD_STAGE ? event_stage_name(i)
		                                          : event_kind_name(i));
	return guess_text(guess);
}

static enum verdict
take_word(struct event *event, unsigned field, const json_t *value, struct ndjson_fault *fault)
{
	const char *key = field_key(field);
	if (!json_is_string(value))
		return refuse(fault, VERDICT_BAD_FIELD, "%s must be a text, not %s", key, kind_of_value(value));
	struct slice word = json_slice(value);
	unsigned known = field == FIELD_TYPE    ? event_type_of(word)
	                 : field == FIELD_STAGE ? event_stage_of(word)
	                                        : event_kind_of(word);
	struct guess guess;
	if (known == 0)
		return refuse(fault, field == FIELD_STAGE ? VERDICT_BAD_STAGE : VERDICT_BAD_FIELD,
		              "%s is no known word: '%.*s'%s", key, (int)(word.n < 40 ? word.n : 40), (const char *)word.p,
		              near_word(field, word, &guess));
	*(field == FIELD_TYPE ? &event->type : field == FIELD_STAGE ? &event->stage : &event->kind) = (uint8_t)known;
	return VERDICT_OK;
}

static enum verdict
take_ts(struct event *event, const json_t *value, struct ndjson_fault *fault)
{
	const char *why;
	if (json_is_integer(value))
		event->num[NUM_TS] = json_integer_value(value);
	else if (!json_is_string(value))
		return refuse(fault, VERDICT_BAD_FIELD, "ts must be Unix ms or an RFC 3339 text, not %s",
		              kind_of_value(value));
	else if (time_parse(json_slice(value), &event->num[NUM_TS], &why) != 0)
		return refuse(fault, VERDICT_BAD_FIELD, "ts: %s", why);
	event->num_mask |= 1u << NUM_TS;
	return VERDICT_OK;
}

/* A decimal text can be read only when its currency is known: afterwards, in finish_amount(). */
static enum verdict
take_number(struct event *event, unsigned num, const json_t *value, struct ndjson_fault *fault)
{
	if (num == NUM_TS)
		return take_ts(event, value, fault);
	if (num == NUM_AMT && json_is_string(value))
		return VERDICT_OK;
	if (!json_is_integer(value))
		return refuse(fault, num == NUM_AMT ? VERDICT_BAD_AMOUNT : VERDICT_BAD_FIELD, "%s must be an integer%s, not %s",
		              event_num_key(num),
		              num == NUM_AMT ? " of minor units, or a decimal text such as \"1234.50\" with cur" : "",
		              kind_of_value(value));
	event->num[num] = json_integer_value(value);
	event->num_mask |= 1u << num;
	return VERDICT_OK;
}

static enum verdict
take_field(struct event *event, unsigned field, const json_t *value, struct ndjson_fault *fault)
{
	if (field >= FIELD_TYPE)
		return take_word(event, field, value, fault);
	if (field >= EVENT_TEXTS)
		return take_number(event, field - EVENT_TEXTS, value, fault);
	if (!json_is_string(value))
		return refuse(fault, VERDICT_BAD_FIELD, "%s must be a text, not %s", field_key(field), kind_of_value(value));
	event->text[field] = json_slice(value);
	event->text_mask |= 1u << field;
	return VERDICT_OK;
}

static enum verdict
finish_amount(struct event *event, const json_t *amount, struct ndjson_fault *fault)
{
	struct slice text = json_slice(amount), code = event->text[TEXT_CUR];
	int decimals = money_decimals(code);
	if (code.n == 0)
		return refuse(fault, VERDICT_BAD_AMOUNT, "amt is a decimal text, which needs cur");
	if (decimals < 0)
		return refuse(fault, VERDICT_BAD_AMOUNT, "cur is no known currency: '%.*s'",
		              (int)(code.n < 40 ? code.n : 40), (const char *)code.p);
	int rc = money_parse(text, decimals, &event->num[NUM_AMT]);
	if (rc == -EDOM)
		return refuse(fault, VERDICT_BAD_AMOUNT, "amt '%.*s' has more decimals than the %d of %.*s",
		              (int)(text.n < 40 ? text.n : 40), (const char *)text.p, decimals, (int)code.n,
		              (const char *)code.p);
	if (rc != 0)
		return refuse(fault, VERDICT_BAD_AMOUNT, "amt '%.*s' %s", (int)(text.n < 40 ? text.n : 40),
		              (const char *)text.p,
		              rc == -ERANGE ? "does not fit" : "is no decimal number such as 1234.50");
	event->num_mask |= 1u << NUM_AMT;
	return VERDICT_OK;
}

static const char *
near_key(const char *key)
{
	const char *names[FIELDS];
	/* Nearly every short word is near a key of one or two letters. */
	if (strlen(key) < 3)
		return NULL;
	for (unsigned field = 0; field < FIELDS; field++)
		names[field] = field_key(field);
	return guess_nearest(key, names, FIELDS);
}

static enum verdict
read_object(json_t *object, struct event *event, ndjson_unknown_fn *unknown, void *context, struct ndjson_fault *fault)
{
	const json_t *amount = NULL;
	const char *key;
	json_t *value;
	json_object_foreach (object, key, value) {
		unsigned field = field_of(key);
		if (field == FIELDS) {
			if (unknown != NULL)
				unknown(context, key, near_key(key));
			continue;
		}
		if (json_is_null(value))
			continue;
		enum verdict verdict = take_field(event, field, value, fault);
		if (verdict != VERDICT_OK)
			return verdict;
		if (field == EVENT_TEXTS + NUM_AMT && json_is_string(value))
			amount = value;
	}
	return amount ? finish_amount(event, amount, fault) : VERDICT_OK;
}

enum verdict
ndjson_event(struct slice line, struct buf *out, ndjson_unknown_fn *unknown, void *context, struct ndjson_fault *fault)
{
	struct event event = {0};
	json_error_t error;
	if (line.n > NDJSON_LINE_MAX)
		return refuse(fault, VERDICT_TOO_BIG, "a line has at most %d bytes", NDJSON_LINE_MAX);
	/* Not a file of our own: without JSON_ALLOW_NUL a \u0000 in a text is refused, too. */
	json_t *object = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!object) {
		refuse(fault, VERDICT_BAD_MSGPACK, "not JSON: %s", error.text);
		/* The position is that of the last byte read. */
		fault->column = error.position > 0 ? (uint32_t)error.position : 1;
		return fault->code;
	}
	enum verdict verdict;
	size_t before = out->len;
	if (json_is_object(object))
		verdict = read_object(object, &event, unknown, context, fault);
	else
		verdict = refuse(fault, VERDICT_BAD_MSGPACK, "a line holds one event, an object, not %s", kind_of_value(object));
	if (verdict == VERDICT_OK) {
		event_encode(&event, out);
		if (out->len - before > EVENT_BYTES_MAX) {
			verdict = refuse(fault, VERDICT_TOO_BIG, "an event has at most %d bytes, this one has %zu", EVENT_BYTES_MAX,
			                 out->len - before);
			out->len = before;
		}
	}
	json_decref(object);
	return verdict;
}
