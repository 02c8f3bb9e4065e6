"""An MQTT client with the interface and the manners of Peter Hinch's mqtt_as 0.8.3 (without Wi-Fi, TLS and MQTT 5)."""

import asyncio
import errno
import socket
import struct
import time

from mqtt_as.packets import as_bytes, as_field, as_packet

PUBACK = 0x40
SUBACK = 0x90
PAUSE = 5  # milliseconds between two looks for a message
WAIT = 200  # milliseconds before it connects again; the original takes seconds for its Wi-Fi

# How messages are handed over: `0.8`, or as by 0.7, which calls its queue by its name, and gives bytearrays.
manner = '0.8'


async def _nothing(*_):
    await asyncio.sleep_ms(0)


config = {
    'client_id': b'board',
    'server': None,
    'port': 0,
    'user': '',
    'password': '',
    'keepalive': 60,
    'ping_interval': 0,
    'ssl': False,
    'ssl_params': {},
    'response_time': 10,
    'clean_init': True,
    'clean': True,
    'max_repubs': 4,
    'will': None,
    'subs_cb': lambda *_: None,
    'wifi_coro': _nothing,
    'connect_coro': _nothing,
    'ssid': None,
    'wifi_pw': None,
    'queue_len': 0,
    'gateway': False,
    'mqttv5': False,
    'mqttv5_con_props': None,
}


class MsgQueue:
    """The last messages, for `async for`: when it is full the oldest is discarded."""

    def __init__(self, size):
        self.size = size
        self.messages = []
        self.discards = 0
        self.event = asyncio.Event()

    def put(self, *message):
        """Add one."""
        if len(self.messages) == self.size:
            self.messages.pop(0)
            self.discards += 1
        self.messages.append(message)
        self.event.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self.messages:
            self.event.clear()
            await self.event.wait()
        return self.messages.pop(0)


