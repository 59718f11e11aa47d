/*
 * test_docs.c - the bytes shown in schemas/ *.md are those that the encoders make and the decoders read.
 *
 * An example in a document is a line "Example `name`" and the next ```hex block: bytes in hex,
 * '#' begins a comment. Runs from the repository's root, as ctest does.
 */
#include "schemas/alarm.h"
#include "schemas/batch.h"
#include "schemas/event_view.h"
#include "schemas/group.h"
#include "schemas/info.h"
#include "schemas/row.h"
#include "schemas/snapshot.h"
#include "schemas/topic.h"
#include "tests/schemas/util.h"
#include <ctype.h>

#define AT INT64_C(1795413909500)  /* 2026-11-23T06:05:09.500Z */
#define DAY INT64_C(1795392000000) /* 2026-11-23T00:00:00Z */
#define DAY_MS INT64_C(86400000)

static void
document_read(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "r");
	size_t n;
	if (file == NULL)
		fail_msg("%s cannot be read: the test runs from the repository's root", path);
	while ((n = fread(buf_reserve(text, 4096), 1, 4096, file)) > 0)
		text->len += n;
	fclose(file);
	buf_add(text, "", 1);
}

static int
digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes of the block at text, up to its closing fence. */
static void
block_read(const char *text, const char *name, struct buf *out)
{
	for (; strncmp(text, "```", 3) != 0; text++) {
		if (*text == '\0')
			fail_msg("the block of %s is not closed", name);
		if (*text == '#')
			text += strcspn(text, "\n");
		if (isspace((unsigned char)*text))
			continue;
		if (digit(text[0]) < 0 || digit(text[1]) < 0)
			fail_msg("the block of %s has something that is not hex: %.20s", name, text);
		uint8_t byte = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		buf_add(out, &byte, 1);
		text++;
	}
}

static void
example_read(const char *path, const char *name, struct buf *out)
{
	struct buf text = {0};
	char heading[80];
	document_read(path, &text);
	snprintf(heading, sizeof(heading), "\nExample `%s`", name);
	const char *at = strstr((const char *)text.data, heading);
	const char *block = at != NULL ? strstr(at, "```hex\n") : NULL;
	if (block == NULL)
		fail_msg("%s has no example %s", path, name);
	block_read(block + 7, name, out);
	buf_fini(&text);
}

/* The document's bytes are what was made; frees made. documented is the caller's to free. */
static void
example_is(const char *path, const char *name, struct buf *made, struct buf *documented)
{
	*documented = (struct buf){0};
	example_read(path, name, documented);
	if (!slice_equal(buf_slice(made), buf_slice(documented))) {
		printf("%s in %s should be\n", name, path);
		for (size_t i = 0; i < made->len; i++)
			printf("%02x", made->data[i]);
		printf("\n");
		fail();
	}
	buf_fini(made);
}

static void
event_text(struct event *event, enum event_text text, const char *value)
{
	event->text[text] = slice_of(value);
	event->text_mask |= 1u << text;
}

static void
event_num(struct event *event, enum event_num num, int64_t value)
{
	event->num[num] = value;
	event->num_mask |= 1u << num;
}

static struct event
visit(void)
{
	struct event event = {.type = EVENT_VISIT};
	event_text(&event, TEXT_ID, "v-1");
	event_num(&event, NUM_TS, AT);
	event_text(&event, TEXT_CAMP, "promo");
	return event;
}

