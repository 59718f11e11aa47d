/* test_ingest.c - the life of batches under a fake kernel: groups, answers, budgets, dead letters, accounts. */
#include "support.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ingest/budget.h"
#include "ingest/ingest.h"

#define TS_MS INT64_C(1700000000000)
enum { TAKEN_MAX = 600 };

/* The outside world: what came out, and the groups under way. */
struct world {
	struct ingest_config config;
	struct ingest *ingest;
	struct buf message;
	/* the newest answer, kept decoded over a copy */
	uint64_t answers, nacks;
	char peer[16];
	struct buf last;
	struct answer answer;
	/* dead letters and feeds */
	uint64_t letters, feeds;
	struct dead_letter letter;
	char letter_text[128], letter_peer[300], feed[300];
	int64_t feed_ms;
	struct buf letter_raw;
	uint64_t lsn;
	struct group *taken[TAKEN_MAX];
	uint32_t taken_head, taken_tail;
	void (*on_answer)(struct world *world);
	void *model;
};

static void
on_send(void *context, enum ingest_port port, struct slice peer, struct slice answer)
{
	(void)port;
	struct world *world = context;
	world->answers++;
	world->last.len = 0;
	buf_add(&world->last, answer.p, answer.n);
	assert_int_equal(answer_decode(&world->answer, buf_slice(&world->last)), 0);
	world->nacks += !world->answer.is_ack;
	snprintf(world->peer, sizeof(world->peer), "%.*s", (int)peer.n, (const char *)peer.p);
	if (world->on_answer != NULL)
		world->on_answer(world);
}

static void
on_dead(void *context, const struct dead_letter *letter)
{
	struct world *world = context;
	world->letters++;
	world->letter = *letter;
	snprintf(world->letter_text, sizeof(world->letter_text), "%s", letter->text);
	snprintf(world->letter_peer, sizeof(world->letter_peer), "%s", letter->peer);
	world->letter_raw.len = 0;
	buf_add(&world->letter_raw, letter->raw.p, letter->raw.n);
}

static void
on_feed(void *context, struct slice feed, int64_t at_ms)
{
	struct world *world = context;
	world->feeds++;
	world->feed_ms = at_ms;
	snprintf(world->feed, sizeof(world->feed), "%.*s", (int)feed.n, (const char *)feed.p);
}

static int
setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	accept_config_init(&world->config.accept);
	world->config.send = on_send;
	world->config.dead = on_dead;
	world->config.feed = on_feed;
	world->config.context = world;
	world->ingest = ingest_new(&world->config);
	*state = world;
	return 0;
}

static int
setup_events(void **state)
{
	setup(state);
	struct world *world = *state;
	ingest_free(world->ingest);
	world->config.clock_events = true;
	world->ingest = ingest_new(&world->config);
	return 0;
}

static int
teardown(void **state)
{
	struct world *world = *state;
	while (world->taken_head != world->taken_tail)
		group_free(world->taken[world->taken_head++ % TAKEN_MAX]);
	ingest_free(world->ingest);
	accept_config_fini(&world->config.accept);
	buf_fini(&world->message);
	buf_fini(&world->last);
	buf_fini(&world->letter_raw);
	free(world);
	return 0;
}

static void
receive(struct world *world, enum ingest_port port, const char *peer)
{
	ingest_receive(world->ingest, port, port == PORT_ACKED ? slice_of(peer) : (struct slice){0},
	               port == PORT_ACKED ? slice_of("10.0.0.1") : slice_of(peer), buf_slice(&world->message), TS_MS);
}

/* A batch of count good visits, the first `bad` of them without an id. */
static void
send_batch(struct world *world, const char *peer, uint64_t batch, uint32_t count, uint32_t bad)
{
	world->message.len = 0;
	batch_begin(&world->message, batch, count);
	for (uint32_t i = 0; i < count; i++) {
		char id[24];
		snprintf(id, sizeof(id), "%s-%u", peer, i);
		struct event event = event_good(EVENT_VISIT, i < bad ? "" : id, TS_MS + i);
		event_encode(&event, &world->message);
	}
	receive(world, PORT_ACKED, peer);
}

static struct group *
take(struct world *world)
{
	struct group *group = ingest_take(world->ingest, TS_MS + 1);
	if (group == NULL)
		return NULL;
	group->lsn = ++world->lsn;
	group->time_ms = group->recv_ms;
	world->taken[world->taken_tail++ % TAKEN_MAX] = group;
	return group;
}

