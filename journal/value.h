/*
 * value.h - inside journal: a value of the log on disk, that is the records of one commit; see log_lmdb.md.
 *
 * Pure: bytes in, bytes out. A value under construction and one that was read have the same form, so that
 * records are found in both alike.
 */
#ifndef JOURNAL_VALUE_H
#define JOURNAL_VALUE_H
#include "common/buf.h"

enum { VALUE_SUM_BYTES = 16, VALUE_HEAD_BYTES = VALUE_SUM_BYTES + 24, VALUE_LENGTH_BYTES = 4 };

/* A value to be filled. Zero-initialise it. */
struct value {
	struct buf bytes;
	uint64_t first; /* lsn of its first record */
	uint32_t count;
};

/* Empties it; the first record to come is lsn. */
void value_start(struct value *value, uint64_t first);
void value_add(struct value *value, struct slice record);
/* Writes the head. It may be sealed again after more was added. */
struct slice value_seal(struct value *value);

/* How many records it says to hold; 0: too short to say. Checks nothing else. */
uint32_t value_count(struct slice bytes);
/* NULL, or what is wrong with the bytes that stand under the key first. */
const char *value_fault(struct slice bytes, uint64_t first);

/* Where a reader stands in a value that begins with record first: the next record and its offset. {0} is nowhere. */
struct value_place {
	uint64_t first, lsn;
	uint32_t off;
};
/* Record lsn of a value that has it and whose head begins at first. O(1) for the record behind the last one read. */
struct slice value_record(struct slice bytes, uint64_t first, uint64_t lsn, struct value_place *place);

/* The sum that ends the state and begins a value: XXH3, 128 bits, big-endian. */
void value_sum(const void *bytes, size_t n, uint8_t sum[VALUE_SUM_BYTES]);

static inline uint64_t
get_u64(const uint8_t *from)
{
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--)
		value = value << 8 | from[i];
	return value;
}

static inline uint32_t
get_u32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline void
put_u64(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static inline void
put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}
#endif
