/*
 * accept.h - from raw bytes to decisions: validate, normalise, classify. Pure.
 *
 * Reads messages and appends to a group what the log will hold: the raw events
 * and what was decided about them. Needs no state but configuration, so workers
 * can run it side by side. What needs state (duplicate, late, conflict, overflow)
 * is the kernel's.
 */
#ifndef INGEST_ACCEPT_H
#define INGEST_ACCEPT_H
#include "ingest/channel.h"
#include "ingest/phone.h"
#include "schemas/batch.h"
#include "schemas/group.h"
#include "schemas/money.h"

enum { BATCH_EVENTS_MAX = 5000, BATCH_BYTES_MAX = 1 << 20, PUSH_BYTES_MAX = 64 << 10 };

/* Sums, factors and counts stay far from int64's end: 1000 events of this size add up in 63 bits. */
#define ACCEPT_AMOUNT_MAX (INT64_C(1) << 53)
#define ACCEPT_TS_END INT64_C(4102444800000) /* 2100-01-01: event times are below */

struct accept_config {
	const struct channel_lists *channels;
	const struct money_rates *rates; /* conversion to the reporting currency; knows that currency */
	/* The local day (days since 1970) of an event time, for the rate: zone_day_of() and its zone. NULL: UTC days. */
	int64_t (*day_of)(const void *zone, int64_t ts_ms);
	const void *zone;
	struct hash_key key;
	uint8_t dims_mask;               /* kernel_dims_mask() */
	char phone_country[PHONE_COUNTRY_MAX + 1]; /* "62": customers written like phone numbers are; "": none is */
	bool ticks;                      /* clock: events; else a T1 is BATCH_WRONG_CLOCK */
};

/*
 * What is decided per event:
 * - keys that its type needs: visit id ts; lead id ts lead (stage default lead); sale, refund,
 *   spend id ts amt; engage id ts kind (n default 1); correct, void id ts ref. qty defaults to 1
 *   for sale, refund and correct. What the event needs that a correct replaces is not known here:
 *   its stage is as given, its amt may be absent or negative.
 *   Keys that say nothing for a type are ignored (amt of a visit, ctype of a sale), but are content.
 * - cust: with a phone_country, a phone number in one way of writing it (phone.h); the raw event keeps
 *   it as it came. Everything below is of that text.
 * - id = keyed hash of (cust, id); content = keyed hash of every known key but id as given, whatever
 *   the order in the map; an empty text is an absent one. "qty 1" given and qty absent are
 *   different content: a retry is the same bytes, so nothing is gained by calling them equal.
 * - amt in the reporting currency, by the rate of the event's local day; beside it amt and cur as given.
 * - chan, when not given: of every visit, and of any other type with one of src med camp
 *   ref_url click. Others have none: they get their channel by attribution.
 *
 * A broken event whose size cannot be told ends the reading of its message: it is refused as
 * bad_msgpack with all the bytes left as its raw bytes, and the events that were announced
 * behind it are refused too, with no bytes of their own. So ok + dup + refused is always
 * the number of events that the sender announced.
 */

/*
 * One message of a peer on the acked port: ["E1", [batch_id, [event...]]]. BATCH_OK:
 * a batch with all its events (refused ones carry their verdict and a fault) is in
 * group. Otherwise nothing was added and the batch is to be answered N1 with
 * code and why (batch_id, when it could be read, in *batch_id: slice of message).
 */
enum batch_code accept_batch(const struct accept_config *config, struct group *group, uint32_t peer,
                             struct slice message, struct slice *batch_id, char why[120]);

/*
 * One message on the push port: an event map or an array of them. Always adds a batch
 * (unacked), at least one event: a message that cannot be read as a whole (empty, bytes
 * behind its end, more than BATCH_EVENTS_MAX) counts as one refused event.
 */
void accept_push(const struct accept_config *config, struct group *group, uint32_t peer, struct slice message);

#endif
