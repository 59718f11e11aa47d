/* clock_guard.c - see clock_guard.h. */
#include "common/clock_guard.h"

/* The offset stands for itself: no other memory goes with it. */
static int64_t
offset_of(const struct clock_guard *guard)
{
	return atomic_load_explicit(&guard->offset_ms, memory_order_relaxed);
}

static void
follow(struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms)
{
	atomic_store_explicit(&guard->offset_ms, wall_ms - boot_ms, memory_order_relaxed);
}

static int64_t
jump_of(int64_t step_ms)
{
	return step_ms > CLOCK_STEP_MAX_MS || step_ms < -CLOCK_STEP_MAX_MS ? step_ms : 0;
}

void
clock_guard_init(struct clock_guard *guard, int64_t now_ms, int64_t boot_ms)
{
	follow(guard, now_ms, boot_ms);
}

int64_t
clock_guard_now(const struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms)
{
	int64_t held_ms = boot_ms + offset_of(guard);
	return jump_of(wall_ms - held_ms) != 0 ? held_ms : wall_ms;
}

int64_t
clock_guard_look(struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms)
{
	int64_t jump_ms = jump_of(wall_ms - boot_ms - offset_of(guard));
	if (jump_ms == 0)
		follow(guard, wall_ms, boot_ms);
	return jump_ms;
}

int64_t
clock_guard_confirm(struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms)
{
	int64_t jump_ms = clock_guard_look(guard, wall_ms, boot_ms);
	if (jump_ms != 0)
		follow(guard, wall_ms, boot_ms);
	return jump_ms;
}
