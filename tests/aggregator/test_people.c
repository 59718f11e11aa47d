/* test_people.c - worked examples: attribution, teams, leads and new customers (KPI.md sections 2, 3 and 6). */
#include "tests/aggregator/people.h"
#include "aggregator/state.h" /* to spoil a total */

/* ---- attribution ---- */

static void
a_touch_that_comes_late_gives_an_older_sale_its_campaign(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON - HOUR, .cust = "ann", .amt = 100);
	TELL(f, EVENT_SALE, "s", NOON - HOUR, .cust = "bob", .amt = 7);
	assert_int_equal(camp(f, "amount", "~none"), 107);
	assert_int_equal(of(f, "amount", "channel", "Direct"), 107);
	TELL(f, EVENT_VISIT, "v1", NOON - 3 * HOUR, .cust = "ann", .camp = "old", .chan = "Email");
	assert_int_equal(camp(f, "amount", "old"), 100);
	assert_int_equal(of(f, "amount", "channel", "Email"), 100);
	TELL(f, EVENT_VISIT, "v2", NOON - 2 * HOUR, .cust = "ann", .camp = "spring");
	TELL(f, EVENT_VISIT, "v3", NOON - 150 * MINUTE, .cust = "ann", .camp = "between"); /* not the last one */
	assert_int_equal(camp(f, "amount", "old"), 0);
	assert_int_equal(camp(f, "amount", "between"), 0);
	assert_int_equal(camp(f, "amount", "spring"), 100);
	assert_int_equal(of(f, "amount", "channel", "Email"), 0); /* all comes from one touch */
	assert_int_equal(of(f, "amount", "channel", "~none"), 100);
	assert_int_equal(of(f, "amount", "channel", "Direct"), 7); /* bob had none */
	assert_int_equal(all(f, "amount"), 107);
	assert_int_equal(all(f, "sales"), 2);
	people_free(f);
}

static void
of_two_touches_in_one_ms_that_of_the_higher_hash_is_the_last(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct people *f = people_new();
		const char *first = lower_hash(f, "ann", "x", "y"), *last = higher_hash(f, "ann", "x", "y");
		const char *const order[] = {turn ? first : last, turn ? last : first};
		TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
		for (int i = 0; i < 2; i++)
			TELL(f, EVENT_VISIT, order[i], NOON - HOUR, .cust = "ann", .camp = order[i]);
		assert_int_equal(camp(f, "amount", last), 100);
		assert_int_equal(camp(f, "amount", first), 0);
		people_free(f);
	}
}

/* A touch counts in (ts - 30 days, ts]. */
static void
the_look_back_ends_to_the_ms(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	TELL(f, EVENT_VISIT, "v1", NOON - 30 * DAY, .cust = "ann", .camp = "early");
	assert_int_equal(camp(f, "amount", "early"), 0);
	TELL(f, EVENT_SALE, "s2", NOON - 1, .cust = "ann", .amt = 7); /* for this one it is in time */
	assert_int_equal(camp(f, "amount", "early"), 7);
	TELL(f, EVENT_VISIT, "v2", NOON - 30 * DAY + 1, .cust = "ann", .camp = "late");
	assert_int_equal(camp(f, "amount", "late"), 107); /* for both, and later than the other */
	assert_int_equal(camp(f, "amount", "early"), 0);
	/* The other way round: touch first. */
	TELL(f, EVENT_VISIT, "v", NOON - 30 * DAY, .cust = "bob", .camp = "bobs");
	TELL(f, EVENT_SALE, "s", NOON, .cust = "bob", .amt = 1);
	assert_int_equal(camp(f, "amount", "bobs"), 0);
	TELL(f, EVENT_SALE, "s2", NOON - 1, .cust = "bob", .amt = 2);
	assert_int_equal(camp(f, "amount", "bobs"), 2);
	people_free(f);
}

static void
a_touch_newer_than_the_sale_never_counts(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_VISIT, "v1", NOON - HOUR + 1, .cust = "ann", .camp = "newer");
	TELL(f, EVENT_SALE, "s", NOON - HOUR, .cust = "ann", .amt = 100);
	TELL(f, EVENT_VISIT, "v2", NOON - HOUR + 2, .cust = "ann", .camp = "newer");
	assert_int_equal(camp(f, "amount", "newer"), 0);
	TELL(f, EVENT_VISIT, "v3", NOON - HOUR, .cust = "ann", .camp = "same"); /* at the very ms it is not newer */
	assert_int_equal(camp(f, "amount", "same"), 100);
	people_free(f);
}

