/* test_order.c - the crit-bit tree against a sorted list. */
#include "tests/publisher/support.h"
#include "publisher/order.h"
#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 400, STEPS = 20000 };
static char keys[KEYS][32];

static struct slice
key_of(const void *context, uint32_t leaf)
{
	(void)context;
	return slice_of(keys[leaf]);
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Short keys over few letters: many are prefixes of others. High bytes too: order is by unsigned bytes. */
static void
keys_make(uint64_t *state)
{
	static const char letters[] = {'a', 'b', '/', '\xc3', '~'};

	for (unsigned i = 0; i < KEYS; i++) {
		unsigned n = 1 + (unsigned)random_below(state, 8);
		for (unsigned b = 0; b < n; b++)
			keys[i][b] = letters[random_below(state, sizeof(letters))];
		snprintf(keys[i] + n, sizeof(keys[i]) - n, "%u", i % 37);
		for (unsigned other = 0; other < i; other++)
			if (strcmp(keys[other], keys[i]) == 0)
				snprintf(keys[i], sizeof(keys[i]), "x%u", i);
	}
	qsort(keys, KEYS, sizeof(keys[0]), by_bytes); /* strcmp is unsigned: leaf numbers are in byte order */
}

static void
same_walk(const struct order *order, const bool *in, struct slice from)
{
	struct order_cursor cursor;

	order_seek(&cursor, order, from);
	for (uint32_t i = 0; i < KEYS; i++) {
		struct slice key = slice_of(keys[i]);
		uint32_t n = key.n < from.n ? key.n : from.n;
		int c = n > 0 ? memcmp(key.p, from.p, n) : 0;
		if (in[i] && (c > 0 || (c == 0 && key.n >= from.n)))
			assert_int_equal(order_next(&cursor), i);
	}
	assert_int_equal(order_next(&cursor), ORDER_NONE);
}

static void
finds_and_walks_like_a_sorted_list(void **unused)
{
	uint64_t state = support_seed(__func__);
	bool in[KEYS] = {false};
	struct order order;
	(void)unused;

	keys_make(&state);
	order_init(&order, key_of, NULL);
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t i = (uint32_t)random_below(&state, KEYS);
		assert_int_equal(order_find(&order, slice_of(keys[i])), in[i] ? i : ORDER_NONE);
		if (in[i])
			order_remove(&order, i);
		else
			order_insert(&order, i);
		in[i] = !in[i];
		if (step % 50 == 0) {
			struct slice from = slice_of(keys[random_below(&state, KEYS)]);
			from.n = (uint32_t)random_below(&state, from.n + 1);
			same_walk(&order, in, from);
		}
	}
	for (uint32_t i = 0; i < KEYS; i++)
		if (in[i])
			order_remove(&order, i);
	assert_int_equal(order.leaves, 0);
	same_walk(&order, (bool[KEYS]){false}, slice_of(""));
	order_fini(&order);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_and_walks_like_a_sorted_list)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
