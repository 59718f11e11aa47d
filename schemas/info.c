/* info.c - a server's state and figures, and its clock confirmed. */
#include "schemas/info.h"
#include "schemas/alarm.h"
#include "schemas/cursor.h"
#include "schemas/pack.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>

enum { DECIMALS_MAX = 18 };

static const char *const group_names[INFO_GROUPS] = {"events", "state", "since", "bytes"};

const char *
info_group_name(enum info_group group)
{
	return group_names[group];
}

/* A request of nothing but its word: [word, {}]. */
static void
word_encode(const char *word, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, word);
	msgpack_pack_map(&packer, 0);
}

static bool
word_begins(const char *word, struct slice message)
{
	struct cursor cursor = cursor_of(message);
	struct slice first;
	uint32_t count;
	return cursor_array(&cursor, &count) && cursor_text(&cursor, &first) && slice_is(first, word);
}

static int
word_decode(const char *word, struct slice bytes, char why[120])
{
	struct cursor cursor = cursor_of(bytes);
	struct slice first, key;
	uint32_t count;
	bool good = cursor_array(&cursor, &count) && count == 2 && cursor_text(&cursor, &first) && slice_is(first, word) &&
	            cursor_map(&cursor, &count);
	while (good && count-- > 0)
		good = cursor_key(&cursor, &key) && cursor_skip(&cursor); /* of newer versions */
	good = good && cursor_done(&cursor);
	why[0] = '\0';
	if (!good)
		snprintf(why, 120, "the request is not [\"%s\", {}]", word);
	return good ? 0 : -EBADMSG;
}

void
info_request_encode(struct buf *out)
{
	word_encode("I1", out);
}

bool
info_is_request(struct slice message)
{
	return word_begins("I1", message);
}

int
info_request_decode(struct slice bytes, char why[120])
{
	return word_decode("I1", bytes, why);
}

void
confirm_request_encode(struct buf *out)
{
	word_encode("K1", out);
}

bool
confirm_is_request(struct slice message)
{
	return word_begins("K1", message);
}

int
confirm_request_decode(struct slice bytes, char why[120])
{
	return word_decode("K1", bytes, why);
}

void
confirmed_encode(const struct confirmed *confirmed, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "L1");
	msgpack_pack_map(&packer, 2);
	pack_key_i64(&packer, "jump", confirmed->jump_ms);
	pack_key_i64(&packer, "now", confirmed->now_ms);
}

int
confirmed_decode(struct confirmed *confirmed, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice word, key;
	uint32_t count;
	*confirmed = (struct confirmed){0};
	if (!cursor_array(&cursor, &count) || count != 2 || !cursor_text(&cursor, &word) || !slice_is(word, "L1") ||
	    !cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key)) {
		if (slice_is(key, "jump"))
			cursor_int(&cursor, &confirmed->jump_ms);
		else if (slice_is(key, "now"))
			cursor_int(&cursor, &confirmed->now_ms);
		else
			cursor_skip(&cursor);
	}
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}

void
info_add(struct info *info, enum info_group group, const char *name, uint64_t value)
{
	struct info_figures *figures = &info->group[group];
	assert(figures->count < INFO_FIGURES_MAX);
	figures->figure[figures->count++] = (struct info_figure){slice_of(name), value};
}

void
info_alarms(struct info *info, uint32_t alarms)
{
	info->alarms = 0;
	for (unsigned alarm = 0; alarm < ALARM_COUNT; alarm++)
		if (alarms >> alarm & 1)
			info->alarm[info->alarms++] = slice_of(alarm_name(alarm));
}

bool
info_find(const struct info *info, enum info_group group, const char *name, uint64_t *value)
{
	const struct info_figures *figures = &info->group[group];
	*value = 0;
	for (uint32_t i = 0; i < figures->count; i++)
		if (slice_is(figures->figure[i].name, name)) {
			*value = figures->figure[i].value;
			return true;
		}
	return false;
}

static void
figures_pack(msgpack_packer *packer, const char *name, const struct info_figures *figures)
{
	pack_word(packer, name);
	msgpack_pack_map(packer, figures->count);
	for (uint32_t i = 0; i < figures->count; i++) {
		pack_text(packer, figures->figure[i].name);
		msgpack_pack_uint64(packer, figures->figure[i].value);
	}
}

