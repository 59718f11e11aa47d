/*
 * rules.c - the state machine of threshold rules.
 *
 * Only rows that are not ok have a state; they stand in one hash table by (rule,
 * key). A row not met in an evaluation was freed, and its state ends.
 */
#include "aggregator/rules.h"
#include "aggregator/fraction.h"
#include "common/mem.h"
#include "schemas/topic.h"
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

enum { MINUTE_MS = 60000, CELLS_MIN = 64 };

struct row {
	struct row *next;
	uint64_t hash;
	uint64_t pass;        /* the last evaluation that met it */
	int64_t since_ms, holds_since_ms;
	struct kpi_value value;
	struct fraction limit;
	uint8_t rule, state, key_count;
	uint16_t part_bytes[EVENT_DIMS];
	uint32_t key_bytes;
	uint8_t key[];        /* parts, one after the other */
};

struct watch {
	bool divides;             /* the KPI's last operation is a division ... */
	struct formula numerator; /* ... of this */
	bool known;               /* the KPI has a value at the rollup; else no row is watched */
	uint32_t rows;            /* met in this evaluation */
};

struct rules {
	const struct rule *rule;
	const struct kpi_set *set;
	uint32_t count;
	struct watch *watch;
	struct row **cell;
	uint32_t cells, rows;
	uint64_t pass;
	int64_t minute, now_ms;
	struct rules_counters counters;
	struct buf key_text;
};

/* One row under one rule, as it stands now. */
struct look {
	uint32_t rule;
	uint32_t key_count;
	const struct slice *key;
	struct kpi_value value;
	struct fraction limit, scale; /* limit without scale */
	bool judged, holds, cleared;
};

/* What the last division of a postfix formula divides. False: the last operation is none. */
static bool
numerator_of(const struct formula *formula, struct formula *numerator)
{
	uint32_t at = formula->count, missing = 1;

	if (at == 0 || formula->op[at - 1].op != OP_DIV)
		return false;
	for (at--; missing > 0; at--) { /* back over the divisor */
		assert(at > 0);
		uint8_t op = formula->op[at - 1].op;
		missing += op == OP_MEASURE || op == OP_CONST ? -1u : 1u;
	}
	*numerator = (struct formula){.count = (uint8_t)at};
	memcpy(numerator->op, formula->op, at * sizeof(formula->op[0]));
	return true;
}

struct rules *
rules_new(const struct rule *rule, uint32_t count, const struct kernel_config *kernel)
{
	struct rules *rules = mem_zalloc(1, sizeof(*rules));
	const struct kpi_set *set = kernel->kpis;

	assert(count <= RULES_MAX);
	rules->rule = rule;
	rules->set = set;
	rules->count = count;
	rules->watch = mem_zalloc(count + 1, sizeof(struct watch));
	for (uint32_t i = 0; i < count; i++) {
		struct watch *watch = &rules->watch[i];
		assert(rule[i].kpi < set->kpi_count && rule[i].rollup < kernel->rollup_count);
		watch->known = kpi_known_by(set, rule[i].kpi, kernel->rollup[rule[i].rollup].dims_mask);
		watch->divides = numerator_of(&set->kpi[rule[i].kpi].formula, &watch->numerator);
	}
	rules->cells = CELLS_MIN;
	rules->cell = mem_zalloc(rules->cells, sizeof(struct row *));
	rules->minute = rules->now_ms = INT64_MIN;
	return rules;
}

void
rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (uint32_t i = 0; i < rules->cells; i++) {
		for (struct row *row = rules->cell[i], *next; row != NULL; row = next) {
			next = row->next;
			free(row);
		}
	}
	free(rules->cell);
	free(rules->watch);
	buf_fini(&rules->key_text);
	free(rules);
}

/* Rows that are not ok */

static uint64_t
hash_step(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * 0x100000001b3u; /* FNV-1a; keys come from events, but 10,000 rows a rule bound the harm */
}

static uint64_t
look_hash(const struct look *look)
{
	uint64_t hash = hash_step(0xcbf29ce484222325u, (uint8_t)look->rule);

	for (uint32_t i = 0; i < look->key_count; i++) {
		for (uint32_t b = 0; b < look->key[i].n; b++)
			hash = hash_step(hash, look->key[i].p[b]);
		hash = hash_step(hash, 0xff); /* no UTF-8 text holds it */
	}
	return hash ^ hash >> 31;
}

static bool
row_is(const struct row *row, const struct look *look, uint64_t hash)
{
	const uint8_t *at = row->key;

	if (row->hash != hash || row->rule != look->rule || row->key_count != look->key_count)
		return false;
	for (uint32_t i = 0; i < look->key_count; at += row->part_bytes[i++])
		if (!slice_equal((struct slice){at, row->part_bytes[i]}, look->key[i]))
			return false;
	return true;
}

