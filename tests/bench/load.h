/*
 * load.h - events for the benches: messages made once, then sent round and round.
 *
 * The mix is that of the limit programs (../shared/LIMITS.md): 60 % visits, 25 %
 * leads, 13 % sales, 2 % refunds, about 165 bytes each, drawn independently and
 * evenly. load_message() writes fresh ids and a new event time into the bytes, so
 * that a sender costs about 0.1 us an event. One thread.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H
#include "common/slice.h"
#include <stdbool.h>

enum load_wire {
	LOAD_PUSH = 0, /* an event, or an array of them */
	LOAD_ACKED,    /* ["E1", [number of the message, [event...]]] */
};

struct load_shape {
	enum load_wire wire;
	uint32_t batch;            /* events a message; 1 on the push wire: a bare map */
	uint32_t events;           /* in the corpus; a multiple of batch */
	uint32_t campaigns, persons;
	uint32_t channels;         /* 0: none given, to be derived from one of 8 sources and 5 mediums */
	uint32_t persons_each;     /* of a campaign; 0: any person may sell for any campaign */
	uint32_t customers;        /* 0: 10 million */
	bool shop;                 /* instead: 87 % visits, 7 % leads, 4.5 % sales, 0.5 % refunds, 1 % spends */
	bool shuffled;             /* each event orders its keys anew */
	int64_t start_ms, span_ms; /* span_ms > 0: the corpus covers that time, whatever load_message() is told */
};

/* What the limit programs use. */
struct load_shape load_shape_model(enum load_wire wire, uint32_t batch);

struct load;
struct load *load_new(const struct load_shape *shape);
void load_free(struct load *load);
/* Message n (any number; ids are new however often it comes round), valid until the next call. */
struct slice load_message(struct load *load, uint64_t n, int64_t ts_ms);
/* Events of a corpus message, in messages. */
uint32_t load_messages(const struct load *load);
double load_event_bytes(const struct load *load);
#endif
