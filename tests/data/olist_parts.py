#!/usr/bin/python3
"""Olist orders -> three sales an order, of its one order id: price, freight and what was paid, as three products.

An event has one amount, and these are three; they are asked for by product, their sum over products says nothing. The
units are with the price. Canceled and unavailable orders are left out.
"""
from common import by_time, emit, minor, ms, rows


def sums():
  """order -> its units and its three amounts."""
  orders = {}
  for item in rows('restricted', 'olist', 'olist_order_items_dataset.csv'):
    order = orders.setdefault(item['order_id'], {'units': 0, 'price': 0, 'freight': 0, 'paid': 0})
    order['units'] += 1
    order['price'] += minor(item['price'], 2)
    order['freight'] += minor(item['freight_value'], 2)
  for payment in rows('restricted', 'olist', 'olist_order_payments_dataset.csv'):
    order = orders.setdefault(payment['order_id'], {'units': 0, 'price': 0, 'freight': 0, 'paid': 0})
    order['paid'] += minor(payment['payment_value'], 2)
  return orders


def events():
  of = sums()
  person = {row['customer_id']: row['customer_unique_id']
            for row in rows('restricted', 'olist', 'olist_customers_dataset.csv')}
  for order in rows('restricted', 'olist', 'olist_orders_dataset.csv'):
    if order['order_status'] in ('canceled', 'unavailable'):
      continue
    for product in ('price', 'freight', 'paid'):
      yield {'id': '%s:%s' % (order['order_id'], product), 't': 'sale', 'ts': ms(order['order_purchase_timestamp']),
             'cust': person[order['customer_id']], 'order': order['order_id'], 'prod': product,
             'amt': of[order['order_id']][product], 'cur': 'BRL',
             'qty': of[order['order_id']]['units'] if product == 'price' else 0}


if __name__ == '__main__':
  emit(by_time(events()))
