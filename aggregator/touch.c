/*
 * touch.c - the primitive `touch`: who was where, each counted once.
 *
 * For an entity, a series and a class (measure.h) its *presence* is a set of bits: in
 * which slots, and in which parts before prev, it has at least one activity. DISTINCT
 * adds these sets up over entities; RETAINED and PREVIOUS add up what follows from them:
 * there in a part and in the one before it; there in the one before it. Whatever happens
 * to an entity (an event, an edge that crosses its activities in a pane) changes its
 * presence from one set to another, and exactly the difference is added to the series.
 */
#include "aggregator/state.h"
#include <assert.h>

enum { BUSY_FROM = 256, BUSY_RUN = 32 };
#define SLOTS_MASK ((1u << SLOT_COUNT) - 1)
/* The cur parts of all windows: where nearly everything happens, as in series.h. */
#define CURS_MASK                                                                                                      \
	(1u << slot_of(WINDOW_R1D, PART_CUR) | 1u << slot_of(WINDOW_R7D, PART_CUR) | 1u << slot_of(WINDOW_R30D, PART_CUR) |  \
	 1u << slot_of(WINDOW_D, PART_CUR) | 1u << slot_of(WINDOW_W, PART_CUR) | 1u << slot_of(WINDOW_M, PART_CUR))

static const uint8_t before_bit[WINDOW_COUNT] = {BEFORE_R1D, BEFORE_R7D, SLOT_NONE, BEFORE_D, BEFORE_W, SLOT_NONE};

void
touch_init(struct kernel *kernel)
{
	for (int e = 0; e < EDGE_COUNT; e++)
		kernel->touch_edge[e] = kernel->edge[e];
	for (unsigned w = 0; w < 2; w++) {
		kernel->touch_edge[EDGE_LO + w].plus = before_bit[w];
		kernel->touch_edge[EDGE_FAR + w] = (struct edge){.plus = SLOT_NONE, .minus = before_bit[w]};
		kernel->touch_edge[EDGE_FAR + w].at.start_ms = INT64_MIN;
	}
}

void
touch_set_targets(struct kernel *kernel)
{
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		if (before_bit[w] != SLOT_NONE)
			kernel->before_lo[w] = grid_before_lo(&kernel->grid, (enum window)w, kernel->now_ms);
	for (int e = 0; e < EDGE_COUNT; e++)
		kernel->touch_edge[e].target_ms = kernel->edge[e].target_ms;
	for (unsigned w = 0; w < 2; w++)
		kernel->touch_edge[EDGE_FAR + w].target_ms = kernel->before_lo[w];
}

/* The presence that an activity at this place gives, by where the edges are now. */
static uint32_t
presence_at(const struct kernel *kernel, struct place place)
{
	uint32_t bits = edges_holding(kernel, kernel->touch_edge, place);
	for (unsigned w = 0; w < 2; w++) {
		bool lo = edge_passed(&kernel->touch_edge[EDGE_LO + w], place);
		bool far = edge_passed(&kernel->touch_edge[EDGE_FAR + w], place);
		bits |= (uint32_t)(lo && !far) << before_bit[w];
	}
	for (unsigned w = WINDOW_D; w <= WINDOW_W; w++) {
		int64_t hi = kernel->bounds[w].part[PART_PREV].lo;
		bits |= (uint32_t)(place.start_ms >= kernel->before_lo[w] && place.start_ms < hi) << before_bit[w];
	}
	return bits;
}

static struct place
activity_place(const struct activity *activity)
{
	return (struct place){activity->start_s * INT64_C(1000), activity->at};
}

/* The slots of a measure in which an entity of this presence counts. */
static uint32_t
slots_of(unsigned take, uint32_t presence)
{
	uint32_t slots = 0;
	if (take == TAKE_DISTINCT)
		return presence & SLOTS_MASK;
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		uint32_t cur = presence >> slot_of(w, PART_CUR) & 1, prev = presence >> slot_of(w, PART_PREV) & 1;
		uint32_t before = before_bit[w] == SLOT_NONE ? 0 : presence >> before_bit[w] & 1;
		uint32_t ptd = w < WINDOW_ROLLING ? 0 : presence >> slot_of(w, PART_PTD) & 1;
		if (take == TAKE_PREVIOUS) /* whoever was there in the part before */
			cur = 1, ptd = w >= WINDOW_ROLLING;
		slots |= (cur & prev) << slot_of(w, PART_CUR);
		slots |= (take == TAKE_PREVIOUS ? before : prev & before) << slot_of(w, PART_PREV);
		slots |= (ptd & before) << slot_of(w, PART_PTD);
	}
	return slots;
}

