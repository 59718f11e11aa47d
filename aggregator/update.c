/*
 * update.c - packing and reading updates.
 *
 * An update never leaves the process, so integers stand in it as the machine has
 * them and a broken one is a mistake (assert), not an outcome.
 */
#include "aggregator/update.h"
#include <assert.h>

enum {
	VARINT_BYTES_MAX = 10,
	BLOB_BYTES_MAX = MEASURES_MAX * (1 + PART_COUNT * VARINT_BYTES_MAX),
	ENTRY_FIXED_BYTES = 4 + 1 + 1 + 1, /* series, rollup, live, key_count */
};
_Static_assert(BLOB_BYTES_MAX <= UINT16_MAX, "a blob's length is a u16");
_Static_assert(MEASURES_MAX <= UINT8_MAX, "a measure is a u8");

static inline uint8_t *
varint_put(uint8_t *at, int64_t value)
{
	uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);

	while (zigzag >= 0x80) {
		*at++ = (uint8_t)(zigzag | 0x80);
		zigzag >>= 7;
	}
	*at++ = (uint8_t)zigzag;
	return at;
}

static inline const uint8_t *
varint_get(const uint8_t *at, const uint8_t *end, int64_t *value)
{
	uint64_t zigzag = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		assert(at < end);
		uint8_t byte = *at++;
		zigzag |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*value = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
			return at;
		}
	}
	assert(false && "a varint ends within ten bytes");
	return end;
}

static unsigned
window_parts(enum window window)
{
	return window < WINDOW_ROLLING ? 2 : PART_COUNT;
}

void
update_begin(struct buf *out, const struct update_head *head)
{
	struct update_head copy;

	memset(&copy, 0, sizeof(copy)); /* padding too: equal updates are equal bytes */
	copy.lsn = head->lsn;
	copy.now_ms = head->now_ms;
	memcpy(copy.bounds, head->bounds, sizeof(copy.bounds));
	out->len = 0;
	buf_add(out, &copy, sizeof(copy));
}

static uint8_t *
text_put(uint8_t *at, struct slice text)
{
	uint16_t n = (uint16_t)text.n;

	assert(text.n <= UINT16_MAX);
	memcpy(at, &n, sizeof(n));
	if (n > 0)
		memcpy(at + sizeof(n), text.p, n);
	return at + sizeof(n) + n;
}

void
update_add(struct buf *out, const struct update_entry *entry)
{
	size_t need = ENTRY_FIXED_BYTES;

	assert(entry->key_count <= EVENT_DIMS);
	for (unsigned i = 0; i < entry->key_count; i++)
		need += 2 + entry->key[i].n;
	for (unsigned w = 0; entry->live && w < WINDOW_COUNT; w++)
		need += 2 + entry->blob[w].n;

	uint8_t *at = buf_reserve(out, need);
	memcpy(at, &entry->series, 4);
	at[4] = entry->rollup;
	at[5] = entry->live;
	at[6] = entry->key_count;
	at += ENTRY_FIXED_BYTES;
	for (unsigned i = 0; i < entry->key_count; i++)
		at = text_put(at, entry->key[i]);
	for (unsigned w = 0; entry->live && w < WINDOW_COUNT; w++)
		at = text_put(at, entry->blob[w]);
	out->len += need;
	assert(at == out->data + out->len);
}

void
update_end(struct buf *out, uint32_t entries)
{
	assert(out->len >= sizeof(struct update_head));
	memcpy(out->data + offsetof(struct update_head, entries), &entries, sizeof(entries));
}

void
update_blob_add(struct buf *out, enum window window, const struct kernel_view *view)
{
	bool calendar = window_parts(window) == PART_COUNT;
	uint8_t *start = buf_reserve(out, BLOB_BYTES_MAX), *at = start;

	for (uint32_t m = 0; m < view->measures; m++) {
		const int64_t *total = view->total[m] + slot_of(window, PART_CUR);
		int64_t cur = total[PART_CUR], prev = total[PART_PREV], ptd = calendar ? total[PART_PTD] : 0;
		if ((cur | prev | ptd) == 0)
			continue;
		*at++ = view->measure[m];
		at = varint_put(at, cur);
		at = varint_put(at, prev);
		if (calendar)
			at = varint_put(at, ptd);
	}
	out->len += (size_t)(at - start);
}

void
update_open(struct update_reader *reader, struct update_head *head, struct slice bytes)
{
	assert(bytes.n >= sizeof(*head));
	memcpy(head, bytes.p, sizeof(*head));
	reader->rest = (struct slice){bytes.p + sizeof(*head), bytes.n - (uint32_t)sizeof(*head)};
	reader->left = head->entries;
}

static struct slice
take(struct slice *rest, uint32_t n)
{
	struct slice taken = {rest->p, n};

	assert(n <= rest->n);
	rest->p += n;
	rest->n -= n;
	return taken;
}

static struct slice
text_take(struct slice *rest)
{
	uint16_t n;

	memcpy(&n, take(rest, sizeof(n)).p, sizeof(n));
	return take(rest, n);
}

bool
update_next(struct update_reader *reader, struct update_entry *entry)
{
	if (reader->left == 0)
		return false;
	reader->left--;
	const uint8_t *fixed = take(&reader->rest, ENTRY_FIXED_BYTES).p;
	memcpy(&entry->series, fixed, 4);
	entry->rollup = fixed[4];
	entry->live = fixed[5];
	entry->key_count = fixed[6];
	assert(entry->key_count <= EVENT_DIMS);
	for (unsigned i = 0; i < entry->key_count; i++)
		entry->key[i] = text_take(&reader->rest);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		entry->blob[w] = entry->live ? text_take(&reader->rest) : (struct slice){0};
	return true;
}

void
update_blob_totals(struct slice blob, enum window window, int64_t totals[PART_COUNT][MEASURES_MAX])
{
	const uint8_t *at = blob.p, *end = blob.p + blob.n;
	unsigned parts = window_parts(window);

	memset(totals, 0, sizeof(int64_t) * PART_COUNT * MEASURES_MAX);
	if (blob.n == 0)
		return;
	while (at < end) {
		uint8_t measure = *at++;
		assert(measure < MEASURES_MAX);
		for (unsigned part = 0; part < parts; part++)
			at = varint_get(at, end, &totals[part][measure]);
	}
}
