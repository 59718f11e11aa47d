/* test_corrections.c - worked examples: refunds, corrections, voids and their limits (KPI.md section 2). */
#include "tests/aggregator/people.h"

/* ---- refunds ---- */

static void
a_refund_may_come_before_or_after_its_sale(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON - HOUR, .cust = "ann", .amt = 100, .camp = "spring");
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "ann", .ref = "s", .amt = 30, .camp = "other");
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "bob", .ref = "s", .amt = 20, .camp = "other");
	assert_int_equal(camp(f, "refunded", "spring"), 30);
	assert_int_equal(camp(f, "refunded", "other"), 20); /* of an unknown sale: as it is worded */
	assert_int_equal(all(f, "unmatched"), 20);
	TELL(f, EVENT_SALE, "s", NOON - HOUR, .cust = "bob", .amt = 100, .camp = "spring");
	assert_int_equal(camp(f, "refunded", "spring"), 50);
	assert_int_equal(camp(f, "refunded", "other"), 0);
	assert_int_equal(camp(f, "refunded_as_sold", "spring"), 50);
	assert_int_equal(all(f, "unmatched"), 0);
	assert_int_equal(all(f, "refunds"), 2);
	assert_int_equal(all(f, "sales"), 2);                                        /* they stay counted */
	TELL(f, EVENT_REFUND, "r2", NOON, .cust = "bob", .amt = 5, .camp = "other"); /* it names none */
	assert_int_equal(camp(f, "unmatched", "other"), 5);
	people_free(f);
}

/* When its sale comes, a refund that is void, or not remembered, is as if it had never come. */
static void
a_sale_does_not_meet_refunds_that_are_gone(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "ann", .ref = "s", .amt = 100);
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "r");
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	assert_int_equal(all(f, "refunds"), 0);
	assert_int_equal(all(f, "new"), 1);
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "bob", .ref = "s", .amt = 100);
	TELL(f, EVENT_REFUND, "r", NOON + 1, .cust = "cid", .ref = "s", .amt = 100);
	creep_to(f, NOON + H + 1);
	TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "bob", .amt = 100);
	TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "cid", .amt = 100);
	assert_int_equal(today(f, "new"), 1); /* bob; cid's is fully refunded */
	assert_int_equal(today(f, "refunded_as_sold"), 100);
	people_free(f);
}

/*
 * Of 100 and 5 units: today's refund of 80 and 4 comes first and counts whole. Then yesterday's 50 and 3 comes,
 * which is before it: 50 and 3, and today's gets what is left: 50 and 2.
 */
static void
refunds_are_capped_in_the_order_of_their_time(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON - 2 * DAY, .cust = "ann", .amt = 100, .qty = 5);
	TELL(f, EVENT_REFUND, "r1", NOON, .cust = "ann", .ref = "s", .amt = 80, .qty = 4);
	assert_int_equal(today(f, "refunded"), 80);
	TELL(f, EVENT_REFUND, "r2", NOON - DAY, .cust = "ann", .ref = "s", .amt = 50, .qty = 3);
	assert_int_equal(yesterday(f, "refunded"), 50);
	assert_int_equal(yesterday(f, "returned"), 3);
	assert_int_equal(today(f, "refunded"), 50);
	assert_int_equal(today(f, "returned"), 2);
	assert_int_equal(all(f, "refunded_as_sold"), 100);
	TELL(f, EVENT_REFUND, "r3", NOON, .cust = "ann", .ref = "s", .amt = 1, .qty = 1);
	assert_int_equal(all(f, "refunded"), 100);
	assert_int_equal(all(f, "refunds"), 3); /* nothing was left, but it is one */
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "r2");
	assert_int_equal(all(f, "refunded"), 81); /* 80 + 1 */
	people_free(f);
}

/*
 * Of two in one ms the lower hash is first. Which of them was capped shows when the sale is forgotten (its caps stand)
 * and the first is taken back: of 100, 70 and 70 make 70 and 30.
 */
