/* ingest_thread.c - sockets around the ingest core. */
#include "ingest/ingest_thread.h"
#include "common/clock.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/zloop.h"
#include "ingest/frames.h"
#include "ingest/memory_watch.h"
#include "schemas/note.h"
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zmq.h>

/* A feed is told of at most every so often of its own time: its age is shown in seconds. */
enum { FEED_EVERY_MS = 200, FEED_SLOTS = 64 };
/* Small messages nobody waits for: larger groups, fewer wake-ups (measured: a fifth less CPU an event than 64). */
enum { PULL_DRAIN_MAX = 512 };
/* A quarter of the credit of a peer: it can send on while these are answered. */
enum { ROUTER_DRAIN_MAX = 64 };
enum { TRY_EVENTS_MAX = 64 }; /* see tried() */

struct feed_told {
	uint64_t hash;
	int64_t at_ms;
};

struct ingest_state {
	struct feed_told feed[FEED_SLOTS];
	struct ingest_thread *thread;
	struct ingest *ingest;
	struct ev_loop *loop;
	struct zloop router, pull, front, settled;
	struct memory_watch memory;
	ev_prepare flush;
	ev_async stop;
	bool stopping;
	bool told_full; /* what the publisher was told last */
	uint64_t groups_out; /* taken and not yet settled */
};

static void
send_answer(void *context, enum ingest_port port, struct slice peer, struct slice answer)
{
	struct ingest_state *state = context;
	bool to_front = state->thread->front != NULL;
	frames_send_answer(to_front ? state->thread->front : state->thread->router, to_front, port == PORT_ACKED_REQ, peer,
	                   answer);
}

/* The publisher is behind: the letter is lost to the list, not to the counters. */
static void
send_note(struct ingest_state *state, struct note *note)
{
	if (link_send(state->thread->notes, note))
		return;
	state->thread->notes_lost++;
	note_free(note);
}

static void
send_dead(void *context, const struct dead_letter *letter)
{
	struct note *note = note_new(NOTE_DEAD, letter->at_ms);
	note_add(note, 0, slice_of(letter->peer));
	note_add(note, 1, slice_of(letter->code));
	note_add(note, 2, slice_of(letter->text));
	note_add(note, 3, letter->raw);
	send_note(context, note);
}

static void
send_feed(void *context, struct slice feed, int64_t at_ms)
{
	struct ingest_state *state = context;
	uint64_t hash = XXH3_64bits(feed.p, feed.n);
	struct feed_told *told = &state->feed[hash % FEED_SLOTS];
	if (told->hash == hash && at_ms >= told->at_ms && at_ms - told->at_ms < FEED_EVERY_MS)
		return;
	*told = (struct feed_told){hash, at_ms};
	struct note *note = note_new(NOTE_FEED, at_ms);
	note_add(note, 0, feed);
	send_note(state, note);
}

static bool
on_frames(struct ingest_state *state, struct frames *frames)
{
	struct slice peer = frames_slice(&frames->peer), user = {0};
	if (!ingest_knows(state->ingest, frames->port, peer))
		user = frames_user(frames);
	ingest_receive(state->ingest, frames->port, peer, user, frames_slice(&frames->body), clock_now_ms());
	frames_close(frames);
	return true;
}

static bool
on_router(struct zloop *watcher)
{
	struct frames frames;
	return frames_receive_router(watcher->socket, &frames) && on_frames(watcher->data, &frames);
}

static bool
wants_push(const struct ingest_state *state)
{
	return ingest_wants_push(state->ingest) && !atomic_load_explicit(state->thread->storage_full, memory_order_relaxed);
}

static bool
on_pull(struct zloop *watcher)
{
	struct ingest_state *state = watcher->data;
	struct frames frames;
	if (!wants_push(state)) {
		zloop_pause(watcher); /* the senders' high-water marks push back */
		return false;
	}
	return frames_receive_pull(watcher->socket, &frames) && on_frames(state, &frames);
}

static bool
on_front(struct zloop *watcher)
{
	struct ingest_state *state = watcher->data;
	struct frames frames;
	if (!ingest_has_room(state->ingest)) {
		zloop_pause(watcher); /* the link fills up, and the front stops reading */
		return false;
	}
	return frames_receive_front(watcher->socket, &frames) && on_frames(state, &frames);
}

static void
resume(struct ingest_state *state)
{
	if (wants_push(state))
		zloop_resume(&state->pull);
	if (ingest_has_room(state->ingest))
		zloop_resume(&state->front);
}

static void
settle(struct ingest_state *state, struct group *group)
{
	ingest_settle(state->ingest, group);
	resume(state);
}

