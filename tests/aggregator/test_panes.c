/* test_panes.c - cells and lists against a plain model while panes are merged and dropped; how much a step does. */
#include "aggregator/panes.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { TUPLES = 20000, WHO = 60, SPOTS_MAX = 60000, FIRST_DAY = 20000, DAYS = 26, COLUMNS = 3 };
#define MINUTE INT64_C(60000)
#define DAY INT64_C(86400000)
#define DAY_AT(day) ((FIRST_DAY + (day)) * DAY)

static const int keep_days[PANE_LEVELS] = {1, 2, 4};

/* Where somebody is listed. */
struct spot {
	uint32_t who;
	struct place place;
};

struct world {
	struct zone zone;
	struct grid grid;
	struct panes *panes;
	int64_t sum[DAYS][TUPLES]; /* of the first column */
	uint32_t cells[TUPLES];
	bool used[DAYS];
	int today;
	struct spot spot[SPOTS_MAX];
	uint32_t spots;
	uint64_t told;          /* calls of cell_gone(), who_moved() and who_gone() */
};

static void
cell_gone(void *context, uint32_t tuple)
{
	struct world *world = context;
	assert_true(world->cells[tuple]-- > 0);
	world->told++;
}

static struct spot *
spot_at(struct world *world, uint32_t who, int64_t start_ms)
{
	for (uint32_t i = 0; i < world->spots; i++)
		if (world->spot[i].who == who && world->spot[i].place.start_ms == start_ms)
			return &world->spot[i];
	return NULL;
}

static bool
who_moved(void *context, uint32_t who, struct place from, struct place to)
{
	struct world *world = context;
	struct spot *spot = spot_at(world, who, from.start_ms);
	world->told++;
	assert_non_null(spot);
	assert_int_equal(spot->place.offset, from.offset);
	if (spot_at(world, who, to.start_ms) == NULL) {
		spot->place = to;
		return true;
	}
	*spot = world->spot[--world->spots];
	return false;
}

static void
who_gone(void *context, uint32_t who, struct place place)
{
	struct world *world = context;
	struct spot *spot = spot_at(world, who, place.start_ms);
	world->told++;
	assert_non_null(spot);
	assert_int_equal(spot->place.offset, place.offset);
	*spot = world->spot[--world->spots];
}

static struct world *
world_new(void)
{
	static const int slides[WINDOW_ROLLING] = {1, 15, 60};
	struct world *world = test_calloc(1, sizeof(*world));
	world->zone = (struct zone){.name = "UTC", .count = 1, .change = {{INT64_MIN, 0}}};
	grid_init(&world->grid, &world->zone, 0, slides);
	const struct panes_owner owner = {world, cell_gone, who_moved, who_gone};
	world->panes = panes_new(&world->grid, keep_days, &owner);
	return world;
}

static void
world_free(struct world *world)
{
	panes_free(world->panes);
	test_free(world);
}

/* The pane that it went to. */
static int64_t
add(struct world *world, int64_t ts_ms, uint32_t tuple, int64_t number)
{
	const int64_t sum[COLUMNS] = {number, 2 * number, -number};
	bool made;
	struct place place = panes_add(world->panes, ts_ms, tuple, sum, 1 + tuple % COLUMNS, &made);
	world->cells[tuple] += made;
	world->sum[ts_ms / DAY - FIRST_DAY][tuple] += number;
	world->used[ts_ms / DAY - FIRST_DAY] = true;
	return place.start_ms;
}

static void
list(struct world *world, int64_t start_ms, uint32_t who)
{
	if (spot_at(world, who, start_ms) != NULL)
		return;
	assert_true(world->spots < SPOTS_MAX);
	world->spot[world->spots++] = (struct spot){who, panes_who_add(world->panes, start_ms, who)};
}

