/*
 * event.h - one marketing event, as the wire has it. See event.md.
 *
 * event_decode() reads one MessagePack map in place: no allocation, every
 * length claim checked against the bytes left, nesting bounded, UTF-8 checked,
 * unknown keys skipped, duplicate known keys refused. Pure; any thread.
 */
#ifndef SCHEMAS_EVENT_H
#define SCHEMAS_EVENT_H
#include "common/buf.h"
#include "common/slice.h"
#include "schemas/codes.h"

enum {
	EVENT_ID_BYTES_MAX = 64,
	EVENT_TEXT_BYTES_MAX = 255,  /* every other text, but ref_url */
	EVENT_URL_BYTES_MAX = 2048,
	EVENT_BYTES_MAX = 16384,     /* one event on the wire */
	EVENT_DEPTH_MAX = 4,
};

enum event_type {
	EVENT_NONE = 0, /* not given */
	EVENT_VISIT,
	EVENT_LEAD,
	EVENT_SALE,
	EVENT_REFUND,
	EVENT_SPEND,
	EVENT_ENGAGE,
	EVENT_CORRECT,
	EVENT_VOID,
	EVENT_TYPE_COUNT
};

enum event_stage { STAGE_NONE = 0, STAGE_LEAD, STAGE_MQL, STAGE_SQL, STAGE_CUSTOMER, STAGE_REJECTED, STAGE_COUNT };
enum event_kind { KIND_NONE = 0, KIND_LIKE, KIND_SHARE, KIND_COMMENT, KIND_POST, KIND_TAG, KIND_MENTION, KIND_COUNT };

/* Texts. The first EVENT_DIMS are the dimensions that rollups and `where` may name. */
enum event_text {
	TEXT_CAMP = 0,
	TEXT_CHAN,
	TEXT_SRC,
	TEXT_MED,
	TEXT_TEAM,
	TEXT_PERS,
	TEXT_PROD,
	EVENT_DIMS,
	TEXT_CTYPE = EVENT_DIMS, /* cost type of a spend: media agency tool staff promo, free text */
	TEXT_CUST,
	TEXT_LEAD,
	TEXT_ORDER,
	TEXT_VISIT,
	TEXT_REF,
	TEXT_FEED,
	TEXT_ID,
	TEXT_CUR,
	TEXT_CLICK,
	TEXT_REF_URL,
	EVENT_TEXTS
};

enum event_num {
	NUM_AMT = 0, /* minor units; a sale's, refund's or spend's money. refund amounts are given positive */
	NUM_QTY,     /* units; a sale's or refund's; default 1 (accept fills it in) */
	NUM_N,       /* engage: count, may be negative; default 1 */
	NUM_REACH,
	NUM_IMP,
	EVENT_MEASURABLE, /* the numbers above can be summed by a measure */
	NUM_REV = EVENT_MEASURABLE,
	NUM_TS,
	EVENT_NUMS
};

struct event {
	struct slice text[EVENT_TEXTS]; /* n == 0: absent (or given empty) */
	int64_t num[EVENT_NUMS];        /* 0 when absent */
	uint32_t text_mask, num_mask;   /* bit i: text[i] / num[i] was given */
	uint8_t type;                   /* enum event_type */
	uint8_t stage, kind;            /* 0: absent */
};

/* Why an event was refused, in words for its sender. */
struct event_fault {
	enum verdict code;
	char text[120]; /* a sentence naming the key and the reason */
};

/*
 * Decodes the map at the start of bytes. On VERDICT_OK *used is the map's size
 * and every slice points into bytes. Otherwise fault says why and *used is the
 * size of the whole (skippable) value, or 0 if the bytes cannot even be skipped.
 * Type and form only: which keys a type needs is accept's (ingest/accept.h).
 */
enum verdict event_decode(struct event *event, struct slice bytes, size_t *used, struct event_fault *fault);

/* Packs what is given (masks, type, stage, kind), keys in the order of event.md. */
void event_encode(const struct event *event, struct buf *out);

/* "visit", "mql", "like", "camp", "amt", ...: the wire's words and keys. NULL out of range. */
const char *event_type_name(unsigned type);
const char *event_stage_name(unsigned stage);
const char *event_kind_name(unsigned kind);
const char *event_text_key(unsigned text);
const char *event_num_key(unsigned num);
/* The enum's value for a word, or 0 if unknown. */
unsigned event_type_of(struct slice word);
unsigned event_stage_of(struct slice word);
unsigned event_kind_of(struct slice word);

/* Names of dimensions in configuration and topics: campaign channel source medium team person product. */
const char *event_dim_name(unsigned dim);
/* -1 if unknown. */
int event_dim_of(struct slice name);
#endif
