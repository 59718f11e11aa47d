/* rows_view.c - columns from rows, cells from values. */
#include "laju/rows_view.h"
#include "common/mem.h"
#include "laju/ndjson.h"
#include "laju/row_json.h"
#include "laju/guess.h"
#include <stdio.h>
#include <stdlib.h>

const char *const view_words[VIEW_FORMS] = {"table", "json", "csv"};

static bool
has_column(const struct rows_view *view, struct slice name)
{
	for (uint32_t i = 0; i < view->columns; i++)
		if (slice_is(name, view->column[i]))
			return true;
	return false;
}

static void
add_column(struct rows_view *view, struct slice name)
{
	if (view->columns < VIEW_COLUMNS_MAX && !has_column(view, name))
		snprintf(view->column[view->columns++], sizeof(view->column[0]), "%.*s", (int)name.n, (const char *)name.p);
}

/* A row leaves out measures that are zero, so all rows are asked. */
static void
collect_columns(struct rows_view *view, const struct rowset *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		const struct rowset_entry *entry = &set->entry[i];
		if (entry->gone || row_decode(view->row, buf_slice(&entry->row)) != 0)
			continue;
		const struct row_part *part = &view->row->part[PART_CUR];
		for (uint32_t k = 0; view->measures && k < part->measures; k++)
			add_column(view, part->measure[k].name);
		for (uint32_t k = 0; !view->measures && k < part->kpis; k++)
			add_column(view, part->kpi[k].name);
	}
}

