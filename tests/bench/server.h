/*
 * server.h - a `laju serve` of our own: a child process on free loopback ports.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H
#include <sys/types.h>

struct server {
	pid_t pid;
	char acked[64], push[64], updates[64], snapshot[64];
	char data[64]; /* in the working directory: on its disk */
	const char *laju, *kpis, *durability;
	int every_ms;
};

/*
 * kpis: a file, NULL: the default. durability: sync, write, none. Returns once it answers; ends the process when it
 * does not start.
 */
void server_start(struct server *server, const char *laju, int every_ms, const char *kpis, const char *durability);
/* An image of its state, by `laju compact` beside it: seconds, and its bytes. */
double server_compact(const struct server *server, double *bytes);
/* Killed and started again: seconds from the start until it answers. */
double server_restart(struct server *server);
/* User and system time of all its threads so far. */
double server_cpu_ns(const struct server *server);
/* Resident set now. */
double server_rss_bytes(const struct server *server);
void server_stop(struct server *server);
#endif
