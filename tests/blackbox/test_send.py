"""`laju send` against a server that is played here: it refuses, loses answers, lies, or says nothing; `laju replay`,
which reads the same files; and what all commands write about what they were given."""
import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

import msgpack
import zmq

from harness import LAJU, PATIENCE, deadline, free_ports, run, surroundings


class Fake:
  """The acked port, answered by the test itself; with Fake() as fake: ..."""

  def __enter__(self):
    self.stack = contextlib.ExitStack()
    self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
    port, silent = free_ports(2)
    self.acked, self.silent = 'tcp://127.0.0.1:%d' % port, 'tcp://127.0.0.1:%d' % silent
    self.context = zmq.Context()
    self.router = self.context.socket(zmq.ROUTER)
    self.router.linger = 0
    self.router.bind(self.acked)
    return self

  def __exit__(self, *_):
    self.router.close()
    self.context.term()
    self.stack.close()

  def file(self, name, content):
    path = os.path.join(self.folder, name)
    with open(path, 'wb') as file:
      file.write(content if isinstance(content, bytes) else content.encode())
    return path

  @contextlib.contextmanager
  def send(self, *args, **kwargs):
    """The command, running. Its hello goes to a port where nobody is: it must do without."""
    process = subprocess.Popen([LAJU, 'send', '--acked', self.acked, '--updates', self.silent, *args], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings(), **kwargs)
    try:
      yield process
    finally:
      process.kill()
      process.communicate()

  def receive(self):
    """(peer, bytes, kind, batch id, the rest) of the next message."""
    left = deadline(20)
    if not self.router.poll(left()):
      raise AssertionError('nothing came')
    peer, message = self.router.recv_multipart()
    kind, (batch, rest) = msgpack.unpackb(message)
    return peer, message, kind, batch, rest

  def nothing_comes(self, milliseconds):
    return not self.router.poll(milliseconds)

  def ack(self, peer, batch, ok=0, dup=0, rej=(), nrej=None, cr=8):
    self.router.send_multipart((peer, msgpack.packb(['A1', {
      'b': batch, 'lsn': 1, 'ok': ok, 'dup': dup, 'rej': list(rej), 'nrej': len(rej) if nrej is None else nrej,
      'cr': cr}])))

  def nack(self, peer, batch, code, retry_ms):
    self.router.send_multipart((peer, msgpack.packb(['N1', {
      'b': batch, 'code': code, 'text': 'not now', 'retry_ms': retry_ms}])))


def lines(count, first=1):
  return ''.join('{"id":"e%d","t":"visit","ts":%d}\n' % (n, 1000 + n) for n in range(first, first + count))


def bytes_read(pid):
  with open('/proc/%d/io' % pid, encoding='ascii') as file:
    return int(re.search(r'rchar: (\d+)', file.read())[1])


def end(process):
  """(exit status, stderr); nothing may be on stdout, which is for data."""
  out, err = process.communicate(timeout=30 * PATIENCE)
  assert out == '', out
  return process.returncode, err


