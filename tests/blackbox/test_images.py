"""Images of the state: a start goes on from them, the journal is trimmed by them, and none is believed that is not right."""
import fcntl
import glob
import json
import os
import random
import signal
import subprocess
import time
import unittest

import msgpack

from harness import LAJU, Case, DAY_MS, MINUTE_MS, deadline, now_ms, run, sale, surroundings
from test_clock import Clock, SHIM
from test_durability import ALL, durable, mixed, numbers

NOW = now_ms() // DAY_MS * DAY_MS  # by the log's clock: nothing slides meanwhile


class Shop:
  """A server on `clock: events`, where all that counts is told; and what it was told."""

  def __init__(self, server):
    self.server, self.shape, self.batches = server, random.Random(11), 0

  def fill(self, batches, events=200):
    with self.server.sender() as sender:
      for _ in range(batches):
        self.batches += 1
        # Older ones first: `clock: events` wants them sorted to within the horizon.
        ack = sender.send(*(mixed('e%d-%d' % (self.batches, n), NOW - self.shape.randrange(40 * DAY_MS), self.shape)
                            for n in range(events)))
    self.server.snapshot(lsn=ack['lsn'])
    return ack['lsn']

  def tick(self):
    with self.server.sender() as sender:
      lsn = sender.tick(NOW)['lsn']
    self.server.snapshot(lsn=lsn)
    return lsn


def images(server):
  return sorted(glob.glob(os.path.join(server.folder, 'laju-data', 'image-*')))


def figure(server, group, name):
  return json.loads(server.laju('status', '-o', 'json').stdout)[group][name]


def until(wanted, seconds=20):
  """Asks until it is true; a question takes a while by itself."""
  left = deadline(seconds)
  while not wanted():
    assert left(), 'not within %d s' % seconds


