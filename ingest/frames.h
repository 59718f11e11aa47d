/*
 * frames.h - the frames of one ingest message, off a socket and onto one.
 *
 * ROUTER: routing id, an empty delimiter when the client is a REQ, the body.
 * Between front and worker: a byte for the port, routing id, user, body; and back:
 * routing id, a byte for the delimiter, the answer.
 */
#ifndef INGEST_FRAMES_H
#define INGEST_FRAMES_H
#include "ingest/ingest.h"
#include <zmq.h>

struct frames {
	enum ingest_port port;
	zmq_msg_t peer, user, body; /* user: only between front and worker */
};

static inline struct slice
frames_slice(zmq_msg_t *message)
{
	return (struct slice){zmq_msg_data(message), (uint32_t)zmq_msg_size(message)};
}

/* Each: false when nothing waits; else all three messages are to be closed. */
bool frames_receive_router(void *socket, struct frames *frames);
bool frames_receive_pull(void *socket, struct frames *frames);
bool frames_receive_front(void *socket, struct frames *frames);
/* Hands them on to a worker; closes nothing. */
bool frames_send_worker(void *socket, struct frames *frames);
void frames_close(struct frames *frames);
/* The address behind the body (libzmq 4.3.4 loses it on the first frame); may be empty. CURVE will put the user here. */
struct slice frames_user(struct frames *frames);

/* To a ROUTER (sent on) or a front link: never blocks; a peer that is gone or does not read loses its answer. */
void frames_send_answer(void *socket, bool to_front, bool delimited, struct slice peer, struct slice answer);
/* Front: takes a worker's answer off the link and sends it to the router. False: nothing waits. */
bool frames_forward_answer(void *worker, void *router);
#endif
