#!/usr/bin/python3
"""tools/check_docs.py - the documents against the tree and the binary; ends with a TALLY line for ./test.

One check each: links of every Markdown file lead somewhere; what the binary prints about itself (settings, commands,
where a document holds it between `<!-- laju ... -->` and `<!-- end -->`) is what the document holds; every complete YAML
block that begins with a comment `# laju.yaml` passes `laju check`; shell lines of the README name commands that are.
"""
import os
import re
import subprocess
import sys
import tempfile

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAJU = os.environ.get('LAJU', os.path.join(REPOSITORY, 'build', 'release', 'laju'))
SKIPPED = {'build', 'node_modules', '.git', 'laju-data'}
LINK = re.compile(r'\[[^\]\n]*\]\(([^)\s]+)\)')
FENCED = re.compile(r'^```.*?^```$', re.MULTILINE | re.DOTALL)
HEADING = re.compile(r'^#+ +(.*)$', re.MULTILINE)
PRINTED = re.compile(r'<!-- (laju [^>]*?) -->\n(.*?)<!-- end -->', re.DOTALL)
CONFIG = re.compile(r'^```yaml\n(# laju\.yaml.*?)^```$', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r'^(?:\./run|laju) ([a-z]+)\b', re.MULTILINE)


def documents():
  for folder, folders, files in os.walk(REPOSITORY):
    folders[:] = [name for name in folders if name not in SKIPPED]
    yield from (os.path.join(folder, name) for name in files if name.endswith('.md'))


def anchors(text):
  """As the usual renderers make them: lower case, no punctuation, blanks to hyphens."""
  return {re.sub(r'[^\w\- ]', '', title.lower()).strip().replace(' ', '-') for title in HEADING.findall(FENCED.sub('', text))}


def read(path):
  with open(path, encoding='utf-8') as file:
    return file.read()


def laju(*args):
  return subprocess.run([LAJU, *args], capture_output=True, text=True, check=False, timeout=60)


def check_links(path, text):
  for target in LINK.findall(FENCED.sub('', text)):
    if re.match(r'[a-z]+:', target):
      continue
    name, _, anchor = target.partition('#')
    there = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
    if not os.path.exists(there):
      yield 'link to %s leads nowhere' % target
    elif anchor and there.endswith('.md') and anchor not in anchors(read(there)):
      yield 'link to %s: no such heading' % target


def check_printed(_, text):
  for command, held in PRINTED.findall(text):
    done = laju(*command.split()[1:])
    if done.returncode != 0 or done.stdout.strip() != held.strip():
      yield '`%s` prints something else now' % command


def check_configurations(_, text):
  for block in CONFIG.findall(text):
    with tempfile.NamedTemporaryFile('w', suffix='.yaml', encoding='utf-8') as file:
      file.write(block)
      file.flush()
      done = laju('check', '-c', file.name)
    if done.returncode != 0:
      yield 'a configuration does not pass laju check:\n' + done.stderr


def check_commands(_, text):
  known = set(re.findall(r'^  +([a-z]+)\b', laju('--help').stdout, re.MULTILINE))
  for block in FENCED.findall(text):
    for command in COMMAND.findall(block):
      if command not in known:
        yield 'laju %s is no command' % command


def main():
  checks, wrong = 0, 0
  if not os.path.exists(os.path.join(REPOSITORY, 'README.md')):
    print('there is no README.md')
    wrong += 1
  for path in sorted(documents()):
    text = read(path)
    for check in (check_links, check_printed, check_configurations, check_commands):
      checks += 1
      problems = list(check(path, text))
      wrong += bool(problems)
      for problem in problems:
        print('%s: %s' % (os.path.relpath(path, REPOSITORY), problem))
  print('TALLY %d %d 0' % (checks - min(wrong, checks), wrong))
  return 1 if wrong else 0


if __name__ == '__main__':
  sys.exit(main())
