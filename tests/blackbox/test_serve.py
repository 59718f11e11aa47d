"""`laju serve` from outside: acks and refusals, hostile and dead peers, the push port, starting and stopping."""
import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import unittest

import harness
import msgpack
import zmq
from harness import DAY_MS, MINUTE_MS, Server, deadline, now_ms, sale

ALL = 'kpi/r1d/all/all'
HORIZON_MS = 63 * DAY_MS


def batch(number, events):
  return msgpack.packb(['E1', [number, events]])


class Acks(harness.Case):

  def test_ack_counts_events_and_tells_the_credit(self):
    with Server() as server, server.sender() as sender:
      first, second = sender.send(sale('a'), sale('b')), sender.send(sale('c'))
      self.assertEqual((2, 0, []), (first['ok'], first['dup'], first['rej']))
      self.assertGreater(first['cr'], 0)
      self.assertGreater(second['lsn'], first['lsn'])
      self.assertEqual(3, server.measure(ALL, 'sale_events', lsn=second['lsn']))

  def test_batch_id_comes_back_as_it_was_sent(self):
    with Server() as server, server.sender() as sender:
      for number, name in enumerate((0, -7, 2 ** 63, 'batch one', b'\x00\xff')):
        kind, body = sender.raw(batch(name, [sale(str(number))]))
        self.assertEqual(('A1', name), (kind, body['b']))

  def test_req_socket_is_answered_like_a_dealer(self):
    with Server() as server, server.socket(zmq.REQ, 'ingest.acked') as req:
      for number in range(3):
        req.send(batch(number, [sale(str(number))]))
        self.assertTrue(req.poll(deadline(10)()))
        kind, body = msgpack.unpackb(req.recv())
        self.assertEqual(('A1', number, 1), (kind, body['b'], body['ok']))

  def test_same_bytes_again_are_duplicates_and_count_once(self):
    with Server() as server, server.sender() as sender:
      message = batch(1, [sale('a', cust='x'), sale('b')])
      self.assertEqual((2, 0), (lambda body: (body['ok'], body['dup']))(sender.raw(message)[1]))
      kind, body = sender.raw(message)
      self.assertEqual(('A1', 0, 2, []), (kind, body['ok'], body['dup'], body['rej']))
      self.assertEqual(2, server.measure(ALL, 'sale_events', lsn=body['lsn']))

  def test_each_refusal_has_its_index_code_and_sentence(self):
    now = now_ms()
    refused = [
      ('missing_field', {'id': 'a', 'ts': now}),
      ('missing_field', {'t': 'sale', 'ts': now, 'amt': 1}),
      ('missing_field', {'id': 'a', 't': 'lead', 'ts': now}),
      ('bad_field', {'id': 'a', 't': 'purchase', 'ts': now}),
      ('bad_field', sale('a', ts='yesterday')),
      ('bad_field', sale('a', qty=-1)),
      ('bad_field', {'id': 'a', 't': 'engage', 'ts': now, 'kind': 'glance'}),
      ('bad_amount', sale('a', amt=99.5)),
      ('bad_amount', sale('a', amt=-1)),
      ('bad_amount', sale('a', cur='XXX')),
      ('bad_amount', sale('a', amt=2 ** 60)),
      ('too_late', sale('a', ts=now - HORIZON_MS - MINUTE_MS)),
      ('future_ts', sale('a', ts=now + 10 * MINUTE_MS)),
      ('bad_stage', {'id': 'a', 't': 'lead', 'ts': now, 'lead': 'l', 'stage': 'warm'}),
      ('id_conflict', sale('known', amt=101)),
      ('too_big', sale('a', camp='x' * 300)),
      ('bad_msgpack', 7),
    ]
    with Server() as server, server.sender() as sender:
      sender.send(sale('known', amt=100))
      body = sender.send(sale('good'), *(event for _, event in refused))
      self.assertEqual((1, 0), (body['ok'], body['dup']))
      self.assertEqual([[index, code] for index, (code, _) in enumerate(refused, start=1)],
                       [[index, code] for index, code, _ in body['rej']])
      for _, code, text in body['rej']:
        self.assertGreater(len(text), 5, code)
      self.assertEqual([code for code, _ in refused], [letter['code'] for letter in server.dead()])

  def test_refused_event_leaves_no_id_behind(self):
    with Server() as server, server.sender() as sender:
      self.assertEqual(1, len(sender.send(sale('a', amt=1.5))['rej']))
      self.assertEqual(1, sender.send(sale('a', amt=150))['ok'])

  def test_rejects_are_listed_up_to_100_and_counted_beyond(self):
    with Server() as server, server.sender() as sender:
      body = sender.send(*(sale(str(i), amt=0.5) for i in range(150)))
      self.assertEqual((0, 100, 150), (body['ok'], len(body['rej']), body['nrej']))

  def test_tick_is_refused_under_the_wall_clock(self):
    with Server() as server, server.sender() as sender:
      kind, body = sender.raw(msgpack.packb(['T1', [1, now_ms()]]))
      self.assertEqual(('N1', 'wrong_clock', 0), (kind, body['code'], body['retry_ms']))

  def test_more_batches_than_the_credit_are_each_answered_once(self):
    """Beyond the credit a batch may be answered `overloaded`; what is acked is counted, what is not is not."""
    with Server() as server, server.sender() as sender:
      count = 500
      for number in range(count):
        sender.dealer.send(batch(number, [sale('%d' % number)]))
      answers = [sender.answer() for _ in range(count)]
      self.assertEqual(set(range(count)), {body['b'] for _, body in answers})
      acked = [body for kind, body in answers if kind == 'A1']
      for kind, body in answers:
        self.assertTrue(kind == 'A1' or (body['code'] == 'overloaded' and body['retry_ms'] > 0), (kind, body))
      self.assertEqual(len(acked), server.measure(ALL, 'sale_events', lsn=max(body['lsn'] for body in acked)))

  def test_what_is_received_is_accepted_duplicate_or_refused(self):
    """Random batches from several peers: the acks, the rows and the dead letters tell one story."""
    seed = int(os.environ.get('LAJU_SEED', random.randrange(2 ** 32)))
    chance = random.Random(seed)
    sent = ok = dup = refused = lsn = 0
    with Server() as server:
      senders = [server.sender() for _ in range(3)]
      for _ in range(40):
        events = []
        for _ in range(chance.randrange(1, 60)):
          event = sale(str(chance.randrange(600)), ts=now_ms() - chance.randrange(DAY_MS // 2))
          event['ts'] -= event['ts'] % 1000
          if chance.random() < 0.2:
            event['amt'] = chance.choice([0.5, -1, 'much', None])
          events.append(event)
        body = chance.choice(senders).send(*events)
        self.assertEqual(len(events), body['ok'] + body['dup'] + body['nrej'], 'seed %d' % seed)
        sent, ok, dup, refused = sent + len(events), ok + body['ok'], dup + body['dup'], refused + body['nrej']
        lsn = body['lsn']
      for sender in senders:
        sender.dealer.close()
      self.assertEqual(sent, ok + dup + refused)
      self.assertEqual(ok, server.measure(ALL, 'sale_events', lsn=lsn), 'seed %d' % seed)
      self.assertEqual(refused, len(server.dead()), 'seed %d' % seed)


class Push(harness.Case):

  def test_pushed_events_count_like_acked_ones(self):
    with Server() as server, server.rows(ALL) as rows:
      push = server.socket(zmq.PUSH, 'ingest.push')
      for i in range(100):
        push.send(msgpack.packb(sale('p%d' % i)))
      push.send(msgpack.packb([sale('p%d' % i) for i in range(100, 150)]))
      rows.measure(ALL, 'sale_events', 150)
      push.close()

  def test_pushed_refusals_are_in_the_dead_letters_with_bytes_and_reason(self):
    with Server() as server, server.rows('dlq/', 'hb/') as rows:
      rows.until(lambda last: any(topic.startswith('hb/') for topic in last))  # the subscription is there
      push = server.socket(zmq.PUSH, 'ingest.push')
      bad = [sale('x', amt=1.5), {'id': 'y'}, sale('z', ts=now_ms() + DAY_MS)]
      for event in bad:
        push.send(msgpack.packb(event))
      push.send(b'\xc1 not MessagePack')
      rows.until(lambda _: sum(topic.startswith('dlq/') for topic, _ in rows.all) >= 4)
      push.close()
      letters = server.dead()
      self.assertEqual({'bad_amount', 'missing_field', 'future_ts', 'bad_msgpack'}, {letter['code'] for letter in letters})
      by_code = {letter['code']: letter for letter in letters}
      self.assertEqual(bad[0], msgpack.unpackb(by_code['bad_amount']['raw']))
      self.assertEqual(b'\xc1 not MessagePack', by_code['bad_msgpack']['raw'])
      for letter in letters:
        self.assertTrue(letter['text'] and letter['peer'], letter)

  def test_pushed_duplicates_count_once(self):
    with Server() as server, server.rows(ALL) as rows:
      push = server.socket(zmq.PUSH, 'ingest.push')
      for _ in range(3):
        push.send(msgpack.packb([sale('same', ts=1000 * (now_ms() // 1000 - 60)) for _ in range(10)]))
      push.send(msgpack.packb(sale('last')))
      rows.measure(ALL, 'sale_events', 2)
      push.close()


# What a hostile or broken client may say on the acked port.
HOSTILE = {
  'empty': b'',
  'nil': b'\xc0',
  'text': b'hello',
  'http': b'GET / HTTP/1.1\r\n\r\n',
  'array that claims 4 billion': b'\xdd\xff\xff\xff\xff',
  'map that claims 4 billion': b'\xdf\xff\xff\xff\xff',
  'batch that claims 4 billion events': b'\x92\xa2E1\x92\x01\xdd\xff\xff\xff\xff',
  'text that claims 4 GiB': b'\x92\xa2E1\x92\xdb\xff\xff\xff\xffabc',
  'batch that claims more events than bytes': b'\x92\xa2E1\x92\x01\xdc\x13\x88\x80',
  'deep nesting': b'\x92\xa2E1\x92\x01' + b'\x91' * 100000,
  'deep event': b'\x92\xa2E1\x92\x01\x91' + b'\x81\xa1a' * 50000 + b'\x01',
  'trailing bytes': batch(1, []) + b'\x00',
  'no body': msgpack.packb(['E1']),
  'body is a map': msgpack.packb(['E1', {}]),
  'batch id is an array': msgpack.packb(['E1', [[1], []]]),
  'batch id of 65 bytes': msgpack.packb(['E1', ['x' * 65, []]]),
  'cut in the middle': batch(1, [sale('a')])[:-5],
  'broken UTF-8 in a key': b'\x92\xa2E1\x92\x01\x91\x81\xa2\xff\xfe\x01',
}


class Hostile(harness.Case):
  """After each attack an honest client must be served, and quickly."""

  def serves(self, server, name):
    """The lsn of an honest batch."""
    with server.sender() as sender:
      body = sender.send(sale('honest ' + name))
      self.assertEqual(1, body['ok'])
      return body['lsn']

  def test_broken_batches_are_answered_and_store_nothing(self):
    with Server() as server:
      for number, (name, message) in enumerate(HOSTILE.items()):
        with self.subTest(name), server.sender() as sender:
          kind, body = sender.raw(message)
          if kind == 'A1':  # the envelope was right: its events are refused
            self.assertEqual(0, body['ok'] + body['dup'], body)
          else:
            self.assertEqual(('N1', 0), (kind, body['retry_ms']), body)
            self.assertTrue(body['text'])
        lsn = self.serves(server, name)
        self.assertEqual(number + 1, server.measure(ALL, 'sale_events', lsn=lsn))

  def test_stranger_cannot_unsubscribe_others(self):
    with Server() as server, server.rows(ALL) as rows, harness.Raw(server.port['publish.updates'], b'SUB') as stranger:
      self.serves(server, 'before')
      rows.measure(ALL, 'sale_events', 1)
      for topic in (ALL, 'kpi/'):
        stranger.send(b'\0' + topic.encode())
      stranger.send(b'\1kpi/d/')  # when its row is here the frames before it have been seen
      while b'kpi/d/all/all' not in stranger.stream.recv(65536):
        pass
      self.serves(server, 'after')
      rows.measure(ALL, 'sale_events', 2)

  def test_subscriptions_of_a_peer_that_left_make_room(self):
    """It said each twice. One connection has at most 10,000, all together 100,000."""
    with Server() as server:
      for left in range(11):
        with harness.Raw(server.port['publish.updates'], b'SUB') as peer:
          peer.stream.sendall(b''.join(bytes([0, 8]) + b'\1x%06d' % (left * 10000 + i) for i in range(10000)) * 2)
          peer.send(b'\1hello/')
          peer.send(b'\0x%06d' % (left * 10000))  # room for hello/, which is refused before
          peer.send(b'\1hello/')
          while b'zone' not in peer.stream.recv(65536):
            pass
      self.serves(server, 'one')
      with server.rows('kpi/') as rows:
        rows.measure(ALL, 'sale_events', 1)

  def test_named_peer_that_comes_again_is_served(self):
    with Server() as server, contextlib.ExitStack() as stack:
      for turn in range(3):  # the old connections stay open, as those of a machine that lost its network do
        peer = stack.enter_context(server.context.socket(zmq.DEALER))
        peer.linger, peer.routing_id = 0, b'shop'
        peer.connect(server.endpoint['ingest.acked'])
        peer.send(batch(turn, [sale('s%d' % turn)]))
        self.assertTrue(peer.poll(deadline(10)()), 'connection %d is not answered' % turn)
        self.assertEqual('A1', msgpack.unpackb(peer.recv())[0])

  def test_subscription_longer_than_any_topic_ends_the_connection(self):
    with Server() as server, harness.Raw(server.port['publish.updates'], b'SUB') as peer:
      peer.send(b'\1' + b'x' * 60000)
      with self.assertRaises((AssertionError, ConnectionResetError)):
        while True:
          peer.read(1)
      self.serves(server, 'one')

  def test_wrong_version_is_told(self):
    with Server() as server, server.sender() as sender:
      for word in ('E2', 'E0', 'e1', ''):
        kind, body = sender.raw(msgpack.packb([word, [5, [sale('a')]]]))
        self.assertEqual(('N1', 'wrong_version', 0), (kind, body['code'], body['retry_ms']), word)

  def test_more_than_5000_events_are_refused_whole(self):
    with Server() as server, server.sender() as sender:
      kind, body = sender.raw(batch(1, [sale('e%d' % i) for i in range(5001)]))
      self.assertEqual(('N1', 'too_big', 0), (kind, body['code'], body['retry_ms']))
      self.assertEqual(5000, sender.send(*(sale('e%d' % i) for i in range(5000)))['ok'])

  def test_message_over_1_mib_is_refused_and_a_far_larger_one_not_even_read(self):
    with Server() as server, server.sender() as sender, server.sender() as giant:
      kind, body = sender.raw(batch(7, [{**sale(str(i)), 'ref_url': 'x' * 2000} for i in range(530)]))
      self.assertEqual(('N1', 'too_big', 0), (kind, body['code'], body['retry_ms']))
      giant.dealer.send(b'\x00' * (16 << 20))  # the connection is closed on its length alone
      self.assertEqual(1, sender.send(sale('a'))['ok'])
      self.assertFalse(giant.dealer.poll(100))

  def test_message_of_exactly_1_mib_is_read(self):
    def message(surplus):
      # Between 256 and 2048 bytes a text of one more byte makes the message one byte longer.
      events = [{**sale('e%03d' % i, ts=at), 'ref_url': 'x' * (1500 + min(max(surplus - 500 * i, 0), 500))} for i in range(600)]
      return batch(1, events)
    at = now_ms()
    room = (1 << 20) - len(message(0))
    whole = message(room)
    self.assertEqual(1 << 20, len(whole))
    with Server() as server, server.sender() as sender:
      kind, body = sender.raw(whole)
      self.assertEqual(('A1', 600), (kind, body.get('ok')), body)

  def test_garbage_on_each_port_harms_nobody(self):
    """Raw TCP: noise, half a greeting, a greeting and noise, a request for a web page; some stay connected."""
    greeting = b'\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL' + b'\x00' * 48
    noise = random.Random(1).randbytes(4096)
    with Server() as server:
      held = []
      for name, port in server.port.items():
        for words in (noise, greeting[:7], greeting, greeting + noise, b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'',
                      greeting + b'\x04\x26\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER' + struct.pack('>BQ', 2, 2 ** 62)):
          peer = socket.create_connection(('127.0.0.1', port))
          peer.sendall(words)
          held.append(peer)
        self.serves(server, name)
      for peer in held[::2]:
        peer.close()
      self.serves(server, 'after')
      self.assertTrue(server.alive())
      for peer in held:
        peer.close()

  def test_garbage_on_the_other_wires_harms_nobody(self):
    """Well-formed ZeroMQ, ill-formed words: subscriptions, snapshot requests, pushed messages."""
    with Server() as server:
      updates = server.socket(zmq.XSUB, 'publish.updates')
      for words in (b'\x01', b'\x01' + b'x' * 300, b'\x01kpi/' + b'\xff' * 200, b'\x02?', b'\x00never', b'\x01kpi/r1d/'):
        updates.send(words)
      for words in (*HOSTILE.values(), msgpack.packb(['S1', {'p': 'kpi/', 'n': -1}]), msgpack.packb(['S1', {'n': 2 ** 40}]),
                    msgpack.packb(['S1', {'p': 'x' * 5000, 'n': 1}]), msgpack.packb(['C1', 2 ** 63]), msgpack.packb(['C1', 5]),
                    msgpack.packb(['S1', {'p': '', 'n': 1, 'since': [0]}])):
        with server.socket(zmq.DEALER, 'publish.snapshot') as ask:
          ask.send(words)
          ask.send_multipart([b'', words, words])
          if words != msgpack.packb(['C1', 5]):
            ask.poll(int(50 * harness.PATIENCE))
        with server.socket(zmq.PUSH, 'ingest.push') as push:
          push.linger = 1000
          push.send(words)
          push.send(b'\x00' * 70000)
      lsn = self.serves(server, 'after')
      self.assertEqual(1, server.measure(ALL, 'sale_events', lsn=lsn))
      updates.close()

  def test_peer_that_never_reads_its_answers_harms_nobody(self):
    with Server() as server:
      deaf = server.socket(zmq.DEALER, 'ingest.acked')
      deaf.rcvhwm = 1
      deaf.sndtimeo = 100
      try:
        for number in range(20000):
          deaf.send(batch(number, [sale('deaf', ts=1000, amt=0.5)] * 20))
      except zmq.Again:
        pass  # the server has stopped reading it: that is the point
      self.serves(server, 'beside')
      deaf.close()
      self.serves(server, 'after')

  def test_subscriber_that_never_reads_harms_nobody(self):
    with Server('rollups: [all, campaign]') as server, server.sender() as sender:
      deaf = server.context.socket(zmq.SUB)
      deaf.rcvhwm, deaf.linger = 1, 0
      deaf.connect(server.endpoint['publish.updates'])
      deaf.subscribe('')
      with server.rows(ALL) as rows:
        for turn in range(30):
          sender.send(*(sale('%d-%d' % (turn, i), camp='c%d' % i) for i in range(500)))
        rows.measure(ALL, 'sale_events', 15000)
      deaf.close()

  def test_snapshot_asker_that_returns_no_credit_harms_nobody(self):
    with Server('rollups: [all, campaign]') as server, server.sender() as sender:
      lsn = sender.send(*(sale(str(i), camp='campaign number %d' % i) for i in range(3000)))['lsn']
      with server.socket(zmq.DEALER, 'publish.snapshot') as ask:
        ask.send(msgpack.packb(['S1', {'p': 'kpi/', 'n': 1, 'lsn': lsn}]))
        self.assertTrue(ask.poll(deadline(10)()))
        ask.recv()
        self.assertEqual(3000 * 6, len(server.snapshot('kpi/r1d/campaign/', lsn=lsn)) * 6)
        self.assertFalse(ask.poll(100), 'a chunk came without credit')


class Life(harness.Case):

  def ended(self, *lines, **options):
    """A server that must not start: (exit status, stderr)."""
    server = Server(*lines, **options)
    try:
      done = subprocess.run(server.command, capture_output=True, text=True, check=False, env=server.environment,
                            timeout=20 * harness.PATIENCE)
      return done.returncode, done.stderr
    finally:
      server.__exit__(None)

  def test_port_in_use_is_one_line_and_status_1(self):
    for name in harness.PORTS:
      with self.subTest(name), socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        ports = harness.free_ports(4)
        ports[harness.PORTS.index(name)] = taken.getsockname()[1]
        status, words = self.ended(ports=ports)
        self.assertEqual(1, status, words)
        self.assertEqual(1, words.count('\n'), words)
        self.assertIn(name, words)
        self.assertIn(str(taken.getsockname()[1]), words)

  def test_wrong_configuration_is_status_3_with_its_place(self):
    status, words = self.ended('zoone: UTC')
    self.assertEqual(3, status, words)
    self.assertIn('laju.yaml:', words)
    self.assertIn("'zone'", words)

  def test_bind_for_other_machines_needs_to_be_allowed(self):
    status, words = self.ended('http: {listen: ""}', environment={'LAJU_INGEST_ACKED': 'tcp://0.0.0.0:5550'})
    self.assertEqual(3, status, words)
    self.assertIn('allow_remote', words)

  def test_environment_overrides_the_file(self):
    port, = harness.free_ports(1)
    with Server(environment={'LAJU_INGEST_ACKED': 'tcp://127.0.0.1:%d' % port}) as server:
      server.endpoint['ingest.acked'] = 'tcp://127.0.0.1:%d' % port
      with server.sender() as sender:
        self.assertEqual(1, sender.send(sale('a'))['ok'])

  def test_sigterm_drains(self):
    """Batches on their way: those answered are a run from the first on, each acked or told shutting_down; exit 0."""
    with Server() as server, server.sender() as sender:
      for number in range(200):
        sender.dealer.send(batch(number, [sale('%d-%d' % (number, i)) for i in range(100)]))
      answers = [sender.answer()]
      server.process.send_signal(signal.SIGTERM)
      left = deadline(10)
      while server.alive() or sender.dealer.poll(0):
        if sender.dealer.poll(10):
          answers.append(msgpack.unpackb(sender.dealer.recv()))
        self.assertTrue(left(), 'still running 10 s after SIGTERM')
      self.assertEqual(list(range(len(answers))), sorted(body['b'] for _, body in answers))
      for kind, body in answers:
        self.assertTrue(kind == 'A1' and body['ok'] == 100 or body['code'] in ('shutting_down', 'overloaded'), body)

  def test_sigint_ends_it_as_well(self):
    with Server() as server:
      server.process.send_signal(signal.SIGINT)
      self.assertEqual(0, server.process.wait(10 * harness.PATIENCE))

  def test_stop_with_clients_connected_and_idle(self):
    with Server() as server:
      kept = [server.socket(kind, name) for kind, name in (
        (zmq.DEALER, 'ingest.acked'), (zmq.PUSH, 'ingest.push'), (zmq.DEALER, 'publish.snapshot'))]
      kept.append(server.subscriber(''))
      server.stop()
      for one in kept:
        one.close()

  def test_epoch_grows_with_each_start(self):
    server = Server()
    epochs = []
    try:
      for _ in range(2):
        server.start()
        with server.rows('hb/') as rows:
          epochs.append(rows.until(lambda last: last.get('hb/'))['e'])
        server.stop()
    finally:
      server.__exit__(None)
    self.assertLess(epochs[0], epochs[1])


if __name__ == '__main__':
  unittest.main()
