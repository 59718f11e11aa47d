/*
 * test_histories.c - the kernel against the oracle on random histories.
 *
 * One seed is one history: a zone, a week start, slides, measures, rollups, then
 * groups of events (fresh, late, ahead, duplicate, conflicting, negative), ticks,
 * silences, month ends and clock changes, with drains cut into random slices.
 * At random moments every series x window x part x measure is compared. The same history
 * goes in parts to two or eight more kernels (partition.h), whose sums must be equal, too; and the
 * auditor runs along.
 *
 *     LAJU_SEED=n   runs that seed alone      LAJU_SEEDS=n   runs n seeds (default 200)
 */
#include "aggregator/image.h"
#include "aggregator/partition.h"
#include "tests/property/twin.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { EVENTS_KEPT = 400, PARTS_MAX = 8 };
static const int64_t MINUTE = 60000, HOUR = 3600000, DAY = 86400000;

struct random {
	uint64_t state;
};

static uint64_t
next(struct random *random)
{
	uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int64_t
below(struct random *random, int64_t n)
{
	return (int64_t)(next(random) % (uint64_t)n);
}

static bool
chance(struct random *random, int percent)
{
	return below(random, 100) < percent;
}

/* Zones and an instant near which something odd happens there. */
static const struct {
	const char *zone, *around;
	int64_t at_ms;
} places[] = {
    {"UTC", "new year", 1704067200000},
    {"Asia/Jakarta", "no changes", 1795392000000},
    {"America/New_York", "spring forward", 1710054000000},
    {"America/New_York", "fall back", 1730613600000},
    {"Australia/Lord_Howe", "half an hour back", 1712415600000},
    {"Australia/Lord_Howe", "half an hour forward", 1728142200000},
    {"Asia/Kathmandu", "offset +05:45", 1709251200000},
    {"Africa/Cairo", "day starts 01:00", 1714082400000},
    {"Africa/Cairo", "midnight repeats", 1730408400000},
    {"America/St_Johns", "changes at 00:01", 1162090000000},
    {"Pacific/Apia", "a date that never was", 1325239200000},
    {"America/Santiago", "midnight skipped", 1725768000000},
};

struct world {
	struct random random;
	uint64_t seed;
	struct twin twin;
	int64_t recv_ms;
	uint32_t next_id;
	/* past events, to be repeated or contradicted */
	struct past {
		char id[16];
		struct oracle_event event;
		char dim[EVENT_DIMS][8], cust[8], order[8], visit[8], lead[8], ref[16];
	} past[EVENTS_KEPT];
	uint32_t past_count;
	struct kernel *part[PARTS_MAX];
	uint32_t parts;
	struct kernel_view *told; /* by series, as they were last told */
	uint32_t told_cap;
};

static void
make_world(struct world *world, uint64_t seed)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed;
	world->random.state = seed * 7919 + 1;
	struct random *random = &world->random;
	unsigned place = (unsigned)below(random, sizeof(places) / sizeof(places[0]));
	twin_init(&world->twin, places[place].zone);
	struct kernel_config *config = &world->twin.config;
	static const int slides[] = {1, 5, 15, 60};
	config->week_start = (int)below(random, 7);
	config->clock_events = chance(random, 20);
	config->look_back_ms = (int64_t[]){0, 2 * DAY, 45 * DAY}[below(random, 3)];
	config->busy_from = (uint32_t[]){0, 1, 3, 10}[below(random, 4)];
	config->busy_run = config->busy_from > 0 ? 3 : 0;
	if (chance(random, 40))
		for (int w = 0; w < WINDOW_ROLLING; w++)
			config->slide_min[w] = slides[below(random, 4)];
	twin_rollup(&world->twin, "all", 0);
	twin_rollup(&world->twin, "campaign", 1 << TEXT_CAMP);
	twin_rollup(&world->twin, "campaign+channel", 1 << TEXT_CAMP | 1 << TEXT_CHAN);
	twin_rollup(&world->twin, "product", 1 << TEXT_PROD);
	twin_rollup(&world->twin, "team", 1 << TEXT_TEAM);
	twin_start(&world->twin);
	if (!config->clock_events) /* there log time is told by each event, and each would have to go to all */
		world->parts = (uint32_t[]){0, 0, 2, PARTS_MAX}[below(random, 4)];
	for (uint32_t p = 0; p < world->parts; p++)
		world->part[p] = kernel_new(config);
	/* Start before the odd moment, near enough to live through it. */
	world->recv_ms = places[place].at_ms - below(random, 70 * DAY);
	if (chance(random, 30))
		world->recv_ms = places[place].at_ms - below(random, 3 * HOUR);
}

