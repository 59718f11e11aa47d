/* presences.c - counts of activities by bit of presence. */
#include "aggregator/presences.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

struct counts {
	uint32_t series;
	uint8_t class;
	uint32_t period[CALENDAR_WINDOWS];
	uint32_t n[PRESENCE_BITS];
};

struct presences {
	struct counts *counts;
	uint32_t count, cap;
	struct index index;
};

struct presences *
presences_new(void)
{
	struct presences *presences = mem_zalloc(1, sizeof(*presences));
	index_init(&presences->index);
	return presences;
}

void
presences_free(struct presences *presences)
{
	if (presences == NULL)
		return;
	index_fini(&presences->index);
	free(presences->counts);
	free(presences);
}

uint64_t
presences_bytes(const struct presences *presences)
{
	return sizeof(*presences) + presences->cap * sizeof(struct counts) + index_bytes(&presences->index);
}

static uint64_t
hash_of(uint32_t series, unsigned class)
{
	return ((uint64_t)series * CLASSES_MAX + class + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct counts *
counts_of(struct presences *presences, uint32_t series, unsigned class, const uint32_t period[CALENDAR_WINDOWS])
{
	struct index_walk walk;
	uint64_t hash = hash_of(series, class);
	for (uint32_t i = index_first(&presences->index, &walk, hash); i != INDEX_NONE;
	     i = index_next(&presences->index, &walk))
		if (presences->counts[i].series == series && presences->counts[i].class == class)
			return &presences->counts[i];
	if (presences->count == presences->cap) {
		presences->cap = presences->cap + presences->cap / 2 + 8;
		presences->counts = mem_realloc(presences->counts, presences->cap * sizeof(*presences->counts));
	}
	struct counts *counts = &presences->counts[presences->count];
	*counts = (struct counts){.series = series, .class = (uint8_t)class};
	memcpy(counts->period, period, sizeof(counts->period));
	index_insert(&presences->index, hash, presences->count++);
	return counts;
}

/* A calendar window has turned this often: what was cur is prev now, what was prev is before it. */
static void
turn_window(struct counts *counts, unsigned window, uint32_t turns)
{
	static const uint8_t before[CALENDAR_WINDOWS] = {BEFORE_D, BEFORE_W, PRESENCE_BITS /* m: beyond the horizon */};
	uint32_t *cur = &counts->n[slot_of(window, PART_CUR)], *prev = &counts->n[slot_of(window, PART_PREV)];
	uint32_t old = turns == 1 ? *prev : turns == 2 ? *cur : 0;
	if (before[window - WINDOW_ROLLING] < PRESENCE_BITS)
		counts->n[before[window - WINDOW_ROLLING]] = old;
	*prev = turns == 1 ? *cur : 0;
	*cur = 0;
	counts->n[slot_of(window, PART_PTD)] = 0;
}

static uint32_t
bits_of(const struct counts *counts)
{
	uint32_t bits = 0;
	for (unsigned b = 0; b < PRESENCE_BITS; b++)
		bits |= (uint32_t)(counts->n[b] > 0) << b;
	return bits;
}

void
presences_turn(struct presences *presences, uint32_t series, unsigned class, const uint32_t period[CALENDAR_WINDOWS],
               uint32_t was, uint32_t is, uint32_t *before, uint32_t *after)
{
	struct counts *counts = counts_of(presences, series, class, period);
	for (unsigned c = 0; c < CALENDAR_WINDOWS; c++) {
		if (counts->period[c] != period[c])
			turn_window(counts, WINDOW_ROLLING + c, period[c] - counts->period[c]);
		counts->period[c] = period[c];
	}
	*before = bits_of(counts);
	for (uint32_t rest = was & ~is; rest != 0; rest &= rest - 1) {
		assert(counts->n[__builtin_ctz(rest)] > 0);
		counts->n[__builtin_ctz(rest)]--;
	}
	for (uint32_t rest = is & ~was; rest != 0; rest &= rest - 1)
		counts->n[__builtin_ctz(rest)]++;
	*after = bits_of(counts);
}
