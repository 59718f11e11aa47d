/* cmd_dlq.c - `laju dlq list` and `laju dlq replay`: refused events, and another try for them. */
#include "common/mem.h"
#include "laju/client.h"
#include "laju/guess.h"
#include "laju/ndjson.h"
#include "laju/row_json.h"
#include "laju/table.h"
#include "schemas/cursor.h"
#include <stdio.h>
#include <stdlib.h>

enum { DLQ_LETTERS_MAX = 100000 };

struct letter {
	struct buf bytes;     /* the packed row */
	struct dead_row dead; /* points into bytes */
	char code[32], text[128]; /* replay's verdict */
	bool answered;
};
struct dlq {
	struct options options;
	struct client client;
	struct delivery delivery;
	bool json;
	uint32_t count, cap;
	struct letter *letter;
	uint64_t left_out;
	bool unclear; /* an answer did not add up */
};

static void
keep_letter(void *context, struct slice topic, struct slice row)
{
	struct dlq *dlq = context;
	struct dead_row dead;
	const char *code = options_text(&dlq->options, "code");
	(void)topic;
	if (dead_decode(&dead, row) != 0 || (code && !slice_is(dead.code, code)))
		return;
	if (dlq->count == DLQ_LETTERS_MAX) {
		dlq->left_out++;
		return;
	}
	if (dlq->count == dlq->cap) {
		dlq->cap = dlq->cap ? dlq->cap * 2 : 64;
		dlq->letter = mem_realloc(dlq->letter, dlq->cap * sizeof(*dlq->letter));
	}
	struct letter *letter = &dlq->letter[dlq->count++];
	*letter = (struct letter){0};
	buf_add(&letter->bytes, row.p, row.n);
	dead_decode(&letter->dead, buf_slice(&letter->bytes));
}

static int
by_number(const void *a, const void *b)
{
	const struct letter *x = a, *y = b;
	return (x->dead.number > y->dead.number) - (x->dead.number < y->dead.number);
}

static int
fetch(struct dlq *dlq)
{
	char why[CLIENT_WHY_MAX], prefix[80];
	struct snapshot_end end;
	const char *code = options_text(&dlq->options, "code");
	snprintf(prefix, sizeof(prefix), "dlq/%s", code ? code : "");
	struct snapshot_ask ask = {.prefix = slice_of(prefix)};
	int status = client_snapshot(&dlq->client, &ask, keep_letter, dlq, &end, why);
	if (status) {
		text_say("laju dlq: %s", why);
		return status;
	}
	if (dlq->count > 0)
		qsort(dlq->letter, dlq->count, sizeof(*dlq->letter), by_number);
	if (dlq->left_out > 0)
		text_say("laju dlq: only the first %d of %llu", DLQ_LETTERS_MAX, (unsigned long long)(dlq->count + dlq->left_out));
	return 0;
}

/* --- list --- */

static void
event_json(struct buf *out, const struct event *event)
{
	const char *comma = "";
	buf_printf(out, "{");
	if (event->type) {
		buf_printf(out, "\"t\":\"%s\"", event_type_name(event->type));
		comma = ",";
	}
	if (event->stage) {
		buf_printf(out, "%s\"stage\":\"%s\"", comma, event_stage_name(event->stage));
		comma = ",";
	}
	if (event->kind) {
		buf_printf(out, "%s\"kind\":\"%s\"", comma, event_kind_name(event->kind));
		comma = ",";
	}
	for (unsigned i = 0; i < EVENT_TEXTS; i++)
		if (event->text_mask & 1u << i) {
			buf_printf(out, "%s\"%s\":", comma, event_text_key(i));
			text_json(out, event->text[i]);
			comma = ",";
		}
	for (unsigned i = 0; i < EVENT_NUMS; i++)
		if (event->num_mask & 1u << i) {
			buf_printf(out, "%s\"%s\":%lld", comma, event_num_key(i), (long long)event->num[i]);
			comma = ",";
		}
	buf_printf(out, "}");
}