static void
settle(struct world *world)
{
	ingest_settle(world->ingest, world->taken[world->taken_head++ % TAKEN_MAX]);
}

static void
run_dry(struct world *world)
{
	while (take(world) != NULL)
		;
	while (world->taken_head != world->taken_tail)
		settle(world);
}

static struct ingest_counters
count(const struct world *world)
{
	struct ingest_counters counters;
	ingest_count(world->ingest, &counters);
	return counters;
}

static void
batch_is_answered_once_its_group_is_settled(void **state)
{
	struct world *world = *state;
	assert_false(ingest_ready(world->ingest));
	assert_null(ingest_take(world->ingest, TS_MS));
	send_batch(world, "web", 77, 5, 1);
	assert_true(ingest_ready(world->ingest));
	struct group *group = take(world);
	assert_int_equal(group->kind, GROUP_BATCHES);
	assert_int_equal(group->recv_ms, TS_MS + 1);
	assert_int_equal(group->dims_mask, world->config.accept.dims_mask);
	assert_int_equal(world->answers, 0);
	group->events[3].verdict = VERDICT_DUPLICATE;
	settle(world);
	assert_int_equal(world->answers, 1);
	assert_string_equal(world->peer, "web");
	assert_true(world->answer.is_ack);
	assert_int_equal(answer_id(&world->answer), 77);
	assert_int_equal(world->answer.lsn, 1);
	assert_int_equal(world->answer.ok, 3);
	assert_int_equal(world->answer.dup, 1);
	assert_int_equal(world->answer.refused, 1);
	assert_int_equal(world->answer.credit, INGEST_CREDIT);
	uint32_t index;
	struct slice code, text;
	assert_true(answer_next_reject(&world->answer, &index, &code, &text));
	assert_int_equal(index, 0);
	assert_true(slice_is(code, "missing_field"));
	assert_true(slice_is(text, "id is missing; visit needs it"));
	assert_false(answer_next_reject(&world->answer, &index, &code, &text));
}

static void
empty_batch_and_tick_are_answered_too(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 1, 0, 0);
	world->message.len = 0;
	batch_tick(&world->message, 2, TS_MS + 500);
	receive(world, PORT_ACKED, "web");
	struct group *group = take(world);
	assert_int_equal(group->batch_count, 2);
	assert_int_equal(group->recv_ms, TS_MS + 500);
	settle(world);
	assert_int_equal(world->answers, 2);
	assert_int_equal(answer_id(&world->answer), 2);
	assert_true(world->answer.is_ack);
}

static void
tick_under_clock_wall_is_wrong_clock(void **state)
{
	struct world *world = *state;
	batch_tick(&world->message, 2, TS_MS);
	receive(world, PORT_ACKED, "web");
	assert_true(slice_is(world->answer.code, "wrong_clock"));
	assert_int_equal(world->answer.retry_ms, 0);
	assert_false(ingest_ready(world->ingest));
}

static void
under_clock_events_a_group_is_as_late_as_its_newest_event(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 1, 10, 0);
	assert_int_equal(take(world)->recv_ms, TS_MS + 9);
	send_batch(world, "web", 2, 3, 0);
	assert_int_equal(take(world)->recv_ms, TS_MS + 9); /* never backwards */
	send_batch(world, "web", 3, 20, 20); /* refused events move nothing */
	assert_int_equal(take(world)->recv_ms, TS_MS + 9);
	run_dry(world);
}

static void
rejects_list_the_first_hundred_and_count_all(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 1, 300, 250);
	run_dry(world);
	assert_int_equal(world->answer.refused, 250);
	uint32_t index, listed = 0;
	struct slice code, text;
	while (answer_next_reject(&world->answer, &index, &code, &text))
		assert_int_equal(index, listed++);
	assert_int_equal(listed, ACK_REJECTS_MAX);
	assert_int_equal(world->letters, 250);
}

