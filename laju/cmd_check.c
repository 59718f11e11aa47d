/* cmd_check.c - `laju check`: every problem of a configuration, then what it amounts to. */
#include "common/mem.h"
#include "laju/load.h"
#include "laju/text.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum form { FORM_TEXT = 0, FORM_JSON };

static void
print_summary(const struct config *config, const struct config_problems *problems, const char *path, bool good)
{
	const char *name = path ? path : "defaults";
	char errors[48] = "", warnings[48] = "";
	if (problems->warnings > 0)
		snprintf(warnings, sizeof(warnings), ", %u warning%s", problems->warnings, problems->warnings == 1 ? "" : "s");
	snprintf(errors, sizeof(errors), "%u error%s", problems->errors, problems->errors == 1 ? "" : "s");
	if (!good)
		text_say("%s: %s%s", name, errors, warnings);
	else
		text_say("%s: ok%s: %u KPIs over %u measures, %u rollups, %u alerts, zone %s", name, warnings,
		         config->kpis.kpi_count, config->kpis.measure_count, config->kernel.rollup_count, config->rule_count,
		         config->zone_name);
}

/* {ok, errors, warnings, problems: [text], settings: {name: {value, origin}}}; settings only when ok. */
static bool
print_json(const struct config *config, const struct config_problems *problems, bool good)
{
	json_t *root = json_object(), *list = json_array();
	json_object_set_new(root, "ok", json_boolean(good));
	json_object_set_new(root, "errors", json_integer(problems->errors));
	json_object_set_new(root, "warnings", json_integer(problems->warnings));
	const char *head = (const char *)problems->heads.data;
	for (size_t left = problems->heads.len; left > 0;) {
		size_t n = (size_t)((const char *)memchr(head, '\n', left) - head);
		json_array_append_new(list, json_stringn(head, n));
		head += n + 1;
		left -= n + 1;
	}
	json_object_set_new(root, "problems", list);
	if (good) {
		struct buf text = {0};
		config_print_json(config, &text);
		json_object_set_new(root, "settings", json_loadb((const char *)text.data, text.len, 0, NULL));
		buf_fini(&text);
	}
	char *dump = json_dumps(root, JSON_INDENT(2));
	struct buf out = {0};
	text_json_clean(&out, slice_of(dump ? dump : ""));
	buf_printf(&out, "\n");
	bool printed = text_print(&out);
	buf_fini(&out);
	free(dump);
	json_decref(root);
	return printed;
}

static int
check(const char *path, const struct config_override *override, uint32_t count, enum form form, struct config *config,
      struct config_problems *problems)
{
	bool good = config_load(config, path, override, count, problems), printed = true;
	if (problems->text.len > 0)
		fwrite(problems->text.data, 1, problems->text.len, stderr);
	print_summary(config, problems, path, good);
	if (form == FORM_JSON) {
		printed = print_json(config, problems, good);
	} else if (good) {
		struct buf text = {0};
		config_print(config, &text);
		printed = text_print(&text);
		buf_fini(&text);
	}
	return !printed ? STATUS_FAILED : good ? STATUS_OK : STATUS_CONFIG;
}

int
cmd_check(int argc, char **argv)
{
	static const char *const forms[] = {"text", "json"};
	struct options options;
	struct config_override override[LOAD_OVERRIDES_MAX];
	struct config_problems problems = {0};
	uint32_t count = 0;
	int form = 0, status = options_parse(&options, command_find("check"), argc, argv);
	if (status != STATUS_OK || (form = options_choice(&options, "output", forms, 2)) < 0)
		return STATUS_USAGE;
	const char *path = options_text(&options, "config");
	if (options.args + (path != NULL) > 1)
		return options_wrong(&options, "one file at a time; what is '%s'?", options.arg[options.args - 1]);
	if (options.args == 1)
		path = options.arg[0];
	status = load_overrides(override, &count, &options, NULL, 0, &problems);
	if (status == STATUS_OK) {
		struct config *config = mem_alloc(sizeof(*config)); /* too large for a stack */
		status = check(path, override, count, (enum form)form, config, &problems);
		config_fini(config);
		free(config);
	}
	problems_fini(&problems);
	return status;
}
