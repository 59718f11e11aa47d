"""The converters against the truth, by the slow model and without the binary; and the reading instants."""
import unittest

import data_sets
import model
import questions


class Model(data_sets.Case):
  """One test a data set: every number of its truth files that a measure answers to, from the NDJSON."""

  def check(self, name):
    asked = sorted(data_sets.asked(name), key=lambda question: question.at)
    data_sets.compare(self, asked, data_sets.second(name).answer)

  def test_instants_of_the_truth_are_exactly_readable(self):
    """The events inside our panes at the reading instant are those of (t - W, t], or of (t - 2W, t - W], for each
    rolling row. What looks back needs both, and where it is asked for so is part prev."""
    for name in data_sets.NAMES:
      self.assertLessEqual({q[:4] for q in rolling(name) if q.name == 'customers_before'},
                           {q[:4] for q in rolling(name) if q.part == 'prev'})
      for question, theirs, times in places(name):
        lo, hi = model.span(question.window, question.at, question.part)
        ours = [ts for ts in times if lo <= ts < hi and ts <= question.at]
        self.assertEqual(ours, theirs, question)

  def test_default_slides_would_miss_some_instants(self):
    """Why the configurations here set slides to 1m."""
    slide = {'r1d': 1, 'r7d': 15, 'r30d': 60}
    missed = set()
    for name in data_sets.NAMES:
      for question, theirs, times in places(name):
        width, pane = model.ROLLING_MS[question.window], slide[question.window] * model.MINUTE_MS
        hi = question.at // pane * pane + pane - (width if question.part == 'prev' else 0)
        if [ts for ts in times if hi - width <= ts < hi and ts <= question.at] != theirs:
          missed.add((name, questions.text_of(question.t), question.window, question.part))
    orders = {('2017-07-01T00:00:00Z', 'r30d', 'cur'), ('2018-06-12T20:07:44Z', 'r7d', 'cur')}
    retail = {('2010-12-10T09:33:00Z', 'r7d', 'cur'), ('2010-12-10T09:33:00Z', 'r7d', 'prev')}
    self.assertEqual(missed, {(name, *place) for name in ('olist_orders', 'olist_parts') for place in orders}
                     | {(name, *place) for name in ('online_retail', 'online_retail_invoices') for place in retail})

  def test_a_lead_won_after_63_silent_days_is_no_new_lead(self):
    """194 of the 842 deals are won so long after first contact that their lead was forgotten. Which stages it had entered
    is kept: it becomes customer, and not MQL once more."""
    ends = {question.at for question in data_sets.asked('olist_funnel') if question.window == 'm'}
    months = data_sets.second('olist_funnel')
    found = [months.numbers(at, 'm', 'all', ('all',), 'cur') for at in sorted(ends)]
    self.assertEqual([8000, 842], [sum(month[name] for month in found) for name in ('mql', 'deals')])


def rolling(name):
  return [question for question in data_sets.asked(name) if question.window in model.ROLLING_MS]


def places(name):
  """A question of each (instant, rolling window, part), the times that the truth counts there, and all times."""
  times = sorted(event['ts'] for event in data_sets.events(name))
  for question in {(q.at, q.window, q.part, q.t): q for q in rolling(name)}.values():
    width = model.ROLLING_MS[question.window]
    end = question.t - (width if question.part == 'prev' else 0)
    yield question, [ts for ts in times if end - width < ts <= end], times


for one in data_sets.NAMES:
  setattr(Model, 'test_' + one, lambda self, name=one: self.check(name))

if __name__ == '__main__':
  unittest.main()
