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
import select
import socket
import sys
import time

import machine
from micropython import const

_PIECE = const(512)  # bytes held at once (3.4)
_LIMIT = const(10)  # seconds for a connect, a read or the broker's acknowledgement
_LONGEST = const(640)  # bytes of an announcement
_HASTE = const(60000)  # milliseconds of a download after which it must have brought a byte for each (2.5)
_NAMES = const(2000)  # characters of the names in one trial: its record must find room on a full flash
_FULL = const(10)  # what a start of a trial counts that lasted for `seconds`; a quick one counts 1
_SETTLED = const(-1)  # in the place of a trial's starts: it is over, only backups are left
_SPARE = const(8192)  # bytes of flash that stay free: the records below must always find room
_ENOENT = const(2)
_ENOSPC = const(28)
_ETIMEDOUT = const(110)
_FOLDER = const(0x4000)
_OLD = '.ota-old'  # the end of a backup's name
_OWN = ('ota.tmp', 'ota.key', 'ota.st0', 'ota.st1', 'ota.ct0', 'ota.ct1')
_NEEDED = (
    'boot',
    'ota',
    'binascii',
    'gc',
    'hashlib',
    'json',
    'machine',
    'micropython',
    'os',
    'select',
    'socket',
    'sys',
    'time',
)

# The folder of this board's files, wherever its program goes from there: `/`, or `/flash/` on some ports.
_home = os.getcwd()
if _home[-1] != '/':
    _home += '/'
_tmp = _home + 'ota.tmp'
_buffer = bytearray(_PIECE)


# An update that was not made; its first argument is the report's error (5.3).
class Refused(Exception):
    pass


# While an update is on trial, the board restarts after so many seconds unless `start` was reached by then, and at the
# last of so many starts the files before it come back. Starts that end sooner, as a sleeper's or by a reset,
# count a tenth. `timer` is the number of the `machine.Timer` for it, where the program needs the port's usual one.
def boot(seconds=120, starts=3, timer=None):
    """Clear up after a power cut, and open this start of a trial."""
    _flash.is_booted = True
    _flash.seconds = seconds
    if timer is not None:
        _flash.timers = (timer,)
    try:
        if _flash.fetched and _is_bitten():
            _flash.bitten = _flash.fetched
        _flash.end_fetch()
        _flash.recover()
        if not _flash.files:
            return
        _flash.is_trial = True
        if _flash.starts >= (starts - 1) * _FULL:
            _flash.roll_back()
            machine.reset()
        # Counted before anything is armed, which may be its end. Without a guard nobody can tell how long it lasts.
        _flash.starts += _FULL if _flash.guard is False else 1
        try:
            _flash.save()
        except OSError:  # the program has filled the flash: starts that can't be counted would go on for ever
            _flash.roll_back()
            machine.reset()
    except OSError:
        pass  # there is no room to note even that: the program runs, and the next start tries again
    finally:
        if _flash.files:
            _flash.arm()


# `topic` is `<hostname>/OTA` unless the sender's is another. `allow` names files that may be replaced although
# `boot.py` or this module needs them. `feed`, a watchdog's, is called at least once a second while the program waits
# for an update. Raises what the client raises.
def start(client, hostname, topic=None, allow=(), feed=None):
    """Listen for updates on this connected client, and prove that the program works."""
    global _updater
    _flash.feed = feed
    if not _flash.is_booted:
        boot()
    if _updater is None:
        _updater = _Updater(topic or hostname + '/OTA', allow)
    _updater.resume(client)


# What sleeps most of the time stays awake for so long: the next file of a set is announced when one is installed.
def idle_ms():
    """Return for how many milliseconds no update has come since `start`; 0 where one is under way."""
    if _updater is None or _updater.is_busy:
        return 0
    return time.ticks_diff(time.ticks_ms(), _updater.idle_from)


