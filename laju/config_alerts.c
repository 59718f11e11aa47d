/* config_alerts.c - threshold rules out of the configuration. */
#include "common/mem.h"
#include "laju/settings.h"
#include "laju/guess.h"
#include "laju/scalar.h"
#include <stdio.h>

enum { HOLD_MAX_DAYS = 7 };

struct reader {
	struct config *config;
	const struct chosen *chosen;
	struct config_problems *problems;
};

#define COMPLAIN(r, node, ...) yaml_error((r)->chosen->file, (node)->at, (r)->problems, __VA_ARGS__)

/* A scalar of the rule, or NULL: absent, or wrong (the problem was added). */
static const struct yaml_node *
part(struct reader *r, const struct yaml_node *map, const char *key, bool needed)
{
	const struct yaml_node *node = yaml_find(map, key);
	if (node == NULL) {
		if (needed)
			COMPLAIN(r, map, "%s is missing", key);
		return NULL;
	}
	return yaml_expect(r->chosen->file, node, YAML_SCALAR, key, r->problems) ? node : NULL;
}

static void
read_name(struct reader *r, const struct yaml_node *node, struct rule *rule)
{
	static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct slice name = node->text;
	if (name.n == 0 || name.n >= sizeof(rule->name) || strspn((const char *)name.p, letters) != name.n) {
		COMPLAIN(r, node, "a rule's name has 1 to %zu letters, digits, _ . or -", sizeof(rule->name) - 1);
		return;
	}
	for (uint32_t i = 0; i < r->config->rule_count; i++)
		if (slice_is(name, r->config->rules[i].name)) {
			COMPLAIN(r, node, "two rules are called '%s'", (const char *)name.p);
			return;
		}
	memcpy(rule->name, name.p, name.n + 1u);
}

static bool
read_kpi_name(struct reader *r, const struct yaml_node *node, struct rule *rule)
{
	const struct kpi_set *set = &r->config->kpis;
	int kpi = kpi_find(set, node->text);
	struct guess guess;
	if (kpi >= 0) {
		rule->kpi = (uint8_t)kpi;
		return true;
	}
	if (set->kpi_count == 0)
		return false; /* the KPI file is wrong as a whole */
	guess_begin(&guess, node->text);
	for (uint32_t k = 0; k < set->kpi_count; k++)
		guess_offer(&guess, set->kpi[k].name);
	COMPLAIN(r, node, "unknown KPI '%s'%s", (const char *)node->text.p, guess_text(&guess));
	return false;
}

/* Byte `offset` of a scalar in the file. */
static uint32_t
place_in(const struct reader *r, const struct yaml_node *node, uint32_t offset)
{
	const struct yaml_file *file = r->chosen->file;
	bool straight = node->at + (size_t)node->text.n <= file->len &&
	                memcmp(file->text + node->at, node->text.p, node->text.n) == 0;
	return straight ? node->at + offset : node->at;
}

static bool
read_rollup(struct reader *r, const struct yaml_node *node, struct slice name, struct rule *rule)
{
	const struct kernel_config *kernel = &r->config->kernel;
	char why[160], known[400] = "";
	uint32_t mask = config_rollup_mask(name, why);
	uint32_t at = place_in(r, node, (uint32_t)(name.p - node->text.p));
	if (mask == UINT32_MAX) {
		yaml_error(r->chosen->file, at, r->problems, "%s", why);
		return false;
	}
	if (kernel->rollup_count == 0)
		return false; /* the rollups themselves are wrong */
	for (uint32_t i = 0; i < kernel->rollup_count; i++) {
		if (kernel->rollup[i].dims_mask == mask) {
			rule->rollup = (uint8_t)i;
			return true;
		}
		size_t n = strlen(known);
		snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", kernel->rollup[i].name);
	}
	yaml_error(r->chosen->file, at, r->problems, "'%.*s' is not among the rollups (%s)", (int)name.n,
	           (const char *)name.p, known);
	return false;
}

