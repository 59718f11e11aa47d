/*
 * test_kpi_file.c - the language of measures and KPIs: what each mistake is told as, and
 * what a good file becomes.
 */
#include "laju/kpi_file.h"
#include "aggregator/formula.h"
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
	{"an_empty_file",
	     "# nothing\n",
	     "kpis.yaml:1:1: the file is empty; it needs version, measures and kpis\n"
	     "# nothing\n"
	     "^\n"},
	{"parts_that_are_missing",
	     "kpi: {}\n",
	     "kpis.yaml:1:1: unknown key 'kpi', did you mean 'kpis'?\n"
	     "kpi: {}\n"
	     "^\n"
	     "kpis.yaml:1:1: version is missing\n"
	     "kpi: {}\n"
	     "^\n"
	     "kpis.yaml:1:1: measures is missing\n"
	     "kpi: {}\n"
	     "^\n"
	     "kpis.yaml:1:1: kpis is missing\n"
	     "kpi: {}\n"
	     "^\n"},
	{"another_version",
	     "version: 2\n"
	     "measures: {}\n"
	     "kpis: {}\n",
	     "kpis.yaml:1:10: version must be 1, not '2'\n"
	     "version: 2\n"
	     "         ^\n"},
	{"names_have_a_form",
	     "version: 1\n"
	     "measures:\n"
	     "  Visits: {from: visit, take: count}\n"
	     "  2nd: {from: visit, take: count}\n"
	     "  a_name_that_is_longer_than_31_bytes: {from: visit, take: count}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:3: a measure's name has small letters, digits and _ and begins with a letter\n"
	     "  Visits: {from: visit, take: count}\n"
	     "  ^\n"
	     "kpis.yaml:4:3: a measure's name has small letters, digits and _ and begins with a letter\n"
	     "  2nd: {from: visit, take: count}\n"
	     "  ^\n"
	     "kpis.yaml:5:3: a name has at most 31 letters\n"
	     "  a_name_that_is_longer_than_31_bytes: {from: visit, take: count}\n"
	     "  ^\n"},
	{"plain_names_are_kept_for_what_they_mean",
	     "version: 1\n"
	     "measures:\n"
	     "  mql: {from: lead, take: count}\n"
	     "  sql: {from: lead, take: stage(sql)}\n"
	     "  entries: {from: lead, where: {stage: lead}, take: count}\n"
	     "  buys: {from: sale, take: count}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "kpis:\n"
	     "  cpl: {formula: spend / entries}\n"
	     "  cac: {formula: spend / buys}\n"
	     "  cost: {formula: spend / buys}\n"
	     "  leads: {formula: entries}\n"
	     "  sql: {formula: sql}\n"
	     "  mql_events: {formula: entries}\n",
	     "kpis.yaml:3:3: 'mql' counts leads, each once; call what counts events 'mql_events'\n"
	     "  mql: {from: lead, take: count}\n"
	     "  ^\n"
	     "kpis.yaml:9:3: 'cpl' counts leads, each once; call what counts events 'cpl_events'\n"
	     "  cpl: {formula: spend / entries}\n"
	     "  ^\n"
	     "kpis.yaml:10:3: 'cac' counts customers, each once; call what counts events 'cac_events'\n"
	     "  cac: {formula: spend / buys}\n"
	     "  ^\n"
	     "kpis.yaml:12:3: 'leads' counts leads, each once; call what counts events 'lead_events'\n"
	     "  leads: {formula: entries}\n"
	     "  ^\n"},
	{"what_a_measure_takes_wrongly_is_not_blamed_twice",
	     "version: 1\n"
	     "measures:\n"
	     "  mql: {from: lead, take: stge(mql)}\n"
	     "kpis:\n"
	     "  sql: {formula: mql}\n",
	     "kpis.yaml:3:27: unknown take 'stge', did you mean 'stage'?\n"
	     "  mql: {from: lead, take: stge(mql)}\n"
	     "                          ^\n"},
	{"a_measure_needs_from_and_take",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {}\n"
	     "  b: visit\n"
	     "  c: {from: , take: count}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:3: measure 'a' needs from: an event type\n"
	     "  a: {}\n"
	     "  ^\n"
	     "kpis.yaml:3:3: measure 'a' needs take: count, sum(...), distinct(...), new(cust), stage(...), ...\n"
	     "  a: {}\n"
	     "  ^\n"
	     "kpis.yaml:4:6: a measure must be a map of names to values, not a single value\n"
	     "  b: visit\n"
	     "     ^\n"
	     "kpis.yaml:5:7: from is empty\n"
	     "  c: {from: , take: count}\n"
	     "      ^\n"},
	{"unknown_event_types",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: vist, take: count}\n"
	     "  b: {from: correct, take: count}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:13: unknown event type 'vist', did you mean 'visit'?\n"
	     "  a: {from: vist, take: count}\n"
	     "            ^\n"
	     "kpis.yaml:4:13: 'correct' changes other events and cannot be measured itself\n"
	     "  b: {from: correct, take: count}\n"
	     "            ^\n"},
	{"what_can_be_taken",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: visit, take: cuont}\n"
	     "  b: {from: sale, take: sum}\n"
	     "  c: {from: sale, take: sum(amount)}\n"
	     "  d: {from: sale, take: count(amt)}\n"
	     "  e: {from: visit, take: sum(amt)}\n"
	     "  f: {from: engage, take: sum(qty)}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:26: unknown take 'cuont', did you mean 'count'?\n"
	     "  a: {from: visit, take: cuont}\n"
	     "                         ^\n"
	     "kpis.yaml:4:25: sum needs a field: sum(amt), sum(qty), sum(n), sum(reach) or sum(imp)\n"
	     "  b: {from: sale, take: sum}\n"
	     "                        ^\n"
	     "kpis.yaml:5:25: sum() takes amt, qty, n, reach or imp, not 'amount'\n"
	     "  c: {from: sale, take: sum(amount)}\n"
	     "                        ^\n"
	     "kpis.yaml:6:25: count takes no argument\n"
	     "  d: {from: sale, take: count(amt)}\n"
	     "                        ^\n"
	     "kpis.yaml:7:26: visit events carry no amt\n"
	     "  e: {from: visit, take: sum(amt)}\n"
	     "                         ^\n"
	     "kpis.yaml:8:27: engage events carry no qty\n"
	     "  f: {from: engage, take: sum(qty)}\n"
	     "                          ^\n"},
	{"what_tells_people_apart_is_checked",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: sale, take: distinct}\n"
	     "  b: {from: sale, take: distinct(custs)}\n"
	     "  c: {from: sale, take: retained(order)}\n"
	     "  d: {from: visit, take: distinct(order)}\n"
	     "  e: {from: visit, take: new(cust)}\n"
	     "  n: {from: sale, take: new(order)}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:25: distinct needs whom to tell apart: distinct(cust)\n"
	     "  a: {from: sale, take: distinct}\n"
	     "                        ^\n"
	     "kpis.yaml:4:25: distinct() takes cust, order or visit, not 'custs', did you mean 'cust'?\n"
	     "  b: {from: sale, take: distinct(custs)}\n"
	     "                        ^\n"
	     "kpis.yaml:5:25: only customers come back: retained(cust)\n"
	     "  c: {from: sale, take: retained(order)}\n"
	     "                        ^\n"
	     "kpis.yaml:6:26: visit events carry no order\n"
	     "  d: {from: visit, take: distinct(order)}\n"
	     "                         ^\n"
	     "kpis.yaml:7:26: a customer is new with the first sale: new(cust) is from: sale\n"
	     "  e: {from: visit, take: new(cust)}\n"
	     "                         ^\n"
	     "kpis.yaml:8:25: only customers are new: new(cust)\n"
	     "  n: {from: sale, take: new(order)}\n"
	     "                        ^\n"},
	{"stages_are_checked",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: lead, take: stage(rejected)}\n"
	     "  b: {from: lead, take: stage}\n"
	     "  c: {from: lead, take: stage(slq)}\n"
	     "  d: {from: sale, take: stage(mql)}\n"
	     "  e: {from: lead, take: cohort()}\n"
	     "  f: {from: lead, take: cohort(won)}\n"
	     "  g: {from: lead, take: cohort(lead)}\n"
	     "  h: {from: lead, take: \"cohort(mql, sql)\"}\n"
	     "  i: {from: lead, take: \"cohort(sql, sql)\"}\n"
	     "  j: {from: lead, take: \"cohort(sql, rejected)\"}\n"
	     "  k: {from: lead, take: \"cohort(customer, sql, mql)\"}\n"
	     "  l: {from: lead, take: \"stage(sql, mql)\"}\n"
	     "  m: {from: visit, take: \"cohort(sql, mql)\"}\n"
	     "  n: {from: lead, take: cohort(sql, mql)}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:25: a rejected lead leaves every stage, so none enters 'rejected'; its events count with take: count, where: {stage: rejected}\n"
	     "  a: {from: lead, take: stage(rejected)}\n"
	     "                        ^\n"
	     "kpis.yaml:4:25: stage needs a stage: stage(mql)\n"
	     "  b: {from: lead, take: stage}\n"
	     "                        ^\n"
	     "kpis.yaml:5:25: stage() takes lead, mql, sql or customer, not 'slq', did you mean 'sql'?\n"
	     "  c: {from: lead, take: stage(slq)}\n"
	     "                        ^\n"
	     "kpis.yaml:6:25: only leads have stages: stage() is from: lead\n"
	     "  d: {from: sale, take: stage(mql)}\n"
	     "                        ^\n"
	     "kpis.yaml:7:25: cohort needs a stage: cohort(sql, mql)\n"
	     "  e: {from: lead, take: cohort()}\n"
	     "                        ^\n"
	     "kpis.yaml:8:25: cohort() takes lead, mql, sql or customer, not 'won'\n"
	     "  f: {from: lead, take: cohort(won)}\n"
	     "                        ^\n"
	     "kpis.yaml:9:25: cohort(x, y) takes leads of stage y that have reached x, above it; 'lead' is not above 'lead'\n"
	     "  g: {from: lead, take: cohort(lead)}\n"
	     "                        ^\n"
	     "kpis.yaml:10:26: cohort(x, y) takes leads of stage y that have reached x, above it; 'mql' is not above 'sql'\n"
	     "  h: {from: lead, take: \"cohort(mql, sql)\"}\n"
	     "                         ^\n"
	     "kpis.yaml:11:26: cohort(x, y) takes leads of stage y that have reached x, above it; 'sql' is not above 'sql'\n"
	     "  i: {from: lead, take: \"cohort(sql, sql)\"}\n"
	     "                         ^\n"
	     "kpis.yaml:12:26: a rejected lead leaves every stage, so none enters 'rejected'; its events count with take: count, where: {stage: rejected}\n"
	     "  j: {from: lead, take: \"cohort(sql, rejected)\"}\n"
	     "                         ^\n"
	     "kpis.yaml:13:26: cohort() takes lead, mql, sql or customer, not 'sql, mql'\n"
	     "  k: {from: lead, take: \"cohort(customer, sql, mql)\"}\n"
	     "                         ^\n"
	     "kpis.yaml:14:26: stage() takes lead, mql, sql or customer, not 'sql, mql'\n"
	     "  l: {from: lead, take: \"stage(sql, mql)\"}\n"
	     "                         ^\n"
	     "kpis.yaml:15:27: only leads have stages: cohort() is from: lead\n"
	     "  m: {from: visit, take: \"cohort(sql, mql)\"}\n"
	     "                          ^\n"
	     "kpis.yaml:16:25: a ')' is missing; between braces, what has a comma needs quotes: \"cohort(sql, mql)\"\n"
	     "  n: {from: lead, take: cohort(sql, mql)}\n"
	     "                        ^\n"
	     "kpis.yaml:16:37: unknown key 'mql)'\n"
	     "  n: {from: lead, take: cohort(sql, mql)}\n"
	     "                                    ^\n"},
	{"a_booking_is_of_refunds",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: sale, booked: as_sold, take: count}\n"
	     "  b: {from: refund, booked: as_solt, take: count}\n"
	     "  c: {from: refund, booked: , take: count}\n"
	     "  d: {from: sale, where: {matched: no}, take: count}\n"
	     "  e: {from: refund, where: {matched: true}, take: count}\n"
	     "  f: {from: refund, where: {matchd: yes}, take: count}\n"
	     "  g: {from: refund, booked: as_sold, take: distinct(cust)}\n"
	     "  h: {from: refund, take: previous(cust)}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:19: booked belongs to refund events, not to sale events\n"
	     "  a: {from: sale, booked: as_sold, take: count}\n"
	     "                  ^\n"
	     "kpis.yaml:4:29: booked must be as_refunded or as_sold, not 'as_solt', did you mean 'as_sold'?\n"
	     "  b: {from: refund, booked: as_solt, take: count}\n"
	     "                            ^\n"
	     "kpis.yaml:5:21: booked is empty\n"
	     "  c: {from: refund, booked: , take: count}\n"
	     "                    ^\n"
	     "kpis.yaml:6:27: matched belongs to refund events, not to sale events\n"
	     "  d: {from: sale, where: {matched: no}, take: count}\n"
	     "                          ^\n"
	     "kpis.yaml:7:38: matched is yes (the refund's sale is known) or no, not 'true'\n"
	     "  e: {from: refund, where: {matched: true}, take: count}\n"
	     "                                     ^\n"
	     "kpis.yaml:8:29: unknown dimension 'matchd', did you mean 'matched'?\n"
	     "  f: {from: refund, where: {matchd: yes}, take: count}\n"
	     "                            ^\n"
	     "kpis.yaml:10:3: measure 'h' needs one of the same from, where and booked that takes distinct(cust)\n"
	     "  h: {from: refund, take: previous(cust)}\n"
	     "  ^\n"},
	{"what_looks_back_needs_what_it_looks_back_at",
	     "version: 1\n"
	     "measures:\n"
	     "  before: {from: sale, where: {product: a}, take: previous(cust)}\n"
	     "  buyers: {from: sale, take: distinct(cust)}\n"
	     "  well: {from: sale, take: previous(cust)}\n"
	     "  lines: {from: sale, take: previous(order)}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:3: measure 'before' needs one of the same from, where and booked that takes distinct(cust)\n"
	     "  before: {from: sale, where: {product: a}, take: previous(cust)}\n"
	     "  ^\n"
	     "kpis.yaml:6:3: measure 'lines' needs one of the same from, where and booked that takes distinct(cust)\n"
	     "  lines: {from: sale, take: previous(order)}\n"
	     "  ^\n"
	     "kpis.yaml:6:29: only customers come back: previous(cust)\n"
	     "  lines: {from: sale, take: previous(order)}\n"
	     "                            ^\n"},
	{"people_are_told_apart_in_at_most_8_ways",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: sale, take: distinct(cust)}\n"
	     "  a2: {from: sale, take: retained(cust)}\n"
	     "  b: {from: visit, take: distinct(cust)}\n"
	     "  c: {from: lead, take: distinct(cust)}\n"
	     "  d: {from: engage, take: distinct(cust)}\n"
	     "  e: {from: sale, take: distinct(order)}\n"
	     "  f: {from: sale, take: distinct(visit)}\n"
	     "  g: {from: sale, where: {product: a}, take: distinct(cust)}\n"
	     "  h: {from: sale, where: {product: b}, take: distinct(cust)}\n"
	     "  i: {from: sale, where: {product: c}, take: distinct(cust)}\n"
	     "  j: {from: sale, where: {product: c}, take: retained(cust)}\n"
	     "kpis: {}\n",
	     "kpis.yaml:12:3: measures tell customers, orders or visits apart in more than 8 ways (from, where, booked)\n"
	     "  i: {from: sale, where: {product: c}, take: distinct(cust)}\n"
	     "  ^\n"
	     "kpis.yaml:13:3: measures tell customers, orders or visits apart in more than 8 ways (from, where, booked)\n"
	     "  j: {from: sale, where: {product: c}, take: retained(cust)}\n"
	     "  ^\n"},
	{"conditions_are_checked",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: visit, where: {chanel: x}, take: count}\n"
	     "  b: {from: visit, where: {stage: mql}, take: count}\n"
	     "  c: {from: lead, where: {stage: [mql, won]}, take: count}\n"
	     "  d: {from: engage, where: {kind: likes}, take: count}\n"
	     "  e: {from: visit, where: {channel: []}, take: count}\n"
	     "  f: {from: visit, where: channel, take: count}\n"
	     "  g: {from: visit, were: {}, take: count}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:28: unknown dimension 'chanel', did you mean 'channel'?\n"
	     "  a: {from: visit, where: {chanel: x}, take: count}\n"
	     "                           ^\n"
	     "kpis.yaml:4:28: stage belongs to lead events, not to visit events\n"
	     "  b: {from: visit, where: {stage: mql}, take: count}\n"
	     "                           ^\n"
	     "kpis.yaml:5:40: unknown stage 'won'\n"
	     "  c: {from: lead, where: {stage: [mql, won]}, take: count}\n"
	     "                                       ^\n"
	     "kpis.yaml:6:35: unknown kind 'likes', did you mean 'like'?\n"
	     "  d: {from: engage, where: {kind: likes}, take: count}\n"
	     "                                  ^\n"
	     "kpis.yaml:7:37: a condition needs a value\n"
	     "  e: {from: visit, where: {channel: []}, take: count}\n"
	     "                                    ^\n"
	     "kpis.yaml:8:27: where must be a map of names to values, not a single value\n"
	     "  f: {from: visit, where: channel, take: count}\n"
	     "                          ^\n"
	     "kpis.yaml:9:20: unknown key 'were', did you mean 'where'?\n"
	     "  g: {from: visit, were: {}, take: count}\n"
	     "                   ^\n"},
	{"a_condition_has_at_most_16_values",
	     "version: 1\n"
	     "measures:\n"
	     "  a: {from: visit, where: {source: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]}, take: count}\n"
	     "kpis: {}\n",
	     "kpis.yaml:3:85: a condition has at most 16 values\n"
	     "{from: visit, where: {source: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]}, take: count}\n"
	     "                                                                               ^\n"},
	{"a_formula_is_refused_at_its_place",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  a: {formula: spend * amount}\n"
	     "  b: {formula: \"spend + visits\"}\n"
	     "  c: {formula: spend / vists}\n"
	     "  d: {formula: (spend / visits}\n"
	     "  e: {formula: }\n"
	     "  f: {unit: money}\n"
	     "  g:\n"
	     "    formula: >\n"
	     "      spend /\n"
	     "      nothing\n",
	     "kpis.yaml:8:22: money times money has no meaning\n"
	     "  a: {formula: spend * amount}\n"
	     "                     ^\n"
	     "kpis.yaml:9:23: cannot add or subtract money and count\n"
	     "  b: {formula: \"spend + visits\"}\n"
	     "                      ^\n"
	     "kpis.yaml:10:24: unknown measure or KPI 'vists', did you mean 'visits'?\n"
	     "  c: {formula: spend / vists}\n"
	     "                       ^\n"
	     "kpis.yaml:11:16: this '(' is not closed\n"
	     "  d: {formula: (spend / visits}\n"
	     "               ^\n"
	     "kpis.yaml:12:7: formula is empty\n"
	     "  e: {formula: }\n"
	     "      ^\n"
	     "kpis.yaml:13:3: KPI 'f' needs a formula\n"
	     "  f: {unit: money}\n"
	     "  ^\n"
	     "kpis.yaml:16:7: unknown measure or KPI 'nothing'\n"
	     "      spend /\n"
	     "      ^\n"},
	{"a_formula_keeps_to_one_clock",
	     "version: 1\n"
	     "measures:\n"
	     "  sales: {from: sale, take: sum(amt)}\n"
	     "  sold: {from: refund, booked: as_sold, take: sum(amt)}\n"
	     "  refunds: {from: refund, booked: as_refunded, take: sum(amt)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "kpis:\n"
	     "  kept: {formula: sales - sold}\n"
	     "  net: {formula: sales - refunds}\n"
	     "  late: {formula: refunds - sold}\n"
	     "  roi: {formula: (kept - spend) / (net + spend)}\n",
	     "kpis.yaml:10:29: 'refunds' is as_refunded, 'sold' as_sold; a number has one clock\n"
	     "  late: {formula: refunds - sold}\n"
	     "                            ^\n"
	     "kpis.yaml:11:36: 'sold' is as_sold, 'refunds' as_refunded; a number has one clock\n"
	     "  roi: {formula: (kept - spend) / (net + spend)}\n"
	     "                                   ^\n"},
	{"kpis_are_used_after_they_are_defined",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  a: {formula: late / 2}\n"
	     "  late: {formula: visits}\n"
	     "  self: {formula: self + 1}\n"
	     "  bad: {formula: spend + 1}\n"
	     "  on_bad: {formula: bad}\n",
	     "kpis.yaml:8:16: KPI 'late' is defined further down; move it above\n"
	     "  a: {formula: late / 2}\n"
	     "               ^\n"
	     "kpis.yaml:10:19: KPI 'self' is used in its own formula\n"
	     "  self: {formula: self + 1}\n"
	     "                  ^\n"
	     "kpis.yaml:11:24: cannot add or subtract money and a plain number\n"
	     "  bad: {formula: spend + 1}\n"
	     "                       ^\n"
	     "kpis.yaml:12:21: KPI 'bad' has errors of its own\n"
	     "  on_bad: {formula: bad}\n"
	     "                    ^\n"},
	{"the_unit_must_be_the_formulas",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  a: {formula: spend / leads, unit: ratio}\n"
	     "  b: {formula: spend / leads, unit: rupiah}\n"
	     "  c: {formula: spend, direction: upp}\n",
	     "kpis.yaml:8:37: the formula gives money, not ratio\n"
	     "  a: {formula: spend / leads, unit: ratio}\n"
	     "                                    ^\n"
	     "kpis.yaml:9:37: unit must be count, money or ratio, not 'rupiah'\n"
	     "  b: {formula: spend / leads, unit: rupiah}\n"
	     "                                    ^\n"
	     "kpis.yaml:10:34: direction must be up, down or range, not 'upp', did you mean 'up'?\n"
	     "  c: {formula: spend, direction: upp}\n"
	     "                                 ^\n"},
	{"a_smallest_denominator_needs_one_division",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  a: {formula: spend / leads, min_denominator: -1}\n"
	     "  b: {formula: spend, min_denominator: 5}\n"
	     "  c: {formula: spend / leads / visits, min_denominator: 5}\n"
	     "  d: {formula: amount / spend, min_denominator: 99999999999999999}\n",
	     "kpis.yaml:8:48: min_denominator must be a number of 0 or more, not '-1'\n"
	     "  a: {formula: spend / leads, min_denominator: -1}\n"
	     "                                               ^\n"
	     "kpis.yaml:9:40: min_denominator needs a formula of the form A / B without division in A or B\n"
	     "  b: {formula: spend, min_denominator: 5}\n"
	     "                                       ^\n"
	     "kpis.yaml:10:57: min_denominator needs a formula of the form A / B without division in A or B\n"
	     "  c: {formula: spend / leads / visits, min_denominator: 5}\n"
	     "                                                        ^\n"
	     "kpis.yaml:11:49: min_denominator is too large\n"
	     "  d: {formula: amount / spend, min_denominator: 99999999999999999}\n"
	     "                                                ^\n"},
	{"labels_are_texts_in_two_languages",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  a: {formula: spend, label: Biaya}\n"
	     "  b: {formula: spend, label: {de: Kosten, en: }}\n",
	     "kpis.yaml:8:30: label must be a map of names to values, not a single value\n"
	     "  a: {formula: spend, label: Biaya}\n"
	     "                             ^\n"
	     "kpis.yaml:9:31: unknown key 'de'\n"
	     "  b: {formula: spend, label: {de: Kosten, en: }}\n"
	     "                              ^\n"
	     "kpis.yaml:9:43: en is empty\n"
	     "  b: {formula: spend, label: {de: Kosten, en: }}\n"
	     "                                          ^\n"},
	{"a_name_has_one_meaning",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  spend: {formula: spend}\n"
	     "  visits: {formula: visits + leads}\n"
	     "  leads: {formula: leads}\n"
	     "  leads: {formula: leads}\n",
	     "kpis.yaml:9:3: a measure is called 'visits'; a KPI of that name can only be 'formula: visits'\n"
	     "  visits: {formula: visits + leads}\n"
	     "  ^\n"
	     "kpis.yaml:11:3: 'leads' is given twice; the first is in line 10\n"
	     "  leads: {formula: leads}\n"
	     "  ^\n"},
	{"spend_by_names_dimensions",
	     "version: 1\n"
	     "spend_by: [campaign, chanel, campaign, [team]]\n"
	     "measures: {}\n"
	     "kpis: {}\n",
	     "kpis.yaml:2:22: unknown dimension 'chanel', did you mean 'channel'?\n"
	     "spend_by: [campaign, chanel, campaign, [team]]\n"
	     "                     ^\n"
	     "kpis.yaml:2:30: dimension 'campaign' stands twice\n"
	     "spend_by: [campaign, chanel, campaign, [team]]\n"
	     "                             ^\n"
	     "kpis.yaml:2:40: a dimension must be a single value, not a list\n"
	     "spend_by: [campaign, chanel, campaign, [team]]\n"
	     "                                       ^\n"},
	{"spend_by_is_a_list",
	     "version: 1\n"
	     "spend_by: campaign\n"
	     "measures: {}\n"
	     "kpis: {}\n",
	     "kpis.yaml:2:11: spend_by must be a list, not a single value\n"
	     "spend_by: campaign\n"
	     "          ^\n"},
	{"measures_have_a_limit",
	     "version: 1\n"
	     "measures:\n"
	     "  m0: {from: visit, take: count}\n"
	     "  m1: {from: visit, take: count}\n"
	     "  m2: {from: visit, take: count}\n"
	     "  m3: {from: visit, take: count}\n"
	     "  m4: {from: visit, take: count}\n"
	     "  m5: {from: visit, take: count}\n"
	     "  m6: {from: visit, take: count}\n"
	     "  m7: {from: visit, take: count}\n"
	     "  m8: {from: visit, take: count}\n"
	     "  m9: {from: visit, take: count}\n"
	     "  m10: {from: visit, take: count}\n"
	     "  m11: {from: visit, take: count}\n"
	     "  m12: {from: visit, take: count}\n"
	     "  m13: {from: visit, take: count}\n"
	     "  m14: {from: visit, take: count}\n"
	     "  m15: {from: visit, take: count}\n"
	     "  m16: {from: visit, take: count}\n"
	     "  m17: {from: visit, take: count}\n"
	     "  m18: {from: visit, take: count}\n"
	     "  m19: {from: visit, take: count}\n"
	     "  m20: {from: visit, take: count}\n"
	     "  m21: {from: visit, take: count}\n"
	     "  m22: {from: visit, take: count}\n"
	     "  m23: {from: visit, take: count}\n"
	     "  m24: {from: visit, take: count}\n"
	     "  m25: {from: visit, take: count}\n"
	     "  m26: {from: visit, take: count}\n"
	     "  m27: {from: visit, take: count}\n"
	     "  m28: {from: visit, take: count}\n"
	     "  m29: {from: visit, take: count}\n"
	     "  m30: {from: visit, take: count}\n"
	     "  m31: {from: visit, take: count}\n"
	     "  m32: {from: visit, take: count}\n"
	     "  m33: {from: visit, take: count}\n"
	     "  m34: {from: visit, take: count}\n"
	     "  m35: {from: visit, take: count}\n"
	     "  m36: {from: visit, take: count}\n"
	     "  m37: {from: visit, take: count}\n"
	     "  m38: {from: visit, take: count}\n"
	     "  m39: {from: visit, take: count}\n"
	     "  m40: {from: visit, take: count}\n"
	     "  m41: {from: visit, take: count}\n"
	     "  m42: {from: visit, take: count}\n"
	     "  m43: {from: visit, take: count}\n"
	     "  m44: {from: visit, take: count}\n"
	     "  m45: {from: visit, take: count}\n"
	     "  m46: {from: visit, take: count}\n"
	     "  m47: {from: visit, take: count}\n"
	     "  m48: {from: visit, take: count}\n"
	     "  m49: {from: visit, take: count}\n"
	     "kpis: {}\n",
	     "kpis.yaml:51:3: more than 48 measures\n"
	     "  m48: {from: visit, take: count}\n"
	     "  ^\n"
	     "kpis.yaml:52:3: more than 48 measures\n"
	     "  m49: {from: visit, take: count}\n"
	     "  ^\n"},
	{"kpis_have_a_limit",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis:\n"
	     "  k0: {formula: visits}\n"
	     "  k1: {formula: visits}\n"
	     "  k2: {formula: visits}\n"
	     "  k3: {formula: visits}\n"
	     "  k4: {formula: visits}\n"
	     "  k5: {formula: visits}\n"
	     "  k6: {formula: visits}\n"
	     "  k7: {formula: visits}\n"
	     "  k8: {formula: visits}\n"
	     "  k9: {formula: visits}\n"
	     "  k10: {formula: visits}\n"
	     "  k11: {formula: visits}\n"
	     "  k12: {formula: visits}\n"
	     "  k13: {formula: visits}\n"
	     "  k14: {formula: visits}\n"
	     "  k15: {formula: visits}\n"
	     "  k16: {formula: visits}\n"
	     "  k17: {formula: visits}\n"
	     "  k18: {formula: visits}\n"
	     "  k19: {formula: visits}\n"
	     "  k20: {formula: visits}\n"
	     "  k21: {formula: visits}\n"
	     "  k22: {formula: visits}\n"
	     "  k23: {formula: visits}\n"
	     "  k24: {formula: visits}\n"
	     "  k25: {formula: visits}\n"
	     "  k26: {formula: visits}\n"
	     "  k27: {formula: visits}\n"
	     "  k28: {formula: visits}\n"
	     "  k29: {formula: visits}\n"
	     "  k30: {formula: visits}\n"
	     "  k31: {formula: visits}\n"
	     "  k32: {formula: visits}\n"
	     "  k33: {formula: visits}\n"
	     "  k34: {formula: visits}\n"
	     "  k35: {formula: visits}\n"
	     "  k36: {formula: visits}\n"
	     "  k37: {formula: visits}\n"
	     "  k38: {formula: visits}\n"
	     "  k39: {formula: visits}\n"
	     "  k40: {formula: visits}\n"
	     "  k41: {formula: visits}\n"
	     "  k42: {formula: visits}\n"
	     "  k43: {formula: visits}\n"
	     "  k44: {formula: visits}\n"
	     "  k45: {formula: visits}\n"
	     "  k46: {formula: visits}\n"
	     "  k47: {formula: visits}\n"
	     "  k48: {formula: visits}\n"
	     "  k49: {formula: visits}\n"
	     "  k50: {formula: visits}\n"
	     "  k51: {formula: visits}\n"
	     "  k52: {formula: visits}\n"
	     "  k53: {formula: visits}\n"
	     "  k54: {formula: visits}\n"
	     "  k55: {formula: visits}\n"
	     "  k56: {formula: visits}\n"
	     "  k57: {formula: visits}\n"
	     "  k58: {formula: visits}\n"
	     "  k59: {formula: visits}\n"
	     "  k60: {formula: visits}\n"
	     "  k61: {formula: visits}\n"
	     "  k62: {formula: visits}\n"
	     "  k63: {formula: visits}\n"
	     "  k64: {formula: visits}\n"
	     "  k65: {formula: visits}\n",
	     "kpis.yaml:72:3: more than 64 KPIs\n"
	     "  k64: {formula: visits}\n"
	     "  ^\n"
	     "kpis.yaml:73:3: more than 64 KPIs\n"
	     "  k65: {formula: visits}\n"
	     "  ^\n"},
	{"a_broken_file",
	     "version: 1\n"
	     "measures:\n"
	     "  visits: {from: visit, take: count}\n"
	     "  leads: {from: lead, take: stage(lead)}\n"
	     "  spend: {from: spend, take: sum(amt)}\n"
	     "  amount: {from: sale, take: sum(amt)}\n"
	     "kpis: {a: {formula: spend\n",
	     "kpis.yaml:8:1: not YAML: missing comma in flow mapping\n"
	     "\n"
	     "^\n"},
};

