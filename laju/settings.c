/* settings.c - every setting, one row each. Parsing, checks, help and docs/configuration.md come from here. */
#include "laju/settings.h"
#include <stddef.h>

#define AT(member) offsetof(struct config, member), sizeof(((struct config *)0)->member)
#define NOWHERE 0, 0
#define MIB (INT64_C(1) << 20)
#define DAY_MS INT64_C(86400000)

const struct setting settings[] = {
    {"data", SETTING_PATH, "./laju-data", "a directory", NULL,
     "Where the journal lives, seen from the working directory. On a local disk; for one service. Not used with "
     "`durability: none`.",
     AT(data), 0, 0},
    {"zone", SETTING_ZONE, "UTC", "a time zone name, as Asia/Jakarta", NULL,
     "The reporting zone: where local days, weeks and months begin.", AT(zone_name), 0, 0},
    {"week_start", SETTING_WORD, "monday", NULL, "monday|tuesday|wednesday|thursday|friday|saturday|sunday",
     "The first day of a week.", AT(week_start), 0, 0},
    {"currency", SETTING_CURRENCY, "IDR", "an ISO 4217 code", NULL,
     "The reporting currency. Amounts in others are converted at `rates`.", AT(currency), 0, 0},
    {"clock", SETTING_WORD, "wall", NULL, "wall|events",
     "What moves the windows: the wall clock, or the largest event time seen (history through the real sockets).",
     AT(clock), 0, 0},
    {"durability", SETTING_WORD, "sync", NULL, "sync|write|none",
     "What an ack promises (docs/durability.md). `sync`: it is on the disk. `write`: it survives the process, not a power cut. "
     "`none`: nothing is kept, a restart begins empty.",
     AT(durability), 0, 0},
    {"journal_max", SETTING_BYTES, "16GiB", "16MiB to 1024GiB", NULL,
     "What the journal may take on the disk. Records that an image has are kept for 63 days, or until there is no more "
     "room.",
     AT(journal_max), 16 * MIB, 1024 * 1024 * MIB},
    {"image_every", SETTING_BYTES, "256MiB", "1MiB to 1024GiB", NULL,
     "How much of the journal a start may have to read at most, about: when as much has come, an image of the state is made. "
     "At most a quarter of journal_max.",
     AT(image_every), MIB, 1024 * 1024 * MIB},
    {"phone_country", SETTING_PHONE, "", "a country calling code, as 62", NULL,
     "Takes a customer (`cust`) written like a phone number for one, of this country unless it names another: "
     "0812-3456 7890 and +62 812 3456 7890 are one customer.",
     AT(phone_country), 0, 0},
    {"ingest.acked", SETTING_ENDPOINT, "tcp://127.0.0.1:5550", NULL, NULL,
     "Where events are taken in and answered (ROUTER).", AT(ingest_acked), 0, 0},
    {"ingest.push", SETTING_ENDPOINT, "tcp://127.0.0.1:5549", NULL, NULL,
     "Where events are taken in without an answer (PULL).", AT(ingest_push), 0, 0},
    {"ingest.workers", SETTING_INT, "1", NULL, NULL, "Threads that decode and check events.", AT(ingest_workers), 1,
     16},
    {"publish.updates", SETTING_ENDPOINT, "tcp://127.0.0.1:5551", NULL, NULL,
     "Where changes are broadcast (XPUB).", AT(publish_updates), 0, 0},
    {"publish.snapshot", SETTING_ENDPOINT, "tcp://127.0.0.1:5552", NULL, NULL,
     "Where snapshots of the rows are asked for (ROUTER).", AT(publish_snapshot), 0, 0},
    {"publish.every_ms", SETTING_INT, "100", "10 to 60000 ms", NULL,
     "How long changes of a row are gathered before it is sent.", AT(publish_every_ms), 10, 60000},
    {"http.listen", SETTING_ADDRESS, "", "host:port", NULL, "Where the web page will be served. Not served by this version.",
     AT(http_listen), 0, 0},
    {"allow_remote", SETTING_BOOL, "false", NULL, NULL,
     "Allows endpoints that other machines can reach. There are no keys yet: whoever reaches them may use them.",
     AT(allow_remote), 0, 0},
    {"slides.r1d", SETTING_SLIDE, "1m", NULL, "1m|5m|15m|1h", "How often the last day slides. Finer costs memory.",
     AT(kernel.slide_min[WINDOW_R1D]), 0, 0},
    {"slides.r7d", SETTING_SLIDE, "15m", NULL, "1m|5m|15m|1h", "How often the last 7 days slide.",
     AT(kernel.slide_min[WINDOW_R7D]), 0, 0},
    {"slides.r30d", SETTING_SLIDE, "1h", NULL, "1m|5m|15m|1h", "How often the last 30 days slide.",
     AT(kernel.slide_min[WINDOW_R30D]), 0, 0},
    {"look_back", SETTING_DURATION, "30d", "a time up to 63d, as 30d", NULL,
     "How long before a sale its last visit or lead may be, for the sale to be attributed to it.",
     AT(kernel.look_back_ms), 1, 63 * DAY_MS},
    {"guards.series_max", SETTING_INT64, "1000000", NULL, NULL,
     "Series a rollup may have. Keys beyond it are counted together under ~other.", AT(series_max), 1, 100000000},
    {"memory_max", SETTING_BYTES, "auto", "auto, 0 for none, or 16MiB to 1024TiB", NULL,
     "Memory that the process may take. Beyond it events are refused for now (`overloaded`), until it is 5 % below. "
     "auto: three quarters of the machine's memory, or of the cgroup's limit if that is lower.",
     AT(memory_max), 16 * MIB, 1024 * MIB * MIB},
    {"shards", SETTING_INT, "1", "1", NULL, "Aggregator shards. This version runs one.", AT(shards), 1, 1},
    {"kpis", SETTING_PATH, "default", "default, or a file", NULL,
     "Measures and KPIs: the shipped ones or a file in the same form (docs/kpis.md).", AT(kpis_path), 0, 0},
    {"channels", SETTING_PATH, "default", "default, or a file", NULL,
     "Source lists of the channel rules: the shipped ones or a file in the same form (laju/channels.yaml).",
     AT(channels_path), 0, 0},
    {"targets", SETTING_PATH, "", "a file", NULL, "Targets. Not used by this version.", AT(targets_path), 0, 0},
    {"rollups", SETTING_ROLLUPS, "[all, campaign, channel, campaign+channel, team, person]",
     "all, or campaign channel source medium team person product joined by +", NULL,
     "The slices that have rows. Each costs memory and time for every event.", NOWHERE, 0, 0},
    {"rates", SETTING_RATES, "[]", "a list of {cur, from, rate}", NULL,
     "From the local day `from` on, 1 unit of `cur` is `rate` units of the reporting currency.", NOWHERE, 0, 0},
    {"alerts", SETTING_ALERTS, "[]", "a list, see below", NULL, "Threshold rules.", NOWHERE, 0, 0},
    {"feeds", SETTING_FEEDS, "{}", "{name: {expect_every: 5m}}", NULL,
     "Feeds that are stale when nothing came for twice as long as expected.", NOWHERE, 0, 0},
};
const uint32_t setting_count = sizeof(settings) / sizeof(settings[0]);
_Static_assert(sizeof(settings) / sizeof(settings[0]) <= CONFIG_SETTINGS_MAX, "config.origin is too small");

