/*
 * test_config_problems.c - one mistake at a time, and exactly what is said about it; what
 * wins where a setting is given more than once. test_config.c has whole files.
 */
#include "laju/config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One text and every problem it has, as a person sees them. */
struct golden {
	const char *name, *text, *expected;
};

static const struct golden table[] = {
	{"an_unknown_setting_gets_a_suggestion",
	     "currncy: IDR\n",
	     "laju.yaml:1:1: unknown setting 'currncy', did you mean 'currency'?\n"
	     "currncy: IDR\n"
	     "^\n"},
	{"an_unknown_setting_far_from_all_gets_none",
	     "grafana: yes\n",
	     "laju.yaml:1:1: unknown setting 'grafana'\n"
	     "grafana: yes\n"
	     "^\n"},
	{"a_setting_outside_its_section_is_told_where_it_belongs",
	     "every_ms: 50\n"
	     "ingest.workers: 2\n",
	     "laju.yaml:1:1: unknown setting 'every_ms', did you mean 'publish: {every_ms: ...}'?\n"
	     "every_ms: 50\n"
	     "^\n"
	     "laju.yaml:2:1: unknown setting 'ingest.workers', did you mean 'ingest: {workers: ...}'?\n"
	     "ingest.workers: 2\n"
	     "^\n"},
	{"an_unknown_setting_in_a_section",
	     "ingest: {wokers: 3}\n",
	     "laju.yaml:1:10: unknown setting 'wokers' in ingest, did you mean 'workers'?\n"
	     "ingest: {wokers: 3}\n"
	     "         ^\n"},
	{"a_section_must_be_a_map",
	     "publish: 100\n",
	     "laju.yaml:1:10: publish must be a map of names to values, not a single value\n"
	     "publish: 100\n"
	     "         ^\n"},
	{"a_key_given_twice",
	     "zone: UTC\n"
	     "clock: wall\n"
	     "zone: Asia/Jakarta\n",
	     "laju.yaml:3:1: 'zone' is given twice; the first is in line 1\n"
	     "zone: Asia/Jakarta\n"
	     "^\n"},
	{"a_text_where_a_number_belongs",
	     "publish:\n"
	     "  every_ms: ten\n",
	     "laju.yaml:2:13: publish.every_ms must be a whole number (10 to 60000 ms), not 'ten'\n"
	     "  every_ms: ten\n"
	     "            ^\n"},
	{"a_number_out_of_range",
	     "ingest: {workers: 99}\n"
	     "publish: {every_ms: 5}\n"
	     "guards: {series_max: 0}\n",
	     "laju.yaml:1:19: ingest.workers must be 1 to 16, not 99\n"
	     "ingest: {workers: 99}\n"
	     "                  ^\n"
	     "laju.yaml:2:21: publish.every_ms must be 10 to 60000 ms, not 5\n"
	     "publish: {every_ms: 5}\n"
	     "                    ^\n"
	     "laju.yaml:3:22: guards.series_max must be 1 to 100000000, not 0\n"
	     "guards: {series_max: 0}\n"
	     "                     ^\n"},
	{"a_look_back_that_is_none",
	     "look_back: 0d\n",
	     "laju.yaml:1:12: look_back must be a time up to 63d, as 30d, not '0d'\n"
	     "look_back: 0d\n"
	     "           ^\n"},
	{"a_look_back_beyond_the_horizon",
	     "zone: UTC\n"
	     "look_back: 64d\n",
	     "laju.yaml:2:12: look_back must be a time up to 63d, as 30d, not '64d'\n"
	     "look_back: 64d\n"
	     "           ^\n"},
	{"a_look_back_of_30_what",
	     "look_back: 30\n",
	     "laju.yaml:1:12: look_back must be a time up to 63d, as 30d, not '30'\n"
	     "look_back: 30\n"
	     "           ^\n"},
	{"a_country_code_as_it_is_dialled",
	     "phone_country: +62\n",
	     "laju.yaml:1:16: phone_country must be a country calling code, as 62, without + or 0 before it, not '+62'\n"
	     "phone_country: +62\n"
	     "               ^\n"},
	{"a_country_by_its_name",
	     "phone_country: ID\n",
	     "laju.yaml:1:16: phone_country must be a country calling code, as 62, without + or 0 before it, not 'ID'\n"
	     "phone_country: ID\n"
	     "               ^\n"},
	{"memory_of_another_unit",
	     "memory_max: 2 GB\n",
	     "laju.yaml:1:13: memory_max must be auto, 0 for none, or 16MiB to 1024TiB, not '2 GB'\n"
	     "memory_max: 2 GB\n"
	     "            ^\n"},
	{"memory_too_little_for_an_empty_server",
	     "memory_max: 16777215\n",
	     "laju.yaml:1:13: memory_max must be auto, 0 for none, or 16MiB to 1024TiB, not '16777215'\n"
	     "memory_max: 16777215\n"
	     "            ^\n"},
	{"memory_beyond_all_numbers",
	     "memory_max: 9999999999999T\n",
	     "laju.yaml:1:13: memory_max must be auto, 0 for none, or 16MiB to 1024TiB, not '9999999999999T'\n"
	     "memory_max: 9999999999999T\n"
	     "            ^\n"},
	{"a_word_outside_the_list",
	     "clock: evens\n"
	     "week_start: sun\n",
	     "laju.yaml:1:8: clock must be wall or events, not 'evens', did you mean 'events'?\n"
	     "clock: evens\n"
	     "       ^\n"
	     "laju.yaml:2:13: week_start must be monday, tuesday, wednesday, thursday, friday, saturday or sunday, not 'sun'\n"
	     "week_start: sun\n"
	     "            ^\n"},
	{"an_unknown_zone",
	     "zone: Asia/Jakrta\n",
	     "laju.yaml:1:7: unknown time zone 'Asia/Jakrta', did you mean 'Asia/Jakarta'?\n"
	     "zone: Asia/Jakrta\n"
	     "      ^\n"},
	{"a_zone_that_only_libc_would_take",
	     "zone: WIB\n",
	     "laju.yaml:1:7: unknown time zone 'WIB'\n"
	     "zone: WIB\n"
	     "      ^\n"},
	{"an_unknown_currency",
	     "currency: idr\n",
	     "laju.yaml:1:11: unknown currency 'idr'; it is three capital letters, as IDR\n"
	     "currency: idr\n"
	     "          ^\n"},
	{"a_journal_without_room",
	     "journal_max: 4MiB\n",
	     "laju.yaml:1:14: journal_max must be 16MiB to 1024GiB, not '4MiB'\n"
	     "journal_max: 4MiB\n"
	     "             ^\n"},
	{"a_journal_without_a_limit",
	     "journal_max: auto\n",
	     "laju.yaml:1:14: journal_max must be 16MiB to 1024GiB, not 'auto'\n"
	     "journal_max: auto\n"
	     "             ^\n"},
	{"durability_that_never_was",
	     "durability: maybe\n",
	     "laju.yaml:1:13: durability must be sync, write or none, not 'maybe'\n"
	     "durability: maybe\n"
	     "            ^\n"},
	{"more_than_one_shard",
	     "shards: 4\n",
	     "laju.yaml:1:9: shards must be 1, not 4: this version runs one shard\n"
	     "shards: 4\n"
	     "        ^\n"},
	{"a_slide_that_is_none_of_the_four",
	     "slides: {r1d: 2m}\n",
	     "laju.yaml:1:15: slides.r1d must be 1m, 5m, 15m or 1h, not '2m'\n"
	     "slides: {r1d: 2m}\n"
	     "              ^\n"},
	{"a_boolean_is_true_or_false",
	     "allow_remote: yes\n",
	     "laju.yaml:1:15: allow_remote must be true or false, not 'yes'\n"
	     "allow_remote: yes\n"
	     "              ^\n"},
	{"an_empty_value",
	     "zone:\n",
	     "laju.yaml:1:1: zone is empty\n"
	     "zone:\n"
	     "^\n"},
	{"a_list_where_a_value_belongs",
	     "zone: [UTC]\n",
	     "laju.yaml:1:7: zone must be a single value, not a list\n"
	     "zone: [UTC]\n"
	     "      ^\n"},
	{"settings_that_are_not_served_yet_are_warnings",
	     "data: /tmp/x\n"
	     "http: {listen: \"127.0.0.1:8080\"}\n"
	     "targets: t.yaml\n",
	     "laju.yaml:2:17: warning: http.listen is not served by this version yet\n"
	     "http: {listen: \"127.0.0.1:8080\"}\n"
	     "                ^\n"
	     "laju.yaml:3:10: warning: targets is not served by this version yet\n"
	     "targets: t.yaml\n"
	     "         ^\n"},
	{"an_endpoint_of_a_wrong_form",
	     "ingest:\n"
	     "  acked: 127.0.0.1:5550\n"
	     "  push: tcp://localhost:5549\n"
	     "publish:\n"
	     "  updates: tcp://127.0.0.1:0\n"
	     "  snapshot: \"ipc://\"\n",
	     "laju.yaml:2:10: ingest.acked '127.0.0.1:5550': it must be tcp://address:port or ipc://path\n"
	     "  acked: 127.0.0.1:5550\n"
	     "         ^\n"
	     "laju.yaml:3:9: ingest.push 'tcp://localhost:5549': the host must be an address such as 127.0.0.1, an interface, or *\n"
	     "  push: tcp://localhost:5549\n"
	     "        ^\n"
	     "laju.yaml:5:12: publish.updates 'tcp://127.0.0.1:0': the port must be 1 to 65535\n"
	     "  updates: tcp://127.0.0.1:0\n"
	     "           ^\n"
	     "laju.yaml:6:14: publish.snapshot 'ipc://': the path is missing\n"
	     "  snapshot: \"ipc://\"\n"
	     "             ^\n"},
	{"an_open_endpoint_needs_permission",
	     "ingest: {acked: \"tcp://*:5550\"}\n",
	     "laju.yaml:1:18: ingest.acked 'tcp://*:5550' is open to other machines and there are no keys; 'allow_remote: true' permits it\n"
	     "ingest: {acked: \"tcp://*:5550\"}\n"
	     "                 ^\n"},
	{"an_open_endpoint_with_permission",
	     "ingest: {acked: \"tcp://*:5550\"}\n"
	     "allow_remote: true\n",
	     ""},
	{"two_settings_with_one_endpoint",
	     "ingest: {acked: \"tcp://127.0.0.1:7000\"}\n"
	     "publish: {updates: \"tcp://127.0.0.1:7000\"}\n",
	     "laju.yaml:2:21: publish.updates and ingest.acked use the same endpoint\n"
	     "publish: {updates: \"tcp://127.0.0.1:7000\"}\n"
	     "                    ^\n"},
	{"an_endpoint_that_is_the_default_of_another",
	     "ingest: {acked: \"tcp://127.0.0.1:5551\"}\n",
	     "laju.yaml:1:18: ingest.acked and publish.updates (its default) use the same endpoint\n"
	     "ingest: {acked: \"tcp://127.0.0.1:5551\"}\n"
	     "                 ^\n"},
	{"any_free_port_may_be_asked_for_twice",
	     "ingest: {acked: \"tcp://127.0.0.1:*\", push: \"tcp://127.0.0.1:*\"}\n",
	     ""},
	{"wrong_rollups",
	     "rollups: [all, campain, channel+campaign, campaign+channel, all+team, team+team]\n",
	     "laju.yaml:1:16: unknown dimension 'campain', did you mean 'campaign'?\n"
	     "rollups: [all, campain, channel+campaign, campaign+channel, all+team, team+team]\n"
	     "               ^\n"
	     "laju.yaml:1:43: rollup 'campaign+channel' is given twice\n"
	     "rollups: [all, campain, channel+campaign, campaign+channel, all+team, team+team]\n"
	     "                                          ^\n"
	     "laju.yaml:1:61: 'all' stands alone\n"
	     "rollups: [all, campain, channel+campaign, campaign+channel, all+team, team+team]\n"
	     "                                                            ^\n"
	     "laju.yaml:1:71: dimension 'team' stands twice\n"
	     "rollups: [all, campain, channel+campaign, campaign+channel, all+team, team+team]\n"
	     "                                                                      ^\n"},
	{"a_misspelt_rollup_is_not_blamed_on_the_alerts_that_name_it",
	     "rollups: [all, campain]\n"
	     "alerts:\n"
	     "  - {name: a, kpi: revenue, rows: d/campaign/x, op: below, value: 1}\n",
	     "laju.yaml:1:16: unknown dimension 'campain', did you mean 'campaign'?\n"
	     "rollups: [all, campain]\n"
	     "               ^\n"},
	{"no_rollups",
	     "rollups: []\n",
	     "laju.yaml:1:10: rollups is empty; [all] is the least\n"
	     "rollups: []\n"
	     "         ^\n"},
	{"rollups_that_are_no_list",
	     "rollups: all\n",
	     "laju.yaml:1:10: rollups must be a list, not a single value\n"
	     "rollups: all\n"
	     "         ^\n"},
	{"wrong_rates",
	     "rates:\n"
	     "  - {cur: USD, from: 2026-02-30, rate: \"1\"}\n"
	     "  - {cur: USD, from: 2026-01-01, rate: 0}\n"
	     "  - {cur: IDR, from: 2026-01-01, rate: 1}\n"
	     "  - {cur: USX, from: 2026-01-01}\n"
	     "  - {cur: EUR, from: 2026-01-01, rate: 17000}\n"
	     "  - {cur: EUR, from: 2026-01-01, rate: 17001}\n",
	     "laju.yaml:2:22: from must be a day as 2026-01-31, not '2026-02-30'\n"
	     "  - {cur: USD, from: 2026-02-30, rate: \"1\"}\n"
	     "                     ^\n"
	     "laju.yaml:3:40: rate must be a decimal number above 0, not '0'\n"
	     "  - {cur: USD, from: 2026-01-01, rate: 0}\n"
	     "                                       ^\n"
	     "laju.yaml:4:11: IDR is the reporting currency; it needs no rate\n"
	     "  - {cur: IDR, from: 2026-01-01, rate: 1}\n"
	     "          ^\n"
	     "laju.yaml:5:5: rate is missing\n"
	     "  - {cur: USX, from: 2026-01-01}\n"
	     "    ^\n"
	     "laju.yaml:5:11: unknown currency 'USX'; it is three capital letters, as USD\n"
	     "  - {cur: USX, from: 2026-01-01}\n"
	     "          ^\n"
	     "laju.yaml:7:5: EUR has two rates from 2026-01-01\n"
	     "  - {cur: EUR, from: 2026-01-01, rate: 17001}\n"
	     "    ^\n"},
	{"wrong_alerts",
	     "alerts:\n"
	     "  - {name: low, kpi: revenu, rows: d/all/all, op: below, value: 1}\n"
	     "  - {name: low, kpi: roi, rows: d/all/all, op: below, value: 3, pace: true}\n"
	     "  - {name: a b, kpi: revenue, rows: d/chanel/*, op: belo, value: 1, for: 10}\n"
	     "  - {name: b, kpi: revenue, rows: r1d/channel/*, op: below, value: 3.5, pace: true}\n"
	     "  - {name: c, kpi: cpl_events, rows: '*/all/all', op: above, value: 3x}\n"
	     "  - {name: d, kpi: visits, rows: d/product/*, op: above, value: 35000, clear: 36000}\n"
	     "  - {name: e, kpi: visits}\n",
	     "laju.yaml:2:22: unknown KPI 'revenu', did you mean 'revenue'?\n"
	     "  - {name: low, kpi: revenu, rows: d/all/all, op: below, value: 1}\n"
	     "                     ^\n"
	     "laju.yaml:3:12: two rules are called 'low'\n"
	     "  - {name: low, kpi: roi, rows: d/all/all, op: below, value: 3, pace: true}\n"
	     "           ^\n"
	     "laju.yaml:3:71: pace needs a KPI that adds up; 'roi' is a quotient\n"
	     "  - {name: low, kpi: roi, rows: d/all/all, op: below, value: 3, pace: true}\n"
	     "                                                                      ^\n"
	     "laju.yaml:4:12: a rule's name has 1 to 63 letters, digits, _ . or -\n"
	     "  - {name: a b, kpi: revenue, rows: d/chanel/*, op: belo, value: 1, for: 10}\n"
	     "           ^\n"
	     "laju.yaml:4:39: unknown dimension 'chanel', did you mean 'channel'?\n"
	     "  - {name: a b, kpi: revenue, rows: d/chanel/*, op: belo, value: 1, for: 10}\n"
	     "                                      ^\n"
	     "laju.yaml:4:53: op must be one of below/above, not 'belo'\n"
	     "  - {name: a b, kpi: revenue, rows: d/chanel/*, op: belo, value: 1, for: 10}\n"
	     "                                                    ^\n"
	     "laju.yaml:4:74: for must be a time up to 7d, as 10m, not '10'\n"
	     "  - {name: a b, kpi: revenue, rows: d/chanel/*, op: belo, value: 1, for: 10}\n"
	     "                                                                         ^\n"
	     "laju.yaml:5:79: pace needs a calendar window (d, w or m), not r1d\n"
	     "  - {name: b, kpi: revenue, rows: r1d/channel/*, op: below, value: 3.5, pace: true}\n"
	     "                                                                              ^\n"
	     "laju.yaml:6:39: '*' is not a window (r1d, r7d, r30d, d, w, m); a rule watches one\n"
	     "  - {name: c, kpi: cpl_events, rows: '*/all/all', op: above, value: 3x}\n"
	     "                                      ^\n"
	     "laju.yaml:6:69: value must be a decimal number, not '3x'\n"
	     "  - {name: c, kpi: cpl_events, rows: '*/all/all', op: above, value: 3x}\n"
	     "                                                                    ^\n"
	     "laju.yaml:7:36: 'product' is not among the rollups (all, campaign, channel, campaign+channel, team, person)\n"
	     "  - {name: d, kpi: visits, rows: d/product/*, op: above, value: 35000, clear: 36000}\n"
	     "                                   ^\n"
	     "laju.yaml:7:79: clear must not be above value for op: above\n"
	     "  - {name: d, kpi: visits, rows: d/product/*, op: above, value: 35000, clear: 36000}\n"
	     "                                                                              ^\n"
	     "laju.yaml:8:5: rows is missing\n"
	     "  - {name: e, kpi: visits}\n"
	     "    ^\n"
	     "laju.yaml:8:5: op is missing\n"
	     "  - {name: e, kpi: visits}\n"
	     "    ^\n"
	     "laju.yaml:8:5: value is missing\n"
	     "  - {name: e, kpi: visits}\n"
	     "    ^\n"},
	{"a_cost_is_not_judged_where_spend_is_not_known",
	     "rollups: [all, campaign, team, campaign+team, team+person]\n"
	     "alerts:\n"
	     "  - {name: a, kpi: cpl, rows: d/campaign/*, op: above, value: 1}\n"
	     "  - {name: b, kpi: cpl, rows: d/team/*, op: above, value: 1}\n"
	     "  - {name: c, kpi: roas, rows: 'd/campaign+team', op: below, value: 1}\n"
	     "  - {name: d, kpi: spend, rows: d/team+person/*, op: above, value: 1}\n"
	     "  - {name: e, kpi: leads, rows: d/team/*, op: below, value: 1}\n",
	     "laju.yaml:4:33: spend is not known by team; cpl has no value there\n"
	     "  - {name: b, kpi: cpl, rows: d/team/*, op: above, value: 1}\n"
	     "                                ^\n"
	     "laju.yaml:5:35: spend is not known by team; roas has no value there\n"
	     "  - {name: c, kpi: roas, rows: 'd/campaign+team', op: below, value: 1}\n"
	     "                                  ^\n"
	     "laju.yaml:6:35: spend is not known by team and person; spend has no value there\n"
	     "  - {name: d, kpi: spend, rows: d/team+person/*, op: above, value: 1}\n"
	     "                                  ^\n"},
	{"wrong_feeds",
	     "feeds:\n"
	     "  web: {expect_every: 5}\n"
	     "  shop: {every: 5m}\n"
	     "  till: 5m\n",
	     "laju.yaml:2:23: expect_every must be a time from 1s to 30d, as 5m, not '5'\n"
	     "  web: {expect_every: 5}\n"
	     "                      ^\n"
	     "laju.yaml:3:9: expect_every is missing\n"
	     "  shop: {every: 5m}\n"
	     "        ^\n"
	     "laju.yaml:3:10: unknown key 'every'\n"
	     "  shop: {every: 5m}\n"
	     "         ^\n"
	     "laju.yaml:4:9: a feed must be a map of names to values, not a single value\n"
	     "  till: 5m\n"
	     "        ^\n"},
	{"files_that_are_not_there",
	     "kpis: no/such.yaml\n"
	     "channels: /no/such.yaml\n",
	     "no/such.yaml: cannot be read: No such file or directory\n"
	     "/no/such.yaml: cannot be read: No such file or directory\n"},
	{"a_bracket_left_open",
	     "rollups: [all\n"
	     "zone: UTC\n",
	     "laju.yaml:3:1: not YAML: flow sequence without a closing bracket\n"
	     "\n"
	     "^\n"},
	{"a_tab_as_indentation",
	     "ingest:\n"
	     "\011workers: 2\n",
	     "laju.yaml:2:1: not YAML: tab character may not be used as indentation\n"
	     "\011workers: 2\n"
	     "^\n"},
	{"bytes_that_are_not_utf8",
	     "zone: \"\377\"\n",
	     "laju.yaml:1:8: byte 0xff is not UTF-8 text\n"
	     "zone: \"\357\277\275\"\n"
	     "       ^\n"},
	{"a_control_character_is_named",
	     "zone: UTC\n"
	     "clock: \033[2Jwall\n",
	     "laju.yaml:2:8: the control character U+001B is not allowed\n"
	     "clock: ?[2Jwall\n"
	     "       ^\n"},
	{"a_control_character_of_two_bytes_is_named",
	     "clock: \302\233wall\n",
	     "laju.yaml:1:8: the control character U+009B is not allowed\n"
	     "clock: ?wall\n"
	     "       ^\n"},
	{"a_mark_of_direction_turns_no_line_round",
	     "clock: \342\200\256sllaw\n",
	     "laju.yaml:1:8: clock must be wall or events, not '?sllaw'\n"
	     "clock: ?sllaw\n"
	     "       ^\n"},
	{"the_value_of_a_key_given_twice_is_not_read",
	     "feeds: {a: {expect_every: 5m}, a: {expect_every: never}}\n"
	     "zone: UTC\n"
	     "zone: {not: [read]}\n",
	     "laju.yaml:1:32: 'a' is given twice; the first is in line 1\n"
	     "feeds: {a: {expect_every: 5m}, a: {expect_every: never}}\n"
	     "                               ^\n"
	     "laju.yaml:3:1: 'zone' is given twice; the first is in line 2\n"
	     "zone: {not: [read]}\n"
	     "^\n"},
	{"the_same_key_in_two_maps_is_no_key_given_twice",
	     "rates:\n"
	     "  - {cur: USD, from: 2026-01-01, rate: 1}\n"
	     "  - {cur: EUR, from: 2026-01-01, rate: 1}\n",
	     ""},
	{"an_ipc_path_with_control_characters",
	     "ingest: {acked: \"ipc:///tmp/a\\e[2J\", push: \"ipc:///tmp/\\u202e\"}\n",
	     "laju.yaml:1:18: ingest.acked 'ipc:///tmp/a?[2J': the path must be text without control characters\n"
	     "ingest: {acked: \"ipc:///tmp/a\\e[2J\", push: \"ipc:///tmp/\\u202e\"}\n"
	     "                 ^\n"
	     "laju.yaml:1:45: ingest.push 'ipc:///tmp/?': the path must be text without control characters\n"
	     "ingest: {acked: \"ipc:///tmp/a\\e[2J\", push: \"ipc:///tmp/\\u202e\"}\n"
	     "                                            ^\n"},
	{"numbers_of_too_many_digits_are_told_as_such",
	     "publish: {every_ms: 9223372036854775807}\n"
	     "rates: [{cur: USD, from: 2026-01-01, rate: 9223372036854775807}]\n"
	     "alerts:\n"
	     "  - {name: a, kpi: visits, rows: d/all/all, op: below, value: 9999999999999999999, clear: 0.0000000000000000001}\n",
	     "laju.yaml:1:21: publish.every_ms must be a whole number (10 to 60000 ms), not '9223372036854775807'\n"
	     "publish: {every_ms: 9223372036854775807}\n"
	     "                    ^\n"
	     "laju.yaml:2:44: rate has 19 digits; at most 18\n"
	     "rates: [{cur: USD, from: 2026-01-01, rate: 9223372036854775807}]\n"
	     "                                           ^\n"
	     "laju.yaml:4:63: value has 19 digits; at most 18\n"
	     "  - {name: a, kpi: visits, rows: d/all/all, op: below, value: 9999999999999999999, clear: 0.0000000000000000001}\n"
	     "                                                              ^\n"
	     "laju.yaml:4:91: clear has 20 digits; at most 18\n"
	     "a, kpi: visits, rows: d/all/all, op: below, value: 9999999999999999999, clear: 0.0000000000000000001}\n"
	     "                                                                               ^\n"},
	{"a_point_as_thousands_separator_is_not_swallowed",
	     "alerts:\n"
	     "  - {name: a, kpi: revenue, rows: d/all/all, op: below, value: \"35.000\", clear: 35.0000}\n"
	     "  - {name: b, kpi: revenue, rows: d/all/all, op: below, value: 35.50}\n"
	     "  - {name: c, kpi: cpl_events, rows: d/all/all, op: above, value: 0.125}\n"
	     "  - {name: d, kpi: conversion_events, rows: d/all/all, op: below, value: 0.0125}\n",
	     "laju.yaml:2:65: value '35.000' has more decimals than the 2 of IDR\n"
	     "  - {name: a, kpi: revenue, rows: d/all/all, op: below, value: \"35.000\", clear: 35.0000}\n"
	     "                                                                ^\n"
	     "laju.yaml:2:81: clear '35.0000' has more decimals than the 2 of IDR\n"
	     " - {name: a, kpi: revenue, rows: d/all/all, op: below, value: \"35.000\", clear: 35.0000}\n"
	     "                                                                               ^\n"},
	{"a_bad_level_shows_whatever_else_is_wrong_with_its_rule",
	     "alerts:\n"
	     "  - {name: a, kpi: revenue, rows: d/all/all, op: belo, value: \"35.000\"}\n"
	     "  - {name: b, kpi: revenu, rows: d/all/all, value: many, clear: few}\n",
	     "laju.yaml:2:50: op must be one of below/above, not 'belo'\n"
	     "  - {name: a, kpi: revenue, rows: d/all/all, op: belo, value: \"35.000\"}\n"
	     "                                                 ^\n"
	     "laju.yaml:2:64: value '35.000' has more decimals than the 2 of IDR\n"
	     "  - {name: a, kpi: revenue, rows: d/all/all, op: belo, value: \"35.000\"}\n"
	     "                                                               ^\n"
	     "laju.yaml:3:5: op is missing\n"
	     "  - {name: b, kpi: revenu, rows: d/all/all, value: many, clear: few}\n"
	     "    ^\n"
	     "laju.yaml:3:20: unknown KPI 'revenu', did you mean 'revenue'?\n"
	     "  - {name: b, kpi: revenu, rows: d/all/all, value: many, clear: few}\n"
	     "                   ^\n"
	     "laju.yaml:3:52: value must be a decimal number, not 'many'\n"
	     "  - {name: b, kpi: revenu, rows: d/all/all, value: many, clear: few}\n"
	     "                                                   ^\n"
	     "laju.yaml:3:65: clear must be a decimal number, not 'few'\n"
	     "  - {name: b, kpi: revenu, rows: d/all/all, value: many, clear: few}\n"
	     "                                                                ^\n"},
	{"anchors_and_aliases_are_refused",
	     "zone: &z UTC\n"
	     "currency: *z\n",
	     "laju.yaml:1:10: anchors and tags are not supported\n"
	     "zone: &z UTC\n"
	     "         ^\n"},
	{"an_alias_by_mistake",
	     "alerts:\n"
	     "  - {name: a, rows: */all/all}\n",
	     "laju.yaml:2:22: aliases (*name) are not supported; quote a text that begins with *\n"
	     "  - {name: a, rows: */all/all}\n"
	     "                     ^\n"},
	{"a_second_document",
	     "zone: UTC\n"
	     "---\n"
	     "zone: UTC\n",
	     "laju.yaml:3:1: a second YAML document; one is read\n"
	     "zone: UTC\n"
	     "^\n"},
	{"a_list_is_no_configuration",
	     "- zone\n",
	     "laju.yaml:1:1: the configuration must be a map of names to values, not a list\n"
	     "- zone\n"
	     "^\n"},
	{"an_empty_file_is_all_defaults",
	     "",
	     ""},
	{"the_caret_counts_characters_not_bytes",
	     "feeds: {\"warung kopi \303\251 \342\230\225\": {every: 5m}}\n",
	     "laju.yaml:1:28: expect_every is missing\n"
	     "feeds: {\"warung kopi \303\251 \342\230\225\": {every: 5m}}\n"
	     "                           ^\n"
	     "laju.yaml:1:29: unknown key 'every'\n"
	     "feeds: {\"warung kopi \303\251 \342\230\225\": {every: 5m}}\n"
	     "                            ^\n"},
	{"a_tab_before_the_caret_stays_a_tab",
	     "ingest: {\011workers: 0 }\n",
	     "laju.yaml:1:20: ingest.workers must be 1 to 16, not 0\n"
	     "ingest: {\011workers: 0 }\n"
	     "         \011         ^\n"},
	{"a_long_line_is_shown_around_its_place",
	     "rollups: [all, campaign+channel+source+medium+team+person, campaign+channel+source+medium+team+person, product+team, team, person, channel, source, medium, nothing]\n",
	     "laju.yaml:1:60: rollup 'campaign+channel+source+medium+team+person' is given twice\n"
	     "rollups: [all, campaign+channel+source+medium+team+person, campaign+channel+source+medium+team+person, product+team, team, person, channel, source, medium, noth\n"
	     "                                                           ^\n"
	     "laju.yaml:1:157: unknown dimension 'nothing'\n"
	     "ource+medium+team+person, product+team, team, person, channel, source, medium, nothing]\n"
	     "                                                                               ^\n"},
	{"problems_stand_in_the_order_of_the_lines",
	     "rollups: [none]\n"
	     "zone: Nowhere\n"
	     "kpis: no/such.yaml\n"
	     "clock: sun\n",
	     "laju.yaml:1:11: unknown dimension 'none'\n"
	     "rollups: [none]\n"
	     "          ^\n"
	     "laju.yaml:2:7: unknown time zone 'Nowhere'\n"
	     "zone: Nowhere\n"
	     "      ^\n"
	     "laju.yaml:4:8: clock must be wall or events, not 'sun'\n"
	     "clock: sun\n"
	     "       ^\n"
	     "no/such.yaml: cannot be read: No such file or directory\n"},
	{"control_characters_never_reach_the_terminal",
	     "feeds: {\"a\\e[31m\": 1}\n"
	     "\"x\\ny\": 1\n",
	     "laju.yaml:1:20: a feed must be a map of names to values, not a single value\n"
	     "feeds: {\"a\\e[31m\": 1}\n"
	     "                   ^\n"
	     "laju.yaml:2:2: unknown setting 'x?y'\n"
	     "\"x\\ny\": 1\n"
	     " ^\n"},
};

