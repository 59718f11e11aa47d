/* memory.c - see memory.h. */
#include "common/memory.h"
#include "common/blocks.h"
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CGROUP_PATH_MAX = 4096 };

int64_t
memory_resident(void)
{
	long long size, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lld %lld", &size, &resident) != 2)
		resident = 0;
	fclose(file);
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

/* The address sanitizer's own heap, where there is one. */
extern void __sanitizer_purge_allocator(void) __attribute__((weak));

void
memory_begin(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

void
memory_trim(void)
{
	malloc_trim(0);
	blocks_trim();
	if (__sanitizer_purge_allocator != NULL)
		__sanitizer_purge_allocator();
}

/* INT64_MAX for "max", and for what is not there. */
static int64_t
limit_read(const char *path)
{
	int64_t limit = INT64_MAX;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return INT64_MAX;
	if (fscanf(file, "%" SCNd64, &limit) != 1 || limit < 0)
		limit = INT64_MAX;
	fclose(file);
	return limit;
}

/* The lowest limit from folder up to its first `stop` bytes. */
static int64_t
limit_upwards(char *folder, size_t stop, const char *name)
{
	int64_t lowest = INT64_MAX;
	for (;;) {
		char path[CGROUP_PATH_MAX + 64];
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		int64_t limit = limit_read(path);
		lowest = limit < lowest ? limit : lowest;
		char *slash = strrchr(folder + stop, '/');
		if (slash == NULL)
			return lowest;
		*slash = '\0';
	}
}

/* A line "0::/path" is of version 2; one of version 1 names its controllers: "4:memory:/path". */
int64_t
memory_cgroup_limit(const char *cgroups, const char *root)
{
	int64_t lowest = INT64_MAX;
	for (const char *line = cgroups; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		char folder[CGROUP_PATH_MAX], which[64], path[CGROUP_PATH_MAX - 64];
		which[0] = '\0';
		if (sscanf(line, "%*d::%4031[^\n]", path) != 1 &&
		    sscanf(line, "%*d:%63[^:\n]:%4031[^\n]", which, path) != 2)
			continue;
		if (which[0] != '\0' && strcmp(which, "memory") != 0)
			continue;
		int stop = snprintf(folder, sizeof(folder), "%s%s", root, which[0] ? "/memory" : "");
		if (stop < 0 || (size_t)stop + strlen(path) >= sizeof(folder))
			continue;
		strcpy(folder + stop, path);
		int64_t limit = limit_upwards(folder, (size_t)stop, which[0] ? "memory.limit_in_bytes" : "memory.max");
		lowest = limit < lowest ? limit : lowest;
	}
	return lowest;
}

int64_t
memory_there_is(void)
{
	char cgroups[2 * CGROUP_PATH_MAX] = "";
	int64_t machine = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/cgroup", "re");
	if (file != NULL) {
		cgroups[fread(cgroups, 1, sizeof(cgroups) - 1, file)] = '\0';
		fclose(file);
	}
	int64_t limit = memory_cgroup_limit(cgroups, "/sys/fs/cgroup");
	return limit < machine ? limit : machine;
}