static void
letter_json(struct buf *out, const struct letter *letter)
{
	const struct dead_row *dead = &letter->dead;
	struct event event;
	struct event_fault fault;
	size_t used;
	buf_printf(out, "{\"n\":%llu,\"at\":%lld,\"code\":", (unsigned long long)dead->number, (long long)dead->at_ms);
	text_json(out, dead->code);
	buf_printf(out, ",\"text\":");
	text_json(out, dead->text);
	buf_printf(out, ",\"peer\":");
	text_json(out, dead->peer);
	if (letter->answered) {
		buf_printf(out, ",\"verdict\":");
		text_json(out, slice_of(letter->code));
		buf_printf(out, ",\"reason\":");
		text_json(out, slice_of(letter->text));
	}
	if (event_decode(&event, dead->raw, &used, &fault) == VERDICT_OK && used == dead->raw.n) {
		buf_printf(out, ",\"event\":");
		event_json(out, &event);
	}
	buf_printf(out, ",\"raw\":\"");
	for (uint32_t i = 0; i < dead->raw.n; i++)
		buf_printf(out, "%02x", dead->raw.p[i]);
	buf_printf(out, "\"}");
}

static void
letter_cells(struct text_table *table, const struct letter *letter, bool replayed)
{
	char text[32];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)letter->dead.number);
	text_table_cell_text(table, text);
	time_format(letter->dead.at_ms, text);
	text_table_cell_text(table, text);
	text_table_cell(table, letter->dead.peer);
	text_table_cell(table, letter->dead.code);
	if (replayed) {
		text_table_cell_text(table, letter->code);
		text_table_cell_text(table, letter->text);
		return;
	}
	snprintf(text, sizeof(text), "%u", letter->dead.raw.n);
	text_table_cell_text(table, text);
	text_table_cell(table, letter->dead.text);
}

static int
print_letters(const struct dlq *dlq, bool replayed)
{
	struct buf out = {0};
	struct text_table *table = text_table_new();
	text_table_column(table, "n", true);
	text_table_column(table, "at", false);
	text_table_column(table, "peer", false);
	text_table_column(table, "code", false);
	text_table_column(table, replayed ? "now" : "bytes", !replayed);
	text_table_column(table, "reason", false);
	for (uint32_t i = 0; i < dlq->count; i++) {
		if (dlq->json) {
			buf_printf(&out, i ? ",\n " : "[");
			letter_json(&out, &dlq->letter[i]);
		} else
			letter_cells(table, &dlq->letter[i], replayed);
	}
	if (dlq->json)
		buf_printf(&out, "%s]\n", dlq->count ? "" : "[");
	else if (dlq->count > 0)
		text_table_text(table, 0, UINT32_MAX, &out);
	bool printed = text_print(&out);
	text_table_free(table);
	buf_fini(&out);
	return printed ? STATUS_OK : STATUS_FAILED;
}

/* --- replay --- */

/* A batch holds one letter: an answer counts duplicates, but does not say which events they are. */
static void
settled(void *context, void *origin, uint32_t events, const struct answer *answer)
{
	struct letter *letter = origin;
	struct answer rest = *answer;
	struct slice code = answer->code, text = answer->text;
	struct dlq *dlq = context;
	uint32_t index;
	if (!sender_adds_up(answer, events)) {
		dlq->unclear = true;
		return; /* as good as none */
	}
	letter->answered = true;
	if (answer->is_ack && !answer_next_reject(&rest, &index, &code, &text)) {
		snprintf(letter->code, sizeof(letter->code), answer->dup ? "duplicate" : "taken");
		return;
	}
	snprintf(letter->code, sizeof(letter->code), "%.*s", (int)(code.n < 31 ? code.n : 31), (const char *)code.p);
	snprintf(letter->text, sizeof(letter->text), "%.*s", (int)(text.n < 127 ? text.n : 127), (const char *)text.p);
}

static int
step(struct dlq *dlq)
{
	char why[CLIENT_WHY_MAX];
	int status = delivery_step(&dlq->delivery, 200, -1, why);
	if (status)
		text_say("laju dlq: %s", why);
	return status;
}

static int
send_letter(struct dlq *dlq, struct letter *letter)
{
	struct sender *sender = dlq->delivery.sender;
	struct buf message = {0};
	int status = 0;
	while (status == 0 && !sender_has_room(sender))
		status = step(dlq);
	if (status)
		return status;
	batch_begin(&message, sender_next_id(sender), 1);
	buf_add(&message, letter->dead.raw.p, letter->dead.raw.n);
	sender_submit(sender, &message, 1, letter);
	return 0;
}

