/* kpi_words.c - a KPI in words. */
#include "laju/kpi_words.h"
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- measures ---- */

static const char *
entity_word(unsigned entity)
{
	static const char *const words[ENTITY_KINDS] = {"customers", "orders", "visits"};
	return words[entity];
}

static const char *
entity_key(unsigned entity)
{
	static const char *const keys[ENTITY_KINDS] = {"cust", "order", "visit"};
	return keys[entity];
}

static const char *
where_name(unsigned field)
{
	switch (field) {
	case WHERE_STAGE:
		return "stage";
	case WHERE_KIND:
		return "kind";
	case WHERE_COST_TYPE:
		return "cost_type";
	case WHERE_MATCHED:
		return "matched";
	default:
		return event_dim_name(field);
	}
}

static const char *
where_value(const struct where *where, unsigned v)
{
	switch (where->field) {
	case WHERE_STAGE:
		return event_stage_name(where->number[v]);
	case WHERE_KIND:
		return event_kind_name(where->number[v]);
	case WHERE_MATCHED:
		return where->number[v] ? "yes" : "no";
	default:
		return where->value[v];
	}
}

void
measure_where_words(const struct measure *measure, struct buf *out)
{
	for (unsigned w = 0; w < measure->where_count; w++) {
		const struct where *where = &measure->where[w];
		buf_printf(out, "%s%s is ", w > 0 ? ", and " : "", where_name(where->field));
		for (unsigned v = 0; v < where->count; v++)
			buf_printf(out, "%s%s", v == 0 ? "" : v + 1 == where->count ? " or " : ", ", where_value(where, v));
	}
}

void
measure_take_words(const struct measure *measure, struct buf *out)
{
	static const char *const words[] = {"count", "sum", "distinct", "retained", "previous", "new", "stage", "cohort"};
	buf_printf(out, "%s", words[measure->take]);
	if (measure->take == TAKE_SUM)
		buf_printf(out, "(%s)", event_num_key(measure->num));
	else if (take_is_touch(measure->take) || measure->take == TAKE_NEW)
		buf_printf(out, "(%s)", entity_key(measure->entity));
	else if (measure->take == TAKE_STAGE)
		buf_printf(out, "(%s)", event_stage_name(measure->stage));
	else if (measure->take == TAKE_COHORT)
		buf_printf(out, "(%s, %s)", event_stage_name(measure->stage), event_stage_name(measure->of));
}

const char *
measure_booked(const struct measure *measure)
{
	if (measure->from != EVENT_REFUND)
		return NULL;
	return measure->as_sold ? "as_sold" : "as_refunded";
}

static void
what_is_taken(const struct measure *measure, struct buf *out)
{
	const char *from = event_type_name(measure->from);
	switch ((enum measure_take)measure->take) {
	case TAKE_COUNT:
		buf_printf(out, "number of %s events", from);
		break;
	case TAKE_SUM:
		buf_printf(out, "sum of %s over %s events", event_num_key(measure->num), from);
		break;
	case TAKE_DISTINCT:
		buf_printf(out, "different %s of %s events, each once", entity_word(measure->entity), from);
		break;
	case TAKE_RETAINED:
		buf_printf(out, "customers of %s events who were also there in the window before", from);
		break;
	case TAKE_PREVIOUS:
		buf_printf(out, "customers of %s events in the window before", from);
		break;
	case TAKE_NEW:
		buf_printf(out, "customers whose first sale ever it is");
		break;
	case TAKE_STAGE:
		buf_printf(out, "leads that first entered the stage %s", event_stage_name(measure->stage));
		break;
	case TAKE_COHORT:
		buf_printf(out, "leads that entered the stage %s and have reached %s by now", event_stage_name(measure->of),
		           event_stage_name(measure->stage));
		break;
	}
}

void
measure_words(const struct measure *measure, struct buf *out)
{
	what_is_taken(measure, out);
	if (measure->where_count > 0) {
		buf_printf(out, ", where ");
		measure_where_words(measure, out);
	}
	if (measure->from == EVENT_REFUND)
		buf_printf(out, ", at the time of %s", measure->as_sold ? "their sale" : "the refund");
}

