"""A sender that never stops sending: full_flash.py FOLDER MODULE FILESYSTEM.

Prints two reports: of it, of the next update.
"""

import sys

import vfs
from ram_board import Board, Sockets, files

folder, module, filesystem = sys.argv[1:]
board = Board(getattr(vfs, filesystem), folder, module)
with open('/config.json', 'w') as file:
    file.write('old')
board.boot()
board.start()
Sockets.is_endless = True
board.announce('config.json', b'new', '|0')
print(board.client.report.decode())
print(files())
Sockets.is_endless = False
board.announce('config.json', b'new', '|0')
print(board.client.report.decode())
