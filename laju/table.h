/*
 * table.h - rows of cells as aligned text or CSV, and texts as JSON.
 *
 * Widths are counted by wcwidth() (a UTF-8 LC_CTYPE must be set). Control bytes and
 * broken UTF-8 never reach a terminal: names come from outside. Pure but for the locale.
 */
#ifndef LAJU_TABLE_H
#define LAJU_TABLE_H
#include "common/buf.h"

struct text_table;
struct text_table *text_table_new(void);
void text_table_free(struct text_table *table); /* accepts NULL */
/* Before the first cell. right: align right (numbers). */
void text_table_column(struct text_table *table, const char *name, bool right);
/* The next cell, left to right, row by row. The text is copied. */
void text_table_cell(struct text_table *table, struct slice text);
void text_table_cell_text(struct text_table *table, const char *text);
uint32_t text_table_rows(const struct text_table *table);
/*
 * Header and rows, two blanks between columns, no blanks at the end of a line. width:
 * columns are dropped from the right until the rest fits, and a line is cut where even
 * the first does not; 0: no limit. rows: at most so many.
 */
void text_table_text(const struct text_table *table, uint32_t width, uint32_t rows, struct buf *out);
/* RFC 4180, but lines end with a line feed alone. */
void text_table_csv(const struct text_table *table, struct buf *out);

/* Columns on a terminal. */
uint32_t text_width(struct slice text);
/* Appends text with control bytes as ? and broken UTF-8 as U+FFFD. */
void text_clean(struct buf *out, struct slice text);
/* Appends at most width columns, the last one an ellipsis when something was cut; padded with blanks if pad. */
void text_fit(struct buf *out, struct slice text, uint32_t width, bool pad);
/* Appends a JSON string with its quotes; broken UTF-8 becomes U+FFFD. */
void text_json(struct buf *out, struct slice text);
#endif
