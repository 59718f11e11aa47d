/*
 * timeline.h - moments in the order of event time, then of id hash: touches, sales, a lead's events.
 *
 * A sorted array, NULL while it is empty: what comes in time order is appended, what is
 * late moves those behind it. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_TIMELINE_H
#define AGGREGATOR_TIMELINE_H
#include <stddef.h>
#include <stdint.h>

struct moment {
	int64_t ts_ms;
	uint64_t tie; /* low half of the event's id hash: decides between events of one ts */
	uint32_t ref; /* the owner's */
};

struct timeline {
	uint32_t count, cap;
	struct moment at[];
};

static inline uint32_t
timeline_count(const struct timeline *timeline)
{
	return timeline != NULL ? timeline->count : 0;
}

/* The position of the first at ts_ms or later; count: there is none. */
uint32_t timeline_from(const struct timeline *timeline, int64_t ts_ms);
/* *bytes goes along with what it takes. */
void timeline_add(struct timeline **timeline, struct moment moment, uint64_t *bytes);
/* It must be there. */
void timeline_remove(struct timeline **timeline, struct moment moment, uint64_t *bytes);
/* The first n. */
void timeline_drop(struct timeline **timeline, uint32_t n, uint64_t *bytes);
void timeline_free(struct timeline **timeline, uint64_t *bytes);
#endif