static void
every_mistake_is_told_at_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct config_problems problems = {0};
		struct kpi_set *set = calloc(1, sizeof(*set));
		bool good = kpi_file_parse(set, "kpis.yaml", slice_of(table[i].text), 2, &problems);
		problems_sort(&problems);
		assert_int_equal(good, problems.errors == 0);
		if (!slice_is(buf_slice(&problems.text), table[i].expected))
			fail_msg("%s:\n%.*s--- expected:\n%s", table[i].name, (int)problems.text.len,
			         (const char *)problems.text.data, table[i].expected);
		problems_fini(&problems);
		kpi_set_fini(set);
		free(set);
	}
}

static struct kpi_set *
read_good(const char *text, int decimals)
{
	struct config_problems problems = {0};
	struct kpi_set *set = calloc(1, sizeof(*set));
	if (!kpi_file_parse(set, "kpis.yaml", slice_of(text), decimals, &problems))
		fail_msg("%.*s", (int)problems.text.len, (const char *)problems.text.data);
	problems_fini(&problems);
	return set;
}

static void
a_measure_is_read_as_written(void **state)
{
	(void)state;
	struct kpi_set *set = read_good("version: 1\n"
	                                "measures:\n"
	                                "  good: {from: lead, where: {stage: [mql, sql], channel: Organic Search}, take: count}\n"
	                                "  units: {from: refund, take: sum(qty)}\n"
	                                "  media: {from: spend, where: {cost_type: media}, take: sum(amt)}\n"
	                                "kpis: {}\n", 2);
	assert_int_equal(set->measure_count, 3);
	const struct measure *good = &set->measure[0];
	assert_int_equal(good->from, EVENT_LEAD);
	assert_int_equal(good->take, TAKE_COUNT);
	assert_int_equal(good->unit, UNIT_COUNT);
	assert_int_equal(good->where_count, 2);
	assert_int_equal(good->where[0].field, WHERE_STAGE);
	assert_int_equal(good->where[0].count, 2);
	assert_int_equal(good->where[0].number[0], STAGE_MQL);
	assert_int_equal(good->where[0].number[1], STAGE_SQL);
	assert_int_equal(good->where[1].field, TEXT_CHAN);
	assert_string_equal(good->where[1].value[0], "Organic Search");
	assert_int_equal(set->measure[1].num, NUM_QTY);
	assert_int_equal(set->measure[1].unit, UNIT_COUNT);
	assert_int_equal(set->measure[2].take, TAKE_SUM);
	assert_int_equal(set->measure[2].unit, UNIT_MONEY);
	assert_int_equal(set->measure[2].where[0].field, WHERE_COST_TYPE);
	kpi_set_fini(set);
	free(set);
}

