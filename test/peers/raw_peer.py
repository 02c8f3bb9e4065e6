"""A TCP peer in a process of its own, so that its kernel calls are a device's: behaviours by name.

Usage: raw_peer.py HOST PORT BEHAVIOUR RECEIVE_BUFFER. Prints `connected`, then `BYTES END` when it has ended:
how many bytes it read, and `fin`, `reset` or `left` for how the connection ended. Lines on its input let it go on.
"""

import os
import socket
import sys
import time

host, port, behaviour, receive_buffer = sys.argv[1:]
count = 0


def read(most=1024):
    """Reads once and counts; False at the end of the stream."""
    global count
    data = s.recv(most)
    count += len(data)
    return data


def read_all(pause=0, most=1024):
    while read(most):
        time.sleep(pause)
    return "fin"


def takes_all():
    return read_all()


def takes_all_slowly():
    return read_all(pause=0.05, most=20000)


def closes_at_once():
    return "left"


def closes_with_bytes_unread():
    read()
    time.sleep(0.05)
    return "left"


def closes_its_side_first():
    s.shutdown(socket.SHUT_WR)
    time.sleep(0.05)
    return read_all()


def closes_its_side_in_the_middle():
    """Reads once, closes its side when a line comes, and reads on when another one does."""
    read()
    sys.stdin.readline()
    s.shutdown(socket.SHUT_WR)
    sys.stdin.readline()
    return read_all()


def dies():
    """As a board that loses its power, but the kernel says so with a RESET."""
    read()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return "left"


def reads_when_told():
    """Reads once, holds until a line comes, then reads to whatever end."""
    read()
    sys.stdin.readline()
    return read_all()


def never_closes():
    end = read_all()
    sys.stdin.readline()
    return end


def talks():
    s.send(b"GET / HTTP/1.0\r\n\r\n")
    return read_all()


s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(receive_buffer))
s.connect((host, int(port)))
print("connected", flush=True)
try:
    end = globals()[behaviour]()
except ConnectionResetError:
    end = "reset"
s.close()
print(count, end, flush=True)
os._exit(0)
