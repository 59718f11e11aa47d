/* slab.c - pieces by size, cut from large regions. */
#include "common/slab.h"
#include "common/mem.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_REGION = 64 << 10, LARGEST_REGION = 8 << 20 };

static size_t
rounded(size_t bytes)
{
	return (bytes + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
}

void
slab_fini(struct slab *slab)
{
	for (uint32_t r = 0; r < slab->regions; r++)
		mem_table_free(slab->region[r], slab->region_bytes[r]);
	free(slab->region);
	free(slab->region_bytes);
	*slab = (struct slab){0};
}

/* Each as large as all before it: few of them, and no more than half is unused. */
static void
add_region(struct slab *slab)
{
	size_t bytes = slab->bytes < FIRST_REGION ? FIRST_REGION : slab->bytes / FIRST_REGION * FIRST_REGION;
	bytes = bytes < LARGEST_REGION ? bytes : LARGEST_REGION;
	slab->region = mem_realloc(slab->region, (slab->regions + 1) * sizeof(*slab->region));
	slab->region_bytes = mem_realloc(slab->region_bytes, (slab->regions + 1) * sizeof(*slab->region_bytes));
	slab->region[slab->regions] = slab->at = mem_table(bytes);
	slab->region_bytes[slab->regions++] = bytes;
	slab->end = slab->at + bytes;
	slab->bytes += bytes;
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
