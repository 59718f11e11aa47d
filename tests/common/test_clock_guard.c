/* test_clock_guard.c - small steps are followed, jumps are not; random walks of both clocks. */
#include "common/clock_guard.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define WALL INT64_C(1795413909500)
#define BOOT INT64_C(12345)

/* Both clocks as the world has them. */
struct world {
	int64_t wall, boot;
	struct clock_guard guard;
};

static struct world
begin(void)
{
	struct world world = {.wall = WALL, .boot = BOOT};
	clock_guard_init(&world.guard, WALL, BOOT);
	return world;
}

static void
pass(struct world *world, int64_t ms)
{
	world->wall += ms;
	world->boot += ms;
}

static int64_t
now_of(const struct world *world)
{
	return clock_guard_now(&world->guard, world->wall, world->boot);
}

static int64_t
look(struct world *world)
{
	return clock_guard_look(&world->guard, world->wall, world->boot);
}

static int64_t
confirm(struct world *world)
{
	return clock_guard_confirm(&world->guard, world->wall, world->boot);
}

static void
a_clock_that_only_goes_on_is_followed(void **state)
{
	struct world world = begin();
	(void)state;
	for (int i = 0; i < 1000; i++) {
		pass(&world, i * 7);
		assert_int_equal(now_of(&world), world.wall);
		assert_int_equal(look(&world), 0);
	}
}

/* The boot clock counts it: both are as far on when the machine wakes. */
static void
sleep_is_no_jump(void **state)
{
	struct world world = begin();
	(void)state;
	pass(&world, 3 * DAY);
	assert_int_equal(now_of(&world), world.wall);
	assert_int_equal(look(&world), 0);
}

static void
a_step_is_followed_up_to_the_limit_and_a_jump_is_not(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct world world = begin();
		world.wall += sign * (int64_t)CLOCK_STEP_MAX_MS;
		assert_int_equal(now_of(&world), world.wall);
		assert_int_equal(look(&world), 0);
		world.wall += sign * (int64_t)(CLOCK_STEP_MAX_MS + 1);
		int64_t held = world.wall - sign * (int64_t)(CLOCK_STEP_MAX_MS + 1);
		assert_int_equal(now_of(&world), held); /* also before anybody has looked */
		assert_int_equal(look(&world), sign * (CLOCK_STEP_MAX_MS + 1));
		assert_int_equal(now_of(&world), held);
	}
}

static void
many_small_steps_are_followed_together_beyond_the_limit(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct world world = begin();
		for (int i = 0; i < 100; i++) {
			pass(&world, 250);
			world.wall += sign * 4 * MINUTE;
			assert_int_equal(now_of(&world), world.wall);
			assert_int_equal(look(&world), 0);
		}
		assert_int_equal(world.wall, WALL + 100 * (250 + sign * 4 * MINUTE));
	}
}

static void
after_a_jump_time_goes_on_with_the_boot_clock(void **state)
{
	static const int64_t jumps[] = {YEAR, -YEAR, HOUR, -HOUR};
	(void)state;
	for (size_t j = 0; j < sizeof(jumps) / sizeof(jumps[0]); j++) {
		struct world world = begin();
		world.wall += jumps[j];
		for (int i = 1; i <= 100; i++) {
			pass(&world, 10 * MINUTE);
			world.wall += i % 2 ? MINUTE : -MINUTE; /* a slew of the wrong clock is nobody's */
			assert_int_equal(now_of(&world), WALL + i * 10 * MINUTE);
			assert_int_equal(look(&world), jumps[j] + (i % 2 ? MINUTE : 0));
		}
	}
}

static void
a_clock_that_comes_back_near_is_followed_again(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct world world = begin();
		world.wall += sign * YEAR;
		assert_int_equal(look(&world), sign * YEAR);
		pass(&world, HOUR);
		world.wall += -sign * YEAR + 4 * MINUTE;
		assert_int_equal(now_of(&world), WALL + HOUR + 4 * MINUTE);
		assert_int_equal(look(&world), 0);
		world.wall += 4 * MINUTE; /* from where it is now */
		assert_int_equal(look(&world), 0);
		assert_int_equal(now_of(&world), world.wall);
	}
}

