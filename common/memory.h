/*
 * memory.h - the memory that this process takes, and may take, as the system tells it. For shells only.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H
#include <stdint.h>

/* Resident bytes (/proc/self/statm); 0: not known. */
int64_t memory_resident(void);
/*
 * Before the first thread. What malloc() is asked for in one piece of 128 KiB and more goes back to the system at once.
 * That is its default, too, but there it grows with what is freed: ten MiB more of a million events. (Tables do not come
 * from malloc(): blocks.h.)
 */
void memory_begin(void);
/* Gives free memory back to the system. Walks the heap: for when memory is short. */
void memory_trim(void);
/* What the machine has, or the process's cgroups allow, whichever is lower. */
int64_t memory_there_is(void);

/*
 * The lowest limit of a process's memory cgroup and those around it, by the text of /proc/self/cgroup; root is
 * where the cgroups are mounted. INT64_MAX: none. A path that is not seen here (a container's
 * own is mounted at root) is passed over, up to root itself.
 */
int64_t memory_cgroup_limit(const char *cgroups, const char *root);
#endif
