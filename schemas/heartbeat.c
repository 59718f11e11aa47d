/* heartbeat.c - hb/, hello/ and roll/: what says how things are rather than how much. */
#include "schemas/alarm.h"
#include "schemas/row.h"
#include "schemas/value.h"
#include <errno.h>

void
heartbeat_encode(const struct heartbeat *heartbeat, struct buf *out)
{
	uint32_t stale = 0;
	msgpack_packer packer = pack_to(out);

	msgpack_pack_map(&packer, 13);
	pack_key_u64(&packer, "v", ROW_VERSION);
	pack_key_u64(&packer, "e", heartbeat->epoch);
	pack_key_u64(&packer, "s", heartbeat->seq);
	pack_key_i64(&packer, "now", heartbeat->now_ms);
	pack_key_u64(&packer, "lsn", heartbeat->lsn);
	pack_key_i64(&packer, "lag_ms", heartbeat->lag_ms);
	pack_key_text(&packer, "dur", heartbeat->durability);
	pack_key_bool(&packer, "demo", heartbeat->demo);
	pack_key_bool(&packer, "full", heartbeat->full);
	pack_word(&packer, "ch");
	msgpack_pack_map(&packer, heartbeat->channels);
	for (uint32_t i = 0; i < heartbeat->channels; i++) {
		pack_text(&packer, heartbeat->channel[i].name);
		msgpack_pack_uint64(&packer, heartbeat->channel[i].seq);
	}
	pack_word(&packer, "feeds");
	msgpack_pack_map(&packer, heartbeat->feeds);
	for (uint32_t i = 0; i < heartbeat->feeds; i++) {
		pack_text(&packer, heartbeat->feed[i].name);
		msgpack_pack_int64(&packer, heartbeat->feed[i].age_ms);
		stale += heartbeat->feed[i].stale;
	}
	pack_word(&packer, "stale");
	msgpack_pack_array(&packer, stale);
	for (uint32_t i = 0; i < heartbeat->feeds; i++)
		if (heartbeat->feed[i].stale)
			pack_text(&packer, heartbeat->feed[i].name);
	pack_word(&packer, "alarms");
	msgpack_pack_array(&packer, (size_t)__builtin_popcount(heartbeat->alarms));
	for (unsigned alarm = 0; alarm < ALARM_COUNT; alarm++)
		if (heartbeat->alarms >> alarm & 1)
			pack_word(&packer, alarm_name(alarm));
}

/* A map of text: integer, checked and left raw. */
static bool
numbers_read(struct cursor *cursor, struct slice *raw)
{
	struct slice name;
	int64_t value;
	uint32_t count;
	const uint8_t *from = cursor->p;
	if (!cursor_map(cursor, &count))
		return false;
	while (count-- > 0 && cursor_text(cursor, &name) && cursor_int(cursor, &value))
		;
	if (cursor->failed)
		return false;
	*raw = (struct slice){from, (uint32_t)(cursor->p - from)};
	return true;
}

/* An array of texts, checked and left raw. */
static bool
names_read(struct cursor *cursor, struct slice *raw)
{
	struct slice name;
	uint32_t count;
	const uint8_t *from = cursor->p;
	if (!cursor_array(cursor, &count))
		return false;
	while (count-- > 0 && cursor_text(cursor, &name))
		;
	if (cursor->failed)
		return false;
	*raw = (struct slice){from, (uint32_t)(cursor->p - from)};
	return true;
}

uint32_t
row_walk_begin(struct slice *raw)
{
	struct cursor cursor = cursor_of(*raw);
	uint32_t count;
	if (cursor_type(&cursor) == CURSOR_MAP)
		cursor_map(&cursor, &count);
	else
		cursor_array(&cursor, &count);
	*raw = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return count;
}

bool
row_map_next(struct slice *raw, uint32_t *left, struct slice *name, int64_t *value)
{
	struct cursor cursor = cursor_of(*raw);
	if (*left == 0 || !cursor_text(&cursor, name) || !cursor_int(&cursor, value))
		return false;
	(*left)--;
	*raw = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return true;
}

bool
row_names_next(struct slice *raw, uint32_t *left, struct slice *name)
{
	struct cursor cursor = cursor_of(*raw);
	if (*left == 0 || !cursor_text(&cursor, name))
		return false;
	(*left)--;
	*raw = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return true;
}

