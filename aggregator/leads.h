/*
 * leads.h - leads by (customer, name): their events, the touches these were, and the sales that name them.
 *
 * A lead is forgotten as a whole, when the last of its events is; what comes after that is
 * a new lead of the same name, its next *generation*. Touches belong to the
 * name, whatever the generation. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_LEADS_H
#define AGGREGATOR_LEADS_H
#include "aggregator/timeline.h"
#include "common/hash.h"
#include "common/index.h"
#include "common/pool.h"
#include <stdbool.h>

enum { LEAD_CHUNK = 1024, LEAD_EVENTS_MAX = 4096 /* of one name; one more is refused */ };
#define LEAD_NONE UINT32_MAX

struct lead {
	struct hash128 name;      /* of (customer, lead) */
	struct timeline *events;  /* void ones too; ref: fact */
	struct timeline *touches; /* of events that say where from; ref: tuple */
	struct timeline *sales;   /* those not void; ref: fact */
	uint32_t generation;      /* the present one */
	uint32_t refs;            /* facts that name it */
	bool live;
};

struct leads {
	struct pool pool;
	struct index index;
	uint64_t bytes; /* of timelines */
};

void leads_init(struct leads *leads);
void leads_fini(struct leads *leads);

static inline struct lead *
lead_at(const struct leads *leads, uint32_t number)
{
	return pool_at(&leads->pool, number, sizeof(struct lead), LEAD_CHUNK);
}

/* LEAD_NONE: not there. */
uint32_t leads_find(const struct leads *leads, struct hash128 name);
uint32_t leads_make(struct leads *leads, struct hash128 name);
/* Forgets it if there is nothing left of it. */
void lead_settle(struct leads *leads, uint32_t number);
uint64_t leads_bytes(const struct leads *leads);
#endif
