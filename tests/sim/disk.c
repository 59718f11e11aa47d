/*
 * disk.c - see disk.h. The functions by which LMDB writes are defined here: a program's own come before libc's, for
 * shared libraries as well.
 */
#include "tests/sim/disk.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct disk_fault fault;
static unsigned calls;

void
disk_fail(const struct disk_fault *what)
{
	fault = what != NULL ? *what : (struct disk_fault){0};
	calls = 0;
}

static bool
fails(void)
{
	calls++;
	return fault.k > 0 && (calls == fault.k || (calls > fault.k && fault.from_then_on));
}

static bool
is_done(void)
{
	return fault.done && calls == fault.k;
}

static int
refuse(void)
{
	errno = fault.error;
	return -1;
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	if (!fails())
		return syscall(SYS_pwrite64, fd, bytes, n, offset);
	if (fault.part && n > 1)
		return syscall(SYS_pwrite64, fd, bytes, n / 2, offset);
	if (is_done())
		syscall(SYS_pwrite64, fd, bytes, n, offset);
	return refuse();
}

ssize_t
writev(int fd, const struct iovec *vectors, int count)
{
	if (!fails())
		return syscall(SYS_writev, fd, vectors, count);
	if (fault.part)
		return syscall(SYS_writev, fd, vectors, 1);
	if (is_done())
		syscall(SYS_writev, fd, vectors, count);
	return refuse();
}

int
fdatasync(int fd)
{
	return fails() ? refuse() : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fails() ? refuse() : (int)syscall(SYS_fsync, fd);
}

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

/* In memory where there is such a place: syncs cost nothing there. */
void
disk_make(struct disk *disk)
{
	const char *top = getenv("TMPDIR");
	if (top == NULL)
		top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(disk->place, sizeof(disk->place), "%.40s/laju-sim-XXXXXX", top);
	must(mkdtemp(disk->place) != NULL, disk->place);
}

void
disk_remove(struct disk *disk)
{
	DIR *dir = opendir(disk->place);
	must(dir != NULL, disk->place);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(disk->place);
}

struct log *
disk_log(const struct disk *disk)
{
	const struct log_options options = {.map_bytes = 64 << 20, .durability = LOG_WRITE};
	char why[LOG_WHY_BYTES] = "";
	struct log *log = NULL;
	must(log_open(&log, disk->place, &options, why) == 0, why);
	return log;
}
