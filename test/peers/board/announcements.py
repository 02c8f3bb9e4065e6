"""Random announcements to boards: announcements.py FOLDER MODULE FILESYSTEM FORM COUNT SEED.

FORM is `basic` or `signed`: whether the board has a key. Prints what is wrong, and how often each end was reported.
"""

import json
import os
import random
import sys
from binascii import hexlify
from hashlib import sha1, sha256

import vfs
from ram_board import Board, Reset, Sockets, files, hmac

folder, module, filesystem, form, count, seed = sys.argv[1:]
random.seed(int(seed))

CONTENTS = (b'', b'new', b'# lamp\n' * 80, bytes(range(256)) * 9)
NAMES = (
    'lamp.bin',
    'main.py',
    'lib/lamp.py',
    'a/b/c/d.txt',
    'Lamp.bin',
    'x' * 200,
    'boot.py',
    'ota.py',
    'lib/ota.mpy',
    'OTA.KEY',
    'ota.st0',
    'ota.ct1/x',
    'ota.tmp',
    'main.py.ota-old',
    '../main.py',
    './main.py',
    'a//b',
    '/main.py',
    'lib/',
    'lib',
    'json/x.py',
    'os.py.',
    ' ',
    '',
    'a\\b',
    'a\nb',
    'nul\0',
    '\xe4.py',
)
# What the programs of this board consist of: no announcement may change them but by an install of their own.
KEPT = {'boot.py': b'boot', 'config.json': b'old', 'ota.key': None}


def choose(things):
    """One of them."""
    return things[random.getrandbits(16) % len(things)]


def chance(percent):
    """True so often."""
    return random.getrandbits(16) % 100 < percent


def noise(most):
    """Any bytes, at most so many."""
    return bytes(random.getrandbits(8) for _ in range(random.getrandbits(16) % (most + 1)))


def announcement(board):
    """A payload, and whether it is one that the protocol allows and this board has to install."""
    content = choose(CONTENTS)
    Sockets.content = content
    is_signed = board.key is not None
    name = choose(NAMES)
    fields = ['sender', '80', name, digest(content, '0' * (64 if is_signed else 40))]
    if is_signed:
        board.counter += 1
        fields += ['0', str(len(content)), str(board.counter)]
    elif chance(80):
        fields.append('0')
    if chance(25):
        fields[random.getrandbits(16) % len(fields)] = choose(
            ('', '0', '-1', '99999', '1e5', '9' * 16, 'F' * 40, '0' * 64, '0' * 40, ' 80', '\xb2', 'None', 'a|b')
        )
    if chance(5):
        fields.append(choose(('', 'x', '1')))
    payload = '|'.join(fields).encode()
    if is_signed and not chance(10):
        payload += b'|' + hexlify(hmac(board.key, payload))
    if chance(10):
        at = random.getrandbits(16) % (len(payload) + 1)
        payload = payload[:at] + noise(8) + payload[at + random.getrandbits(16) % 8 :]
    if chance(3):
        payload = noise(700)
    if chance(2):
        payload = payload * 12
    if chance(20):
        Sockets.content = choose((content[:-1], content + b'x', noise(600)))
    return payload


def main():
    """Announce, start again where the board restarts, and look at its files after each."""
    ends = {}
    board = Board(getattr(vfs, filesystem), folder, module)
    for name, content in KEPT.items():
        if content is not None:
            with open('/' + name, 'wb') as file:
                file.write(content)
    board.boot()
    if form == 'signed':
        board.key = bytes(range(32))
        board.ota.set_key(hexlify(board.key).decode(), board.counter)
    start_again(board)
    for number in range(int(count)):
        one(board, ends, number)
    print(json.dumps(ends))


def start_again(board):
    """Boot and start its program; a board that restarts by itself does so once more."""
    for _ in range(6):
        try:
            board.mount()
            board.boot()
            board.start()
            return
        except Reset:
            pass
    print('WRONG it never comes up')


def one(board, ends, number):
    """One announcement."""
    payload = announcement(board)
    before = folded(files())
    board.client.report = b''
    is_over = False
    try:
        board.client.cb(b'lamp/OTA', payload)
    except Reset:
        is_over = True
    report = json.loads(board.client.report) if board.client.report else {}
    end = report.get('error') or report.get('state') or 'nothing'
    ends[end] = ends.get(end, 0) + 1
    if end == 'nothing' and payload:  # an empty message is ignored (protocol 1.4)
        print('WRONG', number, payload, 'was not answered')
    if end == 'internal':
        print('WRONG', number, payload, report)
    if end == 'replayed':
        board.counter = max(board.counter, report['counter'])  # a random one that was signed
    after = folded(files())
    changed = {one for one in set(before) | set(after) if before.get(one) != after.get(one)}
    name = fold(report['file']) if report.get('state') == 'installed' else None
    allowed = {name, str(name) + '.ota-old'}
    if not changed <= allowed:
        print('WRONG', number, payload, end, 'has changed', changed - allowed)
    if name and digest(after.get(name), report['hash']) != report['hash']:
        print('WRONG', number, payload, 'is not installed')
    if board.key and name and not signed(board, payload):
        print('WRONG', number, payload, 'was installed unsigned')
    if is_over:
        start_again(board)
    if number % 40 == 39:
        clear(board)


def fold(name):
    """A name as the file system knows it: FAT knows no case."""
    return name.lower() if filesystem == 'VfsFat' else name


def folded(found):
    """Files by their names."""
    return {fold(name): content for name, content in found.items()}


def digest(content, like):
    """The hash of a file's bytes, in the form of another; none where there is no file."""
    if content is None:
        return None
    return hexlify((sha1 if len(like) == 40 else sha256)(content).digest()).decode()


def signed(board, payload):
    """Whether its last field is the signature of what is before."""
    end = payload.rfind(b'|')
    return payload[end + 1 :] == hexlify(hmac(board.key, payload[:end]))


def clear(board):
    """Prove the program, so that the backups go, and take away what was installed: the flash is small."""
    start_again(board)
    for name in files():
        if name not in KEPT:
            os.remove('/' + name)


main()
