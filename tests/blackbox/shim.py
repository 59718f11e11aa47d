"""crash_shim.c, preloaded into the service."""
import os
import re
import subprocess

from harness import LAJU, surroundings

SHIM = os.path.join(os.path.dirname(LAJU), 'libcrash_shim.so')


def check():
  if not os.path.exists(SHIM):
    raise AssertionError('there is no %s: build it' % SHIM)


def sanitizers():
  """The sanitizer's library, if the binary has one: it must come before any other."""
  linked = subprocess.run(['ldd', LAJU], capture_output=True, text=True, check=False).stdout
  return re.findall(r'=> (\S*/libasan\S*)', linked)


def environment(**settings):
  """What the service is started with; the settings are the shim's, without their SHIM_."""
  return surroundings(LD_PRELOAD=' '.join([*sanitizers(), SHIM]),
                      **{'SHIM_' + name: str(value) for name, value in settings.items()})
