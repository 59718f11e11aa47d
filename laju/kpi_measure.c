/* kpi_measure.c - the measures of a KPI file: what is taken of which events. */
#include "laju/kpi_reader.h"
#include "laju/scalar.h"
#include <stdio.h>

static const char *const type_words = "visit|lead|sale|refund|spend|engage";
#define STAGE_WORDS "lead|mql|sql|customer|rejected"
static const char *const num_words = "amt|qty|n|reach|imp"; /* in the order of enum event_num */
_Static_assert(NUM_AMT == 0 && NUM_QTY == 1 && NUM_N == 2 && NUM_REACH == 3 && NUM_IMP == 4, "num_words");
_Static_assert(STAGE_LEAD == 1 && STAGE_MQL == 2 && STAGE_SQL == 3 && STAGE_CUSTOMER == 4 && STAGE_REJECTED == 5,
               "STAGE_WORDS, and which is above which");
_Static_assert(KIND_LIKE == 1 && KIND_MENTION == 6, "the words of kind");
_Static_assert(EVENT_VISIT == 1 && EVENT_LEAD == 2 && EVENT_SALE == 3 && EVENT_REFUND == 4 && EVENT_SPEND == 5 &&
                   EVENT_ENGAGE == 6, "type_words");

static void
read_from(struct kpi_reader *r, const struct yaml_node *map, struct measure *measure)
{
	const struct yaml_node *node;
	struct slice text = kpi_field(r, map, "from", &node);
	if (node == NULL)
		KPI_ERROR(r, map->key, "measure '%s' needs from: an event type", measure->name);
	if (text.n == 0)
		return;
	int type = scalar_word(text, type_words);
	struct guess guess;
	if (slice_is(text, "correct") || slice_is(text, "void"))
		KPI_ERROR(r, node, "'%s' changes other events and cannot be measured itself", (const char *)text.p);
	else if (type < 0)
		KPI_ERROR(r, node, "unknown event type '%s'%s", (const char *)text.p, kpi_guess_word(&guess, text, type_words));
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
read_sum(struct kpi_reader *r, const struct yaml_node *node, struct slice argument, struct measure *measure)
{
	int num = scalar_word(argument, num_words);
	struct guess guess;
	if (num < 0) {
		KPI_ERROR(r, node, "sum() takes amt, qty, n, reach or imp, not '%.*s'%s", (int)argument.n,
		          (const char *)argument.p, kpi_guess_word(&guess, argument, num_words));
		return;
	}
	if (measure->from != EVENT_NONE && !type_has_num(measure->from, num))
		KPI_ERROR(r, node, "%s events carry no %s", event_type_name(measure->from), event_num_key((unsigned)num));
	measure->take = TAKE_SUM;
	measure->num = (uint8_t)num;
	measure->unit = num == NUM_AMT ? UNIT_MONEY : UNIT_COUNT;
}

/* distinct(cust), distinct(order), distinct(visit), retained(cust), previous(cust). */
static void
read_touch(struct kpi_reader *r, const struct yaml_node *node, struct slice argument, enum measure_take take,
           struct measure *measure)
{
	static const char *const words = "cust|order|visit";
	const char *name = take == TAKE_DISTINCT ? "distinct" : take == TAKE_RETAINED ? "retained" : "previous";
	int entity = scalar_word(argument, words);
	struct guess guess;
	if (entity < 0 && argument.n > 0)
		KPI_ERROR(r, node, "%s() takes cust, order or visit, not '%.*s'%s", name, (int)argument.n,
		          (const char *)argument.p, kpi_guess_word(&guess, argument, words));
	else if (entity < 0)
		KPI_ERROR(r, node, "%s needs whom to tell apart: %s(cust)", name, name);
	else if (take_looks_back(take) && entity != ENTITY_CUST)
		KPI_ERROR(r, node, "only customers come back: %s(cust)", name);
	else if (entity == ENTITY_ORDER && measure->from != EVENT_NONE && measure->from != EVENT_SALE &&
	         measure->from != EVENT_REFUND)
		KPI_ERROR(r, node, "%s events carry no order", event_type_name(measure->from));
	measure->take = (uint8_t)take;
	measure->entity = (uint8_t)(entity < 0 ? ENTITY_CUST : entity);
	measure->unit = UNIT_COUNT;
}

static void
read_new(struct kpi_reader *r, const struct yaml_node *node, struct slice argument, struct measure *measure)
{
	if (!slice_is(argument, "cust"))
		KPI_ERROR(r, node, "only customers are new: new(cust)");
	if (measure->from != EVENT_NONE && measure->from != EVENT_SALE)
		KPI_ERROR(r, node, "a customer is new with the first sale: new(cust) is from: sale");
	measure->take = TAKE_NEW;
	measure->unit = UNIT_COUNT;
}

/* A stage that a lead can enter; STAGE_NONE after a problem. */
static uint8_t
read_stage(struct kpi_reader *r, const struct yaml_node *node, const char *take, struct slice word)
{
	unsigned stage = event_stage_of(word);
	struct guess guess;
	if (stage == STAGE_REJECTED)
		KPI_ERROR(r, node, "a rejected lead leaves every stage, so none enters 'rejected'; its events count with "
		                   "take: count, where: {stage: rejected}");
	else if (stage == STAGE_NONE)
		KPI_ERROR(r, node, "%s() takes lead, mql, sql or customer, not '%.*s'%s", take, (int)word.n,
		          (const char *)word.p, kpi_guess_word(&guess, word, "lead|mql|sql|customer"));
	return stage == STAGE_REJECTED ? STAGE_NONE : (uint8_t)stage;
}

/* stage(x), cohort(x), cohort(x, y). */
static void
read_stages(struct kpi_reader *r, const struct yaml_node *node, struct slice argument, enum measure_take take,
            struct measure *measure)
{
	const char *name = take == TAKE_STAGE ? "stage" : "cohort";
	const uint8_t *comma = take == TAKE_COHORT && argument.n > 0 ? memchr(argument.p, ',', argument.n) : NULL;
	struct slice first = argument, second = {0};
	measure->take = (uint8_t)take;
	measure->unit = UNIT_COUNT;
	if (measure->from != EVENT_NONE && measure->from != EVENT_LEAD)
		KPI_ERROR(r, node, "only leads have stages: %s() is from: lead", name);
	if (argument.n == 0) {
		KPI_ERROR(r, node, "%s needs a stage: %s", name, take == TAKE_STAGE ? "stage(mql)" : "cohort(sql, mql)");
		return;
	}
	if (comma != NULL) {
		const uint8_t *end = argument.p + argument.n;
		first.n = (uint32_t)(comma - argument.p);
		for (comma++; comma < end && *comma == ' '; comma++)
			;
		second = (struct slice){comma, (uint32_t)(end - comma)};
	}
	measure->stage = read_stage(r, node, name, first);
	if (take == TAKE_STAGE)
		return;
	measure->of = comma == NULL ? STAGE_LEAD : read_stage(r, node, name, second);
	if (measure->stage != STAGE_NONE && measure->of != STAGE_NONE && measure->stage <= measure->of)
		KPI_ERROR(r, node, "cohort(x, y) takes leads of stage y that have reached x, above it; '%s' is not above '%s'",
		          event_stage_name(measure->stage), event_stage_name(measure->of));
}

static void
read_take(struct kpi_reader *r, const struct yaml_node *map, struct measure *measure)
{
	static const char *const words = "count|sum|distinct|retained|previous|new|stage|cohort"; /* enum measure_take */
	const struct yaml_node *node;
	struct slice text = kpi_field(r, map, "take", &node);
	if (node == NULL)
		KPI_ERROR(r, map->key, "measure '%s' needs take: count, sum(...), distinct(...), new(cust), stage(...), ...",
		          measure->name);
	if (text.n == 0)
		return;
	const uint8_t *open = memchr(text.p, '(', text.n);
	struct slice word = {text.p, open ? (uint32_t)(open - text.p) : text.n};
	struct slice argument = {0};
	if (open != NULL && text.p[text.n - 1] == ')')
		argument = (struct slice){open + 1, (uint32_t)(text.p + text.n - 1 - (open + 1))};
	int take = scalar_word(word, words);
	struct guess guess;
	if (open != NULL && text.p[text.n - 1] != ')')
		KPI_ERROR(r, node, "a ')' is missing; between braces, what has a comma needs quotes: \"cohort(sql, mql)\"");
	else if (take < 0)
		KPI_ERROR(r, node, "unknown take '%.*s'%s", (int)word.n, (const char *)word.p,
		          kpi_guess_word(&guess, word, words));
	else if (take >= TAKE_DISTINCT && take <= TAKE_PREVIOUS)
		read_touch(r, node, argument, (enum measure_take)take, measure);
	else if (take == TAKE_NEW)
		read_new(r, node, argument, measure);
	else if (take == TAKE_STAGE || take == TAKE_COHORT)
		read_stages(r, node, argument, (enum measure_take)take, measure);
	else if (take == 0 && open != NULL)
		KPI_ERROR(r, node, "count takes no argument");
	else if (take == 1 && argument.n == 0)
		KPI_ERROR(r, node, "sum needs a field: sum(amt), sum(qty), sum(n), sum(reach) or sum(imp)");
	else if (take == 1)
		read_sum(r, node, argument, measure);
}

/* Conditions that are no dimensions: only events of one type carry them. */
struct condition {
	const char *name;
	uint8_t field, type;
	const char *words; /* of its values; NULL: any text */
	uint8_t first;     /* the first word's number, the others follow */
};

static const struct condition conditions[] = {
    {"stage", WHERE_STAGE, EVENT_LEAD, STAGE_WORDS, STAGE_LEAD},
    {"kind", WHERE_KIND, EVENT_ENGAGE, "like|share|comment|post|tag|mention", KIND_LIKE},
    {"cost_type", WHERE_COST_TYPE, EVENT_SPEND, NULL, 0},
    {"matched", WHERE_MATCHED, EVENT_REFUND, "no|yes", 0},
};

static const struct condition *
condition_of(uint8_t field)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		if (conditions[i].field == field)
			return &conditions[i];
	return NULL;
}

