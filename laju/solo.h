/*
 * solo.h - a whole node in one thread: every core, no socket, no clock.
 *
 * `laju replay` runs history through it; the simulation puts a fake wire, a fake
 * clock and a kept log around it. What the threads do with links is done here by
 * calls, in the same order: ingest -> log -> aggregator -> publisher.
 */
#ifndef LAJU_SOLO_H
#define LAJU_SOLO_H
#include "aggregator/aggregator.h"
#include "ingest/ingest.h"
#include "journal/log.h"
#include "laju/config.h"
#include "publisher/publisher.h"

struct solo_config {
	struct config *config;     /* outlives it; config->kernel.key is set by the caller */
	struct log *log;           /* the caller's; outlives it */
	uint64_t epoch;
	ingest_send_fn *answer;    /* may be NULL, as all of these */
	ingest_dead_fn *dead;
	publisher_send_fn *row;
	publisher_reply_fn *reply;
	aggregator_alert_fn *alert; /* told beside the publisher */
	void *context;
};

struct solo;
struct solo *solo_new(const struct solo_config *config);
void solo_free(struct solo *solo);

void solo_receive(struct solo *solo, enum ingest_port port, struct slice peer, struct slice message, int64_t now_ms);
/* Hands on what was received: logs, applies, answers. Under `clock: wall` a tick that is due, too. */
void solo_step(struct solo *solo, int64_t now_ms);
/* Its three parts, for what may come in between: more to append before a commit, a crash, a disk without room. */
void solo_append(struct solo *solo, int64_t now_ms);
bool solo_commit(struct solo *solo); /* false: it waits for room, and so must solo_apply() */
void solo_apply(struct solo *solo);
/* Applies the log's durable records; for a fresh node over a log that has some. As recover(). */
int solo_recover(struct solo *solo);
/* Finishes the drains and publishes what has changed. */
void solo_publish(struct solo *solo);
void solo_heartbeat(struct solo *solo, int64_t now_ms);
void solo_subscription(struct solo *solo, struct slice frame);
/* A snapshot peer's message; then goes on until the snapshot waits for credit or is done. */
void solo_request(struct solo *solo, struct slice peer, struct slice message);

struct ingest *solo_ingest(struct solo *solo);
#endif
