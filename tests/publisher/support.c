/* support.c - a small deployment for the publisher's tests. */
#include "tests/publisher/support.h"
#include "aggregator/formula.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t
support_seed(const char *test)
{
	const char *given = getenv("LAJU_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;

	printf("%s: LAJU_SEED=%llu\n", test, (unsigned long long)seed);
	return seed;
}

uint64_t
random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t
random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

static void
kpi_add(struct kpi_set *set, const char *name, const char *text, enum direction direction)
{
	struct kpi *kpi = &set->kpi[set->kpi_count];
	enum unit unit;
	uint32_t at;
	char why[120];

	snprintf(kpi->name, sizeof(kpi->name), "%s", name);
	if (formula_compile(&kpi->formula, set, text, &unit, &at, why) != 0) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	kpi->unit = (uint8_t)unit;
	kpi->direction = (uint8_t)direction;
	set->kpi_count++;
}

const struct kpi_set *
support_kpis(void)
{
	static struct kpi_set set;

	if (set.measure_count > 0)
		return &set;
	snprintf(set.measure[M_VISITS].name, sizeof(set.measure[0].name), "visit_count");
	snprintf(set.measure[M_LEADS].name, sizeof(set.measure[0].name), "lead_count");
	snprintf(set.measure[M_SPEND].name, sizeof(set.measure[0].name), "spend");
	set.measure[M_SPEND].from = EVENT_SPEND;
	set.measure[M_SPEND].unit = UNIT_MONEY;
	set.spend_dims = SPEND_DIMS_DEFAULT;
	set.measure_count = M_COUNT;
	kpi_add(&set, "conversion", "lead_count / visit_count", DIRECTION_UP);
	kpi_add(&set, "cpl", "spend / lead_count", DIRECTION_DOWN);
	kpi_add(&set, "visits", "visit_count", DIRECTION_UP);
	return &set;
}

const struct kernel_config *
support_kernel(void)
{
	static struct kernel_config config = {
	    .rollup_count = R_COUNT,
	    .rollup = {{"all", 0},
	               {"campaign", 1u << TEXT_CAMP},
	               {"campaign+channel", 1u << TEXT_CAMP | 1u << TEXT_CHAN}},
	};
	return &config;
}

struct publisher_config
support_config(void)
{
	return (struct publisher_config){
	    .kpis = support_kpis(),
	    .kernel = support_kernel(),
	    .epoch = 7,
	    .version = "0.0",
	    .zone = "UTC",
	    .currency = "IDR",
	    .durability = "none",
	};
}

void
model_set(struct model_series *series, enum window window, unsigned measure, int64_t value)
{
	series->totals[window][PART_CUR][measure] = value;
}

void
model_name(struct model_series *series, unsigned rollup, const char *key0, const char *key1)
{
	series->live = true;
	series->rollup = (uint8_t)rollup;
	series->key_count = (uint8_t)((key0 != NULL) + (key1 != NULL));
	snprintf(series->key[0], sizeof(series->key[0]), "%s", key0 != NULL ? key0 : "");
	snprintf(series->key[1], sizeof(series->key[1]), "%s", key1 != NULL ? key1 : "");
}

/* One window's totals as the kernel shows a series: other windows stay zero. */
static void
view_of(struct kernel_view *view, uint32_t measures, enum window window, const int64_t totals[PART_COUNT][MEASURES_MAX])
{
	memset(view, 0, sizeof(*view));
	view->measures = measures;
	for (uint32_t m = 0; m < measures; m++) {
		view->measure[m] = (uint8_t)m;
		for (unsigned part = 0; part < (window < WINDOW_ROLLING ? 2u : 3u); part++)
			view->total[m][slot_of(window, part)] = totals[part][m];
	}
}

struct update_entry
updater_entry(struct updater *updater, uint32_t id, const struct model_series *series)
{
	static struct kernel_view view;
	struct update_entry entry = {.series = id, .rollup = series->rollup, .live = series->live};

	if (!series->live)
		return entry;
	entry.key_count = series->key_count;
	for (unsigned i = 0; i < series->key_count; i++)
		entry.key[i] = slice_of(series->key[i]);
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		updater->blobs[w].len = 0;
		view_of(&view, M_COUNT, (enum window)w, series->totals[w]);
		update_blob_add(&updater->blobs[w], (enum window)w, &view);
		entry.blob[w] = buf_slice(&updater->blobs[w]);
	}
	return entry;
}

void
updater_begin(struct updater *updater, uint64_t lsn, int64_t now_ms)
{
	updater->head.lsn = lsn;
	updater->head.now_ms = now_ms;
	updater->entries = 0;
	update_begin(&updater->bytes, &updater->head);
}

void
updater_add(struct updater *updater, uint32_t id, const struct model_series *series)
{
	struct update_entry entry = updater_entry(updater, id, series);

	update_add(&updater->bytes, &entry);
	updater->entries++;
}

struct slice
updater_end(struct updater *updater)
{
	update_end(&updater->bytes, updater->entries);
	return buf_slice(&updater->bytes);
}

void
updater_fini(struct updater *updater)
{
	buf_fini(&updater->bytes);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		buf_fini(&updater->blobs[w]);
}
