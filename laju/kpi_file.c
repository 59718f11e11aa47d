/* kpi_file.c - the file of measures and KPIs: its language into a kpi_set. */
#include "laju/kpi_reader.h"
#include "aggregator/formula.h"
#include "common/mem.h"
#include "laju/scalar.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

char *
kpi_text_copy(struct slice text)
{
	char *copy = mem_alloc((size_t)text.n + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return copy;
}

bool
kpi_expect(struct kpi_reader *r, const struct yaml_node *node, enum yaml_kind kind, const char *what)
{
	return yaml_expect(r->file, node, kind, what, r->problems);
}

struct slice
kpi_field(struct kpi_reader *r, const struct yaml_node *map, const char *key, const struct yaml_node **node)
{
	*node = yaml_find(map, key);
	if (*node == NULL || !kpi_expect(r, *node, YAML_SCALAR, key))
		return (struct slice){0};
	if ((*node)->text.n == 0)
		KPI_ERROR(r, *node, "%s is empty", key);
	return (*node)->text;
}

/* ---- names ---- */

const char *
kpi_guess_word(struct guess *guess, struct slice text, const char *words)
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

bool
kpi_check_name(struct kpi_reader *r, const struct yaml_node *key, const char *what)
{
	struct slice name = key->text;
	bool good = name.n > 0 && name.p[0] >= 'a' && name.p[0] <= 'z';
	for (uint32_t i = 0; i < name.n && good; i++)
		good = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_';
	if (!good) {
		KPI_ERROR(r, key, "a %s's name has small letters, digits and _ and begins with a letter", what);
		return false;
	}
	if (name.n > MEASURE_NAME_MAX) {
		KPI_ERROR(r, key, "a name has at most %d letters", MEASURE_NAME_MAX);
		return false;
	}
	return true;
}

/* "A plain name never changes meaning": these count people or leads, each once, in every file. */
static const struct {
	const char *name, *who, *events; /* events: a name for what counts those */
} plain_names[] = {
    {"leads", "leads", "lead_events"},
    {"mql", "leads", "mql_events"},
    {"sql", "leads", "sql_events"},
    {"mql_to_sql", "leads", "mql_to_sql_events"},
    {"mql_to_sql_flow", "leads", "mql_to_sql_events"},
    {"lead_conversion", "leads", "lead_conversion_events"},
    {"cpl", "leads", "cpl_events"},
    {"customers", "customers", "customer_events"},
    {"new_customers", "customers", "new_customer_events"},
    {"retention", "customers", "retention_events"},
    {"cac", "customers", "cac_events"},
    {"cac_paid", "customers", "cac_paid_events"},
    {"visitors", "visitors", "visits"},
};

void
kpi_check_meaning(struct kpi_reader *r, const struct yaml_node *key, uint64_t measures)
{
	uint32_t m = 0;
	measures &= ~r->wrong;
	while (m < r->set->measure_count && ((measures >> m & 1) == 0 || r->set->measure[m].take != TAKE_COUNT))
		m++;
	if (m == r->set->measure_count)
		return;
	for (size_t i = 0; i < sizeof(plain_names) / sizeof(plain_names[0]); i++)
		if (slice_is(key->text, plain_names[i].name))
			KPI_ERROR(r, key, "'%s' counts %s, each once; call what counts events '%s'", plain_names[i].name,
			          plain_names[i].who, plain_names[i].events);
}

/* ---- KPIs ---- */

/* Where byte `offset` of a scalar stands in the file; its start if quoting or folding moved the bytes. */
static uint32_t
place_in(const struct kpi_reader *r, const struct yaml_node *node, uint32_t offset)
{
	bool straight = node->at + (size_t)node->text.n <= r->file->len &&
	                memcmp(r->file->text + node->at, node->text.p, node->text.n) == 0;
	if (straight)
		return node->at + offset;
	return node->at + (uint32_t)strspn(r->file->text + node->at, " "); /* a folded text begins with its indent */
}

/* A formula names what is not there (yet). */
static void
complain_unknown(struct kpi_reader *r, const struct yaml_node *node, uint32_t at, const struct yaml_node *kpi)
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
read_formula(struct kpi_reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	const struct yaml_node *node;
	struct slice text = kpi_field(r, map, "formula", &node);
	if (node == NULL)
		KPI_ERROR(r, map->key, "KPI '%s' needs a formula", kpi->name);
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
	kpi->text = kpi_text_copy(text);
	return true;
}

/* A KPI may bear a measure's name only if it is that measure: one name, one meaning. */
static void
check_collision(struct kpi_reader *r, const struct yaml_node *map, const struct kpi *kpi)
{
	int measure = measure_find(r->set, slice_of(kpi->name));
	if (measure < 0)
		return;
	bool same = kpi->formula.count == 1 && kpi->formula.op[0].op == OP_MEASURE &&
	            kpi->formula.op[0].measure == measure;
	if (!same)
		KPI_ERROR(r, map->key, "a measure is called '%s'; a KPI of that name can only be 'formula: %s'", kpi->name,
		          kpi->name);
}

static void
read_words(struct kpi_reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	static const char *const unit_words = "count|money|ratio";
	static const char *const direction_words = "up|down|range";
	const struct yaml_node *node;
	struct guess guess;
	struct slice text = kpi_field(r, map, "unit", &node);
	int word = text.n ? scalar_word(text, unit_words) : -1;
	if (text.n && word < 0)
		KPI_ERROR(r, node, "unit must be count, money or ratio, not '%s'%s", (const char *)text.p,
		          kpi_guess_word(&guess, text, unit_words));
	else if (text.n && kpi->formula.count > 0 && word != kpi->unit)
		KPI_ERROR(r, node, "the formula gives %s, not %s", unit_name(kpi->unit), unit_name((enum unit)word));

	text = kpi_field(r, map, "direction", &node);
	word = text.n ? scalar_word(text, direction_words) : DIRECTION_UP;
	if (word < 0)
		KPI_ERROR(r, node, "direction must be up, down or range, not '%s'%s", (const char *)text.p,
		          kpi_guess_word(&guess, text, direction_words));
	else
		kpi->direction = (uint8_t)word;
}

/* In units of the divisor, money in currency units; kept in units of a value's den. */
static void
read_min_denominator(struct kpi_reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	const struct yaml_node *node;
	struct slice text = kpi_field(r, map, "min_denominator", &node);
	if (text.n == 0)
		return;
	int64_t num, den, scale;
	enum unit unit = UNIT_COUNT;
	if (!scalar_decimal(text, &num, &den) || num < 0) {
		KPI_ERROR(r, node, "min_denominator must be a number of 0 or more, not '%s'", (const char *)text.p);
		return;
	}
	if (kpi->formula.count == 0)
		return; /* its formula is wrong */
	if (!formula_divisor(&kpi->formula, r->set, &unit, &scale)) {
		KPI_ERROR(r, node, "min_denominator needs a formula of the form A / B without division in A or B");
		return;
	}
	bool fits = true;
	for (int d = 0; unit == UNIT_MONEY && d < r->decimals; d++)
		fits = fits && !__builtin_mul_overflow(scale, (int64_t)10, &scale);
	fits = fits && !__builtin_mul_overflow(num, scale, &num);
	if (!fits)
		KPI_ERROR(r, node, "min_denominator is too large");
	else
		kpi->min_denominator = num / den + (num % den != 0);
}

static void
read_label(struct kpi_reader *r, const struct yaml_node *map, struct kpi *kpi)
{
	static const char *const keys[] = {"id", "en", NULL};
	const struct yaml_node *label = yaml_find(map, "label"), *node;
	if (label == NULL || !kpi_expect(r, label, YAML_MAP, "label"))
		return;
	yaml_check_keys(r->file, label, keys, r->problems);
	for (int language = 0; language < 2; language++) {
		struct slice text = kpi_field(r, label, keys[language], &node);
		char **place = language == 0 ? &kpi->label_id : &kpi->label_en;
		if (text.n > KPI_LABEL_MAX)
			KPI_ERROR(r, node, "a label has at most %d bytes", KPI_LABEL_MAX);
		else if (text.n > 0 && *place == NULL)
			*place = kpi_text_copy(text);
	}
}

static void
read_kpi(struct kpi_reader *r, const struct yaml_node *node)
{
	static const char *const keys[] = {"formula", "unit", "direction", "min_denominator", "label", NULL};
	if (r->set->kpi_count == KPIS_MAX) {
		KPI_ERROR(r, node->key, "more than %d KPIs", KPIS_MAX);
		return;
	}
	if (!kpi_check_name(r, node->key, "KPI") || !kpi_expect(r, node, YAML_MAP, "a KPI") ||
	    kpi_find(r->set, node->key->text) >= 0)
		return;
	struct kpi *kpi = &r->set->kpi[r->set->kpi_count];
	memcpy(kpi->name, node->key->text.p, node->key->text.n);
	yaml_check_keys(r->file, node, keys, r->problems);
	bool compiled = read_formula(r, node, kpi);
	if (compiled) {
		check_collision(r, node, kpi);
		kpi_check_meaning(r, node->key, formula_measures(&kpi->formula));
	} else {
		kpi->formula.count = 0;
	}
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

static void
read_spend_by(struct kpi_reader *r, const struct yaml_node *list)
{
	struct guess guess;
	r->set->spend_dims = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next) {
		if (!kpi_expect(r, node, YAML_SCALAR, "a dimension"))
			continue;
		int dim = event_dim_of(node->text);
		guess_begin(&guess, node->text);
		for (unsigned d = 0; d < EVENT_DIMS; d++)
			guess_offer(&guess, event_dim_name(d));
		if (dim < 0)
			KPI_ERROR(r, node, "unknown dimension '%s'%s", (const char *)node->text.p, guess_text(&guess));
		else if ((r->set->spend_dims >> dim & 1) != 0)
			KPI_ERROR(r, node, "dimension '%s' stands twice", (const char *)node->text.p);
		else
			r->set->spend_dims |= (uint8_t)(1u << dim);
	}
}

static void
read_file(struct kpi_reader *r)
{
	enum { NEEDED = 3 };
	static const char *const keys[] = {"version", "measures", "kpis", /* needed; then the others */ "spend_by", NULL};
	const struct yaml_node *root = r->file->root, *node;
	if (root == NULL) {
		yaml_error(r->file, 0, r->problems, "the file is empty; it needs version, measures and kpis");
		return;
	}
	if (!kpi_expect(r, root, YAML_MAP, "the file"))
		return;
	yaml_check_keys(r->file, root, keys, r->problems);
	for (int key = 0; key < NEEDED; key++)
		if (yaml_find(root, keys[key]) == NULL)
			KPI_ERROR(r, root, "%s is missing", keys[key]);
	struct slice version = kpi_field(r, root, "version", &node);
	if (version.n > 0 && !slice_is(version, "1"))
		KPI_ERROR(r, node, "version must be 1, not '%s'", (const char *)version.p);

	node = yaml_find(root, "spend_by");
	if (node != NULL && kpi_expect(r, node, YAML_LIST, "spend_by"))
		read_spend_by(r, node);
	const struct yaml_node *measures = yaml_find(root, "measures");
	if (measures != NULL && kpi_expect(r, measures, YAML_MAP, "measures"))
		kpi_read_measures(r, measures);
	r->kpis = yaml_find(root, "kpis");
	if (r->kpis != NULL && kpi_expect(r, r->kpis, YAML_MAP, "kpis"))
		for (node = r->kpis->first; node; node = node->next)
			read_kpi(r, node);
}

static bool
finish(struct kpi_set *set, struct yaml_file *file, bool parsed, int decimals, struct config_problems *problems,
       uint32_t errors_before)
{
	struct kpi_reader reader = {.set = set, .file = file, .decimals = decimals, .problems = problems};
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
	*set = (struct kpi_set){.spend_dims = SPEND_DIMS_DEFAULT};
	return finish(set, &file, yaml_parse(&file, name, text, problems), decimals, problems, errors);
}

bool
kpi_file_read(struct kpi_set *set, const char *path, int decimals, struct config_problems *problems)
{
	struct yaml_file file;
	uint32_t errors = problems->errors;
	*set = (struct kpi_set){.spend_dims = SPEND_DIMS_DEFAULT};
	return finish(set, &file, yaml_read(&file, path, problems), decimals, problems, errors);
}
