/* note.c - notes to the publisher thread. */
#include "schemas/note.h"
#include "common/mem.h"
#include <stdlib.h>

struct note *
note_new(enum note_kind kind, int64_t at_ms)
{
	struct note *note = mem_zalloc(1, sizeof(*note));
	note->kind = (uint8_t)kind;
	note->at_ms = at_ms;
	return note;
}

struct note *
note_alarm(enum alarm alarm, bool on)
{
	struct note *note = note_new(NOTE_ALARM, 0);
	note_add(note, 0, slice_of(alarm_name(alarm)));
	note_add(note, 1, slice_of(on ? "on" : ""));
	return note;
}

void
note_free(struct note *note)
{
	if (note == NULL)
		return;
	buf_fini(&note->bytes);
	free(note);
}

void
note_add(struct note *note, unsigned text, struct slice value)
{
	note->len[text] = value.n;
	buf_add(&note->bytes, value.p, value.n);
}

struct slice
note_text(const struct note *note, unsigned text)
{
	uint32_t offset = 0;
	for (unsigned t = 0; t < text; t++)
		offset += note->len[t];
	return (struct slice){note->bytes.data + offset, note->len[text]};
}
