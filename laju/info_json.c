/* info_json.c - answers of the snapshot port that are no rows, as JSON. */
#include "laju/info_json.h"
#include "laju/text.h"
#include <inttypes.h>

static void
text_member(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "\"%s\":", name);
	text_json(out, text);
	buf_printf(out, ",");
}

static const char *
yes_no(bool flag)
{
	return flag ? "true" : "false";
}

void
info_figures_json(struct buf *out, const struct info_figures *figures)
{
	buf_printf(out, "{");
	for (uint32_t i = 0; i < figures->count; i++) {
		buf_printf(out, i > 0 ? "," : "");
		text_json(out, figures->figure[i].name);
		buf_printf(out, ":%" PRIu64, figures->figure[i].value);
	}
	buf_printf(out, "}");
}

void
info_json(struct buf *out, const struct info *info)
{
	buf_printf(out, "{\"e\":%" PRIu64 ",\"s\":%" PRIu64 ",", info->epoch, info->seq);
	text_member(out, "laju", info->version);
	text_member(out, "zone", info->zone);
	text_member(out, "cur", info->currency);
	text_member(out, "clock", info->clock);
	text_member(out, "dur", info->durability);
	buf_printf(out, "\"dec\":%d,\"demo\":%s,\"now\":%" PRId64 ",\"at\":", info->decimals, yes_no(info->demo),
	           info->now_ms);
	if (info->at_ms == INT64_MIN)
		buf_printf(out, "null");
	else
		buf_printf(out, "%" PRId64, info->at_ms);
	buf_printf(out, ",\"lag_ms\":%" PRId64 ",\"lsn\":%" PRIu64 ",\"rows\":%" PRIu64, info->lag_ms, info->lsn,
	           info->rows_lsn);
	buf_printf(out, ",\n \"alarms\":[");
	for (uint32_t i = 0; i < info->alarms; i++) {
		buf_printf(out, i > 0 ? "," : "");
		text_json(out, info->alarm[i]);
	}
	buf_printf(out, "]");
	for (unsigned g = 0; g < INFO_GROUPS; g++) {
		buf_printf(out, ",\n \"%s\":", info_group_name(g));
		info_figures_json(out, &info->group[g]);
	}
	buf_printf(out, "}");
}

static void
dims_json(struct buf *out, const char *name, uint8_t mask, const struct slice dims[EVENT_DIMS])
{
	const char *comma = "";
	buf_printf(out, ",\n \"%s\":{", name);
	for (unsigned d = 0; d < EVENT_DIMS; d++) {
		if (!(mask >> d & 1))
			continue;
		buf_printf(out, "%s\"%s\":", comma, event_dim_name(d));
		text_json(out, dims[d]);
		comma = ",";
	}
	buf_printf(out, "}");
}

/* The names of the bits that are set. */
static void
bits_json(struct buf *out, const char *name, uint8_t bits, const char *(*word)(unsigned))
{
	const char *comma = "";
	buf_printf(out, ",\"%s\":[", name);
	for (unsigned i = 0; i < 8; i++)
		if (bits >> i & 1) {
			buf_printf(out, "%s\"%s\"", comma, word(i));
			comma = ",";
		}
	buf_printf(out, "]");
}

void
event_view_json(struct buf *out, const struct event_ask *ask, const struct event_view *view)
{
	const char *type = event_type_name(view->type), *stage = event_stage_name(view->stage);
	buf_printf(out, "{");
	text_member(out, "id", ask->id);
	text_member(out, "cust", ask->cust);
	buf_printf(out, "\"known\":\"%s\",\"t\":\"%s\",\"stage\":\"%s\",\"waiting\":%u", event_known_name(view->known),
	           type != NULL ? type : "", stage != NULL ? stage : "", view->waiting);
	buf_printf(out, ",\"ts\":%" PRId64 ",\"since\":%" PRId64 ",\"rev\":%" PRId64 ",\"corrected\":%s,\"void\":%s",
	           view->ts_ms, view->since_ms, view->rev, yes_no(view->is_corrected), yes_no(view->is_void));
	buf_printf(out, ",\"open\":%s,\"counts\":%s,\n \"amt\":%" PRId64 ",\"qty\":%" PRId64, yes_no(view->is_open),
	           yes_no(view->counts), view->amt, view->qty);
	buf_printf(out, ",\"amt_counts\":%" PRId64 ",\"qty_counts\":%" PRId64, view->amt_counts, view->qty_counts);
	dims_json(out, "given", view->dims_mask, view->given);
	dims_json(out, "counted", view->dims_mask, view->counted);
	buf_printf(out, ",\n \"origin\":\"%s\",\"touch\":%" PRId64, event_origin_name(view->origin), view->touch_ms);
	bits_json(out, "by_lead", view->by_lead, event_dim_name);
	bits_json(out, "entered", view->entered, event_stage_name);
	buf_printf(out, ",\n \"first\":%s,\"spent\":%s,\"refunds\":%u,\"refunded\":%" PRId64, yes_no(view->is_first),
	           yes_no(view->is_spent), view->refunds, view->refunded);
	buf_printf(out, ",\"matched\":%s,\"sale_ts\":%" PRId64 "}", yes_no(view->is_matched), view->sale_ms);
}
