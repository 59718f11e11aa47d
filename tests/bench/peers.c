/* peers.c - sockets of the benches. */
#include "tests/bench/peers.h"
#include "common/clock.h"
#include "schemas/batch.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, zmq_strerror(errno));
	exit(1);
}

void *
peer_connect(void *zmq, int type, const char *endpoint, const char *topic, int hwm)
{
	void *socket = zmq_socket(zmq, type);
	int linger = -1;
	must(socket != NULL, "socket");
	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &hwm, sizeof(hwm));
	zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof(hwm));
	if (type == ZMQ_SUB)
		must(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic)) == 0, "subscribe");
	must(zmq_connect(socket, endpoint) == 0, endpoint);
	return socket;
}

void
push_message(void *push, struct slice message)
{
	must(zmq_send(push, message.p, message.n, 0) >= 0, "send");
}

/* False: none waits. */
static bool
answer_take(void *dealer, int flags, bool is_echo, uint64_t *accepted)
{
	uint8_t bytes[4096];
	int n = zmq_recv(dealer, bytes, sizeof(bytes), flags);
	if (n < 0 && errno == EAGAIN)
		return false;
	must(n >= 0, "recv");
	if (is_echo)
		return true;
	struct answer answer;
	must(answer_decode(&answer, (struct slice){bytes, (uint32_t)n}) == 0, "an answer is not of the form");
	if (!answer.is_ack || answer.refused != 0 || answer.dup != 0) {
		fprintf(stderr, "bench: a batch was refused: %.*s\n", (int)answer.text.n, (const char *)answer.text.p);
		exit(1);
	}
	*accepted += answer.ok;
	return true;
}

struct dealt
dealer_run(void *dealer, struct load *load, uint64_t messages, bool is_echo)
{
	struct dealt dealt = {0};
	uint64_t sent = 0, answered = 0, warm = messages / 10;
	int64_t start = 0;
	while (answered < messages) {
		while (sent < messages && sent - answered < PEER_CREDIT)
			push_message(dealer, load_message(load, sent++, clock_wall_ms()));
		answer_take(dealer, 0, is_echo, &dealt.accepted);
		answered++;
		while (answered < sent && answer_take(dealer, ZMQ_DONTWAIT, is_echo, &dealt.accepted))
			answered++;
		if (start == 0 && answered >= warm) {
			start = figures_now_ns();
			warm = answered;
		}
	}
	dealt.seconds = (double)(figures_now_ns() - start) / 1e9;
	dealt.messages = messages - warm;
	return dealt;
}

/* Until something may be read or the time has come. ZMQ_FD is edge-triggered: ZMQ_EVENTS is asked first. */
static void
wait_until(void *socket, int64_t due_ns)
{
	int fd, events;
	size_t size = sizeof(fd);
	zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
	size = sizeof(events);
	zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size);
	int64_t left = due_ns - figures_now_ns();
	if ((events & ZMQ_POLLIN) != 0 || left <= 0)
		return;
	struct pollfd wait = {fd, POLLIN, 0};
	struct timespec timeout = {left / 1000000000, left % 1000000000};
	ppoll(&wait, 1, &timeout, NULL);
}

void
dealer_pace(void *dealer, struct load *load, double messages_per_s, double seconds, struct samples *latency_us)
{
	uint64_t messages = (uint64_t)(messages_per_s * seconds), sent = 0, answered = 0, accepted = 0;
	int64_t start = figures_now_ns();
	while (answered < messages) {
		while (sent < messages && sent - answered < PEER_CREDIT &&
		       figures_now_ns() >= start + (int64_t)((double)sent * 1e9 / messages_per_s))
			push_message(dealer, load_message(load, sent++, clock_wall_ms()));
		while (answered < sent && answer_take(dealer, ZMQ_DONTWAIT, false, &accepted)) {
			int64_t due = start + (int64_t)((double)answered++ * 1e9 / messages_per_s);
			samples_add(latency_us, (double)(figures_now_ns() - due) / 1e3);
		}
		bool may_send = sent < messages && sent - answered < PEER_CREDIT;
		wait_until(dealer, may_send ? start + (int64_t)((double)sent * 1e9 / messages_per_s)
		                            : figures_now_ns() + 100000000);
	}
}

bool
row_next(void *sub, int wait_ms, struct row_count *count)
{
	static const char *const counts[] = {"visits", "lead_events", "mql_events", "sql_events", "customer_events",
	                                     "sale_events", "refund_events"};
	static struct row row;
	zmq_msg_t topic, body;
	zmq_msg_init(&topic);
	zmq_msg_init(&body);
	zmq_setsockopt(sub, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms));
	bool got = zmq_msg_recv(&topic, sub, 0) >= 0 && zmq_msg_recv(&body, sub, 0) >= 0;
	if (got) {
		count->seen_ns = figures_now_ns();
		struct slice bytes = {zmq_msg_data(&body), (uint32_t)zmq_msg_size(&body)};
		must(row_decode(&row, bytes) == 0, "a row is not of the form");
		count->at_ms = row.at_ms;
		count->events = 0;
		for (uint32_t m = 0; m < row.part[PART_CUR].measures; m++)
			for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
				if (slice_is(row.part[PART_CUR].measure[m].name, counts[c]))
					count->events += (uint64_t)row.part[PART_CUR].measure[m].value;
	}
	zmq_msg_close(&topic);
	zmq_msg_close(&body);
	return got;
}
