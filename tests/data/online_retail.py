#!/usr/bin/python3
"""UCI Online Retail, December 2010 -> a sale or a refund a line.

GBP with three decimals: told as KWD, a currency that has three. Lines repeat exactly and are all real, so an
event's id is its file and line. Times have minutes only. Lines with price 0 and negative quantities without
a C invoice are stock corrections and are left out.
"""
import csv
import glob
import os

from common import by_time, data_path, emit, minor, ms


def events():
  for path in sorted(glob.glob(data_path('open', 'uci_online_retail_2010_12', '2010-12-*.csv'))):
    day = os.path.basename(path)[:-len('.csv')]
    with open(path, encoding='utf-8', newline='') as file:
      for line, row in enumerate(csv.DictReader(file), start=2):
        invoice, quantity, price = row['InvoiceNo'], int(row['Quantity']), minor(row['UnitPrice'], 3)
        if price <= 0:
          continue
        if invoice[0].isdigit() and quantity > 0:
          kind = 'sale'
        elif invoice.startswith('C'):
          kind, quantity = 'refund', -quantity
        else:
          continue
        event = {'id': '%s:%d' % (day, line), 't': kind, 'ts': ms(row['InvoiceDate'])}
        if row['CustomerID']:
          event['cust'] = row['CustomerID'].removesuffix('.0')
        event.update({'prod': row['StockCode'], 'order': invoice, 'amt': quantity * price, 'cur': 'KWD',
                      'qty': quantity})
        yield event


if __name__ == '__main__':
  emit(by_time(events()))
