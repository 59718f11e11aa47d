/* alert.c - alert/ and dlq/: transitions of rules, and events that were refused. */
#include "schemas/row.h"
#include "schemas/value.h"
#include <errno.h>

void
alert_encode(const struct alert_row *alert, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_map(&packer, 17);
	pack_key_u64(&packer, "v", ROW_VERSION);
	pack_key_u64(&packer, "e", alert->epoch);
	pack_key_u64(&packer, "s", alert->seq);
	pack_key_i64(&packer, "at", alert->at_ms);
	pack_key_text(&packer, "rule", alert->rule);
	pack_key_text(&packer, "kpi", alert->kpi);
	pack_key_text(&packer, "window", alert->window);
	pack_key_text(&packer, "rollup", alert->rollup);
	pack_key_text(&packer, "key", alert->key);
	pack_key_text(&packer, "from", alert->from);
	pack_key_text(&packer, "to", alert->to);
	pack_key_i64(&packer, "since", alert->since_ms);
	pack_word(&packer, "value");
	value_pack(&packer, &alert->value);
	pack_word(&packer, "limit");
	value_pack(&packer, &alert->limit);
	pack_key_text(&packer, "op", alert->op);
	pack_key_text(&packer, "sev", alert->severity);
	pack_key_text(&packer, "text", alert->text);
}

static bool
alert_field(struct cursor *cursor, struct slice key, struct alert_row *alert)
{
	const struct {
		const char *name;
		struct slice *text;
	} texts[] = {
	    {"rule", &alert->rule}, {"kpi", &alert->kpi},   {"window", &alert->window}, {"rollup", &alert->rollup},
	    {"key", &alert->key},   {"from", &alert->from}, {"to", &alert->to},         {"op", &alert->op},
	    {"sev", &alert->severity}, {"text", &alert->text},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (slice_is(key, texts[i].name))
			return cursor_text(cursor, texts[i].text);
	if (slice_is(key, "v"))
		return version_read(cursor);
	if (slice_is(key, "e"))
		return cursor_uint(cursor, &alert->epoch);
	if (slice_is(key, "s"))
		return cursor_uint(cursor, &alert->seq);
	if (slice_is(key, "at"))
		return cursor_int(cursor, &alert->at_ms);
	if (slice_is(key, "since"))
		return cursor_int(cursor, &alert->since_ms);
	if (slice_is(key, "value"))
		return value_read(cursor, &alert->value);
	if (slice_is(key, "limit"))
		return value_read(cursor, &alert->limit);
	return cursor_skip(cursor);
}

int
alert_decode(struct alert_row *alert, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;
	*alert = (struct alert_row){0};
	if (!cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		alert_field(&cursor, key, alert);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}

void
dead_encode(const struct dead_row *dead, struct buf *out)
{
	msgpack_packer packer = pack_to(out);
	msgpack_pack_map(&packer, 7);
	pack_key_u64(&packer, "v", ROW_VERSION);
	pack_key_u64(&packer, "n", dead->number);
	pack_key_i64(&packer, "at", dead->at_ms);
	pack_key_text(&packer, "peer", dead->peer);
	pack_key_text(&packer, "code", dead->code);
	pack_key_text(&packer, "text", dead->text);
	pack_word(&packer, "raw");
	pack_bin(&packer, dead->raw);
}

static bool
dead_field(struct cursor *cursor, struct slice key, struct dead_row *dead)
{
	if (slice_is(key, "v"))
		return version_read(cursor);
	if (slice_is(key, "n"))
		return cursor_uint(cursor, &dead->number);
	if (slice_is(key, "at"))
		return cursor_int(cursor, &dead->at_ms);
	if (slice_is(key, "peer"))
		return cursor_text(cursor, &dead->peer);
	if (slice_is(key, "code"))
		return cursor_text(cursor, &dead->code);
	if (slice_is(key, "text"))
		return cursor_text(cursor, &dead->text);
	if (slice_is(key, "raw"))
		return cursor_bin(cursor, &dead->raw);
	return cursor_skip(cursor);
}

int
dead_decode(struct dead_row *dead, struct slice bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct slice key;
	uint32_t count;
	*dead = (struct dead_row){0};
	if (!cursor_map(&cursor, &count))
		return -EBADMSG;
	while (count-- > 0 && cursor_key(&cursor, &key))
		dead_field(&cursor, key, dead);
	return cursor_done(&cursor) ? 0 : -EBADMSG;
}
