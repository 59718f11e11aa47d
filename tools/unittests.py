#!/usr/bin/python3
"""tools/unittests.py FOLDER [PATTERN...] - runs the unittest files of a folder and ends with lines that ./test reads:

  SKIPPED <test>: <reason>        one a skipped test
  TALLY <passed> <failed> <skipped>

PATTERN is a file name with * and ?, or one with a leading ! for files to leave out. Default: test_*.py.
"""
import fnmatch
import os
import sys
import unittest


def chosen(name, patterns):
  wanted = [pattern for pattern in patterns if not pattern.startswith('!')] or ['test_*.py']
  unwanted = [pattern[1:] for pattern in patterns if pattern.startswith('!')]
  return (any(fnmatch.fnmatch(name, pattern) for pattern in wanted)
          and not any(fnmatch.fnmatch(name, pattern) for pattern in unwanted))


def main():
  folder, patterns = sys.argv[1], sys.argv[2:]
  sys.path.insert(0, os.path.abspath(folder))
  loader = unittest.TestLoader()
  names = sorted(name[:-len('.py')] for name in os.listdir(folder) if chosen(name, patterns))
  suite = unittest.TestSuite(loader.loadTestsFromName(name) for name in names)
  result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
  # A sub-test that fails is listed on its own: count its test once. setUpClass failures count as one test.
  failed = {str(getattr(test, 'test_case', test)) for test, _ in result.failures + result.errors}
  failed |= {str(test) for test in result.unexpectedSuccesses}
  for test, reason in result.skipped:
    print('SKIPPED %s: %s' % (test, reason))
  passed = max(result.testsRun - len(failed) - len(result.skipped), 0)
  if not names:
    print('no test file matches %s in %s' % (' '.join(patterns), folder))
    failed.add('nothing')
  print('TALLY %d %d %d' % (passed, len(failed), len(result.skipped)))
  return 1 if failed else 0


if __name__ == '__main__':
  sys.exit(main())
