import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { FileServer } from '../../../lib/transfer/file-server';
import type { ListeningPort } from '../../../lib/transfer/ports';
import { SendQueues } from '../../../lib/transfer/send-queue';
import { listen } from '../../peers/listen';
import { describeNeeding } from '../../peers/needing';
import { type Behaviour, type PeerEnd, RawPeer } from '../../peers/raw-peer';
import { resourcesOfEachTest } from '../../peers/resources';

const small = Buffer.alloc(3800, 'lamp ');
/** More than a peer's kernel takes, and less than ours. */
const flushed = Buffer.alloc(16 * 1024, 'lamp ');
const large = Buffer.alloc(8 * 1024 * 1024, 'lamp ');

describeNeeding(['python'], 'A file server', () => {
  const resources = resourcesOfEachTest();

  let fileServer: FileServer;
  const readable = new SendQueues();

  async function open(
    bytes: Buffer,
    { idleMs = 30_000, isAllowed = (_address: string): boolean => true, queues = readable } = {},
  ): Promise<void> {
    const services = { isAllowed, queues, open: new Set<FileServer>() };
    const opening = FileServer.open({ bytes, timeoutMs: idleMs }, services, anyPort);
    await resources.use(opening.then((opened) => ({ stop: () => stop(opened) })));
    fileServer = await opening;
  }

  const connect = (behaviour: Behaviour, options: { receiveBuffer?: number } = {}) =>
    resources.use(RawPeer.start(fileServer.port, behaviour, options));

  const delivers: [string, Buffer, Behaviour][] = [
    ['a small file', small, 'takes_all'],
    ['an empty file', Buffer.alloc(0), 'takes_all'],
    ['a large file', large, 'takes_all'],
    ['a large file to a slow device', large.subarray(0, 128 * 1024), 'takes_all_slowly'],
  ];
  for (const [what, bytes, behaviour] of delivers) {
    it(`delivers ${what}, and then the FIN`, async () => {
      await open(bytes);
      const peer = await connect(behaviour);
      assert.deepEqual(await fileServer.ended, { end: 'delivered', device: '127.0.0.1', sent: bytes.length });
      assert.deepEqual(await peer.ended(), { bytes: bytes.length, end: 'fin' });
    });
  }

  const neverDelivers: [string, Buffer, Behaviour][] = [
    ['connects and closes at once, as a port scanner', small, 'closes_at_once'],
    ['connects and closes at once, with a large file', large, 'closes_at_once'],
    ['closes with bytes of a small file unread', small, 'closes_with_bytes_unread'],
    ['closes with bytes of a large file unread', large, 'closes_with_bytes_unread'],
    ['closes its side before our FIN and reads on', large, 'closes_its_side_first'],
    ['dies in the middle', large, 'dies'],
    ['sends bytes, which no device does', small, 'talks'],
  ];
  for (const [what, bytes, behaviour] of neverDelivers) {
    it(`does not count who ${what}`, async () => {
      await open(bytes);
      await connect(behaviour);
      const { end } = await fileServer.ended;
      assert.equal(end, 'interrupted');
    });
  }

  it('never takes a scanner for the device, however fast it is', async () => {
    for (let round = 0; round < 20; round += 1) {
      await open(small);
      const scanner = await connect('closes_at_once');
      await scanner.ended();
      // The fileServer waits one second for it: a process of its own may take longer to start.
      const device = connectTcp(fileServer.port, '127.0.0.1');
      resources.defer(() => device.destroy());
      assert.equal((await buffer(device)).length, small.length, 'all of it, and then the FIN');
      assert.equal((await fileServer.ended).end, 'delivered');
      fileServer.close();
    }
  }).timeout(60_000); // twenty processes, one after the other

  // A folder is no table: reading one fails, as any does where no descriptor is left.
  for (const [whether, queues] of [
    ['can', readable],
    ['cannot', new SendQueues([tmpdir()])],
  ] as const) {
    it(`delivers to a device whose FIN crosses ours, where the kernel's tables ${whether} be read`, async () => {
      await open(flushed, { queues });
      const device = await connect('closes_its_side_in_the_middle');
      const isLookedAt = () =>
        new Promise<void>((resolve) => {
          const stop = queues.watch('any other', () => {
            stop();
            resolve();
          });
        });
      // By then our kernel has the whole file, and our end of it.
      await isLookedAt();
      device.goOn();
      await isLookedAt();
      await isLookedAt();
      device.goOn();
      assert.equal((await fileServer.ended).end, 'delivered');
      assert.deepEqual(await device.ended(), { bytes: flushed.length, end: 'fin' });
    });
  }

  it('stalls where the device takes no more bytes, and resets it before it has the whole file', async () => {
    await open(large, { idleMs: 500 });
    const peer = await connect('reads_when_told');
    const ended = await fileServer.ended;
    assert.equal(ended.end, 'stalled');
    assert.ok(ended.sent > 0 && ended.sent < large.length, `${ended.sent} bytes were acknowledged`);
    peer.goOn();
    const { bytes, end }: PeerEnd = await peer.ended();
    assert.equal(end, 'reset');
    assert.ok(bytes < large.length);
  });

  it('does not stall while bytes are acknowledged, however long the whole takes', async () => {
    await open(large.subarray(0, 1024 * 1024), { idleMs: 2000 });
    const startedAt = performance.now();
    await connect('takes_all_slowly', { receiveBuffer: 64 * 1024 });
    assert.equal((await fileServer.ended).end, 'delivered');
    assert.ok(performance.now() - startedAt > 2000, 'the transfer was to last longer than its idle time');
  });

  it('stalls where the device has everything and does not close', async () => {
    await open(small, { idleMs: 2000 });
    await connect('never_closes');
    assert.deepEqual(await fileServer.ended, { end: 'stalled', device: '127.0.0.1', sent: small.length });
  });

  it('serves the device while a stranger holds a connection, and the stranger to its end', async () => {
    await open(large);
    const stranger = await connect('reads_when_told');
    await connect('takes_all');
    assert.equal((await fileServer.ended).end, 'delivered');
    fileServer.close();
    stranger.goOn();
    assert.deepEqual(await stranger.ended(), { bytes: large.length, end: 'fin' });
  });

  it('goes on with a delivery in the pause before another attempt, though somebody broke off before it', async () => {
    await open(small);
    fileServer.reset();
    await connect('closes_at_once');
    assert.equal((await fileServer.ended).end, 'interrupted');
    await connect('takes_all');
    while (!fileServer.isDelivered) await setImmediate();
    fileServer.forgetInterruptions();
    assert.equal((await fileServer.ended).end, 'delivered');
  });

  it('gives no byte to an address that is not allowed, and waits for one that is', async () => {
    let isFirst = true;
    await open(small, {
      isAllowed: () => {
        const isAllowed = !isFirst;
        isFirst = false;
        return isAllowed;
      },
    });
    const stranger = await connect('takes_all');
    assert.deepEqual(await stranger.ended(), { bytes: 0, end: 'reset' });
    assert.deepEqual(fileServer.refused, ['127.0.0.1']);
    await connect('takes_all');
    assert.equal((await fileServer.ended).end, 'delivered');
  });

  it('resets every connection when it is reset, and opens the port to nobody more', async () => {
    await open(large);
    const held = await connect('reads_when_told');
    await fileServer.connected;
    fileServer.abort();
    await fileServer.closed();
    held.goOn();
    assert.equal((await held.ended()).end, 'reset');
    const late = connectTcp(fileServer.port, '127.0.0.1');
    resources.defer(() => late.destroy());
    await assert.rejects(once(late, 'connect'), /ECONNREFUSED/);
  });
});

async function anyPort(server: Server): Promise<ListeningPort> {
  return { port: await listen(server), release: () => undefined };
}

async function stop(fileServer: FileServer): Promise<void> {
  fileServer.abort();
  await fileServer.closed();
}
