/* test_row.c - rows, heartbeats, hello, roll, alerts, dead letters. */
#include "schemas/alarm.h"
#include "schemas/row.h"
#include "util.h"
#include <errno.h>

static uint8_t store[1 << 20]; /* texts of the present round */
static size_t stored;

static struct slice
some_text(uint64_t *seed, uint32_t max)
{
	struct slice text = rnd_text(seed, max, store + stored);
	stored += text.n;
	return text;
}

static struct row_value
some_value(uint64_t *seed)
{
	struct row_value value = {.name = some_text(seed, 20), .kind = (uint8_t)rnd_below(seed, 3)};
	if (value.kind != 2)
		value.num = rnd_int(seed);
	if (value.kind == 1)
		value.den = rnd_int(seed);
	if (value.kind == 2)
		value.reason = some_text(seed, 30);
	return value;
}

static void
some_part(uint64_t *seed, struct row_part *part, uint32_t max)
{
	part->bounds = (struct span_ms){rnd_int(seed), rnd_int(seed)};
	part->measures = rnd_below(seed, max + 1);
	part->kpis = rnd_below(seed, max + 1);
	for (uint32_t i = 0; i < part->measures; i++)
		part->measure[i] = (struct row_measure){some_text(seed, 20), rnd_int(seed)};
	for (uint32_t i = 0; i < part->kpis; i++)
		part->kpi[i] = some_value(seed);
}

static void
some_row(uint64_t *seed, struct row *row, uint32_t max)
{
	stored = 0;
	memset(row, 0, sizeof(*row));
	row->epoch = rnd(seed) >> rnd_below(seed, 64);
	row->seq = rnd(seed) >> rnd_below(seed, 64);
	row->channel_seq = rnd(seed) >> rnd_below(seed, 64);
	row->at_ms = rnd_int(seed);
	row->flags = rnd_below(seed, 8);
	row->has_ptd = rnd(seed) & 1;
	if (row->flags & ROW_HASHED_KEY)
		row->key = some_text(seed, 255);
	for (int part = 0; part < (row->has_ptd ? 3 : 2); part++)
		some_part(seed, &row->part[part], max);
}

static void
assert_same_value(const struct row_value *a, const struct row_value *b)
{
	assert_true(slice_equal(a->name, b->name) && slice_equal(a->reason, b->reason));
	assert_int_equal(a->kind, b->kind);
	assert_true(a->num == b->num && a->den == b->den);
}

static void
assert_same_row(const struct row *a, const struct row *b)
{
	assert_true(a->epoch == b->epoch && a->seq == b->seq && a->channel_seq == b->channel_seq && a->at_ms == b->at_ms);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->has_ptd, b->has_ptd);
	assert_true(slice_equal(a->key, b->key));
	for (int p = 0; p < PART_COUNT; p++) {
		const struct row_part *x = &a->part[p], *y = &b->part[p];
		assert_memory_equal(&x->bounds, &y->bounds, sizeof(x->bounds));
		assert_int_equal(x->measures, y->measures);
		assert_int_equal(x->kpis, y->kpis);
		for (uint32_t i = 0; i < x->measures; i++)
			assert_true(slice_equal(x->measure[i].name, y->measure[i].name) && x->measure[i].value == y->measure[i].value);
		for (uint32_t i = 0; i < x->kpis; i++)
			assert_same_value(&x->kpi[i], &y->kpi[i]);
	}
}

static void
a_row_comes_back_as_it_was(void **state)
{
	static struct row row, back;
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	memset(&back, 0xa5, sizeof(back)); /* the decoder must not rely on what was there */
	for (int round = 0; round < 1000; round++) {
		some_row(&seed, &row, round % 50 == 0 ? ROW_MEASURES_MAX : 6);
		buf.len = 0;
		row_encode(&row, &buf);
		uint8_t *copy = exact(buf_slice(&buf));
		assert_int_equal(row_decode(&back, (struct slice){copy, (uint32_t)buf.len}), 0);
		assert_same_row(&row, &back);
		free(copy);
	}
	buf_fini(&buf);
}