static void
stages_and_bookings_are_read_as_written(void **state)
{
	(void)state;
	struct kpi_set *set = read_good("version: 1\n"
	                                "measures:\n"
	                                "  mql: {from: lead, where: {channel: Referral}, take: stage(mql)}\n"
	                                "  won: {from: lead, take: cohort(customer)}\n"
	                                "  now_sql:\n"
	                                "    from: lead\n"
	                                "    take: cohort(sql, mql)\n"
	                                "  sold: {from: refund, booked: as_sold, take: sum(amt)}\n"
	                                "  late: {from: refund, booked: as_refunded, take: sum(amt)}\n"
	                                "  lost: {from: refund, where: {matched: no}, take: count}\n"
	                                "  met: {from: refund, where: {matched: yes}, take: count}\n"
	                                "kpis:\n"
	                                "  moves: {formula: mql + won}\n"
	                                "  flow: {formula: won / mql}\n", 2);
	static const struct {
		uint8_t take, stage, of, unit;
		bool as_sold;
	} want[] = {
	    {TAKE_STAGE, STAGE_MQL, STAGE_NONE, UNIT_COUNT, false},
	    {TAKE_COHORT, STAGE_CUSTOMER, STAGE_LEAD, UNIT_COUNT, false},
	    {TAKE_COHORT, STAGE_SQL, STAGE_MQL, UNIT_COUNT, false},
	    {TAKE_SUM, STAGE_NONE, STAGE_NONE, UNIT_MONEY, true},
	    {TAKE_SUM, STAGE_NONE, STAGE_NONE, UNIT_MONEY, false},
	    {TAKE_COUNT, STAGE_NONE, STAGE_NONE, UNIT_COUNT, false},
	    {TAKE_COUNT, STAGE_NONE, STAGE_NONE, UNIT_COUNT, false},
	};
	for (size_t m = 0; m < sizeof(want) / sizeof(want[0]); m++) {
		assert_int_equal(set->measure[m].take, want[m].take);
		assert_int_equal(set->measure[m].stage, want[m].stage);
		assert_int_equal(set->measure[m].of, want[m].of);
		assert_int_equal(set->measure[m].unit, want[m].unit);
		assert_int_equal(set->measure[m].as_sold, want[m].as_sold);
	}
	assert_int_equal(set->measure[0].where[0].field, TEXT_CHAN);
	assert_int_equal(set->measure[5].where[0].field, WHERE_MATCHED);
	assert_int_equal(set->measure[5].where[0].number[0], 0);
	assert_int_equal(set->measure[6].where[0].number[0], 1);
	assert_int_equal(set->measure[6].where[0].count, 1);
	kpi_set_fini(set);
	free(set);
}

