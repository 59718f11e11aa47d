/* board_paint.c - the terminal display as lines of text. */
#include "common/mem.h"
#include "laju/board.h"
#include "laju/table.h"
#include "schemas/topic.h"
#include <stdio.h>
#include <stdlib.h>
#include <stdarg.h>
#include <time.h>

enum { LIST_ROWS_MAX = 200, ALERT_LINES_MAX = 8, FEED_LINES = 1, LIST_LINES = 7, HERO_LINES_MIN = 6 };
enum { DAY_MS = 86400000 };

struct painter {
	const struct board *board;
	const struct board_view *view;
	struct buf *out;
	uint32_t lines;
	struct row *row; /* too large for the stack */
};

static void
style(const struct painter *painter, const char *code)
{
	if (painter->view->colour)
		buf_printf(painter->out, "\033[%sm", code);
}

/* One line, cut to the terminal. left: pushed to the right edge when there is room. */
static void
line(struct painter *painter, struct slice left, struct slice right, const char *code)
{
	uint32_t width = painter->view->width ? painter->view->width : 200;
	uint32_t right_width = text_width(right);
	style(painter, code);
	if (right.n == 0 || right_width + 2 >= width) {
		text_fit(painter->out, left, width, false);
	} else {
		text_fit(painter->out, left, width - right_width - 1, painter->view->width != 0);
		buf_add(painter->out, " ", 1);
		text_fit(painter->out, right, right_width, false);
	}
	style(painter, "0");
	buf_add(painter->out, "\n", 1);
	painter->lines++;
}

static void
text_line(struct painter *painter, const char *code, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line(painter, slice_of(text), (struct slice){0}, code);
}

static void
local_time(int64_t ms, const char *format, char out[64])
{
	struct tm tm;
	time_t at = (time_t)(ms / 1000);
	localtime_r(&at, &tm);
	strftime(out, 64, format, &tm);
}

/* Live, or for how long not: old numbers are never shown as current. */
static bool
is_lost(const struct painter *painter)
{
	const struct board *board = painter->board;
	return board->heard_ms == 0 || painter->view->now_ms - board->heard_ms > BOARD_LOST_MS;
}

/* Before hello nobody knows what a number means, or in which zone it is noon. */
static void
waiting(struct painter *painter)
{
	const char *keys = painter->view->keys;
	char left[64];
	snprintf(left, sizeof(left), "laju%s%s", keys ? "  " : "", keys ? keys : "");
	line(painter, slice_of(left), slice_of("waiting for the server"), "7");
}

/* What is wrong with the service itself, by the last heartbeat; `laju status` says what to do. False: nothing. */
static bool
alarms_add(const struct painter *painter, struct buf *text)
{
	struct heartbeat_head head;
	struct slice name;
	if (painter->board->beat.len == 0 || heartbeat_decode(&head, buf_slice(&painter->board->beat)) != 0)
		return false;
	uint32_t left = head.alarms.n ? row_walk_begin(&head.alarms) : 0;
	bool any = left > 0;
	if (any)
		buf_printf(text, "  ALARM");
	while (row_names_next(&head.alarms, &left, &name)) {
		buf_printf(text, " ");
		text_clean(text, name);
	}
	return any;
}

static void
header(struct painter *painter)
{
	const struct board *board = painter->board;
	struct buf left = {0};
	char right[128], when[64], age[NUMBER_TEXT_MAX];
	bool lost = is_lost(painter);
	local_time(painter->view->wall_ms, "%a %d %b %H:%M:%S %Z", when);
	buf_printf(&left, "laju  %s", when);
	bool alarmed = alarms_add(painter, &left);
	buf_printf(&left, "%s%s", board->hello.demo ? "  DEMO (made-up data)" : "",
	           strcmp(board->hello.durability, "none") == 0 ? "  memory only" : "");
	if (board->heard_ms == 0) {
		snprintf(right, sizeof(right), "waiting for the server");
	} else {
		number_age(painter->view->now_ms - board->heard_ms, age);
		snprintf(right, sizeof(right), "%s %s", lost ? "LOST" : "live", age);
	}
	line(painter, buf_slice(&left), slice_of(right), lost || alarmed ? "7" : "1");
	buf_fini(&left);
}