static void
of_refunds_in_one_ms_the_lower_hash_is_first(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct people *f = people_new();
		const char *first = lower_hash(f, "ann", "x", "y"), *last = higher_hash(f, "ann", "x", "y");
		TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
		be_at(f, NOON + 50 * DAY);
		TELL(f, EVENT_REFUND, turn ? first : last, f->now_ms, .cust = "ann", .ref = "s", .amt = 70);
		TELL(f, EVENT_REFUND, turn ? last : first, f->now_ms, .cust = "ann", .ref = "s", .amt = 70);
		be_at(f, NOON + 65 * DAY);
		TELL(f, EVENT_VOID, "v", f->now_ms, .cust = "ann", .ref = first);
		assert_int_equal(all(f, "refunded"), 30);
		people_free(f);
	}
}

static void
a_refund_is_booked_by_both_clocks(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON - DAY, .cust = "ann", .amt = 100);
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "ann", .ref = "s", .amt = 30);
	assert_int_equal(today(f, "refunded"), 30);
	assert_int_equal(yesterday(f, "refunded"), 0);
	assert_int_equal(today(f, "refunded_as_sold"), 0);
	assert_int_equal(yesterday(f, "refunded_as_sold"), 30);
	TELL(f, EVENT_CORRECT, "c", NOON - 3 * DAY, .cust = "ann", .ref = "s", .amt = 20); /* it goes with it */
	assert_int_equal(yesterday(f, "refunded_as_sold"), 0);
	assert_int_equal(all(f, "refunded_as_sold"), 20);
	assert_int_equal(today(f, "refunded"), 20);
	people_free(f);
}

static void
refunds_of_a_void_sale_are_unmatched_again(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON - DAY, .cust = "ann", .amt = 20, .camp = "spring");
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "ann", .ref = "s", .amt = 30, .camp = "other");
	assert_int_equal(camp(f, "refunded", "spring"), 20); /* capped */
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "s");
	assert_int_equal(all(f, "sales"), 0);
	assert_int_equal(camp(f, "refunded", "spring"), 0);
	assert_int_equal(camp(f, "unmatched", "other"), 30);
	assert_int_equal(today(f, "refunded_as_sold"), 30); /* at its own time, having no other */
	TELL(f, EVENT_CORRECT, "y", NOON - DAY, .cust = "ann", .ref = "s", .rev = 1, .amt = 25, .camp = "fall");
	assert_int_equal(camp(f, "refunded", "fall"), 25);
	assert_int_equal(all(f, "unmatched"), 0);
	assert_int_equal(yesterday(f, "refunded_as_sold"), 25);
	people_free(f);
}

/*
 * Yesterday a cent was half a sen, today it is three; half-even. 7 cents sold yesterday are 3.5 = 4, refunded today 21;
 * at their sale's rate 4 again: net zero. Of another 7 cents, 5 refunded are 2.5 = 2 and 1 is 0.5 = 0.
 */
static void
a_refund_in_another_currency_is_worth_what_its_sale_was(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "ann", .ref = "s", .amt = 21, .given = 7, .cur = "USD");
	assert_int_equal(all(f, "unmatched"), 21);
	TELL(f, EVENT_SALE, "s", NOON - DAY, .cust = "ann", .amt = 4, .given = 7, .cur = "USD");
	assert_int_equal(all(f, "amount") - all(f, "refunded"), 0);
	assert_int_equal(all(f, "refunded"), 4);
	assert_int_equal(all(f, "new"), 0); /* fully refunded, it is */
	TELL(f, EVENT_SALE, "s", NOON - DAY, .cust = "bob", .amt = 4, .given = 7, .cur = "USD");
	TELL(f, EVENT_REFUND, "r1", NOON, .cust = "bob", .ref = "s", .amt = 15, .given = 5, .cur = "USD");
	TELL(f, EVENT_REFUND, "r2", NOON, .cust = "bob", .ref = "s", .amt = 3, .given = 1, .cur = "USD");
	assert_int_equal(all(f, "refunded"), 4 + 2 + 0);
	/* The sale is corrected to have been today: 15 + 3 of 21. */
	TELL(f, EVENT_CORRECT, "c", NOON, .cust = "bob", .ref = "s", .rev = 1, .amt = 21, .given = 7, .cur = "USD");
	assert_int_equal(all(f, "refunded"), 4 + 15 + 3);
	/* A currency without a rate that day keeps the amount that accept gave it. */
	TELL(f, EVENT_SALE, "t", NOON, .cust = "bob", .amt = 50);
	TELL(f, EVENT_REFUND, "q", NOON, .cust = "bob", .ref = "t", .amt = 9, .given = 2, .cur = "EUR");
	assert_int_equal(all(f, "refunded"), 22 + 9);
	people_free(f);
}

