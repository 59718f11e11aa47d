"""The truth files as questions: at this instant, this row's this number is that.

A question is asked of a topic (window, rollup, key) at a reading instant, of the row's own numbers (part `cur`) or of
the period before (part `prev`). `name` is a measure or a KPI of the data set's configuration. `want` is a Fraction,
or None for "no value"; `half` is half of the last digit the truth prints, 0 where it is exact.

People. The truth's customers are `customers`: those with a sale in the window, each once. Its retention compares the
window with the one of the same length just before it, as ours does, and a month with the month before: prev_customers
are `customers_before` (and `customers` of our part prev), retained_customers `customers_kept`, the rate `retention`.
The truth counts by customer alone and leaves out who has no number; so do we. Its new_customers are `new_customers`.

Reading instants. The truth's rolling window is (t - W, t]; ours is made of panes: a pane is inside iff
start(now's pane) - W < start(pane) <= start(now's pane), and only events with ts <= now are there. With slides of
1 minute, reading at t gives [minute(t) - W + 1 min, t]: the same, unless an event lies between t - W and the next
whole minute. Where one does and t is a whole minute, reading at t - 1 ms gives [t - W, t): the same, unless an event
lies at t or t - W exactly. The window before, (t - 2W, t - W], is ours under the same conditions at t - W and t - 2W.
Which of the two is exact for each instant of the truth is a property of the data; test_model.py proves it of every
instant, window and part here. One instant is read at t - 1 ms (READ_BEFORE), all others at t; no instant is out of
reach. With the default slides (15m, 1h) three (instant, window) pairs would be missed.
Closed calendar periods are read at their last millisecond.
"""
import collections
import csv
import datetime
import fractions
import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data'))
from common import DATA, ms  # noqa: E402

TRUTH = os.path.join(DATA, 'truth')
DAY_MS = 86400 * 1000
WINDOWS = ('r1d', 'r7d', 'r30d', 'd', 'w', 'm')
ROLLING = {'1': 'r1d', '7': 'r7d', '30': 'r30d'}
READ_BEFORE = {('olist_orders', '2017-11-25T12:00:00Z')}

# at: when we read, Unix ms; t: the truth's instant or the period's end.
Question = collections.namedtuple('Question', 'at window rollup key part name want half truth t')
# A number column of a truth file: the name it has with us, its decimals when it is money (we answer in minor units);
# looks_back: it asks who was in the window before.
Column = collections.namedtuple('Column', 'name decimals ratio looks_back', defaults=(False,))


