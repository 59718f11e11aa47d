/*
 * stages.c - what leads count as: the first entry to each stage, cohorts; and what their sales inherit of them.
 *
 * A lead enters a stage with the first event that names it, else with the first that implies it
 * by naming a higher one; while its last event rejects it, it counts nowhere. An entry counts when and where
 * that event does.
 */
#include "aggregator/state.h"
#include <assert.h>

static struct fact *
event_at(const struct kernel *kernel, uint32_t number)
{
	return fact_at(&kernel->facts, number);
}

static int64_t
generation_last(const struct kernel *kernel, const struct lead *lead, uint32_t generation)
{
	for (uint32_t n = lead->events.last; n != FACT_NONE; n = event_at(kernel, n)->prev)
		if (event_at(kernel, n)->generation == generation)
			return event_at(kernel, n)->ts_ms;
	return INT64_MIN;
}

int64_t
settle_lead_last(const struct kernel *kernel, const struct fact *event)
{
	return generation_last(kernel, lead_at(&kernel->leads, event->lead), event->generation);
}

/* ---- entries ---- */

/* The next event in time, not void. */
static void
entries_see(struct entries *entries, const struct kernel *kernel, const struct lead *lead, uint32_t number)
{
	unsigned at = tuple_at(&kernel->tuples, event_at(kernel, number)->given)->stage;
	entries->rejected = at == STAGE_REJECTED;
	for (unsigned stage = STAGE_LEAD; stage <= at && at <= STAGE_CUSTOMER; stage++) {
		unsigned i = stage - STAGE_LEAD, bit = 1u << i;
		if ((lead->before & bit) || (entries->by[i] != FACT_NONE && ((entries->named & bit) || stage != at)))
			continue;
		entries->by[i] = number;
		entries->named |= stage == at ? (uint8_t)bit : 0;
	}
}

static struct entries
entries_of(const struct kernel *kernel, const struct lead *lead)
{
	struct entries entries;
	entries_clear(&entries);
	for (uint32_t n = lead->events.first; n != FACT_NONE; n = event_at(kernel, n)->next)
		if (event_at(kernel, n)->generation == lead->generation && !event_at(kernel, n)->is_void)
			entries_see(&entries, kernel, lead, n);
	return entries;
}

static uint16_t
marks_of(const struct kernel *kernel, const struct entries *entries, uint32_t event)
{
	unsigned marks = 0;
	for (unsigned i = 0; i < STAGE_CUSTOMER && !entries->rejected; i++) {
		if (entries->by[i] != event)
			continue;
		marks |= 1u << (COLUMN_STAGE - COLUMN_MARKS + i);
		for (unsigned reached = i + 1; reached < STAGE_CUSTOMER && kernel->cohorts; reached++)
			if (entries->by[reached] != FACT_NONE)
				marks |= 1u << (COLUMN_COHORT - COLUMN_MARKS + cohort_of(STAGE_LEAD + i, STAGE_LEAD + reached));
	}
	return (uint16_t)marks;
}

static void
book_event(struct kernel *kernel, const struct entries *entries, uint32_t number)
{
	struct fact *event = event_at(kernel, number);
	struct booking booking = settle_as_worded(event);
	booking.marks = event->is_void ? 0 : marks_of(kernel, entries, number);
	if (booking.marks != event->marks || booking.at[0].tuple != event->booked[0])
		book(kernel, event, &booking);
}

/* One event has come, or left, or none: those that made or make an entry may bear other marks now. */
static void
settle_entries(struct kernel *kernel, struct lead *lead, const struct entries *entries, uint32_t event)
{
	struct entries was = lead->entries;
	lead->entries = *entries;
	if (event != FACT_NONE)
		book_event(kernel, entries, event);
	for (unsigned i = 0; i < STAGE_CUSTOMER; i++) {
		bool same = was.by[i] == entries->by[i] && was.rejected == entries->rejected && !kernel->cohorts;
		if (was.by[i] != FACT_NONE && !same)
			book_event(kernel, entries, was.by[i]);
		if (entries->by[i] != FACT_NONE && entries->by[i] != was.by[i] && entries->by[i] != event)
			book_event(kernel, entries, entries->by[i]);
	}
}

