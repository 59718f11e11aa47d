/*
 * disk.h - a directory for a log, on a disk that can be made to fail.
 *
 * One at a time: what fails is a setting of the process. Nothing outlives it but a directory of a process that was killed.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H
#include "journal/log.h"

/* The k-th write or sync from now on says error, and with from_then_on all behind it; k 0: none. */
struct disk_fault {
	unsigned k;
	int error;
	bool from_then_on;
	bool part; /* half of a write is done first */
	bool done; /* all of the k-th is */
};

struct disk {
	char place[64];
};

void disk_make(struct disk *disk);
void disk_remove(struct disk *disk);
void disk_fail(const struct disk_fault *fault); /* NULL: it is well again */
/* The log in it, opened to write. */
struct log *disk_log(const struct disk *disk);
#endif
