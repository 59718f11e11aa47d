/* guess.c - "did you mean": the nearest of some words. */
#include "laju/guess.h"
#include <stdio.h>

static char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

/* Edits between two words, a swap of neighbours counting one (optimal string alignment). */
static uint32_t
edit_distance(const char *a, size_t n, const char *b, size_t m)
{
	uint32_t row[3][GUESS_BYTES_MAX + 1];
	for (uint32_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (uint32_t i = 1; i <= n; i++) {
		uint32_t *now = row[i % 3], *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (uint32_t j = 1; j <= m; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			uint32_t best = above[j - 1] + !same;
			best = above[j] + 1 < best ? above[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
			if (swapped && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

void
guess_begin(struct guess *guess, struct slice word)
{
	*guess = (struct guess){.word = word};
	/* One slip in three letters is a slip; more is another word. */
	guess->distance = word.n == 0 ? 0 : (word.n + 2) / 3 + 1;
}

void
guess_offer(struct guess *guess, const char *candidate)
{
	size_t n = strlen(candidate);
	if (n == 0 || n > GUESS_BYTES_MAX || guess->word.n > GUESS_BYTES_MAX)
		return;
	uint32_t distance = edit_distance((const char *)guess->word.p, guess->word.n, candidate, n);
	if (distance >= guess->distance || distance >= n)
		return;
	guess->distance = distance;
	memcpy(guess->best, candidate, n + 1);
}

const char *
guess_text(struct guess *guess)
{
	guess->text[0] = '\0';
	if (guess->best[0] != '\0')
		snprintf(guess->text, sizeof(guess->text), ", did you mean '%s'?", guess->best);
	return guess->text;
}

const char *
guess_nearest(const char *word, const char *const *words, uint32_t count)
{
	struct guess guess;
	const char *nearest = NULL;
	guess_begin(&guess, slice_of(word));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t before = guess.distance;
		guess_offer(&guess, words[i]);
		if (guess.distance < before)
			nearest = words[i];
	}
	return nearest;
}
