/*
 * table.c - the row table.
 *
 * Memory. A record is one allocation: a 16-byte head, the key, then per window in
 * mask: the seq and channel seq (varints, relative to the window before: rows of
 * one series mostly change together), the length of the blob, the blob. Beside
 * it: 8 bytes of slot, 4 of series map, 12 of tree node. Writing a record anew
 * costs about as much as finding it.
 */
#include "publisher/table.h"
#include "common/mem.h"
#include "publisher/publisher.h"
#include "schemas/topic.h"
#include <assert.h>
#include <stdlib.h>

enum {
	NO_SLOT = UINT32_MAX,
	PREFETCH_LINES = 4, /* of a record: the blobs of a few measures */
	RECORD_STEP = 16, /* records grow and shrink by this, so that most changes stay in place */
	VARINT_BYTES_MAX = 10,
	WINDOW_BYTES_MAX = 3 * VARINT_BYTES_MAX + UINT16_MAX,
};
#define NO_SERIES UINT32_MAX

struct record {
	uint32_t series;     /* NO_SERIES: tombstone */
	uint16_t steps;      /* allocated, in RECORD_STEP */
	uint16_t key_bytes, full_bytes;
	uint8_t rollup, mask;
	uint8_t bytes[];     /* key, full key, windows */
};

struct tombstone {
	int64_t at_ms;
	uint64_t seq;        /* the highest of its rows: tells whether the slot still holds this tombstone */
	uint32_t slot;
};

struct row_table {
	const struct kernel_config *config;
	struct record **slot;
	uint32_t slot_end, slot_cap;
	uint32_t *free_slot;
	uint32_t free_count, free_cap;
	uint32_t *slot_of;   /* by the aggregator's series id */
	uint32_t series_cap;
	struct order order[ROLLUPS_MAX];
	struct tombstone *tombstone; /* oldest first, from head on */
	uint32_t tombstone_head, tombstone_end, tombstone_cap;
	uint64_t forgotten_seq;
	uint64_t series, rows, gone, record_bytes, collided;
	struct buf topic, full, scratch;
};

static struct slice
record_key(const void *context, uint32_t leaf)
{
	const struct row_table *table = context;
	const struct record *record = table->slot[leaf];

	return (struct slice){record->bytes, record->key_bytes};
}

struct row_table *
row_table_new(const struct kernel_config *config)
{
	struct row_table *table = mem_zalloc(1, sizeof(*table));

	assert(config->rollup_count <= ROLLUPS_MAX);
	table->config = config;
	for (uint32_t r = 0; r < config->rollup_count; r++)
		order_init(&table->order[r], record_key, table);
	return table;
}

void
row_table_free(struct row_table *table)
{
	if (table == NULL)
		return;
	for (uint32_t s = 0; s < table->slot_end; s++)
		free(table->slot[s]);
	for (uint32_t r = 0; r < ROLLUPS_MAX; r++)
		order_fini(&table->order[r]);
	free(table->slot);
	free(table->free_slot);
	free(table->slot_of);
	free(table->tombstone);
	buf_fini(&table->topic);
	buf_fini(&table->full);
	buf_fini(&table->scratch);
	free(table);
}

/* Records */