# The key is 64 hex digits (6.1), the counter the time in milliseconds (6.4).
def set_key(key, counter):
    """Give this board its key and a start of its counter."""
    if len(binascii.unhexlify(key)) != 32 or not 0 <= counter < 10**15:
        raise ValueError('64 hex digits and a counter of 1 to 15 digits')
    with open(_home + 'ota.key', 'w') as file:
        file.write(key)
    record = _Record('ota.ct')
    for _ in range(2):
        record.save([counter, ''])


# A value on the flash that a power cut can't lose: two files used in turn, the newer whole one counts.
class _Record:
    def __init__(self, name):
        self.name = _home + name
        self.serial = 0
        self.value = None
        for last in '01':
            try:
                with open(self.name + last) as file:
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
        # Files on trial and whether each replaced another; what its starts count; the last installed [name, hash, what
        # tells its announcement from others]; what is being installed, [the same three, whether its backup is not made
        # yet]; whether the trial was taken back; whether a timer guards it, None where that was not tried; what is
        # being fetched, [name, hash].
        noted = self.record.value or ({}, 0, None, None, False, None, None)
        self.files, self.starts, self.last, self.coming, self.is_back, self.guard, self.fetched = noted
        self.bitten = None  # what was being fetched when a watchdog caused this start
        self.is_fat = None  # not known yet
        self.timer = None
        # An esp32's number -1 is a hardware timer, shared with the program, or none at all (until 1.28).
        self.timers = (2, 1) if sys.platform == 'esp32' else (-1,)
        self.seconds = 120
        self.feed = None
        self.is_booted = False
        self.is_trial = False  # this program was started by it

    def save(self):
        self.record.save((self.files, self.starts, self.last, self.coming, self.is_back, self.guard, self.fetched))

    # What is fetched is known after a watchdog's restart.
    def begin_fetch(self, name, digest):
        self.fetched = (name, digest)
        self.save()

    def end_fetch(self):
        if self.fetched:
            self.fetched = None
            self.is_saved()

    # Save where there is room, which a program may have filled.
    def is_saved(self):
        try:
            self.save()
            return True
        except OSError:
            return False

    # Finish what a power cut has stopped: an install without its backup is undone, one with it is done again.
    def recover(self):
        coming = self.coming
        if coming:
            try:
                if _kind(_tmp):
                    if coming[3]:
                        raise OSError
                    _make_folders(coming[0])
                    _move(_tmp, _home + coming[0])
                self.done()
            except Exception:
                self.undo(*coming)
        if self.starts == _SETTLED:
            self.settle()
        _remove(_tmp)

    # Put what was fetched in the place of the file, which stays beside it until the trial is over.
    def install(self, name, digest, mark):
        path = _home + name
        kind = _kind(path)
        if kind & _FOLDER:
            raise Refused('bad_name')
        is_fat = _is_fat()
        if is_fat and _free() < _SPARE + _size(_tmp) + _size(path):
            raise Refused('no_space')  # for the copies
        if name not in self.files and len(name) + sum(len(other) for other in self.files) > _NAMES:
            raise Refused('no_space')  # for the record
        backup = path + _OLD
        coming = self.coming = [name, digest, mark, False]
        self.fetched = None
        if name not in self.files:
            _remove(backup)
            self.files[name] = coming[3] = bool(kind)
            self.starts = 0
            self.guard = None
        try:
            self.save()
            _make_folders(name)
            if coming[3]:
                _move(path, backup)
                if is_fat:
                    coming[3] = False
                    self.save()
            _move(_tmp, path)
            self.done()
        except Exception:  # also for want of memory
            self.undo(*coming)
            raise
        if is_fat:
            _remove(_tmp)

    def done(self):
        self.last = self.coming[:3]
        self.coming = None
        self.starts = 0
        self.is_back = False
        self.save()

    # Back to the file as it was before the trial.
    def undo(self, name, _, __, is_whole):
        path = _home + name
        backup = path + _OLD
        if not self.files[name]:
            _remove(path)
        elif _kind(backup) and not (is_whole and _is_fat()):
            _move(backup, path)
        _remove(backup)
        self.coming = None
        del self.files[name]
        self.save()

    # Restart the board later, whatever its program does: it may be in its prompt or in a loop without end. On some
    # chips asking for a timer is the end of the start: what is noted before is still there at the next.
    def arm(self):
        self.disarm()
        if self.guard is False:
            return
        if self.guard is None:
            self.guard = False
            if not self.is_saved():
                return
        for number in self.timers:
            try:
                timer = machine.Timer(number)
                # It comes again where its call was lost, for want of room among the program's own.
                timer.init(period=self.seconds * 1000, mode=machine.Timer.PERIODIC, callback=self.give_up)
                self.timer = timer
                break
            except Exception:  # each port has another way to say that there is none
                pass
        if self.timer and not self.guard:
            self.guard = True
            self.is_saved()

    def disarm(self):
        if self.timer:
            self.timer.deinit()
            self.timer = None

    # This start has had its time.
    def give_up(self, _):
        try:
            self.starts += _FULL - 1
            self.save()
        finally:
            machine.reset()

    # The trial is over: the program proved itself.
    def keep(self):
        self.disarm()
        if self.is_trial:
            self.is_trial = False
            self.end_trial()

    # Keep the files on trial. Where there is no room to note it the next start does, or takes them back.
    def end_trial(self):
        try:
            self.settle()
        except OSError:
            pass

    # Put every file of the trial back as it was; begun anew after a power cut it comes to the same.
    def roll_back(self):
        for name, is_replaced in self.files.items():
            path = _home + name
            if not is_replaced:
                _remove(path)
            elif _kind(path + _OLD):
                _move(path + _OLD, path)
        self.is_back = True
        self.settle()

    # Remove the backups, which are not needed once this is noted.
    def settle(self):
        self.starts = _SETTLED
        self.save()
        for name in self.files:
            _remove(_home + name + _OLD)
        self.files = {}
        self.starts = 0
        self.save()


