/* snapshot_server.c - a list of cursors, each with what its peer still may get. */
#include "publisher/snapshot_server.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { ROW_OVERHEAD_BYTES = 32 /* array head, two length heads, the chunk's own end */ };
_Static_assert((int)DEAD_RAW_BYTES_MAX * 3 / 2 < (int)SNAPSHOT_CHUNK_BYTES, "any row fits a chunk");

struct snapshot {
	uint8_t peer[SNAPSHOT_PEER_BYTES_MAX];
	uint32_t peer_bytes;
	struct row_query query;
	struct row_cursor cursor;
	uint64_t since_epoch, since_seq, lsn;
	bool has_since, waiting; /* waiting: for lsn */
	uint64_t begin_seq;
	uint32_t credit;
	int64_t stalled_ms; /* since when it has waited; 0: not yet seen waiting by a tick */
};

struct snapshot_server {
	struct snapshot_source source;
	publisher_reply_fn *reply;
	void *reply_context;
	struct snapshot **list; /* unordered */
	uint32_t count, max, turn;
	struct snapshot_counters counters;
	struct buf out;
};

struct snapshot_server *
snapshot_server_new(const struct snapshot_source *source, publisher_reply_fn *reply, void *reply_context, uint32_t max)
{
	struct snapshot_server *server = mem_zalloc(1, sizeof(*server));

	server->source = *source;
	server->reply = reply;
	server->reply_context = reply_context;
	server->list = mem_zalloc(max, sizeof(struct snapshot *));
	server->max = max;
	return server;
}

void
snapshot_server_free(struct snapshot_server *server)
{
	if (server == NULL)
		return;
	for (uint32_t i = 0; i < server->count; i++)
		free(server->list[i]);
	free(server->list);
	buf_fini(&server->out);
	free(server);
}

static struct slice
peer_of(const struct snapshot *snapshot)
{
	return (struct slice){snapshot->peer, snapshot->peer_bytes};
}

static void
reply_out(struct snapshot_server *server, struct slice peer)
{
	server->reply(server->reply_context, peer, buf_slice(&server->out));
}

static void
refuse(struct snapshot_server *server, struct slice peer, const char *code, const char *text)
{
	server->counters.refused++;
	server->out.len = 0;
	snapshot_refusal_encode(code, text, &server->out);
	reply_out(server, peer);
}

static void
snapshot_remove(struct snapshot_server *server, uint32_t i)
{
	free(server->list[i]);
	server->list[i] = server->list[--server->count];
}

static struct snapshot *
snapshot_of(const struct snapshot_server *server, struct slice peer)
{
	for (uint32_t i = 0; i < server->count; i++)
		if (slice_equal(peer_of(server->list[i]), peer))
			return server->list[i];
	return NULL;
}

/* Begins to read rows, unless the table does not hold the lsn yet. */
static void
snapshot_begin(struct snapshot_server *server, struct snapshot *snapshot)
{
	struct snapshot_state state;

	server->source.state(server->source.context, &state);
	snapshot->waiting = state.lsn < snapshot->lsn;
	if (snapshot->waiting)
		return;
	snapshot->stalled_ms = 0;
	snapshot->begin_seq = state.seq;
	/* a since beyond what was ever given out is another's, or made up */
	snapshot->query.full = !snapshot->has_since || snapshot->since_epoch != state.epoch ||
	                       snapshot->since_seq < state.forgotten_seq || snapshot->since_seq > state.seq;
	snapshot->query.since_seq = snapshot->since_seq;
}

static void
snapshot_ask(struct snapshot_server *server, struct slice peer, const struct snapshot_request *request)
{
	struct snapshot *snapshot = snapshot_of(server, peer);

	if (snapshot == NULL) {
		if (server->count == server->max) {
			refuse(server, peer, "too_many", "too many snapshots are under way; ask again in a second");
			return;
		}
		snapshot = mem_alloc(sizeof(*snapshot));
		server->list[server->count++] = snapshot;
	}
	memset(snapshot, 0, sizeof(*snapshot));
	snapshot->peer_bytes = peer.n;
	memcpy(snapshot->peer, peer.p, peer.n);
	snapshot->query.prefix_bytes = request->prefix.n;
	if (request->prefix.n > 0)
		memcpy(snapshot->query.prefix, request->prefix.p, request->prefix.n);
	snapshot->has_since = request->has_since;
	snapshot->since_epoch = request->since_epoch;
	snapshot->since_seq = request->since_seq;
	snapshot->lsn = request->has_lsn ? request->lsn : 0;
	snapshot->credit = request->credit < SNAPSHOT_CREDIT_MAX ? request->credit : SNAPSHOT_CREDIT_MAX;
	server->counters.begun++;
	snapshot_begin(server, snapshot);
}

