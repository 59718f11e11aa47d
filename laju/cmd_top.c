/* cmd_top.c - `laju top`: the terminal display, fed by the update port. */
#include "common/mem.h"
#include "laju/board.h"
#include "laju/row_json.h"
#include "laju/text.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
	PAINT_MS = 500,        /* a terminal is painted at most twice a second */
	PIPE_PAINT_MS = 1000,
	IDLE_MS = 50,
	CONNECT_MS = 300,      /* so long the first snapshot waits for the subscription to be under way */
	RETRY_MS = 1000,       /* between two snapshots */
	RESYNC_MS = 2000,      /* a snapshot while running is given up after so long */
	ONCE_WAIT_MS = 1500,   /* --once: a heartbeat may take a second */
	DRAIN_MAX = 1000,
};

struct top {
	struct options options;
	struct client client;
	struct client_link updates;
	struct board board;
	bool once, json, terminal;
	struct termios before; /* the terminal as it was */
	bool raw;
	int64_t started_ms, painted_ms, synced_ms;
	bool changed, was_up;
	struct buf out;
};

static struct top *interrupted; /* for the signal handler; one `top` a process */

static void
on_signal(int number)
{
	(void)number;
	interrupted->client.stopped = 1;
}

static void
terminal_raw(struct top *top)
{
	struct termios raw;
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &top->before) != 0)
		return;
	raw = top->before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	top->raw = true;
}

