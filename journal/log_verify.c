/*
 * log_verify.c - is the log on disk whole? In a child process, because damage can kill who reads it: LMDB trusts its
 * pages, and a file cut short is a SIGBUS.
 *
 * LMDB has no checksums. Records have (value.c), and so has the state; what else matters is checked for consistency:
 * that every tree has as many pages and entries as it says, that nothing lies on two pages at once or on one that is
 * said to be free (the next commit would write over it), and that the two meta pages are the last two transactions.
 */
#include "common/mem.h"
#include "journal/environment.h"
#include "journal/value.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/*
	 * A page of LMDB: u64 number, u16, u16 flags, then u32 pages of a large value, or u16 lower and u16 upper end of
	 * the gap.
	 */
	PAGE_HEAD_BYTES = 16, PAGE_FLAGS_OFF = 10, PAGE_LOWER_OFF = 12, PAGE_UPPER_OFF = 14, PAGE_COUNT_OFF = 12,
	PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_LARGE = 4, /* flags */
	NODE_HEAD_BYTES = 8, NODE_KEY_OFF = 6, /* before a key; where its u16 length stands */
	META_FLAGS_OFF = 44, META_TXNID_OFF = 144, /* of a meta page: the free list's flags, its transaction */
	META_TRIES = 5,       /* a writer may be between two commits */
	BEYOND_FILE_MAX = 1 << 20, /* pages that were given out and back in one transaction need not be in the file */
	CHILD_ASSERTED = 3,
};

/* What the child tells; shared memory, so that it says how far it came if it dies. */
struct verdict_of_child {
	struct log_check check;
	int rc;
	bool done;
	char why[LOG_WHY_BYTES / 2];
};

struct walk {
	struct environment environment;
	MDB_txn *txn;
	const char *directory;
	uint64_t from;
	struct verdict_of_child *told;
	struct state state;
	size_t page_bytes;
	size_t pages;    /* that there are */
	size_t accounted; /* by a tree or the free list */
	uint8_t *seen;   /* a bit for each page; NULL: a writer moves on beside us, pages are not looked at */
	const uint8_t *map; /* page 0; NULL: not known yet */
	uint64_t next;   /* lsn that must come */
};

/* What was counted in one tree, to be compared with what it says. */
struct tree {
	size_t entries, leaves, overflow;
	const uint8_t *leaf; /* the one that the walk stands on */
	size_t leaf_entries, leaf_upper, leaf_bytes;
};

static bool
damage(struct walk *walk, const char *what)
{
	walk->told->rc = -EBADMSG;
	snprintf(walk->told->why, sizeof(walk->told->why), "%s", what);
	return false;
}

static bool
failed(struct walk *walk, int rc)
{
	walk->told->rc = environment_errno(rc);
	snprintf(walk->told->why, sizeof(walk->told->why), "%s", mdb_strerror(rc));
	return false;
}

static unsigned
get_u16(const uint8_t *from)
{
	return from[0] | (unsigned)from[1] << 8;
}

/* Nothing else may lie on these pages. */
static bool
see_pages(struct walk *walk, size_t first, size_t count)
{
	if (walk->seen == NULL)
		return true;
	if (first < 2 || first >= walk->pages || count > walk->pages - first)
		return damage(walk, "a page lies outside of the file");
	for (size_t page = first; page < first + count; page++) {
		if (walk->seen[page / 8] >> page % 8 & 1)
			return damage(walk, "a page is used twice");
		walk->seen[page / 8] |= (uint8_t)(1 << page % 8);
	}
	return true;
}

/* Pages begin at multiples of their size in the map, and with their number. */
static const uint8_t *
page_of(const struct walk *walk, const void *inside)
{
	return (const uint8_t *)inside - (uintptr_t)inside % walk->page_bytes;
}

/* Its number is its place. LMDB goes by the number when it frees a page. */
static bool
page_is(struct walk *walk, const uint8_t *page, unsigned flags)
{
	uint64_t number = get_u64(page);
	if (walk->map == NULL)
		walk->map = page - number * walk->page_bytes;
	if ((size_t)(page - walk->map) / walk->page_bytes != number || get_u16(page + PAGE_FLAGS_OFF) != flags)
		return damage(walk, "a page is not what it should be");
	return true;
}

