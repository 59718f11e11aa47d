/* command.c - the table of commands, help texts from it, and the parser over its rows. */
#include "laju/command.h"
#include "laju/guess.h"
#include "laju/text.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { HELP_WIDTH = 100 };

#define OPTION_CONFIG {"config", 'c', "FILE", NULL, "configuration file (endpoints are read from it)"}
#define OPTION_TIMEOUT {"timeout", 0, "TIME", "10s", "give up when the server cannot be reached for this long"}
#define OPTION_SNAPSHOT {"snapshot", 0, "ENDPOINT", NULL, "the server's snapshot port (publish.snapshot)"}
#define OPTION_UPDATES {"updates", 0, "ENDPOINT", NULL, "the server's update port (publish.updates)"}
#define OPTION_ACKED {"acked", 0, "ENDPOINT", NULL, "the server's acked port (ingest.acked)"}

#define OPTIONS_VIEW \
    {"output", 'o', "FORM", "table", "table, json or csv"}, \
    {"kpi", 'k', "NAME,...", NULL, "only these KPIs, in this order"}, \
    {"measures", 'm', NULL, NULL, "the raw measures instead of the KPIs"}, \
    {"prev", 'p', NULL, NULL, "the window before beside each row"}, \
    {"verbose", 'v', NULL, NULL, "bounds of the windows, and why a KPI has no value"}

static const struct option_row serve_options[] = {
    {"config", 'c', "FILE", NULL, "configuration file; without one everything has a default"},
    {"set", 0, "NAME=VALUE", NULL, "override one setting, e.g. --set publish.every_ms=50; may be repeated"},
};
static const struct option_row compact_options[] = {
    {"config", 'c', "FILE", NULL, "configuration file; without one everything has a default"},
    {"set", 0, "NAME=VALUE", NULL, "override one setting; may be repeated"},
    {"until", 0, "RECORD", NULL, "the state at this record of the log; without it at the last one"},
    {"expect", 0, "DIGEST", NULL, "make no image unless the state has this digest (what a service asks for)"},
    {"like", 0, "MS:DIGEST", NULL, "make no image unless the configuration has this digest (what a service asks for)"},
    {"child", 0, "PROCESS", NULL, "end with this process, which must be the one that started it"},
};
static const struct option_row demo_options[] = {
    {"config", 'c', "FILE", NULL, "configuration file; its data directory is not used"},
    {"set", 0, "NAME=VALUE", NULL, "override one setting; may be repeated"},
};
static const struct option_row check_options[] = {
    {"output", 'o', "FORM", "text", "text, or json: problems and effective settings in one object"},
    {"config", 'c', "FILE", NULL, "the file to check (or give it as the argument)"},
    {"set", 0, "NAME=VALUE", NULL, "override one setting; may be repeated"},
};
static const struct option_row replay_options[] = {
    {"at", 0, "T,T...", NULL, "instants to show rows at: RFC 3339 texts or Unix ms"},
    {"select", 0, "PATTERN", "*", "rows to show: WINDOW/ROLLUP/KEY with * and ?"},
    OPTIONS_VIEW,
    {"config", 'c', "FILE", NULL, "configuration file"},
    {"set", 0, "NAME=VALUE", NULL, "override one setting; may be repeated"},
};
static const struct option_row send_options[] = {
    {"batch", 0, "N", "256", "events a message, 1 to 5000"},
    {"in-flight", 0, "N", NULL,
     "batches sent and not yet answered; default what the server grants, or 1 (strict order) with --until"},
    {"until", 0, "T", NULL, "end with a tick at T (RFC 3339 or Unix ms): moves the time of a server under clock: events"},
    {"push", 0, NULL, NULL, "fire and forget on the push port: faster, unanswered"},
    {"msgpack", 0, NULL, NULL, "input is a stream of MessagePack maps (otherwise told from its first byte)"},
    {"quiet", 'q', NULL, NULL, "no progress, no summary unless something was refused"},
    OPTION_CONFIG,
    OPTION_ACKED,
    {"push-port", 0, "ENDPOINT", NULL, "the server's push port (ingest.push)"},
    OPTION_UPDATES,
    OPTION_TIMEOUT,
    {"resend", 0, "TIME", "10s", "send a batch again that was not answered for this long"},
};
static const struct option_row query_options[] = {
    OPTIONS_VIEW,
    {"wait-lsn", 0, "N", NULL, "answer once the rows hold this log position (lsn of an ack)"},
    OPTION_CONFIG,
    OPTION_SNAPSHOT,
    OPTION_UPDATES,
    OPTION_TIMEOUT,
};
static const struct option_row top_options[] = {
    {"once", '1', NULL, NULL, "print once and exit"},
    {"output", 'o', "FORM", "table", "table, or json: one object a row and change"},
    OPTION_CONFIG,
    OPTION_SNAPSHOT,
    OPTION_UPDATES,
    OPTION_TIMEOUT,
};
static const struct option_row dlq_options[] = {
    {"code", 0, "CODE", NULL, "only those refused for this reason, e.g. bad_amount"},
    {"output", 'o', "FORM", "table", "table or json"},
    OPTION_CONFIG,
    OPTION_SNAPSHOT,
    OPTION_ACKED,
    OPTION_TIMEOUT,
};

