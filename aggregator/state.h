/*
 * state.h - the inside of the kernel, shared by kernel.c (events in, totals out), edges.c (time),
 * touch.c (who), words.c, settle.c, stages.c, book.c (what can still change) and forget.c. Nobody else includes it.
 *
 * Edges. Every drained edge of a window is a place in the cells that only moves
 * forward; crossing a cell adds it to one slot and takes it from another:
 *
 *     rolling    lo: -prev    mid: -cur +prev    hi: +cur
 *     calendar   ptd: +ptd    hi: +cur           (period turns: lazily, by series.h)
 *
 * A cell is inside until the very step that crosses it, so totals stay exact
 * while late events land on a pane that is half drained. The lists of who was there
 * are crossed by edges of their own, which move to the same targets (touch.c).
 */
#ifndef AGGREGATOR_STATE_H
#define AGGREGATOR_STATE_H
#include "aggregator/entities.h"
#include "aggregator/facts.h"
#include "aggregator/firsts.h"
#include "aggregator/ids.h"
#include "aggregator/kernel.h"
#include "aggregator/leads.h"
#include "aggregator/panes.h"
#include "aggregator/tuples.h"

enum edge_name {
	/* the hi edges first: they are drained first */
	EDGE_HI = 0,                               /* + window: 6 */
	EDGE_MID = WINDOW_COUNT,                   /* + rolling window: 3 */
	EDGE_LO = EDGE_MID + WINDOW_ROLLING,       /* + rolling window: 3 */
	EDGE_PTD = EDGE_LO + WINDOW_ROLLING,       /* + calendar window: 3 */
	EDGE_COUNT = EDGE_PTD + CALENDAR_WINDOWS,
	/* of touches alone: the far end of what is before prev of r1d and r7d, for what was retained then */
	EDGE_FAR = EDGE_COUNT,
	TOUCH_EDGES = EDGE_FAR + 2,
	SLOT_NONE = 31,
};

struct edge {
	struct place at;   /* has passed every cell before it */
	int64_t target_ms; /* where it is going */
	uint8_t plus, minus;
};

struct abs_day {
	int64_t day;
	bool used;
	uint64_t sum[EVENT_MEASURABLE];
};

enum { AUDIT_SERIES = 8 /* recounted at a time */ };

/* See auditor.c. */
struct auditor {
	uint32_t series[AUDIT_SERIES], count;
	uint64_t filter;     /* bit: one of them has a number that ends in these bits */
	struct place at;     /* cells before it are in the shadow */
	uint32_t entity;     /* entities below it are */
	uint32_t next;       /* the series to go on with */
	uint64_t moves;      /* panes_moves() when it began */
	uint64_t shadow[AUDIT_SERIES][MEASURES_MAX][SLOT_COUNT]; /* by position */
};

enum {
	AHEAD = 16, /* events whose memory is fetched ahead: misses overlap */
	DRAIN_AHEAD = 16, /* likewise cells, or listed ones, that cross an edge */
};

struct kernel {
	struct kernel_config config;
	struct grid grid;
	int64_t now_ms;
	int64_t turn_ms;         /* the first instant at which some edge moves again */
	struct window_bounds bounds[WINDOW_COUNT];
	struct edge edge[EDGE_COUNT];
	int edge_next;           /* edges before it have arrived */
	bool due;                /* something is left to drain */
	uint32_t sweep;          /* series before it have turned their periods; == end: all */
	int64_t head_lo, head_hi; /* event times that count in every cur part and nowhere else */
	int keep_days[PANE_LEVELS];
	int64_t before_lo[WINDOW_COUNT]; /* what is before prev begins; not of r30d and m: that is beyond the horizon */
	struct edge touch_edge[TOUCH_EDGES]; /* plus and minus are bits of touch.c */
	int touch_next;

	kernel_turn_fn *turn;
	void *turn_context;

	struct panes *panes;
	struct tuple_set tuples;
	struct series_set series;
	struct ids *ids;
	struct entity_set entities;
	struct facts facts;
	struct leads leads;
	struct firsts firsts;
	int64_t reach_ms;        /* what is older lies before all windows */
	int64_t look_back_ms;
	uint8_t kinds[EVENT_TYPE_COUNT]; /* of entities that measures tell apart, of events of a type; a correct: of any */
	bool attributes;         /* somebody asks where sales come from */
	bool books_sold;         /* some measure books refunds at their sale's time */
	bool cohorts;            /* some measure asks what became of those that entered a stage */
	uint32_t forget_table, forget_next; /* see forget.c */
	struct names *named;     /* of the next events, AHEAD of them */

