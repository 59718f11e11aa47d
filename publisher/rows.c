/* rows.c - walking the table, the alerts and the dead letters under a prefix. */
#include "publisher/rows.h"
#include <assert.h>

enum { SECTION_KPI = 0, SECTION_ALERT, SECTION_DEAD, SECTION_END };

void
rows_fini(struct rows *rows)
{
	buf_fini(&rows->topic);
	buf_fini(&rows->row);
}

void
rows_changed(struct rows *rows)
{
	rows->walker = NULL;
}

static bool
starts_with(struct slice text, struct slice prefix)
{
	return prefix.n <= text.n && (prefix.n == 0 || memcmp(text.p, prefix.p, prefix.n) == 0);
}

/* One of them begins with the other. */
static bool
overlaps(struct slice a, struct slice b)
{
	uint32_t n = a.n < b.n ? a.n : b.n;

	return n == 0 || memcmp(a.p, b.p, n) == 0;
}

/* The windows whose topics of this rollup can begin with the prefix, and the part of it that falls on the key. */
static uint8_t
rollup_scope(const struct rows *rows, struct slice prefix, uint32_t rollup, struct slice *key_prefix)
{
	uint8_t mask = 0;

	*key_prefix = (struct slice){0};
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		uint8_t bytes[4 + 8 + sizeof(rows->kernel->rollup[0].name) + 2];
		const char *parts[] = {"kpi/", window_name(w), "/", rows->kernel->rollup[rollup].name, "/"};
		struct slice channel = {bytes, 0};
		for (unsigned i = 0; i < 5; i++) {
			size_t n = strlen(parts[i]);
			memcpy(bytes + channel.n, parts[i], n);
			channel.n += (uint32_t)n;
		}
		if (!overlaps(prefix, channel))
			continue;
		mask |= (uint8_t)(1u << w);
		if (prefix.n > channel.n) /* the prefix names window and rollup: no other window matches */
			*key_prefix = (struct slice){prefix.p + channel.n, prefix.n - channel.n};
	}
	return mask;
}

static struct slice
cursor_key(const struct row_cursor *cursor)
{
	return (struct slice){cursor->key, cursor->key_bytes};
}

static void
cursor_set_key(struct row_cursor *cursor, struct slice key)
{
	assert(key.n <= sizeof(cursor->key));
	cursor->key_bytes = (uint8_t)key.n;
	if (key.n > 0)
		memcpy(cursor->key, key.p, key.n);
}

/* Puts rows->view on the first series at or after the cursor; walk_ended if there is none. */
static void
walk_resume(struct rows *rows, struct row_cursor *cursor, struct slice key_prefix)
{
	struct slice from = cursor->key_bytes > 0 ? cursor_key(cursor) : key_prefix;

	if (rows->walker == cursor && row_table_cursor_valid(&rows->walk, rows->table, cursor->rollup))
		return;
	rows->walker = cursor;
	row_table_seek(&rows->walk, rows->table, cursor->rollup, from);
	rows->walk_ended = !row_table_next(&rows->walk, &rows->view);
	if (!rows->walk_ended && !slice_equal(rows->view.key, cursor_key(cursor)))
		cursor->window = 0; /* the series it stood on is no more */
}

/* The next window of rows->view that is wanted, from the cursor's on; WINDOW_COUNT: none. */
static unsigned
window_next(const struct rows *rows, const struct row_query *query, const struct row_cursor *cursor, uint8_t scope)
{
	const struct row_table_view *view = &rows->view;

	for (unsigned w = cursor->window; w < WINDOW_COUNT; w++) {
		if ((view->mask & scope) >> w & 1 && (query->full ? !view->gone : view->seq[w] > query->since_seq))
			return w;
	}
	return WINDOW_COUNT;
}

/* One more was passed. True: time to pause. */
static bool
scanned(struct row_cursor *cursor)
{
	if (++cursor->scanned <= ROWS_SCAN_MAX)
		return false;
	cursor->scanned = 0;
	return true;
}