static void
a_direct_visit_is_no_touch(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_VISIT, "v1", NOON - 2 * HOUR, .cust = "ann", .camp = "spring", .chan = "Email");
	TELL(f, EVENT_VISIT, "v2", NOON - HOUR, .cust = "ann", .camp = "none", .chan = "Direct");
	TELL(f, EVENT_VISIT, "v3", NOON - HOUR, .cust = "ann"); /* says nothing */
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 100);
	assert_int_equal(camp(f, "amount", "spring"), 100);
	people_free(f);
}

static void
dimensions_on_the_sale_itself_win(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_VISIT, "v", NOON - HOUR, .cust = "ann", .camp = "spring", .chan = "Email");
	TELL(f, EVENT_SALE, "s1", NOON, .cust = "ann", .amt = 100, .camp = "own");
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .amt = 10, .chan = "Display"); /* inherits nothing at all */
	assert_int_equal(camp(f, "amount", "own"), 100);
	assert_int_equal(camp(f, "amount", "spring"), 0);
	assert_int_equal(camp(f, "amount", "~none"), 10);
	assert_int_equal(of(f, "amount", "channel", "~none"), 100);
	assert_int_equal(of(f, "amount", "channel", "Display"), 10);
	people_free(f);
}

static void
the_touch_of_its_own_lead_comes_before_the_persons(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "l1", NOON - 31 * DAY, .cust = "ann", .lead = "old", .camp = "far");
	TELL(f, EVENT_LEAD, "l2", NOON - 3 * HOUR, .cust = "ann", .lead = "deal", .camp = "fair");
	TELL(f, EVENT_VISIT, "v", NOON - 2 * HOUR, .cust = "ann", .camp = "spring");
	TELL(f, EVENT_SALE, "s1", NOON, .cust = "ann", .lead = "deal", .amt = 1);
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .amt = 2);                  /* of no lead */
	TELL(f, EVENT_SALE, "s3", NOON, .cust = "ann", .lead = "other", .amt = 4); /* of one that never touched */
	TELL(f, EVENT_SALE, "s4", NOON, .cust = "ann", .lead = "old", .amt = 8);   /* of one whose touch is too old */
	TELL(f, EVENT_SALE, "s5", NOON, .cust = "bob", .lead = "deal", .amt = 16); /* bob's deal is another */
	assert_int_equal(camp(f, "amount", "fair"), 1);
	assert_int_equal(camp(f, "amount", "spring"), 14);
	assert_int_equal(camp(f, "amount", "~none"), 16);
	TELL(f, EVENT_LEAD, "l3", NOON - HOUR, .cust = "ann", .lead = "x", .camp = "fresh"); /* a person's, too */
	assert_int_equal(camp(f, "amount", "fresh"), 14);
	assert_int_equal(camp(f, "amount", "fair"), 1);
	people_free(f);
}

static void
a_void_lead_event_touches_nobody(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "l", NOON - 2 * HOUR, .cust = "ann", .lead = "deal", .camp = "fair", .team = "north");
	TELL(f, EVENT_SALE, "s1", NOON, .cust = "ann", .lead = "deal", .amt = 1);
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .amt = 2);
	assert_int_equal(camp(f, "amount", "fair"), 3);
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "l");
	assert_int_equal(camp(f, "amount", "fair"), 0);
	assert_int_equal(of(f, "amount", "team", "north"), 0);
	TELL(f, EVENT_SALE, "s3", NOON, .cust = "ann", .lead = "deal", .amt = 4); /* nor speaks it now */
	assert_int_equal(of(f, "amount", "team", "~none"), 7);
	assert_int_equal(of(f, "amount", "channel", "Direct"), 7);
	TELL(f, EVENT_CORRECT, "y", NOON - HOUR, .cust = "ann", .ref = "l", .rev = 1, .lead = "deal", .camp = "again");
	assert_int_equal(camp(f, "amount", "again"), 7);
	people_free(f);
}

/* ---- team ---- */

