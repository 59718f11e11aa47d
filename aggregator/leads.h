/*
 * leads.h - leads by (customer, name): their events, how far they got, and the sales that name them.
 *
 * A lead is forgotten as a whole, when the last of its events is; what comes after that is of
 * its next *generation*. Which stages it had reached by then is kept (firsts.h): none of them is entered a
 * second time. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_LEADS_H
#define AGGREGATOR_LEADS_H
#include "aggregator/facts.h"

enum { LEAD_CHUNK = 1024, LEAD_EVENTS_MAX = 4096 /* of a name, by whatever can still be asked for; one more is refused */ };
#define LEAD_NONE UINT32_MAX

/* The events by which a lead first entered each stage: one that names the stage, else one that implies it. */
struct entries {
	uint32_t by[STAGE_CUSTOMER]; /* by stage - STAGE_LEAD: fact; FACT_NONE: not entered */
	uint8_t named;               /* bit: that event names the stage */
	bool rejected;               /* its last event says so: nothing counts */
};

struct lead {
	struct hash128 name;     /* of (customer, lead) */
	struct chain events;     /* void ones too; of all generations */
	struct chain sales;      /* those not void */
	struct entries entries;  /* of the present generation */
	uint32_t generation;
	uint32_t refs;           /* facts that name it */
	uint16_t event_count;    /* of all that are kept */
	uint8_t before;          /* bit stage - STAGE_LEAD: reached by an earlier generation */
	bool live;
};
_Static_assert(sizeof(struct lead) == 64, "a cache line");
_Static_assert(LEAD_EVENTS_MAX < UINT16_MAX / 2, "lead.event_count: those that are over count on for a day");

struct leads {
	struct pool pool;
	struct index index;
};

void leads_init(struct leads *leads);
void leads_fini(struct leads *leads);

static inline struct lead *
lead_at(const struct leads *leads, uint32_t number)
{
	return pool_at(&leads->pool, number, sizeof(struct lead), LEAD_CHUNK);
}

static inline bool
lead_is(const struct lead *lead, struct hash128 name)
{
	return lead->live && lead->name.lo == name.lo && lead->name.hi == name.hi;
}

/* LEAD_NONE: not there. */
uint32_t leads_find(const struct leads *leads, struct hash128 name);
uint32_t leads_make(struct leads *leads, struct hash128 name);
/* Nothing refers to it any more. */
void leads_drop(struct leads *leads, uint32_t number);
void entries_clear(struct entries *entries);
uint64_t leads_bytes(const struct leads *leads);
#endif
