/*
 * bench_kernel - the kernel alone: groups in memory, applied and drained as the node does, in thread CPU time.
 *
 * accept runs once, before; each pass gives the same events new ids and other times. A group is one message of 256
 * events; while something is due, a slice of AGGREGATOR_SLICE_CELLS is drained after each. What is left is drained,
 * in slices, before a minute turns and when a pass ends: the minutes of a bench have fewer groups than those of a busy
 * node, and those of an idle one have time. All of it counts. A *step* is what nothing comes in between of: one
 * group applied, or one slice. The stall is the CPU time of a step.
 *
 * The default rollups and measures. What the cases say:
 *   add      all passes in one minute: tuples and cells exist after the first, which is not timed ("grow": its
 *            steps, while series, tuples, cells and every table come to be)
 *   apart    as add, but any person sells for any campaign and no tuple is met twice in a pass
 *   people   each customer, order and visit counts once, too; shared: all events bear one customer id
 *   shop     as people, with the mix of a shop: few of the events are leads or sales. As many events and customers in
 *            1k, 100k and 1M: what differs are the series
 *   turns    log time goes on by four minutes in a pass, so that nearly every event opens a cell and an activity (with
 *            1 k series and few tuples, one in three); and the minutes that leave r1d, its prev and the day before that
 *            (and enter d.ptd) hold the same events: they were applied at the same time of day one, two and three days
 *            before. As much goes as comes. Edges that move by the quarter or the hour find nothing.
 *   midnight shop, four minutes around a local midnight. The same minutes were busy on days that at this midnight are
 *            yesterday's, are merged into quarters and hours, are beyond corrections, and are dropped.
 *   monthend the same, at the end of a Sunday and a month
 *   hot      as shop.turns, all events of one customer id, who was there on days of the month before, too
 *   history  shop; three passes were spread over the last day, or the last 62; then four minutes as of turns ("before":
 *            what an event of the 62 days cost by then, all edges and merges included)
 * usage: bench_kernel [CASE [PASSES]], for a profiler
 */
#include "tests/bench/figures.h"
#include "tests/bench/load.h"
#include "tests/bench/setting.h"
#include "aggregator/aggregator.h"
#include "aggregator/kernel.h"
#include "common/blocks.h"
#include <stdio.h>
#include <stdlib.h>

enum { GROUP_EVENTS = 256, BEFORE_MAX = 8, SPREAD_PASSES = 3, STALL_US_MAX = 5000 /* wanted */ };
#define DAY_MS INT64_C(86400000)
#define MINUTE_MS INT64_C(60000)
#define MIDNIGHT(day) (INT64_C(day) * DAY_MS) /* UTC is the default zone */
#define NOON (MIDNIGHT(20780) + DAY_MS / 2)   /* 2026-11-23, a Monday: no day's end comes near */
#define THURSDAY MIDNIGHT(20783)
#define SUNDAYS_END MIDNIGHT(20850)           /* 2027-02-01, a Monday */
#define ADD_MS INT64_C(50000)                 /* what a pass takes that stays within its minute */

/* When things happen, in log time. All zero: at noon, within one minute. */
struct plan {
	int64_t start_ms;       /* of the first timed pass */
	int minutes;            /* that a pass takes */
	int before[BEFORE_MAX]; /* days before, from the oldest, on which the same passes were applied */
	int spread_days;        /* over which SPREAD_PASSES passes were applied until the start */
};

struct kase {
	const char *name;
	struct load_shape shape;
	int passes;
	bool people;
	struct plan plan;
};

/* What applying took. */
struct taken {
	int64_t apply_ns, drain_ns;
	uint64_t events, cells_opened, crossed;
	struct samples step_us;
};

struct bench {
	const struct kase *kase;
	struct config *config;
	struct kernel *kernel;
	struct group **group;
	uint32_t groups;
	uint64_t next_id;
	int64_t log_ms; /* never goes back */
	int64_t ready_before_ns;
	struct taken before, timed;
};

