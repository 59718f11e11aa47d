#!/usr/bin/python3
"""Olist marketing funnel -> lead events.

A qualified lead enters stage mql at 00:00 UTC of its first contact, with its origin as campaign; a closed deal
enters stage customer when it is won, with its lead's origin, its sdr as team and its sr as person (the file
has people and no teams). One deal is won two days before its lead's first contact: both stay as they are.
"""
from common import by_time, emit, ms, rows


def events():
  origin = {}
  for lead in rows('restricted', 'olist', 'olist_marketing_qualified_leads_dataset.csv'):
    name = lead['mql_id']
    origin[name] = lead['origin'] or '(none)'
    yield {'id': 'lead:' + name, 't': 'lead', 'ts': ms(lead['first_contact_date']), 'cust': name,
           'camp': origin[name], 'lead': name, 'stage': 'mql'}
  for deal in rows('restricted', 'olist', 'olist_closed_deals_dataset.csv'):
    name = deal['mql_id']
    yield {'id': 'deal:' + name, 't': 'lead', 'ts': ms(deal['won_date']), 'cust': name, 'camp': origin[name],
           'team': deal['sdr_id'], 'pers': deal['sr_id'], 'lead': name, 'stage': 'customer'}


if __name__ == '__main__':
  emit(by_time(events()))
