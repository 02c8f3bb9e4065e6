"""The over-the-air part of a first-generation device: it checks little, waits for ever and resets on every error."""

import gc
import hashlib
import os
import socket
import sys
from binascii import hexlify

from umqtt import MQTTClient

RESET_STATUS = 75  # tells the harness to boot the device again
SHORTEST_ANNOUNCEMENT = 45  # protocol 4: `h|p||` and 40 digits of hash
BUFFER_SIZE = 1024  # protocol 3.4


def reset(reason):
    """Do what machine.reset() does on a board: everything running ends, and the board boots again."""
    print('@reset', reason)
    sys.stdout.flush()
    sys.exit(RESET_STATUS)


def download(host, port):
    """Store the stream in the file `tmp`, piece by piece to its end (protocol 2.3), and return its SHA-1 in hex."""
    gc.collect()
    sender = socket.socket()
    sender.connect(socket.getaddrinfo(host, port, socket.AF_INET)[0][-1])
    print('@connected', host, port)
    sha1 = hashlib.sha1()
    buffer = bytearray(BUFFER_SIZE)
    received = 0
    with open('tmp', 'wb') as tmp:
        size = sender.readinto(buffer)
        while size:
            piece = memoryview(buffer)[:size]
            sha1.update(piece)
            tmp.write(piece)
            received += size
            size = sender.readinto(buffer)
    print('@received', received)
    sender.close()  # before anyone looks at the hash (protocol 2.4)
    return hexlify(sha1.digest()).decode()


def on_announcement(topic, payload):
    """Fetch and install the announced file, then reboot unless a fifth field says 0 (protocol 1.2)."""
    print('@announcement', len(payload))
    if len(payload) < SHORTEST_ANNOUNCEMENT:
        print('@ignored', payload)
        return
    fields = payload.decode().split('|')
    host = fields[0]
    port = int(fields[1])
    filename = fields[2]
    expected = fields[3]
    if download(host, port) != expected:
        print('@mismatch')
        return
    os.rename('tmp', filename)
    print('@installed', filename)
    reboot = True
    if len(fields) == 5:
        reboot = int(fields[4])
    if reboot:
        reset('reboot')


def run(hostname, broker_host, broker_port):
    """Listen for announcements for as long as nothing goes wrong."""
    gc.collect()
    client = MQTTClient(hostname, broker_host, port=broker_port)
    client.set_callback(on_announcement)
    client.connect()
    client.subscribe(hostname + '/OTA')
    print('@ready')
    while True:
        client.wait_msg()
