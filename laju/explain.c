/* explain.c - a KPI, by itself and in a row. */
#include "laju/explain.h"
#include "common/mem.h"
#include "laju/kpi_words.h"
#include "laju/ndjson.h"
#include "laju/number.h"
#include "laju/row_json.h"
#include "laju/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const part_names[PART_COUNT] = {"cur", "prev", "ptd"};

static bool
uses(const struct kpi *kpi, uint32_t measure)
{
	return formula_measures(&kpi->formula) >> measure & 1;
}

/* Widest name of what the KPI is made of: columns line up. */
static int
name_width(const struct kpi_set *set, const struct kpi *kpi)
{
	size_t width = 0;
	for (uint32_t m = 0; m < set->measure_count; m++)
		if (uses(kpi, m) && strlen(set->measure[m].name) > width)
			width = strlen(set->measure[m].name);
	return (int)width;
}

/* ---- a KPI ---- */

static void
note_text(void *context, const char *sentence)
{
	buf_printf(context, "  - %s\n", sentence);
}

void
explain_kpi_text(const struct kpi_set *set, uint32_t k, struct buf *out)
{
	static const char *const directions[] = {[DIRECTION_UP] = "more is better",
	                                         [DIRECTION_DOWN] = "less is better",
	                                         [DIRECTION_RANGE] = "neither way is better"};
	const struct kpi *kpi = &set->kpi[k];
	int width = name_width(set, kpi);
	struct buf words = {0};
	buf_printf(out, "%s", kpi->name);
	if (kpi->label_en != NULL || kpi->label_id != NULL)
		buf_printf(out, ": ");
	text_clean(out, slice_of(kpi->label_en ? kpi->label_en : ""));
	buf_printf(out, kpi->label_en && kpi->label_id ? " / " : "");
	text_clean(out, slice_of(kpi->label_id ? kpi->label_id : ""));
	buf_printf(out, "\nunit         %s, %s\nformula      ", unit_name(kpi->unit), directions[kpi->direction]);
	text_clean(out, slice_of(kpi->text));
	buf_printf(out, "\nwritten out  ");
	formula_names(&kpi->formula, set, out);
	buf_printf(out, "\n\nmade of\n");
	for (uint32_t m = 0; m < set->measure_count; m++) {
		if (!uses(kpi, m))
			continue;
		buf_printf(out, "  %-*s  ", width, set->measure[m].name);
		words.len = 0;
		measure_words(&set->measure[m], &words);
		text_clean(out, buf_slice(&words));
		buf_printf(out, "\n");
	}
	buf_fini(&words);
	size_t before = out->len;
	buf_printf(out, "\nto know\n");
	size_t head = out->len;
	kpi_notes(set, k, note_text, out);
	if (out->len == head)
		out->len = before;
}

static void
text_member(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":", name);
	if (text == NULL)
		buf_printf(out, "null");
	else
		text_json(out, slice_of(text));
}

/* What a writer of words appends, as a JSON string. */
static void
words_member(struct buf *out, const char *name, const struct measure *measure,
             void (*words)(const struct measure *measure, struct buf *out))
{
	struct buf text = {0};
	words(measure, &text);
	buf_printf(out, ",\"%s\":", name);
	text_json(out, buf_slice(&text));
	buf_fini(&text);
}

static void
measures_json(const struct kpi_set *set, const struct kpi *kpi, struct buf *out)
{
	const char *comma = "";
	buf_printf(out, ",\n \"measures\":[");
	for (uint32_t m = 0; m < set->measure_count; m++) {
		const struct measure *measure = &set->measure[m];
		if (!uses(kpi, m))
			continue;
		buf_printf(out, "%s\n  {", comma);
		text_member(out, "name", measure->name);
		buf_printf(out, ",\"unit\":\"%s\",\"from\":\"%s\"", unit_name(measure->unit), event_type_name(measure->from));
		words_member(out, "take", measure, measure_take_words);
		words_member(out, "where", measure, measure_where_words);
		buf_printf(out, ",");
		text_member(out, "booked", measure_booked(measure));
		words_member(out, "words", measure, measure_words);
		buf_printf(out, "}");
		comma = ",";
	}
	buf_printf(out, "]");
}

struct note_list {
	struct buf *out;
	const char *comma;
};

