/*
 * log.h - the log: the one order of all that happened.
 *
 * An interface: append groups, read them from a place on, say up to where they
 * are durable, trim. Behind it now: memory (keeps what is not yet trimmed).
 * LMDB comes behind the same functions. Knows nothing of what a group means.
 * One thread at a time.
 *
 * Record time: time_ms = max(previous time_ms, recv_ms). A group is given its lsn
 * (1, 2, 3, ...) and its time here.
 */
#ifndef JOURNAL_LOG_H
#define JOURNAL_LOG_H
#include "schemas/group.h"

struct log;

enum { LOG_MEMORY_BYTES_MAX = 1 << 30 /* kept and not yet trimmed; beyond it log_append() is -ENOSPC */ };

/* Keeps the bytes of every record until trimmed when keep is true, else only counts (nothing to read back). */
struct log *log_memory_new(bool keep);
void log_free(struct log *log);

/* Sets group->lsn (0 before) and group->time_ms. 0 or a negative errno (then nothing was appended and both are as before). */
int log_append(struct log *log, struct group *group);
uint64_t log_last(const struct log *log);    /* lsn of the newest record; 0: empty */
uint64_t log_durable(const struct log *log); /* in memory: the same */
int64_t log_time(const struct log *log);     /* record time of the newest; INT64_MIN: empty */
/* Reads record lsn into group (reset first). 0, -ENOENT (trimmed or not there yet), -EBADMSG. */
int log_read(const struct log *log, uint64_t lsn, struct group *group);
/* Forgets records below lsn; numbering goes on. */
void log_trim(struct log *log, uint64_t lsn);
uint64_t log_bytes(const struct log *log);

/*
 * The tick that is due at now_ms when no record has come since the last pane
 * boundary (a whole minute of UTC; every pane starts at one): a group to append, or NULL.
 * Its time is that boundary, not now_ms, so that a log says the same however late the timer was.
 * An empty log is due one: windows exist from the first moment on.
 */
struct group *log_tick_due(const struct log *log, int64_t now_ms);
#endif
