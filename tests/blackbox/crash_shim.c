/*
 * crash_shim.c - a library that is preloaded into `laju serve`: its k-th write, sync, send or allocation ends the process
 * or fails.
 *
 * Calls of the program and of LMDB come here first. Those that are looked at are counted, from 1; what happens at the
 * chosen one says the environment (test_crashes.py sets it):
 *
 *   SHIM_FOLDER  writes and syncs of files in this directory are looked at; none elsewhere
 *   SHIM_CALLS   which count: some of `write`, `sync`, `send`, `alloc`: memory that the program itself asks for, not its
 *                libraries; with an act other than `kill` it gets none
 *   SHIM_THREAD  only calls of threads of this name
 *   SHIM_AT      k; 0: only counts
 *   SHIM_ACT     `kill`, `EIO`, `ENOSPC`, or `short`: half a write, as a full disk does
 *   SHIM_WHEN    `before` the call, or `after`: it is done all the same
 *   SHIM_ON      the calls behind the k-th fail as well
 *   SHIM_WHILE   a file: as long as it is there every call fails, whatever k is, and the disk shows no free room
 *   SHIM_COUNT   a file that holds the number of calls so far, also after the end
 *   SHIM_CLOCK   a file with the milliseconds (8 bytes) that wall and boot clock are ahead: as if the machine had slept
 *
 * Not for sockets' bytes and not for reads. The sanitizers' own functions come before these and call them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef struct zmq_msg_t zmq_msg_t;

enum act { DO_IT = 0, KILL, FAIL, SHORT };

static struct {
	pthread_once_t once;
	const char *folder, *calls, *thread, *flag;
	uint64_t at;
	enum act act;
	int error;
	bool after, on;
	pid_t process; /* not the child that checks the log */
	uintptr_t code, code_end; /* of the program */
	_Atomic uint64_t *count, *ahead_ms;
	int (*send)(void *, const void *, size_t, int);
	int (*msg_send)(zmq_msg_t *, void *, int);
	int (*statvfs)(const char *, struct statvfs *);
} shim = {.once = PTHREAD_ONCE_INIT};

static __thread unsigned within; /* memory that is asked for in here is not looked at */

static const char *
setting(const char *name)
{
	const char *value = getenv(name);
	return value != NULL ? value : "";
}

/* Shared with the test that made it; 0 without. */
static _Atomic uint64_t *
number_in(const char *path)
{
	int fd = *path != '\0' ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *at = MAP_FAILED;
	if (fd >= 0 && ftruncate(fd, sizeof(uint64_t)) == 0)
		at = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return at != MAP_FAILED ? at : calloc(1, sizeof(uint64_t));
}

/* The program comes first. */
static int
note_code(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size, (void)context;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
			continue;
		shim.code = object->dlpi_addr + part->p_vaddr;
		shim.code_end = shim.code + part->p_memsz;
	}
	return 1;
}

static void
start(void)
{
	const char *act = setting("SHIM_ACT");
	shim.folder = setting("SHIM_FOLDER");
	shim.calls = setting("SHIM_CALLS");
	shim.thread = setting("SHIM_THREAD");
	shim.flag = setting("SHIM_WHILE");
	shim.at = strtoull(setting("SHIM_AT"), NULL, 10);
	shim.act = strcmp(act, "kill") == 0 ? KILL : strcmp(act, "short") == 0 ? SHORT : FAIL;
	shim.error = strcmp(act, "EIO") == 0 ? EIO : ENOSPC;
	shim.after = strcmp(setting("SHIM_WHEN"), "after") == 0;
	shim.on = *setting("SHIM_ON") != '\0';
	shim.process = getpid();
	dl_iterate_phdr(note_code, NULL);
	shim.count = number_in(setting("SHIM_COUNT"));
	shim.ahead_ms = number_in(setting("SHIM_CLOCK"));
	*(void **)&shim.send = dlsym(RTLD_NEXT, "zmq_send");
	*(void **)&shim.msg_send = dlsym(RTLD_NEXT, "zmq_msg_send");
	*(void **)&shim.statvfs = dlsym(RTLD_NEXT, "statvfs");
}

static bool
is_ours(int fd)
{
	char link[32], path[PATH_MAX];
	size_t n = strlen(shim.folder);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t got = readlink(link, path, sizeof(path) - 1);
	return n > 0 && got > (ssize_t)n && memcmp(path, shim.folder, n) == 0;
}

static bool
is_named(void)
{
	char name[16] = "";
	if (*shim.thread == '\0')
		return true;
	return pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 && strcmp(name, shim.thread) == 0;
}

