/* aggregator.c - the kernel, the rules, and what the publisher is told of them. */
#include "aggregator/aggregator.h"
#include "aggregator/alert.h"
#include "common/mem.h"
#include <stdlib.h>

struct aggregator {
	struct aggregator_config config;
	struct kernel *kernel;
	struct rules *rules;
	struct alert_words words;
	uint64_t lsn;            /* last group applied */
	uint64_t verdict[VERDICT_COUNT];
	bool digest_wanted;
	uint64_t digest_lsn;     /* 0: none was taken */
	struct hash128 digest;
	uint64_t told_lsn;       /* the publisher holds everything up to here */
	int64_t told_ms;
	/* a round of updates under way: what was changed by round_lsn is told in slices */
	uint64_t round_lsn;
	int64_t round_ms;
	uint32_t round_left;
	bool round;
	/* while an update is written */
	struct buf *out;
	struct buf blobs;
	struct kernel_view view;
	uint32_t entries;
};

static void
tell_alert(void *context, const struct alert *alert)
{
	struct aggregator *aggregator = context;
	const struct aggregator_config *config = &aggregator->config;
	struct slice topic;
	struct alert_row row;
	if (config->alert == NULL)
		return;
	alert_tell(alert, config->kernel->kpis, config->kernel, config->decimals, &aggregator->words, &topic, &row);
	config->alert(config->context, topic, &row);
}

static void
minute_turns(void *context)
{
	struct aggregator *aggregator = context;
	rules_evaluate(aggregator->rules, aggregator->kernel, tell_alert, aggregator);
	if (!aggregator->digest_wanted || aggregator->lsn == 0)
		return;
	aggregator->digest = kernel_digest(aggregator->kernel, AGGREGATOR_DIGEST_SERIES);
	aggregator->digest_lsn = aggregator->lsn;
	aggregator->digest_wanted = false;
}

struct aggregator *
aggregator_new(const struct aggregator_config *config)
{
	struct aggregator *aggregator = mem_zalloc(1, sizeof(*aggregator));
	aggregator->config = *config;
	aggregator->told_ms = INT64_MIN;
	aggregator->kernel = kernel_new(config->kernel);
	aggregator->rules = rules_new(config->rules, config->rule_count, config->kernel);
	kernel_on_turn(aggregator->kernel, minute_turns, aggregator);
	return aggregator;
}

void
aggregator_free(struct aggregator *aggregator)
{
	if (aggregator == NULL)
		return;
	rules_free(aggregator->rules);
	kernel_free(aggregator->kernel);
	alert_words_fini(&aggregator->words);
	buf_fini(&aggregator->blobs);
	free(aggregator);
}

void
aggregator_tell(struct aggregator *aggregator, aggregator_alert_fn *alert, void *context)
{
	aggregator->config.alert = alert;
	aggregator->config.context = context;
}

void
aggregator_apply(struct aggregator *aggregator, struct group *group)
{
	if (group->lsn == 0)
		return;
	kernel_apply(aggregator->kernel, group);
	aggregator->lsn = group->lsn;
	for (uint32_t i = 0; i < group->event_count; i++)
		aggregator->verdict[group->events[i].verdict]++;
}

bool
aggregator_work(struct aggregator *aggregator)
{
	return kernel_drain(aggregator->kernel, AGGREGATOR_SLICE_CELLS);
}

bool
aggregator_audit(struct aggregator *aggregator)
{
	struct kernel_counters before, after;
	kernel_count(aggregator->kernel, &before);
	kernel_audit_some(aggregator->kernel, AGGREGATOR_SLICE_AUDIT);
	kernel_count(aggregator->kernel, &after);
	return after.audit_mismatch == before.audit_mismatch;
}

bool
aggregator_is_quick(const struct aggregator *aggregator, const struct group *group)
{
	return !kernel_due(aggregator->kernel) && group->recv_ms < kernel_turns_at(aggregator->kernel);
}

static void
tell_series(void *context, uint32_t series, bool live)
{
	struct aggregator *aggregator = context;
	struct kernel *kernel = aggregator->kernel;
	struct update_entry entry = {.series = series, .live = live};
	entry.rollup = (uint8_t)kernel_series_rollup(kernel, series);
	aggregator->entries++;
	if (!live) {
		update_add(aggregator->out, &entry);
		return;
	}
	entry.key_count = (uint8_t)kernel_series_key(kernel, series, entry.key);
	size_t from[WINDOW_COUNT + 1];
	aggregator->blobs.len = 0;
	kernel_view(kernel, series, &aggregator->view);
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		from[w] = aggregator->blobs.len;
		update_blob_add(&aggregator->blobs, (enum window)w, &aggregator->view);
	}
	from[WINDOW_COUNT] = aggregator->blobs.len;
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		entry.blob[w] = (struct slice){aggregator->blobs.data + from[w], (uint32_t)(from[w + 1] - from[w])};
	update_add(aggregator->out, &entry);
}

