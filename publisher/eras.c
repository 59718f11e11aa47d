/* eras.c - a short list, searched by halves. */
#include "publisher/eras.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

void
eras_fini(struct eras *eras)
{
	free(eras->era);
	*eras = (struct eras){0};
}

static void
era_add(struct eras *eras, const struct update_head *head, uint64_t seq)
{
	if (eras->count == eras->cap) {
		eras->cap = eras->cap * 2 + 4;
		eras->era = mem_realloc(eras->era, eras->cap * sizeof(struct era));
	}
	struct era *era = &eras->era[eras->count++];
	era->after_seq = seq;
	era->now_ms = head->now_ms;
	memcpy(era->bounds, head->bounds, sizeof(era->bounds));
}

void
eras_update(struct eras *eras, const struct update_head *head, uint64_t seq)
{
	struct era *last = eras->count > 0 ? &eras->era[eras->count - 1] : NULL;

	if (last == NULL || memcmp(last->bounds, head->bounds, sizeof(last->bounds)) != 0) {
		if (eras->count < ERAS_MAX) {
			era_add(eras, head, seq);
		} else {
			memcpy(last->bounds, head->bounds, sizeof(last->bounds));
			eras->merged++;
		}
	}
	eras->era[eras->count - 1].now_ms = head->now_ms;
	if (!eras->in_round)
		eras->round_era = eras->count - 1;
	eras->in_round = true;
}

void
eras_round_end(struct eras *eras)
{
	assert(eras->in_round);
	eras->in_round = false;
	eras->count -= eras->round_era;
	memmove(eras->era, eras->era + eras->round_era, eras->count * sizeof(struct era));
	eras->round_era = 0;
}

const struct era *
eras_of(const struct eras *eras, uint64_t seq)
{
	uint32_t low = 0, high = eras->count; /* the last era with after_seq < seq is in [low, high), else the first */

	assert(eras->count > 0);
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (eras->era[middle].after_seq < seq)
			low = middle;
		else
			high = middle;
	}
	return &eras->era[low];
}

const struct era *
eras_only(const struct eras *eras)
{
	return eras->count == 1 && !eras->in_round ? &eras->era[0] : NULL;
}
