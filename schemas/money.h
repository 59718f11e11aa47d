/*
 * money.h - currencies, decimals, conversion. Integers only.
 */
#ifndef SCHEMAS_MONEY_H
#define SCHEMAS_MONEY_H
#include "common/slice.h"
#include <stdint.h>

enum { MONEY_DECIMALS_MAX = 6, MONEY_TEXT_MAX = 40, MONEY_RATES_MAX = 200000 };

/* Decimals of an ISO 4217 code (XTS: 4, for tests); -1 if unknown. Code is 3 upper-case letters. */
int money_decimals(struct slice code);
/* How many decimals people print: IDR 0, else as money_decimals(). */
int money_decimals_shown(struct slice code);

/*
 * "1234.50" -> minor units at `decimals`; optional sign. 0, -EINVAL (no decimal number), -ERANGE (does not fit),
 * -EDOM: more decimals than that, be they zeros: whoever writes "250.000" of a currency with two may mean 250 thousand.
 */
int money_parse(struct slice text, int decimals, int64_t *minor);
/* Exact: "1234.50". out has MONEY_TEXT_MAX bytes. */
void money_format(int64_t minor, int decimals, char *out);

/* Dated rates into the reporting currency. Immutable after loading. */
struct money_rates;
struct money_rates *money_rates_new(struct slice reporting_code); /* NULL: unknown currency */
void money_rates_free(struct money_rates *rates);
/*
 * From local day `day` (days since 1970) on, 1 unit of code is num/den units of the
 * reporting currency (whole units, not minor). 0, -EINVAL (unknown or the reporting currency, not above 0,
 * or more digits than 64 bits hold), -EEXIST (same code and day), -E2BIG (more than MONEY_RATES_MAX).
 */
int money_rates_add(struct money_rates *rates, struct slice code, int64_t day, int64_t num, int64_t den);
/*
 * Converts amt minor units of code (empty: the reporting currency) at local day;
 * the latest rate dated <= day; half-even, once. 0; -ENOENT: unknown currency or no
 * rate; -ERANGE: does not fit.
 */
int money_convert(const struct money_rates *rates, struct slice code, int64_t day, int64_t amt, int64_t *out);
struct slice money_reporting(const struct money_rates *rates);
#endif
