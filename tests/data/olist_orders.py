#!/usr/bin/python3
"""Olist orders -> one sale an order: amt is the sum of item prices (BRL), qty the number of items.

Canceled and unavailable orders are left out. An order without items (one there is) has amt 0, qty 0.
"""
from common import by_time, emit, minor, ms, rows


def events():
  items = {}
  for item in rows('restricted', 'olist', 'olist_order_items_dataset.csv'):
    price, units = items.get(item['order_id'], (0, 0))
    items[item['order_id']] = (price + minor(item['price'], 2), units + 1)
  person = {row['customer_id']: row['customer_unique_id']
            for row in rows('restricted', 'olist', 'olist_customers_dataset.csv')}
  for order in rows('restricted', 'olist', 'olist_orders_dataset.csv'):
    if order['order_status'] in ('canceled', 'unavailable'):
      continue
    amt, qty = items.get(order['order_id'], (0, 0))
    yield {'id': order['order_id'], 't': 'sale', 'ts': ms(order['order_purchase_timestamp']),
           'cust': person[order['customer_id']], 'order': order['order_id'], 'amt': amt, 'cur': 'BRL', 'qty': qty}


if __name__ == '__main__':
  emit(by_time(events()))
