/* test_formula.c - formulas: what compiles, what is refused and where, and exact values. */
#include "aggregator/formula.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { VISITS = 0, LEADS, SALES, AMOUNT, SPEND, MEASURES };

static void
add_measure(struct kpi_set *set, const char *name, enum unit unit)
{
	struct measure *measure = &set->measure[set->measure_count++];
	strcpy(measure->name, name);
	measure->unit = (uint8_t)unit;
}

static struct kpi_set *
shop(void)
{
	static struct kpi_set set;
	memset(&set, 0, sizeof(set));
	add_measure(&set, "visits", UNIT_COUNT);
	add_measure(&set, "leads", UNIT_COUNT);
	add_measure(&set, "sales", UNIT_COUNT);
	add_measure(&set, "amount", UNIT_MONEY);
	add_measure(&set, "spend", UNIT_MONEY);
	add_measure(&set, "buyers", UNIT_COUNT);
	add_measure(&set, "visitors", UNIT_COUNT);
	set.measure[set.measure_count - 2].take = set.measure[set.measure_count - 1].take = TAKE_DISTINCT;
	/* Of refunds: two at the sale's time, one at its own. */
	add_measure(&set, "sold", UNIT_MONEY);
	add_measure(&set, "sold_units", UNIT_COUNT);
	add_measure(&set, "refunds", UNIT_MONEY);
	for (uint32_t m = set.measure_count - 3; m < set.measure_count; m++)
		set.measure[m].from = EVENT_REFUND;
	set.measure[set.measure_count - 3].as_sold = set.measure[set.measure_count - 2].as_sold = true;
	add_measure(&set, "mql", UNIT_COUNT);
	add_measure(&set, "mql_won", UNIT_COUNT);
	set.measure[set.measure_count - 2].take = TAKE_STAGE;
	set.measure[set.measure_count - 1].take = TAKE_COHORT;
	set.measure[SPEND].from = EVENT_SPEND;
	return &set;
}

static struct formula
compiled(const struct kpi_set *set, const char *text, enum unit *unit)
{
	struct formula formula;
	uint32_t at = 0;
	char why[120] = "";
	if (formula_compile(&formula, set, text, unit, &at, why) != 0)
		fail_msg("%s: %u: %s", text, at, why);
	return formula;
}

static struct kpi_value
value_of(const char *text, const int64_t *totals)
{
	enum unit unit;
	struct formula formula = compiled(shop(), text, &unit);
	return formula_value(&formula, totals);
}

#define assert_value(value, want_kind, want_num, want_den)                                                             \
	do {                                                                                                           \
		struct kpi_value got = (value);                                                                        \
		assert_int_equal(got.kind, want_kind);                                                                 \
		assert_int_equal(got.num, want_num);                                                                   \
		assert_int_equal(got.den, want_den);                                                                   \
	} while (0)

static void
a_formula_without_division_is_an_integer(void **state)
{
	(void)state;
	const int64_t totals[MEASURES] = {[AMOUNT] = 500, [SPEND] = 700};
	assert_value(value_of("amount", totals), KPI_NUMBER, 500, 1);
	assert_value(value_of("amount - spend", totals), KPI_NUMBER, -200, 1);
	assert_value(value_of("amount * 1.0 - spend", totals), KPI_NUMBER, -200, 1);
	assert_value(value_of("-spend + 2 * amount", totals), KPI_NUMBER, 300, 1);
}

/* min_denominator is compared with den: 30 visits must stay 30, not become 3. */
static void
a_ratio_keeps_its_divisor(void **state)
{
	(void)state;
	const int64_t totals[MEASURES] = {[VISITS] = 30, [SALES] = 10, [AMOUNT] = 900, [SPEND] = 300};
	assert_value(value_of("sales / visits", totals), KPI_RATIO, 10, 30);
	assert_value(value_of("(amount - spend) / spend", totals), KPI_RATIO, 600, 300);
	/* 0.35 * 900 = 315; (315 - 300) / 300 = 15/300, kept as 1500/30000 */
	assert_value(value_of("(amount * 0.35 - spend) / spend", totals), KPI_RATIO, 1500, 30000);
	assert_value(value_of("amount * 0.5", totals), KPI_RATIO, 4500, 10);
}