/* New entries go below the upper end of the gap; from there on the old ones fill the page. */
static bool
gap_is(struct walk *walk, const uint8_t *page, size_t entries, size_t upper, size_t bytes)
{
	if (get_u16(page + PAGE_LOWER_OFF) == PAGE_HEAD_BYTES + 2 * entries && get_u16(page + PAGE_UPPER_OFF) == upper &&
	    upper + bytes == walk->page_bytes)
		return true;
	return damage(walk, "a page has a gap that is not its own");
}

static size_t
node_bytes(size_t content)
{
	return (NODE_HEAD_BYTES + content + 1) / 2 * 2;
}

static bool
end_leaf(struct walk *walk, struct tree *tree)
{
	return tree->leaf == NULL || gap_is(walk, tree->leaf, tree->leaf_entries, tree->leaf_upper, tree->leaf_bytes);
}

static bool
begin_leaf(struct walk *walk, struct tree *tree, const uint8_t *leaf)
{
	if (!end_leaf(walk, tree))
		return false;
	tree->leaf = leaf;
	tree->leaves++;
	tree->leaf_entries = tree->leaf_bytes = 0;
	tree->leaf_upper = walk->page_bytes;
	return page_is(walk, leaf, PAGE_LEAF) && see_pages(walk, get_u64(leaf), 1);
}

static bool
see_entry(struct walk *walk, struct tree *tree, const MDB_val *key, const MDB_val *value)
{
	const uint8_t *leaf = page_of(walk, key->mv_data), *large = page_of(walk, value->mv_data);
	size_t node = (size_t)((const uint8_t *)key->mv_data - leaf) - NODE_HEAD_BYTES;
	if (leaf != tree->leaf && !begin_leaf(walk, tree, leaf))
		return false;
	tree->entries++;
	tree->leaf_entries++;
	if (node < tree->leaf_upper)
		tree->leaf_upper = node;
	tree->leaf_bytes += node_bytes(key->mv_size + (large == leaf ? value->mv_size : sizeof(uint64_t)));
	if (large == leaf)
		return true;
	size_t count = (PAGE_HEAD_BYTES + value->mv_size + walk->page_bytes - 1) / walk->page_bytes;
	tree->overflow += count;
	if (!page_is(walk, large, PAGE_LARGE))
		return false;
	if (get_u32(large + PAGE_COUNT_OFF) != count)
		return damage(walk, "a page is not what it should be");
	return see_pages(walk, get_u64(large), count);
}

static bool
branch_is_whole(struct walk *walk, const uint8_t *page)
{
	unsigned lower = get_u16(page + PAGE_LOWER_OFF);
	size_t entries = 0, upper = walk->page_bytes, bytes = 0;
	if (!page_is(walk, page, PAGE_BRANCH))
		return false;
	for (size_t at = PAGE_HEAD_BYTES; at < lower && at < walk->page_bytes; at += 2, entries++) {
		size_t node = get_u16(page + at);
		upper = node < upper ? node : upper;
		if (node + NODE_HEAD_BYTES <= walk->page_bytes)
			bytes += node_bytes(get_u16(page + node + NODE_KEY_OFF));
	}
	return gap_is(walk, page, entries, upper, bytes);
}

/* What no entry lies on and what is not free can only be a branch page. */
static bool
branches_are_whole(struct walk *walk)
{
	if (walk->accounted != walk->pages)
		return true; /* or one that LMDB has lost */
	for (size_t number = 2; number < walk->pages; number++)
		if ((walk->seen[number / 8] >> number % 8 & 1) == 0 &&
		    !branch_is_whole(walk, walk->map + number * walk->page_bytes))
			return false;
	return true;
}

static bool
tree_is_what_it_says(struct walk *walk, MDB_dbi dbi, const struct tree *tree)
{
	MDB_stat says;
	int rc = mdb_stat(walk->txn, dbi, &says);
	if (rc != 0)
		return failed(walk, rc);
	walk->accounted += says.ms_branch_pages + says.ms_leaf_pages + says.ms_overflow_pages;
	if (says.ms_entries != tree->entries || says.ms_leaf_pages != tree->leaves || says.ms_overflow_pages != tree->overflow)
		return damage(walk, "a tree does not hold what it says");
	if (says.ms_depth > says.ms_branch_pages + 1 || (tree->leaves > 0 && says.ms_branch_pages >= tree->leaves) ||
	    (tree->leaves <= 1 && says.ms_depth != tree->leaves))
		return damage(walk, "a tree has another depth than it says");
	return true;
}

