/*
 * log_lmdb.c - records in a directory: an LMDB environment and the lock of the one who writes to it. See log_lmdb.md.
 *
 * Records are gathered into a value in memory; a commit puts it under the lsn of its first record. Reading copies a
 * value out and checks it, and finds the records behind the one last read in the copy: no transaction outlives a
 * call, so nobody here keeps old pages from being used again.
 */
#include "common/mem.h"
#include "journal/environment.h"
#include "journal/store.h"
#include "journal/value.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	PATH_BYTES = 1024,
	TICK_ROOM = 128 << 10, /* pages that a transaction writes beside its value, and some more of those to come */
	FORGET_BYTES = 64 << 10,
};
_Static_assert(LOG_RESERVE_BYTES > 4 * TICK_ROOM, "ticks have room when events have not");

struct lmdb_store {
	char directory[PATH_BYTES];
	struct log_options options;
	struct environment environment;
	MDB_txn *reader;    /* reset between calls; NULL: none yet */
	int lock;           /* held by the writer; -1 of a reader */
	int failed;         /* for good; 0: not */
	bool in_pieces;     /* the map had no room in one piece, and nothing has been trimmed since */
	struct state state; /* as committed, but first: as trimmed */
	struct value gathered;
	struct buf read;    /* a copy of the value that was read last */
	uint64_t read_first, read_end; /* its records; equal: none */
	struct value_place place, gathered_place;
	uint64_t oldest_end; /* records below it must be trimmed for the oldest value to go; 0: not known */
	uint64_t journal_bytes, used_bytes, reusable_bytes; /* whole pages: of the journal, of all, of the file and unused */
	uint64_t page_bytes, map_bytes;
	uint64_t disk_free;
	struct log_counters counters;
};

__attribute__((format(printf, 3, 4))) static int
refuse(char *why, int rc, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(why, LOG_WHY_BYTES, format, arguments);
	va_end(arguments);
	return rc;
}

static int
path_of(const char *directory, const char *name, char path[PATH_BYTES], char *why)
{
	if (snprintf(path, PATH_BYTES, "%s/%s", directory, name) < PATH_BYTES)
		return 0;
	return refuse(why, -ENAMETOOLONG, "the directory's name is too long: %.100s", directory);
}

/* So that what was made in it is found again after a power cut. */
static int
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int
make_directory(const char *directory, char *why)
{
	char parent[PATH_BYTES];
	struct stat there;
	if (stat(directory, &there) == 0)
		return S_ISDIR(there.st_mode) ? 0 : refuse(why, -ENOTDIR, "%s is not a directory", directory);
	if (mkdir(directory, 0700) < 0) {
		int rc = -errno;
		return refuse(why, rc, "the directory %s cannot be made: %s", directory, strerror(-rc));
	}
	int rc = path_of(directory, "..", parent, why);
	if (rc == 0 && (rc = sync_directory(parent)) < 0)
		refuse(why, rc, "the directory above %s cannot be synced: %s", directory, strerror(-rc));
	return rc;
}

static int
refuse_second_writer(const struct lmdb_store *store, char *why)
{
	char text[32] = "", reason[64] = "another process";
	ssize_t n = pread(store->lock, text, sizeof(text) - 1, 0);
	if (n > 0)
		snprintf(reason, sizeof(reason), "process %ld", strtol(text, NULL, 10));
	return refuse(why, -EBUSY, "%s is in use: %s writes to it", store->directory, reason);
}

/* The lock ends with the process, however it ends. */
static int
take_lock(struct lmdb_store *store, char *why)
{
	char path[PATH_BYTES];
	int rc = path_of(store->directory, "writer.lock", path, why);
	if (rc < 0)
		return rc;
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0) {
		rc = -errno;
		return refuse(why, rc, "%s/writer.lock cannot be opened: %s", store->directory, strerror(-rc));
	}
	if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	rc = -errno;
	if (rc == -EWOULDBLOCK)
		return refuse_second_writer(store, why);
	return refuse(why, rc, "%s/writer.lock cannot be locked: %s", store->directory, strerror(-rc));
}

/* Whom a second writer is told of; and a file that is not empty says that there was a log here. */
static int
sign_lock(struct lmdb_store *store, char *why)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	errno = 0;
	if (ftruncate(store->lock, 0) == 0 && pwrite(store->lock, text, (size_t)n, 0) == n && fsync(store->lock) == 0)
		return 0;
	int rc = errno != 0 ? -errno : -ENOSPC; /* a full disk takes part of a write */
	return refuse(why, rc, "%s/writer.lock cannot be written: %s", store->directory, strerror(-rc));
}

