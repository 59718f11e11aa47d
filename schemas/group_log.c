/*
 * group_log.c - the log's form of a group, see group.md.
 *
 * Compact, because the disk's bandwidth is what a log meets first: varints, and offsets
 * as differences, since texts mostly follow each other. What is read back is as little
 * trusted as the wire: every count and offset is checked before it is used.
 */
#include "schemas/group.h"
#include <errno.h>
#include <stdio.h>

static const uint8_t magic[4] = {'L', 'J', 'G', '2'};
enum {
	VARINT_MAX = 10,
	EVENT_HEAD = 6 + 16 + 8 + 16, /* the part without varints: words and masks, id, content, dims */
	CUR_BYTES = sizeof(((struct group_event *)0)->cur) - 1,
	EVENT_BYTES_MIN = EVENT_HEAD + 4,
	BATCH_BYTES_MIN = 6,
	FAULT_BYTES_MIN = 3,
	EVENT_WRITTEN_MAX = EVENT_HEAD + VARINT_MAX * (4 + EVENT_MEASURABLE + 2 + 2 * TEXT_CUR) + CUR_BYTES,
};

/* What the mask of numbers has above the measurable ones. given is nearly always amt: written only where it is not. */
enum {
	HAS_GIVEN = 1 << EVENT_MEASURABLE,
	HAS_REV = HAS_GIVEN << 1,
	HAS_CUR = HAS_REV << 1,
};
_Static_assert(HAS_CUR <= 0x80, "the mask of numbers is a byte");
_Static_assert(VERDICT_COUNT <= 16 && EVENT_FLAGS_ALL <= 15, "a verdict and the flags share a byte");

static uint8_t *
put_varint(uint8_t *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}

