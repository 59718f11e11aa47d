/*
 * ingest.h - the ingest core: messages in, groups out, answers back. No sockets.
 *
 * Life of a batch: ingest_receive() -> (accept) -> ingest_take() hands the group
 * on -> journal -> aggregator -> ingest_settle() answers, frees, counts.
 * Groups come back in the order they were taken. One thread owns it.
 *
 * Accounting: received = accepted + duplicate + refused by reason, once every
 * taken group is settled; a test says so. A message that is answered N1 is not received:
 * nothing of it is stored or counted as events.
 *
 * Dead letters: every refused event and every message that is refused for good, with its raw
 * bytes; also push messages that were not taken in. Not the events hidden behind a broken
 * one (accept.h): its letter holds their bytes.
 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H
#include "ingest/accept.h"

enum ingest_port {
	PORT_ACKED = 0,
	PORT_PUSH,
	PORT_ACKED_REQ, /* the acked port, from a REQ: its answer has an empty frame before it */
};

enum {
	INGEST_PEERS_MAX = 4096,          /* acked peers known at once; the longest silent without batches goes */
	INGEST_CREDIT = 256,              /* batches of one peer in flight */
	INGEST_BATCHES_IN_FLIGHT_MAX = 8192,
	INGEST_BYTES_IN_FLIGHT_MAX = 64 << 20, /* messages and the structs made of them; overshot by one batch at most */
	INGEST_GROUPS_IN_FLIGHT_MAX = 512, /* never more than the smallest pipe between threads holds */
	INGEST_RETRY_MS = 200,            /* what an overloaded N1 advises */
	INGEST_MEMORY_RETRY_MS = 1000,    /* the same while memory is full: it comes back as windows slide */
	INGEST_STORAGE_RETRY_MS = 1000,   /* the same when the log has no room or cannot be written: somebody must see to it */
};

/* Answers go out through this. peer is the ROUTER's routing id, port the one its message came on. */
typedef void ingest_send_fn(void *context, enum ingest_port port, struct slice peer, struct slice answer);

/* A refused event (or batch) for the dead letters. Slices are valid during the call. */
struct dead_letter {
	int64_t at_ms;           /* record time, or arrival for what was never stored */
	const char *code;        /* verdict or batch code name */
	const char *text;        /* the sentence */
	const char *peer;        /* printable name of the peer */
	struct slice raw;
};
typedef void ingest_dead_fn(void *context, const struct dead_letter *letter);

/* An accepted event of this feed was settled at this record time; at most once a group and feed. */
typedef void ingest_feed_fn(void *context, struct slice feed, int64_t at_ms);

struct ingest_config {
	struct accept_config accept;
	bool clock_events;       /* log time is event time: ticks are taken, recv_ms of a group is its largest ts */
	ingest_send_fn *send;
	ingest_dead_fn *dead;
	ingest_feed_fn *feed;
	void *context;
};

struct ingest;
/* config is copied (accept.ticks is set from clock_events). dead and feed may be NULL. */
struct ingest *ingest_new(const struct ingest_config *config);
void ingest_free(struct ingest *ingest); /* groups that were taken stay their taker's */

/*
 * user: the peer's address or authenticated user, printable, for dead letters; may be empty.
 * May be left empty for a peer that ingest_knows().
 * An event without `feed` gets the peer's name: its routing id if printable, else user, else "unnamed".
 */
void ingest_receive(struct ingest *ingest, enum ingest_port port, struct slice peer, struct slice user,
                    struct slice message, int64_t now_ms);
/* The acked port's peer has sent before: its name is known, user need not be found out again. */
bool ingest_knows(const struct ingest *ingest, enum ingest_port port, struct slice peer);
/* True when there is something to hand on. */
bool ingest_ready(const struct ingest *ingest);
/* The filled group, or NULL; the caller owns it until it gives it to ingest_settle(). */
struct group *ingest_take(struct ingest *ingest, int64_t now_ms);
/* False while the in-flight budget is used up: acked batches get N1 overloaded, push messages are dropped. */
bool ingest_has_room(const struct ingest *ingest);
/*
 * Memory is full (budget.h), or no longer. While it is, acked batches get N1 overloaded; ticks are taken, since
 * they let windows expire. What was taken in goes its way.
 *
 * BUGS: what comes before this is called, and what is in flight, can take the process beyond its budget;
 * that wants some 100 MiB below what the process can have.
 */
void ingest_memory(struct ingest *ingest, bool full);
/*
 * False: stop reading the push socket, its senders' high-water marks push back. While memory is full
 * that is all that keeps push messages out; one that is received all the same is taken in, not lost.
 */
bool ingest_wants_push(const struct ingest *ingest);
/*
 * Takes a group back with its verdicts: sends the answers, writes dead letters, counts. Owns the
 * group. Groups come in the order they were taken in (asserted). One with lsn 0 was not
 * stored: its batches are answered N1 storage_failed and its events are not counted as received.
 */
void ingest_settle(struct ingest *ingest, struct group *group);
/* From now on answers N1 shutting_down. */
void ingest_stop(struct ingest *ingest);

struct ingest_counters {
	uint64_t messages, bytes;
	uint64_t events;                     /* received: in batches that were taken in */
	uint64_t verdict[VERDICT_COUNT];     /* settled events by verdict; [OK] = accepted */
	uint64_t batch[BATCH_CODE_COUNT];    /* answered batches by code */
	uint64_t memory_refused;             /* those of batch[BATCH_OVERLOADED] that were refused for memory */
	uint64_t memory_full;                /* times that memory became full */
	uint64_t push_dropped;               /* push messages over PUSH_BYTES_MAX, without room, after ingest_stop(), or not stored */
	uint64_t in_flight_batches, in_flight_bytes, peers;
};
void ingest_count(const struct ingest *ingest, struct ingest_counters *out);
#endif
