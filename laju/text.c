/* text.c - texts from outside, made fit for a terminal, a table, JSON. */
#include "laju/text.h"
#include "schemas/cursor.h"
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- characters --- */

uint32_t
text_char(const uint8_t *p, uint32_t n, uint32_t *code)
{
	uint32_t size = utf8_size(p, n);
	*code = size == 1 ? p[0] : p[0] & (0x7fu >> size);
	for (uint32_t i = 1; i < size; i++)
		*code = *code << 6 | (p[i] & 0x3fu);
	return size;
}

static bool
is_unfit(uint32_t code)
{
	bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
	/* U+2028, U+2029: separators; the others are marks, embeddings, overrides and isolates of bidirectional text. */
	bool turns = code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	             (code >= 0x2066 && code <= 0x2069);
	return control || turns;
}

enum glyph_kind { GLYPH_FINE = 0, GLYPH_UNFIT, GLYPH_BROKEN };

struct glyph {
	uint32_t bytes, code;
	enum glyph_kind kind;
};

static struct glyph
glyph_at(struct slice text, uint32_t at)
{
	struct glyph glyph = {.kind = GLYPH_FINE};
	glyph.bytes = text_char(text.p + at, text.n - at, &glyph.code);
	if (glyph.bytes == 0)
		return (struct glyph){.bytes = 1, .kind = GLYPH_BROKEN};
	if (is_unfit(glyph.code))
		glyph.kind = GLYPH_UNFIT;
	return glyph;
}

static void
add_glyph(struct buf *out, const uint8_t *p, struct glyph glyph)
{
	if (glyph.kind == GLYPH_BROKEN)
		buf_add(out, "\xef\xbf\xbd", 3);
	else if (glyph.kind == GLYPH_UNFIT)
		buf_add(out, "?", 1);
	else
		buf_add(out, p, glyph.bytes);
}

bool
text_is_clean(struct slice text)
{
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text, i);
		if (glyph.kind != GLYPH_FINE)
			return false;
		i += glyph.bytes;
	}
	return true;
}

void
text_clean(struct buf *out, struct slice text)
{
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text, i);
		add_glyph(out, text.p + i, glyph);
		i += glyph.bytes;
	}
}

/* --- JSON --- */

static void
add_escaped(struct buf *out, const uint8_t *p, struct glyph glyph)
{
	if (glyph.kind == GLYPH_UNFIT)
		buf_printf(out, "\\u%04x", glyph.code);
	else
		add_glyph(out, p, glyph);
}

void
text_json(struct buf *out, struct slice text)
{
	buf_add(out, "\"", 1);
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text, i);
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add(out, "\\", 1);
		add_escaped(out, text.p + i, glyph);
		i += glyph.bytes;
	}
	buf_add(out, "\"", 1);
}

void
text_json_clean(struct buf *out, struct slice json)
{
	for (uint32_t i = 0; i < json.n;) {
		struct glyph glyph = glyph_at(json, i);
		/* Outside of strings there are only its line feeds, and inside no raw ones. */
		if (json.p[i] == '\n')
			buf_add(out, "\n", 1);
		else
			add_escaped(out, json.p + i, glyph);
		i += glyph.bytes;
	}
}

/* --- columns --- */

/* What wcwidth() does not know is shown as one column, too. */
static int
glyph_width(struct glyph glyph)
{
	return glyph.kind == GLYPH_FINE ? wcwidth((wchar_t)glyph.code) : -1;
}

uint32_t
text_width(struct slice text)
{
	uint32_t width = 0;
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text, i);
		int columns = glyph_width(glyph);
		width += columns < 0 ? 1 : (uint32_t)columns;
		i += glyph.bytes;
	}
	return width;
}

void
text_fit(struct buf *out, struct slice text, uint32_t width, bool pad)
{
	bool cut = text_width(text) > width;
	uint32_t room = cut && width > 0 ? width - 1 : width, used = 0;
	for (uint32_t i = 0; i < text.n;) {
		struct glyph glyph = glyph_at(text, i);
		int known = glyph_width(glyph);
		uint32_t columns = known < 0 ? 1 : (uint32_t)known;
		if (used + columns > room)
			break;
		if (known < 0 && glyph.kind == GLYPH_FINE)
			glyph.kind = GLYPH_UNFIT; /* nobody knows how wide a terminal would show it */
		add_glyph(out, text.p + i, glyph);
		used += columns;
		i += glyph.bytes;
	}
	if (cut && width > 0) {
		buf_add(out, "\xe2\x80\xa6", 3);
		used++;
	}
	for (; pad && used < width; used++)
		buf_add(out, " ", 1);
}

/* --- out --- */

void
text_vsay(const char *before, const char *format, va_list args)
{
	struct buf line = {0};
	char *text;
	if (vasprintf(&text, format, args) < 0)
		return;
	text_clean(&line, slice_of(before));
	text_clean(&line, slice_of(text));
	buf_add(&line, "\n", 1);
	fwrite(line.data, 1, line.len, stderr);
	buf_fini(&line);
	free(text);
}

void
text_say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	text_vsay("", format, args);
	va_end(args);
}

bool
text_print(const struct buf *text)
{
	bool written = text->len == 0 || fwrite(text->data, 1, text->len, stdout) == text->len;
	return fflush(stdout) == 0 && written;
}

uint32_t
text_terminal_width(void)
{
	struct winsize size = {0};
	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
