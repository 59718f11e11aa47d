/* peers.c - a chained hash table over a fixed array; the idle ones also stand in a list, oldest first. */
#include "ingest/peers.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { BUCKETS = 2 * INGEST_PEERS_MAX };

struct peer {
	uint8_t id[PEER_ID_MAX];
	uint8_t id_len;
	uint8_t port;
	bool named_by_user; /* the name changes with the user (the address behind an id changes) */
	char name[PEER_ID_MAX + 1];
	uint32_t in_flight;
	uint32_t bucket, chain;   /* next in the bucket */
	uint32_t newer, older;    /* the idle list; meaningful while in_flight is 0 */
};

struct peers {
	const struct hash_key *key;
	uint32_t count;
	uint32_t newest, oldest;  /* ends of the idle list */
	uint32_t bucket[BUCKETS];
	struct peer peer[INGEST_PEERS_MAX];
};

struct peers *
peers_new(const struct hash_key *key)
{
	struct peers *peers = mem_zalloc(1, sizeof(*peers));
	peers->key = key;
	peers->newest = peers->oldest = PEER_NONE;
	for (uint32_t i = 0; i < BUCKETS; i++)
		peers->bucket[i] = PEER_NONE;
	return peers;
}

void
peers_free(struct peers *peers)
{
	free(peers);
}

static void
idle_add(struct peers *peers, uint32_t number)
{
	struct peer *peer = &peers->peer[number];
	peer->newer = PEER_NONE;
	peer->older = peers->newest;
	if (peers->newest != PEER_NONE)
		peers->peer[peers->newest].newer = number;
	else
		peers->oldest = number;
	peers->newest = number;
}

static void
idle_remove(struct peers *peers, uint32_t number)
{
	struct peer *peer = &peers->peer[number];
	if (peer->newer != PEER_NONE)
		peers->peer[peer->newer].older = peer->older;
	else
		peers->newest = peer->older;
	if (peer->older != PEER_NONE)
		peers->peer[peer->older].newer = peer->newer;
	else
		peers->oldest = peer->newer;
}

static void
bucket_remove(struct peers *peers, uint32_t number)
{
	uint32_t *at = &peers->bucket[peers->peer[number].bucket];
	while (*at != number)
		at = &peers->peer[*at].chain;
	*at = peers->peer[number].chain;
}

/* A free number: a new one, or that of the peer idle for the longest. */
static uint32_t
number_take(struct peers *peers)
{
	if (peers->count < INGEST_PEERS_MAX)
		return peers->count++;
	uint32_t number = peers->oldest;
	if (number == PEER_NONE)
		return PEER_NONE;
	idle_remove(peers, number);
	bucket_remove(peers, number);
	return number;
}

static bool
is_printable(struct slice text)
{
	for (uint32_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return text.n > 0;
}

static void
name_set(struct peer *peer, struct slice id, struct slice user)
{
	struct slice name = slice_of("unnamed");
	peer->named_by_user = !is_printable(id);
	if (!peer->named_by_user)
		name = id;
	else if (is_printable(user))
		name = user;
	uint32_t n = name.n < PEER_ID_MAX ? name.n : PEER_ID_MAX;
	memcpy(peer->name, name.p, n);
	peer->name[n] = '\0';
}

static uint32_t
bucket_of(const struct peers *peers, struct slice key)
{
	return (uint32_t)hash_content(peers->key, key.n ? (const void *)key.p : "", key.n) % BUCKETS;
}

static uint32_t
lookup(const struct peers *peers, enum ingest_port port, struct slice key, uint32_t bucket)
{
	for (uint32_t number = peers->bucket[bucket]; number != PEER_NONE; number = peers->peer[number].chain) {
		const struct peer *peer = &peers->peer[number];
		if (peer->port == (uint8_t)port && slice_equal((struct slice){peer->id, peer->id_len}, key))
			return number;
	}
	return PEER_NONE;
}

bool
peers_know(const struct peers *peers, enum ingest_port port, struct slice id)
{
	return id.n <= PEER_ID_MAX && lookup(peers, port, id, bucket_of(peers, id)) != PEER_NONE;
}

uint32_t
peers_find(struct peers *peers, enum ingest_port port, struct slice id, struct slice user)
{
	struct slice key = port == PORT_PUSH ? user : id;
	if (key.n > PEER_ID_MAX)
		key.n = PEER_ID_MAX;
	uint32_t bucket = bucket_of(peers, key), known = lookup(peers, port, key, bucket);
	if (known != PEER_NONE) {
		struct peer *peer = &peers->peer[known];
		if (peer->named_by_user && user.n > 0 && !slice_is(user, peer->name))
			name_set(peer, (struct slice){0}, user);
		if (peer->in_flight == 0) { /* heard of: now the newest of the idle */
			idle_remove(peers, known);
			idle_add(peers, known);
		}
		return known;
	}
	uint32_t number = number_take(peers);
	if (number == PEER_NONE)
		return PEER_NONE;
	struct peer *peer = &peers->peer[number];
	peer->port = (uint8_t)port;
	peer->id_len = (uint8_t)key.n;
	if (key.n > 0)
		memcpy(peer->id, key.p, key.n);
	name_set(peer, port == PORT_PUSH ? (struct slice){0} : id, user);
	peer->bucket = bucket;
	peer->chain = peers->bucket[bucket];
	peers->bucket[bucket] = number;
	idle_add(peers, number);
	return number;
}

void
peers_hold(struct peers *peers, uint32_t number)
{
	assert(number < peers->count);
	if (peers->peer[number].in_flight++ == 0)
		idle_remove(peers, number);
}

void
peers_release(struct peers *peers, uint32_t number)
{
	assert(number < peers->count);
	assert(peers->peer[number].in_flight > 0);
	if (--peers->peer[number].in_flight == 0)
		idle_add(peers, number);
}

uint32_t
peers_in_flight(const struct peers *peers, uint32_t number)
{
	return peers->peer[number].in_flight;
}

enum ingest_port
peers_port(const struct peers *peers, uint32_t number)
{
	return (enum ingest_port)peers->peer[number].port;
}

struct slice
peers_id(const struct peers *peers, uint32_t number)
{
	return (struct slice){peers->peer[number].id, peers->peer[number].id_len};
}

const char *
peers_name(const struct peers *peers, uint32_t number)
{
	return peers->peer[number].name;
}

uint32_t
peers_count(const struct peers *peers)
{
	return peers->count;
}
