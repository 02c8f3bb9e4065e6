import assert from 'node:assert/strict';
import { Board } from '../../peers/board';
import { startAedes, type TestBroker } from '../../peers/brokers';
import { describeNeeding } from '../../peers/needing';
import { ports } from '../../peers/ports';
import { program, watched } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { deviceKey, digest, SmallSender, signed } from '../../peers/small-sender';

const KEY = deviceKey('a master of 16 bytes or more', 'nightlamp');

for (const [what, { manners, isGuarded }] of Object.entries(ports)) {
  describeNeeding(['micropython-32bit'], `A board that is as ${what}`, () => {
    const resources = resourcesOfEachTest();
    const isSigned = manners.hasSha1 === false;

    let broker: TestBroker;
    let sender: SmallSender;
    let board: Board;
    let counter: number;

    beforeEach(async () => {
      broker = await resources.use(startAedes());
      sender = await resources.use(SmallSender.connect(broker));
      counter = 1;
      const files = {
        'main.py': watched(broker.port, 1),
        'config.json': 'old',
        ...(isSigned ? { 'boot.py': `import ota\nota.boot()\nota.set_key('${KEY}', 0)\n` } : {}),
      };
      board = await resources.use(Board.start({ ...manners, files }));
      await board.waitFor('ready');
    });

    /** In the form that this board can check. */
    async function push(name: string, content: string, reboot: 0 | 1): Promise<void> {
      if (!isSigned) return sender.push(name, content, `|${reboot}`);
      const port = await sender.listen((socket) => socket.end(content));
      counter += 1;
      const fields = ['127.0.0.1', port, name, digest(content, 'sha256'), reboot, content.length, counter];
      await sender.announce(signed(fields.join('|'), KEY));
    }

    async function assertRuns(version: number): Promise<void> {
      await board.waitFor(`lamp version ${version}`);
      await board.waitFor('ready');
      await sender.publish('set', 'on');
      await board.waitFor('got nightlamp/set on');
      assert.deepEqual(
        board.lines.filter((line) => line.startsWith('@hungry')),
        [],
      );
    }

    it('runs a good update, a file without a restart before it', async () => {
      await push('config.json', 'new', 0);
      assert.equal(await sender.report(), 'installed');
      await push('main.py', watched(broker.port, 2), 1);
      const { state, guard } = await sender.reports.nextThat((report) => report.state === 'running');
      assert.deepEqual([state, guard], ['running', isGuarded ? undefined : false]);
      await assertRuns(2);
    });

    it('runs its old program after a bad update', async () => {
      await push('main.py', 'print("stuck")\nwhile True: pass\n', 1);
      for (let press = 0; !isGuarded && press < 2; press += 1) {
        await board.waitFor('stuck');
        board.reset();
      }
      assert.equal((await sender.reports.nextThat(({ state }) => state === 'rolled_back')).file, 'main.py');
      await assertRuns(1);
    });

    it('runs its old program after a bad update that its watchdog restarts', async function () {
      this.timeout(60_000);
      const bad = 'import machine\nwdt = machine.WDT(timeout=50)\nprint("hangs")\nwhile True: pass\n';
      await push('main.py', bad, 1);
      assert.equal((await sender.reports.nextThat(({ state }) => state === 'rolled_back')).file, 'main.py');
      await assertRuns(1);
    });
  });
}

describeNeeding(['micropython-32bit'], 'A board without SHA-1', () => {
  const resources = resourcesOfEachTest();

  it('refuses the basic form in a word of its own, and stays as it was', async () => {
    const broker = await resources.use(startAedes());
    const sender = await resources.use(SmallSender.connect(broker));
    const { manners } = ports['an stm32 without TLS'] ?? assert.fail();
    const board = await resources.use(Board.start({ ...manners, files: { 'main.py': program(broker.port, 1) } }));
    await board.waitFor('ready');
    await sender.push('config.json', 'new', '|0');
    assert.equal(await sender.report(), 'failed no_sha1');
    assert.equal(sender.connections, 0);
    await sender.push('config.json', 'new', '|0', 'sha256');
    assert.equal(await sender.report(), 'installed');
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
  });
});
