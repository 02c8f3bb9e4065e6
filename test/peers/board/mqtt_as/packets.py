"""How MQTT writes what it sends."""

import struct


def as_bytes(value):
    """Return a string, or bytes of any kind, as bytes."""
    return value.encode() if isinstance(value, str) else bytes(value)


def as_field(value):
    """Return a string or bytes behind two bytes of length."""
    value = as_bytes(value)
    return struct.pack('!H', len(value)) + value


def as_packet(kind, body):
    """Return a packet; its length goes out 7 bits a byte, lowest first, the top bit set where more follow."""
    header = bytearray([kind])
    length = len(body)
    while length > 127:
        header.append(length & 127 | 128)
        length >>= 7
    header.append(length)
    return header + body
