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
void *mem_zalloc_aligned(size_t bytes);      /* zeroed, at a multiple of bytes, a power of two */
void *mem_realloc(void *old, size_t bytes);
/* free() releases all of them. */
#endif
