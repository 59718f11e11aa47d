/*
 * snapshot_server.h - snapshots under way: one a peer, in chunks, under credit.
 *
 * A peer asks (S1), gets chunks (R1) of at most SNAPSHOT_CHUNK_BYTES, one for each
 * credit, and an end (Z1) with the version as of the *beginning*: what changed
 * meanwhile has a higher one, so asking again with it as `since` misses nothing.
 *
 * `since` of this epoch, not older than the oldest forgotten tombstone: only rows
 * and tombstones that changed after it, reset false. Else all live rows, reset
 * true: a row of the prefix that the peer holds and was not told is gone.
 * With `lsn` it begins once the table holds that lsn.
 *
 * Refusals (X1): bad_request, too_many, lsn_timeout, idle. Asking again replaces a
 * peer's snapshot. Knows no row and no socket; one thread owns it.
 */
#ifndef PUBLISHER_SNAPSHOT_SERVER_H
#define PUBLISHER_SNAPSHOT_SERVER_H
#include "publisher/publisher.h"
#include "publisher/rows.h"

enum {
	SNAPSHOT_LSN_WAIT_MS = 30 * 1000, /* by heartbeat time */
	SNAPSHOT_IDLE_MS = 60 * 1000,     /* without a credit to go on with: the peer is thought gone */
	SNAPSHOT_PEER_BYTES_MAX = 256,    /* a ROUTER's routing id (255) and the shell's byte behind it */
};

struct snapshot_state {
	uint64_t epoch, seq, lsn;
	uint64_t forgotten_seq; /* highest seq of a forgotten tombstone */
};

/* Where rows come from: rows.h, or a test. */
struct snapshot_source {
	void *context;
	enum row_peek (*peek)(void *context, const struct row_query *query, struct row_cursor *cursor,
	                      struct slice *topic, struct slice *row);
	void (*advance)(void *context, struct row_cursor *cursor);
	void (*state)(void *context, struct snapshot_state *out);
};

struct snapshot_server;
struct snapshot_server *snapshot_server_new(const struct snapshot_source *source, publisher_reply_fn *reply,
                                            void *reply_context, uint32_t max);
void snapshot_server_free(struct snapshot_server *server); /* accepts NULL */

void snapshot_server_request(struct snapshot_server *server, struct slice peer, struct slice message);
/* Sends up to `chunks` chunks, peers taking turns. True: more could be sent right now. */
bool snapshot_server_work(struct snapshot_server *server, uint32_t chunks);
/* Every second or so: ends what waited too long. */
void snapshot_server_tick(struct snapshot_server *server, int64_t now_ms);

struct snapshot_counters {
	uint64_t begun, refused, chunks, under_way;
};
void snapshot_server_count(const struct snapshot_server *server, struct snapshot_counters *out);
#endif
