/* cmd_compact.c - `laju compact`: an image of the state at a record of the log, by the code that a start recovers with. */
#include "common/clock.h"
#include "common/mem.h"
#include "laju/command.h"
#include "laju/image_file.h"
#include "laju/load.h"
#include "laju/storage.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { NICE = 10 };

static void
no_row(void *context, struct slice topic, struct slice row)
{
	(void)context, (void)topic, (void)row;
}

static void
no_reply(void *context, struct slice peer, struct slice reply)
{
	(void)context, (void)peer, (void)reply;
}

/* As text: 32 hexadecimal digits. */
static void
digest_text(struct hash128 digest, char text[33])
{
	snprintf(text, 33, "%016" PRIx64 "%016" PRIx64, digest.hi, digest.lo);
}

/* The live state at this record is told to be another one: whichever is wrong, an image must not take over from it. */
static bool
is_expected(struct cores *cores, const char *expected)
{
	char here[33];
	if (expected == NULL)
		return true;
	digest_text(kernel_digest(aggregator_kernel(cores->aggregator), AGGREGATOR_DIGEST_SERIES), here);
	if (strcmp(here, expected) == 0)
		return true;
	fprintf(stderr, "laju compact: the state recovered up to record %" PRIu64 " is not that of the service (digest %s, expected "
	                "%s): no image is made\n", aggregator_lsn(cores->aggregator), here, expected);
	return false;
}

/* "MS:DIGEST": the service's configuration, as it was when it started. The file may have changed since. */
static bool
is_like(const struct config *config, const char *like)
{
	char here[33];
	if (like == NULL)
		return true;
	const char *colon = strchr(like, ':');
	if (colon != NULL) {
		digest_text(kernel_fingerprint(&config->kernel, strtoll(like, NULL, 10)), here);
		if (strcmp(here, colon + 1) == 0)
			return true;
	}
	fprintf(stderr, "laju compact: the configuration is not that of the service any more: no image is made until it is restarted\n");
	return false;
}

static int
make_image(const struct config *config, const struct options *options, struct cores *cores, uint64_t durable,
           int64_t until)
{
	char why[IMAGE_WHY_BYTES];
	uint64_t lsn = aggregator_lsn(cores->aggregator);
	if (lsn == 0 || kernel_now(aggregator_kernel(cores->aggregator)) == INT64_MIN) { /* or none that moved log time */
		fprintf(stderr, "laju compact: there is no state yet\n");
		return STATUS_OK;
	}
	if (until > 0 && lsn != (uint64_t)until) {
		fprintf(stderr, "laju compact: there is no record %" PRId64 "; the last one is %" PRIu64 "\n", until, lsn);
		return STATUS_FAILED;
	}
	if (!is_expected(cores, options_text(options, "expect")))
		return STATUS_FAILED;
	if (image_write(config->data, config, cores, durable, why) < 0) {
		fprintf(stderr, "laju compact: %s\n", why);
		return STATUS_FAILED;
	}
	printf("image of record %" PRIu64 ", %" PRIu64 " bytes\n", lsn, image_bytes(config->data, lsn));
	return STATUS_OK;
}

static int
compact(struct config *config, const struct options *options)
{
	struct storage storage;
	struct cores cores = {0};
	int64_t until = 0;
	if (options_text(options, "until") != NULL && !options_number(options, "until", 1, INT64_MAX, &until))
		return STATUS_USAGE;
	if (config->durability == DURABILITY_NONE) {
		fprintf(stderr, "laju compact: durability is none: nothing is kept on the disk\n");
		return STATUS_FAILED;
	}
	if (sodium_init() < 0 || !storage_open_to_read(&storage, config))
		return STATUS_FAILED;
	storage.is_quiet = options_text(options, "child") != NULL;
	if (!is_like(config, options_text(options, "like"))) {
		storage_close(&storage);
		return STATUS_FAILED;
	}
	const struct cores_options made = {
	    .epoch = 1, .durability = durability_name(config->durability), .out = {no_row, no_reply, NULL, NULL, NULL}};
	int status = STATUS_FAILED;
	uint64_t image;
	if (storage_recover(&storage, config, &made, until > 0 ? (uint64_t)until : UINT64_MAX, &cores, &image)) {
		status = make_image(config, options, &cores, log_durable(storage.log), until);
		cores_free(&cores);
	}
	storage_close(&storage);
	return status;
}

static int
end_with(const struct options *options)
{
	int64_t parent;
	if (!options_number(options, "child", 1, INT32_MAX, &parent))
		return STATUS_USAGE;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); /* rather this one than the service */
	if (fd >= 0) {
		if (write(fd, "1000", 4) < 0)
			errno = 0; /* then not */
		close(fd);
	}
	return getppid() == parent ? STATUS_OK : STATUS_FAILED; /* it has ended meanwhile */
}

int
cmd_compact(int argc, char **argv)
{
	struct options options;
	struct config *config = mem_zalloc(1, sizeof(*config));
	int status = options_parse(&options, command_find("compact"), argc, argv);
	if (status == STATUS_OK && options.args > 0)
		status = options_wrong(&options, "takes no arguments; what is '%s'?", options.arg[0]);
	if (status == STATUS_OK && options_text(&options, "child") != NULL)
		status = end_with(&options);
	if (status == STATUS_OK) {
		if (nice(NICE) == -1)
			errno = 0; /* as nice as it may be */
		status = load_config(config, &options, NULL, 0);
		if (status == STATUS_OK)
			status = compact(config, &options);
		config_fini(config);
	}
	free(config);
	return status;
}