int
setting_find(struct slice name)
{
	for (uint32_t s = 0; s < setting_count; s++)
		if (slice_is(name, settings[s].name))
			return (int)s;
	return -1;
}

static void
print_words(const char *words, struct buf *out)
{
	for (const char *word = words; *word;) {
		size_t n = strcspn(word, "|");
		bool last = word[n] == '\0', next_last = !last && strchr(word + n + 1, '|') == NULL;
		buf_add(out, word, n);
		buf_printf(out, "%s", last ? "" : next_last ? " or " : ", ");
		word += n + !last;
	}
}

void
setting_print_range(const struct setting *setting, struct buf *out)
{
	if (setting->range != NULL)
		buf_printf(out, "%s", setting->range);
	else if (setting->words != NULL)
		print_words(setting->words, out);
	else if (setting->type == SETTING_INT || setting->type == SETTING_INT64)
		buf_printf(out, "%lld to %lld", (long long)setting->min, (long long)setting->max);
	else if (setting->type == SETTING_BOOL)
		buf_printf(out, "true or false");
	else
		buf_printf(out, "tcp://address:port or ipc://path");
}

/* | would end the cell. */
static void
print_cell(const char *text, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, text[i] == '|' ? "\\|" : "%c", text[i]);
}

void
config_print_settings(struct buf *out)
{
	buf_printf(out, "| setting | default | range | what it does |\n|---|---|---|---|\n");
	for (uint32_t s = 0; s < setting_count; s++) {
		struct buf range = {0};
		setting_print_range(&settings[s], &range);
		buf_printf(out, "| `%s` | %s%s%s | ", settings[s].name, settings[s].fallback[0] ? "`" : "none",
		           settings[s].fallback, settings[s].fallback[0] ? "`" : "");
		print_cell((const char *)range.data, range.len, out);
		buf_printf(out, " | ");
		print_cell(settings[s].sentence, strlen(settings[s].sentence), out);
		buf_printf(out, " |\n");
		buf_fini(&range);
	}
}