static const struct option_row status_options[] = {
    {"memory", 'm', NULL, NULL, "what each table of the server holds and takes"},
    {"output", 'o', "FORM", "table", "table or json"},
    OPTION_CONFIG,
    OPTION_SNAPSHOT,
    OPTION_TIMEOUT,
};
static const struct option_row clock_options[] = {
    OPTION_CONFIG,
    OPTION_SNAPSHOT,
    OPTION_TIMEOUT,
};
static const struct option_row explain_options[] = {
    {"event", 0, "ID", NULL, "one event instead of a KPI: what became of it, and why"},
    {"cust", 0, "CUST", NULL, "its cust: an id is its customer's"},
    {"output", 'o', "FORM", "text", "text or json"},
    {"config", 'c', "FILE", NULL, "configuration file (it names the file of KPIs, and the endpoints)"},
    {"set", 0, "NAME=VALUE", NULL, "override one setting, e.g. --set kpis=my-kpis.yaml; may be repeated"},
    OPTION_SNAPSHOT,
    OPTION_TIMEOUT,
};

#define OPTIONS(rows) rows, sizeof(rows) / sizeof((rows)[0])

static const struct command commands[] = {
    {"serve", NULL, "run the service: take events in, keep the windows, publish every change",
     "SIGTERM drains and exits 0. SIGHUP checks the configuration; changes take effect at the next start.\n",
     OPTIONS(serve_options), cmd_serve},
    {"demo", NULL, "the service on a temporary directory with a made-up live feed, marked DEMO", NULL,
     OPTIONS(demo_options), cmd_demo},
    {"check", "[FILE]", "check a configuration: every error with its place, then the effective settings", NULL,
     OPTIONS(check_options), cmd_check},
    {"send", "FILE... | -", "send events (NDJSON or MessagePack) over the acked port",
     "Keys of an event: docs of schemas/event. ts may be an RFC 3339 text, amt a decimal text with cur.\n"
     "Exit status 5: some were refused; each is listed with its place and reason.\n"
     "Example: laju send --until 2026-12-01T00:00:00+07:00 november.ndjson\n",
     OPTIONS(send_options), cmd_send},
    {"query", "PATTERN", "rows as they are now, by the snapshot protocol",
     "PATTERN is WINDOW/ROLLUP/KEY with * and ?; what is left out at the end is *.\n"
     "Windows: r1d r7d r30d (rolling), d w m (local day, week, month).\n"
     "Example: laju query 'r30d/campaign/*' -k revenue,cpl -o csv\n",
     OPTIONS(query_options), cmd_query},
    {"top", "[PATTERN]", "the terminal display: KPIs now and against the period before, alerts, feeds",
     "Without PATTERN: today (d/all/all) and today's campaigns. With one: its rows, as for query.\n"
     "On a terminal: q quits. Piped: a block of text for each change, at most one a second.\n",
     OPTIONS(top_options), cmd_top},
    {"replay", "FILE...", "the same kernel offline on a virtual clock: rows at the given instants", NULL,
     OPTIONS(replay_options), cmd_replay},
    {"dlq", "list | replay", "refused events: list them, or send them again",
     "replay prints the new verdict of each. Dead letters stay listed; those refused again are listed twice.\n",
     OPTIONS(dlq_options), cmd_dlq},
    {"status", NULL, "how a server is: its log, events by verdict, what it holds, memory",
     "The figures are at most a second old. With -o json all of them, with the names of docs of schemas/info.\n",
     OPTIONS(status_options), cmd_status},
    {"explain", "KPI [ROW] | --event ID",
     "what a KPI means, and how a row's value comes about; or what became of an event",
     "Without ROW no server is needed. ROW is WINDOW/ROLLUP/KEY as for query, * and ? included.\n"
     "Examples: laju explain roi\n"
     "          laju explain roi r30d/campaign/spring\n"
     "          laju explain --event o-1001 --cust c-77\n",
     OPTIONS(explain_options), cmd_explain},
    {"clock", "confirm", "accept a wall clock that jumped (alarm clock_jump), as it is now",
     "Until then the service goes on with the time that it had. Set a clock that is wrong right instead:\n"
     "what expires by a confirmed time is gone for good.\n",
     OPTIONS(clock_options), cmd_clock},
    {"compact", NULL, "make an image of the state, so that a start reads only the journal behind it",
     "A service does it by itself (image_every); by hand it may run beside one, or without one. It takes the memory of a\n"
     "second service while it runs.\n",
     OPTIONS(compact_options), cmd_compact},
};

