/*
 * settings.h - the settings as rows of data, and how one is read and shown.
 *
 * Internal to the configuration (config.c, settings.c, config_*.c).
 */
#ifndef LAJU_SETTINGS_H
#define LAJU_SETTINGS_H
#include "laju/config.h"

enum setting_type {
	SETTING_PATH = 0,
	SETTING_INT,       /* int, min..max */
	SETTING_INT64,
	SETTING_BOOL,
	SETTING_WORD,      /* int: index in words */
	SETTING_SLIDE,     /* int: minutes */
	SETTING_ENDPOINT,  /* tcp:// or ipc:// */
	SETTING_ADDRESS,   /* host:port */
	SETTING_ZONE,
	SETTING_CURRENCY,
	SETTING_DURATION,  /* int64_t ms, min..max */
	SETTING_BYTES,     /* int64_t, min..max; 0 or MEMORY_AUTO as well where auto is the default */
	SETTING_PHONE,     /* a country calling code */
	SETTING_STRUCTURES, /* from here on: lists and maps, read after all of the above */
	SETTING_ROLLUPS = SETTING_STRUCTURES,
	SETTING_RATES,
	SETTING_ALERTS,
	SETTING_FEEDS,
};

struct setting {
	const char *name;      /* "publish.every_ms": every_ms in the section publish */
	enum setting_type type;
	const char *fallback;  /* the default as it would be written; "": none */
	const char *range;     /* for people; from min, max or words when NULL */
	const char *words;     /* SETTING_WORD: a|b|c */
	const char *sentence;
	size_t offset, bytes;  /* in struct config */
	int64_t min, max;
};

extern const struct setting settings[];
extern const uint32_t setting_count;

/* What stands in the configuration for a setting. */
struct chosen {
	const struct yaml_file *file;
	const struct yaml_node *node;
	bool given; /* not the default */
};

/* -1 if unknown. */
int setting_find(struct slice name);
/* Reads a scalar; complains at its place. */
void setting_set(const struct setting *setting, struct config *config, const struct chosen *chosen,
                 struct config_problems *problems);
/* The effective value, as it would be written. Appends. */
void setting_print(const struct setting *setting, const struct config *config, struct buf *out);
/* "10 to 60000", "wall or events", ... Appends. */
void setting_print_range(const struct setting *setting, struct buf *out);

/* endpoint.c: NULL when it is good, else what is wrong with it. */
const char *endpoint_fault(const char *endpoint);
/* "host:port" of an HTTP listener. */
const char *address_fault(const char *address);
/* Reachable from other machines. endpoint or address; only for good ones. */
bool endpoint_is_remote(const char *endpoint);
/* Both cannot be bound. */
bool endpoint_clash(const char *a, const char *b);

/* config_lists.c. Each takes the chosen node and fills its part of config; scalars are read already. */
void config_read_rollups(struct config *config, const struct chosen *chosen, struct config_problems *problems);
void config_read_rates(struct config *config, const struct chosen *chosen, struct config_problems *problems);
void config_read_feeds(struct config *config, const struct chosen *chosen, struct config_problems *problems);
/* The lists file of `channels`; text parsed as file. */
void config_read_channels(struct config *config, const struct yaml_file *file, struct config_problems *problems);
/* "campaign+channel" -> bits; UINT32_MAX: not of that form, why says so. */
uint32_t config_rollup_mask(struct slice name, char why[160]);
/* config_alerts.c. KPIs and rollups are read already. */
void config_read_alerts(struct config *config, const struct chosen *chosen, struct config_problems *problems);
#endif
