/* storage.c - see storage.h. */
#include "laju/storage.h"
#include "common/clock.h"
#include "laju/image_file.h"
#include "laju/number.h"
#include "laju/recover.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { FACTS_BYTES = 8 };

/* What amounts and times in the log are in. */
static void
facts_of(const struct config *config, uint8_t facts[FACTS_BYTES])
{
	memset(facts, 0, FACTS_BYTES);
	memcpy(facts, config->currency, 3);
	facts[4] = (uint8_t)config->clock;
}

static const char *
clock_name(uint8_t clock)
{
	return clock == CLOCK_EVENTS ? "events" : "wall";
}

static bool
complain(const struct config *config, int rc)
{
	fprintf(stderr, "laju: %s cannot be used: %s\n", config->data,
	        rc == -EBADMSG ? "what is kept beside its records is damaged; restore it from a copy" : strerror(-rc));
	return false;
}

/*
 * The three that stand beside the records. They are put before the first record can be: a log without records
 * that lacks one was begun by a start that was cut short.
 */
static bool
get_or_put(struct storage *storage, const struct config *config, const char *name, void *bytes, uint32_t n)
{
	int rc = log_meta_get(storage->log, name, bytes, n);
	if (rc == -ENOENT && log_last(storage->log) > 0)
		rc = -EBADMSG;
	if (rc == -ENOENT)
		rc = log_meta_put(storage->log, name, bytes, n);
	return rc == 0 || complain(config, rc);
}

static bool
same_facts(const struct config *config, const uint8_t there[FACTS_BYTES])
{
	uint8_t here[FACTS_BYTES];
	facts_of(config, here);
	if (memcmp(here, there, FACTS_BYTES) == 0)
		return true;
	fprintf(stderr,
	        "laju: %s was begun with currency %.3s and clock %s, but the configuration says %s and %s: what is in it cannot be "
	        "converted; take another directory (data)\n",
	        config->data, (const char *)there, clock_name(there[4]), config->currency, clock_name((uint8_t)config->clock));
	return false;
}

/* Above every one before, also when the directory is a new one or the clock was set back. */
static bool
next_epoch(struct storage *storage, const struct config *config)
{
	uint8_t bytes[8] = {0};
	if (!get_or_put(storage, config, "epoch", bytes, sizeof(bytes)))
		return false;
	for (int i = 7; i >= 0; i--)
		storage->epoch = storage->epoch << 8 | bytes[i];
	uint64_t now = (uint64_t)clock_wall_ms();
	storage->epoch = now > storage->epoch ? now : storage->epoch + 1;
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(storage->epoch >> (8 * i));
	int rc = log_meta_put(storage->log, "epoch", bytes, sizeof(bytes));
	return rc == 0 || complain(config, rc);
}

static bool
open_directory(struct storage *storage, struct config *config, uint8_t key[HASH_KEY_BYTES])
{
	char why[LOG_WHY_BYTES];
	uint8_t facts[FACTS_BYTES];
	const struct log_options options = {
	    .map_bytes = 2 * (uint64_t)config->journal_max,
	    .journal_max = (uint64_t)config->journal_max,
	    .durability = config->durability == DURABILITY_WRITE ? LOG_WRITE : LOG_SYNC,
	};
	if (log_open(&storage->log, config->data, &options, why) < 0) {
		fprintf(stderr, "laju: %s\n", why);
		return false;
	}
	facts_of(config, facts);
	return get_or_put(storage, config, "facts", facts, sizeof(facts)) && same_facts(config, facts) &&
	       get_or_put(storage, config, "hash_key", key, HASH_KEY_BYTES) && next_epoch(storage, config);
}

bool
storage_open_to_read(struct storage *storage, struct config *config)
{
	char why[LOG_WHY_BYTES];
	uint8_t key[HASH_KEY_BYTES], facts[FACTS_BYTES];
	uint64_t lsn[IMAGES_LISTED_MAX];
	/* What an image has need not be checked again; each record is when it is read. */
	const struct log_options options = {
	    .read_only = true, .verify_from = image_list(config->data, lsn) > 0 ? lsn[0] + 1 : 0};
	*storage = (struct storage){.on_disk = true, .is_reader = true};
	if (log_open(&storage->log, config->data, &options, why) < 0) {
		fprintf(stderr, "laju: %s\n", why);
		return false;
	}
	int rc = log_meta_get(storage->log, "facts", facts, sizeof(facts));
	if (rc == 0)
		rc = log_meta_get(storage->log, "hash_key", key, sizeof(key));
	bool good = rc == 0 ? same_facts(config, facts) : complain(config, rc);
	if (good)
		hash_key_init(&config->kernel.key, key);
	else
		storage_close(storage);
	return good;
}

