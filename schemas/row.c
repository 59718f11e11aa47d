/* row.c - rows: complete numbers of one series and window. */
#include "schemas/row.h"
#include "schemas/value.h"
#include <assert.h>
#include <errno.h>

enum { VALUE_NUMBER = 0, VALUE_RATIO, VALUE_NONE };

void
value_pack(msgpack_packer *packer, const struct row_value *value)
{
	if (value->kind == VALUE_NUMBER) {
		msgpack_pack_int64(packer, value->num);
		return;
	}
	msgpack_pack_array(packer, 2);
	if (value->kind == VALUE_RATIO) {
		msgpack_pack_int64(packer, value->num);
		msgpack_pack_int64(packer, value->den);
	} else {
		msgpack_pack_nil(packer);
		pack_text(packer, value->reason);
	}
}

bool
value_read(struct cursor *cursor, struct row_value *value)
{
	uint32_t two;
	value->num = value->den = 0;
	value->reason = (struct slice){0};
	if (cursor_type(cursor) == CURSOR_INT) {
		value->kind = VALUE_NUMBER;
		return cursor_int(cursor, &value->num);
	}
	if (!cursor_array(cursor, &two) || two != 2)
		return cursor_fail(cursor);
	if (cursor_type(cursor) == CURSOR_NIL) {
		value->kind = VALUE_NONE;
		return cursor_nil(cursor) && cursor_text(cursor, &value->reason);
	}
	value->kind = VALUE_RATIO;
	return cursor_int(cursor, &value->num) && cursor_int(cursor, &value->den);
}

bool
version_read(struct cursor *cursor)
{
	uint32_t version;
	return cursor_u32(cursor, &version) && version >= ROW_VERSION ? true : cursor_fail(cursor);
}

static void
pack_measures(msgpack_packer *packer, const struct row_part *part)
{
	assert(part->measures <= ROW_MEASURES_MAX);
	pack_word(packer, "cur");
	msgpack_pack_map(packer, part->measures);
	for (uint32_t i = 0; i < part->measures; i++) {
		pack_text(packer, part->measure[i].name);
		msgpack_pack_int64(packer, part->measure[i].value);
	}
}

static void
pack_kpis(msgpack_packer *packer, const struct row_part *part)
{
	assert(part->kpis <= ROW_KPIS_MAX);
	pack_word(packer, "kpi");
	msgpack_pack_map(packer, part->kpis);
	for (uint32_t i = 0; i < part->kpis; i++) {
		pack_text(packer, part->kpi[i].name);
		value_pack(packer, &part->kpi[i]);
	}
}

static void
pack_part(msgpack_packer *packer, const char *key, const struct row_part *part)
{
	pack_word(packer, key);
	msgpack_pack_map(packer, 4);
	pack_key_i64(packer, "lo", part->bounds.lo);
	pack_key_i64(packer, "hi", part->bounds.hi);
	pack_measures(packer, part);
	pack_kpis(packer, part);
}

void
row_encode(const struct row *row, struct buf *out)
{
	const struct row_part *cur = &row->part[PART_CUR];
	bool has_key = row->flags & ROW_HASHED_KEY;
	msgpack_packer packer = pack_to(out);

	msgpack_pack_map(&packer, 12u + has_key);
	pack_key_u64(&packer, "v", ROW_VERSION);
	pack_key_u64(&packer, "e", row->epoch);
	pack_key_u64(&packer, "s", row->seq);
	pack_key_u64(&packer, "c", row->channel_seq);
	pack_key_i64(&packer, "at", row->at_ms);
	pack_key_i64(&packer, "lo", cur->bounds.lo);
	pack_key_i64(&packer, "hi", cur->bounds.hi);
	pack_key_u64(&packer, "f", row->flags);
	pack_measures(&packer, cur);
	pack_kpis(&packer, cur);
	pack_part(&packer, "prev", &row->part[PART_PREV]);
	if (row->has_ptd) {
		pack_part(&packer, "ptd", &row->part[PART_PTD]);
	} else {
		pack_word(&packer, "ptd");
		msgpack_pack_nil(&packer);
	}
	if (has_key)
		pack_key_text(&packer, "key", row->key);
}

