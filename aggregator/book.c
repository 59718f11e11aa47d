/*
 * book.c - the primitive `add`, and bookings: a fact's numbers into cells, totals and activities, and back again.
 *
 * Whatever lies before all windows is left as it is: its cells count nowhere any more, and
 * may be gone.
 */
#include "aggregator/state.h"
#include <assert.h>

struct place
book_add(struct kernel *kernel, uint32_t id, int64_t ts_ms, const int64_t value[COLUMN_SOURCES])
{
	struct tuple *tuple = tuple_at(&kernel->tuples, id);
	int64_t sum[PANE_COLUMNS_MAX];
	bool made;
	if (!tuple->attached)
		tuple_attach(&kernel->tuples, &kernel->series, id);
	for (uint32_t c = 0; c < tuple->columns; c++)
		sum[c] = value[tuple->column[c]];
	struct place place = panes_add(kernel->panes, ts_ms, id, sum, tuple->columns, &made);
	tuple->cells += made;
	edges_add(kernel, id, place, ts_ms, sum);
	return place;
}

static bool
counts_nowhere(const struct kernel *kernel, int64_t ts_ms)
{
	return ts_ms < kernel->now_ms - kernel->reach_ms;
}

/* Whom it names and its tuple tells apart. */
static void
touch_fact(struct kernel *kernel, const struct fact *fact, uint32_t tuple, int64_t start_ms, bool back)
{
	const uint32_t who[ENTITY_KINDS] = {fact->cust, fact->order, fact->visit};
	uint8_t kinds = tuple_kinds(&kernel->tuples, tuple_at(&kernel->tuples, tuple)->classes);
	for (uint32_t rest = kinds; rest != 0; rest &= rest - 1) {
		uint32_t id = who[__builtin_ctz(rest)];
		if (id == ENTITY_NONE)
			continue;
		if (back)
			touch_back(kernel, id, tuple, start_ms);
		else
			touch_one(kernel, id, tuple, start_ms);
	}
}

/* Once (sign 1), or no longer (-1). */
static void
count_at(struct kernel *kernel, const struct fact *fact, const struct booking *booking, unsigned k, int sign)
{
	int64_t value[COLUMN_SOURCES] = {0};
	uint32_t tuple = booking->at[k].tuple;
	if (tuple == TUPLE_NONE || counts_nowhere(kernel, booking->at[k].ts_ms))
		return;
	for (unsigned n = 0; n < FACT_NUMS; n++)
		value[n] = sign * booking->num[n];
	value[COLUMN_COUNT] = sign;
	for (unsigned i = 0; i < MARKS; i++)
		value[COLUMN_MARKS + i] = sign * (booking->marks >> i & 1);
	struct place place = book_add(kernel, tuple, booking->at[k].ts_ms, value);
	kernel->counters.folded += sign > 0 && tuple_at(&kernel->tuples, tuple)->folded;
	touch_fact(kernel, fact, tuple, place.start_ms, sign < 0);
}

/* At the same place, with other numbers. */
static void
count_difference(struct kernel *kernel, const struct booking *was, const struct booking *is, unsigned k)
{
	int64_t value[COLUMN_SOURCES] = {0};
	if (counts_nowhere(kernel, is->at[k].ts_ms) ||
	    (memcmp(was->num, is->num, sizeof(is->num)) == 0 && was->marks == is->marks))
		return;
	for (unsigned n = 0; n < FACT_NUMS; n++)
		value[n] = is->num[n] - was->num[n];
	for (unsigned i = 0; i < MARKS; i++)
		value[COLUMN_MARKS + i] = (is->marks >> i & 1) - (was->marks >> i & 1);
	book_add(kernel, is->at[k].tuple, is->at[k].ts_ms, value);
}

struct booking
book_none(void)
{
	struct booking booking = {0};
	booking.at[0].tuple = booking.at[1].tuple = TUPLE_NONE;
	return booking;
}

/* What the fact counts as now. */
static struct booking
booking_of(const struct kernel *kernel, const struct fact *fact)
{
	struct booking booking = {.marks = fact->marks};
	const struct money_part *money = fact->type == EVENT_REFUND ? fact_money(&kernel->facts, fact) : NULL;
	memcpy(booking.num, money != NULL ? money->taken : fact->num, sizeof(booking.num));
	booking.at[0].ts_ms = fact->ts_ms;
	booking.at[0].tuple = fact->booked[0];
	booking.at[1].ts_ms = money != NULL ? money->sold_ms : 0;
	booking.at[1].tuple = fact->booked[1];
	return booking;
}

static void
keep_booking(struct kernel *kernel, struct fact *fact, const struct booking *booking)
{
	fact->booked[0] = booking->at[0].tuple;
	fact->booked[1] = booking->at[1].tuple;
	fact->marks = booking->marks;
	if (fact->type != EVENT_REFUND)
		return;
	struct money_part *money = fact_money(&kernel->facts, fact);
	memcpy(money->taken, booking->num, sizeof(money->taken));
	money->sold_ms = booking->at[1].ts_ms;
}

void
book_release(struct kernel *kernel, struct fact *fact)
{
	for (unsigned k = 0; k < 2; k++) {
		if (fact->booked[k] != TUPLE_NONE)
			tuple_release(&kernel->tuples, fact->booked[k]);
		fact->booked[k] = TUPLE_NONE;
	}
}

void
book(struct kernel *kernel, struct fact *fact, const struct booking *booking)
{
	struct booking was = booking_of(kernel, fact);
	for (unsigned k = 0; k < 2; k++)
		if (booking->at[k].tuple != TUPLE_NONE)
			tuple_at(&kernel->tuples, booking->at[k].tuple)->refs++;
	for (unsigned k = 0; k < 2; k++) {
		if (was.at[k].tuple == booking->at[k].tuple && was.at[k].tuple != TUPLE_NONE &&
		    was.at[k].ts_ms == booking->at[k].ts_ms) {
			count_difference(kernel, &was, booking, k);
			continue;
		}
		count_at(kernel, fact, &was, k, -1);
		count_at(kernel, fact, booking, k, 1);
	}
	book_release(kernel, fact);
	keep_booking(kernel, fact, booking);
}
