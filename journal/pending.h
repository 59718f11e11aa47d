/*
 * pending.h - groups on their way through the log: appended or refused, and held until it is known which.
 *
 * Pure: no socket, no clock. Whoever owns the log owns this: the journal's thread, or a node in one thread. Groups go on
 * in the order they came, since ingest takes them back in that order: those that are durable, and those that the log
 * refused (then lsn is 0 and refusal says why).
 */
#ifndef JOURNAL_PENDING_H
#define JOURNAL_PENDING_H
#include "journal/log.h"

struct pending {
	struct log *log;
	struct group **group; /* the caller's again when pending_commit() said so; count of them */
	uint32_t count, cap;  /* bounded by what ingest has in flight */
	bool waits;           /* a commit had no room in one piece: all of it waits for some */
};

void pending_add(struct pending *pending, struct group *group);
/* True: all can be handed on, and pending_clear() forgets them. False: all is still gathered; to be tried again. */
bool pending_commit(struct pending *pending);
/* Nobody will try again: whatever is not durable is refused, and all can be handed on. */
void pending_refuse(struct pending *pending, int rc);
void pending_clear(struct pending *pending);
void pending_fini(struct pending *pending); /* not the groups */
#endif
