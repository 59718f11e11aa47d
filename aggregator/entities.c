/* entities.c - the table of entities and their activities. */
#include "aggregator/entities.h"
#include "common/mem.h"
#include <assert.h>
#include <string.h>

void
entity_set_init(struct entity_set *set)
{
	*set = (struct entity_set){0};
	pool_init(&set->pool, sizeof(struct entity), ENTITY_CHUNK);
	index_init(&set->index);
}

void
entity_set_fini(struct entity_set *set)
{
	for (uint32_t id = 0; id < set->pool.end; id++) {
		struct entity *entity = entity_at(set, id);
		if (entity->is_busy)
			busy_free(entity->busy);
		else if (entity->cap > 0)
			slab_free(&set->slab, entity->activity, entity->cap * sizeof(struct activity));
		timeline_free(&entity->touches, &set->slab);
		timeline_free(&entity->sales, &set->slab);
	}
	slab_fini(&set->slab);
	pool_fini(&set->pool);
	index_fini(&set->index);
}

uint32_t
entity_find(const struct entity_set *set, struct hash128 hash, unsigned kind)
{
	struct index_walk walk;
	for (uint32_t id = index_first(&set->index, &walk, hash.lo); id != INDEX_NONE;
	     id = index_next(&set->index, &walk))
		if (entity_is(entity_at(set, id), hash, kind))
			return id;
	return UINT32_MAX;
}

uint32_t
entity_make(struct entity_set *set, struct hash128 hash, unsigned kind)
{
	uint32_t id = pool_take(&set->pool);
	*entity_at(set, id) = (struct entity){.hash = hash, .kind = (uint8_t)kind, .live = true};
	index_insert(&set->index, hash.lo, id);
	return id;
}

/* The first activity at or behind start_s. */
static uint32_t
first_at(const struct entity *entity, uint32_t start_s)
{
	uint32_t lo = 0, hi = entity->count;
	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;
		if (entity_activities(entity)[middle].start_s < start_s)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

struct run
entity_run(const struct entity *entity, uint32_t start_s)
{
	return (struct run){first_at(entity, start_s), first_at(entity, start_s + 1)};
}

void
entity_insert(struct entity_set *set, struct entity *entity, uint32_t at, struct activity activity)
{
	if (entity->count == (entity->cap > 0 ? entity->cap : 1)) {
		uint32_t cap = entity->count + entity->count / 4 + 1;
		struct activity *more = slab_alloc(&set->slab, cap * sizeof(*more));
		memcpy(more, entity_activities(entity), entity->count * sizeof(*more));
		if (entity->cap > 0)
			slab_free(&set->slab, entity->activity, entity->cap * sizeof(*more));
		entity->activity = more;
		entity->cap = cap;
	}
	struct activity *activities = entity_activities(entity);
	memmove(activities + at + 1, activities + at, (entity->count - at) * sizeof(activity));
	activities[at] = activity;
	entity->count++;
	set->activities++;
}

static void
release_activities(struct entity_set *set, struct entity *entity)
{
	if (entity->cap > 0)
		slab_free(&set->slab, entity->activity, entity->cap * sizeof(struct activity));
	entity->count = entity->cap = 0;
}

void
entity_excite(struct entity_set *set, struct entity *entity, struct busy *busy)
{
	release_activities(set, entity);
	entity->busy = busy;
	entity->is_busy = true;
	set->bytes += busy_bytes(busy);
}

void
entity_settle(struct entity_set *set, uint32_t id)
{
	struct entity *entity = entity_at(set, id);
	if (entity->count > 0 || entity->is_busy || entity->touches != NULL || entity->sales != NULL || entity->refs > 0)
		return;
	index_remove(&set->index, entity->hash.lo, id);
	release_activities(set, entity);
	entity->live = false;
	pool_give_back(&set->pool, id);
}

void
entity_calm(struct entity_set *set, uint32_t id)
{
	struct entity *entity = entity_at(set, id);
	assert(entity->is_busy && busy_count(entity->busy) == 0);
	set->bytes -= busy_bytes(entity->busy);
	busy_free(entity->busy);
	entity->busy = NULL;
	entity->is_busy = false;
	entity_settle(set, id);
}

void
entity_remove(struct entity_set *set, uint32_t id, struct run run)
{
	struct entity *entity = entity_at(set, id);
	uint32_t n = run.to - run.from;
	struct activity *activities = entity_activities(entity);
	memmove(activities + run.from, activities + run.to, (entity->count - run.to) * sizeof(*activities));
	entity->count -= n;
	set->activities -= n;
	if (entity->count == 0)
		entity_settle(set, id);
}

uint64_t
entity_bytes(const struct entity_set *set)
{
	return set->bytes + set->slab.bytes + pool_bytes(&set->pool) + index_bytes(&set->index);
}
