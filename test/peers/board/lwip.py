"""Sockets as those of MicroPython to 1.23 on lwIP (ESP8266, rp2): packets come whether or not the program looks."""

import errno
import io
import select
import socket
import time

_NEW, _CONNECTING, _CONNECTED, _PEER_CLOSED, _FAILED = range(5)
_POLL = 3  # a stream's ioctl
_CLOSE = 4
_EINPROGRESS = 115
_MSG_PEEK = 2


class Socket(io.IOBase):
    """One for TCP. `window` bytes come before the program reads, and the end after them."""

    window = 2144

    def __init__(self, *arguments):
        self.socket = socket.socket(*arguments)
        self.state = _NEW
        self.timeout = None
        self.incoming = b''

    def setblocking(self, flag):
        """Wait without a limit, or never."""
        self.settimeout(None if flag else 0)

    def settimeout(self, seconds):
        """Wait so long, None: without a limit."""
        self.timeout = seconds

    def connect(self, address):
        """Connect; with a time limit it looks ten times a second, and takes an end that has come for a failure."""
        self.socket.setblocking(False)
        self.state = _CONNECTING
        try:
            self.socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        if self.timeout is None:
            while self.state == _CONNECTING:
                self._look()
        else:
            for _ in range(self.timeout * 10):
                time.sleep_ms(100)
                self._receive()
                if self.state != _CONNECTING:
                    break
            if self.state == _CONNECTING:
                raise OSError(_EINPROGRESS)
        if self.state != _CONNECTED:
            raise OSError(errno.EINVAL)

    def readinto(self, buffer, size=None):
        """Return how many bytes were read; None where none has come and it does not wait."""
        self._receive()
        while self.timeout != 0 and self.state == _CONNECTED and not self.incoming:
            self._receive()
        if self.state == _FAILED:
            raise OSError(errno.ECONNRESET)
        if not self.incoming:
            return 0 if self.state == _PEER_CLOSED else None
        count = min(len(buffer), len(self.incoming), size or len(buffer))
        buffer[:count] = self.incoming[:count]
        self.incoming = self.incoming[count:]
        return count

    def ioctl(self, request, flags):
        """Tell for `select.poll` what can be done; that there is room to write says nothing of a connection."""
        if request == _CLOSE:
            self.socket.close()
            return 0
        if request != _POLL:
            return -errno.EINVAL
        self._receive()
        ready = flags & select.POLLOUT
        if self.incoming or self.state == _PEER_CLOSED:
            ready |= flags & select.POLLIN
        if self.state == _FAILED:
            ready = select.POLLERR
        return ready

    def close(self):
        """End the connection."""
        self.socket.close()

    # What the network has done meanwhile.
    def _receive(self):
        self._look()
        while self.state == _CONNECTED:
            room = self.window - len(self.incoming)
            try:
                # The end of the sender takes no room.
                more = self.socket.recv(min(512, room)) if room else self.socket.recv(1, _MSG_PEEK)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    self.state = _FAILED
                return
            if not more:
                self.state = _PEER_CLOSED
            elif room:
                self.incoming += more
            else:
                return

    def _look(self):
        if self.state != _CONNECTING:
            return
        poller = select.poll()
        poller.register(self.socket, select.POLLOUT)
        for _, flags in poller.poll(0):
            self.state = _FAILED if flags & (select.POLLERR | select.POLLHUP) else _CONNECTED
