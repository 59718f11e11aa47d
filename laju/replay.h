/*
 * replay.h - history through a node on a virtual clock: the rows at given instants. Pure.
 *
 * `clock: events`: log time is the largest event time seen. The rows at T are those
 * over all events with ts <= T, in the order given, then a tick to T; input must be
 * in time order to within the horizon, what is later than that is refused.
 */
#ifndef LAJU_REPLAY_H
#define LAJU_REPLAY_H
#include "laju/config.h"
#include "schemas/codes.h"

struct replay;

/* config->clock is set to events; config outlives it. */
struct replay *replay_new(struct config *config);
void replay_free(struct replay *replay);
/* One event as a MessagePack map; copied. */
void replay_add(struct replay *replay, struct slice event);
uint64_t replay_count(const struct replay *replay);
int64_t replay_last_ms(const struct replay *replay); /* largest ts added; INT64_MIN: none */

typedef void replay_row_fn(void *context, int64_t at_ms, struct slice topic, struct slice row);
/* A refused event: its number (in order of adding, from 0) and why. */
typedef void replay_refused_fn(void *context, uint64_t number, const char *code, const char *text);
/* Instants in ascending order; rows whose topic begins with prefix. Call once. */
void replay_run(struct replay *replay, const int64_t *at_ms, uint32_t count, struct slice prefix, replay_row_fn *row,
                replay_refused_fn *refused, void *context);
/* After the run: added events that are later than the last instant; they were not looked at. */
uint64_t replay_later(const struct replay *replay);
/* After the run. */
uint64_t replay_verdicts(const struct replay *replay, enum verdict verdict);
#endif
