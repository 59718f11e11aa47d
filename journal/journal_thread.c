/* journal_thread.c - sockets around the log. */
#include "journal/journal_thread.h"
#include "common/clock.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/zloop.h"
#include <assert.h>
#include <stdlib.h>
#include <zmq.h>

static const double TICK_CHECK_S = 0.25;

struct journal_state {
	struct journal_thread *thread;
	struct ev_loop *loop;
	struct zloop source[JOURNAL_SOURCES_MAX];
	ev_timer tick;
	unsigned ended;
};

static void
pass_on(struct journal_state *state, struct group *group)
{
	/* A group that could not be stored goes on with lsn 0, so that it comes back in order. */
	log_append(state->thread->log, group);
	bool sent = link_send(state->thread->records, group);
	assert(sent); /* what is in flight is bounded below LINK_DEPTH */
	(void)sent;
}

static bool
on_source(struct zloop *watcher)
{
	struct journal_state *state = watcher->data;
	void *group;
	if (!link_receive(watcher->socket, &group))
		return false;
	if (group != NULL) {
		pass_on(state, group);
		return true;
	}
	if (++state->ended == state->thread->sources)
		ev_break(state->loop, EVBREAK_ALL);
	return true;
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct journal_state *state = timer->data;
	(void)loop, (void)revents;
	struct group *group = log_tick_due(state->thread->log, clock_wall_ms());
	if (group != NULL)
		pass_on(state, group);
}

static void *
run(void *argument)
{
	struct journal_thread *thread = argument;
	ev_run(thread->state->loop, 0);
	link_end(thread->records);
	return NULL;
}

void
journal_thread_start(struct journal_thread *thread)
{
	struct journal_state *state = mem_zalloc(1, sizeof(*state));
	thread->state = state;
	state->thread = thread;
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	for (unsigned s = 0; s < thread->sources; s++)
		zloop_start(&state->source[s], state->loop, thread->source[s], on_source, state);
	ev_timer_init(&state->tick, on_tick, 0, TICK_CHECK_S);
	state->tick.data = state;
	if (thread->ticks)
		ev_timer_start(state->loop, &state->tick);
	pthread_create(&thread->thread, NULL, run, thread);
}

void
journal_thread_join(struct journal_thread *thread)
{
	pthread_join(thread->thread, NULL);
	for (unsigned s = 0; s < thread->sources; s++)
		zmq_close(thread->source[s]);
	zmq_close(thread->records);
	ev_loop_destroy(thread->state->loop);
	free(thread->state);
}