/* Small negatives stay small. */
static uint8_t *
put_signed(uint8_t *to, int64_t value)
{
	return put_varint(to, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static uint8_t *
put_u64(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (8 * i));
	return to + 8;
}

/* Verdicts that need the aggregator's state are decided anew when the log is read. */
static bool
verdict_is_accepts(unsigned verdict)
{
	return verdict < VERDICT_COUNT && verdict != VERDICT_DUPLICATE && verdict != VERDICT_TOO_LATE &&
	       verdict != VERDICT_FUTURE_TS && verdict != VERDICT_ID_CONFLICT;
}

static void
batch_write(const struct group_batch *batch, uint32_t *next_event, struct buf *out)
{
	uint8_t *from = buf_reserve(out, VARINT_MAX * 6 + 1), *to = from;
	to = put_varint(to, batch->peer);
	to = put_varint(to, batch->first - *next_event);
	to = put_varint(to, batch->count);
	to = put_varint(to, batch->id_off);
	to = put_varint(to, batch->id_len);
	*to++ = (uint8_t)((batch->acked != 0) | (batch->has_tick != 0) << 1);
	if (batch->has_tick)
		to = put_signed(to, batch->tick_ms);
	*next_event = batch->first + batch->count;
	out->len += (size_t)(to - from);
}

/* Where the last event ended, in time, position and bytes: what the next one is a difference to. */
struct delta {
	int64_t ts_ms;
	uint32_t off, index;
};

static uint32_t
numbers_mask(const struct group_event *event)
{
	uint32_t mask = 0;
	for (unsigned num = 0; num < EVENT_MEASURABLE; num++)
		mask |= (uint32_t)(event->num[num] != 0) << num;
	if (event->given != event->num[NUM_AMT])
		mask |= HAS_GIVEN;
	if (event->rev != 0)
		mask |= HAS_REV;
	if (event->cur[0] != '\0')
		mask |= HAS_CUR;
	return mask;
}

static uint8_t *
put_numbers(uint8_t *to, const struct group_event *event, uint32_t mask)
{
	for (unsigned num = 0; num < EVENT_MEASURABLE; num++)
		if (mask >> num & 1)
			to = put_signed(to, event->num[num]);
	if (mask & HAS_GIVEN)
		to = put_signed(to, event->given);
	if (mask & HAS_REV)
		to = put_signed(to, event->rev);
	if (mask & HAS_CUR) {
		memcpy(to, event->cur, CUR_BYTES);
		to += CUR_BYTES;
	}
	return to;
}

static void
event_write(const struct group_event *event, struct delta *last, struct buf *out)
{
	uint8_t *from = buf_reserve(out, EVENT_WRITTEN_MAX), *to = from;
	uint32_t texts = 0, nums = numbers_mask(event);
	unsigned verdict = verdict_is_accepts(event->verdict) ? event->verdict : VERDICT_OK;
	for (unsigned text = 0; text < TEXT_CUR; text++)
		texts |= (uint32_t)(event->text_len[text] != 0) << text;
	*to++ = event->type;
	*to++ = (uint8_t)(event->stage | event->kind << 4);
	*to++ = (uint8_t)(verdict | (unsigned)event->flags << 4);
	*to++ = (uint8_t)nums;
	*to++ = (uint8_t)texts;
	*to++ = (uint8_t)(texts >> 8);
	to = put_u64(to, event->id.lo);
	to = put_u64(to, event->id.hi);
	to = put_u64(to, event->content);
	to = put_u64(to, event->dims.lo);
	to = put_u64(to, event->dims.hi);
	to = put_signed(to, (int64_t)((uint64_t)event->ts_ms - (uint64_t)last->ts_ms));
	to = put_signed(to, (int64_t)event->index - (int64_t)last->index);
	to = put_signed(to, (int64_t)event->raw_off - (int64_t)last->off);
	to = put_varint(to, event->raw_len);
	uint32_t off = event->raw_off;
	to = put_numbers(to, event, nums);
	for (unsigned text = 0; text < TEXT_CUR; text++) {
		if (!(texts >> text & 1))
			continue;
		to = put_signed(to, (int64_t)event->text_off[text] - (int64_t)off);
		to = put_varint(to, event->text_len[text]);
		off = event->text_off[text] + event->text_len[text];
	}
	*last = (struct delta){event->ts_ms, event->raw_off + event->raw_len, event->index + 1u};
	out->len += (size_t)(to - from);
}

void
group_write(const struct group *group, struct buf *out)
{
	uint8_t head[sizeof(magic) + 2 + VARINT_MAX * 7], *to = head;
	uint32_t next_event = 0;
	struct delta last = {0};

	memcpy(to, magic, sizeof(magic));
	to += sizeof(magic);
	*to++ = group->kind;
	*to++ = group->dims_mask;
	to = put_varint(to, group->lsn);
	to = put_signed(to, group->recv_ms);
	to = put_signed(to, group->time_ms);
	to = put_varint(to, group->bytes.len);
	to = put_varint(to, group->batch_count);
	to = put_varint(to, group->event_count);
	to = put_varint(to, group->fault_count);
	buf_add(out, head, (size_t)(to - head));
	buf_add(out, group->bytes.data, group->bytes.len);
	for (uint32_t i = 0; i < group->batch_count; i++)
		batch_write(&group->batches[i], &next_event, out);
	for (uint32_t i = 0; i < group->event_count; i++)
		event_write(&group->events[i], &last, out);
	for (uint32_t i = 0; i < group->fault_count; i++) {
		uint8_t entry[VARINT_MAX * 3];
		to = put_varint(entry, group->faults[i].event);
		to = put_varint(to, group->faults[i].text_off);
		to = put_varint(to, group->faults[i].text_len);
		buf_add(out, entry, (size_t)(to - entry));
	}
}

/* Sticky: after the first failure p == end, everything reads as 0 and why says what it was. */
struct reader {
	const uint8_t *p, *end;
	bool failed;
	char *why;
};

static bool
reader_fail(struct reader *reader, const char *sentence)
{
	if (!reader->failed)
		snprintf(reader->why, 120, "%s", sentence);
	reader->failed = true;
	reader->p = reader->end;
	return false;
}

static size_t
reader_left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->p);
}

static uint8_t
get_u8(struct reader *reader)
{
	if (reader->p < reader->end)
		return *reader->p++;
	reader_fail(reader, "the record is cut off");
	return 0;
}

static uint64_t
get_u64(struct reader *reader)
{
	uint64_t value = 0;
	if (reader_left(reader) < 8) {
		reader_fail(reader, "the record is cut off");
		return 0;
	}
	for (int i = 0; i < 8; i++)
		value |= (uint64_t)reader->p[i] << (8 * i);
	reader->p += 8;
	return value;
}

static uint64_t
get_varint(struct reader *reader)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = get_u8(reader);
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	reader_fail(reader, "a number has more than 64 bits");
	return 0;
}

static int64_t
get_signed(struct reader *reader)
{
	uint64_t value = get_varint(reader);
	return (int64_t)(value >> 1 ^ -(value & 1));
}