static void
refused_event_lands_in_the_dead_letters(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 1, 2, 0);
	struct group *group = take(world);
	group->time_ms = TS_MS + 99;
	group->events[1].verdict = VERDICT_ID_CONFLICT;
	group_add_fault(group, 1, "the kernel says no");
	struct buf raw = {0};
	buf_add(&raw, group_raw(group, &group->events[1]).p, group->events[1].raw_len);
	settle(world);
	assert_int_equal(world->letters, 1);
	assert_int_equal(world->letter.at_ms, TS_MS + 99);
	assert_string_equal(world->letter.code, "id_conflict");
	assert_string_equal(world->letter_text, "the kernel says no");
	assert_string_equal(world->letter_peer, "web");
	assert_true(slice_equal(buf_slice(&world->letter_raw), buf_slice(&raw)));
	buf_fini(&raw);
}

static void
broken_events_letter_holds_the_hidden_ones_too(void **state)
{
	struct world *world = *state;
	batch_begin(&world->message, 1, 3);
	buf_add(&world->message, "\xc1xyz", 4);
	receive(world, PORT_ACKED, "web");
	run_dry(world);
	assert_int_equal(world->answer.refused, 3);
	assert_int_equal(world->letters, 1);
	assert_true(slice_is(buf_slice(&world->letter_raw), "\xc1xyz"));
	assert_int_equal(count(world).verdict[VERDICT_BAD_MSGPACK], 3);
}

static void
unreadable_batch_is_refused_for_good_with_a_letter(void **state)
{
	static const struct {
		const char *bytes, *code;
	} bad[] = {{"hello", "bad_msgpack"}, {"\x92\xa2" "E2" "\x92\x05\x90", "wrong_version"}};
	struct world *world = *state;
	for (size_t i = 0; i < 2; i++) {
		world->message.len = 0;
		buf_add(&world->message, bad[i].bytes, strlen(bad[i].bytes));
		receive(world, PORT_ACKED, "web");
		assert_int_equal(world->answers, i + 1);
		assert_true(slice_is(world->answer.code, bad[i].code));
		assert_int_equal(world->answer.retry_ms, 0);
		assert_int_equal(world->letters, i + 1);
		assert_string_equal(world->letter.code, bad[i].code);
		assert_true(slice_is(buf_slice(&world->letter_raw), bad[i].bytes));
	}
	assert_int_equal(answer_id(&world->answer), 5);
	assert_int_equal(count(world).events, 0);
	assert_int_equal(count(world).in_flight_batches, 0);
}

static void
peer_beyond_its_credit_is_overloaded(void **state)
{
	struct world *world = *state;
	for (uint64_t i = 0; i < INGEST_CREDIT; i++)
		send_batch(world, "web", i, 1, 0);
	assert_int_equal(world->answers, 0);
	send_batch(world, "web", 1000, 1, 0);
	assert_true(slice_is(world->answer.code, "overloaded"));
	assert_int_equal(answer_id(&world->answer), 1000);
	assert_int_equal(world->answer.retry_ms, INGEST_RETRY_MS);
	assert_int_equal(world->letters, 0); /* it comes again */
	send_batch(world, "other", 1, 1, 0); /* others are not held up */
	assert_int_equal(world->answers, 1);
	take(world);
	settle(world);
	assert_int_equal(world->answers, 2 + INGEST_CREDIT);
	assert_int_equal(world->answer.credit, INGEST_CREDIT);
	send_batch(world, "web", 1000, 1, 0);
	assert_int_equal(count(world).in_flight_batches, 1);
}

static void
check_credit(struct world *world)
{
	uint32_t *left = world->model;
	assert_int_equal(world->answer.credit, INGEST_CREDIT - --*left);
}

static void
credit_is_what_the_peer_has_left(void **state)
{
	struct world *world = *state;
	uint32_t left = 10;
	for (uint64_t i = 0; i < 10; i++)
		send_batch(world, "web", i, 1, 0);
	world->model = &left;
	world->on_answer = check_credit;
	run_dry(world);
	assert_int_equal(left, 0);
}

