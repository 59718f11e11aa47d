/*
 * note.h - what the ingest and aggregator threads tell the publisher thread, and what it asks.
 *
 * A note owns its bytes; who receives it frees it.
 */
#ifndef SCHEMAS_NOTE_H
#define SCHEMAS_NOTE_H
#include "schemas/alarm.h"

enum note_kind {
	NOTE_UPDATE = 1, /* an aggregator update in bytes */
	NOTE_ALERT,      /* texts: topic, packed alert row (epoch and seq 0) */
	NOTE_DEAD,       /* texts: peer, code, sentence, raw bytes */
	NOTE_FEED,       /* text: feed */
	NOTE_FIGURES,    /* struct figures (aggregator/figures.h) in bytes */
	NOTE_QUESTION,   /* from the publisher; texts: peer, cust, id */
	NOTE_ANSWER,     /* texts: peer, the packed answer */
	NOTE_LOG,        /* struct log_figures and log_images (journal/log.h) in bytes */
	NOTE_ALARM,      /* texts: an alarm's name; "on", or "" no longer: note_alarm() */
};

enum { NOTE_TEXTS = 4 };

struct note {
	uint8_t kind;  /* enum note_kind */
	int64_t at_ms; /* log time */
	uint32_t len[NOTE_TEXTS];
	struct buf bytes;
};

struct note *note_new(enum note_kind kind, int64_t at_ms);
struct note *note_alarm(enum alarm alarm, bool on);
void note_free(struct note *note); /* accepts NULL */
/* Texts are added in order, at most NOTE_TEXTS. */
void note_add(struct note *note, unsigned text, struct slice value);
struct slice note_text(const struct note *note, unsigned text);
#endif
