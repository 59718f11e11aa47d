/*
 * busy.h - the activities of an entity that has very many, found by hash.
 *
 * Of an ordinary entity they stand in a short row and are looked through (entities.h). One
 * with hundreds or hundreds of thousands (a customer id that a whole shop shares, a
 * robot) is kept like this: each activity by (pane, tuple), and in runs of at most a few
 * dozen. A pane lists the entity once for each of its runs there, so that an edge can
 * stop between any two of them, and its presence is counted (presences.h). Internal to
 * the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_BUSY_H
#define AGGREGATOR_BUSY_H
#include "aggregator/presences.h"

#define BUSY_NONE UINT32_MAX

struct busy_activity {
	uint32_t start_s, at; /* pane, and position of its run in the pane's list */
	uint32_t tuple, count; /* count 0: all were taken back */
	uint32_t next;        /* of its run */
};

struct busy;

struct busy *busy_new(void);
void busy_free(struct busy *busy); /* accepts NULL */
uint64_t busy_bytes(const struct busy *busy);
uint32_t busy_count(const struct busy *busy);
struct presences *busy_presences(struct busy *busy);

uint32_t busy_end(const struct busy *busy); /* numbers are below it; those not in use have the tuple BUSY_NONE */
/* Numbers of activities; BUSY_NONE: none. */
uint32_t busy_find(const struct busy *busy, uint32_t start_s, uint32_t tuple);
struct busy_activity *busy_at(const struct busy *busy, uint32_t number);
/* The first of a run; the others by next. */
uint32_t busy_run(const struct busy *busy, uint32_t start_s, uint32_t at);
/* The run of a pane that has room for one more; false: there is none, begin one by adding with a new position. */
bool busy_room(const struct busy *busy, uint32_t start_s, uint32_t run_max, uint32_t *at);
void busy_add(struct busy *busy, uint32_t start_s, uint32_t at, uint32_t tuple, uint32_t count);
/* Takes a whole run out, for the caller to go through by next and to forget with busy_release(). */
uint32_t busy_take(struct busy *busy, uint32_t start_s, uint32_t at);
void busy_release(struct busy *busy, uint32_t number);
#endif
