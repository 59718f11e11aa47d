/* client.c - endpoints, links, hello, snapshots and the acked port, with timeouts. */
#include "laju/client.h"
#include "common/mem.h"
#include "laju/config.h"
#include "laju/number.h"
#include "laju/text.h"
#include "schemas/snapshot.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
client_now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t
client_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

/* --- endpoints --- */

/* What a server binds as "every interface" a client reaches at the loopback. */
static void
endpoint_copy(char out[256], const char *endpoint)
{
	static const char *const any[][2] = {
	    {"tcp://*:", "tcp://127.0.0.1:"}, {"tcp://0.0.0.0:", "tcp://127.0.0.1:"}, {"tcp://[::]:", "tcp://[::1]:"}};
	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		size_t n = strlen(any[i][0]);
		if (strncmp(endpoint, any[i][0], n) == 0) {
			snprintf(out, 256, "%s%s", any[i][1], endpoint + n);
			return;
		}
	}
	snprintf(out, 256, "%s", endpoint);
}

/* Commands differ in which of the options they have. */
static const char *
flag_or(const struct options *options, const char *name, const char *otherwise)
{
	const char *given = options_nth(options, name, 0);
	for (uint32_t n = 1; given && options_nth(options, name, n); n++)
		given = options_nth(options, name, n);
	return given ? given : otherwise;
}

static int
read_endpoints(struct client *client, const struct options *options)
{
	enum { OVERRIDES_MAX = 64 };
	struct config_problems problems = {0};
	struct config_override override[OVERRIDES_MAX];
	struct config *config = mem_zalloc(1, sizeof(*config));
	/* A client may well look at a server elsewhere: what is refused is binding there without keys. */
	override[0] = (struct config_override){.name = "allow_remote", .value = "true", .origin = "client"};
	uint32_t count = 1 + config_environment(override + 1, OVERRIDES_MAX - 1, &problems);
	bool fine = config_load(config, flag_or(options, "config", NULL), override, count, &problems);
	if (!fine)
		fwrite(problems.text.data, 1, problems.text.len, stderr);
	else {
		endpoint_copy(client->acked, flag_or(options, "acked", config->ingest_acked));
		endpoint_copy(client->push, flag_or(options, "push-port", config->ingest_push));
		endpoint_copy(client->updates, flag_or(options, "updates", config->publish_updates));
		endpoint_copy(client->snapshot, flag_or(options, "snapshot", config->publish_snapshot));
	}
	config_fini(config);
	free(config);
	problems_fini(&problems);
	return fine ? 0 : STATUS_CONFIG;
}

int
client_open(struct client *client, const struct options *options)
{
	*client = (struct client){0};
	if (!options_duration(options, "timeout", &client->timeout_ms))
		return STATUS_USAGE;
	int rc = read_endpoints(client, options);
	if (rc != 0)
		return rc;
	client->context = zmq_ctx_new();
	if (!client->context) {
		text_say("laju %s: %s", options->command->name, zmq_strerror(errno));
		return STATUS_FAILED;
	}
	return 0;
}

void
client_close(struct client *client)
{
	zmq_ctx_term(client->context);
}

/* --- links --- */

static void
set_int(void *socket, int option, int value)
{
	int rc = zmq_setsockopt(socket, option, &value, sizeof(value));
	assert(rc == 0);
}

