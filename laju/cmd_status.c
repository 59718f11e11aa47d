/* cmd_status.c - `laju status`: how a server is, and with --memory what it takes. */
#include "laju/client.h"
#include "laju/info_json.h"
#include "laju/ndjson.h"
#include "laju/table.h"
#include "publisher/figures.h"
#include "schemas/alarm.h"
#include <inttypes.h>
#include <stdio.h>

enum { FORM_TABLE = 0, FORM_JSON };

static void
figure_row(struct text_table *table, const char *name, const char *value, const char *meaning)
{
	text_table_cell_text(table, name);
	text_table_cell_text(table, value);
	text_table_cell_text(table, meaning);
}

static void
slice_row(struct text_table *table, const char *name, struct slice value, const char *meaning)
{
	text_table_cell_text(table, name);
	text_table_cell(table, value);
	text_table_cell_text(table, meaning);
}

static void
number_text(uint64_t value, char out[NUMBER_TEXT_MAX])
{
	number_fraction((__int128)value, 1, 0, true, out);
}

static void
number_row(struct text_table *table, struct slice name, uint64_t value, const char *meaning)
{
	char text[NUMBER_TEXT_MAX];
	number_text(value, text);
	text_table_cell(table, name);
	text_table_cell_text(table, text);
	text_table_cell_text(table, meaning);
}

static void
server_rows(struct text_table *table, const struct info *info)
{
	bool by_events = slice_is(info->clock, "events"), none = slice_is(info->durability, "none");
	char text[NUMBER_TEXT_MAX];
	for (uint32_t i = 0; i < info->alarms; i++)
		slice_row(table, "ALARM", info->alarm[i], alarm_sentence(info->alarm[i]));
	slice_row(table, "version", info->version, "");
	if (info->demo)
		figure_row(table, "DEMO", "yes", "made-up data");
	snprintf(text, sizeof(text), "%" PRIu64, info->epoch);
	figure_row(table, "epoch", text, "of this start of the service");
	slice_row(table, "zone", info->zone, "where local days begin");
	slice_row(table, "currency", info->currency, "");
	slice_row(table, "clock", info->clock, by_events ? "log time is the largest event time seen" : "");
	slice_row(table, "durability", info->durability, none ? "kept in memory only: a restart begins anew" : "");
	if (info->at_ms == INT64_MIN)
		figure_row(table, "log time", "-", "nothing was logged yet");
	else {
		time_format(info->at_ms, text);
		figure_row(table, "log time", text, "of the last record applied");
	}
	number_row(table, slice_of("log position"), info->lsn, "records applied");
	number_row(table, slice_of("rows at"), info->rows_lsn, "log position up to which the rows are told");
	number_age(info->lag_ms, text);
	figure_row(table, "lag", text, "since the rows were last told anew");
}

/* received = ok + duplicate + refused, by reason. */
static void
event_rows(struct text_table *table, const struct info *info)
{
	const struct info_figures *events = &info->group[INFO_EVENTS];
	uint64_t received = 0;
	for (uint32_t i = 0; i < events->count; i++)
		received += events->figure[i].value;
	number_row(table, slice_of("events"), received, "that got a verdict since the start:");
	for (uint32_t i = 0; i < events->count; i++) {
		struct slice name = events->figure[i].name;
		bool usual = slice_is(name, "ok") || slice_is(name, "duplicate");
		if (usual || events->figure[i].value > 0)
			number_row(table, name, events->figure[i].value, usual ? "" : "refused");
	}
}

static void
group_rows(struct text_table *table, const struct info *info, enum info_group group)
{
	const struct info_figures *figures = &info->group[group];
	for (uint32_t i = 0; i < figures->count; i++)
		number_row(table, figures->figure[i].name, figures->figure[i].value,
		           figures_meaning(group, figures->figure[i].name));
}

static void
status_table(const struct info *info, struct buf *out)
{
	struct text_table *table = text_table_new();
	text_table_column(table, "figure", false);
	text_table_column(table, "value", true);
	text_table_column(table, "meaning", false);
	server_rows(table, info);
	event_rows(table, info);
	group_rows(table, info, INFO_STATE);
	group_rows(table, info, INFO_SINCE);
	text_table_text(table, 0, UINT32_MAX, out);
	text_table_free(table);
}

/* A table of the server: how many records of the same name there are tells what one takes. */
static void
memory_row(struct text_table *table, const struct info *info, const struct info_figure *figure)
{
	char name[64], text[NUMBER_TEXT_MAX] = "";
	uint64_t records;
	snprintf(name, sizeof(name), "%.*s", (int)(figure->name.n < 63 ? figure->name.n : 63), (const char *)figure->name.p);
	bool counted = info_find(info, INFO_STATE, name, &records);
	text_table_cell(table, figure->name);
	if (counted)
		number_text(records, text);
	text_table_cell_text(table, text);
	number_text(figure->value, text);
	text_table_cell_text(table, strcmp(name, "memory_max") == 0 && figure->value == 0 ? "none" : text);
	text[0] = '\0';
	if (counted && records > 0)
		number_fraction((__int128)figure->value, (__int128)records, 1, true, text);
	text_table_cell_text(table, text);
	text_table_cell_text(table, figures_meaning(INFO_BYTES, figure->name));
}

static void
memory_table(const struct info *info, struct buf *out)
{
	const struct info_figures *bytes = &info->group[INFO_BYTES];
	struct text_table *table = text_table_new();
	text_table_column(table, "table", false);
	text_table_column(table, "records", true);
	text_table_column(table, "bytes", true);
	text_table_column(table, "bytes each", true);
	text_table_column(table, "what", false);
	for (uint32_t i = 0; i < bytes->count; i++)
		memory_row(table, info, &bytes->figure[i]);
	text_table_text(table, 0, UINT32_MAX, out);
	text_table_free(table);
}

static int
status(struct client *client, const struct options *options, int form)
{
	struct info info;
	struct buf bytes = {0}, out = {0};
	char why[CLIENT_WHY_MAX];
	int rc = client_info(client, &info, &bytes, why);
	if (rc != 0) {
		text_say("laju status: %s", why);
	} else {
		if (form == FORM_JSON) {
			info_json(&out, &info);
			buf_printf(&out, "\n");
		} else if (options_flag(options, "memory"))
			memory_table(&info, &out);
		else
			status_table(&info, &out);
		if (info.demo)
			text_say("laju status: the server runs a demonstration (DEMO)");
		rc = text_print(&out) ? STATUS_OK : STATUS_FAILED;
	}
	buf_fini(&bytes);
	buf_fini(&out);
	return rc;
}

int
cmd_status(int argc, char **argv)
{
	static const char *const forms[] = {"table", "json"};
	struct options options;
	struct client client;
	int form, rc = options_parse(&options, command_find("status"), argc, argv);
	if (rc != 0 || (form = options_choice(&options, "output", forms, 2)) < 0)
		return STATUS_USAGE;
	rc = client_open(&client, &options);
	if (rc != 0)
		return rc;
	rc = status(&client, &options, form);
	client_close(&client);
	return rc;
}