static void
event_md_shows_a_sale(void **state)
{
	struct event event = {.type = EVENT_SALE}, back;
	struct event_fault fault;
	struct buf made = {0}, shown;
	size_t used;
	(void)state;
	event_text(&event, TEXT_ID, "o-1001");
	event_num(&event, NUM_TS, AT);
	event_text(&event, TEXT_CUST, "c-77");
	event_text(&event, TEXT_CAMP, "promo");
	event_num(&event, NUM_AMT, 125000);
	event_text(&event, TEXT_CUR, "IDR");
	event_num(&event, NUM_QTY, 2);
	event_encode(&event, &made);
	example_is("schemas/event.md", "event", &made, &shown);
	assert_int_equal(event_decode(&back, buf_slice(&shown), &used, &fault), VERDICT_OK);
	assert_int_equal(used, shown.len);
	assert_int_equal(back.type, EVENT_SALE);
	assert_int_equal(back.num[NUM_AMT], 125000);
	assert_slice(back.text[TEXT_CUST], "c-77");
	buf_fini(&shown);
}

static void
event_md_shows_a_correct(void **state)
{
	struct event event = {.type = EVENT_CORRECT}, back;
	struct event_fault fault;
	struct buf made = {0}, shown;
	size_t used;
	(void)state;
	event_text(&event, TEXT_ID, "k-1");
	event_num(&event, NUM_TS, AT);
	event_text(&event, TEXT_CUST, "c-77");
	event_text(&event, TEXT_CAMP, "promo");
	event_num(&event, NUM_AMT, 100000);
	event_text(&event, TEXT_CUR, "IDR");
	event_num(&event, NUM_QTY, 2);
	event_text(&event, TEXT_REF, "o-1001");
	event_num(&event, NUM_REV, 1);
	event_encode(&event, &made);
	example_is("schemas/event.md", "correct", &made, &shown);
	assert_int_equal(event_decode(&back, buf_slice(&shown), &used, &fault), VERDICT_OK);
	assert_int_equal(used, shown.len);
	assert_int_equal(back.type, EVENT_CORRECT);
	assert_int_equal(back.num[NUM_REV], 1);
	assert_slice(back.text[TEXT_REF], "o-1001");
	buf_fini(&shown);
}

static void
event_md_shows_a_void(void **state)
{
	struct event event = {.type = EVENT_VOID}, back;
	struct event_fault fault;
	struct buf made = {0}, shown;
	size_t used;
	(void)state;
	event_text(&event, TEXT_ID, "k-2");
	event_num(&event, NUM_TS, AT + DAY_MS);
	event_text(&event, TEXT_CUST, "c-77");
	event_text(&event, TEXT_REF, "o-1001");
	event_num(&event, NUM_REV, 2);
	event_encode(&event, &made);
	example_is("schemas/event.md", "void", &made, &shown);
	assert_int_equal(event_decode(&back, buf_slice(&shown), &used, &fault), VERDICT_OK);
	assert_int_equal(used, shown.len);
	assert_int_equal(back.type, EVENT_VOID);
	assert_int_equal(back.num[NUM_REV], 2);
	buf_fini(&shown);
}

static void
event_md_lists_every_key_and_word(void **state)
{
	struct buf text = {0};
	const char *name;
	char quoted[80];
	(void)state;
	document_read("schemas/event.md", &text);
#define LISTED(get, first)                                                                                             \
	for (unsigned i = (first); (name = get(i)) != NULL; i++) {                                                         \
		snprintf(quoted, sizeof(quoted), "`%s`", name);                                                                \
		if (strstr((const char *)text.data, quoted) == NULL)                                                           \
			fail_msg("schemas/event.md does not mention %s", quoted);                                                  \
	}
	LISTED(event_text_key, 0)
	LISTED(event_num_key, 0)
	LISTED(event_type_name, 1)
	LISTED(event_stage_name, 1)
	LISTED(event_kind_name, 1)
	for (unsigned code = 0; code < VERDICT_COUNT; code++) {
		snprintf(quoted, sizeof(quoted), "`%s`", verdict_name((enum verdict)code));
		if (strstr((const char *)text.data, quoted) == NULL)
			fail_msg("schemas/event.md does not mention %s", quoted);
	}
	buf_fini(&text);
}

