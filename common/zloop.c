/* zloop.c - a ZeroMQ socket on a libev loop. */
#include "common/zloop.h"
#include <assert.h>
#include <zmq.h>

static bool
input_waits(const struct zloop *watcher)
{
	int events = 0;
	size_t size = sizeof(events);
	if (zmq_getsockopt(watcher->socket, ZMQ_EVENTS, &events, &size) != 0)
		return false; /* ETERM: shutdown has begun */
	return watcher->readable != NULL && (events & ZMQ_POLLIN) != 0;
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct zloop *watcher = io->data;
	(void)loop, (void)revents;
	watcher->ready = watcher->readable != NULL; /* check does the work */
}

static void
on_idle(struct ev_loop *loop, ev_idle *idle, int revents)
{
	(void)loop, (void)idle, (void)revents; /* only keeps the loop from sleeping */
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct zloop *watcher = prepare->data;
	(void)revents;
	if (!watcher->only_receives && input_waits(watcher))
		watcher->ready = true;
	if (watcher->ready && !watcher->paused)
		ev_idle_start(loop, &watcher->idle);
}

static void
on_check(struct ev_loop *loop, ev_check *check, int revents)
{
	struct zloop *watcher = check->data;
	(void)revents;
	ev_idle_stop(loop, &watcher->idle);
	for (int turn = 0; watcher->ready && !watcher->paused && turn < watcher->drain_max; turn++)
		watcher->ready = watcher->readable(watcher);
}

void
zloop_start(struct zloop *watcher, struct ev_loop *loop, void *socket, zloop_fn *readable, void *data)
{
	int fd = -1;
	size_t size = sizeof(fd);
	int rc = zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
	assert(rc == 0);
	(void)rc;
	watcher->loop = loop;
	watcher->socket = socket;
	watcher->readable = readable;
	watcher->data = data;
	watcher->paused = watcher->only_receives = false;
	watcher->ready = readable != NULL;
	watcher->drain_max = ZLOOP_DRAIN_MAX;
	ev_io_init(&watcher->io, on_io, fd, EV_READ);
	ev_set_priority(&watcher->io, EV_MAXPRI); /* before check, in the same turn */
	ev_prepare_init(&watcher->prepare, on_prepare);
	ev_check_init(&watcher->check, on_check);
	ev_idle_init(&watcher->idle, on_idle);
	watcher->io.data = watcher->prepare.data = watcher->check.data = watcher;
	ev_io_start(loop, &watcher->io);
	ev_prepare_start(loop, &watcher->prepare);
	ev_check_start(loop, &watcher->check);
}

void
zloop_stop(struct zloop *watcher)
{
	ev_io_stop(watcher->loop, &watcher->io);
	ev_prepare_stop(watcher->loop, &watcher->prepare);
	ev_check_stop(watcher->loop, &watcher->check);
	ev_idle_stop(watcher->loop, &watcher->idle);
}

void
zloop_pause(struct zloop *watcher)
{
	watcher->paused = true;
	ev_io_stop(watcher->loop, &watcher->io); /* it stays readable: the loop would spin */
}

void
zloop_resume(struct zloop *watcher)
{
	if (!watcher->paused)
		return;
	watcher->paused = false;
	watcher->ready = true;
	ev_io_start(watcher->loop, &watcher->io);
}
