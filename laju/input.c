/* input.c - events from a file or a pipe: lines of JSON or a stream of MessagePack. */
#include "laju/input.h"
#include "laju/ndjson.h"
#include "schemas/cursor.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

int
input_open(struct input *input, const char *name, enum input_form form)
{
	struct stat stat = {0};
	bool is_stdin = strcmp(name, "-") == 0;
	*input = (struct input){.fd = 0, .name = is_stdin ? "stdin" : name, .size = -1, .form = (uint8_t)form};
	if (!is_stdin)
		input->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0)
		return -errno;
	if (fstat(input->fd, &stat) == 0 && S_ISDIR(stat.st_mode)) {
		input_close(input);
		return -EISDIR;
	}
	if (S_ISREG(stat.st_mode))
		input->size = stat.st_size;
	buf_reserve(&input->bytes, INPUT_READ_BYTES); /* never a null pointer to count from */
	return 0;
}

void
input_close(struct input *input)
{
	if (input->fd > 0)
		close(input->fd);
	buf_fini(&input->bytes);
}

int
input_fill(struct input *input)
{
	if (input->at > 0) {
		memmove(input->bytes.data, input->bytes.data + input->at, input->bytes.len - input->at);
		input->bytes.len -= input->at;
		input->at = 0;
	}
	ssize_t n = read(input->fd, buf_reserve(&input->bytes, INPUT_READ_BYTES), INPUT_READ_BYTES);
	if (n < 0)
		return -errno;
	input->bytes.len += (size_t)n;
	input->eof = n == 0;
	return 0;
}

bool
input_ready(const struct input *input)
{
	struct pollfd item = {.fd = input->fd, .events = POLLIN};
	return input->eof || poll(&item, 1, 0) != 0;
}

static void
take(struct input *input, size_t n)
{
	input->at += n;
	input->taken += n;
}

static enum input_got
broken(struct input *input, const char *why)
{
	input->why = why;
	input->place++;
	return INPUT_BROKEN;
}

/* A line's end, its line feed included, or NULL when it is not all there. */
static const uint8_t *
line_end(const struct input *input, const uint8_t *p, size_t left)
{
	const uint8_t *feed = memchr(p, '\n', left);
	if (feed)
		return feed + 1;
	return input->eof && left > 0 ? p + left : NULL;
}

static enum input_got
next_line(struct input *input, struct slice *item)
{
	for (;;) {
		const uint8_t *p = input->bytes.data + input->at;
		size_t left = input->bytes.len - input->at;
		const uint8_t *end = left ? line_end(input, p, left) : NULL;
		if (!end && left <= NDJSON_LINE_MAX && !input->skipping)
			return input->eof ? INPUT_END : INPUT_MORE;
		if (input->skipping) { /* the rest of a line that was too long */
			take(input, end ? (size_t)(end - p) : left);
			input->skipping = !end;
			if (!end)
				return input->eof ? INPUT_END : INPUT_MORE;
			continue;
		}
		input->place++;
		size_t n = end ? (size_t)(end - p) : left;
		take(input, n);
		if (n > NDJSON_LINE_MAX) {
			input->skipping = !end;
			*item = (struct slice){p, 80};
			return INPUT_TOO_LONG;
		}
		while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' ' || p[n - 1] == '\t'))
			n--;
		if (input->place == 1 && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
			p += 3; /* a byte order mark, as Windows programs put it */
			n -= 3;
		}
		*item = (struct slice){p, (uint32_t)n};
		if (n > 0)
			return INPUT_ITEM;
	}
}

/* Bytes of an array's header, 0: it is none. Only the events inside matter: how many a writer put together does not. */
static size_t
array_header(uint8_t head)
{
	return (head & 0xf0) == 0x90 ? 1 : head == 0xdc ? 3 : head == 0xdd ? 5 : 0;
}

static uint32_t
array_count(const uint8_t *p, size_t header)
{
	return header == 1 ? *p & 15u : header == 3 ? at_be16(p + 1) : at_be32(p + 1);
}

static enum input_got
next_value(struct input *input, struct slice *item)
{
	for (;;) {
		const uint8_t *p = input->bytes.data + input->at;
		size_t left = input->bytes.len - input->at;
		if (left == 0 && input->eof && input->owed > 0) {
			input->owed = 0;
			return broken(input, "ends in the middle of an array");
		}
		if (left == 0)
			return input->eof ? INPUT_END : INPUT_MORE;
		size_t header = array_header(*p);
		if (header > 0 && header <= left) {
			input->owed = input->owed - (input->owed > 0) + array_count(p, header);
			take(input, header);
			continue;
		}
		const uint8_t *end = header ? NULL : at_skip(p, p + left);
		if (!end && !input->eof && left < INPUT_VALUE_MAX)
			return INPUT_MORE;
		if (!end)
			return broken(input, input->eof ? "ends in the middle of a value" : "a value is longer than 1 MiB, or no MessagePack");
		input->place++;
		take(input, (size_t)(end - p));
		input->owed -= input->owed > 0;
		*item = (struct slice){p, (uint32_t)(end - p)};
		return INPUT_ITEM;
	}
}

enum input_got
input_next(struct input *input, struct slice *item)
{
	const uint8_t *p = input->bytes.data + input->at;
	if (input->form == INPUT_UNKNOWN) {
		if (input->bytes.len == 0)
			return input->eof ? INPUT_END : INPUT_MORE;
		if (input->bytes.len >= 2 && p[0] == 0x1f && p[1] == 0x8b)
			return broken(input, "is compressed: zcat it and send '-'");
		/* Text begins below 0x80 or with a byte order mark; a MessagePack map or array never does. */
		input->form = p[0] >= 0x80 && p[0] != 0xef ? INPUT_MSGPACK : INPUT_NDJSON;
	}
	return input->form == INPUT_MSGPACK ? next_value(input, item) : next_line(input, item);
}
