import assert from 'node:assert/strict';
import type { Device } from '../../lib/devices/device';
import { hashOf } from '../../lib/protocol/announcement';
import type { Report } from '../../lib/protocol/report';
import { deviceKey } from '../../lib/protocol/signature';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import {
  devicesDefaults,
  type FlowSettings,
  listener,
  listening,
  place,
  type Received,
  TestFlow,
} from '../peers/test-flow';

const file = Buffer.from('print("lamp version 1")\n');
const next = Buffer.from('print("lamp version 2")\n');

interface Answer extends Received {
  readonly devices: readonly Device[];
  readonly targets: readonly string[];
}

/** What a flow may do with a device. */
interface Changeable {
  readonly files: { readonly kept: unknown[] }[];
  readonly last: Record<string, unknown>;
}

interface Change extends Received {
  readonly payload: Device | null;
  readonly target: string;
  readonly change: string;
}

describe('An ota-devices', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;
  let answers: Inbox<Answer>;
  let changes: Inbox<Change>;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    answers = new Inbox();
    changes = new Inbox();
  });

  const start = async (
    devices: Record<string, unknown> = {},
    push: Record<string, unknown> = {},
    settings: Partial<FlowSettings> = {},
  ) => {
    const node = { id: 'devices', ...place, type: 'ota-devices', server: 'server', ...devicesDefaults };
    flow = await resources.use(
      TestFlow.start({
        broker,
        push: { timeout: '2', ...push },
        ...settings,
        watched: ['push', 'devices'],
        more: [
          { ...node, wires: [['answers'], ['changes']], ...devices },
          listener('answers'),
          listener('changes'),
          ...listening('+/OTA/status'),
        ],
      }),
    );
    flow.node('answers').on('input', (message) => answers.push(message as unknown as Answer));
    flow.node('changes').on('input', (message) => changes.push(message as unknown as Change));
  };

  const startDevice = (hostname = 'lamp', behaviour: Behaviour = {}) =>
    resources.use(SimulatedDevice.start({ brokerUrl: broker.url, hostname, ...behaviour }));

  const push = (target: string, payload = file) => flow.push({ payload, target, filename: 'main.py' });

  const ask = (message: Record<string, unknown> = {}): Promise<Answer> => {
    flow.node('devices').receive({ payload: 'anything', ...message });
    return answers.next();
  };

  /** Resolves when Node-RED has heard it. */
  const report = async (device: SimulatedDevice, state: Report['state'], more: Partial<Report> = {}) => {
    flow.heard.skip();
    await device.report(state, more);
    await flow.heard.nextThat(({ payload }) => JSON.stringify(payload).includes(state));
  };

  const untilChange = (change: string): Promise<Change> => changes.nextThat((message) => message.change === change);

  it('brings all devices out, as people count them, and what each has', async () => {
    await start();
    for (const hostname of ['lamp-10', 'lamp-2']) await startDevice(hostname);
    for (const target of ['lamp-10', 'lamp-2', 'absent']) await push(target);
    const { payload, devices, targets } = await ask();
    assert.deepEqual(targets, ['absent', 'lamp-2', 'lamp-10']);
    assert.equal(payload, devices);
    const [absent, lamp] = devices;
    assert.deepEqual(
      [absent?.files, absent?.last?.code, absent?.failures?.count, absent?.address],
      [[], 'no_connection', 1, null],
    );
    assert.match(absent?.last?.remedy ?? '', /Check that the device is on/);
    assert.deepEqual([lamp?.address, lamp?.last?.result, lamp?.failures], ['127.0.0.1', 'success', null]);
    const [{ hash, verified, kept = [] } = {}] = lamp?.files ?? [];
    assert.deepEqual([hash, verified, kept.map((one) => one.hash)], [hashOf(file), 'delivered', [hashOf(file)]]);
  });

  it('brings those out that are asked for, and leaves the file in the message to a rollout', async () => {
    await start();
    for (const hostname of ['old', 'new']) await startDevice(hostname);
    await push('old');
    await push('new', next);
    await push('absent', next);
    const some = async (message: Record<string, unknown>) => {
      const { payload, targets, devices } = await ask({ filename: '/files/main.py', payload: next, ...message });
      assert.deepEqual(payload, next);
      assert.deepEqual(
        devices.map(({ target }) => target),
        targets,
      );
      return targets;
    };
    assert.deepEqual(await some({ target: 'old' }), ['old']);
    assert.deepEqual(await some({ target: 'nobody' }), []);
    for (const failed of [true, null, 0]) assert.deepEqual(await some({ failed }), ['absent']);
    assert.deepEqual(await some({ failed: false, target: 'old' }), ['old']);
    assert.deepEqual(await some({ outdated: next }), ['absent', 'old']);
    assert.deepEqual(await some({ outdated: new Uint8Array(file) }), ['absent', 'new']);
    assert.deepEqual(await some({ outdated: hashOf(next) }), ['absent', 'old']);
    assert.deepEqual(await some({ outdated: hashOf(next, 'sha256').slice(0, 8).toUpperCase() }), ['absent', 'old']);
    assert.deepEqual(await some({ outdated: next, failed: true }), ['absent']);
  });

  it('knows devices that only report, and nothing that is no hostname', async () => {
    await start();
    const device = await startDevice('clock');
    await report(device, 'running', { file: 'main.py', hash: hashOf(file) });
    const { devices } = await ask();
    const [clock] = devices;
    assert.equal(devices.length, 1);
    assert.deepEqual([clock?.pushed, clock?.report?.state, clock?.files[0]?.hash], [null, 'running', hashOf(file)]);
  });

  it('believes no report that is not signed where announcements are', async () => {
    const secret = 'correct horse battery staple';
    await start({}, {}, { server: { format: 'signed' }, secret });
    await report(await startDevice('forged'), 'running', { file: 'main.py', hash: hashOf(file) });
    const signing = await startDevice('clock', { key: deviceKey(secret, 'clock') });
    await report(signing, 'installed', { file: 'main.py', hash: hashOf(file, 'sha256'), counter: 1 });
    assert.deepEqual((await ask()).targets, ['clock']);
  });

  it('tells how far a push is that is under way, of a device that nothing else is known of', async () => {
    await start({ watch: true, outputs: 2 }, { timeout: '30' });
    const device = await startDevice('lamp', { stallsAfterBytes: 1000 });
    flow.send({ payload: Buffer.alloc(8_000_000), target: 'lamp', filename: 'big.bin' });
    const { payload } = await untilChange('progress');
    assert.deepEqual([payload?.push?.filename, payload?.last], ['big.bin', null]);
    const [lamp] = (await ask()).devices;
    assert.equal(lamp?.push?.id, payload?.push?.id);
    flow.send({ reset: true });
    const result = await untilChange('result');
    assert.deepEqual([result.payload?.last?.result, result.payload?.push], ['cancelled', null]);
    await device.stop();
  });

  it('tells with Watch what changes: results at once, what devices say, a roll-back, and who was forgotten', async () => {
    await start({ watch: true, outputs: 2 });
    const device = await startDevice();
    await push('lamp');
    const result = await untilChange('result');
    assert.deepEqual([result.target, result.payload?.last?.result], ['lamp', 'success']);
    assert.ok(typeof result._msgid === 'string' && result._msgid !== '');
    await device.report('running', { file: 'main.py', hash: hashOf(file) });
    const seen = await untilChange('seen');
    assert.equal(seen.payload?.files[0]?.verified, 'running');
    await device.report('rolled_back', { file: 'main.py', hash: hashOf(file) });
    const back = await untilChange('rolled_back');
    assert.deepEqual(back.payload?.files, []);
    const { targets } = await ask({ forget: true, target: 'lamp' });
    assert.deepEqual(targets, []);
    const forgotten = await untilChange('forgotten');
    assert.deepEqual([forgotten.target, forgotten.payload], ['lamp', null]);
  });

  it('tells nothing by itself without Watch', async () => {
    await start();
    await startDevice();
    await push('lamp');
    await ask();
    assert.deepEqual(changes.all, []);
  });

  it('forgets one device, and knows it again when it is pushed to', async () => {
    await start();
    for (const hostname of ['lamp', 'clock']) await startDevice(hostname);
    for (const target of ['lamp', 'clock']) await push(target);
    const { payload, targets } = await ask({ forget: true, target: 'lamp' });
    assert.deepEqual([targets, (payload as Device[]).length], [['clock'], 1]);
    await push('lamp');
    assert.deepEqual((await ask({ forget: false })).targets, ['clock', 'lamp']);
  });

  it('gives what is the flow’s to change as it likes', async () => {
    await start();
    await startDevice();
    await push('lamp');
    const [lamp] = (await ask()).devices as unknown as Changeable[];
    lamp?.files[0]?.kept.splice(0);
    if (lamp) lamp.last.result = 'changed';
    const [again] = (await ask()).devices;
    assert.deepEqual([again?.files[0]?.kept.length, again?.last?.result], [1, 'success']);
  });

  it('answers a message that can not be changed by a copy', async () => {
    await start();
    const { targets } = await ask(Object.freeze({ target: 'lamp' }));
    assert.deepEqual(targets, []);
  });

  const refused: [string, Record<string, unknown>, RegExp][] = [
    ['a hostname that is none', { target: 'night lamp' }, /Expected the device's hostname as target/],
    [
      'a text that is no hash',
      { outdated: 'print()', filename: 'main.py' },
      /Expected msg\.outdated as the hash of a file/,
    ],
    ['a hash without a name', { outdated: hashOf(file) }, /Expected the file's name/],
    ['nobody to forget', { forget: true }, /hostname as target, but there is none in msg\.target/],
  ];
  for (const [what, message, says] of refused) {
    it(`refuses ${what}`, async () => {
      await start();
      flow.node('devices').receive(message);
      const { error, ota } = await flow.ends.next();
      assert.match(error?.message ?? '', says);
      assert.equal(ota.code, 'bad_input');
      assert.deepEqual(answers.all, []);
    });
  }

  for (const [server, says] of Object.entries({ '': /no-server/, broker: /server-deleted/, push: /server-deleted/ }))
    it(`says what is wrong with its server: ${server || 'none'}`, async () => {
      await start({ server, watch: true });
      flow.node('devices').receive({});
      assert.match((await flow.ends.next()).error?.message ?? '', says);
    });

  it('refuses bytes whose memory was given away: they would be those of an empty file', async () => {
    await start();
    const outdated = Uint8Array.from(file);
    structuredClone(outdated, { transfer: [outdated.buffer] });
    flow.node('devices').receive({ outdated, filename: 'main.py' } as never);
    assert.match((await flow.ends.next()).error?.message ?? '', /its memory was given away/);
    assert.deepEqual(answers.all, []);
  });
});
