/* log.c - places and times of records, ticks; the bytes are a store's (store.h). */
#include "journal/log.h"
#include "common/mem.h"
#include "journal/store.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { TICK_MS = 60000 };

enum log_kind {
	LOG_COUNTING = 1, /* memory, nothing to read back */
	LOG_MEMORY,
	LOG_LMDB,
};

struct log {
	enum log_kind kind;
	uint64_t last;
	int64_t time_ms;
	struct memory_store *memory; /* LOG_MEMORY */
	struct lmdb_store *lmdb;     /* LOG_LMDB */
	struct buf record;           /* the one being appended */
};

struct log *
log_memory_new(bool keep)
{
	struct log *log = mem_zalloc(1, sizeof(*log));
	log->kind = keep ? LOG_MEMORY : LOG_COUNTING;
	log->time_ms = INT64_MIN;
	if (keep)
		log->memory = memory_store_new();
	return log;
}

int
log_open(struct log **opened, const char *directory, const struct log_options *options, char why[LOG_WHY_BYTES])
{
	struct lmdb_store *store;
	struct lmdb_end end;
	int rc = lmdb_store_open(&store, directory, options, &end, why);
	if (rc < 0)
		return rc;
	struct log *log = mem_zalloc(1, sizeof(*log));
	log->kind = LOG_LMDB;
	log->lmdb = store;
	log->last = end.last;
	log->time_ms = end.time_ms;
	*opened = log;
	return 0;
}

void
log_free(struct log *log)
{
	if (log == NULL)
		return;
	lmdb_store_free(log->lmdb);
	memory_store_free(log->memory);
	buf_fini(&log->record);
	free(log);
}

static int
record_put(struct log *log, const struct group *group)
{
	switch (log->kind) {
	case LOG_COUNTING:
		return 0;
	case LOG_MEMORY:
		log->record.len = 0;
		group_write(group, &log->record);
		return memory_store_put(log->memory, group->lsn, buf_slice(&log->record));
	case LOG_LMDB:
		log->record.len = 0;
		group_write(group, &log->record);
		return lmdb_store_put(log->lmdb, group->lsn, buf_slice(&log->record), group->kind == GROUP_TICK);
	}
	assert(false);
	return -EINVAL;
}

int
log_append(struct log *log, struct group *group)
{
	assert(group->lsn == 0);
	int64_t time_before = group->time_ms;
	group->lsn = log->last + 1;
	group->time_ms = group->recv_ms > log->time_ms ? group->recv_ms : log->time_ms;
	int rc = record_put(log, group);
	if (rc < 0) {
		group->lsn = 0;
		group->time_ms = time_before;
		return rc;
	}
	log->last = group->lsn;
	log->time_ms = group->time_ms;
	return 0;
}

int
log_commit(struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_commit(log->lmdb, log->time_ms) : 0;
}

int
log_failed(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_failed(log->lmdb) : 0;
}

int
log_reopen(struct log *log)
{
	struct lmdb_end end;
	if (log->kind != LOG_LMDB)
		return -ENOTSUP;
	int rc = lmdb_store_reopen(log->lmdb, &end);
	if (rc < 0)
		return rc;
	log->last = end.last;
	log->time_ms = end.time_ms;
	return 0;
}

bool
log_takes(struct log *log, uint32_t bytes)
{
	return log->kind != LOG_LMDB || lmdb_store_takes(log->lmdb, bytes);
}

uint64_t
log_gathered(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_gathered(log->lmdb) : 0;
}

uint64_t
log_first(const struct log *log)
{
	switch (log->kind) {
	case LOG_COUNTING:
		return log->last + 1;
	case LOG_MEMORY:
		return memory_store_first(log->memory);
	case LOG_LMDB:
		return lmdb_store_first(log->lmdb);
	}
	assert(false);
	return 0;
}

uint64_t
log_last(const struct log *log)
{
	return log->last;
}

uint64_t
log_durable(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_durable(log->lmdb) : log->last;
}

int64_t
log_time(const struct log *log)
{
	return log->time_ms;
}

uint64_t
log_epoch(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_epoch(log->lmdb) : 0;
}

static int
record_get(const struct log *log, uint64_t lsn, struct slice *record)
{
	switch (log->kind) {
	case LOG_COUNTING:
		return -ENOENT;
	case LOG_MEMORY:
		return memory_store_get(log->memory, lsn, record);
	case LOG_LMDB:
		return lmdb_store_get(log->lmdb, lsn, record);
	}
	assert(false);
	return -EINVAL;
}

int
log_read(const struct log *log, uint64_t lsn, struct group *group)
{
	struct slice record;
	char why[128];
	int rc = record_get(log, lsn, &record);
	if (rc == 0)
		rc = group_read(group, record, why);
	return rc == 0 && group->lsn != lsn ? -EBADMSG : rc;
}

int
log_meta_get(const struct log *log, const char *name, void *bytes, uint32_t n)
{
	return log->kind == LOG_LMDB ? lmdb_store_meta_get(log->lmdb, name, bytes, n) : -ENOTSUP;
}

int
log_meta_put(struct log *log, const char *name, const void *bytes, uint32_t n)
{
	return log->kind == LOG_LMDB ? lmdb_store_meta_put(log->lmdb, name, bytes, n) : -ENOTSUP;
}

int
log_trim(struct log *log, uint64_t lsn)
{
	if (log->kind == LOG_MEMORY)
		memory_store_trim(log->memory, lsn);
	return log->kind == LOG_LMDB ? lmdb_store_trim(log->lmdb, lsn) : 0;
}

uint64_t
log_bytes(const struct log *log)
{
	switch (log->kind) {
	case LOG_COUNTING:
		return 0;
	case LOG_MEMORY:
		return memory_store_bytes(log->memory);
	case LOG_LMDB:
		return lmdb_store_bytes(log->lmdb);
	}
	assert(false);
	return 0;
}

uint64_t
log_map_bytes(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_map_bytes(log->lmdb) : 0;
}

uint64_t
log_max_bytes(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_max_bytes(log->lmdb) : 0;
}

void
log_figures(const struct log *log, struct log_figures *out)
{
	*out = (struct log_figures){
	    .records = log_last(log) + 1 - log_first(log),
	    .bytes = log_bytes(log),
	    .max_bytes = log_max_bytes(log),
	    .durable = log_durable(log),
	    .first = log_first(log),
	    .counters = log_counters(log),
	};
}

struct log_counters
log_counters(const struct log *log)
{
	return log->kind == LOG_LMDB ? lmdb_store_counters(log->lmdb) : (struct log_counters){0};
}

/* The whole minute that holds ms, also before 1970. */
static int64_t
minute_of(int64_t ms)
{
	int64_t into = ms % TICK_MS;
	return ms - into - (into < 0 ? TICK_MS : 0);
}

struct group *
log_tick_due(const struct log *log, int64_t now_ms)
{
	int64_t minute = minute_of(now_ms);
	if (log->last > 0 && minute <= log->time_ms)
		return NULL;
	struct group *tick = group_new(GROUP_TICK);
	tick->recv_ms = minute;
	return tick;
}
