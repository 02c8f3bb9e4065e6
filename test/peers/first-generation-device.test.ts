/** Proves the peer itself: a first-generation device does what the protocol's sections 2 to 4 say of it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setVariable } from './environment';
import { FirstGenerationDevice } from './first-generation-device';
import { listen } from './listen';
import { describeOnEachBuild, newest } from './micropython-builds';
import { itNeeding } from './needing';
import { resourcesOfEachTest } from './resources';

const OLD_PROGRAM = "print('lamp version 1')\n";
const NEW_PROGRAM = "print('lamp version 2')\n";
const HOST = '127.0.0.1';

describeOnEachBuild([], 'A first-generation device', (build) => {
  const resources = resourcesOfEachTest();

  let broker: Broker;
  let device: FirstGenerationDevice;

  beforeEach(async () => {
    broker = await resources.use(startBroker());
    const settings = { build, hostname: 'lamp', brokerPort: broker.port, files: { 'main.py': OLD_PROGRAM } };
    device = await resources.use(FirstGenerationDevice.start(settings));
  });

  const announce = (payload: string | Buffer) => broker.publish('lamp/OTA', payload);

  const offer = (content: string | Buffer, misbehaviour: Misbehaviour = {}) =>
    resources.use(openOffer(content, misbehaviour));

  async function assertReset(reason: string): Promise<void> {
    assert.equal((await device.waitFor('@reset')).split('(')[0], `@reset ${reason}`);
    await device.waitFor('@ready');
    assert.equal(device.boots, 2);
  }

  async function assertProgram(expected: string): Promise<void> {
    assert.equal(await device.text('main.py'), expected);
  }

  async function assertMismatch(): Promise<void> {
    await device.waitFor('@mismatch');
    await assertProgram(OLD_PROGRAM);
    await assertStaysUp();
  }

  /** A later announcement is served by the same boot: nothing before it made the device reset. */
  async function assertStaysUp(): Promise<void> {
    const { port, hash } = await offer('still here');
    await announce(`${HOST}|${port}|alive.txt|${hash}|0`);
    await device.waitFor('@installed alive.txt');
    assert.equal(device.boots, 1);
  }

  describe('with a good announcement (protocol 2, 3)', () => {
    it('reboots into a new main.py of 3.8 KB', async () => {
      const program = NEW_PROGRAM + '# 3.8 KB with its comments\n'.repeat(140);
      const { port, hash } = await offer(program);
      await announce(`${HOST}|${port}|main.py|${hash}`);
      await device.waitFor('@installed main.py');
      await assertReset('reboot');
      assert.deepEqual(
        device.lines.filter((line) => line.startsWith('lamp')),
        ['lamp version 1', 'lamp version 2'],
      );
      await assertProgram(program);
      assert.equal(await device.exists('tmp'), false);
    });

    it('reboots when field 5 is 1', async () => {
      const { port, hash } = await offer(NEW_PROGRAM);
      await announce(`${HOST}|${port}|main.py|${hash}|1`);
      await assertReset('reboot');
    });

    it('takes a config file and stays up when field 5 is 0', async () => {
      const { port, hash } = await offer('{"colour": "red"}');
      await announce(`${HOST}|${port}|config.json|${hash}|0`);
      await device.waitFor('@installed config.json');
      assert.equal(await device.text('config.json'), '{"colour": "red"}');
      await assertStaysUp();
    });

    it('takes 1 MiB with a heap of 64 KB', async () => {
      const content = Buffer.alloc(1024 * 1024, 'no heap of a board holds this');
      const { port, hash } = await offer(content);
      await announce(`${HOST}|${port}|large.bin|${hash}|0`);
      await device.waitFor('@received 1048576');
      await device.waitFor('@installed large.bin');
      assert.ok(content.equals(await device.read('large.bin')));
      await assertStaysUp();
    });

    it('takes an empty file', async () => {
      const { port, hash } = await offer('');
      await announce(`${HOST}|${port}|empty.txt|${hash}|0`);
      await device.waitFor('@installed empty.txt');
      assert.equal((await device.read('empty.txt')).length, 0);
      await assertStaysUp();
    });

    it('keeps the old file when the hash is another', async () => {
      const { port } = await offer(NEW_PROGRAM);
      await announce(`${HOST}|${port}|main.py|${'0'.repeat(40)}`);
      await assertMismatch();
    });

    it('closes an installed file and a mismatch alike, and never sends a byte', async () => {
      const { port, hash, closed } = await offer(NEW_PROGRAM);
      await announce(`${HOST}|${port}|other.py|${hash}|0`);
      await announce(`${HOST}|${port}|other.py|${'0'.repeat(40)}|0`);
      await device.waitFor('@installed other.py');
      await device.waitFor('@mismatch');
      assert.deepEqual(await closed(2), ['closed after 0 bytes', 'closed after 0 bytes']);
    });

    it('resets on its old file when the sender resets in mid-transfer', async () => {
      const { port, hash } = await offer(NEW_PROGRAM, { resetsAfterBytes: 10 });
      await announce(`${HOST}|${port}|main.py|${hash}`);
      await assertReset('OSError');
      await assertProgram(OLD_PROGRAM);
    });

    it('takes the bytes of a signed announcement and keeps its old file (protocol 6.5)', async () => {
      const { port } = await offer(NEW_PROGRAM);
      const sha256 = createHash('sha256').update(NEW_PROGRAM).digest('hex');
      await announce(`${HOST}|${port}|main.py|${sha256}|1|${NEW_PROGRAM.length}|1700000000000|${'0'.repeat(64)}`);
      await device.waitFor(`@received ${NEW_PROGRAM.length}`);
      await assertMismatch();
    });
  });

  describe('with a bad announcement (protocol 4)', () => {
    it('ignores one shorter than 45 bytes', async () => {
      await announce('x'.repeat(44));
      await device.waitFor('@ignored');
      await assertStaysUp();
    });

    const malformed: Record<string, { payload: string | Buffer; reason: string }> = {
      'without a field': { payload: 'x'.repeat(45), reason: 'IndexError' },
      'of 3 fields': { payload: `${HOST}|1|${'x'.repeat(45)}`, reason: 'IndexError' },
      'whose port is a word': { payload: `${HOST}|http|main.py|${'0'.repeat(40)}`, reason: 'ValueError' },
      'whose port is empty': { payload: `${HOST}||main.py|${'0'.repeat(40)}`, reason: 'ValueError' },
      'that is not UTF-8': { payload: Buffer.alloc(45, 0xff), reason: 'UnicodeError' },
    };
    for (const [kind, { payload, reason }] of Object.entries(malformed)) {
      it(`resets on one ${kind}`, async () => {
        await announce(payload);
        await assertReset(reason);
        await assertProgram(OLD_PROGRAM);
        assert.equal(
          device.lines.some((line) => line.startsWith('@connected')),
          false,
        );
      });
    }

    const mismatched: Record<string, (hash: string) => string> = {
      'a | is inside the filename': (hash) => `ma|in.py|${hash}`,
      'the hash is in upper case': (hash) => `main.py|${hash.toUpperCase()}`,
      'a line feed follows the hash': (hash) => `main.py|${hash}\n`,
      'a space follows the hash': (hash) => `main.py|${hash} |1`,
    };
    for (const [flaw, fields] of Object.entries(mismatched)) {
      it(`finds a mismatch where ${flaw}`, async () => {
        const { port, hash } = await offer(NEW_PROGRAM);
        await announce(`${HOST}|${port}|${fields(hash)}`);
        await assertMismatch();
      });
    }

    const unusable = { 'a directory does not exist': 'lib/main.py', 'the name is empty': '' };
    for (const [flaw, filename] of Object.entries(unusable)) {
      it(`resets on its old file where ${flaw}`, async () => {
        const { port, hash } = await offer(NEW_PROGRAM);
        await announce(`${HOST}|${port}|${filename}|${hash}|0`);
        await device.waitFor('@received');
        await assertReset('OSError');
        await assertProgram(OLD_PROGRAM);
      });
    }

    for (const rest of ['0|', '0|0', '0|24|7|mac']) {
      it(`reboots whatever field 5 says where |${rest} follows the hash`, async () => {
        const { port, hash } = await offer(NEW_PROGRAM);
        await announce(`${HOST}|${port}|main.py|${hash}|${rest}`);
        await assertReset('reboot');
        await assertProgram(NEW_PROGRAM);
      });
    }

    for (const [flaw, reboot] of Object.entries({ empty: '', 'not a number': 'no' })) {
      it(`installs, then resets where field 5 is ${flaw}`, async () => {
        const { port, hash } = await offer(NEW_PROGRAM);
        await announce(`${HOST}|${port}|main.py|${hash}|${reboot}`);
        await device.waitFor('@installed main.py');
        await assertReset('ValueError');
        await assertProgram(NEW_PROGRAM);
      });
    }

    it('serves an announcement that came while it read, after a file without reboot', async () => {
      const first = await offer('first', { waitsForRelease: true });
      const second = await offer('second');
      await announce(`${HOST}|${first.port}|first.txt|${first.hash}|0`);
      await device.waitFor('@connected');
      await announce(`${HOST}|${second.port}|second.txt|${second.hash}|0`);
      first.release();
      await device.waitFor('@installed first.txt');
      await device.waitFor('@installed second.txt');
      assert.equal(device.boots, 1);
    });

    it('loses an announcement that came while it read, after a file with reboot', async () => {
      const first = await offer(NEW_PROGRAM, { waitsForRelease: true });
      const second = await offer('second');
      await announce(`${HOST}|${first.port}|main.py|${first.hash}`);
      await device.waitFor('@connected');
      await announce(`${HOST}|${second.port}|second.txt|${second.hash}|0`);
      first.release();
      await assertReset('reboot');
      const third = await offer('third');
      await announce(`${HOST}|${third.port}|third.txt|${third.hash}|0`);
      await device.waitFor('@installed third.txt');
      assert.equal(await device.exists('second.txt'), false);
    });

    it('resets where the host refuses', async () => {
      const { port, hash, close } = await offer(NEW_PROGRAM);
      await close();
      await announce(`${HOST}|${port}|main.py|${hash}`);
      await assertReset('OSError');
    });

    it('resets where the host cannot be resolved', async () => {
      const tooLongForDns = 'x'.repeat(64); // fails at once and asks no name server
      await announce(`${tooLongForDns}|1|main.py|${'0'.repeat(40)}`);
      await assertReset('OSError');
    });
  });
});