static void
free_world(struct world *world)
{
	twin_fini(&world->twin);
	for (uint32_t p = 0; p < world->parts; p++)
		kernel_free(world->part[p]);
	free(world->told);
}

static void
must(const struct world *world, bool equal)
{
	if (!equal)
		fail_msg("seed %llu: %s", (unsigned long long)world->seed, world->twin.difference);
}

/* A time in a pane at which some edge stands or has just arrived: where a drain may be half done. */
static int64_t
edge_time(struct world *world)
{
	struct window_bounds bounds;
	struct random *random = &world->random;
	unsigned window = (unsigned)below(random, WINDOW_COUNT), part = (unsigned)below(random, PART_COUNT);
	if (kernel_now(world->twin.kernel) == INT64_MIN)
		return world->recv_ms;
	kernel_bounds(world->twin.kernel, (enum window)window, &bounds);
	int64_t at = chance(random, 50) ? bounds.part[part].lo : bounds.part[part].hi;
	if (part == PART_PTD && window < WINDOW_R30D) /* where what is before prev begins */
		at = 2 * bounds.part[PART_PREV].lo - bounds.part[PART_CUR].lo;
	if (at <= 0)
		return world->recv_ms;
	return chance(random, 50) ? at + below(random, 4 * MINUTE) - 2 * MINUTE : at - below(random, 75 * MINUTE);
}

static int64_t
event_time(struct world *world)
{
	struct random *random = &world->random;
	int64_t now = world->recv_ms;
	switch (below(random, 12)) {
	case 6:
	case 7:
		return edge_time(world);
	case 0:
		return now - below(random, 66 * DAY); /* some are too late */
	case 1:
		return now - below(random, 32 * DAY);
	case 2:
		return now - below(random, 3 * DAY);
	case 3:
		return now + below(random, 7 * MINUTE); /* some are too early */
	case 4:
		return (now - below(random, 62 * DAY)) / HOUR * HOUR - (chance(random, 50) ? 1 : 0);
	case 5:
		return now - 63 * DAY + below(random, 3) - 1; /* at the horizon */
	default:
		return now - below(random, 2 * HOUR);
	}
}

static void
name(struct random *random, char *to, const char *format, int64_t n, const char **field, int percent)
{
	if (!chance(random, percent))
		return;
	snprintf(to, 8, format, (int)below(random, n));
	*field = to;
}

/* Some event of the past, which is then corrected, taken back or refunded; mostly of a type for which that makes sense. */
static void
refer(struct world *world, struct past *past)
{
	struct random *random = &world->random;
	struct oracle_event *event = &past->event;
	bool refund = event->type == EVENT_REFUND;
	uint32_t span = world->past_count < EVENTS_KEPT ? world->past_count : EVENTS_KEPT;
	if (span < 2 || chance(random, 8)) { /* something that comes later, or never */
		snprintf(past->ref, sizeof(past->ref), "e%u", world->next_id + (uint32_t)below(random, 12));
		event->ref = past->ref;
		return;
	}
	const struct past *to = NULL;
	for (int tries = 0; tries < 12; tries++) {
		to = &world->past[below(random, span)];
		int type = to->event.type;
		if (to != past && (refund ? type == EVENT_SALE : type >= EVENT_LEAD && type <= EVENT_SPEND))
			break;
	}
	memcpy(past->ref, to->id, sizeof(past->ref));
	event->ref = past->ref;
	memcpy(past->cust, to->cust, sizeof(past->cust));
	event->cust = to->event.cust != NULL && !chance(random, 3) ? past->cust : NULL;
	if (chance(random, 60)) /* near it */
		event->ts_ms = to->event.ts_ms + below(random, 2 * DAY) - HOUR;
}

static int64_t
look_back(const struct world *world)
{
	return world->twin.config.look_back_ms > 0 ? world->twin.config.look_back_ms : 30 * DAY;
}

/* What accept makes of money: dollars are worth more from day to day. */
static void
price(struct world *world, struct oracle_event *event)
{
	struct random *random = &world->random;
	event->has_amt = event->type != EVENT_CORRECT || chance(random, 90);
	event->given = below(random, 2000);
	if (event->type == EVENT_SPEND || (event->type == EVENT_CORRECT && chance(random, 10)))
		event->given -= 500;
	if (!event->has_amt)
		event->given = 0;
	event->cur = chance(random, 30) ? "USD" : NULL;
	event->num[NUM_AMT] = twin_amount(event->cur, event->given, event->ts_ms);
	event->num[NUM_QTY] = below(random, 5);
}