/* Adds one value of a condition. */
static void
read_where_value(struct kpi_reader *r, const struct yaml_node *node, struct where *where)
{
	if (!kpi_expect(r, node, YAML_SCALAR, "a value"))
		return;
	if (node->text.n == 0 || node->text.n > EVENT_TEXT_BYTES_MAX) {
		KPI_ERROR(r, node, "a value has 1 to %d bytes", EVENT_TEXT_BYTES_MAX);
		return;
	}
	if (where->count == WHERE_VALUES_MAX) {
		KPI_ERROR(r, node, "a condition has at most %d values", WHERE_VALUES_MAX);
		return;
	}
	const struct condition *condition = condition_of(where->field);
	if (condition == NULL || condition->words == NULL) {
		where->value[where->count++] = kpi_text_copy(node->text);
		return;
	}
	int word = scalar_word(node->text, condition->words);
	struct guess guess;
	if (word < 0 && where->field == WHERE_MATCHED)
		KPI_ERROR(r, node, "matched is yes (the refund's sale is known) or no, not '%s'", (const char *)node->text.p);
	else if (word < 0)
		KPI_ERROR(r, node, "unknown %s '%s'%s", condition->name, (const char *)node->text.p,
		          kpi_guess_word(&guess, node->text, condition->words));
	else
		where->number[where->count++] = (uint8_t)(word + condition->first);
}

