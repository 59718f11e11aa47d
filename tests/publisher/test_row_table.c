/*
 * test_row_table.c - the row table against a plain list of rows. table.c is
 * compiled in, so that two keys can be made to hash alike.
 */
#include "tests/publisher/support.h"
#include "schemas/topic.h"
#include <stdio.h>
#include <stdlib.h>

static bool hash_alike;

static bool
fake_topic_row(enum window window, struct slice rollup, const struct slice *key, uint32_t count, struct buf *out)
{
	if (!hash_alike)
		return topic_row(window, rollup, key, count, out);
	out->len = 0;
	buf_printf(out, "kpi/r30d/%.*s/~0123456789abcdef", (int)rollup.n, (const char *)rollup.p);
	return true;
}
#define topic_row fake_topic_row
#include "publisher/table.c"
#undef topic_row

static void
put(struct row_table *table, struct versions *versions, uint32_t id, const struct model_series *series,
    uint8_t changed_expected, struct row_table_view *view)
{
	struct updater updater = {0};
	struct update_entry entry = updater_entry(&updater, id, series);

	assert_int_equal(row_table_put(table, &entry, versions, view), changed_expected);
	updater_fini(&updater);
}

static uint8_t
bit(enum window window)
{
	return (uint8_t)(1u << window);
}

static void
only_changed_windows_get_a_version(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {.epoch = 1};
	struct model_series series = {0};
	struct row_table_view view;
	(void)unused;

	model_name(&series, R_CAMPAIGN, "summer", NULL);
	model_set(&series, WINDOW_R1D, M_VISITS, 3);
	model_set(&series, WINDOW_M, M_VISITS, 9);
	put(table, &versions, 0, &series, bit(WINDOW_R1D) | bit(WINDOW_M), &view);
	assert_int_equal(view.seq[WINDOW_R1D], 1);
	assert_int_equal(view.seq[WINDOW_M], 2);
	put(table, &versions, 0, &series, 0, &view);
	assert_int_equal(versions.seq, 2);
	model_set(&series, WINDOW_M, M_VISITS, 10);
	put(table, &versions, 0, &series, bit(WINDOW_M), &view);
	assert_int_equal(view.seq[WINDOW_R1D], 1);
	assert_int_equal(view.seq[WINDOW_M], 3);
	assert_int_equal(view.channel_seq[WINDOW_M], 2);
	assert_int_equal(versions.channel[R_CAMPAIGN][WINDOW_M], 2);
	assert_int_equal(versions.channel[R_ALL][WINDOW_M], 0);
	row_table_free(table);
}

static void
a_window_without_numbers_has_no_row_but_one_that_lost_them_has(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	struct model_series series = {0};
	struct row_table_counters counters;
	struct row_table_view view;
	(void)unused;

	model_name(&series, R_ALL, NULL, NULL);
	put(table, &versions, 0, &series, 0, &view);
	assert_int_equal(view.mask, 0);
	model_set(&series, WINDOW_D, M_LEADS, 1);
	put(table, &versions, 0, &series, bit(WINDOW_D), &view);
	model_set(&series, WINDOW_D, M_LEADS, 0);
	put(table, &versions, 0, &series, bit(WINDOW_D), &view);
	assert_int_equal(view.mask, bit(WINDOW_D));
	assert_int_equal(view.seq[WINDOW_D], 2);
	assert_int_equal(view.blob[WINDOW_D].n, 0);
	put(table, &versions, 0, &series, 0, &view);
	row_table_count(table, &counters);
	assert_int_equal(counters.series, 1);
	assert_int_equal(counters.rows, 1);
	row_table_free(table);
}

