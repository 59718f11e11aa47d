/* mem.c - allocation that ends the process instead of returning NULL. */
#include "common/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
mem_zalloc_aligned(size_t bytes)
{
	void *memory = checked(aligned_alloc(bytes, bytes), bytes);
	memset(memory, 0, bytes);
	return memory;
}

void *
mem_realloc(void *old, size_t bytes)
{
	return checked(realloc(old, bytes), bytes);
}
