/* cmd_demo.c - `laju demo`: the service with a made-up feed, sent through its own acked port. */
#include "common/clock.h"
#include "common/mem.h"
#include "laju/demo_feed.h"
#include "laju/load.h"
#include "laju/service.h"
#include "schemas/batch.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { DEMO_BATCH = 256, DEMO_LIVE_MS = 500, DEMO_ANSWER_MS = 10000 };
static const int64_t DAY_MS = 86400000;

static const struct config_override demo_overrides[] = {
    {"durability", "none", "demo"},
    {"zone", "Asia/Jakarta", "demo"},
    {"currency", "IDR", "demo"},
    {"feeds",
     "{web: {expect_every: 1m}, crm: {expect_every: 5m}, shop: {expect_every: 5m}, ads: {expect_every: 2h}, "
     "social: {expect_every: 5m}}",
     "demo"},
    {"alerts",
     "[{name: flash-sale-cpl, kpi: cpl, rows: d/campaign/flash-sale, op: above, value: 35000, "
     "clear: 33000, severity: warning},"
     " {name: revenue-behind-pace, kpi: revenue, rows: d/all/all, op: below, value: 60000000, pace: true, for: 2m, "
     "severity: critical}]",
     "demo"},
};

/* The feed is a client like any other: it packs batches, sends them, waits for the answers. */
struct demo {
	void *zmq, *socket;
	struct demo_feed feed;
	struct buf events, message;
	uint32_t count;
	uint64_t batch;
	char endpoint[ENDPOINT_MAX];
	pthread_t thread;
	atomic_bool stop;
};
static struct demo demo;

/* Sends the message until it is answered: the same bytes again, so nothing counts twice. */
static void
deliver(struct demo *self)
{
	char answer[4096];
	while (!atomic_load(&self->stop)) {
		if (zmq_send(self->socket, self->message.data, self->message.len, 0) < 0)
			return;
		if (zmq_recv(self->socket, answer, sizeof(answer), 0) >= 0)
			return;
	}
}

static void
flush(struct demo *self)
{
	if (self->count == 0)
		return;
	self->message.len = 0;
	batch_begin(&self->message, ++self->batch, self->count);
	buf_add(&self->message, self->events.data, self->events.len);
	deliver(self);
	self->events.len = 0;
	self->count = 0;
}

static void
emit(void *context, const struct event *event)
{
	struct demo *self = context;
	event_encode(event, &self->events);
	if (++self->count == DEMO_BATCH)
		flush(self);
}

static void *
feed_thread(void *argument)
{
	struct demo *self = argument;
	int64_t now = clock_now_ms(), from = now - DEMO_HISTORY_DAYS * DAY_MS;
	demo_feed_run(&self->feed, from, now, false, emit, self);
	flush(self);
	while (!atomic_load(&self->stop)) {
		zmq_poll(NULL, 0, DEMO_LIVE_MS);
		int64_t later = clock_now_ms();
		if (later <= now)
			continue; /* the clock was set back */
		demo_feed_run(&self->feed, later - now > 60000 ? later - 1 : now, later, true, emit, self);
		flush(self);
		now = later;
	}
	return NULL;
}

static void
up(const struct node_endpoints *endpoints, struct config *config)
{
	int linger = 0, wait = DEMO_ANSWER_MS;
	demo.zmq = zmq_ctx_new();
	demo.socket = zmq_socket(demo.zmq, ZMQ_DEALER);
	zmq_setsockopt(demo.socket, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(demo.socket, ZMQ_RCVTIMEO, &wait, sizeof(wait));
	zmq_setsockopt(demo.socket, ZMQ_ROUTING_ID, "demo", 4);
	zmq_connect(demo.socket, endpoints->acked);
	demo_feed_init(&demo.feed, &config->zone, (uint64_t)clock_now_ms());
	fprintf(stderr, "laju: look: laju top   or: laju query 'd/*'\n");
	pthread_create(&demo.thread, NULL, feed_thread, &demo);
}

static void
down(void)
{
	atomic_store(&demo.stop, true);
	pthread_join(demo.thread, NULL);
	zmq_close(demo.socket);
	zmq_ctx_term(demo.zmq);
	buf_fini(&demo.events);
	buf_fini(&demo.message);
}

int
cmd_demo(int argc, char **argv)
{
	struct options options;
	struct config *config = mem_zalloc(1, sizeof(*config));
	int status = options_parse(&options, command_find("demo"), argc, argv);
	if (status == STATUS_OK && options.args > 0)
		status = options_wrong(&options, "takes no arguments; what is '%s'?", options.arg[0]);
	if (status == STATUS_OK) {
		status = load_config(config, &options, demo_overrides, sizeof(demo_overrides) / sizeof(demo_overrides[0]));
		if (status == STATUS_OK)
			status = service_run(config, &options, up, down);
		config_fini(config);
	}
	free(config);
	return status;
}
