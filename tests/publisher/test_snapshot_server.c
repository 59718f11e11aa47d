/* test_snapshot_server.c - credit, chunks, since, lsn, refusals; rows come from a made-up source. */
#include "tests/publisher/support.h"
#include "publisher/snapshot_server.h"
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1000, ROW_BYTES = 3000 };

struct fake {
	uint64_t seq_of[ROWS];
	uint32_t rows;
	struct snapshot_state state;
	uint32_t pause_every;
	char topic[16];
	uint8_t row[ROW_BYTES];
	/* replies */
	struct buf log;        /* "p:R12 p:Z7r " */
	uint32_t rows_got;
	size_t largest;
	struct snapshot_server *server;
};

static enum row_peek
peek(void *context, const struct row_query *query, struct row_cursor *cursor, struct slice *topic, struct slice *row)
{
	struct fake *fake = context;

	for (; cursor->number < fake->rows; cursor->number++) {
		if (fake->pause_every > 0 && cursor->number % fake->pause_every == 0 && !cursor->after) {
			cursor->after = true;
			return ROW_PAUSE;
		}
		if (!query->full && fake->seq_of[cursor->number] <= query->since_seq)
			continue;
		snprintf(fake->topic, sizeof(fake->topic), "t%llu", (unsigned long long)cursor->number);
		*topic = slice_of(fake->topic);
		*row = (struct slice){fake->row, sizeof(fake->row)};
		return ROW_FOUND;
	}
	return ROW_END;
}

static void
advance(void *context, struct row_cursor *cursor)
{
	(void)context;
	cursor->number++;
	cursor->after = false;
}

static void
state(void *context, struct snapshot_state *out)
{
	*out = ((struct fake *)context)->state;
}

static void
reply(void *context, struct slice peer, struct slice bytes)
{
	struct fake *fake = context;
	struct snapshot_reply got;

	assert_int_equal(snapshot_reply_decode(&got, bytes), 0);
	buf_printf(&fake->log, "%.*s:", (int)peer.n, (const char *)peer.p);
	if (bytes.n > fake->largest)
		fake->largest = bytes.n;
	if (got.kind == SNAPSHOT_ROWS) {
		struct slice topic, row;
		uint32_t rows = 0;
		while (snapshot_reply_next(&got, &topic, &row))
			rows++;
		assert_true(rows > 0);
		fake->rows_got += rows;
		buf_printf(&fake->log, "R ");
	} else if (got.kind == SNAPSHOT_END) {
		buf_printf(&fake->log, "Z%llu,%llu%s ", (unsigned long long)got.epoch, (unsigned long long)got.seq,
		           got.reset ? "r" : "");
	} else {
		buf_printf(&fake->log, "X%.*s ", (int)got.code.n, (const char *)got.code.p);
	}
}

static struct fake *
fake_new(uint32_t rows, uint32_t max)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct snapshot_source source = {fake, peek, advance, state};

	fake->rows = rows;
	for (uint32_t i = 0; i < ROWS; i++)
		fake->seq_of[i] = i + 1;
	fake->state = (struct snapshot_state){.epoch = 3, .seq = rows, .lsn = 10};
	fake->server = snapshot_server_new(&source, reply, fake, max);
	return fake;
}

static void
fake_free(struct fake *fake)
{
	snapshot_server_free(fake->server);
	buf_fini(&fake->log);
	free(fake);
}

static void
ask(struct fake *fake, const char *peer, struct snapshot_request request)
{
	struct buf out = {0};

	snapshot_request_encode(&request, &out);
	snapshot_server_request(fake->server, slice_of(peer), buf_slice(&out));
	buf_fini(&out);
}

/* What was replied since the last call. */
static void
expect(struct fake *fake, const char *log)
{
	buf_add(&fake->log, "", 1);
	assert_string_equal((const char *)fake->log.data, log);
	fake->log.len = 0;
}

static void
one_chunk_is_sent_for_each_credit(void **unused)
{
	struct fake *fake = fake_new(300, 8); /* 300 rows of 3000 bytes: four chunks */
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 1});
	assert_false(snapshot_server_work(fake->server, 100));
	expect(fake, "p:R ");
	assert_false(snapshot_server_work(fake->server, 100));
	expect(fake, "");
	ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = 2});
	assert_true(snapshot_server_work(fake->server, 1));
	expect(fake, "p:R ");
	assert_false(snapshot_server_work(fake->server, 1));
	expect(fake, "p:R ");
	ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = 1});
	assert_false(snapshot_server_work(fake->server, 1));
	expect(fake, "p:R p:Z3,300r ");
	assert_int_equal(fake->rows_got, 300);
	assert_in_range(fake->largest, SNAPSHOT_CHUNK_BYTES - 2 * ROW_BYTES, SNAPSHOT_CHUNK_BYTES);
	fake_free(fake);
}

