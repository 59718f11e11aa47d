/* cores.c - see cores.h. */
#include "laju/cores.h"
#include "common/mem.h"
#include <stdlib.h>

static void
tell_publisher(void *context, struct slice topic, const struct alert_row *row)
{
	publisher_alert(context, topic, row);
}

void
cores_new(struct cores *cores, const struct config *config, const struct cores_options *options)
{
	int decimals = money_decimals(slice_of(config->currency));
	for (uint32_t f = 0; f < config->feed_count; f++)
		cores->feed[f] = (struct publisher_feed_config){config->feed[f].name, config->feed[f].expect_every_ms};
	const struct publisher_config publisher = {
	    .kpis = &config->kpis,
	    .kernel = &config->kernel,
	    .epoch = options->epoch,
	    .version = LAJU_VERSION,
	    .zone = config->zone_name,
	    .currency = config->currency,
	    .durability = options->durability,
	    .decimals = decimals,
	    .demo = options->demo,
	    .clock_events = config->clock == CLOCK_EVENTS,
	    .feed_count = config->feed_count,
	    .feed = cores->feed,
	    .memory_max = options->memory_max,
	};
	cores->publisher = publisher_new(&publisher, &options->out);
	const struct aggregator_config aggregator = {
	    .kernel = &config->kernel,
	    .rules = config->rules,
	    .rule_count = config->rule_count,
	    .decimals = decimals,
	    .alert = tell_publisher,
	    .context = cores->publisher,
	};
	cores->aggregator = aggregator_new(&aggregator);
}

void
cores_free(struct cores *cores)
{
	aggregator_free(cores->aggregator);
	publisher_free(cores->publisher);
	*cores = (struct cores){0};
}

void
cores_publish(struct cores *cores)
{
	struct buf update = {0};
	enum aggregator_told told;
	while (!aggregator_work(cores->aggregator))
		;
	do {
		told = aggregator_publish(cores->aggregator, &update);
		if (told == AGGREGATOR_MORE || told == AGGREGATOR_DONE)
			publisher_update(cores->publisher, buf_slice(&update));
	} while (told == AGGREGATOR_MORE);
	buf_fini(&update);
}

void
cores_save(struct cores *cores, struct stream_out *out)
{
	aggregator_save(cores->aggregator, out);
	publisher_save_alerts(cores->publisher, out);
	stream_put_mark(out, "COR1");
}

bool
cores_load(struct cores *cores, struct stream_in *in)
{
	bool same_rules;
	if (!aggregator_load(cores->aggregator, in, &same_rules))
		return false;
	if (!same_rules)
		return true; /* what is behind it is of no use */
	publisher_load_alerts(cores->publisher, in);
	stream_get_mark(in, "COR1");
	return stream_good(in);
}
