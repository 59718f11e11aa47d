/*
 * cursor.h - reads MessagePack in place: bounded, no allocation, no trust.
 *
 * Two layers. The at_* functions are the hot part: each takes the present
 * position and the end and returns the position behind the value, or NULL when
 * the bytes are short or of another type. struct cursor puts a sticky error
 * around them for codecs that are not hot: read field after field, ask once at
 * the end, but ask inside each loop whose count came from the peer.
 *
 * Every length and count is compared with the bytes left before it is used: an
 * array of n elements needs at least n bytes, a map of n pairs 2n. So a count
 * that was read is bounded by the message's size. Pure; any thread.
 */
#ifndef SCHEMAS_CURSOR_H
#define SCHEMAS_CURSOR_H
#include "common/slice.h"
#include <stddef.h>

enum { CURSOR_DEPTH_MAX = 16 }; /* the deepest nesting that a depth limit may allow; 8 bytes of stack a level */

enum cursor_type {
	CURSOR_END = 0, /* no bytes left */
	CURSOR_BROKEN,  /* 0xc1, which no MessagePack has */
	CURSOR_NIL,
	CURSOR_BOOL,
	CURSOR_INT,
	CURSOR_FLOAT,
	CURSOR_STR,
	CURSOR_BIN,
	CURSOR_ARRAY,
	CURSOR_MAP,
	CURSOR_EXT,
};

/* Type of the value at p; says nothing about whether all of it is there. */
enum cursor_type at_type(const uint8_t *p, const uint8_t *end);

static inline uint16_t
at_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
at_be32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	return v;
}

static inline uint64_t
at_be64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* The forms that are not a fixstr / a fixint; see at_str() and at_int(). */
const uint8_t *at_str_long(const uint8_t *p, const uint8_t *end, struct slice *out);
const uint8_t *at_bin(const uint8_t *p, const uint8_t *end, struct slice *out);
const uint8_t *at_array(const uint8_t *p, const uint8_t *end, uint32_t *count);
/* count: pairs. */
const uint8_t *at_map(const uint8_t *p, const uint8_t *end, uint32_t *count);

/* The whole value at p, however deep: the nesting costs no stack. NULL: broken or short. */
const uint8_t *at_skip(const uint8_t *p, const uint8_t *end);
/*
 * The same, with at most `depth` (0..CURSOR_DEPTH_MAX) arrays and maps inside each other: 0 takes
 * no array and no map, not even an empty one. *deep is set (never cleared) when that was the reason for NULL.
 */
const uint8_t *at_skip_depth(const uint8_t *p, const uint8_t *end, unsigned depth, bool *deep);

/* The bytes are not checked to be UTF-8; see text_check(). */
static inline const uint8_t *
at_str(const uint8_t *p, const uint8_t *end, struct slice *out)
{
	if (p < end && (*p & 0xe0) == 0xa0) {
		uint32_t n = *p & 31u;
		if ((size_t)(end - p) <= n)
			return NULL;
		out->p = p + 1;
		out->n = n;
		return p + 1 + n;
	}
	return at_str_long(p, end, out);
}

/* An integer of any of MessagePack's forms that int64 can hold. */
static inline const uint8_t *
at_int(const uint8_t *p, const uint8_t *end, int64_t *out)
{
	if (p >= end)
		return NULL;
	size_t left = (size_t)(end - p);
	uint8_t head = *p;
	if (head < 0x80 || head >= 0xe0) {
		*out = (int8_t)head;
		return p + 1;
	}
	switch (head) {
	case 0xcc:
		if (left < 2)
			return NULL;
		*out = p[1];
		return p + 2;
	case 0xcd:
		if (left < 3)
			return NULL;
		*out = at_be16(p + 1);
		return p + 3;
	case 0xce:
		if (left < 5)
			return NULL;
		*out = at_be32(p + 1);
		return p + 5;
	case 0xcf:
	case 0xd3:
		if (left < 9)
			return NULL;
		*out = (int64_t)at_be64(p + 1);
		if (head == 0xcf && *out < 0)
			return NULL; /* above INT64_MAX */
		return p + 9;
	case 0xd0:
		if (left < 2)
			return NULL;
		*out = (int8_t)p[1];
		return p + 2;
	case 0xd1:
		if (left < 3)
			return NULL;
		*out = (int16_t)at_be16(p + 1);
		return p + 3;
	case 0xd2:
		if (left < 5)
			return NULL;
		*out = (int32_t)at_be32(p + 1);
		return p + 5;
	default:
		return NULL;
	}
}

