import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { place, TestFlow } from '../peers/test-flow';

const out = { id: 'out', ...place, type: 'mqtt out', broker: 'broker', topic: '', qos: '', retain: '' };
const topics = { prefix: 'homeassistant', baseTopic: 'ota-push' };
const ha = { id: 'ha', ...place, type: 'ota-ha-update', server: 'server', ...topics, wires: [[]] };
const message = { payload: 'x', filename: 'lamp.txt', target: 'nightlamp' };

describe('What the broker has not acknowledged when a flow ends the connection and connects again', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;
  let isConnectedAgain: boolean;

  beforeEach(async () => {
    isConnectedAgain = false;
    broker = await resources.use(startAedes({ acknowledges: () => isConnectedAgain }));
    flow = await resources.use(TestFlow.start({ broker, watched: ['ha', 'out'], more: [out, ha] }));
    await broker.clients.next();
  });

  /** Node-RED makes another client for that: nobody is told of what the one before had. */
  async function connectAgain(): Promise<void> {
    for (const action of ['disconnect', 'connect']) {
      flow.node('out').receive({ action } as never);
      await flow.completed.nextThat((done) => done.action === action);
      isConnectedAgain = true;
    }
  }

  it('is not waited for where it is of an entity: its message is done', async () => {
    flow.node('ha').receive({ ...message } as never);
    await broker.published.next();
    await connectAgain();
    await flow.completed.nextThat(({ target }) => target === message.target);
  });

  it('is not waited for where it is an announcement: its push fails', async () => {
    flow.send(message);
    await broker.published.next();
    await connectAgain();
    const { ota } = await flow.ends.next();
    assert.equal(ota.code, 'publish_failed');
    assert.match(String(ota.message), /Node-RED ended the connection/);
  });
});
