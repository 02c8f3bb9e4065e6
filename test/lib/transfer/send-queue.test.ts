import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type QueueState, queueKey, SendQueues } from '../../../lib/transfer/send-queue';
import { listen } from '../../peers/listen';
import { resourcesOfEachTest } from '../../peers/resources';

/** Each way in which a device's address can look to the kernel. */
const families: [string, string, string][] = [
  ['IPv4', '127.0.0.1', '127.0.0.1'],
  ['IPv4 on a socket that listens on all addresses', '::', '127.0.0.1'],
  ['IPv6', '::1', '::1'],
];

describe('The send queues of the kernel (protocol 2.7)', () => {
  const resources = resourcesOfEachTest();

  for (const [what, listenOn, connectTo] of families) {
    it(`tell how much a device has not acknowledged, over ${what}`, async () => {
      const server = await resources.use(createServer({ allowHalfOpen: true }));
      const port = await listen(server, listenOn);
      const device = connect({ port, host: connectTo });
      resources.defer(() => device.destroy());
      const [socket] = (await once(server, 'connection')) as [Socket];
      resources.defer(() => socket.destroy());
      const queues = new SendQueues();
      const next = () =>
        new Promise<QueueState>((resolve) => {
          const stop = queues.watch(queueKey(socket), (reading) => {
            stop();
            resolve(reading);
          });
          resources.defer(stop);
        });

      assert.deepEqual(await next(), { unacknowledged: 0, timeWait: false });
      device.pause();
      socket.write(Buffer.alloc(32 * 1024 * 1024));
      const stuck = unacknowledgedOf(await next());
      assert.ok(stuck > 0, 'a device that does not read leaves bytes unacknowledged');
      device.destroy();
      socket.destroy();
      server.close();
      await once(server, 'close');
      assert.equal(await next(), 'gone');
    });
  }

  it('are read for as long as somebody watches, and not longer', async () => {
    const queues = new SendQueues();
    let readings = 0;
    await new Promise<void>((resolve) => {
      const stop = queues.watch('none', () => {
        readings += 1;
        if (readings < 2) return;
        stop();
        resolve();
      });
      resources.defer(stop);
    });
    const open = () => (process as unknown as { getActiveResourcesInfo(): string[] }).getActiveResourcesInfo();
    assert.ok(!open().includes('FSReqPromise'));
    assert.equal(readings, 2);
  });
});

function unacknowledgedOf(state: QueueState): number {
  return typeof state === 'object' ? state.unacknowledged : 0;
}
