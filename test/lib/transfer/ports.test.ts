import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { Ending } from '../../../lib/ending';
import { parseAllow } from '../../../lib/protocol/address-list';
import { parsePorts } from '../../../lib/protocol/port-range';
import { addressFilter } from '../../../lib/transfer/address-filter';
import { ListeningPorts } from '../../../lib/transfer/listening-ports';
import { Ports } from '../../../lib/transfer/ports';
import { freePort } from '../../peers/brokers';
import { resourcesOfEachTest } from '../../peers/resources';

describe('Ports', () => {
  const resources = resourcesOfEachTest();

  const releases = new Map<number, () => void>();
  const never = new Ending();
  let servers: Server[];
  let listening: ListeningPorts;

  beforeEach(() => {
    servers = [];
    listening = new ListeningPorts();
  });

  const listen = async (ports: Ports, ending = never): Promise<number> => {
    const { port, release } = await ports.listen(newServer(), ending);
    releases.set(port, release);
    return port;
  };

  /** Another program's. */
  const listenAt = async (port: number): Promise<void> => {
    const other = newServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
  };

  const newServer = (): Server => {
    const server = createServer();
    resources.defer(() => server.close());
    servers.push(server);
    return server;
  };

  /** Neighbouring ports that are free. */
  async function freeRange(size: number): Promise<Ports & { first: number }> {
    const first = await freePort();
    return Object.assign(new Ports({ first, last: first + size - 1 }, '127.0.0.1', listening), { first });
  }

  it('are any free ones where none are given', async () => {
    const ports = new Ports(parsePorts(''), '127.0.0.1', listening);
    assert.notEqual(await listen(ports), await listen(ports));
    assert.equal(ports.size, Number.POSITIVE_INFINITY);
  });

  describe('that any may be', () => {
    it('are all the dynamic ones in turn, begun anywhere: a device that comes late does not meet the file of another', () => {
      const ports = Array.from({ length: 16_384 }, () => listening.nextDynamic());
      assert.equal(new Set(ports).size, 16_384);
      assert.equal(Math.min(...ports), 49_152);
      assert.equal(Math.max(...ports), 65_535);
      assert.equal(listening.nextDynamic(), ports[0]);
      const others = Array.from({ length: 5 }, () => new ListeningPorts().nextDynamic());
      assert.ok(new Set(others).size > 1);
    });

    it('are had again only after the others, by whichever server', async () => {
      const ports = [new Ports(parsePorts(''), '127.0.0.1', listening), new Ports(parsePorts(''), '', listening)];
      const used: number[] = [];
      for (let times = 0; times < 5000; times += 1) {
        const server = createServer();
        const { port, release } = (await ports[times % 2]?.listen(server, never)) ?? assert.fail();
        used.push(port);
        server.close();
        await once(server, 'close');
        release();
      }
      assert.equal(new Set(used).size, used.length);
    });

    it('are passed over where another program has them', async () => {
      const [taken, next] = [await freePort(), await freePort()];
      await listenAt(taken);
      const turns = [taken, taken, next];
      listening.nextDynamic = () => turns.shift() ?? 0;
      assert.equal(await listen(new Ports(parsePorts(''), '127.0.0.1', listening)), next);
    });

    it('are whichever the system gives where other programs have many in a row', async () => {
      const taken = await freePort();
      await listenAt(taken);
      listening.nextDynamic = () => taken;
      const port = await listen(new Ports(parsePorts(''), '127.0.0.1', listening));
      assert.notEqual(port, taken);
      const device = connect(port, '127.0.0.1');
      resources.defer(() => device.destroy());
      await once(device, 'connect');
    });
  });

  it('are not tried one after the other where the address is none of this machine: no port opens there', async () => {
    const ports = new Ports({ first: 1, last: 65_535 }, '192.0.2.1', listening);
    await assert.rejects(listen(ports), /EADDRNOTAVAIL.*192\.0\.2\.1:1$/);
  });

  it('of a range are taken in turn, so that a late device does not meet the next file', async () => {
    const ports = await freeRange(3);
    const taken: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      taken.push(await listen(ports));
      servers.pop()?.close();
      releases.get(taken[turn] ?? 0)?.();
    }
    assert.deepEqual(
      taken,
      [0, 1, 2, 0, 1, 2].map((offset) => ports.first + offset),
    );
  });

  it('that another program has are passed over', async () => {
    const ports = await freeRange(2);
    await listenAt(ports.first);
    assert.equal(await listen(ports), ports.first + 1);
  });

  it('are waited for where the others are taken by another program and one by a push', async () => {
    const ports = await freeRange(2);
    await listenAt(ports.first);
    const port = await listen(ports);
    const waiting = listen(ports);
    servers[1]?.close();
    releases.get(port)?.();
    assert.equal(await waiting, port);
  });

  /** As when its push has ended. */
  const giveBack = (port: number) => {
    servers.find((server) => (server.address() as AddressInfo | null)?.port === port)?.close();
    releases.get(port)?.();
  };

  const overlapping: [string, string][] = [
    ['127.0.0.1', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['0.0.0.0', ''],
  ];
  for (const [one, other] of overlapping) {
    it(`that another server of the process has are waited for: ${one || 'all'} and ${other || 'all'}`, async () => {
      const first = await freePort();
      const port = await listen(new Ports({ first, last: first }, one, listening));
      const waiting = listen(new Ports({ first, last: first }, other, listening));
      giveBack(port);
      assert.equal(await waiting, port);
    });
  }

  it('that another server has on another address are not waited for', async () => {
    const first = await freePort();
    const range = { first, last: first };
    await listen(new Ports(range, '127.0.0.1', listening));
    assert.equal(await listen(new Ports(range, '127.0.0.2', listening)), first);
  });

  it('that a server with any free port has are waited for by one whose range they are in', async () => {
    const first = await listen(new Ports(parsePorts(''), '127.0.0.1', listening));
    const waiting = listen(new Ports({ first, last: first }, '127.0.0.1', listening));
    giveBack(first);
    assert.equal(await waiting, first);
  });

  it("that turn out to be another program's are no longer waited for by another server", async () => {
    const first = await freePort();
    await listenAt(first);
    const both = [1, 2].map(() => listen(new Ports({ first, last: first }, '127.0.0.1', listening)));
    for (const { status } of await Promise.allSettled(both)) assert.equal(status, 'rejected');
  });

  it('that can all not be opened are an error that names the last one', async () => {
    const ports = await freeRange(1);
    await listenAt(ports.first);
    await assert.rejects(listen(ports), new RegExp(`EADDRINUSE.*${ports.first}`));
  });

  it('that listen outlive a connection that could not be accepted', async () => {
    const port = await listen(new Ports(parsePorts(''), '127.0.0.1', listening));
    servers[0]?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    const socket = connect(port, '127.0.0.1');
    resources.defer(() => socket.destroy());
    await once(socket, 'connect');
  });

  it('are waited for no longer when the push is cancelled', async () => {
    const ports = await freeRange(1);
    await listen(ports);
    const ending = new Ending();
    const waiting = listen(ports, ending);
    ending.abort('by the test');
    await assert.rejects(waiting, /cancelled/);
  });

  const texts: [string, object | RegExp][] = [
    ['', { any: true }],
    [' ', { any: true }],
    ['1233', { first: 1233, last: 1233 }],
    ['40000-40100', { first: 40000, last: 40100 }],
    [' 40000 - 40100 ', { first: 40000, last: 40100 }],
    ['0', /one port or a range/],
    ['65536', /one port or a range/],
    ['5-1', /one port or a range/],
    ['1-2-3', /one port or a range/],
    ['http', /one port or a range/],
    ['-5', /one port or a range/],
  ];
  for (const [text, expected] of texts) {
    it(`read ${JSON.stringify(text)} ${expected instanceof RegExp ? 'as an error' : 'as written'}`, () => {
      if (expected instanceof RegExp) assert.throws(() => parsePorts(text), expected);
      else assert.deepEqual(parsePorts(text), expected);
    });
  }
});

