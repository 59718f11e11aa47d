/*
 * kpi_words.h - a KPI in words: what its measures count, its formula, what to bear in mind. Pure.
 */
#ifndef LAJU_KPI_WORDS_H
#define LAJU_KPI_WORDS_H
#include "aggregator/formula.h"
#include "common/buf.h"

/* All append. */

/* "sum of amt over refund events, at the time of their sale" */
void measure_words(const struct measure *measure, struct buf *out);
/* As a file of KPIs has it: "sum(amt)", "cohort(sql, mql)". */
void measure_take_words(const struct measure *measure, struct buf *out);
/* "channel is Organic Search or Organic Social, and stage is mql"; nothing where all events count. */
void measure_where_words(const struct measure *measure, struct buf *out);
/* NULL: it is not of refunds. */
const char *measure_booked(const struct measure *measure);

/* An operand as it is to stand there; a negative number is put in parentheses. */
typedef void formula_operand_fn(void *context, uint32_t measure, struct buf *out);
/* With the fewest parentheses; KPIs in it are written out. */
void formula_words(const struct formula *formula, formula_operand_fn *operand, void *context, struct buf *out);
/* With the names of the measures. */
void formula_names(const struct formula *formula, const struct kpi_set *set, struct buf *out);

typedef void kpi_note_fn(void *context, const char *sentence);
/* The rules that decide what the number means, one sentence each. */
void kpi_notes(const struct kpi_set *set, uint32_t kpi, kpi_note_fn *note, void *context);
#endif
