/* timeline.c - sorted arrays of moments. */
#include "aggregator/timeline.h"
#include "common/mem.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t
bytes_of(uint32_t cap)
{
	return sizeof(struct timeline) + cap * sizeof(struct moment);
}

static bool
is_before(struct moment a, struct moment b)
{
	return a.ts_ms != b.ts_ms ? a.ts_ms < b.ts_ms : a.tie < b.tie;
}

/* The first that is not before `moment`. Most are asked for near the end. */
static uint32_t
position(const struct timeline *timeline, struct moment moment)
{
	uint32_t lo = 0, hi = timeline_count(timeline);
	if (hi > 0 && is_before(timeline->at[hi - 1], moment))
		return hi;
	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;
		if (is_before(timeline->at[middle], moment))
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

uint32_t
timeline_from(const struct timeline *timeline, int64_t ts_ms)
{
	return position(timeline, (struct moment){.ts_ms = ts_ms});
}

void
timeline_add(struct timeline **timeline, struct moment moment, uint64_t *bytes)
{
	struct timeline *to = *timeline;
	uint32_t count = timeline_count(to), cap = to != NULL ? to->cap : 0;
	if (count == cap) {
		uint32_t more = cap + cap / 2 + 1;
		*bytes += bytes_of(more) - (to != NULL ? bytes_of(cap) : 0);
		*timeline = to = mem_realloc(to, bytes_of(more));
		*to = (struct timeline){count, more};
	}
	uint32_t at = position(to, moment);
	memmove(to->at + at + 1, to->at + at, (count - at) * sizeof(*to->at));
	to->at[at] = moment;
	to->count++;
}

/* Takes out [from, from + n). */
static void
cut(struct timeline **timeline, uint32_t from, uint32_t n, uint64_t *bytes)
{
	struct timeline *of = *timeline;
	memmove(of->at + from, of->at + from + n, (of->count - from - n) * sizeof(*of->at));
	of->count -= n;
	if (of->count == 0)
		timeline_free(timeline, bytes);
}

void
timeline_remove(struct timeline **timeline, struct moment moment, uint64_t *bytes)
{
	uint32_t at = position(*timeline, moment);
	while (at < timeline_count(*timeline) && (*timeline)->at[at].ref != moment.ref)
		at++; /* of one id and time there are two when it was taken again */
	assert(at < timeline_count(*timeline) && (*timeline)->at[at].ts_ms == moment.ts_ms);
	cut(timeline, at, 1, bytes);
}

void
timeline_drop(struct timeline **timeline, uint32_t n, uint64_t *bytes)
{
	if (n > 0)
		cut(timeline, 0, n, bytes);
}

void
timeline_free(struct timeline **timeline, uint64_t *bytes)
{
	if (*timeline != NULL)
		*bytes -= bytes_of((*timeline)->cap);
	free(*timeline);
	*timeline = NULL;
}
