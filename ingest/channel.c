/*
 * channel.c - GA4's default channel group: an ordered list of tests, the first that
 * holds names the channel (KPI.md section 5, whose numbers stand beside them).
 */
#include "ingest/channel_match.h"

/* Everything the rules look at. */
struct visit {
	struct folded source, medium, campaign;
	unsigned lists;     /* of the source */
	bool paid, gclid, msclkid;
	bool is_referred;   /* the source is the referrer's host */
	bool is_direct;     /* nothing known, or said to be direct */
};

static bool
in(const struct visit *visit, enum channel_list list)
{
	return visit->lists >> list & 1u;
}

static bool
medium_in(const struct visit *visit, const char *const *words)
{
	for (; *words != NULL; words++)
		if (folded_is(&visit->medium, *words))
			return true;
	return false;
}

static bool
starts_with(const struct folded *folded, const char *head)
{
	size_t n = strlen(head);
	return folded->n >= n && memcmp(folded->text, head, n) == 0;
}

static bool
ends_with(const struct folded *folded, const char *tail)
{
	size_t n = strlen(tail);
	return folded->n >= n && memcmp(folded->text + folded->n - n, tail, n) == 0;
}

/* paid(medium) = ^(.*cp.*|ppc|retargeting|paid.*)$ */
static bool
is_paid(const struct folded *medium)
{
	return medium->n > 0 && (folded_has(medium, "cp") || folded_is(medium, "ppc") ||
	                         folded_is(medium, "retargeting") || starts_with(medium, "paid"));
}

/* shop(campaign) = ^(.*(([^a-df-z]|^)shop|shopping).*)$: "eshop" and "my-shop" are shops, "workshop" is none. */
static bool
is_shop(const struct folded *campaign)
{
	if (!folded_has(campaign, "shop"))
		return false;
	for (uint32_t at = 0; at + 4 <= campaign->n; at++) {
		if (memcmp(campaign->text + at, "shop", 4) != 0)
			continue;
		char before = at > 0 ? campaign->text[at - 1] : ' ';
		if (before < 'a' || before > 'z' || before == 'e')
			return true;
	}
	return folded_has(campaign, "shopping");
}

static bool
has_email(const struct folded *folded)
{
	static const char *const words[] = {"email", "e-mail", "e_mail", "e mail", "newsletter"};
	for (size_t i = 0; folded->n > 0 && i < sizeof(words) / sizeof(words[0]); i++)
		if (folded_has(folded, words[i]))
			return true;
	return false;
}

static bool
is_referral_medium(const struct visit *visit)
{
	static const char *const words[] = {"referral", "app", "link", NULL};
	return medium_in(visit, words);
}

/* Rules 2 to 7. */
static const char *
channel_paid(const struct visit *visit)
{
	static const char *const display[] = {"display", "banner", "expandable", "interstitial", "cpm", NULL};
	if (visit->paid && (in(visit, LIST_SHOPPING) || is_shop(&visit->campaign)))
		return "Paid Shopping";
	if ((visit->paid && in(visit, LIST_SEARCH)) || (visit->gclid && channel_is_brand(&visit->source, "google")) ||
	    (visit->msclkid && channel_is_brand(&visit->source, "bing")))
		return "Paid Search";
	if (visit->paid && in(visit, LIST_SOCIAL))
		return "Paid Social";
	if (visit->paid && in(visit, LIST_VIDEO))
		return "Paid Video";
	if (medium_in(visit, display)) /* after the paid classes: facebook / cpm is Paid Social */
		return "Display";
	return visit->paid ? "Paid Other" : NULL;
}

/* Rules 8 to 12. */
static const char *
channel_organic(const struct visit *visit)
{
	static const char *const social[] = {"social", "social-network", "social-media", "sm", "social network",
	                                     "social media", NULL};
	if (in(visit, LIST_SHOPPING) || is_shop(&visit->campaign))
		return "Organic Shopping";
	if (in(visit, LIST_SOCIAL) || medium_in(visit, social))
		return "Organic Social";
	if (in(visit, LIST_VIDEO) || folded_has(&visit->medium, "video"))
		return "Organic Video";
	if (in(visit, LIST_AI))
		return "AI Assistants";
	if (in(visit, LIST_SEARCH) || folded_is(&visit->medium, "organic"))
		return "Organic Search";
	return NULL;
}

