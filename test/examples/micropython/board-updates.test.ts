import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Board, example } from '../../peers/board';
import { startAedes, type TestBroker } from '../../peers/brokers';
import { describeOnEachBoard, describeOnEachInterface, type ProgramKind } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { digest, SmallSender } from '../../peers/small-sender';

describeOnEachInterface('A board that takes updates', (build, kind) => {
  const resources = resourcesOfEachTest();
  const { program } = kind;

  let broker: TestBroker;
  let board: Board;
  let sender: SmallSender;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    sender = await resources.use(SmallSender.connect(broker));
    const files = { 'main.py': program(broker.port, 1), 'config.json': '{"led": 2}' };
    board = await resources.use(Board.start({ build, kind, files }));
    await board.waitFor('ready');
  });

  async function assertNoLeftovers(name: string): Promise<void> {
    assert.equal(await board.exists('ota.tmp'), false);
    assert.equal(await board.exists(`${name}.ota-old`), false);
  }

  it('installs a program, restarts into it, and reports both', async () => {
    const update = program(broker.port, 2);
    await sender.push('main.py', update);
    await board.waitFor('lamp version 2');
    await board.waitFor('ready');
    const about = { file: 'main.py', hash: digest(update), error: null };
    assert.deepEqual(await sender.reports.next(), { state: 'installed', ...about });
    assert.deepEqual(await sender.reports.next(), { state: 'running', ...about });
    assert.equal(await board.text('main.py'), update);
    assert.equal(board.boots, 2);
    await assertNoLeftovers('main.py');
  });

  it('stays up when the fifth field is 0', async () => {
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await board.text('config.json'), '{"led": 4}');
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
    assert.equal(board.boots, 1);
  });

  it('restarts when the fifth field is 1', async () => {
    await sender.push('main.py', program(broker.port, 2), '|1');
    await board.waitFor('lamp version 2');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await sender.report(), 'running');
  });

  it('takes SHA-256 too', async () => {
    await sender.push('main.py', program(broker.port, 2), '', 'sha256');
    await board.waitFor('lamp version 2');
    assert.equal(await sender.report(), 'installed');
  });

  it('takes a file of 1 MiB', async () => {
    const file = randomBytes(1024 * 1024);
    await sender.push('sounds.bin', file, '|0');
    assert.equal(await sender.report(), 'installed');
    assert.deepEqual(await board.read('sounds.bin'), file);
  });

  it('takes an empty file', async () => {
    await sender.push('empty.py', '', '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await board.text('empty.py'), '');
  });

  it('makes the folders of a name', async () => {
    await sender.push('sounds/night/owl.txt', 'hoot', '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await board.text('sounds/night/owl.txt'), 'hoot');
  });

  it('takes a set of files with one restart at its end, and settles all of them', async () => {
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.push('lib/led.py', 'BRIGHTNESS = 7', '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await board.text('config.json.ota-old'), '{"led": 2}');
    await sender.push('main.py', program(broker.port, 2, 'import led; print("led", led.BRIGHTNESS)'), '|1');
    await board.waitFor('led 7');
    await board.waitFor('ready');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await sender.report(), 'running');
    for (const name of ['config.json', 'lib/led.py', 'main.py']) await assertNoLeftovers(name);
  });

  it("leaves a NAME.bak and a tmp alone, which are the user's", async () => {
    await board.write({ 'config.json.bak': 'mine', 'tmp/notes.txt': 'mine too' });
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
    board.reset();
    await board.waitFor('ready');
    assert.equal(await board.text('config.json.bak'), 'mine');
    assert.equal(await board.text('tmp/notes.txt'), 'mine too');
  });

  it('installs into its own folder wherever the program has gone', async () => {
    await board.write({ 'sounds/owl.txt': 'hoot' });
    await sender.push('main.py', program(broker.port, 2, "import os; os.chdir('/sounds')"), '|1');
    await board.waitFor('lamp version 2');
    await board.waitFor('ready');
    await sender.push('config.json', '{"led": 4}', '|0');
    await sender.reports.nextThat(({ file }) => file === 'config.json');
    assert.equal(await board.text('config.json'), '{"led": 4}');
  });

  for (const [name, beside] of [
    ['led.mpy', 'led.py'],
    ['led.mpy', 'led/__init__.py'],
    ['led.py', 'led/red.py'],
    ['lib/led.py', 'lib/led/red.py'],
  ] as const) {
    it(`refuses ${name} where ${beside} would go on running`, async () => {
      await board.write({ [beside]: 'BRIGHTNESS = 3' });
      await sender.push(name, 'BRIGHTNESS = 7', '|0');
      assert.equal(await sender.report(), 'failed shadowed');
      assert.equal(await board.exists(name), false);
    });
  }

  it('takes an announcement that comes while it installs another', async () => {
    await sender.push('one.txt', randomBytes(300_000), '|0');
    await sender.push('two.txt', 'two', '|0');
    assert.equal((await sender.reports.nextThat(({ file }) => file === 'two.txt')).state, 'installed');
    assert.ok(await board.exists('one.txt'));
  });

  it('keeps announcements from a callback that is set as an attribute, and goes on with updates', async function () {
    if (kind.client !== 'umqtt.simple') this.skip();
    const lamp = program(broker.port, 2).replace("print('ready')", "client.cb = on_message\nprint('ready')");
    await sender.push('main.py', lamp);
    await board.waitFor('lamp version 2');
    await board.waitFor('ready');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await sender.report(), 'running');
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
    assert.equal(board.lines.filter((line) => line.startsWith('got nightlamp/OTA ')).length, 0);
  });

  it('gives the program its own topics and never an announcement', async () => {
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.announce('nonsense');
    assert.equal(await sender.report(), 'failed bad_announcement');
    await sender.publish('set', 'off');
    await board.waitFor('got nightlamp/set off');
    assert.equal(board.lines.filter((line) => line.startsWith('got nightlamp/OTA ')).length, 0);
  });

  it('runs on a new board with nothing but the example, whose lamp obeys', async () => {
    await board.write({ 'secrets.py': await example('secrets.py') });
    await sender.push('main.py', await exampleFor(broker, kind));
    await board.waitFor('The lamp is ready');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await sender.report(), 'running');
    await sender.publish('set', 'on');
    await board.waitFor('@pin 2 1');
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
  });
});