static const struct row_value *
value_of(const struct row_part *part, struct slice name)
{
	for (uint32_t k = 0; k < part->kpis; k++)
		if (slice_equal(part->kpi[k].name, name))
			return &part->kpi[k];
	return NULL;
}

static bool
decode(struct painter *painter, const struct rowset_entry *entry)
{
	return entry != NULL && !entry->gone && row_decode(painter->row, buf_slice(&entry->row)) == 0;
}

/* name of the row: window and key, in words. */
static void
row_title(struct slice topic, const struct row *row, struct buf *out)
{
	static const char *const words[][2] = {{"r1d", "last 24 hours"}, {"r7d", "last 7 days"}, {"r30d", "last 30 days"},
	                                       {"d", "today"},           {"w", "this week"},     {"m", "this month"}};
	struct row_name name;
	struct buf key = {0};
	if (!row_name_of(topic, &name))
		return;
	row_key_text(&name, row, &key);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		if (slice_is(name.window, words[w][0]))
			buf_printf(out, "%s", words[w][1]);
	if (!slice_is(name.rollup, "all"))
		buf_printf(out, "  %.*s %.*s", (int)name.rollup.n, (const char *)name.rollup.p, (int)key.len, (const char *)key.data);
	buf_fini(&key);
}

/* Lines of the alerts and feeds, which are shown whatever else has to give way. */
static uint32_t
lines_below(const struct board *board)
{
	return 2 + (board->alerts < ALERT_LINES_MAX ? board->alerts : ALERT_LINES_MAX + 1) + FEED_LINES;
}

/* rows: lines for the table with its header. */
static void
hero(struct painter *painter, uint32_t rows)
{
	const struct board *board = painter->board;
	const struct rowset_entry *entry = rowset_find(&board->rows, buf_slice(&board->hero));
	struct buf title = {0}, table_text = {0};
	if (!decode(painter, entry)) {
		text_line(painter, "2", "waiting for the first event ...");
		return;
	}
	row_title(buf_slice(&board->hero), painter->row, &title);
	struct text_table *table = text_table_new();
	const struct row_part *now = &painter->row->part[PART_CUR];
	const struct row_part *base = &painter->row->part[painter->row->has_ptd ? PART_PTD : PART_PREV];
	buf_add(&title, "", 1);
	text_table_column(table, (const char *)title.data, false);
	text_table_column(table, "now", true);
	text_table_column(table, painter->row->has_ptd ? "before, by now" : "before", true);
	text_table_column(table, "change", true);
	for (uint32_t k = 0; k < now->kpis; k++) {
		const struct client_kpi *kpi = client_hello_kpi(&board->hello, now->kpi[k].name);
		struct number_style look = client_style(&board->hello, now->kpi[k].name, true);
		const struct row_value *was = value_of(base, now->kpi[k].name);
		const struct row_value none = {.kind = 2};
		char text[NUMBER_TEXT_MAX];
		text_table_cell(table, kpi != NULL && kpi->label[0] != '\0' ? slice_of(kpi->label) : now->kpi[k].name);
		number_value(&now->kpi[k], &look, text);
		text_table_cell_text(table, text);
		number_value(was != NULL ? was : &none, &look, text);
		text_table_cell_text(table, text);
		number_change(&now->kpi[k], was != NULL ? was : &none, text);
		text_table_cell_text(table, text);
	}
	text_table_text(table, painter->view->width, rows - 1, &table_text);
	text_table_free(table);
	buf_add(painter->out, table_text.data, table_text.len);
	for (size_t i = 0; i < table_text.len; i++)
		painter->lines += table_text.data[i] == '\n';
	buf_fini(&table_text);
	buf_fini(&title);
}

