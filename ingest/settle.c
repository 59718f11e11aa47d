/* settle.c - verdicts counted, refusals listed and written to the dead letters, feeds heard of. */
#include "ingest/settle.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum {
	SEEN_SLOTS = 2 * GROUP_EVENTS_MAX, /* so the table of feeds is never more than half full */
};
_Static_assert((SEEN_SLOTS & (SEEN_SLOTS - 1)) == 0, "slots wrap");

struct settle_scratch {
	uint32_t seen[SEEN_SLOTS]; /* event + 1 whose feed it is; cleared through used */
	uint32_t used[GROUP_EVENTS_MAX];
	struct ack_reject reject[ACK_REJECTS_MAX];
	char text[ACK_REJECTS_MAX + 1][128]; /* the last one: for those not listed */
};

struct settle_scratch *
settle_scratch_new(void)
{
	return mem_zalloc(1, sizeof(struct settle_scratch));
}

void
settle_scratch_free(struct settle_scratch *scratch)
{
	free(scratch);
}

/* A broken event hid where those behind it begin: they have no bytes, and its letter holds theirs. */
static bool
is_hidden(const struct group_event *event)
{
	return event->fault == 0 && event->raw_len == 0;
}

static void
settle_refusal(struct settle_scratch *scratch, const struct ingest_config *config, const struct group *group,
               uint32_t index, const char *peer, struct ack *ack)
{
	const struct group_event *event = &group->events[index];
	const char *text = is_hidden(event) ? "it stands behind a broken event of its message"
	                                    : group_fault_text(group, index, scratch->text[ack->reject_count]);
	if (config->dead != NULL && !is_hidden(event)) {
		struct dead_letter letter = {group->time_ms, verdict_name((enum verdict)event->verdict), text, peer,
		                             group_raw(group, event)};
		config->dead(config->context, &letter);
	}
	ack->refused++;
	if (ack->reject_count < ACK_REJECTS_MAX)
		scratch->reject[ack->reject_count++] =
		    (struct ack_reject){event->index, (enum verdict)event->verdict, text};
}

void
settle_events(struct settle_scratch *scratch, const struct ingest_config *config, const struct group *group,
              const struct group_batch *batch, const char *peer, uint64_t verdicts[VERDICT_COUNT], struct ack *ack)
{
	ack->reject = scratch->reject;
	for (uint32_t i = batch->first; i < batch->first + batch->count; i++) {
		uint8_t verdict = group->events[i].verdict;
		assert(verdict < VERDICT_COUNT);
		verdicts[verdict]++;
		if (verdict == VERDICT_OK)
			ack->ok++;
		else if (verdict == VERDICT_DUPLICATE)
			ack->dup++;
		else
			settle_refusal(scratch, config, group, i, peer, ack);
	}
}

/* True the first time. hash is keyed, so feeds cannot be made to collide on purpose. */
static bool
feed_is_new(struct settle_scratch *scratch, const struct group *group, uint32_t index, struct slice feed, uint64_t hash,
            uint32_t *used)
{
	for (uint64_t at = hash;; at++) {
		uint32_t *slot = &scratch->seen[at & (SEEN_SLOTS - 1)];
		if (*slot == 0) {
			*slot = index + 1;
			scratch->used[(*used)++] = (uint32_t)(at & (SEEN_SLOTS - 1));
			return true;
		}
		if (slice_equal(group_text(group, &group->events[*slot - 1], TEXT_FEED), feed))
			return false;
	}
}

void
settle_feeds(struct settle_scratch *scratch, const struct ingest_config *config, const struct group *group)
{
	uint32_t used = 0;
	struct slice last = {0};
	for (uint32_t i = 0; i < group->event_count; i++) {
		if (group->events[i].verdict != VERDICT_OK)
			continue;
		struct slice feed = group_text(group, &group->events[i], TEXT_FEED);
		if (slice_equal(feed, last)) /* the common case: runs of one feed */
			continue;
		last = feed;
		uint64_t hash = hash_content(&config->accept.key, feed.p, feed.n);
		if (feed_is_new(scratch, group, i, feed, hash, &used))
			config->feed(config->context, feed, group->time_ms);
	}
	while (used > 0)
		scratch->seen[scratch->used[--used]] = 0;
}