static void
note_json(void *context, const char *sentence)
{
	struct note_list *list = context;
	buf_printf(list->out, "%s\n  ", list->comma);
	text_json(list->out, slice_of(sentence));
	list->comma = ",";
}

void
explain_kpi_json(const struct kpi_set *set, uint32_t k, struct buf *out)
{
	const struct kpi *kpi = &set->kpi[k];
	struct note_list list = {out, ""};
	struct buf written = {0};
	text_member(out, "kpi", kpi->name);
	buf_printf(out, ",\"label\":{");
	text_member(out, "id", kpi->label_id);
	buf_printf(out, ",");
	text_member(out, "en", kpi->label_en);
	buf_printf(out, "},\"unit\":\"%s\",\"direction\":\"%s\",\"min_denominator\":%" PRId64 ",\n ", unit_name(kpi->unit),
	           direction_name(kpi->direction), kpi->min_denominator);
	text_member(out, "formula", kpi->text);
	formula_names(&kpi->formula, set, &written);
	buf_printf(out, ",\"written_out\":");
	text_json(out, buf_slice(&written));
	buf_fini(&written);
	measures_json(set, kpi, out);
	buf_printf(out, ",\n \"notes\":[");
	kpi_notes(set, k, note_json, &list);
	buf_printf(out, "]");
}

/* ---- a row ---- */

/* One part of a row: the measures by number, as the formula takes them. */
struct numbers {
	const struct explain_row *explain;
	int64_t total[MEASURES_MAX];
	uint64_t known; /* bit m: the row tells measure m */
};

static void
numbers_of(const struct explain_row *explain, const struct row_part *part, struct numbers *out)
{
	*out = (struct numbers){.explain = explain};
	for (uint32_t i = 0; i < part->measures; i++) {
		int m = measure_find(explain->set, part->measure[i].name);
		if (m < 0)
			continue;
		out->total[m] = part->measure[i].value;
		out->known |= UINT64_C(1) << m;
	}
}

static int64_t
power_of_ten(int n)
{
	int64_t power = 1;
	while (n-- > 0)
		power *= 10;
	return power;
}

static int
decimals_of(const struct info *info)
{
	return info->decimals <= NUMBER_DECIMALS_MAX ? info->decimals : NUMBER_DECIMALS_MAX;
}

/* Money in units of the currency, with all its decimals: what stands there can be reckoned with. */
static void
measure_text(const struct numbers *numbers, uint32_t m, char out[NUMBER_TEXT_MAX])
{
	const struct explain_row *explain = numbers->explain;
	bool money = explain->set->measure[m].unit == UNIT_MONEY;
	int decimals = money ? decimals_of(explain->info) : 0;
	number_fraction(numbers->total[m], power_of_ten(decimals), decimals, true, out);
}

static void
number_operand(void *context, uint32_t m, struct buf *out)
{
	const struct numbers *numbers = context;
	char text[NUMBER_TEXT_MAX];
	measure_text(numbers, m, text);
	buf_printf(out, numbers->total[m] < 0 ? "(%s)" : "%s", text);
}

static const struct row_value *
value_of(struct explain_row *explain, const struct row_part *part)
{
	for (uint32_t i = 0; i < part->kpis; i++)
		if (slice_is(part->kpi[i].name, explain->set->kpi[explain->kpi].name))
			return &part->kpi[i];
	explain->missing = true;
	return NULL;
}

/* A value that the formula of this file does not give is of another file. */
static void
compare(struct explain_row *explain, const struct numbers *numbers, const struct row_value *told)
{
	const struct formula *formula = &explain->set->kpi[explain->kpi].formula;
	struct kpi_value here = formula_value(formula, numbers->total);
	if ((formula_measures(formula) & ~numbers->known) != 0 && told->kind != KPI_NONE)
		explain->differs = true;
	if (told->kind == KPI_NONE || here.kind == KPI_NONE)
		return;
	explain->differs |= told->kind != here.kind || told->num != here.num ||
	                    (told->kind == KPI_RATIO && told->den != here.den);
}

