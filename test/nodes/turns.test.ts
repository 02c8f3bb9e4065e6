import assert from 'node:assert/strict';
import type { Announcement } from '../../lib/protocol/announcement';
import { freePort, startAedes, type TestBroker } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Misbehaviour, SimulatedDevice } from '../peers/simulated-device';
import { type FlowSettings, place, pushDefaults, type Received, serverDefaults, TestFlow } from '../peers/test-flow';

const hostnames = ['nightlamp', 'daylamp', 'heater', 'fan'];

describe('Many pushes', () => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let flow: TestFlow;
  let announced: Announcement[];
  let underWay: number;
  let mostUnderWay: number;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    const devices = await Promise.all(hostnames.map((hostname) => startDevice(hostname)));
    announced = [];
    underWay = 0;
    mostUnderWay = 0;
    for (const device of devices) {
      device.on('announcement', (announcement: Announcement) => {
        announced.push(announcement);
        underWay += 1;
        mostUnderWay = Math.max(mostUnderWay, underWay);
      });
      device.on('installed', () => {
        underWay -= 1;
      });
    }
  });

  const startDevice = (hostname: string, misbehaviour: Misbehaviour = {}) =>
    resources.use(SimulatedDevice.start({ hostname, brokerUrl: broker.url, ...misbehaviour }));

  async function start(settings: Omit<FlowSettings, 'broker'> = {}): Promise<void> {
    flow = await resources.use(TestFlow.start({ broker, ...settings }));
  }

  async function pushAll(server: Record<string, unknown>, times = 1): Promise<void> {
    await start({ server });
    for (let turn = 0; turn < times; turn += 1) {
      for (const target of hostnames) flow.send({ payload: `turn = ${turn}`, target, filename: 'main.py' });
    }
    for (let n = 0; n < hostnames.length * times; n += 1) {
      const end: Received = await flow.ends.next();
      assert.equal(end.payload, 'success', String(end.ota.message));
    }
  }

  it('wait for the only port, and all get it', async () => {
    const port = await freePort();
    await pushAll({ ports: String(port) }, 2);
    assert.deepEqual(new Set(announced.map((one) => one.port)), new Set([port]));
    assert.equal(mostUnderWay, 1);
  });

  it('over two servers of one Node-RED wait for the only port of both', async () => {
    const port = String(await freePort());
    const other = { ...serverDefaults, advertise: '127.0.0.1', ports: port, broker: 'broker' };
    const wires = [['output1'], ['output2'], ['output3']];
    const more = [
      { id: 'server2', type: 'ota-server', ...other },
      { id: 'push2', ...place, type: 'ota-push', ...pushDefaults, server: 'server2', wires },
    ];
    await start({ server: { ports: port }, more });
    for (const [number, target] of hostnames.entries()) {
      flow.node(number % 2 ? 'push2' : 'push').receive({ payload: 'turn', target, filename: 'main.py' });
    }
    for (const _ of hostnames) {
      const end: Received = await flow.ends.next();
      assert.equal(end.payload, 'success', String(end.ota.message));
    }
    assert.equal(mostUnderWay, 1);
  });

  it('take the ports of a range in turn', async () => {
    const first = await freePort();
    await pushAll({ ports: `${first}-${first + 2}`, concurrency: '1' });
    assert.deepEqual(
      announced.map((one) => one.port - first),
      [0, 1, 2, 0],
    );
  });

  it('are at most as many at once as the server allows', async () => {
    await pushAll({ concurrency: '2' }, 2);
    assert.ok(mostUnderWay <= 2, `${mostUnderWay} were under way at once`);
  });

  it('to one device come one after the other, in order', async () => {
    await start();
    for (let turn = 0; turn < 5; turn += 1)
      flow.send({ payload: `turn = ${turn}`, target: 'fan', filename: `${turn}.py` });
    const filenames: unknown[] = [];
    for (let turn = 0; turn < 5; turn += 1) filenames.push((await flow.ends.next()).ota.filename);
    assert.deepEqual(filenames, ['0.py', '1.py', '2.py', '3.py', '4.py']);
    assert.equal(mostUnderWay, 1);
  });

  it('to one device go on when one that waits is cancelled', async () => {
    const never = await startDevice('garage', { neverConnects: true });
    await start();
    const first = never.next('announcement');
    flow.send({ payload: 'one', target: 'garage', filename: '1.py' });
    flow.send({ payload: 'two', target: 'garage', filename: '2.py' });
    await first;
    flow.send({ reset: true, target: 'garage' });
    const ends = [await flow.ends.next(), await flow.ends.next()];
    assert.deepEqual(
      ends.map(({ payload }) => payload),
      ['cancelled', 'cancelled'],
    );
    const second = never.next('announcement');
    flow.send({ payload: 'three', target: 'garage', filename: '3.py' });
    assert.equal(((await second)[0] as Announcement).filename, '3.py');
  });

  it('carry on for other devices when one device is cancelled', async () => {
    const never = await startDevice('garage', { neverConnects: true });
    await start();
    const waiting = never.next('announcement');
    flow.send({ payload: 'one', target: 'garage', filename: '1.py' });
    await waiting;
    flow.send({ reset: true, target: 'fan' });
    assert.equal((await flow.push({ payload: 'one', target: 'fan', filename: '1.py' })).payload, 'success');
    assert.equal(flow.ends.all.length, 1);
  });

  it('are cancelled by a reset that comes right behind them', async () => {
    await start();
    flow.send({ payload: 'one', target: 'fan', filename: '1.py' });
    flow.send({ reset: true });
    assert.equal((await flow.ends.next()).payload, 'cancelled');
    assert.equal(announced.length, 0);
  });

  it('are cancelled by a reset that comes while their message is still being read', async () => {
    const push = { target: '$lowercase(name)', targetType: 'jsonata', file: '$string(payload)', fileType: 'jsonata' };
    await start({ push });
    flow.send({ payload: 'one', name: 'FAN', filename: '1.py' });
    flow.send({ payload: 'two', name: 'HEATER', filename: '2.py' });
    flow.send({ reset: true, name: 'FAN' });
    const ends: Received[] = [await flow.ends.next(), await flow.ends.next()];
    const payloads = Object.fromEntries(ends.map(({ ota, payload }) => [String(ota.target), payload]));
    assert.deepEqual(payloads, { fan: 'cancelled', heater: 'success' });
  });
});