static unsigned
reached(const struct entries *entries)
{
	unsigned bits = 0;
	for (unsigned i = 0; i < STAGE_CUSTOMER; i++)
		bits |= (unsigned)(entries->by[i] != FACT_NONE) << i;
	return bits;
}

/* A lead's place among what is kept for ever: no customer's, whatever the customer is called. */
static struct hash128
kept_as(struct hash128 name)
{
	return (struct hash128){~name.lo, name.hi};
}

uint32_t
settle_generation(struct kernel *kernel, uint32_t number)
{
	struct lead *lead = lead_at(&kernel->leads, number);
	if (lead->generation == 0) /* just made: it may have been here long ago */
		lead->before = (uint8_t)firsts_get(&kernel->firsts, kept_as(lead->name));
	if (generation_last(kernel, lead, lead->generation) < kernel->now_ms - kernel->config.horizon_ms) {
		lead->before |= (uint8_t)reached(&lead->entries);
		entries_clear(&lead->entries);
		lead->generation++;
	}
	return lead->generation;
}

/* Nothing can ask for it any more, whether forget.c has been there or not. */
bool
lead_event_is_over(const struct kernel *kernel, const struct fact *event)
{
	int64_t now_ms = kernel->now_ms, sales_ms = kernel->config.horizon_ms + kernel->config.future_ms;
	return event->known_ms < now_ms - sales_ms &&
	       settle_lead_last(kernel, event) < now_ms - kernel->config.horizon_ms - sales_ms;
}

bool
lead_is_full(const struct kernel *kernel, uint32_t number)
{
	const struct lead *lead = lead_at(&kernel->leads, number);
	uint32_t count = lead->event_count;
	if (count < LEAD_EVENTS_MAX)
		return false;
	for (uint32_t n = lead->events.first; n != FACT_NONE; n = event_at(kernel, n)->next) {
		if (!lead_event_is_over(kernel, event_at(kernel, n)))
			break; /* those behind it may be over, too: they count on until it is */
		count--;
	}
	return count >= LEAD_EVENTS_MAX;
}

void
settle_lead_gone(struct kernel *kernel, uint32_t number)
{
	struct lead *lead = lead_at(&kernel->leads, number);
	if (lead->refs > 0)
		return;
	if (lead->before != 0)
		firsts_keep(&kernel->firsts, kept_as(lead->name), lead->before);
	leads_drop(&kernel->leads, number);
}

/* ---- what its sales inherit ---- */

static bool
is_touch(const struct kernel *kernel, const struct fact *event)
{
	return kernel->attributes && !event->is_void && (event->flags & EVENT_HAS_TOUCH) &&
	       !(event->flags & EVENT_IS_DIRECT);
}

uint32_t
settle_lead_touch(const struct kernel *kernel, uint32_t number, int64_t ts_ms, int64_t *touch_ms)
{
	uint32_t n = number != LEAD_NONE ? lead_at(&kernel->leads, number)->events.last : FACT_NONE;
	for (; n != FACT_NONE; n = event_at(kernel, n)->prev) {
		const struct fact *event = event_at(kernel, n);
		if (event->ts_ms <= ts_ms - kernel->look_back_ms)
			break;
		if (event->ts_ms <= ts_ms && is_touch(kernel, event)) {
			*touch_ms = event->ts_ms;
			return event->given;
		}
	}
	return TUPLE_NONE;
}

/*
 * What a lead last said about team or person. Of a generation that was forgotten before the
 * sale came nothing is known any more.
 */
