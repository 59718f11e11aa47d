/*
 * recover.h - state from a log: what a start, and the simulation's restarts, do before anything else.
 */
#ifndef LAJU_RECOVER_H
#define LAJU_RECOVER_H
#include "aggregator/aggregator.h"
#include "journal/log.h"

/* Told after every RECOVER_EVERY records and at the end: events applied so far, and the record reached. */
enum { RECOVER_EVERY = 64 };
typedef void recover_progress_fn(void *context, uint64_t lsn, uint64_t events);

/*
 * Applies the log's durable records up to `until`, those behind what the aggregator has seen, in order. 0, or a negative
 * errno: what log_read() said of record *lsn, or -ENOENT: the log begins behind it. progress may be NULL.
 */
int recover(const struct log *log, struct aggregator *aggregator, uint64_t until, recover_progress_fn *progress,
            void *context, uint64_t *lsn);
#endif