/* A note that was lost is made up for at the next look. One worker speaks for all. */
static void
tell_full(struct ingest_state *state, bool full)
{
	if (state->thread->worker != 0 || full == state->told_full)
		return;
	struct note *note = note_alarm(ALARM_MEMORY_FULL, full);
	if (link_send(state->thread->notes, note))
		state->told_full = full;
	else
		note_free(note);
}

static void
on_memory(void *context, bool full)
{
	struct ingest_state *state = context;
	ingest_memory(state->ingest, full);
	tell_full(state, full);
	resume(state);
}

static bool
on_settled(struct zloop *watcher)
{
	struct ingest_state *state = watcher->data;
	void *group;
	if (!link_receive(watcher->socket, &group))
		return false;
	state->groups_out--;
	settle(state, group);
	return true;
}

/* A small group is not worth two wake-ups; a large one is: its thread accepts the next meanwhile. */
static bool
tried(struct ingest_state *state, struct group *group)
{
	struct ingest_thread *thread = state->thread;
	if (thread->try == NULL || state->groups_out > 0 || group->event_count > TRY_EVENTS_MAX ||
	    !thread->try(thread->try_context, group))
		return false;
	settle(state, group);
	return true;
}

/* Before the loop sleeps: all that a turn has brought goes on as one group. */
static void
on_flush(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct ingest_state *state = prepare->data;
	(void)revents;
	struct group *group;
	while (ingest_ready(state->ingest) && (group = ingest_take(state->ingest, clock_now_ms())) != NULL) {
		group->worker = state->thread->worker;
		if (tried(state, group))
			continue;
		bool sent = link_send(state->thread->groups, group);
		assert(sent); /* INGEST_GROUPS_IN_FLIGHT_MAX is below LINK_DEPTH */
		(void)sent;
		state->groups_out++;
	}
	if (state->stopping && state->groups_out == 0 && !ingest_ready(state->ingest))
		ev_break(loop, EVBREAK_ALL);
}

static void
on_stop(struct ev_loop *loop, ev_async *async, int revents)
{
	struct ingest_state *state = async->data;
	(void)loop, (void)revents;
	state->stopping = true;
	ingest_stop(state->ingest);
}

static void *
run(void *argument)
{
	struct ingest_thread *thread = argument;
	struct ingest_state *state = thread->state;
	ev_run(state->loop, 0);
	link_end(thread->notes);
	link_end(thread->groups);
	return NULL;
}

void
ingest_thread_start(struct ingest_thread *thread)
{
	struct ingest_state *state = mem_zalloc(1, sizeof(*state));
	thread->state = state;
	state->thread = thread;
	thread->core.send = send_answer;
	thread->core.dead = send_dead;
	thread->core.feed = send_feed;
	thread->core.context = state;
	state->ingest = ingest_new(&thread->core);
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	if (thread->router != NULL) {
		zloop_start(&state->router, state->loop, thread->router, on_router, state);
		state->router.drain_max = ROUTER_DRAIN_MAX;
	}
	if (thread->pull != NULL) {
		zloop_start(&state->pull, state->loop, thread->pull, on_pull, state);
		state->pull.drain_max = PULL_DRAIN_MAX;
		state->pull.only_receives = true;
	}
	if (thread->front != NULL)
		zloop_start(&state->front, state->loop, thread->front, on_front, state);
	zloop_start(&state->settled, state->loop, thread->settled, on_settled, state);
	state->settled.only_receives = true;
	memory_watch_start(&state->memory, state->loop, thread->memory_max, thread->front == NULL, thread->memory_full,
	                   on_memory, state);
	ev_prepare_init(&state->flush, on_flush);
	ev_set_priority(&state->flush, EV_MAXPRI);
	state->flush.data = state;
	ev_prepare_start(state->loop, &state->flush);
	ev_async_init(&state->stop, on_stop);
	state->stop.data = state;
	ev_async_start(state->loop, &state->stop);
	pthread_create(&thread->thread, NULL, run, thread);
	pthread_setname_np(thread->thread, "laju-ingest");
}

void
ingest_thread_stop(struct ingest_thread *thread)
{
	ev_async_send(thread->state->loop, &thread->state->stop);
}

void
ingest_thread_join(struct ingest_thread *thread)
{
	struct ingest_state *state = thread->state;
	pthread_join(thread->thread, NULL);
	void *sockets[] = {thread->router, thread->pull, thread->front, thread->groups, thread->settled, thread->notes};
	for (unsigned s = 0; s < sizeof(sockets) / sizeof(sockets[0]); s++)
		if (sockets[s] != NULL)
			zmq_close(sockets[s]);
	ev_loop_destroy(state->loop);
	ingest_count(state->ingest, &thread->counters);
	ingest_free(state->ingest);
	free(state);
}
