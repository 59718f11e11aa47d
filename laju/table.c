/* table.c - rows of cells as aligned text or CSV. */
#include "laju/table.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { TABLE_COLUMNS_MAX = 160 };

struct text_table {
	uint32_t columns, cells; /* the first row of cells is the header */
	struct column {
		uint32_t width;
		bool right;
	} column[TABLE_COLUMNS_MAX];
	uint32_t cap;
	struct buf bytes;      /* texts of all cells */
	uint32_t *end;         /* where each cell's text ends in bytes */
};

struct text_table *
text_table_new(void)
{
	return mem_zalloc(1, sizeof(struct text_table));
}

void
text_table_free(struct text_table *table)
{
	if (!table)
		return;
	buf_fini(&table->bytes);
	free(table->end);
	free(table);
}

static struct slice
cell(const struct text_table *table, uint32_t index)
{
	uint32_t start = index ? table->end[index - 1] : 0;
	return (struct slice){table->bytes.data + start, table->end[index] - start};
}

void
text_table_cell(struct text_table *table, struct slice text)
{
	if (table->cells == table->cap) {
		table->cap = table->cap ? table->cap * 2 : 256;
		table->end = mem_realloc(table->end, table->cap * sizeof(*table->end));
	}
	text_clean(&table->bytes, text);
	assert(table->bytes.len <= UINT32_MAX);
	table->end[table->cells++] = (uint32_t)table->bytes.len;
	struct column *column = &table->column[(table->cells - 1) % table->columns];
	uint32_t width = text_width(cell(table, table->cells - 1));
	column->width = width > column->width ? width : column->width;
}

void
text_table_cell_text(struct text_table *table, const char *text)
{
	text_table_cell(table, slice_of(text));
}

void
text_table_column(struct text_table *table, const char *name, bool right)
{
	assert(table->columns < TABLE_COLUMNS_MAX);
	assert(table->cells == table->columns);
	table->column[table->columns++].right = right;
	text_table_cell_text(table, name);
}

uint32_t
text_table_rows(const struct text_table *table)
{
	return table->columns ? table->cells / table->columns - 1 : 0;
}

/* How many columns fit. */
static uint32_t
fitting(const struct text_table *table, uint32_t width)
{
	uint32_t sum = 0, shown = 0;
	if (width == 0)
		return table->columns;
	for (; shown < table->columns; shown++) {
		sum += table->column[shown].width + (shown ? 2 : 0);
		if (sum > width)
			break;
	}
	return shown > 0 ? shown : 1;
}

static void
blanks(struct buf *out, uint32_t n)
{
	while (n-- > 0)
		buf_add(out, " ", 1);
}

uint32_t
text_table_text(const struct text_table *table, uint32_t width, uint32_t rows, struct buf *out)
{
	uint32_t shown = fitting(table, width);
	for (uint32_t row = 0; row <= text_table_rows(table) && row <= rows; row++) {
		for (uint32_t c = 0; c < shown; c++) {
			const struct column *column = &table->column[c];
			struct slice text = cell(table, row * table->columns + c);
			uint32_t room = width && column->width > width ? width : column->width, used = text_width(text);
			uint32_t pad = used < room ? room - used : 0;
			if (column->right)
				blanks(out, pad);
			text_fit(out, text, room, false);
			if (c + 1 < shown)
				blanks(out, (column->right ? 0 : pad) + 2);
		}
		while (out->len > 0 && out->data[out->len - 1] == ' ')
			out->len--;
		buf_add(out, "\n", 1);
	}
	return table->columns - shown;
}

static void
csv_cell(struct buf *out, struct slice text)
{
	bool quote = false;
	for (uint32_t i = 0; i < text.n; i++)
		quote |= text.p[i] == '"' || text.p[i] == ','; /* a cell has no line breaks */
	if (!quote) {
		buf_add(out, text.p, text.n);
		return;
	}
	buf_add(out, "\"", 1);
	for (uint32_t i = 0; i < text.n; i++)
		buf_add(out, text.p[i] == '"' ? "\"\"" : (const char *)&text.p[i], text.p[i] == '"' ? 2 : 1);
	buf_add(out, "\"", 1);
}

void
text_table_csv(const struct text_table *table, struct buf *out)
{
	for (uint32_t i = 0; i < table->cells; i++) {
		csv_cell(out, cell(table, i));
		buf_add(out, (i + 1) % table->columns ? "," : "\n", 1);
	}
}