# A file on its way into `tmp`: `size` bytes and not one more (2.3), or to the end of the stream.
class _Download:
    def __init__(self, sender, file, reboot, size):
        if len(file[1]) == 40 and not hasattr(hashlib, 'sha1'):
            raise Refused('no_sha1')  # as in builds without TLS
        gc.collect()
        self.sender = sender  # host and port
        self.file = file  # name, hash and mark
        self.reboot = reboot
        room = _free() - _SPARE
        if (size or 0) >= room:
            raise Refused('no_space')
        self.is_open = size is None  # until the stream ends
        self.left = room if size is None else size
        self.hasher = hashlib.sha1() if len(file[1]) == 40 else hashlib.sha256()
        self.taken = 0
        self.began = time.ticks_ms()

    # Take a piece, without waiting: return its size, 0 at the end of the stream, None where nothing has come.
    def take(self, connection, file):
        try:
            count = connection.readinto(_buffer, min(self.left, _PIECE))
        except OSError:
            raise Refused('connect_failed')
        if count:
            # Only the last piece is shorter: others take no memory.
            piece = _buffer if count == _PIECE else memoryview(_buffer)[:count]
            self.hasher.update(piece)
            file.write(piece)
            self.left -= count
            self.taken += count
            _feed()
            if time.ticks_diff(time.ticks_ms(), self.began) > max(_HASTE, self.taken):
                raise Refused('timed_out')
        return count

    # Refuse what is not the file that was announced.
    def check(self):
        if bool(self.left) != self.is_open:
            raise Refused('size_mismatch' if self.left else 'no_space')
        if binascii.hexlify(self.hasher.digest()) != self.file[1].encode():
            raise Refused('hash_mismatch')


