/* test_pool.c - records by number: numbers are used again, records never move and come zeroed. */
#include "common/pool.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { PER_CHUNK = 4, MODEL = 500 };

struct record {
	uint64_t a, b, c;
};

static struct record *
at(const struct pool *pool, uint32_t number)
{
	return pool_at(pool, number, sizeof(struct record), PER_CHUNK);
}

static struct pool
new_pool(void)
{
	struct pool pool;
	pool_init(&pool, sizeof(struct record), PER_CHUNK);
	return pool;
}

static void
an_empty_pool_takes_nothing(void **state)
{
	(void)state;
	struct pool pool = new_pool();
	assert_int_equal(pool.live, 0);
	assert_int_equal(pool.end, 0);
	assert_int_equal(pool_bytes(&pool), 0);
	pool_fini(&pool);
}

static void
numbers_are_dense_and_the_last_given_back_is_taken_first(void **state)
{
	(void)state;
	struct pool pool = new_pool();
	for (uint32_t n = 0; n < 6; n++)
		assert_int_equal(pool_take(&pool), n);
	pool_give_back(&pool, 1);
	pool_give_back(&pool, 4);
	assert_int_equal(pool.live, 4);
	assert_int_equal(pool.end, 6); /* numbers stay below it */
	assert_int_equal(pool_take(&pool), 4);
	assert_int_equal(pool_take(&pool), 1);
	assert_int_equal(pool_take(&pool), 6);
	assert_int_equal(pool.live, 7);
	pool_fini(&pool);
}

static void
a_record_comes_zeroed_also_when_it_was_used(void **state)
{
	(void)state;
	static const struct record none;
	struct pool pool = new_pool();
	uint32_t number = pool_take(&pool);
	assert_memory_equal(at(&pool, number), &none, sizeof(none));
	memset(at(&pool, number), 0xff, sizeof(none));
	pool_give_back(&pool, number);
	assert_int_equal(pool_take(&pool), number);
	assert_memory_equal(at(&pool, number), &none, sizeof(none));
	pool_fini(&pool);
}

static void
records_never_move(void **state)
{
	(void)state;
	struct pool pool = new_pool();
	struct record *first = at(&pool, pool_take(&pool));
	first->b = 7;
	for (int n = 0; n < 1000; n++)
		pool_take(&pool);
	assert_ptr_equal(at(&pool, 0), first);
	assert_int_equal(first->b, 7);
	pool_fini(&pool);
}

/* Five records stand in two chunks; the list of numbers given back has room for 256 from the first on. */
static void
bytes_are_those_of_chunks_and_of_the_list_of_free_numbers(void **state)
{
	(void)state;
	struct pool pool = new_pool();
	for (int n = 0; n < 5; n++)
		pool_take(&pool);
	uint64_t chunks = 2 * (PER_CHUNK * sizeof(struct record) + sizeof(void *));
	assert_int_equal(pool_bytes(&pool), chunks);
	pool_give_back(&pool, 3);
	assert_int_equal(pool_bytes(&pool), chunks + 256 * sizeof(uint32_t));
	pool_fini(&pool);
	assert_int_equal(pool_bytes(&pool), 0);
}

static void
no_number_is_taken_twice_and_each_record_keeps_what_it_holds(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	struct pool pool = new_pool();
	static bool taken[MODEL];
	uint32_t live = 0, live_max = 0;
	for (int step = 0; step < 20000; step++) {
		uint32_t number = (uint32_t)random_below(&random, MODEL);
		if (taken[number]) {
			assert_int_equal(at(&pool, number)->a, number + 1);
			pool_give_back(&pool, number);
			taken[number] = false;
			live--;
		} else if (live < MODEL) {
			number = pool_take(&pool);
			assert_true(number < MODEL && number < pool.end);
			assert_false(taken[number]);
			assert_int_equal(at(&pool, number)->a, 0);
			at(&pool, number)->a = number + 1;
			taken[number] = true;
			live++;
		}
		live_max = live > live_max ? live : live_max;
		assert_int_equal(pool.live, live);
	}
	assert_int_equal(pool.end, live_max); /* none was made while one was free */
	pool_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_pool_takes_nothing),
	    cmocka_unit_test(numbers_are_dense_and_the_last_given_back_is_taken_first),
	    cmocka_unit_test(a_record_comes_zeroed_also_when_it_was_used),
	    cmocka_unit_test(records_never_move),
	    cmocka_unit_test(bytes_are_those_of_chunks_and_of_the_list_of_free_numbers),
	    cmocka_unit_test(no_number_is_taken_twice_and_each_record_keeps_what_it_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
