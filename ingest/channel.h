/*
 * channel.h - which marketing channel a visit belongs to (KPI.md section 5: GA4's
 * default channel group, first match wins, case folded).
 *
 * The source lists are data: channel_lists_default() is the shipped file, a user
 * may give another of the same form. Immutable after loading; shared by workers.
 */
#ifndef INGEST_CHANNEL_H
#define INGEST_CHANNEL_H
#include "common/slice.h"

struct channel_lists;

/* What is known about where a visit came from. n == 0: absent. */
struct channel_input {
	struct slice source, medium, campaign, ref_url, click;
};

enum { CHANNEL_LISTS_MAX = 20000, CHANNEL_ENTRY_BYTES_MAX = 253, CHANNEL_ERROR_BYTES = 160 };
enum channel_list {
	LIST_SEARCH = 0,
	LIST_SOCIAL,
	LIST_SHOPPING,
	LIST_VIDEO,
	LIST_AI,
	LIST_OWN,   /* own domains, payment and login pages: never a referral */
	LIST_OTHER, /* hosts that a broader entry would claim wrongly: mail.google.com under google.* */
	LIST_COUNT
};

struct channel_lists *channel_lists_new(void);
void channel_lists_free(struct channel_lists *lists);
/*
 * A host (has a dot: matches at label boundaries), a host under any country's suffix
 * ("google.*": google.com, www.google.co.id, not google.evil.com) or a plain name (the
 * source must be equal). Folded to lower case; an entry may stand in several lists. Of
 * two entries that match a source the longer one decides: music.youtube.com before
 * youtube.com. 0 or -E2BIG (CHANNEL_LISTS_MAX), -EINVAL.
 */
int channel_lists_add(struct channel_lists *lists, enum channel_list list, struct slice entry);
/* Names as in the lists file: search social shopping video ai own other. -1 if unknown. */
int channel_list_of(struct slice name);

/*
 * The channel's name, static: "Organic Search", "Direct", "Unassigned", ... Pure, no allocation.
 *
 * The referrer's host stands for the source when neither source nor medium is given
 * ("(none)" and "(not set)" are no medium); one of LIST_OWN counts as no referrer, and
 * an own source without a medium, or with a referral's, as no source. A gclid without
 * source implies google, an msclkid bing; other click ids imply nothing. A visit that
 * was tagged is not judged by its referrer: source x / medium y from blog.example is
 * Unassigned, as in GA4.
 */
const char *channel_of(const struct channel_lists *lists, const struct channel_input *input);
#endif
