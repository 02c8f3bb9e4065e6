import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';
import type { Node } from 'node-red';
import { BoundedMap } from '../../lib/bounded-map';
import { PythonChecker } from '../../lib/check/python-checker';
import type { DeviceBook } from '../../lib/devices/device-book';
import { KeptFiles } from '../../lib/devices/kept-files';
import type { Outcome } from '../../lib/push/outcome';
import type { Broker, InboundMessage } from '../../lib/push/services';
import { DeviceReports } from '../../lib/server/device-reports';
import { Throttle } from '../../lib/throttle';
import { StatusLine } from '../../nodes/ota-push/status';
import { KeptAnnouncements, type KeptTopics } from '../../nodes/ota-server/kept-announcements';
import { LastMessages } from '../../nodes/ota-server/last-messages';
import { Subscriptions } from '../../nodes/ota-server/subscriptions';
import { openBook } from '../peers/device-book';
import { collectGarbage } from '../peers/garbage';
import { failureOf, jobsOf, outcomeOf } from '../peers/outcomes';
import { resourcesOfEachTest } from '../peers/resources';
import { temporaryFolder } from '../peers/temporary-folder';

/** What stays in memory of something, in bytes. */
function heapOf(make: () => unknown): number {
  collectGarbage();
  const before = getHeapStatistics().used_heap_size;
  const kept = make();
  collectGarbage();
  const after = getHeapStatistics().used_heap_size;
  assert.ok(kept);
  return after - before;
}

const mebibyte = 1024 * 1024;

