/* test_sender.c - batches under credit, resent until answered; time is driven by hand. */
#include "laju/sender.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { RESEND_MS = 10000 };

struct seen {
	uint32_t settled, ok, permanent;
	uintptr_t last; /* origin: 1, 2, ... */
};

static void
settled(void *context, void *origin, uint32_t events, const struct answer *answer)
{
	struct seen *seen = context;
	assert_int_equal(events, 1);
	seen->settled++;
	seen->ok += answer->is_ack;
	seen->permanent += !answer->is_ack;
	seen->last = (uintptr_t)origin;
}

static struct sender *
make(struct seen *seen, uint32_t in_flight_max)
{
	return sender_new(&(struct sender_config){
	    .in_flight_max = in_flight_max, .resend_ms = RESEND_MS, .settled = settled, .context = seen});
}

/* A batch of no real event: the sender does not look into it. */
static uint64_t
submit(struct sender *sender)
{
	struct buf message = {0};
	uint64_t id = sender_next_id(sender);
	batch_begin(&message, id, 1);
	buf_add(&message, "\x80", 1);
	sender_submit(sender, &message, 1, (void *)(uintptr_t)id);
	assert_null(message.data);
	return id;
}

/* The id of the next message to go out; 0: none. */
static uint64_t
next_due(struct sender *sender, int64_t now_ms)
{
	struct slice message;
	struct batch_envelope envelope;
	char why[120];
	if (!sender_due(sender, now_ms, &message))
		return 0;
	assert_int_equal(batch_open(&envelope, message, why), BATCH_OK);
	assert_true(envelope.id.n == 1); /* ids of the tests are below 128 */
	return envelope.id.p[0];
}

static void
acknowledge(struct sender *sender, uint64_t id, uint32_t credit, int64_t now_ms)
{
	uint8_t raw = (uint8_t)id;
	struct buf out = {0};
	ack_encode(&(struct ack){.id = {&raw, 1}, .lsn = id, .ok = 1, .credit = credit}, &out);
	assert_true(sender_answer(sender, buf_slice(&out), now_ms));
	buf_fini(&out);
}

static void
refuse(struct sender *sender, uint64_t id, uint32_t retry_ms, int64_t now_ms)
{
	uint8_t raw = (uint8_t)id;
	struct buf out = {0};
	nack_encode((struct slice){&raw, 1}, retry_ms ? BATCH_OVERLOADED : BATCH_TOO_BIG, "no", retry_ms, &out);
	assert_true(sender_answer(sender, buf_slice(&out), now_ms));
	buf_fini(&out);
}

static void
one_batch_goes_out_until_the_credit_is_known(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	(void)state;
	submit(sender);
	assert_false(sender_has_room(sender));
	assert_int_equal(next_due(sender, 0), 1);
	assert_int_equal(next_due(sender, 0), 0);
	acknowledge(sender, 1, 3, 5);
	assert_int_equal(seen.ok, 1);
	for (int i = 0; i < 3; i++) {
		assert_true(sender_has_room(sender));
		submit(sender);
	}
	assert_false(sender_has_room(sender));
	sender_free(sender);
}

static void
an_unanswered_batch_goes_out_again_with_the_same_bytes(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	struct slice first, again;
	(void)state;
	submit(sender);
	assert_true(sender_due(sender, 100, &first));
	assert_int_equal(sender_wait_ms(sender, 100), RESEND_MS);
	assert_false(sender_due(sender, 100 + RESEND_MS - 1, &again));
	assert_true(sender_due(sender, 100 + RESEND_MS, &again));
	assert_true(slice_equal(first, again));
	/* Both are answered: the second answer changes nothing. */
	acknowledge(sender, 1, 1, 11000);
	acknowledge(sender, 1, 1, 11001);
	assert_int_equal(seen.settled, 1);
	sender_free(sender);
}

