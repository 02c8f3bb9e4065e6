"""The part of a board's `machine` that outlives a program: the harness hears these lines and does what they say."""

import time


def reset():
    """Never return: the harness ends this process and boots the next."""
    print('@reset')
    while True:
        time.sleep(1)


class Timer:
    """A timer of the hardware, whose callback here can only be a reset."""

    ONE_SHOT = 0

    def __init__(self, number):
        self.number = number

    def init(self, mode, period, callback):
        """Reset the board after `period` milliseconds."""
        print('@timer', period)

    def deinit(self):
        """Stop it."""
        print('@timer off')


class Pin:
    """A pin that prints its level."""

    OUT = 1

    def __init__(self, number, mode=-1, value=0):
        self.number = number

    def value(self, level):
        """Set the level."""
        print('@pin', self.number, int(level))
