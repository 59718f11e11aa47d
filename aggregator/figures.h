/*
 * figures.h - how the aggregator is, for those who ask: told to the publisher once a second.
 *
 * Plain numbers, copied as they are: they never leave the process (schemas/info.h is what does).
 */
#ifndef AGGREGATOR_FIGURES_H
#define AGGREGATOR_FIGURES_H
#include "aggregator/kernel.h"

struct figures {
	uint64_t lsn;                    /* last group applied */
	int64_t now_ms;                  /* log time; INT64_MIN: no group yet */
	uint64_t verdict[VERDICT_COUNT]; /* of all events since the start, those that accept refused among them */
	struct kernel_counters kernel;
	uint64_t resident_bytes;         /* of the process, by the shell; 0: not known */
};
#endif
