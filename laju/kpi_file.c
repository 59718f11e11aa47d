/* kpi_file.c - the file of measures and KPIs: its language into a kpi_set. */
#include "laju/kpi_file.h"
#include "laju/guess.h"
#include "aggregator/formula.h"
#include "common/mem.h"
#include "laju/scalar.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
	struct kpi_set *set;
	const struct yaml_file *file;
	const struct yaml_node *kpis; /* the map, to tell "later" from "unknown" */
	int decimals;
	struct config_problems *problems;
};

#define ERROR(reader, node, ...) yaml_error((reader)->file, (node)->at, (reader)->problems, __VA_ARGS__)

static char *
copy_text(struct slice text)
{
	char *copy = mem_alloc((size_t)text.n + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return copy;
}

static bool
expect(struct reader *r, const struct yaml_node *node, enum yaml_kind kind, const char *what)
{
	return yaml_expect(r->file, node, kind, what, r->problems);
}

/* The text of key in map; n == 0: absent or wrong (the problem was added). */
static struct slice
field(struct reader *r, const struct yaml_node *map, const char *key, const struct yaml_node **node)
{
	*node = yaml_find(map, key);
	if (*node == NULL || !expect(r, *node, YAML_SCALAR, key))
		return (struct slice){0};
	if ((*node)->text.n == 0)
		ERROR(r, *node, "%s is empty", key);
	return (*node)->text;
}

/* ---- names ---- */

/*
 * "A plain name never changes meaning": these count leads or new customers once, or
 * follow a sale's refunds. They come with lead and refund tracking; until then nobody
 * may take them for something else.
 */
static const struct {
	const char *name, *instead;
} reserved[] = {
    {"cpl", "cpl_events"},
    {"mql", "mql_events"},
    {"sql", "sql_events"},
    {"mql_to_sql", "mql_to_sql_events"},
    {"cac", NULL},
    {"cac_paid", NULL},
    {"lead_conversion", NULL},
    {"revenue_net", "revenue"},
    {"revenue_attributed", "revenue"},
};

static bool
check_name(struct reader *r, const struct yaml_node *key, const char *what)
{
	struct slice name = key->text;
	bool good = name.n > 0 && name.p[0] >= 'a' && name.p[0] <= 'z';
	for (uint32_t i = 0; i < name.n && good; i++)
		good = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_';
	if (!good) {
		ERROR(r, key, "a %s's name has small letters, digits and _ and begins with a letter", what);
		return false;
	}
	if (name.n > MEASURE_NAME_MAX) {
		ERROR(r, key, "a name has at most %d letters", MEASURE_NAME_MAX);
		return false;
	}
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (!slice_is(name, reserved[i].name))
			continue;
		ERROR(r, key, "'%s' is reserved until leads and refunds are tracked%s%s%s", reserved[i].name,
		      reserved[i].instead ? "; call what counts events '" : "", reserved[i].instead ? reserved[i].instead : "",
		      reserved[i].instead ? "'" : "");
		return false;
	}
	return true;
}

/* ---- measures ---- */

static const char *const type_words = "visit|lead|sale|refund|spend|engage";
static const char *const num_words = "amt|qty|n|reach|imp"; /* in the order of enum event_num */
_Static_assert(NUM_AMT == 0 && NUM_QTY == 1 && NUM_N == 2 && NUM_REACH == 3 && NUM_IMP == 4, "num_words");
_Static_assert(EVENT_VISIT == 1 && EVENT_LEAD == 2 && EVENT_SALE == 3 && EVENT_REFUND == 4 && EVENT_SPEND == 5 &&
                   EVENT_ENGAGE == 6, "type_words");

/* ", did you mean" over words "a|b|c"; valid until the next call with the same guess. */
static const char *
guess_word(struct guess *guess, struct slice text, const char *words)
{
	guess_begin(guess, text);
	for (int i = 0;; i++) {
		struct slice word = scalar_word_at(words, i);
		char copy[64];
		snprintf(copy, sizeof(copy), "%.*s", (int)word.n, (const char *)word.p);
		guess_offer(guess, copy);
		if (word.p[word.n] == '\0')
			return guess_text(guess);
	}
}