class Answers(unittest.TestCase):
  def test_overloaded_means_the_same_bytes_again(self):
    with Fake() as fake, fake.send(fake.file('a', lines(3))) as process:
      peer, first, kind, batch, events = fake.receive()
      self.assertEqual((kind, [one['id'] for one in events]), ('E1', ['e1', 'e2', 'e3']))
      fake.nack(peer, batch, 'overloaded', 50)
      peer, again, _, _, _ = fake.receive()
      self.assertEqual(again, first)
      fake.ack(peer, batch, ok=3)
      status, err = end(process)
      self.assertEqual(status, 0, err)
      self.assertIn('sent 3: 3 ok, 0 duplicate, 0 refused\n', err)

  def test_lost_answer_means_the_same_bytes_again_and_counts_once(self):
    with Fake() as fake, fake.send('--resend', '200ms', fake.file('a', lines(2))) as process:
      _, first, _, _, _ = fake.receive()
      peer, again, _, batch, _ = fake.receive()
      self.assertEqual(again, first)
      fake.ack(peer, batch, dup=2)
      fake.ack(peer, batch, dup=2)
      status, err = end(process)
      self.assertEqual(status, 0, err)
      self.assertIn('sent 2: 0 ok, 2 duplicate, 0 refused\n', err)

  def test_refusals_name_file_and_line_and_end_with_5(self):
    with Fake() as fake:
      one, two = fake.file('one', lines(2)), fake.file('two', '\n' + lines(1, 3))
      with fake.send(one, two) as process:
        peer, _, _, batch, events = fake.receive()
        self.assertEqual(len(events), 3)
        fake.ack(peer, batch, ok=1, rej=[[1, 'too_late', 'older than the horizon'], [2, 'bad_stage', 'no such stage']])
        status, err = end(process)
      self.assertEqual(status, 5, err)
      self.assertIn('sent 3: 1 ok, 0 duplicate, 2 refused\n', err)
      self.assertIn('refused 1 too_late:\n  %s:2: older than the horizon\n' % one, err)
      self.assertIn('refused 1 bad_stage:\n  %s:2: no such stage\n' % two, err)

  def test_refusals_that_the_answer_does_not_list_are_counted(self):
    with Fake() as fake, fake.send(fake.file('a', lines(200))) as process:
      peer, _, _, batch, _ = fake.receive()
      fake.ack(peer, batch, rej=[[n, 'too_late', 'old'] for n in range(100)], nrej=200)
      status, err = end(process)
      self.assertEqual(status, 5, err)
      self.assertIn('0 ok, 0 duplicate, 200 refused\n', err)
      self.assertIn('  and 90 more\n', err)
      self.assertIn('refused 100 (not listed by the server)\n', err)

  def test_batch_refused_for_good_is_not_sent_again(self):
    with Fake() as fake, fake.send('--batch', '2', fake.file('a', lines(4))) as process:
      peer, _, _, batch, _ = fake.receive()
      fake.nack(peer, batch, 'too_big', 0)
      peer, _, _, batch, events = fake.receive()
      self.assertEqual([one['id'] for one in events], ['e3', 'e4'])
      fake.ack(peer, batch, ok=2)
      status, err = end(process)
      self.assertEqual(status, 5, err)
      self.assertIn('sent 4: 2 ok, 0 duplicate, 2 refused\n', err)

  def test_bad_lines_are_refused_here_and_the_rest_goes_on(self):
    text = lines(1) + '{"id":"x","t":"visit",}\n' + '{"id":"y","t":"sale","amt":1.5}\n' + lines(1, 2)
    with Fake() as fake:
      path = fake.file('a', text)
      with fake.send(path) as process:
        peer, _, _, batch, events = fake.receive()
        self.assertEqual([one['id'] for one in events], ['e1', 'e2'])
        fake.ack(peer, batch, ok=2)
        status, err = end(process)
      self.assertEqual(status, 5, err)
      self.assertRegex(err, r'refused 1 bad_json:\n  %s:2:\d+: not JSON' % path)
      self.assertIn('refused 1 bad_amount:\n  %s:3: amt must be an integer' % path, err)


  def test_answer_that_does_not_add_up_is_told_and_ends_with_1(self):
    for more in ({'ok': 1, 'dup': 0, 'rej': [], 'nrej': 0}, {}, {'ok': 4, 'dup': 0, 'rej': [], 'nrej': 0},
                 {'ok': 3, 'dup': 1}, {'ok': 2, 'dup': 0, 'rej': [[3, 'too_late', 'old']], 'nrej': 1}):
      with self.subTest(more), Fake() as fake, fake.send('--quiet', fake.file('a', lines(3))) as process:
        peer, _, _, batch, _ = fake.receive()
        fake.router.send_multipart((peer, msgpack.packb(['A1', {'b': batch, **more}])))
        status, err = end(process)
        self.assertEqual(status, 1, err)
        self.assertIn('laju send: an answer of the server does not add up: %d ok' % more.get('ok', 0), err)
        self.assertIn('sent 3: 0 ok, 0 duplicate, 0 refused, 3 not answered', err)


