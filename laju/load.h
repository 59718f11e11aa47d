/*
 * load.h - a command's configuration: -c FILE, LAJU_*, --set, defaults; problems go to stderr.
 */
#ifndef LAJU_LOAD_H
#define LAJU_LOAD_H
#include "laju/command.h"
#include "laju/config.h"

enum { LOAD_OVERRIDES_MAX = 2 * CONFIG_SETTINGS_MAX + OPTIONS_GIVEN_MAX };

/*
 * What overrides the file, weakest first: `first` (at most CONFIG_SETTINGS_MAX; may be NULL), LAJU_*,
 * --set. STATUS_OK or STATUS_USAGE; problems gets what the environment has wrong.
 */
int load_overrides(struct config_override override[LOAD_OVERRIDES_MAX], uint32_t *count, const struct options *options,
                   const struct config_override *first, uint32_t first_count, struct config_problems *problems);
/* STATUS_OK, STATUS_USAGE or STATUS_CONFIG. config_fini() either way. */
int load_config(struct config *config, const struct options *options, const struct config_override *first,
                uint32_t first_count);
#endif