const struct command *
command_table(uint32_t *count)
{
	*count = sizeof(commands) / sizeof(commands[0]);
	return commands;
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void
option_left(const struct option_row *row, struct buf *out)
{
	if (row->letter)
		buf_printf(out, "  -%c, --%s", row->letter, row->name);
	else
		buf_printf(out, "      --%s", row->name);
	if (row->value)
		buf_printf(out, " %s", row->value);
}

/* Appends words, broken at HELP_WIDTH, further lines indented. */
static void
wrap(struct buf *out, const char *text, size_t indent)
{
	size_t column = indent;
	while (*text) {
		size_t word = strcspn(text, " ");
		if (column > indent && column + 1 + word > HELP_WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_add(out, " ", 1);
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word + strspn(text + word, " ");
	}
	buf_add(out, "\n", 1);
}

static const struct option_row help_row = {"help", 'h', NULL, NULL, "this text"};

static size_t
options_width(const struct command *command)
{
	size_t width = 12;
	struct buf left = {0};
	for (uint32_t i = 0; i < command->options; i++) {
		left.len = 0;
		option_left(&command->option[i], &left);
		width = left.len > width ? left.len : width;
	}
	buf_fini(&left);
	return width;
}

static void
option_help(const struct option_row *row, size_t width, struct buf *out)
{
	struct buf text = {0};
	size_t start = out->len;
	option_left(row, out);
	buf_printf(out, "%*s", (int)(start + width + 2 - out->len), "");
	buf_printf(&text, "%s", row->sentence);
	if (row->fallback)
		buf_printf(&text, " (default %s)", row->fallback);
	buf_add(&text, "", 1);
	wrap(out, (const char *)text.data, width + 2);
	buf_fini(&text);
}

void
command_help(const struct command *command, struct buf *out)
{
	size_t width = options_width(command);
	buf_printf(out, "laju %s - %s\n\nUsage: laju %s%s%s%s\n\nOptions:\n", command->name, command->sentence,
	           command->name, command->options ? " [OPTIONS]" : "", command->args ? " " : "",
	           command->args ? command->args : "");
	for (uint32_t i = 0; i < command->options; i++)
		option_help(&command->option[i], width, out);
	option_help(&help_row, width, out);
	if (command->more)
		buf_printf(out, "\n%s", command->more);
}

static const char exit_text[] = "Exit status: 0 ok, 1 runtime error, 2 usage, 3 configuration invalid, "
				"4 cannot reach the server,\n5 input partly refused. Data goes to stdout, words to stderr.\n";

void
command_overview(const struct command *table, uint32_t count, struct buf *out)
{
	buf_printf(out, "laju %s - live marketing KPIs from a stream of events\n\nUsage: laju COMMAND [ARGS]\n\n",
	           LAJU_VERSION);
	for (uint32_t i = 0; i < count; i++) {
		buf_printf(out, "  %-8s ", table[i].name);
		wrap(out, table[i].sentence, 11);
	}
	buf_printf(out,
	           "\n'laju COMMAND --help' tells its options; 'laju --version' the version.\n"
	           "Settings: flags, then LAJU_* of the environment, then the configuration file, then defaults.\n%s",
	           exit_text);
}

/* A table cell must not be ended by a | of ours. */
static void
markdown_cell(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, *text == '|' ? "\\|" : "%c", *text);
}

void
command_markdown(const struct command *table, uint32_t count, struct buf *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct command *command = &table[i];
		buf_printf(out, "## laju %s\n\n`laju %s%s%s%s`: %s.\n\n| option | meaning | default |\n|---|---|---|\n",
		           command->name, command->name, command->options ? " [OPTIONS]" : "", command->args ? " " : "",
		           command->args ? command->args : "", command->sentence);
		for (uint32_t o = 0; o < command->options; o++) {
			const struct option_row *row = &command->option[o];
			buf_printf(out, "| `");
			if (row->letter)
				buf_printf(out, "-%c`, `", row->letter);
			buf_printf(out, "--%s%s%s` | ", row->name, row->value ? " " : "", row->value ? row->value : "");
			markdown_cell(out, row->sentence);
			buf_printf(out, " | %s |\n", row->fallback ? row->fallback : "");
		}
		if (command->more)
			buf_printf(out, "\n```\n%s```\n", command->more);
		buf_printf(out, "\n");
	}
	buf_printf(out, "%s", exit_text);
}