/* Of 100, 70 and 70 are 70 and 30. When the sale is forgotten that stands, also when the first is taken back. */
static void
caps_of_a_forgotten_sale_stay(void **state)
{
	(void)state;
	for (int dropped = 0; dropped < 2; dropped++) { /* not remembered; and not in memory any more */
		struct people *f = people_new();
		TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100, .camp = "spring");
		be_at(f, NOON + 40 * DAY);
		TELL(f, EVENT_REFUND, "r1", f->now_ms, .cust = "ann", .ref = "s", .amt = 70);
		be_at(f, NOON + 50 * DAY);
		TELL(f, EVENT_REFUND, "r2", f->now_ms, .cust = "ann", .ref = "s", .amt = 70);
		assert_int_equal(camp(f, "refunded", "spring"), 100);
		creep_to(f, NOON + H + 1);
		if (dropped)
			be_at(f, NOON + H + DAY);
		TELL(f, EVENT_VOID, "x", f->now_ms, .cust = "ann", .ref = "r1");
		assert_int_equal(camp(f, "refunded", "spring"), 30);
		TELL(f, EVENT_REFUND, "r3", f->now_ms, .cust = "ann", .ref = "s", .amt = 5); /* it finds no sale */
		assert_int_equal(all(f, "unmatched"), 5);
		TELL(f, EVENT_CORRECT, "c", f->now_ms, .cust = "ann", .ref = "r2", .amt = 60); /* nor does this */
		assert_int_equal(all(f, "unmatched"), 65);
		assert_int_equal(camp(f, "refunded", "spring"), 0);
		people_free(f);
	}
}

/* The id of a forgotten sale may be taken again: by another, to which refunds of the first are nothing. */
static void
refunds_stay_with_a_forgotten_sale_when_its_id_is_taken_again(void **state)
{
	(void)state;
	for (int dropped = 0; dropped < 2; dropped++) {
		struct people *f = people_new();
		TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100, .camp = "first");
		be_at(f, NOON + 40 * DAY);
		TELL(f, EVENT_REFUND, "r", f->now_ms, .cust = "ann", .ref = "s", .amt = 70);
		creep_to(f, NOON + H + 1);
		if (dropped)
			be_at(f, NOON + H + DAY);
		TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "ann", .amt = 50, .camp = "second");
		assert_int_equal(camp(f, "refunded", "first"), 70);
		assert_int_equal(camp(f, "refunded", "second"), 0);
		people_free(f);
	}
}

/* ---- corrections ---- */

