"""The README's client examples, run as they stand there against a live Laju; and that examples/ holds the same text."""
import json
import os
import re
import select
import subprocess
import time
import unittest

import harness
import msgpack
from harness import Server, deadline

README = os.path.join(harness.REPOSITORY, 'README.md')
CLIENTS = os.path.join(harness.REPOSITORY, 'tests', 'clients')
EXAMPLES = {'send.py': 'python', 'subscribe.py': 'python', 'send.mjs': 'node', 'subscribe.mjs': 'node'}
LINES_MAX = 20
BEGIN = time.time()
SHELL = re.compile(r'^```sh\n(.*?)^```$', re.MULTILINE | re.DOTALL)
FENCE = re.compile(r'^```(?:python|js|javascript|mjs)\n((?:#|//) (\w+\.\w+) - .*?\n)```$', re.MULTILINE | re.DOTALL)


def readme():
  with open(README, encoding='utf-8') as file:
    return file.read()


def blocks():
  """File name -> text, of the fenced blocks that begin with a comment naming a file."""
  return {name: text for text, name in FENCE.findall(readme())}


def shell_block(command):
  """The one shell block that holds the command."""
  block, = [text for text in SHELL.findall(readme()) if command in text]
  return block


class Example:
  """One block, running: its lines as they come."""

  def __init__(self, server, name):
    # Node finds its packages from where the file stands; both kinds are told the ports as the server is.
    self.path = os.path.join(CLIENTS, 'node_modules', '.laju-%d-%s' % (os.getpid(), name))
    with open(self.path, 'w', encoding='utf-8') as file:
      file.write(blocks()[name])
    command = ['/usr/bin/python3'] if name.endswith('.py') else ['node']
    self.process = subprocess.Popen([*command, self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    env=harness.surroundings(**environment(server)))

  def __enter__(self):
    return self

  def __exit__(self, *_):
    if self.process.poll() is None:
      self.process.kill()
    self.process.communicate()
    os.unlink(self.path)

  def output(self):
    """Of one that ends by itself."""
    out, err = self.process.communicate(timeout=30 * harness.PATIENCE)
    assert self.process.returncode == 0, err
    return out


def the_second(ago):
  """A second shortly before now as RFC 3339."""
  return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(BEGIN - ago))


def environment(server):
  return {'LAJU_' + name.replace('.', '_').upper(): endpoint for name, endpoint in server.endpoint.items()}


