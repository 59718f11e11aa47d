"""crash_shim.c, preloaded into the service."""
import os
import re
import subprocess

from harness import LAJU, surroundings

SHIM = os.path.join(os.path.dirname(LAJU), 'libcrash_shim.so')


def check():
  if not os.path.exists(SHIM):
    raise AssertionError('there is no %s: build it' % SHIM)


def environment(**settings):
  """What the service is started with; the settings are the shim's, without their SHIM_."""
  linked = subprocess.run(['ldd', LAJU], capture_output=True, text=True, check=True).stdout
  sanitizers = re.findall(r'=> (\S*/libasan\S*)', linked)  # must come before any other library
  return surroundings(LD_PRELOAD=' '.join([*sanitizers, SHIM]),
                      **{'SHIM_' + name: str(value) for name, value in settings.items()})
