/* problems.c - problems as people read them: place, message, line, caret. See yaml.h. */
#include "laju/text.h"
#include "laju/yaml.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MESSAGE_BYTES = 512,
	LINE_SHOWN_MAX = 160, /* characters; a longer line is shown around the place */
};

/* Where one problem stands in text and heads. */
struct problem_place {
	size_t text_at, text_len, head_at, head_len;
	size_t name_len;  /* its text begins with the file's name */
	uint32_t at;      /* byte offset in the file */
	uint32_t index;   /* as it was found */
	uint32_t group;   /* index of the first problem of the same file */
};

void
problems_fini(struct config_problems *problems)
{
	buf_fini(&problems->text);
	buf_fini(&problems->heads);
	buf_fini(&problems->places);
	*problems = (struct config_problems){0};
}

static size_t
character_end(const char *text, size_t at, size_t end)
{
	for (at++; at < end && ((uint8_t)text[at] & 0xc0) == 0x80;)
		at++;
	return at;
}

uint32_t
yaml_line(const struct yaml_file *file, uint32_t at)
{
	uint32_t low = 0, high = file->lines;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (file->line_at[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low + 1;
}

static size_t
line_start(const struct yaml_file *file, uint32_t at)
{
	return file->line_at[yaml_line(file, at) - 1];
}

void
yaml_place(const struct yaml_file *file, uint32_t at, uint32_t *line, uint32_t *column)
{
	*line = yaml_line(file, at);
	*column = 1;
	for (size_t i = line_start(file, at); i < at; i = character_end(file->text, i, file->len))
		++*column;
}

/* The source line and, below the place, the caret. Tabs stay tabs, so that the caret falls right. */
static void
show_line(const struct yaml_file *file, uint32_t at, struct buf *out)
{
	size_t start = line_start(file, at), end = at;
	while (end < file->len && file->text[end] != '\n' && file->text[end] != '\r')
		end++;
	uint32_t line, column;
	yaml_place(file, at, &line, &column);
	for (; column > LINE_SHOWN_MAX / 2; column--)
		start = character_end(file->text, start, end);
	struct buf caret = {0};
	uint32_t shown = 0;
	for (size_t i = start, next; i < end && shown < LINE_SHOWN_MAX; i = next, shown++) {
		bool tab = file->text[i] == '\t';
		next = character_end(file->text, i, end);
		if (tab)
			buf_add(out, "\t", 1);
		else
			text_clean(out, (struct slice){(const uint8_t *)file->text + i, (uint32_t)(next - i)});
		if (i < at)
			buf_add(&caret, tab ? "\t" : " ", 1);
	}
	buf_printf(out, "\n%.*s^\n", (int)caret.len, caret.len ? (const char *)caret.data : "");
	buf_fini(&caret);
}

static void
add_problem(struct config_problems *problems, bool error, const struct yaml_file *file, uint32_t at, const char *where,
            const char *message)
{
	*(error ? &problems->errors : &problems->warnings) += 1;
	if (problems->errors + problems->warnings > PROBLEMS_MAX) {
		return; /* problems_sort() says so at the end */
	}
	struct problem_place place = {.text_at = problems->text.len, .head_at = problems->heads.len, .at = at};
	text_clean(&problems->text, slice_of(file ? file->name : where));
	place.name_len = problems->text.len - place.text_at;
	if (file != NULL && !file->bare) {
		uint32_t line, column;
		yaml_place(file, at, &line, &column);
		buf_printf(&problems->text, ":%u:%u", line, column);
	}
	buf_printf(&problems->text, ": %s", error ? "" : "warning: ");
	/* Names from the file are quoted: a line break in one must not forge a second problem. */
	text_clean(&problems->text, slice_of(message));
	buf_add(&problems->text, "\n", 1);
	place.head_len = problems->text.len - place.text_at;
	buf_add(&problems->heads, problems->text.data + place.text_at, place.head_len);
	if (file != NULL && !file->bare)
		show_line(file, at, &problems->text);
	place.text_len = problems->text.len - place.text_at;
	place.index = place.group = (uint32_t)(problems->places.len / sizeof(place));
	buf_add(&problems->places, &place, sizeof(place));
}

static int
place_compare(const void *left, const void *right)
{
	const struct problem_place *a = left, *b = right;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

void
problems_sort(struct config_problems *problems)
{
	struct problem_place *place = (struct problem_place *)(void *)problems->places.data;
	size_t count = problems->places.len / sizeof(*place);
	struct config_problems sorted = {.errors = problems->errors, .warnings = problems->warnings};
	const char *text = (const char *)problems->text.data;
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i && place[i].group == place[i].index; j++)
			if (place[j].name_len == place[i].name_len &&
			    memcmp(text + place[j].text_at, text + place[i].text_at, place[i].name_len) == 0)
				place[i].group = place[j].group;
	if (count > 1)
		qsort(place, count, sizeof(*place), place_compare);
	for (size_t i = 0; i < count; i++) {
		struct problem_place moved = place[i];
		moved.text_at = sorted.text.len;
		moved.head_at = sorted.heads.len;
		moved.index = moved.group = (uint32_t)i;
		buf_add(&sorted.places, &moved, sizeof(moved));
		buf_add(&sorted.text, text + place[i].text_at, place[i].text_len);
		buf_add(&sorted.heads, problems->heads.data + place[i].head_at, place[i].head_len);
	}
	uint32_t hidden = problems->errors + problems->warnings - (uint32_t)count;
	if (hidden > 0)
		buf_printf(&sorted.text, "%u more are not shown\n", hidden);
	problems_fini(problems);
	*problems = sorted;
}

#define FORMAT(message, format)                                                                                        \
	char message[MESSAGE_BYTES];                                                                                   \
	va_list args;                                                                                                  \
	va_start(args, format);                                                                                        \
	vsnprintf(message, sizeof(message), format, args);                                                             \
	va_end(args)

void
yaml_error(const struct yaml_file *file, uint32_t at, struct config_problems *problems, const char *format, ...)
{
	FORMAT(message, format);
	add_problem(problems, true, file, at, NULL, message);
}

void
yaml_warning(const struct yaml_file *file, uint32_t at, struct config_problems *problems, const char *format, ...)
{
	FORMAT(message, format);
	add_problem(problems, false, file, at, NULL, message);
}

void
problem_error(struct config_problems *problems, const char *where, const char *format, ...)
{
	FORMAT(message, format);
	add_problem(problems, true, NULL, 0, where, message);
}

void
problem_warning(struct config_problems *problems, const char *where, const char *format, ...)
{
	FORMAT(message, format);
	add_problem(problems, false, NULL, 0, where, message);
}
