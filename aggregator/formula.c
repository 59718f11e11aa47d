/*
 * formula.c - the formula compiler (recursive descent to postfix) and its evaluator.
 *
 * Evaluation is exact: sign, magnitude and denominator in unsigned 128 bits, every
 * product checked. Magnitudes are unsigned because clang turns a checked signed
 * 128-bit product into a call of __muloti4, which libgcc does not have.
 */
#include "aggregator/formula.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum {
	WHY_BYTES = 120,
	NESTING_MAX = 32,          /* parentheses and signs: bounds the recursion */
	CONST_DIGITS_MAX = 18,     /* fits 63 bits */
	UNIT_PLAIN = UNIT_RATIO + 1, /* a constant: goes with counts and ratios, scales money */
	NO_MEASURE = 255,
};
_Static_assert((int)MEASURES_MAX < (int)NO_MEASURE, "a measure's index and NO_MEASURE must differ");

typedef unsigned __int128 u128;

/* num / den with den > 0; num is a magnitude. */
struct rational {
	u128 num, den;
	bool negative;
	uint8_t measure; /* first measure in it, or NO_MEASURE */
};

/* ---- exact arithmetic ---- */

static bool
product_fits(u128 a, u128 b, u128 *out)
{
	if (((a | b) >> 64) != 0 && a != 0 && b > ~(u128)0 / a)
		return false;
	*out = a * b;
	return true;
}