/* Batches of 60 KB from many peers until the byte budget is used up. */
static void
byte_budget_turns_batches_away_and_frees_again(void **state)
{
	struct world *world = *state;
	char peer[16];
	uint32_t sent = 0;
	while (ingest_has_room(world->ingest)) {
		snprintf(peer, sizeof(peer), "p%u", sent++ / INGEST_CREDIT);
		world->message.len = 0;
		batch_begin(&world->message, sent, 1);
		uint8_t head[3] = {0xc5, 0xea, 0x60};
		buf_add(&world->message, head, 3);
		memset(buf_reserve(&world->message, 60000), 0, 60000);
		world->message.len += 60000;
		receive(world, PORT_ACKED, peer);
		assert_true(sent < 2000);
	}
	assert_int_equal(world->answers, 0);
	assert_true(count(world).in_flight_bytes >= INGEST_BYTES_IN_FLIGHT_MAX);
	assert_true(count(world).in_flight_bytes < INGEST_BYTES_IN_FLIGHT_MAX + BATCH_BYTES_MAX);
	receive(world, PORT_ACKED, "late");
	assert_true(slice_is(world->answer.code, "overloaded"));
	world->message.len = 0;
	buf_add(&world->message, "\x80", 1);
	receive(world, PORT_PUSH, "pusher");
	assert_int_equal(count(world).push_dropped, 1);
	assert_string_equal(world->letter.code, "overloaded"); /* nobody to tell: it can be re-submitted from here */
	run_dry(world);
	assert_true(ingest_has_room(world->ingest));
	assert_int_equal(count(world).in_flight_bytes, 0);
	assert_int_equal(count(world).in_flight_batches, 0);
	assert_int_equal(world->answers, sent + 1);
}

/* Between the budget and 5 % below it nothing changes. */
static void
memory_budget_is_over_until_there_is_some_to_spare(void **state)
{
	(void)state;
	struct budget budget = {.max_bytes = 1000};
	static const struct {
		int64_t resident;
		bool over;
	} story[] = {{999, false}, {1000, false}, {1001, true}, {960, true}, {951, true}, {950, false}, {1000, false}, {5000, true}};
	for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++) {
		bool before = budget.over;
		assert_int_equal(budget_step(&budget, story[i].resident), story[i].over != before);
		assert_int_equal(budget.over, story[i].over);
	}
}

/* What was taken in before is answered, and counts. */
static void
full_memory_turns_batches_away(void **state)
{
	struct world *world = *state;
	static const bool full[] = {false, true, true, false, true};
	send_batch(world, "early", 1, 1, 0);
	for (size_t i = 0; i < sizeof(full); i++) {
		uint64_t nacks = world->nacks;
		ingest_memory(world->ingest, full[i]);
		send_batch(world, "web", i, 2, 0);
		assert_int_equal(world->nacks - nacks, full[i]);
		assert_int_equal(ingest_wants_push(world->ingest), !full[i]);
	}
	assert_true(slice_is(world->answer.code, "overloaded"));
	assert_int_equal(world->answer.retry_ms, INGEST_MEMORY_RETRY_MS);
	assert_int_equal(answer_id(&world->answer), 4);
	assert_int_equal(count(world).memory_refused, 3);
	assert_int_equal(count(world).batch[BATCH_OVERLOADED], 3);
	assert_int_equal(count(world).memory_full, 2);
	assert_int_equal(world->letters, 0);
	run_dry(world);
	assert_int_equal(count(world).verdict[VERDICT_OK], 1 + 2 * 2);
	assert_int_equal(count(world).batch[BATCH_OK], 1 + 2);
}

/* It stood in the socket or a link before it was seen that memory is full: nobody would send it again. */
static void
push_message_that_was_received_while_memory_is_full_is_taken_in(void **state)
{
	struct world *world = *state;
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	ingest_memory(world->ingest, true);
	world->message.len = 0;
	event_encode(&event, &world->message);
	receive(world, PORT_PUSH, "pusher");
	run_dry(world);
	assert_int_equal(count(world).verdict[VERDICT_OK], 1);
	assert_int_equal(count(world).push_dropped, 0);
}

/* Under clock: events nothing else lets windows expire, and memory come back. */
static void
tick_is_taken_while_memory_is_full(void **state)
{
	struct world *world = *state;
	ingest_memory(world->ingest, true);
	world->message.len = 0;
	batch_tick(&world->message, 5, TS_MS);
	receive(world, PORT_ACKED, "web");
	run_dry(world);
	assert_true(world->answer.is_ack);
	send_batch(world, "web", 6, 1, 0);
	assert_true(slice_is(world->answer.code, "overloaded"));
}

