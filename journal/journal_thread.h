/*
 * journal_thread.h - the log on a libev loop: groups in from ingest, numbered and timed, on to the aggregator.
 *
 * Under `clock: wall` it also logs the tick of each minute in which nothing came.
 */
#ifndef JOURNAL_JOURNAL_THREAD_H
#define JOURNAL_JOURNAL_THREAD_H
#include "journal/log.h"
#include <pthread.h>

enum { JOURNAL_SOURCES_MAX = 16 };

struct journal_thread {
	/* set by the node before start */
	struct log *log;                  /* its own from start to join */
	void *source[JOURNAL_SOURCES_MAX]; /* links from ingest */
	unsigned sources;
	void *records;                    /* link to the aggregator */
	bool ticks;
	struct journal_state *state;
	pthread_t thread;
};

/* Ends by itself, and passes the end mark on, when every source has sent its own. */
void journal_thread_start(struct journal_thread *thread);
void journal_thread_join(struct journal_thread *thread); /* closes its sockets; the log is the node's again */
#endif