static bool
was_signed(const struct lmdb_store *store)
{
	struct stat there;
	return fstat(store->lock, &there) == 0 && there.st_size > 0;
}

/* 0: there is none, or none that was ever used; 1: it is whole. */
static int
check_what_is_there(struct lmdb_store *store, struct log_check *check, char *why)
{
	char path[PATH_BYTES];
	struct stat there;
	int rc = path_of(store->directory, "data.mdb", path, why);
	if (rc < 0)
		return rc;
	if (stat(path, &there) < 0) {
		rc = -errno;
		if (rc != -ENOENT)
			return refuse(why, rc, "%s cannot be read: %s", path, strerror(-rc));
		there.st_size = 0;
	}
	bool is_whole = there.st_size >= 2 * sysconf(_SC_PAGESIZE);
	if (!is_whole && store->lock >= 0 && was_signed(store))
		return refuse(why, -EBADMSG,
		              "the log in %s is damaged: its file data.mdb is missing or cut short; " RESTORE, store->directory);
	if (!is_whole && store->lock >= 0)
		unlink(path); /* its maker was stopped: no record can be in there */
	if (!is_whole)
		return 0;
	rc = log_verify(store->directory, store->options.verify_from, check, why);
	return rc < 0 ? rc : check->epoch > 0;
}

static int
check_options(const struct lmdb_store *store, char *why)
{
	const struct log_options *options = &store->options;
	if (options->read_only)
		return 0;
	if (options->map_bytes < LOG_MAP_BYTES_MIN)
		return refuse(why, -EINVAL, "the log in %s needs a map of at least 16 MiB", store->directory);
	if (options->journal_max > options->map_bytes / 2 || options->journal_max < 2 * (uint64_t)LOG_RESERVE_BYTES)
		return refuse(why, -EINVAL, "the log in %s may keep at least 4 MiB and at most half of what its map holds",
		              store->directory);
	return 0;
}

static uint64_t
tree_bytes(const MDB_stat *tree)
{
	return (uint64_t)tree->ms_psize * (tree->ms_branch_pages + tree->ms_leaf_pages + tree->ms_overflow_pages);
}

/*
 * What trees take, as the transaction sees them. Those of the free list and of the names are small; theirs are
 * included.
 */
static int
measure(struct lmdb_store *store, MDB_txn *txn)
{
	MDB_stat journal, meta, free_list;
	int rc = mdb_stat(txn, store->environment.journal, &journal);
	if (rc == 0)
		rc = mdb_stat(txn, store->environment.meta, &meta);
	if (rc == 0)
		rc = mdb_stat(txn, 0, &free_list);
	if (rc != 0)
		return rc;
	store->page_bytes = journal.ms_psize;
	store->journal_bytes = tree_bytes(&journal);
	store->used_bytes = store->journal_bytes + tree_bytes(&meta) + tree_bytes(&free_list) + 3 * store->page_bytes;
	return 0;
}

static void
look_at_disk(struct lmdb_store *store)
{
	struct statvfs disk;
	MDB_envinfo info;
	if (statvfs(store->directory, &disk) == 0)
		store->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (store->environment.env == NULL || mdb_env_info(store->environment.env, &info) != 0)
		return;
	uint64_t file = (info.me_last_pgno + 1) * store->page_bytes;
	store->map_bytes = info.me_mapsize;
	store->reusable_bytes = file > store->used_bytes ? file - store->used_bytes : 0;
}

/* Counts this opening. The first one makes the log. */
static int
begin_epoch(struct lmdb_store *store, bool is_new)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->environment.env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	if (is_new)
		store->state = (struct state){.first = 1, .time_ms = INT64_MIN};
	else
		rc = state_get(&store->environment, txn, &store->state);
	store->state.epoch++;
	if (rc == 0)
		rc = state_put(&store->environment, txn, &store->state);
	if (rc == 0)
		rc = measure(store, txn);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	return rc != 0 ? rc : mdb_env_sync(store->environment.env, 1); /* durable, whatever commits are */
}

