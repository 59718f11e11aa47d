/*
 * scalar.h - texts of the configuration into values. Pure; every function returns
 * false for what is not of its form and leaves *out alone.
 */
#ifndef LAJU_SCALAR_H
#define LAJU_SCALAR_H
#include "common/slice.h"

enum { SCALAR_DIGITS_MAX = 18 }; /* of one number: fits 63 bits */

/* Optional minus, digits. */
bool scalar_int(struct slice text, int64_t *out);
bool scalar_bool(struct slice text, bool *out); /* true, false */
/* "500ms", "90s", "10m", "2h", "7d". A number without a unit is refused: 10 of what? */
bool scalar_duration_ms(struct slice text, int64_t *out);
/* The largest fitting unit: "10m". */
void scalar_format_duration(int64_t ms, char out[32]);
/* "512MiB", "512M" (the same), "0", "1048576": powers of 1024 up to TiB. */
bool scalar_bytes(struct slice text, int64_t *out);
/* The largest unit that leaves no rest: "512MiB". */
void scalar_format_bytes(int64_t bytes, char out[32]);
/* "-12.50" -> num -125, den 10: lowest power of ten; at most SCALAR_DIGITS_MAX digits. */
bool scalar_decimal(struct slice text, int64_t *num, int64_t *den);
/* Of that form, with however many digits, so many of them behind the point. */
bool scalar_is_decimal(struct slice text, uint32_t *digits, uint32_t *decimals);
/* "2026-01-31" -> days since 1970; a date that exists. */
bool scalar_day(struct slice text, int64_t *day);
/* Index of text in words "a|b|c", -1 if it is none. */
int scalar_word(struct slice text, const char *words);
/* Word number index of "a|b|c". */
struct slice scalar_word_at(const char *words, int index);
#endif
