/*
 * test_config.c - every mistake of a configuration is told, with its place.
 *
 * tests/laju/config holds pairs: NAME.yaml and NAME.expected, the problems as people see
 * them. A good file has none. Run from the repository's root.
 */
#include "laju/config.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FOLDER "tests/laju/config"

static void
read_whole(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	out->len = 0;
	for (size_t n = 1; n > 0; out->len += n)
		n = fread(buf_reserve(out, 4096), 1, 4096, file);
	fclose(file);
}

static void
check_pair(const char *name)
{
	char path[512];
	struct buf expected = {0};
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	snprintf(path, sizeof(path), FOLDER "/%s.expected", name);
	read_whole(path, &expected);
	snprintf(path, sizeof(path), FOLDER "/%s.yaml", name);
	bool good = config_load(config, path, NULL, 0, &problems);
	assert_int_equal(good, problems.errors == 0);
	if (!slice_equal(buf_slice(&problems.text), buf_slice(&expected)))
		fail_msg("%s:\n%.*s--- expected:\n%.*s", path, (int)problems.text.len, (const char *)problems.text.data,
		         (int)expected.len, (const char *)expected.data);
	problems_fini(&problems);
	config_fini(config);
	free(config);
	buf_fini(&expected);
}

static void
all_mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	unsigned pairs = 0;
	DIR *folder = opendir(FOLDER);
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char *dot = strstr(entry->d_name, ".expected");
		if (dot == NULL)
			continue;
		*dot = '\0';
		check_pair(entry->d_name);
		pairs++;
	}
	closedir(folder);
	assert_true(pairs >= 8);
}

static void
a_good_file_is_read_as_it_says(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	assert_true(config_load(config, FOLDER "/good.yaml", NULL, 0, &problems));
	assert_string_equal(config->zone.name, "Asia/Jakarta");
	assert_int_equal(config->week_start, 6);
	assert_int_equal(config->kernel.rollup_count, 3);
	assert_int_equal(config->kernel.rollup[2].dims_mask, 1 << TEXT_PROD | 1 << TEXT_CHAN);
	assert_int_equal(config->kernel.slide_min[WINDOW_R1D], 1);
	assert_int_equal(config->kernel.slide_min[WINDOW_R7D], 1);
	assert_int_equal(config->kernel.slide_min[WINDOW_R30D], 60);
	assert_int_equal(config->kernel.horizon_ms, INT64_C(63) * 86400000);
	assert_int_equal(config->kpis.measure_count, 3);
	assert_int_equal(config->kpis.kpi[1].unit, UNIT_MONEY); /* twice the cost */
	const struct rule *rule = &config->rules[0];
	assert_int_equal(config->rule_count, 1);
	assert_true(rule->num * 1 == 3500050 * rule->den); /* 35,000.50 rupiah in minor units */
	assert_true(rule->clear_num == 3300000 * rule->clear_den);
	assert_int_equal(rule->for_ms, 600000);
	assert_int_equal(rule->keep_ms, 300000);
	int64_t converted;
	assert_int_equal(money_convert(config->rates, slice_of("USD"), day_of_civil(2026, 2, 1), 100, &converted), 0);
	assert_int_equal(converted, 1625050);
	assert_int_equal(config->feed[0].expect_every_ms, 300000);
	problems_fini(&problems);
	config_fini(config);
	free(config);
}

static void
a_flag_beats_the_file_and_says_where_it_is_wrong(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct config_override override[2];
	struct config *config = calloc(1, sizeof(*config));
	assert_true(config_override_parse(&override[0], "zone=Europe/London"));
	assert_true(config_override_parse(&override[1], "publish.every_ms=20"));
	assert_true(config_load(config, FOLDER "/good.yaml", override, 2, &problems));
	assert_string_equal(config->zone.name, "Europe/London");
	assert_int_equal(config->publish_every_ms, 20);
	config_fini(config);
	assert_true(config_override_parse(&override[0], "publish.every_ms=fast"));
	assert_false(config_load(config, NULL, override, 1, &problems));
	assert_non_null(strstr((const char *)problems.text.data, "--set publish.every_ms"));
	problems_fini(&problems);
	config_fini(config);
	free(config);
}