bool
storage_open(struct storage *storage, struct config *config)
{
	uint8_t key[HASH_KEY_BYTES];
	*storage = (struct storage){.on_disk = config->durability != DURABILITY_NONE};
	randombytes_buf(key, sizeof(key));
	if (!storage->on_disk) {
		storage->log = log_memory_new(false);
		storage->epoch = (uint64_t)clock_wall_ms();
	} else if (!open_directory(storage, config, key)) {
		storage_close(storage);
		return false;
	}
	hash_key_init(&config->kernel.key, key);
	return true;
}

void
storage_close(struct storage *storage)
{
	log_free(storage->log);
	storage->log = NULL;
}

struct recovery {
	uint64_t last;
	int64_t begin_us, told_us;
	uint64_t events;
};

static void
on_progress(void *context, uint64_t lsn, uint64_t events)
{
	struct recovery *recovery = context;
	int64_t now = clock_steady_us();
	char text[NUMBER_TEXT_MAX];
	recovery->events = events;
	if (now - recovery->told_us < 1000000)
		return;
	recovery->told_us = now;
	number_fraction((__int128)events, 1, 0, true, text);
	fprintf(stderr, "laju: recovering: %s events, %" PRIu64 " %%\n", text, lsn * 100 / recovery->last);
}

static void
passed_over(const struct config *config, uint64_t lsn, const char *why)
{
	fprintf(stderr, "laju: the image of record %" PRIu64 " in %s is not used: %s\n", lsn, config->data, why);
}

/* The newest image that can be gone on from. False: none. */
static bool
take_image(const struct storage *storage, const struct config *config, const struct cores_options *options,
           uint64_t until, struct cores *cores)
{
	uint64_t lsn[IMAGES_LISTED_MAX];
	char why[IMAGE_WHY_BYTES];
	uint32_t count = image_list(config->data, lsn);
	for (uint32_t i = 0; i < count; i++) {
		if (lsn[i] > log_durable(storage->log)) { /* else it would be believed once the journal has got that far again */
			passed_over(config, lsn[i], "the journal has lost records that are in it");
			if (!storage->is_reader)
				image_set_aside(config->data, lsn[i]);
			continue;
		}
		if (lsn[i] > until || lsn[i] + 1 < log_first(storage->log))
			continue;
		cores_new(cores, config, options);
		int rc = image_read(config->data, lsn[i], config, cores, why);
		if (rc == 0)
			return true;
		cores_free(cores);
		passed_over(config, lsn[i], why);
		if (rc == -EBADMSG) /* the journal must not be trimmed by it, nor a good one make room for it */
			image_set_aside(config->data, lsn[i]);
	}
	return false;
}

static bool
apply_journal(const struct storage *storage, uint64_t until, struct cores *cores)
{
	uint64_t from = aggregator_lsn(cores->aggregator), lsn;
	struct recovery recovery = {.last = log_durable(storage->log), .begin_us = clock_steady_us()};
	char text[NUMBER_TEXT_MAX];
	recovery.told_us = recovery.begin_us;
	int rc = recover(storage->log, cores->aggregator, until, storage->is_quiet ? NULL : on_progress, &recovery, &lsn);
	if (rc < 0) {
		fprintf(stderr, "laju: record %" PRIu64 " of the journal cannot be read: %s\n", lsn,
		        rc == -EBADMSG ? "it is damaged" : strerror(-rc));
		return false;
	}
	if (storage->is_quiet)
		return true;
	number_fraction((__int128)recovery.events, 1, 0, true, text);
	if (from > 0)
		fprintf(stderr, "laju: went on from the image of record %" PRIu64 ", and %s events behind it in %.1f s\n", from, text,
		        (double)(clock_steady_us() - recovery.begin_us) / 1e6);
	else
		fprintf(stderr, "laju: recovered %s events from the journal in %.1f s\n", text,
		        (double)(clock_steady_us() - recovery.begin_us) / 1e6);
	return true;
}

bool
storage_recover(const struct storage *storage, const struct config *config, const struct cores_options *options,
                uint64_t until, struct cores *cores, uint64_t *image)
{
	*image = 0;
	bool any = storage->on_disk && log_durable(storage->log) > 0;
	bool found = storage->on_disk && take_image(storage, config, options, until, cores);
	if (any && !found && log_first(storage->log) > 1) {
		fprintf(stderr, "laju: the journal in %s begins at record %" PRIu64 ", and no image leads there: go back to the "
		                "configuration that it was kept with, restore an image, or take another directory (data)\n",
		        config->data, log_first(storage->log));
		return false;
	}
	if (cores->aggregator == NULL)
		cores_new(cores, config, options);
	*image = aggregator_lsn(cores->aggregator);
	if (!any || apply_journal(storage, until, cores)) {
		aggregator_count_anew(cores->aggregator);
		return true;
	}
	cores_free(cores);
	return false;
}