class Order(unittest.TestCase):
  def test_never_more_in_flight_than_the_server_grants(self):
    with Fake() as fake, fake.send('--batch', '1', fake.file('a', lines(5))) as process:
      peer, _, _, batch, _ = fake.receive()
      self.assertTrue(fake.nothing_comes(150), 'one until the credit is known')
      fake.ack(peer, batch, ok=1, cr=2)
      waiting = [fake.receive()[3], fake.receive()[3]]
      self.assertTrue(fake.nothing_comes(150), 'more than the credit of 2')
      while waiting:
        fake.ack(peer, waiting.pop(0), ok=1, cr=2)
        if waiting and waiting[-1] < 5:
          waiting.append(fake.receive()[3])
      status, err = end(process)
      self.assertEqual(status, 0, err)
      self.assertIn('sent 5: 5 ok', err)

  def test_tick_comes_last_and_alone(self):
    with Fake() as fake, fake.send('--batch', '1', '--until', '2026-12-01T00:00:00+07:00',
                                   fake.file('a', lines(2))) as process:
      for expected in ('e1', 'e2'):
        peer, _, kind, batch, events = fake.receive()
        self.assertEqual((kind, events[0]['id']), ('E1', expected))
        self.assertTrue(fake.nothing_comes(100), 'strict order: nothing before the answer')
        fake.ack(peer, batch, ok=1)
      peer, _, kind, batch, ts = fake.receive()
      self.assertEqual((kind, ts), ('T1', 1796058000000))
      fake.ack(peer, batch)
      status, err = end(process)
      self.assertEqual(status, 0, err)
      self.assertIn('sent 2: 2 ok, 0 duplicate, 0 refused\n', err)

  def test_refused_tick_ends_with_5(self):
    with Fake() as fake, fake.send('--until', '0', fake.file('a', '')) as process:
      peer, _, kind, batch, _ = fake.receive()
      self.assertEqual(kind, 'T1')
      fake.nack(peer, batch, 'wrong_clock', 0)
      status, err = end(process)
      self.assertEqual(status, 5, err)
      self.assertIn('the tick was refused: not now', err)


