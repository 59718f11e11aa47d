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

/* Memory: log_memory.c. */
struct memory_store;
struct memory_store *memory_store_new(void);
void memory_store_free(struct memory_store *store); /* accepts NULL */
/* lsn is one more than the last, or the first at all. 0 or -ENOSPC: nothing was kept. Copies. */
int memory_store_put(struct memory_store *store, uint64_t lsn, struct slice record);
/* 0 or -ENOENT. Valid until the next put or trim. */
int memory_store_get(const struct memory_store *store, uint64_t lsn, struct slice *record);
void memory_store_trim(struct memory_store *store, uint64_t lsn);
uint64_t memory_store_bytes(const struct memory_store *store);

#endif