int
client_link_open(struct client_link *link, struct client *client, int type, const char *endpoint)
{
	char name[64];
	int rc;
	*link = (struct client_link){.down_ms = client_now_ms()};
	link->socket = zmq_socket(client->context, type);
	if (!link->socket)
		return -errno;
	set_int(link->socket, ZMQ_LINGER, 0);
	set_int(link->socket, ZMQ_RECONNECT_IVL, 100);
	set_int(link->socket, ZMQ_RECONNECT_IVL_MAX, 1000);
	/* A server that vanished without a word is noticed. */
	/* Not ZMTP heartbeats: see laju/node.c. */
	set_int(link->socket, ZMQ_TCP_KEEPALIVE, 1);
	set_int(link->socket, ZMQ_TCP_KEEPALIVE_IDLE, 2);
	set_int(link->socket, ZMQ_TCP_KEEPALIVE_INTVL, 2);
	set_int(link->socket, ZMQ_TCP_KEEPALIVE_CNT, 2);
	set_int(link->socket, ZMQ_TCP_MAXRT, 6000);
	if (type == ZMQ_SUB)
		set_int(link->socket, ZMQ_RCVHWM, 0); /* a resync is slower than the stream; rows are bounded by the server's table */
	if (type == ZMQ_PUSH)
		set_int(link->socket, ZMQ_IMMEDIATE, 1);
	snprintf(name, sizeof(name), "inproc://monitor-%p", link->socket);
	if (zmq_socket_monitor(link->socket, name, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0)
		goto fail;
	link->monitor = zmq_socket(client->context, ZMQ_PAIR);
	if (!link->monitor || zmq_connect(link->monitor, name) != 0 || zmq_connect(link->socket, endpoint) != 0)
		goto fail;
	return 0;
fail:
	rc = -errno;
	client_link_close(link);
	return rc;
}

void
client_link_close(struct client_link *link)
{
	if (link->socket) {
		zmq_socket_monitor(link->socket, NULL, 0);
		zmq_close(link->socket);
	}
	if (link->monitor) {
		set_int(link->monitor, ZMQ_LINGER, 0);
		zmq_close(link->monitor);
	}
	*link = (struct client_link){0};
}

/* One frame; the event's number is in the first two bytes of the first. */
void
client_link_watch(struct client_link *link)
{
	uint8_t frame[512];
	int n;
	while ((n = zmq_recv(link->monitor, frame, sizeof(frame), ZMQ_DONTWAIT)) >= 0) {
		uint16_t event;
		int more = 0;
		size_t size = sizeof(more);
		if (n >= 2) {
			memcpy(&event, frame, 2);
			if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
				link->up = true;
			else if (event == ZMQ_EVENT_DISCONNECTED && link->up) {
				link->up = false;
				link->down_ms = client_now_ms();
			}
		}
		if (zmq_getsockopt(link->monitor, ZMQ_RCVMORE, &more, &size) == 0 && more)
			zmq_recv(link->monitor, frame, sizeof(frame), 0); /* the endpoint */
	}
}

static int
unreachable(const struct client *client, const char *endpoint, char why[CLIENT_WHY_MAX])
{
	char age[NUMBER_TEXT_MAX];
	number_age(client->timeout_ms, age);
	snprintf(why, CLIENT_WHY_MAX, "cannot reach the server at %s within %s: is `laju serve` running there?", endpoint,
	         age);
	return STATUS_UNREACHABLE;
}

int
client_cannot_open(const char *endpoint, int rc, char why[CLIENT_WHY_MAX])
{
	bool form = rc == -EINVAL || rc == -EPROTONOSUPPORT;
	snprintf(why, CLIENT_WHY_MAX, "endpoint '%s': %s", endpoint,
	         form ? "it must be tcp://address:port or ipc://path" : zmq_strerror(-rc));
	return STATUS_USAGE;
}

/* --- hello --- */

static void
text_copy(char *out, size_t size, struct slice text)
{
	snprintf(out, size, "%.*s", (int)(text.n < size ? text.n : size - 1), (const char *)text.p);
}

static void
kpi_copy(struct client_kpi *out, const struct hello_kpi *kpi)
{
	text_copy(out->name, sizeof(out->name), kpi->name);
	text_copy(out->label, sizeof(out->label), kpi->label_en.n ? kpi->label_en : kpi->name);
	out->unit = slice_is(kpi->unit, "money") ? NUMBER_MONEY : slice_is(kpi->unit, "ratio") ? NUMBER_RATIO : NUMBER_COUNT;
	out->direction = slice_is(kpi->direction, "up") ? 1 : slice_is(kpi->direction, "down") ? -1 : 0;
}

int
client_hello_read(struct client_hello *hello, struct slice bytes)
{
	struct hello_head head;
	struct hello_kpi kpi;
	struct slice name;
	*hello = (struct client_hello){.decimals = 2};
	if (hello_decode(&head, bytes) != 0)
		return -EBADMSG;
	hello->known = true;
	hello->epoch = head.epoch;
	hello->seq = head.seq;
	hello->demo = head.demo;
	hello->decimals = head.decimals <= NUMBER_DECIMALS_MAX ? head.decimals : NUMBER_DECIMALS_MAX;
	text_copy(hello->version, sizeof(hello->version), head.version);
	text_copy(hello->zone, sizeof(hello->zone), head.zone);
	text_copy(hello->currency, sizeof(hello->currency), head.currency);
	text_copy(hello->durability, sizeof(hello->durability), head.durability);
	uint32_t left = head.kpis.n ? row_walk_begin(&head.kpis) : 0;
	while (hello->kpis < CLIENT_KPIS_MAX && hello_kpi_next(&head.kpis, &left, &kpi))
		kpi_copy(&hello->kpi[hello->kpis++], &kpi);
	left = head.rollups.n ? row_walk_begin(&head.rollups) : 0;
	while (hello->rollups < CLIENT_ROLLUPS_MAX && row_names_next(&head.rollups, &left, &name))
		text_copy(hello->rollup[hello->rollups++], sizeof(hello->rollup[0]), name);
	if (left > 0)
		hello->rollups = 0;
	return 0;
}

const struct client_kpi *
client_hello_kpi(const struct client_hello *hello, struct slice name)
{
	for (uint32_t i = 0; i < hello->kpis; i++)
		if (slice_is(name, hello->kpi[i].name))
			return &hello->kpi[i];
	return NULL;
}

struct number_style
client_style(const struct client_hello *hello, struct slice name, bool grouped)
{
	const struct client_kpi *kpi = client_hello_kpi(hello, name);
	int shown = money_decimals_shown(slice_of(hello->currency));
	return (struct number_style){.unit = kpi ? kpi->unit : NUMBER_COUNT,
	                             .decimals = hello->decimals,
	                             .decimals_shown = shown >= 0 && shown <= NUMBER_DECIMALS_MAX ? shown : hello->decimals,
	                             .grouped = grouped};
}

/* The last frame of a message, whole; false: none waiting. */
static bool
receive_last(void *socket, zmq_msg_t *message)
{
	zmq_msg_init(message);
	if (zmq_msg_recv(message, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(message);
		return false;
	}
	while (zmq_msg_more(message) && zmq_msg_recv(message, socket, 0) >= 0)
		continue;
	return true;
}

static struct slice
message_slice(zmq_msg_t *message)
{
	return (struct slice){zmq_msg_data(message), (uint32_t)zmq_msg_size(message)};
}

bool
client_hello_get(struct client *client, struct client_hello *hello, int64_t wait_ms)
{
	struct client_link link;
	*hello = (struct client_hello){.decimals = 2};
	if (client_link_open(&link, client, ZMQ_SUB, client->updates) != 0)
		return false;
	zmq_setsockopt(link.socket, ZMQ_SUBSCRIBE, "hello/", 6);
	int64_t end_ms = client_now_ms() + wait_ms, left;
	while (!hello->known && (left = end_ms - client_now_ms()) > 0) {
		zmq_pollitem_t item = {.socket = link.socket, .events = ZMQ_POLLIN};
		zmq_msg_t message;
		if (zmq_poll(&item, 1, left) < 0 && errno != EINTR)
			break;
		if (!receive_last(link.socket, &message))
			continue;
		client_hello_read(hello, message_slice(&message));
		zmq_msg_close(&message);
	}
	client_link_close(&link);
	return hello->known;
}

/* --- snapshots --- */

static void
send_request(void *socket, const struct snapshot_request *request)
{
	struct buf out = {0};
	snapshot_request_encode(request, &out);
	zmq_send(socket, out.data, out.len, ZMQ_DONTWAIT);
	buf_fini(&out);
}

/* A snapshot under way. */
struct receipt {
	struct client_link link;
	client_row_fn *row;
	void *context;
	int64_t rows, bytes;
	int64_t heard_ms; /* when a row came: a server that only sends empty chunks is as good as silent */
};

static int
unreadable(char why[CLIENT_WHY_MAX])
{
	snprintf(why, CLIENT_WHY_MAX, "the server's answer cannot be read: is it the snapshot port, and of this version?");
	return STATUS_FAILED;
}

static int
refused(const struct snapshot_reply *reply, char why[CLIENT_WHY_MAX])
{
	snprintf(why, CLIENT_WHY_MAX, "refused: %.*s: %.*s", (int)(reply->code.n < 64 ? reply->code.n : 64),
	         (const char *)reply->code.p, (int)(reply->text.n < 256 ? reply->text.n : 256),
	         (const char *)reply->text.p);
	return STATUS_FAILED;
}

/* 0: go on; 1: the end; else an exit status, negative. */
static int
take_reply(struct receipt *receipt, struct slice bytes, struct snapshot_end *end, char why[CLIENT_WHY_MAX])
{
	struct snapshot_reply reply;
	struct slice topic, value;
	if (snapshot_reply_decode(&reply, bytes) != 0)
		return -unreadable(why);
	switch (reply.kind) {
	case SNAPSHOT_ROWS:
		receipt->rows += reply.rows;
		receipt->bytes += bytes.n;
		if (receipt->rows > CLIENT_SNAPSHOT_ROWS_MAX || receipt->bytes > CLIENT_SNAPSHOT_BYTES_MAX) {
			snprintf(why, CLIENT_WHY_MAX, "the snapshot has no end, or more than %d rows or %lld GiB: ask for less",
			         CLIENT_SNAPSHOT_ROWS_MAX, (long long)(CLIENT_SNAPSHOT_BYTES_MAX >> 30));
			return -STATUS_FAILED;
		}
		if (reply.rows > 0)
			receipt->heard_ms = client_now_ms();
		while (snapshot_reply_next(&reply, &topic, &value))
			receipt->row(receipt->context, topic, value);
		send_request(receipt->link.socket, &(struct snapshot_request){.credit_only = true, .credit = 1});
		return 0;
	case SNAPSHOT_END:
		*end = (struct snapshot_end){reply.epoch, reply.seq, reply.reset};
		return 1;
	default:
		return -refused(&reply, why);
	}
}

static int
silent(const struct client *client, const struct client_link *link, const struct snapshot_ask *ask,
       char why[CLIENT_WHY_MAX])
{
	char age[NUMBER_TEXT_MAX];
	if (!link->up)
		return unreachable(client, client->snapshot, why);
	number_age(client->timeout_ms, age);
	if (ask->has_lsn) {
		snprintf(why, CLIENT_WHY_MAX, "the rows did not reach log position %llu within %s", (unsigned long long)ask->lsn,
		         age);
		return STATUS_FAILED;
	}
	snprintf(why, CLIENT_WHY_MAX, "connected to %s, but no row and no end within %s: is it the snapshot port?",
	         client->snapshot, age);
	return STATUS_UNREACHABLE;
}

int
client_snapshot(struct client *client, const struct snapshot_ask *ask, client_row_fn *row, void *context,
                struct snapshot_end *end, char why[CLIENT_WHY_MAX])
{
	struct receipt receipt = {.row = row, .context = context, .heard_ms = client_now_ms()};
	struct client_link *link = &receipt.link;
	int64_t left;
	int rc = client_link_open(link, client, ZMQ_DEALER, client->snapshot);
	if (rc != 0)
		return client_cannot_open(client->snapshot, rc, why);
	send_request(link->socket, &(struct snapshot_request){.prefix = ask->prefix,
	                                                       .has_since = ask->has_since,
	                                                       .has_lsn = ask->has_lsn,
	                                                       .since_epoch = ask->since_epoch,
	                                                       .since_seq = ask->since_seq,
	                                                       .lsn = ask->lsn,
	                                                       .credit = CLIENT_CHUNK_CREDIT});
	/* A message a turn: a server that never pauses must not keep a signal or the clock from being seen. */
	while (rc == 0 && (left = receipt.heard_ms + client->timeout_ms - client_now_ms()) > 0) {
		zmq_pollitem_t item[] = {{.socket = link->socket, .events = ZMQ_POLLIN},
		                         {.socket = link->monitor, .events = ZMQ_POLLIN}};
		zmq_msg_t message;
		zmq_poll(item, 2, left);
		client_link_watch(link);
		if (client->stopped) {
			snprintf(why, CLIENT_WHY_MAX, "interrupted");
			rc = -STATUS_FAILED;
		} else if (receive_last(link->socket, &message)) {
			rc = take_reply(&receipt, message_slice(&message), end, why);
			zmq_msg_close(&message);
		}
	}
	int status = rc > 0 ? 0 : rc < 0 ? -rc : silent(client, link, ask, why);
	client_link_close(link);
	return status;
}

/* --- questions --- */

/* The one message that a request is answered with, in bytes. 0, or an exit status. */
static int
ask_once(struct client *client, const struct buf *request, struct buf *bytes, char why[CLIENT_WHY_MAX])
{
	struct client_link link;
	int64_t end_ms = client_now_ms() + client->timeout_ms, left;
	char age[NUMBER_TEXT_MAX];
	int rc = client_link_open(&link, client, ZMQ_DEALER, client->snapshot);
	if (rc != 0)
		return client_cannot_open(client->snapshot, rc, why);
	bytes->len = 0;
	zmq_send(link.socket, request->data, request->len, ZMQ_DONTWAIT);
	while (bytes->len == 0 && (left = end_ms - client_now_ms()) > 0) {
		zmq_pollitem_t item[] = {{.socket = link.socket, .events = ZMQ_POLLIN},
		                         {.socket = link.monitor, .events = ZMQ_POLLIN}};
		zmq_msg_t message;
		zmq_poll(item, 2, left);
		client_link_watch(&link);
		if (!receive_last(link.socket, &message))
			continue;
		buf_add(bytes, zmq_msg_data(&message), zmq_msg_size(&message));
		zmq_msg_close(&message);
	}
	if (bytes->len == 0 && !link.up) {
		rc = unreachable(client, client->snapshot, why);
	} else if (bytes->len == 0) {
		number_age(client->timeout_ms, age);
		snprintf(why, CLIENT_WHY_MAX, "connected to %s, but no answer within %s: is it the snapshot port?",
		         client->snapshot, age);
		rc = STATUS_UNREACHABLE;
	}
	client_link_close(&link);
	return rc;
}

/* What is no answer may be a refusal. */
static int
no_answer(const struct buf *bytes, char why[CLIENT_WHY_MAX])
{
	struct snapshot_reply reply;
	if (snapshot_reply_decode(&reply, buf_slice(bytes)) == 0 && reply.kind == SNAPSHOT_REFUSED)
		return refused(&reply, why);
	return unreadable(why);
}

int
client_info(struct client *client, struct info *info, struct buf *bytes, char why[CLIENT_WHY_MAX])
{
	struct buf request = {0};
	info_request_encode(&request);
	int status = ask_once(client, &request, bytes, why);
	buf_fini(&request);
	if (status == 0 && info_decode(info, buf_slice(bytes)) != 0)
		status = no_answer(bytes, why);
	return status;
}

int
client_confirm(struct client *client, struct confirmed *confirmed, char why[CLIENT_WHY_MAX])
{
	struct buf request = {0}, bytes = {0};
	confirm_request_encode(&request);
	int status = ask_once(client, &request, &bytes, why);
	if (status == 0 && confirmed_decode(confirmed, buf_slice(&bytes)) != 0)
		status = no_answer(&bytes, why);
	buf_fini(&request);
	buf_fini(&bytes);
	return status;
}

int
client_event(struct client *client, const struct event_ask *event, struct event_view *view, struct buf *bytes,
             char why[CLIENT_WHY_MAX])
{
	struct buf request = {0};
	event_ask_encode(event, &request);
	int status = ask_once(client, &request, bytes, why);
	buf_fini(&request);
	if (status == 0 && event_view_decode(view, buf_slice(bytes)) != 0)
		status = no_answer(bytes, why);
	return status;
}

/* --- the acked port --- */

int
delivery_open(struct delivery *delivery, struct client *client, const struct sender_config *config,
              char why[CLIENT_WHY_MAX])
{
	*delivery = (struct delivery){.client = client};
	int rc = client_link_open(&delivery->link, client, ZMQ_DEALER, client->acked);
	if (rc != 0)
		return client_cannot_open(client->acked, rc, why);
	delivery->sender = sender_new(config);
	return 0;
}

void
delivery_close(struct delivery *delivery)
{
	sender_free(delivery->sender);
	client_link_close(&delivery->link);
}

static void
send_due(struct delivery *delivery)
{
	struct slice message;
	while (sender_due(delivery->sender, client_now_ms(), &message))
		if (zmq_send(delivery->link.socket, message.p, message.n, ZMQ_DONTWAIT) < 0) {
			sender_unsent(delivery->sender);
			return;
		}
}

static void
take_answers(struct delivery *delivery)
{
	zmq_msg_t message;
	while (receive_last(delivery->link.socket, &message)) {
		sender_answer(delivery->sender, message_slice(&message), client_now_ms());
		zmq_msg_close(&message);
	}
}

/* A server that is away while nothing waits for it harms nobody. limit: how long it may still be away; -1: for ever. */
static bool
server_is_there(struct delivery *delivery, int64_t *limit)
{
	int64_t now_ms = client_now_ms();
	*limit = -1;
	if (delivery->link.up || sender_unsettled(delivery->sender) == 0) {
		delivery->stuck_ms = 0;
		return true;
	}
	if (delivery->stuck_ms == 0)
		delivery->stuck_ms = now_ms;
	*limit = delivery->stuck_ms + delivery->client->timeout_ms - now_ms;
	return *limit > 0;
}

int
delivery_step(struct delivery *delivery, int64_t wait_ms, int fd, char why[CLIENT_WHY_MAX])
{
	struct client_link *link = &delivery->link;
	struct client *client = delivery->client;
	int64_t limit;
	client_link_watch(link);
	if (!server_is_there(delivery, &limit))
		return unreachable(client, client->acked, why);
	if (link->up) {
		send_due(delivery);
		limit = sender_wait_ms(delivery->sender, client_now_ms());
	}
	if (sender_given_up(delivery->sender, client_now_ms())) {
		snprintf(why, CLIENT_WHY_MAX, "connected to %s, but a batch sent %d times got no answer: is it the acked port?",
		         client->acked, SENDER_SENDS_MAX);
		return STATUS_UNREACHABLE;
	}
	if (limit >= 0 && limit < wait_ms)
		wait_ms = limit > 0 ? limit : 1; /* 1: the socket had no room for what is due */
	zmq_pollitem_t item[] = {{.socket = link->socket, .events = ZMQ_POLLIN},
	                         {.socket = link->monitor, .events = ZMQ_POLLIN},
	                         {.fd = fd, .events = ZMQ_POLLIN}};
	if (zmq_poll(item, fd >= 0 ? 3 : 2, wait_ms) < 0 && errno != EINTR) {
		snprintf(why, CLIENT_WHY_MAX, "%s", zmq_strerror(errno));
		return STATUS_FAILED;
	}
	take_answers(delivery);
	if (client->stopped) {
		snprintf(why, CLIENT_WHY_MAX, "interrupted");
		return STATUS_FAILED;
	}
	return 0;
}
