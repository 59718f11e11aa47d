/*
 * entities.h - who did what when: customers, orders, visits, their activities; customers' touches and sales.
 *
 * An entity is found by its kind and the keyed 128-bit hash of its text (the text is not
 * kept). An activity is what it did under one tuple in one pane; an entity's
 * activities stand in the order of their panes, those of one pane in a run. A pane
 * lists an entity once (panes.h), at the position that its activities there bear; one
 * with very many activities more often (busy.h).
 * Freed with the last thing that is known of it. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_ENTITIES_H
#define AGGREGATOR_ENTITIES_H
#include "aggregator/measure.h"
#include "aggregator/busy.h"
#include "aggregator/timeline.h"
#include "common/hash.h"
#include "common/index.h"
#include "common/pool.h"

enum { ENTITY_CHUNK = 4096 };
#define ENTITY_NONE UINT32_MAX

struct activity {
	uint32_t start_s; /* the pane's start, seconds since 1970 (until 2106) */
	uint32_t at;      /* position in the pane's list */
	uint32_t tuple;
	uint32_t count;   /* events; 0: all were taken back, as if it were not there */
};

struct entity {
	struct hash128 hash;
	union {
		struct activity one;       /* cap is 0 */
		struct activity *activity;
		struct busy *busy;         /* is_busy: they are too many to be looked through */
	};
	struct timeline *touches; /* of a customer: visits and leads that say where from; ref: tuple */
	struct timeline *sales;   /* of a customer: those not void; ref: fact */
	uint32_t count, cap;      /* activities */
	uint32_t refs;            /* facts that name it */
	uint8_t kind;             /* enum entity_kind */
	bool live, is_busy;
};

struct entity_set {
	struct pool pool;
	struct index index;
	struct slab slab;           /* activities and timelines */
	uint64_t activities;
	uint64_t bytes;             /* of busy ones */
};

void entity_set_init(struct entity_set *set);
void entity_set_fini(struct entity_set *set);

static inline struct entity *
entity_at(const struct entity_set *set, uint32_t id)
{
	return pool_at(&set->pool, id, sizeof(struct entity), ENTITY_CHUNK);
}

/* Of one that is not busy. Valid until one is inserted or removed. */
static inline struct activity *
entity_activities(const struct entity *entity)
{
	return entity->cap > 0 ? entity->activity : (struct activity *)(uintptr_t)&entity->one;
}

static inline bool
entity_is(const struct entity *entity, struct hash128 hash, unsigned kind)
{
	return entity->live && entity->hash.lo == hash.lo && entity->hash.hi == hash.hi && entity->kind == kind;
}

/* ENTITY_NONE: not there. */
uint32_t entity_find(const struct entity_set *set, struct hash128 hash, unsigned kind);
uint32_t entity_make(struct entity_set *set, struct hash128 hash, unsigned kind);

/* Activities [from, to) are those of the pane that starts at start_s; from == to: none, and there they would stand. */
struct run {
	uint32_t from, to;
};
struct run entity_run(const struct entity *entity, uint32_t start_s);
/* Inserted before position `at`. */
void entity_insert(struct entity_set *set, struct entity *entity, uint32_t at, struct activity activity);
/* Forgets it if there is nothing left of it. */
void entity_settle(struct entity_set *set, uint32_t id);
/* The last one may take the entity with it. */
void entity_remove(struct entity_set *set, uint32_t id, struct run run);
/* It is busy from now on: what its activities were is the caller's to keep. */
void entity_excite(struct entity_set *set, struct entity *entity, struct busy *busy);
/* Its last busy activity is gone: it is an ordinary one again. */
void entity_calm(struct entity_set *set, uint32_t id);
uint64_t entity_bytes(const struct entity_set *set);
#endif
