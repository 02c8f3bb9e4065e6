import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DeviceBook } from '../../../lib/devices/device-book';
import { hashOf } from '../../../lib/protocol/announcement';
import type { Job, Verify } from '../../../lib/push/job';
import { PushServer, type PushServerOptions } from '../../../lib/server/push-server';
import { ListeningPorts } from '../../../lib/transfer/listening-ports';
import { Ports } from '../../../lib/transfer/ports';
import { Inbox } from '../../peers/inbox';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

const bytes = Buffer.from('lamp');

function jobOf(target: string, verify: Verify = { level: 'delivered' }): Job {
  return {
    id: target,
    target,
    filename: 'main.py',
    isOfSet: false,
    bytes,
    hash: hashOf(bytes),
    key: undefined,
    reboot: true,
    timeoutMs: 30_000,
    verify,
    verifyTimeoutMs: 30_000,
    retries: 0,
    retryDelayMs: 0,
    wake: undefined,
  };
}

describe('A push server whose surroundings fail in ways that they should not', () => {
  const resources = resourcesOfEachTest();

  let announced: Inbox<string>;
  let pushServer: PushServer;
  let book: DeviceBook;

  beforeEach(async () => {
    const folder = await temporaryFolder(resources, 'push-server');
    const [path, filesFolder] = [join(folder, 'devices.jsonl'), join(folder, 'files')];
    book = new DeviceBook({ path, filesFolder, keep: 3, onDamage: assert.fail, onUnwritten: assert.fail });
  });

  /** Nobody ever comes for what is announced. */
  function start(options: Partial<PushServerOptions> = {}, listen: () => () => void = () => () => undefined): void {
    announced = new Inbox();
    const broker: PushServerOptions['broker'] = {
      name: 'mqtt://nowhere',
      connectsByItself: true,
      isOnline: true,
      localAddress: async () => undefined,
      online: () => Promise.resolve(),
      announce: (topic) => {
        announced.push(topic);
        return () => undefined;
      },
      listen: (topic) => (topic === 'online' ? listen() : () => undefined),
    };
    pushServer = new PushServer({
      broker,
      signing: { format: 'basic', secret: '' },
      topic: '{target}/OTA',
      advertise: '',
      bind: '127.0.0.1',
      onUnreachable: () => undefined,
      ports: new Ports({ any: true }, '127.0.0.1', new ListeningPorts()),
      portsText: '',
      isAllowed: () => true,
      concurrency: 10,
      book,
      counters: { next: async () => 1, goOnFrom: async () => true },
      ...options,
    });
    resources.defer(async () => {
      await pushServer.close();
      await book.close();
    });
  }

  it('gives a turn back once, though what a push waited for fails after it was cancelled', async () => {
    const first = new AbortController();
    start({
      onUnreachable: () => {
        first.abort('by the test');
        throw new Error('the log is full');
      },
    });
    const second = new AbortController();
    const outcome = pushServer.push([jobOf('lamp')], first);
    const next = pushServer.push([jobOf('lamp')], second);
    const last = pushServer.push([jobOf('lamp')], new AbortController());
    assert.equal((await outcome).code, 'cancelled');
    assert.equal(await announced.next(), 'lamp/OTA');
    const other = pushServer.push([jobOf('other')], new AbortController());
    assert.equal(await announced.next(), 'other/OTA', 'the third push to the lamp waits for the second');
    second.abort('by the test');
    assert.equal((await next).code, 'cancelled');
    assert.equal(await announced.next(), 'lamp/OTA');
    await pushServer.close();
    assert.deepEqual([(await last).code, (await other).code], ['cancelled', 'cancelled']);
  });

  it('gives a place back where the online topic can not be listened to', async () => {
    start({ concurrency: 1 }, () => {
      throw new Error('no subscription');
    });
    const pushing = pushServer.push(
      [jobOf('lamp', { level: 'online', topic: 'online', payload: '' })],
      new AbortController(),
    );
    await assert.rejects(pushing, /no subscription/);
    const other = pushServer.push([jobOf('other')], new AbortController());
    assert.equal(await announced.next(), 'other/OTA');
    await pushServer.close();
    assert.equal((await other).code, 'cancelled');
  });
});