static void
a_freed_series_is_a_tombstone_until_it_is_old(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	struct model_series series = {0};
	struct row_table_counters counters;
	struct row_table_view view;
	(void)unused;

	model_name(&series, R_CAMPAIGN, "a", NULL);
	model_set(&series, WINDOW_D, M_LEADS, 1);
	put(table, &versions, 5, &series, bit(WINDOW_D), &view);
	assert_int_equal(row_table_drop(table, 5, 1000, &versions, &view), bit(WINDOW_D));
	assert_true(view.gone);
	assert_int_equal(view.seq[WINDOW_D], 2);
	assert_int_equal(row_table_drop(table, 5, 1000, &versions, &view), 0);
	row_table_forget(table, 1000 + PUBLISHER_TOMBSTONE_MS - 1);
	assert_true(row_table_find(table, R_CAMPAIGN, slice_of("a"), &view));
	assert_int_equal(row_table_forgotten_seq(table), 0);
	row_table_forget(table, 1000 + PUBLISHER_TOMBSTONE_MS);
	assert_false(row_table_find(table, R_CAMPAIGN, slice_of("a"), &view));
	assert_int_equal(row_table_forgotten_seq(table), 2);
	row_table_count(table, &counters);
	assert_int_equal(counters.series + counters.rows + counters.tombstones, 0);
	row_table_free(table);
}

static void
a_series_that_comes_back_takes_its_tombstone_over(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	struct model_series series = {0};
	struct row_table_view view;
	(void)unused;

	model_name(&series, R_CAMPAIGN, "a", NULL);
	model_set(&series, WINDOW_D, M_LEADS, 1);
	model_set(&series, WINDOW_W, M_LEADS, 1);
	put(table, &versions, 5, &series, bit(WINDOW_D) | bit(WINDOW_W), &view);
	row_table_drop(table, 5, 1000, &versions, &view);
	model_set(&series, WINDOW_W, M_LEADS, 0);
	/* both rows were told gone, so both are told alive, w with zeros */
	put(table, &versions, 9, &series, bit(WINDOW_D) | bit(WINDOW_W), &view);
	assert_int_equal(view.seq[WINDOW_D], 5);
	assert_int_equal(view.seq[WINDOW_W], 6);
	row_table_forget(table, 1000 + 2 * PUBLISHER_TOMBSTONE_MS); /* the old tombstone is no longer its */
	assert_true(row_table_find(table, R_CAMPAIGN, slice_of("a"), &view));
	assert_int_equal(row_table_forgotten_seq(table), 0);
	row_table_free(table);
}

/* The aggregator may make the new series known before it tells that the old one, of the same key, was freed. */
static void
the_same_key_under_a_new_id_survives_the_end_of_the_old_id(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	struct model_series series = {0};
	struct row_table_view view;
	(void)unused;

	model_name(&series, R_CAMPAIGN, "a", NULL);
	model_set(&series, WINDOW_D, M_LEADS, 1);
	put(table, &versions, 5, &series, bit(WINDOW_D), &view);
	put(table, &versions, 9, &series, 0, &view);
	assert_int_equal(row_table_drop(table, 5, 0, &versions, &view), 0);
	assert_true(row_table_find(table, R_CAMPAIGN, slice_of("a"), &view));
	assert_false(view.gone);
	assert_int_equal(row_table_drop(table, 9, 0, &versions, &view), bit(WINDOW_D));
	row_table_free(table);
}

static void
a_long_key_is_hashed_and_kept_whole(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	struct row_table_view view;
	struct update_entry entry = {.series = 1, .rollup = R_CAMPAIGN, .live = 1, .key_count = 1};
	char text[255];
	(void)unused;

	memset(text, 'x', sizeof(text));
	entry.key[0] = (struct slice){(uint8_t *)text, sizeof(text)};
	entry.blob[0] = slice_of("\1\2\0");
	assert_int_equal(row_table_put(table, &entry, &versions, &view), 1);
	assert_int_equal(view.key.n, 17);
	assert_int_equal(view.key.p[0], '~');
	assert_int_equal(view.full_key.n, 255);
	assert_memory_equal(view.full_key.p, text, 255);
	/* "kpi/r30d/campaign/" is 18 bytes: the longest key that is not hashed, and the next */
	entry.series = 2;
	entry.key[0].n = 222;
	row_table_put(table, &entry, &versions, &view);
	assert_int_equal(view.key.n, 222);
	entry.series = 3;
	entry.key[0].n = 223;
	row_table_put(table, &entry, &versions, &view);
	assert_int_equal(view.key.n, 17);
	row_table_free(table);
}

