/*
 * oracle.h - the naive model of Laju's counts, sums, windows and refusals.
 *
 * It keeps a list of the accepted events and, on every question, adds up from nothing those that belong: no running
 * totals, no panes, no edges. The kernel is compared to it. Written from DESIGN.md sections 3, 4 and 11 only, and it shares
 * no code with the kernel; in particular it asks libc for local time (setenv TZ + localtime_r), where the kernel reads the
 * zone data itself. README.md lists what was decided where those sections are silent.
 *
 * Times are ms since 1970 UTC, lengths of time are ms, unless a name says otherwise.
 * Input is already decoded: dimensions normalised, money converted, qty and n defaulted.
 * A broken contract or lack of memory ends the process by assert, with NDEBUG too: it is a test tool.
 * Not thread-safe, not even between two oracles: TZ belongs to the process. TZ is put back before each call returns.
 *
 * BUGS: no customers, leads, attribution, refunds, corrections, parking, guard (`~other`) or history rows yet. Sums wrap
 * modulo 2^64. Dates are right from about 1800 to 3000, and where no zone changes its clock twice within 15 minutes.
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

#define ORACLE_NEVER INT64_MIN /* log time before the first record */
#define ORACLE_NONE "~none"    /* the key of a missing dimension */

enum oracle_window { ORACLE_R1D, ORACLE_R7D, ORACLE_R30D, ORACLE_D, ORACLE_W, ORACLE_M, ORACLE_WINDOWS };
enum oracle_part { ORACLE_CUR, ORACLE_PREV, ORACLE_PTD, ORACLE_PARTS };
enum oracle_verdict { ORACLE_OK, ORACLE_DUPLICATE, ORACLE_ID_CONFLICT, ORACLE_TOO_LATE, ORACLE_FUTURE };

/* type, stage and kind are any numbers: the oracle only compares them. A text that is NULL, "" or "~none" is missing. */
struct oracle_event {
	const char *id;
	uint64_t content; /* equal content <=> equal event */
	int type, stage, kind;
	int64_t ts_ms;
	const char *dim[ORACLE_DIMS];
	const char *cost_type;
	int64_t num[ORACLE_NUMS];
	const char *cust; /* identity is (cust, id); leave it NULL where id alone shall tell events apart */
};

/* What a filter looks at: a dimension's index 0..6, or one of these. */
enum { ORACLE_BY_STAGE = ORACLE_DIMS, ORACLE_BY_KIND, ORACLE_BY_COST_TYPE };

/* Passes when the event's value equals one of the first value_count values; with none it passes nothing. */
struct oracle_filter {
	int what;
	int value_count;
	const char *text[ORACLE_VALUES_MAX]; /* dimensions and cost type */
	int number[ORACLE_VALUES_MAX];       /* stage and kind */
};

/* Takes the events of one type that pass all filters. */
struct oracle_measure {
	const char *name; /* for oracle_print() only */
	int type;
	int field; /* -1 = count the events, else the index in num[] to sum */
	int filter_count;
	struct oracle_filter filter[ORACLE_FILTERS_MAX];
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
 * The (rollup, key) pairs any accepted event projects to, in order of first appearance, also when all their totals have gone
 * back to 0: call with index 0, 1, ... until false. key[i] is NULL outside the rollup, "~none" where missing; the texts live
 * as long as the oracle.
 */
bool oracle_series(const struct oracle *oracle, size_t index, int *rollup, const char *key[ORACLE_DIMS]);

/* Debugging: log time, the bounds of every part, then a line for each total that is not 0. */
void oracle_print(struct oracle *oracle, FILE *out);
#endif
