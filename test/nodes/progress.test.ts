import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Misbehaviour, SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

describe('The progress of a push', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;

  async function start(push: Record<string, unknown>, misbehaviour: Misbehaviour = {}): Promise<void> {
    broker = await resources.use(startAedes());
    await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, ...misbehaviour }));
    await startFlow(push);
  }

  async function startFlow(push: Record<string, unknown>): Promise<void> {
    flow = await resources.use(TestFlow.start({ broker, push }));
  }

  it('begins with 0 and grows with the bytes that the device has acknowledged, in messages of their own', async () => {
    await start({ progress: true }, { pausesMsAfterEachRead: 25 });
    const payload = Buffer.alloc(8 * 1024 * 1024, '# lamp ');
    flow.send({ payload, target: 'nightlamp', filename: 'main.py', kept: 'with the file' });
    const end = await flow.ends.next();
    assert.equal(end.payload, 'success');
    const percents = flow.progress.all.map((message) => Number(message.payload));
    assert.equal(percents[0], 0);
    assert.ok(percents.length >= 3, percents.join());
    assert.deepEqual(
      percents,
      [...percents].sort((one, other) => one - other),
    );
    for (const { ota, target, kept } of flow.progress.all) {
      assert.deepEqual([ota.id, ota.result, ota.target, target], [end.ota.id, null, 'nightlamp', 'nightlamp']);
      assert.equal(kept, undefined);
    }
    const last = flow.progress.all.at(-1) ?? assert.fail();
    // It is not over while there is progress to tell of.
    assert.equal(last.payload, Math.min(99, Math.floor((100 * Number(last.ota.sent)) / payload.length)));
  });

  it('is told only when its turn has come, once per push, and by no output where it was not asked for', async () => {
    await start({ progress: true });
    const message = () => ({ payload: 'x', target: 'nightlamp', filename: 'main.py' });
    flow.send(message());
    flow.send(message());
    await flow.ends.next();
    await flow.ends.next();
    assert.deepEqual(
      flow.progress.all.map(({ payload, ota }) => [payload, ota.phase]),
      [
        [0, 'queued'],
        [0, 'queued'],
      ],
    );
    await flow.stop();
    await startFlow({});
    await flow.push(message());
    assert.equal(flow.progress.all.length, 0);
  });
});
