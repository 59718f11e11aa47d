/* config.c - file, environment and flags into one struct config; where each value came from. */
#include "laju/config.h"
#include "laju/guess.h"
#include "common/mem.h"
#include "laju/kpi_file.h"
#include "laju/settings.h"
#include "laju/text.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { HORIZON_DAYS = 63, FUTURE_MINUTES = 5 };

/* What is only needed while loading. */
struct loader {
	struct config *config;
	struct config_problems *problems;
	struct yaml_file file;                         /* the configuration file */
	struct yaml_file fallback[CONFIG_SETTINGS_MAX]; /* defaults, as files of their own */
	struct yaml_file *override;
	uint32_t override_count;
	struct chosen chosen[CONFIG_SETTINGS_MAX];
};

static bool
is_structure(const struct setting *setting)
{
	return setting->type >= SETTING_STRUCTURES;
}

static void
choose(struct loader *l, uint32_t s, const struct yaml_file *file, const struct yaml_node *node)
{
	l->chosen[s] = (struct chosen){file, node, true};
	char *origin = l->config->origin[s];
	if (file->bare || file != &l->file) {
		snprintf(origin, CONFIG_ORIGIN_MAX, "%s", file->name);
	} else {
		const char *slash = strrchr(file->name, '/');
		snprintf(origin, CONFIG_ORIGIN_MAX, "%.80s:%u", slash ? slash + 1 : file->name, yaml_line(file, node->at));
	}
	if (!is_structure(&settings[s]))
		setting_set(&settings[s], l->config, &l->chosen[s], l->problems);
}

/* ---- the file ---- */

/* Length of the section in "publish.every_ms"; 0: none. */
static size_t
section_length(const char *name)
{
	const char *dot = strchr(name, '.');
	return dot ? (size_t)(dot - name) : 0;
}

static bool
is_section(struct slice name)
{
	for (uint32_t s = 0; s < setting_count; s++)
		if (section_length(settings[s].name) == name.n && memcmp(settings[s].name, name.p, name.n) == 0)
			return name.n > 0;
	return false;
}

/* "every_ms" at the top means publish: {every_ms: ...}; so does "publish.every_ms". */
static bool
guess_section(struct slice word, char out[96])
{
	for (uint32_t s = 0; s < setting_count; s++) {
		size_t n = section_length(settings[s].name);
		if (n == 0 || (!slice_is(word, settings[s].name + n + 1) && !slice_is(word, settings[s].name)))
			continue;
		snprintf(out, 96, ", did you mean '%.*s: {%s: ...}'?", (int)n, settings[s].name, settings[s].name + n + 1);
		return true;
	}
	return false;
}

static void
unknown_key(struct loader *l, const struct yaml_node *key)
{
	struct guess guess;
	char text[96], section[32];
	if (guess_section(key->text, text)) {
		yaml_error(&l->file, key->at, l->problems, "unknown setting '%s'%s", (const char *)key->text.p, text);
		return;
	}
	guess_begin(&guess, key->text);
	for (uint32_t s = 0; s < setting_count; s++) {
		size_t n = section_length(settings[s].name);
		snprintf(section, sizeof(section), "%.*s", (int)n, settings[s].name);
		guess_offer(&guess, n ? section : settings[s].name);
	}
	yaml_error(&l->file, key->at, l->problems, "unknown setting '%s'%s", (const char *)key->text.p,
	           guess_text(&guess));
}

static void
read_section(struct loader *l, const struct yaml_node *map)
{
	struct slice section = map->key->text;
	if (!yaml_expect(&l->file, map, YAML_MAP, (const char *)section.p, l->problems))
		return;
	for (const struct yaml_node *child = map->first; child; child = child->next) {
		struct guess guess;
		guess_begin(&guess, child->key->text);
		bool known = false;
		for (uint32_t s = 0; s < setting_count && !known; s++) {
			const char *name = settings[s].name;
			size_t n = section_length(name);
			if (n != section.n || memcmp(name, section.p, n) != 0)
				continue;
			guess_offer(&guess, name + n + 1);
			known = slice_is(child->key->text, name + n + 1);
			if (known)
				choose(l, s, &l->file, child);
		}
		if (!known)
			yaml_error(&l->file, child->key->at, l->problems, "unknown setting '%s' in %s%s",
			           (const char *)child->key->text.p, (const char *)section.p, guess_text(&guess));
	}
}

