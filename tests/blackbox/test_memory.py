"""A server at its memory budget: refuses, loses nothing, and takes events again when windows have given memory back."""
import json
import os
import unittest

import harness
import msgpack
import zmq
from harness import DAY_MS, MINUTE_MS, Server, deadline, sale

NOON = 1700049600000 - 1700049600000 % DAY_MS + DAY_MS // 2  # of a day in the past, for clock: events
MIB = 1 << 20
ALL = 'kpi/r1d/all/all'


def resident(server):
  with open('/proc/%d/statm' % server.process.pid, encoding='ascii') as file:
    return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def empty_server_mib():
  with Server('clock: events') as server:
    return resident(server) // MIB


def fill(server, sender):
  """Sales of ever new campaigns until the server has enough of them: the events acked, and the N1. Not faster than rows
  go out, so that the budget is not passed by much before that is seen."""
  acked = 0
  left = deadline(60)
  while left():
    sender.batches += 1
    batch = [sale('s%d' % i, ts=NOON, camp='c%d' % i) for i in range(acked, acked + 200)]
    kind, body = sender.raw(msgpack.packb(['E1', [sender.batches, batch]]))
    if kind == 'N1':
      return acked, body
    acked += body['ok']
    assert acked == server.measure(ALL, 'sale_events', lsn=body['lsn'])
  raise AssertionError('%d events, and no end of memory' % acked)


class Memory(harness.Case):

  def story(self, workers):
    environment = {'LAJU_INGEST_WORKERS': str(workers)}
    limit = 'memory_max: %dMiB' % (empty_server_mib() + 96)
    with Server('clock: events', limit, environment=environment) as server, server.sender() as sender, \
        server.rows('hb/') as beats, server.socket(zmq.PUSH, 'ingest.push') as push:
      acked, refusal = fill(server, sender)
      self.assertEqual(('overloaded', 'memory_max is used up'), (refusal['code'], refusal['text']))
      self.assertGreater(refusal['retry_ms'], 0)
      beat = beats.until(lambda last: last.get('hb/', {}).get('full') and last['hb/'])
      self.assertEqual(['memory_full'], beat['alarms'])
      self.assertEqual(['memory_full'], json.loads(server.laju('status', '-o', 'json').stdout)['alarms'])
      self.assertRegex(server.laju('status').stdout, r'(?m)^ALARM +memory_full +memory_max is used up')
      left = deadline(10)
      while 'events are refused for now' not in server.stderr():
        self.assertTrue(left(), server.stderr())
        beats.take()
      for i in range(100):
        push.send(msgpack.packb(sale('p%d' % i, ts=NOON + 100 * DAY_MS)))
      # What is in the log counts, no more and no less; what was pushed waits.
      lsn = sender.tick(NOON + MINUTE_MS)['lsn']
      beats.take()
      self.assertEqual(acked, server.measure(ALL, 'sale_events', lsn=lsn))
      for day in range(1, 101):
        sender.tick(NOON + day * DAY_MS)
      left = deadline(60)
      kind = 'N1'
      while kind != 'A1':
        self.assertTrue(left(), '%s, %d MiB' % (server.stderr(), resident(server) // MIB))
        beats.take()
        kind, _ = sender.raw(msgpack.packb(['E1', [0, [sale('again', ts=NOON + 100 * DAY_MS)]]]))
      with server.rows(ALL) as rows:
        rows.measure(ALL, 'sale_events', 101)
      beats.until(lambda last: not last['hb/']['full'] and not last['hb/']['alarms'])
      self.assertIn('events are taken again', server.stderr())
      self.assertEqual([], server.dead())

  def test_it_refuses_and_loses_nothing(self):
    self.story(workers=1)

  def test_it_refuses_and_loses_nothing_with_several_workers(self):
    self.story(workers=3)

  def test_without_a_budget_nothing_is_refused(self):
    with Server('clock: events', 'memory_max: 0') as server, server.sender() as sender:
      self.assertIn('memory up to all there is', server.stderr())
      for turn in range(20):
        sender.send(*(sale('s%d' % i, ts=NOON, camp='c%d' % i) for i in range(turn * 500, turn * 500 + 500)))


if __name__ == '__main__':
  unittest.main()
