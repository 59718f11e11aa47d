/* setting_value.c - one setting's text into struct config, and back. */
#include "laju/settings.h"
#include "laju/guess.h"
#include "laju/scalar.h"
#include <errno.h>
#include <stdio.h>

#define COMPLAIN(chosen, problems, ...) yaml_error((chosen)->file, (chosen)->node->at, problems, __VA_ARGS__)

static void *
member(const struct setting *setting, struct config *config)
{
	return (char *)config + setting->offset;
}

/* False after a problem. */
static bool
copy_into(const struct setting *setting, struct config *config, const struct chosen *chosen,
          struct config_problems *problems)
{
	struct slice text = chosen->node->text;
	if (text.n >= setting->bytes) {
		COMPLAIN(chosen, problems, "%s has at most %zu bytes", setting->name, setting->bytes - 1);
		return false;
	}
	memcpy(member(setting, config), text.p, text.n + 1u);
	return true;
}

static void
set_number(const struct setting *setting, struct config *config, const struct chosen *chosen,
           struct config_problems *problems)
{
	int64_t value;
	struct buf range = {0};
	setting_print_range(setting, &range);
	if (!scalar_int(chosen->node->text, &value))
		COMPLAIN(chosen, problems, "%s must be a whole number (%.*s), not '%s'", setting->name, (int)range.len,
		         (const char *)range.data, (const char *)chosen->node->text.p);
	else if (value < setting->min || value > setting->max)
		COMPLAIN(chosen, problems, "%s must be %.*s, not %lld%s", setting->name, (int)range.len,
		         (const char *)range.data, (long long)value,
		         strcmp(setting->name, "shards") == 0 ? ": this version runs one shard" : "");
	else if (setting->type == SETTING_INT64)
		*(int64_t *)member(setting, config) = value;
	else
		*(int *)member(setting, config) = (int)value;
	buf_fini(&range);
}

static void
set_word(const struct setting *setting, struct config *config, const struct chosen *chosen,
         struct config_problems *problems)
{
	static const int minutes[] = {1, 5, 15, 60};
	int index = scalar_word(chosen->node->text, setting->words);
	if (index >= 0) {
		*(int *)member(setting, config) = setting->type == SETTING_SLIDE ? minutes[index] : index;
		return;
	}
	struct buf range = {0};
	struct guess guess;
	setting_print_range(setting, &range);
	guess_begin(&guess, chosen->node->text);
	for (const char *word = setting->words; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL) {
		char copy[32];
		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(word, "|"), word);
		guess_offer(&guess, copy);
	}
	COMPLAIN(chosen, problems, "%s must be %.*s, not '%s'%s", setting->name, (int)range.len,
	         (const char *)range.data, (const char *)chosen->node->text.p,
	         setting->type == SETTING_SLIDE ? "" : guess_text(&guess));
	buf_fini(&range);
}

static void
set_endpoint(const struct setting *setting, struct config *config, const struct chosen *chosen,
             struct config_problems *problems)
{
	char text[ENDPOINT_MAX];
	if (chosen->node->text.n >= ENDPOINT_MAX) {
		COMPLAIN(chosen, problems, "%s has at most %d bytes", setting->name, ENDPOINT_MAX - 1);
		return;
	}
	memcpy(text, chosen->node->text.p, chosen->node->text.n + 1u);
	const char *fault = setting->type == SETTING_ENDPOINT ? endpoint_fault(text) : address_fault(text);
	if (fault != NULL)
		COMPLAIN(chosen, problems, "%s '%s': %s", setting->name, text, fault);
	else
		copy_into(setting, config, chosen, problems);
}

/* Names of the system's zones, for "did you mean": the second word of Z lines, the third of L lines. */
static void
guess_zone(struct guess *guess)
{
	FILE *names = fopen("/usr/share/zoneinfo/tzdata.zi", "re");
	char line[256], first[128], second[128];
	while (names != NULL && fgets(line, sizeof(line), names) != NULL)
		if (sscanf(line, "Z %127s", first) == 1)
			guess_offer(guess, first);
		else if (sscanf(line, "L %127s %127s", first, second) == 2)
			guess_offer(guess, second);
	if (names != NULL)
		fclose(names);
}

static void
set_zone(const struct setting *setting, struct config *config, const struct chosen *chosen,
         struct config_problems *problems)
{
	if (!copy_into(setting, config, chosen, problems))
		return;
	int error = zone_load(&config->zone, config->zone_name);
	if (error == 0)
		return;
	struct guess guess;
	guess_begin(&guess, chosen->node->text);
	guess_zone(&guess);
	if (error == -ENOENT)
		COMPLAIN(chosen, problems, "unknown time zone '%s'%s", config->zone_name, guess_text(&guess));
	else
		COMPLAIN(chosen, problems, "time zone '%s' cannot be read: %s", config->zone_name, strerror(-error));
}

static void
set_currency(const struct setting *setting, struct config *config, const struct chosen *chosen,
             struct config_problems *problems)
{
	if (money_decimals(chosen->node->text) < 0)
		COMPLAIN(chosen, problems, "unknown currency '%s'; it is three capital letters, as IDR",
		         (const char *)chosen->node->text.p);
	else
		copy_into(setting, config, chosen, problems);
}

static void
set_duration(const struct setting *setting, struct config *config, const struct chosen *chosen,
             struct config_problems *problems)
{
	int64_t ms;
	if (scalar_duration_ms(chosen->node->text, &ms) && ms >= setting->min && ms <= setting->max)
		*(int64_t *)member(setting, config) = ms;
	else
		COMPLAIN(chosen, problems, "%s must be %s, not '%s'", setting->name, setting->range,
		         (const char *)chosen->node->text.p);
}

