/* test_rows.c - a walk over everything the publisher holds, while it changes under the cursor. */
#include "tests/publisher/support.h"
#include "publisher/rows.h"
#include <stdio.h>
#include <stdlib.h>

struct stand {
	struct publisher_config config;
	struct versions versions;
	struct row_table *table;
	struct alerts *alerts;
	struct dead_letters *dead;
	struct row_writer *writer;
	struct eras eras;
	struct rows rows;
	struct row_query query;
	struct row_cursor cursor;
};

static struct stand *
stand_new(const char *prefix)
{
	static const struct update_head head = {.lsn = 1};
	struct stand *stand = calloc(1, sizeof(*stand));

	stand->config = support_config();
	stand->table = row_table_new(support_kernel());
	stand->alerts = alerts_new(10);
	stand->dead = dead_letters_new(10, 10000);
	stand->writer = row_writer_new(&stand->config);
	eras_update(&stand->eras, &head, 0);
	eras_round_end(&stand->eras);
	stand->rows = (struct rows){.table = stand->table,
	                            .alerts = stand->alerts,
	                            .dead = stand->dead,
	                            .writer = stand->writer,
	                            .kernel = support_kernel(),
	                            .eras = &stand->eras};
	stand->query.full = true;
	stand->query.prefix_bytes = (uint32_t)strlen(prefix);
	memcpy(stand->query.prefix, prefix, strlen(prefix));
	return stand;
}

static void
stand_free(struct stand *stand)
{
	rows_fini(&stand->rows);
	eras_fini(&stand->eras);
	row_writer_free(stand->writer);
	dead_letters_free(stand->dead);
	alerts_free(stand->alerts);
	row_table_free(stand->table);
	free(stand);
}

/* A campaign with a row in every window. */
static void
campaign(struct stand *stand, uint32_t id, const char *name)
{
	struct model_series series = {0};
	struct updater updater = {0};
	struct row_table_view view;

	model_name(&series, R_CAMPAIGN, name, NULL);
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		model_set(&series, (enum window)w, M_VISITS, 1);
	struct update_entry entry = updater_entry(&updater, id, &series);
	row_table_put(stand->table, &entry, &stand->versions, &view);
	updater_fini(&updater);
	rows_changed(&stand->rows);
}

/* The series goes, and its tombstone is forgotten. */
static void
forget(struct stand *stand, uint32_t id)
{
	struct row_table_view view;

	row_table_drop(stand->table, id, 0, &stand->versions, &view);
	row_table_forget(stand->table, PUBLISHER_TOMBSTONE_MS);
	rows_changed(&stand->rows);
}

static void
next_is(struct stand *stand, const char *expected)
{
	struct slice topic, row;

	assert_int_equal(rows_peek(&stand->rows, &stand->query, &stand->cursor, &topic, &row),
	                 expected != NULL ? ROW_FOUND : ROW_END);
	if (expected == NULL)
		return;
	if (!slice_is(topic, expected))
		fail_msg("%.*s, not %s", (int)topic.n, (const char *)topic.p, expected);
	rows_advance(&stand->cursor);
}

static void
rows_come_by_key_and_window_then_alerts_then_letters(void **unused)
{
	struct stand *stand = stand_new("");
	struct dead_row dead = {.code = slice_of("too_late")};
	static const char *const windows[] = {"r1d", "r7d", "r30d", "d", "w", "m"};
	(void)unused;

	campaign(stand, 0, "b");
	campaign(stand, 1, "a");
	alerts_put(stand->alerts, slice_of("alert/info/r/z"), slice_of("row"), 1, false, 0);
	alerts_put(stand->alerts, slice_of("alert/info/r/y"), slice_of("row"), 2, true, 0); /* recovered */
	alerts_put(stand->alerts, slice_of("alert/info/r/x"), slice_of("row"), 3, false, 0);
	dead_letters_add(stand->dead, &dead, 4);
	for (unsigned i = 0; i < 12; i++) {
		char topic[40];
		snprintf(topic, sizeof(topic), "kpi/%s/campaign/%s", windows[i % 6], i < 6 ? "a" : "b");
		next_is(stand, topic);
	}
	next_is(stand, "alert/info/r/x");
	next_is(stand, "alert/info/r/z");
	next_is(stand, "dlq/too_late");
	next_is(stand, NULL);
	next_is(stand, NULL);
	stand_free(stand);
}

/* The next series begins with its first window, wherever the cursor stood in the one that is no more. */
static void
a_series_forgotten_under_the_cursor_takes_no_row_of_the_next_with_it(void **unused)
{
	struct stand *stand = stand_new("kpi/");
	(void)unused;

	campaign(stand, 0, "a");
	campaign(stand, 1, "b");
	next_is(stand, "kpi/r1d/campaign/a");
	next_is(stand, "kpi/r7d/campaign/a");
	next_is(stand, "kpi/r30d/campaign/a");
	forget(stand, 0);
	next_is(stand, "kpi/r1d/campaign/b");
	next_is(stand, "kpi/r7d/campaign/b");
	stand_free(stand);
}

