/*
 * publisher.h - the publisher core: updates in, rows out. No sockets, no clock.
 *
 * Keeps the row table (one packed blob per series and window, with versions),
 * knows who subscribed to what, encodes only what somebody asked for, answers
 * snapshots under credit. Owns nothing of how a total is kept.
 *
 * Versions. seq (s) is one counter over all rows; a row gets the next one only
 * when its numbers change. Each channel ("r1d/campaign") counts its own changes
 * densely (c), so that a lost last row is seen in the next heartbeat. A freed
 * series leaves tombstones for PUBLISHER_TOMBSTONE_MS of log time.
 * One thread owns it.
 */
#ifndef PUBLISHER_PUBLISHER_H
#define PUBLISHER_PUBLISHER_H
#include "aggregator/figures.h"
#include "aggregator/update.h"
#include "common/stream.h"
#include "journal/log.h"
#include "schemas/alarm.h"
#include "schemas/info.h"
#include "schemas/row.h"
#include "schemas/snapshot.h"

enum {
	PUBLISHER_TOMBSTONE_MS = 10 * 60 * 1000,
	PUBLISHER_RESEND_ROWS_MAX = 500,    /* a new subscription matching at most this many rows gets them re-sent */
	PUBLISHER_SUBSCRIPTIONS_MAX = 100000,
	PUBLISHER_SNAPSHOTS_MAX = 256,      /* under way at once; one per peer; more are refused */
	PUBLISHER_DEAD_MAX = 10000,         /* dead letters kept; the oldest goes */
	PUBLISHER_DEAD_BYTES_MAX = 16 << 20,
};

struct publisher_config {
	const struct kpi_set *kpis;       /* outlive the publisher */
	const struct kernel_config *kernel; /* rollup names */
	uint64_t epoch;                   /* boot counter (without a journal: wall clock ms at start) */
	const char *version, *zone, *currency, *durability;
	int decimals;
	bool demo;
	uint64_t memory_max;              /* budget in bytes, only shown; 0: none */
	bool clock_events;                /* log time is event time: feeds' ages are reckoned in it */
	uint32_t feed_count;              /* feeds that are expected: listed from the start, stale after twice expect_every_ms */
	const struct publisher_feed_config {
		const char *name;
		int64_t expect_every_ms;
	} *feed;
};

/* One frame pair for the XPUB. */
typedef void publisher_send_fn(void *context, struct slice topic, struct slice row);
/* One reply for a peer of the snapshot ROUTER. */
typedef void publisher_reply_fn(void *context, struct slice peer, struct slice reply);
/*
 * A peer's question about one event, for the aggregator; its answer goes to the peer by itself.
 * False: too many are under way.
 */
typedef bool publisher_ask_fn(void *context, struct slice peer, struct slice cust, struct slice id);
/* Accepts the wall clock as it is (common/clock_guard.h) and tells what that did. */
typedef void publisher_confirm_fn(void *context, struct confirmed *confirmed);
struct publisher_out {
	publisher_send_fn *send;
	publisher_reply_fn *reply;
	void *context;
	publisher_ask_fn *ask;         /* NULL: nobody can be asked */
	publisher_confirm_fn *confirm; /* NULL: no clock is read here */
};

struct publisher;
struct publisher *publisher_new(const struct publisher_config *config, const struct publisher_out *out);
void publisher_free(struct publisher *publisher);

/*
 * An aggregator update (aggregator/update.h): takes the numbers in, sends changed rows
 * that someone subscribed to and, once a round is over, roll/ for moved edges.
 */
void publisher_update(struct publisher *publisher, struct slice update);
/*
 * XPUB's subscription frames: \1 or \0 and a prefix. A new one is answered with hello/
 * and the last heartbeat (if it matches) and, when they are at most PUBLISHER_RESEND_ROWS_MAX, its rows and
 * present alerts. The socket must be ZMQ_XPUB_VERBOSER: prefixes are counted. One
 * that is longer than any topic, or beyond the limit, is counted and ignored.
 */
void publisher_subscription(struct publisher *publisher, uint32_t holder, struct slice frame);
/* A subscriber's connection is gone; its number may come again. */
void publisher_subscriber_gone(struct publisher *publisher, uint32_t holder);
/*
 * A message of a snapshot peer: a question (schemas/info.md), or about rows. Answers a few chunks at once, the
 * others in publisher_work().
 */
void publisher_request(struct publisher *publisher, struct slice peer, struct slice message);
/*
 * Goes on with snapshots: a few chunks (some 4 to 8 ms), peers taking turns.
 * True: there is more to do right now; call again when the sockets have been seen to.
 * Updates and heartbeats do a little of it too.
 */
bool publisher_work(struct publisher *publisher);
/* An alert transition (kept as that row's present state; gone when back to ok) as packed by alert_encode() with e, s left 0. */
void publisher_alert(struct publisher *publisher, struct slice topic, const struct alert_row *alert);
/* For an image: the alerts that are kept. load: as if each were told now. */
void publisher_save_alerts(const struct publisher *publisher, struct stream_out *out);
void publisher_load_alerts(struct publisher *publisher, struct stream_in *in);
void publisher_dead(struct publisher *publisher, int64_t at_ms, struct slice peer, struct slice code, struct slice text, struct slice raw);
/* feed was heard of at at_ms (log time). */
void publisher_feed(struct publisher *publisher, struct slice feed, int64_t at_ms);
/* How the aggregator is, about once a second: what is told of it until the next time. */
void publisher_figures(struct publisher *publisher, const struct figures *figures);
/* How the log on disk is, about once a second. */
void publisher_log(struct publisher *publisher, const struct log_figures *figures, const struct log_images *images);
/* Something is wrong with the service, or no longer: heartbeats and answers say so. A wrong total is in the figures. */
void publisher_alarm(struct publisher *publisher, enum alarm alarm, bool on);
/* Once a second: hb/. now_ms: wall clock; lag is now - the last update's wall arrival as told here. */
void publisher_heartbeat(struct publisher *publisher, int64_t now_ms);

struct publisher_counters {
	uint64_t updates, rows_changed, rows_sent, bytes_sent, snapshots, snapshots_refused, chunks;
	uint64_t series, rows, tombstones, subscriptions, subscriptions_refused, dead_letters, dead_dropped, alerts_active;
	uint64_t bytes; /* of the row table */
	uint64_t resends, alerts_not_kept, feeds_unlisted, collided, eras_merged; /* rows re-sent to new subscribers; see alerts.h, feeds.h, table.h, eras.h */
};
void publisher_count(const struct publisher *publisher, struct publisher_counters *out);
#endif