/* An entity's presence in the tuple's series of rollup r, for one class, turns from `was` to `is`. */
static void
turn_presence(struct kernel *kernel, uint32_t who, const struct tuple *tuple, uint32_t r, unsigned class, uint32_t was,
              uint32_t is)
{
	uint32_t id = tuple_series(&kernel->tuples, tuple)[r];
	struct series *series = series_at(&kernel->series, id);
	const uint8_t *of = tuple_of(&kernel->tuples, tuple), *position = tuple_positions(&kernel->tuples, tuple, r);
	if (series_turn(&kernel->series, series)) /* the sweep would find it turned already */
		series_mark(&kernel->series, series, id);
	for (uint32_t j = tuple->measures; j < tuple->measures + (uint32_t)tuple->touches; j++) {
		unsigned take = of[j] >> TOUCH_TAKE_SHIFT;
		if ((of[j] & TOUCH_CLASS_MASK) != class)
			continue;
		uint32_t before = slots_of(take, was), after = slots_of(take, is);
		if (before != after)
			series_mark(&kernel->series, series, id);
		if (series->audited && before != after)
			auditor_presence(kernel, id, who, position[j], before, after);
		uint32_t more = after & ~before, less = before & ~after;
		if ((more & CURS_MASK) == CURS_MASK) {
			series->block[position[j]]++;
			more &= ~CURS_MASK;
		}
		for (; more != 0; more &= more - 1)
			series_slot(series, (unsigned)__builtin_ctz(more))[position[j]]++;
		for (; less != 0; less &= less - 1)
			series_slot(series, (unsigned)__builtin_ctz(less))[position[j]]--;
	}
}

/* The classes of this tuple that tell entities of this kind apart. */
static uint8_t
classes_of(const struct tuple_set *set, const struct tuple *tuple, unsigned kind)
{
	uint8_t classes = 0;
	for (uint32_t k = 0; k < set->class_count; k++)
		if (set->class_kind[k] == kind)
			classes |= (uint8_t)(1u << k);
	return tuple->classes & classes;
}

/* In which rollups both tuples count in the same series, as bits. */
static uint32_t
shared_rollups(const struct tuple_set *set, const struct tuple *a, const struct tuple *b)
{
	uint32_t rollups = 0;
	const uint32_t *series_a = tuple_series(set, a), *series_b = tuple_series(set, b);
	for (uint32_t r = 0; r < set->config->rollup_count; r++)
		rollups |= (uint32_t)(series_a[r] == series_b[r]) << r;
	return rollups;
}

/* What activity i shares with the others: for each class and rollup, the presence that those outside the run give. */
struct others {
	uint32_t presence[CLASSES_MAX][ROLLUPS_MAX];
	uint32_t done[CLASSES_MAX]; /* rollups: an earlier one of the run has turned that presence already */
};

static void
look_at_others(const struct kernel *kernel, const struct entity *entity, struct run run, uint32_t i,
               struct others *others)
{
	const struct tuple_set *set = &kernel->tuples;
	const struct tuple *tuple = tuple_at(set, entity_activities(entity)[i].tuple);
	memset(others, 0, sizeof(*others));
	for (uint32_t k = 0; k < entity->count; k++) {
		bool moving = k >= run.from && k < run.to;
		const struct activity *other = &entity_activities(entity)[k];
		const struct tuple *its = tuple_at(set, other->tuple);
		uint32_t presence = moving ? 0 : presence_at(kernel, activity_place(other));
		uint8_t classes = tuple->classes & its->classes;
		if ((moving ? k >= i : presence == 0) || classes == 0 || other->count == 0)
			continue;
		uint32_t rollups = shared_rollups(set, tuple, its);
		for (uint32_t rest = classes; rest != 0; rest &= rest - 1) {
			unsigned class = (unsigned)__builtin_ctz(rest);
			if (moving)
				others->done[class] |= rollups;
			for (uint32_t r = rollups; r != 0 && !moving; r &= r - 1)
				others->presence[class][__builtin_ctz(r)] |= presence;
		}
	}
}

