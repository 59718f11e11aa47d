/*
 * aggregator.h - the aggregator core: groups in; verdicts, updates and alerts out.
 *
 * The kernel with its alert rules, and what the publisher is told. No sockets, no
 * clock. One thread owns it.
 */
#ifndef AGGREGATOR_AGGREGATOR_H
#define AGGREGATOR_AGGREGATOR_H
#include "aggregator/rules.h"
#include "aggregator/update.h"
#include "schemas/row.h"

enum { AGGREGATOR_SLICE_CELLS = 2000 /* drained between two messages: about a millisecond */ };

/* A transition, ready for the publisher. Slices are valid during the call. */
typedef void aggregator_alert_fn(void *context, struct slice topic, const struct alert_row *row);

struct aggregator_config {
	const struct kernel_config *kernel; /* outlives the aggregator */
	const struct rule *rules;           /* so do these */
	uint32_t rule_count;
	int decimals;                       /* of the reporting currency */
	aggregator_alert_fn *alert;         /* may be NULL */
	void *context;
};

struct aggregator;
struct aggregator *aggregator_new(const struct aggregator_config *config);
void aggregator_free(struct aggregator *aggregator);

/* Applies a group (its lsn is set; 0: the log did not take it, nothing is applied). Verdicts are written into it. */
void aggregator_apply(struct aggregator *aggregator, struct group *group);
/* A slice of due work. True: nothing is left. */
bool aggregator_work(struct aggregator *aggregator);
/*
 * True: out (cleared first) holds an update: the changed series, or new bounds alone.
 * False: nothing has changed, or drains are not finished (go on with aggregator_work()).
 */
bool aggregator_publish(struct aggregator *aggregator, struct buf *out);
/* For questions outside the flow (replay, tests). Drained by aggregator_work(). */
struct kernel *aggregator_kernel(struct aggregator *aggregator);
#endif