/* The field of a condition, or -1 after a problem. */
static int
read_where_field(struct kpi_reader *r, const struct yaml_node *key, const struct measure *measure)
{
	int dim = event_dim_of(key->text);
	if (dim >= 0)
		return dim;
	struct guess guess;
	guess_begin(&guess, key->text);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		guess_offer(&guess, event_dim_name(d));
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const struct condition *condition = &conditions[i];
		guess_offer(&guess, condition->name);
		if (!slice_is(key->text, condition->name))
			continue;
		if (measure->from == EVENT_NONE || measure->from == condition->type)
			return condition->field;
		KPI_ERROR(r, key, "%s belongs to %s events, not to %s events", condition->name,
		          event_type_name(condition->type), event_type_name(measure->from));
		return -1;
	}
	KPI_ERROR(r, key, "unknown dimension '%s'%s", (const char *)key->text.p, guess_text(&guess));
	return -1;
}

static void
read_where(struct kpi_reader *r, const struct yaml_node *map, struct measure *measure)
{
	const struct yaml_node *node = yaml_find(map, "where");
	if (node == NULL || !kpi_expect(r, node, YAML_MAP, "where"))
		return;
	for (const struct yaml_node *child = node->first; child; child = child->next) {
		int found = read_where_field(r, child->key, measure);
		if (found < 0)
			continue;
		if (measure->where_count == WHERE_MAX) {
			KPI_ERROR(r, child->key, "a measure has at most %d conditions", WHERE_MAX);
			return;
		}
		struct where *where = &measure->where[measure->where_count++];
		where->field = (uint8_t)found;
		if (child->kind == YAML_LIST && child->count == 0)
			KPI_ERROR(r, child, "a condition needs a value");
		if (child->kind != YAML_LIST)
			read_where_value(r, child, where);
		else
			for (const struct yaml_node *value = child->first; value; value = value->next)
				read_where_value(r, value, where);
	}
}

