/*
 * facts.h - the events that others may still change: leads, sales, refunds, spends, and corrections that wait.
 *
 * A fact is an event as it was last worded (a correction replaces its words), and its
 * *booking*: under which tuple, at which time and with which numbers it counts now. What a
 * fact counts as may depend on others (settle.c); whenever that changes, exactly the
 * difference between the bookings is added. A correction or void that comes before its event is kept as a fact
 * of its own type until the event comes. Internal to the aggregator room; one thread at a time.
 */
#ifndef AGGREGATOR_FACTS_H
#define AGGREGATOR_FACTS_H
#include "aggregator/tuples.h"
#include "common/hash.h"
#include "common/index.h"
#include "common/pool.h"

enum {
	FACT_CHUNK = 2048,
	FACT_PARKED_MAX = 16,    /* corrections that wait for one event; one more is refused */
	FACT_REFUNDS_MAX = 1024, /* refunds of one sale; one more is refused */
	FACT_NUMS = 2,           /* amt, qty: enum event_num */
};
#define FACT_NONE UINT32_MAX
#define FACT_PAST (UINT32_MAX - 1) /* one that is forgotten */
_Static_assert(NUM_AMT == 0 && NUM_QTY == 1, "FACT_NUMS");
_Static_assert(MARKS <= 16, "fact.marks");

/* Where and as what a fact counts. */
struct booking {
	int64_t num[FACT_NUMS];
	struct {
		int64_t ts_ms;
		uint32_t tuple; /* TUPLE_NONE: not at all */
	} at[2];            /* its own; of a refund also as_sold */
	uint16_t marks;     /* bit i: 1 in column COLUMN_MARKS + i */
};

/* Facts in the order of event time, then of tie, linked by prev and next. */
struct chain {
	uint32_t first, last; /* FACT_NONE: none */
};

struct fact {
	struct hash128 id;      /* identity; of a waiting correction that of the event meant */
	int64_t ts_ms;          /* event time of the words in force */
	uint64_t tie;           /* decides between events of one ts */
	int64_t rev;
	int64_t num[FACT_NUMS]; /* in the reporting currency, at the rate of ts_ms */
	uint32_t booked[2];     /* tuples, see booking */
	uint32_t given;         /* tuple of the form as worded */
	uint32_t cust, order, visit; /* entities; ENTITY_NONE */
	uint32_t lead;          /* the lead that it is of, or that a sale names; LEAD_NONE */
	uint32_t prev, next;    /* a lead's event, a sale of its lead, a refund of its sale: in that chain */
	union {
		struct { /* sale; waiting correction */
			int64_t since_ms;      /* log time at which its words came */
			uint64_t since_seq;    /* order of arrival of its words */
			struct chain refunds;  /* of a sale: those matched with it and not void */
		};
		struct { /* lead */
			int64_t known_ms;      /* log time until which its generation was remembered, whatever has left it since */
			uint64_t known_seq;    /* order of arrival of what left it then */
			uint32_t generation;   /* see leads.h */
		};
	};
	uint32_t money;         /* of a refund or waiting correction: struct money_part */
	uint16_t marks;
	uint8_t type;           /* enum event_type; EVENT_CORRECT, EVENT_VOID: it waits */
	uint8_t flags : 3;      /* enum event_flag */
	bool live : 1, is_void : 1, is_corrected : 1;
	bool is_past : 1;       /* another event has taken its id since */
	bool is_spent : 1;      /* sale: fully refunded */
};
_Static_assert(EVENT_FLAGS_ALL < 1 << 3, "fact.flags");
_Static_assert(sizeof(struct fact) == 128, "two cache lines");

/* What only refunds, and corrections that may be of one, need. */
struct money_part {
	struct hash128 target; /* identity of its sale; 0: names none */
	int64_t given_amt;     /* in cur */
	int64_t taken[FACT_NUMS]; /* what of it counts */
	int64_t sold_ms;       /* the time it is booked at as_sold */
	char cur[4];
	uint32_t sale;         /* fact; FACT_NONE: not known; FACT_PAST: it was */
};

struct facts {
	struct pool pool, money;
	struct index by_id;     /* fact.id */
	struct index by_target; /* refunds that name a sale */
	uint64_t seq;           /* facts so far: order of arrival */
	uint64_t parked;
};

void facts_init(struct facts *facts);
void facts_fini(struct facts *facts);

static inline struct fact *
fact_at(const struct facts *facts, uint32_t number)
{
	return pool_at(&facts->pool, number, sizeof(struct fact), FACT_CHUNK);
}

/* Of a refund or waiting correction. */
static inline struct money_part *
fact_money(const struct facts *facts, const struct fact *fact)
{
	return pool_at(&facts->money, fact->money, sizeof(struct money_part), FACT_CHUNK);
}

/* A new fact without words, indexed by its id. */
uint32_t facts_make(struct facts *facts, struct hash128 id, unsigned type);
/* Out of the indices; what it refers to was given back. */
void facts_drop(struct facts *facts, uint32_t number);

/* The last event that came with this id and is no waiting correction; FACT_NONE: not there. */
uint32_t facts_find(const struct facts *facts, struct hash128 id);
/* The corrections that wait for an event, in order of arrival. Returns how many. */
uint32_t facts_waiting(const struct facts *facts, struct hash128 id, uint32_t fact[FACT_PARKED_MAX]);
/* A refund names its sale; facts_drop() unsays it. */
void facts_target(struct facts *facts, uint32_t refund, struct hash128 target);
/* For each refund of this target. */
typedef void facts_each_fn(void *context, uint32_t refund);
void facts_refunds(const struct facts *facts, struct hash128 target, facts_each_fn *each, void *context);

void chain_add(struct facts *facts, struct chain *chain, uint32_t number);
void chain_remove(struct facts *facts, struct chain *chain, uint32_t number);
uint64_t facts_bytes(const struct facts *facts);
#endif
