/*
 * command.h - the commands of `laju` and their options, as rows of data.
 *
 * --help of each command, the command reference (`laju help --markdown`) and the
 * parser all read the same rows in command.c. To add a command: one row there and
 * a function `int cmd_name(int argc, char **argv)`; argv[0] is the command's name.
 * `laju COMMAND --help` is answered before the function is called.
 */
#ifndef LAJU_COMMAND_H
#define LAJU_COMMAND_H
#include "common/buf.h"

/* DESIGN section 10; docs and --help list them. */
enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,      /* runtime error */
	STATUS_USAGE = 2,
	STATUS_CONFIG = 3,      /* configuration invalid */
	STATUS_UNREACHABLE = 4, /* cannot reach the server */
	STATUS_PARTLY = 5,      /* input partly refused */
};

struct option_row {
	const char *name;     /* without the dashes */
	char letter;          /* 0: none */
	const char *value;    /* placeholder, "FILE"; NULL: a flag */
	const char *fallback; /* what holds when it is not given; NULL: nothing */
	const char *sentence;
};

struct command {
	const char *name;
	const char *args;     /* "FILE... | -"; NULL: takes none */
	const char *sentence;
	const char *more;     /* lines below the options; NULL: none */
	const struct option_row *option;
	uint32_t options;
	int (*run)(int argc, char **argv);
};

const struct command *command_table(uint32_t *count);
const struct command *command_find(const char *name); /* NULL: unknown */

/* Appends. */
void command_help(const struct command *command, struct buf *out);
void command_overview(const struct command *table, uint32_t count, struct buf *out);
void command_markdown(const struct command *table, uint32_t count, struct buf *out);

enum { OPTIONS_GIVEN_MAX = 256 };

/* A parsed command line. Points into argv. */
struct options {
	const struct command *command;
	uint32_t given;
	struct {
		const struct option_row *row;
		const char *value; /* NULL for a flag */
	} item[OPTIONS_GIVEN_MAX];
	int args;    /* what is no option */
	char **arg;
};

/*
 * Options may stand anywhere; "--" ends them; a lone "-" is an argument. argv is
 * permuted so that the arguments stand together. 0, or STATUS_USAGE after one
 * line on stderr.
 */
int options_parse(struct options *options, const struct command *command, int argc, char **argv);
bool options_flag(const struct options *options, const char *name);
/* The last one given, else the fallback, else NULL. name must be one of the command's rows. */
const char *options_text(const struct options *options, const char *name);
/* The n-th one given, for options that may be repeated; NULL at the end. */
const char *options_nth(const struct options *options, const char *name, uint32_t n);
/* False after one line on stderr. */
bool options_number(const struct options *options, const char *name, int64_t min, int64_t max, int64_t *out);
/* "10" and "10s" are seconds, "500ms", "0.5", "2m"; at most an hour. */
bool options_duration(const struct options *options, const char *name, int64_t *out_ms);
/* One of the words, by index; -1 after one line on stderr. */
int options_choice(const struct options *options, const char *name, const char *const *words, uint32_t count);
/* "laju send: ...", a newline, "Try 'laju send --help'." on stderr; returns STATUS_USAGE. */
int options_wrong(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

int cmd_serve(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_dlq(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_clock(int argc, char **argv);
int cmd_compact(int argc, char **argv);
#endif
