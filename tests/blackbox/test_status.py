"""`laju status` and `laju explain`, and the questions behind them on the snapshot port."""
import json
import re
import unittest

import harness
import msgpack
import zmq
from harness import DAY_MS, Server, deadline, now_ms, sale

BAD = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]')


def ask(server, *message):
  """One question, one answer: [kind, body]."""
  with server.socket(zmq.DEALER, 'publish.snapshot') as socket:
    socket.send(msgpack.packb(list(message)))
    assert socket.poll(deadline(10)()), 'no answer'
    return msgpack.unpackb(socket.recv())


def status(server, lsn):
  """`laju status -o json`, once its figures are as of lsn: they are told once a second."""
  left = deadline(10)
  while True:
    done = server.laju('status', '-o', 'json')
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    if told['lsn'] >= lsn and told['rows'] >= lsn:
      return told
    assert left(), told


class Status(harness.Case):

  def test_figures_add_up(self):
    with Server('currency: IDR', 'zone: Asia/Jakarta') as server, server.sender() as sender:
      sender.send(sale('a', cust='ani', camp='x'), sale('b', amt=1.5), sale('c', ts=now_ms() - 70 * DAY_MS))
      sender.send(sale('d', cust='ani'))
      lsn = sender.send({'id': 'k', 't': 'void', 'ts': now_ms(), 'ref': 'nobody', 'cust': 'ani', 'rev': 1})['lsn']
      told = status(server, lsn)
      counted = {name: n for name, n in told['events'].items() if n}
      self.assertEqual({'ok': 3, 'bad_amount': 1, 'too_late': 1}, counted)
      self.assertEqual((1, 1, 3), (told['state']['parked'], told['state']['entities'], told['state']['facts']))
      self.assertEqual(('Asia/Jakarta', 'IDR', 'wall', harness.DURABILITY, False),
                       tuple(told[key] for key in ('zone', 'cur', 'clock', 'dur', 'demo')))
      self.assertEqual(2, told['since']['dead_letters'])
      others = ('kernel', 'rows', 'resident', 'memory_max', 'journal', 'journal_max', 'image')
      tables = {name: n for name, n in told['bytes'].items() if name not in others}
      self.assertLessEqual(sum(tables.values()), told['bytes']['kernel'])
      self.assertGreater(told['bytes']['resident'], told['bytes']['kernel'])
      sender.send(sale('a', cust='ani', camp='x', ts=now_ms() - 5))  # another content: the id is taken
      self.assertEqual(1, status(server, lsn + 1)['events']['id_conflict'])

  def test_tables_name_every_figure_with_its_meaning(self):
    with Server() as server, server.sender() as sender:
      told = status(server, sender.send(sale('a'), sale('b', ts=now_ms() + DAY_MS))['lsn'])
      shown = server.laju('status')
      self.assertEqual(0, shown.returncode, shown.stderr)
      for name in (*told['state'], *told['since'], 'version', 'durability'):
        self.assertRegex(shown.stdout, r'(?m)^%s +\S+' % name)
      self.assertRegex(shown.stdout, r'(?m)^events +2 ')
      self.assertEqual([], told['alarms'])
      self.assertNotIn('ALARM', shown.stdout)
      self.assertRegex(shown.stdout, r'(?m)^future_ts +1  refused$')
      self.assertNotIn('bad_amount', shown.stdout)
      memory = server.laju('status', '--memory')
      self.assertEqual(0, memory.returncode, memory.stderr)
      for name, taken in told['bytes'].items():
        self.assertRegex(memory.stdout, r'(?m)^%s +' % name)
        if name in ('series', 'facts'):
          each = '{:,.1f}'.format(taken / told['state'][name])
          self.assertRegex(memory.stdout, r'(?m)^%s +\d+ +%s +%s  ' % (name, '{:,}'.format(taken), each))
      self.assertRegex(memory.stdout, r'(?m)^memory_max +[\d,]+ +the budget')

  def test_demonstration_says_so(self):
    with Server(command=('demo',)) as server:
      shown = server.laju('status')
      self.assertIn('DEMO', shown.stdout)
      self.assertIn('DEMO', shown.stderr)

  def test_no_server_is_status_4_and_slips_are_2(self):
    nowhere = 'tcp://127.0.0.1:%d' % harness.free_ports(1)[0]
    for command in (('status',), ('explain', 'roi', 'd/all'), ('explain', '--event', 'x')):
      done = harness.run(*command, '--snapshot', nowhere, '--timeout', '300ms')
      self.assertEqual((4, ''), (done.returncode, done.stdout), done.stderr)
    for command in (('status', 'x'), ('status', '-o', 'xml'), ('explain',), ('explain', 'roi', 'd', 'e'),
                    ('explain', 'roi', 'q/all'), ('explain', '--event', ''), ('explain', '--event', 'x' * 65),
                    ('explain', 'roi', '--event', 'x'),
                    ('explain', '--cust', 'x'), ('explain', 'rio')):
      done = harness.run(*command)
      self.assertEqual((2, ''), (done.returncode, done.stdout), done.stderr)
    self.assertIn("no KPI 'rio', did you mean 'roi'?", done.stderr)

  def test_broken_questions_are_refused_in_words(self):
    with Server() as server:
      for message in (('I1', 1), ('I1',), ('V1', {}), ('V1', {'id': 5}), ('V1', {'id': 'x' * 65}), ('I2', {})):
        kind, body = ask(server, *message)
        self.assertEqual(('X1', 'bad_request'), (kind, body['code']), message)
      self.assertEqual('J1', ask(server, 'I1', {'later': [1]})[0])
      self.assertEqual('no', ask(server, 'V1', {'id': 'x'})[1]['known'])

  def test_a_flood_of_questions_is_answered_or_refused_and_harms_nobody(self):
    with Server() as server, server.sender() as sender:
      lsn = sender.send(sale('a', cust='ani'))['lsn']
      with server.socket(zmq.DEALER, 'publish.snapshot') as socket:
        socket.sndhwm = 0
        for _ in range(5000):
          socket.send(msgpack.packb(['V1', {'id': 'a', 'cust': 'ani'}]))
        left = deadline(10)
        assert socket.poll(left()), 'no answer at all'
      self.assertEqual(1, server.measure('kpi/d/all/all', 'sale_events', lsn=lsn))
      left = deadline(10)
      while True:  # what is left of the flood may still be in the way
        kind, body = ask(server, 'V1', {'id': 'a', 'cust': 'ani'})
        if kind == 'W1':
          break
        self.assertEqual(('X1', 'too_many'), (kind, body['code']))
        assert left(), 'still refused'
      self.assertEqual('kept', body['known'])


