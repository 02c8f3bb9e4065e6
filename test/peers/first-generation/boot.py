"""A board's power-up: boot.py FLASH HOSTNAME BROKER_HOST BROKER_PORT runs the user's program, then the firmware."""

import os
import sys

import firmware  # before the flash is on the path: a pushed file of the same name must not replace it

flash, hostname, broker_host, broker_port = sys.argv[1:]
os.chdir(flash)
sys.path.insert(0, flash)

try:
    if 'main.py' in os.listdir():
        import main  # noqa: F401
    firmware.run(hostname, broker_host, int(broker_port))
except Exception as error:  # a board resets here by itself; the traceback is for whoever debugs a test
    sys.print_exception(error, sys.stderr)
    firmware.reset(repr(error))
