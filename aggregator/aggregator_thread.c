/* aggregator_thread.c - sockets and timers around the log and the aggregator core. */
#include "aggregator/aggregator_thread.h"
#include "common/clock.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/memory.h"
#include "common/zloop.h"
#include "schemas/codes.h"
#include "schemas/note.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

static const double TICK_CHECK_S = 0.25, FIGURES_S = 1, AUDIT_S = 0.2;
enum {
	GROUPS_A_TURN = 4,    /* of up to thousands of events: updates must get their turn */
	UPDATES_US_MAX = 5000, /* and must not hold groups up for longer than this */
};

struct aggregator_state {
	struct aggregator_thread *thread;
	struct aggregator *aggregator; /* the thread's */
	pthread_mutex_t core;  /* held while the log, the aggregator or the link for notes is used */
	struct ev_loop *loop;
	struct zloop updates; /* wakes the loop when there is room again */
	struct zloop source[AGGREGATOR_SOURCES_MAX];
	struct zloop questions;
	unsigned ended;
	ev_timer publish, tick, figures, audit;
	ev_prepare work;
	ev_idle busy;      /* keeps the loop from sleeping while drains are due */
	bool wanted;       /* a round of updates is due, or under way */
	int64_t groups_us; /* what this turn's groups took */
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

/* State that ran ahead of the disk would count what a restart does not know. */
static void
must_be_durable(const struct aggregator_thread *thread, const struct group *group)
{
	if (group->lsn <= atomic_load_explicit(thread->durable, memory_order_acquire))
		return;
	fprintf(stderr, "laju: record %llu of the log was to be applied before it was durable; this is a fault of laju: report it\n",
	        (unsigned long long)group->lsn);
	abort();
}

/*
 * Logged, then applied: state never runs ahead of the log. What the log did not take has
 * lsn 0 and is not applied. Holds the core.
 */
static void
log_and_apply(struct aggregator_state *state, struct group *group)
{
	struct aggregator_thread *thread = state->thread;
	if (thread->log == NULL)
		must_be_durable(thread, group);
	else if (log_append(thread->log, group) < 0)
		group->refusal = BATCH_STORAGE_FAILED;
	aggregator_apply(state->aggregator, group);
}

bool
aggregator_thread_try(struct aggregator_thread *thread, struct group *group)
{
	struct aggregator_state *state = thread->state;
	if (pthread_mutex_trylock(&state->core) != 0)
		return false;
	bool quick = aggregator_is_quick(state->aggregator, group);
	if (quick)
		log_and_apply(state, group);
	pthread_mutex_unlock(&state->core);
	return quick;
}

void
aggregator_thread_want_digest(struct aggregator_thread *thread)
{
	pthread_mutex_lock(&thread->state->core);
	aggregator_want_digest(thread->aggregator);
	pthread_mutex_unlock(&thread->state->core);
}

bool
aggregator_thread_digest(struct aggregator_thread *thread, uint64_t *lsn, struct hash128 *digest)
{
	pthread_mutex_lock(&thread->state->core);
	bool taken = aggregator_digest(thread->aggregator, lsn, digest);
	pthread_mutex_unlock(&thread->state->core);
	return taken;
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
	int64_t begin = clock_steady_us();
	pthread_mutex_lock(&state->core);
	log_and_apply(state, group);
	pthread_mutex_unlock(&state->core);
	state->groups_us += clock_steady_us() - begin;
	if (group->kind == GROUP_TICK) { /* the journal's */
		group_free(group);
		return true;
	}
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
	pthread_mutex_lock(&state->core);
	struct group *group = log_tick_due(state->thread->log, clock_now_ms());
	if (group != NULL)
		log_and_apply(state, group);
	pthread_mutex_unlock(&state->core);
	if (group != NULL)
		group_free(group);
}

/* Those of a second ago are as good: nobody waits for room. */
static void
on_figures(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct aggregator_state *state = timer->data;
	struct note *note = note_new(NOTE_FIGURES, 0);
	struct figures figures;
	uint64_t resident_bytes = (uint64_t)memory_resident();
	(void)loop, (void)revents;
	pthread_mutex_lock(&state->core);
	aggregator_figures(state->aggregator, &figures);
	figures.resident_bytes = resident_bytes;
	buf_add(&note->bytes, &figures, sizeof(figures));
	bool sent = link_send(state->thread->notes, note);
	pthread_mutex_unlock(&state->core);
	if (!sent)
		note_free(note);
}

static void
on_audit(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct aggregator_state *state = timer->data;
	(void)loop, (void)revents;
	pthread_mutex_lock(&state->core);
	bool right = aggregator_audit(state->aggregator);
	pthread_mutex_unlock(&state->core);
	if (!right)
		fprintf(stderr, "laju: audit_mismatch: a recount found a wrong total; figures may be wrong: restart, and report it\n");
}

/* An answer that finds no room is not given: who asked asks again. */
static bool
on_question(struct zloop *watcher)
{
	struct aggregator_state *state = watcher->data;
	struct buf packed = {0};
	void *pointer;
	if (!link_receive(watcher->socket, &pointer))
		return false;
	struct note *question = pointer, *answer = note_new(NOTE_ANSWER, 0);
	pthread_mutex_lock(&state->core);
	aggregator_explain(state->aggregator, note_text(question, 1), note_text(question, 2), &packed);
	note_add(answer, 0, note_text(question, 0));
	note_add(answer, 1, buf_slice(&packed));
	bool sent = link_send(state->thread->notes, answer);
	pthread_mutex_unlock(&state->core);
	if (!sent)
		note_free(answer);
	note_free(question);
	buf_fini(&packed);
	return true;
}

static bool
publisher_has_room(struct aggregator_state *state)
{
	int events = 0;
	size_t size = sizeof(events);
	zmq_getsockopt(state->thread->updates, ZMQ_EVENTS, &events, &size);
	return (events & ZMQ_POLLOUT) != 0;
}

static bool
work(struct aggregator_state *state)
{
	pthread_mutex_lock(&state->core);
	bool drained = aggregator_work(state->aggregator);
	pthread_mutex_unlock(&state->core);
	return drained;
}

/* One update of a round. What has changed stays marked until the publisher has room: it conflates, it does not queue. */
static enum aggregator_told
publish(struct aggregator_state *state)
{
	struct buf update = {0};
	pthread_mutex_lock(&state->core);
	enum aggregator_told told = aggregator_publish(state->aggregator, &update);
	pthread_mutex_unlock(&state->core);
	state->wanted = told == AGGREGATOR_BUSY || told == AGGREGATOR_MORE;
	if (told == AGGREGATOR_MORE || told == AGGREGATOR_DONE) {
		struct note *note = note_new(NOTE_UPDATE, 0);
		note->bytes = update;
		link_put(state->thread->updates, note);
	}
	return told;
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
	int64_t end = clock_steady_us() + (state->groups_us < UPDATES_US_MAX ? state->groups_us : UPDATES_US_MAX);
	bool room = true, drained = work(state);
	state->groups_us = 0;
	while (drained && state->wanted && (room = publisher_has_room(state))) {
		drained = publish(state) != AGGREGATOR_BUSY;
		if (clock_steady_us() >= end)
			break;
	}
	if (!drained || (state->wanted && room)) /* without room the link's own event ends the sleep */
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
	do
		work(state);
	while (publish(state) != AGGREGATOR_NOTHING); /* a round under way, then one of what has come since */
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
	pthread_mutex_init(&state->core, NULL);
	state->aggregator = thread->aggregator;
	aggregator_tell(state->aggregator, send_alert, state);
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	for (unsigned s = 0; s < thread->sources; s++) {
		zloop_start(&state->source[s], state->loop, thread->source[s], on_group, state);
		state->source[s].drain_max = GROUPS_A_TURN;
		state->source[s].only_receives = true;
	}
	zloop_start(&state->questions, state->loop, thread->questions, on_question, state);
	state->questions.only_receives = true;
	zloop_start(&state->updates, state->loop, thread->updates, NULL, state);
	ev_timer_init(&state->tick, on_tick, 0, TICK_CHECK_S);
	state->tick.data = state;
	if (thread->log != NULL && thread->ticks)
		ev_timer_start(state->loop, &state->tick);
	ev_timer_init(&state->publish, on_publish, thread->every_ms / 1e3, thread->every_ms / 1e3);
	state->publish.data = state;
	ev_timer_start(state->loop, &state->publish);
	ev_timer_init(&state->figures, on_figures, 0, FIGURES_S);
	state->figures.data = state;
	ev_timer_start(state->loop, &state->figures);
	ev_timer_init(&state->audit, on_audit, AUDIT_S, AUDIT_S);
	state->audit.data = state;
	ev_timer_start(state->loop, &state->audit);
	ev_prepare_init(&state->work, on_work);
	ev_set_priority(&state->work, EV_MINPRI); /* the last to look at `updates`: no other may eat its edge in between */
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
	for (unsigned s = 0; s < thread->sources; s++)
		zmq_close(thread->source[s]);
	for (unsigned w = 0; w < thread->workers; w++)
		zmq_close(thread->settled[w]);
	zmq_close(thread->updates);
	zmq_close(thread->notes);
	ev_loop_destroy(thread->state->loop);
	pthread_mutex_destroy(&thread->state->core);
	free(thread->state);
}
