"""What subscribers get: rows, versions, snapshots, heartbeats, decay; and the clients `laju query` and `laju send`."""
import itertools
import json
import re
import shlex
import threading
import time
import unittest

import harness
import msgpack
import zmq
from harness import DAY_MS, MINUTE_MS, Server, deadline, now_ms, sale, version

ALL = 'kpi/r1d/all/all'
NOON = 1700049600000 - 1700049600000 % DAY_MS + DAY_MS // 2  # of a day in the past, for clock: events
EVENTS = 'clock: events'


class Rows(harness.Case):

  def test_event_reaches_every_window_of_its_rows(self):
    at = now_ms()
    with Server() as server, server.sender() as sender, server.rows('kpi/') as rows:
      sender.send(sale('a', ts=at, amt=250, camp='launch', qty=3))
      for window in ('r1d', 'r7d', 'r30d', 'd', 'w', 'm'):
        for place in ('all/all', 'campaign/launch'):
          row = rows.measure('kpi/%s/%s' % (window, place), 'sale_events', 1)
          self.assertEqual((250, 3), (row['cur']['sales_amount'], row['cur']['units_sold']))
          self.assertTrue(row['lo'] <= at < row['hi'], row)
          self.assertTrue(row['prev']['hi'] <= row['lo'] and not any(row['prev']['cur'].values()), row)
          self.assertEqual(window in 'dwm', row['ptd'] is not None)

  def test_rolling_bounds_are_as_wide_as_their_names(self):
    with Server() as server, server.sender() as sender:
      lsn = sender.send(sale('a'))['lsn']
      for window, days in (('r1d', 1), ('r7d', 7), ('r30d', 30)):
        row = server.snapshot('kpi/%s/all/all' % window, lsn=lsn)['kpi/%s/all/all' % window]
        self.assertEqual((days * DAY_MS, days * DAY_MS), (row['hi'] - row['lo'], row['prev']['hi'] - row['prev']['lo']))
        self.assertEqual(row['lo'], row['prev']['hi'])

  def test_kpi_is_a_number_a_ratio_or_a_reason(self):
    with Server() as server, server.sender() as sender:
      lsn = sender.send(sale('a', amt=300), {'id': 'b', 't': 'spend', 'ts': now_ms(), 'amt': 200})['lsn']
      kpi = server.snapshot(ALL, lsn=lsn)[ALL]['kpi']
      self.assertEqual(300, kpi['revenue'])
      self.assertEqual(3 * kpi['roas'][1], 2 * kpi['roas'][0])
      self.assertEqual(kpi['roi'][1], 2 * kpi['roi'][0])
      nothing, reason = kpi['cpl_events']
      self.assertIsNone(nothing)
      self.assertIn('lead', reason)

  def test_kpi_of_spend_has_no_value_by_team(self):
    with Server() as server, server.sender() as sender:
      lsn = sender.send({'id': 'a', 't': 'spend', 'ts': now_ms(), 'amt': 200, 'camp': 'x', 'team': 'east'},
                        sale('b', amt=300, camp='x', team='east'))['lsn']
      rows = server.snapshot('kpi/r1d/', lsn=lsn)
      self.assertEqual([300, 200], rows['kpi/r1d/campaign/x']['kpi']['roas'])
      team = rows['kpi/r1d/team/east']
      for part in (team, team['prev']):
        self.assertEqual([None, 'spend is not known by team'], part['kpi']['roas'])
      self.assertEqual(300, team['kpi']['revenue'])
      asked = server.laju('query', 'r1d/team/*', '-k', 'roas,revenue', '-o', 'json')
      self.assertIn('[null,"spend is not known by team"]', asked.stdout.replace(', ', ','))

  def test_phone_number_is_one_customer_by_option(self):
    """A refund finds its sale by whichever way its customer is written; without the option they never meet."""
    events = [sale('s1', cust='0812-3456 7890'), sale('s2', cust='+62 812 3456 7890'), sale('s3', cust='C-1'),
              {'id': 'r1', 't': 'refund', 'ts': now_ms(), 'amt': 40, 'cust': '6281234567890', 'ref': 's1'}]
    for setting, customers, unmatched in (('phone_country: 62', 2, 0), ('', 3, 1)):
      with self.subTest(setting), Server(setting) as server, server.sender() as sender:
        row = server.snapshot(ALL, lsn=sender.send(*events)['lsn'])[ALL]
        self.assertEqual((customers, unmatched), (row['kpi']['customers'], row['kpi']['refunds_unmatched']))
        again = sender.send({**events[0], 'cust': '(0812) 34567890'})
        self.assertEqual((0, 1) if setting else (1, 0), (again['ok'], again['dup']))

  def test_versions_grow_and_the_channel_counts_without_gaps(self):
    with Server() as server, server.sender() as sender, server.rows('kpi/r1d/campaign/', 'hb/') as rows:
      rows.until(lambda last: 'hb/' in last)
      for turn in range(30):
        sender.send(*(sale('%d-%d' % (turn, i), camp='c%d' % (i % 7)) for i in range(turn + 1)))
      last_lsn = sender.send(sale('last', camp='last'))['lsn']
      rows.until(lambda last: last['hb/']['lsn'] >= last_lsn and 'kpi/r1d/campaign/last' in last)
      published = [row for topic, row in rows.all if topic.startswith('kpi/')]
      self.assertEqual([row['c'] for row in published], list(range(1, len(published) + 1)))
      self.assertEqual([row['s'] for row in published], sorted({row['s'] for row in published}))
      self.assertEqual(1, len({row['e'] for row in published}))
      self.assertEqual(published[-1]['c'], rows.last['hb/']['ch']['r1d/campaign'])
      self.assertLess(len(published), sum(range(1, 31)) + 1, 'rows are conflated')

  def test_many_events_of_a_moment_make_few_rows(self):
    with Server() as server, server.sender() as sender, server.rows(ALL) as rows:
      sender.send(*(sale(str(i)) for i in range(5000)))
      rows.measure(ALL, 'sale_events', 5000)
      self.assertLess(len(rows.all), 100)

  def test_new_subscription_is_answered_with_hello_and_its_rows(self):
    with Server() as server, server.sender() as sender:
      lsn = sender.send(*(sale(str(i), camp='c%d' % i) for i in range(20)))['lsn']
      held = server.snapshot('kpi/r7d/campaign/', lsn=lsn)
      with server.rows('hello/', 'kpi/r7d/campaign/') as rows:
        rows.until(lambda last: 'hello/' in last and len(last) == 21)
        hello = rows.last.pop('hello/')
        self.assertEqual(('UTC', 'IDR', False), (hello['zone'], hello['cur'], hello['demo']))
        self.assertIn('campaign', hello['rollups'])
        self.assertEqual({topic: (version(row), row['cur']) for topic, row in held.items()},
                         {topic: (version(row), row['cur']) for topic, row in rows.last.items()})

  def test_topic_parts_are_percent_encoded(self):
    names = ['a/b', '100 %', 'Rp Ü', '(none)', '~none', 'x' * 255, 'x' * 254 + 'y']
    with Server('rollups: [campaign, campaign+product]') as server, server.sender() as sender:
      lsn = sender.send(*(sale(str(i), camp=name, prod='p/q') for i, name in enumerate(names)), sale('without'))['lsn']
      rows = server.snapshot('kpi/r1d/campaign/', lsn=lsn)
      for topic in ('a%2Fb', '100%20%25', 'Rp%20%C3%9C', '%28none%29'):
        self.assertEqual(1, rows['kpi/r1d/campaign/' + topic]['cur']['sale_events'], topic)
      hashed = {topic: row for topic, row in rows.items() if row['f'] & 4}
      self.assertEqual({'x' * 255, 'x' * 254 + 'y'}, {row['key'] for row in hashed.values()})
      for topic in rows:
        self.assertLessEqual(len(topic), 240)
      pair = server.snapshot('kpi/r1d/campaign+product/a%2Fb/', lsn=lsn)
      self.assertEqual(['kpi/r1d/campaign+product/a%2Fb/p%2Fq'], list(pair))


