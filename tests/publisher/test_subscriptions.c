/* test_subscriptions.c - the prefix set against a list of prefixes. */
#include "tests/publisher/support.h"
#include "publisher/subscriptions.h"
#include <stdio.h>

static struct slice
text_random(uint64_t *state, uint8_t *out, unsigned most)
{
	unsigned n = (unsigned)random_below(state, most + 1);

	for (unsigned i = 0; i < n; i++)
		out[i] = (uint8_t)"ab/\0"[random_below(state, 4)];
	return (struct slice){out, n};
}

static void
not_expected(void *context, struct slice prefix)
{
	(void)context, (void)prefix;
	fail();
}

static void
count_last(void *context, struct slice prefix)
{
	(void)prefix;
	++*(unsigned *)context;
}

struct held {
	uint32_t holder, n;
	uint8_t bytes[16];
};

static bool
same(const struct held *a, const struct held *b)
{
	return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

/* Connections come and go, say things twice, and give back what they never had. */
static void
matches_like_a_list_of_who_holds_what(void **unused)
{
	enum { LIST = 600, HOLDERS = 9 };
	uint64_t state = support_seed(__func__);
	struct subscriptions *subscriptions = subscriptions_new(100000, state);
	static struct held list[LIST];
	uint32_t count = 0;
	(void)unused;

	for (unsigned step = 0; step < 20000; step++) {
		struct held one = {.holder = (uint32_t)random_below(&state, HOLDERS) * 37};
		one.n = text_random(&state, one.bytes, 16).n;
		if (count > 0 && random_below(&state, 3) == 0) { /* of somebody who may be another one */
			uint32_t holder = one.holder;
			one = list[random_below(&state, count)];
			one.holder = random_below(&state, 2) ? holder : one.holder;
		}
		struct slice prefix = {one.bytes, one.n};
		uint32_t own = UINT32_MAX, others = 0;
		for (uint32_t k = 0; k < count; k++) {
			bool match = same(&list[k], &one);
			own = match && list[k].holder == one.holder ? k : own;
			others += match && list[k].holder != one.holder;
		}
		if (random_below(&state, 200) == 0) {
			unsigned last = 0, expected = 0;
			for (uint32_t k = 0; k < count; k++) {
				bool shared = false;
				for (uint32_t i = 0; i < count; i++)
					shared |= list[i].holder != one.holder && same(&list[i], &list[k]);
				expected += list[k].holder == one.holder && !shared;
			}
			subscriptions_gone(subscriptions, one.holder, count_last, &last);
			assert_int_equal(last, expected);
			for (uint32_t k = count; k-- > 0;)
				if (list[k].holder == one.holder)
					list[k] = list[--count];
		} else if (count < LIST && random_below(&state, 100) < 48) {
			assert_int_equal(subscriptions_add(subscriptions, one.holder, prefix),
			                 own == UINT32_MAX && others == 0 ? SUBSCRIPTION_FIRST : SUBSCRIPTION_AGAIN);
			if (own == UINT32_MAX)
				list[count++] = one;
		} else {
			assert_int_equal(subscriptions_remove(subscriptions, one.holder, prefix),
			                 own == UINT32_MAX ? SUBSCRIPTION_REFUSED
			                 : others > 0      ? SUBSCRIPTION_AGAIN
			                                   : SUBSCRIPTION_LAST);
			if (own != UINT32_MAX)
				list[own] = list[--count];
		}
		uint8_t topic_bytes[20];
		struct slice topic = text_random(&state, topic_bytes, 20);
		bool match = false;
		for (uint32_t k = 0; k < count; k++)
			match |= list[k].n <= topic.n && memcmp(list[k].bytes, topic.p, list[k].n) == 0;
		assert_int_equal(subscriptions_match(subscriptions, topic), match);
	}
	subscriptions_free(subscriptions);
}

static void
nobody_takes_a_prefix_from_another_connection(void **unused)
{
	struct subscriptions *subscriptions = subscriptions_new(10, 1);
	unsigned last = 0;
	(void)unused;

	assert_int_equal(subscriptions_add(subscriptions, 7, slice_of("kpi/")), SUBSCRIPTION_FIRST);
	assert_int_equal(subscriptions_add(subscriptions, 7, slice_of("kpi/")), SUBSCRIPTION_AGAIN);
	assert_int_equal(subscriptions_remove(subscriptions, 8, slice_of("kpi/")), SUBSCRIPTION_REFUSED);
	assert_true(subscriptions_match(subscriptions, slice_of("kpi/r1d/all/all")));
	assert_int_equal(subscriptions_add(subscriptions, 8, slice_of("kpi/")), SUBSCRIPTION_AGAIN);
	subscriptions_gone(subscriptions, 7, not_expected, NULL);
	assert_true(subscriptions_match(subscriptions, slice_of("kpi/r1d/all/all")));
	subscriptions_gone(subscriptions, 8, count_last, &last);
	assert_int_equal(last, 1);
	assert_false(subscriptions_match(subscriptions, slice_of("kpi/r1d/all/all")));
	subscriptions_free(subscriptions);
}

static void
too_long_and_too_many_are_refused(void **unused)
{
	struct subscriptions *subscriptions = subscriptions_new(2, 1);
	uint8_t longest[SUBSCRIPTION_BYTES_MAX + 1] = {0};
	(void)unused;

	assert_int_equal(subscriptions_add(subscriptions, 1, (struct slice){longest, sizeof(longest)}),
	                 SUBSCRIPTION_REFUSED);
	assert_int_equal(subscriptions_add(subscriptions, 1, (struct slice){longest, sizeof(longest) - 1}),
	                 SUBSCRIPTION_FIRST);
	assert_int_equal(subscriptions_add(subscriptions, 1, slice_of("")), SUBSCRIPTION_FIRST);
	assert_int_equal(subscriptions_add(subscriptions, 2, slice_of("third")), SUBSCRIPTION_REFUSED);
	assert_int_equal(subscriptions_add(subscriptions, 2, slice_of("")), SUBSCRIPTION_AGAIN);
	assert_int_equal(subscriptions_count(subscriptions), 2);
	subscriptions_free(subscriptions);
}

static void
one_connection_holds_so_many_and_no_more(void **unused)
{
	struct subscriptions *subscriptions = subscriptions_new(100000, 1);
	char prefix[16];
	(void)unused;

	for (unsigned i = 0; i <= SUBSCRIPTIONS_EACH_MAX; i++) {
		int n = snprintf(prefix, sizeof(prefix), "p%u", i);
		assert_int_equal(subscriptions_add(subscriptions, 1, (struct slice){(uint8_t *)prefix, (uint32_t)n}),
		                 i < SUBSCRIPTIONS_EACH_MAX ? SUBSCRIPTION_FIRST : SUBSCRIPTION_REFUSED);
	}
	assert_int_equal(subscriptions_add(subscriptions, 2, slice_of("mine")), SUBSCRIPTION_FIRST);
	subscriptions_free(subscriptions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matches_like_a_list_of_who_holds_what),
	    cmocka_unit_test(nobody_takes_a_prefix_from_another_connection),
	    cmocka_unit_test(too_long_and_too_many_are_refused),
	    cmocka_unit_test(one_connection_holds_so_many_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
