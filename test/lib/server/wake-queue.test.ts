import assert from 'node:assert/strict';
import { Ending } from '../../../lib/ending';
import { hashOf } from '../../../lib/protocol/announcement';
import type { Job } from '../../../lib/push/job';
import type { Broker, InboundMessage } from '../../../lib/push/services';
import { DeviceWakeQueue } from '../../../lib/server/wake-queue';

const bytes = Buffer.from('lamp');
const job: Job = {
  id: 'lamp',
  target: 'lamp',
  filename: 'main.py',
  isOfSet: false,
  bytes,
  hash: hashOf(bytes),
  key: undefined,
  reboot: true,
  timeoutMs: 30_000,
  verify: { level: 'delivered' },
  verifyTimeoutMs: 30_000,
  retries: 0,
  retryDelayMs: 0,
  wake: undefined,
};

describe('A push that waits for its device', () => {
  let speak: (message: InboundMessage) => void;
  let queue: DeviceWakeQueue;
  let ending: Ending;
  let older: readonly Job[];

  beforeEach(() => {
    const listen: Broker['listen'] = (_topic, onMessage) => {
      speak = onMessage;
      return () => undefined;
    };
    queue = new DeviceWakeQueue({ listen } as Broker);
    ending = new Ending();
    older = [job];
  });

  const wait = () => queue.wait(older, 'lamp/awake', performance.now() + 30_000, ending);
  const awake = { topic: 'lamp/awake', payload: Buffer.from('1'), isRetainedReplay: false, maybeStale: false };

  it('is not replaced by a newer one that comes right after its device has spoken', async () => {
    const waiting = wait();
    speak(awake);
    assert.equal(queue.claim([job]), undefined);
    assert.equal(await waiting, 'awake');
    assert.equal(queue.hasLostTurn(older), false);
  });

  it('is not replaced by a newer one that comes right after it was cancelled', async () => {
    const waiting = wait();
    ending.abort('by the test');
    assert.equal(queue.claim([job]), undefined);
    assert.equal(await waiting, 'cancelled');
    assert.equal(queue.hasLostTurn(older), false);
  });

  it('has no turn to give on when it is cancelled while a newer one has it', async () => {
    const waiting = wait();
    const claim = queue.claim([job]);
    ending.abort('by the test');
    assert.equal(await waiting, 'cancelled');
    assert.equal(queue.hasLostTurn(older), true);
    assert.equal(claim?.giveBack(), false);
  });

  it('waits on where the newer one ends before it has begun, and is claimed by the next', async () => {
    const waiting = wait();
    let waits = 0;
    const stop = queue.onWait([job], () => {
      waits += 1;
    });
    assert.equal(queue.claim([job])?.giveBack(), true);
    assert.equal(waits, 1);
    stop();
    queue.claim([job])?.take();
    assert.equal(await waiting, 'superseded');
    assert.equal(queue.hasLostTurn(older), true);
  });
});