static void
a_correction_moves_a_sale_to_another_day_and_campaign(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON - DAY, .cust = "ann", .amt = 100, .camp = "a", .team = "north");
	TELL(f, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "s", .rev = 1, .amt = 70, .camp = "b");
	assert_int_equal(today(f, "amount"), 70);
	assert_int_equal(yesterday(f, "amount"), 0);
	assert_int_equal(yesterday(f, "buyers"), 0);
	assert_int_equal(today(f, "buyers"), 1);
	assert_int_equal(camp(f, "sales", "a"), 0);
	assert_int_equal(camp(f, "sales", "b"), 1);
	assert_int_equal(of(f, "sales", "team", "north"), 0); /* it replaces all */
	TELL(f, EVENT_SPEND, "p", NOON, .amt = 50, .camp = "b");
	TELL(f, EVENT_CORRECT, "d", NOON - DAY, .ref = "p", .rev = 1, .amt = -20, .camp = "b"); /* it may be */
	assert_int_equal(yesterday(f, "spend"), -20);
	assert_int_equal(today(f, "spend"), 0);
	people_free(f);
}

enum { SALES_EACH = 12 };

/* Some buy in both minutes. */
static void
buyer_of(char who[16], int i)
{
	snprintf(who, 16, "p%d", i % 2 ? i % SALES_EACH : i);
}

/* Of two minutes; their day is merged at a midnight, and then so much is done of what is due. */
static struct people *
sales_of_a_day_that_is_being_merged(uint64_t budget)
{
	struct people *f = people_new();
	for (int i = 0; i < 2 * SALES_EACH; i++) {
		char id[16], who[16];
		snprintf(id, sizeof(id), "s%d", i);
		buyer_of(who, i);
		TELL(f, EVENT_SALE, id, NOON + i / SALES_EACH * MINUTE, .cust = who, .camp = who, .amt = 1);
		f->now_ms += 10000;
	}
	creep_to(f, NOON + 4 * DAY + 12 * HOUR + MINUTE);
	kernel_drain(f->kernel, budget);
	return f;
}

static void
a_sale_can_be_void_while_its_pane_is_merged(void **state)
{
	(void)state;
	uint64_t budget = 0;
	for (bool done = false; !done; budget++) {
		struct people *f = sales_of_a_day_that_is_being_merged(budget);
		done = !kernel_due(f->kernel);
		for (int i = SALES_EACH; i < 2 * SALES_EACH; i++) {
			char id[16], ref[16], who[16];
			snprintf(id, sizeof(id), "v%d", i);
			snprintf(ref, sizeof(ref), "s%d", i);
			buyer_of(who, i);
			TELL(f, EVENT_VOID, id, f->now_ms, .cust = who, .ref = ref, .rev = 1);
		}
		assert_int_equal(all(f, "sales"), SALES_EACH);
		assert_int_equal(all(f, "buyers"), SALES_EACH);
		be_at(f, NOON + 70 * DAY);
		assert_int_equal(counters(f).activities, 0);
		people_free(f);
	}
	assert_true(budget > SALES_EACH); /* it stopped between any two of them */
}

static void
the_highest_rev_wins_however_they_come(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	TELL(f, EVENT_CORRECT, "c5", NOON, .cust = "ann", .ref = "s", .rev = 5, .amt = 50);
	TELL(f, EVENT_CORRECT, "c3", NOON, .cust = "ann", .ref = "s", .rev = 3, .amt = 30);
	TELL(f, EVENT_VOID, "x4", NOON, .cust = "ann", .ref = "s", .rev = 4);
	assert_int_equal(all(f, "amount"), 50);
	REFUSED(f, VERDICT_ID_CONFLICT, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "s", .rev = 5, .amt = 51);
	assert_string_equal(f->said, "another correction of that event has the same rev");
	REFUSED(f, VERDICT_ID_CONFLICT, EVENT_CORRECT, "d", NOON, .cust = "ann", .ref = "s", .rev = 3, .amt = 31);
	REFUSED(f, VERDICT_DUPLICATE, EVENT_CORRECT, "e", NOON, .cust = "ann", .ref = "s", .rev = 5, .amt = 50);
	TELL(f, EVENT_VOID, "x5", NOON, .cust = "ann", .ref = "s", .rev = 5); /* of one rev the void is above */
	assert_int_equal(all(f, "sales"), 0);
	TELL(f, EVENT_CORRECT, "c6", NOON, .cust = "ann", .ref = "s", .rev = 6, .amt = 60);
	assert_int_equal(all(f, "amount"), 60);
	/* The void first. */
	TELL(f, EVENT_SALE, "s", NOON, .cust = "bob", .amt = 1);
	TELL(f, EVENT_VOID, "x", NOON, .cust = "bob", .ref = "s", .rev = 1);
	TELL(f, EVENT_CORRECT, "c", NOON, .cust = "bob", .ref = "s", .rev = 1, .amt = 2);
	assert_int_equal(all(f, "amount"), 60);
	/* Whatever its rev, a correction is above the event. */
	TELL(f, EVENT_SALE, "t", NOON, .cust = "bob", .amt = 1);
	TELL(f, EVENT_CORRECT, "d", NOON, .cust = "bob", .ref = "t", .rev = -7, .amt = 4);
	assert_int_equal(all(f, "amount"), 64);
	people_free(f);
}

