/* fraction.c - 192-bit products, by hand: the largest has three 64-bit factors. */
#include "aggregator/fraction.h"
#include <assert.h>

typedef unsigned __int128 u128;

enum { LIMBS = 3 };

struct wide {
	uint64_t limb[LIMBS]; /* lowest first */
	int sign;             /* -1, 0, 1 */
};

static uint64_t
magnitude(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static int
sign_of(int64_t value)
{
	return (value > 0) - (value < 0);
}

static struct wide
product(int64_t a, int64_t b, int64_t c)
{
	u128 ab = (u128)magnitude(a) * magnitude(b);
	u128 low = (u128)(uint64_t)ab * magnitude(c);
	u128 high = (u128)(uint64_t)(ab >> 64) * magnitude(c) + (uint64_t)(low >> 64);

	return (struct wide){{(uint64_t)low, (uint64_t)high, (uint64_t)(high >> 64)},
	                     sign_of(a) * sign_of(b) * sign_of(c)};
}

static int
compare(const struct wide *a, const struct wide *b)
{
	if (a->sign != b->sign)
		return a->sign < b->sign ? -1 : 1;
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -a->sign : a->sign;
	return 0;
}

int
fraction_compare(struct fraction a, struct fraction b, struct fraction scale)
{
	assert(a.den > 0);
	assert(b.den > 0);
	assert(scale.den > 0);
	struct wide left = product(a.num, b.den, scale.den);
	struct wide right = product(b.num, scale.num, a.den);
	return compare(&left, &right);
}

struct fraction
fraction_product(struct fraction a, struct fraction b)
{
	u128 num = (u128)magnitude(a.num) * magnitude(b.num), den = (u128)(uint64_t)a.den * (uint64_t)b.den;
	u128 x = num, y = den;

	while (y != 0) {
		u128 rest = x % y;
		x = y;
		y = rest;
	}
	num /= x; /* x >= 1: den is not 0 */
	den /= x;
	while (num > INT64_MAX || den > INT64_MAX) {
		num >>= 1;
		den >>= 1;
	}
	int64_t size = (int64_t)num;
	return (struct fraction){sign_of(a.num) * sign_of(b.num) < 0 ? -size : size, den > 0 ? (int64_t)den : 1};
}