static void
fresh_event(struct world *world, struct past *past)
{
	struct random *random = &world->random;
	static const int types[] = {EVENT_VISIT, EVENT_VISIT, EVENT_LEAD, EVENT_LEAD, EVENT_SALE, EVENT_SALE, EVENT_SALE,
	                            EVENT_REFUND, EVENT_SPEND, EVENT_ENGAGE, EVENT_CORRECT, EVENT_VOID};
	static const char *const cost_types[] = {NULL, "media", "tool"};
	struct oracle_event *event = &past->event;
	*event = (struct oracle_event){.type = types[below(random, sizeof(types) / sizeof(types[0]))],
	                               .ts_ms = event_time(world)};
	snprintf(past->id, sizeof(past->id), "e%u", world->next_id++);
	event->id = past->id;
	event->content = next(random);
	name(random, past->cust, "p%d", chance(random, 70) ? 6 : 300, &event->cust, 85);
	if (event->type == EVENT_CORRECT || event->type == EVENT_VOID || (event->type == EVENT_REFUND && chance(random, 85)))
		refer(world, past);
	else if (world->past_count > 20 && chance(random, 8)) /* at the very moment of another */
		event->ts_ms = world->past[below(random, 20)].event.ts_ms;
	else if (world->past_count > 20 && chance(random, 4)) /* where the look-back of another ends, or its own */
		event->ts_ms = world->past[below(random, 20)].event.ts_ms + (chance(random, 50) ? 1 : -1) * look_back(world);
	if (event->type == EVENT_CORRECT || event->type == EVENT_VOID)
		event->rev = below(random, 4) - 1;
	if (event->type == EVENT_LEAD || event->type == EVENT_CORRECT)
		event->stage = (int)below(random, 5) + (event->type == EVENT_LEAD ? 1 : 0);
	if (event->type == EVENT_SPEND || event->type == EVENT_CORRECT)
		event->cost_type = cost_types[below(random, 3)];
	if (event->type == EVENT_SALE || event->type == EVENT_REFUND || event->type == EVENT_SPEND ||
	    event->type == EVENT_CORRECT)
		price(world, event);
	if (event->type == EVENT_LEAD || event->type == EVENT_SALE || event->type == EVENT_CORRECT)
		name(random, past->lead, "l%d", 8, &event->lead, event->type == EVENT_LEAD ? 100 : 60);
	if (event->type == EVENT_SALE || event->type == EVENT_CORRECT)
		name(random, past->order, "o%d", 12, &event->order, 70);
	name(random, past->visit, "v%d", 12, &event->visit, 30);
	bool bare = chance(random, 50); /* it says not where from */
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (!bare || d > TEXT_MED)
			name(random, past->dim[d], "c%d", d == TEXT_PROD ? 40 : 2, &event->dim[d], d > TEXT_MED ? 50 : 70);
	if (!bare && chance(random, 10))
		event->dim[TEXT_CHAN] = "Direct";
	for (unsigned d = 0; d <= TEXT_MED; d++)
		event->has_touch |= event->dim[d] != NULL;
	if (event->type == EVENT_VISIT && !event->has_touch)
		event->dim[TEXT_CHAN] = "Direct";
}

/* The same once more a little later or earlier: cells and activities that will merge. */
static void
like_another(struct world *world, struct past *past, const struct past *other)
{
	struct oracle_event *event = &past->event;
	char id[16];
	memcpy(id, past->id, sizeof(id));
	if (other == past)
		return;
	*past = *other;
	memcpy(past->id, id, sizeof(id));
	event->id = past->id;
	event->content = next(&world->random);
	event->ts_ms += below(&world->random, 40 * MINUTE) - 20 * MINUTE;
	if (event->num[NUM_AMT] != 0)
		event->num[NUM_AMT] = twin_amount(event->cur, event->given, event->ts_ms);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (event->dim[d] == other->dim[d])
			event->dim[d] = past->dim[d];
	event->cust = event->cust != NULL ? past->cust : NULL;
	event->order = event->order != NULL ? past->order : NULL;
	event->visit = event->visit != NULL ? past->visit : NULL;
	event->lead = event->lead != NULL ? past->lead : NULL;
	event->ref = event->ref != NULL ? past->ref : NULL;
}