static void
list_row(struct painter *painter, struct text_table *table, struct slice topic, bool *first)
{
	const struct board *board = painter->board;
	const struct row_part *now = &painter->row->part[PART_CUR];
	struct row_name name;
	struct buf key = {0};
	if (!row_name_of(topic, &name))
		return;
	if (*first) {
		char head[96];
		snprintf(head, sizeof(head), "%.*s", (int)(name.rollup.n < 90 ? name.rollup.n : 90), (const char *)name.rollup.p);
		text_table_column(table, head, false);
		for (uint32_t k = 0; k < now->kpis; k++) {
			snprintf(head, sizeof(head), "%.*s", (int)(now->kpi[k].name.n < 90 ? now->kpi[k].name.n : 90),
			         (const char *)now->kpi[k].name.p);
			text_table_column(table, head, true);
		}
		*first = false;
	}
	row_key_text(&name, painter->row, &key);
	text_table_cell(table, buf_slice(&key));
	buf_fini(&key);
	for (uint32_t k = 0; k < now->kpis; k++) {
		struct number_style look = client_style(&board->hello, now->kpi[k].name, true);
		char text[NUMBER_TEXT_MAX];
		number_value(&now->kpi[k], &look, text);
		text_table_cell_text(table, text);
	}
}

/* rows: lines left for the list with its header. */
static void
list(struct painter *painter, uint32_t rows)
{
	const struct board *board = painter->board;
	struct text_table *table = text_table_new();
	struct buf text = {0};
	bool first = true;
	uint32_t shown = 0;
	for (uint32_t i = 0; i < board->rows.count && shown < LIST_ROWS_MAX; i++) {
		const struct rowset_entry *entry = &board->rows.entry[i];
		if (slice_equal(buf_slice(&entry->topic), buf_slice(&board->hero)) ||
		    !glob_match(buf_slice(&board->list), buf_slice(&entry->topic)) || !decode(painter, entry))
			continue;
		list_row(painter, table, buf_slice(&entry->topic), &first);
		shown++;
	}
	if (shown > 0 && rows > 3) {
		text_line(painter, "0", "%s", "");
		uint32_t dropped = text_table_text(table, painter->view->width, rows - 3, &text);
		buf_add(painter->out, text.data, text.len);
		for (size_t i = 0; i < text.len; i++)
			painter->lines += text.data[i] == '\n';
		if (dropped > 0)
			text_line(painter, "2", "%u more KPIs have no room at this width", dropped);
	}
	text_table_free(table);
	buf_fini(&text);
}

/* What the numbers were when the present state began: those of now stand in the rows above. */
static void
alert_add(const struct painter *painter, const struct alert_row *alert, struct buf *text)
{
	struct number_style look = client_style(&painter->board->hello, alert->kpi, true);
	bool firing = slice_is(alert->to, "firing"), over = slice_is(alert->to, "clearing");
	char since[64], value[NUMBER_TEXT_MAX], limit[NUMBER_TEXT_MAX];
	struct buf name = {0};
	local_time(alert->since_ms, alert->since_ms > painter->view->wall_ms - DAY_MS ? "%H:%M" : "%d %b %H:%M", since);
	buf_printf(text, "%-8.*s ", (int)alert->to.n, (const char *)alert->to.p);
	if (firing) /* meaning is in the word, too */
		for (uint32_t c = 0; c < alert->to.n; c++)
			text->data[c] = (uint8_t)(text->data[c] - 'a' + 'A');
	buf_printf(&name, "%.*s %.*s/%.*s/%.*s", (int)alert->kpi.n, (const char *)alert->kpi.p, (int)alert->window.n,
	           (const char *)alert->window.p, (int)alert->rollup.n, (const char *)alert->rollup.p, (int)alert->key.n,
	           (const char *)alert->key.p);
	buf_printf(text, "since %s: ", since);
	text_clean(text, buf_slice(&name));
	buf_fini(&name);
	if (number_value(&alert->value, &look, value)) {
		buf_printf(text, " was %s, ", value);
	} else {
		buf_printf(text, " had no value (");
		text_clean(text, alert->value.reason);
		buf_printf(text, "), ");
	}
	number_value(&alert->limit, &look, limit);
	buf_printf(text, "%s%.*s %s (%.*s)", over ? "no longer " : "", (int)alert->op.n, (const char *)alert->op.p, limit,
	           (int)alert->severity.n, (const char *)alert->severity.p);
}

