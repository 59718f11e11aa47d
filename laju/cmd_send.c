/*
 * cmd_send.c - `laju send`: events from files over the acked port, or the push port.
 *
 * The order of events is kept: one connection, batches in order. A batch goes out
 * when it is full, and when a pipe has nothing more to give for now.
 */
#include "common/mem.h"
#include "laju/client.h"
#include "laju/input.h"
#include "laju/ndjson.h"
#include "laju/number.h"
#include "laju/refusals.h"
#include "laju/text.h"
#include "laju/unknown_keys.h"
#include <assert.h>
#include <errno.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

enum {
	SEND_EVENTS_MAX = 5000,
	SEND_BYTES_MAX = 900 << 10,      /* of events in a batch; the server takes 1 MiB */
	SEND_PUSH_BYTES_MAX = 60 << 10,  /* the push port takes 64 KiB */
	SEND_HELLO_MS = 300,
	SEND_PAINT_MS = 100,
};

/* Where the events of a batch came from. */
struct places {
	struct place {
		const char *file;
		uint64_t line;
	} at[SEND_EVENTS_MAX];
};

struct send {
	struct options options;
	struct client client;
	struct delivery delivery;
	struct client_link push_link;
	bool push, quiet, paints, tick_refused;
	int64_t batch_max, until_ms;
	struct input *input;
	/* the batch being filled */
	struct buf events, message;
	uint32_t count;
	struct places *places;
	/* the account: read = ok + duplicate + refused + unanswered */
	uint64_t read, ok, duplicate, unanswered, pushed;
	bool unclear; /* an answer did not add up */
	struct refusals refusals;
	struct unknown_keys unknown;
	int64_t start_ms, painted_ms, size, done;
	char why[CLIENT_WHY_MAX];
};

static struct send *interrupted; /* for the signal handler; one `send` a process */

static void
on_signal(int number)
{
	(void)number;
	interrupted->client.stopped = 1;
}

/* --- words --- */

static void
unpaint(struct send *send)
{
	if (send->paints && send->painted_ms)
		fputs("\r\033[K", stderr);
}

static void
paint(struct send *send)
{
	enum { BAR = 24 };
	int64_t now_ms = client_now_ms(), spent_ms = now_ms - send->start_ms;
	char events[NUMBER_TEXT_MAX], rate[NUMBER_TEXT_MAX];
	if (!send->paints || now_ms - send->painted_ms < SEND_PAINT_MS)
		return;
	unpaint(send);
	send->painted_ms = now_ms;
	number_fraction(send->read, 1, 0, true, events);
	number_fraction((__int128)send->read * 1000, spent_ms > 0 ? spent_ms : 1, 0, true, rate);
	if (send->size > 0) {
		int64_t done = send->done + (send->input ? (int64_t)send->input->taken : 0);
		done = done < send->size ? done : send->size;
		int filled = (int)(done * BAR / send->size);
		fprintf(stderr, "[%.*s%.*s] %3d %%  ", filled, "########################", BAR - filled,
		        "........................", (int)(done * 100 / send->size));
	}
	const char *waits = send->push ? "" : sender_waits_for(send->delivery.sender);
	struct buf text = {0};
	buf_printf(&text, "%s events  %s/s%s", events, rate, *waits ? "  waiting: server says " : "");
	text_clean(&text, slice_of(waits));
	fwrite(text.data, 1, text.len, stderr);
	fflush(stderr);
	buf_fini(&text);
}

static int
fail(struct send *send, int status)
{
	unpaint(send);
	text_say("laju send: %s", send->why);
	return status;
}

static void
unknown_key(void *context, const char *key, const char *near)
{
	struct send *send = context;
	if (!unknown_keys_add(&send->unknown, key))
		return;
	unpaint(send);
	unknown_keys_say(&send->unknown, send->input->name, send->input->place, near);
}

/* --- answers --- */

static void
place_text(const struct place *place, char out[4200])
{
	snprintf(out, 4200, "%s:%llu", place->file, (unsigned long long)place->line);
}