static void
groups_in_flight_are_bounded(void **state)
{
	struct world *world = *state;
	char peer[16];
	uint32_t groups = 0;
	while (ingest_has_room(world->ingest)) {
		snprintf(peer, sizeof(peer), "p%u", groups / 8);
		send_batch(world, peer, groups, 1, 0);
		assert_non_null(take(world));
		groups++;
	}
	assert_int_equal(groups, INGEST_GROUPS_IN_FLIGHT_MAX);
	send_batch(world, "late", 1, 1, 0);
	assert_true(slice_is(world->answer.code, "overloaded"));
	settle(world);
	send_batch(world, "late", 1, 1, 0);
	assert_int_equal(world->nacks, 1);
	run_dry(world);
	assert_int_equal(count(world).verdict[VERDICT_OK], groups + 1);
}

static void
group_is_sealed_before_it_could_overflow(void **state)
{
	struct world *world = *state;
	char peer[16];
	for (uint32_t i = 0; i < 20; i++) {
		snprintf(peer, sizeof(peer), "p%u", i);
		send_batch(world, peer, i, i % 2 ? BATCH_EVENTS_MAX : 3000, 0);
	}
	uint32_t events = 0, batches = 0;
	struct group *group;
	while ((group = take(world)) != NULL) {
		assert_true(group->event_count <= GROUP_EVENTS_MAX);
		assert_true(group->bytes.len <= GROUP_BYTES_MAX);
		events += group->event_count;
		batches += group->batch_count;
	}
	assert_int_equal(batches, 20);
	assert_int_equal(events, 80000);
	assert_true(world->taken_tail > 5);
	run_dry(world);
	assert_string_equal(world->peer, "p19"); /* in order */
}

static void
after_stop_new_batches_are_turned_away_and_old_ones_answered(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 1, 1, 0);
	ingest_stop(world->ingest);
	send_batch(world, "web", 2, 1, 0);
	assert_true(slice_is(world->answer.code, "shutting_down"));
	assert_int_equal(world->answer.retry_ms, INGEST_RETRY_MS);
	assert_int_equal(answer_id(&world->answer), 2);
	run_dry(world);
	assert_true(world->answer.is_ack);
	assert_int_equal(answer_id(&world->answer), 1);
}

static void
batch_that_was_not_stored_is_not_counted(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 9, 4, 1);
	struct group *group = take(world);
	group->lsn = 0; /* log_append() failed */
	group->refusal = BATCH_STORAGE_FAILED;
	settle(world);
	assert_true(slice_is(world->answer.code, "storage_failed"));
	assert_int_equal(answer_id(&world->answer), 9);
	assert_int_equal(world->answer.retry_ms, INGEST_STORAGE_RETRY_MS);
	assert_int_equal(count(world).events, 0);
	assert_int_equal(count(world).verdict[VERDICT_MISSING_FIELD], 0);
	assert_int_equal(count(world).in_flight_bytes, 0);
	assert_int_equal(world->letters, 0);
}

static void
feed_is_told_once_a_group_and_only_for_accepted_events(void **state)
{
	struct world *world = *state;
	for (uint64_t i = 0; i < 3; i++)
		send_batch(world, "web", i, 10, 0);
	send_batch(world, "bad", 1, 10, 10);
	send_batch(world, "dup", 1, 1, 0);
	struct group *group = take(world);
	group->time_ms = TS_MS + 5;
	group->events[group->event_count - 1].verdict = VERDICT_DUPLICATE;
	settle(world);
	assert_int_equal(world->feeds, 1);
	assert_string_equal(world->feed, "web"); /* the peer's name, as no event says otherwise */
	assert_int_equal(world->feed_ms, TS_MS + 5);
	static const char *const feeds[] = {"a", "b", "a", "c", "b"};
	world->message.len = 0;
	batch_begin(&world->message, 1, 5);
	for (int i = 0; i < 5; i++) {
		struct event event = event_good(EVENT_VISIT, feeds[i], TS_MS);
		event_text(&event, TEXT_FEED, feeds[i]);
		event_encode(&event, &world->message);
	}
	for (uint64_t round = 1; round <= 2; round++) {
		receive(world, PORT_ACKED, "web");
		run_dry(world);
		assert_int_equal(world->feeds, 1 + 3 * round);
	}
}

