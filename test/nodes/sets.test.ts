import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Misbehaviour, SimulatedDevice } from '../peers/simulated-device';
import { type Received, TestFlow } from '../peers/test-flow';

const boot = { filename: 'boot.py', payload: Buffer.from('import lamp') };
const lamp = { filename: 'lib/lamp.py', payload: 'print("lamp version 1")' };
/** More than any kernel keeps: who stops reading has not taken it. */
const big = { filename: 'big.bin', payload: Buffer.alloc(16_000_000) };
const config = { filename: 'config.json', payload: Buffer.from('{"led": 2}') };
/** Where one file is to come and another one not: longer than a busy machine takes for the first. */
const patient = { timeout: '2' };

describe('A set of files', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;
  /** What was installed, in order, and whether the device restarted for it. */
  let installed: [string, boolean][];

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const start = async (push: Record<string, unknown> = {}, misbehaviour: Misbehaviour = {}) => {
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, ...misbehaviour }));
    installed = [];
    device.on('installed', (filename, _bytes, reboot) => installed.push([filename, reboot]));
    flow = await resources.use(TestFlow.start({ broker, push }));
  };

  /** Resolves when Node-RED hears the device. */
  const asleep = () => broker.subscribed.nextThat((topic) => topic === 'nightlamp/awake');

  const push = (...files: readonly object[]) => flow.push({ target: 'nightlamp', files });
  const filesOf = ({ ota }: Received) => ota.files as readonly Record<string, unknown>[];

  it('comes in order, restarts the device after the last one only, and leaves as one message', async () => {
    await start();
    const { payload, ota, output } = await push(boot, lamp, config);
    assert.deepEqual([payload, output], ['success', 1]);
    assert.deepEqual(installed, [
      ['boot.py', false],
      ['lib/lamp.py', false],
      ['config.json', true],
    ]);
    assert.deepEqual(device.files.get('lib/lamp.py'), Buffer.from(lamp.payload));
    assert.match(String(ota.message), /^All 3 files: nightlamp .* took all 10 bytes of config\.json/);
    assert.deepEqual(
      (ota.files as Received['ota'][]).map(({ filename, result, reboot, id }) => [
        filename,
        result,
        reboot,
        id === ota.id,
      ]),
      [
        ['boot.py', 'success', false, true],
        ['lib/lamp.py', 'success', false, true],
        ['config.json', 'success', true, true],
      ],
    );
  });

  it('never restarts the device where no restart is asked for', async () => {
    await start({ reboot: 'false' });
    await push(boot, lamp);
    assert.equal(device.reboots, 0);
  });

  it('stops at the first file that does not succeed', async () => {
    await start(patient, { stallsAfterBytes: 15 });
    const end = await push(boot, big, config);
    assert.deepEqual([end.payload, end.ota.code, end.output], ['timeout', 'stalled', 2]);
    assert.match(String(end.ota.message), /^File 2 of 3: /);
    assert.deepEqual(
      filesOf(end).map(({ filename, code }) => [filename, code]),
      [
        ['boot.py', null],
        ['big.bin', 'stalled'],
      ],
    );
  });

  it('lets no other push to the device come in between', async () => {
    await start();
    flow.send({ target: 'nightlamp', files: [boot, lamp] });
    flow.send({ target: 'nightlamp', filename: 'main.py', payload: 'print()' });
    await flow.ends.next();
    await flow.ends.next();
    assert.deepEqual(installed, [
      ['boot.py', false],
      ['lib/lamp.py', true],
      ['main.py', true],
    ]);
  });

  it('tells its progress over all of its files, from 0', async () => {
    await start({ progress: true }, { pausesMsAfterEachRead: 400 });
    const half = { filename: 'half.bin', payload: Buffer.alloc(200_000) };
    const { ota } = await push(half, { ...half, filename: 'other-half.bin' });
    const told = flow.progress.all.map(({ payload }) => Number(payload));
    assert.equal(told[0], 0);
    assert.deepEqual(
      told,
      [...told].sort((one, other) => one - other),
    );
    assert.ok(
      told.some((percent) => percent >= 50),
      `told ${told}`,
    );
    assert.ok(flow.progress.all.every((message) => message.ota.id === ota.id));
  });

  it('is cancelled whole, and its files that have not begun are not tried', async () => {
    await start({}, { stallsAfterBytes: 15 });
    const ended = push(boot, big, config);
    await device.next('installed');
    await device.next('connected');
    flow.send({ reset: true });
    const end = await ended;
    assert.deepEqual([end.payload, end.ota.code, filesOf(end).length], ['cancelled', 'cancelled', 2]);
  });

  it('skips the files that the device has, and restarts it after the last of the others', async () => {
    await start({ skipUnchanged: true });
    await push(boot, lamp);
    installed.length = 0;
    const end = await push(boot, { ...lamp, payload: 'print("lamp version 2")' }, boot2());
    assert.equal(end.payload, 'success');
    assert.deepEqual(installed, [
      ['lib/lamp.py', false],
      ['boot2.py', true],
    ]);
    installed.length = 0;
    const changed = { ...boot, payload: 'import lamp as light' };
    const again = await push(changed, { ...lamp, payload: 'print("lamp version 2")' }, boot2());
    assert.deepEqual(installed, [['boot.py', true]]);
    assert.deepEqual(
      filesOf(again).map(({ result }) => result),
      ['success', 'unchanged', 'unchanged'],
    );
    installed.length = 0;
    const { payload, output } = await push(changed, boot2());
    assert.deepEqual([payload, output], ['unchanged', 1]);
    assert.deepEqual(installed, []);
  });

  it('is pushed whole again when it has not come whole: the device was not restarted', async () => {
    await start({ skipUnchanged: true, ...patient }, { stallsAfterBytes: 15 });
    await push(boot, big);
    installed.length = 0;
    await push(boot, { ...big, payload: 'x' });
    assert.deepEqual(installed, [
      ['boot.py', false],
      ['big.bin', true],
    ]);
  });

  it('of a device that sleeps is announced when it wakes, the other files right after the first', async () => {
    await start({ announceOn: '{target}/awake' });
    const ended = push(boot, lamp);
    await asleep();
    assert.deepEqual(installed, []);
    await device.say('awake', 'yes');
    assert.equal((await ended).payload, 'success');
    assert.deepEqual(installed, [
      ['boot.py', false],
      ['lib/lamp.py', true],
    ]);
  });

  it('of a device that sleeps and has its first file waits before the second', async () => {
    await start({ announceOn: '{target}/awake', skipUnchanged: true });
    for (const second of [lamp, { ...lamp, payload: 'pass' }]) {
      installed.length = 0;
      const ended = push(boot, second);
      await asleep();
      assert.deepEqual(installed, []);
      await device.say('awake', 'yes');
      assert.equal((await ended).payload, 'success');
    }
    assert.deepEqual(installed, [['lib/lamp.py', true]]);
  });

  it('may be a set of one, and tells its files all the same', async () => {
    await start();
    const end = await push(boot);
    assert.equal(end.payload, 'success');
    assert.deepEqual(
      filesOf(end).map(({ filename }) => filename),
      ['boot.py'],
    );
    assert.deepEqual(installed, [['boot.py', true]]);
    const single = await flow.push({ target: 'nightlamp', ...boot });
    assert.equal(single.ota.files, undefined);
  });

  const boot2 = () => ({ filename: 'boot2.py', payload: 'pass' });
});
