"""The lamp of main.py for asyncio and mqtt_as: copied as main.py, its tasks go on while an update comes."""

import asyncio
from secrets import PASSWORD, WIFI

import machine
import ota_async
from mqtt_as import MQTTClient, config

HOSTNAME = 'nightlamp'
BROKER = '192.168.1.10'
PORT = 1883
PIN = 2

lamp = machine.Pin(PIN, machine.Pin.OUT)


async def obey(client):
    """Switch the lamp; the announcements of updates never come here."""
    async for _topic, message, _is_retained in client.queue:
        lamp.value(message == b'on')


async def subscribe(client):
    """Subscribe on each connection: mqtt_as makes a new one whenever one is lost."""
    while True:
        await client.up.wait()
        client.up.clear()
        await client.subscribe(HOSTNAME + '/set', 1)
        print('The lamp is ready')


async def main():
    """Run all of it for ever."""
    config['client_id'] = HOSTNAME
    config['server'] = BROKER
    config['port'] = PORT
    config['ssid'] = WIFI
    config['wifi_pw'] = PASSWORD
    config['queue_len'] = 4
    client = MQTTClient(config)
    while not client.isconnected():
        try:
            await client.connect()
        except OSError as error:  # only the first connection is for the program to repeat
            print('No broker:', error)
            await asyncio.sleep(1)
    await ota_async.start(client, HOSTNAME)
    await asyncio.gather(obey(client), subscribe(client))


asyncio.run(main())