static struct row *
row_find(const struct rules *rules, const struct look *look, uint64_t hash)
{
	struct row *row = rules->cell[hash & (rules->cells - 1)];

	while (row != NULL && !row_is(row, look, hash))
		row = row->next;
	return row;
}

static void
rows_grow(struct rules *rules)
{
	struct row **old = rules->cell;
	uint32_t cells = rules->cells;

	rules->cells = cells * 2;
	rules->cell = mem_zalloc(rules->cells, sizeof(struct row *));
	for (uint32_t i = 0; i < cells; i++) {
		for (struct row *row = old[i], *next; row != NULL; row = next) {
			next = row->next;
			row->next = rules->cell[row->hash & (rules->cells - 1)];
			rules->cell[row->hash & (rules->cells - 1)] = row;
		}
	}
	free(old);
}

static struct row *
row_add(struct rules *rules, const struct look *look, uint64_t hash)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < look->key_count; i++)
		bytes += look->key[i].n;
	if (rules->rows >= rules->cells)
		rows_grow(rules);
	struct row *row = mem_zalloc(1, sizeof(*row) + bytes);
	row->hash = hash;
	row->rule = (uint8_t)look->rule;
	row->key_count = (uint8_t)look->key_count;
	for (uint32_t i = 0; i < look->key_count; i++) {
		row->part_bytes[i] = (uint16_t)look->key[i].n;
		if (look->key[i].n > 0)
			memcpy(row->key + row->key_bytes, look->key[i].p, look->key[i].n);
		row->key_bytes += look->key[i].n;
	}
	row->next = rules->cell[hash & (rules->cells - 1)];
	rules->cell[hash & (rules->cells - 1)] = row;
	rules->rows++;
	return row;
}

static void
row_remove(struct rules *rules, struct row *row)
{
	struct row **link = &rules->cell[row->hash & (rules->cells - 1)];

	while (*link != row)
		link = &(*link)->next;
	*link = row->next;
	rules->rows--;
	free(row);
}

static void
tell(const struct rules *rules, const struct row *row, enum rule_state from, bool gone, alert_fn *each, void *context)
{
	struct alert alert = {
	    .rule = &rules->rule[row->rule],
	    .from = (uint8_t)from,
	    .to = row->state,
	    .since_ms = row->since_ms,
	    .at_ms = rules->now_ms,
	    .key_count = row->key_count,
	    .value = row->value,
	    .limit_num = row->limit.num,
	    .limit_den = row->limit.den,
	    .holds_since_ms = row->holds_since_ms,
	    .gone = gone,
	};
	const uint8_t *at = row->key;

	for (uint32_t i = 0; i < row->key_count; at += row->part_bytes[i++])
		alert.key[i] = (struct slice){at, row->part_bytes[i]};
	each(context, &alert);
}

/* Judging */

/* The share of the window's period that is over, for pace; 1 otherwise. */
static struct fraction
scale_of(const struct rule *rule, const struct rules_source *source)
{
	const struct span_ms *cur = &source->bounds[rule->window].part[PART_CUR];
	int64_t whole = cur->hi - cur->lo, over = source->now_ms - cur->lo;

	if (!rule->pace || rule->window < WINDOW_ROLLING || whole <= 0)
		return (struct fraction){1, 1};
	return (struct fraction){over < 0 ? 0 : over > whole ? whole : over, whole};
}

static void
judge(const struct rules *rules, struct look *look, const int64_t *totals)
{
	const struct rule *rule = &rules->rule[look->rule];
	const struct kpi *kpi = &rules->set->kpi[rule->kpi];
	const struct watch *watch = &rules->watch[look->rule];
	struct kpi_value *value = &look->value;

	*value = formula_value(&kpi->formula, totals);
	if (value->kind == KPI_NONE) {
		if (value->reason != REASON_ZERO_DENOMINATOR || !watch->divides || rule->op != RULE_ABOVE)
			return;
		struct kpi_value numerator = formula_value(&watch->numerator, totals);
		look->judged = look->holds = numerator.kind != KPI_NONE && numerator.num > 0;
		return;
	}
	struct fraction have = {value->num, value->kind == KPI_RATIO ? value->den : 1};
	if (value->kind == KPI_RATIO && value->den < kpi->min_denominator)
		return;
	int side = rule->op == RULE_BELOW ? -1 : 1;
	struct fraction clear = {rule->clear_num, rule->clear_den};
	look->judged = true;
	look->holds = fraction_compare(have, look->limit, look->scale) == side;
	look->cleared = fraction_compare(have, clear, look->scale) != side;
}

