#!/usr/bin/python3
"""CDNOW -> a sale a purchase, at 00:00 UTC of its date. 255 lines repeat exactly, so the id is the line's number."""
from common import by_time, data_path, emit, minor, ms


def events():
  with open(data_path('open', 'cdnow', 'CDNOW_master.txt'), encoding='ascii') as file:
    for number, line in enumerate(file, start=1):
      fields = line.split()
      if len(fields) != 4 or not fields[0].isdigit():
        continue
      customer, date, units, value = fields
      yield {'id': 'line:%d' % number, 't': 'sale', 'ts': ms('%s-%s-%s' % (date[:4], date[4:6], date[6:])),
             'cust': customer, 'amt': minor(value, 2), 'cur': 'USD', 'qty': int(units)}


if __name__ == '__main__':
  emit(by_time(events()))