static void
pass_time(struct world *world)
{
	struct random *random = &world->random;
	switch (below(random, 16)) {
	case 12: /* the same minute: drains are still under way */
	case 13:
	case 14:
	case 15:
		break;
	case 0:
		world->recv_ms += below(random, 4 * DAY);
		break;
	case 1:
		world->recv_ms += below(random, 10 * HOUR);
		break;
	case 2:
		world->recv_ms += chance(random, 10) ? below(random, 40 * DAY) : below(random, 2 * MINUTE);
		break;
	case 3: /* to the very edge of a minute, hour or so */
		world->recv_ms = (world->recv_ms / HOUR + 1) * HOUR - (chance(random, 50) ? 1 : 0);
		break;
	case 4:
		if (chance(random, 3))
			world->recv_ms += below(random, 200 * DAY);
		break;
	default:
		world->recv_ms += below(random, 3 * MINUTE);
	}
}

/* The group's events that belong to a part. */
static struct group *
part_of(const struct world *world, const struct group *group, uint32_t part)
{
	struct group *its = group_new(GROUP_BATCHES);
	struct group_batch *batch = group_add_batch(its);
	its->dims_mask = group->dims_mask;
	its->recv_ms = its->time_ms = group->time_ms;
	buf_add(&its->bytes, group->bytes.data, group->bytes.len);
	for (uint32_t i = 0; i < group->event_count; i++) {
		if (partition_of(&world->twin.config, group, &group->events[i], world->parts) != part)
			continue;
		*group_add_event(its) = group->events[i];
		batch->count++;
	}
	return its;
}

/* Each event was decided in its part as in the whole. */
static void
parts_agree(const struct world *world, const struct group *whole, struct group *const its[PARTS_MAX])
{
	uint32_t seen[PARTS_MAX] = {0};
	for (uint32_t i = 0; i < whole->event_count && world->parts > 0; i++) {
		uint32_t part = partition_of(&world->twin.config, whole, &whole->events[i], world->parts);
		unsigned verdict = its[part]->events[seen[part]++].verdict;
		if (verdict != whole->events[i].verdict)
			fail_msg("seed %llu: event %u of part %u: %s there, %s in the whole", (unsigned long long)world->seed, i, part,
			         verdict_name(verdict), verdict_name(whole->events[i].verdict));
	}
}

static void
apply_some(struct world *world)
{
	struct random *random = &world->random;
	struct group *group = group_new(GROUP_BATCHES);
	enum verdict expected[40];
	uint32_t count = chance(random, 10) ? 0 : (uint32_t)below(random, 24) + 1;
	group->dims_mask = kernel_dims_mask(&world->twin.config);
	if (chance(random, 10))
		group->dims_mask = (uint8_t)below(random, 128); /* logged by a node with other rollups */
	group->recv_ms = group->time_ms = world->recv_ms;
	if (!world->twin.config.clock_events) {
		oracle_time(world->twin.oracle, world->recv_ms);
		group->time_ms = oracle_now(world->twin.oracle);
	}
	struct group_batch *batch = group_add_batch(group);
	batch->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct past *past = &world->past[world->past_count % EVENTS_KEPT];
		if (world->past_count > 20 && chance(random, 12)) { /* again, or in contradiction */
			uint32_t span = world->past_count < EVENTS_KEPT ? world->past_count : EVENTS_KEPT;
			past = &world->past[below(random, span)];
			struct oracle_event again = past->event;
			if (chance(random, 40)) {
				again.content++;
				if (chance(random, 50))
					again.ts_ms = event_time(world);
			}
			past->event = again;
		} else {
			fresh_event(world, past);
			if (world->past_count > 20 && chance(random, 25))
				like_another(world, past, &world->past[(world->past_count - 1 - (uint32_t)below(random, 15)) % EVENTS_KEPT]);
			world->past_count++;
		}
		twin_put(&world->twin, group, &past->event);
		expected[i] = twin_expect(&world->twin, &past->event);
		if (world->twin.config.clock_events && past->event.ts_ms > world->recv_ms)
			world->recv_ms = past->event.ts_ms;
	}
	struct group *its[PARTS_MAX];
	for (uint32_t p = 0; p < world->parts; p++)
		its[p] = part_of(world, group, p);
	kernel_apply(world->twin.kernel, group);
	must(world, twin_verdicts(&world->twin, group, expected));
	for (uint32_t p = 0; p < world->parts; p++)
		kernel_apply(world->part[p], its[p]);
	parts_agree(world, group, its);
	for (uint32_t p = 0; p < world->parts; p++)
		group_free(its[p]);
	group_free(group);
}

