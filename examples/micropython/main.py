"""A lamp that obeys MQTT, `on` or `off` on nightlamp/set, and takes updates of any of its files on nightlamp/OTA."""

import time

import machine
import ota
from umqtt.simple import MQTTClient, MQTTException

HOSTNAME = 'nightlamp'
BROKER = '192.168.1.10'
PORT = 1883
PIN = 2
KEEPALIVE = 60  # seconds without a word after which the broker gives the lamp up

lamp = machine.Pin(PIN, machine.Pin.OUT)


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
    while not wifi.isconnected():
        time.sleep_ms(100)


def obey(topic, message):
    """Switch the lamp; the announcements of updates never come here."""
    lamp.value(message == b'on')


def listen(client):
    """Serve one connection for as long as it lasts."""
    join_wifi()
    client.connect()
    client.subscribe(HOSTNAME + '/set')
    ota.start(client, HOSTNAME)
    print('The lamp is ready')
    pinged = time.ticks_ms()
    while True:
        client.check_msg()
        time.sleep_ms(20)
        if time.ticks_diff(time.ticks_ms(), pinged) > KEEPALIVE * 500:
            pinged = time.ticks_ms()
            client.ping()


client = MQTTClient(HOSTNAME, BROKER, PORT, keepalive=KEEPALIVE)
client.set_callback(obey)
while True:
    try:
        listen(client)
    except (OSError, IndexError, MQTTException) as error:  # umqtt.simple's IndexError: the connection ended in a packet
        print('No broker:', error)
        if client.sock:
            client.sock.close()
        time.sleep(1)
    except MemoryError:  # a message larger than the memory: the client has lost its place among the bytes
        machine.reset()
