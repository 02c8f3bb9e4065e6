"""Cuts the power at every write of a story: power_cuts.py FOLDER MODULE FILESYSTEM STORY. Prints what it found."""

import sys
from binascii import hexlify

import vfs
from ram_board import Board, Reset, files

OLD = {'main.py': b'main 1\n' * 250, 'config.json': b'config 1\n' * 5}
CONFIG = ('config.json', b'config 2\n' * 90, '|0')
MAIN = ('main.py', b'main 2\n' * 300, '')
LED = ('lib/led/led.py', b'led 2\n' * 20, '|0')
NEXT = ('main.py', b'main 9\n' * 200, '')

# What happens between two starts: what is announced to a program that works; None where it does not work.
STORIES = {
    'update': [[MAIN], []],
    'signed': [[MAIN], []],
    'set': [[CONFIG, LED, MAIN], []],
    'twice': [[('main.py', b'main 3\n' * 260, '|0'), MAIN], []],
    'later': [[CONFIG], [], [MAIN], []],
    'rollback': [[CONFIG, LED, MAIN], None, None, None, []],
}

folder, module, filesystem, story = sys.argv[1:]
crowd = 12 if filesystem == 'VfsFat' else 0  # so many that the names of a file and its backup lie in different blocks
board = Board(getattr(vfs, filesystem), folder, module, 400)
for name, content in OLD.items():
    with open('/' + name, 'wb') as file:
        file.write(content)
for number in range(crowd):
    open(f'/a file among many others {number}.txt', 'w').close()
if story == 'signed':
    board.key = bytes(range(32))
    board.boot()
    board.ota.set_key(hexlify(board.key).decode(), board.counter)
blank = bytes(board.flash.data)
crowded = set(files()) - set(OLD)

versions = {name: [content] for name, content in OLD.items()}
for life in STORIES[story]:
    for name, content, _ in life or ():
        versions.setdefault(name, [None]).append(content)


def live(lives):
    """Run them one after the other; True when the power held."""
    for life in lives:
        try:
            board.mount()
            board.boot()
            if life is not None:
                board.start()
                for announcement in life:
                    board.announce(*announcement)
        except Reset:
            pass
        except OSError:
            if not board.flash.is_dead:
                raise
        if board.flash.is_dead:
            return False
    return True


def start_again():
    """Power up after a cut, to the first program that runs."""
    board.power_up(board.flash.data)
    board.mount()
    try:
        board.boot()
    except Reset:
        board.mount()
        board.boot()


def check(when, expected):
    """Say which file is not whole, and what was left over."""
    found = files()
    for name in expected:
        if found.get(name) not in expected[name]:
            print('BROKEN', when, name, len(found.get(name) or b''))
    return found


def check_settled(when, expected):
    """Say the same once the program has proved itself."""
    for name in check(when, expected):
        if name not in expected and name not in crowded:
            print('LEFTOVER', when, name)


def check_recovery(when):
    """One whole version of every file, nothing left over, and the next update works."""
    start_again()
    check(when + ' after boot', versions)
    board.start()
    check_settled(when + ' settled', versions)
    now = {name: [content] for name, content in files().items()}
    live([[NEXT], []])
    now[NEXT[0]] = [NEXT[1]]
    check_settled(when + ' next', now)


cuts = 0
while True:
    board.power_up(blank, cuts)
    if live(STORIES[story]):
        break
    dead = bytes(board.flash.data)
    check_recovery(f'cut {cuts}')
    # And once more during the recovery.
    second = 0
    while True:
        board.power_up(dead, second)
        if live([None]):
            break
        check_recovery(f'cuts {cuts} and {second}')
        second += 1
    cuts += 1
print('CUTS', cuts)