static void
make_ready(void)
{
	within++;
	pthread_once(&shim.once, start);
	within--;
}

/* fd: -1 of what has none. */
static enum act
decide(const char *call, int fd)
{
	int error = errno;
	make_ready();
	bool looked_at = strstr(shim.calls, call) != NULL && getpid() == shim.process;
	looked_at = looked_at && (fd < 0 || is_ours(fd)) && is_named();
	uint64_t k = looked_at ? atomic_fetch_add(shim.count, 1) + 1 : 0;
	bool hit = looked_at && shim.at > 0 && (k == shim.at || (shim.on && k > shim.at));
	hit |= looked_at && *shim.flag != '\0' && access(shim.flag, F_OK) == 0;
	errno = error;
	return hit ? shim.act : DO_IT;
}

static void
end(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static bool
stops(enum act act)
{
	if (act == KILL && !shim.after)
		end();
	return act == FAIL && !shim.after;
}

static ssize_t
finish(enum act act, ssize_t result)
{
	if (act == KILL)
		end();
	if (act != FAIL)
		return result;
	errno = shim.error;
	return -1;
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	enum act act = decide("write", fd);
	if (act == SHORT && n > 1)
		n /= 2;
	return finish(act, stops(act) ? -1 : syscall(SYS_pwrite64, fd, bytes, n, offset));
}

ssize_t
writev(int fd, const struct iovec *vectors, int count)
{
	enum act act = decide("write", fd);
	if (act == SHORT && count > 1)
		count /= 2;
	return finish(act, stops(act) ? -1 : syscall(SYS_writev, fd, vectors, count));
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	enum act act = decide("write", fd);
	return finish(act, stops(act) ? -1 : syscall(SYS_write, fd, bytes, n));
}

int
fdatasync(int fd)
{
	enum act act = decide("sync", fd);
	return (int)finish(act, stops(act) ? -1 : syscall(SYS_fdatasync, fd));
}

int
fsync(int fd)
{
	enum act act = decide("sync", fd);
	return (int)finish(act, stops(act) ? -1 : syscall(SYS_fsync, fd));
}

/* A message that was not sent would be a fault of ours, not the disk's: sends are only ever ended at. */
int
zmq_send(void *socket, const void *bytes, size_t n, int flags)
{
	enum act act = decide("send", -1);
	stops(act);
	int rc = shim.send(socket, bytes, n, flags);
	return act == KILL ? (int)finish(act, rc) : rc;
}

int
zmq_msg_send(zmq_msg_t *message, void *socket, int flags)
{
	enum act act = decide("send", -1);
	stops(act);
	int rc = shim.msg_send(message, socket, flags);
	return act == KILL ? (int)finish(act, rc) : rc;
}

int
statvfs(const char *path, struct statvfs *disk)
{
	make_ready();
	int rc = shim.statvfs(path, disk);
	if (rc == 0 && *shim.flag != '\0' && access(shim.flag, F_OK) == 0)
		disk->f_bavail = 0;
	return rc;
}

int
clock_gettime(clockid_t id, struct timespec *at)
{
	int rc = (int)syscall(SYS_clock_gettime, id, at);
	if ((id != CLOCK_REALTIME && id != CLOCK_BOOTTIME) || rc != 0)
		return rc;
	make_ready();
	at->tv_sec += (time_t)(*shim.ahead_ms / 1000);
	return 0;
}

/* glibc's own; asking for ours would ask for memory. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static bool
is_given(const void *caller)
{
	if (within > 0)
		return true;
	make_ready();
	if ((uintptr_t)caller < shim.code || (uintptr_t)caller >= shim.code_end)
		return true;
	within++;
	enum act act = decide("alloc", -1);
	within--;
	if (act == KILL)
		end();
	if (act != DO_IT)
		errno = ENOMEM;
	return act == DO_IT;
}

void *
malloc(size_t bytes)
{
	return is_given(__builtin_return_address(0)) ? __libc_malloc(bytes) : NULL;
}

void *
calloc(size_t count, size_t size)
{
	return is_given(__builtin_return_address(0)) ? __libc_calloc(count, size) : NULL;
}

void *
realloc(void *old, size_t bytes)
{
	return is_given(__builtin_return_address(0)) ? __libc_realloc(old, bytes) : NULL;
}

void *
aligned_alloc(size_t alignment, size_t bytes)
{
	return is_given(__builtin_return_address(0)) ? __libc_memalign(alignment, bytes) : NULL;
}