def text_of(at_ms):
  """RFC 3339, with milliseconds only where there are some."""
  whole, rest = divmod(at_ms, 1000)
  text = datetime.datetime.fromtimestamp(whole, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S')
  return text + ('.%03dZ' % rest if rest else 'Z')


def exact(name, decimals=0):
  return Column(name, decimals, False)


def ratio(name, decimals=0):
  return Column(name, decimals, True)


CUSTOMERS = {'customers': exact('customers')}
NEW = {'new_customers': exact('new_customers')}
KEPT = {'prev_customers': Column('customers_before', 0, False, True),
        'retained_customers': Column('customers_kept', 0, False, True),
        'retention_rate': Column('retention', 0, True, True)}
BEFORE = {'prev_customers': exact('customers')}  # of part prev


def value(row, name, column):
  """(want, half) in our units. A name may be a sum of columns: "a+b"."""
  if '+' in name:
    return sum(fractions.Fraction(row[part]) for part in name.split('+')), 0
  text = row[name]
  if text == '':
    return absent(column)
  scale = 10 ** column.decimals
  want = fractions.Fraction(text) * scale
  if not column.ratio:
    return want, 0
  return want, fractions.Fraction(scale, 2 * 10 ** len(text.partition('.')[2]))


def absent(column):
  """What the truth means by an empty place or by not listing a row: nothing happened, nobody was there."""
  return (None, 0) if column.ratio else (fractions.Fraction(0), 0)


def table(name):
  with open(os.path.join(TRUTH, name + '.csv'), encoding='utf-8', newline='') as file:
    return list(csv.DictReader(file))


def period_end(window, start):
  """The first instant after the period that starts on this date, and the start of the one before."""
  date = datetime.date.fromisoformat(start)
  if window == 'm':
    after = (date.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
    before = (date - datetime.timedelta(days=1)).replace(day=1)
  else:
    step = datetime.timedelta(days=7 if window == 'w' else 1)
    after, before = date + step, date - step
  return ms(after.isoformat()), before.isoformat()


def every(_):
  return True


def rolling(data_set, truth, columns, row_of, part='cur', kept=every):
  """columns: truth column -> Column. row_of(row) -> (rollup, key parts). part: what the truth's number is of.
  kept(row): is it asked about?"""
  for row in filter(kept, table(truth)):
    at = ms(row['t_utc']) - ((data_set, row['t_utc']) in READ_BEFORE)
    rollup, key = row_of(row)
    for name, column in columns.items():
      want, half = value(row, name, column)
      yield Question(at, ROLLING[row['window_days']], rollup, key, part, column.name, want, half,
                     '%s.csv %s %sd %s %s' % (truth, row['t_utc'], row['window_days'], '/'.join(key), name),
                     ms(row['t_utc']))


def calendar(truth, columns, row_of, start_of, window_of=lambda row: 'm', kept=every):
  """Each period at its last ms, beside it as `prev` the period before: the truth lists every period in which
  something happened, so one that it does not list is empty. Who was kept it has of months only, and of the month
  before we have no answer: it asks for the one before that, which lies beyond the horizon of 63 days."""
  found = {}
  for row in filter(kept, table(truth)):
    found[window_of(row), start_of(row), row_of(row)] = row
  for window, start in sorted({(window, start) for window, start, _ in found}):
    end, before = period_end(window, start)
    places = sorted({place for w, s, place in found if w == window and s in (start, before)})
    for rollup, key in places:
      for part, period in (('cur', start), ('prev', before)):
        row = found.get((window, period, (rollup, key)))
        for name, column in columns.items():
          want, half = value(row, name, column) if row else absent(column)
          if part == 'prev' and column.looks_back:
            want, half = None, 0
          yield Question(end - 1, window, rollup, key, part, column.name, want, half,
                         '%s.csv %s %s %s %s%s' % (truth, window, period, '/'.join(key), name,
                                                   '' if row else ' (not listed)'), end)


def everything(_):
  return 'all', ('all',)


def olist_orders():
  columns = {'orders': exact('sale_events'), 'units': exact('units_sold'), 'revenue': exact('sales_amount', 2),
             **CUSTOMERS}
  orders = {'orders': exact('orders')}  # an order is one event: told apart they are as many
  for asked, first in ((columns, NEW), (orders, {})):
    yield from rolling('olist_orders', 'olist_orders_rolling', {**asked, **first}, everything)
    yield from calendar('olist_orders_months', asked, everything, lambda row: row['month_start_utc'])


def olist_parts():
  """Price, freight and payments as sales of three products; orders and customers of all three together."""
  def rows(asked, row_of):
    yield from rolling('olist_orders', 'olist_orders_rolling', asked, row_of)
    yield from calendar('olist_orders_months', asked, row_of, lambda row: row['month_start_utc'])
  yield from rows({'orders': exact('orders'), 'units': exact('units_sold'), **CUSTOMERS}, everything)
  for product, column in (('price', 'revenue'), ('freight', 'freight'), ('paid', 'paid')):
    yield from rows({column: exact('sales_amount', 2)}, lambda _, key=product: ('product', (key,)))


FUNNEL = {'all': 'all', 'origin': 'campaign', 'sdr': 'team', 'sr': 'person'}


def funnel_place(row):
  return FUNNEL[row['dimension']], (row['value'],)


def olist_funnel():
  """Leads as events, and each once: both are the truth's."""
  events = {'mql': exact('mql_events'), 'deals': exact('customer_events'), 'window_conversion': ratio('window_conversion')}
  leads = {'mql': exact('mql'), 'deals': exact('deals'), 'window_conversion': ratio('window_conversion_leads')}
  cohort = {'cohort_conversion': ratio('cohort_conversion')}
  for columns, more in ((events, cohort), (leads, {})):
    yield from rolling('olist_funnel', 'olist_funnel_rolling', {**columns, **more}, funnel_place)
    yield from calendar('olist_funnel_months', columns, funnel_place, lambda row: row['month_start_utc'])


def olist_deals():
  """Deals as sales that name their lead and no more: by team and person as in the truth. Not by origin: there the
  truth has no look-back. A lead buys once, so that a deal, a customer and a new customer are as many."""
  def kept(row):
    return row['dimension'] != 'origin'
  for name in ('sale_events', 'customers', 'new_customers'):
    columns = {'deals': exact(name)}
    yield from rolling('olist_deals', 'olist_funnel_rolling', columns, funnel_place, kept=kept)
    yield from calendar('olist_funnel_months', columns, funnel_place, lambda row: row['month_start_utc'], kept=kept)


RETAIL = {'revenue_gross': exact('sales_amount', 3), 'refunds': exact('refunds_amount', 3),
          'revenue_net': exact('revenue', 3), 'units_sold': exact('units_sold'),
          'units_refunded': exact('units_returned'), 'orders': exact('orders'), **CUSTOMERS}


def retail(data_set, columns, rolling_only):
  truth = 'online_retail_2010_12_rolling'
  yield from rolling(data_set, truth, {**columns, **rolling_only}, everything)
  yield from calendar('online_retail_2010_12_calendar', columns, everything, lambda row: row['bucket_start_utc'],
                      lambda row: row['bucket'][0])


def online_retail():
  """The truth counts invoices, each of several lines: `orders`. We tell them apart by customer and number, which is the
  same, because no invoice here has lines of two customers. Its refunds stand at their own time: our as_refunded; and as
  none names its sale, they stand there by our other clock as well."""
  yield from retail('online_retail', RETAIL, {**KEPT, **NEW})
  yield from rolling('online_retail', 'online_retail_2010_12_rolling', BEFORE, everything, 'prev')
  as_sold = {'refunds': exact('refunds_as_sold', 3), 'revenue_net': exact('revenue_attributed', 3)}
  yield from retail('online_retail', as_sold, {})


def online_retail_invoices():
  """A sale an invoice, refunds matched: as_refunded they are the same numbers. Of as_sold the truth has none, and its
  new customers are new although all that they bought is refunded: for both the model stands in."""
  yield from retail('online_retail_invoices', RETAIL, KEPT)
  yield from rolling('online_retail_invoices', 'online_retail_2010_12_rolling', BEFORE, everything, 'prev')
  yield from retail('online_retail_invoices', {'orders': exact('sale_events')}, {})


def online_advertising():
  rollup = {'all': 'all', 'campaign': 'campaign', 'placement': 'product'}
  columns = {'impressions': exact('impressions'), 'clicks': exact('clicks'), 'conversions': exact('conversions'),
             'spend': exact('spend', 4), 'revenue': exact('publisher_revenue', 4), 'sales': exact('sales', 4)}
  ratios = {'conversion_rate': ratio('conversion_rate'), 'roi': ratio('roi'),
            'cost_per_conversion': ratio('cost_per_conversion', 4)}

  def place(row):
    return rollup[row['dimension']], (row['value'],)
  yield from rolling('online_advertising', 'online_advertising_rolling', {**columns, **ratios}, place)
  yield from calendar('online_advertising_months', columns, place, lambda row: row['month_start_utc'])


def facebook_metrics():
  columns = {name: exact(name) for name in ('posts', 'likes', 'comments', 'shares', 'engagement')}

  def place(row):
    return ('all', ('all',)) if row['post_type'] == '(all)' else ('campaign', (row['post_type'],))
  yield from calendar('facebook_metrics_months', columns, place,
                      lambda row: '2014-%02d-01' % int(row['post_month']))


def cdnow():
  """Every purchase is an order to the truth and has no number: `sale_events`."""
  columns = {'orders': exact('sale_events'), 'units': exact('units_sold'), 'revenue': exact('sales_amount', 2),
             **CUSTOMERS, **NEW, **KEPT}
  yield from rolling('cdnow', 'cdnow_rolling', columns, everything)
  yield from rolling('cdnow', 'cdnow_rolling', BEFORE, everything, 'prev')
  yield from calendar('cdnow_months', columns, everything, lambda row: row['month_start_utc'])


APACHE = (('all', everything), ('channel', lambda _: ('channel', ('Direct',))))


def apache_day(columns):
  for name, row_of in APACHE:
    yield from calendar('apache_logs_days', columns[name], row_of, lambda row: row['day_utc'], lambda row: 'd')


def apache(columns):
  for name, row_of in APACHE:
    yield from rolling('apache_logs', 'apache_logs_rolling', columns[name], row_of)
  yield from apache_day(columns)


def apache_logs():
  """The configuration does not know which hosts are the site's own: only a visit without referrer is direct."""
  return apache({'all': {'visits': exact('visits'), 'visits_internal+visits_external': exact('visits_referred')},
                 'channel': {'visits_none': exact('visits')}})


def apache_logs_own():
  """The same log under a configuration that does: a visit from the site's own pages is direct too. With the two
  answers each of none, internal and external is compared."""
  return apache({'all': {'visits': exact('visits'), 'visits_external': exact('visits_referred')},
                 'channel': {'visits_none+visits_internal': exact('visits')}})


def apache_requests():
  """Each request as an event, its address as the person."""
  return apache_day({'all': {'requests': exact('requests'), 'ip_addresses': exact('addresses'),
                             'requests_internal+requests_external': exact('requests_referred')},
                     'channel': {'requests_none': exact('requests')}})


def apache_requests_own():
  return apache_day({'all': {'requests': exact('requests'), 'ip_addresses': exact('addresses'),
                             'requests_external': exact('requests_referred')},
                     'channel': {'requests_none+requests_internal': exact('requests')}})


def untold(asked, model, more_rollups=(), closed=()):
  """What the truth does not say of its rows, and the rows that it does not have: all that the model knows, of every
  window at each instant. closed: rollups of which the model does not know all keys. `want` is the model's."""
  told = {question[:6] for question in asked}
  rows = collections.defaultdict(set)
  for question in asked:
    rows[question.at, question.window].add((question.rollup, question.key))
  rollups = {question.rollup for question in asked} | set(more_rollups)
  for (at, t), window in itertools.product(sorted({(question.at, question.t) for question in asked}), WINDOWS):
    places = {(rollup, key) for rollup in rollups - set(closed) for key in model.keys(at, window, rollup)}
    for rollup, key in sorted(places | rows[at, window]):
      for part in ('cur', 'prev'):
        for name, want in model.numbers(at, window, rollup, key, part).items():
          if (at, window, rollup, key, part, name) not in told:
            yield Question(at, window, rollup, key, part, name, want, 0, 'the model %s' % '/'.join((rollup, *key)), t)
