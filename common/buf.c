/* buf.c - a growing byte buffer. */
#include "common/buf.h"
#include "common/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

uint8_t *
buf_reserve(struct buf *buf, size_t more)
{
	if (buf->cap - buf->len < more) {
		size_t cap = buf->cap ? buf->cap * 2 : 256;
		while (cap - buf->len < more)
			cap *= 2;
		buf->data = mem_realloc(buf->data, cap);
		buf->cap = cap;
	}
	return buf->len > 0 ? buf->data + buf->len : buf->data; /* an empty one may have no data yet */
}

void
buf_add(struct buf *buf, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(buf, n), bytes, n);
	buf->len += n;
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	size_t room = 128;
	for (;;) {
		va_start(args, format);
		int need = vsnprintf((char *)buf_reserve(buf, room), room, format, args);
		va_end(args);
		if (need < 0)
			return;
		if ((size_t)need < room) {
			buf->len += (size_t)need;
			return;
		}
		room = (size_t)need + 1;
	}
}

int
buf_msgpack_write(void *buf, const char *bytes, size_t n)
{
	buf_add(buf, bytes, n);
	return 0;
}