class Snapshots(harness.Case):

  def test_snapshot_holds_what_was_published(self):
    with Server() as server, server.sender() as sender, server.rows('kpi/') as rows:
      lsn = sender.send(*(sale(str(i), camp='c%d' % (i % 5), team='t%d' % (i % 3)) for i in range(50)))['lsn']
      held = server.snapshot('kpi/', lsn=lsn)
      self.assertEqual(6 * (1 + 5 + 1 + 5 + 3 + 1), len(held))
      rows.until(lambda last: set(last) == set(held) and all(version(last[topic]) == version(held[topic]) for topic in held))
      self.assertEqual({topic: row['cur'] for topic, row in held.items()},
                       {topic: row['cur'] for topic, row in rows.last.items()})

  def test_lsn_of_an_ack_is_waited_for(self):
    with Server() as server, server.sender() as sender:
      for turn in range(50):
        lsn = sender.send(sale(str(turn)))['lsn']
        self.assertEqual(turn + 1, server.measure(ALL, 'sale_events', lsn=lsn))

  def test_since_brings_only_what_changed(self):
    with Server('rollups: [all, campaign]') as server, server.sender() as sender:
      lsn = sender.send(*(sale(str(i), camp='c%d' % i) for i in range(10)))['lsn']
      _, end = server.listed('kpi/r1d/', lsn=lsn)
      lsn = sender.send(sale('more', camp='c3'))['lsn']
      changed, later = server.listed('kpi/r1d/', lsn=lsn, since=[end['e'], end['s']])
      self.assertEqual({ALL, 'kpi/r1d/campaign/c3'}, {topic for topic, _ in changed})
      self.assertFalse(later['reset'])
      self.assertEqual([], server.listed('kpi/r1d/', since=[later['e'], later['s']])[0])

  def test_since_of_another_epoch_brings_everything_marked_reset(self):
    with Server('rollups: [all, campaign]') as server, server.sender() as sender:
      lsn = sender.send(*(sale(str(i), camp='c%d' % i) for i in range(10)))['lsn']
      _, end = server.listed('kpi/', lsn=lsn)
      rows, again = server.listed('kpi/r1d/', since=[end['e'] - 1, end['s']])
      self.assertEqual((11, True), (len(rows), again['reset']))

  def test_chunks_come_under_credit_and_stay_small(self):
    with Server('rollups: [campaign]') as server, server.sender() as sender:
      lsn = sender.send(*(sale(str(i), camp='campaign %d' % i) for i in range(4000)))['lsn']
      with server.socket(zmq.DEALER, 'publish.snapshot') as ask:
        ask.send(msgpack.packb(['S1', {'p': 'kpi/r1d/', 'n': 2, 'lsn': lsn}]))
        chunks, topics = 0, set()
        while True:
          self.assertTrue(ask.poll(deadline(10)()))
          bytes_ = ask.recv()
          kind, body = msgpack.unpackb(bytes_)
          if kind == 'Z1':
            break
          self.assertLessEqual(len(bytes_), 256 << 10)
          chunks, topics = chunks + 1, topics | {topic for topic, _ in body}
          if chunks % 2 == 0:
            ask.send(msgpack.packb(['C1', 2]))
        self.assertEqual(4000, len(topics))
        self.assertGreater(chunks, 2)

  def test_subscriber_and_snapshot_together_lose_nothing(self):
    """The advice of the documents: subscribe, then ask, keep the higher version; while events keep coming."""
    with Server('rollups: [all, campaign]') as server, server.sender() as sender:
      for turn in range(40):
        if turn == 20:
          rows = server.rows('kpi/')
          held = server.snapshot('kpi/')
        lsn = sender.send(*(sale('%d-%d' % (turn, i), camp='c%d' % i) for i in range(turn + 1)))['lsn']
      final = server.snapshot('kpi/', lsn=lsn)
      with rows:
        def merged(last):
          best = {topic: max((row for row in (held.get(topic), last.get(topic)) if row), key=version)
                  for topic in {*held, *last}}
          return {topic: row['cur'] for topic, row in best.items()} == {topic: row['cur'] for topic, row in final.items()}
        rows.until(merged)