# Decides what becomes of an announcement, and what is reported of it. How messages and files come and go is for those
# that inherit from it: `_Updater` below, and one that never blocks, in `ota_async.py`.
class _Installer:
    def __init__(self, topic, allow):
        self.client = None
        self.program = None  # the program's own callback
        self.topic = topic.encode()
        self.allow = allow
        self.unsent = None  # a report
        self.waiting = None  # an announcement that is not served yet
        self.settles_from = None  # when a file was installed without a restart
        self.is_running = False
        self.state = None  # what was reported of the last file that was installed
        self.key = _read_key()

    # The program is back on the broker, which is what one on trial has to prove.
    def _keep(self):
        _flash.keep()
        self.is_running = True
        self.state = 'rolled_back' if _flash.is_back else 'running'
        if _flash.bitten:
            self._note('failed', *_flash.bitten, 'watchdog')
        elif _flash.last:
            self._note(self.state, *_flash.last[:2])

    # A trial without a restart is over when the program has gone on for `seconds`.
    def _settle(self):
        since = self.settles_from
        if since is not None and time.ticks_diff(time.ticks_ms(), since) > _flash.seconds * 1000:
            self.settles_from = None
            _flash.end_trial()

    # Return the download that is announced; None where there is nothing to do but to report. Raises why it is refused.
    def _plan(self, payload):
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
        mark = fields[6] if is_signed else '|'.join(fields[1:2] + fields[4:])  # short: it stays in memory
        if _flash.last == [name, digest, mark]:
            # Sent again by a sender that did not see it work, or kept by the broker (1.10).
            self._note(self.state, name, digest)
            return None
        # Noted before anything can be refused: a report that is signed tells by its counter what it answers (6.7).
        if is_signed:
            self._accept(counter, fields[7])
        _check_name(name, self.allow)
        _check_import(name)
        download = _Download((host, port), (name, digest, mark), reboot, size)
        _flash.begin_fetch(name, digest)
        return download

    # Note a signed announcement that is new, before its download starts (6.4), or that is served again since it failed.
    def _accept(self, counter, mac):
        record = _Record('ota.ct')
        if record.value is None:
            raise Refused('counter_lost', counter)
        last, last_mac = record.value
        if mac == last_mac:
            return
        if counter <= last:
            raise Refused('replayed', last)
        record.save([counter, mac])

    # Put the file that has come in its place.
    def _install(self, download):
        _flash.install(*download.file)
        if download.reboot:
            _flash.arm()  # should the broker never acknowledge the report
        else:
            self.settles_from = time.ticks_ms()
        self.state = 'installed'
        self._note(self.state, *download.file[:2])

    # Note why nothing was installed; the announcement may be sent again.
    def _fail(self, payload, error):
        _flash.end_fetch()
        if not _flash.coming:
            _remove(_tmp)
        more = {}
        if isinstance(error, Refused):
            code = error.args[0]
            if len(error.args) > 1:
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
        self._note('failed', fields[2], fields[3], code, more)

    # Note what became of a file: this is what is reported next (5.1).
    def _note(self, state, name, digest, error=None, more=()):
        report = {'state': state, 'file': name, 'hash': digest, 'error': error}
        if _flash.guard is False:
            report['guard'] = False
        report.update(more)
        self.unsent = self._sign(report) if self.key else json.dumps(report)

    # Return the report with the counter of the last announcement accepted, and its signature at the end (6.7).
    def _sign(self, report):
        if 'counter' not in report:
            accepted = _Record('ota.ct').value
            if accepted:
                report['counter'] = accepted[0]
        text = json.dumps(report)[:-1]
        return text + ', "mac": "' + str(binascii.hexlify(_hmac(self.key, text.encode())), 'ascii') + '"}'


