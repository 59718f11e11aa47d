/* figures.c - one row a figure. */
#include "publisher/figures.h"
#include "publisher/publisher.h"

enum source { KERNEL = 0, PUBLISHER, FIGURES, LOG, IMAGES, BUDGET };

struct figure_row {
	uint8_t group, source;
	uint32_t offset; /* of a uint64_t in the source */
	const char *name, *meaning;
};

#define OF_KERNEL(member) KERNEL, offsetof(struct kernel_counters, member)
#define OF_PUBLISHER(member) PUBLISHER, offsetof(struct publisher_counters, member)

#define OF_IMAGES(member) IMAGES, offsetof(struct log_images, member)
#define OF_LOG(member) LOG, offsetof(struct log_figures, member)

static const struct figure_row rows[] = {
    {INFO_STATE, OF_KERNEL(series), "series", "keys of all rollups that have numbers"},
    {INFO_STATE, OF_KERNEL(tuples), "tuples", "combinations of event type and dimensions in use"},
    {INFO_STATE, OF_KERNEL(cells), "cells", "what a tuple did in a slot of time"},
    {INFO_STATE, OF_KERNEL(panes), "panes", "slots of time that hold something"},
    {INFO_STATE, OF_KERNEL(ids), "ids", "event ids remembered, some expired ones among them"},
    {INFO_STATE, OF_KERNEL(entities), "entities", "customers, orders and visits told apart"},
    {INFO_STATE, OF_KERNEL(activities), "activities", "what these did, by slot of time"},
    {INFO_STATE, OF_KERNEL(firsts), "firsts", "customers and leads whose first sale or entries can no longer change"},
    {INFO_STATE, OF_KERNEL(facts), "facts", "leads, sales, refunds and spends that may still change"},
    {INFO_STATE, OF_KERNEL(leads), "leads", "leads by customer and name"},
    {INFO_STATE, OF_KERNEL(parked), "parked", "corrections and voids that wait for their event"},
    {INFO_STATE, OF_PUBLISHER(rows), "rows", "rows that can be asked for"},
    {INFO_STATE, OF_PUBLISHER(subscriptions), "subscriptions", "different prefixes that somebody subscribed to"},
    {INFO_STATE, OF_PUBLISHER(alerts_active), "alerts", "alerts that are not ok"},
    {INFO_STATE, OF_LOG(records), "journal", "records of the log on the disk; 0: it is in memory"},
    {INFO_STATE, OF_LOG(first), "journal_first", "its first record that was not trimmed"},
    {INFO_STATE, OF_IMAGES(age_ms), "image_age_ms", "log time since the newest image"},
    {INFO_STATE, OF_IMAGES(start_ms), "start_ms", "about what a start would take now"},
    {INFO_STATE, OF_IMAGES(lsn), "image_at", "record of the newest image: a start reads those behind it; 0: all"},

    {INFO_SINCE, OF_KERNEL(parked_expired), "parked_expired", "corrections whose event did not come in 63 days"},
    {INFO_SINCE, OF_KERNEL(parked_unfit), "parked_unfit", "corrections that did not fit the event that came"},
    {INFO_SINCE, OF_KERNEL(folded), "folded", "times an event counted under ~other: raise guards.series_max"},
    {INFO_SINCE, OF_KERNEL(drained), "drained", "cells that crossed the edge of a window"},
    {INFO_SINCE, OF_KERNEL(touched), "touched", "entities that crossed the edge of a window"},
    {INFO_SINCE, OF_KERNEL(audited), "audited", "series recounted in the background"},
    {INFO_SINCE, OF_KERNEL(audit_mismatch), "audit_mismatch", "of these, with a wrong total: must be 0"},
    {INFO_SINCE, OF_PUBLISHER(rows_changed), "rows_changed", "changes of rows"},
    {INFO_SINCE, OF_PUBLISHER(rows_sent), "rows_sent", "messages to subscribers"},
    {INFO_SINCE, OF_PUBLISHER(snapshots), "snapshots", "snapshots asked for"},
    {INFO_SINCE, OF_PUBLISHER(snapshots_refused), "snapshots_refused", "of these, refused or given up"},
    {INFO_SINCE, OF_PUBLISHER(dead_letters), "dead_letters", "refusals kept for `laju dlq`"},
    {INFO_SINCE, OF_PUBLISHER(dead_dropped), "dead_dropped", "of these, given up for newer ones"},
    {INFO_SINCE, OF_LOG(counters.commits), "commits", "times that records were made durable"},
    {INFO_SINCE, OF_LOG(counters.refused), "storage_refused", "groups of batches that the log had no room for"},

    {INFO_BYTES, OF_KERNEL(bytes_series), "series", "running totals and keys"},
    {INFO_BYTES, OF_KERNEL(bytes_cells), "cells", "numbers by slot of time, and who was there"},
    {INFO_BYTES, OF_KERNEL(bytes_tuples), "tuples", "their texts and places"},
    {INFO_BYTES, OF_KERNEL(bytes_ids), "ids", "128-bit hashes"},
    {INFO_BYTES, OF_KERNEL(bytes_entities), "entities", "with their activities, touches and sales"},
    {INFO_BYTES, OF_KERNEL(bytes_facts), "facts", "words and bookings"},
    {INFO_BYTES, OF_KERNEL(bytes_leads), "leads", "their events, touches and sales"},
    {INFO_BYTES, OF_KERNEL(bytes_firsts), "firsts", "kept for ever"},
    {INFO_BYTES, OF_KERNEL(bytes), "kernel", "all of the above"},
    {INFO_BYTES, OF_PUBLISHER(bytes), "rows", "the publisher's copy of the totals"},
    {INFO_BYTES, OF_LOG(bytes), "journal", "the log on the disk"},
    {INFO_BYTES, OF_IMAGES(bytes), "image", "the newest image on the disk"},
    {INFO_BYTES, OF_LOG(max_bytes), "journal_max", "what it may take; 0: it is in memory"},
    {INFO_BYTES, FIGURES, offsetof(struct figures, resident_bytes), "resident", "the process in RAM; 0: not known"},
    {INFO_BYTES, BUDGET, 0, "memory_max", "the budget; 0: none"},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

void
figures_tell(struct info *info, const struct figures *figures, const struct log_figures *log,
             const struct log_images *images, const struct publisher_counters *publisher, uint64_t memory_max)
{
	const void *const source[] = {
	    [KERNEL] = &figures->kernel, [PUBLISHER] = publisher, [FIGURES] = figures, [LOG] = log, [IMAGES] = images, [BUDGET] = &memory_max};
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		info_add(info, INFO_EVENTS, verdict_name(v), figures->verdict[v]);
	for (unsigned r = 0; r < ROWS; r++) {
		uint64_t value;
		memcpy(&value, (const char *)source[rows[r].source] + rows[r].offset, sizeof(value));
		info_add(info, rows[r].group, rows[r].name, value);
	}
}

const char *
figures_name(enum info_group group, uint32_t n)
{
	if (group == INFO_EVENTS)
		return n < VERDICT_COUNT ? verdict_name(n) : NULL;
	for (unsigned r = 0; r < ROWS; r++)
		if (rows[r].group == group && n-- == 0)
			return rows[r].name;
	return NULL;
}

const char *
figures_meaning(enum info_group group, struct slice name)
{
	for (unsigned r = 0; r < ROWS; r++)
		if (rows[r].group == group && slice_is(name, rows[r].name))
			return rows[r].meaning;
	return "";
}