	/* Sum of |number| of all live events by field: bounds every total, so that none can overflow. */
	uint64_t abs[EVENT_MEASURABLE];
	struct abs_day abs_day[PANE_DAYS_MAX];
	struct kernel_counters counters;
	struct auditor auditor;
};

/* names.c: 0: it names none (also of orders and visits that no measure tells apart) */
struct names {
	struct hash128 who[ENTITY_KINDS];
	struct hash128 lead;   /* of a lead, sale or correct */
	struct hash128 target; /* identity of the event that a refund, correct or void refers to */
	uint64_t tie;          /* of the event itself: decides between events of one ts, in every deployment alike */
	/* Records that may be theirs, as of a few events ago (ahead.c); INDEX_NONE: none was seen. */
	uint32_t tuple_hint, lead_hint, who_hint[ENTITY_KINDS];
};

static inline bool
names_given(struct hash128 name)
{
	return (name.lo | name.hi) != 0;
}

void names_of(const struct kernel *kernel, const struct group *group, const struct group_event *event,
              struct names *names);

/* ahead.c: fills kernel->named for events [from, to), at most AHEAD, and starts fetching what they will touch. */
void fetch_ahead(struct kernel *kernel, const struct group *group, uint32_t from, uint32_t to);
/* The same for what is about to cross an edge. */
void fetch_cells(const struct kernel *kernel, const struct edge *edge, const struct cell *cell, uint32_t count);
void fetch_listed(const struct kernel *kernel, const struct edge *edge, const struct listed *listed, uint32_t count);

/* edges.c */
void edges_init(struct kernel *kernel);
/* Moves log time to target_ms (ignored if not later) and every edge's target with it. */
void edges_advance(struct kernel *kernel, int64_t target_ms);
/* Log time is now_ms, and all edges have arrived: for a state that was loaded. */
void edges_restore(struct kernel *kernel, int64_t now_ms);
/* Adds an event's sums to every slot its cell is in. */
void edges_add(struct kernel *kernel, uint32_t tuple, struct place place, int64_t ts_ms, const int64_t *sum);
/* The slots that hold a place, by where these edges are now. */
uint32_t edges_holding(const struct kernel *kernel, const struct edge *edge, struct place place);

static inline uint32_t
slot_bit(unsigned slot)
{
	return slot == SLOT_NONE ? 0 : 1u << slot;
}

static inline bool
edge_passed(const struct edge *edge, struct place place)
{
	return place_before(place, edge->at);
}

/* touch.c */
void touch_init(struct kernel *kernel);
/* After the edges got new targets. */
void touch_set_targets(struct kernel *kernel);
/* True: all edges have arrived. */
bool touch_drain(struct kernel *kernel, uint64_t *budget);
/* The customer, order or visit that an event names, made if missing; ENTITY_NONE: it names none. */
uint32_t touch_whom(struct kernel *kernel, const struct names *names, unsigned kind);
/* One event more of everybody it names, at the pane that starts at start_ms. */
void touch_add(struct kernel *kernel, const struct names *names, uint32_t tuple, int64_t start_ms);
/* Of one of them; and one less. */
void touch_one(struct kernel *kernel, uint32_t entity, uint32_t tuple, int64_t start_ms);
void touch_back(struct kernel *kernel, uint32_t entity, uint32_t tuple, int64_t start_ms);
/* An entity without activities gets these, which it is busy with; their places are listed. */
void touch_excite(struct kernel *kernel, struct entity *entity, const struct activity *activities, uint32_t count);
/* See struct panes_owner. */
bool touch_moved(void *kernel, uint32_t who, struct place from, struct place to);
void touch_gone(void *kernel, uint32_t who, struct place place);
/* What the touch measures of a series must be, by the activities and the bounds alone. */
void touch_audit(const struct kernel *kernel, uint32_t series, uint64_t totals[MEASURES_MAX][SLOT_COUNT]);

/* Adds what an entity is to the shadow of the audited series. */
void touch_audit_one(struct kernel *kernel, uint32_t entity);

