import assert from 'node:assert/strict';
import { Board, type TimerManner } from '../../peers/board';
import { startAedes, type TestBroker } from '../../peers/brokers';
import { esp8266, plain32Bit } from '../../peers/micropython-builds';
import { describeOnEachBoard } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { SmallSender } from '../../peers/small-sender';

const STUCK = 'print("stuck")\nwhile True: pass\n';

/** Its callback holds the schedule for longer than a start of its trial lasts here, and four others fill the queue meanwhile. */
const HOG = `
import micropython, time
def nothing(_):
    pass
def hog(_):
    for number in range(4):
        micropython.schedule(nothing, number)
    try:
        micropython.schedule(nothing, 4)
    except RuntimeError:
        print('full')
    time.sleep_ms(1000)
    print('released')
micropython.schedule(hog, 0)
while True:
    pass
`;

/** What a program does with timers of its own. */
const OWN_TIMERS = `
import machine
own = []
for number in (0, -1):
    try:
        timer = machine.Timer(number)
        timer.init(period=1000, callback=print)
        own.append(timer)
    except ValueError:
        pass
own.pop().deinit()
`;

/** How a port's timers are, what its boot.py says of it, and whether its boards have a guard then. */
const MANNERS: Record<string, { timers: TimerManner; boot?: string; isGuarded: boolean }> = {
  'virtual timers, as most ports have': { timers: 'virtual', isGuarded: true },
  'hardware timers, of which -1 is number 3 (esp32 to 1.24)': { timers: 'shared', boot: 'timer=2', isGuarded: true },
  'hardware timers and no number -1 (esp32 to 1.28)': { timers: 'hardware', boot: 'timer=2', isGuarded: true },
  'a call that is lost, since the schedule is full': { timers: 'lost', isGuarded: true },
  'timers that cannot be started (ESP32-C3, 1.17)': { timers: 'refused', isGuarded: false },
  'a panic where one is started (ESP32-C3, 1.22)': { timers: 'panic', isGuarded: false },
  'no timers': { timers: 'none', isGuarded: false },
};

describeOnEachBoard('The guard of an update, on a board', (build, kind) => {
  // The two others are the newest interpreter and the one with the least.
  if (build === plain32Bit) return;
  const resources = resourcesOfEachTest();
  const { program } = kind;
  const isBlocking = kind.client === 'umqtt.simple';

  let broker: TestBroker;
  let sender: SmallSender;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    sender = await resources.use(SmallSender.connect(broker));
  });

  for (const [what, { timers, boot = '', isGuarded }] of Object.entries(MANNERS)) {
    const own = isGuarded ? OWN_TIMERS : '';
    const start = async (): Promise<Board> => {
      const files = {
        'main.py': program(broker.port, 1, own),
        'boot.py': `import ota\nota.boot(${boot})\n`,
      };
      const board = await resources.use(Board.start({ build, kind, timers, files }));
      await board.waitFor('ready');
      return board;
    };

    it(`with ${what}, lets a good update run`, async () => {
      const board = await start();
      await sender.push('main.py', program(broker.port, 2, own));
      const { state, guard } = await sender.reports.nextThat((report) => report.state !== 'installed');
      assert.equal(state, 'running');
      assert.equal(guard, isGuarded ? undefined : false);
      assert.equal((await board.read('main.py')).toString(), program(broker.port, 2, own));
      await sender.publish('set', 'on');
      await board.waitFor('got nightlamp/set on');
    });

    it(`with ${what}, takes a bad one back${isGuarded ? '' : ' at the third start, for which somebody has to restart it'}`, async () => {
      const board = await start();
      await sender.push('main.py', own + STUCK);
      if (!isGuarded) {
        for (let press = 0; press < 2; press += 1) {
          await board.waitFor('stuck');
          board.reset();
        }
      }
      assert.equal((await sender.reports.nextThat((report) => report.state !== 'installed')).state, 'rolled_back');
      assert.equal((await board.read('main.py')).toString(), program(broker.port, 1, own));
      await sender.publish('set', 'on');
      await board.waitFor('got nightlamp/set on');
    });
  }

  if (build === esp8266 && isBlocking) {
    it('with a queue of the schedule that is full whenever its time is over, takes a bad update back once there is room', async () => {
      const files = { 'main.py': program(broker.port, 1) };
      const board = await resources.use(Board.start({ build, files, timerSecond: 2 }));
      await board.waitFor('ready');
      await sender.push('main.py', HOG);
      assert.equal((await sender.reports.nextThat((report) => report.state !== 'installed')).state, 'rolled_back');
      for (const event of ['full', 'released', '@over'])
        assert.equal(board.lines.filter((line) => line === event).length, 2, event);
    });
  }

  it('with any timers, gives a trial as many starts as boot.py says', async () => {
    const files = { 'main.py': program(broker.port, 1), 'boot.py': 'import ota\nota.boot(starts=5)\n' };
    const board = await resources.use(Board.start({ build, kind, files }));
    await board.waitFor('ready');
    await sender.push('main.py', STUCK);
    assert.equal((await sender.reports.nextThat((report) => report.state !== 'installed')).state, 'rolled_back');
    assert.equal(board.lines.filter((line) => line === 'stuck').length, 4);
  });

  it('with any timers, ends the trial of a file without a restart when the program has gone on well', async () => {
    const told = `
import ota
settle = ota._flash.settle
def say():
    settle()
    print('settled')
ota._flash.settle = say
`;
    const files = {
      'main.py': program(broker.port, 1, told).replace('client.wait_msg()', 'client.check_msg()'),
      'config.json': 'old',
      'boot.py': 'import ota\nota.boot(seconds=0)\n',
    };
    const board = await resources.use(Board.start({ build, kind, files }));
    await board.waitFor('ready');
    await sender.push('config.json', 'new', '|0');
    await board.waitFor('settled');
    assert.equal(await board.exists('config.json.ota-old'), false);
    for (let start = 0; start < 3; start += 1) board.reset();
    assert.equal((await board.read('config.json')).toString(), 'new');
  });

  it('a watchdog is fed at least once a second, also while a sender says nothing', async () => {
    const watched = program(broker.port, 1)
      .replace(kind.start, `import machine; wdt = machine.WDT(); ${kind.start.replace(/\)$/, ', feed=wdt.feed)')}`)
      .replace(kind.turn, isBlocking ? 'wdt.feed()\n    client.check_msg()' : 'wdt.feed(); await asyncio.sleep(0.2)');
    const board = await resources.use(Board.start({ build, kind, files: { 'main.py': watched } }));
    await board.waitFor('ready');
    const port = await sender.listen((socket) => {
      socket.write('half');
      const rest = setTimeout(() => socket.end('a file'), 2500);
      socket.once('close', () => clearTimeout(rest));
    });
    await sender.announce(`127.0.0.1|${port}|config.json|${'0'.repeat(40)}|0`);
    assert.equal(await sender.report(), 'failed hash_mismatch');
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
    assert.deepEqual(
      board.lines.filter((line) => line.startsWith('@hungry')),
      [],
    );
  });
});