static int
read_state(struct lmdb_store *store)
{
	int rc = mdb_txn_begin(store->environment.env, NULL, MDB_RDONLY, &store->reader);
	if (rc != 0)
		return rc;
	rc = state_get(&store->environment, store->reader, &store->state);
	if (rc == 0)
		rc = measure(store, store->reader);
	mdb_txn_reset(store->reader);
	return rc;
}

static unsigned
flags_of(const struct log_options *options)
{
	if (options->read_only)
		return MDB_RDONLY;
	return options->durability == LOG_WRITE ? MDB_NOSYNC : 0;
}

static int
open_environment(struct lmdb_store *store, bool is_new, char *why)
{
	const struct log_options *options = &store->options;
	int rc = environment_open(&store->environment, store->directory, options->read_only ? 0 : options->map_bytes,
	                          flags_of(options));
	if (rc == 0)
		rc = options->read_only ? read_state(store) : begin_epoch(store, is_new);
	if (rc == 0)
		return 0;
	return refuse(why, environment_errno(rc), "the log in %s cannot be opened: %s", store->directory, mdb_strerror(rc));
}

static int
open_to_read(struct lmdb_store *store, char *why)
{
	struct log_check check;
	int rc = check_what_is_there(store, &check, why);
	if (rc == 0)
		return refuse(why, -ENOENT, "there is no log in %s", store->directory);
	return rc < 0 ? rc : open_environment(store, false, why);
}

static int
open_to_write(struct lmdb_store *store, char *why)
{
	struct log_check check;
	int rc = make_directory(store->directory, why);
	if (rc == 0)
		rc = take_lock(store, why);
	if (rc == 0)
		rc = check_what_is_there(store, &check, why);
	if (rc < 0)
		return rc;
	bool is_new = rc == 0;
	rc = open_environment(store, is_new, why);
	if (rc == 0)
		rc = sign_lock(store, why);
	if (rc == 0 && is_new && (rc = sync_directory(store->directory)) < 0)
		refuse(why, rc, "the directory %s cannot be synced: %s", store->directory, strerror(-rc));
	return rc;
}

int
lmdb_store_open(struct lmdb_store **opened, const char *directory, const struct log_options *options,
                struct lmdb_end *end, char why[LOG_WHY_BYTES])
{
	struct lmdb_store *store = mem_zalloc(1, sizeof(*store));
	store->options = *options;
	store->lock = -1;
	if (options->journal_max == 0)
		store->options.journal_max = options->map_bytes / 2;
	int rc = 0;
	if (snprintf(store->directory, PATH_BYTES, "%s", directory) >= PATH_BYTES)
		rc = refuse(why, -ENAMETOOLONG, "the directory's name is too long: %.100s", directory);
	if (rc == 0)
		rc = check_options(store, why);
	if (rc == 0)
		rc = options->read_only ? open_to_read(store, why) : open_to_write(store, why);
	if (rc < 0) {
		lmdb_store_free(store);
		return rc;
	}
	look_at_disk(store);
	value_start(&store->gathered, store->state.last + 1);
	*end = (struct lmdb_end){store->state.last, store->state.time_ms};
	*opened = store;
	return 0;
}

static void
close_environment(struct lmdb_store *store)
{
	if (store->reader != NULL)
		mdb_txn_abort(store->reader);
	store->reader = NULL;
	environment_close(&store->environment);
}

void
lmdb_store_free(struct lmdb_store *store)
{
	if (store == NULL)
		return;
	if (store->environment.env != NULL && store->failed == 0 && store->options.durability == LOG_WRITE && store->lock >= 0)
		mdb_env_sync(store->environment.env, 1); /* an orderly end is safe from a power cut; nobody to tell if it fails */
	close_environment(store);
	if (store->lock >= 0)
		close(store->lock);
	buf_fini(&store->gathered.bytes);
	buf_fini(&store->read);
	free(store);
}

/*
 * Nothing may be written any more. After some failures LMDB refuses to read as well, so it is opened anew to read only.
 * What it shows then may go beyond what is durable; our own numbers do not.
 */
static int
fail(struct lmdb_store *store, int rc)
{
	store->failed = environment_errno(rc);
	look_at_disk(store);
	close_environment(store);
	/* If that fails as well, reads are -EIO. */
	environment_open(&store->environment, store->directory, store->options.map_bytes, MDB_RDONLY);
	return store->failed;
}

static uint64_t
room_in(uint64_t limit, uint64_t used)
{
	return limit > used ? limit - used : 0;
}