struct slice
lead_says(const struct kernel *kernel, const struct fact *sale, unsigned dim)
{
	const struct lead *lead = lead_at(&kernel->leads, sale->lead);
	uint32_t generation = lead->generation + 1; /* none */
	int64_t last_ms = INT64_MIN;                /* of that generation */
	for (uint32_t n = lead->events.last; n != FACT_NONE; n = event_at(kernel, n)->prev) {
		const struct fact *event = event_at(kernel, n);
		struct form form;
		if (event->generation < generation) { /* the first seen of its own is its last */
			generation = event->generation;
			last_ms = event->ts_ms;
		}
		if (event->ts_ms > sale->ts_ms || event->is_void)
			continue;
		form_of_tuple(&kernel->tuples, event->given, &form);
		if (form.text[dim].n == 0)
			continue;
		bool came_before = event->known_ms > 0 && sale->since_seq < event->known_seq;
		int64_t its_last = event->generation == generation ? last_ms : generation_last(kernel, lead, event->generation);
		if (came_before || sale->since_ms <= its_last + kernel->config.horizon_ms)
			return form.text[dim];
	}
	return (struct slice){0};
}

/* Sales of the lead that may inherit what an event at ts_ms says. */
static void
settle_heirs(struct kernel *kernel, const struct lead *lead, int64_t ts_ms)
{
	for (uint32_t n = lead->sales.last; n != FACT_NONE && event_at(kernel, n)->ts_ms >= ts_ms; n = event_at(kernel, n)->prev)
		settle_sale(kernel, n);
}

/* ---- coming and going ---- */

/* The event as a touch of its customer. */
static void
touch_changes(struct kernel *kernel, const struct fact *event, bool enters)
{
	struct moment touch = moment_of(event->ts_ms, event->tie, event->given);
	if (!is_touch(kernel, event) || event->cust == ENTITY_NONE)
		return;
	if (enters) {
		settle_visit(kernel, event->cust, touch);
		return;
	}
	timeline_remove(&entity_at(&kernel->entities, event->cust)->touches, touch, &kernel->entities.slab);
	tuple_release(&kernel->tuples, event->given);
	settle_touched(kernel, event->cust, event->ts_ms);
}

void
lead_enter(struct kernel *kernel, uint32_t number)
{
	struct fact *event = event_at(kernel, number);
	struct lead *lead = lead_at(&kernel->leads, event->lead);
	assert(event->generation == lead->generation);
	chain_add(&kernel->facts, &lead->events, number);
	lead->event_count++;
	struct entries entries = lead->entries;
	if (lead->events.last != number)
		entries = entries_of(kernel, lead);
	else if (!event->is_void)
		entries_see(&entries, kernel, lead, number);
	settle_entries(kernel, lead, &entries, number);
	touch_changes(kernel, event, true);
	if (!event->is_void)
		settle_heirs(kernel, lead, event->ts_ms);
}

/* An event is about to leave its generation, which may be forgotten by that, but was not until now. */
static void
generation_known(struct kernel *kernel, const struct lead *lead, uint32_t generation)
{
	for (uint32_t n = lead->events.first; n != FACT_NONE; n = event_at(kernel, n)->next) {
		struct fact *event = event_at(kernel, n);
		if (event->generation != generation)
			continue;
		event->known_ms = kernel->now_ms;
		event->known_seq = kernel->facts.seq;
	}
}

void
lead_leave(struct kernel *kernel, uint32_t number)
{
	struct booking none = book_none();
	struct fact *event = event_at(kernel, number);
	struct lead *lead = lead_at(&kernel->leads, event->lead);
	assert(event->generation == lead->generation);
	generation_known(kernel, lead, event->generation);
	chain_remove(&kernel->facts, &lead->events, number);
	lead->event_count--;
	book(kernel, event, &none);
	for (unsigned i = 0; i < STAGE_CUSTOMER; i++)
		if (lead->entries.by[i] == number)
			lead->entries.by[i] = FACT_NONE;
	struct entries entries = entries_of(kernel, lead);
	settle_entries(kernel, lead, &entries, FACT_NONE);
	touch_changes(kernel, event, false);
	if (!event->is_void)
		settle_heirs(kernel, lead, event->ts_ms);
}
