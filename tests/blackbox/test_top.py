"""`laju top`: on a terminal of 80x24, piped, and as JSON, against a live server."""
import contextlib
import fcntl
import itertools
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import unittest

import zmq
from harness import LAJU, PATIENCE, Server, deadline, run, sale, surroundings
from test_rows import Played, empty_row

ESCAPES = re.compile(rb'\x1b\[[0-9;?]*[A-Za-z]')


def seen_within(descriptor, wanted, seconds=10):
  """Reads until the regular expression is in the text without its escapes; gives all that was read."""
  left, raw = deadline(seconds), b''
  while not re.search(wanted, ESCAPES.sub(b'', raw)):
    if not select.select([descriptor], [], [], left() / 1000)[0]:
      raise AssertionError('%r did not come; last: %r' % (wanted, ESCAPES.sub(b'', raw)[-2000:]))
    raw += os.read(descriptor, 65536)
  return raw


def events(server, *given):
  with server.sender() as sender:
    sender.send(*given)


@contextlib.contextmanager
def screen(*args, width=80, height=24, **environment):
  """(process, descriptor) of the command on a terminal of its own."""
  master, slave = pty.openpty()
  fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', height, width, 0, 0))
  process = subprocess.Popen([LAJU, 'top', *args], stdin=slave, stdout=slave, stderr=subprocess.PIPE, close_fds=True,
                             env=surroundings(TERM='xterm', **environment))
  os.close(slave)
  try:
    yield process, master
  finally:
    process.kill()
    process.communicate()
    os.close(master)


class Top(unittest.TestCase):
  def test_once_prints_the_day_its_campaigns_and_who_is_heard(self):
    with Server('zone: Asia/Jakarta', durability='none') as server:
      events(server, sale('a', cust='c1', camp='brand', amt=125000, cur='IDR', feed='shop'))
      done = run('top', '--once', '-c', server.config)
    self.assertEqual((done.returncode, done.stderr), (0, ''))
    self.assertRegex(done.stdout, r'(?m)^laju .* WIB .*memory only.* live \d')
    self.assertRegex(done.stdout, r'(?m)^Revenue +1,250 ')
    self.assertRegex(done.stdout, r'(?m)^brand +1,250 ')
    self.assertRegex(done.stdout, r'(?m)^FEEDS +shop \d')
    self.assertNotIn('\x1b', done.stdout)

  def test_json_is_one_object_a_row(self):
    with Server() as server:
      events(server, sale('a', cust='c1', camp='brand'))
      done = run('top', '--once', '-o', 'json', '-c', server.config)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    self.assertEqual({row['topic'] for row in rows}, {'kpi/d/all/all', 'kpi/d/campaign/brand'})
    self.assertEqual(rows[0]['kpi']['revenue'], 100)

  def test_nobody_there_is_status_4(self):
    done = run('top', '--once', '--timeout', '300ms', '--updates', 'tcp://127.0.0.1:9', '--snapshot', 'tcp://127.0.0.1:9')
    self.assertEqual(done.returncode, 4)
    self.assertIn('cannot reach the server', done.stderr)

  def test_nothing_is_painted_before_hello(self):
    """Rows are there by snapshot; the update port, played here, is silent: not even the unit of a number is known."""
    with Server() as server, server.context.socket(zmq.XPUB) as silent:
      silent.linger = 0
      updates = ('--updates', 'tcp://127.0.0.1:%d' % silent.bind_to_random_port('tcp://127.0.0.1'))
      events(server, sale('a', cust='c1', amt=777700))
      done = run('top', '--once', '--timeout', '500ms', *updates, '-c', server.config)
      self.assertEqual((done.returncode, done.stdout), (4, ''))
      self.assertIn('no hello', done.stderr)
      with subprocess.Popen([LAJU, 'top', *updates, '-c', server.config], stdout=subprocess.PIPE,
                            env=surroundings()) as process:
        raw = seen_within(process.stdout.fileno(), rb'\n\n')  # a block of text ends with a blank line
        process.kill()
      self.assertRegex(raw, rb'^laju +waiting for the server\n\n$')

  def test_signals_end_it_in_the_middle_of_a_snapshot_without_end(self):
    chunk = ['R1', [['kpi/d/all/all', empty_row()]]]
    asked = threading.Event()

    def answer(request):
      asked.set()
      return itertools.repeat(chunk)

    for number in (signal.SIGINT, signal.SIGTERM):
      asked.clear()
      with Played(answer) as played, subprocess.Popen(
          [LAJU, 'top', '--snapshot', played.endpoint, '--updates', 'tcp://127.0.0.1:9'], stdout=subprocess.DEVNULL,
          stderr=subprocess.PIPE, env=surroundings()) as process:
        try:
          self.assertTrue(asked.wait(10 * PATIENCE))
          process.send_signal(number)
          self.assertEqual((0, b''), (process.wait(5 * PATIENCE), process.stderr.read()))
        finally:
          process.kill()

  def test_wrong_window_is_told(self):
    done = run('top', 'r3d/all/all')
    self.assertEqual(done.returncode, 2)
    self.assertIn('no such window', done.stderr)

  def test_terminal_follows_the_rows_and_q_quits(self):
    with Server() as server, screen('-c', server.config) as (process, terminal):
      seen_within(terminal, rb'live \d')
      events(server, sale('a', cust='c1', amt=777700))
      raw = seen_within(terminal, rb'7,777')
      lines = [ESCAPES.sub(b'', line) for line in raw.split(b'\x1b[H')[-1].split(b'\n')]
      self.assertLessEqual(len(lines), 24)
      self.assertLessEqual(max(len(line.decode().rstrip('\r')) for line in lines), 80)
      before = termios.tcgetattr(terminal)
      self.assertFalse(before[3] & termios.ICANON)
      os.write(terminal, b'q')
      self.assertEqual(process.wait(10 * PATIENCE), 0)

  def test_no_colour_means_none(self):
    with Server() as server, screen('-c', server.config, NO_COLOR='1') as (_, terminal):
      raw = seen_within(terminal, rb'live \d')
      self.assertNotRegex(raw, rb'\x1b\[[0-9;]+m')

  def test_lost_server_is_told_and_its_next_start_is_followed(self):
    with Server() as server:
      events(server, sale('a', cust='c1', amt=777700))
      with screen('-c', server.config) as (_, terminal):
        seen_within(terminal, rb'7,777')
        ports = [server.port[name] for name in ('ingest.acked', 'ingest.push', 'publish.updates', 'publish.snapshot')]
        server.process.terminate()
        server.process.wait(20 * PATIENCE)
        seen_within(terminal, rb'LOST \d')
        with Server(ports=ports) as next_server:
          events(next_server, sale('b', cust='c2', amt=333300))
          raw = seen_within(terminal, rb'3,333', 20)
          self.assertRegex(ESCAPES.sub(b'', raw), rb'live')


if __name__ == '__main__':
  unittest.main()