class MQTTClient:
    """Connects once asked to, and again by itself for ever."""

    DEBUG = False

    def __init__(self, config):
        self._config = config
        self._has_queue = config['queue_len'] > 0
        if self._has_queue:
            self.up = asyncio.Event()
            self.down = asyncio.Event()
            self.queue = MsgQueue(config['queue_len'])
            if manner == '0.8':
                self._cb = self.queue.put
        else:
            self._cb = config['subs_cb']
        self._address = None
        self._sock = None
        self._isconnected = False
        self._number = 0
        self.rcv_pids = set()
        self.lock = asyncio.Lock()
        self._tasks = []
        self.last_rx = time.ticks_ms()

    async def connect(self, *, quick=False):
        """Connect and wait until the broker accepts; also called by itself for each later connection."""
        is_first = self._address is None
        if is_first:
            self._address = socket.getaddrinfo(self._config['server'], self._config['port'] or 1883)[0][-1]
        self._sock = socket.socket()
        self._sock.setblocking(False)
        try:
            try:
                self._sock.connect(self._address)
            except OSError as error:
                if error.args[0] != errno.EINPROGRESS:
                    raise
            await self._write(as_packet(0x10, as_field('MQTT') + self._settings()))
            answer = bytes(await self._read(4))
            if answer[0] != 0x20 or answer[2:] != b'\0\0':
                raise OSError(-1, 'no CONNACK')
        except OSError:
            self._sock.close()
            if is_first:
                self._address = None
            raise
        self.rcv_pids.clear()
        self._isconnected = True
        if is_first:
            self._begin(self._keep_connected())
        self._begin(self._take_messages())
        self._begin(self._keep_alive())
        if self._has_queue:
            self.up.set()
        else:
            self._begin(self._config['wifi_coro'](True))
            self._begin(self._config['connect_coro'](self))

    def isconnected(self):
        """Return whether there is a broker."""
        return self._isconnected

    async def publish(self, topic, msg, retain=False, qos=0, properties=None):
        """Send a message, however often it takes; at QoS 1 wait until the broker has it."""
        number = self._next()

        def packet(is_again):
            return as_packet(
                0x30 | is_again << 3 | qos << 1 | retain,
                as_field(topic) + (struct.pack('!H', number) if qos else b'') + as_bytes(msg),
            )

        await self._surely(packet, number if qos else None)

    async def subscribe(self, topic, qos=0, properties=None):
        """Subscribe, however often it takes."""
        number = self._next()
        body = struct.pack('!H', number) + as_field(topic) + bytes([qos])
        await self._surely(lambda _: as_packet(0x82, body), number)

    def close(self):
        """Close the connection."""
        if self._sock:
            self._sock.close()

    def _settings(self):
        config = self._config
        return struct.pack('!BBH', 4, config['clean'] << 1, config['keepalive']) + as_field(config['client_id'])

    # Nothing else would keep a task that waits for the network.
    def _begin(self, work):
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.create_task(work))

    def _next(self):
        self._number = self._number % 65535 + 1
        return self._number

    # Send a packet until it is acknowledged, over as many connections as that takes.
    async def _surely(self, packet, number):
        is_again = False
        while True:
            while not self._isconnected:
                await asyncio.sleep_ms(WAIT)
            try:
                if number is not None:
                    self.rcv_pids.add(number)
                async with self.lock:
                    await self._write(packet(is_again))
                is_again = True
                began = time.ticks_ms()
                while number in self.rcv_pids and self._isconnected:
                    if time.ticks_diff(time.ticks_ms(), began) > self._config['response_time'] * 1000:
                        break
                    await asyncio.sleep_ms(20)
                else:
                    if self._isconnected:
                        return
            except OSError:
                self._lose()
            await asyncio.sleep_ms(0)

    def _lose(self):
        if not self._isconnected:
            return
        self._isconnected = False
        self._sock.close()
        if self._has_queue:
            self.down.set()
        else:
            self._begin(self._config['wifi_coro'](False))

    async def _keep_connected(self):
        while self._address:
            await asyncio.sleep_ms(WAIT)
            if not self._isconnected and self._address:
                try:
                    await self.connect()
                except OSError:
                    pass  # not yet

    async def _keep_alive(self):
        connection = self._sock
        interval = self._config['keepalive'] * 250 or 20000
        while self._isconnected and self._sock is connection:
            try:
                async with self.lock:
                    await self._write(b'\xc0\0')
            except OSError:
                self._lose()
            await asyncio.sleep_ms(interval)

    async def _take_messages(self):
        connection = self._sock
        try:
            while self._isconnected and self._sock is connection:
                async with self.lock:
                    kind = self._sock.read(1)
                    if kind == b'':
                        raise OSError(-1, 'closed')
                    if kind:
                        await self._take(kind[0])
                await asyncio.sleep_ms(PAUSE)
        except OSError:
            if self._sock is connection:
                self._lose()

    async def _take(self, kind):
        size = shift = 0
        while True:
            byte = (await self._read(1))[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        body = await self._read(size)
        if kind in (PUBACK, SUBACK):
            number = struct.unpack('!H', body)[0]
            if number not in self.rcv_pids or (kind == SUBACK and body[2] >= 0x80):
                raise OSError(-1, 'not acknowledged')
            self.rcv_pids.discard(number)
        if kind & 0xF0 != 0x30:
            return
        at = 2 + struct.unpack('!H', body)[0]
        topic = body[2:at]
        number = None
        if kind & 6:
            number = body[at : at + 2]
            at += 2
        message = body[at:]
        if manner == '0.8':
            self._cb(bytes(topic), bytes(message), bool(kind & 1))
        elif self._has_queue:
            self.queue.put(topic, message, bool(kind & 1))
        else:
            self._cb(topic, message, bool(kind & 1))
        if number:
            await self._write(bytes([PUBACK, 2]) + number)

    async def _read(self, count):
        data = bytearray(count)
        view = memoryview(data)
        began = time.ticks_ms()
        while count:
            got = self._sock.readinto(view, count)
            if got == 0 or time.ticks_diff(time.ticks_ms(), began) > self._config['response_time'] * 1000:
                raise OSError(-1, 'closed or silent')
            if got:
                self.last_rx = began = time.ticks_ms()
                view = view[got:]
                count -= got
            await asyncio.sleep_ms(0)
        return data

    async def _write(self, data):
        view = memoryview(data)
        while view:
            view = view[self._sock.write(view) or 0 :]
            await asyncio.sleep_ms(0)
