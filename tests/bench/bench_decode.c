/*
 * bench_decode - event_decode() and accept_push() alone, on one core, over a corpus that fits the cache.
 *
 * M events/s in thread CPU time. Beside it: b2_decode of the limit programs, row
 * "c cursor in place", over a corpus of the same size, mix and length.
 */
#include "tests/bench/figures.h"
#include "tests/bench/load.h"
#include "tests/bench/setting.h"
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 32768, PASSES = 6 };

static uint64_t sink; /* keeps the decoder's work from being optimised away */

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_decode: %s\n", what);
	exit(1);
}

static void
decode_message(struct slice message, uint32_t batch)
{
	struct event event;
	struct event_fault fault;
	const uint8_t *at = message.p + (batch > 1 ? 3 : 0), *end = message.p + message.n;
	size_t used;
	for (uint32_t i = 0; i < batch; i++, at += used) {
		enum verdict verdict = event_decode(&event, (struct slice){at, (uint32_t)(end - at)}, &used, &fault);
		must(verdict == VERDICT_OK, fault.text);
		sink += (uint64_t)event.num[NUM_TS] + event.text[TEXT_ID].n + event.text[TEXT_CAMP].p[0];
	}
	must(at == end, "bytes behind the last event");
}

static void
bench_decode(const char *name, uint32_t batch, bool shuffled)
{
	struct load_shape shape = load_shape_model(LOAD_PUSH, batch);
	shape.events = EVENTS;
	shape.shuffled = shuffled;
	struct load *load = load_new(&shape);
	struct slice *message = calloc(load_messages(load), sizeof(*message));
	int64_t start = 0;
	for (uint32_t m = 0; m < load_messages(load); m++)
		message[m] = load_message(load, m, 1800000000000);
	for (int pass = -1; pass < PASSES; pass++) {
		if (pass == 0)
			start = figures_thread_cpu_ns();
		for (uint32_t m = 0; m < load_messages(load); m++)
			decode_message(message[m], batch);
	}
	double ns = (double)(figures_thread_cpu_ns() - start);
	figure(name, 1e3 * EVENTS * PASSES / ns, "M/s");
	if (batch > 1 && !shuffled)
		figure("event.bytes", load_event_bytes(load), "B");
	free(message);
	load_free(load);
}

/* Decode, checks, hashes, channel, copy: all that a worker does to an event before it goes on. */
static void
bench_accept(const char *name, uint32_t batch)
{
	struct load_shape shape = load_shape_model(LOAD_PUSH, batch);
	shape.events = EVENTS;
	struct load *load = load_new(&shape);
	struct config *config = setting_new();
	struct accept_config accept = setting_accept(config);
	struct group *group = group_new(GROUP_BATCHES);
	int64_t spent = 0;
	for (int pass = -1; pass < PASSES; pass++) {
		int64_t start = figures_thread_cpu_ns();
		for (uint32_t m = 0; m < load_messages(load); m++) {
			accept_push(&accept, group, 0, load_message(load, m, 1800000000000));
			if (group->bytes.len < GROUP_SEAL_BYTES && m + 1 < load_messages(load))
				continue;
			for (uint32_t e = 0; e < group->event_count; e++)
				must(group->events[e].verdict == VERDICT_OK, "an event was refused");
			group_reset(group);
		}
		if (pass >= 0)
			spent += figures_thread_cpu_ns() - start;
	}
	figure(name, (double)spent / (EVENTS * PASSES), "ns");
	group_free(group);
	setting_free(config);
	load_free(load);
}

int
main(void)
{
	bench_decode("decode.fixed.1", 1, false);
	bench_decode("decode.fixed.256", 256, false);
	bench_decode("decode.shuffled.1", 1, true);
	bench_decode("decode.shuffled.256", 256, true);
	bench_accept("accept.1", 1);
	bench_accept("accept.256", 256);
	return sink == 0;
}
