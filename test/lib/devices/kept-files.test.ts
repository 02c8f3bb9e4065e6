import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { KeptFiles } from '../../../lib/devices/kept-files';
import { collectGarbage } from '../../peers/garbage';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

/** Where Linux tells what this process has open. */
const descriptors = '/proc/self/fd';

describe('The files that devices had', () => {
  const resources = resourcesOfEachTest();

  /** On the disk, and nowhere else. */
  async function keep(contents: readonly string[]): Promise<[files: KeptFiles, hashes: readonly string[]]> {
    const files = new KeptFiles(await temporaryFolder(resources, 'kept-files'));
    const hashes = contents.map((content) => files.add(Buffer.from(content)) ?? assert.fail());
    await files.write();
    return [files, hashes];
  }

  it('are read once for all who ask at once, as a flood of msg.restore does, and anew for those who ask later', async () => {
    const [files, [hash = '']] = await keep(['print(1)']);
    const [first, ...others] = await Promise.all(Array.from({ length: 1000 }, () => files.read(hash)));
    assert.equal(String(first), 'print(1)');
    assert.ok(others.every((bytes) => bytes === first));
    assert.notEqual(await files.read(hash), first);
  });

  it('are in memory only for those who ask', async () => {
    const [files, [hash = '']] = await keep(['print(1)']);
    const read = new WeakRef(await files.read(hash));
    // What a turn of the event loop has looked at stays until its end.
    await setImmediate();
    collectGarbage();
    assert.equal(read.deref(), undefined);
    assert.equal(String(await files.read(hash)), 'print(1)');
  });

  it('are read one after the other', async function () {
    if (!existsSync(descriptors)) this.skip();
    const [files, hashes] = await keep(Array.from({ length: 100 }, (_, at) => `print(${at})`));
    const before = readdirSync(descriptors).length;
    let left = hashes.length;
    let most = 0;
    const reads = hashes.map(async (hash) => {
      await files.read(hash);
      left -= 1;
    });
    while (left > 0) {
      most = Math.max(most, readdirSync(descriptors).length - before);
      await setImmediate();
    }
    await Promise.all(reads);
    assert.ok(most <= 10, `${most} were open at once`);
  });

  it('that can’t be read keep no other from being read', async () => {
    const [files, [hash = '']] = await keep(['print(1)']);
    const [gone, there] = await Promise.allSettled([files.read('0'.repeat(64)), files.read(hash)]);
    assert.deepEqual([gone?.status, there?.status], ['rejected', 'fulfilled']);
    await assert.rejects(files.read('0'.repeat(64)), /ENOENT/);
  });
});
