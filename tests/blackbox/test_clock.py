"""A wall clock that jumps: the service does not follow it until it is confirmed; what it counted stays counted.

The wall clock of the real binary is moved by clock_shim.c, preloaded. A sanitizer that is a shared library wants to come
before anything preloaded; the shim needs nothing of it, so its order is not to be checked.
"""
import json
import os
import struct
import tempfile
import unittest

import harness
from harness import DAY_MS, MINUTE_MS, Server, now_ms, sale
from test_status import ask

SHIM = os.path.join(os.path.dirname(harness.LAJU), 'libclock_shim.so')
HOUR_MS, YEAR_MS = 60 * MINUTE_MS, 365 * DAY_MS
R1D, R30D = 'kpi/r1d/all/all', 'kpi/r30d/all/all'
NEAR_MS = int(20 * 1000 * harness.PATIENCE)  # how late a word about the present may reach us; far below any jump here


class Clock:
  """The clocks of the servers that get its environment: wall and boot clock, so many ms ahead of ours."""

  def __enter__(self):
    self.file = tempfile.NamedTemporaryFile(prefix='laju-clock-')
    self.sleep(0)
    return self

  def __exit__(self, *_):
    self.file.close()

  def jump(self, ahead_ms):
    os.pwrite(self.file.fileno(), struct.pack('=q', ahead_ms), 0)

  def sleep(self, ms):
    """The machine was suspended: one write, both clocks."""
    os.pwrite(self.file.fileno(), struct.pack('=qq', ms, ms), 0)

  def environment(self, **more):
    asan = os.environ.get('ASAN_OPTIONS', '').split(':') + ['verify_asan_link_order=0']
    return {'LD_PRELOAD': SHIM, 'CLOCK_SHIFT': self.file.name, 'ASAN_OPTIONS': ':'.join(filter(None, asan)), **more}


def beat(beats, wanted, seconds=2):
  """The next heartbeat of which wanted() is true. A jump has to show within 2 s."""
  beats.last.pop('hb/', None)
  return beats.until(lambda last: 'hb/' in last and wanted(last['hb/']) and last['hb/'], seconds)


def jumped(told):
  return told['alarms'] == ['clock_jump']


def calm(told):
  return told['alarms'] == []