/* Topics hash without a secret: two keys can be made to meet on purpose. Wrong figures must not come of it. */
static void
a_key_whose_hash_is_taken_has_no_rows_and_is_counted(void **unused)
{
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	struct model_series a = {0}, b = {0};
	struct row_table_counters counters;
	struct row_table_view view;
	(void)unused;

	hash_alike = true;
	model_name(&a, R_CAMPAIGN, "a", NULL);
	model_name(&b, R_CAMPAIGN, "b", NULL);
	model_set(&a, WINDOW_D, M_LEADS, 1);
	model_set(&b, WINDOW_D, M_LEADS, 2);
	put(table, &versions, 1, &a, bit(WINDOW_D), &view);
	put(table, &versions, 2, &b, 0, &view);
	put(table, &versions, 1, &a, 0, &view);
	assert_int_equal(row_table_drop(table, 2, 0, &versions, &view), 0);
	assert_true(row_table_find(table, R_CAMPAIGN, slice_of("~0123456789abcdef"), &view));
	assert_true(slice_is(view.full_key, "a"));
	row_table_count(table, &counters);
	assert_int_equal(counters.collided, 1);
	assert_int_equal(counters.series, 1);
	hash_alike = false;
	/* an unhashed key that looks like the hash is another key, too */
	struct model_series c = {0};
	model_name(&c, R_CAMPAIGN, "~0123456789abcdef", NULL);
	model_set(&c, WINDOW_D, M_LEADS, 3);
	put(table, &versions, 3, &c, 0, &view);
	row_table_free(table);
}

/* Against a plain list: random series come, change, go and come back; every view, version and order is compared. */
enum { IDS = 60, NAMES = 40 };
struct plain {
	bool known, gone;
	uint8_t mask;
	int64_t gone_at;
	uint64_t seq[WINDOW_COUNT], channel_seq[WINDOW_COUNT];
	struct model_series series;
};

static void
plain_compare(const struct row_table *table, const struct plain *plain)
{
	struct updater updater = {0};
	struct row_table_view view;
	uint64_t series = 0, rows = 0, gone = 0;

	for (unsigned n = 0; n < NAMES; n++) {
		char key[64];
		snprintf(key, sizeof(key), "k%u", n);
		assert_int_equal(row_table_find(table, R_CAMPAIGN, slice_of(key), &view), plain[n].known);
		if (!plain[n].known)
			continue;
		assert_int_equal(view.gone, plain[n].gone);
		assert_int_equal(view.mask, plain[n].mask);
		series += !view.gone;
		gone += view.gone;
		struct update_entry entry = updater_entry(&updater, 0, &plain[n].series);
		for (unsigned w = 0; w < WINDOW_COUNT; w++) {
			if ((view.mask >> w & 1) == 0)
				continue;
			rows += !view.gone;
			assert_int_equal(view.seq[w], plain[n].seq[w]);
			assert_int_equal(view.channel_seq[w], plain[n].channel_seq[w]);
			if (!view.gone)
				assert_true(slice_equal(view.blob[w], entry.blob[w]));
		}
	}
	struct row_table_counters counters;
	row_table_count(table, &counters);
	assert_int_equal(counters.series, series);
	assert_int_equal(counters.rows, rows);
	assert_int_equal(counters.tombstones, gone);
	updater_fini(&updater);
}

