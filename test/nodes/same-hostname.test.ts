import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { takeAll } from '../peers/simulated-device';
import { type Received, TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, '# lamp ');

const addresses = ['127.0.0.1', '127.0.0.2'];

describe('A push whose offer more than one address fetches', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    flow = await resources.use(TestFlow.start({ broker, server: { advertise: '127.0.0.1' }, push: { timeout: '3' } }));
  });

  /** Resolves to the port that is announced. */
  async function announced(payload = file, filename = 'main.py'): Promise<number> {
    flow.send({ payload, target: 'nightlamp', filename });
    const { text } = await broker.packets.next();
    return Number(text.split('|')[1]);
  }

  /** Which of them was first does not count. */
  function assertBoth({ ota: { device, others, message } }: Received): void {
    assert.deepEqual(new Set([device, ...(others as string[])]), new Set(addresses));
    assert.match(String(message), new RegExp(`\\. ${others} fetched the same offer: .* hostname nightlamp too\\.$`));
  }

  const othersOf = ({ ota: { device, others } }: Received) => ({ device, others });

  it('is a success that names the other address and says what that means', async () => {
    const port = await announced();
    const other = takeAll(port, '127.0.0.2');
    await once(other, 'connect');
    takeAll(port);
    const end = await flow.ends.next();
    assert.equal(end.payload, 'success');
    assertBoth(end);
  });

  it('says so too where it fails', async () => {
    const port = await announced(Buffer.alloc(8 * 1024 * 1024), 'lamp.dat');
    for (const address of addresses) {
      const socket = takeAll(port, address);
      resources.defer(() => socket.destroy());
      await once(socket, 'data');
      socket.pause();
    }
    flow.send({ reset: true });
    const end = await flow.ends.next();
    assert.equal(end.payload, 'cancelled');
    assertBoth(end);
  });

  it('does not take one that breaks off, as a port scanner does, for another device', async () => {
    const port = await announced();
    const scanner = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    const closed = new Promise((resolve) => scanner.once('close', resolve));
    scanner.on('error', () => undefined).end();
    await closed;
    takeAll(port);
    const end = await flow.ends.next();
    assert.equal(end.payload, 'success');
    assert.deepEqual(othersOf(end), { device: '127.0.0.1', others: [] });
    assert.doesNotMatch(String(end.ota.message), /same offer/);
  });

  it('does not take a device that comes twice for two', async () => {
    const port = await announced();
    await once(takeAll(port), 'connect');
    takeAll(port);
    assert.deepEqual(othersOf(await flow.ends.next()), { device: '127.0.0.1', others: [] });
  });
});