static void
read_from(struct reader *r, const struct yaml_node *map, struct measure *measure)
{
	const struct yaml_node *node;
	struct slice text = field(r, map, "from", &node);
	if (node == NULL)
		ERROR(r, map->key, "measure '%s' needs from: an event type", measure->name);
	if (text.n == 0)
		return;
	int type = scalar_word(text, type_words);
	struct guess guess;
	if (slice_is(text, "correct") || slice_is(text, "void"))
		ERROR(r, node, "'%s' changes other events and cannot be measured itself", (const char *)text.p);
	else if (type < 0)
		ERROR(r, node, "unknown event type '%s'%s", (const char *)text.p, guess_word(&guess, text, type_words));
	else
		measure->from = (uint8_t)(type + EVENT_VISIT);
}

/* Which numbers an event type carries. */
static bool
type_has_num(uint8_t type, int num)
{
	if (type == EVENT_ENGAGE)
		return num == NUM_N || num == NUM_REACH || num == NUM_IMP;
	if (type == EVENT_SPEND)
		return num == NUM_AMT;
	return (type == EVENT_SALE || type == EVENT_REFUND) && (num == NUM_AMT || num == NUM_QTY);
}

static void
read_sum(struct reader *r, const struct yaml_node *node, struct slice argument, struct measure *measure)
{
	int num = scalar_word(argument, num_words);
	struct guess guess;
	if (num < 0) {
		ERROR(r, node, "sum() takes amt, qty, n, reach or imp, not '%.*s'%s", (int)argument.n,
		      (const char *)argument.p, guess_word(&guess, argument, num_words));
		return;
	}
	if (measure->from != EVENT_NONE && !type_has_num(measure->from, num))
		ERROR(r, node, "%s events carry no %s", event_type_name(measure->from), event_num_key((unsigned)num));
	measure->take = TAKE_SUM;
	measure->num = (uint8_t)num;
	measure->unit = num == NUM_AMT ? UNIT_MONEY : UNIT_COUNT;
}

/* distinct(cust), distinct(order), distinct(visit), retained(cust), previous(cust). */
static void
read_touch(struct reader *r, const struct yaml_node *node, struct slice argument, enum measure_take take,
           struct measure *measure)
{
	static const char *const words = "cust|order|visit";
	const char *name = take == TAKE_DISTINCT ? "distinct" : take == TAKE_RETAINED ? "retained" : "previous";
	int entity = scalar_word(argument, words);
	struct guess guess;
	if (entity < 0 && argument.n > 0)
		ERROR(r, node, "%s() takes cust, order or visit, not '%.*s'%s", name, (int)argument.n, (const char *)argument.p,
		      guess_word(&guess, argument, words));
	else if (entity < 0)
		ERROR(r, node, "%s needs whom to tell apart: %s(cust)", name, name);
	else if (take_looks_back(take) && entity != ENTITY_CUST)
		ERROR(r, node, "only customers come back: %s(cust)", name);
	else if (entity == ENTITY_ORDER && measure->from != EVENT_NONE && measure->from != EVENT_SALE &&
	         measure->from != EVENT_REFUND)
		ERROR(r, node, "%s events carry no order", event_type_name(measure->from));
	measure->take = (uint8_t)take;
	measure->entity = (uint8_t)(entity < 0 ? ENTITY_CUST : entity);
	measure->unit = UNIT_COUNT;
}

static void
read_new(struct reader *r, const struct yaml_node *node, struct slice argument, struct measure *measure)
{
	if (!slice_is(argument, "cust"))
		ERROR(r, node, "only customers are new: new(cust)");
	if (measure->from != EVENT_NONE && measure->from != EVENT_SALE)
		ERROR(r, node, "a customer is new with the first sale: new(cust) is from: sale");
	measure->take = TAKE_NEW;
	measure->unit = UNIT_COUNT;
}