static void
alerts(struct painter *painter)
{
	const struct board *board = painter->board;
	text_line(painter, "0", "%s", "");
	if (board->alerts == 0) {
		text_line(painter, "2", "ALERTS  none");
		return;
	}
	text_line(painter, "1", "ALERTS");
	for (uint32_t i = 0; i < board->alerts && i < ALERT_LINES_MAX; i++) {
		struct alert_row alert;
		struct buf text = {0};
		if (alert_decode(&alert, buf_slice(&board->alert[i].row)) != 0)
			continue;
		alert_add(painter, &alert, &text);
		line(painter, buf_slice(&text), (struct slice){0}, slice_is(alert.to, "firing") ? "1" : "0");
		buf_fini(&text);
	}
	if (board->alerts > ALERT_LINES_MAX)
		text_line(painter, "0", "... and %u more", board->alerts - ALERT_LINES_MAX);
}

static bool
is_stale(struct slice stale, struct slice name)
{
	struct slice one;
	uint32_t left = stale.n ? row_walk_begin(&stale) : 0;
	while (row_names_next(&stale, &left, &one))
		if (slice_equal(one, name))
			return true;
	return false;
}

static void
feeds(struct painter *painter)
{
	struct heartbeat_head head;
	struct buf text = {0};
	struct slice name;
	int64_t age;
	if (painter->board->beat.len == 0 || heartbeat_decode(&head, buf_slice(&painter->board->beat)) != 0)
		return;
	uint32_t left = head.feeds.n ? row_walk_begin(&head.feeds) : 0;
	buf_printf(&text, "FEEDS");
	if (left == 0)
		buf_printf(&text, "  none yet");
	while (row_map_next(&head.feeds, &left, &name, &age)) {
		char words[NUMBER_TEXT_MAX];
		number_age(age, words);
		buf_printf(&text, "  ");
		text_clean(&text, name);
		if (age < 0)
			buf_printf(&text, " never");
		else
			buf_printf(&text, " %s", words);
		if (is_stale(head.stale, name))
			buf_printf(&text, " STALE");
	}
	line(painter, buf_slice(&text), painter->view->keys != NULL ? slice_of(painter->view->keys) : (struct slice){0}, "0");
	buf_fini(&text);
}

void
board_paint(const struct board *board, const struct board_view *view, struct buf *out)
{
	struct painter painter = {.board = board, .view = view, .out = out};
	if (!board_knows_units(board)) {
		waiting(&painter);
		return;
	}
	painter.row = mem_zalloc(1, sizeof(*painter.row));
	header(&painter);
	if (is_lost(&painter) && board->heard_ms != 0)
		style(&painter, "2"); /* old numbers are dimmed; the header says LOST */
	/* From the top: the first KPIs, some rows of the list, and always the alerts. */
	uint32_t below = lines_below(board), height = view->height ? view->height : UINT32_MAX;
	uint32_t for_list = board->list.len > 0 ? LIST_LINES : 0;
	uint32_t for_hero = height > 1 + below + for_list + HERO_LINES_MIN ? height - 1 - below - for_list : HERO_LINES_MIN;
	hero(&painter, for_hero);
	if (board->list.len > 0)
		list(&painter, height > painter.lines + below ? height - painter.lines - below : 0);
	style(&painter, "0");
	alerts(&painter);
	feeds(&painter);
	free(painter.row);
}
