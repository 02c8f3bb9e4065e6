import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type AedesBehaviour,
  type AedesBroker,
  type Publication,
  startAedes,
  startMosquitto,
  type TestBroker,
} from '../peers/brokers';
import { FirstGenerationDevice } from '../peers/first-generation-device';
import { connectClient } from '../peers/mqtt-client';
import { describeNeeding, itNeeding } from '../peers/needing';
import type { PeerName } from '../peers/peers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { lamps, SimulatedFleet } from '../peers/simulated-fleet';
import { temporaryFolder } from '../peers/temporary-folder';
import { type FlowSettings, listener, listening, place, type Received, TestFlow } from '../peers/test-flow';

const announcements = 'nightlamp/OTA';
const message = { payload: 'print("lamp")\n', target: 'nightlamp', filename: 'lamp.py' };
/** Clients of Node-RED's broker nodes are called so. */
const isNodeRed = (clientId: string) => clientId.startsWith('nodered');

const warningsOf = (flow: TestFlow) => flow.logged('WARN').filter((line) => line.startsWith('ota-server.warnings.'));

const kinds: [what: string, keeps: AedesBehaviour['keeps'], questions: number][] = [
  ['as if it were retained', 'retained', 1],
  ['and sends it again as a new one after each subscription', 'resent', 2],
];

