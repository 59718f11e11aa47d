/*
 * fuzz_ndjson.c - arbitrary text as a line of events, and as a time.
 *
 * Holds: what is packed is one well-formed map for our decoder (texts that are too long are left for
 * it to refuse); a refusal leaves the buffer as it was and has a sentence; a time that is read and written is read again as the same.
 */
#include "laju/ndjson.h"
#include <assert.h>

static void
unknown(void *context, const char *key, const char *near)
{
	(void)near;
	assert(strlen(key) <= NDJSON_LINE_MAX);
	++*(unsigned *)context;
}

static void
check_time(struct slice text)
{
	int64_t ms, again;
	const char *why = NULL;
	char written[32];
	if (time_parse(text, &ms, &why) != 0) {
		assert(why != NULL && why[0] != '\0');
		return;
	}
	time_format(ms, written);
	int rc = time_parse(slice_of(written), &again, &why);
	assert(rc == 0 && again == ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = {data, (uint32_t)size};
	struct ndjson_fault fault;
	struct event event;
	struct event_fault event_fault;
	struct buf out = {0};
	unsigned unknowns = 0;
	size_t used;

	check_time(line);
	if (size > 0 && memchr(data, '\n', size) != NULL)
		return 0; /* by contract a line has none */
	buf_add(&out, "x", 1);
	enum verdict verdict = ndjson_event(line, &out, unknown, &unknowns, &fault);
	if (verdict == VERDICT_OK) {
		struct slice packed = {out.data + 1, (uint32_t)(out.len - 1)};
		assert(event_decode(&event, packed, &used, &event_fault) != VERDICT_BAD_MSGPACK);
		assert(used == packed.n);
	} else {
		assert(fault.code == verdict && fault.text[0] != '\0');
		assert(out.len == 1 && out.data[0] == 'x');
		assert(fault.column <= size + 1);
	}
	buf_fini(&out);
	return 0;
}