class Heartbeat(harness.Case):

  def test_heartbeat_names_every_channel_lsn_and_feeds(self):
    with Server('rollups: [all, campaign]', 'feeds: {web: {expect_every: 5m}}') as server, server.sender() as sender, \
        server.rows('hb/') as rows:
      lsn = sender.send(sale('a', feed='web'))['lsn']
      beat = rows.until(lambda last: last.get('hb/', {}).get('lsn', 0) >= lsn and last['hb/'])
      self.assertEqual({'%s/%s' % (window, rollup) for window in ('r1d', 'r7d', 'r30d', 'd', 'w', 'm')
                        for rollup in ('all', 'campaign')}, set(beat['ch']))
      self.assertEqual({1}, set(beat['ch'].values()))
      self.assertIn('web', beat['feeds'])
      self.assertEqual((harness.DURABILITY, False), (beat['dur'], beat['demo']))

  def test_a_lost_last_row_shows_in_the_heartbeat(self):
    """Who has missed rows of a channel sees a higher count there than in its newest row."""
    with Server('rollups: [campaign]') as server, server.sender() as sender:
      lsn = sender.send(sale('a', camp='x'))['lsn']
      row = server.snapshot('kpi/r1d/', lsn=lsn)['kpi/r1d/campaign/x']
      lsn = sender.send(sale('b', camp='y'))['lsn']  # as if this row had been dropped on the way
      with server.rows('hb/') as rows:
        beat = rows.until(lambda last: last.get('hb/', {}).get('lsn', 0) >= lsn and last['hb/'])
      self.assertEqual(row['c'] + 1, beat['ch']['r1d/campaign'])