static void
peers_name_is_its_printable_id_else_its_user(void **state)
{
	static const struct {
		const char *id;
		uint32_t n;
		const char *user, *name;
	} peers[] = {{"web-1", 5, "10.0.0.1", "web-1"}, {"\0\1\2\3\4", 5, "10.0.0.1", "10.0.0.1"},
	             {"\0\1\2\3\5", 5, "", "unnamed"}, {"w\xc3\xa9", 3, "bad\nuser", "unnamed"},
	             {"\0\1\2\3\4", 5, "10.0.0.2", "10.0.0.2"}}; /* the same id again, from elsewhere */
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		send_batch(world, "x", 1, 0, 0);
		world->message.len = 0;
		batch_begin(&world->message, 1, 1);
		struct event event = event_good(EVENT_VISIT, "e", TS_MS);
		event_encode(&event, &world->message);
		ingest_receive(world->ingest, PORT_ACKED, (struct slice){(const uint8_t *)peers[i].id, peers[i].n},
		               slice_of(peers[i].user), buf_slice(&world->message), TS_MS);
		run_dry(world);
		assert_string_equal(world->feed, peers[i].name);
	}
	assert_int_equal(count(world).peers, 5);
}

static void
full_table_forgets_the_longest_idle_but_no_busy_peer(void **state)
{
	struct world *world = *state;
	char peer[16];
	send_batch(world, "busy", 1, 1, 0); /* the oldest, in flight throughout */
	take(world);
	for (uint32_t i = 0; i < 2 * INGEST_PEERS_MAX; i++) {
		snprintf(peer, sizeof(peer), "p%u", i);
		world->message.len = 0;
		buf_add(&world->message, "x", 1);
		receive(world, PORT_ACKED, peer); /* heard of, idle */
	}
	assert_int_equal(count(world).peers, INGEST_PEERS_MAX);
	settle(world);
	assert_string_equal(world->peer, "busy");
	assert_true(world->answer.is_ack);
	for (uint32_t i = 0; i < INGEST_PEERS_MAX; i++) {
		snprintf(peer, sizeof(peer), "q%u", i);
		send_batch(world, peer, 1, 1, 0);
	}
	uint64_t nacks = world->nacks;
	send_batch(world, "one more", 1, 1, 0);
	assert_int_equal(world->nacks, nacks + 1);
	assert_true(slice_is(world->answer.code, "overloaded"));
	run_dry(world);
	send_batch(world, "one more", 1, 1, 0);
	assert_int_equal(world->nacks, nacks + 1);
}

static void
push_is_counted_alike_but_never_answered(void **state)
{
	struct world *world = *state;
	struct event event = event_good(EVENT_VISIT, "e", TS_MS);
	event_encode(&event, &world->message);
	receive(world, PORT_PUSH, "shop");
	world->message.len = 0;
	buf_add(&world->message, "\x80", 1);
	receive(world, PORT_PUSH, "shop");
	run_dry(world);
	assert_int_equal(world->answers, 0);
	assert_int_equal(count(world).events, 2);
	assert_int_equal(count(world).verdict[VERDICT_OK], 1);
	assert_int_equal(count(world).verdict[VERDICT_MISSING_FIELD], 1);
	assert_string_equal(world->letter_peer, "shop");
	assert_string_equal(world->feed, "shop");
}

static void
push_message_that_is_too_long_is_dropped_with_a_letter(void **state)
{
	struct world *world = *state;
	memset(buf_reserve(&world->message, PUSH_BYTES_MAX + 1), 0x80, PUSH_BYTES_MAX + 1);
	world->message.len = PUSH_BYTES_MAX + 1;
	receive(world, PORT_PUSH, "shop");
	assert_int_equal(count(world).push_dropped, 1);
	assert_int_equal(count(world).events, 0);
	assert_string_equal(world->letter.code, "too_big");
	assert_int_equal(world->letter_raw.len, PUSH_BYTES_MAX + 1);
}

/* A mistake of ours, not an outcome: the process must not go on. */
static void
settling_out_of_order_is_asserted(void **state)
{
	struct world *world = *state;
	send_batch(world, "web", 1, 1, 0);
	take(world);
	send_batch(world, "web", 2, 1, 0);
	struct group *second = take(world);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		ingest_settle(world->ingest, second);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	run_dry(world);
}

/* ---- property: whatever comes, the accounts agree ---- */

enum { MODEL_PEERS = 5, MODEL_QUEUE = INGEST_CREDIT };

