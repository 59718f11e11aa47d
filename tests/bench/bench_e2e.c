/*
 * bench_e2e - the whole node: a `laju serve` of its own, over tcp; events kept in memory, and in the cases synced.* in a
 * directory of the working directory (durability: sync). Those are killed and started again at the end: recovery is
 * from the start of the process until it answers, over all that is in the journal.
 *
 * KPIs: counts and sums (counts.kpis.yaml); the cases people.* have the default ones, which
 * tell customers, orders and visits apart.
 *
 * Rates. The rate of the push port is read off the rows of `all`: each says how many
 * events it counts and at which log time, so two of them in the flow give events per
 * second, whatever start and end cost. On the acked port it is the rate of the answers.
 * Each run ends only when every event has been counted.
 *
 * Latencies, at 10 %, 50 % and 90 % of the rate measured just before: of an ack, from
 * when its batch was due; of a row, from when a marked event (a campaign of its own) was
 * due until a row arrives that counts it.
 *
 * usage: bench_e2e LAJU [push1|push256|acked1|acked256|row|synced|syncedpeople|people]...
 */
#include "common/clock.h"
#include "schemas/event.h"
#include "tests/bench/peers.h"
#include "tests/bench/server.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

enum { COUNT_WAIT_MS = 20000, JOIN_WAIT_MS = 2000, MARK_EVERY_MS = 17 };
static const double loads[] = {0.1, 0.5, 0.9};
static const double PACE_S = 2.0;

struct bench {
	const char *laju;
	const char *kpis; /* NULL: the default, which tells customers apart */
	const char *durability;
	void *zmq;
	struct server server;
};

static void
fail(const char *what)
{
	fprintf(stderr, "bench_e2e: %s\n", what);
	exit(1);
}

static void
bench_start(struct bench *bench, int every_ms)
{
	bench->zmq = zmq_ctx_new();
	server_start(&bench->server, bench->laju, every_ms, bench->kpis, bench->durability);
}

static void
bench_stop(struct bench *bench)
{
	zmq_ctx_term(bench->zmq);
	server_stop(&bench->server);
}

static void *
push_connect(struct bench *bench, uint32_t batch)
{
	return peer_connect(bench->zmq, ZMQ_PUSH, bench->server.push, NULL, batch == 1 ? 20000 : 200);
}

/*
 * The whole corpus once, and waits until it is counted: then connections stand and tuples
 * and series exist, as they do in a node that has run for a while. How many events.
 */
static uint64_t
warm(struct bench *bench, void *sub)
{
	struct load_shape shape = load_shape_model(LOAD_PUSH, 256);
	struct load *load = load_new(&shape);
	void *push = push_connect(bench, 256);
	struct row_count count = {0};
	uint64_t sent = 0;
	while (!row_next(sub, JOIN_WAIT_MS / 10, &count)) { /* until the subscription stands */
		if (sent == 10)
			fail("no row comes");
		push_message(push, load_message(load, sent++, clock_wall_ms()));
	}
	while (sent < load_messages(load))
		push_message(push, load_message(load, sent++, clock_wall_ms()));
	while (count.events < shape.events)
		if (!row_next(sub, COUNT_WAIT_MS, &count))
			fail("the first events were not counted");
	zmq_close(push);
	load_free(load);
	return shape.events;
}

struct flow {
	double rate;    /* events/s */
	double cpu_ns;  /* of the server, an event */
	uint64_t events; /* counted in all */
};

static struct flow
push_flow(struct bench *bench, uint32_t batch, uint64_t events)
{
	struct load_shape shape = load_shape_model(LOAD_PUSH, batch);
	struct load *load = load_new(&shape);
	void *push = push_connect(bench, batch);
	void *sub = peer_connect(bench->zmq, ZMQ_SUB, bench->server.updates, "kpi/r1d/all/all", 0);
	uint64_t first = warm(bench, sub), messages = events / batch, total = first + messages * batch;
	double cpu = server_cpu_ns(&bench->server), rate;
	int64_t start = figures_now_ns();
	for (uint64_t m = 0; m < messages; m++)
		push_message(push, load_message(load, m, clock_wall_ms()));

	struct row_count from = {0}, to = {0}, count = {0};
	while (count.events < total) {
		if (!row_next(sub, COUNT_WAIT_MS, &count))
			fail("not every event was counted");
		if (from.at_ms == 0 && count.events > first + (total - first) / 10)
			from = count;
		if (count.events < total)
			to = count;
	}
	if (count.events != total)
		fail("events were counted twice");
	if (to.events > from.events && to.at_ms > from.at_ms)
		rate = (double)(to.events - from.events) * 1e3 / (double)(to.at_ms - from.at_ms);
	else /* rows came too seldom: start and end count, too */
		rate = (double)(total - first) * 1e9 / (double)(count.seen_ns - start);
	struct flow flow = {rate, (server_cpu_ns(&bench->server) - cpu) / (double)(messages * batch), total};
	zmq_close(push);
	zmq_close(sub);
	load_free(load);
	return flow;
}