/* A number of at most max. */
static uint32_t
get_max(struct reader *reader, uint64_t max, const char *sentence)
{
	uint64_t value = get_varint(reader);
	if (value <= max && max <= UINT32_MAX)
		return (uint32_t)value;
	reader_fail(reader, sentence);
	return 0;
}

/* base + a signed difference, within 0..max. */
static uint32_t
get_near(struct reader *reader, uint32_t base, uint32_t max, const char *sentence)
{
	int64_t value;
	if (!__builtin_add_overflow((int64_t)base, get_signed(reader), &value) && value >= 0 && value <= (int64_t)max)
		return (uint32_t)value;
	reader_fail(reader, sentence);
	return 0;
}

static void
batch_read(struct reader *reader, struct group *group, uint32_t event_count, uint32_t *next_event)
{
	static const char range[] = "a batch has more events than the record";
	uint32_t bytes = (uint32_t)group->bytes.len;
	struct group_batch *batch = group_add_batch(group);
	batch->peer = get_max(reader, UINT32_MAX, "a peer number is too big");
	batch->first = *next_event + get_max(reader, event_count - *next_event, range);
	batch->count = get_max(reader, event_count - batch->first, range);
	batch->id_off = get_max(reader, bytes, "a batch id is outside the record's bytes");
	batch->id_len = get_max(reader, bytes - batch->id_off, "a batch id is outside the record's bytes");
	uint8_t flags = get_u8(reader);
	if (flags > 3)
		reader_fail(reader, "a batch has unknown flags");
	batch->acked = flags & 1;
	batch->has_tick = flags >> 1 & 1;
	if (batch->has_tick)
		batch->tick_ms = get_signed(reader);
	*next_event = batch->first + batch->count;
}

/* A currency's code: three capital letters. Whether it is known is not asked again. */
static void
cur_read(struct reader *reader, char cur[CUR_BYTES + 1])
{
	for (unsigned i = 0; i < CUR_BYTES; i++) {
		uint8_t letter = get_u8(reader);
		if (letter < 'A' || letter > 'Z')
			reader_fail(reader, "a currency is not three capital letters");
		cur[i] = (char)letter;
	}
}

static void
numbers_read(struct reader *reader, struct group_event *event, uint32_t mask)
{
	for (unsigned num = 0; num < EVENT_MEASURABLE; num++)
		if (mask >> num & 1)
			event->num[num] = get_signed(reader);
	event->given = mask & HAS_GIVEN ? get_signed(reader) : event->num[NUM_AMT];
	if ((mask & HAS_GIVEN) && event->given == event->num[NUM_AMT])
		reader_fail(reader, "an amount as given is written twice");
	if ((mask & HAS_REV) && (event->rev = get_signed(reader)) == 0)
		reader_fail(reader, "a revision that is marked as given is 0");
	if (mask & HAS_CUR)
		cur_read(reader, event->cur);
}

static void
event_texts_read(struct reader *reader, struct group_event *event, uint32_t texts, uint32_t bytes)
{
	static const char range[] = "a text is outside the record's bytes";
	uint32_t off = event->raw_off;
	for (unsigned text = 0; text < TEXT_CUR; text++) {
		if (!(texts >> text & 1))
			continue;
		uint32_t max = text == TEXT_ID ? EVENT_ID_BYTES_MAX : EVENT_TEXT_BYTES_MAX;
		event->text_off[text] = get_near(reader, off, bytes, range);
		event->text_len[text] = (uint16_t)get_max(reader, max, "a text is too long");
		if (event->text_len[text] == 0)
			reader_fail(reader, "a text that is marked as given is empty");
		if (event->text_len[text] > bytes - event->text_off[text])
			reader_fail(reader, range);
		off = event->text_off[text] + event->text_len[text];
	}
}

