"""What a board does after a reset: power_up.py FLASH MANNERS runs boot.py and main.py, then waits in its prompt.

MANNERS is JSON: what its port does otherwise than others, the module of its MQTT client, which it has built in, and why
this start is one.
"""

import builtins
import hashlib
import json
import os
import socket
import sys
import time

# What boards have built in: loaded before the flash takes this folder's place.
import machine
import vfs


class Part:
    """A built-in module of another port: some of its names are others, or are not there."""

    def __init__(self, module, names, missing=()):
        self.module = module
        self.names = names
        self.missing = missing

    def __getattr__(self, name):
        if name in self.missing:
            raise AttributeError(name)
        return self.names[name] if name in self.names else getattr(self.module, name)


class Flash:
    """A folder, with a rename that works: VfsPosix writes both names of two absolute ones to the same place."""

    def __init__(self, path):
        self.folder = vfs.VfsPosix(path)

    def __getattr__(self, name):
        return getattr(self.folder, name)

    def rename(self, name, target):
        """Give a file another's name."""
        before = self.folder.getcwd()
        self.folder.chdir('/')
        try:
            self.folder.rename(name.lstrip('/'), target.lstrip('/'))
        finally:
            self.folder.chdir(before or '/')


manners = json.loads(sys.argv[2])
__import__(manners['client'])
machine.manner = manners['timers']
machine.cause = getattr(machine, manners['cause'])
machine.listen_to_harness()
if manners['filesystem']:
    import disk

    flash = disk.filesystem(sys.argv[1], **manners['filesystem'])
else:
    flash = Flash(sys.argv[1])
if manners['platform']:
    sys.modules['sys'] = Part(sys, {'platform': manners['platform']})
if manners['window']:
    import lwip

    lwip.Socket.window = manners['window']
    sys.modules['socket'] = Part(socket, {'socket': lwip.Socket})
if not manners['hasSha1']:
    sys.modules['hashlib'] = Part(hashlib, {}, ('sha1',))
vfs.mount(flash, manners['root'])
os.chdir(manners['root'])
sys.path[:] = ['', '.frozen', '/lib']
sys.argv[:] = []


def run(name):
    """Run a file if there is one; its end, of whatever kind, is not the board's."""
    try:
        os.stat(name)
    except OSError:
        return
    print('@run', name)
    try:
        if hasattr(builtins, 'execfile'):
            execfile(name)
        else:
            __import__(name[:-3])
    except BaseException as error:
        sys.print_exception(error)


run('boot.py')
run('main.py')
print('@prompt')
while True:
    time.sleep_ms(20)
