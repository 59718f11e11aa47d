/* word.c - "did you mean": the nearest of some words. */
#include "laju/word.h"
#include <string.h>

/* Optimal string alignment: insert, delete, replace, swap neighbours. Words longer than WORD_MAX are never near. */
static uint32_t
word_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	uint32_t row[3][WORD_MAX + 1];
	if (n > WORD_MAX || m > WORD_MAX)
		return UINT32_MAX;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (uint32_t)j;
	for (size_t i = 1; i <= n; i++) {
		uint32_t *now = row[i % 3], *last = row[(i + 2) % 3], *older = row[(i + 1) % 3];
		now[0] = (uint32_t)i;
		for (size_t j = 1; j <= m; j++) {
			uint32_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
			best = last[j] + 1 < best ? last[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
				best = older[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *
word_nearest(const char *word, const char *const *words, uint32_t count)
{
	/* A third of the letters may be wrong: more, and the guess is noise. */
	uint32_t best = ((uint32_t)strlen(word) + 1) / 3;
	const char *near = NULL;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t distance = word_distance(word, words[i]);
		if (distance < best || (distance == best && !near)) {
			best = distance;
			near = words[i];
		}
	}
	return near;
}
