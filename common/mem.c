/* mem.c - allocation that ends the process instead of returning NULL. */
#include "common/mem.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static void *
checked(void *memory, size_t bytes)
{
	if (memory == NULL && bytes > 0) {
		fprintf(stderr, "laju: out of memory (%zu bytes wanted)\n", bytes);
		exit(1);
	}
	return memory;
}

void *
mem_alloc(size_t bytes)
{
	return checked(malloc(bytes), bytes);
}

void *
mem_zalloc(size_t count, size_t size)
{
	return checked(calloc(count, size), count * size);
}

void *
mem_realloc(void *old, size_t bytes)
{
	return checked(realloc(old, bytes), bytes);
}

static size_t
whole_pages(size_t bytes)
{
	return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

void *
mem_table(size_t bytes)
{
	if (bytes < MEM_TABLE_HUGE)
		return mem_zalloc(1, bytes);
	size_t size = whole_pages(bytes);
	uint8_t *map = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	checked(map == MAP_FAILED ? NULL : map, size);
	uint8_t *start = (uint8_t *)(whole_pages((uintptr_t)map));
	if (start > map)
		munmap(map, (size_t)(start - map));
	munmap(start + size, (size_t)(map + HUGE_PAGE - start));
	madvise(start, size, MADV_HUGEPAGE);
	return start;
}

void
mem_table_free(void *table, size_t bytes)
{
	if (bytes < MEM_TABLE_HUGE)
		free(table);
	else if (table != NULL)
		munmap(table, whole_pages(bytes));
}
