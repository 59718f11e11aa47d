/*
 * mem.h - allocation that does not fail halfway.
 *
 * Running out of memory ends the process with one line on stderr and exit
 * status 1, before any half-made change can be seen: a service that restarts
 * beats one that publishes wrong figures. Budgets (series, ids, in-flight
 * bytes) refuse work long before this point.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H
#include <stddef.h>

void *mem_alloc(size_t bytes);              /* contents undefined */
void *mem_zalloc(size_t count, size_t size); /* zeroed; checks the product */
void *mem_realloc(void *old, size_t bytes);
/* free() releases all of them. */

/*
 * Zeroed memory for a table that is reached at random: from MEM_TABLE_HUGE bytes on it
 * asks for huge pages. (On small ones each first touch of a page is a fault, and one
 * that was looked at before is remapped with a shoot-down on all cores.)
 */
enum { MEM_TABLE_HUGE = 4 << 20 };
void *mem_table(size_t bytes);
void mem_table_free(void *table, size_t bytes); /* accepts NULL; bytes as given */
#endif
