/*
 * topic.h - topics: kpi/<window>/<rollup>/<key part>[/<key part>...].
 *
 * Each part is percent-encoded: everything but A-Z a-z 0-9 . _ - ~ becomes %XX.
 * A topic of more than TOPIC_BYTES_MAX bytes gets ~<16 hex digits of a hash> for
 * its key, the full key stands in the row. (libzmq 4.3.4 breaks on subscriptions
 * of 246-255 bytes.) The rollup name's + stays as it is.
 */
#ifndef SCHEMAS_TOPIC_H
#define SCHEMAS_TOPIC_H
#include "common/buf.h"
#include "schemas/window.h"

enum { TOPIC_BYTES_MAX = 240 };

void topic_part_encode(struct slice part, struct buf *out);
/* Decoded in place into out (cleared by the caller); false: a broken escape. */
bool topic_part_decode(struct slice part, struct buf *out);
/* The key alone, parts joined by '/'; "all" when there are none. Appends. */
void topic_key(const struct slice *key, uint32_t count, struct buf *out);
/* kpi/<window>/<rollup>/<key>; cleared first. True: the key was hashed. */
bool topic_row(enum window window, struct slice rollup, const struct slice *key, uint32_t count, struct buf *out);
/* Splits kpi/<window>/<rollup>/<key>; key stays encoded. False: not of that form. */
bool topic_row_split(struct slice topic, enum window *window, struct slice *rollup, struct slice *key);
/* * any run, ? any one byte. */
bool glob_match(struct slice pattern, struct slice text);
#endif
