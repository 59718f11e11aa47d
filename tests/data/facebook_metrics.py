#!/usr/bin/python3
"""UCI Facebook metrics -> engagement: a post, its likes, comments and shares, with the post's type as campaign.

The file gives month, weekday and hour but no date: every post stands at 00:00 UTC on day 1 of its month, 2014.
An empty or zero count says nothing and makes no event. Reach and impressions are with the post itself.
"""
from common import by_time, emit, ms, rows


def events():
  for number, row in enumerate(rows('open', 'uci_facebook_metrics', 'dataset_Facebook.csv'), start=2):
    at = ms('2014-%02d-01' % int(row['Post Month']))
    counts = (('post', 1), ('like', int(row['like'] or 0)), ('comment', int(row['comment'] or 0)),
              ('share', int(row['share'] or 0)))
    for kind, n in counts:
      if n == 0:
        continue
      event = {'id': 'line:%d:%s' % (number, kind), 't': 'engage', 'ts': at, 'camp': row['Type'], 'kind': kind, 'n': n}
      if kind == 'post':
        event['reach'] = int(row['Lifetime Post Total Reach'])
        event['imp'] = int(row['Lifetime Post Total Impressions'])
      yield event


if __name__ == '__main__':
  emit(by_time(events()))
