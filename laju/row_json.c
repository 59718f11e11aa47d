/* row_json.c - rows, alerts and values as JSON. */
#include "laju/row_json.h"
#include "laju/rowset.h"
#include "laju/text.h"
#include <inttypes.h>

void
value_json(struct buf *out, const struct row_value *value)
{
	if (value->kind == 0)
		buf_printf(out, "%" PRId64, value->num);
	else if (value->kind == 1)
		buf_printf(out, "[%" PRId64 ",%" PRId64 "]", value->num, value->den);
	else {
		buf_printf(out, "[null,");
		text_json(out, value->reason);
		buf_printf(out, "]");
	}
}

static void
text_member(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "\"%s\":", name);
	text_json(out, text);
	buf_printf(out, ",");
}

/* "cur":{...},"kpi":{...} */
static void
numbers_json(struct buf *out, const struct row_part *part)
{
	buf_printf(out, "\"cur\":{");
	for (uint32_t i = 0; i < part->measures; i++) {
		buf_printf(out, i ? "," : "");
		text_json(out, part->measure[i].name);
		buf_printf(out, ":%" PRId64, part->measure[i].value);
	}
	buf_printf(out, "},\"kpi\":{");
	for (uint32_t i = 0; i < part->kpis; i++) {
		buf_printf(out, i ? "," : "");
		text_json(out, part->kpi[i].name);
		buf_printf(out, ":");
		value_json(out, &part->kpi[i]);
	}
	buf_printf(out, "}");
}

static void
part_json(struct buf *out, const char *name, const struct row_part *part)
{
	buf_printf(out, ",\"%s\":{\"lo\":%" PRId64 ",\"hi\":%" PRId64 ",", name, part->bounds.lo, part->bounds.hi);
	numbers_json(out, part);
	buf_printf(out, "}");
}

void
row_json(struct buf *out, struct slice topic, const struct row *row)
{
	const struct row_part *cur = &row->part[PART_CUR];
	struct row_name name;
	struct buf key = {0};
	buf_printf(out, "{");
	text_member(out, "topic", topic);
	if (row_name_of(topic, &name)) {
		row_key_text(&name, row, &key);
		text_member(out, "window", name.window);
		text_member(out, "rollup", name.rollup);
		text_member(out, "key", buf_slice(&key));
	}
	buf_printf(out,
	           "\"e\":%" PRIu64 ",\"s\":%" PRIu64 ",\"c\":%" PRIu64 ",\"at\":%" PRId64 ",\"lo\":%" PRId64 ",\"hi\":%" PRId64
	           ",\"f\":%" PRIu32 ",",
	           row->epoch, row->seq, row->channel_seq, row->at_ms, cur->bounds.lo, cur->bounds.hi, row->flags);
	numbers_json(out, cur);
	part_json(out, "prev", &row->part[PART_PREV]);
	if (row->has_ptd)
		part_json(out, "ptd", &row->part[PART_PTD]);
	else
		buf_printf(out, ",\"ptd\":null");
	buf_printf(out, "}");
	buf_fini(&key);
}

void
alert_json(struct buf *out, struct slice topic, const struct alert_row *alert)
{
	buf_printf(out, "{");
	text_member(out, "topic", topic);
	text_member(out, "rule", alert->rule);
	text_member(out, "severity", alert->severity);
	text_member(out, "kpi", alert->kpi);
	text_member(out, "window", alert->window);
	text_member(out, "rollup", alert->rollup);
	text_member(out, "key", alert->key);
	text_member(out, "from", alert->from);
	text_member(out, "to", alert->to);
	text_member(out, "op", alert->op);
	text_member(out, "text", alert->text);
	buf_printf(out, "\"e\":%" PRIu64 ",\"s\":%" PRIu64 ",\"at\":%" PRId64 ",\"since\":%" PRId64 ",\"value\":", alert->epoch,
	           alert->seq, alert->at_ms, alert->since_ms);
	value_json(out, &alert->value);
	buf_printf(out, ",\"limit\":");
	value_json(out, &alert->limit);
	buf_printf(out, "}");
}
