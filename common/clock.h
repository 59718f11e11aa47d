/*
 * clock.h - clocks, for shells only: cores get time as an argument.
 *
 * What decides in the flow (record times, ticks, heartbeats) takes the process's guarded time, which does not follow a
 * wall clock that jumps (clock_guard.h).
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H
#include <stdint.h>

int64_t clock_wall_ms(void);   /* Unix ms, as the system has it */
int64_t clock_boot_ms(void);   /* since the machine started, its sleep included; never steps */
int64_t clock_steady_us(void); /* from some point on, never steps: for durations */

/* Guarded time begins as now_ms, Unix ms. Before any thread that asks for it. */
void clock_begin(int64_t now_ms);
int64_t clock_now_ms(void);    /* guarded time, Unix ms; any thread */
/* For one thread, a few times a second: how far the wall clock is ahead of guarded time; 0: it is followed. */
int64_t clock_look(void);
/* That thread, too: follows the wall clock wherever it is; the jump that this accepts, 0: there was none. */
int64_t clock_confirm(void);
#endif
