/*
 * peers.h - inside ingest: who sends, as small numbers. Bounded.
 *
 * A number stays a peer's own while batches of that peer are in flight. When the table
 * is full, the peer that has been idle for the longest makes room; when
 * none is idle, a new one is not taken. One thread owns it.
 */
#ifndef INGEST_PEERS_H
#define INGEST_PEERS_H
#include "common/hash.h"
#include "ingest/ingest.h"

enum { PEER_ID_MAX = 255 /* ZeroMQ's limit for a routing id */, PEER_NONE = UINT32_MAX };

struct peers;
struct peers *peers_new(const struct hash_key *key);
void peers_free(struct peers *peers); /* accepts NULL */

/* The peer's number; PEER_NONE: the table is full of busy ones. On the push port, where nobody has an id, user tells them apart. */
uint32_t peers_find(struct peers *peers, enum ingest_port port, struct slice id, struct slice user);
/* Without remembering that it was asked for. Not for the push port. */
bool peers_know(const struct peers *peers, enum ingest_port port, struct slice id);
/* One more batch in flight, one less. */
void peers_hold(struct peers *peers, uint32_t number);
void peers_release(struct peers *peers, uint32_t number);

uint32_t peers_in_flight(const struct peers *peers, uint32_t number);
enum ingest_port peers_port(const struct peers *peers, uint32_t number);
struct slice peers_id(const struct peers *peers, uint32_t number); /* the routing id */
const char *peers_name(const struct peers *peers, uint32_t number); /* printable, never empty */
uint32_t peers_count(const struct peers *peers);

#endif
