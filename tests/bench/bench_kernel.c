/*
 * bench_kernel - the kernel alone: groups in memory, kernel_apply() in thread CPU time.
 *
 * accept runs once, before; each pass gives the same events new ids and the present
 * log time. The default rollups and measures. What the cases say:
 *   add     one minute: tuples and cells exist after the first pass, which is not timed
 *   turns   a minute turns every pass: each event opens a cell, and drains run between
 *   apart   as add, but any person sells for any campaign and no tuple is met twice in a pass
 *   people  each customer, order and visit counts once, too; shared: all events bear one customer id
 *   shop    as people, with the mix of a shop: few of the events are leads or sales
 * usage: bench_kernel [CASE [PASSES]], for a profiler
 */
#include "tests/bench/figures.h"
#include "tests/bench/load.h"
#include "tests/bench/setting.h"
#include "aggregator/kernel.h"
#include <stdio.h>
#include <stdlib.h>

enum { GROUP_EVENTS = 2048, SLICE_CELLS = 1024 };
#define DAY_MS INT64_C(86400000)
#define START_MS (INT64_C(20780) * DAY_MS + DAY_MS / 2) /* a noon: no day's end comes near */

struct kase {
	const char *name;
	struct load_shape shape;
	int passes;
	bool turns, people;
};

struct bench {
	const struct kase *kase;
	struct config *config;
	struct kernel *kernel;
	struct group **group;
	uint32_t groups;
	uint64_t next_id;
	int64_t now_ms;
	/* what was measured */
	int64_t apply_ns, drain_ns;
	uint64_t events;
	struct samples stall_us;
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
			accept_push(&accept, bench->group[g], 0, load_message(load, g * each + m, START_MS));
	}
	load_free(load);
}

static void
groups_renew(struct bench *bench)
{
	for (uint32_t g = 0; g < bench->groups; g++) {
		struct group *group = bench->group[g];
		group->time_ms = bench->now_ms;
		for (uint32_t e = 0; e < group->event_count; e++) {
			uint64_t id = ++bench->next_id;
			uint64_t mixed = (id ^ id << 31) * UINT64_C(0xd6e8feb86659fd93);
			group->events[e].id = (struct hash128){id * UINT64_C(0x9e3779b97f4a7c15), mixed ^ mixed >> 32};
			/* one after the other, the neighbours out of order, all within the minute */
			uint64_t at = (uint64_t)g * GROUP_EVENTS + (e ^ 1);
			group->events[e].ts_ms = bench->now_ms + (int64_t)(at * 50000 / bench->kase->shape.events);
			group->events[e].verdict = VERDICT_OK;
		}
	}
}

static void
forget(void *context, uint32_t series, bool live)
{
	(void)context, (void)series, (void)live;
}

static void
pass_run(struct bench *bench, bool timed)
{
	groups_renew(bench);
	int64_t cpu = figures_thread_cpu_ns();
	for (uint32_t g = 0; g < bench->groups; g++) {
		int64_t start = figures_thread_cpu_ns();
		kernel_apply(bench->kernel, bench->group[g]);
		if (timed)
			samples_add(&bench->stall_us, (double)(figures_thread_cpu_ns() - start) / 1e3);
	}
	int64_t applied = figures_thread_cpu_ns();
	while (!kernel_drain(bench->kernel, SLICE_CELLS))
		;
	int64_t drained = figures_thread_cpu_ns();
	kernel_take_dirty(bench->kernel, UINT32_MAX, forget, NULL);
	if (!timed)
		return;
	bench->apply_ns += applied - cpu;
	bench->drain_ns += drained - applied;
	bench->events += bench->kase->shape.events;
}

