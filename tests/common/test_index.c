/* test_index.c - the incremental index against an array, with colliding hashes. */
#include "common/index.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { VALUES = 5000, STEPS = 60000 };

static bool
holds(const struct index *index, uint64_t hash, uint32_t value)
{
	struct index_walk walk;
	unsigned times = 0;
	for (uint32_t v = index_first(index, &walk, hash); v != INDEX_NONE; v = index_next(index, &walk))
		times += v == value;
	assert_true(times <= 1);
	return times == 1;
}

static void
index_finds_what_is_in_it_and_nothing_else_while_it_grows(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	static uint64_t hash[VALUES];
	static bool in[VALUES];
	struct index index;
	uint64_t count = 0;
	index_init(&index);
	for (uint32_t v = 0; v < VALUES; v++) /* few different tags: long chains */
		hash[v] = random_below(&random, 700) << 32 | random_below(&random, UINT32_MAX);
	for (uint32_t step = 0; step < STEPS; step++) {
		uint32_t v = (uint32_t)random_below(&random, VALUES);
		assert_int_equal(holds(&index, hash[v], v), in[v]);
		if (in[v])
			index_remove(&index, hash[v], v);
		else
			index_insert(&index, hash[v], v);
		in[v] = !in[v];
		count += in[v] ? 1 : (uint64_t)-1;
		assert_int_equal(index.count, count);
	}
	for (uint32_t v = 0; v < VALUES; v++)
		assert_int_equal(holds(&index, hash[v], v), in[v]);
	index_fini(&index);
}

static void
churn_does_not_make_it_grow(void **state)
{
	(void)state;
	struct index index;
	index_init(&index);
	for (uint32_t v = 0; v < 1000000; v++) {
		index_insert(&index, (uint64_t)v << 32, v);
		if (v >= 100)
			index_remove(&index, (uint64_t)(v - 100) << 32, v - 100);
	}
	assert_true(index_bytes(&index) < 16384); /* 100 live entries */
	index_fini(&index);
}

static void
many_entries_of_one_hash_leave_room_for_others(void **state)
{
	(void)state;
	enum { ALIKE = 700, OTHERS = 9000 }; /* it becomes many tables on the way; one of them gets most */
	struct index index;
	struct index_walk walk;
	index_init(&index);
	for (uint32_t i = 0; i < ALIKE; i++)
		index_insert(&index, UINT64_C(0x1234567800000000), i);
	for (uint32_t i = 0; i < OTHERS; i++)
		index_insert(&index, (i + 1) * UINT64_C(0x9e3779b97f4a7c15), ALIKE + i);
	uint32_t found = 0;
	for (uint32_t v = index_first(&index, &walk, UINT64_C(0x1234567800000000)); v != INDEX_NONE; v = index_next(&index, &walk))
		found += v < ALIKE;
	assert_int_equal(found, ALIKE);
	for (uint32_t i = 0; i < OTHERS; i++) {
		uint32_t v = index_first(&index, &walk, (i + 1) * UINT64_C(0x9e3779b97f4a7c15));
		while (v != INDEX_NONE && v != ALIKE + i)
			v = index_next(&index, &walk);
		assert_int_equal(v, ALIKE + i);
	}
	assert_int_equal(index_first(&index, &walk, UINT64_C(0x1234567900000000)), INDEX_NONE);
	index_fini(&index);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(index_finds_what_is_in_it_and_nothing_else_while_it_grows),
	    cmocka_unit_test(churn_does_not_make_it_grow),
	    cmocka_unit_test(many_entries_of_one_hash_leave_room_for_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