class Time(harness.Case):
  """clock: events, so that a day passes in a moment."""

  def test_rolling_window_slides_empty_by_ticks_alone(self):
    with Server(EVENTS) as server, server.sender() as sender, server.rows('kpi/r1d/all/', 'roll/r1d') as rows:
      sender.send(sale('a', ts=NOON), sale('b', ts=NOON + MINUTE_MS))
      rows.measure(ALL, 'sale_events', 2)
      sender.tick(NOON + DAY_MS - 1)
      rows.until(lambda last: last.get('roll/r1d', {}).get('at', 0) >= NOON + DAY_MS - 1)
      self.assertEqual(2, rows.last[ALL]['cur']['sale_events'])
      sender.tick(NOON + DAY_MS)
      row = rows.measure(ALL, 'sale_events', 1)
      self.assertEqual(NOON + MINUTE_MS, row['lo'])
      sender.tick(NOON + DAY_MS + MINUTE_MS)
      row = rows.measure(ALL, 'sale_events', 0)
      self.assertEqual(2, row['prev']['cur']['sale_events'])

  def test_calendar_day_ends_at_midnight_of_the_zone(self):
    with Server(EVENTS, 'zone: Asia/Jakarta') as server, server.sender() as sender:
      midnight = NOON - NOON % DAY_MS + 17 * 3600 * 1000  # 00:00 in Jakarta is 17:00 UTC
      lsn = sender.send(sale('a', ts=midnight - 1))['lsn']
      self.assertEqual(1, server.measure('kpi/d/all/all', 'sale_events', lsn=lsn))
      lsn = sender.tick(midnight)['lsn']
      row = server.snapshot('kpi/d/all/all', lsn=lsn)['kpi/d/all/all']
      self.assertEqual((0, 1), (row['cur']['sale_events'], row['prev']['cur']['sale_events']))
      self.assertEqual((midnight, midnight), (row['lo'], row['prev']['hi']))

  def test_row_that_is_empty_for_good_goes_and_says_so(self):
    with Server(EVENTS, 'rollups: [all, campaign]') as server, server.sender() as sender, server.rows('kpi/r1d/campaign/') as rows:
      sender.send(sale('a', ts=NOON, camp='x'))
      topic = 'kpi/r1d/campaign/x'
      rows.measure(topic, 'sale_events', 1)
      sender.tick(NOON + 100 * DAY_MS)
      gone = rows.until(lambda last: last[topic]['f'] & 2 and last[topic])
      self.assertFalse(any(gone['cur'].values()))

  def test_late_event_counts_in_every_window_that_contains_it(self):
    with Server(EVENTS) as server, server.sender() as sender:
      sender.send(sale('now', ts=NOON))
      lsn = sender.send(sale('late', ts=NOON - 2 * DAY_MS))['lsn']
      rows = server.snapshot('kpi/', lsn=lsn)
      self.assertEqual([1, 2, 2], [rows['kpi/%s/all/all' % window]['cur']['sale_events'] for window in ('r1d', 'r7d', 'r30d')])
      self.assertEqual(0, rows[ALL]['prev']['cur']['sale_events'], 'prev begins a minute after it')
      lsn = sender.send(sale('later', ts=NOON - 2 * DAY_MS + MINUTE_MS))['lsn']
      self.assertEqual(1, server.snapshot(ALL, lsn=lsn)[ALL]['prev']['cur']['sale_events'])


