/*
 * cores.h - the aggregator and publisher cores as a configuration asks for them, and their state in an image.
 *
 * What a service, a replay and a compactor share: no threads, no sockets. Until somebody says otherwise
 * (aggregator_tell()) the aggregator tells its alerts to the publisher.
 */
#ifndef LAJU_CORES_H
#define LAJU_CORES_H
#include "aggregator/aggregator.h"
#include "laju/config.h"
#include "publisher/publisher.h"

struct cores_options {
	uint64_t epoch;
	bool demo;
	uint64_t memory_max;           /* only shown */
	const char *durability;        /* only shown */
	struct publisher_out out;
};

struct cores {
	struct aggregator *aggregator;
	struct publisher *publisher;
	struct publisher_feed_config feed[FEEDS_MAX];
};

/* config outlives them; its kernel.key is set. The struct stays where it is. */
void cores_new(struct cores *cores, const struct config *config, const struct cores_options *options);
void cores_free(struct cores *cores);
/* Everything that has changed goes to the publisher. */
void cores_publish(struct cores *cores);

/* Drains first. At least one record was applied. */
void cores_save(struct cores *cores, struct stream_out *out);
/*
 * Into new ones. False: the stream failed, or is not of this form. Rules that are not those it was made with begin anew,
 * and so do their alerts.
 */
bool cores_load(struct cores *cores, struct stream_in *in);
#endif
