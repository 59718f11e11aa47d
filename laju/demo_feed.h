/*
 * demo_feed.h - made-up marketing events: 45 days of history, then a live trickle. Pure.
 *
 * A small shop in the configured zone: five campaigns, search, social and direct
 * visits by the hour of the day, leads that move on, sales, a few refunds, ad spend
 * every hour, likes. The campaign flash-sale is steered so that its cost per lead
 * swings around DEMO_CPL_LIMIT every few minutes: its alert fires and clears while
 * one watches. Same seed and times, same events.
 */
#ifndef LAJU_DEMO_FEED_H
#define LAJU_DEMO_FEED_H
#include "aggregator/zone.h"
#include "schemas/event.h"

enum {
	DEMO_HISTORY_DAYS = 45,
	DEMO_CPL_LIMIT = 35000, /* rupiah */
	DEMO_SWING_MS = 4 * 60 * 1000,
};

struct demo_feed {
	const struct zone *zone;
	uint64_t random, run;   /* run: part of every id, so that two demos never share one */
	uint64_t number;        /* of the next event */
	uint64_t visitors;      /* seen so far */
	int64_t spend_hour;     /* hours up to it have their spend */
	int64_t flash_leads, flash_spend; /* since the run began; spend in minor units */
};

/* Slices of event point into static memory or the feed's scratch: valid during the call. */
typedef void demo_emit_fn(void *context, const struct event *event);

void demo_feed_init(struct demo_feed *feed, const struct zone *zone, uint64_t seed);
/* Events of (from_ms, to_ms], in time order. Live: call every half a second or so. */
void demo_feed_run(struct demo_feed *feed, int64_t from_ms, int64_t to_ms, bool live, demo_emit_fn *emit, void *context);
#endif
