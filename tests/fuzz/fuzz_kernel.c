/*
 * fuzz_kernel.c - a story of events and passing time, told to the kernel and to the oracle.
 *
 * Input: [zone and settings, settings], then steps of eight bytes: what, when, how exactly, who, where from, of
 * which, how much, in which words. Ids, customers, leads and campaigns are few, and times are taken from where
 * something ends, so that events meet. Holds: both say the same of each event; when asked, all bounds and totals are
 * equal and a series passes kernel_audit(); when all has expired nothing is left.
 *
 * LAJU_STORY=1 prints the steps of an input that failed.
 *
 * BUGS: of the limits only that of waiting corrections is reached.
 */
#include "tests/property/twin.c"

enum { STEP_BYTES = 8, STEPS_MAX = 200, GROUP_MAX = 8, KEPT = STEPS_MAX, ASKED_MAX = 4 };
static const int64_t HOUR = 3600000;

struct step {
	uint8_t what, when, exact, who, from, of, much, words;
};
_Static_assert(sizeof(struct step) == STEP_BYTES, "read as bytes");

/* An event with the texts that it points to. */
struct past {
	struct oracle_event event;
	int64_t came_ms;
	char id[8], cust[4], lead[4], order[4], visit[4], ref[8];
};

struct world {
	struct twin twin;
	int64_t recv_ms, end_ms;
	struct past past[KEPT];
	uint32_t past_count, next_id, asked;
	struct group *group;
	enum verdict expected[GROUP_MAX];
	bool any, story;
};

static void
must(const struct world *world, bool holds)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", world->twin.difference[0] != '\0' ? world->twin.difference : "an audit failed");
	abort();
}

/* ---- events ---- */

static const struct past *
past_at(const struct world *world, uint8_t back)
{
	return world->past_count == 0 ? NULL : &world->past[world->past_count - 1 - back % world->past_count];
}

static int64_t
look_back(const struct world *world)
{
	return world->twin.config.look_back_ms > 0 ? world->twin.config.look_back_ms : 30 * DAY;
}

static int64_t
event_time(const struct world *world, const struct step *step)
{
	static const int64_t before[] = {0, 1, 1000, 60000, 420000, 3600000, 10800000, 86400000};
	const struct past *to = past_at(world, step->exact);
	int64_t now = world->recv_ms, near = (int64_t)(step->when >> 4) % 3 - 1;
	int64_t of = to != NULL ? to->event.ts_ms : now;
	switch (step->when % 16) {
	case 0:
		return now - world->twin.config.horizon_ms + near;
	case 1:
		return now + world->twin.config.future_ms * (step->exact % 3) / 2 + near;
	case 2:
	case 3:
		return now - step->exact * 6 * HOUR;
	case 4:
		return of;
	case 5:
		return of + near;
	case 6:
		return of + look_back(world) + near;
	case 7:
		return of - look_back(world) + near;
	case 8:
		return of + 40 * HOUR * near;
	case 9:
		return (now / HOUR - step->exact) * HOUR + near;
	default:
		return now - before[step->exact % 8];
	}
}

static const char *
pick(char *to, size_t size, const char *format, uint32_t n)
{
	snprintf(to, size, format, n);
	return to;
}

static void
set_dims(struct oracle_event *event, uint8_t from)
{
	static const char *const camp[] = {NULL, "c0", "c1", "c2"}, *const chan[] = {NULL, "Direct", "c0", "c1"};
	static const char *const team[] = {NULL, "t0", "t1", NULL}, *const prod[] = {NULL, "p0"};
	if ((from & 0x83) == 0) /* it does not say where from */
		from &= (uint8_t)~0xc;
	event->dim[TEXT_CAMP] = camp[from & 3];
	event->dim[TEXT_CHAN] = chan[from >> 2 & 3];
	event->dim[TEXT_TEAM] = team[from >> 4 & 3];
	event->dim[TEXT_PROD] = prod[from >> 6 & 1];
	event->has_touch = (from & 0xf) != 0;
	if (event->type == EVENT_VISIT && !event->has_touch)
		event->dim[TEXT_CHAN] = "Direct"; /* as accept derives it */
}

static void
set_money(struct oracle_event *event, uint8_t much, bool given)
{
	static const int64_t amount[] = {0, 1, 2, 3, 5, 7, 20, 50, 51, 99, 100, 100, 101, 150, 200, -40};
	bool negative = event->type == EVENT_SPEND || event->type == EVENT_CORRECT;
	event->has_amt = given || event->type != EVENT_CORRECT;
	event->given = event->has_amt ? amount[much % (negative ? 16 : 15)] : 0;
	event->cur = much >> 4 & 1 ? "USD" : NULL;
	event->num[NUM_AMT] = twin_amount(event->cur, event->given, event->ts_ms);
	event->num[NUM_QTY] = much >> 5 & 3;
}