static bool
heartbeat_field(struct cursor *cursor, struct slice key, struct heartbeat_head *head)
{
	if (slice_is(key, "v"))
		return version_read(cursor);
	if (slice_is(key, "e"))
		return cursor_uint(cursor, &head->epoch);
	if (slice_is(key, "s"))
		return cursor_uint(cursor, &head->seq);
	if (slice_is(key, "now"))
		return cursor_int(cursor, &head->now_ms);
	if (slice_is(key, "lsn"))
		return cursor_uint(cursor, &head->lsn);
	if (slice_is(key, "lag_ms"))
		return cursor_int(cursor, &head->lag_ms);
	if (slice_is(key, "dur"))
		return cursor_text(cursor, &head->durability);
	if (slice_is(key, "demo"))
		return cursor_bool(cursor, &head->demo);
	if (slice_is(key, "full"))
		return cursor_bool(cursor, &head->full);
	if (slice_is(key, "ch"))
		return numbers_read(cursor, &head->channels);
	if (slice_is(key, "feeds"))
		return numbers_read(cursor, &head->feeds);
	if (slice_is(key, "stale"))
		return names_read(cursor, &head->stale);
	if (slice_is(key, "alarms"))
		return names_read(cursor, &head->alarms);
	return cursor_skip(cursor);
}

