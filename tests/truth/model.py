"""A slow, obvious second answer to the questions, straight from the NDJSON of a converter.

It knows only the definitions (panes, calendar periods, sums, sets of people, leads, refunds, touches) and none of
Laju's code. It proves the converters, the reading instants and our reading of the truth; the same questions then go to
the real binary, and with them those that the truth leaves open, with the model's answers.

What an event counts as depends on what else is known at the reading instant: `Known` works that out anew for each
instant, and says it with facts of its own beside the events (`first`, `entry`, `taken back`).
"""
import bisect
import calendar
import collections
import fractions
import time

MINUTE_MS, DAY_MS = 60 * 1000, 86400 * 1000
HORIZON_MS, LOOK_BACK_MS = 63 * DAY_MS, 30 * DAY_MS
ROLLING_MS = {'r1d': DAY_MS, 'r7d': 7 * DAY_MS, 'r30d': 30 * DAY_MS}
PARTS = ('cur', 'prev', 'before')  # each with the one before it; of `before` there are no rows
DIMENSION = {'all': None, 'campaign': 'camp', 'product': 'prod', 'team': 'team', 'person': 'pers', 'channel': 'chan'}
STAGES = ('lead', 'mql', 'sql', 'customer')


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


# The shipped KPIs, as far as sales and refunds go.
SHIPPED = {
  'sale_events': measure('sale'), 'units_sold': measure('sale', 'qty'), 'sales_amount': measure('sale', 'amt'),
  'new_customers': measure('first'),
  'refund_events': measure('refund'), 'refunds_unmatched': measure('refund', matched='no'),
  'refunds_amount': measure('refund', 'amt'), 'refunds_as_sold': measure('taken back', 'amt'),
  'units_returned': measure('refund', 'qty'),
  'revenue': total((1, measure('sale', 'amt')), (-1, measure('refund', 'amt'))),
  'revenue_attributed': total((1, measure('sale', 'amt')), (-1, measure('taken back', 'amt'))),
}
VISITS = {'visits': measure('visit'), 'visits_referred': total((1, measure('visit')), (-1, measure('visit', chan='Direct')))}
REQUESTS = {'requests': VISITS['visits'], 'requests_referred': VISITS['visits_referred']}
MEASURES = {
  'olist_orders': SHIPPED,
  'olist_parts': {name: SHIPPED[name] for name in ('sale_events', 'units_sold', 'sales_amount')},
  'olist_deals': SHIPPED,
  'cdnow': SHIPPED,
  'online_retail': SHIPPED,
  'online_retail_invoices': SHIPPED,
  'olist_funnel': {
    'mql_events': measure('lead', stage='mql'), 'customer_events': measure('lead', stage='customer'),
    'leads': measure('entry', of='lead'), 'leads_won': measure('entry', of='lead', is_customer=True),
    'mql': measure('entry', of='mql'), 'mql_now_sql': measure('entry', of='mql', is_sql=True),
    'sql': measure('entry', of='sql'), 'deals': measure('entry', of='customer'),
    'mql_won': measure('entry', of='mql', is_customer=True)},
  'online_advertising': {
    'impressions': measure('engage', 'imp'), 'clicks': measure('engage', 'n'), 'conversions': measure('sale', 'qty'),
    'spend': measure('spend', 'amt', ctype='media'), 'publisher_revenue': measure('spend', 'amt', ctype='publisher'),
    'sales': measure('sale', 'amt')},
  'facebook_metrics': {
    'posts': measure('engage', 'n', kind='post'), 'likes': measure('engage', 'n', kind='like'),
    'comments': measure('engage', 'n', kind='comment'), 'shares': measure('engage', 'n', kind='share'),
    'engagement': total((1, measure('engage', 'n')), (-1, measure('engage', 'n', kind='post')))},
  'apache_logs': VISITS,
  'apache_logs_own': VISITS,
  'apache_requests': REQUESTS,
  'apache_requests_own': REQUESTS,
}
CUSTOMERS, ORDERS, ADDRESSES = told_apart('sale', 'cust'), told_apart('sale', 'cust', 'order'), told_apart('visit', 'cust')
# Of the events of a part and of those of the part before it; None: that is beyond the horizon.
PEOPLE = {
  'customers': lambda here, before: len(CUSTOMERS(here)),
  'customers_before': lambda here, before: None if before is None else len(CUSTOMERS(before)),
  'customers_kept': lambda here, before: None if before is None else len(CUSTOMERS(here) & CUSTOMERS(before)),
}
BUYERS = {**PEOPLE, 'orders': lambda here, before: len(ORDERS(here))}
VISITORS = {'addresses': lambda here, before: len(ADDRESSES(here))}
SETS = {
  'cdnow': PEOPLE,
  'olist_orders': BUYERS, 'olist_parts': BUYERS, 'olist_deals': PEOPLE,
  'online_retail': BUYERS, 'online_retail_invoices': BUYERS,
  'apache_requests': VISITORS, 'apache_requests_own': VISITORS,
}
RETENTION = {'retention': lambda sums: (sums['customers_kept'], sums['customers_before'])}
RATIOS = {
  'cdnow': RETENTION, 'olist_orders': RETENTION, 'olist_parts': RETENTION, 'olist_deals': RETENTION,
  'online_retail': RETENTION, 'online_retail_invoices': RETENTION,
  'olist_funnel': {
    'window_conversion': lambda sums: (sums['customer_events'], sums['mql_events']),
    'window_conversion_leads': lambda sums: (sums['deals'], sums['mql']),
    'cohort_conversion': lambda sums: (sums['mql_won'], sums['mql']),
    'lead_conversion': lambda sums: (sums['leads_won'], sums['leads']),
    'mql_to_sql': lambda sums: (sums['mql_now_sql'], sums['mql'])},
  'online_advertising': {
    'conversion_rate': lambda sums: (sums['conversions'], sums['clicks']),
    'roi': lambda sums: (sums['sales'] - sums['spend'], sums['spend']),
    'cost_per_conversion': lambda sums: (sums['spend'], sums['conversions'])},
}