static void
tick(struct world *world)
{
	struct group *group = group_new(GROUP_TICK);
	oracle_time(world->twin.oracle, world->recv_ms);
	group->recv_ms = group->time_ms = oracle_now(world->twin.oracle);
	kernel_apply(world->twin.kernel, group);
	for (uint32_t p = 0; p < world->parts; p++)
		kernel_apply(world->part[p], group);
	group_free(group);
}

/* A series' totals are the sums of those of its parts. */
static void
sum_parts(struct world *world, uint32_t id, enum window window, enum window_part part)
{
	const struct kernel *whole = world->twin.kernel;
	uint64_t missing = measures_missing(&world->twin.kpis, window, part);
	int64_t totals[MEASURES_MAX], sum[MEASURES_MAX] = {0};
	struct slice key[EVENT_DIMS];
	kernel_series_key(whole, id, key);
	kernel_totals(world->twin.kernel, id, window, part, totals);
	for (uint32_t p = 0; p < world->parts; p++) {
		int64_t its[MEASURES_MAX];
		uint32_t there = kernel_series_find(world->part[p], kernel_series_rollup(whole, id), key);
		if (there == UINT32_MAX)
			continue;
		kernel_totals(world->part[p], there, window, part, its);
		for (uint32_t m = 0; m < world->twin.kpis.measure_count; m++)
			sum[m] += its[m];
	}
	for (uint32_t m = 0; m < world->twin.kpis.measure_count; m++)
		if (sum[m] != totals[m] && !(missing >> m & 1))
			fail_msg("seed %llu: %s part %u %s of series %u: %u parts have %lld, the whole %lld",
			         (unsigned long long)world->seed, window_name(window), part, world->twin.kpis.measure[m].name, id,
			         world->parts, (long long)sum[m], (long long)totals[m]);
}

static void
compare_parts(struct world *world)
{
	for (uint32_t p = 0; p < world->parts; p++)
		while (!kernel_drain(world->part[p], (uint64_t)below(&world->random, 400) + 1))
			;
	for (uint32_t id = 0; id < kernel_series_end(world->twin.kernel) && world->parts > 0; id++)
		for (unsigned w = 0; w < WINDOW_COUNT && kernel_series_live(world->twin.kernel, id); w++)
			for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
				sum_parts(world, id, (enum window)w, (enum window_part)part);
}

static void
compare_all(struct world *world)
{
	while (!kernel_drain(world->twin.kernel, (uint64_t)below(&world->random, 40) + 1))
		;
	must(world, twin_equal(&world->twin));
	compare_parts(world);
	for (uint32_t id = 0; id < kernel_series_end(world->twin.kernel); id++)
		if (kernel_series_live(world->twin.kernel, id) && chance(&world->random, 5))
			assert_true(kernel_audit(world->twin.kernel, id));
}

static void
on_told(void *context, uint32_t series, bool live)
{
	struct world *world = context;
	if (series >= world->told_cap) {
		world->told = realloc(world->told, (series + 64) * sizeof(*world->told));
		world->told_cap = series + 64;
	}
	if (live)
		kernel_view(world->twin.kernel, series, &world->told[series]);
}

/* What was not told has not changed. */
static void
tell(struct world *world)
{
	while (!kernel_drain(world->twin.kernel, UINT64_MAX))
		;
	kernel_take_dirty(world->twin.kernel, UINT32_MAX, on_told, world);
	for (uint32_t id = 0; id < kernel_series_end(world->twin.kernel); id++) {
		struct kernel_view now;
		if (!kernel_series_live(world->twin.kernel, id))
			continue;
		kernel_view(world->twin.kernel, id, &now);
		assert_int_equal(now.measures, world->told[id].measures);
		for (uint32_t m = 0; m < now.measures; m++)
			if (memcmp(now.total[m], world->told[id].total[m], sizeof(now.total[m])) != 0)
				fail_msg("seed %llu: %s of series %u has changed and was not told", (unsigned long long)world->seed,
				         world->twin.kpis.measure[now.measure[m]].name, id);
	}
}

static uint64_t audited; /* series, by the auditor that runs along */
static uint64_t images;  /* that kernels went on from */

