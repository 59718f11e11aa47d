/*
 * peers.h - the bench's ends of the wire: a DEALER under credit, a PUSH, a SUB on one row.
 *
 * Paced runs are open-loop: message n is due at start + n / rate whatever has
 * become of those before, and its latency counts from then, also when the sender
 * itself was late. One thread, one ZeroMQ context.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H
#include "schemas/row.h"
#include "tests/bench/figures.h"
#include "tests/bench/load.h"

enum { PEER_CREDIT = 256 };

/* type ZMQ_DEALER, ZMQ_PUSH or ZMQ_SUB (to all of topic). Ends the process when it cannot. hwm 0: no limit. */
void *peer_connect(void *zmq, int type, const char *endpoint, const char *topic, int hwm);

/* Answers seen; filled from A1 unless the server is an echo. */
struct dealt {
	double seconds;    /* of the last nine tenths */
	uint64_t messages; /* answered in them */
	uint64_t accepted; /* events, in all */
};
/* Sends messages, PEER_CREDIT in flight, until all are answered. */
struct dealt dealer_run(void *dealer, struct load *load, uint64_t messages, bool is_echo);
/* The same at a rate; latencies in us go to samples. */
void dealer_pace(void *dealer, struct load *load, double messages_per_s, double seconds, struct samples *latency_us);

void push_message(void *push, struct slice message);

/* Total of all count measures of the row's cur part. */
struct row_count {
	uint64_t events;
	int64_t at_ms;     /* log time of the numbers */
	int64_t seen_ns;
};
/* The next row on a SUB within wait_ms; false: none. */
bool row_next(void *sub, int wait_ms, struct row_count *count);
#endif