static void
peers_take_turns(void **unused)
{
	struct fake *fake = fake_new(300, 8);
	(void)unused;

	ask(fake, "a", (struct snapshot_request){.credit = 9});
	ask(fake, "b", (struct snapshot_request){.credit = 9});
	snapshot_server_work(fake->server, 4);
	expect(fake, "a:R b:R a:R b:R ");
	fake_free(fake);
}

static void
since_sends_only_what_is_newer(void **unused)
{
	struct fake *fake = fake_new(300, 8);
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 9, .has_since = true, .since_epoch = 3, .since_seq = 290});
	snapshot_server_work(fake->server, 9);
	expect(fake, "p:R p:Z3,300 ");
	assert_int_equal(fake->rows_got, 10);
	ask(fake, "p", (struct snapshot_request){.credit = 9, .has_since = true, .since_epoch = 3, .since_seq = 300});
	snapshot_server_work(fake->server, 9);
	expect(fake, "p:Z3,300 ");
	fake_free(fake);
}

static void
since_of_another_epoch_or_before_a_forgotten_tombstone_or_made_up_is_a_reset(void **unused)
{
	struct fake *fake = fake_new(10, 8);
	(void)unused;

	fake->state.forgotten_seq = 5;
	ask(fake, "a", (struct snapshot_request){.credit = 9, .has_since = true, .since_epoch = 2, .since_seq = 9});
	ask(fake, "b", (struct snapshot_request){.credit = 9, .has_since = true, .since_epoch = 3, .since_seq = 4});
	ask(fake, "c", (struct snapshot_request){.credit = 9, .has_since = true, .since_epoch = 3, .since_seq = 11});
	snapshot_server_work(fake->server, 9);
	expect(fake, "a:R a:Z3,10r c:R c:Z3,10r b:R b:Z3,10r ");
	assert_int_equal(fake->rows_got, 30);
	ask(fake, "d", (struct snapshot_request){.credit = 9, .has_since = true, .since_epoch = 3, .since_seq = 5});
	snapshot_server_work(fake->server, 9);
	expect(fake, "d:R d:Z3,10 ");
	fake_free(fake);
}

/* The end tells the version as of the beginning, so that `since` next time misses nothing. */
static void
the_end_bears_the_version_of_the_beginning(void **unused)
{
	struct fake *fake = fake_new(300, 8);
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 1});
	snapshot_server_work(fake->server, 9);
	fake->state.seq = 555;
	ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = 9});
	snapshot_server_work(fake->server, 9);
	expect(fake, "p:R p:R p:R p:R p:Z3,300r ");
	fake_free(fake);
}

static void
tombstones_forgotten_on_the_way_make_it_a_full_set(void **unused)
{
	struct fake *fake = fake_new(300, 8);
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 1, .has_since = true, .since_epoch = 3, .since_seq = 100});
	snapshot_server_work(fake->server, 9);
	fake->state.forgotten_seq = 250;
	ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = 9});
	snapshot_server_work(fake->server, 9);
	assert_int_equal(fake->rows_got, 200 + 300);
	expect(fake, "p:R p:R p:R p:R p:R p:R p:R p:Z3,300r ");
	fake_free(fake);
}

static void
with_lsn_it_waits_for_the_table(void **unused)
{
	struct fake *fake = fake_new(10, 8);
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 9, .has_lsn = true, .lsn = 11});
	assert_false(snapshot_server_work(fake->server, 9));
	expect(fake, "");
	fake->state.lsn = 11;
	fake->state.seq = 12;
	snapshot_server_work(fake->server, 9);
	expect(fake, "p:R p:Z3,12r ");
	fake_free(fake);
}

static void
waiting_for_an_lsn_ends_after_30_s(void **unused)
{
	struct fake *fake = fake_new(10, 8);
	struct snapshot_counters counters;
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 9, .has_lsn = true, .lsn = 11});
	snapshot_server_tick(fake->server, 1000);
	snapshot_server_tick(fake->server, 1000 + SNAPSHOT_LSN_WAIT_MS - 1);
	expect(fake, "");
	snapshot_server_tick(fake->server, 1000 + SNAPSHOT_LSN_WAIT_MS);
	expect(fake, "p:Xlsn_timeout ");
	snapshot_server_count(fake->server, &counters);
	assert_int_equal(counters.under_way, 0);
	fake_free(fake);
}

