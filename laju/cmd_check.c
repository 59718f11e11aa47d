/* cmd_check.c - `laju check`: every problem of a configuration, then what it amounts to. */
#include "laju/cmd_check.h"
#include "common/mem.h"
#include "laju/command.h"
#include "laju/config.h"
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { OVERRIDES_MAX = CONFIG_SETTINGS_MAX + OPTIONS_GIVEN_MAX };

struct request {
	const char *path; /* NULL: no file */
	bool json;
	uint32_t count;
	struct config_override override[OVERRIDES_MAX];
};

static int
wrong(const char *format, const char *word)
{
	fprintf(stderr, "laju check: ");
	fprintf(stderr, format, word);
	fprintf(stderr, "\nTry 'laju check --help'.\n");
	return STATUS_USAGE;
}

/* Flags come after the environment, which is in the request already: the later wins. */
static int
read_flags(struct request *request, int argc, char **argv)
{
	static const struct option flags[] = {{"config", required_argument, NULL, 'c'},
	                                      {"output", required_argument, NULL, 'o'},
	                                      {"set", required_argument, NULL, 's'},
	                                      {NULL, 0, NULL, 0}};
	optind = 0; /* glibc: start afresh, also when called twice by a test */
	opterr = 0;
	for (int flag; (flag = getopt_long(argc, argv, ":c:o:", flags, NULL)) != -1;) {
		if (flag == 'c')
			request->path = optarg;
		else if (flag == 'o' && (strcmp(optarg, "text") == 0 || strcmp(optarg, "json") == 0))
			request->json = optarg[0] == 'j';
		else if (flag == 'o')
			return wrong("-o is text or json, not '%s'", optarg);
		else if (flag != 's')
			return wrong(flag == ':' ? "'%s' needs a value" : "unknown option '%s'", argv[optind - 1]);
		else if (request->count == OVERRIDES_MAX)
			return wrong("too many --set, at '%s'", optarg);
		else if (!config_override_parse(&request->override[request->count++], optarg))
			return wrong("--set takes NAME=VALUE, not '%s'", optarg);
	}
	if (optind < argc && request->path != NULL)
		return wrong("one file at a time; what is '%s'?", argv[optind]);
	if (optind < argc)
		request->path = argv[optind++];
	return optind < argc ? wrong("one file at a time; what is '%s'?", argv[optind]) : STATUS_OK;
}

static void
print_summary(const struct config *config, const struct config_problems *problems, const char *path, bool good)
{
	const char *name = path ? path : "defaults";
	char errors[48] = "", warnings[48] = "";
	if (problems->warnings > 0)
		snprintf(warnings, sizeof(warnings), ", %u warning%s", problems->warnings, problems->warnings == 1 ? "" : "s");
	snprintf(errors, sizeof(errors), "%u error%s", problems->errors, problems->errors == 1 ? "" : "s");
	if (!good)
		fprintf(stderr, "%s: %s%s\n", name, errors, warnings);
	else
		fprintf(stderr, "%s: ok%s: %u KPIs over %u measures, %u rollups, %u alerts, zone %s\n", name, warnings,
		        config->kpis.kpi_count, config->kpis.measure_count, config->kernel.rollup_count, config->rule_count,
		        config->zone_name);
}

/* {ok, errors, warnings, problems: [text], settings: {name: {value, origin}}}; settings only when ok. */
static void
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
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static int
check(const struct request *request, struct config *config, struct config_problems *problems)
{
	bool good = config_load(config, request->path, request->override, request->count, problems);
	fwrite(problems->text.data ? problems->text.data : (const uint8_t *)"", 1, problems->text.len, stderr);
	print_summary(config, problems, request->path, good);
	if (request->json) {
		print_json(config, problems, good);
	} else if (good) {
		struct buf text = {0};
		config_print(config, &text);
		fwrite(text.data, 1, text.len, stdout);
		buf_fini(&text);
	}
	bool written = fflush(stdout) == 0 && !ferror(stdout);
	return !written ? STATUS_FAILED : good ? STATUS_OK : STATUS_CONFIG;
}

int
cmd_check(int argc, char **argv)
{
	struct request request = {0};
	struct config_problems problems = {0};
	request.count = config_environment(request.override, CONFIG_SETTINGS_MAX, &problems);
	int status = read_flags(&request, argc, argv);
	if (status == STATUS_OK) {
		struct config *config = mem_alloc(sizeof(*config)); /* too large for a stack */
		status = check(&request, config, &problems);
		config_fini(config);
		free(config);
	}
	problems_fini(&problems);
	return status;
}