describe('Allowed addresses', () => {
  const allowed: [string, string[], string[]][] = [
    ['', ['10.0.0.7', 'fd00::2'], []],
    ['192.168.4.0/24, 10.0.0.7', ['192.168.4.1', '192.168.4.255', '10.0.0.7'], ['192.168.5.1', '10.0.0.8', 'fd00::2']],
    ['fd00::/8 10.0.0.0/8', ['fd12::1', '10.200.0.1'], ['fe80::1%eth0', '11.0.0.1']],
    ['fe80::/10', ['fe80::1%eth0'], ['10.0.0.1']],
    ['0.0.0.0/0', ['10.0.0.1'], ['fd00::2']],
  ];
  for (const [text, inside, outside] of allowed) {
    it(`${JSON.stringify(text)} lets in ${inside.join(', ')}${outside.length > 0 ? `, not ${outside.join(', ')}` : ''}`, () => {
      const isAllowed = addressFilter(parseAllow(text));
      for (const address of inside) assert.equal(isAllowed(address), true, address);
      for (const address of outside) assert.equal(isAllowed(address), false, address);
    });
  }

  for (const text of ['lamp.local', '10.0.0.0/33', '10.0.0', 'fd00::/129', '10.0.0.1/', '10.0.0.1-10.0.0.9']) {
    it(`refuse ${text}, by its name`, () => {
      assert.throws(
        () => parseAllow(`192.168.4.0/24, ${text}`),
        new RegExp(JSON.stringify(text).replaceAll('.', '\\.')),
      );
    });
  }
});