# Listens on the client's connection.
class _Updater(_Installer):
    def __init__(self, topic, allow):
        super().__init__(topic, allow)
        self.idle_from = 0  # since when no update has come
        self.callback = self._on_message
        self.is_busy = False
        self.is_deaf = False  # on a connection that the client made by itself

    # Subscribe, and end a trial that has come so far.
    def resume(self, client):
        if client is not self.client:
            self.client = client
            self.program = getattr(client, 'cb', None)
            client.set_callback(self.callback)
            # From now on the program's own callback is called only for what is its own.
            client.set_callback = self._set_program
            for name in ('wait_msg', 'check_msg'):
                self._watch(client, name)
            if hasattr(client, 'reconnect'):
                self._follow(client)
        self.waiting = None
        self.is_busy = True  # what is announced meanwhile waits: an install would join a trial that is just ending
        try:
            self._listen()
            if not self.is_running:
                self._keep()
                self._report()
        finally:
            self.is_busy = False
        self._serve()

    def _listen(self):
        self._patiently(self.client.subscribe, self.topic)
        if self.unsent:
            self._publish()

    # Look after things whenever the program takes a message, or looks for one.
    def _watch(self, client, name):
        take = getattr(client, name, None)
        if not take:
            return

        def watched(*more):
            program = getattr(client, 'cb', self.callback)
            if program is not self.callback:  # set without `set_callback`
                self.program = program
                client.cb = self.callback
            result = take(*more)
            self._tick()
            return result

        # (`setattr` is not on every board.)
        if name == 'wait_msg':
            client.wait_msg = watched
        else:
            client.check_msg = watched

    # Listen on a new connection too, of a client that connects again by itself.
    def _follow(self, client):
        connect = client.reconnect

        def reconnect(*more):
            result = connect(*more)
            self.is_deaf = True
            self._tick()
            return result

        client.reconnect = reconnect

    def _tick(self):
        if self.is_busy:
            return
        if self.is_deaf and not getattr(self.client, 'conn_issue', None):
            self.is_busy = True
            try:
                self._listen()
                self.is_deaf = False
            except OSError:
                pass  # this connection is broken too: its client finds out
            finally:
                self.is_busy = False
        self._settle()

    def _set_program(self, callback):
        self.program = callback

    # Clients have arguments of their own behind these.
    def _on_message(self, topic, payload, *more):
        if topic == self.topic:
            self.waiting = payload
            self._serve()
        elif self.program:
            self.program(topic, payload, *more)

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
            self.idle_from = time.ticks_ms()

    # Install what is announced; whatever goes wrong is reported and leaves the old file.
    def _update(self, payload):
        download = None
        try:
            download = self._plan(payload)
            if download:
                self._fetch(download)
                self._install(download)
        except Exception as error:
            download = None
            self._fail(payload, error)
        self._report()
        if download and download.reboot:
            machine.reset()

    # Stream the file into `tmp` (2.3).
    def _fetch(self, download):
        connection, poller = _connect(*download.sender)
        try:
            if not _is_ready(poller):
                raise _silence(connection, poller)
            _feed()
            with open(_tmp, 'wb') as tmp:
                pinged = time.ticks_ms()
                while download.left:
                    count = download.take(connection, tmp)
                    if count is None:
                        if not _is_ready(poller):
                            raise Refused('timed_out')
                        continue
                    if not count:
                        break
                    now = time.ticks_ms()
                    if time.ticks_diff(now, pinged) > 10000:
                        pinged = now
                        try:
                            self.client.ping()  # or the broker gives the board up
                        except OSError:
                            pass  # the report will find out too
        finally:
            connection.close()
        download.check()

    # Publish what is noted, retained (5.1); what can't be sent now goes out after the reconnect.
    def _report(self):
        try:
            if self.unsent:
                self._publish()
        except Exception:
            pass  # umqtt.simple has many ways to say that the broker is gone; the program will meet one, and reconnect

    def _publish(self):
        text = self.unsent
        self._patiently(self.client.publish, self.topic + b'/status', text.encode(), True, 1)
        self.unsent = None

    # Call what waits for the broker's answer, for 10 seconds at most.
    def _patiently(self, call, *arguments):
        client = self.client
        pending = getattr(client, 'rcv_pids', None)
        if pending is not None:  # umqtt.simple2 does not wait: the acknowledgement is taken with other messages
            number = call(*arguments)
            for _ in range(_LIMIT * 20):
                if number not in pending:
                    return
                client.check_msg()
                _feed()
                time.sleep_ms(50)
            raise OSError(_ETIMEDOUT)
        connection = client.sock
        patient = client.sock = _Patient(connection)
        connection.setblocking(False)
        try:
            call(*arguments)
        finally:
            if client.sock is patient:  # and not a new one
                client.sock = connection
                connection.setblocking(True)