static void
a_peer_that_gives_no_credit_is_dropped_after_60_s(void **unused)
{
	struct fake *fake = fake_new(300, 8);
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 1});
	snapshot_server_work(fake->server, 9);
	snapshot_server_tick(fake->server, 1000);
	ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = 1});
	snapshot_server_work(fake->server, 9);
	snapshot_server_tick(fake->server, 50000); /* the credit began a new wait */
	snapshot_server_tick(fake->server, 50000 + SNAPSHOT_IDLE_MS - 1);
	expect(fake, "p:R p:R ");
	snapshot_server_tick(fake->server, 50000 + SNAPSHOT_IDLE_MS);
	expect(fake, "p:Xidle ");
	fake_free(fake);
}

static void
asking_again_begins_anew(void **unused)
{
	struct fake *fake = fake_new(300, 1);
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = 1});
	snapshot_server_work(fake->server, 9);
	ask(fake, "p", (struct snapshot_request){.credit = 9});
	snapshot_server_work(fake->server, 9);
	expect(fake, "p:R p:R p:R p:R p:R p:Z3,300r ");
	fake_free(fake);
}

static void
more_snapshots_than_allowed_are_refused(void **unused)
{
	struct fake *fake = fake_new(10, 2);
	(void)unused;

	ask(fake, "a", (struct snapshot_request){.credit = 0});
	ask(fake, "b", (struct snapshot_request){.credit = 0});
	ask(fake, "c", (struct snapshot_request){.credit = 0});
	expect(fake, "c:Xtoo_many ");
	fake_free(fake);
}

static void
rubbish_is_refused_with_a_reason_and_credit_without_a_snapshot_ignored(void **unused)
{
	struct fake *fake = fake_new(10, 2);
	char prefix[ROWS_PREFIX_MAX + 1];
	(void)unused;

	snapshot_server_request(fake->server, slice_of("p"), slice_of("rubbish"));
	expect(fake, "p:Xbad_request ");
	ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = 1});
	expect(fake, "");
	memset(prefix, 'k', sizeof(prefix));
	ask(fake, "p", (struct snapshot_request){.prefix = {(uint8_t *)prefix, sizeof(prefix)}, .credit = 1});
	expect(fake, "p:Xbad_request ");
	fake_free(fake);
}

/* Credit is bounded: a peer cannot make the server owe it gigabytes. */
static void
credit_is_capped(void **unused)
{
	struct fake *fake = fake_new(20000, 2); /* some 230 chunks */
	struct snapshot_counters counters;
	(void)unused;

	ask(fake, "p", (struct snapshot_request){.credit = SNAPSHOT_CREDIT_MAX});
	for (unsigned i = 0; i < 3; i++)
		ask(fake, "p", (struct snapshot_request){.credit_only = true, .credit = SNAPSHOT_CREDIT_MAX});
	assert_false(snapshot_server_work(fake->server, 1000));
	snapshot_server_count(fake->server, &counters);
	assert_int_equal(counters.chunks, SNAPSHOT_CREDIT_MAX);
	assert_int_equal(counters.under_way, 1);
	fake_free(fake);
}

static void
a_pause_of_the_source_costs_no_credit(void **unused)
{
	struct fake *fake = fake_new(10, 2);
	(void)unused;

	fake->pause_every = 10;
	ask(fake, "p", (struct snapshot_request){.credit = 1});
	assert_true(snapshot_server_work(fake->server, 1));
	expect(fake, "");
	assert_false(snapshot_server_work(fake->server, 1));
	expect(fake, "p:R p:Z3,10r ");
	fake_free(fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_chunk_is_sent_for_each_credit),
	    cmocka_unit_test(peers_take_turns),
	    cmocka_unit_test(since_sends_only_what_is_newer),
	    cmocka_unit_test(since_of_another_epoch_or_before_a_forgotten_tombstone_or_made_up_is_a_reset),
	    cmocka_unit_test(the_end_bears_the_version_of_the_beginning),
	    cmocka_unit_test(tombstones_forgotten_on_the_way_make_it_a_full_set),
	    cmocka_unit_test(with_lsn_it_waits_for_the_table),
	    cmocka_unit_test(waiting_for_an_lsn_ends_after_30_s),
	    cmocka_unit_test(a_peer_that_gives_no_credit_is_dropped_after_60_s),
	    cmocka_unit_test(asking_again_begins_anew),
	    cmocka_unit_test(more_snapshots_than_allowed_are_refused),
	    cmocka_unit_test(rubbish_is_refused_with_a_reason_and_credit_without_a_snapshot_ignored),
	    cmocka_unit_test(credit_is_capped),
	    cmocka_unit_test(a_pause_of_the_source_costs_no_credit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
