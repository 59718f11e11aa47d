/* cmd_explain.c - `laju explain`: what a KPI means, how a row's value comes about, what became of an event. */
#include "common/mem.h"
#include "laju/client.h"
#include "laju/explain.h"
#include "laju/guess.h"
#include "laju/info_json.h"
#include "laju/load.h"
#include "laju/text.h"
#include "schemas/topic.h"
#include <stdio.h>
#include <stdlib.h>

enum { FORM_TEXT = 0, FORM_JSON };

struct explain {
	struct options options;
	struct config *config;
	struct client client;
	int form;
	uint32_t kpi;
	struct buf pattern, out;
	struct info info;
	struct buf info_bytes;
	struct rowset rows;
	struct explain_row row;
};

static int
say(const char *why, int status)
{
	text_say("laju explain: %s", why);
	return status;
}

/* ---- a KPI ---- */

static int
no_such_kpi(const struct explain *explain, const char *name)
{
	const struct kpi_set *set = &explain->config->kpis;
	struct guess guess;
	guess_begin(&guess, slice_of(name));
	for (uint32_t k = 0; k < set->kpi_count; k++)
		guess_offer(&guess, set->kpi[k].name);
	if (guess.best[0] != '\0')
		return options_wrong(&explain->options, "no KPI '%s'%s", name, guess_text(&guess));
	struct buf list = {0};
	for (uint32_t k = 0; k < set->kpi_count; k++)
		buf_printf(&list, "%s%s", k > 0 ? ", " : "", set->kpi[k].name);
	int status = options_wrong(&explain->options, "no KPI '%s'; there are %.*s", name, (int)list.len,
	                           (const char *)list.data);
	buf_fini(&list);
	return status;
}

static void
keep_row(void *context, struct slice topic, struct slice row)
{
	struct explain *explain = context;
	if (glob_match(buf_slice(&explain->pattern), topic))
		rowset_put(&explain->rows, topic, row);
}

static int
fetch_rows(struct explain *explain)
{
	struct snapshot_ask ask = {.prefix = pattern_prefix(buf_slice(&explain->pattern))};
	struct snapshot_end end;
	char why[CLIENT_WHY_MAX];
	int status = client_snapshot(&explain->client, &ask, keep_row, explain, &end, why);
	if (status == 0)
		status = client_info(&explain->client, &explain->info, &explain->info_bytes, why);
	return status == 0 ? 0 : say(why, status);
}

static void
show_rows(struct explain *explain, struct row *row)
{
	bool json = explain->form == FORM_JSON;
	uint32_t shown = 0;
	explain->row = (struct explain_row){.set = &explain->config->kpis, .kpi = explain->kpi, .info = &explain->info};
	buf_printf(&explain->out, json ? ",\n \"rows\":[" : "\n");
	for (uint32_t i = 0; i < explain->rows.count; i++) {
		const struct rowset_entry *entry = &explain->rows.entry[i];
		if (entry->gone || row_decode(row, buf_slice(&entry->row)) != 0)
			continue;
		buf_printf(&explain->out, json ? "%s\n  " : "%s", shown++ > 0 ? json ? "," : "\n" : "");
		if (json)
			explain_row_json(&explain->row, buf_slice(&entry->topic), row, &explain->out);
		else
			explain_row_text(&explain->row, buf_slice(&entry->topic), row, &explain->out);
	}
	if (json) {
		buf_printf(&explain->out, "],\n \"not_counted\":");
		explain_left_out_json(&explain->info, &explain->out);
		return;
	}
	buf_printf(&explain->out, shown > 0 ? "\n" : "");
	explain_left_out_text(&explain->info, &explain->out);
	if (shown == 0)
		text_say("laju explain: no row matches %.*s", (int)explain->pattern.len - 4,
		         (const char *)explain->pattern.data + 4);
}

/* What the numbers say about whether the KPI here is the server's. */
static int
judge_rows(const struct explain *explain)
{
	if (explain->info.demo)
		text_say("laju explain: the server runs a demonstration (DEMO)");
	if (explain->rows.broken > 0)
		return say("a row of the server could not be read", STATUS_FAILED);
	if (explain->row.missing)
		return say("the server has no such KPI: it runs another file of KPIs (-c or --set kpis= names it)", STATUS_FAILED);
	if (explain->row.differs)
		return say("the server's values are not this formula's: it runs another file of KPIs (-c or --set kpis= names it)",
		           STATUS_FAILED);
	return STATUS_OK;
}