static void
read_take(struct reader *r, const struct yaml_node *map, struct measure *measure)
{
	static const char *const words = "count|sum|distinct|retained|previous|new|stage|cohort"; /* enum measure_take */
	const struct yaml_node *node;
	struct slice text = field(r, map, "take", &node);
	if (node == NULL)
		ERROR(r, map->key, "measure '%s' needs take: count, sum(...), distinct(...) or retained(cust)", measure->name);
	if (text.n == 0)
		return;
	const uint8_t *open = memchr(text.p, '(', text.n);
	struct slice word = {text.p, open ? (uint32_t)(open - text.p) : text.n};
	struct slice argument = {0};
	if (open != NULL && text.p[text.n - 1] == ')')
		argument = (struct slice){open + 1, (uint32_t)(text.p + text.n - 1 - (open + 1))};
	int take = scalar_word(word, words);
	struct guess guess;
	if (take < 0)
		ERROR(r, node, "unknown take '%.*s'%s", (int)word.n, (const char *)word.p, guess_word(&guess, word, words));
	else if (take >= TAKE_DISTINCT && take <= TAKE_PREVIOUS)
		read_touch(r, node, argument, (enum measure_take)take, measure);
	else if (take == TAKE_NEW)
		read_new(r, node, argument, measure);
	else if (take > TAKE_NEW)
		ERROR(r, node, "%.*s is not there yet in this version", (int)word.n, (const char *)word.p);
	else if (take == 0 && open != NULL)
		ERROR(r, node, "count takes no argument");
	else if (take == 1 && argument.n == 0)
		ERROR(r, node, "sum needs a field: sum(amt), sum(qty), sum(n), sum(reach) or sum(imp)");
	else if (take == 1)
		read_sum(r, node, argument, measure);
}

/* Adds one value of a condition. */
static void
read_where_value(struct reader *r, const struct yaml_node *node, struct where *where)
{
	static const char *const stages = "lead|mql|sql|customer|rejected";
	static const char *const kinds = "like|share|comment|post|tag|mention";
	if (!expect(r, node, YAML_SCALAR, "a value"))
		return;
	if (node->text.n == 0 || node->text.n > EVENT_TEXT_BYTES_MAX) {
		ERROR(r, node, "a value has 1 to %d bytes", EVENT_TEXT_BYTES_MAX);
		return;
	}
	if (where->count == WHERE_VALUES_MAX) {
		ERROR(r, node, "a condition has at most %d values", WHERE_VALUES_MAX);
		return;
	}
	if (where->field < EVENT_DIMS || where->field == WHERE_COST_TYPE) {
		where->value[where->count++] = copy_text(node->text);
		return;
	}
	bool stage = where->field == WHERE_STAGE;
	unsigned number = stage ? event_stage_of(node->text) : event_kind_of(node->text);
	struct guess guess;
	if (number == 0)
		ERROR(r, node, "unknown %s '%s'%s", stage ? "stage" : "kind", (const char *)node->text.p,
		      guess_word(&guess, node->text, stage ? stages : kinds));
	else
		where->number[where->count++] = (uint8_t)number;
}

/* The field of a condition, or -1 after a problem. */
static int
read_where_field(struct reader *r, const struct yaml_node *key, const struct measure *measure)
{
	static const struct {
		const char *name;
		uint8_t field, type; /* only events of this type carry it */
	} others[] = {{"stage", WHERE_STAGE, EVENT_LEAD}, {"kind", WHERE_KIND, EVENT_ENGAGE},
	              {"cost_type", WHERE_COST_TYPE, EVENT_SPEND}};
	int dim = event_dim_of(key->text);
	if (dim >= 0)
		return dim;
	struct guess guess;
	guess_begin(&guess, key->text);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		guess_offer(&guess, event_dim_name(d));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		guess_offer(&guess, others[i].name);
		if (!slice_is(key->text, others[i].name))
			continue;
		if (measure->from == EVENT_NONE || measure->from == others[i].type)
			return others[i].field;
		ERROR(r, key, "%s belongs to %s events, not to %s events", others[i].name, event_type_name(others[i].type),
		      event_type_name(measure->from));
		return -1;
	}
	ERROR(r, key, "unknown dimension '%s'%s", (const char *)key->text.p, guess_text(&guess));
	return -1;
}