static void
a_kind_does_not_depend_on_the_numbers(void **state)
{
	(void)state;
	const int64_t totals[MEASURES] = {[VISITS] = 1, [SALES] = 4, [AMOUNT] = 10};
	assert_value(value_of("sales / visits", totals), KPI_RATIO, 4, 1);
	assert_value(value_of("amount * 0.1", totals), KPI_RATIO, 10, 10);
}

static void
a_zero_divisor_is_no_value_and_names_what_is_missing(void **state)
{
	(void)state;
	char scratch[KPI_REASON_MAX];
	const int64_t totals[MEASURES] = {[SPEND] = 5};
	struct kpi_value value = value_of("(amount + spend) / (leads + visits) * 2", totals);
	assert_int_equal(value.kind, KPI_NONE);
	assert_int_equal(value.reason, REASON_ZERO_DENOMINATOR);
	assert_int_equal(value.measure, LEADS);
	assert_string_equal(kpi_reason_text(shop(), &value, scratch), "no leads");
	/* A zero factor before it does not hide it. */
	value = value_of("0 * (spend / leads)", totals);
	assert_int_equal(value.kind, KPI_NONE);
}

static void
a_negative_divisor_leaves_den_positive(void **state)
{
	(void)state;
	const int64_t totals[MEASURES] = {[AMOUNT] = 100, [SPEND] = 130, [SALES] = 3};
	assert_value(value_of("spend / (amount - spend)", totals), KPI_RATIO, -130, 30);
	assert_value(value_of("(amount - spend) / (amount - spend)", totals), KPI_RATIO, 30, 30);
}

static void
what_does_not_fit_is_an_overflow_not_a_wrong_number(void **state)
{
	(void)state;
	char scratch[KPI_REASON_MAX];
	const int64_t totals[MEASURES] = {[VISITS] = INT64_MAX, [LEADS] = INT64_MAX, [SALES] = INT64_MIN};
	struct kpi_value value = value_of("visits + leads", totals);
	assert_int_equal(value.kind, KPI_NONE);
	assert_int_equal(value.reason, REASON_OVERFLOW);
	assert_string_equal(kpi_reason_text(shop(), &value, scratch), "overflow");
	assert_int_equal(value_of("visits * leads * leads", totals).reason, REASON_OVERFLOW);
	assert_int_equal(value_of("-sales", totals).reason, REASON_OVERFLOW);
	/* 2^128 is 0 in 128 bits: neither a product nor a sum may come round. */
	const int64_t powers[MEASURES] = {[VISITS] = INT64_C(1) << 62, [LEADS] = INT64_C(1) << 62, [SALES] = 1};
	assert_int_equal(value_of("visits * leads * 16", powers).reason, REASON_OVERFLOW);
	assert_int_equal(value_of("sales / (visits * leads * 16)", powers).reason, REASON_OVERFLOW);
	assert_int_equal(value_of("visits * leads * 8 + leads * visits * 8", powers).reason, REASON_OVERFLOW);
	/* What fits in the end is a value, however large on the way. */
	assert_value(value_of("visits + leads - leads", totals), KPI_NUMBER, INT64_MAX, 1);
	assert_value(value_of("sales", totals), KPI_NUMBER, INT64_MIN, 1);
	assert_value(value_of("visits * leads / leads", totals), KPI_RATIO, INT64_MAX, 1);
}

static void
a_kpi_may_be_used_in_a_later_one(void **state)
{
	(void)state;
	struct kpi_set *set = shop();
	enum unit unit;
	struct kpi *kpi = &set->kpi[set->kpi_count];
	kpi->formula = compiled(set, "amount - spend", &unit);
	kpi->unit = (uint8_t)unit;
	strcpy(kpi->name, "profit");
	set->kpi_count++;
	struct formula formula = compiled(set, "2 * profit / sales", &unit);
	assert_int_equal(unit, UNIT_MONEY);
	const int64_t totals[MEASURES] = {[AMOUNT] = 100, [SPEND] = 40, [SALES] = 7};
	/* 2 * (100 - 40) / 7, not 2 * 100 - 40 / 7 */
	assert_value(formula_value(&formula, totals), KPI_RATIO, 120, 7);
}

