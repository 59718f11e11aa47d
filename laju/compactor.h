/*
 * compactor.h - makes a running service's images: when one is due, and the child process that writes it.
 *
 * The child is `laju compact`: it reads the journal beside the service and recovers as a start does, niced, in a process
 * of its own, so that the service does not copy a page for it; it ends when the service does. Under `clock: wall` it is
 * told the digest of the live state at a record, and makes no image of a state that is another one: each image
 * is a recovery that was rehearsed. What two images have may be trimmed from the journal. Main thread.
 */
#ifndef LAJU_COMPACTOR_H
#define LAJU_COMPACTOR_H
#include "laju/command.h"
#include "laju/node.h"

struct compactor;

/* options: those of `serve`, handed on to the child. NULL: nothing is kept on the disk, there is nothing to do. */
struct compactor *compactor_new(const struct config *config, const struct options *options, struct node *node);
/* Ends the child, if there is one; its image is not there then. Accepts NULL. */
void compactor_free(struct compactor *compactor);
/* About once a second. Accepts NULL. */
void compactor_look(struct compactor *compactor, int64_t now_us);
#endif
