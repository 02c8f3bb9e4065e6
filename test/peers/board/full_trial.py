"""A trial on a flash that gets full: full_trial.py FOLDER MODULE FILESYSTEM."""

import os
import sys

import vfs
from ram_board import Board, Reset, files

folder, module, filesystem = sys.argv[1:]
board = Board(getattr(vfs, filesystem), folder, module)
with open('/main.py', 'w') as file:
    file.write('old')


def fill():
    """Do what a program does that writes until nothing fits any more."""
    with open('/log', 'w') as log:
        try:
            while True:
                log.write('x' * 64)
                log.flush()
        except OSError:
            pass


def boot():
    """Boot until the board stays up."""
    for _ in range(5):
        try:
            board.mount()
            board.boot()
            return
        except Reset:
            pass


boot()
board.start()
for number in range(122):
    board.announce('n' * 190 + str(number), b'x', '|0')
    if b'failed' in board.client.report:
        break
print(number)
print(board.client.report.decode())
boot()
board.start()
print(board.client.report.decode())
try:
    board.announce('main.py', b'new')
except Reset:
    pass
fill()
# It never proves itself.
for _ in range(4):
    try:
        board.mount()
        board.boot()
        board.ota._flash.give_up(None)
    except Reset:
        pass
boot()
board.start()
print(board.client.report.decode())
print(files().get('main.py'))
os.remove('/log')
board.announce('config.json', b'new', '|0')
fill()
# It has gone on for long enough: its next look for a message must not fail for it.
updater = (sys.modules[module])._updater
updater.settles_from = 0
board.ota._flash.seconds = -1
updater._settle()
print('goes on')
