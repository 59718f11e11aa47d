/* setting.c - the defaults, as `laju serve` takes them, with a key of our own. */
#include "tests/bench/setting.h"
#include "common/mem.h"
#include <stdio.h>
#include <stdlib.h>

static int64_t
day_of(const void *zone, int64_t ts_ms)
{
	return zone_day_of(zone, ts_ms);
}

struct config *
setting_new(void)
{
	struct config *config = mem_zalloc(1, sizeof(*config));
	struct config_problems problems = {0};
	uint8_t key[HASH_KEY_BYTES] = "bench's own key";
	if (!config_load(config, NULL, NULL, 0, &problems)) {
		fprintf(stderr, "bench: the default configuration does not load\n");
		exit(1);
	}
	problems_fini(&problems);
	hash_key_init(&config->kernel.key, key);
	return config;
}

void
setting_add_only(struct config *config)
{
	for (uint32_t m = 0; m < config->kpis.measure_count; m++)
		if (take_is_touch(config->kpis.measure[m].take))
			config->kpis.measure[m].from = EVENT_NONE; /* no event is of it */
}

void
setting_free(struct config *config)
{
	config_fini(config);
	free(config);
}

struct accept_config
setting_accept(const struct config *config)
{
	return (struct accept_config){.channels = config->channels,
	                              .rates = config->rates,
	                              .day_of = day_of,
	                              .zone = &config->zone,
	                              .key = config->kernel.key,
	                              .dims_mask = kernel_dims_mask(&config->kernel)};
}
