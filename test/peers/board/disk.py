"""A board's flash with a real file system on it, in a file of the host."""

import os
import time

import vfs

BLOCKS = {'VfsFat': 512, 'VfsLfs2': 4096}
SIZE = 512 * 1024
IMAGE = '.image'


class Disk:
    """A block device; each write takes so many milliseconds."""

    def __init__(self, path, block, pause):
        self.file = open(path, 'r+b')  # noqa: SIM115 - for as long as the board has power
        self.block = block
        self.pause = pause

    def readblocks(self, number, buffer, offset=0):
        """Read bytes."""
        self.file.seek(number * self.block + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        """Write bytes."""
        time.sleep_ms(self.pause)
        self.file.seek(number * self.block + offset)
        self.file.write(buffer)
        self.file.flush()

    def ioctl(self, operation, argument):
        """Say how large it is; erasing changes nothing that anyone may read."""
        if operation == 4:
            return SIZE // self.block
        return self.block if operation == 5 else 0


def filesystem(folder, kind, pause):
    """Return the file system of this board; at its first start all that lies in the folder is on it."""
    image = folder + '/' + IMAGE
    kind_of = getattr(vfs, kind)
    try:
        os.stat(image)
        return kind_of(Disk(image, BLOCKS[kind], pause))
    except OSError:
        pass  # its first start
    with open(image, 'wb') as file:
        for _ in range(SIZE // 512):
            file.write(bytes(512))
    disk = Disk(image, BLOCKS[kind], 0)
    kind_of.mkfs(disk)
    made = kind_of(disk)
    _copy(folder, made, '')
    disk.pause = pause
    return made


def _copy(folder, target, name):
    for entry in os.ilistdir(folder + name):
        path = name + '/' + entry[0]
        if entry[1] & 0x4000:
            target.mkdir(path)
            _copy(folder, target, path)
        elif entry[0] != IMAGE:
            with open(folder + path, 'rb') as source, target.open(path, 'wb') as copy:
                piece = source.read(512)
                while piece:
                    copy.write(piece)
                    piece = source.read(512)
