/* explain_event.c - what became of one event, in words. */
#include "laju/explain.h"
#include "laju/ndjson.h"
#include "laju/number.h"
#include "laju/table.h"
#include "laju/text.h"
#include <inttypes.h>
#include <stdio.h>

static void
money_text(int64_t minor, int decimals, char out[NUMBER_TEXT_MAX])
{
	int64_t unit = 1;
	for (int i = 0; i < decimals; i++)
		unit *= 10;
	number_fraction(minor, unit, decimals, true, out);
}

static void
say_time(struct buf *out, int64_t ms)
{
	char text[32];
	time_format(ms, text);
	buf_printf(out, "%s", text);
}

static void
say_words(const struct event_view *view, struct buf *out)
{
	if (!view->is_corrected)
		buf_printf(out, "  its words are those it came with");
	else
		buf_printf(out, "  a %s of revision %" PRId64 " is in force", view->is_void ? "void" : "correction", view->rev);
	if (view->since_ms > 0) {
		buf_printf(out, ", since ");
		say_time(out, view->since_ms);
		buf_printf(out, " (log time)");
	}
	buf_printf(out, "\n  %s\n",
	           view->is_open ? "within the horizon: what it counts as can still change"
	                         : "beyond the horizon: what was settled by then stands");
}

static void
say_amounts(const struct event_view *view, int decimals, struct buf *out)
{
	char given[NUMBER_TEXT_MAX], counts[NUMBER_TEXT_MAX];
	money_text(view->amt, decimals, given);
	money_text(view->amt_counts, decimals, counts);
	if (!view->counts) {
		buf_printf(out, "  it does not count\n");
		return;
	}
	if (view->type == EVENT_LEAD)
		return;
	buf_printf(out, "  it counts with amt %s", counts);
	if (view->amt != view->amt_counts)
		buf_printf(out, " of %s", given);
	if (view->type != EVENT_SPEND)
		buf_printf(out, ", qty %" PRId64, view->qty_counts);
	if (view->qty != view->qty_counts)
		buf_printf(out, " of %" PRId64, view->qty);
	buf_printf(out, "\n");
}

static void
say_sale(const struct event_view *view, int decimals, struct buf *out)
{
	char text[NUMBER_TEXT_MAX];
	money_text(view->refunded, decimals, text);
	if (view->refunds > 0)
		buf_printf(out, "  refunds: %u, together %s%s\n", view->refunds, text, view->is_spent ? ": all of it" : "");
	buf_printf(out, "  %s\n", view->is_first ? "its customer's first sale: with it a new customer counts"
	                                         : "no new customer counts with it");
	switch ((enum event_origin)view->origin) {
	case ORIGIN_OWN:
		buf_printf(out, "  where it comes from are its own words\n");
		return;
	case ORIGIN_LEAD:
	case ORIGIN_CUSTOMER:
		buf_printf(out, "  where it comes from is the last touch of its %s, at ",
		           view->origin == ORIGIN_LEAD ? "lead" : "customer");
		say_time(out, view->touch_ms);
		buf_printf(out, "\n");
		return;
	case ORIGIN_SETTLED:
		buf_printf(out, "  where it comes from was settled before it left the horizon\n");
		return;
	default:
		buf_printf(out, "  no touch within the look-back: Direct\n");
	}
}

static void
say_refund(const struct event_view *view, struct buf *out)
{
	if (!view->is_matched) {
		buf_printf(out, "  its sale is not known: it counts as it came, and moves when that comes\n");
		return;
	}
	buf_printf(out, "  matched with its sale");
	if (view->sale_ms != 0) {
		buf_printf(out, " of ");
		say_time(out, view->sale_ms);
	}
	buf_printf(out, ": it counts under that one's dimensions%s\n",
	           view->amt_counts < view->amt ? ", cut off at what was left of it (or at its rate)" : "");
}

