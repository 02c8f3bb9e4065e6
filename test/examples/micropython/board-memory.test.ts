import assert from 'node:assert/strict';
import { Board, boardStory } from '../../peers/board';
import { startAedes, type TestBroker } from '../../peers/brokers';
import { esp8266, type MicroPythonBuild, newest, plain32Bit } from '../../peers/micropython-builds';
import { describeOnEachBoard, type ProgramKind } from '../../peers/programs';
import { type Resources, resourcesOfEachTest } from '../../peers/resources';
import { deviceKey, digest, SmallSender, signed } from '../../peers/small-sender';

const BUFFER = 512;

/** What memory.py measured. */
async function measure(
  resources: Resources,
  build: MicroPythonBuild,
  kind: ProgramKind,
  size: number,
  count: number,
): Promise<{ most: number; used: number[] }> {
  const found = await boardStory(resources, build, kind, 'memory.py', 'VfsLfs2', String(size), String(count));
  assert.match(found, /"installed"/);
  const [, most, used = ''] = /MOST (\d+) USED \[(.*)\]/.exec(found) ?? [];
  return { most: Number(most), used: used.split(', ').map(Number) };
}

describeOnEachBoard('The memory of a board that takes updates', (build, kind) => {
  const resources = resourcesOfEachTest();
  const { program } = kind;

  const most = kind.client === 'mqtt_as' ? 5.5 : 4.5; // KB; a task and what it awaits are on the heap

  it(`is needed for an update to ${most} KB and the buffer, whatever the size of the file`, async () => {
    const small = await measure(resources, build, kind, 3800, 1);
    const large = await measure(resources, build, kind, 1024 * 1024, 1);
    assert.ok(small.most <= most * 1024 + BUFFER, `${small.most} bytes`);
    // The last piece of a file is a view of the buffer, unless it fills it.
    assert.ok(large.most - small.most <= 64, `${large.most} bytes for 1 MiB, ${small.most} for 3.8 KB`);
  }).timeout(120_000);

  it('is as free after 200 updates as after ten', async () => {
    const { used } = await measure(resources, build, kind, 3800, 200);
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

    /** KB of heap, the program of the test included. */
    const enough: ReadonlyMap<MicroPythonBuild, number> = new Map([
      [newest, 126],
      [plain32Bit, 82],
      [esp8266, 28], // of 38: the rest is the program's
    ]);

    for (const isSigned of [false, true]) {
      it(`with a heap of ${enough.get(build)} KB for ${kind.modules.at(-1)}, in the ${isSigned ? 'signed' : 'basic'} form`, async () => {
        const key = deviceKey('a master of 16 bytes or more', 'nightlamp');
        const start = isSigned ? `import ota\nota.set_key('${key}', 0)\n` : '';
        const files = { 'main.py': start + program(broker.port, 1) };
        const board = await resources.use(Board.start({ build, kind, heap: enough.get(build) ?? 0, files }));
        await board.waitFor('ready');
        const update = program(broker.port, 2);
        const port = await sender.listen((socket) => socket.end(update));
        const fields = ['127.0.0.1', port, 'main.py', digest(update, 'sha256'), 1];
        const announcement = [...fields, ...(isSigned ? [Buffer.byteLength(update), 1] : [])].join('|');
        await sender.announce(isSigned ? signed(announcement, key) : announcement);
        await board.waitFor('lamp version 2');
        await board.waitFor('ready');
        assert.equal(await sender.report(), 'installed');
        assert.equal(await sender.report(), 'running');
      });
    }
  });
});