static enum rule_state
state_next(const struct rule *rule, const struct row *row, const struct look *look, int64_t now_ms)
{
	int64_t age_ms = now_ms - row->since_ms;

	switch (row->state) {
	case RULE_OK:
		return !look->holds ? RULE_OK : rule->for_ms > 0 ? RULE_PENDING : RULE_FIRING;
	case RULE_PENDING:
		return !look->holds ? RULE_OK : age_ms >= rule->for_ms ? RULE_FIRING : RULE_PENDING;
	case RULE_FIRING:
		if (look->holds || !look->cleared) /* between the limit and the clear level nothing is over yet */
			return RULE_FIRING;
		return rule->keep_ms > 0 ? RULE_CLEARING : RULE_OK;
	case RULE_CLEARING:
		return look->holds ? RULE_FIRING : age_ms >= rule->keep_ms ? RULE_OK : RULE_CLEARING;
	}
	assert(false);
	return RULE_OK;
}

static void
row_step(struct rules *rules, struct row *row, const struct look *look, alert_fn *changed, void *context)
{
	const struct rule *rule = &rules->rule[look->rule];
	enum rule_state from = row->state;

	row->value = look->value;
	row->limit = fraction_product(look->limit, look->scale);
	if (!look->judged)
		return;
	enum rule_state to = state_next(rule, row, look, rules->now_ms);
	if (to == from)
		return;
	row->state = (uint8_t)to;
	row->since_ms = rules->now_ms;
	if (from == RULE_OK || (from == RULE_CLEARING && to == RULE_FIRING))
		row->holds_since_ms = rules->now_ms;
	rules->counters.transitions++;
	tell(rules, row, from, false, changed, context);
	if (to == RULE_OK)
		row_remove(rules, row);
}

static void
look_at(struct rules *rules, const struct rules_source *source, struct look *look, const int64_t *totals,
        alert_fn *changed, void *context)
{
	const struct rule *rule = &rules->rule[look->rule];
	uint64_t hash = look_hash(look);
	struct row *row = row_find(rules, look, hash);

	/* a row once watched stays so until it is ok, whoever came before it since */
	if (++rules->watch[look->rule].rows > RULE_ROWS_MAX && row == NULL) {
		rules->counters.unwatched++;
		return;
	}
	rules->counters.watched++;
	look->limit = (struct fraction){rule->num, rule->den};
	look->scale = scale_of(rule, source);
	judge(rules, look, totals);
	if (row == NULL) {
		if (!look->judged || !look->holds)
			return;
		row = row_add(rules, look, hash);
	}
	row->pass = rules->pass;
	row_step(rules, row, look, changed, context);
}

static void
series_look(struct rules *rules, const struct rules_source *source, uint32_t series, uint32_t rollup,
            alert_fn *changed, void *context)
{
	int64_t totals[MEASURES_MAX];
	struct slice key[EVENT_DIMS];
	uint32_t key_count = source->key(source->context, series, key);
	int have = -1; /* the window that totals is of */

	rules->key_text.len = 0;
	topic_key(key, key_count, &rules->key_text);
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		struct look look = {.rule = i, .key_count = key_count, .key = key};
		if (rule->rollup != rollup || !rules->watch[i].known ||
		    !glob_match(slice_of(rule->key), buf_slice(&rules->key_text)))
			continue;
		if (have != rule->window) {
			source->totals(source->context, series, rule->window, totals);
			have = rule->window;
		}
		look_at(rules, source, &look, totals, changed, context);
	}
}

/* Ends the states of rows that were not met: their series were freed. */
static void
rows_end(struct rules *rules, alert_fn *changed, void *context)
{
	for (uint32_t i = 0; i < rules->cells; i++) {
		for (struct row *row = rules->cell[i], *next; row != NULL; row = next) {
			enum rule_state from = row->state;
			next = row->next;
			if (row->pass == rules->pass)
				continue;
			row->state = RULE_OK;
			row->since_ms = rules->now_ms;
			row->value = (struct kpi_value){.kind = KPI_NONE, .den = 1};
			rules->counters.transitions++;
			tell(rules, row, from, true, changed, context);
			row_remove(rules, row);
		}
	}
}