/* Also when the two come in by names of KPIs. */
static void
a_kpi_brings_its_clock_along(void **state)
{
	(void)state;
	struct kpi_set *set = shop();
	enum unit unit;
	char why[120] = "";
	uint32_t at = 0;
	struct formula formula;
	struct kpi *kpi = &set->kpi[set->kpi_count++];
	kpi->formula = compiled(set, "amount - sold", &unit);
	kpi->unit = (uint8_t)unit;
	strcpy(kpi->name, "kept");
	compiled(set, "kept / sold_units", &unit);
	assert_int_equal(formula_compile(&formula, set, "refunds / kept", &unit, &at, why), -EINVAL);
	assert_int_equal(at, 10);
	assert_string_equal(why, "'refunds' is as_refunded, 'sold' as_sold; a number has one clock");
}

static void
a_kpi_of_spend_is_known_where_spend_is(void **state)
{
	(void)state;
	struct kpi_set *set = shop();
	enum unit unit;
	static const char *const texts[] = {"amount / visits", "spend / leads"};
	for (int k = 0; k < 2; k++)
		set->kpi[set->kpi_count++].formula = compiled(set, texts[k], &unit);
	set->spend_dims = 1 << TEXT_CAMP | 1 << TEXT_CHAN;
	static const struct {
		uint8_t dims;
		bool known;
	} table[] = {
	    {0, true},
	    {1 << TEXT_CAMP, true},
	    {1 << TEXT_CAMP | 1 << TEXT_CHAN, true},
	    {1 << TEXT_TEAM, false},
	    {1 << TEXT_CAMP | 1 << TEXT_TEAM, false},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_true(kpi_known_by(set, 0, table[i].dims));
		assert_int_equal(kpi_known_by(set, 1, table[i].dims), table[i].known);
	}
}

static void
a_kpi_without_spend_says_by_what_it_is_not_known(void **state)
{
	(void)state;
	struct kpi_set *set = shop();
	char text[KPI_REASON_MAX];
	static const struct {
		uint8_t spend_dims, dims;
		const char *text;
	} table[] = {
	    {SPEND_DIMS_DEFAULT, 1 << TEXT_TEAM, "spend is not known by team"},
	    {SPEND_DIMS_DEFAULT, 1 << TEXT_CAMP | 1 << TEXT_TEAM | 1 << TEXT_PROD, "spend is not known by team and product"},
	    {0, (1 << EVENT_DIMS) - 1,
	     "spend is not known by campaign and channel and source and medium and team and person and product"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		set->spend_dims = table[i].spend_dims;
		struct kpi_value value = kpi_value_unknown(set, table[i].dims);
		assert_int_equal(value.kind, KPI_NONE);
		assert_string_equal(kpi_reason_text(set, &value, text), table[i].text);
	}
	memset(text, 'x', sizeof(text)); /* cut off, where there is no room */
	dims_text(1 << TEXT_CAMP | 1 << TEXT_CHAN, text, 12);
	assert_string_equal(text, "campaign an");
	assert_int_equal(text[12], 'x');
}

/* Touches of refunds at two times are two classes; what is counted by addition is of none. */
static void
a_class_has_one_booking(void **state)
{
	(void)state;
	struct measure a = {.from = EVENT_REFUND, .take = TAKE_DISTINCT}, b = {.from = EVENT_REFUND, .take = TAKE_PREVIOUS};
	assert_true(measure_same_class(&a, &b));
	b.as_sold = true;
	assert_false(measure_same_class(&a, &b));
	a.as_sold = true;
	assert_true(measure_same_class(&a, &b));
	a.take = b.take = TAKE_STAGE;
	assert_false(measure_same_class(&a, &b));
}

/* A lead's stages and cohorts are known for every part: they look forward, not back. */
static void
only_what_looks_back_is_missing_beyond_the_horizon(void **state)
{
	(void)state;
	static struct kpi_set set;
	static const uint8_t takes[] = {TAKE_COUNT, TAKE_DISTINCT, TAKE_RETAINED, TAKE_PREVIOUS, TAKE_NEW, TAKE_STAGE, TAKE_COHORT};
	for (size_t m = 0; m < sizeof(takes); m++)
		set.measure[set.measure_count++].take = takes[m];
	assert_int_equal(measures_missing(&set, WINDOW_M, PART_PREV), 1 << 2 | 1 << 3);
	assert_int_equal(measures_missing(&set, WINDOW_M, PART_CUR), 0);
	assert_int_equal(measures_missing(&set, WINDOW_D, PART_PREV), 0);
}

static void
units_follow_from_the_formula(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum unit unit;
	} table[] = {
	    {"visits", UNIT_COUNT},           {"visits + leads", UNIT_COUNT}, {"2 * visits", UNIT_COUNT},
	    {"visits / 2", UNIT_COUNT},       {"visits + 1", UNIT_COUNT},     {"amount", UNIT_MONEY},
	    {"amount - 0.3 * spend", UNIT_MONEY}, {"amount / sales", UNIT_MONEY}, {"amount / spend", UNIT_RATIO},
	    {"amount / spend - 1", UNIT_RATIO},   {"sales / visits", UNIT_RATIO}, {"100 * sales / visits", UNIT_RATIO},
	    {"amount * (sales / visits)", UNIT_MONEY}, {"-amount", UNIT_MONEY},   {"100 / visits", UNIT_RATIO},
	    {"mql + mql_won", UNIT_COUNT},    {"mql_won / mql", UNIT_RATIO},  {"(amount - sold) / sold_units", UNIT_MONEY},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum unit unit;
		compiled(shop(), table[i].text, &unit);
		if (unit != table[i].unit)
			fail_msg("%s is %s, want %s", table[i].text, unit_name(unit), unit_name(table[i].unit));
	}
}