static void
the_team_is_what_its_lead_last_said_before_the_sale(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s1", NOON - HOUR, .cust = "ann", .lead = "deal", .amt = 100, .camp = "own");
	assert_int_equal(of(f, "amount", "team", "~none"), 100);
	TELL(f, EVENT_LEAD, "l1", NOON - 40 * DAY, .cust = "ann", .lead = "deal", .camp = "far", .team = "north");
	assert_int_equal(of(f, "amount", "team", "north"), 100); /* the look-back is for touches */
	assert_int_equal(camp(f, "amount", "own"), 100);
	TELL(f, EVENT_LEAD, "l2", NOON - 2 * HOUR, .cust = "ann", .lead = "deal");
	TELL(f, EVENT_LEAD, "l3", NOON - HOUR + 1, .cust = "ann", .lead = "deal", .team = "later");
	TELL(f, EVENT_LEAD, "l4", NOON - 2 * HOUR, .cust = "ann", .lead = "another", .team = "another");
	TELL(f, EVENT_LEAD, "l5", NOON - 2 * HOUR, .cust = "bob", .lead = "deal", .team = "bobs");
	assert_int_equal(of(f, "amount", "team", "north"), 100);
	TELL(f, EVENT_LEAD, "l6", NOON - HOUR, .cust = "ann", .lead = "deal", .team = "west"); /* at the very ms */
	assert_int_equal(of(f, "amount", "team", "west"), 100);
	/* Team and person each by itself: the sale's own, else the last that was said. */
	TELL(f, EVENT_LEAD, "l7", NOON - 30 * MINUTE, .cust = "ann", .lead = "deal", .pers = "pat");
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .lead = "deal", .amt = 7, .team = "own");
	assert_int_equal(of(f, "amount", "team", "own"), 7);
	assert_int_equal(of(f, "amount", "person", "pat"), 7);
	TELL(f, EVENT_SALE, "s3", NOON - 10 * MINUTE, .cust = "ann", .lead = "deal", .amt = 1, .pers = "sam");
	assert_int_equal(of(f, "amount", "person", "sam"), 1);
	assert_int_equal(of(f, "amount", "team", "later"), 1);
	people_free(f);
}

/*
 * The lead's only event is 60 days old: remembered when the sale comes, so it is the sale's team. Ten days later
 * the lead is forgotten, and a correction of the sale, which decides anew, finds it gone.
 */
static void
a_correction_of_the_sale_asks_its_lead_anew(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "l", NOON - 60 * DAY, .cust = "ann", .lead = "deal", .team = "north");
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .lead = "deal", .amt = 100);
	be_at(f, NOON + 2 * DAY);
	TELL(f, EVENT_CORRECT, "c1", NOON, .cust = "ann", .ref = "s", .rev = 1, .lead = "deal", .amt = 90);
	assert_int_equal(of(f, "amount", "team", "north"), 90); /* it still was remembered */
	be_at(f, NOON + 10 * DAY);
	assert_int_equal(of(f, "amount", "team", "north"), 90); /* time alone changes nothing */
	TELL(f, EVENT_CORRECT, "c2", NOON, .cust = "ann", .ref = "s", .rev = 2, .lead = "deal", .amt = 80);
	assert_int_equal(of(f, "amount", "team", "north"), 0);
	assert_int_equal(of(f, "amount", "team", "~none"), 80);
	people_free(f);
}

/*
 * "l1" is 62 days old and keeps being remembered by "l2", which is of its lead. When l2 leaves it, l1 alone would have
 * been forgotten before the sale came; but it was not.
 */
static void
a_team_known_when_the_sale_came_stays_when_the_leads_last_event_leaves_it(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "l1", NOON - 62 * DAY, .cust = "ann", .lead = "deal", .team = "north");
	TELL(f, EVENT_LEAD, "l2", NOON, .cust = "ann", .lead = "deal");
	be_at(f, NOON + 10 * DAY);
	TELL(f, EVENT_SALE, "s1", f->now_ms, .cust = "ann", .lead = "deal", .amt = 100);
	assert_int_equal(of(f, "amount", "team", "north"), 100);
	be_at(f, NOON + 11 * DAY);
	TELL(f, EVENT_CORRECT, "c", NOON, .cust = "ann", .ref = "l2", .rev = 1, .lead = "other");
	assert_int_equal(of(f, "amount", "team", "north"), 100);
	be_at(f, NOON + 12 * DAY);
	TELL(f, EVENT_SALE, "s2", f->now_ms, .cust = "ann", .lead = "deal", .amt = 7); /* it came too late to hear it */
	assert_int_equal(of(f, "amount", "team", "north"), 100);
	assert_int_equal(of(f, "amount", "team", "~none"), 7);
	people_free(f);
}

