/*
 * zloop.h - a ZeroMQ socket on a libev loop.
 *
 * ZMQ_FD is edge-triggered and any send or receive on the socket may eat the
 * edge, so this watcher never trusts it alone: `prepare` reads ZMQ_EVENTS before
 * the loop sleeps and starts an `idle` when something is waiting, `check` calls
 * the owner at most drain_max times a turn. It serves every socket, also send-only
 * ones: an XPUB takes subscriptions only when its owner enters libzmq. (The look also
 * eats the edge of room to send: who waits for room looks after all zloops, at
 * EV_MINPRI.) libev calls check watchers of one priority last-started first. A socket that
 * is never sent on needs no such look: until a receive says EAGAIN it is read on, and
 * from then on the edge is still to come (each look costs two system calls a turn).
 * All calls from the thread that runs the loop and owns the socket.
 */
#ifndef COMMON_ZLOOP_H
#define COMMON_ZLOOP_H
#include <ev.h>
#include <stdbool.h>

enum { ZLOOP_DRAIN_MAX = 64 }; /* calls a loop turn unless set otherwise: bounds how late a timer can be */

struct zloop;
/* Receives one message with ZMQ_DONTWAIT. True: got one; false: EAGAIN, or it has paused the watcher. */
typedef bool zloop_fn(struct zloop *watcher);

struct zloop {
	struct ev_loop *loop;
	void *socket;
	zloop_fn *readable;
	void *data;      /* the owner's */
	int drain_max;   /* ZLOOP_DRAIN_MAX; the owner may set another after zloop_start() */
	bool only_receives; /* the owner may set it after zloop_start() with a readable: nothing is ever sent on this socket */
	bool ready;      /* something may be waiting */
	bool paused;     /* set while the owner wants no input; clearing it: zloop_resume() */
	ev_io io;
	ev_prepare prepare;
	ev_check check;
	ev_idle idle;
};

/* readable may be NULL for a socket that is only ever sent on. */
void zloop_start(struct zloop *watcher, struct ev_loop *loop, void *socket, zloop_fn *readable, void *data);
void zloop_stop(struct zloop *watcher);
void zloop_pause(struct zloop *watcher);
void zloop_resume(struct zloop *watcher);
#endif
