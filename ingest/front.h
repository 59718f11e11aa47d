/*
 * front.h - the thread before several ingest workers: owns the ROUTER and the PULL.
 *
 * A peer goes to the worker that its routing id (for PUSH: its address) hashes to,
 * so its order is kept. One worker needs no front.
 */
#ifndef INGEST_FRONT_H
#define INGEST_FRONT_H
#include "ingest/ingest_thread.h"

struct front {
	/* set by the node before start; its own from then on */
	void *router, *pull;
	void *worker[INGEST_WORKERS_MAX]; /* links */
	unsigned workers;
	int64_t memory_max;       /* as the workers have it: beyond it the PULL is not read */
	atomic_bool *memory_full; /* the same */
	const atomic_bool *storage_full; /* the same */
	struct front_state *state;
	pthread_t thread;
};

void front_start(struct front *front);
/* Any thread, after the workers have ended: send out their last answers and return. */
void front_stop(struct front *front);
void front_join(struct front *front); /* closes its sockets */
#endif