static void
terminal_back(struct top *top)
{
	if (top->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
	if (top->terminal && !top->json)
		fputs("\033[?25h", stdout);
	fflush(stdout);
}

/* --- messages --- */

static void
print_json(struct top *top, struct slice topic, struct slice bytes, enum board_change change)
{
	struct row *row = mem_alloc(sizeof(*row));
	struct alert_row alert;
	top->out.len = 0;
	if (change == BOARD_ROW && row_decode(row, bytes) == 0)
		row_json(&top->out, topic, row);
	else if (change == BOARD_ALERT && alert_decode(&alert, bytes) == 0)
		alert_json(&top->out, topic, &alert);
	free(row);
	if (top->out.len > 0) {
		fwrite(top->out.data, 1, top->out.len, stdout);
		putchar('\n');
		fflush(stdout);
	}
}

static void
take(struct top *top, struct slice topic, struct slice bytes)
{
	enum board_change change = board_take(&top->board, topic, bytes, client_now_ms());
	top->changed |= change != BOARD_NOTHING;
	if (top->json && (change == BOARD_ROW || change == BOARD_ALERT))
		print_json(top, topic, bytes, change);
}

static void
on_snapshot_row(void *context, struct slice topic, struct slice row)
{
	take(context, topic, row);
}

static bool
receive_one(struct top *top)
{
	zmq_msg_t topic, bytes;
	zmq_msg_init(&topic);
	if (zmq_msg_recv(&topic, top->updates.socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&topic);
		return false;
	}
	zmq_msg_init(&bytes);
	if (zmq_msg_more(&topic) && zmq_msg_recv(&bytes, top->updates.socket, ZMQ_DONTWAIT) >= 0)
		take(top, (struct slice){zmq_msg_data(&topic), (uint32_t)zmq_msg_size(&topic)},
		     (struct slice){zmq_msg_data(&bytes), (uint32_t)zmq_msg_size(&bytes)});
	zmq_msg_close(&topic);
	zmq_msg_close(&bytes);
	return true;
}

static int
ask_all(struct top *top, bool since, struct snapshot_end *first, char why[CLIENT_WHY_MAX])
{
	struct slice prefix[3];
	uint32_t count = board_prefixes(&top->board, prefix);
	prefix[count++] = slice_of("alert/");
	for (uint32_t p = 0; p < count; p++) {
		struct snapshot_ask ask = {.prefix = prefix[p],
		                           .has_since = since,
		                           .since_epoch = top->board.synced_epoch,
		                           .since_seq = top->board.synced_seq};
		struct snapshot_end end = {0};
		int status = client_snapshot(&top->client, &ask, on_snapshot_row, top, &end, why);
		if (status)
			return status;
		if (p == 0)
			*first = end; /* the earliest of them: what came later may come twice */
		first->reset |= end.reset;
	}
	return STATUS_OK;
}

/* What was missed since the last snapshot; everything when the server has forgotten what that was. */
static int
sync_all(struct top *top, char why[CLIENT_WHY_MAX])
{
	struct board *board = &top->board;
	struct snapshot_end end = {0};
	bool since = board->synced_epoch != 0 && board->synced_epoch == board->epoch;
	int status = since ? ask_all(top, true, &end, why) : STATUS_OK;
	if (status == STATUS_OK && (!since || end.reset)) {
		board_clear(board);
		board->synced_epoch = 0; /* should this one fail, the next is whole again */
		status = ask_all(top, false, &end, why);
	}
	top->changed = true;
	if (status == STATUS_OK)
		board_synced(board, &end);
	return status;
}

static int
subscribe(struct top *top, char why[CLIENT_WHY_MAX])
{
	struct slice prefix[3];
	uint32_t count = board_prefixes(&top->board, prefix);
	int rc = client_link_open(&top->updates, &top->client, ZMQ_SUB, top->client.updates);
	if (rc != 0)
		return client_cannot_open(top->client.updates, rc, why);
	for (uint32_t p = 0; p < count; p++)
		zmq_setsockopt(top->updates.socket, ZMQ_SUBSCRIBE, prefix[p].p, prefix[p].n);
	zmq_setsockopt(top->updates.socket, ZMQ_SUBSCRIBE, "alert/", 6);
	zmq_setsockopt(top->updates.socket, ZMQ_SUBSCRIBE, "hb/", 3);
	zmq_setsockopt(top->updates.socket, ZMQ_SUBSCRIBE, "hello/", 6);
	return STATUS_OK;
}

/* --- painting --- */

static void
zone_of_server(const struct board *board)
{
	static char zone[64];
	if (!board->hello.known || strcmp(zone, board->hello.zone) == 0)
		return;
	snprintf(zone, sizeof(zone), "%s", board->hello.zone);
	setenv("TZ", zone, 1); /* times are shown in the board's zone, for all viewers alike */
	tzset();
}

static void
paint(struct top *top)
{
	struct winsize size = {0};
	bool screen = top->terminal && !top->once;
	struct board_view view = {.now_ms = client_now_ms(), .wall_ms = client_wall_ms()};
	zone_of_server(&top->board);
	if (top->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		view.width = size.ws_col;
	if (screen) {
		view.height = size.ws_row;
		view.keys = top->raw ? "q quits" : NULL;
	}
	view.colour = top->terminal && getenv("NO_COLOR") == NULL;
	top->out.len = 0;
	if (screen)
		buf_printf(&top->out, "\033[?25l\033[H");
	size_t from = top->out.len;
	board_paint(&top->board, &view, &top->out);
	if (screen) { /* each line is overwritten to its end: no flicker of a cleared screen */
		struct buf text = {0};
		buf_add(&text, top->out.data + from, top->out.len - from);
		top->out.len = from;
		uint32_t lines = 0;
		for (size_t i = 0; i < text.len; i++) {
			if (text.data[i] == '\n') {
				buf_printf(&top->out, "\033[K");
				if (++lines == view.height)
					break; /* a line feed here would scroll */
				buf_printf(&top->out, "\n");
			} else {
				buf_add(&top->out, &text.data[i], 1);
			}
		}
		buf_printf(&top->out, "\033[J");
		buf_fini(&text);
	} else if (!top->once) {
		buf_printf(&top->out, "\n");
	}
	fwrite(top->out.data, 1, top->out.len, stdout);
	fflush(stdout);
	top->painted_ms = view.now_ms;
	top->changed = false;
}

/* --- the loop --- */

static bool
quit_pressed(void)
{
	char key;
	while (read(STDIN_FILENO, &key, 1) == 1)
		if (key == 'q' || key == 'Q' || key == 3)
			return true;
	return false;
}

static void
wait_for_news(struct top *top, int64_t wait_ms)
{
	zmq_pollitem_t items[] = {
	    {top->updates.socket, 0, ZMQ_POLLIN, 0},
	    {top->updates.monitor, 0, ZMQ_POLLIN, 0},
	    {NULL, STDIN_FILENO, ZMQ_POLLIN, 0},
	};
	zmq_poll(items, top->raw ? 3 : 2, wait_ms > 0 ? wait_ms : 0);
	if (top->updates.monitor != NULL)
		client_link_watch(&top->updates);
	for (int n = 0; n < DRAIN_MAX && receive_one(top); n++)
		;
}

static bool
is_complete(const struct top *top)
{
	return board_knows_units(&top->board) && top->board.heard_ms != 0 && !top->board.wants_sync;
}

/*
 * A snapshot when the board wants one, and after each lost connection: heartbeats tell of missed rows,
 * but not of missed alerts.
 */
static int
keep_in_step(struct top *top, char why[CLIENT_WHY_MAX])
{
	bool up = top->updates.up, first = top->board.syncs == 0;
	if (first && !up && client_now_ms() - top->started_ms < CONNECT_MS)
		return STATUS_OK;
	if (up && !top->was_up && !first)
		top->board.wants_sync = true;
	top->was_up = up;
	if (!top->board.wants_sync || (!first && (!up || client_now_ms() - top->synced_ms < RETRY_MS)))
		return STATUS_OK;
	int status = sync_all(top, why);
	top->synced_ms = client_now_ms();
	/* Only the first time does an unreachable server end it; later the header says LOST. */
	if (status && first)
		return status;
	/* From now on the display must not stand still for long. */
	if (top->client.timeout_ms > RESYNC_MS)
		top->client.timeout_ms = RESYNC_MS;
	return STATUS_OK;
}

/* --once: all that is worth waiting for is here, or has been waited for. Numbers need their units, JSON does not. */
static bool
once_is_due(const struct top *top, int64_t waited_ms)
{
	if (!top->json && !board_knows_units(&top->board))
		return waited_ms >= top->client.timeout_ms;
	return is_complete(top) || waited_ms >= ONCE_WAIT_MS;
}

static int
once(struct top *top, char why[CLIENT_WHY_MAX])
{
	char age[NUMBER_TEXT_MAX];
	if (top->json)
		return STATUS_OK;
	if (board_knows_units(&top->board)) {
		paint(top);
		return STATUS_OK;
	}
	number_age(top->client.timeout_ms, age);
	snprintf(why, CLIENT_WHY_MAX, "no hello from %s within %s: is it the update port?", top->client.updates, age);
	return STATUS_UNREACHABLE;
}

static int
run(struct top *top, char why[CLIENT_WHY_MAX])
{
	int64_t interval = top->terminal ? PAINT_MS : PIPE_PAINT_MS;
	top->started_ms = client_now_ms();
	while (!top->client.stopped) {
		int64_t now = client_now_ms(), due = top->painted_ms + interval - now;
		/* Nothing to paint is no reason to spin: news ends the wait. */
		wait_for_news(top, due > 0 ? due : IDLE_MS);
		if (top->raw && quit_pressed())
			return STATUS_OK;
		int status = keep_in_step(top, why);
		if (top->client.stopped)
			break;
		if (status)
			return status;
		now = client_now_ms();
		if (top->once) {
			if (!once_is_due(top, now - top->started_ms))
				continue;
			return once(top, why);
		}
		if (!top->json && now - top->painted_ms >= interval && (top->changed || top->terminal))
			paint(top);
		if (feof(stdout) || ferror(stdout))
			return STATUS_FAILED;
	}
	return STATUS_OK;
}

static int
prepare(struct top *top, int argc, char **argv)
{
	static const char *const forms[] = {"table", "json"};
	char why[200];
	int status = options_parse(&top->options, command_find("top"), argc, argv);
	if (status)
		return status;
	int form = options_choice(&top->options, "output", forms, 2);
	if (form < 0)
		return STATUS_USAGE;
	top->json = form == 1;
	top->once = options_flag(&top->options, "once");
	top->terminal = isatty(STDOUT_FILENO) != 0;
	if (top->options.args > 1)
		return options_wrong(&top->options, "one PATTERN at most (quote it, so that the shell leaves * alone)");
	if (!board_init(&top->board, top->options.args == 1 ? top->options.arg[0] : NULL, why))
		return options_wrong(&top->options, "%s", why);
	return client_open(&top->client, &top->options);
}

int
cmd_top(int argc, char **argv)
{
	struct top *top = mem_zalloc(1, sizeof(*top));
	char why[CLIENT_WHY_MAX] = "";
	int status = prepare(top, argc, argv);
	if (status == STATUS_OK) {
		interrupted = top;
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		signal(SIGPIPE, SIG_IGN);
		status = subscribe(top, why);
		if (status == STATUS_OK) {
			if (top->terminal && !top->once)
				terminal_raw(top);
			status = run(top, why);
			terminal_back(top);
			client_link_close(&top->updates);
		}
		if (status && why[0] != '\0')
			text_say("laju top: %s", why);
		client_close(&top->client);
	}
	board_fini(&top->board);
	buf_fini(&top->out);
	free(top);
	return status;
}
