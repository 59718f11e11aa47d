/*
 * word.h - "did you mean": the nearest of some words. Pure.
 */
#ifndef LAJU_WORD_H
#define LAJU_WORD_H
#include <stdint.h>

enum { WORD_MAX = 64 }; /* bytes; a longer word is near none */

/* The nearest of count words, close enough to be a slip of the hand; NULL: none is. */
const char *word_nearest(const char *word, const char *const *words, uint32_t count);
#endif
