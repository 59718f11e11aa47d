/*
 * rows_view.h - rows as a table, CSV or JSON: what `query` and `replay` print.
 */
#ifndef LAJU_ROWS_VIEW_H
#define LAJU_ROWS_VIEW_H
#include "laju/client.h"
#include "laju/rowset.h"
#include "laju/table.h"

enum { VIEW_COLUMNS_MAX = ROW_MEASURES_MAX };
enum view_form { VIEW_TABLE = 0, VIEW_JSON, VIEW_CSV, VIEW_FORMS };
extern const char *const view_words[VIEW_FORMS]; /* table json csv */

struct rows_view {
	/* set by the caller */
	const struct options *options;   /* for complaints */
	const struct client_hello *hello; /* units and decimals */
	uint8_t form;                    /* enum view_form */
	bool measures, prev, verbose;
	bool instants;                   /* several sets: a first column says when */
	uint32_t width;                  /* of a table; 0: no limit */
	/* told by it */
	uint32_t left_out;               /* columns that the width had no room for */
	/* its own */
	uint32_t columns;
	char column[VIEW_COLUMNS_MAX][64];
	struct row *row;                 /* the one being shown: too large for the stack */
};

/*
 * Appends all rows of the sets (each as of at_ms[i]; at_ms may be NULL) to out. kpis: names
 * with commas, or NULL for all. Returns 0 with the number of rows in *shown, or STATUS_USAGE
 * after words on stderr.
 */
int rows_view_print(struct rows_view *view, const struct rowset *set, const int64_t *at_ms, uint32_t sets,
                    const char *kpis, struct buf *out, uint32_t *shown);
#endif
