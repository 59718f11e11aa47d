#!/usr/bin/python3
"""Elastic's sample Apache log -> a visit event a visit, in the order of the file (up to 59 s out of order of time).

A visit is a run of requests of one (address, user agent) with no gap above 1,800 s, in order of time; it is told
at the place of its first request, with that request's referrer. The person is a hash of address and user agent.
"""
import hashlib
import re

from common import data_path, emit, ms

GAP_MS = 1800 * 1000
MONTHS = {'May': '05'}
ESCAPE = re.compile(r'\\x([0-9a-fA-F]{2})')  # Apache writes bytes beyond ASCII so; in a URL, host included, they are %XX


def requests():
  # No request, referrer or user agent in this file holds a quote; one user agent is cut and has no closing one.
  with open(data_path('open', 'apache_logs', 'apache_logs'), encoding='utf-8') as file:
    for number, line in enumerate(file, start=1):
      head, _, _, referrer, _, agent = line.rstrip('\n').split('"')[:6]
      at = head[head.index('[') + 1:][:20]
      ts = ms('%s-%s-%s %s' % (at[7:11], MONTHS[at[3:6]], at[:2], at[12:]))
      yield number, head.split(' ', 1)[0] + '\n' + agent, ts, referrer


def first_requests(log):
  """The numbers of the requests that open a visit."""
  last, first = {}, set()
  for number, visitor, ts, _ in sorted(log, key=lambda request: (request[2], request[0])):
    if visitor not in last or ts - last[visitor] > GAP_MS:
      first.add(number)
    last[visitor] = ts
  return first


def events():
  log = list(requests())
  first = first_requests(log)
  for number, visitor, ts, referrer in log:
    if number not in first:
      continue
    event = {'id': 'line:%d' % number, 't': 'visit', 'ts': ts,
             'cust': hashlib.sha256(visitor.encode()).hexdigest()[:16]}
    if referrer != '-':
      event['ref_url'] = ESCAPE.sub(r'%\1', referrer)
    yield event


if __name__ == '__main__':
  emit(events())