class Inputs(unittest.TestCase):
  def test_msgpack_is_told_from_its_first_byte_and_passed_on_as_it_is(self):
    events = [{'id': 'm%d' % n, 't': 'visit', 'ts': n, 'x': [n]} for n in range(3)]
    stream = msgpack.packb(events[0]) + msgpack.packb(events[1:])
    with Fake() as fake, fake.send(fake.file('a', stream)) as process:
      peer, _, _, batch, got = fake.receive()
      self.assertEqual(got, events)
      fake.ack(peer, batch, ok=3)
      self.assertEqual(end(process)[0], 0)

  def test_msgpack_cut_inside_an_array_is_told_with_its_place(self):
    event = msgpack.packb({'id': 'm', 't': 'visit', 'ts': 1})
    for cut, sent in ((b'\x92' + event, 1), (b'\x91', 0), (b'\x92\x91' + event, 1), (b'\xdc\x00\x02' + event, 1),
                      (b'\xdd\x00\x00\x00\x02' + event, 1)):
      with self.subTest(cut), Fake() as fake:
        path = fake.file('a', cut)
        with fake.send(path) as process:
          if sent:
            peer, _, _, batch, events = fake.receive()
            self.assertEqual(len(events), sent)
            fake.ack(peer, batch, ok=sent)
          status, err = end(process)
        self.assertEqual(status, 5, err)
        self.assertIn('%s: after %d bytes: ends in the middle of an array\n' % (path, len(cut)), err)
        self.assertIn('sent %d: %d ok, 0 duplicate, 1 refused\n' % (sent + 1, sent), err)

  def test_interrupted_in_the_middle_of_an_endless_line(self):
    with Fake() as fake, fake.send('/dev/zero') as process:
      left = deadline(10)
      while bytes_read(process.pid) < 1 << 24:
        self.assertTrue(left(), 'it does not read')
      process.send_signal(signal.SIGINT)
      status, err = end(process)
      self.assertEqual(status, 1, err)
      self.assertIn('interrupted', err)

  def test_pipe_that_falls_silent_is_not_kept_waiting_for_a_full_batch(self):
    with Fake() as fake, fake.send('-', stdin=subprocess.PIPE) as process:
      process.stdin.write(lines(1))
      process.stdin.flush()
      peer, _, _, batch, events = fake.receive()
      self.assertEqual(len(events), 1)
      fake.ack(peer, batch, ok=1)
      process.stdin.write(json.dumps({'id': 'z', 't': 'visit', 'ts': 5}))  # no line feed at the end
      process.stdin.close()
      peer, _, _, batch, events = fake.receive()
      self.assertEqual(events[0]['id'], 'z')
      fake.ack(peer, batch, ok=1)
      process.stdin = None
      status, err = end(process)
      self.assertEqual(status, 0, err)
      self.assertIn('sent 2: 2 ok', err)

  def test_file_that_is_no_ndjson_is_told_once(self):
    with Fake() as fake:
      path = fake.file('a.csv', 'id,t,ts\nx,visit,1\ny,visit,2\n')
      with fake.send(path) as process:
        status, err = end(process)
    self.assertEqual(status, 5, err)
    self.assertEqual(1, err.count('%s: expected is NDJSON' % path), err)
    self.assertIn('refused 3 bad_json', err)

  def test_slip_in_a_first_line_is_not_taken_for_another_format(self):
    with Fake() as fake, fake.send(fake.file('a', '{"id":"x",}\n')) as process:
      status, err = end(process)
      self.assertEqual(status, 5, err)
      self.assertNotIn('NDJSON', err)

  def test_empty_file_is_said_to_be_empty(self):
    with Fake() as fake:
      path = fake.file('nothing', '')
      with fake.send(path) as process:
        status, err = end(process)
    self.assertEqual((status, err), (0, 'laju send: %s is empty\nsent 0: 0 ok, 0 duplicate, 0 refused\n' % path))

  def test_endpoint_of_the_wrong_form_is_told(self):
    for args in (('--acked', '127.0.0.1:17360'), ('--acked', 'tpc://127.0.0.1:1'), ('--push', '--push-port', 'here')):
      done = run('send', *args, '/dev/null')
      self.assertEqual(done.returncode, 2, done.stderr)
      self.assertIn("endpoint '%s': it must be tcp://address:port" % args[-1], done.stderr)

  def test_file_that_is_not_there_is_one_line_and_status_1(self):
    with Fake() as fake, fake.send(os.path.join(fake.folder, 'none')) as process:
      status, err = end(process)
      self.assertEqual(status, 1)
      self.assertIn('No such file', err)


class Away(unittest.TestCase):
  def test_server_that_never_answers_is_given_up_with_4_and_what_is_open_is_told(self):
    with Fake() as fake, fake.send('--resend', '100ms', fake.file('a', lines(3))) as process:
      messages = {fake.receive()[1] for _ in range(3)}
      self.assertEqual(len(messages), 1)
      status, err = end(process)
      self.assertEqual(status, 4, err)
      self.assertIn('got no answer', err)
      self.assertIn('3 not answered', err)

  def test_nobody_there_is_status_4_within_the_timeout(self):
    with Fake() as fake:
      fake.router.unbind(fake.acked)
      with fake.send('--timeout', '300ms', fake.file('a', lines(1))) as process:
        status, err = end(process)
      self.assertEqual(status, 4, err)
      self.assertIn('cannot reach the server at %s' % fake.acked, err)

  def test_server_that_comes_back_gets_what_it_missed(self):
    with Fake() as fake, fake.send('--resend', '300ms', fake.file('a', lines(1))) as process:
      _, first, _, _, _ = fake.receive()
      fake.router.close()
      fake.router = fake.context.socket(zmq.ROUTER)
      fake.router.linger = 0
      left = deadline(10)
      while True:  # the port is free again only when the old socket is really gone
        try:
          fake.router.bind(fake.acked)
          break
        except zmq.ZMQError:
          self.assertTrue(left())
      peer, again, _, batch, _ = fake.receive()
      self.assertEqual(again, first)
      fake.ack(peer, batch, ok=1)
      status, err = end(process)
      self.assertEqual(status, 0, err)

  def test_interrupted_it_tells_what_was_not_answered(self):
    with Fake() as fake, fake.send(fake.file('a', lines(2))) as process:
      fake.receive()
      process.send_signal(signal.SIGINT)
      status, err = end(process)
      self.assertEqual(status, 1, err)
      self.assertIn('2 not answered (send them again: none counts twice)', err)


