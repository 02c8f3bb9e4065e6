import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Ending } from '../../../lib/ending';
import { ListeningPorts } from '../../../lib/transfer/listening-ports';
import { probePorts } from '../../../lib/transfer/port-probe';
import { Ports } from '../../../lib/transfer/ports';
import { freePort } from '../../peers/brokers';
import { resourcesOfEachTest } from '../../peers/resources';

const bind = '127.0.0.1';

describe('The test of ports', () => {
  const resources = resourcesOfEachTest();
  let listening: ListeningPorts;

  beforeEach(() => {
    listening = new ListeningPorts();
  });

  const portsOf = (first: number, last = first, address = bind) => new Ports({ first, last }, address, listening);

  async function listenOn(port: number): Promise<Server> {
    const server = createServer().listen(port, bind);
    resources.defer(() => server.close());
    await once(server, 'listening');
    return server;
  }

  it('says which one opens, and leaves it free for others', async () => {
    const port = await freePort();
    assert.deepEqual(await probePorts(portsOf(port)), { result: 'opens', port });
    assert.equal(listening.has(port, bind), false);
    await listenOn(port);
  });

  it('passes over what other programs have, and says so where that is all', async () => {
    const port = await freePort();
    await listenOn(port);
    const { result } = await probePorts(portsOf(port));
    assert.equal(result, 'taken');
    assert.equal(listening.has(port, bind), false);
  });

  it('does not wait for a push of this process that has the port, nor takes it for another program', async () => {
    const port = await freePort();
    const ports = portsOf(port);
    const server = createServer();
    resources.defer(() => server.close());
    const { release } = await ports.listen(server, new Ending());
    assert.deepEqual(await probePorts(portsOf(port)), { result: 'in-use' });
    release();
  });

  it('opens any where none are given', async () => {
    const { result } = await probePorts(new Ports({ any: true }, bind, listening));
    assert.equal(result, 'opens');
  });

  it('says where the address to listen on is none of this machine', async () => {
    for (const range of [{ any: true } as const, { first: 40_000, last: 40_100 }]) {
      const test = await probePorts(new Ports(range, '192.0.2.1', listening));
      assert.equal(test.result, 'no-address');
      assert.match('detail' in test ? test.detail : '', /EADDRNOTAVAIL/);
    }
  });
});
