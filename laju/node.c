/* node.c - sockets, threads and links of one process. */
#include "laju/node.h"
#include "aggregator/aggregator_thread.h"
#include "common/blocks.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/memory.h"
#include "ingest/front.h"
#include "journal/journal_thread.h"
#include "laju/clock_start.h"
#include "laju/cores.h"
#include "laju/storage.h"
#include "publisher/publisher_thread.h"
#include "schemas/note.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum {
	ACKED_FRAME_MAX = 2 << 20, /* above BATCH_BYTES_MAX, so that what is a little too big still gets an answer */
	PUSH_FRAME_MAX = 1 << 20,
	REQUEST_FRAME_MAX = 64 << 10,
	SUBSCRIPTION_FRAME_MAX = 1 + 255, /* libzmq keeps a node for every byte, also of a prefix that we refuse */
	ROUTER_HWM = 256,
	ACKED_SNDHWM = 1000,
	PULL_HWM = 1000,
	XPUB_SNDHWM = 20000,       /* rows a slow subscriber may be behind before it misses some */
	SNAPSHOT_SNDHWM = SNAPSHOT_CREDIT_MAX + 8, /* chunks: who asks anew and does not read misses some */
	/* A peer that is gone without a word is noticed by TCP within a minute. Not by ZMTP heartbeats: libzmq 4.3.4 aborts when
	 * one is due on a connection that was reset while its input was stopped at the high-water mark. */
	KEEPALIVE_IDLE_S = 30,
	KEEPALIVE_INTERVAL_S = 10,
	KEEPALIVE_PROBES = 3,
	UNANSWERED_MS = 60000,
	HANDSHAKE_MS = 10000,
	LINGER_MS = 1000,
	QUESTIONS_QUEUED = 64,     /* at each end of the link from the publisher to the aggregator; more are refused */
	UPDATES_QUEUED = 2,        /* at each end of the link from the aggregator to the publisher */
};

static const char UPDATES_MONITOR[] = "inproc://updates-monitor";

struct node {
	struct config *config;
	void *zmq;
	struct node_endpoints endpoints;
	void *router, *pull, *xpub, *snapshot, *monitor;
	struct storage storage;
	struct cores cores;
	uint64_t started_from; /* see node.h */
	struct ingest_thread ingest[INGEST_WORKERS_MAX];
	unsigned workers;
	int64_t memory_max; /* bytes; 0: no budget */
	atomic_bool memory_full, storage_full;
	struct front front; /* used when workers > 1 */
	struct journal_thread journal; /* used when storage.on_disk */
	struct aggregator_thread aggregator;
	struct publisher_thread publisher;
};

static void
set_int(void *socket, int option, int value)
{
	zmq_setsockopt(socket, option, &value, sizeof(value));
}

static const struct socket_kind {
	int type;
	const char *setting; /* for the one line that says what is wrong */
	int64_t frame_max;
	int rcvhwm, sndhwm;  /* messages of one peer */
} socket_kinds[] = {
    {ZMQ_ROUTER, "ingest.acked", ACKED_FRAME_MAX, ROUTER_HWM, ACKED_SNDHWM},
    {ZMQ_PULL, "ingest.push", PUSH_FRAME_MAX, PULL_HWM, PULL_HWM},
    {ZMQ_XPUB, "publish.updates", SUBSCRIPTION_FRAME_MAX, ROUTER_HWM, XPUB_SNDHWM},
    {ZMQ_ROUTER, "publish.snapshot", REQUEST_FRAME_MAX, ROUTER_HWM, SNAPSHOT_SNDHWM},
};
enum { SOCKET_ACKED = 0, SOCKET_PUSH, SOCKET_UPDATES, SOCKET_SNAPSHOT };