static void
a_batch_without_any_answer_is_given_up_after_its_last_send(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	(void)state;
	submit(sender);
	for (int64_t n = 0; n < SENDER_SENDS_MAX; n++) {
		assert_false(sender_given_up(sender, n * RESEND_MS));
		assert_int_equal(next_due(sender, n * RESEND_MS), 1);
	}
	assert_false(sender_given_up(sender, SENDER_SENDS_MAX * RESEND_MS - 1));
	assert_true(sender_given_up(sender, SENDER_SENDS_MAX * RESEND_MS));
	assert_int_equal(next_due(sender, SENDER_SENDS_MAX * RESEND_MS), 0);
	assert_int_equal(sender_unsettled(sender), 1);
	sender_free(sender);
}

static void
what_was_not_sent_after_all_is_due_again_and_no_send_is_counted(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	(void)state;
	submit(sender);
	for (int i = 0; i < 2 * SENDER_SENDS_MAX; i++) {
		assert_int_equal(next_due(sender, 0), 1);
		sender_unsent(sender);
	}
	assert_int_equal(sender_wait_ms(sender, 0), 0);
	assert_int_equal(next_due(sender, 0), 1);
	assert_false(sender_given_up(sender, RESEND_MS));
	sender_free(sender);
}

static void
batches_refused_for_now_wait_and_go_again_one_by_one_in_order(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	(void)state;
	submit(sender);
	next_due(sender, 0);
	acknowledge(sender, 1, 4, 0);
	for (int i = 0; i < 3; i++)
		submit(sender);
	for (uint64_t id = 2; id <= 4; id++)
		assert_int_equal(next_due(sender, 0), id);
	refuse(sender, 3, 200, 10);
	refuse(sender, 2, 200, 20);
	assert_string_equal(sender_waits_for(sender), "overloaded");
	assert_false(sender_has_room(sender)); /* nothing new overtakes them */
	/* 4 is still under way: nothing is due but its answer, however late it is. */
	assert_int_equal(next_due(sender, 1000), 0);
	assert_int_equal(sender_wait_ms(sender, 1000), RESEND_MS - 1000);
	refuse(sender, 4, 200, 1000);
	assert_int_equal(next_due(sender, 1000), 2);
	assert_int_equal(next_due(sender, 1000), 0);
	acknowledge(sender, 2, 4, 1001);
	assert_int_equal(next_due(sender, 1001), 3);
	acknowledge(sender, 3, 4, 1002);
	assert_int_equal(next_due(sender, 1002), 0);
	assert_int_equal(sender_wait_ms(sender, 1002), 198);
	assert_int_equal(next_due(sender, 1200), 4);
	acknowledge(sender, 4, 4, 1201);
	assert_int_equal(seen.ok, 4);
	assert_true(sender_has_room(sender));
	sender_free(sender);
}

static void
a_permanent_refusal_settles_the_batch(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	(void)state;
	submit(sender);
	next_due(sender, 0);
	refuse(sender, 1, 0, 1);
	assert_int_equal(seen.permanent, 1);
	assert_int_equal(sender_unsettled(sender), 0);
	sender_free(sender);
}

static void
what_is_no_answer_is_passed_over(void **state)
{
	struct seen seen = {0};
	struct sender *sender = make(&seen, 0);
	(void)state;
	submit(sender);
	next_due(sender, 0);
	assert_false(sender_answer(sender, slice_of("\xc1garbage"), 0));
	assert_false(sender_answer(sender, (struct slice){0}, 0));
	acknowledge(sender, 77, 1, 0); /* of no batch of ours */
	assert_int_equal(seen.settled, 0);
	sender_free(sender);
}