def names(name):
  """Every measure and KPI that the model can answer for a data set."""
  return [*MEASURES[name], *SETS.get(name, {}), *RATIOS.get(name, {})]


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


# --- what the events count as ---

def channel(event, own):
  """Enough for the Apache log: no medium, no campaign, no click ids. What is not direct is not told apart."""
  host = event.get('ref_url', '').partition('://')[2].partition('/')[0].partition(':')[0]
  ours = any(host == name or host.endswith('.' + name) for name in own)
  return 'Direct' if not host or ours else 'referred'


def not_void(events):
  """Those that no void takes back, wherever in the file it stands; nothing here is corrected otherwise."""
  void = {(event.get('cust'), event['ref']) for event in events if event['t'] == 'void'}
  return [event for event in events if event['t'] != 'void' and (event.get('cust'), event['id']) not in void]


def identity(event, key='id'):
  return event.get('cust'), event.get(key)


def lives(lead):
  """A lead's events in order of time, apart wherever it was silent for so long that Laju had forgotten it: what comes
  after that is a new lead of the same name, which enters no stage a second time."""
  life = []
  for event in lead:
    if life and event['ts'] - life[-1]['ts'] > HORIZON_MS:
      yield life
      life = []
    life.append(event)
  yield life


def entries(lead):
  """A fact for each stage that a lead entered, once ever: when and where, by the event that names the stage, else the
  first that implies it, and how far the lead had come when it was last remembered."""
  before = -1
  for life in lives(lead):
    yield from entries_of_life(life, before)
    before = max(before, *(STAGES.index(event['stage']) for event in life))


def entries_of_life(life, before):
  furthest = max(STAGES.index(event['stage']) for event in life)
  for number, stage in enumerate(STAGES[:furthest + 1]):
    if number <= before:
      continue
    named = [event for event in life if event['stage'] == stage]
    by = (named or [event for event in life if STAGES.index(event['stage']) > number])[0]
    yield {**by, 't': 'entry', 'of': stage, 'is_sql': furthest >= 2, 'is_customer': furthest == 3}


def attributed(sale, lead):
  """A sale that says nothing itself, as every one here that names a lead: where from, by the lead's last touch of 30
  days that is not direct, and a campaign `(none)` is; team and person, by the lead's last word, however old. The
  campaigns here are in no rule for channels."""
  told = [event for event in lead if event['ts'] <= sale['ts']]
  touches = [event for event in told if event.get('camp', '(none)') != '(none)'
             and event['ts'] > sale['ts'] - LOOK_BACK_MS]
  place = {'camp': touches[-1]['camp'], 'chan': 'Unassigned'} if touches else {'chan': 'Direct'}
  for key in ('team', 'pers'):
    words = [event[key] for event in told if key in event]
    place.update({key: words[-1]} if words else {})
  return {**sale, **place}


