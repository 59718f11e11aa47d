"""A live Laju for black-box tests: started on free ports with a configuration of its own, and stopped by SIGTERM.

Nothing here sleeps and hopes: every wait is for something to arrive, with a deadline. LAJU names the binary (default
build/release/laju), TEST_PATIENCE stretches the deadlines for slow builds (sanitizers).
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import msgpack
import zmq

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAJU = os.path.abspath(os.environ.get('LAJU', os.path.join(REPOSITORY, 'build', 'release', 'laju')))
PATIENCE = float(os.environ.get('TEST_PATIENCE', '1'))
# TEST_WORKERS=3: every server runs that many ingest workers.
WORKERS = ['--set', 'ingest.workers=' + os.environ['TEST_WORKERS']] if 'TEST_WORKERS' in os.environ else []
# TEST_DURABILITY=none: what every server promises that a test does not choose another for.
DURABILITY = os.environ.get('TEST_DURABILITY', 'sync')
MINUTE_MS, DAY_MS = 60 * 1000, 86400 * 1000
# What a sanitizer says on stderr; the exit status alone does not tell a leak from a clean end everywhere.
SANITIZER = ('ERROR: AddressSanitizer', 'ERROR: LeakSanitizer', 'WARNING: ThreadSanitizer', 'runtime error:')
# The four sockets, by their setting.
PORTS = ('ingest.acked', 'ingest.push', 'publish.updates', 'publish.snapshot')


def free_ports(count):
  """Distinct loopback ports that were free a moment ago: held open together, so that none comes twice."""
  with contextlib.ExitStack() as stack:
    sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
    for one in sockets:
      one.bind(('127.0.0.1', 0))
    return [one.getsockname()[1] for one in sockets]


def surroundings(**more):
  """The environment for the binary: LAJU_* of the person who runs the tests would be settings."""
  return {**{name: value for name, value in os.environ.items() if not name.startswith('LAJU_')}, **more}


def now_ms():
  return int(time.time() * 1000)


def deadline(seconds):
  """A function that gives the milliseconds left, never below 0."""
  end = time.monotonic() + seconds * PATIENCE
  return lambda: max(int((end - time.monotonic()) * 1000), 0)


def run(*args, timeout=60, **kwargs):
  """`laju ARGS` to its end: the CompletedProcess, with text."""
  return subprocess.run([LAJU, *args], capture_output=True, text=True, timeout=timeout * PATIENCE, check=False,
                        env=surroundings(), **kwargs)


def sale(name, ts=None, **more):
  return {'id': name, 't': 'sale', 'ts': now_ms() if ts is None else ts, 'amt': 100, **more}


class Server:
  """with Server(config lines) as server: ... ; stops it at the end and fails on a dirty end."""

  def __init__(self, *lines, command=('serve',), environment=None, ports=None, durability=None):
    self.folder = tempfile.mkdtemp(prefix='laju-test-')
    ports = ports or free_ports(len(PORTS))
    self.endpoint = {name: 'tcp://127.0.0.1:%d' % port for name, port in zip(PORTS, ports)}
    self.port = dict(zip(PORTS, ports))
    self.config = self.write('laju.yaml', '\n'.join((
      'durability: ' + (durability or DURABILITY),
      'data: %s/laju-data' % self.folder,
      'ingest: {acked: "%s", push: "%s"}' % (self.endpoint['ingest.acked'], self.endpoint['ingest.push']),
      'publish: {updates: "%s", snapshot: "%s", every_ms: 10}' % (
        self.endpoint['publish.updates'], self.endpoint['publish.snapshot']),
      *lines, '')))
    self.command = [LAJU, *command, '-c', self.config, *WORKERS]
    self.environment = surroundings(**(environment or {}))
    self.context = zmq.Context()
    self.process = None

  def write(self, name, text):
    path = os.path.join(self.folder, name)
    with open(path, 'w', encoding='utf-8') as file:
      file.write(text)
    return path

  def __enter__(self):
    self.start()
    return self

  def __exit__(self, kind, *_):
    try:
      self.stop(clean=kind is None)
    finally:
      self.context.destroy(linger=0)
      shutil.rmtree(self.folder, ignore_errors=True)

  def start(self):
    with open(os.path.join(self.folder, 'stdout'), 'wb') as out, open(os.path.join(self.folder, 'stderr'), 'wb') as err:
      self.process = subprocess.Popen(self.command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=self.environment)
    try:
      self.wait_ready()
    except BaseException:
      self.process.kill()
      self.process.wait()
      raise

  def wait_ready(self):
    """A heartbeat: the threads run, and every socket was bound before them."""
    left = deadline(20)
    with self.subscriber('hb/') as updates:
      while not updates.poll(100):
        if self.process.poll() is not None:
          raise AssertionError('laju ended with %s: %s' % (self.process.returncode, self.stderr()))
        if not left():
          raise AssertionError('no heartbeat: ' + self.stderr())

  def stop(self, clean=True):
    """SIGTERM drains and exits 0. clean False: a test has failed already; say nothing more."""
    if self.process is None:
      return
    if self.process.poll() is None:
      self.process.send_signal(signal.SIGTERM)
    try:
      status = self.process.wait(20 * PATIENCE)
    except subprocess.TimeoutExpired:
      self.process.kill()
      self.process.wait()
      status = 'nothing within 20 s of SIGTERM'
    self.process = None
    words = self.stderr()
    for line in SANITIZER:
      assert line not in words, words
    if clean:
      assert status == 0, 'laju ended with %s: %s' % (status, words)

  def kill(self):
    """SIGKILL: what was on its way is gone."""
    self.process.kill()
    self.process.wait()
    self.process = None

  def alive(self):
    return self.process.poll() is None

  def stderr(self):
    with open(os.path.join(self.folder, 'stderr'), encoding='utf-8', errors='replace') as file:
      return file.read()

  # --- its sockets ---

  def socket(self, kind, name):
    made = self.context.socket(kind)
    made.linger = 0
    made.connect(self.endpoint[name])
    return made

  def subscriber(self, *topics):
    updates = self.socket(zmq.SUB, 'publish.updates')
    for topic in topics:
      updates.subscribe(topic)
    return updates

  def sender(self, **options):
    return Sender(self.socket(zmq.DEALER, 'ingest.acked'), **options)

  def listed(self, prefix='', credit=8, **more):
    """Every (topic, row) of a snapshot in the order it came, and the body of its end."""
    with self.socket(zmq.DEALER, 'publish.snapshot') as ask:
      ask.send(msgpack.packb(['S1', {'p': prefix, 'n': credit, **more}]))
      found, left = [], deadline(10)
      while True:
        assert ask.poll(left()), 'no answer to a snapshot request'
        kind, body = msgpack.unpackb(ask.recv())
        if kind != 'R1':
          assert kind == 'Z1', (kind, body)
          return found, body
        found += [(topic, msgpack.unpackb(row)) for topic, row in body]
        ask.send(msgpack.packb(['C1', 1]))

  def snapshot(self, prefix='', **more):
    """topic -> row."""
    return dict(self.listed(prefix, **more)[0])

  def measure(self, topic, name, **more):
    """A number of a row as it is now; pass lsn= of an ack to wait for it."""
    row = self.snapshot(topic, **more).get(topic)
    return row['cur'].get(name, 0) if row else 0

  def dead(self, code=''):
    """The dead letters, oldest first."""
    return [row for _, row in self.listed('dlq/' + code)[0]]

  def rows(self, *topics):
    return Rows(self.subscriber(*topics))

  def heard(self, *topics):
    """The same, once the server knows of the subscriptions: what is told only once is not missed."""
    rows = self.rows(*topics, 'hello/')
    rows.until(lambda last: last.pop('hello/', None))
    rows.all = [told for told in rows.all if told[0] != 'hello/']
    return rows

  def laju(self, command, *args, **kwargs):
    """`laju COMMAND -c CONFIG ARGS` as a client of this server."""
    return run(command, '-c', self.config, *args, **kwargs)


class Sender:
  """The acked port, one batch at a time."""

  def __init__(self, dealer):
    self.dealer, self.batches = dealer, 0

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.dealer.close()

  def raw(self, message, seconds=10):
    """An answer to bytes as they are: [kind, body]."""
    self.dealer.send(message)
    return self.answer(seconds)

  def answer(self, seconds=10):
    assert self.dealer.poll(deadline(seconds)()), 'no answer within %s s' % seconds
    return msgpack.unpackb(self.dealer.recv())

  def send(self, *events):
    """The A1 of a batch; an N1 is a failure."""
    self.batches += 1
    kind, body = self.raw(msgpack.packb(['E1', [self.batches, list(events)]]))
    assert kind == 'A1', (kind, body)
    assert body['b'] == self.batches, body
    return body

  def tick(self, at_ms):
    self.batches += 1
    kind, body = self.raw(msgpack.packb(['T1', [self.batches, at_ms]]))
    assert kind == 'A1', (kind, body)
    return body


def version(row):
  """(epoch, seq) of what has one: the higher replaces the lower."""
  return row.get('e', 0), row.get('s', 0)


class Rows:
  """A subscriber that keeps what came: every message in order, and the newest row of each topic."""

  def __init__(self, updates):
    self.updates, self.last, self.all = updates, {}, []

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.updates.close()

  def take(self):
    topic, *body = self.updates.recv_multipart()
    topic, row = topic.decode(), msgpack.unpackb(body[0]) if body else None
    self.all.append((topic, row))
    if row is not None and version(row) >= version(self.last.get(topic, {})):
      self.last[topic] = row
    return topic, row

  def until(self, wanted, seconds=10):
    """Takes messages until wanted(last) is true, and gives what it gave."""
    left = deadline(seconds)
    while True:
      found = wanted(self.last)
      if found:
        return found
      assert self.updates.poll(left()), 'waited %s s; have %s' % (seconds, json.dumps(self.last, default=repr)[:2000])
      self.take()

  def measure(self, topic, name, value, seconds=10):
    """Waits until a row's measure has this value."""
    return self.until(lambda last: topic in last and last[topic]['cur'].get(name, 0) == value and last[topic], seconds)