static void
result_text(const struct explain_row *explain, const struct row_value *value, struct buf *out)
{
	static const uint8_t units[] = {[UNIT_COUNT] = NUMBER_COUNT, [UNIT_MONEY] = NUMBER_MONEY, [UNIT_RATIO] = NUMBER_RATIO};
	const struct number_style style = {.unit = units[explain->set->kpi[explain->kpi].unit],
	                                   .decimals = decimals_of(explain->info),
	                                   .decimals_shown = decimals_of(explain->info),
	                                   .grouped = true};
	char text[NUMBER_TEXT_MAX];
	if (number_value(value, &style, text)) {
		buf_printf(out, "%s", text);
		return;
	}
	buf_printf(out, "no value: ");
	text_clean(out, value->reason);
}

static void
part_text(struct explain_row *explain, const char *name, const struct row_part *part, struct buf *out)
{
	const struct kpi *kpi = &explain->set->kpi[explain->kpi];
	const struct row_value *value = value_of(explain, part);
	int width = name_width(explain->set, kpi);
	char lo[32], hi[32], text[NUMBER_TEXT_MAX];
	struct numbers numbers;
	if (value == NULL)
		return;
	numbers_of(explain, part, &numbers);
	compare(explain, &numbers, value);
	time_format(part->bounds.lo, lo);
	time_format(part->bounds.hi, hi);
	buf_printf(out, "  %-4s  %s to %s\n", name, lo, hi);
	for (uint32_t m = 0; m < explain->set->measure_count; m++) {
		if (!uses(kpi, m))
			continue;
		measure_text(&numbers, m, text);
		buf_printf(out, "        %-*s  %s\n", width, explain->set->measure[m].name,
		           numbers.known >> m & 1 ? text : "not told");
	}
	buf_printf(out, "        ");
	formula_words(&kpi->formula, number_operand, &numbers, out);
	buf_printf(out, " = ");
	result_text(explain, value, out);
	buf_printf(out, "\n");
}

/* A measure that counts refunds whose sale is not known; -1: there is none. */
static int
unmatched_measure(const struct kpi_set *set)
{
	for (uint32_t m = 0; m < set->measure_count; m++) {
		const struct measure *measure = &set->measure[m];
		if (measure->from == EVENT_REFUND && measure->take == TAKE_COUNT && measure->where_count == 1 &&
		    measure->where[0].field == WHERE_MATCHED && measure->where[0].count == 1 && measure->where[0].number[0] == 0)
			return (int)m;
	}
	return -1;
}

static bool
takes_refunds(const struct explain_row *explain)
{
	for (uint32_t m = 0; m < explain->set->measure_count; m++)
		if (uses(&explain->set->kpi[explain->kpi], m) && explain->set->measure[m].from == EVENT_REFUND)
			return true;
	return false;
}

/* False: it does not matter, or nobody knows. */
static bool
unmatched_of(const struct explain_row *explain, const struct row *row, int64_t *count)
{
	struct numbers numbers;
	int m = unmatched_measure(explain->set);
	numbers_of(explain, &row->part[PART_CUR], &numbers);
	if (m < 0 || !takes_refunds(explain) || !(numbers.known >> m & 1))
		return false;
	*count = numbers.total[m];
	return true;
}

static unsigned
parts_of(const struct row *row)
{
	return row->has_ptd ? PART_COUNT : PART_PTD;
}

void
explain_row_text(struct explain_row *explain, struct slice topic, const struct row *row, struct buf *out)
{
	struct row_name name = {0};
	struct buf key = {0};
	char at[32];
	int64_t unmatched;
	row_name_of(topic, &name);
	row_key_text(&name, row, &key);
	time_format(row->at_ms, at);
	text_clean(out, name.window);
	buf_printf(out, "/");
	text_clean(out, name.rollup);
	buf_printf(out, "/");
	text_clean(out, buf_slice(&key));
	buf_printf(out, "  (numbers of %s)\n", at);
	for (unsigned part = 0; part < parts_of(row); part++)
		part_text(explain, part_names[part], &row->part[part], out);
	if (unmatched_of(explain, row, &unmatched))
		buf_printf(out, "  refunds in cur whose sale is not known: %" PRId64 "\n", unmatched);
	buf_fini(&key);
}