static void
a_correction_before_its_event_waits_for_it(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_CORRECT, "c2", NOON, .cust = "ann", .ref = "s", .rev = 2, .amt = 70, .camp = "b");
	TELL(f, EVENT_CORRECT, "c1", NOON, .cust = "ann", .ref = "s", .rev = 1, .amt = 60, .camp = "c");
	TELL(f, EVENT_VOID, "x", NOON, .cust = "bob", .ref = "s");
	assert_int_equal(counters(f).parked, 3);
	assert_int_equal(all(f, "sales"), 0);
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100, .camp = "a");
	TELL(f, EVENT_SALE, "s", NOON, .cust = "bob", .amt = 100, .camp = "a");
	assert_int_equal(camp(f, "amount", "b"), 70);
	assert_int_equal(all(f, "sales"), 1);
	assert_int_equal(counters(f).parked, 0);
	assert_int_equal(counters(f).parked_expired, 0);
	TELL(f, EVENT_CORRECT, "c3", NOON, .cust = "bob", .ref = "s", .rev = 1, .amt = 5, .camp = "d");
	assert_int_equal(camp(f, "amount", "d"), 5);
	people_free(f);
}

/* Parked for up to 63 days, by log time of arrival; also as long as the memory is not yet given back. */
static void
a_correction_that_has_waited_too_long_does_nothing(void **state)
{
	(void)state;
	for (int dropped = 0; dropped < 2; dropped++) {
		struct people *f = people_new();
		TELL(f, EVENT_CORRECT, "c", NOON - 5 * DAY, .cust = "ann", .ref = "s", .rev = 1, .amt = 70);
		TELL(f, EVENT_CORRECT, "c", NOON - 5 * DAY, .cust = "bob", .ref = "s", .rev = 1, .amt = 7);
		creep_to(f, NOON + H);
		TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "bob", .amt = 1);
		assert_int_equal(counters(f).parked, 1);
		be_at(f, NOON + H + 1);
		if (dropped)
			be_at(f, NOON + H + DAY);
		assert_int_equal(counters(f).parked, !dropped);
		TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "ann", .amt = 100);
		/* Bob's sale is now of 68 days ago, where it counts in nothing. */
		assert_int_equal(all(f, "amount"), 100);
		assert_int_equal(counters(f).parked, 0);
		assert_int_equal(counters(f).parked_expired, 1);
		people_free(f);
	}
}

