/*
 * aggregator_thread.h - the aggregator core on a libev loop: groups in from the log, verdicts back to ingest, notes to
 * the publisher.
 *
 * A log on disk has a thread of its own in front of this one (journal/journal_thread.h). A log in memory costs nothing
 * to append to: it is this thread's, since a hop more would add a third to the time of an ack.
 */
#ifndef AGGREGATOR_AGGREGATOR_THREAD_H
#define AGGREGATOR_AGGREGATOR_THREAD_H
#include "aggregator/aggregator.h"
#include "journal/log.h"
#include <pthread.h>
#include <stdatomic.h>

enum { AGGREGATOR_SOURCES_MAX = 16 };

struct aggregator_thread {
	/* set by the node before start */
	struct aggregator *aggregator; /* its own from start to join, alerts included; the node frees it */
	struct log *log;               /* in memory: its own as well; NULL: groups come with their place in the log */
	bool ticks;                    /* with a log, clock: wall: a minute without a record is logged as a tick */
	const _Atomic uint64_t *durable; /* without a log: no group beyond it may come */
	void *source[AGGREGATOR_SOURCES_MAX];  /* links from ingest, by group->worker; or the one from the journal */
	unsigned sources;
	void *settled[AGGREGATOR_SOURCES_MAX]; /* back to ingest, by group->worker */
	unsigned workers;
	void *notes, *updates;         /* links to the publisher; few updates fit: it is not to fall behind, it conflates */
	void *questions;               /* link from the publisher; the node closes it, once nobody asks any more */
	int every_ms;                  /* publish interval */
	struct aggregator_state *state;
	pthread_t thread;
};

/* Ends by itself when every source has sent its end mark, after a last update, and passes the mark on to the publisher. */
void aggregator_thread_start(struct aggregator_thread *thread);
/*
 * An ingest thread's short way where the log is this thread's: logs and applies a group right here when the core is free
 * and nothing else is due (drains, rules and rounds stay with the aggregator's thread).
 * True: the verdicts are in it. False: the group is untouched and goes by the link. To
 * keep the order, only for a source that has no group on the link; that also keeps an
 * ingest thread from taking the core again and again before others get it.
 */
bool aggregator_thread_try(struct aggregator_thread *thread, struct group *group);
/* aggregator_want_digest(), aggregator_digest(); any thread. */
void aggregator_thread_want_digest(struct aggregator_thread *thread);
bool aggregator_thread_digest(struct aggregator_thread *thread, uint64_t *lsn, struct hash128 *digest);
void aggregator_thread_join(struct aggregator_thread *thread); /* closes its sockets */
#endif