/* The same through the entity's table; was or is may be 0. */
static void
turn_busy(struct kernel *kernel, uint32_t who, uint32_t tuple_id, uint32_t was, uint32_t is)
{
	const struct entity *entity = entity_at(&kernel->entities, who);
	const struct tuple *tuple = tuple_at(&kernel->tuples, tuple_id);
	struct presences *presences = busy_presences(entity->busy);
	for (uint32_t rest = classes_of(&kernel->tuples, tuple, entity->kind); rest != 0; rest &= rest - 1) {
		unsigned class = (unsigned)__builtin_ctz(rest);
		for (uint32_t r = 0; r < kernel->config.rollup_count; r++) {
			uint32_t before, after, series = tuple_series(&kernel->tuples, tuple)[r];
			presences_turn(presences, series, class, kernel->series.period, was, is, &before, &after);
			if (before != after)
				turn_presence(kernel, who, tuple, r, class, before, after);
		}
	}
}

/* The activities of a run, all at one place, no longer give the presence `was` but `is`. */
static void
turn_run(struct kernel *kernel, uint32_t who, struct run run, uint32_t was, uint32_t is)
{
	const struct entity *entity = entity_at(&kernel->entities, who);
	struct others others;
	for (uint32_t i = run.from; i < run.to && was != is; i++) {
		const struct tuple *tuple = tuple_at(&kernel->tuples, entity_activities(entity)[i].tuple);
		if (entity_activities(entity)[i].count == 0)
			continue;
		look_at_others(kernel, entity, run, i, &others);
		for (uint32_t rest = classes_of(&kernel->tuples, tuple, entity->kind); rest != 0; rest &= rest - 1) {
			unsigned class = (unsigned)__builtin_ctz(rest);
			for (uint32_t r = 0; r < kernel->config.rollup_count; r++) {
				uint32_t stays = others.presence[class][r];
				if (!(others.done[class] >> r & 1) && (stays | was) != (stays | is))
					turn_presence(kernel, who, tuple, r, class, stays | was, stays | is);
			}
		}
	}
}

/* From now on its activities are found by hash and counted, not looked through: its presence stays as it is. */
void
touch_excite(struct kernel *kernel, struct entity *entity, const struct activity *activities, uint32_t count)
{
	const struct tuple_set *set = &kernel->tuples;
	struct busy *busy = busy_new();
	uint32_t before, after;
	for (uint32_t i = 0; i < count; i++) {
		const struct activity *activity = &activities[i];
		const struct tuple *tuple = tuple_at(set, activity->tuple);
		uint32_t presence = activity->count > 0 ? presence_at(kernel, activity_place(activity)) : 0;
		busy_add(busy, activity->start_s, activity->at, activity->tuple, activity->count);
		for (uint32_t rest = classes_of(set, tuple, entity->kind); rest != 0; rest &= rest - 1)
			for (uint32_t r = 0; r < kernel->config.rollup_count; r++)
				presences_turn(busy_presences(busy), tuple_series(set, tuple)[r], (unsigned)__builtin_ctz(rest),
				               kernel->series.period, 0, presence, &before, &after);
	}
	entity_excite(&kernel->entities, entity, busy);
}

static uint32_t
busy_run_max(const struct kernel *kernel)
{
	return kernel->config.busy_run > 0 ? kernel->config.busy_run : BUSY_RUN;
}

static void
touch_busy(struct kernel *kernel, uint32_t id, uint32_t tuple, int64_t start_ms)
{
	struct entity *entity = entity_at(&kernel->entities, id);
	uint32_t start_s = (uint32_t)(start_ms / 1000), found = busy_find(entity->busy, start_s, tuple);
	struct place place = {start_ms, 0};
	if (found != BUSY_NONE) {
		struct busy_activity *activity = busy_at(entity->busy, found);
		if (activity->count++ == 0)
			turn_busy(kernel, id, tuple, 0, presence_at(kernel, (struct place){start_ms, activity->at}));
		return;
	}
	uint64_t bytes = busy_bytes(entity->busy);
	if (!busy_room(entity->busy, start_s, busy_run_max(kernel), &place.offset))
		place = panes_who_add(kernel->panes, start_ms, id);
	busy_add(entity->busy, start_s, place.offset, tuple, 1);
	turn_busy(kernel, id, tuple, 0, presence_at(kernel, place));
	kernel->entities.activities++;
	kernel->entities.bytes += busy_bytes(entity->busy) - bytes;
}

