/*
 * explain.h - what `laju explain` has to say, as text and as JSON. Pure.
 */
#ifndef LAJU_EXPLAIN_H
#define LAJU_EXPLAIN_H
#include "aggregator/measure.h"
#include "laju/rowset.h"
#include "schemas/event_view.h"
#include "schemas/info.h"

/* A KPI, without a server. Both append. */
void explain_kpi_text(const struct kpi_set *set, uint32_t kpi, struct buf *out);
/* Members of an object, without its braces. */
void explain_kpi_json(const struct kpi_set *set, uint32_t kpi, struct buf *out);

/* A KPI in one row. */
struct explain_row {
	const struct kpi_set *set;
	uint32_t kpi;
	const struct info *info;  /* the server's money */
	bool differs;             /* set: some value is not what the formula gives: the server's KPI is another */
	bool missing;             /* set: the row has no such KPI */
};
void explain_row_text(struct explain_row *explain, struct slice topic, const struct row *row, struct buf *out);
void explain_row_json(struct explain_row *explain, struct slice topic, const struct row *row, struct buf *out);

/* What did not count, of all that came since the server's start. */
void explain_left_out_text(const struct info *info, struct buf *out);
void explain_left_out_json(const struct info *info, struct buf *out);

/* decimals: of the reporting currency. */
void explain_event_text(const struct event_ask *ask, const struct event_view *view, int decimals, struct buf *out);
#endif
