import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { type FlowSettings, TestFlow } from '../peers/test-flow';

const connected = 'node-red:common.status.connected';
/** The client tries again soon: which of the two is shown depends on when that is. */
const notConnected = /status\.(disconnected|connecting)/;
const of = 'ota-push.status.';
/** Words that nodes share have the catalogue before them. */
const ofAll = 'node-red-contrib-ota-push/ota-push:ota-push.';
const shared = `${ofAll}status.`;

/** More than kernels hold. */
const large = Buffer.alloc(8_000_000, '#');

describe('the line under a node', () => {
  const resources = resourcesOfEachTest();
  let broker: AedesBroker;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  async function start(settings: Partial<FlowSettings> = {}): Promise<void> {
    flow = await resources.use(TestFlow.start({ broker, ...settings }));
  }
  const device = (hostname: string, behaviour: Behaviour = {}) =>
    resources.use(SimulatedDevice.start({ hostname, brokerUrl: broker.url, ...behaviour }));
  const send = (target: string, more: Record<string, unknown> = {}) =>
    flow.send({ payload: Buffer.from('# lamp'), filename: 'main.py', target, ...more });

  for (const [what, settings] of Object.entries({ push: {}, rollout: { rollout: {} } })) {
    describe(`of a new OTA ${what}`, () => {
      it('says that the broker is connected, in the words of the MQTT nodes', async () => {
        await start(settings);
        const { fill, shape } = await flow.untilStatus(connected);
        assert.deepEqual([fill, shape], ['green', 'dot']);
      });

      it('says that the connection is not there, and why, and when it is there again', async () => {
        const { port } = broker;
        await broker.stop();
        await start(settings);
        const status = await flow.untilStatus(/refused/i);
        assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
        assert.equal(status.text, `node-red:common.status.connecting: ${ofAll}connection.refused`);
        broker = await resources.use(startAedes({ port }));
        await flow.untilStatus(connected);
        await broker.stop();
        await flow.untilStatus(notConnected);
      });

      it('says that there is no server', async () => {
        await start({
          ...settings,
          push: { server: '' },
          ...('rollout' in settings ? { rollout: { server: '' } } : {}),
        });
        const status = await flow.untilStatus(`${shared}no-server`);
        assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
      });

      it('says that the server is not set up, and why', async () => {
        await start({ ...settings, server: { ports: '5-1' } });
        const status = await flow.untilStatus(`${shared}server-problem`);
        assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
      });
    });
  }

  it('says how far a transfer is', async () => {
    await start();
    await device('nightlamp', { stallsAfterBytes: 100_000 });
    send('nightlamp', { payload: Buffer.alloc(1_000_000, '#') });
    const { fill, text } = await flow.untilStatus(/transfer-percent/);
    assert.deepEqual([fill, text], ['blue', `nightlamp: ${of}transfer-percent`]);
  });

  /** A push to `slow` is under way until it is let go on, and one to `breaks` fails meanwhile. */
  async function startSlowAndBreaks(): Promise<SimulatedDevice> {
    await start();
    const slow = await device('slow', { stallsAfterBytes: 10 });
    const reached = slow.next('connected');
    await device('breaks', { closesAfterBytes: 1 });
    send('slow', { payload: large });
    await reached;
    send('breaks', { payload: large });
    return slow;
  }

  it('names a push that is under way, not the one that has just ended, and the failure too', async () => {
    await startSlowAndBreaks();
    const { fill, text } = await flow.untilStatus(/^slow: .*breaks: /);
    assert.equal(fill, 'blue');
    assert.match(text, /^slow: \S+transfer\S* \(ota-push\.status\.several\); breaks: ota-push\.status\.interrupted$/);
  });

  it('keeps a failure in sight until a push to that device succeeds', async () => {
    const slow = await startSlowAndBreaks();
    await flow.untilStatus(/^slow: .*breaks: /);
    slow.goOn();
    const after = await flow.untilStatus(`breaks: ${of}interrupted; slow: ${of}delivered`);
    assert.deepEqual([after.fill, after.shape], ['red', 'ring']);
    await device('other');
    send('other');
    await flow.untilStatus(`breaks: ${of}interrupted; other: ${of}delivered`);
    await device('breaks');
    send('breaks');
    const last = await flow.untilStatus(`breaks: ${of}delivered`);
    assert.deepEqual([last.fill, last.shape], ['green', 'dot']);
  });

  it('forgets failures when everything is reset', async () => {
    await start({ push: { timeout: '0.2' } });
    send('nobody');
    await flow.untilStatus(`nobody: ${of}no_connection`);
    flow.send({ reset: true });
    await flow.untilStatus(connected);
  });

  it('counts and names several failures', async () => {
    await start({ push: { timeout: '0.2' } });
    for (const target of ['one', 'two']) send(target);
    const { fill, text } = await flow.untilStatus(/failures/);
    assert.deepEqual([fill, text], ['red', `${of}failures`]);
  });

  it('says that a device took a file back', async () => {
    await start({ push: { verify: 'running' } });
    const lamp = await device('nightlamp');
    const installed = lamp.next('installed');
    send('nightlamp');
    await installed;
    await lamp.report('rolled_back');
    const { fill } = await flow.untilStatus(`nightlamp: ${of}rolled_back`);
    assert.equal(fill, 'red');
  });

  it('says that the broker is not there where a success was, and the success when it is there again', async () => {
    await start();
    await device('nightlamp');
    send('nightlamp');
    await flow.untilStatus(`nightlamp: ${of}delivered`);
    const { port } = broker;
    await broker.stop();
    await flow.untilStatus(notConnected);
    broker = await resources.use(startAedes({ port }));
    await flow.untilStatus(`nightlamp: ${of}delivered`);
  });

  it('says of a bad input that it was one until a good one comes, as a key that the editor has words for', async () => {
    await start();
    send('not a hostname');
    const { fill } = await flow.untilStatus(`${of}bad_input`);
    assert.equal(fill, 'red');
    await device('nightlamp');
    send('nightlamp');
    await flow.untilStatus(`nightlamp: ${of}delivered`);
  });

  it('tells how many devices of a rollout have failed while it is under way', async () => {
    await start({ rollout: { waves: '1', pause: '-1', timeout: '0.2' } });
    flow.send({ payload: Buffer.from('# lamp'), filename: 'main.py', targets: ['one', 'two'] });
    const { text } = await flow.untilStatus(/paused/);
    assert.equal(text, 'ota-rollout.status.paused, ota-rollout.status.failures');
  });
});