static double
bench_push(struct bench *bench, const char *name, uint32_t batch, uint64_t events, int every_ms)
{
	bench_start(bench, every_ms);
	struct flow flow = push_flow(bench, batch, events);
	figure_of(name, "", flow.rate / 1e6, "M/s");
	figure_of(name, ".cpu", flow.cpu_ns, "ns");
	figure_of(name, ".rss", server_rss_bytes(&bench->server) / 1e6, "MB");
	if (strcmp(bench->durability, "none") != 0) {
		double seconds = server_restart(&bench->server);
		figure_of(name, ".recovery", (double)flow.events / seconds / 1e6, "M/s");
		double bytes, compacting = server_compact(&bench->server, &bytes);
		figure_of(name, ".compact", compacting, "s");
		figure_of(name, ".image", bytes / 1e6, "MB");
		figure_of(name, ".image.start", server_restart(&bench->server), "s");
	}
	bench_stop(bench);
	return flow.rate;
}

static void
bench_acked(struct bench *bench, const char *name, uint32_t batch, uint64_t messages)
{
	struct load_shape shape = load_shape_model(LOAD_ACKED, batch);
	struct load *load = load_new(&shape);
	bench_start(bench, 100);
	void *dealer = peer_connect(bench->zmq, ZMQ_DEALER, bench->server.acked, NULL, 1000);
	void *sub = peer_connect(bench->zmq, ZMQ_SUB, bench->server.updates, "kpi/r1d/all/all", 0);
	warm(bench, sub);
	zmq_close(sub);
	double cpu = server_cpu_ns(&bench->server);
	struct dealt dealt = dealer_run(dealer, load, messages, false);
	cpu = server_cpu_ns(&bench->server) - cpu;
	if (dealt.accepted != messages * batch)
		fail("not every event was accepted");
	double rate = (double)dealt.messages / dealt.seconds;
	figure_of(name, "", rate * batch / 1e6, "M/s");
	figure_of(name, ".cpu", cpu / (double)dealt.accepted, "ns");
	for (unsigned l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
		struct samples latency = {0};
		char prefix[64];
		dealer_pace(dealer, load, rate * loads[l], PACE_S, &latency);
		snprintf(prefix, sizeof(prefix), "%s.ack.%.0f", name, loads[l] * 100);
		samples_figures(&latency, prefix, "us");
		samples_fini(&latency);
	}
	zmq_close(dealer);
	bench_stop(bench);
	load_free(load);
}

/* A visit of the campaign "mark", as a message of its own. */
static struct slice
mark_message(uint64_t number)
{
	static struct buf bytes;
	char id[32];
	snprintf(id, sizeof(id), "mark-%llu", (unsigned long long)number);
	struct event event = {.type = EVENT_VISIT, .text_mask = 1u << TEXT_ID | 1u << TEXT_CAMP, .num_mask = 1u << NUM_TS};
	event.text[TEXT_ID] = slice_of(id);
	event.text[TEXT_CAMP] = slice_of("mark");
	event.num[NUM_TS] = clock_wall_ms();
	bytes.len = 0;
	event_encode(&event, &bytes);
	return buf_slice(&bytes);
}

struct marks {
	int64_t start_ns;
	uint64_t sent, seen;
	struct samples latency_ms;
};

static void
marks_read(struct marks *marks, void *sub, int wait_ms)
{
	struct row_count count;
	while (row_next(sub, wait_ms, &count)) {
		for (; marks->seen < count.events; marks->seen++) {
			int64_t due = marks->start_ns + (int64_t)marks->seen * MARK_EVERY_MS * 1000000;
			samples_add(&marks->latency_ms, (double)(count.seen_ns - due) / 1e6);
		}
		wait_ms = 0; /* what else is there already */
	}
}

