/*
 * number.h - numbers as people read them. Integers only: rounding is exact, half away from zero. Pure.
 */
#ifndef LAJU_NUMBER_H
#define LAJU_NUMBER_H
#include "schemas/row.h"
#include <stdint.h>

enum { NUMBER_TEXT_MAX = 80, NUMBER_DECIMALS_MAX = 6 };

/* num / den with so many decimals, den > 0; grouped: "1,234,567.50". No "-0". */
void number_fraction(__int128 num, __int128 den, int decimals, bool grouped, char out[NUMBER_TEXT_MAX]);

enum number_unit { NUMBER_COUNT = 0, NUMBER_MONEY, NUMBER_RATIO };
struct number_style {
	uint8_t unit;       /* enum number_unit */
	int decimals;       /* of the currency: minor units in a unit */
	int decimals_shown; /* of money */
	bool grouped;       /* for people; false: for machines, money and ratios with all their decimals */
};
/*
 * A KPI: a count in full, money in whole units with decimals, a ratio with 2 to 4
 * decimals (4 below 1, 3 below 10). False and "-" when it has no value.
 */
bool number_value(const struct row_value *value, const struct number_style *style, char out[NUMBER_TEXT_MAX]);

enum number_trend { TREND_NONE = 0 /* nothing to compare with */, TREND_SAME, TREND_UP, TREND_DOWN, TREND_NEW /* from zero */ };
/* "+18.4 %" of now against base; "new" where base is 0 and now is not; "-" where one has no value. */
enum number_trend number_change(const struct row_value *now, const struct row_value *base, char out[NUMBER_TEXT_MAX]);

/* "0.4 s", "12 s", "34 min", "5 h", "3 d". */
void number_age(int64_t ms, char out[NUMBER_TEXT_MAX]);
#endif
