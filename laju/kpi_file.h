/*
 * kpi_file.h - the file of measures and KPIs: its language into a kpi_set.
 *
 * See docs/kpis.md for the language and laju/kpis.yaml for the shipped file. All
 * problems are collected, each with its place; inside a formula the caret stands
 * at the byte at fault.
 */
#ifndef LAJU_KPI_FILE_H
#define LAJU_KPI_FILE_H
#include "aggregator/measure.h"
#include "laju/yaml.h"

enum { KPI_LABEL_MAX = 120 /* bytes */ };

/*
 * name is shown in problems. decimals: of the reporting currency, for a
 * min_denominator that is money. True: no errors were added; kpi_set_fini() either way.
 */
bool kpi_file_parse(struct kpi_set *set, const char *name, struct slice text, int decimals,
                    struct config_problems *problems);
bool kpi_file_read(struct kpi_set *set, const char *path, int decimals, struct config_problems *problems);
#endif
