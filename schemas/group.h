/*
 * group.h - what the log holds and the threads hand on: a group of batches.
 *
 * A group is filled by ingest (raw bytes + accept's decisions), gets its place
 * and time from the journal, its verdicts from the aggregator, and goes back to
 * ingest to be answered. One owner at a time: handing a pointer on through a
 * socket hands the ownership on. It is written to the log before verdicts exist.
 *
 * Everything in it is an offset, so that it can be written and read as bytes.
 */
#ifndef SCHEMAS_GROUP_H
#define SCHEMAS_GROUP_H
#include "common/buf.h"
#include "common/hash.h"
#include "schemas/event.h"

enum group_kind {
	GROUP_BATCHES = 1, /* events */
	GROUP_TICK,        /* no events: moves log time only */
};

enum {
	GROUP_EVENTS_MAX = 8192,       /* sealed once this is reached; one batch has at most 5000 */
	GROUP_BYTES_MAX = 4 << 20,     /* raw bytes; sealed once 512 KiB is reached */
	GROUP_SEAL_BYTES = 512 << 10,
	GROUP_FAULTS_MAX = 8192,       /* sentences; a refusal beyond gets the generic one of its verdict */
	GROUP_FAULT_BYTES_MAX = 120,
	GROUP_READ_EVENTS_MAX = 16384, /* what group_read() takes: the last batch may go past GROUP_EVENTS_MAX */
	GROUP_READ_BATCHES_MAX = 16384,
	GROUP_READ_BYTES_MAX = 16 << 20, /* wider than GROUP_BYTES_MAX: what was written must be readable */
};

enum event_flag {
	EVENT_HAS_TOUCH = 1, /* the sender gave one of camp, chan, src, med, ref_url, click */
	EVENT_IS_DIRECT = 2, /* its channel, given or derived, is Direct */
	EVENT_HAS_AMT = 4,   /* amt was given */
	EVENT_FLAGS_ALL = 7,
};

/* An event and accept's decisions about it. Offsets are into bytes. */
struct group_event {
	struct hash128 id;      /* keyed hash of (cust, id) */
	struct hash128 cust;    /* group_cust_hash(); 0: none, or read from the log, which does not hold it */
	uint64_t content;       /* keyed hash of the normalised known keys but id, before anything is derived */
	struct hash128 dims;    /* keyed hash of type, stage, kind, cost type and the dimensions in dims_mask */
	int64_t ts_ms;          /* event time, Unix ms */
	int64_t num[EVENT_MEASURABLE]; /* amt in the reporting currency; defaults filled in */
	int64_t given;          /* amt as given, in minor units of cur */
	int64_t rev;            /* of a correct or void; 0: not given */
	char cur[4];            /* terminated; empty: the reporting currency */
	uint8_t flags;          /* enum event_flag */
	uint32_t raw_off, raw_len;     /* the event as it came */
	uint32_t text_off[TEXT_CUR];   /* texts up to TEXT_ID; derived channel included */
	uint16_t text_len[TEXT_CUR];   /* 0: absent */
	uint16_t index;         /* position in its batch */
	uint8_t type, stage, kind;
	uint8_t verdict;        /* enum verdict; accept's refusal, else the aggregator's */
	uint32_t fault;         /* 1 + index into faults, 0: none; kept by group_add_fault() */
};

/* The sentence that goes with a refusal. text_off/len into bytes. */
struct group_fault {
	uint32_t event; /* index into events */
	uint32_t text_off, text_len;
};

/* One message of one peer. */
struct group_batch {
	uint32_t peer;           /* ingest's number for the peer */
	uint32_t first, count;   /* its events */
	uint32_t id_off, id_len; /* batch id as raw MessagePack value; answered as it came */
	uint8_t acked;           /* 1: wants an A1 */
	uint8_t has_tick;        /* 1: no events; moves log time to tick_ms (clock: events only) */
	int64_t tick_ms;
};

struct group {
	uint8_t kind;         /* enum group_kind */
	uint8_t dims_mask;    /* bit d: dimension d is part of group_event.dims */
	uint8_t worker;       /* ingest worker it goes back to; not part of the log */
	uint8_t refusal;      /* enum batch_code: why the log did not take it, with lsn 0; not part of the log */
	uint64_t lsn;         /* place in the log; 0: not yet appended */
	int64_t recv_ms;      /* clock: wall: wall clock when ingest sealed it; clock: events: largest ts or tick in it */
	int64_t time_ms;      /* record time = max(previous record time, recv_ms), set by the journal */
	uint32_t batch_count, event_count, fault_count;
	uint32_t batch_cap, event_cap, fault_cap;
	struct group_batch *batches;
	struct group_event *events;
	struct group_fault *faults;
	struct buf bytes;     /* raw messages, derived texts, fault sentences */
};

struct group *group_new(enum group_kind kind);
void group_free(struct group *group); /* accepts NULL */
/* Empties it and keeps the memory. */
void group_reset(struct group *group);

/* Appended, zeroed; the pointer is valid until the next call. */
struct group_batch *group_add_batch(struct group *group);
struct group_event *group_add_event(struct group *group);
/* text is cut at GROUP_FAULT_BYTES_MAX, between characters. A second sentence for the same event replaces the first. */
void group_add_fault(struct group *group, uint32_t event, const char *text);
/* The same with a sentence that is in bytes already; no limit, no second one for an event. For group_read(). */
void group_link_fault(struct group *group, struct group_fault fault);
/* The sentence of an event, or the generic one for its verdict; terminated, static or in scratch. */
const char *group_fault_text(const struct group *group, uint32_t event, char scratch[128]);

static inline struct slice
group_text(const struct group *group, const struct group_event *event, enum event_text text)
{
	if (event->text_len[text] == 0)
		return (struct slice){0};
	return (struct slice){group->bytes.data + event->text_off[text], event->text_len[text]};
}

static inline struct slice
group_raw(const struct group *group, const struct group_event *event)
{
	if (event->raw_len == 0)
		return (struct slice){0};
	return (struct slice){group->bytes.data + event->raw_off, event->raw_len};
}

/*
 * What group_event.dims is: the keyed hash of type, stage, kind (a byte each), then cost type and
 * the dimensions in dims_mask in ascending order, each as a length of two bytes + text.
 */
struct hash128 group_dims_hash(const struct group *group, const struct group_event *event, uint8_t dims_mask,
                               const struct hash_key *key);

/* What an event is known by: the keyed hash of (cust, id); cust may be empty. */
struct hash128 group_identity_hash(struct slice cust, struct slice id, const struct hash_key *key);

/* A customer's hash; n > 0. */
struct hash128 group_cust_hash(struct slice cust, const struct hash_key *key);

/*
 * The log's form of a group (see group.md), appended to out. Write it before the aggregator has
 * decided: verdicts that need state (duplicate, too_late, future_ts, id_conflict) are written as ok.
 */
void group_write(const struct group *group, struct buf *out);
/* 0, or -EBADMSG with a reason in why (at least 120 bytes). The result is in *group (reset first). */
int group_read(struct group *group, struct slice bytes, char *why);
#endif