static void
a_wrong_formula_is_refused_at_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int error;
		uint32_t at;
		const char *why;
	} table[] = {
	    {"", -EINVAL, 0, "a measure, a KPI or a number is missing here"},
	    {"visits +", -EINVAL, 8, "a measure, a KPI or a number is missing here"},
	    {"visits visits", -EINVAL, 7, "unexpected 'v'; an operator (+ - * /) belongs here"},
	    {"visits % 2", -EINVAL, 7, "unexpected '%'; an operator (+ - * /) belongs here"},
	    {"* visits", -EINVAL, 0, "unexpected '*'; a measure, a KPI or a number belongs here"},
	    {"(visits", -EINVAL, 0, "this '(' is not closed"},
	    {"(visits leads)", -EINVAL, 8, "an operator or ')' belongs here"},
	    {"visits)", -EINVAL, 6, "unexpected ')'; an operator (+ - * /) belongs here"},
	    {"visits / lead", -ENOENT, 9, "unknown measure or KPI 'lead'"},
	    {"amount * spend", -EINVAL, 7, "money times money has no meaning"},
	    {"amount * (spend / visits)", -EINVAL, 7, "money times money has no meaning"},
	    {"amount + visits", -EINVAL, 7, "cannot add or subtract money and count"},
	    {"amount - 1", -EINVAL, 7, "cannot add or subtract money and a plain number"},
	    {"visits + amount / spend", -EINVAL, 7, "cannot add or subtract count and ratio"},
	    {"visits / leads + sales / leads", -EINVAL, 15, "ratios cannot be added up or averaged; divide one sum by another"},
	    {"(amount / leads + spend / leads) / 2", -EINVAL, 16, "ratios cannot be added up or averaged; divide one sum by another"},
	    {"amount + spend / leads", -EINVAL, 7, "ratios cannot be added up or averaged; divide one sum by another"},
	    {"buyers + visitors", -EINVAL, 7, "distinct counts cannot be added up, one may be in both; list the values in one `where`"},
	    {"visits - visitors", -EINVAL, 7, "cannot add or subtract a distinct count and a count of events"},
	    {"2 * buyers + visitors * 3", -EINVAL, 11, "distinct counts cannot be added up, one may be in both; list the values in one `where`"},
	    {"amount - sold - refunds", -EINVAL, 16, "'sold' is as_sold, 'refunds' as_refunded; a number has one clock"},
	    {"refunds / amount * (sold_units / sales)", -EINVAL, 20, "'refunds' is as_refunded, 'sold_units' as_sold; a number has one clock"},
	    {"mql + amount", -EINVAL, 4, "cannot add or subtract count and money"},
	    {"mql + buyers", -EINVAL, 4, "cannot add or subtract a distinct count and a count of events"},
	    {"mql_won / mql + mql / visits", -EINVAL, 14, "ratios cannot be added up or averaged; divide one sum by another"},
	    {"visits / amount", -EINVAL, 7, "count divided by money has no unit; turn the fraction round"},
	    {"1 / amount", -EINVAL, 2, "a plain number divided by money has no unit; turn the fraction round"},
	    {"visits / (1 - 1)", -EINVAL, 7, "division by zero"},
	    {"visits / 0.00", -EINVAL, 7, "division by zero"},
	    {"1 + 2", -EINVAL, 0, "a formula needs at least one measure"},
	    {"2x * visits", -EINVAL, 1, "unexpected 'x' after a number"},
	    {"1. * visits", -EINVAL, 1, "a digit must follow the decimal point"},
	    {"1.2.3 * visits", -EINVAL, 3, "unexpected '.'; an operator (+ - * /) belongs here"},
	    {"visits * 1234567890123456789", -ERANGE, 9, "a number has at most 18 digits"},
	    {"visits \xc3\x97 2", -EINVAL, 7, "unexpected byte 0xc3"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct formula formula;
		enum unit unit;
		uint32_t at = 999;
		char why[120] = "";
		int error = formula_compile(&formula, shop(), table[i].text, &unit, &at, why);
		if (error != table[i].error || at != table[i].at || strcmp(why, table[i].why) != 0)
			fail_msg("%s: got %d at %u: %s", table[i].text, error, at, why);
	}
}

