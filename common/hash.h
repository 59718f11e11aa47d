/*
 * hash.h - the hashes of a deployment, all keyed but one.
 *
 * Ids get SipHash-2-4 with 128 bits (libsodium): an id comes from outside, and
 * a 64-bit or unkeyed hash can be collided on purpose. Content and dimension
 * hashes are XXH3 with a secret derived from the same key: fast, not
 * cryptographic, useless to predict without the key.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H
#include "common/slice.h"

enum { HASH_KEY_BYTES = 16, HASH_SECRET_BYTES = 192 };

struct hash128 {
	uint64_t lo, hi;
};

struct hash_key {
	uint8_t sip[HASH_KEY_BYTES];
	uint8_t secret[HASH_SECRET_BYTES]; /* derived from sip */
};

/* Derives the XXH3 secret; call once per deployment key. */
void hash_key_init(struct hash_key *key, const uint8_t sip[HASH_KEY_BYTES]);

struct hash128 hash_id(const struct hash_key *key, const void *bytes, size_t n);
uint64_t hash_content(const struct hash_key *key, const void *bytes, size_t n);
struct hash128 hash_dims(const struct hash_key *key, const void *bytes, size_t n);
/*
 * Orders texts that nothing else tells apart, alike in every deployment: no key, so that two of them
 * agree. Never to look anything up by: whoever sends the texts chooses their hashes.
 */
uint64_t hash_tie(struct slice text);
#endif
