/*
 * row_writer.h - from packed numbers to a row on the wire: measures, KPIs, bounds.
 *
 * Every row names all measures and all KPIs of the deployment, so that a reader
 * may index them without asking. One thread owns it.
 */
#ifndef PUBLISHER_ROW_WRITER_H
#define PUBLISHER_ROW_WRITER_H
#include "publisher/publisher.h"
#include "publisher/table.h"

struct row_writer;
struct row_writer *row_writer_new(const struct publisher_config *config); /* config and what it names outlive it */
void row_writer_free(struct row_writer *writer); /* accepts NULL */

/* kpi/<window>/<rollup>/<key>; cleared first. */
void row_writer_topic(const struct row_writer *writer, const struct row_table_view *view, enum window window,
                      struct buf *out);
/* The row of a window in view->mask; cleared first. A tombstone has no measures and no KPIs. */
void row_writer_row(struct row_writer *writer, const struct row_table_view *view, enum window window,
                    const struct window_bounds *bounds, int64_t at_ms, struct buf *out);
#endif