static void
groups_make(struct bench *bench)
{
	struct load *load = load_new(&bench->kase->shape);
	struct accept_config accept = setting_accept(bench->config);
	uint32_t each = GROUP_EVENTS / bench->kase->shape.batch;
	bench->groups = load_messages(load) / each;
	bench->group = calloc(bench->groups, sizeof(*bench->group));
	for (uint32_t g = 0; g < bench->groups; g++) {
		bench->group[g] = group_new(GROUP_BATCHES);
		bench->group[g]->dims_mask = accept.dims_mask;
		for (uint32_t m = 0; m < each; m++)
			accept_push(&accept, bench->group[g], 0, load_message(load, g * each + m, NOON));
	}
	load_free(load);
}

static int64_t
later(int64_t a_ms, int64_t b_ms)
{
	return a_ms > b_ms ? a_ms : b_ms;
}

/* The group as if sent anew: its events happened one after the other, the last one now, the neighbours out of order. */
static void
group_renew(struct bench *bench, struct group *group, int64_t from_ms, int64_t span_ms)
{
	group->time_ms = bench->log_ms = later(bench->log_ms, from_ms + span_ms * (GROUP_EVENTS - 1) / GROUP_EVENTS);
	for (uint32_t e = 0; e < group->event_count; e++) {
		uint64_t id = ++bench->next_id;
		uint64_t mixed = (id ^ id << 31) * UINT64_C(0xd6e8feb86659fd93);
		group->events[e].id = (struct hash128){id * UINT64_C(0x9e3779b97f4a7c15), mixed ^ mixed >> 32};
		group->events[e].ts_ms = from_ms + span_ms * (e ^ 1) / GROUP_EVENTS;
		group->events[e].verdict = VERDICT_OK;
	}
}

/* The CPU time since begin_ns is that of one step. */
static int64_t
step_end(struct taken *taken, int64_t begin_ns)
{
	int64_t ns = figures_thread_cpu_ns() - begin_ns;
	samples_add(&taken->step_us, (double)ns / 1e3);
	return ns;
}

static void
apply(struct bench *bench, struct group *group, struct taken *taken)
{
	int64_t begin = figures_thread_cpu_ns();
	kernel_apply(bench->kernel, group);
	taken->apply_ns += step_end(taken, begin);
	taken->events += group->event_count;
}

/* A slice of what is due; true: nothing is left. */
static bool
drain(struct bench *bench, struct taken *taken)
{
	if (!kernel_due(bench->kernel))
		return true;
	int64_t begin = figures_thread_cpu_ns();
	bool done = kernel_drain(bench->kernel, AGGREGATOR_SLICE_CELLS);
	taken->drain_ns += step_end(taken, begin);
	return done;
}

static void
drain_all(struct bench *bench, struct taken *taken)
{
	while (!drain(bench, taken))
		;
}

static void
forget(void *context, uint32_t series, bool live)
{
	(void)context, (void)series, (void)live;
}

static void
pass_run(struct bench *bench, int64_t from_ms, int64_t span_ms, struct taken *taken)
{
	struct kernel_counters was, is;
	kernel_count(bench->kernel, &was);
	for (uint32_t g = 0; g < bench->groups; g++) {
		group_renew(bench, bench->group[g], from_ms + span_ms * g / bench->groups, span_ms / bench->groups);
		if (bench->log_ms >= kernel_turns_at(bench->kernel))
			drain_all(bench, taken);
		apply(bench, bench->group[g], taken);
		drain(bench, taken);
	}
	drain_all(bench, taken);
	kernel_take_dirty(bench->kernel, UINT32_MAX, forget, NULL);
	kernel_count(bench->kernel, &is);
	taken->cells_opened += is.cells - was.cells;
	taken->crossed += is.drained - was.drained + is.touched - was.touched;
}

static void
passes_run(struct bench *bench, int64_t start_ms, struct taken *taken)
{
	int64_t minutes = bench->kase->plan.minutes;
	for (int pass = 0; pass < bench->kase->passes; pass++)
		pass_run(bench, start_ms + pass * minutes * MINUTE_MS, minutes > 0 ? minutes * MINUTE_MS : ADD_MS, taken);
}