static void
batch_md_lists_every_code(void **state)
{
	struct buf text = {0};
	char quoted[80];
	(void)state;
	document_read("schemas/batch.md", &text);
	for (unsigned code = BATCH_OK + 1; code < BATCH_CODE_COUNT; code++) {
		snprintf(quoted, sizeof(quoted), "`%s`", batch_code_name((enum batch_code)code));
		if (strstr((const char *)text.data, quoted) == NULL)
			fail_msg("schemas/batch.md does not mention %s", quoted);
	}
	buf_fini(&text);
}

static void
batch_md_shows_a_batch(void **state)
{
	struct event event = visit();
	struct batch_envelope envelope;
	struct buf made = {0}, shown;
	char why[120];
	(void)state;
	batch_begin(&made, 7, 1);
	event_encode(&event, &made);
	example_is("schemas/batch.md", "batch", &made, &shown);
	assert_int_equal(batch_open(&envelope, buf_slice(&shown), why), BATCH_OK);
	assert_int_equal(envelope.events, 1);
	assert_slice(envelope.id, "\x07");
	buf_fini(&shown);
}

static void
batch_md_shows_a_tick(void **state)
{
	struct batch_envelope envelope;
	struct buf made = {0}, shown;
	char why[120];
	(void)state;
	batch_tick(&made, 8, DAY + DAY_MS);
	example_is("schemas/batch.md", "tick", &made, &shown);
	assert_int_equal(batch_open(&envelope, buf_slice(&shown), why), BATCH_OK);
	assert_true(envelope.is_tick);
	assert_int_equal(envelope.tick_ms, DAY + DAY_MS);
	buf_fini(&shown);
}

static void
batch_md_shows_an_ack(void **state)
{
	const struct ack_reject reject = {2, VERDICT_BAD_AMOUNT, "amt is a float; give integer minor units"};
	const struct ack ack = {.id = B("\x07"), .lsn = 42, .ok = 1, .dup = 1, .refused = 1, .credit = 63,
	                        .reject_count = 1, .reject = &reject};
	struct buf made = {0}, shown;
	struct answer answer;
	struct slice code, text;
	uint32_t index;
	(void)state;
	ack_encode(&ack, &made);
	example_is("schemas/batch.md", "ack", &made, &shown);
	assert_int_equal(answer_decode(&answer, buf_slice(&shown)), 0);
	assert_true(answer.is_ack);
	assert_int_equal(answer_id(&answer), 7);
	assert_int_equal(answer.lsn, 42);
	assert_int_equal(answer.credit, 63);
	assert_true(answer_next_reject(&answer, &index, &code, &text));
	assert_int_equal(index, 2);
	assert_slice(code, "bad_amount");
	buf_fini(&shown);
}

static void
batch_md_shows_a_nack(void **state)
{
	struct buf made = {0}, shown;
	struct answer answer;
	(void)state;
	nack_encode(B("\x07"), BATCH_OVERLOADED, "too much is in flight", 200, &made);
	example_is("schemas/batch.md", "nack", &made, &shown);
	assert_int_equal(answer_decode(&answer, buf_slice(&shown)), 0);
	assert_false(answer.is_ack);
	assert_slice(answer.code, "overloaded");
	assert_int_equal(answer.retry_ms, 200);
	buf_fini(&shown);
}

static struct row example_row = {
    .epoch = 1795392000123,
    .seq = 120,
    .channel_seq = 9,
    .at_ms = AT,
    .part = {
        {.bounds = {AT - DAY_MS, AT}, .measures = 2, .kpis = 1},
        {.bounds = {AT - 2 * DAY_MS, AT - DAY_MS}, .measures = 2, .kpis = 1},
    },
};

/* visits and leads of a rolling day with conversion = leads / visits; the day before had no visits. */
static const struct row *
row_filled(void)
{
	static const int64_t visits[2] = {40, 0}, leads[2] = {3, 0};
	for (int p = 0; p < 2; p++) {
		struct row_part *part = &example_row.part[p];
		part->measure[0] = (struct row_measure){slice_of("visits"), visits[p]};
		part->measure[1] = (struct row_measure){slice_of("leads"), leads[p]};
		part->kpi[0] = visits[p] > 0
		                   ? (struct row_value){slice_of("conversion"), 1, leads[p], visits[p], {0}}
		                   : (struct row_value){slice_of("conversion"), 2, 0, 0, slice_of("no visits")};
	}
	return &example_row;
}

