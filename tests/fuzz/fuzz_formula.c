/*
 * fuzz_formula.c - arbitrary text as a KPI's formula.
 *
 * Holds: a refusal has a sentence and a place inside the text; what compiles can be evaluated on
 * any totals, and a ratio's denominator is above 0.
 */
#include "aggregator/formula.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct kpi_set set;

static void
set_init(void)
{
	static const struct {
		const char *name;
		enum unit unit;
	} measures[] = {{"a", UNIT_COUNT}, {"b", UNIT_COUNT}, {"spend", UNIT_MONEY}, {"c_1", UNIT_MONEY}};
	enum unit unit;
	uint32_t at;
	char why[120];
	for (unsigned i = 0; i < 4; i++) {
		snprintf(set.measure[i].name, sizeof(set.measure[i].name), "%s", measures[i].name);
		set.measure[i].unit = (uint8_t)measures[i].unit;
	}
	set.measure_count = 4;
	snprintf(set.kpi[0].name, sizeof(set.kpi[0].name), "cpl");
	int rc = formula_compile(&set.kpi[0].formula, &set, "spend / a", &unit, &at, why);
	assert(rc == 0);
	set.kpi[0].unit = (uint8_t)unit;
	set.kpi_count = 1;
}

static void
check_value(const struct formula *formula, const int64_t *totals)
{
	char scratch[KPI_REASON_MAX];
	struct kpi_value value = formula_value(formula, totals);
	if (value.kind == KPI_NONE) {
		const char *text = kpi_reason_text(&set, &value, scratch);
		assert(value.reason != REASON_NONE && text[0] != '\0');
	} else {
		assert(value.kind == KPI_NUMBER || (value.kind == KPI_RATIO && value.den > 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t totals[][4] = {
	    {0, 0, 0, 0},
	    {1, 2, 3, 4},
	    {-7, 5, INT64_C(1) << 53, -(INT64_C(1) << 53)},
	    {INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN},
	    {INT64_MIN, -1, INT64_MIN, 1},
	};
	struct formula formula;
	enum unit unit;
	uint32_t at = 0;
	int64_t scale;
	char why[120] = "";

	if (set.measure_count == 0)
		set_init();
	char *text = malloc(size + 1);
	assert(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (formula_compile(&formula, &set, text, &unit, &at, why) == 0) {
		assert(formula.count > 0 && formula.count <= FORMULA_OPS_MAX);
		for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
			check_value(&formula, totals[i]);
		formula_divisor(&formula, &set, &unit, &scale);
	} else {
		assert(why[0] != '\0' && at <= strlen(text));
	}
	free(text);
	return 0;
}
