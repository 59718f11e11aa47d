/* cmd_serve.c - `laju serve`: the service. */
#include "laju/service.h"
#include "laju/command.h"
#include "laju/load.h"
#include "common/mem.h"
#include <stdlib.h>

int
cmd_serve(int argc, char **argv)
{
	struct options options;
	struct config *config = mem_zalloc(1, sizeof(*config));
	int status = options_parse(&options, command_find("serve"), argc, argv);
	if (status == STATUS_OK) {
		status = load_config(config, &options, NULL, 0);
		if (status == STATUS_OK)
			status = service_run(config, &options, NULL, NULL);
		config_fini(config);
	}
	free(config);
	return status;
}
