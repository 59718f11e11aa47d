/*
 * blocks.h - memory for tables, cut from huge pages.
 *
 * Tables of many megabytes are read all over: in pages of 4 KiB most of that time goes into finding the
 * page, and as much again into getting each one when it is first written to. So they are cut from huge pages of
 * 2 MiB (which the system may refuse: then from small ones), where they fit most
 * tightly; a huge page that is all free goes back to the system. Where a thread of its own makes the next
 * pages ready, taking one does not wait for the system to clear it.
 *
 * What is smaller than BLOCK_MIN or larger than BLOCK_MAX comes from malloc(). Any thread. Without memory the
 * process ends (mem.h). Under the address sanitizer everything comes from malloc().
 */
#ifndef COMMON_BLOCKS_H
#define COMMON_BLOCKS_H
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_MIN = 4096, BLOCK_MAX = 2 << 20 };

/* Zeroed. Takes up whole units of BLOCK_MIN. */
void *blocks_take(size_t bytes);
/* bytes as it was taken; accepts NULL. */
void blocks_give_back(void *block, size_t bytes);

/* Starts, and ends, the thread that makes pages ready. Once a process; nothing else runs when it ends. */
void blocks_ready_start(void);
void blocks_ready_stop(void);

/* Gives the system back what is in no block, as far as whole pages are. */
void blocks_trim(void);

struct blocks_counters {
	uint64_t pages;     /* huge pages held, those made ready included */
	uint64_t ready;     /* of these: not used yet */
	uint64_t free;      /* bytes of used ones that are in no block */
	int64_t ready_ns;   /* CPU time of the thread that makes them ready */
};
void blocks_count(struct blocks_counters *out);
#endif