class Raw:
  """A peer that speaks ZMTP by hand: a library would not say what this one says."""

  def __init__(self, port, kind):
    self.stream = socket.create_connection(('127.0.0.1', port), 10 * PATIENCE)
    self.stream.sendall(b'\xff' + bytes(8) + b'\x7f\x03\x00' + b'NULL'.ljust(20, b'\0') + bytes(32))
    self.read(64)
    ready = b'\x05READY\x0bSocket-Type' + struct.pack('>I', len(kind)) + kind
    self.stream.sendall(b'\x04' + bytes([len(ready)]) + ready)
    self.read(self.read(2)[1])

  def read(self, count):
    got = b''
    while len(got) < count:
      more = self.stream.recv(count - len(got))
      assert more, 'the server closed the connection'
      got += more
    return got

  def send(self, body):
    short = len(body) < 256
    self.stream.sendall((bytes([0, len(body)]) if short else b'\x02' + struct.pack('>Q', len(body))) + body)

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.stream.close()


class Case(unittest.TestCase):
  """maxDiff off; a binary that is not there is said plainly."""
  maxDiff = None

  @classmethod
  def setUpClass(cls):
    if not os.access(LAJU, os.X_OK):
      raise AssertionError('there is no %s: build it, or name one in LAJU' % LAJU)
