/*
 * store.h - inside journal: where records are kept. log.c numbers and times them, a
 * store keeps their bytes under their numbers.
 *
 * Each kind of store is one file with these functions under its own prefix and one row in
 * log.c's switch statements: with two or three kinds that reads plainer than a table of pointers.
 */
#ifndef JOURNAL_STORE_H
#define JOURNAL_STORE_H
#include "common/buf.h"
#include "journal/log.h"

/* Memory: log_memory.c. */
struct memory_store;
struct memory_store *memory_store_new(void);
void memory_store_free(struct memory_store *store); /* accepts NULL */
/* lsn is one more than the last, or the first at all. 0 or -ENOSPC: nothing was kept. Copies. */
int memory_store_put(struct memory_store *store, uint64_t lsn, struct slice record);
/* 0 or -ENOENT. Valid until the next put or trim. */
int memory_store_get(const struct memory_store *store, uint64_t lsn, struct slice *record);
void memory_store_trim(struct memory_store *store, uint64_t lsn);
uint64_t memory_store_first(const struct memory_store *store);
uint64_t memory_store_bytes(const struct memory_store *store);

/* A directory: log_lmdb.c. What is not said here is as in log.h. */
struct lmdb_store;
struct lmdb_end {
	uint64_t last;
	int64_t time_ms;
};
int lmdb_store_open(struct lmdb_store **store, const char *directory, const struct log_options *options,
                    struct lmdb_end *end, char why[LOG_WHY_BYTES]);
void lmdb_store_free(struct lmdb_store *store); /* accepts NULL */
int lmdb_store_put(struct lmdb_store *store, uint64_t lsn, struct slice record, bool is_tick);
/* time_ms: of the newest record. */
int lmdb_store_commit(struct lmdb_store *store, int64_t time_ms);
/* 0, -ENOENT, -EBADMSG, -EIO. Valid until the next call. */
int lmdb_store_get(struct lmdb_store *store, uint64_t lsn, struct slice *record);
int lmdb_store_meta_get(struct lmdb_store *store, const char *name, void *bytes, uint32_t n);
int lmdb_store_meta_put(struct lmdb_store *store, const char *name, const void *bytes, uint32_t n);
int lmdb_store_trim(struct lmdb_store *store, uint64_t lsn);
int lmdb_store_reopen(struct lmdb_store *store, struct lmdb_end *end);
bool lmdb_store_takes(struct lmdb_store *store, uint32_t bytes);
uint64_t lmdb_store_max_bytes(const struct lmdb_store *store);
int lmdb_store_failed(const struct lmdb_store *store);
uint64_t lmdb_store_gathered(const struct lmdb_store *store);
uint64_t lmdb_store_first(const struct lmdb_store *store);
uint64_t lmdb_store_durable(const struct lmdb_store *store);
uint64_t lmdb_store_epoch(const struct lmdb_store *store);
uint64_t lmdb_store_bytes(const struct lmdb_store *store);
uint64_t lmdb_store_map_bytes(const struct lmdb_store *store);
struct log_counters lmdb_store_counters(const struct lmdb_store *store);

#endif
