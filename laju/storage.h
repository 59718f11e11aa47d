/*
 * storage.h - what a service keeps on the disk: opened as the configuration says, and read back into the state.
 *
 * With `durability: none` there is nothing on the disk: a log that only counts, and a key of this start.
 */
#ifndef LAJU_STORAGE_H
#define LAJU_STORAGE_H
#include "aggregator/aggregator.h"
#include "journal/log.h"
#include "laju/cores.h"

struct storage {
	struct log *log;
	bool on_disk;
	bool is_quiet;  /* a recovery says only what goes wrong */
	bool is_reader; /* beside the one who writes, perhaps */
	uint64_t epoch; /* above that of every start before on this directory; the wall clock in ms where that is later */
};

/*
 * Opens or makes the log and fills config->kernel.key. False after one line on stderr. Forks: before there are
 * threads. currency and clock are part of what is in a log: another one's directory is refused.
 */
bool storage_open(struct storage *storage, struct config *config);
/* Likewise, beside a service that writes to it, or none: to read. No epoch. */
bool storage_open_to_read(struct storage *storage, struct config *config);
/*
 * Makes the cores: from the newest image that is whole and of this configuration, and the records behind it up to `until`;
 * without one from all records; *image: that image's record, 0: none. Says on stderr what it does. False after one line: then there are no cores.
 */
bool storage_recover(const struct storage *storage, const struct config *config, const struct cores_options *options,
                     uint64_t until, struct cores *cores, uint64_t *image);
void storage_close(struct storage *storage);
#endif
