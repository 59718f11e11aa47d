/* slab.c - pieces by size, cut from large regions. */
#include "common/slab.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { REGION = 256 << 10 };

static size_t
rounded(size_t bytes)
{
	return (bytes + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
}

void
slab_fini(struct slab *slab)
{
	for (uint32_t r = 0; r < slab->regions; r++)
		blocks_give_back(slab->region[r], REGION);
	free(slab->region);
	*slab = (struct slab){0};
}

static void
add_region(struct slab *slab)
{
	slab->region = mem_realloc(slab->region, (slab->regions + 1) * sizeof(*slab->region));
	slab->region[slab->regions++] = slab->at = blocks_take(REGION);
	slab->end = slab->at + REGION;
	slab->bytes += REGION;
}

void *
slab_alloc(struct slab *slab, size_t bytes)
{
	size_t size = rounded(bytes);
	if (size > SLAB_MAX) {
		slab->bytes += size;
		return mem_alloc(size);
	}
	void **spare = &slab->spare[size / SLAB_STEP - 1];
	if (*spare != NULL) {
		void *piece = *spare;
		memcpy(spare, piece, sizeof(*spare));
		return piece;
	}
	if ((size_t)(slab->end - slab->at) < size)
		add_region(slab);
	void *piece = slab->at;
	slab->at += size;
	return piece;
}

void
slab_free(struct slab *slab, void *piece, size_t bytes)
{
	size_t size = rounded(bytes);
	if (piece == NULL)
		return;
	if (size > SLAB_MAX) {
		slab->bytes -= size;
		free(piece);
		return;
	}
	void **spare = &slab->spare[size / SLAB_STEP - 1];
	memcpy(piece, spare, sizeof(*spare));
	*spare = piece;
}

void *
slab_resize(struct slab *slab, void *piece, size_t from, size_t to)
{
	size_t kept = from < to ? from : to;
	if (piece != NULL && rounded(from) == rounded(to))
		return piece;
	if (rounded(from) > SLAB_MAX && rounded(to) > SLAB_MAX) {
		slab->bytes += rounded(to) - rounded(from);
		return mem_realloc(piece, rounded(to));
	}
	void *moved = slab_alloc(slab, to);
	if (piece != NULL)
		memcpy(moved, piece, kept);
	slab_free(slab, piece, from);
	return moved;
}
