import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Announcement } from '../../nodes/lib/push/announcement';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { RawPeer } from '../peers/raw-peer';
import { SimulatedDevice, takeAll } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, 'lamp ');

describe('A push that may try again', () => {
  let broker: AedesBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;
  let announcements: Inbox<[Announcement, string]>;

  beforeEach(async () => {
    broker = await startAedes();
    device = await SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url, neverConnects: true });
    announcements = new Inbox();
    device.on('announcement', (announcement: Announcement, text: string) => announcements.push([announcement, text]));
  });

  afterEach(async () => {
    await flow.stop();
    await device.stop();
    await broker.stop();
  });

  async function start(push: Record<string, unknown>): Promise<void> {
    const place = { z: 'tab', x: 0, y: 0 };
    flow = await TestFlow.start({
      broker,
      server: { advertise: '127.0.0.1' },
      push: { timeout: '0.3', ...push },
      more: [
        {
          id: 'in',
          ...place,
          type: 'mqtt in',
          broker: 'broker',
          topic: '+/OTA/status',
          qos: '1',
          wires: [['reports']],
        },
        { id: 'reports', ...place, type: 'helper', wires: [] },
      ],
    });
    flow.send({ payload: file, target: 'nightlamp', filename: 'main.py' });
  }

  const firstAttemptOver = () =>
    flow.statuses.nextThat(({ status }) => status?.text === 'nightlamp: ota-push.status.retry-waiting');

  it('does so after a network fault, with the same announcement, port included, and counts its attempts', async () => {
    await start({ retries: '2', retryDelay: '0.05' });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code, ota.attempts], ['timeout', 'no_connection', 3]);
    const texts = announcements.all.map(([, text]) => text);
    assert.deepEqual([texts.length, new Set(texts).size], [3, 1]);
    assert.match(String(ota.remedy), /^127\.0\.0\.1 is this machine itself/);
  });

  it('succeeds at a later attempt, and serves the same bytes for a while to a device that comes for each', async () => {
    await start({ retries: '1', retryDelay: '0.05' });
    await announcements.next();
    const [{ port }] = await announcements.next();
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts, ota.verified], ['success', 2, 'delivered']);
    const again = await RawPeer.start(port, 'takes_all');
    assert.equal((await again.ended()).bytes, file.length);
    await again.stop();
  });

  it('is over at once when the device comes between two attempts', async () => {
    await start({ retries: '1', retryDelay: '60' });
    const [{ port }] = await announcements.next();
    await firstAttemptOver();
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts], ['success', 2]);
  });

  it('succeeds when the device says in the pause that it has the file after all', async () => {
    await start({ retries: '1', retryDelay: '60', verify: 'installed' });
    const [{ port }] = await announcements.next();
    const stalling = await RawPeer.start(port, 'never_closes');
    await firstAttemptOver();
    await device.report('installed');
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts, ota.verified], ['success', 2, 'installed'], String(ota.message));
    assert.equal(announcements.all.length, 1);
    await stalling.stop();
  });

  it('announces again though a stranger has come in the pause', async () => {
    await start({ retries: '1', retryDelay: '0.3' });
    const [{ port }] = await announcements.next();
    await firstAttemptOver();
    const scanner = await RawPeer.start(port, 'closes_at_once');
    await scanner.stop();
    await announcements.next();
    takeAll(port);
    assert.equal((await flow.ends.next()).payload, 'success');
  });

  it('does not give up for what the device could not report before of the attempt that broke', async () => {
    await start({ retries: '1', retryDelay: '0.3', timeout: '1', verify: 'delivered' });
    const [{ port }] = await announcements.next();
    await firstAttemptOver();
    await announcements.next();
    await flow.statuses.nextThat(({ status }) => /status.connect/.test(status?.text ?? ''));
    const heard = once(flow.node('reports'), 'input');
    await device.report('failed', { error: 'timed_out' });
    await heard;
    takeAll(port);
    assert.equal((await flow.ends.next()).payload, 'success');
  });

  it('does not when the device refuses', async () => {
    await start({ retries: '3', verify: 'installed', timeout: '5' });
    await announcements.next();
    await flow.statuses.nextThat(({ status }) => /connect/.test(status?.text ?? ''));
    await device.report('failed', { error: 'no_space' });
    const { ota } = await flow.ends.next();
    assert.deepEqual([ota.code, ota.attempts], ['rejected', 1]);
  });

  it('does after the broker was away', async () => {
    await start({ retries: '5', retryDelay: '0.2' });
    await announcements.next();
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