/* All that is before the timed passes, up to a drained state a minute before them. */
static void
history_run(struct bench *bench, int64_t start_ms)
{
	const struct plan *plan = &bench->kase->plan;
	int64_t spread_ms = plan->spread_days * DAY_MS / SPREAD_PASSES;
	struct group *tick = group_new(GROUP_TICK);
	for (int i = 0; i < BEFORE_MAX && plan->before[i] > 0; i++)
		passes_run(bench, start_ms - plan->before[i] * DAY_MS, &bench->before);
	for (int left = SPREAD_PASSES; spread_ms > 0 && left > 0; left--)
		pass_run(bench, start_ms - left * spread_ms, spread_ms, &bench->before);
	if (plan->minutes == 0)
		pass_run(bench, start_ms, ADD_MS, &bench->before);
	tick->time_ms = start_ms - MINUTE_MS;
	apply(bench, tick, &bench->before);
	drain_all(bench, &bench->before);
	group_free(tick);
}

/* Of an event. */
static double
cost_ns(const struct taken *taken)
{
	return (double)(taken->apply_ns + taken->drain_ns) / (double)taken->events;
}

static void
report_steps(struct taken *taken, const char *name, const char *what)
{
	char prefix[64];
	snprintf(prefix, sizeof(prefix), "kernel.%s.%s", name, what);
	samples_figures(&taken->step_us, prefix, "us");
	figure_of(prefix, ".steps", (double)taken->step_us.count, "");
	figure_of(prefix, ".above.5ms", (double)samples_above(&taken->step_us, STALL_US_MAX), "");
}

static void
report(struct bench *bench)
{
	struct kernel_counters count;
	struct blocks_counters blocks;
	const struct taken *timed = &bench->timed;
	char prefix[64];
	kernel_count(bench->kernel, &count);
	snprintf(prefix, sizeof(prefix), "kernel.%s", bench->kase->name);
	if (count.verdict[VERDICT_OK] != bench->next_id) {
		fprintf(stderr, "bench_kernel: %s: not every event was counted\n", bench->kase->name);
		exit(1);
	}
	double n = (double)timed->events;
	figure_of(prefix, "", 1e3 / cost_ns(timed), "M/s");
	figure_of(prefix, ".cost", cost_ns(timed), "ns");
	figure_of(prefix, ".apply", (double)timed->apply_ns / n, "ns");
	if (bench->kase->plan.spread_days > 0)
		figure_of(prefix, ".before", cost_ns(&bench->before), "ns");
	/* an event: does the case do what it says? */
	figure_of(prefix, ".opened", (double)(int64_t)timed->cells_opened / n, "cells");
	figure_of(prefix, ".crossed", (double)timed->crossed / n, "cells and activities");
	figure_of(prefix, ".series", (double)count.series, "");
	figure_of(prefix, ".tuples", (double)count.tuples, "");
	figure_of(prefix, ".cells", (double)count.cells, "");
	figure_of(prefix, ".series.bytes", (double)count.bytes_series / (double)count.series, "B");
	figure_of(prefix, ".tuple.bytes", (double)count.bytes_tuples / (double)count.tuples, "B");
	figure_of(prefix, ".cell.bytes", (double)count.bytes_cells / (double)count.cells, "B");
	figure_of(prefix, ".id.bytes", (double)count.bytes_ids / (double)count.ids, "B");
	blocks_count(&blocks);
	figure_of(prefix, ".ready", (double)(blocks.ready_ns - bench->ready_before_ns) / (double)bench->next_id, "ns"); /* CPU time of the other thread */
	if (count.entities > 0) {
		figure_of(prefix, ".entities", (double)count.entities, "");
		figure_of(prefix, ".activities", (double)count.activities, "");
		figure_of(prefix, ".entity.bytes", (double)count.bytes_entities / (double)count.entities, "B");
	}
	report_steps(&bench->timed, bench->kase->name, "stall");
	if (bench->kase->plan.minutes == 0)
		report_steps(&bench->before, bench->kase->name, "grow");
}

static void
bench_case(const struct kase *kase)
{
	struct bench bench = {.kase = kase, .config = setting_new(), .log_ms = INT64_MIN};
	int64_t start_ms = kase->plan.start_ms > 0 ? kase->plan.start_ms : NOON;
	if (!kase->people)
		setting_add_only(bench.config);
	struct blocks_counters blocks;
	blocks_trim(); /* what the case before has left */
	blocks_count(&blocks);
	bench.ready_before_ns = blocks.ready_ns;
	bench.kernel = kernel_new(&bench.config->kernel);
	groups_make(&bench);
	history_run(&bench, start_ms);
	passes_run(&bench, start_ms, &bench.timed);
	report(&bench);
	for (uint32_t g = 0; g < bench.groups; g++)
		group_free(bench.group[g]);
	free(bench.group);
	samples_fini(&bench.before.step_us);
	samples_fini(&bench.timed.step_us);
	kernel_free(bench.kernel);
	setting_free(bench.config);
}