void
touch_one(struct kernel *kernel, uint32_t id, uint32_t tuple, int64_t start_ms)
{
	struct entity *entity = entity_at(&kernel->entities, id);
	uint32_t start_s = (uint32_t)(start_ms / 1000);
	if (entity->is_busy) {
		touch_busy(kernel, id, tuple, start_ms);
		return;
	}
	struct run run = entity_run(entity, start_s);
	struct place place = {start_ms, 0};
	for (uint32_t i = run.from; i < run.to; i++)
		if (entity_activities(entity)[i].tuple == tuple) {
			place.offset = entity_activities(entity)[i].at;
			if (entity_activities(entity)[i].count++ == 0)
				turn_run(kernel, id, (struct run){i, i + 1}, 0, presence_at(kernel, place));
			return;
		}
	/* Listed once a pane, however many tuples: listed twice, it would be taken back twice. */
	if (run.from < run.to)
		place.offset = entity_activities(entity)[run.from].at;
	else
		place = panes_who_add(kernel->panes, start_ms, id);
	entity_insert(&kernel->entities, entity, run.to, (struct activity){start_s, place.offset, tuple, 1});
	turn_run(kernel, id, (struct run){run.to, run.to + 1}, 0, presence_at(kernel, place));
	if (entity->count > (kernel->config.busy_from > 0 ? kernel->config.busy_from : BUSY_FROM))
		touch_excite(kernel, entity, entity_activities(entity), entity->count);
}

/* The number of its activity under the tuple in that pane, if one counts there; BUSY_NONE. */
static uint32_t
find_activity(const struct entity *entity, uint32_t tuple, int64_t start_ms)
{
	uint32_t start_s = (uint32_t)(start_ms / 1000);
	if (entity->is_busy) {
		uint32_t found = busy_find(entity->busy, start_s, tuple);
		return found != BUSY_NONE && busy_at(entity->busy, found)->count > 0 ? found : BUSY_NONE;
	}
	struct run run = entity_run(entity, start_s);
	for (uint32_t i = run.from; i < run.to; i++)
		if (entity_activities(entity)[i].tuple == tuple && entity_activities(entity)[i].count > 0)
			return i;
	return BUSY_NONE;
}

void
touch_back(struct kernel *kernel, uint32_t id, uint32_t tuple, int64_t start_ms)
{
	struct entity *entity = entity_at(&kernel->entities, id);
	uint32_t found = find_activity(entity, tuple, start_ms);
	if (found == BUSY_NONE) { /* it has not been moved there yet */
		start_ms = panes_merging(kernel->panes, start_ms);
		found = find_activity(entity, tuple, start_ms);
	}
	assert(found != BUSY_NONE);
	if (entity->is_busy) {
		struct busy_activity *activity = busy_at(entity->busy, found);
		if (--activity->count == 0)
			turn_busy(kernel, id, tuple, presence_at(kernel, (struct place){start_ms, activity->at}), 0);
		return;
	}
	struct activity *activity = &entity_activities(entity)[found];
	if (activity->count == 1) /* while it is still there, so that it is seen */
		turn_run(kernel, id, (struct run){found, found + 1}, presence_at(kernel, activity_place(activity)), 0);
	activity->count--;
}

uint32_t
touch_whom(struct kernel *kernel, const struct names *names, unsigned kind)
{
	if (!names_given(names->who[kind]))
		return ENTITY_NONE;
	uint32_t id = names->who_hint[kind];
	if (id == INDEX_NONE || !entity_is(entity_at(&kernel->entities, id), names->who[kind], kind))
		id = entity_find(&kernel->entities, names->who[kind], kind);
	return id != ENTITY_NONE ? id : entity_make(&kernel->entities, names->who[kind], kind);
}

