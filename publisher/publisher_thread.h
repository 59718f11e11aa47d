/*
 * publisher_thread.h - the publisher core on a libev loop: notes in; XPUB and snapshot ROUTER out.
 *
 * It also looks at the process's clock and confirms it (common/clock.h): clock_begin() comes before its start.
 */
#ifndef PUBLISHER_PUBLISHER_THREAD_H
#define PUBLISHER_PUBLISHER_THREAD_H
#include "publisher/publisher.h"
#include <pthread.h>

enum { PUBLISHER_SOURCES_MAX = 19 };

struct publisher_thread {
	struct publisher_out out;             /* made by init: where the core's messages go */
	/* set by the node before start */
	struct publisher *publisher;          /* the thread's from start to join; the node frees it */
	void *xpub, *snapshot;                /* its own from start on */
	void *monitor;                        /* PAIR with xpub's ZMQ_EVENT_DISCONNECTED; its own, too */
	void *notes[PUBLISHER_SOURCES_MAX];   /* links from the ingest threads, the aggregator and the journal */
	unsigned sources;
	void *questions;                      /* link to the aggregator, for what peers ask of it; the node closes it */
	void *alerts;                         /* the aggregator's of them that brings what its updates count on */
	struct publisher_state *state;
	pthread_t thread;
};

void publisher_thread_init(struct publisher_thread *thread);
void publisher_thread_fini(struct publisher_thread *thread); /* not started, or joined */
/* Ends by itself when every source has sent its end mark. */
void publisher_thread_start(struct publisher_thread *thread);
void publisher_thread_join(struct publisher_thread *thread); /* closes its sockets */
#endif
