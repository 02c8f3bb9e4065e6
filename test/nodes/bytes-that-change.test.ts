import assert from 'node:assert/strict';
import { hashOf } from '../../lib/protocol/announcement';
import { SharedBytes } from '../../lib/push/shared-bytes';
import { readRelease } from '../../nodes/ota-ha-update/release-input';
import type { Message } from '../../nodes/shared/message';
import { parseTarget } from '../../nodes/shared/validation';
import { startAedes, type WatchedBroker } from '../peers/brokers';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

const text = 'print("lamp version 2")\n'.repeat(10_000);

/** Memory of its own, which can be given away. */
function bytesOf(content: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(content));
}
/** As Node.js 20 has it. */
const Resizable = ArrayBuffer as unknown as new (
  length: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer & { resize?(length: number): void };
const giveAway = (bytes: Uint8Array<ArrayBuffer>) => structuredClone(bytes, { transfer: [bytes.buffer] });

describe('A file whose memory changes after it was hashed', () => {
  const resources = resourcesOfEachTest();

  let broker: WatchedBroker;
  let device: SimulatedDevice;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
  });

  const start = (settings: object = {}) => resources.use(TestFlow.start({ broker, ...settings }));

  const changes: Record<string, (bytes: Uint8Array<ArrayBuffer>) => void> = {
    'written over': (bytes) => bytes.fill(0),
    'given away': giveAway,
  };
  const messages: Record<string, (bytes: Uint8Array<ArrayBuffer>) => Record<string, unknown>> = {
    'a Uint8Array': (payload) => ({ payload, filename: 'main.bin' }),
    'a Buffer': ({ buffer }) => ({ payload: Buffer.from(buffer), filename: 'main.bin' }),
    'of a set': (payload) => ({ files: [{ filename: 'main.bin', payload }] }),
  };
  for (const [how, change] of Object.entries(changes)) {
    for (const [what, messageWith] of Object.entries(messages)) {
      it(`is served as it was: ${what} that is ${how} while its device sleeps`, async () => {
        const flow = await start({ push: { announceOn: 'lamps/awake' } });
        const bytes = bytesOf(text);
        flow.send({ ...messageWith(bytes), target: 'nightlamp' });
        await broker.subscribed.nextThat((topic) => topic === 'lamps/awake');
        change(bytes);
        const client = await connectClient(resources, broker.url);
        await client.publishAsync('lamps/awake', 'on', { qos: 1 });
        const { payload, ota } = await flow.ends.next();
        assert.deepEqual([payload, ota.hash, ota.size], ['success', hashOf(Buffer.from(text)), text.length]);
        assert.ok(device.files.get('main.bin')?.equals(Buffer.from(text)));
      });
    }

    it(`is served as it was in each wave of a rollout, ${how} after the first`, async () => {
      const second = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, hostname: 'daylamp' }));
      const flow = await start({ rollout: { waves: '1', pause: '-1' } });
      const bytes = bytesOf(text);
      flow.send({ payload: bytes, copy: bytes, filename: 'main.bin', targets: ['nightlamp', 'daylamp'] });
      const { payload, copy } = await flow.ends.next();
      assert.deepEqual([payload, copy], ['success', undefined], 'the bytes do not come along');
      change(bytes);
      flow.send({ continue: true });
      assert.equal((await flow.ends.next()).payload, 'success');
      assert.ok(second.files.get('main.bin')?.equals(Buffer.from(text)));
    });
  }

  it('is kept as it was for a release of an HA update', () => {
    for (const change of Object.values(changes)) {
      const bytes = bytesOf(text);
      const message = { payload: bytes, filename: 'main.bin', target: 'nightlamp' } as unknown as Message;
      const input = readRelease(message, parseTarget);
      change(bytes);
      const [[sha256, kept] = []] = [...input.bytes];
      assert.equal(sha256, hashOf(kept ?? Buffer.alloc(0), 'sha256'));
    }
  });

  it('is a bad input where its memory was given away before: it would be an empty file', async () => {
    for (const asBuffer of [true, false]) {
      const flow = await start();
      const bytes = bytesOf(text);
      const payload = asBuffer ? Buffer.from(bytes.buffer) : bytes;
      giveAway(bytes);
      const { ota } = await flow.push({ payload, filename: 'main.bin', target: 'nightlamp' });
      assert.equal(ota.code, 'bad_input');
      assert.match(String(ota.message), /its memory was given away/);
      await flow.stop();
    }
  });

  it('is a bad input where its memory was made smaller than it: it would be an empty file', async function () {
    const memory = new Resizable(8, { maxByteLength: 8 });
    if (!memory.resize) this.skip(); // before Node.js 20
    const flow = await start();
    const payload = new Uint8Array(memory, 4, 4);
    memory.resize(2);
    const { ota } = await flow.push({ payload, filename: 'main.bin', target: 'nightlamp' });
    assert.equal(ota.code, 'bad_input');
  });

  it('is not taken for one that was given away where it is empty', async () => {
    const flow = await start();
    const { payload } = await flow.push({ payload: new Uint8Array(0), filename: 'main.bin', target: 'nightlamp' });
    assert.equal(payload, 'success');
    assert.equal(device.files.get('main.bin')?.length, 0);
  });
});

describe('A file for many devices', () => {
  it('is held once, however many pushes bring it', () => {
    const shared = new SharedBytes();
    for (const content of [text, 'a small program\n'.repeat(100)]) {
      const first = shared.of(Buffer.from(content), content);
      assert.equal(shared.of(Buffer.from(content), content), first);
    }
  });

  it('is another one where only the hash is the same', () => {
    const shared = new SharedBytes();
    const first = shared.of(Buffer.from(text), 'hash');
    const other = Buffer.from(text.toUpperCase());
    assert.equal(shared.of(other, 'hash'), other);
    assert.notEqual(first, other);
  });
});
