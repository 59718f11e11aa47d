/* link.c - pointers over inproc. */
#include "common/link.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif
#ifdef THREAD_SANITIZER
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#else
#define __tsan_acquire(address) ((void)(address))
#define __tsan_release(address) ((void)(address))
#endif

static void
must(bool good, const char *name)
{
	if (good)
		return;
	fprintf(stderr, "laju: inproc %s: %s\n", name, zmq_strerror(errno));
	exit(1);
}

static void *
open_pair(void *zmq_context, const char *name, int depth)
{
	int linger = 0;
	void *socket = zmq_socket(zmq_context, ZMQ_PAIR);
	must(socket != NULL, name);
	zmq_setsockopt(socket, ZMQ_SNDHWM, &depth, sizeof(depth));
	zmq_setsockopt(socket, ZMQ_RCVHWM, &depth, sizeof(depth));
	zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
	return socket;
}

void *
link_bind(void *zmq_context, const char *name, int depth)
{
	char endpoint[64];
	void *socket = open_pair(zmq_context, name, depth);
	snprintf(endpoint, sizeof(endpoint), "inproc://%s", name);
	must(zmq_bind(socket, endpoint) == 0, name);
	return socket;
}

void *
link_connect(void *zmq_context, const char *name, int depth)
{
	char endpoint[64];
	void *socket = open_pair(zmq_context, name, depth);
	snprintf(endpoint, sizeof(endpoint), "inproc://%s", name);
	must(zmq_connect(socket, endpoint) == 0, name);
	return socket;
}

bool
link_send(void *socket, void *pointer)
{
	int rc;
	if (pointer != NULL)
		__tsan_release(pointer);
	do
		rc = zmq_send(socket, &pointer, sizeof(pointer), ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	return rc == (int)sizeof(pointer);
}

void
link_put(void *socket, void *pointer)
{
	if (pointer != NULL)
		__tsan_release(pointer);
	while (zmq_send(socket, &pointer, sizeof(pointer), 0) < 0 && errno == EINTR)
		;
}

void
link_end(void *socket)
{
	link_put(socket, NULL);
}

bool
link_receive(void *socket, void **pointer)
{
	int rc;
	do
		rc = zmq_recv(socket, pointer, sizeof(*pointer), ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	if (rc != (int)sizeof(*pointer))
		return false;
	if (*pointer != NULL)
		__tsan_acquire(*pointer);
	return true;
}