static void
is_a_plain_list_of_rows(void **unused)
{
	uint64_t state = support_seed(__func__), seq = 0, channel[WINDOW_COUNT] = {0}, forgotten = 0;
	struct row_table *table = row_table_new(support_kernel());
	struct versions versions = {0};
	static struct plain plain[NAMES];
	int name_of[IDS]; /* which name an id has now; -1: free */
	int64_t now = 0;
	(void)unused;

	memset(plain, 0, sizeof(plain));
	for (unsigned i = 0; i < IDS; i++)
		name_of[i] = -1;
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t id = (uint32_t)random_below(&state, IDS);
		struct row_table_view view;
		now += (int64_t)random_below(&state, PUBLISHER_TOMBSTONE_MS / 50);
		if (name_of[id] < 0) { /* a free id gets a name nobody has */
			unsigned n = (unsigned)random_below(&state, NAMES);
			bool taken = false;
			for (unsigned i = 0; i < IDS; i++)
				taken |= name_of[i] == (int)n;
			if (taken)
				continue;
			name_of[id] = (int)n;
			char key[64];
			snprintf(key, sizeof(key), "k%u", n);
			memset(&plain[n].series, 0, sizeof(plain[n].series));
			model_name(&plain[n].series, R_CAMPAIGN, key, NULL);
		}
		struct plain *p = &plain[name_of[id]];
		uint8_t changed = 0;
		if (random_below(&state, 10) == 0) {
			bool alive = p->known && !p->gone; /* else the id was named, but never put */
			if (alive)
				changed = p->mask;
			assert_int_equal(row_table_drop(table, id, now, &versions, &view), changed);
			if (alive) {
				p->known = p->gone = changed != 0; /* a series without rows just goes */
				p->gone_at = now;
			}
			name_of[id] = -1;
		} else {
			struct updater updater = {0};
			struct model_series before = p->series;
			bool revived = p->known && p->gone;
			for (unsigned i = 0; i < random_below(&state, 4); i++)
				model_set(&p->series, (enum window)random_below(&state, WINDOW_COUNT),
				          (unsigned)random_below(&state, M_COUNT), (int64_t)random_below(&state, 3));
			for (unsigned w = 0; w < WINDOW_COUNT; w++)
				if (revived ? (p->mask >> w & 1) || memcmp(p->series.totals[w], before.totals[w],
				                                           sizeof(before.totals[w])) != 0
				            : memcmp(p->series.totals[w], before.totals[w], sizeof(before.totals[w])) != 0)
					changed |= (uint8_t)(1u << w);
			if (!p->known)
				p->mask = 0;
			struct update_entry entry = updater_entry(&updater, id, &p->series);
			assert_int_equal(row_table_put(table, &entry, &versions, &view), changed);
			p->mask |= changed;
			p->known = true;
			p->gone = false;
			updater_fini(&updater);
		}
		for (unsigned w = 0; w < WINDOW_COUNT; w++) {
			if ((changed >> w & 1) == 0)
				continue;
			p->seq[w] = ++seq;
			p->channel_seq[w] = ++channel[w];
		}
		row_table_forget(table, now);
		for (unsigned n = 0; n < NAMES; n++) {
			if (!plain[n].known || !plain[n].gone || now - plain[n].gone_at < PUBLISHER_TOMBSTONE_MS)
				continue;
			plain[n].known = false;
			for (unsigned w = 0; w < WINDOW_COUNT; w++)
				if ((plain[n].mask >> w & 1) && plain[n].seq[w] > forgotten)
					forgotten = plain[n].seq[w];
		}
		assert_int_equal(row_table_forgotten_seq(table), forgotten);
		if (step % 97 == 0)
			plain_compare(table, plain);
	}
	assert_true(forgotten > 0);
	row_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_changed_windows_get_a_version),
	    cmocka_unit_test(a_window_without_numbers_has_no_row_but_one_that_lost_them_has),
	    cmocka_unit_test(a_freed_series_is_a_tombstone_until_it_is_old),
	    cmocka_unit_test(a_series_that_comes_back_takes_its_tombstone_over),
	    cmocka_unit_test(the_same_key_under_a_new_id_survives_the_end_of_the_old_id),
	    cmocka_unit_test(a_long_key_is_hashed_and_kept_whole),
	    cmocka_unit_test(a_key_whose_hash_is_taken_has_no_rows_and_is_counted),
	    cmocka_unit_test(is_a_plain_list_of_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
