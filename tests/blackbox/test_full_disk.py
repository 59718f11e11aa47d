"""A disk that another file fills: events are refused, all else goes on, and it heals by itself.

The disk is a small one in memory, mounted for the test; without the right to mount the tests are skipped.
"""
import contextlib
import os
import shutil
import struct
import subprocess
import unittest

import msgpack

import shim
from harness import Case, DAY_MS, MINUTE_MS, Server, deadline, now_ms, sale

DAY = 'kpi/r1d/all/all'
EVENTS = 1000


@contextlib.contextmanager
def small_disk(folder, size):
  os.mkdir(folder, 0o700)
  made = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=' + size, 'tmpfs', folder], capture_output=True, text=True,
                        check=False)
  if made.returncode != 0:
    shutil.rmtree(os.path.dirname(folder))
    raise unittest.SkipTest('no disk of its own can be mounted: ' + made.stderr.strip())
  try:
    yield
  finally:
    subprocess.run(['umount', '-l', folder], check=True)
    shutil.rmtree(os.path.dirname(folder))


class Crowded(Server):
  """Its journal is on a small disk beside a file of somebody else, and its wall clock can be put forward."""

  def __init__(self):
    super().__init__('rollups: [all]', durability='sync')
    self.data = os.path.join(self.folder, 'laju-data')
    self.clock = os.path.join(self.folder, 'clock')
    self.environment = shim.environment(CLOCK=self.clock)

  def fill(self, left):
    disk = os.statvfs(self.data)
    with open(os.path.join(self.data, 'other'), 'wb') as other:
      other.write(bytes(max(disk.f_bavail * disk.f_frsize - left, 0)))

  def make_room(self):
    os.unlink(os.path.join(self.data, 'other'))

  def put_clock(self, ahead_ms):
    with open(self.clock, 'r+b') as file:
      file.write(struct.pack('<Q', ahead_ms))


class FullDisk(Case):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    shim.check()

  def send(self, sender):
    """A batch of sales of 1 each; True: it was taken, else refused for want of room."""
    sender.batches += 1
    events = [sale('s%d-%d' % (sender.batches, n), amt=1, prod='p' * 200) for n in range(EVENTS)]
    kind, body = sender.raw(msgpack.packb(['E1', [sender.batches, events]]))
    self.assertIn(body.get('code'), (None, 'storage_full'))
    self.taken += EVENTS if kind == 'A1' else 0
    self.lsn = body.get('lsn', self.lsn)
    return kind == 'A1'

  def until(self, done, what):
    left = deadline(10)
    while not done():
      self.assertTrue(left(), what)

  def fill_and_heal(self, left, ticks):
    self.taken = self.lsn = 0
    server = Crowded()
    with small_disk(server.data, '24m'), server, server.sender() as sender, server.rows('hb/') as rows:
      old = sender.send(sale('old', now_ms() - DAY_MS + 3 * MINUTE_MS, amt=5))
      self.lsn = old['lsn']
      self.assertTrue(self.send(sender))
      server.fill(left)
      self.until(lambda: not self.send(sender), 'a full disk takes events')
      rows.until(lambda last: last.get('hb/', {}).get('alarms') == ['storage_full'])
      self.assertFalse(self.send(sender))
      self.assertEqual(self.taken + 5, server.measure(DAY, 'sales_amount', lsn=self.lsn))
      server.put_clock(10 * MINUTE_MS)
      if ticks:
        self.until(lambda: server.measure(DAY, 'sales_amount') == self.taken, 'windows stand still')
        rows.until(lambda last: last['hb/']['alarms'] == ['storage_full'])
      self.assertFalse(self.send(sender))
      server.make_room()
      self.until(lambda: self.send(sender), 'room is not seen')
      rows.until(lambda last: last['hb/']['alarms'] == [])
      self.until(lambda: server.measure(DAY, 'sales_amount', lsn=self.lsn) == self.taken, 'windows stand still')
      server.kill()
      server.start()
      self.assertEqual(self.taken, server.measure(DAY, 'sales_amount'))

  def test_events_are_refused_and_windows_go_on_while_there_is_little_room(self):
    self.fill_and_heal(1500000, ticks=True)

  def test_a_disk_that_got_full_in_the_midst_of_a_commit_has_room_for_ticks(self):
    self.fill_and_heal(300000, ticks=True)

  def test_without_any_room_windows_wait(self):
    self.fill_and_heal(0, ticks=False)


if __name__ == '__main__':
  unittest.main()
