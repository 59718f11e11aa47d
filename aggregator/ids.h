/*
 * ids.h - the event ids seen within the horizon: duplicates and conflicts.
 *
 * 24 bytes a slot: the whole 128-bit hash, the event's time, a mark and 19 bits of its
 * content hash. (19 bits only decide what a repeated id is *called*: it is not
 * counted either way; one conflict in 500,000 is reported as a duplicate.)
 *
 * An id is forgotten exactly when its event time is before now - horizon, that is
 * when any event with that time would be too late (I5). Forgetting is a rule, not
 * an act: an expired entry counts as absent, its slot is used again or left out when
 * its part of the table is next made anew. One thread at a time.
 */
#ifndef AGGREGATOR_IDS_H
#define AGGREGATOR_IDS_H
#include "common/hash.h"
#include "common/stream.h"
#include <stdbool.h>

struct ids;

enum ids_verdict { IDS_NEW = 0, IDS_DUPLICATE, IDS_CONFLICT };

struct ids *ids_new(void);
void ids_free(struct ids *ids);
/* forget_before_ms: now - horizon. Event times are 0 .. 2^44 - 1. */
enum ids_verdict ids_find(const struct ids *ids, struct hash128 id, uint64_t content, int64_t forget_before_ms);
/* id must be IDS_NEW at this moment. */
void ids_add(struct ids *ids, struct hash128 id, uint64_t content, int64_t ts_ms, bool marked, int64_t forget_before_ms);
/* It is known and was marked. */
bool ids_is_marked(const struct ids *ids, struct hash128 id, int64_t forget_before_ms);
void ids_prefetch(const struct ids *ids, struct hash128 id);
/* For an image: those that are not expired. load: into an empty table. */
void ids_save(const struct ids *ids, int64_t forget_before_ms, struct stream_out *out);
void ids_load(struct ids *ids, struct stream_in *in);
uint64_t ids_slots_used(const struct ids *ids); /* with expired ones not yet swept */
uint64_t ids_bytes(const struct ids *ids);
#endif
