/*
 * fuzz_config.c - arbitrary text as the configuration.
 *
 * Holds: no crash and no leak; refused if and only if there is an error with a place and a
 * sentence; what was taken can be printed in both forms.
 */
#include "common/mem.h"
#include "laju/config.h"
#include <assert.h>
#include <stdlib.h>

/* The text may name files, which are read. A device or a pipe could keep the reader waiting. */
static bool
names_device(const uint8_t *data, size_t size)
{
	return size > 0 && (memmem(data, size, "dev", 3) != NULL || memmem(data, size, "proc", 4) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = mem_zalloc(1, sizeof(*config));
	struct config_problems problems = {0};
	struct buf out = {0};

	if (!names_device(data, size)) {
		bool taken = config_parse(config, "no-such-folder/fuzz.yaml", (struct slice){data, (uint32_t)size}, NULL, 0,
		                          &problems);
		assert(taken == (problems.errors == 0));
		assert(taken || problems.text.len > 0);
		if (taken) {
			config_print(config, &out);
			config_print_json(config, &out);
			assert(out.len > 0);
		}
		config_fini(config);
	}
	problems_fini(&problems);
	buf_fini(&out);
	free(config);
	return 0;
}
