/* test_zloop.c - the watcher loses no edge: bursts, sends on the same socket, pauses; and links hand pointers on. */
#include "common/link.h"
#include "common/zloop.h"
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
	bool echo;
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
	return true;
}

/* A loop that sleeps for good is what the watcher must prevent: the guard only turns that into a failure. */
static void
on_guard(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)timer, (void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void
read_all(bool echo, uint32_t count)
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
	struct reader reader = {.loop = ev_loop_new(EVBACKEND_EPOLL), .want = count, .echo = echo};
	ev_timer guard;
	ev_timer_init(&guard, on_guard, 60, 0);
	ev_timer_start(reader.loop, &guard);
	zloop_start(&reader.watcher, reader.loop, b, on_message, &reader);
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
	read_all(false, 20000);
}

static void
sending_on_the_socket_that_is_read_loses_nothing(void **state)
{
	(void)state;
	read_all(true, 20000);
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
	    cmocka_unit_test(a_link_hands_pointers_on_in_order_and_ends),
	    cmocka_unit_test(a_full_link_refuses_and_leaves_the_pointer_with_its_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