class Replay(unittest.TestCase):
  """The account: received = ok + duplicate + refused + after the last instant."""

  def replay(self, content, *args):
    with tempfile.TemporaryDirectory() as folder:
      path = os.path.join(folder, 'events')
      with open(path, 'wb') as file:
        file.write(content)
      done = run('replay', path, *args)
      done.stderr = done.stderr.replace(path, 'FILE')
      return done

  def account(self, done):
    found = re.search(r'(\d+) events: (\d+) ok, (\d+) duplicate, (\d+) refused(?:, (\d+) after the last instant)?',
                      done.stderr)
    self.assertIsNotNone(found, done.stderr)
    received, *parts = (int(part or 0) for part in found.groups())
    self.assertEqual(received, sum(parts), done.stderr)
    return received, *parts

  def test_unknown_key_is_passed_over_and_told_once(self):
    line = b'{"id":"%d","t":"visit","ts":"2026-01-01T00:00:00Z","camqp":"x","\\u009bq":1}\n'
    done = self.replay(b''.join(line % n for n in range(3)))
    self.assertEqual((3, 3, 0, 0, 0), self.account(done))
    self.assertEqual(0, done.returncode, done.stderr)
    self.assertIn("FILE:1: unknown key 'camqp' passed over, did you mean 'camp'?\n", done.stderr)
    self.assertEqual(2, done.stderr.count('unknown key'), done.stderr)
    self.assertIn("unknown key '?q'", done.stderr)

  def test_every_event_is_in_one_column(self):
    events = lines(3) + lines(1) + 'no JSON\n' + '{"id":"late","t":"visit","ts":9000}\n' + 'x' * 70000 + '\n'
    events += '{"id":"y","t":"sale","ts":1000}\n'
    done = self.replay(events.encode(), '--at', '8000')
    self.assertEqual((8, 3, 1, 3, 1), self.account(done))
    self.assertEqual(5, done.returncode, done.stderr)
    self.assertIn('1 after the last instant (1970-01-01T00:00:08.000Z)\n', done.stderr)

  def test_many_refused_of_one_batch_are_all_counted(self):
    events = ''.join('{"id":"e%d","t":"sale","ts":%d}\n' % (n, 1000 + n) for n in range(300))
    self.assertEqual((300, 0, 0, 300, 0), self.account(self.replay(events.encode())))

  def test_events_without_a_time_are_refused_not_forgotten(self):
    done = self.replay(b'\x05' + b'{"id":"a","t":"visit"}\n', '-o', 'json')
    self.assertEqual(5, done.returncode, done.stderr)
    self.account(done)
    too_big = msgpack.packb({'id': 'x' * 20000, 't': 'visit', 'ts': 1})
    done = self.replay(msgpack.packb({'id': 'a', 't': 'visit'}) + too_big)
    self.assertEqual((2, 0, 0, 2, 0), self.account(done))

  def test_msgpack_cut_inside_an_array_is_told_with_its_place(self):
    cut = b'\x93' + msgpack.packb({'id': 'm', 't': 'visit', 'ts': 1})
    done = self.replay(cut)
    self.assertEqual(1, done.returncode, done.stderr)
    self.assertEqual('laju replay: FILE: after %d bytes: ends in the middle of an array\n' % len(cut), done.stderr)

  def test_nothing_to_show_is_no_failure(self):
    for form in ('table', 'csv', 'json'):
      done = self.replay(lines(1).encode(), '--select', 'd/campaign/none', '-o', form)
      self.assertEqual(0, done.returncode, done.stderr)
      self.assertIn('no row matches d/campaign/none', done.stderr)


