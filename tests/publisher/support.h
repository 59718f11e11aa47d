/*
 * support.h - for the publisher's tests: a small deployment, a model of series, updates made from it.
 */
#ifndef TESTS_PUBLISHER_SUPPORT_H
#define TESTS_PUBLISHER_SUPPORT_H
#include "publisher/publisher.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Random numbers from LAJU_SEED or the clock; the seed is printed. */
uint64_t support_seed(const char *test);
uint64_t random_next(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t n);

/* Measures visits, leads, spend; KPIs conversion = leads / visits, cpl = spend / leads, visits = visits. */
enum { M_VISITS = 0, M_LEADS, M_SPEND, M_COUNT };
/* Rollups. */
enum { R_ALL = 0, R_CAMPAIGN, R_CAMPAIGN_CHANNEL, R_COUNT };
const struct kpi_set *support_kpis(void);
const struct kernel_config *support_kernel(void);
struct publisher_config support_config(void);

/* A series as the aggregator has it. */
struct model_series {
	bool live;
	uint8_t rollup, key_count;
	char key[2][64];
	int64_t totals[WINDOW_COUNT][PART_COUNT][MEASURES_MAX];
};
/* Sets measure m of window w's cur. */
void model_set(struct model_series *series, enum window window, unsigned measure, int64_t value);
void model_name(struct model_series *series, unsigned rollup, const char *key0, const char *key1);

/* An update under construction. */
struct updater {
	struct buf bytes, blobs[WINDOW_COUNT];
	struct update_head head;
	uint32_t entries;
};
void updater_begin(struct updater *updater, uint64_t lsn, int64_t now_ms);
void updater_add(struct updater *updater, uint32_t id, const struct model_series *series);
struct slice updater_end(struct updater *updater);
void updater_fini(struct updater *updater);
/* The entry of a series; slices live until the next call. */
struct update_entry updater_entry(struct updater *updater, uint32_t id, const struct model_series *series);
#endif