static void
an_answer_must_count_each_event_of_its_batch_once(void **state)
{
	static const struct {
		uint32_t ok, dup, refused, listed, index, events;
		bool adds_up;
	} cases[] = {
	    {3, 0, 0, 0, 0, 3, true},  {1, 1, 1, 1, 2, 3, true},  {0, 0, 3, 1, 0, 3, true}, /* more are refused than listed */
	    {0, 0, 0, 0, 0, 0, true},  {1, 0, 0, 0, 0, 3, false}, {0, 0, 0, 0, 0, 3, false}, /* as one with b alone reads */
	    {4, 0, 0, 0, 0, 3, false}, {2, 0, 1, 1, 3, 3, false}, /* of an event that was not sent */
	    {3, 0, 0, 1, 0, 3, false}, /* listed, but not counted */
	    {UINT32_MAX, 2, 2, 0, 0, 3, false}, {1, 0, 0, 0, 0, 0, false},
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t raw = 7;
		struct buf out = {0};
		struct answer answer;
		const struct ack_reject reject = {cases[i].index, VERDICT_TOO_LATE, "old"};
		const struct ack ack = {.id = {&raw, 1}, .lsn = 1, .ok = cases[i].ok, .dup = cases[i].dup,
		                        .refused = cases[i].refused, .reject_count = cases[i].listed, .reject = &reject};
		ack_encode(&ack, &out);
		assert_int_equal(answer_decode(&answer, buf_slice(&out)), 0);
		if (sender_adds_up(&answer, cases[i].events) != cases[i].adds_up)
			fail_msg("case %u", i);
		buf_fini(&out);
	}
}

/*
 * A server that loses messages and answers, refuses for now and answers late. With one
 * batch in flight it takes them strictly in order; always each is settled exactly once
 * and never more are out than the server granted.
 */
static void
play(uint64_t seed, uint32_t in_flight_max)
{
	enum { BATCHES = 60, CREDIT = 5 };
	struct seen seen = {0};
	struct sender *sender = make(&seen, in_flight_max);
	uint64_t taken = 0;
	unsigned short random[3] = {(unsigned short)seed, (unsigned short)(seed >> 16), (unsigned short)(seed >> 32)};
	uint64_t submitted = 0;
	int64_t now_ms = 0;
	int losses[BATCHES + 1] = {0}; /* of one batch: as many as it has sends, and it is given up, rightly */
	while (seen.settled < BATCHES) {
		while (submitted < BATCHES && sender_has_room(sender))
			submitted = submit(sender);
		assert_true(sender_unsettled(sender) <= (in_flight_max ? in_flight_max : CREDIT));
		uint64_t id = next_due(sender, now_ms);
		if (id == 0) {
			int64_t wait_ms = sender_wait_ms(sender, now_ms);
			assert_true(wait_ms > 0); /* 0 would be a busy loop */
			now_ms += wait_ms;
			assert_false(sender_given_up(sender, now_ms));
			continue;
		}
		double dice = erand48(random);
		if (dice < 0.02 && losses[id]++ < SENDER_SENDS_MAX - 1)
			continue; /* lost on its way */
		if (dice < 0.3) {
			refuse(sender, id, 1 + (uint32_t)(erand48(random) * 300), now_ms);
			continue;
		}
		if (in_flight_max == 1) {
			assert_true(id == taken || id == taken + 1); /* again, or the next */
			taken = id;
		}
		if (dice > 0.98 && losses[id]++ < SENDER_SENDS_MAX - 1)
			continue; /* taken, but the answer is lost */
		acknowledge(sender, id, CREDIT, now_ms);
	}
	assert_int_equal(seen.ok, BATCHES);
	sender_free(sender);
}

static void
every_batch_is_settled_once_by_a_server_that_loses_and_refuses(void **state)
{
	const char *fixed = getenv("LAJU_SEED");
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t used = fixed ? strtoull(fixed, NULL, 10) : seed;
		if (fixed || seed % 100 == 0)
			print_message("seed %llu\n", (unsigned long long)used);
		play(used, 1);
		play(used, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_batch_goes_out_until_the_credit_is_known),
	    cmocka_unit_test(an_unanswered_batch_goes_out_again_with_the_same_bytes),
	    cmocka_unit_test(a_batch_without_any_answer_is_given_up_after_its_last_send),
	    cmocka_unit_test(what_was_not_sent_after_all_is_due_again_and_no_send_is_counted),
	    cmocka_unit_test(batches_refused_for_now_wait_and_go_again_one_by_one_in_order),
	    cmocka_unit_test(a_permanent_refusal_settles_the_batch),
	    cmocka_unit_test(what_is_no_answer_is_passed_over),
	    cmocka_unit_test(an_answer_must_count_each_event_of_its_batch_once),
	    cmocka_unit_test(every_batch_is_settled_once_by_a_server_that_loses_and_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
