import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { listening, TestFlow } from '../peers/test-flow';

const path = '/ota-server/hostnames';
const topic = '+/OTA/status';

describe('The hostnames that dialogs offer', () => {
  const resources = resourcesOfEachTest();
  let broker: AedesBroker;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    flow = await resources.use(TestFlow.start({ broker, push: { timeout: '0.2' }, more: listening(topic) }));
  });

  const ask = async (question: object) => {
    const { status, body } = await helper.request().get(path).query(question);
    return { status, hostnames: body.hostnames as string[] | undefined };
  };
  const push = (target: string) => flow.push({ payload: Buffer.from('# lamp'), filename: 'main.py', target });

  it('are those of devices that took a file, and not of those that never came', async () => {
    await resources.use(SimulatedDevice.start({ hostname: 'lamp-10', brokerUrl: broker.url }));
    assert.equal((await push('lamp-10')).payload, 'success');
    assert.equal((await push('nobody')).payload, 'timeout');
    assert.deepEqual(await ask({ server: 'server' }), { status: 200, hostnames: ['lamp-10'] });
  });

  it('are those of devices that have reported, up to 50, and those that hold what was typed', async () => {
    await broker.subscribed.nextThat((one) => one === topic);
    const client = await connectClient(resources, broker.url);
    const report = JSON.stringify({ state: 'running', file: 'main.py', hash: '0'.repeat(40) });
    for (let at = 1; at <= 60; at += 1) await client.publishAsync(`lamp-${at}/OTA/status`, report);
    await client.publishAsync('fan/OTA/status', report);
    await client.publishAsync('no report/OTA/status', report);
    await client.publishAsync('radio/OTA/status', 'no report');
    await client.publishAsync('last/OTA/status', report);
    await flow.heard.nextThat((message) => message.topic === 'last/OTA/status');
    const all = await ask({ server: 'server' });
    assert.deepEqual(
      [all.hostnames?.length, ...(all.hostnames?.slice(0, 4) ?? [])],
      [50, 'fan', 'lamp-1', 'lamp-2', 'lamp-3'],
    );
    assert.deepEqual((await ask({ server: 'server', part: 'P-6' })).hostnames, ['lamp-6', 'lamp-60']);
    assert.deepEqual((await ask({ server: 'server', part: 'radio' })).hostnames, []);
  });

  it('are none of a server that is not there, or is another node', async () => {
    for (const server of ['gone', 'push', '__proto__', 'broker']) {
      assert.deepEqual(await ask({ server }), { status: 200, hostnames: [] }, server);
    }
  });

  const nonsense: [string, object][] = [
    ['a question without a server', {}],
    ['two servers', { server: ['server', 'server'] }],
    ['an object as server', { server: { id: 'server' } }],
    ['two texts', { server: 'server', part: ['a', 'b'] }],
    ['a text that is longer than any hostname', { server: 'server', part: 'a'.repeat(65) }],
  ];
  for (const [what, question] of nonsense) {
    it(`are not told for ${what}: 400`, async () => {
      assert.deepEqual(await ask(question), { status: 400, hostnames: undefined });
    });
  }
});
