import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { type AedesBehaviour, type AedesBroker, startAedes } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { type FlowSettings, listening, place, TestFlow } from '../peers/test-flow';

const announcement = 'nightlamp/OTA';
const message = { payload: 'print("lamp")', target: 'nightlamp', filename: 'main.py' };
/** Longer than a test takes: what ends before that was ended by something else. */
const patient = { timeout: '600' };

describe('A broker that ends the connection on a forbidden publication', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;
  let heard: Inbox<string>;

  async function start(endsOn: AedesBehaviour['endsOn'], settings: Partial<FlowSettings> = {}): Promise<void> {
    broker = await resources.use(startAedes(endsOn ? { endsOn } : {}));
    const more = [...listening('house/#'), ...(settings.more ?? [])];
    flow = await resources.use(TestFlow.start({ broker, push: patient, ...settings, more }));
    heard = new Inbox();
    flow.node('heard')?.on('input', ({ payload }) => heard.push(String(payload)));
  }

  const sent = (topic: string) => broker.published.all.filter((one) => one === topic).length;

  /** Resolves when the user's node hears it, at once or as soon as it is connected again. */
  async function userHears(text: string): Promise<void> {
    const client = await connectClient(resources, broker.url);
    await client.publishAsync('house/door', text, { qos: 1, retain: true });
    await heard.nextThat((one) => one === text);
  }

  it('keeps it after two tries: the push fails and says why', async () => {
    await start((topic) => topic === announcement);
    const { payload, ota } = await flow.push({ ...message });
    assert.deepEqual([payload, ota.code], ['failed', 'publish_failed']);
    assert.match(String(ota.message), /it ended the connection on it twice/);
    assert.match(String(ota.remedy), /may publish on nightlamp\/OTA/);
    await userHears('open');
    assert.equal(sent(announcement), 2);
  });

  it('is asked anew by the next push, as it may be allowed by then', async () => {
    let isForbidden = true;
    await start((topic) => topic === announcement && isForbidden);
    await flow.push({ ...message });
    isForbidden = false;
    await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    assert.equal((await flow.push({ ...message })).payload, 'success');
  });

  it('is not meant by one that ends the connection once, at just that moment', async () => {
    let losses = 0;
    await start((topic) => topic === announcement && losses++ === 0);
    await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    assert.equal((await flow.push({ ...message })).payload, 'success');
  });

  it("of the user's own does not make us give ours up", async () => {
    const out = { id: 'out', ...place, type: 'mqtt out', broker: 'broker', topic: 'house/lock', qos: '1', retain: '' };
    let losses = 0;
    await start((topic) => topic === 'house/lock' && losses++ < 3, { more: [out] });
    await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    flow.node('out').receive({ payload: 'shut' } as never);
    assert.equal((await flow.push({ ...message })).payload, 'success');
  });

  it('gets nothing more of an HA update below the same first level, until the next deploy, and a warning', async () => {
    const topics = { prefix: 'homeassistant', baseTopic: 'ota-push' };
    const ha = { id: 'ha', ...place, type: 'ota-ha-update', server: 'server', ...topics, wires: [[]] };
    const userDir = await temporaryFolder(resources, 'ha-update');
    await start((topic) => topic.startsWith('homeassistant/'), { userDir, watched: ['ha'], more: [ha] });
    const server = flow.node('server') as unknown as EventEmitter;
    const offer = (target: string) => {
      flow.node('ha').receive({ ...message, target, version: '1' } as never);
      return flow.completed.next();
    };
    const warned = () => flow.logged('WARN').filter((line) => line.includes('warnings.'));
    const offers = ['nightlamp', 'daylamp', 'desklamp'].map(offer);
    while (warned().length < 2) await once(server, 'call:warn');
    await Promise.all(offers);
    await userHears('open');
    const lost = broker.published.all.filter((topic) => topic.startsWith('homeassistant/'));
    await offer('doorlamp');
    await userHears('shut');
    assert.deepEqual(
      broker.published.all.filter((topic) => topic.startsWith('homeassistant/')),
      lost,
    );
    assert.ok(sent('ota-push/update/doorlamp/state') > 0, 'what is allowed is sent');
    assert.deepEqual(warned(), Array(2).fill('ota-server.warnings.unwritable'));
  });
});