static bool
has_room(const struct lmdb_store *store, uint32_t record_bytes, uint64_t reserve)
{
	uint64_t n = store->gathered.bytes.len + VALUE_LENGTH_BYTES + record_bytes;
	uint64_t needed = (n / store->page_bytes + 2) * store->page_bytes + reserve;
	if (n > LOG_GATHERED_MAX)
		return false;
	return needed <= room_in(store->options.journal_max, store->journal_bytes) &&
	       needed <= room_in(store->map_bytes, store->used_bytes) && needed <= store->disk_free + store->reusable_bytes;
}

int
lmdb_store_put(struct lmdb_store *store, uint64_t lsn, struct slice record, bool is_tick)
{
	assert(lsn == store->gathered.first + store->gathered.count);
	uint64_t reserve = is_tick ? TICK_ROOM : LOG_RESERVE_BYTES;
	if (store->options.read_only)
		return -EROFS;
	if (store->failed != 0)
		return store->failed;
	if (!has_room(store, record.n, reserve))
		look_at_disk(store); /* others may have made room */
	if (store->in_pieces || !has_room(store, record.n, reserve)) {
		store->counters.refused++;
		return -ENOSPC;
	}
	value_add(&store->gathered, record);
	return 0;
}

static int
write_gathered(struct lmdb_store *store, const struct state *state, MDB_txn *txn)
{
	uint8_t bytes[8];
	MDB_val key = {sizeof(bytes), bytes};
	struct slice sealed = value_seal(&store->gathered);
	MDB_val value = {sealed.n, (void *)(uintptr_t)sealed.p};
	lsn_key(bytes, store->gathered.first);
	int rc = mdb_put(txn, store->environment.journal, &key, &value, MDB_APPEND);
	if (rc == 0)
		rc = state_put(&store->environment, txn, state);
	return rc == 0 ? measure(store, txn) : rc;
}

/* A full disk takes part of a write. LMDB calls that EIO, too; the system did not. */
static bool
was_cut_short(struct lmdb_store *store, int rc)
{
	if (rc != EIO || errno == EIO)
		return false;
	look_at_disk(store);
	return store->disk_free < store->gathered.bytes.len + TICK_ROOM;
}

/* What both who write do at the end. MDB_MAP_FULL always comes before the first byte is written. */
static int
end_transaction(struct lmdb_store *store, MDB_txn *txn, int rc)
{
	errno = 0;
	if (rc == 0)
		rc = mdb_txn_commit(txn); /* frees it either way */
	else
		mdb_txn_abort(txn);
	if (rc == 0 || rc == MDB_MAP_FULL)
		look_at_disk(store);
	if (rc == MDB_MAP_FULL)
		return -ENOSPC;
	if (rc == 0)
		return 0;
	return fail(store, was_cut_short(store, rc) ? ENOSPC : rc);
}

int
lmdb_store_commit(struct lmdb_store *store, int64_t time_ms)
{
	MDB_txn *txn;
	if (store->failed != 0 || store->gathered.count == 0)
		return store->failed;
	struct state state = store->state;
	state.last = store->gathered.first + store->gathered.count - 1;
	state.time_ms = time_ms;
	int rc = mdb_txn_begin(store->environment.env, NULL, 0, &txn);
	if (rc != 0)
		return fail(store, rc);
	rc = end_transaction(store, txn, write_gathered(store, &state, txn));
	store->in_pieces = rc == -ENOSPC && store->failed == 0;
	if (rc < 0)
		return rc;
	store->state = state;
	store->counters.commits++;
	store->counters.records += store->gathered.count;
	store->counters.bytes += store->gathered.bytes.len;
	value_start(&store->gathered, state.last + 1);
	return 0;
}

static int
begin_reading(struct lmdb_store *store)
{
	if (store->environment.env == NULL)
		return EIO;
	if (store->reader != NULL)
		return mdb_txn_renew(store->reader);
	int rc = mdb_txn_begin(store->environment.env, NULL, MDB_RDONLY, &store->reader);
	if (rc != 0)
		store->reader = NULL;
	return rc;
}

/* Else a log that is read once from end to end would count as this process's memory. */
static void
forget_pages(const struct lmdb_store *store, const MDB_val *value)
{
	if (value->mv_size < FORGET_BYTES)
		return; /* it may lie on a page with others */
	uintptr_t from = (uintptr_t)value->mv_data / store->page_bytes * store->page_bytes;
	madvise((void *)from, (uintptr_t)value->mv_data + value->mv_size - from, MADV_DONTNEED);
}

