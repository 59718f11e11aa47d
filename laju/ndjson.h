/*
 * ndjson.h - one line of JSON to one packed event, and times as people write them.
 *
 * The keys are those of schemas/event.md; `ts` may also be an RFC 3339 text, `amt`
 * a decimal text when `cur` is given. A null stands for an absent key. Strict:
 * jansson refuses what is not JSON, duplicate keys and bad UTF-8. Form only; which
 * keys a type needs is the server's to say. Pure; any thread.
 */
#ifndef LAJU_NDJSON_H
#define LAJU_NDJSON_H
#include "schemas/event.h"

enum { NDJSON_LINE_MAX = 64 << 10, NDJSON_KEY_MAX = 63 };

/* Told of each unknown key that was passed over; near: the key that was perhaps meant, or NULL. */
typedef void ndjson_unknown_fn(void *context, const char *key, const char *near);

struct ndjson_fault {
	enum verdict code;   /* VERDICT_BAD_MSGPACK: not JSON at all */
	uint32_t column;     /* 1-based, in bytes; 0: the line as a whole */
	char text[160];
};

/*
 * Appends the event's MessagePack map to out. VERDICT_OK, or the reason (also in
 * fault) with out as it was. line has no line feed. unknown may be NULL.
 */
enum verdict ndjson_event(struct slice line, struct buf *out, ndjson_unknown_fn *unknown, void *context,
                          struct ndjson_fault *fault);

/*
 * An RFC 3339 text with Z or an offset (2026-11-23T13:05:09.5+07:00; digits beyond
 * ms are cut), a date alone (00:00:00Z), or Unix ms. 0, or -EINVAL with a sentence.
 */
int time_parse(struct slice text, int64_t *ms, const char **why);
/* "2026-11-23T06:05:09.500Z"; years 0 to 9999, others as plain ms. */
void time_format(int64_t ms, char out[32]);
#endif
