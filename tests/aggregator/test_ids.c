/* test_ids.c - the table of ids against a list, with expiry; what is repeated, contradicted, forgotten. */
#include "aggregator/ids.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { IDS = 3000, STEPS = 200000, HORIZON = 50000 };

static struct hash128
id_of(uint64_t n)
{
	return (struct hash128){n * 0x9e3779b97f4a7c15u, n};
}

static void
ids_equal_a_list_while_time_passes(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	struct ids *ids = ids_new();
	static struct {
		bool known;
		uint64_t content;
		int64_t ts;
	} list[IDS];
	int64_t now = HORIZON;
	for (int step = 0; step < STEPS; step++) {
		uint64_t n = random_below(&random, IDS), content = 1 + random_below(&random, 3);
		now += (int64_t)random_below(&random, 5);
		int64_t forget = now - HORIZON, ts = now - (int64_t)random_below(&random, HORIZON + 1);
		enum ids_verdict expected = !list[n].known || list[n].ts < forget ? IDS_NEW
		                            : list[n].content == content          ? IDS_DUPLICATE
		                                                                  : IDS_CONFLICT;
		assert_int_equal(ids_find(ids, id_of(n), content, forget), expected);
		assert_true(ids_slots_used(ids) <= IDS); /* each is there once */
		if (expected != IDS_NEW)
			continue;
		ids_add(ids, id_of(n), content, ts, false, forget);
		list[n].known = true;
		list[n].content = content;
		list[n].ts = ts;
	}
	ids_free(ids);
}

static void
an_id_is_forgotten_exactly_when_its_time_would_be_too_late(void **state)
{
	(void)state;
	struct ids *ids = ids_new();
	ids_add(ids, id_of(1), 5, 1000, false, 0);
	assert_int_equal(ids_find(ids, id_of(1), 5, 1000), IDS_DUPLICATE);
	assert_int_equal(ids_find(ids, id_of(1), 6, 1000), IDS_CONFLICT);
	assert_int_equal(ids_find(ids, id_of(1), 5, 1001), IDS_NEW);
	ids_free(ids);
}

static void
the_zero_hash_at_time_zero_is_an_id_like_any_other(void **state)
{
	(void)state;
	struct ids *ids = ids_new();
	const struct hash128 zero = {0, 0};
	assert_int_equal(ids_find(ids, zero, 0, 0), IDS_NEW);
	ids_add(ids, zero, 0, 0, false, 0);
	assert_int_not_equal(ids_find(ids, zero, 0, 0), IDS_NEW);
	ids_free(ids);
}

static void
expired_ids_make_room_and_the_table_stays_small(void **state)
{
	(void)state;
	struct ids *ids = ids_new();
	for (uint64_t n = 0; n < 1000000; n++) /* 1000 live at a time */
		ids_add(ids, id_of(n), n, (int64_t)n, false, (int64_t)n - 1000);
	assert_true(ids_bytes(ids) < 200000);
	ids_free(ids);
}

static void
a_flood_after_a_lull_finds_room(void **state)
{
	(void)state;
	struct ids *ids = ids_new();
	uint64_t n = 0;
	int64_t now = 0;
	for (int round = 0; round < 40; round++) {
		/* nearly all expire, then more come than a table for the few left could hold */
		uint64_t burst = 2000 + (uint64_t)round * 1500;
		now += 2000000;
		for (uint64_t i = 0; i < burst; i++, n++)
			ids_add(ids, id_of(n), n, now, false, now - (i % 700 == 0 ? 0 : 1000000));
		for (uint64_t back = 1; back <= burst; back++)
			assert_int_equal(ids_find(ids, id_of(n - back), n - back, now - 1000000), IDS_DUPLICATE);
	}
	ids_free(ids);
}

/* All want one place, or the last one: they are pushed on, and where the table ends it grows. */
static void
a_crowd_of_neighbouring_hashes_is_told_apart(void **state)
{
	(void)state;
	enum { CROWD = 3000, STRIDE = 7 /* out of order */ };
	for (int last = 0; last < 2; last++) {
		struct ids *ids = ids_new();
		uint64_t lo = last ? UINT64_MAX - CROWD : UINT64_C(1) << 62;
		for (uint64_t n = 0; n < CROWD; n++) { /* of one shard; each hash twice in lo */
			struct hash128 id = {lo + n * STRIDE % CROWD / 2, (n * STRIDE % CROWD % 2) << 10};
			assert_int_equal(ids_find(ids, id, n, 0), IDS_NEW);
			ids_add(ids, id, n, 1000, n % 2, 0);
		}
		for (uint64_t n = 0; n < CROWD; n++) {
			struct hash128 id = {lo + n * STRIDE % CROWD / 2, (n * STRIDE % CROWD % 2) << 10};
			assert_int_equal(ids_find(ids, id, n, 0), IDS_DUPLICATE);
			assert_int_equal(ids_is_marked(ids, id, 0), n % 2);
		}
		assert_int_equal(ids_slots_used(ids), CROWD);
		ids_free(ids);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_equal_a_list_while_time_passes),
	    cmocka_unit_test(an_id_is_forgotten_exactly_when_its_time_would_be_too_late),
	    cmocka_unit_test(the_zero_hash_at_time_zero_is_an_id_like_any_other),
	    cmocka_unit_test(expired_ids_make_room_and_the_table_stays_small),
	    cmocka_unit_test(a_flood_after_a_lull_finds_room),
	    cmocka_unit_test(a_crowd_of_neighbouring_hashes_is_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
