/*
 * clock_guard.h - a wall clock that follows small steps and slews, however many, but no jump.
 *
 * Log time ends windows, and what has expired is gone: a wall clock that jumps must not move it. The guard knows
 * how far the wall clock is from the boot clock, which counts a machine's sleep and never steps. A change of up
 * to CLOCK_STEP_MAX_MS, ahead or back, is followed; beyond it guarded time goes on with the boot clock, until the
 * wall clock comes back to within that of it, or somebody confirms it.
 *
 * Guarded time may step back, as the wall clock does; the log keeps record time monotone.
 *
 * Pure: both clocks are arguments, Unix ms and ms of the boot clock, read at the same time. One thread looks and
 * confirms, a few times a second; any thread may ask for the time meanwhile: it does not follow a jump that
 * nobody has looked at yet, either.
 */
#ifndef COMMON_CLOCK_GUARD_H
#define COMMON_CLOCK_GUARD_H
#include <stdatomic.h>
#include <stdint.h>

enum { CLOCK_STEP_MAX_MS = 5 * 60 * 1000 };

struct clock_guard {
	_Atomic int64_t offset_ms; /* guarded time is this much ahead of the boot clock, give or take a step */
};

/* Guarded time begins as now_ms. */
void clock_guard_init(struct clock_guard *guard, int64_t now_ms, int64_t boot_ms);
/* Guarded time. Any thread. */
int64_t clock_guard_now(const struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms);
/* How far the wall clock is ahead of guarded time that does not follow it; 0: it is followed. */
int64_t clock_guard_look(struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms);
/* Follows the wall clock, wherever it is. The jump that this accepts; 0: there was none. */
int64_t clock_guard_confirm(struct clock_guard *guard, int64_t wall_ms, int64_t boot_ms);
#endif
