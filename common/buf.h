/*
 * buf.h - a growing byte buffer; the sink that msgpack-c packs into.
 *
 * Zero-initialise it ({0}) and buf_fini() it. Growth doubles, so appending is
 * O(1) amortised. Pointers into data are valid until the next append.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H
#include "common/slice.h"
#include <stddef.h>

struct buf {
	uint8_t *data;
	size_t len, cap; /* bytes */
};

void buf_fini(struct buf *buf);
/* Room for `more` bytes behind len; does not change len. */
uint8_t *buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For msgpack_packer_init(&packer, buf, buf_msgpack_write); never fails. */
int buf_msgpack_write(void *buf, const char *bytes, size_t n);

static inline struct slice
buf_slice(const struct buf *buf)
{
	return (struct slice){buf->data, (uint32_t)buf->len};
}
#endif
