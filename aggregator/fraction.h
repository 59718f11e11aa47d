/*
 * fraction.h - exact comparison of fractions that do not fit 128 bits multiplied out.
 */
#ifndef AGGREGATOR_FRACTION_H
#define AGGREGATOR_FRACTION_H
#include <stdint.h>

/* num / den, den > 0. */
struct fraction {
	int64_t num, den;
};

/* The sign of a - b * scale: -1, 0 or 1. Exact. */
int fraction_compare(struct fraction a, struct fraction b, struct fraction scale);
/* a * b; exact if it fits 64 bits once reduced, else rounded to what fits. */
struct fraction fraction_product(struct fraction a, struct fraction b);
#endif
