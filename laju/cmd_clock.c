/* cmd_clock.c - `laju clock confirm`: the service follows its wall clock again, wherever that is. */
#include "laju/client.h"
#include "laju/ndjson.h"
#include "laju/text.h"
#include <string.h>

static void
tell(const struct confirmed *confirmed, struct buf *out)
{
	int64_t jump_ms = confirmed->jump_ms;
	char age[NUMBER_TEXT_MAX], now[32];
	if (jump_ms == 0) {
		buf_printf(out, "nothing to confirm: the service follows its wall clock\n");
		return;
	}
	number_age(jump_ms > 0 ? jump_ms : jump_ms > INT64_MIN ? -jump_ms : INT64_MAX, age);
	time_format(confirmed->now_ms, now);
	buf_printf(out, "accepted: the wall clock had jumped %s by %s; the service's time is %s now\n",
	           jump_ms > 0 ? "ahead" : "back", age, now);
}

static int
confirm(struct client *client)
{
	struct confirmed confirmed;
	struct buf out = {0};
	char why[CLIENT_WHY_MAX];
	int status = client_confirm(client, &confirmed, why);
	if (status != 0) {
		text_say("laju clock: %s", why);
		return status;
	}
	tell(&confirmed, &out);
	status = text_print(&out) ? STATUS_OK : STATUS_FAILED;
	buf_fini(&out);
	return status;
}

int
cmd_clock(int argc, char **argv)
{
	struct options options;
	struct client client;
	int status = options_parse(&options, command_find("clock"), argc, argv);
	if (status != 0)
		return status;
	if (options.args != 1 || strcmp(options.arg[0], "confirm") != 0)
		return options_wrong(&options, "the one thing to do is: laju clock confirm");
	status = client_open(&client, &options);
	if (status != 0)
		return status;
	status = confirm(&client);
	client_close(&client);
	return status;
}