static bool
visit_free(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	const uint8_t *numbers = value->mv_data;
	if (key->mv_size != 8 || value->mv_size < 8 || value->mv_size % 8 != 0)
		return damage(walk, "the list of free pages has another form");
	uint64_t count = get_u64(numbers), before = UINT64_MAX;
	if (get_u64(key->mv_data) > mdb_txn_id(walk->txn) || count > value->mv_size / 8 - 1)
		return damage(walk, "the list of free pages names what is not there");
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t page = get_u64(numbers + 8 * i);
		if (page >= before)
			return damage(walk, "the list of free pages is not in order");
		before = page;
		if (!see_pages(walk, page, 1))
			return false;
	}
	walk->accounted += count;
	return true;
}

static bool
visit_value(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	struct log_check *check = &walk->told->check;
	struct slice bytes = {value->mv_data, (uint32_t)value->mv_size};
	uint64_t first = lsn_of_key(key);
	if (walk->next == 0)
		check->first = walk->next = first; /* the oldest is what it is; visit_all() compares it with the state */
	check->damaged = walk->next;
	if (key->mv_size != 8 || first != walk->next)
		return damage(walk, "records are missing");
	const char *fault = value->mv_size > UINT32_MAX ? "it is too large" : value_fault(bytes, first);
	if (fault != NULL)
		return damage(walk, fault);
	walk->next = first + value_count(bytes);
	check->last = walk->next - 1;
	check->values++;
	check->bytes += value->mv_size;
	check->damaged = 0;
	return true;
}

static bool
visit_nothing(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	(void)walk, (void)key, (void)value;
	return true;
}

static bool
visit_meta(struct walk *walk, const MDB_val *key, const MDB_val *value)
{
	const char *fault = meta_fault(key, value);
	return fault == NULL || damage(walk, fault);
}

typedef bool visit_entry(struct walk *walk, const MDB_val *key, const MDB_val *value);

/* Is it found by its key as well? The way there leads over branches, which a walk does not look at. */
static bool
is_found(struct walk *walk, MDB_cursor *finder, const MDB_val *key, const MDB_val *value)
{
	MDB_val wanted = *key, found;
	int rc = mdb_cursor_renew(walk->txn, finder); /* one that stands somewhere looks around itself first */
	if (rc != 0)
		return failed(walk, rc);
	if (mdb_cursor_get(finder, &wanted, &found, MDB_SET) == 0 && found.mv_data == value->mv_data)
		return true;
	return damage(walk, "a tree is not in order");
}

/* All entries of a tree in their order; keys must ascend, which also ends a walk in a circle. */
static bool
visit_tree(struct walk *walk, MDB_dbi dbi, visit_entry *visit)
{
	struct tree tree = {0};
	MDB_cursor *cursor, *finder;
	MDB_val key, value, before = {0};
	int rc = mdb_cursor_open(walk->txn, dbi, &cursor);
	if (rc == 0)
		rc = mdb_cursor_open(walk->txn, dbi, &finder);
	if (rc != 0)
		return failed(walk, rc);
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		if (before.mv_data != NULL && mdb_cmp(walk->txn, dbi, &before, &key) >= 0)
			return damage(walk, "a tree is not in order");
		before = key;
		if (!see_entry(walk, &tree, &key, &value) || !is_found(walk, finder, &key, &value) || !visit(walk, &key, &value))
			return false;
	}
	if (!end_leaf(walk, &tree))
		return false;
	return rc == MDB_NOTFOUND ? tree_is_what_it_says(walk, dbi, &tree) : failed(walk, rc);
}

/* From the value that holds record `from` on. */
static bool
visit_values_from(struct walk *walk)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(walk->txn, walk->environment.journal, &cursor);
	if (rc != 0)
		return failed(walk, rc);
	rc = lsn_seek(cursor, walk->from, &key, &value);
	if (rc == MDB_NOTFOUND) /* all of it begins later */
		rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
		if (!visit_value(walk, &key, &value))
			return false;
	return rc == MDB_NOTFOUND || failed(walk, rc);
}

