/*
 * journal_thread.h - the log on disk in a thread of its own: groups in from ingest, group commit, groups out to the
 * aggregator in the order of the log.
 *
 * A commit holds all that came while the one before it was written: at once when there is nothing else to do, more the
 * busier it is. A group goes on only when log_durable() has reached it, or when the log has refused it (then its lsn is 0
 * and refusal says why); both in the order they came, since ingest takes them back in that order. Ticks of a minute
 * without a record are made here.
 *
 * Trouble: without room events are refused before they are taken, ticks are not, and all goes on by itself when there is
 * room; also when the disk was full in the midst of a commit. Another write or sync that failed ends the log until the
 * service is started anew. Both are alarms.
 *
 * Trimming: records below trim_below (struct log_images) go when they are older than keep_ms, or when four fifths of journal_max
 * are used or the disk is full, oldest first.
 */
#ifndef JOURNAL_JOURNAL_THREAD_H
#define JOURNAL_JOURNAL_THREAD_H
#include "journal/log.h"
#include <pthread.h>
#include <stdatomic.h>

enum { JOURNAL_SOURCES_MAX = 16 };

struct journal_thread {
	/* set by the node before start */
	struct log *log;                   /* the thread's from start to join */
	bool ticks;                        /* clock: wall: a minute without a record is logged as a tick */
	void *source[JOURNAL_SOURCES_MAX]; /* links from ingest, by group->worker */
	unsigned sources;
	void *groups;                      /* link to the aggregator: every group, and ticks, which it frees */
	void *notes;                       /* link to the publisher: figures and alarms */
	atomic_bool *full;                 /* told to ingest: there is no room for events */
	void (*look)(struct log *log);     /* called a few times a second: what else is kept beside the records; may be NULL */
	int64_t keep_ms;                   /* records are kept for so long of log time, where there is room */
	_Atomic uint64_t durable;          /* log_durable(), for whoever wants to be sure */
	struct journal_state *state;
	pthread_t thread;
};

/* Ends by itself when every source has sent its end mark, after a last commit, and passes the mark on. */
void journal_thread_start(struct journal_thread *thread);
/* As of its last look; any thread. */
void journal_thread_figures(const struct journal_thread *thread, struct log_figures *out);
/* Any thread. */
void journal_thread_images(struct journal_thread *thread, const struct log_images *images);
void journal_thread_join(struct journal_thread *thread); /* closes its sockets */
#endif
