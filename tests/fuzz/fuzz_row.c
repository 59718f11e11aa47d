/*
 * fuzz_row.c - arbitrary bytes as each of the subscribers' messages.
 *
 * Holds: what is decoded can be encoded, is decoded again and then encodes to the same bytes;
 * maps and arrays that are left raw can be walked to their end.
 */
#include "schemas/row.h"
#include "schemas/topic.h"
#include <assert.h>
#include <stdlib.h>

static void
check_equal(struct buf *first, struct buf *second)
{
	assert(slice_equal(buf_slice(first), buf_slice(second)));
	buf_fini(first);
	buf_fini(second);
}

static void
check_row(struct slice bytes)
{
	static struct row row, back;
	struct buf first = {0}, second = {0};
	if (row_decode(&row, bytes) != 0)
		return;
	row_encode(&row, &first);
	assert(row_decode(&back, buf_slice(&first)) == 0);
	row_encode(&back, &second);
	check_equal(&first, &second);
}

static void
walk_map(struct slice raw)
{
	struct slice name;
	int64_t value;
	uint32_t left = row_walk_begin(&raw);
	for (uint32_t i = left; i > 0; i--)
		assert(row_map_next(&raw, &left, &name, &value));
	assert(left == 0 && raw.n == 0);
}

static void
walk_names(struct slice raw)
{
	struct slice name;
	uint32_t left = row_walk_begin(&raw);
	for (uint32_t i = left; i > 0; i--)
		assert(row_names_next(&raw, &left, &name));
	assert(left == 0 && raw.n == 0);
}

static void
check_heads(struct slice bytes)
{
	struct heartbeat_head heartbeat;
	struct hello_head hello;
	struct hello_kpi kpi;
	if (heartbeat_decode(&heartbeat, bytes) == 0) {
		walk_map(heartbeat.channels);
		walk_map(heartbeat.feeds);
		walk_names(heartbeat.stale);
		walk_names(heartbeat.alarms);
	}
	if (hello_decode(&hello, bytes) == 0) {
		walk_names(hello.windows);
		walk_names(hello.rollups);
		uint32_t left = row_walk_begin(&hello.kpis);
		for (uint32_t i = left; i > 0; i--)
			assert(hello_kpi_next(&hello.kpis, &left, &kpi));
		assert(left == 0 && hello.kpis.n == 0);
	}
}

static void
check_roll(struct slice bytes)
{
	struct roll_head roll, back;
	struct buf first = {0};
	if (roll_decode(&roll, bytes) != 0)
		return;
	roll_encode(roll.epoch, roll.seq, roll.at_ms, &roll.bounds, &first);
	assert(roll_decode(&back, buf_slice(&first)) == 0);
	assert(memcmp(&roll, &back, sizeof(roll)) == 0);
	buf_fini(&first);
}

static void
check_alert(struct slice bytes)
{
	struct alert_row alert, back;
	struct buf first = {0}, second = {0};
	if (alert_decode(&alert, bytes) != 0)
		return;
	alert_encode(&alert, &first);
	assert(alert_decode(&back, buf_slice(&first)) == 0);
	alert_encode(&back, &second);
	check_equal(&first, &second);
}

static void
check_dead(struct slice bytes)
{
	struct dead_row dead, back;
	struct buf first = {0}, second = {0};
	if (dead_decode(&dead, bytes) != 0)
		return;
	dead_encode(&dead, &first);
	assert(dead_decode(&back, buf_slice(&first)) == 0);
	dead_encode(&back, &second);
	check_equal(&first, &second);
}

static void
check_topic(struct slice bytes)
{
	struct slice rollup, key, again[1];
	enum window window;
	struct buf part = {0}, text = {0};
	if (topic_row_split(bytes, &window, &rollup, &key))
		assert(window < WINDOW_COUNT && rollup.n > 0);
	topic_part_encode(bytes, &text);
	assert(topic_part_decode(buf_slice(&text), &part));
	assert(slice_equal(buf_slice(&part), bytes));
	again[0] = bytes;
	topic_row(WINDOW_R30D, slice_of("campaign"), again, 1, &text);
	assert(text.len <= TOPIC_BYTES_MAX);
	part.len = 0;
	topic_part_decode(bytes, &part);
	buf_fini(&part);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = {data, (uint32_t)size};
	check_row(bytes);
	check_heads(bytes);
	check_roll(bytes);
	check_alert(bytes);
	check_dead(bytes);
	check_topic(bytes);
	return 0;
}
