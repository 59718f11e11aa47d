/* alert.c - one English sentence an alert: "cpl d/campaign/a is 412.50, above 300.00 for 10 min". */
#include "aggregator/alert.h"
#include "schemas/money.h"
#include "schemas/topic.h"
#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

const char *
severity_name(enum severity severity)
{
	static const char *const names[] = {"info", "warning", "critical"};
	return names[severity];
}

const char *
rule_state_name(enum rule_state state)
{
	static const char *const names[] = {"ok", "pending", "firing", "clearing"};
	return names[state];
}

const char *
rule_op_name(enum rule_op op)
{
	static const char *const names[] = {"below", "above"};
	return names[op];
}

void
alert_words_fini(struct alert_words *words)
{
	buf_fini(&words->topic);
	buf_fini(&words->key);
	buf_fini(&words->text);
}

/* num / den rounded half away from zero at `places` decimals. */
static void
number_add(struct buf *out, int64_t num, int64_t den, unsigned places)
{
	unsigned __int128 size = num < 0 ? -(unsigned __int128)num : (unsigned __int128)num, unit = 1;

	for (unsigned i = 0; i < places; i++)
		unit *= 10;
	size = (size * unit * 2 + (unsigned __int128)den) / ((unsigned __int128)den * 2);
	const char *sign = num < 0 && size != 0 ? "-" : "";
	uint64_t whole = (uint64_t)(size / unit), rest = (uint64_t)(size % unit);
	if (places == 0)
		buf_printf(out, "%s%" PRIu64, sign, whole);
	else
		buf_printf(out, "%s%" PRIu64 ".%0*" PRIu64, sign, whole, (int)places, rest);
}

static void
value_add(struct buf *out, int64_t num, int64_t den, enum unit unit, int decimals)
{
	if (unit == UNIT_MONEY) {
		char text[MONEY_TEXT_MAX];
		int64_t minor = num / den, rest = num % den;
		/* half away from zero; 2 x rest could overflow */
		if (rest >= den - rest && rest > 0)
			minor++;
		else if (rest < 0 && -rest >= den + rest)
			minor--;
		money_format(minor, decimals, text);
		buf_printf(out, "%s", text);
	} else if (unit == UNIT_COUNT) {
		number_add(out, num, den, num % den == 0 ? 0 : 2);
	} else {
		/* three decimals, unless they would all be 0 */
		bool tiny = num != 0 && num > -(den / 1000) && num < den / 1000;
		number_add(out, num, den, tiny ? 6 : 3);
	}
}

/* "10 min", "2 h", "1 d"; whole minutes, below one seconds. */
static void
duration_add(struct buf *out, int64_t ms)
{
	int64_t minutes = ms / 60000;

	if (minutes == 0)
		buf_printf(out, "%" PRId64 " s", ms / 1000);
	else if (minutes % 1440 == 0)
		buf_printf(out, "%" PRId64 " d", minutes / 1440);
	else if (minutes % 60 == 0)
		buf_printf(out, "%" PRId64 " h", minutes / 60);
	else
		buf_printf(out, "%" PRId64 " min", minutes);
}

static void
text_fill(struct buf *out, const struct alert *alert, const struct kpi *kpi, const char *rollup, struct slice key,
          const char *reason, int decimals)
{
	const struct rule *rule = alert->rule;
	int64_t held_ms = alert->at_ms - alert->holds_since_ms;

	buf_printf(out, "%s %s/%s/%.*s ", kpi->name, window_name(rule->window), rollup, (int)key.n,
	           (const char *)key.p);
	if (alert->gone) {
		buf_printf(out, "is gone: no window holds an event of it any more");
		return;
	}
	if (alert->value.kind == KPI_NONE) {
		buf_printf(out, "has no value (%s), which counts as ", reason);
	} else {
		buf_printf(out, "is ");
		value_add(out, alert->value.num, alert->value.kind == KPI_RATIO ? alert->value.den : 1, kpi->unit,
		          decimals);
		buf_printf(out, ", ");
	}
	bool over = alert->to == RULE_OK || alert->to == RULE_CLEARING;
	buf_printf(out, "%s%s ", over ? "no longer " : "", rule_op_name(rule->op));
	value_add(out, alert->limit_num, alert->limit_den, kpi->unit, decimals);
	if (held_ms > 0) {
		buf_printf(out, over ? " after " : " for ");
		duration_add(out, held_ms);
	}
}

static void
topic_fill(struct buf *out, const struct rule *rule, struct slice key)
{
	out->len = 0;
	buf_printf(out, "alert/%s/", severity_name(rule->severity));
	topic_part_encode(slice_of(rule->name), out);
	buf_printf(out, "/");
	if (out->len + key.n <= TOPIC_BYTES_MAX)
		buf_add(out, key.p, key.n);
	else /* as topic_row() has it */
		buf_printf(out, "~%016" PRIx64, (uint64_t)XXH3_64bits(key.p, key.n));
}

void
alert_tell(const struct alert *alert, const struct kpi_set *set, const struct kernel_config *kernel, int decimals,
           struct alert_words *words, struct slice *topic, struct alert_row *row)
{
	const struct rule *rule = alert->rule;
	const struct kpi *kpi = &set->kpi[rule->kpi];
	const char *reason = "no value";

	words->key.len = words->text.len = 0;
	topic_key(alert->key, alert->key_count, &words->key);
	if (alert->value.kind == KPI_NONE && alert->value.reason != REASON_NONE)
		reason = kpi_reason_text(set, &alert->value, words->reason);
	topic_fill(&words->topic, rule, buf_slice(&words->key));
	text_fill(&words->text, alert, kpi, kernel->rollup[rule->rollup].name, buf_slice(&words->key), reason,
	          decimals);
	*topic = buf_slice(&words->topic);
	*row = (struct alert_row){
	    .at_ms = alert->at_ms,
	    .since_ms = alert->since_ms,
	    .rule = slice_of(rule->name),
	    .kpi = slice_of(kpi->name),
	    .window = slice_of(window_name(rule->window)),
	    .rollup = slice_of(kernel->rollup[rule->rollup].name),
	    .key = buf_slice(&words->key),
	    .from = slice_of(rule_state_name(alert->from)),
	    .to = slice_of(rule_state_name(alert->to)),
	    .op = slice_of(rule_op_name(rule->op)),
	    .severity = slice_of(severity_name(rule->severity)),
	    .text = buf_slice(&words->text),
	    .value = {.kind = alert->value.kind,
	              .num = alert->value.num,
	              .den = alert->value.den,
	              .reason = slice_of(reason)},
	    .limit = {.kind = alert->limit_den == 1 ? 0 : 1, .num = alert->limit_num, .den = alert->limit_den},
	};
}
