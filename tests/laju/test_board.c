/* test_board.c - the terminal display without a terminal. */
#include "laju/board.h"
#include "laju/table.h"
#include "schemas/alarm.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define TODAY "kpi/d/all/all"

/* Connected, nothing said yet. */
static struct board
unsaid(const char *typed)
{
	struct board board;
	char why[200];
	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	tzset();
	assert_true(board_init(&board, typed, why));
	return board;
}

static void
give_hello(struct board *board, uint64_t epoch, const char *unit)
{
	const struct hello_kpi kpi[] = {
	    {.name = slice_of("revenue"), .unit = slice_of(unit), .label_en = slice_of("Revenue")},
	    {.name = slice_of("cpl"), .unit = slice_of(unit)},
	};
	const struct hello hello = {.epoch = epoch,
	                            .zone = slice_of("UTC"),
	                            .currency = slice_of("IDR"),
	                            .decimals = 2,
	                            .kpis = 2,
	                            .kpi = kpi};
	struct buf out = {0};
	hello_encode(&hello, &out);
	assert_int_equal(board_take(board, slice_of("hello/"), buf_slice(&out), 1000), BOARD_OTHER);
	buf_fini(&out);
}

/* Of the server of epoch 1. */
static struct board
begin(const char *typed)
{
	struct board board = unsaid(typed);
	give_hello(&board, 1, "count");
	return board;
}

static enum board_change
give_row(struct board *board, const char *topic, uint64_t epoch, uint64_t seq, uint64_t channel_seq, int64_t revenue,
         uint32_t flags)
{
	struct row *row = calloc(1, sizeof(*row));
	struct buf out = {0};
	row->epoch = epoch;
	row->seq = seq;
	row->channel_seq = channel_seq;
	row->flags = flags;
	row->has_ptd = true;
	for (int part = 0; part < PART_COUNT; part++) {
		row->part[part].kpis = 2;
		row->part[part].kpi[0] = (struct row_value){.name = slice_of("revenue"), .num = part ? 1000 : revenue};
		row->part[part].kpi[1] = (struct row_value){.name = slice_of("cpl"), .kind = 2, .reason = slice_of("no leads")};
	}
	row_encode(row, &out);
	enum board_change change = board_take(board, slice_of(topic), buf_slice(&out), 1000);
	buf_fini(&out);
	free(row);
	return change;
}

static void
give_beat(struct board *board, uint64_t epoch, uint64_t campaign_seq, int64_t now_ms)
{
	struct buf out = {0};
	const struct heartbeat_channel channel[] = {{slice_of("d/all"), 1}, {slice_of("d/campaign"), campaign_seq},
	                                            {slice_of("m/campaign"), 999}};
	const struct heartbeat_feed feed[] = {{slice_of("web"), 2000, false}, {slice_of("meta-ads"), 840000, true}};
	heartbeat_encode(&(struct heartbeat){.epoch = epoch,
	                                     .durability = slice_of("none"),
	                                     .channels = 3,
	                                     .channel = channel,
	                                     .feeds = 2,
	                                     .feed = feed},
	                 &out);
	assert_int_equal(board_take(board, slice_of("hb/"), buf_slice(&out), now_ms), BOARD_OTHER);
	buf_fini(&out);
}

static void
give_alarms(struct board *board, uint32_t alarms)
{
	struct buf out = {0};
	heartbeat_encode(&(struct heartbeat){.epoch = 1, .durability = slice_of("none"), .alarms = alarms}, &out);
	assert_int_equal(board_take(board, slice_of("hb/"), buf_slice(&out), 1000), BOARD_OTHER);
	buf_fini(&out);
}

static enum board_change
give_alert(struct board *board, uint64_t seq, const char *to)
{
	struct buf out = {0};
	alert_encode(&(struct alert_row){.epoch = 1,
	                                 .seq = seq,
	                                 .rule = slice_of("cpl_high"),
	                                 .kpi = slice_of("cpl"),
	                                 .window = slice_of("d"),
	                                 .rollup = slice_of("campaign"),
	                                 .key = slice_of("brand"),
	                                 .from = slice_of("ok"),
	                                 .to = slice_of(to),
	                                 .op = slice_of("above"),
	                                 .severity = slice_of("critical"),
	                                 .text = slice_of("cpl d/campaign/brand is 41944.00, above 35000.00"),
	                                 .value = {.kind = 1, .num = 12583200, .den = 3},
	                                 .limit = {.num = 3500000},
	                                 .since_ms = 45 * 60000},
	             &out);
	enum board_change change = board_take(board, slice_of("alert/critical/cpl_high/brand"), buf_slice(&out), 1000);
	buf_fini(&out);
	return change;
}

