/*
 * clock_start.h - with which time a service begins, so that a wall clock that jumps is not believed after a restart either.
 *
 * Beside the log's records stands how far its guarded time (common/clock_guard.h) was ahead of which boot's boot clock. A
 * service that begins on the same boot goes on from there. On another boot the wall clock is believed, unless it is
 * behind the log's newest record: time has been that far. Either way a wall clock that is elsewhere is the alarm
 * clock_jump, until it comes back or is confirmed.
 */
#ifndef LAJU_CLOCK_START_H
#define LAJU_CLOCK_START_H
#include "journal/log.h"

enum { CLOCK_BOOT_ID_BYTES = 36, CLOCK_KEPT_BYTES = CLOCK_BOOT_ID_BYTES + 8 };

/* What was kept, and the clocks as they are: the time to begin with, Unix ms. log_ms: INT64_MIN, no record ever. */
int64_t clock_start_ms(const uint8_t kept[CLOCK_KEPT_BYTES], const uint8_t now[CLOCK_KEPT_BYTES], int64_t boot_ms,
                       int64_t log_ms);

/* Begins guarded time. log: on the disk; NULL: there is none, the wall clock is believed. Before there are threads. */
void clock_start(struct log *log);
/* Keeps it, if it has moved by more than a little; on the log's thread, a few times a second. Failure is the log's own. */
void clock_keep(struct log *log);
#endif
