/* test_row_writer.c - what a row says where a number cannot be had. */
#include "tests/publisher/support.h"
#include "aggregator/formula.h"
#include "publisher/row_writer.h"
#include <stdio.h>
#include <stdlib.h>

enum { BY_CAMPAIGN = 0, BY_TEAM, BY_CAMPAIGN_PERSON, ROLLUPS };

/* The row of the local day of a rollup, with 900 spent on 3 leads out of 40 visits. */
static struct row *
row_by(const struct kernel_config *kernel, unsigned rollup, const char *key0, const char *key1)
{
	static struct buf bytes;
	static struct row row;
	struct publisher_config config = support_config();
	struct model_series series = {0};
	struct updater updater = {0};
	struct versions versions = {0};
	struct window_bounds bounds = {0};
	struct row_table_view view;

	config.kernel = kernel;
	struct row_table *table = row_table_new(kernel);
	struct row_writer *writer = row_writer_new(&config);
	model_name(&series, rollup, key0, key1);
	model_set(&series, WINDOW_D, M_VISITS, 40);
	model_set(&series, WINDOW_D, M_LEADS, 3);
	model_set(&series, WINDOW_D, M_SPEND, 900);
	struct update_entry entry = updater_entry(&updater, 0, &series);
	row_table_put(table, &entry, &versions, &view);
	row_writer_row(writer, &view, WINDOW_D, &bounds, 0, &bytes);
	assert_int_equal(row_decode(&row, buf_slice(&bytes)), 0);
	updater_fini(&updater);
	row_writer_free(writer);
	row_table_free(table);
	return &row;
}

static const struct row_value *
kpi_of(const struct row_part *part, const char *name)
{
	for (uint32_t k = 0; k < part->kpis; k++)
		if (slice_is(part->kpi[k].name, name))
			return &part->kpi[k];
	fail_msg("no %s", name);
	return NULL;
}

/* Every part has the reason, also one without any lead; what is not made of spend stands, as does the measure itself. */
static void
a_kpi_of_spend_has_no_value_where_spend_is_not_known(void **unused)
{
	struct kernel_config kernel = {
	    .rollup_count = ROLLUPS,
	    .rollup = {{"campaign", 1u << TEXT_CAMP},
	               {"team", 1u << TEXT_TEAM},
	               {"campaign+person", 1u << TEXT_CAMP | 1u << TEXT_PERS}},
	};
	static const struct {
		unsigned rollup;
		const char *key[2], *reason;
	} table[] = {
	    {BY_CAMPAIGN, {"harbolnas", NULL}, NULL},
	    {BY_TEAM, {"jakarta", NULL}, "spend is not known by team"},
	    {BY_CAMPAIGN_PERSON, {"harbolnas", "rina"}, "spend is not known by person"},
	    {BY_CAMPAIGN, {"lebaran", NULL}, NULL}, /* not for good */
	};
	(void)unused;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct row *row = row_by(&kernel, table[i].rollup, table[i].key[0], table[i].key[1]);
		for (unsigned p = 0; p < PART_COUNT; p++) {
			const struct row_value *cpl = kpi_of(&row->part[p], "cpl");
			const char *reason = table[i].reason ? table[i].reason : "no lead_count";
			assert_int_equal(row->part[p].measures, M_COUNT);
			if (p == PART_CUR && table[i].reason == NULL) {
				assert_int_equal(cpl->kind, KPI_RATIO);
				assert_int_equal(cpl->num / cpl->den, 300);
				continue;
			}
			assert_int_equal(cpl->kind, KPI_NONE);
			assert_true(slice_is(cpl->reason, reason));
		}
		assert_int_equal(kpi_of(&row->part[PART_CUR], "conversion")->kind, KPI_RATIO);
		assert_int_equal(kpi_of(&row->part[PART_CUR], "visits")->num, 40);
		assert_int_equal(row->part[PART_CUR].measure[M_SPEND].value, 900);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_kpi_of_spend_has_no_value_where_spend_is_not_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
