/*
 * rows.h - everything the publisher holds, row by row: for re-sends and snapshots.
 *
 * Order: kpi/ by rollup, then key, then window; alert/ by topic; dlq/ by number.
 * A cursor is a place in that order, not a pointer: it stays good while rows come,
 * change and go between two peeks. A row present the whole time is met exactly
 * once, at its version of that moment. One thread owns it.
 */
#ifndef PUBLISHER_ROWS_H
#define PUBLISHER_ROWS_H
#include "publisher/alerts.h"
#include "publisher/dead_letters.h"
#include "publisher/eras.h"
#include "publisher/row_writer.h"
#include "publisher/table.h"

enum {
	ROWS_PREFIX_MAX = 240,
	ROWS_SCAN_MAX = 5000, /* series or alerts passed, over however many peeks, before one pauses: about 2 ms */
};

struct row_query {
	uint8_t prefix[ROWS_PREFIX_MAX];
	uint32_t prefix_bytes;
	bool full;           /* all live rows; else rows and tombstones with seq > since_seq */
	bool without_dead;   /* no dlq/ */
	uint64_t since_seq;
};

struct row_cursor {      /* zeroed: the start */
	uint8_t section;
	uint8_t rollup, window;
	bool after;          /* alert/: the row at key is done with */
	uint8_t key_bytes;
	uint8_t key[ORDER_KEY_MAX];
	uint64_t number;     /* dlq/ */
	uint32_t scanned;    /* passed since the last pause */
};

enum row_peek {
	ROW_FOUND = 0, /* the cursor stands on a row */
	ROW_END,
	ROW_PAUSE,     /* enough for one turn, go on later */
};

struct rows {
	const struct row_table *table;
	const struct alerts *alerts;
	const struct dead_letters *dead;
	struct row_writer *writer;
	const struct kernel_config *kernel;
	const struct eras *eras;
	/* The walk of the last peek, good as long as nothing changed and the same cursor asks. */
	const struct row_cursor *walker;
	bool walk_ended;
	struct row_table_cursor walk;
	struct row_table_view view;
	struct buf topic, row;
};

void rows_fini(struct rows *rows);
/* To be called whenever table, alerts or dead letters changed, or a cursor's memory is used anew. */
void rows_changed(struct rows *rows);
/* topic and row: valid until the next call; both NULL: only find, encode nothing. */
enum row_peek rows_peek(struct rows *rows, const struct row_query *query, struct row_cursor *cursor,
                        struct slice *topic, struct slice *row);
/* Past the row that was found. */
void rows_advance(struct row_cursor *cursor);
#endif