void
touch_add(struct kernel *kernel, const struct names *names, uint32_t tuple_id, int64_t start_ms)
{
	uint8_t kinds = tuple_kinds(&kernel->tuples, tuple_at(&kernel->tuples, tuple_id)->classes);
	for (uint32_t rest = kinds; rest != 0; rest &= rest - 1) {
		uint32_t id = touch_whom(kernel, names, (unsigned)__builtin_ctz(rest));
		if (id != ENTITY_NONE)
			touch_one(kernel, id, tuple_id, start_ms);
	}
}

/* Returns how many activities that was. */
static uint32_t
cross(struct kernel *kernel, const struct edge *edge, const struct listed *listed)
{
	const struct entity *entity = entity_at(&kernel->entities, listed->who);
	uint32_t start_s = (uint32_t)(listed->place.start_ms / 1000), is = presence_at(kernel, listed->place);
	uint32_t was = (is & ~slot_bit(edge->plus)) | slot_bit(edge->minus);
	kernel->counters.touched++;
	if (entity->is_busy) {
		uint32_t count = 1;
		for (uint32_t i = busy_run(entity->busy, start_s, listed->place.offset); i != BUSY_NONE && was != is;
		     i = busy_at(entity->busy, i)->next, count++)
			if (busy_at(entity->busy, i)->count > 0)
				turn_busy(kernel, listed->who, busy_at(entity->busy, i)->tuple, was, is);
		return count;
	}
	struct run run = entity_run(entity, start_s);
	assert(run.from < run.to && entity_activities(entity)[run.from].at == listed->place.offset);
	turn_run(kernel, listed->who, run, was, is);
	return run.to - run.from;
}

/* True: arrived. */
static bool
edge_drain(struct kernel *kernel, struct edge *edge, uint64_t *budget)
{
	struct listed listed[DRAIN_AHEAD];
	while (edge->at.start_ms < edge->target_ms) {
		struct place at = edge->at;
		uint32_t count = 0, most = *budget < DRAIN_AHEAD ? (uint32_t)*budget : DRAIN_AHEAD;
		if (*budget == 0)
			return false;
		while (count < most && panes_who_next(kernel->panes, &at, edge->target_ms, &listed[count]))
			count++;
		if (count == 0)
			break;
		fetch_listed(kernel, edge, listed, count);
		for (uint32_t i = 0; i < count && *budget > 0; i++) {
			edge->at = i + 1 < count ? listed[i + 1].place : at;
			uint64_t cost = cross(kernel, edge, &listed[i]);
			*budget -= cost < *budget ? cost : *budget;
		}
	}
	edge->at = (struct place){edge->target_ms, 0};
	return true;
}

bool
touch_drain(struct kernel *kernel, uint64_t *budget)
{
	if (kernel->tuples.class_count == 0)
		return true; /* nobody is listed */
	for (; kernel->touch_next < TOUCH_EDGES; kernel->touch_next++)
		if (!edge_drain(kernel, &kernel->touch_edge[kernel->touch_next], budget))
			return false;
	return true;
}

/* Of a busy one: its run at from goes into those of the other pane, or becomes one there. */
static bool
move_busy(struct kernel *kernel, uint32_t who, struct place from, struct place to)
{
	struct entity *entity = entity_at(&kernel->entities, who);
	uint32_t to_s = (uint32_t)(to.start_ms / 1000), presence = presence_at(kernel, from), next;
	bool listed = false;
	for (uint32_t i = busy_take(entity->busy, (uint32_t)(from.start_ms / 1000), from.offset); i != BUSY_NONE; i = next) {
		struct busy_activity activity = *busy_at(entity->busy, i);
		uint32_t same = busy_find(entity->busy, to_s, activity.tuple), at = to.offset;
		next = activity.next;
		busy_release(entity->busy, i);
		if (same != BUSY_NONE) {
			if (busy_at(entity->busy, same)->count > 0 && activity.count > 0) /* its presence is given once less */
				turn_busy(kernel, who, activity.tuple, presence, 0);
			busy_at(entity->busy, same)->count += activity.count;
			kernel->entities.activities--;
			continue;
		}
		if (!busy_room(entity->busy, to_s, busy_run_max(kernel), &at))
			at = to.offset;
		listed |= at == to.offset;
		busy_add(entity->busy, to_s, at, activity.tuple, activity.count);
	}
	return listed;
}

