/*
 * subscriptions.h - the prefixes somebody subscribed to.
 *
 * The XPUB must pass on every subscribe and unsubscribe (ZMQ_XPUB_VERBOSER):
 * a prefix counts how many hold it. Whether any prefix matches a topic is decided
 * in O(topic length). One thread owns it.
 */
#ifndef PUBLISHER_SUBSCRIPTIONS_H
#define PUBLISHER_SUBSCRIPTIONS_H
#include "common/slice.h"

enum { SUBSCRIPTION_BYTES_MAX = 240 /* no topic is longer; libzmq 4.3.4 breaks on 246-255 */ };

struct subscriptions;
/* max: distinct prefixes; more are refused. seed: any number; makes collisions hard to aim at. */
struct subscriptions *subscriptions_new(uint32_t max, uint64_t seed);
void subscriptions_free(struct subscriptions *subscriptions); /* accepts NULL */

enum subscription_outcome {
	SUBSCRIPTION_FIRST = 0, /* nobody held it before */
	SUBSCRIPTION_AGAIN,     /* somebody else holds it too */
	SUBSCRIPTION_LAST,      /* removed: nobody holds it now */
	SUBSCRIPTION_REFUSED,   /* too long, too many; or removing what is not there */
};
enum subscription_outcome subscriptions_add(struct subscriptions *subscriptions, struct slice prefix);
enum subscription_outcome subscriptions_remove(struct subscriptions *subscriptions, struct slice prefix);
/* Is any prefix a prefix of topic? */
bool subscriptions_match(const struct subscriptions *subscriptions, struct slice topic);
uint32_t subscriptions_count(const struct subscriptions *subscriptions);
#endif