static void
spend_is_known_by_what_the_file_says(void **state)
{
	(void)state;
	static const struct {
		const char *spend_by;
		uint8_t dims;
	} files[] = {
	    {"", 1 << TEXT_CAMP | 1 << TEXT_CHAN | 1 << TEXT_SRC | 1 << TEXT_MED},
	    {"spend_by: []\n", 0},
	    {"spend_by: [product, campaign]\n", 1 << TEXT_PROD | 1 << TEXT_CAMP},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char text[200];
		snprintf(text, sizeof(text), "version: 1\n%smeasures: {}\nkpis: {}\n", files[i].spend_by);
		struct kpi_set *set = read_good(text, 2);
		assert_int_equal(set->spend_dims, files[i].dims);
		kpi_set_fini(set);
		free(set);
	}
}

/* It is compared with the den of a value: minor units of money, times what constants add. */
static void
a_smallest_denominator_is_kept_in_units_of_den(void **state)
{
	(void)state;
	static const char *const text = "version: 1\n"
	                                "measures:\n"
	                                "  spend: {from: spend, take: sum(amt)}\n"
	                                "  amount: {from: sale, take: sum(amt)}\n"
	                                "  leads: {from: lead, take: stage(lead)}\n"
	                                "kpis:\n"
	                                "  cost: {formula: spend / leads, min_denominator: 5, direction: down}\n"
	                                "  back: {formula: amount / spend, min_denominator: 1000.5}\n"
	                                "  kept: {formula: 0.35 * amount / spend, min_denominator: 2}\n"
	                                "  none: {formula: amount / spend}\n";
	static const int64_t with_2[] = {5, 100050, 2 * 100 * 100, 0}, with_0[] = {5, 1001, 2 * 100, 0};
	for (int decimals = 0; decimals <= 2; decimals += 2) {
		struct kpi_set *set = read_good(text, decimals);
		for (int k = 0; k < 4; k++)
			assert_int_equal(set->kpi[k].min_denominator, decimals ? with_2[k] : with_0[k]);
		assert_int_equal(set->kpi[0].direction, DIRECTION_DOWN);
		assert_int_equal(set->kpi[0].unit, UNIT_MONEY);
		assert_int_equal(set->kpi[1].unit, UNIT_RATIO);
		assert_int_equal(set->kpi[1].direction, DIRECTION_UP);
		kpi_set_fini(set);
		free(set);
	}
}

static void
labels_and_the_formula_as_written_are_kept(void **state)
{
	(void)state;
	struct kpi_set *set = read_good("version: 1\n"
	                                "measures: {visits: {from: visit, take: count}}\n"
	                                "kpis:\n"
	                                "  twice: {formula: \"2 *  visits\", label: {id: Dua kali, en: Twice}}\n"
	                                "  bare: {formula: twice}\n", 2);
	assert_string_equal(set->kpi[0].text, "2 *  visits");
	assert_string_equal(set->kpi[0].label_id, "Dua kali");
	assert_string_equal(set->kpi[0].label_en, "Twice");
	assert_null(set->kpi[1].label_en);
	const int64_t totals[MEASURES_MAX] = {21};
	assert_int_equal(formula_value(&set->kpi[1].formula, totals).num, 42);
	kpi_set_fini(set);
	free(set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_mistake_is_told_at_its_place),
	    cmocka_unit_test(a_measure_is_read_as_written),
	    cmocka_unit_test(stages_and_bookings_are_read_as_written),
	    cmocka_unit_test(spend_is_known_by_what_the_file_says),
	    cmocka_unit_test(a_smallest_denominator_is_kept_in_units_of_den),
	    cmocka_unit_test(labels_and_the_formula_as_written_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
