/*
 * service.h - a node that runs until a signal: what `serve` and `demo` share.
 *
 * SIGTERM, SIGINT: drain and end, status 0. SIGHUP: reads the configuration again,
 * says what is wrong with it or that it is good, and goes on as before.
 */
#ifndef LAJU_SERVICE_H
#define LAJU_SERVICE_H
#include "laju/command.h"
#include "laju/node.h"

/* Called once the node is up / before it is stopped; main thread. NULL: nothing. The node is a demo when up is given. */
typedef void service_fn(const struct node_endpoints *endpoints, struct config *config);
int service_run(struct config *config, const struct options *options, service_fn *up, void (*down)(void));
#endif