def poke(path):
  """One byte in the middle of it."""
  with open(path, 'r+b') as file:
    data = bytearray(file.read())
    data[len(data) // 2] ^= 0x40
    file.seek(0)
    file.write(data)


class ByHand(Case):

  def test_start_goes_on_from_the_image_and_all_rows_are_as_before(self):
    with durable('clock: events', 'rollups: [all, campaign, channel]') as server:
      shop = Shop(server)
      shop.tick()
      with server.sender() as sender:
        sender.send(sale('before', NOW, cust='c'))
      lsn = shop.fill(4)
      done = server.laju('compact')
      self.assertEqual(0, done.returncode, done.stderr)
      self.assertRegex(done.stdout, r'^image of record %d, \d+ bytes\n$' % lsn)
      shop.fill(3)
      before = numbers(server)
      self.assertGreater(before[ALL % 'r30d']['cur']['visits'], 100)
      server.kill()
      server.start()
      self.assertIn('went on from the image of record %d, and 600 events behind it' % lsn, server.stderr())
      self.assertEqual(before, numbers(server))
      with server.sender() as sender:
        self.assertEqual(1, sender.send(sale('before', NOW, cust='c'))['dup'])
        self.assertEqual('id_conflict', sender.send(sale('before', NOW, cust='c', qty=2))['rej'][0][1])

  def test_the_older_image_is_taken_when_the_newer_one_is_damaged_and_the_journal_when_both_are(self):
    with durable('clock: events') as server:
      shop = Shop(server)
      shop.tick()
      first = shop.fill(2)
      server.laju('compact')
      second = shop.fill(2)
      server.laju('compact')
      shop.fill(1)
      before = numbers(server)
      self.assertEqual(2, len(images(server)))
      server.kill()
      poke(images(server)[1])
      server.start()
      self.assertEqual(1, len(images(server)))
      self.assertIn('the image of record %d in' % second, server.stderr())
      self.assertIn('is not used: it is damaged', server.stderr())
      self.assertIn('went on from the image of record %d' % first, server.stderr())
      self.assertEqual(before, numbers(server))
      server.kill()
      poke(images(server)[0])
      server.start()
      self.assertIn('recovered 1,000 events from the journal', server.stderr())
      self.assertEqual(before, numbers(server))

  def test_another_configuration_takes_the_journal_and_other_rules_begin_anew(self):
    rule = 'alerts: [{name: low, kpi: visits, rows: d/all/all, op: below, value: 1000, severity: critical}]'
    with durable('clock: events', rule, 'rollups: [all]') as server:
      shop = Shop(server)
      shop.tick()
      shop.fill(1)
      with server.sender() as sender:
        lsn = sender.tick(NOW + 3 * MINUTE_MS)['lsn']
      topic = 'alert/critical/low/all'
      fired = server.snapshot('alert/', lsn=lsn)[topic]
      self.assertEqual('firing', fired['to'])
      self.assertEqual(0, server.laju('compact').returncode)
      server.kill()
      server.start()
      after = server.snapshot('alert/')[topic]
      self.assertEqual([fired[part] for part in ('at', 'since', 'to', 'text')], [after[part] for part in ('at', 'since', 'to', 'text')])
      server.kill()
      with open(server.config, encoding='utf-8') as file:
        text = file.read()
      server.write('laju.yaml', text.replace('value: 1000', 'value: 1'))
      server.start()
      self.assertIn('went on from the image', server.stderr())
      self.assertEqual({}, server.snapshot('alert/'))
      server.kill()
      server.write('laju.yaml', text.replace('[all]', '[all, campaign]'))
      server.start()
      self.assertIn('is not used: it was made with other rollups, slides, KPIs, zone or limits', server.stderr())
      self.assertEqual('firing', server.snapshot('alert/')[topic]['to'])
      self.assertTrue(server.snapshot('kpi/r30d/campaign/'))
      # What a start would not take trims nothing, and stays: its configuration may come back.
      self.assertEqual(0, figure(server, 'state', 'image_at'))
      with server.sender() as sender:
        sender.tick(NOW + 4 * MINUTE_MS)
      self.assertEqual(0, server.laju('compact').returncode)
      self.assertEqual(2, len(images(server)))

  def test_images_of_a_journal_that_is_gone_are_not_believed(self):
    with durable('clock: events') as server:
      shop = Shop(server)
      shop.tick()
      shop.fill(1)
      self.assertEqual(0, server.laju('compact').returncode)
      server.stop()
      for name in ('data.mdb', 'lock.mdb', 'writer.lock'):
        os.unlink(os.path.join(server.folder, 'laju-data', name))
      server.start()
      self.assertIn('is not used: the journal has lost records that are in it', server.stderr())
      self.assertEqual([], images(server))  # else it would be believed once the journal has got that far again
      shop.tick()
      shop.tick()
      self.assertEqual(0, figure(server, 'state', 'image_at'))
      server.kill()
      server.start()
      self.assertIn('recovered ', server.stderr())
      self.assertEqual(0, server.measure(ALL % 'r30d', 'visits'))

  def test_a_journal_that_fell_behind_its_image_goes_its_own_way(self):
    with durable('clock: events') as server:
      shop = Shop(server)
      shop.tick()
      shop.fill(1)
      server.stop()
      folder = os.path.join(server.folder, 'laju-data')
      with open(os.path.join(folder, 'data.mdb'), 'rb') as file:
        older = file.read()
      server.start()
      with server.sender() as sender:
        sender.send(sale('lost', NOW, amt=7))
      self.assertEqual(0, server.laju('compact').returncode)
      server.stop()
      with open(os.path.join(folder, 'data.mdb'), 'wb') as file:
        file.write(older)  # as a disk that lied, or a copy that was put back
      server.start()
      with server.sender() as sender:
        for n in range(3):  # the journal gets as far as the image was
          ack = sender.send(sale('kept%d' % n, NOW, amt=100))
      before = server.measure(ALL % 'd', 'sales_amount', lsn=ack['lsn'])
      server.kill()
      server.start()
      self.assertEqual(before, server.measure(ALL % 'd', 'sales_amount'))
      self.assertNotIn('went on from', server.stderr())

  def test_a_log_without_time_gives_no_image(self):
    with durable('clock: events') as server, server.sender() as sender:
      self.assertEqual(1, len(sender.send({'id': 'x', 't': 'nothing'})['rej']))  # a record, but no event
      done = server.laju('compact')
      self.assertEqual((0, '', 'laju compact: there is no state yet'), (done.returncode, done.stdout, done.stderr.strip().split('\n')[-1]))

  def test_two_do_not_write_one_image(self):
    with durable('clock: events') as server:
      Shop(server).tick()
      path = os.path.join(server.folder, 'laju-data', 'image.tmp')
      with open(path, 'wb') as file:
        file.write(b'left by one that was killed')
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        done = server.laju('compact')
        self.assertEqual((1, True), (done.returncode, 'is being written by another process' in done.stderr))
      self.assertEqual(0, server.laju('compact').returncode)
      self.assertEqual((1, False), (len(images(server)), os.path.exists(path)))

  def test_a_state_with_another_digest_gives_no_image(self):
    with durable('clock: events') as server:
      Shop(server).tick()
      done = server.laju('compact', '--expect', '0' * 32)
      self.assertEqual((1, ''), (done.returncode, done.stdout))
      self.assertIn('is not that of the service', done.stderr)
      self.assertEqual([], images(server))

  def test_what_cannot_be_done_is_said(self):
    with durable('clock: events') as server:
      Shop(server).tick()
      self.assertIn('there is no record 99', server.laju('compact', '--until', '99').stderr)
      self.assertEqual(2, server.laju('compact', 'now').returncode)
      self.assertEqual(2, server.laju('compact', '--until', 'now').returncode)
      none = server.laju('compact', '--set', 'durability=none')
      self.assertEqual((1, True), (none.returncode, 'nothing is kept on the disk' in none.stderr))
      empty = server.laju('compact', '--set', 'data=%s/nothing' % server.folder)
      self.assertEqual((1, True), (empty.returncode, 'there is no log in' in empty.stderr))
      self.assertEqual(1, server.laju('compact', '--child', '1').returncode)  # who started it is somebody else
      self.assertEqual([], images(server))


class ByItself(Case):

  def flood(self, server, batches):
    with server.sender() as sender:
      for batch in range(batches):
        left = deadline(30)
        while True:  # refused for a moment: the same again, as any sender does
          events = [sale('s%d-%d' % (batch, n), NOW, amt=1, prod='p' * 200) for n in range(1000)]
          kind, body = sender.raw(msgpack.packb(['E1', [batch, events]]))
          if kind == 'A1':
            break
          self.assertEqual('storage_full', body['code'])
          self.assertTrue(left(), 'no room for 30 s')
          time.sleep(body['retry_ms'] / 1000)
    return body['lsn']

  def test_the_journal_never_fills_up_since_images_let_it_be_trimmed(self):
    with durable('clock: events', 'journal_max: 16MiB', 'image_every: 1MiB') as server:
      lsn = self.flood(server, 150)
      self.assertEqual(150000, server.measure(ALL % 'd', 'sale_events', lsn=lsn))
      until(lambda: figure(server, 'state', 'journal_first') > 1)
      self.assertLessEqual(len(images(server)), 2)
      self.assertLess(figure(server, 'bytes', 'journal'), 16 << 20)
      self.assertGreater(figure(server, 'bytes', 'image'), 1000)
      before = numbers(server)
      server.kill()
      server.start()
      self.assertIn('went on from the image of record', server.stderr())
      self.assertEqual(before, numbers(server))
      with server.sender() as sender:
        self.assertEqual(1, sender.send(sale('s0-0', NOW, amt=1, prod='p' * 200))['dup'])
      # What an image alone holds now is lost with it: said, not counted wrongly.
      server.kill()
      for path in images(server):
        poke(path)
      lost = run('serve', '-c', server.config)
      self.assertEqual(1, lost.returncode)
      self.assertRegex(lost.stderr, r'the journal in .* begins at record \d+, and no image leads there')

  def test_the_digest_of_the_live_state_is_that_of_the_image(self):
    self.assertTrue(os.path.exists(SHIM), 'build the target clock_shim')
    with Clock() as clock, durable('image_every: 1MiB', environment=clock.environment()) as server:
      shape, at = random.Random(3), now_ms()
      with server.sender() as sender:
        for batch in range(60):
          ack = sender.send(*(mixed('e%d-%d' % (batch, n), at - shape.randrange(40 * DAY_MS), shape) for n in range(200)))
      server.snapshot(lsn=ack['lsn'])
      for minutes in (1, 2, 3, 4):  # the digest is taken when a minute turns: small steps, which are followed
        clock.jump(minutes * MINUTE_MS)
        left = deadline(10)
        while not images(server) and left():
          server.snapshot('hb/')
        if images(server):
          break
      until(lambda: figure(server, 'state', 'image_at') > 0)
      self.assertEqual(1, len(images(server)), server.stderr())
      self.assertNotIn('no image', server.stderr())
      before = numbers(server)
      server.kill()
      server.start()
      self.assertIn('went on from the image', server.stderr())
      self.assertEqual(before[ALL % 'r30d']['cur'], numbers(server)[ALL % 'r30d']['cur'])

  def test_a_configuration_that_was_changed_meanwhile_gives_no_image(self):
    with durable('clock: events', 'rollups: [all]', 'image_every: 1MiB') as server:
      with open(server.config, encoding='utf-8') as file:
        text = file.read()
      server.write('laju.yaml', text.replace('[all]', '[all, campaign]'))
      self.flood(server, 20)
      with server.rows('hb/') as rows:
        rows.until(lambda last: 'image_failed' in last.get('hb/', {}).get('alarms', []), 20)
      self.assertIn('the configuration is not that of the service any more', server.stderr())
      self.assertEqual([], images(server))

  def child_of(self, server):
    done = run_children(server.process.pid)
    return done[0] if done else None

  def test_a_compactor_that_is_killed_leaves_all_as_it_was(self):
    with durable('clock: events', 'image_every: 1MiB') as server:
      self.flood(server, 20)
      until(lambda: images(server))
      made = images(server)
      # Another one becomes due; it is stopped as soon as it is seen, so that the kill falls into its work.
      self.flood_more(server, 20)
      child = None
      left = deadline(20)
      while child is None and left():
        child = self.child_of(server)
      if child is None:
        self.skipTest('the compactor was too quick to be seen')
      os.kill(child, signal.SIGSTOP)
      if images(server) != made:
        os.kill(child, signal.SIGKILL)
        self.skipTest('the compactor was too quick to be stopped')
      os.kill(child, signal.SIGKILL)
      with server.rows('hb/') as rows:
        rows.until(lambda last: 'image_failed' in last.get('hb/', {}).get('alarms', []), 20)
      self.assertEqual(made, images(server))
      self.assertIn('the compactor was ended by signal 9', server.stderr())
      before = numbers(server)
      server.kill()
      server.start()
      self.assertEqual(before, numbers(server))

  def test_a_compactor_whose_service_has_ended_does_nothing(self):
    with durable('clock: events') as server:
      Shop(server).tick()
      # By the time that it begins, the process that it is to end with is not its parent any more.
      done = subprocess.run(['sh', '-c', '"$0" compact --child 1000000 -c "$1"; exit $?', LAJU, server.config],
                            capture_output=True, text=True, check=False, env=surroundings())
      self.assertEqual((1, ''), (done.returncode, done.stdout))
      self.assertEqual([], images(server))

  def flood_more(self, server, batches):
    with server.sender() as sender:
      for batch in range(batches):
        sender.send(*(sale('m%d-%d' % (batch, n), NOW, amt=1, prod='p' * 200) for n in range(1000)))


def run_children(pid):
  found = []
  for path in glob.glob('/proc/[0-9]*/stat'):
    try:
      with open(path, encoding='utf-8') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    except OSError:
      continue
    if int(fields[1]) == pid and fields[0] != 'Z':
      found.append(int(path.split('/')[2]))
  return found


if __name__ == '__main__':
  unittest.main()
