/*
 * table.h - the row table: the latest numbers of every series, with versions.
 *
 * A series is one record: its key as it stands in topics, and for each window
 * that ever had a number the packed blob (aggregator/update.h) with its seq and
 * channel seq. A window whose numbers were all zero from the start has no row;
 * one that became all zero keeps its row. A freed series stays as a tombstone
 * for PUBLISHER_TOMBSTONE_MS of log time. Series of a rollup are kept in the byte
 * order of their keys, so that a prefix finds its rows without a scan.
 *
 * A key has the same form in the topics of all six windows: it is hashed when the
 * topic would be too long in the window with the longest name. One thread owns it.
 */
#ifndef PUBLISHER_TABLE_H
#define PUBLISHER_TABLE_H
#include "aggregator/kernel.h"
#include "aggregator/update.h"
#include "publisher/order.h"

enum { TABLE_TOMBSTONES_MAX = 200000 /* the oldest is forgotten early; who asks `since` before it gets a full set */ };

/* The counters that give out versions. One for all rows (alerts and dead letters too), one per channel. */
struct versions {
	uint64_t epoch, seq;
	uint64_t channel[ROLLUPS_MAX][WINDOW_COUNT];
};

/* A series' rows. Slices are valid until the next put, drop or forget. */
struct row_table_view {
	uint8_t rollup;
	uint8_t mask;          /* bit w: window w has a row */
	bool gone;             /* tombstone: blobs are empty */
	struct slice key;      /* as in the topic */
	struct slice full_key; /* n > 0: the key is hashed, this is the whole one */
	uint64_t seq[WINDOW_COUNT], channel_seq[WINDOW_COUNT]; /* of windows in mask */
	struct slice blob[WINDOW_COUNT];
};

struct row_table;
/* rollup names: in config, which outlives the table. */
struct row_table *row_table_new(const struct kernel_config *config);
void row_table_free(struct row_table *table); /* accepts NULL */

/* Starts fetching what a put of this series will touch: misses overlap. */
void row_table_prefetch(const struct row_table *table, uint32_t series);
/* Takes a live series in. Returns the windows whose numbers changed, each with its next version; view is then filled. */
uint8_t row_table_put(struct row_table *table, const struct update_entry *entry, struct versions *versions,
                  struct row_table_view *view);
/* The aggregator freed a series: all its rows change to tombstones. now_ms: log time. Unknown series: 0. */
uint8_t row_table_drop(struct row_table *table, uint32_t series, int64_t now_ms, struct versions *versions,
                   struct row_table_view *view);
/* Forgets tombstones that are old enough, or beyond TABLE_TOMBSTONES_MAX. */
void row_table_forget(struct row_table *table, int64_t now_ms);
/* The highest seq of a forgotten tombstone: who knows less than this may hold rows that are gone. */
uint64_t row_table_forgotten_seq(const struct row_table *table);

/* False: no such series or tombstone. */
bool row_table_find(const struct row_table *table, uint32_t rollup, struct slice key, struct row_table_view *view);

/* A walk over one rollup's series (tombstones included) in key order. */
struct row_table_cursor {
	const struct row_table *table;
	uint64_t generation;
	struct order_cursor order;
};
void row_table_seek(struct row_table_cursor *cursor, const struct row_table *table, uint32_t rollup, struct slice from);
/* False at the end. Only while row_table_cursor_valid(). */
bool row_table_next(struct row_table_cursor *cursor, struct row_table_view *view);
/* False once a series was added or removed since the seek. */
bool row_table_cursor_valid(const struct row_table_cursor *cursor, const struct row_table *table, uint32_t rollup);

struct row_table_counters {
	uint64_t series, rows, tombstones; /* live series and rows; series that are tombstones */
	uint64_t bytes;
	uint64_t collided; /* puts of a series whose topic belongs to another key: it has no rows */
};
void row_table_count(const struct row_table *table, struct row_table_counters *out);
#endif
