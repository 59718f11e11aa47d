/* hash.c - hashes over libsodium (SipHash) and libxxhash (XXH3). */
#include "common/hash.h"
#include <sodium/crypto_shorthash.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <xxhash.h>

_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == HASH_KEY_BYTES, "SipHash key size");
_Static_assert(HASH_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN, "XXH3 secret size");

void
hash_key_init(struct hash_key *key, const uint8_t sip[HASH_KEY_BYTES])
{
	memcpy(key->sip, sip, HASH_KEY_BYTES);
	for (uint8_t block = 0; block < HASH_SECRET_BYTES / 16; block++)
		crypto_shorthash_siphashx24(key->secret + 16 * block, &block, 1, key->sip);
}

struct hash128
hash_id(const struct hash_key *key, const void *bytes, size_t n)
{
	struct hash128 out;
	crypto_shorthash_siphashx24((unsigned char *)&out, bytes, n, key->sip);
	return out;
}

uint64_t
hash_content(const struct hash_key *key, const void *bytes, size_t n)
{
	return XXH3_64bits_withSecret(bytes, n, key->secret, HASH_SECRET_BYTES);
}

uint64_t
hash_tie(struct slice text)
{
	return XXH3_64bits(text.p, text.n);
}

struct hash128
hash_dims(const struct hash_key *key, const void *bytes, size_t n)
{
	XXH128_hash_t h = XXH3_128bits_withSecret(bytes, n, key->secret, HASH_SECRET_BYTES);
	return (struct hash128){h.low64, h.high64};
}