static void
settled(void *context, void *origin, uint32_t events, const struct answer *answer)
{
	struct send *send = context;
	struct places *places = origin;
	struct answer rest = *answer;
	struct slice code, text;
	char place[4200];
	uint32_t index, listed = 0;
	if (!sender_adds_up(answer, events)) {
		send->unanswered += events;
		if (!send->unclear) {
			unpaint(send);
			text_say("laju send: an answer of the server does not add up: %u ok, %u duplicate and %u refused of %u events",
			         answer->ok, answer->dup, answer->refused, events);
		}
		send->unclear = true;
	} else if (!answer->is_ack && events == 0) {
		send->tick_refused = true;
		unpaint(send);
		text_say("laju send: the tick was refused: %.*s", (int)answer->text.n, (const char *)answer->text.p);
	} else if (!answer->is_ack) {
		place_text(&places->at[0], place);
		refusals_add(&send->refusals, answer->code, events, place, answer->text);
	} else {
		send->ok += answer->ok;
		send->duplicate += answer->dup;
		while (answer_next_reject(&rest, &index, &code, &text)) {
			place_text(&places->at[index], place);
			refusals_add(&send->refusals, code, 1, place, text);
			listed++;
		}
		if (answer->refused > listed)
			refusals_add(&send->refusals, slice_of("(not listed by the server)"), answer->refused - listed, NULL,
			             (struct slice){0});
	}
	free(places);
}

static void
abandon(void *context, void *origin, uint32_t events)
{
	struct send *send = context;
	send->unanswered += events;
	free(origin);
}

/* --- batches --- */

static int
step(struct send *send, int64_t wait_ms, int fd)
{
	int status = delivery_step(&send->delivery, wait_ms, fd, send->why);
	paint(send);
	return status ? fail(send, status) : 0;
}

static int
wait_for_room(struct send *send)
{
	int status = 0;
	while (status == 0 && !sender_has_room(send->delivery.sender))
		status = step(send, SEND_PAINT_MS, -1);
	return status;
}

static int
flush_push(struct send *send)
{
	msgpack_packer packer;
	send->message.len = 0;
	msgpack_packer_init(&packer, &send->message, buf_msgpack_write);
	msgpack_pack_array(&packer, send->count);
	buf_add(&send->message, send->events.data, send->events.len);
	while (zmq_send(send->push_link.socket, send->message.data, send->message.len, 0) < 0) {
		if (errno == EINTR && !send->client.stopped)
			continue;
		snprintf(send->why, sizeof(send->why), errno == EINTR ? "interrupted" : "the push port at %s takes nothing",
		         send->client.push);
		return fail(send, errno == EINTR ? STATUS_FAILED : STATUS_UNREACHABLE);
	}
	send->pushed += send->count;
	send->events.len = 0;
	send->count = 0;
	paint(send);
	return 0;
}

static int
flush(struct send *send)
{
	if (send->count == 0)
		return 0;
	if (send->push)
		return flush_push(send);
	int status = wait_for_room(send);
	if (status)
		return status;
	batch_begin(&send->message, sender_next_id(send->delivery.sender), send->count);
	buf_add(&send->message, send->events.data, send->events.len);
	sender_submit(send->delivery.sender, &send->message, send->count, send->places);
	send->places = NULL;
	send->events.len = 0;
	send->count = 0;
	return step(send, 0, -1);
}

static int
keep(struct send *send, size_t before)
{
	size_t limit = send->push ? SEND_PUSH_BYTES_MAX : SEND_BYTES_MAX, bytes = send->events.len - before;
	if (send->count > 0 && send->events.len > limit) {
		/* The new event begins the next batch. */
		struct buf last = {0};
		buf_add(&last, send->events.data + before, bytes);
		send->events.len = before;
		int status = flush(send);
		buf_add(&send->events, last.data, last.len);
		buf_fini(&last);
		if (status)
			return status;
	}
	if (!send->places)
		send->places = mem_zalloc(1, sizeof(*send->places));
	send->places->at[send->count++] = (struct place){send->input->name, send->input->place};
	return send->count >= send->batch_max ? flush(send) : 0;
}

static void
refuse_here(struct send *send, const char *code, uint32_t column, const char *text)
{
	char place[4200], with_column[4300];
	place_text(&(struct place){send->input->name, send->input->place}, place);
	snprintf(with_column, sizeof(with_column), column ? "%s:%u" : "%s", place, column);
	refusals_add(&send->refusals, slice_of(code), 1, with_column, slice_of(text));
}

static int
take_item(struct send *send, struct slice item)
{
	struct ndjson_fault fault;
	size_t before = send->events.len;
	send->read++;
	if (send->input->form == INPUT_MSGPACK) {
		if (item.n > EVENT_BYTES_MAX) {
			refuse_here(send, "too_big", 0, "an event has at most 16384 bytes");
			return 0;
		}
		buf_add(&send->events, item.p, item.n);
		return keep(send, before);
	}
	if (ndjson_event(item, &send->events, unknown_key, send, &fault) == VERDICT_OK)
		return keep(send, before);
	if (fault.code == VERDICT_BAD_MSGPACK && send->input->place == 1 && item.p[0] != '{') {
		unpaint(send);
		text_say("laju send: %s: expected is NDJSON: one JSON object a line, {\"id\": ...}", send->input->name);
	}
	refuse_here(send, fault.code == VERDICT_BAD_MSGPACK ? "bad_json" : verdict_name(fault.code), fault.column,
	            fault.text);
	return 0;
}

