/*
 * memory_watch.h - whether memory is full, told to the loops of the threads that take events in, four times a second.
 *
 * One of them leads, on the thread that reads the PULL: it looks at the process's resident size, gives free
 * memory back to the system when the budget is passed, decides, and says on stderr when that begins and
 * ends. Workers behind a front follow it, by one flag: if each decided for itself, some would refuse
 * what others take. Without a budget it only looks: who is told takes up again what had to wait.
 */
#ifndef INGEST_MEMORY_WATCH_H
#define INGEST_MEMORY_WATCH_H
#include "ingest/budget.h"
#include <ev.h>
#include <stdatomic.h>

/* Called at every look, also when nothing has changed. */
typedef void memory_fn(void *context, bool full);

struct memory_watch {
	struct budget budget; /* the leader's */
	bool leads;
	atomic_bool *full;    /* the process's: the leader writes it */
	unsigned rest;        /* looks until memory is trimmed again */
	memory_fn *told;
	void *context;
	ev_timer timer;
};

/* max_bytes 0: no budget, never full. full outlives the loop. */
void memory_watch_start(struct memory_watch *watch, struct ev_loop *loop, int64_t max_bytes, bool leads,
                        atomic_bool *full, memory_fn *told, void *context);
#endif
