/*
 * aggregator_thread.h - the log and the aggregator core on a libev loop: groups in from
 * ingest, verdicts back to it, notes to the publisher.
 *
 * The log in memory costs nothing to append to, so it has no thread of its own: a hop to
 * one and on would add a third to the time of an ack. A log that syncs will have one,
 * for group commit, in front of this thread.
 */
#ifndef AGGREGATOR_AGGREGATOR_THREAD_H
#define AGGREGATOR_AGGREGATOR_THREAD_H
#include "aggregator/aggregator.h"
#include "journal/log.h"
#include <pthread.h>

enum { AGGREGATOR_SOURCES_MAX = 16 };

struct aggregator_thread {
	/* set by the node before start */
	struct aggregator_config core; /* alert and context are filled by the thread */
	struct log *log;               /* the core's, with the aggregator, from start to join */
	bool ticks;                    /* clock: wall: a minute without a record is logged as a tick */
	void *source[AGGREGATOR_SOURCES_MAX];  /* links from ingest, by group->worker ... */
	void *settled[AGGREGATOR_SOURCES_MAX]; /* ... and back */
	unsigned sources;
	void *notes, *updates;         /* links to the publisher; few updates fit: it is not to fall behind, it conflates */
	void *questions;               /* link from the publisher; the node closes it, once nobody asks any more */
	int every_ms;                  /* publish interval */
	struct aggregator_state *state;
	pthread_t thread;
};

/* Ends by itself when every source has sent its end mark, after a last update, and passes the mark on to the publisher. */
void aggregator_thread_start(struct aggregator_thread *thread);
/*
 * An ingest thread's short way: logs and applies a group right here when the core is free
 * and nothing else is due (drains, rules and rounds stay with the aggregator's thread).
 * True: the verdicts are in it. False: the group is untouched and goes by the link. To
 * keep the order, only for a source that has no group on the link; that also keeps an
 * ingest thread from taking the core again and again before others get it.
 */
bool aggregator_thread_try(struct aggregator_thread *thread, struct group *group);
void aggregator_thread_join(struct aggregator_thread *thread); /* closes its sockets */
#endif
