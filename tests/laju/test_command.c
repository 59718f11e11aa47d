/* test_command.c - help from the rows, the parser over them, did-you-mean. */
#include "laju/command.h"
#include "laju/guess.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static int
run_nothing(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static const struct option_row rows[] = {
    {"batch", 'b', "N", "256", "events a message, 1 to 5000"},
    {"until", 0, "T", NULL,
     "a sentence that is so long that it cannot stand on one line of a hundred columns and goes on below itself"},
    {"push", 'p', NULL, NULL, "a flag"},
    {"set", 0, "NAME=VALUE", NULL, "may be | repeated"},
};
static const struct command toy = {
    "toy", "FILE...", "does nothing", "More words.\n", rows, sizeof(rows) / sizeof(rows[0]), run_nothing};
static const struct command bare = {"bare", NULL, "takes no argument", NULL, rows, 1, run_nothing};

static void
assert_text(struct buf *out, const char *expected)
{
	buf_add(out, "", 1);
	assert_string_equal((const char *)out->data, expected);
	buf_fini(out);
}

static void
help_comes_from_the_rows(void **state)
{
	struct buf out = {0};
	(void)state;
	command_help(&toy, &out);
	assert_text(&out, "laju toy - does nothing\n"
	                  "\n"
	                  "Usage: laju toy [OPTIONS] FILE...\n"
	                  "\n"
	                  "Options:\n"
	                  "  -b, --batch N         events a message, 1 to 5000 (default 256)\n"
	                  "      --until T         a sentence that is so long that it cannot stand on one line of a hundred\n"
	                  "                        columns and goes on below itself\n"
	                  "  -p, --push            a flag\n"
	                  "      --set NAME=VALUE  may be | repeated\n"
	                  "  -h, --help            this text\n"
	                  "\n"
	                  "More words.\n");
}

static void
the_reference_comes_from_the_same_rows(void **state)
{
	struct buf out = {0};
	(void)state;
	command_markdown(&toy, 1, &out);
	buf_add(&out, "", 1);
	assert_non_null(strstr((const char *)out.data, "## laju toy\n\n`laju toy [OPTIONS] FILE...`: does nothing.\n"));
	assert_non_null(strstr((const char *)out.data, "| `-b`, `--batch N` | events a message, 1 to 5000 | 256 |\n"));
	assert_non_null(strstr((const char *)out.data, "| `--set NAME=VALUE` | may be \\| repeated |  |\n"));
	buf_fini(&out);
}

static void
every_command_and_option_is_whole_and_named_once(void **state)
{
	uint32_t count;
	const struct command *table = command_table(&count);
	(void)state;
	for (uint32_t c = 0; c < count; c++) {
		const struct command *command = &table[c];
		assert_ptr_equal(command_find(command->name), command);
		assert_true(strlen(command->sentence) > 10);
		assert_non_null(command->run);
		for (uint32_t o = 0; o < command->options; o++) {
			const struct option_row *row = &command->option[o];
			assert_true(strlen(row->sentence) > 5);
			assert_string_not_equal(row->name, "help");
			assert_true(row->letter != 'h');
			for (uint32_t p = 0; p < o; p++) {
				assert_string_not_equal(row->name, command->option[p].name);
				assert_true(!row->letter || row->letter != command->option[p].letter);
			}
		}
	}
	assert_null(command_find("sent"));
}

static void
no_help_line_is_wider_than_120_columns(void **state)
{
	uint32_t count;
	const struct command *table = command_table(&count);
	struct buf out = {0};
	(void)state;
	command_overview(table, count, &out);
	for (uint32_t c = 0; c < count; c++)
		command_help(&table[c], &out);
	size_t start = 0;
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] == '\n') {
			if (i - start > 120)
				fail_msg("%.*s", (int)(i - start), (const char *)out.data + start);
			start = i + 1;
		}
	buf_fini(&out);
}

#define W(text) (char *)(uintptr_t)text

/* What options_parse() says goes to stderr: kept out of the test's output, returned as text. */
static char words[512];

static void
listen(int *saved, FILE **file)
{
	fflush(stderr);
	*saved = dup(STDERR_FILENO);
	*file = tmpfile();
	assert_non_null(*file);
	dup2(fileno(*file), STDERR_FILENO);
}

static void
heard(int saved, FILE *file)
{
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	words[fread(words, 1, sizeof(words) - 1, file)] = '\0';
	fclose(file);
}

static void
options_stand_anywhere_in_each_form(void **state)
{
	struct options options;
	int64_t number;
	char *argv[] = {W("toy"), W("a"), W("-b12"), W("--until=tomorrow"), W("-"), W("--set"), W("x=1"), W("-p"),
	                W("--set=y=2"), W("--"), W("-z")};
	(void)state;
	assert_int_equal(options_parse(&options, &toy, 11, argv), 0);
	assert_int_equal(options.args, 3);
	assert_string_equal(options.arg[0], "a");
	assert_string_equal(options.arg[1], "-");
	assert_string_equal(options.arg[2], "-z");
	assert_true(options_flag(&options, "push"));
	assert_string_equal(options_text(&options, "until"), "tomorrow");
	assert_string_equal(options_nth(&options, "set", 0), "x=1");
	assert_string_equal(options_nth(&options, "set", 1), "y=2");
	assert_null(options_nth(&options, "set", 2));
	assert_true(options_number(&options, "batch", 1, 5000, &number));
	assert_int_equal(number, 12);
}

