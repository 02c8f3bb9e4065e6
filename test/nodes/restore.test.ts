import assert from 'node:assert/strict';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../../lib/protocol/announcement';
import { deviceKey } from '../../lib/protocol/signature';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { listening, type Received, TestFlow } from '../peers/test-flow';

const bytesOf = (version: number) => Buffer.from(`print("lamp version ${version}")\n`);
const sha1 = (version: number) => hashOf(bytesOf(version));

describe('A file that a device had', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let userDir: string;
  let flow: TestFlow;
  const installed = new Map<string, string>();

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    userDir = await temporaryFolder(resources, 'restore');
    installed.clear();
  });

  const startDevice = async (hostname = 'nightlamp', behaviour: Behaviour = {}) => {
    const device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, hostname, ...behaviour }));
    device.on('installed', (_filename: string, bytes: Buffer) => installed.set(hostname, bytes.toString()));
    return device;
  };

  const start = async (settings: Record<string, Record<string, unknown>> = {}, secret?: string) => {
    const signing = secret === undefined ? {} : { secret };
    flow = await resources.use(
      TestFlow.start({ broker, userDir, more: listening('+/OTA/status'), ...signing, ...settings }),
    );
  };

  const push = (version: number, target = 'nightlamp') =>
    flow.push({ payload: bytesOf(version), target, filename: 'main.py' });
  const restore = (wanted: unknown, more: Record<string, unknown> = {}) =>
    flow.push({ target: 'nightlamp', filename: 'main.py', restore: wanted, ...more });
  const has = (hostname = 'nightlamp') => installed.get(hostname);

  it('is pushed again by msg.restore: the one before, further back with each, and then there is none', async () => {
    await startDevice();
    await start();
    for (const version of [1, 2, 3, 4]) assert.equal((await push(version)).payload, 'success');
    for (const version of [3, 2]) {
      const { payload, output, ota } = await restore(true);
      assert.deepEqual([payload, output, ota.hash, ota.filename], ['success', 1, sha1(version), 'main.py']);
      assert.equal(has(), bytesOf(version).toString());
    }
    const { output, error } = await restore(true);
    assert.equal(output, 0);
    assert.match(
      error?.message ?? '',
      /No main\.py is kept before the one that nightlamp has: the OTA server keeps the last ones .* \(keep\)\. Send the file itself\.$/,
    );
  });

  it('is pushed again by its hash or its first 8 digits, after a restart too, and out of a folder that only its owner reads', async () => {
    await startDevice();
    await start();
    for (const version of [1, 2, 3]) await push(version);
    await flow.stop();
    await start();
    assert.equal((await restore(sha1(1))).payload, 'success');
    assert.equal(has(), bytesOf(1).toString());
    assert.equal((await restore(hashOf(bytesOf(3), 'sha256').slice(0, 8).toUpperCase())).payload, 'success');
    assert.equal(has(), bytesOf(3).toString());
    await flow.stop();
    const folder = join(userDir, 'ota-push', 'files-server');
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await readdir(folder)).length, 3);
  });

  it('follows a push that has failed, by the message that says so, and is what the device had with success', async () => {
    const device = await startDevice();
    await start({ push: { timeout: '2' } });
    for (const version of [1, 2]) await push(version);
    await device.stop();
    const failed = await push(3);
    assert.deepEqual([failed.payload, failed.output], ['timeout', 2]);
    await startDevice();
    assert.equal((await flow.push({ ...failed, _msgid: 'again', restore: true })).payload, 'success');
    assert.equal(has(), bytesOf(1).toString());
  });

  it('is not what the device has taken back', async () => {
    const device = await startDevice();
    await start({ push: { verify: 'installed' } });
    device.on('installed', () => void device.report('installed'));
    for (const version of [1, 2, 3]) assert.equal((await push(version)).payload, 'success');
    await device.report('rolled_back');
    await flow.heard.nextThat(({ payload }) => JSON.stringify(payload).includes('rolled_back'));
    assert.equal((await restore(true)).payload, 'success');
    assert.equal(has(), bytesOf(1).toString(), 'it has the second one again, and the first is before that');
    assert.equal((await restore(sha1(3))).output, 0);
  });

  it('comes back signed too, also where it was pushed before announcements were', async () => {
    const secret = 'correct horse battery staple';
    await startDevice('nightlamp', { key: deviceKey(secret, 'nightlamp'), reports: true });
    await start();
    for (const version of [1, 2]) assert.equal((await push(version)).payload, 'success');
    await flow.stop();
    await start({ server: { format: 'signed' } }, secret);
    assert.equal((await push(3)).payload, 'success');
    for (const version of [2, 1]) {
      const { payload, ota } = await restore(true);
      assert.deepEqual([payload, ota.hash], ['success', hashOf(bytesOf(version), 'sha256')]);
      assert.equal(has(), bytesOf(version).toString());
    }
    assert.equal((await restore(sha1(3))).output, 0, 'of the signed form only SHA-256 was announced');
    assert.equal((await restore(hashOf(bytesOf(3), 'sha256'))).payload, 'success');
  });

  it('is checked as any other file', async () => {
    await startDevice();
    await start({ push: { check: false } });
    await flow.push({ payload: Buffer.from('print('), target: 'nightlamp', filename: 'main.py' });
    await push(2);
    await flow.stop();
    await start();
    assert.match((await restore(true)).error?.message ?? '', /main\.py does not compile/);
  });

  it('is said to be gone where its bytes are, or are others', async () => {
    await startDevice();
    await start();
    for (const version of [1, 2]) await push(version);
    await flow.stop();
    const folder = join(userDir, 'ota-push', 'files-server');
    await writeFile(join(folder, `${hashOf(bytesOf(1), 'sha256')}.bin`), 'others');
    await start();
    assert.match((await restore(true)).error?.message ?? '', /kept bytes of main\.py can't be read: they are damaged/);
    await rm(folder, { recursive: true });
    assert.match((await restore(true)).error?.message ?? '', /kept bytes of main\.py can't be read: ENOENT/);
  });

  it('is kept no more where the server keeps none', async () => {
    await startDevice();
    await start({ server: { keep: '0' } });
    for (const version of [1, 2]) await push(version);
    assert.match((await restore(true)).error?.message ?? '', /No main\.py is kept/);
    await flow.stop();
    assert.deepEqual(await readdir(join(userDir, 'ota-push')), ['devices-server.jsonl']);
  });

  const refused: [string, unknown, Record<string, unknown>, RegExp][] = [
    ['seven digits', 'abcdef0', {}, /Expected msg\.restore as true, or as a hash or its first 8 digits, got "abcdef0"/],
    ['a word', 'yesterday', {}, /got "yesterday"/],
    ['a number', 1, {}, /got 1/],
    ['an empty text', '', {}, /got an empty text/],
    ['a hash that none has', 'abcdef01', {}, /No main\.py is kept of nightlamp with the hash abcdef01/],
    ['a set as well', true, { files: [{ filename: 'a.py', payload: 'a' }] }, /without msg\.files/],
    ['no name of a file', true, { filename: undefined }, /Expected the file's name/],
    ['no device', true, { target: undefined }, /Expected the device's hostname/],
    ['a file of another name', true, { filename: 'boot.py' }, /No boot\.py is kept before/],
  ];
  for (const [what, wanted, more, says] of refused) {
    it(`is not restored by ${what}, and nothing is announced`, async () => {
      await startDevice();
      await start();
      for (const version of [1, 2]) await push(version);
      const { output, ota, error } = await restore(wanted, more);
      assert.deepEqual([output, ota.code], [0, 'bad_input']);
      assert.match(error?.message ?? '', says);
      assert.equal(has(), bytesOf(2).toString());
    });
  }

  for (const nothing of [false, null, undefined]) {
    it(`is not asked for by ${nothing}`, async () => {
      await startDevice();
      await start();
      await push(1);
      const { payload } = await restore(nothing, { payload: bytesOf(2) });
      assert.equal(payload, 'success');
      assert.equal(has(), bytesOf(2).toString());
    });
  }

  describe('and many others had', () => {
    /** What came out of a rollout, up to its end. */
    const untilEnd = async (): Promise<Received[]> => {
      const all: Received[] = [];
      for (;;) {
        const message = await flow.ends.next();
        all.push(message);
        if (message.output !== 1) return all;
      }
    };

    const rollOut = (version: number, targets: readonly string[]) => {
      flow.send({ payload: bytesOf(version), filename: 'main.py', targets });
      return untilEnd();
    };

    it('comes back to each of them: what that one had', async () => {
      for (const hostname of ['lamp', 'clock']) await startDevice(hostname);
      await start({ rollout: {} });
      await rollOut(1, ['lamp', 'clock']);
      await rollOut(2, ['lamp']);
      await rollOut(3, ['lamp', 'clock']);
      flow.send({ filename: 'main.py', targets: ['lamp', { target: 'clock', room: 'hall' }], restore: true });
      const messages = await untilEnd();
      assert.equal(messages.at(-1)?.payload, 'complete');
      assert.deepEqual(Object.fromEntries(installed), { lamp: bytesOf(2).toString(), clock: bytesOf(1).toString() });
      assert.equal(messages.find(({ target }) => target === 'clock')?.room, 'hall');
      flow.send({ filename: 'main.py', targets: ['lamp', 'clock'], restore: sha1(3) });
      assert.equal((await untilEnd()).at(-1)?.payload, 'complete');
      assert.deepEqual(new Set(installed.values()), new Set([bytesOf(3).toString()]));
    });

    it('comes back to none where one of them has none', async () => {
      for (const hostname of ['lamp', 'clock']) await startDevice(hostname);
      await start({ rollout: {} });
      await rollOut(1, ['lamp']);
      await rollOut(2, ['lamp', 'clock']);
      flow.send({ filename: 'main.py', targets: ['lamp', 'clock'], restore: true });
      const [{ output, error } = assert.fail()] = await untilEnd();
      assert.equal(output, 0);
      assert.match(error?.message ?? '', /No main\.py is kept before the one that clock has/);
      assert.equal(installed.get('lamp'), bytesOf(2).toString());
    });
  });
});