/* auditor.c: what changes of an audited series, behind the walk, changes its shadow, too */
/* Its i-th series was not freed since. */
bool auditor_holds(const struct kernel *kernel, uint32_t i);
bool auditor_has_passed(const struct kernel *kernel, struct place place);
void auditor_sum(struct kernel *kernel, uint32_t series, uint32_t slots, const uint8_t *position, const uint8_t *of,
                 uint32_t measures, const int64_t *sum, uint64_t sign);
void auditor_presence(struct kernel *kernel, uint32_t series, uint32_t who, uint32_t position, uint32_t before,
                      uint32_t after);
/* Places have changed: it begins anew. */
void auditor_abandon(struct kernel *kernel);

/* book.c */
/* Numbers, by source, into a tuple's cell and every slot that holds it. */
struct place book_add(struct kernel *kernel, uint32_t tuple, int64_t ts_ms, const int64_t value[COLUMN_SOURCES]);
/* The fact counts like this from now on, and as before no more. */
void book(struct kernel *kernel, struct fact *fact, const struct booking *booking);
/* Gives its references back; it counts on. */
void book_release(struct kernel *kernel, struct fact *fact);
/* Not at all. */
struct booking book_none(void);

/* words.c */
/* Whether an event that has passed all other tests can be taken; if not, *why may say why. */
enum verdict words_verdict(const struct kernel *kernel, const struct group_event *event, const struct names *names,
                           const char **why);
/* Its id is taken. */
void words_remember(struct kernel *kernel, const struct group_event *event, const struct names *names);
/* A lead, sale, refund or spend. given: the tuple of its form as it came. */
void words_add(struct kernel *kernel, const struct group_event *event, const struct names *names, uint32_t given);
/* A correction or void; likewise. */
void words_correct(struct kernel *kernel, const struct group_event *event, const struct names *names, uint32_t given);
/* Forgets the fact; what it counts as stays. It is in nobody's list any more. */
void fact_drop(struct kernel *kernel, uint32_t number);

/* settle.c */
bool is_remembered(const struct kernel *kernel, const struct fact *fact);
/* A fact begins, or ceases, to count as it is worded now. */
void fact_enter(struct kernel *kernel, uint32_t number);
void fact_leave(struct kernel *kernel, uint32_t number);
/* A booking by its own words alone. */
struct booking settle_as_worded(const struct fact *fact);
/* What a sale counts as, and its refunds. */
void settle_sale(struct kernel *kernel, uint32_t number);
/* A new sale gets the refunds that wait for it. */
void settle_meet(struct kernel *kernel, uint32_t sale);
/* As settle_lead_touch(), of a customer. */
uint32_t settle_cust_touch(const struct kernel *kernel, uint32_t cust, int64_t ts_ms, int64_t *touch_ms);
/* A touch of a customer (ref: its tuple) has come; one at ts_ms has gone. */
void settle_visit(struct kernel *kernel, uint32_t cust, struct moment touch);
void settle_touched(struct kernel *kernel, uint32_t cust, int64_t ts_ms);

/* stages.c */
/* The generation that an event of this lead belongs to that comes now. */
uint32_t settle_generation(struct kernel *kernel, uint32_t lead);
/* What a lead's event said is of no use to anybody any more. */
bool lead_event_is_over(const struct kernel *kernel, const struct fact *event);
/* It has as many events as it may have. */
bool lead_is_full(const struct kernel *kernel, uint32_t lead);
/* As fact_enter() and fact_leave(). */
void lead_enter(struct kernel *kernel, uint32_t number);
void lead_leave(struct kernel *kernel, uint32_t number);
/* The tuple of the lead's last touch at or before ts_ms, within the look-back, and its time; TUPLE_NONE. */
uint32_t settle_lead_touch(const struct kernel *kernel, uint32_t lead, int64_t ts_ms, int64_t *touch_ms);
/* Team or person of a sale that names a lead; the text is a tuple's. */
struct slice lead_says(const struct kernel *kernel, const struct fact *sale, unsigned dim);
/* Event time of the last event of its generation. */
int64_t settle_lead_last(const struct kernel *kernel, const struct fact *event);
/* Forgets a lead that no fact names; how far it got is kept. */
void settle_lead_gone(struct kernel *kernel, uint32_t lead);

/* forget.c. True: nothing left to look at. */
bool forget_some(struct kernel *kernel, uint64_t *budget);
#endif
