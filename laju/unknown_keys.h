/*
 * unknown_keys.h - keys that no event has, each told once, where it was first seen.
 */
#ifndef LAJU_UNKNOWN_KEYS_H
#define LAJU_UNKNOWN_KEYS_H
#include "laju/ndjson.h"

enum { UNKNOWN_KEYS_MAX = 64 }; /* further ones are not told; the last one says so */

struct unknown_keys {
	uint32_t count;
	char name[UNKNOWN_KEYS_MAX][NDJSON_KEY_MAX + 1];
};

/* True: a new one, which the caller is to say. */
bool unknown_keys_add(struct unknown_keys *keys, const char *key);
/* The last one added, on stderr. near: ndjson_unknown_fn's. */
void unknown_keys_say(const struct unknown_keys *keys, const char *file, uint64_t line, const char *near);
#endif
