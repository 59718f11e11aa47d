"""The README's client examples, run as they stand there against a live Laju; and that examples/ holds the same text."""
import os
import re
import select
import subprocess
import time
import unittest

import harness
from harness import Server, deadline

README = os.path.join(harness.REPOSITORY, 'README.md')
CLIENTS = os.path.join(harness.REPOSITORY, 'tests', 'clients')
EXAMPLES = {'send.py': 'python', 'subscribe.py': 'python', 'send.mjs': 'node', 'subscribe.mjs': 'node'}
LINES_MAX = 20
BEGIN = time.time()
SHELL = re.compile(r'^```sh\n(.*?)^```$', re.MULTILINE | re.DOTALL)
FENCE = re.compile(r'^```(?:python|js|javascript|mjs)\n((?:#|//) (\w+\.\w+) - .*?\n)```$', re.MULTILINE | re.DOTALL)


def blocks():
  """File name -> text, of the fenced blocks that begin with a comment naming a file."""
  with open(README, encoding='utf-8') as file:
    return {name: text for text, name in FENCE.findall(file.read())}


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


def the_second():
  """The present second as RFC 3339: fixed, so that sending twice is sending the same."""
  return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(BEGIN))


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

  def test_first_five_minutes_of_the_readme(self):
    """The shell block that sends events by `./run send -`, as it stands but for `top`, which never ends in a pipe."""
    with open(README, encoding='utf-8') as file:
      block, = [text for text in SHELL.findall(file.read()) if './run send -' in text]
    lines = [line for line in block.splitlines() if not line.startswith('./run top')]
    script = '\n'.join(lines).replace('./run', harness.LAJU)
    with Server() as server:
      # Publishing is not waited for by `query`: asked again until the rows are there.
      with server.rows('kpi/d/campaign/harbolnas') as rows:
        for told in (': 3 ok, 0 duplicate', ': 0 ok, 3 duplicate'):
          done = subprocess.run(['bash', '-eu', '-c', re.sub(r'^now=.*', 'now=%s' % the_second(), script)],
                                capture_output=True, text=True, check=False, env=harness.surroundings(**environment(server)))
          self.assertEqual(0, done.returncode, done.stderr)
          self.assertIn(told, done.stderr)
          rows.until(lambda last: last)
      asked = subprocess.run([harness.LAJU, 'query', 'd/campaign/*'], capture_output=True, text=True, check=True,
                             env=harness.surroundings(**environment(server)))
      self.assertIn('harbolnas', asked.stdout)

  def check_send(self, name, told):
    with Server() as server, server.rows('kpi/r1d/campaign/') as rows:
      with Example(server, name) as example:
        out = example.output()
      for words in ('A1', 'bad_amount', *told):
        self.assertIn(words, out)
      row = rows.measure('kpi/r1d/campaign/harbolnas', 'sale_events', 1)
      self.assertEqual(15000000, row['cur']['sales_amount'])
      self.assertEqual(1, len(server.dead('bad_amount')))

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
