/* load.c - from a command line to a configuration. */
#include "laju/load.h"
#include "laju/text.h"
#include <stdio.h>

int
load_overrides(struct config_override override[LOAD_OVERRIDES_MAX], uint32_t *count, const struct options *options,
               const struct config_override *first, uint32_t first_count, struct config_problems *problems)
{
	const char *text;
	for (*count = 0; *count < first_count; ++*count)
		override[*count] = first[*count];
	*count += config_environment(override + *count, CONFIG_SETTINGS_MAX, problems);
	for (uint32_t n = 0; (text = options_nth(options, "set", n)) != NULL; n++)
		if (!config_override_parse(&override[(*count)++], text))
			return options_wrong(options, "--set takes NAME=VALUE, not '%s'", text);
	return STATUS_OK;
}

int
load_config(struct config *config, const struct options *options, const struct config_override *first,
            uint32_t first_count)
{
	struct config_override override[LOAD_OVERRIDES_MAX];
	struct config_problems problems = {0};
	uint32_t count;
	int status = load_overrides(override, &count, options, first, first_count, &problems);
	if (status == STATUS_OK && !config_load(config, options_text(options, "config"), override, count, &problems))
		status = STATUS_CONFIG;
	if (status != STATUS_USAGE && problems.text.len > 0)
		fwrite(problems.text.data, 1, problems.text.len, stderr);
	if (status == STATUS_CONFIG)
		text_say("laju %s: the configuration has %u error%s", options->command->name, problems.errors,
		         problems.errors == 1 ? "" : "s");
	problems_fini(&problems);
	return status;
}
