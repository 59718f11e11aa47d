"""What is acknowledged is there after a restart, however the service ended; what could not be kept is refused and said."""
import os
import random
import signal
import threading
import time
import unittest

import msgpack
import zmq

from harness import Case, DAY_MS, PATIENCE, Server, deadline, now_ms, run, sale

ALL = 'kpi/%s/all/all'
WINDOWS = ('r1d', 'r7d', 'r30d', 'd', 'w', 'm')


def durable(*lines, **more):
  return Server(*lines, durability=more.pop('durability', 'sync'), **more)


def numbers(server):
  """What every row says, without versions and times: what must be the same after a restart."""
  kept = {}
  for topic, row in server.snapshot('kpi/').items():
    kept[topic] = {part: (row if part == 'cur' else row.get(part) or {}).get('cur') for part in ('cur', 'prev', 'ptd')}
    kept[topic]['kpi'] = row['kpi']
  return kept


def mixed(name, ts, shape):
  """An event of a shop: every type, some customers again and again."""
  who = {'cust': 'c%d' % shape.randrange(20), 'camp': 'camp%d' % shape.randrange(4), 'src': shape.choice(('google', 'mail'))}
  kind = shape.randrange(6)
  if kind < 2:
    return {'id': name, 't': 'visit', 'ts': ts, 'visit': name, **who}
  if kind == 2:
    return {'id': name, 't': 'lead', 'ts': ts, 'lead': 'l%d' % shape.randrange(9), 'stage': shape.choice(('lead', 'mql', 'sql')), **who}
  if kind == 3:
    return {'id': name, 't': 'spend', 'ts': ts, 'amt': shape.randrange(500), 'ctype': 'media', 'camp': who['camp']}
  if kind == 4:
    return {'id': name, 't': 'refund', 'ts': ts, 'amt': 1, 'ref': name[:-1] + '0', 'cust': who['cust']}
  return sale(name, ts, **who)


