/*
 * dead_letters.h - what was refused, with its bytes: the newest, in bounded memory.
 *
 * Beyond PUBLISHER_DEAD_MAX letters or PUBLISHER_DEAD_BYTES_MAX bytes the oldest
 * goes and is counted. One thread owns it.
 */
#ifndef PUBLISHER_DEAD_LETTERS_H
#define PUBLISHER_DEAD_LETTERS_H
#include "schemas/row.h"

enum { DEAD_RAW_BYTES_MAX = 128 << 10 /* longer raw bytes are not kept, the text says so: a row fits a snapshot chunk */ };

struct dead_letters;
struct dead_letters *dead_letters_new(uint32_t max, uint64_t bytes_max);
void dead_letters_free(struct dead_letters *letters); /* accepts NULL */

/* Takes dead->number from its own count (from 1 on) and packs it. seq: its version. */
void dead_letters_add(struct dead_letters *letters, struct dead_row *dead, uint64_t seq);

/* A kept letter. Slices are valid until the next add. */
struct dead_view {
	uint64_t number, seq;
	struct slice topic, row;
};
/* The oldest letter with number >= from; false: none. */
bool dead_letters_from(const struct dead_letters *letters, uint64_t from, struct dead_view *view);

struct dead_counters {
	uint64_t kept, added, dropped, bytes;
};
void dead_letters_count(const struct dead_letters *letters, struct dead_counters *out);
#endif