static void
synced(struct board *board, uint64_t epoch, uint64_t seq)
{
	board_synced(board, &(struct snapshot_end){.epoch = epoch, .seq = seq});
}

/* The text is the caller's. */
static char *
painted(const struct board *board, uint32_t width, uint32_t height, int64_t now_ms, bool colour)
{
	struct buf out = {0};
	board_paint(board,
	            &(struct board_view){.width = width, .height = height, .now_ms = now_ms, .wall_ms = 0, .colour = colour}, &out);
	buf_add(&out, "", 1);
	return (char *)out.data;
}

static bool
shows(const struct board *board, int64_t now_ms, const char *words)
{
	char *text = painted(board, 0, 0, now_ms, false);
	bool found = strstr(text, words) != NULL;
	free(text);
	return found;
}

static void
whole_channels_are_asked_for_so_that_gaps_can_be_told(void **state)
{
	static const struct {
		const char *typed, *prefix[2];
	} cases[] = {
	    {NULL, {"kpi/d/all/", "kpi/d/campaign/"}},
	    {"r7d/team/a*", {"kpi/r7d/all/", "kpi/r7d/team/"}},
	    {"m/campaign/brand", {"kpi/m/campaign/", NULL}},
	    {"*/all/*", {"kpi/", NULL}},
	    {"d", {"kpi/d/", NULL}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct board board = begin(cases[i].typed);
		struct slice prefix[2];
		uint32_t count = board_prefixes(&board, prefix);
		assert_int_equal(count, cases[i].prefix[1] ? 2 : 1);
		for (uint32_t p = 0; p < count; p++)
			assert_true(slice_is(prefix[p], cases[i].prefix[p]));
		board_fini(&board);
	}
}

static void
the_higher_version_stays_and_a_tombstone_takes_the_row_away(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	assert_int_equal(give_row(&board, TODAY, 1, 5, 1, 777, 0), BOARD_ROW);
	assert_int_equal(give_row(&board, TODAY, 1, 4, 1, 666, 0), BOARD_NOTHING);
	assert_true(shows(&board, 1000, "777"));
	give_row(&board, TODAY, 1, 6, 2, 0, ROW_GONE);
	assert_false(shows(&board, 1000, "777"));
	board_fini(&board);
}

static void
a_restarted_server_takes_all_old_numbers_away_and_wants_a_snapshot(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_row(&board, TODAY, 1, 5, 1, 777, 0);
	synced(&board, 1, 5);
	assert_false(board.wants_sync);
	give_beat(&board, 2, 0, 1000);
	assert_true(board.wants_sync);
	give_hello(&board, 2, "count");
	assert_false(shows(&board, 1000, "777"));
	assert_int_equal(give_row(&board, TODAY, 1, 9, 9, 888, 0), BOARD_NOTHING); /* of the dead server */
	board_fini(&board);
}

/* Rows come by snapshot, hello by the update port: either may be first. */
static void
no_number_is_shown_before_its_unit_is_known(void **state)
{
	struct board board = unsaid(NULL);
	(void)state;
	give_row(&board, TODAY, 1, 5, 1, 123400, 0);
	give_alert(&board, 3, "firing");
	give_beat(&board, 1, 0, 1000);
	char *text = painted(&board, 60, 0, 1000, false);
	assert_string_equal(text, "laju                                  waiting for the server\n");
	free(text);
	give_hello(&board, 1, "money");
	assert_true(shows(&board, 1000, "Revenue"));
	assert_true(shows(&board, 1000, " 1,234 "));
	assert_true(shows(&board, 1000, "FIRING"));
	assert_false(shows(&board, 1000, "123,400"));
	board_fini(&board);
}

/* It may have been started with another currency. */
static void
the_next_server_is_waited_for_as_the_first_was(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_beat(&board, 2, 0, 1000);
	give_row(&board, TODAY, 2, 1, 1, 123400, 0);
	assert_false(shows(&board, 1000, "123,400"));
	give_hello(&board, 2, "money");
	assert_true(shows(&board, 1000, " 1,234 "));
	board_fini(&board);
}

static void
the_header_names_what_is_wrong_with_the_service(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_alarms(&board, 0);
	assert_false(shows(&board, 1000, "ALARM"));
	give_alarms(&board, 1 << ALARM_CLOCK_JUMP | 1 << ALARM_MEMORY_FULL);
	assert_true(shows(&board, 1000, "UTC  ALARM clock_jump memory_full"));
	char *text = painted(&board, 80, 24, 1000, true);
	assert_non_null(strstr(text, "\033[7mlaju "));
	free(text);
	give_alarms(&board, 0);
	assert_false(shows(&board, 1000, "ALARM"));
	board_fini(&board);
}

static void
a_lost_row_is_told_by_two_heartbeats_running(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_row(&board, TODAY, 1, 1, 1, 1, 0);
	give_row(&board, "kpi/d/campaign/brand", 1, 2, 4, 1, 0);
	synced(&board, 1, 2);
	give_beat(&board, 1, 4, 1000);
	assert_false(board.wants_sync);
	give_beat(&board, 1, 5, 2000); /* the row may still be on its way ... */
	assert_false(board.wants_sync);
	give_row(&board, "kpi/d/campaign/brand", 1, 3, 5, 2, 0); /* ... and so it was */
	give_beat(&board, 1, 6, 3000);
	assert_false(board.wants_sync);
	give_beat(&board, 1, 6, 4000);
	assert_true(board.wants_sync);
	assert_int_equal(board.lost, 1);
	synced(&board, 1, 9);
	give_beat(&board, 1, 6, 5000); /* healed once, not again and again */
	give_beat(&board, 1, 6, 6000);
	assert_false(board.wants_sync);
	board_fini(&board);
}

static void
an_alert_stays_until_it_is_ok(void **state)
{
	struct board board = unsaid(NULL);
	(void)state;
	give_hello(&board, 1, "money");
	assert_int_equal(give_alert(&board, 3, "firing"), BOARD_ALERT);
	assert_int_equal(give_alert(&board, 2, "pending"), BOARD_NOTHING);
	assert_int_equal(give_alert(&board, 3, "firing"), BOARD_NOTHING);
	/* In the past tense: the row above has the numbers of now. */
	assert_true(shows(&board, 1000, "FIRING   since 00:45: cpl d/campaign/brand was 41,944, above 35,000 (critical)"));
	assert_int_equal(give_alert(&board, 4, "clearing"), BOARD_ALERT);
	assert_true(shows(&board, 1000, "clearing since 00:45: cpl d/campaign/brand was 41,944, no longer above 35,000"));
	assert_int_equal(give_alert(&board, 5, "ok"), BOARD_ALERT);
	assert_int_equal(board.alerts, 0);
	board_fini(&board);
}

/* A tombstone is forgotten after 10 minutes: whoever was away longer never hears of it. */
static void
a_whole_snapshot_leaves_nothing_that_it_did_not_bring(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_row(&board, "kpi/d/campaign/freed-meanwhile", 1, 2, 1, 1, 0);
	give_alert(&board, 3, "firing");
	board_clear(&board);
	give_row(&board, "kpi/d/campaign/brand", 1, 9, 2, 1, 0);
	synced(&board, 1, 9);
	assert_false(shows(&board, 1000, "freed-meanwhile"));
	assert_false(shows(&board, 1000, "FIRING"));
	assert_true(shows(&board, 1000, "brand"));
	board_fini(&board);
}

static void
old_numbers_are_never_shown_as_live(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_row(&board, TODAY, 1, 5, 1, 777, 0);
	assert_false(shows(&board, 500, "live"));
	give_beat(&board, 1, 0, 1000);
	assert_true(shows(&board, 1400, "live 0.4 s"));
	assert_false(shows(&board, 1400, "LOST"));
	assert_true(shows(&board, 1000 + BOARD_LOST_MS + 9000, "LOST 12 s"));
	assert_false(shows(&board, 1000 + BOARD_LOST_MS + 9000, "live"));
	board_fini(&board);
}

static void
values_changes_reasons_and_stale_feeds_are_in_words(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_row(&board, TODAY, 1, 5, 1, 1184, 0);
	give_beat(&board, 1, 0, 1000);
	assert_true(shows(&board, 1000, "1,184"));
	assert_true(shows(&board, 1000, "+18.4 %"));
	assert_true(shows(&board, 1000, "meta-ads 14 min STALE"));
	assert_true(shows(&board, 1000, "web 2.0 s"));
	board_fini(&board);
}

static void
every_screen_is_kept_within(void **state)
{
	struct board board = begin(NULL);
	char topic[64];
	(void)state;
	give_row(&board, TODAY, 1, 5, 1, 1, 0);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(topic, sizeof(topic), "kpi/d/campaign/a-rather-long-campaign-name-%u", i);
		give_row(&board, topic, 1, 6 + i, 2 + i, 1, 0);
	}
	give_alert(&board, 99, "firing");
	give_beat(&board, 1, 0, 1000);
	for (uint32_t width = 40; width <= 200; width += 40)
		for (uint32_t height = 24; height <= 60; height += 12) {
			char *text = painted(&board, width, height, 1000, false);
			uint32_t lines = 0;
			for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1, lines++)
				assert_true(text_width((struct slice){(uint8_t *)at, (uint32_t)(end - at)}) <= width);
			assert_true(lines <= height);
			assert_non_null(strstr(text, "FIRING")); /* never cut away by rows */
			free(text);
		}
	board_fini(&board);
}

