/* test_channel.c - the channel rules: GA4's own cases, ours, and a slow model made of regular expressions. */
#include "support.h"
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#define CASES "../shared/data/open/ga4_channels/default_channel_grouping_cases.csv"
#define CATEGORIES "../shared/data/open/ga4_channels/ga4_source_categories.csv"

struct visit_case {
	const char *source, *medium, *campaign, *ref_url, *click, *channel;
};

static struct slice
text_or_none(const char *text)
{
	return text ? slice_of(text) : (struct slice){0};
}

static const char *
channel(const struct channel_lists *lists, const struct visit_case *visit)
{
	struct channel_input input = {text_or_none(visit->source), text_or_none(visit->medium),
	                              text_or_none(visit->campaign), text_or_none(visit->ref_url),
	                              text_or_none(visit->click)};
	return channel_of(lists, &input);
}

static void
check(const struct channel_lists *lists, const struct visit_case *visits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct visit_case *visit = &visits[i];
		const char *got = channel(lists, visit);
		if (strcmp(got, visit->channel) != 0)
			fail_msg("%s / %s / %s / %s / %s: %s, expected %s", visit->source, visit->medium,
			         visit->campaign, visit->ref_url, visit->click, got, visit->channel);
	}
}
#define CHECK(lists, visits) check(lists, visits, sizeof(visits) / sizeof((visits)[0]))

static int
lists_setup(void **state)
{
	*state = lists_shipped();
	return 0;
}

static int
lists_teardown(void **state)
{
	channel_lists_free(*state);
	return 0;
}

/* Row 5 says Paid Shopping for alibaba without a medium; the rule beside it asks for a paid medium: Organic Shopping. */
static void
ga4_cases_hold_with_the_shipped_lists(void **state)
{
	FILE *file = fopen(CASES, "r");
	char line[512];
	int rows = 0;
	if (file == NULL) {
		print_message("ga4_cases_hold_with_the_shipped_lists: no " CASES "\n");
		skip();
	}
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file) != NULL) {
		char *rest = line, *field[4];
		line[strcspn(line, "\r\n")] = '\0';
		for (int i = 0; i < 4; i++)
			field[i] = strsep(&rest, ",");
		assert_non_null(field[3]);
		struct visit_case visit = {field[0], field[1], field[2], NULL, NULL, field[3]};
		if (++rows == 5) {
			assert_string_equal(field[0], "alibaba");
			visit.channel = "Organic Shopping";
		}
		check(*state, &visit, 1);
	}
	fclose(file);
	assert_int_equal(rows, 30);
}

static int
category_list(const char *category, const char **organic)
{
	static const struct {
		const char *name, *organic;
		enum channel_list list;
	} rows[] = {{"SOURCE_CATEGORY_SEARCH", "Organic Search", LIST_SEARCH},
	            {"SOURCE_CATEGORY_SOCIAL", "Organic Social", LIST_SOCIAL},
	            {"SOURCE_CATEGORY_SHOPPING", "Organic Shopping", LIST_SHOPPING},
	            {"SOURCE_CATEGORY_VIDEO", "Organic Video", LIST_VIDEO}};
	for (size_t i = 0; i < 4; i++) {
		if (strcmp(rows[i].name, category) == 0) {
			*organic = rows[i].organic;
			return (int)rows[i].list;
		}
	}
	return -1;
}

