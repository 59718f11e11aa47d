/* test_series.c - series are told of in the order of their first change, however many there are. */
#include "aggregator/series.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { SERIES = 5 * DIRTY_CHUNK / 2, STEPS = 400 };

static void
make_all(struct series_set *set)
{
	for (uint32_t i = 0; i < SERIES; i++)
		assert_int_equal(series_make(set, 0, (struct slice){(const uint8_t *)&i, sizeof(i)}, 1), i);
}

static void
dirty_ones_are_taken_in_order(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	static const struct kpi_set kpis;
	struct kernel_config config = {.kpis = &kpis, .rollup_count = 1};
	struct series_set set;
	uint32_t *queue = test_calloc(STEPS * (size_t)SERIES, sizeof(*queue));
	uint64_t from = 0, end = 0;
	series_set_init(&set, &config);
	make_all(&set);
	for (int step = 0; step < STEPS; step++) {
		uint32_t marks = (uint32_t)random_below(&random, SERIES / 4), first = (uint32_t)random_below(&random, SERIES);
		for (uint32_t i = first; i < first + marks; i++) {
			struct series *series = series_at(&set, i % SERIES);
			if (!series->dirty)
				queue[end++] = i % SERIES;
			series_mark(&set, series, i % SERIES);
		}
		for (uint64_t takes = random_below(&random, SERIES / 4); takes > 0 && from < end; takes--) {
			uint32_t id = series_take_dirty(&set);
			assert_int_equal(id, queue[from++]);
			assert_false(series_at(&set, id)->dirty);
		}
		assert_int_equal(set.dirty_end - set.dirty_from, end - from);
	}
	assert_true(from > 10 * DIRTY_CHUNK);
	assert_true(set.dirty_chunks <= SERIES / DIRTY_CHUNK + 2);
	series_set_fini(&set);
	test_free(queue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dirty_ones_are_taken_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