/* ---- leads ---- */

static void
a_skipped_stage_is_entered_with_the_one_above(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "e1", NOON - DAY, .cust = "ann", .lead = "deal", .stage = STAGE_SQL, .camp = "a");
	assert_int_equal(camp(f, "leads", "a"), 1);
	assert_int_equal(camp(f, "mql", "a"), 1);
	assert_int_equal(camp(f, "sql", "a"), 1);
	assert_int_equal(camp(f, "customers", "a"), 0);
	TELL(f, EVENT_LEAD, "e2", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_CUSTOMER, .camp = "b");
	assert_int_equal(camp(f, "customers", "b"), 1);
	assert_int_equal(all(f, "sql"), 1); /* not entered twice */
	assert_int_equal(yesterday(f, "sql"), 1);
	people_free(f);
}

/* mql is implied by e1 and named by e2, an hour later: it counts with e2. lead nobody names: with e1. */
static void
a_stage_that_is_named_beats_one_implied_though_later(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "e1", NOON - 2 * HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_SQL, .camp = "a");
	TELL(f, EVENT_LEAD, "e2", NOON - HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_MQL, .camp = "b");
	TELL(f, EVENT_LEAD, "e3", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_MQL, .camp = "c");
	assert_int_equal(camp(f, "leads", "a"), 1);
	assert_int_equal(camp(f, "mql", "a"), 0);
	assert_int_equal(camp(f, "mql", "b"), 1);
	assert_int_equal(camp(f, "mql", "c"), 0); /* the first that names it */
	assert_int_equal(camp(f, "sql", "a"), 1);
	/* Late, but the oldest of all: it implies lead and is the first to name sql. */
	TELL(f, EVENT_LEAD, "e0", NOON - 3 * HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_SQL, .camp = "d");
	assert_int_equal(camp(f, "sql", "d"), 1);
	assert_int_equal(camp(f, "leads", "d"), 1);
	assert_int_equal(camp(f, "mql", "b"), 1);
	assert_int_equal(all(f, "sql"), 1);
	assert_int_equal(all(f, "leads"), 1);
	assert_int_equal(all(f, "lead_events"), 4);
	people_free(f);
}

static void
a_void_event_enters_no_stage(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "e1", NOON - HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_MQL, .camp = "a");
	TELL(f, EVENT_LEAD, "e2", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_MQL, .camp = "b");
	assert_int_equal(camp(f, "mql", "a"), 1);
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "e1");
	assert_int_equal(camp(f, "mql", "a"), 0);
	assert_int_equal(camp(f, "mql", "b"), 1);
	assert_int_equal(all(f, "leads"), 1);
	assert_int_equal(all(f, "lead_events"), 1);
	people_free(f);
}

static void
a_rejected_lead_is_in_no_stage_until_it_is_opened_again(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "e1", NOON - DAY, .cust = "ann", .lead = "deal", .stage = STAGE_MQL, .camp = "a");
	TELL(f, EVENT_LEAD, "e2", NOON - 3 * HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_SQL, .camp = "b");
	TELL(f, EVENT_LEAD, "e3", NOON - 2 * HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_REJECTED, .camp = "c");
	assert_int_equal(all(f, "leads") + all(f, "mql") + all(f, "sql") + all(f, "mql_to_sql"), 0);
	assert_int_equal(all(f, "lead_events"), 3); /* they count as events */
	TELL(f, EVENT_LEAD, "e4", NOON - HOUR, .cust = "ann", .lead = "deal", .stage = STAGE_LEAD, .camp = "d");
	assert_int_equal(camp(f, "mql", "a"), 1); /* as before, */
	assert_int_equal(camp(f, "sql", "b"), 1);
	assert_int_equal(camp(f, "mql_to_sql", "a"), 1);
	assert_int_equal(camp(f, "leads", "d"), 1); /* but e4 names the stage lead */
	assert_int_equal(camp(f, "leads", "a"), 0);
	/* One that comes later and is older is not the last word. */
	TELL(f, EVENT_LEAD, "e5", NOON - HOUR - 1, .cust = "ann", .lead = "deal", .stage = STAGE_REJECTED);
	assert_int_equal(all(f, "sql"), 1);
	people_free(f);
}

