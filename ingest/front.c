/* front.c - deals messages to ingest workers. */
#include "ingest/front.h"
#include "common/mem.h"
#include "common/zloop.h"
#include "ingest/frames.h"
#include <stdlib.h>
#include <xxhash.h>

struct front_state {
	struct front *front;
	struct ev_loop *loop;
	struct zloop router, pull, worker[INGEST_WORKERS_MAX];
	ev_async stop;
	bool stopping;
};

static bool
deal(struct front_state *state, struct frames *frames)
{
	struct front *front = state->front;
	struct slice who = zmq_msg_size(&frames->peer) > 0 ? frames_slice(&frames->peer) : frames_user(frames);
	unsigned worker = (unsigned)(XXH3_64bits(who.p, who.n) % front->workers);
	/* A full link means a worker far behind: the message is dropped as by any full queue; an acked sender resends. */
	frames_send_worker(front->worker[worker], frames);
	frames_close(frames);
	return true;
}

static bool
on_router(struct zloop *watcher)
{
	struct frames frames;
	return frames_receive_router(watcher->socket, &frames) && deal(watcher->data, &frames);
}

static bool
workers_have_room(const struct front *front)
{
	for (unsigned w = 0; w < front->workers; w++) {
		int events = 0;
		size_t size = sizeof(events);
		zmq_getsockopt(front->worker[w], ZMQ_EVENTS, &events, &size);
		if (!(events & ZMQ_POLLOUT))
			return false;
	}
	return true;
}

static bool
on_pull(struct zloop *watcher)
{
	struct front_state *state = watcher->data;
	struct frames frames;
	return workers_have_room(state->front) && frames_receive_pull(watcher->socket, &frames) && deal(state, &frames);
}

static bool
on_worker(struct zloop *watcher)
{
	struct front_state *state = watcher->data;
	return frames_forward_answer(watcher->socket, state->front->router);
}

static void
on_stop(struct ev_loop *loop, ev_async *async, int revents)
{
	struct front_state *state = async->data;
	(void)revents;
	for (unsigned w = 0; w < state->front->workers; w++)
		while (frames_forward_answer(state->front->worker[w], state->front->router))
			;
	ev_break(loop, EVBREAK_ALL);
}

static void *
run(void *argument)
{
	struct front *front = argument;
	ev_run(front->state->loop, 0);
	return NULL;
}

void
front_start(struct front *front)
{
	struct front_state *state = mem_zalloc(1, sizeof(*state));
	front->state = state;
	state->front = front;
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	zloop_start(&state->router, state->loop, front->router, on_router, state);
	zloop_start(&state->pull, state->loop, front->pull, on_pull, state);
	for (unsigned w = 0; w < front->workers; w++)
		zloop_start(&state->worker[w], state->loop, front->worker[w], on_worker, state);
	ev_async_init(&state->stop, on_stop);
	state->stop.data = state;
	ev_async_start(state->loop, &state->stop);
	pthread_create(&front->thread, NULL, run, front);
}

void
front_stop(struct front *front)
{
	ev_async_send(front->state->loop, &front->state->stop);
}

void
front_join(struct front *front)
{
	pthread_join(front->thread, NULL);
	zmq_close(front->router);
	zmq_close(front->pull);
	for (unsigned w = 0; w < front->workers; w++)
		zmq_close(front->worker[w]);
	ev_loop_destroy(front->state->loop);
	free(front->state);
}