describe('The harness of a first-generation device', () => {
  const resources = resourcesOfEachTest();
  const itWithMicroPython = (title: string, test: Mocha.AsyncFunc) => itNeeding(['micropython'], title, test);

  let broker: Broker;

  beforeEach(async () => {
    broker = await resources.use(startBroker());
  });

  const start = (program: string, brokerPort = broker.port) => {
    const settings = { hostname: 'lamp', brokerPort, files: { 'main.py': program } };
    return resources.use(FirstGenerationDevice.start(settings));
  };

  itWithMicroPython('gives it the heap of a board', async () => {
    const { lines } = await start('import gc\nprint(gc.mem_alloc() + gc.mem_free())');
    assert.ok(Number(lines[0]) > 60_000 && Number(lines[0]) <= 65_536, lines[0]);
  });

  itWithMicroPython('says why one does not come up', async () => {
    await assert.rejects(start("raise RuntimeError('no lamp')"), /@reset RuntimeError.*\n(.*\n)*RuntimeError: no lamp/);
    const port = broker.port;
    await broker.close();
    await assert.rejects(start(OLD_PROGRAM, port), /@reset OSError/);
  });

  itWithMicroPython('boots it again for as long as it resets', async () => {
    const lamp = await start(OLD_PROGRAM);
    for (const boots of [2, 3, 4]) {
      await broker.publish('lamp/OTA', 'x'.repeat(45));
      await lamp.waitFor('@ready');
      assert.equal(lamp.boots, boots);
    }
  });

  itWithMicroPython('tells whoever waits when it ends by itself or is stopped', async () => {
    await assert.rejects(start('import sys\nsys.exit(3)'), /ended by itself \(status 3\)/);
    const lamp = await start(OLD_PROGRAM);
    const waiting = assert.rejects(lamp.waitFor('@announcement'), /stopped/);
    await lamp.stop();
    await waiting;
    await assert.rejects(lamp.waitFor('@announcement'), /stopped/);
    await assert.rejects(lamp.read('main.py'), { code: 'ENOENT' });
  });

  itWithMicroPython('hands out each line once and in order, and any line to who looks back', async () => {
    const lamp = await start(OLD_PROGRAM);
    const later = [lamp.waitFor(/^@announcement/), lamp.waitFor('@announcement')];
    await broker.publish('lamp/OTA', 'a');
    await broker.publish('lamp/OTA', 'ab');
    assert.deepEqual(await Promise.all(later), ['@announcement 1', '@announcement 2']);
    assert.equal(await lamp.waitFor('lamp version', { after: 0 }), 'lamp version 1');
    await broker.publish('lamp/OTA', 'abc');
    assert.equal(await lamp.waitFor('@announcement'), '@announcement 3');
  });

  it('names the command that installs MicroPython where it is missing', () => {
    setVariable(resources, 'MICROPYTHON', '/nowhere/micropython');
    assert.throws(newest.path, /MicroPython is missing\. Get it with: npm run peers -- micropython$/);
  });
});

