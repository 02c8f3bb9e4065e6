"""The part of a board's `machine` that outlives a program: the harness hears these lines and does what they say."""

import sys
import time

import micropython

# How this port's timers are; power_up.py is told: `virtual`, `shared` (hardware timers, and -1 is number 3, as on an
# esp32 to 1.24), `hardware` (no number -1, as to 1.28), `refused` or `panic` (what an ESP32-C3 did), `lost` (the first
# call finds the schedule full), `none`.
manner = 'virtual'

# Why this start is one; power_up.py is told. The numbers are an esp32's.
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
cause = PWRON_RESET

HARDWARE = 4
_hardware = {}  # the timers of the hardware by number: whoever asks for one has the same
_running = {}  # those that run, and their callbacks
_is_asked = False  # whether the harness lets time pass


def reset():
    """Never return: the harness ends this process and boots the next."""
    print('@reset')
    while True:
        time.sleep(1)


def reset_cause():
    """Return why this start is one."""
    return cause


def deepsleep(milliseconds):
    """Never return: the harness ends this process, and boots the next when it is to wake."""
    print('@sleep', milliseconds)
    while True:
        time.sleep(1)


class Timer:
    """A timer whose time the harness lets pass."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __new__(cls, number):
        """Return the one of this number where it is one of the hardware."""
        if manner == 'none':
            raise ValueError('no timers')
        if manner not in ('shared', 'hardware'):
            return super().__new__(cls)
        if manner == 'hardware' and not 0 <= number < HARDWARE:
            raise ValueError('invalid Timer number')
        number %= HARDWARE
        if number not in _hardware:
            _hardware[number] = super().__new__(cls)
        return _hardware[number]

    def __init__(self, number):
        self.number = number

    def init(self, period, callback, mode=PERIODIC):
        """Have the callback called after `period` milliseconds, again and again unless it is for once."""
        if manner == 'refused':
            raise OSError(-258)
        if manner == 'panic':
            reset()
        _running[self] = (callback, mode)
        print('@timer', period)

    def deinit(self):
        """Stop it."""
        if _running.pop(self, None) and not _running:
            print('@timer off')


class WDT:
    """A watchdog that the harness lets bite; it says where it was hungry for over a second, as many may not be."""

    def __init__(self, timeout=8000):
        self.fed = self.told = time.ticks_ms()
        print('@watchdog', timeout)

    def feed(self):
        """Feed it."""
        now = time.ticks_ms()
        if time.ticks_diff(now, self.fed) > 1500:  # a busy machine's half second included
            print('@hungry', time.ticks_diff(now, self.fed))
        self.fed = now
        if time.ticks_diff(now, self.told) > 250:
            self.told = now
            print('@fed')


class Pin:
    """A pin that prints its level."""

    OUT = 1

    def __init__(self, number, mode=-1, value=0):
        self.number = number

    def value(self, level):
        """Set the level."""
        print('@pin', self.number, int(level))


class ADC:
    """A pin that measures always the same."""

    def __init__(self, number):
        self.number = number

    def read_u16(self):
        """Return what it measures."""
        return 28000


def pass_time(_):
    """Call what waits for its time, as the schedule of a board does."""
    global manner, _is_asked
    if not _is_asked:
        return
    _is_asked = False
    if manner == 'lost':
        manner = 'virtual'
        print('@lost')
        return
    if _running:
        print('@over')
    for timer, (callback, mode) in list(_running.items()):
        if mode == Timer.ONE_SHOT:
            _running.pop(timer)
        callback(timer)


def _hear():
    global _is_asked
    while sys.stdin.readline():
        _is_asked = True
        micropython.schedule(pass_time, None)
        # A program that waits for bytes comes to nothing scheduled here, where no interrupt ends its wait.
        time.sleep_ms(300)
        pass_time(None)


def _on_signal(_):
    global _is_asked
    _is_asked = True
    pass_time(None)


def listen_to_harness():
    """Have pass_time called when the harness says so: by a signal where the build can, else by a thread."""
    try:
        import interrupt

        interrupt.on_signal(_on_signal)
    except ImportError:
        import _thread

        _thread.start_new_thread(_hear, ())
