/*
 * alert.h - an alert in words: its row and topic for the publisher. Pure.
 */
#ifndef AGGREGATOR_ALERT_H
#define AGGREGATOR_ALERT_H
#include "aggregator/rules.h"
#include "schemas/row.h"

struct alert_words {
	struct buf topic, key, text;
	char reason[KPI_REASON_MAX];
};
void alert_words_fini(struct alert_words *words);

/*
 * alert/<severity>/<rule>/<key>, and the row without epoch and seq. decimals: of
 * the reporting currency. Slices point into words, the rule, the set and the
 * configuration; valid until words is used again.
 */
void alert_tell(const struct alert *alert, const struct kpi_set *set, const struct kernel_config *kernel, int decimals,
                struct alert_words *words, struct slice *topic, struct alert_row *row);

const char *severity_name(enum severity severity); /* info, warning, critical */
const char *rule_state_name(enum rule_state state); /* ok, pending, firing, clearing */
const char *rule_op_name(enum rule_op op);          /* below, above */
#endif
