import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { deviceKey } from '../../lib/protocol/signature';
import { startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { TestFlow } from '../peers/test-flow';

const hourMs = 3_600_000;
const secret = 's'.repeat(32);
const large = Buffer.alloc(8 * 1024 * 1024, '# lamp ');
const message = { payload: large, target: 'nightlamp', filename: 'lamp.bin' };

/**
 * The clock of this process, with Node-RED, its MQTT client and the broker in it. The system's own would be everybody's; and there is
 * no other way for JavaScript to ask it for the time. Timers go by another one, which cannot be set.
 */
class Clock {
  readonly #now = Date.now;
  #aheadMs = 0;

  constructor() {
    Date.now = () => this.#now.call(Date) + this.#aheadMs;
  }

  jump(ms: number): void {
    this.#aheadMs += ms;
  }

  stop(): void {
    Date.now = this.#now;
  }
}

describe('A clock that jumps by an hour', () => {
  const resources = resourcesOfEachTest();
  let clock: Clock;
  let device: SimulatedDevice;
  let flow: TestFlow;

  async function stage(behaviour: Behaviour, push: Record<string, unknown>): Promise<void> {
    clock = await resources.use(new Clock());
    const userDir = await temporaryFolder(resources, 'clock');
    const broker = await resources.use(startAedes());
    const key = deviceKey(secret, 'nightlamp');
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, key, ...behaviour }));
    const server = { format: 'signed' };
    flow = await resources.use(TestFlow.start({ broker, server, secret, userDir, push, mqtt: { keepalive: '1' } }));
  }

  const counterOf = (at: number) => Number(device.announcements.all.at(at)?.[1].split('|')[6]);

  for (const [where, jumpMs] of [
    ['forward', hourMs],
    ['back', -hourMs],
  ] as const) {
    it(`${where} in mid-transfer and while the device's word is waited for: a success, and no duration of an hour`, async () => {
      await stage({ stallsAfterBytes: 100_000 }, { verify: 'installed' });
      const pushing = flow.push({ ...message });
      await device.next('connected');
      clock.jump(jumpMs);
      device.goOn();
      await flow.untilStatus(/verify/);
      clock.jump(jumpMs);
      await device.report('installed');
      const { payload, ota } = await pushing;
      assert.equal(payload, 'success');
      for (const duration of Object.values(ota.durations)) assert.ok(duration >= 0 && duration < hourMs);
    });

    it(`${where} before another attempt: it begins after its pause, and not an hour later`, async () => {
      await stage({ neverConnects: true }, { timeout: '0.3', retries: '1', retryDelay: '0.3' });
      // Timers of one length end in their order: each of these two begins, and so ends, before the push's own.
      const inPause = setTimeout(300)
        .then(() => setTimeout(300))
        .then(() => device.announcements.all.length);
      const pushing = flow.push({ ...message });
      await flow.untilStatus(/retry-waiting/);
      clock.jump(jumpMs);
      assert.equal(await inPause, 1, 'announcements before its end');
      const { payload, ota } = await pushing;
      assert.deepEqual([payload, ota.code, ota.attempts], ['timeout', 'no_connection', 2]);
    });

    it(`${where} between two signed pushes: the counter grows`, async () => {
      await stage({ reports: true }, {});
      assert.equal((await flow.push({ ...message })).payload, 'success');
      clock.jump(jumpMs);
      assert.equal((await flow.push({ ...message })).payload, 'success');
      assert.ok(counterOf(1) > counterOf(0), `${counterOf(0)}, then ${counterOf(1)}`);
    });
  }

  it('forward, and back to the right time after a push: the next is one newer, and the device takes it', async () => {
    await stage({ reports: true }, {});
    clock.jump(hourMs);
    assert.equal((await flow.push({ ...message })).payload, 'success');
    clock.jump(-hourMs);
    assert.equal((await flow.push({ ...message })).payload, 'success');
    assert.equal(counterOf(1), counterOf(0) + 1);
  });
}).timeout(30_000);
