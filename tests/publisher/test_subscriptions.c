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
matches_like_a_list_of_prefixes(void **unused)
{
	enum { LIST = 600 };
	uint64_t state = support_seed(__func__);
	struct subscriptions *subscriptions = subscriptions_new(100000, state);
	static uint8_t bytes[LIST][16];
	static uint32_t length[LIST];
	uint32_t count = 0;
	(void)unused;

	for (unsigned step = 0; step < 20000; step++) {
		if (count < LIST && random_below(&state, 100) < 48) {
			struct slice prefix = text_random(&state, bytes[count], 16);
			length[count++] = prefix.n;
			assert_int_not_equal(subscriptions_add(subscriptions, prefix), SUBSCRIPTION_REFUSED);
		} else if (count > 0) {
			uint32_t i = (uint32_t)random_below(&state, count);
			bool others = false;
			for (uint32_t k = 0; k < count; k++)
				others |= k != i && length[k] == length[i] && memcmp(bytes[k], bytes[i], length[i]) == 0;
			assert_int_equal(subscriptions_remove(subscriptions, (struct slice){bytes[i], length[i]}),
			                 others ? SUBSCRIPTION_AGAIN : SUBSCRIPTION_LAST);
			count--;
			memmove(bytes[i], bytes[count], sizeof(bytes[i]));
			length[i] = length[count];
		}
		uint8_t topic_bytes[20];
		struct slice topic = text_random(&state, topic_bytes, 20);
		bool match = false;
		for (uint32_t k = 0; k < count; k++)
			match |= length[k] <= topic.n && memcmp(bytes[k], topic.p, length[k]) == 0;
		assert_int_equal(subscriptions_match(subscriptions, topic), match);
	}
	subscriptions_free(subscriptions);
}

static void
a_prefix_stays_until_its_last_holder_leaves(void **unused)
{
	struct subscriptions *subscriptions = subscriptions_new(10, 1);
	(void)unused;

	assert_int_equal(subscriptions_add(subscriptions, slice_of("kpi/")), SUBSCRIPTION_FIRST);
	assert_int_equal(subscriptions_add(subscriptions, slice_of("kpi/")), SUBSCRIPTION_AGAIN);
	assert_int_equal(subscriptions_remove(subscriptions, slice_of("kpi/")), SUBSCRIPTION_AGAIN);
	assert_true(subscriptions_match(subscriptions, slice_of("kpi/r1d/all/all")));
	assert_int_equal(subscriptions_remove(subscriptions, slice_of("kpi/")), SUBSCRIPTION_LAST);
	assert_false(subscriptions_match(subscriptions, slice_of("kpi/r1d/all/all")));
	assert_int_equal(subscriptions_remove(subscriptions, slice_of("kpi/")), SUBSCRIPTION_REFUSED);
	subscriptions_free(subscriptions);
}

static void
too_long_and_too_many_are_refused(void **unused)
{
	struct subscriptions *subscriptions = subscriptions_new(2, 1);
	uint8_t longest[SUBSCRIPTION_BYTES_MAX + 1] = {0};
	(void)unused;

	assert_int_equal(subscriptions_add(subscriptions, (struct slice){longest, sizeof(longest)}),
	                 SUBSCRIPTION_REFUSED);
	assert_int_equal(subscriptions_add(subscriptions, (struct slice){longest, sizeof(longest) - 1}),
	                 SUBSCRIPTION_FIRST);
	assert_int_equal(subscriptions_add(subscriptions, slice_of("")), SUBSCRIPTION_FIRST);
	assert_int_equal(subscriptions_add(subscriptions, slice_of("third")), SUBSCRIPTION_REFUSED);
	assert_int_equal(subscriptions_add(subscriptions, slice_of("")), SUBSCRIPTION_AGAIN);
	assert_int_equal(subscriptions_count(subscriptions), 2);
	subscriptions_free(subscriptions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matches_like_a_list_of_prefixes),
	    cmocka_unit_test(a_prefix_stays_until_its_last_holder_leaves),
	    cmocka_unit_test(too_long_and_too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