static void
row_md_shows_a_row(void **state)
{
	static struct row back;
	struct buf made = {0}, shown;
	(void)state;
	row_encode(row_filled(), &made);
	example_is("schemas/row.md", "row", &made, &shown);
	assert_int_equal(row_decode(&back, buf_slice(&shown)), 0);
	assert_int_equal(back.seq, 120);
	assert_int_equal(back.channel_seq, 9);
	assert_int_equal(back.part[PART_CUR].kpi[0].num, 3);
	assert_int_equal(back.part[PART_CUR].kpi[0].den, 40);
	assert_slice(back.part[PART_PREV].kpi[0].reason, "no visits");
	assert_false(back.has_ptd);
	buf_fini(&shown);
}

static void
row_md_shows_a_topic(void **state)
{
	const struct slice key[2] = {slice_of("Promo 11/11"), slice_of("Paid Search")};
	struct buf text = {0}, topic = {0};
	(void)state;
	document_read("schemas/row.md", &text);
	assert_false(topic_row(WINDOW_R1D, slice_of("campaign+channel"), key, 2, &topic));
	buf_add(&topic, "", 1);
	if (strstr((const char *)text.data, (const char *)topic.data) == NULL)
		fail_msg("schemas/row.md does not show the topic %s", (const char *)topic.data);
	buf_fini(&text);
	buf_fini(&topic);
}

static void
row_md_shows_a_heartbeat(void **state)
{
	const struct heartbeat_channel channel = {slice_of("r1d/campaign"), 9};
	const struct heartbeat_feed feed = {slice_of("web"), 700000, true};
	const struct heartbeat heartbeat = {.epoch = 1795392000123, .seq = 120, .lsn = 42, .now_ms = AT, .lag_ms = 300,
	                                    .durability = slice_of("none"), .channels = 1, .channel = &channel,
	                                    .feeds = 1, .feed = &feed, .alarms = 1 << ALARM_CLOCK_JUMP};
	struct heartbeat_head head;
	struct buf made = {0}, shown;
	struct slice name;
	int64_t value;
	(void)state;
	heartbeat_encode(&heartbeat, &made);
	example_is("schemas/row.md", "heartbeat", &made, &shown);
	assert_int_equal(heartbeat_decode(&head, buf_slice(&shown)), 0);
	assert_int_equal(head.lag_ms, 300);
	uint32_t left = row_walk_begin(&head.channels);
	assert_true(row_map_next(&head.channels, &left, &name, &value));
	assert_slice(name, "r1d/campaign");
	assert_int_equal(value, 9);
	left = row_walk_begin(&head.alarms);
	assert_true(row_names_next(&head.alarms, &left, &name));
	assert_slice(name, "clock_jump");
	buf_fini(&shown);
}

/* With the words that `laju status` says. */
static void
row_md_lists_every_alarm(void **state)
{
	struct buf text = {0};
	char line[300];
	(void)state;
	document_read("schemas/row.md", &text);
	for (unsigned alarm = 0; alarm < ALARM_COUNT; alarm++) {
		const char *name = alarm_name(alarm);
		assert_int_equal(alarm_of(slice_of(name)), alarm);
		snprintf(line, sizeof(line), "\n| `%s` | %s |\n", name, alarm_sentence(slice_of(name)));
		if (strstr((const char *)text.data, line) == NULL)
			fail_msg("schemas/row.md does not have the line: %s", line);
	}
	assert_int_equal(alarm_of(slice_of("clock")), ALARM_COUNT);
	assert_null(alarm_name(ALARM_COUNT));
	buf_fini(&text);
}