class Demo(harness.Case):

  def test_demo_feeds_itself_and_says_demo_everywhere(self):
    with Server(command=('demo',)) as server, server.rows('kpi/', 'hello/', 'hb/') as rows:
      rows.until(lambda last: last.get('kpi/r1d/all/all', {}).get('cur', {}).get('sale_events', 0) > 0
                 and 'hello/' in last and 'hb/' in last, seconds=30)
      self.assertTrue(rows.last['hello/']['demo'] and rows.last['hb/']['demo'])
      for topic, row in rows.all:
        if topic.startswith('kpi/'):
          self.assertTrue(row['f'] & 1, topic)
      self.assertIn('laju top', server.stderr())


def empty_row(**more):
  part = {'lo': 0, 'hi': 1, 'cur': {}, 'kpi': {}}
  return msgpack.packb({'v': 1, 'e': 1, 's': 1, 'c': 1, 'at': 0, 'f': 0, **part, 'prev': part, 'ptd': None, **more})


class Played:
  """The snapshot or acked port of a server that is played here; with Played(answer) as played: played.endpoint.
  answer(request) gives the messages to send, and may go on for ever: it is stopped at the end."""

  def __init__(self, answer):
    self.answer, self.over, self.context = answer, threading.Event(), zmq.Context()
    self.router = self.context.socket(zmq.ROUTER)
    self.router.linger = 0
    self.endpoint = 'tcp://127.0.0.1:%d' % self.router.bind_to_random_port('tcp://127.0.0.1')
    self.thread = threading.Thread(target=self.play)

  def play(self):
    while not self.over.is_set():
      if not self.router.poll(20):
        continue
      peer, request = self.router.recv_multipart()
      for message in self.answer(msgpack.unpackb(request)) or ():
        self.router.send_multipart((peer, msgpack.packb(message)))
        if self.over.is_set():
          return

  def __enter__(self):
    self.thread.start()
    return self

  def __exit__(self, *_):
    self.over.set()
    self.thread.join()
    self.router.close()
    self.context.term()

  def ask(self, command, *args):
    """`laju query`, `top` or `dlq` of it; the update port is one where nobody is."""
    updates = () if command == 'dlq' else ('--updates', 'tcp://127.0.0.1:%d' % harness.free_ports(1)[0])
    return harness.run(command, *args, '--snapshot', self.endpoint, *updates)


def once(*messages):
  """Answers a request with these; what is sent as credit is taken and no more."""
  return lambda request: messages if request[0] == 'S1' else ()


END = ['Z1', {'e': 1, 's': 1, 'reset': True}]