for (const [what, keeps, questions] of kinds) {
  describe(`A broker that keeps every message ${what}`, () => {
    const resources = resourcesOfEachTest();

    let broker: AedesBroker;
    let flow: TestFlow;
    let device: SimulatedDevice;
    /** How often Node-RED has asked for its own announcements. */
    let asked: number;

    async function start(settings: Partial<FlowSettings> = {}): Promise<void> {
      asked = 0;
      const answers: AedesBehaviour['answers'] = (topic, clientId) => {
        asked += topic === announcements && isNodeRed(clientId) ? 1 : 0;
        return 'granted';
      };
      broker = await resources.use(startAedes({ answers, ...(keeps ? { keeps } : {}) }));
      flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' }, ...settings }));
    }

    const startDevice = async (behaviour: Behaviour = {}) => {
      const options = { hostname: 'nightlamp', brokerUrl: broker.url, ...behaviour };
      device = await resources.use(SimulatedDevice.start(options));
    };

    const cleared = async () => {
      const { retain } = await broker.packets.nextThat(({ topic, text }) => topic === announcements && text === '');
      assert.equal(retain, true);
    };

    const warned = () => flow.untilWarned('ota-server.warnings.');

    itNeeding(['micropython'], 'lets a first-generation device restart once for each push', async () => {
      await start({ push: { timeout: '3' } });
      if (keeps === 'resent') {
        // It is found out in 0.4 seconds: less than a board takes to restart, more than this one does.
        flow.send({ ...message, target: 'daylamp' });
        await warned();
        flow.send({ reset: true });
        await flow.ends.next();
      }
      const board = await resources.use(
        FirstGenerationDevice.start({ hostname: 'nightlamp', brokerPort: broker.port }),
      );
      assert.equal((await flow.push({ ...message })).payload, 'success');
      await board.waitFor('@reset reboot');
      await board.waitFor('@ready');
      if (keeps === 'resent') await board.waitFor(/^@(ignored|reset)/);
      await cleared();
      flow.send({ ...message, filename: 'other.py' });
      await board.waitFor('@installed other.py');
      assert.equal(board.boots, 2);
    });

    it('is found out once per connection, and warned about once', async () => {
      await start();
      await startDevice();
      for (let number = 1; number <= 2; number += 1) {
        assert.equal((await flow.push({ ...message })).payload, 'success');
        await cleared();
      }
      assert.equal(asked, questions);
      broker.clients.skip();
      broker.dropAll();
      await broker.clients.nextThat(isNodeRed);
      await startDevice();
      assert.equal((await flow.push({ ...message })).payload, 'success');
      await cleared();
      assert.equal(asked, 2 * questions);
      assert.deepEqual(warningsOf(flow), ['ota-server.warnings.kept']);
    });

    it('has nothing of a push that nobody came for', async () => {
      await start({ push: { timeout: '0.2' } });
      assert.equal((await flow.push({ ...message })).payload, 'timeout');
      await cleared();
    });

    it('has nothing of a push that was cancelled', async () => {
      await start();
      flow.send({ ...message });
      await warned();
      flow.send({ reset: true });
      assert.equal((await flow.ends.next()).payload, 'cancelled');
      await cleared();
    });

    it('has nothing of a push that ended with its node', async () => {
      await start();
      flow.send({ ...message });
      await warned();
      await flow.stop();
      await cleared();
    });

    it('has nothing of a delivered file while its device is waited for, which may restart meanwhile', async () => {
      await start({ push: { verify: 'installed' } });
      await startDevice();
      flow.send({ ...message });
      await cleared();
      assert.equal(flow.ends.all.length, 0);
    });

    it('has nothing of a push that ended while the connection was lost', async () => {
      await start();
      flow.send({ ...message });
      await warned();
      broker.dropAll();
      flow.send({ reset: true });
      assert.equal((await flow.ends.next()).payload, 'cancelled');
      await cleared();
    });

    it('makes no success of what the device said long ago', async () => {
      const push = { verify: 'online', onlineTopic: '{target}/online', timeout: '2', verifyTimeout: '0.6' };
      await start({ push });
      flow.send({ ...message, target: 'daylamp' });
      await warned();
      await startDevice();
      await device.say('online', 'yes');
      flow.send({ reset: true });
      await flow.ends.next();
      assert.equal((await flow.push({ ...message })).ota.code, 'not_verified');
    });

    it('wakes no push again and again by what the device said long ago', async () => {
      await start({ push: { announceOn: '{target}/awake', timeout: '0.5', waitHours: '0.0004' } });
      await startDevice({ neverConnects: true });
      await device.say('awake', 'yes');
      assert.equal((await flow.push({ ...message })).ota.code, 'no_connection');
      const announced = broker.packets.all.filter(({ topic, text }) => topic === announcements && text !== '');
      assert.equal(announced.length, keeps === 'resent' ? 1 : 0, 'once before the broker is known');
    });

    it('has nothing of a press of Install, which it would press again after each start of Node-RED', async () => {
      const userDir = await temporaryFolder(resources, 'ha-update');
      const topics = { prefix: 'homeassistant', baseTopic: 'ota-push' };
      const ha = {
        id: 'ha',
        ...place,
        type: 'ota-ha-update',
        server: 'server',
        ...topics,
        wires: [['push', 'pressed']],
      };
      const command = 'ota-push/update/nightlamp/install';
      const more = [ha, listener('pressed'), ...listening('house/#')];
      const settings = { userDir, watched: ['push', 'ha'], more, push: { timeout: '0.5' } };
      await start(settings);
      const offer = async (version: string) => {
        flow.node('ha').receive({ ...message, version } as never);
        await flow.completed.nextThat(({ version: offered }) => offered === version);
      };
      await offer('1');
      const client = await connectClient(resources, broker.url);
      await client.publishAsync('house/door', 'shut', { qos: 1 });
      await client.publishAsync(command, 'install', { qos: 1 });
      const isCleared = ({ topic, text, retain }: Publication) => topic === command && text === '' && retain;
      await broker.packets.nextThat(isCleared);
      await offer('2');
      await flow.stop();
      broker.subscribed.skip();
      flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' }, ...settings }));
      const pressed: unknown[] = [];
      flow.node('pressed').on('input', (press) => pressed.push(press));
      await broker.subscribed.nextThat((topic) => topic === 'ota-push/update/+/install');
      // Whoever subscribes later is sent what is kept later.
      const kept = once(client, 'message');
      await client.subscribeAsync('house/door');
      await kept;
      await client.publishAsync('house/door', 'open', { qos: 1 });
      await flow.heard.nextThat(({ payload }) => String(payload) === 'open');
      assert.deepEqual(pressed, []);
    });

    it('has nothing of any device of a rollout', async () => {
      await start({ rollout: { timeout: '0.2' } });
      const targets = ['lamp01', 'lamp02', 'lamp03', 'nightlamp'];
      flow.send({ ...message, targets });
      const left = new Set(targets.map((target) => `${target}/OTA`));
      while (left.size > 0) left.delete((await broker.packets.nextThat(({ text }) => text === '')).topic);
    });
  });
}