/* A pipe may be silent for long: what is there goes out first, and answers are taken meanwhile. */
static int
fill(struct send *send)
{
	int status = 0;
	while (status == 0 && !input_ready(send->input)) {
		status = flush(send);
		if (status == 0)
			status = send->push ? 0 : step(send, 500, send->input->fd);
		if (send->push)
			break;
	}
	if (status)
		return status;
	int rc = send->client.stopped ? -EINTR : input_fill(send->input);
	if (rc == 0 || (rc == -EINTR && !send->client.stopped))
		return 0;
	snprintf(send->why, sizeof(send->why), "%s: %s", send->input->name, rc == -EINTR ? "interrupted" : strerror(-rc));
	return fail(send, STATUS_FAILED);
}

static int
send_file(struct send *send, const char *name)
{
	struct input input;
	struct slice item;
	int status = 0;
	int rc = input_open(&input, name, options_flag(&send->options, "msgpack") ? INPUT_MSGPACK : INPUT_UNKNOWN);
	if (rc != 0) {
		snprintf(send->why, sizeof(send->why), "%s: %s", name, strerror(-rc));
		return fail(send, STATUS_FAILED);
	}
	send->input = &input;
	for (bool end = false; status == 0 && !end;) {
		switch (input_next(&input, &item)) {
		case INPUT_ITEM:
			status = take_item(send, item);
			break;
		case INPUT_MORE:
			status = fill(send);
			break;
		case INPUT_TOO_LONG:
			send->read++;
			refuse_here(send, "too_big", 0, "a line has at most 65536 bytes");
			break;
		case INPUT_BROKEN:
			unpaint(send);
			text_say("laju send: %s: after %llu bytes: %s", input.name, (unsigned long long)input.taken, input.why);
			send->read++;
			refuse_here(send, "bad_msgpack", 0, input.why);
			end = true;
			break;
		case INPUT_END:
			end = true;
			break;
		}
	}
	if (status == 0 && input.taken == 0 && input.place == 0) {
		unpaint(send);
		text_say("laju send: %s is empty", input.name);
	}
	send->done += (int64_t)input.taken;
	send->input = NULL;
	input_close(&input);
	return status;
}

static int
finish(struct send *send)
{
	int status = flush(send);
	if (status || send->push)
		return status;
	if (options_text(&send->options, "until")) {
		/* Behind everything else, so that no event is late for a tick that overtook it. */
		while (status == 0 && sender_unsettled(send->delivery.sender) > 0)
			status = step(send, SEND_PAINT_MS, -1);
		if (status)
			return status;
		batch_tick(&send->message, sender_next_id(send->delivery.sender), send->until_ms);
		sender_submit(send->delivery.sender, &send->message, 0, NULL);
	}
	while (status == 0 && sender_unsettled(send->delivery.sender) > 0)
		status = step(send, SEND_PAINT_MS, -1);
	return status;
}

/* --- the account --- */

static void
tell_durability(struct send *send)
{
	struct client_hello hello;
	if (!client_hello_get(&send->client, &hello, SEND_HELLO_MS))
		return;
	if (strcmp(hello.durability, "none") == 0)
		text_say("the server keeps events in memory only (durability: none)");
	if (hello.demo)
		text_say("the server runs a demonstration (DEMO)");
}

static void
summary(struct send *send)
{
	struct buf out = {0};
	char read[NUMBER_TEXT_MAX], ok[NUMBER_TEXT_MAX], duplicate[NUMBER_TEXT_MAX], refused[NUMBER_TEXT_MAX],
	    other[NUMBER_TEXT_MAX];
	unpaint(send);
	number_fraction(send->read, 1, 0, true, read);
	number_fraction(send->ok, 1, 0, true, ok);
	number_fraction(send->duplicate, 1, 0, true, duplicate);
	number_fraction(send->refusals.total, 1, 0, true, refused);
	if (send->push) {
		number_fraction(send->pushed, 1, 0, true, other);
		buf_printf(&out, "read %s: %s pushed (not acknowledged), %s refused here", read, other, refused);
	} else
		buf_printf(&out, "sent %s: %s ok, %s duplicate, %s refused", read, ok, duplicate, refused);
	if (send->unanswered > 0) {
		number_fraction(send->unanswered, 1, 0, true, other);
		buf_printf(&out, ", %s not answered (send them again: none counts twice)", other);
	}
	buf_printf(&out, "\n");
	refusals_print(&send->refusals, &out);
	if (!send->quiet || send->refusals.total > 0 || send->unanswered > 0)
		fwrite(out.data, 1, out.len, stderr);
	buf_fini(&out);
}

