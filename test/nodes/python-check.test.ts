import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { haUpdateDefaults, place, TestFlow } from '../peers/test-flow';

const broken = 'import machine\n\ndef blink(:\n    pass\n';
const refusal =
  /^Error: main\.py does not compile, line 3: SyntaxError: invalid syntax, in "def blink\(:", says MicroPython \d+\.\d+\.\d+\. To send it all the same, switch "Check Python before it is sent" \(check\) off\.$/;
const toOne = { filename: 'main.py', target: 'nightlamp' };

describe('Python that does not compile', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;
  let device: SimulatedDevice;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    device = await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
  });

  const start = async (settings: Partial<Parameters<typeof TestFlow.start>[0]> = {}) => {
    flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' }, ...settings }));
  };

  const ofHome = (settings: Record<string, unknown> = {}) => ({
    id: 'ha',
    type: 'ota-ha-update',
    ...place,
    server: 'server',
    ...haUpdateDefaults,
    wires: [['push']],
    ...settings,
  });

  const assertRefused = async (message: Record<string, unknown>, says: RegExp) => {
    const { output, error, ota } = await flow.push(message);
    assert.equal(output, 0);
    assert.match(error?.message ?? '', says);
    assert.equal(ota.code, 'bad_input');
    assert.deepEqual(broker.published.all, []);
  };

  for (const [what, payload] of [
    ['a text', broken],
    ['bytes', Buffer.from(broken)],
    ['a Uint8Array', new Uint8Array(Buffer.from(broken))],
  ] as const) {
    it(`is not announced, be it ${what}: file, line, what is wrong, who says so and what to do are told`, async () => {
      await start();
      await assertRefused({ ...toOne, payload }, refusal);
      await assertRefused({ ...toOne, payload }, refusal);
      assert.equal((await flow.push({ ...toOne, payload: 'print("whole")' })).payload, 'success');
    });
  }

  it('is refused in a set before its first file is announced', async () => {
    await start();
    const files = [
      { filename: 'lib/lamp.py', payload: 'x = 1' },
      { filename: 'main.py', payload: broken },
    ];
    await assertRefused({ target: 'nightlamp', files }, refusal);
  });

  it('is refused in a rollout before its first device is announced to', async () => {
    await start({ rollout: {} });
    await assertRefused({ filename: 'main.py', targets: ['nightlamp', 'daylamp'], payload: broken }, refusal);
    assert.equal(flow.ends.all.length, 1);
  });

  it('is refused by an HA update when it is offered, and changes nothing', async () => {
    const userDir = await temporaryFolder(resources, 'ha-update');
    await start({ userDir, watched: ['ha'], more: [ofHome()] });
    flow.node('ha').receive({ ...toOne, payload: broken } as never);
    assert.match((await flow.caught.next()).error?.message ?? '', refusal);
    assert.deepEqual(broker.published.all, []);
    flow.node('ha').receive({ ...toOne, payload: 'print("whole")', version: '2' } as never);
    const { topic } = await broker.packets.next();
    assert.match(topic, /^homeassistant\/update\//);
  });

  it('is offered by an HA update that does not check', async () => {
    const userDir = await temporaryFolder(resources, 'ha-update');
    await start({ userDir, watched: ['ha'], more: [ofHome({ check: false })] });
    flow.node('ha').receive({ ...toOne, payload: broken } as never);
    await broker.packets.nextThat(({ topic }) => topic.startsWith('homeassistant/update/'));
    assert.deepEqual(flow.caught.all, []);
  });

  it('is sent where the dialog says so, and so is an empty main.py', async () => {
    await start({ push: { check: false } });
    for (const payload of [broken, '', '\ufeffprint()']) {
      assert.equal((await flow.push({ ...toOne, payload })).payload, 'success');
      assert.deepEqual(device.files.get('main.py'), Buffer.from(payload));
    }
  });

  it('is refused too by a node of a version that had no such property', async () => {
    await start({ push: { check: undefined } });
    await assertRefused({ ...toOne, payload: broken }, refusal);
  });

  it('is refused whatever else takes time: sources that are read from elsewhere', async () => {
    await start({ push: { filename: '"main.py"', filenameType: 'jsonata' } });
    await assertRefused({ target: 'nightlamp', payload: broken }, refusal);
  });

  it('is told of in words when it is empty, and when an editor of Windows has saved it', async () => {
    await start();
    await assertRefused({ ...toOne, payload: Buffer.alloc(0) }, /main\.py is empty: a board that starts with it/);
    await assertRefused({ ...toOne, filename: 'boot.py', payload: '\n' }, /boot\.py is empty/);
    await assertRefused({ ...toOne, payload: '\ufeffprint()' }, /byte order mark \(BOM\).*without BOM/);
    await assertRefused({ ...toOne, payload: Buffer.from('print()', 'utf16le') }, /UTF-16.*save it as UTF-8/);
  });
});

describe('A file that is being checked', () => {
  const resources = resourcesOfEachTest();

  it('is sent before what came after it and needs no check', async () => {
    const broker = await resources.use(startAedes());
    const device = await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    const order: string[] = [];
    device.on('announcement', ({ filename }: { filename: string }) => order.push(filename));
    const flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' } }));
    for (const filename of ['first.py', 'second.bin', 'third.py']) flow.send({ ...toOne, filename, payload: 'x = 1' });
    for (const _ of [1, 2, 3]) assert.equal((await flow.ends.next()).payload, 'success');
    assert.deepEqual(order, ['first.py', 'second.bin', 'third.py']);
  });

  it('is not sent when a reset comes meanwhile', async () => {
    const broker = await resources.use(startAedes());
    const flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' } }));
    flow.send({ ...toOne, payload: 'x = 1' });
    flow.send({ reset: true });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code], ['cancelled', 'cancelled']);
    assert.deepEqual(broker.published.all, []);
  });

  it('passes with a warning where it is too much for the checker', async () => {
    const broker = await resources.use(startAedes());
    await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    const flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' } }));
    const payload = Buffer.alloc(64 * 1024 * 1024, '#');
    assert.equal((await flow.push({ ...toOne, payload })).payload, 'success');
    assert.equal(flow.logged('WARN').filter((line) => /ota-server\.warnings\.unchecked/.test(line)).length, 1);
  });
});