static void
set_bytes(const struct setting *setting, struct config *config, const struct chosen *chosen,
          struct config_problems *problems)
{
	struct slice text = chosen->node->text;
	int64_t bytes = MEMORY_AUTO;
	bool loose = strcmp(setting->fallback, "auto") == 0; /* auto, or 0 for no limit */
	bool named = loose && slice_is(text, "auto");
	if (!named && (!scalar_bytes(text, &bytes) ||
	               (!(loose && bytes == 0) && (bytes < setting->min || bytes > setting->max))))
		COMPLAIN(chosen, problems, "%s must be %s, not '%s'", setting->name, setting->range,
		         (const char *)text.p);
	else
		*(int64_t *)member(setting, config) = bytes;
}

static void
set_phone(const struct setting *setting, struct config *config, const struct chosen *chosen,
          struct config_problems *problems)
{
	struct slice text = chosen->node->text;
	if (text.n == 0) /* the default: none */
		return;
	if (phone_is_country(text))
		copy_into(setting, config, chosen, problems);
	else
		COMPLAIN(chosen, problems, "%s must be %s, without + or 0 before it, not '%s'", setting->name,
		         setting->range, (const char *)text.p);
}

void
setting_set(const struct setting *setting, struct config *config, const struct chosen *chosen,
            struct config_problems *problems)
{
	if (!yaml_expect(chosen->file, chosen->node, YAML_SCALAR, setting->name, problems))
		return;
	if (chosen->node->text.n == 0 && chosen->given) {
		COMPLAIN(chosen, problems, "%s is empty", setting->name);
		return;
	}
	switch (setting->type) {
	case SETTING_INT:
	case SETTING_INT64:
		set_number(setting, config, chosen, problems);
		break;
	case SETTING_BOOL:
		if (!scalar_bool(chosen->node->text, member(setting, config)))
			COMPLAIN(chosen, problems, "%s must be true or false, not '%s'", setting->name,
			         (const char *)chosen->node->text.p);
		break;
	case SETTING_WORD:
	case SETTING_SLIDE:
		set_word(setting, config, chosen, problems);
		break;
	case SETTING_ENDPOINT:
	case SETTING_ADDRESS:
		if (chosen->node->text.n > 0) /* the default of http.listen is none */
			set_endpoint(setting, config, chosen, problems);
		break;
	case SETTING_ZONE:
		set_zone(setting, config, chosen, problems);
		break;
	case SETTING_CURRENCY:
		set_currency(setting, config, chosen, problems);
		break;
	case SETTING_DURATION:
		set_duration(setting, config, chosen, problems);
		break;
	case SETTING_BYTES:
		set_bytes(setting, config, chosen, problems);
		break;
	case SETTING_PHONE:
		set_phone(setting, config, chosen, problems);
		break;
	default:
		copy_into(setting, config, chosen, problems);
	}
}

static void
print_structure(const struct setting *setting, const struct config *config, struct buf *out)
{
	bool rollups = setting->type == SETTING_ROLLUPS, alerts = setting->type == SETTING_ALERTS;
	char duration[32];
	if (setting->type == SETTING_RATES) {
		buf_printf(out, "%u rate%s", config->rate_count, config->rate_count == 1 ? "" : "s");
		return;
	}
	uint32_t count = rollups ? config->kernel.rollup_count : alerts ? config->rule_count : config->feed_count;
	buf_printf(out, rollups || alerts ? "[" : "{");
	for (uint32_t i = 0; i < count; i++) {
		buf_printf(out, "%s", i ? ", " : "");
		if (rollups || alerts) {
			buf_printf(out, "%s", rollups ? config->kernel.rollup[i].name : config->rules[i].name);
			continue;
		}
		scalar_format_duration(config->feed[i].expect_every_ms, duration);
		buf_printf(out, "%s: {expect_every: %s}", config->feed[i].name, duration);
	}
	buf_printf(out, rollups || alerts ? "]" : "}");
}

void
setting_print(const struct setting *setting, const struct config *config, struct buf *out)
{
	const void *value = (const char *)config + setting->offset;
	struct slice word;
	char text[32];
	switch (setting->type) {
	case SETTING_INT:
		buf_printf(out, "%d", *(const int *)value);
		break;
	case SETTING_INT64:
		buf_printf(out, "%lld", (long long)*(const int64_t *)value);
		break;
	case SETTING_BOOL:
		buf_printf(out, *(const bool *)value ? "true" : "false");
		break;
	case SETTING_WORD:
		word = scalar_word_at(setting->words, *(const int *)value);
		buf_add(out, word.p, word.n);
		break;
	case SETTING_SLIDE:
		scalar_format_duration(*(const int *)value * (int64_t)60000, text);
		buf_printf(out, "%s", text);
		break;
	case SETTING_DURATION:
		scalar_format_duration(*(const int64_t *)value, text);
		buf_printf(out, "%s", text);
		break;
	case SETTING_BYTES:
		scalar_format_bytes(*(const int64_t *)value, text);
		buf_printf(out, "%s", *(const int64_t *)value == MEMORY_AUTO ? "auto" : text);
		break;
	case SETTING_ROLLUPS:
	case SETTING_RATES:
	case SETTING_ALERTS:
	case SETTING_FEEDS:
		print_structure(setting, config, out);
		break;
	default:
		buf_printf(out, "%s", (const char *)value);
	}
}