static void
a_confirmed_clock_is_followed_wherever_it_is(void **state)
{
	static const int64_t jumps[] = {YEAR, -YEAR};
	(void)state;
	for (size_t j = 0; j < 2; j++) {
		struct world world = begin();
		assert_int_equal(confirm(&world), 0);
		assert_int_equal(now_of(&world), WALL);
		world.wall += jumps[j];
		assert_int_equal(confirm(&world), jumps[j]); /* with or without a look before it */
		assert_int_equal(now_of(&world), world.wall);
		assert_int_equal(confirm(&world), 0);
		assert_int_equal(look(&world), 0);
		world.wall -= jumps[j]; /* back again is a jump, too */
		assert_int_equal(look(&world), -jumps[j]);
		assert_int_equal(now_of(&world), WALL + jumps[j]);
	}
}

/* What there was nothing to confirm of is a step: it is followed as at a look. */
static void
a_confirmed_step_is_followed(void **state)
{
	struct world world = begin();
	(void)state;
	world.wall += 4 * MINUTE;
	assert_int_equal(confirm(&world), 0);
	world.wall += 4 * MINUTE;
	assert_int_equal(look(&world), 0);
}

static void
it_begins_at_the_time_it_is_given(void **state)
{
	struct world world = begin();
	(void)state;
	clock_guard_init(&world.guard, WALL + HOUR, BOOT);
	assert_int_equal(now_of(&world), WALL + HOUR);
	assert_int_equal(look(&world), -HOUR);
}

static int64_t
between(struct random *random, int64_t lo, int64_t hi)
{
	return lo + (int64_t)random_below(random, (uint64_t)(hi - lo + 1));
}

/* What the wall clock does of its own between two looks: mostly nothing, slews, steps, jumps, and back to the true time. */
static int64_t
fault(struct random *random, const struct world *world, int64_t truth)
{
	switch (random_below(random, 40)) {
	case 0:
		return between(random, -CLOCK_STEP_MAX_MS - 1, CLOCK_STEP_MAX_MS + 1);
	case 1:
		return between(random, -2 * CLOCK_STEP_MAX_MS, 2 * CLOCK_STEP_MAX_MS);
	case 2:
		return between(random, -2 * YEAR, 2 * YEAR);
	case 3:
		return truth - world->wall;
	default:
		return between(random, -5, 5);
	}
}

/*
 * Whatever the wall clock does: guarded time never leaves the boot clock by more than a step, unless it is confirmed;
 * it is the wall clock or it goes on exactly with the boot clock; and who has not looked reads the same as who has.
 */
static void
random_walks_never_move_guarded_time_by_more_than_a_step(void **state)
{
	struct random random = random_start("random_walks_never_move_guarded_time_by_more_than_a_step");
	(void)state;
	for (int walk = 0; walk < 200; walk++) {
		struct world world = begin();
		int64_t truth = WALL, held = WALL - BOOT; /* guarded - boot, at the last look */
		unsigned followed = 0, not_followed = 0;
		for (int i = 0; i < 2000; i++) {
			int64_t passed = random_below(&random, 50) == 0 ? between(&random, 0, 3 * DAY) : between(&random, 0, 250);
			pass(&world, passed);
			truth += passed;
			world.wall += fault(&random, &world, truth);
			int64_t now = now_of(&world), moved = now - world.boot - held;
			assert_in_range(moved + CLOCK_STEP_MAX_MS, 0, 2 * CLOCK_STEP_MAX_MS);
			bool follows = now == world.wall;
			int64_t away = world.wall - world.boot - held;
			assert_int_equal(follows, away >= -CLOCK_STEP_MAX_MS && away <= CLOCK_STEP_MAX_MS);
			if (!follows)
				assert_int_equal(moved, 0);
			assert_int_equal(look(&world), follows ? 0 : away);
			assert_int_equal(now_of(&world), now);
			if (!follows && random_below(&random, 30) == 0) {
				assert_int_equal(confirm(&world), away);
				now = now_of(&world);
				assert_int_equal(now, world.wall);
			}
			held = now - world.boot;
			followed += follows;
			not_followed += !follows;
		}
		assert_true(followed > 0 && not_followed > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_that_only_goes_on_is_followed),
	    cmocka_unit_test(sleep_is_no_jump),
	    cmocka_unit_test(a_step_is_followed_up_to_the_limit_and_a_jump_is_not),
	    cmocka_unit_test(many_small_steps_are_followed_together_beyond_the_limit),
	    cmocka_unit_test(after_a_jump_time_goes_on_with_the_boot_clock),
	    cmocka_unit_test(a_clock_that_comes_back_near_is_followed_again),
	    cmocka_unit_test(a_confirmed_clock_is_followed_wherever_it_is),
	    cmocka_unit_test(a_confirmed_step_is_followed),
	    cmocka_unit_test(it_begins_at_the_time_it_is_given),
	    cmocka_unit_test(random_walks_never_move_guarded_time_by_more_than_a_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
