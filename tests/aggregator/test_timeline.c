/* test_timeline.c - timelines against a plain sorted list, short ones and long ones; and the slab they live in. */
#include "aggregator/timeline.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOMENTS_MAX = 4000 };

struct model {
	struct moment at[MOMENTS_MAX];
	uint32_t count;
};

static bool
is_before(struct moment a, struct moment b)
{
	return a.key != b.key ? a.key < b.key : a.tie < b.tie;
}

static void
model_add(struct model *model, struct moment moment)
{
	uint32_t at = model->count++;
	for (; at > 0 && is_before(moment, model->at[at - 1]); at--)
		model->at[at] = model->at[at - 1];
	model->at[at] = moment;
}

static void
model_remove(struct model *model, uint32_t at)
{
	model->count--;
	memmove(&model->at[at], &model->at[at + 1], (model->count - at) * sizeof(model->at[0]));
}

static void
compare(const struct timeline *timeline, const struct model *model, int64_t ts_ms)
{
	struct timeline_walk walk;
	uint32_t from = 0;
	while (from < model->count && moment_ts(&model->at[from]) < ts_ms)
		from++;
	const struct moment *last = timeline_last_before(timeline, ts_ms), *first = timeline_first(timeline);
	assert_int_equal(timeline_count(timeline), model->count);
	assert_true((last == NULL) == (from == 0) && (first == NULL) == (model->count == 0));
	if (last != NULL)
		assert_int_equal(last->ref, model->at[from - 1].ref);
	if (first != NULL)
		assert_int_equal(first->ref, model->at[0].ref);
	for (const struct moment *at = timeline_walk(&walk, timeline, ts_ms); at != NULL; at = timeline_next(&walk))
		assert_int_equal(at->ref, model->at[from++].ref);
	assert_int_equal(from, model->count);
}

static void
a_timeline_is_a_sorted_list(uint64_t seed, uint32_t steps, int64_t span_ms)
{
	struct random random = {seed};
	struct slab slab = {0};
	struct timeline *timeline = NULL;
	struct model *model = calloc(1, sizeof(*model));
	for (uint32_t i = 0; i < steps; i++) {
		uint64_t dice = random_below(&random, 100);
		if (model->count > 0 && (dice < 25 || model->count == MOMENTS_MAX)) {
			uint32_t at = (uint32_t)random_below(&random, model->count);
			timeline_remove(&timeline, model->at[at], &slab);
			model_remove(model, at);
		} else if (model->count > 0 && dice < 30) {
			timeline_drop_first(&timeline, &slab);
			model_remove(model, 0);
		} else {
			/* mostly in order, some into the middle, some at one moment; never two of one ts and tie */
			int64_t ts = (int64_t)i + (int64_t)random_below(&random, (uint64_t)span_ms);
			struct moment moment = moment_of(ts, random_below(&random, UINT64_MAX) << 20 | i, i);
			timeline_add(&timeline, moment, &slab);
			model_add(model, moment);
		}
		if (i % 37 == 0)
			compare(timeline, model, (int64_t)random_below(&random, steps + (uint64_t)span_ms));
	}
	compare(timeline, model, 0);
	while (timeline != NULL)
		timeline_drop_first(&timeline, &slab);
	timeline_free(&timeline, &slab);
	slab_fini(&slab);
	free(model);
}

static void
short_and_long_ones_are_sorted_lists(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		a_timeline_is_a_sorted_list(seed, 100, 20);
		a_timeline_is_a_sorted_list(seed, 3000, seed % 2 ? 40 : 3000);
	}
}

static void
ties_decide_within_a_moment_and_refs_between_twins(void **state)
{
	(void)state;
	struct slab slab = {0};
	struct timeline *timeline = NULL;
	const uint64_t tie = UINT64_C(7) << 50;
	timeline_add(&timeline, moment_of(5, 9, 1), &slab);
	timeline_add(&timeline, moment_of(5, tie, 2), &slab);
	timeline_add(&timeline, moment_of(5, 3, 3), &slab);
	timeline_add(&timeline, moment_of(5, tie, 4), &slab); /* an id that was taken again */
	assert_int_equal(timeline_first(timeline)->ref, 3);
	timeline_remove(&timeline, moment_of(5, tie, 2), &slab);
	assert_int_equal(timeline_last_before(timeline, 6)->ref, 4);
	assert_null(timeline_last_before(timeline, 5));
	timeline_free(&timeline, &slab);
	slab_fini(&slab);
}

static void
pieces_keep_their_content_and_are_used_again(void **state)
{
	(void)state;
	struct slab slab = {0};
	enum { END = SLAB_MAX + 100 }; /* across SLAB_MAX, beyond which malloc() serves */
	static uint8_t *piece[END];
	for (size_t i = 1; i < END; i++) {
		piece[i] = slab_alloc(&slab, i);
		memset(piece[i], (int)i & 0xff, i);
	}
	for (size_t i = 1; i < END; i++) {
		piece[i] = slab_resize(&slab, piece[i], i, i + 100);
		for (size_t b = 0; b < i; b++)
			assert_int_equal(piece[i][b], i & 0xff);
	}
	uint64_t bytes = slab.bytes;
	for (size_t i = 1; i < END; i++)
		slab_free(&slab, piece[i], i + 100);
	for (size_t i = 1; i <= SLAB_MAX - 100; i++)
		piece[i] = slab_alloc(&slab, i + 100);
	assert_true(slab.bytes <= bytes);
	slab_fini(&slab);
}

static void
regions_without_a_piece_go_back(void **state)
{
	(void)state;
	enum { PIECES = 20000, BYTES = 40 };
	struct slab slab = {0};
	uint8_t **piece = test_malloc(PIECES * sizeof(*piece));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < PIECES; i++) {
			piece[i] = slab_alloc(&slab, BYTES);
			memset(piece[i], i % 251, BYTES);
		}
		uint64_t all = slab.bytes;
		assert_true(all >= (uint64_t)PIECES * BYTES && all < (uint64_t)PIECES * BYTES * 3 / 2);
		for (int i = 0; i < PIECES; i += 2)
			slab_free(&slab, piece[i], BYTES);
		assert_int_equal(slab.bytes, all); /* each region has some left */
		for (int i = 1; i < PIECES; i += 2) {
			for (int b = 0; b < BYTES; b++)
				assert_int_equal(piece[i][b], i % 251);
			slab_free(&slab, piece[i], BYTES);
		}
		assert_true(slab.bytes <= 64 << 10); /* the last one with room stays */
	}
	test_free(piece);
	slab_fini(&slab);
	assert_int_equal(slab.bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(short_and_long_ones_are_sorted_lists),
	    cmocka_unit_test(ties_decide_within_a_moment_and_refs_between_twins),
	    cmocka_unit_test(pieces_keep_their_content_and_are_used_again),
	    cmocka_unit_test(regions_without_a_piece_go_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
