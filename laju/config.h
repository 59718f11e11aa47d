/*
 * config.h - the configuration: one YAML file, flags, environment, defaults.
 *
 * Every setting is one row of data in settings.c (name, default, range, unit,
 * sentence); parsing, checks, `laju check`, --help and docs/configuration.md come
 * from it. All errors are collected, each as file:line:col: message with a caret.
 * Read once at start-up; immutable afterwards.
 */
#ifndef LAJU_CONFIG_H
#define LAJU_CONFIG_H
#include "aggregator/kernel.h"
#include "aggregator/rules.h"
#include "common/buf.h"
#include "ingest/channel.h"
#include "ingest/phone.h"
#include "laju/yaml.h" /* struct config_problems */
#include "schemas/money.h"

enum {
	ENDPOINT_MAX = 240,       /* bytes, with the terminator; ipc paths are shorter (sun_path) */
	CONFIG_PATH_MAX = 4096,
	CONFIG_ORIGIN_MAX = 96,
	CONFIG_SETTINGS_MAX = 32,
	FEEDS_MAX = 64,
	RATES_MAX = 10000,
	MEMORY_AUTO = -1,
};
enum clock_mode { CLOCK_WALL = 0, CLOCK_EVENTS };
enum durability { DURABILITY_SYNC = 0, DURABILITY_WRITE, DURABILITY_NONE };

struct config {
	/* settings, one row each */
	char data[CONFIG_PATH_MAX];      /* directory, as written; unused with DURABILITY_NONE */
	char zone_name[ZONE_NAME_MAX + 1];
	int week_start;                  /* 0 = Monday */
	char currency[4];
	int clock;                       /* enum clock_mode */
	int durability;                  /* enum durability */
	int64_t journal_max;             /* bytes */
	int64_t image_every;             /* bytes of the journal */
	char ingest_acked[ENDPOINT_MAX], ingest_push[ENDPOINT_MAX];
	int ingest_workers;
	char publish_updates[ENDPOINT_MAX], publish_snapshot[ENDPOINT_MAX];
	int publish_every_ms;
	int64_t series_max;
	int64_t memory_max;              /* bytes; 0: no budget, MEMORY_AUTO: by the machine */
	char phone_country[PHONE_COUNTRY_MAX + 1]; /* "": customers stay as they are written */
	bool allow_remote;               /* non-loopback binds without keys */
	char http_listen[ENDPOINT_MAX];  /* "": none given; not served yet */
	char targets_path[CONFIG_PATH_MAX]; /* as written; not used yet */
	int shards;                      /* only 1 yet */
	char kpis_path[CONFIG_PATH_MAX], channels_path[CONFIG_PATH_MAX]; /* "default", or as written */
	/* structures */
	struct zone zone;
	struct kpi_set kpis;
	struct kernel_config kernel;     /* points into this struct; key is filled by the node */
	struct channel_lists *channels;
	struct money_rates *rates;
	struct rule rules[RULES_MAX];
	uint32_t rule_count, rate_count;
	/* feeds: {web: {expect_every: 5m}} : a feed is stale after twice that */
	uint32_t feed_count;
	struct config_feed {
		char name[64];
		int64_t expect_every_ms;
	} feed[FEEDS_MAX];
	/* where each setting comes from, by its row in settings.c: "default", "laju.yaml:3", "LAJU_ZONE", "--set zone" */
	char origin[CONFIG_SETTINGS_MAX][CONFIG_ORIGIN_MAX];
};

/*
 * name=value pairs from the environment, then from flags, e.g. "publish.every_ms=50": they
 * override the file, a later one an earlier one. A structure is written as in YAML:
 * "rollups=[all, campaign]". All pointers must live until config_load() returns.
 */
struct config_override {
	const char *name;   /* ends with its text or at '=' */
	const char *value;
	const char *origin; /* "LAJU_PUBLISH_EVERY_MS", shown up to '='; NULL: shown as "--set <name>" */
};

/*
 * path NULL: embedded defaults only. Reads the file and those it names (kpis,
 * channels; relative to the file's directory). Returns true when there were no
 * errors; config is usable only then. Call config_fini() either way. The result
 * points into itself: do not copy it.
 */
bool config_load(struct config *config, const char *path, const struct config_override *overrides, uint32_t count,
                 struct config_problems *problems);
/* The same from text; name stands for the file in problems, its directory for the files named in it. */
bool config_parse(struct config *config, const char *name, struct slice text,
                  const struct config_override *overrides, uint32_t count, struct config_problems *problems);
void config_fini(struct config *config);
/* Effective values with their origin, one a line, for `laju check`. */
void config_print(const struct config *config, struct buf *out);
/* The same as a JSON object: {name: {value, origin}}. */
void config_print_json(const struct config *config, struct buf *out);
/*
 * LAJU_* variables that name settings, as overrides; unknown ones are warnings.
 * Points into environ. max should be CONFIG_SETTINGS_MAX.
 */
uint32_t config_environment(struct config_override *out, uint32_t max, struct config_problems *problems);
/* "name=value" of a --set flag; points into text. False: no such form. */
bool config_override_parse(struct config_override *override, const char *text);
const char *durability_name(int durability); /* "sync" */
/* The shipped files, embedded: default KPIs and channel lists (YAML text). */
struct slice config_default_kpis(void);
struct slice config_default_channels(void);
/* The settings as a Markdown table, for --help and docs/configuration.md. */
void config_print_settings(struct buf *out);
#endif
