/*
 * window.h - names of the six windows and their parts, as they stand in topics.
 */
#ifndef SCHEMAS_WINDOW_H
#define SCHEMAS_WINDOW_H
#include "common/slice.h"

enum window {
	WINDOW_R1D = 0,
	WINDOW_R7D,
	WINDOW_R30D,
	WINDOW_D,
	WINDOW_W,
	WINDOW_M,
	WINDOW_COUNT,
	WINDOW_ROLLING = WINDOW_D, /* those before roll, the others are calendar periods */
};

/* prev: the window before. ptd: the previous period up to the same elapsed slot (calendar only). */
enum window_part { PART_CUR = 0, PART_PREV, PART_PTD, PART_COUNT };

/* Half-open [lo, hi), Unix ms. */
struct span_ms {
	int64_t lo, hi;
};

/* What a window's numbers stand for right now. part[PART_PTD] is 0, 0 for rolling windows. */
struct window_bounds {
	struct span_ms part[PART_COUNT];
};

const char *window_name(enum window window); /* "r1d", "r7d", "r30d", "d", "w", "m" */
/* -1 if unknown. */
int window_of(struct slice name);
#endif
