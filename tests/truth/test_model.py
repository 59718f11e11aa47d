"""The converters against the truth, by the slow model and without the binary; and the reading instants."""
import unittest

import data_sets
import model
import questions


class Model(data_sets.Case):
  """One test a data set: every number of its truth files that counts and sums can answer, from the NDJSON."""

  def check(self, name):
    asked = data_sets.asked(name)
    found = model.answers(name, data_sets.events(name), asked, data_sets.OWN_HOSTS.get(name, ()))
    data_sets.compare(self, asked, found.get)

  def test_instants_of_the_truth_are_exactly_readable(self):
    """The events inside our panes at the reading instant are those of (t - W, t], for each rolling row."""
    for name in data_sets.NAMES:
      times = sorted(event['ts'] for event in data_sets.events(name))
      for at, window, t, width in {(q.at, q.window, q.t, model.ROLLING_MS[q.window])
                                   for q in data_sets.asked(name) if q.window in model.ROLLING_MS}:
        lo, hi = model.span(window, at, 'cur')
        ours = [ts for ts in times if lo <= ts < hi and ts <= at]
        theirs = [ts for ts in times if t - width < ts <= t]
        self.assertEqual(ours, theirs, (name, at, window))

  def test_default_slides_would_miss_some_instants(self):
    """Why the configurations here set slides to 1m."""
    slide = {'r1d': 1, 'r7d': 15, 'r30d': 60}
    missed = set()
    for name in data_sets.NAMES:
      times = sorted(event['ts'] for event in data_sets.events(name))
      for at, window, t in {(q.at, q.window, q.t) for q in data_sets.asked(name) if q.window in model.ROLLING_MS}:
        width, pane = model.ROLLING_MS[window], slide[window] * model.MINUTE_MS
        hi = at // pane * pane + pane
        if [ts for ts in times if hi - width <= ts < hi and ts <= at] != [ts for ts in times if t - width < ts <= t]:
          missed.add((name, questions.text_of(t), window))
    self.assertEqual(missed, {('olist_orders', '2017-07-01T00:00:00Z', 'r30d'),
                              ('olist_orders', '2018-06-12T20:07:44Z', 'r7d'),
                              ('online_retail', '2010-12-10T09:33:00Z', 'r7d')})


for one in data_sets.NAMES:
  setattr(Model, 'test_' + one, lambda self, name=one: self.check(name))

if __name__ == '__main__':
  unittest.main()
