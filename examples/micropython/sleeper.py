"""A sensor that sleeps: it wakes every ten minutes, tells what it measures, and takes updates on GARDEN/OTA then."""

import sys
import time

import machine
import ota
from umqtt.simple import MQTTClient

HOSTNAME = 'GARDEN'
BROKER = '192.168.1.10'
PORT = 1883
PIN = 0  # of the sensor: 0 on an ESP8266, 34 or another that can measure on an ESP32, 26 on a Pico W
SLEEP = 600  # seconds; an ESP8266 sleeps for 70 minutes at most
LISTEN = 5  # seconds that it stays awake for an update, and after one for the next file of a set
PATIENCE = 20  # seconds that it looks for the network: a battery is soon empty


def join_wifi():
    """Wait for the network; builds without Wi-Fi have it already."""
    try:
        import network
    except ImportError:
        return
    from secrets import PASSWORD, WIFI

    wifi = network.WLAN(network.STA_IF)
    wifi.active(True)
    if not wifi.isconnected():
        wifi.connect(WIFI, PASSWORD)
    since = time.ticks_ms()
    while not wifi.isconnected():
        if time.ticks_diff(time.ticks_ms(), since) > PATIENCE * 1000:
            raise OSError('no network')
        time.sleep_ms(100)


def work():
    """Tell what the sensor measures, and listen for an update."""
    join_wifi()
    client = MQTTClient(HOSTNAME, BROKER, PORT, keepalive=60)
    client.connect()
    client.publish(HOSTNAME + '/moisture', str(machine.ADC(PIN).read_u16()), retain=True)
    ota.start(client, HOSTNAME)
    # From now on it hears what is announced: on this word the OTA push announces what waits.
    client.publish(HOSTNAME + '/awake', 'yes')
    while ota.idle_ms() < LISTEN * 1000:
        client.check_msg()  # an update holds it until all is done
        time.sleep_ms(50)
    client.disconnect()


try:
    work()
except Exception as error:  # no network, no broker: it tries again when it wakes (Ctrl-C comes through, and stops it)
    sys.print_exception(error)
machine.deepsleep(SLEEP * 1000)
