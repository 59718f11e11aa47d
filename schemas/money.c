/* money.c - currencies, decimals, dated rates. Integers only. */
#include "schemas/money.h"
#include "common/mem.h"
#include <errno.h>
#include <stdlib.h>

/*
 * ISO 4217 as of 2025, with the minor units of its list: codes in ascending order, one text for each
 * number of decimals. ANG and BGN were replaced in 2025 and 2026; events of that time still carry them. Codes without
 * a minor unit (gold, drawing rights, no currency) cannot be an amt and are left out. XTS has 4 decimals for tests.
 */
static const char decimals_0[] = "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF";
static const char decimals_2[] =
    "AEDAFNALLAMDANGAOAARSAUDAWGAZNBAMBBDBDTBGNBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCNYCOPCOUCRCCUPCVECZK"
    "DKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHTGHUFIDRILSINRIRRJMDKESKGSKHRKPWKYDKZTLAKLBPLKRLRDLSL"
    "MADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDPABPENPGKPHPPKRPLNQARRONRSDRUBSARSBDSCRSDGSEK"
    "SGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTOPTRYTTDTWDTZSUAHUSDUSNUYUUZSVEDVESWSTXADXCDXCGYERZARZMWZWG";
static const char decimals_3[] = "BHDIQDJODKWDLYDOMRTND";
static const char decimals_4[] = "CLFUYWXTS";

