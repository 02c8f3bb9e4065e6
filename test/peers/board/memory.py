"""Measures what updates need of the heap, on littlefs: memory.py FOLDER MODULE FILESYSTEM SIZE COUNT.

Prints the most that was in use above idle during an update, and what is used after the tenth and after the last.
Nothing of this make-believe board allocates while an update runs but the announcement itself.
"""

import gc
import hashlib
import sys
from binascii import hexlify

import micropython
import ram_board
import vfs

BLOCK = 4096  # as on most boards


class Flash(ram_board.Flash):
    """Writes and reads byte by byte: a slice would be garbage."""

    def readblocks(self, number, buffer, offset=0):
        """Read bytes."""
        start = number * BLOCK + offset
        for index in range(len(buffer)):
            buffer[index] = self.data[start + index]

    def writeblocks(self, number, buffer, offset=0):
        """Write bytes."""
        start = number * BLOCK + offset
        for index in range(len(buffer)):
            self.data[start + index] = buffer[index]


class Zeros(ram_board.Sockets):
    """Senders of as many zeros as were announced."""

    class socket(ram_board.Sockets.socket):  # noqa: N801
        """A connection."""

        def readinto(self, buffer, count):
            """Give as many bytes as are asked for, or as are left."""
            count = min(count, size - self.position)
            for index in range(count):
                buffer[index] = 0
            self.position += count
            return count


folder, module, filesystem = sys.argv[1:4]
size, count = int(sys.argv[4]), int(sys.argv[5])
ram_board.BLOCK = BLOCK
ram_board.Flash = Flash
board = ram_board.Board(getattr(vfs, filesystem), folder, module, 3 * size // BLOCK + 40)
sys.modules['socket'] = Zeros
board.boot()
board.start()
sha1 = hashlib.sha1()
zeros = bytes(4)
for _ in range(size // 4):
    sha1.update(zeros)
digest = hexlify(sha1.digest()).decode()
announcement = f'sender|80|lamp.bin|{digest}|0'.encode()
# What the first update allocates for good, as room for more names, none after it needs.
board.take(announcement.replace(b'|80|', b'|79|'))
gc.collect()
# The compiler's peak lies higher: with this, all that is allocated from here on makes a new one.
ballast = bytearray(micropython.mem_peak() - micropython.mem_current())
idle = micropython.mem_peak()
board.take(announcement)
most = micropython.mem_peak() - idle
print(board.client.report.decode())
used = []
for number in range(1, count):
    board.take(f'sender|{80 + number}|lamp.bin|{digest}|0'.encode())
    if number in (9, count - 1):
        gc.collect()
        used.append(gc.mem_alloc())
print('MOST', most, 'USED', used)