/* Also that of two matching entries the longer decides: shopping.yahoo.com is no search although yahoo.com is. */
static void
each_of_googles_sources_alone_is_in_its_organic_channel(void **state)
{
	(void)state;
	char line[256], source[1000][128];
	const char *organic[1000];
	int rows = 0;
	FILE *file = fopen(CATEGORIES, "r");
	if (file == NULL) {
		print_message("each_of_googles_sources_alone_is_in_its_organic_channel: no " CATEGORIES "\n");
		skip();
	}
	struct channel_lists *lists = channel_lists_new();
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file) != NULL) {
		char *comma = strchr(line, ',');
		line[strcspn(line, "\r\n")] = '\0';
		assert_non_null(comma);
		*comma = '\0';
		int list = category_list(comma + 1, &organic[rows]);
		assert_true(list >= 0);
		assert_int_equal(channel_lists_add(lists, (enum channel_list)list, slice_of(line)), 0);
		snprintf(source[rows++], sizeof(source[0]), "%.127s", line);
	}
	fclose(file);
	assert_int_equal(rows, 819);
	for (int i = 0; i < rows; i++) {
		struct visit_case visit = {source[i], NULL, NULL, NULL, NULL, organic[i]};
		check(lists, &visit, 1);
	}
	channel_lists_free(lists);
}

static void
every_rule_in_order(void **state)
{
	static const struct visit_case visits[] = {
	    {"google", "cpc", "Summer Cross-Network 1", NULL, NULL, "Cross-network"},
	    {"shopee", "cpc", NULL, NULL, NULL, "Paid Shopping"},
	    {"foo", "ppc", "eshop-1", NULL, NULL, "Paid Shopping"},
	    {"foo", "ppc", "workshop", NULL, NULL, "Paid Other"},
	    {"foo", "ppc", "workshopping", NULL, NULL, "Paid Shopping"},
	    {"foo", "ppc", "9shop", NULL, NULL, "Paid Shopping"},
	    {"bing", "cpm", NULL, NULL, NULL, "Paid Search"},
	    {"facebook", "cpm", NULL, NULL, NULL, "Paid Social"}, /* Display comes after the paid sources */
	    {"youtube", "cpv-cp", NULL, NULL, NULL, "Paid Video"},
	    {"foo", "cpm", NULL, NULL, NULL, "Display"},
	    {"foo", "Banner", NULL, NULL, NULL, "Display"},
	    {"foo", "paid", NULL, NULL, NULL, "Paid Other"},
	    {"foo", "unpaid", NULL, NULL, NULL, "Unassigned"},
	    {"tokopedia.com", NULL, NULL, NULL, NULL, "Organic Shopping"},
	    {"foo", "sm", NULL, NULL, NULL, "Organic Social"},
	    {"foo", "Social Network", NULL, NULL, NULL, "Organic Social"},
	    {"foo", "promo-video", NULL, NULL, NULL, "Organic Video"},
	    {"chatgpt.com", NULL, NULL, NULL, NULL, "AI Assistants"},
	    {"foo", "organic", NULL, NULL, NULL, "Organic Search"},
	    {"my-newsletter-7", "foo", NULL, NULL, NULL, "Email"},
	    {"foo", "E-Mail", NULL, NULL, NULL, "Email"},
	    {"foo", "affiliate", NULL, NULL, NULL, "Affiliates"},
	    {"foo", "affiliates", NULL, NULL, NULL, "Unassigned"},
	    {"foo", "audio", NULL, NULL, NULL, "Audio"},
	    {"SMS", "foo", NULL, NULL, NULL, "SMS"},
	    {"foo", "web-push", NULL, NULL, NULL, "Mobile Push Notifications"},
	    {"foo", "pushed", NULL, NULL, NULL, "Unassigned"},
	    {"foo", "app", NULL, NULL, NULL, "Referral"},
	    {NULL, NULL, NULL, NULL, NULL, "Direct"},
	    {"(direct)", "(none)", NULL, NULL, NULL, "Direct"},
	    {"(direct)", "(not set)", NULL, "https://www.google.com/", NULL, "Direct"},
	    {"(direct)", "foo", NULL, NULL, NULL, "Unassigned"},
	    {NULL, NULL, "spring", NULL, NULL, "Unassigned"},
	    {"foo", NULL, NULL, NULL, NULL, "Unassigned"},
	};
	CHECK(*state, visits);
}

