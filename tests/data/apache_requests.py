#!/usr/bin/python3
"""Elastic's sample Apache log -> an event a request, in the order of the file (up to 59 s out of order of time).

The wire has no word for a request: each goes as a visit, with its own referrer, and the address as the person.
"""
from apache_logs import ESCAPE, requests
from common import emit


def events():
  for number, visitor, ts, referrer in requests():
    event = {'id': 'line:%d' % number, 't': 'visit', 'ts': ts, 'cust': visitor.partition('\n')[0]}
    if referrer != '-':
      event['ref_url'] = ESCAPE.sub(r'%\1', referrer)
    yield event


if __name__ == '__main__':
  emit(events())
