/* row_writer.c - fills one struct row, whose names never change, again and again. */
#include "publisher/row_writer.h"
#include "aggregator/formula.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

_Static_assert((int)MEASURES_MAX <= (int)ROW_MEASURES_MAX, "a row holds all measures");
_Static_assert((int)KPIS_MAX <= (int)ROW_KPIS_MAX, "a row holds all KPIs");

struct row_writer {
	const struct kpi_set *kpis;
	const struct kernel_config *kernel;
	struct row row;
	int64_t totals[PART_COUNT][MEASURES_MAX];
	struct slice names[MEASURES_MAX];
	/* kpi_reason_text() of each case, made once: printing them per row would cost more than the rest */
	char no_measure[MEASURES_MAX + 1][KPI_REASON_MAX]; /* the last: a divisor without measures */
	char overflow[KPI_REASON_MAX], beyond_horizon[KPI_REASON_MAX];
	struct {
		uint64_t kpis; /* as bits: those without a value at this rollup, since spend is not known by it */
		char reason[KPI_REASON_MAX];
	} unknown[ROLLUPS_MAX];
	uint64_t kpi_measures[KPIS_MAX];
	uint64_t missing[WINDOW_COUNT][PART_COUNT];
};

static void
reason_fill(char out[KPI_REASON_MAX], const struct kpi_set *set, enum kpi_reason reason, uint8_t measure)
{
	struct kpi_value value = {.kind = KPI_NONE, .reason = (uint8_t)reason, .measure = measure};

	kpi_reason_text(set, &value, out);
}

/* What a rollup's rows have no value for. */
static void
unknown_fill(struct row_writer *writer, unsigned rollup)
{
	const struct kpi_set *set = writer->kpis;
	uint8_t dims_mask = writer->kernel->rollup[rollup].dims_mask;
	struct kpi_value value = kpi_value_unknown(set, dims_mask);

	for (uint32_t k = 0; k < set->kpi_count; k++)
		writer->unknown[rollup].kpis |= (uint64_t)!kpi_known_by(set, k, dims_mask) << k;
	kpi_reason_text(set, &value, writer->unknown[rollup].reason);
}

struct row_writer *
row_writer_new(const struct publisher_config *config)
{
	struct row_writer *writer = mem_zalloc(1, sizeof(*writer));
	const struct kpi_set *set = config->kpis;

	writer->kpis = set;
	writer->kernel = config->kernel;
	writer->row.epoch = config->epoch;
	writer->row.flags = config->demo ? ROW_DEMO : 0;
	for (uint32_t m = 0; m < set->measure_count; m++)
		writer->names[m] = slice_of(set->measure[m].name);
	for (uint32_t m = 0; m < set->measure_count; m++)
		reason_fill(writer->no_measure[m], set, REASON_ZERO_DENOMINATOR, (uint8_t)m);
	reason_fill(writer->no_measure[MEASURES_MAX], set, REASON_ZERO_DENOMINATOR, UINT8_MAX);
	reason_fill(writer->overflow, set, REASON_OVERFLOW, 0);
	reason_fill(writer->beyond_horizon, set, REASON_BEYOND_HORIZON, 0);
	for (uint32_t k = 0; k < set->kpi_count; k++)
		writer->kpi_measures[k] = formula_measures(&set->kpi[k].formula);
	for (unsigned r = 0; r < config->kernel->rollup_count; r++)
		unknown_fill(writer, r);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		for (unsigned p = 0; p < PART_COUNT; p++)
			writer->missing[w][p] = measures_missing(set, (enum window)w, (enum window_part)p);
	for (unsigned p = 0; p < PART_COUNT; p++) {
		struct row_part *part = &writer->row.part[p];
		for (uint32_t k = 0; k < set->kpi_count; k++)
			part->kpi[k].name = slice_of(set->kpi[k].name);
	}
	return writer;
}

void
row_writer_free(struct row_writer *writer)
{
	free(writer);
}