static inline uint8_t *
varint_put(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static inline const uint8_t *
varint_get(const uint8_t *at, uint64_t *value)
{
	uint64_t sum = 0;

	for (unsigned shift = 0;; shift += 7) {
		assert(shift < 70);
		uint8_t byte = *at++;
		sum |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	*value = sum;
	return at;
}

/* A difference of two counters, small either way, as a small unsigned number. */
static inline uint64_t
zigzag(uint64_t difference)
{
	return (difference << 1) ^ (uint64_t)((int64_t)difference >> 63);
}

static inline uint64_t
unzigzag(uint64_t coded)
{
	return (coded >> 1) ^ (0 - (coded & 1));
}

static void
record_view(const struct record *record, struct row_table_view *view)
{
	const uint8_t *at = record->bytes;
	uint64_t seq = 0, channel_seq = 0, coded, length;

	view->rollup = record->rollup;
	view->mask = record->mask;
	view->gone = record->series == NO_SERIES;
	view->key = (struct slice){at, record->key_bytes};
	at += record->key_bytes;
	view->full_key = (struct slice){at, record->full_bytes};
	at += record->full_bytes;
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		if ((record->mask >> w & 1) == 0) {
			view->seq[w] = view->channel_seq[w] = 0;
			view->blob[w] = (struct slice){0};
			continue;
		}
		at = varint_get(at, &coded);
		view->seq[w] = seq += unzigzag(coded);
		at = varint_get(at, &coded);
		view->channel_seq[w] = channel_seq += unzigzag(coded);
		at = varint_get(at, &length);
		view->blob[w] = (struct slice){at, (uint32_t)length};
		at += length;
	}
}

static size_t
record_room(const struct record *record)
{
	return (size_t)record->steps * RECORD_STEP;
}

/* Writes view as the record of slot; view's slices may point into the record that stands there. */
static void
record_write(struct row_table *table, uint32_t slot, uint32_t series, const struct row_table_view *view)
{
	struct record *old = table->slot[slot], *record = old;
	size_t most = sizeof(*record) + view->key.n + view->full_key.n;
	uint64_t seq = 0, channel_seq = 0;

	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		most += 3 * VARINT_BYTES_MAX + view->blob[w].n;
	table->scratch.len = 0;
	uint8_t *start = buf_reserve(&table->scratch, most), *at = start + offsetof(struct record, bytes);
	memcpy(at, view->key.p, view->key.n);
	at += view->key.n;
	if (view->full_key.n > 0)
		memcpy(at, view->full_key.p, view->full_key.n);
	at += view->full_key.n;
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		if ((view->mask >> w & 1) == 0)
			continue;
		at = varint_put(at, zigzag(view->seq[w] - seq));
		at = varint_put(at, zigzag(view->channel_seq[w] - channel_seq));
		at = varint_put(at, view->blob[w].n);
		if (view->blob[w].n > 0)
			memcpy(at, view->blob[w].p, view->blob[w].n);
		at += view->blob[w].n;
		seq = view->seq[w];
		channel_seq = view->channel_seq[w];
	}
	size_t need = (size_t)(at - start);
	size_t steps = (need + RECORD_STEP - 1) / RECORD_STEP;
	assert(steps <= UINT16_MAX);
	if (old == NULL || need > record_room(old) || steps + 4 < old->steps) {
		record = mem_alloc(steps * RECORD_STEP);
		table->record_bytes += steps * RECORD_STEP;
	} else {
		steps = old->steps;
	}
	memcpy(record->bytes, start + offsetof(struct record, bytes), need - offsetof(struct record, bytes));
	record->series = series;
	record->steps = (uint16_t)steps;
	record->key_bytes = (uint16_t)view->key.n;
	record->full_bytes = (uint16_t)view->full_key.n;
	record->rollup = view->rollup;
	record->mask = view->mask;
	if (record == old)
		return;
	table->slot[slot] = record;
	if (old != NULL) {
		table->record_bytes -= record_room(old);
		free(old);
	}
}

/* Slots */

static uint32_t
slot_new(struct row_table *table)
{
	if (table->free_count > 0)
		return table->free_slot[--table->free_count];
	if (table->slot_end == table->slot_cap) {
		table->slot_cap = table->slot_cap + table->slot_cap / 2 + 64;
		table->slot = mem_realloc(table->slot, table->slot_cap * sizeof(struct record *));
	}
	table->slot[table->slot_end] = NULL;
	return table->slot_end++;
}

static void
slot_free(struct row_table *table, uint32_t slot)
{
	table->record_bytes -= record_room(table->slot[slot]);
	free(table->slot[slot]);
	table->slot[slot] = NULL;
	if (table->free_count == table->free_cap) {
		table->free_cap = table->free_cap * 2 + 64;
		table->free_slot = mem_realloc(table->free_slot, table->free_cap * sizeof(uint32_t));
	}
	table->free_slot[table->free_count++] = slot;
}

/* The slot of a series id, or NO_SLOT. */
static uint32_t
slot_find(const struct row_table *table, uint32_t series)
{
	if (series >= table->series_cap)
		return NO_SLOT;
	uint32_t slot = table->slot_of[series];
	if (slot == NO_SLOT || table->slot[slot] == NULL || table->slot[slot]->series != series)
		return NO_SLOT; /* its key came back under another id before this one was freed */
	return slot;
}

static void
slot_map(struct row_table *table, uint32_t series, uint32_t slot)
{
	if (series >= table->series_cap) {
		uint32_t cap = series + series / 4 + 64;
		table->slot_of = mem_realloc(table->slot_of, cap * sizeof(uint32_t));
		for (uint32_t s = table->series_cap; s < cap; s++)
			table->slot_of[s] = NO_SLOT;
		table->series_cap = cap;
	}
	table->slot_of[series] = slot;
}

