/* random.h - a seeded generator for tests: SplitMix64. The seed is printed; LAJU_SEED chooses one. */
#ifndef TESTS_COMMON_RANDOM_H
#define TESTS_COMMON_RANDOM_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

static inline struct random
random_start(const char *test)
{
	const char *given = getenv("LAJU_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 1;
	printf("%s: seed %llu\n", test, (unsigned long long)seed);
	return (struct random){seed};
}

static inline uint64_t
random_below(struct random *random, uint64_t n)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % n;
}
#endif
