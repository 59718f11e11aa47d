/*
 * fuzz_batch.c - arbitrary bytes as a batch's envelope and as an answer.
 *
 * Holds: slices lie inside the message; a refusal has a sentence; an id that was read comes back
 * from an answer as it came; every reject that an answer claims can be walked.
 */
#include "schemas/batch.h"
#include <assert.h>

static bool
is_inside(struct slice part, struct slice whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_echo(struct slice id)
{
	const struct ack_reject reject = {1, VERDICT_TOO_LATE, "ts is older than the horizon"};
	const struct ack ack = {.id = id, .lsn = 9, .ok = 1, .refused = 1, .credit = 3, .reject_count = 1,
	                        .reject = &reject};
	struct buf bytes = {0};
	struct answer answer;
	nack_encode(id, BATCH_TOO_BIG, "too big", 0, &bytes);
	assert(answer_decode(&answer, buf_slice(&bytes)) == 0);
	assert(!answer.is_ack && slice_equal(answer.id, id) && slice_is(answer.code, "too_big"));
	bytes.len = 0;
	ack_encode(&ack, &bytes);
	assert(answer_decode(&answer, buf_slice(&bytes)) == 0);
	assert(answer.is_ack && slice_equal(answer.id, id) && answer.reject_count == 1);
	buf_fini(&bytes);
}

static void
check_batch(struct slice message)
{
	struct batch_envelope envelope;
	char why[120];
	enum batch_code code = batch_open(&envelope, message, why);
	assert(code == BATCH_OK || code == BATCH_WRONG_VERSION || code == BATCH_BAD_MSGPACK);
	assert((why[0] == '\0') == (code == BATCH_OK));
	assert(is_inside(envelope.id, message));
	check_echo(envelope.id);
	if (code != BATCH_OK)
		return;
	assert(envelope.id.n > 0);
	if (envelope.is_tick)
		return;
	assert(is_inside(envelope.body, message) && envelope.events <= envelope.body.n);
	if (envelope.body.n > 0)
		assert(envelope.body.p + envelope.body.n == message.p + message.n);
}

static void
check_answer(struct slice message)
{
	struct answer answer;
	struct slice code, text;
	uint32_t index;
	if (answer_decode(&answer, message) != 0)
		return;
	answer_id(&answer);
	assert(is_inside(answer.id, message) && is_inside(answer.code, message) && is_inside(answer.text, message));
	for (uint32_t i = answer.reject_count; i > 0; i--) {
		assert(answer_next_reject(&answer, &index, &code, &text));
		assert(is_inside(code, message) && is_inside(text, message));
	}
	assert(!answer_next_reject(&answer, &index, &code, &text));
	assert(answer.rejects.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice message = {data, (uint32_t)size};
	check_batch(message);
	check_answer(message);
	return 0;
}