static void
nesting_and_length_have_limits(void **state)
{
	(void)state;
	char text[600] = "", why[120];
	struct formula formula;
	enum unit unit;
	uint32_t at;
	memset(text, '(', 500);
	assert_int_equal(formula_compile(&formula, shop(), text, &unit, &at, why), -E2BIG);
	assert_int_equal(at, 32);
	/* 32 additions of 33 names are 65 operations. */
	strcpy(text, "visits");
	for (int i = 0; i < 32; i++)
		strcat(text, " + visits");
	assert_int_equal(formula_compile(&formula, shop(), text, &unit, &at, why), -E2BIG);
	text[strlen(text) - strlen(" + visits")] = '\0';
	assert_int_equal(formula_compile(&formula, shop(), text, &unit, &at, why), 0);
	assert_int_equal(formula.count, 63);
}

static void
a_smallest_denominator_is_scaled_to_den(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool simple;
		enum unit unit;
		int64_t scale;
	} table[] = {
	    {"spend / leads", true, UNIT_COUNT, 1},
	    {"amount / spend", true, UNIT_MONEY, 1},
	    {"(amount * 0.35 - spend) / spend", true, UNIT_MONEY, 100},
	    {"amount / (0.5 * spend)", true, UNIT_MONEY, 10},
	    {"sales / (visits + leads)", true, UNIT_COUNT, 1},
	    {"sales / visits - 1", false, 0, 0},
	    {"(sales / visits) / leads", false, 0, 0},
	    {"visits", false, 0, 0},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum unit unit;
		int64_t scale = 0;
		struct formula formula = compiled(shop(), table[i].text, &unit);
		bool simple = formula_divisor(&formula, shop(), &unit, &scale);
		if (simple != table[i].simple || (simple && (unit != table[i].unit || scale != table[i].scale)))
			fail_msg("%s: %d %s %lld", table[i].text, simple, unit_name(unit), (long long)scale);
	}
}

/* ---- the slow model: rationals of 2048-bit integers, never reduced ---- */

enum { LIMBS = 64 };
struct big {
	uint32_t limb[LIMBS]; /* little end first */
};
struct model {
	struct big num, den;
	bool negative, none;
	int first; /* first measure in it; -1: none */
	int zero;  /* none: first measure of the divisor that was zero */
};

static struct big
big_of(uint64_t value)
{
	return (struct big){{(uint32_t)value, (uint32_t)(value >> 32)}};
}