class ClockTest(harness.Case):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    if not os.path.exists(SHIM):
      raise AssertionError('there is no %s: build the target clock_shim' % SHIM)

  def assertNear(self, expected_ms, ms):
    self.assertLess(abs(expected_ms - ms), NEAR_MS, 'off by %d s' % ((ms - expected_ms) // 1000))

  def story(self, jump_ms, **environment):
    """A jump and back again: time goes on as it was, nothing expires, everything true still counts."""
    with Clock() as clock, Server(environment=clock.environment(**environment)) as server, server.sender() as sender, \
        server.rows('hb/') as beats:
      at = now_ms()
      old = [sale('old-%d' % age, ts=at - age * HOUR_MS, cust='c%d' % age) for age in (1, 20, 240, 600)]
      lsn = sender.send(sale('now', ts=at), *old)['lsn']
      self.assertEqual(3, server.measure(R1D, 'sale_events', lsn=lsn))
      self.assertEqual(5, server.measure(R30D, 'sale_events', lsn=lsn))
      before = server.snapshot(R1D)[R1D]['at']
      beat(beats, calm)

      clock.jump(jump_ms)
      self.assertNear(now_ms(), beat(beats, jumped)['now'])
      self.assertEqual(['clock_jump'], json.loads(server.laju('status', '-o', 'json').stdout)['alarms'])
      self.assertRegex(server.laju('status').stdout, r'(?m)^ALARM +clock_jump +the wall clock jumped')
      self.assertIn('jumped %s by %d s' % ('ahead' if jump_ms > 0 else 'back', abs(jump_ms) // 1000), server.stderr())
      at = now_ms()
      ack = sender.send(sale('a', ts=at), sale('b', ts=at - 22 * HOUR_MS), sale('bad', amt='x'), sale('far', ts=at + HOUR_MS))
      self.assertEqual((2, ['bad_field', 'future_ts']), (ack['ok'], [rejected[1] for rejected in ack['rej']]), ack)
      self.assertEqual(5, server.measure(R1D, 'sale_events', lsn=ack['lsn']))
      self.assertEqual(7, server.measure(R30D, 'sale_events', lsn=ack['lsn']))
      self.assertNear(at, server.snapshot(R1D)[R1D]['at'])
      self.assertGreater(server.snapshot(R1D)[R1D]['at'], before)
      self.assertEqual('N1', sender.raw(b'never stored')[0])
      letters = server.dead()
      self.assertEqual(['bad_field', 'future_ts', 'bad_msgpack'], [letter['code'] for letter in letters])
      for letter in letters:
        self.assertNear(at, letter['at'])
      told = beat(beats, jumped)
      self.assertNear(now_ms(), told['now'])
      for age in told['feeds'].values():
        self.assertLess(age, NEAR_MS)

      clock.jump(0)
      beat(beats, calm)
      self.assertIn('followed again', server.stderr())
      ack = sender.send(sale('c'))
      self.assertEqual(6, server.measure(R1D, 'sale_events', lsn=ack['lsn']))
      self.assertNear(now_ms(), server.snapshot(R1D)[R1D]['at'])
      times = [row['now'] for topic, row in beats.all if topic == 'hb/']
      self.assertEqual(sorted(times), times)

  def test_year_ahead_is_not_followed(self):
    self.story(YEAR_MS)

  def test_year_ahead_is_not_followed_with_several_workers(self):
    self.story(YEAR_MS, LAJU_INGEST_WORKERS='3')

  def test_hour_back_is_not_followed(self):
    self.story(-HOUR_MS)

  def test_small_steps_are_followed_however_many(self):
    with Clock() as clock, Server(environment=clock.environment()) as server, server.rows('hb/') as beats:
      self.assertNear(now_ms(), beat(beats, calm)['now'])
      for steps in range(1, 4):
        ahead = steps * 4 * MINUTE_MS
        clock.jump(ahead)
        beat(beats, lambda told, ahead=ahead: told['now'] > now_ms() + ahead - MINUTE_MS)
        self.assertEqual([], beat(beats, lambda told: True)['alarms'])  # the service has looked in between
      self.assertNear(now_ms() + 12 * MINUTE_MS, beat(beats, calm)['now'])

  def test_suspended_machine_is_no_jump(self):
    with Clock() as clock, Server(environment=clock.environment()) as server, server.rows('hb/') as beats:
      beat(beats, calm)
      clock.sleep(3 * HOUR_MS)
      beat(beats, lambda told: told['now'] > now_ms() + 2 * HOUR_MS)
      self.assertEqual([], beat(beats, lambda told: True)['alarms'])  # the service has looked in between
      self.assertNear(now_ms() + 3 * HOUR_MS, beat(beats, calm)['now'])
      self.assertNotIn('clock_jump', server.stderr())

  def test_confirmed_jump_is_followed(self):
    with Clock() as clock, Server(environment=clock.environment()) as server, server.sender() as sender, \
        server.rows('hb/') as beats:
      lsn = sender.send(sale('a'))['lsn']
      self.assertEqual(1, server.measure(R1D, 'sale_events', lsn=lsn))
      done = server.laju('clock', 'confirm')
      self.assertEqual((0, 'nothing to confirm: the service follows its wall clock\n'), (done.returncode, done.stdout))

      clock.jump(YEAR_MS)
      beat(beats, jumped)
      done = server.laju('clock', 'confirm')
      self.assertEqual((0, ''), (done.returncode, done.stderr))
      self.assertRegex(done.stdout, r"^accepted: the wall clock had jumped ahead by 36[45] d; the service's time is 20\d\d-")
      self.assertNear(now_ms() + YEAR_MS, beat(beats, calm)['now'])
      ack = sender.send(sale('b', ts=now_ms() + YEAR_MS), sale('c', ts=now_ms()))
      self.assertEqual((1, 'too_late'), (ack['ok'], ack['rej'][0][1]))
      self.assertEqual(1, server.measure(R1D, 'sale_events', lsn=ack['lsn']))
      self.assertEqual('nothing to confirm: the service follows its wall clock\n', server.laju('clock', 'confirm').stdout)

      # Back again is a jump, too; and when it is confirmed, the log's time waits for the clock.
      clock.jump(0)
      beat(beats, jumped)
      self.assertRegex(server.laju('clock', 'confirm').stdout, r'^accepted: the wall clock had jumped back by 36[45] d; ')
      self.assertNear(now_ms(), beat(beats, calm)['now'])
      ack = sender.send(sale('d', ts=now_ms()), sale('e', ts=now_ms() + YEAR_MS))
      self.assertEqual((1, 'too_late'), (ack['ok'], ack['rej'][0][1]))
      self.assertEqual(2, server.measure(R1D, 'sale_events', lsn=ack['lsn']))
      self.assertGreater(server.snapshot(R1D)[R1D]['at'], now_ms() + YEAR_MS - HOUR_MS)

  def test_a_jump_is_not_believed_after_a_restart_either_and_a_confirmed_one_is(self):
    with Clock() as clock, Server(environment=clock.environment(), durability='sync') as server:
      with server.sender() as sender:
        sender.send(sale('a'))
      with server.rows('hb/') as beats:
        beat(beats, calm)
      server.kill()
      clock.jump(YEAR_MS)
      server.start()
      with server.rows('hb/') as beats, server.sender() as sender:
        self.assertNear(now_ms(), beat(beats, jumped)['now'])
        lsn = sender.send(sale('b'))['lsn']
        self.assertEqual(2, server.measure(R1D, 'sale_events', lsn=lsn))
        self.assertEqual(0, server.laju('clock', 'confirm').returncode)
        beat(beats, calm)
        beat(beats, calm)  # by the second one it is kept
      server.kill()
      server.start()
      with server.rows('hb/') as beats:
        self.assertNear(now_ms() + YEAR_MS, beat(beats, calm)['now'])

  def test_requests_are_answered_or_refused_in_words(self):
    with Server() as server:
      kind, body = ask(server, 'K1', {'later': 1})
      self.assertEqual(('L1', 0), (kind, body['jump']))
      self.assertNear(now_ms(), body['now'])
      for message in (('K1',), ('K1', 1)):
        kind, body = ask(server, *message)
        self.assertEqual(('X1', 'bad_request'), (kind, body['code']), message)

  def test_slips_are_2_and_nobody_there_is_4(self):
    for words in ((), ('confrim',), ('confirm', 'it'), ('confirm', '--force')):
      done = harness.run('clock', *words)
      self.assertEqual((2, ''), (done.returncode, done.stdout), done.stderr)
    nowhere = 'tcp://127.0.0.1:%d' % harness.free_ports(1)[0]
    done = harness.run('clock', 'confirm', '--snapshot', nowhere, '--timeout', '300ms')
    self.assertEqual((4, ''), (done.returncode, done.stdout), done.stderr)

  def test_answers_of_a_hostile_server_are_made_harmless(self):
    from test_rows import Played
    for jump in (-2**63, 2**63 - 1):
      with Played(lambda _, jump=jump: [['L1', {'jump': jump, 'now': jump}]]) as played:
        done = harness.run('clock', 'confirm', '--snapshot', played.endpoint)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
    for answer in (['X1', {'code': 'no', 'text': '\x1b[2J'}], ['L1', 5], ['L1'], 5):
      with Played(lambda _, answer=answer: [answer]) as played:
        done = harness.run('clock', 'confirm', '--snapshot', played.endpoint)
        self.assertEqual((1, ''), (done.returncode, done.stdout), done.stderr)
        self.assertNotIn('\x1b', done.stderr)


if __name__ == '__main__':
  unittest.main()
