#!/usr/bin/python3
"""Olist closed deals -> sales that name their lead and nothing else: no origin, no team, no person.

What a deal brings in is the revenue that the seller declared (BRL), mostly 0. Its lead says the rest: the origin
(campaign) at first contact, and when it is won the sdr (team) and the sr (person). As three systems' exports of a month
are read one after the other, sales come first, then the leads won, then the contacts, latest first: what a sale
inherits comes up to a month after it.
"""
import time

from common import emit, minor, ms, rows


def events():
  """(order within the month, event)"""
  for lead in rows('restricted', 'olist', 'olist_marketing_qualified_leads_dataset.csv'):
    name, ts = lead['mql_id'], ms(lead['first_contact_date'])
    yield (2, -ts), {'id': 'lead:' + name, 't': 'lead', 'ts': ts, 'cust': name, 'camp': lead['origin'] or '(none)',
                     'lead': name, 'stage': 'mql'}
  for deal in rows('restricted', 'olist', 'olist_closed_deals_dataset.csv'):
    name, ts = deal['mql_id'], ms(deal['won_date'])
    yield (1, ts), {'id': 'deal:' + name, 't': 'lead', 'ts': ts, 'cust': name, 'team': deal['sdr_id'],
                    'pers': deal['sr_id'], 'lead': name, 'stage': 'customer'}
    yield (0, ts), {'id': 'sale:' + name, 't': 'sale', 'ts': ts, 'cust': name, 'lead': name,
                    'amt': minor(deal['declared_monthly_revenue'], 2), 'cur': 'BRL', 'qty': 1}


def month_of(ts):
  return time.gmtime(ts // 1000)[:2]


if __name__ == '__main__':
  emit(event for _, event in sorted(events(), key=lambda pair: (month_of(pair[1]['ts']), pair[0])))