static int
no_such_kpi(const struct rows_view *view, const char *name, const char *const *names, uint32_t count)
{
	const char *near = guess_nearest(name, names, count);
	struct buf list = {0};
	for (uint32_t i = 0; i < count && !near; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
	if (near)
		options_wrong(view->options, "no KPI '%s' in these rows, did you mean '%s'?", name, near);
	else
		options_wrong(view->options, "no KPI '%s' in these rows; there are %.*s", name, (int)list.len,
		              (const char *)list.data);
	buf_fini(&list);
	return STATUS_USAGE;
}

static int
choose_columns(struct rows_view *view, const char *wanted)
{
	if (!wanted)
		return 0;
	char known[VIEW_COLUMNS_MAX][64];
	const char *names[VIEW_COLUMNS_MAX];
	uint32_t count = view->columns;
	memcpy(known, view->column, sizeof(known));
	for (uint32_t i = 0; i < count; i++)
		names[i] = known[i];
	view->columns = 0;
	while (*wanted) {
		char name[64];
		size_t n = strcspn(wanted, ",");
		snprintf(name, sizeof(name), "%.*s", (int)n, wanted);
		wanted += n + (wanted[n] == ',');
		uint32_t i = 0;
		while (i < count && strcmp(names[i], name) != 0)
			i++;
		if (i == count)
			return no_such_kpi(view, name, names, count);
		add_column(view, slice_of(name));
	}
	return 0;
}

/* The KPIs of a part: the columns, in their order. */
static void
keep_columns(const struct rows_view *view, struct row_part *part)
{
	struct row_value kept[ROW_KPIS_MAX];
	uint32_t count = 0;
	for (uint32_t c = 0; c < view->columns; c++)
		for (uint32_t k = 0; k < part->kpis; k++)
			if (slice_is(part->kpi[k].name, view->column[c]))
				kept[count++] = part->kpi[k];
	memcpy(part->kpi, kept, count * sizeof(kept[0]));
	part->kpis = count;
}

/* --- cells --- */

static void
measure_cell(struct text_table *table, const struct row_part *part, const char *name, bool grouped)
{
	char text[NUMBER_TEXT_MAX];
	int64_t value = 0; /* left out of the row: zero */
	for (uint32_t i = 0; i < part->measures; i++)
		if (slice_is(part->measure[i].name, name))
			value = part->measure[i].value;
	number_fraction(value, 1, 0, grouped, text);
	text_table_cell_text(table, text);
}

static void
kpi_cell(const struct rows_view *view, struct text_table *table, const struct row_part *part, const char *name)
{
	bool people = view->form == VIEW_TABLE;
	struct number_style style = client_style(view->hello, slice_of(name), people);
	const struct row_value *value = &(const struct row_value){.kind = 2};
	char text[NUMBER_TEXT_MAX];
	for (uint32_t i = 0; i < part->kpis; i++)
		if (slice_is(part->kpi[i].name, name))
			value = &part->kpi[i];
	if (number_value(value, &style, text))
		text_table_cell_text(table, text);
	else if (people && view->verbose && value->reason.n > 0)
		text_table_cell(table, value->reason);
	else
		text_table_cell_text(table, people ? text : "");
}

static void
number_cell(const struct rows_view *view, struct text_table *table, enum window_part part, uint32_t column)
{
	const struct row_part *numbers = &view->row->part[part];
	if (view->measures)
		measure_cell(table, numbers, view->column[column], view->form == VIEW_TABLE);
	else
		kpi_cell(view, table, numbers, view->column[column]);
}

static void
row_cells(const struct rows_view *view, struct text_table *table, struct slice topic, int64_t at_ms)
{
	struct row_name name;
	struct buf key = {0};
	char time[32];
	if (!row_name_of(topic, &name))
		return;
	row_key_text(&name, view->row, &key);
	if (view->instants) {
		time_format(at_ms, time);
		text_table_cell_text(table, time);
	}
	text_table_cell(table, name.window);
	text_table_cell(table, name.rollup);
	text_table_cell(table, buf_slice(&key));
	buf_fini(&key);
	if (view->verbose) {
		time_format(view->row->part[PART_CUR].bounds.lo, time);
		text_table_cell_text(table, time);
		time_format(view->row->part[PART_CUR].bounds.hi, time);
		text_table_cell_text(table, time);
	}
	for (uint32_t i = 0; i < view->columns; i++) {
		number_cell(view, table, PART_CUR, i);
		if (view->prev)
			number_cell(view, table, PART_PREV, i);
	}
}

static struct text_table *
make_table(const struct rows_view *view)
{
	struct text_table *table = text_table_new();
	char name[80];
	if (view->instants)
		text_table_column(table, "at", false);
	text_table_column(table, "window", false);
	text_table_column(table, "rollup", false);
	text_table_column(table, "key", false);
	if (view->verbose) {
		text_table_column(table, "from", false);
		text_table_column(table, "to", false);
	}
	for (uint32_t i = 0; i < view->columns; i++) {
		text_table_column(table, view->column[i], true);
		snprintf(name, sizeof(name), "%s.prev", view->column[i]);
		if (view->prev)
			text_table_column(table, name, true);
	}
	return table;
}

static uint32_t
show_set(struct rows_view *view, const struct rowset *set, int64_t at_ms, struct text_table *table, struct buf *out,
         uint32_t shown)
{
	for (uint32_t i = 0; i < set->count; i++) {
		const struct rowset_entry *entry = &set->entry[i];
		if (entry->gone || row_decode(view->row, buf_slice(&entry->row)) != 0)
			continue;
		if (view->form == VIEW_JSON) {
			buf_printf(out, shown ? ",\n " : "");
			for (int part = 0; part < PART_COUNT && !view->measures; part++)
				keep_columns(view, &view->row->part[part]);
			row_json(out, buf_slice(&entry->topic), view->row);
		} else {
			row_cells(view, table, buf_slice(&entry->topic), at_ms);
		}
		shown++;
	}
	return shown;
}

int
rows_view_print(struct rows_view *view, const struct rowset *set, const int64_t *at_ms, uint32_t sets,
                const char *kpis, struct buf *out, uint32_t *shown)
{
	uint32_t rows = 0;
	*shown = 0;
	view->row = mem_zalloc(1, sizeof(*view->row));
	view->columns = 0;
	for (uint32_t s = 0; s < sets; s++) {
		collect_columns(view, &set[s]);
		rows += set[s].count;
	}
	int status = rows > 0 ? choose_columns(view, kpis) : 0;
	if (status == 0) {
		struct text_table *table = make_table(view);
		if (view->form == VIEW_JSON)
			buf_printf(out, "[");
		for (uint32_t s = 0; s < sets; s++)
			*shown = show_set(view, &set[s], at_ms != NULL ? at_ms[s] : 0, table, out, *shown);
		if (view->form == VIEW_JSON)
			buf_printf(out, "]\n");
		else if (view->form == VIEW_CSV)
			text_table_csv(table, out);
		else if (*shown > 0)
			view->left_out = text_table_text(table, view->width, UINT32_MAX, out);
		text_table_free(table);
	}
	free(view->row);
	view->row = NULL;
	return status;
}
