/*
 * snapshot.h - the snapshot protocol: ask for rows, get them in chunks under credit. See snapshot.md.
 *
 * client: ["S1", {p: prefix, since: [e, s]?, lsn?, n: credit}]   ["C1", n]
 * server: ["R1", [[topic, row]...]] (at most 256 KiB each)  ["Z1", {e, s, reset}]   ["X1", {code, text}] (refused)
 * row is the packed row (bin), as on the XPUB's second frame.
 */
#ifndef SCHEMAS_SNAPSHOT_H
#define SCHEMAS_SNAPSHOT_H
#include "common/buf.h"

enum { SNAPSHOT_CHUNK_BYTES = 256 << 10, SNAPSHOT_CREDIT_MAX = 8 /* a peer that does not read holds 2 MiB of ours */ };

struct snapshot_request {
	bool credit_only;       /* C1 */
	struct slice prefix;    /* "kpi/r1d/", "dlq/", "alert/", "" */
	bool has_since, has_lsn;
	uint64_t since_epoch, since_seq, lsn;
	uint32_t credit;
};
void snapshot_request_encode(const struct snapshot_request *request, struct buf *out);
/* 0, or -EBADMSG with a sentence. */
int snapshot_request_decode(struct snapshot_request *request, struct slice bytes, char why[120]);

/* Chunk under construction: begin, add rows, end. */
struct snapshot_chunk {
	struct buf *out;
	size_t count_at;
	uint32_t rows;
};
void snapshot_chunk_begin(struct snapshot_chunk *chunk, struct buf *out);
void snapshot_chunk_add(struct snapshot_chunk *chunk, struct slice topic, struct slice row);
void snapshot_chunk_end(struct snapshot_chunk *chunk);
void snapshot_end_encode(uint64_t epoch, uint64_t seq, bool reset, struct buf *out);
void snapshot_refusal_encode(const char *code, const char *text, struct buf *out);

enum snapshot_kind { SNAPSHOT_ROWS = 1, SNAPSHOT_END, SNAPSHOT_REFUSED };
struct snapshot_reply {
	uint8_t kind;            /* enum snapshot_kind */
	uint32_t rows;
	struct slice rest;       /* rows not yet read */
	uint64_t epoch, seq;
	bool reset;
	struct slice code, text;
};
int snapshot_reply_decode(struct snapshot_reply *reply, struct slice bytes); /* 0 or -EBADMSG */
bool snapshot_reply_next(struct snapshot_reply *reply, struct slice *topic, struct slice *row);
#endif
