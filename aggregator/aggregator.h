/*
 * aggregator.h - the aggregator core: groups in; verdicts, updates and alerts out.
 *
 * The kernel with its alert rules, and what the publisher is told. No sockets, no
 * clock. One thread at a time.
 */
#ifndef AGGREGATOR_AGGREGATOR_H
#define AGGREGATOR_AGGREGATOR_H
#include "aggregator/explain.h"
#include "aggregator/figures.h"
#include "aggregator/image.h"
#include "aggregator/rules.h"
#include "aggregator/update.h"
#include "schemas/row.h"

enum {
	AGGREGATOR_SLICE_CELLS = 2000,  /* drained between two messages: about a millisecond */
	AGGREGATOR_SLICE_SERIES = 128,  /* told in one update: about a tenth of one */
	AGGREGATOR_DIGEST_SERIES = 2000, /* of rollups with more series digests of the live state leave out the totals */
	AGGREGATOR_SLICE_AUDIT = 4000,  /* cells and entities recounted at a time: about a millisecond */
};

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
/* From now on transitions are told there: to another thread, once it is there. */
void aggregator_tell(struct aggregator *aggregator, aggregator_alert_fn *alert, void *context);

/* Applies a group (its lsn is set; 0: the log did not take it, nothing is applied). Verdicts are written into it. */
void aggregator_apply(struct aggregator *aggregator, struct group *group);
/* A slice of due work. True: nothing is left. */
bool aggregator_work(struct aggregator *aggregator);
/* Recounts a slice of the state (I3). False: a total was found wrong in it. */
bool aggregator_audit(struct aggregator *aggregator);
/* The group can be applied without anything else being due before it or after it: no minute turns. */
bool aggregator_is_quick(const struct aggregator *aggregator, const struct group *group);
/*
 * Tells what has changed, in slices, so that no publish interval holds events up: begins a
 * round of what is changed by now, or goes on with one. DONE, MORE: out (cleared first)
 * holds an update; the lsn in it is one up to which the publisher then holds everything.
 */
enum aggregator_told {
	AGGREGATOR_NOTHING = 0, /* nothing has changed */
	AGGREGATOR_BUSY,        /* drains are not finished: aggregator_work() first */
	AGGREGATOR_MORE,        /* the round goes on: call again soon */
	AGGREGATOR_DONE,        /* that was the round */
};
enum aggregator_told aggregator_publish(struct aggregator *aggregator, struct buf *out);
/* For an image (image.h): the record applied last, the kernel, the rules' states. Drains first. */
void aggregator_save(struct aggregator *aggregator, struct stream_out *out);
/* Into a new one. False: not of this form. *same_rules: the states are those of these rules; else they begin anew. */
bool aggregator_load(struct aggregator *aggregator, struct stream_in *in, bool *same_rules);
/* Verdicts since the start are counted from here: what a recovery did was an earlier start's. */
void aggregator_count_anew(struct aggregator *aggregator);
uint64_t aggregator_lsn(const struct aggregator *aggregator); /* of the record applied last */
/*
 * The digest (kernel_digest(), AGGREGATOR_DIGEST_SERIES) of the state as it is when log time next moves into another
 * minute: then nothing is left to drain. want, then ask until it is there: true, and of which record.
 */
void aggregator_want_digest(struct aggregator *aggregator);
bool aggregator_digest(const struct aggregator *aggregator, uint64_t *lsn, struct hash128 *digest);
/* As of the last group applied; resident_bytes is left 0. */
void aggregator_figures(const struct aggregator *aggregator, struct figures *out);
/* Appends the answer (schemas/event_view.h) to a question about one event. */
void aggregator_explain(struct aggregator *aggregator, struct slice cust, struct slice id, struct buf *out);
/* For questions outside the flow (replay, tests). Drained by aggregator_work(). */
struct kernel *aggregator_kernel(struct aggregator *aggregator);
#endif
