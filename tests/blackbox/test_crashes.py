"""The real service ends, or its disk or memory fails, at the k-th write, sync, send or allocation of a script, for
every k: nothing that was acknowledged is lost, nothing counts twice.

crash_shim.c is preloaded into `laju serve` and does it. The script (SCRIPT below) is sent to the end or until the
service is gone; then a service without the shim starts on the same directory, whatever was not acknowledged is sent
again, and every row must say what it says after a run that nothing disturbed.

  LAJU_CRASHES=all   every k of everything; else every k of the kills at writes and syncs, and samples of the rest
  LAJU_SEED=n        chooses the samples
  LAJU_CRASH="('sync', {...})"   that case alone, as a failure names it
"""
import ast
import concurrent.futures
import contextlib
import os
import random
import signal
import struct
import time
import unittest

import msgpack
import zmq

import shim
from harness import Case, DAY_MS, PATIENCE, Server, deadline, surroundings

ALL = 'LAJU_CRASHES' in os.environ
SEED = int(os.environ.get('LAJU_SEED', time.time_ns() % 1000000))
ONE = ast.literal_eval(os.environ.get('LAJU_CRASH', 'None'))
AT_ONCE = 6  # cases at a time: each waits most of its time
THREADS = ('laju-ingest', 'laju-journal', 'laju-aggregate', 'laju-publish')
NOON = 1750075200000  # 2025-06-16, a Monday
# An event of the script adds 1 to one of them.
COUNTED = ('visits', 'sale_events', 'mql_events', 'spend', 'engagement')
# A peer here comes and goes just before the end: what libzmq's own thread has of it then is never freed. Other tests
# look for leaks.
NO_LEAKS = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'


def event(name, kind, at=0, /, **more):
  """Its product is its name: a row of its own says how often it counts."""
  last = name[-1]
  return {'id': name, 't': kind, 'ts': NOON + at, 'prod': name, 'camp': 'camp' + last, 'cust': 'c' + last, **more}


def bulk(count):
  """A batch of many pages, all under one product."""
  return [event('bulk%d' % n, 'visit', n, prod='bulk', camp='x' * 100 + str(n % 7)) for n in range(count)]


FIRST = [event('v1', 'visit'), event('v2', 'visit', 1), event('l1', 'lead', 2, lead='lead1', stage='mql'),
         event('s1', 'sale', 3, amt=700)]
BULK = 300
# Batches by number; a number alone is a tick so many ms after noon.
BATCHES = [
  FIRST,
  [event('fix', 'correct', 9, ref='sold', cust='c9', rev=1, amt=900),  # its original comes later
   event('p1', 'spend', 5, amt=1, ctype='media')],
  FIRST,  # a retry under another number
  [event('v3', 'visit', -10 * DAY_MS), event('s3', 'sale', -20 * DAY_MS, amt=50, cust='c1'),
   event('back', 'refund', 7, ref='s1', cust='c1', amt=200)],  # late ones
  [event('sold', 'sale', 4, cust='c9', amt=100), event('v4', 'visit', 8)],
  3600000,
  *([event('v%d1' % n, 'visit', 3600000 + n), event('s%d2' % n, 'sale', n, amt=n),
     event('e%d3' % n, 'engage', n, kind='like', n=1)] for n in range(5, 9)),
  bulk(BULK),
  FIRST[2:] + [event('last', 'sale', 3600100, amt=1)],
  2 * 3600000,
]
SCRIPT = [[0], [1], [2], [3], [4], [5], [6, 7, 8, 9], [10], [11, 12]]  # what is sent at once
MARKS = {'fix': None, 'back': None}  # do not count under their own names


def packed(number):
  batch = BATCHES[number]
  is_tick = isinstance(batch, int)
  return msgpack.packb(['T1' if is_tick else 'E1', [number, NOON + batch if is_tick else batch]])


def own(number):
  """Of its events those that no batch before it has."""
  return {name: count for name, count in names([number]).items() if name not in names(range(number))}


def size(number):
  return 0 if isinstance(BATCHES[number], int) else len(BATCHES[number])


def names(numbers):
  """The events of batches by their own rows, and how much each adds."""
  found = {}
  for number in numbers:
    for one in BATCHES[number] if size(number) else ():
      if one['id'] not in MARKS:
        found[one['prod']] = BULK if one['prod'] == 'bulk' else 1
  return found


def numbers(rows):
  """What rows say, without versions, times and noughts."""
  kept = {}
  for topic, row in rows.items():
    found = {'cur': row['cur'], **{part: (row.get(part) or {}).get('cur', {}) for part in ('prev', 'ptd')}}
    parts = {part: {name: value for name, value in found[part].items() if value} for part in found}
    if any(parts.values()):
      kept[topic] = parts, row['kpi']
  return kept


