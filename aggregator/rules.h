/*
 * rules.h - threshold alerts: a KPI of some rows against a value, in log time.
 *
 * Evaluated at the end of each log minute, after the drains, so that the states are
 * a function of the log. States per row: ok -> pending (the condition holds) ->
 * firing (it held for for_ms) -> clearing (it stopped holding past the clear
 * level) -> ok (for keep_ms). for_ms 0 skips pending, keep_ms 0 skips clearing.
 * A KPI without a value, or with a denominator below its KPI's min_denominator,
 * changes nothing; but a positive numerator over nothing (spend without leads) is
 * above every limit. A KPI that is not known by the rollup (kpi_known_by()) is not watched.
 * A row that the aggregator freed is ok. One thread at a time.
 *
 * BUGS: an evaluation looks at every series of the rollups that rules name, about
 * 0.2 us a series and rule; with a million series that is felt once a minute.
 */
#ifndef AGGREGATOR_RULES_H
#define AGGREGATOR_RULES_H
#include "aggregator/formula.h"
#include "aggregator/kernel.h"
#include "common/stream.h"

enum { RULES_MAX = 128, RULE_ROWS_MAX = 10000 /* rows a rule may watch; more are counted and not watched */ };
enum rule_op { RULE_BELOW = 0, RULE_ABOVE };
enum severity { SEVERITY_INFO = 0, SEVERITY_WARNING, SEVERITY_CRITICAL };
enum rule_state { RULE_OK = 0, RULE_PENDING, RULE_FIRING, RULE_CLEARING };

struct rule {
	char name[64];
	uint8_t kpi;         /* index into the set */
	uint8_t window;      /* enum window */
	uint8_t rollup;      /* index */
	uint8_t op;          /* enum rule_op */
	uint8_t severity;
	bool pace;           /* calendar windows: value and clear are scaled by the elapsed share of the period */
	char *key;           /* glob over the topic key: * and ?; owned */
	int64_t num, den;    /* the value, exact; money in minor units */
	int64_t clear_num, clear_den; /* equal to the value if not given */
	int64_t for_ms, keep_ms;
};

/* One state change, or the present state of a row that is not ok. */
struct alert {
	const struct rule *rule;
	uint8_t from, to;        /* enum rule_state */
	int64_t since_ms;        /* when the present state began */
	int64_t at_ms;           /* of the evaluation: the end of a log minute, as all times here */
	uint32_t key_count;
	struct slice key[EVENT_DIMS];
	struct kpi_value value;  /* at at_ms */
	int64_t limit_num, limit_den; /* the level compared with, pace applied (rounded if it fits no better) */
	int64_t holds_since_ms;  /* when the condition began to hold, this time */
	bool gone;               /* to is ok because the series was freed; there is no value */
};
typedef void alert_fn(void *context, const struct alert *alert);

struct rules;
/* rules and kernel, whose KPIs and rollups they name, outlive the result. */
struct rules *rules_new(const struct rule *rule, uint32_t count, const struct kernel_config *kernel);
void rules_free(struct rules *rules);

/* Where rows come from: the kernel, or a test. Series ids are 0 .. end-1. */
struct rules_source {
	void *context;
	int64_t now_ms; /* log time; INT64_MIN: none yet */
	const struct window_bounds *bounds; /* WINDOW_COUNT */
	uint32_t end;
	bool (*live)(void *context, uint32_t series);
	uint32_t (*rollup)(void *context, uint32_t series);
	uint32_t (*key)(void *context, uint32_t series, struct slice key[EVENT_DIMS]);
	void (*totals)(void *context, uint32_t series, enum window window, int64_t totals[MEASURES_MAX]); /* of cur */
};
void rules_evaluate_source(struct rules *rules, const struct rules_source *source, alert_fn *changed, void *context);
/* Call when kernel_drain() is true; does nothing within the same log minute. Calls back for each transition. */
void rules_evaluate(struct rules *rules, struct kernel *kernel, alert_fn *changed, void *context);

/* Of the rules, and of the KPIs that they watch. */
struct hash128 rules_fingerprint(const struct rules *rules);
/* For an image: the rows that are not ok. load: into new ones of the same rules and KPIs. */
void rules_save(const struct rules *rules, struct stream_out *out);
void rules_load(struct rules *rules, struct stream_in *in);

struct rules_counters {
	uint64_t evaluations, transitions;
	uint64_t watched, unwatched; /* rows, at the last evaluation; unwatched: beyond RULE_ROWS_MAX of a rule */
	uint64_t not_ok;
};
void rules_count(const struct rules *rules, struct rules_counters *out);
#endif