static void
set_limits(void *socket, const struct socket_kind *kind)
{
	set_int(socket, ZMQ_LINGER, LINGER_MS);
	set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
	set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S);
	set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S);
	set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES);
	set_int(socket, ZMQ_TCP_MAXRT, UNANSWERED_MS);
	set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
	zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &kind->frame_max, sizeof(kind->frame_max));
	set_int(socket, ZMQ_RCVHWM, kind->rcvhwm);
	set_int(socket, ZMQ_SNDHWM, kind->sndhwm);
	if (kind->type == ZMQ_XPUB)
		set_int(socket, ZMQ_XPUB_VERBOSER, 1);
	if (kind->type == ZMQ_ROUTER)
		set_int(socket, ZMQ_ROUTER_HANDOVER, 1); /* a named peer that comes again is that peer, whatever its old line does */
}

static void *
open_socket(struct node *node, unsigned which, const char *endpoint, char bound[ENDPOINT_MAX])
{
	const struct socket_kind *kind = &socket_kinds[which];
	void *socket = zmq_socket(node->zmq, kind->type);
	size_t size = ENDPOINT_MAX;
	set_limits(socket, kind);
	set_int(socket, ZMQ_IPV6, strchr(endpoint, '[') != NULL); /* else 127.0.0.1 would be told as [::ffff:127.0.0.1] */
	if (kind->type == ZMQ_XPUB)
		zmq_socket_monitor(socket, UPDATES_MONITOR, ZMQ_EVENT_DISCONNECTED);
	if (zmq_bind(socket, endpoint) == 0) {
		zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size);
		return socket;
	}
	fprintf(stderr, "laju: cannot bind %s to %s: %s\n", kind->setting, endpoint, zmq_strerror(errno));
	zmq_close(socket);
	return NULL;
}

static bool
open_sockets(struct node *node)
{
	const struct config *config = node->config;
	struct node_endpoints *at = &node->endpoints;
	node->router = open_socket(node, SOCKET_ACKED, config->ingest_acked, at->acked);
	node->pull = open_socket(node, SOCKET_PUSH, config->ingest_push, at->push);
	node->xpub = open_socket(node, SOCKET_UPDATES, config->publish_updates, at->updates);
	node->snapshot = open_socket(node, SOCKET_SNAPSHOT, config->publish_snapshot, at->snapshot);
	if (node->router != NULL && node->pull != NULL && node->xpub != NULL && node->snapshot != NULL) {
		node->monitor = zmq_socket(node->zmq, ZMQ_PAIR);
		zmq_connect(node->monitor, UPDATES_MONITOR);
		return true;
	}
	void *sockets[] = {node->router, node->pull, node->xpub, node->snapshot};
	for (unsigned s = 0; s < 4; s++)
		if (sockets[s] != NULL)
			zmq_close(sockets[s]);
	return false;
}

static int64_t
day_of(const void *zone, int64_t ts_ms)
{
	return zone_day_of(zone, ts_ms);
}

static bool
try_aggregator(void *context, struct group *group)
{
	return aggregator_thread_try(context, group);
}

static void
connect_ingest(struct node *node, unsigned worker)
{
	struct ingest_thread *ingest = &node->ingest[worker];
	const struct config *config = node->config;
	char name[32];
	*ingest = (struct ingest_thread){.worker = (uint8_t)worker};
	if (!node->storage.on_disk) {
		ingest->try = try_aggregator;
		ingest->try_context = &node->aggregator;
	}
	ingest->core.accept = (struct accept_config){
	    .channels = config->channels,
	    .rates = config->rates,
	    .day_of = day_of,
	    .zone = &config->zone,
	    .key = config->kernel.key,
	    .dims_mask = kernel_dims_mask(&config->kernel),
	};
	strcpy(ingest->core.accept.phone_country, config->phone_country);
	ingest->memory_max = node->memory_max;
	ingest->memory_full = &node->memory_full;
	ingest->storage_full = &node->storage_full;
	ingest->core.clock_events = config->clock == CLOCK_EVENTS;
	snprintf(name, sizeof(name), "groups-%u", worker);
	void **source = node->storage.on_disk ? node->journal.source : node->aggregator.source;
	source[worker] = link_bind(node->zmq, name, LINK_DEPTH);
	ingest->groups = link_connect(node->zmq, name, LINK_DEPTH);
	snprintf(name, sizeof(name), "settled-%u", worker);
	ingest->settled = link_bind(node->zmq, name, LINK_DEPTH);
	node->aggregator.settled[worker] = link_connect(node->zmq, name, LINK_DEPTH);
	snprintf(name, sizeof(name), "notes-%u", worker);
	node->publisher.notes[worker] = link_bind(node->zmq, name, LINK_DEPTH);
	ingest->notes = link_connect(node->zmq, name, LINK_DEPTH);
	if (node->workers == 1) {
		ingest->router = node->router;
		ingest->pull = node->pull;
		return;
	}
	snprintf(name, sizeof(name), "front-%u", worker);
	node->front.worker[worker] = link_bind(node->zmq, name, LINK_DEPTH);
	ingest->front = link_connect(node->zmq, name, LINK_DEPTH);
}

