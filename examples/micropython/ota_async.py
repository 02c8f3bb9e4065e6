# Over-the-air updates for a program of asyncio tasks that uses Peter Hinch's mqtt_as: what `ota.py` does, which lies
# beside this file, while the other tasks go on.
#
# boot.py:    import ota
#             ota.boot()
#
# main.py:    import ota_async
#             await ota_async.start(client, 'nightlamp')    # once, after `await client.connect()`
#
# Announcements on `nightlamp/OTA` reach neither the program's callback nor its queue. Section numbers are those of the
# protocol, docs/protocol.md in the project.

import sys
import time

import machine
import ota
from micropython import const

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio  # until 1.20

_LIMIT = const(10000)  # milliseconds for a connect, a piece or the broker's acknowledgement
_PAUSE = const(20)  # milliseconds between two looks for what may have come
_LONGEST = const(641)  # bytes kept of an announcement: one more than it may have


# `topic` is `<hostname>/OTA` unless the sender's is another. `allow` names files that may be replaced although
# `boot.py` or the module needs them. `feed`, a watchdog's, is called between the pieces of a file that FAT has to copy.
async def start(client, hostname, topic=None, allow=(), feed=None):
    """Listen for updates on this connected client and all its connections to come; prove that the program works."""
    global _updater
    ota._flash.feed = feed
    if not ota._flash.is_booted:
        ota.boot()
    if _updater is None:
        _updater = _Updater(topic or hostname + '/OTA', allow)
    await _updater.resume(client)


# Listens on the client's connections, in a task of its own.
class _Updater(ota._Installer):
    def __init__(self, topic, allow):
        super().__init__(topic, allow)
        self.is_deaf = True  # on a connection that is new
        self.news = asyncio.Event()  # something is to do
        self.task = None
        self.settling = None  # the task that ends a trial without a restart

    # Subscribe, and end a trial that has come so far. The task goes on with that on each new connection.
    async def resume(self, client):
        if client is not self.client:
            if self.task:
                self.task.cancel()
                self.task = None
            self._take_messages(client)
            self._follow(client)
            self.client = client
        if not self.task:
            await self._listen()
            self.task = self.task or asyncio.create_task(self._serve())

    # From now on the program's own callback, or its queue, is given only what is its own.
    def _take_messages(self, client):
        queue = getattr(client, 'queue', None)
        if queue:
            self.program = queue.put
            queue.put = self._on_message  # which mqtt_as calls until 0.8.1
        elif hasattr(client, '_cb'):
            self.program = client._cb
        else:
            raise TypeError('not a client of mqtt_as: ota.start() is for others')
        client._cb = self._on_message

    # Its client connects again by itself.
    def _follow(self, client):
        connect = client.connect

        async def follow(**more):
            await connect(**more)
            self.is_deaf = True
            self.news.set()

        client.connect = follow

    # Behind these are whether it was retained, and with MQTT 5 its properties.
    def _on_message(self, topic, payload, *more):
        if topic != self.topic:
            self.program(topic, payload, *more)
        elif payload:
            self.waiting = bytes(payload[:_LONGEST])  # a copy: it may be a view of the client's buffer
            self.news.set()

    async def _listen(self):
        self.is_deaf = False  # a connection that is made meanwhile says otherwise
        try:
            await self.client.subscribe(self.topic)
        except Exception:
            self.is_deaf = True
            raise
        if not self.is_running:
            self._keep()

    async def _serve(self):
        while True:
            try:
                if self.is_deaf:
                    await self._listen()
                if self.waiting:
                    payload, self.waiting = self.waiting, None
                    await self._update(payload)
                if self.unsent:
                    await self._publish()
                elif not self.waiting and not self.is_deaf:
                    self.news.clear()
                    await self.news.wait()
            except Exception as error:  # such as want of memory, or of room for a record: it may be there next time
                sys.print_exception(error)
                await asyncio.sleep_ms(_LIMIT)

    # Install what is announced; whatever goes wrong is noted, to be reported next, and leaves the old file.
    async def _update(self, payload):
        try:
            download = self._plan(payload)
            if download:
                await self._fetch(download)
                self._install(download)
        except Exception as error:
            self._fail(payload, error)
            return
        if not download:
            return
        if download.reboot:
            await self._restart()
        elif not self.settling or self.settling.done():
            self.settling = asyncio.create_task(self._end_trial())

    async def _end_trial(self):
        while self.settles_from is not None:
            await asyncio.sleep_ms(1000)
            self._settle()

    # Stream the file into `tmp` (2.3). The loop itself takes no memory: a coroutine for each piece would.
    async def _fetch(self, download):
        connection, poller = ota._connect(*download.sender)
        try:
            heard = time.ticks_ms()
            while not poller.poll(0):
                if time.ticks_diff(time.ticks_ms(), heard) > _LIMIT:
                    raise ota._silence(connection, poller)
                await asyncio.sleep_ms(_PAUSE)
            with open(ota._tmp, 'wb') as tmp:
                while download.left:
                    count = download.take(connection, tmp)
                    if count:
                        heard = time.ticks_ms()
                        await asyncio.sleep_ms(0)
                    elif count is None:
                        if time.ticks_diff(time.ticks_ms(), heard) > _LIMIT:
                            raise ota.Refused('timed_out')
                        await asyncio.sleep_ms(_PAUSE)
                    else:
                        break
        finally:
            connection.close()
        download.check()

    # Restart the board when the broker has the report, or does not acknowledge it in time.
    async def _restart(self):
        try:
            began = time.ticks_ms()
            report = asyncio.create_task(self._publish())
            while not report.done() and time.ticks_diff(time.ticks_ms(), began) < _LIMIT:
                await asyncio.sleep_ms(_PAUSE)
        finally:
            machine.reset()

    # Publish what is noted, retained (5.1), as soon as there is a broker.
    async def _publish(self):
        text = self.unsent
        await self.client.publish(self.topic + b'/status', text.encode(), True, 1)
        if self.unsent is text:
            self.unsent = None


_updater = None
