/* slab.c - pieces by size, cut from regions. */
#include "common/slab.h"
#include "common/blocks.h"
#include "common/mem.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { REGION = 64 << 10, FIRST = 64 };

/* At the start of a region, which stands at a multiple of REGION: so a piece knows its own. */
struct slab_region {
	struct slab_region *next, *previous;         /* of those with room for its size */
	struct slab_region *all_next, *all_previous;
	void *spare;   /* pieces given back; each holds the next */
	uint32_t live; /* pieces in use */
	uint32_t at;   /* where the next one is cut */
};
_Static_assert(sizeof(struct slab_region) <= FIRST, "the first piece begins behind it");

static size_t
rounded(size_t bytes)
{
	return (bytes + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
}

static struct slab_region **
room_for(struct slab *slab, size_t size)
{
	return &slab->room[size / SLAB_STEP - 1];
}

static bool
has_room(const struct slab_region *region, size_t size)
{
	return region->spare != NULL || region->at + size <= REGION;
}

static void
room_add(struct slab_region **room, struct slab_region *region)
{
	region->next = *room;
	region->previous = NULL;
	if (*room != NULL)
		(*room)->previous = region;
	*room = region;
}

static void
room_remove(struct slab_region **room, struct slab_region *region)
{
	*(region->previous != NULL ? &region->previous->next : room) = region->next;
	if (region->next != NULL)
		region->next->previous = region->previous;
}

static struct slab_region *
region_new(struct slab *slab)
{
	struct slab_region *region = blocks_take_aligned(REGION);
	region->at = FIRST;
	region->all_next = slab->all;
	if (slab->all != NULL)
		slab->all->all_previous = region;
	slab->all = region;
	slab->bytes += REGION;
	return region;
}

static void
region_free(struct slab *slab, struct slab_region *region)
{
	*(region->all_previous != NULL ? &region->all_previous->all_next : &slab->all) = region->all_next;
	if (region->all_next != NULL)
		region->all_next->all_previous = region->all_previous;
	slab->bytes -= REGION;
	blocks_give_back(region, REGION);
}

void
slab_fini(struct slab *slab)
{
	while (slab->all != NULL)
		region_free(slab, slab->all);
	*slab = (struct slab){0};
}

void *
slab_alloc(struct slab *slab, size_t bytes)
{
	size_t size = rounded(bytes);
	if (size > SLAB_MAX) {
		slab->bytes += size;
		return mem_alloc(size);
	}
	struct slab_region **room = room_for(slab, size), *region = *room;
	if (region == NULL)
		room_add(room, region = region_new(slab));
	void *piece = region->spare;
	if (piece != NULL) {
		memcpy(&region->spare, piece, sizeof(region->spare));
	} else {
		piece = (uint8_t *)region + region->at;
		region->at += (uint32_t)size;
	}
	region->live++;
	if (!has_room(region, size))
		room_remove(room, region);
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
	struct slab_region **room = room_for(slab, size);
	struct slab_region *region = (struct slab_region *)((uintptr_t)piece / REGION * REGION);
	if (!has_room(region, size))
		room_add(room, region);
	memcpy(piece, &region->spare, sizeof(region->spare));
	region->spare = piece;
	if (--region->live > 0 || (region->next == NULL && region->previous == NULL))
		return; /* the last one with room stays: the next piece wants it */
	room_remove(room, region);
	region_free(slab, region);
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
