import assert from 'node:assert/strict';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writings } from '../../../bench/writings';
import type { DeviceBook } from '../../../lib/devices/device-book';
import { hashOf } from '../../../lib/protocol/announcement';
import type { Job } from '../../../lib/push/job';
import type { Outcome } from '../../../lib/push/outcome';
import type { PushSnapshot } from '../../../lib/push/state';
import { openBook } from '../../peers/device-book';
import { failureOf, jobsOf, outcomeOf } from '../../peers/outcomes';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

describe('The device book on the disk', () => {
  const resources = resourcesOfEachTest();
  let folder: string;
  let path: string;
  let filesFolder: string;
  const damages: string[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder(resources, 'book');
    path = join(folder, 'devices.jsonl');
    filesFolder = join(folder, 'files');
    damages.length = 0;
  });

  const open = (onUnwritten: (error: Error) => void = assert.fail) =>
    openBook(resources, folder, { path, onDamage: (message) => damages.push(message), onUnwritten });

  const record = (book: DeviceBook, outcome: Outcome) => book.record(outcome, jobsOf(outcome), 'push');

  const push = (book: DeviceBook, text = 'lamp', target = 'lamp') => {
    const outcome = outcomeOf({ target, hash: hashOf(Buffer.from(text)) });
    book.record(outcome, jobsOf(outcome, Buffer.from(text)), 'push');
  };

  const jobOf = () => ({ id: 'push-2', target: 'lamp', filename: 'main.py', hash: hashOf(Buffer.from('lamp')) }) as Job;

  it('is not written over, nor put aside, where it cannot be read for a while', async () => {
    const book = open();
    push(book);
    await book.close();
    // The system refuses to read it, as it does where no descriptor is left.
    await rename(path, `${path}.away`);
    await symlink(path, path);
    const unread = open();
    assert.match(damages[0] ?? '', /ELOOP.*nothing is written over it/);
    push(unread, 'next', 'clock');
    await unread.close();
    assert.ok((await lstat(path)).isSymbolicLink());
    assert.ok(!(await readdir(folder)).includes('devices.jsonl.damaged'));
    await rm(path);
    await rename(`${path}.away`, path);
    const again = open();
    assert.deepEqual(again.hostnames(), ['lamp']);
    assert.equal(again.unchanged(jobOf(), undefined), 'installed');
    assert.equal((await readdir(filesFolder)).length, 1);
  });

  it('puts a damaged file aside, says so, and goes on with what can be read', async () => {
    const book = open();
    for (const target of ['lamp', 'clock', 'bell']) record(book, outcomeOf({ target }));
    await book.close();
    const whole = await readFile(path, 'utf8');
    const damaged = [whole.slice(0, -30), whole.slice(0, whole.lastIndexOf('{"target"')), 'not json\n', '', '\0\0\0'];
    for (const text of damaged) {
      await writeFile(path, text);
      damages.length = 0;
      const names = open().hostnames();
      assert.deepEqual(names, text.startsWith('{') ? ['lamp', 'clock'] : [], JSON.stringify(text));
      assert.match(damages[0] ?? '', /can be read\. It is put aside: .*devices\.jsonl\.damaged$/);
      assert.equal(await readFile(`${path}.damaged`, 'utf8'), text);
    }
  });

  it('leaves out what is no record', async () => {
    const book = open();
    record(book, outcomeOf());
    await book.close();
    const [header = '', line = ''] = (await readFile(path, 'utf8')).split('\n');
    const good = JSON.parse(line);
    const wrong = [
      { target: 7 },
      { address: 7 },
      { seen: 'now' },
      { report: { state: 'happy' } },
      { files: [{ ...good.files[0], by: 'nobody' }] },
      { files: {} },
      { files: [{ ...good.files[0], kept: [{ ...good.files[0].kept[0], sha256: '../flows' }] }] },
      { files: [{ ...good.files[0], before: 7 }] },
      { last: { ...good.last, at: null } },
      { failures: {} },
    ];
    const lines = wrong.map((fields) => JSON.stringify({ ...good, target: 'wrong', ...fields }));
    await writeFile(path, `${[header, ...lines, 'null', '7', line].join('\n')}\n`);
    assert.deepEqual(open().hostnames(), ['lamp']);
  });

  it('goes on where it can neither be read nor written, and says so once', async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'file'), '');
    const book = open();
    assert.match(damages[0] ?? '', /EISDIR.*nothing is written over it/);
    await writeFile(join(folder, 'file'), '');
    path = join(folder, 'file', 'devices.jsonl');
    const unwritten: Error[] = [];
    const second = open((error) => unwritten.push(error));
    for (const target of ['lamp', 'clock']) record(second, outcomeOf({ target }));
    await second.close();
    assert.deepEqual(second.hostnames(), ['lamp', 'clock']);
    assert.equal(unwritten.length, 1);
    await rm(join(folder, 'file'));
    await second.close();
    assert.deepEqual(open().hostnames(), ['lamp', 'clock'], 'what was not written is tried again');
    await book.close();
  });

  it('is written seldom: a thousand ends are two writings', async () => {
    const writings = await resources.use(new Writings(path));
    const startedAt = performance.now();
    const book = open();
    record(book, outcomeOf());
    await writings.until(1);
    for (let at = 0; at < 1000; at += 1) {
      record(book, outcomeOf({ target: `lamp${at}` }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await book.close();
    // Another one each 5 seconds, on a machine that is so busy.
    const most = 2 + Math.floor((performance.now() - startedAt) / 5000);
    const count = await writings.stop();
    assert.ok(count >= 2 && count <= most, `${count} writings`);
    assert.equal(open().hostnames().length, 1001);
  });
  it('goes as a whole, with what was put aside and what a kill has left of a write', async () => {
    await writeFile(path, 'no book');
    const book = open();
    push(book);
    await book.close();
    await writeFile(`${path}.tmp`, 'half');
    assert.deepEqual((await readdir(folder)).sort(), [
      'devices.jsonl',
      'devices.jsonl.damaged',
      'devices.jsonl.tmp',
      'files',
    ]);
    await book.remove();
    assert.deepEqual(await readdir(folder), []);
  });

  it('is sure again of what was to be pushed when that was cancelled before it was announced', async () => {
    const book = open();
    push(book);
    await book.close();
    const second = open();
    const written = once(watch(folder, { signal: AbortSignal.timeout(10_000) }), 'change');
    second.begin([jobOf()], () => ({ known: { id: 'push-2' } }) as PushSnapshot);
    while (!(await readFile(path, 'utf8')).includes('"doubted"')) await written;
    const cancelled = failureOf({ result: 'cancelled', code: 'cancelled', port: null, id: 'push-2' } as object);
    second.record(cancelled, [jobOf()], 'push');
    await second.close();
    assert.equal(open().unchanged(jobOf(), undefined), 'installed');
  });

  it('removes with its next write what a kill has left of one, also of bytes that are needed', async () => {
    const book = open();
    push(book);
    await book.close();
    const [name = ''] = await readdir(filesFolder);
    await writeFile(join(filesFolder, `${name}.tmp`), 'ha');
    const again = open();
    push(again, 'other', 'clock');
    await again.close();
    assert.deepEqual(
      (await readdir(filesFolder)).filter((one) => one.startsWith(name)),
      [name],
    );
  });

  it('keeps bytes again that were gone from the disk, when the file comes again', async () => {
    const book = open();
    for (const text of ['one', 'two']) push(book, text);
    await book.close();
    const second = open();
    for (const text of ['one', 'two']) push(second, text);
    await second.close();
    const version = second.keptVersion('lamp', 'main.py', 'before');
    assert.ok(version);
    await rm(join(filesFolder, `${version.sha256}.bin`));
    await assert.rejects(second.bytesOf(version));
    push(second, 'one');
    await second.close();
    assert.deepEqual(await second.bytesOf(version), Buffer.from('one'));
  });
});
