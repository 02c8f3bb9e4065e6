import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Board, type BoardSettings } from '../../peers/board';
import { startAedes, type TestBroker } from '../../peers/brokers';
import { describeOnEachBuild, type MicroPythonBuild, plain32Bit } from '../../peers/micropython-builds';
import { watched } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { digest, SmallSender } from '../../peers/small-sender';
import { TestFlow } from '../../peers/test-flow';

describeOnEachBuild([], 'A watchdog of eight seconds', (build: MicroPythonBuild) => {
  // The two others are the newest interpreter and the one with the least.
  if (build === plain32Bit) return;
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let sender: SmallSender;
  let board: Board;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const start = async (settings: Partial<BoardSettings> = {}, feed?: string, at = broker): Promise<void> => {
    broker = at;
    sender = await resources.use(SmallSender.connect(broker));
    const files = { 'main.py': watched(broker.port, 1, feed), 'config.json': 'old', ...settings.files };
    board = await resources.use(Board.start({ build, ...settings, files }));
    await board.waitFor('ready');
  };

  const never = (event: string) => assert.deepEqual(linesOf(event), []);
  const linesOf = (event: string) => board.lines.filter((line) => line.startsWith(event));

  async function assertRuns(): Promise<void> {
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
  }

  describe('that the module feeds', () => {
    for (const [what, behaviour] of Object.entries<(socket: Socket) => void>({
      'says nothing': () => undefined,
      'falls silent': (socket) => socket.write('half'),
    })) {
      it(`does not bite where a sender ${what}`, async () => {
        await start();
        const port = await sender.listen(behaviour);
        await sender.announce(`127.0.0.1|${port}|config.json|${digest('new')}|0`);
        assert.equal(await sender.report(), 'failed timed_out');
        await assertRuns();
        never('@hungry');
        assert.equal(board.boots, 1);
      });
    }

    it('does not bite where the broker never acknowledges a report', async () => {
      const silent = await resources.use(startAedes({ acknowledges: (topic) => !topic.endsWith('/status') }));
      await start({}, undefined, silent);
      await sender.push('config.json', 'new', '|0');
      await silent.packets.nextThat(({ text }) => text.includes('installed'));
      await sender.push('night.json', 'new', '|0'); // which waits for the end of the first
      await silent.packets.nextThat(({ text }) => /installed.*night\.json/.test(text));
      never('@hungry');
      assert.equal(board.boots, 1);
    });

    for (const kind of ['VfsFat', 'VfsLfs2'] as const) {
      it(`does not bite where a slow flash copies a file, on ${kind}`, async () => {
        await start({
          filesystem: { kind, pause: 30 },
          files: { 'config.json': randomBytes(20_000).toString('latin1') },
        });
        await sender.push('config.json', randomBytes(20_000), '|0');
        assert.equal(await sender.report(), 'installed');
        await assertRuns();
        never('@hungry');
        assert.equal(board.boots, 1);
      });
    }
  });

  describe('that nobody feeds during an update', () => {
    it('bites; then the board says so, has its old file, and takes the next update', async () => {
      await start({}, '');
      const port = await sender.listen((socket) => socket.write('half'));
      await sender.announce(`127.0.0.1|${port}|config.json|${digest('new')}|0`);
      assert.equal(await sender.report(), 'failed watchdog');
      await board.waitFor('ready');
      assert.equal(board.boots, 2);
      assert.equal(await board.text('config.json'), 'old');
      assert.equal(await board.exists('ota.tmp'), false);
      await sender.push('config.json', 'new', '|0');
      assert.equal(await sender.report(), 'installed');
      board.reset();
      await board.waitFor('ready');
      assert.equal(await sender.report(), 'running');
      await assertRuns();
      assert.equal(board.boots, 3);
    });

    it('bites once: the OTA push that was to try again gives up when it hears of it', async () => {
      await start({ filesystem: { kind: 'VfsLfs2', pause: 250 } }, '');
      const push = { retries: '3', retryDelay: '60' };
      const flow = await resources.use(TestFlow.start({ broker, push }));
      const message = { target: 'nightlamp', filename: 'sounds.bin', payload: randomBytes(60_000) };
      const { payload, ota } = await flow.push(message);
      assert.deepEqual([payload, ota.code], ['failed', 'rejected'], String(ota.message));
      assert.match(String(ota.remedy), /feed=wdt\.feed/);
      await assertRuns();
      assert.equal(board.boots, 2);
    });

    it('is not what a board names that lost its power in an update', async () => {
      await start({}, '');
      const port = await sender.listen((socket) => socket.write('half', () => board.reset()));
      await sender.announce(`127.0.0.1|${port}|config.json|${digest('new')}|0`);
      await board.waitFor('ready');
      await sender.push('config.json', 'new', '|0');
      assert.equal(await sender.report(), 'installed');
    });
  });
});
