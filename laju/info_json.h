/*
 * info_json.h - a server's state and figures, and what became of an event, as JSON. Pure.
 */
#ifndef LAJU_INFO_JSON_H
#define LAJU_INFO_JSON_H
#include "schemas/event_view.h"
#include "schemas/info.h"

/* One object each, no line feed, with the names of schemas/info.md. */
void info_json(struct buf *out, const struct info *info);
void event_view_json(struct buf *out, const struct event_ask *ask, const struct event_view *view);
/* {name: value...} */
void info_figures_json(struct buf *out, const struct info_figures *figures);
#endif
