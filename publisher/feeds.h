/*
 * feeds.h - when each source was last heard of, for the heartbeat.
 *
 * A configured feed is listed from the start and is stale after twice its
 * expect_every; one never heard of counts from the start. Others are listed once
 * heard, without a verdict; beyond FEEDS_MAX they are counted only.
 */
#ifndef PUBLISHER_FEEDS_H
#define PUBLISHER_FEEDS_H
#include "schemas/row.h"

enum { FEEDS_MAX = 256, FEED_NAME_MAX = 255 };

struct feeds;
struct feeds *feeds_new(void);
void feeds_free(struct feeds *feeds); /* accepts NULL */
void feeds_expect(struct feeds *feeds, struct slice name, int64_t expect_every_ms);
void feeds_heard(struct feeds *feeds, struct slice name, int64_t at_ms);
/* Fills out (FEEDS_MAX places) as of now_ms, of the same clock as at_ms; returns how many. Names live as long as feeds. */
uint32_t feeds_list(struct feeds *feeds, int64_t now_ms, struct heartbeat_feed *out);
uint64_t feeds_unlisted(const struct feeds *feeds); /* hearings of feeds beyond FEEDS_MAX */
#endif
