"""An MQTT client with the interface and the manners of micropython-lib's umqtt.simple."""

import socket
import struct

PUBLISH = 0x30
PUBACK = 0x40
SUBACK = 0x90
PINGRESP = 0xD0


class MQTTException(Exception):
    """The broker said no."""


def as_field(value):
    """Return a string or bytes the way MQTT writes them: two bytes of length, then the bytes."""
    value = value.encode() if isinstance(value, str) else value
    return struct.pack('!H', len(value)) + value


class MQTTClient:
    """One connection to a broker; its program calls wait_msg() or check_msg() again and again."""

    def __init__(self, client_id, server, port=1883, user=None, password=None, keepalive=0, ssl=None):
        self.client_id = client_id
        self.server = server
        self.port = port
        self.user = user
        self.password = password
        self.keepalive = keepalive
        self.ssl = ssl
        self.cb = None
        self.sock = None
        self.pid = 0

    def set_callback(self, f):
        """Have `f(topic, message)`, both bytes, called with every message."""
        self.cb = f

    def connect(self, clean_session=True):
        """Connect and wait until the broker accepts."""
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo(self.server, self.port)[0][-1])
        if self.ssl:
            self.sock = self.ssl.wrap_socket(self.sock)
        flags = clean_session << 1
        credentials = b''
        if self.user is not None:
            flags |= 0xC0
            credentials = as_field(self.user) + as_field(self.password)
        settings = struct.pack('!BBH', 4, flags, self.keepalive)
        self._send(0x10, as_field('MQTT') + settings + as_field(self.client_id) + credentials)
        answer = self.sock.read(4)
        if answer[3] != 0:
            raise MQTTException(answer[3])
        return answer[2] & 1

    def disconnect(self):
        """Leave."""
        self._send(0xE0, b'')
        self.sock.close()

    def ping(self):
        """Keep the connection alive; wait_msg() takes the answer."""
        self._send(0xC0, b'')

    def publish(self, topic, msg, retain=False, qos=0):
        """Send a message; at QoS 1 other messages may be delivered before it returns."""
        number = b''
        if qos:
            self.pid += 1
            number = struct.pack('!H', self.pid)
        msg = msg.encode() if isinstance(msg, str) else msg
        self._send(PUBLISH | qos << 1 | retain, as_field(topic) + number + msg)
        while qos:
            if self.wait_msg() == PUBACK and self.sock.read(3)[1:] == number:
                return

    def subscribe(self, topic, qos=0):
        """Subscribe and wait for the acknowledgement; other messages may be delivered before it returns."""
        self.pid += 1
        number = struct.pack('!H', self.pid)
        self._send(0x82, number + as_field(topic) + bytes([qos]))
        while True:
            if self.wait_msg() == SUBACK:
                answer = self.sock.read(4)
                if answer[1:3] != number or answer[3] == 0x80:
                    raise MQTTException(answer[3])
                return

    def wait_msg(self):
        """Take one packet: deliver a message, return the kind of what others wait for."""
        kind = self.sock.read(1)
        self.sock.setblocking(True)
        if kind is None:
            return None
        if kind == b'':
            raise OSError(-1)
        kind = kind[0]
        if kind == PINGRESP:
            self.sock.read(1)
            return None
        if kind & 0xF0 != PUBLISH:
            return kind
        size = self._receive_length()
        topic = self.sock.read(struct.unpack('!H', self.sock.read(2))[0])
        size -= len(topic) + 2
        number = b''
        if kind & 6:
            number = self.sock.read(2)
            size -= 2
        self.cb(topic, self.sock.read(size))
        if number:
            self._send(PUBACK, number)
        return kind

    def check_msg(self):
        """Do the same if the broker has sent anything, else return at once."""
        self.sock.setblocking(False)
        return self.wait_msg()

    def _send(self, kind, body):
        """Write one packet; its length goes out 7 bits a byte, lowest first, the top bit set where more follow."""
        header = bytearray([kind])
        length = len(body)
        while length > 127:
            header.append(length & 127 | 128)
            length >>= 7
        header.append(length)
        self.sock.write(header + body)

    def _receive_length(self):
        length = shift = 0
        while True:
            byte = self.sock.read(1)[0]
            length |= (byte & 127) << shift
            if byte < 128:
                return length
            shift += 7