static void
part_json(struct explain_row *explain, const char *name, const struct row_part *part, struct buf *out)
{
	const struct kpi *kpi = &explain->set->kpi[explain->kpi];
	const struct row_value *value = value_of(explain, part);
	struct numbers numbers;
	struct buf text = {0};
	const char *comma = "";
	buf_printf(out, "\n   \"%s\":", name);
	if (value == NULL) {
		buf_printf(out, "null");
		return;
	}
	numbers_of(explain, part, &numbers);
	compare(explain, &numbers, value);
	buf_printf(out, "{\"lo\":%" PRId64 ",\"hi\":%" PRId64 ",\"measures\":{", part->bounds.lo, part->bounds.hi);
	for (uint32_t m = 0; m < explain->set->measure_count; m++)
		if (uses(kpi, m) && (numbers.known >> m & 1)) {
			buf_printf(out, "%s\"%s\":%" PRId64, comma, explain->set->measure[m].name, numbers.total[m]);
			comma = ",";
		}
	buf_printf(out, "},\"arithmetic\":");
	formula_words(&kpi->formula, number_operand, &numbers, &text);
	text_json(out, buf_slice(&text));
	buf_printf(out, ",\"value\":");
	value_json(out, value);
	buf_printf(out, "}");
	buf_fini(&text);
}

void
explain_row_json(struct explain_row *explain, struct slice topic, const struct row *row, struct buf *out)
{
	struct row_name name = {0};
	struct buf key = {0};
	int64_t unmatched;
	row_name_of(topic, &name);
	row_key_text(&name, row, &key);
	buf_printf(out, "{\"window\":");
	text_json(out, name.window);
	buf_printf(out, ",\"rollup\":");
	text_json(out, name.rollup);
	buf_printf(out, ",\"key\":");
	text_json(out, buf_slice(&key));
	buf_printf(out, ",\"at\":%" PRId64, row->at_ms);
	for (unsigned part = 0; part < parts_of(row); part++) {
		buf_printf(out, ",");
		part_json(explain, part_names[part], &row->part[part], out);
	}
	if (unmatched_of(explain, row, &unmatched))
		buf_printf(out, ",\n   \"refunds_unmatched\":%" PRId64, unmatched);
	buf_printf(out, "}");
	buf_fini(&key);
}

/* ---- what did not count ---- */

static const char *const corrections[] = {"parked", "parked_expired", "parked_unfit"};
static const char *const corrections_words[] = {"that wait for their event", "whose event never came",
                                                "that did not fit their event"};
enum { CORRECTIONS = 3 };

static uint64_t
correction(const struct info *info, unsigned i)
{
	uint64_t value;
	info_find(info, i == 0 ? INFO_STATE : INFO_SINCE, corrections[i], &value);
	return value;
}

void
explain_left_out_text(const struct info *info, struct buf *out)
{
	const struct info_figures *events = &info->group[INFO_EVENTS];
	const char *comma = "";
	buf_printf(out, "not counted, of all events since the server's start\n  ");
	for (uint32_t i = 0; i < events->count; i++) {
		if (slice_is(events->figure[i].name, "ok") || events->figure[i].value == 0)
			continue;
		buf_printf(out, "%s", comma);
		text_clean(out, events->figure[i].name);
		buf_printf(out, " %" PRIu64, events->figure[i].value);
		comma = ", ";
	}
	buf_printf(out, "%s\n  corrections and voids: ", *comma ? "" : "nothing");
	for (unsigned i = 0; i < CORRECTIONS; i++)
		buf_printf(out, "%s%" PRIu64 " %s", i > 0 ? ", " : "", correction(info, i), corrections_words[i]);
	buf_printf(out, "\n");
}

void
explain_left_out_json(const struct info *info, struct buf *out)
{
	const struct info_figures *events = &info->group[INFO_EVENTS];
	const char *comma = "";
	buf_printf(out, "{");
	for (uint32_t i = 0; i < events->count; i++) {
		if (slice_is(events->figure[i].name, "ok"))
			continue;
		buf_printf(out, "%s", comma);
		text_json(out, events->figure[i].name);
		buf_printf(out, ":%" PRIu64, events->figure[i].value);
		comma = ",";
	}
	for (unsigned i = 0; i < CORRECTIONS; i++) {
		buf_printf(out, "%s\"%s\":%" PRIu64, comma, corrections[i], correction(info, i));
		comma = ",";
	}
	buf_printf(out, "}");
}
