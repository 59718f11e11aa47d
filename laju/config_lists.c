/* config_lists.c - the configuration's lists: rollups, rates, feeds, and the channel lists file. */
#include "laju/settings.h"
#include "laju/guess.h"
#include "laju/scalar.h"
#include <errno.h>
#include <stdio.h>

enum { FEED_EVERY_MIN_MS = 1000 };
static const int64_t feed_every_max_ms = 30 * 86400000LL;

#define COMPLAIN(node, ...) yaml_error(chosen->file, (node)->at, problems, __VA_ARGS__)

/* The default stands as text in its row; a value of another type was complained about. */
static bool
expect_list(const struct chosen *chosen, const char *what, struct config_problems *problems)
{
	return chosen->node != NULL && yaml_expect(chosen->file, chosen->node, YAML_LIST, what, problems);
}

/* A scalar child that is needed; NULL after a problem. */
static const struct yaml_node *
need(const struct chosen *chosen, const struct yaml_node *map, const char *key, struct config_problems *problems)
{
	const struct yaml_node *node = yaml_find(map, key);
	if (node == NULL) {
		COMPLAIN(map, "%s is missing", key);
		return NULL;
	}
	return yaml_expect(chosen->file, node, YAML_SCALAR, key, problems) ? node : NULL;
}

/* ---- rollups ---- */

uint32_t
config_rollup_mask(struct slice name, char why[160])
{
	uint32_t mask = 0;
	if (slice_is(name, "all"))
		return 0;
	for (uint32_t start = 0, end; start <= name.n; start = end + 1) {
		for (end = start; end < name.n && name.p[end] != '+'; end++)
			;
		struct slice part = {name.p + start, end - start};
		int dim = event_dim_of(part);
		if (dim >= 0 && (mask & (1u << dim)) == 0) {
			mask |= 1u << dim;
			continue;
		}
		struct guess guess;
		guess_begin(&guess, part);
		for (unsigned d = 0; d < EVENT_DIMS; d++)
			guess_offer(&guess, event_dim_name(d));
		if (start == 0 && end == name.n)
			guess_offer(&guess, "all");
		int n = part.n > 40 ? 40 : (int)part.n;
		if (dim >= 0)
			snprintf(why, 160, "dimension '%.*s' stands twice", n, (const char *)part.p);
		else if (slice_is(part, "all"))
			snprintf(why, 160, "'all' stands alone");
		else
			snprintf(why, 160, "unknown dimension '%.*s'%s", n, (const char *)part.p, guess_text(&guess));
		return UINT32_MAX;
	}
	return mask;
}

/* Dimensions in their fixed order, whatever order they were written in: one slice, one topic. */
static void
name_rollup(struct rollup *rollup)
{
	size_t n = 0;
	rollup->name[0] = '\0';
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (rollup->dims_mask & (1u << d))
			n += (size_t)snprintf(rollup->name + n, sizeof(rollup->name) - n, "%s%s", n ? "+" : "",
			                      event_dim_name(d));
	if (n == 0)
		strcpy(rollup->name, "all");
}

void
config_read_rollups(struct config *config, const struct chosen *chosen, struct config_problems *problems)
{
	struct kernel_config *kernel = &config->kernel;
	char why[160];
	if (!expect_list(chosen, "rollups", problems))
		return;
	if (chosen->node->count == 0)
		COMPLAIN(chosen->node, "rollups is empty; [all] is the least");
	for (const struct yaml_node *node = chosen->node->first; node; node = node->next) {
		if (!yaml_expect(chosen->file, node, YAML_SCALAR, "a rollup", problems))
			continue;
		uint32_t mask = config_rollup_mask(node->text, why);
		if (mask == UINT32_MAX) {
			COMPLAIN(node, "%s", why);
			continue;
		}
		bool twice = false;
		for (uint32_t r = 0; r < kernel->rollup_count; r++)
			twice |= kernel->rollup[r].dims_mask == mask;
		if (twice)
			COMPLAIN(node, "rollup '%s' is given twice", (const char *)node->text.p);
		else if (kernel->rollup_count == ROLLUPS_MAX)
			COMPLAIN(node, "more than %d rollups", ROLLUPS_MAX);
		if (twice || kernel->rollup_count == ROLLUPS_MAX)
			continue;
		struct rollup *rollup = &kernel->rollup[kernel->rollup_count++];
		rollup->dims_mask = (uint8_t)mask;
		name_rollup(rollup);
	}
}

/* ---- rates ---- */

static void
read_rate(struct config *config, const struct chosen *chosen, const struct yaml_node *map,
          struct config_problems *problems)
{
	static const char *const keys[] = {"cur", "from", "rate", NULL};
	if (!yaml_expect(chosen->file, map, YAML_MAP, "a rate", problems))
		return;
	yaml_check_keys(chosen->file, map, keys, problems);
	const struct yaml_node *cur = need(chosen, map, "cur", problems);
	const struct yaml_node *from = need(chosen, map, "from", problems);
	const struct yaml_node *rate = need(chosen, map, "rate", problems);
	int64_t day = 0, num = 0, den = 1;
	bool good = cur != NULL && from != NULL && rate != NULL;
	if (cur != NULL && money_decimals(cur->text) < 0) {
		COMPLAIN(cur, "unknown currency '%s'; it is three capital letters, as USD", (const char *)cur->text.p);
		good = false;
	} else if (cur != NULL && slice_is(cur->text, config->currency)) {
		COMPLAIN(cur, "%s is the reporting currency; it needs no rate", config->currency);
		good = false;
	}
	if (from != NULL && !scalar_day(from->text, &day)) {
		COMPLAIN(from, "from must be a day as 2026-01-31, not '%s'", (const char *)from->text.p);
		good = false;
	}
	uint32_t digits, decimals;
	if (rate != NULL && (!scalar_decimal(rate->text, &num, &den) || num <= 0)) {
		if (scalar_is_decimal(rate->text, &digits, &decimals) && digits > SCALAR_DIGITS_MAX)
			COMPLAIN(rate, "rate has %u digits; at most %d", digits, SCALAR_DIGITS_MAX);
		else
			COMPLAIN(rate, "rate must be a decimal number above 0, not '%s'", (const char *)rate->text.p);
		good = false;
	}
	if (!good || config->rates == NULL)
		return;
	int error = money_rates_add(config->rates, cur->text, day, num, den);
	if (error == -EEXIST)
		COMPLAIN(map, "%s has two rates from %s", (const char *)cur->text.p, (const char *)from->text.p);
	else if (error < 0)
		COMPLAIN(rate, "rate '%s' cannot be used: %s", (const char *)rate->text.p, strerror(-error));
	else
		config->rate_count++;
}