static void
a_row_cut_anywhere_or_with_bytes_behind_is_refused(void **state)
{
	static struct row row, back;
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	some_row(&seed, &row, 4);
	row_encode(&row, &buf);
	for (uint32_t n = 0; n < buf.len; n++) {
		uint8_t *copy = exact((struct slice){buf.data, n});
		assert_int_equal(row_decode(&back, (struct slice){copy, n}), -EBADMSG);
		free(copy);
	}
	buf_add(&buf, "\xc0", 1);
	assert_int_equal(row_decode(&back, buf_slice(&buf)), -EBADMSG);
	buf_fini(&buf);
}

static void
broken_rows_are_refused_and_new_keys_skipped(void **state)
{
	static const struct slice bad[] = {
	    B(""), B("\x90"), B("\xdf\xff\xff\xff\xff"), B("\x81\xa1v\x00"), B("\x81\xa1v\xa1x"), B("\x81\xa1" "e\xff"), B("\x81\xa2" "at\xcb\1\2\3\4\5\6\7\x08"),
	    B("\x81\xa3" "cur\x90"), B("\x81\xa3" "cur\x81\x01\x01"), B("\x81\xa3" "cur\x81\xa1m\xa1x"), B("\x81\xa3kpi\x81\xa1k\x91\x01"),
	    B("\x81\xa3kpi\x81\xa1k\x93\x01\x02\x03"), B("\x81\xa3kpi\x81\xa1k\x92\xc0\x01"), B("\x81\xa3kpi\x81\xa1k\xca\1\2\3\4"),
	    B("\x81\xa4prev\xc0"), B("\x81\xa4prev\x81\xa2lo\xa1x"), B("\x81\xa3key\xa1\xff"), B("\x81\xa3key\xa1\n"), B("\x81\xa1" "f\xcf\0\0\0\1\0\0\0\0"),
	};
	static struct row row;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t *copy = exact(bad[i]);
		if (row_decode(&row, (struct slice){copy, bad[i].n}) != -EBADMSG)
			fail_msg("case %zu was taken", i);
		free(copy);
	}
	assert_int_equal(row_decode(&row, B("\x84\xa1v\x02\xa3new\x91\x01\x05\x06\xa4prev\x82\xa2lo\x07\xa3new\x80")), 0);
	assert_true(row.part[PART_PREV].bounds.lo == 7);
}

/* Well-formed tables that only their size makes wrong: one entry more would be written behind the struct's. */
static void
tables_are_taken_at_their_limit_and_refused_beyond(void **state)
{
	static const char *const tables[] = {"cur", "kpi"};
	struct buf buf = {0};
	(void)state;
	_Static_assert(ROW_MEASURES_MAX == ROW_KPIS_MAX, "one loop for both");
	for (int table = 0; table < 2; table++) {
		for (uint8_t count = ROW_MEASURES_MAX; count <= ROW_MEASURES_MAX + 1; count++) {
			struct row *row = malloc(sizeof(*row));
			buf.len = 0;
			buf_add(&buf, "\x81\xa3", 2);
			buf_add(&buf, tables[table], 3);
			buf_add(&buf, (const uint8_t[]){0xde, 0, count}, 3);
			for (uint8_t i = 0; i < count; i++)
				buf_add(&buf, "\xa1m\x07", 3);
			assert_int_equal(row_decode(row, buf_slice(&buf)), count > ROW_MEASURES_MAX ? -EBADMSG : 0);
			free(row);
		}
	}
	buf_fini(&buf);
}