static bool
move_few(struct kernel *kernel, uint32_t who, struct place from, struct place to)
{
	struct entity *entity = entity_at(&kernel->entities, who);
	uint32_t to_s = (uint32_t)(to.start_ms / 1000);
	struct run there = entity_run(entity, to_s), run = entity_run(entity, (uint32_t)(from.start_ms / 1000));
	uint32_t at = there.from < there.to ? entity_activities(entity)[there.from].at : to.offset, kept = run.from;
	assert(there.from == there.to || there.to == run.from);
	for (uint32_t i = run.from; i < run.to; i++) {
		const struct activity *activity = &entity_activities(entity)[i];
		uint32_t same = there.from;
		while (same < there.to && entity_activities(entity)[same].tuple != activity->tuple)
			same++;
		if (same < there.to)
			entity_activities(entity)[same].count += activity->count;
		else
			entity_activities(entity)[kept++] = (struct activity){to_s, at, activity->tuple, activity->count};
	}
	if (kept < run.to)
		entity_remove(&kernel->entities, who, (struct run){kept, run.to});
	return at == to.offset;
}

/* No edge stands between the two panes, so that presence does not change. */
bool
touch_moved(void *context, uint32_t who, struct place from, struct place to)
{
	struct kernel *kernel = context;
	struct entity *entity = entity_at(&kernel->entities, who);
	assert(from.start_ms != to.start_ms);
	return entity->is_busy ? move_busy(kernel, who, from, to) : move_few(kernel, who, from, to);
}

void
touch_gone(void *context, uint32_t who, struct place place)
{
	struct kernel *kernel = context;
	struct entity *entity = entity_at(&kernel->entities, who);
	uint32_t start_s = (uint32_t)(place.start_ms / 1000), next;
	if (!entity->is_busy) {
		struct run run = entity_run(entity, start_s);
		assert(run.from < run.to);
		entity_remove(&kernel->entities, who, run);
		return;
	}
	for (uint32_t i = busy_take(entity->busy, start_s, place.offset); i != BUSY_NONE; i = next) {
		next = busy_at(entity->busy, i)->next;
		busy_release(entity->busy, i);
		kernel->entities.activities--;
	}
	if (busy_count(entity->busy) == 0)
		entity_calm(&kernel->entities, who);
}

/* What an activity gives the audited series. */
static void
meet_activity(const struct kernel *kernel, const struct entity *entity, uint32_t tuple_id, struct place place,
              uint32_t presence[AUDIT_SERIES][CLASSES_MAX])
{
	const struct tuple *tuple = tuple_at(&kernel->tuples, tuple_id);
	uint8_t classes = classes_of(&kernel->tuples, tuple, entity->kind);
	for (uint32_t r = 0; r < kernel->config.rollup_count && classes != 0; r++) {
		uint32_t id = tuple_series(&kernel->tuples, tuple)[r];
		const struct series *series = series_at(&kernel->series, id);
		if (!(kernel->auditor.filter >> (id & 63) & 1) || !series->audited)
			continue;
		for (uint32_t rest = classes; rest != 0; rest &= rest - 1)
			presence[series->audited - 1][__builtin_ctz(rest)] |= presence_at(kernel, place);
	}
}

void
touch_audit_one(struct kernel *kernel, uint32_t id)
{
	const struct entity *entity = entity_at(&kernel->entities, id);
	const struct kpi_set *kpis = kernel->config.kpis;
	uint32_t presence[AUDIT_SERIES][CLASSES_MAX] = {0};
	if (!entity->live)
		return;
	for (uint32_t i = 0; i < entity->count; i++)
		if (entity_activities(entity)[i].count > 0)
			meet_activity(kernel, entity, entity_activities(entity)[i].tuple,
			              activity_place(&entity_activities(entity)[i]), presence);
	for (uint32_t i = 0; entity->is_busy && i < busy_end(entity->busy); i++) {
		const struct busy_activity *activity = busy_at(entity->busy, i);
		if (activity->tuple != BUSY_NONE && activity->count > 0)
			meet_activity(kernel, entity, activity->tuple,
			              (struct place){activity->start_s * INT64_C(1000), activity->at}, presence);
	}
	for (uint32_t i = 0; i < kernel->auditor.count; i++) {
		const struct series *series = series_at(&kernel->series, kernel->auditor.series[i]);
		for (uint32_t p = 0; p < series->measures && auditor_holds(kernel, i); p++) {
			const struct measure *measure = &kpis->measure[series_measures(series)[p]];
			if (!take_is_touch(measure->take) || measure->entity != entity->kind)
				continue;
			uint32_t its = presence[i][kernel->tuples.class_of[series_measures(series)[p]]];
			for (uint32_t slots = slots_of(measure->take, its); slots != 0; slots &= slots - 1)
				kernel->auditor.shadow[i][p][__builtin_ctz(slots)]++;
		}
	}
}

