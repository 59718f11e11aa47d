/*
 * kpi_reader.h - what the two halves of the KPI file's reader share.
 *
 * Internal to kpi_file.c (the file and its KPIs) and kpi_measure.c (its measures).
 */
#ifndef LAJU_KPI_READER_H
#define LAJU_KPI_READER_H
#include "laju/guess.h"
#include "laju/kpi_file.h"

struct kpi_reader {
	struct kpi_set *set;
	const struct yaml_file *file;
	const struct yaml_node *kpis; /* the map, to tell "later" from "unknown" */
	int decimals;
	uint64_t wrong;               /* measures with mistakes, as bits: what they take is not known */
	struct config_problems *problems;
};

#define KPI_ERROR(reader, node, ...) yaml_error((reader)->file, (node)->at, (reader)->problems, __VA_ARGS__)

/* kpi_file.c */
char *kpi_text_copy(struct slice text);
bool kpi_expect(struct kpi_reader *r, const struct yaml_node *node, enum yaml_kind kind, const char *what);
/* The text of key in map; n == 0: absent or wrong (the problem was added). */
struct slice kpi_field(struct kpi_reader *r, const struct yaml_node *map, const char *key,
                       const struct yaml_node **node);
/* ", did you mean" over words "a|b|c"; valid until the next call with the same guess. */
const char *kpi_guess_word(struct guess *guess, struct slice text, const char *words);
/* Whether the key is a name for a measure or a KPI (what). */
bool kpi_check_name(struct kpi_reader *r, const struct yaml_node *key, const char *what);
/* Complains if a name that stands for people or leads is given to what counts events; measures: what it is made of. */
void kpi_check_meaning(struct kpi_reader *r, const struct yaml_node *key, uint64_t measures);

/* kpi_measure.c: adds every measure of the map to the set. */
void kpi_read_measures(struct kpi_reader *r, const struct yaml_node *measures);
#endif
