/*
 * text.h - texts from outside, made fit for a terminal, a table, JSON.
 *
 * Names, reasons and paths come from servers, files and the keyboard. What could move a cursor, change colours or
 * turn a line around is never written as it is: control characters (C0, DEL, C1), line and paragraph separators,
 * the marks of bidirectional text. Pure, but for the locale in widths and for text_say() and text_print().
 */
#ifndef LAJU_TEXT_H
#define LAJU_TEXT_H
#include "common/buf.h"
#include <stdarg.h>

/* Bytes of the UTF-8 character at p of n > 0 bytes and its code point; 0: there is none. */
uint32_t text_char(const uint8_t *p, uint32_t n, uint32_t *code);
/* UTF-8 without any of the characters above: text_clean() would leave it as it is. */
bool text_is_clean(struct slice text);
/* Appends text with those characters as ? and broken UTF-8 as U+FFFD. */
void text_clean(struct buf *out, struct slice text);
/* Appends a JSON string with its quotes: those characters as \u escapes, broken UTF-8 as U+FFFD. */
void text_json(struct buf *out, struct slice text);
/* Appends JSON that another writer made, whose strings may still hold some of them. */
void text_json_clean(struct buf *out, struct slice json);

/* Columns on a terminal by wcwidth(): a UTF-8 LC_CTYPE must be set. */
uint32_t text_width(struct slice text);
/* Appends at most width columns, cleaned; the last one is an ellipsis when something was cut. pad: with blanks. */
void text_fit(struct buf *out, struct slice text, uint32_t width, bool pad);

/* One line on stderr, cleaned as a whole: a line break in what it quotes cannot forge a second one. */
void text_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void text_vsay(const char *before, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Columns of the terminal that stdout is; 0: it is none. */
uint32_t text_terminal_width(void);
/* To stdout and flushed; false: it could not be written. */
bool text_print(const struct buf *text);
#endif
