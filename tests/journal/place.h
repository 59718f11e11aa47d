/* place.h - directories for logs that go away again, and groups to put into them. */
#ifndef TESTS_JOURNAL_PLACE_H
#define TESTS_JOURNAL_PLACE_H
#include "journal/log.h"

#define NOON INT64_C(1700000000000) /* 2023-11-14 22:13:20 UTC, 20 s into a minute */

enum { PLACE_BYTES = 128 };

/*
 * A new directory for this process, removed with all that is in it when it ends. Children that _exit() leave it
 * alone.
 */
void place_new(char place[PLACE_BYTES]);
/* Empties and removes it now; there may be nothing. */
void place_remove(const char *place);
/* place/name as a whole; the caller frees. */
uint8_t *place_read(const char *place, const char *name, size_t *n);
void place_write(const char *place, const char *name, const void *bytes, size_t n);
/* Writes one byte in the middle of it. */
void place_poke(const char *place, const char *name, size_t at, uint8_t byte);

/* The seed of LAJU_SEED or of the clock, printed and given to srand(). */
unsigned seed_of(const char *test);

/* A group of one event whose raw bytes are text. */
struct group *group_of(const char *text, int64_t recv_ms);
/* The same with n bytes that follow from lsn, which must be the next one. */
struct group *group_of_size(uint64_t lsn, uint32_t n, int64_t recv_ms);
/* Is it what group_of_size() made for its lsn? */
bool group_is_right(const struct group *group, uint64_t lsn);

/* As often as it takes; the process ends if it fails. */
void log_trim_all(struct log *log, uint64_t lsn);

#endif
