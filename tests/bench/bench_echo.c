/*
 * bench_echo - what an acked batch costs at least: a bare ROUTER that answers each
 * message with 60 bytes, in a process of its own, under the same DEALER and credit.
 */
#include "tests/bench/peers.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { ANSWER_BYTES = 60 };

static void
echo_serve(int endpoint_fd)
{
	uint8_t answer[ANSWER_BYTES] = {0};
	char endpoint[64] = {0};
	size_t size = sizeof(endpoint);
	void *zmq = zmq_ctx_new(), *router = zmq_socket(zmq, ZMQ_ROUTER);
	zmq_msg_t peer, body;
	zmq_bind(router, "tcp://127.0.0.1:*");
	zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size);
	if (write(endpoint_fd, endpoint, sizeof(endpoint)) != sizeof(endpoint))
		_exit(1);
	zmq_msg_init(&peer);
	zmq_msg_init(&body);
	while (zmq_msg_recv(&peer, router, 0) >= 0 && zmq_msg_recv(&body, router, 0) >= 0) {
		zmq_msg_send(&peer, router, ZMQ_SNDMORE);
		zmq_send(router, answer, sizeof(answer), 0);
	}
	_exit(0);
}

static void
bench_echo(const char *name, const char *endpoint, uint32_t batch, uint64_t messages)
{
	struct load_shape shape = load_shape_model(LOAD_ACKED, batch);
	struct load *load = load_new(&shape);
	void *zmq = zmq_ctx_new(), *dealer = peer_connect(zmq, ZMQ_DEALER, endpoint, NULL, 1000);
	struct dealt dealt = dealer_run(dealer, load, messages, true);
	figure(name, 1e-6 * (double)dealt.messages * batch / dealt.seconds, "M/s");
	zmq_close(dealer);
	zmq_ctx_term(zmq);
	load_free(load);
}

int
main(void)
{
	int fd[2];
	char endpoint[64];
	if (pipe(fd) != 0)
		return 1;
	pid_t child = fork();
	if (child == 0)
		echo_serve(fd[1]);
	if (child < 0 || read(fd[0], endpoint, sizeof(endpoint)) != sizeof(endpoint))
		return 1;
	bench_echo("echo.1", endpoint, 1, 400000);
	bench_echo("echo.256", endpoint, 256, 20000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