/* The id and customer of an event that came, or (255: none; above 239) of one that may come soon. */
static void
refer(const struct world *world, struct past *past, const struct step *step)
{
	const struct past *to = past_at(world, step->of);
	if (step->of == 255 && past->event.type == EVENT_REFUND)
		return;
	past->event.ref = pick(past->ref, sizeof(past->ref), "e%u", world->next_id + step->of % 8);
	if (step->of > 239 || to == NULL)
		return;
	memcpy(past->ref, to->id, sizeof(past->ref));
	memcpy(past->cust, to->cust, sizeof(past->cust));
	past->event.cust = to->event.cust != NULL ? past->cust : NULL;
}

static void
make_event(struct world *world, struct past *past, const struct step *step, int type)
{
	static const char *const cost_types[] = {NULL, "media", "tool", NULL};
	struct oracle_event *event = &past->event;
	bool corrects = type == EVENT_CORRECT || type == EVENT_VOID;
	*event = (struct oracle_event){.type = type, .ts_ms = event_time(world, step)};
	event->id = pick(past->id, sizeof(past->id), "e%u", world->next_id++);
	event->content = world->next_id;
	if (step->who % 4 < 3)
		event->cust = pick(past->cust, sizeof(past->cust), "p%u", step->who % 4);
	if (corrects || type == EVENT_REFUND)
		refer(world, past, step);
	if (corrects) /* of 16, so that more of them than may can wait for one event */
		event->rev = (step->words & 3) - 1 + (step->much >> 7 << 2) + (step->from >> 7 << 3);
	if (type == EVENT_LEAD)
		event->stage = step->words % 5 + 1;
	if (type == EVENT_CORRECT)
		event->stage = step->words / 4 % 6;
	if (type == EVENT_SPEND || type == EVENT_CORRECT)
		event->cost_type = cost_types[step->words / 32 % 4];
	if ((type >= EVENT_SALE && type <= EVENT_SPEND) || type == EVENT_CORRECT)
		set_money(event, step->much, step->words % 16 < 15);
	if (type == EVENT_LEAD || ((type == EVENT_SALE || type == EVENT_CORRECT) && step->who / 4 % 4 < 3))
		event->lead = pick(past->lead, sizeof(past->lead), "l%u", step->who / 4 % 4);
	if ((type == EVENT_SALE || type == EVENT_CORRECT) && step->who / 16 % 4 < 3)
		event->order = pick(past->order, sizeof(past->order), "o%u", step->who / 16 % 4);
	if (step->who / 64 % 4 < 2)
		event->visit = pick(past->visit, sizeof(past->visit), "v%u", step->who / 64 % 4);
	set_dims(event, step->from);
}

/* Its pointers are those of the one it was copied from. */
static void
own_texts(struct past *past)
{
	struct oracle_event *event = &past->event;
	event->id = past->id;
	event->cust = event->cust != NULL ? past->cust : NULL;
	event->lead = event->lead != NULL ? past->lead : NULL;
	event->order = event->order != NULL ? past->order : NULL;
	event->visit = event->visit != NULL ? past->visit : NULL;
	event->ref = event->ref != NULL ? past->ref : NULL;
}

/* The same once more; or its id, with other words. */
static void
make_again(struct world *world, struct past *past, const struct step *step)
{
	*past = *past_at(world, step->of);
	own_texts(past);
	if (step->words % 4 == 0)
		return;
	past->event.content += 1000;
	past->event.ts_ms = step->words % 4 > 1 ? event_time(world, step) : past->event.ts_ms;
	if (past->event.cur != NULL)
		past->event.num[NUM_AMT] = twin_amount(past->event.cur, past->event.given, past->event.ts_ms);
}

static const char *
word(const char *text)
{
	return text != NULL ? text : "-";
}

static void
tell_event(const struct oracle_event *e)
{
	fprintf(stderr, "%s %s at %lld", event_type_name((unsigned)e->type), e->id, (long long)e->ts_ms);
	fprintf(stderr, " cust %s lead %s order %s visit %s", word(e->cust), word(e->lead), word(e->order),
	        word(e->visit));
	fprintf(stderr, " stage %d ref %s rev %lld", e->stage, word(e->ref), (long long)e->rev);
	fprintf(stderr, " amt %lld (%lld %s%s) qty %lld", (long long)e->num[NUM_AMT], (long long)e->given, word(e->cur),
	        e->has_amt ? "" : ", not given", (long long)e->num[NUM_QTY]);
	fprintf(stderr, " camp %s chan %s team %s prod %s%s\n", word(e->dim[TEXT_CAMP]), word(e->dim[TEXT_CHAN]),
	        word(e->dim[TEXT_TEAM]), word(e->dim[TEXT_PROD]), e->has_touch ? " touch" : "");
}

