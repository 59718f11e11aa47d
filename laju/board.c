/* board.c - what the terminal display knows: messages in. Painting is in board_paint.c. */
#include "laju/board.h"
#include "common/mem.h"
#include "schemas/topic.h"
#include <stdio.h>
#include <stdlib.h>

static bool
starts_with(struct slice text, const char *prefix)
{
	uint32_t n = (uint32_t)strlen(prefix);
	return text.n >= n && memcmp(text.p, prefix, n) == 0;
}

static bool
has_wildcard(struct slice pattern)
{
	return pattern_prefix(pattern).n < pattern.n;
}

bool
board_init(struct board *board, const char *typed, char why[200])
{
	const char *near;
	*board = (struct board){.hello = {.decimals = 0}, .wants_sync = true};
	if (!typed) {
		buf_printf(&board->hero, "kpi/d/all/all");
		buf_printf(&board->list, "kpi/d/campaign/*");
		return true;
	}
	if (!pattern_of(typed, &board->list, &near)) {
		snprintf(why, 200, near ? "'%.60s': no such window, did you mean '%s'?" : "'%.60s': no such window (r1d r7d r30d d w m)",
		         typed, near);
		return false;
	}
	if (!has_wildcard(buf_slice(&board->list))) {
		struct buf none = board->hero;
		board->hero = board->list;
		board->list = none;
		return true;
	}
	/* Above a list stands the whole of its window. */
	struct row_name name;
	if (row_name_of(buf_slice(&board->list), &name) && !has_wildcard(name.window))
		buf_printf(&board->hero, "kpi/%.*s/all/all", (int)name.window.n, (const char *)name.window.p);
	else
		buf_printf(&board->hero, "kpi/d/all/all");
	return true;
}

void
board_fini(struct board *board)
{
	for (uint32_t i = 0; i < board->alerts; i++) {
		buf_fini(&board->alert[i].topic);
		buf_fini(&board->alert[i].row);
	}
	free(board->alert);
	buf_fini(&board->hero);
	buf_fini(&board->list);
	buf_fini(&board->beat);
	rowset_fini(&board->rows);
}

/* Cut behind "kpi/<window>/<rollup>/". */
static struct slice
whole_channel(struct slice prefix)
{
	uint32_t slashes = 0;
	for (uint32_t i = 0; i < prefix.n; i++)
		if (prefix.p[i] == '/' && ++slashes == 3)
			return (struct slice){prefix.p, i + 1};
	return prefix;
}

uint32_t
board_prefixes(const struct board *board, struct slice prefix[2])
{
	struct slice hero = whole_channel(buf_slice(&board->hero));
	struct slice list = whole_channel(pattern_prefix(buf_slice(&board->list)));
	uint32_t count = 0;
	/* One of them within the other would bring every row twice. */
	bool hero_in_list = list.n > 0 && hero.n >= list.n && memcmp(hero.p, list.p, list.n) == 0;
	if (!hero_in_list)
		prefix[count++] = hero;
	if (list.n > 0)
		prefix[count++] = list;
	return count;
}

static bool
is_subscribed(const struct board *board, const char *channel)
{
	char topic[128];
	struct slice prefix[2];
	int n = snprintf(topic, sizeof(topic), "kpi/%s/", channel);
	for (uint32_t i = board_prefixes(board, prefix); i > 0; i--)
		if ((uint32_t)n >= prefix[i - 1].n && memcmp(topic, prefix[i - 1].p, prefix[i - 1].n) == 0)
			return true;
	return false;
}

static struct board_channel *
channel_of_name(struct board *board, const char *name)
{
	for (uint32_t i = 0; i < board->channels; i++)
		if (strcmp(board->channel[i].name, name) == 0)
			return &board->channel[i];
	if (board->channels == BOARD_CHANNELS_MAX)
		return NULL; /* not watched for gaps: rows still come */
	struct board_channel *channel = &board->channel[board->channels++];
	*channel = (struct board_channel){0};
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	return channel;
}

/* Another server, or the same one started again: nothing of the old one counts. */
static void
new_epoch(struct board *board, uint64_t epoch)
{
	if (epoch == board->epoch)
		return;
	if (board->epoch != 0) {
		board->wants_sync = true;
		board->synced_epoch = 0;
		board->channels = 0;
		rowset_fini(&board->rows);
	}
	board->epoch = epoch;
}

static bool
is_shown(const struct board *board, struct slice topic)
{
	return slice_equal(topic, buf_slice(&board->hero)) || (board->list.len > 0 && glob_match(buf_slice(&board->list), topic));
}

