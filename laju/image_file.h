/*
 * image_file.h - images on the disk: the state at a record of the log, so that a start reads only what is behind it.
 *
 * image-<lsn> beside the log's files; two generations. One is written under another name, synced and renamed, so that
 * what bears the name is whole; a sum of each block and the digest of the totals say whether it still is. Written by a
 * compactor (laju/cmd_compact.c), read at a start. Form: image_file.md.
 */
#ifndef LAJU_IMAGE_FILE_H
#define LAJU_IMAGE_FILE_H
#include "laju/cores.h"

enum {
	IMAGE_GENERATIONS = 2,
	IMAGES_LISTED_MAX = 16,
	IMAGE_LEAVES_BYTES = 64 << 20, /* of a disk: the journal needs it more */
	IMAGE_WHY_BYTES = 400,
};

struct image_head {
	uint64_t lsn;              /* of the last record in it */
	int64_t time_ms;           /* its log time */
	struct hash128 fingerprint; /* kernel_fingerprint() */
	struct hash128 digest;     /* kernel_digest() of all series */
};

/* What is there, the newest first. How many. */
uint32_t image_list(const char *directory, uint64_t lsn[IMAGES_LISTED_MAX]);
/* Bytes; 0: it is not there. */
uint64_t image_bytes(const char *directory, uint64_t lsn);

/* Of these, those that a start of this configuration over a log that is durable up to there may take. */
uint32_t image_list_usable(const char *directory, const struct config *config, uint64_t durable,
                           uint64_t lsn[IMAGES_LISTED_MAX]);

/*
 * Makes one of the cores as they are, and removes all but the newest IMAGE_GENERATIONS of those that can be used. 0 or a
 * negative errno, and why.
 */
int image_write(const char *directory, const struct config *config, struct cores *cores, uint64_t durable,
                char why[IMAGE_WHY_BYTES]);
/* It is not to be believed, now or later: it gets a name that is no image's (image.bad). */
void image_set_aside(const char *directory, uint64_t lsn);
/* Only the head. 0; -ENOENT; -EBADMSG and why. */
int image_peek(const char *directory, uint64_t lsn, struct image_head *head, char why[IMAGE_WHY_BYTES]);
/*
 * Into new cores. All sums are checked first. 0, or -EBADMSG, -ESTALE (another configuration's: what is not told is in why)
 * or what the system said; then the cores are of no use any more, unless it is -ESTALE.
 */
int image_read(const char *directory, uint64_t lsn, const struct config *config, struct cores *cores,
               char why[IMAGE_WHY_BYTES]);
#endif
