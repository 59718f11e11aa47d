/*
 * recover.h - state from a log: what a start, and the simulation's restarts, do before anything else.
 */
#ifndef LAJU_RECOVER_H
#define LAJU_RECOVER_H
#include "aggregator/aggregator.h"
#include "journal/log.h"

/* Told on the caller's thread, every few records and behind the last: the record reached, events applied so far. */
typedef void recover_progress_fn(void *context, uint64_t lsn, uint64_t events);

/*
 * Applies the log's durable records up to `until`, those behind what the aggregator has seen, in order. 0, or a negative
 * errno: what log_read() said of record *lsn, when all before it are applied, or -ENOENT: the log begins behind it.
 * -EAGAIN: no thread to be had. progress may be NULL. The log is read by a thread of its own meanwhile.
 */
int recover(const struct log *log, struct aggregator *aggregator, uint64_t until, recover_progress_fn *progress,
            void *context, uint64_t *lsn);
#endif
