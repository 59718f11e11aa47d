/*
 * fuzz_snapshot.c - arbitrary bytes as a request at the snapshot port, rows and questions, and as a reply.
 *
 * Holds: what was read is within the limits and comes back the same after encoding; a refusal has
 * a sentence; every row that a chunk claims can be walked.
 */
#include "schemas/event_view.h"
#include "schemas/info.h"
#include "schemas/snapshot.h"
#include "schemas/topic.h"
#include <assert.h>

static void
check_request(struct slice bytes)
{
	struct snapshot_request request, back;
	struct buf again = {0};
	char why[120];
	int rc = snapshot_request_decode(&request, bytes, why);
	assert((why[0] == '\0') == (rc == 0));
	if (rc != 0)
		return;
	assert(request.credit <= SNAPSHOT_CREDIT_MAX && request.prefix.n <= TOPIC_BYTES_MAX);
	snapshot_request_encode(&request, &again);
	assert(snapshot_request_decode(&back, buf_slice(&again), why) == 0);
	assert(back.credit_only == request.credit_only && back.credit == request.credit);
	assert(slice_equal(back.prefix, request.prefix));
	assert(back.has_since == request.has_since && back.has_lsn == request.has_lsn);
	if (request.has_since)
		assert(back.since_epoch == request.since_epoch && back.since_seq == request.since_seq);
	if (request.has_lsn)
		assert(back.lsn == request.lsn);
	buf_fini(&again);
}

static void
check_reply(struct slice bytes)
{
	struct snapshot_reply reply, back;
	struct snapshot_chunk chunk;
	struct slice topic, row;
	struct buf again = {0};
	if (snapshot_reply_decode(&reply, bytes) != 0)
		return;
	if (reply.kind == SNAPSHOT_ROWS) {
		uint32_t rows = reply.rows;
		snapshot_chunk_begin(&chunk, &again);
		for (uint32_t i = 0; i < rows; i++) {
			assert(snapshot_reply_next(&reply, &topic, &row));
			snapshot_chunk_add(&chunk, topic, row);
		}
		assert(!snapshot_reply_next(&reply, &topic, &row) && reply.rest.n == 0);
		snapshot_chunk_end(&chunk);
		assert(snapshot_reply_decode(&back, buf_slice(&again)) == 0);
		assert(back.kind == SNAPSHOT_ROWS && back.rows == rows);
	} else if (reply.kind == SNAPSHOT_END) {
		snapshot_end_encode(reply.epoch, reply.seq, reply.reset, &again);
		assert(snapshot_reply_decode(&back, buf_slice(&again)) == 0);
		assert(back.epoch == reply.epoch && back.seq == reply.seq && back.reset == reply.reset);
	} else {
		assert(reply.kind == SNAPSHOT_REFUSED);
	}
	buf_fini(&again);
}

static void
check_questions(struct slice bytes)
{
	struct event_ask ask, back;
	struct buf again = {0};
	char why[120];
	int rc = info_request_decode(bytes, why);
	assert((why[0] == '\0') == (rc == 0));
	assert(rc != 0 || info_is_request(bytes));
	rc = confirm_request_decode(bytes, why);
	assert((why[0] == '\0') == (rc == 0));
	assert(rc != 0 || confirm_is_request(bytes));
	rc = event_ask_decode(&ask, bytes, why);
	assert((why[0] == '\0') == (rc == 0));
	assert(rc != 0 || event_ask_is(bytes));
	if (rc != 0)
		return;
	assert(ask.id.n > 0 && ask.id.n <= EVENT_ID_BYTES_MAX && ask.cust.n <= EVENT_TEXT_BYTES_MAX);
	event_ask_encode(&ask, &again);
	assert(event_ask_decode(&back, buf_slice(&again), why) == 0);
	assert(slice_equal(ask.id, back.id) && slice_equal(ask.cust, back.cust));
	buf_fini(&again);
}

/* What was read is packed to bytes that read and pack the same. */
static void
check_answers(struct slice bytes)
{
	static struct info info, info_back;
	struct event_view view, view_back;
	struct confirmed confirmed, confirmed_back;
	struct buf once = {0}, twice = {0};
	if (info_decode(&info, bytes) == 0) {
		for (unsigned g = 0; g < INFO_GROUPS; g++)
			assert(info.group[g].count <= INFO_FIGURES_MAX);
		assert(info.alarms <= INFO_ALARMS_MAX);
		info_encode(&info, &once);
		assert(info_decode(&info_back, buf_slice(&once)) == 0);
		info_encode(&info_back, &twice);
	} else if (event_view_decode(&view, bytes) == 0) {
		assert(view.known < KNOWN_COUNT && view.origin < ORIGIN_COUNT);
		event_view_encode(&view, &once);
		assert(event_view_decode(&view_back, buf_slice(&once)) == 0);
		event_view_encode(&view_back, &twice);
	} else if (confirmed_decode(&confirmed, bytes) == 0) {
		confirmed_encode(&confirmed, &once);
		assert(confirmed_decode(&confirmed_back, buf_slice(&once)) == 0);
		confirmed_encode(&confirmed_back, &twice);
	}
	assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
	buf_fini(&once);
	buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = {data, (uint32_t)size};
	check_request(bytes);
	check_reply(bytes);
	check_questions(bytes);
	check_answers(bytes);
	return 0;
}
