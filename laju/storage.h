/*
 * storage.h - what a service keeps on the disk: opened as the configuration says, and read back into the state.
 *
 * With `durability: none` there is nothing on the disk: a log that only counts, and a key of this start.
 */
#ifndef LAJU_STORAGE_H
#define LAJU_STORAGE_H
#include "aggregator/aggregator.h"
#include "journal/log.h"
#include "laju/config.h"

struct storage {
	struct log *log;
	bool on_disk;
	uint64_t epoch; /* above that of every start before on this directory; the wall clock in ms where that is later */
};

/*
 * Opens or makes the log and fills config->kernel.key. False after one line on stderr. Forks: before there are
 * threads. currency and clock are part of what is in a log: another one's directory is refused.
 */
bool storage_open(struct storage *storage, struct config *config);
/* The log's records into an aggregator that has seen none; says how far it is. False after one line on stderr. */
bool storage_recover(const struct storage *storage, struct aggregator *aggregator);
void storage_close(struct storage *storage);
#endif
