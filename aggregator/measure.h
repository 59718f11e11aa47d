/*
 * measure.h - what is counted and summed: the measures and KPIs of a deployment.
 *
 * Data, not code: laju/kpi_file.c fills a kpi_set from the shipped default file
 * or the user's, in the language of KPI definitions (docs/kpis.md). Immutable
 * once filled; shared by the aggregator (which keeps the measures), the
 * publisher (which evaluates KPIs for rows) and the alert rules.
 */
#ifndef AGGREGATOR_MEASURE_H
#define AGGREGATOR_MEASURE_H
#include "schemas/event.h"
#include "schemas/window.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	MEASURES_MAX = 48,     /* a deployment; a bit each in a 64-bit mask */
	KPIS_MAX = 64,
	MEASURE_NAME_MAX = 31, /* bytes, without the terminator */
	WHERE_MAX = 8,         /* conditions of a measure, all must hold */
	WHERE_VALUES_MAX = 16, /* values of a condition, one must match */
	FORMULA_OPS_MAX = 64,
	CLASSES_MAX = 8,       /* different (from, where, booking, entity) among the measures by touches */
};

/*
 * What a measure takes of its events. DISTINCT counts each customer (or order, or visit) once a
 * series and part of a window, RETAINED those that are in a part and also in the one before
 * it, PREVIOUS those in the one before it; they are kept by touches (aggregator/touch.c), the others
 * by addition. NEW counts a sale that is its customer's first ever. STAGE counts a lead when and where it
 * first enters a stage; COHORT when and where it enters one stage if it has reached another by now.
 */
enum measure_take {
	TAKE_COUNT = 0, TAKE_SUM, TAKE_DISTINCT, TAKE_RETAINED, TAKE_PREVIOUS, TAKE_NEW, TAKE_STAGE, TAKE_COHORT
};
enum entity_kind { ENTITY_CUST = 0, ENTITY_ORDER, ENTITY_VISIT, ENTITY_KINDS };

static inline bool
take_is_touch(unsigned take)
{
	return take >= TAKE_DISTINCT && take <= TAKE_PREVIOUS;
}

/* It asks who was in the part before. */
static inline bool
take_looks_back(unsigned take)
{
	return take == TAKE_RETAINED || take == TAKE_PREVIOUS;
}

enum where_field {
	/* 0 .. EVENT_DIMS-1: a dimension, by enum event_text */
	WHERE_STAGE = EVENT_DIMS,
	WHERE_KIND,
	WHERE_COST_TYPE,
	WHERE_MATCHED, /* of a refund, 0 or 1: its sale is known */
	WHERE_FIELDS
};

struct where {
	uint8_t field;                        /* dimension or enum where_field */
	uint8_t count;
	uint8_t number[WHERE_VALUES_MAX];     /* stage, kind, matched */
	char *value[WHERE_VALUES_MAX];        /* dimension or cost type; owned by the set */
};

enum unit { UNIT_COUNT = 0, UNIT_MONEY, UNIT_RATIO };

struct measure {
	char name[MEASURE_NAME_MAX + 1];
	uint8_t from;  /* enum event_type */
	uint8_t take;  /* enum measure_take */
	uint8_t num;   /* enum event_num summed by TAKE_SUM */
	uint8_t entity; /* enum entity_kind told apart by TAKE_DISTINCT; RETAINED, PREVIOUS: ENTITY_CUST */
	uint8_t stage; /* STAGE, COHORT: STAGE_LEAD .. STAGE_CUSTOMER */
	uint8_t of;    /* COHORT: the stage, below the other, whose entry says when and where */
	bool as_sold;  /* refunds: at the sale's time; else at their own */
	uint8_t unit;  /* enum unit */
	uint8_t where_count;
	struct where where[WHERE_MAX];
};

enum direction { DIRECTION_UP = 0, DIRECTION_DOWN, DIRECTION_RANGE };

/* A formula in postfix. See formula.h. */
enum op { OP_MEASURE = 0, OP_CONST, OP_ADD, OP_SUB, OP_MUL, OP_DIV };
struct formula_op {
	uint8_t op;       /* enum op */
	uint8_t measure;  /* OP_MEASURE */
	int64_t num, den; /* OP_CONST: num / den, den a power of ten */
};
struct formula {
	uint8_t count;
	struct formula_op op[FORMULA_OPS_MAX];
};

struct kpi {
	char name[MEASURE_NAME_MAX + 1];
	char *text;                 /* the formula as written; owned by the set */
	char *label_id, *label_en;  /* owned by the set; NULL: none given */
	uint8_t unit;               /* enum unit */
	uint8_t direction;          /* enum direction */
	int64_t min_denominator;    /* below it the value is shown but not judged */
	struct formula formula;
};

/* The dimensions by which spend is known unless the file of KPIs says otherwise (spend_by). */
enum { SPEND_DIMS_DEFAULT = 1 << TEXT_CAMP | 1 << TEXT_CHAN | 1 << TEXT_SRC | 1 << TEXT_MED };

struct kpi_set {
	uint8_t spend_dims; /* bit d: spend is known by dimension d; 0: only as a whole */
	uint32_t measure_count, kpi_count;
	struct measure measure[MEASURES_MAX];
	struct kpi kpi[KPIS_MAX];
};

/*
 * A class is what touches are counted by: one event type, one `where`, one booking, and whom it tells apart.
 * Two measures by touches of one class share them.
 */
bool measure_same_class(const struct measure *a, const struct measure *b);
/*
 * The measures that have no value in a part of a window, as bits: RETAINED and PREVIOUS of prev
 * (and ptd) ask who was there before prev, and for r30d and m that lies beyond the horizon.
 */
uint64_t measures_missing(const struct kpi_set *set, enum window window, enum window_part part);
/*
 * False: the KPI is made of spend, and dims_mask (of a rollup) has a dimension by which spend is not
 * known, so that the KPI has no value there: a team's share of a campaign's spend is nowhere written.
 */
bool kpi_known_by(const struct kpi_set *set, uint32_t kpi, uint8_t dims_mask);
/* "team and product" of a mask; terminated, cut off at size bytes. */
void dims_text(unsigned dims_mask, char *out, size_t size);
/* -1 if unknown. */
int measure_find(const struct kpi_set *set, struct slice name);
int kpi_find(const struct kpi_set *set, struct slice name);
void kpi_set_fini(struct kpi_set *set); /* frees the texts */
const char *unit_name(enum unit unit);           /* count, money, ratio */
const char *direction_name(enum direction direction); /* up, down, range */
#endif