class Hostile(harness.Case):
  """Servers that do not keep to the protocol."""

  def test_snapshot_without_end_is_given_up(self):
    """2,000,000 rows are the limit; what is in them does not matter."""
    chunk = ['R1', [['t', b'']] * 50000]
    for command in (('query', 'd/all/all'), ('dlq', 'list'), ('top', '--once')):
      with Played(once(*[chunk] * 41)) as played:
        done = played.ask(*command)
        self.assertEqual((1, ''), (done.returncode, done.stdout), done.stderr)
        self.assertIn('the snapshot has no end, or more than 2000000 rows', done.stderr)

  def test_empty_chunks_without_end_are_no_answer(self):
    with Played(lambda request: itertools.repeat(['R1', []]) if request[0] == 'S1' else ()) as played:
      for command in (('query', 'd/all/all'), ('dlq', 'list'), ('top', '--once')):
        done = played.ask(*command, '--timeout', '500ms')
        self.assertEqual(4, done.returncode, done.stderr)
        self.assertIn('but no row and no end within 0.5 s', done.stderr)

  def test_unreadable_rows_are_told_and_end_with_1(self):
    rows = [['kpi/d/campaign/a', empty_row()], ['kpi/d/campaign/b', b'\xc1']]
    with Played(once(['R1', rows], END)) as played:
      done = played.ask('query', 'd/campaign/*', '-o', 'json')
      self.assertEqual(1, done.returncode, done.stderr)
      self.assertEqual(['a'], [row['key'] for row in json.loads(done.stdout)])
      self.assertEqual('laju query: 1 row of the server could not be read\n', done.stderr)
      done = played.ask('query', 'd/campaign/a', '-o', 'json')
      self.assertEqual((0, ''), (done.returncode, done.stderr))

  def test_nothing_to_show_is_no_failure(self):
    with Played(once(END)) as played:
      for args in ((), ('-o', 'json'), ('-o', 'csv'), ('-m',)):
        done = played.ask('query', 'd/campaign/x', *args)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('no row matches d/campaign/x', done.stderr)

  def test_answer_that_does_not_add_up_takes_no_dead_letter(self):
    letter = msgpack.packb({'v': 1, 'n': 1, 'at': 0, 'peer': 'p', 'code': 'bad_amount', 'text': 'no',
                            'raw': msgpack.packb(sale('a'))})
    for more, status, said in (({'ok': 1}, 0, 'taken'), ({}, 1, 'not answered'), ({'ok': 2}, 1, 'not answered')):
      with Played(once(['R1', [['dlq/bad_amount', letter]]], END)) as played, \
          Played(lambda request: [['A1', {'b': request[1][0], **more}]]) as acked:
        done = played.ask('dlq', 'replay', '--acked', acked.endpoint)
        self.assertEqual(status, done.returncode, done.stderr)
        self.assertIn(' %s ' % said, done.stdout.replace('\n', ' '))
        self.assertEqual(status == 1, 'an answer of the server does not add up' in done.stderr)

  def test_texts_of_a_server_are_made_harmless(self):
    evil = '\x7f\x9b2J\u202e\u2066\u200e'
    bad = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]')
    row = empty_row(kpi={'k': [None, evil]}, at=-2**63, lo=-2**63, hi=2**63 - 1)
    with Played(once(['R1', [['kpi/d/campaign/%C2%9B%1B%7F%0A', row]]], END)) as played:
      for form in ('table', 'csv', 'json'):
        done = played.ask('query', 'd/campaign/*', '-v', '-p', '-o', form)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIsNone(bad.search(done.stdout + done.stderr), repr(done.stdout))
        if form == 'json':
          row, = json.loads(done.stdout)
          self.assertEqual(('\x9b\x1b\x7f\n', [None, evil]), (row['key'], row['kpi']['k']))
        else:
          self.assertIn('????', done.stdout)
    with Played(once(['X1', {'code': evil, 'text': evil}])) as played:
      for command in (('query', 'd'), ('dlq', 'list'), ('top', '--once')):
        done = played.ask(*command)
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIsNone(bad.search(done.stderr), repr(done.stderr))
        self.assertIn('refused: ??2J???: ??2J???\n', done.stderr)