/* ROW_END: none left in this rollup. */
static enum row_peek
rollup_peek(struct rows *rows, const struct row_query *query, struct row_cursor *cursor)
{
	struct slice key_prefix;
	uint8_t scope =
	    rollup_scope(rows, (struct slice){query->prefix, query->prefix_bytes}, cursor->rollup, &key_prefix);

	if (scope == 0)
		return ROW_END;
	walk_resume(rows, cursor, key_prefix);
	while (!rows->walk_ended && starts_with(rows->view.key, key_prefix)) {
		unsigned w = window_next(rows, query, cursor, scope);
		if (w < WINDOW_COUNT) {
			cursor->window = (uint8_t)w;
			cursor_set_key(cursor, rows->view.key);
			return ROW_FOUND;
		}
		cursor->window = 0;
		rows->walk_ended = !row_table_next(&rows->walk, &rows->view);
		if (!rows->walk_ended && scanned(cursor)) {
			cursor_set_key(cursor, rows->view.key);
			return ROW_PAUSE;
		}
	}
	return ROW_END;
}

static enum row_peek
kpi_peek(struct rows *rows, const struct row_query *query, struct row_cursor *cursor)
{
	for (; cursor->rollup < rows->kernel->rollup_count; cursor->rollup++) {
		enum row_peek peek = rollup_peek(rows, query, cursor);
		if (peek != ROW_END)
			return peek;
		cursor->window = cursor->key_bytes = 0;
		rows->walker = NULL;
	}
	return ROW_END;
}

static enum row_peek
alert_peek(struct rows *rows, const struct row_query *query, struct row_cursor *cursor, struct alert_view *alert)
{
	struct slice prefix = {query->prefix, query->prefix_bytes};
	struct slice from = cursor->key_bytes > 0 ? cursor_key(cursor) : prefix;

	while (alerts_from(rows->alerts, from, cursor->after, alert) && starts_with(alert->topic, prefix)) {
		cursor_set_key(cursor, alert->topic);
		cursor->after = false;
		if (query->full ? !alert->ok : alert->seq > query->since_seq)
			return ROW_FOUND;
		cursor->after = true;
		from = cursor_key(cursor);
		if (scanned(cursor))
			return ROW_PAUSE;
	}
	return ROW_END;
}

static enum row_peek
dead_peek(struct rows *rows, const struct row_query *query, struct row_cursor *cursor, struct dead_view *dead)
{
	struct slice prefix = {query->prefix, query->prefix_bytes};

	if (query->without_dead || !overlaps(prefix, slice_of("dlq/")))
		return ROW_END;
	while (dead_letters_from(rows->dead, cursor->number, dead)) {
		cursor->number = dead->number;
		if (starts_with(dead->topic, prefix) && (query->full || dead->seq > query->since_seq))
			return ROW_FOUND;
		cursor->number++;
	}
	return ROW_END;
}

static void
section_begin(struct row_cursor *cursor, unsigned section)
{
	*cursor = (struct row_cursor){.section = (uint8_t)section};
}

enum row_peek
rows_peek(struct rows *rows, const struct row_query *query, struct row_cursor *cursor, struct slice *topic,
          struct slice *row)
{
	if (cursor->section == SECTION_KPI) {
		enum row_peek peek = kpi_peek(rows, query, cursor);
		if (peek == ROW_FOUND && topic != NULL) {
			enum window window = cursor->window;
			const struct era *era = eras_of(rows->eras, rows->view.seq[window]);
			row_writer_topic(rows->writer, &rows->view, window, &rows->topic);
			row_writer_row(rows->writer, &rows->view, window, &era->bounds[window], era->now_ms,
			               &rows->row);
			*topic = buf_slice(&rows->topic);
			*row = buf_slice(&rows->row);
		}
		if (peek != ROW_END)
			return peek;
		section_begin(cursor, SECTION_ALERT);
	}
	if (cursor->section == SECTION_ALERT) {
		struct alert_view alert;
		enum row_peek peek = alert_peek(rows, query, cursor, &alert);
		if (peek == ROW_FOUND && topic != NULL) {
			*topic = alert.topic;
			*row = alert.row;
		}
		if (peek != ROW_END)
			return peek;
		section_begin(cursor, SECTION_DEAD);
	}
	if (cursor->section == SECTION_DEAD) {
		struct dead_view dead;
		if (dead_peek(rows, query, cursor, &dead) == ROW_FOUND) {
			if (topic != NULL) {
				*topic = dead.topic;
				*row = dead.row;
			}
			return ROW_FOUND;
		}
		section_begin(cursor, SECTION_END);
	}
	return ROW_END;
}

void
rows_advance(struct row_cursor *cursor)
{
	switch (cursor->section) {
	case SECTION_KPI:
		cursor->window++;
		break;
	case SECTION_ALERT:
		cursor->after = true;
		break;
	case SECTION_DEAD:
		cursor->number++;
		break;
	default:
		assert(false && "past a row that was found");
	}
}