describe('What strangers can fill', () => {
  it('holds the newest, up to a number of bytes', () => {
    const map = new BoundedMap<string>(2000, (text) => text.length);
    for (const key of ['a', 'b', 'c', 'd']) map.set(key, 'x'.repeat(100));
    map.set('a', 'y');
    map.set('e', 'x'.repeat(100));
    map.set('f', 'x'.repeat(100));
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].filter((key) => map.has(key)),
      ['a', 'c', 'd', 'e', 'f'],
    );
    map.set('huge', 'x'.repeat(5000));
    assert.equal(map.size, 0, 'what is too large alone is not kept');
    map.set('a', 'y');
    assert.equal(map.get('a'), 'y');
  });

  const floods: [string, (at: number) => [topic: string, payload: string]][] = [
    ['8,000 messages on topics of 60 KB each', (at) => [`${at}${'t'.repeat(60_000)}`, 'on']],
    ['100,000 messages of 2 KB', (at) => [`lamp-${at}`, `${at}${'m'.repeat(2000)}`]],
    ['100,000 messages on topics of 1 KB', (at) => [`${at}${'t'.repeat(1000)}`, 'on']],
  ];
  for (const [what, messageOf] of floods) {
    it(`are not the last messages of a connection: ${what}`, function () {
      this.timeout(60_000);
      const bytes = heapOf(() => {
        const last = new LastMessages();
        const count = what.startsWith('8') ? 8000 : 100_000;
        for (let at = 0; at < count; at += 1) {
          const [topic, payload] = messageOf(at);
          // As a packet brings it: a text of its own.
          last.take('user', Buffer.from(topic).toString(), Buffer.from(payload), 1);
        }
        return last;
      });
      assert.ok(bytes < 32 * mebibyte, `${bytes} bytes`);
    });
  }

  it('are not the devices’ reports', function () {
    this.timeout(60_000);
    const bytes = heapOf(() => {
      let say: (message: InboundMessage) => void = () => undefined;
      const broker = {
        listen(_topic: string, hear: typeof say) {
          say = hear;
          return () => undefined;
        },
      };
      const reports = new DeviceReports(broker as unknown as Broker, '{target}/OTA', { format: 'basic', secret: '' });
      for (let at = 0; at < 60_000; at += 1) {
        const payload = Buffer.from(
          JSON.stringify({ state: 'running', file: `${at}${'f'.repeat(1000)}`, hash: 'h'.repeat(900) }),
        );
        say({ topic: `lamp-${at}/OTA/status`, payload, isRetainedReplay: false, maybeStale: false });
      }
      return reports;
    });
    assert.ok(bytes < 48 * mebibyte, `${bytes} bytes`);
  });

  it('are not the announcements over a connection that is lost again and again, nor what is asked for after that', () => {
    let asked = 0;
    const kept: KeptTopics = {
      isOnline: () => true,
      isSafe: () => true,
      listen: () => {
        asked += 1;
        return () => undefined;
      },
      clear: async () => undefined,
    };
    const bytes = heapOf(() => {
      const announcements = new KeptAnnouncements(kept, () => undefined);
      for (let at = 0; at < 100_000; at += 1) {
        const topic = `lamp-${at}/OTA`;
        const text = `192.168.4.1|${at}|${'f'.repeat(200)}`;
        announcements.onAnnounce(topic, text);
        announcements.onOver(topic, text);
        announcements.onLost(new Set());
      }
      asked = 0;
      announcements.onOnline();
      announcements.close();
      return announcements;
    });
    assert.ok(bytes < 24 * mebibyte, `${bytes} bytes`);
    assert.ok(asked > 0 && asked <= 20, `${asked} subscriptions`);
  });

  it('are not the devices whose pushes have failed', () => {
    const bytes = heapOf(() => {
      const node = { status: () => undefined } as unknown as Node;
      const readiness = { isReady: true, status: {}, watch: () => () => undefined };
      const line = new StatusLine(node, (key) => key, readiness);
      for (let at = 0; at < 100_000; at += 1) {
        line.end({
          id: `${at}`,
          target: `lamp-${at}-${'x'.repeat(50)}`,
          result: 'timeout',
          code: 'stalled',
        } as Outcome);
      }
      line.close();
      return line;
    });
    assert.ok(bytes < 8 * mebibyte, `${bytes} bytes`);
  });

  it('are not the messages whose Python is to be checked', async () => {
    const checker = new PythonChecker({ onUnloadable: () => undefined, onUnchecked: () => undefined });
    const fileOf = (at: number) => ({ filename: 'main.py', bytes: Buffer.alloc(1024), hash: `${at}` });
    const checks = Array.from({ length: 8 }, (_, at) => checker.check([fileOf(at)], 32 * mebibyte));
    assert.match(checker.fullnessFor(1) ?? '', /^8 of them, with 256 MB of messages and files$/);
    await checker.close();
    await Promise.all(checks);
    assert.equal(checker.fullnessFor(1), undefined);
  });

  describe('in the device book', () => {
    const resources = resourcesOfEachTest();

    const open = async () => {
      const folder = await temporaryFolder(resources, 'bounds');
      return () => openBook(resources, folder);
    };

    const record = (book: DeviceBook, outcome: Outcome, bytes?: Buffer) =>
      book.record(outcome, jobsOf(outcome, bytes), 'push');
    const failed = { code: 'interrupted', message: 'm'.repeat(160), remedy: 'r'.repeat(180), device: '192.168.4.7' };

    it('is not much of 20,000 devices: less than 20 MB', async function () {
      this.timeout(60_000);
      const openAgain = await open();
      const book = openAgain();
      for (let at = 0; at < 20_000; at += 1) {
        const target = `lamp-${at}`;
        const report = { state: 'running', file: 'main.py', hash: 'a'.repeat(40), error: null } as const;
        record(book, at % 20 === 0 ? failureOf({ target, ...failed } as object) : outcomeOf({ target }));
        if (at % 2 === 0)
          record(
            book,
            outcomeOf({ target, filename: 'lib/lamp.py', hash: 'b'.repeat(40), message: `m${at}`.repeat(15) }),
          );
        book.hear(target, report, false);
      }
      await book.close();
      let again: DeviceBook | undefined;
      const bytes = heapOf(() => {
        again = openAgain();
        return again;
      });
      assert.equal(again?.hostnames().length, 20_000);
      assert.ok(bytes < 20 * mebibyte, `${bytes} bytes`);
    });

    it('is bounded for devices that only report, and those that were pushed to stay', async function () {
      this.timeout(60_000);
      const book = (await open())();
      for (let at = 0; at < 100; at += 1) record(book, outcomeOf({ target: `lamp-${at}` }));
      const bytes = heapOf(() => {
        for (let at = 0; at < 200_000; at += 1) {
          const text = `${at}`.padStart(64, 'f');
          const report = { state: 'failed', file: `${text}${text}${text}`, hash: text, error: text } as const;
          book.hear(at % 2 ? `forged-${at}` : `lamp-${at % 100}`, report, false);
        }
        return book;
      });
      assert.ok(bytes < 24 * mebibyte, `${bytes} bytes`);
      const lamps = book.hostnames().filter((name) => name.startsWith('lamp-'));
      assert.equal(lamps.length, 100);
    });

    it('is no more than 64 MB of files that wait for the disk, or one that is larger', async () => {
      const files = new KeptFiles(await temporaryFolder(resources, 'kept'));
      const [first, second] = ['a', 'b'].map((letter) => Buffer.alloc(40 * mebibyte, letter)) as [Buffer, Buffer];
      const huge = Buffer.alloc(70 * mebibyte);
      const isTaken = (bytes: Buffer) => files.add(bytes) !== undefined;
      assert.deepEqual([first, second, first].map(isTaken), [true, false, true]);
      await files.write();
      assert.deepEqual([second, huge].map(isTaken), [true, false]);
      await files.write();
      assert.equal(isTaken(huge), true);
    });

    it('goes first where it is of the device that was pushed to longest ago, however much that says', async () => {
      const book = (await open())();
      const message = 'm'.repeat(mebibyte);
      record(book, outcomeOf({ target: 'oldest' }));
      for (let at = 0; at < 70; at += 1) {
        record(book, outcomeOf({ target: `lamp-${at}`, message }));
        book.hear('oldest', { state: 'failed', file: 'main.py', hash: 'a'.repeat(40), error: `${at}` }, false);
      }
      // From then on it is one of those that only report.
      assert.deepEqual([book.device('oldest')?.last, book.device('lamp-69')?.last?.result], [null, 'success']);
    });
  });

  it('are not the topics that a broker refuses', () => {
    const bytes = heapOf(() => {
      const list = { isOnline: () => true, subscribe: () => undefined, unsubscribe: () => undefined };
      const subscriptions = new Subscriptions(list, () => undefined);
      for (let at = 0; at < 50_000; at += 1) {
        const topic = `lamp-${at}/${'t'.repeat(100)}`;
        const stop = subscriptions.add(
          topic,
          `user-${at}`,
          () => undefined,
          () => undefined,
        );
        subscriptions.onSent({ messageId: 1, subscriptions: [{ topic }] });
        subscriptions.onAnswered(1, [0x80]);
        stop();
      }
      return subscriptions;
    });
    assert.ok(bytes < 4 * mebibyte, `${bytes} bytes`);
  });
});

describe('What is done because of a message', () => {
  it('is done at once, and once more however often it is asked for meanwhile', async () => {
    let done = 0;
    let again: () => void = () => undefined;
    const twice = new Promise<void>((resolve) => {
      again = resolve;
    });
    const throttle = new Throttle(async () => {
      done += 1;
      if (done === 2) again();
    }, 20);
    for (let times = 0; times < 300; times += 1) throttle.ask();
    assert.equal(done, 1);
    await twice;
    // Timers of one length end in their order.
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(done, 2);
    throttle.close();
  });

  it('is not begun again while it is under way, unless that is forgotten', async () => {
    let done = 0;
    const throttle = new Throttle(() => {
      done += 1;
      return new Promise(() => undefined);
    }, 1);
    throttle.ask();
    // Timers of one length end in their order.
    await new Promise((resolve) => setTimeout(resolve, 1));
    throttle.ask();
    assert.equal(done, 1);
    throttle.forget();
    assert.equal(done, 2);
    throttle.close();
  });
});
