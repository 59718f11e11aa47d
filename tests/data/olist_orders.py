#!/usr/bin/python3
"""Olist orders -> one sale an order: amt is the sum of item prices (BRL), qty the number of items.

Canceled and unavailable orders are sold too, and taken back by a void: of the canceled ones it comes after the sale, of
the unavailable ones before it. The file has no time for that: it has the order's. An order without items (one there is,
and most of those taken back) has amt 0, qty 0.
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
    name, ts, cust = order['order_id'], ms(order['order_purchase_timestamp']), person[order['customer_id']]
    amt, qty = items.get(name, (0, 0))
    sale = {'id': name, 't': 'sale', 'ts': ts, 'cust': cust, 'order': name, 'amt': amt, 'cur': 'BRL', 'qty': qty}
    void = {'id': 'void:' + name, 't': 'void', 'ts': ts, 'cust': cust, 'ref': name}
    yield from {'canceled': (sale, void), 'unavailable': (void, sale)}.get(order['order_status'], (sale,))


if __name__ == '__main__':
  emit(by_time(events()))
