# Over-the-air updates for any MicroPython program, with a way back from a bad one.
#
# boot.py:    import ota
#             ota.boot()
#
# main.py:    import ota
#             ota.start(client, 'nightlamp')    # after client.connect(), and again after each reconnect
#
# `client` has umqtt.simple's API; the program sets its callback and subscribes as always. Announcements on
# `nightlamp/OTA` never reach it: the file is fetched, checked, installed, and reported on `nightlamp/OTA/status`.
# Section numbers are those of the protocol, docs/protocol.md in the project. What is said in comments and not in
# docstrings costs a board no memory while it compiles this.

import binascii
import gc
import hashlib
import json
import os
import socket
import time

import machine
from micropython import const

_PIECE = const(512)  # bytes held at once (3.4)
_LIMIT = const(10)  # seconds for a connect, a read or the broker's acknowledgement
_LONGEST = const(640)  # bytes of an announcement
_LAST_START = const(3)  # the start of a trial at which the old files come back
_SETTLED = const(-1)  # in the place of a trial's starts: it is over, only backups are left
_SPARE = const(8192)  # bytes of flash that stay free: the records below must always find room
_ENOENT = const(2)
_ENOSPC = const(28)
_ECONNRESET = const(104)
_FOLDER = const(0x4000)
_OWN = ('tmp', 'ota.key', 'ota.st0', 'ota.st1', 'ota.ct0', 'ota.ct1')
_NEEDED = ('boot', 'ota', 'binascii', 'gc', 'hashlib', 'json', 'machine', 'micropython', 'os', 'socket', 'time')

_buffer = bytearray(_PIECE)


# An update that was not made; its first argument is the report's error (5.3).
class Refused(Exception):
    pass


# While an update is on trial, the board restarts after so many seconds unless `start` was reached by then,
# and at the third start the files before it come back.
def boot(seconds=120):
    """Clear up after a power cut, and open this start of a trial."""
    _flash.is_booted = True
    _flash.seconds = seconds
    if _flash.files:
        _flash.arm()  # first, so that nothing below can leave the board without it
    _flash.recover()
    if not _flash.files:
        _flash.disarm()
        return
    _flash.is_trial = True
    _flash.starts += 1
    if _flash.starts < _LAST_START:
        _flash.save()
        return
    _flash.roll_back()
    machine.reset()


# `topic` is `<hostname>/OTA` unless the sender's is another. `allow` names files that may be replaced although
# `boot.py` or this module needs them. Raises what the client raises.
def start(client, hostname, topic=None, allow=()):
    """Listen for updates on this connected client, and prove that the program works."""
    global _updater
    if not _flash.is_booted:
        boot()
    if _updater is None:
        _updater = _Updater(topic or hostname + '/OTA', allow)
    _updater.resume(client)


# The key is 64 hex digits (6.1), the counter the time in milliseconds (6.4).
def set_key(key, counter):
    """Give this board its key and a start of its counter."""
    if len(binascii.unhexlify(key)) != 32 or not 0 <= counter < 10**15:
        raise ValueError('64 hex digits and a counter of 1 to 15 digits')
    with open('ota.key', 'w') as file:
        file.write(key)
    record = _Record('ota.ct')
    for _ in range(2):
        record.save([counter, ''])


# A value on the flash that a power cut can't lose: two files used in turn, the newer whole one counts.
class _Record:
    def __init__(self, name):
        self.name = name
        self.serial = 0
        self.value = None
        for last in '01':
            try:
                with open(name + last) as file:
                    serial, value = json.load(file)
                if serial > self.serial:
                    self.serial, self.value = serial, value
            except (OSError, ValueError, TypeError):
                pass  # not there yet, or without its end

    # Write it over the older of the two.
    def save(self, value):
        serial = self.serial + 1
        with open(self.name + '01'[serial & 1], 'w') as file:
            json.dump((serial, value), file)
        self.serial = serial
        self.value = value