class Clients(harness.Case):

  def test_send_then_query(self):
    with Server() as server:
      path = server.write('events.ndjson', ''.join(json.dumps(sale(str(i), camp='c%d' % (i % 2))) + '\n' for i in range(10)))
      sent = server.laju('send', path)
      self.assertEqual(0, sent.returncode, sent.stderr)
      with server.rows(ALL) as rows:
        rows.measure(ALL, 'sale_events', 10)
      asked = server.laju('query', 'r1d/campaign/*', '-o', 'json')
      self.assertEqual(0, asked.returncode, asked.stderr)
      self.assertEqual({'c0': 5, 'c1': 5}, {row['key']: row['cur']['sale_events'] for row in json.loads(asked.stdout)})
      for form in ('table', 'csv'):
        asked = server.laju('query', 'r1d/all/all', '-o', form)
        self.assertEqual(0, asked.returncode, asked.stderr)
        self.assertGreaterEqual(asked.stdout.count('\n'), 2 if form == 'csv' else 1)

  def test_query_prints_only_the_kpis_asked_for_in_their_order(self):
    with Server() as server, server.sender() as sender:
      lsn = str(sender.send(sale('a', camp='x'), {'id': 'b', 't': 'spend', 'ts': now_ms(), 'amt': 50})['lsn'])
      asked = server.laju('query', 'd/all/all', '--wait-lsn', lsn, '-k', 'roas,revenue', '-o', 'json')
      row, = json.loads(asked.stdout)
      for part in (row, row['prev'], row['ptd']):
        self.assertEqual(['roas', 'revenue'], list(part['kpi']))
      self.assertEqual(100, row['kpi']['revenue'])
      self.assertEqual(100, row['cur']['sales_amount'], 'measures are no KPIs: a missing one would mean 0')

  def test_query_tells_what_there_is(self):
    """The example of its help works; unknown names are told with the near one, or with all."""
    with Server('rollups: [all, campaign]') as server, server.sender() as sender:
      lsn = str(sender.send(sale('a', camp='x'))['lsn'])
      example, = re.findall(r'(?m)^Example: laju (query .*)$', harness.run('query', '--help').stdout)
      _, _, *options = shlex.split(example)
      asked = server.laju('query', 'd/campaign/*', *options, '--wait-lsn', lsn)
      self.assertEqual(0, asked.returncode, asked.stderr)
      for pattern, kpi, status, told in (
          ('d/all/all', 'revenu', 2, "no KPI 'revenu' in these rows, did you mean 'revenue'?"),
          ('d/all/all', 'xyzzy', 2, "no KPI 'xyzzy' in these rows; there are revenue, "),
          ('d/campagne/*', 'revenue', 2, "'d/campagne/*': no such rollup, did you mean 'campaign'?"),
          ('d/person', 'revenue', 2, "'d/person': no such rollup (all, campaign)"),
          ('d/campaign/y*', 'revenue', 0, 'no row matches d/campaign/y*'),
          ('d/*/y*', 'revenue', 0, 'no row matches d/*/y*')):
        asked = server.laju('query', pattern, '-k', kpi)
        self.assertEqual(status, asked.returncode, asked.stderr)
        self.assertIn(told, asked.stderr)

  def test_send_names_the_line_of_what_was_refused(self):
    with Server() as server:
      path = server.write('events.ndjson', json.dumps(sale('a')) + '\n' + json.dumps(sale('b', amt=-1)) + '\n')
      sent = server.laju('send', path)
      self.assertEqual(5, sent.returncode, sent.stderr)
      self.assertIn('events.ndjson:2', sent.stderr)
      self.assertIn('bad_amount', sent.stderr)
      again = server.laju('send', path)
      self.assertEqual(5, again.returncode)
      self.assertIn('duplicate', again.stderr)

  def test_no_server_is_status_4(self):
    port, = harness.free_ports(1)
    nowhere = 'tcp://127.0.0.1:%d' % port
    begin = time.monotonic()
    for command in (('query', 'd/all/all', '--snapshot', nowhere, '--updates', nowhere),
                    ('send', '/dev/null', '--until', '2026-01-01T00:00:00Z', '--acked', nowhere)):
      done = harness.run(*command, '--timeout', '300ms')
      self.assertEqual(4, done.returncode, (command, done.stderr))
    self.assertLess(time.monotonic() - begin, 30 * harness.PATIENCE)

  def test_refused_events_are_listed_and_sent_again(self):
    with Server() as server, server.sender() as sender:
      sender.send(sale('a', amt=1.5), sale('b', ts=now_ms() + DAY_MS))
      listed = server.laju('dlq', 'list', '-o', 'json')
      self.assertEqual(0, listed.returncode, listed.stderr)
      for code in ('bad_amount', 'future_ts'):
        self.assertIn(code, listed.stdout)
      listed = server.laju('dlq', 'list', '--code', 'bad_amount')
      self.assertEqual((0, 1), (listed.returncode, listed.stdout.count(' bad_amount ')), listed.stderr)
      self.assertNotIn('future_ts', listed.stdout)
      for code, told in (('bad_amont', ", did you mean 'bad_amount'?"), ('ok', '--code ok: no such reason\n'),
                         ('too_big', 'no dead letters')):
        listed = server.laju('dlq', 'list', '--code', code)
        self.assertIn(told, listed.stderr)
        self.assertEqual(0 if code == 'too_big' else 2, listed.returncode)


if __name__ == '__main__':
  unittest.main()
