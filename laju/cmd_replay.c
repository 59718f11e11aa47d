/* cmd_replay.c - `laju replay FILE... --at T,T...`: rows at instants of history, offline. */
#include "common/mem.h"
#include "laju/input.h"
#include "laju/load.h"
#include "laju/ndjson.h"
#include "laju/refusals.h"
#include "laju/replay.h"
#include "laju/rows_view.h"
#include "laju/text.h"
#include "laju/unknown_keys.h"
#include "schemas/topic.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { INSTANTS_MAX = 10000 };
_Static_assert((int)UNIT_MONEY == (int)NUMBER_MONEY && (int)UNIT_RATIO == (int)NUMBER_RATIO, "units are numbered alike");

/* Where each event stood, for what is said of a refused one. */
struct origin {
	uint32_t file;
	uint64_t line;
};

struct command_replay {
	struct options options;
	struct config *config;
	struct replay *replay;
	struct buf pattern, out, packed;
	uint32_t instants;
	int64_t at_ms[INSTANTS_MAX];
	struct rowset *rows; /* one an instant */
	struct client_hello hello;
	struct origin *origin;
	uint64_t origins, origins_cap;
	/* the account: received = ok + duplicate + refused + later than the last instant */
	uint64_t received;
	struct refusals refusals;
	struct unknown_keys unknown;
	const struct input *input; /* the one being read */
};

static int
compare_instants(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int
read_instants(struct command_replay *self)
{
	const char *text = options_text(&self->options, "at"), *why;
	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, ",");
		struct slice one = {(const uint8_t *)text, (uint32_t)n};
		if (self->instants == INSTANTS_MAX)
			return options_wrong(&self->options, "--at takes at most %d instants", INSTANTS_MAX);
		if (time_parse(one, &self->at_ms[self->instants], &why) != 0)
			return options_wrong(&self->options, "--at '%.*s': %s", (int)n, text, why);
		self->instants++;
		text += n + (text[n] == ',');
	}
	qsort(self->at_ms, self->instants, sizeof(self->at_ms[0]), compare_instants);
	return STATUS_OK;
}

static void
refuse(struct command_replay *self, uint32_t file, uint64_t line, const char *code, const char *text)
{
	char place[512];
	snprintf(place, sizeof(place), "%s:%llu", self->options.arg[file], (unsigned long long)line);
	refusals_add(&self->refusals, slice_of(code), 1, place, slice_of(text));
}

static void
unknown_key(void *context, const char *key, const char *near)
{
	struct command_replay *self = context;
	if (unknown_keys_add(&self->unknown, key))
		unknown_keys_say(&self->unknown, self->input->name, self->input->place, near);
}

static void
add_line(struct command_replay *self, uint32_t file, const struct input *input, struct slice item)
{
	struct ndjson_fault fault;
	self->packed.len = 0;
	if (input->form == INPUT_NDJSON && ndjson_event(item, &self->packed, unknown_key, self, &fault) != VERDICT_OK) {
		refuse(self, file, input->place, verdict_name(fault.code), fault.text);
		return;
	}
	if (item.n > EVENT_BYTES_MAX && input->form == INPUT_MSGPACK) {
		refuse(self, file, input->place, verdict_name(VERDICT_TOO_BIG), "an event has at most 16384 bytes");
		return;
	}
	if (self->origins == self->origins_cap) {
		self->origins_cap = self->origins_cap ? self->origins_cap * 2 : 1024;
		self->origin = mem_realloc(self->origin, self->origins_cap * sizeof(*self->origin));
	}
	self->origin[self->origins++] = (struct origin){file, input->place};
	replay_add(self->replay, input->form == INPUT_NDJSON ? buf_slice(&self->packed) : item);
}

/* 0, or STATUS_FAILED after words on stderr. */
static int
read_file(struct command_replay *self, uint32_t file)
{
	struct input input;
	struct slice item;
	const char *name = self->options.arg[file];
	int rc = input_open(&input, name, INPUT_UNKNOWN);
	if (rc != 0) {
		text_say("laju replay: %s: %s", name, strerror(-rc));
		return STATUS_FAILED;
	}
	self->input = &input;
	for (;;) {
		enum input_got got = input_next(&input, &item);
		self->received += got == INPUT_ITEM || got == INPUT_TOO_LONG;
		if (got == INPUT_ITEM)
			add_line(self, file, &input, item);
		else if (got == INPUT_TOO_LONG)
			refuse(self, file, input.place, "too_big", "the line is longer than 64 KiB");
		else if (got == INPUT_END)
			break;
		else if (got == INPUT_BROKEN || (rc = input_fill(&input)) != 0) {
			if (got == INPUT_MORE && rc == -EINTR)
				continue;
			if (got == INPUT_BROKEN)
				text_say("laju replay: %s: after %llu bytes: %s", name, (unsigned long long)input.taken, input.why);
			else
				text_say("laju replay: %s: %s", name, strerror(-rc));
			input_close(&input);
			return STATUS_FAILED;
		}
	}
	input_close(&input);
	return STATUS_OK;
}

static void
keep_row(void *context, int64_t at_ms, struct slice topic, struct slice row)
{
	struct command_replay *self = context;
	uint32_t i = 0;
	while (self->at_ms[i] != at_ms)
		i++;
	if (glob_match(buf_slice(&self->pattern), topic))
		rowset_put(&self->rows[i], topic, row);
}