static void
count_audits(const struct world *world)
{
	struct kernel_counters counted;
	kernel_count(world->twin.kernel, &counted);
	if (counted.audit_mismatch > 0)
		fail_msg("seed %llu: the audit found series %u wrong", (unsigned long long)world->seed, counted.mismatch_series);
	audited += counted.audited;
}

static bool
into_memory(void *context, const void *bytes, uint32_t n)
{
	buf_add(context, bytes, n);
	return true;
}

static bool
from_memory(void *context, void *bytes, uint32_t n)
{
	struct slice *rest = context;
	if (rest->n < n)
		return false;
	memcpy(bytes, rest->p, n);
	*rest = (struct slice){rest->p + n, rest->n - n};
	return true;
}

/* The same state from its image. */
static struct kernel *
reborn(struct world *world, struct kernel *kernel)
{
	struct buf bytes = {0};
	struct stream_out out = {.write = into_memory, .context = &bytes};
	struct hash128 before = kernel_digest(kernel, UINT32_MAX);
	kernel_save(kernel, &out);
	assert_true(stream_end(&out));
	stream_out_fini(&out);
	kernel_free(kernel);
	struct slice rest = buf_slice(&bytes);
	struct stream_in in = {.read = from_memory, .context = &rest};
	struct kernel *made = kernel_new(&world->twin.config);
	if (!kernel_load(made, &in) || rest.n > 0)
		fail_msg("seed %llu: an image cannot be read", (unsigned long long)world->seed);
	stream_in_fini(&in);
	buf_fini(&bytes);
	struct hash128 after = kernel_digest(made, UINT32_MAX);
	if (before.lo != after.lo || before.hi != after.hi)
		fail_msg("seed %llu: an image has another digest", (unsigned long long)world->seed);
	images++;
	return made;
}

static void
go_on_from_images(struct world *world)
{
	tell(world);
	count_audits(world);
	world->twin.kernel = reborn(world, world->twin.kernel);
	for (uint32_t p = 0; p < world->parts; p++)
		world->part[p] = reborn(world, world->part[p]);
}

static uint64_t
run_seed(uint64_t seed)
{
	struct world *world = calloc(1, sizeof(*world));
	make_world(world, seed);
	int steps = 10 + (int)below(&world->random, 30);
	bool any = false;
	for (int i = 0; i < steps; i++) {
		pass_time(world);
		if (chance(&world->random, 20)) {
			tick(world);
			any = true;
		} else {
			apply_some(world);
		}
		any |= oracle_now(world->twin.oracle) != ORACLE_NEVER;
		if (chance(&world->random, 40))
			kernel_drain(world->twin.kernel, (uint64_t)below(&world->random, chance(&world->random, 60) ? 4 : 30));
		if (chance(&world->random, 50))
			kernel_audit_some(world->twin.kernel, (uint32_t)below(&world->random, chance(&world->random, 50) ? 20 : 4000));
		if (any && chance(&world->random, 35))
			compare_all(world);
		if (chance(&world->random, 30))
			tell(world);
		if (any && chance(&world->random, 15))
			go_on_from_images(world);
	}
	if (any) {
		compare_all(world);
		/* I3: when all has expired every total is 0, every series is freed. */
		world->recv_ms += 200 * DAY;
		tick(world);
		compare_all(world);
		tell(world);
		must(world, twin_empty(&world->twin));
	}
	count_audits(world);
	uint64_t compared = world->twin.compared;
	free_world(world);
	free(world);
	return compared;
}

static void
kernel_equals_oracle_on_random_histories(void **state)
{
	(void)state;
	const char *one = getenv("LAJU_SEED"), *many = getenv("LAJU_SEEDS");
	uint64_t from = one != NULL ? strtoull(one, NULL, 10) : 1;
	uint64_t count = one != NULL ? 1 : many != NULL ? strtoull(many, NULL, 10) : 200;
	uint64_t compared = 0;
	for (uint64_t seed = from; seed < from + count; seed++)
		compared += run_seed(seed);
	print_message("seeds %llu..%llu: %llu totals compared, %llu series audited, %llu images\n", (unsigned long long)from,
	              (unsigned long long)(from + count - 1), (unsigned long long)compared, (unsigned long long)audited,
	              (unsigned long long)images);
	assert_true(compared > 0);
	assert_true(count < 100 || (audited > 0 && images > 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kernel_equals_oracle_on_random_histories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
