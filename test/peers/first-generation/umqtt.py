"""A small MQTT 3.1.1 client with the interface of umqtt.simple: QoS 0, clean session, blocking, no time-outs."""

import select
import socket
import struct

CONNECT = 0x10
CONNACK = 0x20
PUBLISH = 0x30
SUBSCRIBE = 0x82
SUBACK = 0x90
PINGREQ = 0xC0
DISCONNECT = 0xE0

RETAIN = 0x01
CLEAN_SESSION = 0x02
PROTOCOL_LEVEL = 4  # MQTT 3.1.1
SUBSCRIPTION_REFUSED = 0x80


class MQTTException(Exception):
    """The broker said no."""


def as_field(value):
    """Return a string or bytes the way MQTT writes them: two bytes of length, then the bytes."""
    if isinstance(value, str):
        value = value.encode()
    return struct.pack('!H', len(value)) + value


class MQTTClient:
    """One connection to a broker; whoever uses it calls wait_msg() again and again."""

    def __init__(self, client_id, server, port=1883, keepalive=0):
        self.client_id = client_id
        self.server = server
        self.port = port
        self.keepalive = keepalive
        self.callback = None
        self.sock = None
        self.packet_id = 0

    def set_callback(self, callback):
        """Have `callback(topic, payload)`, both bytes, called with every message."""
        self.callback = callback

    def connect(self):
        """Connect and wait until the broker accepts."""
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo(self.server, self.port, socket.AF_INET)[0][-1])
        settings = struct.pack('!BBH', PROTOCOL_LEVEL, CLEAN_SESSION, self.keepalive)
        self._send(CONNECT, as_field('MQTT') + settings + as_field(self.client_id))
        kind, body = self._receive()
        if kind != CONNACK or body[1] != 0:
            raise MQTTException('connection refused', body)

    def subscribe(self, topic):
        """Subscribe and wait for the acknowledgement; messages that come before it are delivered."""
        self.packet_id += 1
        self._send(SUBSCRIBE, struct.pack('!H', self.packet_id) + as_field(topic) + b'\x00')
        kind, body = self._receive()
        while kind != SUBACK:
            self._deliver(kind, body)
            kind, body = self._receive()
        if body[2] == SUBSCRIPTION_REFUSED:
            raise MQTTException('subscription refused', topic)

    def publish(self, topic, payload, retain=False):
        """Send a message at QoS 0."""
        if isinstance(payload, str):
            payload = payload.encode()
        self._send(PUBLISH | (RETAIN if retain else 0), as_field(topic) + payload)

    def wait_msg(self):
        """Wait, for ever if need be, for one packet and deliver it if it is a message."""
        kind, body = self._receive()
        self._deliver(kind, body)

    def check_msg(self):
        """Deliver one message if the broker has sent anything, else return at once."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        if poll.poll(0):
            self.wait_msg()

    def ping(self):
        """Keep the connection alive; wait_msg() takes the answer."""
        self._send(PINGREQ, b'')

    def disconnect(self):
        """Leave without a last will."""
        self._send(DISCONNECT, b'')
        self.sock.close()

    def _deliver(self, kind, body):
        """Call the callback with a message (QoS 0, so no packet id stands before the payload)."""
        if kind & 0xF0 == PUBLISH:
            end = 2 + struct.unpack('!H', body)[0]
            self.callback(body[2:end], body[end:])

    def _send(self, kind, body):
        """Write one packet; its length goes out 7 bits a byte, lowest first, the top bit set where more follow."""
        header = bytearray([kind])
        length = len(body)
        while length > 127:
            header.append(length & 127 | 128)
            length >>= 7
        header.append(length)
        self.sock.write(header + body)

    def _receive(self):
        """Read one packet; return its first byte and what follows its length."""
        kind = self._read(1)[0]
        length = shift = 0
        while True:
            byte = self._read(1)[0]
            length |= (byte & 127) << shift
            if byte < 128:
                return kind, self._read(length)
            shift += 7

    def _read(self, size):
        """Read exactly so many bytes; a broker that hangs up is an error."""
        data = self.sock.read(size)
        if len(data) < size:
            raise OSError('the broker closed the connection')
        return data