/* ---- formulas ---- */

enum level { SUM = 0, PRODUCT, ATOM }; /* the loosest operation in it */

struct part {
	struct buf text;
	uint8_t level;
};

static void
part_add(struct buf *out, const struct part *part, bool parentheses)
{
	buf_printf(out, parentheses ? "(" : "");
	buf_add(out, part->text.data, part->text.len);
	buf_printf(out, parentheses ? ")" : "");
}

static void
constant_part(const struct formula_op *op, struct part *part)
{
	int decimals = 0;
	uint64_t whole = (uint64_t)(op->num < 0 ? -op->num : op->num), den = (uint64_t)op->den;
	for (int64_t d = op->den; d > 1; d /= 10)
		decimals++;
	buf_printf(&part->text, "%s%llu", op->num < 0 ? "(-" : "", (unsigned long long)(whole / den));
	if (decimals > 0)
		buf_printf(&part->text, ".%0*llu", decimals, (unsigned long long)(whole % den));
	buf_printf(&part->text, op->num < 0 ? ")" : "");
	part->level = ATOM;
}

/* a op b, in a. */
static void
join(struct part *a, struct part *b, enum op op)
{
	static const char signs[] = {[OP_ADD] = '+', [OP_SUB] = '-', [OP_MUL] = '*', [OP_DIV] = '/'};
	uint8_t level = op == OP_ADD || op == OP_SUB ? SUM : PRODUCT;
	bool ordered = op == OP_SUB || op == OP_DIV;
	struct part both = {.level = level};
	part_add(&both.text, a, a->level < level);
	buf_printf(&both.text, " %c ", signs[op]);
	part_add(&both.text, b, b->level < level || (b->level == level && ordered));
	buf_fini(&a->text);
	buf_fini(&b->text);
	*b = (struct part){0};
	*a = both;
}

void
formula_words(const struct formula *formula, formula_operand_fn *operand, void *context, struct buf *out)
{
	struct part stack[FORMULA_OPS_MAX];
	uint32_t depth = 0;
	for (uint32_t i = 0; i < formula->count; i++) {
		const struct formula_op *op = &formula->op[i];
		if (op->op == OP_MEASURE || op->op == OP_CONST) {
			struct part *part = &stack[depth++];
			*part = (struct part){.level = ATOM};
			if (op->op == OP_MEASURE)
				operand(context, op->measure, &part->text);
			else
				constant_part(op, part);
			continue;
		}
		assert(depth >= 2);
		depth--;
		join(&stack[depth - 1], &stack[depth], (enum op)op->op);
	}
	assert(depth == 1);
	part_add(out, &stack[0], false);
	buf_fini(&stack[0].text);
}

static void
name_operand(void *context, uint32_t measure, struct buf *out)
{
	const struct kpi_set *set = context;
	buf_printf(out, "%s", set->measure[measure].name);
}

void
formula_names(const struct formula *formula, const struct kpi_set *set, struct buf *out)
{
	formula_words(formula, name_operand, (void *)(uintptr_t)set, out);
}

/* ---- notes ---- */

/* What kinds of measure a KPI is made of. */
struct makings {
	bool divides, looks_back, is_new, stages, cohorts, spend, sales, money, refunds, as_sold, as_refunded;
	uint8_t entities; /* bit per enum entity_kind that is told apart */
};

#define IF(member) offsetof(struct makings, member)

static const struct {
	size_t flag; /* of a bool in struct makings */
	const char *text;
} sentences[] = {
    {IF(divides), "Sums of the whole window are divided last, never a mean of ratios; without a denominator there is no "
                  "value."},
    {IF(looks_back), "For prev of r30d and m there is no value: who was there before lies beyond the 63 days that are "
                     "remembered."},
    {IF(is_new), "A customer is new once, with the first sale ever by its event time, whenever that arrives; while it is "
                 "fully refunded, nowhere."},
    {IF(stages), "A lead enters each stage once, one that skips a stage enters it with the next; a rejected lead "
                 "leaves them all."},
    {IF(cohorts), "A cohort still grows after its window has ended: it counts what was reached by now."},
    {IF(as_sold), "Refunds count at the time of their sale (as_sold): what is left of the window's own sales, whenever "
                  "they are refunded."},
    {IF(as_refunded), "Refunds count at their own time (as_refunded): what the books of these days say."},
    {IF(refunds), "A refund is cut off at what is left of its sale; while its sale is not known it counts as it came."},
    {IF(sales), "A sale that does not say where it comes from counts where the last touch of its lead or its customer "
                "was (laju explain --event)."},
    {IF(money), "Amounts in other currencies are converted at the rate of the event's local day, a refund's at its "
                "sale's."},
};

