"""A slow, obvious second answer to the questions, straight from the NDJSON of a converter.

It knows only the definitions (panes, calendar periods, sums, sets of people) and none of Laju's code. It proves the
converters, the reading instants and our reading of the truth; the same questions then go to the real binary.
"""
import calendar
import fractions
import time

MINUTE_MS, DAY_MS = 60 * 1000, 86400 * 1000
ROLLING_MS = {'r1d': DAY_MS, 'r7d': 7 * DAY_MS, 'r30d': 30 * DAY_MS}
PARTS = ('cur', 'prev', 'before')  # each with the one before it; of `before` there are no rows
DIMENSION = {'all': None, 'campaign': 'camp', 'product': 'prod', 'team': 'team', 'person': 'pers', 'channel': 'chan'}


def measure(event_type, field=None, **where):
  def of(event):
    if event['t'] != event_type or any(event.get(key) != wanted for key, wanted in where.items()):
      return 0
    return event.get(field, 0) if field else 1
  return of


def total(*measures):
  return lambda event: sum(sign * of(event) for sign, of in measures)


def told_apart(event_type, *keys):
  """Who or what some events are of, each once; an event that does not name it is nobody's."""
  return lambda events: {tuple(event.get(key) for key in keys) for event in events
                         if event['t'] == event_type and keys[-1] in event}


SALES = {'sale_events': measure('sale'), 'units_sold': measure('sale', 'qty'), 'sales_amount': measure('sale', 'amt')}
VISITS = {'visits': measure('visit'), 'visits_referred': total((1, measure('visit')), (-1, measure('visit', chan='Direct')))}
MEASURES = {
  'olist_orders': SALES,
  'cdnow': SALES,
  'olist_funnel': {'mql_events': measure('lead', stage='mql'), 'customer_events': measure('lead', stage='customer')},
  'online_retail': {
    'sales_amount': measure('sale', 'amt'), 'refunds_amount': measure('refund', 'amt'),
    'revenue': total((1, measure('sale', 'amt')), (-1, measure('refund', 'amt'))),
    'units_sold': measure('sale', 'qty'), 'units_returned': measure('refund', 'qty')},
  'online_advertising': {
    'impressions': measure('engage', 'imp'), 'clicks': measure('engage', 'n'), 'conversions': measure('sale', 'qty'),
    'spend': measure('spend', 'amt'), 'sales': measure('sale', 'amt')},
  'facebook_metrics': {
    'posts': measure('engage', 'n', kind='post'), 'likes': measure('engage', 'n', kind='like'),
    'comments': measure('engage', 'n', kind='comment'), 'shares': measure('engage', 'n', kind='share'),
    'engagement': total((1, measure('engage', 'n')), (-1, measure('engage', 'n', kind='post')))},
  'apache_logs': VISITS,
  'apache_logs_own': VISITS,
}
CUSTOMERS = told_apart('sale', 'cust')
# Of the events of a part and of those of the part before it; None: that is beyond the horizon.
PEOPLE = {
  'customers': lambda here, before: len(CUSTOMERS(here)),
  'customers_before': lambda here, before: None if before is None else len(CUSTOMERS(before)),
  'customers_kept': lambda here, before: None if before is None else len(CUSTOMERS(here) & CUSTOMERS(before)),
}
ORDERS = told_apart('sale', 'cust', 'order')
SETS = {
  'cdnow': PEOPLE,
  'olist_orders': {**PEOPLE, 'orders': lambda here, before: len(ORDERS(here))},
  'online_retail': {**PEOPLE, 'orders': lambda here, before: len(ORDERS(here))},
}
RATIOS = {
  'retention': lambda sums: (sums['customers_kept'], sums['customers_before']),
  'window_conversion': lambda sums: (sums['customer_events'], sums['mql_events']),
  'conversion_rate': lambda sums: (sums['conversions'], sums['clicks']),
  'roi': lambda sums: (sums['sales'] - sums['spend'], sums['spend']),
  'cost_per_conversion': lambda sums: (sums['spend'], sums['conversions']),
}


def channel(event, own):
  """Enough for the Apache log: no medium, no campaign, no click ids. What is not direct is not told apart."""
  host = event.get('ref_url', '').partition('://')[2].partition('/')[0].partition(':')[0]
  ours = any(host == name or host.endswith('.' + name) for name in own)
  return 'Direct' if not host or ours else 'referred'


def month(at_ms, back=0):
  """[start, end) of the calendar month of at_ms, or of the one `back` months before."""
  year, number = time.gmtime(at_ms // 1000)[:2]
  index = year * 12 + number - 1 - back
  bounds = [calendar.timegm((i // 12, i % 12 + 1, 1, 0, 0, 0)) * 1000 for i in (index, index + 1)]
  return bounds[0], bounds[1]


def span(window, at_ms, part):
  """[lo, hi) of a window's part, in Unix ms, at slides of one minute; zone UTC, weeks from Monday."""
  back = PARTS.index(part)
  if window in ROLLING_MS:
    width = ROLLING_MS[window]
    hi = at_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS - back * width
    return hi - width, hi
  if window == 'm':
    return month(at_ms, back)
  day = at_ms // DAY_MS
  length = 7 if window == 'w' else 1
  start = day - (day + 3) % 7 if window == 'w' else day  # 1970-01-01 was a Thursday
  start -= back * length
  return start * DAY_MS, (start + length) * DAY_MS


def part_before(window, part):
  """None: nobody remembers it, 63 days are kept."""
  return None if part == 'prev' and window in ('r30d', 'm') else PARTS[PARTS.index(part) + 1]


class Events:
  """The events of a data set; each visit gets its channel."""

  def __init__(self, events, own):
    self.events = events
    for event in events:
      if event['t'] == 'visit':
        event['chan'] = channel(event, own)

  def of(self, question, part):
    """Those of the question's key in a part of its window, as seen at its instant."""
    if part is None:
      return None
    lo, hi = span(question.window, question.at, part)
    dimension = DIMENSION[question.rollup]
    return [event for event in self.events if lo <= event['ts'] < hi and event['ts'] <= question.at
            and (dimension is None or event.get(dimension, '~none') == question.key[0])]


def numbers(name, events, question):
  """Every measure of the part that is asked about."""
  here = events.of(question, question.part)
  found = {measure_name: sum(map(of, here)) for measure_name, of in MEASURES[name].items()}
  if name in SETS:
    before = events.of(question, part_before(question.window, question.part))
    found.update({set_name: of(here, before) for set_name, of in SETS[name].items()})
  return found


def answers(name, events, questions, own=()):
  """question -> Fraction or None."""
  events = Events(events, own)
  found, result = {}, {}
  for question in questions:
    where = question[:5]
    if where not in found:
      found[where] = numbers(name, events, question)
    if question.name in RATIOS:
      num, den = RATIOS[question.name](found[where])
      result[question] = fractions.Fraction(num, den) if den else None
    else:
      number = found[where][question.name]
      result[question] = None if number is None else fractions.Fraction(number)
  return result