def counted(rows):
  """product -> how often its events count; the original of the correction has the correction's product."""
  found = {}
  for topic, row in rows.items():
    if topic.startswith('kpi/r30d/product/'):
      found[topic.rsplit('/', 1)[1]] = sum(row['cur'].get(name, 0) for name in COUNTED)
  found['sold'] = found.get('sold', 0) + found.pop('fix', 0)
  return found


class Victim(Server):
  """A service on pipes of its own folder, which may end at any moment."""

  def __init__(self, durability='sync'):
    super().__init__('clock: events', 'rollups: [all, campaign, product]', durability=durability, ports=(1, 2, 3, 4))
    with open(self.config, encoding='utf-8') as file:
      text = file.read()
    for name, old in self.endpoint.items():
      self.endpoint[name] = 'ipc://%s/%s' % (self.folder, name)
      text = text.replace(old, self.endpoint[name])
    self.write('laju.yaml', text)
    self.count = os.path.join(self.folder, 'count')

  def __enter__(self):
    return self  # started by shimmed() or plain()

  def socket(self, kind, name):
    made = self.context.socket(kind)
    made.linger = 0
    made.reconnect_ivl = 5
    made.connect(self.endpoint[name])
    return made

  def shimmed(self, **settings):
    """Starts with the shim; the settings are its own, without their SHIM_."""
    settings = {'FOLDER': os.path.join(self.folder, 'laju-data'), 'COUNT': self.count, **settings}
    self.environment = {**shim.environment(**settings), 'ASAN_OPTIONS': NO_LEAKS}
    with contextlib.suppress(FileNotFoundError):
      os.unlink(self.count)
    self.start()

  def plain(self):
    self.environment = surroundings(ASAN_OPTIONS=NO_LEAKS)
    self.start()

  def wait_ready(self):
    """Who uses it waits for answers, and sees when it is gone."""

  def calls(self):
    with open(self.count, 'rb') as file:
      return struct.unpack('<Q', file.read(8))[0]

  def wait(self):
    """Its end, after a SIGTERM; the exit status."""
    if self.process.poll() is None:
      self.process.send_signal(signal.SIGTERM)
    status = self.process.wait(20 * PATIENCE)
    self.process = None
    return status


class Client:
  """Sends the script; remembers what was answered."""

  def __init__(self, server):
    self.server = server
    self.dealer = server.socket(zmq.DEALER, 'ingest.acked')
    self.updates = server.subscriber('kpi/r30d/all/all', 'hb/')
    self.acked, self.refused, self.published, self.alarms = {}, {}, 0, None

  def close(self):
    self.dealer.close()
    self.updates.close()

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.close()

  def lsn(self):
    return max((ack['lsn'] for ack in self.acked.values()), default=0)

  def take(self):
    kind, body = msgpack.unpackb(self.dealer.recv())
    if kind == 'A1':
      assert body['ok'] + body['dup'] == size(body['b']), body
      self.acked[body['b']] = body
      self.refused.pop(body['b'], None)
    else:
      self.refused[body['b']] = body['code']
    return body['b']

  def hear(self):
    while self.updates.poll(0):
      topic, row = self.updates.recv_multipart()
      row = msgpack.unpackb(row)
      if topic == b'hb/':
        self.alarms = row['alarms']
      else:
        self.published = max(self.published, row['cur'].get('visits', 0) + row['cur'].get('sale_events', 0))

  def send(self, *batches):
    """False: the service is gone before all were answered."""
    open_, left = set(batches), deadline(10)
    for number in batches:
      self.dealer.send(packed(number))
    while open_:
      if self.dealer.poll(10):
        open_.discard(self.take())
      elif not self.server.alive():
        return False
      assert left(), 'no answer to %s; %s' % (open_, self.server.stderr())
    return True

  def run(self):
    """False: the service is gone before the end of the script."""
    whole = all(self.send(*step) for step in SCRIPT)
    self.hear()
    return whole

  def drain(self):
    """What was said before the end and is still on its way."""
    while self.dealer.poll(5):
      self.take()
    self.hear()

  def insist(self, batches):
    """Until each was taken."""
    left = deadline(10)
    for number in batches:
      while number not in self.acked:
        assert left(), 'still refused: %s; %s' % (self.refused, self.server.stderr())
        assert self.send(number), self.server.stderr()
        if number not in self.acked:
          time.sleep(0.05)

  def until_alarms(self, wanted):
    left = deadline(10)
    while self.alarms != wanted:
      assert left(), 'alarms are %s, not %s' % (self.alarms, wanted)
      self.updates.poll(50)
      self.hear()