# A client's connection that waits 10 seconds for a byte and no longer, also where sockets have no time limit (TLS).
class _Patient:
    def __init__(self, connection):
        self.connection = connection
        self.poller = _poller(connection)

    def read(self, count):
        data = b''
        while len(data) < count:
            piece = self.connection.read(count - len(data))
            if piece is None:
                if not _is_ready(self.poller):
                    raise OSError(_ETIMEDOUT)
            elif piece:
                data += piece
            else:
                break
        return data

    def write(self, *arguments):
        self.connection.setblocking(True)
        self.connection.write(*arguments)
        self.connection.setblocking(False)

    def setblocking(self, flag):
        pass

    def close(self):
        self.connection.close()


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
        is_bad = is_bad or not part or part[-1] in '. ' or part.endswith(_OLD)
    for other in _flash.files:
        is_bad = is_bad or (other != name and other.lower() == folded)
    # (`str.partition` is not on every board.)
    module = parts[parts[0] == 'lib' and len(parts) > 1].split('.', 1)
    is_module = len(module) == 1 or module[1] in ('py', 'mpy')
    if is_bad or (is_module and module[0] in _NEEDED and name not in allow):
        raise Refused('bad_name')


# Refuse a module that would not be imported, as a folder of its name goes before it, and `.py` before `.mpy`.
def _check_import(name):
    at = name.rfind('.')
    kind = name[at + 1 :].lower()
    if kind in ('py', 'mpy') and name != 'main.py':
        path = _home + name[: max(at, 0)]
        if _kind(path) & _FOLDER or (kind == 'mpy' and _kind(path + '.py')):
            raise Refused('shadowed')


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


# Begin to connect; return the connection, which never blocks, and what waits for its bytes. Until 1.23 a `connect` with
# a time limit fails on many ports where a small file's end has come before it looks, ten times a second: so it is made
# when there is something to read.
def _connect(host, port):
    connection = None
    try:
        address = socket.getaddrinfo(host, port)[0]
        connection = socket.socket(address[0])
        connection.setblocking(False)
        try:
            connection.connect(address[-1])
        except OSError:
            pass  # under way; where it has failed at once, so will the first read
        return connection, _poller(connection)
    except Exception as error:
        if connection:
            connection.close()
        raise Refused('connect_failed') if isinstance(error, OSError) else error


# Return why nothing came on a new connection.
def _silence(connection, poller):
    poller.modify(connection, select.POLLOUT)
    return Refused('timed_out' if poller.poll(0) else 'connect_failed')


def _poller(connection):
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return poller


# Wait for bytes to read, or for the connection's end, for 10 seconds at most.
def _is_ready(poller):
    for _ in range(_LIMIT * 2):
        _feed()
        for _ in poller.ipoll(500):
            return True
    return False


# Whether a watchdog has caused this start, as far as the port tells.
def _is_bitten():
    try:
        return machine.reset_cause() == machine.WDT_RESET
    except AttributeError:
        return False


def _feed():
    if _flash.feed:
        _flash.feed()


# Return this board's key; None where it was given none. One that can't be read is no key and fits nothing.
def _read_key():
    try:
        with open(_home + 'ota.key') as file:
            key = binascii.unhexlify(file.read().strip())
            return key if len(key) == 32 else b''
    except OSError as error:
        return None if error.args[0] == _ENOENT else b''
    except ValueError:
        return b''


# Return the free bytes of the flash; that of `/` is none where it has another folder.
def _free():
    stat = os.statvfs(_home[:-1] or '/')
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
        _flash.is_fat = bool(_kind(_home + 'OTA.TMP') or _kind(_home + 'OTA.ST0') or _kind(_home + 'OTA.ST1'))
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
            _feed()
            count = source.readinto(_buffer)


def _make_folders(name):
    at = name.find('/')
    while at > 0:
        if not _kind(_home + name[:at]):
            os.mkdir(_home + name[:at])
        at = name.find('/', at + 1)


_flash = _Flash()
_updater = None
