#!/usr/bin/python3
"""Online advertising performance -> two spends, a sale and an engagement a row, at 00:00 UTC of its date in 2020.

The file has no year. Money has four decimals: told as XTS, the currency for tests, which has four. What it calls
revenue is the publisher's: a spend of cost type `publisher`, beside the cost, of type `media`. The sale is the
advertiser's side (post-click sales, post-click conversions as units) and may be 0. Impressions and clicks go as one
engagement with the ad, since a visit a click would be 2.5 million events: imp is displays, n is clicks, and the kind is
`post` because the wire has no word for a click. Placement is the product; '#N/A' is kept. 5 rows repeat exactly: the
id is the line's number.
"""
from common import by_time, emit, minor, ms, rows

MONTHS = {'April': 4, 'May': 5, 'June': 6}


def events():
  for number, row in enumerate(rows('restricted', 'online_advertising', 'online_advertising_performance_data.csv'), start=2):
    at = ms('2020-%02d-%02d' % (MONTHS[row['month']], int(row['day'])))
    place = {'camp': row['campaign_number'], 'prod': row['placement']}
    yield {'id': 'spend:%d' % number, 't': 'spend', 'ts': at, **place, 'ctype': 'media',
           'amt': minor(row['cost'], 4), 'cur': 'XTS'}
    yield {'id': 'revenue:%d' % number, 't': 'spend', 'ts': at, **place, 'ctype': 'publisher',
           'amt': minor(row['revenue'], 4), 'cur': 'XTS'}
    yield {'id': 'sale:%d' % number, 't': 'sale', 'ts': at, **place, 'amt': minor(row['post_click_sales_amount'], 4),
           'cur': 'XTS', 'qty': int(row['post_click_conversions'])}
    yield {'id': 'shown:%d' % number, 't': 'engage', 'ts': at, **place, 'kind': 'post', 'n': int(row['clicks']),
           'imp': int(row['displays'])}


if __name__ == '__main__':
  emit(by_time(events()))