class Examples(harness.Case):

  def test_readme_and_examples_are_the_same_text_of_at_most_20_lines(self):
    found = blocks()
    for name, folder in EXAMPLES.items():
      with self.subTest(name):
        with open(os.path.join(harness.REPOSITORY, 'examples', folder, name), encoding='utf-8') as file:
          self.assertEqual(file.read(), found.get(name), 'README.md has another text, or none')
        self.assertLessEqual(found[name].count('\n'), LINES_MAX)

  def shell(self, server, block, *options):
    """A shell block run in the server's folder, as it stands but for `top`, which never ends in a pipe."""
    lines = [line for line in block.splitlines() if not line.startswith('./run top')]
    return subprocess.run(['bash', *options, '-c', '\n'.join(lines).replace('./run', harness.LAJU)],
                          capture_output=True, text=True, check=False, cwd=server.folder,
                          env=harness.surroundings(**environment(server)))

  def test_first_five_minutes_of_the_readme(self):
    """Pasted twice, a second apart: within each the lines are sent again, and neither is in the way of the other."""
    block = shell_block('./run send first.ndjson')
    with Server() as server:
      # Publishing is not waited for by `query`: asked again until the rows are there.
      with server.rows('kpi/r1d/campaign/harbolnas') as rows:
        for ago in (1, 0):
          done = self.shell(server, re.sub(r'^now=.*', 'now=' + the_second(ago), block, flags=re.MULTILINE), '-eu')
          self.assertEqual(0, done.returncode, done.stderr)
          self.assertRegex(done.stderr, r'(?s): 3 ok, 0 duplicate, 0 refused.*: 0 ok, 3 duplicate, 0 refused')
          rows.until(lambda last: last)
        # What the README's alert on the cost of a lead divides by: it is one lead, whoever says so again.
        rows.until(lambda last: last['kpi/r1d/campaign/harbolnas']['cur'].get('lead_events') == 2)
        self.assertEqual(1, rows.last['kpi/r1d/campaign/harbolnas']['cur']['leads'])
      asked = subprocess.run([harness.LAJU, 'query', 'd/campaign/*'], capture_output=True, text=True, check=True,
                             env=harness.surroundings(**environment(server)))
      self.assertIn('harbolnas', asked.stdout)

  def test_refund_and_correction_of_the_readme_change_its_sale(self):
    """In the shell of the first block, where $now is; the refund bears no campaign of its own."""
    with Server() as server, server.rows('kpi/r1d/campaign/harbolnas') as rows:
      both = shell_block('./run send first.ndjson') + shell_block('"t": "correct"')
      done = self.shell(server, both, '-eu')
      self.assertEqual(0, done.returncode, done.stderr)
      rows.measure('kpi/r1d/campaign/harbolnas', 'refunds_amount', 5000000)
      row = rows.measure('kpi/r1d/campaign/harbolnas', 'sales_amount', 20000000)
      self.assertEqual((15000000, 1), (row['kpi']['revenue'], row['cur']['leads']))

  def test_dead_letter_of_the_readme_arrives(self):
    """One line is refused here, the other by the server, which keeps it."""
    with Server() as server:
      done = self.shell(server, shell_block('./run dlq list'), '-u')
      self.assertEqual(0, done.returncode, done.stderr)
      self.assertRegex(done.stderr, r'(?m)^refused 1 bad_amount:\n +stdin:1: amt .250\.000. has more decimals')
      self.assertRegex(done.stderr, r'(?m)^refused 1 too_late:\n +stdin:2: ')
      self.assertEqual(['too_late'], [letter['code'] for letter in server.dead()])
      self.assertRegex(done.stdout, r'(?m)^ *1 .* too_late ')
      letter, = json.loads(done.stdout[done.stdout.index('['):])
      self.assertEqual('x-2', msgpack.unpackb(bytes.fromhex(letter['raw']))['id'])

  def test_replay_of_the_readme_shows_its_month(self):
    command, = re.findall(r'`(\./run replay [^`]*)`', readme())
    with Server('zone: Asia/Jakarta') as server:
      server.write('november.ndjson', '{"id":"a","t":"sale","ts":"2026-11-30T23:30:00+07:00","camp":"x","amt":100}\n')
      done = self.shell(server, command + ' -k revenue -o csv', '-eu')
    self.assertEqual(0, done.returncode, done.stderr)
    self.assertRegex(done.stdout, r'(?m)m,campaign,x,1\.00$')

  def check_send(self, name, told):
    """Run twice: the second is no conflict with the first."""
    with Server() as server, server.rows('kpi/r1d/campaign/') as rows:
      for _ in range(2):
        with Example(server, name) as example:
          out = example.output()
        for words in ('A1', 'bad_amount', *told):
          self.assertIn(words, out)
      row = rows.measure('kpi/r1d/campaign/harbolnas', 'sale_events', 2)
      self.assertEqual(2 * 15000000, row['cur']['sales_amount'])
      self.assertEqual(['bad_amount'] * 2, [letter['code'] for letter in server.dead()])

  def test_python_sender_is_acked_and_shows_what_was_refused(self):
    self.check_send('send.py', ("'ok': 1",))

  def test_node_sender_is_acked_and_shows_what_was_refused(self):
    self.check_send('send.mjs', ('ok: 1',))

  def check_send_survives(self, name):
    """The server comes up only after the first try: what is sent again counts once."""
    server = Server()
    try:
      with Example(server, name) as example:
        server.start()
        self.assertIn('A1', example.output())
        with server.rows('kpi/r1d/all/') as rows:
          rows.measure('kpi/r1d/all/all', 'sale_events', 1)
    finally:
      server.__exit__(None)

  def test_python_sender_waits_for_a_server(self):
    self.check_send_survives('send.py')

  def test_node_sender_waits_for_a_server(self):
    self.check_send_survives('send.mjs')

  def check_subscribe(self, name):
    """Rows from before it came (snapshot), a row after, and everything again after a restart of the server."""
    server = Server()
    try:
      server.start()
      with server.sender() as sender:
        sender.send(*(harness.sale(str(i), camp='early') for i in range(3)))
      with Example(server, name) as example:
        lines = Lines(example.process)
        lines.until('kpi/r1d/campaign/early', 'sale_events', 3)
        with server.sender() as sender:
          sender.send(harness.sale('later', camp='late'))
        lines.until('kpi/r1d/campaign/late', 'sale_events', 1)
        server.stop()
        server.start()
        with server.sender() as sender:
          sender.send(*(harness.sale('again %d' % i, camp='anew') for i in range(7)))
        lines.until('kpi/r1d/campaign/anew', 'sale_events', 7)
    finally:
      server.__exit__(None)

  def test_python_subscriber_gets_early_late_and_new_rows(self):
    self.check_subscribe('subscribe.py')

  def test_node_subscriber_gets_early_late_and_new_rows(self):
    self.check_subscribe('subscribe.mjs')


class Lines:
  """The printed rows of a subscriber; a printed map may go over several lines."""

  def __init__(self, process):
    self.process, self.text = process, ''
    os.set_blocking(process.stdout.fileno(), False)

  def until(self, topic, measure, value, seconds=20):
    wanted = re.compile(re.escape(topic) + r"\b[^/]*?\b" + measure + r"'?: " + str(value) + r'\b', re.DOTALL)
    left = deadline(seconds)
    while not wanted.search(self.text):
      assert self.process.poll() is None, self.process.stderr.read()
      assert left(), 'no %s with %s %d in: %s' % (topic, measure, value, self.text[-2000:])
      self.read(min(left(), 200))

  def read(self, wait_ms):
    if select.select([self.process.stdout], [], [], wait_ms / 1000)[0]:
      self.text += os.read(self.process.stdout.fileno(), 65536).decode()


if __name__ == '__main__':
  unittest.main()