static void
a_heartbeat_comes_back_as_it_was(void **state)
{
	const struct heartbeat_channel channels[] = {{B("r1d/all"), 5}, {B("d/campaign"), INT64_MAX}};
	const struct heartbeat_feed feeds[] = {{B("web"), 1500, false}, {B("midtrans"), 900000, true}, {B("pos"), -3, true}};
	struct buf buf = {0};
	struct heartbeat_head head;
	struct slice name;
	int64_t value;
	(void)state;
	heartbeat_encode(&(struct heartbeat){3, 900, 77, 1767225600000, -12, B("none"), true, false, 2, channels, 3, feeds,
	                                      1 << ALARM_MEMORY_FULL | 1 << ALARM_CLOCK_JUMP}, &buf);
	assert_int_equal(heartbeat_decode(&head, buf_slice(&buf)), 0);
	assert_true(head.epoch == 3 && head.seq == 900 && head.lsn == 77 && head.now_ms == 1767225600000);
	assert_true(head.lag_ms == -12 && head.demo && !head.full);
	assert_slice(head.durability, "none");
	uint32_t left = row_walk_begin(&head.channels);
	for (int i = 0; i < 2; i++) {
		assert_true(row_map_next(&head.channels, &left, &name, &value));
		assert_true(slice_equal(name, channels[i].name) && (uint64_t)value == channels[i].seq);
	}
	assert_false(row_map_next(&head.channels, &left, &name, &value));
	left = row_walk_begin(&head.feeds);
	for (int i = 0; i < 3; i++) {
		assert_true(row_map_next(&head.feeds, &left, &name, &value));
		assert_true(slice_equal(name, feeds[i].name) && value == feeds[i].age_ms);
	}
	left = row_walk_begin(&head.stale);
	assert_true(row_names_next(&head.stale, &left, &name));
	assert_slice(name, "midtrans");
	assert_true(row_names_next(&head.stale, &left, &name));
	assert_slice(name, "pos");
	assert_false(row_names_next(&head.stale, &left, &name));
	left = row_walk_begin(&head.alarms);
	assert_true(row_names_next(&head.alarms, &left, &name));
	assert_slice(name, "clock_jump");
	assert_true(row_names_next(&head.alarms, &left, &name));
	assert_slice(name, "memory_full");
	assert_false(row_names_next(&head.alarms, &left, &name));
	for (uint32_t n = 0; n < buf.len; n++)
		assert_int_equal(heartbeat_decode(&head, (struct slice){buf.data, n}), -EBADMSG);
	assert_int_equal(heartbeat_decode(&head, B("\x81\xa2" "ch\x81\x01\x01")), -EBADMSG);
	assert_int_equal(heartbeat_decode(&head, B("\x81\xa5stale\x91\x01")), -EBADMSG);
	assert_int_equal(heartbeat_decode(&head, B("\x81\xa6" "alarms\x91\x01")), -EBADMSG);
	assert_int_equal(heartbeat_decode(&head, B("\x80")), 0); /* of an older server */
	assert_int_equal(head.alarms.n, 0);
	buf_fini(&buf);
}

static void
hello_comes_back_as_it_was(void **state)
{
	const struct slice rollups[] = {B("all"), B("campaign+channel")};
	const struct hello_kpi kpis[] = {{B("revenue"), B("money"), B("up"), B("Omzet"), B("Revenue")}, {B("cpl"), B("money"), B("down"), B("Biaya per prospek"), B("Cost per lead")}};
	struct buf buf = {0};
	struct hello_head head;
	struct hello_kpi kpi;
	struct slice name;
	(void)state;
	hello_encode(&(struct hello){1, 2, B("0.1.0"), B("Asia/Jakarta"), B("IDR"), B("none"), 2, false, 2, rollups, 2, kpis}, &buf);
	assert_int_equal(hello_decode(&head, buf_slice(&buf)), 0);
	assert_true(head.epoch == 1 && head.seq == 2 && head.decimals == 2 && !head.demo);
	assert_slice(head.version, "0.1.0");
	assert_slice(head.zone, "Asia/Jakarta");
	assert_slice(head.currency, "IDR");
	uint32_t left = row_walk_begin(&head.windows), windows = 0;
	while (row_names_next(&head.windows, &left, &name))
		assert_int_equal(window_of(name), windows++);
	assert_int_equal(windows, WINDOW_COUNT);
	left = row_walk_begin(&head.rollups);
	assert_true(row_names_next(&head.rollups, &left, &name) && row_names_next(&head.rollups, &left, &name));
	assert_slice(name, "campaign+channel");
	left = row_walk_begin(&head.kpis);
	assert_true(hello_kpi_next(&head.kpis, &left, &kpi) && hello_kpi_next(&head.kpis, &left, &kpi));
	assert_slice(kpi.label_id, "Biaya per prospek");
	assert_slice(kpi.direction, "down");
	assert_false(hello_kpi_next(&head.kpis, &left, &kpi));
	for (uint32_t n = 0; n < buf.len; n++)
		assert_int_equal(hello_decode(&head, (struct slice){buf.data, n}), -EBADMSG);
	buf_fini(&buf);
}

