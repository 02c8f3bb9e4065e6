# The program of a night lamp: an example of what is pushed to a board.
# It obeys MQTT: "on", "off", a brightness from 0 to 100, "sunrise" or "sleep".

import time

from machine import PWM, Pin

LED = 2  # the blue one on most ESP boards
FULL = 1023  # PWM's duty on an ESP8266
STEP_MS = 20

# What the eye sees as even steps is a curve for the LED: (percent, duty).
CURVE = (
    (0, 0),
    (1, 1),
    (2, 2),
    (5, 5),
    (10, 13),
    (15, 23),
    (20, 38),
    (25, 57),
    (30, 82),
    (35, 113),
    (40, 150),
    (45, 195),
    (50, 247),
    (55, 307),
    (60, 376),
    (65, 454),
    (70, 541),
    (75, 637),
    (80, 736),
    (85, 817),
    (90, 892),
    (95, 960),
    (100, FULL),
)


def duty(percent):
    """The PWM duty for a brightness of 0 to 100 percent, between the points of CURVE."""
    percent = max(0, min(100, percent))
    low = CURVE[0]
    for high in CURVE:
        if high[0] >= percent:
            break
        low = high
    span = high[0] - low[0]
    if span == 0:
        return high[1]
    return low[1] + (high[1] - low[1]) * (percent - low[0]) // span


class Lamp:
    """One dimmable LED that fades to what it is told."""

    def __init__(self, pin=LED):
        self.pwm = PWM(Pin(pin), freq=1000)
        self.percent = 0
        self.wanted = 0
        self.step = 1
        self.off_at = None
        self.show()

    def show(self):
        """Sets the LED to the brightness of now."""
        self.pwm.duty(duty(self.percent))

    def fade(self, percent, seconds=1):
        """Begins to fade to this brightness; tick() does the work."""
        self.wanted = max(0, min(100, percent))
        steps = max(1, seconds * 1000 // STEP_MS)
        self.step = max(1, abs(self.wanted - self.percent) // steps)

    def tick(self):
        """One step of the fade; to be called every STEP_MS."""
        if self.percent == self.wanted:
            return False
        if self.percent < self.wanted:
            self.percent = min(self.wanted, self.percent + self.step)
        else:
            self.percent = max(self.wanted, self.percent - self.step)
        self.show()
        return True

    def sleep_after(self, minutes):
        """Turns itself off by and by: fades to nothing when so many minutes have passed."""
        self.off_at = time.ticks_add(time.ticks_ms(), minutes * 60000)

    def check_sleep(self, now):
        """Begins the last fade when it is time."""
        if self.off_at is not None and time.ticks_diff(now, self.off_at) >= 0:
            self.off_at = None
            self.fade(0, seconds=60)

    def obey(self, word):
        """Does what a message says; False where it says nothing that a lamp knows."""
        if word == b"on":
            self.fade(100)
        elif word == b"off":
            self.fade(0)
        elif word == b"sunrise":
            self.percent = 0
            self.fade(100, seconds=600)
        elif word == b"sleep":
            self.sleep_after(20)
        elif word.isdigit():
            self.fade(int(word))
        else:
            return False
        return True


def run(client, hostname):
    """Listens for ever; `client` is connected and has umqtt.simple's methods."""
    lamp = Lamp()
    topic = hostname + b"/lamp"
    state = topic + b"/state"

    def on_message(heard, word):
        if heard == topic and lamp.obey(word):
            client.publish(state, b"%d" % lamp.wanted, retain=True)

    client.set_callback(on_message)
    client.subscribe(topic)
    client.publish(state, b"%d" % lamp.percent, retain=True)
    last = time.ticks_ms()
    while True:
        client.check_msg()
        now = time.ticks_ms()
        if time.ticks_diff(now, last) >= STEP_MS:
            last = now
            lamp.check_sleep(now)
            lamp.tick()
        time.sleep_ms(5)