static void
a_series_that_comes_before_the_cursor_does_not_disturb_it(void **unused)
{
	struct stand *stand = stand_new("kpi/");
	(void)unused;

	campaign(stand, 0, "b");
	next_is(stand, "kpi/r1d/campaign/b");
	campaign(stand, 1, "a");
	next_is(stand, "kpi/r7d/campaign/b");
	campaign(stand, 2, "c");
	next_is(stand, "kpi/r30d/campaign/b");
	next_is(stand, "kpi/d/campaign/b");
	next_is(stand, "kpi/w/campaign/b");
	next_is(stand, "kpi/m/campaign/b");
	next_is(stand, "kpi/r1d/campaign/c");
	stand_free(stand);
}

/* Rows that are found do not start the count anew: else a few rows far apart would hold the thread for seconds. */
static void
a_walk_pauses_after_so_many_series_however_many_rows_it_found(void **unused)
{
	enum { SERIES = 3 * ROWS_SCAN_MAX + 10 };
	struct stand *stand = stand_new("kpi/d/");
	unsigned found = 0, pauses = 0, since_pause = 0;
	enum row_peek peek;
	(void)unused;

	for (uint32_t i = 0; i < SERIES; i++) {
		char name[16];
		snprintf(name, sizeof(name), "c%05u", i);
		campaign(stand, i, name);
	}
	stand->query.full = false;
	stand->query.since_seq = 0;
	while ((peek = rows_peek(&stand->rows, &stand->query, &stand->cursor, NULL, NULL)) != ROW_END) {
		if (peek == ROW_PAUSE) {
			assert_in_range(since_pause, ROWS_SCAN_MAX, ROWS_SCAN_MAX + 1);
			since_pause = 0;
			pauses++;
			continue;
		}
		found++;
		since_pause++;
		rows_advance(&stand->cursor);
	}
	assert_int_equal(found, SERIES);
	assert_int_equal(pauses, 3);
	stand_free(stand);
}

static void
a_walk_over_old_alerts_pauses_too(void **unused)
{
	enum { ALERTS = 2 * ROWS_SCAN_MAX + 10 };
	struct stand *stand = stand_new("alert/");
	unsigned pauses = 0;
	enum row_peek peek;
	(void)unused;

	alerts_free(stand->alerts);
	stand->rows.alerts = stand->alerts = alerts_new(ALERTS);
	for (unsigned i = 0; i < ALERTS; i++) {
		char topic[32];
		int n = snprintf(topic, sizeof(topic), "alert/info/r/%05u", i);
		alerts_put(stand->alerts, (struct slice){(uint8_t *)topic, (uint32_t)n}, slice_of("row"), 1, false, 0);
	}
	stand->query.full = false;
	stand->query.since_seq = 1;
	while ((peek = rows_peek(&stand->rows, &stand->query, &stand->cursor, NULL, NULL)) == ROW_PAUSE)
		pauses++;
	assert_int_equal(peek, ROW_END);
	assert_int_equal(pauses, 2);
	stand_free(stand);
}

static void
a_prefix_finds_its_rows_alone(void **unused)
{
	static const char *const prefixes[] = {"kpi/d/campaign/b", "kpi/d/campaign/b1", "kpi/d/camp", "kpi/d/campaign+",
	                                       "kpi/m/campaign/c", "alert/", "kpj"};
	static const char *const found[][4] = {{"kpi/d/campaign/b", "kpi/d/campaign/b1"},
	                                       {"kpi/d/campaign/b1"},
	                                       {"kpi/d/campaign/a", "kpi/d/campaign/b", "kpi/d/campaign/b1"},
	                                       {NULL},
	                                       {NULL},
	                                       {NULL},
	                                       {NULL}};
	(void)unused;

	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct stand *stand = stand_new(prefixes[i]);
		campaign(stand, 0, "b1");
		campaign(stand, 1, "a");
		campaign(stand, 2, "b");
		unsigned n = 0;
		while (found[i][n] != NULL)
			next_is(stand, found[i][n++]);
		next_is(stand, NULL);
		stand_free(stand);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_come_by_key_and_window_then_alerts_then_letters),
	    cmocka_unit_test(a_series_forgotten_under_the_cursor_takes_no_row_of_the_next_with_it),
	    cmocka_unit_test(a_series_that_comes_before_the_cursor_does_not_disturb_it),
	    cmocka_unit_test(a_walk_pauses_after_so_many_series_however_many_rows_it_found),
	    cmocka_unit_test(a_walk_over_old_alerts_pauses_too),
	    cmocka_unit_test(a_prefix_finds_its_rows_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