/* campaigns x 10 channels + campaigns + 10 + 50 teams + persons + 1 series */
#define SHAPE(campaigns_, persons_, events_, each_, batch_, ...)                                                       \
	{.batch = batch_, .events = events_, .campaigns = campaigns_, .persons = persons_, .channels = 10,             \
	 .persons_each = each_, __VA_ARGS__}
#define PEOPLE .customers = 2000000
#define SHOP PEOPLE, .shop = true
#define SHAPE_1K(...) SHAPE(80, 60, 131072, 4, 256, __VA_ARGS__)
#define SHAPE_100K(...) SHAPE(9000, 940, 524288, 4, 256, __VA_ARGS__)
#define SHAPE_SHORT(...) SHAPE(9000, 940, 262144, 4, 256, __VA_ARGS__)
#define EVENTS_1M 1310720 /* so many give nearly each of the series an event */
#define SHAPE_1M(...) SHAPE(120000, 9940, EVENTS_1M, 4, 256, __VA_ARGS__)
/* The days whose minutes the edges pass that move with each: r1d's two, d.ptd's, and that of who was there before. */
#define TURNS .minutes = 4, .before = {3, 2, 1}
/*
 * Half of a pass comes after the midnight. The days so old then: 66 are dropped, 64 have facts that can no longer be
 * corrected, 17 and 5 are merged into hours and quarters; the last are in the periods that turn.
 */
#define OVER(midnight) .start_ms = (midnight) - 2 * MINUTE_MS, .minutes = 4, .before = {66, 64, 17, 5, 2, 1}

static const struct kase cases[] = {
    {"add.1k", SHAPE_1K(PEOPLE), 12, false, {0}},
    {"add.100k", SHAPE_100K(PEOPLE), 3, false, {0}},
    {"add.1M", SHAPE_1M(PEOPLE), 1, false, {0}},
    {"add.100k.single", SHAPE(9000, 940, 524288, 4, 1, PEOPLE), 3, false, {0}}, /* a batch of its own for every event */
    {"turns.1k", SHAPE_1K(PEOPLE), 4, false, {TURNS}},
    {"turns.100k", SHAPE_100K(PEOPLE), 1, false, {TURNS}},
    {"apart.100k", SHAPE(9000, 940, 524288, 0, 256, PEOPLE), 3, false, {0}},
    {"people.1k", SHAPE_1K(PEOPLE), 12, true, {0}},
    {"people.100k", SHAPE_100K(PEOPLE), 3, true, {0}},
    {"people.shared.100k", SHAPE_100K(.customers = 1), 3, true, {0}},
    {"people.turns.100k", SHAPE_100K(PEOPLE), 1, true, {TURNS}},
    {"shop.1k", SHAPE(80, 60, EVENTS_1M, 4, 256, SHOP), 1, true, {0}},
    {"shop.100k", SHAPE(9000, 940, EVENTS_1M, 4, 256, SHOP), 1, true, {0}},
    {"shop.1M", SHAPE_1M(SHOP), 1, true, {0}},
    {"shop.turns.100k", SHAPE_100K(SHOP), 1, true, {TURNS}},
    {"midnight", SHAPE_SHORT(SHOP), 1, true, {OVER(THURSDAY)}},
    {"monthend", SHAPE_SHORT(SHOP), 1, true, {OVER(SUNDAYS_END)}},
    {"hot", SHAPE_SHORT(.customers = 1, .shop = true), 1, true, {.minutes = 4, .before = {31, 7, 3, 2, 1}}},
    {"history.1d", SHAPE_SHORT(SHOP), 1, true, {.minutes = 4, .spread_days = 1}},
    {"history.63d", SHAPE_SHORT(SHOP), 1, true, {.minutes = 4, .spread_days = 62}},
};

int
main(int argc, char **argv)
{
	blocks_ready_start(); /* as the node does */
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		if (argc < 2 || strcmp(argv[1], cases[k].name) == 0) {
			struct kase kase = cases[k];
			if (argc > 2)
				kase.passes = atoi(argv[2]);
			bench_case(&kase);
		}
	return 0;
}