/* ---- steps ---- */

static void
flush(struct world *world)
{
	if (world->group == NULL)
		return;
	kernel_apply(world->twin.kernel, world->group);
	must(world, twin_verdicts(&world->twin, world->group, world->expected));
	group_free(world->group);
	world->group = NULL;
}

static void
begin_group(struct world *world)
{
	struct group *group = world->group = group_new(GROUP_BATCHES);
	group->dims_mask = kernel_dims_mask(&world->twin.config);
	group->recv_ms = group->time_ms = world->recv_ms;
	group_add_batch(group);
	if (!world->twin.config.clock_events)
		oracle_time(world->twin.oracle, world->recv_ms);
}

static void
step_event(struct world *world, const struct step *step, int type)
{
	struct past *past = &world->past[world->past_count];
	if (world->past_count == KEPT || (type == EVENT_NONE && world->past_count == 0))
		return;
	if (type == EVENT_NONE)
		make_again(world, past, step);
	else
		make_event(world, past, step, type);
	past->came_ms = world->recv_ms;
	world->past_count++;
	if (world->group == NULL)
		begin_group(world);
	uint32_t count = world->group->batches[0].count++;
	twin_put(&world->twin, world->group, &past->event);
	world->expected[count] = twin_expect(&world->twin, &past->event);
	if (world->twin.config.clock_events && past->event.ts_ms > world->recv_ms)
		world->recv_ms = past->event.ts_ms;
	world->any = true;
	if (world->story) {
		fprintf(stderr, "[%lld] %s: ", (long long)world->recv_ms, verdict_name(world->expected[count]));
		tell_event(&past->event);
	}
	if (count + 1 == GROUP_MAX || step->words >> 7)
		flush(world);
}

static void
tick(struct world *world)
{
	struct group *group = group_new(GROUP_TICK);
	oracle_time(world->twin.oracle, world->recv_ms);
	group->recv_ms = group->time_ms = oracle_now(world->twin.oracle);
	kernel_apply(world->twin.kernel, group);
	group_free(group);
	world->any = true;
}

/* How long until something ends: the memory of an event, by its time or by when it came; an hour; a day. */
static int64_t
time_left(const struct world *world, const struct step *step)
{
	const struct past *of = past_at(world, step->of);
	const struct zone *zone = world->twin.config.zone;
	int64_t near = step->exact % 4 - 2, now = world->recv_ms;
	if (of != NULL && step->when % 4 < 2)
		return (step->when % 4 == 0 ? of->event.ts_ms : of->came_ms) + world->twin.config.horizon_ms - now +
		       near;
	if (step->when % 4 == 2)
		return HOUR - now % HOUR + near;
	return zone_day_start(zone, zone_day_of(zone, now) + 1) - now + near;
}

static void
step_time(struct world *world, const struct step *step)
{
	static const int64_t pass[] = {1,       1000,         30000,    60000,     600000,    1800000,    3540000,
	                               3600000, 10 * 3600000, 86400000, 432000000, 864000000, 1728000000, 5270400000};
	enum { PASSES = sizeof(pass) / sizeof(pass[0]) };
	int64_t by = step->when % 32 < 20 ? pass[step->when % 32 % PASSES] : time_left(world, step);
	if (by > 0 && step->words % 8 == 7) /* stop half an hour before */
		by -= HOUR / 2;
	if (by <= 0 || by > 70 * DAY || world->recv_ms + by > world->end_ms)
		return;
	world->recv_ms += by;
	if (world->story)
		fprintf(stderr, "time %lld, + %lld\n", (long long)world->recv_ms, (long long)by);
}

static void
step_ask(struct world *world)
{
	if (!world->any || world->asked++ >= ASKED_MAX)
		return;
	kernel_drain(world->twin.kernel, UINT64_MAX);
	must(world, twin_equal(&world->twin));
}

/* One series: an audit goes through all that the kernel has. */
static void
step_audit(struct world *world, uint32_t which)
{
	struct kernel *kernel = world->twin.kernel;
	uint32_t end = kernel_series_end(kernel);
	if (!world->any || end == 0)
		return;
	kernel_drain(kernel, UINT64_MAX);
	if (kernel_series_live(kernel, which % end))
		must(world, kernel_audit(kernel, which % end));
}