static void
hosts_match_at_label_boundaries_and_names_must_be_equal(void **state)
{
	static const struct visit_case visits[] = {
	    {"google", NULL, NULL, NULL, NULL, "Organic Search"},
	    {"GOOGLE", NULL, NULL, NULL, NULL, "Organic Search"},
	    {"www.google.co.id", NULL, NULL, NULL, NULL, "Organic Search"},
	    {"google.com", NULL, NULL, NULL, NULL, "Organic Search"},
	    {"www.google.com.", NULL, NULL, NULL, NULL, "Organic Search"},
	    {"news.google.com.au", NULL, NULL, NULL, NULL, "Organic Search"},
	    {"google ads", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"notgoogle.com", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"my.google", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"google.evil.com", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"google.com.evil.com", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"google.co.com", NULL, NULL, NULL, NULL, "Unassigned"}, /* co.com is no country's suffix */
	    {"google.community", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"bing.com.evil.id", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"gemini.google.com", NULL, NULL, NULL, NULL, "AI Assistants"},
	    {"www.facebook.com", NULL, NULL, NULL, NULL, "Organic Social"},
	    {".", NULL, NULL, NULL, NULL, "Unassigned"},
	    {"..", NULL, NULL, NULL, NULL, "Unassigned"},
	    {".com", NULL, NULL, NULL, NULL, "Unassigned"},
	};
	CHECK(*state, visits);
}

static void
referrers_host_stands_for_an_untagged_visits_source(void **state)
{
	static const struct visit_case visits[] = {
	    {NULL, NULL, NULL, "https://www.google.co.id/search?q=laju", NULL, "Organic Search"},
	    {NULL, NULL, NULL, "HTTPS://WWW.GOOGLE.CO.ID", NULL, "Organic Search"},
	    {NULL, NULL, NULL, "https://user:pw@www.google.com:8443/x", NULL, "Organic Search"},
	    {NULL, NULL, NULL, "https://google.com@blog.example/", NULL, "Referral"},
	    {NULL, NULL, NULL, "android-app://com.google.android.googlequicksearchbox/https/www.google.com", NULL,
	     "Organic Search"},
	    {NULL, NULL, NULL, "https://l.facebook.com/", "fbclid:Iw1", "Organic Social"},
	    {NULL, NULL, NULL, "https://chatgpt.com/", NULL, "AI Assistants"},
	    {NULL, NULL, NULL, "https://blog.example/?u=https://www.google.com", NULL, "Referral"},
	    {NULL, NULL, NULL, "https://mail.google.com/", NULL, "Referral"},
	    {NULL, NULL, NULL, "http://[2001:db8::1]:80/", NULL, "Referral"},
	    {NULL, NULL, "spring", "https://blog.example/", NULL, "Referral"},
	    {NULL, "(none)", NULL, "https://blog.example/", NULL, "Referral"},
	    /* own: a step inside, or back from the payment page */
	    {NULL, NULL, NULL, "https://app.midtrans.com/snap/v3", NULL, "Direct"},
	    {"app.midtrans.com", "referral", NULL, NULL, NULL, "Direct"},
	    {"midtrans.com", NULL, NULL, NULL, NULL, "Direct"},
	    {"midtrans.com", "email", NULL, NULL, NULL, "Email"},
	    /* tags win */
	    {"partner", "flyer", NULL, "https://www.google.com/", NULL, "Unassigned"},
	    {NULL, "flyer", NULL, "https://www.google.com/", NULL, "Unassigned"},
	};
	CHECK(*state, visits);
}

static void
malformed_referrers_are_ignored(void **state)
{
	static const char *const urls[] = {"www.google.com", "//www.google.com/", "https:/www.google.com", "https://",
	                                   "https:///path", "https://@/", "https://user@", "://google.com", "1http://google.com",
	                                   "https://goo gle.com/", "https://google..com/", "https://.google.com/",
	                                   "https://google.com:80x/", "https://:80/", "about:blank", "-", "http", "https:"};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct visit_case visit = {NULL, NULL, NULL, urls[i], NULL, "Direct"};
		check(*state, &visit, 1);
	}
	char url[400] = "https://";
	memset(url + 8, 'a', 300);
	struct visit_case visit = {NULL, NULL, NULL, url, NULL, "Direct"};
	check(*state, &visit, 1);
}