static void
sixteen_corrections_may_wait_for_one_event(void **state)
{
	(void)state;
	struct people *f = people_new();
	char id[16];
	for (int i = 1; i <= FACT_PARKED_MAX; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		TELL(f, EVENT_CORRECT, id, NOON, .cust = "ann", .ref = "s", .rev = i, .amt = i);
	}
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_CORRECT, "c17", NOON, .cust = "ann", .ref = "s", .rev = 17, .amt = 17);
	assert_string_equal(f->said, "16 corrections wait for the event that ref names; one more is not taken");
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "s", .rev = 17);
	/* For another event one more may wait; and the id was not taken. */
	TELL(f, EVENT_CORRECT, "c17", NOON, .cust = "ann", .ref = "t", .rev = 17, .amt = 17);
	assert_int_equal(counters(f).parked, 17);
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	assert_int_equal(all(f, "amount"), 16);
	assert_int_equal(counters(f).parked, 1);
	TELL(f, EVENT_CORRECT, "c18", NOON, .cust = "ann", .ref = "s", .rev = 18, .amt = 18); /* none waits any more */
	assert_int_equal(all(f, "amount"), 18);
	people_free(f);
}

/* Those that may not wait any longer make room, also while they are still in memory. */
static void
corrections_that_waited_too_long_make_room_for_others(void **state)
{
	(void)state;
	struct people *f = people_new();
	char id[16];
	for (int i = 1; i <= FACT_PARKED_MAX; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		TELL(f, EVENT_CORRECT, id, NOON, .cust = "ann", .ref = "s", .rev = i, .amt = i);
	}
	creep_to(f, NOON + H + 1);
	TELL(f, EVENT_CORRECT, "d1", f->now_ms, .cust = "ann", .ref = "s", .rev = 17, .amt = 40);
	TELL(f, EVENT_CORRECT, "d2", f->now_ms, .cust = "ann", .ref = "s", .rev = 18, .amt = 50);
	TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "ann", .amt = 100);
	assert_int_equal(all(f, "amount"), 50);
	assert_int_equal(counters(f).parked_expired, 16);
	people_free(f);
}

static void
a_waiting_correction_that_does_not_fit_is_passed_over(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_CORRECT, "c5", NOON, .cust = "ann", .ref = "s", .rev = 5, .no_amt = true, .camp = "no");
	TELL(f, EVENT_CORRECT, "c3", NOON, .cust = "ann", .ref = "s", .rev = 3, .amt = 30, .camp = "yes");
	TELL(f, EVENT_CORRECT, "c4", NOON, .cust = "ann", .ref = "s", .rev = 4, .amt = -1, .camp = "no");
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	assert_int_equal(camp(f, "amount", "yes"), 30);
	assert_int_equal(camp(f, "sales", "no"), 0);
	assert_int_equal(counters(f).parked_unfit, 2);
	assert_int_equal(counters(f).parked, 0);
	TELL(f, EVENT_CORRECT, "d", NOON, .cust = "ann", .ref = "p", .rev = 1, .amt = -1); /* a spend it would fit */
	TELL(f, EVENT_SPEND, "p", NOON, .cust = "ann", .amt = 9);
	assert_int_equal(all(f, "spend"), -1);
	TELL(f, EVENT_CORRECT, "e", NOON, .cust = "ann", .ref = "l", .rev = 1); /* no lead */
	TELL(f, EVENT_LEAD, "l", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_MQL);
	assert_int_equal(all(f, "mql"), 1);
	assert_int_equal(counters(f).parked_unfit, 3);
	/* Its revision stays taken. */
	REFUSED(f, VERDICT_ID_CONFLICT, EVENT_CORRECT, "f", NOON, .cust = "ann", .ref = "s", .rev = 5, .amt = 55);
	people_free(f);
}

/*
 * The revision of a correction is remembered by its own time: this one's, of 62 days ago, two days on. So two of rev 1
 * wait for each event; the one that came first is in force, and by it the event is too old to count.
 */
static void
of_two_of_one_rev_that_wait_the_first_is_in_force(void **state)
{
	(void)state;
	struct people *f = people_new();
	char id[16], sale[16];
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "a%d", i), snprintf(sale, sizeof(sale), "s%d", i);
		TELL(f, EVENT_CORRECT, id, NOON - 62 * DAY, .cust = "ann", .ref = sale, .rev = 1, .amt = 1);
	}
	be_at(f, NOON + 2 * DAY);
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "b%d", i), snprintf(sale, sizeof(sale), "s%d", i);
		TELL(f, EVENT_CORRECT, id, f->now_ms, .cust = "ann", .ref = sale, .rev = 1, .amt = 2);
		TELL(f, EVENT_SALE, sale, f->now_ms, .cust = "ann", .amt = 100);
	}
	assert_int_equal(all(f, "sales"), 0);
	people_free(f);
}

