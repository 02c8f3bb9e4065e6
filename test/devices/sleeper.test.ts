import assert from 'node:assert/strict';
import { Board, example } from '../peers/board';
import { freePort, startAedes, type TestBroker } from '../peers/brokers';
import { describeOnEachBuild } from '../peers/micropython-builds';
import { connectClient, hear } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { digest, SmallSender } from '../peers/small-sender';
import { TestFlow } from '../peers/test-flow';

const SLEEPS = '@sleep 600000';

/** Starts of a trial that are over at once, and end in the third that counts: each is a tenth of one. */
const SHORT_STARTS = 20;

/** The example as its user fills it in, which prints its version; two seconds of listening are enough here. */
async function sleeper(brokerPort: number, version: number): Promise<string> {
  const settings = {
    "'192.168.1.10'": "'127.0.0.1'",
    '1883': `${brokerPort}`,
    'LISTEN = 5': `LISTEN = 2\nprint('sensor version ${version}')`,
  };
  let text = await example('sleeper.py');
  for (const [shipped, own] of Object.entries(settings)) {
    assert.ok(text.includes(shipped), shipped);
    text = text.replace(shipped, own);
  }
  return text;
}

describeOnEachBuild([], 'A board that runs sleeper.py', (build) => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let board: Board;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    const files = { 'main.py': await sleeper(broker.port, 1), 'config.json': 'old' };
    board = await resources.use(Board.start({ build, files }));
    await board.waitFor(SLEEPS);
    flow = await resources.use(TestFlow.start({ broker, push: { announceOn: '{target}/awake', verify: 'running' } }));
  });

  /** Sends it to the board, which is asleep. */
  async function send(message: Record<string, unknown>): Promise<void> {
    flow.send({ target: 'GARDEN', ...message });
    await flow.untilStatus(/waiting-waiting/);
  }

  it('takes an update when it wakes, restarts into it, reports that it runs, and sleeps', async () => {
    const update = await sleeper(broker.port, 2);
    await send({ filename: 'main.py', payload: update });
    await board.wake();
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.verified, ota.attempts], ['success', 'running', 1], String(ota.message));
    await board.waitFor('sensor version 2');
    await board.waitFor(SLEEPS);
    assert.equal(await board.text('main.py'), update);
    assert.equal(await board.exists('main.py.ota-old'), false);
  });

  it('stays awake for all files of a set', async () => {
    const files = [
      { filename: 'config.json', payload: 'new' },
      { filename: 'lib/night.py', payload: 'LEVEL = 3\n' },
      { filename: 'main.py', payload: await sleeper(broker.port, 2) },
    ];
    await send({ files });
    await board.wake();
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.verified], ['success', 'running'], String(ota.message));
    await board.waitFor('sensor version 2');
    await board.waitFor(SLEEPS);
    assert.equal(await board.text('config.json'), 'new');
  });

  it('is awake for the next file where one has taken longer than it listens', async () => {
    const sender = await resources.use(SmallSender.connect(broker, 'GARDEN'));
    const awake = await hear(await connectClient(resources, broker.url), 'GARDEN/awake');
    await board.wake();
    assert.equal((await awake.next()).text, 'yes');
    const port = await sender.listen((socket) => setTimeout(() => socket.end('new'), 2500));
    await sender.announce(`127.0.0.1|${port}|config.json|${digest('new')}|0`);
    await sender.reports.nextThat(({ state }) => state === 'installed');
    await sender.push('night.json', 'late', '|0');
    await sender.reports.nextThat(({ file }) => file === 'night.json');
    await board.waitFor(SLEEPS);
    assert.equal(await board.text('night.json'), 'late');
  });

  it('sleeps again where its broker is not there, and takes what waits when that is back', async () => {
    const away = await freePort();
    await board.write({ 'main.py': await sleeper(away, 1) });
    await board.wake();
    await board.waitFor(SLEEPS);
    await board.write({ 'main.py': await sleeper(broker.port, 1) });
    await send({ filename: 'main.py', payload: await sleeper(broker.port, 2) });
    await board.wake();
    assert.equal((await flow.ends.next()).payload, 'success');
  });

  it('takes back an update that never finds its broker, after twenty short starts, and says so when it is back', async () => {
    const reports = await hear(await connectClient(resources, broker.url), 'GARDEN/OTA/status');
    await send({ filename: 'main.py', payload: await sleeper(await freePort(), 2) });
    await board.wake();
    for (let start = 0; start < SHORT_STARTS; start += 1) {
      await board.waitFor('sensor version 2');
      await board.waitFor(SLEEPS);
      await board.wake();
    }
    await board.waitFor('sensor version 1');
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code], ['failed', 'rejected'], String(ota.message));
    assert.equal((ota.report as { state: string }).state, 'rolled_back');
    assert.equal(JSON.parse((await reports.nextThat(({ text }) => text.includes('rolled_back'))).text).file, 'main.py');
    await board.waitFor(SLEEPS);
  });
});