static void
read_where(struct reader *r, const struct yaml_node *map, struct measure *measure)
{
	const struct yaml_node *node = yaml_find(map, "where");
	if (node == NULL || !expect(r, node, YAML_MAP, "where"))
		return;
	for (const struct yaml_node *child = node->first; child; child = child->next) {
		int found = read_where_field(r, child->key, measure);
		if (found < 0)
			continue;
		if (measure->where_count == WHERE_MAX) {
			ERROR(r, child->key, "a measure has at most %d conditions", WHERE_MAX);
			return;
		}
		struct where *where = &measure->where[measure->where_count++];
		where->field = (uint8_t)found;
		if (child->kind == YAML_LIST && child->count == 0)
			ERROR(r, child, "a condition needs a value");
		if (child->kind != YAML_LIST)
			read_where_value(r, child, where);
		else
			for (const struct yaml_node *value = child->first; value; value = value->next)
				read_where_value(r, value, where);
	}
}

static uint32_t
classes(const struct kpi_set *set)
{
	uint32_t count = 0;
	for (uint32_t m = 0; m < set->measure_count; m++) {
		uint32_t like = 0;
		while (like < m && !measure_same_class(&set->measure[m], &set->measure[like]))
			like++;
		count += like == m && take_is_touch(set->measure[m].take);
	}
	return count;
}

static void
read_measure(struct reader *r, const struct yaml_node *node)
{
	static const char *const keys[] = {"from", "where", "take", NULL};
	if (r->set->measure_count == MEASURES_MAX) {
		ERROR(r, node->key, "more than %d measures", MEASURES_MAX);
		return;
	}
	if (!check_name(r, node->key, "measure") || !expect(r, node, YAML_MAP, "a measure"))
		return;
	if (measure_find(r->set, node->key->text) >= 0)
		return; /* the walker has complained */
	/* Counted even if something in it is wrong, so that formulas do not complain again. */
	struct measure *measure = &r->set->measure[r->set->measure_count++];
	memcpy(measure->name, node->key->text.p, node->key->text.n);
	yaml_check_keys(r->file, node, keys, r->problems);
	read_from(r, node, measure);
	read_take(r, node, measure);
	read_where(r, node, measure);
	if (classes(r->set) <= CLASSES_MAX)
		return;
	ERROR(r, node->key, "measures tell customers, orders or visits apart in more than %d ways (from, where)", CLASSES_MAX);
	measure->take = TAKE_COUNT; /* the next one is not to complain of this one */
}

/* ---- KPIs ---- */

/* Where byte `offset` of a scalar stands in the file; its start if quoting or folding moved the bytes. */
static uint32_t
place_in(const struct reader *r, const struct yaml_node *node, uint32_t offset)
{
	bool straight = node->at + (size_t)node->text.n <= r->file->len &&
	                memcmp(r->file->text + node->at, node->text.p, node->text.n) == 0;
	if (straight)
		return node->at + offset;
	return node->at + (uint32_t)strspn(r->file->text + node->at, " "); /* a folded text begins with its indent */
}