static void
what_cannot_be_corrected_is_refused_with_a_reason(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_VISIT, "v", NOON, .cust = "ann", .camp = "a");
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "ann", .amt = 5);
	TELL(f, EVENT_LEAD, "l", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_MQL);
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "v", .rev = 1);
	assert_string_equal(f->said,
	                    "ref names an event that cannot be corrected: only lead, sale, refund and spend can");
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_VOID, "c", NOON, .cust = "ann", .ref = "v");
	REFUSED(f, VERDICT_BAD_AMOUNT, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "s", .rev = 1, .amt = -1);
	assert_string_equal(f->said, "amt is negative; only a spend may be");
	REFUSED(f, VERDICT_BAD_AMOUNT, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "r", .rev = 1, .amt = -1);
	REFUSED(f, VERDICT_MISSING_FIELD, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "s", .rev = 1,
	        .no_amt = true);
	assert_string_equal(f->said, "amt is missing; the event that ref names needs it");
	REFUSED(f, VERDICT_MISSING_FIELD, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "l", .rev = 1);
	assert_string_equal(f->said, "lead is missing; the event that ref names needs it");
	assert_int_equal(all(f, "amount"), 100);
	/* What is refused takes neither id nor revision. */
	TELL(f, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "s", .rev = 1, .amt = 90);
	assert_int_equal(all(f, "amount"), 90);
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "c"); /* nor can it */
	people_free(f);
}

/* ---- limits ---- */

static void
tell_lead_events_to_the_limit(struct people *f, int64_t ts_ms)
{
	char id[16];
	for (int i = 0; i < LEAD_EVENTS_MAX; i++) {
		snprintf(id, sizeof(id), "e%d", i);
		TELL(f, EVENT_LEAD, id, ts_ms, .cust = "ann", .lead = "deal", .stage = STAGE_MQL);
	}
}

static void
a_lead_has_4096_events(void **state)
{
	(void)state;
	struct people *f = people_new();
	tell_lead_events_to_the_limit(f, NOON);
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_LEAD, "more", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_MQL);
	assert_string_equal(f->said, "the lead has 4,096 events; one more is not taken");
	TELL(f, EVENT_LEAD, "more", NOON, .cust = "ann", .lead = "deal 2", .stage = STAGE_MQL); /* nor was the id */
	assert_int_equal(all(f, "mql"), 2);
	assert_int_equal(all(f, "lead_events"), LEAD_EVENTS_MAX + 1);
	people_free(f);
}

static void
tell_refunds_to_the_limit(struct people *f, int64_t ts_ms)
{
	char id[16];
	for (int i = 0; i < FACT_REFUNDS_MAX; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		TELL(f, EVENT_REFUND, id, ts_ms, .cust = "ann", .ref = "s", .amt = 1);
	}
}

static void
a_sale_has_1024_refunds(void **state)
{
	(void)state;
	struct people *f = people_new();
	tell_refunds_to_the_limit(f, NOON); /* of a sale that is not known yet */
	REFUSED(f, VERDICT_BAD_FIELD, EVENT_REFUND, "more", NOON, .cust = "ann", .ref = "s", .amt = 1);
	assert_string_equal(f->said, "the sale has 1,024 refunds; one more is not taken");
	TELL(f, EVENT_REFUND, "more", NOON, .cust = "ann", .ref = "t", .amt = 1);
	assert_int_equal(all(f, "unmatched"), FACT_REFUNDS_MAX + 1);
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 1000);
	assert_int_equal(all(f, "unmatched"), 1);
	assert_int_equal(all(f, "refunded"), 1001);
	people_free(f);
}

