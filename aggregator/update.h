/*
 * update.h - what the aggregator hands to the publisher: changed series, packed.
 *
 * One update is complete for each series in it: all measures, all windows. It
 * is bytes, so that it can cross a thread and stand as it is in the row table:
 * comparing two window blobs by memcmp tells whether numbers changed.
 *
 * A window blob is a list of entries in ascending measure order, only of measures
 * with a non-zero total in some part: u8 measure, then cur, prev (and for calendar
 * windows ptd) as zigzag LEB128 varints.
 */
#ifndef AGGREGATOR_UPDATE_H
#define AGGREGATOR_UPDATE_H
#include "aggregator/kernel.h"
#include "common/buf.h"
#include "schemas/window.h"

/* Header of an update. */
struct update_head {
	uint64_t lsn;    /* up to here all is told with this update; not above the last update's: its round goes on */
	int64_t now_ms;  /* log time */
	struct window_bounds bounds[WINDOW_COUNT];
	uint32_t entries;
};

/* One changed series. */
struct update_entry {
	uint32_t series;    /* the aggregator's id */
	uint8_t rollup;
	uint8_t live;       /* 0: freed; no blobs, the id may come again with another key */
	uint8_t key_count;
	struct slice key[EVENT_DIMS];
	struct slice blob[WINDOW_COUNT];
};

/* Writing (aggregator thread). Begin clears out; end fills in the number of entries. */
void update_begin(struct buf *out, const struct update_head *head);
void update_add(struct buf *out, const struct update_entry *entry);
void update_end(struct buf *out, uint32_t entries);

/* Packs one window's totals of a series; appends to out. */
void update_blob_add(struct buf *out, enum window window, const struct kernel_view *view);

/* Reading (publisher thread). The slices point into bytes. False at the end. */
struct update_reader {
	struct slice rest;
	uint32_t left;
};
void update_open(struct update_reader *reader, struct update_head *head, struct slice bytes);
bool update_next(struct update_reader *reader, struct update_entry *entry);
/* Zeroes and fills totals from a blob. */
void update_blob_totals(struct slice blob, enum window window, int64_t totals[PART_COUNT][MEASURES_MAX]);
#endif
