/*
 * oracle.h - the naive model of Laju's counts, sums, people, windows and refusals.
 *
 * It keeps a list of the accepted events and, on every question, derives from nothing what each counts as and adds up
 * those that belong: no running totals, no panes, no edges. The kernel is compared to it. Written from DESIGN.md
 * sections 3, 4, 5 and 11 and KPI.md sections 2, 3, 4 and 6 only, and it shares no code with the kernel; in particular
 * it asks libc for local time (setenv TZ + localtime_r), where the kernel reads the zone data itself. README.md lists
 * what was decided where those sections are silent.
 *
 * Times are ms since 1970 UTC, lengths of time are ms, unless a name says otherwise.
 * Input is already decoded: dimensions normalised, channels derived, money converted, qty and n defaulted, amounts and
 * units of sales and refunds 0 or more (but a correction's amount is judged here).
 * A broken contract or lack of memory ends the process by assert, with NDEBUG too: it is a test tool.
 * Not thread-safe, not even between two oracles: TZ belongs to the process. TZ is put back before each call returns.
 *
 * BUGS: no guard (`~other`), flags (skipped, capped) or history rows yet. Sums wrap modulo 2^64. Dates are right from
 * about 1800 to 3000, and where no zone changes its clock twice within 15 minutes.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ORACLE_DIMS = 7 }; /* campaign channel source medium team person product, in this order */
enum { ORACLE_NUMS = 5 }; /* amt qty n reach imp, in this order */
enum { ORACLE_ROLLUPS_MAX = 32, ORACLE_FILTERS_MAX = 8, ORACLE_VALUES_MAX = 16 };
enum { ORACLE_PARKED_MAX = 16 }; /* corrections and voids that may wait for one (cust, ref) at a time */

#define ORACLE_NEVER INT64_MIN /* log time before the first record */
#define ORACLE_NONE "~none"    /* the key of a missing dimension */
#define ORACLE_NO_RATE INT64_MIN

enum oracle_window { ORACLE_R1D, ORACLE_R7D, ORACLE_R30D, ORACLE_D, ORACLE_W, ORACLE_M, ORACLE_WINDOWS };
enum oracle_part { ORACLE_CUR, ORACLE_PREV, ORACLE_PTD, ORACLE_PARTS };
enum oracle_verdict { ORACLE_OK, ORACLE_DUPLICATE, ORACLE_ID_CONFLICT, ORACLE_TOO_LATE, ORACLE_FUTURE };
/*
 * `people` only. Outside the enum, so that a switch over the others goes on compiling. Tested in this order: own id,
 * BAD_REF, revision (DUPLICATE, ID_CONFLICT), MISSING, BAD_AMOUNT.
 * BAD_REF: a correct or void without a ref, of what cannot be corrected (visit, engage, correct, void), or one too many
 * that would wait for its event.
 * Of a correct whose event is known; MISSING: no amount for a sale, refund or spend, no lead for a lead event;
 * BAD_AMOUNT: below 0, and the event is no spend.
 */
#define ORACLE_BAD_REF ((enum oracle_verdict)(ORACLE_FUTURE + 1))
#define ORACLE_BAD_AMOUNT ((enum oracle_verdict)(ORACLE_FUTURE + 2))
#define ORACLE_MISSING ((enum oracle_verdict)(ORACLE_FUTURE + 3))

/* The numbers of schemas/event.h. */
enum oracle_type {
	ORACLE_VISIT = 1, ORACLE_LEAD, ORACLE_SALE, ORACLE_REFUND, ORACLE_SPEND, ORACLE_ENGAGE,
	ORACLE_CORRECT, ORACLE_VOID
};

/* Of a lead event; one without a stage means ORACLE_STAGE_LEAD. */
enum oracle_stage {
	ORACLE_STAGE_LEAD = 1, ORACLE_STAGE_MQL, ORACLE_STAGE_SQL, ORACLE_STAGE_CUSTOMER, ORACLE_STAGE_REJECTED
};

/*
 * kind is any number, and without `people` so are type and stage: the oracle only compares them. A text that is NULL,
 * "" or "~none" is missing.
 */
struct oracle_event {
	const char *id;
	uint64_t content; /* equal content <=> equal event */
	int type, stage, kind;
	int64_t ts_ms;
	const char *dim[ORACLE_DIMS];
	const char *cost_type;
	int64_t num[ORACLE_NUMS];
	bool has_amt;    /* correct: num[0] was given, else it is 0; of other types not looked at */
	const char *cur; /* refund, or its correct: for config.convert, with what was given in that currency */
	int64_t given;
	const char *cust; /* identity is (cust, id); leave it NULL where id alone shall tell events apart */
	const char *lead, *order, *visit;
	const char *ref; /* refund, correct, void: the id of the event meant, of the same cust */
	int64_t rev;     /* correct, void */
	bool has_touch;  /* the sender gave one of camp, chan, src, med, ref_url, click */
};

/* What a filter looks at: a dimension's index 0..6, or one of these. */
enum { ORACLE_BY_STAGE = ORACLE_DIMS, ORACLE_BY_KIND, ORACLE_BY_COST_TYPE, ORACLE_BY_MATCHED };

/* Passes when the event's value equals one of the first value_count values; with none it passes nothing. */
struct oracle_filter {
	int what;
	int value_count;
	const char *text[ORACLE_VALUES_MAX]; /* dimensions and cost type */
	int number[ORACLE_VALUES_MAX];       /* stage, kind; matched: 1 = a refund with a sale not void, else 0 */
};

