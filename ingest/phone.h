/*
 * phone.h - one way of writing a phone number, so that a person is one customer.
 *
 * By option only: whether "08123456789" is a phone number or a shop's own customer
 * number, nobody but the operator knows. Pure.
 */
#ifndef INGEST_PHONE_H
#define INGEST_PHONE_H
#include "common/slice.h"

enum {
	PHONE_COUNTRY_MAX = 3,  /* digits of a country calling code */
	PHONE_DIGITS_MIN = 8,   /* of what is taken for a phone number, as written, without a prefix 00 */
	PHONE_DIGITS_MAX = 15,  /* the same, and of the whole number with its country: E.164 */
	PHONE_BYTES_MAX = 1 + PHONE_DIGITS_MAX,
};

/* One to three digits, the first not 0: "62". */
bool phone_is_country(struct slice text);

/*
 * text as "+<country><number>" in out, and its length; 0: it is not written like a phone number and
 * stays what it is. Written like one: digits, with at most one + before them, and spaces, dashes, dots and
 * parentheses anywhere. After + or 00 (or without both, when it begins with `country`) stands a
 * country; else the number is one of `country`. Zeros before a number of `country` are not part of it:
 * "0812-3456 7890", "+62 (0)812 3456 7890" and "6281234567890" are one number. The result stays itself.
 *
 * BUGS: countries where the 0 belongs to the number (Italy's landlines) lose it; everybody there
 * loses it alike.
 */
uint32_t phone_normalise(struct slice text, struct slice country, char out[PHONE_BYTES_MAX]);
#endif
