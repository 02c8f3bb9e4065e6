import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { hashOf } from '../../lib/protocol/announcement';
import type { Report } from '../../lib/protocol/report';
import { deviceKey } from '../../lib/protocol/signature';
import { Board } from '../peers/board';
import { startMosquitto, type TestBroker } from '../peers/brokers';
import { describeOnEachBuild } from '../peers/micropython-builds';
import { connectClient } from '../peers/mqtt-client';
import { program } from '../peers/programs';
import { resourcesOfEachTest } from '../peers/resources';
import { temporaryFolder } from '../peers/temporary-folder';
import { type Received, TestFlow } from '../peers/test-flow';

const secret = 'correct horse battery staple';

describeOnEachBuild(['mosquitto'], 'A flow that updates a board with ota.py through mosquitto', (build) => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let board: Board;
  let flow: TestFlow;
  let userDir: string;

  beforeEach(async () => {
    broker = await resources.use(startMosquitto());
    userDir = await temporaryFolder(resources, 'node-and-board');
  });

  async function start(
    push: Record<string, unknown>,
    { isSigned, hasKey }: { isSigned?: boolean; hasKey?: boolean } = {},
  ): Promise<void> {
    const files = { 'main.py': program(broker.port, 1), 'config.json': '{"led": 2}' };
    // What `set_key` leaves.
    const withKey = { ...files, 'ota.key': deviceKey(secret, 'nightlamp'), 'ota.ct0': '[2, [0, ""]]' };
    board = await resources.use(Board.start({ build, files: (hasKey ?? isSigned) ? withKey : files }));
    await board.waitFor('ready');
    flow = await resources.use(
      TestFlow.start({
        broker,
        server: { format: isSigned ? 'signed' : 'basic' },
        push: { filename: 'name', reboot: 'reboot', rebootType: 'msg', ...push },
        mqtt: { protocolVersion: '5' },
        secret,
        userDir,
      }),
    );
  }

  const push = (payload: string | Buffer, name = 'main.py', reboot = true): Promise<Received> =>
    flow.push({ payload, target: 'nightlamp', name, reboot });

  for (const isSigned of [false, true]) {
    const form = isSigned ? 'signed' : 'basic';

    it(`says success when the new program is really back on the broker, in the ${form} form`, async () => {
      await start({ verify: 'running' }, { isSigned });
      const update = program(broker.port, 2);
      const { payload, ota } = await push(update);
      assert.deepEqual([payload, ota.verified, ota.code], ['success', 'running', null], String(ota.message));
      assert.ok(board.lines.includes('lamp version 2'));
      const hash = hashOf(Buffer.from(update), isSigned ? 'sha256' : 'sha1');
      const { counter, ...report } = ota.report as Report;
      assert.deepEqual(report, { state: 'running', file: 'main.py', hash, error: null });
      assert.equal(counter !== undefined, isSigned);
    });

    it(`says success when a file is installed without a restart, in the ${form} form`, async () => {
      await start({ verify: 'running' }, { isSigned });
      const { payload, ota } = await push('{"led": 4}', 'config.json', false);
      assert.deepEqual([payload, ota.verified], ['success', 'installed'], String(ota.message));
      assert.equal(await board.text('config.json'), '{"led": 4}');
      assert.equal(board.boots, 1);
    });

    it(`brings 1 MiB, in the ${form} form`, async () => {
      await start({ verify: 'installed' }, { isSigned });
      const file = randomBytes(1024 * 1024);
      const { payload, ota } = await push(file, 'sounds.bin', false);
      assert.deepEqual([payload, ota.verified, ota.sent], ['success', 'installed', file.length], String(ota.message));
      assert.deepEqual(await board.read('sounds.bin'), file);
    });
  }

  it('says success when the new program speaks on its own topic', async () => {
    await start({ verify: 'online', onlineTopic: '{target}/lamp', onlinePayload: 'new' });
    const speaks = "client.publish('nightlamp/lamp', 'new', retain=True)";
    const { payload, ota } = await push(program(broker.port, 2, speaks));
    assert.deepEqual([payload, ota.verified], ['success', 'online'], String(ota.message));
    assert.ok(board.lines.includes('lamp version 2'));
  });

  it('counts the delivery as the success of a board that has never reported, and its reports from then on', async () => {
    await start({});
    const { payload, ota } = await push('{"led": 3}', 'config.json', false);
    assert.equal(payload, 'success');
    // Nobody waits for its report, which may be faster than the end of its connection.
    assert.ok(['delivered', 'installed'].includes(String(ota.verified)), String(ota.verified));
    // Its report on the first push is there when that on the second is: the broker keeps their order.
    await flow.stop();
    flow = await resources.use(TestFlow.start({ broker, push: { filename: 'name', reboot: 'false' } }));
    assert.equal((await push('{"led": 5}', 'config.json', false)).ota.verified, 'installed');
  });

  for (const isSigned of [false, true]) {
    it(`pushes a set, and restarts the board after the last file, in the ${isSigned ? 'signed' : 'basic'} form`, async () => {
      await start({ verify: 'running', reboot: 'true', rebootType: 'bool' }, { isSigned });
      const lamp = 'def name():\n    return "new lamp"\n';
      const files = [
        { filename: 'lib/lamp.py', payload: lamp },
        { filename: 'main.py', payload: program(broker.port, 2) },
      ];
      const { payload, ota } = await flow.push({ target: 'nightlamp', files });
      assert.deepEqual([payload, ota.verified], ['success', 'running'], String(ota.message));
      assert.deepEqual(
        (ota.files as Received['ota'][]).map(({ verified }) => verified),
        ['installed', 'running'],
      );
      assert.equal(await board.text('lib/lamp.py'), lamp);
      assert.equal(board.boots, 2);
    });
  }

  it('is rejected when the new program does not come up, and the old one is back by itself', async () => {
    await start({ verify: 'running' });
    const { payload, ota } = await push('print("stuck")\nwhile True: pass\n');
    assert.deepEqual([payload, ota.code, ota.verified], ['failed', 'rejected', 'installed'], String(ota.message));
    assert.equal((ota.report as { state: string }).state, 'rolled_back');
    await board.waitFor('ready');
    assert.equal(await board.text('main.py'), program(broker.port, 1));
  });

  it('is rejected with the reason of a board that refuses the name', async () => {
    await start({ verify: 'delivered' });
    const { payload, ota } = await push('import evil\n', 'boot.py', false);
    assert.deepEqual([payload, ota.code], ['failed', 'rejected'], String(ota.message));
    assert.equal((ota.report as { error: string }).error, 'bad_name');
    assert.match(String(ota.remedy), /Choose a name that the board may replace/);
  });

  it('is rejected by a board that has a key and is sent an unsigned announcement', async () => {
    await start({}, { hasKey: true });
    const { payload, ota } = await push('{"led": 4}', 'config.json', false);
    assert.deepEqual([payload, ota.code, ota.device], ['failed', 'rejected', null], String(ota.message));
    assert.equal((ota.report as Report).error, 'unsigned');
    assert.equal(await board.text('config.json'), '{"led": 2}');
  });

  it('comes to nothing with a board that has no key and is sent a signed announcement, and says so', async () => {
    await start({ timeout: '2' }, { isSigned: true, hasKey: false });
    const { payload, ota } = await push('{"led": 4}', 'config.json', false);
    assert.deepEqual([payload, ota.code, ota.device], ['timeout', 'no_connection', null], String(ota.message));
    assert.match(String(ota.remedy), /said no_secret/);
    assert.equal(await board.text('config.json'), '{"led": 2}');
  });

  it('takes a signed update back, and hears of it, while others forge reports of its success', async () => {
    await start({ verify: 'running' }, { isSigned: true });
    const forger = await connectClient(resources, broker.url);
    const installed = once(forger, 'message');
    await forger.subscribeAsync('nightlamp/OTA/status');
    const update = 'print("stuck")\nwhile True: pass\n';
    const ended = push(update);
    await installed;
    const hash = hashOf(Buffer.from(update), 'sha256');
    const forged = { state: 'running', file: 'main.py', hash, error: null };
    await forger.publishAsync('nightlamp/OTA/status', JSON.stringify(forged), { qos: 1 });
    const { payload, ota } = await ended;
    assert.deepEqual([payload, ota.code], ['failed', 'rejected'], String(ota.message));
    assert.equal((ota.report as Report).state, 'rolled_back');
  });
});
