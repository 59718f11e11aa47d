/* test_zloop.c - the watcher loses no edge: bursts, sends on the same socket, pauses; and links hand pointers on. */
#include "common/link.h"
#include "common/zloop.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <zmq.h>

struct reader {
	struct ev_loop *loop;
	struct zloop watcher;
	uint32_t got, want;
	bool echo, pauses;
	ev_timer resume;
};

static bool
on_message(struct zloop *watcher)
{
	struct reader *reader = watcher->data;
	uint32_t number;
	if (zmq_recv(watcher->socket, &number, sizeof(number), ZMQ_DONTWAIT) < 0)
		return false;
	assert_int_equal(number, reader->got);
	reader->got++;
	if (reader->echo) /* a send may eat the edge of what waits */
		zmq_send(watcher->socket, &number, sizeof(number), ZMQ_DONTWAIT);
	if (reader->got == reader->want)
		ev_break(reader->loop, EVBREAK_ALL);
	if (reader->pauses && reader->got % 1000 == 0) {
		zloop_pause(watcher);
		ev_timer_start(reader->loop, &reader->resume);
		return false;
	}
	return true;
}

static void
on_resume(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct reader *reader = timer->data;
	(void)loop, (void)revents;
	zloop_resume(&reader->watcher);
}

/* A loop that sleeps for good is what the watcher must prevent: the guard only turns that into a failure. */
static void
on_guard(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
read_all(struct reader reader, bool only_receives, uint32_t count)
{
	void *context = zmq_ctx_new();
	void *a = zmq_socket(context, ZMQ_PAIR), *b = zmq_socket(context, ZMQ_PAIR);
	int no_limit = 0;
	zmq_setsockopt(a, ZMQ_SNDHWM, &no_limit, sizeof(no_limit));
	zmq_setsockopt(b, ZMQ_RCVHWM, &no_limit, sizeof(no_limit));
	zmq_setsockopt(b, ZMQ_SNDHWM, &no_limit, sizeof(no_limit));
	zmq_setsockopt(a, ZMQ_RCVHWM, &no_limit, sizeof(no_limit));
	zmq_bind(a, "inproc://test");
	zmq_connect(b, "inproc://test");
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(zmq_send(a, &i, sizeof(i), 0), (int)sizeof(i));
	reader.loop = ev_loop_new(EVBACKEND_EPOLL);
	reader.want = count;
	ev_timer_init(&reader.resume, on_resume, 0, 0);
	reader.resume.data = &reader;
	ev_timer guard;
	ev_timer_init(&guard, on_guard, 60, 0);
	ev_timer_start(reader.loop, &guard);
	zloop_start(&reader.watcher, reader.loop, b, on_message, &reader);
	reader.watcher.only_receives = only_receives;
	ev_run(reader.loop, 0);
	assert_int_equal(reader.got, count);
	zloop_stop(&reader.watcher);
	ev_loop_destroy(reader.loop);
	zmq_close(a);
	zmq_close(b);
	zmq_ctx_term(context);
}

static void
a_burst_behind_one_edge_is_read_to_the_end(void **state)
{
	(void)state;
	read_all((struct reader){0}, false, 20000);
	read_all((struct reader){0}, true, 20000);
}

static void
sending_on_the_socket_that_is_read_loses_nothing(void **state)
{
	(void)state;
	read_all((struct reader){.echo = true}, false, 20000);
}

static void
what_came_during_a_pause_is_read_after_it(void **state)
{
	(void)state;
	read_all((struct reader){.pauses = true}, false, 20000);
	read_all((struct reader){.pauses = true}, true, 20000);
}

static void *
send_from_afar(void *socket)
{
	for (uint32_t i = 0; i < 20000; i++)
		zmq_send(socket, &i, sizeof(i), 0);
	return NULL;
}

/* The reader sleeps and is woken at any point of its turn. */
static void
a_socket_that_only_receives_misses_no_wake_up(void **state)
{
	(void)state;
	void *context = zmq_ctx_new();
	void *to = link_bind(context, "afar", LINK_DEPTH), *from = link_connect(context, "afar", LINK_DEPTH);
	struct reader reader = {.loop = ev_loop_new(EVBACKEND_EPOLL), .want = 20000};
	ev_timer guard;
	pthread_t sender;
	ev_timer_init(&guard, on_guard, 60, 0);
	ev_timer_start(reader.loop, &guard);
	zloop_start(&reader.watcher, reader.loop, to, on_message, &reader);
	reader.watcher.only_receives = true;
	pthread_create(&sender, NULL, send_from_afar, from);
	ev_run(reader.loop, 0);
	assert_int_equal(reader.got, 20000);
	pthread_join(sender, NULL);
	zloop_stop(&reader.watcher);
	ev_loop_destroy(reader.loop);
	zmq_close(to);
	zmq_close(from);
	zmq_ctx_term(context);
}

static void
a_link_hands_pointers_on_in_order_and_ends(void **state)
{
	(void)state;
	void *context = zmq_ctx_new(), *got;
	void *to = link_bind(context, "link", LINK_DEPTH), *from = link_connect(context, "link", LINK_DEPTH);
	char things[100];
	assert_false(link_receive(to, &got));
	for (int i = 0; i < 100; i++)
		assert_true(link_send(from, &things[i]));
	link_end(from);
	for (int i = 0; i < 100; i++) {
		assert_true(link_receive(to, &got));
		assert_ptr_equal(got, &things[i]);
	}
	assert_true(link_receive(to, &got));
	assert_null(got);
	zmq_close(to);
	zmq_close(from);
	zmq_ctx_term(context);
}

static void
a_full_link_refuses_and_leaves_the_pointer_with_its_owner(void **state)
{
	(void)state;
	void *context = zmq_ctx_new();
	void *to = link_bind(context, "full", LINK_DEPTH), *from = link_connect(context, "full", LINK_DEPTH);
	char thing;
	uint32_t sent = 0;
	while (link_send(from, &thing) && sent < 4 * LINK_DEPTH)
		sent++;
	assert_true(sent >= LINK_DEPTH && sent < 4 * LINK_DEPTH);
	zmq_close(to);
	zmq_close(from);
	zmq_ctx_term(context);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burst_behind_one_edge_is_read_to_the_end),
	    cmocka_unit_test(sending_on_the_socket_that_is_read_loses_nothing),
	    cmocka_unit_test(what_came_during_a_pause_is_read_after_it),
	    cmocka_unit_test(a_socket_that_only_receives_misses_no_wake_up),
	    cmocka_unit_test(a_link_hands_pointers_on_in_order_and_ends),
	    cmocka_unit_test(a_full_link_refuses_and_leaves_the_pointer_with_its_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