struct model {
	uint64_t seed;
	uint64_t letters;              /* expected */
	uint64_t events, answered;     /* announced in batches that were taken in; answered A1 */
	struct {
		uint64_t batch[MODEL_QUEUE]; /* in flight, oldest first */
		uint32_t events[MODEL_QUEUE], head, tail;
	} peer[MODEL_PEERS];
};

/* An A1 must be for the oldest batch of its peer and add up to what was announced. */
static void
model_answer(struct world *world)
{
	struct model *model = world->model;
	if (!world->answer.is_ack)
		return;
	unsigned peer = (unsigned)(world->peer[1] - '0');
	assert_true(peer < MODEL_PEERS);
	assert_true(model->peer[peer].head != model->peer[peer].tail);
	uint32_t at = model->peer[peer].head++ % MODEL_QUEUE;
	assert_int_equal(answer_id(&world->answer), model->peer[peer].batch[at]);
	assert_int_equal(world->answer.ok + world->answer.dup + world->answer.refused, model->peer[peer].events[at]);
	assert_int_equal(world->answer.credit, INGEST_CREDIT - (model->peer[peer].tail - model->peer[peer].head));
	model->answered += model->peer[peer].events[at];
}

static void
model_event(struct model *model, struct buf *out)
{
	struct event event = event_good((enum event_type)random_below(&model->seed, EVENT_TYPE_COUNT), "e", TS_MS);
	if (random_below(&model->seed, 6) == 0)
		event_text(&event, TEXT_ID, "");
	if (random_below(&model->seed, 6) == 0)
		event_text(&event, TEXT_CUR, random_below(&model->seed, 2) ? "USD" : "NIX");
	if (random_below(&model->seed, 20) == 0)
		buf_add(out, "\x93\x01\x02\x03", 4); /* skippable, no event */
	else
		event_encode(&event, out);
}

/* A message with damage now and then: bytes changed, cut, or added. */
static void
model_message(struct model *model, struct buf *out, uint64_t batch, bool acked)
{
	uint32_t events = random_below(&model->seed, random_below(&model->seed, 10) ? 8 : 200);
	out->len = 0;
	if (acked)
		batch_begin(out, batch, events);
	else
		buf_add(out, "\xdc\x00", 2), buf_add(out, &(uint8_t){(uint8_t)events}, 1);
	for (uint32_t i = 0; i < events; i++)
		model_event(model, out);
	switch (random_below(&model->seed, 8)) {
	case 0:
		out->data[random_below(&model->seed, (uint32_t)out->len)] = (uint8_t)random_next(&model->seed);
		break;
	case 1:
		out->len -= random_below(&model->seed, (uint32_t)out->len);
		break;
	case 2:
		buf_add(out, "\xc0", 1);
		break;
	default:
		break;
	}
}

static void
model_send(struct world *world, struct model *model, uint64_t batch)
{
	char name[4];
	unsigned peer = random_below(&model->seed, MODEL_PEERS);
	bool acked = random_below(&model->seed, 4) != 0;
	uint64_t nacks = world->nacks;
	struct ingest_counters before = count(world);
	snprintf(name, sizeof(name), "p%u", peer);
	model_message(model, &world->message, batch, acked);
	receive(world, acked ? PORT_ACKED : PORT_PUSH, name);
	struct ingest_counters after = count(world);
	if (world->nacks != nacks) {
		assert_true(acked);
		assert_int_equal(after.events, before.events);
		model->letters += world->answer.retry_ms == 0;
	} else if (acked) {
		struct batch_envelope envelope;
		char why[120];
		assert_int_equal(batch_open(&envelope, buf_slice(&world->message), why), BATCH_OK);
		uint32_t at = model->peer[peer].tail++ % MODEL_QUEUE;
		struct answer asked = {.id = envelope.id};
		model->peer[peer].batch[at] = answer_id(&asked); /* damage may have hit the id */
		model->peer[peer].events[at] = envelope.events;
		assert_int_equal(after.events - before.events, envelope.events);
	} else {
		assert_true(after.events > before.events || after.push_dropped > before.push_dropped);
		model->letters += after.push_dropped - before.push_dropped;
	}
	model->events += after.events - before.events;
}

