/* cursor.c - the parts of the MessagePack cursor that are not hot. */
#include "schemas/cursor.h"
#include <assert.h>

enum cursor_type
at_type(const uint8_t *p, const uint8_t *end)
{
	static const uint8_t special[32] = {
	    CURSOR_NIL,   CURSOR_BROKEN, CURSOR_BOOL, CURSOR_BOOL,  CURSOR_BIN,   CURSOR_BIN, CURSOR_BIN, CURSOR_EXT,
	    CURSOR_EXT,   CURSOR_EXT,    CURSOR_FLOAT, CURSOR_FLOAT, CURSOR_INT,  CURSOR_INT, CURSOR_INT, CURSOR_INT,
	    CURSOR_INT,   CURSOR_INT,    CURSOR_INT,  CURSOR_INT,   CURSOR_EXT,   CURSOR_EXT, CURSOR_EXT, CURSOR_EXT,
	    CURSOR_EXT,   CURSOR_STR,    CURSOR_STR,  CURSOR_STR,   CURSOR_ARRAY, CURSOR_ARRAY, CURSOR_MAP, CURSOR_MAP,
	};
	if (p >= end)
		return CURSOR_END;
	if (*p < 0x80 || *p >= 0xe0)
		return CURSOR_INT;
	if (*p < 0x90)
		return CURSOR_MAP;
	if (*p < 0xa0)
		return CURSOR_ARRAY;
	if (*p < 0xc0)
		return CURSOR_STR;
	return (enum cursor_type)special[*p - 0xc0];
}

/* Reads a big-endian length of 1, 2 or 4 bytes behind the head; false: short. */
static bool
length_read(const uint8_t *p, const uint8_t *end, unsigned bytes, uint32_t *out)
{
	if ((size_t)(end - p) < 1u + bytes)
		return false;
	*out = bytes == 1 ? p[1] : bytes == 2 ? at_be16(p + 1) : at_be32(p + 1);
	return true;
}

/* A run of n bytes behind `head` bytes. */
static const uint8_t *
run_read(const uint8_t *p, const uint8_t *end, unsigned head, uint32_t n, struct slice *out)
{
	if ((size_t)(end - p) - head < n)
		return NULL;
	out->p = p + head;
	out->n = n;
	return p + head + n;
}

const uint8_t *
at_str_long(const uint8_t *p, const uint8_t *end, struct slice *out)
{
	uint32_t n;
	if (p >= end || *p < 0xd9 || *p > 0xdb)
		return NULL;
	unsigned bytes = 1u << (*p - 0xd9);
	if (!length_read(p, end, bytes, &n))
		return NULL;
	return run_read(p, end, 1 + bytes, n, out);
}

const uint8_t *
at_bin(const uint8_t *p, const uint8_t *end, struct slice *out)
{
	uint32_t n;
	if (p >= end || *p < 0xc4 || *p > 0xc6)
		return NULL;
	unsigned bytes = 1u << (*p - 0xc4);
	if (!length_read(p, end, bytes, &n))
		return NULL;
	return run_read(p, end, 1 + bytes, n, out);
}

/* Array and map heads: fix form at `fix` (16 values), then a 16 and a 32 bit form at `wide`. */
static const uint8_t *
count_read(const uint8_t *p, const uint8_t *end, uint8_t fix, uint8_t wide, unsigned bytes_each, uint32_t *count)
{
	unsigned head = 1;
	if (p >= end)
		return NULL;
	if ((*p & 0xf0) == fix) {
		*count = *p & 15u;
	} else if (*p == wide || *p == wide + 1) {
		unsigned bytes = *p == wide ? 2 : 4;
		if (!length_read(p, end, bytes, count))
			return NULL;
		head += bytes;
	} else {
		return NULL;
	}
	if ((uint64_t)*count * bytes_each > (uint64_t)(end - p) - head)
		return NULL;
	return p + head;
}

const uint8_t *
at_array(const uint8_t *p, const uint8_t *end, uint32_t *count)
{
	return count_read(p, end, 0x90, 0xdc, 1, count);
}

