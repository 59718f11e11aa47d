/* setting.h - what accept and the kernel need, from the shipped defaults. */
#ifndef BENCH_SETTING_H
#define BENCH_SETTING_H
#include "ingest/accept.h"
#include "laju/config.h"

/* Ends the process when the defaults do not load. Free with setting_free(). */
struct config *setting_new(void);
/* Measures by addition alone: nothing is told of who did what. */
void setting_add_only(struct config *config);
void setting_free(struct config *config);
struct accept_config setting_accept(const struct config *config);
#endif
