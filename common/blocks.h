/*
 * blocks.h - memory for tables, cut from huge pages.
 *
 * Tables of many megabytes are read all over: in pages of 4 KiB most of that time goes into finding the page, and
 * as much again into getting each one when it is first written to. So they are cut from huge pages of 2 MiB (which
 * the system may refuse: then from small ones), where they fit most tightly. Huge pages that are all free go back
 * to the system, but for one and one more for each 64 in use. Where a thread of its own makes as many ready ahead,
 * taking one does not wait for the system to clear it.
 *
 * What is smaller than BLOCK_MIN or larger than BLOCK_MAX comes from malloc(), and everything does under the address
 * sanitizer or a limit of address space. Any thread. Without memory the process ends (mem.h).
 */
#ifndef COMMON_BLOCKS_H
#define COMMON_BLOCKS_H
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_MIN = 4096, BLOCK_MAX = 2 << 20 };

/* Zeroed. Takes up whole units of BLOCK_MIN. */
void *blocks_take(size_t bytes);
/* The same, at a multiple of bytes, which is a power of two from BLOCK_MIN to BLOCK_MAX. */
void *blocks_take_aligned(size_t bytes);
/* bytes as it was taken; accepts NULL. */
void blocks_give_back(void *block, size_t bytes);

/* Starts, and ends, the thread that makes pages ready: one at a time, by one and the same thread. */
void blocks_ready_start(void);
void blocks_ready_stop(void);

/*
 * Gives the system back what is in no block, but for the pages made ready. Costs a page that is in use its size: for
 * when memory is short.
 */
void blocks_trim(void);

struct blocks_counters {
	uint64_t pages;     /* huge pages held, those made ready included */
	uint64_t ready;     /* of these: not used yet */
	uint64_t free;      /* bytes of used ones that are in no block */
	int64_t ready_ns;   /* CPU time of the thread that makes them ready */
};
void blocks_count(struct blocks_counters *out);
#endif