/* "d/campaign/launch*": one window, one rollup, a pattern of keys. */
static bool
read_rows(struct reader *r, const struct yaml_node *node, struct rule *rule)
{
	struct slice text = node->text;
	const uint8_t *first = memchr(text.p, '/', text.n);
	const uint8_t *end = text.p + text.n;
	if (first == NULL) {
		COMPLAIN(r, node, "rows must be window/rollup/key, as d/campaign/*, not '%s'", (const char *)text.p);
		return false;
	}
	const uint8_t *second = memchr(first + 1, '/', (size_t)(end - first - 1));
	struct slice window = {text.p, (uint32_t)(first - text.p)};
	struct slice rollup = {first + 1, (uint32_t)((second ? second : end) - first - 1)};
	int found = window_of(window);
	bool good = read_rollup(r, node, rollup, rule);
	if (found < 0) {
		COMPLAIN(r, node, "'%.*s' is not a window (r1d, r7d, r30d, d, w, m); a rule watches one", (int)window.n,
		         (const char *)window.p);
		return false;
	}
	rule->window = (uint8_t)found;
	size_t n = second ? (size_t)(end - second - 1) : 0;
	rule->key = mem_alloc(n + 2);
	strcpy(rule->key, "*"); /* no key: every row of the rollup */
	if (n > 0) {
		memcpy(rule->key, second + 1, n);
		rule->key[n] = '\0';
	}
	return good;
}

static bool
is_quotient(const struct kpi *kpi)
{
	bool quotient = kpi->unit == UNIT_RATIO;
	for (uint32_t i = 0; i < kpi->formula.count; i++)
		quotient |= kpi->formula.op[i].op == OP_DIV;
	return quotient;
}

/* In the KPI's unit; money in currency units, kept in minor ones. kpi NULL: not known, so only the form counts. */
static bool
read_level(struct reader *r, const struct yaml_node *node, const char *what, const struct kpi *kpi, int64_t *num,
           int64_t *den)
{
	uint32_t digits, places;
	if (!scalar_is_decimal(node->text, &digits, &places)) {
		COMPLAIN(r, node, "%s must be a decimal number, not '%s'", what, (const char *)node->text.p);
		return false;
	}
	if (!scalar_decimal(node->text, num, den)) {
		COMPLAIN(r, node, "%s has %u digits; at most %d", what, digits, SCALAR_DIGITS_MAX);
		return false;
	}
	int decimals = kpi != NULL && kpi->unit == UNIT_MONEY ? money_decimals(slice_of(r->config->currency)) : -1;
	/* Money comes in minor units, money per something does not. "35.000" is most likely meant to be 35 thousand. */
	if (decimals >= 0 && places > (uint32_t)decimals && !is_quotient(kpi)) {
		COMPLAIN(r, node, "%s '%s' has more decimals than the %d of %s", what, (const char *)node->text.p, decimals,
		         r->config->currency);
		return false;
	}
	for (; decimals > 0; decimals--) {
		if (*den > 1)
			*den /= 10;
		else if (__builtin_mul_overflow(*num, (int64_t)10, num)) {
			COMPLAIN(r, node, "%s is too large", what);
			return false;
		}
	}
	return true;
}

static void
read_levels(struct reader *r, const struct yaml_node *map, struct rule *rule, const struct kpi *kpi, bool op_known)
{
	const struct yaml_node *value = part(r, map, "value", true);
	const struct yaml_node *clear = part(r, map, "clear", false);
	bool good = value != NULL && read_level(r, value, "value", kpi, &rule->num, &rule->den);
	rule->clear_num = rule->num;
	rule->clear_den = rule->den;
	if (clear == NULL || !read_level(r, clear, "clear", kpi, &rule->clear_num, &rule->clear_den) || !good)
		return;
	__int128 difference = (__int128)rule->clear_num * rule->den - (__int128)rule->num * rule->clear_den;
	if (!op_known || (rule->op == RULE_BELOW ? difference >= 0 : difference <= 0))
		return;
	COMPLAIN(r, clear, "clear must not be %s value for op: %s", rule->op == RULE_BELOW ? "below" : "above",
	         rule->op == RULE_BELOW ? "below" : "above");
}

static bool
read_word(struct reader *r, const struct yaml_node *node, const char *key, const char *words, uint8_t *out)
{
	int word = scalar_word(node->text, words);
	if (word < 0) {
		char shown[64];
		size_t n = (size_t)snprintf(shown, sizeof(shown), "%s", words);
		for (size_t i = 0; i < n; i++)
			shown[i] = shown[i] == '|' ? '/' : shown[i];
		COMPLAIN(r, node, "%s must be one of %s, not '%s'", key, shown, (const char *)node->text.p);
		return false;
	}
	*out = (uint8_t)word;
	return true;
}

