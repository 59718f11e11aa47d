/*
 * row_json.h - rows, alerts and values as JSON, exact: integers and [num, den]. Pure.
 */
#ifndef LAJU_ROW_JSON_H
#define LAJU_ROW_JSON_H
#include "common/buf.h"
#include "schemas/row.h"

/* int | [num, den] | [null, "reason"], as on the wire. */
void value_json(struct buf *out, const struct row_value *value);
/* One object, no line feed: topic, window, rollup, key (decoded), then the row as it came. */
void row_json(struct buf *out, struct slice topic, const struct row *row);
void alert_json(struct buf *out, struct slice topic, const struct alert_row *alert);
#endif
