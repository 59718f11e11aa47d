/*
 * guess.h - "did you mean": the nearest of some words. Pure.
 */
#ifndef LAJU_GUESS_H
#define LAJU_GUESS_H
#include "common/slice.h"

enum { GUESS_BYTES_MAX = 63 }; /* a longer word is near none */

/* Candidates are offered one by one; capitals do not count, the first of equally near ones stays. */
struct guess {
	struct slice word; /* the caller's, must outlive the offers */
	char best[GUESS_BYTES_MAX + 1]; /* "": none was near enough to be a slip of the hand */
	uint32_t distance; /* of best; starts at the largest that counts + 1 */
	char text[GUESS_BYTES_MAX + 32];
};
void guess_begin(struct guess *guess, struct slice word);
void guess_offer(struct guess *guess, const char *candidate);
const char *guess_text(struct guess *guess); /* ", did you mean 'x'?" or ""; valid as long as the guess */

/* The nearest of count words; NULL: none is near enough. */
const char *guess_nearest(const char *word, const char *const *words, uint32_t count);
#endif
