"""Threshold rules through the sockets, under clock: events: each transition, the state kept for late askers."""
import unittest

import harness
from harness import DAY_MS, MINUTE_MS, Server, sale

NOON = 1700049600000 - 1700049600000 % DAY_MS + DAY_MS // 2
RULES = '''clock: events
rollups: [all, campaign]
alerts:
  - {name: few, kpi: sale_events, rows: r1d/all, op: below, value: 3, clear: 4, for: 5m, keep: 2m, severity: critical}
  - {name: many, kpi: sale_events, rows: "r1d/campaign/l*", op: above, value: 9, severity: info}
  - {name: dear, kpi: cpl_events, rows: r1d/all, op: above, value: 1.50}
  - {name: poor, kpi: roas, rows: r1d/all, op: below, value: 1}'''
FEW, MANY = 'alert/critical/few/all', 'alert/info/many/launch'
DEAR, POOR = 'alert/warning/dear/all', 'alert/warning/poor/all'


def story(rows, topic):
  return [(row['from'], row['to'], (row['at'] - NOON) // MINUTE_MS) for name, row in rows.all if name == topic]


class Alerts(harness.Case):

  def test_below_fires_after_its_time_and_clears_past_its_level(self):
    """Two sales: below 3. Held 5 minutes: firing. A third is not below 3, but not at 4 either: still firing. The
    fourth begins to clear, 2 minutes later it is ok. States change once a log minute."""
    with Server(RULES) as server, server.sender() as sender, server.heard('alert/') as rows:
      sender.send(sale('1', ts=NOON), sale('2', ts=NOON))
      for minute in range(1, 7):
        sender.tick(NOON + minute * MINUTE_MS)
      rows.until(lambda last: last.get(FEW, {}).get('to') == 'firing')
      fired = rows.last[FEW]
      self.assertEqual(('few', 'sale_events', 'r1d', 'all', 'all', 'below', 2, 3),
                       tuple(fired[name] for name in ('rule', 'kpi', 'window', 'rollup', 'key', 'op', 'value', 'limit')))
      self.assertTrue(fired['text'])
      sender.send(sale('3', ts=NOON + 7 * MINUTE_MS))
      sender.tick(NOON + 9 * MINUTE_MS)
      lsn = sender.tick(NOON + 9 * MINUTE_MS)['lsn']
      self.assertEqual('firing', server.snapshot('alert/', lsn=lsn)[FEW]['to'])
      sender.send(sale('4', ts=NOON + 10 * MINUTE_MS))
      for minute in range(11, 15):
        sender.tick(NOON + minute * MINUTE_MS)
      rows.until(lambda last: last[FEW]['to'] == 'ok')
      told = story(rows, FEW)
      self.assertEqual([('ok', 'pending'), ('pending', 'firing'), ('firing', 'clearing'), ('clearing', 'ok')],
                       [(begin, end) for begin, end, _ in told])
      pending, firing, clearing, ok = (minute for _, _, minute in told)
      self.assertEqual((5, 2), (firing - pending, ok - clearing))
      self.assertIn(pending, (0, 1))
      self.assertIn(clearing, (10, 11))

  def test_above_fires_at_once_for_the_keys_of_its_pattern_and_clears_by_decay(self):
    with Server(RULES) as server, server.sender() as sender, server.heard('alert/info/') as rows:
      sender.send(*(sale('%s%d' % (camp, i), ts=NOON, camp=camp) for camp in ('launch', 'other') for i in range(10)))
      sender.tick(NOON + MINUTE_MS)
      rows.until(lambda last: last.get(MANY, {}).get('to') == 'firing')
      sender.tick(NOON + DAY_MS)
      sender.tick(NOON + DAY_MS + MINUTE_MS)
      rows.until(lambda last: last[MANY]['to'] == 'ok')
      self.assertEqual({MANY}, {topic for topic, _ in rows.all})

  def test_late_asker_gets_the_present_state(self):
    with Server(RULES) as server, server.sender() as sender:
      sender.send(*(sale(str(i), ts=NOON, camp='launch') for i in range(10)))
      lsn = sender.tick(NOON + MINUTE_MS)['lsn']
      with server.heard('alert/') as rows:
        rows.until(lambda last: last.get(MANY, {}).get('to') == 'firing')
      self.assertEqual('firing', server.snapshot('alert/', lsn=lsn)[MANY]['to'])

  def test_spend_without_leads_is_above_every_limit_and_few_leads_are_not_judged(self):
    """cpl_events has no value without leads, which is worse than any; with 4 of the 5 leads it wants it changes nothing;
    with 100 leads it is 1.00, below 1.50."""
    with Server(RULES) as server, server.sender() as sender, server.heard('alert/warning/dear') as rows:
      sender.send({'id': 's', 't': 'spend', 'ts': NOON, 'amt': 10000})
      sender.tick(NOON + 2 * MINUTE_MS)
      leads = [{'id': str(i), 't': 'lead', 'ts': NOON + 3 * MINUTE_MS, 'lead': str(i)} for i in range(100)]
      sender.send(*leads[:4])
      sender.tick(NOON + 5 * MINUTE_MS)
      sender.send(*leads[4:])
      sender.tick(NOON + 7 * MINUTE_MS)
      rows.until(lambda last: last.get(DEAR, {}).get('to') == 'ok')
      told = [row for topic, row in rows.all if topic == DEAR]
      self.assertEqual(['firing', 'ok'], [row['to'] for row in told])
      self.assertIsNone(told[0]['value'][0])
      self.assertIn('lead', told[0]['value'][1])
      self.assertEqual([10000, 100], told[1]['value'])
      self.assertIn((told[1]['at'] - NOON) // MINUTE_MS, (5, 6))

  def test_kpi_without_a_value_changes_nothing(self):
    """Return on spend where nothing was spent is neither below nor above; with spend it is."""
    with Server(RULES) as server, server.sender() as sender, server.heard('alert/warning/poor') as rows:
      sender.send(sale('1', ts=NOON, amt=100))
      sender.tick(NOON + 5 * MINUTE_MS)
      sender.send({'id': 's', 't': 'spend', 'ts': NOON + 5 * MINUTE_MS, 'amt': 101})
      sender.tick(NOON + 7 * MINUTE_MS)
      rows.until(lambda last: POOR in last)
      self.assertEqual([('ok', 'firing')], [(begin, end) for begin, end, _ in story(rows, POOR)])
      self.assertEqual([100, 101], rows.last[POOR]['value'])
      self.assertGreaterEqual(rows.last[POOR]['at'], NOON + 5 * MINUTE_MS)


if __name__ == '__main__':
  unittest.main()