static void
keep_refusal(void *context, uint64_t number, const char *code, const char *text)
{
	struct command_replay *self = context;
	refuse(self, self->origin[number].file, self->origin[number].line, code, text);
}

/* What a server would say of itself in hello/. */
static void
fill_hello(struct command_replay *self)
{
	struct client_hello *hello = &self->hello;
	const struct config *config = self->config;
	hello->known = true;
	hello->decimals = money_decimals(slice_of(config->currency));
	snprintf(hello->currency, sizeof(hello->currency), "%s", config->currency);
	for (uint32_t k = 0; k < config->kpis.kpi_count && hello->kpis < CLIENT_KPIS_MAX; k++) {
		struct client_kpi *kpi = &hello->kpi[hello->kpis++];
		snprintf(kpi->name, sizeof(kpi->name), "%s", config->kpis.kpi[k].name);
		kpi->unit = config->kpis.kpi[k].unit;
	}
}

static int
run(struct command_replay *self)
{
	int status = STATUS_OK;
	for (int f = 0; f < self->options.args && status == STATUS_OK; f++)
		status = read_file(self, (uint32_t)f);
	if (status != STATUS_OK)
		return status;
	/* Events without a time are refused at any instant: there must be one. */
	if (self->instants == 0 && self->origins > 0)
		self->at_ms[self->instants++] = replay_last_ms(self->replay) != INT64_MIN ? replay_last_ms(self->replay) : 0;
	self->rows = mem_zalloc(self->instants + 1, sizeof(*self->rows));
	replay_run(self->replay, self->at_ms, self->instants, pattern_prefix(buf_slice(&self->pattern)), keep_row,
	           keep_refusal, self);
	return STATUS_OK;
}

static void
print_account(const struct command_replay *self)
{
	uint64_t later = replay_later(self->replay);
	char rest[96] = "", last[32];
	if (later > 0) {
		time_format(self->at_ms[self->instants - 1], last);
		snprintf(rest, sizeof(rest), ", %llu after the last instant (%s)", (unsigned long long)later, last);
	}
	text_say("laju replay: %llu events: %llu ok, %llu duplicate, %llu refused%s", (unsigned long long)self->received,
	         (unsigned long long)replay_verdicts(self->replay, VERDICT_OK),
	         (unsigned long long)replay_verdicts(self->replay, VERDICT_DUPLICATE),
	         (unsigned long long)self->refusals.total, rest);
}

static int
show(struct command_replay *self)
{
	const struct options *options = &self->options;
	int form = options_choice(options, "output", view_words, VIEW_FORMS);
	uint32_t shown;
	if (form < 0)
		return STATUS_USAGE;
	struct rows_view view = {.options = options,
	                         .hello = &self->hello,
	                         .form = (uint8_t)form,
	                         .measures = options_flag(options, "measures"),
	                         .prev = options_flag(options, "prev"),
	                         .verbose = options_flag(options, "verbose"),
	                         .instants = self->instants > 1,
	                         .width = options_text(options, "kpi") == NULL ? text_terminal_width() : 0};
	int status = rows_view_print(&view, self->rows, self->at_ms, self->instants, options_text(options, "kpi"),
	                             &self->out, &shown);
	if (status != STATUS_OK)
		return status;
	print_account(self);
	struct buf words = {0};
	refusals_print(&self->refusals, &words);
	if (words.len > 0)
		fwrite(words.data, 1, words.len, stderr);
	buf_fini(&words);
	if (view.left_out > 0)
		text_say("laju replay: %u more columns are wider than the terminal: name some with -k, or take -o csv",
		         view.left_out);
	if (shown == 0)
		text_say("laju replay: no row matches %s", options_text(options, "select"));
	if (!text_print(&self->out))
		return STATUS_FAILED;
	return self->refusals.total > 0 ? STATUS_PARTLY : STATUS_OK;
}

static int
prepare(struct command_replay *self, int argc, char **argv)
{
	struct options *options = &self->options;
	const char *near;
	int status = options_parse(options, command_find("replay"), argc, argv);
	if (status == STATUS_OK && options->args == 0)
		status = options_wrong(options, "which files? e.g. laju replay november.ndjson --at 2026-12-01");
	if (status == STATUS_OK)
		status = read_instants(self);
	if (status == STATUS_OK && !pattern_of(options_text(options, "select"), &self->pattern, &near))
		status = options_wrong(options, "'%s': no such window (r1d r7d r30d d w m)", options_text(options, "select"));
	return status;
}

int
cmd_replay(int argc, char **argv)
{
	struct command_replay *self = mem_zalloc(1, sizeof(*self));
	self->config = mem_zalloc(1, sizeof(*self->config));
	int status = prepare(self, argc, argv);
	if (status == STATUS_OK) {
		status = load_config(self->config, &self->options, NULL, 0);
		if (status == STATUS_OK) {
			fill_hello(self);
			self->replay = replay_new(self->config);
			status = run(self);
			if (status == STATUS_OK)
				status = show(self);
			replay_free(self->replay);
		}
		config_fini(self->config);
	}
	for (uint32_t i = 0; self->rows != NULL && i < self->instants; i++)
		rowset_fini(&self->rows[i]);
	free(self->rows);
	free(self->origin);
	refusals_fini(&self->refusals);
	buf_fini(&self->pattern);
	buf_fini(&self->out);
	buf_fini(&self->packed);
	free(self->config);
	free(self);
	return status;
}
