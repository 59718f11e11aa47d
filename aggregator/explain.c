/*
 * explain.c - why an event counts as it does.
 *
 * What a fact counts as is in its booking. Where a sale's dimensions come from is not: it
 * is found once more, by the rule of settle.c (take_touch(), lead_says()), from what is known now.
 */
#include "aggregator/explain.h"
#include "aggregator/state.h"

static void
explain_origin(const struct kernel *kernel, const struct fact *sale, struct event_view *out)
{
	out->origin = ORIGIN_OWN;
	if (!kernel->attributes || (sale->flags & EVENT_HAS_TOUCH))
		return;
	out->origin = ORIGIN_SETTLED;
	if (!out->is_open)
		return;
	out->origin = ORIGIN_LEAD;
	if (settle_lead_touch(kernel, sale->lead, sale->ts_ms, &out->touch_ms) != TUPLE_NONE)
		return;
	out->origin = ORIGIN_CUSTOMER;
	if (settle_cust_touch(kernel, sale->cust, sale->ts_ms, &out->touch_ms) == TUPLE_NONE)
		out->origin = ORIGIN_DIRECT;
}

static void
explain_sale(const struct kernel *kernel, const struct fact *sale, struct event_view *out)
{
	if (!out->counts)
		return;
	explain_origin(kernel, sale, out);
	for (unsigned d = TEXT_TEAM; d <= TEXT_PERS; d++)
		if (out->given[d].n == 0 && out->counted[d].n > 0)
			out->by_lead |= (uint8_t)(1u << d);
	out->is_first = sale->marks >> (COLUMN_NEW - COLUMN_MARKS) & 1;
	out->is_spent = sale->is_spent;
	for (uint32_t n = sale->refunds.first; n != FACT_NONE; n = fact_at(&kernel->facts, n)->next) {
		out->refunds++;
		out->refunded += fact_money(&kernel->facts, fact_at(&kernel->facts, n))->taken[NUM_AMT];
	}
}

static void
explain_refund(const struct kernel *kernel, const struct fact *refund, struct event_view *out)
{
	uint32_t sale = fact_money(&kernel->facts, refund)->sale;
	if (!out->counts || (tuple_at(&kernel->tuples, refund->booked[0])->booking & FORM_UNMATCHED))
		return;
	out->is_matched = true;
	if (sale != FACT_NONE && sale != FACT_PAST)
		out->sale_ms = fact_at(&kernel->facts, sale)->ts_ms;
}

static void
explain_lead(const struct fact *event, struct event_view *out)
{
	for (unsigned stage = STAGE_LEAD; stage <= STAGE_CUSTOMER; stage++)
		if (event->marks >> (COLUMN_STAGE - COLUMN_MARKS + stage - STAGE_LEAD) & 1)
			out->entered |= (uint8_t)(1u << stage);
}

static void
explain_words(const struct kernel *kernel, const struct fact *fact, struct event_view *out)
{
	struct form form;
	out->type = fact->type;
	out->ts_ms = fact->ts_ms;
	out->since_ms = fact->type == EVENT_SALE ? fact->since_ms : 0;
	out->rev = fact->is_corrected ? fact->rev : 0;
	out->is_corrected = fact->is_corrected;
	out->is_void = fact->is_void;
	out->is_open = is_remembered(kernel, fact);
	out->amt = fact->num[NUM_AMT];
	out->qty = fact->num[NUM_QTY];
	out->dims_mask = kernel->tuples.dims_mask;
	form_of_tuple(&kernel->tuples, fact->given, &form);
	out->stage = form.stage;
	memcpy(out->given, form.text, sizeof(out->given));
}

static void
explain_booking(const struct kernel *kernel, const struct fact *fact, struct event_view *out)
{
	struct form form;
	const int64_t *num = fact->type == EVENT_REFUND ? fact_money(&kernel->facts, fact)->taken : fact->num;
	out->counts = fact->booked[0] != TUPLE_NONE;
	if (!out->counts)
		return;
	out->amt_counts = num[NUM_AMT];
	out->qty_counts = num[NUM_QTY];
	form_of_tuple(&kernel->tuples, fact->booked[0], &form);
	memcpy(out->counted, form.text, sizeof(out->counted));
}

static void
explain_fact(const struct kernel *kernel, const struct fact *fact, struct event_view *out)
{
	out->known = KNOWN_KEPT;
	explain_words(kernel, fact, out);
	explain_booking(kernel, fact, out);
	switch (fact->type) {
	case EVENT_SALE:
		explain_sale(kernel, fact, out);
		break;
	case EVENT_REFUND:
		explain_refund(kernel, fact, out);
		break;
	case EVENT_LEAD:
		explain_lead(fact, out);
		break;
	default: /* a spend is as it is worded */
		break;
	}
}

bool
kernel_explain(struct kernel *kernel, struct slice cust, struct slice id, struct event_view *out)
{
	struct hash128 identity = group_identity_hash(cust, id, &kernel->config.key);
	uint32_t found[FACT_PARKED_MAX], number = facts_find(&kernel->facts, identity);
	*out = (struct event_view){.waiting = facts_waiting(&kernel->facts, identity, found)};
	if (kernel->now_ms == INT64_MIN)
		return false; /* nothing ever came */
	if (number != FACT_NONE)
		explain_fact(kernel, fact_at(&kernel->facts, number), out);
	else if (ids_is_marked(kernel->ids, identity, kernel->now_ms - kernel->config.horizon_ms))
		out->known = KNOWN_ID;
	return out->known != KNOWN_NOT || out->waiting > 0;
}
