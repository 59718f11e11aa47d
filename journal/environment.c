/* environment.c - see environment.h. */
#include "journal/environment.h"
#include "journal/value.h"
#include <assert.h>
#include <errno.h>

static const uint8_t magic[4] = {'L', 'J', 'S', '1'};
static MDB_val state_key = {.mv_size = 3, .mv_data = "log"};
enum { SUM_OFF = STATE_BYTES - VALUE_SUM_BYTES };

static int
open_databases(struct environment *environment, unsigned flags)
{
	MDB_txn *txn;
	unsigned create = flags & MDB_RDONLY ? 0 : MDB_CREATE;
	int rc = mdb_txn_begin(environment->env, NULL, flags & MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, "journal", create, &environment->journal);
	if (rc == 0)
		rc = mdb_dbi_open(txn, "meta", create, &environment->meta);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn); /* keeps the handles, also of one that only read */
}

int
environment_open(struct environment *environment, const char *directory, uint64_t map_bytes, unsigned flags)
{
	int rc = mdb_env_create(&environment->env);
	if (rc != 0) {
		environment->env = NULL;
		return rc;
	}
	rc = mdb_env_set_maxdbs(environment->env, DATABASES_MAX);
	if (rc == 0 && map_bytes > 0)
		rc = mdb_env_set_mapsize(environment->env, map_bytes);
	if (rc == 0) /* without thread-local storage: whichever thread may call */
		rc = mdb_env_open(environment->env, directory, flags | MDB_NOTLS, 0600);
	if (rc == 0)
		rc = open_databases(environment, flags);
	if (rc != 0)
		environment_close(environment);
	return rc;
}

void
environment_close(struct environment *environment)
{
	if (environment->env != NULL)
		mdb_env_close(environment->env);
	environment->env = NULL;
}

int
environment_errno(int rc)
{
	if (rc >= 0)
		return -rc;
	switch (rc) {
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_VERSION_MISMATCH:
		return -ENOTSUP;
	case MDB_NOTFOUND:
	case MDB_PAGE_NOTFOUND:
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_INCOMPATIBLE:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
	case MDB_BAD_VALSIZE:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

int
state_get(const struct environment *environment, MDB_txn *txn, struct state *state)
{
	MDB_val value;
	uint8_t sum[VALUE_SUM_BYTES];
	int rc = mdb_get(txn, environment->meta, &state_key, &value);
	if (rc != 0)
		return rc;
	const uint8_t *bytes = value.mv_data;
	if (value.mv_size < sizeof(magic) || memcmp(bytes, magic, sizeof(magic) - 1) != 0)
		return MDB_CORRUPTED;
	if (value.mv_size == STATE_BYTES)
		value_sum(bytes, SUM_OFF, sum);
	if (value.mv_size != STATE_BYTES || memcmp(sum, bytes + SUM_OFF, sizeof(sum)) != 0)
		return memcmp(bytes, magic, sizeof(magic)) == 0 ? MDB_CORRUPTED : MDB_VERSION_MISMATCH;
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return MDB_VERSION_MISMATCH;
	state->epoch = get_u64(bytes + 8);
	state->first = get_u64(bytes + 16);
	state->last = get_u64(bytes + 24);
	state->time_ms = (int64_t)get_u64(bytes + 32);
	return 0;
}

int
state_put(const struct environment *environment, MDB_txn *txn, const struct state *state)
{
	uint8_t bytes[STATE_BYTES] = {0};
	MDB_val value = {sizeof(bytes), bytes};
	memcpy(bytes, magic, sizeof(magic));
	put_u64(bytes + 8, state->epoch);
	put_u64(bytes + 16, state->first);
	put_u64(bytes + 24, state->last);
	put_u64(bytes + 32, (uint64_t)state->time_ms);
	value_sum(bytes, SUM_OFF, bytes + SUM_OFF);
	return mdb_put(txn, environment->meta, &state_key, &value, 0);
}

static bool
is_state(const MDB_val *key)
{
	return key->mv_size == state_key.mv_size && memcmp(key->mv_data, state_key.mv_data, key->mv_size) == 0;
}

const char *
meta_fault(const MDB_val *key, const MDB_val *value)
{
	uint8_t sum[VALUE_SUM_BYTES];
	if (is_state(key))
		return NULL; /* state_get() has looked at it */
	if (value->mv_size <= sizeof(sum))
		return "what is kept beside its records is cut short";
	const uint8_t *bytes = value->mv_data;
	value_sum(bytes + sizeof(sum), value->mv_size - sizeof(sum), sum);
	return memcmp(sum, bytes, sizeof(sum)) == 0 ? NULL : "what is kept beside its records has changed";
}

int
named_get(const struct environment *environment, MDB_txn *txn, const char *name, void *bytes, uint32_t n)
{
	MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value;
	int rc = mdb_get(txn, environment->meta, &key, &value);
	if (rc != 0)
		return rc;
	if (value.mv_size != VALUE_SUM_BYTES + (size_t)n || meta_fault(&key, &value) != NULL)
		return MDB_CORRUPTED;
	memcpy(bytes, (const uint8_t *)value.mv_data + VALUE_SUM_BYTES, n);
	return 0;
}

int
named_put(const struct environment *environment, MDB_txn *txn, const char *name, const void *bytes, uint32_t n)
{
	uint8_t summed[VALUE_SUM_BYTES + LOG_META_BYTES_MAX];
	MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value = {VALUE_SUM_BYTES + (size_t)n, summed};
	assert(!is_state(&key) && key.mv_size > 0 && key.mv_size <= LOG_META_NAME_MAX && n > 0 && n <= LOG_META_BYTES_MAX);
	memcpy(summed + VALUE_SUM_BYTES, bytes, n);
	value_sum(bytes, n, summed);
	return mdb_put(txn, environment->meta, &key, &value, 0);
}

void
lsn_key(uint8_t key[8], uint64_t lsn)
{
	for (int i = 0; i < 8; i++)
		key[i] = (uint8_t)(lsn >> (8 * (7 - i)));
}

uint64_t
lsn_of_key(const MDB_val *key)
{
	const uint8_t *bytes = key->mv_data;
	uint64_t lsn = 0;
	for (size_t i = 0; i < key->mv_size && i < 8; i++)
		lsn = lsn << 8 | bytes[i];
	return lsn;
}

int
lsn_seek(MDB_cursor *cursor, uint64_t lsn, MDB_val *key, MDB_val *value)
{
	uint8_t bytes[8];
	*key = (MDB_val){sizeof(bytes), bytes};
	lsn_key(bytes, lsn);
	int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, key, value, MDB_LAST);
	if (rc == 0 && lsn_of_key(key) > lsn)
		return mdb_cursor_get(cursor, key, value, MDB_PREV);
	return rc;
}