const uint8_t *
at_map(const uint8_t *p, const uint8_t *end, uint32_t *count)
{
	return count_read(p, end, 0x80, 0xde, 2, count);
}

const uint8_t *
at_uint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
	int64_t v = 0;
	if (p < end && *p == 0xcf) {
		if (end - p < 9)
			return NULL;
		*out = at_be64(p + 1);
		return p + 9;
	}
	p = at_int(p, end, &v);
	if (p == NULL || v < 0)
		return NULL;
	*out = (uint64_t)v;
	return p;
}

/* Bytes of a value that holds no others, head included; 0: not such a value, or its length is cut off. */
static uint64_t
flat_size(const uint8_t *p, const uint8_t *end)
{
	/* 0xc0..0xdf: size of the whole, or of a length field to read (then | 0x80, ext: 0xc0, one byte more). 0: none. */
	static const uint8_t sizes[32] = {
	    1, 0, 1, 1, 0x81, 0x82, 0x84, 0xc1, 0xc2, 0xc4, 5, 9, 2, 3, 5, 9,
	    2, 3, 5, 9, 3, 4, 6, 10, 18, 0x81, 0x82, 0x84, 0, 0, 0, 0,
	};
	uint32_t n;
	if (*p < 0x80 || *p >= 0xe0)
		return 1;
	if ((*p & 0xe0) == 0xa0)
		return 1u + (*p & 31u);
	if (*p < 0xc0)
		return 0;
	uint8_t size = sizes[*p - 0xc0];
	if (size < 0x80)
		return size;
	unsigned bytes = size & 7u;
	if (!length_read(p, end, bytes, &n))
		return 0;
	return 1u + bytes + (size >= 0xc0) + (uint64_t)n;
}

/* Steps over one flat value, or into an array or map, whose number of members is then in *members. */
static const uint8_t *
skip_step(const uint8_t *p, const uint8_t *end, uint64_t *members)
{
	uint32_t count;
	*members = 0;
	enum cursor_type type = at_type(p, end);
	if (type == CURSOR_ARRAY || type == CURSOR_MAP) {
		p = type == CURSOR_ARRAY ? at_array(p, end, &count) : at_map(p, end, &count);
		if (p != NULL)
			*members = (uint64_t)count << (type == CURSOR_MAP);
		return p;
	}
	if (type == CURSOR_END)
		return NULL;
	uint64_t size = flat_size(p, end);
	return size == 0 || size > (uint64_t)(end - p) ? NULL : p + size;
}

const uint8_t *
at_skip(const uint8_t *p, const uint8_t *end)
{
	uint64_t left = 1, members;
	while (left > 0) {
		p = skip_step(p, end, &members);
		if (p == NULL)
			return NULL;
		left += members - 1;
		if (left > (uint64_t)(end - p))
			return NULL; /* each needs a byte: stops a bomb of claims early and keeps left small */
	}
	return p;
}

const uint8_t *
at_skip_depth(const uint8_t *p, const uint8_t *end, unsigned depth, bool *deep)
{
	uint64_t left[CURSOR_DEPTH_MAX + 1], members;
	unsigned level = 0;
	assert(depth <= CURSOR_DEPTH_MAX);
	left[0] = 1;
	for (;;) {
		while (left[level] == 0) {
			if (level == 0)
				return p;
			level--;
		}
		left[level]--;
		enum cursor_type type = at_type(p, end);
		if ((type == CURSOR_ARRAY || type == CURSOR_MAP) && level == depth) {
			*deep = true;
			return NULL;
		}
		p = skip_step(p, end, &members);
		if (p == NULL)
			return NULL;
		if (members > 0)
			left[++level] = members;
	}
}

