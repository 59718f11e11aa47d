/* clock.c - clocks for shells. */
#include "common/clock.h"
#include "common/clock_guard.h"
#include <time.h>

enum { TOGETHER_MS = 10 };

static struct clock_guard guard; /* a process has one wall clock */

static int64_t
read_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_steady_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
clock_begin(int64_t now_ms)
{
	clock_guard_init(&guard, now_ms, clock_boot_ms());
}

int64_t
clock_now_ms(void)
{
	return clock_guard_now(&guard, clock_wall_ms(), clock_boot_ms());
}

/* Both at one time: a machine that slept between two readings would look like a jump. */
static void
read_both(int64_t *wall_ms, int64_t *boot_ms)
{
	do {
		*boot_ms = clock_boot_ms();
		*wall_ms = clock_wall_ms();
	} while (clock_boot_ms() - *boot_ms > TOGETHER_MS);
}

int64_t
clock_look(void)
{
	int64_t wall_ms, boot_ms;
	read_both(&wall_ms, &boot_ms);
	return clock_guard_look(&guard, wall_ms, boot_ms);
}

int64_t
clock_confirm(void)
{
	int64_t wall_ms, boot_ms;
	read_both(&wall_ms, &boot_ms);
	return clock_guard_confirm(&guard, wall_ms, boot_ms);
}