static bool
has_code(const char *codes, size_t size, struct slice code)
{
	size_t low = 0, high = size / 3;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(code.p, codes + 3 * middle, 3);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

int
money_decimals(struct slice code)
{
	if (code.n != 3)
		return -1;
	if (has_code(decimals_2, sizeof(decimals_2) - 1, code))
		return 2;
	if (has_code(decimals_0, sizeof(decimals_0) - 1, code))
		return 0;
	if (has_code(decimals_3, sizeof(decimals_3) - 1, code))
		return 3;
	return has_code(decimals_4, sizeof(decimals_4) - 1, code) ? 4 : -1;
}

int
money_decimals_shown(struct slice code)
{
	return slice_is(code, "IDR") ? 0 : money_decimals(code);
}

/* value * 10 + digit towards the sign, so that INT64_MIN can be read. */
static int
digit_add(int64_t *value, bool negative, uint8_t digit)
{
	if (__builtin_mul_overflow(*value, 10, value))
		return -ERANGE;
	return __builtin_add_overflow(*value, negative ? -(digit - '0') : digit - '0', value) ? -ERANGE : 0;
}

static bool
is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

int
money_parse(struct slice text, int decimals, int64_t *minor)
{
	uint32_t i = 0, first;
	bool negative = false, too_big = false;
	int64_t value = 0;
	int given = 0; /* decimals */

	if (decimals < 0 || decimals > MONEY_DECIMALS_MAX)
		return -EINVAL;
	if (i < text.n && (text.p[i] == '-' || text.p[i] == '+'))
		negative = text.p[i++] == '-';
	for (first = i; i < text.n && is_digit(text.p[i]); i++)
		too_big |= digit_add(&value, negative, text.p[i]) != 0;
	if (i == first)
		return -EINVAL;
	if (i < text.n && text.p[i] == '.') {
		for (first = ++i; i < text.n && is_digit(text.p[i]); i++, given++) {
			if (given < decimals)
				too_big |= digit_add(&value, negative, text.p[i]) != 0;
		}
		if (i == first)
			return -EINVAL;
	}
	if (i != text.n)
		return -EINVAL;
	if (given > decimals)
		return -EDOM;
	for (; given < decimals; given++)
		too_big |= digit_add(&value, negative, '0') != 0;
	if (too_big)
		return -ERANGE;
	*minor = value;
	return 0;
}

void
money_format(int64_t minor, int decimals, char *out)
{
	char digits[MONEY_TEXT_MAX];
	uint64_t left = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
	int n = 0, at = 0;
	if (decimals < 0 || decimals > MONEY_DECIMALS_MAX)
		decimals = 0;
	do {
		if (n == decimals && n > 0)
			digits[at++] = '.';
		digits[at++] = (char)('0' + left % 10);
		left /= 10;
		n++;
	} while (left > 0 || n <= decimals);
	if (minor < 0)
		digits[at++] = '-';
	while (at > 0)
		*out++ = digits[--at];
	*out = '\0';
}

/* From `day` on, 1 minor unit of code is num / den minor units of the reporting currency; both at most 2^63. */
struct rate {
	char code[3];
	int64_t day;
	int64_t num, den;
};

struct money_rates {
	char reporting[4];
	int decimals;
	uint32_t count, cap;
	struct rate *rates; /* by (code, day) */
};

struct money_rates *
money_rates_new(struct slice reporting_code)
{
	int decimals = money_decimals(reporting_code);
	if (decimals < 0)
		return NULL;
	struct money_rates *rates = mem_zalloc(1, sizeof(*rates));
	memcpy(rates->reporting, reporting_code.p, 3);
	rates->decimals = decimals;
	return rates;
}

void
money_rates_free(struct money_rates *rates)
{
	if (rates == NULL)
		return;
	free(rates->rates);
	free(rates);
}

struct slice
money_reporting(const struct money_rates *rates)
{
	return slice_of(rates->reporting);
}

/* Index of the first rate behind (code, day). */
static uint32_t
rates_above(const struct money_rates *rates, struct slice code, int64_t day)
{
	uint32_t low = 0, high = rates->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(rates->rates[middle].code, code.p, 3);
		if (order < 0 || (order == 0 && rates->rates[middle].day <= day))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t
gcd(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

int
money_rates_add(struct money_rates *rates, struct slice code, int64_t day, int64_t num, int64_t den)
{
	int decimals = money_decimals(code);
	if (decimals < 0 || num <= 0 || den <= 0 || slice_is(code, rates->reporting))
		return -EINVAL;
	int64_t common = gcd(num, den);
	num /= common;
	den /= common;
	/* To minor units on both sides. Refused here if it does not fit: then amt * num never leaves 128 bits. */
	for (; decimals > rates->decimals; decimals--)
		if (num % 10 == 0)
			num /= 10;
		else if (__builtin_mul_overflow(den, 10, &den))
			return -EINVAL;
	for (; decimals < rates->decimals; decimals++)
		if (den % 10 == 0)
			den /= 10;
		else if (__builtin_mul_overflow(num, 10, &num))
			return -EINVAL;

	uint32_t at = rates_above(rates, code, day);
	if (at > 0 && rates->rates[at - 1].day == day && memcmp(rates->rates[at - 1].code, code.p, 3) == 0)
		return -EEXIST;
	if (rates->count >= MONEY_RATES_MAX)
		return -E2BIG;
	if (rates->count == rates->cap) {
		rates->cap = rates->cap ? rates->cap * 2 : 64;
		rates->rates = mem_realloc(rates->rates, rates->cap * sizeof(*rates->rates));
	}
	memmove(&rates->rates[at + 1], &rates->rates[at], (rates->count - at) * sizeof(*rates->rates));
	rates->rates[at] = (struct rate){.day = day, .num = num, .den = den};
	memcpy(rates->rates[at].code, code.p, 3);
	rates->count++;
	return 0;
}

/* amt * num / den, to the nearest, a half to the even neighbour. */
static int
scale(int64_t amt, int64_t num, int64_t den, int64_t *out)
{
	bool negative = amt < 0;
	unsigned __int128 magnitude = negative ? 0 - (uint64_t)amt : (uint64_t)amt;
	unsigned __int128 product = magnitude * (uint64_t)num, quotient = product / (uint64_t)den;
	uint64_t rest = (uint64_t)(product % (uint64_t)den), other = (uint64_t)den - rest;
	if (rest > other || (rest == other && (quotient & 1)))
		quotient++;
	if (quotient > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (int64_t)(0 - (uint64_t)quotient) : (int64_t)quotient;
	return 0;
}

int
money_convert(const struct money_rates *rates, struct slice code, int64_t day, int64_t amt, int64_t *out)
{
	if (code.n == 0 || slice_is(code, rates->reporting)) {
		*out = amt;
		return 0;
	}
	if (code.n != 3)
		return -ENOENT;
	uint32_t at = rates_above(rates, code, day);
	if (at == 0 || memcmp(rates->rates[at - 1].code, code.p, 3) != 0)
		return -ENOENT;
	return scale(amt, rates->rates[at - 1].num, rates->rates[at - 1].den, out);
}
