/*
 * rowset.h - the rows that a client holds, newest version of each topic, in topic order.
 *
 * Rows are kept packed and decoded when shown. A tombstone is kept, too, so that
 * an older copy of its row that arrives late does not bring it back. Pure.
 */
#ifndef LAJU_ROWSET_H
#define LAJU_ROWSET_H
#include "common/buf.h"
#include "schemas/row.h"

enum { ROWSET_ROWS_MAX = 1000000 }; /* further topics are not taken and counted */

struct rowset_entry {
	struct buf topic, row;
	uint64_t epoch, seq, channel_seq;
	bool gone;
};
struct rowset {
	struct rowset_entry *entry;
	uint32_t count, cap;
	uint64_t refused; /* rows beyond ROWSET_ROWS_MAX */
	uint64_t broken;  /* could not be decoded */
};
enum rowset_put { ROWSET_NEW = 0, ROWSET_OLD /* not newer than the one held */, ROWSET_REFUSED };

void rowset_fini(struct rowset *set);
enum rowset_put rowset_put(struct rowset *set, struct slice topic, struct slice row);
/* Drops rows of earlier epochs than this: after a server's restart and a full snapshot. */
void rowset_drop_before(struct rowset *set, uint64_t epoch);
/* NULL: none, or gone. */
const struct rowset_entry *rowset_find(const struct rowset *set, struct slice topic);

/* A row's topic in parts; they point into topic. key stays percent-encoded. */
struct row_name {
	struct slice window, rollup, key;
};
/* kpi/<window>/<rollup>/<key>, history windows (d@2026-11-22) included. */
bool row_name_of(struct slice topic, struct row_name *name);
/* The key for people: decoded, a hashed one from the row. Cleared first. */
void row_key_text(const struct row_name *name, const struct row *row, struct buf *out);

/*
 * What people type (WINDOW/ROLLUP/KEY, short forms, unencoded texts) as a pattern
 * over topics, and the longest prefix without wildcards. Both cleared first.
 * False with the window's nearest name (or NULL) in *near: no such window.
 */
bool pattern_of(const char *typed, struct buf *pattern, const char **near);
struct slice pattern_prefix(struct slice pattern);
#endif
