"""What a board does after a reset: power_up.py FLASH runs boot.py and main.py, then it waits in its prompt."""

import builtins
import os
import sys
import time

# What boards have built in: loaded before the flash takes this folder's place.
import machine  # noqa: F401
import umqtt.simple  # noqa: F401
import vfs

vfs.mount(vfs.VfsPosix(sys.argv[1]), '/')
os.chdir('/')
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
    time.sleep(1)
