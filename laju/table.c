/* table.c - rows of cells as aligned text or CSV, and texts as JSON. */
#include "laju/table.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <wchar.h>

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
	buf_add(&table->bytes, text.p, text.n);
	assert(table->bytes.len <= UINT32_MAX);
	table->end[table->cells++] = (uint32_t)table->bytes.len;
	struct column *column = &table->column[(table->cells - 1) % table->columns];
	uint32_t width = text_width(text);
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

void
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
}

static void
csv_cell(struct buf *out, struct slice text)
{
	bool quote = false;
	for (uint32_t i = 0; i < text.n; i++)
		quote |= text.p[i] == '"' || text.p[i] == ',' || text.p[i] == '\n' || text.p[i] == '\r';
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

/* --- text --- */

/* One character: its bytes and its columns; a control, broken or unprintable one has 0 columns and stands for itself. */
struct glyph {
	uint32_t bytes;
	int width; /* -1: not to be printed */
	bool broken;
};

static struct glyph
glyph_at(const uint8_t *p, uint32_t left)
{
	wchar_t wide;
	mbstate_t state = {0};
	if (p[0] < 0x80)
		return (struct glyph){1, p[0] < 0x20 || p[0] == 0x7f ? -1 : 1, false};
	size_t n = mbrtowc(&wide, (const char *)p, left < 8 ? left : 8, &state);
	if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
		return (struct glyph){1, -1, true};
	int width = wcwidth(wide);
	/* Bidirectional overrides would turn the rest of the line around. */
	bool turns = (wide >= 0x202a && wide <= 0x202e) || (wide >= 0x2066 && wide <= 0x2069);
	return (struct glyph){(uint32_t)n, turns ? -1 : width, false};
}

uint32_t
text_width(struct slice text)
{
	uint32_t width = 0;
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text.p + i, text.n - i);
		width += glyph.width < 0 ? 1 : (uint32_t)glyph.width;
		i += glyph.bytes;
	}
	return width;
}

static void
add_glyph(struct buf *out, const uint8_t *p, struct glyph glyph)
{
	if (glyph.broken)
		buf_add(out, "\xef\xbf\xbd", 3);
	else if (glyph.width < 0)
		buf_add(out, "?", 1);
	else
		buf_add(out, p, glyph.bytes);
}

void
text_clean(struct buf *out, struct slice text)
{
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text.p + i, text.n - i);
		add_glyph(out, text.p + i, glyph);
		i += glyph.bytes;
	}
}

void
text_fit(struct buf *out, struct slice text, uint32_t width, bool pad)
{
	bool cut = text_width(text) > width;
	uint32_t room = cut && width > 0 ? width - 1 : width, used = 0;
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text.p + i, text.n - i);
		uint32_t columns = glyph.width < 0 ? 1 : (uint32_t)glyph.width;
		if (used + columns > room)
			break;
		add_glyph(out, text.p + i, glyph);
		used += columns;
		i += glyph.bytes;
	}
	if (cut && width > 0) {
		buf_add(out, "\xe2\x80\xa6", 3);
		used++;
	}
	if (pad)
		blanks(out, used < width ? width - used : 0);
}

void
text_json(struct buf *out, struct slice text)
{
	buf_add(out, "\"", 1);
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text.p + i, text.n - i);
		uint8_t c = text.p[i];
		if (glyph.broken)
			buf_add(out, "\xef\xbf\xbd", 3);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_add(out, text.p + i, glyph.bytes);
		i += glyph.bytes;
	}
	buf_add(out, "\"", 1);
}
