/*
 * slice.h - a run of bytes that somebody else owns.
 *
 * Not terminated, may hold any byte. A slice is valid as long as the buffer it
 * points into; the function that hands one out says how long that is.
 */
#ifndef COMMON_SLICE_H
#define COMMON_SLICE_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p; /* may be NULL only when n is 0 */
	uint32_t n;       /* bytes */
};

/* text must outlive the slice. */
static inline struct slice
slice_of(const char *text)
{
	return (struct slice){(const uint8_t *)text, (uint32_t)strlen(text)};
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}
#endif
