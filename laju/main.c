/* main.c - `laju COMMAND [ARGS]`: finds the command and runs it. */
#include "common/memory.h"
#include "laju/command.h"
#include "laju/guess.h"
#include "laju/text.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static int
print_and_free(struct buf *out)
{
	bool printed = text_print(out);
	buf_fini(out);
	return printed ? STATUS_OK : STATUS_FAILED;
}

static int
print_overview(void)
{
	struct buf out = {0};
	uint32_t count;
	const struct command *table = command_table(&count);
	command_overview(table, count, &out);
	return print_and_free(&out);
}

static int
print_help(const struct command *command)
{
	struct buf out = {0};
	command_help(command, &out);
	return print_and_free(&out);
}

static int
print_markdown(void)
{
	struct buf out = {0};
	uint32_t count;
	const struct command *table = command_table(&count);
	command_markdown(table, count, &out);
	return print_and_free(&out);
}

static int
unknown_command(const char *name)
{
	const char *names[64];
	uint32_t count;
	const struct command *table = command_table(&count);
	for (uint32_t i = 0; i < count && i < 64; i++)
		names[i] = table[i].name;
	const char *near = guess_nearest(name, names, count < 64 ? count : 64);
	if (near)
		text_say("laju: unknown command '%s', did you mean '%s'?", name, near);
	else
		text_say("laju: unknown command '%s'", name);
	text_say("Try 'laju --help'.");
	return STATUS_USAGE;
}

static int
help(int argc, char **argv)
{
	if (argc < 2)
		return print_overview();
	if (strcmp(argv[1], "--markdown") == 0)
		return print_markdown();
	const struct command *command = command_find(argv[1]);
	return command ? print_help(command) : unknown_command(argv[1]);
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	/* wcwidth() needs a UTF-8 locale; numbers and dates stay in the C form whatever the user's locale is. */
	setlocale(LC_CTYPE, "C.UTF-8");
	memory_begin();
	if (argc < 2) {
		struct buf out = {0};
		uint32_t count;
		const struct command *table = command_table(&count);
		command_overview(table, count, &out);
		fwrite(out.data, 1, out.len, stderr);
		buf_fini(&out);
		return STATUS_USAGE;
	}
	const char *word = argv[1];
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return print_overview();
	if (strcmp(word, "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		puts("laju " LAJU_VERSION);
		return fflush(stdout) == 0 ? STATUS_OK : STATUS_FAILED;
	}
	const struct command *command = command_find(word);
	if (!command)
		return unknown_command(word);
	if (asks_for_help(argc - 1, argv + 1))
		return print_help(command);
	return command->run(argc - 1, argv + 1);
}