static int64_t
memory_budget(const struct config *config)
{
	const int64_t mib = 1 << 20;
	return config->memory_max == MEMORY_AUTO ? memory_there_is() / 4 * 3 / mib * mib : config->memory_max;
}

/* The log on disk between ingest and the aggregator, or the one in memory with the aggregator. */
static void
connect_log(struct node *node)
{
	bool ticks = node->config->clock == CLOCK_WALL;
	node->aggregator.workers = node->workers;
	if (!node->storage.on_disk) {
		node->aggregator.log = node->storage.log;
		node->aggregator.ticks = ticks;
		node->aggregator.sources = node->workers;
		return;
	}
	node->journal.log = node->storage.log;
	node->journal.ticks = ticks;
	node->journal.sources = node->workers;
	node->aggregator.source[0] = link_bind(node->zmq, "logged", LINK_DEPTH);
	node->journal.groups = link_connect(node->zmq, "logged", LINK_DEPTH);
	node->publisher.notes[node->publisher.sources++] = link_bind(node->zmq, "notes-log", LINK_DEPTH);
	node->journal.notes = link_connect(node->zmq, "notes-log", LINK_DEPTH);
	node->journal.full = &node->storage_full;
	node->journal.look = clock_keep;
	node->journal.keep_ms = node->config->kernel.horizon_ms;
	node->aggregator.durable = &node->journal.durable;
	node->aggregator.sources = 1;
}

static void
connect_rooms(struct node *node)
{
	const struct config *config = node->config;
	for (unsigned w = 0; w < node->workers; w++)
		connect_ingest(node, w);
	node->front.router = node->router;
	node->front.pull = node->pull;
	node->front.workers = node->workers;
	node->front.memory_max = node->memory_max;
	node->front.memory_full = &node->memory_full;
	node->front.storage_full = &node->storage_full;
	node->aggregator.aggregator = node->cores.aggregator;
	node->publisher.publisher = node->cores.publisher;
	node->aggregator.every_ms = config->publish_every_ms;
	node->publisher.notes[node->workers] = link_bind(node->zmq, "notes", LINK_DEPTH);
	node->publisher.alerts = node->publisher.notes[node->workers];
	node->aggregator.notes = link_connect(node->zmq, "notes", LINK_DEPTH);
	node->publisher.notes[node->workers + 1] = link_bind(node->zmq, "updates", UPDATES_QUEUED);
	node->aggregator.updates = link_connect(node->zmq, "updates", UPDATES_QUEUED);
	node->publisher.sources = node->workers + 2;
	connect_log(node);
	node->aggregator.questions = link_bind(node->zmq, "questions", QUESTIONS_QUEUED);
	node->publisher.questions = link_connect(node->zmq, "questions", QUESTIONS_QUEUED);
	node->publisher.xpub = node->xpub;
	node->publisher.monitor = node->monitor;
	node->publisher.snapshot = node->snapshot;
}

static void
start_threads(struct node *node)
{
	publisher_thread_start(&node->publisher);
	aggregator_thread_start(&node->aggregator);
	if (node->storage.on_disk)
		journal_thread_start(&node->journal);
	for (unsigned w = 0; w < node->workers; w++)
		ingest_thread_start(&node->ingest[w]);
	if (node->workers > 1)
		front_start(&node->front);
}

/* The cores and what is below them; the threads have ended, or never were. */
static void
node_free(struct node *node)
{
	cores_free(&node->cores);
	publisher_thread_fini(&node->publisher);
	storage_close(&node->storage);
	blocks_ready_stop();
	free(node);
}

