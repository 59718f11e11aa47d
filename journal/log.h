/*
 * log.h - the log: the one order of all that happened.
 *
 * An interface: append groups, make them durable, read them from a place on, say up to
 * where they are durable, trim. Behind it: memory (keeps what is not yet trimmed), or a
 * directory on disk (LMDB; log_lmdb.md). Knows nothing of what a group means.
 * One thread at a time; any thread.
 *
 * Record time: time_ms = max(previous time_ms, recv_ms). A group is given its lsn
 * (1, 2, 3, ...) and its time here.
 *
 * On disk an appended record is gathered in memory until log_commit(), which makes all that is
 * gathered durable at once: the caller commits when log_gathered() reaches LOG_COMMIT_BYTES, when
 * the oldest has waited long enough, or at once when nothing else is to do. What log_append() took
 * must not be applied, answered or published before log_durable() has reached it.
 */
#ifndef JOURNAL_LOG_H
#define JOURNAL_LOG_H
#include "schemas/group.h"

struct log;

enum {
	LOG_MEMORY_BYTES_MAX = 1 << 30,  /* kept in memory and not yet trimmed; beyond it log_append() is -ENOSPC */
	LOG_COMMIT_BYTES = 512 << 10,    /* gathered: commit now */
	LOG_GATHERED_MAX = 64 << 20,     /* gathered and never committed: beyond it log_append() is -ENOSPC */
	LOG_MAP_BYTES_MIN = 16 << 20,
	LOG_RESERVE_BYTES = 2 << 20,     /* of a map and of journal_max, for ticks only */
	LOG_TRIM_VALUES_MAX = 64,        /* commits that one log_trim() deletes: bounds how long it holds its caller up */
	LOG_WHY_BYTES = 400,
};

enum log_durability {
	LOG_SYNC,  /* a commit is on the disk when log_commit() returns */
	/*
	 * A commit is with the kernel: it survives the process, kill -9 included. Not a power cut or a kernel crash: those
	 * lose the last seconds and, since the kernel writes pages in any order, may leave the whole directory unusable.
	 */
	LOG_WRITE,
};

struct log_options {
	uint64_t map_bytes;   /* the file grows to at most this */
	uint64_t journal_max; /* bytes of records kept; at most half of map_bytes, which is reused in pieces; 0: half */
	enum log_durability durability;
	bool read_only;       /* beside a writer in another process; sees the log as it was when opened */
	uint64_t verify_from; /* opening checks no records below it, nor LMDB's branches; 0: everything */
};

/* Keeps the bytes of every record until trimmed when keep is true, else only counts (nothing to read back). */
struct log *log_memory_new(bool keep);

/*
 * Opens a directory and creates it, but not its parents. 0, or a negative errno and one sentence in why:
 * -EBUSY another process (or this one) writes to it, -ENOENT nothing to read, -EBADMSG damage (nothing is repaired: the
 * sentence says what to do), -EINVAL options, -ENOTSUP another version's, or what the system said.
 *
 * Forks: the whole log is checked in a child first, since a damaged file can kill who reads it. So call it before there
 * are threads. Never open a directory twice in one process, not even to read: closing one breaks the other's locks.
 */
int log_open(struct log **log, const char *directory, const struct log_options *options, char why[LOG_WHY_BYTES]);

/* What was gathered and not committed is dropped. */
void log_free(struct log *log);

/*
 * Sets group->lsn (0 before) and group->time_ms. 0, or a negative errno (then nothing was appended and both are as
 * before): -ENOSPC: the map, journal_max or the disk has no room; it has again by itself, after a log_trim(). A tick
 * may use LOG_RESERVE_BYTES. Any other: what log_failed() says.
 */
int log_append(struct log *log, struct group *group);

/*
 * Makes all that is gathered durable: one value, one transaction, whichever size. A failure is final (a sync that
 * failed and is tried again lies): later appends, commits and trims answer the same, reads go on, and what was
 * gathered must be taken as not stored. Only while log_failed() is still 0 (-ENOSPC: trimmed room lies in pieces too
 * small) is it all still gathered, to be committed after a log_trim(); until that has worked appends are refused.
 */
int log_commit(struct log *log);
int log_failed(const struct log *log);       /* 0, or the errno that ended it: -ENOSPC, -EIO, ... */
uint64_t log_gathered(const struct log *log); /* bytes */

/*
 * After log_failed() was -ENOSPC: opened anew to write, if the disk has room for a tick and what is there ends where
 * log_durable() says; log_takes() says whether it takes events. 0: log_failed() is 0, and the next record follows the
 * durable ones; what was gathered is dropped. A write that did not fit can be made good, since LMDB changes no page in
 * place and writes its root last; a sync that failed for another reason cannot.
 */