/* Rules 13 to 17. */
static const char *
channel_message(const struct visit *visit)
{
	if (has_email(&visit->source) || has_email(&visit->medium))
		return "Email";
	if (folded_is(&visit->medium, "affiliate"))
		return "Affiliates";
	if (folded_is(&visit->medium, "audio"))
		return "Audio";
	if (folded_is(&visit->source, "sms") || folded_is(&visit->medium, "sms"))
		return "SMS";
	if (ends_with(&visit->medium, "push") || folded_has(&visit->medium, "mobile") ||
	    folded_has(&visit->medium, "notification") || folded_is(&visit->source, "firebase"))
		return "Mobile Push Notifications";
	return NULL;
}

/* Click ids are written kind:value; a kind without value is none. */
static bool
click_is(struct slice click, const char *kind)
{
	struct folded folded;
	size_t n = strlen(kind);
	if (click.n <= n)
		return false;
	folded_set(&folded, (struct slice){click.p, (uint32_t)n});
	return memcmp(folded.text, kind, n) == 0;
}

/* "(none)" and "(not set)" stand for an absent value. */
static void
set_or_absent(struct folded *folded, struct slice text)
{
	folded_set(folded, text);
	if (folded->n > 0 && folded->text[0] == '(' && (folded_is(folded, "(none)") || folded_is(folded, "(not set)")))
		folded->n = 0;
}

static void
source_from_referrer(struct visit *visit, const struct channel_lists *lists, struct slice ref_url)
{
	channel_host_of(ref_url, &visit->source);
	visit->lists = visit->source.n ? channel_lists_mask(lists, &visit->source) : 0;
	visit->is_referred = visit->source.n > 0;
	if (in(visit, LIST_OWN)) { /* a step inside the site, or back from the payment page */
		visit->source.n = 0;
		visit->lists = 0;
		visit->is_referred = false;
	}
}

/* Fills in the source, by whatever tells it, and its lists. */
static void
visit_source(struct visit *visit, const struct channel_lists *lists, const struct channel_input *input)
{
	visit->lists = 0;
	visit->is_referred = false;
	folded_set(&visit->source, input->source);
	if (visit->source.n == 0 && visit->gclid)
		folded_set(&visit->source, slice_of("google"));
	else if (visit->source.n == 0 && visit->msclkid)
		folded_set(&visit->source, slice_of("bing"));
	if (visit->source.n > 0)
		visit->lists = channel_lists_mask(lists, &visit->source);
	else if (visit->medium.n == 0 && input->ref_url.n > 0)
		source_from_referrer(visit, lists, input->ref_url);
}

const char *
channel_of(const struct channel_lists *lists, const struct channel_input *input)
{
	struct visit visit;
	set_or_absent(&visit.medium, input->medium);
	set_or_absent(&visit.campaign, input->campaign);
	visit.gclid = click_is(input->click, "gclid:");
	visit.msclkid = click_is(input->click, "msclkid:");
	visit_source(&visit, lists, input);
	visit.paid = is_paid(&visit.medium);
	visit.is_direct = visit.medium.n == 0 && (folded_is(&visit.source, "(direct)") ||
	                                          (visit.source.n == 0 && visit.campaign.n == 0 && input->click.n == 0));

	if (folded_has(&visit.campaign, "cross-network"))
		return "Cross-network";
	const char *channel = channel_paid(&visit);
	if (channel == NULL)
		channel = channel_organic(&visit);
	if (channel == NULL)
		channel = channel_message(&visit);
	if (channel != NULL)
		return channel;
	/* Own domains and payment pages are never a referral, also when a tag names them as the source. */
	if (in(&visit, LIST_OWN) && (visit.medium.n == 0 || is_referral_medium(&visit)))
		return "Direct";
	if (is_referral_medium(&visit) || visit.is_referred)
		return "Referral";
	return visit.is_direct ? "Direct" : "Unassigned";
}