int
heartbeat_decode(struct heartbeat_head *head, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;
	*head = (struct heartbeat_head){0};
	if (!cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		heartbeat_field(&cursor, key, head);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}

void
hello_encode(const struct hello *hello, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_map(&packer, 12);
	pack_key_u64(&packer, "v", ROW_VERSION);
	pack_key_u64(&packer, "e", hello->epoch);
	pack_key_u64(&packer, "s", hello->seq);
	pack_key_text(&packer, "laju", hello->version);
	pack_key_text(&packer, "zone", hello->zone);
	pack_key_text(&packer, "cur", hello->currency);
	pack_key_i64(&packer, "dec", hello->decimals);
	pack_key_text(&packer, "dur", hello->durability);
	pack_key_bool(&packer, "demo", hello->demo);
	pack_word(&packer, "windows");
	msgpack_pack_array(&packer, WINDOW_COUNT);
	for (int window = 0; window < WINDOW_COUNT; window++)
		pack_word(&packer, window_name((enum window)window));
	pack_word(&packer, "rollups");
	msgpack_pack_array(&packer, hello->rollups);
	for (uint32_t i = 0; i < hello->rollups; i++)
		pack_text(&packer, hello->rollup[i]);
	pack_word(&packer, "kpis");
	msgpack_pack_array(&packer, hello->kpis);
	for (uint32_t i = 0; i < hello->kpis; i++) {
		const struct hello_kpi *kpi = &hello->kpi[i];
		msgpack_pack_map(&packer, 5);
		pack_key_text(&packer, "name", kpi->name);
		pack_key_text(&packer, "unit", kpi->unit);
		pack_key_text(&packer, "dir", kpi->direction);
		pack_key_text(&packer, "id", kpi->label_id);
		pack_key_text(&packer, "en", kpi->label_en);
	}
}

static bool
kpi_read(struct cursor *cursor, struct hello_kpi *kpi)
{
	struct slice key;
	uint32_t count;
	*kpi = (struct hello_kpi){0};
	if (!cursor_map(cursor, &count))
		return false;
	while (count-- > 0 && cursor_key(cursor, &key)) {
		if (slice_is(key, "name"))
			cursor_text(cursor, &kpi->name);
		else if (slice_is(key, "unit"))
			cursor_text(cursor, &kpi->unit);
		else if (slice_is(key, "dir"))
			cursor_text(cursor, &kpi->direction);
		else if (slice_is(key, "id"))
			cursor_text(cursor, &kpi->label_id);
		else if (slice_is(key, "en"))
			cursor_text(cursor, &kpi->label_en);
		else
			cursor_skip(cursor);
	}
	return !cursor->failed;
}

bool
hello_kpi_next(struct slice *raw, uint32_t *left, struct hello_kpi *kpi)
{
	struct cursor cursor = cursor_of(*raw);
	if (*left == 0 || !kpi_read(&cursor, kpi))
		return false;
	(*left)--;
	*raw = (struct slice){cursor.p, (uint32_t)(cursor.end - cursor.p)};
	return true;
}

static bool
kpis_read(struct cursor *cursor, struct slice *raw)
{
	struct hello_kpi kpi;
	uint32_t count;
	const uint8_t *from = cursor->p;
	if (!cursor_array(cursor, &count))
		return false;
	while (count-- > 0 && kpi_read(cursor, &kpi))
		;
	if (cursor->failed)
		return false;
	*raw = (struct slice){from, (uint32_t)(cursor->p - from)};
	return true;
}

static bool
hello_field(struct cursor *cursor, struct slice key, struct hello_head *head)
{
	uint32_t decimals;
	if (slice_is(key, "v"))
		return version_read(cursor);
	if (slice_is(key, "e"))
		return cursor_uint(cursor, &head->epoch);
	if (slice_is(key, "s"))
		return cursor_uint(cursor, &head->seq);
	if (slice_is(key, "laju"))
		return cursor_text(cursor, &head->version);
	if (slice_is(key, "zone"))
		return cursor_text(cursor, &head->zone);
	if (slice_is(key, "cur"))
		return cursor_text(cursor, &head->currency);
	if (slice_is(key, "dec")) {
		if (!cursor_u32(cursor, &decimals) || decimals > 18)
			return cursor_fail(cursor);
		head->decimals = (int)decimals;
		return true;
	}
	if (slice_is(key, "dur"))
		return cursor_text(cursor, &head->durability);
	if (slice_is(key, "demo"))
		return cursor_bool(cursor, &head->demo);
	if (slice_is(key, "windows"))
		return names_read(cursor, &head->windows);
	if (slice_is(key, "rollups"))
		return names_read(cursor, &head->rollups);
	if (slice_is(key, "kpis"))
		return kpis_read(cursor, &head->kpis);
	return cursor_skip(cursor);
}

int
hello_decode(struct hello_head *head, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;
	*head = (struct hello_head){0};
	if (!cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		hello_field(&cursor, key, head);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}

void
roll_encode(uint64_t epoch, uint64_t seq, int64_t at_ms, const struct window_bounds *bounds, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_map(&packer, 10);
	pack_key_u64(&packer, "v", ROW_VERSION);
	pack_key_u64(&packer, "e", epoch);
	pack_key_u64(&packer, "s", seq);
	pack_key_i64(&packer, "at", at_ms);
	pack_key_i64(&packer, "lo", bounds->part[PART_CUR].lo);
	pack_key_i64(&packer, "hi", bounds->part[PART_CUR].hi);
	pack_key_i64(&packer, "plo", bounds->part[PART_PREV].lo);
	pack_key_i64(&packer, "phi", bounds->part[PART_PREV].hi);
	pack_key_i64(&packer, "tlo", bounds->part[PART_PTD].lo);
	pack_key_i64(&packer, "thi", bounds->part[PART_PTD].hi);
}

int
roll_decode(struct roll_head *head, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;
	const struct {
		const char *name;
		int64_t *value;
	} times[] = {
	    {"at", &head->at_ms},
	    {"lo", &head->bounds.part[PART_CUR].lo},   {"hi", &head->bounds.part[PART_CUR].hi},
	    {"plo", &head->bounds.part[PART_PREV].lo}, {"phi", &head->bounds.part[PART_PREV].hi},
	    {"tlo", &head->bounds.part[PART_PTD].lo},  {"thi", &head->bounds.part[PART_PTD].hi},
	};

	*head = (struct roll_head){0};
	if (!cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key)) {
		size_t i = 0;
		while (i < sizeof(times) / sizeof(times[0]) && !slice_is(key, times[i].name))
			i++;
		if (i < sizeof(times) / sizeof(times[0]))
			cursor_int(&cursor, times[i].value);
		else if (slice_is(key, "v"))
			version_read(&cursor);
		else if (slice_is(key, "e"))
			cursor_uint(&cursor, &head->epoch);
		else if (slice_is(key, "s"))
			cursor_uint(&cursor, &head->seq);
		else
			cursor_skip(&cursor);
	}
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}
