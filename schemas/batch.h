/*
 * batch.h - the acked ingest wire: E1 in, A1 or N1 out. See batch.md.
 *
 * Pure. Envelopes are read in place; answers are packed with msgpack-c.
 */
#ifndef SCHEMAS_BATCH_H
#define SCHEMAS_BATCH_H
#include "common/buf.h"
#include "schemas/codes.h"

enum { ACK_REJECTS_MAX = 100, BATCH_ID_BYTES_MAX = 64 };

/*
 * ["E1", [batch_id, [event...]]] up to the first event, or ["T1", [batch_id, ts_ms]]: a tick,
 * which moves log time where no event does (clock: events only); answered like a batch of no events.
 */
struct batch_envelope {
	bool is_tick;
	int64_t tick_ms;
	struct slice id;     /* the raw MessagePack value (int, text or binary <= 64 bytes): echoed as it came */
	uint32_t events;     /* claimed, and not more than the bytes left */
	struct slice body;   /* the events, one after the other, to the end of the message */
};
/* BATCH_OK, BATCH_WRONG_VERSION or BATCH_BAD_MSGPACK with a sentence in why; id is filled whenever it could be read. */
enum batch_code batch_open(struct batch_envelope *envelope, struct slice message, char why[120]);
/* For clients and tests: the envelope before count events, each appended by the caller with event_encode(). */
void batch_begin(struct buf *out, uint64_t batch_id, uint32_t count);
void batch_tick(struct buf *out, uint64_t batch_id, int64_t ts_ms);

struct ack_reject {
	uint32_t index;
	enum verdict code;
	const char *text;
};
/* ["A1", {b, lsn, ok, dup, rej, nrej, cr}]; rej holds the first ACK_REJECTS_MAX, nrej counts all refused. */
struct ack {
	struct slice id;
	uint64_t lsn;
	uint32_t ok, dup, refused, credit;
	uint32_t reject_count; /* entries in reject */
	const struct ack_reject *reject;
};
void ack_encode(const struct ack *ack, struct buf *out);
/* ["N1", {b, code, text, retry_ms}]; id.n == 0 packs nil; retry_ms 0: permanent. */
void nack_encode(struct slice id, enum batch_code code, const char *text, uint32_t retry_ms, struct buf *out);

/* What a client reads back. */
struct answer {
	bool is_ack;
	struct slice id;      /* raw value; see answer_id() */
	uint64_t lsn;
	uint32_t ok, dup, refused, credit, retry_ms;
	struct slice code, text;   /* N1 */
	struct slice rejects;      /* raw array of [i, code, text]; iterate with answer_next_reject() */
	uint32_t reject_count;
};
/* 0 or -EBADMSG. */
int answer_decode(struct answer *answer, struct slice message);
/* The id as the integer batch_begin() gave; 0 if it is none. */
uint64_t answer_id(const struct answer *answer);
/* False at the end. */
bool answer_next_reject(struct answer *answer, uint32_t *index, struct slice *code, struct slice *text);
#endif