# The files of this board: those on trial, the ones that they replaced, and what a power cut has left.
class _Flash:
    def __init__(self):
        self.record = _Record('ota.st')
        # Files on trial and whether each replaced another; starts of the trial; the last installed [name, hash];
        # what is being installed, [name, hash, whether its backup is not made yet]; whether the trial was taken back.
        self.files, self.starts, self.last, self.coming, self.is_back = self.record.value or ({}, 0, None, None, False)
        self.is_fat = None  # not known yet
        self.timer = None
        self.seconds = 120
        self.is_booted = False
        self.is_trial = False  # this program was started by it

    def save(self):
        self.record.save((self.files, self.starts, self.last, self.coming, self.is_back))

    # Finish what a power cut has stopped: an install without its backup is undone, one with it is done again.
    def recover(self):
        coming = self.coming
        if coming:
            try:
                if _kind('tmp'):
                    if coming[2]:
                        raise OSError
                    _make_folders(coming[0])
                    _move('tmp', coming[0])
                self.done()
            except Exception:
                self.undo(*coming)
        if self.starts == _SETTLED:
            self.settle()
        _remove('tmp')

    # Put `tmp` in the place of the file, which stays as `NAME.bak` until the trial is over.
    def install(self, name, digest):
        kind = _kind(name)
        if kind & _FOLDER:
            raise Refused('bad_name')
        is_fat = _is_fat()
        if is_fat and _free() < _SPARE + _size('tmp') + _size(name):
            raise Refused('no_space')  # for the copies
        backup = name + '.bak'
        coming = self.coming = [name, digest, False]
        if name not in self.files:
            _remove(backup)
            self.files[name] = coming[2] = bool(kind)
            self.starts = 0
        try:
            self.save()
            _make_folders(name)
            if coming[2]:
                _move(name, backup)
                if is_fat:
                    coming[2] = False
                    self.save()
            _move('tmp', name)
            self.done()
        except Exception:  # also for want of memory
            self.undo(*coming)
            raise
        if is_fat:
            _remove('tmp')

    def done(self):
        self.last = self.coming[:2]
        self.coming = None
        self.starts = 0
        self.is_back = False
        self.save()

    # Back to the file as it was before the trial.
    def undo(self, name, _, is_whole):
        backup = name + '.bak'
        if not self.files[name]:
            _remove(name)
        elif _kind(backup) and not (is_whole and _is_fat()):
            _move(backup, name)
        _remove(backup)
        self.coming = None
        del self.files[name]
        self.save()

    # Restart the board later, whatever its program does: it may be in its prompt or in a loop without end.
    def arm(self):
        self.disarm()
        try:
            self.timer = machine.Timer(-1)
        except ValueError:
            self.timer = machine.Timer(0)  # boards without virtual timers
        self.timer.init(period=self.seconds * 1000, mode=machine.Timer.ONE_SHOT, callback=lambda _: machine.reset())

    def disarm(self):
        if self.timer:
            self.timer.deinit()
            self.timer = None

    # The trial is over: the program proved itself.
    def keep(self):
        self.disarm()
        if self.is_trial:
            self.settle()
            self.is_trial = False

    # Put every file of the trial back as it was; begun anew after a power cut it comes to the same.
    def roll_back(self):
        for name, is_replaced in self.files.items():
            if not is_replaced:
                _remove(name)
            elif _kind(name + '.bak'):
                _move(name + '.bak', name)
        self.is_back = True
        self.settle()

    # Remove the backups, which are not needed once this is noted.
    def settle(self):
        self.starts = _SETTLED
        self.save()
        for name in self.files:
            _remove(name + '.bak')
        self.files = {}
        self.starts = 0
        self.save()