static void
click_ids_imply_their_search_engine(void **state)
{
	static const struct visit_case visits[] = {
	    {"google", NULL, NULL, NULL, "gclid:Cj0", "Paid Search"},
	    {"www.google.co.id", "organic", NULL, NULL, "gclid:Cj0", "Paid Search"},
	    {NULL, NULL, NULL, NULL, "GCLID:Cj0", "Paid Search"},
	    {NULL, NULL, NULL, "https://ads.example/redirect", "gclid:Cj0", "Paid Search"},
	    {"bing", NULL, NULL, NULL, "gclid:Cj0", "Organic Search"},
	    {"bing.com", NULL, NULL, NULL, "msclkid:8a", "Paid Search"},
	    {NULL, NULL, NULL, NULL, "msclkid:8a", "Paid Search"},
	    {"google", NULL, NULL, NULL, "msclkid:8a", "Organic Search"},
	    {"facebook", NULL, NULL, NULL, "fbclid:Iw", "Organic Social"},
	    {NULL, NULL, NULL, NULL, "fbclid:Iw", "Unassigned"},
	    {"google", NULL, NULL, NULL, "gclid:", "Organic Search"},
	    {"google", NULL, NULL, NULL, "gclid", "Organic Search"},
	    {"google.evil.com", NULL, NULL, NULL, "gclid:Cj0", "Unassigned"},
	};
	CHECK(*state, visits);
}

static void
entries_that_cannot_match_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "https://google.com", "google.com/x", ".com", "a..b", "b.", "*.google.com",
	                                  "goo*", ".*", "a.b:80", " google", "google ", "a@b.c", "a.*.*"};
	struct channel_lists *lists = channel_lists_new();
	char text[300];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(channel_lists_add(lists, LIST_SEARCH, slice_of(bad[i])), -EINVAL);
	memset(text, 'a', sizeof(text));
	assert_int_equal(channel_lists_add(lists, LIST_AI, (struct slice){(uint8_t *)text, 254}), -EINVAL);
	assert_int_equal(channel_lists_add(lists, LIST_AI, (struct slice){(uint8_t *)text, 253}), 0);
	assert_int_equal(channel_lists_add(lists, LIST_COUNT, slice_of("google")), -EINVAL);
	for (int i = 1; i < CHANNEL_LISTS_MAX; i++) {
		snprintf(text, sizeof(text), "host%d.example", i);
		assert_int_equal(channel_lists_add(lists, LIST_AI, slice_of(text)), 0);
	}
	assert_int_equal(channel_lists_add(lists, LIST_AI, slice_of("one.more")), -E2BIG);
	assert_int_equal(channel_lists_add(lists, LIST_SOCIAL, slice_of("host7.example")), 0); /* known: no new entry */
	struct visit_case visit = {"www.Host19999.example", NULL, NULL, NULL, NULL, "AI Assistants"};
	check(lists, &visit, 1);
	visit = (struct visit_case){"host7.example", NULL, NULL, NULL, NULL, "Organic Social"};
	check(lists, &visit, 1);
	channel_lists_free(lists);
}

static void
list_names_are_those_of_the_file(void **state)
{
	(void)state;
	assert_int_equal(channel_list_of(slice_of("search")), LIST_SEARCH);
	assert_int_equal(channel_list_of(slice_of("own")), LIST_OWN);
	assert_int_equal(channel_list_of(slice_of("other")), LIST_OTHER);
	assert_int_equal(channel_list_of(slice_of("Search")), -1);
}

/* ---- the model: KPI.md's rules as regular expressions over text, lists searched from end to end ---- */