class Explain(harness.Case):

  def test_kpi_needs_no_server(self):
    done = harness.run('explain', 'roi')
    self.assertEqual((0, ''), (done.returncode, done.stderr))
    for words in ('roi: Revenue ROI / ROI pendapatan\n', '((sales_amount - refunds_as_sold) * 1 - spend) / spend',
                  'sum of amt over refund events, at the time of their sale', 'Spend is known by campaign'):
      self.assertIn(words, done.stdout)
    told = json.loads(harness.run('explain', 'cac_paid', '-o', 'json').stdout)
    self.assertEqual(['new_customers_paid', 'media_spend'], [measure['name'] for measure in told['measures']])
    self.assertEqual(('sum(amt)', 'cost_type is media'), (told['measures'][1]['take'], told['measures'][1]['where']))
    self.assertNotIn('rows', told)

  def test_examples_of_its_help_work(self):
    examples = re.findall(r'(?m)^(?:Examples: | {10})laju (explain .*)$', harness.run('explain', '--help').stdout)
    self.assertEqual(3, len(examples))
    with Server() as server, server.sender() as sender:
      sender.send(sale('o-1001', cust='c-77', camp='spring'))
      server.measure('kpi/r30d/campaign/spring', 'sale_events')
      for example in examples:
        done = server.laju(*example.split())
        self.assertEqual(0, done.returncode, (example, done.stderr))

  def test_row_shows_arithmetic_bounds_and_what_was_left_out(self):
    with Server() as server, server.sender() as sender:
      sender.send(sale('a', cust='ani', camp='x', amt=250000), sale('b', cust='ani', camp='x', amt=1.5),
                  {'id': 'r', 't': 'refund', 'ts': now_ms(), 'cust': 'ani', 'ref': 'a', 'amt': 50000},
                  {'id': 'u', 't': 'refund', 'ts': now_ms(), 'cust': 'ani', 'ref': 'z', 'camp': 'x', 'amt': 1})
      status(server, sender.send({'id': 's', 't': 'spend', 'ts': now_ms(), 'camp': 'x', 'amt': 100000})['lsn'])
      done = server.laju('explain', 'roas', 'r30d/campaign/x')
      self.assertEqual((0, ''), (done.returncode, done.stderr))
      for words in ('r30d/campaign/x  (numbers of ', '(2,500.00 - 500.01) / 1,000.00 = 2.000\n',
                    '= no value: no spend\n', 'refunds in cur whose sale is not known: 1\n', '  bad_amount 1\n'):
        self.assertIn(words, done.stdout)
      told = json.loads(server.laju('explain', 'roas', 'd/campaign/*', '-o', 'json').stdout)
      row, = told['rows']
      shown = server.snapshot('kpi/d/campaign/x')['kpi/d/campaign/x']
      for part, asked in (('cur', shown), ('prev', shown['prev']), ('ptd', shown['ptd'])):
        self.assertEqual((asked['lo'], asked['hi'], asked['kpi']['roas']),
                         (row[part]['lo'], row[part]['hi'], row[part]['value']))
        self.assertEqual({'sales_amount', 'refunds_as_sold', 'spend'}, set(row[part]['measures']))
      self.assertEqual((1, 0), (told['not_counted']['bad_amount'], told['not_counted']['parked']))
      done = server.laju('explain', 'roas', 'd/campaign/nobody')
      self.assertEqual(0, done.returncode)
      self.assertIn('no row matches d/campaign/nobody', done.stderr)

  def test_another_file_of_kpis_is_told(self):
    with Server() as server, server.sender() as sender:
      lsn = sender.send(sale('a', camp='x', amt=300))['lsn']
      server.snapshot('kpi/d/', lsn=lsn)
      mine = ('version: 1\nmeasures:\n  sales_amount: {from: sale, take: sum(amt)}\n'
              'kpis:\n  revenue: {formula: sales_amount * 2}\n  mine: {formula: sales_amount}\n')
      path = server.write('my.kpis.yaml', mine)
      done = server.laju('explain', 'revenue', 'd/campaign/x', '--set', 'kpis=' + path)
      self.assertEqual(1, done.returncode)
      self.assertIn('3.00 * 2 = 3.00', done.stdout)
      self.assertIn("the server's values are not this formula's", done.stderr)
      done = server.laju('explain', 'mine', 'd/campaign/x', '--set', 'kpis=' + path)
      self.assertEqual((1, ''), (done.returncode, done.stdout))
      self.assertIn('the server has no such KPI', done.stderr)
      done = server.laju('explain', 'mine', '--set', 'kpis=' + path + '.gone')
      self.assertEqual(3, done.returncode, done.stderr)

  def test_event_tells_the_choice_of_its_touch(self):
    at = now_ms()
    with Server() as server, server.sender() as sender:
      sender.send(sale('s', ts=at, cust='ani', amt=500, lead='L'))
      told = json.loads(server.laju('explain', '--event', 's', '--cust', 'ani', '-o', 'json').stdout)
      self.assertEqual(('kept', 'direct', 'Direct', True),
                       (told['known'], told['origin'], told['counted']['channel'], told['first']))
      sender.send({'id': 'v', 't': 'visit', 'ts': at - 1000, 'cust': 'ani', 'camp': 'spring', 'src': 'google',
                   'med': 'cpc'})
      told = json.loads(server.laju('explain', '--event', 's', '--cust', 'ani', '-o', 'json').stdout)
      self.assertEqual(('customer', at - 1000, 'spring', 'Paid Search'),
                       (told['origin'], told['touch'], told['counted']['campaign'], told['counted']['channel']))
      sender.send({'id': 'l', 't': 'lead', 'ts': at - 2000, 'cust': 'ani', 'camp': 'fair', 'lead': 'L',
                   'team': 'north'},
                  {'id': 'r', 't': 'refund', 'ts': at, 'cust': 'ani', 'ref': 's', 'amt': 700})
      done = server.laju('explain', '--event', 's', '--cust', 'ani')
      for words in ('the last touch of its lead', 'fair', 'refunds: 1, together 5.00: all of it'):
        self.assertIn(words, done.stdout)
      self.assertRegex(done.stdout, r'(?m)^  team +- +north +its lead$')
      done = server.laju('explain', '--event', 'r', '--cust', 'ani')
      self.assertIn('it counts with amt 5.00 of 7.00', done.stdout)
      self.assertIn('matched with its sale', done.stdout)
      self.assertIn('nothing can change it', server.laju('explain', '--event', 'v', '--cust', 'ani').stdout)
      self.assertIn('not known', server.laju('explain', '--event', 's', '--cust', 'budi').stdout)

  def test_hostile_servers_are_made_harmless(self):
    from test_rows import END, Played, empty_row
    evil = '\x7f\x9b2J\u202e\u2066\u200e'
    info = ['J1', {'laju': evil, 'zone': evil, 'cur': evil, 'dec': 18, 'dur': evil, 'clock': evil, 'demo': False,
                   'at': -2**63 + 1, 'now': 2**63 - 1, 'lag_ms': -2**63, 'lsn': 2**64 - 1,
                   'alarms': [evil, 'clock_jump'], 'events': {evil: 2**64 - 1}, 'state': {evil: 2**64 - 1},
                   'bytes': {evil: 2**64 - 1, 'series': 1}, 'since': {evil: 0}}]
    view = ['W1', {'known': 'kept', 't': 'refund', 'counts': True, 'amt': -2**63, 'amt_counts': 2**63 - 1, 'ts': -2**63,
                   'given': {'campaign': evil}, 'counted': {'campaign': evil}}]
    numbers = {'cur': {'spend': -2**63, 'refunds_as_sold': 2**63 - 1}, 'kpi': {'roas': [None, evil]}}
    row = empty_row(**numbers, prev={'lo': -2**63, 'hi': 2**63 - 1, **numbers})
    answers = {'I1': [info], 'V1': [view], 'S1': [['R1', [['kpi/d/campaign/%C2%9B%1B%7F%0A', row]]], END]}
    with Played(lambda request: answers.get(request[0], ())) as played:
      for command in (('status',), ('status', '-m'), ('status', '-o', 'json'), ('explain', 'roas', 'd/*'),
                      ('explain', 'roas', 'd/*', '-o', 'json'), ('explain', '--event', evil),
                      ('explain', '--event', 'x', '-o', 'json')):
        done = harness.run(*command, '--snapshot', played.endpoint)
        self.assertEqual(0, done.returncode, (command, done.stderr))
        self.assertIsNone(BAD.search(done.stdout + done.stderr), repr(done.stdout))
    for answer in (['X1', {'code': evil, 'text': evil}], ['J1', 5], ['W1', 5], [], 5):
      with Played(lambda _, answer=answer: [answer]) as played:
        for command in (('status',), ('explain', '--event', 'x')):
          done = harness.run(*command, '--snapshot', played.endpoint)
          self.assertEqual((1, ''), (done.returncode, done.stdout), done.stderr)
          self.assertIsNone(BAD.search(done.stderr), repr(done.stderr))
    with Played(lambda _: ()) as played:
      done = harness.run('status', '--snapshot', played.endpoint, '--timeout', '300ms')
      self.assertEqual(4, done.returncode, done.stderr)
      self.assertIn('no answer within', done.stderr)


if __name__ == '__main__':
  unittest.main()