# Listens on the client's connection.
class _Updater:
    def __init__(self, topic, allow):
        self.client = None
        self.program = None  # the program's own callback
        self.topic = topic.encode()
        self.allow = allow
        self.unsent = None  # a report
        self.accepted = None  # the signature of the announcement that is being served
        self.failed = None  # that of one that may come again
        self.waiting = None  # an announcement that came during an update
        self.is_busy = False
        self.is_running = False
        self.key = _read_key()

    # Subscribe; being back on the broker is what a program on trial has to prove.
    def resume(self, client):
        if client is not self.client:
            self.client = client
            self.program = getattr(client, 'cb', None)
            client.set_callback(self._on_message)
            # From now on the program's own callback is called only for what is its own.
            client.set_callback = self._set_program
        self.waiting = None
        self.is_busy = True  # what is announced meanwhile waits: an install would join a trial that is just ending
        try:
            client.subscribe(self.topic)
            if self.unsent:
                self._publish()
            if not self.is_running:
                _flash.keep()
                self.is_running = True
                if _flash.last:
                    self._report('rolled_back' if _flash.is_back else 'running', *_flash.last)
        finally:
            self.is_busy = False
        self._serve()

    def _set_program(self, callback):
        self.program = callback

    def _on_message(self, topic, payload):
        if topic == self.topic:
            self.waiting = payload
            self._serve()
        elif self.program:
            self.program(topic, payload)

    def _serve(self):
        if self.is_busy:
            return
        self.is_busy = True
        try:
            while self.waiting:
                payload, self.waiting = self.waiting, None
                self._update(payload)
        finally:
            self.is_busy = False

    # Install what is announced; whatever goes wrong is reported and leaves the old file.
    def _update(self, payload):
        try:
            self.accepted = None
            if len(payload) > _LONGEST:
                raise Refused('bad_announcement')
            if _flash.coming:
                _flash.recover()  # an install whose undoing failed
            # The signature comes before anything else is looked at (6.2).
            is_signed = self.key is not None and _is_signed(payload, self.key)
            is_form = payload.count(b'|') == 7
            if is_form and not self.key:
                raise Refused('no_secret')
            if self.key is not None and not is_signed:
                raise Refused('bad_signature' if is_form else 'unsigned')
            try:
                fields = str(payload, 'utf-8').split('|')
                host, port, name, digest, reboot, size, counter = _parse(fields, is_signed)
            except ValueError:
                raise Refused('bad_announcement')
            _check_name(name, self.allow)
            if is_signed and not self._accept(counter, fields[7], [name, digest]):
                return
            room = _free() - _SPARE
            if (size or 0) >= room:
                raise Refused('no_space')
            self._fetch(host, port, digest, size, room)
            _flash.install(name, digest)
            self.failed = None
        except Exception as error:
            self._fail(payload, error)
            return
        if reboot:
            _flash.arm()  # should the broker never acknowledge the report
        self._report('installed', name, digest)
        if reboot:
            machine.reset()

    # Say whether a signed announcement is new; it is noted before its download starts (6.4).
    def _accept(self, counter, mac, file):
        record = _Record('ota.ct')
        if record.value is None:
            raise Refused('counter_lost')
        last, last_mac = record.value
        if mac == last_mac:
            # Sent again by a sender that did not see it work: nothing to do, unless it did not.
            self.accepted = mac
            return mac == self.failed or _flash.last != file
        if counter <= last:
            raise Refused('replayed', last)
        record.save([counter, mac])
        self.accepted = mac
        return True

    # Stream the file into `tmp` (2.3): `size` bytes and not one more, or to the end of the stream.
    def _fetch(self, host, port, digest, size, room):
        gc.collect()
        hasher = hashlib.sha1() if len(digest) == 40 else hashlib.sha256()
        left = room if size is None else size
        connection = _connect(host, port)
        try:
            with open('tmp', 'wb') as tmp:
                pinged = time.ticks_ms()
                while left:
                    count = _read(connection, min(left, _PIECE))
                    if not count:
                        break
                    # Only the last piece is shorter: the loop itself takes no memory.
                    piece = _buffer if count == _PIECE else memoryview(_buffer)[:count]
                    hasher.update(piece)
                    tmp.write(piece)
                    left -= count
                    if time.ticks_diff(time.ticks_ms(), pinged) > 10000:
                        pinged = time.ticks_ms()
                        try:
                            self.client.ping()  # or the broker gives the board up
                        except OSError:
                            pass  # the report will find out too
        finally:
            connection.close()
        if bool(left) != (size is None):
            raise Refused('size_mismatch' if left else 'no_space')
        if binascii.hexlify(hasher.digest()) != digest.encode():
            raise Refused('hash_mismatch')

    # Report why nothing was installed; the announcement may be sent again.
    def _fail(self, payload, error):
        if not _flash.coming:
            _remove('tmp')
        more = {}
        if isinstance(error, Refused):
            code = error.args[0]
            if code == 'replayed':
                more['counter'] = error.args[1]
        elif isinstance(error, OSError):
            code = 'no_space' if error.args[0] == _ENOSPC else 'write_failed'
        else:
            code = 'internal'
            more['exception'] = type(error).__name__
        try:
            fields = str(payload[:_LONGEST], 'utf-8').split('|')
        except UnicodeError:
            fields = []
        fields += [None] * 8
        self.failed = self.accepted or self.failed
        self._report('failed', fields[2], fields[3], code, more)

    # Publish what became of a file, retained (5.1); what can't be sent now goes out after the reconnect.
    def _report(self, state, name, digest, error=None, more=()):
        report = {'state': state, 'file': name, 'hash': digest, 'error': error}
        report.update(more)
        self.unsent = json.dumps(report)
        try:
            self._publish()
        except Exception:
            pass  # umqtt.simple has many ways to say that the broker is gone; the program will meet one, and reconnect

    def _publish(self):
        connection = self.client.sock
        if hasattr(connection, 'settimeout'):
            connection.settimeout(_LIMIT)
        self.client.publish(self.topic + b'/status', self.unsent.encode(), retain=True, qos=1)
        connection.setblocking(True)
        self.unsent = None