static void
read_root(struct loader *l)
{
	const struct yaml_node *root = l->file.root;
	if (root == NULL) /* an empty file: all defaults */
		return;
	if (!yaml_expect(&l->file, root, YAML_MAP, "the configuration", l->problems))
		return;
	for (const struct yaml_node *child = root->first; child; child = child->next) {
		int s = memchr(child->key->text.p, '.', child->key->text.n) ? -1 : setting_find(child->key->text);
		if (s >= 0)
			choose(l, (uint32_t)s, &l->file, child);
		else if (is_section(child->key->text))
			read_section(l, child);
		else
			unknown_key(l, child->key);
	}
}

/* ---- flags, environment, defaults ---- */

/* A structure is YAML text; a scalar is taken as it stands, so that nothing needs quoting twice. */
static void
read_override(struct loader *l, const struct config_override *override, struct yaml_file *file)
{
	struct slice name = {(const uint8_t *)override->name, (uint32_t)strcspn(override->name, "=")};
	char origin[128];
	if (override->origin != NULL)
		snprintf(origin, sizeof(origin), "%.*s", (int)strcspn(override->origin, "="), override->origin);
	else
		snprintf(origin, sizeof(origin), "--set %.*s", (int)(name.n > 64 ? 64 : name.n), (const char *)name.p);
	int s = setting_find(name);
	if (s < 0) {
		struct guess guess;
		guess_begin(&guess, name);
		for (uint32_t i = 0; i < setting_count; i++)
			guess_offer(&guess, settings[i].name);
		problem_error(l->problems, origin, "unknown setting '%.*s'%s", (int)name.n, (const char *)name.p,
		              guess_text(&guess));
		return;
	}
	struct slice value = slice_of(override->value);
	struct buf list = {0};
	if (settings[s].type == SETTING_ROLLUPS && value.n > 0 && value.p[0] != '[') { /* LAJU_ROLLUPS=all,campaign */
		buf_printf(&list, "[%s]", override->value);
		value = buf_slice(&list);
	}
	if (!is_structure(&settings[s]))
		choose(l, (uint32_t)s, file, yaml_bare(file, origin, value));
	else if (yaml_parse(file, origin, value, l->problems) && file->root != NULL)
		choose(l, (uint32_t)s, file, file->root);
	else if (file->root == NULL && value.n == 0)
		problem_error(l->problems, origin, "%s is empty", settings[s].name);
	buf_fini(&list);
}

static void
fill_default(struct loader *l, uint32_t s)
{
	const struct setting *setting = &settings[s];
	struct yaml_file *file = &l->fallback[s];
	struct slice text = slice_of(setting->fallback);
	strcpy(l->config->origin[s], "default");
	if (is_structure(setting)) {
		yaml_parse(file, "default", text, l->problems);
		l->chosen[s] = (struct chosen){file, file->root, false};
		return;
	}
	l->chosen[s] = (struct chosen){file, yaml_bare(file, "default", text), false};
	setting_set(setting, l->config, &l->chosen[s], l->problems);
}

/* ---- what needs more than one setting ---- */

static int
index_of(const char *name)
{
	int s = setting_find(slice_of(name));
	if (s < 0)
		abort(); /* a row was renamed */
	return s;
}

static const char *
endpoint_value(const struct loader *l, uint32_t s)
{
	return (const char *)l->config + settings[s].offset;
}

