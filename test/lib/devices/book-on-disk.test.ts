import assert from 'node:assert/strict';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { lstat, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceBook } from '../../../lib/devices/device-book';
import { hashOf } from '../../../lib/protocol/announcement';
import type { Job } from '../../../lib/push/job';
import type { PushSnapshot } from '../../../lib/push/snapshot';
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

  const open = () => {
    const onDamage = (message: string) => damages.push(message);
    const book = new DeviceBook({ path, filesFolder, keep: 3, onDamage, onUnwritten: assert.fail });
    resources.defer(() => book.close());
    return book;
  };

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
