"""The truth through the real binary: `laju replay`, and `laju serve` + `laju send` + `laju query` over its sockets.

Two tests a data set, each asking every question of questions.py, those that the truth leaves open with the model's
answers. Over the sockets the clock is the events': the file is sent in pieces, one up to each reading instant and in
the order of the file, and `laju send --until T` ends a piece with a tick, so that instants without events are reached
too. What is not asked for must not be there: a campaign, person, ... with numbers that neither knows is a difference
as well.
"""
import fractions
import json
import os
import re
import sys
import tempfile
import unittest
import urllib.parse

import data_sets
import questions

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'blackbox'))
import harness  # noqa: E402


def number(value):
  """A measure or KPI as rows carry it: integer, [num, den], or [null, reason]."""
  if isinstance(value, list):
    return None if value[0] is None else fractions.Fraction(value[0], value[1])
  return None if value is None else fractions.Fraction(value)


class Answers:
  """Rows by (instant, window, rollup, key)."""

  def __init__(self):
    self.rows = {}

  def add(self, at, row):
    _, window, rollup, *key = row['topic'].split('/')
    self.rows[at, window, rollup, tuple(map(urllib.parse.unquote, key))] = row

  def part(self, place, part):
    """The row's own part: cur and kpi stand in the row itself, those of prev below `prev`. None: no such row."""
    row = self.rows.get(place)
    return row if row is None or part == 'cur' else row[part]

  def answer(self, question):
    part = self.part(question[:4], question.part)
    if not part or not part['cur']:  # a row without any number is not there, or gone: sums are 0, ratios have no value
      return None if question.want is None else fractions.Fraction(0)
    if question.name in part['kpi']:
      return number(part['kpi'][question.name])
    return number(part['cur'].get(question.name))  # what looks back beyond the horizon is not in the row

  def unasked(self, asked):
    """Rows with numbers among those asked for, in a rollup asked about at that instant, that nobody asked about."""
    places = {question[:4] for question in asked}
    names = {}
    for question in asked:
      names.setdefault(question[:3], set()).add(question.name)
    for place in sorted(self.rows):
      wanted = names.get(place[:3], set())
      cur = self.rows[place]['cur']
      if place not in places and any(cur.get(name) for name in wanted):
        yield '%s: %s' % ('/'.join(map(str, place)), {name: cur[name] for name in wanted if cur.get(name)})


class Truth(data_sets.Case):

  def setUp(self):
    super().setUp()
    if not os.access(harness.LAJU, os.X_OK):
      self.fail('there is no %s' % harness.LAJU)

  def finish(self, name, answers):
    asked = data_sets.asked(name) + data_sets.untold(name)
    data_sets.compare(self, asked, answers.answer)
    extra = [line for line in answers.unasked(asked) if name in data_sets.MORE_ROLLUPS or '/channel/' not in line]
    self.assertEqual([], extra[:data_sets.SHOWN_MAX])

  def replay(self, name):
    instants = sorted({question.at for question in data_sets.asked(name)})
    with tempfile.NamedTemporaryFile(suffix='.ndjson') as file:
      file.writelines(data_sets.lines(name))
      file.flush()
      done = harness.run('replay', file.name, '--at', ','.join(map(questions.text_of, instants)), '--select', '*',
                         '-o', 'json', '-c', data_sets.config(name), timeout=300)
    self.assertEqual(0, done.returncode, done.stderr)
    answers = Answers()
    for row in json.loads(done.stdout):
      answers.add(row['at'], row)
    self.assertEqual(set(instants), {place[0] for place in answers.rows})
    self.finish(name, answers)

  def sockets(self, name):
    instants = sorted({question.at for question in data_sets.asked(name)})
    answers = Answers()
    with harness.Server(*server_lines(name)) as server:
      begin = None
      for at in instants:
        piece = [line for line in data_sets.lines(name) if (begin is None or ts_of(line) > begin) and ts_of(line) <= at]
        begin = at
        path = server.write('piece.ndjson', b''.join(piece).decode())
        sent = server.laju('send', path, '--until', questions.text_of(at), '-q', timeout=300)
        self.assertEqual(0, sent.returncode, sent.stderr)
        with server.sender() as sender:
          lsn = sender.tick(at)['lsn']
        asked = server.laju('query', '*', '-o', 'json', '--wait-lsn', str(lsn))
        self.assertEqual(0, asked.returncode, asked.stderr)
        for row in json.loads(asked.stdout):
          answers.add(at, row)
    self.finish(name, answers)


TS = re.compile(rb'"ts":(\d+)')


def ts_of(line):
  return int(TS.search(line).group(1))


def server_lines(name):
  """The configuration of the data set, with its files' places told in full: the harness writes its own beside."""
  with open(data_sets.config(name), encoding='utf-8') as file:
    for line in file:
      word, _, rest = line.rstrip('\n').partition(': ')
      if word in ('kpis', 'channels'):
        yield '%s: %s' % (word, os.path.join(data_sets.FOLDER, rest))
      elif word != 'durability':
        yield line.rstrip('\n')


for one in data_sets.NAMES:
  setattr(Truth, 'test_%s_by_replay' % one, lambda self, name=one: self.replay(name))
  setattr(Truth, 'test_%s_over_sockets' % one, lambda self, name=one: self.sockets(name))

if __name__ == '__main__':
  unittest.main()
