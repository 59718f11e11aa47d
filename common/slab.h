/*
 * slab.h - small pieces of memory for arrays that grow and shrink by the million.
 *
 * Sizes are rounded up to 16 bytes, pieces have no head; each size is cut from regions of its own, and a region with no
 * piece left goes back: denser than malloc(), to which everything above SLAB_MAX goes. The caller knows the
 * size of what it gives back. One thread at a time.
 */
#ifndef COMMON_SLAB_H
#define COMMON_SLAB_H
#include <stddef.h>
#include <stdint.h>

enum { SLAB_STEP = 16, SLAB_MAX = 2048, SLAB_SIZES = SLAB_MAX / SLAB_STEP };

struct slab {
	struct slab_region *room[SLAB_SIZES]; /* by size: those that have room for one more */
	struct slab_region *all;
	uint64_t bytes;                       /* of all regions, and what was taken from malloc() */
};

void slab_fini(struct slab *slab); /* zeroed is empty; what malloc() gave is the owner's to free first */
void *slab_alloc(struct slab *slab, size_t bytes);
void slab_free(struct slab *slab, void *piece, size_t bytes); /* accepts NULL */
/* The content up to the smaller size is kept. */
void *slab_resize(struct slab *slab, void *piece, size_t from, size_t to);
#endif
