/*
 * people.h - a kernel that is told events by hand and asked for sums: for the tests of what facts count as.
 *
 * Log time begins at NOON, of a Wednesday, UTC. Unless a window is named sums are over r30d and its prev, in which a
 * test's events lie. Rollups: all, campaign, channel, team, person. See people.c for the measures.
 */
#ifndef TESTS_AGGREGATOR_PEOPLE_H
#define TESTS_AGGREGATOR_PEOPLE_H
#include "aggregator/facts.h"
#include "aggregator/kernel.h"
#include "aggregator/leads.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR INT64_C(3600000)
#define DAY INT64_C(86400000)
#define NOON INT64_C(1700049600000) /* 2023-11-15 12:00:00 UTC */
#define H (63 * DAY)                /* what is older is forgotten */

struct people {
	struct zone zone;
	struct kpi_set kpis;
	struct kernel_config config;
	struct money_rates *rates;
	struct kernel *kernel;
	int64_t now_ms;
	char said[128]; /* of the last refusal */
};

struct people *people_new(void);
/* Audits all series: whatever a test did, its totals agree with the cells. */
void people_free(struct people *f);

/* What is not named is absent, but amt: no_amt. An event says where from if it has camp or chan. */
struct told {
	enum event_type type;
	const char *id;
	int64_t ts_ms;
	const char *cust, *lead, *ref;
	enum event_stage stage;
	int64_t amt, qty, rev;
	const char *cur; /* of what was given; NULL: the reporting currency */
	int64_t given;
	bool no_amt;
	const char *camp, *chan, *team, *pers;
};

/* One event, alone in its group, at log time now_ms. f->said: why it was refused. */
enum verdict people_tell(struct people *f, const struct told *told);
#define SAY(f, ...) people_tell(f, &(struct told){__VA_ARGS__})
#define TELL(f, ...) assert_int_equal(SAY(f, __VA_ARGS__), VERDICT_OK)
#define REFUSED(f, verdict, ...) assert_int_equal(SAY(f, __VA_ARGS__), verdict)

/* Log time moves there by a tick. */
void be_at(struct people *f, int64_t now_ms);
/*
 * Half an hour before it first, in steps so small that nothing is drained on the way: what is remembered no more is
 * still in memory, unless midnight lies between.
 */
void creep_to(struct people *f, int64_t now_ms);

int64_t part(struct people *f, const char *measure, const char *rollup, const char *key, enum window window,
             enum window_part part);
int64_t of(struct people *f, const char *measure, const char *rollup, const char *key);
int64_t camp(struct people *f, const char *measure, const char *key);
int64_t all(struct people *f, const char *measure);
int64_t today(struct people *f, const char *measure);
int64_t yesterday(struct people *f, const char *measure);
struct kernel_counters counters(const struct people *f);

/* Of two ids of a customer that whose hash is lower; and the other. */
const char *lower_hash(const struct people *f, const char *cust, const char *a, const char *b);
const char *higher_hash(const struct people *f, const char *cust, const char *a, const char *b);
#endif
