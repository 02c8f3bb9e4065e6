import assert from 'node:assert/strict';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceBook } from '../../../lib/devices/device-book';
import { hashOf } from '../../../lib/protocol/announcement';
import type { Report } from '../../../lib/protocol/report';
import type { Job } from '../../../lib/push/job';
import type { Outcome } from '../../../lib/push/outcome';
import type { PushSnapshot } from '../../../lib/push/state';
import { openBook } from '../../peers/device-book';
import { failureOf, jobsOf, outcomeOf } from '../../peers/outcomes';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

const hash = 'a'.repeat(40);
const sha256 = hashOf(Buffer.from('lamp'), 'sha256');
const other = 'b'.repeat(40);
const running: Report = { state: 'running', file: 'main.py', hash, error: null };

const jobOf = (target: string, filename = 'main.py') => ({ target, filename, hash }) as Job;

describe('The device book', () => {
  const resources = resourcesOfEachTest();

  let folder: string;
  let path: string;
  let now = 0;
  let keep = 3;
  const damages: string[] = [];
  const unwritten: Error[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder(resources, 'book');
    path = join(folder, 'deep', 'devices.jsonl');
    now = 1000;
    keep = 3;
    damages.length = 0;
    unwritten.length = 0;
  });

  const open = () =>
    openBook(resources, folder, {
      path,
      keep,
      onDamage: (message) => damages.push(message),
      onUnwritten: (error) => unwritten.push(error),
      now: () => now,
    });

  const record = (book: DeviceBook, outcome: Outcome) => book.record(outcome, jobsOf(outcome), 'push');

  /** Closes it, and opens what it has written. */
  const reopened = async (book: DeviceBook) => {
    await book.close();
    return open();
  };

  it('knows of a device what it has, where it is, when it was heard and pushed to, and how that ended', async () => {
    const book = open();
    record(book, outcomeOf());
    now = 2000;
    book.hear('lamp', running, false);
    const expected = {
      target: 'lamp',
      address: '192.168.4.7',
      seen: 2000,
      pushed: 1000,
      report: running,
      files: [{ filename: 'main.py', hash, verified: 'running', since: 1000, kept: [{ hash, sha256, at: 1000 }] }],
      last: {
        result: 'success',
        code: null,
        message: 'lamp took it.',
        remedy: null,
        filename: 'main.py',
        hash,
        at: 1000,
      },
      failures: null,
      push: null,
    };
    assert.deepEqual(book.devices(), [expected]);
    assert.deepEqual((await reopened(book)).devices(), [expected], 'and knows it again after a restart');
    assert.equal((await stat(path)).mode & 0o777, 0o600, 'which nobody else may read');
  });

  it('counts failures until a push is none; what was cancelled before it began says nothing', () => {
    const book = open();
    record(book, failureOf());
    now = 2000;
    record(book, failureOf());
    record(book, failureOf({ result: 'cancelled', code: 'cancelled', port: null } as Partial<Outcome>));
    const [device] = book.devices();
    assert.deepEqual([device?.failures, device?.last?.code], [{ count: 2, since: 1000 }, 'no_connection']);
    record(book, outcomeOf());
    assert.equal(book.devices()[0]?.failures, null);
  });

  it('tells how far the push under way is, and nothing any more when it has ended', () => {
    const book = open();
    record(book, outcomeOf());
    const look = (percent: number) => () =>
      ({ percent, phase: 'transfer', known: { id: 'push-2', filename: 'main.py', hash: other } }) as PushSnapshot;
    const endFirst = book.begin([jobOf('lamp')], look(40));
    const push = { id: 'push-2', filename: 'main.py', hash: other, phase: 'transfer', percent: 40 };
    assert.deepEqual(book.devices()[0]?.push, push);
    const end = book.begin([jobOf('lamp')], look(0));
    endFirst();
    assert.equal(book.devices()[0]?.push?.percent, 0, 'a newer one has taken its place');
    record(book, outcomeOf({ id: 'push-1' }));
    assert.equal(book.devices()[0]?.push?.percent, 0, 'it is the first one that has ended');
    end();
    assert.equal(book.devices()[0]?.push, null);
  });

  it('leaves it to the push under way to tell what becomes of its file', () => {
    const book = open();
    record(book, outcomeOf());
    const known = { id: 'push-2', filename: 'main.py', hash: other };
    const end = book.begin([jobOf('lamp')], () => ({ percent: 99, phase: 'verify', known }) as PushSnapshot);
    book.hear('lamp', { ...running, hash: other }, false);
    assert.equal(book.devices()[0]?.files[0]?.hash, hash);
    end();
    book.hear('lamp', { ...running, hash: other }, false);
    assert.equal(book.devices()[0]?.files[0]?.hash, other);
  });

  it('takes what may have been said long ago as a report, and not as a sign of life', () => {
    const book = open();
    book.hear('lamp', running, true);
    assert.deepEqual([book.devices()[0]?.seen, book.devices()[0]?.report], [null, running]);
  });

  it('is not changed by what a device has said before, where its broker only tells it again', () => {
    const book = open();
    book.hear('lamp', running, false);
    const changes: string[] = [];
    book.watch((target, change) => changes.push(`${target} ${change}`));
    book.hear('lamp', running, true);
    assert.deepEqual(changes, []);
    book.hear('lamp', { ...running, hash: other }, true);
    assert.deepEqual(changes, ['lamp seen']);
  });

  it('believes that nothing has changed where a push of ours has told it, and never a report alone', async () => {
    const book = open();
    book.hear('heard', running, false);
    assert.equal(book.unchanged(jobOf('heard'), undefined), undefined);
    record(book, outcomeOf({ verified: 'delivered' }));
    assert.equal(book.unchanged(jobOf('lamp'), undefined), 'delivered');
    assert.equal(book.unchanged(jobOf('lamp', 'boot.py'), undefined), undefined);
    assert.equal(book.unchanged(jobOf('lamp'), { ...running, file: 'boot.py' }), undefined, 'it reports, and not this');
    book.hear('lamp', running, false);
    assert.equal((await reopened(book)).unchanged(jobOf('lamp'), undefined), 'running');
  });

  it('is not sure, after a kill, of what was being pushed when it was written', async () => {
    const book = open();
    for (const target of ['lamp', 'clock']) record(book, outcomeOf({ target }));
    book.begin([jobOf('lamp')], () => ({ known: { id: 'push-2' } }) as PushSnapshot);
    assert.equal(book.unchanged(jobOf('lamp'), undefined), 'installed');
    await book.close();
    const afterKill = open();
    const levels = ['lamp', 'clock'].map((target) => afterKill.unchanged(jobOf(target), undefined));
    assert.deepEqual(levels, [undefined, 'installed']);
  });

  it('forgets a device, and goes away as a whole', async () => {
    const book = open();
    record(book, outcomeOf());
    record(book, outcomeOf({ target: 'clock' }));
    assert.deepEqual([book.forget('lamp'), book.forget('nobody')], [true, false]);
    const again = await reopened(book);
    assert.deepEqual(again.hostnames(), ['clock']);
    record(again, outcomeOf());
    await again.remove();
    assert.deepEqual(await readdir(join(folder, 'deep')), []);
  });

  describe('and the files that devices had', () => {
    const bytesOf = (version: number) => Buffer.from(`version ${version}`);
    const push = (book: DeviceBook, version: number, target = 'lamp') => {
      const outcome = outcomeOf({ target, hash: hashOf(bytesOf(version)) });
      book.record(outcome, jobsOf(outcome, bytesOf(version)), 'push');
    };
    const sorted = (names: readonly string[]) => [...names].sort((one, other) => one.localeCompare(other));
    const files = async () => sorted(await readdir(join(folder, 'files')));
    const namesOf = (...versions: number[]) => sorted(versions.map((one) => `${hashOf(bytesOf(one), 'sha256')}.bin`));

    it('keeps each once, however many devices had it, and no longer than one refers to it', async () => {
      let book = open();
      for (const version of [1, 2, 3, 4]) push(book, version);
      push(book, 1, 'clock');
      push(book, 2, 'clock');
      book = await reopened(book);
      assert.deepEqual(await files(), namesOf(1, 2, 3, 4));
      book.forget('clock');
      book = await reopened(book);
      assert.deepEqual(await files(), namesOf(2, 3, 4));
      const version = book.keptVersion('lamp', 'main.py', 'before');
      assert.deepEqual(version && (await book.bytesOf(version)), bytesOf(3));
      await book.remove();
      assert.deepEqual(await readdir(folder), ['deep']);
    });

    it('finds them by the first digits of either hash, or as the one before', async () => {
      const book = open();
      for (const version of [1, 2]) push(book, version);
      const [hash, ofOther] = [hashOf(bytesOf(1)), hashOf(bytesOf(9))];
      for (const digits of [hash, hash.slice(0, 8), hashOf(bytesOf(1), 'sha256').slice(0, 8)]) {
        assert.equal(book.keptVersion('lamp', 'main.py', { hash: digits })?.hash, hash);
      }
      assert.equal(book.keptVersion('lamp', 'main.py', 'before')?.hash, hash);
      assert.equal(book.keptVersion('lamp', 'main.py', { hash: ofOther }), undefined);
      assert.equal(book.keptVersion('lamp', 'boot.py', 'before'), undefined);
      assert.equal(book.keptVersion('clock', 'main.py', 'before'), undefined);
    });

    it('keeps fewer where the server says so', async () => {
      const book = open();
      for (const version of [1, 2, 3]) push(book, version);
      await book.close();
      keep = 1;
      const fewer = open();
      push(fewer, 3);
      await fewer.close();
      assert.deepEqual(await files(), namesOf(3));
      keep = 0;
      const none = open();
      push(none, 4);
      await none.close();
      assert.deepEqual(await files(), []);
      assert.deepEqual(open().devices()[0]?.files[0]?.kept, []);
    });

    it('removes what is too much as soon as it is opened, whether or not anything is pushed: files may hold passwords', async () => {
      const book = open();
      for (const version of [1, 2, 3]) push(book, version);
      await book.close();
      for (keep of [1, 0]) {
        await open().close();
        assert.deepEqual(await files(), keep === 1 ? namesOf(3) : []);
      }
    });

    it('keeps all of them where what was known of devices can not be read', async () => {
      const book = open();
      for (const version of [1, 2]) push(book, version);
      await book.close();
      await writeFile(path, '');
      const damaged = open();
      assert.equal(damages.length, 1);
      push(damaged, 3);
      await damaged.close();
      assert.deepEqual(await files(), namesOf(1, 2, 3));
    });

    it('goes on without them where the disk refuses them, and says so', async () => {
      await writeFile(join(folder, 'files'), '');
      const book = open();
      push(book, 1);
      push(book, 2);
      await book.close();
      assert.match(unwritten[0]?.message ?? '', /files/);
      assert.deepEqual(open().hostnames(), ['lamp']);
      await rm(join(folder, 'files'));
      await book.close();
      assert.deepEqual(await files(), namesOf(1, 2));
    });
  });
});
