import assert from 'node:assert/strict';
import { hashOf } from '../../../nodes/lib/push/announcement';
import { Cancellation } from '../../../nodes/lib/push/cancellation';
import type { Job, Verify } from '../../../nodes/lib/push/means';
import { Ports } from '../../../nodes/lib/sender/ports';
import { Sender, type SenderOptions } from '../../../nodes/lib/sender/sender';
import { Inbox } from '../../peers/inbox';
import { resourcesOfEachTest } from '../../peers/resources';

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

describe('A sender whose surroundings fail in ways that they should not', () => {
  const resources = resourcesOfEachTest();

  let announced: Inbox<string>;
  let sender: Sender;

  /** Nobody ever comes for what is announced. */
  function start(options: Partial<SenderOptions> = {}, listen: () => () => void = () => () => undefined): void {
    announced = new Inbox();
    const broker: SenderOptions['broker'] = {
      name: 'mqtt://nowhere',
      connectsByItself: true,
      isOnline: true,
      localAddress: undefined,
      online: () => Promise.resolve(),
      announce: (topic) => {
        announced.push(topic);
        return () => undefined;
      },
      listen: (topic) => (topic === 'online' ? listen() : () => undefined),
    };
    sender = new Sender({
      broker,
      topic: '{target}/OTA',
      advertise: '',
      bind: '127.0.0.1',
      onUnreachable: () => undefined,
      ports: new Ports({ any: true }, '127.0.0.1'),
      portsText: '',
      isAllowed: () => true,
      concurrency: 10,
      counters: { next: async () => 1, goOnFrom: async () => true },
      ...options,
    });
    resources.defer(() => sender.close());
  }

  it('gives a turn back once, though what a push waited for fails after it was cancelled', async () => {
    start({
      onUnreachable: () => {
        throw new Error('the log is full');
      },
    });
    const first = new Cancellation();
    const second = new Cancellation();
    const outcome = sender.push([jobOf('lamp')], first);
    const next = sender.push([jobOf('lamp')], second);
    const last = sender.push([jobOf('lamp')]);
    first.cancel('by the test');
    assert.equal((await outcome).code, 'cancelled');
    assert.equal(await announced.next(), 'lamp/OTA');
    const other = sender.push([jobOf('other')]);
    assert.equal(await announced.next(), 'other/OTA', 'the third push to the lamp waits for the second');
    second.cancel('by the test');
    assert.equal((await next).code, 'cancelled');
    assert.equal(await announced.next(), 'lamp/OTA');
    await sender.close();
    assert.deepEqual([(await last).code, (await other).code], ['cancelled', 'cancelled']);
  });

  it('gives a place back where the online topic can not be listened to', async () => {
    start({ concurrency: 1 }, () => {
      throw new Error('no subscription');
    });
    const pushing = sender.push([jobOf('lamp', { level: 'online', topic: 'online', payload: '' })]);
    await assert.rejects(pushing, /no subscription/);
    const other = sender.push([jobOf('other')]);
    assert.equal(await announced.next(), 'other/OTA');
    await sender.close();
    assert.equal((await other).code, 'cancelled');
  });
});
