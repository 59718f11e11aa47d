/*
 * refusals.h - what was refused, grouped by reason, the first few of each with place and sentence. Pure.
 */
#ifndef LAJU_REFUSALS_H
#define LAJU_REFUSALS_H
#include "common/buf.h"

enum { REFUSALS_CODES_MAX = 32 /* more fall to the last, "other" */, REFUSALS_SHOWN = 10 };

struct refusals {
	uint64_t total;
	uint32_t codes;
	struct refusals_code {
		char name[32];
		uint64_t count;
		uint32_t shown;
		struct buf lines; /* the first REFUSALS_SHOWN, each "  place: text\n" */
	} code[REFUSALS_CODES_MAX];
};

void refusals_fini(struct refusals *refusals);
/* place: "file:line"; NULL: n refused that cannot be told apart. */
void refusals_add(struct refusals *refusals, struct slice code, uint64_t n, const char *place, struct slice text);
/* Most frequent reasons first. Control bytes in texts are made harmless. */
void refusals_print(struct refusals *refusals, struct buf *out);
#endif
