/* service.c - a node until a signal. */
#include "laju/service.h"
#include "common/clock.h"
#include "common/mem.h"
#include "laju/compactor.h"
#include "laju/load.h"
#include "laju/scalar.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void
announce(const struct node *node, const struct config *config, bool demo)
{
	const struct node_endpoints *at = node_endpoints(node);
	char memory[32];
	scalar_format_bytes(node_memory_max(node), memory);
	fprintf(stderr,
	        "laju: ready%s\n"
	        "  events in     %s  (acked)   %s  (push)\n"
	        "  rows out      %s  (updates)   %s  (snapshot)\n"
	        "  zone %s, currency %s, clock %s, durability %s, memory up to %s\n",
	        demo ? " (DEMO: made-up data)" : "", at->acked, at->push, at->updates, at->snapshot, config->zone_name,
	        config->currency, config->clock == CLOCK_EVENTS ? "events" : "wall", durability_name(config->durability),
	        node_memory_max(node) > 0 ? memory : "all there is");
	if (config->durability == DURABILITY_NONE)
		fprintf(stderr, "laju: events are kept in memory only: a restart begins anew\n");
	else
		fprintf(stderr, "laju: events are kept in %s%s\n", config->data,
		        config->durability == DURABILITY_WRITE ? "; a power cut may lose them" : "");
	if (config->allow_remote)
		fprintf(stderr, "laju: allow_remote is set: whoever reaches these ports may send and read\n");
	fflush(stderr);
}

/* received = ok + duplicate + refused, by reason. */
static void
print_account(const struct node_account *account)
{
	const struct ingest_counters *counters = &account->ingest;
	uint64_t refused = 0;
	for (unsigned v = VERDICT_DUPLICATE + 1; v < VERDICT_COUNT; v++)
		refused += counters->verdict[v];
	fprintf(stderr, "laju: received %llu events = %llu ok + %llu duplicate + %llu refused",
	        (unsigned long long)counters->events, (unsigned long long)counters->verdict[VERDICT_OK],
	        (unsigned long long)counters->verdict[VERDICT_DUPLICATE], (unsigned long long)refused);
	for (unsigned v = VERDICT_DUPLICATE + 1; v < VERDICT_COUNT; v++)
		if (counters->verdict[v] > 0)
			fprintf(stderr, ", %s %llu", verdict_name((enum verdict)v), (unsigned long long)counters->verdict[v]);
	for (unsigned b = BATCH_OK + 1; b < BATCH_CODE_COUNT; b++)
		if (counters->batch[b] > 0)
			fprintf(stderr, "; %llu batches %s", (unsigned long long)counters->batch[b],
			        batch_code_name((enum batch_code)b));
	if (counters->memory_full > 0)
		fprintf(stderr, "; memory_max passed %llu times, %llu batches refused for it",
		        (unsigned long long)counters->memory_full, (unsigned long long)counters->memory_refused);
	if (counters->push_dropped > 0)
		fprintf(stderr, "; %llu push messages dropped", (unsigned long long)counters->push_dropped);
	if (account->notes_lost > 0)
		fprintf(stderr, "; %llu dead letters not listed", (unsigned long long)account->notes_lost);
	fprintf(stderr, "\n");
}

/* The log's configuration cannot change under it: what is checked here takes effect at the next start. */
static void
reload(const struct options *options)
{
	struct config *config = mem_zalloc(1, sizeof(*config));
	if (load_config(config, options, NULL, 0) == STATUS_OK)
		fprintf(stderr, "laju: SIGHUP: the configuration is valid; restart to apply changes\n");
	else
		fprintf(stderr, "laju: SIGHUP: the configuration is not valid; going on with the old one\n");
	config_fini(config);
	free(config);
}

int
service_run(struct config *config, const struct options *options, service_fn *up, void (*down)(void))
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	/* Blocked before any thread starts: only sigwait() below takes them. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct node *node = node_start(config, up != NULL);
	if (node == NULL)
		return STATUS_FAILED;
	announce(node, config, up != NULL);
	if (up != NULL)
		up(node_endpoints(node), config);
	const struct timespec second = {.tv_sec = 1};
	struct compactor *compactor = up == NULL ? compactor_new(config, options, node) : NULL;
	for (int number; (number = sigtimedwait(&signals, NULL, &second)) < 0 || number == SIGHUP;) {
		if (number == SIGHUP)
			reload(options);
		compactor_look(compactor, clock_steady_us());
	}
	fprintf(stderr, "laju: stopping\n");
	compactor_free(compactor);
	if (down != NULL)
		down();
	struct node_account account;
	node_stop(node, &account);
	print_account(&account);
	return STATUS_OK;
}
