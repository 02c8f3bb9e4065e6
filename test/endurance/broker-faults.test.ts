import assert from 'node:assert/strict';
import { connectAsync } from 'mqtt';
import { type AedesBroker, freePort, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(8 * 1024 * 1024, '# lamp ');
const message = { payload: file, target: 'nightlamp', filename: 'main.bin' };

describe('A broker that goes away', () => {
  const resources = resourcesOfEachTest();

  let port: number;
  let broker: AedesBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;

  async function stage(behaviour: Behaviour = {}, push: Record<string, unknown> = {}): Promise<void> {
    port = await freePort();
    broker = await resources.use(startAedes({ port }));
    device = await startDevice(behaviour);
    flow = await resources.use(TestFlow.start({ broker, push, mqtt: { clientid: 'node-red' } }));
  }

  const startDevice = (behaviour: Behaviour = {}) =>
    resources.use(SimulatedDevice.start({ brokerUrl: broker.url, ...behaviour }));

  /** The broker ends every connection, and is there again with nothing of what it knew. */
  async function restart(): Promise<void> {
    await broker.stop();
    broker = await resources.use(startAedes({ port }));
  }

  it('and is back before the announcement: the push waits for it', async () => {
    await stage();
    await broker.stop();
    const pushing = flow.push({ ...message });
    await flow.untilStatus('nightlamp: ota-push.status.announce-waiting');
    broker = await resources.use(startAedes({ port }));
    device = await startDevice();
    assert.equal((await pushing).payload, 'success');
    assert.ok(device.files.get('main.bin')?.equals(file));
  });

  it('with the announcement, which it has not acknowledged: the same bytes are announced again', async () => {
    port = await freePort();
    broker = await resources.use(startAedes({ port, acknowledges: () => false }));
    flow = await resources.use(TestFlow.start({ broker, push: { timeout: '3', retries: '2', retryDelay: '0' } }));
    const pushing = flow.push({ ...message });
    const { text } = await broker.packets.nextThat(({ topic }) => topic === 'nightlamp/OTA');
    await broker.stop();
    broker = await resources.use(startAedes({ port }));
    device = await startDevice();
    assert.equal((await pushing).payload, 'success');
    assert.ok(device.announcements.all.length > 0);
    assert.deepEqual(
      device.announcements.all.map(([, heard]) => heard),
      device.announcements.all.map(() => text),
    );
  });

  it('after the announcement, before the device has come: it comes all the same', async () => {
    await stage({ connectsAfterMs: 500 });
    const pushing = flow.push({ ...message });
    await device.next('announcement');
    await restart();
    assert.equal((await pushing).payload, 'success');
  });

  it('in mid-transfer: the file goes on', async () => {
    await stage({ stallsAfterBytes: 100_000 });
    const pushing = flow.push({ ...message });
    await device.next('connected');
    await restart();
    device.goOn();
    assert.equal((await pushing).payload, 'success');
    assert.ok(device.files.get('main.bin')?.equals(file));
  });

  it('between the delivery and the report: the report that comes later counts', async () => {
    await stage({}, { verify: 'installed' });
    const pushing = flow.push({ ...message });
    await device.next('installed');
    const announced = device.announcements.all.at(-1)?.[0];
    await restart();
    await broker.subscribed.nextThat((topic) => topic === '+/OTA/status');
    assert.ok(announced);
    const report = { state: 'installed', file: announced.filename, hash: announced.hash, error: null };
    const client = await connectAsync(broker.url, { reconnectPeriod: 0 });
    resources.defer(() => client.endAsync(true));
    await client.publishAsync('nightlamp/OTA/status', JSON.stringify(report), { qos: 1 });
    const { payload, ota } = await pushing;
    assert.deepEqual([payload, ota.verified], ['success', 'installed']);
  });

  it("and another client takes Node-RED's session: the transfer goes on, and so does the next push", async () => {
    await stage({ stallsAfterBytes: 100_000 });
    const pushing = flow.push({ ...message });
    await device.next('connected');
    const thief = await connectAsync(broker.url, { clientId: 'node-red', reconnectPeriod: 0 });
    resources.defer(() => thief.endAsync(true));
    device.goOn();
    assert.equal((await pushing).payload, 'success');
    assert.equal((await flow.push({ ...message, filename: 'second.bin' })).payload, 'success');
    assert.ok(device.files.get('second.bin')?.equals(file));
  });

  it('for good: the push says so, and nothing of it is sent when the broker is back (protocol 1.6)', async () => {
    await stage({}, { timeout: '0.5' });
    await broker.stop();
    assert.equal((await flow.push({ ...message })).ota.code, 'broker_offline');
    broker = await resources.use(startAedes({ port }));
    await broker.subscribed.nextThat((topic) => topic === '+/OTA/status');
    assert.ok(!broker.published.all.includes('nightlamp/OTA'));
  });
}).timeout(30_000);