static void
names_from_outside_cannot_move_the_cursor(void **state)
{
	struct board board = begin(NULL);
	(void)state;
	give_row(&board, TODAY, 1, 5, 1, 1, 0);
	give_row(&board, "kpi/d/campaign/%1B%5B2Jevil%0A", 1, 6, 1, 1, 0);
	give_beat(&board, 1, 0, 1000);
	char *text = painted(&board, 100, 30, 1000, false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "?[2Jevil?"));
	free(text);
	text = painted(&board, 100, 30, 1000, true);
	assert_null(strstr(text, "\033[2J"));
	free(text);
	board_fini(&board);
}

static void
garbage_is_counted_and_changes_nothing(void **state)
{
	static const char *const topics[] = {TODAY, "alert/x", "hb/", "hello/"};
	struct board board = begin(NULL);
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(board_take(&board, slice_of(topics[i]), slice_of("\xc1nothing"), 1000), BOARD_NOTHING);
	assert_int_equal(board.broken, 4);
	assert_int_equal(board_take(&board, slice_of("roll/d"), slice_of("x"), 1000), BOARD_NOTHING);
	assert_int_equal(board.heard_ms, 0);
	board_fini(&board);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whole_channels_are_asked_for_so_that_gaps_can_be_told),
	    cmocka_unit_test(the_higher_version_stays_and_a_tombstone_takes_the_row_away),
	    cmocka_unit_test(a_restarted_server_takes_all_old_numbers_away_and_wants_a_snapshot),
	    cmocka_unit_test(no_number_is_shown_before_its_unit_is_known),
	    cmocka_unit_test(the_next_server_is_waited_for_as_the_first_was),
	    cmocka_unit_test(the_header_names_what_is_wrong_with_the_service),
	    cmocka_unit_test(a_lost_row_is_told_by_two_heartbeats_running),
	    cmocka_unit_test(an_alert_stays_until_it_is_ok),
	    cmocka_unit_test(a_whole_snapshot_leaves_nothing_that_it_did_not_bring),
	    cmocka_unit_test(old_numbers_are_never_shown_as_live),
	    cmocka_unit_test(values_changes_reasons_and_stale_feeds_are_in_words),
	    cmocka_unit_test(every_screen_is_kept_within),
	    cmocka_unit_test(names_from_outside_cannot_move_the_cursor),
	    cmocka_unit_test(garbage_is_counted_and_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