unsigned
utf8_size(const uint8_t *p, uint32_t n)
{
	unsigned size = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	if (size == 0 || size > n)
		return 0;
	for (unsigned i = 1; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
		return 0; /* overlong; surrogate */
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0; /* overlong; above U+10FFFF */
	return size;
}

enum text_fault
text_check_slow(struct slice text)
{
	enum text_fault fault = TEXT_FINE;
	for (uint32_t i = 0; i < text.n;) {
		unsigned size = utf8_size(text.p + i, text.n - i);
		if (size == 0)
			return TEXT_NOT_UTF8;
		if (text.p[i] < 0x20)
			fault = TEXT_CONTROL;
		i += size;
	}
	return fault;
}

/* Moves on to next, or fails when it is NULL. */
static bool
advance(struct cursor *cursor, const uint8_t *next)
{
	if (next == NULL)
		return cursor_fail(cursor);
	cursor->p = next;
	return true;
}

bool
cursor_fail(struct cursor *cursor)
{
	cursor->failed = true;
	return false;
}

bool
cursor_done(const struct cursor *cursor)
{
	return !cursor->failed && cursor->p == cursor->end;
}

enum cursor_type
cursor_type(const struct cursor *cursor)
{
	return cursor->failed ? CURSOR_END : at_type(cursor->p, cursor->end);
}

bool
cursor_int(struct cursor *cursor, int64_t *out)
{
	*out = 0;
	if (cursor->failed)
		return false;
	int64_t value;
	if (!advance(cursor, at_int(cursor->p, cursor->end, &value)))
		return false;
	*out = value;
	return true;
}

bool
cursor_uint(struct cursor *cursor, uint64_t *out)
{
	*out = 0;
	return !cursor->failed && advance(cursor, at_uint(cursor->p, cursor->end, out));
}

bool
cursor_u32(struct cursor *cursor, uint32_t *out)
{
	uint64_t wide;
	*out = 0;
	if (!cursor_uint(cursor, &wide))
		return false;
	if (wide > UINT32_MAX)
		return cursor_fail(cursor);
	*out = (uint32_t)wide;
	return true;
}

bool
cursor_bool(struct cursor *cursor, bool *out)
{
	*out = false;
	if (cursor_type(cursor) != CURSOR_BOOL)
		return cursor_fail(cursor);
	*out = *cursor->p++ == 0xc3;
	return true;
}

bool
cursor_nil(struct cursor *cursor)
{
	if (cursor_type(cursor) != CURSOR_NIL)
		return cursor_fail(cursor);
	cursor->p++;
	return true;
}

bool
cursor_bin(struct cursor *cursor, struct slice *out)
{
	*out = (struct slice){0};
	return !cursor->failed && advance(cursor, at_bin(cursor->p, cursor->end, out));
}

bool
cursor_text(struct cursor *cursor, struct slice *out)
{
	*out = (struct slice){0};
	if (cursor->failed)
		return false;
	const uint8_t *next = at_str(cursor->p, cursor->end, out);
	if (next != NULL && text_check(*out, cursor->end) == TEXT_FINE)
		return advance(cursor, next);
	*out = (struct slice){0};
	return cursor_fail(cursor);
}

bool
cursor_array(struct cursor *cursor, uint32_t *count)
{
	const uint8_t *next = cursor->failed ? NULL : at_array(cursor->p, cursor->end, count);
	if (next == NULL)
		*count = 0;
	return advance(cursor, next);
}

bool
cursor_map(struct cursor *cursor, uint32_t *count)
{
	const uint8_t *next = cursor->failed ? NULL : at_map(cursor->p, cursor->end, count);
	if (next == NULL)
		*count = 0;
	return advance(cursor, next);
}

bool
cursor_skip(struct cursor *cursor)
{
	bool deep = false;
	return !cursor->failed && advance(cursor, at_skip_depth(cursor->p, cursor->end, CURSOR_DEPTH_MAX, &deep));
}

bool
cursor_key(struct cursor *cursor, struct slice *out)
{
	*out = (struct slice){0};
	if (cursor_type(cursor) != CURSOR_STR)
		return cursor_skip(cursor);
	return advance(cursor, at_str(cursor->p, cursor->end, out));
}
