/* value.c - the records of a commit as one value; see log_lmdb.md. */
#include "journal/value.h"
#include <assert.h>
#include <xxhash.h>

static const uint8_t magic[4] = {'L', 'J', 'V', '1'};
enum { COUNT_OFF = VALUE_SUM_BYTES + 4, FIRST_OFF = COUNT_OFF + 4, BYTES_OFF = FIRST_OFF + 8 };
_Static_assert(BYTES_OFF + 8 == VALUE_HEAD_BYTES, "the head is what its parts are");

void
value_sum(const void *bytes, size_t n, uint8_t sum[VALUE_SUM_BYTES])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, n));
	memcpy(sum, canonical.digest, VALUE_SUM_BYTES);
}

void
value_start(struct value *value, uint64_t first)
{
	value->bytes.len = 0;
	buf_reserve(&value->bytes, VALUE_HEAD_BYTES);
	value->bytes.len = VALUE_HEAD_BYTES;
	value->first = first;
	value->count = 0;
}

void
value_add(struct value *value, struct slice record)
{
	uint8_t *to = buf_reserve(&value->bytes, VALUE_LENGTH_BYTES + record.n);
	put_u32(to, record.n);
	memcpy(to + VALUE_LENGTH_BYTES, record.p, record.n);
	value->bytes.len += VALUE_LENGTH_BYTES + record.n;
	value->count++;
}

struct slice
value_seal(struct value *value)
{
	uint8_t *head = value->bytes.data;
	memcpy(head + VALUE_SUM_BYTES, magic, sizeof(magic));
	put_u32(head + COUNT_OFF, value->count);
	put_u64(head + FIRST_OFF, value->first);
	put_u64(head + BYTES_OFF, value->bytes.len - VALUE_HEAD_BYTES);
	value_sum(head + VALUE_SUM_BYTES, value->bytes.len - VALUE_SUM_BYTES, head);
	return buf_slice(&value->bytes);
}

uint32_t
value_count(struct slice bytes)
{
	return bytes.n < VALUE_HEAD_BYTES ? 0 : get_u32(bytes.p + COUNT_OFF);
}

/* The lengths of as many records as it says, end to end, fill it. */
static bool
records_fill(struct slice bytes)
{
	uint32_t off = VALUE_HEAD_BYTES;
	for (uint32_t i = value_count(bytes); i > 0; i--) {
		if (bytes.n - off < VALUE_LENGTH_BYTES)
			return false;
		uint32_t n = get_u32(bytes.p + off);
		off += VALUE_LENGTH_BYTES;
		if (bytes.n - off < n)
			return false;
		off += n;
	}
	return off == bytes.n;
}

const char *
value_fault(struct slice bytes, uint64_t first)
{
	uint8_t sum[VALUE_SUM_BYTES];
	if (bytes.n < VALUE_HEAD_BYTES || memcmp(bytes.p + VALUE_SUM_BYTES, magic, sizeof(magic)) != 0)
		return "it does not begin like a value of the log";
	value_sum(bytes.p + VALUE_SUM_BYTES, bytes.n - VALUE_SUM_BYTES, sum);
	if (memcmp(sum, bytes.p, sizeof(sum)) != 0)
		return "its checksum is wrong";
	if (get_u64(bytes.p + FIRST_OFF) != first || get_u64(bytes.p + BYTES_OFF) != bytes.n - VALUE_HEAD_BYTES)
		return "it stands at a place that is not its own";
	if (value_count(bytes) == 0 || !records_fill(bytes))
		return "its records do not fill it";
	return NULL;
}

struct slice
value_record(struct slice bytes, uint64_t first, uint64_t lsn, struct value_place *place)
{
	assert(lsn >= first);
	if (place->first != first || place->lsn > lsn)
		*place = (struct value_place){first, first, VALUE_HEAD_BYTES};
	for (;;) {
		assert(bytes.n - place->off >= VALUE_LENGTH_BYTES);
		struct slice record = {bytes.p + place->off + VALUE_LENGTH_BYTES, get_u32(bytes.p + place->off)};
		place->off += VALUE_LENGTH_BYTES + record.n;
		assert(place->off <= bytes.n);
		if (place->lsn++ == lsn)
			return record;
	}
}