static int
copy_value(struct lmdb_store *store, uint64_t lsn)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(store->reader, store->environment.journal, &cursor);
	if (rc != 0)
		return rc;
	rc = lsn_seek(cursor, lsn, &key, &value);
	if (rc == 0 && (value.mv_size > UINT32_MAX || key.mv_size != 8))
		rc = MDB_CORRUPTED;
	if (rc == 0) {
		store->read.len = 0;
		store->read_first = lsn_of_key(&key);
		buf_add(&store->read, value.mv_data, value.mv_size);
		forget_pages(store, &value);
	}
	mdb_cursor_close(cursor);
	return rc;
}

static int
load(struct lmdb_store *store, uint64_t lsn)
{
	store->place = (struct value_place){0};
	store->read_first = store->read_end = 0;
	int rc = begin_reading(store);
	if (rc != 0)
		return environment_errno(rc);
	rc = copy_value(store, lsn);
	mdb_txn_reset(store->reader);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? -ENOENT : environment_errno(rc);
	if (store->read_first > lsn || value_fault(buf_slice(&store->read), store->read_first) != NULL) {
		store->read_first = 0;
		return -EBADMSG;
	}
	store->read_end = store->read_first + value_count(buf_slice(&store->read));
	return lsn < store->read_end ? 0 : -ENOENT; /* trimmed by a writer beside us */
}

int
lmdb_store_get(struct lmdb_store *store, uint64_t lsn, struct slice *record)
{
	const struct value *gathered = &store->gathered;
	if (lsn < store->state.first || lsn >= gathered->first + gathered->count)
		return -ENOENT;
	if (lsn >= gathered->first) {
		*record = value_record(buf_slice(&gathered->bytes), gathered->first, lsn, &store->gathered_place);
		return 0;
	}
	if (lsn < store->read_first || lsn >= store->read_end) {
		int rc = load(store, lsn);
		if (rc < 0)
			return rc;
	}
	*record = value_record(buf_slice(&store->read), store->read_first, lsn, &store->place);
	return 0;
}

int
lmdb_store_meta_get(struct lmdb_store *store, const char *name, void *bytes, uint32_t n)
{
	int rc = begin_reading(store);
	if (rc != 0)
		return environment_errno(rc);
	rc = named_get(&store->environment, store->reader, name, bytes, n);
	mdb_txn_reset(store->reader);
	return rc == MDB_NOTFOUND ? -ENOENT : environment_errno(rc);
}

int
lmdb_store_meta_put(struct lmdb_store *store, const char *name, const void *bytes, uint32_t n)
{
	MDB_txn *txn;
	if (store->options.read_only)
		return -EROFS;
	if (store->failed != 0)
		return store->failed;
	int rc = mdb_txn_begin(store->environment.env, NULL, 0, &txn);
	if (rc != 0)
		return fail(store, rc);
	rc = named_put(&store->environment, txn, name, bytes, n);
	if (rc == 0)
		rc = measure(store, txn);
	rc = end_transaction(store, txn, rc);
	if (rc < 0)
		return rc;
	rc = mdb_env_sync(store->environment.env, 1); /* durable, whatever commits are */
	return rc == 0 ? 0 : fail(store, rc);
}

/* Deletes whole values below state.first. 1: there are more. */
static int
delete_oldest(struct lmdb_store *store, MDB_txn *txn, uint64_t *deleted, int *more)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, store->environment.journal, &cursor);
	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)) == 0) {
		struct slice bytes = {value.mv_data, (uint32_t)value.mv_size};
		store->oldest_end = lsn_of_key(&key) + value_count(bytes);
		*more = store->oldest_end <= store->state.first;
		if (!*more || *deleted == LOG_TRIM_VALUES_MAX)
			break;
		rc = mdb_cursor_del(cursor, 0);
		if (rc != 0)
			break;
		(*deleted)++;
	}
	mdb_cursor_close(cursor);
	if (rc == MDB_NOTFOUND) { /* none left: ask again when there are */
		*more = 0;
		store->oldest_end = 0;
		rc = 0;
	}
	return rc;
}

/* A reader that was killed would keep its pages from ever being used again. */
static void
end_dead_readers(struct lmdb_store *store)
{
	int dead = 0;
	mdb_reader_check(store->environment.env, &dead);
	store->counters.dead_readers += (uint64_t)dead;
}

