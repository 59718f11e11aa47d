/* compactor.c - see compactor.h. */
#include "laju/compactor.h"
#include "common/clock.h"
#include "common/mem.h"
#include "laju/image_file.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ARGUMENTS_MAX = 2 * OPTIONS_GIVEN_MAX + 16 };
static const int64_t RETRY_US = INT64_C(60000000); /* after one that failed */

enum phase {
	RESTS = 0,
	WANTS_DIGEST, /* of the live state, at the next turn of a minute */
	WORKS,
};

struct compactor {
	const struct config *config;
	const struct options *options;
	struct node *node;
	enum phase phase;
	pid_t child;
	int64_t not_before_us;
	bool failed; /* the last one */
	uint64_t proven; /* image that was read whole since it was written: by the start, or by a child; 0: none */
	struct node_images images;
};

/* What is there from before; records below the older one are in two. */
static void
tell_node(struct compactor *compactor)
{
	uint64_t lsn[IMAGES_LISTED_MAX];
	char why[IMAGE_WHY_BYTES];
	struct log_figures log;
	node_log(compactor->node, &log);
	/* What a start would not take must not trim what it would need. */
	uint32_t count = image_list_usable(compactor->config->data, compactor->config, log.durable, lsn);
	struct image_head head = {0};
	compactor->images = (struct node_images){0};
	if (count > 0 && image_peek(compactor->config->data, lsn[0], &head, why) == 0)
		compactor->images = (struct node_images){
		    .lsn = lsn[0],
		    .bytes = image_bytes(compactor->config->data, lsn[0]),
		    .time_ms = head.time_ms,
		};
	for (uint32_t i = 0; i < count; i++)
		if (lsn[i] == compactor->proven)
			compactor->images.trim_below = lsn[i] + 1;
	compactor->images.failed = compactor->failed;
	node_tell_images(compactor->node, &compactor->images);
}

struct compactor *
compactor_new(const struct config *config, const struct options *options, struct node *node)
{
	if (config->durability == DURABILITY_NONE)
		return NULL;
	struct compactor *compactor = mem_zalloc(1, sizeof(*compactor));
	compactor->config = config;
	compactor->options = options;
	compactor->node = node;
	compactor->proven = node_started_from(node);
	tell_node(compactor);
	return compactor;
}

void
compactor_free(struct compactor *compactor)
{
	if (compactor != NULL && compactor->phase == WORKS) {
		kill(compactor->child, SIGKILL);
		waitpid(compactor->child, NULL, 0);
	}
	free(compactor);
}

/* `laju compact --child PID --until L [--expect D]` with the options that the service was given. */
static void
start(struct compactor *compactor, uint64_t until, const struct hash128 *digest, int64_t now_us)
{
	char parent[32], record[32], expected[33], like[64];
	char *argument[ARGUMENTS_MAX] = {"laju", "compact", "--child", parent, "--until", record, "--like", like};
	uint32_t n = 8;
	int64_t now_ms = clock_now_ms();
	struct hash128 print = kernel_fingerprint(&compactor->config->kernel, now_ms);
	snprintf(like, sizeof(like), "%" PRId64 ":%016" PRIx64 "%016" PRIx64, now_ms, print.hi, print.lo);
	snprintf(parent, sizeof(parent), "%ld", (long)getpid());
	snprintf(record, sizeof(record), "%" PRIu64, until);
	if (digest != NULL) {
		snprintf(expected, sizeof(expected), "%016" PRIx64 "%016" PRIx64, digest->hi, digest->lo);
		argument[n++] = "--expect";
		argument[n++] = expected;
	}
	if (options_text(compactor->options, "config") != NULL) {
		argument[n++] = "--config";
		argument[n++] = (char *)(uintptr_t)options_text(compactor->options, "config");
	}
	for (uint32_t i = 0; options_nth(compactor->options, "set", i) != NULL; i++) {
		argument[n++] = "--set";
		argument[n++] = (char *)(uintptr_t)options_nth(compactor->options, "set", i);
	}
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK); /* ours blocks those that we wait for */
	posix_spawnattr_setsigmask(&attributes, &none);
	int rc = posix_spawn(&compactor->child, "/proc/self/exe", &files, &attributes, argument, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	compactor->phase = rc == 0 ? WORKS : RESTS;
	if (rc == 0)
		return;
	fprintf(stderr, "laju: no image: the compactor cannot be started: %s\n", strerror(rc));
	compactor->failed = true;
	compactor->not_before_us = now_us + RETRY_US;
	tell_node(compactor);
}

static bool
is_due(const struct compactor *compactor)
{
	struct log_figures log;
	node_log(compactor->node, &log);
	bool is_short = log.bytes > log.max_bytes / 5 * 4, unproven = compactor->images.trim_below <= compactor->images.lsn;
	if (compactor->images.lsn > 0 && is_short && unproven)
		return true; /* another one reads it, and then it can be trimmed by */
	uint64_t behind = log.durable > compactor->images.lsn ? log.durable - compactor->images.lsn : 0;
	if (behind == 0 || log.records == 0)
		return false;
	/* About as many bytes as a record has on average. */
	double bytes = (double)log.bytes / (double)log.records * (double)behind;
	double every = (double)compactor->config->image_every, most = (double)log.max_bytes / 4;
	return bytes >= (every < most ? every : most);
}

static void
begin(struct compactor *compactor, int64_t now_us)
{
	struct log_figures log;
	if (compactor->config->clock == CLOCK_WALL) {
		node_want_digest(compactor->node);
		compactor->phase = WANTS_DIGEST;
		return;
	}
	/* A record's events move log time one by one: the state between two minutes is not that of a record. */
	node_log(compactor->node, &log);
	start(compactor, log.durable, NULL, now_us);
}

static void
reap(struct compactor *compactor, int64_t now_us)
{
	int status;
	pid_t ended = waitpid(compactor->child, &status, WNOHANG);
	if (ended == 0)
		return;
	uint64_t read_by_it = compactor->images.lsn; /* one that it found wrong is not listed any more */
	compactor->phase = RESTS;
	compactor->failed = !(ended == compactor->child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	if (!compactor->failed)
		compactor->proven = read_by_it;
	tell_node(compactor);
	if (!compactor->failed)
		fprintf(stderr, "laju: image of record %" PRIu64 ", %" PRIu64 " bytes\n", compactor->images.lsn, compactor->images.bytes);
	else { /* an exit has said why */
		compactor->not_before_us = now_us + RETRY_US;
		if (ended == compactor->child && WIFSIGNALED(status))
			fprintf(stderr, "laju: no image: the compactor was ended by signal %d; it is tried again\n", WTERMSIG(status));
	}
}

void
compactor_look(struct compactor *compactor, int64_t now_us)
{
	uint64_t lsn;
	struct hash128 digest;
	if (compactor == NULL)
		return;
	switch (compactor->phase) {
	case RESTS:
		if (now_us >= compactor->not_before_us && is_due(compactor))
			begin(compactor, now_us);
		break;
	case WANTS_DIGEST:
		if (node_digest(compactor->node, &lsn, &digest))
			start(compactor, lsn, &digest, now_us);
		break;
	case WORKS:
		reap(compactor, now_us);
		break;
	}
}
