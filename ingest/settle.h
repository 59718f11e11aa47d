/*
 * settle.h - inside ingest: what became of a group's events, told to everyone who asked.
 */
#ifndef INGEST_SETTLE_H
#define INGEST_SETTLE_H
#include "ingest/ingest.h"

/* Working memory that is kept between groups. */
struct settle_scratch;
struct settle_scratch *settle_scratch_new(void);
void settle_scratch_free(struct settle_scratch *scratch); /* accepts NULL */

/*
 * Counts the batch's verdicts into verdicts and ack, lists its refusals in ack (valid
 * until the next call) and writes them to the dead letters.
 */
void settle_events(struct settle_scratch *scratch, const struct ingest_config *config, const struct group *group,
                   const struct group_batch *batch, const char *peer, uint64_t verdicts[VERDICT_COUNT],
                   struct ack *ack);
/* config->feed() once for each feed with an accepted event. */
void settle_feeds(struct settle_scratch *scratch, const struct ingest_config *config, const struct group *group);

#endif