static void
do_step(struct world *world, const struct step *step)
{
	static const uint8_t type[] = {
	    EVENT_VISIT,  EVENT_VISIT,   EVENT_VISIT,   EVENT_LEAD,    EVENT_LEAD,   EVENT_LEAD,   EVENT_SALE,
	    EVENT_SALE,   EVENT_SALE,    EVENT_SALE,    EVENT_REFUND,  EVENT_REFUND, EVENT_REFUND, EVENT_SPEND,
	    EVENT_ENGAGE, EVENT_CORRECT, EVENT_CORRECT, EVENT_CORRECT, EVENT_VOID,   EVENT_VOID,   EVENT_NONE};
	unsigned what = step->what % 32;
	if (what < sizeof(type)) {
		step_event(world, step, type[what]);
		return;
	}
	flush(world);
	if (what < 27)
		step_time(world, step);
	else if (what == 27)
		tick(world);
	else if (what < 30)
		kernel_drain(world->twin.kernel, step->when % 16);
	else if (what == 30)
		step_ask(world);
	else
		step_audit(world, step->exact);
}

static void
begin(struct world *world, uint8_t zone, uint8_t settings)
{
	/* Half of them without changes of the clock: the oracle is slow there. */
	static const char *const zones[] = {"UTC", "Asia/Jakarta", "America/New_York", "Australia/Lord_Howe"};
	static const int64_t starts[] = {1704000000000, 1706000000000, 1708000000000, 1709500000000};
	twin_init(&world->twin, zones[zone % 4]);
	struct kernel_config *config = &world->twin.config;
	config->week_start = zone / 4 % 7;
	config->clock_events = zone / 32 % 4 == 3;
	config->look_back_ms = (int64_t[]){0, 2 * DAY, 45 * DAY, 0}[settings % 4];
	config->busy_from = settings / 4 % 4;
	config->busy_run = config->busy_from > 0 ? 3 : 0;
	config->slide_min[1] = settings & 16 ? 60 : 15;
	config->slide_min[2] = settings & 32 ? 15 : 60;
	twin_rollup(&world->twin, "all", 0);
	twin_rollup(&world->twin, "campaign+channel", 1 << TEXT_CAMP | 1 << TEXT_CHAN);
	twin_rollup(&world->twin, "team+product", 1 << TEXT_TEAM | 1 << TEXT_PROD);
	twin_start(&world->twin);
	world->recv_ms = starts[zone % 4];
	world->end_ms = world->recv_ms + 400 * DAY;
	world->story = getenv("LAJU_STORY") != NULL;
}

static void
on_dirty(void *context, uint32_t series, bool live)
{
	(void)context;
	(void)series;
	(void)live;
}

static void
end(struct world *world)
{
	flush(world);
	world->asked = 0;
	step_ask(world);
	step_audit(world, 0);
	step_audit(world, world->past_count);
	if (!world->any)
		return;
	world->recv_ms += 200 * DAY;
	tick(world);
	world->asked = 0;
	step_ask(world);
	kernel_take_dirty(world->twin.kernel, UINT32_MAX, on_dirty, NULL); /* who was told gives it back */
	must(world, twin_empty(&world->twin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;
	if (size < 2)
		return 0;
	struct world *world = calloc(1, sizeof(*world));
	begin(world, data[0], data[1]);
	for (size_t at = 2; at + STEP_BYTES <= size && at < 2 + STEPS_MAX * STEP_BYTES; at += STEP_BYTES) {
		memcpy(&step, data + at, STEP_BYTES);
		do_step(world, &step);
	}
	end(world);
	twin_fini(&world->twin);
	free(world);
	return 0;
}

/* Whole steps come, go and change their places: a byte more in the middle would change the meaning of all behind it. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t steps = size > 2 ? (size - 2) / STEP_BYTES : 0;
	uint8_t *at = steps > 0 ? data + 2 + seed / 8 % steps * STEP_BYTES : NULL, moved[STEP_BYTES];
	size_t behind = steps > 0 ? (size_t)(data + 2 + steps * STEP_BYTES - at) : 0;
	if (steps < 2 || seed % 8 > 5)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(moved, at, STEP_BYTES);
	switch (seed % 8) {
	case 0: /* away */
		memmove(at, at + STEP_BYTES, behind - STEP_BYTES);
		return 2 + (steps - 1) * STEP_BYTES;
	case 1: /* to the end */
		memmove(at, at + STEP_BYTES, behind - STEP_BYTES);
		memcpy(data + 2 + (steps - 1) * STEP_BYTES, moved, STEP_BYTES);
		return 2 + steps * STEP_BYTES;
	case 2: /* twice, and one of them another */
		if (2 + (steps + 1) * STEP_BYTES > max_size)
			break;
		memmove(at + STEP_BYTES, at, behind);
		LLVMFuzzerMutate(at, STEP_BYTES, STEP_BYTES);
		return 2 + (steps + 1) * STEP_BYTES;
	default:
		break;
	}
	LLVMFuzzerMutate(at, STEP_BYTES, STEP_BYTES);
	return 2 + steps * STEP_BYTES;
}
