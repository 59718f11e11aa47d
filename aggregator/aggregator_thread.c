/* aggregator_thread.c - sockets and timers around the log and the aggregator core. */
#include "aggregator/aggregator_thread.h"
#include "common/clock.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/zloop.h"
#include "schemas/note.h"
#include <assert.h>
#include <stdlib.h>
#include <zmq.h>

static const double TICK_CHECK_S = 0.25;
enum {
	GROUPS_A_TURN = 4,    /* of up to thousands of events: updates must get their turn */
	UPDATES_US_MAX = 5000, /* and must not hold groups up for longer than this */
};

struct aggregator_state {
	struct aggregator_thread *thread;
	struct aggregator *aggregator;
	struct ev_loop *loop;
	struct zloop source[AGGREGATOR_SOURCES_MAX];
	unsigned ended;
	ev_timer publish, tick;
	ev_prepare work;
	ev_idle busy;    /* keeps the loop from sleeping while drains are due */
	bool wanted;     /* a round of updates is due, or under way */
	int64_t turned_us; /* when the last turn's updates were done with */
};

static void
send_alert(void *context, struct slice topic, const struct alert_row *row)
{
	struct aggregator_state *state = context;
	struct buf packed = {0};
	alert_encode(row, &packed);
	struct note *note = note_new(NOTE_ALERT, row->at_ms);
	note_add(note, 0, topic);
	note_add(note, 1, buf_slice(&packed));
	buf_fini(&packed);
	link_put(state->thread->notes, note); /* a transition is told once: it must not be lost */
}

/* Logged, then applied: state never runs ahead of the log. What the log did not take has lsn 0 and is not applied. */
static void
log_and_apply(struct aggregator_state *state, struct group *group)
{
	log_append(state->thread->log, group);
	aggregator_apply(state->aggregator, group);
}

static bool
on_group(struct zloop *watcher)
{
	struct aggregator_state *state = watcher->data;
	void *pointer;
	if (!link_receive(watcher->socket, &pointer))
		return false;
	struct group *group = pointer;
	if (group == NULL) {
		if (++state->ended == state->thread->sources)
			ev_break(state->loop, EVBREAK_ALL);
		return false;
	}
	log_and_apply(state, group);
	bool sent = link_send(state->thread->settled[group->worker], group);
	assert(sent); /* what is in flight is bounded below LINK_DEPTH */
	(void)sent;
	return true;
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct aggregator_state *state = timer->data;
	(void)loop, (void)revents;
	struct group *group = log_tick_due(state->thread->log, clock_wall_ms());
	if (group == NULL)
		return;
	log_and_apply(state, group);
	group_free(group);
}

static bool
publisher_has_room(struct aggregator_state *state)
{
	int events = 0;
	size_t size = sizeof(events);
	zmq_getsockopt(state->thread->updates, ZMQ_EVENTS, &events, &size);
	return (events & ZMQ_POLLOUT) != 0;
}

/* One update of a round. What has changed stays marked until the publisher has room: it conflates, it does not queue. */
static bool
publish(struct aggregator_state *state)
{
	struct buf update = {0};
	if (!publisher_has_room(state))
		return false;
	enum aggregator_told told = aggregator_publish(state->aggregator, &update);
	state->wanted = told == AGGREGATOR_BUSY || told == AGGREGATOR_MORE;
	if (told != AGGREGATOR_MORE && told != AGGREGATOR_DONE)
		return false;
	struct note *note = note_new(NOTE_UPDATE, 0);
	note->bytes = update;
	link_put(state->thread->updates, note);
	return state->wanted;
}

static void
on_publish(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct aggregator_state *state = timer->data;
	(void)loop, (void)revents;
	state->wanted = true; /* done in on_work(), between messages */
}

/*
 * Each turn of the loop: a slice of what is due, then updates for as long as the turn's
 * groups took. Shared like this, small groups are not held up by large rounds, nor rounds
 * by large groups. (Only the pace depends on the clock here: not what is told in the end.)
 */
static void
on_work(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct aggregator_state *state = prepare->data;
	(void)revents;
	bool drained = aggregator_work(state->aggregator);
	int64_t begin = clock_steady_us(), taken = begin - state->turned_us;
	int64_t end = begin + (taken < UPDATES_US_MAX ? taken : UPDATES_US_MAX);
	while (drained && state->wanted && publish(state) && clock_steady_us() < end)
		;
	state->turned_us = clock_steady_us();
	if (!drained || state->wanted)
		ev_idle_start(loop, &state->busy);
	else
		ev_idle_stop(loop, &state->busy);
}

static void
on_busy(struct ev_loop *loop, ev_idle *idle, int revents)
{
	(void)loop, (void)idle, (void)revents;
}

static void *
run(void *argument)
{
	struct aggregator_thread *thread = argument;
	struct aggregator_state *state = thread->state;
	ev_run(state->loop, 0);
	while (!aggregator_work(state->aggregator))
		;
	do
		publish(state);
	while (state->wanted);
	link_end(thread->updates);
	link_end(thread->notes);
	return NULL;
}

void
aggregator_thread_start(struct aggregator_thread *thread)
{
	struct aggregator_state *state = mem_zalloc(1, sizeof(*state));
	thread->state = state;
	state->thread = thread;
	thread->core.alert = send_alert;
	thread->core.context = state;
	state->aggregator = aggregator_new(&thread->core);
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	for (unsigned w = 0; w < thread->sources; w++) {
		zloop_start(&state->source[w], state->loop, thread->source[w], on_group, state);
		state->source[w].drain_max = GROUPS_A_TURN;
	}
	ev_timer_init(&state->tick, on_tick, 0, TICK_CHECK_S);
	state->tick.data = state;
	if (thread->ticks)
		ev_timer_start(state->loop, &state->tick);
	ev_timer_init(&state->publish, on_publish, thread->every_ms / 1e3, thread->every_ms / 1e3);
	state->publish.data = state;
	ev_timer_start(state->loop, &state->publish);
	ev_prepare_init(&state->work, on_work);
	ev_set_priority(&state->work, EV_MAXPRI);
	state->work.data = state;
	ev_prepare_start(state->loop, &state->work);
	ev_idle_init(&state->busy, on_busy);
	pthread_create(&thread->thread, NULL, run, thread);
	pthread_setname_np(thread->thread, "laju-aggregate");
}

void
aggregator_thread_join(struct aggregator_thread *thread)
{
	pthread_join(thread->thread, NULL);
	for (unsigned w = 0; w < thread->sources; w++) {
		zmq_close(thread->source[w]);
		zmq_close(thread->settled[w]);
	}
	zmq_close(thread->updates);
	zmq_close(thread->notes);
	ev_loop_destroy(thread->state->loop);
	aggregator_free(thread->state->aggregator);
	free(thread->state);
}