void
info_encode(const struct info *info, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_array(&packer, 2);
	pack_word(&packer, "J1");
	msgpack_pack_map(&packer, 15 + INFO_GROUPS);
	pack_key_u64(&packer, "e", info->epoch);
	pack_key_u64(&packer, "s", info->seq);
	pack_key_text(&packer, "laju", info->version);
	pack_key_text(&packer, "zone", info->zone);
	pack_key_text(&packer, "cur", info->currency);
	pack_key_i64(&packer, "dec", info->decimals);
	pack_key_text(&packer, "clock", info->clock);
	pack_key_text(&packer, "dur", info->durability);
	pack_key_bool(&packer, "demo", info->demo);
	pack_key_i64(&packer, "now", info->now_ms);
	pack_word(&packer, "at");
	if (info->at_ms == INT64_MIN)
		msgpack_pack_nil(&packer);
	else
		msgpack_pack_int64(&packer, info->at_ms);
	pack_key_i64(&packer, "lag_ms", info->lag_ms);
	pack_key_u64(&packer, "lsn", info->lsn);
	pack_key_u64(&packer, "rows", info->rows_lsn);
	pack_word(&packer, "alarms");
	msgpack_pack_array(&packer, info->alarms);
	for (uint32_t i = 0; i < info->alarms; i++)
		pack_text(&packer, info->alarm[i]);
	for (unsigned g = 0; g < INFO_GROUPS; g++)
		figures_pack(&packer, group_names[g], &info->group[g]);
}

static bool
figures_read(struct cursor *cursor, struct info_figures *figures)
{
	struct slice name;
	uint64_t value;
	uint32_t count;
	figures->count = 0;
	if (!cursor_map(cursor, &count))
		return false;
	while (count-- > 0 && cursor_text(cursor, &name) && cursor_uint(cursor, &value))
		if (figures->count < INFO_FIGURES_MAX)
			figures->figure[figures->count++] = (struct info_figure){name, value};
	return !cursor->failed;
}

static bool
alarms_read(struct cursor *cursor, struct info *info)
{
	struct slice name;
	uint32_t count;
	info->alarms = 0;
	if (!cursor_array(cursor, &count))
		return false;
	while (count-- > 0 && cursor_text(cursor, &name))
		if (info->alarms < INFO_ALARMS_MAX)
			info->alarm[info->alarms++] = name;
	return !cursor->failed;
}

static bool
decimals_read(struct cursor *cursor, int *decimals)
{
	int64_t wide;
	if (!cursor_int(cursor, &wide) || wide < 0 || wide > DECIMALS_MAX)
		return cursor_fail(cursor);
	*decimals = (int)wide;
	return true;
}

static bool
field_read(struct cursor *cursor, struct slice key, struct info *info)
{
	const struct {
		const char *key;
		struct slice *text;
	} texts[] = {{"laju", &info->version},
	             {"zone", &info->zone},
	             {"cur", &info->currency},
	             {"clock", &info->clock},
	             {"dur", &info->durability}};
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {{"e", &info->epoch}, {"s", &info->seq}, {"lsn", &info->lsn}, {"rows", &info->rows_lsn}};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (slice_is(key, texts[i].key))
			return cursor_text(cursor, texts[i].text);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (slice_is(key, numbers[i].key))
			return cursor_uint(cursor, numbers[i].number);
	for (unsigned g = 0; g < INFO_GROUPS; g++)
		if (slice_is(key, group_names[g]))
			return figures_read(cursor, &info->group[g]);
	if (slice_is(key, "alarms"))
		return alarms_read(cursor, info);
	if (slice_is(key, "dec"))
		return decimals_read(cursor, &info->decimals);
	if (slice_is(key, "demo"))
		return cursor_bool(cursor, &info->demo);
	if (slice_is(key, "now"))
		return cursor_int(cursor, &info->now_ms);
	if (slice_is(key, "lag_ms"))
		return cursor_int(cursor, &info->lag_ms);
	if (slice_is(key, "at"))
		return cursor_type(cursor) == CURSOR_NIL ? cursor_nil(cursor) : cursor_int(cursor, &info->at_ms);
	return cursor_skip(cursor);
}

int
info_decode(struct info *info, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice word, key;
	uint32_t count;

	*info = (struct info){.at_ms = INT64_MIN};
	if (!cursor_array(&cursor, &count) || count != 2 || !cursor_text(&cursor, &word) || !slice_is(word, "J1") ||
	    !cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		field_read(&cursor, key, info);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}