static void
row_md_shows_a_hello(void **state)
{
	const struct slice rollup[] = {slice_of("all"), slice_of("campaign")};
	const struct hello_kpi kpi = {slice_of("conversion"), slice_of("ratio"), slice_of("up"), slice_of("Konversi"),
	                              slice_of("Conversion")};
	const struct hello hello = {.epoch = 1795392000123, .seq = 120, .version = slice_of("0.1.0"),
	                            .zone = slice_of("Asia/Jakarta"), .currency = slice_of("IDR"),
	                            .durability = slice_of("none"), .decimals = 2, .rollups = 2, .rollup = rollup,
	                            .kpis = 1, .kpi = &kpi};
	struct hello_head head;
	struct buf made = {0}, shown;
	(void)state;
	hello_encode(&hello, &made);
	example_is("schemas/row.md", "hello", &made, &shown);
	assert_int_equal(hello_decode(&head, buf_slice(&shown)), 0);
	assert_slice(head.zone, "Asia/Jakarta");
	assert_int_equal(head.decimals, 2);
	buf_fini(&shown);
}

static void
row_md_shows_a_roll(void **state)
{
	const struct window_bounds bounds = {{{DAY, DAY + DAY_MS}, {DAY - DAY_MS, DAY}, {DAY - DAY_MS, DAY - DAY_MS / 2}}};
	struct roll_head head;
	struct buf made = {0}, shown;
	(void)state;
	roll_encode(1795392000123, 120, AT, &bounds, &made);
	example_is("schemas/row.md", "roll", &made, &shown);
	assert_int_equal(roll_decode(&head, buf_slice(&shown)), 0);
	assert_memory_equal(&head.bounds, &bounds, sizeof(bounds));
	buf_fini(&shown);
}

static void
row_md_shows_an_alert(void **state)
{
	const struct alert_row alert = {
	    .epoch = 1795392000123, .seq = 121, .at_ms = AT, .since_ms = AT - 600000,
	    .rule = slice_of("low-conversion"), .kpi = slice_of("conversion"), .window = slice_of("r1d"),
	    .rollup = slice_of("campaign"), .key = slice_of("promo"), .from = slice_of("ok"), .to = slice_of("firing"),
	    .op = slice_of("below"), .severity = slice_of("warning"), .text = slice_of("conversion is low"),
	    .value = {{0}, 1, 3, 40, {0}}, .limit = {{0}, 1, 1, 10, {0}},
	};
	struct alert_row back;
	struct buf made = {0}, shown;
	(void)state;
	alert_encode(&alert, &made);
	example_is("schemas/row.md", "alert", &made, &shown);
	assert_int_equal(alert_decode(&back, buf_slice(&shown)), 0);
	assert_slice(back.to, "firing");
	assert_int_equal(back.limit.den, 10);
	buf_fini(&shown);
}

static void
row_md_shows_a_dead_letter(void **state)
{
	const struct dead_row dead = {.number = 1, .at_ms = AT, .peer = slice_of("till-3"), .code = slice_of("bad_field"),
	                              .text = slice_of("ts is a float; give an integer"), .raw = B("\x81\xa2ts\xca\x3f\x80\x00\x00")};
	struct dead_row back;
	struct buf made = {0}, shown;
	(void)state;
	dead_encode(&dead, &made);
	example_is("schemas/row.md", "dead", &made, &shown);
	assert_int_equal(dead_decode(&back, buf_slice(&shown)), 0);
	assert_int_equal(back.raw.n, 9);
	buf_fini(&shown);
}

