/*
 * slab.h - small pieces of memory for arrays that grow and shrink by the million.
 *
 * Sizes are rounded up to 16 bytes, pieces have no head, and what is given back serves the
 * next of its size: cheaper and denser than malloc(), to which everything above
 * SLAB_MAX goes. The caller knows the size of what it gives back. One thread at a time.
 */
#ifndef COMMON_SLAB_H
#define COMMON_SLAB_H
#include <stddef.h>
#include <stdint.h>

enum { SLAB_STEP = 16, SLAB_MAX = 2048, SLAB_CLASSES = SLAB_MAX / SLAB_STEP };

struct slab {
	void *spare[SLAB_CLASSES];  /* given back, by size; each holds the next */
	uint8_t **region;           /* what pieces are cut from */
	uint32_t regions;
	uint8_t *at, *end;          /* of the last region */
	uint64_t bytes;             /* of all regions, and what was taken from malloc() */
};

void slab_fini(struct slab *slab); /* zeroed is empty; what malloc() gave is the owner's to free first */
void *slab_alloc(struct slab *slab, size_t bytes);
void slab_free(struct slab *slab, void *piece, size_t bytes); /* accepts NULL */
/* The content up to the smaller size is kept. */
void *slab_resize(struct slab *slab, void *piece, size_t from, size_t to);
#endif
