/*
 * support.h - what the ingest tests share: the shipped lists, a configuration, random numbers.
 */
#ifndef TESTS_INGEST_SUPPORT_H
#define TESTS_INGEST_SUPPORT_H
#include "ingest/accept.h"
#include <stddef.h>

/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* laju/channels.yaml, by a reader that knows no more of YAML than that file uses. */
struct channel_lists *lists_shipped(void);
/* IDR reports; 1 USD = 16000 IDR from day 0, 15000 from day 20000. A fixed key, all dimensions but prod. */
void accept_config_init(struct accept_config *config);
void accept_config_fini(struct accept_config *config);

/* LAJU_SEED or the time; printed, so that a failure can be run again. */
uint64_t random_seed(const char *test);
uint64_t random_next(uint64_t *state);
uint32_t random_below(uint64_t *state, uint32_t end);

/* Starts an event of that type with id and ts; the texts must outlive it. */
struct event event_make(enum event_type type, const char *id, int64_t ts_ms);
void event_text(struct event *event, enum event_text text, const char *value);
void event_num(struct event *event, enum event_num num, int64_t value);
/* An event with every key that its type needs. */
struct event event_good(enum event_type type, const char *id, int64_t ts_ms);

#endif