enum oracle_take {
	ORACLE_ADD = 0,  /* count or sum, as `field` says */
	ORACLE_DISTINCT, /* entities with at least one event */
	ORACLE_RETAINED, /* entities with one in the part and one in the period (or window) before it */
	/* With `people` only; what made the customer new or the lead enter says when and where. */
	ORACLE_NEW,      /* from sales: customers, at their first sale ever */
	ORACLE_STAGE,    /* from leads: leads, when they first entered `stage` */
	ORACLE_COHORT,   /* from leads: leads that have reached `stage` by now, when they first entered `cohort_of` */
	ORACLE_PREVIOUS  /* entities with at least one event in the period (or window) before the part */
};

/* Each is one of its customer: two customers' visits of one name are two visits. An event without is not counted. */
enum oracle_entity { ORACLE_CUST = 0, ORACLE_ORDER, ORACLE_VISIT_ID, ORACLE_ENTITIES };

/*
 * Takes the events of one type that pass all filters. With `people` a filter looks at the event as it counts:
 * corrected, attributed, a refund under its sale's dimensions.
 */
struct oracle_measure {
	const char *name; /* for oracle_print() only */
	int type;
	int field; /* ADD: -1 = count the events, else the index in num[] to sum */
	int filter_count;
	struct oracle_filter filter[ORACLE_FILTERS_MAX];
	int take;     /* enum oracle_take */
	int entity;   /* DISTINCT, RETAINED, PREVIOUS: enum oracle_entity */
	int stage;    /* STAGE, COHORT: ORACLE_STAGE_LEAD .. ORACLE_STAGE_CUSTOMER */
	bool as_sold; /* refunds: at the sale's time instead of the refund's */
	/* COHORT: 0 or ORACLE_STAGE_LEAD (when it was created), else ORACLE_STAGE_MQL or _SQL and `stage` above it. */
	int cohort_of;
};

struct oracle_config {
	const char *zone;     /* a name of the system's zone data, as Asia/Jakarta */
	int week_start;       /* 0 = Monday .. 6 = Sunday */
	bool clock_events;    /* log time follows the events */
	int64_t horizon_ms;   /* lateness and the memory of ids; the product's is 63 days */
	int64_t future_ms;    /* how far ahead an event may be; the product's is 5 min */
	int slide_min[3];     /* minutes per pane of r1d, r7d, r30d: 1, 15, 60 by default */
	int rollup_count;
	unsigned rollup[ORACLE_ROLLUPS_MAX]; /* bit i set: dimension i is in the key; 0 = `all` */
	int measure_count;
	const struct oracle_measure *measure;
	/*
	 * false: an event counts as it came, whatever its type, at its own time and dimensions. true: KPI.md sections 2
	 * and 6 and section 11's New, Leads, Refund, Correct / void, Attribution.
	 */
	bool people;
	int64_t look_back_ms; /* of attribution; 0: 30 days */
	/* The order of two events of one ts; NULL: strcmp of ids. A missing cust comes as "". */
	int (*tie)(const char *cust_a, const char *id_a, const char *cust_b, const char *id_b);
	/*
	 * What `given` in currency cur is at ts_ms, 0 or more, or ORACLE_NO_RATE. A refund with a sale is worth that at
	 * the sale's time, without a rate or without convert its num[0]. A missing cur comes as NULL.
	 */
	int64_t (*convert)(const char *cur, int64_t given, int64_t ts_ms);
};

struct oracle; /* opaque, defined in oracle.c */

/* Copies all it needs of the config. The caller owns the result; NULL: the system has no such zone. */
struct oracle *oracle_new(const struct oracle_config *config);
void oracle_free(struct oracle *oracle); /* accepts NULL */

/*
 * A batch record or a tick arrives: record time = max(previous, recv). Under clock_events call it for ticks only (a batch
 * carries no time of its own there).
 */
void oracle_time(struct oracle *oracle, int64_t recv_ms);

/*
 * One event, at the record time now in force; without clock_events some oracle_time() must have come before. Copies all it
 * keeps. Whatever the verdict, under clock_events log time is at least the event's afterwards.
 */
enum oracle_verdict oracle_add(struct oracle *oracle, const struct oracle_event *event);

/* Log time, ORACLE_NEVER before the first record. */
int64_t oracle_now(const struct oracle *oracle);

/* Every event with lo <= ts < hi counts, no other. False, bounds untouched: no such part (ptd of rolling) or no log time yet. */
bool oracle_bounds(struct oracle *oracle, enum oracle_window window, enum oracle_part part, int64_t *lo, int64_t *hi);

/*
 * 0 where nothing counts, the part does not exist or the key was never seen. Entries of key outside the rollup are not read;
 * key may be NULL for `all`.
 */
int64_t oracle_total(struct oracle *oracle, int rollup, const char *const key[ORACLE_DIMS], int measure,
    enum oracle_window window, enum oracle_part part);

/*
 * There is no such value, whatever the events: the part does not exist, or a RETAINED or PREVIOUS one would have to
 * look back beyond the horizon (prev of r30d and m, ptd of m). oracle_total() says 0 there.
 */
bool oracle_null(struct oracle *oracle, int measure, enum oracle_window window, enum oracle_part part);

/*
 * The (rollup, key) pairs any accepted event projects to, as it came or as it counted at a question, in order of first
 * appearance, also when all their totals have gone back to 0: call with index 0, 1, ... until false. key[i] is NULL
 * outside the rollup, "~none" where missing; the texts live as long as the oracle.
 */
bool oracle_series(struct oracle *oracle, size_t index, int *rollup, const char *key[ORACLE_DIMS]);

/* Debugging: log time, the bounds of every part, then a line for each total that is not 0. */
void oracle_print(struct oracle *oracle, FILE *out);
#endif
