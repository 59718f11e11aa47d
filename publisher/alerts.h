/*
 * alerts.h - the present state of every row an alert rule finds not ok.
 *
 * One packed alert row a topic. Back to ok, it stays for PUBLISHER_TOMBSTONE_MS of
 * log time, so that who asks `since` hears of it. Beyond ALERTS_MAX topics a new
 * alert is sent but not kept, and counted. One thread owns it.
 */
#ifndef PUBLISHER_ALERTS_H
#define PUBLISHER_ALERTS_H
#include "publisher/order.h"
#include "schemas/row.h"

enum { ALERTS_MAX = 100000, ALERT_TOPIC_MAX = 240 };

struct alerts;
struct alerts *alerts_new(uint32_t max);
void alerts_free(struct alerts *alerts); /* accepts NULL */

/* row is packed with its version seq. False: not kept, the store is full or the topic too long or empty. */
bool alerts_put(struct alerts *alerts, struct slice topic, struct slice row, uint64_t seq, bool ok, int64_t now_ms);
/* Forgets what was back to ok long enough. */
void alerts_forget(struct alerts *alerts, int64_t now_ms);
/* The highest seq of a forgotten one. */
uint64_t alerts_forgotten_seq(const struct alerts *alerts);

struct alert_view {
	struct slice topic, row; /* valid until the next put or forget */
	uint64_t seq;
	bool ok;
};
/* The first topic >= from, or > from if `after`; false: none. */
bool alerts_from(const struct alerts *alerts, struct slice from, bool after, struct alert_view *view);

struct alert_counters {
	uint64_t active, recovered, not_kept; /* kept and not ok; kept and ok; refused since the start */
};
void alerts_count(const struct alerts *alerts, struct alert_counters *out);
#endif
