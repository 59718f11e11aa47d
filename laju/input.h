/*
 * input.h - events from a file or a pipe: lines of JSON or a stream of MessagePack.
 *
 * Cuts the bytes into items, never blocks but in input_fill(), and knows each
 * item's place. One item is held whole, so a longer one than the limit is refused.
 */
#ifndef LAJU_INPUT_H
#define LAJU_INPUT_H
#include "common/buf.h"

enum { INPUT_READ_BYTES = 256 << 10, INPUT_VALUE_MAX = 1 << 20 };

enum input_form { INPUT_UNKNOWN = 0 /* tell it from the first byte */, INPUT_NDJSON, INPUT_MSGPACK };
enum input_got {
	INPUT_ITEM = 0,
	INPUT_MORE,     /* input_fill() first */
	INPUT_END,
	INPUT_TOO_LONG, /* a line over NDJSON_LINE_MAX: item is its beginning; the rest is skipped */
	INPUT_BROKEN,   /* cannot be read any further; see why */
};

struct input {
	int fd;
	const char *name;    /* the caller's; "-" is stdin */
	int64_t size;        /* bytes; -1: unknown */
	uint8_t form;        /* enum input_form */
	bool eof, skipping;
	struct buf bytes;
	size_t at;           /* read up to here */
	uint64_t taken;      /* bytes taken in all */
	uint64_t place;      /* line (NDJSON) or event number (MessagePack) of the last item or of what is broken, from 1 */
	uint64_t owed;       /* MessagePack: values that the arrays so far have announced and that did not come yet */
	const char *why;
};

/* 0 or -errno. */
int input_open(struct input *input, const char *name, enum input_form form);
void input_close(struct input *input);
/* Blank lines are passed over. item is valid until the next call on input. */
enum input_got input_next(struct input *input, struct slice *item);
/* One read(2). 0 or -errno (-EINTR included). */
int input_fill(struct input *input);
/* Something (or the end) can be read without blocking. */
bool input_ready(const struct input *input);
#endif