/* Marked events among the paced load, on the same socket: they wait in the same queues. */
static void
row_pace(struct bench *bench, double rate, struct marks *marks)
{
	enum { BATCH = 256 };
	struct load_shape shape = load_shape_model(LOAD_PUSH, BATCH);
	struct load *load = load_new(&shape);
	void *push = push_connect(bench, BATCH);
	void *sub = peer_connect(bench->zmq, ZMQ_SUB, bench->server.updates, "kpi/r1d/campaign/mark", 0);
	void *all = peer_connect(bench->zmq, ZMQ_SUB, bench->server.updates, "kpi/r1d/all/all", 0);
	double messages_per_s = rate / BATCH;
	uint64_t messages = (uint64_t)(messages_per_s * PACE_S), sent = 0;
	warm(bench, all); /* by then the other subscription stands, too */
	zmq_close(all);
	marks->start_ns = figures_now_ns();
	while (sent < messages) {
		int64_t now = figures_now_ns() - marks->start_ns;
		for (; sent < messages && now >= (int64_t)((double)sent * 1e9 / messages_per_s); sent++)
			push_message(push, load_message(load, sent, clock_wall_ms()));
		for (; now >= (int64_t)marks->sent * MARK_EVERY_MS * 1000000; marks->sent++)
			push_message(push, mark_message(marks->sent));
		marks_read(marks, sub, 0);
		usleep(200);
	}
	while (marks->seen < marks->sent) {
		uint64_t before = marks->seen;
		marks_read(marks, sub, COUNT_WAIT_MS);
		if (marks->seen == before)
			fail("a marked event did not come back in a row");
	}
	zmq_close(push);
	zmq_close(sub);
	load_free(load);
}

static void
bench_row(struct bench *bench, int every_ms, double rate)
{
	for (unsigned l = 0; l < sizeof(loads) / sizeof(loads[0]); l++) {
		struct marks marks = {0};
		char prefix[64];
		bench_start(bench, every_ms);
		row_pace(bench, rate * loads[l], &marks);
		snprintf(prefix, sizeof(prefix), "row.%d.%.0f", every_ms, loads[l] * 100);
		samples_figures(&marks.latency_ms, prefix, "ms");
		samples_fini(&marks.latency_ms);
		bench_stop(bench);
	}
}

static bool
wanted(int argc, char **argv, const char *name)
{
	bool found = argc == 2;
	for (int i = 2; i < argc; i++)
		found = found || strcmp(argv[i], name) == 0;
	return found;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench_e2e LAJU [push1|push256|acked1|acked256|row|synced|syncedpeople|people]...\n");
		return 2;
	}
	struct bench bench = {.laju = argv[1], .kpis = BENCH_FOLDER "/counts.kpis.yaml", .durability = "none"};
	double rate = 1e6;
	if (wanted(argc, argv, "push1"))
		bench_push(&bench, "push.1", 1, 1000000, 100);
	if (wanted(argc, argv, "push256"))
		rate = bench_push(&bench, "push.256", 256, 3072000, 100);
	if (wanted(argc, argv, "acked1"))
		bench_acked(&bench, "acked.1", 1, 200000);
	if (wanted(argc, argv, "acked256"))
		bench_acked(&bench, "acked.256", 256, 6000);
	if (wanted(argc, argv, "row")) {
		bench_row(&bench, 100, rate);
		bench_row(&bench, 10, rate);
	}
	bench.durability = "sync";
	if (wanted(argc, argv, "synced")) {
		bench_push(&bench, "synced.push.1", 1, 1000000, 100);
		bench_push(&bench, "synced.push.256", 256, 3072000, 100);
		bench_acked(&bench, "synced.acked.1", 1, 100000);
		bench_acked(&bench, "synced.acked.256", 256, 6000);
	}
	bench.kpis = NULL;
	if (wanted(argc, argv, "syncedpeople")) {
		bench_push(&bench, "synced.people.push.256", 256, 3072000, 100);
		bench_acked(&bench, "synced.people.acked.1", 1, 100000);
	}
	bench.durability = "none";
	if (wanted(argc, argv, "people")) {
		bench_push(&bench, "people.push.1", 1, 1000000, 100);
		bench_push(&bench, "people.push.256", 256, 3072000, 100);
		bench_acked(&bench, "people.acked.1", 1, 200000);
	}
	return 0;
}
