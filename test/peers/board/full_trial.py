"""A trial on a flash that gets full: full_trial.py FOLDER MODULE FILESYSTEM."""

import os
import sys

import vfs
from ram_board import Board, Reset, files

folder, module, filesystem = sys.argv[1:]
board = Board(getattr(vfs, filesystem), folder, module)
with open('/main.py', 'w') as file:
    file.write('old')


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
# The new program writes until nothing fits any more.
with open('/log', 'w') as log:
    try:
        while True:
            log.write('x' * 64)
            log.flush()
    except OSError:
        pass
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
os.remove('/log')
print(files().get('main.py'))