static void
say_lead(const struct event_view *view, struct buf *out)
{
	const char *comma = "";
	if (view->entered == 0) {
		buf_printf(out, "  its lead entered no stage with it: another event did, or the lead is rejected\n");
		return;
	}
	buf_printf(out, "  its lead entered ");
	for (unsigned stage = STAGE_LEAD; stage <= STAGE_CUSTOMER; stage++)
		if (view->entered >> stage & 1) {
			buf_printf(out, "%s%s", comma, event_stage_name(stage));
			comma = ", ";
		}
	buf_printf(out, " with it\n");
}

/* Whose word a dimension is. */
static const char *
dim_from(const struct event_view *view, unsigned d)
{
	static const char *const origins[ORIGIN_COUNT] = {[ORIGIN_OWN] = "settled",
	                                                  [ORIGIN_LEAD] = "its lead's last touch",
	                                                  [ORIGIN_CUSTOMER] = "its customer's last touch",
	                                                  [ORIGIN_DIRECT] = "no touch",
	                                                  [ORIGIN_SETTLED] = "settled"};
	if (slice_equal(view->given[d], view->counted[d]))
		return view->counted[d].n > 0 ? "its own" : "";
	if (view->by_lead >> d & 1)
		return "its lead";
	if (view->type == EVENT_REFUND)
		return "its sale";
	return origins[view->origin];
}

static void
say_dims(const struct event_view *view, struct buf *out)
{
	struct text_table *table = text_table_new();
	text_table_column(table, "  dimension", false);
	text_table_column(table, "given", false);
	text_table_column(table, "counts under", false);
	text_table_column(table, "from", false);
	for (unsigned d = 0; d < EVENT_DIMS; d++) {
		char name[32];
		if (!(view->dims_mask >> d & 1))
			continue;
		snprintf(name, sizeof(name), "  %s", event_dim_name(d));
		text_table_cell_text(table, name);
		text_table_cell(table, view->given[d].n > 0 ? view->given[d] : slice_of("-"));
		text_table_cell(table, view->counted[d].n > 0 ? view->counted[d] : slice_of("~none"));
		text_table_cell_text(table, dim_from(view, d));
	}
	if (text_table_rows(table) > 0)
		text_table_text(table, 0, UINT32_MAX, out);
	text_table_free(table);
}

static void
say_kept(const struct event_view *view, int decimals, struct buf *out)
{
	const char *type = event_type_name(view->type), *stage = event_stage_name(view->stage);
	buf_printf(out, "a %s%s%s of ", type != NULL ? type : "event", view->stage != STAGE_NONE ? ", stage " : "",
	           view->stage != STAGE_NONE && stage != NULL ? stage : "");
	say_time(out, view->ts_ms);
	buf_printf(out, "\n");
	say_words(view, out);
	say_amounts(view, decimals, out);
	if (view->counts && view->type == EVENT_SALE)
		say_sale(view, decimals, out);
	if (view->counts && view->type == EVENT_REFUND)
		say_refund(view, out);
	if (view->counts && view->type == EVENT_LEAD)
		say_lead(view, out);
	if (view->counts)
		say_dims(view, out);
}

void
explain_event_text(const struct event_ask *ask, const struct event_view *view, int decimals, struct buf *out)
{
	text_clean(out, ask->id);
	buf_printf(out, ask->cust.n > 0 ? " of " : "");
	text_clean(out, ask->cust);
	buf_printf(out, ": ");
	if (view->known == KNOWN_KEPT)
		say_kept(view, decimals, out);
	else if (view->known == KNOWN_ID)
		buf_printf(out, "it came, and nothing can change it: a visit, an engagement, a correction or a void. No more than "
		                "its id is kept\n");
	else
		buf_printf(out, "not known: it never came with this cust, was refused (see laju dlq), or is forgotten\n");
	if (view->waiting > 0)
		buf_printf(out, "  %u correction%s or void%s wait%s for it\n", view->waiting, view->waiting == 1 ? "" : "s",
		           view->waiting == 1 ? "" : "s", view->waiting == 1 ? "s" : "");
}