/* What has changed by now is to be told; changes from here on belong to the next round. */
static bool
round_begin(struct aggregator *aggregator)
{
	int64_t now = kernel_now(aggregator->kernel);
	if (now == INT64_MIN || (aggregator->lsn == aggregator->told_lsn && now == aggregator->told_ms))
		return false;
	aggregator->round = true;
	aggregator->round_lsn = aggregator->lsn;
	aggregator->round_ms = now;
	aggregator->round_left = kernel_dirty(aggregator->kernel);
	return true;
}

static void
round_end(struct aggregator *aggregator)
{
	aggregator->round = false;
	aggregator->told_lsn = aggregator->round_lsn;
	aggregator->told_ms = aggregator->round_ms;
}

enum aggregator_told
aggregator_publish(struct aggregator *aggregator, struct buf *out)
{
	struct kernel *kernel = aggregator->kernel;
	if (kernel_due(kernel)) /* also before a round begins: what the drain will change belongs to it */
		return AGGREGATOR_BUSY;
	if (!aggregator->round && !round_begin(aggregator))
		return AGGREGATOR_NOTHING;
	uint32_t slice = aggregator->round_left < AGGREGATOR_SLICE_SERIES ? aggregator->round_left : AGGREGATOR_SLICE_SERIES;
	aggregator->round_left -= slice;
	if (aggregator->round_left == 0)
		round_end(aggregator);
	struct update_head head = {.lsn = aggregator->told_lsn, .now_ms = kernel_now(kernel)};
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		kernel_bounds(kernel, (enum window)w, &head.bounds[w]);
	aggregator->out = out;
	aggregator->entries = 0;
	update_begin(out, &head);
	kernel_take_dirty(kernel, slice, tell_series, aggregator);
	update_end(out, aggregator->entries);
	return aggregator->round ? AGGREGATOR_MORE : AGGREGATOR_DONE;
}

void
aggregator_save(struct aggregator *aggregator, struct stream_out *out)
{
	struct hash128 rules = rules_fingerprint(aggregator->rules);
	stream_put_var(out, aggregator->lsn);
	kernel_save(aggregator->kernel, out);
	stream_put(out, &rules, sizeof(rules));
	rules_save(aggregator->rules, out);
}

bool
aggregator_load(struct aggregator *aggregator, struct stream_in *in, bool *same_rules)
{
	struct hash128 here = rules_fingerprint(aggregator->rules), there;
	aggregator->lsn = stream_get_var(in);
	if (!kernel_load(aggregator->kernel, in))
		return false;
	stream_get(in, &there, sizeof(there));
	*same_rules = here.lo == there.lo && here.hi == there.hi;
	if (*same_rules)
		rules_load(aggregator->rules, in);
	return stream_good(in);
}

void
aggregator_want_digest(struct aggregator *aggregator)
{
	aggregator->digest_wanted = true;
	aggregator->digest_lsn = 0;
}

bool
aggregator_digest(const struct aggregator *aggregator, uint64_t *lsn, struct hash128 *digest)
{
	*lsn = aggregator->digest_lsn;
	*digest = aggregator->digest;
	return aggregator->digest_lsn > 0;
}

void
aggregator_count_anew(struct aggregator *aggregator)
{
	memset(aggregator->verdict, 0, sizeof(aggregator->verdict));
}

uint64_t
aggregator_lsn(const struct aggregator *aggregator)
{
	return aggregator->lsn;
}

void
aggregator_figures(const struct aggregator *aggregator, struct figures *out)
{
	*out = (struct figures){.lsn = aggregator->lsn, .now_ms = kernel_now(aggregator->kernel)};
	memcpy(out->verdict, aggregator->verdict, sizeof(out->verdict));
	kernel_count(aggregator->kernel, &out->kernel);
}

void
aggregator_explain(struct aggregator *aggregator, struct slice cust, struct slice id, struct buf *out)
{
	struct event_view view;
	kernel_explain(aggregator->kernel, cust, id, &view);
	event_view_encode(&view, out);
}

struct kernel *
aggregator_kernel(struct aggregator *aggregator)
{
	return aggregator->kernel;
}