static u128
gcd(u128 a, u128 b)
{
	while (b != 0) {
		u128 rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static void
rational_reduce(struct rational *r)
{
	u128 g = gcd(r->num, r->den);
	r->num /= g;
	r->den /= g;
}

static bool
rational_mul(struct rational *a, const struct rational *by)
{
	struct rational b = *by;
	a->negative ^= b.negative;
	u128 num, den;
	/* Reduced only when it must be: a published denominator is the divisor, not a fraction of it. */
	if (!product_fits(a->num, b.num, &num) || !product_fits(a->den, b.den, &den)) {
		u128 g = gcd(a->num, b.den), h = gcd(b.num, a->den);
		if (!product_fits(a->num / g, b.num / h, &num) || !product_fits(a->den / h, b.den / g, &den)) {
			rational_reduce(a);
			rational_reduce(&b);
			g = gcd(a->num, b.den);
			h = gcd(b.num, a->den);
			if (!product_fits(a->num / g, b.num / h, &num) ||
			    !product_fits(a->den / h, b.den / g, &den))
				return false;
		}
	}
	a->num = num;
	a->den = den;
	return true;
}

/* The caller has seen that by is not zero. */
static bool
rational_div(struct rational *a, const struct rational *by)
{
	struct rational inverse = {by->den, by->num, by->negative, by->measure};
	assert(by->num != 0);
	return rational_mul(a, &inverse);
}

static bool
rational_add_common(struct rational *a, const struct rational *b)
{
	u128 g = a->den == b->den ? a->den : gcd(a->den, b->den);
	u128 x, y, den;
	if (!product_fits(a->num, b->den / g, &x) || !product_fits(b->num, a->den / g, &y) ||
	    !product_fits(a->den, b->den / g, &den))
		return false;
	if (a->negative == b->negative) {
		if (x + y < x)
			return false;
		a->num = x + y;
	} else if (x >= y) {
		a->num = x - y;
	} else {
		a->num = y - x;
		a->negative = b->negative;
	}
	a->den = den;
	return true;
}

static bool
rational_add(struct rational *a, const struct rational *by, bool subtract)
{
	struct rational b = *by;
	b.negative ^= subtract;
	if (rational_add_common(a, &b))
		return true;
	rational_reduce(a);
	rational_reduce(&b);
	return rational_add_common(a, &b);
}

static bool
fits_64(const struct rational *r)
{
	return r->den <= INT64_MAX && r->num <= (u128)INT64_MAX + (r->negative ? 1 : 0);
}

static u128
magnitude(int64_t value)
{
	return value < 0 ? (u128)0 - (u128)value : (u128)value;
}

static struct kpi_value
value_none(enum kpi_reason reason, uint8_t measure)
{
	return (struct kpi_value){.kind = KPI_NONE, .reason = (uint8_t)reason, .measure = measure, .den = 1};
}

static struct rational
operand(const struct formula_op *op, const int64_t *totals)
{
	if (op->op == OP_MEASURE)
		return (struct rational){magnitude(totals[op->measure]), 1, totals[op->measure] < 0, op->measure};
	return (struct rational){magnitude(op->num), (u128)op->den, op->num < 0, NO_MEASURE};
}

struct kpi_value
formula_value(const struct formula *formula, const int64_t *totals)
{
	struct rational stack[FORMULA_OPS_MAX];
	uint32_t depth = 0;
	bool fraction = false; /* known from the formula alone, so that a KPI is always of one kind */

	for (uint32_t i = 0; i < formula->count; i++) {
		const struct formula_op *op = &formula->op[i];
		if (op->op == OP_MEASURE || op->op == OP_CONST) {
			stack[depth] = operand(op, totals);
			fraction |= stack[depth++].den != 1;
			continue;
		}
		assert(depth >= 2);
		struct rational *a = &stack[depth - 2], *b = &stack[depth - 1];
		bool fits = false;
		switch (op->op) {
		case OP_ADD:
		case OP_SUB:
			fits = rational_add(a, b, op->op == OP_SUB);
			break;
		case OP_MUL:
			fits = rational_mul(a, b);
			break;
		case OP_DIV:
			fraction = true;
			if (b->num == 0)
				return value_none(REASON_ZERO_DENOMINATOR, b->measure);
			fits = rational_div(a, b);
			break;
		default:
			assert(false && "unknown operation");
		}
		if (!fits)
			return value_none(REASON_OVERFLOW, 0);
		if (a->measure == NO_MEASURE)
			a->measure = b->measure;
		depth--;
	}
	assert(depth == 1);
	if (!fits_64(&stack[0]))
		rational_reduce(&stack[0]);
	if (!fits_64(&stack[0]))
		return value_none(REASON_OVERFLOW, 0);
	uint64_t num = (uint64_t)stack[0].num;
	return (struct kpi_value){
	    .kind = fraction ? KPI_RATIO : KPI_NUMBER,
	    .num = (int64_t)(stack[0].negative ? 0 - num : num),
	    .den = (int64_t)stack[0].den,
	};
}

uint64_t
formula_measures(const struct formula *formula)
{
	uint64_t measures = 0;
	for (uint32_t i = 0; i < formula->count; i++)
		if (formula->op[i].op == OP_MEASURE)
			measures |= UINT64_C(1) << formula->op[i].measure;
	return measures;
}

struct kpi_value
kpi_value_unknown(const struct kpi_set *set, uint8_t dims_mask)
{
	return value_none(REASON_SPEND_UNKNOWN, (uint8_t)(dims_mask & ~set->spend_dims));
}

const char *
kpi_reason_text(const struct kpi_set *set, const struct kpi_value *value, char scratch[KPI_REASON_MAX])
{
	const char *text = "";

	switch (value->reason) {
	case REASON_ZERO_DENOMINATOR:
		text = value->measure < set->measure_count ? set->measure[value->measure].name : "denominator";
		snprintf(scratch, KPI_REASON_MAX, "no %s", text);
		return scratch;
	case REASON_SPEND_UNKNOWN:
		strcpy(scratch, "spend is not known by ");
		dims_text(value->measure, scratch + strlen(scratch), KPI_REASON_MAX - strlen(scratch));
		return scratch;
	case REASON_OVERFLOW:
		text = "overflow";
		break;
	case REASON_BEYOND_HORIZON:
		text = "beyond the horizon";
		break;
	}
	strcpy(scratch, text);
	return scratch;
}

/* ---- the compiler ---- */

struct compiler {
	const struct kpi_set *set;
	const char *text;
	uint32_t at;        /* next byte */
	uint32_t nesting;
	uint8_t refund;     /* first measure of refunds, or NO_MEASURE: the others are booked as it is */
	struct formula *formula;
	int error;          /* sticky; the first one counts */
	uint32_t error_at;
	char *why;
};

/* What is known of a subexpression. */
struct part {
	uint8_t unit;    /* enum unit or UNIT_PLAIN */
	uint8_t measure; /* NO_MEASURE: made of constants only */
	bool distinct;   /* counts people (or orders, visits), not events */
	bool divided;    /* holds a division */
	uint32_t first;  /* its operations start here and end with the last one emitted */
};

static void __attribute__((format(printf, 4, 5)))
fail(struct compiler *c, int error, uint32_t at, const char *format, ...)
{
	if (c->error != 0)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(c->why, WHY_BYTES, format, args);
	va_end(args);
	c->error = error;
	c->error_at = at;
}

static void
skip_space(struct compiler *c)
{
	while (c->text[c->at] == ' ' || c->text[c->at] == '\t' || c->text[c->at] == '\n')
		c->at++;
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || is_digit(byte);
}

static void
emit(struct compiler *c, uint32_t at, struct formula_op op)
{
	if (c->formula->count == FORMULA_OPS_MAX)
		fail(c, -E2BIG, at, "the formula has more than %d operations (KPIs in it are written out)",
		     FORMULA_OPS_MAX);
	else
		c->formula->op[c->formula->count++] = op;
}

static const char *
booking_name(bool as_sold)
{
	return as_sold ? "as_sold" : "as_refunded";
}

/* A refund belongs to its own day or to its sale's. Either makes sense; a number that mixes the two is of no day. */
static void
check_booking(struct compiler *c, uint32_t at, uint8_t m)
{
	const struct measure *measure = &c->set->measure[m];
	if (measure->from != EVENT_REFUND)
		return;
	if (c->refund == NO_MEASURE)
		c->refund = m;
	const struct measure *first = &c->set->measure[c->refund];
	if (first->as_sold != measure->as_sold)
		fail(c, -EINVAL, at, "'%s' is %s, '%s' %s; a number has one clock", first->name, booking_name(first->as_sold),
		     measure->name, booking_name(measure->as_sold));
}

/* The operation at `at` takes measure m. */
static void
emit_measure(struct compiler *c, uint32_t at, uint8_t m)
{
	check_booking(c, at, m);
	emit(c, at, (struct formula_op){.op = OP_MEASURE, .measure = m});
}

static struct part
parse_constant(struct compiler *c)
{
	struct part part = {.unit = UNIT_PLAIN, .measure = NO_MEASURE, .first = c->formula->count};
	uint32_t start = c->at, digits = 0;
	int64_t num = 0, den = 1;
	bool point = false;
	for (;; c->at++) {
		char byte = c->text[c->at];
		if (byte == '.' && !point) {
			point = true;
			if (!is_digit(c->text[c->at + 1])) {
				fail(c, -EINVAL, c->at, "a digit must follow the decimal point");
				return part;
			}
			continue;
		}
		if (!is_digit(byte))
			break;
		if (++digits > CONST_DIGITS_MAX) {
			fail(c, -ERANGE, start, "a number has at most %d digits", CONST_DIGITS_MAX);
			return part;
		}
		num = num * 10 + (byte - '0');
		if (point)
			den *= 10;
	}
	if (is_name(c->text[c->at]))
		fail(c, -EINVAL, c->at, "unexpected '%c' after a number", c->text[c->at]);
	/* 1.0 is 1: a formula without real fractions stays an integer. */
	while (den > 1 && num % 10 == 0) {
		num /= 10;
		den /= 10;
	}
	emit(c, start, (struct formula_op){.op = OP_CONST, .num = num, .den = den});
	return part;
}

/* A KPI's unit comes from its own compilation; its operations are copied in place. */
static struct part
use_kpi(struct compiler *c, const struct kpi *kpi, uint32_t at)
{
	struct part part = {.unit = kpi->unit, .measure = NO_MEASURE, .first = c->formula->count};
	for (uint32_t i = 0; i < kpi->formula.count; i++) {
		const struct formula_op *op = &kpi->formula.op[i];
		if (op->op == OP_MEASURE && part.measure == NO_MEASURE)
			part.measure = op->measure;
		part.distinct |= op->op == OP_MEASURE && take_is_touch(c->set->measure[op->measure].take);
		part.divided |= op->op == OP_DIV;
		if (op->op == OP_MEASURE)
			emit_measure(c, at, op->measure);
		else
			emit(c, at, *op);
	}
	part.distinct &= !part.divided;
	return part;
}

static struct part
parse_name(struct compiler *c)
{
	struct part part = {.unit = UNIT_PLAIN, .measure = NO_MEASURE, .first = c->formula->count};
	uint32_t start = c->at;
	while (is_name(c->text[c->at]))
		c->at++;
	struct slice name = {(const uint8_t *)c->text + start, c->at - start};
	int found = measure_find(c->set, name);
	if (found >= 0) {
		emit_measure(c, start, (uint8_t)found);
		part.unit = c->set->measure[found].unit;
		part.measure = (uint8_t)found;
		part.distinct = take_is_touch(c->set->measure[found].take);
		return part;
	}
	found = kpi_find(c->set, name);
	if (found >= 0)
		return use_kpi(c, &c->set->kpi[found], start);
	fail(c, -ENOENT, start, "unknown measure or KPI '%.*s'", name.n > 40 ? 40 : (int)name.n, name.p);
	return part;
}

static struct part parse_sum(struct compiler *c);

static struct part
parse_operand(struct compiler *c)
{
	struct part part = {.unit = UNIT_PLAIN, .measure = NO_MEASURE, .first = c->formula->count};
	skip_space(c);
	uint32_t at = c->at;
	char byte = c->text[at];
	if (is_digit(byte))
		return parse_constant(c);
	if (is_name(byte))
		return parse_name(c);
	if (byte != '(' && byte != '-') {
		if (byte == '\0')
			fail(c, -EINVAL, at, "a measure, a KPI or a number is missing here");
		else if (byte > ' ' && byte < 0x7f)
			fail(c, -EINVAL, at, "unexpected '%c'; a measure, a KPI or a number belongs here", byte);
		else
			fail(c, -EINVAL, at, "unexpected byte 0x%02x", (unsigned char)byte);
		return part;
	}
	if (c->nesting == NESTING_MAX) {
		fail(c, -E2BIG, at, "nested more than %d deep", NESTING_MAX);
		return part;
	}
	c->nesting++;
	c->at++;
	if (byte == '-') { /* -x is x * -1: the unit stays */
		part = parse_operand(c);
		emit(c, at, (struct formula_op){.op = OP_CONST, .num = -1, .den = 1});
		emit(c, at, (struct formula_op){.op = OP_MUL});
	} else {
		part = parse_sum(c);
		skip_space(c);
		if (c->text[c->at] != ')')
			fail(c, -EINVAL, c->text[c->at] ? c->at : at, "%s",
			     c->text[c->at] ? "an operator or ')' belongs here" : "this '(' is not closed");
		else
			c->at++;
	}
	c->nesting--;
	return part;
}

static const char *
part_unit_name(uint8_t unit)
{
	return unit == UNIT_PLAIN ? "a plain number" : unit_name((enum unit)unit);
}

static uint8_t
unit_of_product(struct compiler *c, uint32_t at, uint8_t a, uint8_t b)
{
	if (a == UNIT_MONEY && b == UNIT_MONEY)
		fail(c, -EINVAL, at, "money times money has no meaning");
	if (a == UNIT_MONEY || b == UNIT_MONEY)
		return UNIT_MONEY;
	if (a == UNIT_COUNT || b == UNIT_COUNT)
		return UNIT_COUNT;
	return a == UNIT_RATIO || b == UNIT_RATIO ? UNIT_RATIO : UNIT_PLAIN;
}

static uint8_t
unit_of_quotient(struct compiler *c, uint32_t at, uint8_t a, uint8_t b)
{
	if (b == UNIT_MONEY && a != UNIT_MONEY)
		fail(c, -EINVAL, at, "%s divided by money has no unit; turn the fraction round", part_unit_name(a));
	if (b == UNIT_PLAIN)
		return a;
	if (a == b)
		return UNIT_RATIO;
	return a == UNIT_PLAIN ? UNIT_RATIO : a;
}

static uint8_t
unit_of_sum(struct compiler *c, uint32_t at, uint8_t a, uint8_t b)
{
	if (a == b || b == UNIT_PLAIN || a == UNIT_PLAIN) {
		uint8_t unit = a == UNIT_PLAIN ? b : a;
		if (unit != UNIT_MONEY || a == b)
			return unit;
	}
	fail(c, -EINVAL, at, "cannot add or subtract %s and %s", part_unit_name(a), part_unit_name(b));
	return a;
}

/* Whose sum says nothing, however the units fit: a customer may be in both counts; means of ratios weigh the small as the large. */
static void
check_sum(struct compiler *c, uint32_t at, const struct part *a, const struct part *b)
{
	if (a->measure == NO_MEASURE || b->measure == NO_MEASURE)
		return;
	if (a->divided || b->divided)
		fail(c, -EINVAL, at, "ratios cannot be added up or averaged; divide one sum by another");
	else if (a->distinct && b->distinct)
		fail(c, -EINVAL, at, "distinct counts cannot be added up, one may be in both; list the values in one `where`");
	else if (a->distinct || b->distinct)
		fail(c, -EINVAL, at, "cannot add or subtract a distinct count and a count of events");
}

/* A divisor without measures is known now. */
static void
check_divisor(struct compiler *c, const struct part *divisor, uint32_t at)
{
	if (c->error != 0 || divisor->measure != NO_MEASURE)
		return;
	struct formula constant = {.count = (uint8_t)(c->formula->count - divisor->first)};
	memcpy(constant.op, c->formula->op + divisor->first, constant.count * sizeof(constant.op[0]));
	struct kpi_value value = formula_value(&constant, NULL);
	if (value.kind != KPI_NONE && value.num == 0)
		fail(c, -EINVAL, at, "division by zero");
}

static struct part
parse_product(struct compiler *c)
{
	struct part left = parse_operand(c);
	for (;;) {
		skip_space(c);
		uint32_t at = c->at;
		char byte = c->text[at];
		if (c->error != 0 || (byte != '*' && byte != '/'))
			return left;
		c->at++;
		struct part right = parse_operand(c);
		if (byte == '/')
			check_divisor(c, &right, at);
		left.unit = byte == '*' ? unit_of_product(c, at, left.unit, right.unit)
		                        : unit_of_quotient(c, at, left.unit, right.unit);
		if (left.measure == NO_MEASURE)
			left.measure = right.measure;
		left.divided |= right.divided || (byte == '/' && right.measure != NO_MEASURE);
		left.distinct = (left.distinct || (byte == '*' && right.distinct)) && !left.divided;
		emit(c, at, (struct formula_op){.op = byte == '*' ? OP_MUL : OP_DIV});
	}
}

static struct part
parse_sum(struct compiler *c)
{
	struct part left = parse_product(c);
	for (;;) {
		skip_space(c);
		uint32_t at = c->at;
		char byte = c->text[at];
		if (c->error != 0 || (byte != '+' && byte != '-'))
			return left;
		c->at++;
		struct part right = parse_product(c);
		left.unit = unit_of_sum(c, at, left.unit, right.unit);
		check_sum(c, at, &left, &right);
		left.distinct |= right.distinct;
		left.divided |= right.divided;
		if (left.measure == NO_MEASURE)
			left.measure = right.measure;
		emit(c, at, (struct formula_op){.op = byte == '+' ? OP_ADD : OP_SUB});
	}
}

int
formula_compile(struct formula *formula, const struct kpi_set *set, const char *text, enum unit *unit, uint32_t *at,
                char *why)
{
	struct compiler c = {.set = set, .text = text, .refund = NO_MEASURE, .formula = formula, .why = why};
	*formula = (struct formula){0};
	struct part whole = parse_sum(&c);
	if (c.error == 0 && text[c.at] != '\0') {
		char byte = text[c.at];
		if (byte > ' ' && byte < 0x7f)
			fail(&c, -EINVAL, c.at, "unexpected '%c'; an operator (+ - * /) belongs here", byte);
		else
			fail(&c, -EINVAL, c.at, "unexpected byte 0x%02x", (unsigned char)byte);
	}
	if (c.error == 0 && whole.measure == NO_MEASURE)
		fail(&c, -EINVAL, 0, "a formula needs at least one measure");
	if (c.error != 0) {
		*at = c.error_at;
		return c.error;
	}
	*unit = (enum unit)(whole.unit == UNIT_PLAIN ? UNIT_RATIO : whole.unit);
	return 0;
}

/* ---- what a smallest denominator means ---- */

bool
formula_divisor(const struct formula *formula, const struct kpi_set *set, enum unit *unit, int64_t *scale)
{
	struct {
		uint8_t unit;
		u128 den; /* denominator from constants; 0: holds a division by measures, or too big */
	} stack[FORMULA_OPS_MAX];
	uint32_t depth = 0;

	if (formula->count == 0 || formula->op[formula->count - 1].op != OP_DIV)
		return false;
	for (uint32_t i = 0; i < formula->count; i++) {
		const struct formula_op *op = &formula->op[i];
		if (op->op == OP_MEASURE || op->op == OP_CONST) {
			bool constant = op->op == OP_CONST;
			stack[depth].unit = constant ? UNIT_PLAIN : set->measure[op->measure].unit;
			stack[depth++].den = constant ? (u128)op->den : 1;
			continue;
		}
		u128 a = stack[depth - 2].den, b = stack[depth - 1].den;
		if (i + 1 == formula->count) { /* (A/a) / (B/b) = A*b / (a*B): the divisor B/b times a*b */
			if (a == 0 || b == 0 || a > INT64_MAX || b > INT64_MAX || a * b > INT64_MAX)
				return false;
			*unit = (enum unit)(stack[depth - 1].unit == UNIT_PLAIN ? UNIT_RATIO : stack[depth - 1].unit);
			*scale = (int64_t)(a * b);
			return true;
		}
		depth--;
		if (stack[depth].unit != UNIT_PLAIN && (stack[depth].unit == UNIT_MONEY || stack[depth - 1].unit == UNIT_PLAIN))
			stack[depth - 1].unit = stack[depth].unit;
		if (a == 0 || b == 0 || op->op == OP_DIV || a > INT64_MAX || b > INT64_MAX)
			stack[depth - 1].den = 0;
		else if (op->op == OP_MUL)
			stack[depth - 1].den = a * b;
		else
			stack[depth - 1].den = a / gcd(a, b) * b;
	}
	return false;
}