static void
every_mistake_is_told_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config_problems problems = {0};
		struct config *config = calloc(1, sizeof(*config));
		bool good = config_parse(config, "laju.yaml", slice_of(table[i].text), NULL, 0, &problems);
		assert_int_equal(good, problems.errors == 0);
		if (!slice_is(buf_slice(&problems.text), table[i].expected))
			fail_msg("%s:\n%.*s--- expected:\n%s", table[i].name, (int)problems.text.len,
			         (const char *)problems.text.data, table[i].expected);
		problems_fini(&problems);
		config_fini(config);
		free(config);
	}
}

/* Loads text under the process's environment and one flag ("" : none); the caller frees. */
static struct config *
load(const char *text, const char *flag, struct config_problems *problems)
{
	struct config_override override[CONFIG_SETTINGS_MAX + 1];
	struct config *config = calloc(1, sizeof(*config));
	uint32_t count = config_environment(override, CONFIG_SETTINGS_MAX, problems);
	if (flag[0] != '\0' && config_override_parse(&override[count], flag))
		count++;
	config_parse(config, "laju.yaml", slice_of(text), override, count, problems);
	return config;
}

static void
a_flag_beats_the_environment_and_that_the_file(void **state)
{
	(void)state;
	static const int want[3] = {20, 30, 40};
	for (int given = 0; given < 3; given++) {
		struct config_problems problems = {0};
		if (given >= 1)
			setenv("LAJU_PUBLISH_EVERY_MS", "30", 1);
		struct config *config = load("publish: {every_ms: 20}\n", given == 2 ? "publish.every_ms=40" : "", &problems);
		unsetenv("LAJU_PUBLISH_EVERY_MS");
		assert_int_equal(problems.errors, 0);
		assert_int_equal(config->publish_every_ms, want[given]);
		problems_fini(&problems);
		config_fini(config);
		free(config);
	}
}

