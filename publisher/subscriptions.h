/*
 * subscriptions.h - the prefixes somebody subscribed to.
 *
 * A prefix counts how many connections hold it. libzmq passes on what any peer says,
 * also the unsubscription of what it never held, and one frame for each time it
 * subscribed: so who holds what is kept here, by connection. The XPUB must pass on every
 * frame (ZMQ_XPUB_VERBOSER). Whether any prefix matches a topic is decided in O(topic
 * length). One thread owns it.
 */
#ifndef PUBLISHER_SUBSCRIPTIONS_H
#define PUBLISHER_SUBSCRIPTIONS_H
#include "common/slice.h"

enum {
	SUBSCRIPTION_BYTES_MAX = 240,     /* no topic is longer; libzmq 4.3.4 breaks on 246-255 */
	SUBSCRIPTIONS_EACH_MAX = 10000,   /* prefixes of one connection */
	SUBSCRIPTION_HOLDERS_END = 1 << 20, /* numbers of connections are below it (file descriptors) */
};

struct subscriptions;
/* max: distinct prefixes; more are refused. seed: any number; makes collisions hard to aim at. */
struct subscriptions *subscriptions_new(uint32_t max, uint64_t seed);
void subscriptions_free(struct subscriptions *subscriptions); /* accepts NULL */

enum subscription_outcome {
	SUBSCRIPTION_FIRST = 0, /* nobody held it before */
	SUBSCRIPTION_AGAIN,     /* it is held already, or by somebody else still */
	SUBSCRIPTION_LAST,      /* removed: nobody holds it now */
	SUBSCRIPTION_REFUSED,   /* too long, too many; or removing what this one does not hold */
};
enum subscription_outcome subscriptions_add(struct subscriptions *subscriptions, uint32_t holder, struct slice prefix);
enum subscription_outcome subscriptions_remove(struct subscriptions *subscriptions, uint32_t holder,
                                               struct slice prefix);
/* The connection is gone with all it held; last is called for each prefix that nobody holds now. */
typedef void subscriptions_last_fn(void *context, struct slice prefix);
void subscriptions_gone(struct subscriptions *subscriptions, uint32_t holder, subscriptions_last_fn *last, void *context);
/* Is any prefix a prefix of topic? */
bool subscriptions_match(const struct subscriptions *subscriptions, struct slice topic);
uint32_t subscriptions_count(const struct subscriptions *subscriptions);
#endif