class Words(unittest.TestCase):
  """What is quoted cannot move a cursor, change colours, turn a line round or forge a second line."""
  EVIL = '\x1b]0;x\x07\x1b[2J\x7f\x9b31m\u202e\u2066\u200f\u061c\u2028\nlaju: ready'

  def harmless(self, text):
    found = re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]', text)
    self.assertIsNone(found, repr(text))
    self.assertNotIn('\nlaju: ready', text)

  def test_what_was_typed(self):
    evil, silent = self.EVIL, 'tcp://127.0.0.1:%d' % free_ports(1)[0]
    for args in ((evil,), ('help', evil), ('send', '--' + evil), ('send', '-' + evil), ('send', evil),
                 ('send', '--batch', evil, 'x'), ('send', '--until', evil, 'x'), ('send', '--acked', evil, '/dev/null'),
                 ('check', evil), ('check', 'a', evil),
                 ('check', '--set', evil), ('check', '--set', evil + '=1'), ('check', '--set', 'zone=' + evil),
                 ('check', '--set', 'ingest.acked=ipc://' + evil), ('check', '--set', 'alerts=' + evil),
                 ('check', '--set', 'kpis=' + evil), ('check', '-o', evil), ('query', evil),
                 ('query', 'd', '--snapshot', 'ipc://' + evil, '--timeout', '50ms'),
                 ('query', 'd', '--snapshot', silent, '--timeout', '50ms', '-c', evil), ('top', evil), ('dlq', evil),
                 ('status', evil), ('status', '--snapshot', 'ipc://' + evil, '--timeout', '50ms'), ('explain', evil),
                 ('explain', 'roi', evil), ('explain', 'roi', '-c', evil), ('explain', 'roi', '--set', evil),
                 ('explain', '--event', evil, '--snapshot', silent, '--timeout', '50ms'),
                 ('explain', evil, '--event', evil),
                 ('dlq', 'list', '--code', evil), ('replay', evil), ('replay', '/dev/null', '--at', evil),
                 ('replay', '/dev/null', '--select', evil), ('serve', '-c', evil), ('serve', evil), ('demo', evil)):
      with self.subTest(args):
        done = run(*args)
        self.assertGreater(done.returncode, 0, (args, done.stderr))
        self.harmless(done.stderr)
        self.assertEqual('', done.stdout)

  def test_names_of_files(self):
    with Fake() as fake:
      path = os.path.join(fake.folder, self.EVIL.replace('/', ''))
      for content in (b'', b'x\n', b'{"foo\x1b":1}\n', b'\x91', b'\x1f\x8b',
                      b'{"id":"a","t":"visit","ts":1,"\\u202e":1}\n'):
        with open(path, 'wb') as file:
          file.write(content)
        for args in (('send', '--push', '--push-port', fake.silent, '--timeout', '100ms'), ('replay',)):
          done = run(*args, path)
          self.harmless(done.stderr)
          self.assertTrue('?' in done.stderr or not content, done.stderr)

  def test_what_is_effective(self):
    values = ('--set', 'targets=' + self.EVIL, '--set', 'data=\xe9' + self.EVIL)
    done = run('check', *values)
    self.assertEqual(0, done.returncode, done.stderr)
    self.harmless(done.stdout + done.stderr)
    done = run('check', '-o', 'json', *values)
    self.harmless(done.stdout + done.stderr)
    self.assertEqual('\xe9' + self.EVIL, json.loads(done.stdout)['settings']['data']['value'])

  def test_what_a_server_says(self):
    evil = '\x7f\x9b2J\u202e\u2066\u200e'  # the codec itself refuses what is below a blank
    with Fake() as fake, fake.send('--until', '0', fake.file('a', lines(2))) as process:
      peer, _, _, batch, _ = fake.receive()
      fake.ack(peer, batch, ok=1, rej=[[1, evil, evil]])
      peer, _, _, batch, _ = fake.receive()
      fake.router.send_multipart((peer, msgpack.packb(['N1', {'b': batch, 'code': evil, 'text': evil, 'retry_ms': 0}])))
      status, err = end(process)
      self.assertEqual(status, 5, err)
      self.harmless(err)
      self.assertIn('the tick was refused: ??2J???\n', err)


if __name__ == '__main__':
  unittest.main()