/* Exactly one MessagePack value: anything else would change what the rest of its batch means. */
static bool
can_be_sent(struct letter *letter)
{
	const uint8_t *p = letter->dead.raw.p, *end = p + letter->dead.raw.n;
	if (letter->dead.raw.n > 0 && at_type(p, end) == CURSOR_MAP && at_skip(p, end) == end)
		return true;
	letter->answered = true;
	snprintf(letter->code, sizeof(letter->code), "not sent");
	snprintf(letter->text, sizeof(letter->text), "its bytes are no single event");
	return false;
}

static int
send_letters(struct dlq *dlq)
{
	int status = 0;
	for (uint32_t i = 0; status == 0 && i < dlq->count; i++)
		if (can_be_sent(&dlq->letter[i]))
			status = send_letter(dlq, &dlq->letter[i]);
	while (status == 0 && sender_unsettled(dlq->delivery.sender) > 0)
		status = step(dlq);
	return status;
}

static int
replay(struct dlq *dlq)
{
	struct sender_config config = {.settled = settled, .context = dlq, .resend_ms = 10000};
	char why[CLIENT_WHY_MAX];
	uint32_t refused = 0;
	int status = delivery_open(&dlq->delivery, &dlq->client, &config, why);
	if (status) {
		text_say("laju dlq: %s", why);
		return status;
	}
	status = send_letters(dlq);
	delivery_close(&dlq->delivery);
	if (dlq->unclear)
		text_say("laju dlq: an answer of the server does not add up");
	if (status == 0 && dlq->unclear)
		status = STATUS_FAILED;
	for (uint32_t i = 0; i < dlq->count; i++) {
		struct letter *letter = &dlq->letter[i];
		if (!letter->answered)
			snprintf(letter->code, sizeof(letter->code), "not answered");
		refused += letter->answered && strcmp(letter->code, "taken") != 0 && strcmp(letter->code, "duplicate") != 0;
	}
	int printed = print_letters(dlq, true);
	status = status ? status : printed;
	return status == 0 && refused > 0 ? STATUS_PARTLY : status;
}

static int
run(struct dlq *dlq, bool is_replay)
{
	int status = fetch(dlq);
	if (status)
		return status;
	if (dlq->count == 0)
		text_say("laju dlq: no dead letters");
	if (dlq->count == 0 && !dlq->json)
		return 0;
	return is_replay && dlq->count > 0 ? replay(dlq) : print_letters(dlq, false);
}

/* Nothing was ever refused for a reason that there is not: a slip, told with the near one. */
static int
check_code(const struct options *options)
{
	const char *code = options_text(options, "code"), *names[VERDICT_COUNT + BATCH_CODE_COUNT];
	uint32_t count = 0;
	for (unsigned i = VERDICT_DUPLICATE + 1; i < VERDICT_COUNT; i++)
		names[count++] = verdict_name(i);
	for (unsigned i = BATCH_OK + 1; i < BATCH_CODE_COUNT; i++)
		names[count++] = batch_code_name(i);
	for (uint32_t i = 0; i < count; i++)
		if (!code || strcmp(code, names[i]) == 0)
			return STATUS_OK;
	const char *near = guess_nearest(code, names, count);
	return near ? options_wrong(options, "--code %s: no such reason, did you mean '%s'?", code, near)
	            : options_wrong(options, "--code %s: no such reason", code);
}

int
cmd_dlq(int argc, char **argv)
{
	static const char *const output_words[] = {"table", "json"};
	struct dlq *dlq = mem_zalloc(1, sizeof(*dlq));
	int status = options_parse(&dlq->options, command_find("dlq"), argc, argv);
	const char *verb = status == 0 && dlq->options.args == 1 ? dlq->options.arg[0] : "";
	bool is_replay = strcmp(verb, "replay") == 0;
	int output = status == 0 ? options_choice(&dlq->options, "output", output_words, 2) : 0;
	if (status == 0 && output < 0)
		status = STATUS_USAGE;
	if (status == 0 && !is_replay && strcmp(verb, "list") != 0)
		status = options_wrong(&dlq->options, "list or replay?");
	if (status == 0)
		status = check_code(&dlq->options);
	dlq->json = output == 1;
	if (status == 0)
		status = client_open(&dlq->client, &dlq->options);
	if (status == 0) {
		status = run(dlq, is_replay);
		client_close(&dlq->client);
	}
	for (uint32_t i = 0; i < dlq->count; i++)
		buf_fini(&dlq->letter[i].bytes);
	free(dlq->letter);
	free(dlq);
	return status;
}