const others: [what: string, protocolVersion: string, needed: PeerName[], startBroker: () => Promise<TestBroker>][] = [
  ['MQTT 3.1.1', '4', [], () => startAedes()],
  ['MQTT 3.1.1 through Mosquitto', '4', ['mosquitto'], () => startMosquitto()],
  ['MQTT 5', '5', ['mosquitto'], () => startMosquitto()],
];

for (const [what, protocolVersion, needed, startBroker] of others) {
  describeNeeding(needed, `A broker that keeps what is retained only, over ${what}`, () => {
    const resources = resourcesOfEachTest();

    it('is never cleared of anything, though a node of the user hears all that is published', async () => {
      const broker = await resources.use(startBroker());
      const flow = await resources.use(
        TestFlow.start({
          broker,
          mqtt: { protocolVersion },
          server: { advertise: '127.0.0.1' },
          push: { timeout: '0.3', retries: '2', retryDelay: '0' },
          more: listening('#', { nl: false, rap: true, rh: '0' }),
        }),
      );
      const lineOf = ({ topic, payload }: Received) => `${topic} ${String(payload).slice(0, 4)}`;
      const client = await connectClient(resources, broker.url);
      await client.publishAsync('marker', 'first', { qos: 1, retain: true });
      await flow.heard.nextThat(({ topic }) => topic === 'marker');
      assert.equal((await flow.push({ ...message })).payload, 'timeout');
      await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
      assert.equal((await flow.push({ ...message })).payload, 'success');
      await client.publishAsync('marker', 'last', { qos: 1 });
      await flow.heard.nextThat((one) => lineOf(one) === 'marker last');
      const announced = flow.heard.all.map(lineOf).filter((line) => line.startsWith(announcements));
      assert.deepEqual(new Set(announced), new Set([`${announcements} 127.`]));
      assert.deepEqual(warningsOf(flow), []);
    });
  });
}

describe('Pushes to one device, one right after the other', () => {
  const resources = resourcesOfEachTest();

  it('do not subscribe each to the announcements, to see whether the broker keeps them', async () => {
    const pushes = 30;
    let asked = 0;
    const answers: AedesBehaviour['answers'] = (topic, clientId) => {
      asked += topic === announcements && isNodeRed(clientId) ? 1 : 0;
      return 'granted';
    };
    const broker = await resources.use(startAedes({ answers }));
    const flow = await resources.use(TestFlow.start({ broker }));
    await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
    const startedAt = performance.now();
    for (let number = 1; number <= pushes; number += 1) {
      assert.equal((await flow.push({ ...message })).payload, 'success');
    }
    const seconds = (performance.now() - startedAt) / 1000;
    assert.ok(asked <= 1 + seconds, `${asked} times in ${seconds} s`);
  });
});

describe('A broker that forbids Node-RED to hear its own announcements', () => {
  const resources = resourcesOfEachTest();

  const forbiddings = [
    ['by ending the connection', 'ended', 2],
    ['by a refusal', 'refused', 1],
  ] as const;
  for (const [how, answer, connections] of forbiddings) {
    it(`${how} is asked once, and pushes go on without a warning`, async () => {
      let asked = 0;
      const answers: AedesBehaviour['answers'] = (topic, clientId) => {
        const isQuestion = topic.endsWith('/OTA') && isNodeRed(clientId);
        asked += isQuestion ? 1 : 0;
        return isQuestion ? answer : 'granted';
      };
      const broker = await resources.use(startAedes({ answers }));
      const flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' } }));
      const fleet = await resources.use(SimulatedFleet.start(broker.url, lamps(3)));
      for (const target of fleet.devices.keys()) {
        assert.equal((await flow.push({ ...message, target })).payload, 'success');
        if (target === 'lamp01') for (let n = 0; n < connections; n += 1) await broker.clients.nextThat(isNodeRed);
      }
      assert.equal(asked, 1);
      assert.deepEqual(warningsOf(flow), []);
      assert.equal(broker.clients.all.filter(isNodeRed).length, connections);
    });
  }
});