/* Two became MQL yesterday; one of them is SQL today: the cohort of yesterday's is 1 of 2, today's is empty. */
static void
a_cohort_counts_where_and_when_the_lead_entered_the_lower_stage(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "e1", NOON - 2 * DAY, .cust = "ann", .lead = "one", .stage = STAGE_LEAD, .camp = "a");
	TELL(f, EVENT_LEAD, "e2", NOON - DAY, .cust = "ann", .lead = "one", .stage = STAGE_MQL, .camp = "b");
	TELL(f, EVENT_LEAD, "e3", NOON - DAY, .cust = "ann", .lead = "two", .stage = STAGE_MQL, .camp = "b");
	assert_int_equal(all(f, "mql_to_sql"), 0);
	TELL(f, EVENT_LEAD, "e4", NOON, .cust = "ann", .lead = "one", .stage = STAGE_CUSTOMER, .camp = "c");
	assert_int_equal(yesterday(f, "mql"), 2);
	assert_int_equal(yesterday(f, "mql_to_sql"), 1);
	assert_int_equal(today(f, "mql_to_sql"), 0);
	assert_int_equal(camp(f, "mql_to_sql", "b"), 1);
	assert_int_equal(camp(f, "won", "a"), 1); /* by the entry to lead, two days ago */
	assert_int_equal(yesterday(f, "won"), 0);
	assert_int_equal(today(f, "customers"), 1);
	people_free(f);
}

/* A lead is forgotten with its last event: 63 days after it one of the same name is the same, a ms later a new one. */
static void
a_forgotten_lead_begins_anew(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_LEAD, "a1", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_LEAD);
	TELL(f, EVENT_LEAD, "b1", NOON, .cust = "bob", .lead = "deal", .stage = STAGE_LEAD);
	TELL(f, EVENT_LEAD, "b0", NOON - DAY, .cust = "bob", .lead = "deal", .stage = STAGE_REJECTED);
	be_at(f, NOON + H);
	TELL(f, EVENT_LEAD, "a2", NOON + H, .cust = "ann", .lead = "deal", .stage = STAGE_MQL);
	assert_int_equal(today(f, "mql"), 1);
	assert_int_equal(today(f, "leads"), 0); /* entered long ago */
	be_at(f, NOON + H + 1);
	TELL(f, EVENT_LEAD, "b2", NOON + H, .cust = "bob", .lead = "deal", .stage = STAGE_MQL);
	assert_int_equal(today(f, "mql"), 2);
	assert_int_equal(today(f, "leads"), 0); /* it is a new one, but was a lead before: no first entry */
	/* Corrected, it is of another lead, as that is now: implied by it, lead is entered there only once. */
	TELL(f, EVENT_LEAD, "b3", NOON + H, .cust = "bob", .lead = "fresh", .stage = STAGE_LEAD);
	TELL(f, EVENT_CORRECT, "c", NOON + H, .cust = "bob", .ref = "b2", .rev = 1, .lead = "fresh",
	     .stage = STAGE_MQL);
	assert_int_equal(today(f, "mql"), 2);
	assert_int_equal(today(f, "leads"), 1);
	be_at(f, NOON + 2 * H); /* all but the last word is older, and they are remembered with it */
	TELL(f, EVENT_LEAD, "a3", NOON + 2 * H, .cust = "ann", .lead = "deal", .stage = STAGE_SQL);
	assert_int_equal(today(f, "sql"), 1);
	assert_int_equal(today(f, "mql"), 0);
	people_free(f);
}

/* ---- new customers ---- */

static void
a_late_earlier_sale_is_the_first_one(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .amt = 1, .camp = "b");
	assert_int_equal(today(f, "new"), 1);
	TELL(f, EVENT_SALE, "s1", NOON - DAY, .cust = "ann", .amt = 1, .camp = "a");
	assert_int_equal(camp(f, "new", "a"), 1);
	assert_int_equal(camp(f, "new", "b"), 0);
	assert_int_equal(yesterday(f, "new"), 1);
	TELL(f, EVENT_SALE, "s3", NOON, .amt = 1, .camp = "c"); /* of nobody */
	assert_int_equal(all(f, "new"), 1);
	const char *first = lower_hash(f, "bob", "x", "y"), *last = higher_hash(f, "bob", "x", "y");
	TELL(f, EVENT_SALE, last, NOON, .cust = "bob", .amt = 1, .camp = "last");
	TELL(f, EVENT_SALE, first, NOON, .cust = "bob", .amt = 1, .camp = "first");
	assert_int_equal(camp(f, "new", "first"), 1);
	assert_int_equal(camp(f, "new", "last"), 0);
	people_free(f);
}

