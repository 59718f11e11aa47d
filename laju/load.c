/* load.c - from a command line to a configuration. */
#include "laju/load.h"
#include <stdio.h>

enum { OVERRIDES_MAX = 2 * CONFIG_SETTINGS_MAX + OPTIONS_GIVEN_MAX };

int
load_config(struct config *config, const struct options *options, const struct config_override *first,
            uint32_t first_count)
{
	struct config_override override[OVERRIDES_MAX];
	struct config_problems problems = {0};
	uint32_t count = 0;
	const char *text;
	for (; count < first_count; count++)
		override[count] = first[count];
	count += config_environment(override + count, CONFIG_SETTINGS_MAX, &problems);
	for (uint32_t n = 0; (text = options_nth(options, "set", n)) != NULL; n++)
		if (!config_override_parse(&override[count++], text)) {
			problems_fini(&problems);
			return options_wrong(options, "--set takes NAME=VALUE, not '%s'", text);
		}
	bool good = config_load(config, options_text(options, "config"), override, count, &problems);
	if (problems.text.len > 0)
		fwrite(problems.text.data, 1, problems.text.len, stderr);
	if (!good)
		fprintf(stderr, "laju %s: the configuration has %u error%s\n", options->command->name, problems.errors,
		        problems.errors == 1 ? "" : "s");
	problems_fini(&problems);
	return good ? STATUS_OK : STATUS_CONFIG;
}