static void
report(struct bench *bench)
{
	struct kernel_counters count;
	char prefix[64];
	kernel_count(bench->kernel, &count);
	snprintf(prefix, sizeof(prefix), "kernel.%s", bench->kase->name);
	if (count.verdict[VERDICT_OK] != bench->next_id) {
		fprintf(stderr, "bench_kernel: %s: not every event was counted\n", bench->kase->name);
		exit(1);
	}
	double n = (double)bench->events;
	figure_of(prefix, "", 1e3 * n / (double)(bench->apply_ns + bench->drain_ns), "M/s");
	figure_of(prefix, ".apply", (double)bench->apply_ns / n, "ns");
	figure_of(prefix, ".series", (double)count.series, "");
	figure_of(prefix, ".tuples", (double)count.tuples, "");
	figure_of(prefix, ".cells", (double)count.cells, "");
	figure_of(prefix, ".series.bytes", (double)count.bytes_series / (double)count.series, "B");
	figure_of(prefix, ".tuple.bytes", (double)count.bytes_tuples / (double)count.tuples, "B");
	figure_of(prefix, ".cell.bytes", (double)count.bytes_cells / (double)count.cells, "B");
	figure_of(prefix, ".id.bytes", (double)count.bytes_ids / (double)count.ids, "B");
	if (count.entities > 0) {
		figure_of(prefix, ".entities", (double)count.entities, "");
		figure_of(prefix, ".activities", (double)count.activities, "");
		figure_of(prefix, ".entity.bytes", (double)count.bytes_entities / (double)count.entities, "B");
	}
	/* for a group of GROUP_EVENTS */
	snprintf(prefix, sizeof(prefix), "kernel.%s.stall", bench->kase->name);
	samples_figures(&bench->stall_us, prefix, "us");
}

static void
bench_case(const struct kase *kase)
{
	struct bench bench = {.kase = kase, .config = setting_new(), .now_ms = START_MS};
	if (!kase->people)
		setting_add_only(bench.config);
	bench.kernel = kernel_new(&bench.config->kernel);
	groups_make(&bench);
	for (int pass = -1; pass < kase->passes; pass++) {
		pass_run(&bench, pass >= 0);
		bench.now_ms += kase->turns ? 60000 : 1;
	}
	report(&bench);
	for (uint32_t g = 0; g < bench.groups; g++)
		group_free(bench.group[g]);
	free(bench.group);
	samples_fini(&bench.stall_us);
	kernel_free(bench.kernel);
	setting_free(bench.config);
}

/* campaigns x 10 channels + campaigns + 10 + 50 teams + persons + 1 series */
#define SHAPE(campaigns_, persons_, events_, each_, batch_, ...)                                                       \
	{.batch = batch_, .events = events_, .campaigns = campaigns_, .persons = persons_, .channels = 10,             \
	 .persons_each = each_, __VA_ARGS__}
#define PEOPLE .customers = 2000000
#define SHOP PEOPLE, .shop = true

static const struct kase cases[] = {
    {"add.1k", SHAPE(80, 60, 131072, 4, 256, PEOPLE), 12, false, false},
    {"add.100k", SHAPE(9000, 940, 524288, 4, 256, PEOPLE), 3, false, false},
    {"add.1M", SHAPE(90000, 9940, 2097152, 4, 256, PEOPLE), 1, false, false},
    {"add.100k.single", SHAPE(9000, 940, 524288, 4, 1, PEOPLE), 3, false, false}, /* a batch of its own for every event */
    {"turns.1k", SHAPE(80, 60, 131072, 4, 256, PEOPLE), 12, true, false},
    {"turns.100k", SHAPE(9000, 940, 524288, 4, 256, PEOPLE), 3, true, false},
    {"apart.100k", SHAPE(9000, 940, 524288, 0, 256, PEOPLE), 3, false, false},
    {"people.1k", SHAPE(80, 60, 131072, 4, 256, PEOPLE), 12, false, true},
    {"people.100k", SHAPE(9000, 940, 524288, 4, 256, PEOPLE), 3, false, true},
    {"people.shared.100k", SHAPE(9000, 940, 524288, 4, 256, .customers = 1), 3, false, true},
    {"people.turns.100k", SHAPE(9000, 940, 524288, 4, 256, PEOPLE), 3, true, true},
    {"shop.1k", SHAPE(80, 60, 131072, 4, 256, SHOP), 12, false, true},
    {"shop.100k", SHAPE(9000, 940, 524288, 4, 256, SHOP), 3, false, true},
    {"shop.turns.100k", SHAPE(9000, 940, 524288, 4, 256, SHOP), 3, true, true},
};

int
main(int argc, char **argv)
{
	for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		if (argc < 2 || strcmp(argv[1], cases[k].name) == 0) {
			struct kase kase = cases[k];
			if (argc > 2)
				kase.passes = atoi(argv[2]);
			bench_case(&kase);
		}
	return 0;
}
