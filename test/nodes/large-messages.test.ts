import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startAedes, type WatchedBroker } from '../peers/brokers';
import { connectClient } from '../peers/mqtt-client';
import { type Resources, resourcesOfEachTest } from '../peers/resources';
import { root } from '../peers/root';
import { SimulatedDevice } from '../peers/simulated-device';
import { place, TestFlow } from '../peers/test-flow';

const haUpdate = {
  id: 'update',
  type: 'ota-ha-update',
  ...place,
  server: 'server',
  prefix: 'ha',
  baseTopic: '',
  wires: [[]],
};

/** Longer than anything that a device or Home Assistant says. */
const large = Buffer.alloc(1024 * 1024, 'x');

/** Where our own code is: the broker and the device of the test make texts too. */
const ours = ['lib', 'nodes'].map((folder) => join(root, folder, '/'));

/** Notes who of us makes a text of what is large. */
function watchTexts(resources: Resources): string[] {
  const found: string[] = [];
  const usual = Buffer.prototype.toString;
  Buffer.prototype.toString = function (this: Buffer, ...how: Parameters<typeof usual>) {
    const [, , caller = ''] = new Error('who asks').stack?.split('\n') ?? [];
    if (this.length >= large.length && ours.some((folder) => caller.includes(folder))) found.push(caller.trim());
    return usual.apply(this, how);
  };
  resources.defer(() => {
    Buffer.prototype.toString = usual;
  });
  return found;
}

describe('A message of 256 MB, as a broker may pass on', () => {
  const resources = resourcesOfEachTest();

  let broker: WatchedBroker;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const heardBy: [topic: string, ...push: Record<string, unknown>[]][] = [
    ['homeassistant/status'],
    ['ha/status'],
    ['ota-push/update/lamp/install'],
    ['ota-push/update/lamp/state'],
    ['ha/update/ota-push__lamp/config'],
    ['nightlamp/OTA/status'],
    ['nightlamp/awake', { announceOn: 'nightlamp/awake' }],
    ['nightlamp/online', { verify: 'online', onlineTopic: 'nightlamp/online', onlinePayload: 'up' }],
    ['nightlamp/online', { verify: 'online', onlineTopic: 'nightlamp/online' }],
  ];
  for (const [topic, push = {}] of heardBy) {
    it(`is no text that fills the memory, on ${topic} ${JSON.stringify(push)}`, async () => {
      const device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
      const flow = await resources.use(TestFlow.start({ broker, push, more: [haUpdate], watched: ['update'] }));
      const client = await connectClient(resources, broker.url);
      const release = { payload: 'x', filename: 'lamp.bin', target: 'lamp' };
      flow.node('update').receive(release as never);
      await flow.completed.next();
      flow.send({ payload: 'x', filename: 'lamp.bin', target: 'nightlamp' });
      if (push.announceOn) await broker.subscribed.nextThat((one) => one === push.announceOn);
      else await device.next('installed');
      const texts = watchTexts(resources);
      await client.publishAsync(topic, large, { qos: 1 });
      if (push.onlinePayload) await client.publishAsync(topic, String(push.onlinePayload), { qos: 1 });
      assert.equal((await flow.ends.next()).payload, 'success');
      // What comes after it has been heard by the time that this is.
      await client.publishAsync('ota-push/update/nobody/install', 'install', { qos: 1 });
      await broker.subscribed.nextThat((one) => one === 'ha/update/ota-push__nobody/config');
      assert.deepEqual(texts, []);
    });
  }
});
