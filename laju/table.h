/*
 * table.h - rows of cells as aligned text or CSV.
 *
 * Cells are cleaned (text.h) when they are added: names come from outside. Pure but for the locale.
 */
#ifndef LAJU_TABLE_H
#define LAJU_TABLE_H
#include "laju/text.h"

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
 * the first does not; 0: no limit. rows: at most so many. Returns how many columns were dropped.
 */
uint32_t text_table_text(const struct text_table *table, uint32_t width, uint32_t rows, struct buf *out);
/* RFC 4180, but lines end with a line feed alone. */
void text_table_csv(const struct text_table *table, struct buf *out);
#endif
