/* server.c - a `laju serve` child. */
#include "tests/bench/server.h"
#include "common/clock.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 4, TRY_US = 10000 };

static void
fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* All ports are held until all are known, so that they differ; another process may still take one in between. */
static void
free_ports(struct server *server)
{
	char *endpoint[PORTS] = {server->acked, server->push, server->updates, server->snapshot};
	int fd[PORTS];
	for (int i = 0; i < PORTS; i++) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t size = sizeof(at);
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (fd[i] < 0 || bind(fd[i], (struct sockaddr *)&at, size) != 0 ||
		    getsockname(fd[i], (struct sockaddr *)&at, &size) != 0)
			fail("no free port");
		snprintf(endpoint[i], sizeof(server->acked), "tcp://127.0.0.1:%d", ntohs(at.sin_port));
	}
	for (int i = 0; i < PORTS; i++)
		close(fd[i]);
}

static void
run_child(const struct server *server, const char *laju, int every_ms, const char *kpis)
{
	char setting[8][512];
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a bench that fails leaves no server behind */
	snprintf(setting[0], sizeof(setting[0]), "ingest.acked=%s", server->acked);
	snprintf(setting[1], sizeof(setting[1]), "ingest.push=%s", server->push);
	snprintf(setting[2], sizeof(setting[2]), "publish.updates=%s", server->updates);
	snprintf(setting[3], sizeof(setting[3]), "publish.snapshot=%s", server->snapshot);
	snprintf(setting[4], sizeof(setting[4]), "publish.every_ms=%d", every_ms);
	snprintf(setting[5], sizeof(setting[5]), "kpis=%s", kpis != NULL ? kpis : "default");
	snprintf(setting[6], sizeof(setting[6]), "durability=%s", server->durability);
	snprintf(setting[7], sizeof(setting[7]), "data=%s", server->data);
	if (freopen("/dev/null", "w", stderr) == NULL)
		_exit(1);
	execl(laju, "laju", "serve", "--set", setting[0], "--set", setting[1], "--set", setting[2], "--set", setting[3],
	      "--set", setting[4], "--set", setting[5], "--set", setting[6], "--set", setting[7], (char *)NULL);
	_exit(127);
}

static int
port_answers(const char *endpoint)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int good = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

static void
launch(struct server *server)
{
	server->pid = fork();
	if (server->pid < 0)
		fail("fork");
	if (server->pid == 0)
		run_child(server, server->laju, server->every_ms, server->kpis);
	for (;;) { /* a recovery may take long */
		if (port_answers(server->snapshot))
			return;
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			break;
		usleep(TRY_US);
	}
	errno = 0;
	fail(server->laju);
}

void
server_start(struct server *server, const char *laju, int every_ms, const char *kpis, const char *durability)
{
	*server = (struct server){.laju = laju, .every_ms = every_ms, .kpis = kpis, .durability = durability};
	snprintf(server->data, sizeof(server->data), "laju-bench-%ld", (long)getpid());
	free_ports(server);
	launch(server);
}

double
server_compact(const struct server *server, double *bytes)
{
	char command[1024], answer[128] = "";
	int64_t begin = clock_steady_us();
	snprintf(command, sizeof(command), "%s compact --set data=%s --set kpis=%s --set durability=%s 2>/dev/null", server->laju,
	         server->data, server->kpis != NULL ? server->kpis : "default", server->durability);
	FILE *pipe = popen(command, "r");
	if (pipe == NULL || fgets(answer, sizeof(answer), pipe) == NULL || sscanf(answer, "image of record %*u, %lf", bytes) != 1)
		fail("laju compact");
	pclose(pipe);
	return (double)(clock_steady_us() - begin) / 1e6;
}

double
server_restart(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	int64_t begin = clock_steady_us();
	launch(server);
	return (double)(clock_steady_us() - begin) / 1e6;
}

double
server_cpu_ns(const struct server *server)
{
	clockid_t clock;
	struct timespec spent;
	if (clock_getcpuclockid(server->pid, &clock) != 0 || clock_gettime(clock, &spent) != 0)
		fail("the server's CPU time");
	return (double)spent.tv_sec * 1e9 + (double)spent.tv_nsec;
}

double
server_rss_bytes(const struct server *server)
{
	char path[64];
	long pages = 0;
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)server->pid);
	FILE *file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
		fail(path);
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void
server_stop(struct server *server)
{
	char path[128 + 256];
	kill(server->pid, SIGTERM);
	waitpid(server->pid, NULL, 0);
	DIR *data = opendir(server->data);
	for (struct dirent *file; data != NULL && (file = readdir(data)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%s", server->data, file->d_name);
		unlink(path);
	}
	if (data != NULL)
		closedir(data);
	rmdir(server->data);
}
