import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { DeviceBook } from '../../../lib/devices/device-book';
import { Ending } from '../../../lib/ending';
import { hashOf } from '../../../lib/protocol/announcement';
import type { Job, Verify } from '../../../lib/push/job';
import type { PushActivity } from '../../../lib/push/state';
import { PushServer, type PushServerOptions } from '../../../lib/server/push-server';
import { ListeningPorts } from '../../../lib/transfer/listening-ports';
import { Ports } from '../../../lib/transfer/ports';
import { openBook } from '../../peers/device-book';
import { Inbox } from '../../peers/inbox';
import { jobsOf, outcomeOf } from '../../peers/outcomes';
import { resourcesOfEachTest } from '../../peers/resources';
import { takeAll } from '../../peers/simulated-device';
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

describe('A push server', () => {
  const resources = resourcesOfEachTest();

  let announced: Inbox<string>;
  /** Where the last file that was announced is to be fetched. */
  let port: number;
  /** The device that sleeps says that it is awake. */
  let wakeUp: () => void;
  let pushServer: PushServer;
  let book: DeviceBook;

  beforeEach(async () => {
    book = openBook(resources, await temporaryFolder(resources, 'push-server'));
  });

  /** Nobody comes for what is announced, unless the test does. */
  function start(options: Partial<PushServerOptions> = {}, listen: () => () => void = () => () => undefined): void {
    announced = new Inbox();
    const broker: PushServerOptions['broker'] = {
      name: 'mqtt://nowhere',
      connectsByItself: true,
      isOnline: true,
      localAddress: async () => undefined,
      online: () => Promise.resolve(),
      announce: (topic, text, _expiryMs, listener) => {
        port = Number(text.split('|')[1]);
        announced.push(topic);
        listener.onAcknowledged(false);
        return () => undefined;
      },
      listen: (topic, onMessage) => {
        const payload = Buffer.from('awake');
        if (topic === 'awake') wakeUp = () => onMessage({ topic, payload, isRetainedReplay: false, maybeStale: false });
        return topic === 'online' ? listen() : () => undefined;
      },
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
    resources.defer(() => pushServer.close());
  }

  it('gives a turn back once, though what a push waited for fails after it was cancelled', async () => {
    const first = new Ending();
    start({
      onUnreachable: () => {
        first.abort('by the test');
        throw new Error('the log is full');
      },
    });
    const second = new Ending();
    const outcome = pushServer.push([jobOf('lamp')], first);
    const next = pushServer.push([jobOf('lamp')], second);
    const last = pushServer.push([jobOf('lamp')], new Ending());
    assert.equal((await outcome).code, 'cancelled');
    assert.equal(await announced.next(), 'lamp/OTA');
    const other = pushServer.push([jobOf('other')], new Ending());
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
    const pushing = pushServer.push([jobOf('lamp', { level: 'online', topic: 'online', payload: '' })], new Ending());
    await assert.rejects(pushing, /no subscription/);
    const other = pushServer.push([jobOf('other')], new Ending());
    assert.equal(await announced.next(), 'other/OTA');
    await pushServer.close();
    assert.equal((await other).code, 'cancelled');
  });

  it('takes no more pushes than may wait, says so, and takes more once others go on', async () => {
    start({ concurrency: 1, backlog: { count: 2, bytes: 1000 } });
    const endings = new Map<string, Ending>();
    const push = (target: string) => {
      const ending = new Ending();
      endings.set(target, ending);
      return pushServer.push([jobOf(target)], ending, { heldBytes: bytes.length });
    };
    const first = push('first');
    await announced.next();
    const [second, third] = [push('second'), push('third')];
    const { code, result, message, remedy } = await push('fourth');
    assert.deepEqual([code, result], ['queue_full', 'failed']);
    assert.match(
      message,
      /^The push of main\.py to fourth was not taken: .*, 2 of them, with 1 MB of messages and files; nothing was announced/,
    );
    assert.match(String(remedy), /msg\.reset/);
    endings.get('first')?.abort('by the test');
    assert.equal((await first).code, 'cancelled');
    assert.equal(await announced.next(), 'second/OTA');
    const fifth = push('fifth');
    assert.equal((await push('sixth')).code, 'queue_full');
    await pushServer.close();
    for (const push of [second, third, fifth]) assert.equal((await push).code, 'cancelled');
  });

  it('takes no more bytes than may wait, but one push however large it is', async () => {
    start({ concurrency: 1, backlog: { count: 10, bytes: 5 } });
    const push = (target: string, heldBytes?: number) => pushServer.push([jobOf(target)], new Ending(), { heldBytes });
    const first = push('first', 100);
    await announced.next();
    const large = push('large', 100);
    assert.equal((await push('small', 1)).code, 'queue_full');
    const ofRollout = push('of a rollout');
    await pushServer.close();
    for (const push of [first, large, ofRollout]) assert.equal((await push).code, 'cancelled');
  });

  it('counts a set whose next file waits for a place among those that wait', async () => {
    start({ concurrency: 1, backlog: { count: 1, bytes: 1000 } });
    const push = (...jobs: Job[]) => pushServer.push(jobs, new Ending(), { heldBytes: 1 });
    const [first, second] = ['a.py', 'b.py'].map((filename) => ({ ...jobOf('lamp'), filename, isOfSet: true }));
    assert.ok(first && second);
    const set = push(first, second);
    assert.equal(await announced.next(), 'lamp/OTA');
    const other = push(jobOf('other'));
    takeAll(port);
    assert.equal(await announced.next(), 'other/OTA', 'it has waited for longer');
    assert.equal((await push(jobOf('third'))).code, 'queue_full');
    await pushServer.close();
    for (const push of [set, other]) assert.equal((await push).code, 'cancelled');
  });

  it('waits again for a device that sleeps and did not come, and announces it where the file is served then', async () => {
    start({ backlog: { count: 1, bytes: 1000 } });
    const wake = { topic: 'awake', waitMs: 60_000 };
    const waiting = new Inbox<PushActivity>();
    const onActivity = (activity: PushActivity) => void (activity === 'waiting' && waiting.push(activity));
    const sleeper = { ...jobOf('sleeper'), wake, timeoutMs: 1000 }; // longer than a busy machine takes to fetch a file
    const pushing = pushServer.push([sleeper], new Ending(), { heldBytes: 1, onActivity });
    await waiting.next();
    wakeUp();
    await announced.next();
    const before = port;
    await waiting.next();
    assert.equal((await pushServer.push([jobOf('lamp')], new Ending(), { heldBytes: 1 })).code, 'queue_full');
    const stranger = createServer().listen(before, '127.0.0.1');
    resources.defer(() => stranger.close());
    await once(stranger, 'listening');
    wakeUp();
    await announced.next();
    assert.notEqual(port, before);
    takeAll(port);
    assert.equal((await pushing).code, null);
  });

  it('says cancelled of a push that was, though the device has the file', async () => {
    start();
    const had = outcomeOf({ hash: hashOf(bytes) });
    book.record(had, jobsOf(had, bytes), 'push');
    const push = (ending: Ending) => pushServer.push([jobOf('lamp')], ending, { ifUnchanged: 'skip' });
    assert.equal((await push(new Ending())).result, 'unchanged');
    const ending = new Ending();
    ending.abort('by the test');
    assert.equal((await push(ending)).result, 'cancelled');
  });

  it('counts a push whose device sleeps among those that wait', async () => {
    start({ backlog: { count: 1, bytes: 100 } });
    const wake = { topic: 'awake', waitMs: 60_000 };
    const waiting = pushServer.push([{ ...jobOf('sleeper'), wake }], new Ending(), { heldBytes: 1 });
    const { code } = await pushServer.push([jobOf('lamp')], new Ending(), { heldBytes: 1 });
    assert.equal(code, 'queue_full');
    await pushServer.close();
    assert.equal((await waiting).code, 'cancelled');
  });
});
