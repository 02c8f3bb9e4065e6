import assert from 'node:assert/strict';
import { Board } from '../../peers/board';
import { freePort, startAedes, type TestBroker } from '../../peers/brokers';
import { describeOnEachBoard, type ProgramKind } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { SmallSender } from '../../peers/small-sender';

/** Programs that do not work, each in its own way; those that have no end say where they are stuck. */
const BAD_PROGRAMS: Record<string, (broker: TestBroker, kind: ProgramKind) => string | Promise<string>> = {
  'has a syntax error': () => 'def main(:\n',
  'raises an error': () => 'import ota\nraise ValueError("no such lamp")\n',
  'imports what is not there': () => 'import ota\nimport lamp_driver\n',
  'ends at once': () => 'print("done")\n',
  'is empty': () => '',
  'is in a loop without end': () => 'import ota\nprint("stuck")\nwhile True: pass\n',
  'connects but never starts ota': (broker, { program, start }) =>
    program(broker.port, 'without ota').replace(start, "print('stuck')"),
  'waits for a broker that is elsewhere': async (_broker, { program }) => program(await freePort(), 'elsewhere'),
  'restarts itself': () => 'import machine\nmachine.reset()\n',
  'catches whatever is raised': () =>
    'print("stuck")\nwhile True:\n  try:\n    raise ValueError\n  except BaseException:\n    pass\n',
};

describeOnEachBoard('A board with an update that does not work', (build, kind) => {
  const resources = resourcesOfEachTest();
  const { program } = kind;

  let broker: TestBroker;
  let board: Board;
  let sender: SmallSender;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    sender = await resources.use(SmallSender.connect(broker));
    const files = { 'main.py': program(broker.port, 1), 'config.json': 'old' };
    board = await resources.use(Board.start({ build, kind, files }));
    await board.waitFor('ready');
  });

  async function assertNoLeftovers(...names: readonly string[]): Promise<void> {
    for (const name of [...names.map((name) => `${name}.ota-old`), 'ota.tmp'])
      assert.equal(await board.exists(name), false, name);
  }

  /** The third start restores, the fourth runs the program before. */
  async function assertComesBack(name: string, boots = 5): Promise<void> {
    await board.waitFor('lamp version 1');
    await board.waitFor('ready');
    assert.equal(board.boots, boots);
    const { state, file } = await sender.reports.nextThat((report) => report.state !== 'installed');
    assert.deepEqual({ state, file }, { state: 'rolled_back', file: name });
  }

  for (const [what, bad] of Object.entries(BAD_PROGRAMS)) {
    it(`comes back by itself when its program ${what}`, async () => {
      await sender.push('main.py', await bad(broker, kind));
      // A start that lasts for no time counts a tenth.
      await assertComesBack('main.py', what === 'restarts itself' ? 23 : 5);
      assert.equal(await board.text('main.py'), program(broker.port, 1));
      await assertNoLeftovers('main.py');
      await sender.push('main.py', program(broker.port, 2));
      await board.waitFor('lamp version 2');
      assert.equal(await sender.report(), 'installed');
      assert.equal(await sender.report(), 'running');
    });
  }

  it('takes a whole set back, the new file of it included', async () => {
    await sender.push('config.json', 'new', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.push('main.py', 'import led\n', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.push('led.py', 'no python\n', '|1');
    await assertComesBack('led.py');
    assert.equal(await board.text('config.json'), 'old');
    assert.equal(await board.text('main.py'), program(broker.port, 1));
    assert.equal(await board.exists('led.py'), false);
    await assertNoLeftovers('config.json', 'main.py', 'led.py');
  });

  it('goes back to the last file that worked, not to one that was replaced before it ever ran', async () => {
    await sender.push('main.py', 'never ran\n', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.push('main.py', 'no python\n', '|1');
    await assertComesBack('main.py');
    assert.equal(await board.text('main.py'), program(broker.port, 1));
  });

  it('keeps an update that works at its second start', async () => {
    const update = `
try:
    open('started').close()
except OSError:
    open('started', 'w').close()
    raise
${program(broker.port, 2)}`;
    await sender.push('main.py', update);
    await board.waitFor('ready');
    assert.equal(board.boots, 3);
    assert.equal(await sender.report(), 'installed');
    assert.equal(await sender.report(), 'running');
    assert.equal(await board.text('main.py'), update);
    await assertNoLeftovers('main.py');
  });

  it('counts no starts once the update has proved itself', async () => {
    await sender.push('main.py', program(broker.port, 2));
    await board.waitFor('ready');
    for (let start = 0; start < 4; start += 1) {
      board.reset();
      await board.waitFor('lamp version 2');
      await board.waitFor('ready');
    }
    assert.equal(board.boots, 6);
  });
});