static void
check_endpoints(struct loader *l)
{
	for (uint32_t s = 0; s < setting_count; s++) {
		bool endpoint = settings[s].type == SETTING_ENDPOINT;
		const char *value = endpoint_value(l, s);
		if ((!endpoint && settings[s].type != SETTING_ADDRESS) || value[0] == '\0')
			continue;
		const struct chosen *chosen = &l->chosen[s];
		if (chosen->given && !l->config->allow_remote && endpoint_is_remote(value))
			yaml_error(chosen->file, chosen->node->at, l->problems,
			           "%s '%s' is open to other machines and there are no keys; 'allow_remote: true' permits it",
			           settings[s].name, value);
		for (uint32_t other = 0; endpoint && other < s; other++) {
			if (settings[other].type != SETTING_ENDPOINT || !endpoint_clash(value, endpoint_value(l, other)))
				continue;
			uint32_t blamed = chosen->given ? s : other, against = chosen->given ? other : s;
			chosen = &l->chosen[blamed];
			yaml_error(chosen->file, chosen->node->at, l->problems, "%s and %s%s use the same endpoint",
			           settings[blamed].name, settings[against].name,
			           l->chosen[against].given ? "" : " (its default)");
			break;
		}
	}
}

/* Accepted by the design, not yet by this build: said, not swallowed. */
static void
warn_unserved(struct loader *l)
{
	static const char *const names[] = {"http.listen", "targets"};
	for (size_t i = 0; i < 2; i++) {
		const struct chosen *chosen = &l->chosen[index_of(names[i])];
		if (chosen->given)
			yaml_warning(chosen->file, chosen->node->at, l->problems, "%s is not served by this version yet",
			             names[i]);
	}
}

/* path as seen from the configuration file's directory. */
static char *
path_beside(const struct loader *l, const char *path)
{
	const char *slash = l->file.name ? strrchr(l->file.name, '/') : NULL;
	int n = slash && path[0] != '/' ? (int)(slash + 1 - l->file.name) : 0;
	size_t bytes = (size_t)n + strlen(path) + 1;
	char *out = mem_alloc(bytes);
	snprintf(out, bytes, "%.*s%s", n, n ? l->file.name : "", path);
	return out;
}

static void
read_kpis(struct loader *l, int decimals)
{
	struct config *config = l->config;
	if (config->kpis_path[0] == '\0') /* wrong, and complained about */
		return;
	char *path = path_beside(l, config->kpis_path);
	bool shipped = strcmp(config->kpis_path, "default") == 0;
	bool good = shipped ? kpi_file_parse(&config->kpis, "kpis.yaml (shipped)", config_default_kpis(), decimals,
	                                     l->problems)
	                    : kpi_file_read(&config->kpis, path, decimals, l->problems);
	if (!good) /* half a set would make alerts complain about what is there */
		kpi_set_fini(&config->kpis);
	free(path);
}

static void
read_channels(struct loader *l)
{
	struct config *config = l->config;
	struct yaml_file file;
	char *path = path_beside(l, config->channels_path);
	bool shipped = strcmp(config->channels_path, "default") == 0;
	config->channels = channel_lists_new();
	file = (struct yaml_file){0};
	bool good = shipped ? yaml_parse(&file, "channels.yaml (shipped)", config_default_channels(), l->problems)
	                    : config->channels_path[0] != '\0' && yaml_read(&file, path, l->problems);
	if (good)
		config_read_channels(config, &file, l->problems);
	yaml_fini(&file);
	free(path);
}

static void
read_structures(struct loader *l)
{
	struct config *config = l->config;
	int decimals = money_decimals(slice_of(config->currency));
	if (decimals >= 0) /* else the currency was complained about */
		config->rates = money_rates_new(slice_of(config->currency));
	read_kpis(l, decimals < 0 ? 0 : decimals);
	read_channels(l);
	uint32_t errors = l->problems->errors;
	config_read_rollups(config, &l->chosen[index_of("rollups")], l->problems);
	if (l->problems->errors > errors) /* as with KPIs */
		config->kernel.rollup_count = 0;
	config_read_rates(config, &l->chosen[index_of("rates")], l->problems);
	config_read_alerts(config, &l->chosen[index_of("alerts")], l->problems);
	config_read_feeds(config, &l->chosen[index_of("feeds")], l->problems);
}

