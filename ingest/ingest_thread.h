/*
 * ingest_thread.h - the ingest core on a libev loop, with its sockets.
 *
 * Alone it owns the ROUTER and the PULL. As one of several workers it gets its
 * messages from the front thread (front.h), which owns them then; a peer always
 * goes to the same worker, so its order is kept.
 */
#ifndef INGEST_INGEST_THREAD_H
#define INGEST_INGEST_THREAD_H
#include "ingest/ingest.h"
#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>

enum { INGEST_WORKERS_MAX = 16 };

/* Logs and applies the group at once, and returns true; or false, and leaves it as it was. */
typedef bool ingest_try_fn(void *context, struct group *group);

struct ingest_thread {
	/* set by the node before start */
	struct ingest_config core; /* send, dead, feed and context are filled by the thread */
	void *router, *pull;       /* its own from start on; NULL for a worker behind a front */
	void *front;               /* link to the front thread; NULL when alone */
	void *groups;              /* link to the aggregator ... */
	void *settled;             /* ... and back */
	ingest_try_fn *try;        /* the short way there, for small groups while nothing is on the link */
	void *try_context;
	void *notes;               /* link to the publisher */
	int64_t memory_max;        /* bytes that the process may take; 0: no budget */
	atomic_bool *memory_full;  /* the process's, see memory_watch.h */
	const atomic_bool *storage_full; /* the log has no room: the push socket is not read */
	uint8_t worker;            /* its number, written into its groups */
	/* its own */
	struct ingest_counters counters; /* after join */
	uint64_t notes_lost;             /* dead letters and feeds that the publisher had no room for; after join */
	struct ingest_state *state;
	pthread_t thread;
};

void ingest_thread_start(struct ingest_thread *thread);
/* Any thread: refuse new batches, finish those in flight, send the end mark, return. */
void ingest_thread_stop(struct ingest_thread *thread);
void ingest_thread_join(struct ingest_thread *thread); /* closes its sockets */
#endif