/* A formula names what is not there (yet). */
static void
complain_unknown(struct reader *r, const struct yaml_node *node, uint32_t at, const struct yaml_node *kpi)
{
	const char *start = (const char *)node->text.p + at;
	struct slice name = {(const uint8_t *)start,
	                     (uint32_t)strspn(start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")};
	uint32_t place = place_in(r, node, at);
	for (const struct yaml_node *other = r->kpis->first; other; other = other->next) {
		if (!slice_equal(other->key->text, name))
			continue;
		bool later = other->at > node->at;
		yaml_error(r->file, place, r->problems, "KPI '%.*s' %s", (int)name.n, start,
		           other == kpi ? "is used in its own formula"
		           : later      ? "is defined further down; move it above"
		                        : "has errors of its own");
		return;
	}
	struct guess guess;
	guess_begin(&guess, name);
	for (uint32_t m = 0; m < r->set->measure_count; m++)
		guess_offer(&guess, r->set->measure[m].name);
	for (uint32_t k = 0; k < r->set->kpi_count; k++)
		guess_offer(&guess, r->set->kpi[k].name);
	yaml_error(r->file, place, r->problems, "unknown measure or KPI '%.*s'%s", (int)name.n, start,
	           guess_text(&guess));
}

static bool
read_formula(struct reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	const struct yaml_node *node;
	struct slice text = field(r, map, "formula", &node);
	if (node == NULL)
		ERROR(r, map->key, "KPI '%s' needs a formula", kpi->name);
	if (text.n == 0)
		return false;
	enum unit unit = UNIT_COUNT;
	uint32_t at = 0;
	char why[120];
	int error = formula_compile(&kpi->formula, r->set, (const char *)text.p, &unit, &at, why);
	if (error == -ENOENT)
		complain_unknown(r, node, at, map);
	else if (error < 0)
		yaml_error(r->file, place_in(r, node, at), r->problems, "%s", why);
	if (error < 0)
		return false;
	kpi->unit = (uint8_t)unit;
	kpi->text = copy_text(text);
	return true;
}

/* A KPI may bear a measure's name only if it is that measure: one name, one meaning. */
static void
check_collision(struct reader *r, const struct yaml_node *map, const struct kpi *kpi)
{
	int measure = measure_find(r->set, slice_of(kpi->name));
	if (measure < 0)
		return;
	bool same = kpi->formula.count == 1 && kpi->formula.op[0].op == OP_MEASURE &&
	            kpi->formula.op[0].measure == measure;
	if (!same)
		ERROR(r, map->key, "a measure is called '%s'; a KPI of that name can only be 'formula: %s'", kpi->name,
		      kpi->name);
}

static void
read_words(struct reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	static const char *const unit_words = "count|money|ratio";
	static const char *const direction_words = "up|down|range";
	const struct yaml_node *node;
	struct guess guess;
	struct slice text = field(r, map, "unit", &node);
	int word = text.n ? scalar_word(text, unit_words) : -1;
	if (text.n && word < 0)
		ERROR(r, node, "unit must be count, money or ratio, not '%s'%s", (const char *)text.p,
		      guess_word(&guess, text, unit_words));
	else if (text.n && kpi->formula.count > 0 && word != kpi->unit)
		ERROR(r, node, "the formula gives %s, not %s", unit_name(kpi->unit), unit_name((enum unit)word));

	text = field(r, map, "direction", &node);
	word = text.n ? scalar_word(text, direction_words) : DIRECTION_UP;
	if (word < 0)
		ERROR(r, node, "direction must be up, down or range, not '%s'%s", (const char *)text.p,
		      guess_word(&guess, text, direction_words));
	else
		kpi->direction = (uint8_t)word;
}

/* In units of the divisor, money in currency units; kept in units of a value's den. */
static void
read_min_denominator(struct reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	const struct yaml_node *node;
	struct slice text = field(r, map, "min_denominator", &node);
	if (text.n == 0)
		return;
	int64_t num, den, scale;
	enum unit unit = UNIT_COUNT;
	if (!scalar_decimal(text, &num, &den) || num < 0) {
		ERROR(r, node, "min_denominator must be a number of 0 or more, not '%s'", (const char *)text.p);
		return;
	}
	if (kpi->formula.count == 0)
		return; /* its formula is wrong */
	if (!formula_divisor(&kpi->formula, r->set, &unit, &scale)) {
		ERROR(r, node, "min_denominator needs a formula of the form A / B without division in A or B");
		return;
	}
	bool fits = true;
	for (int d = 0; unit == UNIT_MONEY && d < r->decimals; d++)
		fits = fits && !__builtin_mul_overflow(scale, (int64_t)10, &scale);
	fits = fits && !__builtin_mul_overflow(num, scale, &num);
	if (!fits)
		ERROR(r, node, "min_denominator is too large");
	else
		kpi->min_denominator = num / den + (num % den != 0);
}

static void
read_label(struct reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	static const char *const keys[] = {"id", "en", NULL};
	const struct yaml_node *label = yaml_find(map, "label"), *node;
	if (label == NULL || !expect(r, label, YAML_MAP, "label"))
		return;
	yaml_check_keys(r->file, label, keys, r->problems);
	for (int language = 0; language < 2; language++) {
		struct slice text = field(r, label, keys[language], &node);
		char **place = language == 0 ? &kpi->label_id : &kpi->label_en;
		if (text.n > KPI_LABEL_MAX)
			ERROR(r, node, "a label has at most %d bytes", KPI_LABEL_MAX);
		else if (text.n > 0 && *place == NULL)
			*place = copy_text(text);
	}
}

static void
read_kpi(struct reader *r, const struct yaml_node *node)
{
	static const char *const keys[] = {"formula", "unit", "direction", "min_denominator", "label", NULL};
	if (r->set->kpi_count == KPIS_MAX) {
		ERROR(r, node->key, "more than %d KPIs", KPIS_MAX);
		return;
	}
	if (!check_name(r, node->key, "KPI") || !expect(r, node, YAML_MAP, "a KPI") ||
	    kpi_find(r->set, node->key->text) >= 0)
		return;
	struct kpi *kpi = &r->set->kpi[r->set->kpi_count];
	memcpy(kpi->name, node->key->text.p, node->key->text.n);
	yaml_check_keys(r->file, node, keys, r->problems);
	bool compiled = read_formula(r, node, kpi);
	if (compiled)
		check_collision(r, node, kpi);
	else
		kpi->formula.count = 0;
	read_words(r, node, kpi);
	read_min_denominator(r, node, kpi);
	read_label(r, node, kpi);
	if (compiled) {
		r->set->kpi_count++;
		return;
	}
	free(kpi->text);
	free(kpi->label_id);
	free(kpi->label_en);
	*kpi = (struct kpi){0};
}

/* ---- the file ---- */

/* PREVIOUS takes over, when a period turns, what DISTINCT of its class counted. */
static void
check_previous(struct reader *r, const struct yaml_node *measures)
{
	for (const struct yaml_node *node = measures->first; node; node = node->next) {
		int m = measure_find(r->set, node->key->text);
		const struct measure *measure = m < 0 ? NULL : &r->set->measure[m];
		uint32_t d = 0;
		if (measure == NULL || measure->take != TAKE_PREVIOUS)
			continue;
		while (d < r->set->measure_count &&
		       (r->set->measure[d].take != TAKE_DISTINCT || !measure_same_class(measure, &r->set->measure[d])))
			d++;
		if (d == r->set->measure_count)
			ERROR(r, node->key, "measure '%s' needs one of the same from and where that takes distinct(cust)",
			      measure->name);
	}
}

static void
read_file(struct reader *r)
{
	static const char *const keys[] = {"version", "measures", "kpis", NULL};
	const struct yaml_node *root = r->file->root, *node;
	if (root == NULL) {
		yaml_error(r->file, 0, r->problems, "the file is empty; it needs version, measures and kpis");
		return;
	}
	if (!expect(r, root, YAML_MAP, "the file"))
		return;
	yaml_check_keys(r->file, root, keys, r->problems);
	for (const char *const *key = keys; *key; key++)
		if (yaml_find(root, *key) == NULL)
			ERROR(r, root, "%s is missing", *key);
	struct slice version = field(r, root, "version", &node);
	if (version.n > 0 && !slice_is(version, "1"))
		ERROR(r, node, "version must be 1, not '%s'", (const char *)version.p);

	const struct yaml_node *measures = yaml_find(root, "measures");
	if (measures != NULL && expect(r, measures, YAML_MAP, "measures")) {
		for (node = measures->first; node; node = node->next)
			read_measure(r, node);
		check_previous(r, measures);
	}
	r->kpis = yaml_find(root, "kpis");
	if (r->kpis != NULL && expect(r, r->kpis, YAML_MAP, "kpis"))
		for (node = r->kpis->first; node; node = node->next)
			read_kpi(r, node);
}

static bool
finish(struct kpi_set *set, struct yaml_file *file, bool parsed, int decimals, struct config_problems *problems,
       uint32_t errors_before)
{
	struct reader reader = {.set = set, .file = file, .decimals = decimals, .problems = problems};
	if (parsed)
		read_file(&reader);
	yaml_fini(file);
	return problems->errors == errors_before;
}

bool
kpi_file_parse(struct kpi_set *set, const char *name, struct slice text, int decimals,
               struct config_problems *problems)
{
	struct yaml_file file;
	uint32_t errors = problems->errors;
	*set = (struct kpi_set){0};
	return finish(set, &file, yaml_parse(&file, name, text, problems), decimals, problems, errors);
}

bool
kpi_file_read(struct kpi_set *set, const char *path, int decimals, struct config_problems *problems)
{
	struct yaml_file file;
	uint32_t errors = problems->errors;
	*set = (struct kpi_set){0};
	return finish(set, &file, yaml_read(&file, path, problems), decimals, problems, errors);
}