/* Of the two meta pages. */
struct metas {
	uint64_t txnid[2];
	unsigned flags[2]; /* of the free list */
};

static bool
read_metas(int fd, struct metas *metas)
{
	for (int m = 0; m < 2; m++) {
		uint8_t bytes[META_TXNID_OFF + 8];
		if (pread(fd, bytes, sizeof(bytes), (off_t)m * sysconf(_SC_PAGESIZE)) != sizeof(bytes))
			return false;
		metas->txnid[m] = get_u64(bytes + META_TXNID_OFF);
		metas->flags[m] = get_u16(bytes + META_FLAGS_OFF);
	}
	return true;
}

/*
 * A transaction writes meta page (its number % 2): damage to the newer one's number would make the older one,
 * without the last commit, look like the newest.
 */
static bool
metas_agree(struct walk *walk, int fd)
{
	struct metas metas;
	const uint64_t *txnid = metas.txnid, newest = mdb_txn_id(walk->txn);
	for (int i = 0; i < META_TRIES; i++) {
		if (!read_metas(fd, &metas))
			return damage(walk, "the file is cut short");
		bool next = txnid[0] + 1 == txnid[1] || txnid[1] + 1 == txnid[0];
		bool moved = txnid[0] > newest && txnid[1] > newest; /* a writer beside us */
		if (next && txnid[0] % 2 == 0 && (moved || txnid[newest % 2] == newest))
			return metas.flags[newest % 2] == MDB_INTEGERKEY || damage(walk, "a database has flags that are not its own");
	}
	return damage(walk, "its two meta pages do not belong together");
}

/* Pages are accounted for only where the snapshot is the newest: LMDB tells how many there are of that alone. */
static bool
prepare_pages(struct walk *walk, int fd)
{
	MDB_stat says;
	MDB_envinfo info;
	struct stat file;
	int rc = mdb_env_stat(walk->environment.env, &says);
	if (rc == 0)
		rc = mdb_env_info(walk->environment.env, &info);
	if (rc != 0)
		return failed(walk, rc);
	if (fstat(fd, &file) < 0)
		return failed(walk, errno);
	walk->page_bytes = says.ms_psize;
	if (walk->page_bytes != (size_t)sysconf(_SC_PAGESIZE))
		return damage(walk, "its pages have not the size of this machine's");
	if (info.me_last_txnid != mdb_txn_id(walk->txn))
		return true;
	walk->pages = info.me_last_pgno + 1;
	if (walk->pages > ((size_t)file.st_size + BEYOND_FILE_MAX) / walk->page_bytes)
		return damage(walk, "the file is cut short");
	walk->seen = mem_zalloc(walk->pages / 8 + 1, 1);
	walk->accounted = 2;
	return true;
}

static bool
databases_are_plain(struct walk *walk, MDB_dbi main)
{
	const MDB_dbi dbi[] = {main, walk->environment.journal, walk->environment.meta};
	for (size_t i = 0; i < sizeof(dbi) / sizeof(*dbi); i++) {
		unsigned flags;
		int rc = mdb_dbi_flags(walk->txn, dbi[i], &flags);
		if (rc != 0)
			return failed(walk, rc);
		if (flags != 0)
			return damage(walk, "a database has flags that are not its own");
	}
	return true;
}

static bool
values_match_state(struct walk *walk)
{
	const struct state *state = &walk->state;
	struct log_check *check = &walk->told->check;
	if (walk->next == 0) { /* no values: all are trimmed, or there never were any */
		check->first = state->last + 1;
		check->last = state->last;
		return state->first == state->last + 1 || damage(walk, "all records are missing");
	}
	check->damaged = walk->next;
	if (check->last != state->last)
		return damage(walk, "the newest records are missing");
	check->damaged = check->first;
	if (check->first > (walk->from > state->first ? walk->from : state->first))
		return damage(walk, "the oldest records are missing");
	check->damaged = 0;
	if (check->first < state->first)
		check->first = state->first;
	return state->first <= state->last + 1 || damage(walk, "its state contradicts itself");
}

