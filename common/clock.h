/*
 * clock.h - the wall clock, for shells only: cores get time as an argument.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H
#include <stdint.h>

int64_t clock_wall_ms(void);  /* Unix ms */
int64_t clock_steady_us(void); /* from some point on, never steps: for durations */
#endif