static void
what_is_not_given_falls_back(void **state)
{
	struct options options;
	char *argv[] = {W("toy"), W("-b"), W("1"), W("-b"), W("2")};
	(void)state;
	assert_int_equal(options_parse(&options, &toy, 1, argv), 0);
	assert_string_equal(options_text(&options, "batch"), "256");
	assert_null(options_text(&options, "until"));
	assert_false(options_flag(&options, "push"));
	assert_int_equal(options_parse(&options, &toy, 5, argv), 0);
	assert_string_equal(options_text(&options, "batch"), "2"); /* the last one holds */
}

static void
each_slip_is_told_in_words_with_status_2(void **state)
{
	static const struct {
		const char *argv[3];
		const char *said;
	} slips[] = {
	    {{"toy", "--bacth", "1"}, "laju toy: unknown option --bacth, did you mean --batch?\nTry 'laju toy --help'.\n"},
	    {{"toy", "--wildly-other", NULL}, "laju toy: unknown option --wildly-other\nTry 'laju toy --help'.\n"},
	    {{"toy", "-z", NULL}, "laju toy: unknown option -z\nTry 'laju toy --help'.\n"},
	    {{"toy", "a", "--batch"}, "laju toy: --batch needs N\nTry 'laju toy --help'.\n"},
	    {{"toy", "a", "-pb"}, "laju toy: -b needs N\nTry 'laju toy --help'.\n"},
	    {{"toy", "--push=1", NULL}, "laju toy: --push takes no value\nTry 'laju toy --help'.\n"},
	    {{"toy", "--\033[2J\n\xc2\x9b\xe2\x80\xae", NULL}, "laju toy: unknown option --?[2J???\nTry 'laju toy --help'.\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
		struct options options;
		FILE *file;
		int saved, argc = slips[i].argv[2] ? 3 : 2;
		char *argv[3];
		memcpy(argv, slips[i].argv, sizeof(argv));
		listen(&saved, &file);
		int rc = options_parse(&options, &toy, argc, argv);
		heard(saved, file);
		assert_int_equal(rc, STATUS_USAGE);
		assert_string_equal(words, slips[i].said);
	}
}

static void
an_argument_nobody_asked_for_is_refused(void **state)
{
	struct options options;
	FILE *file;
	int saved;
	char *argv[] = {W("bare"), W("what")};
	(void)state;
	listen(&saved, &file);
	int rc = options_parse(&options, &bare, 2, argv);
	heard(saved, file);
	assert_int_equal(rc, STATUS_USAGE);
	assert_non_null(strstr(words, "'what'"));
}

static void
numbers_times_and_choices_are_checked(void **state)
{
	static const char *const good[] = {"10", "10s", "500ms", "0.5", "2m"};
	static const int64_t good_ms[] = {10000, 10000, 500, 500, 120000};
	static const char *const bad[] = {"", "x", "10h", "-1", "0", "61m", "nan", "1e99"};
	static const char *const choices[] = {"table", "json"};
	static const char *const bad_numbers[] = {"0", "5001", "x", "", "1x", "99999999999999999999"};
	struct options options;
	FILE *file;
	int saved;
	int64_t out;
	char *argv[] = {W("toy"), W("--until"), NULL};
	char *number[] = {W("toy"), W("--batch"), NULL};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		argv[2] = W(good[i]);
		options_parse(&options, &toy, 3, argv);
		assert_true(options_duration(&options, "until", &out));
		assert_int_equal(out, good_ms[i]);
	}
	listen(&saved, &file);
	size_t passed = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		argv[2] = W(bad[i]);
		options_parse(&options, &toy, 3, argv);
		passed += options_duration(&options, "until", &out);
	}
	for (size_t i = 0; i < sizeof(bad_numbers) / sizeof(bad_numbers[0]); i++) {
		number[2] = W(bad_numbers[i]);
		options_parse(&options, &toy, 3, number);
		passed += options_number(&options, "batch", 1, 5000, &out);
	}
	argv[2] = W("xml");
	options_parse(&options, &toy, 3, argv);
	int choice = options_choice(&options, "until", choices, 2);
	heard(saved, file);
	assert_int_equal(passed, 0);
	assert_int_equal(choice, -1);
	argv[2] = W("json");
	options_parse(&options, &toy, 3, argv);
	assert_int_equal(options_choice(&options, "until", choices, 2), 1);
}

static void
a_slip_of_the_hand_is_guessed_and_noise_is_not(void **state)
{
	static const char *const names[] = {"serve", "demo", "check", "send", "query", "top", "replay", "dlq"};
	(void)state;
	assert_string_equal(guess_nearest("sned", names, 8), "send");
	assert_string_equal(guess_nearest("tpo", names, 8), "top");
	assert_string_equal(guess_nearest("qeury", names, 8), "query");
	assert_string_equal(guess_nearest("chekc", names, 8), "check");
	assert_string_equal(guess_nearest("server", names, 8), "serve");
	assert_null(guess_nearest("x", names, 8));
	assert_null(guess_nearest("", names, 8));
	assert_null(guess_nearest("export", names, 8));
	char longest[300];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(guess_nearest(longest, names, 8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(help_comes_from_the_rows),
	    cmocka_unit_test(the_reference_comes_from_the_same_rows),
	    cmocka_unit_test(every_command_and_option_is_whole_and_named_once),
	    cmocka_unit_test(no_help_line_is_wider_than_120_columns),
	    cmocka_unit_test(options_stand_anywhere_in_each_form),
	    cmocka_unit_test(what_is_not_given_falls_back),
	    cmocka_unit_test(each_slip_is_told_in_words_with_status_2),
	    cmocka_unit_test(an_argument_nobody_asked_for_is_refused),
	    cmocka_unit_test(numbers_times_and_choices_are_checked),
	    cmocka_unit_test(a_slip_of_the_hand_is_guessed_and_noise_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
