/* cmd_query.c - `laju query PATTERN`: rows as they are now, by the snapshot protocol. */
#include "common/mem.h"
#include "laju/client.h"
#include "laju/guess.h"
#include "laju/rows_view.h"
#include "schemas/topic.h"
#include <stdlib.h>

enum { QUERY_HELLO_MS = 500 };

struct query {
	struct options options;
	struct client client;
	struct client_hello hello;
	struct buf pattern, out;
	struct rowset rows;
	struct rows_view view;
};

static void
keep_row(void *context, struct slice topic, struct slice row)
{
	struct query *query = context;
	if (glob_match(buf_slice(&query->pattern), topic))
		rowset_put(&query->rows, topic, row);
}

static int
fetch(struct query *query)
{
	struct snapshot_ask ask = {.prefix = pattern_prefix(buf_slice(&query->pattern))};
	struct snapshot_end end;
	char why[CLIENT_WHY_MAX];
	int64_t lsn = 0;
	ask.has_lsn = options_text(&query->options, "wait-lsn") != NULL;
	if (ask.has_lsn && !options_number(&query->options, "wait-lsn", 0, INT64_MAX, &lsn))
		return STATUS_USAGE;
	ask.lsn = (uint64_t)lsn;
	int status = client_snapshot(&query->client, &ask, keep_row, query, &end, why);
	if (status)
		text_say("laju query: %s", why);
	return status;
}

/* The pattern names one rollup, and the server has told that it has no such. */
static bool
rollup_is_unknown(const struct query *query, struct slice *rollup)
{
	const struct client_hello *hello = &query->hello;
	struct slice pattern = buf_slice(&query->pattern);
	struct row_name name = {0};
	bool known = !row_name_of(pattern, &name) || pattern_prefix(pattern).n < (uint32_t)(name.key.p - pattern.p);
	for (uint32_t i = 0; i < hello->rollups && !known; i++)
		known = slice_is(name.rollup, hello->rollup[i]);
	*rollup = name.rollup;
	return !known && hello->rollups > 0;
}

static int
no_row(struct query *query)
{
	const struct client_hello *hello = &query->hello;
	const char *typed = query->options.arg[0], *near;
	struct slice rollup;
	struct guess guess;
	struct buf known = {0};
	if (!hello->known)
		client_hello_get(&query->client, &query->hello, QUERY_HELLO_MS);
	if (!rollup_is_unknown(query, &rollup)) {
		text_say("laju query: no row matches %.*s", (int)query->pattern.len - 4, (const char *)query->pattern.data + 4);
		return STATUS_OK;
	}
	guess_begin(&guess, rollup);
	for (uint32_t i = 0; i < hello->rollups; i++) {
		guess_offer(&guess, hello->rollup[i]);
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", hello->rollup[i]);
	}
	near = guess_text(&guess);
	if (*near)
		options_wrong(&query->options, "'%s': no such rollup%s", typed, near);
	else
		options_wrong(&query->options, "'%s': no such rollup (%.*s)", typed, (int)known.len, (const char *)known.data);
	buf_fini(&known);
	return STATUS_USAGE;
}

static int
answer(struct query *query)
{
	struct rows_view *view = &query->view;
	uint32_t shown;
	/* Units are told by hello only; JSON and measures need none. */
	if (view->form != VIEW_JSON && !view->measures && !client_hello_get(&query->client, &query->hello, QUERY_HELLO_MS))
		text_say("laju query: no word from %s: money is shown in minor units", query->client.updates);
	int status = rows_view_print(view, &query->rows, NULL, 1, options_text(&query->options, "kpi"), &query->out, &shown);
	if (status == 0 && shown == 0)
		status = no_row(query);
	if (status)
		return status;
	if (query->rows.refused > 0)
		text_say("laju query: %llu rows left out: at most %d are kept", (unsigned long long)query->rows.refused,
		         ROWSET_ROWS_MAX);
	if (query->rows.broken > 0)
		text_say("laju query: %llu row%s of the server could not be read", (unsigned long long)query->rows.broken,
		         query->rows.broken == 1 ? "" : "s");
	if (view->left_out > 0)
		text_say("laju query: %u more columns are wider than the terminal: name some with -k, or take -o csv",
		         view->left_out);
	if (query->hello.demo)
		text_say("laju query: the server runs a demonstration (DEMO)");
	return text_print(&query->out) && query->rows.broken == 0 ? STATUS_OK : STATUS_FAILED;
}

static int
read_options(struct query *query)
{
	struct options *options = &query->options;
	const char *near;
	int form = options_choice(options, "output", view_words, VIEW_FORMS);
	if (form < 0)
		return STATUS_USAGE;
	query->view = (struct rows_view){.options = options,
	                                 .hello = &query->hello,
	                                 .form = (uint8_t)form,
	                                 .measures = options_flag(options, "measures"),
	                                 .prev = options_flag(options, "prev"),
	                                 .verbose = options_flag(options, "verbose")};
	if (options_text(options, "kpi") == NULL) /* what was asked for by name is shown */
		query->view.width = text_terminal_width();
	if (query->view.measures && options_text(options, "kpi"))
		return options_wrong(options, "--measures and --kpi exclude each other");
	if (options->args != 1)
		return options_wrong(options, options->args ? "one PATTERN, please (quote it, so that the shell leaves * alone)"
		                                            : "which rows? e.g. laju query 'd/*'");
	if (pattern_of(options->arg[0], &query->pattern, &near))
		return 0;
	return near ? options_wrong(options, "'%s': no such window, did you mean '%s'?", options->arg[0], near)
	            : options_wrong(options, "'%s': no such window (r1d r7d r30d d w m)", options->arg[0]);
}

int
cmd_query(int argc, char **argv)
{
	struct query *query = mem_zalloc(1, sizeof(*query));
	query->hello.decimals = 0;
	int status = options_parse(&query->options, command_find("query"), argc, argv);
	if (status == 0)
		status = read_options(query);
	if (status == 0)
		status = client_open(&query->client, &query->options);
	if (status == 0) {
		status = fetch(query);
		if (status == 0)
			status = answer(query);
		client_close(&query->client);
	}
	rowset_fini(&query->rows);
	buf_fini(&query->pattern);
	buf_fini(&query->out);
	free(query);
	return status;
}
