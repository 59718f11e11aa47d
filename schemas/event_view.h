/*
 * event_view.h - what became of one event, asked and told on the snapshot port. See info.md.
 *
 * client: ["V1", {id, cust?}]
 * server: ["W1", {known, t, ts, ...}]
 * Pure.
 */
#ifndef SCHEMAS_EVENT_VIEW_H
#define SCHEMAS_EVENT_VIEW_H
#include "common/buf.h"
#include "schemas/event.h"

struct event_ask {
	struct slice id;   /* of at most EVENT_ID_BYTES_MAX */
	struct slice cust; /* as the event gave it; n == 0: none */
};
void event_ask_encode(const struct event_ask *ask, struct buf *out);
/* The message begins as a request of this kind; whether it is a good one event_ask_decode() tells. */
bool event_ask_is(struct slice message);
int event_ask_decode(struct event_ask *ask, struct slice bytes, char why[120]); /* 0, or -EBADMSG with a sentence */

enum event_known {
	KNOWN_NOT = 0, /* never came, was refused, or is forgotten */
	KNOWN_ID,      /* it counted, and nothing can change it: a visit, an engagement, a correction, a void */
	KNOWN_KEPT,    /* all below is told */
	KNOWN_COUNT
};
/* Where a sale's campaign, channel, source and medium come from. */
enum event_origin {
	ORIGIN_OWN = 0,  /* its own words; so do all others but sales */
	ORIGIN_LEAD,     /* the last touch of its lead */
	ORIGIN_CUSTOMER, /* the last touch of its customer */
	ORIGIN_DIRECT,   /* there was none within the look-back */
	ORIGIN_SETTLED,  /* it is too old to be looked at again: what was settled stands */
	ORIGIN_COUNT
};

struct event_view {
	uint8_t known;           /* enum event_known */
	uint8_t type, stage;     /* stage: of a lead, as worded */
	uint8_t origin;          /* enum event_origin */
	uint32_t waiting;        /* corrections and voids that wait for it to come */
	int64_t ts_ms, since_ms; /* event time; of a sale: log time at which its present words came */
	int64_t rev;             /* of the correction or void in force */
	bool is_corrected, is_void;
	bool is_open;            /* it is within the horizon: what it counts as may still change */
	bool counts;
	int64_t amt, qty;        /* as worded, in the reporting currency */
	int64_t amt_counts, qty_counts;
	uint8_t dims_mask;       /* dimensions that this deployment keeps */
	struct slice given[EVENT_DIMS], counted[EVENT_DIMS]; /* n == 0: none */
	int64_t touch_ms;        /* ORIGIN_LEAD, ORIGIN_CUSTOMER */
	uint8_t by_lead;         /* bit d: dimension d (team, person) is what its lead said */
	/* a lead */
	uint8_t entered;         /* bit s: its lead entered stage s with it */
	/* a sale */
	bool is_first, is_spent; /* its customer's first; fully refunded */
	uint32_t refunds;
	int64_t refunded;
	/* a refund */
	bool is_matched;
	int64_t sale_ms;         /* is_matched: event time of its sale; 0: that is forgotten */
};
void event_view_encode(const struct event_view *view, struct buf *out);
int event_view_decode(struct event_view *view, struct slice bytes); /* 0 or -EBADMSG; slices point into bytes */

const char *event_known_name(enum event_known known);    /* no, id, kept */
const char *event_origin_name(enum event_origin origin); /* own, lead, customer, direct, settled */
#endif