struct node *
node_start(struct config *config, bool demo)
{
	struct node *node = mem_zalloc(1, sizeof(*node));
	node->config = config;
	node->workers = (unsigned)config->ingest_workers;
	node->memory_max = memory_budget(config);
	if (sodium_init() < 0 || !storage_open(&node->storage, config)) { /* it forks: before the first thread */
		free(node);
		return NULL;
	}
	clock_start(node->storage.on_disk ? node->storage.log : NULL);
	blocks_ready_start();
	publisher_thread_init(&node->publisher);
	const struct cores_options options = {
	    .epoch = node->storage.epoch,
	    .demo = demo,
	    .memory_max = (uint64_t)node->memory_max,
	    .durability = durability_name(config->durability),
	    .out = node->publisher.out,
	};
	if (storage_recover(&node->storage, config, &options, UINT64_MAX, &node->cores, &node->started_from)) {
		cores_publish(&node->cores); /* before anybody can ask: who asked too early would take rows for gone */
		node->zmq = zmq_ctx_new();
		zmq_ctx_set(node->zmq, ZMQ_MAX_SOCKETS, 4096);
		if (open_sockets(node)) {
			connect_rooms(node);
			start_threads(node);
			return node;
		}
		zmq_ctx_term(node->zmq);
	}
	node_free(node);
	return NULL;
}

static void
sum_counters(struct ingest_counters *total, const struct ingest_counters *one)
{
	total->messages += one->messages;
	total->bytes += one->bytes;
	total->events += one->events;
	total->push_dropped += one->push_dropped;
	total->memory_refused += one->memory_refused;
	if (one->memory_full > total->memory_full) /* each worker saw it */
		total->memory_full = one->memory_full;
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		total->verdict[v] += one->verdict[v];
	for (unsigned b = 0; b < BATCH_CODE_COUNT; b++)
		total->batch[b] += one->batch[b];
}

/* Those that came when the aggregator had ended. */
static void
drop_questions(struct node *node)
{
	void *pointer;
	while (link_receive(node->aggregator.questions, &pointer))
		note_free(pointer);
	zmq_close(node->aggregator.questions);
	zmq_close(node->publisher.questions);
}

/* The end mark walks the way the data walks; each thread ends when it has seen its own. */
void
node_stop(struct node *node, struct node_account *account)
{
	*account = (struct node_account){0};
	for (unsigned w = 0; w < node->workers; w++)
		ingest_thread_stop(&node->ingest[w]);
	if (node->storage.on_disk)
		journal_thread_join(&node->journal);
	aggregator_thread_join(&node->aggregator);
	publisher_thread_join(&node->publisher);
	drop_questions(node);
	for (unsigned w = 0; w < node->workers; w++) {
		ingest_thread_join(&node->ingest[w]);
		sum_counters(&account->ingest, &node->ingest[w].counters);
		account->notes_lost += node->ingest[w].notes_lost;
	}
	if (node->workers > 1) {
		front_stop(&node->front);
		front_join(&node->front);
	}
	zmq_ctx_term(node->zmq);
	node_free(node);
}

int64_t
node_memory_max(const struct node *node)
{
	return node->memory_max;
}

uint64_t
node_started_from(const struct node *node)
{
	return node->started_from;
}

void
node_log(const struct node *node, struct log_figures *out)
{
	journal_thread_figures(&node->journal, out);
}

void
node_want_digest(struct node *node)
{
	aggregator_thread_want_digest(&node->aggregator);
}

bool
node_digest(struct node *node, uint64_t *lsn, struct hash128 *digest)
{
	return aggregator_thread_digest(&node->aggregator, lsn, digest);
}

void
node_tell_images(struct node *node, const struct node_images *images)
{
	const struct log_images told = {.lsn = images->lsn,
	                                .bytes = images->bytes,
	                                .time_ms = images->time_ms,
	                                .trim_below = images->trim_below,
	                                .failed = images->failed};
	journal_thread_images(&node->journal, &told);
}

const struct node_endpoints *
node_endpoints(const struct node *node)
{
	return &node->endpoints;
}