static const struct option_row *
row_of_name(const struct command *command, const char *name, size_t n)
{
	for (uint32_t i = 0; i < command->options; i++)
		if (strlen(command->option[i].name) == n && memcmp(command->option[i].name, name, n) == 0)
			return &command->option[i];
	return NULL;
}

static const struct option_row *
row_of_letter(const struct command *command, char letter)
{
	for (uint32_t i = 0; i < command->options; i++)
		if (command->option[i].letter == letter)
			return &command->option[i];
	return NULL;
}

int
options_wrong(const struct options *options, const char *format, ...)
{
	char before[64];
	va_list args;
	snprintf(before, sizeof(before), "laju %s: ", options->command->name);
	va_start(args, format);
	text_vsay(before, format, args);
	va_end(args);
	text_say("Try 'laju %s --help'.", options->command->name);
	return STATUS_USAGE;
}

static int
unknown_option(const struct options *options, const char *name, size_t n)
{
	const char *names[64];
	char word[GUESS_BYTES_MAX + 1];
	uint32_t count = options->command->options;
	for (uint32_t i = 0; i < count && i < 64; i++)
		names[i] = options->command->option[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)n, name);
	const char *near = guess_nearest(word, names, count < 64 ? count : 64);
	if (near)
		return options_wrong(options, "unknown option --%s, did you mean --%s?", word, near);
	return options_wrong(options, "unknown option --%s", word);
}

static int
give(struct options *options, const struct option_row *row, const char *value)
{
	if (options->given == OPTIONS_GIVEN_MAX)
		return options_wrong(options, "more than %d options", OPTIONS_GIVEN_MAX);
	options->item[options->given].row = row;
	options->item[options->given++].value = value;
	return 0;
}

/* text: behind the dashes. *i moves on when the next word is the value. */
static int
parse_long(struct options *options, const char *text, int argc, char **argv, int *i)
{
	size_t n = strcspn(text, "=");
	const struct option_row *row = row_of_name(options->command, text, n);
	if (!row)
		return unknown_option(options, text, n);
	if (!row->value)
		return text[n] ? options_wrong(options, "--%s takes no value", row->name) : give(options, row, NULL);
	if (text[n])
		return give(options, row, text + n + 1);
	if (*i + 1 >= argc)
		return options_wrong(options, "--%s needs %s", row->name, row->value);
	return give(options, row, argv[++*i]);
}

