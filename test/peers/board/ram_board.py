"""A board in one process: a flash in RAM whose power can fail at any write; a broker and senders of make-believe."""

import hashlib
import os
import sys
from binascii import hexlify

import vfs

BLOCK = 512


class Reset(BaseException):
    """machine.reset(): everything running ends."""


class Flash:
    """A block device that dies at a write: that one and all later ones are lost."""

    def __init__(self, data):
        self.data = data
        self.writes_left = -1  # for ever
        self.is_dead = False

    # A dead one may still be asked, by the end of a file that nobody closed, when nothing can be allocated: so it
    # answers with numbers.
    def readblocks(self, number, buffer, offset=0):
        """Read bytes."""
        if self.is_dead:
            return -5
        start = number * BLOCK + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]
        return 0
        return None

    def writeblocks(self, number, buffer, offset=0):
        """Write bytes, unless the power is gone."""
        if self.writes_left == 0:
            self.is_dead = True
        if self.is_dead:
            return -5
        self.writes_left -= 1
        start = number * BLOCK + offset
        self.data[start : start + len(buffer)] = buffer
        return 0
        return None

    def ioctl(self, operation, argument):
        """Say how large it is; erasing changes nothing that anyone may read."""
        if operation == 4:
            return len(self.data) // BLOCK
        return BLOCK if operation == 5 else 0


class Machine:
    """In the place of the module `machine`."""

    class Timer:
        """Never runs out."""

        PERIODIC = 1

        def __init__(self, number):
            self.number = number

        def init(self, period, mode, callback):
            """Nothing."""

        def deinit(self):
            """Nothing."""

    @staticmethod
    def reset():
        """End what is running."""
        raise Reset


class Sockets:
    """In the place of the module `socket`: every connection gives `content`."""

    content = b''
    is_endless = False

    @staticmethod
    def getaddrinfo(host, port):
        """Any address."""
        return [(0, 0, 0, '', (host, port))]

    class socket:  # noqa: N801
        """A connection."""

        def __init__(self, family):
            self.position = 0

        def setblocking(self, flag):
            """Nothing."""

        def connect(self, address):
            """Nothing."""

        def close(self):
            """Nothing."""

        def readinto(self, buffer, count):
            """Give as many bytes as are asked for, or as are left."""
            if Sockets.is_endless:
                return count
            count = min(count, len(Sockets.content) - self.position)
            for index in range(count):
                buffer[index] = Sockets.content[self.position + index]
            self.position += count
            return count


class Select:
    """In the place of the module `select`: there is always something to read."""

    POLLIN = 1
    POLLOUT = 4

    class poll:  # noqa: N801
        """A poll object."""

        def register(self, connection, events):
            """Nothing."""

        def ipoll(self, milliseconds):
            """One event."""
            return (1,)

        def poll(self, milliseconds):
            """The same."""
            return (1,)


class Client:
    """An MQTT client on a broker that never fails; `report` is what was published last."""

    def __init__(self):
        self.cb = None
        self.sock = self
        self.report = b''

    def setblocking(self, flag):
        """Nothing."""

    def set_callback(self, callback):
        """Have the board called."""
        self.cb = callback

    def subscribe(self, topic):
        """Nothing."""

    def publish(self, topic, message, retain=False, qos=0):
        """Keep the report."""
        self.report = message

    def ping(self):
        """Nothing."""


class TaskClient:
    """The same for tasks."""

    def __init__(self):
        self._cb = None
        self.report = b''

    async def connect(self):
        """Nothing."""

    async def subscribe(self, topic):
        """Nothing."""

    async def publish(self, topic, message, retain=False, qos=0):
        """Keep the report."""
        self.report = message


class Board:
    """One board's power-ups on one flash. @param folder that of the module, which is `ota` or `ota_async`"""

    def __init__(self, filesystem, folder, module, blocks=240):
        self.module = module
        if module == 'ota_async':
            # While it finds its parts, which it loads when they are needed, and the `select` that it waits with.
            import asyncio

            asyncio.Event()
            self.asyncio = asyncio
        sys.modules['machine'] = Machine
        sys.modules['socket'] = Sockets
        sys.modules['select'] = Select
        self.filesystem = filesystem
        self.flash = Flash(bytearray(blocks * BLOCK))
        filesystem.mkfs(self.flash)
        self.mount()
        vfs.mount(vfs.VfsPosix(folder), '/host')
        sys.path[:] = ['/host']
        self.ota = None
        self.client = None
        self.key = None
        self.counter = 1000

    def power_up(self, data, writes=-1):
        """Go on from these bytes, for so many writes; whatever still has the flash before has it no more."""
        self.flash.is_dead = True
        self.flash = Flash(bytearray(data))
        self.flash.writes_left = writes

    def mount(self):
        """Mount the flash in place of what was mounted before."""
        try:
            vfs.umount('/')
        except OSError:
            pass  # nothing was
        vfs.mount(self.filesystem(self.flash), '/')
        os.chdir('/')

    def boot(self):
        """Run boot.py, with nothing in memory of what was before."""
        for name in ('ota', 'ota_async'):
            sys.modules.pop(name, None)
        import ota

        self.ota = ota
        ota.boot()

    def start(self):
        """Run a program that works."""
        if self.module == 'ota':
            self.client = Client()
            self.ota.start(self.client, 'lamp')
            return
        import ota_async

        self.asyncio.new_event_loop()
        self.client = TaskClient()
        self.asyncio.run(ota_async.start(self.client, 'lamp'))
        if self.ota._flash.last:
            self.asyncio.run(self.until_reported())

    def take(self, announcement):
        """Let the broker deliver it, and see to all that comes of it."""
        if self.module == 'ota':
            self.client.cb(b'lamp/OTA', announcement)
            return
        self.client.report = b''
        self.client._cb(b'lamp/OTA', announcement, False)
        self.asyncio.run(self.until_reported())

    async def until_reported(self):
        """Wait for a report, as long as there is power."""
        while not self.client.report and not self.flash.is_dead:
            await self.asyncio.sleep_ms(0)

    def announce(self, name, content, tail=''):
        """Let a sender offer a file, signed when this board has a key."""
        Sockets.content = content
        if not self.key:
            digest = hexlify(hashlib.sha1(content).digest()).decode()
            self.take(f'sender|80|{name}|{digest}{tail}'.encode())
            return
        self.counter += 1
        digest = hexlify(hashlib.sha256(content).digest()).decode()
        fields = ('sender', 80, name, digest, 0 if tail == '|0' else 1, len(content), self.counter)
        text = '|'.join([str(field) for field in fields]).encode()
        self.take(text + b'|' + hexlify(hmac(self.key, text)))


def hmac(key, message):
    """HMAC-SHA-256 of RFC 2104."""
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + message).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()


def files(folder='/'):
    """Every file of the flash that is not the module's own."""
    found = {}
    for entry in os.ilistdir(folder):
        path = (folder + '/' + entry[0]).lstrip('/')
        if path == 'host':
            continue
        if entry[1] & 0x4000:
            found.update(files('/' + path))
        elif path[:6] not in ('ota.st', 'ota.ct', 'ota.ke'):
            with open('/' + path, 'rb') as file:
                found[path] = file.read()
    return found