static void
read_hold(struct reader *r, const struct yaml_node *node, const char *key, int64_t *out)
{
	int64_t ms;
	if (scalar_duration_ms(node->text, &ms) && ms <= HOLD_MAX_DAYS * 86400000LL)
		*out = ms;
	else
		COMPLAIN(r, node, "%s must be a time up to %dd, as 10m, not '%s'", key, HOLD_MAX_DAYS,
		         (const char *)node->text.p);
}

/* A period's share only makes sense of what adds up over the period. */
static void
check_pace(struct reader *r, const struct yaml_node *node, const struct rule *rule)
{
	const struct kpi *kpi = &r->config->kpis.kpi[rule->kpi];
	if (rule->window < WINDOW_ROLLING)
		COMPLAIN(r, node, "pace needs a calendar window (d, w or m), not %s", window_name((enum window)rule->window));
	else if (is_quotient(kpi))
		COMPLAIN(r, node, "pace needs a KPI that adds up; '%s' is a quotient", kpi->name);
}

/* A cost per something of a rollup at which nobody knows the cost has no value, so nothing could ever fire. */
static void
check_known(struct reader *r, const struct yaml_node *rows, const struct rule *rule)
{
	const struct kpi_set *set = &r->config->kpis;
	uint8_t mask = r->config->kernel.rollup[rule->rollup].dims_mask;
	char dims[120];
	if (kpi_known_by(set, rule->kpi, mask))
		return;
	dims_text(mask & ~(unsigned)set->spend_dims, dims, sizeof(dims));
	const uint8_t *rollup = memchr(rows->text.p, '/', rows->text.n);
	yaml_error(r->chosen->file, place_in(r, rows, (uint32_t)(rollup + 1 - rows->text.p)), r->problems,
	           "spend is not known by %s; %s has no value there", dims, set->kpi[rule->kpi].name);
}

/* Everything is read, so that every mistake is told. */
static void
read_rule(struct reader *r, const struct yaml_node *map, struct rule *rule)
{
	static const char *const keys[] = {"name", "kpi",  "rows",     "op",   "value", "for",
	                                   "clear", "keep", "severity", "pace", NULL};
	bool kpi_known = false, rows_known = false, op_known = false;
	const struct yaml_node *node;
	yaml_check_keys(r->chosen->file, map, keys, r->problems);
	if ((node = part(r, map, "name", true)) != NULL)
		read_name(r, node, rule);
	if ((node = part(r, map, "kpi", true)) != NULL)
		kpi_known = read_kpi_name(r, node, rule);
	if ((node = part(r, map, "rows", true)) != NULL)
		rows_known = read_rows(r, node, rule);
	if (kpi_known && rows_known)
		check_known(r, node, rule);
	if ((node = part(r, map, "op", true)) != NULL)
		op_known = read_word(r, node, "op", "below|above", &rule->op);
	rule->severity = SEVERITY_WARNING;
	if ((node = part(r, map, "severity", false)) != NULL)
		read_word(r, node, "severity", "info|warning|critical", &rule->severity);
	if ((node = part(r, map, "for", false)) != NULL)
		read_hold(r, node, "for", &rule->for_ms);
	if ((node = part(r, map, "keep", false)) != NULL)
		read_hold(r, node, "keep", &rule->keep_ms);
	read_levels(r, map, rule, kpi_known ? &r->config->kpis.kpi[rule->kpi] : NULL, op_known);
	if ((node = part(r, map, "pace", false)) != NULL && !scalar_bool(node->text, &rule->pace))
		COMPLAIN(r, node, "pace must be true or false, not '%s'", (const char *)node->text.p);
	else if (rule->pace && kpi_known && rows_known)
		check_pace(r, node, rule);
}

void
config_read_alerts(struct config *config, const struct chosen *chosen, struct config_problems *problems)
{
	struct reader reader = {config, chosen, problems};
	if (chosen->node == NULL || !yaml_expect(chosen->file, chosen->node, YAML_LIST, "alerts", problems))
		return;
	for (const struct yaml_node *node = chosen->node->first; node; node = node->next) {
		if (config->rule_count == RULES_MAX) {
			COMPLAIN(&reader, node, "more than %d rules", RULES_MAX);
			return;
		}
		if (!yaml_expect(chosen->file, node, YAML_MAP, "a rule", problems))
			continue;
		/* Counted even when wrong, so that its key is freed and its name is taken. */
		read_rule(&reader, node, &config->rules[config->rule_count++]);
	}
}