static int
parse_letters(struct options *options, const char *text, int argc, char **argv, int *i)
{
	for (; *text; text++) {
		const struct option_row *row = row_of_letter(options->command, *text);
		int rc;
		if (!row)
			return options_wrong(options, "unknown option -%c", *text);
		if (row->value && text[1])
			return give(options, row, text + 1);
		if (row->value && *i + 1 >= argc)
			return options_wrong(options, "-%c needs %s", *text, row->value);
		if (row->value)
			return give(options, row, argv[++*i]);
		if ((rc = give(options, row, NULL)) != 0)
			return rc;
	}
	return 0;
}

int
options_parse(struct options *options, const struct command *command, int argc, char **argv)
{
	bool ended = false;
	assert(argc >= 1);
	*options = (struct options){.command = command, .arg = argv + 1};
	for (int i = 1; i < argc; i++) {
		const char *text = argv[i];
		int rc = 0;
		if (ended || text[0] != '-' || text[1] == '\0')
			options->arg[options->args++] = argv[i];
		else if (strcmp(text, "--") == 0)
			ended = true;
		else if (text[1] == '-')
			rc = parse_long(options, text + 2, argc, argv, &i);
		else
			rc = parse_letters(options, text + 1, argc, argv, &i);
		if (rc != 0)
			return rc;
	}
	return options->args > 0 && !command->args
	           ? options_wrong(options, "takes no argument, but got '%s'", options->arg[0])
	           : 0;
}

bool
options_flag(const struct options *options, const char *name)
{
	for (uint32_t i = 0; i < options->given; i++)
		if (strcmp(options->item[i].row->name, name) == 0)
			return true;
	return false;
}

const char *
options_text(const struct options *options, const char *name)
{
	const struct option_row *row = row_of_name(options->command, name, strlen(name));
	assert(row);
	for (uint32_t i = options->given; i > 0; i--)
		if (options->item[i - 1].row == row)
			return options->item[i - 1].value;
	return row->fallback;
}

const char *
options_nth(const struct options *options, const char *name, uint32_t n)
{
	for (uint32_t i = 0; i < options->given; i++)
		if (strcmp(options->item[i].row->name, name) == 0 && n-- == 0)
			return options->item[i].value;
	return NULL;
}

bool
options_number(const struct options *options, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const char *text = options_text(options, name);
	char *end;
	assert(text);
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max) {
		options_wrong(options, "--%s must be a whole number from %lld to %lld, not '%s'", name, (long long)min,
		              (long long)max, text);
		return false;
	}
	*out = value;
	return true;
}

bool
options_duration(const struct options *options, const char *name, int64_t *out_ms)
{
	const char *text = options_text(options, name);
	char *end;
	assert(text);
	double value = strtod(text, &end);
	double unit = strcmp(end, "ms") == 0 ? 1 : strcmp(end, "m") == 0 ? 60000 : *end == 0 || strcmp(end, "s") == 0 ? 1000 : 0;
	/* The negated comparison also refuses NaN. */
	if (end == text || unit == 0 || !(value * unit >= 1 && value * unit <= 3600e3)) {
		options_wrong(options, "--%s must be a time such as 10s, 500ms or 2m, at most 60m, not '%s'", name, text);
		return false;
	}
	*out_ms = (int64_t)(value * unit);
	return true;
}

int
options_choice(const struct options *options, const char *name, const char *const *words, uint32_t count)
{
	const char *text = options_text(options, name);
	struct buf list = {0};
	assert(text);
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return (int)i;
	for (uint32_t i = 0; i < count; i++)
		buf_printf(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
	options_wrong(options, "--%s must be %.*s, not '%s'", name, (int)list.len, (const char *)list.data, text);
	buf_fini(&list);
	return -1;
}