static bool
inside(struct span_ms span, int64_t ms)
{
	return ms >= span.lo && ms < span.hi;
}

/* presence_at(), by the bounds alone. */
static uint32_t
presence_by_bounds(const struct kernel *kernel, int64_t start_ms)
{
	uint32_t bits = 0;
	for (unsigned w = 0; w < WINDOW_COUNT; w++) {
		for (unsigned part = 0; part < (w < WINDOW_ROLLING ? PART_PTD : PART_COUNT); part++)
			bits |= (uint32_t)inside(kernel->bounds[w].part[part], start_ms) << slot_of(w, part);
		struct span_ms before = {kernel->before_lo[w], kernel->bounds[w].part[PART_PREV].lo};
		if (before_bit[w] != SLOT_NONE)
			bits |= (uint32_t)inside(before, start_ms) << before_bit[w];
	}
	return bits;
}

struct audit {
	const struct kernel *kernel;
	uint32_t series;
	unsigned kind;
	uint32_t presence[CLASSES_MAX];
};

static void
audit_activity(struct audit *audit, uint32_t tuple_id, uint32_t start_s)
{
	const struct tuple_set *set = &audit->kernel->tuples;
	const struct tuple *tuple = tuple_at(set, tuple_id);
	if (tuple_series(set, tuple)[series_at(&audit->kernel->series, audit->series)->rollup] != audit->series)
		return;
	for (uint32_t rest = classes_of(set, tuple, audit->kind); rest != 0; rest &= rest - 1)
		audit->presence[__builtin_ctz(rest)] |= presence_by_bounds(audit->kernel, start_s * INT64_C(1000));
}

static void
audit_entity(const struct kernel *kernel, const struct entity *entity, uint32_t id,
             uint64_t totals[MEASURES_MAX][SLOT_COUNT])
{
	const struct series *series = series_at(&kernel->series, id);
	const struct kpi_set *kpis = kernel->config.kpis;
	struct audit audit = {.kernel = kernel, .series = id, .kind = entity->kind};
	for (uint32_t i = 0; i < entity->count; i++)
		if (entity_activities(entity)[i].count > 0)
			audit_activity(&audit, entity_activities(entity)[i].tuple, entity_activities(entity)[i].start_s);
	for (uint32_t i = 0; entity->is_busy && i < busy_end(entity->busy); i++)
		if (busy_at(entity->busy, i)->tuple != BUSY_NONE && busy_at(entity->busy, i)->count > 0)
			audit_activity(&audit, busy_at(entity->busy, i)->tuple, busy_at(entity->busy, i)->start_s);
	for (uint32_t p = 0; p < series->measures; p++) {
		uint32_t m = series_measures(series)[p];
		if (!take_is_touch(kpis->measure[m].take))
			continue;
		uint32_t bits = slots_of(kpis->measure[m].take, audit.presence[kernel->tuples.class_of[m]]);
		for (; bits != 0; bits &= bits - 1)
			totals[p][__builtin_ctz(bits)]++;
	}
}

void
touch_audit(const struct kernel *kernel, uint32_t series, uint64_t totals[MEASURES_MAX][SLOT_COUNT])
{
	for (uint32_t id = 0; id < kernel->entities.pool.end && kernel->tuples.class_count > 0; id++)
		if (entity_at(&kernel->entities, id)->live)
			audit_entity(kernel, entity_at(&kernel->entities, id), series, totals);
}
