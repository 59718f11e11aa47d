/*
 * numbers.h - the records of a pool in an image: each keeps its number, since others refer to it by that.
 *
 * Written as the pool's end, how many follow, and before each the gap to the one before. Internal to the aggregator room.
 */
#ifndef AGGREGATOR_NUMBERS_H
#define AGGREGATOR_NUMBERS_H
#include "common/pool.h"
#include "common/stream.h"

/* Before a record; *next is 0 at first. */
static inline void
number_save(struct stream_out *out, uint32_t *next, uint32_t number)
{
	stream_put_var(out, number - *next);
	*next = number + 1;
}

struct numbers {
	struct pool *pool;
	uint32_t next;
	uint64_t left;
};

/* The pool is empty; its end and how many are live come next. */
static inline void
numbers_begin(struct numbers *numbers, struct pool *pool, struct stream_in *in)
{
	uint32_t end = stream_get_below(in, UINT32_MAX);
	*numbers = (struct numbers){pool, 0, stream_get_var(in)};
	if (numbers->left > end)
		stream_fail(in);
	if (stream_good(in))
		pool_restore(pool, end);
}

/* False: that was the last one, or the reading failed. Those that are passed over are free again. */
static inline bool
numbers_next(struct numbers *numbers, struct stream_in *in, uint32_t *number)
{
	if (!stream_good(in))
		return false;
	uint32_t end = numbers->pool->end;
	*number = numbers->left > 0 ? numbers->next + stream_get_below(in, (uint64_t)end - numbers->next) : end;
	if (!stream_good(in))
		return false;
	while (numbers->next < *number)
		pool_give_back(numbers->pool, numbers->next++);
	numbers->next++;
	return numbers->left > 0 && numbers->left--;
}
#endif