static void
a_customer_whose_first_sale_is_fully_refunded_is_new_nowhere(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s1", NOON - DAY, .cust = "ann", .amt = 100, .camp = "a");
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .amt = 100, .camp = "b");
	TELL(f, EVENT_REFUND, "r1", NOON, .cust = "ann", .ref = "s1", .amt = 99);
	assert_int_equal(camp(f, "new", "a"), 1);
	TELL(f, EVENT_REFUND, "r2", NOON, .cust = "ann", .ref = "s1", .amt = 50); /* 1 of it counts */
	assert_int_equal(all(f, "new"), 0); /* the second does not become the first */
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "r2");
	assert_int_equal(camp(f, "new", "a"), 1);
	TELL(f, EVENT_SALE, "s", NOON, .cust = "bob", .amt = 0, .camp = "gift"); /* of nothing, nothing is refunded */
	TELL(f, EVENT_REFUND, "r", NOON, .cust = "bob", .ref = "s", .amt = 5);
	assert_int_equal(camp(f, "new", "gift"), 1);
	people_free(f);
}

static void
a_void_makes_the_next_sale_the_first(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s1", NOON - DAY, .cust = "ann", .amt = 100, .camp = "a");
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .amt = 100, .camp = "b");
	TELL(f, EVENT_VOID, "x", NOON, .cust = "ann", .ref = "s1");
	assert_int_equal(camp(f, "new", "a"), 0);
	assert_int_equal(camp(f, "new", "b"), 1);
	TELL(f, EVENT_CORRECT, "c", NOON - 2 * DAY, .cust = "ann", .ref = "s1", .rev = 1, .amt = 100, .camp = "c");
	assert_int_equal(camp(f, "new", "b"), 0);
	assert_int_equal(camp(f, "new", "c"), 1);
	TELL(f, EVENT_CORRECT, "d", NOON + 1, .cust = "ann", .ref = "s1", .rev = 2, .amt = 100,
	     .camp = "c"); /* now second */
	assert_int_equal(camp(f, "new", "b"), 1);
	assert_int_equal(all(f, "new"), 1);
	people_free(f);
}

/* Ann bought at noon; 63 days and a ms later nothing can change that she did, and when. */
static void
a_first_sale_is_fixed_for_ever_after_63_days(void **state)
{
	(void)state;
	for (int dropped = 0; dropped < 2; dropped++) {
		struct people *f = people_new();
		TELL(f, EVENT_SALE, "s1", NOON, .cust = "ann", .amt = 100);
		TELL(f, EVENT_SALE, "s1", NOON, .cust = "bob", .amt = 100);
		creep_to(f, NOON + H);
		TELL(f, EVENT_SALE, "s2", NOON + DAY, .cust = "bob", .amt = 50, .camp = "b");
		TELL(f, EVENT_VOID, "x", f->now_ms, .cust = "bob", .ref = "s1");           /* just in time */
		assert_int_equal(part(f, "new", "campaign", "b", WINDOW_M, PART_PREV), 0); /* too old to count */
		be_at(f, NOON + H + 1);
		if (dropped)
			be_at(f, NOON + H + DAY);
		TELL(f, EVENT_SALE, "s2", f->now_ms - H, .cust = "ann", .amt = 100); /* as old as can be */
		TELL(f, EVENT_SALE, "s3", f->now_ms, .cust = "ann", .amt = 100);
		TELL(f, EVENT_SALE, "s3", f->now_ms, .cust = "bob", .amt = 100); /* his second, s1 being void */
		TELL(f, EVENT_VOID, "x", f->now_ms, .cust = "ann", .ref = "s1"); /* too late: it waits for another s1 */
		assert_int_equal(counters(f).parked, 1);
		assert_int_equal(all(f, "new"), 0);
		assert_int_equal(counters(f).firsts, dropped);
		TELL(f, EVENT_SALE, "s", f->now_ms, .cust = "cid", .amt = 100);
		assert_int_equal(all(f, "new"), 1);
		be_at(f, NOON + 3 * H);
		assert_int_equal(counters(f).firsts, 3);
		TELL(f, EVENT_SALE, "s4", f->now_ms, .cust = "ann", .amt = 100);
		assert_int_equal(all(f, "new"), 0);
		people_free(f);
	}
}

