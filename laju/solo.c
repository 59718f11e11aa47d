/* solo.c - all cores in one thread. */
#include "laju/solo.h"
#include "common/mem.h"
#include "journal/pending.h"
#include "laju/cores.h"
#include "laju/recover.h"
#include <stdlib.h>

struct solo {
	struct solo_config config;
	struct ingest *ingest;
	struct aggregator *aggregator;
	struct publisher *publisher;
	struct cores cores;
	struct pending pending;
};

static int64_t
day_of(const void *zone, int64_t ts_ms)
{
	return zone_day_of(zone, ts_ms);
}

static void
on_answer(void *context, enum ingest_port port, struct slice peer, struct slice answer)
{
	struct solo *solo = context;
	if (solo->config.answer != NULL)
		solo->config.answer(solo->config.context, port, peer, answer);
}

static void
on_dead(void *context, const struct dead_letter *letter)
{
	struct solo *solo = context;
	publisher_dead(solo->publisher, letter->at_ms, slice_of(letter->peer), slice_of(letter->code),
	               slice_of(letter->text), letter->raw);
	if (solo->config.dead != NULL)
		solo->config.dead(solo->config.context, letter);
}

static void
on_feed(void *context, struct slice feed, int64_t at_ms)
{
	struct solo *solo = context;
	publisher_feed(solo->publisher, feed, at_ms);
}

static void
on_alert(void *context, struct slice topic, const struct alert_row *row)
{
	struct solo *solo = context;
	publisher_alert(solo->publisher, topic, row);
	if (solo->config.alert != NULL)
		solo->config.alert(solo->config.context, topic, row);
}

static void
on_row(void *context, struct slice topic, struct slice row)
{
	struct solo *solo = context;
	if (solo->config.row != NULL)
		solo->config.row(solo->config.context, topic, row);
}

static void
on_reply(void *context, struct slice peer, struct slice reply)
{
	struct solo *solo = context;
	if (solo->config.reply != NULL)
		solo->config.reply(solo->config.context, peer, reply);
}

static bool
on_ask(void *context, struct slice peer, struct slice cust, struct slice id)
{
	struct solo *solo = context;
	struct buf answer = {0};
	aggregator_explain(solo->aggregator, cust, id, &answer);
	on_reply(solo, peer, buf_slice(&answer));
	buf_fini(&answer);
	return true;
}

static void
make_ingest(struct solo *solo)
{
	const struct config *config = solo->config.config;
	struct ingest_config core = {
	    .accept = {.channels = config->channels,
	               .rates = config->rates,
	               .day_of = day_of,
	               .zone = &config->zone,
	               .key = config->kernel.key,
	               .dims_mask = kernel_dims_mask(&config->kernel)},
	    .clock_events = config->clock == CLOCK_EVENTS,
	    .send = on_answer,
	    .dead = on_dead,
	    .feed = on_feed,
	    .context = solo,
	};
	strcpy(core.accept.phone_country, config->phone_country);
	solo->ingest = ingest_new(&core);
}

struct solo *
solo_new(const struct solo_config *config)
{
	struct solo *solo = mem_zalloc(1, sizeof(*solo));
	solo->config = *config;
	solo->pending.log = config->log;
	const struct cores_options options = {
	    .epoch = config->epoch,
	    .durability = durability_name(DURABILITY_NONE),
	    .out = {on_row, on_reply, solo, on_ask, NULL},
	};
	cores_new(&solo->cores, config->config, &options);
	solo->aggregator = solo->cores.aggregator;
	solo->publisher = solo->cores.publisher;
	aggregator_tell(solo->aggregator, on_alert, solo);
	make_ingest(solo);
	return solo;
}

void
solo_free(struct solo *solo)
{
	if (solo == NULL)
		return;
	for (uint32_t i = 0; i < solo->pending.count; i++)
		group_free(solo->pending.group[i]);
	pending_fini(&solo->pending);
	ingest_free(solo->ingest);
	cores_free(&solo->cores);
	free(solo);
}

void
solo_receive(struct solo *solo, enum ingest_port port, struct slice peer, struct slice message, int64_t now_ms)
{
	ingest_receive(solo->ingest, port, peer, (struct slice){0}, message, now_ms);
}

void
solo_append(struct solo *solo, int64_t now_ms)
{
	struct group *group;
	while (ingest_ready(solo->ingest) && (group = ingest_take(solo->ingest, now_ms)) != NULL)
		pending_add(&solo->pending, group);
	if (solo->config.config->clock == CLOCK_WALL && (group = log_tick_due(solo->config.log, now_ms)) != NULL)
		pending_add(&solo->pending, group);
}

bool
solo_commit(struct solo *solo)
{
	return pending_commit(&solo->pending);
}

void
solo_apply(struct solo *solo)
{
	for (uint32_t i = 0; i < solo->pending.count; i++) {
		struct group *group = solo->pending.group[i];
		aggregator_apply(solo->aggregator, group);
		if (group->kind == GROUP_TICK)
			group_free(group);
		else
			ingest_settle(solo->ingest, group);
	}
	pending_clear(&solo->pending);
	aggregator_work(solo->aggregator);
}

void
solo_step(struct solo *solo, int64_t now_ms)
{
	solo_append(solo, now_ms);
	if (solo_commit(solo))
		solo_apply(solo);
}

int
solo_recover(struct solo *solo)
{
	uint64_t lsn;
	return recover(solo->config.log, solo->aggregator, UINT64_MAX, NULL, NULL, &lsn);
}

void
solo_publish(struct solo *solo)
{
	struct figures figures;
	cores_publish(&solo->cores);
	aggregator_figures(solo->aggregator, &figures);
	publisher_figures(solo->publisher, &figures);
}

void
solo_heartbeat(struct solo *solo, int64_t now_ms)
{
	publisher_heartbeat(solo->publisher, now_ms);
}

void
solo_subscription(struct solo *solo, struct slice frame)
{
	publisher_subscription(solo->publisher, 0, frame); /* one subscriber */
}

void
solo_request(struct solo *solo, struct slice peer, struct slice message)
{
	publisher_request(solo->publisher, peer, message);
	while (publisher_work(solo->publisher))
		;
}

struct ingest *
solo_ingest(struct solo *solo)
{
	return solo->ingest;
}