/* Keys */

/* The entry's key in its topic form into table->topic; true: hashed, the whole one is in table->full. */
static bool
entry_key(struct row_table *table, const struct update_entry *entry, struct slice *key)
{
	const char *rollup = table->config->rollup[entry->rollup].name;
	/* R30D has the longest name: one form of the key for all windows. */
	size_t before = strlen("kpi/r30d//") + strlen(rollup);
	bool hashed = topic_row(WINDOW_R30D, slice_of(rollup), entry->key, entry->key_count, &table->topic);

	assert(table->topic.len > before && table->topic.len - before <= ORDER_KEY_MAX);
	*key = (struct slice){table->topic.data + before, (uint32_t)(table->topic.len - before)};
	table->full.len = 0;
	if (hashed)
		topic_key(entry->key, entry->key_count, &table->full);
	return hashed;
}

/*
 * The slot for a live entry: its own, that of the same key (a tombstone, or an id
 * about to be freed), or a new one. NO_SLOT: another key already has its topic.
 * Topics hash without a secret, so that can be done on purpose; one topic for two
 * series would show wrong figures, so the later one has no rows.
 */
static uint32_t
slot_for(struct row_table *table, const struct update_entry *entry)
{
	uint32_t slot = slot_find(table, entry->series);
	struct row_table_view view = {.rollup = entry->rollup};

	if (slot != NO_SLOT)
		return slot;
	bool hashed = entry_key(table, entry, &view.key);
	slot = order_find(&table->order[entry->rollup], view.key);
	if (slot != ORDER_NONE) {
		const struct record *record = table->slot[slot];
		struct slice full = {record->bytes + record->key_bytes, record->full_bytes};
		if (!slice_equal(full, buf_slice(&table->full))) {
			table->collided++;
			return NO_SLOT;
		}
		slot_map(table, entry->series, slot);
		return slot;
	}
	if (hashed)
		view.full_key = buf_slice(&table->full);
	slot = slot_new(table);
	record_write(table, slot, entry->series, &view);
	order_insert(&table->order[entry->rollup], slot);
	slot_map(table, entry->series, slot);
	table->series++;
	return slot;
}

void
row_table_prefetch(const struct row_table *table, uint32_t series)
{
	if (series >= table->series_cap || table->slot_of[series] == NO_SLOT)
		return;
	const char *record = (const char *)table->slot[table->slot_of[series]];
	if (record == NULL)
		return;
	for (unsigned line = 0; line < PREFETCH_LINES; line++)
		__builtin_prefetch(record + 64 * line);
}

uint8_t
row_table_put(struct row_table *table, const struct update_entry *entry, struct versions *versions, struct row_table_view *view)
{
	assert(entry->live && entry->rollup < table->config->rollup_count);
	uint32_t slot = slot_for(table, entry);
	uint8_t changed = 0;

	if (slot == NO_SLOT)
		return 0;
	record_view(table->slot[slot], view);
	assert(view->rollup == entry->rollup);
	bool revived = view->gone;
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		bool had = view->mask >> w & 1;
		if (slice_equal(view->blob[w], entry->blob[w]) && !(had && revived))
			continue;
		changed |= (uint8_t)(1u << w);
		table->rows += !had || revived;
		view->blob[w] = entry->blob[w];
		view->seq[w] = ++versions->seq;
		view->channel_seq[w] = ++versions->channel[entry->rollup][w];
	}
	view->mask |= changed;
	view->gone = false;
	if (revived) {
		table->gone--;
		table->series++;
	}
	if (changed != 0)
		record_write(table, slot, entry->series, view);
	table->slot[slot]->series = entry->series;
	record_view(table->slot[slot], view);
	return changed;
}

static void
series_remove(struct row_table *table, uint32_t slot)
{
	order_remove(&table->order[table->slot[slot]->rollup], slot);
	slot_free(table, slot);
}

