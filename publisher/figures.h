/*
 * figures.h - the figures of schemas/info.h: their names, and where they come from.
 *
 * One row of data each: name, meaning. docs and `laju status` say the same words.
 */
#ifndef PUBLISHER_FIGURES_H
#define PUBLISHER_FIGURES_H
#include "aggregator/figures.h"
#include "journal/log.h"
#include "schemas/info.h"

struct publisher_counters;

/* Adds what there is to tell. memory_max: the budget in bytes, 0: none. */
void figures_tell(struct info *info, const struct figures *figures, const struct log_figures *log,
                  const struct log_images *images, const struct publisher_counters *publisher, uint64_t memory_max);
/* The n-th name of a group, in the order in which they are told; NULL at the end. */
const char *figures_name(enum info_group group, uint32_t n);
/* What a figure means; "" for one that is not known here. */
const char *figures_meaning(enum info_group group, struct slice name);
#endif
