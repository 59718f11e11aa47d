"""What the converters share: paths, times, money, NDJSON. Standard library only.

Each converter prints events as NDJSON in the keys of the ingest wire:
  python3 tests/data/olist_orders.py [DATA]      DATA: default ../shared/data beside the repository
"""
import calendar
import csv
import decimal
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(os.path.dirname(REPOSITORY), 'shared', 'data')


def data_path(*parts):
  """A file below DATA, or below the folder given as the first argument of the command."""
  return os.path.join(sys.argv[1] if len(sys.argv) > 1 else DATA, *parts)


def rows(*parts):
  with open(data_path(*parts), encoding='utf-8', newline='') as file:
    yield from csv.DictReader(file)


def ms(text):
  """'2018-02-26 19:58:54', '2018-02-26T19:58:54Z' or '2018-02-26' (00:00:00), read as UTC."""
  text = text.rstrip('Z').replace('T', ' ')
  form = '%Y-%m-%d %H:%M:%S' if ' ' in text else '%Y-%m-%d'
  return calendar.timegm(time.strptime(text, form)) * 1000


def minor(text, decimals):
  """'35.9' -> 3590 at two decimals. Exact: more digits than that is an error, not a rounding."""
  value = decimal.Decimal(text or '0').scaleb(decimals)
  if value != value.to_integral_value():
    raise ValueError('%s has more than %d decimals' % (text, decimals))
  return int(value)


def emit(events):
  """One line an event, in the order given."""
  write = sys.stdout.write
  for event in events:
    write(json.dumps(event, ensure_ascii=False, separators=(',', ':')) + '\n')


def by_time(events):
  """Stable: events of one instant keep the order of the file."""
  return sorted(events, key=lambda event: event['ts'])