int log_reopen(struct log *log);
/* Room for so many more bytes of events; looks at the disk. */
bool log_takes(struct log *log, uint32_t bytes);

uint64_t log_first(const struct log *log);   /* lsn of the oldest that can be read; log_last() + 1: none */
uint64_t log_last(const struct log *log);    /* lsn of the newest record; 0: none ever */
uint64_t log_durable(const struct log *log); /* in memory: log_last() */
int64_t log_time(const struct log *log);     /* record time of the newest, trimmed or not; INT64_MIN: none ever */
uint64_t log_epoch(const struct log *log);   /* how often it was opened for writing, this time included; in memory: 0 */

/*
 * Reads record lsn into group (reset first). 0, -ENOENT (trimmed or not there yet), -EBADMSG, -EIO. Fastest in
 * order.
 */
int log_read(const struct log *log, uint64_t lsn, struct group *group);

/*
 * A few named bytes beside the records: the same from one opening to the next, whatever is trimmed; for what must be
 * known before the first record is read. get: exactly n bytes, or -ENOENT, -EBADMSG, -EIO. put: they are on the disk when it
 * returns 0; a failure is as final as that of a commit, but for -ENOSPC with log_failed() 0. In memory: -ENOTSUP, both.
 */
enum { LOG_META_NAME_MAX = 32, LOG_META_BYTES_MAX = 256 };
int log_meta_get(const struct log *log, const char *name, void *bytes, uint32_t n);
int log_meta_put(struct log *log, const char *name, const void *bytes, uint32_t n);

/*
 * Forgets durable records below lsn; numbering goes on. They cannot be read any more at once; on disk whole commits are
 * deleted, at most LOG_TRIM_VALUES_MAX a call, and records of one that is left may be there again after log_open().
 * 0: done, 1: call again, or a negative errno.
 */
int log_trim(struct log *log, uint64_t lsn);

/* Of records kept: in memory their length; on disk whole pages, and what is gathered. */
uint64_t log_bytes(const struct log *log);
uint64_t log_map_bytes(const struct log *log); /* 0 in memory */
uint64_t log_max_bytes(const struct log *log); /* journal_max; 0 in memory */

/* Since it was opened; all 0 in memory. */
struct log_counters {
	uint64_t commits;       /* that wrote something */
	uint64_t records;       /* committed */
	uint64_t bytes;         /* of values committed */
	uint64_t refused;       /* appends for want of room */
	uint64_t trims;         /* transactions that deleted something */
	uint64_t trimmed;       /* values deleted */
	uint64_t dead_readers;  /* killed while reading, whose hold on old pages was ended */
};
struct log_counters log_counters(const struct log *log);

/* Images of the state that there are beside it; the log knows of them only what may be trimmed. */
struct log_images {
	uint64_t lsn, bytes; /* the newest; 0: none */
	int64_t time_ms;     /* its log time */
	uint64_t trim_below; /* records below it are in one that was read whole since it was written, and so may go */
	uint64_t failed;     /* 1: the last one could not be made */
	uint64_t age_ms;     /* of the newest, log time */
	uint64_t start_ms;   /* about what a start would take now: it reads the image and what is behind it */
};

/* How it is, for those who ask; plain numbers. */
struct log_figures {
	uint64_t records;   /* that can be read */
	uint64_t bytes;     /* log_bytes() */
	uint64_t max_bytes; /* journal_max; 0 in memory */
	uint64_t durable;   /* log_durable() */
	uint64_t first;     /* log_first() */
	struct log_counters counters;
};
void log_figures(const struct log *log, struct log_figures *out);

/* What log_verify() found. */
struct log_check {
	uint64_t first, last; /* records that are there, without a gap; last < first: none */
	int64_t time_ms;      /* of the newest record ever */
	uint64_t epoch, values, bytes;
	uint64_t damaged;     /* lsn at which damage was found; 0: none, or not at a record */
};

/*
 * Walks all values in a child process: no gap, checksums, and the pages that records and free room lie on. Beside a
 * writer too. 0: what was found holds up to check->last. -EBADMSG: damage, and a sentence. Else as log_open().
 */
int log_verify(const char *directory, uint64_t from, struct log_check *check, char why[LOG_WHY_BYTES]);

/*
 * The tick that is due at now_ms when no record has come since the last pane
 * boundary (a whole minute of UTC; every pane starts at one): a group to append, or NULL.
 * Its time is that boundary, not now_ms, so that a log says the same however late the timer was.
 * An empty log is due one: windows exist from the first moment on.
 */
struct group *log_tick_due(const struct log *log, int64_t now_ms);
#endif
