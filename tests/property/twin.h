/*
 * twin.h - the kernel and the oracle side by side: told the same, asked the same.
 *
 * One list of measures, one form of an event and one set of rates for both, and the questions
 * whose answers must be equal. Who decides what happens is the caller: random histories
 * (test_histories.c), the fuzzer (tests/fuzz/fuzz_kernel.c). One twin at a time: the
 * oracle's callbacks have no context.
 */
#ifndef TESTS_PROPERTY_TWIN_H
#define TESTS_PROPERTY_TWIN_H
#include "aggregator/kernel.h"
#include "tests/oracle/oracle.h"

struct twin {
	struct kpi_set kpis;
	struct kernel_config config;
	struct oracle_config oracle_config;
	struct oracle_measure oracle_measure[MEASURES_MAX];
	struct kernel *kernel;
	struct oracle *oracle;
	uint64_t compared;    /* totals */
	char difference[320]; /* the last one found, in words */
};

/* The zone (which must be there), measures, rates, the product's settings. The caller may change config, adds rollups.
 */
void twin_init(struct twin *twin, const char *zone);
void twin_rollup(struct twin *twin, const char *name, uint8_t dims_mask);
/* Makes kernel and oracle by what config says now. */
void twin_start(struct twin *twin);
void twin_fini(struct twin *twin);

/* What accept would make of an amount in this currency (NULL: the reporting one). */
int64_t twin_amount(const char *cur, int64_t given, int64_t ts_ms);
/* The event as the kernel gets it: one more of the group. */
void twin_put(const struct twin *twin, struct group *group, const struct oracle_event *event);
/* The oracle gets it; what the kernel must say. */
enum verdict twin_expect(struct twin *twin, const struct oracle_event *event);

/* False: they differ, as twin->difference says. All but twin_verdicts() ask for drained state. */
bool twin_verdicts(struct twin *twin, const struct group *group, const enum verdict *expected);
/* Log time, the bounds of all windows, and all totals of all series. */
bool twin_equal(struct twin *twin);
/* The kernel still keeps something although all has expired. */
bool twin_empty(struct twin *twin);
#endif
