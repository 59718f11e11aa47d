/*
 * formula.h - KPI formulas: + - * / and parentheses over measures and constants.
 *
 * Ratio of sums: a value is kept as numerator / denominator of 128-bit integers
 * through the whole formula and divided last, by whoever shows it. No float.
 * Pure; any thread.
 */
#ifndef AGGREGATOR_FORMULA_H
#define AGGREGATOR_FORMULA_H
#include "aggregator/measure.h"

enum kpi_kind {
	KPI_NUMBER = 0, /* num; den is 1 and the formula has no division */
	KPI_RATIO,      /* num / den, den > 0; not reduced further than needed to fit */
	KPI_NONE,       /* no value: see reason */
};

enum kpi_reason {
	REASON_NONE = 0,
	REASON_ZERO_DENOMINATOR, /* the divisor's measures are all zero: "no <name>" */
	REASON_OVERFLOW,
	REASON_BEYOND_HORIZON,   /* a measure has no value in this part: measures_missing() */
	REASON_SPEND_UNKNOWN,    /* spend is not known by the rollup's dimensions: kpi_known_by() */
};
enum { KPI_REASON_MAX = 128 }; /* bytes of the longest text, all dimensions unknown, with the terminator */

struct kpi_value {
	uint8_t kind;   /* enum kpi_kind */
	uint8_t reason; /* enum kpi_reason */
	uint8_t measure; /* ZERO_DENOMINATOR: first measure of the divisor; SPEND_UNKNOWN: the dimensions, as bits */
	int64_t num, den;
};

/*
 * Compiles text. Names are measures, then KPIs defined before (expanded in
 * place). Checks units: sums and differences need one unit; money times money is
 * refused. Refunds are booked in one way throughout: as_sold or as_refunded. 0, or a negative value (-ENOENT: an unknown name starts there) with the
 * byte offset of the place in *at and a sentence in why (120 bytes). On success *unit is the formula's unit: money / count
 * stays money, money / money and count / count are ratio.
 */
int formula_compile(struct formula *formula, const struct kpi_set *set, const char *text, enum unit *unit,
                    uint32_t *at, char *why);

/* totals[m] is the total of measure m in one part of one window of one series. */
struct kpi_value formula_value(const struct formula *formula, const int64_t *totals);

/*
 * Whether the whole formula is A / B without further division in A or B, so that a
 * smallest denominator can be given for B. *unit: B's; a value's den is B times
 * *scale (10 for "0.3 * a / b").
 */
bool formula_divisor(const struct formula *formula, const struct kpi_set *set, enum unit *unit, int64_t *scale);

/* The measures it uses, as bits. */
uint64_t formula_measures(const struct formula *formula);

/* "no lead_events", "overflow", "spend is not known by team"; terminated, in scratch. */
const char *kpi_reason_text(const struct kpi_set *set, const struct kpi_value *value, char scratch[KPI_REASON_MAX]);
/* No value for a KPI that is not known by the dimensions of a rollup. */
struct kpi_value kpi_value_unknown(const struct kpi_set *set, uint8_t dims_mask);
#endif