/* An integer of 0..UINT64_MAX. */
const uint8_t *at_uint(const uint8_t *p, const uint8_t *end, uint64_t *out);

enum text_fault { TEXT_FINE = 0, TEXT_CONTROL /* a byte below 0x20 */, TEXT_NOT_UTF8 };

/*
 * Bytes of the UTF-8 character at p of n > 0 bytes; 0: there is none. As RFC 3629 has it: shortest form, no surrogates,
 * at most U+10FFFF.
 */
unsigned utf8_size(const uint8_t *p, uint32_t n);
/* UTF-8, and no control characters below 0x20. */
enum text_fault text_check_slow(struct slice text);

/*
 * True for texts of printable ASCII (and DEL), which is nearly all of them: eight
 * bytes at a time, a byte outside 0x20..0x7f shows in its top bit. A borrow can only
 * come from a lower byte that is outside itself, so nothing bad passes. limit: end of the readable bytes, so that a short text is one load.
 */
static inline bool
text_check_ascii(struct slice text, const uint8_t *limit)
{
	const uint64_t spaces = 0x2020202020202020u, tops = 0x8080808080808080u;
	const uint8_t *p = text.p;
	uint32_t n = text.n;
	uint64_t bad = 0, word;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		bad |= (word - spaces) | word;
	}
	if (n > 0) {
		word = spaces;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		if ((size_t)(limit - p) >= 8) {
			uint64_t beyond = ~(uint64_t)0 << (8 * n);
			memcpy(&word, p, 8);
			word = (word & ~beyond) | (spaces & beyond);
		} else
#endif
			memcpy(&word, p, n);
		bad |= (word - spaces) | word;
	}
	(void)limit;
	return (bad & tops) == 0;
}

static inline enum text_fault
text_check(struct slice text, const uint8_t *limit)
{
	return text_check_ascii(text, limit) ? TEXT_FINE : text_check_slow(text);
}

/*
 * The sticky reader. After the first value that does not fit, failed is set, p stays
 * where it was and every later call returns false without reading. Results of failed
 * calls are zeroed.
 */
struct cursor {
	const uint8_t *p, *end;
	bool failed;
};

static inline struct cursor
cursor_of(struct slice bytes)
{
	return (struct cursor){bytes.p, bytes.n ? bytes.p + bytes.n : bytes.p, false};
}

/* CURSOR_END also after a failure. */
enum cursor_type cursor_type(const struct cursor *cursor);
bool cursor_int(struct cursor *cursor, int64_t *out);
bool cursor_uint(struct cursor *cursor, uint64_t *out);
bool cursor_u32(struct cursor *cursor, uint32_t *out);
bool cursor_bool(struct cursor *cursor, bool *out);
bool cursor_nil(struct cursor *cursor);
bool cursor_bin(struct cursor *cursor, struct slice *out);
/* UTF-8 checked, no control characters: fit for a terminal and a topic. */
bool cursor_text(struct cursor *cursor, struct slice *out);
bool cursor_array(struct cursor *cursor, uint32_t *count);
bool cursor_map(struct cursor *cursor, uint32_t *count);
bool cursor_skip(struct cursor *cursor); /* nesting up to CURSOR_DEPTH_MAX */
/* The next key of a map; one that is not a str comes back empty (skipped), which no known key is. */
bool cursor_key(struct cursor *cursor, struct slice *out);
/* For the codec's own findings. Returns false. */
bool cursor_fail(struct cursor *cursor);
/* True if nothing failed and nothing is left. */
bool cursor_done(const struct cursor *cursor);
#endif