static const struct {
	enum channel_list list;
	const char *entry;
} model_lists[] = {
    {LIST_SEARCH, "google"}, {LIST_SEARCH, "google.com"}, {LIST_SEARCH, "bing.com"}, {LIST_SOCIAL, "fb.com"},
    {LIST_SOCIAL, "plus.google.com"}, {LIST_SHOPPING, "shop.google.com"}, {LIST_VIDEO, "tube"}, {LIST_AI, "ai.bing.com"},
    {LIST_OWN, "pay.id"}, {LIST_SHOPPING, "toko"}, {LIST_VIDEO, "fb.com"},
};
enum { MODEL_LISTS = sizeof(model_lists) / sizeof(model_lists[0]) };

static bool
model_matches(const char *pattern, const char *text)
{
	regex_t regex;
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE), 0);
	bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}

/* The length of the entry that matches: 0 for none. */
static size_t
model_entry(const char *entry, const char *source)
{
	size_t n = strlen(entry), m = strlen(source);
	if (strcasecmp(entry, source) == 0)
		return n;
	if (strchr(entry, '.') == NULL || m <= n || source[m - n - 1] != '.')
		return 0;
	return strcasecmp(source + m - n, entry) == 0 ? n : 0;
}

static bool
model_in(enum channel_list list, const char *source)
{
	size_t best = 0;
	bool in = false;
	for (size_t i = 0; i < MODEL_LISTS; i++)
		if (model_entry(model_lists[i].entry, source) > best)
			best = model_entry(model_lists[i].entry, source);
	for (size_t i = 0; i < MODEL_LISTS; i++)
		in |= best > 0 && model_lists[i].list == list && model_entry(model_lists[i].entry, source) == best;
	return in;
}

static const char *
model_channel(const char *source, const char *medium, const char *campaign, const char *host, const char *click)
{
	if (model_matches("^\\((none|not set)\\)$", medium))
		medium = "";
	bool gclid = model_matches("^gclid:.", click), referred = false;
	if (*source == '\0' && gclid)
		source = "google";
	if (*source == '\0' && *medium == '\0' && *host != '\0' && !model_in(LIST_OWN, host)) {
		source = host;
		referred = true;
	}
	bool shop = model_in(LIST_SHOPPING, source) || model_matches("^(.*(([^a-df-z]|^)shop|shopping).*)$", campaign);
	bool paid = model_matches("^(.*cp.*|ppc|retargeting|paid.*)$", medium);
	bool refmed = model_matches("^(referral|app|link)$", medium);
	const struct {
		bool holds;
		const char *channel;
	} rules[] = {
	    {model_matches("cross-network", campaign), "Cross-network"},
	    {shop && paid, "Paid Shopping"},
	    {(model_in(LIST_SEARCH, source) && paid) ||
	         (gclid && model_matches("^(.*\\.)?google\\.com$|^google$", source)), "Paid Search"},
	    {model_in(LIST_SOCIAL, source) && paid, "Paid Social"},
	    {model_in(LIST_VIDEO, source) && paid, "Paid Video"},
	    {model_matches("^(display|banner|expandable|interstitial|cpm)$", medium), "Display"},
	    {paid, "Paid Other"},
	    {shop, "Organic Shopping"},
	    {model_in(LIST_SOCIAL, source) ||
	         model_matches("^(social|social-network|social-media|sm|social network|social media)$", medium), "Organic Social"},
	    {model_in(LIST_VIDEO, source) || model_matches("video", medium), "Organic Video"},
	    {model_in(LIST_AI, source), "AI Assistants"},
	    {model_in(LIST_SEARCH, source) || model_matches("^organic$", medium), "Organic Search"},
	    {model_matches("email|e-mail|e_mail|e mail|newsletter", source) ||
	         model_matches("email|e-mail|e_mail|e mail|newsletter", medium), "Email"},
	    {model_matches("^affiliate$", medium), "Affiliates"},
	    {model_matches("^audio$", medium), "Audio"},
	    {model_matches("^sms$", source) || model_matches("^sms$", medium), "SMS"},
	    {model_matches("push$|mobile|notification", medium) || model_matches("^firebase$", source),
	     "Mobile Push Notifications"},
	    {model_in(LIST_OWN, source) && (refmed || *medium == '\0'), "Direct"},
	    {refmed || referred, "Referral"},
	    {*medium == '\0' && (model_matches("^\\(direct\\)$", source) ||
	                         (*source == '\0' && *campaign == '\0' && *click == '\0')), "Direct"},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].holds)
			return rules[i].channel;
	return "Unassigned";
}