static void
a_variable_that_names_no_setting_is_a_warning(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	setenv("LAJU_PUBLSH_EVERY_MS", "30", 1);
	struct config *config = load("", "", &problems);
	unsetenv("LAJU_PUBLSH_EVERY_MS");
	assert_int_equal(problems.errors, 0);
	assert_true(problems.warnings >= 1); /* the caller's environment may have others */
	assert_non_null(memmem(problems.text.data, problems.text.len,
	                       "LAJU_PUBLSH_EVERY_MS: warning: no such setting, did you mean 'LAJU_PUBLISH_EVERY_MS'?\n", 85));
	problems_fini(&problems);
	config_fini(config);
	free(config);
}

static void
a_list_may_be_given_by_a_flag_with_or_without_brackets(void **state)
{
	(void)state;
	static const char *const flags[] = {"rollups=[all, channel+campaign]", "rollups=all,channel+campaign"};
	for (int i = 0; i < 2; i++) {
		struct config_problems problems = {0};
		struct config *config = load("rollups: [team]\n", flags[i], &problems);
		assert_int_equal(problems.errors, 0);
		assert_int_equal(config->kernel.rollup_count, 2);
		assert_string_equal(config->kernel.rollup[1].name, "campaign+channel");
		problems_fini(&problems);
		config_fini(config);
		free(config);
	}
}

