/*
 * explain.h - why an event counts as it does: what is known of it, and what was chosen. Reads only.
 */
#ifndef AGGREGATOR_EXPLAIN_H
#define AGGREGATOR_EXPLAIN_H
#include "aggregator/kernel.h"
#include "schemas/event_view.h"

/*
 * The event that (cust, id) names; cust.n == 0: it named none. False: nothing is known of it, and nothing
 * waits for it (*out is empty but for that). Its texts are valid until the next group is applied.
 */
bool kernel_explain(struct kernel *kernel, struct slice cust, struct slice id, struct event_view *out);
#endif
