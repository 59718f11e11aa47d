/*
 * fuzz_group.c - arbitrary bytes as a record of the log.
 *
 * Holds: a refused record has a reason and leaves an empty group; of a taken one every offset lies
 * inside, and writing it, reading that and writing it again gives the same bytes.
 */
#include "schemas/group.h"
#include <assert.h>

static void
check_offsets(const struct group *group)
{
	size_t bytes = group->bytes.len;
	char scratch[128];
	uint32_t next = 0;
	assert(bytes <= GROUP_READ_BYTES_MAX && group->event_count <= GROUP_READ_EVENTS_MAX);
	for (uint32_t i = 0; i < group->batch_count; i++) {
		const struct group_batch *batch = &group->batches[i];
		assert(batch->first >= next && batch->count <= group->event_count - batch->first);
		assert((size_t)batch->id_off + batch->id_len <= bytes);
		next = batch->first + batch->count;
	}
	for (uint32_t i = 0; i < group->event_count; i++) {
		const struct group_event *event = &group->events[i];
		assert(event->type < EVENT_TYPE_COUNT && event->stage < STAGE_COUNT && event->kind < KIND_COUNT);
		assert(event->verdict < VERDICT_COUNT && event->flags <= EVENT_FLAGS_ALL);
		assert(strspn(event->cur, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == (event->cur[0] ? 3u : 0u) && event->cur[3] == 0);
		assert((size_t)event->raw_off + event->raw_len <= bytes);
		for (int text = 0; text < TEXT_CUR; text++)
			assert((size_t)event->text_off[text] + event->text_len[text] <= bytes);
		assert(strlen(group_fault_text(group, i, scratch)) <= GROUP_FAULT_BYTES_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct group *group = group_new(GROUP_BATCHES), *copy = group_new(GROUP_TICK);
	struct buf first = {0}, second = {0};
	char why[120];

	if (group_read(group, (struct slice){data, (uint32_t)size}, why) == 0) {
		check_offsets(group);
		group_write(group, &first);
		assert(group_read(copy, buf_slice(&first), why) == 0);
		group_write(copy, &second);
		assert(slice_equal(buf_slice(&first), buf_slice(&second)));
	} else {
		assert(why[0] != '\0');
		assert(group->batch_count == 0 && group->event_count == 0 && group->fault_count == 0);
	}
	group_free(group);
	group_free(copy);
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