/* 500 wrong keys: 200 are shown, all are counted. */
static void
problems_beyond_the_limit_are_counted(void **state)
{
	(void)state;
	struct buf text = {0};
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	for (int i = 0; i < 500; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_false(config_parse(config, "laju.yaml", buf_slice(&text), NULL, 0, &problems));
	assert_int_equal(problems.errors, 500);
	static const char last[] = "300 more are not shown\n";
	assert_memory_equal(problems.text.data + problems.text.len - strlen(last), last, strlen(last));
	problems_fini(&problems);
	config_fini(config);
	free(config);
	buf_fini(&text);
}

/* The names of files are quoted as much as what stands in them; so are values in what is effective. */
static void
names_of_files_and_values_are_cleaned_too(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	struct slice text = slice_of("kpis: \"no/\\e[2J\"\nclock: x\n");
	assert_false(config_parse(config, "a\033[2J\n\302\233.yaml", text, NULL, 0, &problems));
	assert_int_equal(problems.errors, 2);
	assert_true(slice_is(buf_slice(&problems.heads),
	                     "a?[2J??.yaml:2:8: clock must be wall or events, not 'x'\n"
	                     "no/?[2J: cannot be read: No such file or directory\n"));
	problems_fini(&problems);
	config_fini(config);
	struct buf out = {0};
	assert_true(config_parse(config, "b\033.yaml", slice_of("targets: \"\\e[2J\\u009b\\u202e\"\n"), NULL, 0, &problems));
	config_print(config, &out);
	assert_non_null(memmem(out.data, out.len, "targets: ?[2J??", 15));
	assert_non_null(memmem(out.data, out.len, "# b?.yaml:1\n", 12));
	assert_null(memchr(out.data, '\033', out.len));
	buf_fini(&out);
	problems_fini(&problems);
	config_fini(config);
	free(config);
}

/*
 * 100,000 keys, each given twice, the later ones backwards: looked for one after the other (and lines by walking
 * through the bytes) they would hold this test for most of a minute.
 */
static void
many_keys_given_twice_are_all_told(void **state)
{
	enum { KEYS = 49990 };
	(void)state;
	struct buf text = {0};
	struct config_problems problems = {0};
	struct config *config = calloc(1, sizeof(*config));
	for (int i = 0; i < 2 * KEYS; i++)
		buf_printf(&text, "k%d: 1\n", i < KEYS ? i : 2 * KEYS - 1 - i);
	assert_false(config_parse(config, "laju.yaml", buf_slice(&text), NULL, 0, &problems));
	assert_int_equal(problems.errors, 2 * KEYS); /* unknown, and given twice */
	static const char told[] = "laju.yaml:49991:1: 'k49989' is given twice; the first is in line 49990\n";
	assert_non_null(memmem(problems.text.data, problems.text.len, told, strlen(told)));
	problems_fini(&problems);
	config_fini(config);
	free(config);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_mistake_is_told_at_its_place),
	    cmocka_unit_test(a_flag_beats_the_environment_and_that_the_file),
	    cmocka_unit_test(a_variable_that_names_no_setting_is_a_warning),
	    cmocka_unit_test(a_list_may_be_given_by_a_flag_with_or_without_brackets),
	    cmocka_unit_test(problems_beyond_the_limit_are_counted),
	    cmocka_unit_test(names_of_files_and_values_are_cleaned_too),
	    cmocka_unit_test(many_keys_given_twice_are_all_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