/* As it is written, as it counts, and as `laju check` shows it. */
static void
times_and_sizes_are_read_and_shown_with_their_units(void **state)
{
	(void)state;
	static const struct {
		const char *setting;
		int64_t look_back_ms, memory_max;
		const char *phone, *shown;
	} table[] = {
	    {"look_back=63d", INT64_C(63) * 86400000, MEMORY_AUTO, "", "look_back: 63d "},
	    {"look_back=36h", INT64_C(36) * 3600000, MEMORY_AUTO, "", "look_back: 36h "},
	    {"look_back=1ms", 1, MEMORY_AUTO, "", "look_back: 1ms "},
	    {"memory_max=auto", INT64_C(30) * 86400000, MEMORY_AUTO, "", "memory_max: auto "},
	    {"memory_max=0", INT64_C(30) * 86400000, 0, "", "memory_max: 0 "},
	    {"memory_max=16M", INT64_C(30) * 86400000, 16 << 20, "", "memory_max: 16MiB "},
	    {"memory_max=3GiB", INT64_C(30) * 86400000, INT64_C(3) << 30, "", "memory_max: 3GiB "},
	    {"memory_max=1024T", INT64_C(30) * 86400000, INT64_C(1) << 50, "", "memory_max: 1024TiB "},
	    {"memory_max=104857601", INT64_C(30) * 86400000, 104857601, "", "memory_max: 104857601 "},
	    {"phone_country=62", INT64_C(30) * 86400000, MEMORY_AUTO, "62", "phone_country: 62 "},
	    {"phone_country=353", INT64_C(30) * 86400000, MEMORY_AUTO, "353", "phone_country: 353 "},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config_problems problems = {0};
		struct config_override override;
		struct buf shown = {0};
		struct config *config = calloc(1, sizeof(*config));
		assert_true(config_override_parse(&override, table[i].setting));
		assert_true(config_load(config, NULL, &override, 1, &problems));
		assert_int_equal(config->kernel.look_back_ms, table[i].look_back_ms);
		assert_int_equal(config->memory_max, table[i].memory_max);
		assert_string_equal(config->phone_country, table[i].phone);
		config_print(config, &shown);
		if (memmem(shown.data, shown.len, table[i].shown, strlen(table[i].shown)) == NULL)
			fail_msg("no '%s' in:\n%.*s", table[i].shown, (int)shown.len, (const char *)shown.data);
		buf_fini(&shown);
		problems_fini(&problems);
		config_fini(config);
		free(config);
	}
}

static void
without_a_file_everything_has_a_default(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	assert_true(config_load(config, NULL, NULL, 0, &problems));
	assert_int_equal(problems.errors + problems.warnings, 0);
	assert_int_equal(config->kernel.rollup_count, 6);
	assert_true(kpi_find(&config->kpis, slice_of("revenue")) >= 0);
	assert_true(kpi_find(&config->kpis, slice_of("cpl")) >= 0);
	config_fini(config);
	free(config);
}

static void
the_settings_page_holds_the_table_that_the_program_prints(void **state)
{
	(void)state;
	struct buf page = {0}, table = {0};
	read_whole("docs/configuration.md", &page);
	config_print_settings(&table);
	assert_non_null(memmem(page.data, page.len, table.data, table.len));
	buf_fini(&page);
	buf_fini(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_mistakes_are_told_with_their_place),
	    cmocka_unit_test(a_good_file_is_read_as_it_says),
	    cmocka_unit_test(a_flag_beats_the_file_and_says_where_it_is_wrong),
	    cmocka_unit_test(times_and_sizes_are_read_and_shown_with_their_units),
	    cmocka_unit_test(without_a_file_everything_has_a_default),
	    cmocka_unit_test(the_settings_page_holds_the_table_that_the_program_prints),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