static bool
visit_all(struct walk *walk)
{
	MDB_dbi free_list = 0, main;
	int rc = mdb_dbi_open(walk->txn, NULL, 0, &main);
	if (rc != 0)
		return failed(walk, rc);
	if (!databases_are_plain(walk, main))
		return false;
	rc = state_get(&walk->environment, walk->txn, &walk->state);
	if (rc == MDB_NOTFOUND && mdb_txn_id(walk->txn) == 1)
		return true; /* who made it ended before it was a log */
	if (rc != 0)
		return rc == MDB_NOTFOUND || rc == MDB_CORRUPTED ? damage(walk, "its record of state is damaged") : failed(walk, rc);
	walk->told->check.epoch = walk->state.epoch;
	walk->told->check.time_ms = walk->state.time_ms;
	if (!visit_tree(walk, main, visit_nothing) || !visit_tree(walk, walk->environment.meta, visit_meta) ||
	    !visit_tree(walk, free_list, visit_free))
		return false;
	if (walk->from > 0 ? !visit_values_from(walk) : !visit_tree(walk, walk->environment.journal, visit_value))
		return false;
	if (walk->seen != NULL && walk->from == 0) {
		if (walk->accounted > walk->pages) /* fewer: LMDB may lose pages for good */
			return damage(walk, "there are more pages than the file has");
		if (!branches_are_whole(walk))
			return false;
	}
	return values_match_state(walk);
}

static void
on_assert(MDB_env *env, const char *what)
{
	(void)env, (void)what;
	_exit(CHILD_ASSERTED);
}

static void
verify(struct walk *walk)
{
	char path[4096];
	/* Before the environment: closing a file that LMDB has open would end its locks. */
	snprintf(path, sizeof(path), "%s/data.mdb", walk->directory);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		failed(walk, errno);
		return;
	}
	struct metas metas;
	int rc = environment_open(&walk->environment, walk->directory, 0, MDB_RDONLY);
	if (rc == MDB_NOTFOUND && read_metas(fd, &metas) && metas.txnid[0] == 0 && metas.txnid[1] == 0)
		return; /* as in visit_all() */
	if (rc == 0)
		rc = mdb_env_set_assert(walk->environment.env, on_assert);
	if (rc == 0)
		rc = mdb_txn_begin(walk->environment.env, NULL, MDB_RDONLY, &walk->txn);
	if (rc != 0)
		failed(walk, rc);
	else if (prepare_pages(walk, fd) && metas_agree(walk, fd))
		visit_all(walk);
}

/* The process ends here: what is open or allocated ends with it. */
_Noreturn static void
run_child(struct walk *walk)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL};
	static const struct rlimit no_core = {0, 0};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		signal(fatal[i], SIG_DFL); /* its death is an answer, not a fault to be reported */
	verify(walk);
	walk->told->done = true;
	_exit(0);
}

static int
result_of(const struct walk *walk, int status, struct log_check *check, char *why)
{
	const struct verdict_of_child *told = walk->told;
	char at[48] = "";
	*check = told->check;
	if (told->done && told->rc == 0)
		return 0;
	if (told->done && told->rc != -EBADMSG) {
		snprintf(why, LOG_WHY_BYTES, "the log in %s cannot be read: %s", walk->directory, told->why);
		return told->rc;
	}
	if (check->damaged != 0)
		snprintf(at, sizeof(at), " at record %" PRIu64, check->damaged);
	if (told->done)
		snprintf(why, LOG_WHY_BYTES, "the log in %s is damaged%s: %s; " RESTORE, walk->directory, at, told->why);
	else
		snprintf(why, LOG_WHY_BYTES, "the log in %s is damaged%s: reading it ended the reader (%s); " RESTORE,
		         walk->directory, at, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "LMDB found a broken page");
	return -EBADMSG;
}

int
log_verify(const char *directory, uint64_t from, struct log_check *check, char why[LOG_WHY_BYTES])
{
	int status = 0;
	struct walk walk = {.directory = directory, .from = from};
	walk.told = mmap(NULL, sizeof(*walk.told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (walk.told == MAP_FAILED) {
		snprintf(why, LOG_WHY_BYTES, "no memory to check the log in %s", directory);
		return -errno;
	}
	pid_t child = fork();
	if (child == 0)
		run_child(&walk);
	int rc = child < 0 ? -errno : 0;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == 0)
		rc = result_of(&walk, status, check, why);
	else
		snprintf(why, LOG_WHY_BYTES, "no process to check the log in %s: %s", directory, strerror(-rc));
	munmap(walk.told, sizeof(*walk.told));
	return rc;
}
