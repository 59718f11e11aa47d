#!/usr/bin/python3
"""UCI Online Retail, December 2010 -> a sale an invoice, a refund a line of a cancellation, with its sale where it can
be told.

A cancellation names no invoice. It is taken for one of the customer's last invoice before it that has the same
product at the same price, and so many of it not yet given back; where there is none, or no customer, the refund names
nothing. Refunds are so never beyond their sale. Invoices of one customer and one minute are not taken for it: which of
them is the first sale would decide who is new, and Laju decides that by a hash. Which lines are left out and how money
is told: online_retail.py, whose lines these are. Within a week refunds come first, those of an invoice before the
invoice.
"""
import collections
import time

from common import emit
from online_retail import events as lines


def invoices(line):
  """The sales, with what can still be given back: invoice -> (event, {(product, price): units})."""
  sales = {}
  for event in line:
    if event['t'] != 'sale':
      continue
    head = {key: event[key] for key in ('t', 'ts', 'cust', 'order', 'cur') if key in event}
    sale, left = sales.setdefault(event['order'], ({**head, 'id': event['order'], 'amt': 0, 'qty': 0}, {}))
    sale['ts'] = min(sale['ts'], event['ts'])  # one invoice has two minutes
    sale['amt'] += event['amt']
    sale['qty'] += event['qty']
    left[ware(event)] = left.get(ware(event), 0) + event['qty']
  return sales


def ware(event):
  return event['prod'], event['amt'] // event['qty']


def given_back(line, sales):
  """The refunds in order of time, each with the sale it is taken for."""
  by_cust, minutes = {}, collections.Counter((sale.get('cust'), sale['ts']) for sale, _ in sales.values())
  for sale, left in sorted(sales.values(), key=lambda pair: pair[0]['ts']):
    if minutes[sale.get('cust'), sale['ts']] == 1:
      by_cust.setdefault(sale.get('cust'), []).append((sale, left))
  for refund in sorted((event for event in line if event['t'] == 'refund'), key=lambda event: event['ts']):
    for sale, left in reversed(by_cust.get(refund['cust'], ()) if 'cust' in refund else ()):
      if sale['ts'] <= refund['ts'] and left.get(ware(refund), 0) >= refund['qty']:
        left[ware(refund)] -= refund['qty']
        refund['ref'] = sale['id']
        break
    del refund['prod']  # a sale here is of many
    yield refund


def events():
  line = list(lines())
  sales = invoices(line)
  yield from given_back(line, sales)
  yield from (sale for sale, _ in sales.values())


def place(event):
  year, week, _ = time.strftime('%G %V %u', time.gmtime(event['ts'] // 1000)).split()
  return year, week, event['t'] == 'sale', event['ts']


if __name__ == '__main__':
  emit(sorted(events(), key=place))