/* ---- memory ---- */

/* A bit of everything, some of it tangled; 200 days later only that ann and bob are customers is known. */
static void
all_memory_is_given_back_but_who_was_a_customer(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_VISIT, "v1", NOON - DAY, .cust = "ann", .camp = "a");
	TELL(f, EVENT_VISIT, "v2", NOON, .cust = "guest", .camp = "a");
	TELL(f, EVENT_LEAD, "l1", NOON - 50 * DAY, .cust = "ann", .lead = "deal", .stage = STAGE_MQL, .camp = "b");
	TELL(f, EVENT_LEAD, "l2", NOON, .cust = "ann", .lead = "deal", .stage = STAGE_REJECTED);
	TELL(f, EVENT_LEAD, "l3", NOON, .lead = "nobodys", .stage = STAGE_SQL, .chan = "Email");
	TELL(f, EVENT_SALE, "s1", NOON, .cust = "ann", .lead = "deal", .amt = 100);
	TELL(f, EVENT_SALE, "s2", NOON, .cust = "ann", .lead = "never", .amt = 100);
	TELL(f, EVENT_SALE, "s3", NOON - 60 * DAY, .cust = "bob", .amt = 100);
	TELL(f, EVENT_SALE, "s4", NOON, .amt = 100);
	TELL(f, EVENT_SALE, "s5", NOON, .cust = "void", .amt = 100);
	TELL(f, EVENT_REFUND, "r1", NOON, .cust = "bob", .ref = "s3", .amt = 10);
	TELL(f, EVENT_REFUND, "r2", NOON, .cust = "ann", .ref = "s1", .amt = 10);
	TELL(f, EVENT_REFUND, "r3", NOON, .cust = "ann", .ref = "unknown", .amt = 10);
	TELL(f, EVENT_REFUND, "r4", NOON, .cust = "ann", .ref = "s2", .amt = 10);
	TELL(f, EVENT_SPEND, "p", NOON, .amt = 10, .camp = "a");
	TELL(f, EVENT_CORRECT, "c1", NOON, .cust = "ann", .ref = "l2", .rev = 1, .lead = "moved", .camp = "c");
	TELL(f, EVENT_CORRECT, "c2", NOON - 62 * DAY, .cust = "ann", .ref = "s2", .rev = 1, .amt = 50);
	TELL(f, EVENT_VOID, "x1", NOON, .cust = "ann", .ref = "r4");
	TELL(f, EVENT_VOID, "x2", NOON, .cust = "void", .ref = "s5");
	TELL(f, EVENT_VOID, "x3", NOON, .cust = "ann", .ref = "not yet");
	assert_int_equal(counters(f).facts, 14);
	assert_int_equal(counters(f).leads, 3);
	assert_int_equal(counters(f).parked, 1);
	be_at(f, NOON + 30 * DAY);
	TELL(f, EVENT_REFUND, "r5", f->now_ms, .cust = "bob", .ref = "s3", .amt = 10); /* its sale is forgotten */
	be_at(f, NOON + 200 * DAY);
	assert_true(kernel_drain(f->kernel, UINT64_MAX));
	struct kernel_counters left = counters(f);
	assert_int_equal(left.facts, 0);
	assert_int_equal(left.leads, 0);
	assert_int_equal(left.parked, 0);
	assert_int_equal(left.parked_expired, 1);
	assert_int_equal(left.entities, 0);
	assert_int_equal(left.activities, 0);
	assert_int_equal(left.cells, 0);
	assert_int_equal(left.tuples, 0);
	assert_int_equal(left.series, 0);
	assert_int_equal(left.firsts, 5); /* ann and bob; three leads */
	people_free(f);
}

/* No measure here asks who came back: panes are merged early, and the far edges of touches must still stand on their starts. */
static void
weeks_pass_where_nobody_asks_who_came_back(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON, .cust = "ann", .amt = 1);
	for (int64_t at = NOON; at < NOON + 26 * DAY; at += 15 * MINUTE)
		be_at(f, at);
	assert_int_equal(all(f, "sales"), 1);
	people_free(f);
}