static void
tombstone_add(struct row_table *table, struct tombstone tombstone)
{
	if (table->tombstone_end == table->tombstone_cap) {
		/* slide down when half is used up, else grow */
		uint32_t count = table->tombstone_end - table->tombstone_head;
		if (table->tombstone_head > count) {
			memmove(table->tombstone, table->tombstone + table->tombstone_head,
			        count * sizeof(struct tombstone));
			table->tombstone_end = count;
			table->tombstone_head = 0;
		} else {
			table->tombstone_cap = table->tombstone_cap * 2 + 64;
			table->tombstone =
			    mem_realloc(table->tombstone, table->tombstone_cap * sizeof(struct tombstone));
		}
	}
	table->tombstone[table->tombstone_end++] = tombstone;
}

uint8_t
row_table_drop(struct row_table *table, uint32_t series, int64_t now_ms, struct versions *versions, struct row_table_view *view)
{
	uint32_t slot = slot_find(table, series);

	if (slot == NO_SLOT)
		return 0;
	table->slot_of[series] = NO_SLOT;
	table->series--;
	record_view(table->slot[slot], view);
	if (view->mask == 0) { /* nobody ever saw a row of it */
		series_remove(table, slot);
		return 0;
	}
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		view->blob[w] = (struct slice){0};
		if ((view->mask >> w & 1) == 0)
			continue;
		view->seq[w] = ++versions->seq;
		view->channel_seq[w] = ++versions->channel[view->rollup][w];
	}
	table->rows -= (unsigned)__builtin_popcount(view->mask);
	table->gone++;
	record_write(table, slot, NO_SERIES, view);
	record_view(table->slot[slot], view);
	tombstone_add(table, (struct tombstone){now_ms, versions->seq, slot});
	return view->mask;
}

/* True if the slot still holds the very tombstone: its key may have come back, gone again, or left the slot. */
static bool
tombstone_stands(const struct row_table *table, const struct tombstone *tombstone)
{
	const struct record *record = table->slot[tombstone->slot];
	struct row_table_view view;

	if (record == NULL || record->series != NO_SERIES)
		return false;
	record_view(record, &view);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		if (view.seq[w] == tombstone->seq)
			return true;
	return false;
}

void
row_table_forget(struct row_table *table, int64_t now_ms)
{
	while (table->tombstone_head < table->tombstone_end) {
		const struct tombstone *oldest = &table->tombstone[table->tombstone_head];
		bool due = now_ms - oldest->at_ms >= PUBLISHER_TOMBSTONE_MS;
		if (!due && table->tombstone_end - table->tombstone_head <= TABLE_TOMBSTONES_MAX)
			break;
		if (tombstone_stands(table, oldest)) {
			table->forgotten_seq = oldest->seq;
			table->gone--;
			series_remove(table, oldest->slot);
		}
		table->tombstone_head++;
	}
}

uint64_t
row_table_forgotten_seq(const struct row_table *table)
{
	return table->forgotten_seq;
}

bool
row_table_find(const struct row_table *table, uint32_t rollup, struct slice key, struct row_table_view *view)
{
	uint32_t slot = order_find(&table->order[rollup], key);

	if (slot == ORDER_NONE)
		return false;
	record_view(table->slot[slot], view);
	return true;
}

void
row_table_seek(struct row_table_cursor *cursor, const struct row_table *table, uint32_t rollup, struct slice from)
{
	cursor->table = table;
	cursor->generation = table->order[rollup].generation;
	order_seek(&cursor->order, &table->order[rollup], from);
}

bool
row_table_next(struct row_table_cursor *cursor, struct row_table_view *view)
{
	uint32_t slot = order_next(&cursor->order);

	if (slot == ORDER_NONE)
		return false;
	record_view(cursor->table->slot[slot], view);
	return true;
}

bool
row_table_cursor_valid(const struct row_table_cursor *cursor, const struct row_table *table, uint32_t rollup)
{
	return cursor->table == table && cursor->order.order == &table->order[rollup] &&
	       cursor->generation == table->order[rollup].generation;
}

void
row_table_count(const struct row_table *table, struct row_table_counters *out)
{
	/* glibc keeps 8 bytes beside each allocation */
	uint64_t records = table->series + table->gone;
	uint64_t bytes = table->record_bytes + records * 8 + table->slot_cap * sizeof(struct record *) +
	                 (table->free_cap + table->series_cap) * sizeof(uint32_t) +
	                 table->tombstone_cap * sizeof(struct tombstone);

	for (uint32_t r = 0; r < table->config->rollup_count; r++)
		bytes += order_bytes(&table->order[r]);
	*out = (struct row_table_counters){table->series, table->rows, table->gone, bytes, table->collided};
}