def firsts(sales, left):
  """Each customer's first sale, but while nothing is left of it the customer is new nowhere. Which one is first of
  several at one instant is decided by a hash that is not ours to know: all of them must be left, or none."""
  first = {}
  for sale in sales:
    if 'cust' in sale:
      first.setdefault(sale['cust'], []).append(sale)
  for cust, bought in first.items():
    start = min(sale['ts'] for sale in bought)
    spent = [left.get(identity(sale)) == 0 for sale in bought if sale['ts'] == start]
    if len(set(spent)) > 1:
      raise ValueError('the first sale of %s is a matter of hashes' % cust)
    if not spent[0]:
      yield {**min(bought, key=lambda sale: sale['ts']), 't': 'first'}


class Known:
  """The facts of a data set as they are known at an instant, in order of time."""

  def __init__(self, events, at_ms, own):
    events = not_void([event for event in events if event['ts'] <= at_ms])
    leads = collections.defaultdict(list)
    for event in sorted((event for event in events if event['t'] == 'lead'), key=lambda event: event['ts']):
      leads[identity(event, 'lead')].append(event)
    sales = {identity(event): event for event in events if event['t'] == 'sale'}
    left = {}  # of the sales that were refunded; none here is refunded beyond its amount
    self.facts = [entry for lead in leads.values() for entry in entries(lead)]
    for event in events:
      if event['t'] == 'visit':
        event = {**event, 'chan': channel(event, own)}
      elif event['t'] == 'sale' and 'lead' in event:
        event = sales[identity(event)] = attributed(event, leads[identity(event, 'lead')])
      elif event['t'] == 'refund':
        event = self.refund(event, sales.get(identity(event, 'ref')), left)
      self.facts.append(event)
    self.facts.extend(firsts(sales.values(), left))
    self.facts.sort(key=lambda fact: fact['ts'])
    self.times = [fact['ts'] for fact in self.facts]
    self.groups = {}

  def refund(self, event, sale, left):
    """At its own time; and a fact at the time of its sale."""
    if sale is None:
      self.facts.append({**event, 't': 'taken back'})
      return {**event, 'matched': 'no'}
    name = identity(sale)
    left[name] = left.get(name, sale['amt']) - event['amt']
    self.facts.append({**event, 't': 'taken back', 'ts': sale['ts']})
    return {**event, 'matched': 'yes'}

  def by_key(self, at_ms, window, part, rollup):
    """key -> the facts of a part of a window."""
    place = window, part, rollup
    if place not in self.groups:
      lo, hi = span(window, at_ms, part)
      dimension, groups = DIMENSION[rollup], collections.defaultdict(list)
      for fact in self.facts[bisect.bisect_left(self.times, lo):bisect.bisect_left(self.times, hi)]:
        groups['all' if dimension is None else fact.get(dimension, '~none')].append(fact)
      self.groups[place] = groups
    return self.groups[place]


class Model:
  """The answers of one data set."""

  def __init__(self, name, events, own=()):
    self.name, self.events, self.own = name, events, own
    self.known, self.found = {}, {}

  def by_key(self, at_ms, window, part, rollup):
    if at_ms not in self.known:
      self.known = {at_ms: Known(self.events, at_ms, self.own)}  # one at a time: asked in order of time
    return self.known[at_ms].by_key(at_ms, window, part, rollup)

  def keys(self, at_ms, window, rollup):
    """Those in which anything happened, in the window or the one before."""
    return {(key,) for part in ('cur', 'prev') for key in self.by_key(at_ms, window, part, rollup)}

  def numbers(self, at_ms, window, rollup, key, part):
    """name -> Fraction or None: everything known of a row's part."""
    here = self.by_key(at_ms, window, part, rollup).get(key[0], [])
    found = {name: sum(map(of, here)) for name, of in MEASURES[self.name].items()}
    if self.name in SETS:
      past = part_before(window, part)
      before = None if past is None else self.by_key(at_ms, window, past, rollup).get(key[0], [])
      found.update({name: of(here, before) for name, of in SETS[self.name].items()})
    for name, of in RATIOS.get(self.name, {}).items():
      num, den = of(found)
      found[name] = fractions.Fraction(num, den) if den else None
    return {name: None if number is None else fractions.Fraction(number) for name, number in found.items()}

  def answer(self, question):
    place = question[:5]
    if place not in self.found:
      self.found[place] = self.numbers(*place)
    return self.found[place][question.name]