/* Whatever a customer is called: the name is nobody's lead. */
static void
a_customer_is_not_taken_for_a_lead(void **state)
{
	(void)state;
	struct people *f = people_new();
	TELL(f, EVENT_SALE, "s", NOON, .cust = "\x03" "annL", .amt = 1);
	be_at(f, NOON + 70 * DAY);
	be_at(f, NOON + 71 * DAY);
	assert_int_equal(counters(f).firsts, 1);
	TELL(f, EVENT_LEAD, "l", f->now_ms, .cust = "ann", .lead = "L", .stage = STAGE_LEAD);
	assert_int_equal(all(f, "leads"), 1);
	people_free(f);
}

/* Customers are counted by who was there: also that count is found when it is wrong, of few and of very many activities. */
static void
the_auditor_finds_a_wrong_count_of_customers(void **state)
{
	(void)state;
	struct people *f = people_new();
	char id[16];
	for (int i = 0; i < 600; i++) {
		snprintf(id, sizeof(id), "%d", i);
		TELL(f, EVENT_SALE, id, NOON - i * 10 * MINUTE, .cust = i % 2 ? "often" : id, .camp = "a", .amt = 1);
	}
	for (int steps = 0; steps < 400; steps++)
		kernel_audit_some(f->kernel, 50);
	assert_true(counters(f).audited > 0);
	assert_int_equal(counters(f).audit_mismatch, 0);
	struct slice key = slice_of("a");
	uint32_t spoiled = kernel_series_find(f->kernel, 1, &key), position = 0;
	const struct series *series = series_at(&f->kernel->series, spoiled);
	while (!take_is_touch(f->kpis.measure[series_measures(series)[position]].take))
		position++;
	uint64_t *count = &series_slot(series, slot_of(WINDOW_R7D, PART_CUR))[position];
	++*count;
	for (int steps = 0; steps < 400; steps++)
		kernel_audit_some(f->kernel, 50);
	assert_true(counters(f).audit_mismatch > 0);
	assert_int_equal(counters(f).mismatch_series, spoiled);
	--*count;
	people_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_touch_that_comes_late_gives_an_older_sale_its_campaign),
	    cmocka_unit_test(of_two_touches_in_one_ms_that_of_the_higher_hash_is_the_last),
	    cmocka_unit_test(the_look_back_ends_to_the_ms),
	    cmocka_unit_test(a_touch_newer_than_the_sale_never_counts),
	    cmocka_unit_test(a_direct_visit_is_no_touch),
	    cmocka_unit_test(dimensions_on_the_sale_itself_win),
	    cmocka_unit_test(the_touch_of_its_own_lead_comes_before_the_persons),
	    cmocka_unit_test(a_void_lead_event_touches_nobody),
	    cmocka_unit_test(the_team_is_what_its_lead_last_said_before_the_sale),
	    cmocka_unit_test(a_correction_of_the_sale_asks_its_lead_anew),
	    cmocka_unit_test(a_team_known_when_the_sale_came_stays_when_the_leads_last_event_leaves_it),
	    cmocka_unit_test(a_skipped_stage_is_entered_with_the_one_above),
	    cmocka_unit_test(a_stage_that_is_named_beats_one_implied_though_later),
	    cmocka_unit_test(a_void_event_enters_no_stage),
	    cmocka_unit_test(a_rejected_lead_is_in_no_stage_until_it_is_opened_again),
	    cmocka_unit_test(a_cohort_counts_where_and_when_the_lead_entered_the_lower_stage),
	    cmocka_unit_test(a_forgotten_lead_begins_anew),
	    cmocka_unit_test(a_late_earlier_sale_is_the_first_one),
	    cmocka_unit_test(a_customer_whose_first_sale_is_fully_refunded_is_new_nowhere),
	    cmocka_unit_test(a_void_makes_the_next_sale_the_first),
	    cmocka_unit_test(a_first_sale_is_fixed_for_ever_after_63_days),
	    cmocka_unit_test(all_memory_is_given_back_but_who_was_a_customer),
	    cmocka_unit_test(weeks_pass_where_nobody_asks_who_came_back),
	    cmocka_unit_test(a_customer_is_not_taken_for_a_lead),
	    cmocka_unit_test(the_auditor_finds_a_wrong_count_of_customers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
