/* number.c - numbers as people read them. */
#include "laju/number.h"
#include <assert.h>
#include <stdio.h>

typedef unsigned __int128 wide;

static wide
power_of_ten(int n)
{
	wide power = 1;
	while (n-- > 0)
		power *= 10;
	return power;
}

/* Digits of value, at least `least` of them; returns the length. */
static int
wide_digits(wide value, int least, char *out)
{
	char reversed[48];
	int n = 0;
	for (; value > 0 || n < least; value /= 10)
		reversed[n++] = (char)('0' + (int)(value % 10));
	for (int i = 0; i < n; i++)
		out[i] = reversed[n - 1 - i];
	out[n] = '\0';
	return n;
}

void
number_fraction(__int128 num, __int128 den, int decimals, bool grouped, char out[NUMBER_TEXT_MAX])
{
	char digits[48];
	assert(den > 0);
	assert(decimals >= 0 && decimals <= NUMBER_DECIMALS_MAX);
	bool negative = num < 0;
	wide top = negative ? -(wide)num : (wide)num, bottom = (wide)den, power = power_of_ten(decimals);
	/*
	 * The whole part first, so that only the rest (< den) is scaled. Where even that could
	 * pass 128 bits both are halved: an error below 1e-30, and only for den above 1e32.
	 */
	wide whole = top / bottom, rest = top % bottom;
	while (bottom > ~(wide)0 / 4 / power) {
		rest >>= 1;
		bottom >>= 1;
	}
	wide part = (rest * power * 2 + bottom) / (bottom * 2);
	if (part >= power) {
		part -= power;
		whole++;
	}
	if (negative && (whole > 0 || part > 0))
		*out++ = '-';
	int n = wide_digits(whole, 1, digits);
	for (int i = 0; i < n; i++) {
		if (grouped && i > 0 && (n - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	if (decimals > 0) {
		*out++ = '.';
		out += wide_digits(part, decimals, out);
	}
	*out = '\0';
}

static int
ratio_decimals(__int128 num, __int128 den)
{
	__int128 size = num < 0 ? -num : num;
	return size >= den * 10 ? 2 : size >= den ? 3 : 4;
}

bool
number_value(const struct row_value *value, const struct number_style *style, char out[NUMBER_TEXT_MAX])
{
	__int128 num = value->num, den = value->kind == 1 ? value->den : 1;
	if (value->kind > 1 || den <= 0) {
		snprintf(out, NUMBER_TEXT_MAX, "-");
		return false;
	}
	if (style->unit == NUMBER_MONEY) {
		int decimals = style->grouped ? style->decimals_shown : style->decimals;
		/* Money per something is no multiple of a minor unit: two more for machines. */
		if (!style->grouped && value->kind == 1)
			decimals = decimals + 2 < NUMBER_DECIMALS_MAX ? decimals + 2 : NUMBER_DECIMALS_MAX;
		number_fraction(num, den * (__int128)power_of_ten(style->decimals), decimals, style->grouped, out);
	} else if (value->kind == 0)
		number_fraction(num, 1, 0, style->grouped, out);
	else
		number_fraction(num, den, style->grouped ? ratio_decimals(num, den) : NUMBER_DECIMALS_MAX, style->grouped,
		                out);
	return true;
}

enum number_trend
number_change(const struct row_value *now, const struct row_value *base, char out[NUMBER_TEXT_MAX])
{
	__int128 now_den = now->kind == 1 ? now->den : 1, base_den = base->kind == 1 ? base->den : 1;
	snprintf(out, NUMBER_TEXT_MAX, "-");
	if (now->kind > 1 || base->kind > 1 || now_den <= 0 || base_den <= 0)
		return TREND_NONE;
	/* (now - base) / |base|; each product is below 2^126. */
	__int128 old = base->num * now_den;
	__int128 difference = now->num * base_den - old;
	if (difference == 0) {
		snprintf(out, NUMBER_TEXT_MAX, "0.0 %%");
		return TREND_SAME;
	}
	if (old == 0) {
		snprintf(out, NUMBER_TEXT_MAX, "new");
		return TREND_NEW;
	}
	wide size = difference < 0 ? -(wide)difference : (wide)difference, of = old < 0 ? -(wide)old : (wide)old;
	/* To percent without passing 128 bits. */
	while (size > (wide)1 << 119 || of > (wide)1 << 119) {
		size >>= 1;
		of >>= 1;
	}
	if (of == 0 || size / of >= 100000) { /* ten million percent tells nobody anything */
		snprintf(out, NUMBER_TEXT_MAX, difference < 0 ? "<-9,999,999 %%" : ">9,999,999 %%");
		return difference < 0 ? TREND_DOWN : TREND_UP;
	}
	char percent[NUMBER_TEXT_MAX];
	number_fraction((__int128)(size * 100), (__int128)of, 1, true, percent);
	snprintf(out, NUMBER_TEXT_MAX, "%c%.70s %%", difference < 0 ? '-' : '+', percent);
	return difference < 0 ? TREND_DOWN : TREND_UP;
}

void
number_age(int64_t ms, char out[NUMBER_TEXT_MAX])
{
	ms = ms < 0 ? 0 : ms;
	if (ms < 10000)
		snprintf(out, NUMBER_TEXT_MAX, "%d.%d s", (int)(ms / 1000), (int)(ms % 1000 / 100));
	else if (ms < 120000)
		snprintf(out, NUMBER_TEXT_MAX, "%d s", (int)(ms / 1000));
	else if (ms < 120 * 60000)
		snprintf(out, NUMBER_TEXT_MAX, "%d min", (int)(ms / 60000));
	else if (ms < 48 * 3600000LL)
		snprintf(out, NUMBER_TEXT_MAX, "%d h", (int)(ms / 3600000));
	else
		snprintf(out, NUMBER_TEXT_MAX, "%lld d", (long long)(ms / 86400000));
}
