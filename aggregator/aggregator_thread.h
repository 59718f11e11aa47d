/*
 * aggregator_thread.h - the aggregator core on a libev loop: records in, verdicts back to ingest, notes to the publisher.
 */
#ifndef AGGREGATOR_AGGREGATOR_THREAD_H
#define AGGREGATOR_AGGREGATOR_THREAD_H
#include "aggregator/aggregator.h"
#include <pthread.h>

enum { AGGREGATOR_SOURCES_MAX = 16 };

struct aggregator_thread {
	/* set by the node before start */
	struct aggregator_config core; /* alert and context are filled by the thread */
	void *records;                 /* link from the journal */
	void *settled[AGGREGATOR_SOURCES_MAX]; /* links to ingest, by group->worker */
	unsigned sources;
	void *notes;                   /* link to the publisher */
	int every_ms;                  /* publish interval */
	struct aggregator_state *state;
	pthread_t thread;
};

/* Ends by itself at the end mark, after a last update, and passes the mark on to the publisher. */
void aggregator_thread_start(struct aggregator_thread *thread);
void aggregator_thread_join(struct aggregator_thread *thread); /* closes its sockets */
#endif