static struct big
big_mul(const struct big *a, const struct big *b)
{
	struct big out = {{0}};
	for (int i = 0; i < LIMBS; i++) {
		uint64_t carry = 0;
		for (int j = 0; a->limb[i] != 0 && i + j < LIMBS; j++) {
			carry += out.limb[i + j] + (uint64_t)a->limb[i] * b->limb[j];
			out.limb[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
		assert_int_equal(carry, 0);
	}
	return out;
}

static int
big_compare(const struct big *a, const struct big *b)
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

static struct big
big_add(const struct big *a, const struct big *b, bool subtract)
{
	struct big out;
	int64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		carry += (int64_t)a->limb[i] + (subtract ? -(int64_t)b->limb[i] : (int64_t)b->limb[i]);
		out.limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	assert_int_equal(carry, 0);
	return out;
}

static bool
big_is_zero(const struct big *a)
{
	struct big zero = {{0}};
	return big_compare(a, &zero) == 0;
}

static struct model
model_apply(char op, struct model a, struct model b)
{
	struct model out = {.first = a.first >= 0 ? a.first : b.first, .zero = a.none ? a.zero : b.zero};
	out.none = a.none || b.none;
	if (out.none)
		return out;
	if (op == '/' && big_is_zero(&b.num)) {
		out.none = true;
		out.zero = b.first;
		return out;
	}
	if (op == '*' || op == '/') {
		out.num = big_mul(&a.num, op == '*' ? &b.num : &b.den);
		out.den = big_mul(&a.den, op == '*' ? &b.den : &b.num);
		out.negative = a.negative != b.negative;
		return out;
	}
	struct big x = big_mul(&a.num, &b.den), y = big_mul(&b.num, &a.den);
	bool minus = b.negative != (op == '-');
	out.den = big_mul(&a.den, &b.den);
	bool swap = a.negative != minus && big_compare(&x, &y) < 0;
	out.num = swap ? big_add(&y, &x, true) : big_add(&x, &y, a.negative != minus);
	out.negative = swap ? minus : a.negative;
	return out;
}

/* ---- random formulas: text for the compiler, a model value beside it ---- */

static uint64_t seed;

static uint64_t
random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % n;
}

struct generated {
	char text[2000];
	size_t n;
	int leaves;
};

static void
put(struct generated *g, const char *text)
{
	g->n += (size_t)snprintf(g->text + g->n, sizeof(g->text) - g->n, "%s", text);
}

static struct model
generate_leaf(struct generated *g, const int64_t *totals)
{
	char text[64];
	g->leaves++;
	if (random_below(4) == 0) {
		uint64_t num = 1 + random_below(999), places = random_below(3), den = places == 0 ? 1 : places == 1 ? 10 : 100;
		snprintf(text, sizeof(text), "%llu.%0*llu", (unsigned long long)(num / den), places ? (int)places : 1,
		         (unsigned long long)(num % den));
		put(g, text);
		return (struct model){big_of(num), big_of(den), false, false, -1, -1};
	}
	int m = (int)random_below(MEASURES);
	snprintf(text, sizeof(text), "m%d", m);
	put(g, text);
	uint64_t value = totals[m] < 0 ? 0 - (uint64_t)totals[m] : (uint64_t)totals[m];
	return (struct model){big_of(value), big_of(1), totals[m] < 0, false, m, -1};
}

/* level 0: a sum, 1: a product, 2: an operand. Parentheses only where the grammar needs them. */
static struct model
generate(struct generated *g, int level, int depth, const int64_t *totals)
{
	if (depth == 0 || g->leaves > 8)
		return generate_leaf(g, totals);
	if (level == 2) {
		if (random_below(2) == 0)
			return generate_leaf(g, totals);
		put(g, "(");
		struct model inner = generate(g, 0, depth - 1, totals);
		put(g, random_below(2) ? ")" : " )");
		return inner;
	}
	struct model left = generate(g, level + 1, depth - 1, totals);
	for (uint64_t more = random_below(3); more > 0; more--) {
		char op = level == 0 ? "+-"[random_below(2)] : "*/"[random_below(2)];
		char text[4] = {' ', op, ' ', '\0'};
		put(g, random_below(3) ? text : (text[2] = '\0', text + 1));
		struct model right = generate(g, level + 1, depth - 1, totals);
		left = model_apply(op, left, right);
	}
	return left;
}

static void
check_against_model(const struct kpi_value *value, const struct model *model, const char *text, bool small)
{
	if (value->kind == KPI_NONE && value->reason == REASON_OVERFLOW) {
		if (small)
			fail_msg("overflow of small numbers: %s", text);
		return;
	}
	if (model->none != (value->kind == KPI_NONE))
		fail_msg("%s: value or none? model says none=%d", text, model->none);
	if (model->none) {
		if (value->reason != REASON_ZERO_DENOMINATOR || value->measure != model->zero)
			fail_msg("%s: blames %d, model blames %d", text, value->measure, model->zero);
		return;
	}
	struct big num = big_of(value->num < 0 ? 0 - (uint64_t)value->num : (uint64_t)value->num);
	struct big den = big_of((uint64_t)value->den);
	struct big left = big_mul(&num, &model->den), right = big_mul(&model->num, &den);
	bool sign = big_is_zero(&num) || (value->num < 0) == model->negative;
	if (value->den <= 0 || big_compare(&left, &right) != 0 || !sign)
		fail_msg("%s = %lld / %lld, model differs", text, (long long)value->num, (long long)value->den);
}

/* A constant divisor of zero is refused when compiled; anything else must compile. */
static void
values_agree_with_a_slow_model(void **state)
{
	(void)state;
	static struct kpi_set set;
	const char *given = getenv("LAJU_SEED");
	uint64_t first_seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)first_seed);
	seed = first_seed * 2654435761u + 88172645463325252u;
	for (int m = 0; m < MEASURES; m++) {
		const char name[] = {'m', (char)('0' + m), '\0'};
		add_measure(&set, name, UNIT_RATIO); /* ratios may be combined in every way */
	}
	int values = 0;
	for (int round = 0; round < 30000; round++) {
		bool small = round % 2 == 0;
		int64_t totals[MEASURES];
		for (int m = 0; m < MEASURES; m++)
			totals[m] = small ? (int64_t)random_below(21) - 10
			                  : (int64_t)((random_below(1u << 31) << 32 | random_below(1u << 31)) >> random_below(63)) *
			                        (random_below(3) ? 1 : -1);
		struct generated g = {.n = 0};
		struct model model = generate(&g, 0, small ? 3 : 4, totals);
		struct formula formula;
		enum unit unit;
		uint32_t at;
		char why[120] = "";
		int error = formula_compile(&formula, &set, g.text, &unit, &at, why);
		if (error != 0 && (model.first < 0 || (model.none && strcmp(why, "division by zero") == 0)))
			continue;
		if (error != 0 && strncmp(why, "ratios cannot be added up", 25) == 0)
			continue;
		if (error != 0)
			fail_msg("%s: %u: %s", g.text, at, why);
		struct kpi_value value = formula_value(&formula, totals);
		check_against_model(&value, &model, g.text, small && g.leaves <= 5);
		values += value.kind != KPI_NONE;
	}
	assert_true(values > 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_formula_without_division_is_an_integer),
	    cmocka_unit_test(a_ratio_keeps_its_divisor),
	    cmocka_unit_test(a_kind_does_not_depend_on_the_numbers),
	    cmocka_unit_test(a_zero_divisor_is_no_value_and_names_what_is_missing),
	    cmocka_unit_test(a_negative_divisor_leaves_den_positive),
	    cmocka_unit_test(what_does_not_fit_is_an_overflow_not_a_wrong_number),
	    cmocka_unit_test(a_kpi_may_be_used_in_a_later_one),
	    cmocka_unit_test(a_kpi_brings_its_clock_along),
	    cmocka_unit_test(a_kpi_of_spend_is_known_where_spend_is),
	    cmocka_unit_test(a_kpi_without_spend_says_by_what_it_is_not_known),
	    cmocka_unit_test(a_class_has_one_booking),
	    cmocka_unit_test(only_what_looks_back_is_missing_beyond_the_horizon),
	    cmocka_unit_test(units_follow_from_the_formula),
	    cmocka_unit_test(a_wrong_formula_is_refused_at_its_place),
	    cmocka_unit_test(nesting_and_length_have_limits),
	    cmocka_unit_test(a_smallest_denominator_is_scaled_to_den),
	    cmocka_unit_test(values_agree_with_a_slow_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
