/*
 * link.h - handing a pointer, and with it the ownership, to another thread.
 *
 * A link is one direction of an inproc ZeroMQ PAIR: bounded by its high-water mark,
 * in order, one sender and one receiver. NULL is the end mark: the sender will send
 * no more. Under the thread sanitizer the hand-over is annotated, because a
 * distribution's libzmq is not instrumented.
 */
#ifndef COMMON_LINK_H
#define COMMON_LINK_H
#include <stdbool.h>

enum { LINK_DEPTH = 16384 }; /* pointers a link holds; what is in flight is bounded well below it */

/* A PAIR socket bound or connected to inproc://name; depth: pointers each end queues. Exits the process on failure. */
void *link_bind(void *zmq_context, const char *name, int depth);
void *link_connect(void *zmq_context, const char *name, int depth);
/* False: the link is full (or closing); the sender still owns the pointer. */
bool link_send(void *socket, void *pointer);
/* Waits for room: for what must not be lost, towards a thread that never waits for this one. */
void link_put(void *socket, void *pointer);
/* The end mark, put. */
void link_end(void *socket);
/* False: nothing waits. */
bool link_receive(void *socket, void **pointer);
#endif
