import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Report } from '../../lib/protocol/report';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { listening, TestFlow } from '../peers/test-flow';

const file = Buffer.from('print("lamp version 1")\n');

describe('A push that skips what the device has', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    device = await startDevice();
  });

  const startDevice = () => resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));

  const start = async (push: Record<string, unknown> = {}, userDir?: string) => {
    const settings = { broker, push: { skipUnchanged: true, ...push }, more: listening('+/OTA/status') };
    flow = await resources.use(TestFlow.start({ ...settings, ...(userDir === undefined ? {} : { userDir }) }));
  };

  /** Resolves when Node-RED has heard it. */
  async function report(state: Report['state'], more: Partial<Report> = {}): Promise<void> {
    const heard = once(flow.node('heard'), 'input');
    await device.report(state, more);
    await heard;
  }

  const result = async (changes: Record<string, unknown> = {}) => {
    const { payload, output } = await flow.push({
      payload: file,
      target: 'nightlamp',
      filename: 'main.py',
      ...changes,
    });
    return [payload, output];
  };

  it('says unchanged at its first output, announces nothing, and shows a green dot', async () => {
    await start();
    assert.deepEqual(await result(), ['success', 1]);
    assert.deepEqual(await result(), ['unchanged', 1]);
    const { ota } = flow.ends.all[1] ?? assert.fail();
    assert.deepEqual(
      [ota.result, ota.code, ota.phase, ota.verified, ota.port],
      ['unchanged', null, 'done', 'delivered', null],
    );
    assert.equal(device.announcements.all.length, 1);
    const status = await flow.untilStatus(/unchanged/);
    assert.deepEqual([status.fill, status.shape], ['green', 'dot']);
  });

  it('pushes other bytes, other files and to other devices', async () => {
    await start();
    await result();
    assert.deepEqual(await result({ payload: Buffer.from('print("lamp version 2")\n') }), ['success', 1]);
    assert.deepEqual(await result(), ['success', 1], 'the last success counts, not any before');
    assert.deepEqual(await result({ filename: 'boot.py' }), ['success', 1]);
  });

  it('sees what the push before it has come to, though both were asked for at once', async () => {
    await start();
    const message = () => ({ payload: file, target: 'nightlamp', filename: 'main.py' });
    flow.send(message());
    flow.send(message());
    assert.deepEqual([(await flow.ends.next()).payload, (await flow.ends.next()).payload], ['success', 'unchanged']);
  });

  it('does not trust a mere delivery to a device that reports', async () => {
    await start({ verify: 'delivered' });
    await result();
    await report('running', { file: 'boot.py' });
    assert.deepEqual(await result(), ['success', 1]);
  });

  it('trusts a delivery that the device has confirmed since', async () => {
    await start({ verify: 'delivered' });
    await result();
    await report('running');
    assert.deepEqual(await result(), ['unchanged', 1]);
  });

  it('knows it again after a restart, whatever node had pushed it', async () => {
    const userDir = await temporaryFolder(resources, 'unchanged');
    await start({ skipUnchanged: false }, userDir);
    assert.deepEqual(
      [await result(), await result()],
      [
        ['success', 1],
        ['success', 1],
      ],
    );
    await flow.stop();
    await start({}, userDir);
    assert.deepEqual(await result(), ['unchanged', 1]);
  });

  for (const [what, state, more] of [
    ['took it back', 'rolled_back', {}],
    ['refused the next', 'failed', { hash: '0'.repeat(40), error: 'no_space' }],
    ['runs another', 'running', { hash: '0'.repeat(40) }],
  ] as const) {
    it(`forgets a success when the device reports that it ${what}`, async () => {
      await start({ verify: 'installed' });
      const installed = device.next('installed').then(() => device.report('installed'));
      assert.deepEqual(await result(), ['success', 1]);
      await installed;
      assert.deepEqual(await result(), ['unchanged', 1]);
      await report(state, more);
      device.once('installed', () => void device.report('installed'));
      assert.deepEqual(await result(), ['success', 1]);
    });
  }

  it('forgets a success when a later push to the device fails', async () => {
    await start({ timeout: '2' });
    await result();
    await device.stop();
    assert.deepEqual(await result({ payload: Buffer.from('print("lamp version 2")\n') }), ['timeout', 2]);
    await startDevice();
    assert.deepEqual(await result(), ['success', 1]);
  });
});