static int
read_options(struct send *send)
{
	const char *until = options_text(&send->options, "until"), *why;
	struct options *options = &send->options;
	if (options->args == 0)
		return options_wrong(options, "which file? '-' is standard input");
	if (!options_number(options, "batch", 1, SEND_EVENTS_MAX, &send->batch_max))
		return STATUS_USAGE;
	send->push = options_flag(options, "push");
	send->quiet = options_flag(options, "quiet");
	send->paints = !send->quiet && isatty(STDERR_FILENO);
	if (until && send->push)
		return options_wrong(options, "--until needs the acked port, not --push");
	if (until && time_parse(slice_of(until), &send->until_ms, &why) != 0)
		return options_wrong(options, "--until %s: %s", until, why);
	return 0;
}

static int
open_push(struct send *send)
{
	int rc = client_link_open(&send->push_link, &send->client, ZMQ_PUSH, send->client.push);
	int timeout_ms = (int)send->client.timeout_ms;
	if (rc != 0)
		return fail(send, client_cannot_open(send->client.push, rc, send->why));
	/* ZMQ_IMMEDIATE: a send waits for the connection; LINGER: what is queued still goes out at the end. */
	zmq_setsockopt(send->push_link.socket, ZMQ_SNDTIMEO, &timeout_ms, sizeof(timeout_ms));
	zmq_setsockopt(send->push_link.socket, ZMQ_LINGER, &timeout_ms, sizeof(timeout_ms));
	return 0;
}

static int
open_port(struct send *send)
{
	struct sender_config config = {.settled = settled, .context = send};
	int64_t in_flight = options_text(&send->options, "until") ? 1 : 0;
	if (options_text(&send->options, "in-flight") &&
	    !options_number(&send->options, "in-flight", 1, SENDER_IN_FLIGHT_MAX, &in_flight))
		return STATUS_USAGE;
	if (!options_duration(&send->options, "resend", &config.resend_ms))
		return STATUS_USAGE;
	if (send->push)
		return open_push(send);
	config.in_flight_max = (uint32_t)in_flight;
	int status = delivery_open(&send->delivery, &send->client, &config, send->why);
	return status ? fail(send, status) : 0;
}

static void
close_port(struct send *send)
{
	if (send->push) {
		client_link_close(&send->push_link);
		return;
	}
	if (send->delivery.sender)
		sender_each(send->delivery.sender, abandon, send);
	delivery_close(&send->delivery);
}

/* Of all files, for the bar; 0 when one of them is no plain file. */
static int64_t
input_size(const struct options *options)
{
	int64_t size = 0;
	for (int i = 0; i < options->args; i++) {
		struct input input;
		if (input_open(&input, options->arg[i], INPUT_UNKNOWN) != 0)
			continue;
		size = input.size < 0 || size < 0 ? -1 : size + input.size;
		input_close(&input);
	}
	return size > 0 ? size : 0;
}

static int
run(struct send *send)
{
	int status = open_port(send);
	send->start_ms = client_now_ms();
	send->size = send->paints ? input_size(&send->options) : 0;
	for (int i = 0; status == 0 && i < send->options.args; i++)
		status = send_file(send, send->options.arg[i]);
	if (status == 0)
		status = finish(send);
	/* Read, but never given to the port. */
	send->unanswered += send->push ? 0 : send->count;
	close_port(send);
	if (status != STATUS_USAGE)
		summary(send);
	if (status == 0 && send->unclear)
		status = STATUS_FAILED;
	if (status == 0 && !send->quiet && send->read > 0)
		tell_durability(send);
	if (status == 0 && (send->refusals.total > 0 || send->tick_refused))
		status = STATUS_PARTLY;
	return status;
}

int
cmd_send(int argc, char **argv)
{
	struct send *send = mem_zalloc(1, sizeof(*send));
	int status = options_parse(&send->options, command_find("send"), argc, argv);
	if (status == 0)
		status = read_options(send);
	if (status == 0)
		status = client_open(&send->client, &send->options);
	if (status == 0) {
		struct sigaction action = {.sa_handler = on_signal};
		interrupted = send;
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = run(send);
		client_close(&send->client);
	}
	buf_fini(&send->events);
	buf_fini(&send->message);
	refusals_fini(&send->refusals);
	free(send->places);
	free(send);
	return status;
}