static enum board_change
take_row(struct board *board, struct slice topic, struct slice bytes)
{
	struct row_name name;
	char channel_name[100];
	struct row *row = mem_zalloc(1, sizeof(*row));
	bool fine = row_name_of(topic, &name) && row_decode(row, bytes) == 0;
	uint64_t epoch = row->epoch, channel_seq = row->channel_seq;
	free(row);
	if (!fine) {
		board->broken++;
		return BOARD_NOTHING;
	}
	/* An epoch that no heartbeat told of yet is newer, not older: the XPUB sends in order. */
	if (epoch > board->epoch)
		new_epoch(board, epoch);
	if (epoch != board->epoch)
		return BOARD_NOTHING;
	snprintf(channel_name, sizeof(channel_name), "%.*s/%.*s", (int)(name.window.n < 24 ? name.window.n : 24),
	         (const char *)name.window.p, (int)(name.rollup.n < 70 ? name.rollup.n : 70), (const char *)name.rollup.p);
	struct board_channel *channel = channel_of_name(board, channel_name);
	if (channel && channel_seq > channel->seen)
		channel->seen = channel_seq;
	if (!is_shown(board, topic))
		return BOARD_NOTHING;
	return rowset_put(&board->rows, topic, bytes) == ROWSET_NEW ? BOARD_ROW : BOARD_NOTHING;
}

static void
drop_alert(struct board *board, uint32_t index)
{
	buf_fini(&board->alert[index].topic);
	buf_fini(&board->alert[index].row);
	memmove(&board->alert[index], &board->alert[index + 1], (board->alerts - index - 1) * sizeof(*board->alert));
	board->alerts--;
}

static enum board_change
take_alert(struct board *board, struct slice topic, struct slice bytes)
{
	struct alert_row alert;
	uint32_t i = 0;
	if (alert_decode(&alert, bytes) != 0) {
		board->broken++;
		return BOARD_NOTHING;
	}
	while (i < board->alerts && !slice_equal(buf_slice(&board->alert[i].topic), topic))
		i++;
	bool held = i < board->alerts, over = slice_is(alert.to, "ok");
	if (held && alert.epoch == board->alert[i].epoch && alert.seq <= board->alert[i].seq)
		return BOARD_NOTHING;
	if (over || (!held && board->alerts == BOARD_ALERTS_MAX)) {
		if (held)
			drop_alert(board, i);
		return held ? BOARD_ALERT : BOARD_NOTHING;
	}
	if (!held) {
		board->alert = mem_realloc(board->alert, (board->alerts + 1) * sizeof(*board->alert));
		board->alert[board->alerts++] = (struct board_alert){0};
		buf_add(&board->alert[i].topic, topic.p, topic.n);
	}
	board->alert[i].row.len = 0;
	buf_add(&board->alert[i].row, bytes.p, bytes.n);
	board->alert[i].epoch = alert.epoch;
	board->alert[i].seq = alert.seq;
	return BOARD_ALERT;
}

/* Ahead in two heartbeats running: a row may be on its way when the first one passes it. */
static void
compare_channels(struct board *board, struct slice raw)
{
	struct slice name;
	int64_t value;
	char text[100];
	uint32_t left = raw.n ? row_walk_begin(&raw) : 0;
	while (row_map_next(&raw, &left, &name, &value)) {
		snprintf(text, sizeof(text), "%.*s", (int)(name.n < 99 ? name.n : 99), (const char *)name.p);
		struct board_channel *channel = is_subscribed(board, text) ? channel_of_name(board, text) : NULL;
		if (!channel)
			continue;
		if ((uint64_t)value <= channel->seen)
			channel->behind = 0;
		else if (channel->behind > channel->seen) {
			board->wants_sync = true;
			board->lost++;
			/* What the snapshot does not bring has no row any more. */
			channel->seen = (uint64_t)value;
			channel->behind = 0;
		} else
			channel->behind = (uint64_t)value;
	}
}

static enum board_change
take_heartbeat(struct board *board, struct slice bytes, int64_t now_ms)
{
	struct heartbeat_head head;
	if (heartbeat_decode(&head, bytes) != 0) {
		board->broken++;
		return BOARD_NOTHING;
	}
	new_epoch(board, head.epoch);
	board->heard_ms = now_ms;
	board->beat.len = 0;
	buf_add(&board->beat, bytes.p, bytes.n);
	/* Before the first snapshot everything is behind. */
	if (board->synced_epoch == board->epoch)
		compare_channels(board, head.channels);
	return BOARD_OTHER;
}

enum board_change
board_take(struct board *board, struct slice topic, struct slice bytes, int64_t now_ms)
{
	if (starts_with(topic, "kpi/"))
		return take_row(board, topic, bytes);
	if (starts_with(topic, "alert/"))
		return take_alert(board, topic, bytes);
	if (starts_with(topic, "hb/"))
		return take_heartbeat(board, bytes, now_ms);
	if (!starts_with(topic, "hello/"))
		return BOARD_NOTHING;
	struct client_hello hello;
	if (client_hello_read(&hello, bytes) != 0) {
		board->broken++;
		return BOARD_NOTHING;
	}
	new_epoch(board, hello.epoch);
	board->hello = hello;
	return BOARD_OTHER;
}

bool
board_knows_units(const struct board *board)
{
	return board->hello.known && board->hello.epoch == board->epoch;
}

void
board_clear(struct board *board)
{
	rowset_fini(&board->rows);
	while (board->alerts > 0)
		drop_alert(board, board->alerts - 1);
}

void
board_synced(struct board *board, const struct snapshot_end *end)
{
	if (end->epoch > board->epoch)
		new_epoch(board, end->epoch);
	board->syncs++;
	board->synced_epoch = end->epoch;
	board->synced_seq = end->seq;
	board->wants_sync = false;
}
