/*
 * entities.h - who did what when: customers, orders, visits, and their activities.
 *
 * An entity is found by its kind and the keyed 128-bit hash of its text (the text is not
 * kept). An activity is what it did under one tuple in one pane; an entity's
 * activities stand in the order of their panes, those of one pane in a run. A pane
 * lists an entity once (panes.h), at the position that its activities there bear; one
 * with very many activities more often (busy.h).
 * Freed with its last activity. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_ENTITIES_H
#define AGGREGATOR_ENTITIES_H
#include "aggregator/measure.h"
#include "aggregator/busy.h"
#include "common/hash.h"
#include "common/index.h"

enum { ENTITY_CHUNK = 4096 };

struct activity {
	uint32_t start_s; /* the pane's start, seconds since 1970 (until 2106) */
	uint32_t at;      /* position in the pane's list */
	uint32_t tuple;
	uint32_t count;   /* events */
};

struct entity {
	struct hash128 hash;
	struct activity *activity;
	struct busy *busy; /* instead of activity, when they are too many to be looked through */
	uint32_t count, cap;
	uint8_t kind;     /* enum entity_kind */
	bool live;
};

struct entity_set {
	struct entity **chunk;
	uint32_t chunk_count, end;
	uint32_t *free_ids, free_count, free_cap;
	struct index index;
	uint64_t live, activities, bytes;
};

void entity_set_init(struct entity_set *set);
void entity_set_fini(struct entity_set *set);

static inline struct entity *
entity_at(const struct entity_set *set, uint32_t id)
{
	return &set->chunk[id / ENTITY_CHUNK][id % ENTITY_CHUNK];
}

/* UINT32_MAX: not there. */
uint32_t entity_find(const struct entity_set *set, struct hash128 hash, unsigned kind);
/* The first that may be it, without looking at it. */
static inline uint32_t
entity_guess(const struct entity_set *set, struct hash128 hash)
{
	struct index_walk walk;
	return index_first(&set->index, &walk, hash.lo);
}
uint32_t entity_make(struct entity_set *set, struct hash128 hash, unsigned kind);

/* Activities [from, to) are those of the pane that starts at start_s; from == to: none, and there they would stand. */
struct run {
	uint32_t from, to;
};
struct run entity_run(const struct entity *entity, uint32_t start_s);
/* Inserted before position `at`. */
void entity_insert(struct entity_set *set, struct entity *entity, uint32_t at, struct activity activity);
/* It has none left. */
void entity_drop(struct entity_set *set, uint32_t id);
/* The last one takes the entity with it. */
void entity_remove(struct entity_set *set, uint32_t id, struct run run);
uint64_t entity_bytes(const struct entity_set *set);
#endif
