/* frames.c - frames of ingest messages. */
#include "ingest/frames.h"
#include <errno.h>

static bool
receive(void *socket, zmq_msg_t *message)
{
	int rc;
	zmq_msg_init(message);
	do
		rc = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	if (rc >= 0)
		return true;
	zmq_msg_close(message);
	return false;
}

/* Drops what follows: a message of too many frames is answered as an empty one. */
static void
drop_rest(void *socket, zmq_msg_t *body)
{
	while (zmq_msg_more(body)) {
		zmq_msg_close(body);
		if (!receive(socket, body)) {
			zmq_msg_init(body);
			return;
		}
		if (!zmq_msg_more(body)) {
			zmq_msg_close(body);
			zmq_msg_init(body);
		}
	}
}

bool
frames_receive_router(void *socket, struct frames *frames)
{
	if (!receive(socket, &frames->peer))
		return false;
	zmq_msg_init(&frames->user);
	frames->port = PORT_ACKED;
	if (!zmq_msg_more(&frames->peer) || !receive(socket, &frames->body)) {
		zmq_msg_init(&frames->body);
		return true;
	}
	if (zmq_msg_size(&frames->body) == 0 && zmq_msg_more(&frames->body)) {
		frames->port = PORT_ACKED_REQ;
		zmq_msg_close(&frames->body);
		if (!receive(socket, &frames->body))
			zmq_msg_init(&frames->body);
	}
	drop_rest(socket, &frames->body);
	return true;
}

bool
frames_receive_pull(void *socket, struct frames *frames)
{
	if (!receive(socket, &frames->body))
		return false;
	frames->port = PORT_PUSH;
	zmq_msg_init(&frames->peer);
	zmq_msg_init(&frames->user);
	drop_rest(socket, &frames->body);
	return true;
}

bool
frames_receive_front(void *socket, struct frames *frames)
{
	zmq_msg_t port;
	if (!receive(socket, &port))
		return false;
	frames->port = (enum ingest_port) * (const uint8_t *)zmq_msg_data(&port);
	zmq_msg_close(&port);
	return receive(socket, &frames->peer) && receive(socket, &frames->user) && receive(socket, &frames->body);
}

bool
frames_send_worker(void *socket, struct frames *frames)
{
	uint8_t port = (uint8_t)frames->port;
	struct slice user = frames_user(frames);
	if (zmq_send(socket, &port, 1, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return false;
	zmq_msg_send(&frames->peer, socket, ZMQ_SNDMORE);
	zmq_send(socket, user.p, user.n, ZMQ_SNDMORE);
	zmq_msg_send(&frames->body, socket, 0);
	return true;
}

void
frames_close(struct frames *frames)
{
	zmq_msg_close(&frames->peer);
	zmq_msg_close(&frames->user);
	zmq_msg_close(&frames->body);
}

struct slice
frames_user(struct frames *frames)
{
	if (zmq_msg_size(&frames->user) > 0)
		return frames_slice(&frames->user);
	const char *user = zmq_msg_gets(&frames->body, "Peer-Address");
	return user != NULL ? slice_of(user) : (struct slice){0};
}

void
frames_send_answer(void *socket, bool to_front, bool delimited, struct slice peer, struct slice answer)
{
	if (zmq_send(socket, peer.p, peer.n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return;
	if (to_front)
		zmq_send(socket, &(uint8_t){delimited}, 1, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	else if (delimited)
		zmq_send(socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	zmq_send(socket, answer.p, answer.n, ZMQ_DONTWAIT);
}

bool
frames_forward_answer(void *worker, void *router)
{
	zmq_msg_t peer, delimited, answer;
	if (!receive(worker, &peer))
		return false;
	if (receive(worker, &delimited)) {
		if (receive(worker, &answer)) {
			frames_send_answer(router, false, *(const uint8_t *)zmq_msg_data(&delimited) != 0, frames_slice(&peer),
			                   frames_slice(&answer));
			zmq_msg_close(&answer);
		}
		zmq_msg_close(&delimited);
	}
	zmq_msg_close(&peer);
	return true;
}
