/*
 * environment.h - inside journal: the LMDB environment of a log, as the store and the check open it, and the one record
 * of state in it; see log_lmdb.md.
 */
#ifndef JOURNAL_ENVIRONMENT_H
#define JOURNAL_ENVIRONMENT_H
#include "journal/log.h"
#include <lmdb.h>

enum {
	STATE_BYTES = 56,
	DATABASES_MAX = 16, /* two now; history, dead letters, alerts, annotations and some to spare */
};

/* How a sentence about damage ends. */
#define RESTORE "restore the directory from a copy"

struct environment {
	MDB_env *env; /* NULL: closed */
	MDB_dbi journal, meta;
};

/* What the log knows about itself beside its records; written with every commit and trim. */
struct state {
	uint64_t epoch; /* times it was opened for writing */
	uint64_t first; /* lsn below which nothing is to be read */
	uint64_t last;  /* newest lsn ever committed */
	int64_t time_ms;
};

/*
 * flags: of mdb_env_open(); without MDB_RDONLY missing databases are made. map_bytes 0: as the file says.
 * 0 or what LMDB or the system said (positive or MDB_*), and nothing is open.
 */
int environment_open(struct environment *environment, const char *directory, uint64_t map_bytes, unsigned flags);
void environment_close(struct environment *environment);

/* As a negative errno. */
int environment_errno(int rc);

/* MDB_NOTFOUND: a new log. MDB_CORRUPTED: damage. MDB_VERSION_MISMATCH: of another version. */
int state_get(const struct environment *environment, MDB_txn *txn, struct state *state);
int state_put(const struct environment *environment, MDB_txn *txn, const struct state *state);

/* Named bytes; the name `log` is the state's. MDB_NOTFOUND, MDB_CORRUPTED: not these n bytes, or changed. */
int named_get(const struct environment *environment, MDB_txn *txn, const char *name, void *bytes, uint32_t n);
int named_put(const struct environment *environment, MDB_txn *txn, const char *name, const void *bytes, uint32_t n);
/* Of what stands under a key of `meta`, whichever. NULL, or what is wrong with it. */
const char *meta_fault(const MDB_val *key, const MDB_val *value);

/* Keys are big-endian, so that LMDB's own order is that of numbers. */
void lsn_key(uint8_t key[8], uint64_t lsn);
uint64_t lsn_of_key(const MDB_val *key);
/* The value that has record lsn, if any has: the last one that begins at or below it. 0 or MDB_*. */
int lsn_seek(MDB_cursor *cursor, uint64_t lsn, MDB_val *key, MDB_val *value);

#endif