# Return host, port, name, hash, reboot, size and counter (1.2, 6.3); the last two are None in the basic form.
def _parse(fields, is_signed):
    count = len(fields)
    if count != 8 if is_signed else count not in (4, 5):
        raise ValueError
    host, port, name, digest = fields[:4]
    reboot = fields[4] if count > 4 else '1'
    port = _number(port)
    size = _number(fields[5]) if is_signed else None
    counter = _number(fields[6]) if is_signed else None
    if not host or not 0 < port < 65536 or reboot not in ('0', '1'):
        raise ValueError
    if digest.strip('0123456789abcdef') or (len(digest) != 64 and (is_signed or len(digest) != 40)):
        raise ValueError
    return host, port, name, digest, reboot == '1', size, counter


# 1 to 15 digits and nothing else (6.3).
def _number(text):
    if len(text) > 15 or not text.isdigit():
        raise ValueError
    return int(text)


# Refuse names that leave their folder (4a), that are this module's own, or that would shadow what it needs.
def _check_name(name, allow):
    folded = name.lower()  # FAT knows no case
    parts = folded.split('/')
    is_bad = len(name) > 200 or '\\' in name or parts[0] in _OWN
    for letter in name:
        is_bad = is_bad or not ' ' <= letter <= '~'
    for part in parts:
        # FAT drops dots and spaces at the end: `ota.py.` is `ota.py`.
        is_bad = is_bad or not part or part[-1] in '. ' or part.endswith('.bak')
    for other in _flash.files:
        is_bad = is_bad or (other != name and other.lower() == folded)
    # (`str.partition` is not on every board.)
    module = parts[parts[0] == 'lib' and len(parts) > 1].split('.', 1)
    is_module = len(module) == 1 or module[1] in ('py', 'mpy')
    if is_bad or (is_module and module[0] in _NEEDED and name not in allow):
        raise Refused('bad_name')


# Check the last field against the bytes before it (6.2), in constant time.
def _is_signed(payload, key):
    end = payload.rfind(b'|')
    mac = payload[end + 1 :]
    expected = binascii.hexlify(_hmac(key, payload[: max(end, 0)]))
    difference = len(mac) ^ len(expected)
    for one, other in zip(mac, expected):
        difference |= one ^ other
    return difference == 0


# HMAC-SHA-256 (RFC 2104), for a key of at most 64 bytes.
def _hmac(key, message):
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    inner.update(message)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))
    outer.update(inner.digest())
    return outer.digest()


def _connect(host, port):
    connection = None
    try:
        address = socket.getaddrinfo(host, port)[0]
        connection = socket.socket(address[0])
        connection.settimeout(_LIMIT)
        connection.connect(address[-1])
        return connection
    except OSError:
        if connection:
            connection.close()
        raise Refused('connect_failed')


def _read(connection, count):
    try:
        count = connection.readinto(_buffer, count)
    except OSError as error:
        raise Refused('connect_failed' if error.args[0] == _ECONNRESET else 'timed_out')
    if count is None:
        raise Refused('timed_out')
    return count


# Return this board's key; None where it was given none. One that can't be read is no key and fits nothing.
def _read_key():
    try:
        with open('ota.key') as file:
            key = binascii.unhexlify(file.read().strip())
            return key if len(key) == 32 else b''
    except OSError as error:
        return None if error.args[0] == _ENOENT else b''
    except ValueError:
        return b''


# Return the free bytes of the flash.
def _free():
    stat = os.statvfs('/')
    return stat[0] * stat[3]


# Return 0 where there is no such file; what the system says of its kind otherwise.
def _kind(name):
    try:
        return os.stat(name)[0]
    except OSError:
        return 0


def _remove(name):
    try:
        os.remove(name)
    except OSError:
        pass  # it was not there


def _size(name):
    return os.stat(name)[6] if _kind(name) else 0


# Whether the flash is FAT, which knows no case: these names are in small letters.
def _is_fat():
    if _flash.is_fat is None:
        _flash.is_fat = bool(_kind('TMP') or _kind('OTA.ST0') or _kind('OTA.ST1'))
    return _flash.is_fat


# Give a file another's name. littlefs does so at once, whatever happens to the power; FAT does not, and a cut can leave
# two names with one file between them: there the file is copied, and whoever calls this removes it when all is noted.
def _move(name, target):
    if not _is_fat():
        os.rename(name, target)
        return
    with open(name, 'rb') as source, open(target, 'wb') as copy:
        count = source.readinto(_buffer)
        while count:
            copy.write(memoryview(_buffer)[:count])
            count = source.readinto(_buffer)


def _make_folders(name):
    at = name.find('/')
    while at > 0:
        if not _kind(name[:at]):
            os.mkdir(name[:at])
        at = name.find('/', at + 1)


_flash = _Flash()
_updater = None