int
lmdb_store_trim(struct lmdb_store *store, uint64_t lsn)
{
	MDB_txn *txn;
	uint64_t deleted = 0;
	int more = 0;
	if (store->options.read_only)
		return -EROFS;
	if (lsn > store->state.last + 1)
		lsn = store->state.last + 1;
	if (lsn > store->state.first)
		store->state.first = lsn;
	if (store->failed != 0)
		return store->failed;
	end_dead_readers(store);
	if (store->state.first < store->oldest_end || store->journal_bytes == 0)
		return 0;
	int rc = mdb_txn_begin(store->environment.env, NULL, 0, &txn);
	if (rc != 0)
		return fail(store, rc);
	rc = delete_oldest(store, txn, &deleted, &more);
	if (rc == 0 && deleted == 0) {
		mdb_txn_abort(txn);
		return 0;
	}
	if (rc == 0)
		rc = state_put(&store->environment, txn, &store->state);
	if (rc == 0)
		rc = measure(store, txn);
	rc = end_transaction(store, txn, rc);
	if (rc < 0) {
		store->oldest_end = 0;
		return rc;
	}
	store->in_pieces = false;
	store->counters.trims++;
	store->counters.trimmed += deleted;
	return more;
}

/* Is what is there what was durable? */
static int
same_end(struct lmdb_store *store)
{
	MDB_txn *txn;
	struct state there;
	int rc = mdb_txn_begin(store->environment.env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = state_get(&store->environment, txn, &there);
	if (rc == 0)
		rc = measure(store, txn);
	mdb_txn_abort(txn);
	if (rc == 0 && (there.last != store->state.last || there.epoch != store->state.epoch))
		rc = EIO; /* a commit that failed is there all the same: nobody can say whether it will be */
	return rc;
}

/* What the commit that failed had put behind the last page takes room that ticks may need. */
static void
cut_off_rest(struct lmdb_store *store)
{
	MDB_envinfo info;
	mdb_filehandle_t fd;
	if (mdb_env_info(store->environment.env, &info) == 0 && mdb_env_get_fd(store->environment.env, &fd) == 0 &&
	    ftruncate(fd, (off_t)((info.me_last_pgno + 1) * store->page_bytes)) == 0)
		look_at_disk(store);
}

int
lmdb_store_reopen(struct lmdb_store *store, struct lmdb_end *end)
{
	if (store->failed != -ENOSPC)
		return store->failed != 0 ? store->failed : -EINVAL;
	close_environment(store);
	int rc = environment_open(&store->environment, store->directory, store->options.map_bytes, flags_of(&store->options));
	if (rc == 0)
		rc = same_end(store);
	if (rc == 0) {
		cut_off_rest(store);
		rc = store->disk_free + store->reusable_bytes < 2 * TICK_ROOM ? ENOSPC : 0; /* not even for a tick */
	}
	if (rc != 0) {
		close_environment(store);
		return fail(store, rc);
	}
	store->failed = 0;
	store->in_pieces = false;
	value_start(&store->gathered, store->state.last + 1);
	*end = (struct lmdb_end){store->state.last, store->state.time_ms};
	return 0;
}

bool
lmdb_store_takes(struct lmdb_store *store, uint32_t bytes)
{
	look_at_disk(store);
	return !store->in_pieces && has_room(store, bytes, LOG_RESERVE_BYTES);
}

uint64_t
lmdb_store_max_bytes(const struct lmdb_store *store)
{
	return store->options.journal_max;
}

int
lmdb_store_failed(const struct lmdb_store *store)
{
	return store->failed;
}

uint64_t
lmdb_store_gathered(const struct lmdb_store *store)
{
	return store->gathered.count == 0 ? 0 : store->gathered.bytes.len;
}

uint64_t
lmdb_store_first(const struct lmdb_store *store)
{
	return store->state.first;
}

uint64_t
lmdb_store_durable(const struct lmdb_store *store)
{
	return store->state.last;
}

uint64_t
lmdb_store_epoch(const struct lmdb_store *store)
{
	return store->state.epoch;
}

uint64_t
lmdb_store_bytes(const struct lmdb_store *store)
{
	return store->journal_bytes + lmdb_store_gathered(store);
}

uint64_t
lmdb_store_map_bytes(const struct lmdb_store *store)
{
	return store->map_bytes;
}

struct log_counters
lmdb_store_counters(const struct lmdb_store *store)
{
	return store->counters;
}