static int
explain_row(struct explain *explain)
{
	int status = client_open(&explain->client, &explain->options);
	if (status != 0)
		return status;
	status = fetch_rows(explain);
	client_close(&explain->client);
	if (status != 0)
		return status;
	struct row *row = mem_alloc(sizeof(*row));
	show_rows(explain, row);
	free(row);
	return judge_rows(explain);
}

static int
explain_kpi(struct explain *explain)
{
	const struct options *options = &explain->options;
	const char *near;
	int status = load_config(explain->config, options, &(struct config_override){"allow_remote", "true", "client"}, 1);
	if (status != 0)
		return status;
	int kpi = kpi_find(&explain->config->kpis, slice_of(options->arg[0]));
	if (kpi < 0)
		return no_such_kpi(explain, options->arg[0]);
	explain->kpi = (uint32_t)kpi;
	if (options->args == 2 && !pattern_of(options->arg[1], &explain->pattern, &near))
		return options_wrong(options, near ? "'%s': no such window, did you mean '%s'?"
		                                   : "'%s': no such window (r1d r7d r30d d w m)", options->arg[1], near);
	bool json = explain->form == FORM_JSON;
	buf_printf(&explain->out, json ? "{" : "");
	(json ? explain_kpi_json : explain_kpi_text)(&explain->config->kpis, explain->kpi, &explain->out);
	if (options->args == 2 && (status = explain_row(explain)) != 0 && !explain->row.differs)
		return status;
	buf_printf(&explain->out, json ? "}\n" : "");
	return text_print(&explain->out) ? status : STATUS_FAILED;
}

/* ---- an event ---- */

static int
show_event(struct explain *explain, const struct event_ask *ask)
{
	struct event_view view;
	struct buf bytes = {0};
	char why[CLIENT_WHY_MAX];
	int decimals, status = client_event(&explain->client, ask, &view, &bytes, why);
	if (status == 0)
		status = client_info(&explain->client, &explain->info, &explain->info_bytes, why);
	if (status != 0) {
		buf_fini(&bytes);
		return say(why, status);
	}
	decimals = explain->info.decimals <= NUMBER_DECIMALS_MAX ? explain->info.decimals : NUMBER_DECIMALS_MAX;
	if (explain->form == FORM_JSON) {
		event_view_json(&explain->out, ask, &view);
		buf_printf(&explain->out, "\n");
	} else
		explain_event_text(ask, &view, decimals, &explain->out);
	buf_fini(&bytes);
	return text_print(&explain->out) ? STATUS_OK : STATUS_FAILED;
}

static int
explain_event(struct explain *explain, const char *id, const char *cust)
{
	const struct event_ask ask = {.id = slice_of(id), .cust = slice_of(cust != NULL ? cust : "")};
	if (ask.id.n == 0 || ask.id.n > EVENT_ID_BYTES_MAX || ask.cust.n > EVENT_TEXT_BYTES_MAX)
		return options_wrong(&explain->options, "an id has 1 to %d bytes, a cust at most %d", EVENT_ID_BYTES_MAX,
		                     EVENT_TEXT_BYTES_MAX);
	int status = client_open(&explain->client, &explain->options);
	if (status != 0)
		return status;
	status = show_event(explain, &ask);
	client_close(&explain->client);
	return status;
}

static int
run(struct explain *explain)
{
	const struct options *options = &explain->options;
	const char *id = options_nth(options, "event", 0), *cust = options_nth(options, "cust", 0);
	if (id != NULL)
		return options->args == 0 ? explain_event(explain, id, cust)
		                          : options_wrong(options, "--event and a KPI exclude each other");
	if (cust != NULL)
		return options_wrong(options, "--cust goes with --event");
	if (options->args < 1 || options->args > 2)
		return options_wrong(options, options->args == 0
		                                  ? "which KPI? e.g. laju explain roi"
		                                  : "one KPI and at most one ROW (quote it, so that the shell leaves * alone)");
	return explain_kpi(explain);
}

int
cmd_explain(int argc, char **argv)
{
	static const char *const forms[] = {"text", "json"};
	struct explain *explain = mem_zalloc(1, sizeof(*explain));
	explain->config = mem_zalloc(1, sizeof(*explain->config));
	int status = options_parse(&explain->options, command_find("explain"), argc, argv);
	if (status == 0 && (explain->form = options_choice(&explain->options, "output", forms, 2)) < 0)
		status = STATUS_USAGE;
	if (status == 0)
		status = run(explain);
	config_fini(explain->config);
	rowset_fini(&explain->rows);
	buf_fini(&explain->pattern);
	buf_fini(&explain->out);
	buf_fini(&explain->info_bytes);
	free(explain->config);
	free(explain);
	return status;
}
