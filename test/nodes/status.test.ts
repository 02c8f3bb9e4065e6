import assert from 'node:assert/strict';
import type { SimulatedDevice } from '../peers/simulated-device';
import { Stage } from '../peers/stage';

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
  const stage = new Stage();
  const send = (target: string, more: Record<string, unknown> = {}) =>
    stage.flow.send({ payload: Buffer.from('# lamp'), filename: 'main.py', target, ...more });

  for (const [what, settings] of Object.entries({ push: {}, rollout: { rollout: {} } })) {
    describe(`of a new OTA ${what}`, () => {
      it('says that the broker is connected, in the words of the MQTT nodes', async () => {
        await stage.startFlow(settings);
        const { fill, shape } = await stage.flow.untilStatus(connected);
        assert.deepEqual([fill, shape], ['green', 'dot']);
      });

      it('says that the connection is not there, and why, and when it is there again', async () => {
        const { port } = stage.broker;
        await stage.broker.stop();
        await stage.startFlow(settings);
        const status = await stage.flow.untilStatus(/refused/i);
        assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
        assert.equal(status.text, `node-red:common.status.connecting: ${ofAll}connection.refused`);
        await stage.startBroker({ port });
        await stage.flow.untilStatus(connected);
        await stage.broker.stop();
        await stage.flow.untilStatus(notConnected);
      });

      it('says that there is no server', async () => {
        await stage.startFlow({
          ...settings,
          push: { server: '' },
          ...('rollout' in settings ? { rollout: { server: '' } } : {}),
        });
        const status = await stage.flow.untilStatus(`${shared}no-server`);
        assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
      });

      it('says that the server is not set up, and why', async () => {
        await stage.startFlow({ ...settings, server: { ports: '5-1' } });
        const status = await stage.flow.untilStatus(`${shared}server-problem`);
        assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
      });
    });
  }

  it('says how far a transfer is', async () => {
    await stage.startFlow();
    await stage.startDevice('nightlamp', { stallsAfterBytes: 100_000 });
    send('nightlamp', { payload: Buffer.alloc(1_000_000, '#') });
    const { fill, text } = await stage.flow.untilStatus(/transfer-percent/);
    assert.deepEqual([fill, text], ['blue', `nightlamp: ${of}transfer-percent`]);
  });

  /** A push to `slow` is under way until it is let go on, and one to `breaks` fails meanwhile. */
  async function startSlowAndBreaks(): Promise<SimulatedDevice> {
    await stage.startFlow();
    const slow = await stage.startDevice('slow', { stallsAfterBytes: 10 });
    const reached = slow.next('connected');
    await stage.startDevice('breaks', { closesAfterBytes: 1 });
    send('slow', { payload: large });
    await reached;
    send('breaks', { payload: large });
    return slow;
  }

  it('names a push that is under way, not the one that has just ended, and the failure too', async () => {
    await startSlowAndBreaks();
    const { fill, text } = await stage.flow.untilStatus(/^slow: .*breaks: /);
    assert.equal(fill, 'blue');
    assert.match(text, /^slow: \S+transfer\S* \(ota-push\.status\.several\); breaks: ota-push\.status\.interrupted$/);
  });

  it('keeps a failure in sight until a push to that device succeeds', async () => {
    const slow = await startSlowAndBreaks();
    await stage.flow.untilStatus(/^slow: .*breaks: /);
    slow.goOn();
    const after = await stage.flow.untilStatus(`breaks: ${of}interrupted; slow: ${of}delivered`);
    assert.deepEqual([after.fill, after.shape], ['red', 'ring']);
    await stage.startDevice('other');
    send('other');
    await stage.flow.untilStatus(`breaks: ${of}interrupted; other: ${of}delivered`);
    await stage.startDevice('breaks');
    send('breaks');
    const last = await stage.flow.untilStatus(`breaks: ${of}delivered`);
    assert.deepEqual([last.fill, last.shape], ['green', 'dot']);
  });

  it('forgets failures when everything is reset', async () => {
    await stage.startFlow({ push: { timeout: '0.2' } });
    send('nobody');
    await stage.flow.untilStatus(`nobody: ${of}no_connection`);
    stage.flow.send({ reset: true });
    await stage.flow.untilStatus(connected);
  });

  it('counts and names several failures', async () => {
    await stage.startFlow({ push: { timeout: '0.2' } });
    for (const target of ['one', 'two']) send(target);
    const { fill, text } = await stage.flow.untilStatus(/failures/);
    assert.deepEqual([fill, text], ['red', `${of}failures`]);
  });

  it('says that a device took a file back', async () => {
    await stage.startFlow({ push: { verify: 'running' } });
    const lamp = await stage.startDevice('nightlamp');
    const installed = lamp.next('installed');
    send('nightlamp');
    await installed;
    await lamp.report('rolled_back');
    const { fill } = await stage.flow.untilStatus(`nightlamp: ${of}rolled_back`);
    assert.equal(fill, 'red');
  });

  it('says that the broker is not there where a success was, and the success when it is there again', async () => {
    await stage.startFlow();
    await stage.startDevice('nightlamp');
    send('nightlamp');
    await stage.flow.untilStatus(`nightlamp: ${of}delivered`);
    const { port } = stage.broker;
    await stage.broker.stop();
    await stage.flow.untilStatus(notConnected);
    await stage.startBroker({ port });
    await stage.flow.untilStatus(`nightlamp: ${of}delivered`);
  });

  it('says of a bad input that it was one until a good one comes, as a key that the editor has words for', async () => {
    await stage.startFlow();
    send('not a hostname');
    const { fill } = await stage.flow.untilStatus(`${of}bad_input`);
    assert.equal(fill, 'red');
    await stage.startDevice('nightlamp');
    send('nightlamp');
    await stage.flow.untilStatus(`nightlamp: ${of}delivered`);
  });

  it('tells how many devices of a rollout have failed while it is under way', async () => {
    await stage.startFlow({ rollout: { waves: '1', pause: '-1', timeout: '0.2' } });
    stage.flow.send({ payload: Buffer.from('# lamp'), filename: 'main.py', targets: ['one', 'two'] });
    const { text } = await stage.flow.untilStatus(/paused/);
    assert.equal(text, 'ota-rollout.status.paused, ota-rollout.status.failures');
  });
});
