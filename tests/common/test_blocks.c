/* test_blocks.c - blocks come zeroed, stand apart, keep their content, and go back to the system. */
#include "common/blocks.h"
#include "tests/common/random.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { HELD = 400, STEPS = 20000 };

struct piece {
	uint64_t *at;
	size_t words;
	uint64_t mark;
};

/* Mostly small ones, also of a page and more, and a few below BLOCK_MIN. */
static size_t
some_words(struct random *random)
{
	uint64_t kind = random_below(random, 50);
	uint64_t most = kind == 0 ? 3 * BLOCK_MAX / 2 : kind < 10 ? BLOCK_MAX / 4 : 8 * BLOCK_MIN;
	return 1 + random_below(random, most / sizeof(uint64_t));
}

static void
take(struct piece *piece, size_t words, uint64_t mark)
{
	*piece = (struct piece){blocks_take(words * sizeof(uint64_t)), words, mark};
	for (size_t i = 0; i < words; i++) {
		if (piece->at[i] != 0)
			fail_msg("word %zu of %zu is not zero", i, words);
		piece->at[i] = mark + i;
	}
}

static void
give_back(struct piece *piece)
{
	for (size_t i = 0; i < piece->words; i++)
		if (piece->at[i] != piece->mark + i)
			fail_msg("word %zu of %zu was overwritten", i, piece->words);
	blocks_give_back(piece->at, piece->words * sizeof(uint64_t));
	*piece = (struct piece){0};
}

/* Trims every so many steps; 0: never. */
static void
churn(struct random random, uint32_t trims)
{
	struct piece *piece = calloc(HELD, sizeof(*piece));
	for (uint32_t step = 0; step < STEPS; step++) {
		struct piece *one = &piece[random_below(&random, HELD)];
		if (trims > 0 && step % trims == 0)
			blocks_trim();
		if (one->at != NULL)
			give_back(one);
		else
			take(one, some_words(&random), random.state);
	}
	for (uint32_t i = 0; i < HELD; i++)
		if (piece[i].at != NULL)
			give_back(&piece[i]);
	free(piece);
}

static void
nothing_is_left_but_what_is_kept(void)
{
	struct blocks_counters count;
	blocks_trim();
	blocks_count(&count);
	assert_int_equal(count.pages, count.ready);
	assert_int_equal(count.free, 0);
}

static void
blocks_stand_apart_and_come_zeroed(void **state)
{
	(void)state;
	churn(random_start(__func__), 0);
	nothing_is_left_but_what_is_kept();
}

/* What was trimmed comes back zeroed, also where it lay beside blocks in use. */
static void
trimming_touches_nothing_in_use(void **state)
{
	(void)state;
	churn(random_start(__func__), 500);
	nothing_is_left_but_what_is_kept();
}

static void
neighbours_are_joined(void **state)
{
	(void)state;
	enum { COUNT = BLOCK_MAX / BLOCK_MIN };
	void *unit[COUNT];
	struct blocks_counters before, after;
	for (int i = 0; i < COUNT; i++)
		unit[i] = blocks_take(BLOCK_MIN);
	blocks_count(&before);
	for (int i = 1; i < COUNT; i += 2) /* no two of them touch */
		blocks_give_back(unit[i], BLOCK_MIN);
	for (int i = 0; i < COUNT; i += 2)
		blocks_give_back(unit[i], BLOCK_MIN);
	void *page = blocks_take(BLOCK_MAX);
	blocks_count(&after);
	assert_int_equal(after.pages, before.pages); /* the same page, in one */
	blocks_give_back(page, BLOCK_MAX);
	nothing_is_left_but_what_is_kept();
}

#if !defined(__SANITIZE_ADDRESS__) /* there everything comes from malloc() */
static void
a_gap_is_used_before_new_memory(void **state)
{
	(void)state;
	uint8_t *all = blocks_take(BLOCK_MAX / 2), *gap = blocks_take(3 * BLOCK_MIN), *after = blocks_take(BLOCK_MIN);
	blocks_give_back(gap, 3 * BLOCK_MIN);
	uint8_t *again = blocks_take(2 * BLOCK_MIN + 1);
	assert_ptr_equal(again, gap);
	blocks_give_back(again, 2 * BLOCK_MIN + 1);
	blocks_give_back(all, BLOCK_MAX / 2);
	blocks_give_back(after, BLOCK_MIN);
}

static void
a_page_is_kept_and_the_others_go_back(void **state)
{
	(void)state;
	enum { PAGES = 20 };
	void *page[PAGES];
	struct blocks_counters count;
	for (int i = 0; i < PAGES; i++)
		page[i] = blocks_take(BLOCK_MAX);
	for (int i = 0; i < PAGES; i++)
		blocks_give_back(page[i], BLOCK_MAX);
	for (int i = 0; i < PAGES; i++) {
		blocks_count(&count);
		assert_int_equal(count.pages, count.ready + 1);
		assert_int_equal(count.free, BLOCK_MAX);
		blocks_give_back(blocks_take(BLOCK_MAX), BLOCK_MAX);
	}
	nothing_is_left_but_what_is_kept();
}
#endif

static void *
churn_thread(void *random)
{
	churn(*(struct random *)random, 0);
	return NULL;
}

static void
threads_take_what_another_makes_ready(void **state)
{
	(void)state;
	struct random random[2] = {random_start(__func__)};
	pthread_t thread[2];
	random[1].state = ~random[0].state;
	for (int round = 0; round < 2; round++) {
		blocks_ready_start();
		for (int t = 0; t < 2; t++)
			pthread_create(&thread[t], NULL, churn_thread, &random[t]);
		for (int t = 0; t < 2; t++)
			pthread_join(thread[t], NULL);
		blocks_ready_stop();
	}
	nothing_is_left_but_what_is_kept();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blocks_stand_apart_and_come_zeroed),
	    cmocka_unit_test(trimming_touches_nothing_in_use),
	    cmocka_unit_test(neighbours_are_joined),
#if !defined(__SANITIZE_ADDRESS__)
	    cmocka_unit_test(a_gap_is_used_before_new_memory),
	    cmocka_unit_test(a_page_is_kept_and_the_others_go_back),
#endif
	    cmocka_unit_test(threads_take_what_another_makes_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