class Crashes(Case):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    shim.check()
    print('seed', SEED)
    cls.shape = random.Random(SEED)
    cls.expected = {}

  def setUp(self):
    if 'rows' not in self.expected:
      self.undisturbed(CALLS='')

  def undisturbed(self, durability='sync', **settings):
    """How many calls a run has that nothing disturbs; its rows are what all others must have."""
    with Victim(durability) as server:
      server.shimmed(AT=0, **settings)
      with Client(server) as client:
        self.assertTrue(client.run(), server.stderr())
        self.assertEqual({}, client.refused)
      rows = numbers(server.snapshot('kpi/', lsn=client.acked[len(BATCHES) - 1]['lsn']))
      self.assertEqual(rows, self.expected.setdefault('rows', rows))
      self.assertEqual(names(range(len(BATCHES))), counted(server.snapshot('kpi/')))
      self.assertEqual(0, server.wait())
      return server.calls()

  def assert_recovered(self, server, client):
    """A service without faults on what the one before left behind."""
    server.plain()
    rows = server.snapshot('kpi/')
    counts = counted(rows)
    acked = names(client.acked)
    self.assertEqual(acked, {name: counts.get(name) for name in acked}, 'acked and lost, or counted twice')
    for number in set(range(len(BATCHES))) - set(client.acked):
      batch = {name: count for name, count in own(number).items() if name not in acked}
      there = {name: counts.get(name, 0) for name in batch}
      self.assertIn(there, (batch, dict.fromkeys(batch, 0)), 'batch %d is there in part, or twice' % number)
    whole = rows.get('kpi/r30d/all/all', {'cur': {}})['cur']
    self.assertGreaterEqual(whole.get('visits', 0) + whole.get('sale_events', 0), client.published,
                            'published and lost')
    with Client(server) as again:
      self.assertTrue(again.send(*(number for number in range(len(BATCHES)) if number not in client.acked)))
      self.assertTrue(again.send(2))
      self.assertEqual({}, again.refused)
      self.assertEqual(len(FIRST), again.acked[2]['dup'])
      self.assertGreater(min(ack['lsn'] for ack in again.acked.values()), client.lsn(), 'a number was given twice')
      self.assertEqual(self.expected['rows'], numbers(server.snapshot('kpi/', lsn=again.acked[2]['lsn'])))
    self.assertEqual(0, server.wait(), server.stderr())

  def killed(self, durability, **settings):
    """True: it was killed; else there were fewer calls this time."""
    with Victim(durability) as server:
      server.shimmed(ACT='kill', **settings)
      with Client(server) as client:
        client.run()
        status = server.wait()
        client.drain()
      self.assertIn(status, (0, -signal.SIGKILL))
      self.assert_recovered(server, client)
      return status != 0

  def failed(self, durability, **settings):
    """A disk that fails once or from then on; True: it did. What is refused is refused whole, the rest can be read."""
    with Victim(durability) as server:
      server.shimmed(**settings)
      with Client(server) as client:
        if not client.run():
          status = server.wait()
          self.assertEqual(1, status, 'it may refuse to start, and nothing else: ' + server.stderr())
          self.assertIn('laju-data', server.stderr())
          self.assertEqual({}, client.acked)
        else:
          self.assert_goes_on(server, client, settings)
          self.assertEqual(0, server.wait())
      reached = server.calls() >= settings['AT']
      self.assert_recovered(server, client)
      return reached

  def assert_goes_on(self, server, client, settings):
    may_heal = settings['ACT'] == 'ENOSPC' and 'ON' not in settings
    code = 'storage_full' if settings['ACT'] == 'ENOSPC' else 'storage_failed'
    self.assertLessEqual(set(client.refused.values()), {code})
    if client.refused:
      self.assert_refused_whole(server, client)
      if settings['AT'] % 4 == 0 and not may_heal:
        client.until_alarms([code])
    if may_heal:
      client.insist(range(len(BATCHES)))
      self.assertEqual(self.expected['rows'], numbers(server.snapshot('kpi/', lsn=client.lsn())))
      if settings['AT'] % 4 == 0:
        client.until_alarms([])

  def assert_refused_whole(self, server, client):
    none = dict.fromkeys(names(range(len(BATCHES))), 0)
    counts = counted(server.snapshot('kpi/', **({'lsn': client.lsn()} if client.acked else {})))
    self.assertEqual({**none, **names(client.acked)}, {**none, **counts})

  # --- many cases at a time ---

  def each(self, trial, cases, count=None):
    """Runs trial(durability, **settings) for all, or for so many; fails with the names of those that failed."""
    reached, wrong = 0, []
    if ONE is not None:
      cases = [case for case in cases if case == ONE]
    elif count is not None and not ALL:
      cases = self.shape.sample(cases, min(count, len(cases)))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
      made = {pool.submit(trial, durability, **settings): (durability, settings) for durability, settings in cases}
      for future in concurrent.futures.as_completed(made):
        try:
          reached += future.result()
        except Exception as error:  # pylint: disable=broad-except
          wrong.append('%s: %s' % (made[future], error))
    if wrong:
      self.fail('%d of %d:\n%s' % (len(wrong), len(cases), '\n'.join(wrong[:5])))
    print('%d cases, %d reached' % (len(cases), reached))
    if ONE is None:  # how many calls there are depends on what comes together: the last ones may not come
      self.assertGreaterEqual(reached, len(cases) * 0.3)

  def test_killed_at_each_write_and_sync(self):
    cases = []
    for durability in ('sync', 'write'):
      total = self.undisturbed(durability, CALLS='write,sync')
      print(durability, total, 'writes and syncs')
      cases += [(durability, {'CALLS': 'write,sync', 'AT': k, 'WHEN': when})
                for k in range(1, total + 1) for when in ('before', 'after')]
    self.each(self.killed, cases)

  def test_killed_at_sends_between_threads_and_to_clients(self):
    for thread in THREADS:
      total = self.undisturbed(CALLS='send', THREAD=thread)
      print(thread, total, 'sends')
      cases = [('sync', {'CALLS': 'send', 'THREAD': thread, 'AT': k, 'WHEN': when})
               for k in range(1, total + 1) for when in ('before', 'after')]
      self.each(self.killed, cases, 16)

  def test_a_disk_that_fails_is_refused_said_and_loses_nothing(self):
    cases = []
    for durability in ('sync', 'write'):
      total = self.undisturbed(durability, CALLS='write,sync')
      faults = [{'ACT': act, 'WHEN': when, **on} for act in ('EIO', 'short') for when in ('before', 'after')
                for on in ({}, {'ON': 1}) if (act, when) != ('short', 'after')]
      cases += [(durability, {'CALLS': 'write,sync', 'AT': k, **fault})
                for k in range(1, total + 1) for fault in faults]
    self.each(self.failed, cases, 80)

  def test_a_full_disk_is_refused_said_and_heals_by_itself(self):
    cases = []
    for durability in ('sync', 'write'):
      total = self.undisturbed(durability, CALLS='write')
      faults = [{'ACT': 'ENOSPC', 'WHEN': 'before', **on} for on in ({}, {'ON': 1})]
      cases += [(durability, {'CALLS': 'write', 'AT': k, **fault}) for k in range(1, total + 1) for fault in faults]
    self.each(self.failed, cases, 80)

  def starved(self, durability, **settings):
    """Memory that the program asked for is not there: it ends and says why. True: it did."""
    with Victim(durability) as server:
      server.shimmed(CALLS='alloc', ACT='none', **settings)
      with Client(server) as client:
        client.run()
        status, words = server.wait(), server.stderr()
        client.drain()
      self.assertIn((status, 'out of memory' in words), ((0, False), (1, True)), words)
      self.assert_recovered(server, client)
      return status != 0

  @unittest.skipIf(shim.sanitizers(), 'the sanitizer has its own malloc')
  def test_each_allocation_that_fails_ends_the_service_and_loses_nothing(self):
    total = self.undisturbed(CALLS='alloc')
    print(total, 'allocations')
    self.each(self.starved, [('sync', {'AT': k}) for k in range(1, total + 1)], 120)

  def test_a_disk_that_stays_full_refuses_until_it_has_room(self):
    for durability, act in (('sync', 'ENOSPC'), ('write', 'ENOSPC'), ('sync', 'short'), ('write', 'short')):
      with self.subTest(durability=durability, act=act), Victim(durability) as server:
        full = os.path.join(server.folder, 'full')
        server.shimmed(CALLS='write', ACT=act, WHILE=full)
        with Client(server) as client:
          for step in SCRIPT[:4]:
            client.send(*step)
          self.assertEqual({}, client.refused)
          with open(full, 'wb'):
            pass
          for _ in range(2):
            for step in SCRIPT[4:]:
              self.assertTrue(client.send(*step), server.stderr())
            self.assertEqual({'storage_full'}, set(client.refused.values()))
            self.assertEqual(4, len(client.acked))
            client.until_alarms(['storage_full'])
            self.assert_refused_whole(server, client)
          os.unlink(full)
          client.insist(range(len(BATCHES)))
          client.until_alarms([])
          self.assertEqual(self.expected['rows'], numbers(server.snapshot('kpi/', lsn=client.lsn())))
        self.assertEqual(0, server.wait())
        self.assert_recovered(server, client)


if __name__ == '__main__':
  unittest.main()