static void
info_md_shows_a_server(void **state)
{
	static struct info info = {.epoch = 1795392000123, .seq = 120, .lsn = 42, .rows_lsn = 41, .now_ms = AT,
	                           .at_ms = AT - 300, .lag_ms = 300, .decimals = 2};
	static struct info back;
	struct buf request = {0}, made = {0}, shown;
	char why[120];
	(void)state;
	info_request_encode(&request);
	example_is("schemas/info.md", "request", &request, &shown);
	assert_int_equal(info_request_decode(buf_slice(&shown), why), 0);
	buf_fini(&shown);
	info.version = slice_of("0.1.0");
	info.zone = slice_of("Asia/Jakarta");
	info.currency = slice_of("IDR");
	info.clock = slice_of("wall");
	info.durability = slice_of("none");
	info_alarms(&info, 1 << ALARM_MEMORY_FULL);
	info_add(&info, INFO_EVENTS, "ok", 1000);
	info_add(&info, INFO_EVENTS, "duplicate", 3);
	info_add(&info, INFO_EVENTS, "bad_amount", 1);
	info_add(&info, INFO_STATE, "series", 55);
	info_add(&info, INFO_STATE, "parked", 1);
	info_add(&info, INFO_SINCE, "parked_expired", 0);
	info_add(&info, INFO_BYTES, "series", 243515);
	info_add(&info, INFO_BYTES, "kernel", 936291);
	info_encode(&info, &made);
	example_is("schemas/info.md", "info", &made, &shown);
	assert_int_equal(info_decode(&back, buf_slice(&shown)), 0);
	assert_int_equal(back.lsn, 42);
	assert_int_equal(back.group[INFO_BYTES].figure[1].value, 936291);
	assert_int_equal(back.alarms, 1);
	assert_slice(back.alarm[0], "memory_full");
	buf_fini(&shown);
}

static void
info_md_shows_a_clock_confirmed(void **state)
{
	const struct confirmed confirmed = {.jump_ms = 365 * DAY_MS, .now_ms = AT + 365 * DAY_MS};
	struct confirmed back;
	struct buf request = {0}, made = {0}, shown;
	char why[120];
	(void)state;
	confirm_request_encode(&request);
	example_is("schemas/info.md", "confirm", &request, &shown);
	assert_true(confirm_is_request(buf_slice(&shown)));
	assert_int_equal(confirm_request_decode(buf_slice(&shown), why), 0);
	buf_fini(&shown);
	confirmed_encode(&confirmed, &made);
	example_is("schemas/info.md", "confirmed", &made, &shown);
	assert_int_equal(confirmed_decode(&back, buf_slice(&shown)), 0);
	assert_true(back.jump_ms == confirmed.jump_ms && back.now_ms == confirmed.now_ms);
	buf_fini(&shown);
}

static void
info_md_shows_an_event(void **state)
{
	const struct event_ask ask = {slice_of("o-1001"), slice_of("c-77")};
	struct event_view view = {
	    .known = KNOWN_KEPT, .type = EVENT_SALE, .origin = ORIGIN_CUSTOMER, .ts_ms = AT, .since_ms = AT + 100, .rev = 2,
	    .is_corrected = true, .is_open = true, .counts = true, .amt = 125000, .qty = 2, .amt_counts = 125000,
	    .qty_counts = 2, .dims_mask = 1 << TEXT_CAMP | 1 << TEXT_CHAN | 1 << TEXT_TEAM, .touch_ms = AT - DAY_MS,
	    .by_lead = 1 << TEXT_TEAM, .is_first = true, .refunds = 1, .refunded = 25000};
	struct event_view back;
	struct event_ask asked;
	struct buf question = {0}, made = {0}, shown;
	char why[120];
	(void)state;
	event_ask_encode(&ask, &question);
	example_is("schemas/info.md", "ask", &question, &shown);
	assert_int_equal(event_ask_decode(&asked, buf_slice(&shown), why), 0);
	assert_slice(asked.cust, "c-77");
	buf_fini(&shown);
	view.counted[TEXT_CAMP] = slice_of("promo");
	view.counted[TEXT_CHAN] = slice_of("Paid Search");
	view.counted[TEXT_TEAM] = slice_of("north");
	event_view_encode(&view, &made);
	example_is("schemas/info.md", "view", &made, &shown);
	assert_int_equal(event_view_decode(&back, buf_slice(&shown)), 0);
	assert_slice(back.counted[TEXT_CHAN], "Paid Search");
	buf_fini(&shown);
}