class Restarts(Case):

  def fill(self, server, count=300):
    shape, now = random.Random(7), now_ms()
    with server.sender() as sender:
      for batch in range(3):
        ack = sender.send(*(mixed('e%d-%d' % (batch, n), now - shape.randrange(40) * DAY_MS // 2, shape) for n in range(count // 3)))
    server.snapshot(lsn=ack['lsn'])
    return ack

  def test_all_rows_are_as_before_after_an_orderly_end_and_after_a_kill(self):
    with durable('rollups: [all, campaign, channel]') as server:
      ack = self.fill(server)
      before = numbers(server)
      self.assertGreater(before[ALL % 'r30d']['cur']['visits'], 50)
      server.stop()
      server.start()
      self.assertEqual(before, numbers(server))
      server.kill()
      server.start()
      self.assertEqual(before, numbers(server))
      with server.sender() as sender:
        self.assertGreater(sender.send(sale('after'))['lsn'], ack['lsn'])
      self.assertIn('laju: recovered ', server.stderr())

  def test_an_event_from_before_a_restart_is_a_duplicate_after_it_and_a_changed_one_a_conflict(self):
    with durable() as server:
      event = sale('once', cust='c')
      with server.sender() as sender:
        self.assertEqual(1, sender.send(event)['ok'])
      server.kill()
      server.start()
      with server.sender() as sender:
        self.assertEqual(1, sender.send(event)['dup'])
        self.assertEqual('id_conflict', sender.send({**event, 'amt': 101})['rej'][0][1])
        ack = sender.send(sale('twice', cust='c'))
      self.assertEqual(200, server.measure(ALL % 'd', 'sales_amount', lsn=ack['lsn']))

  def test_write_survives_a_kill_and_none_begins_anew(self):
    for durability, expected in (('write', 100), ('none', 0)):
      with self.subTest(durability), durable(durability=durability) as server:
        with server.sender() as sender:
          sender.send(sale('s'))
        server.kill()
        server.start()
        self.assertEqual(expected, server.measure(ALL % 'd', 'sales_amount'))
        self.assertEqual(durability, msgpack_dur(server))

  def test_epochs_rise_and_a_subscriber_hears_of_the_restart_by_itself(self):
    with durable() as server:
      with server.sender() as sender:
        sender.send(sale('s1'))
      with server.rows('kpi/d/all/', 'hb/') as rows:
        first = rows.measure(ALL % 'd', 'sales_amount', 100)
        server.kill()
        server.start()
        with server.sender() as sender:
          sender.send(sale('s2'))
        begin = time.monotonic()
        second = rows.measure(ALL % 'd', 'sales_amount', 200)
        self.assertGreater(second['e'], first['e'])
        self.assertLess(time.monotonic() - begin, 2 * PATIENCE)
        self.assertEqual(second['e'], rows.until(lambda last: last.get('hb/', first)['e'] > first['e'] and last['hb/'])['e'])

  def test_another_rollup_and_zone_count_for_what_is_there_already(self):
    with durable('rollups: [all]') as server:
      self.fill(server)
      self.assertEqual({}, server.snapshot('kpi/d/campaign/'))
      server.kill()
      with open(server.config, encoding='utf-8') as file:
        text = file.read().replace('rollups: [all]', 'rollups: [all, campaign]\nzone: Asia/Jakarta')
      server.write('laju.yaml', text)
      server.start()
      rows = server.snapshot('kpi/r30d/')
      by_campaign = [row['cur'].get('visits', 0) for topic, row in rows.items() if '/campaign/' in topic]
      self.assertEqual(rows[ALL % 'r30d']['cur']['visits'], sum(by_campaign))
      self.assertGreater(len(by_campaign), 3)

  def test_an_alert_that_fired_is_still_there_and_the_one_that_was_over_is_not_told_anew(self):
    rule = 'alerts: [{name: low, kpi: revenue, rows: d/all/all, op: below, value: 100, severity: critical}]'
    with durable('clock: events', rule) as server:
      now = now_ms() // 60000 * 60000
      with server.sender() as sender:
        sender.send(sale('s', now, amt=1))
        ack = sender.tick(now + 120000)
      topic = 'alert/critical/low/all'
      before = server.snapshot('alert/', lsn=ack['lsn'])[topic]
      self.assertEqual('firing', before['to'])
      server.kill()
      server.start()
      after = server.snapshot('alert/')[topic]
      for part in ('at', 'since', 'from', 'to', 'value', 'text'):
        self.assertEqual(before[part], after[part])
      with server.heard('alert/') as rows:
        self.assertEqual('firing', rows.until(lambda last: last.get(topic))['to'])

  def test_a_directory_serves_one_service_and_one_currency(self):
    with durable() as server:
      second = run('serve', '-c', server.config)
      self.assertEqual(1, second.returncode)
      self.assertIn('is in use: process %d writes to it' % server.process.pid, second.stderr)
      with server.sender() as sender:
        sender.send(sale('s'))
      server.stop()
      other = run('serve', '-c', server.config, '--set', 'currency=USD')
      self.assertEqual(1, other.returncode)
      self.assertIn('was begun with currency IDR', other.stderr)
      server.start()
      self.assertEqual(100, server.measure(ALL % 'd', 'sales_amount'))

  def test_damage_is_refused_with_its_place_and_nothing_is_touched(self):
    with durable() as server:
      self.fill(server)
      server.stop()
      path = os.path.join(server.folder, 'laju-data', 'data.mdb')
      with open(path, 'r+b') as file:
        data = file.read()
        at = data.index(b'camp1')  # inside of a record
        file.seek(at)
        file.write(b'CAMP1')
      refused = run('serve', '-c', server.config)
      self.assertEqual(1, refused.returncode)
      self.assertIn('damaged', refused.stderr)
      self.assertRegex(refused.stderr, r'record \d+')
      with open(path, 'rb') as file:
        self.assertEqual(data[:at] + b'CAMP1' + data[at + 5:], file.read())


def msgpack_dur(server):
  with server.rows('hb/') as rows:
    return rows.until(lambda last: last.get('hb/'))['dur']


class Full(Case):

  def test_a_full_journal_refuses_goes_on_reading_and_takes_again_with_more_room(self):
    with durable('journal_max: 16MiB') as server:
      os.mkdir(os.path.join(server.folder, 'laju-data', 'image.tmp'))  # no image can be made: nothing can be trimmed
      sent, answer = 0, ['A1', None]
      with server.sender() as sender:
        while answer[0] == 'A1':
          self.assertLess(sent, 200)
          batch = [sale('s%d-%d' % (sent, n), amt=1, prod='p' * 200) for n in range(1000)]
          last, answer = answer, sender.raw(msgpack.packb(['E1', [sent, batch]]))
          sent += answer[0] == 'A1'
        self.assertEqual(('N1', 'storage_full', 1000), (answer[0], answer[1]['code'], answer[1]['retry_ms']))
        self.assertGreater(sent, 10)
        self.assertEqual(sent * 1000, server.measure(ALL % 'd', 'sales_amount', lsn=last[1]['lsn']))
        # Refused again, and again: nothing of it is kept, nothing grows.
        self.assertEqual('storage_full', sender.raw(msgpack.packb(['E1', [sent, batch]]))[1]['code'])
      with server.rows('hb/') as rows:
        rows.until(lambda last: 'storage_full' in last.get('hb/', {}).get('alarms', []))
      server.stop()
      os.rmdir(os.path.join(server.folder, 'laju-data', 'image.tmp'))
      with open(server.config, encoding='utf-8') as file:
        text = file.read().replace('16MiB', '64MiB')
      server.write('laju.yaml', text)
      server.start()
      self.assertEqual(sent * 1000, server.measure(ALL % 'd', 'sales_amount'))
      with server.sender() as sender:
        self.assertEqual('A1', sender.raw(msgpack.packb(['E1', [sent, batch]]))[0])
      with server.rows('hb/') as rows:
        rows.until(lambda last: 'storage_full' not in last.get('hb/', {'alarms': ['storage_full']})['alarms'])


class Load(threading.Thread):
  """A sender with several batches in flight that sends a batch until it is answered, across restarts."""
  EVENTS, AHEAD = 20, 8

  def __init__(self, server, name, stop):
    super().__init__()
    self.server, self.name, self.stopping = server, name, stop
    self.acked, self.unacked, self.made = set(), {}, 0
    self.ok = self.dup = 0

  def batch(self):
    self.made += 1
    return msgpack.packb(['E1', [self.made, [
      sale('%s-%d-%d' % (self.name, self.made, n), cust=self.name) for n in range(self.EVENTS)]]])

  def run(self):
    socket = self.server.socket(zmq.DEALER, 'ingest.acked')
    sent = {}
    while not self.stopping.is_set() or self.unacked:
      if self.stopping.is_set() and self.server.process is None:
        break
      while len(self.unacked) < self.AHEAD and not self.stopping.is_set():
        message = self.batch()
        self.unacked[self.made] = message
        socket.send(message)
        sent[self.made] = time.monotonic()
      if socket.poll(50):
        kind, body = msgpack.unpackb(socket.recv())
        if kind == 'A1' and body['b'] in self.unacked:
          del self.unacked[body['b']]
          self.acked.add(body['b'])
          self.ok, self.dup = self.ok + body['ok'], self.dup + body['dup']
        continue
      for number in list(self.unacked):  # a sender of a real shop waits for 10 s
        if time.monotonic() - sent[number] > 0.5 * PATIENCE:
          socket.send(self.unacked[number])
          sent[number] = time.monotonic()
    socket.close()


class Kills(Case):

  def test_killed_under_load_every_acked_event_counts_once_and_no_other_more_than_once(self):
    seed = int(os.environ.get('LAJU_SEED', time.time_ns() % 1000000))
    print('seed', seed)
    shape, stop = random.Random(seed), threading.Event()
    with durable('rollups: [all]') as server:
      loads = [Load(server, 'sender%d' % n, stop) for n in range(3)]
      for load in loads:
        load.start()
      try:
        for _ in range(6):
          time.sleep(shape.random() * 0.4)  # the kill may fall anywhere: nothing waits for it to be right
          server.kill()
          acked = {load.name: len(load.acked) for load in loads}
          server.start()
          counted = server.measure(ALL % 'd', 'sale_events')
          self.assertGreaterEqual(counted, sum(acked.values()) * Load.EVENTS)
      finally:
        stop.set()
        for load in loads:
          load.join()
      made = sum(load.made for load in loads) * Load.EVENTS
      self.assertEqual(made, sum(len(load.acked) for load in loads) * Load.EVENTS)
      self.assertEqual(made, sum(load.ok + load.dup for load in loads))
      server.stop()
      server.start()
      self.assertEqual(made, server.measure(ALL % 'd', 'sale_events'))


if __name__ == '__main__':
  unittest.main()