void
snapshot_server_request(struct snapshot_server *server, struct slice peer, struct slice message)
{
	struct snapshot_request request;
	char why[120];

	if (peer.n == 0 || peer.n > SNAPSHOT_PEER_BYTES_MAX) {
		server->counters.refused++; /* no such peer can be answered */
		return;
	}
	if (snapshot_request_decode(&request, message, why) != 0) {
		refuse(server, peer, "bad_request", why);
		return;
	}
	if (request.credit_only) {
		struct snapshot *snapshot = snapshot_of(server, peer);
		if (snapshot == NULL)
			return; /* credit that crossed the end: usual */
		uint32_t room = SNAPSHOT_CREDIT_MAX - snapshot->credit;
		snapshot->credit += request.credit < room ? request.credit : room;
		snapshot->stalled_ms = 0;
		return;
	}
	if (request.prefix.n > ROWS_PREFIX_MAX) {
		refuse(server, peer, "bad_request", "the prefix is longer than any topic (240 bytes)");
		return;
	}
	snapshot_ask(server, peer, &request);
}

/* All rows were given. False: tombstones that mattered were forgotten on the way, it goes on with all live rows. */
static bool
snapshot_end(struct snapshot_server *server, struct snapshot *snapshot)
{
	struct snapshot_state state;

	server->source.state(server->source.context, &state);
	if (!snapshot->query.full && snapshot->since_seq < state.forgotten_seq) {
		snapshot->query.full = true;
		snapshot->cursor = (struct row_cursor){0};
		return false;
	}
	server->out.len = 0;
	snapshot_end_encode(state.epoch, snapshot->begin_seq, snapshot->query.full, &server->out);
	reply_out(server, peer_of(snapshot));
	return true;
}

/* Fills a chunk as far as it goes. The last peek is why it stopped; ROW_FOUND: it is full. */
static enum row_peek
chunk_fill(struct snapshot_server *server, struct snapshot *snapshot, struct snapshot_chunk *chunk)
{
	const struct snapshot_source *source = &server->source;

	for (;;) {
		struct slice topic, row;
		enum row_peek peek = source->peek(source->context, &snapshot->query, &snapshot->cursor, &topic, &row);
		if (peek != ROW_FOUND)
			return peek;
		size_t need = (size_t)topic.n + row.n + ROW_OVERHEAD_BYTES;
		assert(need + ROW_OVERHEAD_BYTES <= SNAPSHOT_CHUNK_BYTES);
		if (server->out.len + need > SNAPSHOT_CHUNK_BYTES)
			return ROW_FOUND;
		snapshot_chunk_add(chunk, topic, row);
		source->advance(source->context, &snapshot->cursor);
	}
}

/* One chunk, or the end, or both; true: the snapshot is over. */
static bool
snapshot_step(struct snapshot_server *server, struct snapshot *snapshot)
{
	struct snapshot_chunk chunk;

	server->out.len = 0;
	snapshot_chunk_begin(&chunk, &server->out);
	enum row_peek peek = chunk_fill(server, snapshot, &chunk);
	if (chunk.rows > 0) {
		snapshot_chunk_end(&chunk);
		assert(server->out.len <= SNAPSHOT_CHUNK_BYTES);
		reply_out(server, peer_of(snapshot));
		server->counters.chunks++;
		snapshot->credit--;
	}
	return peek == ROW_END && snapshot_end(server, snapshot);
}

static bool
can_go_on(const struct snapshot *snapshot)
{
	return !snapshot->waiting && snapshot->credit > 0;
}

bool
snapshot_server_work(struct snapshot_server *server, uint32_t chunks)
{
	bool more = false;

	for (uint32_t i = 0; i < server->count; i++)
		if (server->list[i]->waiting)
			snapshot_begin(server, server->list[i]);
	for (uint32_t idle = 0; chunks > 0 && idle < server->count;) {
		if (server->turn >= server->count)
			server->turn = 0;
		struct snapshot *snapshot = server->list[server->turn];
		if (!can_go_on(snapshot)) {
			server->turn++;
			idle++;
			continue;
		}
		idle = 0;
		chunks--;
		if (snapshot_step(server, snapshot))
			snapshot_remove(server, server->turn);
		else
			server->turn++;
	}
	for (uint32_t i = 0; i < server->count && !more; i++)
		more = can_go_on(server->list[i]);
	return more;
}

void
snapshot_server_tick(struct snapshot_server *server, int64_t now_ms)
{
	for (uint32_t i = 0; i < server->count;) {
		struct snapshot *snapshot = server->list[i];
		int64_t most_ms = snapshot->waiting ? SNAPSHOT_LSN_WAIT_MS : SNAPSHOT_IDLE_MS;
		if (can_go_on(snapshot)) {
			snapshot->stalled_ms = 0;
		} else if (snapshot->stalled_ms == 0) {
			snapshot->stalled_ms = now_ms;
		} else if (now_ms - snapshot->stalled_ms >= most_ms) {
			if (snapshot->waiting)
				refuse(server, peer_of(snapshot), "lsn_timeout", "the rows did not reach that lsn in 30 s");
			else
				refuse(server, peer_of(snapshot), "idle", "no credit came for 60 s");
			snapshot_remove(server, i);
			continue;
		}
		i++;
	}
}

void
snapshot_server_count(const struct snapshot_server *server, struct snapshot_counters *out)
{
	*out = server->counters;
	out->under_way = server->count;
}