static void
roll_comes_back_as_it_was(void **state)
{
	const struct window_bounds bounds = {{{1, 2}, {-3, 4}, {5, INT64_MAX}}};
	struct buf buf = {0};
	struct roll_head head;
	(void)state;
	roll_encode(9, 8, 7, &bounds, &buf);
	assert_int_equal(roll_decode(&head, buf_slice(&buf)), 0);
	assert_true(head.epoch == 9 && head.seq == 8 && head.at_ms == 7);
	assert_memory_equal(&head.bounds, &bounds, sizeof(bounds));
	for (uint32_t n = 0; n < buf.len; n++)
		assert_int_equal(roll_decode(&head, (struct slice){buf.data, n}), -EBADMSG);
	buf_fini(&buf);
}

static void
an_alert_comes_back_as_it_was(void **state)
{
	uint64_t seed = seed_of(__func__);
	struct buf buf = {0};
	(void)state;
	for (int round = 0; round < 500; round++) {
		struct alert_row alert = {.epoch = rnd(&seed), .seq = rnd(&seed), .at_ms = rnd_int(&seed), .since_ms = rnd_int(&seed)}, back;
		struct slice *texts[] = {&alert.rule, &alert.kpi, &alert.window, &alert.rollup, &alert.key, &alert.from, &alert.to, &alert.op, &alert.severity, &alert.text};
		const struct slice *backs[] = {&back.rule, &back.kpi, &back.window, &back.rollup, &back.key, &back.from, &back.to, &back.op, &back.severity, &back.text};
		stored = 0;
		for (int i = 0; i < 10; i++)
			*texts[i] = some_text(&seed, 40);
		alert.value = some_value(&seed);
		alert.limit = some_value(&seed);
		alert.value.name = alert.limit.name = (struct slice){0};
		buf.len = 0;
		alert_encode(&alert, &buf);
		assert_int_equal(alert_decode(&back, buf_slice(&buf)), 0);
		for (int i = 0; i < 10; i++)
			assert_true(slice_equal(*texts[i], *backs[i]));
		assert_true(alert.epoch == back.epoch && alert.seq == back.seq && alert.at_ms == back.at_ms && alert.since_ms == back.since_ms);
		assert_same_value(&alert.value, &back.value);
		assert_same_value(&alert.limit, &back.limit);
		if (round == 0)
			for (uint32_t n = 0; n < buf.len; n++)
				assert_int_equal(alert_decode(&back, (struct slice){buf.data, n}), -EBADMSG);
	}
	buf_fini(&buf);
}

static void
a_dead_letter_comes_back_as_it_was(void **state)
{
	struct buf buf = {0};
	struct dead_row back;
	(void)state;
	dead_encode(&(struct dead_row){42, 1767225600000, B("10.0.0.7"), B("bad_field"), B("id must be a text"), B("\x81\xa2id\x05\xff\x00")}, &buf);
	assert_int_equal(dead_decode(&back, buf_slice(&buf)), 0);
	assert_true(back.number == 42 && back.at_ms == 1767225600000);
	assert_slice(back.peer, "10.0.0.7");
	assert_slice(back.code, "bad_field");
	assert_slice(back.text, "id must be a text");
	assert_slice(back.raw, "\x81\xa2id\x05\xff\x00");
	for (uint32_t n = 0; n < buf.len; n++)
		assert_int_equal(dead_decode(&back, (struct slice){buf.data, n}), -EBADMSG);
	buf_fini(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_comes_back_as_it_was),
	    cmocka_unit_test(a_row_cut_anywhere_or_with_bytes_behind_is_refused),
	    cmocka_unit_test(broken_rows_are_refused_and_new_keys_skipped),
	    cmocka_unit_test(tables_are_taken_at_their_limit_and_refused_beyond),
	    cmocka_unit_test(a_heartbeat_comes_back_as_it_was),
	    cmocka_unit_test(hello_comes_back_as_it_was),
	    cmocka_unit_test(roll_comes_back_as_it_was),
	    cmocka_unit_test(an_alert_comes_back_as_it_was),
	    cmocka_unit_test(a_dead_letter_comes_back_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