/* Walks meet every cell and everybody listed once, in the order of places. Of a day that is dropped some is left. */
static void
compare(struct world *world)
{
	int64_t(*sum)[TUPLES] = test_calloc(DAYS, sizeof(*sum));
	uint32_t *cells = test_calloc(TUPLES, sizeof(*cells)), met = 0;
	uint64_t count = 0;
	struct place at = {INT64_MIN, 0}, last = at;
	struct cell cell;
	struct listed listed;
	for (; panes_next(world->panes, &at, INT64_MAX, &cell); last = cell.place, count++) {
		assert_true(place_before(last, cell.place));
		assert_true(place_before(cell.place, at));
		sum[cell.place.start_ms / DAY - FIRST_DAY][cell.tuple] += cell.sum[0];
		cells[cell.tuple]++;
		assert_true(cell.tuple % COLUMNS < 1 || cell.sum[1] == 2 * cell.sum[0]);
		assert_true(cell.tuple % COLUMNS < 2 || cell.sum[2] == -cell.sum[0]);
	}
	assert_int_equal(count, panes_cells(world->panes));
	assert_memory_equal(cells, world->cells, TUPLES * sizeof(*cells));
	for (int day = 0; day < DAYS; day++)
		if (world->today - day <= keep_days[PANE_LEVELS - 1])
			assert_memory_equal(sum[day], world->sum[day], sizeof(sum[day]));
	for (at = (struct place){INT64_MIN, 0}; panes_who_next(world->panes, &at, INT64_MAX, &listed); met++) {
		struct spot *spot = spot_at(world, listed.who, listed.place.start_ms);
		assert_non_null(spot);
		assert_int_equal(spot->place.offset, listed.place.offset);
	}
	assert_int_equal(met, world->spots);
	test_free(sum);
	test_free(cells);
}

/* Ages by budgets of this size; no call does more. The number of calls. */
static uint32_t
age(struct world *world, int day, uint64_t each)
{
	uint32_t calls = 0;
	world->today = day;
	for (bool done = false; !done; calls++) {
		uint64_t told = world->told, looks = panes_looks(world->panes), budget = each;
		done = panes_age(world->panes, FIRST_DAY + day, &budget);
		assert_true(world->told - told <= each);
		assert_true(panes_looks(world->panes) - looks <= 40 * each);
	}
	return calls;
}

static void
a_step_does_no_more_than_its_budget(void **state)
{
	(void)state;
	struct world *world = world_new();
	for (uint32_t i = 0; i < 3 * 6000; i++)
		add(world, DAY_AT(0) + i / 6000 * MINUTE, i % 6000, i);
	for (uint32_t who = 0; who < 3000; who++) {
		for (int64_t minute = 0; minute < 3; minute++)
			world->spot[world->spots++] =
			    (struct spot){who, panes_who_add(world->panes, DAY_AT(0) + minute * MINUTE, who)};
	}
	compare(world);
	assert_true(age(world, 2, 100) >= (2 * 6000 + 2 * 3000) / 100); /* quarters */
	compare(world);
	assert_int_equal(panes_cells(world->panes), 6000);
	assert_int_equal(world->spots, 3000);
	/* One quarter more: the index of the first is built anew, in steps, too. */
	for (uint32_t i = 0; i < 6000; i++)
		add(world, DAY_AT(0) + 15 * MINUTE, i, i);
	assert_true(age(world, 3, 100) >= 2 * 6000 / 100); /* hours */
	compare(world);
	assert_int_equal(panes_cells(world->panes), 6000);
	assert_true(age(world, 5, 100) >= (6000 + 3000) / 100);
	compare(world);
	assert_int_equal(panes_cells(world->panes), 0);
	assert_int_equal(panes_count(world->panes), 0);
	world_free(world);
}

/* It had no index any more. */
static void
a_late_event_looks_at_few_of_the_cells_of_a_large_pane(void **state)
{
	(void)state;
	struct world *world = world_new();
	for (uint32_t i = 0; i < 10000; i++)
		add(world, DAY_AT(0), i, 1);
	age(world, 2, UINT64_MAX / 100);
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t looks = panes_looks(world->panes);
		add(world, DAY_AT(0) + MINUTE, i * 7 % 10000, 1);
		assert_true(panes_looks(world->panes) - looks <= 50);
	}
	compare(world);
	assert_true(panes_cells(world->panes) < 10300); /* soon it knows all of them */
	add(world, DAY_AT(0) + 20 * MINUTE, 9999, 1); /* a pane to merge with: second cells go */
	for (uint32_t i = 0; i < 10000; i++)
		add(world, DAY_AT(0) + 20 * MINUTE, i, 1);
	age(world, 3, 1000);
	compare(world);
	world_free(world);
}

/* In a few days, mostly late ones; now and then very many cells at once. */
static void
add_some(struct world *world, struct random *random, int day)
{
	uint32_t burst = random_below(random, 40) == 0 ? 3000 : (uint32_t)random_below(random, 30) + 1;
	uint32_t tuples = random_below(random, 2) ? TUPLES : 20;
	int back = (int)random_below(random, (uint64_t)(day < 4 ? day : 4) + 1);
	int64_t ts_ms = DAY_AT(day - back) + (int64_t)random_below(random, 90) * MINUTE;
	for (uint32_t i = 0; i < burst; i++) {
		if (burst < 100)
			ts_ms += (int64_t)random_below(random, 5) * MINUTE;
		uint32_t tuple = (uint32_t)random_below(random, tuples);
		int64_t start_ms = add(world, ts_ms, tuple, (int64_t)random_below(random, 1000));
		if (random_below(random, 4) == 0)
			list(world, start_ms, (uint32_t)random_below(random, WHO));
	}
}

