/*
 * channel_match.h - inside channel: which lists a source is in, what host a referrer names.
 *
 * Pure. All texts are already folded to lower case.
 */
#ifndef INGEST_CHANNEL_MATCH_H
#define INGEST_CHANNEL_MATCH_H
#include "ingest/channel.h"

enum { CHANNEL_TEXT_MAX = 255 };

/* A folded copy; texts are cut at CHANNEL_TEXT_MAX (no event holds a longer one). */
struct folded {
	uint32_t n; /* bytes; 0: absent */
	char text[CHANNEL_TEXT_MAX + 1];
};
void folded_set(struct folded *folded, struct slice text);
bool folded_is(const struct folded *folded, const char *text);
bool folded_has(const struct folded *folded, const char *part);

/* Bit l: the source is in list l. */
unsigned channel_lists_mask(const struct channel_lists *lists, const struct folded *source);

/* The source is `brand` or one of its hosts under a country's suffix: google, google.com, ads.google.co.id. */
bool channel_is_brand(const struct folded *source, const char *brand);

/* The host of scheme://[user@]host[:port]/...; n is 0 when the URL is malformed. */
void channel_host_of(struct slice url, struct folded *host);

#endif
