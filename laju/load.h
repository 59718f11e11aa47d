/*
 * load.h - a command's configuration: -c FILE, LAJU_*, --set, defaults; problems go to stderr.
 */
#ifndef LAJU_LOAD_H
#define LAJU_LOAD_H
#include "laju/command.h"
#include "laju/config.h"

/* STATUS_OK, STATUS_USAGE or STATUS_CONFIG. config_fini() either way. first: overrides that anything else wins over; may be NULL. */
int load_config(struct config *config, const struct options *options, const struct config_override *first,
                uint32_t first_count);
#endif
