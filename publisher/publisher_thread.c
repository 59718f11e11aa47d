/* publisher_thread.c - sockets and the heartbeat timer around the publisher core. */
#include "publisher/publisher_thread.h"
#include "common/clock.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/zloop.h"
#include "schemas/note.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

static const double LOOK_EVERY_S = 0.25;

struct publisher_state {
	struct publisher_thread *thread;
	struct publisher *publisher;
	struct ev_loop *loop;
	struct zloop xpub, monitor, snapshot, notes[PUBLISHER_SOURCES_MAX];
	ev_timer heartbeat, look;
	bool jumped; /* the wall clock, and it is not followed */
	ev_prepare work;
	ev_idle busy;
	unsigned ended;
};

static void
send_row(void *context, struct slice topic, struct slice row)
{
	struct publisher_state *state = context;
	if (zmq_send(state->thread->xpub, topic.p, topic.n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return;
	zmq_send(state->thread->xpub, row.p, row.n, ZMQ_DONTWAIT);
}

/* peer is the routing id, with the flag byte that on_snapshot() put behind it. */
static void
send_reply(void *context, struct slice peer, struct slice reply)
{
	struct publisher_state *state = context;
	void *socket = state->thread->snapshot;
	bool delimited = peer.p[peer.n - 1] != 0;
	if (zmq_send(socket, peer.p, peer.n - 1, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return;
	if (delimited)
		zmq_send(socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	zmq_send(socket, reply.p, reply.n, ZMQ_DONTWAIT);
}

static bool
ask_aggregator(void *context, struct slice peer, struct slice cust, struct slice id)
{
	struct publisher_state *state = context;
	struct note *note = note_new(NOTE_QUESTION, 0);
	note_add(note, 0, peer);
	note_add(note, 1, cust);
	note_add(note, 2, id);
	if (link_send(state->thread->questions, note))
		return true;
	note_free(note);
	return false;
}

/* This thread is the one that looks at the process's clock. Both ends of a jump are a line on stderr. */
static void
look_at_clock(struct publisher_state *state)
{
	int64_t jump_ms = clock_look();
	if ((jump_ms != 0) == state->jumped)
		return;
	state->jumped = jump_ms != 0;
	publisher_alarm(state->publisher, ALARM_CLOCK_JUMP, state->jumped);
	if (state->jumped)
		fprintf(stderr,
		        "laju: clock_jump: the wall clock jumped %s by %" PRId64 " s and is not followed: "
		        "set it right, or accept it with `laju clock confirm`\n",
		        jump_ms > 0 ? "ahead" : "back", ((jump_ms > 0 ? jump_ms : -jump_ms) + 500) / 1000);
	else
		fprintf(stderr, "laju: the wall clock is followed again\n");
}

static void
confirm_clock(void *context, struct confirmed *confirmed)
{
	confirmed->jump_ms = clock_confirm();
	look_at_clock(context);
	confirmed->now_ms = clock_now_ms();
}

static bool
receive(void *socket, zmq_msg_t *message)
{
	int rc;
	zmq_msg_init(message);
	do
		rc = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		zmq_msg_close(message);
	return rc >= 0;
}

/* What the connection subscribed to goes with it. */
static bool
on_monitor(struct zloop *watcher)
{
	struct publisher_state *state = watcher->data;
	zmq_msg_t event, address;
	uint32_t fd;
	if (!receive(watcher->socket, &event))
		return false;
	if (zmq_msg_more(&event) && receive(watcher->socket, &address))
		zmq_msg_close(&address);
	if (zmq_msg_size(&event) == sizeof(uint16_t) + sizeof(fd)) {
		memcpy(&fd, (const uint8_t *)zmq_msg_data(&event) + sizeof(uint16_t), sizeof(fd));
		publisher_subscriber_gone(state->publisher, fd);
	}
	zmq_msg_close(&event);
	return true;
}

static bool
on_xpub(struct zloop *watcher)
{
	struct publisher_state *state = watcher->data;
	zmq_msg_t frame;
	if (!receive(watcher->socket, &frame))
		return false;
	while (on_monitor(&state->monitor))
		; /* before it: the connection may have the number of one that is gone */
	int fd = zmq_msg_get(&frame, ZMQ_SRCFD); /* none: libzmq's own word for a connection that is gone */
	if (fd >= 0)
		publisher_subscription(state->publisher, (uint32_t)fd,
		                       (struct slice){zmq_msg_data(&frame), (uint32_t)zmq_msg_size(&frame)});
	zmq_msg_close(&frame);
	return true;
}

static bool
on_snapshot(struct zloop *watcher)
{
	struct publisher_state *state = watcher->data;
	zmq_msg_t id, body;
	uint8_t peer[256];
	if (!receive(watcher->socket, &id))
		return false;
	size_t n = zmq_msg_size(&id);
	memcpy(peer, zmq_msg_data(&id), n);
	peer[n] = 0;
	bool more = zmq_msg_more(&id);
	zmq_msg_close(&id);
	for (unsigned frame = 0; more && receive(watcher->socket, &body); frame++) {
		more = zmq_msg_more(&body);
		if (frame == 0 && more && zmq_msg_size(&body) == 0)
			peer[n] = 1; /* a REQ client */
		else if (!more)
			publisher_request(state->publisher, (struct slice){peer, (uint32_t)n + 1},
			                  (struct slice){zmq_msg_data(&body), (uint32_t)zmq_msg_size(&body)});
		zmq_msg_close(&body);
	}
	return true;
}

static void
take_note(struct publisher_state *state, const struct note *note)
{
	struct publisher *publisher = state->publisher;
	struct figures figures;
	struct log_figures log;
	struct log_images images;
	struct alert_row alert;
	enum alarm alarm;
	switch ((enum note_kind)note->kind) {
	case NOTE_UPDATE:
		publisher_update(publisher, buf_slice(&note->bytes));
		break;
	case NOTE_ALERT:
		if (alert_decode(&alert, note_text(note, 1)) == 0)
			publisher_alert(publisher, note_text(note, 0), &alert);
		break;
	case NOTE_DEAD:
		publisher_dead(publisher, note->at_ms, note_text(note, 0), note_text(note, 1), note_text(note, 2),
		               note_text(note, 3));
		break;
	case NOTE_FIGURES:
		memcpy(&figures, note->bytes.data, sizeof(figures));
		publisher_figures(publisher, &figures);
		break;
	case NOTE_LOG:
		memcpy(&log, note->bytes.data, sizeof(log));
		memcpy(&images, note->bytes.data + sizeof(log), sizeof(images));
		publisher_log(publisher, &log, &images);
		break;
	case NOTE_FEED:
		publisher_feed(publisher, note_text(note, 0), note->at_ms);
		break;
	case NOTE_ANSWER:
		send_reply(state, note_text(note, 0), note_text(note, 1));
		break;
	case NOTE_ALARM:
		if ((alarm = alarm_of(note_text(note, 0))) < ALARM_COUNT)
			publisher_alarm(publisher, alarm, note_text(note, 1).n > 0);
		break;
	case NOTE_QUESTION: /* it comes from here */
		break;
	}
}

/* False: nothing waits, or the end. */
static bool
take_from(struct publisher_state *state, void *socket)
{
	void *pointer;
	if (!link_receive(socket, &pointer))
		return false;
	struct note *note = pointer;
	if (note == NULL) {
		if (++state->ended == state->thread->sources)
			ev_break(state->loop, EVBREAK_ALL);
		return false;
	}
	/* An update says up to where everything is known: what was put before it on the other link comes first. */
	while (note->kind == NOTE_UPDATE && take_from(state, state->thread->alerts))
		;
	take_note(state, note);
	note_free(note);
	return true;
}

static bool
on_note(struct zloop *watcher)
{
	return take_from(watcher->data, watcher->socket);
}

static void
on_heartbeat(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct publisher_state *state = timer->data;
	(void)loop, (void)revents;
	publisher_heartbeat(state->publisher, clock_now_ms());
}

static void
on_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop, (void)revents;
	look_at_clock(timer->data);
}

static void
on_work(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct publisher_state *state = prepare->data;
	(void)revents;
	if (publisher_work(state->publisher))
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
	struct publisher_thread *thread = argument;
	ev_run(thread->state->loop, 0);
	publisher_heartbeat(thread->state->publisher, clock_now_ms());
	return NULL;
}

void
publisher_thread_init(struct publisher_thread *thread)
{
	struct publisher_state *state = mem_zalloc(1, sizeof(*state));
	thread->state = state;
	thread->out = (struct publisher_out){send_row, send_reply, state, ask_aggregator, confirm_clock};
	state->thread = thread;
}

void
publisher_thread_fini(struct publisher_thread *thread)
{
	free(thread->state);
}

void
publisher_thread_start(struct publisher_thread *thread)
{
	struct publisher_state *state = thread->state;
	state->publisher = thread->publisher;
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	zloop_start(&state->xpub, state->loop, thread->xpub, on_xpub, state);
	zloop_start(&state->monitor, state->loop, thread->monitor, on_monitor, state);
	state->monitor.only_receives = true;
	zloop_start(&state->snapshot, state->loop, thread->snapshot, on_snapshot, state);
	for (unsigned s = 0; s < thread->sources; s++) {
		zloop_start(&state->notes[s], state->loop, thread->notes[s], on_note, state);
		state->notes[s].only_receives = true;
	}
	ev_timer_init(&state->heartbeat, on_heartbeat, 0, 1);
	state->heartbeat.data = state;
	ev_timer_start(state->loop, &state->heartbeat);
	ev_timer_init(&state->look, on_look, LOOK_EVERY_S, LOOK_EVERY_S);
	state->look.data = state;
	ev_timer_start(state->loop, &state->look);
	ev_prepare_init(&state->work, on_work);
	ev_set_priority(&state->work, EV_MAXPRI);
	state->work.data = state;
	ev_prepare_start(state->loop, &state->work);
	ev_idle_init(&state->busy, on_busy);
	pthread_create(&thread->thread, NULL, run, thread);
	pthread_setname_np(thread->thread, "laju-publish");
}

void
publisher_thread_join(struct publisher_thread *thread)
{
	pthread_join(thread->thread, NULL);
	zmq_close(thread->xpub);
	zmq_close(thread->monitor);
	zmq_close(thread->snapshot);
	for (unsigned s = 0; s < thread->sources; s++)
		zmq_close(thread->notes[s]);
	ev_loop_destroy(thread->state->loop);
}