static bool
measures_read(struct cursor *cursor, struct row_part *part)
{
	uint32_t count;
	if (!cursor_map(cursor, &count))
		return false;
	if (count > ROW_MEASURES_MAX)
		return cursor_fail(cursor);
	part->measures = count;
	for (uint32_t i = 0; i < count && !cursor->failed; i++) {
		cursor_text(cursor, &part->measure[i].name);
		cursor_int(cursor, &part->measure[i].value);
	}
	return !cursor->failed;
}

static bool
kpis_read(struct cursor *cursor, struct row_part *part)
{
	uint32_t count;
	if (!cursor_map(cursor, &count))
		return false;
	if (count > ROW_KPIS_MAX)
		return cursor_fail(cursor);
	part->kpis = count;
	for (uint32_t i = 0; i < count && !cursor->failed; i++) {
		cursor_text(cursor, &part->kpi[i].name);
		value_read(cursor, &part->kpi[i]);
	}
	return !cursor->failed;
}

static bool
part_field(struct cursor *cursor, struct slice key, struct row_part *part, bool *known)
{
	*known = true;
	if (slice_is(key, "lo"))
		return cursor_int(cursor, &part->bounds.lo);
	if (slice_is(key, "hi"))
		return cursor_int(cursor, &part->bounds.hi);
	if (slice_is(key, "cur"))
		return measures_read(cursor, part);
	if (slice_is(key, "kpi"))
		return kpis_read(cursor, part);
	*known = false;
	return true;
}

static bool
part_read(struct cursor *cursor, struct row_part *part)
{
	struct slice key;
	uint32_t count;
	bool known;
	if (!cursor_map(cursor, &count))
		return false;
	while (count-- > 0 && cursor_key(cursor, &key))
		if (part_field(cursor, key, part, &known) && !known)
			cursor_skip(cursor);
	return !cursor->failed;
}

static bool
row_field(struct cursor *cursor, struct slice key, struct row *row)
{
	bool known;
	if (slice_is(key, "v"))
		return version_read(cursor);
	if (slice_is(key, "e"))
		return cursor_uint(cursor, &row->epoch);
	if (slice_is(key, "s"))
		return cursor_uint(cursor, &row->seq);
	if (slice_is(key, "c"))
		return cursor_uint(cursor, &row->channel_seq);
	if (slice_is(key, "at"))
		return cursor_int(cursor, &row->at_ms);
	if (slice_is(key, "f"))
		return cursor_u32(cursor, &row->flags);
	if (slice_is(key, "key"))
		return cursor_text(cursor, &row->key);
	if (slice_is(key, "prev"))
		return part_read(cursor, &row->part[PART_PREV]);
	if (slice_is(key, "ptd")) {
		row->has_ptd = cursor_type(cursor) != CURSOR_NIL;
		return row->has_ptd ? part_read(cursor, &row->part[PART_PTD]) : cursor_nil(cursor);
	}
	if (!part_field(cursor, key, &row->part[PART_CUR], &known))
		return false;
	return known || cursor_skip(cursor);
}

int
row_decode(struct row *row, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;

	/* Not a memset of all: the tables of three parts are 20 KB, and only their first entries count. */
	row->epoch = row->seq = row->channel_seq = 0;
	row->at_ms = 0;
	row->flags = 0;
	row->has_ptd = false;
	row->key = (struct slice){0};
	for (int part = 0; part < PART_COUNT; part++) {
		row->part[part].bounds = (struct span_ms){0};
		row->part[part].measures = row->part[part].kpis = 0;
	}
	if (!cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		row_field(&cursor, key, row);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}