/* Refunds are booked twice; the other events have one time only. */
static void
read_booked(struct kpi_reader *r, const struct yaml_node *map, struct measure *measure)
{
	static const char *const words = "as_refunded|as_sold";
	const struct yaml_node *node;
	struct slice text = kpi_field(r, map, "booked", &node);
	if (text.n == 0)
		return;
	int word = scalar_word(text, words);
	struct guess guess;
	if (measure->from != EVENT_NONE && measure->from != EVENT_REFUND)
		KPI_ERROR(r, node->key, "booked belongs to refund events, not to %s events", event_type_name(measure->from));
	else if (word < 0)
		KPI_ERROR(r, node, "booked must be as_refunded or as_sold, not '%s'%s", (const char *)text.p,
		          kpi_guess_word(&guess, text, words));
	else
		measure->as_sold = word == 1;
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
read_measure(struct kpi_reader *r, const struct yaml_node *node)
{
	static const char *const keys[] = {"from", "where", "take", "booked", NULL};
	uint32_t errors = r->problems->errors;
	if (r->set->measure_count == MEASURES_MAX) {
		KPI_ERROR(r, node->key, "more than %d measures", MEASURES_MAX);
		return;
	}
	if (!kpi_check_name(r, node->key, "measure") || !kpi_expect(r, node, YAML_MAP, "a measure"))
		return;
	if (measure_find(r->set, node->key->text) >= 0)
		return; /* the walker has complained */
	/* Counted even if something in it is wrong, so that formulas do not complain again. */
	struct measure *measure = &r->set->measure[r->set->measure_count++];
	memcpy(measure->name, node->key->text.p, node->key->text.n);
	yaml_check_keys(r->file, node, keys, r->problems);
	read_from(r, node, measure);
	read_take(r, node, measure);
	read_booked(r, node, measure);
	read_where(r, node, measure);
	uint64_t bit = UINT64_C(1) << (r->set->measure_count - 1);
	if (r->problems->errors != errors)
		r->wrong |= bit;
	kpi_check_meaning(r, node->key, bit);
	if (classes(r->set) <= CLASSES_MAX)
		return;
	r->wrong |= bit;
	KPI_ERROR(r, node->key, "measures tell customers, orders or visits apart in more than %d ways (%s)", CLASSES_MAX,
	          "from, where, booked");
	measure->take = TAKE_COUNT; /* the next one is not to complain of this one */
}

/* PREVIOUS takes over, when a period turns, what DISTINCT of its class counted. */
static void
check_previous(struct kpi_reader *r, const struct yaml_node *measures)
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
			KPI_ERROR(r, node->key,
			          "measure '%s' needs one of the same from, where and booked that takes distinct(cust)",
			          measure->name);
	}
}

void
kpi_read_measures(struct kpi_reader *r, const struct yaml_node *measures)
{
	for (const struct yaml_node *node = measures->first; node; node = node->next)
		read_measure(r, node);
	check_previous(r, measures);
}
