"""The data sets by name: their events, questions and configurations; what the two tests here share."""
import functools
import json
import os
import subprocess
import unittest

import model
import questions
from questions import DATA

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(os.path.dirname(HERE), 'data')
NAMES = ('olist_orders', 'olist_parts', 'olist_funnel', 'olist_deals', 'online_retail', 'online_retail_invoices',
         'online_advertising', 'facebook_metrics', 'cdnow', 'apache_logs', 'apache_logs_own', 'apache_requests',
         'apache_requests_own')
# The data set that a name reads, where two names share one.
CONVERTER = {'apache_logs_own': 'apache_logs', 'apache_requests_own': 'apache_requests'}
OWN_HOSTS = {'apache_logs_own': ('semicomplete.com',), 'apache_requests_own': ('semicomplete.com',)}
# Rollups that the truth does not have but the model knows, and those of which the model does not know every key.
MORE_ROLLUPS = {'olist_deals': ('campaign', 'channel')}
CLOSED = ('channel',)
SHOWN_MAX = 20


class Case(unittest.TestCase):
  """Skipped by name where the data is not: it is no part of the repository."""
  maxDiff = None

  def setUp(self):
    if not os.path.isdir(questions.TRUTH):
      self.skipTest('there is no %s' % os.path.relpath(questions.TRUTH, os.path.dirname(os.path.dirname(HERE))))


def config(name):
  return os.path.join(FOLDER, name + '.yaml')


@functools.lru_cache(maxsize=None)
def lines(name):
  """The converter's output, line by line; made once a run."""
  script = os.path.join(FOLDER, CONVERTER.get(name, name) + '.py')
  return subprocess.run(['/usr/bin/python3', script, DATA], stdout=subprocess.PIPE, check=True).stdout.splitlines(True)


@functools.lru_cache(maxsize=1)
def events(name):
  return [json.loads(line) for line in lines(name)]


@functools.lru_cache(maxsize=None)
def asked(name):
  return tuple(getattr(questions, name)())


def second(name):
  return model.Model(name, events(name), OWN_HOSTS.get(name, ()))


@functools.lru_cache(maxsize=None)
def untold(name):
  """What the truth leaves open, with the model's answers."""
  closed = () if name in MORE_ROLLUPS else CLOSED
  return tuple(questions.untold(asked(name), second(name), MORE_ROLLUPS.get(name, ()), closed))


def compare(test, asked_questions, answer):
  """Every question: a missing answer is a failure, a ratio may differ by half of the truth's last digit."""
  wrong = []
  for question in asked_questions:
    ours = answer(question)
    if question.want is None or ours is None:
      right = ours is question.want
    else:
      right = abs(ours - question.want) <= question.half
    if not right:
      wrong.append('%s: %s, not %s (%s %s of %s at %d)' % (question.truth, question.want, ours, question.part, question.name,
                                                           question.window, question.at))
  shown = wrong[:SHOWN_MAX] + ['... and %d more' % (len(wrong) - SHOWN_MAX)] * (len(wrong) > SHOWN_MAX)
  test.assertGreater(len(asked_questions), 0)
  if wrong:
    test.fail('%d of %d answers differ:\n%s' % (len(wrong), len(asked_questions), '\n'.join(shown)))