void
config_read_rates(struct config *config, const struct chosen *chosen, struct config_problems *problems)
{
	if (!expect_list(chosen, "rates", problems))
		return;
	if (chosen->node->count > RATES_MAX) {
		COMPLAIN(chosen->node, "more than %d rates", RATES_MAX);
		return;
	}
	for (const struct yaml_node *node = chosen->node->first; node; node = node->next)
		read_rate(config, chosen, node, problems);
}

/* ---- feeds ---- */

static void
read_feed(struct config *config, const struct chosen *chosen, const struct yaml_node *map,
          struct config_problems *problems)
{
	static const char *const keys[] = {"expect_every", NULL};
	struct slice name = map->key->text;
	struct config_feed *feed = &config->feed[config->feed_count];
	if (name.n == 0 || name.n >= sizeof(feed->name)) {
		COMPLAIN(map->key, "a feed's name has 1 to %zu bytes", sizeof(feed->name) - 1);
		return;
	}
	for (uint32_t f = 0; f < config->feed_count; f++)
		if (slice_is(name, config->feed[f].name))
			return; /* the walker has complained */
	if (!yaml_expect(chosen->file, map, YAML_MAP, "a feed", problems))
		return;
	yaml_check_keys(chosen->file, map, keys, problems);
	const struct yaml_node *every = need(chosen, map, "expect_every", problems);
	int64_t ms;
	if (every == NULL)
		return;
	if (!scalar_duration_ms(every->text, &ms) || ms < FEED_EVERY_MIN_MS || ms > feed_every_max_ms) {
		COMPLAIN(every, "expect_every must be a time from 1s to 30d, as 5m, not '%s'", (const char *)every->text.p);
		return;
	}
	memcpy(feed->name, name.p, name.n + 1u);
	feed->expect_every_ms = ms;
	config->feed_count++;
}

void
config_read_feeds(struct config *config, const struct chosen *chosen, struct config_problems *problems)
{
	if (chosen->node == NULL || !yaml_expect(chosen->file, chosen->node, YAML_MAP, "feeds", problems))
		return;
	for (const struct yaml_node *node = chosen->node->first; node; node = node->next) {
		if (config->feed_count == FEEDS_MAX) {
			COMPLAIN(node->key, "more than %d feeds", FEEDS_MAX);
			return;
		}
		read_feed(config, chosen, node, problems);
	}
}

/* ---- channel lists ---- */

static bool
read_channel_list(struct config *config, const struct yaml_file *file, const struct yaml_node *entries, int list,
                  struct config_problems *problems)
{
	if (!yaml_expect(file, entries, YAML_LIST, "a list of sources", problems))
		return true;
	for (const struct yaml_node *node = entries->first; node; node = node->next) {
		if (!yaml_expect(file, node, YAML_SCALAR, "a source", problems))
			continue;
		int error = channel_lists_add(config->channels, (enum channel_list)list, node->text);
		if (error == -E2BIG) {
			yaml_error(file, node->at, problems, "more than %d sources", CHANNEL_LISTS_MAX);
			return false;
		}
		if (error < 0)
			yaml_error(file, node->at, problems, "'%s' is neither a host nor a name", (const char *)node->text.p);
	}
	return true;
}

void
config_read_channels(struct config *config, const struct yaml_file *file, struct config_problems *problems)
{
	static const char *const keys[] = {"version", "lists", NULL};
	static const char *const names[] = {"search", "social", "shopping", "video", "ai", "own", "other", NULL};
	_Static_assert(LIST_COUNT == 7, "names of the channel lists");
	if (file->root == NULL) {
		yaml_error(file, 0, problems, "the file is empty; it needs version and lists");
		return;
	}
	if (!yaml_expect(file, file->root, YAML_MAP, "the file", problems))
		return;
	yaml_check_keys(file, file->root, keys, problems);
	for (const char *const *key = keys; *key; key++)
		if (yaml_find(file->root, *key) == NULL)
			yaml_error(file, file->root->at, problems, "%s is missing", *key);
	const struct yaml_node *version = yaml_find(file->root, "version"), *lists = yaml_find(file->root, "lists");
	if (version != NULL && (version->kind != YAML_SCALAR || !slice_is(version->text, "1")))
		yaml_error(file, version->at, problems, "version must be 1");
	if (lists == NULL || !yaml_expect(file, lists, YAML_MAP, "lists", problems))
		return;
	yaml_check_keys(file, lists, names, problems);
	for (const struct yaml_node *node = lists->first; node; node = node->next) {
		int list = channel_list_of(node->key->text);
		if (list >= 0 && !read_channel_list(config, file, node, list, problems))
			return;
	}
}