static void
snapshot_md_shows_the_requests(void **state)
{
	const struct snapshot_request ask = {.prefix = slice_of("kpi/r1d/"), .has_since = true, .has_lsn = true,
	                                     .since_epoch = 1795392000123, .since_seq = 110, .lsn = 42, .credit = 4};
	const struct snapshot_request more = {.credit_only = true, .credit = 1};
	struct snapshot_request back;
	struct buf made = {0}, shown, credit = {0};
	char why[120];
	(void)state;
	snapshot_request_encode(&ask, &made);
	example_is("schemas/snapshot.md", "request", &made, &shown);
	assert_int_equal(snapshot_request_decode(&back, buf_slice(&shown), why), 0);
	assert_slice(back.prefix, "kpi/r1d/");
	assert_int_equal(back.since_seq, 110);
	buf_fini(&shown);
	snapshot_request_encode(&more, &credit);
	example_is("schemas/snapshot.md", "credit", &credit, &shown);
	assert_int_equal(snapshot_request_decode(&back, buf_slice(&shown), why), 0);
	assert_true(back.credit_only);
	buf_fini(&shown);
}

static void
snapshot_md_shows_the_replies(void **state)
{
	struct snapshot_chunk chunk;
	struct snapshot_reply reply;
	struct slice topic, row;
	struct buf made = {0}, end = {0}, refusal = {0}, shown;
	(void)state;
	snapshot_chunk_begin(&chunk, &made);
	snapshot_chunk_add(&chunk, slice_of("kpi/r1d/all/all"), B("\x80")); /* the row is cut to an empty map */
	snapshot_chunk_end(&chunk);
	example_is("schemas/snapshot.md", "chunk", &made, &shown);
	assert_int_equal(snapshot_reply_decode(&reply, buf_slice(&shown)), 0);
	assert_int_equal(reply.kind, SNAPSHOT_ROWS);
	assert_true(snapshot_reply_next(&reply, &topic, &row));
	assert_slice(topic, "kpi/r1d/all/all");
	buf_fini(&shown);
	snapshot_end_encode(1795392000123, 120, false, &end);
	example_is("schemas/snapshot.md", "end", &end, &shown);
	assert_int_equal(snapshot_reply_decode(&reply, buf_slice(&shown)), 0);
	assert_int_equal(reply.kind, SNAPSHOT_END);
	assert_int_equal(reply.seq, 120);
	buf_fini(&shown);
	snapshot_refusal_encode("too_many", "too many snapshots are under way; ask again in a second", &refusal);
	example_is("schemas/snapshot.md", "refusal", &refusal, &shown);
	assert_int_equal(snapshot_reply_decode(&reply, buf_slice(&shown)), 0);
	assert_slice(reply.code, "too_many");
	buf_fini(&shown);
}