void
row_writer_topic(const struct row_writer *writer, const struct row_table_view *view, enum window window, struct buf *out)
{
	const char *name = window_name(window), *rollup = writer->kernel->rollup[view->rollup].name;
	size_t name_bytes = strlen(name), rollup_bytes = strlen(rollup);

	out->len = 0;
	uint8_t *at = buf_reserve(out, 6 + name_bytes + rollup_bytes + view->key.n);
	memcpy(at, "kpi/", 4);
	at += 4;
	memcpy(at, name, name_bytes);
	at += name_bytes;
	*at++ = '/';
	memcpy(at, rollup, rollup_bytes);
	at += rollup_bytes;
	*at++ = '/';
	memcpy(at, view->key.p, view->key.n);
	at += view->key.n;
	out->len = (size_t)(at - out->data);
}

static const char *
reason_text(const struct row_writer *writer, const struct kpi_value *value)
{
	if (value->reason == REASON_OVERFLOW)
		return writer->overflow;
	if (value->reason == REASON_BEYOND_HORIZON)
		return writer->beyond_horizon;
	return writer->no_measure[value->measure < writer->kpis->measure_count ? value->measure : MEASURES_MAX];
}

static void
value_fill(const struct row_writer *writer, enum window window, enum window_part p, uint32_t k, struct row_value *out)
{
	static const struct kpi_value beyond = {.kind = KPI_NONE, .reason = REASON_BEYOND_HORIZON, .den = 1};
	struct kpi_value value = writer->kpi_measures[k] & writer->missing[window][p]
	                             ? beyond
	                             : formula_value(&writer->kpis->kpi[k].formula, writer->totals[p]);

	out->kind = value.kind;
	out->num = value.num;
	out->den = value.den;
	if (value.kind == KPI_NONE)
		out->reason = slice_of(reason_text(writer, &value));
}

static void
part_fill(struct row_writer *writer, unsigned rollup, enum window window, enum window_part p)
{
	uint64_t missing = writer->missing[window][p], unknown = writer->unknown[rollup].kpis;
	const struct kpi_set *set = writer->kpis;
	struct row_part *part = &writer->row.part[p];

	part->measures = 0;
	part->kpis = set->kpi_count;
	for (uint32_t m = 0; m < set->measure_count; m++)
		if (!(missing >> m & 1))
			part->measure[part->measures++] = (struct row_measure){writer->names[m], writer->totals[p][m]};
	for (uint32_t k = 0; k < set->kpi_count; k++) {
		struct row_value *out = &part->kpi[k];
		if (unknown >> k & 1) {
			out->kind = KPI_NONE;
			out->reason = slice_of(writer->unknown[rollup].reason);
		} else {
			value_fill(writer, window, p, k, out);
		}
	}
}

void
row_writer_row(struct row_writer *writer, const struct row_table_view *view, enum window window,
               const struct window_bounds *bounds, int64_t at_ms, struct buf *out)
{
	struct row *row = &writer->row;
	uint32_t standing = row->flags & ROW_DEMO;

	assert(view->mask >> window & 1);
	row->seq = view->seq[window];
	row->channel_seq = view->channel_seq[window];
	row->at_ms = at_ms;
	row->has_ptd = window >= (int)WINDOW_ROLLING;
	row->key = view->full_key;
	row->flags = standing | (view->gone ? ROW_GONE : 0) | (view->full_key.n > 0 ? ROW_HASHED_KEY : 0);
	if (!view->gone)
		update_blob_totals(view->blob[window], window, writer->totals);
	for (unsigned p = 0; p < (row->has_ptd ? PART_COUNT : 2u); p++) {
		row->part[p].bounds = bounds->part[p];
		row->part[p].measures = row->part[p].kpis = 0;
		if (!view->gone)
			part_fill(writer, view->rollup, window, p);
	}
	out->len = 0;
	row_encode(row, out);
	row->flags = standing;
}
