/*
 * node.h - a whole Laju in one process: sockets, threads, and the links between the rooms.
 *
 *     ROUTER, PULL -> ingest -> journal -> aggregator -> publisher -> XPUB, snapshot ROUTER
 *                       ^----- verdicts ------'
 */
#ifndef LAJU_NODE_H
#define LAJU_NODE_H
#include "ingest/ingest.h"
#include "journal/log.h"
#include "laju/config.h"

struct node;

/*
 * Opens the log and recovers from it, binds all sockets, then starts the threads. NULL after one line on
 * stderr for what went wrong, and one for every endpoint that cannot be bound. Forks: before there are threads.
 * config outlives the node.
 */
struct node *node_start(struct config *config, bool demo);
/*
 * Refuses new batches, finishes and answers those in flight, publishes the last rows,
 * ends all threads. What came in and what became of it, over all workers, is in *account.
 */
struct node_account {
	struct ingest_counters ingest;
	uint64_t notes_lost; /* dead letters that could not be listed */
};
void node_stop(struct node *node, struct node_account *account);
/* As bound: "tcp://127.0.0.1:5550" also where the configuration says port 0 or *. */
struct node_endpoints {
	char acked[ENDPOINT_MAX], push[ENDPOINT_MAX], updates[ENDPOINT_MAX], snapshot[ENDPOINT_MAX];
};
/* Bytes, 0: no budget; what `memory_max: auto` amounts to here. */
int64_t node_memory_max(const struct node *node);
/* The log, as of at most a second ago. */
void node_log(const struct node *node, struct log_figures *out);
/* The digest of the live state, as aggregator_want_digest() and aggregator_digest() have it. */
void node_want_digest(struct node *node);
bool node_digest(struct node *node, uint64_t *lsn, struct hash128 *digest);
/* The images that there are: shown, and the journal is trimmed by them. */
struct node_images {
	uint64_t lsn, bytes; /* the newest; 0: none */
	int64_t time_ms;     /* its log time */
	uint64_t trim_below; /* records below it are in one that was read whole since it was written; 0: none are */
	bool failed;         /* the last one could not be made */
};
uint64_t node_started_from(const struct node *node); /* the image's record; 0: from the whole journal */
void node_tell_images(struct node *node, const struct node_images *images);
const struct node_endpoints *node_endpoints(const struct node *node);
#endif