/* One of a day's quarters in which events are. */
static bool
is_half_merged(struct world *world, int day)
{
	bool half = false;
	for (int64_t quarter = 0; quarter < 12 && day >= 0 && world->used[day]; quarter++) {
		int64_t start_ms = DAY_AT(day) + quarter * 15 * MINUTE;
		half |= panes_merging(world->panes, start_ms) != start_ms;
	}
	return half;
}

static void
panes_equal_a_model_while_they_are_merged(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	struct world *world = world_new();
	uint64_t halves = 0;
	for (int day = 0; day < DAYS; day++) {
		world->today = day;
		for (bool done = false; !done;) {
			uint64_t budget = random_below(&random, random_below(&random, 3) ? 50 : 3000);
			done = panes_age(world->panes, FIRST_DAY + day, &budget);
			if (random_below(&random, 8) == 0) {
				add_some(world, &random, day);
				halves += is_half_merged(world, day - 2);
			}
			if (random_below(&random, 60) == 0)
				compare(world);
		}
		for (int i = 0; i < 30; i++)
			add_some(world, &random, day);
		compare(world);
	}
	assert_true(halves > 0);
	world_free(world);
}

/* A pane half merged takes what comes late into the new one; all its places are told apart. */
static void
late_events_go_where_a_pane_is_merged_to(void **state)
{
	(void)state;
	struct world *world = world_new();
	for (uint32_t i = 0; i < 300; i++) {
		list(world, add(world, DAY_AT(0), i, 1), i);
		list(world, add(world, DAY_AT(0) + MINUTE, i, 1), i);
		list(world, add(world, DAY_AT(0) + 2 * MINUTE, i, 1), i);
	}
	uint64_t budget = 100;
	assert_false(panes_age(world->panes, FIRST_DAY + 2, &budget));
	compare(world);
	assert_int_equal(panes_merging(world->panes, DAY_AT(0)), DAY_AT(0) + MINUTE);
	assert_int_equal(panes_merging(world->panes, DAY_AT(0) + 15 * MINUTE), DAY_AT(0) + 15 * MINUTE);
	assert_int_equal(add(world, DAY_AT(0) + MINUTE, 0, 1), DAY_AT(0));
	assert_int_equal(add(world, DAY_AT(0) + MINUTE, 299, 1), DAY_AT(0));
	assert_int_equal(add(world, DAY_AT(0) + MINUTE, 1000, 1), DAY_AT(0));
	assert_int_equal(add(world, DAY_AT(0) + 2 * MINUTE, 299, 1), DAY_AT(0) + 2 * MINUTE);
	list(world, DAY_AT(0), 1000);
	compare(world);
	age(world, 2, 100);
	compare(world);
	assert_int_equal(panes_cells(world->panes), 301);
	assert_int_equal(world->spots, 301);
	world_free(world);
}

static void
memory_is_given_back(void **state)
{
	(void)state;
	struct world *world = world_new();
	uint64_t empty = panes_bytes(world->panes);
	for (uint32_t i = 0; i < 3 * TUPLES; i++)
		add(world, DAY_AT(0) + i % 3 * MINUTE, i % TUPLES, 1);
	for (uint32_t who = 0; who < 1000; who++)
		list(world, DAY_AT(0), who);
	uint64_t full = panes_bytes(world->panes);
	age(world, 2, 777);
	uint64_t mean = 4 + 8 * (1 + COLUMNS) / 2; /* bytes of a cell */
	assert_true(panes_bytes(world->panes) < full / 2);
	assert_true(panes_bytes(world->panes) < empty + TUPLES * mean + 4 * 1000 + 20000);
	age(world, 5, 777);
	assert_int_equal(panes_bytes(world->panes), empty);
	world_free(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_does_no_more_than_its_budget),
	    cmocka_unit_test(a_late_event_looks_at_few_of_the_cells_of_a_large_pane),
	    cmocka_unit_test(panes_equal_a_model_while_they_are_merged),
	    cmocka_unit_test(late_events_go_where_a_pane_is_merged_to),
	    cmocka_unit_test(memory_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
