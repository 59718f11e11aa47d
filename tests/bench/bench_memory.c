/*
 * bench_memory - what a million events leave in memory: resident size of a `laju serve` of its own.
 *
 * A million events of 200,000 visitors with the mix of a shop, default KPIs and rollups, `clock: events`, once within
 * ten minutes and once over sixty days. Said at the end: the resident size now, and what it was before.
 * usage: bench_memory LAJU
 */
#include "tests/bench/peers.h"
#include "tests/bench/server.h"
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { EVENTS = 1000192 /* a multiple of BATCH */, BATCH = 256 };
static const int64_t START_MS = INT64_C(1790000000000), MINUTE_MS = 60000, DAY_MS = 86400000;

static void
bench_span(const char *laju, const char *name, int64_t span_ms)
{
	const struct load_shape shape = {.wire = LOAD_ACKED, .batch = BATCH, .events = EVENTS, .campaigns = 30, .persons = 20,
	                                 .persons_each = 2, .customers = 200000, .shop = true,
	                                 .start_ms = START_MS, .span_ms = span_ms};
	struct server server;
	void *zmq = zmq_ctx_new();
	setenv("LAJU_CLOCK", "events", 1);
	server_start(&server, laju, 100, NULL, "none");
	double before = server_rss_bytes(&server);
	struct load *load = load_new(&shape);
	void *dealer = peer_connect(zmq, ZMQ_DEALER, server.acked, NULL, 0);
	struct dealt dealt = dealer_run(dealer, load, load_messages(load), false);
	if (dealt.accepted != EVENTS) {
		fprintf(stderr, "bench_memory: %llu of %d events were counted\n", (unsigned long long)dealt.accepted, EVENTS);
		exit(1);
	}
	char prefix[64];
	snprintf(prefix, sizeof(prefix), "memory.%s", name);
	figure_of(prefix, ".empty", before / (1 << 20), "MiB");
	figure_of(prefix, ".resident", server_rss_bytes(&server) / (1 << 20), "MiB");
	figure_of(prefix, ".rate", EVENTS / 1e6 / dealt.seconds * 0.9, "M/s");
	zmq_close(dealer);
	load_free(load);
	server_stop(&server);
	zmq_ctx_term(zmq);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench_memory LAJU\n");
		return 2;
	}
	bench_span(argv[1], "10m", 10 * MINUTE_MS);
	bench_span(argv[1], "60d", 60 * DAY_MS);
	return 0;
}
