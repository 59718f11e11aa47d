/*
 * sender.h - the client's half of the acked port: batches under credit, resent until answered.
 *
 * A pure state machine: no socket, no clock; bytes and now_ms come in as arguments.
 * At most the server's credit of batches is in flight (one until its first answer).
 * A batch unanswered for resend_ms goes out again, the same bytes: the server knows
 * the events by their ids. A batch refused for now (N1 with retry_ms) waits, nothing
 * new is sent meanwhile, and the refused ones go out again one by one in their order.
 *
 * BUGS: batches already in flight behind one that is refused for now may be taken
 * before it. Where the order of events matters beyond the lateness horizon
 * (clock: events), in_flight 1 keeps it strictly.
 */
#ifndef LAJU_SENDER_H
#define LAJU_SENDER_H
#include "common/buf.h"
#include "schemas/batch.h"

enum {
	SENDER_IN_FLIGHT_MAX = 256, /* whatever the server grants: 1 MiB each at most */
	SENDER_SENDS_MAX = 3,       /* of one batch without any answer; then sender_given_up() */
};

/* The final word on a batch: an A1, or an N1 that resending does not help. */
typedef void sender_settled_fn(void *context, void *origin, uint32_t events, const struct answer *answer);

struct sender_config {
	uint32_t in_flight_max; /* 0: what the server grants */
	int64_t resend_ms;
	sender_settled_fn *settled;
	void *context;
};

/* An A1 that counts each of the batch's events once, or an N1. What is not so is no word to rely on. */
bool sender_adds_up(const struct answer *answer, uint32_t events);

struct sender;
struct sender *sender_new(const struct sender_config *config);
/* Batches not settled are dropped; origins are the caller's: see sender_each(). */
void sender_free(struct sender *sender); /* accepts NULL */

/* The id for the next batch: batch_begin()'s. */
uint64_t sender_next_id(const struct sender *sender);
bool sender_has_room(const struct sender *sender);
/* Takes the bytes (message is left empty). Only with room. */
void sender_submit(struct sender *sender, struct buf *message, uint32_t events, void *origin);
/* True with the next message to send now; it counts as sent. Call until false. */
bool sender_due(struct sender *sender, int64_t now_ms, struct slice *message);
/* Nothing was sent after all (no room in the socket): it is due again. */
void sender_unsent(struct sender *sender);
/* Milliseconds until something may be due; -1: only an answer can change anything. */
int64_t sender_wait_ms(const struct sender *sender, int64_t now_ms);
/* Calls back when it settles a batch. False: not an answer of the server's form (ignored). */
bool sender_answer(struct sender *sender, struct slice message, int64_t now_ms);
uint32_t sender_unsettled(const struct sender *sender);
/* A batch went unanswered SENDER_SENDS_MAX times. */
bool sender_given_up(const struct sender *sender, int64_t now_ms);
/* Why the oldest batch waits: the code of its last N1, "" if it was not refused. Valid until the next call. */
const char *sender_waits_for(const struct sender *sender);
/* Origins of what is not settled, in order. */
void sender_each(const struct sender *sender, void (*each)(void *context, void *origin, uint32_t events), void *context);
#endif