describeOnEachBoard('A board whose flash is mounted at /flash', (build, kind) => {
  const resources = resourcesOfEachTest();
  const { program } = kind;

  it('installs there, and takes a bad program back', async () => {
    const broker = await resources.use(startAedes());
    const sender = await resources.use(SmallSender.connect(broker));
    const files = { 'main.py': program(broker.port, 1), 'config.json': '{"led": 2}' };
    const board = await resources.use(Board.start({ build, kind, root: '/flash', files }));
    await board.waitFor('ready');
    await sender.push('sounds/owl.txt', 'hoot', '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.push('main.py', 'print("stuck")\nwhile True: pass\n', '|1');
    assert.equal((await sender.reports.nextThat(({ state }) => state === 'rolled_back')).file, 'main.py');
    assert.equal((await board.read('main.py')).toString(), program(broker.port, 1));
    assert.equal(await board.exists('sounds/owl.txt'), false);
  });
});

describeOnEachBoard('The lamp of the example', (build, kind) => {
  const resources = resourcesOfEachTest();

  it('connects again and takes updates when its broker has dropped it', async () => {
    const broker = await resources.use(startAedes());
    const sender = await resources.use(SmallSender.connect(broker));
    const files = { 'main.py': await exampleFor(broker, kind), 'secrets.py': await example('secrets.py') };
    const board = await resources.use(Board.start({ build, kind, files }));
    await board.waitFor('The lamp is ready');
    broker.dropAll();
    await board.waitFor('The lamp is ready');
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(board.boots, 1);
  });

  it('comes back from a message that is larger than its memory', async function () {
    if (kind.client !== 'umqtt.simple') this.skip(); // mqtt_as comes back by itself, when its keepalive is over
    const broker = await resources.use(startAedes());
    const sender = await resources.use(SmallSender.connect(broker));
    const board = await resources.use(Board.start({ build, files: { 'main.py': await exampleFor(broker, kind) } }));
    await board.waitFor('The lamp is ready');
    await sender.publish('set', Buffer.alloc(1024 * build.heap + 300_000, 'x'));
    await board.waitFor('The lamp is ready');
    assert.equal(board.boots, 2);
    await sender.push('config.json', '{"led": 4}', '|0');
    assert.equal(await sender.report(), 'installed');
  });
});

/** The example's program as its user fills it in. */
async function exampleFor(broker: TestBroker, kind: ProgramKind): Promise<string> {
  const settings = { "'192.168.1.10'": `'${broker.host}'`, '1883': `${broker.port}` };
  let text = await example(kind.client === 'mqtt_as' ? 'main_async.py' : 'main.py');
  for (const [shipped, own] of Object.entries(settings)) {
    assert.ok(text.includes(shipped));
    text = text.replace(shipped, own);
  }
  return text;
}