interface Broker {
  port: number;
  publish: (topic: string, payload: string | Buffer) => Promise<void>;
  close: () => Promise<void>;
}

/** A broker of this test's own; a real import() because aedes is an ES module. */
async function startBroker(): Promise<Broker> {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  const close = async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  };
  const publish = (topic: string, payload: string | Buffer) =>
    new Promise<void>((resolve, reject) => {
      const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false } as const;
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  try {
    return { port: await listen(server), publish, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Misbehaviour {
  resetsAfterBytes?: number;
  waitsForRelease?: boolean;
}

interface Offer {
  port: number;
  hash: string;
  release: () => void;
  /** How the first so many connections ended. */
  closed: (count: number) => Promise<string[]>;
  close: () => Promise<void>;
}

/** A sender reduced to protocol 2.2: the bytes, then FIN, to whoever connects. */
async function openOffer(content: string | Buffer, misbehaviour: Misbehaviour): Promise<Offer> {
  const bytes = Buffer.from(content);
  const endings: Promise<string>[] = [];
  const sockets = new Set<Socket>();
  const gate = new EventEmitter();
  const released = once(gate, 'release');
  const server = createServer((socket) => {
    sockets.add(socket);
    endings.push(ending(socket));
    const { resetsAfterBytes, waitsForRelease } = misbehaviour;
    if (resetsAfterBytes !== undefined) {
      socket.write(bytes.subarray(0, resetsAfterBytes), () => socket.resetAndDestroy());
    } else if (waitsForRelease) void released.then(() => socket.end(bytes));
    else socket.end(bytes);
  });
  return {
    port: await listen(server),
    hash: createHash('sha1').update(bytes).digest('hex'),
    release: () => gate.emit('release'),
    closed: (count) => Promise.all(endings.slice(0, count)),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a connection came to, with the bytes the device sent, which must be none (protocol 2.1). */
function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let how = 'closed';
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.on('error', (error) => {
      how = error.message;
    });
    socket.on('close', () => resolve(`${how} after ${received} bytes`));
  });
}
