/* util.h - what the tests of the codecs share: literals as slices, exact copies, seeded random numbers. */
#ifndef TESTS_SCHEMAS_UTIL_H
#define TESTS_SCHEMAS_UTIL_H
#include "common/buf.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* A literal with any bytes in it. */
#define B(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})

/* A copy of exactly its size on the heap, so that the address sanitizer sees a read one byte too far. free() it. */
static inline uint8_t *
exact(struct slice bytes)
{
	uint8_t *copy = malloc(bytes.n ? bytes.n : 1);
	assert_non_null(copy);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	return copy;
}

/* The seed: LAJU_SEED, else the time; printed, so that a failure can be repeated. */
static inline uint64_t
seed_of(const char *test)
{
	const char *given = getenv("LAJU_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("%s: LAJU_SEED=%" PRIu64 "\n", test, seed);
	return seed;
}

/* splitmix64 */
static inline uint64_t
rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint32_t
rnd_below(uint64_t *state, uint32_t end)
{
	return (uint32_t)((rnd(state) >> 32) * end >> 32);
}

/* Numbers of every size, so that every integer form is met. */
static inline int64_t
rnd_int(uint64_t *state)
{
	int64_t value = (int64_t)(rnd(state) >> rnd_below(state, 64));
	return rnd(state) & 1 ? value : (int64_t)(0 - (uint64_t)value);
}

/* A random UTF-8 text of at most max bytes without control characters, appended to out. */
static inline struct slice
rnd_text(uint64_t *state, uint32_t max, uint8_t *to)
{
	static const char *const pieces[] = {"a", "B", "7", "-", " ", "/", "%", "~", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	uint32_t want = rnd_below(state, 4) ? rnd_below(state, max < 20 ? max + 1 : 20) : rnd_below(state, max + 1), n = 0;
	for (;;) {
		const char *piece = pieces[rnd_below(state, sizeof(pieces) / sizeof(pieces[0]))];
		uint32_t size = (uint32_t)strlen(piece);
		if (n + size > want)
			return (struct slice){to, n};
		memcpy(to + n, piece, size);
		n += size;
	}
}

#define assert_slice(slice, text) assert_true(slice_equal(slice, B(text)))
#endif