/* The kernel's part: random verdicts for what accept took. */
static void
model_apply(struct model *model, struct group *group)
{
	for (uint32_t i = 0; i < group->event_count; i++) {
		struct group_event *event = &group->events[i];
		if (event->verdict == VERDICT_OK)
			event->verdict = (uint8_t)random_below(&model->seed, VERDICT_COUNT);
		if (event->verdict > VERDICT_DUPLICATE && (event->raw_len > 0 || event->fault != 0))
			model->letters++;
		if (event->verdict > VERDICT_DUPLICATE && event->fault == 0 && event->raw_len > 0 &&
		    random_below(&model->seed, 2))
			group_add_fault(group, i, "no");
	}
}

static void
received_is_accepted_and_duplicate_and_refused(void **state)
{
	struct world *world = *state;
	struct model *model = calloc(1, sizeof(*model));
	model->seed = random_seed("received_is_accepted_and_duplicate_and_refused");
	world->model = model;
	world->on_answer = model_answer;
	for (uint64_t step = 1; step <= 20000; step++) {
		uint32_t what = random_below(&model->seed, 8);
		struct group *group;
		if (what < 6)
			model_send(world, model, step);
		else if (what == 6 && (group = take(world)) != NULL)
			model_apply(model, group);
		else if (world->taken_head != world->taken_tail)
			settle(world);
		if (random_below(&model->seed, 50) == 0)
			ingest_memory(world->ingest, random_below(&model->seed, 2));
	}
	struct group *group;
	while ((group = take(world)) != NULL)
		model_apply(model, group);
	run_dry(world);

	struct ingest_counters counters = count(world);
	uint64_t settled = 0, answered = 0;
	for (int i = 0; i < VERDICT_COUNT; i++)
		settled += counters.verdict[i];
	for (int i = 0; i < BATCH_CODE_COUNT; i++)
		answered += counters.batch[i];
	assert_int_equal(counters.events, settled);
	assert_int_equal(counters.events, model->events);
	assert_int_equal(answered, world->answers);
	assert_int_equal(counters.in_flight_batches, 0);
	assert_int_equal(counters.in_flight_bytes, 0);
	assert_int_equal(world->letters, model->letters);
	for (int i = 0; i < MODEL_PEERS; i++)
		assert_int_equal(model->peer[i].head, model->peer[i].tail);
	assert_true(counters.memory_full > 10 && counters.memory_refused > 100);
	assert_true(counters.verdict[VERDICT_OK] > 100 && world->nacks > 100 && counters.batch[BATCH_OK] > 1000);
	free(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_EVENTS(name) cmocka_unit_test_setup_teardown(name, setup_events, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(batch_is_answered_once_its_group_is_settled),
	    TEST_EVENTS(empty_batch_and_tick_are_answered_too),
	    TEST(tick_under_clock_wall_is_wrong_clock),
	    TEST_EVENTS(under_clock_events_a_group_is_as_late_as_its_newest_event),
	    TEST(rejects_list_the_first_hundred_and_count_all),
	    TEST(refused_event_lands_in_the_dead_letters),
	    TEST(broken_events_letter_holds_the_hidden_ones_too),
	    TEST(unreadable_batch_is_refused_for_good_with_a_letter),
	    TEST(peer_beyond_its_credit_is_overloaded),
	    TEST(credit_is_what_the_peer_has_left),
	    TEST(byte_budget_turns_batches_away_and_frees_again),
	    TEST(memory_budget_is_over_until_there_is_some_to_spare),
	    TEST(full_memory_turns_batches_away),
	    TEST(push_message_that_was_received_while_memory_is_full_is_taken_in),
	    TEST_EVENTS(tick_is_taken_while_memory_is_full),
	    TEST(groups_in_flight_are_bounded),
	    TEST(group_is_sealed_before_it_could_overflow),
	    TEST(after_stop_new_batches_are_turned_away_and_old_ones_answered),
	    TEST(batch_that_was_not_stored_is_not_counted),
	    TEST(feed_is_told_once_a_group_and_only_for_accepted_events),
	    TEST(peers_name_is_its_printable_id_else_its_user),
	    TEST(full_table_forgets_the_longest_idle_but_no_busy_peer),
	    TEST(push_is_counted_alike_but_never_answered),
	    TEST(push_message_that_is_too_long_is_dropped_with_a_letter),
	    TEST(settling_out_of_order_is_asserted),
	    TEST(received_is_accepted_and_duplicate_and_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
