/* front.c - deals messages to ingest workers. */
#include "ingest/front.h"
#include "common/mem.h"
#include "common/zloop.h"
#include "ingest/frames.h"
#include "ingest/memory_watch.h"
#include <stdlib.h>
#include <xxhash.h>

struct front_state {
	struct front *front;
	struct ev_loop *loop;
	struct zloop router, pull, worker[INGEST_WORKERS_MAX];
	struct memory_watch memory;
	bool full; /* as the watch said last */
	ev_timer retry; /* looks again for room, when a worker had none */
	ev_async stop;
};

static bool
deal(struct front_state *state, struct frames *frames)
{
	struct front *front = state->front;
	struct slice who = zmq_msg_size(&frames->peer) > 0 ? frames_slice(&frames->peer) : frames_user(frames);
	unsigned worker = (unsigned)(XXH3_64bits(who.p, who.n) % front->workers);
	frames_send_worker(front->worker[worker], frames);
	frames_close(frames);
	return true;
}

static const double RETRY_S = 0.001;

static void
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct front_state *state = timer->data;
	(void)revents;
	ev_timer_stop(loop, timer);
	zloop_resume(&state->router);
	zloop_resume(&state->pull);
}

/* While a worker is that far behind nothing is read: the sockets' high-water marks push back on the senders. */
static bool
workers_have_room(struct front_state *state)
{
	const struct front *front = state->front;
	for (unsigned w = 0; w < front->workers; w++) {
		int events = 0;
		size_t size = sizeof(events);
		zmq_getsockopt(front->worker[w], ZMQ_EVENTS, &events, &size);
		if (!(events & ZMQ_POLLOUT)) {
			zloop_pause(&state->router);
			zloop_pause(&state->pull);
			ev_timer_again(state->loop, &state->retry);
			return false;
		}
	}
	return true;
}

static bool
on_router(struct zloop *watcher)
{
	struct front_state *state = watcher->data;
	struct frames frames;
	return workers_have_room(state) && frames_receive_router(watcher->socket, &frames) && deal(state, &frames);
}

static bool
must_wait(const struct front_state *state)
{
	return state->full || atomic_load_explicit(state->front->storage_full, memory_order_relaxed);
}

static bool
on_pull(struct zloop *watcher)
{
	struct front_state *state = watcher->data;
	struct frames frames;
	if (must_wait(state)) {
		zloop_pause(watcher); /* what is in the links already is taken in */
		return false;
	}
	return workers_have_room(state) && frames_receive_pull(watcher->socket, &frames) && deal(state, &frames);
}

static bool
on_worker(struct zloop *watcher)
{
	struct front_state *state = watcher->data;
	return frames_forward_answer(watcher->socket, state->front->router);
}

static void
on_memory(void *context, bool full)
{
	struct front_state *state = context;
	state->full = full;
	if (!must_wait(state))
		zloop_resume(&state->pull);
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
	state->pull.only_receives = true;
	for (unsigned w = 0; w < front->workers; w++)
		zloop_start(&state->worker[w], state->loop, front->worker[w], on_worker, state);
	ev_timer_init(&state->retry, on_retry, 0, RETRY_S);
	state->retry.data = state;
	memory_watch_start(&state->memory, state->loop, front->memory_max, true, front->memory_full, on_memory, state);
	ev_async_init(&state->stop, on_stop);
	state->stop.data = state;
	ev_async_start(state->loop, &state->stop);
	pthread_create(&front->thread, NULL, run, front);
	pthread_setname_np(front->thread, "laju-front");
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
