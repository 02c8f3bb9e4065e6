import assert from 'node:assert/strict';
import { type AedesBehaviour, type AedesBroker, startAedes } from '../peers/brokers';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { type FlowSettings, listening, TestFlow } from '../peers/test-flow';

const reports = '+/OTA/status';
const message = { payload: 'print("lamp")', target: 'nightlamp', filename: 'main.py' };

describe('A broker that forbids a subscription', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;
  let device: SimulatedDevice;

  async function start(answers: AedesBehaviour['answers'], settings: Partial<FlowSettings> = {}): Promise<void> {
    broker = await resources.use(startAedes(answers ? { answers } : {}));
    const more = listening('house/#'); // by an MQTT node of the user's own, on the same connection
    const server = { advertise: '127.0.0.1' };
    flow = await resources.use(TestFlow.start({ broker, server, more, ...settings }));
  }

  async function startDevice(behaviour: Behaviour = {}): Promise<void> {
    const options = { hostname: 'nightlamp', brokerUrl: broker.url, ...behaviour };
    device = await resources.use(SimulatedDevice.start(options));
  }

  /** Resolves when the user's node hears it, at once or as soon as it is connected again. */
  async function userHears(text: string): Promise<void> {
    const client = await connectClient(resources, broker.url);
    await client.publishAsync('house/door', text, { qos: 1, retain: true });
    await flow.heard.nextThat(({ payload }) => payload === text);
  }

  const warned = (words: string) => flow.logged('WARN').filter((line) => line.includes(words));

  it('by ending the connection keeps it after two tries: the subscription is given up, with a warning', async () => {
    await start((topic) => (topic === reports ? 'ended' : 'granted'));
    await flow.untilWarned('warnings.ended');
    await userHears('open');
    assert.equal(broker.asked.all.filter((topic) => topic === reports).length, 2);
    assert.deepEqual(warned('warnings.'), ['ota-server.warnings.ended ota-server.warnings.no-reports']);
  });

  it('by ending the connection gets no further subscription from us when it is connected anew', async () => {
    await start((topic) => (topic === reports ? 'ended' : 'granted'));
    await flow.untilWarned('warnings.ended');
    await userHears('open');
    broker.asked.skip();
    broker.dropAll();
    await broker.asked.nextThat((topic) => topic === 'house/#');
    await userHears('closed');
    assert.equal(broker.asked.all.filter((topic) => topic === reports).length, 2);
    assert.equal(warned('warnings.').length, 1);
  });

  it('by ending the connection is found out also where it keeps the session', async () => {
    await start((topic) => (topic === reports ? 'ended' : 'granted'), {
      mqtt: { cleansession: false, clientid: 'house' },
    });
    await flow.untilWarned('warnings.ended');
    await userHears('open');
    assert.equal(broker.asked.all.filter((topic) => topic === reports).length, 2);
  });

  it('leaves automatic with delivered, also for devices that were heard before', async () => {
    let isForbidden = false;
    await start((topic) => (topic === reports && isForbidden ? 'ended' : 'granted'));
    await broker.subscribed.nextThat((topic) => topic === reports);
    await startDevice();
    await device.report('running', { file: 'main.py', hash: '0'.repeat(40) });
    isForbidden = true;
    broker.dropAll();
    await flow.untilWarned('warnings.ended');
    await userHears('open');
    await startDevice();
    const { payload, ota } = await flow.push({ ...message });
    assert.deepEqual([payload, ota.verified], ['success', 'delivered']);
  });

  it('is named where a push waits for a report that nobody can hear', async () => {
    await start((topic) => (topic === reports ? 'ended' : 'granted'), {
      push: { verify: 'installed', verifyTimeout: '0.2' },
    });
    await flow.untilWarned('warnings.ended');
    await userHears('open');
    await startDevice();
    const { ota } = await flow.push({ ...message });
    assert.equal(ota.code, 'not_verified');
    assert.match(String(ota.remedy), /does not let Node-RED hear reports: let its login read nightlamp\/OTA\/status/);
  });

  it('is not meant by one that ends the connection once, at just that moment', async () => {
    let asked = 0;
    await start((topic) => {
      asked += topic === reports ? 1 : 0;
      return topic === reports && asked === 1 ? 'ended' : 'granted';
    });
    await broker.subscribed.nextThat((topic) => topic === reports);
    await startDevice({ reports: true });
    await device.report('running', { file: 'main.py', hash: '0'.repeat(40) });
    await userHears('open');
    const { ota } = await flow.push({ ...message });
    assert.equal(ota.verified, 'installed');
    assert.deepEqual(warned('warnings.'), []);
  });

  it("of the user's own does not make us give ours up", async () => {
    let isForbidden = true;
    await start((topic) => (topic === 'house/#' && isForbidden ? 'ended' : 'granted'));
    for (let connection = 0; connection < 4; connection += 1) await broker.clients.next();
    isForbidden = false;
    await broker.subscribed.nextThat((topic) => topic === reports);
    assert.deepEqual(warned('warnings.'), []);
  });

  it('by a refusal is warned about too, once, and asked again at each connect', async () => {
    let isForbidden = true;
    await start((topic) => (topic === reports && isForbidden ? 'refused' : 'granted'));
    await flow.untilWarned('warnings.refused');
    broker.asked.skip();
    broker.dropAll();
    await broker.asked.nextThat((topic) => topic === reports);
    await userHears('open'); // after the answer
    isForbidden = false;
    broker.dropAll();
    await broker.subscribed.nextThat((topic) => topic === reports);
    assert.deepEqual(warned('warnings.'), ['ota-server.warnings.refused ota-server.warnings.no-reports']);
  });

  it("is the same for a sleeping device's topic, and for any other of ours", async () => {
    await start((topic) => (topic === 'nightlamp/awake' ? 'ended' : 'granted'), {
      push: { announceOn: '{target}/awake' },
    });
    flow.send({ ...message });
    await flow.untilWarned('warnings.ended');
    await userHears('open');
    assert.deepEqual(warned('warnings.'), ['ota-server.warnings.ended'], 'reports are heard');
    flow.send({ reset: true });
    assert.equal((await flow.ends.next()).payload, 'cancelled');
  });
});