/*
 * After midnight they are forgotten; whether their memory was given back before the next one comes is a matter of how
 * the drains were cut, and the verdict must not be.
 */
static void
the_limit_of_refunds_is_a_function_of_the_log(void **state)
{
	(void)state;
	enum verdict verdict[2];
	for (int drained = 0; drained < 2; drained++) {
		struct people *f = people_new();
		be_at(f, NOON + DAY / 2 - 10 * MINUTE);
		tell_refunds_to_the_limit(f, f->now_ms);
		creep_to(f, NOON + H + DAY / 2 - MINUTE);
		be_at(f, NOON + H + DAY / 2 + MINUTE);
		kernel_drain(f->kernel, drained ? UINT64_MAX : 1);
		verdict[drained] = SAY(f, EVENT_REFUND, "more", f->now_ms, .cust = "ann", .ref = "s", .amt = 1);
		people_free(f);
	}
	assert_int_equal(verdict[0], verdict[1]);
}

/* A lead's events are kept twice as long, and what may still lie ahead. */
static void
the_limit_of_a_leads_events_is_a_function_of_the_log(void **state)
{
	(void)state;
	enum verdict verdict[2];
	for (int drained = 0; drained < 2; drained++) {
		struct people *f = people_new();
		be_at(f, NOON + DAY / 2 - 10 * MINUTE);
		tell_lead_events_to_the_limit(f, f->now_ms);
		creep_to(f, NOON + 2 * H + DAY / 2 - MINUTE);
		be_at(f, NOON + 2 * H + DAY / 2 + MINUTE);
		kernel_drain(f->kernel, drained ? UINT64_MAX : 1);
		verdict[drained] =
		    SAY(f, EVENT_LEAD, "more", f->now_ms, .cust = "ann", .lead = "deal", .stage = STAGE_MQL);
		people_free(f);
	}
	assert_int_equal(verdict[0], verdict[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refund_may_come_before_or_after_its_sale),
	    cmocka_unit_test(a_sale_does_not_meet_refunds_that_are_gone),
	    cmocka_unit_test(refunds_are_capped_in_the_order_of_their_time),
	    cmocka_unit_test(of_refunds_in_one_ms_the_lower_hash_is_first),
	    cmocka_unit_test(a_refund_is_booked_by_both_clocks),
	    cmocka_unit_test(refunds_of_a_void_sale_are_unmatched_again),
	    cmocka_unit_test(a_refund_in_another_currency_is_worth_what_its_sale_was),
	    cmocka_unit_test(caps_of_a_forgotten_sale_stay),
	    cmocka_unit_test(refunds_stay_with_a_forgotten_sale_when_its_id_is_taken_again),
	    cmocka_unit_test(a_correction_moves_a_sale_to_another_day_and_campaign),
	    cmocka_unit_test(a_sale_can_be_void_while_its_pane_is_merged),
	    cmocka_unit_test(the_highest_rev_wins_however_they_come),
	    cmocka_unit_test(a_correction_before_its_event_waits_for_it),
	    cmocka_unit_test(a_correction_that_has_waited_too_long_does_nothing),
	    cmocka_unit_test(sixteen_corrections_may_wait_for_one_event),
	    cmocka_unit_test(corrections_that_waited_too_long_make_room_for_others),
	    cmocka_unit_test(a_waiting_correction_that_does_not_fit_is_passed_over),
	    cmocka_unit_test(of_two_of_one_rev_that_wait_the_first_is_in_force),
	    cmocka_unit_test(what_cannot_be_corrected_is_refused_with_a_reason),
	    cmocka_unit_test(a_lead_has_4096_events),
	    cmocka_unit_test(a_sale_has_1024_refunds),
	    cmocka_unit_test(the_limit_of_refunds_is_a_function_of_the_log),
	    cmocka_unit_test(the_limit_of_a_leads_events_is_a_function_of_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