void
rules_evaluate_source(struct rules *rules, const struct rules_source *source, alert_fn *changed, void *context)
{
	bool named[ROLLUPS_MAX] = {false};
	int64_t minute = source->now_ms / MINUTE_MS - (source->now_ms % MINUTE_MS < 0);

	if (rules->count == 0 || source->now_ms == INT64_MIN || minute == rules->minute)
		return;
	rules->minute = minute;
	/* Not the time of the minute's last event: by those, two minutes may last 119.95 s and `for: 2m` three. */
	rules->now_ms = (minute + 1) * MINUTE_MS;
	rules->pass++;
	rules->counters.evaluations++;
	rules->counters.watched = rules->counters.unwatched = 0;
	for (uint32_t i = 0; i < rules->count; i++) {
		rules->watch[i].rows = 0;
		named[rules->rule[i].rollup] = true;
	}
	for (uint32_t series = 0; series < source->end; series++) {
		if (!source->live(source->context, series))
			continue;
		uint32_t rollup = source->rollup(source->context, series);
		if (named[rollup])
			series_look(rules, source, series, rollup, changed, context);
	}
	rows_end(rules, changed, context);
}

struct hash128
rules_fingerprint(const struct rules *rules)
{
	struct buf bytes = {0};
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];
		const struct formula *formula = &rules->set->kpi[rule->kpi].formula;
		buf_printf(&bytes, "%s|%s|%d %d %d %d %d|%lld %lld %lld %lld %lld %lld|", rule->name, rule->key, rule->window,
		           rule->rollup, rule->op, rule->severity, rule->pace, (long long)rule->num, (long long)rule->den,
		           (long long)rule->clear_num, (long long)rule->clear_den, (long long)rule->for_ms,
		           (long long)rule->keep_ms);
		for (uint32_t o = 0; o < formula->count; o++)
			buf_printf(&bytes, "%d %d %lld %lld,", formula->op[o].op, formula->op[o].measure,
			           (long long)formula->op[o].num, (long long)formula->op[o].den);
	}
	XXH128_hash_t hash = XXH3_128bits(bytes.data, bytes.len);
	buf_fini(&bytes);
	return (struct hash128){hash.low64, hash.high64};
}

void
rules_save(const struct rules *rules, struct stream_out *out)
{
	stream_put_mark(out, "RUL1");
	stream_put_int(out, rules->minute);
	stream_put_int(out, rules->now_ms);
	stream_put_var(out, rules->rows);
	for (uint32_t i = 0; i < rules->cells; i++)
		for (const struct row *row = rules->cell[i]; row != NULL; row = row->next) {
			const uint8_t bytes[] = {row->rule,        row->state,        row->key_count,
			                         row->value.kind, row->value.reason, row->value.measure};
			const int64_t numbers[] = {row->since_ms,  row->holds_since_ms, row->value.num,
			                           row->value.den, row->limit.num,      row->limit.den};
			stream_put(out, bytes, sizeof(bytes));
			for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
				stream_put_int(out, numbers[n]);
			const uint8_t *part = row->key;
			for (uint32_t k = 0; k < row->key_count; part += row->part_bytes[k++]) {
				stream_put_var(out, row->part_bytes[k]);
				stream_put(out, part, row->part_bytes[k]);
			}
		}
}

static void
load_row(struct rules *rules, struct stream_in *in)
{
	static _Thread_local uint8_t text[EVENT_DIMS][EVENT_TEXT_BYTES_MAX];
	struct slice key[EVENT_DIMS];
	uint8_t bytes[6];
	int64_t numbers[6];
	stream_get(in, bytes, sizeof(bytes));
	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		numbers[n] = stream_get_int(in);
	if (bytes[0] >= rules->count || bytes[1] > RULE_CLEARING || bytes[2] > EVENT_DIMS)
		stream_fail(in);
	for (uint32_t k = 0; k < bytes[2] && stream_good(in); k++) {
		key[k] = (struct slice){text[k], stream_get_below(in, EVENT_TEXT_BYTES_MAX + 1)};
		stream_get(in, text[k], key[k].n);
	}
	if (!stream_good(in))
		return;
	const struct look look = {.rule = bytes[0], .key_count = bytes[2], .key = key};
	struct row *row = row_add(rules, &look, look_hash(&look));
	row->state = bytes[1];
	row->value = (struct kpi_value){bytes[3], bytes[4], bytes[5], numbers[2], numbers[3]};
	row->since_ms = numbers[0];
	row->holds_since_ms = numbers[1];
	row->limit = (struct fraction){numbers[4], numbers[5]};
}

void
rules_load(struct rules *rules, struct stream_in *in)
{
	stream_get_mark(in, "RUL1");
	rules->minute = stream_get_int(in);
	rules->now_ms = stream_get_int(in);
	for (uint64_t n = stream_get_var(in); n > 0 && stream_good(in); n--)
		load_row(rules, in);
}

void
rules_count(const struct rules *rules, struct rules_counters *out)
{
	*out = rules->counters;
	out->not_ok = rules->rows;
}
