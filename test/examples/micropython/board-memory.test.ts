import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Board, boardStory, FIRMWARE_HEAP } from '../../peers/board';
import { startAedes, type TestBroker } from '../../peers/brokers';
import { describeNeeding } from '../../peers/needing';
import { mpyCross, present } from '../../peers/peers';
import { program } from '../../peers/programs';
import { type Resources, resourcesOfEachTest } from '../../peers/resources';
import { root } from '../../peers/root';
import { runProgram } from '../../peers/run-program';
import { SmallSender } from '../../peers/small-sender';
import { temporaryFolder } from '../../peers/temporary-folder';

const OTA = join(root, 'examples/micropython/ota.py');
const BUFFER = 512;

/** What memory.py measured. */
async function measure(resources: Resources, size: number, count: number): Promise<{ most: number; used: number[] }> {
  const found = await boardStory(resources, 'memory.py', 'VfsLfs2', String(size), String(count));
  assert.match(found, /"installed"/);
  const [, most, used = ''] = /MOST (\d+) USED \[(.*)\]/.exec(found) ?? [];
  return { most: Number(most), used: used.split(', ').map(Number) };
}

describeNeeding(['micropython'], 'The memory of a board that runs ota.py', () => {
  const resources = resourcesOfEachTest();

  it('is needed for an update to 3 KB and the buffer, whatever the size of the file', async () => {
    const small = await measure(resources, 3800, 1);
    const large = await measure(resources, 1024 * 1024, 1);
    assert.ok(small.most <= 3 * 1024 + BUFFER, `${small.most} bytes`);
    // The last piece of a file is a view of the buffer, unless it fills it.
    assert.ok(Math.abs(large.most - small.most) <= 64, `${large.most} bytes for 1 MiB, ${small.most} for 3.8 KB`);
  }).timeout(120_000);

  it('is as free after 200 updates as after ten', async () => {
    const { used } = await measure(resources, 3800, 200);
    assert.equal(used.length, 2);
    assert.ok(Number(used[1]) <= Number(used[0]), `${used}`);
  }).timeout(120_000);

  describe('is enough', () => {
    let broker: TestBroker;
    let sender: SmallSender;

    beforeEach(async () => {
      broker = await resources.use(startAedes());
      sender = await resources.use(SmallSender.connect(broker));
    });

    async function assertUpdates(heap: number, module: Record<string, Buffer>): Promise<void> {
      const files = { 'main.py': program(broker.port, 1), ...module };
      const board = await resources.use(Board.start({ heap: `${heap + FIRMWARE_HEAP}k`, files }));
      await board.waitFor('ready');
      await sender.push('main.py', program(broker.port, 2));
      await board.waitFor('lamp version 2');
      await board.waitFor('ready');
      assert.equal(await sender.report(), 'installed');
      assert.equal(await sender.report(), 'running');
    }

    it('with a heap of 76 KB for ota.py', () => assertUpdates(76, {}));

    it('with a heap of 48 KB for ota.mpy', async () => {
      const folder = await temporaryFolder(resources, 'mpy');
      const compiler = present(mpyCross(), 'micropython');
      await runProgram(resources, compiler, ['-o', join(folder, 'ota.mpy'), OTA]);
      const module = { 'ota.mpy': await readFile(join(folder, 'ota.mpy')) };
      await assertUpdates(48 - FIRMWARE_HEAP, module); // needs none on top
    });
  });
});