static bool
divides(const struct formula *formula)
{
	for (uint32_t i = 0; i < formula->count; i++)
		if (formula->op[i].op == OP_DIV)
			return true;
	return false;
}

static struct makings
makings_of(const struct kpi_set *set, const struct kpi *kpi)
{
	struct makings made = {.divides = divides(&kpi->formula)};
	uint64_t measures = formula_measures(&kpi->formula);
	for (uint32_t m = 0; m < set->measure_count; m++) {
		const struct measure *measure = &set->measure[m];
		if (!(measures >> m & 1))
			continue;
		made.looks_back |= take_looks_back(measure->take);
		made.is_new |= measure->take == TAKE_NEW;
		made.stages |= measure->take == TAKE_STAGE || measure->take == TAKE_COHORT;
		made.cohorts |= measure->take == TAKE_COHORT;
		made.spend |= measure->from == EVENT_SPEND;
		made.sales |= measure->from == EVENT_SALE;
		made.money |= measure->unit == UNIT_MONEY;
		made.refunds |= measure->from == EVENT_REFUND;
		made.as_sold |= measure->from == EVENT_REFUND && measure->as_sold;
		made.as_refunded |= measure->from == EVENT_REFUND && !measure->as_sold;
		if (take_is_touch(measure->take))
			made.entities |= (uint8_t)(1u << measure->entity);
	}
	return made;
}

static void
note_spend(const struct kpi_set *set, kpi_note_fn *note, void *context)
{
	struct buf text = {0};
	const char *comma = "";
	buf_printf(&text, "Spend is known ");
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (set->spend_dims >> d & 1) {
			buf_printf(&text, "%s%s", *comma ? comma : "by ", event_dim_name(d));
			comma = ", ";
		}
	buf_printf(&text, "%s: rows of a rollup by anything else cannot tell it.", set->spend_dims ? "" : "only as a whole");
	buf_add(&text, "", 1);
	note(context, (const char *)text.data);
	buf_fini(&text);
}

static void
note_distinct(uint8_t entities, kpi_note_fn *note, void *context)
{
	char text[160];
	for (unsigned kind = 0; kind < ENTITY_KINDS; kind++) {
		if (!(entities >> kind & 1))
			continue;
		snprintf(text, sizeof(text),
		         "Different %s are counted, each once in a row: those of several rows or windows cannot be added up, for "
		         "one may be in both.", entity_word(kind));
		note(context, text);
	}
}

/* It is kept in the units of a published denominator. */
static void
note_min_denominator(const struct kpi_set *set, const struct kpi *kpi, kpi_note_fn *note, void *context)
{
	char text[160];
	enum unit unit;
	int64_t scale;
	if (!formula_divisor(&kpi->formula, set, &unit, &scale) || kpi->min_denominator <= 0)
		return;
	snprintf(text, sizeof(text), "With a denominator below %lld%s it is shown, but alerts do not judge it.",
	         (long long)(kpi->min_denominator / scale), unit == UNIT_MONEY ? " minor units" : "");
	note(context, text);
}

void
kpi_notes(const struct kpi_set *set, uint32_t k, kpi_note_fn *note, void *context)
{
	const struct kpi *kpi = &set->kpi[k];
	struct makings made = makings_of(set, kpi);
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (*(const bool *)((const char *)&made + sentences[i].flag))
			note(context, sentences[i].text);
	note_distinct(made.entities, note, context);
	if (made.spend)
		note_spend(set, note, context);
	note_min_denominator(set, kpi, note, context);
}
