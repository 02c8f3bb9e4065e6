import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { parseReport } from '../../../lib/protocol/report';
import { isSignedReport } from '../../../lib/protocol/signature';
import { Board, boardStory, example } from '../../peers/board';
import { type AedesBroker, freePort, startAedes } from '../../peers/brokers';
import { Inbox } from '../../peers/inbox';
import { newest } from '../../peers/micropython-builds';
import { connectClient } from '../../peers/mqtt-client';
import { describeOnEachBoard } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { deviceKey, digest, SmallSender, signed } from '../../peers/small-sender';

const OLD = '{"led": 2}';
const NEW = '{"led": 4}';
const SHA1 = digest(NEW);
const SHA256 = digest(NEW, 'sha256');
const KEY = deviceKey('a master of 16 bytes or more', 'nightlamp');

/** Announcements that are none. PORT stands for a port that nobody may connect to. */
const BAD_ANNOUNCEMENTS: Record<string, string | Buffer> = {
  'an empty one but for a space': ' ',
  'one field': 'hello',
  'three fields': `127.0.0.1|PORT|config.json`,
  'six fields': `127.0.0.1|PORT|config.json|${SHA1}|1|x`,
  'seven fields': `127.0.0.1|PORT|config.json|${SHA256}|1|10|5`,
  'nine fields': `127.0.0.1|PORT|config.json|${SHA256}|1|10|5|x|y`,
  'no host': `|PORT|config.json|${SHA1}`,
  'no port': `127.0.0.1||config.json|${SHA1}`,
  'port 0': `127.0.0.1|0|config.json|${SHA1}`,
  'port 65536': `127.0.0.1|65536|config.json|${SHA1}`,
  'a port with a sign': `127.0.0.1|+80|config.json|${SHA1}`,
  'a port with a space': `127.0.0.1| PORT|config.json|${SHA1}`,
  'a port in letters': `127.0.0.1|http|config.json|${SHA1}`,
  'a port of twenty digits': `127.0.0.1|${'1'.repeat(20)}|config.json|${SHA1}`,
  'no hash': '127.0.0.1|PORT|config.json|',
  'a short hash': `127.0.0.1|PORT|config.json|${SHA1.slice(1)}`,
  'a long hash': `127.0.0.1|PORT|config.json|${SHA1}0`,
  'an upper-case hash': `127.0.0.1|PORT|config.json|${SHA1.toUpperCase()}`,
  'a hash with a newline behind it': `127.0.0.1|PORT|config.json|${SHA1}\n`,
  'a hash of other letters': `127.0.0.1|PORT|config.json|${'g'.repeat(40)}`,
  'an empty fifth field': `127.0.0.1|PORT|config.json|${SHA1}|`,
  'a fifth field of 2': `127.0.0.1|PORT|config.json|${SHA1}|2`,
  'a fifth field in letters': `127.0.0.1|PORT|config.json|${SHA1}|no`,
  'bytes that are no text': Buffer.from([0xff, 0xfe, 0x7c, 0x7c, 0x7c, 0x80]),
  'a name that is no text': Buffer.concat([
    Buffer.from('127.0.0.1|80|'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from(`|${SHA1}`),
  ]),
  'one of 100 KB': 'x'.repeat(100_000),
  'one of more than 640 bytes': `127.0.0.1|PORT|${'x'.repeat(600)}|${SHA1}`,
};

const BAD_NAMES = [
  ...['', '/etc/passwd', 'a//b', 'a/', '.', '..', 'a/../b', './a', '../main.py', 'a\\b', 'caf\u00e9.py', 'tab\t.py'],
  ...[
    'x'.repeat(201),
    'a./b',
    'main.py.',
    'main.py ',
    'ota.tmp',
    'OTA.TMP',
    'ota.tmp/a',
    'main.py.ota-old',
    'a.OTA-OLD/b',
    'lib/x.Ota-Old',
  ],
  ...['ota.key', 'OTA.KEY', 'ota.st0', 'ota.st1', 'ota.ct0', 'Ota.Ct1', 'boot.py', 'BOOT.PY', 'boot.mpy', 'ota.py'],
  ...[
    'Ota.py',
    'ota.mpy',
    'ota/__init__.py',
    'ota.py/x',
    'lib/ota.py',
    'hashlib.py',
    'HASHLIB.py',
    'json.py',
    'json.mpy',
  ],
  ...[
    'os.py',
    'time/x.py',
    'machine.py',
    'micropython.py',
    'lib/socket.py',
    'LIB/gc.mpy',
    'binascii/__init__.py',
    'lib/json',
    'select.py',
    'sys.mpy',
  ],
  'sounds',
];

describeOnEachBoard('A flash that a stream without end would fill', (build, kind) => {
  const resources = resourcesOfEachTest();

  for (const filesystem of ['VfsLfs2', 'VfsFat']) {
    it(`keeps its files and room for its records on ${filesystem === 'VfsFat' ? 'FAT' : 'littlefs'}`, async () => {
      const story = await boardStory(resources, build, kind, 'full_flash.py', filesystem);
      const [refused = '', files, next = ''] = story.split('\n');
      assert.equal(JSON.parse(refused).error, 'no_space');
      assert.equal(files, "{'config.json': b'old'}");
      assert.equal(JSON.parse(next).state, 'installed');
    });
  }
});

describeOnEachBoard('A trial on a flash that gets full', (build, kind) => {
  const resources = resourcesOfEachTest();

  for (const filesystem of ['VfsLfs2', 'VfsFat']) {
    it(`has room for its record, and ends with the old program, on ${filesystem === 'VfsFat' ? 'FAT' : 'littlefs'}`, async () => {
      const story = await boardStory(resources, build, kind, 'full_trial.py', filesystem);
      const [count, refused = '', kept = '', back = '', file, end] = story.split('\n');
      assert.equal(count, '10');
      assert.equal(JSON.parse(refused).error, 'no_space');
      assert.equal(JSON.parse(kept).state, 'running');
      assert.equal(JSON.parse(back).state, 'rolled_back');
      assert.equal(file, "b'old'");
      assert.equal(end, 'goes on');
    });
  }
});

/** The modules with a shorter patience, though longer than a busy machine takes for what is not to be late. */
async function impatient(): Promise<{ ota: string; ota_async: string }> {
  const sources = { ota: await example('ota.py'), ota_async: await example('ota_async.py') };
  assert.match(sources.ota, /_LIMIT = const\(10\)/);
  assert.match(sources.ota_async, /_LIMIT = const\(10000\)/);
  return {
    ota: sources.ota.replace('_LIMIT = const(10)', '_LIMIT = const(3)'),
    ota_async: sources.ota_async.replace('_LIMIT = const(10000)', '_LIMIT = const(3000)'),
  };
}

describeOnEachBoard('A board that is announced what it cannot install', (build, kind) => {
  const resources = resourcesOfEachTest();
  const { program } = kind;

  let broker: AedesBroker;
  let board: Board;
  let sender: SmallSender;

  const startBoard = async (files: Record<string, string> = {}, more = ''): Promise<void> => {
    broker = await resources.use(startAedes());
    sender = await resources.use(SmallSender.connect(broker));
    const shipped = { 'main.py': program(broker.port, 1, more), 'config.json': OLD, 'sounds/owl.txt': 'hoot' };
    board = await resources.use(
      Board.start({ build, kind, sources: await impatient(), files: { ...shipped, ...files } }),
    );
    await board.waitFor('ready');
  };

  /** The old file, no `tmp`, no restart. */
  async function assertUntouched(): Promise<void> {
    assert.equal(await board.text('config.json'), OLD);
    assert.equal(await board.exists('ota.tmp'), false);
    assert.equal(await board.exists('config.json.ota-old'), false);
    assert.equal(board.boots, 1);
  }

  async function assertTakesTheNext(): Promise<void> {
    await sender.push('config.json', NEW, '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await board.text('config.json'), NEW);
    assert.equal(board.boots, 1);
  }

  for (const name of ['config.json', 'FONT', 'new.txt']) {
    it(`leaves ${name} as it was when its memory ends in the middle of the install, also over a restart`, async () => {
      const failing = `
import ota
move = ota._move
def fail(name, target):
    if target == '/${name}':
        raise MemoryError
    move(name, target)
ota._move = fail
`;
      const before = { FONT: 'bits', 'config.json': OLD };
      await startBoard(before, failing);
      await sender.push(name, NEW, '|0');
      const { error, exception } = await sender.reports.next();
      assert.deepEqual([error, exception], ['internal', 'MemoryError']);
      board.reset();
      await board.waitFor('ready');
      for (const [kept, content] of Object.entries(before)) assert.equal(await board.text(kept), content);
      for (const left of ['ota.tmp', `${name}.ota-old`, 'new.txt']) assert.equal(await board.exists(left), false, left);
    });
  }

  describe('in the basic form', () => {
    beforeEach(() => startBoard());

    it('refuses what is malformed, without a connection', async () => {
      const port = await sender.listen((socket) => socket.end(NEW));
      for (const [what, payload] of Object.entries(BAD_ANNOUNCEMENTS)) {
        // Clients hold all of it at once, mqtt_as more than once.
        if (payload.length > 50_000 && (build !== newest || kind.client === 'mqtt_as')) continue;
        await sender.announce(typeof payload === 'string' ? payload.replace('PORT', `${port}`) : payload);
        assert.equal(await sender.report(), 'failed bad_announcement', what);
      }
      await assertUntouched();
      assert.equal(sender.connections, 0);
      await assertTakesTheNext();
    });

    it('ignores an empty message, which takes a retained one from the broker', async () => {
      await sender.announce('');
      await assertTakesTheNext();
    });

    it('refuses names that are no names, its own, or those of modules it needs', async () => {
      const port = await sender.listen((socket) => socket.end(NEW));
      for (const name of BAD_NAMES) {
        const connected = sender.connections;
        await sender.announce(`127.0.0.1|${port}|${name}|${SHA1}|0`);
        assert.equal(await sender.report(), 'failed bad_name', name);
        // That `sounds` is a folder is found when the file is there; nothing else is fetched.
        assert.equal(sender.connections, name === 'sounds' ? connected + 1 : connected, name);
      }
      await assertUntouched();
      await assertTakesTheNext();
    });

    it('takes names that only look like those', async () => {
      for (const name of [
        'tmp',
        'config.json.bak',
        'tmp.txt',
        'ota.txt',
        'backup',
        'a.b/c',
        'json.txt',
        'a/json.py',
        'my ota.py',
        'x'.repeat(200),
      ]) {
        await sender.push(name, NEW, '|0');
        assert.equal(await sender.report(), 'installed', name);
      }
    });

    it('says no_secret to a signed announcement, as it has no key', async () => {
      const port = await sender.listen((socket) => socket.end(NEW));
      await sender.announce(signed(`127.0.0.1|${port}|config.json|${SHA256}|0|10|1`, KEY));
      assert.equal(await sender.report(), 'failed no_secret');
      assert.equal(sender.connections, 0);
      await assertUntouched();
      await assertTakesTheNext();
    });

    it('says connect_failed where nobody listens, and where there is no such host', async () => {
      await sender.announce(`127.0.0.1|${await freePort()}|config.json|${SHA1}`);
      assert.equal(await sender.report(), 'failed connect_failed');
      await sender.announce(`no.such.host.invalid|80|config.json|${SHA1}`);
      assert.equal(await sender.report(), 'failed connect_failed');
      await assertUntouched();
      await assertTakesTheNext();
    });

    it('says timed_out when the sender falls silent, at once or half-way', async () => {
      for (const said of ['', NEW.slice(0, 5)]) {
        const port = await sender.listen((socket) => socket.write(said));
        await sender.announce(`127.0.0.1|${port}|config.json|${SHA1}`);
        assert.equal(await sender.report(), 'failed timed_out');
      }
      await assertUntouched();
      await assertTakesTheNext();
    });

    it('says timed_out when the sender gives a byte now and then, and pings its broker meanwhile', async () => {
      const module = await example('ota.py');
      assert.match(module, /_HASTE = const\(60000\)[\s\S]*pinged\) > 10000:/);
      const hasty = module
        .replace('_HASTE = const(60000)', '_HASTE = const(1500)')
        .replace('pinged) > 10000', 'pinged) > 500');
      await board.stop();
      board = await resources.use(
        Board.start({
          build,
          kind,
          sources: { ota: hasty },
          files: { 'main.py': program(broker.port, 1), 'config.json': OLD },
        }),
      );
      await board.waitFor('ready');
      const port = await sender.listen((socket) => {
        const dripping = setInterval(() => socket.write('x'), 100);
        socket.once('close', () => clearInterval(dripping));
      });
      await sender.announce(`127.0.0.1|${port}|config.json|${SHA1}`);
      assert.equal(await sender.report(), 'failed timed_out');
      // Others are pinged by mqtt_as itself.
      if (kind.client === 'umqtt.simple') assert.ok(broker.pings.all.length > 0);
      assert.equal(await board.text('config.json'), OLD);
      assert.equal(await board.exists('ota.tmp'), false);
    });

    it('answers the very announcement that it served last with the report and nothing else, also after a restart', async () => {
      const port = await sender.listen((socket) => socket.end(NEW));
      const announcement = `127.0.0.1|${port}|config.json|${SHA1}|0`;
      for (let time = 0; time < 3; time += 1) {
        await sender.announce(announcement);
        assert.equal(await sender.report(), 'installed');
      }
      board.reset();
      await board.waitFor('ready');
      assert.equal(await sender.report(), 'running');
      await sender.announce(announcement);
      assert.equal(await sender.report(), 'running');
      assert.equal(sender.connections, 1);
    });

    it('installs a basic announcement that its broker keeps once, and does not restart again', async () => {
      const client = await connectClient(resources, broker.url);
      const port = await sender.listen((socket) => socket.end(NEW));
      const announcement = `127.0.0.1|${port}|config.json|${SHA1}`;
      await client.publishAsync('nightlamp/OTA', announcement, { qos: 1, retain: true });
      assert.equal(await sender.report(), 'installed');
      await board.waitFor('ready');
      assert.equal(await sender.report(), 'running', 'it is back');
      await sender.push('config.json', OLD, '|0');
      // Once for each of its subscriptions that the kept announcement fits.
      const report = await sender.reports.nextThat(({ state }) => state !== 'running');
      assert.deepEqual([report.state, report.hash], ['installed', digest(OLD)]);
      assert.equal(board.boots, 2);
      assert.equal(sender.connections, 2);
    });

    it('says connect_failed when the sender resets the connection', async () => {
      const port = await sender.listen((socket) => socket.write('x', () => socket.resetAndDestroy()));
      await sender.announce(`127.0.0.1|${port}|config.json|${SHA1}`);
      assert.equal(await sender.report(), 'failed connect_failed');
      await assertUntouched();
      await assertTakesTheNext();
    });

    it('says hash_mismatch when other bytes came', async () => {
      const port = await sender.listen((socket) => socket.end('other bytes'));
      await sender.announce(`127.0.0.1|${port}|config.json|${SHA1}`);
      assert.equal(await sender.report(), 'failed hash_mismatch');
      await assertUntouched();
      await assertTakesTheNext();
    });

    it('says write_failed when a file is where a folder should be', async () => {
      await sender.push('config.json/inner.txt', NEW);
      assert.equal(await sender.report(), 'failed write_failed');
      await assertUntouched();
      await assertTakesTheNext();
    });
  });

  describe('in the signed form', () => {
    let clock: number;

    beforeEach(async () => {
      clock = Date.now();
      await startBoard({ 'boot.py': `import ota\nota.boot()\nota.set_key('${KEY}', ${clock})\n` });
    });

    /** A signed announcement of NEW. @param behaviour of its server */
    async function offer(
      fields: Record<string, string> = {},
      behaviour = (socket: Socket): unknown => socket.end(NEW),
    ) {
      clock += 1;
      const port = await sender.listen(behaviour);
      const all = {
        host: '127.0.0.1',
        port,
        name: 'config.json',
        hash: SHA256,
        reboot: '0',
        size: '10',
        counter: clock,
      };
      return Object.values({ ...all, ...fields }).join('|');
    }

    async function assertTakesTheNextSigned(): Promise<void> {
      await sender.announce(signed(await offer(), KEY));
      assert.equal(await sender.report(), 'installed');
      assert.equal(await board.text('config.json'), NEW);
      assert.equal(board.boots, 1);
    }

    it('refuses what is not signed for it, without a connection', async () => {
      const other = deviceKey('a master of 16 bytes or more', 'daylamp');
      const good = signed(await offer(), KEY);
      const refused: Record<string, [string, string]> = {
        'the basic form': [(await offer()).split('|').slice(0, 4).join('|'), 'unsigned'],
        'seven fields': [await offer(), 'unsigned'],
        nonsense: ['nonsense', 'unsigned'],
        'no signature': [`${await offer()}|`, 'bad_signature'],
        'a wrong signature': [`${await offer()}|${'0'.repeat(64)}`, 'bad_signature'],
        'a short signature': [good.slice(0, -1), 'bad_signature'],
        'a longer signature': [`${good}0`, 'bad_signature'],
        'an upper-case signature': [good.slice(0, -64) + good.slice(-64).toUpperCase(), 'bad_signature'],
        "another device's": [signed(await offer(), other), 'bad_signature'],
        'another name than was signed': [good.replace('config', 'secret'), 'bad_signature'],
        'nine fields': [signed(`${await offer()}|x`, KEY), 'bad_announcement'],
        'a SHA-1': [signed(await offer({ hash: SHA1 }), KEY), 'bad_announcement'],
        'an over-long one': [signed(await offer({ name: 'x'.repeat(600) }), KEY), 'bad_announcement'],
        'a name that is refused': [signed(await offer({ name: 'boot.py' }), KEY), 'bad_name'],
      };
      for (const field of ['size', 'counter', 'port'])
        for (const value of ['', ' 10', '10 ', '-1', '1e3', '0x10', '1_0', 'ten', '1'.repeat(16), '\u0661'])
          refused[`${field} ${value}`] = [signed(await offer({ [field]: value }), KEY), 'bad_announcement'];
      for (const [what, [payload, error]] of Object.entries(refused)) {
        await sender.announce(payload);
        assert.equal(await sender.report(), `failed ${error}`, what);
      }
      assert.equal(sender.connections, 0);
      await assertUntouched();
      await assertTakesTheNextSigned();
    });

    it('says replayed with its counter to what is not newer, and keeps the counter over a restart', async () => {
      const first = signed(await offer(), KEY);
      await assertTakesTheNextSigned();
      const second = clock;
      await board.write({ 'boot.py': 'import ota\nota.boot()\n' }); // which gives it no new counter
      board.reset();
      await board.waitFor('ready');
      assert.equal(await sender.report(), 'running');
      await sender.announce(first);
      const report = await sender.reports.next();
      assert.equal(report.error, 'replayed');
      assert.equal(report.counter, second);
    });

    it('answers the announcement it installed last with its report, also after a forged one', async () => {
      const announcement = signed(await offer(), KEY);
      await sender.announce(announcement);
      assert.equal(await sender.report(), 'installed');
      await sender.announce(announcement);
      assert.equal(await sender.report(), 'installed');
      await sender.announce(`|||||||${announcement.split('|').at(-1)}`);
      assert.equal(await sender.report(), 'failed bad_signature');
      await sender.announce(announcement);
      assert.equal(await sender.report(), 'installed');
      assert.equal(sender.connections, 1);
    });

    it('serves the announcement it accepted last again where the install failed', async () => {
      let hasFailed = false;
      const announcement = signed(
        await offer({}, (socket) => {
          socket.end(hasFailed ? NEW : 'other bytes'.slice(0, NEW.length));
          hasFailed = true;
        }),
        KEY,
      );
      await sender.announce(announcement);
      assert.equal(await sender.report(), 'failed hash_mismatch');
      await sender.announce(announcement);
      assert.equal(await sender.report(), 'installed');
    });

    it('signs every report with its key, and tells by the counter which announcement it answers', async () => {
      const client = await connectClient(resources, broker.url);
      const payloads = new Inbox<Buffer>();
      client.on('message', (_topic, payload) => payloads.push(payload));
      await client.subscribeAsync('nightlamp/OTA/status');
      /** The next report, whose signature fits. */
      const next = async (): Promise<string> => {
        const payload = await payloads.next();
        assert.ok(isSignedReport(payload, KEY), payload.toString());
        assert.equal(isSignedReport(payload, deviceKey('a master of 16 bytes or more', 'daylamp')), false);
        const { state, error, counter } = parseReport(payload) ?? assert.fail();
        return `${state} ${error} ${(counter ?? 0) - start}`;
      };
      const start = clock;
      await sender.announce(signed(await offer(), KEY));
      assert.equal(await next(), 'installed null 1');
      await sender.announce(signed(await offer({ name: 'boot.py' }), KEY));
      assert.equal(await next(), 'failed bad_name 2');
      await sender.announce(signed(await offer({ counter: `${start}` }), KEY));
      assert.equal(await next(), 'failed replayed 2');
      await sender.announce('nonsense');
      assert.equal(await next(), 'failed unsigned 2');
      await board.write({ 'ota.ct0': 'x', 'ota.ct1': '' });
      await sender.announce(signed(await offer({ counter: `${start + 9}` }), KEY));
      assert.equal(await next(), 'failed counter_lost 9');
    });

    it('says counter_lost when both of its counters are gone', async () => {
      await board.write({ 'ota.ct0': 'x', 'ota.ct1': '' });
      await sender.announce(signed(await offer(), KEY));
      assert.equal(await sender.report(), 'failed counter_lost');
      assert.equal(sender.connections, 0);
      await assertUntouched();
    });

    it('goes on from one counter when a power cut has lost the other', async () => {
      await assertTakesTheNextSigned();
      const old = signed(await offer({ counter: `${clock - 3}` }), KEY);
      await board.write({ 'ota.ct0': '' });
      await sender.announce(old);
      assert.equal(await sender.report(), 'failed replayed');
      await assertTakesTheNextSigned();
    });

    it('says no_space before it connects', async () => {
      await sender.announce(signed(await offer({ size: '999999999999999' }), KEY));
      assert.equal(await sender.report(), 'failed no_space');
      assert.equal(sender.connections, 0);
      await assertUntouched();
      await assertTakesTheNextSigned();
    });

    it('says size_mismatch when the connection ends half-way', async () => {
      await sender.announce(signed(await offer({}, (socket) => socket.end(NEW.slice(0, 5))), KEY));
      assert.equal(await sender.report(), 'failed size_mismatch');
      await assertUntouched();
      await assertTakesTheNextSigned();
    });

    it('reads the size and not one byte more of a stream without end', async () => {
      const behaviour = (socket: Socket) => {
        socket.write(NEW);
        const endless = setInterval(() => socket.write('more'), 10);
        socket.once('close', () => clearInterval(endless));
      };
      await sender.announce(signed(await offer({}, behaviour), KEY));
      assert.equal(await sender.report(), 'installed');
      assert.equal(await board.text('config.json'), NEW);
    });
  });
});