/* One batch of id 7: a visit, a refused event and a correction; hashes are made-up, so that their places are seen. */
static struct group *
group_filled(void)
{
	struct group *group = group_new(GROUP_BATCHES);
	buf_add(&group->bytes, "\x07vvvvvv-1promoxxxxcck-1o-1001", 29);
	group->dims_mask = 1u << TEXT_CAMP;
	group->lsn = 42;
	group->recv_ms = AT;
	group->time_ms = AT + 1;
	*group_add_batch(group) = (struct group_batch){.peer = 3, .count = 3, .id_len = 1, .acked = 1};
	struct group_event *good = group_add_event(group);
	good->type = EVENT_VISIT;
	good->flags = EVENT_HAS_TOUCH;
	good->id = (struct hash128){0x0706050403020100, 0x0f0e0d0c0b0a0908};
	good->content = 0x1716151413121110;
	good->dims = (struct hash128){0x2726252423222120, 0x2f2e2d2c2b2a2928};
	good->ts_ms = AT;
	good->raw_off = 1;
	good->raw_len = 13;
	good->text_off[TEXT_CAMP] = 9;
	good->text_len[TEXT_CAMP] = 5;
	good->text_off[TEXT_ID] = 6;
	good->text_len[TEXT_ID] = 3;
	struct group_event *bad = group_add_event(group);
	bad->verdict = VERDICT_MISSING_FIELD;
	bad->index = 1;
	bad->raw_off = 14;
	bad->raw_len = 4;
	struct group_event *correct = group_add_event(group);
	correct->type = EVENT_CORRECT;
	correct->flags = EVENT_HAS_AMT;
	correct->id = (struct hash128){0x3736353433323130, 0x3f3e3d3c3b3a3938};
	correct->content = 0x4746454443424140;
	correct->dims = (struct hash128){0x5756555453525150, 0x5f5e5d5c5b5a5958};
	correct->ts_ms = AT + 2;
	correct->num[NUM_AMT] = 20000000;
	correct->num[NUM_QTY] = 1;
	correct->given = 1250;
	memcpy(correct->cur, "USD", 4);
	correct->rev = 1;
	correct->index = 2;
	correct->raw_off = 18;
	correct->raw_len = 11;
	correct->text_off[TEXT_REF] = 23;
	correct->text_len[TEXT_REF] = 6;
	correct->text_off[TEXT_ID] = 20;
	correct->text_len[TEXT_ID] = 3;
	group_add_fault(group, 1, "t is missing");
	return group;
}

static void
group_md_shows_a_group(void **state)
{
	struct group *group = group_filled(), *back = group_new(GROUP_TICK);
	struct buf made = {0}, shown;
	char why[120], scratch[128];
	(void)state;
	group_write(group, &made);
	example_is("schemas/group.md", "group", &made, &shown);
	assert_int_equal(group_read(back, buf_slice(&shown), why), 0);
	assert_int_equal(back->lsn, 42);
	assert_int_equal(back->event_count, 3);
	assert_slice(group_text(back, &back->events[0], TEXT_CAMP), "promo");
	assert_int_equal(back->events[0].flags, EVENT_HAS_TOUCH);
	assert_string_equal(group_fault_text(back, 1, scratch), "t is missing");
	assert_slice(group_text(back, &back->events[2], TEXT_REF), "o-1001");
	assert_int_equal(back->events[2].given, 1250);
	assert_string_equal(back->events[2].cur, "USD");
	assert_int_equal(back->events[2].rev, 1);
	buf_fini(&shown);
	group_free(group);
	group_free(back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(event_md_shows_a_sale),
	    cmocka_unit_test(event_md_shows_a_correct),
	    cmocka_unit_test(event_md_shows_a_void),
	    cmocka_unit_test(event_md_lists_every_key_and_word),
	    cmocka_unit_test(batch_md_lists_every_code),
	    cmocka_unit_test(batch_md_shows_a_batch),
	    cmocka_unit_test(batch_md_shows_a_tick),
	    cmocka_unit_test(batch_md_shows_an_ack),
	    cmocka_unit_test(batch_md_shows_a_nack),
	    cmocka_unit_test(row_md_shows_a_row),
	    cmocka_unit_test(row_md_shows_a_topic),
	    cmocka_unit_test(row_md_shows_a_heartbeat),
	    cmocka_unit_test(row_md_lists_every_alarm),
	    cmocka_unit_test(row_md_shows_a_hello),
	    cmocka_unit_test(row_md_shows_a_roll),
	    cmocka_unit_test(row_md_shows_an_alert),
	    cmocka_unit_test(row_md_shows_a_dead_letter),
	    cmocka_unit_test(snapshot_md_shows_the_requests),
	    cmocka_unit_test(snapshot_md_shows_the_replies),
	    cmocka_unit_test(info_md_shows_a_server),
	    cmocka_unit_test(info_md_shows_an_event),
	    cmocka_unit_test(info_md_shows_a_clock_confirmed),
	    cmocka_unit_test(group_md_shows_a_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
