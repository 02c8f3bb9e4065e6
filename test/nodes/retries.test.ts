import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice, takeAll } from '../peers/simulated-device';
import { listening, TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, '# lamp ');

describe('A push that may try again', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, neverConnects: true }));
  });

  async function start(push: Record<string, unknown>): Promise<void> {
    const patient = { timeout: '2', ...push }; // longer than a busy machine takes for what is to come in time
    flow = await resources.use(TestFlow.start({ broker, push: patient, more: listening('+/OTA/status') }));
    flow.send({ payload: file, target: 'nightlamp', filename: 'main.py' });
  }

  /** Somebody who connects to the port, and stays until the test ends. */
  function visit(port: number): Socket {
    const visitor = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    resources.defer(() => visitor.destroy());
    // Who offers the file may break it off.
    return visitor.on('error', () => visitor.destroy());
  }

  const firstAttemptOver = () => flow.untilStatus('nightlamp: ota-push.status.retry-waiting');

  it('does so after a network fault, with the same announcement, port included, and counts its attempts', async () => {
    await start({ retries: '2', retryDelay: '0.05' });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code, ota.attempts], ['timeout', 'no_connection', 3]);
    const texts = device.announcements.all.map(([, text]) => text);
    assert.deepEqual([texts.length, new Set(texts).size], [3, 1]);
    assert.match(String(ota.remedy), /^127\.0\.0\.1 is this machine itself/);
  });

  it('succeeds at a later attempt, and serves the same bytes for a while to a device that comes for each', async () => {
    await start({ retries: '1', retryDelay: '0.05' });
    await device.announcements.next();
    const [{ port }] = await device.announcements.next();
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts, ota.verified], ['success', 2, 'delivered']);
    assert.equal((await buffer(visit(port))).length, file.length);
  });

  it('is over at once when the device comes between two attempts', async () => {
    await start({ retries: '1', retryDelay: '60' });
    const [{ port }] = await device.announcements.next();
    await firstAttemptOver();
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts], ['success', 2]);
  });

  it('succeeds when the device says in the pause that it has the file after all', async () => {
    await start({ retries: '1', retryDelay: '60', verify: 'installed' });
    const [{ port }] = await device.announcements.next();
    visit(port).resume();
    await firstAttemptOver();
    await device.report('installed');
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts, ota.verified], ['success', 2, 'installed'], String(ota.message));
    assert.equal(device.announcements.all.length, 1);
  });

  it('announces again though a stranger has come in the pause', async () => {
    await start({ retries: '1', retryDelay: '2' });
    const [{ port }] = await device.announcements.next();
    await firstAttemptOver();
    const scanner = visit(port);
    await once(scanner, 'connect');
    scanner.destroy();
    await device.announcements.next();
    takeAll(port);
    assert.equal((await flow.ends.next()).payload, 'success');
  });

  it('does not give up for what the device could not report before of the attempt that broke', async () => {
    await start({ retries: '1', retryDelay: '0.3', verify: 'delivered' });
    const [{ port }] = await device.announcements.next();
    await firstAttemptOver();
    await device.announcements.next();
    await flow.untilStatus(/status.connect/);
    await device.report('failed', { error: 'timed_out' });
    await flow.heard.next();
    takeAll(port);
    assert.equal((await flow.ends.next()).payload, 'success');
  });

  it('gives up at once where the device says in the pause why it broke off, and that is not the network', async () => {
    await start({ retries: '3', retryDelay: '60' });
    const [{ port }] = await device.announcements.next();
    const reader = visit(port);
    await once(reader, 'data');
    reader.resetAndDestroy();
    await firstAttemptOver();
    await device.report('failed', { error: 'connect_failed' });
    await device.report('failed', { error: 'watchdog' });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code], ['failed', 'rejected'], String(ota.message));
    assert.match(String(ota.remedy), /feed=wdt\.feed/);
    assert.equal(device.announcements.all.length, 1);
  });

  it('does not when the device refuses', async () => {
    await start({ retries: '3', verify: 'installed', timeout: '30' });
    await device.announcements.next();
    await flow.untilStatus(/connect/);
    await device.report('failed', { error: 'no_space' });
    const { ota } = await flow.ends.next();
    assert.deepEqual([ota.code, ota.attempts], ['rejected', 1]);
  });

  it('does after the broker was away', async () => {
    await start({ retries: '5', retryDelay: '0.2', timeout: '1' });
    await device.announcements.next();
    broker.dropAll();
    const { payload, ota } = await flow.ends.next();
    assert.equal(payload, 'timeout');
    assert.equal(ota.attempts, 6);
  });

  it('is cancelled while it waits for its next attempt', async () => {
    await start({ retries: '1', retryDelay: '60' });
    await firstAttemptOver();
    flow.send({ reset: true });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code, ota.attempts], ['cancelled', 'cancelled', 1]);
  });
});
