/*
 * presences.h - how often one busy entity is in each slot of each series it has to do with.
 *
 * Whether an entity is in a slot follows from its activities (touch.c), and a few of them
 * are looked through each time. An entity with more than a few hundred (a customer id that
 * a whole shop shares, a robot) gets this table instead: for every series and class the
 * number of its activities that give each bit of presence. Calendar periods turn lazily,
 * as those of a series do. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_PRESENCES_H
#define AGGREGATOR_PRESENCES_H
#include "aggregator/series.h"

/* Presence: the slots, then before prev of r1d, r7d, d and w. */
enum { BEFORE_R1D = SLOT_COUNT, BEFORE_R7D, BEFORE_D, BEFORE_W, PRESENCE_BITS };

struct presences;

struct presences *presences_new(void);
void presences_free(struct presences *presences); /* accepts NULL */
uint64_t presences_bytes(const struct presences *presences);
/*
 * One activity that counts in this series and class no longer gives the presence `was`
 * but `is`. The entity's presence there before and after is in *before and *after. period:
 * numbers of the present periods.
 */
void presences_turn(struct presences *presences, uint32_t series, unsigned class,
                    const uint32_t period[CALENDAR_WINDOWS], uint32_t was, uint32_t is, uint32_t *before,
                    uint32_t *after);
#endif