/* Up to three pieces glued together, some letters in upper case. */
static void
random_text(uint64_t *seed, const char *const *pieces, uint32_t count, char *out)
{
	out[0] = '\0';
	for (uint32_t left = random_below(seed, 4); left > 0; left--)
		strcat(out, pieces[random_below(seed, count)]);
	for (char *at = out; *at != '\0'; at++)
		if (*at >= 'a' && *at <= 'z' && random_below(seed, 8) == 0)
			*at = (char)(*at - 32);
}

static void
random_visits_agree_with_the_model(void **state)
{
	static const char *const sources[] = {"google", ".com", "plus.", "www.", "bing.com", "fb.com", "tube", "toko", "pay.id",
	                                      "ai.", "shop.", "sms", "email", "firebase", "(direct)", "x", "google.com"};
	static const char *const mediums[] = {"cp", "c", "ppc", "paid", "retargeting", "cpm", "display", "social", "-network",
	                                      " media", "sm", "video", "organic", "e-mail", "newsletter", "affiliate", "audio",
	                                      "sms", "push", "mobile", "referral", "app", "(none)", "(not set)", "banner"};
	static const char *const campaigns[] = {"shop", "shopping", "e", "d", "-", "work", "cross-network", "sho", "p", "1"};
	static const char *const hosts[] = {"google.com", "www.", "fb.com", "pay.id", "x.", "blog.example", "bing.com"};
	static const char *const clicks[] = {"gclid:", "fbclid:", "z"};
	(void)state;
	uint64_t seed = random_seed("random_visits_agree_with_the_model");
	struct channel_lists *lists = channel_lists_new();
	for (size_t i = 0; i < MODEL_LISTS; i++)
		assert_int_equal(channel_lists_add(lists, model_lists[i].list, slice_of(model_lists[i].entry)), 0);
	for (int round = 0; round < 3000; round++) {
		char source[64], medium[64], campaign[64], host[64] = "", click[64] = "", url[96] = "";
		random_text(&seed, sources, 17, source);
		random_text(&seed, mediums, 25, medium);
		random_text(&seed, campaigns, 10, campaign);
		if (random_below(&seed, 2))
			random_text(&seed, hosts, 7, host);
		if (random_below(&seed, 3) == 0)
			random_text(&seed, clicks, 3, click);
		if (host[0] != '\0' && (host[strlen(host) - 1] == '.' || strstr(host, "..") != NULL))
			host[0] = '\0';
		if (host[0] != '\0')
			snprintf(url, sizeof(url), "https://%s/", host);
		struct visit_case visit = {source, medium, campaign, url, click,
		                           model_channel(source, medium, campaign, host, click)};
		check(lists, &visit, 1);
	}
	channel_lists_free(lists);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ga4_cases_hold_with_the_shipped_lists),
	    cmocka_unit_test(each_of_googles_sources_alone_is_in_its_organic_channel),
	    cmocka_unit_test(every_rule_in_order),
	    cmocka_unit_test(hosts_match_at_label_boundaries_and_names_must_be_equal),
	    cmocka_unit_test(referrers_host_stands_for_an_untagged_visits_source),
	    cmocka_unit_test(malformed_referrers_are_ignored),
	    cmocka_unit_test(click_ids_imply_their_search_engine),
	    cmocka_unit_test(entries_that_cannot_match_are_refused),
	    cmocka_unit_test(list_names_are_those_of_the_file),
	    cmocka_unit_test(random_visits_agree_with_the_model),
	};
	return cmocka_run_group_tests(tests, lists_setup, lists_teardown);
}