static void
fill_kernel(struct config *config)
{
	config->kernel.zone = &config->zone;
	config->kernel.kpis = &config->kpis;
	config->kernel.rates = config->rates;
	config->kernel.week_start = config->week_start;
	config->kernel.clock_events = config->clock == CLOCK_EVENTS;
	config->kernel.horizon_ms = HORIZON_DAYS * 86400000LL;
	config->kernel.future_ms = FUTURE_MINUTES * 60000LL;
	config->kernel.series_max = (uint32_t)config->series_max;
}

/* ---- the whole ---- */

static bool
finish(struct loader *l, bool parsed, const struct config_override *overrides, uint32_t count, uint32_t errors_before)
{
	if (parsed)
		read_root(l);
	l->override_count = count;
	l->override = mem_zalloc(count ? count : 1, sizeof(l->override[0]));
	for (uint32_t i = 0; i < count; i++)
		read_override(l, &overrides[i], &l->override[i]);
	for (uint32_t s = 0; s < setting_count; s++)
		if (l->chosen[s].node == NULL)
			fill_default(l, s);
	check_endpoints(l);
	warn_unserved(l);
	read_structures(l);
	fill_kernel(l->config);
	for (uint32_t s = 0; s < setting_count; s++)
		yaml_fini(&l->fallback[s]);
	for (uint32_t i = 0; i < count; i++)
		yaml_fini(&l->override[i]);
	free(l->override);
	yaml_fini(&l->file);
	problems_sort(l->problems);
	bool good = l->problems->errors == errors_before;
	free(l);
	return good;
}

static struct loader *
loader_new(struct config *config, struct config_problems *problems)
{
	struct loader *l = mem_zalloc(1, sizeof(*l));
	l->config = config;
	l->problems = problems;
	memset(config, 0, sizeof(*config));
	return l;
}

bool
config_load(struct config *config, const char *path, const struct config_override *overrides, uint32_t count,
            struct config_problems *problems)
{
	struct loader *l = loader_new(config, problems);
	uint32_t errors = problems->errors;
	bool parsed = path != NULL && yaml_read(&l->file, path, problems);
	return finish(l, parsed, overrides, count, errors);
}

bool
config_parse(struct config *config, const char *name, struct slice text, const struct config_override *overrides,
             uint32_t count, struct config_problems *problems)
{
	struct loader *l = loader_new(config, problems);
	uint32_t errors = problems->errors;
	bool parsed = yaml_parse(&l->file, name, text, problems);
	return finish(l, parsed, overrides, count, errors);
}

void
config_fini(struct config *config)
{
	for (uint32_t i = 0; i < config->rule_count; i++)
		free(config->rules[i].key);
	kpi_set_fini(&config->kpis);
	channel_lists_free(config->channels);
	money_rates_free(config->rates);
	memset(config, 0, sizeof(*config));
}

void
config_print(const struct config *config, struct buf *out)
{
	for (uint32_t s = 0; s < setting_count; s++) {
		struct buf value = {0}, line = {0};
		setting_print(&settings[s], config, &value);
		buf_printf(&line, "%s: ", settings[s].name);
		text_clean(&line, buf_slice(&value));
		buf_printf(out, "%-44.*s # ", (int)line.len, (const char *)line.data);
		text_clean(out, slice_of(config->origin[s]));
		buf_printf(out, "\n");
		buf_fini(&value);
		buf_fini(&line);
	}
}

const char *
durability_name(int durability)
{
	static const char *const names[] = {"sync", "write", "none"};
	return names[durability];
}

void
config_print_json(const struct config *config, struct buf *out)
{
	json_t *root = json_object();
	for (uint32_t s = 0; s < setting_count; s++) {
		struct buf value = {0};
		setting_print(&settings[s], config, &value);
		json_t *row = json_object();
		json_object_set_new(row, "value", json_stringn((const char *)value.data, value.len));
		json_object_set_new(row, "origin", json_string(config->origin[s]));
		json_object_set_new(root, settings[s].name, row);
		buf_fini(&value);
	}
	char *text = json_dumps(root, JSON_COMPACT);
	buf_printf(out, "%s", text);
	free(text);
	json_decref(root);
}
