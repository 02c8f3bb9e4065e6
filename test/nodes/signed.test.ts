import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../../lib/protocol/announcement';
import { deviceKey, signatureOf } from '../../lib/protocol/signature';
import { startAedes, type TestBroker } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { TestFlow } from '../peers/test-flow';

const secret = 'correct horse battery staple';
const key = deviceKey(secret, 'nightlamp');
const file = Buffer.from('print("lamp version 2")\n');

describe('A signed push', () => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;
  let userDir: string;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    userDir = await temporaryFolder(resources, 'signed');
    device = await startDevice();
  });

  const startDevice = (behaviour: Behaviour = {}) =>
    resources.use(SimulatedDevice.start({ brokerUrl: broker.url, key, ...behaviour }));

  async function start(push: Record<string, unknown> = {}, given: string | null = secret): Promise<void> {
    const server = { format: given === null ? 'basic' : 'signed' };
    const credentials = given === null ? {} : { secret: given };
    flow = await resources.use(TestFlow.start({ broker, server, push, userDir, ...credentials }));
  }

  const send = () => flow.send({ payload: file, target: 'nightlamp', filename: 'main.py' });

  /** The fields of the next announcement. */
  async function announced(): Promise<string[]> {
    const [, text] = (await device.next('announcement')) as [unknown, string];
    return text.split('|');
  }

  it('announces eight fields, signed with the key of this device alone (protocol 6)', async () => {
    await start();
    const before = Date.now();
    const next = announced();
    send();
    const fields = await next;
    assert.equal(fields.length, 8);
    const [, , filename, hash, reboot, size, counter, mac] = fields;
    assert.deepEqual([filename, hash, reboot, size], ['main.py', hashOf(file, 'sha256'), '1', String(file.length)]);
    assert.ok(Number(counter) >= before && Number(counter) <= Date.now());
    const signedText = fields.slice(0, 7).join('|');
    assert.equal(mac, signatureOf(signedText, deviceKey(secret, 'nightlamp')));
    assert.notEqual(mac, signatureOf(signedText, deviceKey(secret, 'daylamp')));
    await flow.untilStatus('nightlamp: ota-push.status.verify');
    await device.report('installed');
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.verified, ota.hash], ['success', 'installed', hashOf(file, 'sha256')]);
  });

  for (const verify of ['auto', 'delivered']) {
    it(`is no success on delivery alone when ${verify} counts, since a board without the module keeps its old file`, async () => {
      await start({ verify, verifyTimeout: '0.5' });
      send();
      const { payload, ota } = await flow.ends.next();
      assert.deepEqual([payload, ota.code, ota.verified], ['timeout', 'not_verified', 'delivered']);
      assert.match(String(ota.remedy), /put ota\.py and its key on nightlamp/);
    });
  }

  it('keeps its counters over a restart of Node-RED, and starts without them where the file is broken', async () => {
    await start({ verifyTimeout: '0.2' });
    const first = announced();
    send();
    const [, , , , , , counter] = await first;
    await flow.ends.next();
    await flow.stop();
    const folder = join(userDir, 'ota-push');
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), JSON.stringify({ nightlamp: Number(counter) + 3_600_000 }));
    await start({ verifyTimeout: '0.2' });
    const second = announced();
    send();
    assert.equal((await second)[6], String(Number(counter) + 3_600_001), 'as when the clock was set back an hour');
    await flow.ends.next();
    await flow.stop();
    await writeFile(join(folder, name), '{"nightlamp": 1');
    await start({ verifyTimeout: '0.2' });
    const third = announced();
    send();
    assert.ok(Math.abs(Number((await third)[6]) - Date.now()) < 60_000);
    assert.ok(flow.logged('WARN').includes('ota-server.warnings.counters'));
    await flow.ends.next();
  });

  it('goes on once from the counter of a device that has seen a later one', async () => {
    device.removeAllListeners();
    await device.stop();
    device = await startDevice({ neverConnects: true });
    await start();
    const ahead = Date.now() + 30 * 24 * 3_600_000;
    const first = announced();
    send();
    await first;
    await flow.untilStatus('nightlamp: ota-push.status.connect');
    const second = announced();
    await device.report('failed', { error: 'replayed', counter: ahead });
    // A broker may bring it twice, once for each subscription that it fits.
    await device.report('failed', { error: 'replayed', counter: ahead });
    assert.equal((await second)[6], String(ahead + 1));
    await device.report('failed', { error: 'replayed', counter: ahead + 1 });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code], ['failed', 'rejected'], 'and only once');
  });

  for (const [what, forge] of [
    ['without a signature', () => device.report('installed', {}, null)],
    ["with another device's key", () => device.report('installed', {}, deviceKey(secret, 'daylamp'))],
  ] as const) {
    it(`does not believe a report ${what}, and says so where no other came`, async () => {
      await start({ verify: 'running', verifyTimeout: '0.5' });
      send();
      await flow.untilStatus('nightlamp: ota-push.status.verify');
      await forge();
      const { payload, ota } = await flow.ends.next();
      assert.deepEqual([payload, ota.code, ota.verified, ota.report], ['timeout', 'not_verified', 'delivered', null]);
      assert.match(String(ota.remedy), /^A report that is not signed with the key of nightlamp said installed on /);
    });
  }

  it('is not ended by a report that somebody else has forged', async () => {
    await start();
    send();
    await flow.untilStatus('nightlamp: ota-push.status.verify');
    await device.report('failed', { error: 'hash_mismatch' }, null);
    await device.report('installed');
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.verified], ['success', 'installed']);
  });

  it('does not believe a signed report of an earlier push of the same file', async () => {
    await start({ verifyTimeout: '0.5' });
    send();
    await flow.untilStatus('nightlamp: ota-push.status.verify');
    await device.report('installed', { counter: Date.now() - 3_600_000 });
    assert.equal((await flow.ends.next()).ota.code, 'not_verified');
  });

  it('names what a board without a key reports', async () => {
    device.removeAllListeners();
    await device.stop();
    device = await startDevice({ neverConnects: true });
    await start({ timeout: '1' });
    send();
    await flow.untilStatus('nightlamp: ota-push.status.connect');
    await device.report('failed', { error: 'no_secret' }, null);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code], ['timeout', 'no_connection']);
    assert.match(
      String(ota.remedy),
      /said no_secret on nightlamp\/OTA\/status\. The board has no key: give it its own/,
    );
  });

  it('does not believe a counter that is more than a year ahead', async () => {
    await start();
    const next = announced();
    send();
    await next;
    await device.report('failed', { error: 'replayed', counter: Date.now() + 400 * 24 * 3_600_000 });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code], ['failed', 'rejected']);
    assert.match(String(ota.remedy), /start the board's counter over/);
  });

  it('is a bad input where the server has no secret, and nothing is announced', async () => {
    await start({ format: 'signed' }, null);
    send();
    const { error } = await flow.caught.next();
    assert.match(error?.message ?? '', /signed form was chosen, but the OTA server has no secret/);
  });

  it('is not what a server that announces plainly needs: a short secret does not keep it from that', async () => {
    flow = await resources.use(TestFlow.start({ broker, userDir, secret: 'short' }));
    const next = announced();
    send();
    assert.equal((await next).length, 4);
  });

  it('is a bad input where the secret of the server is short', async () => {
    flow = await resources.use(TestFlow.start({ broker, userDir, secret: 'short', push: { format: 'signed' } }));
    send();
    const { error } = await flow.caught.next();
    assert.match(error?.message ?? '', /no secret of 16 bytes or more/);
  });

  it('is not made where the node says basic, whatever the server says', async () => {
    await start({ format: 'basic' });
    const next = announced();
    send();
    assert.equal((await next).length, 4);
    assert.equal((await flow.ends.next()).payload, 'success');
  });

  it('is refused by the server whose secret is too short', async () => {
    await start({}, 'fifteen letters');
    send();
    const { error } = await flow.caught.next();
    assert.match(error?.message ?? '', /server-problem|at least 16/);
    assert.match(flow.logged('ERROR').join(), /Secret: it has 15 bytes, at least 16 are needed/);
  });
});