static void
event_read(struct reader *reader, struct group *group, struct delta *last)
{
	static const char range[] = "an event is outside the record's bytes";
	uint32_t bytes = (uint32_t)group->bytes.len;
	struct group_event *event = group_add_event(group);
	event->type = get_u8(reader);
	uint8_t words = get_u8(reader);
	event->stage = words & 15;
	event->kind = words >> 4;
	uint8_t outcome = get_u8(reader);
	event->verdict = outcome & 15;
	event->flags = outcome >> 4;
	uint32_t nums = get_u8(reader), texts = get_u8(reader);
	texts |= (uint32_t)get_u8(reader) << 8;
	if (event->type >= EVENT_TYPE_COUNT || event->stage >= STAGE_COUNT || event->kind >= KIND_COUNT ||
	    !verdict_is_accepts(event->verdict) || (event->flags & ~EVENT_FLAGS_ALL) != 0 || texts >> TEXT_CUR != 0)
		reader_fail(reader, "an event has an unknown type, stage, kind, verdict, flag or text");
	event->id.lo = get_u64(reader);
	event->id.hi = get_u64(reader);
	event->content = get_u64(reader);
	event->dims.lo = get_u64(reader);
	event->dims.hi = get_u64(reader);
	event->ts_ms = (int64_t)((uint64_t)last->ts_ms + (uint64_t)get_signed(reader));
	event->index = (uint16_t)get_near(reader, last->index, UINT16_MAX, "an event has no position in its batch");
	event->raw_off = get_near(reader, last->off, bytes, range);
	event->raw_len = get_max(reader, bytes - event->raw_off, range);
	numbers_read(reader, event, nums);
	event_texts_read(reader, event, texts, bytes);
	*last = (struct delta){event->ts_ms, event->raw_off + event->raw_len, event->index + 1u};
}

static void
fault_read(struct reader *reader, struct group *group)
{
	uint32_t event = get_max(reader, UINT32_MAX, "a sentence belongs to no event");
	uint32_t off = get_max(reader, group->bytes.len, "a sentence is outside the record's bytes");
	uint32_t len = get_max(reader, GROUP_FAULT_BYTES_MAX, "a sentence is too long");
	if (len > group->bytes.len - off)
		reader_fail(reader, "a sentence is outside the record's bytes");
	if (event >= group->event_count)
		reader_fail(reader, "a sentence belongs to no event");
	else if (group->events[event].fault != 0)
		reader_fail(reader, "an event has two sentences");
	if (!reader->failed)
		group_link_fault(group, (struct group_fault){event, off, len});
}

/* A count that must fit its limit and the bytes left: no memory is taken for a mere claim. */
static uint32_t
get_count(struct reader *reader, uint32_t max, size_t bytes_each, const char *sentence)
{
	uint32_t count = get_max(reader, max, sentence);
	if (count > reader_left(reader) / bytes_each)
		reader_fail(reader, sentence);
	return count;
}

int
group_read(struct group *group, struct slice bytes, char *why)
{
	struct reader reader = {bytes.p, bytes.n ? bytes.p + bytes.n : bytes.p, false, why};
	uint32_t next_event = 0;
	struct delta last = {0};

	group_reset(group);
	why[0] = '\0';
	if (bytes.n < sizeof(magic) || memcmp(bytes.p, magic, sizeof(magic)) != 0) {
		reader_fail(&reader, "the record is not of this version (LJG2)");
		return -EBADMSG;
	}
	reader.p += sizeof(magic);
	uint8_t kind = get_u8(&reader), dims_mask = get_u8(&reader);
	if ((kind != GROUP_BATCHES && kind != GROUP_TICK) || dims_mask >> EVENT_DIMS != 0)
		reader_fail(&reader, "the record is of an unknown kind");
	else
		group->kind = kind;
	group->dims_mask = dims_mask;
	group->lsn = get_varint(&reader);
	group->recv_ms = get_signed(&reader);
	group->time_ms = get_signed(&reader);
	uint32_t raw = get_max(&reader, GROUP_READ_BYTES_MAX, "the record claims too many bytes");
	uint32_t batches = get_count(&reader, GROUP_READ_BATCHES_MAX, BATCH_BYTES_MIN, "the record claims too many batches");
	uint32_t events = get_count(&reader, GROUP_READ_EVENTS_MAX, EVENT_BYTES_MIN, "the record claims too many events");
	uint32_t faults = get_count(&reader, GROUP_FAULTS_MAX, FAULT_BYTES_MIN, "the record claims too many sentences");
	if (raw > reader_left(&reader))
		reader_fail(&reader, "the record is cut off");
	if (!reader.failed) {
		buf_add(&group->bytes, reader.p, raw);
		reader.p += raw;
	}
	for (uint32_t i = 0; i < batches && !reader.failed; i++)
		batch_read(&reader, group, events, &next_event);
	for (uint32_t i = 0; i < events && !reader.failed; i++)
		event_read(&reader, group, &last);
	for (uint32_t i = 0; i < faults && !reader.failed; i++)
		fault_read(&reader, group);
	if (!reader.failed && reader.p != reader.end)
		reader_fail(&reader, "there are bytes behind the record");
	if (reader.failed) {
		group_reset(group);
		return -EBADMSG;
	}
	return 0;
}
