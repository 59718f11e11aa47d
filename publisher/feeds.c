/* feeds.c - a short list, searched from the front: at most 256 names, asked a few times a second. */
#include "publisher/feeds.h"
#include "common/mem.h"
#include <stdlib.h>

struct feed {
	char *name;
	uint32_t name_bytes;
	int64_t expect_every_ms; /* 0: not configured */
	int64_t heard_ms;        /* INT64_MIN: never */
};

struct feeds {
	struct feed feed[FEEDS_MAX];
	uint32_t count;
	uint64_t unlisted;
	int64_t start_ms; /* of the first list; INT64_MIN before */
};

struct feeds *
feeds_new(void)
{
	struct feeds *feeds = mem_zalloc(1, sizeof(*feeds));

	feeds->start_ms = INT64_MIN;
	return feeds;
}

void
feeds_free(struct feeds *feeds)
{
	if (feeds == NULL)
		return;
	for (uint32_t i = 0; i < feeds->count; i++)
		free(feeds->feed[i].name);
	free(feeds);
}

/* NULL: it is new and there is no room. */
static struct feed *
feed_of(struct feeds *feeds, struct slice name)
{
	if (name.n > FEED_NAME_MAX)
		name.n = FEED_NAME_MAX;
	for (uint32_t i = 0; i < feeds->count; i++) {
		struct feed *feed = &feeds->feed[i];
		if (slice_equal((struct slice){(const uint8_t *)feed->name, feed->name_bytes}, name))
			return feed;
	}
	if (feeds->count == FEEDS_MAX)
		return NULL;
	struct feed *fresh = &feeds->feed[feeds->count++];
	fresh->name = mem_alloc((size_t)name.n + 1);
	if (name.n > 0)
		memcpy(fresh->name, name.p, name.n);
	fresh->name_bytes = name.n;
	fresh->heard_ms = INT64_MIN;
	return fresh;
}

void
feeds_expect(struct feeds *feeds, struct slice name, int64_t expect_every_ms)
{
	struct feed *feed = feed_of(feeds, name);

	if (feed != NULL)
		feed->expect_every_ms = expect_every_ms;
}

void
feeds_heard(struct feeds *feeds, struct slice name, int64_t at_ms)
{
	struct feed *feed = feed_of(feeds, name);

	if (feed == NULL)
		feeds->unlisted++;
	else if (at_ms > feed->heard_ms)
		feed->heard_ms = at_ms;
}

uint32_t
feeds_list(struct feeds *feeds, int64_t now_ms, struct heartbeat_feed *out)
{
	if (feeds->start_ms == INT64_MIN)
		feeds->start_ms = now_ms;
	for (uint32_t i = 0; i < feeds->count; i++) {
		const struct feed *feed = &feeds->feed[i];
		int64_t last = feed->heard_ms != INT64_MIN ? feed->heard_ms : feeds->start_ms;
		int64_t age = now_ms > last ? now_ms - last : 0; /* record time may be ahead of a clock that was set back */
		out[i].name = (struct slice){(const uint8_t *)feed->name, feed->name_bytes};
		out[i].age_ms = age;
		out[i].stale = feed->expect_every_ms > 0 && age - feed->expect_every_ms > feed->expect_every_ms;
	}
	return feeds->count;
}

uint64_t
feeds_unlisted(const struct feeds *feeds)
{
	return feeds->unlisted;
}
